/* SPDX-License-Identifier: Apache-2.0 */
/* Histories drawn from a seed: workflows with limits, retries, items, questions and workflows below them; processes that end when
   they like, people who pause, resume, cancel and answer, a clock that jumps, a node that dies. Whatever happened, when
   everything that runs has ended and everybody has answered, nothing is left that is not over. What did not succeed is run
   again, deeply, and lives once more.

   FULMAR_HISTORIES=1000 plays more of them, FULMAR_SEED=N only that one; a failure prints its seed. */
#include "node.h"

#define STEPS 60
#define TURNS 400 /* in which everything must come to rest */

static const char *const outer[] = {
    "version: 1.0\ntimeout: 40\ntasks:\n"
    "  a:\n    action: core.local cmd='one'\n    timeout: 7\n    retry:\n      count: 2\n      delay: 3\n    next:\n      - do: c\n"
    "  b:\n    action: test.flow\n    timeout: 9\n    next:\n      - do: c\n"
    "  c:\n    join: all\n    action: core.noop\n",
    "version: 1.0\ntasks:\n"
    "  a:\n    with:\n      items: <% range(4) %>\n      concurrency: 2\n    action: test.flow\n    timeout: 12\n    next:\n"
    "      - when: <% failed() %>\n        do: b\n"
    "  b:\n    action: core.ask\n    timeout: 5\n    next:\n      - do: c\n"
    "  c:\n    action: core.local cmd='one'\n    delay: 4\n    timeout: 6\n",
    "version: 1.0\ntimeout: 30\ntasks:\n"
    "  a:\n    with:\n      items: <% range(3) %>\n    action: core.ask\n    next:\n      - do: b\n"
    "  b:\n    action: test.flow\n    next:\n      - do: a\n        when: <% failed() %>\n",
};

static const char *const inner[] = {
    "version: 1.0\ntasks:\n  a:\n    action: core.local cmd='one'\n    next:\n      - do: b\n"
    "  b:\n    action: core.local cmd='two'\n    timeout: 3\n",
    "version: 1.0\ntimeout: 8\ntasks:\n  a:\n    action: core.ask\n  b:\n    action: core.local cmd='one'\n",
    "version: 1.0\ntasks:\n  a:\n    with:\n      items: <% range(3) %>\n      concurrency: 1\n"
    "    action: core.local cmd='one'\n    timeout: 5\n    retry:\n      count: 1\n",
};

static uint64_t seed, draws;

static uint64_t draw(uint64_t n)
{
    uint64_t z = seed * 0x9E3779B97F4A7C15 + ++draws * 0xBF58476D1CE4E5B9;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (z ^ (z >> 31)) % n;
}

/* ---- what happens ---- */

static void begin_or_end(int64_t root, enum execution_status status)
{
    size_t at = draw(node.n_runs);
    struct run *run = node.runs[at];

    node.runs[at] = node.runs[node.n_runs - 1];
    node.runs[node.n_runs - 1] = run;
    if (!value_text_is(value_map_get(run->action, "runner_type"), "orquesta")) {
        end_run(status);
        return;
    }
    run = take_run();
    flow_text = run->seq == root ? outer[seed % ELEMENTS(outer)] : inner[draw(ELEMENTS(inner))];
    step(begin_flow, run);
    run_free(run);
}

static int ask_for(struct engine *engine, int64_t seq, enum execution_status status, struct error *err)
{
    struct execution_row row = { 0 };
    int r = execution_set_status(engine, seq, status, VALUE_NOTHING, "ann", &row, NULL);

    execution_row_release(&row);
    return r < 0 ? error_set(err, r, "the store broke") : 0;
}

static int ask_pause(struct engine *engine, void *data, struct error *err)
{
    return ask_for(engine, *(int64_t *)data, EXECUTION_PAUSING, err);
}

static int ask_resume(struct engine *engine, void *data, struct error *err)
{
    return ask_for(engine, *(int64_t *)data, EXECUTION_RESUMING, err);
}

static int ask_cancel(struct engine *engine, void *data, struct error *err)
{
    return ask_for(engine, *(int64_t *)data, EXECUTION_CANCELING, err);
}

static int ask_answer(struct engine *engine, void *data, struct error *err)
{
    VALUE_AUTO(response);
    int r;

    response = value_map_new(0);
    r = inquiry_respond(engine, *(int64_t *)data, "", response, "ann", NULL);
    return r < 0 ? error_set(err, r, "the store broke") : 0;
}

static enum execution_status status_of(int64_t seq)
{
    struct execution_row row;
    enum execution_status status;

    assert_int_equal(store_execution_get(store_as_reader(node.store), seq, 0, &row, NULL), 0);
    status = row.status;
    execution_row_release(&row);
    return status;
}

/* The first below `seq` (itself included) with that status; EXECUTION_STATUSES: that is not over. 0: none. */
static int64_t find_below(int64_t seq, enum execution_status wanted)
{
    enum execution_status status = status_of(seq);
    int64_t *children = NULL, found = 0;
    size_t n = 0;

    if (wanted == EXECUTION_STATUSES ? !execution_status_completed(status) : status == wanted)
        return seq;
    assert_int_equal(store_execution_children(store_as_reader(node.store), seq, &children, &n, NULL), 0);
    for (size_t i = 0; i < n && !found; i++)
        found = find_below(children[i], wanted);
    free(children);
    return found;
}

static int look_at_waits(struct engine *engine, void *data, struct error *err)
{
    int64_t seq = *(int64_t *)data;
    bool over = execution_status_completed(status_of(seq));
    VALUE_AUTO(waits);

    assert_int_equal(execution_waits(engine, seq, &waits, err), 0);
    if (over)
        assert_int_equal(value_list_count(waits), 0);
    else
        assert_true(value_list_count(waits) > 0);
    return 0;
}

static void happen(int64_t root)
{
    static const enum execution_status ends[] = { EXECUTION_SUCCEEDED, EXECUTION_SUCCEEDED, EXECUTION_FAILED,
                                                  EXECUTION_TIMEOUT };
    int64_t question;

    switch (draw(12)) {
    case 0:
        step(ask_pause, &root);
        break;
    case 1:
    case 2:
        step(ask_resume, &root);
        break;
    case 3:
        if (draw(8) == 0)
            step(ask_cancel, &root);
        break;
    case 4:
        if (draw(3) == 0)
            crash_and_boot();
        break;
    case 5:
    case 6:
        pass((int64_t)draw(6));
        break;
    case 7:
        question = find_below(root, EXECUTION_PENDING);
        if (question)
            step(ask_answer, &question);
        break;
    default:
        if (node.n_runs)
            begin_or_end(root, ends[draw(ELEMENTS(ends))]);
    }
    step(look_at_waits, &root);
}

static void live(int64_t root, int steps)
{
    for (int i = 0; i < steps; i++) {
        node.n_stopped = 0;
        happen(root);
    }
    node.n_stopped = 0;
}

static void come_to_rest(int64_t root)
{
    for (int turn = 0; turn < TURNS; turn++) {
        int64_t question = find_below(root, EXECUTION_PENDING), paused = find_below(root, EXECUTION_PAUSED);

        if (!node.n_runs && !find_below(root, EXECUTION_STATUSES))
            return;
        if (node.n_runs)
            begin_or_end(root, EXECUTION_SUCCEEDED);
        else if (question)
            step(ask_answer, &question);
        else if (paused)
            step(ask_resume, &paused); /* below one that failed meanwhile it waits for somebody by itself */
        else
            pass(5);
    }
    fail_msg("seed %llu: %s, %zu processes, below it one is %s", (unsigned long long)seed,
             execution_status_text(status_of(root)), node.n_runs,
             execution_status_text(status_of(find_below(root, EXECUTION_STATUSES))));
}

TEST(whatever_happens_to_a_workflow_it_ends_with_all_below_it)
{
    const char *histories = getenv("FULMAR_HISTORIES"), *only = getenv("FULMAR_SEED");
    uint64_t first = 1, n = 40;

    if (histories)
        n = strtoull(histories, NULL, 10);
    if (only) {
        first = strtoull(only, NULL, 10);
        n = 1;
    }
    for (seed = first; seed < first + n; seed++) {
        int64_t root;

        set_up(NULL);
        draws = 0;
        step(request_flow, &root);
        live(root, STEPS);
        come_to_rest(root);
        if (status_of(root) != EXECUTION_SUCCEEDED) {
            root = rerun(root, "{\"deep\":true}");
            live(root, STEPS / 2);
            come_to_rest(root);
        }
        tear_down(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_happens_to_a_workflow_it_ends_with_all_below_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
