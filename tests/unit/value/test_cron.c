/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "value/cron.h"
#include "value/datetime.h"

static int64_t wall(const char *text)
{
    VALUE_AUTO(time);

    assert_int_equal(datetime_parse_iso(text, strlen(text), &time, NULL), 0);
    return time.datetime->us;
}

TEST(the_next_moment_fits_all_fields)
{
    static const struct {
        const char *parameters, *from, *next; /* NULL: never */
    } cases[] = {
        { "{\"minute\": 5}", "2024-01-31T12:05:01", "2024-01-31T13:05:00" },
        { "{\"minute\": \"*/15\"}", "2024-01-31T23:50:00", "2024-02-01T00:00:00" },
        { "{\"day_of_week\": \"mon\"}", "2024-01-31T12:00:00", "2024-02-05T00:00:00" },
        { "{\"day_of_week\": \"mon-fri\", \"hour\": 9}", "2024-02-02T10:00:00", "2024-02-05T09:00:00" },
        { "{\"hour\": \"*\"}", "2024-01-31T12:00:00.5", "2024-01-31T13:00:00" },
        { "{\"month\": 2, \"day\": 29}", "2023-01-01", "2024-02-29T00:00:00" },
        { "{\"day\": \"last\"}", "2024-02-01", "2024-02-29T00:00:00" },
        { "{\"day\": \"2nd fri\"}", "2024-03-09", "2024-04-12T00:00:00" },
        { "{\"day\": \"last fri\"}", "2024-03-01", "2024-03-29T00:00:00" },
        { "{\"month\": \"jan-mar\", \"hour\": \"8, 20\"}", "2024-03-31T20:00:01", "2025-01-01T08:00:00" },
        { "{\"week\": 53}", "2021-01-05", "2026-12-28T00:00:00" },
        { "{\"second\": \"10/20\"}", "2024-01-01T00:00:31", "2024-01-01T00:00:50" },
        { "{\"timezone\": \"UTC\"}", "2024-01-01T00:00:31", "2024-01-01T00:00:31" },
        { "{\"year\": 2023}", "2024-01-01", NULL },
        { "{\"month\": 2, \"day\": 30}", "2024-01-01", NULL },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        CLEANUP(cron_freep)
        struct cron *cron = NULL;
        VALUE_AUTO(parameters);
        int64_t next = 0;

        parameters = from_json(cases[i].parameters);
        assert_int_equal(cron_new(parameters, &cron, NULL), 0);
        assert_int_equal(cron_next(cron, wall(cases[i].from), &next), cases[i].next != NULL);
        if (cases[i].next && next != wall(cases[i].next))
            fail_msg("%s from %s", cases[i].parameters, cases[i].from);
    }
}

TEST(wrong_expressions_are_refused)
{
    static const char *const cases[][2] = {
        { "{\"minute\": \"99x\"}", "Unrecognized expression \"99x\" for field \"minute\"" },
        { "{\"minute\": \"\"}", "Unrecognized expression \"\" for field \"minute\"" },
        { "{\"minute\": 60}",
          "Error validating expression '60': the last value (60) is higher than the maximum value (59)" },
        { "{\"minute\": \"*/60\"}",
          "Error validating expression '*/60': the step value (60) is higher than the total range of the expression (59)" },
        { "{\"hour\": \"5-2\"}", "The minimum value in a range must not be higher than the maximum" },
        { "{\"hour\": \"*/0\"}", "Increment must be higher than 0" },
        { "{\"day_of_week\": \"sun-mon\"}",
          "The minimum value in a range must not be higher than the maximum" },
        { "{\"day\": \"last word\"}", "Invalid weekday name \"word\"" },
        { "{\"month\": \"jax\"}", "Invalid month name \"jax\"" },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        struct cron *cron = NULL;
        VALUE_AUTO(parameters);
        ERROR_AUTO(err);

        parameters = from_json(cases[i][0]);
        assert_true(cron_new(parameters, &cron, &err) < 0);
        assert_string_equal(error_text(&err), cases[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_moment_fits_all_fields),
        cmocka_unit_test(wrong_expressions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
