/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP load client: one thread, one epoll, keep-alive connections that each send the next request when the answer to the
   last one is complete. It counts answers and their latencies and prints one line of JSON:

       load [-c CONNECTIONS] [-n REQUESTS] [-d SECONDS] [-m METHOD] [-H HEADER]... [-b BODY] ADDRESS PORT PATH...

   Several paths are asked for in turn. Answers other than 2xx are counted as refused; a broken connection ends the run. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 4096, MAX_PATHS = 4096, MAX_HEAD = 16 << 10 };

enum body_form { BODY_LENGTH, BODY_CHUNKED };

struct connection {
    int fd;
    const char *request;
    size_t left; /* bytes of the request that are not sent yet */
    int64_t sent_ns;
    char head[MAX_HEAD]; /* of the answer, then of each chunk */
    size_t n_head;
    bool in_body;
    enum body_form form;
    uint64_t body_left;
    bool last_chunk;
    int status;
};

struct load {
    struct sockaddr_in address;
    char **requests;
    size_t n_requests;
    uint64_t wanted; /* requests to send; 0: as many as fit into the time */
    int64_t until_ns;
    uint64_t started, answered, refused;
    uint32_t *latencies_us;
    size_t room;
    int first_refusal;
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void remember(struct load *load, int64_t ns)
{
    if (load->answered >= load->room) {
        load->room = load->room ? load->room * 2 : 1 << 16;
        load->latencies_us = realloc(load->latencies_us, load->room * sizeof(*load->latencies_us));
        if (!load->latencies_us)
            die("latencies");
    }
    load->latencies_us[load->answered++] = (uint32_t)(ns / 1000);
}

static bool may_start(const struct load *load)
{
    if (load->wanted)
        return load->started < load->wanted;
    return now_ns() < load->until_ns;
}

/* Sends as much as the socket takes. */
static void push(struct connection *c)
{
    ssize_t n;

    while (c->left) {
        n = send(c->fd, c->request, c->left, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            die("send");
        c->request += n;
        c->left -= (size_t)n;
    }
}

static void start_request(struct load *load, struct connection *c)
{
    c->request = load->requests[load->started++ % load->n_requests];
    c->left = strlen(c->request);
    c->n_head = 0;
    c->in_body = false;
    c->last_chunk = false;
    c->sent_ns = now_ns();
    push(c);
}

static int read_head(struct connection *c)
{
    c->form = BODY_LENGTH;
    c->body_left = 0;
    c->head[c->n_head] = '\0';
    if (sscanf(c->head, "HTTP/1.%*d %d", &c->status) != 1)
        return -1;
    for (char *line = strchr(c->head, '\n'); line; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line + 1, "Content-Length:", 15) == 0)
            c->body_left = strtoull(line + 16, NULL, 10);
        else if (strncasecmp(line + 1, "Transfer-Encoding: chunked", 26) == 0)
            c->form = BODY_CHUNKED;
    }
    return 0;
}

/* Takes one byte of a head or of a chunk's size line; true when the line or head is complete. */
static bool take_head_byte(struct connection *c, char byte, const char *end)
{
    size_t n = strlen(end);

    if (c->n_head + 1 >= MAX_HEAD) {
        errno = EMSGSIZE;
        die("head of an answer");
    }
    c->head[c->n_head++] = byte;
    return c->n_head >= n && memcmp(c->head + c->n_head - n, end, n) == 0;
}

/* Feeds bytes to the state of the answer; true when the answer is complete. Nothing may follow it: requests are not pipelined. */
static bool feed(struct connection *c, const char *data, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (!c->in_body) {
            if (!take_head_byte(c, data[i++], "\r\n\r\n"))
                continue;
            if (read_head(c) < 0) {
                errno = EPROTO;
                die("answer");
            }
            c->in_body = true;
            c->n_head = 0;
        } else if (c->body_left) {
            uint64_t part = n - i < c->body_left ? n - i : c->body_left;

            i += part;
            c->body_left -= part;
        } else if (take_head_byte(c, data[i++], "\r\n")) {
            /* The size of a chunk. Its bytes are counted with the line end that follows them. */
            c->head[c->n_head] = '\0';
            c->body_left = strtoull(c->head, NULL, 16);
            c->last_chunk = c->body_left == 0;
            c->body_left += 2;
            c->n_head = 0;
        }
        if (c->in_body && c->body_left == 0 && (c->form == BODY_LENGTH || c->last_chunk))
            return true;
    }
    return false;
}

/* Reads what is there; the next request goes out when the answer is complete. False when the connection has nothing left to do. */
static bool pull(struct load *load, struct connection *c)
{
    static char data[256 << 10];
    ssize_t n;

    for (;;) {
        n = recv(c->fd, data, sizeof(data), 0);
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0) {
            errno = n ? errno : ECONNRESET;
            die("recv");
        }
        if (!feed(c, data, (size_t)n))
            continue;
        remember(load, now_ns() - c->sent_ns);
        if (c->status / 100 != 2) {
            load->refused++;
            load->first_refusal = load->first_refusal ? load->first_refusal : c->status;
        }
        if (!may_start(load))
            return false;
        start_request(load, c);
    }
}

static void open_connection(struct load *load, struct connection *c, int epoll)
{
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c };
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&load->address, sizeof(load->address)) < 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (fcntl(c->fd, F_SETFL, O_NONBLOCK) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0)
        die("epoll");
}

static void run(struct load *load, int n_connections)
{
    struct connection *connections = calloc((size_t)n_connections, sizeof(*connections));
    struct epoll_event events[256];
    int epoll = epoll_create1(EPOLL_CLOEXEC), active = 0;

    if (!connections || epoll < 0)
        die("start");
    for (int i = 0; i < n_connections && may_start(load); i++) {
        open_connection(load, &connections[i], epoll);
        start_request(load, &connections[i]);
        active++;
    }
    while (active) {
        int n = epoll_wait(epoll, events, 256, 60000);

        if (n == 0)
            errno = ETIMEDOUT;
        if (n <= 0)
            die("waiting for answers");
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;

            push(c);
            if (!pull(load, c)) {
                close(c->fd);
                active--;
            }
        }
    }
    close(epoll);
    free(connections);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static double percentile_ms(const struct load *load, double p)
{
    size_t at = (size_t)(p * (double)(load->answered - 1));

    return load->answered ? load->latencies_us[at] / 1000.0 : 0;
}

static char *make_request(const char *method, const char *path, const char *headers, const char *body)
{
    char *text;

    if (asprintf(&text, "%s %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s", method, path,
                 headers, strlen(body), body) < 0)
        die("request");
    return text;
}

int main(int argc, char **argv)
{
    struct load load = { .address.sin_family = AF_INET };
    const char *method = "GET", *body = "";
    char headers[MAX_HEAD] = "";
    double seconds = 5, took;
    int n_connections = 16, option;
    int64_t start;

    while ((option = getopt(argc, argv, "c:n:d:m:H:b:")) != -1) {
        switch (option) {
        case 'c':
            n_connections = (int)strtol(optarg, NULL, 10);
            break;
        case 'n':
            load.wanted = strtoull(optarg, NULL, 10);
            break;
        case 'd':
            seconds = strtod(optarg, NULL);
            break;
        case 'm':
            method = optarg;
            break;
        case 'b':
            body = optarg;
            break;
        case 'H':
            if (strlen(headers) + strlen(optarg) + 3 > sizeof(headers))
                return 2;
            strcat(strcat(headers, optarg), "\r\n");
            break;
        default:
            return 2;
        }
    }
    if (argc - optind < 3 || argc - optind > MAX_PATHS || n_connections < 1 ||
        n_connections > MAX_CONNECTIONS || inet_pton(AF_INET, argv[optind], &load.address.sin_addr) != 1) {
        fprintf(
            stderr,
            "usage: load [-c CONNECTIONS] [-n REQUESTS] [-d SECONDS] [-m METHOD] [-H HEADER]... [-b BODY] "
            "ADDRESS PORT PATH...\n");
        return 2;
    }
    load.address.sin_port = htons((uint16_t)strtoul(argv[optind + 1], NULL, 10));
    load.n_requests = (size_t)(argc - optind - 2);
    load.requests = calloc(load.n_requests, sizeof(*load.requests));
    for (size_t i = 0; i < load.n_requests; i++)
        load.requests[i] = make_request(method, argv[optind + 2 + (int)i], headers, body);

    start = now_ns();
    load.until_ns = start + (int64_t)(seconds * 1e9);
    run(&load, n_connections);
    took = (double)(now_ns() - start) / 1e9;
    qsort(load.latencies_us, load.answered, sizeof(*load.latencies_us), by_size);
    printf("{\"requests\": %ju, \"seconds\": %.6f, \"rate\": %.1f, \"refused\": %ju, \"first_refusal\": %d, "
           "\"p50_ms\": %.3f, \"p95_ms\": %.3f, \"p99_ms\": %.3f, \"max_ms\": %.3f}\n",
           (uintmax_t)load.answered, took, (double)load.answered / took, (uintmax_t)load.refused,
           load.first_refusal, percentile_ms(&load, 0.5), percentile_ms(&load, 0.95),
           percentile_ms(&load, 0.99), percentile_ms(&load, 1));
    return 0;
}
