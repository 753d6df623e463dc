/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow/inspect.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/yaml.h"
#include "workflow/inspect-internal.h"

void finding_add(value *findings, const char *message, const char *spec_path, const char *schema_path)
{
    value finding = value_map_new(3), text = value_text_checked(message, strlen(message));

    value_map_put(&finding, "message", value_is_set(text) ? text : value_text(""));
    value_map_put(&finding, "spec_path", *spec_path ? value_text(spec_path) : value_null());
    value_map_put(&finding, "schema_path", value_text(schema_path));
    value_list_append(findings, finding);
}

/* Takes type, expression and message. */
void finding_add_expression(value *findings, value type, value expression, value message,
                            const char *spec_path, const char *schema_path)
{
    value finding = value_map_new(5);

    value_map_put(&finding, "type", type);
    value_map_put(&finding, "expression", expression);
    value_map_put(&finding, "message", message);
    value_map_put(&finding, "spec_path", value_text(spec_path));
    value_map_put(&finding, "schema_path", value_text(schema_path));
    value_list_append(findings, finding);
}

/* ---- expressions ---- */

static void inspect_value(value v, const char *spec_path, const char *schema_path, value *findings)
{
    if (value_list_count(*findings) >= INSPECT_FINDINGS_MAX)
        return;
    if (v.kind == VALUE_STRING && expr_has_expression(value_chars(v), value_len(v), EXPR_ORQUESTA)) {
        VALUE_AUTO(broken);

        broken = expr_inspect(value_chars(v), value_len(v), EXPR_ORQUESTA);
        VALUE_LIST_EACH (i, item, broken) {
            value language = value_map_get(item, "language");

            finding_add_expression(findings, value_is_set(language) ? value_ref(language) : value_null(),
                                   value_ref(value_map_get(item, "expression")),
                                   value_ref(value_map_get(item, "message")), spec_path, schema_path);
        }
    }
    VALUE_LIST_EACH (i, item, v)
        inspect_value(item, spec_path, schema_path, findings);
    if (v.kind == VALUE_MAP)
        VALUE_MAP_EACH (i, v) {
            inspect_value(value_map_key_at(v, i), spec_path, schema_path, findings);
            inspect_value(value_map_item_at(v, i), spec_path, schema_path, findings);
        }
}

/* The members of a map one by one, each with its own path. */
static void inspect_members(value map, const char *spec_path, const char *schema_path, value *findings)
{
    VALUE_MAP_EACH (i, map) {
        BUFFER_AUTO(spec_member);
        BUFFER_AUTO(schema_member);
        const char *key = value_chars(value_map_key_at(map, i));

        if (!key)
            continue;
        buffer_addf(&spec_member, "%s.%s", spec_path, key);
        buffer_addf(&schema_member, "%s.properties.%s", schema_path, key);
        inspect_value(value_map_item_at(map, i), buffer_text(&spec_member), buffer_text(&schema_member),
                      findings);
    }
}

static void inspect_part(const struct spec_task *task, const char *name, value v, bool members,
                         value *findings)
{
    BUFFER_AUTO(spec_path);
    BUFFER_AUTO(schema_path);

    buffer_addf(&spec_path, "tasks.%s.%s", task->name, name);
    buffer_addf(&schema_path, PATH_TASK ".properties.%s", name);
    (members ? inspect_members : inspect_value)(v, buffer_text(&spec_path), buffer_text(&schema_path),
                                                findings);
}

static void inspect_transition(const struct spec_task *task, size_t number, value *findings)
{
    BUFFER_AUTO(spec_path);
    value body = value_ref(value_list_at(value_map_get(task->body, "next"), number));
    const struct spec_bindings *publish = &task->transitions[number].publish;

    buffer_addf(&spec_path, "tasks.%s.next[%zu]", task->name, number);
    if (value_is_string(value_map_get(body, "publish"))) {
        value pairs = value_list_new(publish->n_items);

        for (size_t i = 0; i < publish->n_items; i++)
            value_list_append(&pairs, value_ref(template_source(publish->items[i].template)));
        value_map_put(&body, "publish", pairs);
    }
    inspect_members(body, buffer_text(&spec_path), PATH_TASK ".properties.next.items", findings);
    value_unref(body);
}

static void inspect_expressions(const struct workflow_spec *spec, value *findings)
{
    static const char *const parts[] = { "vars", "input", "output" };

    for (size_t i = 0; i < ELEMENTS(parts); i++) {
        BUFFER_AUTO(schema_path);

        buffer_addf(&schema_path, "properties.%s", parts[i]);
        inspect_value(value_map_get(spec->document, parts[i]), parts[i], buffer_text(&schema_path), findings);
    }
    for (size_t i = 0; i < spec->n_tasks; i++) {
        const struct spec_task *task = &spec->tasks[i];

        inspect_part(task, "delay", value_map_get(task->body, "delay"), false, findings);
        inspect_part(task, "join", value_map_get(task->body, "join"), false, findings);
        inspect_part(task, "action", task->action_value, false, findings);
        inspect_part(task, "input", task->input_value, false, findings);
        inspect_part(task, "with", value_map_get(task->body, "with"), true, findings);
        inspect_part(task, "retry", value_map_get(task->body, "retry"), true, findings);
        for (size_t k = 0; k < task->n_transitions; k++)
            inspect_transition(task, k, findings);
    }
}

/* ---- all together ---- */

static int compare_members(value a, value b, const char *name)
{
    const char *x = value_map_chars(a, name), *y = value_map_chars(b, name);

    return x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
}

static int compare_findings(const void *a, const void *b)
{
    static const char *const keys[] = { "schema_path", "spec_path", "expression", "message" };
    int order = 0;

    for (size_t i = 0; i < ELEMENTS(keys) && !order; i++)
        order = compare_members(*(const value *)a, *(const value *)b, keys[i]);
    return order;
}

/* Takes the list. */
static void category_put(value *findings, const char *name, value list)
{
    if (value_list_count(list) == 0) {
        value_unref(list);
        return;
    }
    qsort(list.list->items, value_list_count(list), sizeof(value), compare_findings);
    value_map_set_text(findings, name, list);
}

int workflow_inspect(const struct workflow_spec *spec, value context, value *ret, struct error *err)
{
    value syntax, semantics, expressions, references, findings;
    int r;

    syntax = value_list_new(0);
    semantics = value_list_new(0);
    expressions = value_list_new(0);
    references = value_list_new(0);
    r = inspect_syntax(spec, &syntax, err);
    if (r == 0)
        r = inspect_semantics(spec, &semantics, err);
    for (size_t i = 0; i < spec->n_tasks && r == 0; i++)
        if (spec->tasks[i].items_are_list)
            r = error_set_kind(err, -EINVAL, "AttributeError", "'list' object has no attribute 'get'");
    if (r == 0) {
        inspect_expressions(spec, &expressions);
        r = inspect_references(spec, context, &references, err);
    }
    findings = value_map_new(4);
    category_put(&findings, "syntax", syntax);
    category_put(&findings, "semantics", semantics);
    category_put(&findings, "expressions", expressions);
    category_put(&findings, "context", references);
    if (r < 0) {
        value_unref(findings);
        return r;
    }
    *ret = findings;
    return 0;
}

static int compare_listed(const void *a, const void *b)
{
    int order = compare_members(*(const value *)a, *(const value *)b, "type");

    return order ? order : compare_members(*(const value *)a, *(const value *)b, "schema_path");
}

/* The sort must keep the order of equals, so places are compared last. */
struct listed {
    value finding;
    size_t place;
};

static int compare_places(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    int order = compare_listed(&x->finding, &y->finding);

    return order ? order : x->place < y->place ? -1 : 1;
}

/* Takes the list. */
static value list_sorted(value list)
{
    size_t n = value_list_count(list);
    struct listed *listed = xcalloc(n + 1, sizeof(*listed));
    value sorted = value_list_new(n);

    VALUE_LIST_EACH (i, item, list)
        listed[i] = (struct listed){ item, i };
    qsort(listed, n, sizeof(*listed), compare_places);
    for (size_t i = 0; i < n; i++)
        value_list_append(&sorted, value_ref(listed[i].finding));
    free(listed);
    value_unref(list);
    return sorted;
}

value workflow_inspection_list(value findings, value more)
{
    static const char *const categories[][2] = { { "contents", "content" },
                                                 { "context", "context" },
                                                 { "expressions", "expression" },
                                                 { "semantics", "semantic" },
                                                 { "syntax", "syntax" } };
    value list = value_is_list(more) ? more : value_list_new(8);

    for (size_t i = 0; i < ELEMENTS(categories); i++) {
        value category = value_map_get(findings, categories[i][0]);

        VALUE_LIST_EACH (k, item, category) {
            value finding = value_ref(item), language = value_map_get(item, "type");

            if (value_is_set(language))
                value_map_put(&finding, "language", value_ref(language));
            value_map_put(&finding, "type", value_text(categories[i][1]));
            value_list_append(&list, finding);
        }
    }
    value_unref(findings);
    return list_sorted(list);
}

/* ---- places ---- */

/* "tasks.t.next[0].do" as "tasks.t.next.0.do". Owned. */
static char *dotted(const char *spec_path)
{
    char *path = xmalloc(strlen(spec_path) + 1), *to = path;

    for (const char *from = spec_path; *from; from++)
        if (*from != ']')
            *to++ = *from == '[' ? '.' : *from;
    *to = '\0';
    return path;
}

static const char *line_start(const char *text, const char *end, int line)
{
    while (line > 1 && text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));

        text = newline ? newline + 1 : end;
        line--;
    }
    return text;
}

/* Expressions are told with the path of the whole list or text they stand in: from there on, where is it? */
static void expression_place(const char *text, size_t n, value expression, int *line, int *column)
{
    const char *end = text + n, *start = line_start(text, end, *line), *at;

    if (!value_is_string(expression) || value_len(expression) == 0)
        return;
    at = memmem(start, (size_t)(end - start), value_chars(expression), value_len(expression));
    if (!at)
        return;
    for (; start < at; start++) {
        *line += *start == '\n';
        *column = *start == '\n' ? 1 : *column;
    }
    for (start = at; start > text && start[-1] != '\n';)
        start--;
    *column = 1 + (int)utf8_length(start, (size_t)(at - start));
}

value workflow_inspection_placed(value list, const char *text, size_t n)
{
    CLEANUP(yaml_positions_freep)
    struct yaml_positions *positions = NULL;
    VALUE_AUTO(document);
    value placed;

    if (yaml_read_positions(text, n, &document, &positions, NULL) < 0)
        return value_ref(list);
    placed = value_list_new(value_list_count(list));
    VALUE_LIST_EACH (i, entry, list) {
        const char *spec_path = value_map_chars(entry, "spec_path");
        CLEANUP(freep)
        char *path = dotted(spec_path ? spec_path : "");
        int line, column;
        value v = value_ref(entry);

        if (yaml_position(positions, path, &line, &column)) {
            expression_place(text, n, value_map_get(entry, "expression"), &line, &column);
            value_map_put(&v, "line", value_int(line));
            value_map_put(&v, "column", value_int(column));
        }
        value_list_append(&placed, v);
    }
    return placed;
}
