/* SPDX-License-Identifier: Apache-2.0 */
/* The store: everything that must survive. One writer, owned by the engine thread, and any number of readers, one for each
   thread that reads; readers see what was committed.

   Two kinds of things are kept. *Objects* are what people declare (actions, rules, keys to the API ...): few, small, whole
   documents, which the catalog keeps in memory. *History* is what happened (executions, trigger instances, enforcements,
   traces): many rows with own columns for what lists filter and sort by.

   Rows of history are keyed by sequence number, which is their object id (base/object_id.h), so their order is the order in
   time. An execution takes two numbers: its live action's id is the one before its own.

   Outcomes: 0, STORE_NOT_FOUND, STORE_CONFLICT, or negative: -ENOSPC the disk is full, -EROFS the file cannot be written,
   -EIO it cannot be read, -EBUSY somebody else holds it; `err` names the file and what to do. */
#ifndef FULMAR_STORE_STORE_H
#define FULMAR_STORE_STORE_H

#include "base/error.h"
#include "model/execution_status.h"
#include "value/value.h"

enum { STORE_NOT_FOUND = 1, STORE_CONFLICT = 2 };

struct store;        /* the writer */
struct store_reader; /* one thread's view */

/* Kinds of objects; the numbers are stored, so they are never reused. */
enum object_kind {
    OBJECT_PACK = 1,
    OBJECT_ACTION = 2,
    OBJECT_RUNNER_TYPE = 3,
    OBJECT_RULE = 4,
    OBJECT_RULE_TYPE = 5,
    OBJECT_TRIGGER_TYPE = 6,
    OBJECT_TRIGGER = 7,
    OBJECT_SENSOR = 8,
    OBJECT_ALIAS = 9,
    OBJECT_POLICY = 10,
    OBJECT_POLICY_TYPE = 11,
    OBJECT_CONFIG = 12,
    OBJECT_CONFIG_SCHEMA = 13,
    OBJECT_API_KEY = 14,
    OBJECT_TOKEN = 15,
    OBJECT_USER = 16,
    OBJECT_KEY = 17, /* datastore */
    OBJECT_KINDS = 18,
};

/* ---- opening ---- */

enum store_open_flags {
    STORE_CREATE = 1 << 0, /* make the file when it is missing */
};

/* Opens `directory`/fulmar.db, migrates older schemas in one transaction, refuses newer ones and damaged files. */
int store_open(const char *directory, enum store_open_flags flags, struct store **ret, struct error *err);
void store_close(struct store *store);
/* Readers are closed before their store. */
int store_reader_open(struct store *store, struct store_reader **ret, struct error *err);
void store_reader_close(struct store_reader *reader);
/* The writer as a reader, for the engine: sees its own uncommitted changes. */
struct store_reader *store_as_reader(struct store *store);

/* The 40 bit middle of this store's object ids. */
uint64_t store_id(const struct store_reader *reader);
/* The greatest sequence number in use. */
int64_t store_last_sequence(struct store *store);

/* Online copy into a new file; the server keeps running. */
int store_backup(const char *directory, const char *file, struct error *err);
/* Integrity check of the file; the problems found are a list of text. */
int store_check(const char *directory, value *ret_problems, struct error *err);
/* The schema's version of the file, and the newest one that is known here. */
int store_schema(const char *directory, int64_t *ret_version, int64_t *ret_known, struct error *err);

/* ---- writing: between begin and commit, in the engine thread ---- */

int store_begin(struct store *store, struct error *err);
int store_commit(struct store *store, struct error *err);
void store_rollback(struct store *store);

/* ---- objects ---- */

/* Inserts, or replaces the one with this id. `ref` is unique within a kind. */
int store_object_put(struct store *store, enum object_kind kind, const char *id, const char *ref,
                     value document, struct error *err);
int store_object_delete(struct store *store, enum object_kind kind, const char *id, struct error *err);
/* All objects of all kinds in order of their ids; a non-zero answer of the callback stops. `document` is borrowed. */
typedef int store_object_callback(void *data, enum object_kind kind, const char *id, const char *ref,
                                  value document);
int store_objects(struct store_reader *reader, store_object_callback *callback, void *data,
                  struct error *err);

/* ---- executions ---- */

struct execution_log_entry {
    int64_t at_us;
    enum execution_status status;
};

#define EXECUTION_LOG_MAX 64 /* of an execution; pausing and resuming for ever keeps the newest */

/* One execution as it is stored. Members that are values are owned by the row (execution_row_release). */
struct execution_row {
    int64_t seq;
    int64_t version;  /* grows with each write; an update names the version it started from */
    int64_t owner;    /* node that works on it; 0: nobody */
    int64_t lease_us; /* until when the owner has it; 0: no limit */
    enum execution_status status;
    int64_t start_us, end_us; /* end 0: not ended */
    int64_t parent, root;     /* executions; 0: none */
    int64_t instance;         /* trigger instance; 0: none */
    int64_t trace;
    int64_t due_us;                    /* delayed: when it is to be scheduled */
    value action, runner;              /* whole documents, as they were when it was requested */
    value rule, trigger, trigger_type; /* the same for what a rule started; else unset */
    value parameters, context;
    value
        more; /* map of the rest: notify, callback, runner_info, delay, workflow_execution, task_execution ... */
    struct execution_log_entry log[EXECUTION_LOG_MAX];
    int n_log;
    value result;        /* unset: none, or not asked for */
    int64_t result_size; /* bytes of the result's JSON */
};

void execution_row_release(struct execution_row *row);

int store_execution_insert(struct store *store, const struct execution_row *row, struct error *err);
/* Writes status, times, owner, log, context, more, and (when set) the result. row->version is the one that was read and is
   counted up on success; STORE_CONFLICT when the stored one is another. */
int store_execution_update(struct store *store, struct execution_row *row, struct error *err);

enum execution_columns {
    EXECUTION_RESULT = 1 << 0, /* read the result too */
};
int store_execution_get(struct store_reader *reader, int64_t seq, enum execution_columns columns,
                        struct execution_row *ret, struct error *err);
/* The newest one. */
int store_execution_last(struct store_reader *reader, int64_t *ret_seq, struct error *err);

/* What a list asks for; text members NULL and numbers 0 mean "any". */
struct execution_filter {
    const char *action, *runner, *rule, *trigger, *trigger_type, *user; /* names; "" means: has none */
    int status;                                                         /* -1: any */
    bool top_level;                                                     /* parent absent */
    int64_t parent, instance, trace;
    const int64_t *ids; /* n_ids of them; with n_ids 0 and no_ids set nothing fits */
    size_t n_ids;
    bool no_ids;
    int64_t after_us, before_us; /* start time strictly after / before */
    int64_t from_us, to_us;      /* start time within, ends included */
    bool ascending;
    int64_t offset, limit; /* limit < 0: all */
};

typedef int store_execution_callback(void *data, struct execution_row *row);
/* Calls back for each row of the page (the row is released afterwards) and counts what the filter fits. */
int store_executions(struct store_reader *reader, const struct execution_filter *filter,
                     enum execution_columns columns, store_execution_callback *callback, void *data,
                     int64_t *ret_total, struct error *err);
/* Sequence numbers of everything that is not completed, ascending. *ret is malloc'ed. */
int store_executions_active(struct store_reader *reader, int64_t **ret, size_t *ret_n, struct error *err);
/* Direct children, ascending. *ret is malloc'ed. */
int store_execution_children(struct store_reader *reader, int64_t seq, int64_t **ret, size_t *ret_n,
                             struct error *err);
/* Distinct values for /executions/views/filters: {action: [...], status, rule, runner, trigger, trigger_type, user}. */
int store_execution_filters(struct store_reader *reader, value *ret, struct error *err);

/* Output of a running execution, in order. */
int store_output_append(struct store *store, int64_t execution, int64_t at_us, const char *type,
                        const char *data, size_t n, struct error *err);
typedef int store_output_callback(void *data, int64_t number, int64_t at_us, const char *type,
                                  const char *text, size_t n);
/* From number `after` on (0: all); type NULL: every type. */
int store_outputs(struct store_reader *reader, int64_t execution, const char *type, int64_t after,
                  store_output_callback *callback, void *data, struct error *err);

/* ---- events ---- */

struct instance_row {
    int64_t seq;
    int64_t at_us;
    int64_t trace;
    int status; /* enum instance_status */
    char *trigger;
    value payload;
};
enum instance_status { INSTANCE_PENDING, INSTANCE_PROCESSING, INSTANCE_PROCESSED, INSTANCE_FAILED };

struct enforcement_row {
    int64_t seq;
    int64_t at_us;
    int64_t instance, execution, trace; /* 0: none */
    bool succeeded;
    char *rule_ref, *rule_id, *failure; /* failure NULL: none */
};

struct trace_row {
    int64_t seq;
    int64_t start_us;
    char *tag;
};

void instance_row_release(struct instance_row *row);
void enforcement_row_release(struct enforcement_row *row);
void trace_row_release(struct trace_row *row);

int store_instance_insert(struct store *store, const struct instance_row *row, struct error *err);
int store_instance_get(struct store_reader *reader, int64_t seq, struct instance_row *ret, struct error *err);
int store_enforcement_insert(struct store *store, const struct enforcement_row *row, struct error *err);
int store_enforcement_get(struct store_reader *reader, int64_t seq, struct enforcement_row *ret,
                          struct error *err);
int store_trace_insert(struct store *store, int64_t seq, const char *tag, int64_t start_us,
                       struct error *err);
int store_trace_get(struct store_reader *reader, int64_t seq, struct trace_row *ret, struct error *err);

struct event_filter {
    const char *const *triggers; /* instances: any of these trigger refs */
    size_t n_triggers;
    const char *rule_ref, *rule_id;     /* enforcements */
    int64_t execution, instance, trace; /* enforcements; traces that hold them */
    const char *tag;                    /* traces */
    const char *rule;                   /* traces: rule reference */
    const int64_t *ids;
    size_t n_ids;
    bool no_ids;
    int64_t after_us, before_us;
    bool ascending;
    int64_t offset, limit; /* limit < 0: all */
};
typedef int store_instance_callback(void *data, struct instance_row *row);
typedef int store_enforcement_callback(void *data, struct enforcement_row *row);
typedef int store_trace_callback(void *data, struct trace_row *row);
int store_instances(struct store_reader *reader, const struct event_filter *filter,
                    store_instance_callback *callback, void *data, int64_t *ret_total, struct error *err);
int store_enforcements(struct store_reader *reader, const struct event_filter *filter,
                       store_enforcement_callback *callback, void *data, int64_t *ret_total,
                       struct error *err);
int store_traces(struct store_reader *reader, const struct event_filter *filter,
                 store_trace_callback *callback, void *data, int64_t *ret_total, struct error *err);

/* ---- workflows ---- */

/* One workflow execution. What its conductor holds is kept row by row beside it, its tasks are rows of their own. An action
   chain is kept in the same way, without the latter (engine/chain_store.c). */
struct workflow_row {
    int64_t seq;
    int64_t execution; /* the execution it carries out; a rerun of tasks hands it to another one */
    int64_t version;
    const char *status; /* static */
    int64_t start_us, end_us;
    value definition; /* {text}: pinned, shared by all workflows of the same text */
    value inputs, context;
    value
        more; /* {notify, timeout, deadline_us, stopped, deep}; of a chain {display_published, skip_notify, stopped} */
};
void workflow_row_release(struct workflow_row *row);
int store_workflow_insert(struct store *store, const struct workflow_row *row, struct error *err);
/* Writes execution, status, end and more; counts the version up. STORE_CONFLICT when the stored version is another. */
int store_workflow_update(struct store *store, struct workflow_row *row, struct error *err);
/* ret->status is not static here: it is "" (the conductor's rows know). */
int store_workflow_get(struct store_reader *reader, int64_t seq, struct workflow_row *ret, struct error *err);
int store_workflow_of_execution(struct store_reader *reader, int64_t execution, struct workflow_row *ret,
                                struct error *err);

/* What the conductor tells: unset data deletes; sub < 0 stands for all rows of the key then. */
int store_workflow_state_put(struct store *store, int64_t workflow, int kind, int64_t key, int64_t sub,
                             value data, struct error *err);
typedef int store_workflow_state_callback(void *data, int kind, int64_t key, int64_t sub, value state);
/* By kind, key, sub. */
int store_workflow_states(struct store_reader *reader, int64_t workflow,
                          store_workflow_state_callback *callback, void *data, struct error *err);

/* One run of a task. */
struct task_row {
    int64_t seq;
    int64_t workflow;
    char *name;
    int64_t route;
    char *status;
    bool open; /* not completed */
    int64_t start_us, end_us;
    int64_t items; /* -1: a task without items */
    value more;    /* {delay, concurrency, timeout, deadline_us, retry} */
};
void task_row_release(struct task_row *row);
int store_task_insert(struct store *store, const struct task_row *row, struct error *err);
int store_task_update(struct store *store, const struct task_row *row, struct error *err);
typedef int store_task_callback(void *data, struct task_row *row);
int store_tasks(struct store_reader *reader, int64_t workflow, bool only_open, store_task_callback *callback,
                void *data, struct error *err);
/* The latest run of a task on a route. 0, STORE_NOT_FOUND. */
int store_task_latest(struct store_reader *reader, int64_t workflow, const char *name, int64_t route,
                      struct task_row *ret, struct error *err);
/* The execution that carries out a task (item 0), or one of its items. `told` is the status the conductor was told last,
   NULL when it knows of none. */
int store_task_child_put(struct store *store, int64_t task, int64_t item, int64_t execution, const char *told,
                         struct error *err);
typedef int store_task_child_callback(void *data, int64_t item, int64_t execution, const char *told);
int store_task_children(struct store_reader *reader, int64_t task, store_task_child_callback *callback,
                        void *data, struct error *err);

/* ---- figures for /metrics ---- */

struct store_figures {
    int64_t by_status[EXECUTION_STATUSES];
};
int store_figures(struct store_reader *reader, struct store_figures *ret, struct error *err);

#endif
