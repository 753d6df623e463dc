/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to the server: JSON requests over one kept connection, and event streams. */
#ifndef FULMAR_CLI_CLIENT_H
#define FULMAR_CLI_CLIENT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

struct client {
    char *api_url, *auth_url, *stream_url, *base_url; /* without a slash at the end */
    char *token, *api_key;                            /* either, both or none */
    char *cacert;                                     /* a file */
    bool verify;                                      /* check certificates */
    char *basic_auth;                                 /* "user:password" for a proxy in front, or NULL */
    bool debug;                                       /* print requests and answers */
    void *curl;
    long status; /* of the last answer; 0 when there was none */
};

enum client_outcome {
    CLIENT_OK = 0,
    CLIENT_ABSENT = 1, /* 404 */
};

struct request {
    const char *method; /* NULL: GET, or POST with a body */
    const char *url;    /* of a service; NULL: the API */
    const char *path;   /* "/actions?limit=1" */
    value body;         /* sent as JSON when set */
    const char *text;   /* sent as it is, with content type text/plain */
    const char *user, *password;
};

struct reply {
    long status;
    char *url, *reason;
    struct buffer text;
    int64_t total; /* X-Total-Count, -1 without */
};

void client_init(struct client *client);
void client_release(struct client *client);

/* Negative when no answer came. The reply is to be released in any case. */
int client_call(struct client *client, const struct request *request, struct reply *ret, struct error *err);
void reply_release(struct reply *reply);
/* Fails with "404 Client Error: Not Found\nMESSAGE: ... for url: ..." when the status says so. */
int reply_check(const struct reply *reply, struct error *err);
int reply_json(const struct reply *reply, value *ret, struct error *err);

/* Call, check, read JSON. 404 is an error here. `body` VALUE_NOTHING for none; ret may be NULL. */
int client_json(struct client *client, const char *method, const char *path, value body, value *ret,
                struct error *err);
/* GET of an object; CLIENT_ABSENT for 404. */
int client_get(struct client *client, const char *path, value *ret, struct error *err);
/* GET of a list with the number of all there are (-1: unknown). */
int client_list(struct client *client, const char *path, value *ret, int64_t *ret_total, struct error *err);

/* Follows /stream; `event` gets each event's data and returns true to stop. */
int client_stream(struct client *client, const char *events, const char *end_execution_id,
                  bool (*event)(void *data, value event), void *data, struct error *err);

/* Follows one execution and all below it from its beginning, as the same events. CLIENT_ABSENT when the server cannot. */
int client_follow(struct client *client, const char *execution_id, bool (*event)(void *data, value event),
                  void *data, struct error *err);

/* Adds "?name=text" or "&name=text", quoted; a NULL or empty text adds nothing. */
void client_query_add(struct buffer *path, const char *name, const char *text);
/* Adds text with everything escaped that a path may not hold; "/" and "%" stay. */
void client_path_add(struct buffer *path, const char *text);

#endif
