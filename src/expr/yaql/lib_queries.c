/* SPDX-License-Identifier: Apache-2.0 */
/* Queries over one sequence: filters, projections, folds, searches. Those that give sequences are lazy. */
#include "expr/yaql/yaql-internal.h"

#define NO_STOP "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
#define NO_SIZE "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize."

/* A lazy sequence over the receiver. */
static int over(struct call *c, const struct lazy_ops *ops, struct lazy **ret)
{
    return lazy_over(c->ev, ops, c->args[0].v, ret);
}

/* The same with a lambda, the second argument. */
static int over_with(struct call *c, const struct lazy_ops *ops, value *ret)
{
    struct lazy *lazy;
    int r = over(c, ops, &lazy);

    if (r < 0)
        return r;
    closure_keep(c->ev, &lazy->f, arg_closure(c, 1));
    *ret = lazy_value(lazy);
    return 0;
}

/* ---- where, select ---- */

static int where_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        value item;
        bool holds;
        int r = cursor_next(ev, &lazy->source, &item);

        if (r != 0)
            return r;
        r = closure_test(ev, &lazy->f, &item, 1, &holds);
        if (r >= 0 && holds) {
            *ret = item;
            return 0;
        }
        value_unref(item);
        if (r < 0)
            return r;
    }
}

static int where(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "filter", .next = where_next };

    return over_with(c, &ops, ret);
}

static int select_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    value item;
    int r = cursor_next(ev, &lazy->source, &item);

    if (r != 0)
        return r;
    r = closure_call(ev, &lazy->f, &item, 1, ret);
    value_unref(item);
    return r;
}

static int select_items(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "map", .next = select_next };

    return over_with(c, &ops, ret);
}

static int select_many_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        value item, inner;
        int r;

        if (lazy->started) {
            r = cursor_next(ev, &lazy->other, ret);
            if (r != YAQL_END)
                return r;
            cursor_close(&lazy->other);
            lazy->started = false;
        }
        r = cursor_next(ev, &lazy->source, &item);
        if (r != 0)
            return r;
        r = closure_call(ev, &lazy->f, &item, 1, &inner);
        value_unref(item);
        if (r < 0)
            return r;
        if (!yaql_is_iterable(inner)) {
            *ret = inner;
            return 0;
        }
        r = cursor_open(ev, inner, &lazy->other);
        value_unref(inner);
        if (r < 0)
            return r;
        lazy->started = true;
    }
}

static int select_many(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = select_many_next };

    return over_with(c, &ops, ret);
}

/* `n` is how many are still to be passed over, `m` how many to give (negative: all). */
static int slice_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    while (lazy->n > 0) {
        value item;
        int r = cursor_next(ev, &lazy->source, &item);

        if (r != 0)
            return r;
        value_unref(item);
        lazy->n--;
    }
    if (lazy->m == 0)
        return YAQL_END;
    if (lazy->m > 0)
        lazy->m--;
    return cursor_next(ev, &lazy->source, ret);
}

static const struct lazy_ops slice_ops = { .name = "itertools.islice", .next = slice_next };

static int skip(struct call *c, value *ret)
{
    struct lazy *lazy;
    int64_t n = arg_int(c, 1, -1);
    int r;

    if (n < 0)
        return yaql_fail(c->ev, "ValueError", NO_SIZE);
    r = over(c, &slice_ops, &lazy);
    if (r < 0)
        return r;
    lazy->n = n;
    lazy->m = -1;
    *ret = lazy_value(lazy);
    return 0;
}

static int limit(struct call *c, value *ret)
{
    struct lazy *lazy;
    int64_t n = arg_int(c, 1, -1);
    int r;

    if (n < 0)
        return yaql_fail(c->ev, "ValueError", "%s", n == -1 ? NO_STOP : NO_SIZE);
    r = over(c, &slice_ops, &lazy);
    if (r < 0)
        return r;
    lazy->m = n;
    *ret = lazy_value(lazy);
    return 0;
}

/* `m`: 0 take while it holds, 1 skip while it holds. */
static int while_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        value item;
        bool holds;
        int r = cursor_next(ev, &lazy->source, &item);

        if (r != 0)
            return r;
        if (lazy->started) {
            *ret = item;
            return 0;
        }
        r = closure_test(ev, &lazy->f, &item, 1, &holds);
        if (r >= 0 && holds != (lazy->m == 1)) {
            lazy->started = lazy->m == 1;
            *ret = item;
            return 0;
        }
        value_unref(item);
        if (r < 0)
            return r;
        if (lazy->m == 0)
            return YAQL_END;
    }
}

static int take_while(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "itertools.takewhile", .next = while_next };

    return over_with(c, &ops, ret);
}

static int skip_while(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "itertools.dropwhile", .next = while_next };
    int r = over_with(c, &ops, ret);

    if (r >= 0)
        ((struct lazy *)ret->object)->m = 1;
    return r;
}

static int distinct_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        VALUE_AUTO(item);
        VALUE_AUTO(key);
        size_t at;
        int r = cursor_next(ev, &lazy->source, &item);

        if (r != 0)
            return r;
        if (closure_given(&lazy->f))
            r = closure_call(ev, &lazy->f, &item, 1, &key);
        else
            key = value_ref(item);
        if (r >= 0)
            r = table_add(ev, &lazy->table, key, &at);
        if (r < 0)
            return r;
        if (r == 0) {
            yaql_object_grow(&lazy->base, sizeof(struct table_entry) + 8);
            r = yaql_check_count(ev, lazy->table.count);
            if (r >= 0)
                *ret = value_take(&item);
            return r;
        }
    }
}

static const struct lazy_ops distinct_ops = { .name = "generator", .next = distinct_next };

static int distinct(struct call *c, value *ret)
{
    return over_with(c, &distinct_ops, ret);
}

/* ---- enumerate, append, concat ---- */

static int enumerate_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    value item;
    int r = cursor_next(ev, &lazy->source, &item);

    if (r != 0)
        return r;
    yaql_charge(ev, 4);
    *ret = value_tuple_new(2);
    value_list_append(ret, value_int(lazy->n++));
    r = yaql_append(ev, ret, item);
    if (r < 0)
        value_unref(value_take(ret));
    return r;
}

static int enumerate(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = enumerate_next };
    struct lazy *lazy;
    int64_t start;
    int r = arg_int_checked(c, 1, 0, &start);

    if (arg_given(c, 1) && value_is_null(c->args[1].v))
        return yaql_fail(c->ev, "TypeError", "'NoneType' object cannot be interpreted as an integer");
    if (r >= 0)
        r = over(c, &ops, &lazy);
    if (r < 0)
        return r;
    lazy->n = start;
    *ret = lazy_value(lazy);
    return 0;
}

static int append(struct call *c, value *ret)
{
    VALUE_AUTO(more);

    more = value_list_new(c->n_rest);
    for (size_t i = 0; i < c->n_rest; i++)
        value_list_append(&more, value_ref(c->rest[i].v));
    return yaql_chain(c->ev, (value[]){ c->args[0].v, more }, 2, ret);
}

static int concat(struct call *c, value *ret)
{
    VALUE_AUTO(parts);

    parts = value_list_new(c->n_rest);
    for (size_t i = 0; i < c->n_rest; i++)
        value_list_append(&parts, value_ref(c->rest[i].v));
    return yaql_chain(c->ev, parts.list->items, c->n_rest, ret);
}

/* ---- any, all, counting and finding ---- */

enum search { SEARCH_FIRST, SEARCH_LAST };

/* The place of the first or last item that equals `what` or fulfils `test`; -1 when there is none. */
static int search(struct call *c, const value *what, const struct closure *test, enum search which,
                  int64_t *ret_at)
{
    CURSOR_AUTO(cursor);
    int64_t at = 0;
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    *ret_at = -1;
    while (r >= 0) {
        value item;
        bool found = false;

        r = cursor_next(c->ev, &cursor, &item);
        if (r != 0)
            break;
        if (what)
            found = yaql_equal(c->ev, item, *what);
        else if (closure_given(test))
            r = closure_test(c->ev, test, &item, 1, &found);
        else
            found = true;
        value_unref(item);
        if (r >= 0 && found) {
            *ret_at = at;
            if (which == SEARCH_FIRST)
                return 0;
        }
        at++;
    }
    return r < 0 ? r : 0;
}

static int any(struct call *c, value *ret)
{
    struct closure test = arg_closure(c, 1);
    int64_t at;
    int r = search(c, NULL, &test, SEARCH_FIRST, &at);

    *ret = value_bool(at >= 0);
    return r;
}

static int all(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    struct closure test = arg_closure(c, 1);
    bool holds = true;
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    while (r >= 0 && holds) {
        value item;

        r = cursor_next(c->ev, &cursor, &item);
        if (r != 0)
            break;
        if (closure_given(&test))
            r = closure_test(c->ev, &test, &item, 1, &holds);
        else
            holds = yaql_truth(item);
        value_unref(item);
    }
    *ret = value_bool(holds);
    return r < 0 ? r : 0;
}

static int index_of(struct call *c, value *ret)
{
    int64_t at;
    int r = search(c, &c->args[1].v, NULL, SEARCH_FIRST, &at);

    *ret = value_int(at);
    return r;
}

static int last_index_of(struct call *c, value *ret)
{
    int64_t at;
    int r = search(c, &c->args[1].v, NULL, SEARCH_LAST, &at);

    *ret = value_int(at);
    return r;
}

static int index_where(struct call *c, value *ret)
{
    struct closure test = arg_closure(c, 1);
    int64_t at;
    int r = search(c, NULL, &test, SEARCH_FIRST, &at);

    *ret = value_int(at);
    return r;
}

static int last_index_where(struct call *c, value *ret)
{
    struct closure test = arg_closure(c, 1);
    int64_t at;
    int r = search(c, NULL, &test, SEARCH_LAST, &at);

    *ret = value_int(at);
    return r;
}

static int count(struct call *c, value *ret)
{
    struct closure none = { 0 };
    int64_t at;
    int r = search(c, NULL, &none, SEARCH_LAST, &at);

    *ret = value_int(at + 1);
    return r;
}

static int first(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    if (r >= 0)
        r = cursor_next(c->ev, &cursor, ret);
    if (r != YAQL_END)
        return r;
    if (!arg_given(c, 1))
        return yaql_fail(c->ev, "StopIteration", "%s", "");
    *ret = value_ref(c->args[1].v);
    return 0;
}

static int single(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(item);
    VALUE_AUTO(second);
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    if (r >= 0)
        r = cursor_next(c->ev, &cursor, &item);
    if (r == YAQL_END)
        return yaql_fail(c->ev, "StopIteration", "%s", "");
    if (r < 0)
        return r;
    r = cursor_next(c->ev, &cursor, &second);
    if (r == 0)
        return yaql_fail(c->ev, "StopIteration", "Collection contains more than one item");
    if (r < 0)
        return r;
    *ret = value_take(&item);
    return 0;
}

static int last(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(item);
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    while (r == 0) {
        value next;

        r = cursor_next(c->ev, &cursor, &next);
        if (r == 0)
            value_replace(&item, next);
    }
    if (r < 0)
        return r;
    if (!value_is_set(item) && !arg_given(c, 1))
        return yaql_fail(c->ev, "StopIteration", "%s", "");
    *ret = value_is_set(item) ? value_take(&item) : value_ref(c->args[1].v);
    return 0;
}

/* ---- folds ---- */

/* One step: *acc and item to a new *acc. */
typedef int (*fold_step)(struct call *c, value *acc, value item);

static int fold(struct call *c, fold_step step, value seed, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(acc);
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    acc = value_ref(seed);
    while (r >= 0) {
        value item;

        r = cursor_next(c->ev, &cursor, &item);
        if (r != 0)
            break;
        if (!value_is_set(acc)) {
            acc = item;
            continue;
        }
        r = step(c, &acc, item);
        value_unref(item);
    }
    if (r < 0)
        return r;
    if (!value_is_set(acc))
        return yaql_fail(c->ev, "TypeError", "reduce() of empty iterable with no initial value");
    *ret = value_take(&acc);
    return 0;
}

static int step_add(struct call *c, value *acc, value item)
{
    value sum;
    int r = yaql_binary(c->ev, c->frame, OP_ADD, *acc, item, &sum);

    if (r >= 0)
        value_replace(acc, sum);
    return r;
}

static int step_pick(struct call *c, value *acc, value item, bool larger)
{
    value greater;
    int r = yaql_binary(c->ev, c->frame, OP_GREATER, item, *acc, &greater);

    if (r < 0)
        return r;
    if (yaql_truth(greater) == larger)
        value_replace(acc, value_ref(item));
    value_unref(greater);
    return 0;
}

static int step_max(struct call *c, value *acc, value item)
{
    return step_pick(c, acc, item, true);
}

static int step_min(struct call *c, value *acc, value item)
{
    return step_pick(c, acc, item, false);
}

static int step_lambda(struct call *c, value *acc, value item)
{
    struct closure selector = arg_closure(c, 1);
    value out;
    int r = closure_call(c->ev, &selector, (value[]){ *acc, item }, 2, &out);

    if (r >= 0)
        value_replace(acc, out);
    return r;
}

static int sum(struct call *c, value *ret)
{
    return fold(c, step_add, c->args[1].v, ret);
}

static int max_of(struct call *c, value *ret)
{
    return fold(c, step_max, c->args[1].v, ret);
}

static int min_of(struct call *c, value *ret)
{
    return fold(c, step_min, c->args[1].v, ret);
}

static int aggregate(struct call *c, value *ret)
{
    return fold(c, step_lambda, c->args[2].v, ret);
}

/* `v` is the total so far. */
static int accumulate_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    value item, total;
    int r;

    if (!lazy->started && value_is_set(lazy->v)) {
        lazy->started = true;
        *ret = value_ref(lazy->v);
        return 0;
    }
    r = cursor_next(ev, &lazy->source, &item);
    if (r == YAQL_END && !lazy->started)
        return yaql_fail(ev, "TypeError", "accumulate() of empty sequence with no initial value");
    if (r != 0)
        return r;
    if (!lazy->started) {
        lazy->started = true;
        total = item;
    } else {
        r = closure_call(ev, &lazy->f, (value[]){ lazy->v, item }, 2, &total);
        value_unref(item);
        if (r < 0)
            return r;
    }
    value_replace(&lazy->v, total);
    *ret = value_ref(total);
    return 0;
}

static int accumulate(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = accumulate_next };
    int r = over_with(c, &ops, ret);

    if (r >= 0)
        ((struct lazy *)ret->object)->v = value_ref(c->args[2].v);
    return r;
}

/* ---- the rest ---- */

static int reverse(struct call *c, value *ret)
{
    value list;
    int r = yaql_to_list(c->ev, c->args[0].v, &list);

    if (r < 0)
        return r;
    value_list_reverse(&list);
    *ret = lazy_of_list(c->ev, list, "reversed");
    return 0;
}

static int memorize(struct call *c, value *ret)
{
    return yaql_memorize(c->ev, c->args[0].v, ret);
}

static int is_iterable(struct call *c, value *ret)
{
    *ret = value_bool(yaql_is_iterable(c->args[0].v));
    return 0;
}

static int default_if_empty(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(again);
    VALUE_AUTO(item);
    int r = yaql_memorize(c->ev, c->args[0].v, &again);

    if (r >= 0)
        r = cursor_open(c->ev, again, &cursor);
    if (r >= 0)
        r = cursor_next(c->ev, &cursor, &item);
    if (r < 0)
        return r;
    *ret = r == YAQL_END ? value_ref(c->args[1].v) : value_take(&again);
    return 0;
}

#define SOURCE                   \
    {                            \
        "collection", T_ITERABLE \
    }
#define WITH_PREDICATE PARAMS(SOURCE, { "predicate", T_LAMBDA })
#define WITH_SELECTOR  PARAMS(SOURCE, { "selector", T_LAMBDA })
#define MAY_PREDICATE  PARAMS(SOURCE, { "predicate", T_LAMBDA, OPTIONAL })
#define WITH_COUNT     PARAMS(SOURCE, { "count", T_INT })
#define MAY_INITIAL    PARAMS(SOURCE, { "initial", T_ANY, OPTIONAL })
#define MAY_DEFAULT    PARAMS(SOURCE, { "default", T_ANY, OPTIONAL })
#define WITH_ITEM      PARAMS(SOURCE, { "item", T_ANY })
#define SELECTOR_SEED  PARAMS(SOURCE, { "selector", T_LAMBDA }, { "seed", T_ANY, OPTIONAL })

const struct function yaql_queries[] = {
    { "where", METHOD, where, WITH_PREDICATE },
    { "filter", METHOD, where, WITH_PREDICATE },
    { "select", METHOD, select_items, WITH_SELECTOR },
    { "map", METHOD, select_items, WITH_SELECTOR },
    { "selectMany", METHOD, select_many, WITH_SELECTOR },
    { "skip", METHOD, skip, WITH_COUNT },
    { "limit", METHOD, limit, WITH_COUNT },
    { "take", METHOD, limit, WITH_COUNT },
    { "takeWhile", METHOD, take_while, WITH_PREDICATE },
    { "skipWhile", METHOD, skip_while, WITH_PREDICATE },
    { "distinct", EXTENSION, distinct, PARAMS(SOURCE, { "keySelector", T_LAMBDA, OPTIONAL }) },
    { "enumerate", EXTENSION, enumerate, PARAMS(SOURCE, { "start", T_INT_N, OPTIONAL }) },
    { "append", EXTENSION | REST, append, PARAMS(SOURCE), .rest = T_ANY },
    { "concat", EXTENSION | REST, concat, .rest = T_ITERABLE },
    { "any", EXTENSION, any, MAY_PREDICATE },
    { "all", EXTENSION, all, MAY_PREDICATE },
    { "indexOf", METHOD, index_of, WITH_ITEM },
    { "lastIndexOf", METHOD, last_index_of, WITH_ITEM },
    { "indexWhere", METHOD, index_where, WITH_PREDICATE },
    { "lastIndexWhere", METHOD, last_index_where, WITH_PREDICATE },
    { "len", EXTENSION, count, PARAMS({ "collection", T_ITERATOR }) },
    { "count", METHOD, count, PARAMS(SOURCE) },
    { "first", METHOD, first, MAY_DEFAULT },
    { "last", METHOD, last, MAY_DEFAULT },
    { "single", METHOD, single, PARAMS(SOURCE) },
    { "sum", METHOD, sum, MAY_INITIAL },
    { "max", METHOD, max_of, MAY_INITIAL },
    { "min", METHOD, min_of, MAY_INITIAL },
    { "aggregate", METHOD, aggregate, SELECTOR_SEED },
    { "reduce", METHOD, aggregate, SELECTOR_SEED },
    { "accumulate", METHOD, accumulate, SELECTOR_SEED },
    { "reverse", METHOD, reverse, PARAMS(SOURCE) },
    { "memorize", METHOD, memorize, PARAMS(SOURCE) },
    { "isIterable", FUNCTION, is_iterable, PARAMS({ "value", T_ANY }) },
    { "defaultIfEmpty", METHOD, default_if_empty, PARAMS(SOURCE, { "default", T_ITERABLE }) },
    { 0 },
};
