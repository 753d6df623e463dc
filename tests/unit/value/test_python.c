/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "value/python.h"

static value literal(const char *text)
{
    ERROR_AUTO(err);
    value v = VALUE_NOTHING;

    if (python_literal(text, strlen(text), &v, &err) < 0)
        fail_msg("%s: %s", text, error_text(&err));
    return v;
}

TEST(literals_show_as_they_are_written)
{
    static const char *const texts[] = {
        "None",
        "True",
        "-1",
        "1.0",
        "1e+16",
        "'it'",
        "\"it's\"",
        "'\\'\"'",
        "'\\x00\\n\\\\'",
        "[1, 'a', [2.5]]",
        "(1,)",
        "()",
        "(1, 2)",
        "{'a': 1, 2: None}",
        "{1, 'x'}",
        "set()",
        "b'\\xff\\n'",
        "'\xc3\xa9'",
        "'\\u200b'",
        "123456789012345678901234567890",
    };

    for (size_t i = 0; i < ELEMENTS(texts); i++) {
        BUFFER_AUTO(shown);
        VALUE_AUTO(v);

        v = literal(texts[i]);
        python_repr(&shown, v);
        assert_string_equal(shown.data, texts[i]);
    }
}

static void assert_no_literal(const char *text, const char *kind)
{
    ERROR_AUTO(err);
    value v;

    assert_true(python_literal(text, strlen(text), &v, &err) < 0);
    assert_string_equal(err.kind, kind);
}

TEST(what_is_no_literal_is_told_from_what_is_no_python)
{
    assert_no_literal("", "SyntaxError");
    assert_no_literal("[1,", "SyntaxError");
    assert_no_literal("a b", "SyntaxError");
    assert_no_literal("007", "SyntaxError");
    assert_no_literal("'open", "SyntaxError");
    assert_no_literal("a,b", "ValueError");
    assert_no_literal("f(x)", "ValueError");
    assert_no_literal("1 + 1", "ValueError");
    assert_no_literal("Yes", "ValueError");
    assert_no_literal("{[1]: 2}", "TypeError");
}

TEST(nesting_of_literals_is_bounded)
{
    char deep[2001];

    memset(deep, '[', 1000);
    memset(deep + 1000, ']', 1000);
    deep[2000] = '\0';
    assert_no_literal(deep, "SyntaxError");
}

static void assert_percent(const char *format, const char *args, const char *expected)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(out);
    VALUE_AUTO(v);

    v = literal(args);
    if (python_percent(format, strlen(format), v, 1000, &out, &err) < 0) {
        buffer_clear(&out);
        buffer_addf(&out, "%s: %s", err.kind, error_text(&err));
    }
    assert_string_equal(buffer_text(&out), expected);
}

TEST(percent_formats)
{
    assert_percent("%s-%03d", "('a', 7)", "a-007");
    assert_percent("%5.1f|%-5s|%+d|%x", "(2.25, 'a', 3, 255)", "  2.2|a    |+3|ff");
    assert_percent("%(k)s %(k)r %%", "{'k': 'v'}", "v 'v' %");
    assert_percent("%s", "[1]", "[1]");
    assert_percent("%.5d|%#o|%c|%*d", "(-3, 8, 'x', 4, 1)", "-00003|0o10|x|   1");
    assert_percent("%d", "3.9", "3");
}

TEST(percent_tells_what_is_wrong)
{
    assert_percent("%s %s", "1", "TypeError: not enough arguments for format string");
    assert_percent("x", "1", "TypeError: not all arguments converted during string formatting");
    assert_percent("%d", "'a'", "TypeError: %d format: a real number is required, not str");
    assert_percent("%(a)s", "1", "TypeError: format requires a mapping");
    assert_percent("%(a)s", "{}", "KeyError: 'a'");
    assert_percent("%", "()", "ValueError: incomplete format");
    assert_percent("ab%y", "1", "ValueError: unsupported format character 'y' (0x79) at index 3");
    assert_percent("%99999d", "1", "LimitExceeded: exceeds the limit of 1000 bytes of a text");
}

static void assert_format(const char *text, const char *spec, const char *expected)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(out);
    VALUE_AUTO(v);

    v = literal(text);
    if (python_format(v, spec, strlen(spec), 1000, &out, &err) < 0) {
        buffer_clear(&out);
        buffer_addf(&out, "%s: %s", err.kind, error_text(&err));
    }
    assert_string_equal(buffer_text(&out), expected);
}

TEST(format_specifications)
{
    assert_format("1234567", ",", "1,234,567");
    assert_format("1234", "08,", "0,001,234");
    assert_format("2.55", ".1f", "2.5");
    assert_format("12.0", ".2", "1.2e+01");
    assert_format("'\xc3\xa9'", "*^5", "**\xc3\xa9**");
    assert_format("255", "#_x", "0xff");
    assert_format("0.256", ".1%", "25.6%");
    assert_format("True", "", "True");
    assert_format("True", "5", "    1");
    assert_format("'a'", "d", "ValueError: Unknown format code 'd' for object of type 'str'");
    assert_format("None", "5", "TypeError: unsupported format string passed to NoneType.__format__");
}

TEST(dates_and_spans_show_as_pythons)
{
    BUFFER_AUTO(out);
    VALUE_AUTO(date);

    date = value_datetime_new(1000000, true, 3600);
    python_str(&out, date);
    assert_string_equal(out.data, "1970-01-01 00:00:01+01:00");
    buffer_clear(&out);
    python_repr(&out, date);
    assert_string_equal(out.data, "datetime.datetime(1970, 1, 1, 0, 0, 1, "
                                  "tzinfo=datetime.timezone(datetime.timedelta(seconds=3600)))");
    buffer_clear(&out);
    python_str(&out, value_timespan(-1));
    assert_string_equal(out.data, "-1 day, 23:59:59.999999");
}

TEST(wide_values_are_spread_over_lines)
{
    static const struct {
        const char *json, *expected;
    } cases[] = {
        { "{\"a\": 1, \"b\": [1, 2]}", "{'a': 1, 'b': [1, 2]}" },
        { "{\"name\": \"web-17\", \"reason\": \"the disk of the machine is nearly full and nobody was told about it\"}",
          "{'name': 'web-17',\n"
          " 'reason': 'the disk of the machine is nearly full and nobody was told '\n"
          "           'about it'}" },
        { "[\"alpha beta gamma delta epsilon\", \"zeta eta theta iota kappa lambda mu nu\", {\"xi\": null}]",
          "['alpha beta gamma delta epsilon',\n"
          " 'zeta eta theta iota kappa lambda mu nu',\n"
          " {'xi': None}]" },
        { "\"one line that is long enough to be broken because it is wider than it may be\\nand another\"",
          "('one line that is long enough to be broken because it is wider than '\n"
          " 'it may be\\n'\n"
          " 'and another')" },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        BUFFER_AUTO(shown);
        VALUE_AUTO(v);

        v = from_json(cases[i].json);
        python_pretty(&shown, v, 72, 10000);
        assert_string_equal(shown.data, cases[i].expected);
    }
}

TEST(huge_values_are_cut)
{
    BUFFER_AUTO(shown);
    VALUE_AUTO(v);

    v = value_list_new(100000);
    for (int64_t i = 0; i < 100000; i++)
        value_list_append(&v, value_text("é"));
    python_pretty(&shown, v, 72, 1000);
    assert_in_range(shown.len, 900, 1003);
    assert_string_equal(shown.data + shown.len - 3, "...");
    assert_true(utf8_valid(shown.data, shown.len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals_show_as_they_are_written),
        cmocka_unit_test(what_is_no_literal_is_told_from_what_is_no_python),
        cmocka_unit_test(nesting_of_literals_is_bounded),
        cmocka_unit_test(percent_formats),
        cmocka_unit_test(percent_tells_what_is_wrong),
        cmocka_unit_test(format_specifications),
        cmocka_unit_test(dates_and_spans_show_as_pythons),
        cmocka_unit_test(wide_values_are_spread_over_lines),
        cmocka_unit_test(huge_values_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
