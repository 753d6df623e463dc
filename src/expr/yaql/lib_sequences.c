/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences out of numbers, of several sequences, and cut into parts. */
#include "expr/yaql/yaql-internal.h"

/* ---- range, sequence, repeat, cycle ---- */

/* From `i` by steps of `m`, up to `n` unless it never ends (`started`). */
static int range_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    int64_t at = lazy->i;

    if (!lazy->started && (lazy->m > 0 ? at >= lazy->n : at <= lazy->n))
        return YAQL_END;
    *ret = value_int(at);
    if (__builtin_add_overflow(at, lazy->m, &lazy->i)) {
        if (lazy->started)
            return yaql_fail(ev, "OverflowError", "Python int too large to convert to C ssize_t");
        lazy->n = lazy->m > 0 ? INT64_MIN : INT64_MAX;
        lazy->i = 0;
    }
    return 0;
}

static int range_new(struct call *c, int64_t from, int64_t to, int64_t step, value *ret)
{
    static const struct lazy_ops ops = { .name = "range_iterator", .next = range_next };
    struct lazy *lazy;

    if (!step)
        return yaql_fail(c->ev, "ValueError", "range() arg 3 must not be zero");
    lazy = lazy_new(c->ev, &ops);
    lazy->i = from;
    lazy->n = to;
    lazy->m = step;
    *ret = lazy_value(lazy);
    return 0;
}

static int range_to(struct call *c, value *ret)
{
    int64_t to;
    int r = arg_int_checked(c, 0, 0, &to);

    return r < 0 ? r : range_new(c, 0, to, 1, ret);
}

static int range_from(struct call *c, value *ret)
{
    int64_t from, to, step;
    int r = arg_int_checked(c, 0, 0, &from);

    if (r >= 0)
        r = arg_int_checked(c, 1, 0, &to);
    if (r >= 0)
        r = arg_int_checked(c, 2, 1, &step);
    return r < 0 ? r : range_new(c, from, to, step, ret);
}

static int sequence(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "itertools.count", .next = range_next };
    struct lazy *lazy;
    int64_t from, step;
    int r = arg_int_checked(c, 0, 0, &from);

    if (r >= 0)
        r = arg_int_checked(c, 1, 1, &step);
    if (r < 0)
        return r;
    lazy = lazy_new(c->ev, &ops);
    lazy->i = from;
    lazy->m = step;
    lazy->started = true;
    *ret = lazy_value(lazy);
    return 0;
}

/* `n` more of `v`; negative: for ever. */
static int repeat_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    if (lazy->n == 0)
        return YAQL_END;
    if (lazy->n > 0)
        lazy->n--;
    *ret = value_ref(lazy->v);
    return 0;
}

static int repeat(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "itertools.repeat", .next = repeat_next };
    struct lazy *lazy;
    int64_t times;
    int r = arg_int_checked(c, 1, -1, &times);

    if (r < 0)
        return r;
    lazy = lazy_new(c->ev, &ops);
    lazy->v = value_ref(c->args[0].v);
    lazy->n = times;
    *ret = lazy_value(lazy);
    return 0;
}

/* The source once, kept in `v`, then `v` over and over. */
static int cycle_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    int r;

    if (!lazy->started) {
        r = cursor_next(ev, &lazy->source, ret);
        if (r == 0) {
            r = yaql_append(ev, &lazy->v, value_ref(*ret));
            if (r < 0)
                value_unref(value_take(ret));
            return r;
        }
        if (r < 0)
            return r;
        lazy->started = true;
    }
    if (!value_list_count(lazy->v))
        return YAQL_END;
    *ret = value_ref(value_list_at(lazy->v, (size_t)(lazy->i++) % value_list_count(lazy->v)));
    return 0;
}

static int cycle(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "itertools.cycle", .next = cycle_next };
    struct lazy *lazy;
    int r = lazy_over(c->ev, &ops, c->args[0].v, &lazy);

    if (r < 0)
        return r;
    lazy->v = value_list_new(0);
    *ret = lazy_value(lazy);
    return 0;
}

/* ---- zip, join ---- */

/* One item of each source; `v` stands for those that have ended, unless it is not set. */
static int zip_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    VALUE_AUTO(row);
    bool any = false;

    if (!lazy->n_cursors)
        return YAQL_END;
    yaql_charge(ev, 4);
    row = value_list_new(lazy->n_cursors);
    for (size_t i = 0; i < lazy->n_cursors; i++) {
        value item = VALUE_NOTHING;
        int r = cursor_next(ev, &lazy->cursors[i], &item);

        if (r == YAQL_END && !value_is_set(lazy->v))
            return r;
        if (r < 0)
            return r;
        any |= r == 0;
        r = yaql_append(ev, &row, r == YAQL_END ? value_ref(lazy->v) : item);
        if (r < 0)
            return r;
    }
    if (!any)
        return YAQL_END;
    *ret = value_take(&row);
    return 0;
}

static int zip_new(struct call *c, const struct lazy_ops *ops, value *ret)
{
    struct lazy *lazy = lazy_new(c->ev, ops);

    for (size_t i = 0; i < c->n_rest; i++) {
        int r = lazy_add_source(c->ev, lazy, c->rest[i].v);

        if (r < 0) {
            value_unref(lazy_value(lazy));
            return r;
        }
    }
    *ret = lazy_value(lazy);
    return 0;
}

static int zip(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "zip", .next = zip_next };

    return zip_new(c, &ops, ret);
}

static int zip_longest(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "itertools.zip_longest", .next = zip_next };
    value pad = value_null();
    int r = zip_new(c, &ops, ret);

    for (size_t i = 0; i < c->n_named; i++)
        if (value_text_is(c->named[i].text, "default"))
            pad = c->named[i].arg.v;
    if (r >= 0)
        ((struct lazy *)ret->object)->v = value_ref(pad);
    return r;
}

/* Every item of the source (`v`) with every item of the other (`w`, memorized). */
static int join_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        value other;
        bool holds;
        int r;

        if (!lazy->started) {
            value item;

            r = cursor_next(ev, &lazy->source, &item);
            if (r != 0)
                return r;
            value_replace(&lazy->v, item);
            cursor_close(&lazy->other);
            r = cursor_open(ev, lazy->w, &lazy->other);
            if (r < 0)
                return r;
            lazy->started = true;
        }
        r = cursor_next(ev, &lazy->other, &other);
        if (r == YAQL_END) {
            lazy->started = false;
            continue;
        }
        if (r < 0)
            return r;
        r = closure_test(ev, &lazy->f, (value[]){ lazy->v, other }, 2, &holds);
        if (r >= 0 && holds)
            r = closure_call(ev, &lazy->g, (value[]){ lazy->v, other }, 2, ret);
        value_unref(other);
        if (r < 0 || holds)
            return r;
    }
}

static int join(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = join_next };
    struct lazy *lazy;
    int r = lazy_over(c->ev, &ops, c->args[0].v, &lazy);

    if (r < 0)
        return r;
    closure_keep(c->ev, &lazy->f, arg_closure(c, 2));
    closure_keep(c->ev, &lazy->g, arg_closure(c, 3));
    *ret = lazy_value(lazy);
    r = yaql_memorize(c->ev, c->args[1].v, &lazy->w);
    if (r < 0)
        value_unref(value_take(ret));
    return r;
}

/* ---- cutting ---- */

static int parts_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    VALUE_AUTO(part);

    if (lazy->n < 0)
        return yaql_fail(ev, "ValueError",
                         "%s for islice() must be None or an integer: 0 <= x <= sys.maxsize.",
                         lazy->n == -1 ? "Stop argument" : "Indices");
    yaql_charge(ev, 4);
    part = value_list_new(0);
    while ((int64_t)value_list_count(part) < lazy->n) {
        value item;
        int r = cursor_next(ev, &lazy->source, &item);

        if (r == YAQL_END)
            break;
        if (r >= 0)
            r = yaql_append(ev, &part, item);
        if (r < 0)
            return r;
    }
    if (!value_list_count(part))
        return YAQL_END;
    *ret = value_take(&part);
    return 0;
}

static int slice(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = parts_next };
    struct lazy *lazy;
    int r = lazy_over(c->ev, &ops, c->args[0].v, &lazy);

    if (r < 0)
        return r;
    lazy->n = arg_int(c, 1, -1);
    *ret = lazy_value(lazy);
    return 0;
}

/* The whole source into `v`, on the first item. */
static int read_all(struct evaluation *ev, struct lazy *lazy)
{
    if (value_is_set(lazy->v))
        return 0;
    return yaql_to_list(ev, lazy->source.source, &lazy->v);
}

/* `n` is where the part being read starts, `i` the item looked at. */
static int split_where_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    int64_t count;
    int r = read_all(ev, lazy);

    if (r < 0)
        return r;
    count = (int64_t)value_list_count(lazy->v);
    while (lazy->i < count) {
        value item = value_list_at(lazy->v, (size_t)lazy->i);
        bool holds;

        r = closure_test(ev, &lazy->f, &item, 1, &holds);
        if (r < 0)
            return r;
        lazy->i++;
        if (holds) {
            *ret = value_list_slice(lazy->v, (size_t)lazy->n, (size_t)lazy->i - 1);
            lazy->n = lazy->i;
            return 0;
        }
    }
    if (lazy->n == count)
        return YAQL_END;
    *ret = value_list_slice(lazy->v, (size_t)lazy->n, (size_t)count);
    lazy->n = count;
    return 0;
}

/* The same, `w` is what the predicate said of the item before. */
static int slice_where_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    int64_t count, from = lazy->n;
    int r = read_all(ev, lazy);

    if (r < 0)
        return r;
    count = (int64_t)value_list_count(lazy->v);
    while (lazy->i < count) {
        value item = value_list_at(lazy->v, (size_t)lazy->i), said;
        bool cut;

        r = closure_call(ev, &lazy->f, &item, 1, &said);
        if (r < 0)
            return r;
        cut = value_is_set(lazy->w) && !yaql_equal(ev, said, lazy->w);
        value_replace(&lazy->w, said);
        lazy->i++;
        if (cut) {
            lazy->n = lazy->i - 1;
            *ret = value_list_slice(lazy->v, (size_t)from, (size_t)lazy->n);
            return 0;
        }
    }
    if (from == count)
        return YAQL_END;
    lazy->n = count;
    *ret = value_list_slice(lazy->v, (size_t)from, (size_t)count);
    return 0;
}

static int cut_by(struct call *c, const struct lazy_ops *ops, value *ret)
{
    struct lazy *lazy;
    int r = lazy_over(c->ev, ops, c->args[0].v, &lazy);

    if (r < 0)
        return r;
    closure_keep(c->ev, &lazy->f, arg_closure(c, 1));
    *ret = lazy_value(lazy);
    return 0;
}

static int split_where(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = split_where_next };

    return cut_by(c, &ops, ret);
}

static int slice_where(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = slice_where_next };

    return cut_by(c, &ops, ret);
}

static int split_at(struct call *c, value *ret)
{
    VALUE_AUTO(list);
    int64_t at = arg_int(c, 1, 0), count;
    int r = yaql_to_list(c->ev, c->args[0].v, &list);

    if (r < 0)
        return r;
    count = (int64_t)value_list_count(list);
    at = at < 0 ? at + count : at;
    at = at < 0 ? 0 : at > count ? count : at;
    *ret = value_tuple_new(2);
    value_list_append(ret, value_list_slice(list, 0, (size_t)at));
    value_list_append(ret, value_list_slice(list, (size_t)at, (size_t)count));
    return 0;
}

/* ---- generate ---- */

/* Is this the first time that `item` comes? Without decycling it always is. */
static int is_new(struct evaluation *ev, struct lazy *lazy, value item, bool *ret)
{
    size_t at;
    int r;

    *ret = true;
    if (!lazy->m)
        return 0;
    r = table_add(ev, &lazy->table, item, &at);
    *ret = r == 0;
    yaql_object_grow(&lazy->base, sizeof(struct table_entry) + 8);
    return r < 0 ? r : yaql_check_count(ev, lazy->table.count);
}

/* f: predicate, g: producer, h: selector; `v` is the current one, `m` decycle. */
static int generate_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    bool goes_on;
    int r;

    if (lazy->started) {
        value next;

        r = closure_call(ev, &lazy->g, &lazy->v, 1, &next);
        if (r < 0)
            return r;
        value_replace(&lazy->v, next);
    }
    lazy->started = true;
    r = closure_test(ev, &lazy->f, &lazy->v, 1, &goes_on);
    if (r >= 0 && goes_on)
        r = is_new(ev, lazy, lazy->v, &goes_on);
    if (r < 0 || !goes_on)
        return r < 0 ? r : YAQL_END;
    if (closure_given(&lazy->h))
        return closure_call(ev, &lazy->h, &lazy->v, 1, ret);
    *ret = value_ref(lazy->v);
    return 0;
}

static int generate(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = generate_next };
    struct lazy *lazy = lazy_new(c->ev, &ops);

    lazy->v = value_ref(c->args[0].v);
    closure_keep(c->ev, &lazy->f, arg_closure(c, 1));
    closure_keep(c->ev, &lazy->g, arg_closure(c, 2));
    closure_keep(c->ev, &lazy->h, arg_closure(c, 3));
    lazy->m = arg_bool(c, 4);
    *ret = lazy_value(lazy);
    return 0;
}

/* Puts what was produced into the queue `v`: behind the others (read from place `i`), or with depth first (`n`) on top of
   them, which is the end. */
static int enqueue(struct evaluation *ev, struct lazy *lazy, value produced)
{
    VALUE_AUTO(list);
    int r;

    if (!yaql_is_iterable(produced))
        return yaql_fail(ev, "TypeError", "'%s' object is not iterable", yaql_type_name(produced));
    r = yaql_to_list(ev, produced, &list);
    if (r < 0)
        return r;
    if (lazy->n)
        value_list_reverse(&list);
    value_list_extend(&lazy->v, list);
    return yaql_check_count(ev, value_list_count(lazy->v));
}

static value dequeue(struct lazy *lazy)
{
    size_t count = value_list_count(lazy->v);
    value item;

    if (lazy->n) {
        item = value_ref(value_list_at(lazy->v, count - 1));
        value_list_remove(&lazy->v, count - 1);
    } else {
        item = value_ref(value_list_at(lazy->v, (size_t)lazy->i++));
    }
    return item;
}

/* f: producer, h: selector; `w` is the item whose successors are still to be produced. */
static int generate_many_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    int r;

    if (value_is_set(lazy->w)) {
        VALUE_AUTO(produced);

        r = closure_call(ev, &lazy->f, &lazy->w, 1, &produced);
        value_replace(&lazy->w, VALUE_NOTHING);
        if (r >= 0)
            r = enqueue(ev, lazy, produced);
        if (r < 0)
            return r;
    }
    while ((size_t)lazy->i < value_list_count(lazy->v)) {
        value item = dequeue(lazy);
        bool first;

        r = is_new(ev, lazy, item, &first);
        if (r < 0 || !first) {
            value_unref(item);
            if (r < 0)
                return r;
            continue;
        }
        lazy->w = item;
        if (closure_given(&lazy->h))
            return closure_call(ev, &lazy->h, &lazy->w, 1, ret);
        *ret = value_ref(item);
        return 0;
    }
    return YAQL_END;
}

static int generate_many(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = generate_many_next };
    struct lazy *lazy = lazy_new(c->ev, &ops);

    lazy->v = value_list_new(1);
    value_list_append(&lazy->v, value_ref(c->args[0].v));
    closure_keep(c->ev, &lazy->f, arg_closure(c, 1));
    closure_keep(c->ev, &lazy->h, arg_closure(c, 2));
    lazy->m = arg_bool(c, 3);
    lazy->n = arg_bool(c, 4);
    *ret = lazy_value(lazy);
    return 0;
}

/* ---- memorize ---- */

/* The next of what `memory` remembers, at *at. */
static int remember(struct evaluation *ev, struct lazy *memory, int64_t *at, value *ret)
{
    if ((size_t)*at >= value_list_count(memory->v)) {
        value item;
        int r = cursor_next(ev, &memory->source, &item);

        if (r == 0)
            r = yaql_append(ev, &memory->v, item);
        if (r != 0)
            return r;
    }
    *ret = value_ref(value_list_at(memory->v, (size_t)(*at)++));
    return 0;
}

static int memory_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    return remember(ev, lazy, &lazy->i, ret);
}

/* `w` is the memory. */
static int walk_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    return remember(ev, (struct lazy *)lazy->w.object, &lazy->i, ret);
}

static int memory_walk(struct evaluation *ev, struct lazy *memory, value *ret)
{
    static const struct lazy_ops ops = { .name = "RememberingIterator", .next = walk_next };
    struct lazy *lazy = lazy_new(ev, &ops);

    lazy->w = value_ref(lazy_value(memory));
    *ret = lazy_value(lazy);
    return 0;
}

int yaql_memorize(struct evaluation *ev, value iterable, value *ret)
{
    static const struct lazy_ops ops = { .name = "RememberingIterator",
                                         .next = memory_next,
                                         .iterate = memory_walk };
    struct lazy *lazy;
    int r;

    if (!yaql_is_iterator(iterable)) {
        *ret = value_ref(iterable);
        return 0;
    }
    r = lazy_over(ev, &ops, iterable, &lazy);
    if (r < 0)
        return r;
    lazy->v = value_list_new(0);
    *ret = lazy_value(lazy);
    return 0;
}

#define SOURCE                   \
    {                            \
        "collection", T_ITERABLE \
    }

const struct function yaql_sequences[] = {
    { "range", FUNCTION, range_to, PARAMS({ "stop", T_INT }) },
    { "range", FUNCTION, range_from,
      PARAMS({ "start", T_INT }, { "stop", T_INT }, { "step", T_INT, OPTIONAL }) },
    { "sequence", FUNCTION, sequence, PARAMS({ "start", T_INT, OPTIONAL }, { "step", T_INT, OPTIONAL }) },
    { "repeat", METHOD, repeat, PARAMS({ "value", T_ANY }, { "times", T_INT, OPTIONAL }) },
    { "cycle", METHOD, cycle, PARAMS(SOURCE) },
    { "zip", METHOD | REST, zip, .rest = T_ITERABLE },
    { "zipLongest", METHOD | REST | NAMED_REST, zip_longest, .rest = T_ITERABLE },
    { "join", METHOD, join,
      PARAMS({ "collection1", T_ITERABLE }, { "collection2", T_ITERABLE }, { "predicate", T_LAMBDA },
             { "selector", T_LAMBDA }) },
    { "slice", METHOD, slice, PARAMS(SOURCE, { "length", T_INT }) },
    { "splitWhere", METHOD, split_where, PARAMS(SOURCE, { "predicate", T_LAMBDA }) },
    { "sliceWhere", METHOD, slice_where, PARAMS(SOURCE, { "predicate", T_LAMBDA }) },
    { "splitAt", METHOD, split_at, PARAMS(SOURCE, { "index", T_INT }) },
    { "generate", FUNCTION, generate,
      PARAMS({ "initial", T_ANY }, { "predicate", T_LAMBDA }, { "producer", T_LAMBDA },
             { "selector", T_LAMBDA, OPTIONAL }, { "decycle", T_BOOL, OPTIONAL }) },
    { "generateMany", FUNCTION, generate_many,
      PARAMS({ "initial", T_ANY }, { "producer", T_LAMBDA }, { "selector", T_LAMBDA, OPTIONAL },
             { "decycle", T_BOOL, OPTIONAL }, { "depthFirst", T_BOOL, OPTIONAL }) },
    { 0 },
};
