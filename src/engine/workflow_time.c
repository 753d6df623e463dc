/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of time, which definitions may set for the workflow and for each run of a task.

   A limit is a point in time in the row of the workflow or of the task's run; the first of them all is the due time of the
   workflow's execution, where the heap of what is due finds it, also after a restart. A due time may come for nothing (the
   task has ended since): the next one is looked for then.

   While a workflow stands still because somebody paused it, limits pass without effect; they are looked at again when it goes
   on. One that only waits for an answer is not standing still. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/chains.h"
#include "engine/inquiries.h"
#include "engine/stopping.h"
#include "value/python.h"
#include "workflows-internal.h"

#define TIMEOUT_MAX_S (INT64_C(366) * 86400)

/* ---- what a definition asks for ---- */

/* `what` is the workflow or a task; null and 0 are no limit. */
static int limit_seconds(value limit, const char *what, int64_t *ret, struct error *reason)
{
    BUFFER_AUTO(shown);

    *ret = 0;
    if (value_is_null(limit))
        return 0;
    if (limit.kind == VALUE_INT && limit.integer >= 0 && limit.integer <= TIMEOUT_MAX_S) {
        *ret = limit.integer;
        return 0;
    }
    python_repr(&shown, limit);
    return error_set_kind(
        reason, -EINVAL, "ValueError",
        "The timeout of the %s must be a whole number of seconds from 0 (no limit) to %" PRId64 ", not %s.",
        what, TIMEOUT_MAX_S, buffer_text(&shown));
}

static void note_limit(value *more, int64_t seconds, int64_t deadline_us)
{
    value_map_put(more, "timeout", value_int(seconds));
    value_map_put(more, "deadline_us", value_int(deadline_us));
}

/* "... ran longer than its timeout of 5 seconds." Owned. */
__attribute__((format(printf, 2, 3))) static char *took_too_long(value more, const char *format, ...)
{
    int64_t seconds = value_map_int(more, "timeout", 0);
    BUFFER_AUTO(text);
    va_list args;

    va_start(args, format);
    buffer_add_vf(&text, format, args);
    va_end(args);
    buffer_addf(&text, " ran longer than its timeout of %" PRId64 " second%s.", seconds,
                seconds == 1 ? "" : "s");
    return buffer_take(&text);
}

static void watch(struct engine *engine, struct execution *x, int64_t deadline_us)
{
    if (!x->row.due_us || deadline_us < x->row.due_us)
        execution_set_due(engine, x, deadline_us);
}

int workflow_watch(struct engine *engine, const struct workflow *workflow, int64_t deadline_us,
                   struct error *err)
{
    struct execution *x;
    int r = execution_find(engine, workflow->row.execution, &x, err);

    if (r == 0 && !execution_status_completed(x->row.status))
        watch(engine, x, deadline_us);
    return r < 0 ? r : 0;
}

void workflow_limit(struct engine *engine, struct workflow *workflow, struct execution *x)
{
    VALUE_AUTO(limit);
    ERROR_AUTO(reason);
    int64_t seconds = 0;
    int r = conductor_timeout(workflow->conductor, &limit, &reason);

    if (r == 0)
        r = limit_seconds(limit, "workflow", &seconds, &reason);
    if (r < 0)
        conductor_fail(workflow->conductor, reason.kind ? reason.kind : "ValueError", error_text(&reason),
                       NULL, 0, NULL);
    note_limit(&workflow->row.more, seconds, seconds ? engine->now_us + seconds * 1000000 : 0);
    if (seconds)
        watch(engine, x, engine->now_us + seconds * 1000000);
}

/* The clock of a run starts when its delay is over, and with each retry anew: that is another run. */
int workflow_limit_task(struct engine *engine, const struct conductor_task *task, struct task_run *run,
                        struct error *reason)
{
    int64_t delay = task->delay.kind == VALUE_INT ? task->delay.integer : 0, seconds;
    CLEANUP(freep)
    char *what = xasprintf("task \"%s\"", task->id);
    int r = limit_seconds(task->timeout, what, &seconds, reason);

    if (r < 0 || !seconds)
        return r;
    if (delay < 0 || delay > TIMEOUT_MAX_S)
        delay = 0; /* the request of the action says what is wrong with it */
    run->deadline_us = engine->now_us + (delay + seconds) * 1000000;
    note_limit(&run->row.more, seconds, run->deadline_us);
    return 0;
}

bool task_run_overdue(const struct engine *engine, const struct task_run *run)
{
    return run->deadline_us && run->deadline_us <= engine->now_us && !run->over;
}

/* ---- the due time ---- */

/* The first limit after `after_us` is watched. */
static void watch_first(struct engine *engine, struct workflow *workflow, struct execution *x,
                        int64_t after_us)
{
    int64_t first = value_map_int(workflow->row.more, "deadline_us", 0);
    size_t at = 0;
    void *item;

    if (first <= after_us)
        first = 0;
    while (strmap_next(&workflow->runs, &at, NULL, &item)) {
        const struct task_run *run = item;

        if (!run->over && run->deadline_us > after_us && (!first || run->deadline_us < first))
            first = run->deadline_us;
    }
    if (first)
        watch(engine, x, first);
}

void workflow_watch_again(struct engine *engine, struct workflow *workflow, struct execution *x)
{
    watch_first(engine, workflow, x, 0);
}

static bool stands_still(struct workflow *workflow, const struct execution *x)
{
    size_t at = 0;
    void *item;

    if (x->row.status != EXECUTION_PAUSED)
        return false;
    while (strmap_next(&workflow->runs, &at, NULL, &item)) {
        const struct task_run *run = item;

        for (size_t i = 0; i < run->n; i++)
            if (run->children[i].told && strcmp(run->children[i].told, "pending") == 0)
                return false;
    }
    return true;
}

/* ---- tasks ---- */

static int stop_child(struct engine *engine, int64_t seq, const char *reason, struct error *err)
{
    struct execution *child;
    int r = execution_find(engine, seq, &child, err);

    if (r != 0)
        return r < 0 ? r : 0;
    if (child->row.status == EXECUTION_PENDING)
        return inquiry_timeout(engine, child, err);
    if (child->row.status == EXECUTION_PAUSED)
        return 0;
    return execution_stop(engine, child, EXECUTION_TIMEOUT, reason, err);
}

/* Of runs that are over by the time they are looked at nothing is left to stop. */
static int stop_run(struct engine *engine, struct workflow *workflow, uint32_t task, uint32_t route,
                    struct error *err)
{
    const struct task_run *run = task_run_find(workflow, task, route);
    CLEANUP(freep)
    int64_t *children = NULL;
    CLEANUP(freep)
    char *reason = NULL;
    size_t n = 0;
    int r = 0;

    if (!run || !task_run_overdue(engine, run))
        return 0;
    reason = took_too_long(run->row.more, "Task \"%s\"", run->row.name);
    children = xcalloc(run->n + 1, sizeof(*children));
    for (size_t i = 0; i < run->n; i++) {
        const char *told = run->children[i].told;

        if (run->children[i].execution &&
            (!told || !execution_status_completed((enum execution_status)execution_status_from_text(told))))
            children[n++] = run->children[i].execution;
    }
    for (size_t i = 0; r >= 0 && i < n; i++)
        r = stop_child(engine, children[i], reason, err);
    return r < 0 ? r : 0;
}

/* An answer that times out has the workflow go on, which changes its runs: so they are named first. */
static int stop_overdue(struct engine *engine, struct workflow *workflow, struct error *err)
{
    struct {
        uint32_t task, route;
    } *overdue = xcalloc(workflow->runs.count + 1, sizeof(*overdue));
    size_t at = 0, n = 0;
    void *item;
    int r = 0;

    while (strmap_next(&workflow->runs, &at, NULL, &item)) {
        const struct task_run *run = item;

        if (task_run_overdue(engine, run)) {
            overdue[n].task = run->task;
            overdue[n++].route = run->route;
        }
    }
    for (size_t i = 0; r >= 0 && i < n; i++)
        r = stop_run(engine, workflow, overdue[i].task, overdue[i].route, err);
    free(overdue);
    return r < 0 ? r : 0;
}

int workflow_due(struct engine *engine, struct execution *x, struct error *err)
{
    CLEANUP(freep)
    char *reason = NULL;
    struct workflow *workflow;
    int64_t deadline_us;
    int r = workflow_find(engine, x->row.seq, &workflow, err);

    if (r != 0)
        return r < 0 ? r : 0;
    x->row.due_us = 0;
    execution_changed(engine, x);
    workflow_touch(engine, workflow);
    deadline_us = value_map_int(workflow->row.more, "deadline_us", 0);
    if (deadline_us && deadline_us <= engine->now_us && !stands_still(workflow, x)) {
        reason = took_too_long(workflow->row.more, "The workflow");
        return workflow_stop(engine, x, EXECUTION_TIMEOUT, reason, err);
    }
    r = stop_overdue(engine, workflow, err);
    if (r == 0)
        watch_first(engine, workflow, x, engine->now_us);
    return r;
}

/* ---- stopping a whole workflow ---- */

static int stop_below(struct engine *engine, struct execution *child, const char *reason, struct error *err)
{
    return execution_stop(engine, child, EXECUTION_CANCELED, reason, err);
}

/* It has not begun: its definition is being read, or not even that. */
static int stop_before_it_begins(struct engine *engine, struct execution *x, enum execution_status status,
                                 const char *reason, struct error *err)
{
    struct outcome outcome = { .status = status, .result = value_map_new(2) };
    value errors = value_list_new(1), entry = value_map_new(2);

    value_map_put(&entry, "type", value_text("error"));
    value_map_put(&entry, "message", value_text(reason));
    value_list_append(&errors, entry);
    value_map_put(&outcome.result, "output", value_null());
    value_map_put(&outcome.result, "errors", errors);
    return execution_complete(engine, x, &outcome, err);
}

static void note_stop(struct workflow *workflow, enum execution_status status, const char *reason)
{
    value stopped = value_map_new(2);

    value_map_put(&stopped, "status", value_text(execution_status_text(status)));
    value_map_put(&stopped, "reason", value_text(reason));
    value_map_put(&workflow->row.more, "stopped", stopped);
}

/* What somebody is canceling already ends as canceled; that it waits no longer for what runs is all that changes. */
int workflow_stop(struct engine *engine, struct execution *x, enum execution_status status,
                  const char *reason, struct error *err)
{
    struct workflow *workflow;
    int r;

    if (chain_conducts(x))
        return chain_stop(engine, x, status, reason, err);
    r = workflow_find(engine, x->row.seq, &workflow, err);
    if (r < 0)
        return r;
    if (r == STORE_NOT_FOUND)
        return stop_before_it_begins(engine, x, status, reason, err);
    if (value_map_has(workflow->row.more, "stopped"))
        return 0;
    note_stop(workflow, x->row.status == EXECUTION_CANCELING ? EXECUTION_CANCELED : status, reason);
    workflow_touch(engine, workflow);
    workflow_prepare(engine, workflow);
    /* A task that is paused takes no end. */
    if (x->row.status == EXECUTION_PAUSED || x->row.status == EXECUTION_RESUMING)
        execution_move(engine, x, EXECUTION_RUNNING);
    conductor_request(workflow->conductor, "canceled", NULL);
    if (x->row.status != EXECUTION_CANCELING)
        execution_move(engine, x, EXECUTION_CANCELING);
    r = workflow_each_child(engine, x, stop_below, reason, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}

void workflow_end_stopped(struct workflow *workflow)
{
    value stopped = value_map_get(workflow->row.more, "stopped");
    const char *reason = value_map_chars(stopped, "reason");

    if (value_text_is(value_map_get(stopped, "status"), "timeout") &&
        conductor_status(workflow->conductor) != STATUS_TIMEOUT)
        conductor_time_out(workflow->conductor, reason ? reason : "");
}
