/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that walk through sequences. */
#include "expr/jinja/engine.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- attributes by dotted name ---- */

/* "a.0.b" as its parts, numbers where they are digits; one part for anything but text. */
static value attribute_parts(value attribute)
{
    value text = text_of(attribute), parts = value_list_new(1);
    const char *at, *dot;

    if (!value_is_set(text)) {
        value_list_append(&parts, value_ref(attribute));
        return parts;
    }
    for (at = value_chars(text);; at = dot + 1) {
        size_t n, digits;

        dot = strchr(at, '.');
        n = dot ? (size_t)(dot - at) : strlen(at);
        digits = strspn(at, "0123456789");
        value_list_append(&parts,
                          n && digits >= n && n < 18 ? value_int_from_text(at, n, 10) : value_text_n(at, n));
        if (!dot)
            return parts;
    }
}

/* The attribute `parts` leads to; `otherwise` (may be unset) stands for what is undefined on the way. */
static int follow(struct ev *ev, value v, value parts, value otherwise, value *ret)
{
    VALUE_AUTO(at);

    at = value_ref(v);
    VALUE_LIST_EACH (i, part, parts) {
        value next;

        if (ev_pay(ev, 1) < 0 || ev_getitem(ev, at, part, &next) < 0)
            return -1;
        if (value_is_set(otherwise) && is_undefined(next))
            value_replace(&next, value_ref(otherwise));
        value_replace(&at, next);
    }
    *ret = value_take(&at);
    return 0;
}

/* Text in lower case when case does not count. */
static int fold_case(struct ev *ev, bool ignore, value *v)
{
    value text = text_of(*v), lower;

    if (!ignore || !value_is_set(text))
        return 0;
    if (text_lower(ev, text, &lower) < 0)
        return -1;
    value_replace(v, lower);
    return 0;
}

/* What an item is sorted or compared by. `attribute` unset or null: the item itself. */
static int key_of(struct ev *ev, value item, value parts, bool ignore, value *ret)
{
    if (value_is_set(parts)) {
        if (follow(ev, item, parts, VALUE_NOTHING, ret) < 0)
            return -1;
    } else {
        *ret = value_ref(item);
    }
    if (fold_case(ev, ignore, ret) < 0) {
        value_unref(value_take(ret));
        return -1;
    }
    return 0;
}

static value parts_or_nothing(value attribute)
{
    return value_is_null(attribute) ? VALUE_NOTHING : attribute_parts(attribute);
}

static int flag(struct ev *ev, value v, bool otherwise, bool *ret)
{
    *ret = otherwise;
    return value_is_set(v) ? ev_truth(ev, v, ret) : 0;
}

/* ---- sorting ---- */

struct sorted {
    value key, item;
};

/* Stable merge of two sorted halves; the right one goes first only when it is less. */
static int merge(struct ev *ev, struct sorted *items, struct sorted *spare, size_t n, bool reverse)
{
    size_t half = n / 2, a = 0, b = half, to = 0;
    bool less;

    if (n < 2)
        return 0;
    if (merge(ev, items, spare, half, reverse) < 0 || merge(ev, items + half, spare, n - half, reverse) < 0)
        return -1;
    while (a < half && b < n) {
        if (ev_pay(ev, 1) < 0 || ev_order(ev, COMPARE_LT, reverse ? items[a].key : items[b].key,
                                          reverse ? items[b].key : items[a].key, &less) < 0)
            return -1;
        spare[to++] = less ? items[b++] : items[a++];
    }
    while (a < half)
        spare[to++] = items[a++];
    memcpy(items, spare, to * sizeof(items[0]));
    return 0;
}

static int sort_items(struct ev *ev, struct sorted *items, size_t n, bool reverse)
{
    struct sorted *spare = xreallocarray(NULL, n + 1, sizeof(spare[0]));
    struct sorted *before = xmemdup(items, n * sizeof(items[0]) + 1 > 1 ? n * sizeof(items[0]) : 1);
    int r = merge(ev, items, spare, n, reverse);

    if (r < 0) /* merging may have left an item twice in the array */
        memcpy(items, before, n * sizeof(items[0]));
    free(before);
    free(spare);
    return r;
}

static void sorted_release(struct sorted *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        value_unref(items[i].key);
        value_unref(items[i].item);
    }
    free(items);
}

/* Several attributes: "a,b" sorts by a, then by b. */
static int keys_of(struct ev *ev, value item, value attributes, bool ignore, value *ret)
{
    VALUE_AUTO(keys);
    value key;

    if (value_list_count(attributes) == 1)
        return key_of(ev, item, value_list_at(attributes, 0), ignore, ret);
    keys = value_list_new(value_list_count(attributes));
    VALUE_LIST_EACH (i, parts, attributes) {
        if (key_of(ev, item, parts, ignore, &key) < 0)
            return -1;
        value_list_append(&keys, key);
    }
    *ret = value_take(&keys);
    return 0;
}

static value split_attributes(value attribute)
{
    value text = text_of(attribute), all = value_list_new(1);
    const char *at, *comma;

    if (value_is_null(attribute))
        return all;
    if (!value_is_set(text)) {
        value_list_append(&all, attribute_parts(attribute));
        return all;
    }
    for (at = value_chars(text);; at = comma + 1) {
        value name;

        comma = strchr(at, ',');
        name = value_text_n(at, comma ? (size_t)(comma - at) : strlen(at));
        value_list_append(&all, attribute_parts(name));
        value_unref(name);
        if (!comma)
            return all;
    }
}

/* `list`, sorted by its attributes, as a new list. */
static int sort_list(struct ev *ev, value list, value attributes, bool ignore, bool reverse, value *ret)
{
    size_t n = value_list_count(list);
    struct sorted *items = xcalloc(n + 1, sizeof(items[0]));
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        items[i].item = value_ref(value_list_at(list, i));
        r = value_list_count(attributes) ? keys_of(ev, items[i].item, attributes, ignore, &items[i].key)
                                         : key_of(ev, items[i].item, VALUE_NOTHING, ignore, &items[i].key);
    }
    if (r == 0)
        r = sort_items(ev, items, n, reverse);
    if (r == 0) {
        *ret = value_list_new(n);
        for (size_t i = 0; i < n; i++)
            value_list_append(ret, value_ref(items[i].item));
    }
    sorted_release(items, n);
    return r;
}

static int filter_sort(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(list);
    VALUE_AUTO(attributes);
    bool reverse, sensitive;

    if (flag(ev, bound->args[1], false, &reverse) < 0 || flag(ev, bound->args[2], false, &sensitive) < 0 ||
        ev_list(ev, bound->args[0], &list) < 0)
        return -1;
    attributes = split_attributes(bound->args[3]);
    return sort_list(ev, list, attributes, !sensitive, reverse, ret);
}

int ev_sort(struct ev *ev, value list, bool reverse, value *ret)
{
    VALUE_AUTO(none);

    none = value_list_new(0);
    return sort_list(ev, list, none, false, reverse, ret);
}

static int filter_dictsort(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(list);
    VALUE_AUTO(attributes);
    VALUE_AUTO(view);
    bool sensitive, reverse;
    value by = bound->args[2], parts;

    if (flag(ev, bound->args[1], false, &sensitive) < 0 || flag(ev, bound->args[3], false, &reverse) < 0)
        return -1;
    if (is_undefined(bound->args[0]))
        return undefined_raise(ev, bound->args[0]);
    if (value_is_set(by) && !value_text_is(by, "key") && !value_text_is(by, "value"))
        return ev_error(ev, "FilterArgumentError", "You can only sort by either \"key\" or \"value\"");
    if (bound->args[0].kind != VALUE_MAP)
        return ev_error(ev, "AttributeError", "'%s' object has no attribute 'items'",
                        ev_type_name(bound->args[0]));
    view = view_new(VIEW_ITEMS, bound->args[0]);
    if (ev_list(ev, view, &list) < 0)
        return -1;
    parts = value_list_new(1);
    value_list_append(&parts, value_int(value_text_is(by, "value")));
    attributes = value_list_new(1);
    value_list_append(&attributes, parts);
    return sort_list(ev, list, attributes, !sensitive, reverse, ret);
}

static value group_tuple(value key, value items)
{
    value pair = value_tuple_new(2);

    value_list_append(&pair, key);
    value_list_append(&pair, items);
    return pair;
}

/* One group from item i on; *ret_end is where the next one starts. */
static int group_from(struct ev *ev, struct sorted *items, size_t i, size_t n, value *ret_list,
                      size_t *ret_end)
{
    VALUE_AUTO(list);
    bool same = true;
    size_t k = i;

    list = value_list_new(0);
    while (k < n) {
        if (k > i && ev_equal(ev, items[i].key, items[k].key, &same) < 0)
            return -1;
        if (!same)
            break;
        value_list_append(&list, value_ref(items[k++].item));
    }
    *ret_end = k;
    *ret_list = value_take(&list);
    return 0;
}

static int groups(struct ev *ev, struct sorted *items, size_t n, value parts, value otherwise, value *ret)
{
    VALUE_AUTO(all);

    all = value_list_new(0);
    for (size_t i = 0; i < n;) {
        value list, key;
        size_t end;

        if (group_from(ev, items, i, n, &list, &end) < 0)
            return -1;
        if (follow(ev, items[i].item, parts, otherwise, &key) < 0) {
            value_unref(list);
            return -1;
        }
        value_list_append(&all, group_tuple(key, list));
        i = end;
    }
    *ret = value_take(&all);
    return 0;
}

static int filter_groupby(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(list);
    VALUE_AUTO(parts);
    value otherwise = value_is_null(bound->args[2]) ? VALUE_NOTHING : bound->args[2];
    struct sorted *items;
    bool sensitive;
    size_t n;
    int r = 0;

    if (flag(ev, bound->args[3], false, &sensitive) < 0 || ev_list(ev, bound->args[0], &list) < 0)
        return -1;
    parts = attribute_parts(bound->args[1]);
    n = value_list_count(list);
    items = xcalloc(n + 1, sizeof(items[0]));
    for (size_t i = 0; i < n && r == 0; i++) {
        items[i].item = value_ref(value_list_at(list, i));
        r = follow(ev, items[i].item, parts, otherwise, &items[i].key);
        if (r == 0)
            r = fold_case(ev, !sensitive, &items[i].key);
    }
    if (r == 0)
        r = sort_items(ev, items, n, false);
    if (r == 0)
        r = groups(ev, items, n, parts, otherwise, ret);
    sorted_release(items, n);
    return r;
}

static int extreme(struct ev *ev, struct bound *bound, enum compare_operator op, value *ret)
{
    ITER_AUTO(iter);
    VALUE_AUTO(parts);
    VALUE_AUTO(best);
    VALUE_AUTO(best_key);
    bool sensitive, better;
    value item, key;

    if (flag(ev, bound->args[1], false, &sensitive) < 0 || iter_init(ev, bound->args[0], &iter) < 0 ||
        iter_next(ev, &iter, &best) < 0)
        return -1;
    if (!value_is_set(best)) {
        *ret = undefined_hint(ev, "UndefinedError", value_text("No aggregated item, sequence was empty."));
        return 0;
    }
    parts = parts_or_nothing(bound->args[2]);
    if (key_of(ev, best, parts, !sensitive, &best_key) < 0)
        return -1;
    for (;;) {
        if (iter_next(ev, &iter, &item) < 0)
            return -1;
        if (!value_is_set(item))
            break;
        if (key_of(ev, item, parts, !sensitive, &key) < 0) {
            value_unref(item);
            return -1;
        }
        if (ev_order(ev, op, key, best_key, &better) < 0) {
            value_unref(item);
            value_unref(key);
            return -1;
        }
        if (better) {
            value_replace(&best, item);
            value_replace(&best_key, key);
        } else {
            value_unref(item);
            value_unref(key);
        }
    }
    *ret = value_take(&best);
    return 0;
}

static int filter_min(struct ev *ev, struct bound *bound, value *ret)
{
    return extreme(ev, bound, COMPARE_LT, ret);
}

static int filter_max(struct ev *ev, struct bound *bound, value *ret)
{
    return extreme(ev, bound, COMPARE_GT, ret);
}

/* ---- first, last, sum, join ---- */

static int filter_first(struct ev *ev, struct bound *bound, value *ret)
{
    ITER_AUTO(iter);

    if (value_is_list(bound->args[0]) && value_list_count(bound->args[0])) {
        *ret = value_ref(value_list_at(bound->args[0], 0));
        return 0;
    }
    if (iter_init(ev, bound->args[0], &iter) < 0 || iter_next(ev, &iter, ret) < 0)
        return -1;
    if (!value_is_set(*ret))
        *ret = undefined_hint(ev, "UndefinedError", value_text("No first item, sequence was empty."));
    return 0;
}

static bool is_reversible(value v)
{
    return value_is_set(text_of(v)) || value_is_list(v) || v.kind == VALUE_MAP || is_object(v, &range_ops) ||
           is_object(v, &view_ops);
}

static int filter_last(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0];
    struct iter iter;

    if (ev_index(v, -1, ret))
        return 0;
    if (is_undefined(v) && !((struct undefined *)v.object)->lax)
        return undefined_raise(ev, v);
    if (!is_reversible(v) && !is_undefined(v))
        return ev_error(ev, "TypeError", "'%s' object is not reversible", ev_type_name(v));
    if (iter_init(ev, v, &iter) < 0)
        return -1;
    iter.reverse = true;
    if (iter.kind == ITER_MAP && iter_next(ev, &iter, ret) < 0) {
        iter_release(&iter);
        return -1;
    }
    iter_release(&iter);
    if (!value_is_set(*ret))
        *ret = undefined_hint(ev, "UndefinedError", value_text("No last item, sequence was empty."));
    return 0;
}

static int filter_sum(struct ev *ev, struct bound *bound, value *ret)
{
    ITER_AUTO(iter);
    VALUE_AUTO(parts);
    VALUE_AUTO(sum);

    sum = value_is_set(bound->args[2]) ? value_ref(bound->args[2]) : value_int(0);
    if (value_is_set(text_of(sum)))
        return ev_error(ev, "TypeError", "sum() can't sum strings [use ''.join(seq) instead]");
    parts = parts_or_nothing(bound->args[1]);
    if (iter_init(ev, bound->args[0], &iter) < 0)
        return -1;
    for (;;) {
        VALUE_AUTO(item);
        VALUE_AUTO(part);
        value next;

        if (iter_next(ev, &iter, &item) < 0)
            return -1;
        if (!value_is_set(item))
            break;
        if (key_of(ev, item, parts, false, &part) < 0 || ev_binary(ev, NUMBER_ADD, sum, part, &next) < 0)
            return -1;
        value_replace(&sum, next);
    }
    *ret = value_take(&sum);
    return 0;
}

/* Adds str(v), escaped where the rest is markup and v is not. */
static int add_joined(struct ev *ev, value v, bool markup, struct buffer *out)
{
    VALUE_AUTO(text);

    if (!markup || is_object(v, &markup_ops))
        return ev_str(ev, v, out);
    if (ev_str_value(ev, v, &text) < 0 || ev_pay(ev, value_len(text) / 16) < 0)
        return -1;
    text_escape(out, text);
    return 0;
}

/* Texts and the like of a list, which need no care. */
static int join_list(struct ev *ev, value list, value separator, struct buffer *out)
{
    if (ev_pay(ev, value_list_count(list)) < 0)
        return -1;
    VALUE_LIST_EACH (i, each, list) {
        if (i && value_is_set(separator) && ev_str(ev, separator, out) < 0)
            return -1;
        if (ev_str(ev, each, out) < 0)
            return -1;
    }
    return 0;
}

static int join(struct ev *ev, value v, const struct bound *bound, bool markup, struct buffer *out)
{
    value separator = bound->args[1];
    ITER_AUTO(iter);
    VALUE_AUTO(parts);

    if (value_is_list(v) && value_is_null(bound->args[2]) && !markup)
        return join_list(ev, v, separator, out);
    parts = parts_or_nothing(bound->args[2]);
    if (iter_init(ev, v, &iter) < 0)
        return -1;
    for (bool first = true;; first = false) {
        VALUE_AUTO(item);
        VALUE_AUTO(part);

        if (iter_next(ev, &iter, &item) < 0)
            return -1;
        if (!value_is_set(item))
            return 0;
        if (!first && value_is_set(separator) && add_joined(ev, separator, markup, out) < 0)
            return -1;
        if (key_of(ev, item, parts, false, &part) < 0 || add_joined(ev, part, markup, out) < 0)
            return -1;
    }
}

static int filter_join(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(list);
    BUFFER_AUTO(out);
    bool markup = false;

    if (ev->autoescape) {
        if (ev_list(ev, bound->args[0], &list) < 0)
            return -1;
        markup = is_object(bound->args[1], &markup_ops);
        VALUE_LIST_EACH (i, each, list) {
            markup = markup || is_object(each, &markup_ops);
        }
    }
    if (join(ev, value_is_set(list) ? list : bound->args[0], bound, markup, &out) < 0)
        return -1;
    *ret = value_text_n(buffer_text(&out), out.len);
    if (markup)
        *ret = markup_new(*ret);
    return 0;
}

static int print_join(struct ev *ev, const struct bound *bound, struct buffer *out)
{
    return join(ev, bound->args[0], bound, false, out);
}

static int filter_list(struct ev *ev, struct bound *bound, value *ret)
{
    return ev_list(ev, bound->args[0], ret);
}

/* ---- lazy filters ---- */

/* A generator over `source`; its remaining arguments are moved from `bound`. */
static int lazy(struct ev *ev, value source, int (*step)(struct ev *ev, struct generator *self, value *ret),
                struct generator **ret)
{
    struct generator *generator = generator_new(step, "generator");

    if (iter_init(ev, source, &generator->source) < 0) {
        value_unref(value_object(&generator->object));
        return -1;
    }
    *ret = generator;
    return 0;
}

static int step_map(struct ev *ev, struct generator *self, value *ret)
{
    VALUE_AUTO(item);

    if (iter_next(ev, &self->source, &item) < 0)
        return -1;
    if (!value_is_set(item))
        return 0;
    if (value_is_set(self->attribute))
        return follow(ev, item, self->attribute, self->otherwise, ret);
    return builtin_call(ev, self->builtin, item, &self->actuals, ret);
}

static int move_arguments(struct ev *ev, struct bound *bound, size_t skip, struct generator *generator)
{
    for (size_t i = skip; i < value_list_count(bound->rest); i++)
        if (actuals_add(ev, &generator->actuals, value_ref(value_list_at(bound->rest, i))) < 0)
            return -1;
    VALUE_MAP_EACH (i, bound->named) {
        if (actuals_add_named(ev, &generator->actuals, value_ref(value_map_key_at(bound->named, i)),
                              value_ref(value_map_item_at(bound->named, i))) < 0)
            return -1;
    }
    return 0;
}

static int unknown(struct ev *ev, const char *what, value name)
{
    BUFFER_AUTO(shown);

    if (is_undefined(name))
        return undefined_raise(ev, name);
    ev_repr(ev, name, &shown);
    ev_error(ev, "TemplateRuntimeError", "No %s named %s.", what, buffer_text(&shown));
    if (value_is_set(text_of(name)))
        builtin_suggest(ev->err, what, value_chars(text_of(name)), ev->jinja->flags);
    return -1;
}

/* map(attribute=..., default=...) */
static int map_attribute(struct ev *ev, struct bound *bound, struct generator *generator)
{
    generator->attribute = attribute_parts(value_map_get(bound->named, "attribute"));
    generator->otherwise = value_ref(value_map_get(bound->named, "default"));
    if (generator->otherwise.kind == VALUE_NULL)
        generator->otherwise = VALUE_NOTHING;
    VALUE_MAP_EACH (i, bound->named) {
        value name = value_map_key_at(bound->named, i);

        if (!value_text_is(name, "attribute") && !value_text_is(name, "default"))
            return ev_error(ev, "FilterArgumentError", "Unexpected keyword argument '%s'", value_chars(name));
    }
    return 0;
}

static int map_filter(struct ev *ev, struct bound *bound, struct generator *generator)
{
    value name = value_list_at(bound->rest, 0), text = text_of(name);

    if (!value_is_set(name))
        return ev_error(ev, "FilterArgumentError", "map requires a filter argument");
    generator->builtin =
        value_is_set(text) ? filter_find(value_chars(text), value_len(text), ev->jinja->flags) : NULL;
    if (!generator->builtin)
        return unknown(ev, "filter", name);
    return move_arguments(ev, bound, 1, generator);
}

/* Python's filters do not even look at their arguments when there is nothing to walk through. */
static int is_empty(struct ev *ev, value v, bool *ret)
{
    *ret = false;
    if (ev_truth(ev, v, ret) < 0)
        return -1;
    *ret = !*ret;
    return 0;
}

static int filter_map(struct ev *ev, struct bound *bound, value *ret)
{
    struct generator *generator;
    bool empty;
    int r;

    if (is_empty(ev, bound->args[0], &empty) < 0)
        return -1;
    if (empty) {
        *ret = value_object(&generator_new(NULL, "generator")->object);
        return 0;
    }
    if (lazy(ev, bound->args[0], step_map, &generator) < 0)
        return -1;
    if (!value_list_count(bound->rest) && value_map_has(bound->named, "attribute"))
        r = map_attribute(ev, bound, generator);
    else
        r = map_filter(ev, bound, generator);
    if (r < 0)
        value_unref(value_object(&generator->object));
    else
        *ret = value_object(&generator->object);
    return r;
}

static int step_select(struct ev *ev, struct generator *self, value *ret)
{
    for (;;) {
        VALUE_AUTO(item);
        VALUE_AUTO(tested);
        bool yes;
        int r;

        if (iter_next(ev, &self->source, &item) < 0)
            return -1;
        if (!value_is_set(item))
            return 0;
        if (value_is_set(self->attribute)) {
            if (follow(ev, item, self->attribute, VALUE_NOTHING, &tested) < 0)
                return -1;
        } else {
            tested = value_ref(item);
        }
        r = self->builtin ? test_call(ev, self->builtin, tested, &self->actuals, &yes)
                          : ev_truth(ev, tested, &yes);
        if (r < 0)
            return -1;
        if (yes == self->flag) {
            *ret = value_take(&item);
            return 0;
        }
    }
}

static int select_or_reject(struct ev *ev, struct bound *bound, bool keep, bool by_attribute, value *ret)
{
    struct generator *generator;
    size_t at = by_attribute;
    value name, text;
    bool empty;

    if (is_empty(ev, bound->args[0], &empty) < 0)
        return -1;
    if (empty) {
        *ret = value_object(&generator_new(NULL, "generator")->object);
        return 0;
    }
    if (by_attribute && !value_list_count(bound->rest))
        return ev_error(ev, "FilterArgumentError", "Missing parameter for attribute name");
    if (lazy(ev, bound->args[0], step_select, &generator) < 0)
        return -1;
    *ret = value_object(&generator->object);
    generator->flag = keep;
    if (by_attribute)
        generator->attribute = attribute_parts(value_list_at(bound->rest, 0));
    name = value_list_at(bound->rest, at);
    text = text_of(name);
    if (value_is_set(text))
        generator->builtin = test_find(value_chars(text), value_len(text));
    if ((value_is_set(name) && !generator->builtin && unknown(ev, "test", name) < 0) ||
        move_arguments(ev, bound, at + 1, generator) < 0) {
        value_unref(value_take(ret));
        return -1;
    }
    return 0;
}

static int filter_select(struct ev *ev, struct bound *bound, value *ret)
{
    return select_or_reject(ev, bound, true, false, ret);
}

static int filter_reject(struct ev *ev, struct bound *bound, value *ret)
{
    return select_or_reject(ev, bound, false, false, ret);
}

static int filter_selectattr(struct ev *ev, struct bound *bound, value *ret)
{
    return select_or_reject(ev, bound, true, true, ret);
}

static int filter_rejectattr(struct ev *ev, struct bound *bound, value *ret)
{
    return select_or_reject(ev, bound, false, true, ret);
}

static int step_unique(struct ev *ev, struct generator *self, value *ret)
{
    for (;;) {
        VALUE_AUTO(item);
        VALUE_AUTO(key);

        if (iter_next(ev, &self->source, &item) < 0)
            return -1;
        if (!value_is_set(item))
            return 0;
        if (key_of(ev, item, self->attribute, self->flag, &key) < 0 || ev_hashable(ev, key) < 0)
            return -1;
        if (is_object(key, &markup_ops))
            value_replace(&key, value_ref(text_of(key)));
        if (value_set_has(self->state, key))
            continue;
        value_set_add(&self->state, value_take(&key));
        *ret = value_take(&item);
        return 0;
    }
}

static int filter_unique(struct ev *ev, struct bound *bound, value *ret)
{
    struct generator *generator;
    bool sensitive;

    if (flag(ev, bound->args[1], false, &sensitive) < 0 ||
        lazy(ev, bound->args[0], step_unique, &generator) < 0)
        return -1;
    generator->flag = !sensitive;
    generator->attribute = parts_or_nothing(bound->args[2]);
    generator->state = value_set_new(0);
    *ret = value_object(&generator->object);
    return 0;
}

static int step_batch(struct ev *ev, struct generator *self, value *ret)
{
    VALUE_AUTO(row);
    value item;

    row = value_list_new(0);
    while ((int64_t)value_list_count(row) < self->numbers[0]) {
        if (iter_next(ev, &self->source, &item) < 0)
            return -1;
        if (!value_is_set(item))
            break;
        value_list_append(&row, item);
    }
    if (!value_list_count(row))
        return 0;
    if (value_is_set(self->otherwise) && (int64_t)value_list_count(row) < self->numbers[0]) {
        if (self->numbers[0] > (int64_t)ev->limits.sequence || ev_pay_items(ev, (size_t)self->numbers[0]) < 0)
            return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
        while ((int64_t)value_list_count(row) < self->numbers[0])
            value_list_append(&row, value_ref(self->otherwise));
    }
    *ret = value_take(&row);
    return 0;
}

static int filter_batch(struct ev *ev, struct bound *bound, value *ret)
{
    struct generator *generator;
    int64_t n;

    if (ev_index_of(ev, bound->args[1], &n) < 0 || lazy(ev, bound->args[0], step_batch, &generator) < 0)
        return -1;
    generator->numbers[0] = n < 1 ? 1 : n;
    generator->otherwise = bound->args[2].kind == VALUE_NULL ? VALUE_NOTHING : value_ref(bound->args[2]);
    *ret = value_object(&generator->object);
    return 0;
}

/* numbers: which slice comes next, of how many. */
static int step_slice(struct ev *ev, struct generator *self, value *ret)
{
    int64_t length = (int64_t)value_list_count(self->state), slices = self->numbers[1],
            i = self->numbers[0]++;
    int64_t each = length / slices, longer = length % slices;
    int64_t start = i * each + (i < longer ? i : longer),
            end = (i + 1) * each + (i + 1 < longer ? i + 1 : longer);

    if (i >= slices)
        return 0;
    if (ev_pay_items(ev, (size_t)(end - start) + 16) < 0)
        return -1;
    *ret = value_list_slice(self->state, (size_t)start, (size_t)end);
    if (value_is_set(self->otherwise) && i >= longer)
        value_list_append(ret, value_ref(self->otherwise));
    return 0;
}

static int filter_slice(struct ev *ev, struct bound *bound, value *ret)
{
    struct generator *generator;
    VALUE_AUTO(list);
    int64_t n;

    if (ev_index_of(ev, bound->args[1], &n) < 0 || ev_list(ev, bound->args[0], &list) < 0)
        return -1;
    if (n == 0)
        return ev_error(ev, "ZeroDivisionError", "integer division or modulo by zero");
    generator = generator_new(step_slice, "generator");
    generator->state = value_take(&list);
    generator->numbers[1] = n < 0 ? 0 : n;
    generator->otherwise = bound->args[2].kind == VALUE_NULL ? VALUE_NOTHING : value_ref(bound->args[2]);
    if (n < 0)
        generator->step = NULL;
    *ret = value_object(&generator->object);
    return 0;
}

static int step_iterate(struct ev *ev, struct generator *self, value *ret)
{
    return iter_next(ev, &self->source, ret);
}

static int filter_reverse(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0], text = text_of(v);
    struct generator *generator;

    if (value_is_set(text)) {
        if (ev_slice(ev, text, VALUE_NOTHING, VALUE_NOTHING, value_int(-1), ret) < 0)
            return -1;
        if (v.kind == VALUE_OBJECT)
            *ret = markup_new(*ret);
        return 0;
    }
    if (!is_reversible(v)) {
        if (!is_iterable(v))
            return ev_error(ev, "FilterArgumentError", "argument must be iterable");
        if (ev_list(ev, v, ret) < 0)
            return -1;
        value_list_reverse(ret);
        return 0;
    }
    if (lazy(ev, v, step_iterate, &generator) < 0)
        return -1;
    generator->shown = value_is_list(v)      ? "list_reverseiterator"
                       : v.kind == VALUE_MAP ? "dict_reversekeyiterator"
                                             : "range_iterator";
    generator->source.reverse = true;
    *ret = value_object(&generator->object);
    return 0;
}

static int filter_items(struct ev *ev, struct bound *bound, value *ret)
{
    struct generator *generator;
    VALUE_AUTO(view);

    if (is_undefined(bound->args[0])) {
        *ret = value_object(&generator_new(NULL, "generator")->object);
        return 0;
    }
    if (bound->args[0].kind != VALUE_MAP)
        return ev_error(ev, "TypeError", "Can only get item pairs from a mapping.");
    view = view_new(VIEW_ITEMS, bound->args[0]);
    if (lazy(ev, view, step_iterate, &generator) < 0)
        return -1;
    *ret = value_object(&generator->object);
    return 0;
}

static int filter_random(struct ev *ev, struct bound *bound, value *ret)
{
    int64_t n;

    if (ev_length(ev, bound->args[0], &n) < 0)
        return -1;
    if (n && !ev_index(bound->args[0], (int64_t)(ev_random(ev) % (uint64_t)n), ret))
        return ev_error(ev, "TypeError", "'%s' object is not subscriptable", ev_type_name(bound->args[0]));
    if (!n)
        *ret = undefined_hint(ev, "UndefinedError", value_text("No random item, sequence was empty."));
    return 0;
}

const struct builtin filters_sequence[] = {
    { "batch", "do_batch", filter_batch, 0, 2, 3, { "value", "linecount", "fill_with" } },
    { "dictsort", "do_dictsort", filter_dictsort, 0, 1, 4, { "value", "case_sensitive", "by", "reverse" } },
    { "first", "do_first", filter_first, 0, 1, 1, { "seq" } },
    { "groupby",
      "do_groupby",
      filter_groupby,
      0,
      2,
      4,
      { "value", "attribute", "default", "case_sensitive" } },
    { "items", "do_items", filter_items, 0, 1, 1, { "value" } },
    { "join", "do_join", filter_join, 0, 1, 3, { "value", "d", "attribute" }, .print = print_join },
    { "last", "do_last", filter_last, 0, 1, 1, { "seq" } },
    { "list", "do_list", filter_list, 0, 1, 1, { "value" } },
    { "map", "do_map", filter_map, BUILTIN_VARARGS | BUILTIN_KWARGS, 1, 1, { "value" } },
    { "max", "do_max", filter_max, 0, 1, 3, { "value", "case_sensitive", "attribute" } },
    { "min", "do_min", filter_min, 0, 1, 3, { "value", "case_sensitive", "attribute" } },
    { "random", "do_random", filter_random, BUILTIN_CONTEXT, 1, 1, { "seq" } },
    { "reject", "do_reject", filter_reject, BUILTIN_VARARGS | BUILTIN_KWARGS, 1, 1, { "value" } },
    { "rejectattr", "do_rejectattr", filter_rejectattr, BUILTIN_VARARGS | BUILTIN_KWARGS, 1, 1, { "value" } },
    { "reverse", "do_reverse", filter_reverse, 0, 1, 1, { "value" } },
    { "select", "do_select", filter_select, BUILTIN_VARARGS | BUILTIN_KWARGS, 1, 1, { "value" } },
    { "selectattr", "do_selectattr", filter_selectattr, BUILTIN_VARARGS | BUILTIN_KWARGS, 1, 1, { "value" } },
    { "slice", "do_slice", filter_slice, 0, 2, 3, { "value", "slices", "fill_with" } },
    { "sort", "do_sort", filter_sort, 0, 1, 4, { "value", "reverse", "case_sensitive", "attribute" } },
    { "sum", "do_sum", filter_sum, 0, 1, 3, { "iterable", "attribute", "start" } },
    { "unique", "do_unique", filter_unique, 0, 1, 3, { "value", "case_sensitive", "attribute" } },
    { 0 },
};
