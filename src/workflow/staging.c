/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks that are about to run, in the order in which they were staged, and the items of those that have any. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/mem.h"

struct staged *staged_find(const struct conductor *c, uint32_t task, uint32_t route)
{
    return (struct staged *)idmap_get(&c->staged_by_task, pair_key(task, route));
}

void staged_mark(struct conductor *c, struct staged *staged)
{
    if (!staged->dirty)
        mark_dirty(c, ROW_STAGED, staged->serial, 0);
    staged->dirty = true;
}

static bool staged_is_ready(const struct staged *staged)
{
    return staged->ready && !staged->completed;
}

/* Into the order of serials, and behind those of the same task and route. */
void staged_relink(struct conductor *c, struct staged *staged)
{
    struct staged *before = c->last_staged, *first;

    while (before && before->serial > staged->serial)
        before = before->before;
    staged->before = before;
    staged->after = before ? before->after : c->first_staged;
    *(staged->before ? &staged->before->after : &c->first_staged) = staged;
    *(staged->after ? &staged->after->before : &c->last_staged) = staged;

    first = staged_find(c, staged->task, staged->route);
    if (!first || first->serial > staged->serial) {
        staged->same = first;
        idmap_set(&c->staged_by_task, pair_key(staged->task, staged->route), (uintptr_t)staged);
    } else {
        while (first->same && first->same->serial < staged->serial)
            first = first->same;
        staged->same = first->same;
        first->same = staged;
    }
    idmap_set(&c->staged_by_serial, (uint64_t)staged->serial, (uintptr_t)staged);
    c->n_ready += staged_is_ready(staged);
}

void staged_unlink(struct conductor *c, struct staged *staged)
{
    struct staged *first = staged_find(c, staged->task, staged->route);

    *(staged->before ? &staged->before->after : &c->first_staged) = staged->after;
    *(staged->after ? &staged->after->before : &c->last_staged) = staged->before;
    if (first == staged) {
        idmap_set(&c->staged_by_task, pair_key(staged->task, staged->route), (uintptr_t)staged->same);
    } else {
        while (first->same != staged)
            first = first->same;
        first->same = staged->same;
    }
    idmap_set(&c->staged_by_serial, (uint64_t)staged->serial, 0);
    c->n_ready -= staged_is_ready(staged);
}

struct staged *staged_add(struct conductor *c, uint32_t task, uint32_t route, uint32_t frame,
                          const struct links *prev, bool ready)
{
    struct staged *staged = xcalloc(1, sizeof(*staged));

    staged->task = task;
    staged->route = route;
    staged->frame = frame;
    staged->ready = ready;
    staged->prev = links_copy(prev);
    staged->serial = c->next_serial++;
    staged_relink(c, staged);
    staged_mark(c, staged);
    undo_add(c, UNDO_STAGED_ADD)->staged = staged;
    return staged;
}

void staged_remove(struct conductor *c, uint32_t task, uint32_t route)
{
    struct staged *staged = staged_find(c, task, route);

    if (!staged || (staged->items && items_count(staged->items, STATUS_ACTIVE)))
        return;
    staged_mark(c, staged);
    staged_unlink(c, staged);
    undo_add(c, UNDO_STAGED_REMOVE)->staged = staged;
}

void staged_set(struct conductor *c, struct staged *staged, uint32_t frame, struct staged_flags flags)
{
    struct undo *undo;

    if (staged->frame == frame && staged->ready == flags.ready && staged->completed == flags.completed &&
        staged->run_on_fail == flags.run_on_fail)
        return;
    undo = undo_add(c, UNDO_STAGED_SET);
    undo->staged = staged;
    undo->index = staged->frame;
    undo->number = staged->ready | staged->completed << 1 | staged->run_on_fail << 2;
    c->n_ready -= staged_is_ready(staged);
    staged->frame = frame;
    staged->ready = flags.ready;
    staged->completed = flags.completed;
    staged->run_on_fail = flags.run_on_fail;
    c->n_ready += staged_is_ready(staged);
    staged_mark(c, staged);
}

void staged_add_link(struct conductor *c, struct staged *staged, uint32_t edge, uint32_t entry)
{
    struct undo *undo = undo_add(c, UNDO_STAGED_LINK);
    struct links *prev = &staged->prev;
    uint32_t i = 0;

    undo->staged = staged;
    undo->number = -1;
    while (i < prev->n && prev->items[i].edge != edge)
        i++;
    if (i < prev->n) {
        undo->slot = i;
        undo->number = prev->items[i].entry;
        prev->items[i].entry = entry;
    } else {
        GROW(prev->items, prev->n, prev->room);
        prev->items[prev->n++] = (struct link){ edge, entry };
    }
    staged_mark(c, staged);
}

void staged_free(struct staged *staged)
{
    items_free(staged->items);
    value_unref(staged->retry_delay);
    free(staged->prev.items);
    free(staged);
}

/* Takes the items, which may be NULL. */
void staged_set_items(struct conductor *c, struct staged *staged, struct items *items)
{
    struct undo *undo = undo_add(c, UNDO_ITEMS);

    undo->staged = staged;
    undo->items = staged->items;
    staged->items = items;
    if (undo->items)
        mark_dirty(c, ROW_ITEM, staged->serial, -1);
    staged_mark(c, staged);
}

/* ---- items ---- */

struct items *items_new(uint32_t n)
{
    struct items *items = xcalloc(1, sizeof(*items));

    items->n = n;
    items->statuses = xcalloc((size_t)n + 1, 1);
    items->dirty = xcalloc((size_t)n + 1, 1);
    items->counts[STATUS_NULL] = n;
    return items;
}

void items_free(struct items *items)
{
    if (!items)
        return;
    value_unref(items->actions);
    value_unref(items->concurrency);
    free(items->statuses);
    free(items->dirty);
    free(items);
}

uint32_t items_count(const struct items *items, uint32_t group)
{
    uint32_t n = 0;

    for (int i = 0; i < STATUS_COUNT; i++)
        if (group >> i & 1)
            n += items->counts[i];
    return n;
}

void item_set(struct conductor *c, struct staged *staged, uint32_t item, enum workflow_status status)
{
    struct items *items = staged->items;
    struct undo *undo = undo_add(c, UNDO_ITEM);

    undo->staged = staged;
    undo->index = item;
    undo->number = items->statuses[item];
    items->counts[items->statuses[item]]--;
    items->statuses[item] = (uint8_t)status;
    items->counts[status]++;
    if (status == STATUS_NULL && item < items->first_unset)
        items->first_unset = item;
    if (!items->dirty[item])
        mark_dirty(c, ROW_ITEM, staged->serial, item);
    items->dirty[item] = 1;
}
