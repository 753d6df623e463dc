/* SPDX-License-Identifier: Apache-2.0 */
/* A whole node without the world: the test is the clock, reads the definitions and plays the processes. */
#include "../unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "engine/executions.h"
#include "engine/registry.h"
#include "engine/workflows.h"

#define RUNS_MAX 64

static struct {
    char directory[64];
    struct store *store;
    struct catalog *catalog;
    struct engine *engine;
    struct run *runs[RUNS_MAX]; /* what the engine started */
    size_t n_runs;
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
