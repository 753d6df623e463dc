/* SPDX-License-Identifier: Apache-2.0 */
/* Calls: gathered arguments, bound to parameters as Python binds them, with its messages. */
#include "expr/jinja/engine.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- gathering ---- */

void actuals_init(struct actuals *actuals)
{
    actuals->items = actuals->local;
    actuals->names = actuals->local_names;
    actuals->n = actuals->n_named = 0;
    actuals->room = ACTUALS_LOCAL;
}

void actuals_release(struct actuals *actuals)
{
    for (unsigned i = 0; i < actuals->n + actuals->n_named; i++)
        value_unref(actuals->items[i]);
    for (unsigned i = 0; i < actuals->n_named; i++)
        value_unref(actuals->names[i]);
    if (actuals->items != actuals->local) {
        free(actuals->items);
        free(actuals->names);
    }
    actuals->n = actuals->n_named = 0;
    actuals->items = actuals->local;
    actuals->names = actuals->local_names;
}

#define ACTUALS_MAX 100000

static int grow(struct ev *ev, struct actuals *actuals)
{
    unsigned n = actuals->n + actuals->n_named;
    bool local = actuals->items == actuals->local;

    if (n < actuals->room)
        return 0;
    if (n >= ACTUALS_MAX)
        return ev_limit(ev, LIMIT_ARGUMENTS, ACTUALS_MAX);
    actuals->room *= 2;
    actuals->items = xreallocarray(local ? NULL : actuals->items, actuals->room, sizeof(value));
    actuals->names = xreallocarray(local ? NULL : actuals->names, actuals->room, sizeof(value));
    if (local) {
        memcpy(actuals->items, actuals->local, sizeof(actuals->local));
        memcpy(actuals->names, actuals->local_names, sizeof(actuals->local_names));
    }
    return 0;
}

int actuals_add(struct ev *ev, struct actuals *actuals, value item)
{
    if (grow(ev, actuals) < 0) {
        value_unref(item);
        return -1;
    }
    actuals->items[actuals->n++] = item;
    return 0;
}

int actuals_add_named(struct ev *ev, struct actuals *actuals, value name, value item)
{
    if (grow(ev, actuals) < 0) {
        value_unref(item);
        value_unref(name);
        return -1;
    }
    actuals->names[actuals->n_named] = name;
    actuals->items[actuals->n + actuals->n_named++] = item;
    return 0;
}

/* ---- binding ---- */

/* "replace expected at least 2 arguments, got 1", "str.upper() takes no arguments (1 given)" */
static int native_count(struct ev *ev, const char *function, unsigned n_params, unsigned min,
                        unsigned n_given)
{
    const char *name = strrchr(function, '.') ? strrchr(function, '.') + 1 : function;
    unsigned wanted = n_given < min ? min : n_params;

    if (!n_params)
        return ev_error(ev, "TypeError", "%s() takes no arguments (%u given)", function, n_given);
    if (n_params == 1 && min == 1)
        return ev_error(ev, "TypeError", "%s() takes exactly one argument (%u given)", function, n_given);
    return ev_error(ev, "TypeError", "%s expected %s%u argument%s, got %u", name,
                    min == n_params ? ""
                    : n_given < min ? "at least "
                                    : "at most ",
                    wanted, wanted == 1 ? "" : "s", n_given);
}

static int too_many(struct ev *ev, const char *function, unsigned n_params, unsigned min, unsigned n_given)
{
    if (min == n_params)
        return ev_error(ev, "TypeError", "%s() takes %u positional argument%s but %u %s given", function,
                        n_params, n_params == 1 ? "" : "s", n_given, n_given == 1 ? "was" : "were");
    return ev_error(ev, "TypeError", "%s() takes from %u to %u positional arguments but %u were given",
                    function, min, n_params, n_given);
}

static int missing(struct ev *ev, const char *function, const char *const *params, unsigned min,
                   const struct bound *bound)
{
    BUFFER_AUTO(names);
    unsigned count = 0, told = 0;

    for (unsigned i = 0; i < min; i++)
        count += !value_is_set(bound->args[i]);
    for (unsigned i = 0; i < min; i++) {
        if (value_is_set(bound->args[i]))
            continue;
        if (told)
            buffer_add_text(&names, told + 1 == count ? (count > 2 ? ", and " : " and ") : ", ");
        buffer_addf(&names, "'%s'", params[i]);
        told++;
    }
    return ev_error(ev, "TypeError", "%s() missing %u required positional argument%s: %s", function, count,
                    count == 1 ? "" : "s", names.data);
}

static int bind_named(struct ev *ev, const char *function, const char *const *params, unsigned n_params,
                      unsigned flags, value name, value item, struct bound *ret)
{
    for (unsigned k = 0; k < n_params; k++) {
        if (!value_text_is(name, params[k]))
            continue;
        if (value_is_set(ret->args[k]))
            return ev_error(ev, "TypeError", "%s() got multiple values for argument '%s'", function,
                            params[k]);
        ret->args[k] = item;
        return 0;
    }
    if (!(flags & BUILTIN_KWARGS))
        return ev_error(ev, "TypeError", "%s() got an unexpected keyword argument '%s'", function,
                        value_chars(name));
    if (!value_is_set(ret->named))
        ret->named = value_map_new(4);
    value_map_set(&ret->named, value_ref(name), value_ref(item));
    return 0;
}

int builtin_bind(struct ev *ev, const char *function, const char *const *params, unsigned n_params,
                 unsigned min, unsigned flags, value subject, const struct actuals *actuals,
                 struct bound *ret)
{
    unsigned at = 0, hidden = flags & BUILTIN_HIDDEN ? 1 : 0;

    for (unsigned i = 0; i < n_params; i++)
        ret->args[i] = VALUE_NOTHING;
    if (flags & BUILTIN_VARARGS)
        ret->rest = value_tuple_new(0);
    if (value_is_set(subject) && n_params)
        ret->args[at++] = subject;
    for (unsigned i = 0; actuals && i < actuals->n; i++) {
        if (at < n_params)
            ret->args[at++] = actuals->items[i];
        else if (flags & BUILTIN_VARARGS)
            value_list_append(&ret->rest, value_ref(actuals->items[i]));
        else if (flags & BUILTIN_NATIVE)
            return native_count(ev, function, n_params, min, at + actuals->n - i);
        else
            return too_many(ev, function, n_params + hidden, min + hidden, at + actuals->n - i + hidden);
    }
    for (unsigned i = 0; actuals && i < actuals->n_named; i++)
        if (bind_named(ev, function, params, n_params, flags, actuals->names[i],
                       actuals->items[actuals->n + i], ret) < 0)
            return -1;
    for (unsigned i = 0; i < min; i++)
        if (!value_is_set(ret->args[i]) && flags & BUILTIN_NATIVE && !(actuals && actuals->n_named))
            return native_count(ev, function, n_params, min, at);
        else if (!value_is_set(ret->args[i]))
            return missing(ev, function, params, min, ret);
    return 0;
}

/* ---- running ---- */

int builtin_call(struct ev *ev, const struct builtin *builtin, value subject, const struct actuals *actuals,
                 value *ret)
{
    BOUND_AUTO(bound);

    *ret = VALUE_NOTHING;
    if (ev_pay(ev, 2) < 0)
        return -1;
    if (builtin->fn)
        return fn_run(ev, builtin->fn, subject, actuals, ret);
    if (builtin_bind(ev, builtin->python, builtin->params, builtin->n_params, builtin->min, builtin->flags,
                     subject, actuals, &bound) < 0)
        return -1;
    if (builtin->function(ev, &bound, ret) == 0)
        return 0;
    value_unref(value_take(ret));
    return -1;
}

/* The arguments of a direct call, borrowed but for those that nothing else holds. */
struct direct {
    struct bound bound;
    value held[DIRECT_ARGS_MAX];
    value rest[DIRECT_ARGS_MAX]; /* what goes into the tuple */
    unsigned n_rest;
};

static int direct_bind(struct ev *ev, const struct node_call *call, value subject, struct direct *ret)
{
    const struct builtin *builtin = call->builtin;
    unsigned n = call->arguments.n_args;

    ret->bound.rest = ret->bound.named = VALUE_NOTHING;
    ret->n_rest = 0;
    for (unsigned i = 0; i < builtin->n_params; i++)
        ret->bound.args[i] = VALUE_NOTHING;
    for (unsigned i = 0; i < n; i++)
        ret->held[i] = VALUE_NOTHING;
    ret->bound.args[0] = subject;
    if (ev_pay(ev, 2) < 0)
        return -1;
    for (unsigned i = 0; i < n; i++) {
        value each = ev_peek(ev, call->arguments.args[i], &ret->held[i]);

        if (!value_is_set(each))
            return -1;
        if (i + 1 < builtin->n_params)
            ret->bound.args[i + 1] = each;
        else
            ret->rest[ret->n_rest++] = each;
    }
    ev->at = &call->node;
    return 0;
}

static void direct_release(const struct node_call *call, struct direct *direct)
{
    for (unsigned i = 0; i < call->arguments.n_args; i++)
        value_unref(direct->held[i]);
}

int builtin_call_direct(struct ev *ev, const struct node_call *call, value subject, value *ret)
{
    struct direct direct;
    int r = direct_bind(ev, call, subject, &direct);

    *ret = VALUE_NOTHING;
    if (r == 0 && call->builtin->flags & BUILTIN_VARARGS) {
        direct.bound.rest = value_tuple_new(direct.n_rest);
        for (unsigned i = 0; i < direct.n_rest; i++)
            value_list_append(&direct.bound.rest, value_ref(direct.rest[i]));
    }
    if (r == 0 && call->builtin->function(ev, &direct.bound, ret) < 0) {
        value_unref(value_take(ret));
        r = -1;
    }
    bound_release(&direct.bound);
    direct_release(call, &direct);
    return r;
}

int builtin_print_direct(struct ev *ev, const struct node_call *call, value subject)
{
    struct direct direct;
    int r = direct_bind(ev, call, subject, &direct);
    /* Who prints keeps nothing, so the tuple need not outlive the call. */
    struct value_list rest = { .header = { .refs = VALUE_IMMORTAL, .depth = 1 },
                               .count = direct.n_rest,
                               .items = direct.rest };

    for (unsigned i = 0; i < direct.n_rest; i++)
        if (value_depth(direct.rest[i]) >= rest.header.depth)
            rest.header.depth = value_depth(direct.rest[i]) + 1;
    if (call->builtin->flags & BUILTIN_VARARGS)
        direct.bound.rest = (value){ .kind = VALUE_TUPLE, .list = &rest };
    if (r == 0)
        r = call->builtin->print(ev, &direct.bound, ev->out);
    direct_release(call, &direct);
    return r;
}

/* StackStorm's functions know plain values only: markup becomes text, lazy sequences lists; those are kept in `held`. */
static int plain_argument(struct ev *ev, value *v, value *held)
{
    if (v->kind != VALUE_OBJECT)
        return v->kind >= VALUE_LIST ? ev_pay_tree(ev, *v) : 0;
    if (is_undefined(*v))
        return undefined_raise(ev, *v);
    if (is_object(*v, &markup_ops)) {
        *v = text_of(*v);
        return 0;
    }
    if (!is_iterable(*v))
        return 0;
    if (ev_list(ev, *v, held) < 0)
        return -1;
    *v = *held;
    return ev_pay_tree(ev, *v);
}

int fn_run(struct ev *ev, const struct fn *fn, value subject, const struct actuals *actuals, value *ret)
{
    struct fn_call call = { .limits = &ev->limits };
    value held[FN_ARGS_MAX] = { 0 };
    BOUND_AUTO(bound);
    int r = 0;

    if (builtin_bind(ev, fn->name, fn->args, fn->max_args, fn->min_args, 0, subject, actuals, &bound) < 0 ||
        ev_pay(ev, 8) < 0)
        return -1;
    *ret = VALUE_NOTHING;
    for (unsigned i = 0; i < fn->max_args && r == 0; i++) {
        r = plain_argument(ev, &bound.args[i], &held[i]);
        if (r == 0 && value_is_string(bound.args[i]))
            r = ev_pay(ev, fn_cost(fn, value_len(bound.args[i])));
    }
    if (r == 0)
        r = fn->function(&call, bound.args, ret, ev->err);
    if (r == 0 && value_is_string(*ret)) {
        r = ev_pay(ev, fn_cost(fn, value_len(*ret)));
        if (r < 0)
            value_unref(value_take(ret));
    }
    for (unsigned i = 0; i < FN_ARGS_MAX; i++)
        value_unref(held[i]);
    return r < 0 ? -1 : 0;
}

int test_call(struct ev *ev, const struct builtin *test, value subject, const struct actuals *actuals,
              bool *ret)
{
    VALUE_AUTO(answer);

    if (test->compare && actuals->n == 1 && !actuals->n_named)
        return ev_pay(ev, 1) < 0 ? -1
                                 : ev_compare(ev, (enum compare_operator)(test->compare - 1), subject,
                                              actuals->items[0], ret);
    if (builtin_call(ev, test, subject, actuals, &answer) < 0)
        return -1;
    *ret = value_truth(answer);
    return 0;
}
