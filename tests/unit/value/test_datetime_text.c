/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "value/datetime_text.h"
#include "value/python.h"

TEST(times_are_read_as_people_write_them)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        { "2020-01-02T03:04:05Z", "2020-01-02 03:04:05+00:00" },
        { "20200102T030405", "2020-01-02 03:04:05" },
        { "1/2/2020", "2020-01-02 00:00:00" },
        { "13/2/2020", "2020-02-13 00:00:00" },
        { "31.12.2020 10:11", "2020-12-31 10:11:00" },
        { "Mon, 02 Jan 2006 15:04:05 GMT", "2006-01-02 15:04:05+00:00" },
        { "Mon, 02 Jan 2006 15:04:05 -0700", "2006-01-02 15:04:05-07:00" },
        { "July 4, 1976 12:01:02 am", "1976-07-04 00:01:02" },
        { "3rd of May 2001", "2001-05-03 00:00:00" },
        { "10h30m", "2025-06-15 10:30:00" },
        { "10 pm", "2025-06-15 22:00:00" },
        { "5", "2025-06-05 00:00:00" },
        { "Wed", "2025-06-18 00:00:00" },
        { "2020-01-02 03:04:05 UTC-5", "2020-01-02 03:04:05+05:00" },
        { "not a date", "Unknown string format: not a date" },
        { "0", "day is out of range for month: 0" },
        { "2020-02-30", "day is out of range for month: 2020-02-30" },
        { "25:00", "hour must be in 0..23: 25:00" },
        { "", "String does not contain a date: " },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        ERROR_AUTO(err);
        BUFFER_AUTO(shown);
        VALUE_AUTO(v);

        if (datetime_parse_text(cases[i].text, strlen(cases[i].text), 1750000000000000LL, &v, &err) < 0)
            buffer_add_text(&shown, error_text(&err));
        else
            python_str(&shown, v);
        assert_string_equal(buffer_text(&shown), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_as_people_write_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
