/* SPDX-License-Identifier: Apache-2.0 */
/* Answers: what a handler said is kept in the request; on the connection's thread it becomes a response with the common
   headers and, where the client takes it, compressed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/gzip.h"
#include "http/http-internal.h"
#include "value/json.h"

/* Smaller bodies fit one packet anyway. */
#define GZIP_BODY_MIN 1024
#define GZIP_LEVEL    1
/* Larger ones are compressed as they are sent, so that the other connections of the thread need not wait for all of it. */
#define GZIP_WHOLE_MAX 262144
#define GZIP_BLOCK     16384

static const struct http_field cors_headers[] = {
    { "Access-Control-Allow-Methods", "GET,POST,PUT,DELETE,OPTIONS" },
    { "Access-Control-Allow-Headers", "Content-Type,Authorization,X-Auth-Token,St2-Api-Key,X-Request-ID" },
    { "Access-Control-Allow-Credentials", "true" },
    { "Access-Control-Expose-Headers", "Content-Type,X-Limit,X-Total-Count,X-Request-ID" },
};

/* Types worth compressing; a prefix each. */
static const char *const gzip_types[] = { "application/json", "text/", "application/javascript",
                                          "image/svg+xml" };

void answer_release(struct answer *answer)
{
    if (answer->kind == ANSWER_MEMORY)
        free((void *)answer->body);
    if (answer->kind == ANSWER_FILE && answer->fd >= 0)
        close(answer->fd);
    if (answer->kind == ANSWER_STREAM && answer->stream)
        stream_forget(answer->stream);
    answer->stream = NULL;
    answer->body = NULL;
    answer->fd = -1;
}

static void unlist(struct http_request *request)
{
    struct http_server *server = request->server;

    pthread_mutex_lock(&server->lock);
    if (request->listed) {
        if (request->next)
            request->next->previous = request->previous;
        if (request->previous)
            request->previous->next = request->next;
        else
            server->suspended = request->next;
        request->listed = false;
    }
    pthread_mutex_unlock(&server->lock);
}

bool answer_commit(struct http_request *request, const struct answer *answer)
{
    struct answer_header *headers = request->answer.headers;
    bool suspended = request->suspended;
    int unanswered = UNANSWERED;

    if (request->answered != UNANSWERED) {
        if (suspended)
            request_unref(request);
        return false;
    }
    request->answer = *answer;
    request->answer.headers = headers;
    if (!suspended) {
        request->answered = ANSWERED;
        return true;
    }
    if (!atomic_compare_exchange_strong(&request->answered, &unanswered, ANSWERED)) {
        /* Abandoned meanwhile: the caller gives up what it wanted to send. */
        memset(&request->answer, 0, sizeof(request->answer));
        request->answer.kind = ANSWER_STATIC;
        request_unref(request);
        return false;
    }
    unlist(request);
    MHD_resume_connection(request->connection);
    request_unref(request);
    return true;
}

/* ---- on the connection's thread ---- */

static const char *allowed_origin(const struct http_request *request)
{
    const struct http_server *server = request->server;
    const char *origin = http_request_header(request, "Origin");

    if (!origin || !*origin)
        return server->origins[0];
    if (server->any_origin)
        return origin;
    for (char *const *allowed = server->origins; *allowed; allowed++)
        if (strcmp(*allowed, origin) == 0)
            return origin;
    return server->origins[0];
}

static void add_common_headers(struct http_request *request, struct MHD_Response *response)
{
    MHD_add_response_header(response, "X-Request-ID", request->id);
    MHD_add_response_header(response, "Access-Control-Allow-Origin", allowed_origin(request));
    for (size_t i = 0; i < ELEMENTS(cors_headers); i++)
        MHD_add_response_header(response, cors_headers[i].name, cors_headers[i].value);
    if (request->server->stopping)
        MHD_add_response_header(response, "Connection", "close");
}

static bool wants_gzip(const struct http_request *request, const struct answer *answer)
{
    const char *accepted;
    bool fits = false;

    if (answer->n_body < GZIP_BODY_MIN || !answer->type || answer->kind > ANSWER_STATIC)
        return false;
    if (request->match.route && request->match.route->flags & HTTP_NO_GZIP)
        return false;
    accepted = http_request_header(request, "Accept-Encoding");
    if (!accepted || !gzip_accepted(accepted))
        return false;
    for (size_t i = 0; i < ELEMENTS(gzip_types) && !fits; i++)
        fits = strncmp(answer->type, gzip_types[i], strlen(gzip_types[i])) == 0;
    for (const struct answer_header *h = answer->headers; h && fits; h = h->next)
        fits = strcasecmp(h->name, "Content-Encoding") != 0;
    return fits;
}

struct packing {
    struct gzip_packer *packer;
    struct http_request *request; /* counted */
};

static ssize_t read_packing(void *cls, uint64_t position, char *out, size_t max)
{
    struct packing *packing = cls;
    size_t n = gzip_packer_read(packing->packer, out, max);

    packing->request->sent += n;
    return n ? (ssize_t)n : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_packing(void *cls)
{
    struct packing *packing = cls;

    gzip_packer_free(packing->packer);
    request_unref(packing->request);
    free(packing);
}

/* Takes the answer's body. */
static struct MHD_Response *packing_response(struct http_request *request, struct answer *answer)
{
    struct packing *packing = xcalloc(1, sizeof(*packing));
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, GZIP_BLOCK, read_packing, packing, free_packing);

    if (!response) {
        free(packing);
        return NULL;
    }
    packing->packer = gzip_packer_new((void *)answer->body, answer->n_body, GZIP_LEVEL);
    packing->request = request;
    request->refs++;
    answer->body = NULL;
    return response;
}

static struct MHD_Response *packed_response(struct http_request *request, struct answer *answer)
{
    struct MHD_Response *response;
    BUFFER_AUTO(packed);

    if (answer->kind == ANSWER_MEMORY && answer->n_body > GZIP_WHOLE_MAX) {
        response = packing_response(request, answer);
    } else {
        gzip_pack(&packed, answer->body, answer->n_body, GZIP_LEVEL);
        request->sent = packed.len;
        response = MHD_create_response_from_buffer(packed.len, packed.data, MHD_RESPMEM_MUST_FREE);
        if (response)
            packed = (struct buffer)BUFFER_INIT;
    }
    if (!response)
        return NULL;
    MHD_add_response_header(response, "Content-Encoding", "gzip");
    MHD_add_response_header(response, "Vary", "Accept-Encoding");
    return response;
}

static struct MHD_Response *memory_response(struct http_request *request, struct answer *answer)
{
    const void *body = answer->body;
    struct MHD_Response *response;

    if (wants_gzip(request, answer))
        return packed_response(request, answer);
    request->sent = answer->n_body;
    if (answer->kind == ANSWER_MEMORY && body) {
        response = MHD_create_response_from_buffer(answer->n_body, (void *)body, MHD_RESPMEM_MUST_FREE);
        if (response)
            answer->body = NULL;
        return response;
    }
    return MHD_create_response_from_buffer(answer->n_body, (void *)(body ? body : ""),
                                           MHD_RESPMEM_PERSISTENT);
}

static struct MHD_Response *make_response(struct http_request *request, struct answer *answer)
{
    struct MHD_Response *response = NULL;

    switch (answer->kind) {
    case ANSWER_MEMORY:
    case ANSWER_STATIC:
        return memory_response(request, answer);
    case ANSWER_FILE:
        request->sent = answer->n_body;
        response = MHD_create_response_from_fd64(answer->n_body, answer->fd);
        if (response)
            answer->fd = -1;
        return response;
    case ANSWER_STREAM:
        return stream_response(answer->stream, request);
    }
    return response;
}

static const char abandoned_body[] = "{\"faultstring\":\"The server is shutting down.\"}";

enum MHD_Result answer_send(struct http_request *request)
{
    struct answer abandoned = { ANSWER_STATIC, 503, HTTP_JSON, abandoned_body, sizeof(abandoned_body) - 1,
                                .fd = -1 };
    struct answer *answer = request->answered == ABANDONED ? &abandoned : &request->answer;
    struct MHD_Response *response = make_response(request, answer);
    enum MHD_Result queued;

    if (!response)
        return MHD_NO;
    if (answer->kind != ANSWER_STREAM)
        peer_expect_taking(request->peer, &request->server->config);
    if (answer->type)
        MHD_add_response_header(response, "Content-Type", answer->type);
    add_common_headers(request, response);
    for (const struct answer_header *h = answer->headers; h; h = h->next)
        MHD_add_response_header(response, h->name, h->text);
    queued = MHD_queue_response(request->connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* ---- what a handler says ---- */

void http_header(struct http_request *request, const char *name, const char *text)
{
    struct answer_header *header;

    if (strpbrk(text, "\r\n\t"))
        return;
    header = pool_alloc(request->pool, sizeof(*header));
    header->name = pool_strdup(request->pool, name);
    header->text = pool_strdup(request->pool, text);
    *request->answer.last_header = header;
    request->answer.last_header = &header->next;
}

void http_headerf(struct http_request *request, const char *name, const char *format, ...)
{
    CLEANUP(freep)
    char *text = NULL;
    va_list args;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    http_header(request, name, text);
}

void http_respond_take(struct http_request *request, unsigned status, const char *type, char *body, size_t n)
{
    struct answer answer = { ANSWER_MEMORY, status, type, body, n, .fd = -1 };

    if (!answer_commit(request, &answer))
        free(body);
}

void http_respond(struct http_request *request, unsigned status, const char *type, const void *body, size_t n)
{
    http_respond_take(request, status, type, n ? xmemdup(body, n) : NULL, n);
}

void http_respond_static(struct http_request *request, unsigned status, const char *type, const void *body,
                         size_t n)
{
    struct answer answer = { ANSWER_STATIC, status, type, body, n, .fd = -1 };

    answer_commit(request, &answer);
}

void http_respond_file(struct http_request *request, unsigned status, const char *type, int fd, uint64_t size)
{
    struct answer answer = { ANSWER_FILE, status, type, NULL, size, .fd = fd };

    if (!answer_commit(request, &answer))
        close(fd);
}

void http_respond_value(struct http_request *request, unsigned status, value v)
{
    BUFFER_AUTO(body);
    size_t n;

    json_write(&body, v, JSON_COMPACT);
    n = body.len;
    http_respond_take(request, status, HTTP_JSON, buffer_take(&body), n);
}

static void respond_fault_text(struct http_request *request, unsigned status, const char *text)
{
    BUFFER_AUTO(body);
    size_t n;

    buffer_add_text(&body, "{\"faultstring\":");
    json_write_string(&body, text, strlen(text), false);
    buffer_add_char(&body, '}');
    n = body.len;
    http_respond_take(request, status, HTTP_JSON, buffer_take(&body), n);
}

void http_respond_fault(struct http_request *request, unsigned status, const char *format, ...)
{
    CLEANUP(freep)
    char *text = NULL;
    va_list args;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    respond_fault_text(request, status, text);
}

void http_respond_error(struct http_request *request, unsigned status, const struct error *err)
{
    respond_fault_text(request, status, error_text(err));
}
