/* SPDX-License-Identifier: Apache-2.0 */
/* How many evaluations and compilations of YAQL a second; one line of JSON an expression. With "compile" as its argument
   compilations are measured. The expressions and their contexts are those of bench/compare_yaql.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "expr/yaql/yaql.h"
#include "value/json.h"

static const struct {
    const char *name, *text;
} expressions[] = {
    { "ctx(x)", "ctx(x)" },
    { "ctx().x", "ctx().x" },
    { "ctx().d.a.b", "ctx().d.a.b" },
    { "arithmetic", "ctx(x) * 2 + 1 > 10 and ctx(x) != 7" },
    { "concat", "ctx(s) + '-' + str(ctx(x))" },
    { "where", "ctx(xs).where($ > 50)" },
    { "select members", "ctx(recs).where($.id > 50).select($.name)" },
    { "groupBy", "ctx(recs).groupBy($.id mod 10, $.id, $.sum())" },
    { "orderBy", "ctx(recs).orderByDescending($.id).name" },
    { "regex", "regex('[0-9]+').search(ctx(s))" },
};

static value context_make(void)
{
    value context = value_map_new(6), d = value_map_new(1), a = value_map_new(1), xs = value_list_new(100),
          recs = value_list_new(100);

    value_map_set_text(&a, "b", value_int(1));
    value_map_set_text(&d, "a", a);
    for (int i = 0; i < 100; i++) {
        value rec = value_map_new(2);

        value_list_append(&xs, value_int(i));
        value_map_set_text(&rec, "id", value_int(i));
        value_map_set_text(&rec, "name", value_textf("name-%d", i));
        value_list_append(&recs, rec);
    }
    value_map_set_text(&context, "x", value_int(42));
    value_map_set_text(&context, "s", value_text("web-17"));
    value_map_set_text(&context, "d", d);
    value_map_set_text(&context, "xs", xs);
    value_map_set_text(&context, "recs", recs);
    value_map_set_text(&context, "__state", value_map_new(0));
    return context;
}

static void once(const char *text, const struct yaql *compiled, const struct expr_context *context)
{
    ERROR_AUTO(err);
    struct yaql *yaql = NULL;
    value v = VALUE_NOTHING;
    int r =
        compiled ? yaql_evaluate(compiled, context, &v, &err) : yaql_compile(text, strlen(text), &yaql, &err);

    if (r < 0) {
        fprintf(stderr, "%s: %s\n", text, error_text(&err));
        exit(1);
    }
    value_unref(v);
    yaql_free(yaql);
}

int main(int argc, char **argv)
{
    bool compiling = argc > 1 && strcmp(argv[1], "compile") == 0;
    VALUE_AUTO(variables);
    struct expr_context context = { .now_us = clock_now_us() };

    variables = context_make();
    context.variables = variables;
    for (size_t i = 0; i < ELEMENTS(expressions); i++) {
        const char *text = expressions[i].text;
        struct yaql *yaql = NULL;
        int64_t from = clock_monotonic_us(), spent;
        uint64_t n = 0;

        if (yaql_compile(text, strlen(text), &yaql, NULL) < 0)
            return 1;
        do {
            for (int k = 0; k < 64; k++)
                once(text, compiling ? NULL : yaql, &context);
            n += 64;
            spent = clock_monotonic_us() - from;
        } while (spent < 300000);
        printf("{\"name\": \"%s\", \"expression\": \"%s\", \"per_second\": %.0f, \"bytes\": %zu}\n",
               expressions[i].name, text, (double)n * 1e6 / (double)spent, yaql_size(yaql));
        yaql_free(yaql);
    }
    return 0;
}
