/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the workflows, and by nobody else. */
#ifndef FULMAR_ENGINE_WORKFLOWS_INTERNAL_H
#define FULMAR_ENGINE_WORKFLOWS_INTERNAL_H

#include "base/buffer.h"
#include "engine-internal.h"
#include "engine/datastore.h"
#include "engine/executions.h"
#include "engine/workflows.h"
#include "workflow/conductor.h"

struct task_child {
    int64_t execution; /* 0: not requested yet */
    const char *told;  /* static; NULL: nothing since it was requested */
};

/* A run of a task that is not over, or has children that are not. */
struct task_run {
    struct task_row row;
    uint32_t task, route;
    bool has_items;
    bool over;                             /* the row is closed */
    size_t n;                              /* items; 1 without */
    const struct conductor_event *telling; /* while the conductor is told of it */
    struct task_child *children;
    value results;       /* with items: list of results, null where there is none */
    int64_t n_live;      /* children that run */
    int64_t deadline_us; /* 0: none; also in row.more */
};

struct workflow {
    struct engine *engine;
    struct workflow_row row;
    struct definition *definition;
    struct conductor *conductor;
    struct strmap runs; /* task and route -> struct task_run */
    int64_t n_live;     /* children that run */
    struct workflow *dirty_next;
    bool dirty, exists;
    struct datastore_view view;
    struct expr_host host;
    char *user;
    struct buffer progress; /* lines of this batch, for who follows its output */
};

/* A child's new status, or (child 0, as always with chains) a wish to be looked at. */
struct notice {
    bool chain;
    int64_t execution, child;
    enum execution_status status;
    value result, orquesta;
};

/* workflows.c */
/* The workflow of an execution, loaded when it is not in memory. STORE_NOT_FOUND when there is none. */
int workflow_find(struct engine *engine, int64_t execution, struct workflow **ret, struct error *err);
struct workflow *workflow_new(struct engine *engine, struct definition *definition, value inputs,
                              value context);
void workflow_free(struct workflow *workflow);
void workflow_touch(struct engine *engine, struct workflow *workflow);
/* A line of the output of the workflow's execution, written with the batch; the action's reference stands before it. */
void workflow_progress(struct engine *engine, struct workflow *workflow, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Gives the conductor the time. */
void workflow_prepare(struct engine *engine, struct workflow *workflow);
/* Hands out what can be run, and shows the outcome on the execution. */
int workflow_advance(struct engine *engine, struct workflow *workflow, struct error *err);
/* Moves the execution to a status that is none of the completed ones. */
void workflow_show(struct engine *engine, struct workflow *workflow, struct execution *x,
                   enum execution_status status);
/* The execution fails; with a list of errors (taken) or one message. */
int workflow_end_badly(struct engine *engine, struct execution *x, value errors, struct error *err);
int workflow_end_with_text(struct engine *engine, struct execution *x, const char *text, struct error *err);
/* The workflow goes on as another execution. */
void workflow_hand_over(struct engine *engine, struct workflow *workflow, struct execution *x);
void workflow_note(struct engine *engine, const struct notice *notice);

/* workflow_lookup.c: lets the expressions of a workflow ask for the runs of its tasks. */
void workflow_lookup_host(struct workflow *workflow);

/* workflow_requests.c */
typedef int workflow_child_request(struct engine *engine, struct execution *child, const char *text,
                                   struct error *err);
/* Calls back for each child that is not completed, with `text` handed through. */
int workflow_each_child(struct engine *engine, struct execution *x, workflow_child_request *request,
                        const char *text, struct error *err);

/* workflow_rerun.c */
/* How a child goes on with the workflow that carried out its task before, when a rerun asked for that; unset when it begins
   anew. Taken out of the workflow's row. Owned. */
value workflow_take_deep(struct workflow *workflow, const struct task_run *run, int64_t item);

/* workflow_time.c */
/* Evaluates the limit of the workflow and watches it from now on. */
void workflow_limit(struct engine *engine, struct workflow *workflow, struct execution *x);
/* Notes the limit of a run that is about to be stored. Negative: `reason` says what is wrong with it. */
int workflow_limit_task(struct engine *engine, const struct conductor_task *task, struct task_run *run,
                        struct error *reason);
/* Has the workflow looked at when the limit passes. */
int workflow_watch(struct engine *engine, const struct workflow *workflow, int64_t deadline_us,
                   struct error *err);
/* After a pause, in which limits are not enforced. */
void workflow_watch_again(struct engine *engine, struct workflow *workflow, struct execution *x);
bool task_run_overdue(const struct engine *engine, const struct task_run *run);
/* A workflow that was stopped and is completed by now becomes what the stop wants. */
void workflow_end_stopped(struct workflow *workflow);

/* workflow_tasks.c */
int workflow_request_task(struct engine *engine, struct workflow *workflow, const struct conductor_task *task,
                          struct error *err);
int workflow_tell(struct engine *engine, struct workflow *workflow, const struct notice *notice,
                  struct error *err);
struct task_run *task_run_find(struct workflow *workflow, uint32_t task, uint32_t route);
struct task_run *task_run_new(struct workflow *workflow, uint32_t task, uint32_t route, bool has_items,
                              size_t n);
void task_run_free(struct task_run *run);

#endif
