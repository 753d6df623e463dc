/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/api_key.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define SALT "saltnpepper"

static void put_hex(const unsigned char *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        *out++ = digits[bytes[i] >> 4];
        *out++ = digits[bytes[i] & 15];
    }
    *out = '\0';
}

void api_key_make(char out[API_KEY_SIZE])
{
    unsigned char random[256], digest[EVP_MAX_MD_SIZE], text[API_KEY_SIZE + 2];
    char hex[65];
    unsigned n;

    /* Nobody may be given a key that can be guessed, so there is no going on without randomness. */
    if (RAND_bytes(random, sizeof(random)) != 1 ||
        !EVP_Digest(random, sizeof(random), digest, &n, EVP_sha256(), NULL))
        abort();
    put_hex(digest, n, hex);
    /* 64 hexadecimal digits give 86 letters and digits and two signs of padding. Base 64's other signs need five set bits
       in a row, which the bytes of such digits never have. */
    EVP_EncodeBlock(text, (const unsigned char *)hex, 64);
    memcpy(out, text, API_KEY_SIZE - 1);
    out[API_KEY_SIZE - 1] = '\0';
}

void api_key_hash(const char *key, char out[API_KEY_HASH_SIZE])
{
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n;

    if (!sha || !EVP_DigestInit_ex(sha, EVP_sha512(), NULL) || !EVP_DigestUpdate(sha, SALT, strlen(SALT)) ||
        !EVP_DigestUpdate(sha, key, strlen(key)) || !EVP_DigestFinal_ex(sha, digest, &n))
        abort();
    EVP_MD_CTX_free(sha);
    put_hex(digest, n, out);
}
