/* SPDX-License-Identifier: Apache-2.0 */
/* cases LANGUAGE: reads case lines (JSON, one a line) from standard input and writes what this implementation answers to
   each, one JSON line a case, without looking at what was expected. To add a language: write its function, and its row in
   `languages`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cases_rules.h"
#include "cases_workflow.h"
#include "expr/expr.h"
#include "value/datetime.h"
#include "value/json.h"

/* ---- values JSON cannot say, as the tables write them ---- */

static value tagged(value v);

static value wrapped(const char *tag, value v)
{
    value map = value_map_new(1);

    value_map_set_text(&map, tag, v);
    return map;
}

static value tagged_items(value v)
{
    value list = value_list_new(value_list_count(v) + value_map_count(v));

    VALUE_LIST_EACH (i, each, v) {
        value_list_append(&list, tagged(each));
    }
    for (size_t i = 0; v.kind == VALUE_SET && i < value_map_count(v); i++)
        value_list_append(&list, tagged(value_map_key_at(v, i)));
    return list;
}

static value tagged_map(value v)
{
    value map = value_map_new(value_map_count(v));

    VALUE_MAP_EACH (i, v) {
        value key = value_map_key_at(v, i), item = tagged(value_map_item_at(v, i)), shown;
        char *text;

        if (value_is_string(key)) {
            value_map_set(&map, value_ref(key), item);
            continue;
        }
        shown = tagged(key);
        text = json_text(shown);
        value_map_set(&map, value_textf("$key:%s", text), item);
        free(text);
        value_unref(shown);
    }
    return map;
}

static value tagged(value v)
{
    BUFFER_AUTO(text);

    switch (v.kind) {
    case VALUE_FLOAT:
        if (v.number - v.number == 0)
            return v;
        return wrapped("$float", value_text(v.number != v.number ? "nan" : v.number > 0 ? "inf" : "-inf"));
    case VALUE_LIST:
        return tagged_items(v);
    case VALUE_TUPLE:
        return wrapped("$tuple", tagged_items(v));
    case VALUE_SET:
        return wrapped("$set", tagged_items(v));
    case VALUE_MAP:
        return tagged_map(v);
    case VALUE_DATETIME:
        datetime_format_iso(&text, v, 'T');
        return wrapped("$datetime", value_text_n(buffer_text(&text), text.len));
    case VALUE_TIMESPAN:
        return wrapped("$timespan_us", value_int(v.integer));
    case VALUE_BYTES: {
        value shown = value_text_checked(value_chars(v), value_len(v));

        return wrapped("$bytes", value_is_set(shown) ? shown : value_null());
    }
    default:
        return value_ref(v);
    }
}

/* The way back, for contexts: {"$tuple": [...]} and its kin. */
static value untagged(value v)
{
    value out;

    if (v.kind == VALUE_LIST) {
        out = value_list_new(value_list_count(v));
        VALUE_LIST_EACH (i, each, v) {
            value_list_append(&out, untagged(each));
        }
        return out;
    }
    if (v.kind != VALUE_MAP)
        return value_ref(v);
    if (value_map_count(v) == 1 && value_map_get(v, "$tuple").kind == VALUE_LIST) {
        out = untagged(value_map_get(v, "$tuple"));
        out.kind = VALUE_TUPLE;
        return out;
    }
    if (value_map_count(v) == 1 && value_map_get(v, "$set").kind == VALUE_LIST) {
        VALUE_AUTO(items);

        items = untagged(value_map_get(v, "$set"));
        out = value_set_new(value_list_count(items));
        VALUE_LIST_EACH (i, each, items) {
            value_set_add(&out, value_ref(each));
        }
        return out;
    }
    if (value_map_count(v) == 1 && value_is_string(value_map_get(v, "$datetime"))) {
        value text = value_map_get(v, "$datetime");

        if (datetime_parse_iso(value_chars(text), value_len(text), &out, NULL) == 0)
            return out;
    }
    if (value_map_count(v) == 1 && value_map_get(v, "$timespan_us").kind == VALUE_INT)
        return value_timespan(value_map_get(v, "$timespan_us").integer);
    out = value_map_new(value_map_count(v));
    VALUE_MAP_EACH (i, v) {
        value_map_set(&out, value_ref(value_map_key_at(v, i)), untagged(value_map_item_at(v, i)));
    }
    return out;
}

/* ---- answers ---- */

static value answer_error(const struct error *err)
{
    value error = value_map_new(2), answer = value_map_new(1);

    value_map_put(&error, "class", value_text(err->kind ? err->kind : "Exception"));
    value_map_put(&error, "message", value_text(error_text(err)));
    value_map_put(&answer, "error", error);
    return answer;
}

static value answer_result(value v)
{
    value answer = value_map_new(1);

    value_map_put(&answer, "result", v);
    return answer;
}

/* ---- the languages ---- */

static enum expr_mode mode_of(value one)
{
    const char *mode = value_map_chars(one, "mode");

    if (mode && strcmp(mode, "template") == 0)
        return EXPR_TEMPLATE;
    return mode && strcmp(mode, "template-lax") == 0 ? EXPR_TEMPLATE_LAX : EXPR_ORQUESTA;
}

/* {expr, context, mode} */
static value answer_expression(value one)
{
    const char *text = value_map_chars(one, "expr");
    struct expr_context context = { .now_us = clock_now_us(), .random_seed = (uint64_t)clock_monotonic_us() };
    VALUE_AUTO(variables);
    VALUE_AUTO(result);
    ERROR_AUTO(err);

    variables = untagged(value_map_get(one, "context"));
    if (variables.kind != VALUE_MAP)
        value_replace(&variables, value_map_new(0));
    context.variables = variables;
    if (!text)
        error_set_kind(&err, -EINVAL, "ValueError", "the case has no expression");
    else if (expr_evaluate_text(text, value_len(value_map_get(one, "expr")), mode_of(one), &context, &result,
                                &err) == 0)
        return answer_result(tagged(result));
    return answer_error(&err);
}

/* What the workflow room answers, with what JSON cannot say tagged. */
static value answer_tagged(value answer)
{
    value shown = tagged(answer);

    value_unref(answer);
    return shown;
}

static value answer_conduct(value one)
{
    return answer_tagged(cases_conduct(one));
}

static value answer_graph(value one)
{
    return answer_tagged(cases_graph(one));
}

static value answer_inspect(value one)
{
    return answer_tagged(cases_inspect(one));
}

static const struct {
    const char *name;
    value (*answer)(
        value one); /* owned: {"result": ...} or {"error": {"class", "message"}} or what the table has */
} languages[] = {
    { "conduct", answer_conduct },  { "graph", answer_graph },    { "inspect", answer_inspect },
    { "jinja", answer_expression }, { "rules", cases_rules },     { "yaql", answer_expression },
    { "rules", cases_rules },       { "inspect", cases_inspect }, { "graph", cases_graph },
    { "conduct", cases_conduct },
};

static void answer_line(value (*answer)(value one), const char *line, size_t n)
{
    VALUE_AUTO(one);
    VALUE_AUTO(reply);
    ERROR_AUTO(err);
    char *text;

    if (json_read(line, n, JSON_PYTHON, &one, &err) < 0) {
        err.kind = "ValueError";
        reply = answer_error(&err);
    } else {
        reply = answer(one);
    }
    text = json_text(reply);
    puts(text);
    free(text);
}

int main(int argc, char **argv)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    for (size_t i = 0; argc == 2 && i < ELEMENTS(languages); i++) {
        if (strcmp(argv[1], languages[i].name) != 0)
            continue;
        while ((n = getline(&line, &room, stdin)) > 0)
            if (strspn(line, " \t\r\n") < (size_t)n)
                answer_line(languages[i].answer, line, (size_t)n);
        free(line);
        expr_cache_clear();
        return fflush(stdout) == 0 ? 0 : 1;
    }
    fputs("usage: cases LANGUAGE < CASES.jsonl > ANSWERS.jsonl\nlanguages:", stderr);
    for (size_t i = 0; i < ELEMENTS(languages); i++)
        fprintf(stderr, " %s", languages[i].name);
    fputc('\n', stderr);
    return 2;
}
