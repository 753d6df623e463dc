/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "value/yaml.h"
#include "../../yaml/tagged.h"

static value read_yaml(const char *text)
{
    ERROR_AUTO(err);
    value v = VALUE_NOTHING;

    if (yaml_read(text, strlen(text), &v, &err) < 0)
        fail_msg("%s in %s", error_text(&err), text);
    return v;
}

static void assert_yaml(const char *text, const char *json)
{
    VALUE_AUTO(v);

    v = read_yaml(text);
    assert_json(v, json);
}

static void assert_refused(const char *text, enum yaml_read_flags flags, int line, int column,
                           const char *message)
{
    ERROR_AUTO(err);
    value v = VALUE_NOTHING;

    assert_true(yaml_read_with(text, strlen(text), flags, &v, &err) < 0);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
    assert_non_null(strstr(error_text(&err), message));
}

TEST(plain_scalars_have_yaml_1_1_types)
{
    assert_yaml("[yes, No, on, OFF, y, ~, null, '1', 1, 017, 0o17, 0x1F, 1_000, 1:30, 1:30.5, 1e3, 1.0e+3]",
                "[true,false,true,false,\"y\",null,null,\"1\",1,15,\"0o17\",31,1000,90,90.5,\"1e3\",1000.0]");
    assert_yaml("", "null");
    assert_yaml("a: 123456789012345678901234567890", "{\"a\":123456789012345678901234567890}");
}

TEST(dates_are_datetimes)
{
    VALUE_AUTO(v);

    v = read_yaml("[2001-12-14, 2001-12-14 21:59:43.10 -5, 2001-12-14T21:59:43Z]");
    assert_int_equal(value_list_at(v, 0).kind, VALUE_DATETIME);
    assert_true(value_list_at(v, 0).datetime->date_only);
    assert_json(v, "[\"2001-12-14\",\"2001-12-14T21:59:43.100000-05:00\",\"2001-12-14T21:59:43+00:00\"]");
    assert_refused("a: 2001-13-14", 0, 1, 4, "not a date");
}

TEST(merge_keys_give_way_to_own_keys)
{
    assert_yaml("a: &a {x: 1, y: 2}\nb:\n  y: 3\n  <<: *a\n",
                "{\"a\":{\"x\":1,\"y\":2},\"b\":{\"x\":1,\"y\":3}}");
    assert_yaml("- &a {x: 1}\n- &b {x: 2, z: 3}\n- <<: [*a, *b]\n",
                "[{\"x\":1},{\"x\":2,\"z\":3},{\"x\":1,\"z\":3}]");
    assert_refused("b: &b {x: 1}\nc:\n  <<: *b\n", YAML_NO_MERGE, 3, 3, "tag 'tag:yaml.org,2002:merge'");
    assert_refused("c:\n  <<: 1\n", 0, 2, 7,
                   "expected a mapping or list of mappings for merging, but found scalar");
}

TEST(the_last_duplicate_key_wins_unless_keys_must_be_unique)
{
    assert_yaml("a: 1\nb: 2\na: 3\n", "{\"a\":3,\"b\":2}");
    assert_refused("a: 1\na: 3\n", YAML_UNIQUE_KEYS, 2, 1, "found duplicate key \"a\"");
}

TEST(errors_read_as_pyyaml_writes_them)
{
    ERROR_AUTO(err);
    value v;
    const char text[] = "version: 1.0\ntasks: {a: [}\n";

    assert_true(yaml_read(text, strlen(text), &v, &err) < 0);
    assert_string_equal(error_text(&err), "while parsing a flow node\ndid not find expected node content\n"
                                          "  in \"<unicode string>\", line 2, column 13");
    assert_refused("a: !thing 1", 0, 1, 4, "could not determine a constructor for the tag '!thing'");
    assert_refused("? [a]\n: 1", 0, 1, 3, "found unhashable key");
    assert_refused("*x", 0, 1, 1, "found undefined alias");
    assert_refused("a\x01", 0, 1, 2, "control characters are not allowed");
    assert_refused("a: \xff", 0, 1, 4, "unacceptable character");
    assert_refused("a\n---\nb", 0, 2, 1, "but found another document");
}

TEST(small_texts_cannot_stand_for_huge_values)
{
    BUFFER_AUTO(text);

    buffer_add_text(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++) {
        buffer_addf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++)
            buffer_addf(&text, "*a%d,", i - 1);
        buffer_add_text(&text, "]\n");
    }
    assert_refused(text.data, 0, 6, 46, "expands to more than");
    buffer_clear(&text);
    buffer_add_fill(&text, '[', 5000);
    assert_refused(text.data, 0, 1, 201, "nested deeper than");
    assert_refused("&a [*a]", 0, 1, 5, "recursive");
}

TEST(positions_name_keys_and_items)
{
    CLEANUP(yaml_positions_freep)
    struct yaml_positions *positions = NULL;
    VALUE_AUTO(v);
    const char text[] =
        "name: x\nparameters:\n  cmd:\n    type: string\n  a.b: 1\nlist:\n  - one\n  - two: 2\n";
    static const struct {
        const char *path;
        int line, column;
    } cases[] = {
        { "", 1, 1 },
        { "parameters", 2, 1 },
        { "parameters.cmd.type", 4, 5 },
        { "parameters.cmd.nope.x", 3, 3 },
        { "list.1", 8, 5 },
        { "list.1.two", 8, 5 },
        { "list.7", 6, 1 },
        { "parameters.a.b", 5, 3 },
        { "nothing", 1, 1 },
    };

    assert_int_equal(yaml_read_positions(text, strlen(text), &v, &positions, NULL), 0);
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        int line = 0, column = 0;

        assert_true(yaml_position(positions, cases[i].path, &line, &column));
        assert_int_equal(line, cases[i].line);
        assert_int_equal(column, cases[i].column);
    }
}

TEST(text_is_laid_out_as_pyyaml_does)
{
    BUFFER_AUTO(out);
    VALUE_AUTO(v);

    v = from_json(
        "{\"b\": {\"c\": [10, {\"x\": \"yes\", \"y\": \"a: b\"}], \"d\": {}, \"e\": []}, \"a\": \"l1\\nl2\\n\", \"n\": null}");
    yaml_write(&out, v, 4, YAML_SORT_KEYS);
    assert_string_equal(
        out.data, "a: 'l1\n\n    l2\n\n    '\nb:\n    c:\n    - 10\n    -   x: 'yes'\n        y: 'a: b'\n"
                  "    d: {}\n    e: []\nn: null\n");
}

/* Every committed case; they were answered by PyYAML. */
TEST(answers_are_pyyamls)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/tests/yaml/cases.jsonl", getenv("FULMAR_SOURCE_ROOT"));
    CLEANUP(freep)
    char *line = NULL;
    FILE *file = fopen(path, "r");
    size_t room = 0;
    int n = 0;

    assert_non_null(file);
    while (getline(&line, &room, file) > 0) {
        VALUE_AUTO(case_);
        VALUE_AUTO(answer);
        value expected, error;

        case_ = from_json(line);
        answer = yaml_answer(case_);
        expected = value_map_get(case_, "expect");
        error = value_map_get(expected, "error");
        n++;
        if (value_is_string(error) && !strchr(value_chars(error), '\n') && value_map_has(answer, "error"))
            continue; /* Python's own exceptions have other texts */
        if (!value_equal(answer, expected)) {
            char *text = json_text(answer);

            print_error("%sours: %s\n", line, text);
            free(text);
            fail();
        }
    }
    fclose(file);
    assert_true(n > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_have_yaml_1_1_types),
        cmocka_unit_test(dates_are_datetimes),
        cmocka_unit_test(merge_keys_give_way_to_own_keys),
        cmocka_unit_test(the_last_duplicate_key_wins_unless_keys_must_be_unique),
        cmocka_unit_test(errors_read_as_pyyaml_writes_them),
        cmocka_unit_test(small_texts_cannot_stand_for_huge_values),
        cmocka_unit_test(positions_name_keys_and_items),
        cmocka_unit_test(text_is_laid_out_as_pyyaml_does),
        cmocka_unit_test(answers_are_pyyamls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
