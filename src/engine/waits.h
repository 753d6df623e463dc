/* SPDX-License-Identifier: Apache-2.0 */
/* What an execution that is not over waits for, in words for a person: nothing is stuck without a reason. */
#ifndef FULMAR_ENGINE_WAITS_H
#define FULMAR_ENGINE_WAITS_H

#include "engine/engine.h"

#define WAITS_TASKS_MAX      1000 /* told of one workflow */
#define WAITS_EXECUTIONS_MAX 20   /* told of one task */

/* Inside a batch; changes nothing. A list, empty for what is over:
       [{status, reason, since?, until?}]                             of an execution by itself
       [{status, reason, ..., task, route, retry?, items?, executions: [{id, item?, status, reason, ...}]}]   of a workflow:
   its own entry (without a task) comes first when it is paused, canceling or has a limit.
   Outcomes: 0, STORE_NOT_FOUND. The list is owned. */
int execution_waits(struct engine *engine, int64_t seq, value *ret, struct error *err);

#endif
