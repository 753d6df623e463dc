/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a workflow, driven from outside by three kinds of steps: requests on the workflow, events of tasks, and the
   question what to run next (next.c).

   A task is staged when a transition leads to it, becomes an entry when its first event comes, and when it completes its
   transitions are evaluated in the order of their targets' names: each may publish a context and stage its target. Then
   the workflow is told. Commands (noop, fail, continue) are tasks that complete at once, after the task that led to them.

   Invariant: a workflow that says it goes on has something active, staged or waited for; conductor_check tests it. */
#include "workflow/conductor-internal.h"

#include <assert.h>
#include <stdlib.h>

#include "base/limit.h"
#include "base/mem.h"

int refuse(struct error *err, const char *class, const char *message)
{
    return error_set_kind(err, -EINVAL, class, "%s", message);
}

void mark_dirty(struct conductor *c, enum conductor_row_kind kind, int64_t key, int64_t sub)
{
    GROW(c->dirty, c->n_dirty, c->dirty_room);
    c->dirty[c->n_dirty++] = (struct dirty){ kind, key, sub };
}

void workflow_mark(struct conductor *c)
{
    if (!c->workflow_dirty)
        mark_dirty(c, ROW_WORKFLOW, 0, 0);
    c->workflow_dirty = true;
}

void workflow_set_status(struct conductor *c, enum workflow_status status)
{
    if (c->status == status)
        return;
    undo_add(c, UNDO_STATUS)->number = c->status;
    c->status = (uint8_t)status;
    workflow_mark(c);
}

/* Takes the output. */
void workflow_set_output(struct conductor *c, value output)
{
    undo_add(c, UNDO_OUTPUT)->held = c->output;
    c->output = output;
    workflow_mark(c);
}

void workflow_add_rerun(struct conductor *c, value indexes)
{
    undo_add(c, UNDO_RERUNS)->held = value_ref(c->reruns);
    if (!value_is_list(c->reruns))
        c->reruns = value_list_new(1);
    value_list_append(&c->reruns, indexes);
    workflow_mark(c);
}

/* Takes the list. */
uint32_t route_add(struct conductor *c, value route)
{
    GROW(c->routes, c->n_routes, c->routes_room);
    c->routes[c->n_routes] = route;
    value_list_append(&c->view_routes, value_ref(route));
    undo_add(c, UNDO_ROUTE_ADD);
    mark_dirty(c, ROW_ROUTE, c->n_routes, 0);
    return c->n_routes++;
}

/* ---- requests on the workflow ---- */

/* What a request means for a task with items depends on them. */
static void tell_task(struct conductor *c, uint32_t number, struct workflow_event event)
{
    const struct entry *entry = &c->entries[number];
    const struct staged *staged = staged_find(c, entry->task, entry->route);
    int to;

    if (status_in(event.status, STATUS_PAUSE | STATUS_CANCEL) && staged && staged->items) {
        uint32_t completed = items_count(staged->items, STATUS_COMPLETED);

        event.activity = items_count(staged->items, STATUS_ACTIVE) ? ACTIVITY_ACTIVE : ACTIVITY_DORMANT;
        event.outcome = completed < staged->items->n ? OUTCOME_INCOMPLETE : OUTCOME_COMPLETED;
    }
    to = task_machine_move(entry->status, event);
    if (to >= 0)
        entry_set_status(c, number, (enum workflow_status)to);
}

/* Requests other than to pause or cancel move no task. */
static void tell_active_tasks(struct conductor *c, struct workflow_event event)
{
    if (!status_in(event.status, STATUS_PAUSE | STATUS_CANCEL) || !entries_any(c, STATUS_ACTIVE))
        return;
    for (uint32_t i = 0; i < c->n_entries; i++)
        if (status_in(c->entries[i].status, STATUS_ACTIVE) &&
            entry_latest(c, c->entries[i].task, c->entries[i].route) == (int64_t)i)
            tell_task(c, i, event);
}

static struct workflow_event qualify_request(struct conductor *c, struct workflow_event event)
{
    bool active = entries_any(c, STATUS_ACTIVE);

    if (status_in(event.status, STATUS_PAUSE | STATUS_CANCEL))
        event.activity = active ? ACTIVITY_ACTIVE : ACTIVITY_DORMANT;
    if (c->status == STATUS_PAUSED && (event.status == STATUS_RUNNING || event.status == STATUS_RESUMING) &&
        !active && !c->n_ready && !entries_any(c, STATUS_BIT(STATUS_PAUSED) | STATUS_BIT(STATUS_PENDING)))
        event.outcome = OUTCOME_COMPLETED;
    return event;
}

int request_status(struct conductor *c, enum workflow_status status, struct error *err)
{
    struct workflow_event event = { EVENT_WORKFLOW, (uint8_t)status, 0, 0 };
    enum workflow_status before = c->status;
    int to;

    tell_active_tasks(c, event);
    to = workflow_machine_move(before, qualify_request(c, event));
    if (to >= 0)
        workflow_set_status(c, (enum workflow_status)to);
    if (c->status != before || status == before)
        return 0;
    if ((status == STATUS_PAUSED && before == STATUS_PAUSING) ||
        (status == STATUS_CANCELED && before == STATUS_CANCELING))
        return 0;
    return error_set_kind(err, -EINVAL, "InvalidWorkflowStatusTransition",
                          "Unable to process event \"workflow_%s\" for workflow in \"%s\" status.",
                          status_name(status), status_name(before));
}

int conductor_request(struct conductor *c, const char *name, struct error *err)
{
    int status = status_from_name(name);

    if (status <= STATUS_NULL)
        return error_set_kind(err, -EINVAL, "InvalidStatus", "Status \"%s\" is not valid.", name);
    step_begin(c);
    return step_end(c, request_status(c, (enum workflow_status)status, err));
}

int conductor_fail(struct conductor *c, const char *class, const char *message, const char *task,
                   int64_t route, struct error *err)
{
    int64_t number = task ? workflow_spec_find(c->spec, task) : -1;
    struct log_place place = { number < 0 ? NULL : &c->spec->tasks[number], task ? route : -1, NULL };
    BUFFER_AUTO(text);
    int r;

    step_begin(c);
    r = request_status(c, STATUS_FAILED, err);
    if (r == 0) {
        buffer_addf(&text, "%s: %s", class, message);
        log_error_entry(c, buffer_text(&text), place, VALUE_NOTHING);
    }
    return step_end(c, r);
}

/* The tables of the states know no way to a timeout: it is another name for an end that was brought about. */
void conductor_time_out(struct conductor *c, const char *message)
{
    assert(status_in(c->status, STATUS_COMPLETED));
    step_begin(c);
    log_error_entry(c, message, (struct log_place){ NULL, -1, NULL }, VALUE_NOTHING);
    workflow_set_status(c, STATUS_TIMEOUT);
    step_end(c, 0);
}

/* ---- events of tasks ---- */

struct task_event {
    uint32_t task, route;
    struct workflow_event event;          /* kind, status */
    const struct conductor_event *action; /* NULL for commands */
};

static int task_event(struct conductor *c, const struct task_event *event, struct error *err);

/* What an item means for its task depends on the other items. */
static int qualify_item(struct conductor *c, const struct task_event *event, struct workflow_event *ret,
                        struct error *err)
{
    static const uint32_t looks_around = STATUS_BIT(STATUS_RESUMING) | STATUS_BIT(STATUS_PENDING) |
                                         STATUS_BIT(STATUS_PAUSED) | STATUS_COMPLETED;
    const struct staged *staged = staged_find(c, event->task, event->route);
    const struct items *items;
    uint32_t others[STATUS_COUNT], n[5] = { 0 };
    const uint32_t groups[5] = { STATUS_ACTIVE, STATUS_BIT(STATUS_PENDING) | STATUS_BIT(STATUS_PAUSED),
                                 STATUS_BIT(STATUS_CANCELED), STATUS_ABENDED, ~(uint32_t)STATUS_COMPLETED };

    if (!status_in(event->event.status, looks_around))
        return 0;
    if (!staged || !staged->items)
        return refuse(err, "TypeError", "The task is told of an item, but no items of it are running.");
    items = staged->items;
    memcpy(others, items->counts, sizeof(others));
    others[items->statuses[event->action->item]]--;
    for (int i = 0; i < STATUS_COUNT; i++)
        for (int k = 0; k < 5; k++)
            if (groups[k] >> i & 1)
                n[k] += others[i];
    ret->activity = n[0] ? ACTIVITY_ACTIVE : ACTIVITY_DORMANT;
    if (n[0] || !(n[1] | n[2] | n[3]))
        ret->outcome = n[4] ? OUTCOME_INCOMPLETE : OUTCOME_COMPLETED;
    else
        ret->outcome = n[1] ? OUTCOME_PAUSED : n[2] ? OUTCOME_CANCELED : OUTCOME_FAILED;
    return 0;
}

static int task_move(struct conductor *c, uint32_t number, const struct task_event *event, struct error *err)
{
    struct workflow_event qualified = event->event;
    enum workflow_status status = c->entries[number].status;
    int r, to;

    if (event->action && event->action->is_item) {
        r = qualify_item(c, event, &qualified, err);
        if (r < 0)
            return r;
    }
    if (!task_machine_has(status)) {
        BUFFER_AUTO(name);

        workflow_event_name(&name, qualified);
        return error_set_kind(err, -EINVAL, "InvalidTaskStatusTransition",
                              "Unable to process event \"%s\" for task in \"%s\" status.", buffer_text(&name),
                              status_name(status));
    }
    to = task_machine_move(status, qualified);
    if (to >= 0)
        entry_set_status(c, number, (enum workflow_status)to);
    return 0;
}

/* Does something go on after the latest run of this task? */
bool workflow_has_next(struct conductor *c, uint32_t task, uint32_t route)
{
    const struct graph_node *node = &c->graph->nodes[task];
    int64_t number = entry_latest(c, task, route);

    if (number < 0 || !status_in(c->entries[number].status, STATUS_COMPLETED))
        return false;
    for (uint32_t i = 0; i < node->n_out; i++) {
        uint32_t to = c->graph->edges[node->first_out + i].to;

        if (c->spec->tasks[to].command == COMMAND_CONTINUE || c->entries[number].next[i] != NEXT_TRUE)
            continue;
        if (c->graph->nodes[to].has_barrier && join_inbound(c, to, route) == INBOUND_UNREACHABLE)
            continue;
        return true;
    }
    return false;
}

static struct workflow_event qualify_task(struct conductor *c, uint32_t task, uint32_t route,
                                          enum workflow_status status)
{
    static const uint32_t asks_activity = STATUS_BIT(STATUS_PENDING) | STATUS_BIT(STATUS_PAUSED) |
                                          STATUS_BIT(STATUS_SUCCEEDED) | STATUS_BIT(STATUS_FAILED) |
                                          STATUS_BIT(STATUS_CANCELED) | STATUS_BIT(STATUS_RETRYING) |
                                          STATUS_BIT(STATUS_REMEDIATED);
    struct workflow_event event = { EVENT_TASK, (uint8_t)status, 0, 0 };
    bool has_next = workflow_has_next(c, task, route);

    if (status_in(status, STATUS_ABENDED) && has_next)
        event.status = STATUS_REMEDIATED;
    if (status_in(event.status, asks_activity))
        event.activity = entries_any(c, STATUS_ACTIVE) ? ACTIVITY_ACTIVE : ACTIVITY_DORMANT;
    if (event.status != STATUS_SUCCEEDED && event.status != STATUS_REMEDIATED)
        return event;
    if (entries_any(c, STATUS_CANCEL))
        event.outcome = OUTCOME_CANCELED;
    else if (entries_any(c, STATUS_PAUSE | STATUS_BIT(STATUS_PENDING)))
        event.outcome = OUTCOME_PAUSED;
    else
        event.outcome = c->n_ready || has_next ? OUTCOME_INCOMPLETE : OUTCOME_COMPLETED;
    return event;
}

/* The workflow is over, but a join got some of its sources and will never get the rest. */
static void fail_unreachable_joins(struct conductor *c)
{
    struct staged *found = NULL;

    for (struct staged *staged = c->first_staged; staged; staged = staged->after) {
        const struct graph_node *node = &c->graph->nodes[staged->task];
        ERROR_AUTO(err);

        if (staged->ready || !node->has_barrier || (!node->barrier_all && node->barrier == 0) ||
            join_inbound(c, staged->task, staged->route) != INBOUND_UNREACHABLE)
            continue;
        found = staged;
        error_set_kind(&err, -EINVAL, "UnreachableJoinError",
                       "The join task|route \"%s|%u\" is partially satisfied but unreachable.",
                       c->spec->tasks[staged->task].name, staged->route);
        log_error(c, &err, (struct log_place){ &c->spec->tasks[staged->task], staged->route, NULL });
    }
    if (found)
        workflow_set_status(c, STATUS_FAILED);
}

static int tell_workflow(struct conductor *c, uint32_t number, const struct task_event *event,
                         struct error *err)
{
    enum workflow_status status = c->entries[number].status;
    int to;

    if (status == STATUS_NULL)
        return refuse(err, "KeyError", "'status'");
    to = workflow_machine_move(c->status, qualify_task(c, event->task, event->route, status));
    if (to < 0)
        return 0;
    workflow_set_status(c, (enum workflow_status)to);
    if (status_in(c->status, STATUS_COMPLETED))
        fail_unreachable_joins(c);
    return 0;
}

/* ---- transitions ---- */

static bool route_has(value route, value id)
{
    VALUE_LIST_EACH (i, item, route)
        if (value_equal(item, id))
            return true;
    return false;
}

/* Whoever enters a split task goes on a route of his own. */
static int route_of(struct conductor *c, const struct graph_edge *edge, uint32_t route, uint32_t *ret,
                    struct error *err)
{
    const struct spec_task *to = &c->spec->tasks[edge->to];
    value own;

    *ret = route;
    if (!to->is_split || to->in_cycle || route_has(c->routes[route], edge->prev_id))
        return 0;
    if (c->n_routes >= CONDUCTOR_ROUTES_MAX)
        return limit_exceeded(err, LIMIT_ROUTES, CONDUCTOR_ROUTES_MAX);
    own = value_ref(c->routes[route]);
    value_list_append(&own, value_ref(edge->prev_id));
    *ret = route_add(c, own);
    return 0;
}

struct completion {
    struct conductor *c;
    uint32_t number; /* the entry */
    struct expr_context context;
    struct staged **staged; /* tasks staged and ready, commands left out */
    size_t n_staged, staged_room;
    uint32_t *commands; /* task and route of commands to carry out, in turn */
    size_t n_commands, commands_room;
    bool has_fail;
};

/* What the transition publishes; UNSET after errors, which are logged. Owned. */
static value publish(struct completion *completion, const struct graph_edge *edge, struct log_place place)
{
    struct conductor *c = completion->c;
    const struct spec_bindings *bindings = &graph_transition(c->graph, edge)->publish;
    struct expr_context context = completion->context;
    value own = value_map_new(bindings->n_items);
    bool failed = false;

    context.variables = value_ref(context.variables);
    for (size_t i = 0; i < bindings->n_items; i++) {
        value rendered = VALUE_NOTHING;
        ERROR_AUTO(err);

        if (template_evaluate(bindings->items[i].template, &context, &rendered, &err) < 0) {
            log_error(c, &err, place);
            failed = true;
            continue;
        }
        value_map_set(&own, value_ref(bindings->items[i].name), value_ref(rendered));
        value_map_set(&context.variables, value_ref(bindings->items[i].name), rendered);
    }
    value_unref(context.variables);
    if (failed)
        value_replace(&own, VALUE_NOTHING);
    return own;
}

/* Stages the target, or adds to it when it is staged already. */
static int stage_target(struct completion *completion, uint32_t number, uint32_t frame, struct error *err)
{
    struct conductor *c = completion->c;
    const struct graph_edge *edge = &c->graph->edges[number];
    uint32_t from_route = c->entries[completion->number].route, route;
    struct staged *staged;
    struct staged_flags flags = { 0 };
    int r = route_of(c, edge, from_route, &route, err);

    if (r < 0)
        return r;
    staged = staged_find(c, edge->to, route);
    if (staged) {
        frame = frame_join(c, staged->frame, frame);
        flags.run_on_fail = staged->run_on_fail;
        if (staged->items)
            staged_set_items(c, staged, NULL);
    } else {
        staged = staged_add(c, edge->to, route, frame, NULL, false);
    }
    staged_add_link(c, staged, number, completion->number);
    /* The sources of a join are those on the route that led here. */
    flags.ready =
        !c->graph->nodes[edge->to].has_barrier || join_inbound(c, edge->to, from_route) == INBOUND_SATISFIED;
    staged_set(c, staged, frame, flags);
    if (c->spec->tasks[edge->to].command != COMMAND_NONE) {
        completion->has_fail = completion->has_fail || c->spec->tasks[edge->to].command == COMMAND_FAIL;
        for (int i = 0; i < 2; i++) {
            GROW(completion->commands, completion->n_commands, completion->commands_room);
            completion->commands[completion->n_commands++] = i ? route : edge->to;
        }
    } else if (flags.ready) {
        GROW(completion->staged, completion->n_staged, completion->staged_room);
        completion->staged[completion->n_staged++] = staged;
    }
    return 0;
}

static int transition_make(struct completion *completion, uint32_t number, struct error *err)
{
    struct conductor *c = completion->c;
    const struct graph_edge *edge = &c->graph->edges[number];
    const struct spec_transition *transition = graph_transition(c->graph, edge);
    struct log_place place = { &c->spec->tasks[edge->from], c->entries[completion->number].route, edge };
    uint32_t frame = c->entries[completion->number].frame;
    value published;

    if (transition->when) {
        VALUE_AUTO(criterion);
        ERROR_AUTO(reason);

        if (template_evaluate(transition->when, &completion->context, &criterion, &reason) < 0) {
            log_error(c, &reason, place);
            return request_status(c, STATUS_FAILED, err);
        }
        entry_set_next(c, completion->number, number, value_truth(criterion));
        if (!value_truth(criterion))
            return 0;
    } else {
        entry_set_next(c, completion->number, number, true);
    }
    published = publish(completion, edge, place);
    if (!value_is_set(published))
        return request_status(c, STATUS_FAILED, err);
    if (value_map_count(published) > 0) {
        uint32_t context = context_add(c, published);

        frame = frame_add(c, frame, context, false);
        entry_set_out(c, completion->number, number, context);
    } else {
        value_unref(published);
    }
    return stage_target(completion, number, frame, err);
}

static int transitions_make(struct completion *completion, struct error *err)
{
    struct conductor *c = completion->c;
    const struct graph_node *node = &c->graph->nodes[c->entries[completion->number].task];

    if (node->n_out == 0)
        entry_set_term(c, completion->number, true);
    for (uint32_t i = node->first_out; i < node->first_out + node->n_out; i++) {
        int r = transition_make(completion, i, err);

        if (r < 0)
            return r;
    }
    /* Tasks beside a `fail` are run although the workflow is failed by then: they clean up. */
    for (size_t i = 0; completion->has_fail && i < completion->n_staged; i++) {
        struct staged *staged = completion->staged[i];

        staged_set(c, staged, staged->frame, (struct staged_flags){ staged->ready, staged->completed, true });
    }
    return 0;
}

/* ---- completion ---- */

static value event_result(const struct spec_task *task, const struct conductor_event *action)
{
    value result = !action                              ? VALUE_NOTHING
                   : action->is_item && task->has_items ? action->accumulated
                                                        : action->result;

    if (task->has_items)
        return value_truth(result) ? value_ref(result) : value_list_new(0);
    return value_is_set(result) ? value_ref(result) : value_null();
}

/* 1 when the task is to be tried again. */
static int wants_retry(struct completion *completion, struct error *err)
{
    struct conductor *c = completion->c;
    const struct entry *entry = &c->entries[completion->number];
    const struct spec_task *task = &c->spec->tasks[entry->task];
    VALUE_AUTO(when);
    int order, r;

    if (!entry->has_retry || !status_in(c->status, STATUS_ACTIVE))
        return 0;
    if (value_compare(value_int(entry->tally), entry->retry_count, &order) != 0)
        return refuse(err, "TypeError", "The retry count is not a number.");
    if (order >= 0)
        return 0;
    if (!task->retry_when)
        return status_in(entry->status, STATUS_ABENDED);
    r = template_evaluate(task->retry_when, &completion->context, &when, err);
    /* A canceled task is over, whatever its condition says. */
    return r < 0 ? r : value_truth(when) && entry->status != STATUS_CANCELED;
}

/* A task that failed keeps its items staged, for a rerun. */
static int unstage_completed(struct conductor *c, uint32_t number, struct error *err)
{
    const struct entry *entry = &c->entries[number];
    struct staged *staged;

    if (!c->spec->tasks[entry->task].has_items || !status_in(entry->status, STATUS_ABENDED)) {
        staged_remove(c, entry->task, entry->route);
        return 0;
    }
    staged = staged_find(c, entry->task, entry->route);
    if (!staged)
        return refuse(err, "TypeError", "'NoneType' object does not support item assignment");
    staged_set(c, staged, staged->frame, (struct staged_flags){ staged->ready, true, staged->run_on_fail });
    return 0;
}

/* 1: the task is retried and nothing else is to be done. */
static int task_completed(struct conductor *c, uint32_t number, const struct task_event *event, bool changed,
                          struct completion *completion, struct error *err)
{
    struct task_event retry = { event->task, event->route, { EVENT_COMMAND, STATUS_RETRYING, 0, 0 }, NULL };
    const struct spec_task *task = &c->spec->tasks[event->task];
    VALUE_AUTO(result);
    int r = unstage_completed(c, number, err);

    if (r < 0)
        return r;
    result = event_result(task, event->action);
    evaluation_begin(c, c->entries[number].frame, task, event->route, result, &completion->context);
    r = wants_retry(completion, err);
    if (r == 0 && changed)
        r = transitions_make(completion, err);
    value_unref(completion->context.variables);
    if (r <= 0)
        return r;
    r = task_event(c, &retry, err);
    return r < 0 ? r : 1;
}

static void stage_retry(struct conductor *c, uint32_t number)
{
    const struct entry *entry = &c->entries[number];
    struct staged *staged;

    entry_set_tally(c, number, entry->tally + 1);
    staged_remove(c, entry->task, entry->route);
    staged = staged_add(c, entry->task, entry->route, entry->frame, &entry->prev, true);
    staged->has_retry = true;
    staged->retry_delay = value_truth(entry->retry_delay) ? value_ref(entry->retry_delay) : value_int(0);
}

static int commands_run(struct conductor *c, const struct completion *completion, struct error *err)
{
    static const uint8_t statuses[COMMANDS] = {
        [COMMAND_CONTINUE] = STATUS_SUCCEEDED,
        [COMMAND_FAIL] = STATUS_FAILED,
        [COMMAND_NOOP] = STATUS_SUCCEEDED,
        [COMMAND_RETRY] = STATUS_RETRYING,
    };

    for (size_t i = 0; i < completion->n_commands; i += 2) {
        uint32_t task = completion->commands[i];
        struct task_event event = { task,
                                    completion->commands[i + 1],
                                    { EVENT_COMMAND, statuses[c->spec->tasks[task].command], 0, 0 },
                                    NULL };
        int r = task_event(c, &event, err);

        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- one event ---- */

static int entry_from_staged(struct conductor *c, const struct staged *staged, uint32_t *ret,
                             struct error *err)
{
    if (!staged)
        return refuse(err, "TypeError", "'NoneType' object is not subscriptable");
    return entry_add(c, staged->task, staged->route, staged->frame, &staged->prev, ret, err);
}

/* The entry the event is about: a new one when the task has none, is a command, or starts again. */
static int entry_for(struct conductor *c, const struct task_event *event, uint32_t *ret, struct error *err)
{
    const struct staged *staged = staged_find(c, event->task, event->route);
    int64_t number = entry_latest(c, event->task, event->route);
    int r;

    if (!staged && number < 0)
        return error_set_kind(err, -EINVAL, "InvalidTaskStateEntry",
                              "Task \"%s\" is not staged or has not started yet.",
                              c->spec->tasks[event->task].name);
    *ret = (uint32_t)number;
    if (number < 0 || c->spec->tasks[event->task].command != COMMAND_NONE) {
        r = entry_from_staged(c, staged, ret, err);
        if (r < 0)
            return r;
    }
    if (status_in(c->entries[*ret].status, STATUS_COMPLETED) &&
        status_in(event->event.status, STATUS_STARTING))
        return entry_from_staged(c, staged, ret, err);
    return 0;
}

static int item_note(struct conductor *c, const struct task_event *event, struct error *err)
{
    struct staged *staged = staged_find(c, event->task, event->route);

    if (!staged)
        return 0;
    if (!staged->items)
        return refuse(err, "KeyError", "'items'");
    if (event->action->item < 0 || event->action->item >= staged->items->n)
        return refuse(err, "IndexError", "list assignment index out of range");
    item_set(c, staged, (uint32_t)event->action->item, event->event.status);
    return 0;
}

static int event_note(struct conductor *c, const struct task_event *event, struct error *err)
{
    const struct staged *staged = staged_find(c, event->task, event->route);
    struct log_place place = { &c->spec->tasks[event->task], -1, NULL };
    int r = 0;

    if (event->action && event->action->is_item)
        r = item_note(c, event, err);
    else if (staged && !staged->items)
        staged_remove(c, event->task, event->route);
    if (r < 0)
        return r;
    if (event->event.status == STATUS_FAILED)
        log_error_entry(c, "Execution failed. See result for details.", place,
                        event->action ? value_ref(event->action->result) : VALUE_NOTHING);
    return 0;
}

static int event_carry_out(struct conductor *c, uint32_t number, const struct task_event *event,
                           struct completion *completion, struct error *err)
{
    enum workflow_status before = c->entries[number].status, now;
    int r;

    r = event_note(c, event, err);
    if (r < 0)
        return r;
    r = task_move(c, number, event, err);
    if (r < 0)
        return r;
    now = c->entries[number].status;
    if (now == STATUS_RETRYING)
        stage_retry(c, number);
    if (status_in(now, STATUS_COMPLETED)) {
        r = task_completed(c, number, event, now != before, completion, err);
        if (r)
            return r < 0 ? r : 0;
    }
    r = tell_workflow(c, number, event, err);
    if (r < 0)
        return r;
    r = commands_run(c, completion, err);
    if (r < 0)
        return r;
    if (status_in(c->status, STATUS_COMPLETED))
        entry_set_term(c, number, true);
    return 0;
}

static int task_event(struct conductor *c, const struct task_event *event, struct error *err)
{
    struct completion completion = { .c = c };
    uint32_t number;
    int r;

    r = entry_for(c, event, &number, err);
    if (r < 0)
        return r;
    completion.number = number;
    r = event_carry_out(c, number, event, &completion, err);
    free(completion.staged);
    free(completion.commands);
    return r;
}

int conductor_task_event(struct conductor *c, const char *name, int64_t route,
                         const struct conductor_event *action, struct error *err)
{
    struct task_event event = { .action = action };
    int status = status_from_name(action->status);
    int64_t task = workflow_spec_find(c->spec, name);

    if (status <= STATUS_NULL)
        return error_set_kind(err, -EINVAL, "InvalidStatus", "Status \"%s\" is not valid.", action->status);
    if (task < 0 || !c->graph->nodes[task].present)
        return error_set_kind(err, -EINVAL, "InvalidTask", "Task \"%s\" does not exist.", name);
    if (route < 0 || route >= c->n_routes)
        return error_set_kind(err, -EINVAL, "InvalidTaskStateEntry",
                              "Task \"%s\" is not staged or has not started yet.", name);
    event.task = (uint32_t)task;
    event.route = (uint32_t)route;
    event.event = (struct workflow_event){ EVENT_ACTION, (uint8_t)status, 0, 0 };
    step_begin(c);
    return step_end(c, task_event(c, &event, err));
}

/* ---- making and asking ---- */

struct conductor *conductor_new(const struct workflow_spec *spec, const struct workflow_graph *graph,
                                value inputs, value context)
{
    struct conductor *c = xcalloc(1, sizeof(*c));

    c->spec = spec;
    c->graph = graph;
    c->inputs = value_ref(inputs);
    c->parent = value_ref(context);
    c->view_entries = value_list_new(0);
    c->view_tasks = value_map_new(0);
    c->view_routes = value_list_new(0);
    return c;
}

void conductor_free(struct conductor *c)
{
    value held[10];

    if (!c)
        return;
    memcpy(held,
           (value[]){ c->inputs, c->parent, c->output, c->reruns, c->view_entries, c->view_tasks,
                      c->view_routes },
           7 * sizeof(value));
    for (size_t i = 0; i < 7; i++)
        value_unref(held[i]);
    for (uint32_t i = 0; i < c->n_contexts; i++)
        value_unref(c->contexts[i]);
    for (uint32_t i = 0; i < c->n_frames; i++) {
        value_unref(c->frames[i].merged);
        value_unref(c->frames[i].owners);
    }
    for (uint32_t i = 0; i < c->n_routes; i++)
        value_unref(c->routes[i]);
    for (uint32_t i = 0; i < c->n_entries; i++)
        entry_release(&c->entries[i]);
    for (struct staged *staged = c->first_staged, *after; staged; staged = after) {
        after = staged->after;
        staged_free(staged);
    }
    for (uint32_t i = 0; i < c->n_joins; i++)
        free(c->joins[i].sources);
    for (uint32_t i = 0; i < c->n_errors; i++)
        value_unref(c->errors[i].v);
    journal_release(c);
    idmap_release(&c->latest);
    idmap_release(&c->staged_by_task);
    idmap_release(&c->staged_by_serial);
    idmap_release(&c->join_by_task);
    idmap_release(&c->error_by_hash);
    free(c->contexts);
    free(c->frames);
    free(c->routes);
    free(c->entries);
    free(c->joins);
    free(c->errors);
    free(c->view_stale);
    free(c->dirty);
    free(c);
}

void conductor_freep(struct conductor **conductor)
{
    conductor_free(*conductor);
}

void conductor_set_environment(struct conductor *c, const struct conductor_environment *environment)
{
    c->environment = *environment;
}

enum workflow_status conductor_status(const struct conductor *c)
{
    return (enum workflow_status)c->status;
}

value conductor_output(const struct conductor *c)
{
    return value_is_set(c->output) ? c->output : value_null();
}

value conductor_errors(const struct conductor *c)
{
    value errors = value_list_new(c->n_errors);

    for (uint32_t i = 0; i < c->n_errors; i++)
        value_list_append(&errors, value_ref(c->errors[i].v));
    return errors;
}

size_t conductor_errors_count(const struct conductor *c)
{
    return c->n_errors;
}

int conductor_task_status(const struct conductor *c, const char *name, int64_t route)
{
    int64_t task = workflow_spec_find(c->spec, name), number;

    if (task < 0 || route < 0 || route > UINT32_MAX)
        return -1;
    number = entry_latest(c, (uint32_t)task, (uint32_t)route);
    return number < 0 || c->entries[number].status == STATUS_NULL ? -1 : c->entries[number].status;
}
