/* SPDX-License-Identifier: Apache-2.0 */
/* The facade: a text is cut into literal stretches and expressions once, evaluated as often as wanted. In orquesta's mode the
   text that an expression gives is evaluated again when it holds expressions itself; a budget that all of them share keeps
   that finite. */
#include "expr/expr.h"

#include <stdlib.h>
#include <string.h>

#include "base/limit.h"
#include "base/mem.h"
#include "expr/expr-internal.h"
#include "value/pyregex.h"
#include "value/python.h"

const struct expr_limits expr_limits_default = {
    .steps = 700000,
    .depth = 200,
    .memory = 48u << 20,
    .sequence = 1000000,
    .text = 8u << 20,
    .regex_matches = 100000,
};

/* ---- delimiters ---- */

bool expr_find(const char *text, size_t n, size_t at, const char *open, const char *close, size_t *ret_start,
               size_t *ret_end)
{
    while (at < n) {
        const char *start = memmem(text + at, n - at, open, 2), *end, *line;
        size_t from;

        if (!start)
            return false;
        from = (size_t)(start - text) + 2;
        line = memchr(text + from, '\n', n - from);
        end = memmem(text + from, (line ? (size_t)(line - text) : n) - from, close, 2);
        if (end) {
            *ret_start = (size_t)(start - text);
            *ret_end = (size_t)(end - text) + 2;
            return true;
        }
        /* Nothing on this line: an opening further on in the line ends no sooner. */
        at = line ? (size_t)(line - text) + 1 : n;
    }
    return false;
}

static bool has(const char *text, size_t n, const char *open, const char *close)
{
    size_t start, end;

    return expr_find(text, n, 0, open, close, &start, &end);
}

void expr_strip(const char *text, size_t n, const char *braces, const char **ret_text, size_t *ret_n)
{
    const char *end = text + n;

    while (text < end && strchr(braces, *text))
        text++;
    while (end > text && strchr(braces, end[-1]))
        end--;
    while (text < end && strchr(" \t\n\r\v\f", *text))
        text++;
    while (end > text && strchr(" \t\n\r\v\f", end[-1]))
        end--;
    *ret_text = text;
    *ret_n = (size_t)(end - text);
}

bool expr_has_expression(const char *text, size_t n, enum expr_mode mode)
{
    if (mode != EXPR_ORQUESTA)
        return memmem(text, n, "{{", 2) || memmem(text, n, "{%", 2);
    return has(text, n, "{{", "}}") || has(text, n, "{%", "%}") || has(text, n, "<%", "%>");
}

/* ---- compiling ---- */

#define ORQUESTA_FLAGS (JINJA_STRICT | JINJA_TRIM_BLOCKS | JINJA_ORQUESTA)

static const char raw_begin[] = "{% raw %}", raw_end[] = "{% endraw %}";

static bool has_raw(const char *text, size_t n)
{
    const char *start = memmem(text, n, raw_begin, sizeof(raw_begin) - 1);

    return start && memmem(start, (size_t)(text + n - start), raw_end, sizeof(raw_end) - 1);
}

static struct expr_part *add_part(struct expr *expr, size_t start, size_t end, bool expression)
{
    struct expr_part *part;

    GROW(expr->parts, expr->n_parts, expr->n_parts_room);
    part = &expr->parts[expr->n_parts++];
    *part = (struct expr_part){ .start = (uint32_t)start, .end = (uint32_t)end, .expression = expression };
    return part;
}

static void compile_part(struct expr *expr, struct expr_part *part)
{
    const char *text = value_chars(expr->text), *stripped;
    size_t n, i = (size_t)(part - expr->parts);

    part->same = (uint32_t)i;
    for (size_t k = 0; k < i; k++) {
        const struct expr_part *other = &expr->parts[k];

        if (other->expression && other->end - other->start == part->end - part->start &&
            memcmp(text + other->start, text + part->start, part->end - part->start) == 0) {
            part->same = other->same;
            return;
        }
    }
    expr_strip(text + part->start, part->end - part->start, expr->kind == EXPR_KIND_YAQL ? "<%>" : "{}",
               &stripped, &n);
    if (expr->kind == EXPR_KIND_YAQL)
        yaql_compile(stripped, n, &part->yaql, &part->failure);
    else
        jinja_compile_expression(stripped, n, ORQUESTA_FLAGS, &part->jinja, &part->failure);
    if (part->jinja)
        expr->bytes += jinja_bytes(part->jinja);
    else
        expr->bytes += 1024;
}

#define PARTS_MAX 2000

static void cut(struct expr *expr, const char *open, const char *close)
{
    const char *text = value_chars(expr->text);
    size_t n = value_len(expr->text), at = 0, start, end;

    while (expr_find(text, n, at, open, close, &start, &end)) {
        if (expr->n_parts >= PARTS_MAX) {
            error_set_kind(&expr->failure, -EINVAL, "JinjaEvaluationException",
                           "The text has more than %d expressions.", PARTS_MAX / 2);
            return;
        }
        if (start > at)
            add_part(expr, at, start, false);
        compile_part(expr, add_part(expr, start, end, true));
        at = end;
    }
    if (at < n)
        add_part(expr, at, n, false);
}

static void compile_orquesta(struct expr *expr)
{
    const char *text = value_chars(expr->text);
    size_t n = value_len(expr->text);

    if (has(text, n, "{%", "%}")) {
        if (has_raw(text, n)) {
            expr->kind = EXPR_KIND_RAW;
            return;
        }
        expr->kind = EXPR_KIND_TEMPLATE;
        jinja_compile(text, n, ORQUESTA_FLAGS, &expr->template, &expr->failure);
    } else if (has(text, n, "{{", "}}")) {
        expr->kind = EXPR_KIND_JINJA;
        cut(expr, "{{", "}}");
    } else if (has(text, n, "<%", "%>")) {
        expr->kind = EXPR_KIND_YAQL;
        cut(expr, "<%", "%>");
    }
}

/* Does rendering change such a text at all? */
static bool is_plain_template(const char *text, size_t n)
{
    return !memmem(text, n, "{{", 2) && !memmem(text, n, "{%", 2) && !memmem(text, n, "{#", 2) &&
           !memchr(text, '\r', n) && !(n && text[n - 1] == '\n');
}

struct expr *expr_new(const char *text, size_t n, enum expr_mode mode)
{
    struct expr *expr = xcalloc(1, sizeof(*expr));

    expr->refs = 1;
    expr->mode = mode;
    expr->kind = EXPR_KIND_LITERAL;
    expr->text = value_text_checked(text, n);
    expr->bytes = sizeof(*expr) + n + 64;
    if (!value_is_set(expr->text)) {
        expr->text = value_text("");
        error_set_kind(&expr->failure, -EINVAL, "ValueError", "the text is not valid UTF-8");
        return expr;
    }
    if (mode == EXPR_ORQUESTA) {
        compile_orquesta(expr);
    } else if (!is_plain_template(text, n)) {
        enum jinja_flags flags = JINJA_TRIM_BLOCKS | (mode == EXPR_TEMPLATE ? JINJA_STRICT : 0);

        expr->kind = EXPR_KIND_TEMPLATE;
        jinja_compile(text, n, flags, &expr->template, &expr->failure);
    }
    if (expr->template)
        expr->bytes += jinja_bytes(expr->template);
    expr->bytes += expr->n_parts_room * sizeof(expr->parts[0]);
    return expr;
}

struct expr *expr_ref(struct expr *expr)
{
    __atomic_fetch_add(&expr->refs, 1, __ATOMIC_RELAXED);
    return expr;
}

void expr_free(struct expr *expr)
{
    if (!expr || __atomic_fetch_sub(&expr->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    for (size_t i = 0; i < expr->n_parts; i++) {
        jinja_free(expr->parts[i].jinja);
        yaql_free(expr->parts[i].yaql);
        error_release(&expr->parts[i].failure);
    }
    free(expr->parts);
    jinja_free(expr->template);
    error_release(&expr->failure);
    value_unref(expr->text);
    free(expr);
}

void expr_freep(struct expr **expr)
{
    expr_free(*expr);
}

const struct error *expr_failure(const struct expr *expr)
{
    if (expr->failure.message)
        return &expr->failure;
    for (size_t i = 0; i < expr->n_parts; i++)
        if (expr->parts[i].failure.message)
            return &expr->parts[i].failure;
    return NULL;
}

static int fail_as(struct error *err, const struct error *failure)
{
    error_set_kind(err, -EINVAL, failure->kind, "%s", failure->message);
    if (err) {
        err->line = failure->line;
        err->column = failure->column;
    }
    error_hint_copy(err, failure);
    return -EINVAL;
}

int expr_compile(const char *text, size_t n, enum expr_mode mode, struct expr **ret, struct error *err)
{
    struct expr *expr = expr_new(text, n, mode);
    const struct error *failure = expr_failure(expr);

    if (failure) {
        fail_as(err, failure);
        expr_free(expr);
        return -EINVAL;
    }
    *ret = expr;
    return 0;
}

bool expr_is_literal(const struct expr *expr)
{
    return expr->kind == EXPR_KIND_LITERAL;
}

/* ---- evaluating ---- */

#define AGAIN_MAX 40 /* texts from data that hold expressions that give texts that ... */

struct run {
    const struct expr_context *context;
    uint64_t steps; /* left for all that is evaluated */
    size_t text_limit;
    value *explained;
    unsigned depth;
    struct pyregex_budget outer; /* of whoever evaluates around this */
    struct error unresolved;     /* its hint: what the first name that led nowhere was probably meant to be */
};

static int run_expr(struct run *run, const struct expr *expr, value *ret, struct error *err);

/* Errors of these classes lose the quotes at the ends of their text on the way through orquesta's YAQL. */
static bool loses_quotes(const char *class)
{
    static const char *const classes[] = {
        "ValueError",
        "TypeError",
        "YaqlGrammarException",
        "YaqlLexicalException",
        "NoFunctionRegisteredException",
        "NoMethodRegisteredException",
        "NoMatchingFunctionException",
        "NoMatchingMethodException",
        "AmbiguousFunctionException",
        "AmbiguousMethodException",
        "MappingTranslationException",
    };

    for (size_t i = 0; i < ELEMENTS(classes); i++)
        if (strcmp(classes[i], class) == 0)
            return true;
    return false;
}

/* The text between the quotes at its ends, however many there are. */
static const char *strip_quotes(const char *text, size_t *ret_n)
{
    size_t n = strlen(text);

    for (; n && *text == '\''; n--)
        text++;
    while (n && text[n - 1] == '\'')
        n--;
    *ret_n = n;
    return text;
}

/* "Unable to evaluate expression '<text>'. <Class>: <message>" */
static int wrap(struct error *err, const char *kind, const char *text, size_t n, struct error *cause)
{
    const char *class = cause->kind ? cause->kind : "Exception";
    int line = cause->line, column = cause->column;

    if (strcmp(class, kind) == 0) {
        error_move(err, cause);
        return -EINVAL;
    }
    if (strcmp(kind, "YaqlEvaluationException") == 0 && strcmp(class, "KeyError") == 0) {
        size_t len;
        const char *key = strip_quotes(error_text(cause), &len);

        error_set_kind(err, -EINVAL, kind, "Unable to resolve key '%.*s' in expression '%.*s' from context.",
                       (int)len, key, (int)n, text);
    } else {
        const char *said = error_text(cause);
        size_t len = strlen(said);

        if (strcmp(kind, "YaqlEvaluationException") == 0 && loses_quotes(class))
            said = strip_quotes(said, &len);
        error_set_kind(err, -EINVAL, kind, "Unable to evaluate expression '%.*s'. %s: %.*s", (int)n, text,
                       class, (int)len, said);
    }
    if (err) {
        err->line = line;
        err->column = column;
    }
    error_hint_copy(err, cause);
    return -EINVAL;
}

/* A text that came out of an expression, evaluated again in the language it came from. */
static int again(struct run *run, value *v, bool yaql, struct error *err)
{
    const char *text = value_chars(*v);
    size_t n = value_len(*v);
    struct expr *expr;
    value result;
    int r;

    if (!value_is_string(*v) ||
        (yaql ? !has(text, n, "<%", "%>") : !has(text, n, "{{", "}}") && !has(text, n, "{%", "%}")))
        return 0;
    if (++run->depth > AGAIN_MAX) {
        run->depth--;
        return error_set_kind(
            err, -EINVAL, yaql ? "YaqlEvaluationException" : "JinjaEvaluationException",
            "Unable to evaluate expression '%.200s'. RecursionError: maximum recursion depth exceeded", text);
    }
    if (run->steps > 50)
        run->steps -= 50;
    expr = expr_cached(text, n, EXPR_ORQUESTA);
    r = run_expr(run, expr, &result, err);
    expr_free(expr);
    run->depth--;
    if (r == 0)
        value_replace(v, result);
    return r;
}

/* The languages count lines and columns from the start of an expression, people from the start of the text. Expressions
   between delimiters stand within one line. */
static void place_in_text(const struct expr *expr, const struct expr_part *part, value *steps, size_t first,
                          struct error *err)
{
    const char *text = value_chars(expr->text), *stripped;
    int line = 0, column = 0;
    size_t n;

    expr_strip(text + part->start, part->end - part->start, expr->kind == EXPR_KIND_YAQL ? "<%>" : "{}",
               &stripped, &n);
    for (const char *at = text; at < stripped; at++) {
        column = *at == '\n' ? 0 : column + 1;
        line += *at == '\n';
    }
    for (size_t i = first; steps && i < value_list_count(*steps); i++) {
        value step = value_ref(value_list_at(*steps, i));

        value_map_put(&step, "line", value_int(value_map_int(step, "line", 1) + line));
        value_map_put(&step, "column", value_int(value_map_int(step, "column", 1) + column));
        value_list_set(steps, i, step);
    }
    if (err->line) {
        err->line += line;
        err->column = err->column ? err->column + column : 0;
    }
}

/* 0 with a result, JINJA_UNDEFINED, or negative. */
static int run_part(struct run *run, const struct expr *expr, const struct expr_part *part, value *ret,
                    struct error *err)
{
    bool yaql = expr->kind == EXPR_KIND_YAQL;
    const char *kind = yaql ? "YaqlEvaluationException" : "JinjaEvaluationException";
    size_t first = run->explained ? value_list_count(*run->explained) : 0;
    ERROR_AUTO(cause);
    int r;

    if (part->failure.message) {
        fail_as(&cause, &part->failure);
        r = -EINVAL;
    } else if (yaql) {
        r = yaql_explain(part->yaql, run->context, run->explained, ret, &cause);
    } else {
        r = jinja_evaluate_within(part->jinja, run->context, &run->steps, run->explained, ret, &cause);
        if (r == JINJA_UNDEFINED && !run->unresolved.hint)
            error_move(&run->unresolved, &cause);
    }
    if (r < 0 || run->explained)
        place_in_text(expr, part, run->explained, first, &cause);
    if (r < 0)
        return wrap(err, kind, value_chars(expr->text) + part->start, part->end - part->start, &cause);
    if (r == 0) {
        r = again(run, ret, yaql, err);
        if (r < 0)
            value_unref(value_take(ret));
    }
    return r;
}

/* Names every "{{ }}" that is left in a text: nothing could be made of them. */
static int check_resolved(const struct run *run, value v, struct error *err)
{
    BUFFER_AUTO(names);
    size_t at = 0, start, end;

    while (expr_find(value_chars(v), value_len(v), at, "{{", "}}", &start, &end)) {
        const char *name;
        size_t n;

        expr_strip(value_chars(v) + start, end - start, "{}", &name, &n);
        buffer_add_text(&names, names.len ? ", " : "");
        buffer_add(&names, name, n);
        at = end;
    }
    if (!names.len && !at)
        return 0;
    error_set_kind(err, -EINVAL, "JinjaEvaluationException", "There are unresolved variables: %s",
                   buffer_text(&names));
    error_hint_copy(err, &run->unresolved);
    return -EINVAL;
}

bool expr_fits(value v, size_t each, size_t *left)
{
    size_t size = each + value_len(v);

    if (v.kind == VALUE_BIGINT)
        size += mpz_sizeinbase(v.bigint->number, 10);
    if (size > *left)
        return false;
    *left -= size;
    VALUE_LIST_EACH (i, item, v)
        if (!expr_fits(item, each, left))
            return false;
    VALUE_MAP_EACH (i, v)
        if (!expr_fits(value_map_key_at(v, i), each, left) ||
            (v.kind == VALUE_MAP && !expr_fits(value_map_item_at(v, i), each, left)))
            return false;
    return true;
}

/* Splices str(v) in. What is too long is refused before it is written. */
static int add_str(const struct run *run, value v, struct buffer *out, struct error *err)
{
    size_t left = run->text_limit > out->len ? run->text_limit - out->len : 0;

    if (!expr_fits(v, 1, &left))
        return limit_exceeded(err, LIMIT_TEXT, run->text_limit);
    python_str(out, v);
    return out->len > run->text_limit ? limit_exceeded(err, LIMIT_TEXT, run->text_limit) : 0;
}

static int run_mix(struct run *run, const struct expr *expr, value *ret, struct error *err)
{
    value *results = xcalloc(expr->n_parts + 1, sizeof(results[0]));
    BUFFER_AUTO(out);
    int r = 0;

    for (size_t i = 0; i < expr->n_parts && r >= 0; i++) {
        const struct expr_part *part = &expr->parts[i];
        const char *text = value_chars(expr->text) + part->start;

        if (!part->expression) {
            buffer_add(&out, text, part->end - part->start);
            continue;
        }
        if (part->same == i)
            r = run_part(run, expr, part, &results[i], err);
        if (r < 0)
            break;
        r = 0;
        if (value_is_set(results[part->same]))
            r = add_str(run, results[part->same], &out, err);
        else
            buffer_add(&out, text, part->end - part->start);
    }
    for (size_t i = 0; i < expr->n_parts; i++)
        value_unref(results[i]);
    free(results);
    if (r < 0)
        return r;
    *ret = value_text_n(buffer_text(&out), out.len);
    if (expr->kind == EXPR_KIND_JINJA && run->depth == 0) {
        r = check_resolved(run, *ret, err);
        if (r < 0)
            value_unref(value_take(ret));
    }
    return r;
}

static int run_single(struct run *run, const struct expr *expr, value *ret, struct error *err)
{
    int r = run_part(run, expr, &expr->parts[0], ret, err);

    if (r == JINJA_UNDEFINED) {
        *ret = value_ref(expr->text);
        r = 0;
    }
    if (r == 0 && value_is_string(*ret) && expr->kind == EXPR_KIND_JINJA && run->depth == 0) {
        r = check_resolved(run, *ret, err);
        if (r < 0)
            value_unref(value_take(ret));
    }
    return r;
}

static int run_template(struct run *run, const struct expr *expr, value *ret, struct error *err)
{
    bool orquesta = expr->mode == EXPR_ORQUESTA;
    ERROR_AUTO(cause);
    int r;

    if (!expr->template) {
        fail_as(&cause, &expr->failure);
        r = -EINVAL;
    } else {
        r = jinja_evaluate_within(expr->template, run->context, &run->steps, run->explained, ret, &cause);
    }
    if (r < 0 && orquesta)
        return wrap(err, "JinjaEvaluationException", value_chars(expr->text), value_len(expr->text), &cause);
    if (r < 0) {
        error_move(err, &cause);
        return r;
    }
    if (!orquesta)
        return 0;
    r = again(run, ret, false, err);
    if (r == 0 && run->depth == 0)
        r = check_resolved(run, *ret, err);
    if (r < 0)
        value_unref(value_take(ret));
    return r;
}

/* Raw blocks are set aside, the rest is evaluated, then they are put back and what they hold comes out as it is. */
static int run_raw(struct run *run, const struct expr *expr, value *ret, struct error *err)
{
    const char *at = value_chars(expr->text), *end = at + value_len(expr->text), *start, *stop;
    BUFFER_AUTO(out);

    for (;;) {
        start = memmem(at, (size_t)(end - at), raw_begin, sizeof(raw_begin) - 1);
        stop = start ? memmem(start, (size_t)(end - start), raw_end, sizeof(raw_end) - 1) : NULL;
        if (at < (stop ? start : end)) {
            struct expr *piece = expr_new(at, (size_t)((stop ? start : end) - at), EXPR_ORQUESTA);
            VALUE_AUTO(v);
            int r = piece->kind == EXPR_KIND_RAW ? -EINVAL : run_expr(run, piece, &v, err);

            expr_free(piece);
            if (r == 0)
                r = add_str(run, v, &out, err);
            if (r < 0)
                return r;
        }
        if (!stop)
            break;
        start += sizeof(raw_begin) - 1;
        buffer_add(&out, start, (size_t)(stop - start));
        at = stop + sizeof(raw_end) - 1;
        if (out.len > run->text_limit)
            return limit_exceeded(err, LIMIT_TEXT, run->text_limit);
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static int run_expr(struct run *run, const struct expr *expr, value *ret, struct error *err)
{
    *ret = VALUE_NOTHING;
    if (expr->failure.message && expr->kind != EXPR_KIND_TEMPLATE)
        return fail_as(err, &expr->failure);
    switch (expr->kind) {
    case EXPR_KIND_LITERAL:
        *ret = value_ref(expr->text);
        return 0;
    case EXPR_KIND_TEMPLATE:
        return run_template(run, expr, ret, err);
    case EXPR_KIND_RAW:
        return run_raw(run, expr, ret, err);
    default:
        return expr->n_parts == 1 ? run_single(run, expr, ret, err) : run_mix(run, expr, ret, err);
    }
}

static void run_start(struct run *run, const struct expr_context *context, value *explained)
{
    const struct expr_limits *limits = context->limits ? context->limits : &expr_limits_default;

    *run = (struct run){ .context = context,
                         .steps = limits->steps ? limits->steps : expr_limits_default.steps,
                         .text_limit = limits->text ? limits->text : expr_limits_default.text,
                         .explained = explained };
    pyregex_budget_begin(&run->outer);
}

/* Hands the outcome through. */
static int run_end(struct run *run, int r)
{
    pyregex_budget_end(&run->outer);
    error_release(&run->unresolved);
    return r;
}

int expr_evaluate(const struct expr *expr, const struct expr_context *context, value *ret, struct error *err)
{
    struct run run;

    if (expr->kind == EXPR_KIND_LITERAL && !expr->failure.message) {
        *ret = value_ref(expr->text);
        return 0;
    }
    run_start(&run, context, NULL);
    return run_end(&run, run_expr(&run, expr, ret, err));
}

int expr_explain(const struct expr *expr, const struct expr_context *context, value *ret, value *ret_steps,
                 struct error *err)
{
    value steps = value_list_new(0);
    struct run run;
    int r;

    run_start(&run, context, &steps);
    r = run_end(&run, run_expr(&run, expr, ret, err));
    *ret_steps = steps;
    return r;
}

int expr_evaluate_text(const char *text, size_t n, enum expr_mode mode, const struct expr_context *context,
                       value *ret, struct error *err)
{
    struct expr *expr = expr_cached(text, n, mode);
    int r = expr_evaluate(expr, context, ret, err);

    expr_free(expr);
    return r;
}

/* ---- values ---- */

static int evaluate_map(value v, enum expr_mode mode, const struct expr_context *context, value *ret,
                        struct error *err)
{
    VALUE_AUTO(map);
    uint64_t hash;
    int r;

    map = value_map_new(value_map_count(v));
    VALUE_MAP_EACH (i, v) {
        value key, item;

        r = expr_evaluate_value(value_map_key_at(v, i), mode, context, &key, err);
        if (r < 0)
            return r;
        if (!value_hash(key, &hash)) {
            r = error_set_kind(err, -EINVAL, "TypeError", "unhashable type: '%s'", python_type_name(key));
            value_unref(key);
            return r;
        }
        r = expr_evaluate_value(value_map_item_at(v, i), mode, context, &item, err);
        if (r < 0) {
            value_unref(key);
            return r;
        }
        value_map_set(&map, key, item);
    }
    *ret = value_take(&map);
    return 0;
}

int expr_evaluate_value(value v, enum expr_mode mode, const struct expr_context *context, value *ret,
                        struct error *err)
{
    VALUE_AUTO(list);
    int r;

    if (value_is_string(v)) {
        if (!expr_has_expression(value_chars(v), value_len(v), mode) && mode == EXPR_ORQUESTA) {
            *ret = value_ref(v);
            return 0;
        }
        return expr_evaluate_text(value_chars(v), value_len(v), mode, context, ret, err);
    }
    if (v.kind == VALUE_MAP)
        return evaluate_map(v, mode, context, ret, err);
    if (!value_is_list(v)) {
        *ret = value_ref(v);
        return 0;
    }
    list = v.kind == VALUE_TUPLE ? value_tuple_new(value_list_count(v)) : value_list_new(value_list_count(v));
    VALUE_LIST_EACH (i, each, v) {
        value item;

        r = expr_evaluate_value(each, mode, context, &item, err);
        if (r < 0)
            return r;
        value_list_append(&list, item);
    }
    *ret = value_take(&list);
    return 0;
}
