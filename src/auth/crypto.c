/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/json.h"

#define HEADER_SIZE 5
#define IV_SIZE     16
#define MAC_SIZE    20
#define KEY_MAX     64
#define FILE_MAX    65536

struct crypto_key {
    unsigned char aes[KEY_MAX], hmac[KEY_MAX];
    size_t aes_n, hmac_n;
};

void crypto_key_free(struct crypto_key *key)
{
    if (!key)
        return;
    OPENSSL_cleanse(key, sizeof(*key));
    free(key);
}

void crypto_key_freep(struct crypto_key **key)
{
    crypto_key_free(*key);
}

/* ---- key files: base64 for URLs, without padding ---- */

static int digit_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *p = c ? strchr(digits, c) : NULL;

    return p ? (int)(p - digits) : c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool decode(const char *text, unsigned char out[KEY_MAX], size_t *ret_n)
{
    unsigned bits = 0, n_bits = 0;
    size_t n = 0;

    for (; text && *text && *text != '='; text++) {
        int digit = digit_of(*text);

        if (digit < 0 || n == KEY_MAX)
            return false;
        bits = bits << 6 | (unsigned)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[n++] = (unsigned char)(bits >> n_bits);
        }
    }
    *ret_n = n;
    return n >= 16;
}

static void encode(struct buffer *out, const unsigned char *data, size_t n)
{
    unsigned char text[KEY_MAX * 2];
    int length = EVP_EncodeBlock(text, data, (int)n);

    for (int i = 0; i < length && text[i] != '='; i++)
        buffer_add_char(out, (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]));
}

int crypto_key_make(char **ret, struct error *err)
{
    unsigned char bytes[64];
    BUFFER_AUTO(text);

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return error_set(err, -EIO, "no random numbers to be had for a key");
    buffer_add_text(&text, "{\"hmacKey\": {\"hmacKeyString\": \"");
    encode(&text, bytes, 32);
    buffer_add_text(&text, "\", \"size\": 256}, \"aesKeyString\": \"");
    encode(&text, bytes + 32, 32);
    buffer_add_text(&text, "\", \"mode\": \"CBC\", \"size\": 256}\n");
    OPENSSL_cleanse(bytes, sizeof(bytes));
    *ret = buffer_take(&text);
    return 0;
}

int crypto_key_parse(const char *text, size_t n, struct crypto_key **ret, struct error *err)
{
    CLEANUP(crypto_key_freep)
    struct crypto_key *key = xcalloc(1, sizeof(*key));
    VALUE_AUTO(document);
    const char *mode;
    int r = json_read(text, n, 0, &document, err);

    if (r < 0)
        return error_prefix(err, r, "the key is no JSON");
    mode = value_map_chars(document, "mode");
    if (!mode || strcmp(mode, "CBC") != 0)
        return error_set(err, -EINVAL, "Unsupported mode: %s", mode ? mode : "none");
    if (!decode(value_map_chars(document, "aesKeyString"), key->aes, &key->aes_n) ||
        (key->aes_n != 16 && key->aes_n != 24 && key->aes_n != 32))
        return error_set(err, -EINVAL, "aesKeyString is no AES key of 128, 192 or 256 bits");
    if (!decode(value_map_chars(value_map_get(document, "hmacKey"), "hmacKeyString"), key->hmac,
                &key->hmac_n))
        return error_set(err, -EINVAL, "hmacKey.hmacKeyString is no key of at least 128 bits");
    *ret = take_ptr(&key);
    return 0;
}

int crypto_key_load(const char *path, struct crypto_key **ret, struct error *err)
{
    FILE *file = fopen(path, "re");
    BUFFER_AUTO(text);
    char chunk[4096];
    size_t n;
    int r;

    if (!file)
        return error_set(err, -errno, "%s: %s", path, strerror(errno));
    while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0 && text.len < FILE_MAX)
        buffer_add(&text, chunk, n);
    fclose(file);
    r = crypto_key_parse(buffer_text(&text), text.len, ret, err);
    OPENSSL_cleanse(chunk, sizeof(chunk));
    if (text.data)
        OPENSSL_cleanse(text.data, text.len);
    return r < 0 ? error_prefix(err, r, "%s", path) : 0;
}

/* ---- texts ---- */

static const EVP_CIPHER *cipher_of(const struct crypto_key *key)
{
    return key->aes_n == 16 ? EVP_aes_128_cbc() : key->aes_n == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
}

static int sign(const struct crypto_key *key, const unsigned char *data, size_t n,
                unsigned char mac[MAC_SIZE])
{
    unsigned length = 0;

    return HMAC(EVP_sha1(), key->hmac, (int)key->hmac_n, data, n, mac, &length) && length == MAC_SIZE ? 0
                                                                                                      : -EIO;
}

int crypto_encrypt(const struct crypto_key *key, const char *text, size_t n, char **ret, struct error *err)
{
    size_t room = HEADER_SIZE + IV_SIZE + n + 16 + MAC_SIZE;
    CLEANUP(freep)
    unsigned char *bytes = xmalloc(room);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    unsigned char *at = bytes + HEADER_SIZE + IV_SIZE;
    int part = 0, last = 0;
    bool good;
    char *hex;

    memset(bytes, '0', HEADER_SIZE);
    good = context && n < INT32_MAX / 4 && RAND_bytes(bytes + HEADER_SIZE, IV_SIZE) == 1 &&
           EVP_EncryptInit_ex(context, cipher_of(key), NULL, key->aes, bytes + HEADER_SIZE) == 1 &&
           EVP_EncryptUpdate(context, at, &part, (const unsigned char *)text, (int)n) == 1 &&
           EVP_EncryptFinal_ex(context, at + part, &last) == 1;
    at += part + last;
    EVP_CIPHER_CTX_free(context);
    if (!good || sign(key, bytes, (size_t)(at - bytes), at) < 0)
        return error_set(err, -EIO, "the value cannot be encrypted");
    at += MAC_SIZE;
    hex = xmalloc((size_t)(at - bytes) * 2 + 1);
    for (unsigned char *p = bytes; p < at; p++) {
        hex[(p - bytes) * 2] = "0123456789ABCDEF"[*p >> 4];
        hex[(p - bytes) * 2 + 1] = "0123456789ABCDEF"[*p & 15];
    }
    hex[(at - bytes) * 2] = '\0';
    *ret = hex;
    return 0;
}

static int nibble(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
                                  : -1;
}

static int read_hex(const char *hex, size_t n, unsigned char *out, struct error *err)
{
    for (size_t i = 0; i < n / 2; i++) {
        int high = nibble(hex[i * 2]), low = nibble(hex[i * 2 + 1]);

        if (high < 0 || low < 0)
            return error_set(err, -EINVAL, "Invalid or malformed ciphertext (no hexadecimal text)");
        out[i] = (unsigned char)(high << 4 | low);
    }
    return n % 2 ? error_set(err, -EINVAL, "Invalid or malformed ciphertext (no hexadecimal text)") : 0;
}

int crypto_decrypt(const struct crypto_key *key, const char *hex, size_t n, struct buffer *ret,
                   struct error *err)
{
    CLEANUP(freep)
    unsigned char *bytes = xmalloc(n / 2 + 1), *out = NULL;
    size_t size = n / 2, body;
    unsigned char mac[MAC_SIZE];
    EVP_CIPHER_CTX *context;
    int part = 0, last = 0, r = read_hex(hex, n, bytes, err);
    bool good;

    if (r < 0)
        return r;
    if (size < HEADER_SIZE + IV_SIZE + MAC_SIZE + 16)
        return error_set(err, -EINVAL, "Invalid or malformed ciphertext (too short)");
    if (size > INT32_MAX / 4)
        return error_set(err, -EINVAL, "Invalid or malformed ciphertext (too long)");
    if (sign(key, bytes, size - MAC_SIZE, mac) < 0 ||
        CRYPTO_memcmp(mac, bytes + size - MAC_SIZE, MAC_SIZE) != 0)
        return error_set(err, -EINVAL, "Signature did not match digest.");
    body = size - HEADER_SIZE - IV_SIZE - MAC_SIZE;
    out = xmalloc(body + 16);
    context = EVP_CIPHER_CTX_new();
    good = context && EVP_DecryptInit_ex(context, cipher_of(key), NULL, key->aes, bytes + HEADER_SIZE) == 1 &&
           EVP_DecryptUpdate(context, out, &part, bytes + HEADER_SIZE + IV_SIZE, (int)body) == 1 &&
           EVP_DecryptFinal_ex(context, out + part, &last) == 1;
    EVP_CIPHER_CTX_free(context);
    if (!good || !utf8_valid((char *)out, (size_t)(part + last)))
        return error_set(err, -EINVAL, "Invalid or malformed ciphertext");
    buffer_add(ret, out, (size_t)(part + last));
    OPENSSL_cleanse(out, body);
    return 0;
}
