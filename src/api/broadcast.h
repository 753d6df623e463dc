/* SPDX-License-Identifier: Apache-2.0 */
/* Event streams: takes what the engine tells (engine/feed.h), renders each event once and sends it to every stream that
   asked for it (contract: auth-and-stream.md 8, 9).

   One thread of its own does all of it, so neither the engine nor an HTTP thread ever waits for rendering. Whoever is too slow
   is dropped by its own stream (http/http.h); when the thread itself cannot keep up, all streams are ended: a client that
   connects anew is better off than one that misses events without knowing. */
#ifndef FULMAR_API_BROADCAST_H
#define FULMAR_API_BROADCAST_H

#include "engine/engine.h"
#include "http/http.h"

struct api;
struct broadcast;
struct follow;

/* Made before the engine, freed after it. */
struct broadcast *broadcast_new(void);
void broadcast_free(struct broadcast *broadcast);
/* Fills the slots by which the engine tells. */
void broadcast_listen(struct broadcast *broadcast, struct engine_effects *effects);

int broadcast_start(struct broadcast *broadcast, struct api *api, struct error *err);
/* Ends all streams; later subscriptions end at once. */
void broadcast_stop(struct broadcast *broadcast);

/* What a client asked for. Values are lists of text, unset: any. */
struct subscription {
    struct subscription *next;
    struct http_stream *stream;
    value names;      /* wildcards over event names */
    value actions;    /* references */
    value executions; /* ids */
    char *end_event;  /* NULL: never ends by itself */
    int64_t end_seq;
    /* The output of one execution instead: */
    int64_t output_of;     /* 0: events */
    char *output_type;     /* NULL: all */
    int64_t output_at;     /* number of the last piece sent */
    struct follow *follow; /* or an execution with all below it (follow.h); owned */
    /* The broadcaster's own: */
    int64_t sent_us; /* when anything was sent last */
    bool over;
};

/* Takes a subscription made with xcalloc; its stream has been started. */
void broadcast_subscribe(struct broadcast *broadcast, struct subscription *subscription);

#endif
