/* SPDX-License-Identifier: Apache-2.0 */
/* Finding. A match is a value with the way it was reached, for `parent` and "$". */
#include "expr/functions/jsonpath.h"

#include "base/limit.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "expr/functions/jsonpath-internal.h"
#include "value/python.h"

struct datum {
    value v; /* borrowed from the root, or from `kept` of the search */
    struct datum *context;
    struct datum *next; /* of a list of matches */
};

struct matches {
    struct datum *first, **last;
};

struct search {
    struct pool *pool;
    value kept; /* lists that were made on the way */
    unsigned visits;
    struct error *err;
};

static int find(struct search *s, const struct jsonpath_node *node, struct datum *datum, struct matches *out);

static int add(struct search *s, struct matches *out, value v, struct datum *context)
{
    struct datum *datum;

    if (s->visits++ >= JSONPATH_VISIT_MAX)
        return limit_exceeded(s->err, LIMIT_VISITS, JSONPATH_VISIT_MAX);
    datum = pool_alloc(s->pool, sizeof(*datum));
    datum->v = v;
    datum->context = context;
    *out->last = datum;
    out->last = &datum->next;
    return 0;
}

static struct matches *matches_init(struct matches *matches)
{
    matches->first = NULL;
    matches->last = &matches->first;
    return matches;
}

static int find_fields(struct search *s, const struct jsonpath_node *node, struct datum *datum,
                       struct matches *out)
{
    int r = 0;

    if (datum->v.kind != VALUE_MAP)
        return 0;
    if (node->any_field) {
        for (size_t i = 0; r == 0 && i < value_map_count(datum->v); i++)
            r = add(s, out, value_map_item_at(datum->v, i), datum);
        return r;
    }
    for (size_t i = 0; r == 0 && i < value_list_count(node->fields); i++) {
        value item = value_map_get_value(datum->v, value_list_at(node->fields, i));

        if (value_is_set(item))
            r = add(s, out, item, datum);
    }
    return r;
}

static int no_length(struct search *s, value v)
{
    return error_set_kind(s->err, -EINVAL, "TypeError", "object of type '%s' has no len()",
                          python_type_name(v));
}

static int find_index(struct search *s, const struct jsonpath_node *node, struct datum *datum,
                      struct matches *out)
{
    int64_t index = node->index, count;
    value v = datum->v, item;

    if (v.kind == VALUE_STRING)
        count = (int64_t)value_string_chars(v);
    else if (v.kind == VALUE_MAP || v.kind == VALUE_SET)
        count = (int64_t)value_map_count(v);
    else if (value_is_list(v))
        count = (int64_t)value_list_count(v);
    else
        return no_length(s, v);
    if (index >= count)
        return 0;
    if (v.kind == VALUE_MAP)
        return error_set_kind(s->err, -ENOENT, "KeyError", "%lld", (long long)index);
    if (index < 0)
        index += count;
    if (index < 0 || v.kind == VALUE_SET)
        return error_set_kind(s->err, -ERANGE, "IndexError", "%s index out of range", python_type_name(v));
    if (v.kind == VALUE_STRING) {
        size_t from = utf8_offset(v.string->data, v.string->len, (size_t)index);
        size_t to = utf8_offset(v.string->data, v.string->len, (size_t)index + 1);

        item = value_text_n(v.string->data + from, to - from);
        value_list_append(&s->kept, item);
        return add(s, out, item, datum);
    }
    item = value_list_at(v, (size_t)index);
    return add(s, out, item, datum);
}

/* Python's slice bounds. */
static size_t clamp(int64_t index, size_t count)
{
    if (index < 0)
        index += (int64_t)count;
    return index < 0 ? 0 : (size_t)index < count ? (size_t)index : count;
}

static int find_slice(struct search *s, const struct jsonpath_node *node, struct datum *datum,
                      struct matches *out)
{
    struct datum *list = datum;
    size_t count, from, to;
    int r = 0;

    if (datum->v.kind == VALUE_NULL || datum->v.kind == VALUE_FLOAT)
        return no_length(s, datum->v);
    if (!value_is_list(datum->v)) {
        /* What is no list counts as the only item of one. */
        value one = value_list_new(1);

        value_list_append(&one, value_ref(datum->v));
        value_list_append(&s->kept, one);
        list = pool_alloc(s->pool, sizeof(*list));
        list->v = one;
        list->context = datum->context;
    }
    count = value_list_count(list->v);
    from = node->has_start ? clamp(node->index, count) : 0;
    to = node->has_stop ? clamp(node->stop, count) : count;
    for (size_t i = from; r == 0 && i < to; i++)
        r = add(s, out, value_list_at(list->v, i), list);
    return r;
}

static int find_in_each(struct search *s, const struct jsonpath_node *node, struct datum *list,
                        struct matches *out)
{
    int r = 0;

    for (struct datum *d = list; r == 0 && d; d = d->next)
        r = find(s, node, d, out);
    return r;
}

/* The matches of `node` below `datum`, itself first. */
static int descend(struct search *s, const struct jsonpath_node *node, struct datum *datum,
                   struct matches *out)
{
    bool is_map = datum->v.kind == VALUE_MAP;
    size_t count = is_map ? value_map_count(datum->v) : value_list_count(datum->v);
    int r;

    r = find(s, node, datum, out);
    for (size_t i = 0; r == 0 && i < count; i++) {
        struct datum *child;

        if (s->visits++ >= JSONPATH_VISIT_MAX)
            return limit_exceeded(s->err, LIMIT_VISITS, JSONPATH_VISIT_MAX);
        child = pool_alloc(s->pool, sizeof(*child));
        child->v = is_map ? value_map_item_at(datum->v, i) : value_list_at(datum->v, i);
        child->context = datum;
        r = descend(s, node, child, out);
    }
    return r;
}

static int find_where(struct search *s, const struct jsonpath_node *node, struct datum *list,
                      struct matches *out)
{
    struct matches right;
    int r = 0;

    for (struct datum *d = list; r == 0 && d; d = d->next) {
        r = find(s, node->right, d, matches_init(&right));
        if (r == 0 && right.first)
            r = add(s, out, d->v, d->context);
    }
    return r;
}

static int find_pair(struct search *s, const struct jsonpath_node *node, struct datum *datum,
                     struct matches *out)
{
    struct matches left;
    int r;

    if (node->kind == JSONPATH_INTERSECT)
        return error_set_kind(s->err, -ENOTSUP, "NotImplementedError", "%s", "");
    if (node->kind == JSONPATH_UNION) {
        r = find(s, node->left, datum, out);
        return r < 0 ? r : find(s, node->right, datum, out);
    }
    r = find(s, node->left, datum, matches_init(&left));
    if (r < 0)
        return r;
    if (node->kind == JSONPATH_WHERE)
        return find_where(s, node, left.first, out);
    if (node->kind == JSONPATH_CHILD)
        return find_in_each(s, node->right, left.first, out);
    for (struct datum *d = left.first; r == 0 && d; d = d->next)
        r = descend(s, node->right, d, out);
    return r;
}

static int find(struct search *s, const struct jsonpath_node *node, struct datum *datum, struct matches *out)
{
    switch (node->kind) {
    case JSONPATH_ROOT:
        while (datum->context)
            datum = datum->context;
        return add(s, out, datum->v, NULL);
    case JSONPATH_THIS:
        return add(s, out, datum->v, datum->context);
    case JSONPATH_PARENT:
        if (!datum->context)
            return error_set_kind(s->err, -EINVAL, "AttributeError",
                                  "'NoneType' object has no attribute 'value'");
        return add(s, out, datum->context->v, datum->context->context);
    case JSONPATH_FIELDS:
        return find_fields(s, node, datum, out);
    case JSONPATH_INDEX:
        return find_index(s, node, datum, out);
    case JSONPATH_SLICE:
        return find_slice(s, node, datum, out);
    default:
        return find_pair(s, node, datum, out);
    }
}

/* All matches, or the first only (VALUE_UNSET when there is none). */
static int search(const struct jsonpath *path, value root, bool first_only, value *ret, struct error *err)
{
    CLEANUP(pool_freep)
    struct pool *pool = pool_new();
    struct search s = { .pool = pool, .err = err };
    struct datum top = { .v = root };
    struct matches out;
    VALUE_AUTO(list);
    int r;

    s.kept = value_list_new(0);
    r = find(&s, path->node, &top, matches_init(&out));
    if (r == 0 && first_only) {
        list = out.first ? value_ref(out.first->v) : VALUE_NOTHING;
    } else if (r == 0) {
        list = value_list_new(0);
        for (struct datum *d = out.first; d; d = d->next)
            value_list_append(&list, value_ref(d->v));
    }
    value_unref(s.kept);
    if (r < 0)
        return r;
    *ret = value_take(&list);
    return 0;
}

int jsonpath_find(const struct jsonpath *path, value root, value *ret, struct error *err)
{
    return search(path, root, false, ret, err);
}

int jsonpath_first(const struct jsonpath *path, value root, value *ret, struct error *err)
{
    return search(path, root, true, ret, err);
}
