/* SPDX-License-Identifier: Apache-2.0 */
/* What people ask of a workflow under way: to be canceled, paused, resumed (contract: engine.md 7, orquesta.md 5.9). Requests go down to the workflows among the children; actions that run already
   are let finish. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/chains.h"
#include "workflows-internal.h"

int workflow_each_child(struct engine *engine, struct execution *x, workflow_child_request *request,
                        const char *text, struct error *err)
{
    int64_t *children = NULL;
    size_t n = 0;
    /* Those of this batch have no rows yet. */
    int r = executions_flush(engine, err);

    if (r == 0)
        r = store_execution_children(store_as_reader(engine->config.store), x->row.seq, &children, &n, err);
    for (size_t i = 0; r >= 0 && i < n; i++) {
        struct execution *child =
            strmap_get_n(&engine->active, (const char *)&children[i], sizeof(children[i]));

        if (child && !execution_status_completed(child->row.status))
            r = request(engine, child, text, err);
    }
    free(children);
    return r < 0 ? r : 0;
}

static bool not_started(enum execution_status status)
{
    return status == EXECUTION_REQUESTED || status == EXECUTION_SCHEDULED || status == EXECUTION_DELAYED;
}

static int cancel_child(struct engine *engine, struct execution *child, const char *user, struct error *err)
{
    struct execution_row row = { 0 };
    int r = 0;

    if (not_started(child->row.status) ||
        (workflow_conducts(child) && execution_status_cancelable(child->row.status))) {
        r = execution_cancel(engine, child->row.seq, user, &row, err);
        execution_row_release(&row);
    }
    return r < 0 ? r : 0;
}

static int cancel_parent(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct execution_row row = { 0 };
    struct execution *parent;
    int r;

    if (!value_map_has(x->row.more, "task_execution"))
        return 0;
    r = execution_find(engine, x->row.parent, &parent, err);
    if (r != 0 || !execution_status_cancelable(parent->row.status))
        return r < 0 ? r : 0;
    r = execution_cancel(engine, parent->row.seq, user, &row, err);
    execution_row_release(&row);
    return r < 0 ? r : 0;
}

int workflow_cancel(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    int64_t seq = x->row.seq;
    struct workflow *workflow;
    struct outcome outcome;
    int r;

    if (chain_conducts(x))
        return chain_cancel(engine, x, user, err);
    r = workflow_find(engine, seq, &workflow, err);
    if (r < 0)
        return r;
    if (r == STORE_NOT_FOUND) {
        /* Its definition is being read. */
        outcome = (struct outcome){ .status = EXECUTION_CANCELED, .result = value_ref(x->row.result) };
        r = execution_complete(engine, x, &outcome, err);
        return r < 0 ? r : cancel_parent(engine, x, user, err);
    }
    workflow_prepare(engine, workflow);
    workflow_touch(engine, workflow);
    conductor_request(workflow->conductor, "canceled", NULL);
    r = workflow_each_child(engine, x, cancel_child, user, err);
    if (r == 0)
        r = cancel_parent(engine, x, user, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}

static int pause_child(struct engine *engine, struct execution *child, const char *user, struct error *err)
{
    return workflow_conducts(child) && child->row.status == EXECUTION_RUNNING
               ? workflow_pause(engine, child, user, err)
               : 0;
}

int workflow_pause(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct workflow *workflow;
    int r;

    if (chain_conducts(x))
        return chain_pause(engine, x, user, err);
    r = workflow_find(engine, x->row.seq, &workflow, err);
    if (r != 0)
        return r;
    value_map_put(&x->row.context, "paused_by", value_text(user));
    execution_changed(engine, x);
    workflow_prepare(engine, workflow);
    conductor_request(workflow->conductor, "paused", NULL);
    workflow_show(engine, workflow, x, EXECUTION_PAUSING);
    r = workflow_each_child(engine, x, pause_child, user, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}

static int resume_child(struct engine *engine, struct execution *child, const char *user, struct error *err)
{
    return workflow_conducts(child) && child->row.status == EXECUTION_PAUSED
               ? workflow_resume(engine, child, user, err)
               : 0;
}

int workflow_resume(struct engine *engine, struct execution *x, const char *user, struct error *err)
{
    struct workflow *workflow;
    int r;

    if (chain_conducts(x))
        return chain_resume(engine, x, user, err);
    r = workflow_find(engine, x->row.seq, &workflow, err);
    if (r != 0)
        return r;
    value_map_put(&x->row.context, "resumed_by", value_text(user));
    execution_changed(engine, x);
    workflow_prepare(engine, workflow);
    conductor_request(workflow->conductor, "resuming", NULL);
    workflow_show(engine, workflow, x,
                  x->row.status == EXECUTION_PAUSING ? EXECUTION_RUNNING : EXECUTION_RESUMING);
    workflow_watch_again(engine, workflow, x);
    r = workflow_each_child(engine, x, resume_child, user, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}
