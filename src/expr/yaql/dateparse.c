/* SPDX-License-Identifier: Apache-2.0 */
/* Dates in free text, by the rules of Python's dateutil: the text is cut into words, numbers and signs; each number is placed
   by what stands around it, and what is a year, a month or a day is decided at the end. */
#include "expr/yaql/dates.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "value/datetime.h"

#define TOKENS_MAX 64
#define DAY_US     INT64_C(86400000000)

struct token_text {
    const char *s;
    size_t n;
    bool number;
};

struct parsing {
    struct token_text tokens[TOKENS_MAX];
    size_t n_tokens;
    int ymd[3], n_ymd;
    int month_at, year_at;        /* places in ymd that are known, or -1 */
    bool century;                 /* the year was written in full */
    int hour, minute, second, us; /* -1: not said */
    int weekday;
    bool has_zone, aware;
    int64_t offset_us;
};

/* ---- cutting ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 128;
}

static size_t run(const char *s, const char *end, bool (*is)(char))
{
    const char *at = s;

    while (at < end && is(*at))
        at++;
    return (size_t)(at - s);
}

/* A number takes one decimal point with it, but not two: "2020.01.31" is five tokens. */
static size_t number_length(const char *s, const char *end)
{
    size_t n = run(s, end, is_digit), fraction;
    bool comma = s + n < end && s[n] == ',';

    if (s + n >= end || (s[n] != '.' && !(comma && n >= 2)))
        return n;
    fraction = run(s + n + 1, end, is_digit);
    if (!fraction || (s + n + 1 + fraction < end && s[n + 1 + fraction] == '.'))
        return n;
    return n + 1 + fraction;
}

static bool cut(struct parsing *p, const char *s, const char *end)
{
    while (s < end) {
        struct token_text *token = &p->tokens[p->n_tokens];
        size_t n = 1;

        if (p->n_tokens == TOKENS_MAX)
            return false;
        *token = (struct token_text){ .s = s };
        if (is_digit(*s)) {
            token->number = true;
            /* After a dot that separates, the rest does too. */
            n = p->n_tokens && token[-1].n == 1 && token[-1].s[0] == '.' ? run(s, end, is_digit)
                                                                         : number_length(s, end);
        } else if (is_letter(*s)) {
            n = run(s, end, is_letter);
        }
        token->n = n;
        p->n_tokens++;
        s += n;
    }
    return true;
}

/* ---- asking tokens ---- */

static bool word_is(const struct token_text *t, const char *word)
{
    if (strlen(word) != t->n)
        return false;
    for (size_t i = 0; i < t->n; i++)
        if ((is_letter(t->s[i]) ? t->s[i] | 32 : t->s[i]) != word[i])
            return false;
    return true;
}

static bool word_among(const struct token_text *t, const char *const *words)
{
    for (; *words; words++)
        if (word_is(t, *words))
            return true;
    return false;
}

static bool is_jump(const struct token_text *t)
{
    static const char *const jumps[] = { " ", ".", ",",  ";",  "-",  "/",  "'",  "at", "on", "and", "ad",
                                         "m", "t", "of", "st", "nd", "rd", "th", "\t", "\n", NULL };

    return word_among(t, jumps);
}

/* 0 am, 1 pm, -1 neither. */
static int half_of(const struct token_text *t)
{
    if (word_is(t, "am") || word_is(t, "a"))
        return 0;
    return word_is(t, "pm") || word_is(t, "p") ? 1 : -1;
}

/* 0 hours, 1 minutes, 2 seconds, -1 none. */
static int unit_of(const struct token_text *t)
{
    static const char *const hours[] = { "h", "hour", "hours", NULL },
                             *const minutes[] = { "m", "minute", "minutes", NULL },
                             *const seconds[] = { "s", "second", "seconds", NULL };

    return word_among(t, hours) ? 0 : word_among(t, minutes) ? 1 : word_among(t, seconds) ? 2 : -1;
}

static int month_of(const struct token_text *t)
{
    size_t used = 0;
    int month = t->number ? -1 : dates_month(t->s, t->n, &used);

    if (word_is(t, "sept"))
        return 9;
    return used == t->n ? month : -1;
}

static int weekday_of(const struct token_text *t)
{
    size_t used = 0;
    int weekday = t->number ? -1 : dates_weekday(t->s, t->n, &used);

    return used == t->n ? weekday : -1;
}

static int to_number(const char *s, size_t n)
{
    int sum = 0;

    for (size_t i = 0; i < n && i < 9 && is_digit(s[i]); i++)
        sum = sum * 10 + (s[i] - '0');
    return sum;
}

static const struct token_text *at(const struct parsing *p, size_t i)
{
    static const struct token_text none = { .s = "" };

    return i < p->n_tokens ? &p->tokens[i] : &none;
}

static bool sign_is(const struct parsing *p, size_t i, char sign)
{
    return at(p, i)->n == 1 && at(p, i)->s[0] == sign;
}

/* ---- placing numbers ---- */

static bool add_ymd(struct parsing *p, const char *s, size_t n)
{
    if (p->n_ymd == 3 || n > 4)
        return false;
    if (n > 2 || to_number(s, n) > 100) {
        p->century = true;
        if (p->year_at >= 0)
            return false;
        p->year_at = p->n_ymd;
    }
    p->ymd[p->n_ymd++] = to_number(s, n);
    return true;
}

static bool add_month(struct parsing *p, int month)
{
    if (p->n_ymd == 3 || p->month_at >= 0)
        return false;
    p->month_at = p->n_ymd;
    p->ymd[p->n_ymd++] = month;
    return true;
}

static void set_seconds(struct parsing *p, const char *s, size_t n)
{
    size_t whole = 0, digits = 0;

    while (whole < n && is_digit(s[whole]))
        whole++;
    p->second = to_number(s, whole);
    p->us = 0;
    for (size_t i = whole + 1; digits < 6; digits++, i++)
        p->us = p->us * 10 + (i < n ? s[i] - '0' : 0);
}

/* The half of the day; only where the hour allows it. */
static bool set_half(struct parsing *p, int half)
{
    if (p->hour < 0 || p->hour > 12)
        return false;
    if (half == 1 && p->hour < 12)
        p->hour += 12;
    if (half == 0 && p->hour == 12)
        p->hour = 0;
    return true;
}

/* HH:MM[:SS[.ffffff]]; the number of tokens used, 0 on failure. */
static size_t clock_time(struct parsing *p, size_t i)
{
    const struct token_text *minutes = at(p, i + 2);

    if (!minutes->number)
        return 0;
    p->hour = to_number(at(p, i)->s, at(p, i)->n);
    p->minute = to_number(minutes->s, minutes->n);
    if (memchr(minutes->s, '.', minutes->n)) { /* "10:30.5" */
        const char *dot = memchr(minutes->s, '.', minutes->n);

        p->second = (int)(60 * strtod(dot, NULL));
        p->us = 0;
        return 3;
    }
    if (!sign_is(p, i + 3, ':') || !at(p, i + 4)->number)
        return 3;
    set_seconds(p, at(p, i + 4)->s, at(p, i + 4)->n);
    return 5;
}

/* 2020-01-31, 31/Jan/2020, 2020.01.31: the number at i, the sign behind it and what follows. */
static size_t signed_date(struct parsing *p, size_t i)
{
    char sign = at(p, i + 1)->s[0];
    int month;

    if (!add_ymd(p, at(p, i)->s, at(p, i)->n))
        return 0;
    if (i + 2 >= p->n_tokens || is_jump(at(p, i + 2)))
        return 2;
    month = month_of(at(p, i + 2));
    if (at(p, i + 2)->number ? !add_ymd(p, at(p, i + 2)->s, at(p, i + 2)->n)
                             : month < 0 || !add_month(p, month))
        return 0;
    if (!sign_is(p, i + 3, sign) || i + 4 >= p->n_tokens)
        return 3;
    month = month_of(at(p, i + 4));
    if (month >= 0 ? !add_month(p, month)
                   : !at(p, i + 4)->number || !add_ymd(p, at(p, i + 4)->s, at(p, i + 4)->n))
        return 0;
    return 5;
}

/* 20200131, 202001311020, 20200131102030 and, without a date, 102030. */
static bool compact(struct parsing *p, const struct token_text *t)
{
    const char *s = t->s;

    if (t->n == 6 && p->n_ymd == 0)
        return add_ymd(p, s, 2) && add_ymd(p, s + 2, 2) && add_ymd(p, s + 4, 2);
    if (t->n == 6 || (t->n > 6 && s[6] == '.')) {
        p->hour = to_number(s, 2);
        p->minute = to_number(s + 2, 2);
        set_seconds(p, s + 4, t->n - 4);
        return true;
    }
    if (!add_ymd(p, s, 4) || !add_ymd(p, s + 4, 2) || !add_ymd(p, s + 6, 2))
        return false;
    if (t->n > 8) {
        p->hour = to_number(s + 8, 2);
        p->minute = to_number(s + 10, 2);
    }
    if (t->n > 12)
        p->second = to_number(s + 12, 2);
    return true;
}

static bool set_unit(struct parsing *p, const struct token_text *t, int unit)
{
    int n = to_number(t->s, t->n);

    if (unit == 0)
        p->hour = n;
    else if (unit == 1)
        p->minute = n;
    else
        set_seconds(p, t->s, t->n);
    return true;
}

/* A number that stands alone: a day, or an hour when "am" or "pm" follows. */
static size_t lone_number(struct parsing *p, size_t i)
{
    size_t half_at = half_of(at(p, i + 1)) >= 0 ? i + 1 : i + 2;
    int half = at(p, half_at)->n ? half_of(at(p, half_at)) : -1, n = to_number(at(p, i)->s, at(p, i)->n);

    if (half >= 0 && p->hour < 0 && n < 24) {
        p->hour = n;
        return set_half(p, half) ? half_at - i + 1 : 0;
    }
    if (i + 1 < p->n_tokens && !is_jump(at(p, i + 1)) && (n < 1 || n > 31))
        return 0;
    return add_ymd(p, at(p, i)->s, at(p, i)->n) ? 1 : 0;
}

/* How many tokens the number at i takes; 0: it makes no sense. */
static size_t place_number(struct parsing *p, size_t i)
{
    const struct token_text *t = at(p, i), *next = at(p, i + 1);
    bool whole = !memchr(t->s, '.', t->n) && !memchr(t->s, ',', t->n);
    size_t spaced = sign_is(p, i + 1, ' ') ? i + 2 : i + 1;

    if (p->n_ymd == 3 && whole && (t->n == 2 || t->n == 4) && p->hour < 0 &&
        (i + 1 >= p->n_tokens || sign_is(p, i + 1, ' ') || half_of(next) >= 0 || word_is(next, "z") ||
         sign_is(p, i + 1, '+') || sign_is(p, i + 1, '-'))) {
        p->hour = to_number(t->s, 2);
        p->minute = t->n == 4 ? to_number(t->s + 2, 2) : p->minute;
        return 1;
    }
    if ((whole && (t->n == 6 || t->n == 8 || t->n == 12 || t->n == 14)) || (t->n > 6 && t->s[6] == '.'))
        return compact(p, t) ? 1 : 0;
    if (unit_of(at(p, spaced)) >= 0 && spaced < p->n_tokens)
        return set_unit(p, t, unit_of(at(p, spaced))) ? spaced - i + 1 : 0;
    if (sign_is(p, i + 1, ':') && i + 2 < p->n_tokens)
        return clock_time(p, i);
    if (i + 1 < p->n_tokens && (sign_is(p, i + 1, '-') || sign_is(p, i + 1, '/') || sign_is(p, i + 1, '.')))
        return signed_date(p, i);
    return lone_number(p, i);
}

/* ---- words and zones ---- */

/* "+02:00", "-0530", "+2" */
static size_t place_offset(struct parsing *p, size_t i)
{
    const struct token_text *t = at(p, i + 1);
    int64_t minutes, sign = sign_is(p, i, '+') ? 1 : -1;
    size_t used = 2;

    if (!t->number)
        return 0;
    if (t->n == 4) {
        minutes = to_number(t->s, 2) * 60 + to_number(t->s + 2, 2);
    } else if (sign_is(p, i + 2, ':') && at(p, i + 3)->number) {
        minutes = to_number(t->s, t->n) * 60 + to_number(at(p, i + 3)->s, at(p, i + 3)->n);
        used = 4;
    } else if (t->n <= 2) {
        minutes = to_number(t->s, 2) * 60;
    } else {
        return 0;
    }
    p->aware = true;
    p->offset_us = sign * minutes * 60 * 1000000;
    return used;
}

static bool is_zone_name(const struct token_text *t)
{
    if (t->n < 3 || t->n > 5)
        return t->n == 1 && (t->s[0] == 'Z' || t->s[0] == 'z');
    for (size_t i = 0; i < t->n; i++)
        if (t->s[i] < 'A' || t->s[i] > 'Z')
            return word_is(t, "utc");
    return true;
}

static size_t place_zone(struct parsing *p, size_t i)
{
    bool universal = word_is(at(p, i), "utc") || word_is(at(p, i), "gmt") || word_is(at(p, i), "z");
    size_t used;

    p->has_zone = true;
    p->aware |= universal;
    if (!sign_is(p, i + 1, '+') && !sign_is(p, i + 1, '-'))
        return 1;
    used = place_offset(p, i + 1); /* "GMT+3" is the time where UTC is three hours later: the sign turns */
    p->offset_us = -p->offset_us;
    return used ? used + 1 : 0;
}

static size_t place_month(struct parsing *p, size_t i, int month)
{
    if (!add_month(p, month))
        return 0;
    if (i + 2 >= p->n_tokens || (!sign_is(p, i + 1, '-') && !sign_is(p, i + 1, '/')) || !at(p, i + 2)->number)
        return 1;
    if (!add_ymd(p, at(p, i + 2)->s, at(p, i + 2)->n))
        return 0;
    if (!sign_is(p, i + 3, at(p, i + 1)->s[0]) || !at(p, i + 4)->number)
        return 3;
    return add_ymd(p, at(p, i + 4)->s, at(p, i + 4)->n) ? 5 : 0;
}

static size_t place(struct parsing *p, size_t i)
{
    const struct token_text *t = at(p, i);

    if (t->number)
        return place_number(p, i);
    if (weekday_of(t) >= 0) {
        p->weekday = weekday_of(t);
        return 1;
    }
    if (month_of(t) >= 0)
        return place_month(p, i, month_of(t));
    if (half_of(t) >= 0 && p->hour >= 0)
        return set_half(p, half_of(t)) ? 1 : 0;
    if (p->hour >= 0 && !p->has_zone && is_zone_name(t))
        return place_zone(p, i);
    if (p->hour >= 0 && (sign_is(p, i, '+') || sign_is(p, i, '-')) && at(p, i + 1)->number)
        return place_offset(p, i);
    if (p->aware && (sign_is(p, i, '(') || sign_is(p, i, ')') || is_zone_name(t)))
        return 1;
    return is_jump(t) ? 1 : 0;
}

/* ---- what is the year, what the month, what the day ---- */

struct day {
    int year, month, day; /* 0: not said */
};

/* Orders that were told by names and long years. */
static bool resolve_known(const struct parsing *p, struct day *day)
{
    int rest;

    if (p->month_at < 0 || p->year_at < 0 || p->n_ymd < 2)
        return false;
    day->month = p->ymd[p->month_at];
    day->year = p->ymd[p->year_at];
    rest = 3 - p->month_at - p->year_at;
    if (p->n_ymd == 3)
        day->day = p->ymd[rest];
    return true;
}

static void resolve_three(const struct parsing *p, struct day *day)
{
    static const uint8_t orders[][3] = {
        /* which of the three is year, month, day */
        { 2, 0, 1 }, { 1, 0, 2 }, { 2, 1, 0 }, { 0, 1, 2 }, { 1, 2, 0 }, { 0, 2, 1 },
    };
    const int *n = p->ymd;
    size_t order;

    if (p->month_at == 0)
        order = n[1] > 31 ? 1 : 0;
    else if (p->month_at == 1)
        order = n[0] > 31 ? 3 : 2;
    else if (p->month_at == 2)
        order = n[1] > 31 ? 4 : 5;
    else if (n[0] > 31 || p->year_at == 0)
        order = 3;
    else
        order = n[0] > 12 ? 2 : 0;
    *day = (struct day){ n[orders[order][0]], n[orders[order][1]], n[orders[order][2]] };
}

static void resolve(const struct parsing *p, struct day *day)
{
    const int *n = p->ymd;

    *day = (struct day){ 0 };
    if (resolve_known(p, day) || !p->n_ymd)
        return;
    if (p->n_ymd == 3) {
        resolve_three(p, day);
        return;
    }
    if (p->n_ymd == 1 || p->month_at >= 0) {
        int other = p->n_ymd == 2 ? n[1 - p->month_at] : n[0];

        if (p->month_at >= 0)
            day->month = n[p->month_at];
        if (p->n_ymd == 2 || p->month_at < 0)
            *(other > 31 || p->year_at >= 0 ? &day->year : &day->day) = other;
        return;
    }
    if (n[0] > 31 || p->year_at == 0)
        *day = (struct day){ n[0], n[1], 0 };
    else if (n[1] > 31 || p->year_at == 1)
        *day = (struct day){ n[1], n[0], 0 };
    else
        *day = (struct day){ 0, n[0], n[1] };
}

/* A year of two digits is the nearest of that ending. */
static int full_year(const struct parsing *p, int year, int this_year)
{
    if (p->century || year >= 100)
        return year;
    year += this_year / 100 * 100;
    if (year >= this_year + 50)
        return year - 100;
    return year < this_year - 50 ? year + 100 : year;
}

/* ---- the whole ---- */

static const char *wrong_field(const struct civil *c)
{
    if (c->month < 1 || c->month > 12)
        return "month must be in 1..12";
    if (c->day < 1 || c->day > days_in_month(c->year, c->month))
        return "day is out of range for month";
    if (c->hour > 23)
        return "hour must be in 0..23";
    if (c->minute > 59)
        return "minute must be in 0..59";
    return c->second > 59 ? "second must be in 0..59" : NULL;
}

static int build(struct evaluation *ev, const struct parsing *p, value text, value *ret)
{
    struct civil c;
    struct day day;
    const char *wrong;
    int64_t us;

    resolve(p, &day);
    civil_from_us(ev->context->now_us, &c);
    if (day.year || p->century)
        c.year = full_year(p, day.year, c.year);
    c.month = day.month ? day.month : c.month;
    if (day.day)
        c.day = day.day;
    else if (c.month >= 1 && c.month <= 12 && c.day > days_in_month(c.year, c.month))
        c.day = days_in_month(c.year, c.month);
    c.hour = p->hour < 0 ? 0 : p->hour;
    c.minute = p->minute < 0 ? 0 : p->minute;
    c.second = p->second < 0 ? 0 : p->second;
    c.microsecond = p->us < 0 ? 0 : p->us;
    if (c.year < 1 || c.year > 9999)
        return yaql_fail(ev, "ParserError", "year %d is out of range: %s", c.year, value_chars(text));
    wrong = wrong_field(&c);
    if (wrong)
        return yaql_fail(ev, "ParserError", "%s: %s", wrong, value_chars(text));
    us = civil_to_us(&c);
    if (p->weekday >= 0 && !day.day)
        us += (p->weekday - weekday_of_us(us) + 7) % 7 * DAY_US;
    return dates_new(ev, us, p->aware, p->offset_us, ret);
}

int dates_parse(struct evaluation *ev, value text, value *ret)
{
    struct parsing p = {
        .month_at = -1, .year_at = -1, .hour = -1, .minute = -1, .second = -1, .us = -1, .weekday = -1
    };
    bool sound = cut(&p, value_chars(text), value_chars(text) + value_len(text));

    for (size_t i = 0; i < p.n_tokens && sound;) {
        size_t used = place(&p, i);

        sound = used > 0;
        i += used;
    }
    if (!sound)
        return yaql_fail(ev, "ParserError", "Unknown string format: %s", value_chars(text));
    if (!p.n_ymd && p.hour < 0 && p.minute < 0 && p.second < 0 && p.weekday < 0)
        return yaql_fail(ev, "ParserError", "String does not contain a date: %s", value_chars(text));
    return build(ev, &p, text, ret);
}
