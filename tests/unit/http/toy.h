/* SPDX-License-Identifier: Apache-2.0 */
/* A toy server on a free port and a client that speaks raw bytes to it. */
#ifndef FULMAR_UNIT_HTTP_TOY_H
#define FULMAR_UNIT_HTTP_TOY_H

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../unit.h"
#include "base/buffer.h"
#include "base/mem.h"
#include "http/gzip.h"
#include "http/http.h"

#define PATIENCE_MS 10000

static inline int toy_connect(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static inline void toy_write(int fd, const void *data, size_t n)
{
    const char *at = data;

    while (n) {
        ssize_t done = send(fd, at, n, MSG_NOSIGNAL);

        if (done <= 0)
            return; /* the server has closed; what it answered is looked at by the reader */
        at += done;
        n -= (size_t)done;
    }
}

static inline void toy_say(int fd, const char *text)
{
    toy_write(fd, text, strlen(text));
}

/* More bytes into `in`; false at the end of the connection. */
static inline bool toy_read(int fd, struct buffer *in)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    ssize_t n;

    if (poll(&wait, 1, PATIENCE_MS) != 1)
        fail_msg("nothing came, so far: %s", buffer_text(in));
    buffer_reserve(in, 65536);
    n = recv(fd, in->data + in->len, 65536, 0);
    if (n <= 0)
        return false;
    in->len += (size_t)n;
    in->data[in->len] = '\0';
    return true;
}

static inline void toy_read_until(int fd, struct buffer *in, const char *text)
{
    while (!in->len || !memmem(in->data, in->len, text, strlen(text)))
        if (!toy_read(fd, in))
            fail_msg("the connection ended before \"%s\": %s", text, buffer_text(in));
}

struct reply {
    int status;
    struct buffer head, body;
};

static inline void reply_release(struct reply *reply)
{
    buffer_release(&reply->head);
    buffer_release(&reply->body);
}

#define REPLY_AUTO(name) __attribute__((cleanup(reply_release))) struct reply name = { 0 }

/* The value of a header, to be freed; NULL when absent. */
static inline char *reply_header(const struct reply *reply, const char *name)
{
    CLEANUP(freep)
    char *line = xasprintf("\r\n%s: ", name);
    const char *at = strcasestr(reply->head.data, line);

    if (!at)
        return NULL;
    at += strlen(line);
    return xstrndup(at, strcspn(at, "\r"));
}

static inline void assert_header(const struct reply *reply, const char *name, const char *expected)
{
    CLEANUP(freep)
    char *text = reply_header(reply, name);

    if (!expected) {
        assert_null(text);
        return;
    }
    if (!text)
        fail_msg("no header %s in %s", name, reply->head.data);
    assert_string_equal(text, expected);
}

/* One answer with a Content-Length from `in`, which keeps what came after it. */
static inline void toy_reply(int fd, struct buffer *in, struct reply *reply)
{
    BUFFER_AUTO(rest);
    CLEANUP(freep)
    char *length = NULL;
    size_t n_head, n_body;

    reply_release(reply);
    toy_read_until(fd, in, "\r\n\r\n");
    n_head = (size_t)(strstr(in->data, "\r\n\r\n") + 4 - in->data);
    buffer_add(&reply->head, in->data, n_head);
    reply->status = atoi(in->data + 9);
    length = reply_header(reply, "Content-Length");
    n_body = length ? (size_t)atoi(length) : 0;
    while (in->len < n_head + n_body)
        if (!toy_read(fd, in))
            fail_msg("the connection ended inside the body");
    buffer_add(&reply->body, in->data + n_head, n_body);
    buffer_add(&rest, in->data + n_head + n_body, in->len - n_head - n_body);
    buffer_clear(in);
    buffer_add(in, rest.data, rest.len);
}

/* One request on a connection of its own. */
static inline void toy_ask(int port, const char *text, struct reply *reply)
{
    BUFFER_AUTO(in);
    CLEANUP(closep)
    int fd = toy_connect(port);

    toy_say(fd, text);
    toy_reply(fd, &in, reply);
}

#define HOST "Host: x\r\n"

static inline void toy_get(int port, const char *target, struct reply *reply)
{
    CLEANUP(freep)
    char *text = xasprintf("GET %s HTTP/1.1\r\n" HOST "\r\n", target);

    toy_ask(port, text, reply);
}

static inline void assert_answer(int port, const char *request, int status, const char *body)
{
    REPLY_AUTO(reply);

    toy_ask(port, request, &reply);
    if (reply.status != status)
        fail_msg("wanted %d, got %s%s", status, reply.head.data, buffer_text(&reply.body));
    if (body)
        assert_string_equal(buffer_text(&reply.body), body);
}

static inline void assert_get(int port, const char *target, int status, const char *body)
{
    CLEANUP(freep)
    char *text = xasprintf("GET %s HTTP/1.1\r\n" HOST "\r\n", target);

    assert_answer(port, text, status, body);
}

#endif
