/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of list, tuple, dict and set. Those that change their list or dict do so for everybody who holds it. */
#include "base/mem.h"
#include "expr/jinja/engine.h"

/* The functions of value.h copy a container that is shared; here it is changed for all who share it. */
#define IN_PLACE(header, change)                                                                \
    do {                                                                                        \
        uint32_t _refs = __atomic_exchange_n((uint32_t *)&(header)->refs, 1, __ATOMIC_RELAXED); \
        change;                                                                                 \
        __atomic_store_n((uint32_t *)&(header)->refs, _refs, __ATOMIC_RELAXED);                 \
    } while (0)

static int nothing(value *ret)
{
    *ret = value_null();
    return 0;
}

/* ---- list and tuple ---- */

static int list_append(struct ev *ev, value self, struct bound *bound, value *ret)
{
    if (ev_may_hold(ev, self, bound->args[0]) < 0)
        return -1;
    if (value_list_count(self) >= ev->limits.sequence)
        return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    IN_PLACE(self.header, value_list_append(&self, value_ref(bound->args[0])));
    return nothing(ret);
}

static int list_extend(struct ev *ev, value self, struct bound *bound, value *ret)
{
    VALUE_AUTO(more);

    if (ev_list(ev, bound->args[0], &more) < 0)
        return -1;
    if (value_list_count(self) + value_list_count(more) > ev->limits.sequence)
        return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    VALUE_LIST_EACH (i, each, more) {
        if (ev_pay(ev, 2) < 0 || ev_may_hold(ev, self, each) < 0)
            return -1;
        IN_PLACE(self.header, value_list_append(&self, value_ref(each)));
    }
    return nothing(ret);
}

static int list_insert(struct ev *ev, value self, struct bound *bound, value *ret)
{
    int64_t at, n = (int64_t)value_list_count(self);

    if (ev_index_of(ev, bound->args[0], &at) < 0 || ev_may_hold(ev, self, bound->args[1]) < 0)
        return -1;
    if (value_list_count(self) >= ev->limits.sequence)
        return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    at = at < -n ? 0 : at < 0 ? at + n : at > n ? n : at;
    if (ev_pay(ev, (uint64_t)(n - at) / 16) < 0)
        return -1;
    IN_PLACE(self.header, value_list_insert(&self, (size_t)at, value_ref(bound->args[1])));
    return nothing(ret);
}

static int list_pop(struct ev *ev, value self, struct bound *bound, value *ret)
{
    int64_t at = -1, n = (int64_t)value_list_count(self);

    if (value_is_set(bound->args[0]) && ev_index_of(ev, bound->args[0], &at) < 0)
        return -1;
    if (!n)
        return ev_error(ev, "IndexError", "pop from empty list");
    if (at < 0)
        at = at < -n ? -1 : at + n;
    if (at < 0 || at >= n)
        return ev_error(ev, "IndexError", "pop index out of range");
    *ret = value_ref(value_list_at(self, (size_t)at));
    IN_PLACE(self.header, value_list_remove(&self, (size_t)at));
    return ev_pay(ev, (uint64_t)(n - at) / 16);
}

static int find(struct ev *ev, value self, value wanted, size_t from, size_t to, int64_t *ret)
{
    bool equal;

    *ret = -1;
    for (size_t i = from; i < to && i < value_list_count(self); i++) {
        if (ev_pay(ev, 1) < 0 || ev_equal(ev, value_list_at(self, i), wanted, &equal) < 0)
            return -1;
        if (equal) {
            *ret = (int64_t)i;
            return 0;
        }
    }
    return 0;
}

static int list_remove(struct ev *ev, value self, struct bound *bound, value *ret)
{
    int64_t at;

    if (find(ev, self, bound->args[0], 0, value_list_count(self), &at) < 0)
        return -1;
    if (at < 0)
        return ev_error(ev, "ValueError", "list.remove(x): x not in list");
    IN_PLACE(self.header, value_list_remove(&self, (size_t)at));
    return nothing(ret);
}

static int list_clear(struct ev *ev, value self, struct bound *bound, value *ret)
{
    size_t n = value_list_count(self);

    if (ev_pay(ev, n / 4) < 0)
        return -1;
    while (n)
        IN_PLACE(self.header, value_list_remove(&self, --n));
    return nothing(ret);
}

static int list_reverse(struct ev *ev, value self, struct bound *bound, value *ret)
{
    if (ev_pay(ev, value_list_count(self) / 4) < 0)
        return -1;
    IN_PLACE(self.header, value_list_reverse(&self));
    return nothing(ret);
}

static int list_sort(struct ev *ev, value self, struct bound *bound, value *ret)
{
    VALUE_AUTO(sorted);
    bool reverse = false;

    if (bound->args[0].kind > VALUE_NULL)
        return ev_error(ev, "TypeError", "list.sort() takes no key function here");
    if (value_is_set(bound->args[1]) && ev_truth(ev, bound->args[1], &reverse) < 0)
        return -1;
    if (ev_sort(ev, self, reverse, &sorted) < 0)
        return -1;
    VALUE_LIST_EACH (i, each, sorted) {
        IN_PLACE(self.header, value_list_set(&self, i, value_ref(each)));
    }
    return nothing(ret);
}

static int list_copy(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return ev_list(ev, self, ret);
}

static int list_count(struct ev *ev, value self, struct bound *bound, value *ret)
{
    int64_t n = 0;
    bool equal;

    VALUE_LIST_EACH (i, each, self) {
        if (ev_pay(ev, 1) < 0 || ev_equal(ev, each, bound->args[0], &equal) < 0)
            return -1;
        n += equal;
    }
    *ret = value_int(n);
    return 0;
}

static int list_index(struct ev *ev, value self, struct bound *bound, value *ret)
{
    int64_t n = (int64_t)value_list_count(self), from = 0, to = n, at;
    BUFFER_AUTO(shown);

    if ((value_is_set(bound->args[1]) && ev_index_of(ev, bound->args[1], &from) < 0) ||
        (value_is_set(bound->args[2]) && ev_index_of(ev, bound->args[2], &to) < 0))
        return -1;
    from = from < -n ? 0 : from < 0 ? from + n : from;
    to = to < -n ? 0 : to < 0 ? to + n : to;
    if (find(ev, self, bound->args[0], (size_t)from, (size_t)to, &at) < 0)
        return -1;
    if (at >= 0) {
        *ret = value_int(at);
        return 0;
    }
    if (self.kind == VALUE_TUPLE)
        return ev_error(ev, "ValueError", "tuple.index(x): x not in tuple");
    ev_repr(ev, bound->args[0], &shown);
    return ev_error(ev, "ValueError", "%.1000s is not in list", buffer_text(&shown));
}

/* What groupby gives has names for its two parts. */
static int tuple_grouper(struct ev *ev, value self, struct bound *bound, value *ret)
{
    if (value_list_count(self) == 2 && value_list_at(self, 1).kind == VALUE_LIST)
        *ret = value_ref(value_list_at(self, 0));
    return 0;
}

static int tuple_list(struct ev *ev, value self, struct bound *bound, value *ret)
{
    if (value_list_count(self) == 2 && value_list_at(self, 1).kind == VALUE_LIST)
        *ret = value_ref(value_list_at(self, 1));
    return 0;
}

/* ---- dict ---- */

static int dict_get(struct ev *ev, value self, struct bound *bound, value *ret)
{
    value text = text_of(bound->args[0]), found;

    if (ev_hashable(ev, bound->args[0]) < 0)
        return -1;
    found = value_map_get_value(self, value_is_set(text) ? text : bound->args[0]);
    *ret = value_is_set(found)            ? value_ref(found)
           : value_is_set(bound->args[1]) ? value_ref(bound->args[1])
                                          : value_null();
    return 0;
}

static int dict_keys(struct ev *ev, value self, struct bound *bound, value *ret)
{
    *ret = view_new(VIEW_KEYS, self);
    return 0;
}

static int dict_values(struct ev *ev, value self, struct bound *bound, value *ret)
{
    *ret = view_new(VIEW_VALUES, self);
    return 0;
}

static int dict_items(struct ev *ev, value self, struct bound *bound, value *ret)
{
    *ret = view_new(VIEW_ITEMS, self);
    return 0;
}

static int dict_copy(struct ev *ev, value self, struct bound *bound, value *ret)
{
    if (ev_pay_items(ev, value_map_count(self)) < 0)
        return -1;
    *ret = value_map_new(value_map_count(self));
    value_map_update(ret, self);
    return 0;
}

static int dict_fromkeys(struct ev *ev, value self, struct bound *bound, value *ret)
{
    ITER_AUTO(iter);
    VALUE_AUTO(map);
    value key;

    if (iter_init(ev, bound->args[0], &iter) < 0)
        return -1;
    map = value_map_new(0);
    for (;;) {
        if (iter_next(ev, &iter, &key) < 0)
            return -1;
        if (!value_is_set(key))
            break;
        if (ev_map_set(ev, &map, key,
                       value_is_set(bound->args[1]) ? value_ref(bound->args[1]) : value_null()) < 0)
            return -1;
    }
    *ret = value_take(&map);
    return 0;
}

/* Sets a key in place; takes both. */
static int set_in_place(struct ev *ev, value self, value key, value item)
{
    int r = ev_may_hold(ev, self, item);

    if (r == 0)
        r = ev_hashable(ev, key);
    if (r == 0 && value_map_count(self) >= ev->limits.sequence)
        r = ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    if (r < 0) {
        value_unref(key);
        value_unref(item);
        return -1;
    }
    IN_PLACE(self.header, value_map_set(&self, key, item));
    return 0;
}

static int dict_update_method(struct ev *ev, value self, struct bound *bound, value *ret)
{
    VALUE_AUTO(more);

    more = value_map_new(0);
    if (value_is_set(bound->args[0]) && dict_update(ev, &more, bound->args[0]) < 0)
        return -1;
    value_map_update(&more, bound->named);
    VALUE_MAP_EACH (i, more) {
        if (ev_pay(ev, 1) < 0 || set_in_place(ev, self, value_ref(value_map_key_at(more, i)),
                                              value_ref(value_map_item_at(more, i))) < 0)
            return -1;
    }
    return nothing(ret);
}

static int dict_setdefault(struct ev *ev, value self, struct bound *bound, value *ret)
{
    value found;

    if (ev_hashable(ev, bound->args[0]) < 0)
        return -1;
    found = value_map_get_value(self, bound->args[0]);
    if (value_is_set(found)) {
        *ret = value_ref(found);
        return 0;
    }
    *ret = value_is_set(bound->args[1]) ? value_ref(bound->args[1]) : value_null();
    return set_in_place(ev, self, value_ref(bound->args[0]), value_ref(*ret));
}

static int dict_pop(struct ev *ev, value self, struct bound *bound, value *ret)
{
    BUFFER_AUTO(shown);
    value found;

    if (ev_hashable(ev, bound->args[0]) < 0)
        return -1;
    found = value_map_get_value(self, bound->args[0]);
    if (value_is_set(found)) {
        *ret = value_ref(found);
        if (ev_pay(ev, value_map_count(self) / 16) < 0)
            return -1;
        IN_PLACE(self.header, value_map_remove_value(&self, bound->args[0]));
        return 0;
    }
    if (value_is_set(bound->args[1])) {
        *ret = value_ref(bound->args[1]);
        return 0;
    }
    ev_repr(ev, bound->args[0], &shown);
    return ev_error(ev, "KeyError", "%.1000s", buffer_text(&shown));
}

static int dict_popitem(struct ev *ev, value self, struct bound *bound, value *ret)
{
    size_t n = value_map_count(self);
    VALUE_AUTO(key);

    if (!n)
        return ev_error(ev, "KeyError", "'popitem(): dictionary is empty'");
    key = value_ref(value_map_key_at(self, n - 1));
    *ret = value_tuple_new(2);
    value_list_append(ret, value_ref(key));
    value_list_append(ret, value_ref(value_map_item_at(self, n - 1)));
    IN_PLACE(self.header, value_map_remove_value(&self, key));
    return ev_pay(ev, 4);
}

static int dict_clear(struct ev *ev, value self, struct bound *bound, value *ret)
{
    if (ev_pay(ev, value_map_count(self)) < 0)
        return -1;
    while (value_map_count(self)) {
        VALUE_AUTO(key);

        key = value_ref(value_map_key_at(self, value_map_count(self) - 1));
        IN_PLACE(self.header, value_map_remove_value(&self, key));
    }
    return nothing(ret);
}

const struct method_row methods_container[] = {
    { "append", METHOD_LIST, list_append, METHOD_MUTATES, 1, 1, { "object" } },
    { "clear", METHOD_LIST, list_clear, METHOD_MUTATES, 0, 0, { 0 } },
    { "copy", METHOD_LIST, list_copy, 0, 0, 0, { 0 } },
    { "count", METHOD_LIST, list_count, 0, 1, 1, { "value" } },
    { "extend", METHOD_LIST, list_extend, METHOD_MUTATES, 1, 1, { "iterable" } },
    { "index", METHOD_LIST, list_index, 0, 1, 3, { "value", "start", "stop" } },
    { "insert", METHOD_LIST, list_insert, METHOD_MUTATES, 2, 2, { "index", "object" } },
    { "pop", METHOD_LIST, list_pop, METHOD_MUTATES, 0, 1, { "index" } },
    { "remove", METHOD_LIST, list_remove, METHOD_MUTATES, 1, 1, { "value" } },
    { "reverse", METHOD_LIST, list_reverse, METHOD_MUTATES, 0, 0, { 0 } },
    { "sort", METHOD_LIST, list_sort, METHOD_MUTATES | BUILTIN_NAMED, 0, 2, { "key", "reverse" } },
    { "count", METHOD_TUPLE, list_count, 0, 1, 1, { "value" } },
    { "index", METHOD_TUPLE, list_index, 0, 1, 3, { "value", "start", "stop" } },
    { "grouper", METHOD_TUPLE, tuple_grouper, METHOD_PROPERTY, 0, 0, { 0 } },
    { "list", METHOD_TUPLE, tuple_list, METHOD_PROPERTY, 0, 0, { 0 } },
    { "clear", METHOD_DICT, dict_clear, METHOD_MUTATES, 0, 0, { 0 } },
    { "copy", METHOD_DICT, dict_copy, 0, 0, 0, { 0 } },
    { "fromkeys", METHOD_DICT, dict_fromkeys, 0, 1, 2, { "iterable", "value" } },
    { "get", METHOD_DICT, dict_get, 0, 1, 2, { "key", "default" } },
    { "items", METHOD_DICT, dict_items, 0, 0, 0, { 0 } },
    { "keys", METHOD_DICT, dict_keys, 0, 0, 0, { 0 } },
    { "pop", METHOD_DICT, dict_pop, METHOD_MUTATES, 1, 2, { "key", "default" } },
    { "popitem", METHOD_DICT, dict_popitem, METHOD_MUTATES, 0, 0, { 0 } },
    { "setdefault", METHOD_DICT, dict_setdefault, METHOD_MUTATES, 1, 2, { "key", "default" } },
    { "update", METHOD_DICT, dict_update_method, METHOD_MUTATES | BUILTIN_KWARGS, 0, 1, { "other" } },
    { "values", METHOD_DICT, dict_values, 0, 0, 0, { 0 } },
    { 0 },
};
