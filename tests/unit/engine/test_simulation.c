/* SPDX-License-Identifier: Apache-2.0 */
/* A node in a world of faults: the engine over a real store, with a clock, children and disasters drawn from a seed.

   A history is some dozens of steps: requests, cancellations, statuses told from outside, output, time that jumps; children
   that end soon, late or never; action chains that run some one after the other; commits that fail, tables that cannot be
   read, crashes between a commit and its effects.
   What must hold is checked after each step and when the dust has settled.

   FULMAR_HISTORIES says how many histories are run; FULMAR_SEED runs the one a failure has named. */
#include "../unit.h"

#include <inttypes.h>

#include <sqlite3.h>

#include "../scratch.h"
#include "base/log.h"
#include "engine/chains.h"
#include "engine/datastore.h"
#include "engine/engine-internal.h"
#include "engine/executions.h"
#include "engine/registry.h"

#define T0      1700000000000000LL
#define SECOND  1000000LL
#define NEVER   INT64_MAX
#define SEQ_MAX 512

struct child {
    int64_t seq, end_us;
    char token[40];
};

/* A definition that is being read. */
struct reading {
    struct run *run;
    int64_t end_us;
};

struct world {
    uint64_t seed, random;
    int step;
    const char *directory;
    sqlite3 *saboteur; /* a second connection, by which faults come */
    struct store *store;
    struct catalog *catalog;
    struct engine *engine;
    int64_t now_us, due_us, processes_max;
    bool dead;       /* the process is gone: its effects do not reach the world */
    int fault_steps; /* how long the fault lasts yet */
    bool away;       /* the fault is a table that is not there */
    struct input *kept;
    struct child children[64];
    size_t n_children;
    struct reading readings[64];
    size_t n_readings;
    int64_t newest; /* execution accepted last, perhaps in this very batch */
    int64_t acknowledged[SEQ_MAX], started[SEQ_MAX];
    size_t n_acknowledged, n_started;
};

#define CHECK(world, condition, format, ...)                                                       \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("FULMAR_SEED=%" PRIu64 " step %d: %s: " format, (world)->seed, (world)->step, \
                     #condition, ##__VA_ARGS__);                                                   \
    } while (0)

static uint64_t draw(struct world *world, uint64_t below)
{
    world->random ^= world->random << 13;
    world->random ^= world->random >> 7;
    world->random ^= world->random << 17;
    return (world->random >> 11) % below;
}

static bool chance(struct world *world, unsigned percent)
{
    return draw(world, 100) < percent;
}

/* ---- children ---- */

static void world_read(struct world *world, struct run *run)
{
    if (world->dead) {
        run_free(run);
        return;
    }
    CHECK(world, world->n_readings < ELEMENTS(world->readings), "more than the world reads");
    world->readings[world->n_readings++] =
        (struct reading){ run, world->now_us + (int64_t)draw(world, 2 * SECOND) };
}

static void world_start(void *data, struct run *run)
{
    struct world *world = data;
    const char *token = value_map_chars(run->environment, "ST2_ACTION_AUTH_TOKEN");
    struct execution_row row;
    uint64_t fate;

    if (value_text_is(value_map_get(run->action, "runner_type"), "action-chain")) {
        world_read(world, run);
        return;
    }
    if (!world->dead) {
        CHECK(world, world->n_started < SEQ_MAX, "more than the world holds");
        for (size_t i = 0; i < world->n_started; i++)
            CHECK(world, world->started[i] != run->seq, "execution %" PRId64 " is started twice", run->seq);
        CHECK(world, store_execution_get(store_as_reader(world->store), run->seq, 0, &row, NULL) == 0,
              "a child of an execution that is not in the store");
        CHECK(world, row.status != EXECUTION_SCHEDULED && row.status != EXECUTION_REQUESTED,
              "started before running was committed");
        execution_row_release(&row);
        CHECK(world, (int64_t)world->n_children < world->processes_max, "too many children");
        fate = draw(world, 100);
        world->started[world->n_started++] = run->seq;
        world->children[world->n_children] = (struct child){
            .seq = run->seq,
            .end_us = fate < 60   ? world->now_us + (int64_t)draw(world, 5 * SECOND)
                      : fate < 85 ? world->now_us + 20 * SECOND + (int64_t)draw(world, 40 * SECOND)
                                  : NEVER,
        };
        snprintf(world->children[world->n_children++].token, 40, "%s", token ? token : "");
    }
    run_free(run);
}

static void world_stop(void *data, int64_t seq)
{
    struct world *world = data;

    for (size_t i = 0; !world->dead && i < world->n_children; i++)
        if (world->children[i].seq == seq)
            world->children[i].end_us = world->now_us + (int64_t)draw(world, 3 * SECOND);
}

/* ---- inputs ---- */

enum wish { WISH_REQUEST, WISH_CANCEL, WISH_STATUS, WISH_OUTPUT, WISH_END, WISH_BEGIN, WISH_CONTENT };

struct wish_input {
    struct input input;
    struct world *world;
    enum wish wish;
    struct execution_plan plan;
    int64_t seq;
    enum execution_status status;
    struct run *run; /* of a chain that begins */
};

static int put_action(struct engine *engine, const char *name, const char *runner, struct error *err)
{
    VALUE_AUTO(document);

    document =
        from_json("{\"pack\": \"core\", \"enabled\": true, \"parameters\": {}, \"entry_point\": \"\"}");
    value_map_put(&document, "name", value_text(name));
    value_map_put(&document, "ref", value_textf("core.%s", name));
    value_map_put(&document, "runner_type", value_text(runner));
    return registry_put(engine, OBJECT_ACTION, document, NULL, err);
}

static const char chain_text[] =
    "vars: {seen: ''}\n"
    "chain:\n"
    "  - {name: a, ref: core.local, parameters: {cmd: a}, on-success: b, on-failure: b,"
    " publish: {seen: '{{seen}}a'}}\n"
    "  - {name: b, ref: core.noop, on-success: c, publish: {seen: '{{seen}}b'}}\n"
    "  - {name: c, ref: core.local, parameters: {cmd: '{{seen}}'}, publish: {seen: '{{seen}}c'}}\n";

static int begin_chain(struct engine *engine, const struct run *run, struct error *err)
{
    struct chain_spec *spec = NULL;
    ERROR_AUTO(refusal);

    if (chain_spec_load("chain.yaml", chain_text, strlen(chain_text), &spec, &refusal) < 0)
        fail_msg("%s", error_text(&refusal));
    return chain_begin(engine, run, spec, NULL, err);
}

static int apply_wish(struct engine *engine, struct input *base, struct error *err)
{
    struct wish_input *wish = (struct wish_input *)base;
    struct execution_row row = { 0 };
    struct outcome outcome = { .status = EXECUTION_SUCCEEDED };
    ERROR_AUTO(reason);
    int r = 0;

    switch (wish->wish) {
    case WISH_REQUEST:
        r = execution_accept(engine, &wish->plan, &row, err);
        wish->seq = wish->world->newest = row.seq;
        break;
    case WISH_CANCEL:
        r = execution_cancel(engine, wish->seq ? wish->seq : wish->world->newest, "bob", &row, &reason);
        break;
    case WISH_STATUS:
        r = execution_set_status(engine, wish->seq ? wish->seq : wish->world->newest, wish->status,
                                 VALUE_NOTHING, "bob", &row, &reason);
        break;
    case WISH_OUTPUT:
        r = execution_output(engine, wish->seq, "stdout", "text\n", 5, err);
        break;
    case WISH_END:
        outcome.result = from_json("{\"succeeded\": true}");
        r = execution_ended(engine, wish->seq, &outcome, err);
        break;
    case WISH_BEGIN:
        r = begin_chain(engine, wish->run, err);
        break;
    case WISH_CONTENT:
        r = registry_builtins(engine, err);
        if (r == 0)
            r = put_action(engine, "noop", "noop", err);
        if (r == 0)
            r = put_action(engine, "local", "local-shell-cmd", err);
        if (r == 0)
            r = put_action(engine, "chain", "action-chain", err);
        break;
    }
    if (r < 0 && (wish->wish == WISH_CANCEL || wish->wish == WISH_STATUS))
        error_move(err, &reason);
    execution_row_release(&row);
    return r < 0 ? r : 0;
}

static void done_wish(struct input *base, int r, const struct error *err)
{
    struct wish_input *wish = (struct wish_input *)base;
    struct world *world = wish->world;
    struct execution_row row;

    if (wish->wish == WISH_REQUEST && !world->dead && r == 0) {
        CHECK(world, world->n_acknowledged < SEQ_MAX, "more than the world holds");
        world->acknowledged[world->n_acknowledged++] = wish->seq;
    }
    if (wish->wish == WISH_REQUEST && r < 0 && wish->seq && !world->away)
        CHECK(world,
              store_execution_get(store_as_reader(world->store), wish->seq, 0, &row, NULL) == STORE_NOT_FOUND,
              "a refused request is in the store");
    execution_plan_release(&wish->plan);
    run_free(wish->run);
    free(wish);
}

static const struct input_ops wish_ops = { "wish", apply_wish, done_wish, false };
static const struct input_ops child_ops = { "child", apply_wish, done_wish, true };

static struct input *wish_new(struct world *world, enum wish kind, int64_t seq)
{
    struct wish_input *wish = xcalloc(1, sizeof(*wish));
    bool child = kind == WISH_END || kind == WISH_OUTPUT || kind == WISH_BEGIN;

    *wish = (struct wish_input){
        { .ops = child ? &child_ops : &wish_ops }, .world = world, .wish = kind, .seq = seq
    };
    return &wish->input;
}

static struct input *request_new(struct world *world)
{
    struct wish_input *wish = (struct wish_input *)wish_new(world, WISH_REQUEST, 0);
    struct datastore_view view = { .catalog = world->catalog, .user = "ada", .now_us = world->now_us };
    struct expr_host host = datastore_host(&view);
    bool local = chance(world, 60);
    struct execution_request request = {
        .action = local               ? "core.local"
                  : chance(world, 50) ? "core.chain"
                                      : "core.noop",
        .user = "ada",
        .delay_ms = chance(world, 15) ? (int64_t)draw(world, 20000) : 0,
    };
    VALUE_AUTO(parameters);
    ERROR_AUTO(err);
    int r;

    parameters = from_json(local ? "{\"cmd\": \"true\"}" : "{}");
    request.parameters = parameters;
    r = execution_plan(world->catalog, &host, world->now_us, &request, &wish->plan, &err);
    CHECK(world, r == 0, "%s", error_text(&err));
    CHECK(world, !wish->plan.failure, "%s", wish->plan.failure);
    return &wish->input;
}

static struct input *random_wish(struct world *world)
{
    static const enum execution_status told[] = {
        EXECUTION_SUCCEEDED, EXECUTION_FAILED,  EXECUTION_TIMEOUT, EXECUTION_CANCELED, EXECUTION_SCHEDULED,
        EXECUTION_REQUESTED, EXECUTION_DELAYED, EXECUTION_PENDING, EXECUTION_PAUSING,  EXECUTION_RESUMING
    };
    uint64_t kind = draw(world, 100);
    struct input *input;

    if (kind < 55 || !world->n_acknowledged)
        return request_new(world);
    if (kind >= 85 && world->n_children)
        return wish_new(world, WISH_OUTPUT, world->children[draw(world, world->n_children)].seq);
    input = wish_new(world, kind < 75 ? WISH_CANCEL : WISH_STATUS,
                     chance(world, 25) ? 0 : world->acknowledged[draw(world, world->n_acknowledged)]);
    ((struct wish_input *)input)->status = told[draw(world, ELEMENTS(told))];
    return input;
}

/* ---- disasters ---- */

static void sabotage(struct world *world, const char *sql)
{
    CHECK(world, sqlite3_exec(world->saboteur, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
          sqlite3_errmsg(world->saboteur));
}

static const char *const fault_places[] = {
    "INSERT ON execution_tally", "INSERT ON execution",      "UPDATE ON execution", "INSERT ON output",
    "INSERT ON trace",           "INSERT ON workflow_state", "INSERT ON workflow",  "UPDATE ON workflow",
};

static void fault_begin(struct world *world)
{
    char sql[64];

    world->fault_steps = 1 + (int)draw(world, 3);
    world->away = chance(world, 25);
    snprintf(sql, sizeof(sql), "UPDATE fault SET place = %d", 1 + (int)draw(world, ELEMENTS(fault_places)));
    sabotage(world, world->away ? "ALTER TABLE execution RENAME TO hidden" : sql);
}

static void fault_end(struct world *world)
{
    if (!world->fault_steps)
        return;
    sabotage(world, world->away ? "ALTER TABLE hidden RENAME TO execution" : "UPDATE fault SET place = 0");
    world->fault_steps = 0;
    world->away = false;
}

/* Each place at which a statement of a batch may fail has a trigger that looks whether it is to. */
static void fault_prepare(struct world *world)
{
    char sql[256];

    sabotage(world, "CREATE TABLE fault(place); INSERT INTO fault VALUES(0)");
    for (size_t i = 0; i < ELEMENTS(fault_places); i++) {
        snprintf(sql, sizeof(sql),
                 "CREATE TRIGGER fault%zu BEFORE %s WHEN (SELECT place FROM fault) = %zu"
                 " BEGIN SELECT RAISE(FAIL, 'a fault that is wanted'); END",
                 i + 1, fault_places[i], i + 1);
        sabotage(world, sql);
    }
}

static void engine_up(struct world *world)
{
    struct engine_config config = {
        .effects = { .start = world_start, .stop = world_stop, .data = world },
        .node = 1,
        .hostname = "here",
        .pid = 1,
        .server_user = "fulmar",
        .system_user = "fulmar",
        .api_url = "http://127.0.0.1/v1",
        .processes_max = world->processes_max,
        .output_limit = 1000,
    };
    int64_t repaired;
    ERROR_AUTO(err);

    world->dead = false;
    CHECK(world, store_open(world->directory, STORE_CREATE, &world->store, &err) == 0, "%s",
          error_text(&err));
    world->catalog = catalog_new();
    CHECK(world, catalog_load(world->catalog, store_as_reader(world->store), &err) == 0, "%s",
          error_text(&err));
    config.store = world->store;
    config.catalog = world->catalog;
    memcpy(config.random, &world->random, sizeof(world->random));
    world->engine = engine_new(&config);
    CHECK(world, engine_recover(world->engine, world->now_us, &repaired, &err) == 0, "%s", error_text(&err));
    world->due_us = world->now_us;
}

static void engine_down(struct world *world)
{
    struct input *next;

    world->dead = true;
    for (struct input *input = world->kept; input; input = next) {
        next = input->next;
        input->ops->done(input, -ECANCELED, NULL);
    }
    world->kept = NULL;
    while (world->n_readings)
        run_free(world->readings[--world->n_readings].run);
    engine_free(world->engine);
    catalog_free(world->catalog);
    store_close(world->store);
}

static void crash(struct world *world)
{
    engine_down(world);
    fault_end(world);
    world->n_children = 0; /* whatever they are doing, nobody will hear of it */
    engine_up(world);
}

/* ---- a step ---- */

static void check_children(struct world *world)
{
    struct execution_row row;
    char *user;

    for (size_t i = 0; i < world->n_children; i++) {
        const struct child *child = &world->children[i];
        int r = store_execution_get(store_as_reader(world->store), child->seq, 0, &row, NULL);

        CHECK(world, r == 0, "a child lives whose execution is not in the store");
        user = engine_service_user(world->engine, child->token);
        CHECK(world, user || row.status != EXECUTION_RUNNING, "a running action's token is gone");
        CHECK(world, child->end_us != NEVER || !execution_status_completed(row.status),
              "nobody ends the child of an ended execution");
        CHECK(world, !user || !execution_status_completed(row.status),
              "the token of an ended action is good");
        execution_row_release(&row);
        free(user);
    }
}

static struct input **ends_of_children(struct world *world, struct input **end)
{
    for (size_t i = 0; i < world->n_children;) {
        if (world->children[i].end_us > world->now_us) {
            i++;
            continue;
        }
        *end = wish_new(world, WISH_END, world->children[i].seq);
        end = &(*end)->next;
        world->children[i] = world->children[--world->n_children];
    }
    return end;
}

static struct input **ends_of_readings(struct world *world, struct input **end)
{
    for (size_t i = 0; i < world->n_readings;) {
        if (world->readings[i].end_us > world->now_us) {
            i++;
            continue;
        }
        *end = wish_new(world, WISH_BEGIN, 0);
        ((struct wish_input *)*end)->run = world->readings[i].run;
        end = &(*end)->next;
        world->readings[i] = world->readings[--world->n_readings];
    }
    return end;
}

static void step(struct world *world, size_t n_wishes)
{
    struct input *inputs = world->kept, **end = &inputs;

    world->step++;
    while (*end)
        end = &(*end)->next;
    end = ends_of_readings(world, ends_of_children(world, end));
    for (size_t i = 0; i < n_wishes; i++) {
        *end = random_wish(world);
        end = &(*end)->next;
    }
    world->kept = engine_step(world->engine, inputs, world->now_us, &world->due_us);
    if (!world->dead && !world->away)
        check_children(world);
}

/* ---- what must hold ---- */

struct census {
    struct world *world;
    int64_t by_status[EXECUTION_STATUSES];
};

/* What a chain shows at its end are its children, each of them once, and what they published in their order. */
static void check_chain(struct world *world, int64_t seq)
{
    struct store_reader *reader = store_as_reader(world->store);
    struct execution_row row;
    int64_t *children = NULL;
    size_t n = 0;
    const char *seen;

    CHECK(world, store_execution_get(reader, seq, EXECUTION_RESULT, &row, NULL) == 0, "no chain");
    CHECK(world, store_execution_children(reader, seq, &children, &n, NULL) == 0, "no children");
    CHECK(world, !value_map_has(row.result, "error"), "chain %" PRId64 " failed: %s", seq,
          value_map_chars(row.result, "error"));
    CHECK(world, n <= 3, "chain %" PRId64 " has %zu children", seq, n);
    if (execution_status_completed(row.status) && value_map_has(row.result, "tasks")) {
        value tasks = value_map_get(row.result, "tasks");

        CHECK(world, value_list_count(tasks) == n, "%zu tasks, %zu children", value_list_count(tasks), n);
        for (size_t i = 0; i < n; i++) {
            char id[OBJECT_ID_SIZE];

            object_id_format(store_id(reader), children[i], id);
            CHECK(world, value_text_is(value_map_get(value_list_at(tasks, i), "execution_id"), id),
                  "task %zu of %" PRId64 " is another's", i, seq);
        }
        seen = value_map_chars(value_map_get(row.result, "published"), "seen");
        seen = seen ? seen : "";
        /* A canceled task publishes nothing. */
        CHECK(world, strncmp(seen, "abc", strlen(seen)) == 0 && strlen(seen) + 1 >= n && strlen(seen) <= n,
              "%zu tasks published %s", n, seen);
        CHECK(world, row.status != EXECUTION_SUCCEEDED || n == 3, "succeeded with %zu tasks", n);
    }
    free(children);
    execution_row_release(&row);
}

static int check_row(void *data, struct execution_row *row)
{
    struct census *census = data;
    struct world *world = census->world;

    census->by_status[row->status]++;
    CHECK(world, row->n_log > 0 && row->log[0].status == EXECUTION_REQUESTED, "the log begins elsewhere");
    CHECK(world, row->log[row->n_log - 1].status == row->status, "log and status differ");
    for (int i = 1; i < row->n_log; i++) {
        CHECK(world, row->log[i].at_us >= row->log[i - 1].at_us, "the log of %" PRId64 " goes back in time",
              row->seq);
        CHECK(world, execution_status_may_become(row->log[i - 1].status, row->log[i].status), "from %s to %s",
              execution_status_text(row->log[i - 1].status), execution_status_text(row->log[i].status));
    }
    CHECK(world, execution_status_completed(row->status) == (row->end_us != 0), "status and end differ");
    CHECK(world, !row->end_us || (row->end_us >= row->start_us && !row->owner), "a bad end");
    if (value_text_is(value_map_get(row->action, "name"), "chain"))
        check_chain(world, row->seq);
    return 0;
}

static void check_store(struct world *world)
{
    struct execution_filter all = { .status = -1, .limit = -1 };
    struct census census = { .world = world };
    struct store_reader *reader = store_as_reader(world->store);
    struct store_figures figures;
    struct execution_row row;
    int64_t total;

    for (size_t i = 0; i < world->n_acknowledged; i++) {
        CHECK(world, store_execution_get(reader, world->acknowledged[i], 0, &row, NULL) == 0,
              "an acknowledged execution is lost");
        execution_row_release(&row);
    }
    CHECK(world, store_executions(reader, &all, 0, check_row, &census, &total, NULL) == 0, "no list");
    CHECK(world, store_figures(reader, &figures, NULL) == 0, "no figures");
    for (int i = 0; i < EXECUTION_STATUSES; i++)
        CHECK(world, figures.by_status[i] == census.by_status[i],
              "%s: counted %" PRId64 ", there are %" PRId64, execution_status_text((enum execution_status)i),
              figures.by_status[i], census.by_status[i]);
}

static bool has_child(const struct world *world, int64_t seq)
{
    for (size_t i = 0; i < world->n_children; i++)
        if (world->children[i].seq == seq)
            return true;
    return false;
}

static bool has_open_task(struct world *world, const int64_t *seqs, size_t n, int64_t chain)
{
    bool found = false;

    for (size_t i = 0; i < n; i++) {
        struct execution_row row;

        CHECK(world, store_execution_get(store_as_reader(world->store), seqs[i], 0, &row, NULL) == 0,
              "no row");
        found |= row.parent == chain;
        execution_row_release(&row);
    }
    return found;
}

/* Without further events: what is open has a child, waits for a place that others hold, or for a person. */
static void check_nothing_stuck(struct world *world, bool empty)
{
    int64_t *seqs;
    size_t n;
    struct execution_row row;

    CHECK(world, store_executions_active(store_as_reader(world->store), &seqs, &n, NULL) == 0, "no list");
    for (size_t i = 0; i < n; i++) {
        CHECK(world, store_execution_get(store_as_reader(world->store), seqs[i], 0, &row, NULL) == 0,
              "no row");
        CHECK(world, !empty, "%" PRId64 " is still %s", row.seq, execution_status_text(row.status));
        CHECK(world,
              has_child(world, row.seq) || row.status == EXECUTION_PENDING ||
                  row.status == EXECUTION_PAUSED || has_open_task(world, seqs, n, row.seq) ||
                  (row.status == EXECUTION_SCHEDULED && (int64_t)world->n_children == world->processes_max),
              "%" PRId64 " is stuck in %s", row.seq, execution_status_text(row.status));
        execution_row_release(&row);
    }
    free(seqs);
}

/* Time goes on until only children that never end are left. Far more rounds are had than any history needs. */
static void settle(struct world *world)
{
    int64_t next_us;
    int quiet = 0;

    for (int i = 0; i < 1000 && quiet < 2; i++) {
        next_us = world->due_us;
        for (size_t k = 0; k < world->n_children; k++)
            if (world->children[k].end_us < next_us)
                next_us = world->children[k].end_us;
        for (size_t k = 0; k < world->n_readings; k++)
            if (world->readings[k].end_us < next_us)
                next_us = world->readings[k].end_us;
        quiet = next_us == NEVER && !world->kept ? quiet + 1 : 0;
        world->now_us = next_us != NEVER && next_us > world->now_us ? next_us : world->now_us + SECOND;
        step(world, 0);
    }
    CHECK(world, quiet, "it does not come to rest");
}

/* Cancel what is open, or finish what waits for a person. */
static void end_everything(struct world *world)
{
    int64_t *seqs;
    size_t n;

    CHECK(world, store_executions_active(store_as_reader(world->store), &seqs, &n, NULL) == 0, "no list");
    for (size_t i = 0; i < n; i++) {
        struct input *status = wish_new(world, WISH_STATUS, seqs[i]),
                     *cancel = wish_new(world, WISH_CANCEL, seqs[i]);

        ((struct wish_input *)status)->status = EXECUTION_FAILED;
        status->next = world->kept;
        world->kept = chance(world, 50) ? cancel : status;
        cancel->next = status;
        if (world->kept == status)
            cancel->ops->done(cancel, -ECANCELED, NULL);
    }
    free(seqs);
}

/* ---- histories ---- */

static void random_step(struct world *world)
{
    bool die = chance(world, 4);

    world->now_us += chance(world, 8) ? -5 * SECOND : (int64_t)draw(world, 3 * SECOND);
    if (world->fault_steps && --world->fault_steps == 0) {
        world->fault_steps = 1;
        fault_end(world);
    } else if (!world->fault_steps && chance(world, 10)) {
        fault_begin(world);
    }
    world->dead = die;
    step(world, draw(world, 4));
    if (die || chance(world, 3))
        crash(world);
}

static void begin(struct world *world, const char *directory, uint64_t seed)
{
    char *path = xasprintf("%s/fulmar.db", directory);
    struct input *content;

    *world = (struct world){
        .seed = seed, .random = seed * 0x9E3779B97F4A7C15ULL | 1, .directory = directory, .now_us = T0
    };
    draw(world, 2);
    world->processes_max = 1 + (int64_t)draw(world, 4);
    scratch_clear(directory);
    engine_up(world);
    content = wish_new(world, WISH_CONTENT, 0);
    world->kept = engine_step(world->engine, content, world->now_us, &world->due_us);
    assert_int_equal(sqlite3_open(path, &world->saboteur), SQLITE_OK);
    sqlite3_busy_timeout(world->saboteur, 1000);
    sabotage(world, "PRAGMA synchronous=OFF");
    fault_prepare(world);
    free(path);
}

static void live(const char *directory, uint64_t seed, struct world *world)
{
    begin(world, directory, seed);
    for (size_t i = 0, n = 10 + draw(world, 50); i < n; i++)
        random_step(world);
    fault_end(world);
    if (chance(world, 50))
        crash(world);
    settle(world);
    check_store(world);
    check_nothing_stuck(world, false);
    end_everything(world);
    settle(world);
    check_store(world);
    check_nothing_stuck(world, true);
    CHECK(world, engine_running(world->engine) == 0, "the engine believes in children that are gone");
    CHECK(world, world->engine->tokens.count == 0, "tokens are left");
    engine_down(world);
    sqlite3_close(world->saboteur);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : otherwise;
}

TEST(histories_of_faults_leave_nothing_lost_doubled_or_stuck)
{
    char *directory = scratch_new();
    uint64_t seed = number_from("FULMAR_SEED", 0), n = number_from("FULMAR_HISTORIES", 300);
    static struct world world;
    size_t executions = 0, children = 0;

    log_set_level(LOG_LEVEL_AUDIT); /* failing is what is tested */
    for (uint64_t i = seed ? seed : 1; i <= (seed ? seed : n); i++) {
        live(directory, i, &world);
        executions += world.n_acknowledged;
        children += world.n_started;
    }
    print_message("%zu executions acknowledged, %zu children started\n", executions, children);
    scratch_free(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(histories_of_faults_leave_nothing_lost_doubled_or_stuck),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
