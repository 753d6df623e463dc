/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time and spans. A datetime is wall clock time with an offset; the reference engine gives a zone to each, UTC
   when nothing else is said. */
#include "expr/yaql/dates.h"

#include <math.h>

#include "value/datetime.h"
#include "value/number.h"

#define SECOND_US INT64_C(1000000)
#define MINUTE_US (60 * SECOND_US)
#define HOUR_US   (60 * MINUTE_US)
#define DAY_US    (24 * HOUR_US)

/* ---- making ---- */

static int overflow(struct evaluation *ev)
{
    return yaql_fail(ev, "OverflowError", "date value out of range");
}

int dates_new(struct evaluation *ev, int64_t us, bool aware, int64_t offset_us, value *ret)
{
    static const struct civil first = { 1, 1, 1, 0, 0, 0, 0 }, last = { 9999, 12, 31, 23, 59, 59, 999999 };

    if (us < civil_to_us(&first) || us > civil_to_us(&last))
        return overflow(ev);
    if (offset_us <= -DAY_US || offset_us >= DAY_US)
        return yaql_fail(
            ev, "ValueError",
            "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24).");
    *ret = value_datetime_new(us, aware, (int32_t)(offset_us / SECOND_US));
    return 0;
}

static int64_t offset_us(value datetime)
{
    return datetime.datetime->offset_s * SECOND_US;
}

static int span(struct call *c, double us, value *ret)
{
    us = rint(us);
    if (isnan(us))
        return yaql_fail(c->ev, "ValueError", "cannot convert float NaN to integer");
    if (fabs(us) > 9.2e18)
        return yaql_fail(c->ev, "OverflowError", "Python int too large to convert to C int");
    *ret = value_timespan((int64_t)us);
    return 0;
}

/* The bounds of the fields of a date, as Python tells them. */
static int check_fields(struct evaluation *ev, const int64_t fields[7])
{
    static const struct {
        int64_t least, most;
        const char *said;
    } bounds[] = {
        { 1, 9999, NULL },
        { 1, 12, "month must be in 1..12" },
        { 1, 31, "day is out of range for month" },
        { 0, 23, "hour must be in 0..23" },
        { 0, 59, "minute must be in 0..59" },
        { 0, 59, "second must be in 0..59" },
        { 0, 999999, "microsecond must be in 0..999999" },
    };

    if (fields[0] < 1 || fields[0] > 9999)
        return yaql_fail(ev, "ValueError", "year %lld is out of range", (long long)fields[0]);
    for (size_t i = 1; i < ELEMENTS(bounds); i++)
        if (fields[i] < bounds[i].least || fields[i] > bounds[i].most)
            return yaql_fail(ev, "ValueError", "%s", bounds[i].said);
    if (fields[2] > days_in_month((int)fields[0], (int)fields[1]))
        return yaql_fail(ev, "ValueError", "%s", bounds[2].said);
    return 0;
}

static int of_fields(struct evaluation *ev, const int64_t f[7], int64_t offset, value *ret)
{
    struct civil civil;
    int r = check_fields(ev, f);

    if (r < 0)
        return r;
    civil = (struct civil){ (int)f[0], (int)f[1], (int)f[2], (int)f[3], (int)f[4], (int)f[5], (int)f[6] };
    return dates_new(ev, civil_to_us(&civil), true, offset, ret);
}

static int build_datetime(struct call *c, value *ret)
{
    int64_t fields[7];

    for (size_t i = 0; i < 7; i++) {
        int r = arg_int_checked(c, i, 0, &fields[i]);

        if (r < 0)
            return r;
    }
    return of_fields(c->ev, fields, arg_given(c, 7) ? c->args[7].v.integer : 0, ret);
}

static int of_timestamp(struct call *c, value *ret)
{
    int64_t offset = arg_given(c, 1) ? c->args[1].v.integer : 0;
    double seconds;

    if (!number_to_double(c->args[0].v, &seconds) || fabs(seconds) > 9.2e18)
        return yaql_fail(c->ev, "OverflowError", "timestamp out of range for platform time_t");
    if (isnan(seconds))
        return yaql_fail(c->ev, "ValueError", "cannot convert float NaN to integer");
    if (fabs(seconds) > 1e12)
        return yaql_fail(c->ev, "ValueError", "year %.0f is out of range", floor(1970 + seconds / 31556952));
    return dates_new(c->ev, (int64_t)(floor(seconds) * 1e6 + rint((seconds - floor(seconds)) * 1e6)) + offset,
                     true, offset, ret);
}

static int of_text(struct call *c, value *ret)
{
    int r;

    if (value_len(c->args[1].v))
        r = dates_parse_format(c->ev, c->args[0].v, c->args[1].v, ret);
    else
        r = dates_parse(c->ev, c->args[0].v, ret);
    if (r >= 0 && !ret->datetime->aware)
        value_replace(ret, value_datetime_new(ret->datetime->us, true, 0));
    return r;
}

static int build_timespan(struct call *c, value *ret)
{
    static const int64_t units[] = { DAY_US, HOUR_US, MINUTE_US, SECOND_US, 1000, 1 };
    int64_t us = 0;

    for (size_t i = 0; i < ELEMENTS(units); i++) {
        int64_t part;

        if (c->args[i].v.kind == VALUE_BIGINT || __builtin_mul_overflow(arg_int(c, i, 0), units[i], &part) ||
            __builtin_add_overflow(us, part, &us))
            return yaql_fail(c->ev, "OverflowError", "Python int too large to convert to C int");
    }
    *ret = value_timespan(us);
    return 0;
}

static int now(struct call *c, value *ret)
{
    int64_t offset = arg_given(c, 0) ? c->args[0].v.integer : 0;

    return dates_new(c->ev, c->ev->context->now_us + offset, true, offset, ret);
}

static int utc_zone(struct call *c, value *ret)
{
    *ret = value_timespan(0);
    return 0;
}

/* ---- arithmetic ---- */

static int shift(struct call *c, value datetime, int64_t by, int sign, value *ret)
{
    int64_t us;

    if (sign < 0 ? __builtin_sub_overflow(datetime.datetime->us, by, &us)
                 : __builtin_add_overflow(datetime.datetime->us, by, &us))
        return overflow(c->ev);
    return dates_new(c->ev, us, true, offset_us(datetime), ret);
}

static int datetime_plus_span(struct call *c, value *ret)
{
    return shift(c, c->args[0].v, c->args[1].v.integer, 1, ret);
}

static int span_plus_datetime(struct call *c, value *ret)
{
    return shift(c, c->args[1].v, c->args[0].v.integer, 1, ret);
}

static int datetime_minus_span(struct call *c, value *ret)
{
    return shift(c, c->args[0].v, c->args[1].v.integer, -1, ret);
}

static int datetime_minus_datetime(struct call *c, value *ret)
{
    *ret = value_timespan(datetime_utc_us(c->args[0].v) - datetime_utc_us(c->args[1].v));
    return 0;
}

static int add_spans(struct call *c, value *ret)
{
    int64_t us;

    if (__builtin_add_overflow(c->args[0].v.integer, c->args[1].v.integer, &us))
        return yaql_fail(c->ev, "OverflowError", "Python int too large to convert to C int");
    *ret = value_timespan(us);
    return 0;
}

static int subtract_spans(struct call *c, value *ret)
{
    int64_t us;

    if (__builtin_sub_overflow(c->args[0].v.integer, c->args[1].v.integer, &us))
        return yaql_fail(c->ev, "OverflowError", "Python int too large to convert to C int");
    *ret = value_timespan(us);
    return 0;
}

static int negate_span(struct call *c, value *ret)
{
    *ret = value_timespan((int64_t)(0 - (uint64_t)c->args[0].v.integer));
    return 0;
}

static int keep_span(struct call *c, value *ret)
{
    *ret = c->args[0].v;
    return 0;
}

static int scale(struct call *c, value ts, value n, value *ret)
{
    int64_t us;
    double d;

    if (n.kind == VALUE_INT && !__builtin_mul_overflow(ts.integer, n.integer, &us)) {
        *ret = value_timespan(us);
        return 0;
    }
    if (!number_to_double(n, &d))
        return yaql_fail(c->ev, "OverflowError", "int too large to convert to float");
    return span(c, (double)ts.integer * d, ret);
}

static int span_by_number(struct call *c, value *ret)
{
    return scale(c, c->args[0].v, c->args[1].v, ret);
}

static int number_by_span(struct call *c, value *ret)
{
    return scale(c, c->args[1].v, c->args[0].v, ret);
}

static int divide_spans(struct call *c, value *ret)
{
    if (!c->args[1].v.integer)
        return yaql_fail(c->ev, "ZeroDivisionError", "float division by zero");
    *ret = value_float((double)c->args[0].v.integer / (double)c->args[1].v.integer);
    return 0;
}

static int divide_span(struct call *c, value *ret)
{
    double d;

    if (!number_to_double(c->args[1].v, &d))
        return yaql_fail(c->ev, "OverflowError", "int too large to convert to float");
    if (d == 0)
        return yaql_fail(c->ev, "ZeroDivisionError", "%sdivision by zero",
                         c->args[1].v.kind == VALUE_FLOAT ? "float " : "");
    return span(c, (double)c->args[0].v.integer / d, ret);
}

/* ---- properties ---- */

/* `data`: microseconds of the unit. */
static const double in_days = DAY_US, in_hours = HOUR_US, in_minutes = MINUTE_US, in_seconds = SECOND_US,
                    in_ms = 1000;

static int span_in(struct call *c, value *ret)
{
    *ret = value_float((double)c->args[0].v.integer / *(const double *)c->function->data);
    return 0;
}

static int span_in_us(struct call *c, value *ret)
{
    *ret = value_int(c->args[0].v.integer);
    return 0;
}

/* `data`: which member of struct civil. */
static const size_t of_year = offsetof(struct civil, year), of_month = offsetof(struct civil, month),
                    of_day = offsetof(struct civil, day), of_hour = offsetof(struct civil, hour),
                    of_minute = offsetof(struct civil, minute), of_second = offsetof(struct civil, second),
                    of_microsecond = offsetof(struct civil, microsecond);

static int field(struct call *c, value *ret)
{
    struct civil civil;

    civil_from_us(c->args[0].v.datetime->us, &civil);
    *ret = value_int(*(const int *)((const char *)&civil + *(const size_t *)c->function->data));
    return 0;
}

static int weekday(struct call *c, value *ret)
{
    *ret = value_int(weekday_of_us(c->args[0].v.datetime->us));
    return 0;
}

static int64_t time_of_day(value datetime)
{
    int64_t us = datetime.datetime->us % DAY_US;

    return us < 0 ? us + DAY_US : us;
}

static int date(struct call *c, value *ret)
{
    return shift(c, c->args[0].v, time_of_day(c->args[0].v), -1, ret);
}

static int time_of(struct call *c, value *ret)
{
    *ret = value_timespan(time_of_day(c->args[0].v));
    return 0;
}

static int offset_of(struct call *c, value *ret)
{
    *ret = value_timespan(offset_us(c->args[0].v));
    return 0;
}

/* The wall clock of UTC, still under the old offset, as the reference engine has it. */
static int utc(struct call *c, value *ret)
{
    return shift(c, c->args[0].v, offset_us(c->args[0].v), -1, ret);
}

static int timestamp(struct call *c, value *ret)
{
    VALUE_AUTO(shifted);
    int r = utc(c, &shifted);

    if (r >= 0)
        *ret = value_float((double)datetime_utc_us(shifted) / 1e6);
    return r;
}

/* ---- methods ---- */

static int replace(struct call *c, value *ret)
{
    value from = c->args[0].v;
    struct civil civil;
    int64_t fields[7];

    civil_from_us(from.datetime->us, &civil);
    memcpy(fields,
           (int64_t[]){ civil.year, civil.month, civil.day, civil.hour, civil.minute, civil.second,
                        civil.microsecond },
           sizeof(fields));
    for (size_t i = 0; i < 7; i++) {
        int r = arg_int_checked(c, i + 1, fields[i], &fields[i]);

        if (r < 0)
            return r;
    }
    return of_fields(c->ev, fields,
                     c->args[8].v.kind == VALUE_TIMESPAN ? c->args[8].v.integer : offset_us(from), ret);
}

static int format(struct call *c, value *ret)
{
    return dates_format(c->ev, c->args[0].v, c->args[1].v, ret);
}

static int is_datetime(struct call *c, value *ret)
{
    *ret = value_bool(c->args[0].v.kind == VALUE_DATETIME && !c->args[0].v.datetime->date_only);
    return 0;
}

static int is_timespan(struct call *c, value *ret)
{
    *ret = value_bool(c->args[0].v.kind == VALUE_TIMESPAN);
    return 0;
}

#define INT(name)             \
    {                         \
        name, T_INT, OPTIONAL \
    }
#define INT_N(name)             \
    {                           \
        name, T_INT_N, OPTIONAL \
    }
#define OFFSET                         \
    {                                  \
        "offset", T_TIMESPAN, OPTIONAL \
    }
#define TWO(a, b) PARAMS({ "left", a }, { "right", b })
#define SPAN_PROPERTY(name, u)                                                          \
    {                                                                                   \
        "#property#" name, FUNCTION, span_in, PARAMS({ "obj", T_TIMESPAN }), .data = &u \
    }
#define FIELD(name, member)                                                                \
    {                                                                                      \
        "#property#" name, FUNCTION, field, PARAMS({ "obj", T_DATETIME }), .data = &member \
    }
#define PROPERTY(name, call)                                             \
    {                                                                    \
        "#property#" name, FUNCTION, call, PARAMS({ "obj", T_DATETIME }) \
    }

const struct function yaql_dates[] = {
    { "datetime", FUNCTION, build_datetime,
      PARAMS({ "year", T_INT }, { "month", T_INT }, { "day", T_INT }, INT("hour"), INT("minute"),
             INT("second"), INT("microsecond"), OFFSET) },
    { "datetime", FUNCTION, of_timestamp, PARAMS({ "timestamp", T_NUMBER }, OFFSET) },
    { "datetime", FUNCTION, of_text, PARAMS({ "string", T_STRING }, { "format", T_STRING_N, OPTIONAL }) },
    { "timespan", FUNCTION, build_timespan,
      PARAMS(INT("days"), INT("hours"), INT("minutes"), { "seconds", T_INTEGER, OPTIONAL },
             { "milliseconds", T_INTEGER, OPTIONAL }, { "microseconds", T_INTEGER, OPTIONAL }) },
    { "now", FUNCTION, now, PARAMS(OFFSET) },
    { "localtz", FUNCTION, utc_zone },
    { "utctz", FUNCTION, utc_zone },
    { "isDatetime", FUNCTION, is_datetime, PARAMS({ "value", T_ANY }) },
    { "isTimespan", FUNCTION, is_timespan, PARAMS({ "value", T_ANY }) },
    { "#operator_+", FUNCTION, datetime_plus_span, TWO(T_DATETIME, T_TIMESPAN) },
    { "#operator_+", FUNCTION, span_plus_datetime, TWO(T_TIMESPAN, T_DATETIME) },
    { "#operator_+", FUNCTION, add_spans, TWO(T_TIMESPAN, T_TIMESPAN) },
    { "#operator_-", FUNCTION, datetime_minus_span, TWO(T_DATETIME, T_TIMESPAN) },
    { "#operator_-", FUNCTION, datetime_minus_datetime, TWO(T_DATETIME, T_DATETIME) },
    { "#operator_-", FUNCTION, subtract_spans, TWO(T_TIMESPAN, T_TIMESPAN) },
    { "#operator_*", FUNCTION, span_by_number, TWO(T_TIMESPAN, T_NUMBER) },
    { "#operator_*", FUNCTION, number_by_span, TWO(T_NUMBER, T_TIMESPAN) },
    { "#operator_/", FUNCTION, divide_spans, TWO(T_TIMESPAN, T_TIMESPAN) },
    { "#operator_/", FUNCTION, divide_span, TWO(T_TIMESPAN, T_NUMBER) },
    { "#unary_operator_-", FUNCTION, negate_span, PARAMS({ "ts", T_TIMESPAN }) },
    { "#unary_operator_+", FUNCTION, keep_span, PARAMS({ "ts", T_TIMESPAN }) },
    SPAN_PROPERTY("days", in_days),
    SPAN_PROPERTY("hours", in_hours),
    SPAN_PROPERTY("minutes", in_minutes),
    SPAN_PROPERTY("seconds", in_seconds),
    SPAN_PROPERTY("milliseconds", in_ms),
    { "#property#microseconds", FUNCTION, span_in_us, PARAMS({ "obj", T_TIMESPAN }) },
    FIELD("year", of_year),
    FIELD("month", of_month),
    FIELD("day", of_day),
    FIELD("hour", of_hour),
    FIELD("minute", of_minute),
    FIELD("second", of_second),
    FIELD("microsecond", of_microsecond),
    PROPERTY("weekday", weekday),
    PROPERTY("date", date),
    PROPERTY("time", time_of),
    PROPERTY("offset", offset_of),
    PROPERTY("utc", utc),
    PROPERTY("timestamp", timestamp),
    { "replace", METHOD, replace,
      PARAMS({ "dt", T_DATETIME }, INT_N("year"), INT_N("month"), INT_N("day"), INT_N("hour"),
             INT_N("minute"), INT_N("second"), INT_N("microsecond"), { "offset", T_TIMESPAN_N, OPTIONAL }) },
    { "format", METHOD, format, PARAMS({ "dt", T_DATETIME }, { "format", T_STRING }) },
    { 0 },
};
