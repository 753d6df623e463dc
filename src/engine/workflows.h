/* SPDX-License-Identifier: Apache-2.0 */
/* Workflows in the engine: a conductor (workflow/conductor.h) says what is to be done, the engine makes executions of it and
   tells the conductor what became of them. See docs/architecture/workflows.md for the way through.

   All of it happens inside the batch: a task that needs no process is over before the batch is committed. */
#ifndef FULMAR_ENGINE_WORKFLOWS_H
#define FULMAR_ENGINE_WORKFLOWS_H

#include "engine/definitions.h"
#include "engine/engine.h"

struct execution;

/* Takes the run of an execution whose definition was read: the workflow begins. Negative: the store broke. */
int workflow_begin(struct engine *engine, const struct run *run, struct definition *definition,
                   struct error *err);

/* A child of a workflow got another status: when that means something to its workflow, it is told before the batch ends. */
void workflow_child_moved(struct engine *engine, const struct execution *child, enum execution_status before);
/* Have a workflow looked at before the batch ends. */
void workflow_wake(struct engine *engine, int64_t execution);
/* Everything that was told is handed on; what is left over wants another step. */
int workflows_advance(struct engine *engine, bool *ret_more, struct error *err);
int workflows_flush(struct engine *engine, struct error *err);
void workflows_forget(struct engine *engine);
/* After memory was dropped: have every workflow under way looked at. */
void workflows_wake_all(struct engine *engine);

/* Requests on the execution of a workflow (or a chain); what they do to the execution is done when they return. */
int workflow_cancel(struct engine *engine, struct execution *x, const char *user, struct error *err);
int workflow_pause(struct engine *engine, struct execution *x, const char *user, struct error *err);
int workflow_resume(struct engine *engine, struct execution *x, const char *user, struct error *err);
/* Ends with all that runs below it, as timeout or canceled (engine/stopping.h). */
int workflow_stop(struct engine *engine, struct execution *x, enum execution_status status,
                  const char *reason, struct error *err);
/* The due time of a workflow's execution has come: a limit of its own or of one of its tasks may have passed. */
int workflow_due(struct engine *engine, struct execution *x, struct error *err);
/* Goes on with the workflow of another execution as this one, from the tasks its row names; without names from what ended
   it. */
int workflow_rerun(struct engine *engine, struct execution *x, struct error *err);

/* Is this execution carried out step by step, as a workflow or a chain? */
bool workflow_conducts(const struct execution *x);
/* Does it stand below so many others that something must go in circles? Workflows and chains may start themselves. */
bool workflow_too_deep(struct engine *engine, const struct execution *x);
int workflow_refuse_depth(struct engine *engine, struct execution *x, struct error *err);

#endif
