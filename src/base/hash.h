/* SPDX-License-Identifier: Apache-2.0 */
/* A keyed hash for tables whose keys an enemy may choose: SipHash-1-3 with a key drawn once per process. */
#ifndef FULMAR_BASE_HASH_H
#define FULMAR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(const void *data, size_t n);

static inline uint64_t hash_mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

#endif
