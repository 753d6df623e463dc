/* SPDX-License-Identifier: Apache-2.0 */
/* A request from its first line to its end. libmicrohttpd calls request_begin with the request line, request_handle with
   the headers, with pieces of the body, with nothing when the body is complete and again after each resumption, and
   request_completed at the end, all on the connection's thread. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "http/gzip.h"
#include "http/http-internal.h"
#include "http/query.h"

#define REQUEST_ID_MAX 1024
/* What of a refused body is read and thrown away, so that clients that only listen after sending hear why. */
#define DISCARD_MAX (64ULL << 20)

void *request_begin(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct http_port *port = cls;
    struct pool *pool = pool_new();
    struct http_request *request = pool_alloc(pool, sizeof(*request));

    request->refs = 1;
    request->pool = pool;
    request->port = port;
    request->server = port->server;
    request->connection = connection;
    request->target = pool_strdup(pool, target);
    request->begun_us = clock_monotonic_us();
    request->method = "";
    request->remote = "";
    request->id = "";
    request->answer.last_header = &request->answer.headers;
    request->answer.fd = -1;
    port->server->counters.in_flight++;
    return request;
}

void request_unref(struct http_request *request)
{
    struct pool *pool = request->pool;

    if (atomic_fetch_sub(&request->refs, 1) > 1)
        return;
    answer_release(&request->answer);
    buffer_release(&request->body);
    pool_free(pool);
}

/* ---- headers ---- */

/* Bytes that are no UTF-8 are taken as Latin-1, so that every header is text. */
static const char *header_text(struct pool *pool, const char *s)
{
    size_t n = strlen(s);
    char *text, *to;

    if (utf8_valid(s, n))
        return pool_strndup(pool, s, n);
    text = to = pool_alloc(pool, 2 * n + 1);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c < 0x80) {
            *to++ = (char)c;
        } else {
            *to++ = (char)(0xc0 | c >> 6);
            *to++ = (char)(0x80 | (c & 0x3f));
        }
    }
    return text;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *text)
{
    struct http_request *request = cls;
    struct http_field *field;

    if (request->n_headers == HEADERS_MAX) {
        request->refused = 431;
        request->refused_text = "Too many request headers.";
        return MHD_NO;
    }
    field = &request->headers[request->n_headers++];
    field->name = pool_strdup(request->pool, name);
    field->value = header_text(request->pool, text ? text : "");
    return MHD_YES;
}

static void make_id(char id[37])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16];
    size_t at = 0;

    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
        memset(random, 0, sizeof(random));
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    for (size_t i = 0; i < sizeof(random); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            id[at++] = '-';
        id[at++] = digits[random[i] >> 4];
        id[at++] = digits[random[i] & 15];
    }
    id[at] = '\0';
}

static bool is_usable_id(const char *id)
{
    if (!id || !*id || strlen(id) > REQUEST_ID_MAX)
        return false;
    for (; *id; id++)
        if ((unsigned char)*id < ' ' || *id == 127)
            return false;
    return true;
}

static void choose_id(struct http_request *request)
{
    char id[37];

    request->id = http_request_header(request, "X-Request-ID");
    if (is_usable_id(request->id))
        return;
    make_id(id);
    request->id = pool_strdup(request->pool, id);
}

static size_t count_headers(const struct http_request *request, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < request->n_headers; i++)
        n += strcasecmp(request->headers[i].name, name) == 0;
    return n;
}

static void refuse(struct http_request *request, unsigned status, const char *text)
{
    if (request->refused)
        return;
    request->refused = status;
    request->refused_text = text;
}

/* The length is told in one way only, or a proxy in front may see other requests than we do. */
static void check_length(struct http_request *request)
{
    const char *length = http_request_header(request, "Content-Length");
    size_t n_lengths = count_headers(request, "Content-Length");

    if (n_lengths > 1 || (n_lengths && http_request_header(request, "Transfer-Encoding")))
        refuse(request, 400, "The length of the request body is ambiguous.");
    else if (length && strtoull(length, NULL, 10) > request->server->config.body_max)
        refuse(request, 413, "Request body is too large.");
}

static enum MHD_Result begin_reading(struct http_request *request, const char *method)
{
    const char *expect;

    request->phase = REQUEST_READING;
    request->method = pool_strdup(request->pool, method);
    request->peer = peer_of(request->connection);
    if (request->peer) {
        peer_expect_nothing(request->peer);
        request->remote = pool_strdup(request->pool, request->peer->remote);
    }
    request->headers = pool_alloc(request->pool, HEADERS_MAX * sizeof(*request->headers));
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_header, request);
    choose_id(request);
    check_length(request);
    expect = http_request_header(request, "Expect");
    /* A client that asks first is told before it sends. */
    if (request->refused && expect && strcasecmp(expect, "100-continue") == 0) {
        request->phase = REQUEST_HANDLED;
        http_respond_fault(request, request->refused, "%s", request->refused_text);
        return answer_send(request);
    }
    return MHD_YES;
}

/* ---- the body ---- */

static enum MHD_Result read_body(struct http_request *request, const char *data, size_t n)
{
    struct http_server *server = request->server;
    int64_t limit_us = (int64_t)server->config.receive_timeout_s * 1000000;

    request->received += n;
    server->counters.bytes_in += n;
    if (clock_monotonic_us() - request->begun_us > limit_us)
        return MHD_NO;
    if (!request->refused && request->received > server->config.body_max)
        refuse(request, 413, "Request body is too large.");
    if (!request->refused && atomic_fetch_add(&server->bodies, n) + n > server->config.bodies_max) {
        server->bodies -= n;
        refuse(request, 503, "Too many request bodies at a time.");
    } else if (!request->refused) {
        request->body_charged += n;
    }
    if (!request->refused)
        buffer_add(&request->body, data, n);
    else if (request->received > server->config.body_max + DISCARD_MAX)
        return MHD_NO;
    return MHD_YES;
}

static bool unpack_body(struct http_request *request)
{
    const char *encoding = http_request_header(request, "Content-Encoding");
    BUFFER_AUTO(plain);
    ERROR_AUTO(err);
    int r;

    if (!encoding || !*encoding || strcasecmp(encoding, "identity") == 0)
        return true;
    if (strcasecmp(encoding, "gzip") != 0 && strcasecmp(encoding, "x-gzip") != 0) {
        http_respond_fault(request, 415, "Failed to parse request body: Unsupported Content-Encoding: \"%s\"",
                           encoding);
        return false;
    }
    r = gzip_unpack(&plain, request->body.data, request->body.len, request->server->config.body_max, &err);
    if (r == -E2BIG)
        http_respond_fault(request, 413, "Request body is too large.");
    else if (r < 0)
        http_respond_fault(request, 400, "Failed to parse request body: %s", error_text(&err));
    if (r < 0)
        return false;
    buffer_release(&request->body);
    request->body = plain;
    plain = (struct buffer)BUFFER_INIT;
    request->server->bodies += request->body.len;
    request->body_charged += request->body.len;
    return true;
}

/* ---- dispatch ---- */

/* The target without scheme and host, which some send to every server as if it were a proxy. */
static const char *origin_form(const char *target)
{
    const char *host = strncasecmp(target, "http://", 7) == 0    ? target + 7
                       : strncasecmp(target, "https://", 8) == 0 ? target + 8
                                                                 : NULL;
    const char *path = host ? strchr(host, '/') : target;

    return path ? path : "/";
}

static bool find_route(struct http_request *request)
{
    ERROR_AUTO(err);
    const char *target = origin_form(request->target);
    size_t n_path = strcspn(target, "?");
    const char *query = target + n_path + (target[n_path] == '?');

    if (uri_path(request->pool, target, n_path, &request->path, &err) < 0) {
        http_respond_error(request, 400, &err);
        return false;
    }
    if (router_match(request->server->router, request->port->service, request->method, request->path,
                     &request->match)) {
        http_respond_fault(request, 404, NOT_FOUND);
        return false;
    }
    for (size_t i = 0; i < request->match.n_variables; i++) {
        const struct router_variable *variable = &request->match.variables[i];

        request->variables[i] = pool_strndup(request->pool, variable->text, variable->n);
    }
    if (uri_fields(request->pool, query, strlen(query), &request->query, &err) < 0) {
        http_respond_fault(request, 400, "Failed to parse the query: %s", error_text(&err));
        return false;
    }
    return true;
}

static bool check_parameters(struct http_request *request)
{
    const struct http_parameter *parameter = request->match.route->parameters;
    ERROR_AUTO(err);

    for (; parameter && parameter->name; parameter++) {
        const char *text = uri_field(&request->query, parameter->name);

        if (text && query_check(parameter->name, parameter->type, text, &err) < 0) {
            http_respond_error(request, 400, &err);
            return false;
        }
    }
    return true;
}

static void dispatch(struct http_request *request)
{
    const struct http_config *config = &request->server->config;

    if (request->refused) {
        http_respond_fault(request, request->refused, "%s", request->refused_text);
        return;
    }
    if (strcmp(request->method, "OPTIONS") == 0) {
        http_respond_static(request, 200, HTTP_HTML, "", 0);
        return;
    }
    if (!find_route(request))
        return;
    if (config->enter && !config->enter(request, config->owner))
        return;
    if (!check_parameters(request) || !unpack_body(request))
        return;
    request->match.route->handle(request, config->owner);
}

enum MHD_Result request_handle(void *port, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data, size_t *n_data,
                               void **cls)
{
    struct http_request *request = *cls;

    if (request->phase == REQUEST_BEGUN)
        return begin_reading(request, method);
    if (request->phase == REQUEST_READING) {
        if (*n_data) {
            size_t n = *n_data;

            *n_data = 0;
            return read_body(request, data, n);
        }
        request->phase = REQUEST_HANDLED;
        dispatch(request);
        if (request->suspended && !request->awake)
            return MHD_YES;
        if (request->answered == UNANSWERED) {
            log_error("%s %s was not answered by its handler", request->method, request->path);
            http_respond_fault(request, 500, "Internal Server Error");
        }
    }
    return answer_send(request);
}

/* ---- suspension ---- */

void http_suspend(struct http_request *request)
{
    struct http_server *server = request->server;

    if (request->suspended)
        return;
    request->suspended = true;
    request->refs++;
    pthread_mutex_lock(&server->lock);
    if (server->abandoning) {
        request->awake = true;
        request->answered = ABANDONED;
    } else {
        request->next = server->suspended;
        if (request->next)
            request->next->previous = request;
        server->suspended = request;
        request->listed = true;
        MHD_suspend_connection(request->connection);
    }
    pthread_mutex_unlock(&server->lock);
}

void requests_abandon(struct http_server *server)
{
    struct http_request *request;

    pthread_mutex_lock(&server->lock);
    server->abandoning = true;
    while ((request = server->suspended)) {
        int unanswered = UNANSWERED;

        server->suspended = request->next;
        if (server->suspended)
            server->suspended->previous = NULL;
        request->listed = false;
        /* Under the lock, the answering thread cannot have gone past its own removal from the list: the request lives. */
        if (atomic_compare_exchange_strong(&request->answered, &unanswered, ABANDONED))
            MHD_resume_connection(request->connection);
    }
    pthread_mutex_unlock(&server->lock);
}

/* ---- the end ---- */

static void write_access(struct http_request *request, unsigned status, int64_t duration_us)
{
    const struct http_config *config = &request->server->config;
    BUFFER_AUTO(target);
    struct http_access access = {
        .method = request->method,
        .remote = request->remote,
        .request_id = request->id,
        .status = status,
        .bytes = request->sent,
        .duration_us = duration_us,
    };

    if (request->match.route && request->match.route->flags & HTTP_NO_LOG)
        return;
    if (!config->access && (!config->access_log || !log_enabled(LOG_LEVEL_INFO)))
        return;
    uri_mask(&target, request->target, config->masked_queries);
    access.target = buffer_text(&target);
    if (config->access)
        config->access(&access, config->owner);
    else
        log_info("%s %s %u %llu bytes %.1f ms %s %s", access.method, access.target, status,
                 (unsigned long long)access.bytes, (double)duration_us / 1000, access.remote,
                 access.request_id);
}

void request_completed(void *port, struct MHD_Connection *connection, void **cls,
                       enum MHD_RequestTerminationCode code)
{
    struct http_request *request = *cls;
    struct http_server *server = request->server;
    struct http_counters *counters = &server->counters;
    int answered = request->answered;
    unsigned status = answered == ANSWERED ? request->answer.status : answered == ABANDONED ? 503 : 0;
    int64_t duration_us = clock_monotonic_us() - request->begun_us;

    *cls = NULL;
    peer_expect_head(request->peer, &server->config);
    request->peer = NULL;
    counters->by_class[status / 100 < 6 ? status / 100 : 0]++;
    if (status) {
        counters->requests++;
        counters->bytes_out += request->sent;
        if (answered == ANSWERED && request->answer.kind != ANSWER_STREAM)
            counters->duration_us += (uint64_t)duration_us;
        write_access(request, status, duration_us);
    }
    server->bodies -= request->body_charged;
    counters->in_flight--;
    request_unref(request);
}

/* ---- what a handler asks ---- */

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path ? request->path : "";
}

const struct http_route *http_route(const struct http_request *request)
{
    return request->match.route;
}

const char *http_variable(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->match.n_variables; i++)
        if (strlen(name) == request->match.variables[i].n_name &&
            memcmp(name, request->match.variables[i].name, strlen(name)) == 0)
            return request->variables[i];
    return "";
}

const char *http_query_any(const struct http_request *request, const char *name)
{
    return uri_field(&request->query, name);
}

const char *http_query(const struct http_request *request, const char *name)
{
    const struct http_parameter *parameter = request->match.route ? request->match.route->parameters : NULL;

    if (!parameter)
        return http_query_any(request, name);
    for (; parameter->name; parameter++)
        if (strcmp(parameter->name, name) == 0)
            return http_query_any(request, name);
    return NULL;
}

const struct http_field *http_request_headers(const struct http_request *request, size_t *ret_n)
{
    *ret_n = request->n_headers;
    return request->headers;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->n_headers; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

const char *http_cookie(struct http_request *request, const char *name)
{
    const char *s = http_request_header(request, "Cookie");
    size_t n_name = strlen(name);

    while (s && *s) {
        size_t n;

        s += strspn(s, "; \t");
        n = strcspn(s, ";");
        if (n > n_name && s[n_name] == '=' && memcmp(s, name, n_name) == 0) {
            const char *text = s + n_name + 1;

            n -= n_name + 1;
            while (n && isspace((unsigned char)text[n - 1]))
                n--;
            if (n >= 2 && text[0] == '"' && text[n - 1] == '"')
                return pool_strndup(request->pool, text + 1, n - 2);
            return pool_strndup(request->pool, text, n);
        }
        s += n;
    }
    return NULL;
}

const char *http_body(const struct http_request *request, size_t *ret_n)
{
    *ret_n = request->body.len;
    return buffer_text(&request->body);
}

const char *http_request_id(const struct http_request *request)
{
    return request->id;
}

const char *http_remote(const struct http_request *request)
{
    return request->remote;
}

bool http_is_tls(const struct http_request *request)
{
    return request->port->tls;
}

struct pool *http_pool(struct http_request *request)
{
    return request->pool;
}

void *http_user(const struct http_request *request)
{
    return request->user;
}

void http_set_user(struct http_request *request, void *user)
{
    request->user = user;
}
