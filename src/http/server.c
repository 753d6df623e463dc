/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners and their life. Each listener is one libmicrohttpd daemon with its own pool of epoll threads. The sockets are
   opened here, so that a wrong or taken address gives a message that names it.

   Stopping, in order: no new connections; streams are ended; what is in flight may finish; what is still unanswered then
   is answered with 503; the threads are joined. A daemon must not be stopped while a connection of it is suspended, so
   the joining comes only after everything is answered. */
#include <netinet/in.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "http/http-internal.h"

#define BACKLOG 4096

/* Where browsers find the web UI in development; the owner's come first. */
static const char *const fixed_origins[] = { "http://127.0.0.1:3000", "http://localhost:8080",
                                             "http://127.0.0.1:8080" };

static void set_defaults(struct http_config *config)
{
#define DEFAULT(field, number) config->field = config->field ? config->field : (number)
    DEFAULT(threads, 2);
    DEFAULT(connections_max, 16384);
    DEFAULT(idle_timeout_s, 60);
    DEFAULT(receive_timeout_s, 120);
    DEFAULT(send_timeout_s, 600);
    DEFAULT(head_max, 16384);
    DEFAULT(body_max, 20 << 20);
    DEFAULT(bodies_max, 512 << 20);
    DEFAULT(stream_queue_max, 4 << 20);
#undef DEFAULT
}

static void set_origins(struct http_server *server)
{
    const struct http_config *config = &server->config;
    size_t n = 0;

    server->origins =
        xcalloc(config->n_allow_origins + ELEMENTS(fixed_origins) + 1, sizeof(*server->origins));
    for (size_t i = 0; i < config->n_allow_origins; i++) {
        server->origins[n++] = xstrdup(config->allow_origins[i]);
        if (strcmp(config->allow_origins[i], "*") == 0)
            server->any_origin = true;
    }
    for (size_t i = 0; i < ELEMENTS(fixed_origins); i++)
        server->origins[n++] = xstrdup(fixed_origins[i]);
}

/* ---- sockets ---- */

static int open_socket(const struct http_listener *listener, int *ret_fd, struct error *err)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM };
    struct addrinfo *address;
    CLEANUP(closep)
    int fd = -1;
    char service[16];
    int one = 1, code;

    snprintf(service, sizeof(service), "%d", listener->port);
    code = getaddrinfo(listener->host, service, &hints, &address);
    if (code)
        return error_set(err, -EINVAL, "Cannot listen on %s:%d: %s", listener->host, listener->port,
                         gai_strerror(code));
    fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    code = fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
           bind(fd, address->ai_addr, address->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0;
    freeaddrinfo(address);
    if (code)
        return error_set(err, -errno, "Cannot listen on %s:%d: %s", listener->host, listener->port,
                         strerror(errno));
    *ret_fd = fd;
    fd = -1;
    return 0;
}

static int port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

/* ---- libmicrohttpd's callbacks ---- */

/* Targets are decoded in uri.c, from what request_begin saw. */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *s)
{
    return strlen(s);
}

__attribute__((format(printf, 2, 0))) static void write_log(void *cls, const char *format, va_list args)
{
    CLEANUP(freep)
    char *text = NULL;

    if (!log_enabled(LOG_LEVEL_DEBUG))
        return;
    text = xvasprintf(format, args);
    log_debug("%s", text);
}

/* ---- listeners ---- */

static int start_daemon(struct http_port *port, const struct http_listener *listener, struct error *err)
{
    const struct http_config *config = &port->server->config;
    unsigned threads = listener->threads ? listener->threads : config->threads;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
                     (listener->tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem options[8];
    size_t n = 0;

    if (threads > 1)
        options[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)threads, NULL };
    if (listener->tls) {
        options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, (char *)(uintptr_t)config->key };
        options[n++] =
            (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, (char *)(uintptr_t)config->certificate };
    }
    options[n++] =
        (struct MHD_OptionItem){ MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)config->head_max, NULL };
    options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
    port->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, request_handle, port, MHD_OPTION_EXTERNAL_LOGGER, write_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, port->fd, MHD_OPTION_CONNECTION_LIMIT, config->connections_max,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, config->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT,
        config->idle_timeout_s, MHD_OPTION_URI_LOG_CALLBACK, request_begin, port,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_NOTIFY_COMPLETED, request_completed,
        port, MHD_OPTION_NOTIFY_CONNECTION, peer_notify, port, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!port->daemon)
        return error_set(err, -EIO, "Cannot serve on %s:%d%s", listener->host, port->port,
                         listener->tls ? ": is the certificate good?" : "");
    return 0;
}

static int start_port(struct http_server *server, struct http_port *port,
                      const struct http_listener *listener, struct error *err)
{
    int r;

    port->server = server;
    port->service = listener->service;
    port->tls = listener->tls;
    port->fd = -1;
    if (listener->tls && (!server->config.certificate || !server->config.key))
        return error_set(err, -EINVAL, "TLS on %s:%d needs a certificate and a key", listener->host,
                         listener->port);
    r = open_socket(listener, &port->fd, err);
    if (r < 0)
        return r;
    port->port = port_of(port->fd);
    r = start_daemon(port, listener, err);
    if (r < 0) {
        close(port->fd);
        port->fd = -1;
    }
    return r;
}

int http_server_start(const struct http_config *config, struct http_server **ret_server, struct error *err)
{
    CLEANUP(http_server_freep)
    struct http_server *server = xcalloc(1, sizeof(*server));
    int r;

    pthread_mutex_init(&server->lock, NULL);
    pthread_mutex_init(&server->peers_lock, NULL);
    pthread_cond_init(&server->peers_stop, NULL);
    server->config = *config;
    set_defaults(&server->config);
    set_origins(server);
    r = router_new(config->routes, config->n_routes, config->aliases, config->n_aliases, &server->router,
                   err);
    if (r < 0)
        return r;
    r = peers_start(server, err);
    if (r < 0)
        return r;
    server->ports = xcalloc(config->n_listeners, sizeof(*server->ports));
    for (size_t i = 0; i < config->n_listeners; i++) {
        server->n_ports++;
        r = start_port(server, &server->ports[i], &config->listeners[i], err);
        if (r < 0)
            return r;
    }
    *ret_server = take_ptr(&server);
    return 0;
}

int http_server_port(const struct http_server *server, size_t listener)
{
    return listener < server->n_ports ? server->ports[listener].port : 0;
}

const struct http_counters *http_server_counters(const struct http_server *server)
{
    return &server->counters;
}

static void stop_accepting(struct http_server *server)
{
    for (size_t i = 0; i < server->n_ports; i++) {
        struct http_port *port = &server->ports[i];

        if (!port->daemon)
            continue;
        port->fd = MHD_quiesce_daemon(port->daemon);
        port->quiesced = port->fd >= 0;
        /* Refuses clients from now on. The threads still take the socket out of their epoll sets, each in its time, so
           it is closed only after them. */
        if (port->quiesced)
            shutdown(port->fd, SHUT_RDWR);
    }
}

/* Until nothing is in flight any more; false when it took longer. */
static bool wait_idle(struct http_server *server, unsigned timeout_ms)
{
    const struct timespec pause = { .tv_nsec = 2000000 };
    int64_t until = clock_monotonic_us() + (int64_t)timeout_ms * 1000;

    while (server->counters.in_flight) {
        if (clock_monotonic_us() >= until)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

void http_server_stop(struct http_server *server, unsigned timeout_ms)
{
    bool idle;

    if (server->stopping)
        return;
    server->stopping = true;
    stop_accepting(server);
    streams_end(server);
    idle = wait_idle(server, timeout_ms);
    /* Also when nothing is left: a connection that is still open may bring a request now, which must not be suspended. */
    requests_abandon(server);
    if (!idle)
        wait_idle(server, 1000);
    for (size_t i = 0; i < server->n_ports; i++) {
        if (server->ports[i].daemon)
            MHD_stop_daemon(server->ports[i].daemon);
        if (server->ports[i].quiesced)
            close(server->ports[i].fd);
        server->ports[i].daemon = NULL;
        server->ports[i].quiesced = false;
    }
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    http_server_stop(server, 0);
    peers_stop(server);
    router_free(server->router);
    free(server->ports);
    for (char **origin = server->origins; origin && *origin; origin++)
        free(*origin);
    free(server->origins);
    pthread_cond_destroy(&server->peers_stop);
    pthread_mutex_destroy(&server->peers_lock);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

void http_server_freep(struct http_server **server)
{
    http_server_free(*server);
}
