/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that ends together: allocated piece by piece, dropped whole. Not thread-safe. */
#ifndef FULMAR_BASE_POOL_H
#define FULMAR_BASE_POOL_H

#include <stddef.h>

struct pool;

struct pool *pool_new(void);
void pool_free(struct pool *pool);
void pool_freep(struct pool **pool);
/* Zeroed, aligned for anything. */
void *pool_alloc(struct pool *pool, size_t size);
char *pool_strndup(struct pool *pool, const char *s, size_t n);
char *pool_strdup(struct pool *pool, const char *s);
/* Bytes handed out so far. */
size_t pool_used(const struct pool *pool);

#endif
