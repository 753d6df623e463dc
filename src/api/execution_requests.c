/* SPDX-License-Identifier: Apache-2.0 */
/* What changes executions: requests, repetitions, changes of status, cancellations (contract: rest-api.md 5.4). */
#include "execution_requests.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/datastore.h"
#include "engine/executions.h"
#include "execution_document.h"
#include "value/json.h"
#include "value/python.h"

#define DELAY_MAX_MS (INT64_C(366) * 86400 * 1000)

struct execution_input {
    struct input input;
    struct api *api;
    struct http_request *request;
    struct execution_plan plan;
    struct execution_row row;
    char *refusal;
    unsigned refusal_status;
    unsigned status;
    bool show_secrets;
    /* of PUT and DELETE */
    int64_t seq;
    int new_status; /* -1: cancel */
    value result;
    char *user;
};

/* A change of a workflow is answered with all that is stored now. */
static value changed_document(struct execution_input *e)
{
    struct store_reader *reader = store_as_reader(e->api->config.store);
    struct execution_row row;
    value document;

    if (store_execution_get(reader, e->row.seq, EXECUTION_RESULT, &row, NULL) != 0)
        return execution_document(e->api, &e->row, e->show_secrets);
    document = execution_document(e->api, &row, e->show_secrets);
    execution_document_complete(e->api, reader, &row, &document, NULL);
    execution_row_release(&row);
    return document;
}

/* In the engine's thread. */
static void execution_done(struct input *input, int r, const struct error *err)
{
    struct execution_input *e = (struct execution_input *)input;

    if (r < 0) {
        api_store_failed(e->request, r, err);
    } else if (e->refusal) {
        http_respond_fault(e->request, e->refusal_status, "%s", e->refusal);
    } else {
        bool whole = e->seq && value_text_is(value_map_get(e->row.runner, "name"), "orquesta");
        value document = whole ? changed_document(e) : execution_document(e->api, &e->row, e->show_secrets);

        http_respond_value(e->request, e->status, document);
        value_unref(document);
    }
    execution_plan_release(&e->plan);
    execution_row_release(&e->row);
    value_unref(e->result);
    free(e->refusal);
    free(e->user);
    free(e);
}

static int apply_create(struct engine *engine, struct input *input, struct error *err)
{
    struct execution_input *e = (struct execution_input *)input;

    if (e->plan.failure) {
        e->refusal = xstrdup(e->plan.failure);
        e->refusal_status = 400;
    }
    if (e->plan.row.trace) {
        struct trace_row trace;
        int r = store_trace_get(store_as_reader(engine_store(engine)), e->plan.row.trace, &trace, err);

        if (r < 0)
            return r;
        if (r == 0)
            trace_row_release(&trace);
    }
    return execution_accept(engine, &e->plan, &e->row, err);
}

static int apply_change(struct engine *engine, struct input *input, struct error *err)
{
    struct execution_input *e = (struct execution_input *)input;
    ERROR_AUTO(reason);
    int r;

    if (e->new_status < 0)
        r = execution_cancel(engine, e->seq, e->user, &e->row, &reason);
    else
        r = execution_set_status(engine, e->seq, (enum execution_status)e->new_status, e->result, e->user,
                                 &e->row, &reason);
    if (r < 0) {
        error_move(err, &reason);
        return r;
    }
    if (r == STORE_NOT_FOUND) {
        e->refusal =
            xasprintf("Unable to identify resource with id \"%s\".", http_variable(e->request, "id"));
        e->refusal_status = 404;
    } else if (r == EXECUTION_REFUSED) {
        e->refusal = xstrdup(error_text(&reason));
        /* A DELETE that does nothing is no error to clients: they look for faultstring in the body. */
        e->refusal_status = e->new_status < 0 ? 200 : 400;
    }
    return 0;
}

static const struct input_ops create_ops = { "execution create", apply_create, execution_done, false };
static const struct input_ops change_ops = { "execution change", apply_change, execution_done, false };

static struct execution_input *new_input(struct api *api, struct http_request *request,
                                         const struct input_ops *ops)
{
    struct execution_input *e = xcalloc(1, sizeof(*e));

    e->input.ops = ops;
    e->api = api;
    e->request = request;
    e->status = 200;
    e->new_status = -1;
    e->user = xstrdup(api_caller(request)->user);
    return e;
}

/* Notification settings of a request: {on-complete, on-success, on-failure}. */
static bool check_notify(value notify, struct error *err)
{
    static const char *const sections[] = { "on-complete", "on-success", "on-failure" };
    static const char *const members[] = { "message", "data", "routes", "channels" };

    VALUE_MAP_EACH (i, notify) {
        value section = value_map_item_at(notify, i);
        bool known = false;

        for (size_t j = 0; j < ELEMENTS(sections); j++)
            known |= value_text_is(value_map_key_at(notify, i), sections[j]);
        if (!known) {
            error_set(err, 0, "Additional properties are not allowed ('%s' was unexpected)",
                      value_chars(value_map_key_at(notify, i)));
            return false;
        }
        VALUE_MAP_EACH (k, section) {
            known = false;
            for (size_t j = 0; j < ELEMENTS(members); j++)
                known |= value_text_is(value_map_key_at(section, k), members[j]);
            if (!known) {
                error_set(err, 0, "Additional properties are not allowed ('%s' was unexpected)",
                          value_chars(value_map_key_at(section, k)));
                return false;
            }
        }
    }
    return true;
}

static bool check_type(value body, const char *name, enum value_kind kind, const char *type,
                       struct error *err)
{
    value item = value_map_get(body, name);
    BUFFER_AUTO(shown);

    if (value_is_null(item) || item.kind == kind)
        return true;
    python_repr(&shown, item);
    error_set(err, 0, "%s is not of type '%s'", buffer_text(&shown), type);
    return false;
}

static bool check_body(value body, struct error *err)
{
    static const struct {
        const char *name;
        enum value_kind kind;
        const char *type;
    } members[] = {
        { "action", VALUE_STRING, "string" }, { "parameters", VALUE_MAP, "object" },
        { "context", VALUE_MAP, "object" },   { "user", VALUE_STRING, "string" },
        { "notify", VALUE_MAP, "object" },    { "callback", VALUE_MAP, "object" },
        { "delay", VALUE_INT, "integer" },
    };

    if (!value_map_has(body, "action")) {
        error_set(err, 0, "'action' is a required property");
        return false;
    }
    for (size_t i = 0; i < ELEMENTS(members); i++)
        if (!check_type(body, members[i].name, members[i].kind, members[i].type, err))
            return false;
    return check_notify(value_map_get(body, "notify"), err);
}

/* The st2-context header over the body's context; the user in it does not count. False: answered. */
static bool merge_context(struct http_request *request, value *context)
{
    const char *text = http_request_header(request, "st2-context");
    VALUE_AUTO(more);
    ERROR_AUTO(err);

    if (!text || !*text)
        return true;
    if (json_read(text, strlen(text), 0, &more, &err) < 0 || !value_is_map(more)) {
        http_respond_fault(request, 400,
                           "Unable to convert st2-context from the headers into JSON (was <class '%s'>).",
                           value_is_set(more) ? python_type_name(more) : "str");
        return false;
    }
    value_map_remove(&more, "user");
    value_map_update(context, more);
    return true;
}

/* A trace that is named must exist. False: answered. */
static bool named_trace(struct api *api, struct http_request *request, value context, int64_t *ret)
{
    const char *id = value_map_chars(value_map_get(context, "trace_context"), "id_");
    struct store_reader *reader;
    struct trace_row trace;
    int r;

    if (!id)
        return true;
    if (!object_id_valid(id)) {
        http_respond_fault(request, 400, "Unable to find Trace with id=\"%s\"", id);
        return false;
    }
    reader = api_reader(api, request);
    if (!reader)
        return false;
    r = api_parse_id(api, id, ret) ? store_trace_get(reader, *ret, &trace, NULL) : STORE_NOT_FOUND;
    if (r != 0) {
        http_respond_fault(request, 400, "Unable to find the TraceDB instance. {'id': '%s'}", id);
        return false;
    }
    trace_row_release(&trace);
    return true;
}

/* Plans and submits; the context is borrowed. */
static void submit_request(struct api *api, struct http_request *request, struct execution_request *wanted,
                           bool show_secrets)
{
    struct datastore_view view = { .catalog = api->config.catalog,
                                   .user = wanted->user,
                                   .now_us = clock_now_us() };
    struct expr_host host = datastore_host(&view);
    struct execution_input *e;
    ERROR_AUTO(err);

    if (!named_trace(api, request, wanted->context, &wanted->trace))
        return;
    e = new_input(api, request, &create_ops);
    e->status = 201;
    e->show_secrets = show_secrets;
    if (execution_plan(api->config.catalog, &host, view.now_us, wanted, &e->plan, &err) ==
        EXECUTION_REFUSED) {
        free(e->user);
        free(e);
        http_respond_error(request, 400, &err);
        return;
    }
    http_suspend(request);
    engine_loop_post(api->config.loop, &e->input);
}

void execution_create(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct execution_request wanted = { 0 };
    const struct caller *caller = api_caller(request);
    const char *user;
    VALUE_AUTO(body);
    VALUE_AUTO(context);
    ERROR_AUTO(err);
    bool secrets;

    if (!execution_wants_secrets(api, request, &secrets) || !api_body_object(request, &body))
        return;
    if (!check_body(body, &err)) {
        http_respond_error(request, 400, &err);
        return;
    }
    context = value_is_map(value_map_get(body, "context")) ? value_ref(value_map_get(body, "context"))
                                                           : value_map_new(4);
    if (!merge_context(request, &context))
        return;
    user = value_map_chars(body, "user");
    if (user && strcmp(user, caller->user) != 0 && !caller->admin) {
        http_respond_fault(request, 403,
                           "Only administrators may run actions as somebody else (user \"%s\").", user);
        return;
    }
    wanted.action = value_map_chars(body, "action");
    wanted.parameters = value_map_get(body, "parameters");
    wanted.context = context;
    wanted.user = user ? user : caller->user;
    wanted.notify = value_map_get(body, "notify");
    wanted.callback = value_map_get(body, "callback");
    wanted.delay_ms = value_map_int(body, "delay", 0);
    if (wanted.delay_ms < 0 || wanted.delay_ms > DELAY_MAX_MS) {
        http_respond_fault(request, 400, "delay must be from 0 to %" PRId64 " milliseconds, got %" PRId64,
                           DELAY_MAX_MS, wanted.delay_ms);
        return;
    }
    submit_request(api, request, &wanted, secrets);
}

/* The new context tells what it repeats and stays in the trace. */
static value rerun_context(struct api *api, const struct execution_row *row, value body)
{
    static const char *const lists[] = { "tasks", "reset" };
    value context = value_map_new(4), rerun = value_map_new(5), trace = value_map_new(1);

    value_map_put(&rerun, "ref", api_id_value(api, row->seq));
    for (size_t i = 0; i < ELEMENTS(lists); i++)
        if (value_list_count(value_map_get(body, lists[i])))
            value_map_set_text(&rerun, lists[i], value_ref(value_map_get(body, lists[i])));
    if (value_map_count(value_map_get(body, "items")))
        value_map_put(&rerun, "items", value_ref(value_map_get(body, "items")));
    if (value_map_bool(body, "deep", false))
        value_map_put(&rerun, "deep", value_bool(true));
    value_map_put(&context, "re-run", rerun);
    if (row->trace) {
        value_map_put(&trace, "id_", api_id_value(api, row->trace));
        value_map_put(&context, "trace_context", trace);
    } else {
        value_unref(trace);
    }
    return context;
}

static bool among(value list, value item)
{
    VALUE_LIST_EACH (i, other, list) {
        if (value_equal(item, other))
            return true;
    }
    return false;
}

/* {task: [numbers]}. False: answered. */
static bool check_items(struct http_request *request, value tasks, value items)
{
    if (!value_is_null(items) && !value_is_map(items)) {
        http_respond_fault(request, 400,
                           "items must be an object of tasks, each with a list of numbers of its items.");
        return false;
    }
    VALUE_MAP_EACH (i, items) {
        value numbers = value_map_item_at(items, i);
        bool good = value_list_count(numbers) > 0 && among(tasks, value_map_key_at(items, i));

        VALUE_LIST_EACH (j, number, numbers)
            good &= number.kind == VALUE_INT && number.integer >= 0;
        if (!good) {
            http_respond_fault(
                request, 400,
                "The items of \"%s\" must be numbers from 0, of a task that is among the tasks to rerun.",
                value_chars(value_map_key_at(items, i)));
            return false;
        }
    }
    return true;
}

void execution_rerun(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct execution_request wanted = { 0 };
    struct store_reader *reader;
    struct execution_row row;
    value given, tasks, reset;
    const char *user, *runner;
    VALUE_AUTO(body);
    VALUE_AUTO(context);
    VALUE_AUTO(parameters);
    bool secrets, continues;

    if (!execution_wants_secrets(api, request, &secrets) || !api_body_object(request, &body))
        return;
    given = value_map_get(body, "parameters");
    tasks = value_map_get(body, "tasks");
    reset = value_map_get(body, "reset");
    if (value_list_count(tasks) && value_map_count(given)) {
        http_respond_fault(request, 400,
                           "Parameters override is not supported when re-running task(s) for a workflow.");
        return;
    }
    VALUE_LIST_EACH (i, name, reset) {
        if (!among(tasks, name)) {
            http_respond_fault(request, 400, "List of tasks to reset does not match the tasks to rerun.");
            return;
        }
    }
    if (!check_items(request, tasks, value_map_get(body, "items")))
        return;
    if (!execution_read(api, request, 0, &reader, &row))
        return;
    runner = value_map_chars(row.runner, "name");
    continues = value_list_count(tasks) || value_map_bool(body, "deep", false);
    if (continues && strcmp(runner ? runner : "", "orquesta") != 0) {
        http_respond_fault(request, 400, "Task option is only supported for Orquesta workflows.");
        execution_row_release(&row);
        return;
    }
    parameters = value_is_map(row.parameters) ? value_ref(row.parameters) : value_map_new(4);
    value_map_update(&parameters, given);
    context = rerun_context(api, &row, body);
    user = value_map_chars(body, "user");
    wanted.action = value_map_chars(row.action, "ref");
    wanted.parameters = parameters;
    wanted.context = context;
    if (continues)
        wanted.rerun = value_map_get(context, "re-run");
    wanted.user = user && *user && api_caller(request)->admin ? user : api_caller(request)->user;
    wanted.delay_ms = value_map_int(body, "delay", 0);
    if (wanted.delay_ms < 0 || wanted.delay_ms > DELAY_MAX_MS)
        http_respond_fault(request, 400, "delay must be from 0 to %" PRId64 " milliseconds", DELAY_MAX_MS);
    else
        submit_request(api, request, &wanted, secrets);
    execution_row_release(&row);
}

void execution_change(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader = api_reader(api, request);
    struct execution_input *e;
    const char *status;
    VALUE_AUTO(body);
    BUFFER_AUTO(shown);
    int64_t seq;
    int number;

    if (!reader || !execution_find_sequence(api, request, reader, &seq) || !api_body_object(request, &body))
        return;
    VALUE_MAP_EACH (i, body) {
        value key = value_map_key_at(body, i);

        if (!value_text_is(key, "status") && !value_text_is(key, "result") && !value_text_is(key, "id")) {
            http_respond_fault(request, 400, "Additional properties are not allowed ('%s' was unexpected)",
                               value_chars(key));
            return;
        }
    }
    status = value_map_chars(body, "status");
    number = status ? execution_status_from_text(status) : -1;
    if (!value_map_has(body, "status")) {
        http_respond_fault(request, 400, "'status' is a required property");
        return;
    }
    if (number < 0) {
        python_repr(&shown, value_map_get(body, "status"));
        http_respond_fault(
            request, 400,
            "%s is not one of ['requested', 'scheduled', 'delayed', 'running', 'succeeded', 'failed', 'timeout', "
            "'abandoned', 'canceling', 'canceled', 'pending', 'pausing', 'paused', 'resuming']",
            buffer_text(&shown));
        return;
    }
    e = new_input(api, request, &change_ops);
    e->seq = seq;
    e->new_status = number;
    e->result = value_ref(value_map_get(body, "result"));
    http_suspend(request);
    engine_loop_post(api->config.loop, &e->input);
}

void execution_delete(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader = api_reader(api, request);
    struct execution_input *e;
    int64_t seq;

    if (!reader || !execution_find_sequence(api, request, reader, &seq))
        return;
    e = new_input(api, request, &change_ops);
    e->seq = seq;
    http_suspend(request);
    engine_loop_post(api->config.loop, &e->input);
}
