/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets and forms as text: percent-decoding, fields. Pure. */
#ifndef FULMAR_HTTP_URI_H
#define FULMAR_HTTP_URI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

struct pool;

#define URI_FIELDS_MAX 1000

struct uri_field {
    char *name, *value; /* valid UTF-8 without NUL */
};

struct uri_fields {
    struct uri_field *items;
    size_t count;
};

/* Percent escapes replaced; what is no escape ("%zz") stays as it is. With `plus` a plus sign is a blank. `out` needs n
   bytes and a NUL; returns the length. */
size_t uri_decode(const char *s, size_t n, bool plus, char *out);
/* A decoded path. Negative with the text for a 400 when it is not UTF-8 or holds a NUL. */
int uri_path(struct pool *pool, const char *s, size_t n, char **ret_path, struct error *err);
/* "a=1&b=2" in order. Negative when there are too many fields or one is not UTF-8. */
int uri_fields(struct pool *pool, const char *s, size_t n, struct uri_fields *ret, struct error *err);
/* The first value of that name, or NULL. */
const char *uri_field(const struct uri_fields *fields, const char *name);
/* The target with the values of secret query parameters replaced by "********". */
void uri_mask(struct buffer *out, const char *target, const char *const *more_names);
/* Does this query name carry a secret? */
bool uri_name_is_secret(const char *name, size_t n, const char *const *more_names);

#endif
