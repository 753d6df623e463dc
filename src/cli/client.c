/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "value/json.h"

#define REPLY_SIZE_MAX  (1u << 30)
#define EVENT_SIZE_MAX  (256u << 20)
#define CONNECT_TIMEOUT 30L /* seconds */

void client_init(struct client *client)
{
    *client = (struct client){ 0 };
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

void client_release(struct client *client)
{
    if (client->curl)
        curl_easy_cleanup(client->curl);
    curl_global_cleanup();
    free(client->base_url);
    free(client->api_url);
    free(client->auth_url);
    free(client->stream_url);
    free(client->token);
    free(client->api_key);
    free(client->cacert);
    free(client->basic_auth);
}

/* ---- addresses ---- */

static void quoted_add(struct buffer *out, const char *text, const char *keep)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
            strchr(keep, *c))
            buffer_add_char(out, (char)*c);
        else
            buffer_addf(out, "%%%02X", *c);
    }
}

void client_path_add(struct buffer *path, const char *text)
{
    quoted_add(path, text, "-_.~/%:@!$&'()*+,;=");
}

void client_query_add(struct buffer *path, const char *name, const char *text)
{
    if (!text || !*text)
        return;
    buffer_addf(path, "%c%s=", strchr(buffer_text(path), '?') ? '&' : '?', name);
    for (;;) {
        const char *blank = strchr(text, ' ');
        CLEANUP(freep)
        char *part = blank ? xstrndup(text, (size_t)(blank - text)) : xstrdup(text);

        quoted_add(path, part, "-_.~");
        if (!blank)
            break;
        buffer_add_char(path, '+');
        text = blank + 1;
    }
}

/* ---- one request ---- */

static size_t body_received(char *data, size_t size, size_t n, void *user)
{
    struct reply *reply = user;

    if (reply->text.len + size * n > REPLY_SIZE_MAX)
        return 0;
    buffer_add(&reply->text, data, size * n);
    return size * n;
}

static size_t header_received(char *data, size_t size, size_t n, void *user)
{
    static const char total[] = "x-total-count:";
    struct reply *reply = user;
    size_t len = size * n;

    if (len > sizeof(total) - 1 && strncasecmp(data, total, sizeof(total) - 1) == 0) {
        CLEANUP(freep)
        char *text = xstrndup(data + sizeof(total) - 1, len - sizeof(total) + 1);

        reply->total = strtoll(text, NULL, 10);
    } else if (len > 9 && strncasecmp(data, "HTTP/", 5) == 0) {
        /* "HTTP/1.1 404 Not Found": the reason is what follows the second blank */
        const char *code = memchr(data, ' ', len);
        const char *reason = code ? memchr(code + 1, ' ', len - (size_t)(code + 1 - data)) : NULL;
        size_t rest = reason ? len - (size_t)(reason + 1 - data) : 0;

        while (rest > 0 && (reason[rest] == '\n' || reason[rest] == '\r'))
            rest--;
        free(reply->reason);
        reply->reason = xstrndup(reason ? reason + 1 : "", rest);
    }
    return len;
}

static struct curl_slist *headers_make(const struct client *client, const struct request *request)
{
    static const struct {
        const char *name;
        size_t offset;
    } credentials[] = {
        { "X-Auth-Token", offsetof(struct client, token) },
        { "St2-Api-Key", offsetof(struct client, api_key) },
    };
    struct curl_slist *headers = NULL;

    for (size_t i = 0; i < ELEMENTS(credentials); i++) {
        const char *text = *(char *const *)((const char *)client + credentials[i].offset);
        CLEANUP(freep)
        char *header = NULL;

        if (!text || request->user)
            continue;
        header = xasprintf("%s: %s", credentials[i].name, text);
        headers = curl_slist_append(headers, header);
    }
    if (request->text)
        headers = curl_slist_append(headers, "Content-Type: text/plain");
    else if (value_is_set(request->body))
        headers = curl_slist_append(headers, "Content-Type: application/json");
    return curl_slist_append(headers, "Expect:");
}

/* What every connection of the client has in common. */
static void curl_prepare(const struct client *client, CURL *curl, const char *url, struct curl_slist *headers)
{
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "fulmar/" FULMAR_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, client->verify ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, client->verify ? 2L : 0L);
    if (client->cacert)
        curl_easy_setopt(curl, CURLOPT_CAINFO, client->cacert);
    if (client->basic_auth) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERPWD, client->basic_auth);
    }
}

static void shell_quote(struct buffer *out, const char *text)
{
    buffer_add_char(out, '\'');
    for (; *text; text++) {
        if (*text == '\'')
            buffer_add_text(out, "'\"'\"'");
        else
            buffer_add_char(out, *text);
    }
    buffer_add_char(out, '\'');
}

static void debug_print(const char *method, const struct curl_slist *headers, const char *body,
                        const struct reply *reply)
{
    BUFFER_AUTO(line);

    buffer_addf(&line, "curl -X %s", method);
    for (; headers; headers = headers->next) {
        bool secret = strncasecmp(headers->data, "X-Auth-Token:", 13) == 0 ||
                      strncasecmp(headers->data, "St2-Api-Key:", 12) == 0;
        CLEANUP(freep)
        char *header = secret ? xasprintf("%.*s: ********", (int)strcspn(headers->data, ":"), headers->data)
                              : xstrdup(headers->data);

        buffer_add_text(&line, " -H ");
        shell_quote(&line, header);
    }
    if (body) {
        buffer_add_text(&line, " --data-binary ");
        shell_quote(&line, body);
    }
    buffer_add_char(&line, ' ');
    shell_quote(&line, reply->url);
    printf("# -------- begin request ----------\n%s\n# -------- begin response ----------\n%s\n"
           "# -------- end response ------------\n\n",
           line.data, buffer_text(&reply->text));
}

static int transport_failed(CURLcode code, const char *message, const char *url, struct error *err)
{
    return error_set(err, -EIO, "%s for url: %s", *message ? message : curl_easy_strerror(code), url);
}

int client_call(struct client *client, const struct request *request, struct reply *ret, struct error *err)
{
    const char *method = request->method ? request->method : value_is_set(request->body) ? "POST" : "GET";
    CLEANUP(freep)
    char *body = request->text ? xstrdup(request->text) : NULL;
    char message[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers;
    CURLcode code;

    *ret = (struct reply){ .total = -1 };
    client->status = 0;
    if (!client->curl)
        client->curl = curl_easy_init();
    if (!client->curl)
        return error_set(err, -ENOMEM, "libcurl cannot be started");
    ret->url = xasprintf("%s%s", request->url ? request->url : client->api_url, request->path);
    headers = headers_make(client, request);
    curl_prepare(client, client->curl, ret->url, headers);
    curl_easy_setopt(client->curl, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(client->curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, body_received);
    curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, ret);
    curl_easy_setopt(client->curl, CURLOPT_HEADERFUNCTION, header_received);
    curl_easy_setopt(client->curl, CURLOPT_HEADERDATA, ret);
    if (value_is_set(request->body))
        body = json_text(request->body);
    if (body) {
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    if (request->user) {
        curl_easy_setopt(client->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(client->curl, CURLOPT_USERNAME, request->user);
        curl_easy_setopt(client->curl, CURLOPT_PASSWORD, request->password);
    }
    code = curl_easy_perform(client->curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &ret->status);
    client->status = ret->status;
    if (client->debug && code == CURLE_OK)
        debug_print(method, headers, request->user ? NULL : body, ret);
    curl_slist_free_all(headers);
    return code == CURLE_OK ? 0 : transport_failed(code, message, ret->url, err);
}

void reply_release(struct reply *reply)
{
    free(reply->url);
    free(reply->reason);
    buffer_release(&reply->text);
}

int reply_json(const struct reply *reply, value *ret, struct error *err)
{
    if (json_read(buffer_text(&reply->text), reply->text.len, JSON_PYTHON, ret, err) < 0)
        return error_prefix(err, -EPROTO, "The answer of %s is not JSON", reply->url);
    return 0;
}

int reply_check(const struct reply *reply, struct error *err)
{
    VALUE_AUTO(content);
    ERROR_AUTO(json_err);
    const char *fault;
    BUFFER_AUTO(reason);

    if (reply->status < 400)
        return 0;
    buffer_add_text(&reason, reply->reason ? reply->reason : "");
    if (json_read(buffer_text(&reply->text), reply->text.len, JSON_PYTHON, &content, &json_err) < 0) {
        buffer_addf(&reason, "\nUnable to retrieve detailed message from the HTTP response. %s\n",
                    error_text(&json_err));
    } else {
        fault = value_map_chars(content, "faultstring");
        if (fault && *fault)
            buffer_addf(&reason, "\nMESSAGE: %s", fault);
    }
    return error_set(err, -EREMOTEIO, "%ld %s Error: %s for url: %s", reply->status,
                     reply->status < 500 ? "Client" : "Server", buffer_text(&reason), reply->url);
}

/* ---- the usual calls ---- */

static int call_json(struct client *client, const struct request *request, bool absent, value *ret,
                     int64_t *ret_total, struct error *err)
{
    CLEANUP(reply_release)
    struct reply reply;
    int r = client_call(client, request, &reply, err);

    if (r < 0)
        return r;
    if (absent && reply.status == 404)
        return CLIENT_ABSENT;
    r = reply_check(&reply, err);
    if (r < 0)
        return r;
    if (ret_total)
        *ret_total = reply.total;
    if (!ret)
        return 0;
    return reply_json(&reply, ret, err);
}

int client_json(struct client *client, const char *method, const char *path, value body, value *ret,
                struct error *err)
{
    struct request request = { .method = method, .path = path, .body = body };

    return call_json(client, &request, false, ret, NULL, err);
}

int client_get(struct client *client, const char *path, value *ret, struct error *err)
{
    struct request request = { .path = path };
    int r = call_json(client, &request, true, ret, NULL, err);

    if (r == 0 && !value_is_map(*ret)) {
        value_replace(ret, VALUE_NOTHING);
        return error_set(err, -EPROTO, "The server did not answer with an object.");
    }
    return r;
}

int client_list(struct client *client, const char *path, value *ret, int64_t *ret_total, struct error *err)
{
    struct request request = { .path = path };
    int r = call_json(client, &request, false, ret, ret_total, err);

    if (r == 0 && !value_is_list(*ret)) {
        value_replace(ret, VALUE_NOTHING);
        return error_set(err, -EPROTO, "The server did not answer with a list.");
    }
    return r;
}

/* ---- streams ---- */

struct stream {
    bool (*event)(void *data, value event);
    void *data;
    struct buffer line, message;
    struct reply refused; /* the text of an answer that is no stream */
    CURL *curl;
    bool stopped;
    struct error *err;
};

static void stream_message(struct stream *stream)
{
    VALUE_AUTO(event);

    /* a message without data only keeps the connection alive, one that is no JSON is none of ours */
    if (stream->message.len &&
        json_read(stream->message.data, stream->message.len, JSON_PYTHON, &event, NULL) == 0)
        stream->stopped = stream->event(stream->data, event);
    buffer_clear(&stream->message);
}

static void stream_line(struct stream *stream)
{
    const char *line = buffer_text(&stream->line);

    if (stream->line.len == 0)
        stream_message(stream);
    else if (strncmp(line, "data:", 5) == 0)
        buffer_addf(&stream->message, "%s%s", stream->message.len ? "\n" : "", line + 5 + (line[5] == ' '));
    buffer_clear(&stream->line);
}

static size_t stream_received(char *data, size_t size, size_t n, void *user)
{
    struct stream *stream = user;
    long status = 0;

    curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return body_received(data, size, n, &stream->refused);
    for (size_t i = 0; i < size * n && !stream->stopped; i++) {
        if (data[i] == '\n')
            stream_line(stream);
        else if (data[i] != '\r')
            buffer_add_char(&stream->line, data[i]);
        if (stream->line.len + stream->message.len > EVENT_SIZE_MAX)
            return 0;
    }
    return stream->stopped ? 0 : size * n;
}

/* `url` is the service's; the credential goes into the query. */
static int stream_follow(struct client *client, const char *service, struct buffer *url,
                         struct stream *stream, struct error *err)
{
    char message[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: text/event-stream");
    CURLcode code;
    int r = 0;

    client_query_add(url, "x-auth-token", client->token);
    client_query_add(url, "st2-api-key", client->api_key);
    stream->curl = curl_easy_init();
    curl_prepare(client, stream->curl, url->data, headers);
    curl_easy_setopt(stream->curl, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(stream->curl, CURLOPT_WRITEFUNCTION, stream_received);
    curl_easy_setopt(stream->curl, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(stream->curl, CURLOPT_HEADERFUNCTION, header_received);
    curl_easy_setopt(stream->curl, CURLOPT_HEADERDATA, &stream->refused);
    code = curl_easy_perform(stream->curl);
    curl_easy_getinfo(stream->curl, CURLINFO_RESPONSE_CODE, &stream->refused.status);
    stream->refused.url = xasprintf("%s%s", client->stream_url, service);
    if (code != CURLE_OK && !stream->stopped)
        r = transport_failed(code, message, stream->refused.url, err);
    buffer_release(&stream->line);
    buffer_release(&stream->message);
    curl_slist_free_all(headers);
    curl_easy_cleanup(stream->curl);
    return r;
}

int client_stream(struct client *client, const char *events, const char *end_execution_id,
                  bool (*event)(void *data, value event), void *data, struct error *err)
{
    struct stream stream = { .event = event, .data = data, .err = err };
    BUFFER_AUTO(url);
    int r;

    buffer_addf(&url, "%s/stream", client->stream_url);
    client_query_add(&url, "end_event", "st2.execution__update");
    client_query_add(&url, "end_execution_id", end_execution_id);
    client_query_add(&url, "events", events);
    r = stream_follow(client, "/stream", &url, &stream, err);
    if (r == 0)
        r = reply_check(&stream.refused, err);
    reply_release(&stream.refused);
    return r;
}

int client_follow(struct client *client, const char *execution_id, bool (*event)(void *data, value event),
                  void *data, struct error *err)
{
    struct stream stream = { .event = event, .data = data, .err = err };
    BUFFER_AUTO(url);
    int r;

    buffer_addf(&url, "%s/executions/", client->stream_url);
    client_path_add(&url, execution_id);
    buffer_add_text(&url, "/follow");
    r = stream_follow(client, "/executions", &url, &stream, err);
    if (r == 0)
        r = stream.refused.status == 404 ? CLIENT_ABSENT : reply_check(&stream.refused, err);
    reply_release(&stream.refused);
    return r;
}
