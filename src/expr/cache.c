/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of compiled texts, shared by all threads. It is cut into shards by the hash of the text, each with its lock and
   its own list from the most to the least recently used, so that threads seldom wait for each other. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "expr/expr-internal.h"

#define SHARDS         16
#define BUCKETS        1024  /* of one shard */
#define TEXT_MAX       65536 /* larger texts are compiled each time */
#define BYTES_AT_START (32u << 20)

struct entry {
    struct entry *next;          /* in its bucket */
    struct entry *newer, *older; /* in the order of use */
    uint64_t hash;
    struct expr *expr;
};

struct shard {
    pthread_mutex_t lock;
    struct entry *buckets[BUCKETS];
    struct entry *newest, *oldest;
    size_t bytes;
} __attribute__((aligned(64)));

static struct shard shards[SHARDS] = { [0 ... SHARDS - 1] = { .lock = PTHREAD_MUTEX_INITIALIZER } };
static size_t bytes_max = BYTES_AT_START;

static void unlink_used(struct shard *shard, struct entry *entry)
{
    *(entry->newer ? &entry->newer->older : &shard->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &shard->oldest) = entry->newer;
}

static void link_newest(struct shard *shard, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = shard->newest;
    *(shard->newest ? &shard->newest->newer : &shard->oldest) = entry;
    shard->newest = entry;
}

static void drop(struct shard *shard, struct entry *entry)
{
    struct entry **at = &shard->buckets[entry->hash / SHARDS % BUCKETS];

    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    unlink_used(shard, entry);
    shard->bytes -= entry->expr->bytes;
    expr_free(entry->expr);
    free(entry);
}

static void shrink(struct shard *shard, size_t bytes)
{
    while (shard->oldest && shard->bytes > bytes)
        drop(shard, shard->oldest);
}

static struct entry *find(struct shard *shard, uint64_t hash, const char *text, size_t n, enum expr_mode mode)
{
    struct entry *entry = shard->buckets[hash / SHARDS % BUCKETS];

    for (; entry; entry = entry->next)
        if (entry->hash == hash && entry->expr->mode == mode && value_len(entry->expr->text) == n &&
            memcmp(value_chars(entry->expr->text), text, n) == 0)
            return entry;
    return NULL;
}

static void add(struct shard *shard, uint64_t hash, struct expr *expr)
{
    struct entry *entry = xmalloc(sizeof(*entry));
    struct entry **bucket = &shard->buckets[hash / SHARDS % BUCKETS];

    entry->hash = hash;
    entry->expr = expr_ref(expr);
    entry->next = *bucket;
    *bucket = entry;
    link_newest(shard, entry);
    shard->bytes += expr->bytes;
    shrink(shard, __atomic_load_n(&bytes_max, __ATOMIC_RELAXED) / SHARDS);
}

struct expr *expr_cached(const char *text, size_t n, enum expr_mode mode)
{
    uint64_t hash = hash_bytes(text, n) + mode;
    struct shard *shard = &shards[hash % SHARDS];
    struct expr *expr = NULL;
    struct entry *entry;

    if (n > TEXT_MAX)
        return expr_new(text, n, mode);
    pthread_mutex_lock(&shard->lock);
    entry = find(shard, hash, text, n, mode);
    if (entry) {
        expr = expr_ref(entry->expr);
        if (entry != shard->newest) {
            unlink_used(shard, entry);
            link_newest(shard, entry);
        }
    }
    pthread_mutex_unlock(&shard->lock);
    if (expr)
        return expr;
    expr = expr_new(text, n, mode);
    if (value_len(expr->text) != n)
        return expr;
    pthread_mutex_lock(&shard->lock);
    if (!find(shard, hash, text, n, mode))
        add(shard, hash, expr);
    pthread_mutex_unlock(&shard->lock);
    return expr;
}

void expr_cache_limit(size_t bytes)
{
    __atomic_store_n(&bytes_max, bytes, __ATOMIC_RELAXED);
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&shards[i].lock);
        shrink(&shards[i], bytes / SHARDS);
        pthread_mutex_unlock(&shards[i].lock);
    }
}

void expr_cache_clear(void)
{
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&shards[i].lock);
        shrink(&shards[i], 0);
        while (shards[i].oldest)
            drop(&shards[i], shards[i].oldest);
        pthread_mutex_unlock(&shards[i].lock);
    }
}
