/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "workflow/shorthand.h"

static void assert_pairs(const char *text, const char *expected)
{
    value v = value_text(text), pairs = shorthand_parse(v);

    assert_json(pairs, expected);
    value_unref(pairs);
    value_unref(v);
}

TEST(quoted_values_stay_text)
{
    assert_pairs("a='x y' b=\"<% 1 + 1 %>\" c='true'",
                 "[{\"a\":\"x y\"},{\"b\":\"<% 1 + 1 %>\"},{\"c\":\"true\"}]");
    assert_pairs("n=\"null\"", "[{\"n\":\"null\"}]");
}

TEST(unquoted_values_are_json_where_they_can)
{
    assert_pairs("d=True e=-5 m=null", "[{\"d\":true},{\"e\":-5},{\"m\":null}]");
    assert_pairs("f=.5 g=0.5", "[{\"f\":\".5\"},{\"g\":0.5}]");
    assert_pairs("j=[1, 2] k=3", "[{\"j\":[1,2]},{\"k\":3}]");
    assert_pairs("j=[1, 'a']", "[{\"j\":\"[1, 'a']\"}]");
    assert_pairs("a=[1] b=[2]", "[{\"a\":\"[1] b=[2]\"}]");
    assert_pairs("k='{\"a\": 1}'", "[{\"k\":{\"a\":1}}]");
}

TEST(what_matches_no_form_is_dropped)
{
    assert_pairs("g=word", "[]");
    assert_pairs("a = 5", "[]");
    assert_pairs("a={\"k\": 1}", "[]");
    assert_pairs("a=5b", "[{\"a\":5}]");
    assert_pairs("a=1,b=2", "[{\"a\":1},{\"b\":2}]");
    assert_pairs("a-b=5", "[{\"b\":5}]");
    assert_pairs("a=<% x %>,<% y %>", "[{\"a\":\"<% x %>\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoted_values_stay_text),
        cmocka_unit_test(unquoted_values_are_json_where_they_can),
        cmocka_unit_test(what_matches_no_form_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
