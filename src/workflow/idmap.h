/* SPDX-License-Identifier: Apache-2.0 */
/* A map from 64-bit keys to pointers or numbers that fit one; 0 means absent. Keys are spread, not secret. */
#ifndef FULMAR_WORKFLOW_IDMAP_H
#define FULMAR_WORKFLOW_IDMAP_H

#include <stddef.h>
#include <stdint.h>

struct idmap {
    struct idmap_slot {
        uint64_t key;
        uintptr_t item;
        uint8_t used;
    } * slots;
    size_t n, room; /* used slots, also those whose item is 0 again; a power of two */
};

uintptr_t idmap_get(const struct idmap *map, uint64_t key);
void idmap_set(struct idmap *map, uint64_t key, uintptr_t item);
void idmap_release(struct idmap *map);

#endif
