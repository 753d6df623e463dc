/* SPDX-License-Identifier: Apache-2.0 */
/* What people ask of a workflow under way: to be canceled, paused, resumed, run again from some of its tasks (contract:
   engine.md 7, orquesta.md 5.9 and 5.10). Requests go down to the workflows among the children; actions that run already
   are let finish. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/chains.h"
#include "workflows-internal.h"

int workflow_each_child(struct engine *engine, struct execution *x, workflow_child_request *request,
                        const char *text, struct error *err)
{
    int64_t *children = NULL;
    size_t n = 0;
    /* Those of this batch have no rows yet. */
    int r = executions_flush(engine, err);

    if (r == 0)
        r = store_execution_children(store_as_reader(engine->config.store), x->row.seq, &children, &n, err);
    for (size_t i = 0; r >= 0 && i < n; i++) {
        struct execution *child =
            strmap_get_n(&engine->active, (const char *)&children[i], sizeof(children[i]));

        if (child && !execution_status_completed(child->row.status))
            r = request(engine, child, text, err);
    }
    free(children);
    return r < 0 ? r : 0;
}

static bool not_started(enum execution_status status)
{
    return status == EXECUTION_REQUESTED || status == EXECUTION_SCHEDULED || status == EXECUTION_DELAYED;
}

static int cancel_child(struct engine *engine, struct execution *child, const char *user, struct error *err)
{
    struct execution_row row = { 0 };
    int r = 0;

    if (not_started(child->row.status) ||
        (workflow_conducts(child) && execution_status_cancelable(child->row.status))) {
        r = execution_cancel(engine, child->row.seq, user, &row, err);
        execution_row_release(&row);
    }
    return r < 0 ? r : 0;
}

static int cancel_parent(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct execution_row row = { 0 };
    struct execution *parent;
    int r;

    if (!value_map_has(x->row.more, "task_execution"))
        return 0;
    r = execution_find(engine, x->row.parent, &parent, err);
    if (r != 0 || !execution_status_cancelable(parent->row.status))
        return r < 0 ? r : 0;
    r = execution_cancel(engine, parent->row.seq, user, &row, err);
    execution_row_release(&row);
    return r < 0 ? r : 0;
}

int workflow_cancel(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    int64_t seq = x->row.seq;
    struct workflow *workflow;
    struct outcome outcome;
    int r;

    if (chain_conducts(x))
        return chain_cancel(engine, x, user, err);
    r = workflow_find(engine, seq, &workflow, err);

    if (r < 0)
        return r;
    if (r == STORE_NOT_FOUND) {
        /* Its definition is being read. */
        outcome = (struct outcome){ .status = EXECUTION_CANCELED, .result = value_ref(x->row.result) };
        r = execution_complete(engine, x, &outcome, err);
        return r < 0 ? r : cancel_parent(engine, x, user, err);
    }
    workflow_prepare(engine, workflow);
    workflow_touch(engine, workflow);
    conductor_request(workflow->conductor, "canceled", NULL);
    r = workflow_each_child(engine, x, cancel_child, user, err);
    if (r == 0)
        r = cancel_parent(engine, x, user, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}

static int pause_child(struct engine *engine, struct execution *child, const char *user, struct error *err)
{
    return workflow_conducts(child) && child->row.status == EXECUTION_RUNNING
               ? workflow_pause(engine, child, user, err)
               : 0;
}

int workflow_pause(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct workflow *workflow;
    int r;

    if (chain_conducts(x))
        return chain_pause(engine, x, user, err);
    r = workflow_find(engine, x->row.seq, &workflow, err);
    if (r != 0)
        return r;
    value_map_put(&x->row.context, "paused_by", value_text(user));
    execution_changed(engine, x);
    workflow_prepare(engine, workflow);
    conductor_request(workflow->conductor, "paused", NULL);
    workflow_show(engine, workflow, x, EXECUTION_PAUSING);
    r = workflow_each_child(engine, x, pause_child, user, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}

static int resume_child(struct engine *engine, struct execution *child, const char *user, struct error *err)
{
    return workflow_conducts(child) && child->row.status == EXECUTION_PAUSED
               ? workflow_resume(engine, child, user, err)
               : 0;
}

int workflow_resume(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct workflow *workflow;
    int r;

    if (chain_conducts(x))
        return chain_resume(engine, x, user, err);
    r = workflow_find(engine, x->row.seq, &workflow, err);
    if (r != 0)
        return r;
    value_map_put(&x->row.context, "resumed_by", value_text(user));
    execution_changed(engine, x);
    workflow_prepare(engine, workflow);
    conductor_request(workflow->conductor, "resuming", NULL);
    workflow_show(engine, workflow, x,
                  x->row.status == EXECUTION_PAUSING ? EXECUTION_RUNNING : EXECUTION_RESUMING);
    workflow_watch_again(engine, workflow, x);
    r = workflow_each_child(engine, x, resume_child, user, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}

/* ---- running again from some tasks ---- */

#define RERUN_ROUTES_MAX 256 /* of one task that are looked at */

struct reruns {
    struct conductor_rerun *items;
    size_t n, room;
};

static void reruns_add(struct reruns *reruns, const char *task, int64_t route, bool reset)
{
    GROW(reruns->items, reruns->n, reruns->room);
    reruns->items[reruns->n++] =
        (struct conductor_rerun){ .task = task, .route = route, .reset_items = reset };
}

/* Every route on which the task has run. False: there is none. */
static bool reruns_of(struct reruns *reruns, struct workflow *workflow, const char *task, bool reset)
{
    size_t before = reruns->n;

    for (int64_t route = 0; route < RERUN_ROUTES_MAX; route++)
        if (conductor_task_status(workflow->conductor, task, route) >= 0)
            reruns_add(reruns, task, route, reset);
    return reruns->n > before;
}

static bool among(value names, value name)
{
    bool found = false;

    VALUE_LIST_EACH (i, item, names) {
        found |= value_equal(item, name);
    }
    return found;
}

/* Negative: `err` says what is wrong with the tasks. */
static int collect(struct workflow *workflow, value options, struct reruns *ret, struct error *err)
{
    value tasks = value_map_get(options, "tasks"), reset = value_map_get(options, "reset");
    BUFFER_AUTO(unknown);

    VALUE_LIST_EACH (i, name, tasks) {
        int64_t task =
            value_is_string(name) ? workflow_spec_find(workflow->definition->spec, value_chars(name)) : -1;

        if (task < 0 || (size_t)task >= workflow->definition->spec->n_tasks ||
            !reruns_of(ret, workflow, value_chars(name), among(reset, name)))
            buffer_addf(&unknown, "%s%s", unknown.len ? "," : "",
                        value_is_string(name) ? value_chars(name) : "?");
    }
    if (unknown.len)
        return error_set(err, -EINVAL, "Unable to rerun workflow because one or more tasks is not found: %s",
                         buffer_text(&unknown));
    return 0;
}

static int rerun(struct engine *engine, struct workflow *workflow, struct execution *x, struct error *reason)
{
    value options = value_map_get(x->row.more, "rerun");
    struct reruns reruns = { 0 };
    char id[OBJECT_ID_SIZE];
    int r;

    engine_format_id(engine, workflow->row.seq, id);
    if (!status_in(conductor_status(workflow->conductor), STATUS_COMPLETED))
        return error_set(reason, -EINVAL,
                         "Unable to rerun workflow execution \"%s\" because it is not in a completed state.", id);
    r = collect(workflow, options, &reruns, reason);
    workflow_prepare(engine, workflow);
    if (r == 0)
        r = conductor_rerun(workflow->conductor, reruns.items, reruns.n, reason);
    free(reruns.items);
    return r;
}

/* Why there is no workflow to go on with: what was run is gone, or never became a workflow. */
static int no_workflow(struct engine *engine, int64_t seq, struct error *reason, struct error *err)
{
    struct execution_row row = { 0 };
    const char *id;
    int r = store_execution_get(store_as_reader(engine->config.store), seq, 0, &row, err);

    if (r < 0)
        return r;
    id = r == 0 ? value_map_chars(row.context, "workflow_execution") : NULL;
    if (id)
        error_set(reason, 0, "Unable to rerun workflow execution \"%s\" because it does not exist.", id);
    else
        error_set(reason, 0,
                  "Unable to rerun workflow execution because workflow_execution_id is not provided.");
    execution_row_release(&row);
    return 0;
}

int workflow_rerun(struct engine *engine, struct execution *x, struct error *err)
{
    const char *ref = value_map_chars(value_map_get(x->row.more, "rerun"), "ref");
    uint64_t store = store_id(store_as_reader(engine->config.store));
    struct workflow *workflow = NULL;
    ERROR_AUTO(reason);
    int64_t seq = 0;
    int r = ref && object_id_parse(store, ref, &seq) ? workflow_find(engine, seq, &workflow, err)
                                                     : STORE_NOT_FOUND;

    if (r == STORE_NOT_FOUND) {
        r = no_workflow(engine, seq, &reason, err);
    } else if (r == 0 && rerun(engine, workflow, x, &reason) == 0) {
        workflow_hand_over(engine, workflow, x);
        return workflow_advance(engine, workflow, err);
    }
    return r < 0 ? r : workflow_end_with_text(engine, x, error_text(&reason), err);
}
