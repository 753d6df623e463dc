/* SPDX-License-Identifier: Apache-2.0 */
/* The stream service: /stream and /executions/{id}/output (contract: auth-and-stream.md 8, 9), and /executions/{id}/follow,
   which tells of an execution and all below it from the beginning. */
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"
#include "broadcast.h"
#include "follow.h"

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

/* The execution of the path, which must be there. False: answered. */
static bool find_execution(struct api *api, struct http_request *request, int64_t *ret)
{
    const char *id = http_variable(request, "id");
    struct store_reader *reader = api_reader(api, request);
    struct execution_row row;
    ERROR_AUTO(err);
    int r = 0;

    if (!reader)
        return false;
    if (strcmp(id, "last") == 0)
        r = store_execution_last(reader, ret, &err);
    else if (!api_parse_id(api, id, ret))
        r = STORE_NOT_FOUND;
    if (r == 0)
        r = store_execution_get(reader, *ret, 0, &row, &err);
    if (r == 0) {
        execution_row_release(&row);
        return true;
    }
    if (r < 0)
        api_store_failed(request, r, &err);
    else
        http_respond_fault(request, 404, "Unable to identify resource with id \"%s\".", id);
    return false;
}

/* NULL: every type. */
static const char *wanted_type(struct http_request *request)
{
    const char *type = http_query(request, "output_type");

    return type && *type && strcmp(type, "all") != 0 ? type : NULL;
}

static void open_output(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *type = wanted_type(request);
    struct subscription *s;
    int64_t seq;

    if (!find_execution(api, request, &seq))
        return;
    s = xcalloc(1, sizeof(*s));
    s->output_of = seq;
    s->output_type = type ? xstrdup(type) : NULL;
    s->stream = http_stream_start(request, HTTP_EVENTS, NULL, NULL);
    broadcast_subscribe(api->config.broadcast, s);
}

static void open_follow(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct subscription *s;
    int64_t seq;

    if (!find_execution(api, request, &seq))
        return;
    s = xcalloc(1, sizeof(*s));
    s->follow = follow_new(seq, wanted_type(request));
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
    { "GET", HTTP_STREAM, "/executions/{id}/follow", open_follow, 0, output_parameters, NULL },
};

const struct api_routes api_stream_routes = { routes, ELEMENTS(routes) };
