/* SPDX-License-Identifier: Apache-2.0 */
/* Password hashes: bcrypt ($2y$, $2b$, $2a$), SHA-crypt ($5$, $6$), Apache's MD5 ($apr1$), MD5-crypt ($1$), yescrypt ($y$),
   traditional crypt, and {SHA}. Checking takes as long as the hash's author wanted, so callers do it in the worker pool.
   Pure. */
#ifndef FULMAR_AUTH_PASSWORD_H
#define FULMAR_AUTH_PASSWORD_H

#include <stddef.h>

#include "base/error.h"

#define PASSWORD_MAX 1024 /* bytes; longer ones are wrong without being looked at */

/* Outcomes of checking. */
enum { PASSWORD_WRONG = 1, PASSWORD_UNSUPPORTED };

/* 0 when the password fits the hash. A hash of unreasonable cost counts as unsupported. */
int password_verify(const char *hash, const char *password);
/* A bcrypt hash, owned by the caller. Cost 4 to 16; 12 is a good choice. Negative when it cannot be made. */
int password_hash(const char *password, unsigned cost, char **ret_hash, struct error *err);
/* Apache's MD5 with the salt and scheme in front: "$apr1$salt$hash". */
#define PASSWORD_APR1_SIZE 64
void password_apr1(const char *password, const char *salt, size_t n_salt, char out[PASSWORD_APR1_SIZE]);

#endif
