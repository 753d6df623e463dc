/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering is a small graph problem: a template may name other parameters, which are rendered first. Names are visited
   depth first in the order of declaration; one that is met again on the way is a cycle. */
#include "model/parameters.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "expr/jinja/jinja.h"
#include "model/cast.h"
#include "value/json.h"
#include "value/schema.h"

enum visit { NOT_VISITED, VISITING, VISITED };

struct node {
    value name; /* borrowed from `source` maps */
    value raw;  /* as given or declared; borrowed */
    value result;
    enum visit visit;
    bool is_template;
};

struct graph {
    const struct parameter_scope *scope;
    struct node *nodes;
    size_t n, room;
    value variables; /* contexts and what was rendered so far */
};

static bool is_template(value v)
{
    if (v.kind == VALUE_STRING)
        return strstr(value_chars(v), "{{") || strstr(value_chars(v), "{%");
    VALUE_LIST_EACH (i, item, v) {
        if (is_template(item))
            return true;
    }
    if (value_is_map(v))
        VALUE_MAP_EACH (i, v) {
            if (is_template(value_map_key_at(v, i)) || is_template(value_map_item_at(v, i)))
                return true;
        }
    return false;
}

value parameters_merged(value action, value runner)
{
    value definitions = value_map_get(action, "parameters"), merged;

    merged = value_ref(value_map_get(runner, "runner_parameters"));
    if (!value_is_map(merged)) {
        value_unref(merged);
        merged = value_map_new(8);
    }
    VALUE_MAP_EACH (i, definitions) {
        value name = value_map_key_at(definitions, i), own = value_map_item_at(definitions, i);
        value base = value_map_get_value(merged, name), both;

        if (!value_is_map(base) || !value_is_map(own)) {
            value_map_set(&merged, value_ref(name), value_ref(own));
            continue;
        }
        both = value_ref(base);
        value_map_update(&both, own);
        value_map_set(&merged, value_ref(name), both);
    }
    return merged;
}

/* ---- rendering ---- */

static struct node *find_node(struct graph *graph, const char *name, size_t n)
{
    for (size_t i = 0; i < graph->n; i++)
        if (value_len(graph->nodes[i].name) == n && memcmp(value_chars(graph->nodes[i].name), name, n) == 0)
            return &graph->nodes[i];
    return NULL;
}

static void add_node(struct graph *graph, value name, value raw)
{
    GROW(graph->nodes, graph->n, graph->room);
    graph->nodes[graph->n++] = (struct node){ .name = name, .raw = raw, .is_template = is_template(raw) };
}

/* "{{name}}" as a whole string inside a list or object keeps the type of what it names. */
static void keep_types(const char *text, size_t n, struct buffer *out)
{
    const char *end = text + n, *at = text;

    while (at < end) {
        const char *open = memmem(at, (size_t)(end - at), "\"{{", 3), *name, *p;

        if (!open) {
            break;
        }
        name = p = open + 3;
        while (p < end && (isalnum((unsigned char)*p) || strchr("_-[\\]^`", *p)) && *p)
            p++;
        if (p > name && end - p >= 3 && memcmp(p, "}}\"", 3) == 0) {
            buffer_add(out, at, (size_t)(open - at));
            buffer_addf(out, "{{%.*s | to_complex}}", (int)(p - name), name);
            at = p + 3;
        } else {
            buffer_add(out, at, (size_t)(name - at));
            at = name;
        }
    }
    buffer_add(out, at, (size_t)(end - at));
}

/* The text that is rendered for a value. */
static void template_text(value raw, struct buffer *out)
{
    BUFFER_AUTO(json);

    if (value_is_string(raw)) {
        buffer_add(out, value_chars(raw), value_len(raw));
        return;
    }
    json_write(&json, raw, JSON_PYTHON_STYLE);
    keep_types(json.data, json.len, out);
}

static int visit(struct graph *graph, struct node *node, const struct node *from, struct error *err);

static bool known_context(const struct graph *graph, const char *name)
{
    return strcmp(name, "st2kv") == 0 || value_map_has(graph->scope->contexts, name);
}

static int visit_dependencies(struct graph *graph, const struct node *node, const struct jinja *template,
                              struct error *err)
{
    VALUE_AUTO(names);
    int r;

    names = jinja_undeclared(template);
    VALUE_LIST_EACH (i, name, names) {
        struct node *other = find_node(graph, value_chars(name), value_len(name));

        if (other) {
            r = visit(graph, other, node, err);
            if (r < 0)
                return r;
        } else if (!known_context(graph, value_chars(name))) {
            return error_set(err, -EINVAL, "Dependency unsatisfied in variable \"%s\"", value_chars(name));
        }
    }
    return 0;
}

static int render(struct graph *graph, const struct jinja *template, value raw, value *ret, struct error *err)
{
    static const char *const lazy[] = { "st2kv", NULL };
    struct expr_context context = {
        .variables = graph->variables,
        .host = graph->scope->host,
        .now_us = graph->scope->now_us,
        .lazy_roots = lazy,
    };
    VALUE_AUTO(text);
    int r = jinja_evaluate(template, &context, &text, err);

    if (r < 0)
        return r;
    if (value_is_string(raw)) {
        *ret = value_take(&text);
        return 0;
    }
    return json_read(value_chars(text), value_len(text), JSON_PYTHON, ret, err);
}

static int visit_template(struct graph *graph, struct node *node, struct error *err)
{
    struct jinja *template = NULL;
    BUFFER_AUTO(text);
    int r;

    template_text(node->raw, &text);
    /* What does not compile is taken literally. */
    if (jinja_compile(buffer_text(&text), text.len, JINJA_STRICT | JINJA_TRIM_BLOCKS, &template, NULL) < 0) {
        node->result = value_ref(node->raw);
        return 0;
    }
    r = visit_dependencies(graph, node, template, err);
    if (r == 0) {
        r = render(graph, template, node->raw, &node->result, err);
        if (r < 0)
            error_prefix(err, r, "Failed to render parameter \"%s\"", value_chars(node->name));
    }
    jinja_free(template);
    return r;
}

/* `from` is the parameter that names this one; NULL for the first. */
static int visit(struct graph *graph, struct node *node, const struct node *from, struct error *err)
{
    int r;

    if (node->visit == VISITED)
        return 0;
    if (node->visit == VISITING)
        return error_set(
            err, -EINVAL,
            "Cyclic dependency found in the following variables: %s. Likely the variable is referencing "
            "itself",
            value_chars((from ? from : node)->name));
    node->visit = VISITING;
    if (node->is_template) {
        r = visit_template(graph, node, err);
        if (r < 0)
            return r;
    } else {
        node->result = value_ref(node->raw);
    }
    node->visit = VISITED;
    value_map_set(&graph->variables, value_ref(node->name), value_ref(node->result));
    return 0;
}

static void graph_release(struct graph *graph)
{
    for (size_t i = 0; i < graph->n; i++)
        value_unref(graph->nodes[i].result);
    free(graph->nodes);
    value_unref(graph->variables);
}

/* The definition of a name: casting asks the runner's first. */
static value definition_of(const struct parameter_scope *scope, value name)
{
    value definition = value_map_get_value(value_map_get(scope->runner, "runner_parameters"), name);

    return value_is_set(definition) ? definition
                                    : value_map_get_value(value_map_get(scope->action, "parameters"), name);
}

static bool immutable(value definition)
{
    return value_map_bool(definition, "immutable", false);
}

/* The value that counts for a declared name: the given one, else the default; a template default beats a template given. */
static value effective(value definition, value given, bool live)
{
    value initial = value_map_get(definition, "default");

    if (value_is_null(given) || immutable(definition))
        return value_is_set(initial) ? initial : value_null();
    if (live && value_is_set(initial) && is_template(given) && is_template(initial))
        return initial;
    return given;
}

static void add_defaults(struct graph *graph, value definitions, value given, bool live)
{
    VALUE_MAP_EACH (i, definitions) {
        value name = value_map_key_at(definitions, i), raw;
        struct node *node = find_node(graph, value_chars(name), value_len(name));

        raw = effective(value_map_item_at(definitions, i), value_map_get_value(given, name), live);
        if (!node) {
            add_node(graph, name, raw);
        } else if (immutable(value_map_item_at(definitions, i)) || value_is_null(node->raw) ||
                   raw.kind != node->raw.kind || !value_equal(raw, node->raw)) {
            node->raw = raw;
            node->is_template = is_template(raw);
        }
    }
}

/* The usual request has no template anywhere. */
static bool any_template(value definitions, value given)
{
    VALUE_MAP_EACH (i, given) {
        if (is_template(value_map_item_at(given, i)))
            return true;
    }
    VALUE_MAP_EACH (i, definitions) {
        if (is_template(value_map_get(value_map_item_at(definitions, i), "default")))
            return true;
    }
    return false;
}

static int cast_into(const struct parameter_scope *scope, value name, value v, value *map, struct error *err)
{
    value cast;
    int r = parameter_cast(definition_of(scope, name), v, &cast, err);

    if (r < 0)
        return r;
    value_map_set(map, value_ref(name), cast);
    return 0;
}

static int render_live(struct graph *graph, value given, value *result, struct error *err)
{
    const struct parameter_scope *scope = graph->scope;
    value own = value_map_get(scope->action, "parameters"),
          runners = value_map_get(scope->runner, "runner_parameters");
    int r;

    VALUE_MAP_EACH (i, given) {
        add_node(graph, value_map_key_at(given, i), value_map_item_at(given, i));
    }
    add_defaults(graph, own, given, true);
    add_defaults(graph, runners, given, true);
    for (size_t i = 0; i < graph->n; i++) {
        r = visit(graph, &graph->nodes[i], NULL, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < graph->n; i++) {
        struct node *node = &graph->nodes[i];
        value definition = definition_of(scope, node->name),
              given_one = value_map_get_value(given, node->name);

        if (!value_is_set(given_one) &&
            (immutable(definition) || immutable(value_map_get_value(own, node->name)) || !node->is_template))
            continue;
        r = immutable(definition) && value_is_set(given_one)
                ? cast_into(scope, node->name, given_one, result, err)
                : cast_into(scope, node->name, node->result, result, err);
        if (r < 0)
            return r;
    }
    return 0;
}

int parameters_render_live(const struct parameter_scope *scope, value given, value *ret, struct error *err)
{
    struct graph graph = { .scope = scope };
    VALUE_AUTO(result);
    VALUE_AUTO(merged);
    int r = 0;

    result = value_map_new(value_map_count(given));
    merged = parameters_merged(scope->action, scope->runner);
    if (!any_template(merged, given)) {
        VALUE_MAP_EACH (i, given) {
            value name = value_map_key_at(given, i), item = value_map_item_at(given, i);
            value initial = value_map_get(value_map_get_value(merged, name), "default");

            /* An explicit null takes the default. */
            r = cast_into(scope, name, value_is_null(item) && value_is_set(initial) ? initial : item, &result,
                          err);
            if (r < 0)
                return r;
        }
    } else {
        graph.variables = value_is_map(scope->contexts) ? value_ref(scope->contexts) : value_map_new(4);
        r = render_live(&graph, given, &result, err);
        graph_release(&graph);
        if (r < 0)
            return r;
    }
    *ret = value_take(&result);
    return 0;
}

int parameters_render_final(const struct parameter_scope *scope, value stored, value *ret_runner,
                            value *ret_action, struct error *err)
{
    value own = value_map_get(scope->action, "parameters"),
          runners = value_map_get(scope->runner, "runner_parameters");
    struct graph graph = { .scope = scope };
    VALUE_AUTO(runner);
    VALUE_AUTO(action);
    VALUE_AUTO(merged);
    int r = 0;

    runner = value_map_new(8);
    action = value_map_new(8);
    merged = parameters_merged(scope->action, scope->runner);
    graph.variables = value_is_map(scope->contexts) ? value_ref(scope->contexts) : value_map_new(4);
    VALUE_MAP_EACH (i, stored) {
        value name = value_map_key_at(stored, i), item = value_map_item_at(stored, i);

        if (!value_is_null(item) && !immutable(value_map_get_value(merged, name))) {
            add_node(&graph, name, item);
            graph.nodes[graph.n - 1].is_template = false; /* rendered when it was requested */
        }
    }
    VALUE_MAP_EACH (i, merged) {
        value name = value_map_key_at(merged, i);

        if (!find_node(&graph, value_chars(name), value_len(name)))
            add_node(&graph, name,
                     effective(value_map_item_at(merged, i), value_map_get_value(stored, name), false));
    }
    for (size_t i = 0; r == 0 && i < graph.n; i++)
        r = visit(&graph, &graph.nodes[i], NULL, err);
    for (size_t i = 0; r == 0 && i < graph.n; i++) {
        value name = graph.nodes[i].name;
        bool belongs_to_runner = value_is_set(value_map_get_value(runners, name));

        if (belongs_to_runner || value_is_set(value_map_get_value(own, name)))
            r = cast_into(scope, name, graph.nodes[i].result, belongs_to_runner ? &runner : &action, err);
    }
    graph_release(&graph);
    if (r < 0)
        return r;
    *ret_runner = value_take(&runner);
    *ret_action = value_take(&action);
    return 0;
}

/* ---- checking ---- */

static int check_immutable(value merged, value given, struct error *err)
{
    BUFFER_AUTO(names);

    VALUE_MAP_EACH (i, given) {
        value name = value_map_key_at(given, i);

        if (immutable(value_map_get_value(merged, name)))
            buffer_addf(&names, "%s'%s'", names.len ? ", " : "", value_chars(name));
    }
    if (names.len)
        return error_set(err, -EINVAL, "Override of immutable parameter(s) [%s] is unsupported.", names.data);
    return 0;
}

int parameters_check(value action, value runner, value given, struct error *err)
{
    VALUE_AUTO(merged);
    VALUE_AUTO(schema);
    int r;

    merged = parameters_merged(action, runner);
    /* An action that declares nothing at all takes anything. */
    if (!value_map_count(merged))
        return 0;
    schema = schema_of_parameters(merged, false);
    r = schema_validate(schema, given, SCHEMA_PARAMETERS, SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL, NULL, err);
    if (r < 0)
        return r;
    return check_immutable(merged, given, err);
}
