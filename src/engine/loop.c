/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

struct engine_loop {
    struct engine *engine;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct input *first, **end; /* the inbox */
    int64_t waiting;
    bool stopping, nudged, drain;
    struct engine_health health;
};

static const int64_t commit_bounds_us[] = { 500, 1000, 2000, 5000, 10000, 50000, 250000 };
static const int64_t batch_bounds[] = { 1, 2, 4, 8, 16, 64, 256 };

static size_t bucket(const int64_t *bounds, size_t n, int64_t number)
{
    size_t i = 0;

    while (i < n && number > bounds[i])
        i++;
    return i;
}

/* Waits for inputs, a nudge, the end, or until due. Returns the inputs; called with the lock held. */
static struct input *take(struct engine_loop *loop, int64_t due_us)
{
    struct input *inputs;

    while (!loop->first && !loop->stopping && !loop->nudged && clock_now_us() < due_us) {
        /* Time is looked at twice a second at least: the clock may be set. */
        int64_t until = clock_now_us() + 500000;
        struct timespec at;

        if (until > due_us)
            until = due_us;
        at = (struct timespec){ .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };
        pthread_cond_timedwait(&loop->wake, &loop->lock, &at);
    }
    inputs = loop->first;
    loop->first = NULL;
    loop->end = &loop->first;
    loop->waiting = 0;
    loop->nudged = false;
    return inputs;
}

static void note(struct engine_loop *loop, int64_t n, int64_t took_us, bool ok)
{
    struct engine_health *health = &loop->health;

    health->last_step_us = clock_now_us();
    health->store_ok = ok;
    health->running = engine_running(loop->engine);
    health->queued = engine_queued(loop->engine);
    health->figures = engine_figures(loop->engine);
    if (!n)
        return;
    health->step_us = took_us;
    health->commits++;
    health->commit_us_sum += (uint64_t)took_us;
    health->commit_buckets[bucket(commit_bounds_us, ELEMENTS(commit_bounds_us), took_us)]++;
    health->batch_buckets[bucket(batch_bounds, ELEMENTS(batch_bounds), n)]++;
}

/* Tells whoever handed them in that nothing came of these. */
static void give_up(struct input *input)
{
    while (input) {
        struct input *next = input->next;

        input->ops->done(input, -ECANCELED, NULL);
        input = next;
    }
}

static void *loop_thread(void *data)
{
    struct engine_loop *loop = data;
    struct input *inputs, *kept = NULL, **tail;
    int64_t due_us = INT64_MAX, before, n;

    pthread_mutex_lock(&loop->lock);
    for (;;) {
        inputs = take(loop, due_us);
        if (loop->drain)
            engine_drain(loop->engine);
        if (loop->stopping && !inputs && !kept)
            break;
        if (loop->stopping && kept && !loop->health.store_ok) {
            log_error(
                "the store does not take the last changes; the next start repairs what they leave open");
            break;
        }
        pthread_mutex_unlock(&loop->lock);

        /* What was kept comes first: it is older. */
        for (tail = &kept; *tail; tail = &(*tail)->next)
            ;
        *tail = inputs;
        inputs = kept;
        n = 0;
        for (struct input *input = inputs; input; input = input->next)
            n++;
        before = clock_monotonic_us();
        kept = engine_step(loop->engine, inputs, clock_now_us(), &due_us);

        pthread_mutex_lock(&loop->lock);
        note(loop, n, clock_monotonic_us() - before, kept == NULL && engine_figures(loop->engine).store_ok);
        if (kept && !loop->stopping) {
            /* The store refused: not at once again. */
            int64_t until = clock_now_us() + 250000;
            struct timespec at = { .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };

            pthread_cond_timedwait(&loop->wake, &loop->lock, &at);
            due_us = 0;
        }
    }
    pthread_mutex_unlock(&loop->lock);
    give_up(kept);
    give_up(inputs);
    return NULL;
}

int engine_loop_start(struct engine *engine, struct engine_loop **ret, struct error *err)
{
    struct engine_loop *loop = xcalloc(1, sizeof(*loop));
    int r;

    loop->engine = engine;
    loop->end = &loop->first;
    loop->health.store_ok = true;
    loop->health.last_step_us = clock_now_us();
    loop->nudged = true;
    pthread_mutex_init(&loop->lock, NULL);
    pthread_cond_init(&loop->wake, NULL);
    r = pthread_create(&loop->thread, NULL, loop_thread, loop);
    if (r) {
        free(loop);
        return error_set(err, -r, "the engine's thread cannot be started");
    }
    pthread_setname_np(loop->thread, "engine");
    *ret = loop;
    return 0;
}

void engine_loop_post(struct engine_loop *loop, struct input *input)
{
    bool stopping, first;

    input->next = NULL;
    pthread_mutex_lock(&loop->lock);
    stopping = loop->stopping && !input->ops->keep;
    first = !loop->first;
    if (!stopping) {
        *loop->end = input;
        loop->end = &input->next;
        loop->waiting++;
    }
    pthread_mutex_unlock(&loop->lock);
    if (stopping)
        input->ops->done(input, -ECANCELED, NULL);
    else if (first)
        pthread_cond_signal(&loop->wake);
}

void engine_loop_nudge(struct engine_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->nudged = true;
    pthread_mutex_unlock(&loop->lock);
    pthread_cond_signal(&loop->wake);
}

void engine_loop_drain(struct engine_loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->drain = true;
    loop->nudged = true;
    pthread_mutex_unlock(&loop->lock);
    pthread_cond_signal(&loop->wake);
}

void engine_loop_stop(struct engine_loop *loop)
{
    if (!loop)
        return;
    pthread_mutex_lock(&loop->lock);
    loop->stopping = true;
    pthread_mutex_unlock(&loop->lock);
    pthread_cond_signal(&loop->wake);
    pthread_join(loop->thread, NULL);
    engine_free(loop->engine);
    pthread_mutex_destroy(&loop->lock);
    pthread_cond_destroy(&loop->wake);
    free(loop);
}

struct engine *engine_loop_engine(struct engine_loop *loop)
{
    return loop->engine;
}

void engine_loop_health(struct engine_loop *loop, struct engine_health *ret)
{
    pthread_mutex_lock(&loop->lock);
    *ret = loop->health;
    ret->inbox = loop->waiting;
    pthread_mutex_unlock(&loop->lock);
}
