/* SPDX-License-Identifier: Apache-2.0 */
/* How far an execution is: what it waits for, which only the engine can tell, and the tasks of a workflow with what their
   items have said so far. */
#include <stdlib.h>

#include "base/mem.h"
#include "engine/waits.h"
#include "execution_document.h"
#include "execution_requests.h"

#define RESULTS_MAX 1000 /* of executions in one answer */

/* ---- /executions/{id}/waits ---- */

static int apply_waits(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    value list;
    int r = execution_waits(engine, input->seq, &list, err);

    if (r < 0)
        return r;
    if (r > 0)
        return api_fault(input, 404, "Unable to identify resource with id \"%s\".", input->text);
    return api_answer(input, 200, list);
}

static const struct input_ops waits_ops = { "execution waits", apply_waits, api_input_done, false };

static void get_waits(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader = api_reader(api, request);
    struct api_input *input;
    int64_t seq;

    if (!reader || !execution_find_sequence(api, request, reader, &seq))
        return;
    input = api_input_new(api, request, &waits_ops);
    input->seq = seq;
    input->text = xstrdup(http_variable(request, "id"));
    api_submit(input);
}

/* ---- /executions/{id}/tasks ---- */

struct tasks {
    struct api *api;
    struct store_reader *reader;
    struct page page;
    bool only_open, with_results;
    int64_t total; /* seen so far */
    size_t n_results;
    value list;
    struct error err;
};

struct results {
    struct tasks *tasks;
    value list; /* of items; or the one result */
    bool itemized;
    int64_t left_out;
};

static value result_of(struct api *api, const struct execution_row *row)
{
    /* Masked like everywhere else. */
    value document = execution_document(api, row, false),
          result = value_ref(value_map_get(document, "result"));

    value_unref(document);
    return value_is_set(result) ? result : value_null();
}

static value item_document(struct api *api, const struct execution_row *row)
{
    value item = value_map_new(3);

    value_map_put(&item, "execution", api_id_value(api, row->seq));
    value_map_put(&item, "status", value_text(execution_status_text(row->status)));
    value_map_put(&item, "result", result_of(api, row));
    return item;
}

static int on_child(void *data, int64_t item, int64_t execution, const char *told)
{
    struct results *results = data;
    struct tasks *tasks = results->tasks;
    struct execution_row row;
    int r;

    if (tasks->n_results == RESULTS_MAX) {
        results->left_out++;
        return 0;
    }
    r = store_execution_get(tasks->reader, execution, EXECUTION_RESULT, &row, &tasks->err);
    if (r != 0)
        return r < 0 ? r : 0;
    tasks->n_results++;
    if (results->itemized) {
        while (value_list_count(results->list) < (size_t)item)
            value_list_append(&results->list, value_null());
        value_list_append(&results->list, item_document(tasks->api, &row));
    } else {
        value_replace(&results->list, result_of(tasks->api, &row));
    }
    execution_row_release(&row);
    return 0;
}

/* {"items": [{execution, status, result} or null ...]}, or the result of the one execution. */
static int add_result(struct tasks *tasks, const struct task_row *row, value *document)
{
    struct results results = { .tasks = tasks, .itemized = row->items >= 0 };
    value result;
    int r;

    if (results.itemized)
        results.list = value_list_new(4);
    r = store_task_children(tasks->reader, row->seq, on_child, &results, &tasks->err);
    if (r < 0) {
        value_unref(results.list);
        return r;
    }
    if (results.itemized) {
        result = value_map_new(1);
        value_map_put(&result, "items", results.list);
        value_map_put(document, "result", result);
    } else if (value_is_set(results.list)) {
        value_map_put(document, "result", results.list);
    }
    if (results.left_out)
        value_map_put(document, "results_left_out", value_int(results.left_out));
    return 0;
}

static value retry_document(value retry)
{
    value document = value_map_new(3);

    value_map_put(&document, "count", value_ref(value_map_get(retry, "count")));
    value_map_put(&document, "tally", value_ref(value_map_get(retry, "tally")));
    value_map_put(&document, "at", api_time_value(value_map_int(retry, "at_us", 0)));
    return document;
}

static value task_document(struct api *api, const struct task_row *row)
{
    static const char *const copied[][2] = { { "delay", "delay" },
                                             { "items_concurrency", "concurrency" },
                                             { "timeout", "timeout" } };
    value document = value_map_new(16);

    value_map_put(&document, "id", api_id_value(api, row->seq));
    value_map_put(&document, "workflow_execution", api_id_value(api, row->workflow));
    value_map_put(&document, "task_name", value_text(row->name));
    value_map_put(&document, "task_id", value_text(row->name));
    value_map_put(&document, "task_route", value_int(row->route));
    value_map_put(&document, "status", value_text(row->status));
    value_map_put(&document, "start_timestamp", api_time_value(row->start_us));
    if (row->end_us)
        value_map_put(&document, "end_timestamp", api_time_value(row->end_us));
    value_map_put(&document, "itemized", value_bool(row->items >= 0));
    if (row->items >= 0)
        value_map_put(&document, "items_count", value_int(row->items));
    for (size_t i = 0; i < ELEMENTS(copied); i++)
        if (value_map_has(row->more, copied[i][1]))
            value_map_set_text(&document, copied[i][0], value_ref(value_map_get(row->more, copied[i][1])));
    if (value_map_has(row->more, "retry"))
        value_map_put(&document, "retry", retry_document(value_map_get(row->more, "retry")));
    return document;
}

static int on_task(void *data, struct task_row *row)
{
    struct tasks *tasks = data;
    int64_t number = tasks->total++;
    value document;
    int r = 0;

    if (number < tasks->page.offset ||
        (tasks->page.limit >= 0 && number >= tasks->page.offset + tasks->page.limit))
        return 0;
    document = task_document(tasks->api, row);
    if (tasks->with_results)
        r = add_result(tasks, row, &document);
    value_list_append(&tasks->list, document);
    return r;
}

static void answer_tasks(struct http_request *request, struct tasks *tasks, int64_t execution)
{
    struct workflow_row workflow = { 0 };
    int r = store_workflow_of_execution(tasks->reader, execution, &workflow, &tasks->err);

    tasks->list = value_list_new(8);
    if (r == 0)
        r = store_tasks(tasks->reader, workflow.seq, tasks->only_open, on_task, tasks, &tasks->err);
    workflow_row_release(&workflow);
    if (r < 0) {
        api_store_failed(request, r, &tasks->err);
    } else {
        api_page_headers(request, &tasks->page, tasks->total);
        http_respond_value(request, 200, tasks->list);
    }
    value_unref(tasks->list);
    error_release(&tasks->err);
}

static void get_tasks(struct http_request *request, void *owner)
{
    struct tasks tasks = { .api = owner };
    struct execution_row row;
    ERROR_AUTO(err);

    if (http_query_bool(request, "open", false, &tasks.only_open, &err) < 0 ||
        http_query_bool(request, "results", false, &tasks.with_results, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (!api_page(owner, request, 100, &tasks.page) ||
        !execution_read(owner, request, 0, &tasks.reader, &row))
        return;
    answer_tasks(request, &tasks, row.seq);
    execution_row_release(&row);
}

static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };
static const struct http_parameter tasks_parameters[] = {
    { "open", HTTP_BOOLEAN },   { "results", HTTP_BOOLEAN }, { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER }, { NULL, HTTP_STRING },
};

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/executions/{id}/waits", get_waits, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/tasks", get_tasks, 0, tasks_parameters, NULL },
};

const struct api_routes api_progress_routes = { routes, ELEMENTS(routes) };
