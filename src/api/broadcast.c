/* SPDX-License-Identifier: Apache-2.0 */
/* The broadcaster's thread.

   Events come over as a list under the lock; subscriptions are handed over the same way and are the thread's own from then
   on. Output streams take an event only as a bell: what they send is read from the store after the last piece they sent, so
   they can neither lose nor repeat anything. */
#include "broadcast.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api-internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/feed.h"
#include "event_document.h"
#include "follow.h"
#include "rules/operators.h"
#include "value/json.h"

#define HEARTBEAT_US INT64_C(25000000)
#define TICK_US      INT64_C(1000000)
#define WAITING_MAX  50000 /* events */

struct broadcast {
    _Atomic int listeners; /* streams open */
    struct api *api;
    struct store_reader *reader;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool running, stopping, overrun;
    struct engine_event *events, **events_end;
    size_t n_waiting;
    struct subscription *arrivals;
    struct subscription *subscriptions; /* the thread's */
};

/* ---- subscriptions ---- */

static void end_subscription(struct broadcast *broadcast, struct subscription *s)
{
    http_stream_end(s->stream);
    value_unref(s->names);
    value_unref(s->actions);
    value_unref(s->executions);
    follow_free(s->follow);
    free(s->end_event);
    free(s->output_type);
    free(s);
    atomic_fetch_sub(&broadcast->listeners, 1);
}

static void end_all(struct broadcast *broadcast, struct subscription **list)
{
    struct subscription *next;

    for (struct subscription *s = take_ptr(list); s; s = next) {
        next = s->next;
        end_subscription(broadcast, s);
    }
}

/* Those whose client has gone, or that are through. */
static void end_finished(struct broadcast *broadcast)
{
    struct subscription **at = &broadcast->subscriptions, *s;

    while ((s = *at)) {
        if (s->over || http_stream_gone(s->stream)) {
            *at = s->next;
            end_subscription(broadcast, s);
        } else {
            at = &s->next;
        }
    }
}

static void send_chunk(struct subscription *s, struct http_chunk *chunk, int64_t now_us)
{
    s->sent_us = now_us;
    if (http_stream_send_chunk(s->stream, chunk) != 0)
        s->over = true;
}

static bool among(value list, const char *text)
{
    VALUE_LIST_EACH (i, item, list) {
        if (value_text_is(item, text))
            return true;
    }
    return false;
}

static bool wants_name(const struct subscription *s, const char *name)
{
    VALUE_LIST_EACH (i, pattern, s->names) {
        if (wildcard_match(name, strlen(name), value_chars(pattern), value_len(pattern)))
            return true;
    }
    return false;
}

/* ---- one event to everybody ---- */

/* An event under one of its names. Rendered when the first subscription wants it. */
struct message {
    char *name;
    const char *action;             /* NULL: it is about no action */
    char execution[OBJECT_ID_SIZE]; /* "": it names none */
    struct http_chunk *chunk;
};

static bool wants(const struct subscription *s, const struct message *message)
{
    if (s->output_of || s->follow || s->over)
        return false;
    if (value_is_set(s->actions) && (!message->action || !among(s->actions, message->action)))
        return false;
    if (value_is_set(s->executions) && !among(s->executions, message->execution))
        return false;
    return wants_name(s, message->name);
}

static void render(struct broadcast *broadcast, const struct engine_event *event, enum event_form form,
                   struct message *message)
{
    BUFFER_AUTO(text);
    VALUE_AUTO(document);

    if (message->chunk)
        return;
    document = event_document(broadcast->api, broadcast->reader, event, form);
    buffer_addf(&text, "event: %s\ndata: ", message->name);
    json_write(&text, document, JSON_COMPACT);
    buffer_add_text(&text, "\n\n");
    message->chunk = http_chunk_new(text.data, text.len);
}

static void name_message(struct broadcast *broadcast, const struct engine_event *event, enum event_form form,
                         struct message *ret)
{
    *ret = (struct message){ .name = event_name(event, form) };
    if (!event->row.seq)
        return;
    ret->action = value_map_chars(event->row.action, "ref");
    if (form == EVENT_AS_EXECUTION)
        api_format_id(broadcast->api, event->row.seq, ret->execution);
}

static void deliver(struct broadcast *broadcast, const struct engine_event *event, enum event_form form,
                    int64_t now_us)
{
    bool completed = event->kind == ENGINE_EXECUTION_UPDATE && execution_status_completed(event->row.status);
    int64_t seq = event->row.seq - (form == EVENT_AS_LIVE_ACTION);
    struct message message;

    name_message(broadcast, event, form, &message);
    for (struct subscription *s = broadcast->subscriptions; s; s = s->next) {
        if (wants(s, &message)) {
            render(broadcast, event, form, &message);
            send_chunk(s, message.chunk, now_us);
        }
        if (completed && s->end_event && s->end_seq == seq && strcmp(s->end_event, message.name) == 0)
            s->over = true;
    }
    http_chunk_unref(message.chunk);
    free(message.name);
}

/* ---- output of one execution ---- */

struct output_walk {
    struct broadcast *broadcast;
    struct subscription *subscription;
    struct engine_event event;
    struct buffer text;
};

static int send_piece(void *data, int64_t number, int64_t at_us, const char *type, const char *text, size_t n)
{
    struct output_walk *walk = data;
    struct engine_event *event = &walk->event;
    VALUE_AUTO(document);

    event->seq = sequence_at(at_us) | (number & 0xFFFFFF);
    event->at_us = at_us;
    event->type = (char *)type;
    event->text = (char *)text;
    event->n = n;
    document = event_document(walk->broadcast->api, walk->broadcast->reader, event, EVENT_AS_OUTPUT);
    buffer_clear(&walk->text);
    buffer_add_text(&walk->text, "event: st2.execution.output__create\ndata: ");
    json_write(&walk->text, document, JSON_COMPACT);
    buffer_add_text(&walk->text, "\n\n");
    walk->subscription->output_at = number;
    walk->subscription->over =
        http_stream_send(walk->subscription->stream, walk->text.data, walk->text.len) != 0;
    return walk->subscription->over;
}

/* The status is read first: what was stored before the end is then all there is. */
static void follow_output(struct broadcast *broadcast, struct subscription *s)
{
    static const char end[] = "event: EOF\ndata: ''\n\n";
    struct output_walk walk = { .broadcast = broadcast, .subscription = s, .event.kind = ENGINE_OUTPUT };
    ERROR_AUTO(err);
    bool through;
    int r = store_execution_get(broadcast->reader, s->output_of, 0, &walk.event.row, &err);

    if (r == 0) {
        enum execution_status status = walk.event.row.status;

        through = execution_status_completed(status) || status == EXECUTION_PAUSING ||
                  status == EXECUTION_PAUSED || status == EXECUTION_RESUMING;
        r = store_outputs(broadcast->reader, s->output_of, s->output_type, s->output_at, send_piece, &walk,
                          &err);
        if (r == 0 && through) {
            http_stream_send(s->stream, end, sizeof(end) - 1);
            s->over = true;
        }
        execution_row_release(&walk.event.row);
    }
    buffer_release(&walk.text);
    if (r < 0) {
        log_error("event streams: %s", error_text(&err));
        s->over = true;
    }
}

static void ring_outputs(struct broadcast *broadcast, int64_t execution)
{
    for (struct subscription *s = broadcast->subscriptions; s; s = s->next)
        if (s->output_of && !s->over && (!execution || s->output_of == execution))
            follow_output(broadcast, s);
}

/* To those who follow whole executions; 0: look at everything. */
static void ring_follow(struct broadcast *broadcast, struct subscription *s, int64_t execution,
                        int64_t parent)
{
    struct follow_world world = { broadcast->api, broadcast->reader, s->stream };

    if (s->follow && !s->over)
        s->over = follow_ring(s->follow, &world, execution, parent);
}

static void ring_follows(struct broadcast *broadcast, int64_t execution, int64_t parent)
{
    for (struct subscription *s = broadcast->subscriptions; s; s = s->next)
        ring_follow(broadcast, s, execution, parent);
}

/* ---- the end that was missed ---- */

/* A client may ask for the end of an execution that is over already: it gets that event and is through. */
static void check_end(struct broadcast *broadcast, struct subscription *s, int64_t now_us)
{
    struct engine_event event = { .kind = ENGINE_EXECUTION_UPDATE };
    enum event_form form = EVENT_AS_EXECUTION;
    struct message message;
    ERROR_AUTO(err);

    if (!s->end_event || !s->end_seq || s->over)
        return;
    if (strncmp(s->end_event, "st2.liveaction", 14) == 0)
        form = EVENT_AS_LIVE_ACTION;
    if (store_execution_get(broadcast->reader, s->end_seq + (form == EVENT_AS_LIVE_ACTION), EXECUTION_RESULT,
                            &event.row, &err) != 0)
        return;
    name_message(broadcast, &event, form, &message);
    if (execution_status_completed(event.row.status) && strcmp(message.name, s->end_event) == 0) {
        if (wants(s, &message)) {
            render(broadcast, &event, form, &message);
            send_chunk(s, message.chunk, now_us);
        }
        s->over = true;
    }
    http_chunk_unref(message.chunk);
    free(message.name);
    execution_row_release(&event.row);
}

/* ---- the thread ---- */

static void handle_event(struct broadcast *broadcast, const struct engine_event *event, int64_t now_us)
{
    switch (event->kind) {
    case ENGINE_EXECUTION_CREATE:
    case ENGINE_EXECUTION_UPDATE:
        deliver(broadcast, event, EVENT_AS_LIVE_ACTION, now_us);
        deliver(broadcast, event, EVENT_AS_EXECUTION, now_us);
        if (event->kind == ENGINE_EXECUTION_UPDATE)
            ring_outputs(broadcast, event->row.seq);
        ring_follows(broadcast, event->row.seq, event->row.parent);
        break;
    case ENGINE_OUTPUT:
        deliver(broadcast, event, EVENT_AS_OUTPUT, now_us);
        ring_outputs(broadcast, event->row.seq);
        ring_follows(broadcast, event->row.seq, event->row.parent);
        break;
    default:
        deliver(broadcast, event, EVENT_AS_DOCUMENT, now_us);
    }
}

static void welcome(struct broadcast *broadcast, struct subscription *arrivals, int64_t now_us)
{
    struct subscription *next;

    for (struct subscription *s = arrivals; s; s = next) {
        next = s->next;
        s->next = broadcast->subscriptions;
        broadcast->subscriptions = s;
        s->sent_us = now_us;
        if (s->output_of)
            follow_output(broadcast, s);
        else if (s->follow)
            ring_follow(broadcast, s, 0, 0);
        else
            check_end(broadcast, s, now_us);
    }
}

/* Once a second: heartbeats, and what a bell that was not heard would have told. */
static void tick(struct broadcast *broadcast, int64_t now_us)
{
    struct http_chunk *beat = http_chunk_new("\n", 1);

    for (struct subscription *s = broadcast->subscriptions; s; s = s->next) {
        check_end(broadcast, s, now_us);
        if (!s->output_of && now_us - s->sent_us >= HEARTBEAT_US)
            send_chunk(s, beat, now_us);
    }
    http_chunk_unref(beat);
    ring_outputs(broadcast, 0);
    ring_follows(broadcast, 0, 0);
}

/* Under the lock: sleeps until there is something or a second is over. */
static void wait_for_work(struct broadcast *broadcast)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec++;
    while (!broadcast->stopping && !broadcast->events && !broadcast->arrivals && !broadcast->overrun) {
        if (!broadcast->subscriptions)
            pthread_cond_wait(&broadcast->wake, &broadcast->lock);
        else if (pthread_cond_timedwait(&broadcast->wake, &broadcast->lock, &at) != 0)
            break;
    }
}

static void *broadcast_thread(void *data)
{
    struct broadcast *broadcast = data;
    struct subscription *arrivals;
    struct engine_event *events;
    int64_t ticked_us = 0, now_us;
    bool overrun;

    pthread_mutex_lock(&broadcast->lock);
    for (;;) {
        wait_for_work(broadcast);
        if (broadcast->stopping)
            break;
        arrivals = take_ptr(&broadcast->arrivals);
        events = take_ptr(&broadcast->events);
        broadcast->events_end = &broadcast->events;
        broadcast->n_waiting = 0;
        overrun = broadcast->overrun;
        broadcast->overrun = false;
        pthread_mutex_unlock(&broadcast->lock);

        now_us = clock_monotonic_us();
        if (overrun) {
            log_warning(
                "More happens than event streams can be told: they are ended, their clients connect anew");
            end_all(broadcast, &broadcast->subscriptions);
        }
        welcome(broadcast, arrivals, now_us);
        for (const struct engine_event *event = events; event; event = event->next)
            handle_event(broadcast, event, now_us);
        engine_events_free(events);
        if (now_us - ticked_us >= TICK_US) {
            tick(broadcast, now_us);
            ticked_us = now_us;
        }
        end_finished(broadcast);
        pthread_mutex_lock(&broadcast->lock);
    }
    pthread_mutex_unlock(&broadcast->lock);
    end_all(broadcast, &broadcast->subscriptions);
    return NULL;
}

/* ---- from other threads ---- */

static void tell(void *data, struct engine_event *events)
{
    struct broadcast *broadcast = data;
    bool first;

    pthread_mutex_lock(&broadcast->lock);
    first = !broadcast->events;
    if (broadcast->stopping || broadcast->overrun || broadcast->n_waiting > WAITING_MAX) {
        broadcast->overrun |= !broadcast->stopping;
    } else {
        *broadcast->events_end = take_ptr(&events);
        for (; *broadcast->events_end; broadcast->events_end = &(*broadcast->events_end)->next)
            broadcast->n_waiting++;
    }
    pthread_mutex_unlock(&broadcast->lock);
    if (first || events)
        pthread_cond_signal(&broadcast->wake);
    engine_events_free(events);
}

void broadcast_subscribe(struct broadcast *broadcast, struct subscription *subscription)
{
    bool refused;

    atomic_fetch_add(&broadcast->listeners, 1);
    pthread_mutex_lock(&broadcast->lock);
    refused = broadcast->stopping || !broadcast->running;
    if (!refused) {
        subscription->next = broadcast->arrivals;
        broadcast->arrivals = subscription;
    }
    pthread_mutex_unlock(&broadcast->lock);
    if (refused)
        end_subscription(broadcast, subscription);
    else
        pthread_cond_signal(&broadcast->wake);
}

struct broadcast *broadcast_new(void)
{
    struct broadcast *broadcast = xcalloc(1, sizeof(*broadcast));
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&broadcast->lock, NULL);
    pthread_cond_init(&broadcast->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    broadcast->events_end = &broadcast->events;
    return broadcast;
}

void broadcast_listen(struct broadcast *broadcast, struct engine_effects *effects)
{
    effects->tell = tell;
    effects->tell_data = broadcast;
    effects->listeners = &broadcast->listeners;
}

int broadcast_start(struct broadcast *broadcast, struct api *api, struct error *err)
{
    int r = store_reader_open(api->config.store, &broadcast->reader, err);

    if (r < 0)
        return r;
    broadcast->api = api;
    r = pthread_create(&broadcast->thread, NULL, broadcast_thread, broadcast);
    if (r) {
        store_reader_close(broadcast->reader);
        broadcast->reader = NULL;
        return error_set(err, -r, "the thread of event streams cannot be started");
    }
    pthread_setname_np(broadcast->thread, "streams");
    pthread_mutex_lock(&broadcast->lock);
    broadcast->running = true;
    pthread_mutex_unlock(&broadcast->lock);
    return 0;
}

void broadcast_stop(struct broadcast *broadcast)
{
    bool running;

    pthread_mutex_lock(&broadcast->lock);
    running = broadcast->running;
    broadcast->stopping = true;
    broadcast->running = false;
    pthread_mutex_unlock(&broadcast->lock);
    if (!running)
        return;
    pthread_cond_signal(&broadcast->wake);
    pthread_join(broadcast->thread, NULL);
    end_all(broadcast, &broadcast->arrivals);
    store_reader_close(broadcast->reader);
    broadcast->reader = NULL;
}

void broadcast_free(struct broadcast *broadcast)
{
    if (!broadcast)
        return;
    engine_events_free(broadcast->events);
    pthread_mutex_destroy(&broadcast->lock);
    pthread_cond_destroy(&broadcast->wake);
    free(broadcast);
}
