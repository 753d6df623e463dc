/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through whatever can be walked through, and the lazy sequences that map, select and their kin give. Lists are
   walked live: an item that the loop's body appends is still met. */
#include "expr/jinja/engine.h"

#include "base/utf8.h"

bool is_iterable(value v)
{
    switch (v.kind) {
    case VALUE_STRING:
    case VALUE_BYTES:
    case VALUE_LIST:
    case VALUE_TUPLE:
    case VALUE_MAP:
    case VALUE_SET:
        return true;
    case VALUE_OBJECT:
        return is_object(v, &range_ops) || is_object(v, &view_ops) || is_object(v, &markup_ops) ||
               is_undefined(v) || object_ops_of(v)->next;
    default:
        return false;
    }
}

int iter_init(struct ev *ev, value v, struct iter *ret)
{
    value text = text_of(v);

    if (value_is_set(text))
        v = text;
    *ret = (struct iter){ .kind = ITER_EMPTY };
    switch (v.kind) {
    case VALUE_LIST:
    case VALUE_TUPLE:
        ret->kind = ITER_LIST;
        break;
    case VALUE_MAP:
    case VALUE_SET:
        ret->kind = ITER_MAP;
        ret->count = value_map_count(v);
        break;
    case VALUE_STRING:
        ret->kind = ITER_TEXT;
        break;
    case VALUE_BYTES:
        ret->kind = ITER_BYTES;
        break;
    case VALUE_OBJECT:
        if (is_undefined(v)) {
            if (!((struct undefined *)v.object)->lax)
                return undefined_raise(ev, v);
            return 0;
        }
        if (is_object(v, &range_ops)) {
            ret->kind = ITER_RANGE;
            ret->count = (size_t)((struct range *)v.object)->count;
            break;
        }
        if (is_object(v, &view_ops)) {
            ret->kind = ITER_MAP;
            ret->count = value_map_count(((struct view *)v.object)->map);
            break;
        }
        if (object_ops_of(v)->next) {
            ret->kind = ITER_OBJECT;
            break;
        }
        /* fall through */
    default:
        return ev_error(ev, "TypeError", "'%s' object is not iterable", ev_type_name(v));
    }
    ret->source = value_ref(v);
    return 0;
}

void iter_release(struct iter *iter)
{
    value_unref(value_take(&iter->source));
    iter->kind = ITER_EMPTY;
}

static value view_item(enum view_kind kind, value map, size_t i)
{
    value pair;

    if (kind == VIEW_KEYS)
        return value_ref(value_map_key_at(map, i));
    if (kind == VIEW_VALUES)
        return value_ref(value_map_item_at(map, i));
    pair = value_tuple_new(2);
    value_list_append(&pair, value_ref(value_map_key_at(map, i)));
    value_list_append(&pair, value_ref(value_map_item_at(map, i)));
    return pair;
}

static int map_changed(struct ev *ev)
{
    return ev_error(ev, "RuntimeError", "dictionary changed size during iteration");
}

static int next_of_map(struct ev *ev, struct iter *iter, value *ret)
{
    enum view_kind kind = VIEW_KEYS;
    value map = iter->source;

    if (map.kind == VALUE_OBJECT) {
        kind = ((struct view *)map.object)->kind;
        map = ((struct view *)map.object)->map;
    }
    if (value_map_count(map) != iter->count)
        return map_changed(ev);
    if (iter->at < iter->count) {
        size_t i = iter->reverse ? iter->count - 1 - iter->at : iter->at;

        *ret = view_item(kind, map, i);
        iter->at++;
    }
    return 0;
}

int iter_next_pair(struct ev *ev, struct iter *iter, value *ret_key, value *ret_item)
{
    value map = ((struct view *)iter->source.object)->map;

    *ret_key = *ret_item = VALUE_NOTHING;
    if (value_map_count(map) != iter->count)
        return map_changed(ev);
    if (iter->at == iter->count)
        return 0;
    *ret_key = value_map_key_at(map, iter->at);
    *ret_item = value_map_item_at(map, iter->at++);
    return ev_pay(ev, 1);
}

int iter_next(struct ev *ev, struct iter *iter, value *ret)
{
    *ret = VALUE_NOTHING;
    switch (iter->kind) {
    case ITER_LIST: {
        const struct value_list *list = iter->source.list;

        if (iter->at < list->count) {
            *ret = value_ref(list->items[iter->reverse ? list->count - 1 - iter->at : iter->at]);
            iter->at++;
        }
        break;
    }
    case ITER_RANGE:
        if (iter->at < iter->count) {
            size_t i = iter->reverse ? iter->count - 1 - iter->at : iter->at;

            *ret = value_int(range_at((struct range *)iter->source.object, (int64_t)i));
            iter->at++;
        }
        break;
    case ITER_TEXT: {
        const char *at = value_chars(iter->source) + iter->at, *start = at;

        if (iter->at < value_len(iter->source)) {
            utf8_next(&at);
            if (ev_pay(ev, 2) < 0) /* a text of its own is more than a step */
                return -1;
            *ret = value_text_n(start, (size_t)(at - start));
            iter->at += (size_t)(at - start);
        }
        break;
    }
    case ITER_BYTES:
        if (iter->at < value_len(iter->source))
            *ret = value_int((unsigned char)value_chars(iter->source)[iter->at++]);
        break;
    case ITER_MAP:
        if (next_of_map(ev, iter, ret) < 0)
            return -1;
        break;
    case ITER_OBJECT:
        if (object_ops_of(iter->source)->next(ev, iter->source, ret) < 0)
            return -1;
        break;
    case ITER_EMPTY:
        return 0;
    }
    if (ev_pay(ev, 1) < 0) {
        value_unref(value_take(ret));
        return -1;
    }
    return 0;
}

int ev_list(struct ev *ev, value v, value *ret)
{
    ITER_AUTO(iter);
    VALUE_AUTO(list);
    value item;

    if (v.kind == VALUE_LIST || v.kind == VALUE_TUPLE) {
        if (ev_pay_items(ev, value_list_count(v)) < 0)
            return -1;
        *ret = value_list_slice(v, 0, value_list_count(v));
        (*ret).kind = VALUE_LIST;
        return 0;
    }
    if (iter_init(ev, v, &iter) < 0)
        return -1;
    list = value_list_new(iter.kind == ITER_MAP ? iter.count : 0);
    for (;;) {
        if (iter_next(ev, &iter, &item) < 0)
            return -1;
        if (!value_is_set(item))
            break;
        value_list_append(&list, item);
        if (value_list_count(list) > ev->limits.sequence)
            return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
        if (value_depth(list) > VALUE_DEPTH_MAX)
            return ev_limit(ev, LIMIT_NESTING, VALUE_DEPTH_MAX);
    }
    *ret = value_take(&list);
    return 0;
}

/* ---- lazy sequences ---- */

static void generator_free(struct value_object *object)
{
    struct generator *generator = (struct generator *)object;

    iter_release(&generator->source);
    actuals_release(&generator->actuals);
    for (unsigned i = 0; i < GENERATOR_ARGS; i++)
        value_unref(generator->called.args[i]);
    value_unref(generator->called.rest);
    value_unref(generator->called.named);
    value_unref(generator->attribute);
    value_unref(generator->otherwise);
    value_unref(generator->state);
    object_free(generator, sizeof(*generator));
}

static int generator_next(struct ev *ev, value self, value *ret)
{
    struct generator *generator = (struct generator *)self.object;
    int (*begin)(struct ev * ev, struct generator * self) = generator->begin;
    int r = 0;

    generator->begin = NULL;
    if (!begin && !generator->step)
        return 0;
    if (ev_enter(ev) < 0)
        return -1;
    if (unlikely(begin))
        r = begin(ev, generator);
    if (r == 0 && generator->step)
        r = generator->step(ev, generator, ret);
    ev_leave(ev);
    if (r < 0)
        value_unref(value_take(ret));
    if (!value_is_set(*ret))
        generator->step = NULL;
    return r;
}

static void generator_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    buffer_addf(out, "<%s object>", ((struct generator *)self)->shown);
}

const struct object_ops generator_ops = {
    .base = { "generator", generator_free },
    .type_name = "generator",
    .next = generator_next,
    .repr = generator_repr,
};

struct generator *generator_new(int (*step)(struct ev *ev, struct generator *self, value *ret),
                                const char *shown)
{
    struct generator *generator = object_new(&generator_ops, sizeof(*generator));

    generator->step = step;
    generator->shown = shown;
    actuals_init(&generator->actuals);
    return generator;
}
