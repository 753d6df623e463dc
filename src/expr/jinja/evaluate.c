/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluator: a walk over the tree; here expressions. Statements are in statements.c.

   What is only looked at is not counted: ev_peek lends a value that something else holds (a slot, a constant, a container),
   so names, attributes, items and comparisons cost no traffic on counters. What is at hand already is seen without even a
   call (enum glance, decided when the template is compiled), and integers are worked on without becoming values. */
#include "expr/jinja/engine.h"

#include <stdlib.h>

#include "base/mem.h"

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
            *ret = datastore_root(ev, value_text_is(name, "st2kv") ? VALUE_NOTHING : name);
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

value ev_name_peek(struct ev *ev, const struct node_name *name, value *held)
{
    value v = slot_value(ev, name), *known;

    if (value_is_set(v))
        return v;
    if (name->known == KNOWN_NAMES || ev->orquesta || ev->jinja->mutating)
        return ev_global(ev, name->name, held) < 0 ? VALUE_NOTHING : *held;
    known = &ev->known[name->known];
    if (!value_is_set(*known) && ev_global(ev, name->name, known) < 0)
        return VALUE_NOTHING;
    return *known;
}

int ev_name(struct ev *ev, const struct node_name *name, value *ret)
{
    VALUE_AUTO(held);
    value v = ev_name_peek(ev, name, &held);

    *ret = value_is_set(held) ? value_take(&held) : value_ref(v);
    return value_is_set(*ret) ? 0 : -1;
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

/* Calls a method, of a plain value without making an object of it first. */
static OUTLINE int eval_method_call(struct ev *ev, const struct node_call *call, value *ret)
{
    const struct node_attr *attr = (const struct node_attr *)call->subject;
    const struct method_row *row;
    VALUE_AUTO(subject);
    VALUE_AUTO(callee);
    ACTUALS_AUTO(actuals);
    int r;

    if (ev_eval(ev, attr->subject, &subject) < 0)
        return -1;
    row = ev->explained ? NULL : ev_method_of(subject, attr->methods);
    if (row && row->flags & METHOD_PROPERTY)
        row = NULL;
    if ((!row && ev_getattr(ev, subject, attr->name, attr->methods, &callee) < 0) ||
        ev_arguments(ev, &call->arguments, &actuals) < 0)
        return -1;
    ev->at = &call->node;
    if (!row)
        return ev_call(ev, callee, &actuals, ret);
    if (ev_enter(ev) < 0)
        return -1;
    r = method_call(ev, subject, row, &actuals, ret);
    ev_leave(ev);
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

static value finish(int r, value *held)
{
    if (likely(r >= 0))
        return *held;
    value_unref(value_take(held));
    return VALUE_NOTHING;
}

static OUTLINE value peek_filter(struct ev *ev, const struct node_call *filter, value *held)
{
    VALUE_AUTO(held_subject);
    value subject = ev_peek_past(ev, filter->subject, &filter->node, &held_subject);

    if (!value_is_set(subject))
        return VALUE_NOTHING;
    return finish(filter->direct ? builtin_call_direct(ev, filter, subject, held)
                                 : ev_filter_on(ev, filter, subject, held),
                  held);
}

/* 1, 0, or negative. */
static OUTLINE int test_builtin(struct ev *ev, const struct node_call *test)
{
    VALUE_AUTO(held);
    VALUE_AUTO(answer);
    value subject = ev_peek_past(ev, test->subject, &test->node, &held);
    ACTUALS_AUTO(actuals);
    bool yes;

    if (!value_is_set(subject))
        return -1;
    if (test->direct && !test->builtin->compare)
        return builtin_call_direct(ev, test, subject, &answer) < 0 ? -1 : value_truth(answer);
    if (ev_arguments(ev, &test->arguments, &actuals) < 0)
        return -1;
    ev->at = &test->node;
    return test_call(ev, test->builtin, subject, &actuals, &yes) < 0 ? -1 : yes;
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
    int yes = ev_test(ev, node->a);

    if (yes < 0)
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

/* 1, 0, or negative. */
static OUTLINE int compare_chain(struct ev *ev, const struct node_compare *node)
{
    VALUE_AUTO(held);
    value left = ev_peek_past(ev, node->left, &node->node, &held);
    bool yes = true;

    if (!value_is_set(left))
        return -1;
    for (uint32_t i = 0; i < node->count && yes; i++) {
        enum compare_operator op = node->steps[i].op;
        VALUE_AUTO(held_right);
        value right = ev_peek_past(ev, node->steps[i].right, &node->node, &held_right);

        if (!value_is_set(right))
            return -1;
        if (left.kind == VALUE_INT && right.kind == VALUE_INT && op <= COMPARE_GTEQ) {
            yes = ev_order_integers(op, left.integer, right.integer);
        } else {
            ev->at = &node->node;
            if (ev_compare(ev, op, left, right, &yes) < 0)
                return -1;
        }
        left = right;
        value_replace(&held, value_take(&held_right));
    }
    return yes;
}

static OUTLINE int compare(struct ev *ev, const struct node_compare *node)
{
    int quick = ev_test_at_hand(ev, &node->node);
    value left, right;
    bool yes;

    if (quick >= 0)
        return quick;
    left = ev_glance(ev, node->left);
    right = ev_glance(ev, node->steps[0].right);
    if (node->count > 1 || !value_is_set(left) || !value_is_set(right))
        return compare_chain(ev, node);
    ev->at = &node->node;
    return ev_compare(ev, node->steps[0].op, left, right, &yes) < 0 ? -1 : yes;
}

static OUTLINE value binary(struct ev *ev, const struct node_pair *node, value *held)
{
    enum number_operator op = (enum number_operator)node->node.op;
    VALUE_AUTO(held_left);
    VALUE_AUTO(held_right);
    value left = ev_peek_past(ev, node->a, node->b, &held_left), right;
    int64_t n;

    if (!value_is_set(left))
        return VALUE_NOTHING;
    right = ev_peek(ev, node->b, &held_right);
    if (!value_is_set(right))
        return VALUE_NOTHING;
    if (left.kind == VALUE_INT && right.kind == VALUE_INT &&
        ev_binary_integers(op, left.integer, right.integer, &n))
        return value_int(n);
    ev->at = &node->node;
    return finish(ev_binary(ev, op, left, right, held), held);
}

static inline value peek_binary(struct ev *ev, const struct node_pair *node, value *held)
{
    int64_t n;

    return !ev->explained && ev_integer_at_hand(ev, &node->node, &n) ? value_int(n) : binary(ev, node, held);
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
        VALUE_AUTO(held);
        value v = ev_peek(ev, node->items[i], &held);

        if (!value_is_set(v) || ev_str(ev, v, &out) < 0)
            return -1;
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

/* A part of a value that is borrowed is borrowed too, of one that is held it is held instead. */
static value part_of(value part, value *whole, value *held)
{
    if (value_is_set(*whole))
        *held = value_ref(part);
    return part;
}

static OUTLINE value peek_attribute(struct ev *ev, const struct node_attr *node, value *held)
{
    VALUE_AUTO(whole);
    value subject, part;

    if (!node->methods && is_context_call(ev, node->subject) && !is_hidden(node->name) && !ev->explained) {
        if (ev_context_value(ev, node->name, held) < 0)
            return VALUE_NOTHING;
        if (value_is_set(*held))
            return *held;
    }
    subject = ev_peek(ev, node->subject, &whole);
    if (!value_is_set(subject))
        return VALUE_NOTHING;
    if (subject.kind == VALUE_MAP && !node->methods && value_chars(node->name)[0] != '_') {
        part = value_map_get_value(subject, node->name);
        if (likely(value_is_set(part)))
            return part_of(part, &whole, held);
    }
    if (node->loop_field && is_object(subject, &loop_ops))
        return loop_number(subject, node->loop_field);
    ev->at = &node->node;
    return finish(ev_getattr(ev, subject, node->name, node->methods, held), held);
}

static OUTLINE value peek_slice(struct ev *ev, const struct node_pair *node, value *held)
{
    const struct node_pair *slice = (const struct node_pair *)node->b;
    VALUE_AUTO(subject);
    VALUE_AUTO(start);
    VALUE_AUTO(stop);
    VALUE_AUTO(step);
    int r;

    if (ev_eval(ev, node->a, &subject) < 0 || (slice->a && ev_eval(ev, slice->a, &start) < 0) ||
        (slice->b && ev_eval(ev, slice->b, &stop) < 0) || (slice->c && ev_eval(ev, slice->c, &step) < 0))
        return VALUE_NOTHING;
    ev->at = &node->node;
    r = ev_slice(ev, subject, start, stop, step, held);
    if (unlikely(r < 0 && ev->folding && ev->err->kind && strcmp(ev->err->kind, "TypeError") == 0)) {
        /* Where Jinja works out a constant itself, what cannot be cut lacks the piece. */
        *held = undefined_hint(ev, "UndefinedError",
                               value_textf("%s object has no element slice", ev_type_name(subject)));
        r = 0;
    }
    return finish(r, held);
}

static OUTLINE value peek_item(struct ev *ev, const struct node_pair *node, value *held)
{
    VALUE_AUTO(whole);
    VALUE_AUTO(held_key);
    value subject, key, part = VALUE_NOTHING;

    if (node->b->type == NODE_SLICE)
        return peek_slice(ev, node, held);
    subject = ev_peek_past(ev, node->a, node->b, &whole);
    if (!value_is_set(subject))
        return VALUE_NOTHING;
    key = ev_peek(ev, node->b, &held_key);
    if (!value_is_set(key))
        return VALUE_NOTHING;
    if (subject.kind == VALUE_MAP && key.kind == VALUE_STRING)
        part = value_map_get_value(subject, key);
    else if (value_is_list(subject) && key.kind == VALUE_INT && key.integer >= 0)
        part = value_list_at(subject, (size_t)key.integer);
    if (likely(value_is_set(part)))
        return part_of(part, &whole, held);
    ev->at = &node->node;
    return finish(ev_getitem(ev, subject, key, held), held);
}

/* The kinds of expressions whose value may be borrowed, or needs no memory. */
static inline value peek_kind(struct ev *ev, const struct node *node, value *held)
{
    int yes;

    switch ((enum node_type)node->type) {
    case NODE_CONST:
        return ((const struct node_const *)node)->v;
    case NODE_NAME:
        return ev_name_peek(ev, (const struct node_name *)node, held);
    case NODE_GETATTR:
        return peek_attribute(ev, (const struct node_attr *)node, held);
    case NODE_GETITEM:
        return peek_item(ev, (const struct node_pair *)node, held);
    case NODE_BINARY:
        return peek_binary(ev, (const struct node_pair *)node, held);
    case NODE_FILTER:
        return peek_filter(ev, (const struct node_call *)node, held);
    default:
        yes = compare(ev, (const struct node_compare *)node);
        return yes < 0 ? VALUE_NOTHING : value_bool(yes);
    }
}

static OUTLINE int eval_held(struct ev *ev, const struct node *node, value *ret)
{
    value held = VALUE_NOTHING, v = peek_kind(ev, node, &held);

    *ret = value_is_set(held) ? held : value_ref(v);
    return value_is_set(*ret) ? 0 : -1;
}

static OUTLINE int eval_test(struct ev *ev, const struct node *node, value *ret)
{
    bool negated = node->type == NODE_NOT;
    int yes = negated ? ev_test(ev, ((const struct node_pair *)node)->a)
                      : test_builtin(ev, (const struct node_call *)node);

    if (yes < 0)
        return -1;
    *ret = value_bool(yes != negated);
    return 0;
}

static int eval_kind(struct ev *ev, const struct node *node, value *ret)
{
    switch ((enum node_type)node->type) {
    case NODE_CONST:
    case NODE_NAME:
    case NODE_GETATTR:
    case NODE_GETITEM:
    case NODE_BINARY:
    case NODE_COMPARE:
    case NODE_FILTER:
        return eval_held(ev, node, ret);
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
    case NODE_TEST:
        return eval_test(ev, node, ret);
    case NODE_CONCAT:
        return eval_concat(ev, (const struct node_list *)node, ret);
    case NODE_NEGATE:
    case NODE_POSITIVE:
        return eval_sign(ev, (const struct node_pair *)node, ret);
    case NODE_CALL:
        if (((const struct node_call *)node)->subject->type == NODE_GETATTR)
            return eval_method_call(ev, (const struct node_call *)node, ret);
        return eval_call(ev, (const struct node_call *)node, ret);
    default:
        return ev_error(ev, "TypeError", "slice is not allowed here");
    }
}

static bool may_be_infinite(const struct node *node)
{
    return node->type != NODE_CONST || ((const struct node_const *)node)->v.kind == VALUE_FLOAT;
}

/* A constant expression, as it is before the template runs; where that fails, as it is when it runs. */
static int fold(struct ev *ev, const struct node *node, value *ret)
{
    struct error *err = ev->err;
    ERROR_AUTO(ignored);
    int r;

    ev->folding = true;
    ev->err = &ignored;
    r = eval_kind(ev, node, ret);
    ev->folding = false;
    ev->err = err;
    if (r < 0)
        value_unref(value_take(ret));
    return r < 0 ? eval_kind(ev, node, ret) : 0;
}

/* Jinja folds constants when it compiles and writes them into its program, where "inf" and "nan" are no words. */
static int eval_constant(struct ev *ev, const struct node *node, value *ret)
{
    int r;

    r = fold(ev, node, ret);
    if (r == 0 && is_undefined(*ret)) { /* is not written either: it is worked out again when it is reached */
        value_unref(value_take(ret));
        r = eval_kind(ev, node, ret);
    }
    if (r == 0 && (*ret).kind == VALUE_FLOAT && !__builtin_isfinite((*ret).number))
        return ev_error(ev, "NameError", "name '%s' is not defined",
                        __builtin_isnan((*ret).number) ? "nan" : "inf");
    return r;
}

static inline int evaluated(struct ev *ev, const struct node *node, int r, value *ret)
{
    if (unlikely(r < 0)) {
        value_unref(value_take(ret));
        if (!ev->err->line)
            ev_place(ev);
        return -1;
    }
    if (unlikely(ev->explained))
        ev_explain(ev, node, *ret);
    return 0;
}

int ev_eval(struct ev *ev, const struct node *node, value *ret)
{
    *ret = VALUE_NOTHING;
    if (ev_pay(ev, 1) < 0)
        return -1;
    if (unlikely(node->constant && !ev->folding && may_be_infinite(node)))
        return evaluated(ev, node, eval_constant(ev, node, ret), ret);
    return evaluated(ev, node, eval_kind(ev, node, ret), ret);
}

int ev_eval_printed(struct ev *ev, const struct node *node, value *ret)
{
    int r;

    *ret = VALUE_NOTHING;
    if (ev_pay(ev, 1) < 0)
        return -1;
    r = fold(ev, node, ret);
    if (r == 0 && is_undefined(*ret) &&
        ev->strict) { /* cannot be printed, so what it is made of may fail first */
        value_unref(value_take(ret));
        r = eval_kind(ev, node, ret);
    }
    return evaluated(ev, node, r, ret);
}

/* Does an expression have to go through ev_eval, which tells it or folds it? */
static inline bool is_special(const struct ev *ev, const struct node *node)
{
    return unlikely(ev->explained || (node->constant && !ev->folding && may_be_infinite(node)));
}

value ev_peek_part(struct ev *ev, const struct node *node, value *held)
{
    value v;

    switch ((enum node_type)node->type) {
    case NODE_CONST:
    case NODE_NAME:
    case NODE_GETATTR:
    case NODE_GETITEM:
    case NODE_BINARY:
    case NODE_COMPARE:
    case NODE_FILTER:
        if (!is_special(ev, node))
            break;
        /* fall through */
    default:
        return ev_eval(ev, node, held) < 0 ? VALUE_NOTHING : *held;
    }
    if (ev_pay(ev, 1) < 0)
        return VALUE_NOTHING;
    v = peek_kind(ev, node, held);
    if (unlikely(!value_is_set(v)) && !ev->err->line)
        ev_place(ev);
    return v;
}

static OUTLINE int test_value(struct ev *ev, const struct node *node)
{
    VALUE_AUTO(held);
    value v = ev_peek(ev, node, &held);
    bool yes;

    if (!value_is_set(v))
        return -1;
    if (v.kind == VALUE_BOOL || v.kind == VALUE_INT)
        return v.integer != 0;
    return ev_truth(ev, v, &yes) < 0 ? -1 : yes;
}

int ev_test(struct ev *ev, const struct node *node)
{
    const struct node_pair *pair = (const struct node_pair *)node;
    int r;

    if (is_special(ev, node))
        return test_value(ev, node);
    if (ev_pay(ev, 1) < 0)
        return -1;
    switch ((enum node_type)node->type) {
    case NODE_COMPARE:
        r = compare(ev, (const struct node_compare *)node);
        break;
    case NODE_TEST:
        r = test_builtin(ev, (const struct node_call *)node);
        break;
    case NODE_NOT:
        r = ev_test(ev, pair->a);
        return r < 0 ? r : !r;
    case NODE_AND:
        r = ev_test(ev, pair->a);
        return r <= 0 ? r : ev_test(ev, pair->b);
    case NODE_OR:
        r = ev_test(ev, pair->a);
        return r ? r : ev_test(ev, pair->b);
    default:
        return test_value(ev, node);
    }
    if (unlikely(r < 0) && !ev->err->line)
        ev_place(ev);
    return r;
}
