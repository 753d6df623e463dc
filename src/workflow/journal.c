/* SPDX-License-Identifier: Apache-2.0 */
/* A step that is refused half way leaves nothing behind: every change notes what was there before, and a refused step
   takes its notes back, last first. Rows that were marked as changed stay marked; saving them again does no harm. */
#include "workflow/conductor-internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void step_begin(struct conductor *c)
{
    assert(!c->in_step);
    c->in_step = true;
}

struct undo *undo_add(struct conductor *c, enum undo_kind kind)
{
    assert(c->in_step);
    GROW(c->undo, c->n_undo, c->undo_room);
    c->undo[c->n_undo] = (struct undo){ .kind = kind };
    return &c->undo[c->n_undo++];
}

/* The step is kept: what it replaced is no longer needed. */
static void undo_drop(struct undo *undo)
{
    value_unref(undo->held);
    if (undo->kind == UNDO_ITEMS)
        items_free(undo->items);
    else if (undo->kind == UNDO_STAGED_REMOVE)
        staged_free(undo->staged);
}

static void undo_staged(struct conductor *c, struct undo *undo)
{
    struct staged *staged = undo->staged;

    switch (undo->kind) {
    case UNDO_STAGED_ADD:
        staged_unlink(c, staged);
        staged_free(staged);
        break;
    case UNDO_STAGED_REMOVE:
        staged_relink(c, staged);
        break;
    case UNDO_STAGED_SET:
        c->n_ready -= staged->ready && !staged->completed;
        staged->frame = undo->index;
        staged->ready = undo->number & 1;
        staged->completed = undo->number & 2;
        staged->run_on_fail = undo->number & 4;
        c->n_ready += staged->ready && !staged->completed;
        break;
    case UNDO_STAGED_LINK:
        if (undo->number < 0)
            staged->prev.n--;
        else
            staged->prev.items[undo->slot].entry = (uint32_t)undo->number;
        break;
    case UNDO_ITEM:
        staged->items->counts[staged->items->statuses[undo->index]]--;
        staged->items->statuses[undo->index] = (uint8_t)undo->number;
        staged->items->counts[undo->number]++;
        if (undo->number == STATUS_NULL && undo->index < staged->items->first_unset)
            staged->items->first_unset = undo->index;
        break;
    case UNDO_ITEMS:
        items_free(staged->items);
        staged->items = undo->items;
        break;
    default:
        assert(false);
    }
}

static void undo_entry(struct conductor *c, struct undo *undo)
{
    struct entry *entry = &c->entries[undo->index];

    switch (undo->kind) {
    case UNDO_ENTRY_ADD:
        entry_drop_last(c, (uint32_t)undo->number);
        break;
    case UNDO_ENTRY_STATUS:
        entry_restore_status(c, undo->index, (enum workflow_status)undo->number);
        break;
    case UNDO_ENTRY_TERM:
        entry->term = undo->number;
        break;
    case UNDO_ENTRY_TALLY:
        entry->tally = undo->number;
        break;
    case UNDO_ENTRY_NEXT:
        entry->next[undo->slot] = (uint8_t)undo->number;
        break;
    case UNDO_ENTRY_OUT:
        entry->has_out = undo->flag;
        entry->out_edge = undo->slot;
        entry->out_context = (uint32_t)undo->number;
        break;
    default:
        assert(false);
    }
}

static void undo_one(struct conductor *c, struct undo *undo)
{
    switch (undo->kind) {
    case UNDO_STATUS:
        c->status = (uint8_t)undo->number;
        break;
    case UNDO_OUTPUT:
        value_replace(&c->output, value_take(&undo->held));
        break;
    case UNDO_RERUNS:
        value_replace(&c->reruns, value_take(&undo->held));
        break;
    case UNDO_STARTED:
        c->started = false;
        break;
    case UNDO_CONTEXT_ADD:
        value_unref(c->contexts[--c->n_contexts]);
        c->version++;
        break;
    case UNDO_CONTEXT:
        value_replace(&c->contexts[undo->index], value_take(&undo->held));
        c->version++;
        break;
    case UNDO_FRAME_ADD:
        frame_forget(c, c->n_frames - 1);
        c->n_frames--;
        break;
    case UNDO_ROUTE_ADD:
        value_unref(c->routes[--c->n_routes]);
        value_list_remove(&c->view_routes, c->n_routes);
        break;
    case UNDO_JOIN_ADD:
        join_drop_last(c);
        break;
    case UNDO_JOIN:
        join_restore(c, undo->index, undo->slot, (uint8_t)undo->number);
        break;
    case UNDO_ERROR_ADD:
        log_drop_last(c);
        break;
    case UNDO_ERROR_REMOVE:
        log_restore(c, undo->index, value_take(&undo->held), undo->number);
        break;
    case UNDO_ENTRY_ADD:
    case UNDO_ENTRY_STATUS:
    case UNDO_ENTRY_TERM:
    case UNDO_ENTRY_TALLY:
    case UNDO_ENTRY_NEXT:
    case UNDO_ENTRY_OUT:
        undo_entry(c, undo);
        break;
    default:
        undo_staged(c, undo);
        break;
    }
    value_unref(undo->held);
}

int step_end(struct conductor *c, int r)
{
    if (r < 0)
        while (c->n_undo)
            undo_one(c, &c->undo[--c->n_undo]);
    else
        for (uint32_t i = 0; i < c->n_undo; i++)
            undo_drop(&c->undo[i]);
    c->n_undo = 0;
    c->in_step = false;
    return r;
}

void journal_release(struct conductor *c)
{
    assert(!c->in_step);
    free(c->undo);
}
