/* SPDX-License-Identifier: Apache-2.0 */
/* What can be told of an expression from its tree alone. What of the context it reads: "ctx.name.member" for ctx().name.member, ctx(name).member,
   ctx()['name'] and the like; "ctx" alone where the name is computed. And the functions and methods that nobody knows. */
#include "expr/yaql/workflow.h"

#define DEPTH_SEEN 2000 /* deeper trees are cut off: paths are for people */

static bool is_name(const struct node *node)
{
    return (node->kind == NODE_KEYWORD || node->kind == NODE_CONSTANT) && value_is_string(node->value);
}

static void add_step(struct buffer *out, const struct node *name)
{
    buffer_add_char(out, '.');
    if (value_is_string(name->value))
        buffer_add(out, value_chars(name->value), value_len(name->value));
    else
        buffer_addf(out, "%lld", (long long)name->value.integer);
}

/* The path that a node is, if it is one. */
static bool add_path(const struct node *node, struct buffer *out, unsigned depth)
{
    const struct node *step;

    if (depth > DEPTH_SEEN)
        return false;
    if (node->kind == NODE_WRAP)
        return add_path(node->args[0], out, depth + 1);
    if (node->kind == NODE_CALL && node->op == CALL_CTX) {
        if (node->n_args && !is_name(node->args[0]))
            return false;
        buffer_add_text(out, "ctx");
        if (node->n_args)
            add_step(out, node->args[0]);
        return true;
    }
    if (node->kind != NODE_OPERATOR || node->n_args != 2)
        return false;
    step = node->args[1];
    if ((node->op == OP_DOT || node->op == OP_ELVIS) && step->kind == NODE_CALL &&
        value_text_is(step->value, "get") && step->n_args && is_name(step->args[0]))
        step = step->args[0];
    else if (node->op == OP_DOT || node->op == OP_ELVIS
                 ? step->kind != NODE_KEYWORD
                 : node->op != OP_INDEX || step->kind != NODE_CONSTANT ||
                       (!is_name(step) && step->value.kind != VALUE_INT))
        return false;
    if (!add_path(node->args[0], out, depth + 1))
        return false;
    add_step(out, step);
    return true;
}

static void collect(const struct node *node, value *list, unsigned depth)
{
    BUFFER_AUTO(path);

    if (depth > DEPTH_SEEN)
        return;
    if (add_path(node, &path, depth)) {
        value_list_append(list, value_text_n(buffer_text(&path), path.len));
        return;
    }
    if (node->kind == NODE_CALL && node->op == CALL_CTX)
        value_list_append(list, VALUE_ATOM("ctx"));
    for (size_t i = 0; i < node->n_args; i++)
        collect(node->args[i], list, depth + 1);
}

value yaql_paths(const struct yaql *yaql)
{
    value list = value_list_new(0);

    collect(yaql->root, &list, 0);
    return list;
}

/* ---- unknown names ---- */

struct unknown {
    void (*tell)(void *data, const struct error *err);
    void *data;
};

static bool has_kind(const struct overloads *overloads, unsigned kind)
{
    for (size_t i = 0; overloads && i < overloads->count; i++)
        if (overloads->items[i]->flags & kind)
            return true;
    return false;
}

static bool defines(const struct node *node, unsigned depth)
{
    if (depth > DEPTH_SEEN)
        return false;
    if (node->kind == NODE_CALL && value_text_is(node->value, "def"))
        return true;
    for (size_t i = 0; i < node->n_args; i++)
        if (defines(node->args[i], depth + 1))
            return true;
    return false;
}

static void find_unknown(const struct node *node, bool method, const struct unknown *unknown, unsigned depth)
{
    bool dot = node->kind == NODE_OPERATOR && (node->op == OP_DOT || node->op == OP_ELVIS);

    if (depth > DEPTH_SEEN)
        return;
    if (node->kind == NODE_CALL && !has_kind(node->overloads, method ? METHOD : FUNCTION)) {
        const char *name = value_chars(node->value);
        ERROR_AUTO(err);

        error_set(&err, -EINVAL, "Unknown %s \"%s\"", method ? "method" : "function", name);
        library_suggest(name, method, &err);
        unknown->tell(unknown->data, &err);
    }
    for (size_t i = 0; i < node->n_args; i++)
        find_unknown(node->args[i], dot && i == 1, unknown, depth + 1);
}

void yaql_unknown(const struct yaql *yaql, void (*tell)(void *data, const struct error *err), void *data)
{
    struct unknown unknown = { tell, data };

    if (!defines(yaql->root, 0))
        find_unknown(yaql->root, false, &unknown, 0);
}
