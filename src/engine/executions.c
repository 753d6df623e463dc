/* SPDX-License-Identifier: Apache-2.0 */
/* What is not completed, in memory and in the store.

       accept ─► requested ─┬─► delayed ─► (due) ─┐
                            └─────────────────────┴─► scheduled ─► [queue] ─► running ─► completed

   A status changes in execution_move() alone, against the table of model/execution_status.c. Rows are written once a batch,
   by executions_flush(), however many moves the batch made: a noop costs one insert. "running" is committed before the child
   is started; a start is an effect. */
#include "engine/executions.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine-internal.h"
#include "engine/chains.h"
#include "engine/datastore.h"
#include "engine/feed.h"
#include "engine/inquiries.h"
#include "engine/output_check.h"
#include "engine/policies.h"
#include "engine/stopping.h"
#include "engine/triggers.h"
#include "engine/workflows.h"
#include "model/parameters.h"
#include "value/schema.h"

/* ---- memory ---- */

void execution_row_copy(const struct execution_row *row, struct execution_row *ret)
{
    *ret = *row;
    value_ref(ret->action);
    value_ref(ret->runner);
    value_ref(ret->rule);
    value_ref(ret->trigger);
    value_ref(ret->trigger_type);
    value_ref(ret->parameters);
    value_ref(ret->context);
    value_ref(ret->more);
    value_ref(ret->result);
}

static void execution_free(struct execution *x)
{
    execution_row_release(&x->row);
    free(x);
}

static void remember(struct engine *engine, struct execution *x)
{
    strmap_set_n(&engine->active, (const char *)&x->row.seq, sizeof(x->row.seq), x);
    x->keyed = true;
}

static void touch(struct engine *engine, struct execution *x)
{
    if (x->dirty)
        return;
    x->dirty = true;
    x->dirty_next = NULL;
    *engine->dirty_end = x;
    engine->dirty_end = &x->dirty_next;
}

static const char *handed_token(const struct engine *engine, int64_t seq)
{
    return strmap_get_n(&engine->handed, (const char *)&seq, sizeof(seq));
}

void executions_forget(struct engine *engine)
{
    struct execution *next;
    size_t at = 0;
    void *item;

    for (struct execution *x = engine->dirty; x; x = next) {
        next = x->dirty_next;
        if (!x->keyed)
            execution_free(x);
    }
    engine->dirty = NULL;
    engine->dirty_end = &engine->dirty;
    while (strmap_next(&engine->active, &at, NULL, &item)) {
        struct execution *x = item;

        /* A child that is running goes on with the token it was given. */
        if (!handed_token(engine, x->row.seq))
            engine_token_drop(engine, x->token);
        execution_free(x);
    }
    strmap_release(&engine->active);
    engine->n_queue = engine->queue_at = 0;
    engine->n_due = 0;
    policies_forget(engine);
}

static void restore_token(struct engine *engine, struct execution *x)
{
    const char *token = handed_token(engine, x->row.seq);

    if (!token || !*token || execution_status_completed(x->row.status))
        return;
    snprintf(x->token, sizeof(x->token), "%s", token);
    engine_token_add(engine, token, value_map_chars(x->row.context, "user"));
}

static struct execution *in_memory(const struct engine *engine, int64_t seq)
{
    struct execution *x = strmap_get_n(&engine->active, (const char *)&seq, sizeof(seq));

    if (x)
        return x;
    /* Accepted and completed in this very batch? */
    for (x = engine->dirty; x && x->row.seq != seq; x = x->dirty_next)
        ;
    return x;
}

int execution_result(struct engine *engine, int64_t seq, value *ret, struct error *err)
{
    const struct execution *x = in_memory(engine, seq);
    struct execution_row row = { 0 };
    int r = 0;

    if (x) {
        *ret = value_is_set(x->row.result) ? value_ref(x->row.result) : value_null();
        return 0;
    }
    r = store_execution_get(store_as_reader(engine->config.store), seq, EXECUTION_RESULT, &row, err);
    if (r < 0)
        return r;
    *ret = r == 0 && value_is_set(row.result) ? value_ref(row.result) : value_null();
    execution_row_release(&row);
    return 0;
}

int execution_find(struct engine *engine, int64_t seq, struct execution **ret, struct error *err)
{
    struct execution *x = in_memory(engine, seq);
    int r;

    if (!x) {
        x = xcalloc(1, sizeof(*x));
        r = store_execution_get(store_as_reader(engine->config.store), seq, EXECUTION_RESULT, &x->row, err);
        if (r != 0) {
            free(x);
            return r;
        }
        x->exists = true;
        restore_token(engine, x);
        remember(engine, x);
        /* Completed ones leave memory again when the batch is flushed. */
        touch(engine, x);
    }
    *ret = x;
    return 0;
}

/* ---- time ---- */

static void due_add(struct engine *engine, int64_t at_us, int64_t seq)
{
    size_t i;

    GROW(engine->due, engine->n_due, engine->due_room);
    for (i = engine->n_due++; i && engine->due[(i - 1) / 2].at_us > at_us; i = (i - 1) / 2)
        engine->due[i] = engine->due[(i - 1) / 2];
    engine->due[i] = (struct due){ at_us, seq };
}

static struct due due_take(struct engine *engine)
{
    struct due first = engine->due[0], last = engine->due[--engine->n_due];
    size_t i = 0, child;

    while ((child = i * 2 + 1) < engine->n_due) {
        if (child + 1 < engine->n_due && engine->due[child + 1].at_us < engine->due[child].at_us)
            child++;
        if (engine->due[child].at_us >= last.at_us)
            break;
        engine->due[i] = engine->due[child];
        i = child;
    }
    engine->due[i] = last;
    return first;
}

int64_t executions_next_due(const struct engine *engine)
{
    if (policies_pending(engine))
        return engine->now_us;
    return engine->n_due ? engine->due[0].at_us : INT64_MAX;
}

void execution_changed(struct engine *engine, struct execution *x)
{
    x->changed = true;
    touch(engine, x);
}

void execution_set_due(struct engine *engine, struct execution *x, int64_t at_us)
{
    x->row.due_us = at_us;
    execution_changed(engine, x);
    due_add(engine, at_us, x->row.seq);
}

/* ---- moves ---- */

void execution_move(struct engine *engine, struct execution *x, enum execution_status status)
{
    struct execution_row *row = &x->row;
    enum execution_status before = row->status;
    int64_t at_us = engine->now_us;

    if (!execution_status_may_become(row->status, status)) {
        log_error("execution %" PRId64 " cannot become %s from %s, ignoring", row->seq,
                  execution_status_text(status), execution_status_text(row->status));
        return;
    }
    if (row->n_log == EXECUTION_LOG_MAX) {
        memmove(row->log + 1, row->log + 2, (EXECUTION_LOG_MAX - 2) * sizeof(row->log[0]));
        row->n_log--;
    }
    /* The clock may have been set back while the server was down. */
    if (row->n_log && at_us < row->log[row->n_log - 1].at_us)
        at_us = row->log[row->n_log - 1].at_us;
    row->status = status;
    if (before == EXECUTION_DELAYED)
        row->due_us = 0;
    policies_moved(engine, x, before);
    row->log[row->n_log++] = (struct execution_log_entry){ at_us, status };
    if (execution_status_completed(status)) {
        row->end_us = at_us;
        row->owner = 0;
        row->due_us = 0;
        engine_token_drop(engine, x->token);
        x->token[0] = '\0';
    }
    x->changed = true;
    touch(engine, x);
    feed_execution(engine, ENGINE_EXECUTION_UPDATE, row);
    if (row->parent)
        workflow_child_moved(engine, x, before);
}

/* ---- starting ---- */

static value environment_of(struct engine *engine, struct execution *x, value runner_parameters)
{
    value environment = value_map_new(8);
    const char *user = value_map_chars(x->row.context, "user"),
               *pack = value_map_chars(x->row.action, "pack");
    char id[OBJECT_ID_SIZE], token[37];

    engine_format_id(engine, x->row.seq, id);
    value_map_put(&environment, "ST2_ACTION_PACK_NAME", value_text(pack ? pack : ""));
    value_map_put(&environment, "ST2_ACTION_EXECUTION_ID", value_text(id));
    value_map_put(&environment, "ST2_ACTION_API_URL", value_text(engine->config.api_url));
    if (user && *user) {
        engine_uuid(engine, false, token);
        memcpy(x->token, token, sizeof(x->token));
        engine_token_add(engine, token, user);
        value_map_put(&environment, "ST2_ACTION_AUTH_TOKEN", value_text(token));
    }
    value_map_put(&environment, "ST2_ACTION_DEBUG",
                  value_text(value_truth(value_map_get(runner_parameters, "debug")) ? "True" : "False"));
    return environment;
}

static char *entry_point_of(struct engine *engine, value action)
{
    const char *file = value_map_chars(action, "entry_point"), *pack = value_map_chars(action, "pack"), *path;
    VALUE_AUTO(document);

    if (!file || !*file)
        return NULL;
    if (*file == '/')
        return xstrdup(file);
    document = engine_object(engine, OBJECT_PACK, pack ? pack : "");
    path = value_map_chars(document, "path");
    return xasprintf("%s/actions/%s", path ? path : "", file);
}

static int render_final(struct engine *engine, struct execution *x, struct run *run, struct error *err)
{
    struct datastore_view view = {
        .catalog = engine->config.catalog,
        .user = value_map_chars(x->row.context, "user"),
        .now_us = engine->now_us,
    };
    struct expr_host host = datastore_host(&view);
    struct parameter_scope scope = {
        .action = x->row.action, .runner = x->row.runner, .host = &host, .now_us = engine->now_us
    };
    VALUE_AUTO(contexts);
    VALUE_AUTO(config);
    const char *pack = value_map_chars(x->row.action, "pack");

    config = engine_object(engine, OBJECT_CONFIG, pack ? pack : "");
    contexts = value_map_new(2);
    value_map_put(&contexts, "action_context", value_ref(x->row.context));
    value_map_put(&contexts, "config_context",
                  value_map_has(config, "values") ? value_ref(value_map_get(config, "values"))
                                                  : value_map_new(0));
    scope.contexts = contexts;
    return parameters_render_final(&scope, x->row.parameters, &run->runner_parameters,
                                   &run->action_parameters, err);
}

static void note_runner(struct engine *engine, struct execution *x)
{
    value info = value_map_new(2);

    value_map_put(&info, "hostname", value_text(engine->config.hostname));
    value_map_put(&info, "pid", value_int(engine->config.pid));
    value_map_put(&x->row.more, "runner_info", info);
}

static int fail(struct engine *engine, struct execution *x, const char *text, struct error *err)
{
    struct outcome outcome;

    outcome_failed(&outcome, text);
    return execution_complete(engine, x, &outcome, err);
}

/* Makes the run ready; what needs no process is over at once. */
static int make_run(struct engine *engine, struct execution *x, const struct runner_ops *runner,
                    struct error *err)
{
    const char *system_user = engine->config.system_user;
    struct run *run = run_new();
    struct outcome outcome;
    ERROR_AUTO(reason);

    run->seq = x->row.seq;
    engine_format_id(engine, run->seq, run->execution_id);
    run->action = value_ref(x->row.action);
    run->context = value_ref(x->row.context);
    run->output_limit = engine->config.output_limit;
    if (render_final(engine, x, run, &reason) < 0) {
        run_free(run);
        return fail(engine, x, error_text(&reason), err);
    }
    if (runner->run_now) {
        runner->run_now(run, &outcome);
        if (runner->announces && outcome.status == EXECUTION_SUCCEEDED)
            feed_announcement(engine, &x->row, value_map_chars(run->runner_parameters, "route"),
                              run->action_parameters);
        run_free(run);
        return execution_complete(engine, x, &outcome, err);
    }
    run->entry_point = entry_point_of(engine, x->row.action);
    if (runner->conducted && value_map_has(x->row.more, "rerun")) {
        run_free(run);
        return workflow_rerun(engine, x, err);
    }
    if (runner->conducted && workflow_too_deep(engine, x)) {
        run_free(run);
        return workflow_refuse_depth(engine, x, err);
    }
    if (runner->conducted) {
        engine_add_effect(engine, &(struct effect){ .kind = EFFECT_CONDUCT, .run = run, .seq = run->seq });
        return 0;
    }
    run->environment = environment_of(engine, x, run->runner_parameters);
    if (system_user && *system_user && strcmp(system_user, engine->config.server_user) != 0)
        run->system_user = xstrdup(system_user);
    engine_add_effect(engine, &(struct effect){ .kind = EFFECT_START, .run = run, .seq = run->seq });
    return 0;
}

/* scheduled -> running */
static int start(struct engine *engine, struct execution *x, const struct runner_ops *runner,
                 struct error *err)
{
    note_runner(engine, x);
    execution_move(engine, x, EXECUTION_RUNNING);
    x->row.owner = engine->config.node;
    return make_run(engine, x, runner, err);
}

static int fail_without_runner(struct engine *engine, struct execution *x, struct error *err)
{
    const char *name = value_map_chars(x->row.runner, "name");
    CLEANUP(freep)
    char *text = xasprintf("Runner \"%s\" is not available in this server.", name ? name : "");

    return fail(engine, x, text, err);
}

static int start_scheduled(struct engine *engine, struct execution *x, struct error *err)
{
    const char *name = value_map_chars(x->row.runner, "name");
    const struct runner_ops *runner = runner_find(name ? name : "");
    CLEANUP(freep)
    char *text = NULL;

    if (!value_map_bool(x->row.runner, "enabled", true)) {
        text = xasprintf("Runner \"%s\" has been disabled by the administrator.", name);
        return fail(engine, x, text, err);
    }
    if (!runner)
        return fail_without_runner(engine, x, err);
    if (runner->prepare) {
        /* Children have a limit; whoever does not fit waits in order. */
        if (engine->draining ||
            (int64_t)engine->handed.count + engine->n_starting >= engine->config.processes_max ||
            engine->queue_at < engine->n_queue) {
            GROW(engine->queue, engine->n_queue, engine->queue_room);
            engine->queue[engine->n_queue++] = x->row.seq;
            return 0;
        }
    }
    return start(engine, x, runner, err);
}

int executions_start_queued(struct engine *engine, struct error *err)
{
    int r = 0;

    while (r >= 0 && !engine->draining && engine->queue_at < engine->n_queue &&
           (int64_t)engine->handed.count + engine->n_starting < engine->config.processes_max) {
        int64_t seq = engine->queue[engine->queue_at++];
        struct execution *x = strmap_get_n(&engine->active, (const char *)&seq, sizeof(seq));
        const struct runner_ops *runner;
        const char *name;

        if (!x || x->row.status != EXECUTION_SCHEDULED)
            continue; /* canceled while it waited */
        name = value_map_chars(x->row.runner, "name");
        runner = runner_find(name ? name : "");
        /* It may have waited since the days of a server that had more runners. */
        r = runner ? start(engine, x, runner, err) : fail_without_runner(engine, x, err);
    }
    if (engine->queue_at == engine->n_queue)
        engine->queue_at = engine->n_queue = 0;
    return r;
}

/* Another execution of the action must end first, and nothing but that is waited for. */
static void wait_in_line(struct engine *engine, struct execution *x)
{
    x->row.due_us = 0;
    x->changed = true;
    if (x->row.status != EXECUTION_DELAYED)
        execution_move(engine, x, EXECUTION_DELAYED);
    else
        touch(engine, x);
}

static int cancel_by_policy(struct engine *engine, struct execution *x, struct error *err)
{
    struct outcome outcome = { .status = EXECUTION_CANCELED, .result = value_map_new(1) };

    value_map_put(&outcome.result, "message",
                  value_text("Action canceled by policy: enough of its executions are under way."));
    execution_move(engine, x, EXECUTION_CANCELING);
    return execution_complete(engine, x, &outcome, err);
}

int execution_schedule(struct engine *engine, struct execution *x, struct error *err)
{
    switch (policies_admit(engine, x)) {
    case POLICY_WAIT:
        wait_in_line(engine, x);
        return 0;
    case POLICY_CANCEL:
        return cancel_by_policy(engine, x, err);
    case POLICY_GO:
        break;
    }
    execution_move(engine, x, EXECUTION_SCHEDULED);
    return start_scheduled(engine, x, err);
}

/* A workflow under way: its due time is the first of its limits. */
static bool has_limits(const struct execution *x)
{
    return x->row.status >= EXECUTION_RUNNING && !execution_status_completed(x->row.status) &&
           workflow_conducts(x);
}

int executions_due(struct engine *engine, struct error *err)
{
    int r = 0;

    while (r >= 0 && engine->n_due && engine->due[0].at_us <= engine->now_us) {
        struct due due = due_take(engine);
        struct execution *x = strmap_get_n(&engine->active, (const char *)&due.seq, sizeof(due.seq));

        if (x && x->row.status == EXECUTION_DELAYED && x->row.due_us <= engine->now_us)
            r = execution_schedule(engine, x, err);
        else if (x && x->row.status == EXECUTION_PENDING && x->row.due_us && x->row.due_us <= engine->now_us)
            r = inquiry_timeout(engine, x, err);
        else if (x && has_limits(x) && x->row.due_us && x->row.due_us <= engine->now_us)
            r = workflow_due(engine, x, err);
    }
    return r < 0 ? r : policies_release(engine, err);
}

/* ---- accepting ---- */

static int begin_trace(struct engine *engine, struct execution_plan *plan, struct error *err)
{
    char id[OBJECT_ID_SIZE], tag[64];

    if (plan->row.trace)
        return 0;
    plan->row.trace = engine_next_sequence(engine);
    engine_format_id(engine, plan->row.seq - 1, id);
    snprintf(tag, sizeof(tag), "execution-%s", id);
    return store_trace_insert(engine->config.store, plan->row.trace, plan->trace_tag ? plan->trace_tag : tag,
                              engine->now_us, err);
}

int execution_accept(struct engine *engine, struct execution_plan *plan, struct execution_row *ret_row,
                     struct error *err)
{
    struct execution *x = xcalloc(1, sizeof(*x));
    int r;

    engine_next_sequence(engine); /* the live action's */
    plan->row.seq = engine_next_sequence(engine);
    r = begin_trace(engine, plan, err);
    if (r < 0) {
        free(x);
        return r;
    }
    x->row = plan->row;
    plan->row = (struct execution_row){ 0 };
    x->row.version = 1;
    x->row.status = EXECUTION_REQUESTED;
    x->row.start_us = engine->now_us;
    x->row.log[0] = (struct execution_log_entry){ engine->now_us, EXECUTION_REQUESTED };
    x->row.n_log = 1;
    if (!x->row.root)
        x->row.root = x->row.parent;
    remember(engine, x);
    touch(engine, x);
    engine->figures.executions++;
    feed_execution(engine, ENGINE_EXECUTION_CREATE, &x->row);
    if (ret_row)
        execution_row_copy(&x->row, ret_row);
    if (plan->failure) {
        r = fail(engine, x, plan->failure, err);
    } else if (plan->delay_ms > 0) {
        execution_move(engine, x, EXECUTION_DELAYED);
        execution_set_due(engine, x, engine->now_us + plan->delay_ms * 1000);
    } else {
        r = execution_schedule(engine, x, err);
    }
    execution_plan_release(plan);
    return r;
}

/* ---- the end ---- */

static int post_action_trigger(struct engine *engine, struct execution *x, struct error *err)
{
    static const char trigger[] = "core.st2.generic.actiontrigger";
    VALUE_AUTO(definitions);
    VALUE_AUTO(payload);
    char id[OBJECT_ID_SIZE], at[CLOCK_TEXT_SIZE];
    int r;

    if (!trigger_has_rules(engine, trigger))
        return 0;
    engine_format_id(engine, x->row.seq, id);
    clock_format(x->row.start_us, at);
    at[10] = ' ';
    at[26] = '\0'; /* the Z */
    payload = value_map_new(8);
    value_map_put(&payload, "execution_id", value_text(id));
    value_map_put(&payload, "status", value_text(execution_status_text(x->row.status)));
    value_map_put(&payload, "start_timestamp", value_textf("%s+00:00", at));
    value_map_put(&payload, "action_name", value_ref(value_map_get(x->row.action, "ref")));
    value_map_put(&payload, "action_ref", value_ref(value_map_get(x->row.action, "ref")));
    value_map_put(&payload, "runner_ref", value_ref(value_map_get(x->row.runner, "name")));
    definitions = parameters_merged(x->row.action, x->row.runner);
    value_map_put(&payload, "parameters", schema_mask_secrets(definitions, x->row.parameters));
    value_map_put(&payload, "result",
                  value_is_set(x->row.result) ? value_ref(x->row.result) : value_map_new(0));
    r = trigger_dispatch(engine, trigger, payload, NULL, x->row.trace, NULL, err);
    return r > 0 ? 0 : r;
}

int execution_complete(struct engine *engine, struct execution *x, struct outcome *outcome, struct error *err)
{
    struct execution_plan again;
    int r;

    if (engine->config.validate_output)
        output_check(&x->row, outcome);
    value_replace(&x->row.result, outcome->result);
    execution_move(engine, x, outcome->status);
    if (x->row.status == EXECUTION_PENDING && inquiry_is(&x->row))
        return inquiry_opened(engine, x, err);
    if (!execution_status_completed(x->row.status))
        return 0;
    r = post_action_trigger(engine, x, err);
    return r == 0 && policies_retry(engine, x, &again) ? execution_accept(engine, &again, NULL, err) : r;
}

static value canceled_result(const char *user)
{
    value result = value_map_new(2);

    value_map_put(&result, "message", value_text("Action canceled by user."));
    value_map_put(&result, "user", value_text(user));
    return result;
}

int execution_ended(struct engine *engine, int64_t seq, struct outcome *outcome, struct error *err)
{
    struct execution *x;
    int r = execution_find(engine, seq, &x, err);

    free(strmap_remove_n(&engine->handed, (const char *)&seq, sizeof(seq)));
    if (r != 0 || execution_status_completed(x->row.status)) {
        value_unref(outcome->result); /* late: canceled is final */
        return r < 0 ? r : 0;
    }
    if (!execution_stopped(x, outcome) && x->row.status == EXECUTION_CANCELING) {
        const char *user = value_map_chars(x->row.context, "cancelled_by");

        value_unref(outcome->result);
        outcome->result = canceled_result(user ? user : "");
        outcome->status = EXECUTION_CANCELED;
    }
    return execution_complete(engine, x, outcome, err);
}

int execution_output(struct engine *engine, int64_t seq, const char *type, const char *text, size_t n,
                     struct error *err)
{
    struct execution *x = strmap_get_n(&engine->active, (const char *)&seq, sizeof(seq));

    if (x)
        feed_output(engine, &x->row, type, text, n);
    return store_output_append(engine->config.store, seq, engine->now_us, type, text, n, err);
}

/* ---- asked for from outside ---- */

/* It stays canceling as long as something of it runs. */
static int cancel_conducted(struct engine *engine, struct execution *x, const char *user,
                            struct execution_row *ret_row, struct error *err)
{
    int r = workflow_cancel(engine, x, user, err);

    execution_row_release(ret_row);
    if (r == 0)
        execution_row_copy(&x->row, ret_row);
    return r;
}

/* Its start may still be among the effects of this batch; a stop goes out behind it. */
bool execution_has_child(const struct engine *engine, int64_t seq)
{
    if (handed_token(engine, seq))
        return true;
    for (size_t i = 0; i < engine->n_effects; i++)
        if (engine->effects[i].kind == EFFECT_START && engine->effects[i].seq == seq)
            return true;
    return false;
}

int execution_cancel(struct engine *engine, int64_t seq, const char *user, struct execution_row *ret_row,
                     struct error *err)
{
    struct execution *x;
    struct outcome outcome;
    int r = execution_find(engine, seq, &x, err);

    if (r != 0)
        return r;
    if (x->row.status == EXECUTION_CANCELED) {
        execution_row_copy(&x->row, ret_row);
        return 0;
    }
    if (!execution_status_cancelable(x->row.status))
        return error_set(err, EXECUTION_REFUSED, "Action cannot be canceled. State = %s.",
                         execution_status_text(x->row.status));
    value_map_put(&x->row.context, "cancelled_by", value_text(user));
    if (x->row.status == EXECUTION_RUNNING || x->row.parent || workflow_conducts(x)) {
        bool child = execution_has_child(engine, seq);

        value_replace(&x->row.result, canceled_result(user));
        execution_move(engine, x, EXECUTION_CANCELING);
        execution_row_copy(&x->row, ret_row);
        if (workflow_conducts(x))
            return cancel_conducted(engine, x, user, ret_row, err);
        if (child) {
            engine_add_effect(engine, &(struct effect){ .kind = EFFECT_STOP, .seq = seq });
            return 0;
        }
    }
    outcome = (struct outcome){ .status = EXECUTION_CANCELED, .result = canceled_result(user) };
    r = execution_complete(engine, x, &outcome, err);
    if (r == 0 && !ret_row->seq)
        execution_row_copy(&x->row, ret_row);
    return r;
}

static int pause_or_resume(struct engine *engine, struct execution *x, bool resume, const char *user,
                           struct execution_row *ret_row, struct error *err)
{
    enum execution_status now = x->row.status;
    const char *verb = resume ? "resume" : "pause";
    char id[OBJECT_ID_SIZE];
    int r = 0;

    engine_format_id(engine, x->row.seq - 1, id);
    if (!workflow_conducts(x))
        return error_set(
            err, EXECUTION_REFUSED,
            "Failed updating execution. Unable to %s liveaction \"%s\" because it is not supported by the "
            "\"%s\" runner.",
            verb, id, value_map_chars(x->row.runner, "name"));
    if (resume ? now == EXECUTION_PAUSED : now == EXECUTION_RUNNING)
        r = resume ? workflow_resume(engine, x, user, err) : workflow_pause(engine, x, user, err);
    else if (resume ? now != EXECUTION_RUNNING && now != EXECUTION_RESUMING
                    : now != EXECUTION_PAUSING && now != EXECUTION_PAUSED)
        return resume
                   ? error_set(
                         err, EXECUTION_REFUSED,
                         "Failed updating execution. Unable to resume liveaction \"%s\" because it is in \"%s\" "
                         "state and not in \"paused\" state.",
                         id, execution_status_text(now))
                   : error_set(
                         err, EXECUTION_REFUSED,
                         "Failed updating execution. Unable to pause liveaction \"%s\" because it is not in a "
                         "running state.",
                         id);
    if (r == STORE_NOT_FOUND)
        return error_set(
            err, EXECUTION_REFUSED,
            "Failed updating execution. Unable to %s liveaction \"%s\" because it is not in a running state.",
            verb, id);
    if (r == 0)
        execution_row_copy(&x->row, ret_row);
    return r;
}

/* What a person set back to a beginning takes its way again from there. */
static int go_on(struct engine *engine, struct execution *x, struct error *err)
{
    switch (x->row.status) {
    case EXECUTION_REQUESTED:
        return execution_schedule(engine, x, err);
    case EXECUTION_SCHEDULED:
        return start_scheduled(engine, x, err);
    case EXECUTION_DELAYED:
        due_add(engine, x->row.due_us, x->row.seq);
        return 0;
    default:
        return 0;
    }
}

int execution_set_status(struct engine *engine, int64_t seq, enum execution_status status, value result,
                         const char *user, struct execution_row *ret_row, struct error *err)
{
    struct execution *x;
    struct outcome outcome;
    int r = execution_find(engine, seq, &x, err);

    if (r != 0)
        return r;
    if (execution_status_completed(x->row.status))
        return error_set(err, EXECUTION_REFUSED, "Execution is already in completed state.");
    if (status == EXECUTION_CANCELED || status == EXECUTION_CANCELING)
        return execution_cancel(engine, seq, user, ret_row, err);
    if (status == EXECUTION_PAUSING || status == EXECUTION_PAUSED || status == EXECUTION_RESUMING)
        return pause_or_resume(engine, x, status == EXECUTION_RESUMING, user, ret_row, err);
    /* Any other status is written as told: this is how asynchronous actions report back. */
    if (execution_status_completed(status)) {
        if (execution_has_child(engine, seq))
            engine_add_effect(engine, &(struct effect){ .kind = EFFECT_STOP, .seq = seq });
        outcome = (struct outcome){ .status = status, .result = value_ref(result) };
        r = execution_complete(engine, x, &outcome, err);
    } else if (status != x->row.status) {
        if (!execution_status_may_become(x->row.status, status))
            return error_set(err, EXECUTION_REFUSED, "Execution cannot become %s from %s.",
                             execution_status_text(status), execution_status_text(x->row.status));
        execution_move(engine, x, status);
        r = go_on(engine, x, err);
    }
    if (r == 0)
        execution_row_copy(&x->row, ret_row);
    return r;
}

/* ---- the store ---- */

int executions_flush(struct engine *engine, struct error *err)
{
    struct execution *x = engine->dirty, *next;
    int r = 0;

    engine->dirty = NULL;
    engine->dirty_end = &engine->dirty;
    for (; x; x = next) {
        next = x->dirty_next;
        x->dirty = false;
        if (r == 0) {
            if (!x->exists)
                r = store_execution_insert(engine->config.store, &x->row, err);
            else if (x->changed)
                r = store_execution_update(engine->config.store, &x->row, err);
            if (r == STORE_CONFLICT || r == STORE_NOT_FOUND)
                r = error_set(err, -EIO, "execution %" PRId64 " was changed by somebody else", x->row.seq);
            x->exists = true;
            x->changed = false;
        }
        if (execution_status_completed(x->row.status)) {
            strmap_remove_n(&engine->active, (const char *)&x->row.seq, sizeof(x->row.seq));
            execution_free(x);
        }
    }
    return r;
}

int executions_load(struct engine *engine, struct error *err)
{
    int64_t *seqs = NULL;
    size_t n = 0;
    int r = store_executions_active(store_as_reader(engine->config.store), &seqs, &n, err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        struct execution *x = xcalloc(1, sizeof(*x));

        r = store_execution_get(store_as_reader(engine->config.store), seqs[i], EXECUTION_RESULT, &x->row,
                                err);
        if (r != 0) {
            free(x);
            break;
        }
        x->exists = true;
        restore_token(engine, x);
        remember(engine, x);
        if (x->row.due_us &&
            (x->row.status == EXECUTION_DELAYED || x->row.status == EXECUTION_PENDING || has_limits(x)))
            due_add(engine, x->row.due_us, x->row.seq);
        if (x->row.status == EXECUTION_SCHEDULED) {
            GROW(engine->queue, engine->n_queue, engine->queue_room);
            engine->queue[engine->n_queue++] = x->row.seq;
        }
    }
    free(seqs);
    return r < 0 ? r : 0;
}

static int has_begun(struct engine *engine, const struct execution *x, bool *ret, struct error *err)
{
    int r = 0;

    if (chain_conducts(x))
        r = chain_begun(engine, x->row.seq, err);
    else if (!value_map_has(x->row.context, "workflow_execution"))
        r = STORE_NOT_FOUND;
    *ret = r == 0;
    return r < 0 ? r : 0;
}

/* A workflow that had begun goes on from its rows; one whose definition was being read begins again. */
static int recover_conducted(struct engine *engine, struct execution *x, struct error *err)
{
    const char *name = value_map_chars(x->row.runner, "name");
    bool begun;
    int r = has_begun(engine, x, &begun, err);

    if (r < 0)
        return r;
    if (!begun)
        return make_run(engine, x, runner_find(name), err);
    if (chain_conducts(x))
        chain_wake(engine, x->row.seq);
    else
        workflow_wake(engine, x->row.seq);
    return 0;
}

static int repair(struct engine *engine, struct execution *x, struct error *err)
{
    static const char lost[] =
        "The server ended while this was running; what became of the process is not known.";
    struct outcome outcome = { .status = EXECUTION_ABANDONED };

    if (!workflow_conducts(x) && execution_stopped(x, &outcome))
        return execution_complete(engine, x, &outcome, err);
    switch (x->row.status) {
    case EXECUTION_REQUESTED:
        return execution_schedule(engine, x, err);
    case EXECUTION_RUNNING:
    case EXECUTION_PAUSING:
    case EXECUTION_RESUMING:
        if (workflow_conducts(x))
            return recover_conducted(engine, x, err);
        outcome.result = value_map_new(1);
        value_map_put(&outcome.result, "error", value_text(lost));
        return execution_complete(engine, x, &outcome, err);
    case EXECUTION_CANCELING: {
        bool begun = false;
        int r = workflow_conducts(x) ? has_begun(engine, x, &begun, err) : 0;

        if (r < 0 || begun)
            return r < 0 ? r : recover_conducted(engine, x, err);
        const char *user = value_map_chars(x->row.context, "cancelled_by");

        outcome =
            (struct outcome){ .status = EXECUTION_CANCELED, .result = canceled_result(user ? user : "") };
        return execution_complete(engine, x, &outcome, err);
    }
    default:
        return 0; /* scheduled and delayed ones stand in their queues; pending and paused ones wait for a person */
    }
}

int engine_recover(struct engine *engine, int64_t now_us, int64_t *ret_n, struct error *err)
{
    int64_t *seqs = NULL;
    size_t n = 0;
    bool more = true;
    int r;

    if (now_us > engine->now_us)
        engine->now_us = now_us;
    r = executions_load(engine, err);
    if (r == 0)
        r = store_executions_active(store_as_reader(engine->config.store), &seqs, &n, err);
    if (r == 0)
        r = store_begin(engine->config.store, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        struct execution *x = strmap_get_n(&engine->active, (const char *)&seqs[i], sizeof(seqs[i]));

        r = repair(engine, x, err);
    }
    while (r == 0 && more)
        r = workflows_advance(engine, &more, err);
    if (r == 0)
        r = workflows_flush(engine, err);
    if (r == 0)
        r = chains_flush(engine, err);
    if (r == 0)
        r = executions_flush(engine, err);
    if (r == 0)
        r = store_commit(engine->config.store, err);
    free(seqs);
    if (r != 0) {
        store_rollback(engine->config.store);
        executions_forget(engine);
        return r;
    }
    *ret_n = (int64_t)n;
    engine_effects_out(engine);
    return 0;
}
