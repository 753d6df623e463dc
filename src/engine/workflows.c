/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a workflow in the engine.

       definition read ─► begin ─► advance ─► children ─► notices ─┐
                                      ▲                            │
                                      └────────────────────────────┘  until nothing moves

   A child's end does not call its workflow: it leaves a notice, and notices are worked off at the end of the batch, so
   depth does not grow with the length of a workflow. What a batch leaves over is taken up by the next one; a lost notice is
   found again in the store, where each child's row says what the conductor was told. */
#include "engine/workflows.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/chains.h"
#include "workflows-internal.h"

#define LEVELS_MAX         50 /* of workflows and chains in each other */
#define NOTICES_PER_BATCH  5000
#define PROGRESS_PER_BATCH (64 << 10) /* bytes of lines */
#define ROUNDS_PER_NOTICE  200        /* of tasks that are over at once */

bool workflow_conducts(const struct execution *x)
{
    const char *name = value_map_chars(x->row.runner, "name");
    const struct runner_ops *runner = runner_find(name ? name : "");

    return runner && runner->conducted;
}

bool workflow_too_deep(struct engine *engine, const struct execution *x)
{
    int level = 1;

    /* All above are under way, so they are in memory. */
    while (x && x->row.parent && level <= LEVELS_MAX) {
        x = strmap_get_n(&engine->active, (const char *)&x->row.parent, sizeof(x->row.parent));
        level++;
    }
    return level > LEVELS_MAX;
}

/* ---- memory ---- */

void workflow_free(struct workflow *workflow)
{
    size_t at = 0;
    void *item;

    if (!workflow)
        return;
    while (strmap_next(&workflow->runs, &at, NULL, &item))
        task_run_free(item);
    strmap_release(&workflow->runs);
    conductor_free(workflow->conductor);
    definition_unref(workflow->definition);
    workflow_row_release(&workflow->row);
    free(workflow->user);
    buffer_release(&workflow->progress);
    free(workflow);
}

/* Takes the definition. */
struct workflow *workflow_new(struct engine *engine, struct definition *definition, value inputs,
                              value context)
{
    struct workflow *workflow = xcalloc(1, sizeof(*workflow));
    const char *user = value_map_chars(value_map_get(context, "st2"), "user");

    workflow->engine = engine;
    workflow->definition = definition;
    workflow->conductor = conductor_new(definition->spec, definition->graph, inputs, context);
    workflow->user = xstrdup(user ? user : "");
    workflow->view = (struct datastore_view){ .catalog = engine->config.catalog, .user = workflow->user };
    workflow->host = datastore_host(&workflow->view);
    workflow_lookup_host(workflow);
    workflow->row.inputs = value_ref(inputs);
    workflow->row.context = value_ref(context);
    workflow->row.definition = value_ref(definition->document);
    return workflow;
}

void workflow_prepare(struct engine *engine, struct workflow *workflow)
{
    workflow->view.now_us = engine->now_us;
    conductor_set_environment(workflow->conductor,
                              &(struct conductor_environment){
                                  .host = &workflow->host,
                                  .now_us = engine->now_us,
                                  .random_seed = (uint64_t)(engine->now_us ^ workflow->row.seq),
                              });
}

void workflow_progress(struct engine *engine, struct workflow *workflow, const char *format, ...)
{
    const char *ref = value_map_chars(value_map_get(workflow->row.context, "st2"), "action");
    va_list args;

    if (!engine->config.stream_output || workflow->progress.len > PROGRESS_PER_BATCH)
        return;
    buffer_addf(&workflow->progress, "%s: ", ref ? ref : "workflow");
    va_start(args, format);
    buffer_add_vf(&workflow->progress, format, args);
    va_end(args);
    buffer_add_char(&workflow->progress, '\n');
}

void workflow_touch(struct engine *engine, struct workflow *workflow)
{
    if (workflow->dirty)
        return;
    workflow->dirty = true;
    workflow->dirty_next = engine->workflows_dirty;
    engine->workflows_dirty = workflow;
}

static void remember(struct engine *engine, struct workflow *workflow)
{
    strmap_set_n(&engine->workflows, (const char *)&workflow->row.execution, sizeof(int64_t), workflow);
}

void workflow_hand_over(struct engine *engine, struct workflow *workflow, struct execution *x)
{
    char id[OBJECT_ID_SIZE];

    strmap_remove_n(&engine->workflows, (const char *)&workflow->row.execution, sizeof(int64_t));
    workflow->row.execution = x->row.seq;
    remember(engine, workflow);
    engine_format_id(engine, workflow->row.seq, id);
    value_map_put(&x->row.context, "workflow_execution", value_text(id));
    execution_changed(engine, x);
    workflow_touch(engine, workflow);
}

void workflows_forget(struct engine *engine)
{
    size_t at = 0;
    void *item;

    while (strmap_next(&engine->workflows, &at, NULL, &item))
        workflow_free(item);
    strmap_release(&engine->workflows);
    engine->workflows_dirty = NULL;
    for (size_t i = engine->notices_at; i < engine->n_notices; i++) {
        value_unref(engine->notices[i].result);
        value_unref(engine->notices[i].orquesta);
    }
    engine->n_notices = engine->notices_at = 0;
}

/* ---- notices ---- */

void workflow_note(struct engine *engine, const struct notice *notice)
{
    GROW(engine->notices, engine->n_notices, engine->notices_room);
    engine->notices[engine->n_notices++] = (struct notice){
        .chain = notice->chain,
        .execution = notice->execution,
        .child = notice->child,
        .status = notice->status,
        .result = value_ref(notice->result),
        .orquesta = value_ref(notice->orquesta),
    };
}

void workflow_child_moved(struct engine *engine, const struct execution *child, enum execution_status before)
{
    value orquesta = value_map_get(child->row.context, "orquesta");
    enum execution_status now = child->row.status;
    bool waits = now == EXECUTION_PENDING || now == EXECUTION_PAUSED;
    bool goes_on =
        (now == EXECUTION_RUNNING || now == EXECUTION_RESUMING) &&
        (before == EXECUTION_PAUSED || before == EXECUTION_RESUMING || before == EXECUTION_PENDING);

    if (!execution_status_completed(now) && !waits && !goes_on)
        return;
    if (chain_is_task(child))
        chain_wake(engine, child->row.parent);
    else if (value_map_has(child->row.more, "task_execution"))
        workflow_note(engine, &(struct notice){ .execution = child->row.parent,
                                                .child = child->row.seq,
                                                .status = child->row.status,
                                                .result = child->row.result,
                                                .orquesta = orquesta });
}

void workflow_wake(struct engine *engine, int64_t execution)
{
    workflow_note(engine, &(struct notice){ .execution = execution });
}

void workflows_wake_all(struct engine *engine)
{
    size_t at = 0;
    void *item;

    while (strmap_next(&engine->active, &at, NULL, &item)) {
        struct execution *x = item;

        if (x->row.status < EXECUTION_RUNNING || !workflow_conducts(x))
            continue;
        if (chain_conducts(x))
            chain_wake(engine, x->row.seq);
        else
            workflow_wake(engine, x->row.seq);
    }
}

/* The workflow goes on as another execution by now. */
static int find_handed_over(struct engine *engine, const struct notice *notice, struct workflow **ret,
                            struct error *err)
{
    struct store_reader *reader = store_as_reader(engine->config.store);
    const char *id = value_map_chars(notice->orquesta, "workflow_execution_id");
    struct workflow_row row;
    int64_t seq, execution;
    int r;

    if (!id || !object_id_parse(store_id(reader), id, &seq))
        return STORE_NOT_FOUND;
    r = store_workflow_get(reader, seq, &row, err);
    if (r != 0)
        return r;
    execution = row.execution;
    workflow_row_release(&row);
    return execution == notice->execution ? STORE_NOT_FOUND : workflow_find(engine, execution, ret, err);
}

static int handle_notice(struct engine *engine, const struct notice *notice, struct error *err)
{
    struct workflow *workflow;
    int r;

    if (notice->chain)
        return chain_look(engine, notice->execution, err);
    r = workflow_find(engine, notice->execution, &workflow, err);
    if (r == STORE_NOT_FOUND && notice->child)
        r = find_handed_over(engine, notice, &workflow, err);
    if (r != 0)
        return r < 0 ? r : 0;
    if (notice->child)
        r = workflow_tell(engine, workflow, notice, err);
    return r < 0 ? r : workflow_advance(engine, workflow, err);
}

int workflows_advance(struct engine *engine, bool *ret_more, struct error *err)
{
    int r = 0;

    for (int i = 0; r == 0 && i < NOTICES_PER_BATCH && engine->notices_at < engine->n_notices; i++) {
        struct notice notice = engine->notices[engine->notices_at++];

        r = handle_notice(engine, &notice, err);
        value_unref(notice.result);
        value_unref(notice.orquesta);
    }
    if (engine->notices_at == engine->n_notices) {
        engine->notices_at = engine->n_notices = 0;
    } else if (engine->notices_at > NOTICES_PER_BATCH) {
        engine->n_notices -= engine->notices_at;
        memmove(engine->notices, engine->notices + engine->notices_at,
                engine->n_notices * sizeof(*engine->notices));
        engine->notices_at = 0;
    }
    *ret_more = engine->n_notices > 0;
    return r;
}

/* ---- showing on the execution ---- */

static value workflow_result(const struct workflow *workflow, enum workflow_status status)
{
    value result = value_map_new(2), output = conductor_output(workflow->conductor);

    value_map_put(&result, "output", value_truth(output) ? value_ref(output) : value_null());
    if (status_in(status, STATUS_ABENDED))
        value_map_put(&result, "errors", conductor_errors(workflow->conductor));
    return result;
}

void workflow_show(struct engine *engine, struct workflow *workflow, struct execution *x,
                   enum execution_status status)
{
    if (!execution_status_may_become(x->row.status, status))
        return;
    value_replace(&x->row.result, workflow_result(workflow, conductor_status(workflow->conductor)));
    execution_move(engine, x, status);
}

static int show(struct engine *engine, struct workflow *workflow, struct error *err)
{
    enum workflow_status status = conductor_status(workflow->conductor);
    int shown = execution_status_from_text(status_name(status)), r;
    struct outcome outcome;
    struct execution *x;

    r = execution_find(engine, workflow->row.execution, &x, err);
    if (r != 0)
        return r < 0 ? r : 0;
    if (shown < 0 || execution_status_completed(x->row.status) ||
        x->row.status == (enum execution_status)shown)
        return 0;
    if (status_in(status, STATUS_COMPLETED)) {
        outcome = (struct outcome){ (enum execution_status)shown, workflow_result(workflow, status) };
        return execution_complete(engine, x, &outcome, err);
    }
    workflow_show(engine, workflow, x, (enum execution_status)shown);
    return 0;
}

static void note_status(struct engine *engine, struct workflow *workflow)
{
    enum workflow_status status = conductor_status(workflow->conductor);

    if (workflow->row.status && *workflow->row.status &&
        strcmp(workflow->row.status, status_name(status)) != 0)
        workflow_progress(engine, workflow, "%s", status_name(status));
    workflow->row.status = status_name(status);
    workflow->row.end_us = status_in(status, STATUS_COMPLETED) ? engine->now_us : 0;
}

/* ---- going on ---- */

/* One round: what is on offer is requested. *ret_n counts it. */
static int hand_out(struct engine *engine, struct workflow *workflow, size_t *ret_n, struct error *err)
{
    struct conductor_tasks tasks = { 0 };
    ERROR_AUTO(reason);
    int r = 0;

    *ret_n = 0;
    workflow_prepare(engine, workflow);
    if (conductor_next(workflow->conductor, &tasks, &reason) < 0) {
        conductor_fail(workflow->conductor, reason.kind ? reason.kind : "ValueError", error_text(&reason),
                       NULL, 0, NULL);
        return 0;
    }
    for (size_t i = 0; r == 0 && i < tasks.n_items; i++) {
        const struct task_run *run = task_run_find(workflow, tasks.items[i].task, tasks.items[i].route);

        /* Nothing of a run whose time is over is begun; it ends with what still runs of it. */
        if (run && task_run_overdue(engine, run) && run->n_live)
            continue;
        r = workflow_request_task(engine, workflow, &tasks.items[i], err);
        ++*ret_n;
    }
    conductor_tasks_release(&tasks);
    return r;
}

/* Nothing is stuck without a reason: what nobody would ever move again fails with it. */
static void fail_stuck(struct workflow *workflow)
{
    ERROR_AUTO(reason);

    if (conductor_check(workflow->conductor, &reason) < 0)
        conductor_fail(workflow->conductor, reason.kind, error_text(&reason), NULL, 0, NULL);
}

int workflow_advance(struct engine *engine, struct workflow *workflow, struct error *err)
{
    size_t n = 1;
    int r = 0;

    workflow_touch(engine, workflow);
    for (int round = 0; r == 0 && n; round++) {
        if (round == ROUNDS_PER_NOTICE) {
            workflow_wake(engine, workflow->row.execution);
            break;
        }
        r = hand_out(engine, workflow, &n, err);
    }
    if (r == 0 && !n)
        fail_stuck(workflow);
    if (r == 0 && status_in(conductor_status(workflow->conductor), STATUS_COMPLETED)) {
        workflow_prepare(engine, workflow);
        workflow_end_stopped(workflow);
        conductor_render_output(workflow->conductor, NULL);
    }
    return r < 0 ? r : show(engine, workflow, err);
}

/* ---- beginning ---- */

static value first_context(struct engine *engine, const struct execution *x, const char *id)
{
    static const char *const inherited[] = { "user", "pack", "api_user", "source_channel" };
    value context = value_map_new(2), st2 = value_map_new(8);
    char execution_id[OBJECT_ID_SIZE];

    engine_format_id(engine, x->row.seq, execution_id);
    value_map_put(&st2, "action_execution_id", value_text(execution_id));
    value_map_put(&st2, "workflow_execution_id", value_text(id));
    value_map_put(&st2, "api_url", value_text(engine->config.api_url));
    for (size_t i = 0; i < ELEMENTS(inherited); i++)
        if (value_map_has(x->row.context, inherited[i]))
            value_map_set_text(&st2, inherited[i], value_ref(value_map_get(x->row.context, inherited[i])));
    value_map_put(&st2, "action", value_ref(value_map_get(x->row.action, "ref")));
    value_map_put(&st2, "runner", value_ref(value_map_get(x->row.runner, "name")));
    value_map_put(&context, "st2", st2);
    value_map_put(&context, "parent", value_ref(x->row.context));
    return context;
}

/* Takes the list of errors. */
int workflow_end_badly(struct engine *engine, struct execution *x, value errors, struct error *err)
{
    struct outcome outcome = { .status = EXECUTION_FAILED, .result = value_map_new(2) };

    value_map_put(&outcome.result, "errors", errors);
    value_map_put(&outcome.result, "output", value_null());
    return execution_complete(engine, x, &outcome, err);
}

int workflow_end_with_text(struct engine *engine, struct execution *x, const char *text, struct error *err)
{
    value errors = value_list_new(1), entry = value_map_new(1);

    value_map_put(&entry, "message", value_text_checked(text, strlen(text)));
    value_list_append(&errors, entry);
    return workflow_end_badly(engine, x, errors, err);
}

int workflow_refuse_depth(struct engine *engine, struct execution *x, struct error *err)
{
    const char *ref = value_map_chars(x->row.action, "ref");
    CLEANUP(freep)
    char *text =
        xasprintf("Workflows and action chains stand %d deep in each other; does \"%s\" start itself?",
                  LEVELS_MAX, ref ? ref : "");
    struct outcome outcome;

    if (!chain_conducts(x))
        return workflow_end_with_text(engine, x, text, err);
    outcome_failed(&outcome, text);
    return execution_complete(engine, x, &outcome, err);
}

/* Tasks the caller wants to be told of must be there. NULL: all are. Owned. */
static char *unknown_notify(const struct definition *definition, value names)
{
    BUFFER_AUTO(text);

    VALUE_LIST_EACH (i, name, names) {
        int64_t task = value_is_string(name) ? workflow_spec_find(definition->spec, value_chars(name)) : -1;

        if (task < 0 || (size_t)task >= definition->spec->n_tasks)
            buffer_addf(&text, "%s%s", text.len ? ", " : "", value_is_string(name) ? value_chars(name) : "?");
    }
    return text.len
               ? xasprintf(
                     "The following tasks in the notify parameter do not exist in the workflow definition: %s.",
                     buffer_text(&text))
               : NULL;
}

static int begin(struct engine *engine, struct execution *x, const struct run *run,
                 struct definition *definition, struct error *err)
{
    struct workflow *workflow;
    char id[OBJECT_ID_SIZE];
    int64_t seq = engine_next_sequence(engine);
    VALUE_AUTO(context);
    ERROR_AUTO(reason);

    engine_format_id(engine, seq, id);
    context = first_context(engine, x, id);
    workflow = workflow_new(engine, definition_ref(definition), run->action_parameters, context);
    workflow->row.seq = seq;
    workflow->row.execution = x->row.seq;
    workflow->row.start_us = engine->now_us;
    workflow->row.status = "requested";
    workflow->row.more = value_map_new(1);
    if (value_list_count(value_map_get(run->runner_parameters, "notify")))
        value_map_put(&workflow->row.more, "notify",
                      value_ref(value_map_get(run->runner_parameters, "notify")));
    remember(engine, workflow);
    workflow_touch(engine, workflow);
    value_map_put(&x->row.context, "workflow_execution", value_text(id));
    execution_changed(engine, x);
    workflow_prepare(engine, workflow);
    if (conductor_start(workflow->conductor, &reason) < 0)
        conductor_fail(workflow->conductor, reason.kind ? reason.kind : "ValueError", error_text(&reason),
                       NULL, 0, NULL);
    else if (conductor_status(workflow->conductor) == STATUS_NULL)
        conductor_request(workflow->conductor, "running", NULL);
    if (status_in(conductor_status(workflow->conductor), STATUS_COMPLETED))
        return show(engine, workflow, err); /* inputs or vars failed: without a context there is no output */
    workflow_limit(engine, workflow, x);
    note_status(engine, workflow);
    return workflow_advance(engine, workflow, err);
}

int workflow_begin(struct engine *engine, const struct run *run, struct definition *definition,
                   struct error *err)
{
    CLEANUP(freep)
    char *unknown = NULL;
    struct workflow *begun;
    struct execution *x;
    value findings;
    int r = execution_find(engine, run->seq, &x, err);

    if (r != 0)
        return r < 0 ? r : 0;
    if (x->row.status != EXECUTION_RUNNING)
        return 0; /* canceled while the file was read */
    r = workflow_find(engine, run->seq, &begun, err);
    if (r != STORE_NOT_FOUND)
        return r; /* nothing begins twice */
    if (definition->failure)
        return workflow_end_with_text(engine, x, definition->failure, err);
    findings = definition_findings(definition, engine->config.catalog);
    if (value_list_count(findings))
        return workflow_end_badly(engine, x, findings, err);
    value_unref(findings);
    unknown = unknown_notify(definition, value_map_get(run->runner_parameters, "notify"));
    if (unknown)
        return workflow_end_with_text(engine, x, unknown, err);
    return begin(engine, x, run, definition, err);
}

/* ---- the store ---- */

struct saving {
    struct store *store;
    int64_t workflow;
    struct error *err;
    int r;
};

static void save_row(void *data, const struct conductor_row *row)
{
    struct saving *saving = data;

    if (saving->r == 0)
        saving->r = store_workflow_state_put(saving->store, saving->workflow, row->kind, row->key, row->sub,
                                             row->data, saving->err);
    if (saving->r == 0 && row->kind == ROW_STAGED && !value_is_set(row->data))
        saving->r = store_workflow_state_put(saving->store, saving->workflow, ROW_ITEM, row->key, -1,
                                             VALUE_NOTHING, saving->err);
}

static int save(struct engine *engine, struct workflow *workflow, struct error *err)
{
    struct saving saving = { engine->config.store, workflow->row.seq, err, 0 };
    int r;

    note_status(engine, workflow);
    if (workflow->exists) {
        r = store_workflow_update(engine->config.store, &workflow->row, err);
    } else {
        r = store_workflow_insert(engine->config.store, &workflow->row, err);
        workflow->row.version = 1;
        workflow->exists = true;
    }
    if (r == STORE_CONFLICT)
        r = error_set(err, -EIO, "workflow %lld was changed by somebody else", (long long)workflow->row.seq);
    if (r == 0) {
        conductor_changes(workflow->conductor, save_row, &saving);
        r = saving.r;
    }
    if (r == 0 && workflow->progress.len)
        r = execution_output(engine, workflow->row.execution, "output", workflow->progress.data,
                             workflow->progress.len, err);
    buffer_clear(&workflow->progress);
    return r;
}

int workflows_flush(struct engine *engine, struct error *err)
{
    struct workflow *workflow, *next;
    int r = 0;

    for (workflow = engine->workflows_dirty; workflow && r == 0; workflow = next) {
        next = workflow->dirty_next;
        r = save(engine, workflow, err);
        workflow->dirty = false;
        /* What is left of a completed one can be read again. */
        if (status_in(conductor_status(workflow->conductor), STATUS_COMPLETED) && !workflow->n_live) {
            strmap_remove_n(&engine->workflows, (const char *)&workflow->row.execution, sizeof(int64_t));
            workflow_free(workflow);
        }
        engine->workflows_dirty = next;
    }
    return r;
}

/* ---- loading ---- */

struct loading {
    struct engine *engine;
    struct workflow *workflow;
    struct task_run *run;
    struct error *err;
};

static int load_state(void *data, int kind, int64_t key, int64_t sub, value state)
{
    struct loading *loading = data;

    return conductor_load_row(loading->workflow->conductor,
                              &(struct conductor_row){ (enum conductor_row_kind)kind, key, sub, state },
                              loading->err);
}

/* What became of a child while nobody could be told. */
static int load_child(void *data, int64_t item, int64_t execution, const char *told)
{
    struct loading *loading = data;
    struct task_run *run = loading->run;
    int status = told ? execution_status_from_text(told) : -1;
    bool completed = status >= 0 && execution_status_completed((enum execution_status)status);
    struct execution_row row = { 0 };
    int r;

    if (item < 0 || (size_t)item >= run->n)
        return 0;
    run->children[item].execution = execution;
    run->children[item].told = status >= 0 ? execution_status_text((enum execution_status)status) : NULL;
    if (!completed && status != EXECUTION_PENDING) {
        run->n_live++;
        loading->workflow->n_live++;
    }
    if (completed && !run->has_items)
        return 0;
    r = store_execution_get(store_as_reader(loading->engine->config.store), execution, EXECUTION_RESULT, &row,
                            loading->err);
    if (r < 0)
        return r;
    if (r == STORE_NOT_FOUND)
        row.status = EXECUTION_ABANDONED;
    if (completed) {
        value_list_set(&run->results, (size_t)item,
                       value_is_set(row.result) ? value_ref(row.result) : value_null());
    } else if (execution_status_completed(row.status) || row.status == EXECUTION_PENDING ||
               row.status == EXECUTION_PAUSED || status == EXECUTION_PENDING || status == EXECUTION_PAUSED) {
        value orquesta = value_map_new(3);

        value_map_put(&orquesta, "task_id", value_text(run->row.name));
        value_map_put(&orquesta, "task_route", value_int(run->route));
        value_map_put(&orquesta, "item_id", value_int(item));
        workflow_note(loading->engine, &(struct notice){ .execution = loading->workflow->row.execution,
                                                         .child = execution,
                                                         .status = row.status,
                                                         .result = row.result,
                                                         .orquesta = orquesta });
        value_unref(orquesta);
    }
    execution_row_release(&row);
    return 0;
}

static int load_task(void *data, struct task_row *row)
{
    struct loading *loading = data;
    int64_t number = workflow_spec_find(loading->workflow->definition->spec, row->name);
    int64_t n = row->items < 0 ? 1 : row->items;

    if (number < 0 || n > CONDUCTOR_ITEMS_MAX)
        return error_set(loading->err, -EBADMSG, "the saved workflow has a task \"%s\" it does not define",
                         row->name);
    loading->run =
        task_run_new(loading->workflow, (uint32_t)number, (uint32_t)row->route, row->items >= 0, (size_t)n);
    loading->run->row = *row;
    loading->run->deadline_us = value_map_int(row->more, "deadline_us", 0);
    *row = (struct task_row){ 0 };
    return store_task_children(store_as_reader(loading->engine->config.store), loading->run->row.seq,
                               load_child, loading, loading->err);
}

static int load(struct engine *engine, struct workflow_row *row, struct workflow **ret, struct error *err)
{
    struct store_reader *reader = store_as_reader(engine->config.store);
    const char *text = value_map_chars(row->definition, "text");
    struct definition *definition =
        definitions_get(engine->definitions, text ? text : "", text ? strlen(text) : 0);
    struct loading loading = { .engine = engine, .err = err };
    int r;

    if (definition->failure || !definition->graph) {
        definition_unref(definition);
        return error_set(err, -EBADMSG, "the definition of workflow %lld cannot be read any more",
                         (long long)row->seq);
    }
    loading.workflow = workflow_new(engine, definition, row->inputs, row->context);
    workflow_row_release(&loading.workflow->row);
    loading.workflow->row = *row;
    *row = (struct workflow_row){ 0 };
    loading.workflow->exists = true;
    r = store_workflow_states(reader, loading.workflow->row.seq, load_state, &loading, err);
    if (r == 0)
        r = store_tasks(reader, loading.workflow->row.seq, true, load_task, &loading, err);
    if (r < 0) {
        workflow_free(loading.workflow);
        return r;
    }
    note_status(engine, loading.workflow);
    remember(engine, loading.workflow);
    workflow_touch(engine, loading.workflow);
    *ret = loading.workflow;
    return 0;
}

int workflow_find(struct engine *engine, int64_t execution, struct workflow **ret, struct error *err)
{
    struct workflow_row row = { 0 };
    int r;

    *ret = strmap_get_n(&engine->workflows, (const char *)&execution, sizeof(execution));
    if (*ret)
        return 0;
    r = store_workflow_of_execution(store_as_reader(engine->config.store), execution, &row, err);
    if (r == 0)
        r = load(engine, &row, ret, err);
    workflow_row_release(&row);
    return r;
}
