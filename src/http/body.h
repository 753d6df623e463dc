/* SPDX-License-Identifier: Apache-2.0 */
/* A body to a value by its content type. Pure; http_body_value is this for a request. */
#ifndef FULMAR_HTTP_BODY_H
#define FULMAR_HTTP_BODY_H

#include <stddef.h>

#include "base/error.h"
#include "value/value.h"

/* `content_type` may be NULL. */
int body_read(const char *content_type, const char *body, size_t n, value *ret, struct error *err);

#endif
