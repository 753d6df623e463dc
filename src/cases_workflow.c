/* SPDX-License-Identifier: Apache-2.0 */
#include "cases_workflow.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "workflow/conductor.h"
#include "workflow/inspect.h"

static value error_value(const struct error *err)
{
    value v = value_map_new(2);

    value_map_put(&v, "class", value_text(err->kind ? err->kind : "Exception"));
    value_map_put(&v, "message", value_text(error_text(err)));
    return v;
}

static value error_outcome(const struct error *err)
{
    value outcome = value_map_new(1);

    value_map_put(&outcome, "error", error_value(err));
    return outcome;
}

static int spec_of(value line, struct workflow_spec **ret, struct error *err)
{
    value text = value_map_get(line, "definition");

    return workflow_spec_load_text(value_is_string(text) ? value_chars(text) : "", value_len(text), 0, ret,
                                   err);
}

value cases_inspect(value line)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    ERROR_AUTO(err);
    value outcome, errors = VALUE_NOTHING;

    if (spec_of(line, &spec, &err) < 0 ||
        workflow_inspect(spec, value_map_get(line, "context"), &errors, &err) < 0)
        return error_outcome(&err);
    outcome = value_map_new(1);
    value_map_put(&outcome, "errors", errors);
    return outcome;
}

value cases_graph(value line)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    CLEANUP(workflow_graph_freep)
    struct workflow_graph *graph = NULL;
    ERROR_AUTO(err);
    value outcome;

    if (spec_of(line, &spec, &err) < 0 || workflow_graph_new(spec, &graph, &err) < 0)
        return error_outcome(&err);
    outcome = value_map_new(1);
    value_map_put(&outcome, "graph", workflow_graph_value(graph));
    return outcome;
}

/* ---- conducting ---- */

struct saved {
    value kinds[ROW_ERROR + 1]; /* maps "key.sub" -> row, in the order in which keys were first told */
};

struct play {
    struct workflow_spec *spec;
    struct workflow_graph *graph;
    struct conductor *conductor;
    value inputs, context;
    struct saved saved;
    size_t n_errors;
};

static void rows_forget_items(value *rows, int64_t staged)
{
    BUFFER_AUTO(prefix);

    buffer_addf(&prefix, "%lld.", (long long)staged);
    for (size_t i = value_map_count(*rows); i-- > 0;) {
        const char *key = value_chars(value_map_key_at(*rows, i));

        if (strncmp(key, prefix.data, prefix.len) == 0)
            value_map_remove(rows, key);
    }
}

/* The table says what the state is after each step when it is saved and read back; so it is. */
static void row_save(void *data, const struct conductor_row *row)
{
    struct saved *saved = data;
    value *rows = &saved->kinds[row->kind];
    BUFFER_AUTO(key);

    if (!value_is_set(*rows))
        *rows = value_map_new(8);
    buffer_addf(&key, "%lld.%lld", (long long)row->key, (long long)row->sub);
    if (row->kind == ROW_ITEM && row->sub < 0) {
        rows_forget_items(rows, row->key);
    } else if (value_is_set(row->data)) {
        value_map_set_text(rows, buffer_text(&key), value_ref(row->data));
    } else {
        value_map_remove(rows, buffer_text(&key));
        if (row->kind == ROW_STAGED)
            rows_forget_items(&saved->kinds[ROW_ITEM], row->key);
    }
}

static int compare_rows(const void *a, const void *b)
{
    const struct conductor_row *x = a, *y = b;

    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->sub < y->sub ? -1 : x->sub > y->sub;
}

static int rows_load(struct play *play, struct conductor *conductor, struct error *err)
{
    for (int kind = 0; kind <= ROW_ERROR; kind++) {
        value rows = play->saved.kinds[kind];
        struct conductor_row *sorted = xcalloc(value_map_count(rows) + 1, sizeof(*sorted));
        size_t n = 0;
        int r = 0;

        VALUE_MAP_EACH (i, rows) {
            long long key, sub;

            sscanf(value_chars(value_map_key_at(rows, i)), "%lld.%lld", &key, &sub);
            sorted[n++] =
                (struct conductor_row){ (enum conductor_row_kind)kind, key, sub, value_map_item_at(rows, i) };
        }
        qsort(sorted, n, sizeof(*sorted), compare_rows);
        for (size_t i = 0; i < n && r == 0; i++)
            r = conductor_load_row(conductor, &sorted[i], err);
        free(sorted);
        if (r < 0)
            return r;
    }
    return 0;
}

static int play_reload(struct play *play, struct error *err)
{
    struct conductor *fresh;
    int r;

    conductor_changes(play->conductor, row_save, &play->saved);
    fresh = conductor_new(play->spec, play->graph, play->inputs, play->context);
    r = rows_load(play, fresh, err);
    conductor_free(play->conductor);
    play->conductor = fresh;
    return r;
}

static value public_variables(value context)
{
    value variables = value_map_new(value_map_count(context));

    VALUE_MAP_EACH (i, context) {
        value name = value_map_key_at(context, i);

        if (!value_is_string(name) || strncmp(value_chars(name), "__", 2) != 0)
            value_map_set(&variables, value_ref(name), value_ref(value_map_item_at(context, i)));
    }
    return variables;
}

static value task_value(const struct conductor_task *task)
{
    value v = value_map_new(7);

    value_map_put(&v, "id", value_text(task->id));
    value_map_put(&v, "route", value_int(task->route));
    value_map_put(&v, "ctx", public_variables(task->context));
    value_map_put(&v, "actions", value_ref(task->actions));
    if (value_is_set(task->delay))
        value_map_put(&v, "delay", value_ref(task->delay));
    if (task->has_items) {
        value_map_put(&v, "items_count", value_int(task->items_count));
        value_map_put(&v, "concurrency", value_ref(task->concurrency));
    }
    return v;
}

static int step_next(struct play *play, value step, value *entry, struct error *err)
{
    struct conductor_tasks tasks = { 0 };
    value list;
    int r = conductor_next(play->conductor, &tasks, err);

    if (r < 0)
        return r;
    list = value_list_new(tasks.n_items);
    for (size_t i = 0; i < tasks.n_items; i++)
        value_list_append(&list, task_value(&tasks.items[i]));
    value_map_put(entry, "tasks", list);
    conductor_tasks_release(&tasks);
    return 0;
}

static int step_start(struct play *play, value step, value *entry, struct error *err)
{
    return conductor_start(play->conductor, err);
}

static int step_request(struct play *play, value step, value *entry, struct error *err)
{
    const char *status = value_map_chars(step, "status");

    return conductor_request(play->conductor, status ? status : "", err);
}

static int step_task(struct play *play, value step, value *entry, struct error *err)
{
    const char *task = value_map_chars(step, "task"), *status = value_map_chars(step, "status");
    value accumulated = value_map_get(step, "accumulated");
    struct conductor_event event = {
        .status = status ? status : "",
        .result = value_map_get(step, "result"),
        .is_item = value_map_has(step, "item"),
        .item = value_map_int(step, "item", 0),
        .accumulated = accumulated,
    };

    return conductor_task_event(play->conductor, task ? task : "", value_map_int(step, "route", 0), &event,
                                err);
}

static int step_output(struct play *play, value step, value *entry, struct error *err)
{
    int r = conductor_render_output(play->conductor, err);

    if (r == 0)
        value_map_put(entry, "output", value_ref(conductor_output(play->conductor)));
    return r;
}

static int step_rerun(struct play *play, value step, value *entry, struct error *err)
{
    value tasks = value_map_get(step, "tasks");
    struct conductor_rerun *requests = xcalloc(value_list_count(tasks) + 1, sizeof(*requests));
    size_t n = 0;
    int r;

    VALUE_LIST_EACH (i, item, tasks) {
        const char *task = value_map_chars(item, "task");

        requests[n++] = (struct conductor_rerun){ task ? task : "", value_map_int(item, "route", 0),
                                                  value_map_bool(item, "reset", false), VALUE_NOTHING };
    }
    r = conductor_rerun(play->conductor, requests, n, err);
    free(requests);
    return r;
}

static int step_fail(struct play *play, value step, value *entry, struct error *err)
{
    value error = value_map_get(step, "error");
    const char *class = value_map_chars(error, "class"), *message = value_map_chars(error, "message");

    return conductor_fail(play->conductor, class ? class : "", message ? message : "",
                          value_map_chars(step, "task"), value_map_int(step, "route", 0), err);
}

static const struct step {
    const char *op;
    int (*take)(struct play *play, value step, value *entry, struct error *err);
} steps[] = {
    { "start", step_start },   { "request", step_request }, { "next", step_next }, { "task", step_task },
    { "output", step_output }, { "rerun", step_rerun },     { "fail", step_fail },
};

static value step_play(struct play *play, value step)
{
    const char *op = value_map_chars(step, "op");
    value entry = value_map_new(4);
    ERROR_AUTO(err);
    int r = -EINVAL;

    for (size_t i = 0; op && i < ELEMENTS(steps); i++)
        if (strcmp(steps[i].op, op) == 0)
            r = steps[i].take(play, step, &entry, &err);
    if (r == 0)
        r = play_reload(play, &err);
    if (r < 0)
        value_map_put(&entry, "error", error_value(&err));
    value_map_put(&entry, "status", value_text(status_name(conductor_status(play->conductor))));
    if (op && strcmp(op, "task") == 0) {
        const char *task = value_map_chars(step, "task");
        int status =
            conductor_task_status(play->conductor, task ? task : "", value_map_int(step, "route", 0));

        value_map_put(&entry, "task",
                      status < 0 ? value_null() : value_text(status_name((enum workflow_status)status)));
    }
    if (conductor_errors_count(play->conductor) != play->n_errors) {
        play->n_errors = conductor_errors_count(play->conductor);
        value_map_put(&entry, "errors", value_int((int64_t)play->n_errors));
    }
    return entry;
}

static value never_started(const struct error *err)
{
    value outcome = value_map_new(2), log = value_list_new(1), final = value_map_new(1);

    value_list_append(&log, error_outcome(err));
    value_map_put(&final, "status", value_null());
    value_map_put(&outcome, "log", log);
    value_map_put(&outcome, "final", final);
    return outcome;
}

value cases_conduct(value line)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    CLEANUP(workflow_graph_freep)
    struct workflow_graph *graph = NULL;
    struct play play = { .inputs = value_map_get(line, "inputs"), .context = value_map_get(line, "context") };
    value outcome, log, script = value_map_get(line, "script");
    ERROR_AUTO(err);

    if (spec_of(line, &spec, &err) < 0 || workflow_graph_new(spec, &graph, &err) < 0)
        return never_started(&err);
    play.spec = spec;
    play.graph = graph;
    play.conductor = conductor_new(spec, graph, play.inputs, play.context);
    outcome = value_map_new(2);
    log = value_list_new(value_list_count(script));
    VALUE_LIST_EACH (i, step, script)
        value_list_append(&log, step_play(&play, step));
    value_map_put(&outcome, "log", log);
    value_map_put(&outcome, "final", conductor_report(play.conductor));
    conductor_free(play.conductor);
    for (int kind = 0; kind <= ROW_ERROR; kind++)
        value_unref(play.saved.kinds[kind]);
    return outcome;
}
