/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is wrong with a definition, with the place of each finding: what the schema does not allow, what makes
   no sense, expressions that do not parse, variables that nobody assigns. */
#ifndef FULMAR_WORKFLOW_INSPECT_H
#define FULMAR_WORKFLOW_INSPECT_H

#include "base/error.h"
#include "value/value.h"
#include "workflow/spec.h"

/* *ret: {syntax, semantics, expressions, context}, each a sorted list of entries {message, spec_path, schema_path} (and
   type, expression), categories without entries left out. `context` is a map whose names count as assigned, or null.
   Negative for definitions that cannot be inspected, err->kind TypeError. Owned. */
int workflow_inspect(const struct workflow_spec *spec, value context, value *ret, struct error *err);
/* Beside the findings: names in expressions that lead nowhere once they are evaluated, and what was probably meant. A list
   of maps {language, expression, message, hint?, spec_path}. Owned. */
value workflow_hints(const struct workflow_spec *spec);
/* The same as one flat list as clients get it: `type` says the category, `language` the language; entries of `more`, found
   by the caller, are sorted in. Takes both. Owned. */
value workflow_inspection_list(value findings, value more);
/* Adds `line` and `column`, both from 1, to the entries of such a list: where what they name stands in `text`, the
   definition. Owned. */
value workflow_inspection_placed(value list, const char *text, size_t n);

#endif
