/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the API, and by nobody else. */
#ifndef FULMAR_API_INTERNAL_H
#define FULMAR_API_INTERNAL_H

#include <pthread.h>

#include "api/api.h"
#include "auth/throttle.h"
#include "base/object_id.h"

struct api {
    struct api_config config;
    struct http_server *server;
    char *url;
    pthread_mutex_t lock;
    struct store_reader **readers; /* one a thread; closed at the end */
    size_t n_readers, readers_room;
    struct http_route *routes;
    char *origins_text;
    const char **origins;
    size_t n_origins;
    char *certificate, *key;
    struct throttle *throttle;
};

/* The text of a 400 for what comes with the server. */
#define API_SYSTEM_PACK "Resources belonging to system level packs can't be manipulated"

/* Who asks; lives in the request's pool. */
struct caller {
    const char *user;
    const char *method;   /* "authentication token", "API key", NULL: authentication is off */
    const char *location; /* "header", "query" */
    const char *token_expire;
    bool admin;
};
const struct caller *api_caller(struct http_request *request);

/* This thread's reader; NULL when the store cannot be opened (the request has been answered then). */
struct store_reader *api_reader(struct api *api, struct http_request *request);
void api_format_id(const struct api *api, int64_t seq, char out[OBJECT_ID_SIZE]);
bool api_parse_id(const struct api *api, const char *text, int64_t *ret_seq);
/* 24 hex digits as a value; null for 0. */
value api_id_value(const struct api *api, int64_t seq);
value api_time_value(int64_t us);

/* Answer 500 or 503 for what the store says, and log it. */
void api_store_failed(struct http_request *request, int r, const struct error *err);

/* ---- lists ---- */

struct page {
    int64_t limit; /* -1: all */
    int64_t offset;
    bool told; /* X-Limit is sent */
};
/* limit and offset by the rules of rest-api.md 3; default_limit 0: all rows when none is given. False: answered. */
bool api_page(struct api *api, struct http_request *request, int64_t default_limit, struct page *ret);
void api_page_headers(struct http_request *request, const struct page *page, int64_t total);

/* include_attributes and exclude_attributes. */
struct attributes {
    value include, exclude; /* lists of text, or unset */
};
/* False: answered (both given). */
bool api_attributes(struct http_request *request, struct attributes *ret);
void api_attributes_release(struct attributes *attributes);
/* Takes a document, gives what is left of it; `always` is a NULL-terminated list of names that stay. */
value api_select(const struct attributes *attributes, value document, const char *const *always);

/* An object body, or an answer 400. Owned. */
bool api_body_object(struct http_request *request, value *ret);

/* ---- inputs of the engine that answer a request ---- */

struct api_input {
    struct input input;
    struct api *api;
    struct http_request *request;
    /* Set by apply: the answer. */
    unsigned status;
    value body; /* unset: none */
    char *fault;
    value extra; /* members besides faultstring */
    /* The caller's. */
    value document;
    value other;
    char *text;
    int64_t seq;
    int number;
    bool flag;
    char *user;
};
/* Suspends the request and makes the input; api_submit hands it to the engine. Afterwards neither may be touched. */
struct api_input *api_input_new(struct api *api, struct http_request *request, const struct input_ops *ops);
void api_submit(struct api_input *input);
/* The done slot of all of them: answers with status and body, or fault, or 503 when the store refused. */
void api_input_done(struct input *input, int r, const struct error *err);
int api_fault(struct api_input *input, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Answer with a document (taken). */
int api_answer(struct api_input *input, unsigned status, value body);
static inline struct api_input *api_input_of(struct input *input)
{
    return (struct api_input *)input;
}

/* A document as clients see it: null members left out. Takes it. */
value api_without_nulls(value document);

/* ---- routes ---- */

struct api_routes {
    const struct http_route *routes;
    size_t n;
};
extern const struct api_routes api_site_routes, api_auth_routes, api_execution_routes, api_collection_routes,
    api_webhook_routes, api_event_routes, api_action_routes, api_rule_routes, api_trigger_routes,
    api_apikey_routes, api_key_routes, api_inquiry_routes, api_pack_routes, api_stream_routes,
    api_policy_routes, api_config_routes, api_workflow_routes, api_rbac_routes, api_alias_routes,
    api_alias_execution_routes, api_expression_routes, api_progress_routes;

#endif
