/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's thread and its inbox: takes everything that is waiting, gives it to engine_step, sleeps until there is more
   or something is due. */
#ifndef FULMAR_ENGINE_LOOP_H
#define FULMAR_ENGINE_LOOP_H

#include "engine/engine.h"

struct engine_loop;

/* Takes the engine over. */
int engine_loop_start(struct engine *engine, struct engine_loop **ret, struct error *err);
/* Hand in an input, from any thread. After engine_loop_stop inputs are refused with -ECANCELED. */
void engine_loop_post(struct engine_loop *loop, struct input *input);
/* Handles what is there, then ends the thread and frees loop and engine. */
void engine_loop_stop(struct engine_loop *loop);
struct engine *engine_loop_engine(struct engine_loop *loop);

/* For health and metrics; any thread. */
struct engine_health {
    int64_t last_step_us; /* when a step ended last (wall clock) */
    int64_t step_us;      /* how long the last one with inputs took */
    int64_t running, queued;
    int64_t inbox; /* inputs waiting */
    bool store_ok; /* the last step's commit succeeded */
    struct engine_figures figures;
    uint64_t commit_us_sum, commits;
    uint64_t commit_buckets[8]; /* up to 0.5 1 2 5 10 50 250 ms, and more */
    uint64_t batch_buckets[8];  /* up to 1 2 4 8 16 64 256 inputs, and more */
};
void engine_loop_health(struct engine_loop *loop, struct engine_health *ret);
/* Asks for a step although nothing happened: health checks see that the store still takes writes. */
void engine_loop_nudge(struct engine_loop *loop);
/* Start no more processes. */
void engine_loop_drain(struct engine_loop *loop);

#endif
