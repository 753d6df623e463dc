/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that walk through sequences. */
#include "expr/jinja/filters.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- attributes by dotted name ---- */

value attribute_parts(value attribute)
{
    value text = text_of(attribute), parts = value_list_new(1);
    const char *at, *dot;

    if (value_is_null(attribute))
        return parts;
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

int attribute_follow(struct ev *ev, value v, value parts, value otherwise, value *ret)
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

int attribute_key(struct ev *ev, value item, value parts, bool ignore, value *ret)
{
    if (value_is_set(parts)) {
        if (attribute_follow(ev, item, parts, VALUE_NOTHING, ret) < 0)
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

value attribute_parts_or_nothing(value attribute)
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

struct sorting {
    bool ignore_case, reverse, in_lists;
};

static bool is_scalar_pair(value a, value b)
{
    return (a.kind == VALUE_STRING && b.kind == VALUE_STRING) || (value_is_number(a) && value_is_number(b));
}

/* The sort filter compares lists of keys: what is equal is not asked for its order, which it may not have. */
static int is_less(struct ev *ev, value a, value b, bool in_lists, bool *ret)
{
    bool same = false;

    if (in_lists && !is_scalar_pair(a, b) && ev_equal(ev, a, b, &same) < 0)
        return -1;
    *ret = false;
    return same ? 0 : ev_order(ev, COMPARE_LT, a, b, ret);
}

/* Stable merge of two sorted halves; the right one goes first only when it is less. */
static int merge(struct ev *ev, struct sorted *items, struct sorted *spare, size_t n, struct sorting how)
{
    size_t half = n / 2, a = 0, b = half, to = 0;
    bool less;

    if (n < 2)
        return 0;
    if (merge(ev, items, spare, half, how) < 0 || merge(ev, items + half, spare, n - half, how) < 0)
        return -1;
    while (a < half && b < n) {
        if (ev_pay(ev, 1) < 0 || is_less(ev, how.reverse ? items[a].key : items[b].key,
                                         how.reverse ? items[b].key : items[a].key, how.in_lists, &less) < 0)
            return -1;
        spare[to++] = less ? items[b++] : items[a++];
    }
    while (a < half)
        spare[to++] = items[a++];
    memcpy(items, spare, to * sizeof(items[0]));
    return 0;
}

static int sort_items(struct ev *ev, struct sorted *items, size_t n, struct sorting how)
{
    struct sorted *spare = xreallocarray(NULL, n + 1, sizeof(spare[0]));
    struct sorted *before = xmemdup(items, n * sizeof(items[0]) + 1 > 1 ? n * sizeof(items[0]) : 1);
    int r = merge(ev, items, spare, n, how);

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
        return attribute_key(ev, item, value_list_at(attributes, 0), ignore, ret);
    keys = value_list_new(value_list_count(attributes));
    VALUE_LIST_EACH (i, parts, attributes) {
        if (attribute_key(ev, item, parts, ignore, &key) < 0)
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
static int sort_list(struct ev *ev, value list, value attributes, struct sorting how, value *ret)
{
    size_t n = value_list_count(list);
    struct sorted *items = xcalloc(n + 1, sizeof(items[0]));
    int r = 0;

    for (size_t i = 0; i < n && r == 0; i++) {
        items[i].item = value_ref(value_list_at(list, i));
        r = value_list_count(attributes)
                ? keys_of(ev, items[i].item, attributes, how.ignore_case, &items[i].key)
                : attribute_key(ev, items[i].item, VALUE_NOTHING, how.ignore_case, &items[i].key);
    }
    if (r == 0)
        r = sort_items(ev, items, n, how);
    if (r == 0) {
        *ret = value_list_new(n);
        for (size_t i = 0; i < n; i++)
            value_list_append(ret, value_ref(items[i].item));
    }
    sorted_release(items, n);
    return r;
}

/* Python's sorted() wants an integer here. */
static int backwards(struct ev *ev, value v, bool *ret)
{
    int64_t n = 0;

    if (value_is_set(v) && ev_index_of(ev, v, &n) < 0)
        return -1;
    *ret = n != 0;
    return 0;
}

static int filter_sort(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(list);
    VALUE_AUTO(attributes);
    bool reverse, sensitive;

    if (flag(ev, bound->args[2], false, &sensitive) < 0 || ev_list(ev, bound->args[0], &list) < 0 ||
        backwards(ev, bound->args[1], &reverse) < 0)
        return -1;
    attributes = split_attributes(bound->args[3]);
    return sort_list(ev, list, attributes, (struct sorting){ !sensitive, reverse, true }, ret);
}

int ev_sort(struct ev *ev, value list, bool reverse, value *ret)
{
    VALUE_AUTO(none);

    none = value_list_new(0);
    return sort_list(ev, list, none, (struct sorting){ .reverse = reverse }, ret);
}

static int filter_dictsort(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(list);
    VALUE_AUTO(attributes);
    VALUE_AUTO(view);
    bool sensitive, reverse;
    value by = bound->args[2], parts;

    if (value_is_set(by) && !value_text_is(by, "key") && !value_text_is(by, "value"))
        return ev_error(ev, "FilterArgumentError", "You can only sort by either \"key\" or \"value\"");
    if (is_undefined(bound->args[0]))
        return undefined_raise(ev, bound->args[0]);
    if (bound->args[0].kind != VALUE_MAP)
        return ev_error(ev, "AttributeError", "'%s' object has no attribute 'items'",
                        ev_type_name(bound->args[0]));
    view = view_new(VIEW_ITEMS, bound->args[0]);
    if (ev_list(ev, view, &list) < 0 || backwards(ev, bound->args[3], &reverse) < 0 ||
        flag(ev, bound->args[1], false, &sensitive) < 0)
        return -1;
    parts = value_list_new(1);
    value_list_append(&parts, value_int(value_text_is(by, "value")));
    attributes = value_list_new(1);
    value_list_append(&attributes, parts);
    return sort_list(ev, list, attributes, (struct sorting){ !sensitive, reverse, false }, ret);
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
        if (attribute_follow(ev, items[i].item, parts, otherwise, &key) < 0) {
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
        r = attribute_follow(ev, items[i].item, parts, otherwise, &items[i].key);
        if (r == 0)
            r = fold_case(ev, !sensitive, &items[i].key);
    }
    if (r == 0)
        r = sort_items(ev, items, n, (struct sorting){ 0 });
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
    parts = attribute_parts_or_nothing(bound->args[2]);
    if (attribute_key(ev, best, parts, !sensitive, &best_key) < 0)
        return -1;
    for (;;) {
        if (iter_next(ev, &iter, &item) < 0)
            return -1;
        if (!value_is_set(item))
            break;
        if (attribute_key(ev, item, parts, !sensitive, &key) < 0) {
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

    if (iter_init(ev, bound->args[0], &iter) < 0)
        return -1;
    sum = value_is_set(bound->args[2]) ? value_ref(bound->args[2]) : value_int(0);
    if (value_is_set(text_of(sum)))
        return ev_error(ev, "TypeError", "sum() can't sum strings [use ''.join(seq) instead]");
    parts = attribute_parts_or_nothing(bound->args[1]);
    for (;;) {
        VALUE_AUTO(item);
        VALUE_AUTO(part);
        value next;

        if (iter_next(ev, &iter, &item) < 0)
            return -1;
        if (!value_is_set(item))
            break;
        if (attribute_key(ev, item, parts, false, &part) < 0 ||
            ev_binary(ev, NUMBER_ADD, sum, part, &next) < 0)
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
    parts = attribute_parts_or_nothing(bound->args[2]);
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
        if (attribute_key(ev, item, parts, false, &part) < 0 || add_joined(ev, part, markup, out) < 0)
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

/* ---- others ---- */

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
    generator = generator_new(step_iterate, value_is_list(v)      ? "list_reverseiterator"
                                            : v.kind == VALUE_MAP ? "dict_reversekeyiterator"
                                                                  : "range_iterator");
    if (iter_init(ev, v, &generator->source) < 0) {
        value_unref(value_object(&generator->object));
        return -1;
    }
    generator->source.reverse = true;
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
    { "dictsort", "do_dictsort", filter_dictsort, 0, 1, 4, { "value", "case_sensitive", "by", "reverse" } },
    { "first", "sync_do_first", filter_first, BUILTIN_HIDDEN, 1, 1, { "seq" } },
    { "groupby",
      "sync_do_groupby",
      filter_groupby,
      BUILTIN_HIDDEN,
      2,
      4,
      { "value", "attribute", "default", "case_sensitive" } },
    { "join",
      "sync_do_join",
      filter_join,
      BUILTIN_HIDDEN,
      1,
      3,
      { "value", "d", "attribute" },
      .print = print_join },
    { "last", "do_last", filter_last, BUILTIN_HIDDEN, 1, 1, { "seq" } },
    { "list", "sync_do_list", filter_list, 0, 1, 1, { "value" } },
    { "max", "do_max", filter_max, BUILTIN_HIDDEN, 1, 3, { "value", "case_sensitive", "attribute" } },
    { "min", "do_min", filter_min, BUILTIN_HIDDEN, 1, 3, { "value", "case_sensitive", "attribute" } },
    { "random", "do_random", filter_random, BUILTIN_CONTEXT | BUILTIN_HIDDEN, 1, 1, { "seq" } },
    { "reverse", "do_reverse", filter_reverse, 0, 1, 1, { "value" } },
    { "sort",
      "do_sort",
      filter_sort,
      BUILTIN_HIDDEN,
      1,
      4,
      { "value", "reverse", "case_sensitive", "attribute" } },
    { "sum", "sync_do_sum", filter_sum, BUILTIN_HIDDEN, 1, 3, { "iterable", "attribute", "start" } },
    { 0 },
};
