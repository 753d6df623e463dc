/* SPDX-License-Identifier: Apache-2.0 */
/* What the case tables do not say: refused steps, reasons to wait, being stuck, limits of time, saving, rehearsals. */
#include "../unit.h"

#include "base/mem.h"
#include "workflow/conductor.h"
#include "workflow/draw.h"
#include "workflow/rehearsal.h"

struct run {
    struct workflow_spec *spec;
    struct workflow_graph *graph;
    struct conductor *conductor;
};

static struct run run_begin(const char *text)
{
    struct run run = { 0 };
    ERROR_AUTO(err);

    if (workflow_spec_load_text(text, strlen(text), SPEC_EXTENSIONS, &run.spec, &err) < 0 ||
        workflow_graph_new(run.spec, &run.graph, &err) < 0)
        fail_msg("%s", error_text(&err));
    run.conductor = conductor_new(run.spec, run.graph, value_null(), value_null());
    assert_int_equal(conductor_start(run.conductor, NULL), 0);
    assert_int_equal(conductor_request(run.conductor, "running", NULL), 0);
    return run;
}

static void run_end(struct run *run)
{
    conductor_free(run->conductor);
    workflow_graph_free(run->graph);
    workflow_spec_free(run->spec);
}

static int tell(struct run *run, const char *task, const char *status, struct error *err)
{
    struct conductor_event event = { .status = status, .result = value_null() };

    return conductor_task_event(run->conductor, task, 0, &event, err);
}

static void assert_report(const struct conductor *conductor, const char *part, const char *expected)
{
    VALUE_AUTO(report);

    report = conductor_report(conductor);
    assert_json(value_map_get(report, part), expected);
}

static const char diamond[] = "version: 1.0\ntasks:\n  a: {action: x.a, next: [{do: 'b, c'}]}\n"
                              "  b: {action: x.b, next: [{when: '<% succeeded() %>', do: d}]}\n"
                              "  c: {action: x.c, next: [{when: '<% succeeded() %>', do: d}]}\n"
                              "  d: {action: x.d, join: all, delay: 3, timeout: 60}\n";

TEST(refused_step_changes_nothing)
{
    struct run run = run_begin(diamond);
    VALUE_AUTO(before);
    VALUE_AUTO(after);
    ERROR_AUTO(err);

    assert_int_equal(tell(&run, "a", "running", NULL), 0);
    before = conductor_report(run.conductor);
    assert_true(tell(&run, "b", "succeeded", &err) < 0);
    assert_string_equal(err.kind, "InvalidTaskStateEntry");
    assert_true(conductor_request(run.conductor, "resuming", &err) < 0);
    assert_string_equal(err.kind, "InvalidWorkflowStatusTransition");
    after = conductor_report(run.conductor);
    assert_true(value_equal(before, after));
    run_end(&run);
}

TEST(join_says_whom_it_waits_for)
{
    struct run run = run_begin(diamond);
    VALUE_AUTO(waits);

    tell(&run, "a", "running", NULL);
    tell(&run, "a", "succeeded", NULL);
    tell(&run, "b", "running", NULL);
    tell(&run, "c", "running", NULL);
    tell(&run, "b", "succeeded", NULL);
    waits = conductor_waits(run.conductor);
    assert_json(waits, "[{\"task\":\"c\",\"route\":0,\"status\":\"running\",\"reason\":\"runs\"},"
                       "{\"task\":\"d\",\"route\":0,\"status\":\"staged\","
                       "\"reason\":\"joins 2 of 2 tasks and waits for: c\"}]");
    assert_int_equal(conductor_check(run.conductor, NULL), 0);
    run_end(&run);
}

TEST(tasks_tell_their_delay_and_timeout)
{
    struct run run = run_begin(diamond);
    struct conductor_tasks tasks = { 0 };
    static const char *const steps[] = { "a", "b", "c" };

    for (size_t i = 0; i < ELEMENTS(steps); i++) {
        assert_int_equal(tell(&run, steps[i], "running", NULL), 0);
        assert_int_equal(tell(&run, steps[i], "succeeded", NULL), 0);
    }
    assert_int_equal(conductor_next(run.conductor, &tasks, NULL), 0);
    assert_int_equal(tasks.n_items, 1);
    assert_json(tasks.items[0].delay, "3");
    assert_json(tasks.items[0].timeout, "60");
    conductor_tasks_release(&tasks);
    run_end(&run);
}

TEST(rerun_of_nothing_is_told_as_stuck)
{
    struct run run = run_begin("version: 1.0\ntasks:\n  a: {action: x.a}\n");
    ERROR_AUTO(err);

    tell(&run, "a", "running", NULL);
    tell(&run, "a", "succeeded", NULL);
    assert_int_equal(conductor_rerun(run.conductor, NULL, 0, NULL), 0);
    assert_true(conductor_check(run.conductor, &err) < 0);
    assert_string_equal(err.kind, "WorkflowStuckError");
    run_end(&run);
}

static void count_row(void *data, const struct conductor_row *row)
{
    ++*(size_t *)data;
}

TEST(step_tells_only_the_rows_it_changed)
{
    struct run run = run_begin(diamond);
    size_t n = 0;

    conductor_changes(run.conductor, count_row, &n);
    n = 0;
    conductor_changes(run.conductor, count_row, &n);
    assert_int_equal(n, 0);
    tell(&run, "a", "running", NULL);
    conductor_changes(run.conductor, count_row, &n);
    assert_int_equal(n, 2); /* the staged task is gone, its entry is new */
    run_end(&run);
}

TEST(published_maps_show_in_the_contexts_they_were_merged_into)
{
    struct run run = run_begin("version: 1.0\nvars: [{d: {a: 1}}]\ntasks:\n"
                               "  a: {action: x.a, next: [{publish: [{d: {b: 2}}], do: b}]}\n"
                               "  b: {action: x.b}\n"
                               "  z: {action: x.z, input: {d: '<% ctx(d) %>'}}\n");
    struct conductor_tasks tasks = { 0 };

    tell(&run, "a", "running", NULL);
    tell(&run, "a", "succeeded", NULL);
    assert_int_equal(conductor_next(run.conductor, &tasks, NULL), 0);
    assert_int_equal(tasks.n_items, 2);
    conductor_tasks_release(&tasks);
    assert_int_equal(conductor_next(run.conductor, &tasks, NULL), 0);
    assert_json(tasks.items[1].actions, "[{\"action\":\"x.z\",\"input\":{\"d\":{\"a\":1,\"b\":2}}}]");
    conductor_tasks_release(&tasks);
    run_end(&run);
}

TEST(failed_retry_condition_is_refused_and_can_be_told_again)
{
    struct run run = run_begin("version: 1.0\ntasks:\n"
                               "  a: {action: x.a, retry: {when: '<% result().state = 1 %>', count: 2}}\n");
    ERROR_AUTO(err);

    tell(&run, "a", "running", NULL);
    assert_true(tell(&run, "a", "failed", &err) < 0);
    assert_int_equal(conductor_task_status(run.conductor, "a", 0), STATUS_RUNNING);
    assert_report(run.conductor, "errors", "[]");
    run_end(&run);
}

TEST(graph_is_drawn)
{
    struct run run =
        run_begin("version: 1.0\ntasks:\n  a: {action: x.a, next: [{when: '<% ctx(\"q\") %>', do: b}]}\n"
                  "  b: {action: x.b, join: all}\n");
    BUFFER_AUTO(mermaid);
    BUFFER_AUTO(dot);

    workflow_draw_mermaid(run.graph, &mermaid);
    assert_string_equal(mermaid.data,
                        "flowchart TD\n    n0[\"a<br/>x.a\"]\n    n1[[\"b<br/>x.b<br/>join all\"]]\n"
                        "    n0 -->|\"#lt;% ctx(#quot;q#quot;) %#gt;\"| n1\n");
    workflow_draw_dot(run.graph, &dot);
    assert_non_null(strstr(dot.data, "    n0 -> n1 [label=\"<% ctx(\\\"q\\\") %>\"];\n"));
    run_end(&run);
}

static value rehearse(const char *text, const char *test_text)
{
    struct workflow_spec *spec = NULL;
    value test = from_json(test_text), outcome = VALUE_NOTHING;
    ERROR_AUTO(err);

    if (workflow_spec_load_text(text, strlen(text), 0, &spec, &err) < 0 ||
        workflow_rehearse(spec, test, NULL, &outcome, &err) < 0)
        fail_msg("%s", error_text(&err));
    value_unref(test);
    workflow_spec_free(spec);
    return outcome;
}

TEST(rehearsal_plays_mocks_and_counts_branches)
{
    value outcome = rehearse(diamond, "{\"mock_action_executions\": [{\"task_id\": \"b\", \"result\": 7}],"
                                      "\"expected_task_sequence\": [\"a\", \"b\", \"c\", \"d__r0\"]}");

    assert_json(value_map_get(outcome, "differences"), "[]");
    assert_json(value_map_get(outcome, "elapsed_s"), "3");
    assert_json(value_path(outcome, "coverage.taken"), "4");
    value_unref(outcome);
}

TEST(rehearsal_tells_what_differs)
{
    value outcome =
        rehearse(diamond, "{\"mock_action_executions\": [{\"task_id\": \"b\", \"status\": \"failed\"}],"
                          "\"expected_task_sequence\": [\"a\", \"b\", \"c\", \"d\"]}");

    assert_json(
        value_map_get(outcome, "differences"),
        "[{\"message\":\"The actual task sequence ['a', 'b', 'c'] does not match expected ['a', 'b', 'c', "
        "'d'].\",\"path\":\"expected_task_sequence\"},"
        "{\"message\":\"The actual workflow status \\\"failed\\\" does not match expected "
        "\\\"succeeded\\\".\",\"path\":\"expected_workflow_status\"}]");
    value_unref(outcome);
}

TEST(rehearsal_runs_items_as_concurrency_allows)
{
    value outcome = rehearse(
        "version: 1.0\ntasks:\n  e:\n    with: {items: '<% [1, 2, 3] %>', concurrency: 2}\n"
        "    action: x.e\n    next: [{publish: [{r: '<% result() %>'}]}]\noutput: [{r: '<% ctx(r) %>'}]\n",
        "{\"mock_action_executions\": [{\"task_id\": \"e\", \"item_id\": 2, \"result\": \"c\"}],"
        "\"expected_task_sequence\": [\"e\", \"continue\"], \"expected_output\": {\"r\": [null, null, "
        "\"c\"]}}");

    assert_json(value_map_get(outcome, "differences"), "[]");
    value_unref(outcome);
}

/* A mended copy of what failed: saved, read, and run again from where it stopped. */
TEST(saved_workflow_goes_on_elsewhere)
{
    struct run run = run_begin(diamond), again = { 0 };
    VALUE_AUTO(saved);
    VALUE_AUTO(saved_again);
    ERROR_AUTO(err);

    tell(&run, "a", "running", NULL);
    tell(&run, "a", "succeeded", NULL);
    tell(&run, "b", "running", NULL);
    tell(&run, "c", "running", NULL);
    tell(&run, "b", "failed", NULL);
    tell(&run, "c", "succeeded", NULL);
    assert_int_equal(conductor_render_output(run.conductor, NULL), 0);
    saved = conductor_save(run.conductor);

    again = run;
    again.conductor = conductor_new(run.spec, run.graph, value_null(), value_null());
    if (conductor_restore(again.conductor, saved, &err) < 0)
        fail_msg("%s", error_text(&err));
    saved_again = conductor_save(again.conductor);
    assert_true(value_equal(saved, saved_again));
    assert_int_equal(conductor_rerun(again.conductor, NULL, 0, NULL), 0);
    tell(&again, "b", "running", NULL);
    tell(&again, "b", "succeeded", NULL);
    tell(&again, "d", "running", NULL);
    tell(&again, "d", "succeeded", NULL);
    assert_report(again.conductor, "status", "\"succeeded\"");
    conductor_free(again.conductor);
    run_end(&run);
}

TEST(saved_workflow_that_makes_no_sense_is_refused)
{
    static const char *const states[] = {
        "{}",
        "{\"state\": {}}",
        "{\"state\": {\"status\": \"nosuch\"}}",
        "{\"state\": {\"status\": \"failed\", \"contexts\": [5]}}",
        "{\"state\": {\"status\": \"failed\", \"contexts\": [{}], \"routes\": [[]], \"sequence\": [{\"id\": \"z\"}]}}",
        "{\"state\": {\"status\": \"failed\", \"contexts\": [{}], \"routes\": [[]], \"sequence\": [{\"id\": \"a\", "
        "\"route\": 0, \"ctxs\": {\"in\": [0, 9]}}]}}",
        "{\"state\": {\"status\": \"failed\", \"contexts\": [{}], \"routes\": [[]], \"sequence\": [{\"id\": \"d\", "
        "\"route\": 0, \"prev\": {\"b\": 0}}]}}",
    };

    for (size_t i = 0; i < ELEMENTS(states); i++) {
        struct run run = run_begin(diamond);
        struct conductor *conductor = conductor_new(run.spec, run.graph, value_null(), value_null());
        VALUE_AUTO(saved);
        ERROR_AUTO(err);

        saved = from_json(states[i]);
        if (conductor_restore(conductor, saved, &err) == 0)
            fail_msg("%s is taken", states[i]);
        assert_non_null(strstr(error_text(&err), "the saved workflow has"));
        conductor_free(conductor);
        run_end(&run);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_step_changes_nothing),
        cmocka_unit_test(join_says_whom_it_waits_for),
        cmocka_unit_test(tasks_tell_their_delay_and_timeout),
        cmocka_unit_test(rerun_of_nothing_is_told_as_stuck),
        cmocka_unit_test(step_tells_only_the_rows_it_changed),
        cmocka_unit_test(published_maps_show_in_the_contexts_they_were_merged_into),
        cmocka_unit_test(failed_retry_condition_is_refused_and_can_be_told_again),
        cmocka_unit_test(graph_is_drawn),
        cmocka_unit_test(rehearsal_plays_mocks_and_counts_branches),
        cmocka_unit_test(rehearsal_tells_what_differs),
        cmocka_unit_test(rehearsal_runs_items_as_concurrency_allows),
        cmocka_unit_test(saved_workflow_goes_on_elsewhere),
        cmocka_unit_test(saved_workflow_that_makes_no_sense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
