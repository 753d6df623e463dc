/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the engine, and by nobody else. */
#ifndef FULMAR_ENGINE_INTERNAL_H
#define FULMAR_ENGINE_INTERNAL_H

#include <pthread.h>

#include "base/strmap.h"
#include "engine/engine.h"

/* An execution that is not completed. */
struct execution {
    struct execution_row row;
    struct execution *dirty_next;
    bool
        dirty; /* looked at before the commit: written when it is new or changed, dropped when it is completed */
    bool changed;
    bool exists;    /* has a row already */
    bool keyed;     /* stands in engine->active */
    char token[33]; /* of its child; "" when it has none */
};

struct pending_object {
    enum object_kind kind;
    char *id, *ref;
    value document; /* unset: deleted */
};

enum effect_kind { EFFECT_START, EFFECT_STOP, EFFECT_CONDUCT };
struct effect {
    enum effect_kind kind;
    struct run *run;
    int64_t seq;
};

struct rule_index;
struct workflow;
struct chain;
struct notice;
struct definitions;

struct engine {
    struct engine_config config;
    struct sequence sequence;
    int64_t now_us;
    uint64_t draws; /* of randomness so far */
    bool draining;
    bool stale; /* what is in memory could not be read anew after a rollback */

    struct strmap active; /* 8 byte sequence number -> struct execution */
    struct execution *dirty, **dirty_end;
    int64_t *queue; /* scheduled, waiting for a place */
    size_t n_queue, queue_room, queue_at;
    struct strmap
        handed; /* sequence numbers whose child was started and has not been reported -> its token, malloc'ed */
    int64_t n_starting;      /* starts among the effects of this batch */
    struct strmap workflows; /* execution -> struct workflow */
    struct workflow *workflows_dirty;
    struct strmap chains; /* execution -> struct chain */
    struct chain *chains_dirty;
    struct notice *notices; /* what workflows and chains are to be told, from notices_at on */
    size_t n_notices, notices_at, notices_room;
    struct definitions *definitions;

    struct due *due; /* delayed executions, a heap by time */
    size_t n_due, due_room;

    struct pending_object *pending; /* objects this batch changed */
    size_t n_pending, pending_room;
    struct effect *effects;
    size_t n_effects, effects_room;
    struct rule_index *rules;
    struct policies *policies;                 /* policies.c; NULL: not yet built */
    struct engine_event *events, **events_end; /* told after the commit */

    pthread_mutex_t token_lock;
    struct strmap tokens; /* token -> user, malloc'ed */

    struct engine_figures figures;
};

struct due {
    int64_t at_us, seq;
};

/* executions.c */
int executions_flush(struct engine *engine, struct error *err);
int executions_due(struct engine *engine, struct error *err);
int executions_start_queued(struct engine *engine, struct error *err);
int64_t executions_next_due(const struct engine *engine);
void executions_forget(struct engine *engine);
int executions_load(struct engine *engine, struct error *err);
/* The result of an execution, null while it has none or when it is gone; nothing is loaded into memory. Owned. */
int execution_result(struct engine *engine, int64_t seq, value *ret, struct error *err);
/* Loaded when it is not in memory. 0, STORE_NOT_FOUND. */
int execution_find(struct engine *engine, int64_t seq, struct execution **ret, struct error *err);
int execution_complete(struct engine *engine, struct execution *x, struct outcome *outcome,
                       struct error *err);
/* requested or delayed -> scheduled, if the policies of the action allow. */
int execution_schedule(struct engine *engine, struct execution *x, struct error *err);
/* Have it looked at then: a delayed one starts, an inquiry is given up. */
void execution_set_due(struct engine *engine, struct execution *x, int64_t at_us);
/* A process was started for it, or will be after this batch, whose end has not been told yet. */
bool execution_has_child(const struct engine *engine, int64_t seq);
/* Something of its row is new: it is written with this batch. */
void execution_changed(struct engine *engine, struct execution *x);
void execution_move(struct engine *engine, struct execution *x, enum execution_status status);

/* feed.c */
void feed_drop(struct engine *engine);
void feed_out(struct engine *engine);

/* triggers.c */
void rule_index_free(struct rule_index *index);

/* After the commit: start and stop what the batch decided. */
void engine_effects_out(struct engine *engine);
void engine_add_effect(struct engine *engine, const struct effect *effect);
void engine_token_drop(struct engine *engine, const char *token);
void engine_token_add(struct engine *engine, const char *token, const char *user);

#endif
