/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the chains, and by nobody else. */
#ifndef FULMAR_ENGINE_CHAINS_INTERNAL_H
#define FULMAR_ENGINE_CHAINS_INTERNAL_H

#include "chain/run.h"
#include "engine-internal.h"
#include "engine/chains.h"
#include "engine/executions.h"

struct chain {
    struct workflow_row row;
    struct chain_run *run;
    struct chain *dirty_next;
    bool dirty, exists;
    bool over;
    size_t n_saved; /* tasks whose rows say all there is to say */
    value unsaved;  /* map: variables whose rows are not yet written */
};

/* chains.c */
void chain_touch(struct engine *engine, struct chain *chain);
/* The execution ends; `error` (NULL: none) stands in its result, beside the tasks or alone. One that is being stopped and
   ends as canceled ends as the stop wants. */
int chain_end(struct engine *engine, struct chain *chain, enum execution_status status, const char *error,
              bool with_tasks, struct error *err);

/* chain_tasks.c */
/* Begins the next task, or ends the chain when there is none or it cannot be begun. */
int chain_start_next(struct engine *engine, struct chain *chain, struct execution *x, struct error *err);
/* The task under way has ended. */
int chain_task_ended(struct engine *engine, struct chain *chain, const struct execution *x,
                     enum execution_status state, value result, struct error *err);
/* What the execution of the chain shows. Owned. */
value chain_result(struct engine *engine, const struct chain *chain);

/* chain_store.c */
/* From memory or the store. 0, STORE_NOT_FOUND. */
int chain_find(struct engine *engine, int64_t execution, struct chain **ret, struct error *err);
/* Takes the run. */
struct chain *chain_new(struct engine *engine, int64_t execution, struct chain_run *run);
void chain_free(struct chain *chain);

#endif
