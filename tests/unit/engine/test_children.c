/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's thread with real children. */
#include "../unit.h"

#include <signal.h>
#include <unistd.h>

#include "../scratch.h"
#include "base/clock.h"
#include "engine/children.h"
#include "engine/datastore.h"
#include "engine/executions.h"
#include "engine/registry.h"

struct order {
    struct input input;
    struct catalog *catalog;
    const char *cmd;
    int64_t delay_ms;
    bool cancel; /* in the same batch */
    _Atomic int64_t seq;
    _Atomic bool done;
};

static int apply_content(struct engine *engine, struct input *input, struct error *err)
{
    VALUE_AUTO(action);
    int r = registry_builtins(engine, err);

    action = from_json("{\"pack\": \"core\", \"name\": \"local\", \"ref\": \"core.local\", \"enabled\": true,"
                       " \"runner_type\": \"local-shell-cmd\", \"parameters\": {}, \"entry_point\": \"\"}");
    return r < 0 ? r : registry_put(engine, OBJECT_ACTION, action, NULL, err);
}

static int apply_order(struct engine *engine, struct input *input, struct error *err)
{
    struct order *order = (struct order *)input;
    struct datastore_view view = { .catalog = order->catalog, .user = "ada", .now_us = engine_now(engine) };
    struct expr_host host = datastore_host(&view);
    struct execution_plan plan;
    struct execution_row row = { 0 };
    VALUE_AUTO(parameters);
    int r;

    parameters = value_map_new(1);
    value_map_put(&parameters, "cmd", value_text(order->cmd));
    r = execution_plan(
        order->catalog, &host, engine_now(engine),
        &(struct execution_request){
            .action = "core.local", .parameters = parameters, .user = "ada", .delay_ms = order->delay_ms },
        &plan, err);
    if (r == 0)
        r = execution_accept(engine, &plan, &row, err);
    order->seq = row.seq;
    execution_row_release(&row);
    if (r == 0 && order->cancel)
        r = execution_cancel(engine, order->seq, "bob", &row, err);
    execution_row_release(&row);
    return r ? -EINVAL : 0;
}

static void done_order(struct input *input, int r, const struct error *err)
{
    assert_int_equal(r, 0);
    ((struct order *)input)->done = true;
}

static const struct input_ops content_ops = { "content", apply_content, done_order, false };
static const struct input_ops order_ops = { "order", apply_order, done_order, false };

struct node {
    struct store *store;
    struct store_reader *reader;
    struct catalog *catalog;
    struct io *io;
    struct children *children;
    struct engine_loop *loop;
};

static struct node node_up(const char *directory)
{
    struct node node;
    struct engine *engine;
    int64_t repaired;
    ERROR_AUTO(err);

    assert_int_equal(store_open(directory, STORE_CREATE, &node.store, &err), 0);
    assert_int_equal(store_reader_open(node.store, &node.reader, &err), 0);
    node.catalog = catalog_new();
    assert_int_equal(catalog_load(node.catalog, store_as_reader(node.store), &err), 0);
    assert_int_equal(io_start(&node.io, &err), 0);
    io_set_grace_ms(node.io, 300);
    node.children = children_new(node.io, false);
    engine = engine_new(&(struct engine_config){
        .store = node.store,
        .catalog = node.catalog,
        .effects = { .start = children_start, .stop = children_stop, .data = node.children },
        .node = 1,
        .hostname = "here",
        .server_user = "me",
        .system_user = "me",
        .api_url = "http://127.0.0.1/v1",
        .processes_max = 4,
        .output_limit = 1000,
    });
    assert_int_equal(engine_recover(engine, clock_now_us(), &repaired, &err), 0);
    assert_int_equal(engine_loop_start(engine, &node.loop, &err), 0);
    children_set_loop(node.children, node.loop);
    return node;
}

static void node_down(struct node *node)
{
    io_stop(node->io);
    engine_loop_stop(node->loop);
    children_free(node->children);
    catalog_free(node->catalog);
    store_reader_close(node->reader);
    store_close(node->store);
}

static void post(struct node *node, struct order *order, const struct input_ops *ops)
{
    order->input.ops = ops;
    order->catalog = node->catalog;
    engine_loop_post(node->loop, &order->input);
    for (int i = 0; i < 3000 && !order->done; i++)
        usleep(10000);
    assert_true(order->done);
}

/* The status it comes to rest in. */
static enum execution_status rest(struct node *node, int64_t seq, int64_t within_s)
{
    enum execution_status status = EXECUTION_REQUESTED;
    struct execution_row row;

    for (int i = 0; i < within_s * 100 && !execution_status_completed(status); i++) {
        usleep(10000);
        assert_int_equal(store_execution_get(node->reader, seq, 0, &row, NULL), 0);
        status = row.status;
        execution_row_release(&row);
    }
    return status;
}

TEST(a_cancellation_in_the_batch_of_the_start_ends_the_child)
{
    char *directory = scratch_new();
    struct node node = node_up(directory);
    struct order content = { 0 }, order = { .cmd = "sleep 40", .cancel = true };

    post(&node, &content, &content_ops);
    post(&node, &order, &order_ops);
    assert_int_equal(rest(&node, order.seq, 20), EXECUTION_CANCELED);
    node_down(&node);
    scratch_free(directory);
}

TEST(a_delayed_execution_outlives_a_restart)
{
    char *directory = scratch_new();
    struct node node = node_up(directory);
    struct order content = { 0 }, order = { .cmd = "exit 0", .delay_ms = 1000 };

    post(&node, &content, &content_ops);
    post(&node, &order, &order_ops);
    node_down(&node);
    node = node_up(directory);
    assert_int_equal(rest(&node, order.seq, 20), EXECUTION_SUCCEEDED);
    node_down(&node);
    scratch_free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancellation_in_the_batch_of_the_start_ends_the_child),
        cmocka_unit_test(a_delayed_execution_outlives_a_restart),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
