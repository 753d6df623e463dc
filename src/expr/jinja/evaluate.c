/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluator: a walk over the tree; here its bounds, its frames, and expressions. Statements are in statements.c. */
#include "expr/jinja/engine.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"

/* ---- failing and bounds ---- */

void ev_place(struct ev *ev)
{
    const struct node *node = ev->at;
    int column = 1;

    if (!node || ev->err->line)
        return;
    for (uint32_t i = node->start; i > 0 && ev->jinja->source[i - 1] != '\n'; i--)
        column++;
    ev->err->line = node->line;
    ev->err->column = column;
}

int ev_error(struct ev *ev, const char *kind, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    error_set_kind(ev->err, -EINVAL, kind, "%s", text);
    ev->err->line = 0;
    ev_place(ev);
    free(text);
    return -1;
}

int ev_limit(struct ev *ev, const char *what, uint64_t limit)
{
    limit_exceeded(ev->err, what, limit);
    ev_place(ev);
    return -1;
}

int ev_pay_slow(struct ev *ev, uint64_t n)
{
    int64_t held = value_thread_bytes() + object_thread_bytes() - ev->bytes_at_start;

    if (ev->steps <= n) {
        if (ev->steps || !ev->err->message)
            ev_limit(ev, LIMIT_STEPS, ev->limits.steps);
        ev->steps = 0;
        return -1;
    }
    ev->steps -= n;
    if (held > 0 && (uint64_t)held > ev->limits.memory) {
        ev->steps = 0;
        return ev_limit(ev, LIMIT_MEMORY, ev->limits.memory);
    }
    return 0;
}

int ev_pay_text(struct ev *ev, size_t n)
{
    if (n > ev->limits.text)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    return ev_pay(ev, n / 64 + 1);
}

int ev_add_text(struct ev *ev, struct buffer *out, const char *text, size_t n)
{
    if (out->len + n > ev->limits.text)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    if (ev_pay(ev, n / 64) < 0)
        return -1;
    buffer_add(out, text, n);
    return 0;
}

int ev_pay_items(struct ev *ev, size_t n)
{
    if (n > ev->limits.sequence)
        return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    return ev_pay(ev, n / 2 + 1);
}

int ev_enter(struct ev *ev)
{
    if (++ev->depth > ev->limits.depth) {
        ev->depth--;
        limit_recursion(ev->err, LIMIT_DEPTH, ev->limits.depth);
        ev_place(ev);
        return -1;
    }
    return 0;
}

/* ---- frames ---- */

struct frame *frame_enter(struct ev *ev, const struct function *function, struct frame *up)
{
    struct frame *frame = ev->unused;

    if (frame && frame->room >= function->n_slots) {
        ev->unused = frame->next;
    } else {
        uint16_t room = function->n_slots > 16 ? function->n_slots : 16;

        frame = xmalloc(sizeof(*frame) + room * sizeof(value));
        frame->room = room;
        object_charge((int64_t)(sizeof(*frame) + room * sizeof(value)));
    }
    frame->up = up;
    frame->next = NULL;
    frame->captured = false;
    frame->n_slots = function->n_slots;
    for (unsigned i = 0; i < frame->n_slots; i++)
        frame->slots[i] = VALUE_NOTHING;
    ev->frame = frame;
    return frame;
}

void frame_leave(struct ev *ev, struct frame *frame, struct frame *before)
{
    ev->frame = before;
    if (frame->captured) {
        frame->next = ev->kept;
        ev->kept = frame;
        return;
    }
    for (unsigned i = 0; i < frame->n_slots; i++)
        value_unref(frame->slots[i]);
    frame->next = ev->unused;
    ev->unused = frame;
}

static void frames_free(struct frame *frame)
{
    struct frame *next;

    for (; frame; frame = next) {
        next = frame->next;
        object_charge(-(int64_t)(sizeof(*frame) + frame->room * sizeof(value)));
        free(frame);
    }
}

void frames_release(struct ev *ev)
{
    /* Values may hold macros that refer to frames, so all slots are emptied before any frame goes. */
    for (struct frame *frame = ev->kept; frame; frame = frame->next)
        for (unsigned i = 0; i < frame->n_slots; i++)
            value_unref(value_take(&frame->slots[i]));
    frames_free(ev->kept);
    frames_free(ev->unused);
    ev->kept = ev->unused = NULL;
}

void ev_scope_clear(struct ev *ev, struct scope_range range)
{
    for (unsigned i = range.first; i < range.end; i++)
        value_replace(&ev->frame->slots[i], VALUE_NOTHING);
}

/* ---- names ---- */

static bool is_hidden(value name)
{
    return value_len(name) >= 2 && memcmp(value_chars(name), "__", 2) == 0;
}

/* A private copy, so that it may be changed in place. */
static int copy_deep(struct ev *ev, value v, value *ret)
{
    VALUE_AUTO(copy);
    value item;

    if (ev_pay(ev, 1) < 0)
        return -1;
    if (value_is_list(v)) {
        copy = v.kind == VALUE_TUPLE ? value_tuple_new(value_list_count(v))
                                     : value_list_new(value_list_count(v));
        VALUE_LIST_EACH (i, each, v) {
            if (copy_deep(ev, each, &item) < 0)
                return -1;
            value_list_append(&copy, item);
        }
    } else if (v.kind == VALUE_MAP) {
        copy = value_map_new(value_map_count(v));
        VALUE_MAP_EACH (i, v) {
            if (copy_deep(ev, value_map_item_at(v, i), &item) < 0)
                return -1;
            value_map_set(&copy, value_ref(value_map_key_at(v, i)), item);
        }
    } else {
        copy = value_ref(v);
    }
    *ret = value_take(&copy);
    return 0;
}

int ev_context_value(struct ev *ev, value name, value *ret)
{
    value found = value_map_get_value(ev->context->variables, name), copy;

    *ret = VALUE_NOTHING;
    if (!value_is_set(found))
        return 0;
    if (!ev->jinja->mutating || found.kind < VALUE_LIST) {
        *ret = value_ref(found);
        return 0;
    }
    if (!value_is_set(ev->own_variables))
        ev->own_variables = value_map_new(4);
    copy = value_map_get_value(ev->own_variables, name);
    if (!value_is_set(copy)) {
        if (copy_deep(ev, found, &copy) < 0)
            return -1;
        value_map_set(&ev->own_variables, value_ref(name), copy);
    }
    *ret = value_ref(copy);
    return 0;
}

static bool is_lazy_root(const struct ev *ev, value name)
{
    for (const char *const *root = ev->context->lazy_roots; root && *root; root++)
        if (value_text_is(name, *root))
            return true;
    return false;
}

int ev_global(struct ev *ev, value name, value *ret)
{
    const struct builtin *builtin;
    const struct fn *fn;

    if (!ev->orquesta) {
        if (ev_context_value(ev, name, ret) < 0 || value_is_set(*ret))
            return value_is_set(*ret) ? 0 : -1;
        if (is_lazy_root(ev, name)) {
            *ret = datastore_root(ev);
            return 0;
        }
    }
    builtin = global_find(value_chars(name), value_len(name), ev->jinja->flags);
    if (builtin) {
        *ret = function_new(builtin, NULL);
        return 0;
    }
    fn = ev->orquesta ? fn_find(value_chars(name), value_len(name)) : NULL;
    if (fn && fn->where & FN_ORQUESTA)
        *ret = function_new(NULL, fn);
    else if (value_text_is(name, "self"))
        *ret = value_object(object_new(&self_ops, sizeof(struct value_object)));
    else
        *ret = undefined_name(ev, name);
    return 0;
}

static value slot_value(const struct ev *ev, const struct node_name *name)
{
    for (unsigned i = 0; i < name->n_slots; i++) {
        const struct frame *frame = ev->frame;

        for (unsigned up = name->slots[i].up; up; up--)
            frame = frame->up;
        if (value_is_set(frame->slots[name->slots[i].slot]))
            return frame->slots[name->slots[i].slot];
    }
    return VALUE_NOTHING;
}

int ev_name(struct ev *ev, const struct node_name *name, value *ret)
{
    value v = slot_value(ev, name);

    if (value_is_set(v)) {
        *ret = value_ref(v);
        return 0;
    }
    if (name->known == KNOWN_NAMES || ev->orquesta || ev->jinja->mutating)
        return ev_global(ev, name->name, ret);
    if (!value_is_set(ev->known[name->known]))
        ev->known[name->known] = value_map_get_value(ev->context->variables, name->name);
    if (!value_is_set(ev->known[name->known]))
        return ev_global(ev, name->name, ret);
    *ret = value_ref(ev->known[name->known]);
    return 0;
}

/* ---- calls ---- */

static int eval_star(struct ev *ev, const struct arguments *arguments, struct actuals *actuals)
{
    VALUE_AUTO(rest);
    ITER_AUTO(iter);
    value each;

    if (ev_eval(ev, arguments->star, &rest) < 0)
        return -1;
    if (!is_iterable(rest))
        return ev_error(ev, "TypeError", "Value after * must be an iterable, not %s", ev_type_name(rest));
    if (iter_init(ev, rest, &iter) < 0)
        return -1;
    for (;;) {
        if (iter_next(ev, &iter, &each) < 0)
            return -1;
        if (!value_is_set(each))
            return 0;
        if (actuals_add(ev, actuals, each) < 0)
            return -1;
    }
}

static int eval_star_star(struct ev *ev, const struct arguments *arguments, struct actuals *actuals)
{
    VALUE_AUTO(rest);

    if (ev_eval(ev, arguments->star_star, &rest) < 0)
        return -1;
    if (rest.kind != VALUE_MAP)
        return is_undefined(rest) ? undefined_raise(ev, rest)
                                  : ev_error(ev, "TypeError", "argument after ** must be a mapping, not %s",
                                             ev_type_name(rest));
    VALUE_MAP_EACH (i, rest) {
        value key = value_map_key_at(rest, i);

        if (!value_is_string(key))
            return ev_error(ev, "TypeError", "keywords must be strings");
        if (actuals_add_named(ev, actuals, value_ref(key), value_ref(value_map_item_at(rest, i))) < 0)
            return -1;
    }
    return 0;
}

int ev_arguments(struct ev *ev, const struct arguments *arguments, struct actuals *actuals)
{
    value v;

    for (unsigned i = 0; i < arguments->n_args; i++)
        if (ev_eval(ev, arguments->args[i], &v) < 0 || actuals_add(ev, actuals, v) < 0)
            return -1;
    if (arguments->star && eval_star(ev, arguments, actuals) < 0)
        return -1;
    for (unsigned i = 0; i < arguments->n_named; i++)
        if (ev_eval(ev, arguments->args[arguments->n_args + i], &v) < 0 ||
            actuals_add_named(ev, actuals, value_ref(arguments->names[i]), v) < 0)
            return -1;
    return arguments->star_star ? eval_star_star(ev, arguments, actuals) : 0;
}

/* "ctx()" without arguments and without a variable of that name. */
static bool is_context_call(const struct ev *ev, const struct node *node)
{
    const struct node_call *call = (const struct node_call *)node;
    const struct node_name *name = (const struct node_name *)call->subject;

    return ev->orquesta && node->type == NODE_CALL && call->subject->type == NODE_NAME && !name->n_slots &&
           value_text_is(name->name, "ctx") && !call->arguments.n_args && !call->arguments.n_named &&
           !call->arguments.star && !call->arguments.star_star;
}

/* Calls a method without making an object of it first. */
static OUTLINE int eval_method_call(struct ev *ev, const struct node_call *call, value *ret, bool *ret_done)
{
    const struct node_attr *attr = (const struct node_attr *)call->subject;
    VALUE_AUTO(subject);
    VALUE_AUTO(callee);
    ACTUALS_AUTO(actuals);
    int r;

    *ret_done = true;
    if (ev_eval(ev, attr->subject, &subject) < 0 ||
        ev_getattr(ev, subject, attr->name, attr->methods, &callee) < 0 ||
        ev_arguments(ev, &call->arguments, &actuals) < 0)
        return -1;
    ev->at = &call->node;
    r = ev_call(ev, callee, &actuals, ret);
    return r;
}

static OUTLINE int eval_call(struct ev *ev, const struct node_call *call, value *ret)
{
    VALUE_AUTO(callee);
    ACTUALS_AUTO(actuals);

    if (call->subject->type == NODE_NAME && !((struct node_name *)call->subject)->n_slots && ev->orquesta) {
        const struct node_name *name = (struct node_name *)call->subject;
        const struct builtin *builtin =
            global_find(value_chars(name->name), value_len(name->name), ev->jinja->flags);

        if (builtin) {
            if (ev_arguments(ev, &call->arguments, &actuals) < 0)
                return -1;
            ev->at = &call->node;
            return builtin_call(ev, builtin, VALUE_NOTHING, &actuals, ret);
        }
    }
    if (ev_eval(ev, call->subject, &callee) < 0 || ev_arguments(ev, &call->arguments, &actuals) < 0)
        return -1;
    ev->at = &call->node;
    return ev_call(ev, callee, &actuals, ret);
}

int ev_filter_on(struct ev *ev, const struct node_call *filter, value subject, value *ret)
{
    ACTUALS_AUTO(actuals);

    if (ev_arguments(ev, &filter->arguments, &actuals) < 0)
        return -1;
    ev->at = &filter->node;
    return builtin_call(ev, filter->builtin, subject, &actuals, ret);
}

static OUTLINE int eval_filter(struct ev *ev, const struct node_call *filter, value *ret)
{
    VALUE_AUTO(subject);

    if (ev_eval(ev, filter->subject, &subject) < 0)
        return -1;
    return ev_filter_on(ev, filter, subject, ret);
}

static OUTLINE int eval_test(struct ev *ev, const struct node_call *test, value *ret)
{
    VALUE_AUTO(subject);
    ACTUALS_AUTO(actuals);
    bool yes;

    if (ev_eval(ev, test->subject, &subject) < 0 || ev_arguments(ev, &test->arguments, &actuals) < 0)
        return -1;
    ev->at = &test->node;
    if (test_call(ev, test->builtin, subject, &actuals, &yes) < 0)
        return -1;
    *ret = value_bool(yes);
    return 0;
}

/* ---- containers and operators ---- */

static OUTLINE int eval_list(struct ev *ev, const struct node_list *node, value *ret)
{
    VALUE_AUTO(list);
    value item;

    if (ev_pay_items(ev, node->count) < 0)
        return -1;
    list = node->node.type == NODE_TUPLE ? value_tuple_new(node->count) : value_list_new(node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        if (ev_eval(ev, node->items[i], &item) < 0)
            return -1;
        value_list_append(&list, item);
    }
    if (value_depth(list) > VALUE_DEPTH_MAX)
        return ev_limit(ev, LIMIT_NESTING, VALUE_DEPTH_MAX);
    *ret = value_take(&list);
    return 0;
}

static OUTLINE int eval_dict(struct ev *ev, const struct node_list *node, value *ret)
{
    VALUE_AUTO(map);
    value key, item;

    if (ev_pay_items(ev, node->count) < 0)
        return -1;
    map = value_map_new(node->count / 2);
    for (uint32_t i = 0; i + 1 < node->count; i += 2) {
        if (ev_eval(ev, node->items[i], &key) < 0)
            return -1;
        if (ev_eval(ev, node->items[i + 1], &item) < 0) {
            value_unref(key);
            return -1;
        }
        if (ev_map_set(ev, &map, key, item) < 0)
            return -1;
    }
    if (value_depth(map) > VALUE_DEPTH_MAX)
        return ev_limit(ev, LIMIT_NESTING, VALUE_DEPTH_MAX);
    *ret = value_take(&map);
    return 0;
}

static OUTLINE int eval_condition(struct ev *ev, const struct node_pair *node, value *ret)
{
    VALUE_AUTO(test);
    bool yes;

    if (ev_eval(ev, node->a, &test) < 0 || ev_truth(ev, test, &yes) < 0)
        return -1;
    if (yes)
        return ev_eval(ev, node->b, ret);
    if (node->c)
        return ev_eval(ev, node->c, ret);
    *ret = undefined_hint(
        ev, "UndefinedError",
        value_textf("the inline if-expression on line %d evaluated to false and no else section was "
                    "defined.",
                    node->node.line));
    ((struct undefined *)(*ret).object)->lax = true;
    return 0;
}

static OUTLINE int eval_logic(struct ev *ev, const struct node_pair *node, value *ret)
{
    VALUE_AUTO(left);
    bool yes;

    if (ev_eval(ev, node->a, &left) < 0 || ev_truth(ev, left, &yes) < 0)
        return -1;
    if (yes == (node->node.type == NODE_AND))
        return ev_eval(ev, node->b, ret);
    *ret = value_take(&left);
    return 0;
}

static OUTLINE int eval_compare(struct ev *ev, const struct node_compare *node, value *ret)
{
    VALUE_AUTO(left);
    bool yes = true;

    if (ev_eval(ev, node->left, &left) < 0)
        return -1;
    for (uint32_t i = 0; i < node->count && yes; i++) {
        value right;
        int r;

        if (ev_eval(ev, node->steps[i].right, &right) < 0)
            return -1;
        ev->at = &node->node;
        r = ev_compare(ev, node->steps[i].op, left, right, &yes);
        value_replace(&left, right);
        if (r < 0)
            return -1;
    }
    *ret = value_bool(yes);
    return 0;
}

static OUTLINE int eval_binary(struct ev *ev, const struct node_pair *node, value *ret)
{
    VALUE_AUTO(left);
    VALUE_AUTO(right);

    if (ev_eval(ev, node->a, &left) < 0 || ev_eval(ev, node->b, &right) < 0)
        return -1;
    ev->at = &node->node;
    return ev_binary(ev, (enum number_operator)node->node.op, left, right, ret);
}

static OUTLINE int eval_sign(struct ev *ev, const struct node_pair *node, value *ret)
{
    VALUE_AUTO(v);

    if (ev_eval(ev, node->a, &v) < 0)
        return -1;
    ev->at = &node->node;
    if (is_undefined(v))
        return undefined_raise(ev, v);
    if (v.kind != VALUE_BOOL && !value_is_number(v))
        return ev_error(ev, "TypeError", "bad operand type for unary %s: '%s'",
                        node->node.type == NODE_NEGATE ? "-" : "+", ev_type_name(v));
    if (node->node.type == NODE_NEGATE)
        return number_negate(v, ret, ev->err);
    *ret = v.kind == VALUE_BOOL ? value_int(v.boolean) : value_ref(v);
    return 0;
}

/* Where output is escaped, markup among the parts has the others escaped. */
static int eval_concat_escaped(struct ev *ev, const struct node_list *node, value *ret)
{
    BUFFER_AUTO(out);
    VALUE_AUTO(parts);
    bool markup = false;

    parts = value_list_new(node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        VALUE_AUTO(v);
        value part;

        if (ev_eval(ev, node->items[i], &v) < 0 || ev_soft_str(ev, v, &part) < 0)
            return -1;
        markup = markup || is_object(part, &markup_ops);
        value_list_append(&parts, part);
    }
    VALUE_LIST_EACH (i, part, parts) {
        if (markup && !is_object(part, &markup_ops))
            text_escape(&out, part);
        else if (ev_str(ev, part, &out) < 0)
            return -1;
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    if (markup)
        *ret = markup_new(*ret);
    return ev_pay_text(ev, out.len);
}

static OUTLINE int eval_concat(struct ev *ev, const struct node_list *node, value *ret)
{
    BUFFER_AUTO(out);

    if (ev->autoescape)
        return eval_concat_escaped(ev, node, ret);
    for (uint32_t i = 0; i < node->count; i++) {
        VALUE_AUTO(v);

        if (ev_eval(ev, node->items[i], &v) < 0 || ev_str(ev, v, &out) < 0)
            return -1;
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static OUTLINE int eval_not(struct ev *ev, const struct node_pair *node, value *ret)
{
    VALUE_AUTO(v);
    bool yes;

    if (ev_eval(ev, node->a, &v) < 0 || ev_truth(ev, v, &yes) < 0)
        return -1;
    *ret = value_bool(!yes);
    return 0;
}

static OUTLINE int eval_getattr(struct ev *ev, const struct node_attr *node, value *ret)
{
    VALUE_AUTO(subject);

    if (!node->methods && is_context_call(ev, node->subject) && !is_hidden(node->name) && !ev->explained) {
        if (ev_context_value(ev, node->name, ret) < 0)
            return -1;
        if (value_is_set(*ret))
            return 0;
    }
    if (ev_eval(ev, node->subject, &subject) < 0)
        return -1;
    ev->at = &node->node;
    return ev_getattr(ev, subject, node->name, node->methods, ret);
}

static OUTLINE int eval_getitem(struct ev *ev, const struct node_pair *node, value *ret)
{
    VALUE_AUTO(subject);
    VALUE_AUTO(key);

    if (node->b->type == NODE_SLICE) {
        const struct node_pair *slice = (const struct node_pair *)node->b;
        VALUE_AUTO(stop);
        VALUE_AUTO(step);

        if (ev_eval(ev, node->a, &subject) < 0 || (slice->a && ev_eval(ev, slice->a, &key) < 0) ||
            (slice->b && ev_eval(ev, slice->b, &stop) < 0) || (slice->c && ev_eval(ev, slice->c, &step) < 0))
            return -1;
        ev->at = &node->node;
        return ev_slice(ev, subject, key, stop, step, ret);
    }
    if (ev_eval(ev, node->a, &subject) < 0 || ev_eval(ev, node->b, &key) < 0)
        return -1;
    ev->at = &node->node;
    return ev_getitem(ev, subject, key, ret);
}

static int eval_kind(struct ev *ev, const struct node *node, value *ret)
{
    bool done;

    switch ((enum node_type)node->type) {
    case NODE_CONST:
        *ret = value_ref(((const struct node_const *)node)->v);
        return 0;
    case NODE_NAME:
        return ev_name(ev, (const struct node_name *)node, ret);
    case NODE_LIST:
    case NODE_TUPLE:
        return eval_list(ev, (const struct node_list *)node, ret);
    case NODE_DICT:
        return eval_dict(ev, (const struct node_list *)node, ret);
    case NODE_CONDITION:
        return eval_condition(ev, (const struct node_pair *)node, ret);
    case NODE_OR:
    case NODE_AND:
        return eval_logic(ev, (const struct node_pair *)node, ret);
    case NODE_NOT:
        return eval_not(ev, (const struct node_pair *)node, ret);
    case NODE_COMPARE:
        return eval_compare(ev, (const struct node_compare *)node, ret);
    case NODE_BINARY:
        return eval_binary(ev, (const struct node_pair *)node, ret);
    case NODE_CONCAT:
        return eval_concat(ev, (const struct node_list *)node, ret);
    case NODE_NEGATE:
    case NODE_POSITIVE:
        return eval_sign(ev, (const struct node_pair *)node, ret);
    case NODE_CALL:
        if (((const struct node_call *)node)->subject->type == NODE_GETATTR)
            return eval_method_call(ev, (const struct node_call *)node, ret, &done);
        return eval_call(ev, (const struct node_call *)node, ret);
    case NODE_GETATTR:
        return eval_getattr(ev, (const struct node_attr *)node, ret);
    case NODE_GETITEM:
        return eval_getitem(ev, (const struct node_pair *)node, ret);
    case NODE_FILTER:
        return eval_filter(ev, (const struct node_call *)node, ret);
    case NODE_TEST:
        return eval_test(ev, (const struct node_call *)node, ret);
    default:
        return ev_error(ev, "TypeError", "slice is not allowed here");
    }
}

static void explain(struct ev *ev, const struct node *node, value v)
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

static bool may_be_infinite(const struct node *node)
{
    return node->type != NODE_CONST || ((const struct node_const *)node)->v.kind == VALUE_FLOAT;
}

/* Jinja folds constants when it compiles and writes them into its program, where "inf" and "nan" are no words. */
static int eval_constant(struct ev *ev, const struct node *node, value *ret)
{
    int r;

    ev->folding = true;
    r = eval_kind(ev, node, ret);
    ev->folding = false;
    if (r == 0 && (*ret).kind == VALUE_FLOAT && !__builtin_isfinite((*ret).number))
        return ev_error(ev, "NameError", "name '%s' is not defined",
                        __builtin_isnan((*ret).number) ? "nan" : "inf");
    return r;
}

int ev_eval(struct ev *ev, const struct node *node, value *ret)
{
    int r;

    *ret = VALUE_NOTHING;
    if (ev_pay(ev, 1) < 0)
        return -1;
    r = unlikely(node->constant && !ev->folding && may_be_infinite(node)) ? eval_constant(ev, node, ret)
                                                                          : eval_kind(ev, node, ret);
    if (unlikely(r < 0)) {
        value_unref(value_take(ret));
        if (!ev->err->line)
            ev_place(ev);
        return -1;
    }
    if (unlikely(ev->explained))
        explain(ev, node, *ret);
    return 0;
}
