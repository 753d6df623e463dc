/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar arithmetic on VALUE_DATETIME: civil dates, ISO text, time zones. Proleptic Gregorian, years 1..9999. */
#ifndef FULMAR_VALUE_DATETIME_H
#define FULMAR_VALUE_DATETIME_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

struct civil {
    int year, month, day; /* 1..9999, 1..12, 1..31 */
    int hour, minute, second, microsecond;
};

/* Wall clock microseconds since 1970-01-01T00:00:00 to fields and back. */
void civil_from_us(int64_t us, struct civil *ret);
int64_t civil_to_us(const struct civil *civil);
bool civil_valid(const struct civil *civil);
int days_in_month(int year, int month);
/* 0 = Monday, as Python's weekday(). */
int weekday_of_us(int64_t us);

/* Python's datetime.isoformat(sep): "2001-12-14T21:59:43.100000-05:00"; a date has no time part. */
void datetime_format_iso(struct buffer *out, value datetime, char separator);
/* ISO 8601 as found in payloads ("2024-01-31", "2024-01-31T12:00:00.123Z", "+02:00", a space for T). Negative with a text. */
int datetime_parse_iso(const char *text, size_t n, value *ret, struct error *err);
/* UTC microseconds of an aware datetime; a naive one counts as UTC. */
int64_t datetime_utc_us(value datetime);

#endif
