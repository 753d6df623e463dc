/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

static uint64_t key[2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
    if (getrandom(key, sizeof(key), 0) != sizeof(key)) {
        key[0] = 0x736f6d6570736575ULL;
        key[1] = 0x646f72616e646f6dULL;
    }
}

#define ROTATE(x, b) ((x) << (b) | (x) >> (64 - (b)))
#define ROUND                \
    do {                     \
        v0 += v1;            \
        v1 = ROTATE(v1, 13); \
        v1 ^= v0;            \
        v0 = ROTATE(v0, 32); \
        v2 += v3;            \
        v3 = ROTATE(v3, 16); \
        v3 ^= v2;            \
        v0 += v3;            \
        v3 = ROTATE(v3, 21); \
        v3 ^= v0;            \
        v2 += v1;            \
        v1 = ROTATE(v1, 17); \
        v1 ^= v2;            \
        v2 = ROTATE(v2, 32); \
    } while (0)

uint64_t hash_bytes(const void *data, size_t n)
{
    const unsigned char *p = data;
    uint64_t v0, v1, v2, v3, word, last = (uint64_t)n << 56;

    pthread_once(&once, draw_key);
    v0 = key[0] ^ 0x736f6d6570736575ULL;
    v1 = key[1] ^ 0x646f72616e646f6dULL;
    v2 = key[0] ^ 0x6c7967656e657261ULL;
    v3 = key[1] ^ 0x7465646279746573ULL;
    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        v3 ^= word;
        ROUND;
        v0 ^= word;
    }
    word = 0;
    if (n)
        memcpy(&word, p, n);
    last |= word;
    v3 ^= last;
    ROUND;
    v0 ^= last;
    v2 ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}
