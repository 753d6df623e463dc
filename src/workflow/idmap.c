/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow/idmap.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/mem.h"

static struct idmap_slot *find(const struct idmap *map, uint64_t key)
{
    size_t i = hash_mix(key + 0x9e3779b97f4a7c15ULL) & (map->room - 1);

    while (map->slots[i].used && map->slots[i].key != key)
        i = (i + 1) & (map->room - 1);
    return &map->slots[i];
}

/* Room for one more; slots that were emptied are left behind. */
static void grow(struct idmap *map)
{
    struct idmap old = *map;
    size_t live = 0;

    for (size_t i = 0; i < old.room; i++)
        live += old.slots[i].used && old.slots[i].item;
    map->room = 16;
    while (map->room < live * 4)
        map->room *= 2;
    map->slots = xcalloc(map->room, sizeof(map->slots[0]));
    map->n = 0;
    for (size_t i = 0; i < old.room; i++)
        if (old.slots[i].used && old.slots[i].item) {
            *find(map, old.slots[i].key) = old.slots[i];
            map->n++;
        }
    free(old.slots);
}

uintptr_t idmap_get(const struct idmap *map, uint64_t key)
{
    struct idmap_slot *slot;

    if (!map->room)
        return 0;
    slot = find(map, key);
    return slot->used ? slot->item : 0;
}

void idmap_set(struct idmap *map, uint64_t key, uintptr_t item)
{
    struct idmap_slot *slot;

    if (map->n * 4 >= map->room * 3)
        grow(map);
    slot = find(map, key);
    if (!slot->used) {
        if (!item)
            return;
        map->n++;
    }
    *slot = (struct idmap_slot){ key, item, 1 };
}

void idmap_release(struct idmap *map)
{
    free(map->slots);
    *map = (struct idmap){ 0 };
}
