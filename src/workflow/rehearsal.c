/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow/rehearsal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "value/python.h"
#include "workflow/conductor.h"
#include "workflow/inspect.h"

struct rehearsal {
    const struct workflow_spec *spec;
    struct workflow_graph *graph;
    struct conductor *conductor;
    const struct rehearsal_files *files;
    value mocks;       /* list */
    value runs;        /* map "task.route.item" -> how often it ran */
    value differences; /* list of text */
    int64_t now_us;
};

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

static int mocks_check(const struct workflow_spec *spec, value mocks, struct error *err)
{
    VALUE_LIST_EACH (i, mock, mocks) {
        const char *id = value_map_chars(mock, "task_id");
        int64_t task = id ? workflow_spec_find(spec, id) : -1;

        if (!id)
            return error_set(err, -EINVAL, "The mock action execution %zu has no \"task_id\".", i);
        if (task >= 0 && spec->tasks[task].has_items && !value_map_has(mock, "item_id"))
            return error_set(err, -EINVAL,
                             "Mock action execution for with items task \"%s\" is misssing \"item_id\".", id);
    }
    return 0;
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
        return r < 0 ? r : tell(rehearsal, task, status, result, -1, VALUE_NOTHING, err);
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
    conductor_set_environment(rehearsal->conductor,
                              &(struct conductor_environment){ .now_us = rehearsal->now_us });
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
    int r = conductor_start(rehearsal->conductor, err);

    results = value_map_new(4);
    if (r == 0 && conductor_status(rehearsal->conductor) != STATUS_FAILED)
        r = conductor_request(rehearsal->conductor, "running", err);
    for (int i = 0; r == 0 && !done; i++) {
        if (i == REHEARSAL_ROUNDS_MAX)
            return error_set(err, -E2BIG, "The workflow does not end within %d rounds.",
                             REHEARSAL_ROUNDS_MAX);
        r = round_make(rehearsal, &results, &done, err);
    }
    return r < 0 ? r : conductor_render_output(rehearsal->conductor, err);
}

/* ---- comparing ---- */

static void differ(struct rehearsal *rehearsal, const char *what, value actual, value expected)
{
    BUFFER_AUTO(text);

    buffer_addf(&text, "The actual %s ", what);
    python_repr(&text, actual);
    buffer_add_text(&text, strcmp(what, "task sequence") == 0 ? " does not match expected "
                                                              : " do not match expected ");
    python_repr(&text, expected);
    buffer_add_char(&text, '.');
    value_list_append(&rehearsal->differences, value_text(buffer_text(&text)));
}

/* "task" on the first route, else "task__r1". Owned. */
static value entry_name(value entry)
{
    int64_t route = value_map_int(entry, "route", 0);

    return route ? value_textf("%s__r%lld", value_map_chars(entry, "id"), (long long)route)
                 : value_ref(value_map_get(entry, "id"));
}

static value names_of(value report, bool only_terms)
{
    value names = value_list_new(8), sequence = value_map_get(report, "sequence");

    VALUE_LIST_EACH (i, entry, sequence)
        if (!only_terms || value_map_bool(entry, "term", false))
            value_list_append(&names, entry_name(entry));
    return names;
}

/* "task__r0" and "task" are the same. Owned. */
static value names_normal(value names)
{
    value normal = value_list_new(value_list_count(names));

    VALUE_LIST_EACH (i, name, names) {
        const char *text = value_chars(name);
        size_t n = value_len(name);
        bool first = text && n > 4 && strcmp(text + n - 4, "__r0") == 0;

        value_list_append(&normal, first ? value_text_n(text, n - 4) : value_ref(name));
    }
    return normal;
}

static int compare_names(const void *a, const void *b)
{
    const char *x = value_chars(*(const value *)a), *y = value_chars(*(const value *)b);

    return x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
}

static void names_sort(value *names)
{
    if (value_list_count(*names) > 1)
        qsort(names->list->items, value_list_count(*names), sizeof(value), compare_names);
}

static void compare_status(struct rehearsal *rehearsal, value test)
{
    const char *want = value_map_chars(test, "expected_workflow_status");
    const char *got = status_name(conductor_status(rehearsal->conductor));

    want = want ? want : "succeeded";
    if (strcmp(want, got) != 0)
        value_list_append(
            &rehearsal->differences,
            value_textf("The actual workflow status \"%s\" does not match expected \"%s\".", got, want));
}

static void compare_part(struct rehearsal *rehearsal, value test, const char *expected, const char *what,
                         value actual)
{
    value want = value_map_get(test, expected);

    if (value_is_set(want) && !value_equal(want, actual))
        differ(rehearsal, what, actual, want);
}

static void compare_all(struct rehearsal *rehearsal, value test, value report)
{
    VALUE_AUTO(sequence);
    VALUE_AUTO(wanted);
    VALUE_AUTO(terms);
    VALUE_AUTO(wanted_terms);
    VALUE_AUTO(routes);

    routes = value_ref(value_map_get(test, "expected_routes"));
    if (!value_is_set(routes)) {
        routes = value_list_new(1);
        value_list_append(&routes, value_list_new(0));
    }
    sequence = names_of(report, false);
    wanted = names_normal(value_map_get(test, "expected_task_sequence"));
    if (!value_equal(sequence, wanted))
        differ(rehearsal, "task sequence", sequence, wanted);
    if (!value_equal(routes, value_map_get(report, "routes")))
        differ(rehearsal, "routes", value_map_get(report, "routes"), routes);
    compare_status(rehearsal, test);
    compare_part(rehearsal, test, "expected_errors", "workflow errors", value_map_get(report, "errors"));
    compare_part(rehearsal, test, "expected_output", "workflow output", value_map_get(report, "output"));
    if (!value_map_has(test, "expected_term_tasks"))
        return;
    terms = names_of(report, true);
    names_sort(&terms);
    wanted_terms = names_normal(value_map_get(test, "expected_term_tasks"));
    names_sort(&wanted_terms);
    if (!value_equal(terms, wanted_terms))
        differ(rehearsal, "terminal tasks", terms, wanted_terms);
}

/* ---- coverage ---- */

static value transition_coverage(const struct rehearsal *rehearsal, const struct graph_edge *edge,
                                 value report, size_t *n_taken)
{
    const struct spec_transition *transition = graph_transition(rehearsal->graph, edge);
    value sequence = value_map_get(report, "sequence"), v = value_map_new(6);
    int64_t taken = 0, not_taken = 0;

    VALUE_LIST_EACH (i, entry, sequence) {
        value satisfied = value_map_get_value(value_map_get(entry, "next"), edge->next_id);

        if (satisfied.kind != VALUE_BOOL ||
            !value_text_is(value_map_get(entry, "id"), rehearsal->spec->tasks[edge->from].name))
            continue;
        taken += satisfied.boolean;
        not_taken += !satisfied.boolean;
    }
    *n_taken += taken > 0;
    value_map_put(&v, "task", value_ref(rehearsal->spec->tasks[edge->from].name_value));
    value_map_put(&v, "transition", value_int(edge->ref));
    if (transition->when)
        value_map_put(&v, "when", value_ref(template_source(transition->when)));
    value_map_put(&v, "to", value_ref(rehearsal->spec->tasks[edge->to].name_value));
    value_map_put(&v, "taken", value_int(taken));
    value_map_put(&v, "not_taken", value_int(not_taken));
    return v;
}

static value coverage(const struct rehearsal *rehearsal, value report)
{
    value v = value_map_new(3), all = value_list_new(rehearsal->graph->n_edges);
    size_t n_taken = 0;

    for (uint32_t i = 0; i < rehearsal->graph->n_edges; i++)
        value_list_append(&all,
                          transition_coverage(rehearsal, &rehearsal->graph->edges[i], report, &n_taken));
    value_map_put(&v, "transitions", value_int(rehearsal->graph->n_edges));
    value_map_put(&v, "taken", value_int((int64_t)n_taken));
    value_map_put(&v, "all", all);
    return v;
}

/* ---- the whole ---- */

static value outcome(struct rehearsal *rehearsal)
{
    value v = value_map_new(10);

    value_map_put(&v, "passed", value_bool(value_list_count(rehearsal->differences) == 0));
    value_map_put(&v, "differences", value_ref(rehearsal->differences));
    return v;
}

static value outcome_played(struct rehearsal *rehearsal, value test)
{
    static const char *const parts[] = { "status", "routes", "errors", "output" };
    VALUE_AUTO(report);
    value v, terms;

    report = conductor_report(rehearsal->conductor);
    compare_all(rehearsal, test, report);
    v = outcome(rehearsal);
    for (size_t i = 0; i < ELEMENTS(parts); i++)
        value_map_set_text(&v, parts[i], value_ref(value_map_get(report, parts[i])));
    value_map_put(&v, "sequence", names_of(report, false));
    terms = names_of(report, true);
    names_sort(&terms);
    value_map_put(&v, "term_tasks", terms);
    value_map_put(&v, "elapsed_s", value_int(rehearsal->now_us / 1000000));
    value_map_put(&v, "coverage", coverage(rehearsal, report));
    return v;
}

/* Findings match when each expected one is there with everything it gives. */
static bool finding_matches(value want, value got)
{
    VALUE_MAP_EACH (i, want)
        if (!value_equal(value_map_item_at(want, i), value_map_get_value(got, value_map_key_at(want, i))))
            return false;
    return true;
}

static bool findings_match(value want, value got)
{
    if (value_map_count(want) != value_map_count(got))
        return false;
    VALUE_MAP_EACH (i, want) {
        value entries = value_map_item_at(want, i),
              found = value_map_get_value(got, value_map_key_at(want, i));

        if (value_list_count(entries) != value_list_count(found))
            return false;
        VALUE_LIST_EACH (k, entry, entries)
            if (!finding_matches(entry, value_list_at(found, k)))
                return false;
    }
    return true;
}

static int rehearse_inspection(struct rehearsal *rehearsal, value test, value *ret, struct error *err)
{
    value findings = VALUE_NOTHING, wanted = value_map_get(test, "expected_inspection_errors");
    int r = workflow_inspect(rehearsal->spec, value_null(), &findings, err);

    if (r < 0)
        return r;
    if (!findings_match(wanted, findings))
        differ(rehearsal, "inspection errors", findings, wanted);
    *ret = outcome(rehearsal);
    value_map_put(ret, "inspection", findings);
    return 0;
}

static int rehearse(struct rehearsal *rehearsal, value test, value *ret, struct error *err)
{
    int r;

    if (value_map_has(test, "workflow_state"))
        return error_set(err, -EINVAL, "A rehearsal from a saved workflow state is not supported.");
    if (value_truth(value_map_get(test, "expected_inspection_errors")))
        return rehearse_inspection(rehearsal, test, ret, err);
    if (!value_is_list(value_map_get(test, "expected_task_sequence")))
        return error_set(err, -EINVAL, "The test has no \"expected_task_sequence\".");
    r = mocks_check(rehearsal->spec, rehearsal->mocks, err);
    if (r < 0)
        return r;
    r = workflow_graph_new(rehearsal->spec, &rehearsal->graph, err);
    if (r < 0)
        return r;
    rehearsal->conductor =
        conductor_new(rehearsal->spec, rehearsal->graph, value_map_get(test, "inputs"), value_null());
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
                                   .mocks = value_map_get(test, "mock_action_executions") };
    int r;

    rehearsal.runs = value_map_new(8);
    rehearsal.differences = value_list_new(0);
    r = rehearse(&rehearsal, test, ret, err);
    conductor_free(rehearsal.conductor);
    workflow_graph_free(rehearsal.graph);
    value_unref(rehearsal.runs);
    value_unref(rehearsal.differences);
    return r;
}
