/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include <time.h>

#include "base/mem.h"
#include "rules/criteria.h"
#include "rules/operators.h"

#define NOW_US 1750000000000000LL /* 2025-06-15T15:06:40Z */

/* The verdict for criteria and payload in JSON; `reason` gets the text of a failure. */
static enum criteria_verdict judge(const char *criteria_json, const char *payload_json, value *ret_judgements,
                                   struct error *err)
{
    struct criteria *criteria = NULL;
    enum criteria_verdict verdict;
    VALUE_AUTO(v);
    VALUE_AUTO(payload);

    v = from_json(criteria_json);
    payload = from_json(payload_json);
    assert_int_equal(criteria_compile(v, &criteria, err), 0);
    verdict = criteria_judge(criteria, payload, "p.r", "5f", NULL, NOW_US, ret_judgements, err);
    criteria_free(criteria);
    return verdict;
}

static void assert_verdict(const char *criteria, const char *payload, enum criteria_verdict expected)
{
    ERROR_AUTO(err);

    assert_int_equal(judge(criteria, payload, NULL, &err), expected);
}

static void assert_fails(const char *criteria, const char *payload, const char *reason)
{
    ERROR_AUTO(err);
    char expected[400];

    assert_int_equal(judge(criteria, payload, NULL, &err), CRITERIA_FAILED);
    snprintf(expected, sizeof(expected), "Failed to match rule \"p.r\" against trigger instance \"5f\": %s",
             reason);
    assert_string_equal(error_text(&err), expected);
}

TEST(rule_without_criteria_matches)
{
    assert_verdict("{}", "{}", CRITERIA_MATCH);
    assert_verdict("null", "null", CRITERIA_MATCH);
}

TEST(criteria_need_a_payload)
{
    assert_verdict("{\"trigger.a\": {\"type\": \"nexists\", \"pattern\": 1}}", "{}", CRITERIA_NO_MATCH);
    assert_verdict("{\"trigger.a\": {\"type\": \"nexists\", \"pattern\": 1}}", "{\"b\": 1}", CRITERIA_MATCH);
}

TEST(all_criteria_must_hold)
{
    assert_verdict(
        "{\"trigger.a\": {\"type\": \"eq\", \"pattern\": 1}, \"trigger.b.c\": {\"type\": \"gt\", \"pattern\": 1}}",
        "{\"a\": 1, \"b\": {\"c\": 2}}", CRITERIA_MATCH);
    assert_verdict(
        "{\"trigger.a\": {\"type\": \"eq\", \"pattern\": 1}, \"trigger.b.c\": {\"type\": \"gt\", \"pattern\": 1}}",
        "{\"a\": 1, \"b\": {\"c\": 0}}", CRITERIA_NO_MATCH);
    assert_verdict("{\"trigger.a\": {\"pattern\": 1}}", "{\"a\": 1}", CRITERIA_NO_MATCH);
}

TEST(a_key_may_be_used_twice_with_tags)
{
    assert_verdict(
        "{\"trigger.n#1\": {\"type\": \"gt\", \"pattern\": 1}, \"trigger.n#2\": {\"type\": \"lt\", \"pattern\": 5}}",
        "{\"n\": 3}", CRITERIA_MATCH);
}

TEST(keys_are_json_paths)
{
    const char *payload =
        "{\"headers\": {\"X-Y\": \"v\"}, \"list\": [{\"id\": 1}, {\"id\": 2}], \"odd name\": 1, \"z\": null}";

    assert_verdict("{\"trigger.headers['X-Y']\": {\"type\": \"eq\", \"pattern\": \"v\"}}", payload,
                   CRITERIA_MATCH);
    assert_verdict("{\"trigger.list[*].id\": {\"type\": \"eq\", \"pattern\": 1}}", payload, CRITERIA_MATCH);
    assert_verdict("{\"trigger.list[1].id\": {\"type\": \"eq\", \"pattern\": 2}}", payload, CRITERIA_MATCH);
    assert_verdict("{\"trigger.list[7].id\": {\"type\": \"nexists\", \"pattern\": 1}}", payload,
                   CRITERIA_MATCH);
    assert_verdict("{\"trigger.\\\"odd name\\\"\": {\"type\": \"eq\", \"pattern\": 1}}", payload,
                   CRITERIA_MATCH);
    assert_verdict("{\"trigger.z\": {\"type\": \"exists\", \"pattern\": 1}}", payload, CRITERIA_NO_MATCH);
    assert_verdict("{\"trigger..id\": {\"type\": \"eq\", \"pattern\": 1}}", payload, CRITERIA_MATCH);
    assert_verdict("{\"trigger.z.deeper.still\": {\"type\": \"nexists\", \"pattern\": 1}}", payload,
                   CRITERIA_MATCH);
    assert_verdict("{\"system.key\": {\"type\": \"exists\", \"pattern\": 1}}", payload, CRITERIA_MATCH);
    assert_verdict("{\"system.key\": {\"type\": \"eq\", \"pattern\": \"v\"}}", payload, CRITERIA_NO_MATCH);
}

TEST(failures_tell_what_broke)
{
    assert_fails(
        "{\"trigger.a\": {\"type\": \"icontains\", \"pattern\": \"x\"}}", "{\"a\": 5}",
        "There might be a problem with the criteria in rule p.r: 'int' object has no attribute 'lower'");
    assert_fails("{\"trigger.a b\": {\"type\": \"eq\", \"pattern\": \"x\"}}", "{\"a\": 5}",
                 "Failed transforming criteria key trigger.a b: Parse error at 1:10 near token b (ID)");
    assert_fails(
        "{\"trigger.a\": {\"type\": \"regex\", \"pattern\": \"(\"}}", "{\"a\": \"x\"}",
        "There might be a problem with the criteria in rule p.r: missing ), unterminated subpattern at position 0");
    assert_fails(
        "{\"trigger.a\": {\"type\": \"search\", \"pattern\": {}}}", "{\"a\": []}",
        "There might be a problem with the criteria in rule p.r: The 'None' condition is not recognized for type "
        "search, 'any', 'all', 'any2any' and 'all2any' are allowed");
}

TEST(search_looks_into_items)
{
    const char *payload =
        "{\"fields\": [{\"name\": \"Status\", \"to\": \"Done\"}, {\"name\": \"Owner\", \"to\": \"x\"}], \"tags\": "
        "[\"a\", \"b\"], \"deep\": [{\"in\": [{\"n\": 1}]}], \"none\": []}";

    assert_verdict(
        "{\"trigger.fields\": {\"type\": \"search\", \"condition\": \"any\", \"pattern\": {\"item.name\": {\"type\": "
        "\"equals\", \"pattern\": \"Status\"}, \"item.to\": {\"type\": \"equals\", \"pattern\": \"Done\"}}}}",
        payload, CRITERIA_MATCH);
    assert_verdict(
        "{\"trigger.fields\": {\"type\": \"search\", \"condition\": \"any\", \"pattern\": {\"item.name\": {\"type\": "
        "\"equals\", \"pattern\": \"Status\"}, \"item.to\": {\"type\": \"equals\", \"pattern\": \"x\"}}}}",
        payload, CRITERIA_NO_MATCH);
    assert_verdict(
        "{\"trigger.fields\": {\"type\": \"search\", \"condition\": \"all2any\", \"pattern\": {\"item.name\": {\"type\": "
        "\"equals\", \"pattern\": \"Status\"}, \"item.to\": {\"type\": \"equals\", \"pattern\": \"x\"}}}}",
        payload, CRITERIA_MATCH);
    assert_verdict(
        "{\"trigger.tags\": {\"type\": \"search\", \"condition\": \"any\", \"pattern\": {\"item\": {\"type\": "
        "\"equals\", \"pattern\": \"b\"}}}}",
        payload, CRITERIA_MATCH);
    assert_verdict(
        "{\"trigger.deep\": {\"type\": \"search\", \"condition\": \"any\", \"pattern\": {\"item.in\": {\"type\": "
        "\"search\", \"condition\": \"any\", \"pattern\": {\"item.n\": {\"type\": \"eq\", \"pattern\": 1}}}}}}",
        payload, CRITERIA_MATCH);
    assert_verdict(
        "{\"trigger.none\": {\"type\": \"search\", \"condition\": \"all\", \"pattern\": {\"item.n\": {\"type\": "
        "\"eq\", \"pattern\": 1}}}}",
        payload, CRITERIA_MATCH);
}

TEST(patterns_are_rendered_and_keep_their_type)
{
    const char *payload =
        "{\"n\": 5, \"limit\": 5, \"name\": \"ab\", \"list\": [1, 2], \"items\": [{\"k\": 1}]}";

    assert_verdict("{\"trigger.n\": {\"type\": \"eq\", \"pattern\": \"{{ trigger.limit }}\"}}", payload,
                   CRITERIA_MATCH);
    assert_verdict("{\"trigger.list\": {\"type\": \"eq\", \"pattern\": \"{{trigger.list}}\"}}", payload,
                   CRITERIA_MATCH);
    assert_verdict("{\"trigger.name\": {\"type\": \"eq\", \"pattern\": \"a{{ 'b' }}\"}}", payload,
                   CRITERIA_MATCH);
    assert_verdict("{\"trigger.n\": {\"type\": \"eq\", \"pattern\": \"5\"}}", payload, CRITERIA_NO_MATCH);
    assert_verdict(
        "{\"trigger.items\": {\"type\": \"search\", \"condition\": \"any\", \"pattern\": {\"item.k\": {\"type\": "
        "\"eq\", \"pattern\": \"{{ item.k }}\"}}}}",
        payload, CRITERIA_MATCH);
    assert_fails("{\"trigger.n\": {\"type\": \"eq\", \"pattern\": \"{{ nope }}\"}}", payload,
                 "Failed to render pattern value \"{{ nope }}\" for key \"trigger.n\": 'nope' is undefined");
}

static int get_key(void *data, const char *scope, const char *key, bool decrypt, value *ret,
                   struct error *err)
{
    *ret = strcmp(scope, "system") == 0 && strcmp(key, "kind") == 0 ? value_text("heads") : VALUE_NOTHING;
    return 0;
}

TEST(patterns_see_the_datastore)
{
    const struct expr_host host = { .datastore_get = get_key };
    struct criteria *criteria = NULL;
    ERROR_AUTO(err);
    VALUE_AUTO(v);
    VALUE_AUTO(payload);

    v = from_json(
        "{\"trigger.ref\": {\"type\": \"startswith\", \"pattern\": \"refs/{{ st2kv.system.kind }}\"}, "
        "\"trigger.ref#2\": {\"type\": \"contains\", \"pattern\": \"{{ system.kind }}\"}}");
    payload = from_json("{\"ref\": \"refs/heads/main\"}");
    criteria_compile(v, &criteria, NULL);
    if (criteria_judge(criteria, payload, "p.r", "5f", &host, NOW_US, NULL, &err) != CRITERIA_MATCH)
        fail_msg("%s", error_text(&err));
    criteria_free(criteria);
}

TEST(judgements_tell_each_criterion)
{
    ERROR_AUTO(err);
    VALUE_AUTO(judgements);

    judge(
        "{\"trigger.a\": {\"type\": \"eq\", \"pattern\": 1}, \"trigger.b\": {\"type\": \"lt\", \"pattern\": \"x\"}, "
        "\"trigger.c\": {\"type\": \"eq\", \"pattern\": 1}}",
        "{\"a\": 1, \"b\": 2}", &judgements, &err);
    assert_json(
        judgements,
        "[{\"key\":\"trigger.a\",\"operator\":\"eq\",\"pattern\":1,\"value\":1,\"matched\":true,\"error\":null},"
        "{\"key\":\"trigger.b\",\"operator\":\"lt\",\"pattern\":\"x\",\"value\":2,\"matched\":false,\"error\":"
        "\"There might be a problem with the criteria in rule p.r: '<' not supported between instances of "
        "'int' and 'str'\"}]");
}

static void assert_check(const char *criteria, const char *expected)
{
    ERROR_AUTO(err);
    VALUE_AUTO(v);

    v = from_json(criteria);
    if (!expected) {
        assert_int_equal(criteria_check(v, &err), 0);
        return;
    }
    assert_true(criteria_check(v, &err) < 0);
    assert_memory_equal(error_text(&err), expected, strlen(expected));
}

TEST(registration_checks_operators_and_patterns)
{
    assert_check("{\"trigger.x\": {\"type\": \"eq\", \"pattern\": 1}}", NULL);
    assert_check("[]", "Criteria should be a dict.");
    assert_check("{\"trigger.x\": {\"pattern\": 1}}", "Operator not specified for field: trigger.x");
    assert_check("{\"trigger.x\": {\"type\": \"nosuchop\", \"pattern\": 1}}",
                 "For field: trigger.x, operator nosuchop not in list of allowed operators: ['");
    assert_check("{\"trigger.x\": {\"type\": \"EQ\", \"pattern\": 1}}",
                 "For field: trigger.x, operator EQ not in list of allowed operators");
    assert_check("{\"trigger.x\": {\"type\": \"exists\"}}",
                 "For field: trigger.x, no pattern specified for operator exists");
}

TEST(wildcards_match_as_fnmatch_does)
{
    static const struct {
        const char *text, *pattern;
        bool matches;
    } cases[] = {
        { "a/b\nc", "a*c", true },
        { "abc", "a?c", true },
        { "abc", "a[!b]c", false },
        { "a]c", "a[]]c", true },
        { "a-c", "a[a-]c", true },
        { "abc", "[a", false },
        { "[a", "[a", true },
        { "b", "[a-c]", true },
        { "b", "[c-a]", false },
        { "\xc3\xa9", "?", true },
        { "", "*", true },
        { "", "?", false },
        { "aaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*c", false },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_int_equal(
            wildcard_match(cases[i].text, strlen(cases[i].text), cases[i].pattern, strlen(cases[i].pattern)),
            cases[i].matches);
}

/* The reference broke on these cases for want of its configuration, not because of the criteria. */
static bool reference_broke(value expected_error)
{
    return value_text_is(value_map_get(expected_error, "class"), "NoSuchOptError");
}

static void run_case(const char *line, int number)
{
    value expected;
    bool matched = false;
    ERROR_AUTO(err);
    VALUE_AUTO(c);
    int r;

    c = from_json(line);
    expected = value_map_get(c, "error");
    if (reference_broke(expected))
        return;
    r = criteria_operate(value_map_chars(c, "operator"), value_map_get(c, "value"),
                         value_map_get(c, "pattern"), value_map_chars(c, "condition"), NOW_US, &matched,
                         &err);
    if (value_is_set(expected)) {
        if (r == 0 || strcmp(value_map_chars(expected, "class"), err.kind) != 0 ||
            strcmp(value_map_chars(expected, "message"), error_text(&err)) != 0)
            fail_msg("line %d: got %s %s for %s", number, r ? err.kind : "no error", error_text(&err), line);
    } else if (r != 0 || matched != value_map_bool(c, "result", false)) {
        fail_msg("line %d: got %d %s for %s", number, matched, error_text(&err), line);
    }
}

TEST(every_case_of_the_table_agrees)
{
    const char *source = getenv("FULMAR_SOURCE_ROOT");
    char path[4096], *line = NULL;
    size_t room = 0;
    int number = 0;
    FILE *f;

    snprintf(path, sizeof(path), "%s/tests/cases/rules.jsonl", source ? source : ".");
    f = fopen(path, "r");
    assert_non_null(f);
    while (getline(&line, &room, f) > 0)
        run_case(line, ++number);
    assert_true(number > 200);
    free(line);
    fclose(f);
}

TEST(plain_criteria_are_judged_quickly)
{
    struct criteria *criteria = NULL;
    struct timespec start, end;
    VALUE_AUTO(v);
    VALUE_AUTO(payload);

    v = from_json("{\"trigger.body.action\": {\"type\": \"equals\", \"pattern\": \"opened\"}}");
    payload = from_json("{\"headers\": {}, \"body\": {\"x\": 1, \"action\": \"opened\"}}");
    assert_int_equal(criteria_compile(v, &criteria, NULL), 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (int i = 0; i < 200000; i++)
        if (criteria_judge(criteria, payload, "p.r", "5f", NULL, NOW_US, NULL, NULL) != CRITERIA_MATCH)
            fail();
    clock_gettime(CLOCK_MONOTONIC, &end);
    print_message("%.0f ns a criterion\n",
                  ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
                      200000);
    criteria_free(criteria);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rule_without_criteria_matches),
        cmocka_unit_test(criteria_need_a_payload),
        cmocka_unit_test(all_criteria_must_hold),
        cmocka_unit_test(a_key_may_be_used_twice_with_tags),
        cmocka_unit_test(keys_are_json_paths),
        cmocka_unit_test(failures_tell_what_broke),
        cmocka_unit_test(search_looks_into_items),
        cmocka_unit_test(patterns_are_rendered_and_keep_their_type),
        cmocka_unit_test(patterns_see_the_datastore),
        cmocka_unit_test(judgements_tell_each_criterion),
        cmocka_unit_test(registration_checks_operators_and_patterns),
        cmocka_unit_test(wildcards_match_as_fnmatch_does),
        cmocka_unit_test(every_case_of_the_table_agrees),
        cmocka_unit_test(plain_criteria_are_judged_quickly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
