/* SPDX-License-Identifier: Apache-2.0 */
/* What a case table cannot say: bounds, threads, the cache, inspection, explaining. */
#include "../unit.h"

#include <pthread.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "expr/expr.h"
#include "expr/jinja/jinja.h"

static int evaluate(const char *text, enum expr_mode mode, const char *variables, value *ret,
                    struct error *err)
{
    struct expr_context context = { .random_seed = 1 };
    value v = from_json(variables);
    int r;

    context.variables = v;
    r = expr_evaluate_text(text, strlen(text), mode, &context, ret, err);
    value_unref(v);
    return r;
}

static void assert_gives(const char *text, enum expr_mode mode, const char *variables, const char *json)
{
    ERROR_AUTO(err);
    VALUE_AUTO(v);

    if (evaluate(text, mode, variables, &v, &err) < 0)
        fail_msg("%s: %s: %s", text, err.kind, error_text(&err));
    assert_json(v, json);
}

static void assert_fails(const char *text, enum expr_mode mode, const char *kind)
{
    ERROR_AUTO(err);
    VALUE_AUTO(v);

    if (evaluate(text, mode, "{}", &v, &err) == 0)
        fail_msg("%s does not fail", text);
    if (strcmp(err.kind, kind) != 0)
        fail_msg("%s: %s: %s", text, err.kind, error_text(&err));
}

/* ---- attacks ---- */

/* "<<x*3>>" becomes "xxx". */
static void expand(const char *line, struct buffer *out)
{
    const char *open, *star, *close;

    while ((open = strstr(line, "<<")) && (close = strstr(open, ">>")) &&
           (star = memrchr(open, '*', (size_t)(close - open)))) {
        long n = strtol(star + 1, NULL, 10);

        buffer_add(out, line, (size_t)(open - line));
        for (long i = 0; i < n; i++)
            buffer_add(out, open + 2, (size_t)(star - open - 2));
        line = close + 2;
    }
    buffer_add_text(out, line);
}

static void attack(const char *text, size_t n, enum expr_mode mode)
{
    struct expr_context context = { .random_seed = 1 };
    int64_t start = clock_monotonic_us(), spent, before = value_thread_bytes();
    VALUE_AUTO(variables);
    VALUE_AUTO(v);
    ERROR_AUTO(err);
    int r;

    variables = from_json("{\"d\": {\"a\": 1}, \"x\": [1], \"y\": [1, 2]}");
    context.variables = variables;
    r = expr_evaluate_text(text, n, mode, &context, &v, &err);
    spent = clock_monotonic_us() - start;
    if (r < 0)
        assert_non_null(err.message);
    value_unref(value_take(&v));
    value_unref(value_take(&variables));
    expr_cache_clear();
    if (getenv("FULMAR_SHOW_ATTACKS"))
        printf("%7lld us %s %.60s: %.80s\n", (long long)spent, r < 0 ? err.kind : "-", text,
               error_text(&err));
    /* Sanitizers and busy machines take many times the 50 ms that are meant. */
    if (spent > 3000000)
        fail_msg("%lld us for %.200s", (long long)spent, text);
    assert_true(value_thread_bytes() - before < 100000); /* patterns stay in their cache */
}

TEST(every_attack_ends_soon_and_leaves_nothing_behind)
{
    char *path = xasprintf("%s/tests/cases/jinja-attacks.txt", getenv("FULMAR_SOURCE_ROOT"));
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    assert_non_null(file);
    while ((n = getline(&line, &room, file)) > 0) {
        BUFFER_AUTO(text);

        if (line[0] == '#' && line[1] == ' ')
            continue;
        line[n - 1] = '\0';
        expand(line, &text);
        attack(buffer_text(&text), text.len, EXPR_TEMPLATE);
        attack(buffer_text(&text), text.len, EXPR_TEMPLATE_LAX);
        attack(buffer_text(&text), text.len, EXPR_ORQUESTA);
    }
    free(line);
    fclose(file);
    free(path);
}

/* ---- the facade ---- */

TEST(one_expression_keeps_its_type)
{
    assert_gives("{{ ctx('x') }}", EXPR_ORQUESTA, "{\"x\": [1, null]}", "[1,null]");
    assert_gives("<% ctx(x) %>", EXPR_ORQUESTA, "{\"x\": {\"a\": 1}}", "{\"a\":1}");
    assert_gives("{{ ctx('x') }}", EXPR_ORQUESTA, "{\"x\": 123456789012345678901234567890}",
                 "123456789012345678901234567890");
}

TEST(a_mix_gives_text)
{
    assert_gives("a {{ ctx('x') }} {{ ctx('x') }}", EXPR_ORQUESTA, "{\"x\": [1, null]}",
                 "\"a [1, None] [1, None]\"");
    assert_gives("<% ctx(x) %>!", EXPR_ORQUESTA, "{\"x\": true}", "\"True!\"");
}

TEST(text_from_data_is_evaluated_again_but_not_for_ever)
{
    assert_gives("{{ ctx('x') }}", EXPR_ORQUESTA, "{\"x\": \"{{ ctx('y') }}\", \"y\": 5}", "5");
    ERROR_AUTO(err);
    VALUE_AUTO(v);

    assert_int_not_equal(evaluate("{{ ctx('x') }}", EXPR_ORQUESTA, "{\"x\": \"{{ ctx('x') }}\"}", &v, &err),
                         0);
    assert_non_null(strstr(err.message, "RecursionError"));
    assert_int_not_equal(
        evaluate("{{ ctx('x') }}", EXPR_ORQUESTA, "{\"x\": \"{{ ctx('x') }}{{ ctx('x') }}\"}", &v, &err), 0);
}

TEST(lists_and_maps_are_evaluated_inside)
{
    struct expr_context context = { 0 };
    VALUE_AUTO(variables);
    VALUE_AUTO(v);
    VALUE_AUTO(result);

    variables = from_json("{\"k\": \"name\", \"n\": 2}");
    context.variables = variables;
    v = from_json("{\"{{ ctx('k') }}\": [\"<% ctx(n) %>\", {\"a\": \"{{ ctx('n') + 1 }}\"}, 5, null]}");
    assert_int_equal(expr_evaluate_value(v, EXPR_ORQUESTA, &context, &result, NULL), 0);
    assert_json(result, "{\"name\":[2,{\"a\":3},5,null]}");
}

TEST(a_context_is_never_changed)
{
    struct expr_context context = { 0 };
    const char *text =
        "{% set y = l %}{{ y.append(3) }}{{ l }}{{ d.l.append(4) }}{{ d }}{{ d.update({'z': l}) }}";
    VALUE_AUTO(variables);
    VALUE_AUTO(result);

    variables = from_json("{\"l\": [1], \"d\": {\"l\": []}}");
    context.variables = variables;
    assert_int_equal(expr_evaluate_text(text, strlen(text), EXPR_TEMPLATE, &context, &result, NULL), 0);
    assert_json(result, "\"None[1, 3]None{'l': [4]}None\"");
    assert_json(variables, "{\"l\":[1],\"d\":{\"l\":[]}}");
}

TEST(broken_texts_are_told_with_their_class)
{
    assert_fails("{{ 1 + }}", EXPR_TEMPLATE, "TemplateSyntaxError");
    assert_fails("{{ 1 + }}", EXPR_ORQUESTA, "JinjaEvaluationException");
    assert_fails("<% 1 + %>", EXPR_ORQUESTA, "YaqlEvaluationException");
    assert_fails("{{ nope }}", EXPR_TEMPLATE, "UndefinedError");
    assert_fails("\xff{{ 1 }}", EXPR_TEMPLATE, "ValueError");
}

TEST(errors_point_into_the_template)
{
    ERROR_AUTO(err);
    VALUE_AUTO(v);

    assert_int_not_equal(evaluate("a\nb {{ 1 / 0 }}", EXPR_TEMPLATE, "{}", &v, &err), 0);
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 6);
}

TEST(inspection_lists_what_does_not_compile)
{
    static const char text[] = "x.{{ + }}", yaql[] = "<% 1 + %> and <% 2 %>";
    VALUE_AUTO(broken);

    broken = expr_inspect(text, strlen(text), EXPR_ORQUESTA);
    assert_json(
        broken,
        "[{\"language\":\"jinja\",\"expression\":\"x.{{ + }}\",\"message\":\"unexpected 'end of print "
        "statement'\"},{\"language\":\"jinja\",\"expression\":\"{{ + }}\",\"message\":\"unexpected 'end of "
        "template'\"}]");
    value_replace(&broken, expr_inspect(yaql, strlen(yaql), EXPR_ORQUESTA));
    assert_json(
        broken,
        "[{\"language\":\"yaql\",\"expression\":\"<% 1 + %>\",\"message\":\"Parse error: unexpected end of "
        "statement\"}]");
}

TEST(variables_are_found)
{
    static const char text[] = "{{ ctx().a.b + ctx('c') }} {{ ctx(d).e | upper }}";
    struct expr *expr;
    VALUE_AUTO(found);

    assert_int_equal(expr_compile(text, strlen(text), EXPR_ORQUESTA, &expr, NULL), 0);
    assert_int_equal(expr_variables(expr, &found, NULL), 0);
    assert_int_equal(value_list_count(found), 3);
    assert_string_equal(value_map_chars(value_list_at(found, 0), "variable"), "ctx.a.b");
    assert_string_equal(value_map_chars(value_list_at(found, 1), "variable"), "ctx.c");
    assert_string_equal(value_map_chars(value_list_at(found, 2), "variable"), "ctx.d.e");
    expr_free(expr);
}

TEST(explaining_tells_each_step)
{
    static const char text[] = "{{ ctx('x') + 1 }}";
    struct expr_context context = { 0 };
    VALUE_AUTO(variables);
    VALUE_AUTO(result);
    VALUE_AUTO(steps);
    struct expr *expr;

    variables = from_json("{\"x\": 2}");
    context.variables = variables;
    assert_int_equal(expr_compile(text, strlen(text), EXPR_ORQUESTA, &expr, NULL), 0);
    assert_int_equal(expr_explain(expr, &context, &result, &steps, NULL), 0);
    assert_json(result, "3");
    assert_json(steps, "[{\"expression\":\"ctx('x')\",\"value\":2,\"line\":1,\"column\":4},"
                       "{\"expression\":\"ctx('x') + 1\",\"value\":3,\"line\":1,\"column\":4}]");
    expr_free(expr);
}

TEST(undeclared_names_are_listed)
{
    static const char text[] =
        "{{ a.b }}{% set c = d %}{{ c }}{% for e in f %}{{ e }}{{ range(3) }}{% endfor %}";
    struct jinja *jinja;
    VALUE_AUTO(names);

    assert_int_equal(jinja_compile(text, strlen(text), JINJA_STRICT, &jinja, NULL), 0);
    names = jinja_undeclared(jinja);
    assert_json(names, "[\"a\",\"d\",\"f\"]");
    jinja_free(jinja);
}

static void *many(void *data)
{
    static const char text[] =
        "{% for x in l %}{{ x }}{{ names.append(x) }}{% endfor %}{{ names }}{{ 'a' ~ l }}";
    struct expr_context context = { .variables = *(value *)data };

    for (int i = 0; i < 300; i++) {
        VALUE_AUTO(v);

        if (expr_evaluate_text(text, strlen(text), EXPR_TEMPLATE, &context, &v, NULL) < 0 ||
            !value_text_is(v, "1None2None[1, 2]a[1, 2]"))
            return data;
    }
    return NULL;
}

TEST(threads_share_texts_and_contexts)
{
    pthread_t threads[4];
    VALUE_AUTO(variables);
    void *bad;

    variables = from_json("{\"l\": [1, 2], \"names\": []}");
    for (size_t i = 0; i < ELEMENTS(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many, &variables), 0);
    for (size_t i = 0; i < ELEMENTS(threads); i++) {
        pthread_join(threads[i], &bad);
        assert_null(bad);
    }
}

TEST(the_cache_stays_within_its_bytes)
{
    expr_cache_limit(64 << 10);
    for (int i = 0; i < 2000; i++) {
        char *text = xasprintf("{{ ctx('x') + %d }}", i), *json = xasprintf("%d", i + 1);

        assert_gives(text, EXPR_ORQUESTA, "{\"x\": 1}", json);
        free(text);
        free(json);
    }
    expr_cache_limit(32 << 20);
    expr_cache_clear();
}

int main(void)
{
    alarm(100); /* whatever hangs is ended */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_expression_keeps_its_type),
        cmocka_unit_test(a_mix_gives_text),
        cmocka_unit_test(text_from_data_is_evaluated_again_but_not_for_ever),
        cmocka_unit_test(lists_and_maps_are_evaluated_inside),
        cmocka_unit_test(a_context_is_never_changed),
        cmocka_unit_test(broken_texts_are_told_with_their_class),
        cmocka_unit_test(errors_point_into_the_template),
        cmocka_unit_test(inspection_lists_what_does_not_compile),
        cmocka_unit_test(variables_are_found),
        cmocka_unit_test(explaining_tells_each_step),
        cmocka_unit_test(undeclared_names_are_listed),
        cmocka_unit_test(threads_share_texts_and_contexts),
        cmocka_unit_test(the_cache_stays_within_its_bytes),
        cmocka_unit_test(every_attack_ends_soon_and_leaves_nothing_behind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
