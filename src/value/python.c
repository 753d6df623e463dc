/* SPDX-License-Identifier: Apache-2.0 */
/* str() and repr(). Formatting is in python_format.c, reading literals in python_literal.c. */
#include "value/python.h"

#include <stdlib.h>
#include <unictype.h>

#include "base/utf8.h"
#include "value/datetime.h"
#include "value/json.h"

const char *python_type_name(value v)
{
    static const char *const names[] = {
        [VALUE_UNSET] = "NoneType", [VALUE_NULL] = "NoneType",
        [VALUE_BOOL] = "bool",      [VALUE_INT] = "int",
        [VALUE_FLOAT] = "float",    [VALUE_TIMESPAN] = "datetime.timedelta",
        [VALUE_BIGINT] = "int",     [VALUE_STRING] = "str",
        [VALUE_BYTES] = "bytes",    [VALUE_LIST] = "list",
        [VALUE_TUPLE] = "tuple",    [VALUE_MAP] = "dict",
        [VALUE_SET] = "set",        [VALUE_DATETIME] = "datetime.datetime",
    };

    if (v.kind == VALUE_OBJECT)
        return v.object->ops->name;
    if (v.kind == VALUE_DATETIME && v.datetime->date_only)
        return "datetime.date";
    return names[v.kind];
}

/* ---- text ---- */

/* str.isprintable() of one character beyond ASCII. */
static bool is_printable(uint32_t c)
{
    return !uc_is_general_category_withtable(c, UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z);
}

static char quote_for(const char *text, size_t n)
{
    return memchr(text, '\'', n) && !memchr(text, '"', n) ? '"' : '\'';
}

/* One character below 128 inside quotes. */
static void repr_ascii(struct buffer *out, unsigned char c, char quote)
{
    switch (c) {
    case '\n':
        buffer_add_text(out, "\\n");
        break;
    case '\r':
        buffer_add_text(out, "\\r");
        break;
    case '\t':
        buffer_add_text(out, "\\t");
        break;
    default:
        if (c == '\\' || c == (unsigned char)quote)
            buffer_add_char(out, '\\');
        if (c < 32 || c == 127)
            buffer_addf(out, "\\x%02x", c);
        else
            buffer_add_char(out, (char)c);
    }
}

void python_repr_text(struct buffer *out, const char *text, size_t n)
{
    char quote = n ? quote_for(text, n) : '\'';
    const char *at = text, *end = text + n;

    buffer_add_char(out, quote);
    while (at < end) {
        const char *start = at;
        uint32_t c;

        if ((unsigned char)*at < 128) {
            repr_ascii(out, (unsigned char)*at++, quote);
            continue;
        }
        c = utf8_next(&at);
        if (is_printable(c))
            buffer_add(out, start, (size_t)(at - start));
        else if (c < 0x100)
            buffer_addf(out, "\\x%02x", c);
        else if (c < 0x10000)
            buffer_addf(out, "\\u%04x", c);
        else
            buffer_addf(out, "\\U%08x", c);
    }
    buffer_add_char(out, quote);
}

static void repr_bytes(struct buffer *out, const char *data, size_t n)
{
    char quote = n ? quote_for(data, n) : '\'';

    buffer_add_char(out, 'b');
    buffer_add_char(out, quote);
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)data[i] < 128)
            repr_ascii(out, (unsigned char)data[i], quote);
        else
            buffer_addf(out, "\\x%02x", (unsigned char)data[i]);
    }
    buffer_add_char(out, quote);
}

/* ---- dates ---- */

#define US_PER_DAY 86400000000LL

static void split_timespan(int64_t us, int64_t *ret_days, int64_t *ret_seconds, int64_t *ret_us)
{
    int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0);
    int64_t rest = us - days * US_PER_DAY;

    *ret_days = days;
    *ret_seconds = rest / 1000000;
    *ret_us = rest % 1000000;
}

static void repr_timespan(struct buffer *out, int64_t us)
{
    int64_t days, seconds, rest;
    const char *comma = "";

    split_timespan(us, &days, &seconds, &rest);
    buffer_add_text(out, "datetime.timedelta(");
    if (days) {
        buffer_addf(out, "days=%lld", (long long)days);
        comma = ", ";
    }
    if (seconds) {
        buffer_addf(out, "%sseconds=%lld", comma, (long long)seconds);
        comma = ", ";
    }
    if (rest)
        buffer_addf(out, "%smicroseconds=%lld", comma, (long long)rest);
    buffer_add_text(out, us ? ")" : "0)");
}

static void str_timespan(struct buffer *out, int64_t us)
{
    int64_t days, seconds, rest;

    split_timespan(us, &days, &seconds, &rest);
    if (days)
        buffer_addf(out, "%lld day%s, ", (long long)days, days == 1 || days == -1 ? "" : "s");
    buffer_addf(out, "%lld:%02lld:%02lld", (long long)(seconds / 3600), (long long)(seconds / 60 % 60),
                (long long)(seconds % 60));
    if (rest)
        buffer_addf(out, ".%06lld", (long long)rest);
}

static void repr_datetime(struct buffer *out, const struct value_datetime *t)
{
    struct civil c;

    civil_from_us(t->us, &c);
    if (t->date_only) {
        buffer_addf(out, "datetime.date(%d, %d, %d)", c.year, c.month, c.day);
        return;
    }
    buffer_addf(out, "datetime.datetime(%d, %d, %d, %d, %d", c.year, c.month, c.day, c.hour, c.minute);
    if (c.second || c.microsecond)
        buffer_addf(out, ", %d", c.second);
    if (c.microsecond)
        buffer_addf(out, ", %d", c.microsecond);
    if (t->aware && t->offset_s == 0) {
        buffer_add_text(out, ", tzinfo=datetime.timezone.utc");
    } else if (t->aware) {
        buffer_add_text(out, ", tzinfo=datetime.timezone(");
        repr_timespan(out, t->offset_s * 1000000LL);
        buffer_add_char(out, ')');
    }
    buffer_add_char(out, ')');
}

/* ---- everything ---- */

static void write_repr(struct buffer *out, value v, int level);

static void repr_items(struct buffer *out, value v, int level)
{
    VALUE_LIST_EACH (i, item, v) {
        if (i)
            buffer_add_text(out, ", ");
        write_repr(out, item, level + 1);
    }
}

static void repr_map(struct buffer *out, value v, int level)
{
    if (v.kind == VALUE_SET && !value_map_count(v)) {
        buffer_add_text(out, "set()");
        return;
    }
    buffer_add_char(out, '{');
    VALUE_MAP_EACH (i, v) {
        if (i)
            buffer_add_text(out, ", ");
        write_repr(out, value_map_key_at(v, i), level + 1);
        if (v.kind == VALUE_MAP) {
            buffer_add_text(out, ": ");
            write_repr(out, value_map_item_at(v, i), level + 1);
        }
    }
    buffer_add_char(out, '}');
}

static void repr_float(struct buffer *out, double d)
{
    char text[JSON_DOUBLE_SIZE];

    buffer_add(out, text, json_format_double(d, text));
}

static void repr_bigint(struct buffer *out, value v)
{
    char *digits = mpz_get_str(NULL, 10, v.bigint->number);

    buffer_add_text(out, digits);
    free(digits);
}

static void write_repr(struct buffer *out, value v, int level)
{
    if (level > VALUE_DEPTH_MAX) {
        buffer_add_text(out, "...");
        return;
    }
    switch (v.kind) {
    case VALUE_UNSET:
    case VALUE_NULL:
        buffer_add_text(out, "None");
        break;
    case VALUE_BOOL:
        buffer_add_text(out, v.boolean ? "True" : "False");
        break;
    case VALUE_INT:
        buffer_addf(out, "%lld", (long long)v.integer);
        break;
    case VALUE_FLOAT:
        repr_float(out, v.number);
        break;
    case VALUE_TIMESPAN:
        repr_timespan(out, v.integer);
        break;
    case VALUE_BIGINT:
        repr_bigint(out, v);
        break;
    case VALUE_STRING:
        python_repr_text(out, v.string->data, v.string->len);
        break;
    case VALUE_BYTES:
        repr_bytes(out, v.string->data, v.string->len);
        break;
    case VALUE_LIST:
        buffer_add_char(out, '[');
        repr_items(out, v, level);
        buffer_add_char(out, ']');
        break;
    case VALUE_TUPLE:
        buffer_add_char(out, '(');
        repr_items(out, v, level);
        buffer_add_text(out, v.list->count == 1 ? ",)" : ")");
        break;
    case VALUE_MAP:
    case VALUE_SET:
        repr_map(out, v, level);
        break;
    case VALUE_DATETIME:
        repr_datetime(out, v.datetime);
        break;
    default:
        buffer_addf(out, "<%s object>", python_type_name(v));
    }
}

void python_repr(struct buffer *out, value v)
{
    write_repr(out, v, 0);
}

void python_str(struct buffer *out, value v)
{
    switch (v.kind) {
    case VALUE_STRING:
        buffer_add(out, v.string->data, v.string->len);
        break;
    case VALUE_DATETIME:
        datetime_format_iso(out, v, ' ');
        break;
    case VALUE_TIMESPAN:
        str_timespan(out, v.integer);
        break;
    default:
        write_repr(out, v, 0);
    }
}

value python_str_value(value v)
{
    BUFFER_AUTO(text);

    if (v.kind == VALUE_STRING)
        return value_ref(v);
    python_str(&text, v);
    return value_text_n(buffer_text(&text), text.len);
}

value python_repr_value(value v)
{
    BUFFER_AUTO(text);

    python_repr(&text, v);
    return value_text_n(buffer_text(&text), text.len);
}
