/* SPDX-License-Identifier: Apache-2.0 */
/* A whole node without the world: the test is the clock, reads the definitions and plays the processes. */
#include "../unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "engine/executions.h"
#include "engine/inquiries.h"
#include "engine/registry.h"
#include "engine/waits.h"
#include "engine/workflows.h"

#define RUNS_MAX 64

static struct {
    char directory[64];
    struct store *store;
    struct catalog *catalog;
    struct engine *engine;
    struct run *runs[RUNS_MAX]; /* what the engine started */
    size_t n_runs;
    int64_t stopped[RUNS_MAX]; /* what it had stopped */
    size_t n_stopped;
    int64_t now_us, due_us;
} node;

/* ---- the world ---- */

static void on_start(void *data, struct run *run)
{
    assert_true(node.n_runs < RUNS_MAX);
    node.runs[node.n_runs++] = run;
}

static void on_stop(void *data, int64_t seq)
{
    assert_true(node.n_stopped < RUNS_MAX);
    node.stopped[node.n_stopped++] = seq;
}

struct step_input {
    struct input input;
    int (*apply)(struct engine *engine, void *data, struct error *err);
    void *data;
};

static int apply_step(struct engine *engine, struct input *base, struct error *err)
{
    struct step_input *input = (struct step_input *)base;

    return input->apply(engine, input->data, err);
}

static void done_step(struct input *input, int r, const struct error *err)
{
    if (r < 0)
        fail_msg("the batch was refused: %s", error_text(err));
    free(input);
}

static const struct input_ops step_ops = { "test", apply_step, done_step, false };

/* One batch with one input (or none). */
static void step(int (*apply)(struct engine *engine, void *data, struct error *err), void *data)
{
    struct step_input *input = NULL;

    if (apply) {
        input = xcalloc(1, sizeof(*input));
        *input = (struct step_input){ { .ops = &step_ops }, apply, data };
    }
    node.now_us += 1000;
    assert_null(engine_step(node.engine, input ? &input->input : NULL, node.now_us, &node.due_us));
}

static void boot(void)
{
    struct engine_config config = {
        .store = node.store,
        .catalog = node.catalog,
        .effects = { .start = on_start, .stop = on_stop },
        .node = 1,
        .hostname = "test",
        .server_user = "test",
        .system_user = "test",
        .api_url = "http://127.0.0.1/v1",
        .processes_max = 8,
        .output_limit = 1000,
    };
    ERROR_AUTO(err);
    int64_t n;

    node.engine = engine_new(&config);
    if (engine_recover(node.engine, node.now_us, &n, &err) < 0)
        fail_msg("%s", error_text(&err));
}

static void drop_runs(void)
{
    while (node.n_runs)
        run_free(node.runs[--node.n_runs]);
}

/* What a crash leaves: the store. */
static void crash_and_boot(void)
{
    drop_runs();
    engine_free(node.engine);
    boot();
}

static int put_actions(struct engine *engine, void *data, struct error *err)
{
    static const char *const actions[] = {
        "{\"ref\":\"core.noop\",\"name\":\"noop\",\"pack\":\"core\",\"runner_type\":\"noop\",\"enabled\":true,"
        "\"parameters\":{},\"entry_point\":\"\"}",
        "{\"ref\":\"core.local\",\"name\":\"local\",\"pack\":\"core\",\"runner_type\":\"local-shell-cmd\",\"enabled\":true,"
        "\"parameters\":{},\"entry_point\":\"\"}",
        "{\"ref\":\"core.ask\",\"name\":\"ask\",\"pack\":\"core\",\"runner_type\":\"inquirer\",\"enabled\":true,"
        "\"parameters\":{},\"entry_point\":\"\"}",
        "{\"ref\":\"test.flow\",\"name\":\"flow\",\"pack\":\"test\",\"runner_type\":\"orquesta\",\"enabled\":true,"
        "\"parameters\":{},\"entry_point\":\"workflows/flow.yaml\"}",
    };
    int r = registry_builtins(engine, err);

    for (size_t i = 0; r >= 0 && i < ELEMENTS(actions); i++) {
        VALUE_AUTO(action);

        action = from_json(actions[i]);
        r = registry_put(engine, OBJECT_ACTION, action, NULL, err);
    }
    return r;
}

static int set_up(void **state)
{
    ERROR_AUTO(err);

    memset(&node, 0, sizeof(node));
    strcpy(node.directory, "/tmp/fulmar-test-XXXXXX");
    assert_non_null(mkdtemp(node.directory));
    node.now_us = INT64_C(1700000000000000);
    if (store_open(node.directory, STORE_CREATE, &node.store, &err) < 0)
        fail_msg("%s", error_text(&err));
    node.catalog = catalog_new();
    boot();
    step(put_actions, NULL);
    return 0;
}

static int tear_down(void **state)
{
    static const char *const files[] = { "fulmar.db", "fulmar.db-wal", "fulmar.db-shm" };

    drop_runs();
    engine_free(node.engine);
    catalog_free(node.catalog);
    store_close(node.store);
    for (size_t i = 0; i < ELEMENTS(files); i++) {
        CLEANUP(freep)
        char *path = xasprintf("%s/%s", node.directory, files[i]);

        unlink(path);
    }
    rmdir(node.directory);
    return 0;
}

/* ---- words of the tests ---- */

static int request_flow(struct engine *engine, void *data, struct error *err)
{
    struct execution_request request = { .action = "test.flow", .user = "ann" };
    struct execution_plan plan;
    struct execution_row row;
    int r = execution_plan(node.catalog, NULL, node.now_us, &request, &plan, err);

    assert_int_equal(r, 0);
    r = execution_accept(engine, &plan, &row, err);
    *(int64_t *)data = row.seq;
    execution_row_release(&row);
    return r;
}

static const char *flow_text;

static int begin_flow(struct engine *engine, void *data, struct error *err)
{
    struct definition *definition = definitions_get(engine_definitions(engine), flow_text, strlen(flow_text));
    int r = workflow_begin(engine, data, definition, err);

    definition_unref(definition);
    return r;
}

/* The run the engine started last, taken. */
static struct run *take_run(void)
{
    assert_true(node.n_runs > 0);
    return node.runs[--node.n_runs];
}

static int64_t start_flow(const char *text)
{
    struct run *run;
    int64_t seq;

    flow_text = text;
    step(request_flow, &seq);
    run = take_run();
    step(begin_flow, run);
    run_free(run);
    return seq;
}

static struct {
    int64_t seq;
    enum execution_status status;
} ending;

static int end_child(struct engine *engine, void *data, struct error *err)
{
    struct outcome outcome = { ending.status, value_map_new(1) };

    value_map_put(&outcome.result, "stdout", value_text("said"));
    return execution_ended(engine, ending.seq, &outcome, err);
}

static void end_run(enum execution_status status)
{
    struct run *run = take_run();

    ending.seq = run->seq;
    ending.status = status;
    run_free(run);
    step(end_child, NULL);
}

static void assert_execution(int64_t seq, const char *status, const char *result)
{
    struct execution_row row;
    ERROR_AUTO(err);

    assert_int_equal(store_execution_get(store_as_reader(node.store), seq, EXECUTION_RESULT, &row, &err), 0);
    assert_string_equal(execution_status_text(row.status), status);
    if (result)
        assert_json(row.result, result);
    execution_row_release(&row);
}

/* Time goes by. */
static void pass(int64_t seconds)
{
    node.now_us += seconds * 1000000;
    step(NULL, NULL);
}

/* The child that was begun as the number `at`, from 0. */
static int64_t child_of(int64_t seq, size_t at)
{
    int64_t *children = NULL, child;
    size_t n = 0;

    assert_int_equal(store_execution_children(store_as_reader(node.store), seq, &children, &n, NULL), 0);
    assert_true(at < n);
    child = children[at];
    free(children);
    return child;
}

static size_t count_children(int64_t seq)
{
    int64_t *children = NULL;
    size_t n = 0;

    assert_int_equal(store_execution_children(store_as_reader(node.store), seq, &children, &n, NULL), 0);
    free(children);
    return n;
}

/* ---- tests ---- */

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

static int cancel(struct engine *engine, void *data, struct error *err)
{
    struct execution_row row = { 0 };
    int r = execution_cancel(engine, *(int64_t *)data, "ann", &row, err);

    execution_row_release(&row);
    return r;
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
                     "{\"message\":\"The workflow ran longer than its timeout of 30 seconds.\"}");
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

/* `inner` is the workflow that the task of `outer` runs; the process of its task is what was started last. */
static int64_t start_nested(const char *outer, const char *inner)
{
    int64_t seq = start_flow(outer);
    struct run *run = take_run();

    flow_text = inner;
    step(begin_flow, run);
    run_free(run);
    return seq;
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

static int set_status(struct engine *engine, int64_t seq, enum execution_status status, struct error *err)
{
    struct execution_row row = { 0 };
    int r = execution_set_status(engine, seq, status, VALUE_NOTHING, "ann", &row, err);

    execution_row_release(&row);
    return r;
}

static int pause_flow(struct engine *engine, void *data, struct error *err)
{
    return set_status(engine, *(int64_t *)data, EXECUTION_PAUSING, err);
}

static int resume_flow(struct engine *engine, void *data, struct error *err)
{
    return set_status(engine, *(int64_t *)data, EXECUTION_RESUMING, err);
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

static int answer(struct engine *engine, void *data, struct error *err)
{
    VALUE_AUTO(response);

    response = from_json("{\"continue\":true}");
    return inquiry_respond(engine, *(int64_t *)data, "", response, "ann", err);
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

static const char *rerun_options; /* JSON */

static int rerun_flow(struct engine *engine, void *data, struct error *err)
{
    struct execution_request request = { .action = "test.flow", .user = "ann" };
    struct execution_plan plan;
    struct execution_row row;
    char id[OBJECT_ID_SIZE];
    VALUE_AUTO(rerun);
    int r;

    engine_format_id(engine, *(int64_t *)data, id);
    rerun = from_json(rerun_options);
    value_map_put(&rerun, "ref", value_text(id));
    request.rerun = rerun;
    assert_int_equal(execution_plan(node.catalog, NULL, node.now_us, &request, &plan, err), 0);
    r = execution_accept(engine, &plan, &row, err);
    *(int64_t *)data = row.seq;
    execution_row_release(&row);
    return r;
}

/* The execution as which it goes on. */
static int64_t rerun(int64_t seq, const char *options)
{
    rerun_options = options;
    step(rerun_flow, &seq);
    return seq;
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

#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
