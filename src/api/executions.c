/* SPDX-License-Identifier: Apache-2.0 */
/* /executions (contract: rest-api.md 5.4). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "execution_document.h"
#include "execution_requests.h"
#include "value/datetime.h"
#include "value/json.h"

#define RESULT_SIZE_MAX (14 * 1024 * 1024) /* of ?max_result_size */

static void unknown_id(struct http_request *request, const char *id)
{
    http_respond_fault(request, 404, "Unable to identify resource with id \"%s\".", id);
}

/* The execution a path names; "last" is the newest. False: answered. */
bool execution_find_sequence(struct api *api, struct http_request *request, struct store_reader *reader,
                             int64_t *ret)
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
bool execution_read(struct api *api, struct http_request *request, enum execution_columns columns,
                    struct store_reader **ret_reader, struct execution_row *ret)
{
    ERROR_AUTO(err);
    int64_t seq;
    int r;

    *ret_reader = api_reader(api, request);
    if (!*ret_reader || !execution_find_sequence(api, request, *ret_reader, &seq))
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
bool execution_wants_secrets(struct api *api, struct http_request *request, bool *ret)
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
    http_respond_fault(request, 400, "Invalid or unsupported %s attribute specified: %s",
                       include ? "include" : "exclude", bad);
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
        VALUE_LIST_EACH (i, path, attributes->include) {
            if (strncmp(value_chars(path), name, strlen(name)) == 0)
                return true;
        }
        return false;
    }
    VALUE_LIST_EACH (i, path, attributes->exclude) {
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
static void parse_ids(struct api *api, struct http_request *request, struct execution_filter *f,
                      int64_t **ret)
{
    VALUE_AUTO(ids);

    ids = http_query_list(request, "id");
    if (!value_list_count(ids))
        return;
    *ret = xreallocarray(NULL, value_list_count(ids), sizeof(int64_t));
    VALUE_LIST_EACH (i, id, ids) {
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
static bool parse_filter(struct api *api, struct http_request *request, struct execution_filter *f,
                         int64_t **ret_ids)
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
static bool parse_advanced(struct api *api, struct http_request *request, const char *text,
                           struct execution_filter *f, char **ret_copy)
{
    char *save = NULL, *copy = *ret_copy = xstrdup(text);

    *f = (struct execution_filter){ .status = -1 };
    for (char *token = strtok_r(copy, " ", &save); token; token = strtok_r(NULL, " ", &save)) {
        char *colon = strchr(token, ':');
        const struct {
            const char *path;
            const char **name;
        } names[] = {
            { "action.ref", &f->action }, { "runner.name", &f->runner },
            { "rule.name", &f->rule },    { "trigger.name", &f->trigger },
            { "context.user", &f->user }, { "trigger_type.name", &f->trigger_type },
        };
        bool known = false;

        if (!colon || colon == token || !colon[1]) {
            http_respond_fault(request, 400,
                               "Improper filter format \"%s\": it is path:value, separated by spaces", token);
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
            http_respond_fault(request, 400,
                               "Filtering by \"%s\" is not supported; there are status, parent, action.ref, "
                               "runner.name, rule.name, trigger.name, trigger_type.name and context.user",
                               token);
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
    CLEANUP(freep)
    int64_t *ids = NULL;
    CLEANUP(freep)
    char *copy = NULL;
    struct execution_filter filter;
    struct page page;
    int64_t total = 0;
    int r;

    listing.reader = api_reader(api, request);
    if (!listing.reader || !api_page(api, request, 100, &page) ||
        !execution_wants_secrets(api, request, &listing.show_secrets))
        return;
    if (advanced && *advanced ? !parse_advanced(api, request, advanced, &filter, &copy)
                              : !parse_filter(api, request, &filter, &ids))
        return;
    if (!wanted_attributes(request, &listing.attributes))
        return;
    filter.limit = page.limit;
    filter.offset = page.offset;
    listing.list = value_list_new(16);
    r = store_executions(listing.reader, &filter,
                         answers(&listing.attributes, "result") ? EXECUTION_RESULT : 0, on_row, &listing,
                         &total, &listing.err);
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
    if (!execution_wants_secrets(api, request, &secrets) || !wanted_attributes(request, &attributes))
        return;
    if (!execution_read(api, request, EXECUTION_RESULT, &reader, &row)) {
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
        http_respond_fault(
            request, 400,
            "Invalid attribute \"%s\" specified. Valid attributes are: result, trigger_instance, status",
            name);
        return;
    }
    if (!execution_read(api, request, EXECUTION_RESULT, &reader, &row))
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

    if (!execution_read(api, request, 0, &reader, &row))
        return;
    r = store_outputs(reader, row.seq, type && *type && strcmp(type, "all") != 0 ? type : NULL, 0, on_output,
                      &text, &err);
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
    r = strcmp(id, "last") == 0       ? store_execution_last(reader, &seq, &err)
        : api_parse_id(api, id, &seq) ? 0
                                      : STORE_NOT_FOUND;
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
    http_respond(request, 200, compress ? "application/x-gzip" : "text/json",
                 compress ? packed.data : text.data, compress ? packed.len : text.len);
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
    CLEANUP(freep)
    int64_t *seqs = NULL;
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
    struct listing listing = { .api = owner,
                               .show_secrets = !((struct api *)owner)->config.settings->mask_secrets };
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
    if (execution_read(owner, request, 0, &listing.reader, &row)) {
        listing.list = value_list_new(8);
        r = add_children(&listing, row.seq,
                         depth > 0 && depth < CHILDREN_DEPTH_MAX ? depth : CHILDREN_DEPTH_MAX, &err);
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
    VALUE_LIST_EACH (i, type, types) {
        value names = value_map_get(filters, value_chars(type));

        if (value_is_set(names))
            value_map_set(&some, value_ref(type), value_ref(names));
    }
    http_respond_value(request, 200, some);
}

/* ---- routes ---- */

static const struct http_parameter list_parameters[] = {
    { "action", HTTP_STRING },
    { "status", HTTP_STRING },
    { "parent", HTTP_STRING },
    { "runner", HTTP_STRING },
    { "liveaction", HTTP_STRING },
    { "trigger", HTTP_STRING },
    { "trigger_type", HTTP_STRING },
    { "trigger_instance", HTTP_STRING },
    { "rule", HTTP_STRING },
    { "user", HTTP_STRING },
    { "timestamp", HTTP_STRING },
    { "timestamp_gt", HTTP_STRING },
    { "timestamp_lt", HTTP_STRING },
    { "filter", HTTP_STRING },
    { "id", HTTP_LIST },
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "sort", HTTP_STRING },
    { "sort_asc", HTTP_STRING },
    { "sort_desc", HTTP_STRING },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "show_secrets", HTTP_BOOLEAN },
    { NULL, HTTP_STRING },
};
static const struct http_parameter get_parameters[] = {
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "show_secrets", HTTP_BOOLEAN },
    { "max_result_size", HTTP_INTEGER },
    { NULL, HTTP_STRING },
};
static const struct http_parameter secrets_parameters[] = { { "show_secrets", HTTP_BOOLEAN },
                                                            { NULL, HTTP_STRING } };
static const struct http_parameter output_parameters[] = { { "output_type", HTTP_STRING },
                                                           { NULL, HTTP_STRING } };
static const struct http_parameter result_parameters[] = {
    { "download", HTTP_BOOLEAN },
    { "compress", HTTP_BOOLEAN },
    { "pretty_format", HTTP_BOOLEAN },
    { NULL, HTTP_STRING },
};
static const struct http_parameter children_parameters[] = {
    { "depth", HTTP_INTEGER },           { "result_fmt", HTTP_STRING }, { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST }, { NULL, HTTP_STRING },
};
static const struct http_parameter filters_parameters[] = { { "types", HTTP_LIST }, { NULL, HTTP_STRING } };
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/executions", list_executions, 0, list_parameters, NULL },
    { "POST", HTTP_API, "/executions", execution_create, 0, secrets_parameters, NULL },
    { "GET", HTTP_API, "/executions/views/filters", get_filters, 0, filters_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}", get_execution, 0, get_parameters, NULL },
    { "PUT", HTTP_API, "/executions/{id}", execution_change, 0, no_parameters, NULL },
    { "DELETE", HTTP_API, "/executions/{id}", execution_delete, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/output", get_output, 0, output_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/result", get_result, HTTP_NO_GZIP, result_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/attribute/{attribute}", get_attribute, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/executions/{id}/children", list_children, 0, children_parameters, NULL },
    { "POST", HTTP_API, "/executions/{id}/re_run", execution_rerun, 0, secrets_parameters, NULL },
};

const struct api_routes api_execution_routes = { routes, ELEMENTS(routes) };
