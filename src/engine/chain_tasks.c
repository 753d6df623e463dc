/* SPDX-License-Identifier: Apache-2.0 */
/* From the task that is next to the execution that carries it out, from its end to what the chain shows of it. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "chains-internal.h"
#include "engine/datastore.h"
#include "model/parameters.h"
#include "value/json.h"

/* Of the chain's own context, which is handed on. */
#define CONTEXT_DEPTH_MAX 60
#define CONTEXT_BYTES_MAX (1 << 20)

/* ---- what is shown ---- */

static void put_time(value *map, const char *name, int64_t at_us)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(at_us, text);
    text[26] = '\0'; /* the Z */
    value_map_set_text(map, name, value_textf("%s+00:00", text));
}

static value id_or_null(struct engine *engine, int64_t seq)
{
    char id[OBJECT_ID_SIZE];

    if (!seq)
        return value_null();
    engine_format_id(engine, seq, id);
    return value_text(id);
}

/* A task under way shows what its execution shows. */
static value task_shown(struct engine *engine, const struct chain_run *run, const struct chain_task *task)
{
    const struct execution *x =
        task->updated_us
            ? NULL
            : strmap_get_n(&engine->active, (const char *)&task->execution, sizeof(task->execution));
    value shown = value_map_new(9), name = value_text(run->spec->nodes[task->node].name),
          result = x ? x->row.result : task->result;

    value_map_put(&shown, "id", name);
    value_map_put(&shown, "name", value_ref(name));
    value_map_put(&shown, "execution_id", id_or_null(engine, task->execution));
    value_map_put(&shown, "liveaction_id", id_or_null(engine, task->execution ? task->execution - 1 : 0));
    value_map_put(&shown, "workflow", value_null());
    put_time(&shown, "created_at", task->created_us);
    put_time(&shown, "updated_at", task->updated_us ? task->updated_us : engine->now_us);
    value_map_put(&shown, "state", value_text(execution_status_text(x ? x->row.status : task->state)));
    value_map_put(&shown, "result", value_is_set(result) ? value_ref(result) : value_null());
    return shown;
}

value chain_result(struct engine *engine, const struct chain *chain)
{
    const struct chain_run *run = chain->run;
    value result = value_map_new(2), tasks = value_list_new(run->n_tasks);

    for (size_t i = 0; i < run->n_tasks; i++)
        value_list_append(&tasks, task_shown(engine, run, &run->tasks[i]));
    value_map_put(&result, "tasks", tasks);
    if (value_map_bool(chain->row.more, "display_published", true))
        value_map_put(&result, "published", value_ref(run->published));
    return result;
}

/* ---- contexts ---- */

/* The chain as its tasks know it: its execution and its context but for the variables it keeps there; of a huge one, what
   everybody needs. */
static value parent_context(struct engine *engine, const struct execution *x)
{
    static const char *const always[] = { "user", "pack", "api_user", "source_channel" };
    value parent = value_map_new(4);
    VALUE_AUTO(inherited);

    value_map_put(&parent, "execution_id", id_or_null(engine, x->row.seq));
    inherited = value_ref(x->row.context);
    value_map_remove(&inherited, "vars");
    if (value_depth(inherited) <= CONTEXT_DEPTH_MAX && json_size(inherited) <= CONTEXT_BYTES_MAX) {
        value_map_update(&parent, inherited);
        return parent;
    }
    for (size_t i = 0; i < ELEMENTS(always); i++)
        if (value_map_has(x->row.context, always[i]))
            value_map_set_text(&parent, always[i], value_ref(value_map_get(x->row.context, always[i])));
    return parent;
}

/* Beside the chain's own names: action_context and config_context. */
static value rendering_contexts(struct engine *engine, const struct execution *x)
{
    const char *pack = value_map_chars(x->row.context, "pack");
    value contexts = value_map_new(2), action_context = value_map_new(1);
    VALUE_AUTO(config);

    config = engine_object(engine, OBJECT_CONFIG, pack ? pack : "");
    value_map_put(&action_context, "parent", parent_context(engine, x));
    value_map_put(&contexts, "action_context", action_context);
    value_map_put(&contexts, "config_context",
                  value_map_has(config, "values") ? value_ref(value_map_get(config, "values"))
                                                  : value_map_new(0));
    return contexts;
}

/* The datastore as the chain's user sees it. */
struct sight {
    struct datastore_view view;
    struct expr_host host;
    struct chain_scope scope;
};

static void look_as(struct engine *engine, const struct chain *chain, const char *user, struct sight *ret)
{
    ret->view =
        (struct datastore_view){ .catalog = engine->config.catalog, .user = user, .now_us = engine->now_us };
    ret->host = datastore_host(&ret->view);
    ret->scope = (struct chain_scope){
        .host = &ret->host,
        .now_us = engine->now_us,
        .random_seed = (uint64_t)(engine->now_us ^ chain->row.seq) + chain->run->n_tasks,
    };
}

/* ---- requesting ---- */

static int cast_all(value action, value runner, value given, value *ret, struct error *err)
{
    VALUE_AUTO(cast);
    VALUE_AUTO(definitions);

    definitions = parameters_merged(action, runner);
    cast = value_map_new(value_map_count(given));
    VALUE_MAP_EACH (i, given) {
        value name = value_map_key_at(given, i), item;

        if (parameter_cast(value_map_get_value(definitions, name), value_map_item_at(given, i), &item, err) <
            0)
            return error_prefix(err, -EINVAL, "The parameter \"%s\" cannot be cast", value_chars(name));
        value_map_set(&cast, value_ref(name), item);
    }
    *ret = value_take(&cast);
    return 0;
}

/* The parameters of the next task. Negative: `reason` is told, and the chain is over. */
static int make_parameters(struct engine *engine, const struct chain *chain, const struct execution *x,
                           const struct chain_node *node, value *ret, struct error *reason)
{
    struct sight sight;
    const char *runner_name;
    VALUE_AUTO(action);
    VALUE_AUTO(runner);
    VALUE_AUTO(contexts);
    VALUE_AUTO(rendered);

    action = engine_object(engine, OBJECT_ACTION, node->ref);
    if (!value_is_set(action))
        return error_set(reason, -ENOENT, "Action with reference \"%s\" doesn't exist.", node->ref);
    look_as(engine, chain, value_map_chars(x->row.context, "user"), &sight);
    sight.scope.contexts = contexts = rendering_contexts(engine, x);
    if (chain_run_parameters(chain->run, &sight.scope, &rendered, reason) < 0)
        return -EINVAL;
    runner_name = value_map_chars(action, "runner_type");
    runner = engine_object(engine, OBJECT_RUNNER_TYPE, runner_name ? runner_name : "");
    return cast_all(action, runner, rendered, ret, reason);
}

static bool is_silent(const struct chain *chain, const char *task)
{
    VALUE_LIST_EACH (i, name, value_map_get(chain->row.more, "skip_notify")) {
        if (value_text_is(name, task))
            return true;
    }
    return false;
}

/* 0; EXECUTION_REFUSED: `reason` is told. */
static int make_plan(struct engine *engine, const struct chain *chain, const struct execution *x,
                     const struct chain_node *node, value parameters, struct execution_plan *ret,
                     struct error *reason)
{
    struct execution_request request = {
        .action = node->ref,
        .parameters = parameters,
        .literal = true,
        .user = value_map_chars(x->row.context, "user"),
        .parent = x->row.seq,
        .trace = x->row.trace,
        .silent = is_silent(chain, node->name),
    };
    VALUE_AUTO(context);
    int r;

    context = value_map_new(4);
    value_map_put(&context, "parent", parent_context(engine, x));
    value_map_put(&context, "chain", value_ref(node->document));
    request.context = context;
    request.notify = value_is_set(node->notify) ? node->notify : value_map_get(x->row.more, "notify");
    r = execution_plan(engine->config.catalog, NULL, engine->now_us, &request, ret, reason);
    if (r == 0)
        ret->row.root = x->row.root ? x->row.root : x->row.seq;
    return r;
}

static value refusal(const char *task, const char *text)
{
    value result = value_map_new(2);
    CLEANUP(freep)
    char *message = xasprintf("Task \"%s\" failed: %s", task, text);

    value_map_put(&result, "error", value_text_checked(message, strlen(message)));
    value_map_put(&result, "traceback", value_text(""));
    return result;
}

static int request(struct engine *engine, struct chain *chain, const struct execution *x,
                   const struct chain_node *node, value parameters, struct error *err)
{
    struct execution_plan plan = { 0 };
    struct execution_row row = { 0 };
    VALUE_AUTO(refused);
    ERROR_AUTO(reason);
    int r;

    chain_touch(engine, chain);
    if (make_plan(engine, chain, x, node, parameters, &plan, &reason) != 0) {
        chain_run_started(chain->run, 0, engine->now_us);
        refused = refusal(node->name, error_text(&reason));
        return chain_task_ended(engine, chain, x, EXECUTION_FAILED, refused, err);
    }
    r = execution_accept(engine, &plan, &row, err);
    if (r < 0)
        return r;
    chain_run_started(chain->run, row.seq, row.start_us);
    execution_row_release(&row);
    return 0;
}

int chain_start_next(struct engine *engine, struct chain *chain, struct execution *x, struct error *err)
{
    const struct chain_run *run = chain->run;
    const struct chain_node *node;
    VALUE_AUTO(parameters);
    ERROR_AUTO(reason);

    if (run->next == CHAIN_NODE_NONE)
        return chain_end(engine, chain, run->outcome, NULL, true, err);
    node = &run->spec->nodes[run->next];
    if (make_parameters(engine, chain, x, node, &parameters, &reason) < 0) {
        error_prefix(&reason, 0, "Failed to run task \"%s\"", node->name);
        return chain_end(engine, chain, EXECUTION_FAILED, error_text(&reason), true, err);
    }
    return request(engine, chain, x, node, parameters, err);
}

/* ---- the end of a task ---- */

static void note_published(struct chain *chain, const struct chain_node *node)
{
    VALUE_MAP_EACH (i, node->publish) {
        value name = value_map_key_at(node->publish, i), v = value_map_get_value(chain->run->vars, name);

        if (value_is_set(v))
            value_map_set(&chain->unsaved, value_ref(name), value_ref(v));
    }
}

int chain_task_ended(struct engine *engine, struct chain *chain, const struct execution *x,
                     enum execution_status state, value result, struct error *err)
{
    size_t node = chain_run_current(chain->run)->node;
    struct sight sight;
    ERROR_AUTO(reason);
    int r;

    chain_touch(engine, chain);
    look_as(engine, chain, "", &sight);
    r = chain_run_ended(chain->run, state, result, &sight.scope, &reason);
    note_published(chain, &chain->run->spec->nodes[node]);
    /* What is being canceled has nothing to go on with, so nothing can be in its way. */
    if (r != 0 && x->row.status != EXECUTION_CANCELING)
        return chain_end(engine, chain, EXECUTION_FAILED, error_text(&reason), r != CHAIN_PUBLISH_FAILED,
                         err);
    return chain->run->outcome == EXECUTION_CANCELED
               ? chain_end(engine, chain, EXECUTION_CANCELED, NULL, true, err)
               : 0;
}
