/* SPDX-License-Identifier: Apache-2.0 */
/* What happens in the engine, told to whoever listens (event streams). Telling is no part of the truth: it costs nothing
   while nobody listens, it is dropped with a batch that is rolled back, and it goes out after the commit. */
#ifndef FULMAR_ENGINE_FEED_H
#define FULMAR_ENGINE_FEED_H

#include "engine/engine.h"

enum engine_event_kind {
    ENGINE_EXECUTION_CREATE,
    ENGINE_EXECUTION_UPDATE,
    ENGINE_OUTPUT,       /* text of a stream of the execution in `row` */
    ENGINE_ANNOUNCEMENT, /* `type` is the route, `document` {payload, trace_context} */
    ENGINE_ALIAS_CREATE, /* `document` is the alias */
    ENGINE_ALIAS_UPDATE,
    ENGINE_ALIAS_DELETE,
};

struct engine_event {
    struct engine_event *next;
    enum engine_event_kind kind;
    int64_t seq; /* of the event, where it has an id of its own: output */
    int64_t at_us;
    struct execution_row row; /* a copy; zero when it is about none */
    char *type, *text;        /* owned */
    size_t n;                 /* bytes of text */
    value document;
};

/* Frees a whole list. */
void engine_events_free(struct engine_event *events);

/* For the engine and its inputs, inside apply. */
void feed_execution(struct engine *engine, enum engine_event_kind kind, const struct execution_row *row);
void feed_output(struct engine *engine, const struct execution_row *row, const char *type, const char *text,
                 size_t n);
/* Routes are one word; what is announced under others reaches no stream. */
void feed_announcement(struct engine *engine, const struct execution_row *row, const char *route,
                       value payload);
/* Aliases; the document is borrowed. */
void feed_document(struct engine *engine, enum engine_event_kind kind, const char *type, value document);

#endif
