/* SPDX-License-Identifier: Apache-2.0 */
/* The conductor as rows. Tasks and transitions are referred to by name, so that rows outlive the numbers a graph happens
   to give them. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- out ---- */

static value links_row(const struct conductor *c, const struct links *links)
{
    value list = value_list_new(links->n);

    for (uint32_t i = 0; i < links->n; i++) {
        const struct graph_edge *edge = &c->graph->edges[links->items[i].edge];
        value link = value_list_new(3);

        value_list_append(&link, value_ref(c->spec->tasks[edge->from].name_value));
        value_list_append(&link, value_int(edge->key));
        value_list_append(&link, value_int(links->items[i].entry));
        value_list_append(&list, link);
    }
    return list;
}

static value entry_row(const struct conductor *c, const struct entry *entry)
{
    const struct graph_node *node = &c->graph->nodes[entry->task];
    value row = value_map_new(10), next = value_map_new(node->n_out);

    value_map_put(&row, "task", value_ref(c->spec->tasks[entry->task].name_value));
    value_map_put(&row, "route", value_int(entry->route));
    value_map_put(&row, "status", status_value(entry->status));
    value_map_put(&row, "frame", value_int(entry->frame));
    value_map_put(&row, "prev", links_row(c, &entry->prev));
    for (uint32_t i = 0; i < node->n_out; i++)
        if (entry->next[i] != NEXT_UNKNOWN)
            value_map_set(&next, value_ref(c->graph->edges[node->first_out + i].next_id),
                          value_bool(entry->next[i] == NEXT_TRUE));
    value_map_put(&row, "next", next);
    if (entry->term)
        value_map_put(&row, "term", value_bool(true));
    if (entry->has_out) {
        value_map_put(&row, "out", value_ref(c->graph->edges[entry->out_edge].next_id));
        value_map_put(&row, "out_context", value_int(entry->out_context));
    }
    if (entry->has_retry) {
        value_map_put(&row, "tally", value_int(entry->tally));
        value_map_put(&row, "retry_count", value_ref(entry->retry_count));
        value_map_put(&row, "retry_delay", value_ref(entry->retry_delay));
    }
    return row;
}

static value staged_row(const struct conductor *c, const struct staged *staged)
{
    value row = value_map_new(10);

    value_map_put(&row, "task", value_ref(c->spec->tasks[staged->task].name_value));
    value_map_put(&row, "route", value_int(staged->route));
    value_map_put(&row, "frame", value_int(staged->frame));
    value_map_put(&row, "prev", links_row(c, &staged->prev));
    value_map_put(&row, "ready", value_bool(staged->ready));
    if (staged->completed)
        value_map_put(&row, "completed", value_bool(true));
    if (staged->run_on_fail)
        value_map_put(&row, "run_on_fail", value_bool(true));
    if (staged->has_retry)
        value_map_put(&row, "retry_delay", value_ref(staged->retry_delay));
    if (staged->items)
        value_map_put(&row, "items", value_int(staged->items->n));
    return row;
}

static value frame_row(const struct frame *frame)
{
    value row = value_list_new(3);

    value_list_append(&row, value_int(frame->left));
    value_list_append(&row, value_int(frame->right));
    if (frame->join)
        value_list_append(&row, value_bool(true));
    return row;
}

static value error_row(const struct conductor *c, int64_t id)
{
    for (uint32_t i = c->n_errors; i-- > 0;)
        if (c->errors[i].id == id)
            return value_ref(c->errors[i].v);
    return VALUE_NOTHING;
}

static value workflow_row(const struct conductor *c)
{
    value row = value_map_new(3);

    value_map_put(&row, "status", status_value(c->status));
    value_map_put(&row, "output", value_ref(conductor_output(c)));
    value_map_put(&row, "reruns", value_is_set(c->reruns) ? value_ref(c->reruns) : value_list_new(0));
    return row;
}

static value item_row(const struct staged *staged, int64_t sub)
{
    if (!staged || !staged->items || sub < 0 || sub >= staged->items->n ||
        staged->items->statuses[sub] == STATUS_NULL)
        return VALUE_NOTHING;
    return status_value(staged->items->statuses[sub]);
}

/* The row as it is now; UNSET when it is gone. Owned. */
static value row_now(struct conductor *c, const struct dirty *dirty)
{
    struct staged *staged = (struct staged *)idmap_get(&c->staged_by_serial, (uint64_t)dirty->key);

    switch (dirty->kind) {
    case ROW_WORKFLOW:
        c->workflow_dirty = false;
        return workflow_row(c);
    case ROW_ROUTE:
        return dirty->key < c->n_routes ? value_ref(c->routes[dirty->key]) : VALUE_NOTHING;
    case ROW_CONTEXT:
        return dirty->key < c->n_contexts ? value_ref(c->contexts[dirty->key]) : VALUE_NOTHING;
    case ROW_FRAME:
        return dirty->key < c->n_frames ? frame_row(&c->frames[dirty->key]) : VALUE_NOTHING;
    case ROW_STAGED:
        if (!staged)
            return VALUE_NOTHING;
        staged->dirty = false;
        return staged_row(c, staged);
    case ROW_ITEM:
        if (staged && staged->items && dirty->sub >= 0 && dirty->sub < staged->items->n)
            staged->items->dirty[dirty->sub] = 0;
        return item_row(staged, dirty->sub);
    case ROW_ENTRY:
        if (dirty->key >= c->n_entries)
            return VALUE_NOTHING;
        c->entries[dirty->key].dirty = false;
        return entry_row(c, &c->entries[dirty->key]);
    case ROW_ERROR:
        return error_row(c, dirty->key);
    }
    return VALUE_NOTHING;
}

void conductor_changes(struct conductor *c, void (*tell)(void *data, const struct conductor_row *row),
                       void *data)
{
    for (uint32_t i = 0; i < c->n_dirty; i++) {
        value now = row_now(c, &c->dirty[i]);

        tell(data, &(struct conductor_row){ c->dirty[i].kind, c->dirty[i].key, c->dirty[i].sub, now });
        value_unref(now);
    }
    c->n_dirty = 0;
}

/* ---- in ---- */

static int bad_row(const struct conductor_row *row, struct error *err)
{
    static const char *const names[] = { "workflow", "route", "context", "frame",
                                         "staged",   "item",  "entry",   "error" };

    return error_set(err, -EBADMSG, "the saved workflow has a bad row: %s %lld", names[row->kind],
                     (long long)row->key);
}

/* A number of a row that must be below `limit`; -1 when it is not. */
static int64_t number_of(value v, int64_t limit)
{
    return v.kind == VALUE_INT && v.integer >= 0 && v.integer < limit ? v.integer : -1;
}

static int64_t edge_find(const struct conductor *c, value from, uint32_t to, value key)
{
    const char *name = value_chars(from);
    int64_t task = name ? workflow_spec_find(c->spec, name) : -1;

    if (task < 0)
        return -1;
    for (uint32_t i = 0; i < c->graph->nodes[task].n_out; i++) {
        const struct graph_edge *edge = &c->graph->edges[c->graph->nodes[task].first_out + i];

        if (edge->to == to && key.kind == VALUE_INT && edge->key == key.integer)
            return c->graph->nodes[task].first_out + i;
    }
    return -1;
}

/* Entries may be referred to before they are loaded: staged tasks come first. */
static int links_load(const struct conductor *c, uint32_t task, value list, struct links *ret)
{
    VALUE_LIST_EACH (i, item, list) {
        int64_t edge = edge_find(c, value_list_at(item, 0), task, value_list_at(item, 1));
        int64_t entry = number_of(value_list_at(item, 2), CONDUCTOR_ENTRIES_MAX);

        if (edge < 0 || entry < 0)
            return -EBADMSG;
        GROW(ret->items, ret->n, ret->room);
        ret->items[ret->n++] = (struct link){ (uint32_t)edge, (uint32_t)entry };
    }
    return 0;
}

static int64_t task_of(const struct conductor *c, value row)
{
    const char *name = value_map_chars(row, "task");
    int64_t task = name ? workflow_spec_find(c->spec, name) : -1;

    return task >= 0 && c->graph->nodes[task].present ? task : -1;
}

static int entry_load(struct conductor *c, const struct conductor_row *row)
{
    int64_t task = task_of(c, row->data), route = number_of(value_map_get(row->data, "route"), c->n_routes);
    int64_t frame = number_of(value_map_get(row->data, "frame"), c->n_frames);
    const char *status_text = value_map_chars(row->data, "status"), *out = value_map_chars(row->data, "out");
    int status = status_text ? status_from_name(status_text) : -1, r;
    value next = value_map_get(row->data, "next"), count = value_map_get(row->data, "retry_count");
    const struct graph_node *node;
    struct entry *entry;
    struct links prev = { 0 };
    uint32_t number;

    if (task < 0 || route < 0 || frame < 0 || status < 0 || row->key != c->n_entries)
        return -EBADMSG;
    r = links_load(c, (uint32_t)task, value_map_get(row->data, "prev"), &prev);
    if (r == 0)
        r = entry_insert(
            c, &(struct entry){ .task = (uint32_t)task, .route = (uint32_t)route, .frame = (uint32_t)frame },
            &prev, &number);
    free(prev.items);
    if (r < 0)
        return r;
    node = &c->graph->nodes[task];
    entry = &c->entries[number];
    entry->term = value_map_bool(row->data, "term", false);
    entry->has_retry = value_is_set(count);
    entry->retry_count = value_ref(count);
    entry->retry_delay = value_ref(value_map_get(row->data, "retry_delay"));
    entry->tally = value_map_int(row->data, "tally", 0);
    for (uint32_t i = 0; i < node->n_out; i++) {
        const struct graph_edge *edge = &c->graph->edges[node->first_out + i];
        value satisfied = value_map_get_value(next, edge->next_id);

        if (satisfied.kind == VALUE_BOOL)
            entry->next[i] = satisfied.boolean ? NEXT_TRUE : NEXT_FALSE;
        if (out && value_text_is(edge->next_id, out)) {
            entry->has_out = true;
            entry->out_edge = node->first_out + i;
            entry->out_context = (uint32_t)value_map_int(row->data, "out_context", 0);
        }
    }
    entry_set_status(c, number, (enum workflow_status)status);
    return 0;
}

static int staged_load(struct conductor *c, const struct conductor_row *row)
{
    int64_t task = task_of(c, row->data), route = number_of(value_map_get(row->data, "route"), c->n_routes);
    int64_t frame = number_of(value_map_get(row->data, "frame"), c->n_frames);
    int64_t items = number_of(value_map_get(row->data, "items"), CONDUCTOR_ITEMS_MAX + 1);
    struct links prev = { 0 };
    struct staged *staged;

    if (task < 0 || route < 0 || frame < 0 || row->key < c->next_serial ||
        links_load(c, (uint32_t)task, value_map_get(row->data, "prev"), &prev) < 0) {
        free(prev.items);
        return -EBADMSG;
    }
    c->next_serial = row->key;
    staged = staged_add(c, (uint32_t)task, (uint32_t)route, (uint32_t)frame, &prev, false);
    free(prev.items);
    staged->has_retry = value_map_has(row->data, "retry_delay");
    staged->retry_delay = value_ref(value_map_get(row->data, "retry_delay"));
    staged_set(c, staged, staged->frame,
               (struct staged_flags){ value_map_bool(row->data, "ready", false),
                                      value_map_bool(row->data, "completed", false),
                                      value_map_bool(row->data, "run_on_fail", false) });
    if (items >= 0)
        staged_set_items(c, staged, items_new((uint32_t)items));
    return 0;
}

static int item_load(struct conductor *c, const struct conductor_row *row)
{
    struct staged *staged = (struct staged *)idmap_get(&c->staged_by_serial, (uint64_t)row->key);
    int status = value_is_string(row->data) ? status_from_name(value_chars(row->data)) : -1;

    if (!staged || !staged->items || row->sub < 0 || row->sub >= staged->items->n || status < 0)
        return -EBADMSG;
    item_set(c, staged, (uint32_t)row->sub, (enum workflow_status)status);
    return 0;
}

static int frame_load(struct conductor *c, const struct conductor_row *row)
{
    bool join = value_list_count(row->data) == 3;
    int64_t left = number_of(value_list_at(row->data, 0), c->n_frames + (c->n_frames == 0));
    int64_t right = number_of(value_list_at(row->data, 1), join ? c->n_frames : c->n_contexts);

    if (left < 0 || right < 0 || row->key != c->n_frames)
        return -EBADMSG;
    frame_add(c, (uint32_t)left, (uint32_t)right, join);
    return 0;
}

static int workflow_load(struct conductor *c, const struct conductor_row *row)
{
    const char *status = value_map_chars(row->data, "status");
    value output = value_map_get(row->data, "output"), reruns = value_map_get(row->data, "reruns");

    if (!status || status_from_name(status) < 0)
        return -EBADMSG;
    c->started = true;
    workflow_set_status(c, (enum workflow_status)status_from_name(status));
    if (!value_is_null(output))
        workflow_set_output(c, value_ref(output));
    if (value_list_count(reruns) > 0)
        value_replace(&c->reruns, value_ref(reruns));
    return 0;
}

static int row_load(struct conductor *c, const struct conductor_row *row)
{
    switch (row->kind) {
    case ROW_WORKFLOW:
        return workflow_load(c, row);
    case ROW_ROUTE:
        if (row->key != c->n_routes || !value_is_list(row->data))
            return -EBADMSG;
        route_add(c, value_ref(row->data));
        return 0;
    case ROW_CONTEXT:
        if (row->key != c->n_contexts || !value_is_map(row->data))
            return -EBADMSG;
        context_add(c, value_ref(row->data));
        return 0;
    case ROW_FRAME:
        return frame_load(c, row);
    case ROW_STAGED:
        return staged_load(c, row);
    case ROW_ITEM:
        return item_load(c, row);
    case ROW_ENTRY:
        return entry_load(c, row);
    case ROW_ERROR:
        if (!value_is_map(row->data) || row->key < c->next_error)
            return -EBADMSG;
        log_restore(c, c->n_errors, value_ref(row->data), row->key);
        c->next_error = row->key + 1;
        return 0;
    }
    return -EBADMSG;
}

/* What was read is what is saved: nothing is left to tell. */
static void changes_forget(struct conductor *c)
{
    for (uint32_t i = 0; i < c->n_dirty; i++) {
        value now = row_now(c, &c->dirty[i]);

        value_unref(now);
    }
    c->n_dirty = 0;
}

int conductor_load_row(struct conductor *c, const struct conductor_row *row, struct error *err)
{
    int r;

    step_begin(c);
    r = row_load(c, row);
    step_end(c, 0);
    changes_forget(c);
    return r < 0 ? bad_row(row, err) : 0;
}
