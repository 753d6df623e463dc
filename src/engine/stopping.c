/* SPDX-License-Identifier: Apache-2.0 */
/* The wish stands in the execution's row ("stopped" in its `more`), so it outlives the server: what was to time out has timed
   out also when the server ended before the process did. */
#include "engine/stopping.h"

#include "engine-internal.h"
#include "engine/workflows.h"

static void fill_result(value *result, enum execution_status status, const char *reason)
{
    /* What it has said so far is kept. */
    if (!value_is_map(*result))
        value_replace(result, value_map_new(3));
    if (status == EXECUTION_CANCELED) {
        value_map_put(result, "message", value_text(reason));
        return;
    }
    value_map_put(result, "failed", value_bool(true));
    value_map_put(result, "succeeded", value_bool(false));
    value_map_put(result, "error", value_text(reason));
}

bool execution_stopped(const struct execution *x, struct outcome *outcome)
{
    value stopped = value_map_get(x->row.more, "stopped");
    const char *text = value_map_chars(stopped, "status"), *reason = value_map_chars(stopped, "reason");
    int status = text ? execution_status_from_text(text) : -1;

    if (status < 0)
        return false;
    outcome->status = (enum execution_status)status;
    fill_result(&outcome->result, outcome->status, reason ? reason : "");
    return true;
}

static int stop_now(struct engine *engine, struct execution *x, enum execution_status status,
                    const char *reason, struct error *err)
{
    struct outcome outcome = { .status = status, .result = value_ref(x->row.result) };

    fill_result(&outcome.result, status, reason);
    return execution_complete(engine, x, &outcome, err);
}

static int stop_child(struct engine *engine, struct execution *x, enum execution_status status,
                      const char *reason)
{
    value stopped = value_map_new(2);

    value_map_put(&stopped, "status", value_text(execution_status_text(status)));
    value_map_put(&stopped, "reason", value_text(reason));
    value_map_put(&x->row.more, "stopped", stopped);
    execution_changed(engine, x);
    if (status == EXECUTION_CANCELED && execution_status_cancelable(x->row.status))
        execution_move(engine, x, EXECUTION_CANCELING);
    engine_add_effect(engine, &(struct effect){ .kind = EFFECT_STOP, .seq = x->row.seq });
    return 0;
}

int execution_stop(struct engine *engine, struct execution *x, enum execution_status status,
                   const char *reason, struct error *err)
{
    if (execution_status_completed(x->row.status) || value_map_has(x->row.more, "stopped"))
        return 0;
    if (workflow_conducts(x))
        return workflow_stop(engine, x, status, reason, err);
    if (execution_has_child(engine, x->row.seq))
        return stop_child(engine, x, status, reason);
    return stop_now(engine, x, status, reason, err);
}
