/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "model/alias_format.h"

struct row {
    const char *format, *command, *expected; /* NULL: no match */
};

static void check(const struct row *row, bool multiple)
{
    VALUE_AUTO(got);
    VALUE_AUTO(want);
    ERROR_AUTO(err);
    int r = alias_format_extract(row->format, row->command, multiple, &got, &err);

    if (!row->expected) {
        if (r == 0)
            fail_msg("\"%s\" matches \"%s\"", row->format, row->command);
        return;
    }
    if (r != 0)
        fail_msg("%s", error_text(&err));
    want = from_json(row->expected);
    if (!value_equal(got, want)) {
        char *text = json_text(got);

        print_error("\"%s\" on \"%s\": %s\n", row->format, row->command, text);
        free(text);
        fail();
    }
}

TEST(formats_take_their_parameters_out_of_commands)
{
    static const struct row rows[] = {
        { "run {{cmd}} on {{hosts=localhost}}", "run date on web1",
          "[{\"cmd\": \"date\", \"hosts\": \"web1\"}]" },
        { "run {{cmd}} on {{hosts}}", "run \"ls -l /\" on web1 timeout=5",
          "[{\"cmd\": \"ls -l /\", \"hosts\": \"web1\", \"timeout\": \"5\"}]" },
        { "create {{a}} {{b=\"x y\"}}", "create q", "[{\"a\": \"q\", \"b\": \"x y\"}]" },
        { "create {{a}} {{b=\"x y\"}}", "create q b=\"o v\"", "[{\"a\": \"q\", \"b\": \"o v\"}]" },
        { "go {{a}}", "go z a=1", "[{\"a\": \"1\"}]" },
        { "go {{a}}", "go a=1", NULL },
        { "say {{msg}}", "say hello=world", NULL },
        { "go", "go a={b: c} d=''", "[{\"a\": \"{b: c}\", \"d\": \"\"}]" },
        { "create {{b=}}", "create x", NULL },
        { "(lookup|find) {{ip}}", "find 1.2.3.4", "[{\"ip\": \"1.2.3.4\"}]" },
        { "cmd {{a}}", "cmd x=1 y", "[{\"a\": \"x=1 y\"}]" },
        { "cmd {{a=1}}", "cmd ", "[{\"a\": \" \"}]" },
        { "cmd {{a}} {{b=1}}", "cmd x", "[{\"a\": \"x\", \"b\": \"1\"}]" },
        { "^deploy {{a}}", "deploy x", NULL },
        { "^\\s*deploy {{a}}", "deploy x", "[{\"a\": \"x\"}]" },
        { "deploy {{a}}", "Deploy x", NULL },
        { "{{a}} {{a}}", "x y", NULL },
        { "(", "x", NULL },
        { "", "", "[{}]" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i], false);
}

TEST(a_format_may_match_many_times)
{
    static const struct row rows[] = {
        { "(?:\\b|^)dup of (?P<k>[A-Z]+-\\d+)(?:\\b|$)", "A-1 is a dup of B-2 which is a dup of C-3",
          "[{\"k\": \"B-2\"}, {\"k\": \"C-3\"}]" },
        { "(?:^|\\b)dup of (?P<k>[A-Z]+-\\d+)(?:$|\\b)", "A-1 is a dup of B-2 which is a dup of C-3", "[]" },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(&rows[i], true);
}

TEST(hostile_commands_end)
{
    BUFFER_AUTO(text);
    VALUE_AUTO(got);

    buffer_add_text(&text, "go ");
    for (int i = 0; i < 3000; i++)
        buffer_add_text(&text, "a = = ");
    alias_format_extract("go {{a}} {{b=1}} {{c=2}} {{d=3}} end", text.data, false, &got, NULL);
    buffer_add_fill(&text, 'x', ALIAS_COMMAND_MAX);
    assert_true(alias_format_extract("go", text.data, false, &got, NULL) < 0);
}

TEST(formats_of_an_alias_are_listed_by_representation)
{
    VALUE_AUTO(alias);
    VALUE_AUTO(list);

    alias = from_json("{\"formats\": [\"a\", {\"display\": \"d\", \"representation\": [\"b\", \"c\"]}, "
                      "{\"representation\": \"e\", \"match_multiple\": true}, {\"display\": \"f\"}]}");
    list = alias_formats(alias);
    assert_json(list, "[{\"display\":\"a\",\"representation\":\"a\",\"multiple\":false},"
                      "{\"display\":\"d\",\"representation\":\"b\",\"multiple\":false},"
                      "{\"display\":\"d\",\"representation\":\"c\",\"multiple\":false},"
                      "{\"display\":null,\"representation\":\"e\",\"multiple\":true},"
                      "{\"display\":\"f\",\"representation\":\"\",\"multiple\":false}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_take_their_parameters_out_of_commands),
        cmocka_unit_test(a_format_may_match_many_times),
        cmocka_unit_test(hostile_commands_end),
        cmocka_unit_test(formats_of_an_alias_are_listed_by_representation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
