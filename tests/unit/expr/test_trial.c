/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/trial.h"

#include "../unit.h"

#include "base/buffer.h"

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

/* Steps as "expression = value" lines. */
static void assert_steps(const char *text, const char *expected)
{
    VALUE_AUTO(v);
    ERROR_AUTO(err);
    struct buffer out = BUFFER_INIT;

    if (try(text, EXPR_ORQUESTA, true, &v, &err) < 0)
        fail_msg("%s", error_text(&err));
    VALUE_LIST_EACH (i, step, value_map_get(v, "steps")) {
        buffer_addf(&out, "%s = ", value_map_chars(step, "expression"));
        json_write(&out, value_map_get(step, "value"), JSON_COMPACT);
        buffer_addf(&out, "%s", value_map_has(step, "partial") ? " ..." : "");
        if (value_map_has(step, "times"))
            buffer_addf(&out, " x%lld", (long long)value_map_int(step, "times", 0));
        buffer_add_text(&out, "\n");
    }
    assert_string_equal(buffer_text(&out), expected);
    buffer_release(&out);
}

static void yaql_is_told_part_by_part(void **state)
{
    assert_steps("<% ctx().n + len([1, 2]) * 2 %>", "ctx().n = 3\n"
                                                    "[1, 2] = [1,2]\n"
                                                    "len([1, 2]) = 2\n"
                                                    "len([1, 2]) * 2 = 4\n"
                                                    "ctx().n + len([1, 2]) * 2 = 7\n");
}

static void lambdas_are_told_a_few_times(void **state)
{
    assert_steps("<% range(5).select(-$).toList() %>", "range(5) = [0,1,2,3,4]\n"
                                                       "$ = 0\n$ = 1\n$ = 2 x5\n"
                                                       "-$ = 0\n-$ = -1\n-$ = -2 x5\n"
                                                       "range(5).select(-$) = [0,-1,-2,-3,-4]\n"
                                                       "range(5).select(-$).toList() = [0,-1,-2,-3,-4]\n");
}

/* Explaining evaluates nothing that would not have been evaluated: the result is the same, endless sequences too. */
static void lazy_sequences_show_what_was_asked_of_them(void **state)
{
    assert_steps("<% sequence().first() %>", "sequence() = [0] ...\nsequence().first() = 0\n");
    assert_steps("<% let(a => [1, 2].select($)) -> [$a.len(), $a.len()] %>",
                 "[1, 2] = [1,2]\n"
                 "$ = 1\n$ = 2\n"
                 "[1, 2].select($) = [1,2]\n"
                 "let(a => [1, 2].select($)) = \"(context)\"\n"
                 "$a = [1,2]\n$a.len() = 2\n"
                 "$a = [1,2]\n$a.len() = 0\n"
                 "[$a.len(), $a.len()] = [2,0]\n"
                 "let(a => [1, 2].select($)) -> [$a.len(), $a.len()] = [2,0]\n");
    assert_steps("<% [2, 1].orderBy($).first() %>", "[2, 1] = [2,1]\n"
                                                    "$ = 1\n$ = 2\n"
                                                    "[2, 1].orderBy($) = [1] ...\n"
                                                    "[2, 1].orderBy($).first() = 1\n");
}

static void steps_stand_where_the_text_has_them(void **state)
{
    static const char text[] = "a\nb <% ctx().n %> {}", jinja[] = "a\nb {{ ctx().n }}";
    VALUE_AUTO(v);
    VALUE_AUTO(w);
    ERROR_AUTO(err);

    assert_int_equal(try(text, EXPR_ORQUESTA, true, &v, &err), 0);
    assert_int_equal(value_map_int(value_path(v, "steps.0"), "line", 0), 2);
    assert_int_equal(value_map_int(value_path(v, "steps.0"), "column", 0), 6);
    assert_int_equal(try(jinja, EXPR_ORQUESTA, true, &w, &err), 0);
    assert_int_equal(value_map_int(value_path(w, "steps.0"), "line", 0), 2);
    assert_int_equal(value_map_int(value_path(w, "steps.0"), "column", 0), 6);
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
        cmocka_unit_test(yaql_is_told_part_by_part),
        cmocka_unit_test(lambdas_are_told_a_few_times),
        cmocka_unit_test(lazy_sequences_show_what_was_asked_of_them),
        cmocka_unit_test(steps_stand_where_the_text_has_them),
        cmocka_unit_test(results_that_unfold_too_far_are_refused),
        cmocka_unit_test(failures_tell_their_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
