/* SPDX-License-Identifier: Apache-2.0 */
#include "value/datetime.h"

#include <ctype.h>

#define US_PER_DAY 86400000000LL

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

void civil_from_us(int64_t us, struct civil *ret)
{
    int64_t days = floor_div(us, US_PER_DAY), rest = us - days * US_PER_DAY, era;
    int64_t era_day, era_year, year_day, month;

    days += 719468; /* from 0000-03-01, so that leap days end a year */
    era = floor_div(days, 146097);
    era_day = days - era * 146097;
    era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    month = (5 * year_day + 2) / 153;
    *ret = (struct civil){
        .day = (int)(year_day - (153 * month + 2) / 5 + 1),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .hour = (int)(rest / 3600000000LL),
        .minute = (int)(rest / 60000000 % 60),
        .second = (int)(rest / 1000000 % 60),
        .microsecond = (int)(rest % 1000000),
    };
    ret->year = (int)(era_year + era * 400 + (ret->month <= 2));
}

int64_t civil_to_us(const struct civil *c)
{
    int64_t year = c->year - (c->month <= 2), era = floor_div(year, 400), era_year = year - era * 400;
    int64_t year_day = (153 * (c->month > 2 ? c->month - 3 : c->month + 9) + 2) / 5 + c->day - 1;
    int64_t days = era * 146097 + era_year * 365 + era_year / 4 - era_year / 100 + year_day - 719468;

    return days * US_PER_DAY + ((c->hour * 60LL + c->minute) * 60 + c->second) * 1000000 + c->microsecond;
}

int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

bool civil_valid(const struct civil *c)
{
    return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
           c->day <= days_in_month(c->year, c->month) && c->hour >= 0 && c->hour < 24 && c->minute >= 0 &&
           c->minute < 60 && c->second >= 0 && c->second < 60 && c->microsecond >= 0 &&
           c->microsecond < 1000000;
}

int weekday_of_us(int64_t us)
{
    int64_t days = floor_div(us, US_PER_DAY) + 3; /* 1970-01-01 was a Thursday */

    return (int)(days - floor_div(days, 7) * 7);
}

void datetime_format_iso(struct buffer *out, value v, char separator)
{
    const struct value_datetime *t = v.datetime;
    struct civil c;
    int offset = t->offset_s < 0 ? -t->offset_s : t->offset_s;

    civil_from_us(t->us, &c);
    buffer_addf(out, "%04d-%02d-%02d", c.year, c.month, c.day);
    if (t->date_only)
        return;
    buffer_addf(out, "%c%02d:%02d:%02d", separator, c.hour, c.minute, c.second);
    if (c.microsecond)
        buffer_addf(out, ".%06d", c.microsecond);
    if (!t->aware)
        return;
    buffer_addf(out, "%c%02d:%02d", t->offset_s < 0 ? '-' : '+', offset / 3600, offset / 60 % 60);
    if (offset % 60)
        buffer_addf(out, ":%02d", offset % 60);
}

/* Exactly n digits at *at. */
static bool take_digits(const char **at, const char *end, int n, int *ret)
{
    int sum = 0;

    if (end - *at < n)
        return false;
    for (int i = 0; i < n; i++) {
        if (!isdigit((unsigned char)(*at)[i]))
            return false;
        sum = sum * 10 + ((*at)[i] - '0');
    }
    *at += n;
    *ret = sum;
    return true;
}

static bool take_char(const char **at, const char *end, const char *allowed)
{
    if (*at >= end || !strchr(allowed, **at) || !**at)
        return false;
    (*at)++;
    return true;
}

/* date := YYYY-MM-DD; time := HH:MM[:SS[.f{1,6}]]; zone := Z | (+|-)HH[[:]MM] */
static bool parse_iso(const char *at, const char *end, struct civil *c, bool *aware, int *offset_s)
{
    int hours = 0, minutes = 0, scale = 100000;
    bool negative;

    if (!take_digits(&at, end, 4, &c->year) || !take_char(&at, end, "-") ||
        !take_digits(&at, end, 2, &c->month) || !take_char(&at, end, "-") ||
        !take_digits(&at, end, 2, &c->day))
        return false;
    if (at == end)
        return true;
    if (!take_char(&at, end, "Tt ") || !take_digits(&at, end, 2, &c->hour) || !take_char(&at, end, ":") ||
        !take_digits(&at, end, 2, &c->minute))
        return false;
    if (take_char(&at, end, ":") && !take_digits(&at, end, 2, &c->second))
        return false;
    if (take_char(&at, end, ".,")) {
        if (at >= end || !isdigit((unsigned char)*at))
            return false;
        for (; at < end && isdigit((unsigned char)*at); at++, scale /= 10)
            c->microsecond += (*at - '0') * scale;
    }
    if (at == end)
        return true;
    *aware = true;
    if (take_char(&at, end, "Zz"))
        return at == end;
    negative = *at == '-';
    if (!take_char(&at, end, "+-") || !take_digits(&at, end, 2, &hours))
        return false;
    take_char(&at, end, ":");
    if (at < end && !take_digits(&at, end, 2, &minutes))
        return false;
    *offset_s = (hours * 60 + minutes) * 60 * (negative ? -1 : 1);
    return at == end && hours < 24 && minutes < 60;
}

int datetime_parse_iso(const char *text, size_t n, value *ret, struct error *err)
{
    struct civil c = { 0 };
    bool aware = false;
    int offset_s = 0;

    if (!parse_iso(text, text + n, &c, &aware, &offset_s) || !civil_valid(&c))
        return error_set(err, -EINVAL, "'%.*s' is not an ISO 8601 time", n > 64 ? 64 : (int)n, text);
    *ret = value_datetime_new(civil_to_us(&c), aware, offset_s);
    return 0;
}

int64_t datetime_utc_us(value v)
{
    return v.datetime->us - (int64_t)v.datetime->offset_s * 1000000;
}
