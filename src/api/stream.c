/* SPDX-License-Identifier: Apache-2.0 */
/* The stream service: /stream and /executions/{id}/output (contract: auth-and-stream.md 8, 9). */
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"
#include "broadcast.h"

static value default_names(void)
{
    value names = value_list_new(3);

    value_list_append(&names, value_text("st2.execution__*"));
    value_list_append(&names, value_text("st2.liveaction__*"));
    value_list_append(&names, value_text("st2.announcement__*"));
    return names;
}

/* An empty list is as good as none. */
static value list_of(struct http_request *request, const char *name)
{
    value list = http_query_list(request, name);

    if (value_list_count(list))
        return list;
    value_unref(list);
    return VALUE_NOTHING;
}

static void open_stream(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct subscription *s = xcalloc(1, sizeof(*s));
    const char *end_event = http_query(request, "end_event"),
               *end_id = http_query(request, "end_execution_id");

    s->names = list_of(request, "events");
    if (!value_is_set(s->names))
        s->names = default_names();
    s->actions = list_of(request, "action_refs");
    s->executions = list_of(request, "execution_ids");
    if (end_event && *end_event && end_id && api_parse_id(api, end_id, &s->end_seq))
        s->end_event = xstrdup(end_event);
    s->stream = http_stream_start(request, HTTP_EVENTS, NULL, NULL);
    http_stream_send(s->stream, "\n", 1);
    broadcast_subscribe(api->config.broadcast, s);
}

static void open_output(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *id = http_variable(request, "id"), *type = http_query(request, "output_type");
    struct store_reader *reader = api_reader(api, request);
    struct execution_row row;
    struct subscription *s;
    ERROR_AUTO(err);
    int64_t seq;
    int r = 0;

    if (!reader)
        return;
    if (strcmp(id, "last") == 0)
        r = store_execution_last(reader, &seq, &err);
    else if (!api_parse_id(api, id, &seq))
        r = STORE_NOT_FOUND;
    if (r == 0)
        r = store_execution_get(reader, seq, 0, &row, &err);
    if (r < 0) {
        api_store_failed(request, r, &err);
        return;
    }
    if (r > 0) {
        http_respond_fault(request, 404, "Unable to identify resource with id \"%s\".", id);
        return;
    }
    execution_row_release(&row);
    s = xcalloc(1, sizeof(*s));
    s->output_of = seq;
    if (type && *type && strcmp(type, "all") != 0)
        s->output_type = xstrdup(type);
    s->stream = http_stream_start(request, HTTP_EVENTS, NULL, NULL);
    broadcast_subscribe(api->config.broadcast, s);
}

static const struct http_parameter stream_parameters[] = {
    { "events", HTTP_LIST },      { "action_refs", HTTP_LIST },        { "execution_ids", HTTP_LIST },
    { "end_event", HTTP_STRING }, { "end_execution_id", HTTP_STRING }, { NULL, HTTP_STRING },
};
static const struct http_parameter output_parameters[] = { { "output_type", HTTP_STRING },
                                                           { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_STREAM, "/stream", open_stream, 0, stream_parameters, NULL },
    { "GET", HTTP_STREAM, "/executions/{id}/output", open_output, 0, output_parameters, NULL },
};

const struct api_routes api_stream_routes = { routes, ELEMENTS(routes) };
