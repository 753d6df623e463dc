/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at texts without evaluating them: which do not compile, and what of the context they read. */
#include <string.h>

#include "base/mem.h"
#include "expr/expr-internal.h"

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
