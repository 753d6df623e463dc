/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the server (server.c, request.c, respond.c, stream.c) and nobody else. */
#ifndef FULMAR_HTTP_INTERNAL_H
#define FULMAR_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>

#include "base/pool.h"
#include "http/http.h"
#include "http/router.h"
#include "http/uri.h"

#define HEADERS_MAX 100
#define NOT_FOUND   "The resource could not be found."

/* A listener that runs. */
struct http_port {
    struct http_server *server;
    enum http_service service;
    struct MHD_Daemon *daemon;
    int fd, port;
    bool tls, quiesced;
};

struct http_server {
    struct http_config config; /* with the defaults filled in */
    char **origins;            /* all allowed ones, NULL ends */
    bool any_origin;
    struct router *router;
    struct http_port *ports;
    size_t n_ports;
    struct http_counters counters;
    _Atomic uint64_t bodies; /* bytes of bodies held */
    _Atomic bool stopping;

    pthread_mutex_t lock;           /* for what follows */
    bool abandoning;                /* nothing is suspended any more */
    struct http_request *suspended; /* not yet answered */
    struct http_stream *streams;    /* open */

    pthread_mutex_t peers_lock;
    pthread_cond_t peers_stop;
    struct http_peer *peers;
    pthread_t sweeper;
    bool sweeping;
};

/* One client; the socket context of its connection. */
struct http_peer {
    char remote[64];
    int fd;
    _Atomic int64_t
        deadline_us; /* for what the client is to do next; 0: it is not its turn, or there is none */
    struct http_peer *next, *previous;
};

enum request_phase {
    REQUEST_BEGUN,   /* the request line is read */
    REQUEST_READING, /* the headers are read, the body is arriving */
    REQUEST_HANDLED, /* dispatched; answered or suspended */
};

/* Who has answered; decided once, by compare and exchange. */
enum { UNANSWERED, ANSWERED, ABANDONED };

enum answer_kind { ANSWER_MEMORY, ANSWER_STATIC, ANSWER_FILE, ANSWER_STREAM };

struct answer_header {
    struct answer_header *next;
    const char *name, *text;
};

struct answer {
    enum answer_kind kind;
    unsigned status;
    const char *type;
    const void *body; /* ANSWER_MEMORY: from malloc */
    uint64_t n_body;
    int fd;
    struct http_stream *stream;
    struct answer_header *headers, **last_header;
};

/* Two owners at most: the connection and, while suspended, whoever will answer. The last one frees it. */
struct http_request {
    _Atomic int refs;
    _Atomic int answered;
    struct http_server *server;
    struct http_port *port;
    struct MHD_Connection *connection;
    struct pool *pool;
    enum request_phase phase;
    bool suspended;
    bool awake;  /* was to be suspended, but the server no longer waits */
    bool listed; /* on the server's list; under its lock */
    int64_t begun_us;

    char *target; /* as it arrived */
    const char *method, *remote, *id;
    struct http_peer *peer; /* NULL once completed */
    char *path;             /* decoded; NULL until dispatched */
    struct http_field *headers;
    size_t n_headers;
    struct uri_fields query;
    struct router_match match;
    char *variables[ROUTER_VARIABLES_MAX];
    struct buffer body;
    size_t body_charged; /* counted in server->bodies */
    uint64_t received;   /* of the body, as sent */
    unsigned refused;    /* status of an answer already decided while reading; 0: none */
    const char *refused_text;
    void *user;

    struct answer answer;
    uint64_t sent; /* of the body, as sent */
    struct http_request *next, *previous;
};

/* peer.c */
void peer_notify(void *port, struct MHD_Connection *connection, void **socket_context,
                 enum MHD_ConnectionNotificationCode code);
/* NULL while the connection is being set up or torn down. */
struct http_peer *peer_of(struct MHD_Connection *connection);
/* The client has so long for the head of its next request, for taking an answer, or no deadline. */
void peer_expect_head(struct http_peer *peer, const struct http_config *config);
void peer_expect_taking(struct http_peer *peer, const struct http_config *config);
void peer_expect_nothing(struct http_peer *peer);
/* Starts and ends the thread that closes connections on which a request's head never gets complete. */
int peers_start(struct http_server *server, struct error *err);
void peers_stop(struct http_server *server);

/* request.c */
void *request_begin(void *port, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_handle(void *port, struct MHD_Connection *connection, const char *url,
                               const char *method, const char *version, const char *data, size_t *n_data,
                               void **cls);
void request_completed(void *port, struct MHD_Connection *connection, void **cls,
                       enum MHD_RequestTerminationCode code);
void request_unref(struct http_request *request);
/* Answers every suspended request with 503. */
void requests_abandon(struct http_server *server);

/* respond.c */
/* Hands the answer to libmicrohttpd, on the connection's thread. */
enum MHD_Result answer_send(struct http_request *request);
/* Decides that `request` is answered by what is in `answer`; false when it was abandoned before. Wakes the connection. */
bool answer_commit(struct http_request *request, const struct answer *answer);
void answer_release(struct answer *answer);

/* stream.c */
/* Takes over the answer's reference when it succeeds. */
struct MHD_Response *stream_response(struct http_stream *stream, struct http_request *request);
/* Nothing more is sent; drops the answer's reference. */
void stream_forget(struct http_stream *stream);
void streams_end(struct http_server *server);

#endif
