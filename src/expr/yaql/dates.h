/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing of dates as text; of the YAQL engine only. */
#ifndef FULMAR_EXPR_YAQL_DATES_H
#define FULMAR_EXPR_YAQL_DATES_H

#include "expr/yaql/yaql-internal.h"

/* A datetime of wall clock microseconds, or OverflowError. */
int dates_new(struct evaluation *ev, int64_t us, bool aware, int64_t offset_us, value *ret);
/* Free text, as Python's dateutil reads it: "2024-01-31T10:00Z", "Jan 5 2024 10 PM". What is not said comes from the
   day of now(). */
int dates_parse(struct evaluation *ev, value text, value *ret);
/* datetime.strptime and strftime. */
int dates_parse_format(struct evaluation *ev, value text, value format, value *ret);
int dates_format(struct evaluation *ev, value datetime, value format, value *ret);

/* The number of an English month (1..12) or weekday (0 = Monday) of which `s` is the name or its first three letters, in any
   case; -1. *ret_used is how long the name is. */
int dates_month(const char *s, size_t n, size_t *ret_used);
int dates_weekday(const char *s, size_t n, size_t *ret_used);

#endif
