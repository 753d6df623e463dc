/* SPDX-License-Identifier: Apache-2.0 */
/* Dates by a format: strftime and strptime as Python has them, with English names. */
#include "expr/yaql/dates.h"

#include <stdio.h>
#include <time.h>

#include "base/utf8.h"
#include "value/datetime.h"
#include "value/python.h"

static const char *const months[] = { "january", "february", "march",     "april",   "may",      "june",
                                      "july",    "august",   "september", "october", "november", "december" };
static const char *const weekdays[] = { "monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday" };

static bool starts_with(const char *s, size_t n, const char *name, size_t name_len)
{
    if (n < name_len)
        return false;
    for (size_t i = 0; i < name_len; i++)
        if ((s[i] | 32) != name[i])
            return false;
    return true;
}

static int find_name(const char *const *names, size_t count, const char *s, size_t n, size_t *ret_used)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(names[i]);

        if (starts_with(s, n, names[i], len) || starts_with(s, n, names[i], 3)) {
            *ret_used = starts_with(s, n, names[i], len) ? len : 3;
            return (int)i;
        }
    }
    return -1;
}

int dates_month(const char *s, size_t n, size_t *ret_used)
{
    int at = find_name(months, ELEMENTS(months), s, n, ret_used);

    return at < 0 ? -1 : at + 1;
}

int dates_weekday(const char *s, size_t n, size_t *ret_used)
{
    return find_name(weekdays, ELEMENTS(weekdays), s, n, ret_used);
}

/* ---- strftime ---- */

static void fill_tm(value datetime, struct tm *tm)
{
    struct civil civil, new_year = { .month = 1, .day = 1 };

    civil_from_us(datetime.datetime->us, &civil);
    new_year.year = civil.year;
    *tm = (struct tm){
        .tm_year = civil.year - 1900,
        .tm_mon = civil.month - 1,
        .tm_mday = civil.day,
        .tm_hour = civil.hour,
        .tm_min = civil.minute,
        .tm_sec = civil.second,
        .tm_wday = (weekday_of_us(datetime.datetime->us) + 1) % 7,
        .tm_yday = (int)((datetime.datetime->us - civil_to_us(&new_year)) / INT64_C(86400000000)),
        .tm_gmtoff = datetime.datetime->offset_s,
        .tm_zone = "",
    };
}

static void add_offset(struct buffer *out, int32_t offset_s)
{
    int32_t size = offset_s < 0 ? -offset_s : offset_s;

    buffer_addf(out, "%c%02d%02d", offset_s < 0 ? '-' : '+', size / 3600, size / 60 % 60);
    if (size % 60)
        buffer_addf(out, "%02d", size % 60);
}

/* One directive; those of the C library are left to it. */
static void add_directive(struct buffer *out, char directive, value datetime, const struct tm *tm)
{
    char text[128], format[3] = { '%', directive, '\0' };
    int64_t us = datetime.datetime->us % 1000000;

    switch (directive) {
    case 'f':
        buffer_addf(out, "%06d", (int)(us < 0 ? us + 1000000 : us));
        break;
    case 'z':
        add_offset(out, datetime.datetime->offset_s);
        break;
    case 'Z':
        buffer_add_text(out, datetime.datetime->offset_s ? "" : "UTC");
        break;
    case 's':
        buffer_addf(out, "%lld",
                    (long long)((datetime.datetime->us - (us < 0 ? us + 1000000 : us)) / 1000000));
        break;
    default:
        if (strchr("aAbBcCdDeFgGhHIjklmMnpPrRStTuUVwWxXyY", directive)) {
            text[strftime(text, sizeof(text), format, tm)] = '\0';
            buffer_add_text(out, text);
        } else {
            buffer_add_text(out, format);
        }
    }
}

int dates_format(struct evaluation *ev, value datetime, value format, value *ret)
{
    BUFFER_AUTO(out);
    const char *s = value_chars(format);
    size_t n = value_len(format);
    struct tm tm;

    fill_tm(datetime, &tm);
    for (size_t i = 0; i < n; i++) {
        int r = s[i] == '%' ? yaql_step(ev) : 0;

        yaql_charge(ev, s[i] == '%' ? 16 : 0);
        if (r >= 0)
            r = yaql_check_text(ev, out.len);
        if (r < 0)
            return r;
        if (s[i] != '%' || i + 1 == n) {
            buffer_add_char(&out, s[i]);
        } else if (s[i + 1] == '%') {
            buffer_add_char(&out, s[++i]);
        } else if ((unsigned char)s[i + 1] >= 128 || !s[i + 1]) {
            buffer_add_char(&out, '%');
        } else {
            add_directive(&out, s[++i], datetime, &tm);
        }
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

/* ---- strptime ---- */

struct reading {
    const char *s, *end;
    int64_t year, month, day, hour, minute, second, us, year_day, weekday;
    int pm; /* -1 not said */
    bool half, aware;
    int64_t offset_us;
};

/* Up to `most` digits; false when there is none. */
static bool digits(struct reading *in, size_t most, int64_t *ret)
{
    int64_t n = 0;
    size_t count = 0;

    while (count < most && in->s < in->end && *in->s >= '0' && *in->s <= '9') {
        n = n * 10 + (*in->s++ - '0');
        count++;
    }
    *ret = n;
    return count > 0;
}

static bool bounded(struct reading *in, size_t most, int64_t least, int64_t largest, int64_t *ret)
{
    const char *from = in->s;

    if (!digits(in, most, ret))
        return false;
    while (*ret > largest && in->s > from + 1) { /* "%d" of "32" reads the 3 */
        in->s--;
        *ret /= 10;
    }
    return *ret >= least && *ret <= largest;
}

static bool read_fraction(struct reading *in)
{
    const char *from = in->s;

    if (!digits(in, 6, &in->us))
        return false;
    for (size_t i = (size_t)(in->s - from); i < 6; i++)
        in->us *= 10;
    return true;
}

/* "+02:00", "-0530", "Z" */
static bool read_offset(struct reading *in)
{
    int64_t hours, minutes = 0, seconds = 0;
    bool minus, colon;

    in->aware = true;
    if (in->s < in->end && *in->s == 'Z') {
        in->s++;
        return true;
    }
    if (in->s == in->end || (*in->s != '+' && *in->s != '-'))
        return false;
    minus = *in->s++ == '-';
    if (!bounded(in, 2, 0, 23, &hours))
        return false;
    colon = in->s < in->end && *in->s == ':';
    in->s += colon;
    if (!bounded(in, 2, 0, 59, &minutes))
        return false;
    if (in->s < in->end && (!colon || *in->s == ':') && in->end - in->s >= 2) {
        in->s += colon;
        if (!bounded(in, 2, 0, 59, &seconds))
            return false;
    }
    in->offset_us = (hours * 3600 + minutes * 60 + seconds) * 1000000 * (minus ? -1 : 1);
    return true;
}

static bool read_name(struct reading *in, bool month, bool full)
{
    size_t used = 0;
    int at = month ? dates_month(in->s, (size_t)(in->end - in->s), &used)
                   : dates_weekday(in->s, (size_t)(in->end - in->s), &used);

    if (at < 0 || (full && used != strlen((month ? months : weekdays)[month ? at - 1 : at])))
        return false;
    in->s += full ? used : 3;
    *(month ? &in->month : &in->weekday) = at;
    return true;
}

static bool read_half(struct reading *in)
{
    if (in->end - in->s < 2 || (in->s[1] | 32) != 'm' || ((*in->s | 32) != 'a' && (*in->s | 32) != 'p'))
        return false;
    in->pm = (*in->s | 32) == 'p';
    in->s += 2;
    return true;
}

static bool read_zone(struct reading *in)
{
    if (in->end - in->s < 3 || (!starts_with(in->s, 3, "utc", 3) && !starts_with(in->s, 3, "gmt", 3)))
        return false;
    in->s += 3;
    return true;
}

static bool read_directive(struct reading *in, char directive)
{
    int64_t ignored;

    switch (directive) {
    case 'Y':
        return in->end - in->s >= 4 && digits(in, 4, &in->year);
    case 'y':
        if (!bounded(in, 2, 0, 99, &in->year))
            return false;
        in->year += in->year < 69 ? 2000 : 1900;
        return true;
    case 'm':
        return bounded(in, 2, 1, 12, &in->month);
    case 'd':
        return bounded(in, 2, 1, 31, &in->day);
    case 'H':
        return bounded(in, 2, 0, 23, &in->hour);
    case 'I':
        in->half = true;
        return bounded(in, 2, 1, 12, &in->hour);
    case 'M':
        return bounded(in, 2, 0, 59, &in->minute);
    case 'S':
        return bounded(in, 2, 0, 61, &in->second);
    case 'f':
        return read_fraction(in);
    case 'j':
        return bounded(in, 3, 1, 366, &in->year_day);
    case 'b':
    case 'B':
        return read_name(in, true, directive == 'B');
    case 'a':
    case 'A':
        return read_name(in, false, directive == 'A');
    case 'p':
        return read_half(in);
    case 'z':
        return read_offset(in);
    case 'Z':
        return read_zone(in);
    case 'w':
        return bounded(in, 1, 0, 6, &ignored);
    case 'U':
    case 'W':
        return bounded(in, 2, 0, 53, &ignored);
    default:
        return in->s < in->end && *in->s++ == directive;
    }
}

/* Formats that stand for others. */
static const char *composed(char directive)
{
    switch (directive) {
    case 'c':
        return "%a %b %d %H:%M:%S %Y";
    case 'x':
        return "%m/%d/%y";
    case 'X':
        return "%H:%M:%S";
    default:
        return NULL;
    }
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

static bool read_by(struct reading *in, const char *format, const char *end)
{
    while (format < end) {
        const char *inner;

        if (is_blank(*format)) {
            if (in->s == in->end || !is_blank(*in->s))
                return false;
            while (format < end && is_blank(*format))
                format++;
            while (in->s < in->end && is_blank(*in->s))
                in->s++;
            continue;
        }
        if (*format != '%' || format + 1 == end) {
            if (in->s == in->end || (*in->s != *format && ((*in->s | 32) != (*format | 32) ||
                                                           (*format | 32) < 'a' || (*format | 32) > 'z')))
                return false;
            in->s++;
            format++;
            continue;
        }
        inner = composed(format[1]);
        if (inner ? !read_by(in, inner, inner + strlen(inner)) : !read_directive(in, format[1]))
            return false;
        format += 2;
    }
    return true;
}

static int check_format(struct evaluation *ev, value format)
{
    const char *s = value_chars(format), *end = s + value_len(format);

    for (; s < end; s++) {
        if (*s != '%')
            continue;
        if (++s == end)
            return yaql_fail(ev, "ValueError", "stray %% in format '%s'", value_chars(format));
        if (!*s || !strchr("aAbBcdfHIjmMpSUwWxXyYzZ%", *s))
            return yaql_fail(ev, "ValueError", "'%c' is a bad directive in format '%s'",
                             (unsigned char)*s < 128 ? *s : '?', value_chars(format));
    }
    return 0;
}

int dates_parse_format(struct evaluation *ev, value text, value format, value *ret)
{
    struct reading in = {
        .s = value_chars(text), .year = 1900, .month = 1, .day = 1, .pm = -1, .weekday = -1
    };
    BUFFER_AUTO(shown);
    BUFFER_AUTO(shown_format);
    struct civil civil;
    int r = check_format(ev, format);

    if (r < 0)
        return r;
    in.end = in.s + value_len(text);
    if (!read_by(&in, value_chars(format), value_chars(format) + value_len(format))) {
        python_repr(&shown, text);
        python_repr(&shown_format, format);
        return yaql_fail(ev, "ValueError", "time data %s does not match format %s", buffer_text(&shown),
                         buffer_text(&shown_format));
    }
    if (in.s < in.end)
        return yaql_fail(ev, "ValueError", "unconverted data remains: %.*s", (int)(in.end - in.s), in.s);
    if (in.half)
        in.hour = in.hour % 12 + (in.pm == 1 ? 12 : 0);
    civil = (struct civil){ (int)in.year,   (int)in.month,  (int)in.day, (int)in.hour,
                            (int)in.minute, (int)in.second, (int)in.us };
    if (in.year < 1)
        return yaql_fail(ev, "ValueError", "year %lld is out of range", (long long)in.year);
    if (in.second > 59)
        return yaql_fail(ev, "ValueError", "second must be in 0..59");
    if (!civil_valid(&civil))
        return yaql_fail(ev, "ValueError", "day is out of range for month");
    if (in.year_day) {
        civil.month = civil.day = 1;
        return dates_new(ev, civil_to_us(&civil) + (in.year_day - 1) * INT64_C(86400000000), in.aware,
                         in.offset_us, ret);
    }
    return dates_new(ev, civil_to_us(&civil), in.aware, in.offset_us, ret);
}
