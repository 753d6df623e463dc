/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/token.h"

#include <openssl/rand.h>
#include <stdlib.h>

void token_make(char out[TOKEN_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char random[16];

    if (RAND_bytes(random, sizeof(random)) != 1)
        abort(); /* a guessable token is worse than none */
    random[6] = (random[6] & 0x0f) | 0x40;
    random[8] = (random[8] & 0x3f) | 0x80;
    for (int i = 0; i < 16; i++) {
        out[2 * i] = digits[random[i] >> 4];
        out[2 * i + 1] = digits[random[i] & 15];
    }
    out[32] = '\0';
}
