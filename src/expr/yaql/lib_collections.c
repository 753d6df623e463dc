/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and maps: making them, asking them, and changing copies of them. */
#include "expr/yaql/yaql-internal.h"

/* ---- lists ---- */

/* Iterators among the items are spliced in, lists are not. */
static int splice(struct evaluation *ev, value item, value *list)
{
    CURSOR_AUTO(cursor);
    int r;

    if (!yaql_is_iterator(item))
        return yaql_append(ev, list, value_ref(item));
    r = yaql_enter(ev);
    if (r < 0)
        return r;
    r = cursor_open(ev, item, &cursor);
    while (r == 0) {
        value inner;

        r = cursor_next(ev, &cursor, &inner);
        if (r == 0) {
            r = splice(ev, inner, list);
            value_unref(inner);
        }
    }
    yaql_leave(ev);
    return r < 0 ? r : 0;
}

static int list(struct call *c, value *ret)
{
    VALUE_AUTO(out);

    out = value_list_new(c->n_rest);
    for (size_t i = 0; i < c->n_rest; i++) {
        int r = splice(c->ev, c->rest[i].v, &out);

        if (r < 0)
            return r;
    }
    *ret = value_take(&out);
    return 0;
}

static int to_list(struct call *c, value *ret)
{
    return yaql_to_list(c->ev, c->args[0].v, ret);
}

/* `cursors` is the way down to where the walk is. */
static int flatten_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    while (lazy->n_cursors) {
        value item;
        int r = cursor_next(ev, &lazy->cursors[lazy->n_cursors - 1], &item);

        if (r == YAQL_END) {
            cursor_close(&lazy->cursors[--lazy->n_cursors]);
            continue;
        }
        if (r < 0)
            return r;
        if (!yaql_is_iterable(item)) {
            *ret = item;
            return 0;
        }
        r = lazy_add_source(ev, lazy, item);
        value_unref(item);
        if (r >= 0 && lazy->n_cursors > VALUE_DEPTH_MAX)
            r = limit_recursion(ev->err, LIMIT_NESTING, VALUE_DEPTH_MAX);
        if (r < 0)
            return r;
    }
    return YAQL_END;
}

static int flatten(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = flatten_next };
    struct lazy *lazy = lazy_new(c->ev, &ops);
    int r = lazy_add_source(c->ev, lazy, c->args[0].v);

    if (r < 0)
        value_unref(lazy_value(lazy));
    else
        *ret = lazy_value(lazy);
    return r;
}

static int is_list(struct call *c, value *ret)
{
    *ret = value_bool(yaql_is_sequence(c->args[0].v));
    return 0;
}

static int list_len(struct call *c, value *ret)
{
    *ret = value_int((int64_t)value_list_count(c->args[0].v));
    return 0;
}

static int combine_lists(struct call *c, value *ret)
{
    value a = c->args[0].v, b = c->args[1].v;
    int r;

    if (a.kind == VALUE_LIST && b.kind == VALUE_LIST) {
        r = yaql_check_count(c->ev, value_list_count(a) + value_list_count(b));
        if (r < 0)
            return r;
        yaql_charge(c->ev, (value_list_count(a) + value_list_count(b)) / 16);
        *ret = value_list_new(value_list_count(a) + value_list_count(b));
        value_list_extend(ret, a);
        value_list_extend(ret, b);
        return 0;
    }
    if (yaql_is_set(a) && yaql_is_set(b) && !yaql_set_of(a)->view && !yaql_set_of(b)->view)
        return yaql_union(c->ev, a, b, ret);
    return yaql_chain(c->ev, (value[]){ a, b }, 2, ret);
}

static int repeat_list(struct call *c, value items, value times, value *ret)
{
    uint64_t n = times.integer > 0 ? (uint64_t)times.integer : 0;
    size_t count = value_list_count(items);
    int r;

    if (times.kind == VALUE_BIGINT)
        return yaql_fail(c->ev, "OverflowError", "cannot fit 'int' into an index-sized integer");
    if (!count)
        n = 0;
    r = yaql_check_count(c->ev, n && n > SIZE_MAX / 2 / count ? SIZE_MAX : (size_t)n * count);
    if (r < 0)
        return r;
    yaql_charge(c->ev, (uint64_t)n * count / 8);
    *ret = items.kind == VALUE_LIST ? value_list_new((size_t)n * count) : value_tuple_new((size_t)n * count);
    for (uint64_t i = 0; i < n; i++)
        value_list_extend(ret, items);
    return 0;
}

static int list_by_int(struct call *c, value *ret)
{
    return repeat_list(c, c->args[0].v, c->args[1].v, ret);
}

static int int_by_list(struct call *c, value *ret)
{
    return repeat_list(c, c->args[1].v, c->args[0].v, ret);
}

static int index_list(struct call *c, value *ret)
{
    return yaql_index(c->ev, c->args[0].v, c->args[1].v, ret);
}

/* ---- in ---- */

static int contains(struct call *c, value collection, value item, value *ret)
{
    CURSOR_AUTO(cursor);
    bool found = false;
    int r;

    if (yaql_is_set(collection)) {
        int64_t at = table_find(c->ev, &yaql_set_of(collection)->table, item);

        *ret = value_bool(at >= 0);
        return at < -1 ? -EINVAL : 0;
    }
    r = cursor_open(c->ev, collection, &cursor);
    while (r == 0 && !found) {
        value other;

        r = cursor_next(c->ev, &cursor, &other);
        if (r == 0) {
            found = yaql_equal(c->ev, other, item);
            value_unref(other);
        }
    }
    *ret = value_bool(found);
    return r < 0 ? r : 0;
}

static int in_collection(struct call *c, value *ret)
{
    return contains(c, c->args[1].v, c->args[0].v, ret);
}

static int collection_contains(struct call *c, value *ret)
{
    return contains(c, c->args[0].v, c->args[1].v, ret);
}

/* ---- parts of sequences taken out and put in ---- */

/* Items of the places from `n` on, `m` of them (negative: all), are left out; in their stead comes, once, what `other`
   has (when `started` says so). */
static int replace_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        value item;
        int64_t at;
        int r;

        if (lazy->started) {
            r = cursor_next(ev, &lazy->other, ret);
            if (r != YAQL_END)
                return r;
            lazy->started = false;
        }
        r = cursor_next(ev, &lazy->source, &item);
        if (r != 0)
            return r;
        at = lazy->i++;
        if (at < lazy->n || (lazy->m >= 0 && at - lazy->n >= lazy->m)) {
            *ret = item;
            return 0;
        }
        value_unref(item);
        if (value_is_set(lazy->v)) {
            r = cursor_open(ev, lazy->v, &lazy->other);
            value_replace(&lazy->v, VALUE_NOTHING);
            lazy->started = true;
            if (r < 0)
                return r;
        }
    }
}

/* `by` is taken: what comes instead, VALUE_UNSET for nothing. */
static int replace_part(struct call *c, value position, value by, value count, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = replace_next };
    struct lazy *lazy;
    int r = lazy_over(c->ev, &ops, c->args[0].v, &lazy);

    if (r < 0) {
        value_unref(by);
        return r;
    }
    lazy->v = by;
    lazy->n = position.kind == VALUE_BIGINT ? INT64_MAX : position.integer;
    lazy->m = value_is_set(count) ? (count.kind == VALUE_BIGINT ? INT64_MAX : count.integer) : 1;
    if (lazy->n < 0 && lazy->m >= 0) { /* places before the first one */
        lazy->m = lazy->m + lazy->n > 0 ? lazy->m + lazy->n : 0;
        lazy->n = 0;
    }
    *ret = lazy_value(lazy);
    return 0;
}

static int delete_part(struct call *c, value *ret)
{
    return replace_part(c, c->args[1].v, VALUE_NOTHING, c->args[2].v, ret);
}

static int replace_one(struct call *c, value *ret)
{
    value by = value_list_new(1);

    value_list_append(&by, value_ref(c->args[2].v));
    return replace_part(c, c->args[1].v, by, c->args[3].v, ret);
}

static int replace_many(struct call *c, value *ret)
{
    return replace_part(c, c->args[1].v, value_ref(c->args[2].v), c->args[3].v, ret);
}

/* What `v` has comes before the item at place `n`, or at the end when there are fewer; `i` items were seen. */
static int insert_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        int r;

        if (lazy->started) {
            r = cursor_next(ev, &lazy->other, ret);
            if (r != YAQL_END)
                return r;
            lazy->started = false;
            value_replace(&lazy->v, VALUE_NOTHING);
        }
        r = value_is_set(lazy->v) && lazy->i == lazy->n ? YAQL_END : cursor_next(ev, &lazy->source, ret);
        if (r == 0)
            lazy->i++;
        if (r != YAQL_END || !value_is_set(lazy->v) || lazy->n < lazy->i)
            return r;
        lazy->started = true;
        r = cursor_open(ev, lazy->v, &lazy->other);
        if (r < 0)
            return r;
    }
}

static int insert_part(struct call *c, value what, int64_t at, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = insert_next };
    struct lazy *lazy;
    int r = lazy_over(c->ev, &ops, c->args[0].v, &lazy);

    if (r < 0) {
        value_unref(what);
        return r;
    }
    lazy->v = what;
    lazy->n = at;
    *ret = lazy_value(lazy);
    return 0;
}

static int64_t position(const struct call *c)
{
    value v = c->args[1].v;

    return v.kind == VALUE_BIGINT ? (mpz_sgn(v.bigint->number) > 0 ? INT64_MAX : -1) : v.integer;
}

static int insert_iterable(struct call *c, value *ret)
{
    value what = value_list_new(1);

    value_list_append(&what, value_ref(c->args[2].v));
    return insert_part(c, what, position(c), ret);
}

static int insert_list(struct call *c, value *ret)
{
    int64_t at = position(c), count = (int64_t)value_list_count(c->args[0].v);
    int r = yaql_check_count(c->ev, (size_t)count + 1);

    if (r < 0)
        return r;
    at = at < 0 ? at + count : at;
    at = at < 0 ? 0 : at > count ? count : at;
    yaql_charge(c->ev, (uint64_t)count / 4);
    *ret = value_tuple_new((size_t)count + 1);
    value_list_extend(ret, c->args[0].v);
    value_list_insert(ret, (size_t)at, value_ref(c->args[2].v));
    return 0;
}

static int insert_many(struct call *c, value *ret)
{
    int64_t at = position(c);

    return insert_part(c, value_ref(c->args[2].v), at < 0 ? 0 : at, ret);
}

/* ---- maps ---- */

static int map_of_pairs(struct call *c, value map, value *ret)
{
    VALUE_AUTO(out);

    out = value_is_set(map) ? value_ref(map) : value_map_new(c->n_rest);
    yaql_charge(c->ev, value_map_count(out) / 4);
    for (size_t i = 0; i < c->n_rest; i++) {
        int r = yaql_map_put(c->ev, &out, c->rest[i].key, c->rest[i].v);

        if (r < 0)
            return r;
    }
    *ret = value_take(&out);
    return 0;
}

static int dict(struct call *c, value *ret)
{
    return map_of_pairs(c, VALUE_NOTHING, ret);
}

/* The first two items of a pair, which may be a text or a map as well. */
static int open_pair(struct call *c, value pair, value *ret_key, value *ret_item)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(parts);
    VALUE_AUTO(key);
    int r = 0;

    if (yaql_is_map(pair) || value_is_string(pair)) {
        parts = value_list_new(2);
        for (size_t i = 0; yaql_is_map(pair) && i < value_map_count(yaql_map_of(pair)) && i < 2; i++)
            value_list_append(&parts, yaql_unkey(value_map_key_at(yaql_map_of(pair), i)));
        for (size_t i = 0, at = 0; value_is_string(pair) && at < value_len(pair) && i < 2; i++) {
            const char *s = value_chars(pair) + at, *end = s;

            do
                end++;
            while ((*end & 0xc0) == 0x80);
            value_list_append(&parts, value_text_n(s, (size_t)(end - s)));
            at = (size_t)(end - value_chars(pair));
        }
        pair = parts;
    }
    if (!yaql_is_iterable(pair))
        return yaql_fail(c->ev, "TypeError", "'%s' object is not iterable", yaql_type_name(pair));
    r = cursor_open(c->ev, pair, &cursor);
    if (r >= 0)
        r = cursor_next(c->ev, &cursor, &key);
    if (r == 0)
        r = cursor_next(c->ev, &cursor, ret_item);
    if (r == YAQL_END)
        return yaql_fail(c->ev, "StopIteration", "%s", "");
    if (r < 0)
        return r;
    *ret_key = value_take(&key);
    return 0;
}

static int dict_of_items(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(map);
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    map = value_map_new(0);
    while (r >= 0) {
        VALUE_AUTO(pair);
        VALUE_AUTO(key);
        VALUE_AUTO(item);

        r = cursor_next(c->ev, &cursor, &pair);
        if (r == YAQL_END)
            break;
        if (r >= 0)
            r = open_pair(c, pair, &key, &item);
        if (r >= 0)
            r = yaql_map_put(c->ev, &map, key, item);
    }
    if (r < 0)
        return r;
    *ret = value_take(&map);
    return 0;
}

static int to_dict(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(map);
    struct closure key_of = arg_closure(c, 1), value_of = arg_closure(c, 2);
    int r = cursor_open(c->ev, c->args[0].v, &cursor);

    map = value_map_new(0);
    while (r >= 0) {
        VALUE_AUTO(from);
        VALUE_AUTO(key);
        VALUE_AUTO(item);

        r = cursor_next(c->ev, &cursor, &from);
        if (r == YAQL_END)
            break;
        if (r >= 0)
            r = closure_call(c->ev, &key_of, &from, 1, &key);
        if (r >= 0 && closure_given(&value_of))
            r = closure_call(c->ev, &value_of, &from, 1, &item);
        else if (r >= 0)
            item = value_ref(from);
        if (r >= 0)
            r = yaql_map_put(c->ev, &map, key, item);
    }
    if (r < 0)
        return r;
    *ret = yaql_dict_new(c->ev, value_take(&map));
    return 0;
}

static int dict_get(struct call *c, value *ret)
{
    value found;
    int r = yaql_map_find(c->ev, c->args[0].v, c->args[1].v, &found);

    if (r < 0)
        return r;
    if (!value_is_set(found))
        found = arg_given(c, 2) ? c->args[2].v : value_null();
    *ret = value_ref(found);
    return 0;
}

static int dict_index(struct call *c, value *ret)
{
    return yaql_index(c->ev, c->args[0].v, c->args[1].v, ret);
}

static int dict_set(struct call *c, value *ret)
{
    VALUE_AUTO(map);
    int r;

    yaql_charge(c->ev, value_map_count(c->args[0].v) / 4); /* it is copied */
    map = value_ref(c->args[0].v);
    r = yaql_map_put(c->ev, &map, c->args[1].v, c->args[2].v);
    if (r >= 0)
        *ret = value_take(&map);
    return r;
}

static int dict_update(struct call *c, value *ret)
{
    value map = value_ref(c->args[0].v);

    yaql_charge(c->ev, (value_map_count(map) + value_map_count(c->args[1].v)) / 4);
    value_map_update(&map, c->args[1].v);
    *ret = map;
    return yaql_check_count(c->ev, value_map_count(map));
}

static int combine_dicts(struct call *c, value *ret)
{
    int r = dict_update(c, ret);

    if (r < 0)
        value_unref(value_take(ret));
    return r;
}

static int dict_set_pairs(struct call *c, value *ret)
{
    return map_of_pairs(c, c->args[0].v, ret);
}

static int remove_key(struct call *c, value *map, value key)
{
    VALUE_AUTO(k);
    value found;
    int r = yaql_map_find(c->ev, *map, key, &found);

    if (r < 0 || !value_is_set(found))
        return r;
    r = yaql_key(c->ev, key, &k);
    if (r == 0)
        value_map_remove_value(map, k);
    return r < 0 ? r : 0;
}

/* Removing shifts what is behind, so many keys of a large map cost steps as they cost time. */
static int dict_delete(struct call *c, value *ret)
{
    VALUE_AUTO(map);

    map = value_ref(c->args[0].v);
    yaql_charge(c->ev, value_map_count(map) / 4);
    for (size_t i = 0; i < c->n_rest; i++) {
        int r = remove_key(c, &map, c->rest[i].v);

        yaql_charge(c->ev, value_map_count(map) / 16);
        if (r >= 0)
            r = yaql_step(c->ev);
        if (r < 0)
            return r;
    }
    *ret = yaql_dict_new(c->ev, value_take(&map));
    return 0;
}

static int dict_delete_all(struct call *c, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(map);
    int r = cursor_open(c->ev, c->args[1].v, &cursor);

    map = value_ref(c->args[0].v);
    while (r == 0) {
        value key;

        r = cursor_next(c->ev, &cursor, &key);
        if (r == 0) {
            r = remove_key(c, &map, key);
            value_unref(key);
            yaql_charge(c->ev, value_map_count(map) / 16);
        }
    }
    if (r < 0)
        return r;
    *ret = yaql_dict_new(c->ev, value_take(&map));
    return 0;
}

static int contains_key(struct call *c, value *ret)
{
    value found;
    int r = yaql_map_find(c->ev, c->args[0].v, c->args[1].v, &found);

    *ret = value_bool(r >= 0 && value_is_set(found));
    return r;
}

static int contains_value(struct call *c, value *ret)
{
    *ret = value_bool(false);
    VALUE_MAP_EACH (i, c->args[0].v) {
        int r = yaql_step(c->ev);

        if (r < 0)
            return r;
        if (yaql_equal(c->ev, value_map_item_at(c->args[0].v, i), c->args[1].v)) {
            *ret = value_bool(true);
            break;
        }
    }
    return 0;
}

static int is_dict(struct call *c, value *ret)
{
    *ret = value_bool(yaql_is_map(c->args[0].v));
    return 0;
}

static int dict_len(struct call *c, value *ret)
{
    *ret = value_int((int64_t)value_map_count(c->args[0].v));
    return 0;
}

/* ---- views ---- */

static int dict_keys(struct call *c, value *ret)
{
    VALUE_AUTO(set);

    set = yaql_set_new(c->ev);
    VALUE_MAP_EACH (i, c->args[0].v) {
        VALUE_AUTO(key);
        int r;

        key = yaql_unkey(value_map_key_at(c->args[0].v, i));
        r = yaql_set_insert(c->ev, set, key);
        if (r < 0)
            return r;
    }
    yaql_set_of(set)->view = "KeysView";
    yaql_set_of(set)->of = value_ref(c->args[0].v);
    *ret = value_take(&set);
    return 0;
}

/* `v` is the map, `i` the next entry; `m` whether keys come too. */
static int view_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    size_t at = (size_t)lazy->i;
    value item;

    if (at >= value_map_count(lazy->v))
        return YAQL_END;
    lazy->i++;
    item = value_ref(value_map_item_at(lazy->v, at));
    if (!lazy->m) {
        *ret = item;
        return 0;
    }
    yaql_charge(ev, 4);
    *ret = value_list_new(2);
    value_list_append(ret, yaql_unkey(value_map_key_at(lazy->v, at)));
    return yaql_append(ev, ret, item);
}

static int view_iterate(struct evaluation *ev, struct lazy *view, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = view_next };
    struct lazy *lazy = lazy_new(ev, &ops);

    lazy->v = value_ref(view->v);
    lazy->m = view->m;
    *ret = lazy_value(lazy);
    return 0;
}

static int64_t view_length(struct lazy *view)
{
    return (int64_t)value_map_count(view->v);
}

static const struct lazy_ops values_ops = { .name = "ValuesView",
                                            .iterate = view_iterate,
                                            .length = view_length };
static const struct lazy_ops items_ops = { .name = "ItemsView",
                                           .iterate = view_iterate,
                                           .length = view_length };

bool yaql_is_items(value v)
{
    return value_is_object(v, &yaql_lazy_ops) && ((struct lazy *)v.object)->ops == &items_ops;
}

static int view(struct call *c, const struct lazy_ops *ops, value *ret)
{
    struct lazy *lazy = lazy_new(c->ev, ops);

    lazy->v = value_ref(c->args[0].v);
    lazy->m = ops == &items_ops;
    *ret = lazy_value(lazy);
    return 0;
}

static int dict_values(struct call *c, value *ret)
{
    return view(c, &values_ops, ret);
}

static int dict_items(struct call *c, value *ret)
{
    return view(c, &items_ops, ret);
}

static int items_len(struct call *c, value *ret)
{
    *ret = value_int(view_length((struct lazy *)c->args[0].v.object));
    return 0;
}

#define SOURCE                   \
    {                            \
        "collection", T_ITERABLE \
    }
#define DICT          \
    {                 \
        "dict", T_MAP \
    }
#define POSITION          \
    {                     \
        "position", T_INT \
    }
#define COUNT                    \
    {                            \
        "count", T_INT, OPTIONAL \
    }

const struct function yaql_collections[] = {
    { "list", FUNCTION | REST, list, .rest = T_ANY },
    { "#list", FUNCTION | REST, list, .rest = T_ANY },
    { "toList", METHOD, to_list, PARAMS(SOURCE) },
    { "flatten", METHOD, flatten, PARAMS(SOURCE) },
    { "isList", FUNCTION, is_list, PARAMS({ "arg", T_ANY }) },
    { "len", EXTENSION, list_len, PARAMS({ "sequence", T_SEQUENCE }) },
    { "#operator_+", FUNCTION, combine_lists, PARAMS({ "left", T_ITERABLE }, { "right", T_ITERABLE }) },
    { "#operator_*", FUNCTION, list_by_int, PARAMS({ "left", T_SEQUENCE }, { "right", T_INT }) },
    { "#operator_*", FUNCTION, int_by_list, PARAMS({ "left", T_INT }, { "right", T_SEQUENCE }) },
    { "#indexer", FUNCTION, index_list, PARAMS({ "list", T_SEQUENCE }, { "index", T_INT }) },
    { "#operator_in", FUNCTION, in_collection, PARAMS({ "value", T_ANY }, SOURCE) },
    { "contains", METHOD, collection_contains, PARAMS(SOURCE, { "value", T_ANY }) },
    { "delete", METHOD, delete_part, PARAMS(SOURCE, POSITION, COUNT) },
    { "replace", METHOD, replace_one, PARAMS(SOURCE, POSITION, { "value", T_ANY }, COUNT) },
    { "replaceMany", METHOD, replace_many, PARAMS(SOURCE, POSITION, { "values", T_ITERABLE }, COUNT) },
    { "insert", METHOD, insert_iterable,
      PARAMS({ "collection", T_ITERABLE_NO_SET }, POSITION, { "value", T_ANY }) },
    { "insert", METHOD, insert_list, PARAMS({ "collection", T_SEQUENCE }, POSITION, { "value", T_ANY }) },
    { "insertMany", METHOD, insert_many, PARAMS(SOURCE, POSITION, { "values", T_ITERABLE }) },
    { "dict", FUNCTION | REST | NO_KWARGS, dict, .rest = T_PAIR },
    { "#map", FUNCTION | REST | NO_KWARGS, dict, .rest = T_PAIR },
    { "dict", FUNCTION | NO_KWARGS, dict_of_items, PARAMS({ "items", T_ITERABLE }) },
    { "toDict", METHOD, to_dict,
      PARAMS(SOURCE, { "keySelector", T_LAMBDA }, { "valueSelector", T_LAMBDA, OPTIONAL }) },
    { "#indexer", FUNCTION, dict_index, PARAMS(DICT, { "key", T_ANY }) },
    { "#indexer", FUNCTION, dict_get, PARAMS(DICT, { "key", T_ANY }, { "default", T_ANY }) },
    { "get", METHOD, dict_get, PARAMS(DICT, { "key", T_ANY }, { "default", T_ANY, OPTIONAL }) },
    { "set", METHOD | NO_KWARGS, dict_set, PARAMS(DICT, { "key", T_ANY }, { "value", T_ANY }) },
    { "set", METHOD | NO_KWARGS, combine_dicts, PARAMS(DICT, { "replacements", T_MAP }) },
    { "set", METHOD | REST | NO_KWARGS, dict_set_pairs, PARAMS(DICT), .rest = T_PAIR },
    { "#operator_+", FUNCTION, combine_dicts, PARAMS({ "left", T_MAP }, { "right", T_MAP }) },
    { "delete", METHOD | REST, dict_delete, PARAMS(DICT), .rest = T_ANY },
    { "deleteAll", METHOD, dict_delete_all, PARAMS(DICT, { "keys", T_ITERABLE }) },
    { "keys", METHOD, dict_keys, PARAMS(DICT) },
    { "values", METHOD, dict_values, PARAMS(DICT) },
    { "items", METHOD, dict_items, PARAMS(DICT) },
    { "containsKey", METHOD, contains_key, PARAMS(DICT, { "key", T_ANY }) },
    { "containsValue", METHOD, contains_value, PARAMS(DICT, { "value", T_ANY }) },
    { "isDict", FUNCTION, is_dict, PARAMS({ "arg", T_ANY }) },
    { "len", EXTENSION, dict_len, PARAMS(DICT) },
    { "len", EXTENSION, items_len, PARAMS({ "set", T_ITEMS }) },
    { 0 },
};
