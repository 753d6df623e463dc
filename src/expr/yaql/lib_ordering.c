/* SPDX-License-Identifier: Apache-2.0 */
/* orderBy with thenBy, groupBy, and the merging of maps. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>

/* ---- orderBy ---- */

/* One criterion; the newest first. `n`: descending, `f`: the selector, `v`: the ordering this one refines, `w`: the sorted
   items once they are known. The first criterion has the source. */
static int ordering_iterate(struct evaluation *ev, struct lazy *lazy, value *ret);

static const struct lazy_ops ordering_ops = { .name = "yaql.standard_library.queries.OrderingIterable",
                                              .iterate = ordering_iterate };

bool yaql_is_ordering(value v)
{
    return value_is_object(v, &yaql_lazy_ops) && ((struct lazy *)v.object)->ops == &ordering_ops;
}

#define CRITERIA_MAX 32

struct sort {
    struct evaluation *ev;
    struct lazy *criteria[CRITERIA_MAX]; /* the first one first */
    size_t n_criteria;
    value *keys; /* n_criteria for each item, VALUE_UNSET until asked for */
    value *items;
    size_t n_items;
    struct error *err;
};

static int sort_key(struct sort *sort, size_t item, size_t criterion, value *ret)
{
    value *key = &sort->keys[item * sort->n_criteria + criterion];
    int r;

    if (!value_is_set(*key)) {
        r = closure_call(sort->ev, &sort->criteria[criterion]->f, &sort->items[item], 1, key);
        if (r < 0)
            return r;
    }
    *ret = *key;
    return 0;
}

static int is_before(struct sort *sort, enum yaql_operator op, value a, value b, bool *ret)
{
    value v;
    int r = yaql_binary(sort->ev, NULL, op, a, b, &v);

    if (r < 0)
        return r;
    *ret = yaql_truth(v);
    value_unref(v);
    return 0;
}

static int sort_compare(struct sort *sort, size_t a, size_t b, int *ret)
{
    *ret = 0;
    for (size_t i = 0; i < sort->n_criteria && *ret == 0; i++) {
        value left, right;
        bool holds;
        int r = sort_key(sort, a, i, &left);

        if (r >= 0)
            r = sort_key(sort, b, i, &right);
        if (r >= 0)
            r = is_before(sort, OP_LESS, left, right, &holds);
        if (r >= 0 && holds) {
            *ret = -1;
        } else if (r >= 0) {
            r = is_before(sort, OP_GREATER, left, right, &holds);
            *ret = holds;
        }
        if (r < 0)
            return r;
        if (sort->criteria[i]->n)
            *ret = -*ret;
    }
    return yaql_step(sort->ev);
}

/* Merge sort of places: stable, and it can fail in the middle. */
static int sort_places(struct sort *sort, uint32_t *places, uint32_t *room, size_t n)
{
    size_t half = n / 2, a = 0, b = half, at = 0;
    int order, r;

    if (n < 2)
        return 0;
    r = sort_places(sort, places, room, half);
    if (r >= 0)
        r = sort_places(sort, places + half, room, n - half);
    if (r < 0)
        return r;
    while (a < half && b < n) {
        r = sort_compare(sort, places[b], places[a], &order);
        if (r < 0)
            return r;
        room[at++] = order < 0 ? places[b++] : places[a++];
    }
    while (a < half)
        room[at++] = places[a++];
    while (b < n)
        room[at++] = places[b++];
    memcpy(places, room, n * sizeof(*places));
    return 0;
}

static int sort_items(struct sort *sort, value *ret)
{
    uint32_t *places = xreallocarray(NULL, sort->n_items * 2 + 1, sizeof(*places));
    int r;

    for (size_t i = 0; i < sort->n_items; i++)
        places[i] = (uint32_t)i;
    sort->keys = xcalloc(sort->n_items * sort->n_criteria + 1, sizeof(value));
    r = sort_places(sort, places, places + sort->n_items, sort->n_items);
    if (r >= 0) {
        *ret = value_list_new(sort->n_items);
        for (size_t i = 0; i < sort->n_items; i++)
            value_list_append(ret, value_ref(sort->items[places[i]]));
    }
    for (size_t i = 0; i < sort->n_items * sort->n_criteria; i++)
        value_unref(sort->keys[i]);
    free(sort->keys);
    free(places);
    return r;
}

static int ordering_sort(struct evaluation *ev, struct lazy *lazy)
{
    struct sort sort = { .ev = ev };
    VALUE_AUTO(list);
    int r;

    for (struct lazy *at = lazy; at && sort.n_criteria < CRITERIA_MAX; at = (struct lazy *)at->v.object) {
        sort.criteria[sort.n_criteria++] = at;
        if (!value_is_set(at->v))
            break;
    }
    for (size_t i = 0; i < sort.n_criteria / 2; i++) {
        struct lazy *swap = sort.criteria[i];

        sort.criteria[i] = sort.criteria[sort.n_criteria - 1 - i];
        sort.criteria[sort.n_criteria - 1 - i] = swap;
    }
    r = yaql_to_list(ev, sort.criteria[0]->w, &list);
    if (r < 0)
        return r;
    value_replace(&sort.criteria[0]->w, value_ref(list)); /* a single pass source is read once */
    sort.items = list.list->items;
    sort.n_items = value_list_count(list);
    return sort_items(&sort, &lazy->other.source);
}

/* `w` is the ordering: it is sorted when its first item is asked for. */
static int ordered_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    if (!lazy->started) {
        struct lazy *ordering = (struct lazy *)lazy->w.object;
        int r = value_is_set(ordering->other.source) ? 0 : ordering_sort(ev, ordering);

        if (r < 0)
            return r;
        lazy->source.source = value_ref(ordering->other.source);
        lazy->started = true;
    }
    return cursor_next(ev, &lazy->source, ret);
}

static int ordering_iterate(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    static const struct lazy_ops ops = { .name = "list_iterator", .next = ordered_next };
    struct lazy *walk = lazy_new(ev, &ops);

    walk->w = value_ref(lazy_value(lazy));
    *ret = lazy_value(walk);
    return 0;
}

static int order(struct call *c, bool descending, value *ret)
{
    struct lazy *lazy = lazy_new(c->ev, &ordering_ops);

    lazy->w = value_ref(c->args[0].v);
    lazy->n = descending;
    closure_keep(c->ev, &lazy->f, arg_closure(c, 1));
    *ret = lazy_value(lazy);
    return 0;
}

static int order_by(struct call *c, value *ret)
{
    return order(c, false, ret);
}

static int order_by_descending(struct call *c, value *ret)
{
    return order(c, true, ret);
}

static int then(struct call *c, bool descending, value *ret)
{
    struct lazy *lazy = lazy_new(c->ev, &ordering_ops), *at = lazy;
    size_t n = 1;

    lazy->v = value_ref(c->args[0].v);
    lazy->n = descending;
    closure_keep(c->ev, &lazy->f, arg_closure(c, 1));
    *ret = lazy_value(lazy);
    while (value_is_set(at->v)) {
        at = (struct lazy *)at->v.object;
        n++;
    }
    if (n <= CRITERIA_MAX)
        return 0;
    value_unref(value_take(ret));
    return limit_exceeded(c->ev->err, LIMIT_ARGUMENTS, CRITERIA_MAX);
}

static int then_by(struct call *c, value *ret)
{
    return then(c, false, ret);
}

static int then_by_descending(struct call *c, value *ret)
{
    return then(c, true, ret);
}

/* ---- groupBy ---- */

/* Groups are in `table` (keys) and `v` (a list of their values); `i` is the next one, `f` the aggregator, `m` whether it may
   still turn out to be one of the old kind that takes and gives [key, value] pairs, `n` whether it failed once. */
static bool is_lookup_failure(const char *kind)
{
    return kind && (strcmp(kind, "NoMatchingMethodException") == 0 ||
                    strcmp(kind, "NoMatchingFunctionException") == 0 || strcmp(kind, "IndexError") == 0);
}

static value pair_of(value key, value item)
{
    value pair = value_list_new(2);

    value_list_append(&pair, value_ref(key));
    value_list_append(&pair, value_ref(item));
    return pair;
}

/* An aggregator of the old kind: called with the pair, gives a pair. */
static int aggregate_pair(struct evaluation *ev, struct lazy *lazy, value pair, struct error *failure,
                          value *ret)
{
    VALUE_AUTO(out);
    int r = closure_call(ev, &lazy->f, &pair, 1, &out);

    if (r >= 0 && yaql_is_sequence(out) && value_list_count(out) == 2) {
        *ret = value_take(&out);
        return 0;
    }
    error_move(ev->err, failure);
    return -EINVAL;
}

static int aggregate_group(struct evaluation *ev, struct lazy *lazy, value key, value items, value *ret)
{
    ERROR_AUTO(failure);
    VALUE_AUTO(out);
    VALUE_AUTO(pair);
    int r;

    pair = pair_of(key, items);
    if (!closure_given(&lazy->f)) {
        *ret = value_take(&pair);
        return 0;
    }
    if (!lazy->n) {
        r = closure_call(ev, &lazy->f, &items, 1, &out);
        if (r >= 0) {
            if (!(value_list_count(items) == 2 && yaql_is_sequence(out) && value_list_count(out) == 2 &&
                  yaql_equal(ev, value_list_at(out, 0), value_list_at(items, 0))))
                lazy->m = 0;
            *ret = pair_of(key, out);
            return 0;
        }
        if (!is_lookup_failure(ev->err->kind) || !lazy->m)
            return r;
        lazy->n = 1;
    }
    error_move(&failure, ev->err);
    return aggregate_pair(ev, lazy, pair, &failure, ret);
}

static int group_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    size_t at = (size_t)lazy->i;

    if (at >= lazy->table.count)
        return YAQL_END;
    lazy->i++;
    return aggregate_group(ev, lazy, lazy->table.entries[at].item, value_list_at(lazy->v, at), ret);
}

static int add_to_group(struct call *c, struct lazy *lazy, value item)
{
    struct closure key_of = arg_closure(c, 1), value_of = arg_closure(c, 2);
    VALUE_AUTO(key);
    VALUE_AUTO(shown);
    value group;
    size_t at;
    int r = 0;

    if (closure_given(&value_of))
        r = closure_call(c->ev, &value_of, &item, 1, &shown);
    else
        shown = value_ref(item);
    if (r >= 0)
        r = closure_call(c->ev, &key_of, &item, 1, &key);
    if (r >= 0)
        r = table_add(c->ev, &lazy->table, key, &at);
    if (r < 0)
        return r;
    if (r == 0) {
        yaql_charge(c->ev, 8); /* a group takes memory several times */
        yaql_object_grow(&lazy->base, sizeof(struct table_entry) + 8);
        r = yaql_append(c->ev, &lazy->v, value_tuple_new(1));
        if (r < 0)
            return r;
    }
    /* Taken out while it grows, so that it is not shared and nothing is copied. */
    group = lazy->v.list->items[at];
    lazy->v.list->items[at] = value_null();
    r = yaql_append(c->ev, &group, value_take(&shown));
    lazy->v.list->items[at] = group;
    return r;
}

static int group_by(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "map", .next = group_next };
    CURSOR_AUTO(cursor);
    struct lazy *lazy = lazy_new(c->ev, &ops);
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    lazy->v = value_list_new(0);
    lazy->m = 1;
    closure_keep(c->ev, &lazy->f, arg_closure(c, 3));
    while (r == 0) {
        value item;

        r = cursor_next(c->ev, &cursor, &item);
        if (r == 0) {
            r = add_to_group(c, lazy, item);
            value_unref(item);
        }
    }
    if (r < 0) {
        value_unref(lazy_value(lazy));
        return r;
    }
    *ret = lazy_value(lazy);
    return 0;
}

/* ---- mergeWith ---- */

static int merge_items(struct call *c, struct closure *merger, value a, value b, value *ret)
{
    if (closure_given(merger))
        return closure_call(c->ev, merger, (value[]){ a, b }, 2, ret);
    *ret = value_ref(b);
    return 0;
}

/* What is in either list, once. */
static int merge_lists(struct call *c, value a, value b, value *ret)
{
    struct closure merger = arg_closure(c, 2);
    struct table seen = { 0 };
    value both[] = { a, b };
    int r = 0;

    if (closure_given(&merger))
        return closure_call(c->ev, &merger, both, 2, ret);
    *ret = value_list_new(0);
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < value_list_count(both[k]) && r >= 0; i++) {
            size_t at;

            r = table_add(c->ev, &seen, value_list_at(both[k], i), &at);
            if (r == 0)
                r = yaql_append(c->ev, ret, value_ref(value_list_at(both[k], i)));
        }
    }
    table_release(&seen);
    if (r < 0)
        value_unref(value_take(ret));
    return r < 0 ? r : 0;
}

static int cannot_merge(struct call *c, value a, value b)
{
    static const struct {
        const char *name, *full;
    } classes[] = { { "FrozenDict", "yaql.language.utils.FrozenDict" } };
    const char *names[2] = { yaql_type_name(a), yaql_type_name(b) };

    for (size_t i = 0; i < 2; i++)
        if (strcmp(names[i], classes[0].name) == 0)
            names[i] = classes[0].full;
    return yaql_fail(c->ev, "TypeError", "Cannot merge <class '%s'> with <class '%s'>", names[0], names[1]);
}

static int merge_maps(struct call *c, value a, value b, int64_t levels, value *ret);

static int merge_one(struct call *c, value a, value b, int64_t levels, value *ret)
{
    struct closure merger = arg_closure(c, 3);

    if (levels != 1 && yaql_is_map(b)) {
        if (!yaql_is_map(a))
            return cannot_merge(c, a, b);
        return merge_maps(c, yaql_map_of(a), yaql_map_of(b), levels ? levels - 1 : 0, ret);
    }
    if (levels != 1 && yaql_is_sequence(b)) {
        if (!yaql_is_sequence(a))
            return cannot_merge(c, a, b);
        return merge_lists(c, a, b, ret);
    }
    return merge_items(c, &merger, a, b, ret);
}

static int merge_maps(struct call *c, value a, value b, int64_t levels, value *ret)
{
    VALUE_AUTO(out);
    int r = yaql_enter(c->ev);

    if (r < 0)
        return r;
    out = value_map_new(value_map_count(a));
    for (size_t i = 0; i < value_map_count(a) && r >= 0; i++) {
        value key = value_map_key_at(a, i), left = value_map_item_at(a, i),
              right = value_map_get_value(b, key), merged;

        if (value_is_set(right))
            r = merge_one(c, left, right, levels, &merged);
        else
            merged = value_ref(left);
        if (r < 0)
            break;
        value_map_set(&out, value_ref(key), merged);
        yaql_charge(c->ev, 8);
        r = yaql_step(c->ev);
    }
    yaql_leave(c->ev);
    if (r < 0)
        return r;
    VALUE_MAP_EACH (i, b) {
        if (!value_is_set(value_map_get_value(a, value_map_key_at(b, i))))
            value_map_set(&out, value_ref(value_map_key_at(b, i)), value_ref(value_map_item_at(b, i)));
    }
    r = yaql_check_count(c->ev, value_map_count(out));
    if (r < 0)
        return r;
    *ret = yaql_dict_new(c->ev, value_take(&out));
    if (value_depth(*ret) > VALUE_DEPTH_MAX) {
        value_unref(value_take(ret));
        return limit_recursion(c->ev->err, LIMIT_NESTING, VALUE_DEPTH_MAX);
    }
    return 0;
}

static int merge_with(struct call *c, value *ret)
{
    return merge_maps(c, c->args[0].v, c->args[1].v, arg_int(c, 4, 0), ret);
}

#define BY   PARAMS({ "collection", T_ITERABLE }, { "selector", T_LAMBDA })
#define THEN PARAMS({ "collection", T_ORDERING }, { "selector", T_LAMBDA })

const struct function yaql_ordering[] = {
    { "orderBy", METHOD, order_by, BY },
    { "orderByDescending", METHOD, order_by_descending, BY },
    { "thenBy", METHOD, then_by, THEN },
    { "thenByDescending", METHOD, then_by_descending, THEN },
    { "groupBy", METHOD, group_by,
      PARAMS({ "collection", T_ITERABLE }, { "keySelector", T_LAMBDA },
             { "valueSelector", T_LAMBDA, OPTIONAL }, { "aggregator", T_LAMBDA, OPTIONAL }) },
    { "mergeWith", METHOD, merge_with,
      PARAMS({ "dict", T_MAP }, { "another", T_MAP }, { "listMerger", T_LAMBDA, OPTIONAL },
             { "itemMerger", T_LAMBDA, OPTIONAL }, { "maxLevels", T_INT, OPTIONAL }) },
    { 0 },
};
