/* SPDX-License-Identifier: Apache-2.0 */
/* One running workflow. The conductor is told what happens (a request on the workflow, an action's status) and says what
   to do next; it runs nothing itself and knows neither clock nor store. One step touches only what it changes: contexts
   share their values, and the rows that changed are handed to whoever saves them.

   A step that is refused fails with err->kind set to the class clients know and leaves everything as it was. */
#ifndef FULMAR_WORKFLOW_CONDUCTOR_H
#define FULMAR_WORKFLOW_CONDUCTOR_H

#include "expr/expr.h"
#include "workflow/graph.h"
#include "workflow/status.h"

/* Bounds of one execution. */
#define CONDUCTOR_ENTRIES_MAX 1000000 /* task runs */
#define CONDUCTOR_ROUTES_MAX  100000
#define CONDUCTOR_ITEMS_MAX   1000000 /* items of one task */

struct conductor;

/* What expressions may see of the outside; copied. */
struct conductor_environment {
    const struct expr_host *host;
    const struct expr_limits *limits;
    int64_t now_us;
    uint64_t random_seed;
    const char *const *lazy_roots;
};

/* Borrows the definition and the graph, which must live longer. `context` is what the caller puts into the first context
   ({"st2": ..., "parent": ...}), a map or null, as are the inputs. */
struct conductor *conductor_new(const struct workflow_spec *spec, const struct workflow_graph *graph,
                                value inputs, value context);
void conductor_free(struct conductor *conductor);
void conductor_freep(struct conductor **conductor);
/* Set before each call whose expressions should see another time. */
void conductor_set_environment(struct conductor *conductor, const struct conductor_environment *environment);

/* ---- steps ---- */

/* Renders inputs and vars and stages the start tasks; when something fails to render the workflow is failed. */
int conductor_start(struct conductor *conductor, struct error *err);
/* Asks for a status of the workflow: running, paused, canceled ... */
int conductor_request(struct conductor *conductor, const char *status, struct error *err);

struct conductor_event {
    const char *status;
    value result;
    bool is_item;
    int64_t item;
    value accumulated; /* results of all items so far, with is_item */
};
/* An action of a task (or of one of its items) changed its status. */
int conductor_task_event(struct conductor *conductor, const char *task, int64_t route,
                         const struct conductor_event *event, struct error *err);

struct conductor_task {
    uint32_t task; /* number in spec->tasks */
    uint32_t route;
    const char *id;
    value context;     /* the variables the task sees */
    value actions;     /* list of {action, input, item_id?}: what to run now */
    value delay;       /* seconds, or UNSET */
    value concurrency; /* with has_items: int or null */
    value timeout;     /* seconds, or UNSET; only with SPEC_EXTENSIONS */
    value retry;       /* {count, tally} when it is tried again, or UNSET */
    bool has_items;
    uint32_t items_count;
};
struct conductor_tasks {
    struct conductor_task *items;
    size_t n_items;
};
void conductor_tasks_release(struct conductor_tasks *tasks);
/* What can be run now, by name and route. A task stays on offer until it is told to be running. */
int conductor_next(struct conductor *conductor, struct conductor_tasks *ret, struct error *err);

/* Renders the output when the workflow is completed and has none. */
int conductor_render_output(struct conductor *conductor, struct error *err);

struct conductor_rerun {
    const char *task;
    int64_t route;
    bool reset_items;
    value
        items; /* list of numbers: only these items run again; unset: those that failed, or all with reset_items */
};
/* Without requests: whatever failed last. */
int conductor_rerun(struct conductor *conductor, const struct conductor_rerun *requests, size_t n_requests,
                    struct error *err);
/* What ended a completed workflow without success, canceled tasks included: a list of {task, route}. Owned. */
value conductor_unfinished(const struct conductor *conductor);
/* The caller could not do its part: the workflow fails and "<class>: <message>" is logged. `task` may be NULL. */
int conductor_fail(struct conductor *conductor, const char *class, const char *message, const char *task,
                   int64_t route, struct error *err);

/* The workflow took longer than it may. It is completed already (the caller canceled what it did): now it is a timeout, and
   the message is logged. */
void conductor_time_out(struct conductor *conductor, const char *message);

/* ---- asking ---- */

enum workflow_status conductor_status(const struct conductor *conductor);
/* Borrowed; null when there is none. */
value conductor_output(const struct conductor *conductor);
/* The error log: a list of maps. Owned. */
value conductor_errors(const struct conductor *conductor);
size_t conductor_errors_count(const struct conductor *conductor);
/* Of the latest run of the task on that route; -1 when there is none or it has no status yet. */
int conductor_task_status(const struct conductor *conductor, const char *task, int64_t route);
/* Seconds the workflow may take (SPEC_EXTENSIONS): evaluated against the first context; UNSET when there is no limit. */
int conductor_timeout(struct conductor *conductor, value *ret, struct error *err);
/* {status, output, errors, routes, reruns?, staged, sequence}: everything a person may want to see. Owned. */
value conductor_report(const struct conductor *conductor);
/* Why what is not finished waits: a list of {task, route, status, reason, retry?: {count, tally}}. Owned. */
value conductor_waits(const struct conductor *conductor);
/* Does something running, staged or waited for carry the workflow on, as long as its status says it goes on? Negative with
   the diagnosis when it is stuck. */
int conductor_check(const struct conductor *conductor, struct error *err);

/* ---- saving ---- */

enum conductor_row_kind {
    ROW_WORKFLOW, /* {status, output, reruns} */
    ROW_ROUTE,    /* list of transition ids */
    ROW_CONTEXT,  /* map: the variables one transition published; number 0 is the first context */
    ROW_FRAME,    /* [from, context] or [left, right, true]: which contexts a task sees */
    ROW_STAGED,   /* {task, route, ...}; deleting one deletes its items */
    ROW_ITEM,     /* status of item `sub` of staged `key`; sub -1: all items of it are gone */
    ROW_ENTRY,    /* {task, route, status, ...}: one run of a task */
    ROW_ERROR,    /* map: one entry of the error log */
};
struct conductor_row {
    enum conductor_row_kind kind;
    int64_t key, sub;
    value data; /* borrowed; UNSET: the row is gone */
};
/* Tells every row that changed since the last call, once. */
void conductor_changes(struct conductor *conductor, void (*tell)(void *data, const struct conductor_row *row),
                       void *data);
/* Give all rows to a new conductor, kinds in the order of the enum, keys ascending. Negative for rows that make no sense. */
int conductor_load_row(struct conductor *conductor, const struct conductor_row *row, struct error *err);

/* All of it as one document, as Orquesta writes it: {spec, input, context, state: {status, contexts, routes, sequence,
   staged, tasks, reruns?}, errors, output}. Owned. */
value conductor_save(const struct conductor *conductor);
/* Give such a document to a new conductor of the same definition. */
int conductor_restore(struct conductor *conductor, value saved, struct error *err);

#endif
