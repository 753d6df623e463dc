/* SPDX-License-Identifier: Apache-2.0 */
/* What keeps an evaluation finite, how it fails, and the frames of its functions. */
#include "expr/jinja/engine.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"

/* ---- failing and bounds ---- */

void ev_place(struct ev *ev)
{
    const struct node *node = ev->at;
    int column = 1;

    if (!node || ev->err->line)
        return;
    for (uint32_t i = node->start; i > 0 && ev->jinja->source[i - 1] != '\n'; i--)
        column++;
    ev->err->line = node->line;
    ev->err->column = column;
}

int ev_error(struct ev *ev, const char *kind, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    error_set_kind(ev->err, -EINVAL, kind, "%s", text);
    ev->err->line = 0;
    ev_place(ev);
    free(text);
    return -1;
}

int ev_limit(struct ev *ev, const char *what, uint64_t limit)
{
    limit_exceeded(ev->err, what, limit);
    ev_place(ev);
    return -1;
}

#define SLICE 256 /* steps between two looks at the memory that is held */

int ev_pay_slow(struct ev *ev, uint64_t n)
{
    int64_t held = value_thread_bytes() + object_thread_bytes() - ev->bytes_at_start;
    uint64_t left = ev->steps + ev->slice;

    if (left <= n) {
        if (left || !ev->err->message)
            ev_limit(ev, LIMIT_STEPS, ev->limits.steps);
        ev_stop(ev);
        return -1;
    }
    if (held > 0 && (uint64_t)held > ev->limits.memory) {
        ev_stop(ev);
        return ev_limit(ev, LIMIT_MEMORY, ev->limits.memory);
    }
    left -= n;
    ev->slice = left <= SLICE ? left - 1 : SLICE;
    ev->steps = left - ev->slice;
    return 0;
}

int ev_pay_text(struct ev *ev, size_t n)
{
    if (n > ev->limits.text)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    return ev_pay(ev, n / 64 + 1);
}

int ev_add_long_text(struct ev *ev, struct buffer *out, const char *text, size_t n)
{
    if (out->len + n > ev->text_max)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    if (ev_pay(ev, n / 64) < 0)
        return -1;
    buffer_add(out, text, n);
    return 0;
}

int ev_pay_items(struct ev *ev, size_t n)
{
    if (n > ev->limits.sequence)
        return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    return ev_pay(ev, n / 2 + 1);
}

int ev_pay_tree(struct ev *ev, value v)
{
    int r = ev_pay(ev, 1);

    if (v.kind != VALUE_LIST && v.kind != VALUE_TUPLE && v.kind != VALUE_MAP && v.kind != VALUE_SET)
        return r;
    for (size_t i = 0; r == 0 && i < value_list_count(v); i++)
        r = ev_pay_tree(ev, value_list_at(v, i));
    for (size_t i = 0; r == 0 && i < value_map_count(v); i++)
        r = value_map_item_at(v, i).kind >= VALUE_LIST ? ev_pay_tree(ev, value_map_item_at(v, i))
                                                       : ev_pay(ev, 1);
    return r;
}

int ev_enter(struct ev *ev)
{
    if (++ev->depth > ev->limits.depth) {
        ev->depth--;
        limit_recursion(ev->err, LIMIT_DEPTH, ev->limits.depth);
        ev_place(ev);
        return -1;
    }
    return 0;
}

/* ---- frames ---- */

struct frame *frame_enter(struct ev *ev, const struct function *function, struct frame *up)
{
    struct frame *frame = ev->unused;

    if (frame && frame->room >= function->n_slots) {
        ev->unused = frame->next;
    } else {
        uint16_t room = function->n_slots > 16 ? function->n_slots : 16;

        frame = xmalloc(sizeof(*frame) + room * sizeof(value));
        frame->room = room;
        object_charge((int64_t)(sizeof(*frame) + room * sizeof(value)));
    }
    frame->up = up;
    frame->next = NULL;
    frame->captured = false;
    frame->n_slots = function->n_slots;
    for (unsigned i = 0; i < frame->n_slots; i++)
        frame->slots[i] = VALUE_NOTHING;
    ev->frame = frame;
    return frame;
}

void frame_leave(struct ev *ev, struct frame *frame, struct frame *before)
{
    ev->frame = before;
    if (frame->captured) {
        frame->next = ev->kept;
        ev->kept = frame;
        return;
    }
    for (unsigned i = 0; i < frame->n_slots; i++)
        value_unref(frame->slots[i]);
    frame->next = ev->unused;
    ev->unused = frame;
}

static void frames_free(struct frame *frame)
{
    struct frame *next;

    for (; frame; frame = next) {
        next = frame->next;
        object_charge(-(int64_t)(sizeof(*frame) + frame->room * sizeof(value)));
        free(frame);
    }
}

void frames_release(struct ev *ev)
{
    /* Values may hold macros that refer to frames, so all slots are emptied before any frame goes. */
    for (struct frame *frame = ev->kept; frame; frame = frame->next)
        for (unsigned i = 0; i < frame->n_slots; i++)
            value_unref(value_take(&frame->slots[i]));
    frames_free(ev->kept);
    frames_free(ev->unused);
    ev->kept = ev->unused = NULL;
}

void ev_scope_clear(struct ev *ev, struct scope_range range)
{
    for (unsigned i = range.first; i < range.end; i++)
        value_replace(&ev->frame->slots[i], VALUE_NOTHING);
}
