/* SPDX-License-Identifier: Apache-2.0 */
/* Running a completed workflow again from some of its tasks (contract: orquesta.md 5.10): it goes on as another execution.

   With "deep" a task that is a workflow itself does not begin anew: the workflow that carried it out last goes on from what
   failed in it, as the new child, and so on downwards. Which workflow that is stands in `more` of the workflow's row
   ("deep", by task, route and item) until the child is requested. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "workflows-internal.h"

#define RERUN_ROUTES_MAX 256 /* of one task that are looked at */

struct reruns {
    struct conductor_rerun *items;
    size_t n, room;
};

static void reruns_add(struct reruns *reruns, const struct conductor_rerun *wanted, int64_t route)
{
    GROW(reruns->items, reruns->n, reruns->room);
    reruns->items[reruns->n] = *wanted;
    reruns->items[reruns->n++].route = route;
}

/* The routes on which the task failed; when there are none, all on which it has run. False: it never has. */
static bool reruns_of(struct reruns *reruns, struct workflow *workflow, const struct conductor_rerun *wanted)
{
    size_t before = reruns->n;

    for (int pass = 0; pass < 2 && reruns->n == before; pass++)
        for (int64_t route = 0; route < RERUN_ROUTES_MAX; route++) {
            int status = conductor_task_status(workflow->conductor, wanted->task, route);

            if (status >= 0 && (pass == 1 || status_in((enum workflow_status)status, STATUS_ABENDED)))
                reruns_add(reruns, wanted, route);
        }
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
    value tasks = value_map_get(options, "tasks"), reset = value_map_get(options, "reset"),
          items = value_map_get(options, "items");
    BUFFER_AUTO(unknown);

    VALUE_LIST_EACH (i, name, tasks) {
        int64_t task =
            value_is_string(name) ? workflow_spec_find(workflow->definition->spec, value_chars(name)) : -1;

        if (task < 0 || (size_t)task >= workflow->definition->spec->n_tasks ||
            !reruns_of(ret, workflow,
                       &(struct conductor_rerun){ .task = value_chars(name),
                                                  .reset_items = among(reset, name),
                                                  .items = value_map_get(items, value_chars(name)) }))
            buffer_addf(&unknown, "%s%s", unknown.len ? "," : "",
                        value_is_string(name) ? value_chars(name) : "?");
    }
    if (unknown.len)
        return error_set(err, -EINVAL, "Unable to rerun workflow because one or more tasks is not found: %s",
                         buffer_text(&unknown));
    return 0;
}

/* ---- workflows below ---- */

struct descent {
    struct engine *engine;
    struct workflow *workflow;
    const struct reruns *reruns;
    const struct task_row *row;
    value
        deep; /* key -> id of the execution to go on with; a later run of the task takes the place of an earlier one */
    struct error *err;
};

static char *deep_key(const char *task, int64_t route, int64_t item)
{
    return xasprintf("%s %" PRId64 " %" PRId64, task, route, item);
}

/* Failed, and begun: only then is there something to go on from. */
static bool can_go_on(struct engine *engine, const struct execution_row *row)
{
    struct workflow_row workflow;

    if (row->status == EXECUTION_SUCCEEDED || !execution_status_completed(row->status) ||
        store_workflow_of_execution(store_as_reader(engine->config.store), row->seq, &workflow, NULL) != 0)
        return false;
    workflow_row_release(&workflow);
    return true;
}

static int on_child(void *data, int64_t item, int64_t execution, const char *told)
{
    struct descent *descent = data;
    struct store_reader *reader = store_as_reader(descent->engine->config.store);
    CLEANUP(freep)
    char *key = deep_key(descent->row->name, descent->row->route, item);
    struct execution_row row;
    char id[OBJECT_ID_SIZE];
    int r = execution ? store_execution_get(reader, execution, 0, &row, descent->err) : STORE_NOT_FOUND;

    if (r != 0)
        return r < 0 ? r : 0;
    if (can_go_on(descent->engine, &row)) {
        engine_format_id(descent->engine, execution, id);
        value_map_put(&descent->deep, key, value_text(id));
    } else {
        value_map_remove(&descent->deep, key);
    }
    execution_row_release(&row);
    return 0;
}

static int on_task(void *data, struct task_row *row)
{
    struct descent *descent = data;

    for (size_t i = 0; i < descent->reruns->n; i++)
        if (descent->reruns->items[i].route == row->route &&
            strcmp(descent->reruns->items[i].task, row->name) == 0) {
            descent->row = row;
            return store_task_children(store_as_reader(descent->engine->config.store), row->seq, on_child,
                                       descent, descent->err);
        }
    return 0;
}

/* Notes which workflows below go on. */
static int descend(struct engine *engine, struct workflow *workflow, const struct reruns *reruns,
                   struct error *err)
{
    struct descent descent = { .engine = engine, .workflow = workflow, .reruns = reruns, .err = err };
    int r;

    descent.deep = value_map_new(2);
    r = store_tasks(store_as_reader(engine->config.store), workflow->row.seq, false, on_task, &descent, err);
    if (r == 0)
        value_map_put(&workflow->row.more, "deep", descent.deep);
    else
        value_unref(descent.deep);
    return r < 0 ? r : 0;
}

value workflow_take_deep(struct workflow *workflow, const struct task_run *run, int64_t item)
{
    value deep = value_map_get(workflow->row.more, "deep"), rerun = VALUE_NOTHING, rest;
    CLEANUP(freep)
    char *key = deep_key(run->row.name, run->route, item);

    if (!value_map_has(deep, key))
        return VALUE_NOTHING;
    rerun = value_map_new(2);
    value_map_put(&rerun, "ref", value_ref(value_map_get(deep, key)));
    value_map_put(&rerun, "deep", value_bool(true));
    rest = value_ref(deep);
    value_map_remove(&rest, key);
    value_map_put(&workflow->row.more, "deep", rest);
    return rerun;
}

/* ---- the rerun ---- */

/* Without names: what ended it. The list must live as long as the reruns. */
static void reruns_ends(struct reruns *reruns, value ends)
{
    VALUE_LIST_EACH (i, end, ends)
        reruns_add(reruns, &(struct conductor_rerun){ .task = value_map_chars(end, "task") },
                   value_map_int(end, "route", 0));
}

enum { RERUN_REFUSED = 1 };

/* RERUN_REFUSED: `reason` says why, and nothing has changed. */
static int rerun(struct engine *engine, struct workflow *workflow, value options, struct error *reason,
                 struct error *err)
{
    struct reruns reruns = { 0 };
    char id[OBJECT_ID_SIZE];
    VALUE_AUTO(ends);
    int r;

    engine_format_id(engine, workflow->row.seq, id);
    if (!status_in(conductor_status(workflow->conductor), STATUS_COMPLETED)) {
        error_set(reason, -EINVAL,
                  "Unable to rerun workflow execution \"%s\" because it is not in a completed state.", id);
        return RERUN_REFUSED;
    }
    r = collect(workflow, options, &reruns, reason);
    if (r == 0 && !reruns.n) {
        ends = conductor_unfinished(workflow->conductor);
        reruns_ends(&reruns, ends);
    }
    workflow_prepare(engine, workflow);
    if (r == 0)
        r = conductor_rerun(workflow->conductor, reruns.items, reruns.n, reason);
    if (r < 0)
        r = RERUN_REFUSED;
    else if (value_map_bool(options, "deep", false))
        r = descend(engine, workflow, &reruns, err);
    free(reruns.items);
    return r;
}

/* Says why there is no workflow to go on with: what was run is gone, or never became a workflow. */
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
    return RERUN_REFUSED;
}

int workflow_rerun(struct engine *engine, struct execution *x, struct error *err)
{
    value options = value_map_get(x->row.more, "rerun");
    const char *ref = value_map_chars(options, "ref");
    uint64_t store = store_id(store_as_reader(engine->config.store));
    struct workflow *workflow = NULL;
    ERROR_AUTO(reason);
    int64_t seq = 0;
    int r = ref && object_id_parse(store, ref, &seq) ? workflow_find(engine, seq, &workflow, err)
                                                     : STORE_NOT_FOUND;

    if (r == STORE_NOT_FOUND)
        r = no_workflow(engine, seq, &reason, err);
    else if (r == 0)
        r = rerun(engine, workflow, options, &reason, err);
    if (r != 0)
        return r < 0 ? r : workflow_end_with_text(engine, x, error_text(&reason), err);
    workflow_hand_over(engine, workflow, x);
    value_map_remove(&workflow->row.more, "stopped");
    workflow_limit(engine, workflow, x);
    return workflow_advance(engine, workflow, err);
}
