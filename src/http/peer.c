/* SPDX-License-Identifier: Apache-2.0 */
/* Clients and the patience with them. libmicrohttpd closes a connection on which nothing moves; one that sends a byte of
   its headers now and then, or takes a byte of its answer, moves for ever. So each peer has a deadline for what it is to
   do next, and a thread looks around every few seconds for those who missed theirs and shuts their sockets down. The
   rest follows from that: the connection's thread sees the end and takes the connection apart. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "http/http-internal.h"

#define SWEEP_S 2

static void name_peer(const struct sockaddr *address, char *out, size_t size)
{
    const void *bytes = NULL;

    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
    if (!bytes || !inet_ntop(address->sa_family, bytes, out, (socklen_t)size))
        snprintf(out, size, "unknown");
}

static void add_peer(struct http_server *server, struct http_peer *peer)
{
    pthread_mutex_lock(&server->peers_lock);
    peer->next = server->peers;
    if (peer->next)
        peer->next->previous = peer;
    server->peers = peer;
    pthread_mutex_unlock(&server->peers_lock);
    server->counters.connections++;
}

static void remove_peer(struct http_server *server, struct http_peer *peer)
{
    pthread_mutex_lock(&server->peers_lock);
    if (peer->next)
        peer->next->previous = peer->previous;
    if (peer->previous)
        peer->previous->next = peer->next;
    else
        server->peers = peer->next;
    pthread_mutex_unlock(&server->peers_lock);
    server->counters.connections--;
}

void peer_notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                 enum MHD_ConnectionNotificationCode code)
{
    struct http_port *port = cls;
    struct http_peer *peer = *socket_context;

    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        /* The socket is still open here, so the sweeper can never shut down a stranger's. */
        if (peer)
            remove_peer(port->server, peer);
        free(peer);
        *socket_context = NULL;
        return;
    }
    peer = xcalloc(1, sizeof(*peer));
    name_peer(MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
              peer->remote, sizeof(peer->remote));
    peer->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    peer_expect_head(peer, &port->server->config);
    *socket_context = peer;
    add_peer(port->server, peer);
}

struct http_peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    return info ? info->socket_context : NULL;
}

static void set_deadline(struct http_peer *peer, int64_t seconds)
{
    if (peer)
        peer->deadline_us = seconds ? clock_monotonic_us() + seconds * 1000000 : 0;
}

void peer_expect_head(struct http_peer *peer, const struct http_config *config)
{
    set_deadline(peer, (int64_t)config->idle_timeout_s + config->receive_timeout_s);
}

void peer_expect_taking(struct http_peer *peer, const struct http_config *config)
{
    set_deadline(peer, config->send_timeout_s);
}

void peer_expect_nothing(struct http_peer *peer)
{
    set_deadline(peer, 0);
}

/* Under the lock. */
static void sweep(struct http_server *server)
{
    int64_t now_us = clock_monotonic_us();

    for (struct http_peer *peer = server->peers; peer; peer = peer->next) {
        int64_t deadline_us = peer->deadline_us;

        if (deadline_us && now_us > deadline_us)
            shutdown(peer->fd, SHUT_RDWR);
    }
}

static void *run_sweeper(void *arg)
{
    struct http_server *server = arg;

    pthread_mutex_lock(&server->peers_lock);
    while (server->sweeping) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += SWEEP_S;
        pthread_cond_timedwait(&server->peers_stop, &server->peers_lock, &until);
        sweep(server);
    }
    pthread_mutex_unlock(&server->peers_lock);
    return NULL;
}

int peers_start(struct http_server *server, struct error *err)
{
    int code;

    server->sweeping = true;
    code = pthread_create(&server->sweeper, NULL, run_sweeper, server);
    if (!code)
        return 0;
    server->sweeping = false;
    return error_set(err, -code, "Cannot start a thread: %s", strerror(code));
}

void peers_stop(struct http_server *server)
{
    if (!server->sweeping)
        return;
    pthread_mutex_lock(&server->peers_lock);
    server->sweeping = false;
    pthread_cond_signal(&server->peers_stop);
    pthread_mutex_unlock(&server->peers_lock);
    pthread_join(server->sweeper, NULL);
}
