/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "expr/functions/functions.h"

/* What a call gives as JSON, or "Class: text". Arguments are a JSON list; "absent" stands for one that is not given. */
static void assert_calls(const char *name, bool yaql, const char *arguments, const char *expected)
{
    const struct fn *fn = fn_find(name, strlen(name));
    value args[FN_ARGS_MAX] = { VALUE_NOTHING, VALUE_NOTHING, VALUE_NOTHING, VALUE_NOTHING };
    struct fn_call call = { .yaql = yaql };
    ERROR_AUTO(err);
    VALUE_AUTO(list);
    VALUE_AUTO(result);
    BUFFER_AUTO(shown);

    assert_non_null(fn);
    list = from_json(arguments);
    for (size_t i = 0; i < value_list_count(list); i++)
        if (!value_text_is(value_list_at(list, i), "absent"))
            args[i] = value_list_at(list, i);
    assert_in_range(value_list_count(list), fn->min_args, fn->max_args);
    if (fn->function(&call, args, &result, &err) < 0)
        buffer_addf(&shown, "%s: %s", err.kind, error_text(&err));
    else
        json_write(&shown, result, JSON_COMPACT);
    assert_string_equal(buffer_text(&shown), expected);
}

struct call_case {
    const char *name, *args, *expected;
};

static void assert_all(const struct call_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_calls(cases[i].name, false, cases[i].args, cases[i].expected);
}

TEST(the_table_is_sorted_and_complete)
{
    size_t count;
    const struct fn *table = fn_table(&count);

    for (size_t i = 0; i < count; i++) {
        assert_ptr_equal(fn_find(table[i].name, strlen(table[i].name)), &table[i]);
        for (int k = 0; k < table[i].max_args; k++) {
            assert_non_null(table[i].args[k]);
            assert_non_null(table[i].yaql_args[k]);
        }
    }
    assert_null(fn_find("version", 7));
    assert_null(fn_find("use_nonexx", 10));
}

TEST(versions_compare_by_precedence)
{
    static const struct call_case cases[] = {
        { "version_compare", "[\"1.2.0\", \"1.10.0\"]", "-1" },
        { "version_compare", "[\"1.0.0-alpha\", \"1.0.0-alpha.1\"]", "-1" },
        { "version_compare", "[\"1.0.0-beta.2\", \"1.0.0-beta.11\"]", "-1" },
        { "version_compare", "[\"1.0.0-1\", \"1.0.0-a\"]", "-1" },
        { "version_compare", "[\"1.0.0+a\", \"1.0.0+b\"]", "0" },
        { "version_compare", "[\"1.0.0\", \"1.0.0-rc.1\"]", "1" },
        { "version_compare", "[\"99999999999999999999.0.0\", \"1.0.0\"]", "1" },
        { "version_more_than", "[\"1.0.1\", \"1.0.0\"]", "true" },
        { "version_less_than", "[\"1.0.0-alpha\", \"1.0.0\"]", "true" },
        { "version_equal", "[\"1.0.0\", \"1.0.1\"]", "false" },
        { "version_compare", "[\"1.2\", \"1.2.0\"]", "ValueError: 1.2 is not valid SemVer string" },
        { "version_compare", "[\"01.2.0\", \"1.2.0\"]", "ValueError: 01.2.0 is not valid SemVer string" },
        { "version_compare", "[\"1.2.0-01\", \"1.2.0\"]", "ValueError: 1.2.0-01 is not valid SemVer string" },
        { "version_compare", "[1, \"1.2.0\"]", "TypeError: not expecting type '<class 'int'>'" },
    };

    assert_all(cases, ELEMENTS(cases));
}

TEST(versions_match_and_change)
{
    static const struct call_case cases[] = {
        { "version_match", "[\"1.2.3\", \">=1.2.0\"]", "true" },
        { "version_match", "[\"1.2.3\", \"!=1.2.3\"]", "false" },
        { "version_match", "[\"1.2.3\", \"1.2.3\"]", "true" },
        { "version_match", "[\"1.2.3\", \"<1.2.4\"]", "true" },
        { "version_match", "[\"1.2.3\", \"~1\"]",
          "ValueError: match_expr parameter should be in format <op><ver>, where <op> is one of ['<', '>', '==', '<=', "
          "'>=', '!=']. You provided: '~1'" },
        { "version_bump_major", "[\"1.2.3\"]", "\"2.0.0\"" },
        { "version_bump_minor", "[\"1.9.3-rc.1+b\"]", "\"1.10.0\"" },
        { "version_bump_patch", "[\"1.2.3-rc1\"]", "\"1.2.4\"" },
        { "version_strip_patch", "[\"1.2.3-rc.1\"]", "\"1.2\"" },
    };

    assert_all(cases, ELEMENTS(cases));
}

TEST(regular_expressions)
{
    static const struct call_case cases[] = {
        { "regex_match", "[\"abc\", \"b\"]", "false" },
        { "regex_match", "[\"Abc\", \"a\", true]", "true" },
        { "regex_search", "[123, \"2\"]", "true" },
        { "regex_replace", "[\"ab\", \"(a)(b)\", \"\\\\2\\\\1\"]", "\"ba\"" },
        { "regex_replace", "[\"a1b2\", \"[0-9]\", \"#\"]", "\"a#b#\"" },
        { "regex_substring", "[\"a1b22\", \"[0-9]+\", 1]", "\"22\"" },
        { "regex_substring", "[\"a1b22\", \"[0-9]+\", -1]", "\"22\"" },
        { "regex_substring", "[\"x-1 y-2\", \"(\\\\w)-(\\\\d)\", 1]", "[\"y\",\"2\"]" },
        { "regex_substring", "[\"a\", \"[0-9]\"]", "IndexError: list index out of range" },
        { "regex_search", "[\"a\", \"(\"]", "error: missing ), unterminated subpattern at position 0" },
    };

    assert_all(cases, ELEMENTS(cases));
}

TEST(json_and_yaml)
{
    static const struct call_case cases[] = {
        { "to_json_string", "[{\"a\": 1, \"b\": {\"c\": [10, 20]}}]",
          "\"{\\\"a\\\": 1,\\\"b\\\": {\\\"c\\\": [10,20]}}\"" },
        { "to_json_string", "[[1], 2]", "\"[\\n  1\\n]\"" },
        { "to_json_string", "[{\"b\": 1, \"a\": 2}, \"absent\", true]", "\"{\\\"a\\\": 2,\\\"b\\\": 1}\"" },
        { "to_json_string", "[[1, 2], \"absent\", \"absent\", [\";\", \"=\"]]", "\"[1;2]\"" },
        { "to_json_string", "[[]]", "\"[]\"" },
        { "to_complex", "[[3, {\"a\": \"\\u00e9\"}]]", "\"[3, {\\\"a\\\": \\\"\\\\u00e9\\\"}]\"" },
        { "json_escape", "[\"a\\\"b\"]", "\"a\\\\\\\"b\"" },
        { "from_json_string", "[\"{\\\"a\\\": [1]}\"]", "{\"a\":[1]}" },
        { "from_json_string", "[12]", "12" },
        { "from_yaml_string", "[\"[1, yes, null, x]\"]", "[1,true,null,\"x\"]" },
        { "to_yaml_string", "[{\"b\": [1], \"a\": \"x\"}]", "\"a: x\\nb:\\n- 1\\n\"" },
        { "to_yaml_string", "[{\"a\": {\"b\": 1}}, 4]", "\"a:\\n    b: 1\\n\"" },
        { "yaml_dump", "[null]", "\"null\\n\"" },
        { "use_none", "[null]", "\"%*****__%NONE%__*****%\"" },
        { "use_none", "[\"a\"]", "\"a\"" },
    };

    assert_all(cases, ELEMENTS(cases));
}

TEST(yaql_cannot_serialise_maps_in_lists)
{
    assert_calls("to_json_string", true, "[[{\"a\": 1}]]",
                 "TypeError: Object of type FrozenDict is not JSON serializable");
    assert_calls("to_yaml_string", true, "[[{\"a\": 1}]]",
                 "RepresenterError: ('cannot represent an object', {'a': 1})");
    assert_calls("to_json_string", true, "[{\"a\": {\"b\": 1}}]", "\"{\\\"a\\\": {\\\"b\\\": 1}}\"");
}

TEST(json_paths)
{
    static const struct call_case cases[] = {
        { "jsonpath_query", "[[{\"id\": 1}, {\"id\": 2}], \"[*].id\"]", "[1,2]" },
        { "jsonpath_query", "[{\"a\": 1}, \"zz\"]", "null" },
        { "jsonpath_query", "[{\"a\": {\"b\": 1}, \"c\": [{\"b\": 2}]}, \"$..b\"]", "[1,2]" },
        { "jsonpath_query", "[{\"x\": {\"a\": {\"c\": 1}, \"b\": {\"c\": 2}}}, \"x.a|b.c\"]", "[1,2]" },
        { "jsonpath_query", "[{\"l\": [1, 2, 3]}, \"l[1:]\"]", "[2,3]" },
        { "jsonpath_query", "[{\"l\": [1, 2, 3]}, \"l[9]\"]", "null" },
        { "jsonpath_query", "[{\"X-Y\": 1}, \"['X-Y']\"]", "[1]" },
        { "jsonpath_query", "[{\"a\": {\"b\": 1}}, \"a.b.`parent`.b\"]", "[1]" },
        { "jsonpath_query", "[{\"a\": {\"b\": 1}, \"c\": {}}, \"* where b\"]", "[{\"b\":1}]" },
        { "jsonpath_query", "[{}, \"a b\"]", "Exception: Parse error at 1:2 near token b (ID)" },
        { "jsonpath_query", "[{}, \"a#\"]",
          "JsonPathLexerError: Error on line 1, col 1: Unexpected character: # " },
        { "jsonpath_query", "[{\"a\": 5}, \"a[0]\"]", "TypeError: object of type 'int' has no len()" },
    };

    assert_all(cases, ELEMENTS(cases));
}

TEST(times_and_paths)
{
    static const struct call_case cases[] = {
        { "to_human_time_from_seconds", "[3661]", "\"1h1m1s\"" },
        { "to_human_time_from_seconds", "[3600]", "\"1h0m0s\"" },
        { "to_human_time_from_seconds", "[31536000]", "\"1y0d0h0m0s\"" },
        { "to_human_time_from_seconds", "[0]", "\"0s\"" },
        { "to_human_time_from_seconds", "[0.5]", "\"0.5\xce\xbcs\"" },
        { "to_human_time_from_seconds", "[-5]", "\"-5\xce\xbcs\"" },
        { "to_human_time_from_seconds", "[\"5\"]", "AssertionError: " },
        { "basename", "[\"/a/b.c\"]", "\"b.c\"" },
        { "basename", "[\"/a/\"]", "\"\"" },
        { "dirname", "[\"/a/b/\"]", "\"/a/b\"" },
        { "dirname", "[\"//x\"]", "\"//\"" },
        { "dirname", "[null]", "TypeError: expected str, bytes or os.PathLike object, not NoneType" },
    };

    assert_all(cases, ELEMENTS(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_sorted_and_complete),
        cmocka_unit_test(versions_compare_by_precedence),
        cmocka_unit_test(versions_match_and_change),
        cmocka_unit_test(regular_expressions),
        cmocka_unit_test(json_and_yaml),
        cmocka_unit_test(yaql_cannot_serialise_maps_in_lists),
        cmocka_unit_test(json_paths),
        cmocka_unit_test(times_and_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
