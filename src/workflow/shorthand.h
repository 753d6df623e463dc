/* SPDX-License-Identifier: Apache-2.0 */
/* The shorthand `name=value name=value` of action and publish texts. */
#ifndef FULMAR_WORKFLOW_SHORTHAND_H
#define FULMAR_WORKFLOW_SHORTHAND_H

#include "value/value.h"

/* A list of one-key maps, in order; text between the pairs is ignored. Empty when nothing matches. Owned. */
value shorthand_parse(value text);
/* One map of the pairs; VALUE_UNSET when there are none. Owned. */
value shorthand_parse_map(value text);

#endif
