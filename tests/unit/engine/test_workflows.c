/* SPDX-License-Identifier: Apache-2.0 */
/* Workflows in the engine: tasks, items, questions, crashes, running again. */
#include "node.h"

#include "engine/waits.h"

static const char three_noops[] = "version: 1.0\n"
                                  "tasks:\n"
                                  "  a:\n    action: core.noop\n    next:\n      - do: b\n"
                                  "  b:\n    action: core.noop\n    next:\n      - do: c\n"
                                  "  c:\n    action: core.noop\n";
static const char two_commands[] =
    "version: 1.0\n"
    "output:\n  - said: <% ctx(said) %>\n"
    "tasks:\n"
    "  a:\n    action: core.local cmd='one'\n    next:\n      - when: <% succeeded() %>\n"
    "        publish: said=<% result().stdout %>\n        do: b\n"
    "  b:\n    action: core.local cmd='two'\n";
static const char repaired[] =
    "version: 1.0\n"
    "tasks:\n"
    "  a:\n    action: core.local cmd='one'\n    next:\n      - when: <% failed() %>\n"
    "        do: b\n"
    "  b:\n    action: core.noop\n";
static const char items[] = "version: 1.0\n"
                            "output:\n  - said: <% ctx(said) %>\n"
                            "tasks:\n"
                            "  a:\n    with:\n      items: <% [1, 2, 3] %>\n      concurrency: 1\n"
                            "    action: core.local cmd='one'\n    next:\n      - when: <% succeeded() %>\n"
                            "        publish:\n          - said: <% result().select($.stdout) %>\n";
static const char asking[] = "version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    action: core.ask\n    next:\n      - do: b\n"
                             "  b:\n    action: core.noop\n";

TEST(tasks_without_processes_are_over_in_one_batch)
{
    int64_t seq = start_flow(three_noops);

    assert_execution(seq, "succeeded", "{\"output\":null}");
    assert_int_equal(count_children(seq), 3);
}

TEST(a_child_that_ends_leads_to_the_next_task)
{
    int64_t seq = start_flow(two_commands);

    assert_execution(seq, "running", NULL);
    end_run(EXECUTION_SUCCEEDED);
    assert_execution(seq, "running", NULL);
    end_run(EXECUTION_SUCCEEDED);
    assert_execution(seq, "succeeded", "{\"output\":{\"said\":\"said\"}}");
}

TEST(a_definition_that_does_not_pass_inspection_fails_the_execution)
{
    int64_t seq = start_flow("version: 1.0\ntasks:\n  a:\n    action: core.nosuch\n");

    assert_execution(seq, "failed", NULL);
    assert_int_equal(count_children(seq), 0);
}

TEST(a_crash_abandons_what_ran_and_the_workflow_deals_with_it)
{
    int64_t seq = start_flow(repaired);

    assert_execution(seq, "running", NULL);
    crash_and_boot();
    assert_execution(seq, "succeeded", "{\"output\":null}");
    assert_int_equal(count_children(seq), 2);
}

TEST(a_crash_before_the_definition_was_read_has_it_read_again)
{
    struct run *run;
    int64_t seq;

    flow_text = three_noops;
    step(request_flow, &seq);
    crash_and_boot();
    run = take_run();
    assert_int_equal(run->seq, seq);
    step(begin_flow, run);
    /* The first reader was only slow. */
    step(begin_flow, run);
    run_free(run);
    assert_execution(seq, "succeeded", NULL);
    assert_int_equal(count_children(seq), 3);
}

TEST(items_go_on_one_by_one_with_memory_lost_in_between)
{
    int64_t seq = start_flow(items);

    assert_int_equal(count_children(seq), 1);
    end_run(EXECUTION_SUCCEEDED);
    assert_int_equal(count_children(seq), 2);
    end_run(EXECUTION_SUCCEEDED);
    crash_and_boot();
    /* The third one ran while the node died, so the task failed: nothing runs a second time. */
    assert_execution(seq, "failed", NULL);
    assert_int_equal(count_children(seq), 3);
}

TEST(a_canceled_workflow_waits_for_what_runs)
{
    int64_t seq = start_flow(two_commands);

    step(cancel, &seq);
    assert_execution(seq, "canceling", NULL);
    end_run(EXECUTION_SUCCEEDED);
    assert_execution(seq, "canceled", "{\"output\":null}");
    assert_int_equal(count_children(seq), 1);
}

TEST(an_inquiry_pauses_its_workflow_over_a_restart_and_times_out)
{
    int64_t seq = start_flow(asking);

    assert_execution(seq, "paused", NULL);
    crash_and_boot();
    assert_execution(seq, "paused", NULL);
    node.now_us += INT64_C(1441) * 60000000;
    step(NULL, NULL);
    assert_execution(seq, "succeeded", NULL);
}

static int ask_waits(struct engine *engine, void *data, struct error *err)
{
    VALUE_AUTO(waits);
    int r = execution_waits(engine, *(int64_t *)data, &waits, err);
    value first = value_list_at(waits, 0);

    assert_int_equal(r, 0);
    assert_int_equal(value_list_count(waits), 1);
    assert_string_equal(value_map_chars(first, "task"), "a");
    assert_string_equal(value_map_chars(first, "reason"), "runs 2 of 5 items, 1 ended, at most 2 at a time");
    assert_int_equal(value_list_count(value_map_get(first, "executions")), 2);
    return 0;
}

TEST(a_workflow_tells_how_many_items_run)
{
    int64_t seq = start_flow("version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    with:\n      items: <% range(5) %>\n      concurrency: 2\n"
                             "    action: core.local cmd='one'\n");

    end_run(EXECUTION_SUCCEEDED);
    step(ask_waits, &seq);
}

TEST(questions_to_several_are_answered_one_after_the_other)
{
    int64_t seq = start_flow("version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    with:\n      items: <% range(3) %>\n"
                             "    action: core.ask\n");

    assert_execution(seq, "paused", NULL);
    for (size_t i = 0; i < 3; i++) {
        int64_t child = child_of(seq, i);

        step(answer, &child);
        assert_execution(child, "succeeded", NULL);
    }
    assert_execution(seq, "succeeded", NULL);
}

TEST(a_workflow_that_nothing_moves_fails_with_the_reason)
{
    int64_t seq = start_flow(three_noops);

    seq = rerun(seq, "{}");
    assert_execution(
        seq, "failed",
        "{\"output\":null,\"errors\":[{\"type\":\"error\",\"message\":\"WorkflowStuckError: The workflow "
        "is resuming, but no task of it is running, staged or waited for.\"}]}");
}

TEST(chosen_items_run_again_and_the_others_keep_their_state)
{
    int64_t seq = start_flow("version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    with:\n      items: <% range(4) %>\n"
                             "    action: core.local cmd='one'\n");

    end_run(EXECUTION_FAILED);
    for (size_t i = 0; i < 3; i++)
        end_run(EXECUTION_SUCCEEDED);
    assert_execution(seq, "failed", NULL);
    seq = rerun(seq, "{\"tasks\":[\"a\"],\"items\":{\"a\":[1,3]}}");
    assert_execution(seq, "running", NULL);
    assert_int_equal(node.n_runs, 2);
    end_run(EXECUTION_SUCCEEDED);
    end_run(EXECUTION_SUCCEEDED);
    assert_execution(seq, "succeeded", NULL);
    assert_int_equal(count_children(seq), 2);
}

TEST(items_that_are_not_there_are_refused)
{
    int64_t seq = start_flow("version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    with:\n      items: <% range(1) %>\n"
                             "    action: core.local cmd='one'\n");

    end_run(EXECUTION_FAILED);
    seq = rerun(seq, "{\"tasks\":[\"a\"],\"items\":{\"a\":[7]}}");
    assert_execution(
        seq, "failed",
        "{\"errors\":[{\"message\":\"Unable to rerun items of task \\\"a\\\": it has the items 0 to "
        "0.\"}],\"output\":null}");
}

static const char calling[] = "version: 1.0\ntasks:\n  a:\n    action: test.flow\n";

TEST(a_deep_rerun_goes_on_in_the_workflow_below)
{
    int64_t seq = start_nested(calling, two_commands), below = child_of(seq, 0), again;

    end_run(EXECUTION_SUCCEEDED);
    end_run(EXECUTION_FAILED);
    assert_execution(below, "failed", NULL);
    assert_execution(seq, "failed", NULL);
    crash_and_boot();
    seq = rerun(seq, "{\"tasks\":[\"a\"],\"deep\":true}");
    again = child_of(seq, 0);
    assert_true(again != below);
    assert_execution(again, "running", NULL);
    /* Only what failed runs again. */
    assert_int_equal(node.n_runs, 1);
    end_run(EXECUTION_SUCCEEDED);
    assert_int_equal(count_children(again), 1);
    assert_execution(again, "succeeded", "{\"output\":{\"said\":\"said\"}}");
    assert_execution(seq, "succeeded", NULL);
}

TEST(what_was_stopped_below_goes_on_too)
{
    int64_t seq =
        start_nested("version: 1.0\ntimeout: 5\ntasks:\n  a:\n    action: test.flow\n", two_commands);

    end_run(EXECUTION_SUCCEEDED);
    pass(6);
    end_run(EXECUTION_ABANDONED);
    assert_execution(seq, "timeout", NULL);
    seq = rerun(seq, "{\"deep\":true}");
    assert_execution(child_of(seq, 0), "running", NULL);
    end_run(EXECUTION_SUCCEEDED);
    assert_execution(child_of(seq, 0), "succeeded", "{\"output\":{\"said\":\"said\"}}");
    assert_execution(seq, "succeeded", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(tasks_without_processes_are_over_in_one_batch),
        TEST_OF(a_child_that_ends_leads_to_the_next_task),
        TEST_OF(a_definition_that_does_not_pass_inspection_fails_the_execution),
        TEST_OF(a_crash_abandons_what_ran_and_the_workflow_deals_with_it),
        TEST_OF(a_crash_before_the_definition_was_read_has_it_read_again),
        TEST_OF(items_go_on_one_by_one_with_memory_lost_in_between),
        TEST_OF(a_canceled_workflow_waits_for_what_runs),
        TEST_OF(an_inquiry_pauses_its_workflow_over_a_restart_and_times_out),
        TEST_OF(a_workflow_tells_how_many_items_run),
        TEST_OF(questions_to_several_are_answered_one_after_the_other),
        TEST_OF(a_workflow_that_nothing_moves_fails_with_the_reason),
        TEST_OF(chosen_items_run_again_and_the_others_keep_their_state),
        TEST_OF(items_that_are_not_there_are_refused),
        TEST_OF(a_deep_rerun_goes_on_in_the_workflow_below),
        TEST_OF(what_was_stopped_below_goes_on_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
