/* SPDX-License-Identifier: Apache-2.0 */
/* Endless answers. A stream has a bounded queue of counted chunks; its connection sleeps (is suspended) while the queue is
   empty, and whoever sends wakes it. Two owners: the sender, until it ends the stream, and the response, until the
   connection is through with it.

   The stream's lock is held while the connection is put to sleep or woken, so that no wake-up is lost; it is never held
   while anything of the owner is called. `connection` is NULL from the moment the response is gone. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/http-internal.h"

#define BLOCK_SIZE 32768

struct http_chunk {
    _Atomic int refs;
    size_t n;
    char data[];
};

struct http_stream {
    _Atomic int refs;
    pthread_mutex_t lock;
    struct http_server *server;
    struct http_request *request; /* counted, as libmicrohttpd is done with it before the response goes */
    struct MHD_Connection *connection;
    bool asleep, ended, gone, dropped;
    struct http_chunk **queue; /* from `first`, `count` long; the first one is sent up to `offset` */
    size_t first, count, room, offset;
    size_t queued; /* bytes */
    void (*on_close)(struct http_stream *stream, void *data);
    void *data;
    struct http_stream *next, *previous; /* the server's list, under its lock */
};

struct http_chunk *http_chunk_new(const void *data, size_t n)
{
    struct http_chunk *chunk = xmalloc(sizeof(*chunk) + n);

    chunk->refs = 1;
    chunk->n = n;
    if (n)
        memcpy(chunk->data, data, n);
    return chunk;
}

struct http_chunk *http_chunk_ref(struct http_chunk *chunk)
{
    chunk->refs++;
    return chunk;
}

void http_chunk_unref(struct http_chunk *chunk)
{
    if (chunk && atomic_fetch_sub(&chunk->refs, 1) == 1)
        free(chunk);
}

static void drop_queue(struct http_stream *stream)
{
    for (; stream->count; stream->count--)
        http_chunk_unref(stream->queue[stream->first++]);
    free(stream->queue);
    stream->queue = NULL;
    stream->first = stream->room = stream->queued = 0;
}

static void stream_unref(struct http_stream *stream)
{
    if (atomic_fetch_sub(&stream->refs, 1) > 1)
        return;
    drop_queue(stream);
    pthread_mutex_destroy(&stream->lock);
    free(stream);
}

/* Under the lock. */
static void wake(struct http_stream *stream)
{
    if (!stream->asleep || !stream->connection)
        return;
    stream->asleep = false;
    MHD_resume_connection(stream->connection);
}

/* ---- the connection's side ---- */

static ssize_t read_stream(void *cls, uint64_t position, char *out, size_t max)
{
    struct http_stream *stream = cls;
    size_t n = 0;
    ssize_t result;

    pthread_mutex_lock(&stream->lock);
    while (!stream->dropped && stream->count && n < max) {
        struct http_chunk *chunk = stream->queue[stream->first];
        size_t left = chunk->n - stream->offset, step = left < max - n ? left : max - n;

        memcpy(out + n, chunk->data + stream->offset, step);
        n += step;
        stream->offset += step;
        if (stream->offset == chunk->n) {
            http_chunk_unref(chunk);
            stream->first++;
            stream->count--;
            stream->offset = 0;
        }
    }
    if (!stream->count)
        stream->first = 0;
    stream->queued -= n;
    result = (ssize_t)n;
    if (n) {
        stream->request->sent += n;
    } else if (stream->dropped) {
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (stream->ended) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->asleep = true;
        MHD_suspend_connection(stream->connection);
    }
    pthread_mutex_unlock(&stream->lock);
    return result;
}

static void unlink_stream(struct http_stream *stream)
{
    struct http_server *server = stream->server;

    pthread_mutex_lock(&server->lock);
    if (stream->next)
        stream->next->previous = stream->previous;
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        server->streams = stream->next;
    pthread_mutex_unlock(&server->lock);
    server->counters.streams--;
}

void stream_forget(struct http_stream *stream)
{
    struct http_request *request;

    pthread_mutex_lock(&stream->lock);
    stream->gone = true;
    stream->connection = NULL;
    request = stream->request;
    stream->request = NULL;
    drop_queue(stream);
    pthread_mutex_unlock(&stream->lock);
    if (request)
        request_unref(request);
    if (stream->on_close)
        stream->on_close(stream, stream->data);
    stream_unref(stream);
}

/* The response is gone: sent to its end, or its connection broke. */
static void close_stream(void *cls)
{
    unlink_stream(cls);
    stream_forget(cls);
}

struct MHD_Response *stream_response(struct http_stream *stream, struct http_request *request)
{
    struct http_server *server = request->server;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, stream, close_stream);

    if (!response)
        return NULL;
    request->answer.stream = NULL; /* the response has that reference now */
    request->refs++;
    server->counters.streams++;
    pthread_mutex_lock(&server->lock);
    stream->next = server->streams;
    if (stream->next)
        stream->next->previous = stream;
    server->streams = stream;
    pthread_mutex_unlock(&server->lock);
    /* A stop that began before the stream was listed did not end it. */
    pthread_mutex_lock(&stream->lock);
    stream->request = request;
    stream->connection = request->connection;
    if (server->stopping)
        stream->ended = true;
    pthread_mutex_unlock(&stream->lock);
    MHD_add_response_header(response, "Cache-Control", "no-cache");
    MHD_add_response_header(response, "X-Accel-Buffering", "no");
    return response;
}

/* ---- the sender's side ---- */

struct http_stream *http_stream_start(struct http_request *request, const char *type,
                                      void (*on_close)(struct http_stream *stream, void *data), void *data)
{
    struct http_stream *stream = xcalloc(1, sizeof(*stream));
    struct answer answer = { ANSWER_STREAM, 200, type, .fd = -1, .stream = stream };

    stream->refs = 2;
    pthread_mutex_init(&stream->lock, NULL);
    stream->server = request->server;
    stream->on_close = on_close;
    stream->data = data;
    if (!answer_commit(request, &answer)) {
        stream->gone = true;
        stream_unref(stream);
    }
    return stream;
}

static void drop(struct http_stream *stream)
{
    const union MHD_ConnectionInfo *info;

    log_warning("Dropping a stream client that is too slow: %s, %zu bytes waiting, request %s",
                stream->request ? stream->request->remote : "not yet answered", stream->queued,
                stream->request ? stream->request->id : "unknown");
    stream->dropped = stream->gone = true;
    stream->server->counters.streams_dropped++;
    if (!stream->connection)
        return;
    /* Its thread waits for the socket to take more; this tells it at once. The response, and with it the connection,
       cannot vanish while the lock is held. */
    info = MHD_get_connection_info(stream->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info)
        shutdown(info->connect_fd, SHUT_RDWR);
    wake(stream);
}

static void enqueue(struct http_stream *stream, struct http_chunk *chunk)
{
    if (stream->first && stream->first + stream->count == stream->room) {
        memmove(stream->queue, stream->queue + stream->first, stream->count * sizeof(*stream->queue));
        stream->first = 0;
    }
    GROW(stream->queue, stream->first + stream->count, stream->room);
    stream->queue[stream->first + stream->count++] = http_chunk_ref(chunk);
    stream->queued += chunk->n;
}

int http_stream_send_chunk(struct http_stream *stream, struct http_chunk *chunk)
{
    int r = 0;

    pthread_mutex_lock(&stream->lock);
    if (!stream->gone && !stream->ended && chunk->n) {
        if (stream->queued && stream->queued + chunk->n > stream->server->config.stream_queue_max)
            drop(stream);
        else
            enqueue(stream, chunk);
        wake(stream);
    }
    if (stream->gone || stream->ended)
        r = HTTP_STREAM_GONE;
    pthread_mutex_unlock(&stream->lock);
    return r;
}

int http_stream_send(struct http_stream *stream, const void *data, size_t n)
{
    struct http_chunk *chunk = http_chunk_new(data, n);
    int r = http_stream_send_chunk(stream, chunk);

    http_chunk_unref(chunk);
    return r;
}

bool http_stream_gone(struct http_stream *stream)
{
    bool gone;

    pthread_mutex_lock(&stream->lock);
    gone = stream->gone || stream->ended;
    pthread_mutex_unlock(&stream->lock);
    return gone;
}

static void end(struct http_stream *stream)
{
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    wake(stream);
    pthread_mutex_unlock(&stream->lock);
}

void http_stream_end(struct http_stream *stream)
{
    end(stream);
    stream_unref(stream);
}

void streams_end(struct http_server *server)
{
    /* A stream on the list cannot be freed: its response takes it off first, and needs the server's lock for that. */
    pthread_mutex_lock(&server->lock);
    for (struct http_stream *stream = server->streams; stream; stream = stream->next)
        end(stream);
    pthread_mutex_unlock(&server->lock);
}
