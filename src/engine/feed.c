/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/feed.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine-internal.h"
#include "engine/executions.h"

void engine_events_free(struct engine_event *events)
{
    struct engine_event *next;

    for (; events; events = next) {
        next = events->next;
        execution_row_release(&events->row);
        value_unref(events->document);
        free(events->type);
        free(events->text);
        free(events);
    }
}

static bool anybody(const struct engine *engine)
{
    return engine->config.effects.listeners &&
           atomic_load_explicit(engine->config.effects.listeners, memory_order_relaxed) > 0;
}

static struct engine_event *add(struct engine *engine, enum engine_event_kind kind)
{
    struct engine_event *event = xcalloc(1, sizeof(*event));

    event->kind = kind;
    event->at_us = engine->now_us;
    *engine->events_end = event;
    engine->events_end = &event->next;
    return event;
}

void feed_execution(struct engine *engine, enum engine_event_kind kind, const struct execution_row *row)
{
    if (anybody(engine))
        execution_row_copy(row, &add(engine, kind)->row);
}

void feed_output(struct engine *engine, const struct execution_row *row, const char *type, const char *text,
                 size_t n)
{
    struct engine_event *event;

    if (!anybody(engine))
        return;
    event = add(engine, ENGINE_OUTPUT);
    execution_row_copy(row, &event->row);
    event->seq = engine_next_sequence(engine);
    event->type = xstrdup(type);
    event->text = xstrndup(text, n);
    event->n = n;
}

void feed_document(struct engine *engine, enum engine_event_kind kind, const char *type, value document)
{
    struct engine_event *event;

    if (!anybody(engine))
        return;
    event = add(engine, kind);
    event->type = type ? xstrdup(type) : NULL;
    event->document = value_ref(document);
}

void feed_announcement(struct engine *engine, const struct execution_row *row, const char *route,
                       value payload)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    value trace, document;
    char id[OBJECT_ID_SIZE];

    if (!anybody(engine) || !route || !*route || route[strspn(route, letters)])
        return;
    trace = value_map_new(1);
    if (row->trace) {
        engine_format_id(engine, row->trace, id);
        value_map_put(&trace, "id_", value_text(id));
    }
    document = value_map_new(2);
    value_map_put(&document, "payload", value_ref(payload));
    value_map_put(&document, "trace_context", trace);
    feed_document(engine, ENGINE_ANNOUNCEMENT, route, document);
    value_unref(document);
}

void feed_drop(struct engine *engine)
{
    engine_events_free(engine->events);
    engine->events = NULL;
    engine->events_end = &engine->events;
}

void feed_out(struct engine *engine)
{
    struct engine_event *events = engine->events;

    if (!events)
        return;
    engine->events = NULL;
    engine->events_end = &engine->events;
    engine->config.effects.tell(engine->config.effects.tell_data, events);
}
