/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of inspection share, and nobody else. */
#ifndef FULMAR_WORKFLOW_INSPECT_INTERNAL_H
#define FULMAR_WORKFLOW_INSPECT_INTERNAL_H

#include "workflow/inspect.h"

/* Findings of one definition are many at most; the walks below repeat tasks as often as ways lead to them. */
#define INSPECT_FINDINGS_MAX 10000
#define INSPECT_VISITS_MAX   20000

#define PATH_TASK "properties.tasks.patternProperties.^\\w+$"

/* {message, spec_path, schema_path}; an empty spec_path becomes null. */
void finding_add(value *findings, const char *message, const char *spec_path, const char *schema_path);
/* {type, expression, message, spec_path, schema_path} */
void finding_add_expression(value *findings, value type, value expression, value message,
                            const char *spec_path, const char *schema_path);

/* Negative when a key that must be text is none. */
int inspect_syntax(const struct workflow_spec *spec, value *findings, struct error *err);
/* Negative when the tasks cannot be walked. */
int inspect_semantics(const struct workflow_spec *spec, value *findings, struct error *err);
int inspect_references(const struct workflow_spec *spec, value context, value *findings, struct error *err);

#endif
