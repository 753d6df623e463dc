/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FIRST_BLOCK 1024
#define LARGE_BLOCK 65536

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

struct pool {
    struct block *blocks; /* the one being filled first */
    size_t used;
};

struct pool *pool_new(void)
{
    return xcalloc(1, sizeof(struct pool));
}

void pool_free(struct pool *pool)
{
    struct block *next;

    if (!pool)
        return;
    for (struct block *block = pool->blocks; block; block = next) {
        next = block->next;
        free(block);
    }
    free(pool);
}

void pool_freep(struct pool **pool)
{
    pool_free(*pool);
}

static struct block *add_block(struct pool *pool, size_t size)
{
    struct block *block = xmalloc(sizeof(*block) + size);

    block->next = pool->blocks;
    block->used = 0;
    block->size = size;
    pool->blocks = block;
    return block;
}

void *pool_alloc(struct pool *pool, size_t size)
{
    struct block *block = pool->blocks;
    void *p;

    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (!block || block->size - block->used < size) {
        size_t want = !block ? FIRST_BLOCK : block->size * 2 < LARGE_BLOCK ? block->size * 2 : LARGE_BLOCK;

        block = add_block(pool, want > size ? want : size);
    }
    p = block->data + block->used;
    block->used += size;
    pool->used += size;
    return memset(p, 0, size);
}

char *pool_strndup(struct pool *pool, const char *s, size_t n)
{
    char *copy = pool_alloc(pool, n + 1);

    if (n)
        memcpy(copy, s, n);
    return copy;
}

char *pool_strdup(struct pool *pool, const char *s)
{
    return pool_strndup(pool, s, strlen(s));
}

size_t pool_used(const struct pool *pool)
{
    return pool->used;
}
