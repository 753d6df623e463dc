/* SPDX-License-Identifier: Apache-2.0 */
/* What a misspelt name is told to have been meant; the texts of the errors stay what they are. */
#include "../unit.h"

#include "expr/expr.h"

#define VARIABLES \
    "{\"hosts\": [1], \"user\": {\"name\": \"bob\"}, \"__hidden\": 1, \"__current_item\": {\"port\": 1}}"

static const struct {
    enum expr_mode mode;
    const char *text, *name; /* NULL: no hint */
} cases[] = {
    { EXPR_ORQUESTA, "<% ctx().hots %>", "hosts" },
    { EXPR_ORQUESTA, "<% ctx(hots) %>", "hosts" },
    { EXPR_ORQUESTA, "<% ctx()[hots] %>", "hosts" },
    { EXPR_ORQUESTA, "<% ctx().user.nam %>", "name" },
    { EXPR_ORQUESTA, "<% item(prt) %>", "port" },
    { EXPR_ORQUESTA, "<% yaml_dmp(1) %>", "yaml_dump" },
    { EXPR_ORQUESTA, "<% ctx().hosts.selct($) %>", "select" },
    { EXPR_ORQUESTA, "<% ctx().nothing_like_it %>", NULL },
    { EXPR_ORQUESTA, "<% ctx(hidden) %>", NULL },
    { EXPR_ORQUESTA, "{{ ctx().hots }}", "hosts" },
    { EXPR_ORQUESTA, "to {{ ctx().user.nam }} from {{ ctx().hosts }}", "name" },
    { EXPR_ORQUESTA, "{{ ctx('hots') }}", "hosts" },
    { EXPR_ORQUESTA, "{{ item('prt') }}", "port" },
    { EXPR_ORQUESTA, "{{ resutl() }}", "result" },
    { EXPR_ORQUESTA, "{{ 'a' | uper }}", "upper" },
    { EXPR_ORQUESTA, "{{ 'a' | yaml_dmp }}", "yaml_dump" },
    { EXPR_TEMPLATE, "{{ hots }}", "hosts" },
    { EXPR_TEMPLATE, "{{ rnge(3) }}", "range" },
    { EXPR_TEMPLATE, "{% set total = 1 %}{{ total }}{{ totl }}", "total" },
    { EXPR_TEMPLATE, "{{ user.nam }}", "name" },
    { EXPR_TEMPLATE, "{{ user['nam'] + 'x' }}", "name" },
    { EXPR_TEMPLATE, "{{ 'a'.uper() }}", "upper" },
    { EXPR_TEMPLATE, "{{ 'a' | uper }}", "upper" },
    { EXPR_TEMPLATE, "{{ hosts | map('uper') | list }}", "upper" },
    { EXPR_TEMPLATE, "{{ hosts | select('evn') | list }}", "even" },
    { EXPR_TEMPLATE, "{{ 1 is defned }}", "defined" },
    { EXPR_TEMPLATE, "{{ decrpt_kv('x') }}", NULL },
    { EXPR_TEMPLATE, "{{ 'x' | decrpt_kv }}", "decrypt_kv" },
};

static void try(const char *text, enum expr_mode mode, const char *variables, struct error *err)
{
    struct expr_context context = { 0 };
    value v = from_json(variables), result = VALUE_NOTHING;

    context.variables = v;
    if (expr_evaluate_text(text, strlen(text), mode, &context, &result, err) == 0)
        fail_msg("%s does not fail", text);
    value_unref(v);
}

TEST(misspelt_names_are_told_what_was_meant)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[100] = "";
        ERROR_AUTO(err);

        try(cases[i].text, cases[i].mode, VARIABLES, &err);
        if (cases[i].name)
            snprintf(expected, sizeof(expected), "Did you mean '%s'?", cases[i].name);
        if (strcmp(expected, err.hint ? err.hint : "") != 0)
            fail_msg("%s: %s: %s", cases[i].text, error_text(&err), err.hint ? err.hint : "no hint");
        assert_null(strstr(error_text(&err), "Did you mean"));
    }
}

TEST(a_method_called_as_a_function_is_told_so)
{
    ERROR_AUTO(err);

    try("<% toUpper(abc) %>", EXPR_ORQUESTA, "{}", &err);
    assert_string_equal(err.hint, "'toUpper' is a method: write value.toUpper().");
    try("<% a.coalesce() %>", EXPR_ORQUESTA, "{}", &err);
    assert_string_equal(err.hint, "'coalesce' is a function: write coalesce(value).");
}

TEST(compiled_texts_keep_their_hints)
{
    struct expr *expr;
    ERROR_AUTO(err);

    assert_true(expr_compile("{{ 1 | flot }}", 14, EXPR_TEMPLATE, &expr, &err) < 0);
    assert_string_equal(err.hint, "Did you mean 'float'?");
}

TEST(sound_texts_are_advised_of_names_that_lead_nowhere)
{
    static const char text[] = "<% ctx().hots.frobnicate() + yaml_dmp(1) %> <% ctx().hosts %>";
    static const char jinja[] = "{{ ctx('hots') | uper }} {{ resutl() }}";
    VALUE_AUTO(names);
    VALUE_AUTO(advice);
    VALUE_AUTO(more);

    names = from_json(VARIABLES);
    advice = expr_advise(text, sizeof(text) - 1, EXPR_ORQUESTA, names);
    assert_int_equal(value_list_count(advice), 3);
    assert_string_equal(value_map_chars(value_list_at(advice, 0), "message"),
                        "Unknown method \"frobnicate\"");
    assert_string_equal(value_map_chars(value_list_at(advice, 1), "hint"), "Did you mean 'yaml_dump'?");
    assert_string_equal(value_map_chars(value_list_at(advice, 2), "hint"), "Did you mean 'hosts'?");
    more = expr_advise(jinja, sizeof(jinja) - 1, EXPR_ORQUESTA, names);
    assert_int_equal(value_list_count(more), 2);
    assert_string_equal(value_map_chars(value_list_at(more, 0), "hint"), "Did you mean 'upper'?");
    assert_string_equal(value_map_chars(value_list_at(more, 1), "hint"), "Did you mean 'result'?");
}

TEST(expressions_that_define_functions_are_left_alone)
{
    static const char text[] = "<% def(twice, $ * 2) -> twice(4) %>";
    VALUE_AUTO(advice);

    advice = expr_advise(text, sizeof(text) - 1, EXPR_ORQUESTA, VALUE_NOTHING);
    assert_int_equal(value_list_count(advice), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misspelt_names_are_told_what_was_meant),
        cmocka_unit_test(a_method_called_as_a_function_is_told_so),
        cmocka_unit_test(compiled_texts_keep_their_hints),
        cmocka_unit_test(sound_texts_are_advised_of_names_that_lead_nowhere),
        cmocka_unit_test(expressions_that_define_functions_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
