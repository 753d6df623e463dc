/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a chain in the engine.

       definition read ─► begin ─► look ─► [task: an execution] ─► its end wakes the chain ─► look ─► ... ─► end

   What is looked at: the status of the chain's execution (what people want of it) and that of the task under way (what became
   of it). Both stand in the store, so a wake-up that is lost is made again from there. */
#include "engine/chains.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chains-internal.h"
#include "engine/datastore.h"
#include "engine/stopping.h"
#include "workflows-internal.h"

#define ROUNDS_PER_LOOK 200 /* of tasks that are refused */

/* Positive: something was done, there may be more. */
enum { MOVED = 1 };

static const struct runner_ops *runner_of(const struct execution *x)
{
    const char *name = value_map_chars(x->row.runner, "name");

    return runner_find(name ? name : "");
}

bool chain_conducts(const struct execution *x)
{
    const struct runner_ops *runner = runner_of(x);

    return runner && runner->chained;
}

bool chain_is_task(const struct execution *x)
{
    return x->row.parent && value_map_has(x->row.context, "chain");
}

void chain_touch(struct engine *engine, struct chain *chain)
{
    if (chain->dirty)
        return;
    chain->dirty = true;
    chain->dirty_next = engine->chains_dirty;
    engine->chains_dirty = chain;
}

void chain_wake(struct engine *engine, int64_t execution)
{
    workflow_note(engine, &(struct notice){ .execution = execution, .chain = true });
}

/* Not completed, so it is in memory. NULL: it is over. */
static struct execution *find_active(struct engine *engine, int64_t seq)
{
    struct execution *x = strmap_get_n(&engine->active, (const char *)&seq, sizeof(seq));

    return x && !execution_status_completed(x->row.status) ? x : NULL;
}

/* ---- the end ---- */

static value error_result(value result, const char *text)
{
    value_map_put(&result, "error", value_text_checked(text, strlen(text)));
    value_map_put(&result, "traceback", value_text(""));
    return result;
}

static enum execution_status stopped_as(const struct chain *chain)
{
    const char *text = value_map_chars(value_map_get(chain->row.more, "stopped"), "status");
    int status = text ? execution_status_from_text(text) : -1;

    return status < 0 ? EXECUTION_CANCELED : (enum execution_status)status;
}

int chain_end(struct engine *engine, struct chain *chain, enum execution_status status, const char *error,
              bool with_tasks, struct error *err)
{
    struct execution *x = find_active(engine, chain->row.execution);
    struct outcome outcome = { .status = status };

    if (status == EXECUTION_CANCELED && value_map_has(chain->row.more, "stopped")) {
        outcome.status = status = stopped_as(chain);
        error = value_map_chars(value_map_get(chain->row.more, "stopped"), "reason");
    }
    chain->over = true;
    chain->row.end_us = engine->now_us;
    chain->row.status = execution_status_text(status);
    chain_touch(engine, chain);
    if (!x)
        return 0;
    outcome.result = with_tasks ? chain_result(engine, chain) : value_map_new(2);
    if (error)
        outcome.result = error_result(outcome.result, error);
    return execution_complete(engine, x, &outcome, err);
}

/* ---- looking ---- */

static void show_paused(struct engine *engine, struct chain *chain, struct execution *x)
{
    if (!execution_status_may_become(x->row.status, EXECUTION_PAUSED))
        return;
    value_replace(&x->row.result, chain_result(engine, chain));
    value_map_put(&x->row.context, "vars", value_ref(chain->run->vars));
    execution_move(engine, x, EXECUTION_PAUSED);
}

/* No task is under way. */
static int go_on(struct engine *engine, struct chain *chain, struct execution *x, struct error *err)
{
    int r;

    switch (x->row.status) {
    case EXECUTION_CANCELING:
        return chain_end(engine, chain, EXECUTION_CANCELED, NULL, true, err);
    case EXECUTION_PAUSING:
        show_paused(engine, chain, x);
        return 0;
    case EXECUTION_RESUMING:
        execution_move(engine, x, EXECUTION_RUNNING);
        return MOVED;
    case EXECUTION_RUNNING:
        r = chain_start_next(engine, chain, x, err);
        /* One that is over at once has woken the chain already. */
        return r < 0 || chain_run_current(chain->run) ? r : MOVED;
    default:
        return 0;
    }
}

/* The task under way waits for somebody. */
static int wait_with(struct engine *engine, struct chain *chain, struct execution *x,
                     const struct execution *child, struct error *err)
{
    if (x->row.status != EXECUTION_CANCELING)
        show_paused(engine, chain, x);
    else if (child->row.status == EXECUTION_PENDING)
        return chain_end(engine, chain, EXECUTION_CANCELED, NULL, true, err);
    return 0;
}

static int watch(struct engine *engine, struct chain *chain, struct execution *x, struct error *err)
{
    struct chain_task *task = chain_run_current(chain->run);
    struct execution *child;
    int r = execution_find(engine, task->execution, &child, err);

    if (r < 0)
        return r;
    if (r == STORE_NOT_FOUND || execution_status_completed(child->row.status)) {
        r = r == 0 ? chain_task_ended(engine, chain, x, child->row.status, child->row.result, err)
                   : chain_task_ended(engine, chain, x, EXECUTION_ABANDONED, VALUE_NOTHING, err);
        return r < 0 ? r : MOVED;
    }
    if (child->row.status == EXECUTION_PENDING || child->row.status == EXECUTION_PAUSED)
        return wait_with(engine, chain, x, child, err);
    /* It goes on, asked by itself or with its chain. */
    if (x->row.status == EXECUTION_RESUMING || x->row.status == EXECUTION_PAUSED)
        execution_move(engine, x, EXECUTION_RUNNING);
    return 0;
}

static int advance(struct engine *engine, struct chain *chain, struct error *err)
{
    int64_t execution = chain->row.execution;
    int r = MOVED;

    for (int round = 0; r == MOVED && !chain->over; round++) {
        struct execution *x = find_active(engine, execution);

        if (!x) {
            chain->over = true; /* somebody else ended it */
            chain->row.end_us = engine->now_us;
            chain_touch(engine, chain);
            break;
        }
        if (round == ROUNDS_PER_LOOK) {
            chain_wake(engine, execution);
            break;
        }
        r = chain_run_current(chain->run) ? watch(engine, chain, x, err) : go_on(engine, chain, x, err);
    }
    return r < 0 ? r : 0;
}

/* One whose rows cannot be understood any more fails, and is not found afterwards. */
static int find(struct engine *engine, struct execution *x, struct chain **ret, struct error *err)
{
    struct outcome outcome;
    ERROR_AUTO(reason);
    int r = chain_find(engine, x->row.seq, ret, &reason);

    if (r != -EBADMSG) {
        if (r < 0)
            error_move(err, &reason);
        return r;
    }
    outcome_failed(&outcome, error_text(&reason));
    r = execution_complete(engine, x, &outcome, err);
    return r < 0 ? r : STORE_NOT_FOUND;
}

int chain_look(struct engine *engine, int64_t execution, struct error *err)
{
    struct execution *x = find_active(engine, execution);
    struct chain *chain;
    int r;

    if (!x || !chain_conducts(x))
        return 0;
    r = find(engine, x, &chain, err);
    if (r != 0)
        return r < 0 ? r : 0; /* its definition is being read */
    return advance(engine, chain, err);
}

/* ---- beginning ---- */

int chain_begun(struct engine *engine, int64_t execution, struct error *err)
{
    struct chain *chain;
    int r = chain_find(engine, execution, &chain, err);

    return r == -EBADMSG ? 0 : r; /* told when it is looked at */
}

/* Which tasks tell nobody of their end: what the request says, else what the action declares. */
static value silent_tasks(const struct run *run)
{
    value names = value_map_get(run->runner_parameters, "skip_notify");

    if (!value_list_count(names))
        names = value_path(run->action, "parameters.skip_notify.default");
    return value_is_list(names) ? value_ref(names) : value_list_new(0);
}

static int begin(struct engine *engine, struct execution *x, const struct run *run, struct chain_spec *spec,
                 struct error *err)
{
    struct chain *chain = chain_new(engine, x->row.seq, chain_run_new(spec, run->action_parameters));
    struct datastore_view view = { .catalog = engine->config.catalog,
                                   .user = value_map_chars(x->row.context, "user"),
                                   .now_us = engine->now_us };
    struct expr_host host = datastore_host(&view);
    struct chain_scope scope = { .host = &host,
                                 .now_us = engine->now_us,
                                 .random_seed = (uint64_t)(engine->now_us ^ x->row.seq) };
    ERROR_AUTO(reason);

    chain->row.inputs = value_ref(run->action_parameters);
    value_map_put(&chain->row.more, "display_published",
                  value_bool(value_map_bool(run->runner_parameters, "display_published", true)));
    value_map_put(&chain->row.more, "skip_notify", silent_tasks(run));
    chain_touch(engine, chain);
    if (chain_run_begin(chain->run, &scope, &reason) < 0)
        return chain_end(engine, chain, EXECUTION_FAILED, error_text(&reason), false, err);
    value_replace(&chain->unsaved, value_ref(chain->run->vars));
    return advance(engine, chain, err);
}

int chain_begin(struct engine *engine, const struct run *run, struct chain_spec *spec, const char *failure,
                struct error *err)
{
    struct execution *x = find_active(engine, run->seq);
    struct outcome outcome;
    int r;

    if (!x || x->row.status != EXECUTION_RUNNING) {
        chain_spec_unref(spec);
        return 0; /* canceled while the file was read */
    }
    r = chain_begun(engine, run->seq, err);
    if (r != STORE_NOT_FOUND) {
        chain_spec_unref(spec);
        return r; /* nothing begins twice */
    }
    if (spec)
        return begin(engine, x, run, spec, err);
    outcome_failed(&outcome, failure);
    return execution_complete(engine, x, &outcome, err);
}

/* ---- requests ---- */

/* What is asked of the chain is asked of the task under way, where it can be. */
static struct execution *task_of(struct engine *engine, const struct chain *chain)
{
    const struct chain_task *task = chain_run_current(chain->run);

    return task ? find_active(engine, task->execution) : NULL;
}

int chain_cancel(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct execution_row row = { 0 };
    struct execution *child;
    struct outcome outcome;
    struct chain *chain;
    int r = find(engine, x, &chain, err);

    if (r < 0 || execution_status_completed(x->row.status))
        return r < 0 ? r : 0;
    if (r == STORE_NOT_FOUND) {
        outcome = (struct outcome){ EXECUTION_CANCELED, value_ref(x->row.result) };
        return execution_complete(engine, x, &outcome, err);
    }
    chain_wake(engine, x->row.seq);
    child = task_of(engine, chain);
    /* An action that runs already is let finish. */
    if (!child || !execution_status_cancelable(child->row.status) ||
        (child->row.status == EXECUTION_RUNNING && !workflow_conducts(child)))
        return 0;
    r = execution_cancel(engine, child->row.seq, user, &row, err);
    execution_row_release(&row);
    return r < 0 ? r : 0;
}

int chain_pause(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct execution *child;
    struct chain *chain;
    int r = find(engine, x, &chain, err);

    if (r != 0)
        return r;
    value_map_put(&x->row.context, "paused_by", value_text(user));
    execution_move(engine, x, EXECUTION_PAUSING);
    chain_wake(engine, x->row.seq);
    child = task_of(engine, chain);
    if (child && workflow_conducts(child) && child->row.status == EXECUTION_RUNNING)
        r = workflow_pause(engine, child, user, err);
    return r < 0 ? r : 0;
}

/* It goes on at the end of the batch: who answers a question resumes first and answers then. */
int chain_resume(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct execution *child;
    struct chain *chain;
    int r = find(engine, x, &chain, err);

    if (r != 0)
        return r;
    value_map_put(&x->row.context, "resumed_by", value_text(user));
    execution_move(engine, x, x->row.status == EXECUTION_PAUSING ? EXECUTION_RUNNING : EXECUTION_RESUMING);
    chain_wake(engine, x->row.seq);
    child = task_of(engine, chain);
    if (child && workflow_conducts(child) && child->row.status == EXECUTION_PAUSED)
        r = workflow_resume(engine, child, user, err);
    return r < 0 ? r : 0;
}

/* What is asked to stop is canceling until its task has ended; somebody who canceled it before stays right. */
int chain_stop(struct engine *engine, struct execution *x, enum execution_status status, const char *reason,
               struct error *err)
{
    struct execution *child;
    struct outcome outcome;
    struct chain *chain;
    value stopped;
    int r = find(engine, x, &chain, err);

    if (r < 0 || execution_status_completed(x->row.status))
        return r < 0 ? r : 0;
    if (r == STORE_NOT_FOUND) {
        outcome = (struct outcome){ status, error_result(value_map_new(2), reason) };
        return execution_complete(engine, x, &outcome, err);
    }
    if (value_map_has(chain->row.more, "stopped"))
        return 0;
    if (x->row.status != EXECUTION_CANCELING) {
        stopped = value_map_new(2);
        value_map_put(&stopped, "status", value_text(execution_status_text(status)));
        value_map_put(&stopped, "reason", value_text(reason));
        value_map_put(&chain->row.more, "stopped", stopped);
        chain_touch(engine, chain);
        execution_move(engine, x, EXECUTION_CANCELING);
    }
    chain_wake(engine, x->row.seq);
    child = task_of(engine, chain);
    return child ? execution_stop(engine, child, EXECUTION_CANCELED, reason, err) : 0;
}

/* ---- asked ---- */

int chain_current(struct engine *engine, int64_t execution, const char **ret_name, int64_t *ret_child,
                  struct error *err)
{
    const struct chain_task *task;
    struct chain *chain;
    int r = chain_find(engine, execution, &chain, err);

    if (r != 0)
        return r == -EBADMSG ? STORE_NOT_FOUND : r;
    task = chain_run_current(chain->run);
    if (!task)
        return STORE_NOT_FOUND;
    *ret_name = chain->run->spec->nodes[task->node].name;
    *ret_child = task->execution;
    return 0;
}
