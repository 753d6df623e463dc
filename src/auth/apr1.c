/* SPDX-License-Identifier: Apache-2.0 */
/* Apache's variant of the MD5 password hash: the algorithm of FreeBSD's crypt, with another word in front. A thousand
   rounds were slow once; it is here because password files of that kind exist. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "auth/password.h"
#include "base/mem.h"

#define MAGIC    "$apr1$"
#define ROUNDS   1000
#define SALT_MAX 8
#define MD5_SIZE 16

static void add(EVP_MD_CTX *md5, const void *data, size_t n)
{
    EVP_DigestUpdate(md5, data, n);
}

static void begin(EVP_MD_CTX *md5)
{
    EVP_DigestInit_ex(md5, EVP_md5(), NULL);
}

static void finish(EVP_MD_CTX *md5, unsigned char digest[MD5_SIZE])
{
    EVP_DigestFinal_ex(md5, digest, NULL);
}

static void first_digest(EVP_MD_CTX *md5, const char *password, const char *salt, size_t n_salt,
                         unsigned char digest[MD5_SIZE])
{
    size_t n = strlen(password);

    begin(md5);
    add(md5, password, n);
    add(md5, salt, n_salt);
    add(md5, password, n);
    finish(md5, digest);

    begin(md5);
    add(md5, password, n);
    add(md5, MAGIC, strlen(MAGIC));
    add(md5, salt, n_salt);
    for (size_t left = n; left; left -= left < MD5_SIZE ? left : MD5_SIZE)
        add(md5, digest, left < MD5_SIZE ? left : MD5_SIZE);
    /* One byte for each bit of the length: a zero where it is set, else the password's first. */
    for (size_t bits = n; bits; bits >>= 1)
        add(md5, bits & 1 ? "" : password, 1);
    finish(md5, digest);
}

static void stretch(EVP_MD_CTX *md5, const char *password, const char *salt, size_t n_salt,
                    unsigned char digest[MD5_SIZE])
{
    size_t n = strlen(password);

    for (int i = 0; i < ROUNDS; i++) {
        begin(md5);
        if (i & 1)
            add(md5, password, n);
        else
            add(md5, digest, MD5_SIZE);
        if (i % 3)
            add(md5, salt, n_salt);
        if (i % 7)
            add(md5, password, n);
        if (i & 1)
            add(md5, digest, MD5_SIZE);
        else
            add(md5, password, n);
        finish(md5, digest);
    }
}

/* `n` digits of a number in crypt's base 64, least significant first. */
static char *put_digits(char *out, unsigned long number, int n)
{
    static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    for (; n; n--, number >>= 6)
        *out++ = alphabet[number & 63];
    return out;
}

void password_apr1(const char *password, const char *salt, size_t n_salt, char out[PASSWORD_APR1_SIZE])
{
    EVP_MD_CTX *md5 = EVP_MD_CTX_new();
    unsigned char d[MD5_SIZE] = { 0 };
    char *at;

    if (n_salt > SALT_MAX)
        n_salt = SALT_MAX;
    first_digest(md5, password, salt, n_salt, d);
    stretch(md5, password, salt, n_salt, d);
    EVP_MD_CTX_free(md5);

    at = out + snprintf(out, PASSWORD_APR1_SIZE, MAGIC "%.*s$", (int)n_salt, salt);
    for (int i = 0; i < 5; i++)
        at = put_digits(at, (unsigned long)d[i] << 16 | (unsigned long)d[i + 6] << 8 | d[i == 4 ? 5 : i + 12],
                        4);
    at = put_digits(at, d[11], 2);
    *at = '\0';
}
