/* SPDX-License-Identifier: Apache-2.0 */
/* What a person or a test may want to know of a running workflow: its whole state, why it waits, whether it is stuck. */
#include "workflow/conductor-internal.h"

static value links_value(const struct conductor *c, const struct links *links)
{
    value map = value_map_new(links->n);

    for (uint32_t i = 0; i < links->n; i++)
        value_map_set(&map, value_ref(c->graph->edges[links->items[i].edge].prev_id),
                      value_int(links->items[i].entry));
    return map;
}

static value next_value(const struct conductor *c, const struct entry *entry)
{
    const struct graph_node *node = &c->graph->nodes[entry->task];
    value map = value_map_new(node->n_out);

    for (uint32_t i = 0; i < node->n_out; i++)
        if (entry->next[i] != NEXT_UNKNOWN)
            value_map_set(&map, value_ref(c->graph->edges[node->first_out + i].next_id),
                          value_bool(entry->next[i] == NEXT_TRUE));
    return map;
}

static value entry_value(const struct conductor *c, const struct entry *entry)
{
    const struct spec_task *task = &c->spec->tasks[entry->task];
    value v = value_map_new(7);

    value_map_put(&v, "id", value_ref(task->name_value));
    value_map_put(&v, "route", value_int(entry->route));
    value_map_put(&v, "status", entry->status == STATUS_NULL ? value_null() : status_value(entry->status));
    value_map_put(&v, "prev", links_value(c, &entry->prev));
    value_map_put(&v, "next", next_value(c, entry));
    if (entry->term)
        value_map_put(&v, "term", value_bool(true));
    if (entry->has_retry) {
        value retry = graph_retry_value(task);

        value_map_put(&retry, "count", value_ref(entry->retry_count));
        if (!task->retry_command)
            value_map_put(&retry, "delay", value_ref(entry->retry_delay));
        value_map_put(&retry, "tally", value_int(entry->tally));
        value_map_put(&v, "retry", retry);
    }
    return v;
}

static value staged_value(const struct conductor *c, const struct staged *staged)
{
    value v = value_map_new(6);

    value_map_put(&v, "id", value_ref(c->spec->tasks[staged->task].name_value));
    value_map_put(&v, "route", value_int(staged->route));
    value_map_put(&v, "ready", value_bool(staged->ready));
    if (staged->completed)
        value_map_put(&v, "completed", value_bool(true));
    if (staged->run_on_fail)
        value_map_put(&v, "run_on_fail", value_bool(true));
    if (staged->items) {
        value items = value_list_new(staged->items->n);

        for (uint32_t i = 0; i < staged->items->n; i++)
            value_list_append(&items, status_value(staged->items->statuses[i]));
        value_map_put(&v, "items", items);
    }
    return v;
}

/* What was said, without hints: a report is compared. */
static value errors_said(const struct conductor *c)
{
    value errors = value_list_new(c->n_errors);

    for (uint32_t i = 0; i < c->n_errors; i++)
        value_list_append(&errors, log_entry_said(c->errors[i].v));
    return errors;
}

value conductor_report(const struct conductor *c)
{
    value report = value_map_new(7), routes = value_list_new(c->n_routes), staged = value_list_new(4),
          entries = value_list_new(c->n_entries);

    for (uint32_t i = 0; i < c->n_routes; i++)
        value_list_append(&routes, value_ref(c->routes[i]));
    for (const struct staged *at = c->first_staged; at; at = at->after)
        value_list_append(&staged, staged_value(c, at));
    for (uint32_t i = 0; i < c->n_entries; i++)
        value_list_append(&entries, entry_value(c, &c->entries[i]));
    value_map_put(&report, "status", status_value(c->status));
    value_map_put(&report, "output", value_ref(conductor_output(c)));
    value_map_put(&report, "errors", errors_said(c));
    value_map_put(&report, "routes", routes);
    if (value_list_count(c->reruns) > 0)
        value_map_put(&report, "reruns", value_ref(c->reruns));
    value_map_put(&report, "staged", staged);
    value_map_put(&report, "sequence", entries);
    return report;
}

/* ---- why it waits ---- */

static const char *const entry_reasons[STATUS_COUNT] = {
    [STATUS_REQUESTED] = "is requested and waits to be scheduled",
    [STATUS_SCHEDULED] = "is scheduled and waits to run",
    [STATUS_DELAYED] = "waits for its delay to pass",
    [STATUS_RUNNING] = "runs",
    [STATUS_PENDING] = "waits for an answer",
    [STATUS_PAUSING] = "waits for what it runs to pause",
    [STATUS_PAUSED] = "is paused and waits to be resumed",
    [STATUS_RESUMING] = "is resuming",
    [STATUS_CANCELING] = "waits for what it runs to be canceled",
};

static void waits_add(value *waits, const struct spec_task *task, uint32_t route, const char *status,
                      value reason)
{
    value v = value_map_new(4);

    value_map_put(&v, "task", value_ref(task->name_value));
    value_map_put(&v, "route", value_int(route));
    value_map_put(&v, "status", value_text(status));
    value_map_put(&v, "reason", reason);
    value_list_append(waits, v);
}

/* "waits for 1 of 3 tasks: b, c" */
static value join_reason(const struct conductor *c, const struct staged *staged)
{
    const struct graph_node *node = &c->graph->nodes[staged->task];
    BUFFER_AUTO(names);
    uint32_t n_missing = 0;

    for (uint32_t i = 0; i < node->n_in; i++) {
        const struct graph_edge *edge = &c->graph->edges[node->in[i]];
        bool came = false;

        if (edge->source_edge != node->in[i])
            continue;
        for (uint32_t k = 0; k < staged->prev.n; k++)
            came = came || c->graph->edges[staged->prev.items[k].edge].from == edge->from;
        if (!came)
            buffer_addf(&names, "%s%s", n_missing++ ? ", " : "", c->spec->tasks[edge->from].name);
    }
    return value_textf("joins %u of %u tasks and waits for: %s", graph_requirement(node), node->n_sources,
                       buffer_text(&names));
}

/* "runs 3 of 10 items, 2 ended, at most 3 at a time" */
static value items_reason(const struct staged *staged)
{
    const struct items *items = staged->items;
    uint32_t waiting = items_count(items, STATUS_BIT(STATUS_PENDING) | STATUS_BIT(STATUS_PAUSED));
    BUFFER_AUTO(text);

    buffer_addf(&text, "runs %u of %u items, %u ended", items_count(items, STATUS_ACTIVE), items->n,
                items_count(items, STATUS_COMPLETED));
    if (waiting)
        buffer_addf(&text, ", %u waiting for an answer or paused", waiting);
    if (items->concurrency.kind == VALUE_INT)
        buffer_addf(&text, ", at most %lld at a time", (long long)items->concurrency.integer);
    return value_text(buffer_text(&text));
}

static value ready_reason(const struct conductor *c, const struct staged *staged)
{
    if (!status_in(c->status, STATUS_GOING))
        return value_textf("could run, but the workflow is %s", status_name(c->status));
    if (staged->items && items_count(staged->items, STATUS_ACTIVE))
        return items_reason(staged);
    if (staged->has_retry)
        return value_text("waits to be tried again");
    return value_text("is ready and waits to be handed out");
}

static value entry_reason(const struct conductor *c, const struct entry *entry)
{
    const struct staged *staged = staged_find(c, entry->task, entry->route);

    return staged && staged->items && !staged->completed ? items_reason(staged)
                                                         : value_text(entry_reasons[entry->status]);
}

/* Which try this is: {count, tally}; a task that was not tried again yet has the tally 0. */
static void retry_add(value *waits, const struct entry *entry)
{
    value retry = value_map_new(2), last;
    size_t at = value_list_count(*waits) - 1;

    value_map_put(&retry, "count", value_ref(entry->retry_count));
    value_map_put(&retry, "tally", value_int(entry->tally));
    last = value_ref(value_list_at(*waits, at));
    value_map_put(&last, "retry", retry);
    value_list_set(waits, at, last);
}

value conductor_waits(const struct conductor *c)
{
    value waits = value_list_new(4);

    for (uint32_t i = 0; i < c->n_entries; i++) {
        const struct entry *entry = &c->entries[i];

        if (!entry_reasons[entry->status] || entry_latest(c, entry->task, entry->route) != (int64_t)i)
            continue;
        waits_add(&waits, &c->spec->tasks[entry->task], entry->route, status_name(entry->status),
                  entry_reason(c, entry));
        if (entry->has_retry)
            retry_add(&waits, entry);
    }
    for (const struct staged *staged = c->first_staged; staged; staged = staged->after) {
        int64_t latest = entry_latest(c, staged->task, staged->route);

        /* Of items the entry has told already. */
        if (staged->completed || (staged->items && latest >= 0 && entry_reasons[c->entries[latest].status]))
            continue;
        waits_add(&waits, &c->spec->tasks[staged->task], staged->route, "staged",
                  staged->ready ? ready_reason(c, staged) : join_reason(c, staged));
    }
    return waits;
}

int conductor_check(const struct conductor *c, struct error *err)
{
    static const uint32_t carried_by_tasks = STATUS_BIT(STATUS_PAUSING) | STATUS_BIT(STATUS_CANCELING);
    static const uint32_t goes_on =
        STATUS_BIT(STATUS_RUNNING) | STATUS_BIT(STATUS_RESUMING) | carried_by_tasks;
    bool staged = c->n_ready && !status_in(c->status, carried_by_tasks);

    if (!c->started || !status_in(c->status, goes_on) || staged ||
        entries_any(c, STATUS_ACTIVE | STATUS_BIT(STATUS_PENDING) | STATUS_BIT(STATUS_PAUSED)))
        return 0;
    return error_set_kind(err, -EINVAL, "WorkflowStuckError",
                          "The workflow is %s, but no task of it is running, staged or waited for.",
                          status_name(c->status));
}
