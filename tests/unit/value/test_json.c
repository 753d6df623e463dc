/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

static void round_trip(const char *text)
{
    value v = from_json(text);

    assert_json(v, text);
    value_unref(v);
}

static void refused(const char *text, size_t n, const char *message)
{
    ERROR_AUTO(err);
    value v;

    assert_true(json_read(text, n, 0, &v, &err) < 0);
    assert_string_equal(error_text(&err), message);
}

TEST(values_read_and_write_back_the_same)
{
    round_trip("{\"b\":[1,-2,3.5,1e+16,0.0001,true,false,null],\"a\":\"\\n\\u0001\\\"é\",\"c\":{}}");
    round_trip("123456789012345678901234567890");
    round_trip("[9223372036854775807,-9223372036854775808,9223372036854775808]");
    round_trip("[0.1,1e+22,1.7976931348623157e+308,5e-324,100000.0,123456.789]");
}

TEST(escapes_become_utf8)
{
    value v = from_json("\"\\u00e9\\ud83d\\ude00\\/\"");

    assert_string_equal(value_chars(v), "é😀/");
    assert_int_equal(value_string_chars(v), 3);
    value_unref(v);
}

TEST(what_is_no_json_is_refused_with_its_place)
{
    refused("", 0, "Expecting value: line 1 column 1 (char 0)");
    refused("{\"a\":}", 6, "Expecting value: line 1 column 6 (char 5)");
    refused("[1,\n2", 5, "Expecting ',' delimiter: line 2 column 2 (char 5)");
    refused("{a:1}", 5, "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)");
    refused("\"\xff\"", 3, "Text is not valid UTF-8: line 1 column 2 (char 1)");
    refused("1 2", 3, "Extra data: line 1 column 3 (char 2)");
    refused("NaN", 3, "Expecting value: line 1 column 1 (char 0)");
    refused("\"\\ud800\"", 8, "Unpaired surrogate in \\u escape: line 1 column 8 (char 7)");
}

TEST(deep_nesting_is_refused)
{
    char text[1000];
    value v;

    memset(text, '[', sizeof(text));
    assert_true(json_read(text, sizeof(text), 0, &v, NULL) < 0);
}

TEST(python_style_has_spaces_and_escapes)
{
    value v = from_json("{\"b\":[1,2],\"a\":\"é\"}");
    struct json_style style = JSON_PYTHON_STYLE;
    BUFFER_AUTO(out);

    style.sort_keys = true;
    json_write(&out, v, style);
    assert_string_equal(buffer_text(&out), "{\"a\": \"\\u00e9\", \"b\": [1, 2]}");
    buffer_clear(&out);
    json_write(&out, v, (struct json_style){ .indent = 2 });
    assert_string_equal(buffer_text(&out), "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"a\": \"é\"\n}");
    value_unref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_read_and_write_back_the_same),
        cmocka_unit_test(escapes_become_utf8),
        cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(python_style_has_spaces_and_escapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
