/* SPDX-License-Identifier: Apache-2.0 */
/* Password files: "user:hash" lines, comments with #, empty lines. Pure: the caller reads and writes the file. */
#ifndef FULMAR_AUTH_HTPASSWD_H
#define FULMAR_AUTH_HTPASSWD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

#define HTPASSWD_USER_MAX 255

/* Outcomes of checking; only for the log, clients hear the same of all. */
enum { HTPASSWD_WRONG = 1, HTPASSWD_UNKNOWN_USER, HTPASSWD_UNSUPPORTED };

/* 0 when the file has this user with this password; of several lines for a user the first counts. An unknown user costs
   as much time as a known one with a wrong password. */
int htpasswd_verify(const char *file, size_t n, const char *user, const char *password);
bool htpasswd_has(const char *file, size_t n, const char *user);
/* The file with the user's line replaced or added, everything else as it was. A NULL hash takes the user out. Negative
   for a name that cannot stand in a password file. */
int htpasswd_set(struct buffer *out, const char *file, size_t n, const char *user, const char *hash,
                 struct error *err);

#endif
