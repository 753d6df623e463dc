/* SPDX-License-Identifier: Apache-2.0 */
/* The text is cut into numbers, words and single characters. One pass over them collects the parts of the date (up to
   three, some known to be a month or a year) and of the time; then the parts of the date are told apart. */
#include "value/datetime_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "value/datetime.h"

#define TOKENS_MAX 64

struct token {
    const char *text;
    int n;
};

struct date_part {
    int number;
    int digits;
    char label; /* 'Y' or 'M' when it is known, else 0 */
};

struct reader {
    struct token tokens[TOKENS_MAX];
    int count, at;
    struct date_part parts[3];
    int n_parts;
    int hour, minute, second, microsecond; /* -1: not given */
    int weekday;
    bool has_zone, zone_named;
    int offset_s;
    bool too_many;
};

/* ---- tokens ---- */

/* Is the number to come the next part of 31.12.2020? */
static bool after_dot(const struct reader *r)
{
    return r->count >= 2 && *r->tokens[r->count - 1].text == '.' &&
           isdigit((unsigned char)*r->tokens[r->count - 2].text);
}

static bool tokenize(struct reader *r, const char *text, size_t n)
{
    const char *at = text, *end = text + n;

    while (at < end) {
        const char *start = at;

        if (r->count == TOKENS_MAX || (unsigned char)*at >= 128)
            return false;
        if (isdigit((unsigned char)*at)) {
            while (at < end && isdigit((unsigned char)*at))
                at++;
            /* A fraction belongs to the number, the dots of 31.12.2020 do not. */
            if (!after_dot(r) && at + 1 < end && (*at == '.' || *at == ',') &&
                isdigit((unsigned char)at[1])) {
                const char *dot = at++;

                while (at < end && isdigit((unsigned char)*at))
                    at++;
                if (at < end && *at == '.' && *dot == '.')
                    at = dot;
                else if (*dot == ',' && dot - start != 2)
                    at = dot;
            }
        } else if (isalpha((unsigned char)*at)) {
            while (at < end && isalpha((unsigned char)*at))
                at++;
        } else {
            at++;
        }
        r->tokens[r->count++] = (struct token){ start, (int)(at - start) };
    }
    return true;
}

static const struct token *token_at(const struct reader *r, int i)
{
    static const struct token none = { "", 0 };

    return i >= 0 && i < r->count ? &r->tokens[i] : &none;
}

static bool is_number(const struct token *t)
{
    return t->n && isdigit((unsigned char)*t->text);
}

static int whole_digits(const struct token *t)
{
    int n = 0;

    while (n < t->n && isdigit((unsigned char)t->text[n]))
        n++;
    return n;
}

static bool is_char(const struct token *t, const char *set)
{
    return t->n == 1 && *t->text && strchr(set, *t->text);
}

/* The value of n digits from `from` on. */
static int digits(const struct token *t, int from, int n)
{
    int sum = 0;

    for (int i = from; i < from + n && i < t->n && i < from + 9; i++)
        sum = sum * 10 + (t->text[i] - '0');
    return sum;
}

static bool word_is(const struct token *t, const char *word)
{
    return (int)strlen(word) == t->n && strncasecmp(t->text, word, (size_t)t->n) == 0;
}

/* The place of a word in a list of pairs "short", "long"; -1: none. */
static int find_word(const struct token *t, const char *const (*words)[3], int count)
{
    for (int i = 0; i < count; i++)
        for (int k = 0; k < 3 && words[i][k]; k++)
            if (word_is(t, words[i][k]))
                return i;
    return -1;
}

static int month_of(const struct token *t)
{
    static const char *const months[][3] = {
        { "jan", "january" },
        { "feb", "february" },
        { "mar", "march" },
        { "apr", "april" },
        { "may" },
        { "jun", "june" },
        { "jul", "july" },
        { "aug", "august" },
        { "sep", "sept", "september" },
        { "oct", "october" },
        { "nov", "november" },
        { "dec", "december" },
    };

    return find_word(t, months, 12) + 1;
}

static int weekday_of(const struct token *t)
{
    static const char *const days[][3] = { { "mon", "monday" },    { "tue", "tuesday" },
                                           { "wed", "wednesday" }, { "thu", "thursday" },
                                           { "fri", "friday" },    { "sat", "saturday" },
                                           { "sun", "sunday" } };

    return find_word(t, days, 7);
}

/* 0: am, 1: pm, -1: neither. */
static int am_pm_of(const struct token *t)
{
    static const char *const words[][3] = { { "am", "a" }, { "pm", "p" } };

    return find_word(t, words, 2);
}

/* 0: hours, 1: minutes, 2: seconds, -1: no unit. */
static int unit_of(const struct token *t)
{
    static const char *const units[][3] = { { "h", "hour", "hours" },
                                            { "m", "minute", "minutes" },
                                            { "s", "second", "seconds" } };

    return find_word(t, units, 3);
}

static bool is_jump(const struct token *t)
{
    static const char *const words[] = { "at", "on", "and", "ad", "m", "t", "of", "st", "nd", "rd", "th" };

    if (is_char(t, " .,;-/'\t\n"))
        return true;
    for (size_t i = 0; i < ELEMENTS(words); i++)
        if (word_is(t, words[i]))
            return true;
    return false;
}

/* ---- collecting ---- */

static void add_part(struct reader *r, int number, int n_digits, char label)
{
    if (r->n_parts == 3) {
        r->too_many = true;
        return;
    }
    if (!label && (n_digits > 2 || number > 100))
        label = 'Y';
    /* Two years or two months are no date. */
    for (int i = 0; label && i < r->n_parts; i++)
        r->too_many |= r->parts[i].label == label;
    r->parts[r->n_parts++] = (struct date_part){ number, n_digits, label };
}

static void set_second(struct reader *r, const struct token *t, int from)
{
    int n = 0, scale = 100000;

    r->second = digits(t, from, whole_digits(t) - from);
    r->microsecond = 0;
    for (n = whole_digits(t) + 1; n < t->n && scale; n++, scale /= 10)
        r->microsecond += (t->text[n] - '0') * scale;
}

static bool adjust_hour(struct reader *r, int hour, int pm)
{
    if (hour < 0 || hour > 12)
        return false;
    r->hour = pm && hour < 12 ? hour + 12 : !pm && hour == 12 ? 0 : hour;
    return true;
}

/* HH:MM[:SS[.f]] at r->at. */
static void read_clock(struct reader *r)
{
    const struct token *minute = token_at(r, r->at + 2), *second = token_at(r, r->at + 4);

    r->hour = digits(token_at(r, r->at), 0, 9);
    r->minute = digits(minute, 0, whole_digits(minute));
    r->at += 2;
    if (is_char(token_at(r, r->at + 1), ":") && is_number(second)) {
        set_second(r, second, 0);
        r->at += 2;
    }
}

/* A-B[-C] with one separator, where B may be a month's name. */
static void read_separated(struct reader *r)
{
    char separator = *token_at(r, r->at + 1)->text;
    const struct token *t = token_at(r, r->at);

    add_part(r, digits(t, 0, t->n), t->n, 0);
    t = token_at(r, r->at + 2);
    if (t->n && !is_jump(t)) {
        if (is_number(t))
            add_part(r, digits(t, 0, whole_digits(t)), whole_digits(t), 0);
        else if (month_of(t))
            add_part(r, month_of(t), 0, 'M');
        else
            r->too_many = true;
        if (is_char(token_at(r, r->at + 3), "-/.") && *token_at(r, r->at + 3)->text == separator) {
            t = token_at(r, r->at + 4);
            if (month_of(t))
                add_part(r, month_of(t), 0, 'M');
            else if (is_number(t))
                add_part(r, digits(t, 0, whole_digits(t)), whole_digits(t), 0);
            else
                r->too_many = true;
            r->at += 2;
        }
        r->at += 1;
    }
    r->at += 1;
}

static bool read_unit(struct reader *r, const struct token *t, int unit)
{
    if (unit == 0)
        r->hour = digits(t, 0, whole_digits(t));
    else if (unit == 1)
        r->minute = digits(t, 0, whole_digits(t));
    else
        set_second(r, t, 0);
    return true;
}

/* Compact forms by their length. False when it is none. */
static bool read_compact(struct reader *r, const struct token *t)
{
    int n = whole_digits(t), next_unit = unit_of(token_at(r, r->at + 1));

    if (r->n_parts == 3 && (n == 2 || n == 4) && t->n == n && r->hour < 0 &&
        !is_char(token_at(r, r->at + 1), ":") && next_unit < 0) {
        r->hour = digits(t, 0, 2);
        if (n == 4)
            r->minute = digits(t, 2, 2);
        return true;
    }
    if (n == 6 && !r->n_parts && t->n == n) {
        for (int i = 0; i < 6; i += 2)
            add_part(r, digits(t, i, 2), 2, 0);
        return true;
    }
    if (n == 6) {
        r->hour = digits(t, 0, 2);
        r->minute = digits(t, 2, 2);
        set_second(r, t, 4);
        return true;
    }
    if ((n != 8 && n != 12 && n != 14) || t->n != n)
        return false;
    add_part(r, digits(t, 0, 4), 4, 'Y');
    add_part(r, digits(t, 4, 2), 2, 0);
    add_part(r, digits(t, 6, 2), 2, 0);
    if (n > 8) {
        r->hour = digits(t, 8, 2);
        r->minute = digits(t, 10, 2);
        if (n == 14)
            r->second = digits(t, 12, 2);
    }
    return true;
}

static bool read_number(struct reader *r)
{
    const struct token *t = token_at(r, r->at), *next = token_at(r, r->at + 1),
                       *third = token_at(r, r->at + 2);
    int number;

    if (whole_digits(t) > 14)
        return false;
    number = digits(t, 0, whole_digits(t));
    if (read_compact(r, t))
        return true;
    if (unit_of(next) >= 0 && r->hour < 0 + (unit_of(next) != 0) * 100) {
        r->at++;
        return read_unit(r, t, unit_of(next));
    }
    if (is_char(next, " ") && unit_of(third) >= 0) {
        r->at += 2;
        return read_unit(r, t, unit_of(third));
    }
    if (is_char(next, ":") && is_number(third)) {
        read_clock(r);
        return true;
    }
    if (is_char(next, "-/.")) {
        read_separated(r);
        return true;
    }
    if (!next->n || is_jump(next)) {
        if (next->n && am_pm_of(third) >= 0 && number < 24) {
            if (!adjust_hour(r, number, am_pm_of(third)))
                return false;
            r->at += 2;
            return true;
        }
        add_part(r, number, whole_digits(t), 0);
        r->at += next->n > 0;
        return true;
    }
    if (am_pm_of(next) >= 0 && number < 24) {
        r->at++;
        return adjust_hour(r, number, am_pm_of(next));
    }
    return false;
}

/* "+hh", "+hhmm", "+hh:mm" behind a time; `negate` for what POSIX writes the other way ("GMT+3"). */
static bool read_offset(struct reader *r, bool negate)
{
    bool negative = is_char(token_at(r, r->at), "-");
    const struct token *t = token_at(r, r->at + 1);
    int hours, minutes = 0;

    if (!is_number(t) || (t->n != 4 && t->n > 2))
        return false;
    hours = digits(t, 0, t->n > 2 ? 2 : t->n);
    if (t->n == 4)
        minutes = digits(t, 2, 2);
    r->at++;
    if (t->n <= 2 && is_char(token_at(r, r->at + 1), ":") && is_number(token_at(r, r->at + 2))) {
        minutes = digits(token_at(r, r->at + 2), 0, 2);
        r->at += 2;
    }
    r->has_zone = true;
    r->offset_s = (hours * 60 + minutes) * 60 * (negative != negate ? -1 : 1);
    return hours < 24 && minutes < 60;
}

static bool is_zone_name(const struct reader *r, const struct token *t)
{
    if (r->hour < 0 || r->has_zone || r->zone_named || t->n > 5)
        return false;
    if (word_is(t, "z"))
        return true;
    for (int i = 0; i < t->n; i++)
        if (!isupper((unsigned char)t->text[i]))
            return false;
    return t->n >= 3;
}

static bool read_word(struct reader *r)
{
    const struct token *t = token_at(r, r->at), *next = token_at(r, r->at + 1);

    if (weekday_of(t) >= 0) {
        r->weekday = weekday_of(t);
        return true;
    }
    if (month_of(t)) {
        add_part(r, month_of(t), 0, 'M');
        if (is_char(next, "-/") && is_number(token_at(r, r->at + 2))) {
            t = token_at(r, r->at + 2);
            add_part(r, digits(t, 0, whole_digits(t)), whole_digits(t), 0);
            r->at += 2;
            if (is_char(token_at(r, r->at + 1), "-/") && is_number(token_at(r, r->at + 2))) {
                t = token_at(r, r->at + 2);
                add_part(r, digits(t, 0, whole_digits(t)), whole_digits(t), 0);
                r->at += 2;
            }
        }
        return true;
    }
    if (am_pm_of(t) >= 0 && r->hour >= 0 && r->hour <= 12)
        return adjust_hour(r, r->hour, am_pm_of(t));
    if (is_zone_name(r, t)) {
        bool utc = word_is(t, "utc") || word_is(t, "gmt") || word_is(t, "z");

        r->zone_named = true;
        r->has_zone = utc; /* other names are not known here: the time counts as naive */
        if (is_char(next, "+-") && is_number(token_at(r, r->at + 2))) {
            r->at++;
            return read_offset(r, utc);
        }
        return true;
    }
    return is_jump(t);
}

static bool collect(struct reader *r)
{
    for (r->at = 0; r->at < r->count; r->at++) {
        const struct token *t = token_at(r, r->at);

        if (is_number(t)) {
            if (!read_number(r))
                return false;
        } else if (isalpha((unsigned char)*t->text)) {
            if (!read_word(r))
                return false;
        } else if (r->hour >= 0 && is_char(t, "+-")) {
            if (!read_offset(r, false))
                return false;
        } else if (!is_jump(t) && !is_char(t, "()")) {
            return false;
        }
        if (r->too_many)
            return false;
    }
    return true;
}

/* ---- telling the parts of the date apart ---- */

static int labelled(const struct reader *r, char label)
{
    for (int i = 0; i < r->n_parts; i++)
        if (r->parts[i].label == label)
            return i;
    return -1;
}

/* Which part is year, month and day: -1 where there is none. */
static void assign(const struct reader *r, int *year, int *month, int *day)
{
    int m = labelled(r, 'M'), y = labelled(r, 'Y');
    const struct date_part *p = r->parts;

    *year = *month = *day = -1;
    if (!r->n_parts)
        return;
    if (r->n_parts == 1) {
        *(m == 0 ? month : p[0].number > 31 || y == 0 ? year : day) = 0;
        return;
    }
    if (r->n_parts == 2) {
        int other = m == 0 ? 1 : 0;

        if (m >= 0) {
            *month = m;
            *(p[other].number > 31 || y == other ? year : day) = other;
        } else if (p[0].number > 31 || y == 0) {
            *year = 0;
            *month = 1;
        } else if (p[1].number > 31 || y == 1) {
            *month = 0;
            *year = 1;
        } else {
            *month = 0;
            *day = 1;
        }
        return;
    }
    if (m == 0) { /* Apr-2003-25 or Apr-25-2003 */
        *month = 0;
        *year = p[1].number > 31 ? 1 : 2;
        *day = 3 - *year;
    } else if (m == 1) { /* 99-Jan-01 or 01-Jan-99 */
        *month = 1;
        *year = p[0].number > 31 ? 0 : 2;
        *day = 2 - *year;
    } else if (m == 2) {
        *month = 2;
        *year = p[1].number > 31 ? 1 : 0;
        *day = 1 - *year;
    } else if (p[0].number > 31 || y == 0) {
        *year = 0;
        *month = 1;
        *day = 2;
    } else if (p[0].number > 12) {
        *day = 0;
        *month = 1;
        *year = 2;
    } else {
        *month = 0;
        *day = 1;
        *year = 2;
    }
}

/* A year of two digits is the one within fifty years of now. */
static int full_year(const struct date_part *part, int now)
{
    int year = part->number;

    if (part->digits > 2 || year >= 100)
        return year;
    year += now / 100 * 100;
    if (year >= now + 50)
        year -= 100;
    else if (year < now - 50)
        year += 100;
    return year;
}

static const char *complete(const struct reader *r, int64_t now_us, struct civil *c, bool *ret_has_day)
{
    int year, month, day;
    struct civil now;

    civil_from_us(now_us, &now);
    assign(r, &year, &month, &day);
    *ret_has_day = day >= 0;
    *c = (struct civil){ .year = now.year, .month = now.month, .day = now.day };
    if (year >= 0)
        c->year = full_year(&r->parts[year], now.year);
    if (month >= 0)
        c->month = r->parts[month].number;
    if (day >= 0)
        c->day = r->parts[day].number;
    c->hour = r->hour < 0 ? 0 : r->hour;
    c->minute = r->minute < 0 ? 0 : r->minute;
    c->second = r->second < 0 ? 0 : r->second;
    c->microsecond = r->microsecond < 0 ? 0 : r->microsecond;
    if (c->month < 1 || c->month > 12)
        return "month must be in 1..12";
    if (c->year < 1 || c->year > 9999)
        return "year is out of range";
    /* A day that was not given gives way to a shorter month. */
    if (day < 0 && c->day > days_in_month(c->year, c->month))
        c->day = days_in_month(c->year, c->month);
    if (c->day < 1 || c->day > days_in_month(c->year, c->month))
        return "day is out of range for month";
    if (c->hour > 23)
        return "hour must be in 0..23";
    if (c->minute > 59)
        return "minute must be in 0..59";
    return c->second > 59 ? "second must be in 0..59" : NULL;
}

int datetime_parse_text(const char *text, size_t n, int64_t now_us, value *ret, struct error *err)
{
    struct reader r = { .hour = -1, .minute = -1, .second = -1, .microsecond = -1, .weekday = -1 };
    const char *problem;
    struct civil c;
    bool has_day;
    int64_t us;

    if (n <= DATETIME_TEXT_MAX && datetime_parse_iso(text, n, ret, NULL) == 0)
        return 0;
    if (n > DATETIME_TEXT_MAX || !tokenize(&r, text, n) || !collect(&r))
        return error_set_kind(err, -EINVAL, "ParserError", "Unknown string format: %.*s",
                              (int)(n < DATETIME_TEXT_MAX ? n : DATETIME_TEXT_MAX), text);
    if (!r.n_parts && r.hour < 0 && r.minute < 0 && r.second < 0 && r.weekday < 0)
        return error_set_kind(err, -EINVAL, "ParserError", "String does not contain a date: %.*s", (int)n,
                              text);
    problem = complete(&r, now_us, &c, &has_day);
    if (problem)
        return error_set_kind(err, -EINVAL, "ParserError", "%s: %.*s", problem, (int)n, text);
    us = civil_to_us(&c);
    if (r.weekday >= 0 && !has_day)
        us += (int64_t)((r.weekday - weekday_of_us(us) + 7) % 7) * 86400000000LL;
    *ret = value_datetime_new(us, r.has_zone, r.offset_s);
    return 0;
}
