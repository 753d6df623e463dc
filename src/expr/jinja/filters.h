/* SPDX-License-Identifier: Apache-2.0 */
/* What the filters that walk through sequences share: attributes by dotted name. */
#ifndef FULMAR_EXPR_JINJA_FILTERS_H
#define FULMAR_EXPR_JINJA_FILTERS_H

#include "expr/jinja/engine.h"

/* "a.0.b" as its parts, numbers where they are digits; one part for anything but text, none for null. */
value attribute_parts(value attribute);
/* The same, unset for null. */
value attribute_parts_or_nothing(value attribute);
/* The attribute `parts` leads to; `otherwise` (may be unset) stands for what is undefined on the way. */
int attribute_follow(struct ev *ev, value v, value parts, value otherwise, value *ret);
/* What an item is sorted or compared by, in lower case where case is ignored. `parts` unset: the item itself. */
int attribute_key(struct ev *ev, value item, value parts, bool ignore, value *ret);

#endif
