/* SPDX-License-Identifier: Apache-2.0 */
/* /inquiries (contract: rest-api.md 5.5): executions of the runner inquirer as questions. */
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"
#include "engine/executions.h"
#include "engine/inquiries.h"

static value inquiry_document(struct api *api, const struct execution_row *row)
{
    static const char *const members[] = { "route", "ttl", "users", "roles", "schema" };
    value document = value_map_new(6);

    value_map_put(&document, "id", api_id_value(api, row->seq));
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        value item = value_map_get(row->result, members[i]);

        value_map_set_text(&document, members[i], value_is_set(item) ? value_ref(item) : value_null());
    }
    return document;
}

struct listing {
    struct api *api;
    struct attributes attributes;
    value list;
};

static int on_row(void *data, struct execution_row *row)
{
    static const char *const always[] = { "id", NULL };
    struct listing *listing = data;

    value_list_append(&listing->list,
                      api_select(&listing->attributes, inquiry_document(listing->api, row), always));
    return 0;
}

static void list_inquiries(struct http_request *request, void *owner)
{
    struct listing listing = { .api = owner };
    struct execution_filter filter = { .runner = "inquirer", .status = EXECUTION_PENDING };
    struct store_reader *reader = api_reader(owner, request);
    struct page page;
    ERROR_AUTO(err);
    int64_t total = 0;
    int r;

    if (!reader || !api_page(owner, request, 20, &page) || !api_attributes(request, &listing.attributes))
        return;
    page.told = true;
    filter.limit = page.limit;
    filter.offset = page.offset;
    listing.list = value_list_new(8);
    r = store_executions(reader, &filter, EXECUTION_RESULT, on_row, &listing, &total, &err);
    if (r < 0) {
        api_store_failed(request, r, &err);
    } else {
        api_page_headers(request, &page, total);
        http_respond_value(request, 200, listing.list);
    }
    value_unref(listing.list);
    api_attributes_release(&listing.attributes);
}

/* The waiting inquiry of the path. False: answered. */
static bool read_inquiry(struct api *api, struct http_request *request, struct execution_row *ret)
{
    const char *id = http_variable(request, "id");
    struct store_reader *reader = api_reader(api, request);
    ERROR_AUTO(err);
    int64_t seq;
    int r;

    if (!reader)
        return false;
    r = api_parse_id(api, id, &seq) ? store_execution_get(reader, seq, EXECUTION_RESULT, ret, &err)
                                    : STORE_NOT_FOUND;
    if (r == STORE_NOT_FOUND) {
        http_respond_fault(request, 404, "The resource could not be found.");
        return false;
    }
    if (r < 0) {
        api_store_failed(request, r, &err);
        return false;
    }
    if (inquiry_check(ret, id, &err) == 0)
        return true;
    http_respond_error(request, 400, &err);
    execution_row_release(ret);
    return false;
}

static void get_inquiry(struct http_request *request, void *owner)
{
    struct execution_row row;
    VALUE_AUTO(document);

    if (!read_inquiry(owner, request, &row))
        return;
    document = inquiry_document(owner, &row);
    http_respond_value(request, 200, document);
    execution_row_release(&row);
}

/* ---- answering ---- */

/* document: the response; text: the id as it was asked for. */
static int apply_respond(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    value answer;
    ERROR_AUTO(reason);
    int r = inquiry_respond(engine, input->seq, input->text, input->document, input->user, &reason);

    if (r < 0) {
        error_move(err, &reason);
        return r;
    }
    if (r > 0)
        return api_fault(input, r == STORE_NOT_FOUND ? 404 : 400, "%s", error_text(&reason));
    answer = value_map_new(2);
    value_map_put(&answer, "id", value_text(input->text));
    value_map_put(&answer, "response", value_ref(input->document));
    return api_answer(input, 200, answer);
}

static const struct input_ops respond_ops = { "inquiry respond", apply_respond, api_input_done, false };

/* False: answered. */
static bool check_body(struct http_request *request, value body)
{
    static const char *const required[] = { "id", "response" };

    for (size_t i = 0; i < ELEMENTS(required); i++)
        if (!value_map_has(body, required[i])) {
            http_respond_fault(request, 400, "'%s' is a required property", required[i]);
            return false;
        }
    if (value_is_map(value_map_get(body, "response")))
        return true;
    http_respond_fault(request, 400, "The response must be an object.");
    return false;
}

static void put_inquiry(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *id = http_variable(request, "id"), *user = api_caller(request)->user;
    struct execution_row row;
    struct api_input *input;
    VALUE_AUTO(body);
    ERROR_AUTO(err);
    int64_t seq;

    if (!api_body_object(request, &body) || !check_body(request, body) || !read_inquiry(api, request, &row))
        return;
    seq = row.seq;
    if (!inquiry_permits(&row, user)) {
        http_respond_fault(request, 403, "User \"%s\" does not have permission to respond to inquiry \"%s\".",
                           user, id);
        execution_row_release(&row);
        return;
    }
    if (inquiry_check_response(&row, value_map_get(body, "response"), &err) < 0) {
        http_respond_fault(request, 400, "Response for inquiry \"%s\" did not pass schema validation. %s", id,
                           error_detail(&err));
        execution_row_release(&row);
        return;
    }
    execution_row_release(&row);
    input = api_input_new(api, request, &respond_ops);
    input->document = value_ref(value_map_get(body, "response"));
    input->seq = seq;
    input->text = xstrdup(id);
    if (!input->user)
        input->user = xstrdup(user);
    api_submit(input);
}

static const struct http_parameter list_parameters[] = {
    { "limit", HTTP_INTEGER },           { "offset", HTTP_INTEGER },          { "sort", HTTP_STRING },
    { "include_attributes", HTTP_LIST }, { "exclude_attributes", HTTP_LIST }, { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/inquiries", list_inquiries, 0, list_parameters, NULL },
    { "GET", HTTP_API, "/inquiries/{id}", get_inquiry, 0, no_parameters, NULL },
    { "PUT", HTTP_API, "/inquiries/{id}", put_inquiry, 0, no_parameters, NULL },
};

const struct api_routes api_inquiry_routes = { routes, ELEMENTS(routes) };
