/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of time of tasks and workflows. */
#include "node.h"

static const char two_commands[] =
    "version: 1.0\n"
    "output:\n  - said: <% ctx(said) %>\n"
    "tasks:\n"
    "  a:\n    action: core.local cmd='one'\n    next:\n      - when: <% succeeded() %>\n"
    "        publish: said=<% result().stdout %>\n        do: b\n"
    "  b:\n    action: core.local cmd='two'\n";

static const char limited[] = "version: 1.0\n"
                              "tasks:\n"
                              "  a:\n    action: core.local cmd='one'\n    timeout: <% 2 + 3 %>\n    next:\n"
                              "      - when: <% failed() %>\n        do: b\n"
                              "  b:\n    action: core.noop\n";

TEST(a_task_that_takes_too_long_is_stopped_and_has_failed)
{
    int64_t seq = start_flow(limited);

    pass(4);
    assert_int_equal(node.n_stopped, 0);
    pass(1);
    assert_int_equal(node.n_stopped, 1);
    assert_int_equal(node.stopped[0], child_of(seq, 0));
    /* What comes after it waits until the process has ended. */
    assert_int_equal(count_children(seq), 1);
    end_run(EXECUTION_ABANDONED);
    assert_execution(child_of(seq, 0), "timeout",
                     "{\"stdout\":\"said\",\"failed\":true,\"succeeded\":false,"
                     "\"error\":\"Task \\\"a\\\" ran longer than its timeout of 5 seconds.\"}");
    assert_execution(seq, "succeeded", "{\"output\":null}");
    assert_int_equal(count_children(seq), 2);
    pass(100);
    assert_int_equal(node.n_stopped, 1);
}

TEST(a_task_that_was_stopped_has_timed_out_also_when_the_node_dies_first)
{
    int64_t seq = start_flow(limited);

    pass(6);
    crash_and_boot();
    assert_execution(child_of(seq, 0), "timeout", NULL);
    assert_execution(seq, "succeeded", NULL);
}

TEST(each_try_of_a_task_has_its_own_time)
{
    int64_t seq = start_flow("version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    action: core.local cmd='one'\n    timeout: 5\n"
                             "    retry:\n      count: 1\n      delay: 10\n");

    pass(6);
    end_run(EXECUTION_ABANDONED);
    assert_execution(child_of(seq, 1), "delayed", NULL);
    pass(11);
    assert_execution(child_of(seq, 1), "running", NULL);
    assert_int_equal(node.n_stopped, 1);
    pass(5);
    assert_int_equal(node.n_stopped, 2);
    end_run(EXECUTION_ABANDONED);
    assert_execution(seq, "failed", NULL);
}

TEST(a_question_without_an_answer_in_time_fails_its_task_over_a_restart)
{
    int64_t seq = start_flow("version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    action: core.ask\n    timeout: 60\n    next:\n"
                             "      - when: <% failed() %>\n        do: b\n"
                             "  b:\n    action: core.noop\n");

    assert_execution(seq, "paused", NULL);
    crash_and_boot();
    step(NULL, NULL);
    assert_true(node.due_us <= node.now_us + 60 * INT64_C(1000000));
    pass(61);
    assert_execution(child_of(seq, 0), "timeout", NULL);
    assert_execution(seq, "succeeded", NULL);
}

TEST(items_that_have_not_begun_when_the_time_is_over_do_not_begin)
{
    int64_t seq = start_flow("version: 1.0\n"
                             "tasks:\n"
                             "  a:\n    with:\n      items: <% range(5) %>\n      concurrency: 2\n"
                             "    action: core.local cmd='one'\n    timeout: 5\n");

    end_run(EXECUTION_SUCCEEDED);
    assert_int_equal(count_children(seq), 3);
    pass(6);
    assert_int_equal(node.n_stopped, 2);
    end_run(EXECUTION_ABANDONED);
    assert_execution(seq, "running", NULL);
    end_run(EXECUTION_ABANDONED);
    assert_execution(seq, "failed", NULL);
    assert_int_equal(count_children(seq), 3);
}

static const char limited_whole[] = "version: 1.0\n"
                                    "timeout: 30\n"
                                    "output:\n  - so: far\n"
                                    "tasks:\n"
                                    "  a:\n    action: core.local cmd='one'\n"
                                    "  b:\n    action: core.ask\n";

TEST(a_workflow_that_takes_too_long_ends_with_all_that_runs_below_it)
{
    int64_t seq = start_flow(limited_whole);

    assert_execution(seq, "pausing", NULL);
    pass(31);
    assert_execution(seq, "canceling", NULL);
    assert_int_equal(node.n_stopped, 1);
    end_run(EXECUTION_ABANDONED);
    assert_execution(child_of(seq, 0), "canceled",
                     "{\"stdout\":\"said\",\"message\":\"The workflow ran longer than its timeout of 30 "
                     "seconds.\"}");
    assert_execution(child_of(seq, 1), "canceled", NULL);
    assert_execution(seq, "timeout",
                     "{\"output\":{\"so\":\"far\"},\"errors\":[{\"type\":\"error\",\"message\":"
                     "\"The workflow ran longer than its timeout of 30 seconds.\"}]}");
}

TEST(the_limit_of_a_workflow_outlives_the_node)
{
    int64_t seq = start_flow("version: 1.0\ntimeout: 30\ntasks:\n  a:\n    action: core.ask\n");

    crash_and_boot();
    pass(29);
    assert_execution(seq, "paused", NULL);
    pass(2);
    assert_execution(seq, "timeout", NULL);
    crash_and_boot();
    assert_execution(seq, "timeout", NULL);
}

static const char one_command[] = "version: 1.0\ntasks:\n  a:\n    action: core.local cmd='one'\n";

TEST(a_task_that_is_a_workflow_is_stopped_with_what_it_runs)
{
    int64_t seq =
        start_nested("version: 1.0\ntasks:\n  a:\n    action: test.flow\n    timeout: 5\n    next:\n"
                     "      - when: <% failed() %>\n        do: b\n"
                     "  b:\n    action: core.noop\n",
                     one_command);
    int64_t inner = child_of(seq, 0);

    pass(6);
    assert_execution(inner, "canceling", NULL);
    assert_int_equal(node.n_stopped, 1);
    end_run(EXECUTION_ABANDONED);
    assert_execution(child_of(inner, 0), "canceled", NULL);
    assert_execution(inner, "timeout",
                     "{\"output\":null,\"errors\":[{\"type\":\"error\",\"message\":"
                     "\"Task \\\"a\\\" ran longer than its timeout of 5 seconds.\"}]}");
    assert_execution(seq, "succeeded", NULL);
}

TEST(a_limit_above_ends_workflows_below)
{
    int64_t seq =
        start_nested("version: 1.0\ntimeout: 5\ntasks:\n  a:\n    action: test.flow\n", one_command);
    int64_t inner = child_of(seq, 0);

    pass(6);
    assert_execution(inner, "canceling", NULL);
    end_run(EXECUTION_ABANDONED);
    assert_execution(inner, "canceled", NULL);
    assert_execution(seq, "timeout", NULL);
}

TEST(a_limit_that_passes_during_a_pause_counts_when_the_workflow_goes_on)
{
    int64_t seq =
        start_nested("version: 1.0\ntasks:\n  a:\n    action: test.flow\n    timeout: 5\n    next:\n"
                     "      - when: <% failed() %>\n        do: b\n"
                     "  b:\n    action: core.noop\n",
                     two_commands);
    int64_t inner = child_of(seq, 0);

    step(pause_flow, &seq);
    end_run(EXECUTION_SUCCEEDED);
    assert_execution(inner, "paused", NULL);
    assert_execution(seq, "paused", NULL);
    pass(60);
    assert_execution(inner, "paused", NULL);
    assert_execution(seq, "paused", NULL);
    step(resume_flow, &seq);
    assert_int_equal(node.n_stopped, 1);
    end_run(EXECUTION_ABANDONED);
    assert_execution(inner, "timeout", NULL);
    assert_execution(seq, "succeeded", NULL);
}

TEST(a_limit_that_is_no_number_of_seconds_fails_the_workflow)
{
    int64_t seq =
        start_flow("version: 1.0\ntasks:\n  a:\n    action: core.noop\n    timeout: <% 'soon' %>\n");

    assert_execution(
        seq, "failed",
        "{\"output\":null,\"errors\":[{\"type\":\"error\",\"message\":\"ValueError: The timeout of the "
        "task \\\"a\\\" must be a whole number of seconds from 0 (no limit) to 31622400, not "
        "'soon'.\",\"task_id\":\"a\",\"route\":0}]}");
    seq = start_flow("version: 1.0\ntimeout: <% 1.5 %>\ntasks:\n  a:\n    action: core.noop\n");
    assert_execution(seq, "failed", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_OF(a_task_that_takes_too_long_is_stopped_and_has_failed),
        TEST_OF(a_task_that_was_stopped_has_timed_out_also_when_the_node_dies_first),
        TEST_OF(each_try_of_a_task_has_its_own_time),
        TEST_OF(a_question_without_an_answer_in_time_fails_its_task_over_a_restart),
        TEST_OF(items_that_have_not_begun_when_the_time_is_over_do_not_begin),
        TEST_OF(a_workflow_that_takes_too_long_ends_with_all_that_runs_below_it),
        TEST_OF(the_limit_of_a_workflow_outlives_the_node),
        TEST_OF(a_task_that_is_a_workflow_is_stopped_with_what_it_runs),
        TEST_OF(a_limit_above_ends_workflows_below),
        TEST_OF(a_limit_that_passes_during_a_pause_counts_when_the_workflow_goes_on),
        TEST_OF(a_limit_that_is_no_number_of_seconds_fails_the_workflow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
