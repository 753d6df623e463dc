/* SPDX-License-Identifier: Apache-2.0 */
/* From a task the conductor offers to the executions that carry it out, and from their ends back to the conductor. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "workflows-internal.h"

#define DELAY_MAX_S (INT64_C(366) * 86400)

static uint64_t run_key(uint32_t task, uint32_t route)
{
    return (uint64_t)task << 32 | route;
}

struct task_run *task_run_find(struct workflow *workflow, uint32_t task, uint32_t route)
{
    uint64_t key = run_key(task, route);

    return strmap_get_n(&workflow->runs, (const char *)&key, sizeof(key));
}

struct task_run *task_run_new(struct workflow *workflow, uint32_t task, uint32_t route, bool has_items,
                              size_t n)
{
    struct task_run *run = xcalloc(1, sizeof(*run));
    uint64_t key = run_key(task, route);

    *run = (struct task_run){ .task = task, .route = route, .has_items = has_items, .n = n };
    run->children = xcalloc(n ? n : 1, sizeof(*run->children));
    if (has_items) {
        run->results = value_list_new(n);
        for (size_t i = 0; i < n; i++)
            value_list_append(&run->results, value_null());
    }
    task_run_free(strmap_set_n(&workflow->runs, (const char *)&key, sizeof(key), run));
    return run;
}

void task_run_free(struct task_run *run)
{
    if (!run)
        return;
    task_row_release(&run->row);
    value_unref(run->results);
    free(run->children);
    free(run);
}

/* ---- the task's own row ---- */

/* "task a (route 2): failed" */
static void tell_progress(struct engine *engine, struct workflow *workflow, const struct task_run *run,
                          const char *what)
{
    BUFFER_AUTO(route);

    if (run->route)
        buffer_addf(&route, " (route %" PRIu32 ")", run->route);
    workflow_progress(engine, workflow, "task %s%s: %s", run->row.name, buffer_text(&route), what);
}

static int close_row(struct engine *engine, struct workflow *workflow, struct task_run *run,
                     const char *status, struct error *err)
{
    tell_progress(engine, workflow, run, status);
    run->over = true;
    run->row.open = false;
    run->row.end_us = engine->now_us;
    free(run->row.status);
    run->row.status = xstrdup(status);
    return store_task_update(engine->config.store, &run->row, err);
}

/* {count, tally, at_us}: which try this is, and when it begins. */
static void note_retry(const struct engine *engine, const struct conductor_task *task, struct task_run *run)
{
    int64_t delay = task->delay.kind == VALUE_INT && task->delay.integer > 0 ? task->delay.integer : 0;
    value retry;

    if (!value_is_set(task->retry))
        return;
    retry = value_ref(task->retry);
    value_map_put(&retry, "at_us", value_int(engine->now_us + (delay < DELAY_MAX_S ? delay : 0) * 1000000));
    value_map_put(&run->row.more, "retry", retry);
}

static int open_row(struct engine *engine, struct workflow *workflow, struct task_run *run,
                    const struct conductor_task *task, struct error *err)
{
    ERROR_AUTO(reason);
    int limit, r;

    run->row = (struct task_row){
        .seq = engine_next_sequence(engine),
        .workflow = workflow->row.seq,
        .name = xstrdup(task->id),
        .route = task->route,
        .status = xstrdup("running"),
        .open = true,
        .start_us = engine->now_us,
        .items = task->has_items ? (int64_t)task->items_count : -1,
        .more = value_map_new(2),
    };
    if (!value_is_null(task->delay))
        value_map_put(&run->row.more, "delay", value_ref(task->delay));
    if (!value_is_null(task->concurrency))
        value_map_put(&run->row.more, "concurrency", value_ref(task->concurrency));
    note_retry(engine, task, run);
    tell_progress(engine, workflow, run, "running");
    limit = workflow_limit_task(engine, task, run, &reason);
    r = store_task_insert(engine->config.store, &run->row, err);
    if (r == 0 && limit == 0)
        return run->deadline_us ? workflow_watch(engine, workflow, run->deadline_us, err) : 0;
    conductor_fail(workflow->conductor, reason.kind, error_text(&reason), task->id, task->route, NULL);
    return r == 0 ? close_row(engine, workflow, run, "failed", err) : r;
}

static void forget_run(struct workflow *workflow, struct task_run *run)
{
    uint64_t key = run_key(run->task, run->route);

    if (!run->over || run->n_live)
        return;
    strmap_remove_n(&workflow->runs, (const char *)&key, sizeof(key));
    task_run_free(run);
}

/* ---- telling the conductor ---- */

static int tell(struct engine *engine, struct workflow *workflow, struct task_run *run, const char *status,
                value result, int64_t item, struct error *err)
{
    struct conductor_event event = {
        .status = status,
        .result = value_is_set(result) ? result : value_null(),
        .is_item = item >= 0,
        .item = item >= 0 ? item : 0,
        .accumulated = item >= 0 ? run->results : VALUE_NOTHING,
    };
    const char *name = workflow->definition->spec->tasks[run->task].name;
    ERROR_AUTO(reason);
    int r;

    workflow_prepare(engine, workflow);
    workflow_touch(engine, workflow);
    run->telling = &event;
    r = conductor_task_event(workflow->conductor, name, run->route, &event, &reason);
    run->telling = NULL;
    if (r == 0)
        return 0;
    conductor_fail(workflow->conductor, reason.kind ? reason.kind : "ValueError", error_text(&reason), name,
                   run->route, NULL);
    return close_row(engine, workflow, run, "failed", err);
}

/* The row is closed when the conductor says that the task is over; a retry is another run. */
static int settle(struct engine *engine, struct workflow *workflow, struct task_run *run, struct error *err)
{
    const char *name = workflow->definition->spec->tasks[run->task].name;
    int status = conductor_task_status(workflow->conductor, name, run->route), r = 0;

    if (!run->over && status >= 0 &&
        status_in((enum workflow_status)status, STATUS_COMPLETED | STATUS_BIT(STATUS_RETRYING)))
        r = close_row(engine, workflow, run, status_name((enum workflow_status)status), err);
    return r;
}

/* A child that is resumed runs: the conductor knows no end of a task that is resuming, but what is resumed may be over
   before it was seen running. */
static enum execution_status told_status(enum execution_status status)
{
    return status == EXECUTION_RESUMING ? EXECUTION_RUNNING : status;
}

/* A task whose time is over has failed like any other: the conductor logs that, which it does not do for runs that end as
   timeout by themselves. */
static const char *conductor_word(const struct engine *engine, const struct task_run *run,
                                  enum execution_status status)
{
    return execution_status_text(status == EXECUTION_TIMEOUT && task_run_overdue(engine, run)
                                     ? EXECUTION_FAILED
                                     : told_status(status));
}

int workflow_tell(struct engine *engine, struct workflow *workflow, const struct notice *notice,
                  struct error *err)
{
    const char *name = value_map_chars(notice->orquesta, "task_id"),
               *status = execution_status_text(told_status(notice->status));
    int64_t number = name ? workflow_spec_find(workflow->definition->spec, name) : -1;
    int64_t route = value_map_int(notice->orquesta, "task_route", 0);
    int64_t item = value_map_int(notice->orquesta, "item_id", 0);
    bool completed = execution_status_completed(notice->status),
         runs = !completed && notice->status != EXECUTION_PENDING, asked;
    struct task_run *run = number < 0 ? NULL : task_run_find(workflow, (uint32_t)number, (uint32_t)route);
    struct task_child *child;
    int r;

    if (!run || item < 0 || (size_t)item >= run->n || run->children[item].execution != notice->child)
        return 0; /* of an earlier run */
    child = &run->children[item];
    if (child->told && strcmp(child->told, status) == 0)
        return 0;
    asked = child->told && strcmp(child->told, "pending") == 0;
    if (!runs && !asked) {
        run->n_live--;
        workflow->n_live--;
    }
    child->told = status;
    if (completed && run->has_items)
        value_list_set(&run->results, (size_t)item,
                       value_is_set(notice->result) ? value_ref(notice->result) : value_null());
    r = store_task_child_put(engine->config.store, run->row.seq, item, child->execution, status, err);
    /* A task whose items all wait is paused, and only an item that runs wakes it. */
    if (r == 0 && asked && completed && run->has_items && !run->over)
        r = tell(engine, workflow, run, "running", VALUE_NOTHING, item, err);
    /* To the conductor a task that runs after its end would be another run. */
    if (r == 0 && (completed || !run->over))
        r = tell(engine, workflow, run, conductor_word(engine, run, notice->status), notice->result,
                 run->has_items ? item : -1, err);
    if (r == 0)
        r = settle(engine, workflow, run, err);
    forget_run(workflow, run);
    return r;
}

/* ---- requesting ---- */

/* The class of what refused a request, as clients know it. */
static const char *refusal_class(const struct error *err)
{
    const char *text = error_text(err);

    if (err->kind)
        return err->kind;
    if (strncmp(text, "Unable to execute.", 18) == 0 || strncmp(text, "Override of immutable", 21) == 0)
        return "ValueError";
    return "ValidationError";
}

/* And of what kept its parameters from being rendered; the rest are values of the wrong type. */
static const char *rendering_class(const char *failure)
{
    static const char *const templates[] = { "Failed to render", "Dependency unsatisfied",
                                             "Cyclic dependency" };

    for (size_t i = 0; i < ELEMENTS(templates); i++)
        if (strncmp(failure, templates[i], strlen(templates[i])) == 0)
            return "ParamException";
    return "ValueError";
}

static value child_context(struct engine *engine, struct workflow *workflow, const struct execution *parent,
                           const struct task_run *run, value item)
{
    static const char *const inherited[] = { "user", "pack", "api_user", "source_channel" };
    value context = value_map_new(4), up = value_map_new(4), orquesta = value_map_new(6);
    char id[OBJECT_ID_SIZE];

    engine_format_id(engine, parent->row.seq, id);
    value_map_put(&up, "execution_id", value_text(id));
    for (size_t i = 0; i < ELEMENTS(inherited); i++)
        if (value_map_has(parent->row.context, inherited[i]))
            value_map_set_text(&up, inherited[i],
                               value_ref(value_map_get(parent->row.context, inherited[i])));
    engine_format_id(engine, workflow->row.seq, id);
    value_map_put(&orquesta, "workflow_execution_id", value_text(id));
    engine_format_id(engine, run->row.seq, id);
    value_map_put(&orquesta, "task_execution_id", value_text(id));
    value_map_put(&orquesta, "task_name", value_text(run->row.name));
    value_map_put(&orquesta, "task_id", value_text(run->row.name));
    value_map_put(&orquesta, "task_route", value_int(run->route));
    if (run->has_items)
        value_map_put(&orquesta, "item_id", value_ref(item));
    value_map_put(&context, "parent", up);
    value_map_put(&context, "orquesta", orquesta);
    return context;
}

/* Notification settings go on to the tasks that the caller named. */
static value child_notify(const struct workflow *workflow, const struct execution *parent, const char *task)
{
    value names = value_map_get(workflow->row.more, "notify");

    VALUE_LIST_EACH (i, name, names) {
        if (value_text_is(name, task))
            return value_map_get(parent->row.more, "notify");
    }
    return VALUE_NOTHING;
}

/* Seconds before this child starts; with limited concurrency only the first ones wait. */
static int child_delay(const struct conductor_task *task, int64_t item, int64_t *ret_ms, struct error *err)
{
    int64_t seconds = task->delay.kind == VALUE_INT ? task->delay.integer : 0;

    if (task->has_items && task->concurrency.kind == VALUE_INT && item >= task->concurrency.integer)
        seconds = 0;
    if (seconds < 0 || seconds > DELAY_MAX_S)
        return error_set_kind(err, -EINVAL, "ValueError",
                              "The task delay must be from 0 to %" PRId64 " seconds.", DELAY_MAX_S);
    *ret_ms = seconds * 1000;
    return 0;
}

static void mark_child(struct engine *engine, const struct workflow *workflow, const struct task_run *run,
                       struct execution_plan *plan)
{
    char id[OBJECT_ID_SIZE];

    engine_format_id(engine, workflow->row.seq, id);
    value_map_put(&plan->row.more, "workflow_execution", value_text(id));
    engine_format_id(engine, run->row.seq, id);
    value_map_put(&plan->row.more, "task_execution", value_text(id));
}

/* Looks up, renders and checks. Negative: `reason` has class and text. */
static int plan_child(struct engine *engine, struct workflow *workflow, const struct execution *parent,
                      const struct conductor_task *task, struct task_run *run, value action,
                      struct execution_plan *ret, struct error *reason)
{
    struct execution_request request = {
        .action = value_map_chars(action, "action"),
        .parameters = value_map_get(action, "input"),
        .user = workflow->user,
        .parent = parent->row.seq,
        .trace = parent->row.trace,
    };
    VALUE_AUTO(context);
    VALUE_AUTO(known);
    VALUE_AUTO(deep);

    known = request.action ? engine_object(engine, OBJECT_ACTION, request.action) : VALUE_NOTHING;
    if (!value_is_set(known))
        return error_set_kind(reason, -ENOENT, "InvalidActionReferencedException",
                              "Unable to find action \"%s\".", request.action ? request.action : "");
    if (child_delay(task, value_map_int(action, "item_id", 0), &request.delay_ms, reason) < 0)
        return -EINVAL;
    context = child_context(engine, workflow, parent, run, value_map_get(action, "item_id"));
    request.context = context;
    request.notify = child_notify(workflow, parent, task->id);
    deep = workflow_take_deep(workflow, run, run->has_items ? value_map_int(action, "item_id", 0) : 0);
    request.rerun = deep;
    if (value_is_set(deep))
        value_map_put(&context, "re-run", value_ref(deep));
    workflow_prepare(engine, workflow);
    if (execution_plan(engine->config.catalog, &workflow->host, engine->now_us, &request, ret, reason) != 0) {
        reason->kind = refusal_class(reason);
        return -EINVAL;
    }
    if (ret->failure) {
        error_set_kind(reason, 0, rendering_class(ret->failure), "%s", ret->failure);
        execution_plan_release(ret);
        return -EINVAL;
    }
    ret->row.root = parent->row.root ? parent->row.root : parent->row.seq;
    return 0;
}

static int request_child(struct engine *engine, struct workflow *workflow, const struct conductor_task *task,
                         struct task_run *run, value action, struct error *err)
{
    int64_t item = run->has_items ? value_map_int(action, "item_id", 0) : 0;
    struct execution_plan plan = { 0 };
    struct execution_row row;
    struct execution *parent;
    ERROR_AUTO(reason);
    int r = execution_find(engine, workflow->row.execution, &parent, err);

    if (r != 0)
        return r < 0
                   ? r
                   : error_set(err, -EIO, "the execution of workflow %" PRId64 " is gone", workflow->row.seq);
    if (item < 0 || (size_t)item >= run->n)
        return error_set(err, -EIO, "workflow %" PRId64 " offers an item it does not have",
                         workflow->row.seq);
    if (plan_child(engine, workflow, parent, task, run, action, &plan, &reason) < 0) {
        conductor_fail(workflow->conductor, reason.kind, error_detail(&reason), task->id, task->route, NULL);
        return run->over ? 0 : close_row(engine, workflow, run, "failed", err);
    }
    mark_child(engine, workflow, run, &plan);
    r = execution_accept(engine, &plan, &row, err);
    if (r < 0)
        return r;
    run->children[item] = (struct task_child){ .execution = row.seq };
    run->n_live++;
    workflow->n_live++;
    execution_row_release(&row);
    return store_task_child_put(engine->config.store, run->row.seq, item, run->children[item].execution, NULL,
                                err);
}

/* What has no action, and a list without items, succeeds at once. */
static int succeed_at_once(struct engine *engine, struct workflow *workflow, struct task_run *run,
                           value result, struct error *err)
{
    int r = tell(engine, workflow, run, "running", VALUE_NOTHING, -1, err);

    if (r == 0 && !run->over)
        r = tell(engine, workflow, run, "succeeded", result, -1, err);
    return r == 0 ? settle(engine, workflow, run, err) : r;
}

static bool has_action(value action)
{
    const char *name = value_map_chars(action, "action");

    return name && *name;
}

/* Of a run whose time is over, and of which nothing runs, the first item that was not begun fails, and with it the task. */
static int fail_overdue(struct engine *engine, struct workflow *workflow, struct task_run *run, value action,
                        struct error *err)
{
    int64_t item = value_map_int(action, "item_id", 0);
    int r = tell(engine, workflow, run, "running", VALUE_NOTHING, item, err);

    if (r == 0 && !run->over)
        r = tell(engine, workflow, run, "failed", VALUE_NOTHING, item, err);
    return r == 0 ? settle(engine, workflow, run, err) : r;
}

/* A child that ends at once is only noted here, so the run lives through this. */
int workflow_request_task(struct engine *engine, struct workflow *workflow, const struct conductor_task *task,
                          struct error *err)
{
    struct task_run *run = task_run_find(workflow, task->task, task->route);
    int r = 0;

    if (!run || !run->has_items || run->over) {
        run = task_run_new(workflow, task->task, task->route, task->has_items,
                           task->has_items ? task->items_count : 1);
        r = open_row(engine, workflow, run, task, err);
    }
    if (r == 0 && task_run_overdue(engine, run)) {
        r = fail_overdue(engine, workflow, run, value_list_at(task->actions, 0), err);
    } else if (r == 0 && run->over) {
        r = 0; /* its limit could not be told */
    } else if (r == 0 && task->has_items && task->items_count == 0) {
        r = succeed_at_once(engine, workflow, run, run->results, err);
    } else if (r == 0 && !has_action(value_list_at(task->actions, 0))) {
        r = succeed_at_once(engine, workflow, run, VALUE_NOTHING, err);
    } else if (r == 0) {
        VALUE_LIST_EACH (i, action, task->actions) {
            if (r == 0 && !run->over)
                r = tell(engine, workflow, run, "running", VALUE_NOTHING,
                         task->has_items ? value_map_int(action, "item_id", 0) : -1, err);
        }
        VALUE_LIST_EACH (i, action, task->actions) {
            if (r == 0 && !run->over)
                r = request_child(engine, workflow, task, run, action, err);
        }
    }
    forget_run(workflow, run);
    return r;
}
