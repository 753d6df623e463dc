/* SPDX-License-Identifier: Apache-2.0 */
/* Chains in memory and in the store. A chain has a row among the workflows, which pins its definition, and rows of state for
   its tasks and variables: a step writes those it changed. Results of tasks stand in the rows of their executions. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "chains-internal.h"

/* Kinds of rows of state; stored, so never reused. In the order they are read back. */
enum { CHAIN_ROW_TASK = 0, CHAIN_ROW_VAR = 1 };

/* ---- memory ---- */

struct chain *chain_new(struct engine *engine, int64_t execution, struct chain_run *run)
{
    struct chain *chain = xcalloc(1, sizeof(*chain));
    value definition = value_map_new(1);

    value_map_put(&definition, "text", value_ref(run->spec->text));
    *chain = (struct chain){
        .run = run,
        .row = { .seq = engine_next_sequence(engine),
                 .execution = execution,
                 .status = "running",
                 .start_us = engine->now_us,
                 .definition = definition,
                 .context = value_map_new(0),
                 .more = value_map_new(2) },
        .unsaved = value_map_new(0),
    };
    strmap_set_n(&engine->chains, (const char *)&execution, sizeof(execution), chain);
    return chain;
}

void chain_free(struct chain *chain)
{
    if (!chain)
        return;
    chain_run_free(chain->run);
    workflow_row_release(&chain->row);
    value_unref(chain->unsaved);
    free(chain);
}

void chains_forget(struct engine *engine)
{
    size_t at = 0;
    void *item;

    while (strmap_next(&engine->chains, &at, NULL, &item))
        chain_free(item);
    strmap_release(&engine->chains);
    engine->chains_dirty = NULL;
}

/* ---- saving ---- */

static value task_data(const struct chain_task *task)
{
    value data = value_map_new(6);

    value_map_put(&data, "node", value_int((int64_t)task->node));
    value_map_put(&data, "execution", value_int(task->execution));
    value_map_put(&data, "created", value_int(task->created_us));
    if (!task->updated_us)
        return data;
    value_map_put(&data, "updated", value_int(task->updated_us));
    value_map_put(&data, "state", value_text(execution_status_text(task->state)));
    if (!task->execution)
        value_map_put(&data, "result", value_ref(task->result));
    return data;
}

static int save_tasks(struct engine *engine, struct chain *chain, struct error *err)
{
    const struct chain_run *run = chain->run;
    int r = 0;

    for (size_t i = chain->n_saved; r == 0 && i < run->n_tasks; i++) {
        value data = task_data(&run->tasks[i]);

        r = store_workflow_state_put(engine->config.store, chain->row.seq, CHAIN_ROW_TASK, (int64_t)i, 0,
                                     data, err);
        value_unref(data);
        if (run->tasks[i].updated_us)
            chain->n_saved = i + 1;
    }
    return r;
}

/* Variables are numbered in their order; once there, one keeps its place. */
static int save_vars(struct engine *engine, struct chain *chain, struct error *err)
{
    const struct chain_run *run = chain->run;
    int r = 0;

    if (!value_map_count(chain->unsaved))
        return 0;
    VALUE_MAP_EACH (i, run->vars) {
        value name = value_map_key_at(run->vars, i), data;

        if (!value_is_set(value_map_get_value(chain->unsaved, name)))
            continue;
        data = value_map_new(3);
        value_map_put(&data, "name", value_ref(name));
        value_map_put(&data, "value", value_ref(value_map_item_at(run->vars, i)));
        value_map_put(&data, "published",
                      value_bool(value_is_set(value_map_get_value(run->published, name))));
        r = store_workflow_state_put(engine->config.store, chain->row.seq, CHAIN_ROW_VAR, (int64_t)i, 0, data,
                                     err);
        value_unref(data);
        if (r < 0)
            return r;
    }
    value_replace(&chain->unsaved, value_map_new(0));
    return r;
}

static int save(struct engine *engine, struct chain *chain, struct error *err)
{
    int r;

    if (chain->exists) {
        r = store_workflow_update(engine->config.store, &chain->row, err);
    } else {
        r = store_workflow_insert(engine->config.store, &chain->row, err);
        chain->row.version = 1;
        chain->exists = true;
    }
    if (r == STORE_CONFLICT)
        return error_set(err, -EIO, "action chain %" PRId64 " was changed by somebody else", chain->row.seq);
    if (r == 0)
        r = save_tasks(engine, chain, err);
    return r == 0 ? save_vars(engine, chain, err) : r;
}

int chains_flush(struct engine *engine, struct error *err)
{
    struct chain *chain, *next;
    int r = 0;

    for (chain = engine->chains_dirty; chain && r == 0; chain = next) {
        next = chain->dirty_next;
        chain->dirty = false;
        /* One that is over within its first batch leaves nothing but its execution. */
        if (!chain->over || chain->exists)
            r = save(engine, chain, err);
        if (chain->over) {
            strmap_remove_n(&engine->chains, (const char *)&chain->row.execution, sizeof(int64_t));
            chain_free(chain);
        }
        engine->chains_dirty = next;
    }
    return r;
}

/* ---- loading ---- */

struct loading {
    struct engine *engine;
    struct chain *chain;
    struct error *err;
};

static int load_task(struct loading *loading, value data)
{
    struct chain_run *run = loading->chain->run;
    const char *state = value_map_chars(data, "state");
    struct chain_task task = {
        .node = (size_t)value_map_int(data, "node", -1),
        .execution = value_map_int(data, "execution", 0),
        .created_us = value_map_int(data, "created", 0),
        .updated_us = value_map_int(data, "updated", 0),
    };
    struct execution_row row = { 0 };
    int r = 0, status = state ? execution_status_from_text(state) : EXECUTION_RUNNING;

    if (task.node >= run->spec->n_nodes || status < 0)
        return error_set(loading->err, -EBADMSG,
                         "the saved action chain %" PRId64 " has a task it does not define",
                         loading->chain->row.seq);
    task.state = (enum execution_status)status;
    if (task.updated_us && task.execution) {
        r = store_execution_get(store_as_reader(loading->engine->config.store), task.execution,
                                EXECUTION_RESULT, &row, loading->err);
        if (r < 0)
            return r;
        task.result = value_is_set(row.result) ? value_ref(row.result) : value_null();
        execution_row_release(&row);
    } else if (task.updated_us) {
        task.result = value_ref(value_map_get(data, "result"));
    }
    chain_run_restore_task(run, &task);
    loading->chain->n_saved += task.updated_us != 0;
    return 0;
}

static int load_state(void *data, int kind, int64_t key, int64_t sub, value state)
{
    struct loading *loading = data;
    const char *name = value_map_chars(state, "name");

    if (kind == CHAIN_ROW_TASK)
        return load_task(loading, state);
    if (name)
        chain_run_restore_var(loading->chain->run, name, value_map_get(state, "value"),
                              value_map_bool(state, "published", false));
    return 0;
}

/* Takes what is in the row. */
static int load(struct engine *engine, struct workflow_row *row, struct chain **ret, struct error *err)
{
    const char *text = value_map_chars(row->definition, "text");
    struct loading loading = { .engine = engine, .err = err };
    struct chain_spec *spec;
    ERROR_AUTO(reason);
    int r;

    if (chain_spec_load("stored", text ? text : "", text ? strlen(text) : 0, &spec, &reason) < 0)
        return error_set(err, -EBADMSG,
                         "the definition of action chain %" PRId64 " cannot be read any more: %s", row->seq,
                         error_text(&reason));
    loading.chain = xcalloc(1, sizeof(*loading.chain));
    *loading.chain = (struct chain){
        .run = chain_run_new(spec, row->inputs), .row = *row, .exists = true, .unsaved = value_map_new(0)
    };
    loading.chain->row.status = "running";
    *row = (struct workflow_row){ 0 };
    r = store_workflow_states(store_as_reader(engine->config.store), loading.chain->row.seq, load_state,
                              &loading, err);
    if (r == 0 && chain_run_restored(loading.chain->run, &reason) != 0)
        r = error_set(err, -EBADMSG, "%s", error_text(&reason));
    if (r < 0) {
        chain_free(loading.chain);
        return r;
    }
    strmap_set_n(&engine->chains, (const char *)&loading.chain->row.execution, sizeof(int64_t),
                 loading.chain);
    *ret = loading.chain;
    return 0;
}

int chain_find(struct engine *engine, int64_t execution, struct chain **ret, struct error *err)
{
    struct workflow_row row = { 0 };
    int r;

    *ret = strmap_get_n(&engine->chains, (const char *)&execution, sizeof(execution));
    if (*ret)
        return 0;
    r = store_workflow_of_execution(store_as_reader(engine->config.store), execution, &row, err);
    if (r == 0)
        r = load(engine, &row, ret, err);
    workflow_row_release(&row);
    return r;
}
