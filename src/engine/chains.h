/* SPDX-License-Identifier: Apache-2.0 */
/* Action chains in the engine: chain/run.h says which task is next, the engine makes an execution of it and looks at what
   became of that. See docs/architecture/workflows.md for the way through.

   A chain keeps no messages: whenever something of it may have changed it is looked at, and its execution, the execution of
   the task under way and its own rows say what is to be done. Looking once too often changes nothing. */
#ifndef FULMAR_ENGINE_CHAINS_H
#define FULMAR_ENGINE_CHAINS_H

#include "chain/spec.h"
#include "engine/engine.h"

struct execution;

/* Is this execution carried out as a chain? */
bool chain_conducts(const struct execution *x);
/* Is it a task of a chain? */
bool chain_is_task(const struct execution *x);

/* Takes the run of an execution whose definition was read: the chain begins. Takes the spec; NULL: the definition was refused
   for `failure`. Negative: the store broke. */
int chain_begin(struct engine *engine, const struct run *run, struct chain_spec *spec, const char *failure,
                struct error *err);
/* Has the chain of this execution begun? 0, STORE_NOT_FOUND, negative: the store broke. */
int chain_begun(struct engine *engine, int64_t execution, struct error *err);
/* Have it looked at before the batch ends. */
void chain_wake(struct engine *engine, int64_t execution);
/* Does what can be done for the chain of an execution now. */
int chain_look(struct engine *engine, int64_t execution, struct error *err);

int chains_flush(struct engine *engine, struct error *err);
void chains_forget(struct engine *engine);

/* Requests on the execution of a chain. STORE_NOT_FOUND: it has not begun. */
int chain_cancel(struct engine *engine, struct execution *x, const char *user, struct error *err);
int chain_pause(struct engine *engine, struct execution *x, const char *user, struct error *err);
int chain_resume(struct engine *engine, struct execution *x, const char *user, struct error *err);
/* As workflow_stop. */
int chain_stop(struct engine *engine, struct execution *x, enum execution_status status, const char *reason,
               struct error *err);

/* The task under way: its name (borrowed until the batch ends) and its execution. STORE_NOT_FOUND: there is none now. */
int chain_current(struct engine *engine, int64_t execution, const char **ret_name, int64_t *ret_child,
                  struct error *err);

#endif
