/* SPDX-License-Identifier: Apache-2.0 */
/* What task() gives: a run of a task of the workflow that is being conducted. It is asked for in the middle of a batch, so what
   memory knows comes first: the run that the conductor is being told of, then runs that are open, then the store. */
#include <stdlib.h>

#include "base/mem.h"
#include "value/python.h"
#include "workflows-internal.h"

struct lookup {
    struct engine *engine;
    bool has_items;
    value result; /* with items the list of them */
    struct error *err;
};

/* {status, result} of an item that has begun. */
static int add_item(struct lookup *lookup, size_t at, const char *status, value result)
{
    value item = value_map_new(2);

    value_map_put(&item, "status", value_text(status));
    value_map_put(&item, "result", result);
    while (value_list_count(lookup->result) < at)
        value_list_append(&lookup->result, value_null());
    value_list_append(&lookup->result, item);
    return 0;
}

/* A child as the store has it. */
static int stored_child(void *data, int64_t item, int64_t execution, const char *told)
{
    struct lookup *lookup = data;
    value result = VALUE_NOTHING;
    int r;

    if (item < 0 || item >= CONDUCTOR_ITEMS_MAX)
        return 0;
    r = execution_result(lookup->engine, execution, &result, lookup->err);
    if (r < 0)
        return r;
    if (lookup->has_items)
        return add_item(lookup, (size_t)item, told ? told : "requested", result);
    value_replace(&lookup->result, result);
    return 0;
}

static int known_children(struct lookup *lookup, const struct task_run *run)
{
    for (size_t i = 0; i < run->n; i++) {
        const struct task_child *child = &run->children[i];
        value result = value_list_at(run->results, i);
        int r = 0;

        if (!child->execution)
            continue;
        if (!run->has_items)
            r = stored_child(lookup, 0, child->execution, child->told);
        else
            r = add_item(lookup, i, child->told ? child->told : "requested",
                         value_is_set(result) ? value_ref(result) : value_null());
        if (r < 0)
            return r;
    }
    return 0;
}

static value timestamp(int64_t us)
{
    VALUE_AUTO(v);

    v = us ? value_datetime_new(us, true, 0) : value_null();
    return python_str_value(v);
}

/* Takes the result. */
static value document(struct engine *engine, const struct task_row *row, const char *status, int64_t end_us,
                      value result)
{
    value v = value_map_new(9);
    char id[OBJECT_ID_SIZE];

    engine_format_id(engine, row->seq, id);
    value_map_put(&v, "task_execution_id", value_text(id));
    engine_format_id(engine, row->workflow, id);
    value_map_put(&v, "workflow_execution_id", value_text(id));
    value_map_put(&v, "task_name", value_text(row->name));
    value_map_put(&v, "task_id", value_text(row->name));
    value_map_put(&v, "route", value_int(row->route));
    value_map_put(&v, "result", result);
    value_map_put(&v, "status", value_text(status));
    value_map_put(&v, "start_timestamp", timestamp(row->start_us));
    value_map_put(&v, "end_timestamp", timestamp(end_us));
    return v;
}

static value lookup_result(struct lookup *lookup, size_t n)
{
    value result = value_is_set(lookup->result) ? value_take(&lookup->result) : value_null(), v;

    if (!lookup->has_items)
        return result;
    while (value_list_count(result) < n)
        value_list_append(&result, value_null());
    v = value_map_new(1);
    value_map_put(&v, "items", result);
    return v;
}

static int open_run(struct lookup *lookup, const struct task_run *run, value *ret)
{
    const struct conductor_event *event = run->telling;
    bool own = event && !event->is_item;
    int status = own ? execution_status_from_text(event->status) : -1, r = 0;
    bool ends = status >= 0 && execution_status_completed((enum execution_status)status);

    if (event && !run->has_items)
        lookup->result = value_ref(event->result);
    else
        r = known_children(lookup, run);
    if (r == 0)
        *ret = document(lookup->engine, &run->row, own ? event->status : run->row.status,
                        ends ? lookup->engine->now_us : run->row.end_us, lookup_result(lookup, run->n));
    return r;
}

static int stored_run(struct lookup *lookup, struct workflow *workflow, const char *name, int64_t route,
                      value *ret)
{
    struct store_reader *reader = store_as_reader(lookup->engine->config.store);
    struct task_row row = { 0 };
    int r = store_task_latest(reader, workflow->row.seq, name, route, &row, lookup->err);

    if (r == STORE_NOT_FOUND)
        return 0;
    if (r == 0) {
        lookup->has_items = row.items >= 0;
        if (lookup->has_items)
            lookup->result = value_list_new(0);
        r = store_task_children(reader, row.seq, stored_child, lookup, lookup->err);
    }
    if (r == 0)
        *ret = document(lookup->engine, &row, row.status, row.end_us,
                        lookup_result(lookup, row.items > 0 ? (size_t)row.items : 0));
    task_row_release(&row);
    return r;
}

static int task_get(void *data, const char *id, int64_t route, value *ret, struct error *err)
{
    struct workflow *workflow = data;
    int64_t number = workflow_spec_find(workflow->definition->spec, id);
    struct lookup lookup = { .engine = workflow->engine, .err = err };
    struct task_run *run;
    int r;

    if (number < 0 || route < 0 || route > UINT32_MAX)
        return 0;
    run = task_run_find(workflow, (uint32_t)number, (uint32_t)route);
    if (run) {
        lookup.has_items = run->has_items;
        if (run->has_items)
            lookup.result = value_list_new(run->n);
        r = open_run(&lookup, run, ret);
    } else {
        r = stored_run(&lookup, workflow, id, route, ret);
    }
    value_unref(lookup.result);
    return r;
}

void workflow_lookup_host(struct workflow *workflow)
{
    workflow->host.task_get = task_get;
    workflow->host.task_data = workflow;
}
