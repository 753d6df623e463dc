/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes (let, with, unpack, def), call, assert, and the functions that choose between their arguments. */
#include "expr/yaql/yaql-internal.h"

/* ---- scopes ---- */

static int give_scope(struct call *c, struct frame *frame, value *ret)
{
    *ret = yaql_scope_new(c->ev, frame);
    return 0;
}

static int let(struct call *c, value *ret)
{
    struct frame *frame = frame_new(c->ev, c->frame);

    for (size_t i = 0; i < c->n_rest; i++)
        frame_append_arg(frame, c->rest[i].v);
    for (size_t i = 0; i < c->n_named; i++)
        frame_set(frame, c->named[i].text, c->named[i].arg.v);
    return give_scope(c, frame, ret);
}

static int unpack_all(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    struct frame *frame;
    value item;
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    if (r < 0)
        return r;
    frame = frame_new(c->ev, c->frame);
    /* The reference engine has read one item of an iterator away before it sees that there are no names. */
    if (!yaql_is_sequence(c->args[0].v) && !yaql_is_set(c->args[0].v)) {
        r = cursor_next(c->ev, &cursor, &item);
        if (r == 0)
            value_unref(item);
    }
    while (r == 0 && (r = cursor_next(c->ev, &cursor, &item)) == 0) {
        frame_append_arg(frame, item);
        value_unref(item);
        r = yaql_check_count(c->ev, frame->n_args);
    }
    if (r < 0) {
        frame_unref(frame);
        return r;
    }
    return give_scope(c, frame, ret);
}

static int unpack(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(items);
    struct frame *frame;
    int r;

    if (!c->n_rest)
        return unpack_all(c, ret);
    r = cursor_open(c->ev, c->args[0].v, &cursor);
    if (r < 0)
        return r;
    items = value_list_new(c->n_rest + 1);
    while (value_list_count(items) <= c->n_rest) {
        value item;

        r = cursor_next(c->ev, &cursor, &item);
        if (r == YAQL_END)
            break;
        if (r < 0)
            return r;
        value_list_append(&items, item);
    }
    if (value_list_count(items) != c->n_rest)
        return yaql_fail(c->ev, "ValueError", "Cannot unpack %zu elements into %zu", value_list_count(items),
                         c->n_rest);
    frame = frame_new(c->ev, c->frame);
    for (size_t i = 0; i < c->n_rest; i++)
        frame_set(frame, c->rest[i].v, value_list_at(items, i));
    return give_scope(c, frame, ret);
}

static int def(struct call *c, value *ret)
{
    static const struct node null = { .kind = NODE_CONSTANT, .value = { .kind = VALUE_NULL } };
    struct frame *frame;

    if (!c->args[1].node && !value_is_null(c->args[1].v))
        return yaql_fail(c->ev, "TypeError", "def() wants an expression");
    frame = frame_new(c->ev, c->frame);
    frame_set_function(frame, c->args[0].v, c->args[1].node ? c->args[1].node : &null);
    return give_scope(c, frame, ret);
}

static int call_by_name(struct call *c, value *ret)
{
    VALUE_AUTO(names);
    VALUE_AUTO(items);
    value map = c->args[2].v, name = c->args[0].v;
    size_t n = value_len(name);

    names = value_list_new(0);
    items = value_list_new(0);
    VALUE_MAP_EACH (i, map) {
        if (!value_is_string(value_map_key_at(map, i)))
            return yaql_fail(c->ev, "TypeError", "expected string or bytes-like object, got '%s'",
                             yaql_type_name(value_map_key_at(map, i)));
        value_list_append(&names, value_ref(value_map_key_at(map, i)));
        value_list_append(&items, value_ref(value_map_item_at(map, i)));
    }
    while (n > 1 && value_chars(name)[n - 1] == '_')
        n--;
    if (value_list_count(c->args[1].v) + value_map_count(map) > 60000)
        return yaql_check_count(c->ev, SIZE_MAX);
    return yaql_call_values(c->ev, c->frame, value_chars(name), library_find(value_chars(name), n),
                            c->args[1].v.list->items, value_list_count(c->args[1].v), names.list->items,
                            items.list->items, value_list_count(names), ret);
}

static int assert_that(struct call *c, value *ret)
{
    struct closure condition = arg_closure(c, 1);
    VALUE_AUTO(object);
    bool holds;
    int r;

    if (yaql_is_iterator(c->args[0].v)) {
        r = yaql_memorize(c->ev, c->args[0].v, &object);
        if (r < 0)
            return r;
    } else {
        object = value_ref(c->args[0].v);
    }
    r = closure_test(c->ev, &condition, &object, 1, &holds);
    if (r < 0)
        return r;
    if (!holds)
        return yaql_fail(c->ev, "AssertionError", "%s",
                         arg_given(c, 2) ? value_chars(c->args[2].v) : "Assertion failed");
    *ret = value_take(&object);
    return 0;
}

const struct function yaql_system[] = {
    { "let", FUNCTION | REST | NAMED_REST, let, .rest = T_ANY },
    { "with", FUNCTION | REST, let, .rest = T_ANY },
    { "unpack", METHOD | REST, unpack, PARAMS({ "sequence", T_ITERABLE }), .rest = T_STRING },
    { "def", FUNCTION, def, PARAMS({ "name", T_STRING }, { "func", T_LAMBDA }) },
    { "call", FUNCTION, call_by_name,
      PARAMS({ "name", T_STRING }, { "args", T_SEQUENCE }, { "kwargs", T_MAP }) },
    { "assert", METHOD, assert_that,
      PARAMS({ "obj", T_ANY }, { "condition", T_LAMBDA }, { "message", T_STRING, OPTIONAL }) },
    { 0 },
};

/* ---- choosing ---- */

static int call_switch(struct call *c, value *ret)
{
    for (size_t i = 0; i < c->n_rest; i++) {
        const struct node *rule = c->rest[i].node;
        struct closure condition = { .node = rule->args[0], .frame = c->frame };
        bool holds;
        int r = closure_test(c->ev, &condition, NULL, 0, &holds);

        if (r < 0)
            return r;
        if (holds) {
            condition.node = rule->args[1];
            return closure_call(c->ev, &condition, NULL, 0, ret);
        }
    }
    *ret = value_null();
    return 0;
}

static int select_case(struct call *c, value *ret)
{
    size_t i;

    for (i = 0; i < c->n_rest; i++) {
        struct closure condition = rest_closure(c, i);
        bool holds;
        int r = closure_test(c->ev, &condition, NULL, 0, &holds);

        if (r < 0)
            return r;
        if (holds)
            break;
    }
    *ret = value_int((int64_t)i);
    return 0;
}

/* `nodes` are the conditions, `i` the next of `n`. */
static int all_cases_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    while (lazy->i < lazy->n) {
        struct closure condition = { .frame = lazy->f.frame, .node = lazy->nodes[lazy->i] };
        int64_t at = lazy->i++;
        bool holds;
        int r = closure_test(ev, &condition, NULL, 0, &holds);

        if (r < 0)
            return r;
        if (lazy->m || holds) {
            *ret = lazy->m ? value_bool(holds) : value_int(at);
            return 0;
        }
    }
    return YAQL_END;
}

/* `m`: examine(), every outcome is told; else the places of those that hold. */
static int lazy_cases(struct call *c, bool every, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = all_cases_next };
    struct lazy *lazy = lazy_new(c->ev, &ops);

    lazy->m = every;
    lazy->n = (int64_t)c->n_rest;
    lazy->f.frame = frame_capture(c->ev, c->frame);
    lazy->nodes = xreallocarray(NULL, c->n_rest + 1, sizeof(*lazy->nodes));
    for (size_t i = 0; i < c->n_rest; i++) {
        if (!c->rest[i].node) {
            value_unref(lazy_value(lazy));
            return yaql_fail(c->ev, "TypeError", "%s() wants expressions", c->function->name);
        }
        lazy->nodes[i] = c->rest[i].node;
    }
    *ret = lazy_value(lazy);
    return 0;
}

static int select_all_cases(struct call *c, value *ret)
{
    return lazy_cases(c, false, ret);
}

static int examine(struct call *c, value *ret)
{
    return lazy_cases(c, true, ret);
}

static int switch_case(struct call *c, value *ret)
{
    int64_t at = c->args[0].v.kind == VALUE_BIGINT ? -1 : c->args[0].v.integer;
    struct closure chosen;

    if (!c->n_rest) {
        *ret = value_null();
        return 0;
    }
    chosen = rest_closure(c, at >= 0 && (size_t)at < c->n_rest ? (size_t)at : c->n_rest - 1);
    return closure_call(c->ev, &chosen, NULL, 0, ret);
}

static int coalesce(struct call *c, value *ret)
{
    for (size_t i = 0; i < c->n_rest; i++) {
        struct closure one = rest_closure(c, i);
        int r = closure_call(c->ev, &one, NULL, 0, ret);

        if (r < 0 || !value_is_null(*ret))
            return r;
    }
    *ret = value_null();
    return 0;
}

const struct function yaql_branching[] = {
    { "switch", FUNCTION | REST | NO_KWARGS, call_switch, .rest = T_RULE },
    { "selectCase", FUNCTION | REST, select_case, .rest = T_LAMBDA },
    { "selectAllCases", FUNCTION | REST, select_all_cases, .rest = T_LAMBDA },
    { "examine", FUNCTION | REST, examine, .rest = T_LAMBDA },
    { "switchCase", METHOD | REST, switch_case, PARAMS({ "case", T_INT }), .rest = T_LAMBDA },
    { "coalesce", FUNCTION | REST, coalesce, .rest = T_LAMBDA },
    { 0 },
};
