/* SPDX-License-Identifier: Apache-2.0 */
/* From a request to a row that only lacks its number (contract: actions-and-runners.md 3, steps 1 to 8). */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/executions.h"
#include "model/parameters.h"

void execution_plan_release(struct execution_plan *plan)
{
    execution_row_release(&plan->row);
    free(plan->trace_tag);
    free(plan->failure);
    *plan = (struct execution_plan){ 0 };
}

static value make_context(const struct execution_request *request, value action)
{
    value context = value_map_new(4), more = request->context;
    const char *pack = value_map_chars(action, "pack");
    const char *parent_user = value_map_chars(value_map_get(more, "parent"), "user");
    const char *user = parent_user ? parent_user : request->user;

    value_map_update(&context, more);
    value_map_put(&context, "user", value_text(user ? user : ""));
    value_map_put(&context, "pack", value_text(pack ? pack : ""));
    return context;
}

static void set_notify(struct execution_plan *plan, const struct execution_request *request, value action)
{
    value own = value_map_get(action, "notify");
    value notify = value_truth(own) ? own : request->notify;

    if (value_truth(notify) && !request->silent)
        value_map_put(&plan->row.more, "notify", value_ref(notify));
    if (value_truth(request->callback))
        value_map_put(&plan->row.more, "callback", value_ref(request->callback));
}

static int render(struct catalog *catalog, const struct expr_host *host, int64_t now_us,
                  const struct execution_request *request, struct execution_plan *plan, struct error *err)
{
    struct parameter_scope scope = {
        .action = plan->row.action, .runner = plan->row.runner, .host = host, .now_us = now_us
    };
    VALUE_AUTO(contexts);
    VALUE_AUTO(given);
    VALUE_AUTO(config);
    const char *pack = value_map_chars(plan->row.action, "pack");

    if (request->literal) {
        plan->row.parameters =
            value_is_map(request->parameters) ? value_ref(request->parameters) : value_map_new(0);
        return 0;
    }
    contexts = value_is_map(request->contexts) ? value_ref(request->contexts) : value_map_new(4);
    value_map_put(&contexts, "action_context", value_ref(plan->row.context));
    config = catalog_by_ref(catalog, OBJECT_CONFIG, pack ? pack : "");
    value_map_put(&contexts, "config_context",
                  value_map_has(config, "values") ? value_ref(value_map_get(config, "values"))
                                                  : value_map_new(0));
    given = value_is_map(request->parameters) ? value_ref(request->parameters) : value_map_new(0);
    scope.contexts = contexts;
    return parameters_render_live(&scope, given, &plan->row.parameters, err);
}

int execution_plan(struct catalog *catalog, const struct expr_host *host, int64_t now_us,
                   const struct execution_request *request, struct execution_plan *ret, struct error *err)
{
    struct execution_plan plan = { .delay_ms = request->delay_ms };
    struct execution_row *row = &plan.row;
    const char *runner, *tag;
    ERROR_AUTO(reason);

    row->action = catalog_by_ref(catalog, OBJECT_ACTION, request->action);
    if (!value_is_set(row->action)) {
        error_set(err, 0, "Action \"%s\" cannot be found.", request->action);
        goto refused;
    }
    runner = value_map_chars(row->action, "runner_type");
    row->runner = catalog_by_ref(catalog, OBJECT_RUNNER_TYPE, runner ? runner : "");
    if (!value_is_set(row->runner)) {
        error_set(err, 0, "RunnerType %s is not found.", runner ? runner : "");
        goto refused;
    }
    row->context = make_context(request, row->action);
    row->more = value_map_new(2);
    if (request->delay_ms)
        value_map_put(&row->more, "delay", value_int(request->delay_ms));
    if (value_is_set(request->rerun))
        value_map_put(&row->more, "rerun", value_ref(request->rerun));
    set_notify(&plan, request, row->action);
    row->parent = request->parent;
    row->trace = request->trace;
    row->instance = request->instance;
    row->rule = value_ref(request->rule);
    row->trigger = value_ref(request->trigger);
    row->trigger_type = value_ref(request->trigger_type);
    tag = value_map_chars(value_map_get(row->context, "trace_context"), "trace_tag");
    if (tag && !request->trace)
        plan.trace_tag = xstrdup(tag);

    if (render(catalog, host, now_us, request, &plan, &reason) < 0) {
        plan.failure = xstrdup(error_text(&reason));
        row->parameters =
            value_is_map(request->parameters) ? value_ref(request->parameters) : value_map_new(0);
        *ret = plan;
        return 0;
    }
    if (!value_map_bool(row->action, "enabled", true)) {
        error_set(err, 0, "Unable to execute. Action \"%s\" is disabled.", request->action);
        goto refused;
    }
    if (parameters_check(row->action, row->runner, row->parameters, err) < 0)
        goto refused;
    *ret = plan;
    return 0;

refused:
    execution_plan_release(&plan);
    return EXECUTION_REFUSED;
}
