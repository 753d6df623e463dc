/* SPDX-License-Identifier: Apache-2.0 */
/* How the evaluator reaches the variables of a workflow without a call; of the YAQL engine only. */
#ifndef FULMAR_EXPR_YAQL_WORKFLOW_H
#define FULMAR_EXPR_YAQL_WORKFLOW_H

#include "expr/yaql/yaql-internal.h"

/* Node `op` of a call of ctx with at most one argument. */
#define CALL_CTX 1

/* A value of the context as the engine holds it. Owned. */
value workflow_input(struct evaluation *ev, value v);
/* ctx(name). */
int workflow_variable(struct evaluation *ev, value name, value *ret);
/* $__vars, $__state, $__current_task, $__current_item; any other unset name is null. Owned. */
value workflow_private(struct evaluation *ev, value name);

/* Hands out the functions that both languages share (expr/functions), as functions of this one. */
void workflow_add_shared(void (*add)(const struct function *function));

#endif
