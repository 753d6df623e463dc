/* SPDX-License-Identifier: Apache-2.0 */
#include "base/object_id.h"

#include <string.h>

void object_id_maker_init(struct object_id_maker *maker, uint64_t random)
{
    *maker = (struct object_id_maker){ .random = random & 0xFFFFFFFFFFULL };
}

static void hex(char *out, uint64_t value, int digits)
{
    while (digits--) {
        out[digits] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
}

void object_id_make(struct object_id_maker *maker, int64_t now_us, char out[OBJECT_ID_SIZE])
{
    uint32_t second = (uint32_t)(now_us / 1000000);

    /* A second never goes back; one that runs out of its 2^24 numbers borrows the next. */
    if (second > maker->second) {
        maker->second = second;
        maker->counter = 0;
    } else if (maker->counter == 0xFFFFFF) {
        maker->second++;
        maker->counter = 0;
    }
    hex(out, maker->second, 8);
    hex(out + 8, maker->random, 10);
    hex(out + 18, maker->counter++, 6);
    out[24] = '\0';
}

bool object_id_valid(const char *text)
{
    return strlen(text) == 24 && strspn(text, "0123456789abcdefABCDEF") == 24;
}
