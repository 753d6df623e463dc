/* SPDX-License-Identifier: Apache-2.0 */
/* A map from text to a pointer. Keys are copied; what the pointers lead to belongs to the caller. */
#ifndef FULMAR_BASE_STRMAP_H
#define FULMAR_BASE_STRMAP_H

#include <stdbool.h>
#include <stddef.h>

struct strmap_entry {
    char *key; /* NULL: free place */
    size_t len;
    void *item;
};

struct strmap {
    struct strmap_entry *entries;
    size_t count, room; /* room is a power of two */
};

#define STRMAP_INIT \
    {               \
        0           \
    }

void strmap_release(struct strmap *map);
/* The item, or NULL. */
void *strmap_get(const struct strmap *map, const char *key);
void *strmap_get_n(const struct strmap *map, const char *key, size_t len);
/* Sets and returns what was there before, or NULL. */
void *strmap_set(struct strmap *map, const char *key, void *item);
void *strmap_set_n(struct strmap *map, const char *key, size_t len, void *item);
/* Removes and returns the item, or NULL. */
void *strmap_remove(struct strmap *map, const char *key);
void *strmap_remove_n(struct strmap *map, const char *key, size_t len);
/* Walk in no particular order: *at starts at 0; false at the end. Removing while walking is not allowed. */
bool strmap_next(const struct strmap *map, size_t *at, const char **ret_key, void **ret_item);

#endif
