/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include "../unit.h"

static const char *const names[] = { "execution", "action", "rule", "hosts", "toUpper", "é", NULL };

TEST(near_names_are_suggested)
{
    assert_string_equal(nearest_of("executon", names), "execution");
    assert_string_equal(nearest_of("exec", names), "execution");
    assert_string_equal(nearest_of("rlue", names), "rule");
    assert_string_equal(nearest_of("hots", names), "hosts");
}

TEST(case_is_no_difference)
{
    assert_string_equal(nearest_of("TOUPPER", names), "toUpper");
    assert_string_equal(nearest_of("to_upper", names), "toUpper");
}

TEST(far_names_are_not)
{
    assert_null(nearest_of("frobnicate", names));
    assert_null(nearest_of("", names));
    assert_null(nearest_of("x", (const char *const[]){ "y", "z", NULL }));
    assert_null(nearest_of("a name that is longer than any name should ever be", names));
}

TEST(the_nearest_of_several_wins)
{
    struct nearest nearest = nearest_to("hostt", 5);

    nearest_offer(&nearest, "hoss", 4);
    nearest_offer(&nearest, "hosts", 5);
    nearest_offer(&nearest, "host", 4);
    assert_string_equal(nearest.name, "hosts");
    assert_int_equal(nearest.least, 1);
}

TEST(offers_without_end_are_not_looked_at)
{
    struct nearest nearest = nearest_to("wanted", 6);

    for (int i = 0; i < 100000; i++)
        nearest_offer(&nearest, "something", 9);
    nearest_offer(&nearest, "wante", 5);
    assert_null(nearest.name);
}

TEST(a_hint_belongs_to_its_error)
{
    struct nearest nearest = nearest_to("hots", 4);
    ERROR_AUTO(err);
    ERROR_AUTO(moved);

    nearest_offer(&nearest, "hosts", 5);
    error_set(&err, -EINVAL, "unknown");
    nearest_hint(&nearest, &err);
    assert_string_equal(err.hint, "Did you mean 'hosts'?");
    error_move(&moved, &err);
    assert_null(err.hint);
    assert_string_equal(moved.hint, "Did you mean 'hosts'?");
    error_set(&moved, -EINVAL, "another");
    assert_null(moved.hint);
    nearest_hint(&nearest, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_names_are_suggested),
        cmocka_unit_test(case_is_no_difference),
        cmocka_unit_test(far_names_are_not),
        cmocka_unit_test(the_nearest_of_several_wins),
        cmocka_unit_test(offers_without_end_are_not_looked_at),
        cmocka_unit_test(a_hint_belongs_to_its_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
