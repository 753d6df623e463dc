/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine-internal.h"
#include "engine/chains.h"
#include "engine/feed.h"
#include "engine/workflows.h"

struct engine *engine_new(const struct engine_config *config)
{
    struct engine *engine = xcalloc(1, sizeof(*engine));

    engine->config = *config;
    engine->sequence.last = store_last_sequence(config->store);
    /* Start times ascend with the numbers also when the clock was set back between two runs: lists rely on it. */
    engine->now_us = (engine->sequence.last >> 24) * 1000000 + 999999;
    engine->dirty_end = &engine->dirty;
    engine->events_end = &engine->events;
    engine->definitions = definitions_new();
    pthread_mutex_init(&engine->token_lock, NULL);
    return engine;
}

static void drop_effects(struct engine *engine)
{
    for (size_t i = 0; i < engine->n_effects; i++)
        run_free(engine->effects[i].run);
    engine->n_effects = 0;
    engine->n_starting = 0;
    feed_drop(engine);
}

static void drop_pending(struct engine *engine)
{
    for (size_t i = 0; i < engine->n_pending; i++) {
        free(engine->pending[i].id);
        free(engine->pending[i].ref);
        value_unref(engine->pending[i].document);
    }
    engine->n_pending = 0;
}

void engine_free(struct engine *engine)
{
    void *item;
    size_t at = 0;

    if (!engine)
        return;
    executions_forget(engine);
    workflows_forget(engine);
    chains_forget(engine);
    definitions_free(engine->definitions);
    free(engine->notices);
    drop_effects(engine);
    drop_pending(engine);
    while (strmap_next(&engine->tokens, &at, NULL, &item))
        free(item);
    strmap_release(&engine->tokens);
    at = 0;
    while (strmap_next(&engine->handed, &at, NULL, &item))
        free(item);
    strmap_release(&engine->handed);
    rule_index_free(engine->rules);
    pthread_mutex_destroy(&engine->token_lock);
    free(engine->effects);
    free(engine->pending);
    free(engine->queue);
    free(engine->due);
    free(engine);
}

/* ---- steps ---- */

static void publish(struct engine *engine)
{
    for (size_t i = 0; i < engine->n_pending; i++) {
        struct pending_object *object = &engine->pending[i];

        catalog_put(engine->config.catalog, object->kind, object->id, object->ref, object->document);
    }
    drop_pending(engine);
}

void engine_effects_out(struct engine *engine)
{
    for (size_t i = 0; i < engine->n_effects; i++) {
        struct effect *effect = &engine->effects[i];

        if (effect->kind == EFFECT_START) {
            const char *token = value_map_chars(effect->run->environment, "ST2_ACTION_AUTH_TOKEN");

            strmap_set_n(&engine->handed, (const char *)&effect->seq, sizeof(effect->seq),
                         xstrdup(token ? token : ""));
            engine->config.effects.start(engine->config.effects.data, take_ptr(&effect->run));
        } else if (effect->kind == EFFECT_CONDUCT) {
            engine->config.effects.start(engine->config.effects.data, take_ptr(&effect->run));
        } else {
            engine->config.effects.stop(engine->config.effects.data, effect->seq);
        }
    }
    engine->n_effects = 0;
    engine->n_starting = 0;
    feed_out(engine);
}

/* Workflows go on until nothing moves or the batch is large enough. */
static int settle(struct engine *engine, struct error *err)
{
    bool more = true;
    int r = workflows_advance(engine, &more, err);

    if (r >= 0)
        r = executions_start_queued(engine, err);
    /* A start that failed at once has told its workflow. */
    if (r >= 0 && !more)
        r = workflows_advance(engine, &more, err);
    return r;
}

static int handle(struct engine *engine, struct input *inputs, struct error *err)
{
    uint64_t n = 0;
    int r = store_begin(engine->config.store, err);

    if (r >= 0 && engine->stale) {
        executions_forget(engine);
        r = executions_load(engine, err);
        engine->stale = r < 0;
    }
    for (struct input *input = inputs; r >= 0 && input; input = input->next) {
        r = input->ops->apply(engine, input, err);
        n++;
    }
    if (r >= 0)
        r = executions_due(engine, err);
    if (r >= 0)
        r = settle(engine, err);
    if (r >= 0)
        r = workflows_flush(engine, err);
    if (r >= 0)
        r = chains_flush(engine, err);
    if (r >= 0)
        r = executions_flush(engine, err);
    if (r >= 0)
        r = store_commit(engine->config.store, err);
    else
        store_rollback(engine->config.store);
    if (n > engine->figures.batch_max)
        engine->figures.batch_max = n;
    engine->figures.steps++;
    engine->figures.inputs += n;
    return r;
}

/* After a rollback nothing in memory can be trusted. */
static void start_over(struct engine *engine)
{
    ERROR_AUTO(err);

    drop_effects(engine);
    drop_pending(engine);
    executions_forget(engine);
    workflows_forget(engine);
    chains_forget(engine);
    engine->stale = executions_load(engine, &err) < 0;
    if (engine->stale)
        log_error("the store cannot be read either, trying again with the next step: %s", error_text(&err));
    workflows_wake_all(engine);
}

static struct input *refuse(struct engine *engine, struct input *inputs, int r, const struct error *err)
{
    struct input *kept = NULL, **end = &kept, *next;

    for (struct input *input = inputs; input; input = next) {
        next = input->next;
        if (input->ops->keep) {
            input->next = NULL;
            *end = input;
            end = &input->next;
        } else {
            engine->figures.refused++;
            input->ops->done(input, r, err);
        }
    }
    return kept;
}

struct input *engine_step(struct engine *engine, struct input *inputs, int64_t now_us, int64_t *ret_due_us)
{
    ERROR_AUTO(err);
    struct input *next, *kept = NULL;
    int r;

    /* Time that steps back would put ends before starts. */
    if (now_us > engine->now_us)
        engine->now_us = now_us;
    r = handle(engine, inputs, &err);
    engine->figures.store_ok = r >= 0;
    if (r < 0) {
        start_over(engine);
        log_error("%s", error_text(&err));
        kept = refuse(engine, inputs, r, &err);
        *ret_due_us = engine->now_us + 500000;
        return kept;
    }
    publish(engine);
    engine_effects_out(engine);
    for (struct input *input = inputs; input; input = next) {
        next = input->next;
        input->ops->done(input, 0, NULL);
    }
    *ret_due_us = engine->n_notices ? engine->now_us : executions_next_due(engine);
    return NULL;
}

/* ---- for inputs ---- */

int64_t engine_now(const struct engine *engine)
{
    return engine->now_us;
}

const struct engine_config *engine_configuration(const struct engine *engine)
{
    return &engine->config;
}

int64_t engine_next_sequence(struct engine *engine)
{
    return sequence_next(&engine->sequence, engine->now_us);
}

void engine_format_id(const struct engine *engine, int64_t seq, char out[OBJECT_ID_SIZE])
{
    object_id_format(store_id(store_as_reader(engine->config.store)), seq, out);
}

/* SHA-256 over the seed and a counter: as unguessable as the seed, and the same from the same seed. */
static void draw(struct engine *engine, uint64_t out[2])
{
    unsigned char block[40], digest[32];

    engine->draws++;
    memcpy(block, engine->config.random, 32);
    memcpy(block + 32, &engine->draws, sizeof(engine->draws));
    EVP_Digest(block, sizeof(block), digest, NULL, EVP_sha256(), NULL);
    memcpy(out, digest, 16);
}

void engine_uuid(struct engine *engine, bool dashes, char out[37])
{
    uint64_t bits[2];
    size_t n = 0;

    draw(engine, bits);
    bits[0] = (bits[0] & ~0xF000ULL) | 0x4000;        /* version 4 */
    bits[1] = (bits[1] & ~(3ULL << 62)) | 2ULL << 62; /* variant */
    for (int i = 0; i < 32; i++) {
        if (dashes && (i == 8 || i == 12 || i == 16 || i == 20))
            out[n++] = '-';
        out[n++] = "0123456789abcdef"[bits[i / 16] >> (60 - i % 16 * 4) & 15];
    }
    out[n] = '\0';
}

struct store *engine_store(struct engine *engine)
{
    return engine->config.store;
}

value engine_object(struct engine *engine, enum object_kind kind, const char *ref_or_id)
{
    for (size_t i = engine->n_pending; i-- > 0;) {
        struct pending_object *object = &engine->pending[i];

        if (object->kind == kind &&
            (strcmp(object->ref, ref_or_id) == 0 || strcmp(object->id, ref_or_id) == 0))
            return value_ref(object->document);
    }
    return catalog_get(engine->config.catalog, kind, ref_or_id);
}

static void add_pending(struct engine *engine, enum object_kind kind, const char *id, const char *ref,
                        value document)
{
    GROW(engine->pending, engine->n_pending, engine->pending_room);
    engine->pending[engine->n_pending++] = (struct pending_object){
        .kind = kind, .id = xstrdup(id), .ref = xstrdup(ref), .document = value_ref(document)
    };
}

int engine_object_put(struct engine *engine, enum object_kind kind, const char *ref, value document,
                      value *ret, struct error *err)
{
    VALUE_AUTO(stored);
    VALUE_AUTO(other);
    char made[OBJECT_ID_SIZE];
    const char *id = value_map_chars(document, "id");
    int r;

    stored = value_ref(document);
    if (!id) {
        engine_format_id(engine, engine_next_sequence(engine), made);
        value_map_put(&stored, "id", value_text(made));
        id = value_map_chars(stored, "id");
    }
    other = engine_object(engine, kind, ref);
    if (value_is_set(other) && value_map_chars(other, "id") && strcmp(value_map_chars(other, "id"), id) != 0)
        return STORE_CONFLICT;
    r = store_object_put(engine->config.store, kind, id, ref, stored, err);
    if (r != 0)
        return r;
    add_pending(engine, kind, id, ref, stored);
    if (ret)
        *ret = value_take(&stored);
    return 0;
}

int engine_object_delete(struct engine *engine, enum object_kind kind, const char *id, struct error *err)
{
    VALUE_AUTO(before);
    const char *ref;
    int r = store_object_delete(engine->config.store, kind, id, err);

    if (r != 0)
        return r;
    before = engine_object(engine, kind, id);
    ref = value_map_chars(before, "ref");
    add_pending(engine, kind, id, ref ? ref : id, VALUE_NOTHING);
    return 0;
}

void engine_add_effect(struct engine *engine, const struct effect *effect)
{
    GROW(engine->effects, engine->n_effects, engine->effects_room);
    engine->effects[engine->n_effects++] = *effect;
    if (effect->kind == EFFECT_START)
        engine->n_starting++;
}

/* ---- tokens of running actions: they live as long as the run, so they are not stored ---- */

void engine_token_add(struct engine *engine, const char *token, const char *user)
{
    pthread_mutex_lock(&engine->token_lock);
    free(strmap_set(&engine->tokens, token, xstrdup(user)));
    pthread_mutex_unlock(&engine->token_lock);
}

void engine_token_drop(struct engine *engine, const char *token)
{
    if (!*token)
        return;
    pthread_mutex_lock(&engine->token_lock);
    free(strmap_remove(&engine->tokens, token));
    pthread_mutex_unlock(&engine->token_lock);
}

char *engine_service_user(struct engine *engine, const char *token)
{
    const char *user;
    char *copy;

    pthread_mutex_lock(&engine->token_lock);
    user = strmap_get(&engine->tokens, token);
    copy = user ? xstrdup(user) : NULL;
    pthread_mutex_unlock(&engine->token_lock);
    return copy;
}

struct definitions *engine_definitions(struct engine *engine)
{
    return engine->definitions;
}

int64_t engine_running(struct engine *engine)
{
    return (int64_t)engine->handed.count;
}

int64_t engine_queued(struct engine *engine)
{
    return (int64_t)(engine->n_queue - engine->queue_at);
}

void engine_drain(struct engine *engine)
{
    engine->draining = true;
}

struct engine_figures engine_figures(const struct engine *engine)
{
    return engine->figures;
}
