/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "chain/run.h"

static int read_key(void *data, const char *scope, const char *key, bool decrypt, value *ret,
                    struct error *err)
{
    *ret = value_textf("%s of %s", key, scope);
    return 0;
}

static const struct expr_host host = { .datastore_get = read_key };
static const struct chain_scope scope = { .host = &host, .now_us = 1700000000000000 };

static struct chain_run *begin(const char *text, const char *parameters)
{
    struct chain_spec *spec = NULL;
    struct chain_run *run;
    VALUE_AUTO(given);
    ERROR_AUTO(err);

    given = from_json(parameters);
    if (chain_spec_load("c.yaml", text, strlen(text), &spec, &err) < 0)
        fail_msg("%s", error_text(&err));
    run = chain_run_new(spec, given);
    if (chain_run_begin(run, &scope, &err) < 0)
        fail_msg("%s", error_text(&err));
    return run;
}

static void assert_next(const struct chain_run *run, const char *name)
{
    if (!name)
        assert_true(run->next == CHAIN_NODE_NONE);
    else
        assert_string_equal(run->spec->nodes[run->next].name, name);
}

static void assert_parameters(const struct chain_run *run, const char *json)
{
    VALUE_AUTO(parameters);
    ERROR_AUTO(err);

    if (chain_run_parameters(run, &scope, &parameters, &err) < 0)
        fail_msg("%s", error_text(&err));
    assert_json(parameters, json);
}

/* The next task runs and ends. */
static int play(struct chain_run *run, enum execution_status state, const char *result, struct error *err)
{
    VALUE_AUTO(v);

    v = from_json(result);
    chain_run_started(run, 7, scope.now_us);
    assert_non_null(chain_run_current(run));
    return chain_run_ended(run, state, v, &scope, err);
}

static void play_well(struct chain_run *run, const char *result)
{
    ERROR_AUTO(err);

    if (play(run, EXECUTION_SUCCEEDED, result, &err) != 0)
        fail_msg("%s", error_text(&err));
}

static const char two[] =
    "vars: {mark: '{{who}}?', count: 3}\n"
    "chain:\n"
    "  - name: a\n    ref: x.y\n    parameters: {m: '{{who}}{{mark}}', n: 5, t: 'plain'}\n"
    "    publish: {said: '{{a.stdout}}', all: {said: '{{a.stdout}}'}, n: 5}\n"
    "    on-success: b\n    on-failure: c\n"
    "  - name: b\n    ref: x.y\n    parameters: {m: '{{a.stdout}} {{said}}', l: ['{{count}}', 2]}\n"
    "  - {name: c, ref: x.y}\n";

TEST(a_chain_goes_from_task_to_task_and_publishes)
{
    struct chain_run *run = begin(two, "{\"who\":\"me\"}");

    assert_next(run, "a");
    assert_parameters(run, "{\"m\":\"meme?\",\"n\":5,\"t\":\"plain\"}");
    play_well(run, "{\"stdout\":\"hi\"}");
    assert_json(run->published, "{\"said\":\"hi\",\"all\":{\"said\":\"hi\"},\"n\":5}");
    assert_next(run, "b");
    assert_parameters(run, "{\"m\":\"hi hi\",\"l\":[\"3\",2]}");
    play_well(run, "{}");
    assert_next(run, NULL);
    assert_int_equal(run->outcome, EXECUTION_SUCCEEDED);
    chain_run_free(run);
}

TEST(what_failed_is_followed_by_on_failure_and_publishes_too)
{
    static const enum execution_status states[] = { EXECUTION_FAILED, EXECUTION_TIMEOUT,
                                                    EXECUTION_ABANDONED };

    for (size_t i = 0; i < ELEMENTS(states); i++) {
        struct chain_run *run = begin(two, "{\"who\":\"me\"}");
        ERROR_AUTO(err);

        assert_int_equal(play(run, states[i], "{\"stdout\":\"no\"}", &err), 0);
        assert_next(run, "c");
        assert_json(value_map_get(run->vars, "said"), "\"no\"");
        play_well(run, "{}");
        assert_int_equal(run->outcome, EXECUTION_SUCCEEDED);
        chain_run_free(run);
    }
}

TEST(the_last_task_decides_and_a_timeout_stays_one)
{
    static const struct {
        enum execution_status state, outcome;
    } cases[] = {
        { EXECUTION_FAILED, EXECUTION_FAILED },
        { EXECUTION_TIMEOUT, EXECUTION_TIMEOUT },
        { EXECUTION_ABANDONED, EXECUTION_FAILED },
        { EXECUTION_CANCELED, EXECUTION_CANCELED },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct chain_run *run = begin("chain:\n  - {name: a, ref: x.y}\n", "{}");
        ERROR_AUTO(err);

        assert_int_equal(play(run, cases[i].state, "null", &err), 0);
        assert_next(run, NULL);
        assert_int_equal(run->outcome, cases[i].outcome);
        chain_run_free(run);
    }
}

TEST(a_canceled_task_publishes_nothing_and_is_followed_by_nothing)
{
    struct chain_run *run = begin("chain:\n  - {name: a, ref: x.y, on-failure: a, on-success: a,"
                                  " publish: {v: '{{a.nothing}}'}}\n",
                                  "{}");
    ERROR_AUTO(err);

    assert_int_equal(play(run, EXECUTION_CANCELED, "null", &err), 0);
    assert_next(run, NULL);
    chain_run_free(run);
}

TEST(a_chain_without_tasks_is_over_and_succeeded)
{
    struct chain_run *run = begin("chain: []\n", "{}");

    assert_next(run, NULL);
    assert_int_equal(run->outcome, EXECUTION_SUCCEEDED);
    chain_run_free(run);
}

TEST(what_cannot_be_published_ends_the_chain)
{
    struct chain_run *run = begin("chain:\n  - {name: a, ref: x.y, publish: {v: '{{a.nothing}}'}}\n", "{}");
    ERROR_AUTO(err);

    assert_int_equal(play(run, EXECUTION_SUCCEEDED, "{}", &err), CHAIN_PUBLISH_FAILED);
    assert_string_equal(error_text(&err),
                        "The task \"a\" cannot publish: Failed to render the published variable "
                        "\"v\": 'dict object' has no attribute 'nothing'");
    chain_run_free(run);
}

TEST(a_request_that_was_refused_publishes_nothing)
{
    struct chain_run *run =
        begin("chain:\n  - {name: a, ref: x.y, publish: {v: '{{a.nothing}}'}, on-failure: a}\n", "{}");
    ERROR_AUTO(err);

    chain_run_started(run, 0, scope.now_us);
    assert_int_equal(chain_run_ended(run, EXECUTION_FAILED, value_null(), &scope, &err), 0);
    assert_next(run, "a");
    chain_run_free(run);
}

TEST(a_template_in_the_place_of_a_name_fails_when_its_turn_comes)
{
    struct chain_run *run =
        begin("chain:\n  - {name: a, ref: x.y, on-success: '{{who}}'}\n", "{\"who\":\"a\"}");
    ERROR_AUTO(err);

    assert_int_equal(play(run, EXECUTION_SUCCEEDED, "{}", &err), CHAIN_BROKEN);
    assert_non_null(strstr(error_text(&err), "Unable to find node with name \"{{who}}\""));
    chain_run_free(run);
}

TEST(variables_beat_results_and_results_beat_parameters)
{
    struct chain_run *run =
        begin("vars: {b: var}\n"
              "chain:\n"
              "  - {name: a, ref: x.y, on-success: b, publish: {seen: '{{a}}'}}\n"
              "  - {name: b, ref: x.y, on-success: c}\n"
              "  - {name: c, ref: x.y, parameters: {m: '{{a}} {{b}}', r: '{{__results.b}}'}}\n",
              "{\"a\":\"parameter\",\"b\":\"parameter\"}");

    play_well(run, "\"result\"");
    play_well(run, "\"result\"");
    assert_parameters(run, "{\"m\":\"result var\",\"r\":\"result\"}");
    chain_run_free(run);
}

TEST(variables_see_the_datastore_of_the_user_and_tasks_that_of_the_system)
{
    struct chain_run *run =
        begin("vars: {u: '{{st2kv.user.k}}'}\n"
              "chain:\n"
              "  - {name: a, ref: x.y, parameters: {u: '{{u}}', s: '{{st2kv.system.a.b}}',"
              " o: '{{system.k}}'}, on-success: b}\n"
              "  - {name: b, ref: x.y, parameters: {u: '{{st2kv.user.k}}'}}\n",
              "{}");
    VALUE_AUTO(parameters);
    ERROR_AUTO(err);

    assert_parameters(run, "{\"u\":\"k of user\",\"s\":\"a.b of system\",\"o\":\"k of system\"}");
    play_well(run, "{}");
    assert_true(chain_run_parameters(run, &scope, &parameters, &err) < 0);
    assert_string_equal(error_text(&err),
                        "Failed to render the parameter \"u\": 'dict object' has no attribute 'user'");
    chain_run_free(run);
}

TEST(a_chain_in_circles_ends_at_the_limit)
{
    struct chain_run *run = begin(
        "vars: {n: 0}\nchain:\n  - {name: a, ref: x.y, on-success: a, publish: {n: '{{n | int + 1}}'}}\n",
        "{}");
    ERROR_AUTO(err);
    int r = 0;

    while (r == 0)
        r = play(run, EXECUTION_SUCCEEDED, "{}", &err);
    assert_int_equal(r, CHAIN_BROKEN);
    assert_int_equal(run->n_tasks, CHAIN_TASKS_MAX);
    assert_non_null(strstr(error_text(&err), "goes in circles"));
    assert_json(value_map_get(run->vars, "n"), "\"10000\"");
    chain_run_free(run);
}

TEST(more_than_can_be_held_ends_the_chain)
{
    struct chain_run *run = begin("chain:\n  - {name: a, ref: x.y, on-success: a}\n", "{}");
    size_t n = 6 << 20;
    char *text;
    VALUE_AUTO(large);
    ERROR_AUTO(err);
    int r = 0, rounds = 0;

    large = value_string_new(n, &text);
    memset(text, 'x', n);
    for (; r == 0; rounds++) {
        chain_run_started(run, 7, scope.now_us);
        r = chain_run_ended(run, EXECUTION_SUCCEEDED, large, &scope, &err);
    }
    assert_int_equal(r, CHAIN_BROKEN);
    assert_int_equal(rounds, 11);
    assert_non_null(strstr(error_text(&err), "larger than 64 MB"));
    assert_true(value_is_map(run->tasks[run->n_tasks - 1].result));
    chain_run_free(run);
}

TEST(a_run_that_is_read_back_goes_on_as_before)
{
    struct chain_run *run = begin(two, "{\"who\":\"me\"}");
    struct chain_run *again;
    VALUE_AUTO(parameters);
    ERROR_AUTO(err);

    play_well(run, "{\"stdout\":\"hi\"}");
    parameters = from_json("{\"who\":\"me\"}");
    again = chain_run_new(chain_spec_ref(run->spec), parameters);
    for (size_t i = 0; i < run->n_tasks; i++) {
        struct chain_task task = run->tasks[i];

        value_ref(task.result);
        chain_run_restore_task(again, &task);
    }
    VALUE_MAP_EACH (i, run->vars) {
        value name = value_map_key_at(run->vars, i);

        chain_run_restore_var(again, value_chars(name), value_map_item_at(run->vars, i),
                              value_is_set(value_map_get_value(run->published, name)));
    }
    assert_int_equal(chain_run_restored(again, &err), 0);
    assert_next(again, "b");
    assert_parameters(again, "{\"m\":\"hi hi\",\"l\":[\"3\",2]}");
    assert_json(again->published, "{\"said\":\"hi\",\"all\":{\"said\":\"hi\"},\"n\":5}");
    assert_int_equal(again->bytes, run->bytes);
    chain_run_free(again);
    chain_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_goes_from_task_to_task_and_publishes),
        cmocka_unit_test(what_failed_is_followed_by_on_failure_and_publishes_too),
        cmocka_unit_test(the_last_task_decides_and_a_timeout_stays_one),
        cmocka_unit_test(a_canceled_task_publishes_nothing_and_is_followed_by_nothing),
        cmocka_unit_test(a_chain_without_tasks_is_over_and_succeeded),
        cmocka_unit_test(what_cannot_be_published_ends_the_chain),
        cmocka_unit_test(a_request_that_was_refused_publishes_nothing),
        cmocka_unit_test(a_template_in_the_place_of_a_name_fails_when_its_turn_comes),
        cmocka_unit_test(variables_beat_results_and_results_beat_parameters),
        cmocka_unit_test(variables_see_the_datastore_of_the_user_and_tasks_that_of_the_system),
        cmocka_unit_test(a_chain_in_circles_ends_at_the_limit),
        cmocka_unit_test(more_than_can_be_held_ends_the_chain),
        cmocka_unit_test(a_run_that_is_read_back_goes_on_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
