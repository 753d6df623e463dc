/* SPDX-License-Identifier: Apache-2.0 */
/* What needs a server of its own: TLS, the access log, stopping while work is in flight. */
#include "toy.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>

static void say_hello(struct http_request *request, void *owner)
{
    http_respond(request, 200, HTTP_TEXT, http_is_tls(request) ? "hello, safely" : "hello",
                 http_is_tls(request) ? 13 : 5);
}

static void say_file(struct http_request *request, void *owner)
{
    FILE *file = tmpfile();
    int fd;

    fputs("from a file", file);
    fflush(file);
    fd = dup(fileno(file));
    fclose(file);
    http_respond_file(request, 200, HTTP_TEXT, fd, 11);
}

static _Atomic(struct http_request *) kept;

static void keep(struct http_request *request, void *owner)
{
    http_suspend(request);
    kept = request;
}

static void say_volumes(struct http_request *request, void *owner)
{
    BUFFER_AUTO(text);
    size_t n;

    for (int i = 0; i < 100000; i++)
        buffer_addf(&text, "line %d\n", i);
    n = text.len;
    http_respond_take(request, 200, HTTP_TEXT, buffer_take(&text), n);
}

static char heap[32 << 20];

static void say_heap(struct http_request *request, void *owner)
{
    http_respond_static(request, 200, HTTP_TEXT, heap, sizeof(heap));
}

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/heap", say_heap },
    { "GET", HTTP_API, "/volumes", say_volumes },
    { "GET", HTTP_API, "/hello", say_hello },
    { "GET", HTTP_API, "/file", say_file },
    { "GET", HTTP_API, "/quiet", say_hello, .flags = HTTP_NO_LOG },
    { "GET", HTTP_API, "/keep", keep },
};

static struct {
    pthread_mutex_t lock;
    struct buffer lines;
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void write_journal(const struct http_access *access, void *owner)
{
    pthread_mutex_lock(&journal.lock);
    buffer_addf(&journal.lines, "%s %s %s %s %u %llu\n", access->remote, access->method, access->target,
                access->request_id, access->status, (unsigned long long)access->bytes);
    pthread_mutex_unlock(&journal.lock);
}

static struct http_server *start(const struct http_listener *listener, const char *certificate,
                                 const char *key)
{
    static const char *const origins[] = { "https://ui.example", "*" };
    struct http_config config = {
        .listeners = listener,
        .n_listeners = 1,
        .routes = routes,
        .n_routes = ELEMENTS(routes),
        .access = write_journal,
        .certificate = certificate,
        .key = key,
        .allow_origins = origins,
        .n_allow_origins = 2,
    };
    struct http_server *server;
    ERROR_AUTO(err);

    if (http_server_start(&config, &server, &err) < 0)
        fail_msg("%s", error_text(&err));
    return server;
}

static const struct http_listener plain = { "127.0.0.1", 0, HTTP_API };
static const struct http_listener safe = { "127.0.0.1", 0, HTTP_API, .tls = true };

/* ---- TLS ---- */

static char *pem_text(BIO *bio)
{
    char *data;
    long n = BIO_get_mem_data(bio, &data);
    char *text = xstrndup(data, (size_t)n);

    BIO_free(bio);
    return text;
}

static void make_certificate(char **ret_certificate, char **ret_key)
{
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());

    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    *ret_key = pem_text(bio);
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    *ret_certificate = pem_text(bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static size_t collect(char *data, size_t size, size_t n, void *out)
{
    buffer_add(out, data, size * n);
    return size * n;
}

TEST(a_listener_may_speak_tls)
{
    CLEANUP(freep)
    char *certificate = NULL;
    CLEANUP(freep)
    char *key = NULL;
    CLEANUP(http_server_freep)
    struct http_server *server = NULL;
    CLEANUP(freep)
    char *url = NULL;
    BUFFER_AUTO(body);
    CURL *curl = curl_easy_init();

    make_certificate(&certificate, &key);
    server = start(&safe, certificate, key);
    url = xasprintf("https://127.0.0.1:%d/v1/hello", http_server_port(server, 0));
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    assert_string_equal(buffer_text(&body), "hello, safely");
    curl_easy_cleanup(curl);
}

TEST(tls_without_a_good_certificate_is_refused)
{
    struct http_config config = { .listeners = &safe, .n_listeners = 1, .routes = routes, .n_routes = 1 };
    struct http_server *server;
    ERROR_AUTO(err);

    assert_true(http_server_start(&config, &server, &err) < 0);
    assert_string_equal(error_text(&err), "TLS on 127.0.0.1:0 needs a certificate and a key");
    config.certificate = config.key = "nonsense";
    assert_true(http_server_start(&config, &server, &err) < 0);
}

/* ---- the rest ---- */

static void wait_finished(const struct http_server *server)
{
    for (int i = 0; i < PATIENCE_MS && http_server_counters(server)->in_flight; i++)
        usleep(1000);
}

TEST(each_request_is_one_line_without_secrets)
{
    CLEANUP(http_server_freep)
    struct http_server *server = start(&plain, NULL, NULL);
    int port = http_server_port(server, 0);

    buffer_clear(&journal.lines);
    assert_answer(port, "GET /hello?x-auth-token=abc&b=1 HTTP/1.1\r\n" HOST "X-Request-ID: 1\r\n\r\n", 200,
                  "hello");
    wait_finished(server);
    assert_get(port, "/quiet", 200, "hello");
    assert_answer(port, "GET /nosuch HTTP/1.1\r\n" HOST "X-Request-ID: 2\r\n\r\n", 404, NULL);
    wait_finished(server);
    http_server_stop(server, 100);
    assert_string_equal(buffer_text(&journal.lines),
                        "127.0.0.1 GET /hello?x-auth-token=********&b=1 1 200 5\n"
                        "127.0.0.1 GET /nosuch 2 404 50\n");
}

TEST(files_are_sent)
{
    CLEANUP(http_server_freep)
    struct http_server *server = start(&plain, NULL, NULL);

    assert_get(http_server_port(server, 0), "/file", 200, "from a file");
}

TEST(large_answers_are_compressed_as_they_are_sent)
{
    CLEANUP(http_server_freep)
    struct http_server *server = start(&plain, NULL, NULL);
    CLEANUP(freep)
    char *url = xasprintf("http://127.0.0.1:%d/volumes", http_server_port(server, 0));
    CURL *curl = curl_easy_init();
    BUFFER_AUTO(body);

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    assert_int_equal(curl_easy_perform(curl), CURLE_OK);
    assert_int_equal(body.len, 1088890);
    assert_string_equal(body.data + body.len - 11, "line 99999\n");
    curl_easy_cleanup(curl);
    wait_finished(server);
    assert_in_range(http_server_counters(server)->bytes_out, 100000, 500000);
}

TEST(an_answer_taken_too_slowly_is_cut_off)
{
    struct http_config config = { .listeners = &plain,
                                  .n_listeners = 1,
                                  .routes = routes,
                                  .n_routes = ELEMENTS(routes),
                                  .send_timeout_s = 1 };
    CLEANUP(http_server_freep)
    struct http_server *server = NULL;
    CLEANUP(closep)
    int fd = -1;
    char data[1000];

    assert_int_equal(http_server_start(&config, &server, NULL), 0);
    fd = toy_connect(http_server_port(server, 0));
    toy_say(fd, "GET /heap HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 100 && (i < 5 || http_server_counters(server)->in_flight); i++) {
        assert_true(recv(fd, data, sizeof(data), 0) > 0);
        usleep(100000);
    }
    assert_int_equal(http_server_counters(server)->in_flight, 0);
}

TEST(a_star_allows_every_origin)
{
    CLEANUP(http_server_freep)
    struct http_server *server = start(&plain, NULL, NULL);
    REPLY_AUTO(reply);

    toy_ask(http_server_port(server, 0), "GET /hello HTTP/1.1\r\n" HOST "Origin: http://any.example\r\n\r\n",
            &reply);
    assert_header(&reply, "Access-Control-Allow-Origin", "http://any.example");
    toy_get(http_server_port(server, 0), "/hello", &reply);
    assert_header(&reply, "Access-Control-Allow-Origin", "https://ui.example");
}

TEST(requests_are_counted)
{
    CLEANUP(http_server_freep)
    struct http_server *server = start(&plain, NULL, NULL);
    const struct http_counters *counters = http_server_counters(server);

    for (int i = 0; i < 3; i++)
        assert_get(http_server_port(server, 0), "/hello", 200, NULL);
    assert_get(http_server_port(server, 0), "/none", 404, NULL);
    wait_finished(server);
    assert_int_equal(counters->requests, 4);
    assert_int_equal(counters->by_class[2], 3);
    assert_int_equal(counters->by_class[4], 1);
    assert_int_equal(counters->bytes_out, 3 * 5 + 50);
}

static void *answer_soon(void *nothing)
{
    usleep(50000);
    http_respond(kept, 200, HTTP_TEXT, "in time", 7);
    return NULL;
}

TEST(stopping_waits_for_what_is_in_flight)
{
    CLEANUP(http_server_freep)
    struct http_server *server = start(&plain, NULL, NULL);
    CLEANUP(closep)
    int fd = toy_connect(http_server_port(server, 0));
    BUFFER_AUTO(in);
    REPLY_AUTO(reply);
    pthread_t thread;

    toy_say(fd, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    while (!kept)
        usleep(1000);
    pthread_create(&thread, NULL, answer_soon, NULL);
    http_server_stop(server, PATIENCE_MS);
    pthread_join(thread, NULL);
    toy_reply(fd, &in, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(buffer_text(&reply.body), "in time");
    assert_header(&reply, "Connection", "close");
}

static _Atomic(struct http_stream *) quiet_stream;

static void start_quiet_stream(struct http_request *request, void *owner)
{
    quiet_stream = http_stream_start(request, HTTP_EVENTS, NULL, NULL);
}

TEST(waiting_for_the_server_is_not_being_idle)
{
    static const struct http_route quiet_routes[] = {
        { "GET", HTTP_API, "/keep", keep },
        { "GET", HTTP_STREAM, "/stream", start_quiet_stream },
    };
    struct http_config config = {
        .listeners = &plain, .n_listeners = 1, .routes = quiet_routes, .n_routes = 2, .idle_timeout_s = 1
    };
    CLEANUP(http_server_freep)
    struct http_server *server = NULL;
    CLEANUP(closep)
    int waiting = -1;
    CLEANUP(closep)
    int listening = -1;
    BUFFER_AUTO(in);
    BUFFER_AUTO(events);

    kept = NULL;
    assert_int_equal(http_server_start(&config, &server, NULL), 0);
    waiting = toy_connect(http_server_port(server, 0));
    toy_say(waiting, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    listening = toy_connect(http_server_port(server, 0));
    toy_say(listening, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    while (!kept || !quiet_stream)
        usleep(1000);
    usleep(2500000);
    http_respond(kept, 200, HTTP_TEXT, "at last", 7);
    http_stream_send(quiet_stream, "event: late\n\n", 13);
    toy_read_until(waiting, &in, "at last");
    toy_read_until(listening, &events, "event: late\n\n");
    http_stream_end(quiet_stream);
}

/* ---- many at a time ---- */

#define STORM_CLIENTS 6
#define STORM_ROUNDS  40

static struct {
    pthread_mutex_t lock;
    struct http_stream *streams[STORM_CLIENTS * STORM_ROUNDS];
    struct http_request *requests[STORM_CLIENTS * STORM_ROUNDS];
    size_t n_streams, n_requests;
    _Atomic int port;
    _Atomic bool over;
} storm = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void leave_storm(struct http_stream *stream, void *data)
{
    pthread_mutex_lock(&storm.lock);
    for (size_t i = 0; i < storm.n_streams; i++)
        if (storm.streams[i] == stream)
            storm.streams[i] = storm.streams[--storm.n_streams];
    pthread_mutex_unlock(&storm.lock);
    http_stream_end(stream);
}

static void join_storm(struct http_request *request, void *owner)
{
    pthread_mutex_lock(&storm.lock);
    storm.streams[storm.n_streams++] = http_stream_start(request, HTTP_EVENTS, leave_storm, NULL);
    pthread_mutex_unlock(&storm.lock);
}

static void wait_in_storm(struct http_request *request, void *owner)
{
    http_suspend(request);
    pthread_mutex_lock(&storm.lock);
    storm.requests[storm.n_requests++] = request;
    pthread_mutex_unlock(&storm.lock);
}

/* The engine of the storm: answers what waits and tells every stream. */
static void *run_storm(void *nothing)
{
    while (!storm.over) {
        pthread_mutex_lock(&storm.lock);
        while (storm.n_requests)
            http_respond_fault(storm.requests[--storm.n_requests], 409, "storm");
        for (size_t i = 0; i < storm.n_streams; i++)
            http_stream_send(storm.streams[i], "event: x\n\n", 10);
        pthread_mutex_unlock(&storm.lock);
        usleep(200);
    }
    return NULL;
}

static void *run_client(void *which)
{
    static const char *const texts[] = {
        "GET /wait HTTP/1.1\r\n" HOST "\r\n",
        "GET /join HTTP/1.1\r\n" HOST "\r\n",
        "GET /wait HTTP/1.1\r\n" HOST "\r\nGET /wait HTTP/1.1\r\n" HOST "\r\n",
        "GET /join HTTP/1.0\r\n\r\n",
    };

    for (int i = 0; i < STORM_ROUNDS; i++) {
        int fd = toy_connect(storm.port);
        char data[512];

        toy_say(fd, texts[(i + (int)(intptr_t)which) % 4]);
        if (i % 3 && recv(fd, data, sizeof(data), 0) < 0)
            break;
        if (i % 5 == 0)
            usleep(1000);
        close(fd);
    }
    return NULL;
}

TEST(a_storm_of_clients_leaves_nothing_behind)
{
    static const struct http_route storm_routes[] = {
        { "GET", HTTP_API, "/join", join_storm },
        { "GET", HTTP_API, "/wait", wait_in_storm },
    };
    struct http_config config = {
        .listeners = &plain, .n_listeners = 1, .routes = storm_routes, .n_routes = 2
    };
    CLEANUP(http_server_freep)
    struct http_server *server = NULL;
    pthread_t clients[STORM_CLIENTS], engine;

    assert_int_equal(http_server_start(&config, &server, NULL), 0);
    storm.port = http_server_port(server, 0);
    pthread_create(&engine, NULL, run_storm, NULL);
    for (size_t i = 0; i < STORM_CLIENTS; i++)
        pthread_create(&clients[i], NULL, run_client, (void *)(intptr_t)i);
    for (size_t i = 0; i < STORM_CLIENTS; i++)
        pthread_join(clients[i], NULL);
    http_server_stop(server, PATIENCE_MS);
    storm.over = true;
    pthread_join(engine, NULL);
    assert_int_equal(storm.n_streams, 0);
    assert_int_equal(http_server_counters(server)->in_flight, 0);
    assert_int_equal(http_server_counters(server)->streams, 0);
    assert_int_equal(http_server_counters(server)->connections, 0);
}

static void *hammer(void *socket)
{
    int fd = (int)(intptr_t)socket;
    char data[4096];

    do
        toy_say(fd, "GET /wait HTTP/1.1\r\n" HOST "\r\n");
    while (recv(fd, data, sizeof(data), 0) > 0);
    close(fd);
    return NULL;
}

TEST(stopping_under_fire_is_safe)
{
    static const struct http_route storm_routes[] = { { "GET", HTTP_API, "/wait", wait_in_storm } };
    struct http_config config = {
        .listeners = &plain, .n_listeners = 1, .routes = storm_routes, .n_routes = 1
    };
    pthread_t clients[4], engine;

    storm.over = false;
    pthread_create(&engine, NULL, run_storm, NULL);
    for (int round = 0; round < 20; round++) {
        struct http_server *server;

        assert_int_equal(http_server_start(&config, &server, NULL), 0);
        for (size_t i = 0; i < ELEMENTS(clients); i++)
            pthread_create(&clients[i], NULL, hammer,
                           (void *)(intptr_t)toy_connect(http_server_port(server, 0)));
        usleep(5000);
        http_server_stop(server, round % 2 ? 100 : 0);
        for (size_t i = 0; i < ELEMENTS(clients); i++)
            pthread_join(clients[i], NULL);
        assert_int_equal(http_server_counters(server)->in_flight, 0);
        http_server_free(server);
    }
    storm.over = true;
    pthread_join(engine, NULL);
}

static int release_journal(void **state)
{
    buffer_release(&journal.lines);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listener_may_speak_tls),
        cmocka_unit_test(tls_without_a_good_certificate_is_refused),
        cmocka_unit_test(each_request_is_one_line_without_secrets),
        cmocka_unit_test(files_are_sent),
        cmocka_unit_test(large_answers_are_compressed_as_they_are_sent),
        cmocka_unit_test(an_answer_taken_too_slowly_is_cut_off),
        cmocka_unit_test(a_star_allows_every_origin),
        cmocka_unit_test(requests_are_counted),
        cmocka_unit_test(stopping_waits_for_what_is_in_flight),
        cmocka_unit_test(waiting_for_the_server_is_not_being_idle),
        cmocka_unit_test(a_storm_of_clients_leaves_nothing_behind),
        cmocka_unit_test(stopping_under_fire_is_safe),
    };

    return cmocka_run_group_tests(tests, NULL, release_journal);
}
