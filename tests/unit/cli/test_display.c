/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "cli/cli-internal.h"
#include "cli/display.h"
#include "cli/output.h"

static void assert_shown(const char *attribute, const char *json, const char *expected)
{
    VALUE_AUTO(plain);
    VALUE_AUTO(shown);

    plain = from_json(json);
    shown = display_apply(display_execution, attribute, plain);
    assert_json(shown, expected);
}

TEST(times_are_shown_in_the_zone_of_the_user)
{
    assert_int_equal(display_setup("UTC", NULL), 0);
    assert_shown("start_timestamp", "\"2024-01-31T12:00:00.123456Z\"", "\"Wed, 31 Jan 2024 12:00:00 UTC\"");
    assert_shown("start_timestamp", "null", "\"\"");
    assert_shown("start_timestamp", "\"no time\"", "\"no time\"");
    assert_true(display_setup("Nowhere/City", NULL) < 0);
    assert_true(display_setup("../../etc/passwd", NULL) < 0);
}

TEST(secret_parameters_are_masked)
{
    assert_shown("parameters", "{\"password\":\"x\",\"cmd\":\"y\"}",
                 "{\"password\":\"********\",\"cmd\":\"y\"}");
}

TEST(statuses_are_coloured_where_terminals_can)
{
    setenv("TERM", "dumb", 1);
    assert_shown("status", "\"failed (3s elapsed)\"", "\"failed (3s elapsed)\"");
    setenv("TERM", "xterm", 1);
    assert_shown("status", "\"failed (3s elapsed)\"", "\"\\u001b[91mfailed\\u001b[0m (3s elapsed)\"");
    assert_shown("status", "\"paused\"", "\"\\u001b[93mpaused\\u001b[0m\"");
    setenv("ST2_COLORIZE", "1", 1);
    assert_shown("status", "\"paused\"", "\"paused\"");
}

TEST(finished_executions_say_how_long_they_took)
{
    value execution =
        from_json("{\"status\":\"succeeded\",\"start_timestamp\":\"2024-01-31T12:00:00.900000Z\","
                  "\"end_timestamp\":\"2024-01-31T12:01:03.100000Z\"}");

    execution = display_elapsed(execution);
    assert_string_equal(value_map_chars(execution, "status"), "succeeded (63s elapsed)");
    value_unref(execution);
    execution =
        display_elapsed(from_json("{\"status\":\"requested\",\"start_timestamp\":\"2024-01-31T12:00:00Z\"}"));
    assert_string_equal(value_map_chars(execution, "status"), "requested");
    value_unref(execution);
}

TEST(stored_escapes_are_undone)
{
    char *text = output_unescaped("a\\nb\r\n\\\"c\\\" \\r\\t");

    assert_string_equal(text, "a\nb\n\"c\" \\t");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_shown_in_the_zone_of_the_user),
        cmocka_unit_test(secret_parameters_are_masked),
        cmocka_unit_test(statuses_are_coloured_where_terminals_can),
        cmocka_unit_test(finished_executions_say_how_long_they_took),
        cmocka_unit_test(stored_escapes_are_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
