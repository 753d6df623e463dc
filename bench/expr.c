/* SPDX-License-Identifier: Apache-2.0 */
/* How fast Jinja expressions and templates are compiled and evaluated: bench/compare_expr.py prints the same figures of Jinja2 on
   Python beside these. Output: one line a measure, "name: per second". */
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "expr/expr.h"
#include "expr/jinja/jinja.h"
#include "value/json.h"

#define MEASURE_US 500000

static void through_cache(const char *name, const char *text, enum expr_mode mode, value variables)
{
    struct expr_context context = { .variables = variables };
    int64_t start = clock_monotonic_us(), spent;
    uint64_t n = 0;

    do {
        for (int i = 0; i < 10; i++, n++) {
            ERROR_AUTO(err);
            value v;

            if (expr_evaluate_text(text, strlen(text), mode, &context, &v, &err) < 0) {
                fprintf(stderr, "%s: %s\n", name, error_text(&err));
                return;
            }
            value_unref(v);
        }
        spent = clock_monotonic_us() - start;
    } while (spent < MEASURE_US);
    printf("%s: %.0f\n", name, (double)n * 1e6 / (double)spent);
}

static void compiling(const char *name, const char *text)
{
    int64_t start = clock_monotonic_us(), spent;
    size_t bytes = 0;
    uint64_t n = 0;

    do {
        for (int i = 0; i < 100; i++, n++) {
            struct jinja *jinja;

            if (jinja_compile_expression(text, strlen(text), JINJA_STRICT | JINJA_ORQUESTA, &jinja, NULL) < 0)
                return;
            bytes = jinja_bytes(jinja);
            jinja_free(jinja);
        }
        spent = clock_monotonic_us() - start;
    } while (spent < MEASURE_US);
    printf("%s: %.0f (%zu bytes)\n", name, (double)n * 1e6 / (double)spent, bytes);
}

/* About 10 KB of report, with a loop of 1,000 around a part of it. */
static void large_template(struct buffer *out)
{
    for (int part = 0; part < 2; part++) {
        buffer_add_text(out, part ? "{% for x in range(1000) %}\n" : "{% set x = 5 %}\n");
        for (int i = 0; out->len < (part ? 10000 : 8500); i++)
            buffer_addf(
                out,
                "line %d of item {{ x }}: {{ x * %d }} {%% if x > %d %%}above{%% else %%}below{%% endif %%} "
                "{{ name | upper }} {{ row.id }}\n",
                i, i + 1, i * 10);
    }
    buffer_add_text(out, "{% endfor %}\n");
}

int main(void)
{
    BUFFER_AUTO(json);
    BUFFER_AUTO(large);
    VALUE_AUTO(variables);

    buffer_add_text(&json, "{\"x\": 5, \"name\": \"report\", \"row\": {\"id\": 7}, \"xs\": [");
    for (int i = 0; i < 100; i++)
        buffer_addf(&json, "%s%d", i ? ", " : "", i);
    buffer_add_text(&json, "]}");
    if (json_read(json.data, json.len, 0, &variables, NULL) < 0)
        return 1;
    large_template(&large);
    through_cache("lookup", "{{ ctx('x') }}", EXPR_ORQUESTA, variables);
    through_cache("select", "{{ ctx('xs') | select('gt', 50) | list }}", EXPR_ORQUESTA, variables);
    through_cache("mix", "a {{ ctx().x }} b {{ ctx().name | upper }}", EXPR_ORQUESTA, variables);
    through_cache("template", "{{ name }}: {% for i in xs %}{{ i }}, {% endfor %}", EXPR_TEMPLATE, variables);
    through_cache("large", large.data, EXPR_TEMPLATE, variables);
    compiling("compile", "ctx('xs') | select('gt', 50) | list");
    compiling("compile lookup", "ctx().name");
    expr_cache_clear();
    return 0;
}
