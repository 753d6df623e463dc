/* SPDX-License-Identifier: Apache-2.0 */
/* Form bodies as {field: [texts]}, fields in order of first appearance. Pure. */
#ifndef FULMAR_HTTP_FORM_H
#define FULMAR_HTTP_FORM_H

#include <stddef.h>

#include "base/error.h"
#include "value/value.h"

/* application/x-www-form-urlencoded. */
int form_read_urlencoded(const char *body, size_t n, value *ret, struct error *err);
/* multipart/form-data; the whole Content-Type header tells the boundary. Files are read as text too. */
int form_read_multipart(const char *content_type, const char *body, size_t n, value *ret, struct error *err);

#endif
