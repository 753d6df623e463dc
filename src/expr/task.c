/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/task.h"

static value entry_on(value state, const char *id, int64_t route)
{
    VALUE_AUTO(key);
    value at;

    key = value_textf("%s__r%lld", id, (long long)route);
    at = value_map_get_value(value_map_get(state, "tasks"), key);
    if (at.kind != VALUE_INT || at.integer < 0)
        return VALUE_NOTHING;
    return value_list_at(value_map_get(state, "sequence"), (size_t)at.integer);
}

/* Are all steps of one route among those of another? */
static bool is_part_of(value route, value of)
{
    VALUE_LIST_EACH (i, step, route) {
        bool found = false;

        for (size_t k = 0; k < value_list_count(of) && !found; k++)
            found = value_equal(step, value_list_at(of, k));
        if (!found)
            return false;
    }
    return true;
}

value task_entry(value state, const char *id, int64_t route)
{
    value routes = value_map_get(state, "routes"), entry = entry_on(state, id, route), current;

    if (value_is_set(entry) || route <= 0 || (size_t)route >= value_list_count(routes))
        return entry;
    current = value_list_at(routes, (size_t)route);
    while (!value_is_set(entry) && --route >= 0)
        if (is_part_of(value_list_at(routes, (size_t)route), current))
            entry = entry_on(state, id, route);
    return entry;
}

int task_execution(const struct expr_context *context, value id, value route, value *ret, struct error *err)
{
    static const char kind[] = "ExpressionEvaluationException";
    const struct expr_host *host = context->host;
    value current = value_map_get(context->variables, "__current_task"), entry;
    int r;

    if (value_is_null(id))
        id = value_map_get(current, "id");
    if (value_is_null(route))
        route = value_map_get(current, "route");
    if (value_is_null(id))
        return error_set_kind(err, -EINVAL, kind, "The current task is not set in the context.");
    if (!value_is_string(id) || (!value_is_null(route) && route.kind != VALUE_INT))
        return error_set_kind(err, -EINVAL, "TypeError",
                              "The id of a task is a string, its route an integer.");
    if (!host || !host->task_get)
        return error_set_kind(err, -EINVAL, kind, "The executions of tasks cannot be read from here.");
    if (value_is_null(route))
        route = value_int(0);
    entry = task_entry(value_map_get(context->variables, "__state"), value_chars(id), route.integer);
    *ret = VALUE_NOTHING;
    r = host->task_get(host->task_data, value_chars(id), value_map_int(entry, "route", route.integer), ret,
                       err);
    if (r < 0)
        return r;
    if (!value_is_set(*ret))
        return error_set_kind(err, -EINVAL, kind, "Unable to find task execution for \"%s\".",
                              value_chars(id));
    return 0;
}
