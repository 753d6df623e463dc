/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: owns all changes of state and the store's writer.

   One step takes a batch of inputs and the time, handles them in one transaction, commits, and only then lets effects out:
   answers, processes to start, events. Nothing else changes what is stored. Clock, randomness, store and children are handed
   in, so a test can drive an engine through years of faults from a seed (engine/loop.h drives the real one).

   When the store refuses (the disk is full), the whole batch is rolled back, inputs that can be refused are told so, the others
   are kept and tried again, and what was held in memory is read anew from the store: memory is only a cache. */
#ifndef FULMAR_ENGINE_ENGINE_H
#define FULMAR_ENGINE_ENGINE_H

#include "base/object_id.h"
#include "engine/catalog.h"
#include "expr/expr.h"
#include "runners/runner.h"
#include "store/store.h"

struct engine;
struct input;

/* ---- inputs ---- */

struct input_ops {
    const char *name;
    /* Inside the transaction, in the engine's thread. Negative: the store broke, the batch is rolled back. What is wrong with
       the request itself is an answer, not a failure: remember it in the input and return 0 having changed nothing. */
    int (*apply)(struct engine *engine, struct input *input, struct error *err);
    /* After the commit (r is 0), or when the input was refused (r negative, err says why). Frees the input. */
    void (*done)(struct input *input, int r, const struct error *err);
    /* Cannot be refused (a child's end): kept until the store takes it. */
    bool keep;
};

/* Embedded in what an input carries. */
struct input {
    struct input *next;
    const struct input_ops *ops;
};

/* ---- the engine ---- */

struct engine_event;

struct engine_effects {
    /* Start a process for a run, or read the definition of one that the engine conducts; takes it over. */
    void (*start)(void *data, struct run *run);
    /* End the process of an execution. */
    void (*stop)(void *data, int64_t seq);
    void *data;
    /* What happened (engine/feed.h), in order; takes the list over. Nothing is collected while *listeners is 0. Both are
       NULL when nobody ever listens. */
    void (*tell)(void *data, struct engine_event *events);
    void *tell_data;
    const _Atomic int *listeners;
};

struct engine_config {
    struct store *store;
    struct catalog *catalog;
    struct engine_effects effects;
    unsigned char random[32]; /* seed of tokens and names: from the system, or a test's */
    int64_t node;             /* who owns what runs here */
    const char *hostname;
    int pid;
    const char *server_user; /* the user the server runs as */
    const char *system_user; /* the user commands and rules run as */
    const char *api_url;     /* told to actions, with /v1 */
    int64_t processes_max;   /* children at a time */
    size_t output_limit;     /* bytes kept of each stream */
    bool stream_output;
    bool validate_output; /* what succeeds must follow its output schema */
};

struct engine *engine_new(const struct engine_config *config);
void engine_free(struct engine *engine);

/* Put in order what an earlier process left: what was running is abandoned, what was requested is scheduled. One
   transaction; call it before the first step. *ret_n counts what was repaired. */
int engine_recover(struct engine *engine, int64_t now_us, int64_t *ret_n, struct error *err);

/* Handles a list of inputs. Returns those that must be kept, in order (NULL: none); the caller gives them again with the
   next step. *ret_due_us says when the engine wants a step without any input (INT64_MAX: never). */
struct input *engine_step(struct engine *engine, struct input *inputs, int64_t now_us, int64_t *ret_due_us);

/* Executions that have a child now, or wait for one. */
int64_t engine_running(struct engine *engine);
int64_t engine_queued(struct engine *engine);
/* Stop starting processes (draining); what is scheduled stays so for the next start. */
void engine_drain(struct engine *engine);

struct engine_figures {
    uint64_t steps, inputs, refused, executions;
    uint64_t batch_max;
    bool store_ok; /* the last step was committed */
};
/* Counts since the start; for the engine's own thread. */
struct engine_figures engine_figures(const struct engine *engine);

/* The user of a token that was made for a running action, owned; NULL when there is none. Any thread. */
char *engine_service_user(struct engine *engine, const char *token);

struct definitions;
/* The workflow definitions known so far; any thread. */
struct definitions *engine_definitions(struct engine *engine);

/* ---- for inputs, inside apply ---- */

int64_t engine_now(const struct engine *engine);
const struct engine_config *engine_configuration(const struct engine *engine);
int64_t engine_next_sequence(struct engine *engine);
void engine_format_id(const struct engine *engine, int64_t seq, char out[OBJECT_ID_SIZE]);
/* 32 hexadecimal digits of the engine's randomness as a UUID4; with dashes 36. */
void engine_uuid(struct engine *engine, bool dashes, char out[37]);
struct store *engine_store(struct engine *engine);

/* Objects, with what this batch changed. Owned; unset when there is none. */
value engine_object(struct engine *engine, enum object_kind kind, const char *ref_or_id);
/* Stores a document under its `id` (one is made and set when it has none) and the reference given. *ret (may be NULL) is the
   stored document. STORE_CONFLICT when another object has the reference. */
int engine_object_put(struct engine *engine, enum object_kind kind, const char *ref, value document,
                      value *ret, struct error *err);
int engine_object_delete(struct engine *engine, enum object_kind kind, const char *id, struct error *err);

#endif
