/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

int64_t clock_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void digits(char *out, unsigned value, int n)
{
    while (n--) {
        out[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

void clock_format(int64_t us, char out[CLOCK_TEXT_SIZE])
{
    int64_t days, seconds;
    unsigned era_day, era_year, year_day, month, day;
    int64_t era, year;

    seconds = us >= 0 ? us / 1000000 : -((-us + 999999) / 1000000);
    us -= seconds * 1000000;
    days = seconds >= 0 ? seconds / 86400 : -((-seconds + 86399) / 86400);
    seconds -= days * 86400;

    /* Days to a date in the proleptic Gregorian calendar, counting years from 1 March. */
    days += 719468;
    era = (days >= 0 ? days : days - 146096) / 146097;
    era_day = (unsigned)(days - era * 146097);
    era_year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
    year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
    month = (5 * year_day + 2) / 153;
    day = year_day - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year = (int64_t)era_year + era * 400 + (month <= 2);

    digits(out, (unsigned)year, 4);
    out[4] = '-';
    digits(out + 5, month, 2);
    out[7] = '-';
    digits(out + 8, day, 2);
    out[10] = 'T';
    digits(out + 11, (unsigned)(seconds / 3600), 2);
    out[13] = ':';
    digits(out + 14, (unsigned)(seconds / 60 % 60), 2);
    out[16] = ':';
    digits(out + 17, (unsigned)(seconds % 60), 2);
    out[19] = '.';
    digits(out + 20, (unsigned)us, 6);
    out[26] = 'Z';
    out[27] = '\0';
}
