/* SPDX-License-Identifier: Apache-2.0 */
/* Compiling and running a template: the way in, and the way out, where the engine's own objects become plain values. */
#include "expr/jinja/jinja.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "expr/jinja/engine.h"

/* ---- compiling ---- */

/* "\r\n" and "\r" become "\n"; one newline at the end of a template goes away. */
static const char *normalise(struct jinja *jinja, const char *text, size_t n, size_t *ret_len)
{
    char *copy = pool_alloc(jinja->pool, n + 1 + DATA_PAD);
    size_t len = 0;

    if (!memchr(text, '\r', n)) {
        memcpy(copy, text, n);
        len = n;
    } else {
        for (size_t i = 0; i < n; i++) {
            if (text[i] == '\r' && i + 1 < n && text[i + 1] == '\n')
                continue;
            copy[len++] = text[i] == '\r' ? '\n' : text[i];
        }
    }
    if (!jinja->expression && len && copy[len - 1] == '\n')
        len--;
    copy[len] = '\0';
    *ret_len = len;
    return copy;
}

static int syntax_error(struct error *err, const char *text)
{
    return error_set_kind(err, -EINVAL, "TemplateSyntaxError", "%s", text);
}

static int compile(const char *text, size_t n, enum jinja_flags flags, bool expression, struct jinja **ret,
                   struct error *err)
{
    struct jinja *jinja;

    if (n > TEMPLATE_MAX)
        return limit_exceeded(err, LIMIT_SOURCE, TEMPLATE_MAX);
    if (!utf8_valid(text, n) || memchr(text, '\0', n))
        return syntax_error(err, "the template is not valid text");
    jinja = xcalloc(1, sizeof(*jinja));
    jinja->pool = pool_new();
    jinja->flags = flags;
    jinja->expression = expression;
    jinja->source = normalise(jinja, text, n, &jinja->source_len);
    if (jinja_parse(jinja, err) < 0) {
        jinja_free(jinja);
        return -EINVAL;
    }
    *ret = jinja;
    return 0;
}

int jinja_compile(const char *text, size_t n, enum jinja_flags flags, struct jinja **ret, struct error *err)
{
    return compile(text, n, flags, false, ret, err);
}

int jinja_compile_expression(const char *text, size_t n, enum jinja_flags flags, struct jinja **ret,
                             struct error *err)
{
    return compile(text, n, flags, true, ret, err);
}

void jinja_free(struct jinja *jinja)
{
    if (!jinja)
        return;
    for (size_t i = 0; i < jinja->n_constants; i++)
        value_unref((value){ .kind = VALUE_STRING, .string = jinja->constants[i] });
    for (size_t i = 0; i < jinja->n_values; i++)
        value_unref(jinja->values[i]);
    free(jinja->constants);
    free(jinja->values);
    free(jinja->names);
    free(jinja->readers);
    free(jinja->blocks);
    pool_free(jinja->pool);
    free(jinja);
}

size_t jinja_bytes(const struct jinja *jinja)
{
    size_t bytes = sizeof(*jinja) + pool_used(jinja->pool) +
                   jinja->n_constants_room * sizeof(jinja->constants[0]) +
                   jinja->n_names_room * sizeof(jinja->names[0]);

    for (size_t i = 0; i < jinja->n_constants; i++)
        bytes += sizeof(struct value_string) + jinja->constants[i]->len + 1;
    return bytes;
}

/* ---- results ---- */

/* Does evaluating such an expression only hand out what the context holds? Then nothing has to be converted. */
static bool only_looks_up(const struct node *node)
{
    switch ((enum node_type)node->type) {
    case NODE_CONST:
        return true;
    case NODE_GETITEM: {
        const struct node_pair *pair = (const struct node_pair *)node;

        return pair->b->type == NODE_CONST && only_looks_up(pair->a);
    }
    case NODE_GETATTR:
        return only_looks_up(((const struct node_attr *)node)->subject);
    case NODE_CALL: {
        const struct node_call *call = (const struct node_call *)node;

        return call->subject->type == NODE_NAME &&
               value_text_is(((struct node_name *)call->subject)->name, "ctx");
    }
    default:
        return false;
    }
}

static int plain(struct ev *ev, value v, unsigned depth, value *ret);

static int plain_object(struct ev *ev, value v, unsigned depth, value *ret)
{
    VALUE_AUTO(list);

    if (is_undefined(v)) {
        if (!((struct undefined *)v.object)->lax)
            return undefined_raise(ev, v);
        *ret = value_null();
        return 0;
    }
    if (is_object(v, &markup_ops)) {
        *ret = value_ref(text_of(v));
        return 0;
    }
    if (is_object(v, &namespace_ops))
        return plain(ev, ((struct namespace *)v.object)->map, depth, ret);
    if (is_object(v, &datastore_ops))
        return datastore_lookup(ev, v, false, ret);
    if (!is_iterable(v))
        return ev_error(ev, "TypeError", "Object of type %s is not JSON serializable", ev_type_name(v));
    if (ev_list(ev, v, &list) < 0)
        return -1;
    return plain(ev, list, depth, ret);
}

/* A copy of `v` without objects; the same value when it has none. */
static int plain(struct ev *ev, value v, unsigned depth, value *ret)
{
    VALUE_AUTO(copy);
    bool changed = false;
    value item;

    if (ev_pay(ev, 1) < 0)
        return -1;
    if (depth > VALUE_DEPTH_MAX)
        return ev_limit(ev, LIMIT_NESTING, VALUE_DEPTH_MAX);
    if (v.kind == VALUE_OBJECT)
        return plain_object(ev, v, depth, ret);
    if (value_is_list(v)) {
        copy = v.kind == VALUE_TUPLE ? value_tuple_new(value_list_count(v))
                                     : value_list_new(value_list_count(v));
        VALUE_LIST_EACH (i, each, v) {
            if (plain(ev, each, depth + 1, &item) < 0)
                return -1;
            changed = changed || item.kind != each.kind || item.integer != each.integer;
            value_list_append(&copy, item);
        }
    } else if (v.kind == VALUE_MAP) {
        copy = value_map_new(value_map_count(v));
        VALUE_MAP_EACH (i, v) {
            value each = value_map_item_at(v, i);

            if (plain(ev, each, depth + 1, &item) < 0)
                return -1;
            changed = changed || item.kind != each.kind || item.integer != each.integer;
            value_map_set(&copy, value_ref(value_map_key_at(v, i)), item);
        }
    }
    *ret = changed ? value_take(&copy) : value_ref(v);
    return 0;
}

/* ---- running ---- */

static void limits_fill(const struct expr_context *context, struct expr_limits *ret)
{
    const struct expr_limits *given = context->limits, *standard = &expr_limits_default;

    *ret = *standard;
    if (!given)
        return;
    ret->steps = given->steps ? given->steps : standard->steps;
    ret->depth = given->depth && given->depth < 2000 ? given->depth : standard->depth;
    ret->memory = given->memory ? given->memory : standard->memory;
    ret->sequence =
        given->sequence && given->sequence < UINT32_MAX / 2 ? given->sequence : standard->sequence;
    ret->text = given->text && given->text < UINT32_MAX / 2 ? given->text : standard->text;
    ret->regex_matches = given->regex_matches ? given->regex_matches : standard->regex_matches;
}

static int run_expression(struct ev *ev, value *ret)
{
    VALUE_AUTO(result);

    if (ev_eval(ev, ev->jinja->root, &result) < 0)
        return -EINVAL;
    if (is_undefined(result)) {
        undefined_suggest(ev, result);
        return JINJA_UNDEFINED;
    }
    if (result.kind < VALUE_LIST ||
        (!ev->explained && !ev->jinja->mutating && only_looks_up(ev->jinja->root))) {
        if (result.kind != VALUE_OBJECT) {
            *ret = value_take(&result);
            return 0;
        }
    }
    return plain(ev, result, 0, ret) < 0 ? -EINVAL : 0;
}

static int run(struct ev *ev, value *ret)
{
    BUFFER_AUTO(out);

    if (ev->jinja->expression)
        return run_expression(ev, ret);
    ev->out = &out;
    value_text_begin(&out);
    if (ev_body(ev, (const struct node_list *)ev->jinja->root) < 0)
        return -EINVAL;
    *ret = value_text_end(&out);
    return 0;
}

void ev_explain(struct ev *ev, const struct node *node, value v)
{
    value step = value_map_new(4);
    size_t len;
    const char *text = node_text(ev->jinja, node, &len);
    int column = 1;

    if (node->type == NODE_CONST || value_list_count(*ev->explained) >= 1000) {
        value_unref(step);
        return;
    }
    for (uint32_t i = node->start; i > 0 && ev->jinja->source[i - 1] != '\n'; i--)
        column++;
    value_map_put(&step, "expression", value_text_n(text, len));
    value_map_put(&step, "value", value_ref(v));
    value_map_put(&step, "line", value_int(node->line));
    value_map_put(&step, "column", value_int(column));
    value_list_append(ev->explained, step);
}

int jinja_evaluate_within(const struct jinja *jinja, const struct expr_context *context, uint64_t *steps_left,
                          value *explained, value *ret, struct error *err)
{
    struct {
        struct frame frame;
        value slots[16];
    } local = { .frame = { .n_slots = jinja->function.n_slots, .room = 16 } };
    ERROR_AUTO(own);
    struct buffer none = BUFFER_INIT;
    struct ev ev = {
        .jinja = jinja,
        .context = context,
        .err = err ? err : &own,
        .out = &none,
        .strict = jinja->flags & JINJA_STRICT,
        .orquesta = jinja->flags & JINJA_ORQUESTA,
        .explained = explained,
        .random = context->random_seed,
        .bytes_at_start = value_thread_bytes() + object_thread_bytes(),
    };
    struct frame *root;
    int r;

    error_release(ev.err);
    limits_fill(context, &ev.limits);
    ev.text_max = ev.limits.text + VALUE_TEXT_HEAD;
    ev.steps = steps_left && *steps_left < ev.limits.steps ? *steps_left : ev.limits.steps;
    if (jinja->function.n_slots <= 16) {
        root = ev.frame = &local.frame;
        r = run(&ev, ret);
        for (unsigned i = 0; i < root->n_slots; i++)
            value_unref(value_take(&root->slots[i]));
    } else {
        root = frame_enter(&ev, &jinja->function, NULL);
        r = run(&ev, ret);
        frame_leave(&ev, root, NULL);
    }
    if (steps_left)
        *steps_left = ev.steps + ev.slice;
    frames_release(&ev);
    for (size_t i = 0; i < KNOWN_NAMES; i++)
        value_unref(ev.known[i]);
    value_unref(ev.own_variables);
    value_unref(ev.visible);
    buffer_release(&none);
    return r;
}

int jinja_evaluate(const struct jinja *jinja, const struct expr_context *context, value *ret,
                   struct error *err)
{
    return jinja_evaluate_within(jinja, context, NULL, NULL, ret, err);
}

value jinja_undeclared(const struct jinja *jinja)
{
    value names = value_list_new(0);

    for (size_t i = 0; i < jinja->n_names; i++) {
        value name = jinja->names[i]->name;
        bool known =
            jinja->names[i]->n_slots || global_find(value_chars(name), value_len(name), jinja->flags);

        VALUE_LIST_EACH (k, each, names) {
            known = known || value_equal(each, name);
        }
        if (!known && !value_text_is(name, "self"))
            value_list_append(&names, value_ref(name));
    }
    return names;
}

/* ---- what a template reads ---- */

/* The dotted path a node stands for ("ctx.x.y" for ctx().x.y and ctx('x').y), false when it is no path. */
static bool path_of(const struct node *node, struct buffer *out)
{
    switch ((enum node_type)node->type) {
    case NODE_NAME: {
        const struct node_name *name = (const struct node_name *)node;

        if (name->n_slots)
            return false;
        buffer_add(out, value_chars(name->name), value_len(name->name));
        return true;
    }
    case NODE_GETATTR: {
        const struct node_attr *attr = (const struct node_attr *)node;

        if (!path_of(attr->subject, out))
            return false;
        buffer_add_char(out, '.');
        buffer_add(out, value_chars(attr->name), value_len(attr->name));
        return true;
    }
    case NODE_GETITEM: {
        const struct node_pair *item = (const struct node_pair *)node;

        if (item->b->type != NODE_CONST || !value_is_string(((struct node_const *)item->b)->v) ||
            !path_of(item->a, out))
            return false;
        buffer_addf(out, ".%s", value_chars(((struct node_const *)item->b)->v));
        return true;
    }
    case NODE_CALL: {
        const struct node_call *call = (const struct node_call *)node;
        const struct node *key = call->arguments.n_args ? call->arguments.args[0] : NULL;

        if (call->subject->type != NODE_NAME ||
            !value_text_is(((struct node_name *)call->subject)->name, "ctx"))
            return false;
        buffer_add_text(out, "ctx");
        if (key && key->type == NODE_CONST && value_is_string(((struct node_const *)key)->v))
            buffer_addf(out, ".%s", value_chars(((struct node_const *)key)->v));
        else if (key && key->type == NODE_NAME)
            buffer_addf(out, ".%s", value_chars(((struct node_name *)key)->name));
        return true;
    }
    default:
        return false;
    }
}

value jinja_paths(const struct jinja *jinja)
{
    value paths = value_list_new(0);

    for (size_t i = 0; i < jinja->n_readers; i++) {
        BUFFER_AUTO(path);
        value text;

        if (!path_of(jinja->readers[i], &path))
            continue;
        text = value_text_n(buffer_text(&path), path.len);
        value_list_append(&paths, text);
    }
    return paths;
}
