/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/throttle.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/mem.h"

#define SECOND    1000000LL
#define QUIET_US  (900 * SECOND) /* failures older than this are forgotten */
#define ROW       8              /* counts that share a place in the table */
#define WAIT_FREE (SECOND / 2)   /* the first wait, before doubling */

/* Failures of an address that a success there makes up for: many people may sit behind one address, but an account of
   one's own must not buy guesses without end. */
#define ADDRESS_PARDON 10

struct count {
    uint64_t key; /* hash of what is counted; 0: free */
    uint32_t failures;
    int64_t last_us;
};

struct throttle {
    pthread_mutex_t lock;
    struct count *counts;
    size_t n_rows;
};

/* What is counted, how many failures are free, and the longest wait. A name alone waits little, or strangers could lock
   its owner out. */
static const struct kind {
    char tag;
    bool by_user, by_address;
    uint32_t free;
    int64_t longest_us;
} kinds[] = {
    { 'b', true, true, 5, 60 * SECOND },
    { 'a', false, true, 20, 60 * SECOND },
    { 'u', true, false, 50, 5 * SECOND },
};

struct throttle *throttle_new(size_t counts)
{
    struct throttle *throttle = xcalloc(1, sizeof(*throttle));

    pthread_mutex_init(&throttle->lock, NULL);
    throttle->n_rows = counts / ROW + 1;
    throttle->counts = xcalloc(throttle->n_rows * ROW, sizeof(*throttle->counts));
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    pthread_mutex_destroy(&throttle->lock);
    free(throttle->counts);
    free(throttle);
}

static uint64_t key_of(const struct kind *kind, const char *user, const char *address)
{
    BUFFER_AUTO(text);
    uint64_t key;

    buffer_add_char(&text, kind->tag);
    if (kind->by_user)
        buffer_add_text(&text, user);
    buffer_add_char(&text, '\0');
    if (kind->by_address)
        buffer_add_text(&text, address);
    key = hash_bytes(text.data, text.len);
    return key ? key : 1;
}

static struct count *row_of(struct throttle *throttle, uint64_t key)
{
    return &throttle->counts[key % throttle->n_rows * ROW];
}

static struct count *find(struct throttle *throttle, uint64_t key)
{
    struct count *row = row_of(throttle, key);

    for (size_t i = 0; i < ROW; i++)
        if (row[i].key == key)
            return &row[i];
    return NULL;
}

static uint32_t weight(const struct count *count, int64_t now_us)
{
    return count->key == 0 || now_us - count->last_us > QUIET_US ? 0 : count->failures;
}

/* The count, made in place of the one that matters least when there is none: new names must not drive out an address that
   has failed often. */
static struct count *find_or_make(struct throttle *throttle, uint64_t key, int64_t now_us)
{
    struct count *count = find(throttle, key), *row = row_of(throttle, key);

    if (count)
        return count;
    count = row;
    for (size_t i = 1; i < ROW; i++) {
        uint32_t lightest = weight(count, now_us), other = weight(&row[i], now_us);

        if (other < lightest || (other == lightest && row[i].last_us < count->last_us))
            count = &row[i];
    }
    *count = (struct count){ .key = key };
    return count;
}

static int64_t wait_after(const struct kind *kind, uint32_t failures)
{
    uint32_t doublings;

    if (failures < kind->free)
        return 0;
    doublings = failures - kind->free;
    if (doublings > 30 || WAIT_FREE << doublings > kind->longest_us)
        return kind->longest_us;
    return WAIT_FREE << doublings;
}

int64_t throttle_wait_us(struct throttle *throttle, const char *user, const char *address, int64_t now_us)
{
    int64_t longest = 0;

    pthread_mutex_lock(&throttle->lock);
    for (size_t i = 0; i < ELEMENTS(kinds); i++) {
        const struct count *count = find(throttle, key_of(&kinds[i], user, address));
        int64_t left;

        if (!count || now_us - count->last_us > QUIET_US)
            continue;
        left = count->last_us + wait_after(&kinds[i], count->failures) - now_us;
        /* A clock that steps back must not make anybody wait longer than ever. */
        if (left > kinds[i].longest_us)
            left = kinds[i].longest_us;
        if (left > longest)
            longest = left;
    }
    pthread_mutex_unlock(&throttle->lock);
    return longest;
}

void throttle_failed(struct throttle *throttle, const char *user, const char *address, int64_t now_us)
{
    pthread_mutex_lock(&throttle->lock);
    for (size_t i = 0; i < ELEMENTS(kinds); i++) {
        struct count *count = find_or_make(throttle, key_of(&kinds[i], user, address), now_us);

        if (now_us - count->last_us > QUIET_US)
            count->failures = 0;
        if (count->failures < UINT32_MAX)
            count->failures++;
        count->last_us = now_us;
    }
    pthread_mutex_unlock(&throttle->lock);
}

void throttle_succeeded(struct throttle *throttle, const char *user, const char *address)
{
    pthread_mutex_lock(&throttle->lock);
    for (size_t i = 0; i < ELEMENTS(kinds); i++) {
        struct count *count = find(throttle, key_of(&kinds[i], user, address));

        if (!count)
            continue;
        if (kinds[i].by_user || count->failures <= ADDRESS_PARDON)
            *count = (struct count){ 0 };
        else
            count->failures -= ADDRESS_PARDON;
    }
    pthread_mutex_unlock(&throttle->lock);
}
