/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server: listeners, routing, answers, event streams. It knows no resource: the owner hands in a table of routes.

   Each listener is a pool of epoll threads. A request is read whole (bodies are bounded), routed, and given to its
   handler on the thread of its connection. The handler answers at once, or suspends the request and hands it to another
   thread which answers later:

       static void list_rules(struct http_request *request, void *owner)
       {
           http_header(request, "X-Total-Count", "2");
           http_respond_value(request, 200, rules);              at once
       }

       static void create_rule(struct http_request *request, void *owner)
       {
           http_suspend(request);                                 first suspend, then let others see it
           engine_submit(owner, request);                         ... engine thread: http_respond(request, ...)
       }

   A request belongs to one thread at a time: to the handler until it answered or handed it over, then to whoever must
   answer. After answering it must not be touched. Every suspended request must be answered exactly once, also when the
   server is being stopped and also when the client has long gone.

   Each answer carries X-Request-ID and the CORS headers; OPTIONS, unknown routes, oversized and malformed requests
   are answered here. */
#ifndef FULMAR_HTTP_HTTP_H
#define FULMAR_HTTP_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

struct http_request;
struct http_server;
struct http_stream;
struct pool;

/* ---- routes ---- */

/* Which of the services a path names: /api/v1/X, /auth/v1/X and /stream/v1/X say so, /v1/X and /X are tried as the
   listener's own service first, then as the others. Site routes are plain paths, tried last. */
enum http_service { HTTP_API, HTTP_AUTH, HTTP_STREAM, HTTP_SITE, HTTP_SERVICES };

enum http_route_flags {
    HTTP_NO_AUTH = 1 << 0, /* for the owner's `enter`: nobody needs to have signed in */
    HTTP_HEAD = 1 << 1,    /* GET routes: HEAD is answered too; it is 404 otherwise */
    HTTP_NO_GZIP = 1 << 2, /* the answer is never compressed */
    HTTP_NO_LOG = 1 << 3,  /* no line in the access log */
};

enum http_parameter_type {
    HTTP_STRING,
    HTTP_BOOLEAN,   /* true 1 yes y / false 0 no n */
    HTTP_INTEGER,   /* -?[0-9]+ */
    HTTP_LIST,      /* comma separated */
    HTTP_TIMESTAMP, /* UTC, rest-api.md 2 */
};

/* A query parameter that reaches the handler; others are dropped. A value of the wrong type is answered with 400. */
struct http_parameter {
    const char *name; /* NULL ends the list */
    enum http_parameter_type type;
};

typedef void (*http_handler)(struct http_request *request, void *owner);

/* Path patterns: "/rules/{id}" (one non-empty segment), "/webhooks/{hook:.*}" (the non-empty rest, slashes included),
   "/packs/{ref:(?!index)(?!views).*}" (the same unless it begins so). A literal segment wins over a variable, a
   variable over a rest; a route of another method never hides one that fits. */
struct http_route {
    const char *method;
    enum http_service service;
    const char *path;
    http_handler handle;
    unsigned flags;                          /* enum http_route_flags */
    const struct http_parameter *parameters; /* NULL: the query is not checked and all of it is seen */
    const void *data;                        /* the owner's */
};

/* The first segment `from` is read as `to`: {"actionexecutions", "executions"}. */
struct http_alias {
    const char *from, *to;
};

/* ---- the server ---- */

struct http_listener {
    const char *host;          /* an address, or a name for one */
    int port;                  /* 0: any free one, see http_server_port */
    enum http_service service; /* what paths without a prefix mean first */
    unsigned threads;          /* 0: the server's */
    bool tls;                  /* with the server's certificate */
};

/* One line of the access log. Texts are valid during the call only. */
struct http_access {
    const char *method, *target; /* path and query, secrets in the query masked */
    const char *remote, *request_id;
    unsigned status;
    uint64_t bytes; /* of the answer's body as sent */
    int64_t duration_us;
};

struct http_config {
    const struct http_listener *listeners;
    size_t n_listeners;
    const struct http_route *routes; /* kept by reference until the server is freed */
    size_t n_routes;
    const struct http_alias *aliases;
    size_t n_aliases;
    void *owner; /* handed to handlers and callbacks */

    /* Called for each request that has a route, before its parameters are checked: authentication. Answers and returns
       false when the request may not go on. NULL: all may. */
    bool (*enter)(struct http_request *request, void *owner);
    /* Instead of the line in the log; called on any HTTP thread. */
    void (*access)(const struct http_access *access, void *owner);
    bool access_log; /* write lines to the log when there is no `access` */
    /* Names of query parameters that are masked besides the built-in ones; NULL ends. */
    const char *const *masked_queries;

    const char *const *allow_origins; /* CORS: in front of the fixed ones; "*" allows all */
    size_t n_allow_origins;
    const char *certificate, *key; /* PEM text, for listeners with tls */

    /* Limits; 0 takes the default. */
    unsigned threads;                 /* per listener: 2 */
    unsigned connections_max;         /* per listener: 16384; the process needs as many descriptors */
    unsigned connections_per_address; /* per listener: no limit */
    unsigned idle_timeout_s;          /* nothing read or written on a connection: 60 */
    /* From a request's first line to the end of its body: 120. A connection on which no head of a request gets
       complete within this and the idle time together is closed too. */
    unsigned receive_timeout_s;
    unsigned send_timeout_s; /* for taking an answer that is no stream: 600 */
    size_t head_max;         /* request line and headers, in bytes, about: 16384 */
    size_t body_max;         /* of one body, also after decompression: 20 MiB */
    size_t bodies_max;       /* of all bodies being received or handled: 512 MiB */
    size_t stream_queue_max; /* bytes waiting for one slow stream client: 4 MiB */
};

/* What /metrics tells. */
struct http_counters {
    _Atomic uint64_t requests;            /* answered */
    _Atomic uint64_t by_class[6];         /* by status / 100; 0: the connection broke before an answer */
    _Atomic uint64_t in_flight;           /* begun and not yet finished, streams included */
    _Atomic uint64_t bytes_in, bytes_out; /* of bodies, as sent */
    _Atomic uint64_t duration_us;         /* sum over answered requests that are no streams */
    _Atomic uint64_t connections;         /* open now */
    _Atomic uint64_t streams;             /* open now */
    _Atomic uint64_t streams_dropped;     /* slow clients */
};

/* Opens all listeners and serves. Negative when an address or certificate cannot be used. */
int http_server_start(const struct http_config *config, struct http_server **ret_server, struct error *err);
/* The port of a listener. */
int http_server_port(const struct http_server *server, size_t listener);
const struct http_counters *http_server_counters(const struct http_server *server);
/* No new connections, streams are ended, what is in flight may finish within `timeout_ms`, then the rest is answered
   with 503. The threads are gone afterwards. Answering a suspended request late is harmless and has no effect. */
void http_server_stop(struct http_server *server, unsigned timeout_ms);
/* Stops when still running. */
void http_server_free(struct http_server *server);
void http_server_freep(struct http_server **server);

/* ---- requests ---- */

struct http_field {
    const char *name, *value;
};

const char *http_method(const struct http_request *request);
/* Decoded, as the client sent it, with prefix. */
const char *http_path(const struct http_request *request);
const struct http_route *http_route(const struct http_request *request);
/* A path variable of the route; "" when it has none of that name. */
const char *http_variable(const struct http_request *request, const char *name);
/* The first value of a query parameter, decoded; NULL when absent or not declared by the route. */
const char *http_query(const struct http_request *request, const char *name);
/* The same whether declared or not: for credentials. */
const char *http_query_any(const struct http_request *request, const char *name);
/* A request header, name in any case; the first one when there are several; NULL when absent. */
const char *http_request_header(const struct http_request *request, const char *name);
/* All headers, names as the client sent them. */
const struct http_field *http_request_headers(const struct http_request *request, size_t *ret_n);
/* A cookie's value; NULL when absent. Lives as long as the request. */
const char *http_cookie(struct http_request *request, const char *name);
/* The body, decompressed, followed by a NUL. */
const char *http_body(const struct http_request *request, size_t *ret_n);
const char *http_request_id(const struct http_request *request);
/* The numeric address of the peer. */
const char *http_remote(const struct http_request *request);
bool http_is_tls(const struct http_request *request);
/* Memory that lives as long as the request. */
struct pool *http_pool(struct http_request *request);
/* The owner's pointer, e.g. who has signed in. */
void *http_user(const struct http_request *request);
void http_set_user(struct http_request *request, void *user);

/* Typed query parameters: `otherwise` when absent. The texts of rest-api.md 2 in `err`, negative, when unreadable. */
int http_query_bool(const struct http_request *request, const char *name, bool otherwise, bool *ret,
                    struct error *err);
/* The stricter reading of `enabled`, declared as HTTP_STRING: 1 true True / 0 false False. */
int http_query_flag(const struct http_request *request, const char *name, bool otherwise, bool *ret,
                    struct error *err);
int http_query_int(const struct http_request *request, const char *name, int64_t otherwise, int64_t *ret,
                   struct error *err);
/* UTC microseconds. */
int http_query_time(const struct http_request *request, const char *name, int64_t otherwise, int64_t *ret,
                    struct error *err);
/* Comma separated; a list of texts, VALUE_UNSET when absent. Owned. */
value http_query_list(const struct http_request *request, const char *name);

/* The body by its Content-Type: JSON (or none given; empty is {}), a form as {name: [texts]}, text/plain as text.
   Negative with the text for a 400 otherwise. Owned. */
int http_body_value(const struct http_request *request, value *ret, struct error *err);

/* ---- answers ---- */

/* A header of the answer, copied; line breaks in it are refused (it is left out). Content-Type is an argument below. */
void http_header(struct http_request *request, const char *name, const char *text);
void http_headerf(struct http_request *request, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Keep the request beyond the handler's return. To be called in the handler, before anybody else can see the request. */
void http_suspend(struct http_request *request);

#define HTTP_JSON   "application/json"
#define HTTP_TEXT   "text/plain; charset=UTF-8"
#define HTTP_HTML   "text/html; charset=UTF-8"
#define HTTP_EVENTS "text/event-stream; charset=UTF-8"

/* `type` is a text of the program (it is not copied); NULL: no Content-Type. The body is copied. */
void http_respond(struct http_request *request, unsigned status, const char *type, const void *body,
                  size_t n);
/* The body came from malloc and is taken. */
void http_respond_take(struct http_request *request, unsigned status, const char *type, char *body, size_t n);
/* The body outlives the server: page texts, constants. */
void http_respond_static(struct http_request *request, unsigned status, const char *type, const void *body,
                         size_t n);
/* `size` bytes of a file from its beginning; the descriptor is taken. */
void http_respond_file(struct http_request *request, unsigned status, const char *type, int fd,
                       uint64_t size);
/* Compact JSON. */
void http_respond_value(struct http_request *request, unsigned status, value v);
/* {"faultstring": text}. */
void http_respond_fault(struct http_request *request, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* {"faultstring": the error's text}. */
void http_respond_error(struct http_request *request, unsigned status, const struct error *err);

/* ---- streams ---- */

/* Bytes that many streams send: made once, counted. */
struct http_chunk;
struct http_chunk *http_chunk_new(const void *data, size_t n);
struct http_chunk *http_chunk_ref(struct http_chunk *chunk);
void http_chunk_unref(struct http_chunk *chunk);

/* Answers with 200 and an endless body; compressed never. The stream is the caller's until http_stream_end.
   `on_close` (may be NULL) is called once, on an HTTP thread, when the client has gone, was dropped or the stream was
   ended, with no lock held; the stream may not be sent to from inside it, but ended. A stream that the client left before
   it began is closed the same way; only one begun on a request that the server had already given up is not. */
struct http_stream *http_stream_start(struct http_request *request, const char *type,
                                      void (*on_close)(struct http_stream *stream, void *data), void *data);

/* Outcomes of sending. */
enum { HTTP_STREAM_GONE = 1 }; /* the client has gone or was too slow; end the stream */

/* From any thread. */
int http_stream_send(struct http_stream *stream, const void *data, size_t n);
int http_stream_send_chunk(struct http_stream *stream, struct http_chunk *chunk);
bool http_stream_gone(struct http_stream *stream);
/* What is queued is still sent, then the answer is complete. Gives the stream up. */
void http_stream_end(struct http_stream *stream);

#endif
