/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

void strmap_release(struct strmap *map)
{
    for (size_t i = 0; i < map->room; i++)
        free(map->entries[i].key);
    free(map->entries);
    *map = (struct strmap)STRMAP_INIT;
}

static struct strmap_entry *find(const struct strmap *map, const char *key, size_t len)
{
    size_t at = hash_bytes(key, len) & (map->room - 1);

    for (;; at = (at + 1) & (map->room - 1)) {
        struct strmap_entry *entry = &map->entries[at];

        if (!entry->key || (entry->len == len && memcmp(entry->key, key, len) == 0))
            return entry;
    }
}

void *strmap_get_n(const struct strmap *map, const char *key, size_t len)
{
    return map->room ? find(map, key, len)->item : NULL;
}

void *strmap_get(const struct strmap *map, const char *key)
{
    return strmap_get_n(map, key, strlen(key));
}

static void grow(struct strmap *map)
{
    struct strmap old = *map;

    map->room = old.room ? old.room * 2 : 16;
    map->entries = xcalloc(map->room, sizeof(map->entries[0]));
    for (size_t i = 0; i < old.room; i++)
        if (old.entries[i].key)
            *find(map, old.entries[i].key, old.entries[i].len) = old.entries[i];
    free(old.entries);
}

void *strmap_set_n(struct strmap *map, const char *key, size_t len, void *item)
{
    struct strmap_entry *entry;
    void *before;

    if ((map->count + 1) * 4 > map->room * 3)
        grow(map);
    entry = find(map, key, len);
    before = entry->item;
    if (!entry->key) {
        entry->key = xmalloc(len + 1);
        memcpy(entry->key, key, len);
        entry->key[len] = '\0';
        entry->len = len;
        map->count++;
    }
    entry->item = item;
    return before;
}

void *strmap_set(struct strmap *map, const char *key, void *item)
{
    return strmap_set_n(map, key, strlen(key), item);
}

void *strmap_remove(struct strmap *map, const char *key)
{
    return strmap_remove_n(map, key, strlen(key));
}

void *strmap_remove_n(struct strmap *map, const char *key, size_t len)
{
    struct strmap_entry *entry, *next;
    size_t at;
    void *item;

    if (!map->room)
        return NULL;
    entry = find(map, key, len);
    if (!entry->key)
        return NULL;
    item = entry->item;
    free(entry->key);
    *entry = (struct strmap_entry){ 0 };
    map->count--;
    /* Close the gap: whatever follows in this run may have been pushed past its own place. */
    at = (size_t)(entry - map->entries);
    for (at = (at + 1) & (map->room - 1); map->entries[at].key; at = (at + 1) & (map->room - 1)) {
        struct strmap_entry moved = map->entries[at];

        map->entries[at] = (struct strmap_entry){ 0 };
        next = find(map, moved.key, moved.len);
        *next = moved;
    }
    return item;
}

bool strmap_next(const struct strmap *map, size_t *at, const char **ret_key, void **ret_item)
{
    for (; *at < map->room; (*at)++) {
        if (!map->entries[*at].key)
            continue;
        if (ret_key)
            *ret_key = map->entries[*at].key;
        if (ret_item)
            *ret_item = map->entries[*at].item;
        (*at)++;
        return true;
    }
    return false;
}
