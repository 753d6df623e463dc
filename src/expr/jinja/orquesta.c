/* SPDX-License-Identifier: Apache-2.0 */
/* What workflow expressions know of their run: ctx, item, task_status, result ... (contract: orquesta.md 6). */
#include "expr/jinja/engine.h"

#include "base/mem.h"
#include "expr/functions/functions.h"
#include "expr/suggest.h"
#include "expr/task.h"

static value own(struct ev *ev, const char *key)
{
    return value_map_get(ev->context->variables, key);
}

static bool hidden(value key)
{
    return value_len(key) >= 2 && memcmp(value_chars(key), "__", 2) == 0;
}

/* All variables but the engine's own; made once an evaluation, and not at all when there is nothing to hide. */
static int visible(struct ev *ev, value *ret)
{
    value variables = ev->context->variables;

    if (!value_is_set(ev->visible)) {
        ev->visible = value_map_new(value_map_count(variables));
        VALUE_MAP_EACH (i, variables) {
            value key = value_map_key_at(variables, i), item;

            if (value_is_string(key) && hidden(key))
                continue;
            if (ev_pay(ev, 1) < 0)
                return -1;
            if (!value_is_string(key))
                item = value_ref(value_map_item_at(variables, i));
            else if (ev_context_value(ev, key, &item) < 0)
                return -1;
            value_map_set(&ev->visible, value_ref(key), item);
        }
    }
    *ret = value_ref(ev->visible);
    return 0;
}

static int fn_ctx(struct ev *ev, struct bound *bound, value *ret)
{
    value key = bound->args[0], text = text_of(key);
    bool yes;

    if (!value_is_set(key))
        return visible(ev, ret);
    if (ev_truth(ev, key, &yes) < 0)
        return -1;
    if (!yes)
        return visible(ev, ret);
    if (value_is_set(text) && hidden(text))
        return ev_error(ev, "VariableInaccessibleError",
                        "The variable \"%s\" is for internal use and inaccessible.", value_chars(text));
    if (value_is_set(text) && (ev_context_value(ev, text, ret) < 0 || value_is_set(*ret)))
        return value_is_set(*ret) ? 0 : -1;
    BUFFER_AUTO(shown);

    if (ev_str(ev, key, &shown) < 0)
        return -1;
    ev_error(ev, "VariableUndefinedError", "The variable \"%s\" is undefined.", shown.data);
    suggest_key(ev->context->variables, shown.data, shown.len, ev->err);
    return -1;
}

static int fn_item(struct ev *ev, struct bound *bound, value *ret)
{
    value item = own(ev, "__current_item"), key = bound->args[0], found;
    bool yes = false;
    BUFFER_AUTO(shown);

    if (value_is_set(key) && ev_truth(ev, key, &yes) < 0)
        return -1;
    if (!yes) {
        *ret = value_is_set(item) ? value_ref(item) : value_null();
        return 0;
    }
    if (item.kind != VALUE_MAP)
        return ev_error(ev, "ExpressionEvaluationException", "Item is not type of collections.abc.Mapping.");
    found = value_map_get_value(item, key);
    if (value_is_set(found)) {
        *ret = value_ref(found);
        return 0;
    }
    if (ev_str(ev, key, &shown) < 0)
        return -1;
    ev_error(ev, "ExpressionEvaluationException", "Item does not have key \"%s\".", shown.data);
    suggest_key(item, shown.data, shown.len, ev->err);
    return -1;
}

static int current_task(struct ev *ev, value *ret)
{
    *ret = own(ev, "__current_task");
    if ((*ret).kind != VALUE_MAP || !value_map_count(*ret))
        return ev_error(ev, "ExpressionEvaluationException", "The current task is not set in the context.");
    return 0;
}

static int status_of(struct ev *ev, value id, int64_t route, value *ret)
{
    value state = own(ev, "__state"), entry, status;

    if (!value_is_string(id)) {
        *ret = value_text("null");
        return 0;
    }
    entry = route < 0 || route > 1000000 ? VALUE_NOTHING : task_entry(state, value_chars(id), route);
    status = value_map_get(entry, "status");
    *ret = value_is_null(status) ? value_text("null") : value_ref(status);
    return 0;
}

static int fn_task_status(struct ev *ev, struct bound *bound, value *ret)
{
    value task = own(ev, "__current_task"), id = text_of(bound->args[0]);
    int64_t route = value_map_int(task, "route", 0);

    if (value_is_set(bound->args[1]) && bound->args[1].kind != VALUE_NULL &&
        ev_index_of(ev, bound->args[1], &route) < 0)
        return -1;
    if (is_undefined(bound->args[0]))
        return undefined_raise(ev, bound->args[0]);
    return status_of(ev, id, route, ret);
}

static int current_status(struct ev *ev, value *ret)
{
    value task;

    if (current_task(ev, &task) < 0)
        return -1;
    return status_of(ev, value_map_get(task, "id"), value_map_int(task, "route", 0), ret);
}

static int fn_succeeded(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(status);

    if (current_status(ev, &status) < 0)
        return -1;
    *ret = value_bool(value_text_is(status, "succeeded"));
    return 0;
}

static int fn_failed(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(status);

    if (current_status(ev, &status) < 0)
        return -1;
    *ret = value_bool(value_text_is(status, "failed"));
    return 0;
}

static int fn_completed(struct ev *ev, struct bound *bound, value *ret)
{
    static const char *const completed[] = { "succeeded", "failed",    "expired",
                                             "timeout",   "abandoned", "canceled" };
    VALUE_AUTO(status);
    bool found = false;

    if (current_status(ev, &status) < 0)
        return -1;
    for (size_t i = 0; i < ELEMENTS(completed); i++)
        found = found || value_text_is(status, completed[i]);
    *ret = value_bool(found);
    return 0;
}

static int fn_result(struct ev *ev, struct bound *bound, value *ret)
{
    value task, result;

    if (current_task(ev, &task) < 0)
        return -1;
    result = value_map_get(task, "result");
    *ret = value_is_set(result) ? value_ref(result) : value_null();
    return 0;
}

static int fn_task(struct ev *ev, struct bound *bound, value *ret)
{
    for (int i = 0; i < 2; i++)
        if (is_undefined(bound->args[i]))
            return undefined_raise(ev, bound->args[i]);
    if (task_execution(ev->context,
                       value_is_set(text_of(bound->args[0])) ? text_of(bound->args[0]) : bound->args[0],
                       bound->args[1], ret, ev->err) == 0)
        return 0;
    ev_place(ev);
    return -1;
}

static int fn_json(struct ev *ev, struct bound *bound, value *ret)
{
    value text = text_of(bound->args[0]);
    ERROR_AUTO(err);

    if (bound->args[0].kind == VALUE_MAP) {
        *ret = value_ref(bound->args[0]);
        return 0;
    }
    if (is_undefined(bound->args[0]))
        return undefined_raise(ev, bound->args[0]);
    if (!value_is_set(text))
        return ev_error(ev, "TypeError", "Given object is not typeof string.");
    if (ev_pay_text(ev, value_len(text)) < 0)
        return -1;
    if (json_read(value_chars(text), value_len(text), JSON_PYTHON, ret, &err) < 0)
        return ev_error(ev, "JSONDecodeError", "%s", error_text(&err));
    return 0;
}

/* Rows of the arguments side by side, padded to the longest. */
static int fn_zip(struct ev *ev, struct bound *bound, value *ret)
{
    value pad = value_map_get(bound->named, "pad");
    size_t n = value_list_count(bound->rest), longest = 0;
    VALUE_AUTO(columns);
    VALUE_AUTO(rows);

    VALUE_MAP_EACH (i, bound->named) {
        if (!value_text_is(value_map_key_at(bound->named, i), "pad"))
            return ev_error(ev, "TypeError", "zip_() got an unexpected keyword argument '%s'",
                            value_chars(value_map_key_at(bound->named, i)));
    }
    if (n == 1) {
        *ret = value_ref(value_list_at(bound->rest, 0));
        return 0;
    }
    columns = value_list_new(n);
    VALUE_LIST_EACH (i, each, bound->rest) {
        value column;

        if (each.kind == VALUE_NULL)
            column = value_list_new(0);
        else if (ev_list(ev, each, &column) < 0)
            return -1;
        longest = value_list_count(column) > longest ? value_list_count(column) : longest;
        value_list_append(&columns, column);
    }
    if (ev_pay_items(ev, longest * (n + 1)) < 0)
        return -1;
    rows = value_list_new(longest);
    for (size_t i = 0; i < longest; i++) {
        value row = value_tuple_new(n);

        VALUE_LIST_EACH (k, column, columns) {
            value cell = value_list_at(column, i);

            value_list_append(&row, value_is_set(cell)  ? value_ref(cell)
                                    : value_is_set(pad) ? value_ref(pad)
                                                        : value_null());
        }
        value_list_append(&rows, row);
    }
    *ret = value_take(&rows);
    return 0;
}

static int fn_st2kv(struct ev *ev, struct bound *bound, value *ret)
{
    const struct expr_host *host = ev->context->host;
    value key = text_of(bound->args[0]), otherwise = bound->args[1], decrypt = bound->args[2];
    const char *name, *scope;

    if (!value_is_set(key))
        return ev_error(ev, "TypeError", "Given key is not typeof string.");
    if (value_is_set(decrypt) && decrypt.kind != VALUE_BOOL)
        return ev_error(ev, "TypeError", "Decrypt parameter is not typeof bool.");
    name = fn_datastore_name(value_chars(key), &scope);
    if (!host || !host->datastore_get)
        return ev_error(ev, "ExpressionEvaluationException", "The datastore cannot be read from here.");
    *ret = VALUE_NOTHING;
    if (host->datastore_get(host->data, scope, name, value_is_set(decrypt) && decrypt.boolean, ret, ev->err) <
        0)
        return -1;
    if (value_is_set(*ret))
        return 0;
    if (!value_is_set(otherwise))
        return ev_error(ev, "ExpressionEvaluationException",
                        "The key \"%s\" does not exist in the StackStorm datastore.", name);
    *ret = value_ref(otherwise);
    return 0;
}

const struct builtin orquesta_functions[] = {
    { "ctx", "ctx", fn_ctx, BUILTIN_CONTEXT, 0, 1, { "key" } },
    { "item", "item", fn_item, BUILTIN_CONTEXT, 0, 1, { "key" } },
    { "task_status", "task_status_", fn_task_status, BUILTIN_CONTEXT, 1, 2, { "task_id", "route" } },
    { "succeeded", "succeeded_", fn_succeeded, BUILTIN_CONTEXT, 0, 0, { 0 } },
    { "failed", "failed_", fn_failed, BUILTIN_CONTEXT, 0, 0, { 0 } },
    { "completed", "completed_", fn_completed, BUILTIN_CONTEXT, 0, 0, { 0 } },
    { "result", "result_", fn_result, BUILTIN_CONTEXT, 0, 0, { 0 } },
    { "task", "task_", fn_task, BUILTIN_CONTEXT, 0, 2, { "task_id", "route" } },
    { "json", "json_", fn_json, BUILTIN_CONTEXT, 1, 1, { "v" } },
    { "zip", "zip_", fn_zip, BUILTIN_CONTEXT | BUILTIN_VARARGS | BUILTIN_KWARGS, 0, 0, { 0 } },
    { "st2kv", "st2kv_", fn_st2kv, BUILTIN_CONTEXT, 1, 3, { "key", "default", "decrypt" } },
    { 0 },
};
