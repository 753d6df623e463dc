/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/buffer.h"

TEST(a_shared_map_is_copied_before_it_changes)
{
    value a = from_json("{\"x\":1}"), b = value_ref(a);

    value_map_set_text(&b, "y", value_int(2));
    assert_json(a, "{\"x\":1}");
    assert_json(b, "{\"x\":1,\"y\":2}");
    value_unref(a);
    value_unref(b);
}

TEST(large_maps_find_and_forget_keys)
{
    value map = value_map_new(0);

    for (int i = 0; i < 1000; i++)
        value_map_set(&map, value_textf("k%d", i), value_int(i));
    for (int i = 0; i < 1000; i += 2) {
        char key[16];

        snprintf(key, sizeof(key), "k%d", i);
        assert_true(value_map_remove(&map, key));
    }
    assert_int_equal(value_map_count(map), 500);
    assert_int_equal(value_map_int(map, "k501", -1), 501);
    assert_false(value_map_has(map, "k500"));
    value_unref(map);
}

TEST(numbers_compare_as_in_python)
{
    value big = value_int_from_text("9007199254740993", 16, 10);
    int order;

    assert_true(value_equal(value_int(1), value_bool(true)));
    assert_true(value_equal(value_int(1), value_float(1.0)));
    assert_false(value_equal(big, value_float(9007199254740992.0)));
    assert_int_equal(value_compare(value_int(1), value_float(1.5), &order), 0);
    assert_int_equal(order, -1);
    assert_int_equal(value_compare(value_int(1), value_null(), &order), 1);
}

TEST(deep_values_are_freed_without_recursion)
{
    value v = value_list_new(0);

    for (int i = 0; i < 300000; i++) {
        value outer = value_list_new(1);

        value_list_append(&outer, v);
        v = outer;
    }
    assert_true(value_depth(v) > VALUE_DEPTH_MAX);
    value_unref(v);
    assert_int_equal(value_thread_bytes(), 0);
}

TEST(paths_lead_through_maps_and_lists)
{
    value v = from_json("{\"a\":[{\"b\":5}]}");

    assert_int_equal(value_path(v, "a.0.b").integer, 5);
    assert_false(value_is_set(value_path(v, "a.1.b")));
    value_unref(v);
}

TEST(a_text_is_written_where_it_stays)
{
    BUFFER_AUTO(out);
    VALUE_AUTO(text);
    int64_t before = value_thread_bytes();

    for (size_t n = 0; n < 300000; n = n * 7 + 3) {
        value_text_begin(&out);
        buffer_add_fill(&out, 'x', n);
        text = value_text_end(&out);
        assert_int_equal(value_len(text), n);
        assert_int_equal(value_string_chars(text), n);
        assert_int_equal(value_chars(text)[n], 0);
        assert_null(out.data);
        value_unref(value_take(&text));
    }
    assert_int_equal(value_thread_bytes(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shared_map_is_copied_before_it_changes),
        cmocka_unit_test(a_text_is_written_where_it_stays),
        cmocka_unit_test(large_maps_find_and_forget_keys),
        cmocka_unit_test(numbers_compare_as_in_python),
        cmocka_unit_test(deep_values_are_freed_without_recursion),
        cmocka_unit_test(paths_lead_through_maps_and_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
