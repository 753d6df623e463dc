/* SPDX-License-Identifier: Apache-2.0 */
/* Typed query parameters from their text, with the texts of rest-api.md 2. Pure. */
#ifndef FULMAR_HTTP_QUERY_H
#define FULMAR_HTTP_QUERY_H

#include "http/http.h"

int query_read_bool(const char *name, const char *text, bool *ret, struct error *err);
/* The stricter words of the `enabled` parameters: 1 true True / 0 false False. */
int query_read_flag(const char *text, bool *ret, struct error *err);
/* An integer past 64 bits is taken as the nearest one that fits. */
int query_read_int(const char *name, const char *text, int64_t *ret, struct error *err);
/* UTC microseconds. */
int query_read_time(const char *name, const char *text, int64_t *ret, struct error *err);
/* "a,b": a list of texts. */
value query_read_list(const char *text);
/* Does the text fit the type? */
int query_check(const char *name, enum http_parameter_type type, const char *text, struct error *err);

#endif
