/* SPDX-License-Identifier: Apache-2.0 */
/* Running parts of a completed workflow again: named tasks, or whatever failed last. What came after them goes on from
   there. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/mem.h"

struct candidate {
    uint32_t task, route, entry;
    bool reset_items;
    value items; /* borrowed */
};

struct candidates {
    struct candidate *items;
    size_t n, room;
};

static void candidate_add(struct candidates *candidates, struct candidate candidate)
{
    for (size_t i = 0; i < candidates->n; i++)
        if (candidates->items[i].task == candidate.task && candidates->items[i].route == candidate.route) {
            candidates->items[i] = candidate;
            return;
        }
    GROW(candidates->items, candidates->n, candidates->room);
    candidates->items[candidates->n++] = candidate;
}

/* Did a run of the task on that route lead to the entry? */
static bool entry_follows(const struct conductor *c, uint32_t number, uint32_t task, uint32_t route)
{
    const struct links *prev = &c->entries[number].prev;

    for (uint32_t i = 0; i < prev->n; i++) {
        const struct entry *before = &c->entries[prev->items[i].entry];

        if (before->task == task && before->route == route)
            return true;
    }
    return false;
}

/* The task's latest entry or one that followed it. */
static bool entry_belongs(const struct conductor *c, uint32_t number, const struct candidate *candidate)
{
    return number == candidate->entry || entry_follows(c, number, candidate->task, candidate->route);
}

/* Is everything that belongs to `inner` also part of `outer`? */
static bool candidate_within(const struct conductor *c, const struct candidate *inner,
                             const struct candidate *outer)
{
    for (uint32_t i = 0; i < c->n_entries; i++)
        if (entry_belongs(c, i, inner) && !entry_belongs(c, i, outer))
            return false;
    return true;
}

/* A request that is part of all others is carried out by them. */
static void candidates_collapse(const struct conductor *c, struct candidates *candidates)
{
    bool *keep = xcalloc(candidates->n + 1, sizeof(bool));
    size_t n = 0;

    for (size_t i = 0; i < candidates->n; i++)
        for (size_t k = 0; k < candidates->n && !keep[i]; k++)
            keep[i] = candidates->n == 1 ||
                      (k != i && !candidate_within(c, &candidates->items[i], &candidates->items[k]));
    for (size_t i = 0; i < candidates->n; i++)
        if (keep[i])
            candidates->items[n++] = candidates->items[i];
    candidates->n = n;
    free(keep);
}

static int candidates_named(const struct conductor *c, const struct conductor_rerun *requests,
                            size_t n_requests, struct candidates *ret, struct error *err)
{
    BUFFER_AUTO(unknown);

    for (size_t i = 0; i < n_requests; i++) {
        int64_t task = workflow_spec_find(c->spec, requests[i].task), entry = -1;

        if (task >= 0 && requests[i].route >= 0 && requests[i].route < c->n_routes)
            entry = entry_latest(c, (uint32_t)task, (uint32_t)requests[i].route);
        if (entry < 0) {
            buffer_addf(&unknown, "%s%s|%lld", unknown.len ? ", " : "", requests[i].task,
                        (long long)requests[i].route);
            continue;
        }
        candidate_add(ret, (struct candidate){ (uint32_t)task, (uint32_t)requests[i].route, (uint32_t)entry,
                                               requests[i].reset_items, requests[i].items });
    }
    if (unknown.len)
        return error_set_kind(
            err, -EINVAL, "InvalidTaskRerunRequest",
            "Unable to rerun task|route(s) because it doesn't exist or isn't rerunnable: %s",
            buffer_text(&unknown));
    candidates_collapse(c, ret);
    return 0;
}

static void candidates_failed(const struct conductor *c, struct candidates *ret)
{
    for (uint32_t i = 0; i < c->n_entries; i++)
        if (c->entries[i].term && status_in(c->entries[i].status, STATUS_ABENDED))
            candidate_add(
                ret, (struct candidate){ c->entries[i].task, c->entries[i].route, i, false, VALUE_NOTHING });
}

static int compare_candidates(const void *a, const void *b, void *tasks)
{
    const struct candidate *x = a, *y = b;
    int order = strcmp(((const struct spec_task *)tasks)[x->task].name,
                       ((const struct spec_task *)tasks)[y->task].name);

    return order ? order : x->route < y->route ? -1 : x->route > y->route;
}

static void forget_errors(struct conductor *c, const struct spec_task *task)
{
    for (uint32_t i = 0; i < c->n_errors;)
        if (value_equal(value_map_get(c->errors[i].v, "task_id"), task->name_value))
            log_remove(c, i);
        else
            i++;
}

static int items_choose(struct conductor *c, struct staged *staged, value chosen, struct error *err)
{
    VALUE_LIST_EACH (i, item, chosen) {
        if (item.kind != VALUE_INT || item.integer < 0 || item.integer >= staged->items->n)
            return error_set_kind(err, -EINVAL, "InvalidTaskRerunRequest",
                                  "Unable to rerun items of task \"%s\": it has the items 0 to %u.",
                                  c->spec->tasks[staged->task].name, staged->items->n - 1);
        if (staged->items->statuses[item.integer] != STATUS_NULL)
            item_set(c, staged, (uint32_t)item.integer, STATUS_NULL);
    }
    return 0;
}

static int items_reset(struct conductor *c, struct staged *staged, const struct candidate *candidate,
                       struct error *err)
{
    bool all = candidate->reset_items;
    int r;

    if (!staged)
        return refuse(err, "AttributeError", "'NoneType' object has no attribute 'get'");
    if (!staged->items)
        return 0;
    if (value_is_set(candidate->items)) {
        r = items_choose(c, staged, candidate->items, err);
        value_replace(&staged->items->actions, VALUE_NOTHING);
        return r;
    }
    for (uint32_t i = 0; i < staged->items->n; i++)
        if (staged->items->statuses[i] != STATUS_NULL &&
            (all || status_in(staged->items->statuses[i], STATUS_ABENDED)))
            item_set(c, staged, i, STATUS_NULL);
    value_replace(&staged->items->actions, VALUE_NOTHING);
    return 0;
}

/* Stages the task once more with what its latest run had. */
static int task_restage(struct conductor *c, const struct candidate *candidate, struct error *err)
{
    uint32_t latest = (uint32_t)entry_latest(c, candidate->task, candidate->route),
             frame = c->entries[latest].frame, added;
    struct links prev = links_copy(&c->entries[latest].prev);
    int r = entry_add(c, candidate->task, candidate->route, frame, &prev, &added, err);

    if (r == 0)
        staged_add(c, candidate->task, candidate->route, frame, &prev, true);
    free(prev.items);
    return r;
}

static int candidate_rerun(struct conductor *c, const struct candidate *candidate, struct error *err)
{
    const struct spec_task *task = &c->spec->tasks[candidate->task];
    struct staged *staged = staged_find(c, candidate->task, candidate->route);
    int r;

    entry_set_term(c, (uint32_t)entry_latest(c, candidate->task, candidate->route), false);
    if (staged)
        staged_set(c, staged, staged->frame,
                   (struct staged_flags){ staged->ready, false, staged->run_on_fail });
    forget_errors(c, task);
    r = task->has_items ? items_reset(c, staged, candidate, err) : task_restage(c, candidate, err);
    if (r < 0)
        return r;
    for (uint32_t i = 0; i < c->n_entries; i++)
        if (c->entries[i].term && entry_follows(c, i, candidate->task, candidate->route))
            entry_set_term(c, i, false);
    return 0;
}

/* Ends that led somewhere are no ends any more: of each task and route the last one. */
static void ends_continue(struct conductor *c)
{
    struct idmap seen = { 0 };

    for (uint32_t i = c->n_entries; i-- > 0;) {
        const struct entry *entry = &c->entries[i];
        bool leads = false;

        for (uint32_t k = 0; k < c->graph->nodes[entry->task].n_out; k++)
            leads = leads || entry->next[k] == NEXT_TRUE;
        if (!entry->term || !leads || idmap_get(&seen, pair_key(entry->task, entry->route)))
            continue;
        idmap_set(&seen, pair_key(entry->task, entry->route), 1);
        entry_set_term(c, i, false);
    }
    idmap_release(&seen);
}

static int rerun(struct conductor *c, struct candidates *candidates, struct error *err)
{
    value indexes = value_list_new(candidates->n);
    int r;

    /* Looking at the ends merges maps into the contexts they came from; without an output nobody has looked yet. */
    if (c->spec->output.n_items == 0)
        value_unref(terminal_variables(c));
    for (size_t i = 0; i < candidates->n; i++)
        value_list_append(&indexes, value_int(candidates->items[i].entry));
    workflow_add_rerun(c, indexes);
    if (candidates->n)
        qsort_r(candidates->items, candidates->n, sizeof(candidates->items[0]), compare_candidates,
                c->spec->tasks);
    for (size_t i = 0; i < candidates->n; i++) {
        r = candidate_rerun(c, &candidates->items[i], err);
        if (r < 0)
            return r;
    }
    ends_continue(c);
    workflow_set_output(c, VALUE_NOTHING);
    workflow_set_status(c, STATUS_RESUMING);
    return 0;
}

int conductor_rerun(struct conductor *c, const struct conductor_rerun *requests, size_t n_requests,
                    struct error *err)
{
    struct candidates candidates = { 0 };
    int r = 0;

    if (!status_in(c->status, STATUS_COMPLETED))
        return refuse(err, "WorkflowIsActiveAndNotRerunableError",
                      "Unable to rerun workflow because it is not in a completed state.");
    if (n_requests)
        r = candidates_named(c, requests, n_requests, &candidates, err);
    else
        candidates_failed(c, &candidates);
    if (r == 0) {
        step_begin(c);
        r = step_end(c, rerun(c, &candidates, err));
    }
    free(candidates.items);
    return r;
}

value conductor_unfinished(const struct conductor *c)
{
    value list = value_list_new(1);

    for (uint32_t i = 0; i < c->n_entries; i++) {
        const struct entry *entry = &c->entries[i];
        const struct spec_task *task = &c->spec->tasks[entry->task];
        value end;

        if (!entry->term || task->command != COMMAND_NONE ||
            !status_in(entry->status, STATUS_ABENDED | STATUS_BIT(STATUS_CANCELED)) ||
            entry_latest(c, entry->task, entry->route) != (int64_t)i)
            continue;
        end = value_map_new(2);
        value_map_put(&end, "task", value_ref(task->name_value));
        value_map_put(&end, "route", value_int(entry->route));
        value_list_append(&list, end);
    }
    return list;
}
