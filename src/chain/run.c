/* SPDX-License-Identifier: Apache-2.0 */
#include "chain/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "value/json.h"

/* ---- names ---- */

/* Names of the datastore stay what they are. */
static void set_name(struct chain_run *run, const char *name, value v)
{
    if (strcmp(name, "st2kv") != 0 && strcmp(name, "system") != 0)
        value_map_set_text(&run->names, name, value_ref(v));
}

static void set_result(struct chain_run *run, const char *task, value result)
{
    if (!value_map_has(run->vars, task))
        set_name(run, task, result);
    value_map_set_text(&run->results, task, value_ref(result));
}

static void set_var(struct chain_run *run, const char *name, value v, bool published)
{
    if (value_map_has(run->vars, name))
        run->bytes -= json_size(value_map_get(run->vars, name));
    run->bytes += json_size(v);
    value_map_set_text(&run->vars, name, value_ref(v));
    set_name(run, name, v);
    if (published)
        value_map_set_text(&run->published, name, value_ref(v));
}

/* ---- rendering ---- */

/* Variables see the datastore of the user, tasks see that of the system only. */
struct system_only {
    struct expr_host host;
    const struct expr_host *wide;
};

static int get_of_system(void *data, const char *scope, const char *key, bool decrypt, value *ret,
                         struct error *err)
{
    const struct system_only *narrow = data;

    if (!scope || strcmp(scope, "system") != 0)
        return error_set_kind(err, -EINVAL, "UndefinedError", "'dict object' has no attribute '%s'",
                              scope ? scope : "");
    return narrow->wide->datastore_get(narrow->wide->data, scope, key, decrypt, ret, err);
}

static int decrypt_as_wide(void *data, const char *ciphertext, value *ret, struct error *err)
{
    const struct system_only *narrow = data;

    return narrow->wide->decrypt(narrow->wide->data, ciphertext, ret, err);
}

static struct system_only narrowed(const struct expr_host *wide)
{
    return (struct system_only){
        .wide = wide,
        .host = { .datastore_get = wide && wide->datastore_get ? get_of_system : NULL,
                  .decrypt = wide && wide->decrypt ? decrypt_as_wide : NULL },
    };
}

static bool has_template(const char *text)
{
    return strstr(text, "{{") || strstr(text, "{%") || strstr(text, "{#");
}

/* What rendering leaves as it is keeps its type; of the rest, lists and maps are rendered as their JSON text and read back. */
static int render_one(value v, const struct expr_context *context, value *ret, struct error *err)
{
    BUFFER_AUTO(json);
    VALUE_AUTO(text);
    int r;

    if (value_is_string(v))
        return expr_evaluate_text(value_chars(v), value_len(v), EXPR_TEMPLATE, context, ret, err);
    if (value_is_map(v) || value_is_list(v))
        json_write(&json, v, JSON_COMPACT);
    if (!has_template(buffer_text(&json))) {
        *ret = value_ref(v);
        return 0;
    }
    r = expr_evaluate_text(json.data, json.len, EXPR_TEMPLATE, context, &text, err);
    return r < 0 ? r : json_read(value_chars(text), value_len(text), JSON_PYTHON, ret, err);
}

/* `what` is what the values are, for messages: "the parameter". */
static int render_all(value map, const struct expr_context *context, const char *what, value *ret,
                      struct error *err)
{
    VALUE_AUTO(rendered);

    rendered = value_map_new(value_map_count(map));
    VALUE_MAP_EACH (i, map) {
        value name = value_map_key_at(map, i), item;
        int r = render_one(value_map_item_at(map, i), context, &item, err);

        if (r < 0)
            return error_prefix(err, r, "Failed to render %s \"%s\"", what, value_chars(name));
        value_map_set(&rendered, value_ref(name), item);
    }
    *ret = value_take(&rendered);
    return 0;
}

/* With the names of the chain. */
static int render_named(const struct chain_run *run, const struct chain_scope *scope, value contexts,
                        value map, const char *what, value *ret, struct error *err)
{
    static const char *const lazy[] = { "st2kv", "system", NULL };
    struct system_only narrow = narrowed(scope->host);
    struct expr_context context = {
        .host = &narrow.host, .now_us = scope->now_us, .random_seed = scope->random_seed, .lazy_roots = lazy
    };
    VALUE_AUTO(variables);

    narrow.host.data = &narrow;
    variables = value_ref(run->names);
    if (run->spec->reads_results)
        value_map_put(&variables, "__results", value_ref(run->results));
    value_map_update(&variables, contexts);
    if (run->spec->reads_context)
        value_map_put(&variables, "__context", value_ref(variables));
    context.variables = variables;
    return render_all(map, &context, what, ret, err);
}

/* ---- the run ---- */

struct chain_run *chain_run_new(struct chain_spec *spec, value parameters)
{
    struct chain_run *run = xcalloc(1, sizeof(*run));

    *run = (struct chain_run){
        .spec = spec,
        .vars = value_map_new(4),
        .published = value_map_new(4),
        .results = value_map_new(4),
        .names = value_map_new(8),
        .next = CHAIN_NODE_NONE,
        .outcome = EXECUTION_SUCCEEDED,
    };
    VALUE_MAP_EACH (i, parameters) {
        set_name(run, value_chars(value_map_key_at(parameters, i)), value_map_item_at(parameters, i));
    }
    return run;
}

void chain_run_free(struct chain_run *run)
{
    if (!run)
        return;
    for (size_t i = 0; i < run->n_tasks; i++)
        value_unref(run->tasks[i].result);
    free(run->tasks);
    value_unref(run->vars);
    value_unref(run->published);
    value_unref(run->results);
    value_unref(run->names);
    chain_spec_unref(run->spec);
    free(run);
}

/* A name that is none of a task: a template among them was not looked at when the definition was loaded. */
static int go_to(struct chain_run *run, const char *name, struct error *err)
{
    run->next = name ? chain_spec_find(run->spec, name) : CHAIN_NODE_NONE;
    if (name && run->next == CHAIN_NODE_NONE)
        return error_set(err, CHAIN_BROKEN,
                         "Unable to find node with name \"%s\": names of tasks are not rendered.", name);
    if (name && run->n_tasks >= CHAIN_TASKS_MAX)
        return error_set(
            err, CHAIN_BROKEN,
            "The chain has run %d tasks and would go on with \"%s\"; a chain that goes in circles "
            "must end before that.",
            CHAIN_TASKS_MAX, name);
    return 0;
}

int chain_run_begin(struct chain_run *run, const struct chain_scope *scope, struct error *err)
{
    static const char *const lazy[] = { "st2kv", NULL };
    struct expr_context context = { .variables = run->names,
                                    .host = scope->host,
                                    .now_us = scope->now_us,
                                    .random_seed = scope->random_seed,
                                    .lazy_roots = lazy };
    VALUE_AUTO(vars);
    VALUE_AUTO(variables);
    int r;

    variables = value_ref(run->names);
    if (run->spec->reads_context)
        value_map_put(&variables, "__context", value_ref(variables));
    context.variables = variables;
    r = render_all(run->spec->vars, &context, "the variable", &vars, err);
    if (r < 0)
        return r;
    VALUE_MAP_EACH (i, vars) {
        set_var(run, value_chars(value_map_key_at(vars, i)), value_map_item_at(vars, i), false);
    }
    return go_to(run, run->spec->start, err) ? -EINVAL : 0;
}

int chain_run_parameters(const struct chain_run *run, const struct chain_scope *scope, value *ret,
                         struct error *err)
{
    return render_named(run, scope, scope->contexts, run->spec->nodes[run->next].parameters, "the parameter",
                        ret, err);
}

struct chain_task *chain_run_current(const struct chain_run *run)
{
    struct chain_task *last = run->n_tasks ? &run->tasks[run->n_tasks - 1] : NULL;

    return last && !last->updated_us ? last : NULL;
}

void chain_run_started(struct chain_run *run, int64_t execution, int64_t now_us)
{
    GROW(run->tasks, run->n_tasks, run->tasks_room);
    run->tasks[run->n_tasks++] = (struct chain_task){
        .node = run->next, .execution = execution, .created_us = now_us, .state = EXECUTION_RUNNING
    };
    run->next = CHAIN_NODE_NONE;
}

static int publish(struct chain_run *run, const struct chain_node *node, const struct chain_scope *scope,
                   struct error *err)
{
    VALUE_AUTO(published);

    if (render_named(run, scope, VALUE_NOTHING, node->publish, "the published variable", &published, err) < 0)
        return error_prefix(err, CHAIN_PUBLISH_FAILED, "The task \"%s\" cannot publish", node->name);
    VALUE_MAP_EACH (i, published) {
        set_var(run, value_chars(value_map_key_at(published, i)), value_map_item_at(published, i), true);
    }
    return 0;
}

/* What becomes of the chain after a task, were there nothing to follow. */
static enum execution_status outcome_of(enum execution_status state)
{
    switch (state) {
    case EXECUTION_SUCCEEDED:
    case EXECUTION_TIMEOUT:
    case EXECUTION_CANCELED:
        return state;
    default:
        return EXECUTION_FAILED;
    }
}

static int follow(struct chain_run *run, const struct chain_task *task, struct error *err)
{
    const struct chain_node *node = &run->spec->nodes[task->node];

    run->outcome = outcome_of(task->state);
    if (run->outcome == EXECUTION_CANCELED)
        return go_to(run, NULL, err);
    return go_to(run, run->outcome == EXECUTION_SUCCEEDED ? node->on_success : node->on_failure, err);
}

/* A result that cannot be held is left out, and the chain ends. */
static int too_large(struct chain_run *run, struct chain_task *task, struct error *err)
{
    const char *name = run->spec->nodes[task->node].name;
    value left_out;

    if (value_depth(task->result) > CHAIN_RESULT_DEPTH_MAX)
        error_set(err, 0, "The result of the task \"%s\" is nested more than %d deep.", name,
                  CHAIN_RESULT_DEPTH_MAX);
    else if (run->bytes > CHAIN_BYTES_MAX)
        error_set(
            err, 0,
            "Results and variables of the chain are larger than %d MB with those of the task \"%s\"; tasks "
            "must hand on less.",
            CHAIN_BYTES_MAX >> 20, name);
    else
        return 0;
    left_out = value_map_new(1);
    value_map_put(&left_out, "error", value_text(error_text(err)));
    value_replace(&task->result, left_out);
    return CHAIN_BROKEN;
}

int chain_run_ended(struct chain_run *run, enum execution_status state, value result,
                    const struct chain_scope *scope, struct error *err)
{
    struct chain_task *task = chain_run_current(run);
    const struct chain_node *node = &run->spec->nodes[task->node];
    int r;

    task->state = state;
    task->updated_us = scope->now_us;
    task->result = value_is_set(result) ? value_ref(result) : value_null();
    run->outcome = outcome_of(state);
    run->bytes += json_size(task->result);
    r = too_large(run, task, err);
    if (r == 0) {
        set_result(run, node->name, task->result);
        if (task->execution && state != EXECUTION_CANCELED)
            r = publish(run, node, scope, err);
    }
    if (r == 0)
        r = too_large(run, task, err);
    return r == 0 ? follow(run, task, err) : r;
}

/* ---- reading back ---- */

void chain_run_restore_task(struct chain_run *run, const struct chain_task *task)
{
    GROW(run->tasks, run->n_tasks, run->tasks_room);
    run->tasks[run->n_tasks++] = *task;
    if (!task->updated_us)
        return;
    run->bytes += json_size(task->result);
    set_result(run, run->spec->nodes[task->node].name, task->result);
}

void chain_run_restore_var(struct chain_run *run, const char *name, value v, bool published)
{
    set_var(run, name, v, published);
}

int chain_run_restored(struct chain_run *run, struct error *err)
{
    if (chain_run_current(run))
        return 0;
    return run->n_tasks ? follow(run, &run->tasks[run->n_tasks - 1], err) : go_to(run, run->spec->start, err);
}
