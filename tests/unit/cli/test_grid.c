/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include <string.h>

#include "base/buffer.h"
#include "cli/grid.h"
#include "cli/text.h"

static void assert_wrap(const char *text, size_t width, const char *expected)
{
    BUFFER_AUTO(out);

    cli_text_wrap(&out, text, strlen(text), width, 0, 0);
    assert_string_equal(buffer_text(&out), expected);
}

TEST(words_are_wrapped)
{
    assert_wrap("one two three", 7, "one two\nthree");
    assert_wrap("one  two", 20, "one  two");
    assert_wrap("one   two", 4, "one\ntwo");
    assert_wrap("", 5, "");
}

TEST(hyphenated_words_may_be_broken)
{
    assert_wrap("a long-winded text", 7, "a long-\nwinded\ntext");
    assert_wrap("2024-01-31T12:00:00", 12, "2024-01-\n31T12:00:00");
}

TEST(long_words_are_broken)
{
    assert_wrap("core.a_very_long_name", 8, "core.a_v\nery_long\n_name");
    assert_wrap("ab abcdefgh", 5, "ab ab\ncdefg\nh");
    assert_wrap("öööööö", 4, "öööö\nöö");
}

TEST(lines_are_indented)
{
    BUFFER_AUTO(out);

    cli_text_wrap(&out, "one two three four", 18, 10, 2, 4);
    assert_string_equal(out.data, "  one two\n    three\n    four");
}

TEST(columns_are_counted_without_colours)
{
    assert_int_equal(cli_text_columns("\033[92mok\033[0m", 11), 2);
    assert_int_equal(cli_text_columns("日本", 6), 4);
}

TEST(tables_wrap_their_cells_but_not_their_headers)
{
    struct grid table;
    BUFFER_AUTO(out);

    grid_init(&table, 2);
    grid_column(&table, 0, "identifier", 4);
    grid_column(&table, 1, "text", 6);
    grid_row(&table);
    grid_cell(&table, 0, "x");
    grid_cell(&table, 1, "one two");
    grid_write(&table, &out);
    assert_string_equal(out.data, "+------------+--------+\n"
                                  "| identifier | text   |\n"
                                  "+------------+--------+\n"
                                  "| x          | one    |\n"
                                  "|            | two    |\n"
                                  "+------------+--------+");
    grid_release(&table);
}

TEST(a_note_is_at_least_as_wide_as_it_has_to)
{
    BUFFER_AUTO(narrow);
    BUFFER_AUTO(wide);

    grid_note(&narrow, "note", 0);
    assert_string_equal(narrow.data, "+------+\n| note |\n+------+");
    grid_note(&wide, "note", 10);
    assert_string_equal(wide.data, "+--------+\n| note   |\n+--------+");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_wrapped),
        cmocka_unit_test(hyphenated_words_may_be_broken),
        cmocka_unit_test(long_words_are_broken),
        cmocka_unit_test(lines_are_indented),
        cmocka_unit_test(columns_are_counted_without_colours),
        cmocka_unit_test(tables_wrap_their_cells_but_not_their_headers),
        cmocka_unit_test(a_note_is_at_least_as_wide_as_it_has_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
