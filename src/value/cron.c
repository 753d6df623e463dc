/* SPDX-License-Identifier: Apache-2.0 */
#include "value/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "value/datetime.h"

enum field { YEAR, MONTH, DAY, WEEK, DAY_OF_WEEK, HOUR, MINUTE, SECOND, FIELDS };

static const struct {
    const char *name;
    int least, most;
    bool free; /* the default is "*" rather than the least value */
} fields[FIELDS] = {
    { "year", 1970, 9999, true }, { "month", 1, 12, false },     { "day", 1, 31, false },
    { "week", 1, 53, true },      { "day_of_week", 0, 6, true }, { "hour", 0, 23, false },
    { "minute", 0, 59, false },   { "second", 0, 59, false },
};

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun",
                                      "jul", "aug", "sep", "oct", "nov", "dec" };
static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };
static const char *const positions[] = { "1st", "2nd", "3rd", "4th", "5th", "last" };

enum kind { RANGE, WEEKDAY_POSITION, LAST_DAY };

struct expression {
    enum kind kind;
    int first, last, step; /* RANGE */
    int position, weekday; /* WEEKDAY_POSITION: 0 is the first, 5 the last one */
};

struct cron {
    struct expression *expressions[FIELDS];
    int n[FIELDS];
};

/* ---- reading ---- */

static int fail_range(struct error *err, const char *text, const char *format, long a, long b)
{
    CLEANUP(freep)
    char *reason = NULL;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    reason = xasprintf(format, a, b);
#pragma GCC diagnostic pop
    return error_set_kind(err, -EINVAL, "ValueError", "Error validating expression '%s': %s", text, reason);
}

static int find_name(const char *const *names, int n, const char *text, size_t len)
{
    for (int i = 0; i < n; i++)
        if (strlen(names[i]) == len && strncasecmp(names[i], text, len) == 0)
            return i;
    return -1;
}

static size_t letters(const char *text)
{
    size_t n = 0;

    while (isalpha((unsigned char)text[n]))
        n++;
    return n;
}

/* Digits of a number that is small enough to matter; the length, 0 when there are none. */
static size_t take_number(const char *text, long *ret)
{
    size_t n = strspn(text, "0123456789");

    *ret = n > 9 ? 999999999 : strtol(text, NULL, 10);
    return n;
}

/* "*" ["/" step] | first ["-" last] ["/" step]; 1: it is something else. */
static int read_range(enum field field, const char *text, struct expression *ret, struct error *err)
{
    static const char too_far[] =
        "the step value (%ld) is higher than the total range of the expression (%ld)";
    long first = fields[field].least, last = fields[field].most, step = 0, range;
    const char *at = text;
    bool all = *at == '*', has_last = all;
    size_t n;

    if (all) {
        at++;
    } else {
        n = take_number(at, &first);
        if (n == 0)
            return 1;
        at += n;
        if (*at == '-') {
            n = take_number(at + 1, &last);
            if (n == 0)
                return 1;
            has_last = true;
            at += n + 1;
        }
    }
    if (*at == '/') {
        n = take_number(at + 1, &step);
        if (n == 0)
            return 1;
        at += n + 1;
        if (step == 0)
            return error_set_kind(err, -EINVAL, "ValueError", "Increment must be higher than 0");
    }
    if (*at)
        return 1;
    if (!has_last)
        last = step ? fields[field].most : first;
    if (has_last && first > last)
        return error_set_kind(err, -EINVAL, "ValueError",
                              "The minimum value in a range must not be higher than the maximum");
    if (step > fields[field].most - fields[field].least)
        return fail_range(err, text, too_far, step, fields[field].most - fields[field].least);
    if (first < fields[field].least)
        return fail_range(err, text, "the first value (%ld) is lower than the minimum value (%ld)", first,
                          fields[field].least);
    if (last > fields[field].most)
        return fail_range(err, text, "the last value (%ld) is higher than the maximum value (%ld)", last,
                          fields[field].most);
    range = (last ? last : fields[field].most) - first; /* the library takes a last value of 0 for none */
    if (step > 0 && step > range)
        return fail_range(err, text, too_far, step, range);
    *ret = (struct expression){
        .kind = RANGE, .first = (int)first, .last = (int)last, .step = step ? (int)step : 1
    };
    return 0;
}

/* name ["-" name], and whatever follows is ignored; 1: no letters. */
static int read_names(const char *const *names, int n_names, int base, const char *what, const char *text,
                      struct expression *ret, struct error *err)
{
    size_t n = letters(text), m = 0;
    int first, last;

    if (n == 0)
        return 1;
    first = last = find_name(names, n_names, text, n);
    if (first < 0)
        return error_set_kind(err, -EINVAL, "ValueError", "Invalid %s name \"%.*s\"", what, (int)n, text);
    if (text[n] == '-' && (m = letters(text + n + 1)) > 0) {
        last = find_name(names, n_names, text + n + 1, m);
        if (last < 0)
            return error_set_kind(err, -EINVAL, "ValueError", "Invalid %s name \"%.*s\"", what, (int)m,
                                  text + n + 1);
    }
    if (first > last)
        return error_set_kind(err, -EINVAL, "ValueError",
                              "The minimum value in a range must not be higher than the maximum");
    *ret = (struct expression){ .kind = RANGE, .first = first + base, .last = last + base, .step = 1 };
    return 0;
}

/* position " "+ weekday | "last"; 1: neither. */
static int read_day(const char *text, struct expression *ret, struct error *err)
{
    for (int i = 0; i < (int)ELEMENTS(positions); i++) {
        size_t n = strlen(positions[i]), blanks, m = 0;
        const char *name;
        int weekday;

        if (strncasecmp(text, positions[i], n) != 0)
            continue;
        blanks = strspn(text + n, " ");
        name = text + n + blanks;
        while (isalnum((unsigned char)name[m]) || name[m] == '_')
            m++;
        if (blanks == 0 || m == 0)
            continue;
        weekday = find_name(weekdays, ELEMENTS(weekdays), name, m);
        if (weekday < 0)
            return error_set_kind(err, -EINVAL, "ValueError", "Invalid weekday name \"%.*s\"", (int)m, name);
        *ret = (struct expression){ .kind = WEEKDAY_POSITION, .position = i, .weekday = weekday };
        return 0;
    }
    if (strncasecmp(text, "last", 4) != 0)
        return 1;
    *ret = (struct expression){ .kind = LAST_DAY };
    return 0;
}

static int read_expression(enum field field, const char *text, struct expression *ret, struct error *err)
{
    int r = read_range(field, text, ret, err);

    if (r > 0 && field == MONTH)
        r = read_names(months, ELEMENTS(months), 1, "month", text, ret, err);
    else if (r > 0 && field == DAY_OF_WEEK)
        r = read_names(weekdays, ELEMENTS(weekdays), 0, "weekday", text, ret, err);
    else if (r > 0 && field == DAY)
        r = read_day(text, ret, err);
    if (r <= 0)
        return r;
    return error_set_kind(err, -EINVAL, "ValueError", "Unrecognized expression \"%s\" for field \"%s\"", text,
                          fields[field].name);
}

/* Expressions separated by commas with blanks around them. */
static int read_field(struct cron *cron, enum field field, const char *text, struct error *err)
{
    CLEANUP(freep)
    char *copy = xstrdup(text + strspn(text, " \t\n"));
    char *rest = copy, *part;
    size_t len = strlen(copy);

    while (len && strchr(" \t\n", copy[len - 1]))
        copy[--len] = '\0';
    cron->expressions[field] = xcalloc(CRON_EXPRESSIONS_MAX, sizeof(struct expression));
    while ((part = strsep(&rest, ","))) {
        size_t n;
        int r;

        part += strspn(part, " ");
        for (n = strlen(part); n && part[n - 1] == ' '; n--)
            part[n - 1] = '\0';
        if (cron->n[field] == CRON_EXPRESSIONS_MAX)
            return error_set_kind(err, -E2BIG, "ValueError", "Field \"%s\" has more than %d expressions",
                                  fields[field].name, CRON_EXPRESSIONS_MAX);
        r = read_expression(field, part, &cron->expressions[field][cron->n[field]], err);
        if (r < 0)
            return r;
        cron->n[field]++;
    }
    return 0;
}

static int read_given(struct cron *cron, enum field field, value given, struct error *err)
{
    char digits[24];

    if (value_is_string(given))
        return read_field(cron, field, value_chars(given), err);
    if (given.kind != VALUE_INT)
        return error_set_kind(err, -EINVAL, "ValueError", "Field \"%s\" is neither text nor an integer",
                              fields[field].name);
    snprintf(digits, sizeof(digits), "%lld", (long long)given.integer);
    return read_field(cron, field, digits, err);
}

int cron_new(value parameters, struct cron **ret, struct error *err)
{
    CLEANUP(cron_freep)
    struct cron *cron = xcalloc(1, sizeof(*cron));
    int smallest = -1, r = 0;

    for (int i = 0; i < FIELDS; i++)
        if (!value_is_null(value_map_get(parameters, fields[i].name)))
            smallest = i;
    for (int i = 0; i < FIELDS && r == 0; i++) {
        value given = value_map_get(parameters, fields[i].name);

        if (!value_is_null(given))
            r = read_given(cron, i, given, err);
        else if (i < smallest || smallest < 0 || fields[i].free)
            r = read_field(cron, i, "*", err);
        else
            r = read_given(cron, i, value_int(fields[i].least), err);
    }
    if (r < 0)
        return r;
    *ret = take_ptr(&cron);
    return 0;
}

void cron_free(struct cron *cron)
{
    if (!cron)
        return;
    for (int i = 0; i < FIELDS; i++)
        free(cron->expressions[i]);
    free(cron);
}

void cron_freep(struct cron **cron)
{
    cron_free(*cron);
}

/* ---- fitting ---- */

/* ISO week: the one of the Thursday in the same week. */
static int iso_week(const struct civil *day)
{
    struct civil thursday, first = { .month = 1, .day = 1 };
    int64_t us = civil_to_us(day);

    civil_from_us(us + (3 - weekday_of_us(us)) * 86400000000LL, &thursday);
    first.year = thursday.year;
    thursday.hour = thursday.minute = thursday.second = thursday.microsecond = 0;
    return (int)((civil_to_us(&thursday) - civil_to_us(&first)) / 86400000000LL / 7) + 1;
}

static bool expression_fits(const struct expression *e, int v, const struct civil *day)
{
    int last_day, weekday;

    if (e->kind == RANGE)
        return v >= e->first && v <= e->last && (v - e->first) % e->step == 0;
    last_day = days_in_month(day->year, day->month);
    if (e->kind == LAST_DAY)
        return v == last_day;
    weekday = weekday_of_us(civil_to_us(day));
    if (weekday != e->weekday)
        return false;
    return e->position == 5 ? v + 7 > last_day : (v - 1) / 7 == e->position;
}

static bool field_fits(const struct cron *cron, enum field field, int v, const struct civil *day)
{
    for (int i = 0; i < cron->n[field]; i++)
        if (expression_fits(&cron->expressions[field][i], v, day))
            return true;
    return false;
}

static bool day_fits(const struct cron *cron, const struct civil *day)
{
    return field_fits(cron, DAY, day->day, day) &&
           field_fits(cron, DAY_OF_WEEK, weekday_of_us(civil_to_us(day)), day) &&
           field_fits(cron, WEEK, iso_week(day), day);
}

/* The first time of this day at or after what `c` says; false: none is left. */
static bool next_in_day(const struct cron *cron, struct civil *c)
{
    for (; c->hour < 24; c->hour++, c->minute = c->second = 0) {
        if (!field_fits(cron, HOUR, c->hour, c))
            continue;
        for (; c->minute < 60; c->minute++, c->second = 0) {
            if (!field_fits(cron, MINUTE, c->minute, c))
                continue;
            for (; c->second < 60; c->second++)
                if (field_fits(cron, SECOND, c->second, c))
                    return true;
        }
    }
    return false;
}

static void step_month(struct civil *c)
{
    *c = (struct civil){ .year = c->year + (c->month == 12),
                         .month = c->month == 12 ? 1 : c->month + 1,
                         .day = 1 };
}

bool cron_next(const struct cron *cron, int64_t wall_us, int64_t *ret_wall_us)
{
    struct civil c;

    civil_from_us(wall_us + 999999, &c);
    c.microsecond = 0;
    while (c.year <= fields[YEAR].most) {
        struct civil day = { .year = c.year, .month = c.month, .day = c.day };

        if (!field_fits(cron, YEAR, c.year, &day)) {
            c = (struct civil){ .year = c.year + 1, .month = 1, .day = 1 };
            continue;
        }
        if (!field_fits(cron, MONTH, c.month, &day)) {
            step_month(&c);
            continue;
        }
        if (day_fits(cron, &day) && next_in_day(cron, &c)) {
            *ret_wall_us = civil_to_us(&c);
            return true;
        }
        if (day.day == days_in_month(day.year, day.month))
            step_month(&c);
        else
            c = (struct civil){ .year = day.year, .month = day.month, .day = day.day + 1 };
    }
    return false;
}
