/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of workflows: the context, the item, tasks and their results, the datastore; and, bound from their own
   table, those that StackStorm gives to both languages. */
#include "expr/yaql/workflow.h"

#include "expr/functions/functions.h"
#include "expr/suggest.h"
#include "expr/task.h"
#include "value/json.h"

/* ---- the context ---- */

static bool is_private(value name)
{
    return value_is_string(name) && value_len(name) >= 2 && memcmp(value_chars(name), "__", 2) == 0;
}

/* A set or tuple made by another language and handed on without a round trip through JSON. */
value workflow_input(struct evaluation *ev, value v)
{
    value out;

    if (v.kind != VALUE_SET && v.kind != VALUE_TUPLE)
        return value_ref(v);
    if (v.kind == VALUE_TUPLE) {
        out = value_list_new(v.list->count);
        value_list_extend(&out, v);
        return out;
    }
    out = yaql_set_new(ev);
    VALUE_MAP_EACH (i, v) {
        VALUE_AUTO(item);

        item = yaql_unkey(value_map_key_at(v, i));
        yaql_set_insert(ev, out, item);
    }
    return out;
}

static bool has_private(value variables)
{
    VALUE_MAP_EACH (i, variables) {
        if (is_private(value_map_key_at(variables, i)))
            return true;
    }
    return false;
}

/* Everything that does not start with "__"; made once for an evaluation. */
static value visible(struct evaluation *ev)
{
    value variables = ev->context->variables, map;

    if (value_is_set(ev->visible))
        return ev->visible;
    if (!value_is_map(variables)) {
        map = value_map_new(0);
    } else if (!has_private(variables)) {
        map = value_ref(variables);
    } else {
        map = value_map_new(value_map_count(variables));
        VALUE_MAP_EACH (i, variables) {
            if (!is_private(value_map_key_at(variables, i)))
                value_map_set(&map, value_ref(value_map_key_at(variables, i)),
                              value_ref(value_map_item_at(variables, i)));
        }
    }
    ev->visible = map;
    return map;
}

int workflow_variable(struct evaluation *ev, value name, value *ret)
{
    value found;

    if (!yaql_truth(name)) {
        *ret = value_ref(visible(ev));
        return 0;
    }
    if (is_private(name))
        return yaql_fail(ev, "VariableInaccessibleError",
                         "The variable \"%s\" is for internal use and inaccessible.", value_chars(name));
    if (!value_is_string(name))
        return yaql_fail(ev, "AttributeError", "'%s' object has no attribute 'startswith'",
                         yaql_type_name(name));
    found = value_map_get_value(ev->context->variables, name);
    if (!value_is_set(found)) {
        yaql_fail(ev, "VariableUndefinedError", "The variable \"%s\" is undefined.", value_chars(name));
        suggest_key(ev->context->variables, value_chars(name), value_len(name), ev->err);
        return -EINVAL;
    }
    *ret = workflow_input(ev, found);
    return 0;
}

value workflow_private(struct evaluation *ev, value name)
{
    value found;

    if (!is_private(name))
        return value_null();
    if (value_text_is(name, "__vars"))
        return value_ref(ev->context->variables);
    if (!value_text_is(name, "__state") && !value_text_is(name, "__current_task") &&
        !value_text_is(name, "__current_item"))
        return value_null();
    found = value_map_get_value(ev->context->variables, name);
    return value_is_set(found) ? value_ref(found) : value_null();
}

static int ctx(struct call *c, value *ret)
{
    return workflow_variable(c->ev, c->args[0].v, ret);
}

static value variable(const struct call *c, const char *name)
{
    value found = value_map_get(c->ev->context->variables, name);

    return value_is_set(found) ? found : value_null();
}

/* ---- items and tasks ---- */

static int item(struct call *c, value *ret)
{
    BUFFER_AUTO(text);
    value current = variable(c, "__current_item"), key = c->args[0].v, found;
    int r;

    if (!yaql_truth(key)) {
        *ret = workflow_input(c->ev, current);
        return 0;
    }
    if (!value_is_map(current))
        return yaql_fail(c->ev, "ExpressionEvaluationException",
                         "Item is not type of collections.abc.Mapping.");
    r = yaql_map_find(c->ev, current, key, &found);
    if (r < 0)
        return r;
    if (!value_is_set(found)) {
        yaql_python_str(c->ev, key, &text);
        yaql_fail(c->ev, "ExpressionEvaluationException", "Item does not have key \"%s\".",
                  buffer_text(&text));
        suggest_key(current, buffer_text(&text), text.len, c->ev->err);
        return -EINVAL;
    }
    *ret = workflow_input(c->ev, found);
    return 0;
}

static int current_task(struct call *c, value *ret)
{
    value task = variable(c, "__current_task");

    if (!value_truth(task))
        return yaql_fail(c->ev, "ExpressionEvaluationException",
                         "The current task is not set in the context.");
    *ret = task;
    return 0;
}

static const char *status_of(struct call *c, value id, value route)
{
    value state = variable(c, "__state"), entry;
    const char *status;

    if (route.kind != VALUE_INT)
        route = value_map_get(variable(c, "__current_task"), "route");
    entry = task_entry(state, value_chars(id), route.kind == VALUE_INT ? route.integer : 0);
    status = value_map_chars(entry, "status");
    return status ? status : "null";
}

static int task_status(struct call *c, value *ret)
{
    VALUE_AUTO(id);
    int r = yaql_str(c->ev, c->args[0].v, &id);

    if (r < 0)
        return r;
    *ret = value_text(status_of(c, id, c->args[1].v));
    return 0;
}

/* `data` of the functions that ask how the current task ended: the statuses that count. */
static const char *const succeeded_statuses[] = { "succeeded", NULL };
static const char *const failed_statuses[] = { "failed", NULL };
static const char *const completed_statuses[] = { "succeeded", "failed",  "timeout", "abandoned",
                                                  "canceled",  "expired", NULL };

static int has_status(struct call *c, value *ret)
{
    const char *const *wanted = c->function->data;
    const char *status;
    value task, id;
    int r = current_task(c, &task);

    if (r < 0)
        return r;
    id = value_map_get(task, "id");
    status = value_is_string(id) ? status_of(c, id, VALUE_NOTHING) : "null";
    *ret = value_bool(false);
    for (; *wanted; wanted++)
        if (strcmp(status, *wanted) == 0)
            *ret = value_bool(true);
    return 0;
}

static int result(struct call *c, value *ret)
{
    value task, found;
    int r = current_task(c, &task);

    if (r < 0)
        return r;
    found = value_map_get(task, "result");
    *ret = value_is_set(found) ? workflow_input(c->ev, found) : value_null();
    return 0;
}

static int task(struct call *c, value *ret)
{
    VALUE_AUTO(found);
    int r = task_execution(c->ev->context, c->args[0].v, c->args[1].v, &found, c->ev->err);

    if (r >= 0)
        *ret = yaql_from_plain(c->ev, found);
    return r;
}

/* ---- data ---- */

static int json(struct call *c, value *ret)
{
    VALUE_AUTO(plain);
    ERROR_AUTO(err);
    value v = c->args[0].v;

    if (value_is_object(v, &yaql_dict_ops)) {
        *ret = value_ref(v);
        return 0;
    }
    if (!value_is_string(v))
        return yaql_fail(c->ev, "TypeError", "Given object is not typeof string.");
    if (json_read(value_chars(v), value_len(v), JSON_PYTHON, &plain, &err) < 0)
        return yaql_fail(c->ev, "JSONDecodeError", "%s", error_text(&err));
    *ret = yaql_from_plain(c->ev, plain);
    return 0;
}

/* Rows of the lists, the shorter ones padded. One argument is given back as it is. */
static int zip(struct call *c, value *ret)
{
    VALUE_AUTO(lists);
    VALUE_AUTO(rows);
    value pad = value_null();
    size_t longest = 0;

    if (c->n_named > 1 || (c->n_named == 1 && !value_text_is(c->named[0].text, "pad")))
        return yaql_fail(c->ev, "NoMatchingFunctionException",
                         "No function \"zip\" matches supplied arguments");
    if (c->n_named)
        pad = c->named[0].arg.v;
    if (c->n_rest == 1) {
        *ret = value_ref(c->rest[0].v);
        return 0;
    }
    lists = value_list_new(c->n_rest);
    rows = value_list_new(0);
    for (size_t i = 0; i < c->n_rest; i++) {
        value list;
        int r;

        if (value_is_null(c->rest[i].v)) {
            list = value_list_new(0);
        } else if (!yaql_is_iterable(c->rest[i].v)) {
            return yaql_fail(c->ev, "TypeError", "'%s' object is not iterable", yaql_type_name(c->rest[i].v));
        } else {
            r = yaql_to_list(c->ev, c->rest[i].v, &list);
            if (r < 0)
                return r;
        }
        longest = value_list_count(list) > longest ? value_list_count(list) : longest;
        value_list_append(&lists, list);
    }
    for (size_t at = 0; at < longest; at++) {
        value row = value_list_new(c->n_rest);
        int r = yaql_step(c->ev);

        yaql_charge(c->ev, 4 + 2 * c->n_rest);

        for (size_t i = 0; i < c->n_rest; i++) {
            value item_at = value_list_at(value_list_at(lists, i), at);

            value_list_append(&row, value_ref(value_is_set(item_at) ? item_at : pad));
        }
        if (r >= 0)
            r = yaql_append(c->ev, &rows, value_ref(row));
        value_unref(row);
        if (r < 0)
            return r;
    }
    *ret = value_take(&rows);
    return 0;
}

/* ---- the outside ---- */

static int st2kv(struct call *c, value *ret)
{
    const struct expr_host *host = c->ev->context->host;
    value key = c->args[0].v, decrypt = c->args[2].v;
    VALUE_AUTO(found);
    const char *text, *scope;
    int r;

    if (!value_is_string(key))
        return yaql_fail(c->ev, "TypeError", "Given key is not typeof string.");
    if (arg_given(c, 2) && decrypt.kind != VALUE_BOOL)
        return yaql_fail(c->ev, "TypeError", "Decrypt parameter is not typeof bool.");
    if (!host || !host->datastore_get)
        return yaql_fail(c->ev, "ExpressionEvaluationException", "The datastore is not available here.");
    text = fn_datastore_name(value_chars(key), &scope);
    r = host->datastore_get(host->data, scope, text, arg_bool(c, 2), &found, c->ev->err);
    if (r < 0)
        return r;
    if (!value_is_set(found) && arg_given(c, 1)) {
        *ret = value_ref(c->args[1].v);
        return 0;
    }
    if (!value_is_set(found))
        return yaql_fail(c->ev, "ExpressionEvaluationException",
                         "The key \"%s\" does not exist in the StackStorm datastore.", text);
    *ret = value_take(&found);
    return 0;
}

#define KEY            PARAMS({ "key", T_ANY, OPTIONAL })
#define TASK_ID(flags) PARAMS({ "taskId", T_ANY, flags }, { "route", T_ANY, OPTIONAL })

const struct function yaql_workflow[] = {
    { "ctx", FUNCTION, ctx, KEY },
    { "item", FUNCTION, item, KEY },
    { "task_status", FUNCTION, task_status, TASK_ID(0) },
    { "succeeded", FUNCTION, has_status, .data = succeeded_statuses },
    { "failed", FUNCTION, has_status, .data = failed_statuses },
    { "completed", FUNCTION, has_status, .data = completed_statuses },
    { "result", FUNCTION, result },
    { "task", FUNCTION, task, TASK_ID(OPTIONAL) },
    { "json", FUNCTION, json, PARAMS({ "value", T_ANY }) },
    { "zip", FUNCTION | REST | NAMED_REST, zip, .rest = T_ANY },
    { "st2kv", FUNCTION, st2kv,
      PARAMS({ "key", T_ANY }, { "default", T_ANY, OPTIONAL }, { "decrypt", T_ANY, OPTIONAL }) },
    { 0 },
};

/* ---- the functions of both languages ---- */

/* A map that stands in a list: what JSON and YAML writers of the reference engine do not know. */
static bool has_frozen(struct evaluation *ev, value v, bool in_list, unsigned depth)
{
    if (++ev->steps > ev->limits.steps) /* true ends the walk, and the evaluation is over anyway */
        return true;
    if (depth > VALUE_DEPTH_MAX)
        return false;
    if (v.kind == VALUE_MAP && in_list)
        return true;
    if (yaql_is_map(v)) {
        bool here = v.kind == VALUE_OBJECT && in_list;

        v = yaql_map_of(v);
        VALUE_MAP_EACH (i, v) {
            if (has_frozen(ev, value_map_item_at(v, i), here, depth + 1))
                return true;
        }
        return false;
    }
    for (size_t i = 0; i < value_list_count(v); i++)
        if (has_frozen(ev, value_list_at(v, i), true, depth + 1))
            return true;
    return false;
}

static int check_plain(struct call *c, value v)
{
    int r = yaql_step(c->ev);

    if (r < 0)
        return r;
    if (yaql_is_map(v)) {
        v = yaql_map_of(v);
        for (size_t i = 0; i < value_map_count(v) && r >= 0; i++)
            r = check_plain(c, value_map_item_at(v, i));
        return r;
    }
    if (v.kind == VALUE_OBJECT)
        return yaql_fail(c->ev, "TypeError", "Object of type %s is not JSON serializable", yaql_type_name(v));
    for (size_t i = 0; i < value_list_count(v) && r >= 0; i++)
        r = check_plain(c, value_list_at(v, i));
    return r;
}

/* Calls a function of the shared table, `data`. */
static int shared(struct call *c, value *ret)
{
    const struct fn *fn = c->function->data;
    struct fn_call call = { .limits = &c->ev->limits, .yaql = has_frozen(c->ev, c->args[0].v, false, 0) };
    value args[FN_ARGS_MAX] = { 0 };
    VALUE_AUTO(out);
    int r = 0;

    c->ev->bytes_out = 0; /* what a call gets is counted anew: it costs steps, too */
    for (size_t i = 0; i < fn->max_args && r >= 0; i++) {
        if (!arg_given(c, i))
            continue;
        r = check_plain(c, c->args[i].v);
        if (r >= 0)
            r = yaql_finalize(c->ev, c->args[i].v, &args[i]);
        yaql_charge(c->ev, 4 + fn_cost(fn, value_len(c->args[i].v)));
    }
    if (r >= 0)
        r = fn->function(&call, args, &out, c->ev->err);
    if (r >= 0)
        yaql_charge(c->ev, fn_cost(fn, value_len(out)));
    if (r >= 0)
        *ret = yaql_from_plain(c->ev, out);
    for (size_t i = 0; i < fn->max_args; i++)
        value_unref(args[i]);
    return r;
}

/* The defaults of the reference's functions say which types their parameters take. */
static enum param_type type_by_name(const char *name)
{
    static const struct {
        const char *name;
        enum param_type type;
    } types[] = {
        { "ignorecase", T_BOOL_N },
        { "sortKeys", T_BOOL_N },
        { "allowUnicode", T_BOOL_N },
        { "resultIndex", T_INT_N },
    };

    for (size_t i = 0; i < ELEMENTS(types); i++)
        if (strcmp(types[i].name, name) == 0)
            return types[i].type;
    return T_ANY;
}

/* Rows for the whole shared table, made once and kept for the life of the process. */
void workflow_add_shared(void (*add)(const struct function *function))
{
    size_t count;
    const struct fn *fns = fn_table(&count);
    struct function *functions = xcalloc(count, sizeof(*functions));
    struct param *params = xcalloc(count * (FN_ARGS_MAX + 1), sizeof(*params));

    for (size_t i = 0; i < count; i++) {
        struct param *own = &params[i * (FN_ARGS_MAX + 1)];

        if (!(fns[i].where & FN_ORQUESTA))
            continue;
        for (size_t k = 0; k < fns[i].max_args; k++)
            own[k] = (struct param){ fns[i].yaql_args[k], (uint8_t)type_by_name(fns[i].yaql_args[k]),
                                     k < fns[i].min_args ? 0 : OPTIONAL };
        functions[i] = (struct function){
            .name = fns[i].name, .flags = FUNCTION, .call = shared, .params = own, .data = &fns[i]
        };
        add(&functions[i]);
    }
}
