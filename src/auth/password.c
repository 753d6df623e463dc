/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/password.h"

#include <crypt.h>
#include <ctype.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Past these a single check takes minutes. */
#define BCRYPT_COST_MAX 16
#define SHA_ROUNDS_MAX  1000000UL

static int compare(const char *made, const char *hash)
{
    size_t n = strlen(hash);

    if (strlen(made) != n)
        return PASSWORD_WRONG;
    return CRYPTO_memcmp(made, hash, n) == 0 ? 0 : PASSWORD_WRONG;
}

static int verify_crypt(const char *hash, const char *password)
{
    void *memory = NULL;
    int size = 0, r;
    char *made = crypt_ra(password, hash, &memory, &size);

    r = !made || made[0] == '*' ? PASSWORD_UNSUPPORTED : compare(made, hash);
    if (memory)
        OPENSSL_cleanse(memory, (size_t)size);
    free(memory);
    return r;
}

static int verify_bcrypt(const char *hash, const char *password)
{
    char *end;
    unsigned long cost = strlen(hash) == 60 ? strtoul(hash + 4, &end, 10) : 99;

    return cost > BCRYPT_COST_MAX ? PASSWORD_UNSUPPORTED : verify_crypt(hash, password);
}

static int verify_sha_crypt(const char *hash, const char *password)
{
    static const char rounds[] = "rounds=";

    if (strncmp(hash + 3, rounds, strlen(rounds)) == 0 &&
        strtoul(hash + 3 + strlen(rounds), NULL, 10) > SHA_ROUNDS_MAX)
        return PASSWORD_UNSUPPORTED;
    return verify_crypt(hash, password);
}

static int verify_yescrypt(const char *hash, const char *password)
{
    /* "$y$", then flavour, cost and block size in crypt's base 64: "j9T" is the usual 16 MiB, "jDT" are 256 MiB. */
    if (strlen(hash) < 8 || hash[3] != 'j' || !isalnum((unsigned char)hash[4]) || hash[4] > 'D' ||
        !isalnum((unsigned char)hash[5]) || hash[5] > 'T' || hash[6] != '$')
        return PASSWORD_UNSUPPORTED;
    return verify_crypt(hash, password);
}

static int verify_apr1(const char *hash, const char *password)
{
    char made[PASSWORD_APR1_SIZE];
    const char *salt = hash + strlen("$apr1$");

    password_apr1(password, salt, strcspn(salt, "$"), made);
    return compare(made, hash);
}

static int verify_sha1(const char *hash, const char *password)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned char text[64];
    unsigned n;

    if (!EVP_Digest(password, strlen(password), digest, &n, EVP_sha1(), NULL))
        return PASSWORD_UNSUPPORTED;
    EVP_EncodeBlock(text, digest, (int)n);
    return compare((const char *)text, hash + strlen("{SHA}"));
}

static int verify_des(const char *hash, const char *password)
{
    static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /* Two characters of salt, eleven of hash; anything else would be some text without a scheme. */
    return strlen(hash) == 13 && strspn(hash, alphabet) == 13 ? verify_crypt(hash, password)
                                                              : PASSWORD_UNSUPPORTED;
}

/* To add a scheme: its first characters and how to check. The first row that fits decides. */
static const struct scheme {
    const char *prefix;
    int (*verify)(const char *hash, const char *password);
} schemes[] = {
    { "$2y$", verify_bcrypt },   { "$2b$", verify_bcrypt },
    { "$2a$", verify_bcrypt },   { "$5$", verify_sha_crypt },
    { "$6$", verify_sha_crypt }, { "$apr1$", verify_apr1 },
    { "{SHA}", verify_sha1 },    { "$1$", verify_crypt },
    { "$y$", verify_yescrypt },  { "$", NULL },
    { "", verify_des },
};

int password_verify(const char *hash, const char *password)
{
    if (strlen(password) > PASSWORD_MAX)
        return PASSWORD_WRONG;
    for (size_t i = 0; i < ELEMENTS(schemes); i++)
        if (strncmp(hash, schemes[i].prefix, strlen(schemes[i].prefix)) == 0)
            return schemes[i].verify ? schemes[i].verify(hash, password) : PASSWORD_UNSUPPORTED;
    return PASSWORD_UNSUPPORTED;
}

int password_hash(const char *password, unsigned cost, char **ret_hash, struct error *err)
{
    CLEANUP(freep)
    char *setting = NULL;
    void *memory = NULL;
    int size = 0;
    char *made;

    if (strlen(password) > PASSWORD_MAX)
        return error_set(err, -EINVAL, "The password is longer than %d bytes.", PASSWORD_MAX);
    if (cost < 4 || cost > BCRYPT_COST_MAX)
        return error_set(err, -EINVAL, "The cost of a password hash is 4 to %d.", BCRYPT_COST_MAX);
    setting = crypt_gensalt_ra("$2y$", cost, NULL, 0);
    made = setting ? crypt_ra(password, setting, &memory, &size) : NULL;
    if (!made || made[0] == '*') {
        free(memory);
        return error_set(err, -EIO, "Cannot make a password hash.");
    }
    *ret_hash = xstrdup(made);
    OPENSSL_cleanse(memory, (size_t)size);
    free(memory);
    return 0;
}
