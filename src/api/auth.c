/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks, and tokens (contract: auth-and-stream.md 1, 2). Passwords are hashed in the I/O room's worker pool. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api-internal.h"
#include "auth/api_key.h"
#include "auth/credentials.h"
#include "auth/htpasswd.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/pool.h"
#include "value/datetime.h"
#include "value/python.h"

bool api_enter(struct http_request *request, void *owner);

/* ---- who asks ---- */

static const char *from_header(void *data, const char *name)
{
    return http_request_header(data, name);
}

static const char *from_query(void *data, const char *name)
{
    return http_query_any(data, name);
}

static const char *from_cookie(void *data, const char *name)
{
    return http_cookie(data, name);
}

static int64_t expiry_us(value token)
{
    const char *text = value_map_chars(token, "expiry");
    VALUE_AUTO(at);

    return text && datetime_parse_iso(text, strlen(text), &at, NULL) == 0 ? datetime_utc_us(at) : 0;
}

static bool refused(struct http_request *request, const char *text)
{
    http_respond_fault(request, 401, "Unauthorized%s%s", *text ? " - " : "", text);
    return false;
}

static void give_cookie(struct api *api, struct http_request *request, const char *token, int64_t expiry,
                        int64_t now)
{
    int same_site = same_site_from_text(api->config.settings->cookie_same_site);
    BUFFER_AUTO(cookie);

    token_cookie(&cookie, token, expiry, now, api->config.settings->cookie_secure,
                 same_site < 0 ? SAME_SITE_LAX : (enum same_site)same_site);
    http_header(request, "Set-Cookie", buffer_text(&cookie));
}

static bool enter_by_token(struct api *api, struct http_request *request, const struct credential *credential,
                           struct caller *caller)
{
    struct pool *pool = http_pool(request);
    int64_t now = clock_now_us(), expiry;
    CLEANUP(freep)
    char *service = NULL;
    VALUE_AUTO(token);
    struct civil at;

    service = engine_service_user(engine_loop_engine(api->config.loop), credential->text);
    if (service) {
        caller->user = pool_strdup(pool, service);
        return true;
    }
    token = catalog_by_ref(api->config.catalog, OBJECT_TOKEN, credential->text);
    if (!value_is_set(token))
        return refused(request, "");
    expiry = expiry_us(token);
    if (expiry <= now)
        return refused(request, "Token has expired.");
    caller->user = pool_strdup(pool, value_map_chars(token, "user"));
    civil_from_us(expiry, &at);
    caller->token_expire = pool_alloc(pool, 32);
    snprintf((char *)caller->token_expire, 32, "%04d-%02d-%02dT%02d:%02d:%02dZ", at.year % 10000, at.month,
             at.day, at.hour, at.minute, at.second);
    if (credential_sets_cookie(credential))
        give_cookie(api, request, credential->text, expiry, now);
    return true;
}

static bool enter_by_key(struct api *api, struct http_request *request, const struct credential *credential,
                         struct caller *caller)
{
    char hash[API_KEY_HASH_SIZE], text[API_KEY_HASH_SIZE + 64];
    VALUE_AUTO(key);

    api_key_hash(credential->text, hash);
    key = catalog_by_ref(api->config.catalog, OBJECT_API_KEY, hash);
    if (!value_is_set(key)) {
        snprintf(text, sizeof(text), "ApiKey with key_hash=%s not found.", hash);
        return refused(request, text);
    }
    if (!value_map_bool(key, "enabled", true))
        return refused(request, "API key is disabled.");
    caller->user = pool_strdup(http_pool(request), value_map_chars(key, "user"));
    return true;
}

bool api_enter(struct http_request *request, void *owner)
{
    const struct credential_source source = { from_header, from_query, from_cookie, request };
    const struct http_route *route = http_route(request);
    struct credential credential;
    struct caller *caller;
    struct api *api = owner;
    bool good;

    if (route->flags & HTTP_NO_AUTH)
        return true;
    caller = pool_alloc(http_pool(request), sizeof(*caller));
    caller->admin = true; /* without roles everybody is */
    http_set_user(request, caller);
    if (!api->config.settings->auth_enable && route->service != HTTP_AUTH) {
        caller->user = api->config.system_user;
        return true;
    }
    credential = credential_find(&source);
    caller->method = credential_method(&credential);
    caller->location = credential_location(&credential);
    switch (credential.kind) {
    case CREDENTIAL_TOKEN:
        good = enter_by_token(api, request, &credential, caller);
        break;
    case CREDENTIAL_API_KEY:
        good = enter_by_key(api, request, &credential, caller);
        break;
    default:
        good = refused(request, "One of Token or API key required.");
    }
    return good;
}

/* ---- sign-in ---- */

/* One sign-in on its way through the worker pool and the engine. */
struct sign_in {
    struct input input;
    struct api *api;
    struct http_request *request;
    struct basic_credentials credentials;
    value body;
    int64_t ttl;
    value token; /* the document */
    char *fault;
};

static void sign_in_free(struct sign_in *s)
{
    basic_credentials_release(&s->credentials);
    value_unref(s->body);
    value_unref(s->token);
    free(s->fault);
    free(s);
}

static int ensure_user(struct engine *engine, const char *name, struct error *err)
{
    VALUE_AUTO(user);
    int r;

    user = engine_object(engine, OBJECT_USER, name);
    if (value_is_set(user))
        return 0;
    user = value_map_new(3);
    value_map_put(&user, "name", value_text(name));
    value_map_put(&user, "is_service", value_bool(false));
    value_map_put(&user, "nicknames", value_map_new(0));
    r = engine_object_put(engine, OBJECT_USER, name, user, NULL, err);
    if (r == 0)
        log_audit("Registered new user \"%s\".", name);
    return r > 0 ? 0 : r;
}

static int apply_sign_in(struct engine *engine, struct input *input, struct error *err)
{
    struct sign_in *s = (struct sign_in *)input;
    char token[TOKEN_SIZE];
    VALUE_AUTO(document);
    int r;

    r = ensure_user(engine, s->credentials.user, err);
    if (r < 0)
        return r;
    token_make(token);
    document = value_map_new(6);
    value_map_put(&document, "user", value_text(s->credentials.user));
    value_map_put(&document, "token", value_text(token));
    value_map_put(&document, "expiry", api_time_value(engine_now(engine) + s->ttl * 1000000));
    value_map_put(&document, "metadata", value_map_new(0));
    value_map_put(&document, "service", value_bool(false));
    r = engine_object_put(engine, OBJECT_TOKEN, token, document, &s->token, err);
    return r > 0 ? error_set(err, -EIO, "a token was made twice") : r;
}

static void done_sign_in(struct input *input, int r, const struct error *err)
{
    struct sign_in *s = (struct sign_in *)input;
    const char *url = s->api->config.settings->auth_api_url;

    if (r < 0) {
        api_store_failed(s->request, r, err);
    } else {
        http_header(s->request, "X-API-URL", *url ? url : api_url(s->api));
        log_audit("Access granted to \"%s\" with the token set to expire at \"%s\".", s->credentials.user,
                  value_map_chars(s->token, "expiry"));
        http_respond_value(s->request, 201, s->token);
    }
    sign_in_free(s);
}

static const struct input_ops sign_in_ops = { "sign in", apply_sign_in, done_sign_in, false };

static bool read_password_file(struct api *api, struct buffer *text)
{
    const char *setting = api->config.settings->auth_backend_file;
    CLEANUP(freep)
    char *path = *setting ? xstrdup(setting) : xasprintf("%s/htpasswd", api->config.settings->data_dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char chunk[4096];
    ssize_t n;

    if (fd < 0) {
        log_error("the password file %s cannot be read: %s", path, strerror(errno));
        return false;
    }
    while ((n = read(fd, chunk, sizeof(chunk))) > 0 && text->len < (16 << 20))
        buffer_add(text, chunk, (size_t)n);
    close(fd);
    return true;
}

static void refuse_sign_in(struct sign_in *s)
{
    http_respond_fault(s->request, 401, "Invalid or missing credentials");
    sign_in_free(s);
}

/* In the worker pool. */
static void check_password(void *data)
{
    struct sign_in *s = data;
    const char *user = s->credentials.user, *address = http_remote(s->request);
    BUFFER_AUTO(file);

    if (!read_password_file(s->api, &file) ||
        htpasswd_verify(file.data, file.len, user, s->credentials.password) != 0) {
        throttle_failed(s->api->throttle, user, address, clock_now_us());
        log_audit("Invalid credentials provided");
        refuse_sign_in(s);
        return;
    }
    throttle_succeeded(s->api->throttle, user, address);
    engine_loop_post(s->api->config.loop, &s->input);
}

static bool read_ttl(struct api *api, struct http_request *request, value body, int64_t *ret)
{
    int64_t most = api->config.settings->token_ttl;
    value ttl = value_map_get(body, "ttl");
    BUFFER_AUTO(shown);

    *ret = most;
    if (value_is_null(ttl))
        return true;
    python_repr(&shown, ttl);
    if (ttl.kind != VALUE_INT)
        http_respond_fault(request, 400, "%s is not of type 'integer', 'null'", buffer_text(&shown));
    else if (ttl.integer < 1)
        http_respond_fault(request, 400, "%s is less than the minimum of 1", buffer_text(&shown));
    else if (ttl.integer > most)
        http_respond_fault(request, 400, "TTL specified %s is greater than max allowed %" PRId64 ".",
                           buffer_text(&shown), most);
    else {
        *ret = ttl.integer;
        return true;
    }
    return false;
}

static void create_token(struct http_request *request, void *owner)
{
    struct api *api = owner;
    struct basic_credentials credentials = { 0 };
    struct sign_in *s;
    VALUE_AUTO(body);
    BUFFER_AUTO(shown);
    ERROR_AUTO(err);
    int64_t ttl, wait;

    if (http_body_value(request, &body, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (!value_is_map(body)) {
        python_repr(&shown, body);
        http_respond_fault(request, 400, "%s is not of type 'object'", buffer_text(&shown));
        return;
    }
    if (basic_credentials_read(http_request_header(request, "Authorization"), &credentials) != 0 ||
        !*credentials.user) {
        basic_credentials_release(&credentials);
        http_respond_fault(request, 401, "Invalid or missing credentials");
        return;
    }
    if (!read_ttl(api, request, body, &ttl)) {
        basic_credentials_release(&credentials);
        return;
    }
    wait = throttle_wait_us(api->throttle, credentials.user, http_remote(request), clock_now_us());
    if (wait > 0) {
        basic_credentials_release(&credentials);
        http_headerf(request, "Retry-After", "%" PRId64, (wait + 999999) / 1000000);
        http_respond_fault(request, 429, "Too many failed sign-ins; try again in %" PRId64 " seconds.",
                           (wait + 999999) / 1000000);
        return;
    }
    if (value_truth(value_map_get(body, "user")) || value_truth(value_map_get(body, "impersonate_user"))) {
        basic_credentials_release(&credentials);
        http_respond_fault(request, 400,
                           "Current user is not a service and cannot request impersonated tokens");
        return;
    }
    s = xcalloc(1, sizeof(*s));
    *s = (struct sign_in){
        .input.ops = &sign_in_ops, .api = api, .request = request, .credentials = credentials, .ttl = ttl
    };
    s->body = value_take(&body);
    http_suspend(request);
    io_work(api->config.io, check_password, s);
}

static void validate_token(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *text;
    VALUE_AUTO(body);
    VALUE_AUTO(token);
    VALUE_AUTO(answer);

    if (!api_body_object(request, &body))
        return;
    text = value_map_chars(body, "token");
    if (!text || !*text) {
        http_respond_fault(request, 400, "Token is not provided.");
        return;
    }
    token = catalog_by_ref(api->config.catalog, OBJECT_TOKEN, text);
    answer = value_map_new(1);
    value_map_put(&answer, "valid", value_bool(value_is_set(token) && expiry_us(token) > clock_now_us()));
    http_respond_value(request, 200, answer);
}

static void get_sso(struct http_request *request, void *owner)
{
    VALUE_AUTO(answer);

    answer = value_map_new(1);
    value_map_put(&answer, "enabled", value_bool(false));
    http_respond_value(request, 200, answer);
}

static void no_sso(struct http_request *request, void *owner)
{
    http_respond_fault(request, 500, "Single sign-on is not configured.");
}

static const struct http_route routes[] = {
    { "POST", HTTP_AUTH, "/tokens", create_token, HTTP_NO_AUTH, NULL, NULL },
    { "POST", HTTP_AUTH, "/tokens/validate", validate_token, 0, NULL, NULL },
    { "GET", HTTP_AUTH, "/sso", get_sso, HTTP_NO_AUTH, NULL, NULL },
    { "GET", HTTP_AUTH, "/sso/request", no_sso, HTTP_NO_AUTH, NULL, NULL },
    { "POST", HTTP_AUTH, "/sso/callback", no_sso, HTTP_NO_AUTH, NULL, NULL },
};

const struct api_routes api_auth_routes = { routes, ELEMENTS(routes) };
