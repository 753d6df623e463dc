/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/trial.h"

#include "../unit.h"

static int try(const char *text, enum expr_mode mode, bool explain, value *ret, struct error *err)
{
    VALUE_AUTO(variables);
    struct expr_context context = { 0 };

    variables = value_map_new(1);
    value_map_set_text(&variables, "n", value_int(3));
    context.variables = variables;
    return expr_try(text, strlen(text), mode, &context, explain, ret, err);
}

static void modes_have_names(void **state)
{
    assert_int_equal(expr_mode_from_name("orquesta"), EXPR_ORQUESTA);
    assert_int_equal(expr_mode_from_name("template-lax"), EXPR_TEMPLATE_LAX);
    assert_int_equal(expr_mode_from_name(""), -1);
}

static void languages_are_told_apart(void **state)
{
    assert_string_equal(expr_language("<% 1 %>", 7, EXPR_ORQUESTA), "yaql");
    assert_string_equal(expr_language("{{ 1 }}", 7, EXPR_ORQUESTA), "jinja");
    assert_string_equal(expr_language("<% 1 %>", 7, EXPR_TEMPLATE), "none");
}

static void a_trial_tells_result_and_type(void **state)
{
    VALUE_AUTO(v);
    ERROR_AUTO(err);

    assert_int_equal(try("<% ctx().n %>", EXPR_ORQUESTA, false, &v, &err), 0);
    assert_int_equal(value_map_int(v, "result", 0), 3);
    assert_string_equal(value_map_chars(v, "type"), "integer");
    assert_false(value_map_has(v, "steps"));
}

static void steps_too_large_are_left_out(void **state)
{
    VALUE_AUTO(v);
    ERROR_AUTO(err);

    assert_int_equal(try("{{ ('x' * 100000) | length }}", EXPR_TEMPLATE, true, &v, &err), 0);
    assert_string_equal(value_map_chars(v, "result"), "100000");
    assert_true(value_map_bool(value_path(v, "steps.0"), "omitted", false));
    assert_false(value_map_has(value_path(v, "steps.0"), "value"));
}

/* Lists of the same lists cost no memory, and no end of text. */
static void results_that_unfold_too_far_are_refused(void **state)
{
    VALUE_AUTO(v);
    ERROR_AUTO(err);

    assert_true(try("<% let(x => 'y' * 1000) -> let(x => [$x] * 200) -> [$x] * 200 %>", EXPR_ORQUESTA, false,
                    &v, &err) < 0);
    assert_non_null(err.message);
}

static void failures_tell_their_place(void **state)
{
    VALUE_AUTO(v);
    VALUE_AUTO(failure);
    ERROR_AUTO(err);

    assert_true(try("a\n{{ m.x }}", EXPR_TEMPLATE, false, &v, &err) < 0);
    failure = expr_try_failure("a\n{{ m.x }}", 11, EXPR_TEMPLATE, &err);
    assert_string_equal(value_map_chars(failure, "class"), "UndefinedError");
    assert_int_equal(value_map_int(failure, "line", 0), 2);
    assert_string_equal(value_map_chars(failure, "language"), "jinja");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_have_names),
        cmocka_unit_test(languages_are_told_apart),
        cmocka_unit_test(a_trial_tells_result_and_type),
        cmocka_unit_test(steps_too_large_are_left_out),
        cmocka_unit_test(results_that_unfold_too_far_are_refused),
        cmocka_unit_test(failures_tell_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
