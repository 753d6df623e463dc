/* SPDX-License-Identifier: Apache-2.0 */
/* One run of an action chain: what its tasks gave, what they published, which task is next. Pure: whoever carries the tasks
   out says when one began and how it ended; time, datastore and contexts come in as arguments.

       begin ─► [next: parameters ─► started ─► ended] ... until there is no next */
#ifndef FULMAR_CHAIN_RUN_H
#define FULMAR_CHAIN_RUN_H

#include "chain/spec.h"
#include "expr/expr.h"
#include "model/execution_status.h"

#define CHAIN_TASKS_MAX 10000      /* runs of tasks; chains may go in circles */
#define CHAIN_BYTES_MAX (64 << 20) /* results and variables together, as JSON */
#define CHAIN_RESULT_DEPTH_MAX \
    150 /* what is shown of a task stands some levels deep in the result of its chain */

/* A run of a task. */
struct chain_task {
    size_t node;
    int64_t execution;              /* 0: its request was refused */
    int64_t created_us, updated_us; /* updated 0: under way */
    enum execution_status state;
    value result;
};

/* What templates are rendered with beside the chain's own names. */
struct chain_scope {
    const struct expr_host *host; /* answers st2kv */
    value contexts;               /* map of further names for parameters, or unset */
    int64_t now_us;
    uint64_t random_seed;
};

struct chain_run {
    struct chain_spec *spec;
    value vars;      /* map: what the definition declares and what was published */
    value published; /* map */
    value results;   /* map: task -> its last result */
    value names;     /* map: all that templates may name */
    struct chain_task *tasks;
    size_t n_tasks, tasks_room;
    size_t next;                   /* the task to begin now, or CHAIN_NODE_NONE */
    enum execution_status outcome; /* the chain's, were it over now */
    size_t bytes;
};

enum {
    CHAIN_PUBLISH_FAILED = 1, /* the chain is over and shows nothing but the error */
    CHAIN_BROKEN = 2,         /* the chain cannot go on; the error is shown beside its tasks */
};

/* Takes the spec. Parameters: those of the action. */
struct chain_run *chain_run_new(struct chain_spec *spec, value parameters);
void chain_run_free(struct chain_run *run);

/* Renders the variables; the first task is next. Negative: the chain cannot begin. */
int chain_run_begin(struct chain_run *run, const struct chain_scope *scope, struct error *err);
/* The parameters of the next task, rendered but not yet cast. */
int chain_run_parameters(const struct chain_run *run, const struct chain_scope *scope, value *ret,
                         struct error *err);
/* The next task begins. */
void chain_run_started(struct chain_run *run, int64_t execution, int64_t now_us);
/* The task under way has ended: its result is known by its name, it publishes (unless it was canceled, or its request
   refused), and what follows it is next. Outcomes: 0, CHAIN_PUBLISH_FAILED, CHAIN_BROKEN. */
int chain_run_ended(struct chain_run *run, enum execution_status state, value result,
                    const struct chain_scope *scope, struct error *err);
/* The task under way; NULL between tasks. */
struct chain_task *chain_run_current(const struct chain_run *run);

/* A run that is read back: its tasks in order (`task->result` is taken), its variables, then what follows from them. */
void chain_run_restore_task(struct chain_run *run, const struct chain_task *task);
void chain_run_restore_var(struct chain_run *run, const char *name, value v, bool published);
int chain_run_restored(struct chain_run *run, struct error *err);

#endif
