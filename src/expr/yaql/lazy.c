/* SPDX-License-Identifier: Apache-2.0 */
/* Lazy sequences as values, and the one way to walk anything that can be walked. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>

static void closure_release(struct closure *closure)
{
    frame_unref(closure->frame);
    value_unref(closure->constant);
}

static void lazy_free(struct value_object *object)
{
    struct lazy *lazy = (struct lazy *)object;

    cursor_close(&lazy->source);
    cursor_close(&lazy->other);
    closure_release(&lazy->f);
    closure_release(&lazy->g);
    closure_release(&lazy->h);
    value_unref(lazy->v);
    value_unref(lazy->w);
    value_unref(lazy->seen);
    value_unref(lazy->watched_for);
    table_release(&lazy->table);
    free(lazy->nodes);
    for (size_t i = 0; i < lazy->n_cursors; i++)
        cursor_close(&lazy->cursors[i]);
    free(lazy->cursors);
    yaql_object_free(&lazy->base);
}

const struct value_object_ops yaql_lazy_ops = { "sequence", lazy_free };

struct lazy *lazy_new(struct evaluation *ev, const struct lazy_ops *ops)
{
    struct lazy *lazy = yaql_object_new(ev, &yaql_lazy_ops, sizeof(*lazy));

    yaql_charge(ev, 20); /* half a kilobyte to fill and to free */
    lazy->ops = ops;
    return lazy;
}

void closure_keep(struct evaluation *ev, struct closure *to, struct closure from)
{
    to->node = from.node;
    to->frame = from.node ? frame_capture(ev, from.frame) : NULL;
    to->constant = value_ref(from.constant);
}

int lazy_over(struct evaluation *ev, const struct lazy_ops *ops, value iterable, struct lazy **ret)
{
    struct lazy *lazy = lazy_new(ev, ops);
    int r = cursor_open(ev, iterable, &lazy->source);

    if (r < 0) {
        value_unref(lazy_value(lazy));
        return r;
    }
    *ret = lazy;
    return 0;
}

int lazy_add_source(struct evaluation *ev, struct lazy *lazy, value iterable)
{
    GROW(lazy->cursors, lazy->n_cursors, lazy->room_cursors);
    lazy->cursors[lazy->n_cursors] = (struct cursor){ 0 };
    return cursor_open(ev, iterable, &lazy->cursors[lazy->n_cursors++]);
}

int lazy_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    int r;

    if (lazy->done)
        return YAQL_END;
    r = yaql_enter(ev);
    if (r < 0)
        return r;
    r = yaql_step(ev);
    if (r >= 0)
        r = lazy->ops->next(ev, lazy, ret);
    yaql_leave(ev);
    if (unlikely(lazy->watched) && r == 0)
        explaining_item(lazy, *ret);
    if (r != 0)
        lazy->done = true;
    if (unlikely(lazy->watched) && r == YAQL_END)
        explaining_end(lazy);
    return r;
}

static struct lazy *lazy_of(value v)
{
    return value_is_object(v, &yaql_lazy_ops) ? (struct lazy *)v.object : NULL;
}

bool yaql_is_iterator(value v)
{
    struct lazy *lazy = lazy_of(v);

    return lazy && lazy->ops->next;
}

bool yaql_is_iterable(value v)
{
    return yaql_is_sequence(v) || yaql_is_set(v) || lazy_of(v) || v.kind == VALUE_SET;
}

/* ---- walking ---- */

int cursor_open(struct evaluation *ev, value iterable, struct cursor *cursor)
{
    struct lazy *lazy = lazy_of(iterable);
    int r;

    cursor->at = 0;
    if (lazy && lazy->ops->iterate) { /* memorize() has both: each walk starts anew */
        r = lazy->ops->iterate(ev, lazy, &cursor->source);
        if (r == 0 && unlikely(lazy->watched))
            explaining_walk(iterable, cursor->source);
        return r;
    }
    cursor->source = value_ref(iterable);
    return 0;
}

int cursor_next(struct evaluation *ev, struct cursor *cursor, value *ret)
{
    value source = cursor->source;
    size_t at = cursor->at;
    int r = yaql_step(ev);

    if (r < 0)
        return r;
    if (yaql_is_sequence(source)) {
        if (at >= source.list->count)
            return YAQL_END;
        *ret = value_ref(source.list->items[at]);
    } else if (source.kind == VALUE_OBJECT && source.object->ops == &yaql_lazy_ops) {
        return lazy_next(ev, (struct lazy *)source.object, ret);
    } else if (yaql_is_set(source)) {
        if (at >= yaql_set_of(source)->table.count)
            return YAQL_END;
        *ret = value_ref(yaql_set_of(source)->table.entries[at].item);
    } else {
        if (at >= value_map_count(source))
            return YAQL_END;
        *ret = yaql_unkey(value_map_key_at(source, at));
    }
    cursor->at++;
    return 0;
}

void cursor_close(struct cursor *cursor)
{
    value_unref(cursor->source);
    *cursor = (struct cursor){ 0 };
}

int yaql_to_list(struct evaluation *ev, value iterable, value *ret)
{
    CURSOR_AUTO(cursor);
    VALUE_AUTO(list);
    int r;

    if (iterable.kind == VALUE_LIST) {
        *ret = value_ref(iterable);
        return 0;
    }
    r = cursor_open(ev, iterable, &cursor);
    if (r < 0)
        return r;
    list = value_list_new(0);
    for (;;) {
        value item;

        r = cursor_next(ev, &cursor, &item);
        if (r == YAQL_END)
            break;
        if (r < 0)
            return r;
        r = yaql_append(ev, &list, item);
        if (r < 0)
            return r;
    }
    *ret = value_take(&list);
    return 0;
}

/* ---- sequences that several families make ---- */

static int next_of_source(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    return cursor_next(ev, &lazy->source, ret);
}

static const struct lazy_ops list_iterators[] = {
    { .name = "list_iterator", .next = next_of_source },
    { .name = "generator", .next = next_of_source },
    { .name = "map", .next = next_of_source },
    { .name = "reversed", .next = next_of_source },
    { .name = "itertools.chain", .next = next_of_source },
};

value lazy_of_list(struct evaluation *ev, value list, const char *name)
{
    const struct lazy_ops *ops = &list_iterators[0];
    struct lazy *lazy;

    for (size_t i = 0; i < ELEMENTS(list_iterators); i++)
        if (strcmp(list_iterators[i].name, name) == 0)
            ops = &list_iterators[i];
    lazy = lazy_new(ev, ops);
    lazy->source.source = list;
    return lazy_value(lazy);
}

/* `v` is the list of parts, `i` the next of them. */
static int chain_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    for (;;) {
        int r;

        if (!lazy->started) {
            if ((size_t)lazy->i >= value_list_count(lazy->v))
                return YAQL_END;
            cursor_close(&lazy->source);
            r = cursor_open(ev, value_list_at(lazy->v, (size_t)lazy->i++), &lazy->source);
            if (r < 0)
                return r;
            lazy->started = true;
        }
        r = cursor_next(ev, &lazy->source, ret);
        if (r != YAQL_END)
            return r;
        lazy->started = false;
        r = yaql_step(ev);
        if (r < 0)
            return r;
    }
}

int yaql_chain(struct evaluation *ev, const value *parts, size_t n, value *ret)
{
    static const struct lazy_ops ops = { .name = "itertools.chain", .next = chain_next };
    struct lazy *lazy = lazy_new(ev, &ops);

    lazy->v = value_list_new(n);
    for (size_t i = 0; i < n; i++)
        value_list_append(&lazy->v, value_ref(parts[i]));
    *ret = lazy_value(lazy);
    return 0;
}
