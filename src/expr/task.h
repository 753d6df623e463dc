/* SPDX-License-Identifier: Apache-2.0 */
/* What the expressions of a workflow know of its tasks; shared by both languages. */
#ifndef FULMAR_EXPR_TASK_H
#define FULMAR_EXPR_TASK_H

#include "expr/expr.h"

/* The latest entry of a task in the state of a workflow ({tasks, sequence, routes}): on the route, or on an earlier one that
   leads to it. Borrowed; VALUE_UNSET when it never ran there. */
value task_entry(value state, const char *id, int64_t route);
/* task(id, route): what the host has of a run of the task. `id` and `route` may be unset or null: those of the current
   task. Negative with kind and text. */
int task_execution(const struct expr_context *context, value id, value route, value *ret, struct error *err);

#endif
