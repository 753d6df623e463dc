/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "cli/attributes.h"

#define DOCUMENT "{\"id\":1,\"a\":{\"b\":{\"c\":2},\"d\":null},\"list\":[{\"x\":1},{\"x\":2}]}"

static void assert_pick(const char *names, const char *expected)
{
    ERROR_AUTO(err);
    VALUE_AUTO(doc);
    VALUE_AUTO(list);
    VALUE_AUTO(picked);

    doc = from_json(DOCUMENT);
    list = attributes_list(names);
    assert_int_equal(attributes_pick(doc, list, &picked, &err), 0);
    assert_json(picked, expected);
}

TEST(asked_members_are_nested_again)
{
    assert_pick("a.b.c id", "{\"a\":{\"b\":{\"c\":2}},\"id\":1}");
}

TEST(absent_and_null_members_are_left_out)
{
    assert_pick("a.d nothing id.x", "{}");
}

TEST(all_members_may_be_asked_for)
{
    assert_pick("id all", DOCUMENT);
    assert_pick("", DOCUMENT);
}

TEST(a_member_below_one_that_was_asked_for_is_kept)
{
    assert_pick("a.b a.b.c", "{\"a\":{\"b\":{\"c\":2}}}");
}

TEST(other_paths_are_json_paths)
{
    ERROR_AUTO(err);
    VALUE_AUTO(doc);
    VALUE_AUTO(found);

    doc = from_json(DOCUMENT);
    assert_int_equal(attribute_get(doc, "list[1].x", &found, &err), 0);
    assert_json(found, "2");
    assert_true(attribute_get(doc, "list[", &found, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_members_are_nested_again),
        cmocka_unit_test(absent_and_null_members_are_left_out),
        cmocka_unit_test(all_members_may_be_asked_for),
        cmocka_unit_test(a_member_below_one_that_was_asked_for_is_kept),
        cmocka_unit_test(other_paths_are_json_paths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
