/* SPDX-License-Identifier: Apache-2.0 */
#include "base/object_id.h"

#include <stdlib.h>
#include <string.h>

int64_t sequence_next(struct sequence *sequence, int64_t now_us)
{
    int64_t first = sequence_at(now_us);

    /* A second that runs out of its 2^24 numbers borrows the next. */
    sequence->last = sequence->last < first ? first : sequence->last + 1;
    return sequence->last;
}

static void hex(char *out, uint64_t number, int digits)
{
    while (digits--) {
        out[digits] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
}

void object_id_format(uint64_t store, int64_t seq, char out[OBJECT_ID_SIZE])
{
    hex(out, (uint64_t)seq >> 24, 8);
    hex(out + 8, store, 10);
    hex(out + 18, (uint64_t)seq & 0xFFFFFF, 6);
    out[24] = '\0';
}

static uint64_t unhex(const char *text, int digits)
{
    char copy[17] = { 0 };

    memcpy(copy, text, (size_t)digits);
    return strtoull(copy, NULL, 16);
}

bool object_id_parse(uint64_t store, const char *text, int64_t *ret_seq)
{
    if (!object_id_valid(text) || unhex(text + 8, 10) != (store & 0xFFFFFFFFFFULL))
        return false;
    *ret_seq = (int64_t)(unhex(text, 8) << 24 | unhex(text + 18, 6));
    return true;
}

bool object_id_valid(const char *text)
{
    return strlen(text) == 24 && strspn(text, "0123456789abcdefABCDEF") == 24;
}
