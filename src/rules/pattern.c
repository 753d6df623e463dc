/* SPDX-License-Identifier: Apache-2.0 */
/* A text that matches ({{)\s*(.*)\s*(}}) is rendered with `| to_complex` put in front of the last braces and read as JSON, so
   that "{{ trigger.count }}" stays a number. What is no JSON then is rendered as it is written. */
#include "rules/pattern.h"

#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"

struct pattern {
    value source;
    bool template;
    struct expr
        *typed; /* with to_complex; NULL when there are no braces on one line, or they do not compile */
    struct expr *plain;
    struct error problem; /* why `plain` or `typed` could not be compiled */
};

/* One line at a time, from the first "{{" to the last "}}" behind it. False when no line has both. */
static bool insert_to_complex(const char *text, size_t n, struct buffer *out)
{
    const char *at = text, *end = text + n;
    bool found = false;

    while (at < end) {
        const char *open = memmem(at, (size_t)(end - at), "{{", 2), *inner, *line_end, *close = NULL;

        if (!open)
            break;
        /* \s* behind the braces may cross lines, the rest may not. */
        for (inner = open + 2; inner < end && strchr(" \t\n\r\f\v", *inner) && *inner; inner++)
            ;
        line_end = memchr(inner, '\n', (size_t)(end - inner));
        if (!line_end)
            line_end = end;
        for (const char *p = inner; p + 2 <= line_end; p++)
            if (p[0] == '}' && p[1] == '}')
                close = p;
        if (!close) {
            buffer_add(out, at, (size_t)(open + 2 - at));
            at = open + 2;
            continue;
        }
        buffer_add(out, at, (size_t)(open + 2 - at));
        buffer_add(out, inner, (size_t)(close - inner));
        buffer_add_text(out, " | to_complex}}");
        at = close + 2;
        found = true;
    }
    buffer_add(out, at, (size_t)(end - at));
    return found;
}

struct pattern *pattern_new(value v)
{
    struct pattern *pattern = xcalloc(1, sizeof(*pattern));
    BUFFER_AUTO(typed);

    pattern->source = value_ref(value_is_set(v) ? v : value_null());
    pattern->template =
        v.kind == VALUE_STRING && expr_has_expression(v.string->data, v.string->len, EXPR_TEMPLATE);
    if (!pattern->template)
        return pattern;
    if (insert_to_complex(v.string->data, v.string->len, &typed) &&
        expr_compile(typed.data, typed.len, EXPR_TEMPLATE, &pattern->typed, &pattern->problem) < 0)
        return pattern;
    expr_compile(v.string->data, v.string->len, EXPR_TEMPLATE, &pattern->plain, &pattern->problem);
    return pattern;
}

void pattern_free(struct pattern *pattern)
{
    if (!pattern)
        return;
    value_unref(pattern->source);
    expr_free(pattern->typed);
    expr_free(pattern->plain);
    error_release(&pattern->problem);
    free(pattern);
}

value pattern_literal(const struct pattern *pattern)
{
    return pattern->template ? VALUE_NOTHING : pattern->source;
}

value pattern_source(const struct pattern *pattern)
{
    return pattern->source;
}

int pattern_render(const struct pattern *pattern, const char *name, value payload,
                   const struct expr_host *host, int64_t now_us, value *ret, struct error *err)
{
    static const char *const lazy_roots[] = { "st2kv", "system", NULL };
    struct expr_context context = { .host = host, .now_us = now_us, .lazy_roots = lazy_roots };
    VALUE_AUTO(variables);
    VALUE_AUTO(text);
    int r;

    if (pattern->problem.message)
        return error_set_kind(err, -EINVAL, pattern->problem.kind, "%s", error_text(&pattern->problem));
    variables = value_map_new(1);
    value_map_set_text(&variables, name, value_ref(payload));
    context.variables = variables;
    if (pattern->typed) {
        ERROR_AUTO(problem);

        /* What has no JSON form, as a datastore object, is rendered as text. */
        r = expr_evaluate(pattern->typed, &context, &text, &problem);
        if (r < 0 && (!problem.kind || strcmp(problem.kind, "TypeError") != 0)) {
            error_move(err, &problem);
            return r;
        }
        if (r == 0 && value_is_string(text) &&
            json_read(text.string->data, text.string->len, JSON_PYTHON, ret, NULL) == 0)
            return 0;
    }
    return expr_evaluate(pattern->plain, &context, ret, err);
}
