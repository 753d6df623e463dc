/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at texts without evaluating them: which do not compile, and what of the context they read. */
#include <string.h>

#include "base/mem.h"
#include "expr/expr-internal.h"
#include "expr/suggest.h"

static void add_entry(value *list, const char *language, const char *expression, size_t n,
                      const char *message)
{
    value entry;

    VALUE_LIST_EACH (i, each, *list) {
        value text = value_map_get(each, "expression");

        if (value_len(text) == n && memcmp(value_chars(text), expression, n) == 0)
            return;
    }
    entry = value_map_new(3);
    value_map_put(&entry, "language", language ? value_text(language) : value_null());
    value_map_put(&entry, "expression", value_text_n(expression, n));
    value_map_put(&entry, "message", value_text(message));
    value_list_append(list, entry);
}

#define ORQUESTA_FLAGS (JINJA_STRICT | JINJA_TRIM_BLOCKS | JINJA_ORQUESTA)

/* Inspection only parses: filters and tests that nobody knows are found out when they are used. */
static bool is_grammar(const struct error *err)
{
    return !err->kind || strcmp(err->kind, "TemplateAssertionError") != 0;
}

/* The text as a whole must parse as a template, and each of its expressions by itself. */
static void inspect_jinja(const char *text, size_t n, enum jinja_flags flags, bool parts, value *list)
{
    struct jinja *jinja = NULL;
    size_t at = 0, start, end;
    ERROR_AUTO(err);

    if (jinja_compile(text, n, flags, &jinja, &err) < 0 && is_grammar(&err))
        add_entry(list, "jinja", text, n, error_text(&err));
    jinja_free(jinja);
    while (parts && expr_find(text, n, at, "{{", "}}", &start, &end)) {
        const char *stripped;
        size_t len;
        ERROR_AUTO(part_err);

        jinja = NULL;
        expr_strip(text + start, end - start, "{}", &stripped, &len);
        /* What follows a whole expression is told by the template's own error. */
        if (jinja_compile_expression(stripped, len, flags, &jinja, &part_err) < 0 && is_grammar(&part_err) &&
            strcmp(error_text(&part_err), "chunk after expression") != 0)
            add_entry(list, "jinja", text + start, end - start, error_text(&part_err));
        jinja_free(jinja);
        at = end;
    }
}

static void inspect_yaql(const char *text, size_t n, value *list)
{
    size_t at = 0, start, end;

    while (expr_find(text, n, at, "<%", "%>", &start, &end)) {
        struct yaql *yaql = NULL;
        const char *stripped;
        size_t len;
        ERROR_AUTO(err);

        expr_strip(text + start, end - start, "<%>", &stripped, &len);
        if (yaql_compile(stripped, len, &yaql, &err) < 0)
            add_entry(list, "yaql", text + start, end - start, error_text(&err));
        yaql_free(yaql);
        at = end;
    }
}

value expr_inspect(const char *text, size_t n, enum expr_mode mode)
{
    value list = value_list_new(0);
    size_t start, end;
    bool jinja, yaql;

    if (mode != EXPR_ORQUESTA) {
        inspect_jinja(text, n, JINJA_TRIM_BLOCKS, false, &list);
        return list;
    }
    jinja =
        expr_find(text, n, 0, "{{", "}}", &start, &end) || expr_find(text, n, 0, "{%", "%}", &start, &end);
    yaql = expr_find(text, n, 0, "<%", "%>", &start, &end);
    if (jinja && yaql)
        add_entry(&list, NULL, text, n, "Expression with multiple types is not supported.");
    else if (jinja)
        inspect_jinja(text, n, ORQUESTA_FLAGS, true, &list);
    else if (yaql)
        inspect_yaql(text, n, &list);
    return list;
}

/* ---- advice ---- */

struct advice {
    value *list;
    const char *language, *expression;
    size_t n;
};

static void advise(void *data, const struct error *err)
{
    const struct advice *advice = data;
    value entry = value_map_new(4);
    const char *text = error_text(err);
    size_t n = strlen(text);

    value_map_put(&entry, "language", value_text(advice->language));
    value_map_put(&entry, "expression", value_text_n(advice->expression, advice->n));
    value_map_put(&entry, "message", value_text_n(text, n && text[n - 1] == '.' ? n - 1 : n));
    if (err->hint)
        value_map_put(&entry, "hint", value_text(err->hint));
    value_list_append(advice->list, entry);
}

static void advise_name(const struct advice *advice, const char *name, size_t n, value names)
{
    ERROR_AUTO(err);

    if (n == 0 || value_is_set(value_map_get_n(names, name, n)))
        return;
    error_set(&err, -EINVAL, "The variable \"%.*s\" is assigned nowhere", (int)n, name);
    suggest_key(names, name, n, &err);
    if (err.hint)
        advise((void *)advice, &err);
}

/* "ctx.name.member": the name. */
static void advise_paths(const struct advice *advice, value paths, value names)
{
    VALUE_LIST_EACH (i, path, paths) {
        const char *text = value_chars(path);

        if (strncmp(text, "ctx.", 4) == 0)
            advise_name(advice, text + 4, strcspn(text + 4, "."), names);
    }
    value_unref(paths);
}

static void advise_jinja(const struct advice *advice, const struct jinja *jinja, enum expr_mode mode,
                         value names)
{
    VALUE_AUTO(undeclared);

    undeclared = jinja_undeclared(jinja);
    VALUE_LIST_EACH (i, name, undeclared) {
        ERROR_AUTO(err);

        if (mode != EXPR_ORQUESTA) {
            advise_name(advice, value_chars(name), value_len(name), names);
            continue;
        }
        error_set(&err, -EINVAL, "'%s' is undefined", value_chars(name));
        jinja_suggest_global(value_chars(name), &err);
        advise((void *)advice, &err);
    }
    advise_paths(advice, jinja_paths(jinja), names);
}

static void advise_failure(const struct advice *advice, const struct error *failure)
{
    if (failure->message && !is_grammar(failure))
        advise((void *)advice, failure);
}

value expr_advise(const char *text, size_t n, enum expr_mode mode, value names)
{
    struct expr *expr = expr_new(text, n, mode);
    value list = value_list_new(0);

    if (expr->kind == EXPR_KIND_TEMPLATE) {
        struct advice advice = { &list, "jinja", text, n };

        advise_failure(&advice, &expr->failure);
        if (expr->template)
            advise_jinja(&advice, expr->template, mode, names);
    }
    for (size_t i = 0; i < expr->n_parts; i++) {
        const struct expr_part *part = &expr->parts[i];
        struct advice advice = { &list, part->yaql ? "yaql" : "jinja", text + part->start,
                                 part->end - part->start };

        advise_failure(&advice, &part->failure);
        if (part->jinja)
            advise_jinja(&advice, part->jinja, mode, names);
        if (part->yaql) {
            yaql_unknown(part->yaql, advise, &advice);
            advise_paths(&advice, yaql_paths(part->yaql), names);
        }
    }
    expr_free(expr);
    return list;
}

static void add_variables(value *list, const char *language, const char *text, size_t n, value paths)
{
    VALUE_LIST_EACH (i, path, paths) {
        value entry = value_map_new(3);

        value_map_put(&entry, "language", value_text(language));
        value_map_put(&entry, "expression", value_text_n(text, n));
        value_map_put(&entry, "variable", value_ref(path));
        value_list_append(list, entry);
    }
    value_unref(paths);
}

int expr_variables(const struct expr *expr, value *ret, struct error *err)
{
    const char *text = value_chars(expr->text);
    size_t n = value_len(expr->text);
    value list = value_list_new(0);

    if (expr->template)
        add_variables(&list, "jinja", text, n, jinja_paths(expr->template));
    for (size_t i = 0; i < expr->n_parts; i++) {
        const struct expr_part *part = &expr->parts[i];

        if (part->jinja)
            add_variables(&list, "jinja", text + part->start, part->end - part->start,
                          jinja_paths(part->jinja));
        if (part->yaql)
            add_variables(&list, "yaql", text + part->start, part->end - part->start, yaql_paths(part->yaql));
    }
    *ret = list;
    return 0;
}
