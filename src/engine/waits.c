/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/waits.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/chains.h"
#include "engine/inquiries.h"
#include "workflows-internal.h"

static value time_value(int64_t us)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(us, text);
    return value_text(text);
}

/* ---- one execution by itself ---- */

/* When it got the status it has. */
static int64_t since(const struct execution *x)
{
    return x->row.n_log ? x->row.log[x->row.n_log - 1].at_us : x->row.start_us;
}

/* "ann, bob" or "anybody" */
static void add_names(struct buffer *out, value names)
{
    if (!value_list_count(names))
        buffer_add_text(out, "anybody");
    VALUE_LIST_EACH (i, name, names)
        buffer_addf(out, "%s%s", i ? ", " : "", value_is_string(name) ? value_chars(name) : "?");
}

static void question_reason(const struct execution *x, struct buffer *out)
{
    buffer_add_text(out, "waits for an answer of ");
    add_names(out, value_map_get(x->row.result, "users"));
}

static void delay_reason(const struct execution *x, struct buffer *out)
{
    const char *ref = value_map_chars(x->row.action, "ref");

    if (x->row.due_us)
        buffer_add_text(out, "is delayed");
    else
        buffer_addf(out, "waits in line: a policy of %s admits no more of its executions now",
                    ref ? ref : "it");
}

/* Its place among those who wait for a process. */
static void queue_reason(const struct engine *engine, const struct execution *x, struct buffer *out)
{
    size_t place = 0;

    for (size_t i = engine->queue_at; i < engine->n_queue && engine->queue[i] != x->row.seq; i++)
        place++;
    buffer_addf(out, "waits for one of %" PRId64 " processes, %zu %s before it", engine->config.processes_max,
                place, place == 1 ? "is" : "are");
}

static void person_reason(const struct execution *x, const char *what, const char *member, struct buffer *out)
{
    const char *who = value_map_chars(x->row.context, member);

    buffer_add_text(out, what);
    if (who && *who)
        buffer_addf(out, " by %s", who);
}

static void reason_of(const struct engine *engine, const struct execution *x, struct buffer *out)
{
    switch (x->row.status) {
    case EXECUTION_DELAYED:
        delay_reason(x, out);
        break;
    case EXECUTION_REQUESTED:
    case EXECUTION_SCHEDULED:
        queue_reason(engine, x, out);
        break;
    case EXECUTION_PENDING:
        if (inquiry_is(&x->row))
            question_reason(x, out);
        else
            buffer_add_text(out, "waits to be told how it ended");
        break;
    case EXECUTION_PAUSING:
        buffer_add_text(out, "waits for what it runs before it is paused");
        break;
    case EXECUTION_PAUSED:
        person_reason(x, "is paused", "paused_by", out);
        break;
    case EXECUTION_CANCELING:
        buffer_add_text(out, "waits for what it runs before it is canceled");
        break;
    default:
        buffer_add_text(out, value_map_has(x->row.more, "stopped") ? "is being stopped" : "runs");
        break;
    }
}

static value execution_wait(const struct engine *engine, const struct execution *x)
{
    value wait = value_map_new(5);
    BUFFER_AUTO(reason);

    reason_of(engine, x, &reason);
    value_map_put(&wait, "status", value_text(execution_status_text(x->row.status)));
    value_map_put(&wait, "reason", value_text(buffer_text(&reason)));
    value_map_put(&wait, "since", time_value(since(x)));
    if (x->row.due_us && (x->row.status == EXECUTION_DELAYED || x->row.status == EXECUTION_PENDING))
        value_map_put(&wait, "until", time_value(x->row.due_us));
    return wait;
}

/* ---- tasks ---- */

/* `run` NULL: of a chain. */
static value child_wait(struct engine *engine, const struct execution *child, const struct task_run *run,
                        size_t item)
{
    value wait = execution_wait(engine, child);
    char id[OBJECT_ID_SIZE];

    engine_format_id(engine, child->row.seq, id);
    value_map_put(&wait, "id", value_text(id));
    if (run && run->has_items)
        value_map_put(&wait, "item", value_int((int64_t)item));
    return wait;
}

/* The executions of the run that are not over, the first few of them. Owned. */
static value children_waits(struct engine *engine, const struct task_run *run)
{
    value waits = value_list_new(1);

    for (size_t i = 0; i < run->n && value_list_count(waits) < WAITS_EXECUTIONS_MAX; i++) {
        int64_t seq = run->children[i].execution;
        const struct execution *child =
            seq ? strmap_get_n(&engine->active, (const char *)&seq, sizeof(seq)) : NULL;

        if (child && !execution_status_completed(child->row.status))
            value_list_append(&waits, child_wait(engine, child, run, i));
    }
    return waits;
}

static value items_counts(const struct task_run *run)
{
    value counts = value_map_new(4);
    size_t ended = 0, begun = 0;

    for (size_t i = 0; i < run->n; i++) {
        const char *told = run->children[i].told;

        begun += run->children[i].execution != 0;
        ended += told && execution_status_completed((enum execution_status)execution_status_from_text(told));
    }
    value_map_put(&counts, "total", value_int((int64_t)run->n));
    value_map_put(&counts, "begun", value_int((int64_t)begun));
    value_map_put(&counts, "ended", value_int((int64_t)ended));
    return counts;
}

/* A single execution says better than its task why it waits. */
static void take_reason(value *wait, value executions, bool tried_again)
{
    value only = value_list_at(executions, 0), retry = value_map_get(*wait, "retry");
    static const char *const members[] = { "since", "until" };

    if (value_list_count(executions) != 1 || value_map_has(*wait, "items"))
        return;
    for (size_t i = 0; i < ELEMENTS(members); i++)
        if (value_map_has(only, members[i]))
            value_map_set_text(wait, members[i], value_ref(value_map_get(only, members[i])));
    if (tried_again && value_text_is(value_map_get(only, "status"), "delayed"))
        value_map_put(wait, "reason",
                      value_textf("waits to be tried again (%" PRId64 " of %" PRId64 ")",
                                  value_map_int(retry, "tally", 0), value_map_int(retry, "count", 0)));
    else
        value_map_put(wait, "reason", value_ref(value_map_get(only, "reason")));
}

static value task_wait(struct engine *engine, struct workflow *workflow, value told)
{
    const char *name = value_map_chars(told, "task");
    int64_t number = workflow_spec_find(workflow->definition->spec, name ? name : "");
    const struct task_run *run =
        number < 0 ? NULL
                   : task_run_find(workflow, (uint32_t)number, (uint32_t)value_map_int(told, "route", 0));
    value wait = value_ref(told), executions;

    if (!run || run->over)
        return wait;
    if (run->has_items)
        value_map_put(&wait, "items", items_counts(run));
    if (run->deadline_us)
        value_map_put(&wait, "timeout_at", time_value(run->deadline_us));
    executions = children_waits(engine, run);
    take_reason(&wait, executions, value_map_int(value_map_get(told, "retry"), "tally", 0) > 0);
    value_map_put(&wait, "executions", executions);
    return wait;
}

/* ---- a workflow ---- */

static void workflow_waits(struct engine *engine, struct workflow *workflow, const struct execution *x,
                           value *list)
{
    int64_t deadline_us = value_map_int(workflow->row.more, "deadline_us", 0);
    VALUE_AUTO(told);

    if (x->row.status != EXECUTION_RUNNING || deadline_us) {
        value own = execution_wait(engine, x);

        if (deadline_us)
            value_map_put(&own, "timeout_at", time_value(deadline_us));
        value_list_append(list, own);
    }
    told = conductor_waits(workflow->conductor);
    VALUE_LIST_EACH (i, wait, told) {
        if (i == WAITS_TASKS_MAX)
            break;
        value_list_append(list, task_wait(engine, workflow, wait));
    }
}

/* ---- a chain ---- */

/* Its own entry, unless it just runs; then the task under way. */
static int chain_waits(struct engine *engine, const struct execution *x, value *list, struct error *err)
{
    const struct execution *child = NULL;
    int64_t seq;
    const char *name;
    value wait, executions;
    int r = chain_current(engine, x->row.seq, &name, &seq, err);

    if (r == 0)
        child = strmap_get_n(&engine->active, (const char *)&seq, sizeof(seq));
    if (!child || x->row.status != EXECUTION_RUNNING)
        value_list_append(list, execution_wait(engine, x));
    if (!child)
        return r < 0 ? r : 0;
    wait = execution_wait(engine, child);
    executions = value_list_new(1);
    value_list_append(&executions, child_wait(engine, child, NULL, 0));
    value_map_put(&wait, "task", value_text(name));
    value_map_put(&wait, "executions", executions);
    value_list_append(list, wait);
    return 0;
}

int execution_waits(struct engine *engine, int64_t seq, value *ret, struct error *err)
{
    struct workflow *workflow;
    struct execution *x;
    value list;
    int r = execution_find(engine, seq, &x, err);

    if (r != 0)
        return r;
    list = value_list_new(4);
    if (execution_status_completed(x->row.status)) {
        *ret = list;
        return 0;
    }
    if (chain_conducts(x)) {
        r = chain_waits(engine, x, &list, err);
        if (r < 0)
            value_unref(list);
        else
            *ret = list;
        return r;
    }
    r = workflow_conducts(x) ? workflow_find(engine, seq, &workflow, err) : STORE_NOT_FOUND;
    if (r < 0) {
        value_unref(list);
        return r;
    }
    if (r == STORE_NOT_FOUND)
        value_list_append(&list, execution_wait(engine, x));
    else
        workflow_waits(engine, workflow, x, &list);
    *ret = list;
    return 0;
}
