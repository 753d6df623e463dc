/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption of secret datastore values, in the layout of Keyczar (contract: engine.md 8.1): upper-case hexadecimal text of

       header (5) | IV (16) | AES-CBC, PKCS#5 padded | HMAC-SHA1 (20) over all that stands before it

   Keys and ciphertexts of a StackStorm installation can be taken over as they are. */
#ifndef FULMAR_AUTH_CRYPTO_H
#define FULMAR_AUTH_CRYPTO_H

#include "base/buffer.h"
#include "base/error.h"

struct crypto_key;

/* The text of a new key file, 256 bits. Owned. */
int crypto_key_make(char **ret, struct error *err);
int crypto_key_parse(const char *text, size_t n, struct crypto_key **ret, struct error *err);
/* -ENOENT when there is no such file. */
int crypto_key_load(const char *path, struct crypto_key **ret, struct error *err);
void crypto_key_free(struct crypto_key *key);
void crypto_key_freep(struct crypto_key **key);

int crypto_encrypt(const struct crypto_key *key, const char *text, size_t n, char **ret, struct error *err);
/* Fails when anything was changed, or was made with another key. What was encrypted must be UTF-8. */
int crypto_decrypt(const struct crypto_key *key, const char *hex, size_t n, struct buffer *ret,
                   struct error *err);

#endif
