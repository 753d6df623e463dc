/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor as one document, in the form Orquesta has for it. Contexts stand in it once; runs and staged tasks name
   the ones they see by number, `ctxs.in`, which are the frames of contexts.c written out. What is read becomes rows, so
   that there is one way in. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- out ---- */

/* What is still to be written of a frame: a frame, or a context when `is_context`. */
struct pending {
    uint32_t number;
    bool is_context;
};

struct pending_list {
    struct pending *items;
    uint32_t n, room;
};

static void pending_push(struct pending_list *list, uint32_t number, bool is_context)
{
    GROW(list->items, list->n, list->room);
    list->items[list->n++] = (struct pending){ number, is_context };
}

/* [0, 3, 7]: the contexts of a frame in their order. Owned. */
static value frame_contexts(const struct conductor *c, uint32_t number)
{
    struct pending_list pending = { 0 };
    value list = value_list_new(4);

    value_list_append(&list, value_int(0));
    pending_push(&pending, number, false);
    while (pending.n) {
        struct pending next = pending.items[--pending.n];
        const struct frame *frame = &c->frames[next.number];

        if (next.is_context) {
            value_list_append(&list, value_int(next.number));
        } else if (next.number != 0) {
            pending_push(&pending, frame->right, !frame->join);
            pending_push(&pending, frame->left, false);
        }
    }
    free(pending.items);
    return list;
}

static value entry_contexts(const struct conductor *c, const struct entry *entry)
{
    value contexts = value_map_new(2);

    value_map_put(&contexts, "in", frame_contexts(c, entry->frame));
    if (entry->has_out) {
        value out = value_map_new(1);

        value_map_set(&out, value_ref(c->graph->edges[entry->out_edge].next_id),
                      value_int(entry->out_context));
        value_map_put(&contexts, "out", out);
    }
    return contexts;
}

static value staged_contexts(const struct conductor *c, const struct staged *staged)
{
    value contexts = value_map_new(1);

    value_map_put(&contexts, "in", frame_contexts(c, staged->frame));
    return contexts;
}

static value staged_prev(const struct conductor *c, const struct staged *staged)
{
    value prev = value_map_new(staged->prev.n);

    for (uint32_t i = 0; i < staged->prev.n; i++)
        value_map_set(&prev, value_ref(c->graph->edges[staged->prev.items[i].edge].prev_id),
                      value_int(staged->prev.items[i].entry));
    return prev;
}

static value save_sequence(const struct conductor *c, value reported)
{
    value sequence = value_list_new(c->n_entries);

    for (uint32_t i = 0; i < c->n_entries; i++) {
        value entry = value_ref(value_list_at(reported, i));

        value_map_put(&entry, "ctxs", entry_contexts(c, &c->entries[i]));
        value_list_append(&sequence, entry);
    }
    return sequence;
}

static value save_staged(const struct conductor *c, value reported)
{
    value list = value_list_new(value_list_count(reported));
    size_t i = 0;

    for (const struct staged *at = c->first_staged; at; at = at->after, i++) {
        value staged = value_ref(value_list_at(reported, i));

        value_map_put(&staged, "ctxs", staged_contexts(c, at));
        value_map_put(&staged, "prev", staged_prev(c, at));
        if (at->has_retry) {
            value retry = value_map_new(1);

            value_map_put(&retry, "delay", value_ref(at->retry_delay));
            value_map_put(&staged, "retry", retry);
        }
        value_list_append(&list, staged);
    }
    return list;
}

static value save_state(const struct conductor *c, value report)
{
    value state = value_map_new(7), contexts = value_list_new(c->n_contexts), tasks = value_map_new(8);

    for (uint32_t i = 0; i < c->n_contexts; i++)
        value_list_append(&contexts, value_ref(c->contexts[i]));
    for (uint32_t i = 0; i < c->n_entries; i++) {
        value name = value_textf("%s__r%u", c->spec->tasks[c->entries[i].task].name, c->entries[i].route);

        value_map_set(&tasks, name, value_int(i));
    }
    value_map_put(&state, "status", status_value(c->status));
    value_map_put(&state, "contexts", contexts);
    value_map_put(&state, "routes", value_ref(value_map_get(report, "routes")));
    value_map_put(&state, "sequence", save_sequence(c, value_map_get(report, "sequence")));
    value_map_put(&state, "staged", save_staged(c, value_map_get(report, "staged")));
    value_map_put(&state, "tasks", tasks);
    if (value_map_has(report, "reruns"))
        value_map_put(&state, "reruns", value_ref(value_map_get(report, "reruns")));
    return state;
}

value conductor_save(const struct conductor *c)
{
    value saved = value_map_new(6), spec = value_map_new(3);
    VALUE_AUTO(report);

    report = conductor_report(c);
    value_map_put(&spec, "catalog", value_text("native"));
    value_map_put(&spec, "version", value_text("1.0"));
    value_map_put(&spec, "spec", value_ref(c->spec->document));
    value_map_put(&saved, "spec", spec);
    value_map_put(&saved, "input", value_is_map(c->inputs) ? value_ref(c->inputs) : value_map_new(0));
    value_map_put(&saved, "context", value_is_map(c->parent) ? value_ref(c->parent) : value_map_new(0));
    value_map_put(&saved, "state", save_state(c, report));
    value_map_put(&saved, "errors", value_ref(value_map_get(report, "errors")));
    value_map_put(&saved, "output", value_ref(value_map_get(report, "output")));
    return saved;
}

/* ---- in ---- */

struct restoring {
    struct conductor *c;
    int64_t n_frames;
    struct error *err;
};

/* Takes the data. */
static int put_row(struct restoring *to, enum conductor_row_kind kind, int64_t key, int64_t sub, value data)
{
    int r = conductor_load_row(to->c, &(struct conductor_row){ kind, key, sub, data }, to->err);

    value_unref(data);
    return r;
}

static int put_list(struct restoring *to, enum conductor_row_kind kind, value list)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < value_list_count(list); i++)
        r = put_row(to, kind, (int64_t)i, 0, value_ref(value_list_at(list, i)));
    return r;
}

static value pair(int64_t left, value right)
{
    value list = value_list_new(2);

    value_list_append(&list, value_int(left));
    value_list_append(&list, right);
    return list;
}

/* The frame that is the contexts of `in`, made of new frames one upon the other. */
static int put_frame(struct restoring *to, value part, value *frames)
{
    value in = value_map_get(value_map_get(part, "ctxs"), "in");
    int64_t frame = 0;
    int r = 0;

    for (size_t i = 1; r == 0 && i < value_list_count(in); i++) {
        r = put_row(to, ROW_FRAME, to->n_frames, 0, pair(frame, value_ref(value_list_at(in, i))));
        frame = to->n_frames++;
    }
    value_list_append(frames, value_int(frame));
    return r;
}

static int put_frames(struct restoring *to, value parts, value *frames)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < value_list_count(parts); i++)
        r = put_frame(to, value_list_at(parts, i), frames);
    return r;
}

/* {"a__t0": 3} as [["a", 0, 3]]. Owned. */
static value links_of(value prev)
{
    value links = value_list_new(value_map_count(prev));

    VALUE_MAP_EACH (i, prev) {
        const char *id = value_chars(value_map_key_at(prev, i)), *end = id ? id : "", *at = NULL;
        value link = value_list_new(3);

        while ((end = strstr(end, "__t")) != NULL)
            at = end++;
        value_list_append(&link, value_text_n(id ? id : "", at ? (size_t)(at - id) : 0));
        value_list_append(&link, value_int(at ? strtoll(at + 3, NULL, 10) : -1));
        value_list_append(&link, value_ref(value_map_item_at(prev, i)));
        value_list_append(&links, link);
    }
    return links;
}

static void copy_member(value *row, const char *name, value from, const char *member)
{
    value v = value_map_get(from, member);

    if (value_is_set(v))
        value_map_set_text(row, name, value_ref(v));
}

/* What runs and staged tasks have in common. */
static value begin_row(value part, value frame)
{
    value row = value_map_new(10);

    copy_member(&row, "task", part, "id");
    copy_member(&row, "route", part, "route");
    value_map_put(&row, "frame", value_ref(frame));
    value_map_put(&row, "prev", links_of(value_map_get(part, "prev")));
    return row;
}

static int put_items(struct restoring *to, int64_t key, value items)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < value_list_count(items); i++) {
        value item = value_list_at(items, i),
              status = value_is_map(item) ? value_map_get(item, "status") : item;

        if (value_is_string(status) && !value_text_is(status, "null"))
            r = put_row(to, ROW_ITEM, key, (int64_t)i, value_ref(status));
    }
    return r;
}

static int put_staged(struct restoring *to, int64_t key, value staged, value frame)
{
    static const char *const flags[] = { "ready", "completed", "run_on_fail" };
    value row = begin_row(staged, frame), items = value_map_get(staged, "items");
    value retry = value_map_get(staged, "retry"), delay = value_map_get(retry, "delay");
    int r;

    for (size_t i = 0; i < ELEMENTS(flags); i++)
        copy_member(&row, flags[i], staged, flags[i]);
    if (value_is_map(retry))
        value_map_put(&row, "retry_delay", value_is_set(delay) ? value_ref(delay) : value_null());
    if (value_is_list(items))
        value_map_put(&row, "items", value_int((int64_t)value_list_count(items)));
    r = put_row(to, ROW_STAGED, key, 0, row);
    return r == 0 ? put_items(to, key, items) : r;
}

static int put_entry(struct restoring *to, int64_t key, value entry, value frame)
{
    value row = begin_row(entry, frame), retry = value_map_get(entry, "retry");
    value status = value_map_get(entry, "status"), out = value_map_get(value_map_get(entry, "ctxs"), "out");

    value_map_put(&row, "status", value_is_string(status) ? value_ref(status) : value_text("null"));
    copy_member(&row, "next", entry, "next");
    copy_member(&row, "term", entry, "term");
    if (value_map_count(out)) {
        size_t last = value_map_count(out) - 1;

        value_map_put(&row, "out", value_ref(value_map_key_at(out, last)));
        value_map_put(&row, "out_context", value_ref(value_map_item_at(out, last)));
    }
    copy_member(&row, "retry_count", retry, "count");
    copy_member(&row, "retry_delay", retry, "delay");
    copy_member(&row, "tally", retry, "tally");
    return put_row(to, ROW_ENTRY, key, 0, row);
}

static int restore(struct restoring *to, value saved, value state)
{
    value staged = value_map_get(state, "staged"), sequence = value_map_get(state, "sequence");
    VALUE_AUTO(staged_frames);
    VALUE_AUTO(entry_frames);
    value workflow = value_map_new(3);
    int r;

    copy_member(&workflow, "status", state, "status");
    copy_member(&workflow, "reruns", state, "reruns");
    copy_member(&workflow, "output", saved, "output");
    staged_frames = value_list_new(value_list_count(staged));
    entry_frames = value_list_new(value_list_count(sequence));
    r = put_row(to, ROW_WORKFLOW, 0, 0, workflow);
    if (r == 0)
        r = put_list(to, ROW_ROUTE, value_map_get(state, "routes"));
    if (r == 0)
        r = put_list(to, ROW_CONTEXT, value_map_get(state, "contexts"));
    if (r == 0 && value_list_count(value_map_get(state, "contexts")) > 0)
        r = put_row(to, ROW_FRAME, to->n_frames++, 0, pair(0, value_int(0)));
    if (r == 0)
        r = put_frames(to, staged, &staged_frames);
    if (r == 0)
        r = put_frames(to, sequence, &entry_frames);
    for (size_t i = 0; r == 0 && i < value_list_count(staged); i++)
        r = put_staged(to, (int64_t)i, value_list_at(staged, i), value_list_at(staged_frames, i));
    for (size_t i = 0; r == 0 && i < value_list_count(sequence); i++)
        r = put_entry(to, (int64_t)i, value_list_at(sequence, i), value_list_at(entry_frames, i));
    return r == 0 ? put_list(to, ROW_ERROR, value_map_get(saved, "errors")) : r;
}

int conductor_restore(struct conductor *c, value saved, struct error *err)
{
    struct restoring to = { .c = c, .err = err };
    value state = value_map_get(saved, "state");

    if (!value_is_map(state))
        return error_set(err, -EBADMSG, "the saved workflow has no \"state\"");
    return restore(&to, saved, state);
}
