/* SPDX-License-Identifier: Apache-2.0 */
/* /executions (contract: rest-api.md 5.4). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/datastore.h"
#include "engine/executions.h"
#include "execution_document.h"
#include "value/datetime.h"
#include "value/json.h"
#include "value/python.h"

#define RESULT_SIZE_MAX (14 * 1024 * 1024) /* of ?max_result_size */
#define DELAY_MAX_MS    (INT64_C(366) * 86400 * 1000)

static void unknown_id(struct http_request *request, const char *id)
{
    http_respond_fault(request, 404, "Unable to identify resource with id \"%s\".", id);
}

/* The execution a path names; "last" is the newest. False: answered. */
static bool find_sequence(struct api *api, struct http_request *request, struct store_reader *reader, int64_t *ret)
{
    const char *id = http_variable(request, "id");
    ERROR_AUTO(err);
    int r;

    if (strcmp(id, "last") == 0) {
        r = store_execution_last(reader, ret, &err);
        if (r == 0)
            return true;
        if (r > 0)
            http_respond_fault(request, 400, "No executions found in the database.");
        else
            api_store_failed(request, r, &err);
        return false;
    }
    if (api_parse_id(api, id, ret))
        return true;
    unknown_id(request, id);
    return false;
}

/* Reads the execution of the path. False: answered. */
static bool read_execution(struct api *api, struct http_request *request, enum execution_columns columns,
                           struct store_reader **ret_reader, struct execution_row *ret)
{
    ERROR_AUTO(err);
    int64_t seq;
    int r;

    *ret_reader = api_reader(api, request);
    if (!*ret_reader || !find_sequence(api, request, *ret_reader, &seq))
        return false;
    r = store_execution_get(*ret_reader, seq, columns, ret, &err);
    if (r == 0)
        return true;
    if (r == STORE_NOT_FOUND)
        unknown_id(request, http_variable(request, "id"));
    else
        api_store_failed(request, r, &err);
    return false;
}

/* show_secrets counts for administrators, and for all when masking is off. False: answered. */
static bool wants_secrets(struct api *api, struct http_request *request, bool *ret)
{
    ERROR_AUTO(err);

    if (http_query_bool(request, "show_secrets", false, ret, &err) < 0) {
        http_respond_error(request, 400, &err);
        return false;
    }
    *ret = (*ret && api_caller(request)->admin) || !api->config.settings->mask_secrets;
    return true;
}

/* False: answered. */
static bool wanted_attributes(struct http_request *request, struct attributes *ret)
{
    const char *bad;
    bool include;

    if (!api_attributes(request, ret))
        return false;
    if (execution_attributes_check(ret, &bad, &include))
        return true;
    http_respond_fault(request, 400, "Invalid or unsupported %s attribute specified: %s", include ? "include" : "exclude",
                       bad);
    api_attributes_release(ret);
    return false;
}

/* ---- lists ---- */

struct listing {
    struct api *api;
    struct store_reader *reader;
    struct attributes attributes;
    bool show_secrets;
    value list;
    struct error err;
};

/* Is a member among what will be answered? */
static bool answers(const struct attributes *attributes, const char *name)
{
    if (value_is_set(attributes->include)) {
        VALUE_LIST_EACH(i, path, attributes->include)
        {
            if (strncmp(value_chars(path), name, strlen(name)) == 0)
                return true;
        }
        return false;
    }
    VALUE_LIST_EACH(i, path, attributes->exclude)
    {
        if (value_text_is(path, name))
            return false;
    }
    return true;
}

static int on_row(void *data, struct execution_row *row)
{
    struct listing *listing = data;
    value document = execution_document(listing->api, row, listing->show_secrets);
    int r = 0;

    if (answers(&listing->attributes, "trigger_instance") || answers(&listing->attributes, "children"))
        r = execution_document_complete(listing->api, listing->reader, row, &document, &listing->err);
    value_list_append(&listing->list, execution_document_select(&listing->attributes, document));
    return r < 0 ? r : 0;
}

static const char *name_filter(struct http_request *request, const char *name)
{
    const char *text = http_query(request, name);

    return text && *text ? strcasecmp(text, "null") == 0 ? "" : text : NULL;
}

/* Ids of a filter; those that are no ids of ours fit nothing. */
static void parse_ids(struct api *api, struct http_request *request, struct execution_filter *f, int64_t **ret)
{
    VALUE_AUTO(ids);

    ids = http_query_list(request, "id");
    if (!value_list_count(ids))
        return;
    *ret = xreallocarray(NULL, value_list_count(ids), sizeof(int64_t));
    VALUE_LIST_EACH(i, id, ids)
    {
        if (api_parse_id(api, value_chars(id), &(*ret)[f->n_ids]))
            f->n_ids++;
    }
    f->no_ids = f->n_ids == 0;
    f->ids = *ret;
}

static bool parse_range(struct http_request *request, struct execution_filter *f)
{
    const char *text = http_query(request, "timestamp"), *dots = text ? strstr(text, "..") : NULL;
    VALUE_AUTO(from);
    VALUE_AUTO(to);

    if (!text || !*text)
        return true;
    if (datetime_parse_iso(text, dots ? (size_t)(dots - text) : strlen(text), &from, NULL) < 0 ||
        (dots && datetime_parse_iso(dots + 2, strlen(dots + 2), &to, NULL) < 0)) {
        http_respond_fault(request, 400, "Invalid or unsupported timestamp specified: %s", text);
        return false;
    }
    f->from_us = datetime_utc_us(from);
    f->to_us = dots ? datetime_utc_us(to) : f->from_us;
    if (f->from_us > f->to_us) {
        int64_t swap = f->from_us;

        f->from_us = f->to_us;
        f->to_us = swap;
        f->ascending = true;
    }
    return true;
}

static bool parent_filter(struct api *api, const char *text, bool *ret_none, int64_t *ret, bool *ret_nothing)
{
    if (!text || !*text)
        return true;
    if (ret_none && strcasecmp(text, "null") == 0)
        *ret_none = true;
    else if (!api_parse_id(api, text, ret))
        *ret_nothing = true;
    return true;
}

/* Status, then time, then the rest. False: answered. */
static bool parse_filter(struct api *api, struct http_request *request, struct execution_filter *f, int64_t **ret_ids)
{
    const char *status = http_query(request, "status"), *live = http_query(request, "liveaction");
    const char *lt = http_query(request, "timestamp_lt"), *gt = http_query(request, "timestamp_gt");
    const char *asc = http_query(request, "sort_asc"), *desc = http_query(request, "sort_desc");
    const char *sort = http_query(request, "sort");
    ERROR_AUTO(err);

    *f = (struct execution_filter){
        .action = name_filter(request, "action"),
        .runner = name_filter(request, "runner"),
        .rule = name_filter(request, "rule"),
        .trigger = name_filter(request, "trigger"),
        .trigger_type = name_filter(request, "trigger_type"),
        .user = name_filter(request, "user"),
        .status = -1,
    };
    if (status && *status) {
        f->status = execution_status_from_text(status);
        f->no_ids |= f->status < 0;
    }
    parse_ids(api, request, f, ret_ids);
    parent_filter(api, http_query(request, "parent"), &f->top_level, &f->parent, &f->no_ids);
    parent_filter(api, http_query(request, "trigger_instance"), NULL, &f->instance, &f->no_ids);
    if (live && *live) {
        *ret_ids = xrealloc(*ret_ids, sizeof(int64_t));
        f->ids = *ret_ids;
        f->n_ids = api_parse_id(api, live, *ret_ids);
        (*ret_ids)[0]++;
        f->no_ids |= !f->n_ids;
    }
    if (http_query_time(request, "timestamp_gt", 0, &f->after_us, &err) < 0 ||
        http_query_time(request, "timestamp_lt", 0, &f->before_us, &err) < 0) {
        http_respond_error(request, 400, &err);
        return false;
    }
    if (!parse_range(request, f))
        return false;
    if (sort && strstr(sort, "start_timestamp") && sort[0] == '+')
        f->ascending = true;
    if ((lt && *lt) || (desc && *desc))
        f->ascending = false;
    else if ((gt && *gt) || (asc && *asc))
        f->ascending = true;
    return true;
}

/* ?filter=path:value path:value ..., on what there are columns for. */
static bool parse_advanced(struct api *api, struct http_request *request, const char *text, struct execution_filter *f,
                           char **ret_copy)
{
    char *save = NULL, *copy = *ret_copy = xstrdup(text);

    *f = (struct execution_filter){ .status = -1 };
    for (char *token = strtok_r(copy, " ", &save); token; token = strtok_r(NULL, " ", &save)) {
        char *colon = strchr(token, ':');
        const struct {
            const char *path;
            const char **name;
        } names[] = {
            { "action.ref", &f->action },     { "runner.name", &f->runner },
            { "rule.name", &f->rule },        { "trigger.name", &f->trigger },
            { "context.user", &f->user },     { "trigger_type.name", &f->trigger_type },
        };
        bool known = false;

        if (!colon || colon == token || !colon[1]) {
            http_respond_fault(request, 400, "Improper filter format \"%s\": it is path:value, separated by spaces", token);
            return false;
        }
        *colon = '\0';
        for (size_t i = 0; i < ELEMENTS(names); i++)
            if (strcmp(token, names[i].path) == 0) {
                *names[i].name = colon + 1;
                known = true;
            }
        if (strcmp(token, "status") == 0) {
            f->status = execution_status_from_text(colon + 1);
            f->no_ids |= f->status < 0;
            known = true;
        } else if (strcmp(token, "parent") == 0) {
            known = parent_filter(api, colon + 1, &f->top_level, &f->parent, &f->no_ids);
        }
        if (!known) {
            http_respond_fault(request, 400, "Filtering by \"%s\" is not supported; there are status, parent, action.ref, "
                                             "runner.name, rule.name, trigger.name, trigger_type.name and context.user", token);
            return false;
        }
    }
    return true;
}

static void list_executions(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct listing listing = { .api = api };
    const char *advanced = http_query(request, "filter");
    CLEANUP(freep) int64_t *ids = NULL;
    CLEANUP(freep) char *copy = NULL;
    struct execution_filter filter;
    struct page page;
    int64_t total = 0;
    int r;

    listing.reader = api_reader(api, request);
    if (!listing.reader || !api_page(api, request, 100, &page) || !wants_secrets(api, request, &listing.show_secrets))
        return;
    if (advanced && *advanced ? !parse_advanced(api, request, advanced, &filter, &copy)
                              : !parse_filter(api, request, &filter, &ids))
        return;
    if (!wanted_attributes(request, &listing.attributes))
        return;
    filter.limit = page.limit;
    filter.offset = page.offset;
    listing.list = value_list_new(16);
    r = store_executions(listing.reader, &filter, answers(&listing.attributes, "result") ? EXECUTION_RESULT : 0, on_row,
                         &listing, &total, &listing.err);
    if (r < 0) {
        api_store_failed(request, r, &listing.err);
    } else {
        api_page_headers(request, &page, total);
        http_respond_value(request, 200, listing.list);
    }
    value_unref(listing.list);
    error_release(&listing.err);
    api_attributes_release(&listing.attributes);
}

/* ---- one ---- */

static void get_execution(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader;
    struct attributes attributes;
    struct execution_row row;
    value document;
    ERROR_AUTO(err);
    int64_t largest;
    bool secrets;
    int r;

    if (http_query_int(request, "max_result_size", 0, &largest, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (largest < 0 || largest > RESULT_SIZE_MAX) {
        http_respond_fault(request, 400, "%s",
                           largest < 0 ? "max_result_size must be a positive number"
                                       : "max_result_size query parameter must be smaller than 14 MB");
        return;
    }
    if (!wants_secrets(api, request, &secrets) || !wanted_attributes(request, &attributes))
        return;
    if (!read_execution(api, request, EXECUTION_RESULT, &reader, &row)) {
        api_attributes_release(&attributes);
        return;
    }
    if (largest && row.result_size > largest)
        value_replace(&row.result, VALUE_NOTHING);
    document = execution_document(api, &row, secrets);
    r = execution_document_complete(api, reader, &row, &document, &err);
    document = execution_document_select(&attributes, document);
    if (r < 0)
        api_store_failed(request, r, &err);
    else
        http_respond_value(request, 200, document);
    value_unref(document);
    execution_row_release(&row);
    api_attributes_release(&attributes);
}

static void get_attribute(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *name = http_variable(request, "attribute");
    struct store_reader *reader;
    struct execution_row row;
    ERROR_AUTO(err);
    value document, item;

    if (strcmp(name, "result") != 0 && strcmp(name, "trigger_instance") != 0 && strcmp(name, "status") != 0) {
        http_respond_fault(request, 400,
                           "Invalid attribute \"%s\" specified. Valid attributes are: result, trigger_instance, status", name);
        return;
    }
    if (!read_execution(api, request, EXECUTION_RESULT, &reader, &row))
        return;
    document = execution_document(api, &row, false);
    execution_document_complete(api, reader, &row, &document, &err);
    item = value_map_get(document, name);
    if (value_is_set(item)) {
        http_respond_value(request, 200, item);
    } else {
        value empty = value_map_new(0);

        http_respond_value(request, 200, empty);
        value_unref(empty);
    }
    value_unref(document);
    execution_row_release(&row);
}

static int on_output(void *data, int64_t number, int64_t at_us, const char *type, const char *text, size_t n)
{
    buffer_add(data, text, n);
    return 0;
}

static void get_output(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *type = http_query(request, "output_type");
    struct store_reader *reader;
    struct execution_row row;
    BUFFER_AUTO(text);
    ERROR_AUTO(err);
    int r;

    if (!read_execution(api, request, 0, &reader, &row))
        return;
    r = store_outputs(reader, row.seq, type && *type && strcmp(type, "all") != 0 ? type : NULL, 0, on_output, &text,
                      &err);
    execution_row_release(&row);
    if (r < 0)
        api_store_failed(request, r, &err);
    else
        http_respond(request, 200, HTTP_TEXT, buffer_text(&text), text.len);
}

/* ---- the result alone ---- */

static bool gzip(const struct buffer *from, struct buffer *to)
{
    z_stream z = { .next_in = (Bytef *)from->data, .avail_in = (uInt)from->len };
    int r;

    if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    buffer_reserve(to, deflateBound(&z, from->len));
    z.next_out = (Bytef *)to->data;
    z.avail_out = (uInt)(to->room - 1);
    r = deflate(&z, Z_FINISH);
    to->len = z.total_out;
    deflateEnd(&z);
    return r == Z_STREAM_END;
}

static void get_result(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *id = http_variable(request, "id");
    struct store_reader *reader = api_reader(api, request);
    bool download, compress, pretty;
    struct execution_row row;
    VALUE_AUTO(document);
    BUFFER_AUTO(text);
    BUFFER_AUTO(packed);
    ERROR_AUTO(err);
    int64_t seq = 0;
    int r;

    if (!reader)
        return;
    if (http_query_bool(request, "download", false, &download, &err) < 0 ||
        http_query_bool(request, "compress", false, &compress, &err) < 0 ||
        http_query_bool(request, "pretty_format", false, &pretty, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    r = strcmp(id, "last") == 0 ? store_execution_last(reader, &seq, &err) : api_parse_id(api, id, &seq) ? 0 : STORE_NOT_FOUND;
    if (r == 0)
        r = store_execution_get(reader, seq, EXECUTION_RESULT, &row, &err);
    if (r == STORE_NOT_FOUND) {
        http_respond_fault(request, 404, "The resource could not be found.");
        return;
    }
    if (r < 0) {
        api_store_failed(request, r, &err);
        return;
    }
    /* Masked like everywhere else: what is secret has one door. */
    document = execution_document(api, &row, false);
    json_write(&text, value_is_set(row.result) ? value_map_get(document, "result") : value_null(),
               (struct json_style){ .indent = pretty ? 2 : -1 });
    execution_row_release(&row);
    if (compress && !gzip(&text, &packed)) {
        http_respond_fault(request, 500, "Internal Server Error");
        return;
    }
    if (download)
        http_headerf(request, "Content-Disposition", "attachment; filename=execution_%s_result.json%s", id,
                     compress ? ".gz" : "");
    if (compress)
        http_header(request, "Content-Encoding", "gzip");
    http_respond(request, 200, compress ? "application/x-gzip" : "text/json", compress ? packed.data : text.data,
                 compress ? packed.len : text.len);
}

/* ---- children ---- */

static int by_start(const void *a, const void *b)
{
    const value *left = a, *right = b;
    int order = 0;

    value_compare(value_map_get(*left, "start_timestamp"), value_map_get(*right, "start_timestamp"), &order);
    return order;
}

static int add_children(struct listing *listing, int64_t parent, int64_t depth, struct error *err)
{
    CLEANUP(freep) int64_t *seqs = NULL;
    size_t n = 0;
    int r = store_execution_children(listing->reader, parent, &seqs, &n, err);

    for (size_t i = 0; r == 0 && i < n; i++) {
        struct execution_row row;

        r = store_execution_get(listing->reader, seqs[i], EXECUTION_RESULT, &row, err);
        if (r == STORE_NOT_FOUND) {
            r = 0;
            continue;
        }
        if (r < 0)
            break;
        r = on_row(listing, &row);
        execution_row_release(&row);
        if (r == 0 && depth != 1)
            r = add_children(listing, seqs[i], depth - 1, err);
    }
    return r;
}

#define CHILDREN_DEPTH_MAX 100

static void list_children(struct http_request *request, void *owner)
{
    struct listing listing = { .api = owner, .show_secrets = !((struct api *)owner)->config.settings->mask_secrets };
    const char *format = http_query(request, "result_fmt");
    struct execution_row row;
    ERROR_AUTO(err);
    int64_t depth;
    int r;

    if (http_query_int(request, "depth", -1, &depth, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (!wanted_attributes(request, &listing.attributes))
        return;
    if (read_execution(owner, request, 0, &listing.reader, &row)) {
        listing.list = value_list_new(8);
        r = add_children(&listing, row.seq, depth > 0 && depth < CHILDREN_DEPTH_MAX ? depth : CHILDREN_DEPTH_MAX, &err);
        if (format && strcmp(format, "sorted") == 0 && value_list_count(listing.list) > 1)
            qsort(listing.list.list->items, listing.list.list->count, sizeof(value), by_start);
        if (r < 0)
            api_store_failed(request, r, &err);
        else
            http_respond_value(request, 200, listing.list);
        value_unref(listing.list);
        execution_row_release(&row);
    }
    error_release(&listing.err);
    api_attributes_release(&listing.attributes);
}

static void get_filters(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader = api_reader(api, request);
    VALUE_AUTO(filters);
    VALUE_AUTO(types);
    VALUE_AUTO(some);
    ERROR_AUTO(err);
    int r;

    if (!reader)
        return;
    r = store_execution_filters(reader, &filters, &err);
    if (r < 0) {
        api_store_failed(request, r, &err);
        return;
    }
    types = http_query_list(request, "types");
    if (!value_list_count(types)) {
        http_respond_value(request, 200, filters);
        return;
    }
    some = value_map_new(8);
    VALUE_LIST_EACH(i, type, types)
    {
        value names = value_map_get(filters, value_chars(type));

        if (value_is_set(names))
            value_map_set(&some, value_ref(type), value_ref(names));
    }
    http_respond_value(request, 200, some);
}

/* ---- changes ---- */

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
        r = execution_set_status(engine, e->seq, (enum execution_status)e->new_status, e->result, e->user, &e->row,
                                 &reason);
    if (r < 0) {
        error_move(err, &reason);
        return r;
    }
    if (r == STORE_NOT_FOUND) {
        e->refusal = xasprintf("Unable to identify resource with id \"%s\".", http_variable(e->request, "id"));
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

static struct execution_input *new_input(struct api *api, struct http_request *request, const struct input_ops *ops)
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

    VALUE_MAP_EACH(i, notify)
    {
        value section = value_map_item_at(notify, i);
        bool known = false;

        for (size_t j = 0; j < ELEMENTS(sections); j++)
            known |= value_text_is(value_map_key_at(notify, i), sections[j]);
        if (!known) {
            error_set(err, 0, "Additional properties are not allowed ('%s' was unexpected)",
                      value_chars(value_map_key_at(notify, i)));
            return false;
        }
        VALUE_MAP_EACH(k, section)
        {
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

static bool check_type(value body, const char *name, enum value_kind kind, const char *type, struct error *err)
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
        { "action", VALUE_STRING, "string" }, { "parameters", VALUE_MAP, "object" }, { "context", VALUE_MAP, "object" },
        { "user", VALUE_STRING, "string" },   { "notify", VALUE_MAP, "object" },     { "callback", VALUE_MAP, "object" },
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
        http_respond_fault(request, 400, "Unable to convert st2-context from the headers into JSON (was <class '%s'>).",
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
    struct datastore_view view = { .catalog = api->config.catalog, .user = wanted->user, .now_us = clock_now_us() };
    struct expr_host host = datastore_host(&view);
    struct execution_input *e;
    ERROR_AUTO(err);

    if (!named_trace(api, request, wanted->context, &wanted->trace))
        return;
    e = new_input(api, request, &create_ops);
    e->status = 201;
    e->show_secrets = show_secrets;
    if (execution_plan(api->config.catalog, &host, view.now_us, wanted, &e->plan, &err) == EXECUTION_REFUSED) {
        free(e->user);
        free(e);
        http_respond_error(request, 400, &err);
        return;
    }
    http_suspend(request);
    engine_loop_post(api->config.loop, &e->input);
}

static void create_execution(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct execution_request wanted = { 0 };
    const struct caller *caller = api_caller(request);
    const char *user;
    VALUE_AUTO(body);
    VALUE_AUTO(context);
    ERROR_AUTO(err);
    bool secrets;

    if (!wants_secrets(api, request, &secrets) || !api_body_object(request, &body))
        return;
    if (!check_body(body, &err)) {
        http_respond_error(request, 400, &err);
        return;
    }
    context = value_is_map(value_map_get(body, "context")) ? value_ref(value_map_get(body, "context")) : value_map_new(4);
    if (!merge_context(request, &context))
        return;
    user = value_map_chars(body, "user");
    if (user && strcmp(user, caller->user) != 0 && !caller->admin) {
        http_respond_fault(request, 403, "Only administrators may run actions as somebody else (user \"%s\").", user);
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
        http_respond_fault(request, 400, "delay must be from 0 to %" PRId64 " milliseconds, got %" PRId64, DELAY_MAX_MS,
                           wanted.delay_ms);
        return;
    }
    submit_request(api, request, &wanted, secrets);
}

/* The new context tells what it repeats and stays in the trace. */
static value rerun_context(struct api *api, const struct execution_row *row, value tasks, value reset)
{
    value context = value_map_new(4), rerun = value_map_new(3), trace = value_map_new(1);

    value_map_put(&rerun, "ref", api_id_value(api, row->seq));
    if (value_list_count(tasks))
        value_map_put(&rerun, "tasks", value_ref(tasks));
    if (value_list_count(reset))
        value_map_put(&rerun, "reset", value_ref(reset));
    value_map_put(&context, "re-run", rerun);
    if (row->trace) {
        value_map_put(&trace, "id_", api_id_value(api, row->trace));
        value_map_put(&context, "trace_context", trace);
    } else {
        value_unref(trace);
    }
    return context;
}

static void rerun_execution(struct http_request *request, void *owner)
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
    bool secrets;

    if (!wants_secrets(api, request, &secrets) || !api_body_object(request, &body))
        return;
    given = value_map_get(body, "parameters");
    tasks = value_map_get(body, "tasks");
    reset = value_map_get(body, "reset");
    if (value_list_count(tasks) && value_map_count(given)) {
        http_respond_fault(request, 400,
                           "Parameters override is not supported when re-running task(s) for a workflow.");
        return;
    }
    VALUE_LIST_EACH(i, name, reset)
    {
        bool among = false;

        VALUE_LIST_EACH(j, task, tasks)
        {
            among |= value_equal(name, task);
        }
        if (!among) {
            http_respond_fault(request, 400, "List of tasks to reset does not match the tasks to rerun.");
            return;
        }
    }
    if (!read_execution(api, request, 0, &reader, &row))
        return;
    runner = value_map_chars(row.runner, "name");
    if (value_list_count(tasks) && strcmp(runner ? runner : "", "orquesta") != 0) {
        http_respond_fault(request, 400, "Task option is only supported for Orquesta workflows.");
        execution_row_release(&row);
        return;
    }
    parameters = value_is_map(row.parameters) ? value_ref(row.parameters) : value_map_new(4);
    value_map_update(&parameters, given);
    context = rerun_context(api, &row, tasks, reset);
    user = value_map_chars(body, "user");
    wanted.action = value_map_chars(row.action, "ref");
    wanted.parameters = parameters;
    wanted.context = context;
    if (value_list_count(tasks))
        wanted.rerun = value_map_get(context, "re-run");
    wanted.user = user && *user && api_caller(request)->admin ? user : api_caller(request)->user;
    wanted.delay_ms = value_map_int(body, "delay", 0);
    if (wanted.delay_ms < 0 || wanted.delay_ms > DELAY_MAX_MS)
        http_respond_fault(request, 400, "delay must be from 0 to %" PRId64 " milliseconds", DELAY_MAX_MS);
    else
        submit_request(api, request, &wanted, secrets);
    execution_row_release(&row);
}

static void change_execution(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader = api_reader(api, request);
    struct execution_input *e;
    const char *status;
    VALUE_AUTO(body);
    BUFFER_AUTO(shown);
    int64_t seq;
    int number;

    if (!reader || !find_sequence(api, request, reader, &seq) || !api_body_object(request, &body))
        return;
    VALUE_MAP_EACH(i, body)
    {
        value key = value_map_key_at(body, i);

        if (!value_text_is(key, "status") && !value_text_is(key, "result") && !value_text_is(key, "id")) {
            http_respond_fault(request, 400, "Additional properties are not allowed ('%s' was unexpected)", value_chars(key));
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
        http_respond_fault(request, 400,
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

static void cancel_execution(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct store_reader *reader = api_reader(api, request);
    struct execution_input *e;
    int64_t seq;

    if (!reader || !find_sequence(api, request, reader, &seq))
        return;
    e = new_input(api, request, &change_ops);
    e->seq = seq;
    http_suspend(request);
    engine_loop_post(api->config.loop, &e->input);
}

/* ---- routes ---- */

static const struct http_parameter list_parameters[] = {
    { "action", HTTP_STRING },        { "status", HTTP_STRING },    { "parent", HTTP_STRING },
    { "runner", HTTP_STRING },        { "liveaction", HTTP_STRING }, { "trigger", HTTP_STRING },
    { "trigger_type", HTTP_STRING },  { "trigger_instance", HTTP_STRING }, { "rule", HTTP_STRING },
    { "user", HTTP_STRING },          { "timestamp", HTTP_STRING }, { "timestamp_gt", HTTP_STRING },
    { "timestamp_lt", HTTP_STRING },  { "filter", HTTP_STRING },    { "id", HTTP_LIST },
    { "limit", HTTP_INTEGER },        { "offset", HTTP_INTEGER },   { "sort", HTTP_STRING },
    { "sort_asc", HTTP_STRING },      { "sort_desc", HTTP_STRING }, { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST }, { "show_secrets", HTTP_BOOLEAN }, { NULL, HTTP_STRING },
};
static const struct http_parameter get_parameters[] = {
    { "include_attributes", HTTP_LIST }, { "exclude_attributes", HTTP_LIST }, { "show_secrets", HTTP_BOOLEAN },
    { "max_result_size", HTTP_INTEGER }, { NULL, HTTP_STRING },
};
static const struct http_parameter secrets_parameters[] = { { "show_secrets", HTTP_BOOLEAN }, { NULL, HTTP_STRING } };
static const struct http_parameter output_parameters[] = { { "output_type", HTTP_STRING }, { NULL, HTTP_STRING } };
static const struct http_parameter result_parameters[] = {
    { "download", HTTP_BOOLEAN }, { "compress", HTTP_BOOLEAN }, { "pretty_format", HTTP_BOOLEAN }, { NULL, HTTP_STRING },
};
static const struct http_parameter children_parameters[] = {
    { "depth", HTTP_INTEGER }, { "result_fmt", HTTP_STRING }, { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST }, { NULL, HTTP_STRING },
};
static const struct http_parameter filters_parameters[] = { { "types", HTTP_LIST }, { NULL, HTTP_STRING } };
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/executions", list_executions, 0, list_parameters, NULL },
    { "POST", HTTP_API, "/executions", create_execution, 0, secrets_parameters, NULL },
    { "GET", HTTP_API, "/executions/views/filters", get_filters, 0, filters_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}", get_execution, 0, get_parameters, NULL },
    { "PUT", HTTP_API, "/executions/{id}", change_execution, 0, no_parameters, NULL },
    { "DELETE", HTTP_API, "/executions/{id}", cancel_execution, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/output", get_output, 0, output_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/result", get_result, HTTP_NO_GZIP, result_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/attribute/{attribute}", get_attribute, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/children", list_children, 0, children_parameters, NULL },
    { "POST", HTTP_API, "/executions/{id}/re_run", rerun_execution, 0, secrets_parameters, NULL },
};

const struct api_routes api_execution_routes = { routes, ELEMENTS(routes) };
