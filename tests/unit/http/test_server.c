/* SPDX-License-Identifier: Apache-2.0 */
#include "toy.h"

#include "base/pool.h"

static struct http_server *server;
static int port, auth_port, stream_port;

/* ---- the toy's routes ---- */

static void say_route(struct http_request *request, void *owner)
{
    http_header(request, "X-Total-Count", "7");
    http_respond(request, 200, HTTP_TEXT, http_route(request)->data, strlen(http_route(request)->data));
}

static void say_variables(struct http_request *request, void *owner)
{
    BUFFER_AUTO(text);

    buffer_addf(&text, "%s %s", http_variable(request, "id"), http_variable(request, "more"));
    http_respond(request, 200, HTTP_TEXT, text.data, text.len);
}

static void echo_body(struct http_request *request, void *owner)
{
    size_t n;
    const char *body = http_body(request, &n);

    http_respond(request, 200, HTTP_TEXT, body, n);
}

static void echo_value(struct http_request *request, void *owner)
{
    ERROR_AUTO(err);
    VALUE_AUTO(body);

    if (http_body_value(request, &body, &err) < 0)
        http_respond_error(request, 400, &err);
    else
        http_respond_value(request, 201, body);
}

static void say_query(struct http_request *request, void *owner)
{
    ERROR_AUTO(err);
    VALUE_AUTO(list);
    VALUE_AUTO(answer);
    bool flag;
    int64_t limit, since;

    if (http_query_bool(request, "flag", false, &flag, &err) < 0 ||
        http_query_int(request, "limit", 100, &limit, &err) < 0 ||
        http_query_time(request, "since", 0, &since, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    list = http_query_list(request, "ids");
    answer = value_map_new(4);
    value_map_put(&answer, "flag", value_bool(flag));
    value_map_put(&answer, "limit", value_int(limit));
    value_map_put(&answer, "since", value_int(since));
    if (value_is_set(list))
        value_map_put(&answer, "ids", value_ref(list));
    value_map_put(&answer, "undeclared", value_bool(http_query(request, "other") != NULL));
    http_respond_value(request, 200, answer);
}

static void say_much(struct http_request *request, void *owner)
{
    BUFFER_AUTO(text);
    size_t n;

    for (int i = 0; i < 10000; i++)
        buffer_addf(&text, "{\"line\": %d}\n", i);
    n = text.len;
    http_respond_take(request, 200, HTTP_JSON, buffer_take(&text), n);
}

static void say_nothing(struct http_request *request, void *owner)
{
    http_respond(request, 204, NULL, NULL, 0);
}

static void forget_to_answer(struct http_request *request, void *owner)
{
}

/* ---- later answers: a thread with a queue, as the engine has one ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t bell;
    struct http_request *waiting[100];
    size_t n;
    bool stop, hold;
    pthread_t thread;
} engine = { .lock = PTHREAD_MUTEX_INITIALIZER, .bell = PTHREAD_COND_INITIALIZER };

static void *run_engine(void *nothing)
{
    pthread_mutex_lock(&engine.lock);
    for (;;) {
        while (engine.n && !engine.hold) {
            struct http_request *request = engine.waiting[--engine.n];

            pthread_mutex_unlock(&engine.lock);
            http_header(request, "X-Engine", "yes");
            http_respond_fault(request, 202, "later %s", http_variable(request, "id"));
            pthread_mutex_lock(&engine.lock);
        }
        if (engine.stop)
            break;
        pthread_cond_wait(&engine.bell, &engine.lock);
    }
    pthread_mutex_unlock(&engine.lock);
    return NULL;
}

static void answer_later(struct http_request *request, void *owner)
{
    http_suspend(request);
    pthread_mutex_lock(&engine.lock);
    engine.waiting[engine.n++] = request;
    pthread_cond_signal(&engine.bell);
    pthread_mutex_unlock(&engine.lock);
}

/* ---- streams ---- */

static _Atomic(struct http_stream *) stream;
static _Atomic int closed;

static void note_closed(struct http_stream *which, void *data)
{
    closed++;
}

static void start_stream(struct http_request *request, void *owner)
{
    struct http_stream *started = http_stream_start(request, HTTP_EVENTS, note_closed, NULL);

    http_stream_send(started, "\n", 1);
    stream = started;
}

static struct http_stream *wait_stream(void)
{
    struct http_stream *started;

    while (!(started = stream))
        usleep(1000);
    stream = NULL;
    return started;
}

static void wait_closed(int n)
{
    for (int i = 0; i < PATIENCE_MS && closed < n; i++)
        usleep(1000);
    assert_int_equal(closed, n);
}

static bool enter(struct http_request *request, void *owner)
{
    if (http_route(request)->flags & HTTP_NO_AUTH || !http_query_any(request, "deny"))
        return true;
    http_respond_fault(request, 401, "Unauthorized");
    return false;
}

static const struct http_parameter query_parameters[] = {
    { "flag", HTTP_BOOLEAN },
    { "limit", HTTP_INTEGER },
    { "since", HTTP_TIMESTAMP },
    { "ids", HTTP_LIST },
    { 0 },
};

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/", say_route, .data = "root" },
    { "GET", HTTP_API, "/rules", say_route, .flags = HTTP_HEAD, .data = "rules" },
    { "GET", HTTP_API, "/rules/{id}", say_variables },
    { "POST", HTTP_API, "/echo", echo_body },
    { "POST", HTTP_API, "/values", echo_value },
    { "GET", HTTP_API, "/query", say_query, .parameters = query_parameters },
    { "GET", HTTP_API, "/much", say_much },
    { "DELETE", HTTP_API, "/rules/{id}", say_nothing },
    { "GET", HTTP_API, "/forgetful", forget_to_answer },
    { "GET", HTTP_API, "/later/{id}", answer_later },
    { "POST", HTTP_AUTH, "/tokens", say_route, .flags = HTTP_NO_AUTH, .data = "token" },
    { "GET", HTTP_STREAM, "/stream", start_stream },
    { "GET", HTTP_API, "/executions/{id}/output", say_route, .data = "plain output" },
    { "GET", HTTP_STREAM, "/executions/{id}/output", say_route, .data = "followed output" },
};

static struct http_config toy_config(const struct http_listener *listeners, size_t n)
{
    return (struct http_config){
        .listeners = listeners,
        .n_listeners = n,
        .routes = routes,
        .n_routes = ELEMENTS(routes),
        .enter = enter,
        .idle_timeout_s = 2,
        .receive_timeout_s = 1,
        .body_max = 1 << 20,
        .stream_queue_max = 1 << 20,
    };
}

static int set_up(void **state)
{
    static const struct http_listener listeners[] = {
        { "127.0.0.1", 0, HTTP_API },
        { "127.0.0.1", 0, HTTP_AUTH, 1 },
        { "127.0.0.1", 0, HTTP_STREAM, 1 },
    };
    struct http_config config = toy_config(listeners, ELEMENTS(listeners));
    ERROR_AUTO(err);

    if (http_server_start(&config, &server, &err) < 0)
        fail_msg("%s", error_text(&err));
    port = http_server_port(server, 0);
    auth_port = http_server_port(server, 1);
    stream_port = http_server_port(server, 2);
    return pthread_create(&engine.thread, NULL, run_engine, NULL);
}

static int tear_down(void **state)
{
    http_server_free(server);
    pthread_mutex_lock(&engine.lock);
    engine.stop = true;
    pthread_cond_signal(&engine.bell);
    pthread_mutex_unlock(&engine.lock);
    return pthread_join(engine.thread, NULL);
}

/* ---- routing ---- */

TEST(all_forms_of_a_path_reach_the_route)
{
    static const char *const forms[] = { "/v1/rules",  "/rules",  "/api/v1/rules",
                                         "/api/rules", "/rules/", "/v1/rules/?a=b" };

    for (size_t i = 0; i < ELEMENTS(forms); i++)
        assert_get(port, forms[i], 200, "rules");
    assert_get(port, "/", 200, "root");
    assert_get(port, "/v1", 200, "root");
    assert_get(port, "/v1/", 200, "root");
    assert_get(port, "/rules//", 404, NULL);
    assert_get(port, "http://127.0.0.1/v1/rules?a=b", 200, "rules");
    assert_get(port, "http://127.0.0.1", 200, "root");
}

TEST(services_are_told_by_prefix_or_listener)
{
    static const char *const forms[] = { "/auth/tokens", "/auth/v1/tokens", "/tokens", "/v1/tokens" };

    for (size_t i = 0; i < ELEMENTS(forms); i++) {
        BUFFER_AUTO(text);

        buffer_addf(&text, "POST %s HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", forms[i]);
        assert_answer(i % 2 ? port : auth_port, text.data, 200, "token");
    }
    assert_get(port, "/v1/executions/1/output", 200, "plain output");
    assert_get(port, "/stream/executions/1/output", 200, "followed output");
    assert_get(stream_port, "/v1/executions/1/output", 200, "followed output");
    assert_get(stream_port, "/rules", 200, "rules");
}

TEST(unknown_routes_and_methods_are_404)
{
    const char *body = "{\"faultstring\":\"The resource could not be found.\"}";

    assert_get(port, "/v1/nosuch", 404, body);
    assert_get(port, "/v2/rules", 404, body);
    assert_answer(port, "PATCH /v1/rules HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}", 404, body);
    assert_answer(port, "DELETE /v1/rules HTTP/1.1\r\n" HOST "\r\n", 404, body);
}

TEST(paths_are_percent_decoded)
{
    assert_get(port, "/rules/a%2Eb", 200, "a.b ");
    assert_get(port, "/rules/%zz", 200, "%zz ");
    assert_get(port, "/rules/%C3%A9", 200, "é ");
    assert_get(
        port, "/v1/rules/%ff", 400,
        "{\"faultstring\":\"Failed to parse request path \\\"/v1/rules/ÿ\\\". URL likely contains invalid or "
        "incorrectly URL encoded values.\"}");
    assert_get(port, "/rules/%00", 400, NULL);
}

TEST(answers_carry_the_common_headers)
{
    REPLY_AUTO(reply);

    toy_ask(port,
            "GET /nosuch HTTP/1.1\r\n" HOST
            "X-Request-ID: golden request 2\r\nOrigin: http://localhost:8080\r\n\r\n",
            &reply);
    assert_int_equal(reply.status, 404);
    assert_header(&reply, "X-Request-ID", "golden request 2");
    assert_header(&reply, "Content-Type", "application/json");
    assert_header(&reply, "Access-Control-Allow-Origin", "http://localhost:8080");
    assert_header(&reply, "Access-Control-Allow-Methods", "GET,POST,PUT,DELETE,OPTIONS");
    assert_header(&reply, "Access-Control-Allow-Headers",
                  "Content-Type,Authorization,X-Auth-Token,St2-Api-Key,X-Request-ID");
    assert_header(&reply, "Access-Control-Allow-Credentials", "true");
    assert_header(&reply, "Access-Control-Expose-Headers", "Content-Type,X-Limit,X-Total-Count,X-Request-ID");
}

TEST(a_request_without_id_gets_a_uuid)
{
    REPLY_AUTO(reply);
    CLEANUP(freep)
    char *id = NULL;

    toy_ask(port, "GET /rules HTTP/1.1\r\n" HOST "Origin: http://evil.example\r\n\r\n", &reply);
    id = reply_header(&reply, "X-Request-ID");
    assert_int_equal(strlen(id), 36);
    assert_int_equal(id[14], '4');
    assert_header(&reply, "Access-Control-Allow-Origin", "http://127.0.0.1:3000");
    assert_header(&reply, "X-Total-Count", "7");
}

TEST(options_is_answered_everywhere)
{
    REPLY_AUTO(reply);

    toy_ask(port, "OPTIONS /v1/nosuchroute?deny=1 HTTP/1.1\r\n" HOST "\r\n", &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.len, 0);
    assert_header(&reply, "Content-Type", "text/html; charset=UTF-8");
    assert_header(&reply, "Content-Length", "0");
}

TEST(head_is_served_only_where_allowed)
{
    CLEANUP(closep)
    int fd = toy_connect(port);
    BUFFER_AUTO(in);

    toy_say(fd, "HEAD /rules HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    while (toy_read(fd, &in))
        ;
    assert_non_null(strstr(in.data, "HTTP/1.1 200"));
    assert_non_null(strstr(in.data, "Content-Length: 5"));
    assert_string_equal(in.data + in.len - 4, "\r\n\r\n");
    close(fd);
    fd = toy_connect(port);
    buffer_clear(&in);
    toy_say(fd, "HEAD /much HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    while (toy_read(fd, &in))
        ;
    assert_non_null(strstr(in.data, "HTTP/1.1 404"));
}

TEST(who_may_not_enter_is_stopped_before_the_handler)
{
    assert_get(port, "/rules?deny=1", 401, "{\"faultstring\":\"Unauthorized\"}");
    assert_get(port, "/nosuch?deny=1", 404, NULL);
}

TEST(a_forgotten_answer_is_500)
{
    assert_get(port, "/forgetful", 500, "{\"faultstring\":\"Internal Server Error\"}");
}

TEST(no_content_has_no_body)
{
    REPLY_AUTO(reply);

    toy_ask(port, "DELETE /rules/x HTTP/1.1\r\n" HOST "\r\n", &reply);
    assert_int_equal(reply.status, 204);
    assert_header(&reply, "Content-Type", NULL);
}

/* ---- query and bodies ---- */

TEST(query_parameters_have_types)
{
    assert_get(port, "/query", 200, "{\"flag\":false,\"limit\":100,\"since\":0,\"undeclared\":false}");
    assert_get(
        port, "/query?flag=YES&limit=-5&since=1970-01-01%2000:00:01.500%2B00:00&ids=a,b%2Cc,&other=1", 200,
        "{\"flag\":true,\"limit\":-5,\"since\":1500000,\"ids\":[\"a\",\"b\",\"c\"],\"undeclared\":false}");
    assert_get(port, "/query?flag=maybe", 400,
               "{\"faultstring\":\"Parameter \\\"flag\\\" is not of type boolean\"}");
    assert_get(port, "/query?limit=1.5", 400,
               "{\"faultstring\":\"Parameter \\\"limit\\\" is not of type integer\"}");
    assert_get(port, "/query?limit=", 400,
               "{\"faultstring\":\"Parameter \\\"limit\\\" is not of type integer\"}");
    assert_get(port, "/query?limit=+5", 400,
               "{\"faultstring\":\"Parameter \\\"limit\\\" is not of type integer\"}");
    assert_get(port, "/query?since=yesterday", 400, NULL);
    assert_get(port, "/query?x=%ff", 400, NULL);
}

static void assert_posted(const char *type, const char *body, int status, const char *expected)
{
    BUFFER_AUTO(text);

    buffer_addf(&text, "POST /values HTTP/1.1\r\n" HOST "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                type, strlen(body), body);
    assert_answer(port, text.data, status, expected);
}

TEST(bodies_are_read_by_their_type)
{
    assert_posted("application/json", "{\"a\": [1]}", 201, "{\"a\":[1]}");
    assert_posted("application/json; charset=utf-8", "", 201, "{}");
    assert_posted("application/x-www-form-urlencoded", "action=core.noop&action=b+c", 201,
                  "{\"action\":[\"core.noop\",\"b c\"]}");
    assert_posted("text/plain", "{}", 201, "\"{}\"");
    assert_posted("multipart/form-data; boundary=XX",
                  "--XX\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n1\r\n2\r\n--XX--\r\n", 201,
                  "{\"f\":[\"1\\r\\n2\"]}");
    assert_posted(
        "application/xml", "<a/>", 400,
        "{\"faultstring\":\"Failed to parse request body: Unsupported Content-Type: \\\"application/xml\\\"\"}");
    assert_posted(
        "application/json", "{\"name\": ", 400,
        "{\"faultstring\":\"Failed to parse request body: Expecting value: line 1 column 10 (char 9)\"}");
}

TEST(chunked_bodies_are_put_together)
{
    assert_answer(port,
                  "POST /echo HTTP/1.1\r\n" HOST
                  "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
                  200, "hello world");
}

TEST(compressed_bodies_are_unpacked)
{
    BUFFER_AUTO(packed);
    BUFFER_AUTO(text);
    BUFFER_AUTO(in);
    REPLY_AUTO(reply);
    CLEANUP(closep)
    int fd = toy_connect(port);

    gzip_pack(&packed, "squeezed", 8, 9);
    buffer_addf(&text, "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                packed.len);
    buffer_add(&text, packed.data, packed.len);
    toy_write(fd, text.data, text.len);
    toy_reply(fd, &in, &reply);
    assert_string_equal(buffer_text(&reply.body), "squeezed");
}

TEST(a_compressed_body_may_not_explode)
{
    BUFFER_AUTO(zeros);
    BUFFER_AUTO(packed);
    BUFFER_AUTO(text);
    BUFFER_AUTO(in);
    REPLY_AUTO(reply);
    CLEANUP(closep)
    int fd = toy_connect(port);

    buffer_add_fill(&zeros, '0', 4 << 20);
    gzip_pack(&packed, zeros.data, zeros.len, 9);
    buffer_addf(&text, "POST /echo HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                packed.len);
    buffer_add(&text, packed.data, packed.len);
    toy_write(fd, text.data, text.len);
    toy_reply(fd, &in, &reply);
    assert_int_equal(reply.status, 413);
}

TEST(huge_bodies_are_413)
{
    BUFFER_AUTO(text);
    BUFFER_AUTO(in);
    REPLY_AUTO(reply);
    CLEANUP(closep)
    int fd = toy_connect(port);

    buffer_addf(&text, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", 2 << 20);
    buffer_add_fill(&text, 'x', 2 << 20);
    toy_write(fd, text.data, text.len);
    toy_reply(fd, &in, &reply);
    assert_int_equal(reply.status, 413);
    assert_string_equal(buffer_text(&reply.body), "{\"faultstring\":\"Request body is too large.\"}");
    assert_answer(
        port, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n",
        413, NULL);
}

TEST(ambiguous_lengths_are_refused)
{
    assert_answer(port,
                  "POST /echo HTTP/1.1\r\n" HOST
                  "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  400, NULL);
}

TEST(large_answers_are_compressed_when_asked)
{
    REPLY_AUTO(plain);
    REPLY_AUTO(packed);
    BUFFER_AUTO(unpacked);

    toy_get(port, "/much", &plain);
    assert_header(&plain, "Content-Encoding", NULL);
    toy_ask(port, "GET /much HTTP/1.1\r\n" HOST "Accept-Encoding: br, gzip;q=0.8\r\n\r\n", &packed);
    assert_header(&packed, "Content-Encoding", "gzip");
    assert_true(packed.body.len < plain.body.len / 2);
    assert_int_equal(gzip_unpack(&unpacked, packed.body.data, packed.body.len, 1 << 20, NULL), 0);
    assert_string_equal(unpacked.data, plain.body.data);
    reply_release(&packed);
    toy_ask(port, "GET /rules HTTP/1.1\r\n" HOST "Accept-Encoding: gzip\r\n\r\n", &packed);
    assert_header(&packed, "Content-Encoding", NULL);
    reply_release(&packed);
    toy_ask(port, "GET /much HTTP/1.1\r\n" HOST "Accept-Encoding: gzip;q=0\r\n\r\n", &packed);
    assert_header(&packed, "Content-Encoding", NULL);
}

/* ---- connections ---- */

TEST(a_connection_serves_many_requests)
{
    BUFFER_AUTO(in);
    REPLY_AUTO(reply);
    CLEANUP(closep)
    int fd = toy_connect(port);

    for (int i = 0; i < 50; i++) {
        CLEANUP(freep)
        char *wanted = xasprintf("{\"faultstring\":\"later %d\"}", i);
        CLEANUP(freep)
        char *text = xasprintf("GET /later/%d HTTP/1.1\r\n" HOST "\r\n", i);

        toy_say(fd, text);
        toy_reply(fd, &in, &reply);
        assert_int_equal(reply.status, 202);
        assert_string_equal(buffer_text(&reply.body), wanted);
        assert_header(&reply, "X-Engine", "yes");
    }
}

TEST(pipelined_requests_are_answered_in_order)
{
    BUFFER_AUTO(in);
    REPLY_AUTO(reply);
    CLEANUP(closep)
    int fd = toy_connect(port);

    toy_say(fd,
            "GET /later/1 HTTP/1.1\r\n" HOST "\r\nPOST /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab"
            "GET /rules HTTP/1.1\r\n" HOST "\r\n");
    toy_reply(fd, &in, &reply);
    assert_string_equal(buffer_text(&reply.body), "{\"faultstring\":\"later 1\"}");
    toy_reply(fd, &in, &reply);
    assert_string_equal(buffer_text(&reply.body), "ab");
    toy_reply(fd, &in, &reply);
    assert_string_equal(buffer_text(&reply.body), "rules");
}

TEST(a_request_in_single_bytes_is_read)
{
    const char *text = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
    BUFFER_AUTO(in);
    REPLY_AUTO(reply);
    CLEANUP(closep)
    int fd = toy_connect(port);

    for (; *text; text++) {
        toy_write(fd, text, 1);
        usleep(500);
    }
    toy_reply(fd, &in, &reply);
    assert_string_equal(buffer_text(&reply.body), "abc");
}

TEST(broken_off_requests_leave_nothing_behind)
{
    static const char *const starts[] = { "GET", "GET / HTTP/1.1\r\nHo",
                                          "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\nab",
                                          "GET /later/9 HTTP/1.1\r\n" HOST "\r\n" };

    for (size_t i = 0; i < ELEMENTS(starts); i++) {
        int fd = toy_connect(port);

        toy_say(fd, starts[i]);
        close(fd);
    }
    for (int i = 0; i < PATIENCE_MS && http_server_counters(server)->in_flight; i++)
        usleep(1000);
    assert_int_equal(http_server_counters(server)->in_flight, 0);
}

TEST(a_head_that_never_ends_is_cut_off)
{
    BUFFER_AUTO(in);
    CLEANUP(closep)
    int fd = toy_connect(port);
    int seconds_tenths = 0;

    toy_say(fd, "GET /rules HTTP/1.1\r\n" HOST "\r\n");
    toy_read_until(fd, &in, "rules");
    toy_say(fd, "GET /rules HTTP/1.1\r\nX: ");
    /* A byte every tenth of a second keeps the connection from being idle. */
    for (; seconds_tenths < 200; seconds_tenths++) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };

        if (poll(&wait, 1, 100) == 1)
            break;
        toy_say(fd, "x");
    }
    assert_in_range(seconds_tenths, 25, 100);
    assert_false(toy_read(fd, &in));
}

TEST(a_body_that_never_ends_is_cut_off)
{
    BUFFER_AUTO(in);
    CLEANUP(closep)
    int fd = toy_connect(port);
    int seconds_tenths = 0;

    toy_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10000\r\n\r\n");
    for (; seconds_tenths < 200; seconds_tenths++) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };

        if (poll(&wait, 1, 100) == 1)
            break;
        toy_say(fd, "x");
    }
    assert_in_range(seconds_tenths, 8, 60);
    assert_false(toy_read(fd, &in));
}

TEST(oversized_heads_are_refused)
{
    BUFFER_AUTO(text);
    REPLY_AUTO(reply);

    buffer_add_text(&text, "GET /rules HTTP/1.1\r\n" HOST "X-Long: ");
    buffer_add_fill(&text, 'x', 40000);
    buffer_add_text(&text, "\r\n\r\n");
    toy_ask(port, text.data, &reply);
    assert_true(reply.status == 431 || reply.status == 413 || reply.status == 400);
    buffer_clear(&text);
    buffer_add_text(&text, "GET /rules HTTP/1.1\r\n" HOST);
    for (int i = 0; i < 150; i++)
        buffer_addf(&text, "X-%d: y\r\n", i);
    buffer_add_text(&text, "\r\n");
    assert_answer(port, text.data, 431, NULL);
}

/* ---- streams ---- */

TEST(a_stream_sends_until_it_is_ended)
{
    struct http_stream *started;
    BUFFER_AUTO(in);
    CLEANUP(closep)
    int fd = toy_connect(port);
    int before = closed;

    toy_say(fd, "GET /v1/stream HTTP/1.1\r\n" HOST "\r\n");
    started = wait_stream();
    toy_read_until(fd, &in, "\r\n\r\n1\r\n\n\r\n");
    assert_non_null(strstr(in.data, "Content-Type: text/event-stream; charset=UTF-8\r\n"));
    assert_non_null(strstr(in.data, "Cache-Control: no-cache\r\n"));
    assert_non_null(strstr(in.data, "X-Accel-Buffering: no\r\n"));
    assert_int_equal(http_stream_send(started, "event: a\n\n", 10), 0);
    toy_read_until(fd, &in, "event: a\n\n");
    usleep(2000);
    assert_int_equal(http_stream_send(started, "event: b\n\n", 10), 0);
    toy_read_until(fd, &in, "event: b\n\n");
    http_stream_end(started);
    toy_read_until(fd, &in, "0\r\n\r\n");
    wait_closed(before + 1);
}

TEST(a_stream_notices_that_its_client_has_gone)
{
    struct http_stream *started;
    BUFFER_AUTO(in);
    int fd = toy_connect(stream_port), before = closed;

    toy_say(fd, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    started = wait_stream();
    toy_read_until(fd, &in, "\n\r\n");
    close(fd);
    for (int i = 0; i < PATIENCE_MS && http_stream_send(started, "x", 1) == 0; i++)
        usleep(1000);
    assert_true(http_stream_gone(started));
    wait_closed(before + 1);
    http_stream_end(started);
}

TEST(a_slow_stream_client_is_dropped)
{
    struct http_chunk *chunk;
    struct http_stream *started;
    CLEANUP(freep)
    char *block = xcalloc(1, 100000);
    CLEANUP(closep)
    int fd = toy_connect(port);
    int before = closed;

    toy_say(fd, "GET /api/v1/stream HTTP/1.1\r\n" HOST "\r\n");
    started = wait_stream();
    memset(block, 'x', 100000);
    chunk = http_chunk_new(block, 100000);
    for (int i = 0; i < 1000 && http_stream_send_chunk(started, chunk) == 0; i++)
        usleep(100);
    http_chunk_unref(chunk);
    assert_true(http_stream_gone(started));
    wait_closed(before + 1);
    http_stream_end(started);
    assert_int_equal(http_server_counters(server)->streams_dropped, 1);
}

/* ---- stopping ---- */

TEST(stopping_answers_what_is_left_and_ends_streams)
{
    static const struct http_listener listener = { "127.0.0.1", 0, HTTP_API };
    struct http_config config = toy_config(&listener, 1);
    CLEANUP(http_server_freep)
    struct http_server *other = NULL;
    struct http_stream *started;
    BUFFER_AUTO(in);
    BUFFER_AUTO(events);
    REPLY_AUTO(reply);
    CLEANUP(closep)
    int waiting = -1;
    CLEANUP(closep)
    int listening = -1;

    assert_int_equal(http_server_start(&config, &other, NULL), 0);
    engine.hold = true;
    waiting = toy_connect(http_server_port(other, 0));
    toy_say(waiting, "GET /later/3 HTTP/1.1\r\n" HOST "\r\n");
    listening = toy_connect(http_server_port(other, 0));
    toy_say(listening, "GET /stream HTTP/1.1\r\n" HOST "\r\n");
    started = wait_stream();
    for (bool queued = false; !queued; usleep(1000)) {
        pthread_mutex_lock(&engine.lock);
        queued = engine.n == 1;
        pthread_mutex_unlock(&engine.lock);
    }
    http_server_stop(other, 50);
    toy_reply(waiting, &in, &reply);
    assert_int_equal(reply.status, 503);
    toy_read_until(listening, &events, "0\r\n\r\n");
    assert_int_equal(http_stream_send(started, "x", 1), HTTP_STREAM_GONE);
    http_stream_end(started);
    /* The late answer is harmless. */
    pthread_mutex_lock(&engine.lock);
    engine.hold = false;
    pthread_cond_signal(&engine.bell);
    pthread_mutex_unlock(&engine.lock);
}

TEST(a_taken_address_is_named)
{
    struct http_listener listener = { "127.0.0.1", port, HTTP_API };
    struct http_config config = toy_config(&listener, 1);
    struct http_server *other;
    ERROR_AUTO(err);
    CLEANUP(freep)
    char *wanted = xasprintf("Cannot listen on 127.0.0.1:%d: Address already in use", port);

    assert_true(http_server_start(&config, &other, &err) < 0);
    assert_string_equal(error_text(&err), wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_forms_of_a_path_reach_the_route),
        cmocka_unit_test(services_are_told_by_prefix_or_listener),
        cmocka_unit_test(unknown_routes_and_methods_are_404),
        cmocka_unit_test(paths_are_percent_decoded),
        cmocka_unit_test(answers_carry_the_common_headers),
        cmocka_unit_test(a_request_without_id_gets_a_uuid),
        cmocka_unit_test(options_is_answered_everywhere),
        cmocka_unit_test(head_is_served_only_where_allowed),
        cmocka_unit_test(who_may_not_enter_is_stopped_before_the_handler),
        cmocka_unit_test(a_forgotten_answer_is_500),
        cmocka_unit_test(no_content_has_no_body),
        cmocka_unit_test(query_parameters_have_types),
        cmocka_unit_test(bodies_are_read_by_their_type),
        cmocka_unit_test(chunked_bodies_are_put_together),
        cmocka_unit_test(compressed_bodies_are_unpacked),
        cmocka_unit_test(a_compressed_body_may_not_explode),
        cmocka_unit_test(huge_bodies_are_413),
        cmocka_unit_test(ambiguous_lengths_are_refused),
        cmocka_unit_test(large_answers_are_compressed_when_asked),
        cmocka_unit_test(a_connection_serves_many_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_request_in_single_bytes_is_read),
        cmocka_unit_test(broken_off_requests_leave_nothing_behind),
        cmocka_unit_test(a_head_that_never_ends_is_cut_off),
        cmocka_unit_test(a_body_that_never_ends_is_cut_off),
        cmocka_unit_test(oversized_heads_are_refused),
        cmocka_unit_test(a_stream_sends_until_it_is_ended),
        cmocka_unit_test(a_stream_notices_that_its_client_has_gone),
        cmocka_unit_test(a_slow_stream_client_is_dropped),
        cmocka_unit_test(stopping_answers_what_is_left_and_ends_streams),
        cmocka_unit_test(a_taken_address_is_named),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
