/* SPDX-License-Identifier: Apache-2.0 */
/* What tasks see. Every transition that publishes makes a context, and a task sees a sequence of contexts, later ones
   over earlier ones, maps merged into maps. Sequences share their beginnings, so they are kept as a tree of frames:

       frame 0 = [0]        frame 1 = frame 0 + context 1        frame 3 = frame 1 joined with frame 2

   Merging a frame starts from its parent's merged variables where they are at hand. Of a context that occurs twice in a
   sequence only the last occurrence counts: what the earlier one sets, the later one sets again.

   One thing is surprising and observed: when a map is merged into a map, the result takes the place of the map in the
   context it came from. So other tasks that see this context see what was merged into it, too. Frames that were merged
   before such a change are stale and merged again, except the one that made the change: merging it again gives the
   same. `version` counts these changes. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"

#define MERGED_KEPT 256
#define NO_FRAME    UINT32_MAX

/* ---- values ---- */

enum json_kind { JSON_IS, JSON_BECOMES, JSON_NEVER };

static enum json_kind json_kind(value v)
{
    enum json_kind worst = JSON_IS, kind;

    switch (v.kind) {
    case VALUE_SET:
    case VALUE_DATETIME:
    case VALUE_OBJECT:
    case VALUE_BYTES:
    case VALUE_TIMESPAN:
        return JSON_NEVER;
    case VALUE_TUPLE:
        worst = JSON_BECOMES;
        __attribute__((fallthrough));
    case VALUE_LIST:
        VALUE_LIST_EACH (i, item, v)
            if ((kind = json_kind(item)) > worst)
                worst = kind;
        return worst;
    case VALUE_MAP:
        VALUE_MAP_EACH (i, v) {
            if (value_map_key_at(v, i).kind != VALUE_STRING && worst < JSON_BECOMES)
                worst = JSON_BECOMES;
            if ((kind = json_kind(value_map_item_at(v, i))) > worst)
                worst = kind;
        }
        return worst;
    default:
        return JSON_IS;
    }
}

static value json_key(value key)
{
    switch (key.kind) {
    case VALUE_STRING:
        return value_ref(key);
    case VALUE_NULL:
        return value_text("null");
    case VALUE_BOOL:
        return value_text(key.boolean ? "true" : "false");
    default: {
        char *text = json_text(key);
        value v = value_text(text);

        free(text);
        return v;
    }
    }
}

static value json_copy(value v)
{
    value copy;

    if (value_is_list(v)) {
        copy = value_list_new(value_list_count(v));
        VALUE_LIST_EACH (i, item, v)
            value_list_append(&copy, json_copy(item));
        return copy;
    }
    if (v.kind == VALUE_MAP) {
        copy = value_map_new(value_map_count(v));
        VALUE_MAP_EACH (i, v)
            value_map_set(&copy, json_key(value_map_key_at(v, i)), json_copy(value_map_item_at(v, i)));
        return copy;
    }
    return value_ref(v);
}

/* As a trip through JSON leaves it: tuples become lists, keys text. What holds something JSON cannot say stays. */
value json_normal(value v)
{
    return json_kind(v) == JSON_BECOMES ? json_copy(v) : value_ref(v);
}

/* The same value for sure, without looking into lists; 1 and true are not. */
static bool same(value a, value b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == VALUE_STRING)
        return a.string == b.string || value_equal(a, b);
    if (a.kind >= VALUE_COUNTED)
        return a.header == b.header;
    if (a.kind == VALUE_FLOAT)
        return a.integer == b.integer; /* the same bits: NaN is itself, -0.0 is not 0.0 */
    if (a.kind == VALUE_BOOL)
        return a.boolean == b.boolean;
    return a.kind == VALUE_NULL || a.integer == b.integer;
}

/* Gives `left` itself when nothing in it changes. */
value merge_deep(value left, value right)
{
    value merged = value_ref(left);

    if (left.map == right.map)
        return merged;
    VALUE_MAP_EACH (i, right) {
        value key = value_map_key_at(right, i), item = value_map_item_at(right, i);
        value before = value_map_get_value(merged, key);

        if (before.kind == VALUE_MAP && item.kind == VALUE_MAP) {
            value both = merge_deep(before, item);

            if (both.map == before.map)
                value_unref(both);
            else
                value_map_set(&merged, value_ref(key), both);
        } else if (!same(before, item)) {
            value_map_set(&merged, value_ref(key), value_ref(item));
        }
    }
    return merged;
}

/* ---- contexts and frames ---- */

uint32_t context_add(struct conductor *c, value map)
{
    value normal = json_normal(map);

    value_unref(map);
    GROW(c->contexts, c->n_contexts, c->contexts_room);
    c->contexts[c->n_contexts] = normal;
    mark_dirty(c, ROW_CONTEXT, c->n_contexts, 0);
    undo_add(c, UNDO_CONTEXT_ADD);
    return c->n_contexts++;
}

void context_set(struct conductor *c, uint32_t context, value map)
{
    struct undo *undo = undo_add(c, UNDO_CONTEXT);

    undo->index = context;
    undo->held = c->contexts[context];
    c->contexts[context] = map;
    c->version++;
    mark_dirty(c, ROW_CONTEXT, context, 0);
}

uint32_t frame_add(struct conductor *c, uint32_t left, uint32_t right, bool join)
{
    GROW(c->frames, c->n_frames, c->frames_room);
    c->frames[c->n_frames] = (struct frame){ .left = left, .right = right, .join = join };
    mark_dirty(c, ROW_FRAME, c->n_frames, 0);
    undo_add(c, UNDO_FRAME_ADD);
    return c->n_frames++;
}

uint32_t frame_join(struct conductor *c, uint32_t left, uint32_t right)
{
    if (right == 0 || left == right)
        return left;
    if (left == 0)
        return right;
    return frame_add(c, left, right, true);
}

/* ---- the frames merged last ---- */

static void recent_unlink(struct conductor *c, uint32_t number)
{
    struct frame *frame = &c->frames[number];

    if (frame->newer != NO_FRAME)
        c->frames[frame->newer].older = frame->older;
    else
        c->newest_frame = frame->older;
    if (frame->older != NO_FRAME)
        c->frames[frame->older].newer = frame->newer;
    else
        c->oldest_frame = frame->newer;
    c->n_merged--;
}

static void recent_link(struct conductor *c, uint32_t number)
{
    struct frame *frame = &c->frames[number];

    if (c->n_merged == 0)
        c->newest_frame = c->oldest_frame = NO_FRAME;
    frame->newer = NO_FRAME;
    frame->older = c->newest_frame;
    if (c->newest_frame != NO_FRAME)
        c->frames[c->newest_frame].newer = number;
    else
        c->oldest_frame = number;
    c->newest_frame = number;
    c->n_merged++;
}

void frame_forget(struct conductor *c, uint32_t number)
{
    struct frame *frame = &c->frames[number];

    if (!value_is_set(frame->merged))
        return;
    recent_unlink(c, number);
    value_replace(&frame->merged, VALUE_NOTHING);
    value_replace(&frame->owners, VALUE_NOTHING);
}

/* Takes both. */
static void frame_remember(struct conductor *c, uint32_t number, value merged, value owners)
{
    frame_forget(c, number);
    c->frames[number].merged = merged;
    c->frames[number].owners = owners;
    c->frames[number].version = c->version;
    recent_link(c, number);
    if (c->n_merged > MERGED_KEPT)
        frame_forget(c, c->oldest_frame);
}

static bool frame_at_hand(const struct conductor *c, uint32_t number)
{
    return value_is_set(c->frames[number].merged) && c->frames[number].version == c->version;
}

/* ---- merging ---- */

struct merge {
    struct conductor *c;
    value variables, owners;
};

static uint32_t owner_of(const struct merge *merge, value name)
{
    value owner = value_map_get_value(merge->owners, name);

    return owner.kind == VALUE_INT ? (uint32_t)owner.integer : 0;
}

/* A map came to stand over a map: the two become one, here and in the context that the lower one is from. */
static void merge_maps(struct merge *merge, value name, value lower, value upper)
{
    struct conductor *c = merge->c;
    value both = merge_deep(lower, upper), home;
    uint32_t owner = owner_of(merge, name);

    if (both.map != lower.map) {
        home = value_ref(c->contexts[owner]);
        value_map_set(&home, value_ref(name), value_ref(both));
        context_set(c, owner, home);
        value_map_set(&merge->variables, value_ref(name), value_ref(both));
    }
    value_unref(both);
}

/* The item, of the context `owner`, comes to stand over what there is. */
static void merge_variable(struct merge *merge, value name, value item, uint32_t owner)
{
    value lower = value_map_get_value(merge->variables, name);

    if (lower.kind == VALUE_MAP && item.kind == VALUE_MAP) {
        merge_maps(merge, name, lower, item);
        return;
    }
    value_map_set(&merge->variables, value_ref(name), value_ref(item));
    if (item.kind == VALUE_MAP && owner != 0)
        value_map_set(&merge->owners, value_ref(name), value_int(owner));
    else if (value_map_count(merge->owners) > 0 && value_is_set(value_map_get_value(merge->owners, name)))
        value_map_remove_value(&merge->owners, name);
}

static void merge_context(struct merge *merge, uint32_t context)
{
    VALUE_AUTO(map);

    map = value_ref(merge->c->contexts[context]);
    VALUE_MAP_EACH (i, map)
        merge_variable(merge, value_map_key_at(map, i), value_map_item_at(map, i), context);
}

struct sequence {
    uint32_t *contexts;
    size_t n, room;
};

/* The contexts of a frame in order, each once where it occurs last. Walks from the end, so a frame met again has nothing
   new. The first context stands first whatever happens. */
static void frame_flatten(struct conductor *c, uint32_t number, struct sequence *sequence)
{
    uint8_t *seen = xcalloc(c->n_frames, 1), *has = xcalloc(c->n_contexts, 1);
    uint32_t *stack = NULL;
    size_t n_stack = 0, room = 0;

    GROW(stack, n_stack, room);
    stack[n_stack++] = number;
    while (n_stack) {
        uint32_t at = stack[--n_stack];
        const struct frame *frame = &c->frames[at];

        if (seen[at] || at == 0)
            continue;
        seen[at] = 1;
        if (!frame->join && !has[frame->right]) {
            has[frame->right] = 1;
            GROW(sequence->contexts, sequence->n, sequence->room);
            sequence->contexts[sequence->n++] = frame->right;
        }
        GROW(stack, n_stack, room);
        stack[n_stack++] = frame->left;
        if (frame->join) {
            GROW(stack, n_stack, room);
            stack[n_stack++] = frame->right;
        }
    }
    for (size_t i = 0; i < sequence->n / 2; i++) {
        uint32_t swap = sequence->contexts[i];

        sequence->contexts[i] = sequence->contexts[sequence->n - 1 - i];
        sequence->contexts[sequence->n - 1 - i] = swap;
    }
    free(stack);
    free(seen);
    free(has);
}

/* From where merging of a frame can start: itself or the nearest frame below whose variables are at hand; else a join or
   frame 0. *ret_above are the frames between, nearest to `number` first. */
static uint32_t merge_start(struct conductor *c, uint32_t number, struct sequence *ret_above)
{
    while (number != 0 && !frame_at_hand(c, number) && !c->frames[number].join) {
        GROW(ret_above->contexts, ret_above->n, ret_above->room);
        ret_above->contexts[ret_above->n++] = c->frames[number].right;
        number = c->frames[number].left;
    }
    return number;
}

static void merge_begin(struct merge *merge, uint32_t start)
{
    struct conductor *c = merge->c;
    struct sequence sequence = { 0 };

    if (frame_at_hand(c, start)) {
        merge->variables = value_ref(c->frames[start].merged);
        merge->owners = value_ref(c->frames[start].owners);
        return;
    }
    merge->variables = value_ref(c->contexts[0]);
    merge->owners = value_map_new(0);
    if (start == 0)
        return;
    frame_flatten(c, start, &sequence);
    for (size_t i = 0; i < sequence.n; i++)
        merge_context(merge, sequence.contexts[i]);
    free(sequence.contexts);
}

value frame_variables(struct conductor *c, uint32_t number)
{
    struct merge merge = { .c = c };
    struct sequence above = { 0 };

    if (c->n_contexts == 0)
        return value_null();
    if (!frame_at_hand(c, number)) {
        merge_begin(&merge, merge_start(c, number, &above));
        while (above.n)
            merge_context(&merge, above.contexts[--above.n]);
        free(above.contexts);
        frame_remember(c, number, merge.variables, merge.owners);
    } else if (c->newest_frame != number) {
        recent_unlink(c, number);
        recent_link(c, number);
    }
    return c->frames[number].merged;
}

value frames_variables(struct conductor *c, const uint32_t *frames, size_t n)
{
    struct merge all = { .c = c };

    if (n == 0)
        return value_map_new(0);
    all.variables = value_ref(frame_variables(c, frames[0]));
    all.owners = value_ref(c->frames[frames[0]].owners);
    for (size_t i = 1; i < n; i++) {
        struct merge rest = { .c = c };
        struct sequence sequence = { 0 };

        if (frames[i] == frames[i - 1] || frames[i] == 0)
            continue;
        rest.variables = value_map_new(0);
        rest.owners = value_map_new(0);
        frame_flatten(c, frames[i], &sequence);
        for (size_t k = 0; k < sequence.n; k++)
            merge_context(&rest, sequence.contexts[k]);
        free(sequence.contexts);
        VALUE_MAP_EACH (k, rest.variables) {
            value name = value_map_key_at(rest.variables, k);

            merge_variable(&all, name, value_map_item_at(rest.variables, k), owner_of(&rest, name));
        }
        value_unref(rest.variables);
        value_unref(rest.owners);
    }
    value_unref(all.owners);
    return all.variables;
}
