/* SPDX-License-Identifier: Apache-2.0 */
/* A whole node without the world: the test is the clock, reads the definitions and plays the processes. */
#ifndef FULMAR_UNIT_ENGINE_NODE_H
#define FULMAR_UNIT_ENGINE_NODE_H

#include "../unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "engine/executions.h"
#include "engine/inquiries.h"
#include "engine/registry.h"
#include "engine/waits.h"
#include "engine/workflows.h"

#define RUNS_MAX 1024

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

static inline void on_start(void *data, struct run *run)
{
    assert_true(node.n_runs < RUNS_MAX);
    node.runs[node.n_runs++] = run;
}

static inline void on_stop(void *data, int64_t seq)
{
    assert_true(node.n_stopped < RUNS_MAX);
    node.stopped[node.n_stopped++] = seq;
}

struct step_input {
    struct input input;
    int (*apply)(struct engine *engine, void *data, struct error *err);
    void *data;
};

static inline int apply_step(struct engine *engine, struct input *base, struct error *err)
{
    struct step_input *input = (struct step_input *)base;

    return input->apply(engine, input->data, err);
}

static inline void done_step(struct input *input, int r, const struct error *err)
{
    if (r < 0)
        fail_msg("the batch was refused: %s", error_text(err));
    free(input);
}

static const struct input_ops step_ops = { "test", apply_step, done_step, false };

/* One batch with one input (or none). */
static inline void step(int (*apply)(struct engine *engine, void *data, struct error *err), void *data)
{
    struct step_input *input = NULL;

    if (apply) {
        input = xcalloc(1, sizeof(*input));
        *input = (struct step_input){ { .ops = &step_ops }, apply, data };
    }
    node.now_us += 1000;
    assert_null(engine_step(node.engine, input ? &input->input : NULL, node.now_us, &node.due_us));
}

static inline void boot(void)
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

static inline void drop_runs(void)
{
    while (node.n_runs)
        run_free(node.runs[--node.n_runs]);
}

/* What a crash leaves: the store. */
static inline void crash_and_boot(void)
{
    drop_runs();
    engine_free(node.engine);
    boot();
}

static inline int put_actions(struct engine *engine, void *data, struct error *err)
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

static inline int set_up(void **state)
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

static inline int tear_down(void **state)
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

static inline int request_flow(struct engine *engine, void *data, struct error *err)
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

static inline int begin_flow(struct engine *engine, void *data, struct error *err)
{
    struct definition *definition = definitions_get(engine_definitions(engine), flow_text, strlen(flow_text));
    int r = workflow_begin(engine, data, definition, err);

    definition_unref(definition);
    return r;
}

/* The run the engine started last, taken. */
static inline struct run *take_run(void)
{
    assert_true(node.n_runs > 0);
    return node.runs[--node.n_runs];
}

static inline int64_t start_flow(const char *text)
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

static inline int end_child(struct engine *engine, void *data, struct error *err)
{
    struct outcome outcome = { ending.status, value_map_new(1) };

    value_map_put(&outcome.result, "stdout", value_text("said"));
    return execution_ended(engine, ending.seq, &outcome, err);
}

static inline void end_run(enum execution_status status)
{
    struct run *run = take_run();

    ending.seq = run->seq;
    ending.status = status;
    run_free(run);
    step(end_child, NULL);
}

static inline void assert_execution(int64_t seq, const char *status, const char *result)
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
static inline void pass(int64_t seconds)
{
    node.now_us += seconds * 1000000;
    step(NULL, NULL);
}

/* The child that was begun as the number `at`, from 0. */
static inline int64_t child_of(int64_t seq, size_t at)
{
    int64_t *children = NULL, child;
    size_t n = 0;

    assert_int_equal(store_execution_children(store_as_reader(node.store), seq, &children, &n, NULL), 0);
    assert_true(at < n);
    child = children[at];
    free(children);
    return child;
}

static inline size_t count_children(int64_t seq)
{
    int64_t *children = NULL;
    size_t n = 0;

    assert_int_equal(store_execution_children(store_as_reader(node.store), seq, &children, &n, NULL), 0);
    free(children);
    return n;
}

/* `inner` is the workflow that the task of `outer` runs; the process of its task is what was started last. */
static inline int64_t start_nested(const char *outer, const char *inner)
{
    int64_t seq = start_flow(outer);
    struct run *run = take_run();

    flow_text = inner;
    step(begin_flow, run);
    run_free(run);
    return seq;
}

static inline int cancel(struct engine *engine, void *data, struct error *err)
{
    struct execution_row row = { 0 };
    int r = execution_cancel(engine, *(int64_t *)data, "ann", &row, err);

    execution_row_release(&row);
    return r;
}

static inline int set_status(struct engine *engine, int64_t seq, enum execution_status status,
                             struct error *err)
{
    struct execution_row row = { 0 };
    int r = execution_set_status(engine, seq, status, VALUE_NOTHING, "ann", &row, err);

    execution_row_release(&row);
    return r;
}

static inline int pause_flow(struct engine *engine, void *data, struct error *err)
{
    return set_status(engine, *(int64_t *)data, EXECUTION_PAUSING, err);
}

static inline int resume_flow(struct engine *engine, void *data, struct error *err)
{
    return set_status(engine, *(int64_t *)data, EXECUTION_RESUMING, err);
}

static inline int answer(struct engine *engine, void *data, struct error *err)
{
    VALUE_AUTO(response);

    response = from_json("{\"continue\":true}");
    return inquiry_respond(engine, *(int64_t *)data, "", response, "ann", err);
}

static const char *rerun_options; /* JSON */

static inline int rerun_flow(struct engine *engine, void *data, struct error *err)
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
static inline int64_t rerun(int64_t seq, const char *options)
{
    rerun_options = options;
    step(rerun_flow, &seq);
    return seq;
}

#define TEST_OF(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
