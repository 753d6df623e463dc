/* SPDX-License-Identifier: Apache-2.0 */
#include "api-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "broadcast.h"

static const struct api_routes *const tables[] = {
    &api_site_routes,     &api_auth_routes,       &api_execution_routes,  &api_progress_routes,
    &api_rule_routes,     &api_webhook_routes,    &api_action_routes,     &api_pack_routes,
    &api_event_routes,    &api_apikey_routes,     &api_collection_routes, &api_stream_routes,
    &api_key_routes,      &api_trigger_routes,    &api_policy_routes,     &api_config_routes,
    &api_workflow_routes, &api_rbac_routes,       &api_alias_routes,      &api_alias_execution_routes,
    &api_inquiry_routes,  &api_expression_routes,
};

static const struct http_alias aliases[] = { { "actionexecutions", "executions" } };

/* ---- small things everybody needs ---- */

const struct caller *api_caller(struct http_request *request)
{
    return http_user(request);
}

static _Thread_local struct {
    const struct api *api;
    struct store_reader *reader;
} own;

struct store_reader *api_reader(struct api *api, struct http_request *request)
{
    ERROR_AUTO(err);
    struct store_reader *reader;
    int r;

    if (own.api == api)
        return own.reader;
    r = store_reader_open(api->config.store, &reader, &err);
    if (r < 0) {
        api_store_failed(request, r, &err);
        return NULL;
    }
    pthread_mutex_lock(&api->lock);
    GROW(api->readers, api->n_readers, api->readers_room);
    api->readers[api->n_readers++] = reader;
    pthread_mutex_unlock(&api->lock);
    own.api = api;
    own.reader = reader;
    return reader;
}

void api_format_id(const struct api *api, int64_t seq, char out[OBJECT_ID_SIZE])
{
    object_id_format(store_id(store_as_reader(api->config.store)), seq, out);
}

bool api_parse_id(const struct api *api, const char *text, int64_t *ret_seq)
{
    return object_id_parse(store_id(store_as_reader(api->config.store)), text, ret_seq);
}

value api_id_value(const struct api *api, int64_t seq)
{
    char id[OBJECT_ID_SIZE];

    if (!seq)
        return value_null();
    api_format_id(api, seq, id);
    return value_text_n(id, 24);
}

value api_time_value(int64_t us)
{
    char text[CLOCK_TEXT_SIZE];

    clock_format(us, text);
    return value_text_n(text, CLOCK_TEXT_SIZE - 1);
}

void api_store_failed(struct http_request *request, int r, const struct error *err)
{
    log_error("%s %s: %s", http_method(request), http_path(request), error_text(err));
    if (r == -ENOSPC || r == -EBUSY || r == -ECANCELED)
        http_respond_fault(request, 503,
                           "The server cannot write to its store now; nothing was changed. Try again later.");
    else
        http_respond_fault(request, 500, "Internal Server Error");
}

value api_without_nulls(value document)
{
    value out = value_map_new(value_map_count(document));

    VALUE_MAP_EACH (i, document) {
        value item = value_map_item_at(document, i);

        if (!value_is_null(item))
            value_map_set(&out, value_ref(value_map_key_at(document, i)), value_ref(item));
    }
    value_unref(document);
    return out;
}

bool api_body_object(struct http_request *request, value *ret)
{
    ERROR_AUTO(err);
    value body;

    if (http_body_value(request, &body, &err) < 0) {
        http_respond_error(request, 400, &err);
        return false;
    }
    if (!value_is_map(body)) {
        http_respond_fault(request, 400, "Input body needs to be an object, got: %s", value_kind_name(body));
        value_unref(body);
        return false;
    }
    *ret = body;
    return true;
}

/* ---- inputs that answer a request ---- */

struct api_input *api_input_new(struct api *api, struct http_request *request, const struct input_ops *ops)
{
    struct api_input *input = xcalloc(1, sizeof(*input));
    const struct caller *caller = api_caller(request);

    input->input.ops = ops;
    input->api = api;
    input->request = request;
    input->status = 200;
    input->user = caller ? xstrdup(caller->user) : NULL;
    return input;
}

void api_submit(struct api_input *input)
{
    http_suspend(input->request);
    engine_loop_post(input->api->config.loop, &input->input);
}

static void free_input(struct api_input *input)
{
    value_unref(input->body);
    value_unref(input->extra);
    value_unref(input->document);
    value_unref(input->other);
    free(input->text);
    free(input->fault);
    free(input->user);
    free(input);
}

void api_input_done(struct input *base, int r, const struct error *err)
{
    struct api_input *input = api_input_of(base);

    if (r < 0) {
        api_store_failed(input->request, r, err);
    } else if (input->fault) {
        value body = value_map_new(2);

        value_map_put(&body, "faultstring", value_text(input->fault));
        value_map_update(&body, input->extra);
        http_respond_value(input->request, input->status, body);
        value_unref(body);
    } else if (value_is_set(input->body)) {
        http_respond_value(input->request, input->status, input->body);
    } else {
        http_respond(input->request, input->status, NULL, "", 0);
    }
    free_input(input);
}

int api_fault(struct api_input *input, unsigned status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    free(input->fault);
    input->fault = xvasprintf(format, args);
    va_end(args);
    input->status = status;
    return 0;
}

int api_answer(struct api_input *input, unsigned status, value body)
{
    input->status = status;
    value_replace(&input->body, body);
    return 0;
}

/* ---- starting and stopping ---- */

static void join_routes(struct api *api, size_t *ret_n)
{
    size_t n = 0;

    for (size_t i = 0; i < ELEMENTS(tables); i++)
        n += tables[i]->n;
    api->routes = xcalloc(n, sizeof(*api->routes));
    n = 0;
    for (size_t i = 0; i < ELEMENTS(tables); i++) {
        memcpy(api->routes + n, tables[i]->routes, tables[i]->n * sizeof(*api->routes));
        n += tables[i]->n;
    }
    *ret_n = n;
}

static void read_origins(struct api *api)
{
    size_t room = 0;
    char *save = NULL;

    api->origins_text = xstrdup(api->config.settings->allow_origin);
    for (char *p = strtok_r(api->origins_text, ", ", &save); p; p = strtok_r(NULL, ", ", &save)) {
        GROW(api->origins, api->n_origins, room);
        api->origins[api->n_origins++] = p;
    }
}

static int read_file(const char *path, char **ret, struct error *err)
{
    BUFFER_AUTO(text);
    char chunk[4096];
    FILE *file = fopen(path, "re");
    size_t n;

    if (!file)
        return error_set(err, -errno, "%s: %s", path, strerror(errno));
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0 && text.len < (1 << 20))
        buffer_add(&text, chunk, n);
    fclose(file);
    *ret = buffer_take(&text);
    return 0;
}

/* HOST:PORT, [v6]:PORT or PORT. The text is changed. */
static int parse_listener(char *text, struct http_listener *ret, struct error *err)
{
    char *colon = strrchr(text, ':'), *end;
    long port = strtol(colon ? colon + 1 : text, &end, 10);

    if (*end || end == text || port < 0 || port > 65535)
        return error_set(err, -EINVAL,
                         "\"%s\" is no address to listen on; say HOST:PORT, like 127.0.0.1:9101", text);
    if (colon)
        *colon = '\0';
    if (*text == '[' && text[strlen(text) - 1] == ']') {
        text[strlen(text) - 1] = '\0';
        text++;
    }
    *ret =
        (struct http_listener){ .host = colon ? text : "127.0.0.1", .port = (int)port, .service = HTTP_API };
    return 0;
}

bool api_enter(struct http_request *request, void *owner);

int api_start(const struct api_config *config, struct api **ret, struct error *err)
{
    struct http_listener listeners[CONFIG_LISTENERS_MAX];
    char *addresses[CONFIG_LISTENERS_MAX] = { NULL };
    const struct config *settings = config->settings;
    struct api *api = xcalloc(1, sizeof(*api));
    struct http_config http = { .owner = api };
    int n = 0, r = 0;

    api->config = *config;
    pthread_mutex_init(&api->lock, NULL);
    read_origins(api);
    join_routes(api, &http.n_routes);
    if (!settings->n_listen) {
        listeners[n++] = (struct http_listener){ .host = "127.0.0.1", .port = 9101, .service = HTTP_API };
        listeners[n++] =
            (struct http_listener){ .host = "127.0.0.1", .port = 9100, .service = HTTP_AUTH, .threads = 1 };
        listeners[n++] =
            (struct http_listener){ .host = "127.0.0.1", .port = 9102, .service = HTTP_STREAM, .threads = 1 };
    }
    for (; r == 0 && n < settings->n_listen; n++) {
        addresses[n] = xstrdup(settings->listen[n]);
        r = parse_listener(addresses[n], &listeners[n], err);
    }
    if (r == 0 && *settings->tls_cert) {
        r = read_file(settings->tls_cert, &api->certificate, err);
        if (r == 0)
            r = read_file(settings->tls_key, &api->key, err);
    }
    for (int i = 0; i < n; i++)
        listeners[i].tls = api->certificate != NULL;
    http.listeners = listeners;
    http.n_listeners = (size_t)n;
    http.routes = api->routes;
    http.aliases = aliases;
    http.n_aliases = ELEMENTS(aliases);
    http.enter = api_enter;
    http.access_log = settings->access_log;
    http.allow_origins = api->origins;
    http.n_allow_origins = api->n_origins;
    http.certificate = api->certificate;
    http.key = api->key;
    http.threads = (unsigned)settings->http_threads;
    http.body_max = (size_t)settings->body_limit;
    api->throttle = throttle_new(4096);
    if (r == 0)
        r = broadcast_start(config->broadcast, api, err);
    if (r == 0)
        r = http_server_start(&http, &api->server, err);
    if (r == 0)
        api->url = xasprintf("%s://%s%s%s:%d", api->certificate ? "https" : "http",
                             strchr(listeners[0].host, ':') ? "[" : "", listeners[0].host,
                             strchr(listeners[0].host, ':') ? "]" : "", http_server_port(api->server, 0));
    for (int i = 0; i < n && i < CONFIG_LISTENERS_MAX; i++)
        free(addresses[i]);
    if (r < 0) {
        api_stop(api);
        return r;
    }
    *ret = api;
    return 0;
}

const char *api_url(const struct api *api)
{
    return api->url;
}

void api_stop(struct api *api)
{
    if (!api)
        return;
    broadcast_stop(api->config.broadcast);
    if (api->server)
        http_server_free(api->server);
    for (size_t i = 0; i < api->n_readers; i++)
        store_reader_close(api->readers[i]);
    free(api->readers);
    free(api->routes);
    free(api->origins_text);
    free(api->origins);
    free(api->certificate);
    free(api->key);
    free(api->url);
    throttle_free(api->throttle);
    pthread_mutex_destroy(&api->lock);
    free(api);
}
