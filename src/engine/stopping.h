/* SPDX-License-Identifier: Apache-2.0 */
/* Ends that nobody asked for from outside: a limit of time has passed, or what an execution belongs to is over. */
#ifndef FULMAR_ENGINE_STOPPING_H
#define FULMAR_ENGINE_STOPPING_H

#include "engine/engine.h"

struct execution;

/* The execution is to end as `status` (timeout or canceled), for a reason a person can read. What has not started is over at
   once; a process is ended with its whole group, and the execution ends when that has happened; a workflow ends with all
   that runs below it. What is over, or is being stopped already, stays as it is. */
int execution_stop(struct engine *engine, struct execution *x, enum execution_status status,
                   const char *reason, struct error *err);
/* Is it being stopped? Then the outcome (which may have a result already) is made what the stop wants. */
bool execution_stopped(const struct execution *x, struct outcome *outcome);

#endif
