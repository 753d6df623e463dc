/* SPDX-License-Identifier: Apache-2.0 */
/* The runs of tasks, the joins they lead to, and how expressions see them. What other parts ask for at every step is
   counted as it changes: how many latest runs have which status, how many sources of a join are satisfied. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/limit.h"
#include "base/mem.h"

struct links links_copy(const struct links *links)
{
    struct links copy = { 0 };

    if (links && links->n) {
        copy.items = xmemdup(links->items, links->n * sizeof(links->items[0]));
        copy.n = copy.room = links->n;
    }
    return copy;
}

int64_t entry_latest(const struct conductor *c, uint32_t task, uint32_t route)
{
    return (int64_t)idmap_get(&c->latest, pair_key(task, route)) - 1;
}

void entry_release(struct entry *entry)
{
    value_unref(entry->retry_count);
    value_unref(entry->retry_delay);
    free(entry->prev.items);
    free(entry->next);
}

void entry_mark(struct conductor *c, uint32_t number)
{
    if (!c->entries[number].dirty)
        mark_dirty(c, ROW_ENTRY, number, 0);
    c->entries[number].dirty = true;
}

static void view_mark(struct conductor *c, uint32_t number)
{
    GROW(c->view_stale, c->n_view_stale, c->view_stale_room);
    c->view_stale[c->n_view_stale++] = number;
}

bool entries_any(const struct conductor *c, uint32_t group)
{
    for (int i = 0; i < STATUS_COUNT; i++)
        if ((group >> i & 1) && c->counts[i])
            return true;
    return false;
}

/* ---- joins ---- */

/* What the latest run of the edge's source says about the barrier the edge leads to; unknown while it has not said. */
static uint8_t source_state(const struct conductor *c, const struct graph_edge *edge, uint32_t route)
{
    int64_t number = entry_latest(c, edge->from, route);
    const struct graph_node *from = &c->graph->nodes[edge->from];
    uint8_t state = NEXT_UNKNOWN;

    if (number < 0)
        return NEXT_UNKNOWN;
    for (uint32_t i = edge->source_edge;
         i < from->first_out + from->n_out && c->graph->edges[i].to == edge->to; i++)
        if (c->entries[number].next[i - from->first_out] > state)
            state = c->entries[number].next[i - from->first_out];
    return state;
}

static struct join *join_of(struct conductor *c, uint32_t task, uint32_t route)
{
    const struct graph_node *node = &c->graph->nodes[task];
    uintptr_t number = idmap_get(&c->join_by_task, pair_key(task, route));
    struct join *join;

    if (number)
        return &c->joins[number - 1];
    GROW(c->joins, c->n_joins, c->joins_room);
    join = &c->joins[c->n_joins++];
    *join = (struct join){ .task = task, .route = route };
    join->sources = xcalloc(node->n_sources + 1, 1);
    for (uint32_t i = 0; i < node->n_in; i++) {
        const struct graph_edge *edge = &c->graph->edges[node->in[i]];

        if (edge->source_edge == node->in[i])
            join->sources[edge->source] = source_state(c, edge, route);
    }
    for (uint32_t i = 0; i < node->n_sources; i++) {
        join->n_true += join->sources[i] == NEXT_TRUE;
        join->n_unknown += join->sources[i] == NEXT_UNKNOWN;
    }
    idmap_set(&c->join_by_task, pair_key(task, route), c->n_joins);
    undo_add(c, UNDO_JOIN_ADD);
    return join;
}

void join_drop_last(struct conductor *c)
{
    struct join *join = &c->joins[--c->n_joins];

    idmap_set(&c->join_by_task, pair_key(join->task, join->route), 0);
    free(join->sources);
}

void join_restore(struct conductor *c, uint32_t number, uint32_t source, uint8_t state)
{
    struct join *join = &c->joins[number];
    uint8_t before = join->sources[source];

    join->n_true += (state == NEXT_TRUE) - (before == NEXT_TRUE);
    join->n_unknown += (state == NEXT_UNKNOWN) - (before == NEXT_UNKNOWN);
    join->sources[source] = state;
}

static void join_refresh(struct conductor *c, uint32_t edge_number, uint32_t route)
{
    const struct graph_edge *edge = &c->graph->edges[edge_number];
    uintptr_t number = idmap_get(&c->join_by_task, pair_key(edge->to, route));
    uint8_t state;
    struct undo *undo;

    if (!number)
        return; /* nobody has asked yet; whoever asks first looks for himself */
    state = source_state(c, edge, route);
    if (state == c->joins[number - 1].sources[edge->source])
        return;
    undo = undo_add(c, UNDO_JOIN);
    undo->index = (uint32_t)number - 1;
    undo->slot = edge->source;
    undo->number = c->joins[number - 1].sources[edge->source];
    join_restore(c, (uint32_t)number - 1, edge->source, state);
}

enum inbound join_inbound(struct conductor *c, uint32_t task, uint32_t route)
{
    const struct graph_node *node = &c->graph->nodes[task];
    const struct join *join = join_of(c, task, route);

    if (join->n_true >= graph_requirement(node))
        return INBOUND_SATISFIED;
    if (join->n_unknown && (entries_any(c, STATUS_ACTIVE) || c->n_ready))
        return INBOUND_WAITING;
    return INBOUND_UNREACHABLE;
}

/* ---- adding and changing ---- */

/* Writes count or delay of a retry as it holds for this run. */
static int retry_value(struct conductor *c, uint32_t frame, const struct spec_task *task,
                       const struct template *template, const char *what, value *ret, struct error *err)
{
    struct expr_context context;
    int r;

    if (!template || template_source(template).kind != VALUE_STRING) {
        *ret = template ? value_ref(template_source(template)) : value_null();
        return 0;
    }
    evaluation_plain(c, value_ref(frame_variables(c, frame)), &context);
    r = template_evaluate(template, &context, ret, err);
    value_unref(context.variables);
    if (r < 0)
        return r;
    if (!value_is_integer(*ret) && ret->kind != VALUE_BOOL) {
        value_replace(ret, VALUE_NOTHING);
        return error_set_kind(err, -EINVAL, "ValueError", "The retry %s for task \"%s\" is not an integer.",
                              what, task->name);
    }
    return 0;
}

static int entry_add_retry(struct conductor *c, struct entry *entry, struct error *err)
{
    const struct spec_task *task = &c->spec->tasks[entry->task];
    int r;

    if (!task->has_retry)
        return 0;
    entry->has_retry = true;
    r = retry_value(c, entry->frame, task, task->retry_delay, "delay", &entry->retry_delay, err);
    if (r < 0)
        return r;
    return retry_value(c, entry->frame, task, task->retry_count, "count", &entry->retry_count, err);
}

static void edges_refresh(struct conductor *c, uint32_t task, uint32_t route)
{
    const struct graph_node *node = &c->graph->nodes[task];

    for (uint32_t i = node->first_out; i < node->first_out + node->n_out; i++)
        if (c->graph->edges[i].source_edge == i && c->graph->nodes[c->graph->edges[i].to].has_barrier)
            join_refresh(c, i, route);
}

static void view_add(struct conductor *c, uint32_t number)
{
    const struct entry *entry = &c->entries[number];
    const struct spec_task *task = &c->spec->tasks[entry->task];
    value shown = value_map_new(3);

    value_map_put(&shown, "id", value_ref(task->name_value));
    value_map_put(&shown, "route", value_int(entry->route));
    value_list_append(&c->view_entries, shown);
    value_map_set(&c->view_tasks, value_textf("%s__r%u", task->name, entry->route), value_int(number));
}

int entry_insert(struct conductor *c, struct entry *entry, const struct links *prev, uint32_t *ret)
{
    uintptr_t before = idmap_get(&c->latest, pair_key(entry->task, entry->route));

    if (c->n_entries >= CONDUCTOR_ENTRIES_MAX)
        return -E2BIG;
    entry->prev = links_copy(prev);
    entry->next = xcalloc(c->graph->nodes[entry->task].n_out + 1, 1);
    GROW(c->entries, c->n_entries, c->entries_room);
    c->entries[c->n_entries] = *entry;
    if (before && c->entries[before - 1].status != STATUS_NULL)
        c->counts[c->entries[before - 1].status]--;
    idmap_set(&c->latest, pair_key(entry->task, entry->route), c->n_entries + 1);
    view_add(c, c->n_entries);
    undo_add(c, UNDO_ENTRY_ADD)->number = (int64_t)before;
    entry_mark(c, c->n_entries);
    *ret = c->n_entries++;
    edges_refresh(c, entry->task, entry->route);
    return 0;
}

int entry_add(struct conductor *c, uint32_t task, uint32_t route, uint32_t frame, const struct links *prev,
              uint32_t *ret, struct error *err)
{
    struct entry entry = { .task = task, .route = route, .frame = frame };
    int r = entry_add_retry(c, &entry, err);

    if (r == 0) {
        r = entry_insert(c, &entry, prev, ret);
        if (r < 0)
            limit_exceeded(err, LIMIT_TASKS, CONDUCTOR_ENTRIES_MAX);
    }
    if (r < 0)
        entry_release(&entry);
    return r;
}

void entry_drop_last(struct conductor *c, uint32_t latest_before)
{
    struct entry *entry = &c->entries[--c->n_entries];
    const struct spec_task *task = &c->spec->tasks[entry->task];

    BUFFER_AUTO(key);

    idmap_set(&c->latest, pair_key(entry->task, entry->route), latest_before);
    if (latest_before && c->entries[latest_before - 1].status != STATUS_NULL)
        c->counts[c->entries[latest_before - 1].status]++;
    buffer_addf(&key, "%s__r%u", task->name, entry->route);
    if (latest_before)
        value_map_set_text(&c->view_tasks, buffer_text(&key), value_int(latest_before - 1));
    else
        value_map_remove(&c->view_tasks, buffer_text(&key));
    value_list_remove(&c->view_entries, c->n_entries);
    entry_release(entry);
}

void entry_restore_status(struct conductor *c, uint32_t number, enum workflow_status status)
{
    struct entry *entry = &c->entries[number];
    bool latest = entry_latest(c, entry->task, entry->route) == (int64_t)number;

    if (latest && entry->status != STATUS_NULL)
        c->counts[entry->status]--;
    if (latest && status != STATUS_NULL)
        c->counts[status]++;
    entry->status = (uint8_t)status;
    view_mark(c, number);
}

void entry_set_status(struct conductor *c, uint32_t number, enum workflow_status status)
{
    struct undo *undo;

    if (c->entries[number].status == status)
        return;
    undo = undo_add(c, UNDO_ENTRY_STATUS);
    undo->index = number;
    undo->number = c->entries[number].status;
    entry_restore_status(c, number, status);
    entry_mark(c, number);
}

void entry_set_term(struct conductor *c, uint32_t number, bool term)
{
    struct undo *undo;

    if (c->entries[number].term == term)
        return;
    undo = undo_add(c, UNDO_ENTRY_TERM);
    undo->index = number;
    undo->number = c->entries[number].term;
    c->entries[number].term = term;
    entry_mark(c, number);
}

void entry_set_tally(struct conductor *c, uint32_t number, int64_t tally)
{
    struct undo *undo = undo_add(c, UNDO_ENTRY_TALLY);

    undo->index = number;
    undo->number = c->entries[number].tally;
    c->entries[number].tally = tally;
    entry_mark(c, number);
}

void entry_set_next(struct conductor *c, uint32_t number, uint32_t edge, bool satisfied)
{
    struct entry *entry = &c->entries[number];
    uint32_t slot = edge - c->graph->nodes[entry->task].first_out;
    struct undo *undo = undo_add(c, UNDO_ENTRY_NEXT);

    undo->index = number;
    undo->slot = slot;
    undo->number = entry->next[slot];
    entry->next[slot] = satisfied ? NEXT_TRUE : NEXT_FALSE;
    entry_mark(c, number);
    if (c->graph->nodes[c->graph->edges[edge].to].has_barrier)
        join_refresh(c, edge, entry->route);
}

void entry_set_out(struct conductor *c, uint32_t number, uint32_t edge, uint32_t context)
{
    struct entry *entry = &c->entries[number];
    struct undo *undo = undo_add(c, UNDO_ENTRY_OUT);

    undo->index = number;
    undo->flag = entry->has_out;
    undo->slot = entry->out_edge;
    undo->number = entry->out_context;
    entry->has_out = true;
    entry->out_edge = edge;
    entry->out_context = context;
    entry_mark(c, number);
}

/* ---- how expressions see it ---- */

/* {tasks: {<task>__r<route>: index}, sequence: [{id, route, status?}], routes: [[...]], status}. Nobody but the caller
   holds it while it is changed, so each change costs one place and not the whole. Owned. */
value view_state(struct conductor *c)
{
    value state = value_map_new(4);

    for (uint32_t i = 0; i < c->n_view_stale; i++) {
        uint32_t number = c->view_stale[i];
        value shown;

        if (number >= c->n_entries)
            continue;
        shown = value_ref(value_list_at(c->view_entries, number));
        value_map_set(&shown, VALUE_ATOM("status"), status_value(c->entries[number].status));
        value_list_set(&c->view_entries, number, shown);
    }
    c->n_view_stale = 0;
    value_map_put(&state, "tasks", value_ref(c->view_tasks));
    value_map_put(&state, "sequence", value_ref(c->view_entries));
    value_map_put(&state, "routes", value_ref(c->view_routes));
    value_map_put(&state, "status", value_text(status_name(c->status)));
    return state;
}
