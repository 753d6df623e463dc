/* SPDX-License-Identifier: Apache-2.0 */
/* What "--attr" and "--key" name: dotted names, or a JSONPath when there is more to it. Pure. */
#ifndef FULMAR_CLI_ATTRIBUTES_H
#define FULMAR_CLI_ATTRIBUTES_H

#include "base/error.h"
#include "value/value.h"

/* The (first) value at `path`, owned; VALUE_UNSET when there is none. Negative for a path that is none. */
int attribute_get(value doc, const char *path, value *ret, struct error *err);
/* The asked members of a document, nested again ("a.b" gives {"a": {"b": ...}}); absent and null ones are
   left out. `names` is a list of texts; with "all" in it, or empty, every member. Owned. */
int attributes_pick(value doc, value names, value *ret, struct error *err);
bool attributes_all(value names);
/* A list of texts from words separated by blanks. Owned. */
value attributes_list(const char *words);

#endif
