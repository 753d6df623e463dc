/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow/rehearsal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "workflow/inspect.h"
#include "workflow/rehearsal-internal.h"

/* ---- mocks ---- */

/* How often the action ran before; this run is counted. */
static int64_t run_count(struct rehearsal *rehearsal, const struct conductor_task *task, int64_t item)
{
    BUFFER_AUTO(key);
    int64_t n;

    buffer_addf(&key, "%s.%u.%lld", task->id, task->route, (long long)item);
    n = value_map_int(rehearsal->runs, buffer_text(&key), 0);
    value_map_set_text(&rehearsal->runs, buffer_text(&key), value_int(n + 1));
    return n;
}

static bool mock_fits(value mock, const struct conductor_task *task, int64_t item, int64_t run, int64_t entry)
{
    const char *id = value_map_chars(mock, "task_id");
    int64_t first = value_map_int(mock, "iter_id", 0);

    return id && strcmp(id, task->id) == 0 && value_map_int(mock, "route", 0) == task->route &&
           (!task->has_items || value_map_int(mock, "item_id", -1) == item) &&
           (!value_map_has(mock, "seq_id") || value_map_int(mock, "seq_id", -1) == entry) && run >= first &&
           run < first + value_map_int(mock, "num_iter", 1);
}

/* Status and result of one run of an action; what nobody mocks succeeds with nothing. *ret_result is owned. */
static int mock_find(struct rehearsal *rehearsal, const struct conductor_task *task, int64_t item,
                     int64_t entry, const char **ret_status, value *ret_result, struct error *err)
{
    int64_t run = run_count(rehearsal, task, item);

    *ret_status = "succeeded";
    *ret_result = value_null();
    VALUE_LIST_EACH (i, mock, rehearsal->mocks) {
        const char *status = value_map_chars(mock, "status"), *path = value_map_chars(mock, "result_path");
        value result = value_map_get(mock, "result");

        if (!mock_fits(mock, task, item, run, entry))
            continue;
        if (status)
            *ret_status = status;
        if (path && !rehearsal->files)
            return error_set(err, -ENOENT,
                             "The result path \"%s\" for the mock action execution does not exist.", path);
        if (path)
            return rehearsal->files->read(rehearsal->files->data, path, ret_result, err);
        *ret_result = value_is_set(result) ? value_ref(result) : value_null();
        return 0;
    }
    return 0;
}

/* Mocks that can never fit are told beforehand. */
static void mocks_check(struct rehearsal *rehearsal)
{
    const struct workflow_spec *spec = rehearsal->spec;

    VALUE_LIST_EACH (i, mock, rehearsal->mocks) {
        const char *id = value_map_chars(mock, "task_id");
        int64_t task = id ? workflow_spec_find(spec, id) : -1;
        value message = VALUE_NOTHING;
        BUFFER_AUTO(path);

        if (!id)
            message = value_textf("The mock action execution %zu has no \"task_id\".", i);
        else if (task < 0)
            message = value_textf("The mock action execution %zu is for task \"%s\", which the workflow "
                                  "does not have.",
                                  i, id);
        else if (spec->tasks[task].has_items && !value_map_has(mock, "item_id"))
            message =
                value_textf("Mock action execution for with items task \"%s\" is misssing \"item_id\".", id);
        if (!value_is_set(message))
            continue;
        buffer_addf(&path, "mock_action_executions.%zu", i);
        rehearsal_differ(rehearsal, buffer_text(&path), message);
    }
}

/* ---- rounds ---- */

static int tell(struct rehearsal *rehearsal, const struct conductor_task *task, const char *status,
                value result, int64_t item, value accumulated, struct error *err)
{
    struct conductor_event event = { status, result, item >= 0, item, accumulated };

    return conductor_task_event(rehearsal->conductor, task->id, task->route, &event, err);
}

static int task_start(struct rehearsal *rehearsal, const struct conductor_task *task, struct error *err)
{
    int r = 0;

    if (!task->has_items || task->items_count == 0)
        return tell(rehearsal, task, "running", value_null(), -1, VALUE_NOTHING, err);
    VALUE_LIST_EACH (i, action, task->actions)
        if (r == 0)
            r = tell(rehearsal, task, "running", value_null(), value_map_int(action, "item_id", 0),
                     VALUE_NOTHING, err);
    return r;
}

static int64_t entries_count(const struct rehearsal *rehearsal)
{
    VALUE_AUTO(report);

    report = conductor_report(rehearsal->conductor);
    return (int64_t)value_list_count(value_map_get(report, "sequence"));
}

static int task_end(struct rehearsal *rehearsal, const struct conductor_task *task, value *results,
                    struct error *err)
{
    int64_t entry = value_list_count(rehearsal->mocks) ? entries_count(rehearsal) - 1 : 0;
    int r = 0;

    if (!task->has_items || task->items_count == 0) {
        const char *status;
        VALUE_AUTO(result);

        r = mock_find(rehearsal, task, -1, entry, &status, &result, err);
        if (r < 0)
            return r;
        rehearsal_remember(rehearsal, task, -1, status, result);
        rehearsal->telling = task;
        r = tell(rehearsal, task, status, result, -1, VALUE_NOTHING, err);
        rehearsal->telling = NULL;
        return r;
    }
    while (value_list_count(*results) < task->items_count)
        value_list_append(results, value_null());
    VALUE_LIST_EACH (i, action, task->actions) {
        int64_t item = value_map_int(action, "item_id", 0);
        const char *status;
        value result = VALUE_NOTHING;

        if (r == 0)
            r = mock_find(rehearsal, task, item, entry, &status, &result, err);
        if (r < 0)
            break;
        value_list_set(results, (size_t)item, value_ref(result));
        rehearsal_remember(rehearsal, task, item, status, result);
        r = tell(rehearsal, task, status, result, item, *results, err);
        value_unref(result);
    }
    return r;
}

/* Everything on offer is started, then everything is ended, in order. */
static int round_make(struct rehearsal *rehearsal, value *results, bool *done, struct error *err)
{
    struct conductor_tasks tasks = { 0 };
    int64_t longest = 0;
    int r = conductor_next(rehearsal->conductor, &tasks, err);

    *done = tasks.n_items == 0;
    for (size_t i = 0; i < tasks.n_items && r == 0; i++) {
        r = task_start(rehearsal, &tasks.items[i], err);
        if (tasks.items[i].delay.kind == VALUE_INT && tasks.items[i].delay.integer > longest)
            longest = tasks.items[i].delay.integer;
    }
    if (longest > INT32_MAX)
        longest = INT32_MAX;
    rehearsal->now_us += longest * 1000000;
    rehearsal_set_environment(rehearsal);
    for (size_t i = 0; i < tasks.n_items && r == 0; i++) {
        BUFFER_AUTO(key);
        value so_far;

        buffer_addf(&key, "%s.%u", tasks.items[i].id, tasks.items[i].route);
        so_far = value_ref(value_map_get(*results, buffer_text(&key)));
        if (!value_is_set(so_far))
            so_far = value_list_new(4);
        r = task_end(rehearsal, &tasks.items[i], &so_far, err);
        value_map_set_text(results, buffer_text(&key), so_far);
    }
    conductor_tasks_release(&tasks);
    return r;
}

static int rounds_make(struct rehearsal *rehearsal, struct error *err)
{
    VALUE_AUTO(results);
    bool done = false;
    int r = 0;

    results = value_map_new(4);
    for (int i = 0; r == 0 && !done; i++) {
        if (i == REHEARSAL_ROUNDS_MAX)
            return error_set(err, -E2BIG, "The workflow does not end within %d rounds.",
                             REHEARSAL_ROUNDS_MAX);
        r = round_make(rehearsal, &results, &done, err);
    }
    return r < 0 ? r : conductor_render_output(rehearsal->conductor, err);
}

/* ---- beginnings ---- */

static int begin_anew(struct rehearsal *rehearsal, value test, struct error *err)
{
    int r;

    rehearsal->conductor =
        conductor_new(rehearsal->spec, rehearsal->graph, value_map_get(test, "inputs"), value_null());
    rehearsal_set_environment(rehearsal);
    r = conductor_start(rehearsal->conductor, err);
    if (r == 0 && conductor_status(rehearsal->conductor) != STATUS_FAILED)
        r = conductor_request(rehearsal->conductor, "running", err);
    return r;
}

/* The tasks to run again; none: whatever failed last. */
static int rerun(struct rehearsal *rehearsal, value tasks, struct error *err)
{
    size_t n = value_list_count(tasks);
    CLEANUP(freep)
    struct conductor_rerun *requests = xcalloc(n + 1, sizeof(*requests));

    VALUE_LIST_EACH (i, task, tasks) {
        requests[i] = (struct conductor_rerun){ .task = value_map_chars(task, "task_id"),
                                                .route = value_map_int(task, "route", 0),
                                                .reset_items = value_map_bool(task, "reset_items", false),
                                                .items = value_map_get(task, "items") };
        if (!requests[i].task)
            return error_set(err, -EINVAL, "The task %zu of \"rerun_tasks\" has no \"task_id\".", i);
    }
    return conductor_rerun(rehearsal->conductor, requests, n, err);
}

/* A workflow that was over is run again, one that was paused goes on. */
static int begin_from_state(struct rehearsal *rehearsal, value saved, value tasks, struct error *err)
{
    int r;

    rehearsal->conductor = conductor_new(rehearsal->spec, rehearsal->graph, value_map_get(saved, "input"),
                                         value_map_get(saved, "context"));
    rehearsal_set_environment(rehearsal);
    r = conductor_restore(rehearsal->conductor, saved, err);
    if (r < 0)
        return error_prefix(err, r, "workflow_state");
    if (status_in(conductor_status(rehearsal->conductor), STATUS_COMPLETED) || value_list_count(tasks) > 0)
        return rerun(rehearsal, tasks, err);
    if (conductor_status(rehearsal->conductor) == STATUS_PAUSED)
        return conductor_request(rehearsal->conductor, "resuming", err);
    return 0;
}

/* ---- the whole ---- */

static value outcome(struct rehearsal *rehearsal)
{
    value v = value_map_new(10);

    value_map_put(&v, "passed", value_bool(value_list_count(rehearsal->differences) == 0));
    value_map_put(&v, "differences", value_ref(rehearsal->differences));
    return v;
}

/* [{id, route, status}], each run of a task. Owned. */
static value tasks_of(value report)
{
    static const char *const parts[] = { "id", "route", "status" };
    value tasks = value_list_new(8), sequence = value_map_get(report, "sequence");

    VALUE_LIST_EACH (i, entry, sequence) {
        value task = value_map_new(ELEMENTS(parts));

        for (size_t k = 0; k < ELEMENTS(parts); k++)
            value_map_set_text(&task, parts[k], value_ref(value_map_get(entry, parts[k])));
        value_list_append(&tasks, task);
    }
    return tasks;
}

static value outcome_played(struct rehearsal *rehearsal, value test)
{
    static const char *const parts[] = { "status", "routes", "errors", "output" };
    VALUE_AUTO(report);
    value v;

    report = conductor_report(rehearsal->conductor);
    rehearsal_compare(rehearsal, test, report);
    v = outcome(rehearsal);
    for (size_t i = 0; i < ELEMENTS(parts); i++)
        value_map_set_text(&v, parts[i], value_ref(value_map_get(report, parts[i])));
    value_map_put(&v, "sequence", rehearsal_names(report, false));
    value_map_put(&v, "term_tasks", rehearsal_names(report, true));
    value_map_put(&v, "tasks", tasks_of(report));
    value_map_put(&v, "elapsed_s", value_int(rehearsal->now_us / 1000000));
    value_map_put(&v, "coverage", rehearsal_coverage(rehearsal, report));
    if (value_map_bool(test, "save_state", false))
        value_map_put(&v, "saved", conductor_save(rehearsal->conductor));
    return v;
}

static int rehearse_inspection(struct rehearsal *rehearsal, value test, value *ret, struct error *err)
{
    value findings = VALUE_NOTHING, wanted = value_map_get(test, "expected_inspection_errors");
    int r = workflow_inspect(rehearsal->spec, value_null(), &findings, err);

    if (r < 0)
        return r;
    rehearsal_compare_findings(rehearsal, wanted, findings);
    *ret = outcome(rehearsal);
    value_map_put(ret, "inspection", findings);
    return 0;
}

static int rehearse(struct rehearsal *rehearsal, value test, value *ret, struct error *err)
{
    value saved = value_map_get(test, "workflow_state");
    int r;

    if (value_truth(value_map_get(test, "expected_inspection_errors")))
        return rehearse_inspection(rehearsal, test, ret, err);
    if (!value_is_list(value_map_get(test, "expected_task_sequence")))
        return error_set(err, -EINVAL, "The test has no \"expected_task_sequence\".");
    mocks_check(rehearsal);
    if (value_list_count(rehearsal->differences) > 0) {
        *ret = outcome(rehearsal);
        return 0;
    }
    r = workflow_graph_new(rehearsal->spec, &rehearsal->graph, err);
    if (r < 0)
        return r;
    r = value_is_set(saved) ? begin_from_state(rehearsal, saved, value_map_get(test, "rerun_tasks"), err)
                            : begin_anew(rehearsal, test, err);
    if (r == 0)
        r = rounds_make(rehearsal, err);
    if (r == 0)
        *ret = outcome_played(rehearsal, test);
    return r;
}

int workflow_rehearse(const struct workflow_spec *spec, value test, const struct rehearsal_files *files,
                      value *ret, struct error *err)
{
    struct rehearsal rehearsal = { .spec = spec,
                                   .files = files,
                                   .mocks = value_map_get(test, "mock_action_executions"),
                                   .datastore = value_map_get(test, "datastore") };
    int r;

    rehearsal.answers = value_map_new(8);
    rehearsal.runs = value_map_new(8);
    rehearsal.differences = value_list_new(0);
    r = rehearse(&rehearsal, test, ret, err);
    conductor_free(rehearsal.conductor);
    workflow_graph_free(rehearsal.graph);
    value_unref(rehearsal.runs);
    value_unref(rehearsal.answers);
    value_unref(rehearsal.differences);
    return r;
}
