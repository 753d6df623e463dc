/* SPDX-License-Identifier: Apache-2.0 */
/* Recursive descent over the text, one function a kind; the depth is bounded, so is the stack. */
#include "value/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/datetime.h"
#include "value/number.h"

struct reader {
    const char *start, *at, *end;
    enum json_read_flags flags;
    int depth;
    struct error *err;
    struct buffer scratch;
};

static int fail(struct reader *r, const char *what)
{
    int line = 1, column = 1;

    for (const char *p = r->start; p < r->at && p < r->end; p++) {
        if (*p == '\n') {
            line++;
            column = 1;
        } else if ((*p & 0xC0) != 0x80) {
            column++;
        }
    }
    return error_set_at(r->err, -EINVAL, line, column, "%s: line %d column %d (char %td)", what, line, column,
                        r->at - r->start);
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

static int read_value(struct reader *r, value *ret);

static int hex4(struct reader *r, unsigned *ret)
{
    unsigned code = 0;

    if (r->end - r->at < 4)
        return fail(r, "Invalid \\uXXXX escape");
    for (int i = 0; i < 4; i++) {
        char c = r->at[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;

        if (digit == 16)
            return fail(r, "Invalid \\uXXXX escape");
        code = code << 4 | digit;
    }
    r->at += 4;
    *ret = code;
    return 0;
}

/* After the backslash. */
static int read_escape(struct reader *r)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *found;
    unsigned code, low;
    int rc;

    if (r->at >= r->end)
        return fail(r, "Unterminated string");
    found = *r->at ? strchr(names, *r->at) : NULL;
    if (found) {
        r->at++;
        buffer_add_char(&r->scratch, meant[found - names]);
        return 0;
    }
    if (*r->at != 'u')
        return fail(r, "Invalid \\escape");
    r->at++;
    rc = hex4(r, &code);
    if (rc < 0)
        return rc;
    if (code >= 0xD800 && code < 0xDC00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        r->at += 2;
        rc = hex4(r, &low);
        if (rc < 0)
            return rc;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(r, "Unpaired surrogate in \\u escape");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xD800 && code <= 0xDFFF) {
        return fail(r, "Unpaired surrogate in \\u escape");
    }
    buffer_add_utf8(&r->scratch, code);
    return 0;
}

static int read_string(struct reader *r, value *ret)
{
    const char *from = ++r->at; /* past the quote */
    size_t good;
    int rc;

    buffer_clear(&r->scratch);
    for (;;) {
        while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= ' ')
            r->at++;
        if (r->at >= r->end)
            return fail(r, "Unterminated string");
        if ((unsigned char)*r->at < ' ')
            return fail(r, "Invalid control character");
        good = utf8_valid_prefix(from, (size_t)(r->at - from));
        if (good != (size_t)(r->at - from)) {
            r->at = from + good;
            return fail(r, "Text is not valid UTF-8");
        }
        if (*r->at == '"') {
            if (!r->scratch.len) {
                *ret = value_text_n(from, (size_t)(r->at - from));
            } else {
                buffer_add(&r->scratch, from, (size_t)(r->at - from));
                *ret = value_text_n(r->scratch.data, r->scratch.len);
            }
            r->at++;
            return 0;
        }
        buffer_add(&r->scratch, from, (size_t)(r->at - from));
        r->at++;
        rc = read_escape(r);
        if (rc < 0)
            return rc;
        from = r->at;
    }
}

static bool digit_at(const struct reader *r, const char *p)
{
    return p < r->end && *p >= '0' && *p <= '9';
}

static int read_number(struct reader *r, value *ret)
{
    const char *from = r->at, *p = r->at;
    bool integer = true;
    char stack[64], *text;

    if (p < r->end && *p == '-')
        p++;
    if (!digit_at(r, p))
        return fail(r, "Expecting value");
    if (*p == '0')
        p++;
    else
        while (digit_at(r, p))
            p++;
    if (p < r->end && *p == '.' && digit_at(r, p + 1)) {
        integer = false;
        for (p++; digit_at(r, p);)
            p++;
    }
    if (p < r->end && (*p == 'e' || *p == 'E')) {
        const char *e = p + 1;

        if (e < r->end && (*e == '+' || *e == '-'))
            e++;
        if (digit_at(r, e)) {
            integer = false;
            for (p = e; digit_at(r, p);)
                p++;
        }
    }
    if (integer) {
        if (p - from > JSON_DIGITS_MAX)
            return fail(r, "Integer has too many digits");
        *ret = value_int_from_text(from, (size_t)(p - from), 10);
        r->at = p;
        return 0;
    }
    text = (size_t)(p - from) < sizeof(stack) ? stack : xmalloc((size_t)(p - from) + 1);
    memcpy(text, from, (size_t)(p - from));
    text[p - from] = '\0';
    *ret = value_float(strtod(text, NULL));
    if (text != stack)
        free(text);
    r->at = p;
    return 0;
}

static int read_array(struct reader *r, value *ret)
{
    VALUE_AUTO(list);
    value item;
    int rc;

    list = value_list_new(0);
    r->at++;
    skip_space(r);
    if (r->at < r->end && *r->at == ']') {
        r->at++;
        *ret = value_take(&list);
        return 0;
    }
    for (;;) {
        rc = read_value(r, &item);
        if (rc < 0)
            return rc;
        value_list_append(&list, item);
        skip_space(r);
        if (r->at >= r->end || (*r->at != ',' && *r->at != ']'))
            return fail(r, "Expecting ',' delimiter");
        if (*r->at++ == ']')
            break;
        skip_space(r);
    }
    *ret = value_take(&list);
    return 0;
}

static int read_object(struct reader *r, value *ret)
{
    VALUE_AUTO(map);
    VALUE_AUTO(key);
    value item;
    int rc;

    map = value_map_new(0);
    r->at++;
    skip_space(r);
    if (r->at < r->end && *r->at == '}') {
        r->at++;
        *ret = value_take(&map);
        return 0;
    }
    for (;;) {
        if (r->at >= r->end || *r->at != '"')
            return fail(r, "Expecting property name enclosed in double quotes");
        rc = read_string(r, &key);
        if (rc < 0)
            return rc;
        skip_space(r);
        if (r->at >= r->end || *r->at != ':')
            return fail(r, "Expecting ':' delimiter");
        r->at++;
        rc = read_value(r, &item);
        if (rc < 0)
            return rc;
        value_map_set(&map, value_take(&key), item);
        skip_space(r);
        if (r->at >= r->end || (*r->at != ',' && *r->at != '}'))
            return fail(r, "Expecting ',' delimiter");
        if (*r->at++ == '}')
            break;
        skip_space(r);
    }
    *ret = value_take(&map);
    return 0;
}

static int read_word(struct reader *r, value *ret)
{
    static const struct {
        const char *text;
        enum json_read_flags needs;
        value v;
    } words[] = {
        { "null", 0, { .kind = VALUE_NULL } },
        { "true", 0, { .kind = VALUE_BOOL, .integer = 1 } },
        { "false", 0, { .kind = VALUE_BOOL, .integer = 0 } },
        { "NaN", JSON_PYTHON, { .kind = VALUE_FLOAT, .number = __builtin_nan("") } },
        { "Infinity", JSON_PYTHON, { .kind = VALUE_FLOAT, .number = __builtin_inf() } },
        { "-Infinity", JSON_PYTHON, { .kind = VALUE_FLOAT, .number = -__builtin_inf() } },
    };

    for (size_t i = 0; i < ELEMENTS(words); i++) {
        size_t n = strlen(words[i].text);

        if ((r->flags & words[i].needs) == words[i].needs && (size_t)(r->end - r->at) >= n &&
            memcmp(r->at, words[i].text, n) == 0) {
            r->at += n;
            *ret = words[i].v;
            return 0;
        }
    }
    return *r->at == '-' ? read_number(r, ret) : fail(r, "Expecting value");
}

static int read_value(struct reader *r, value *ret)
{
    int rc;

    skip_space(r);
    if (r->at >= r->end)
        return fail(r, "Expecting value");
    switch (*r->at) {
    case '"':
        return read_string(r, ret);
    case '[':
    case '{':
        if (r->depth == JSON_DEPTH_MAX)
            return fail(r, "Nested too deeply (the limit is 200 levels)");
        r->depth++;
        rc = *r->at == '[' ? read_array(r, ret) : read_object(r, ret);
        r->depth--;
        return rc;
    default:
        return digit_at(r, r->at) ? read_number(r, ret) : read_word(r, ret);
    }
}

int json_read_prefix(const char *text, size_t n, enum json_read_flags flags, value *ret, size_t *ret_used,
                     struct error *err)
{
    struct reader r = { .start = text, .at = text, .end = text + n, .flags = flags, .err = err };
    int rc;

    rc = read_value(&r, ret);
    buffer_release(&r.scratch);
    if (rc == 0)
        *ret_used = (size_t)(r.at - r.start);
    return rc;
}

int json_read(const char *text, size_t n, enum json_read_flags flags, value *ret, struct error *err)
{
    struct reader r = { .start = text, .at = text, .end = text + n, .flags = flags, .err = err };
    value v;
    int rc;

    rc = read_value(&r, &v);
    if (rc == 0) {
        skip_space(&r);
        if (r.at < r.end) {
            value_unref(v);
            rc = fail(&r, "Extra data");
        } else {
            *ret = v;
        }
    }
    buffer_release(&r.scratch);
    return rc;
}

/* ---- writing ---- */

void json_write_string(struct buffer *out, const char *text, size_t n, bool ascii)
{
    const char *end = text + n, *from = text;

    buffer_reserve(out, n + 2);
    buffer_add_char(out, '"');
    while (text < end) {
        unsigned char c = (unsigned char)*text;
        const char *next = text + 1;
        uint32_t code;

        if (c >= ' ' && c != '"' && c != '\\' && (c < 0x7F || !ascii)) {
            text++;
            continue;
        }
        buffer_add(out, from, (size_t)(text - from));
        switch (c) {
        case '"':
            buffer_add(out, "\\\"", 2);
            break;
        case '\\':
            buffer_add(out, "\\\\", 2);
            break;
        case '\n':
            buffer_add(out, "\\n", 2);
            break;
        case '\r':
            buffer_add(out, "\\r", 2);
            break;
        case '\t':
            buffer_add(out, "\\t", 2);
            break;
        case '\b':
            buffer_add(out, "\\b", 2);
            break;
        case '\f':
            buffer_add(out, "\\f", 2);
            break;
        case 0x7F:
            buffer_add_char(out, 0x7F);
            break;
        default:
            if (c < ' ') {
                buffer_addf(out, "\\u%04x", c);
                break;
            }
            next = text;
            code = utf8_next(&next);
            if (code >= 0x10000)
                buffer_addf(out, "\\u%04x\\u%04x", 0xD800 + ((code - 0x10000) >> 10),
                            0xDC00 + (code & 0x3FF));
            else
                buffer_addf(out, "\\u%04x", code);
        }
        text = from = next;
    }
    buffer_add(out, from, (size_t)(end - from));
    buffer_add_char(out, '"');
}

/* Numbers of a few decimals, which are most: a decimal of at most 15 digits that reads back as d is the shortest one. */
static size_t format_plain_double(double d, char out[JSON_DOUBLE_SIZE])
{
    static const uint32_t scales[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
    double size = fabs(d);

    if (!(size >= 1e-3 && size < 1e9))
        return 0;
    for (size_t i = 1; i < sizeof(scales) / sizeof(scales[0]); i++) {
        int64_t scaled = (int64_t)(size * scales[i] + 0.5), whole = scaled / scales[i];
        unsigned sign = d < 0, point = sign + number_text_length(whole);

        if ((double)scaled / scales[i] != size)
            continue;
        out[0] = '-';
        number_put_text(whole, out + point);
        out[point] = '.';
        memset(out + point + 1, '0', i);
        number_put_text(scaled - whole * scales[i], out + point + 1 + i);
        out[point + 1 + i] = '\0';
        return point + 1 + i;
    }
    return 0;
}

size_t json_format_double(double d, char out[JSON_DOUBLE_SIZE])
{
    char digits[32], *e;
    int precision, exponent, n;
    size_t len = format_plain_double(d, out);

    if (len)
        return len;
    if (isnan(d))
        return (size_t)snprintf(out, JSON_DOUBLE_SIZE, "nan");
    if (isinf(d))
        return (size_t)snprintf(out, JSON_DOUBLE_SIZE, d < 0 ? "-inf" : "inf");
    if (d == 0)
        return (size_t)snprintf(out, JSON_DOUBLE_SIZE, signbit(d) ? "-0.0" : "0.0");
    /* 15 digits read back as themselves in any normal number, so shorter forms show by their zeros; denormals have less. */
    for (precision = fabs(d) < 2.2250738585072014e-308 ? 0 : 14; precision <= 16; precision++) {
        snprintf(digits, sizeof(digits), "%.*e", precision, d);
        if (strtod(digits, NULL) == d)
            break;
    }
    /* digits: [-]d.ddddde±XX; strip zeros and lay out as repr does. */
    e = strchr(digits, 'e');
    exponent = atoi(e + 1);
    if (digits[0] == '-')
        out[len++] = '-';
    memmove(digits, digits + (digits[0] == '-'), strlen(digits) + 1);
    e = strchr(digits, 'e');
    *e = '\0';
    if (digits[1] == '.')
        memmove(digits + 1, digits + 2, strlen(digits + 2) + 1);
    n = (int)strlen(digits);
    while (n > 1 && digits[n - 1] == '0')
        digits[--n] = '\0';
    if (exponent < -4 || exponent >= 16) {
        out[len++] = digits[0];
        if (n > 1) {
            out[len++] = '.';
            memcpy(out + len, digits + 1, (size_t)n - 1);
            len += (size_t)n - 1;
        }
        return len + (size_t)snprintf(out + len, JSON_DOUBLE_SIZE - len, "e%c%02d", exponent < 0 ? '-' : '+',
                                      abs(exponent));
    }
    if (exponent < 0) {
        len += (size_t)snprintf(out + len, JSON_DOUBLE_SIZE - len, "0.%.*s%s", -exponent - 1, "0000", digits);
        return len;
    }
    for (int i = 0; i <= exponent || i < n; i++) {
        if (i == exponent + 1)
            out[len++] = '.';
        out[len++] = i < n ? digits[i] : '0';
    }
    if (n <= exponent + 1) {
        out[len++] = '.';
        out[len++] = '0';
    }
    out[len] = '\0';
    return len;
}

static void write_break(struct buffer *out, struct json_style style, int level)
{
    if (style.indent < 0)
        return;
    buffer_add_char(out, '\n');
    buffer_add_fill(out, ' ', (size_t)(style.indent * level));
}

static void write_value(struct buffer *out, value v, struct json_style style, int level);

static void write_comma(struct buffer *out, struct json_style style)
{
    buffer_add_char(out, ',');
    if (style.spaced && style.indent < 0)
        buffer_add_char(out, ' ');
}

static void write_list(struct buffer *out, value v, struct json_style style, int level)
{
    buffer_add_char(out, '[');
    for (uint32_t i = 0; i < v.list->count; i++) {
        if (i)
            write_comma(out, style);
        write_break(out, style, level + 1);
        write_value(out, v.list->items[i], style, level + 1);
    }
    if (v.list->count)
        write_break(out, style, level);
    buffer_add_char(out, ']');
}

static void write_key(struct buffer *out, value key, struct json_style style)
{
    BUFFER_AUTO(text);

    if (key.kind == VALUE_STRING) {
        json_write_string(out, key.string->data, key.string->len, style.ascii);
        return;
    }
    write_value(&text, key, JSON_COMPACT, 0);
    if (text.len && text.data[0] == '"')
        buffer_add(out, text.data, text.len);
    else
        json_write_string(out, buffer_text(&text), text.len, style.ascii);
}

static int compare_keys(const void *a, const void *b)
{
    const struct value_map_entry *left = *(const struct value_map_entry *const *)a;
    const struct value_map_entry *right = *(const struct value_map_entry *const *)b;
    int order;

    return value_compare(left->key, right->key, &order) == 0 ? order : 0;
}

static void write_map(struct buffer *out, value v, struct json_style style, int level)
{
    const struct value_map_entry **order = NULL;
    bool set = v.kind == VALUE_SET;

    if (style.sort_keys && v.map->count > 1) {
        order = xreallocarray(NULL, v.map->count, sizeof(*order));
        for (uint32_t i = 0; i < v.map->count; i++)
            order[i] = &v.map->entries[i];
        qsort(order, v.map->count, sizeof(*order), compare_keys);
    }
    buffer_add_char(out, set ? '[' : '{');
    for (uint32_t i = 0; i < v.map->count; i++) {
        const struct value_map_entry *entry = order ? order[i] : &v.map->entries[i];

        if (i)
            write_comma(out, style);
        write_break(out, style, level + 1);
        if (set) {
            write_value(out, entry->key, style, level + 1);
            continue;
        }
        write_key(out, entry->key, style);
        buffer_add_char(out, ':');
        if (style.spaced || style.indent >= 0)
            buffer_add_char(out, ' ');
        write_value(out, entry->item, style, level + 1);
    }
    if (v.map->count)
        write_break(out, style, level);
    buffer_add_char(out, set ? ']' : '}');
    free(order);
}

static void write_integer(struct buffer *out, int64_t i)
{
    unsigned len = number_text_length(i);

    buffer_reserve(out, len);
    out->len += len;
    number_put_text(i, out->data + out->len);
    out->data[out->len] = '\0';
}

static void write_float(struct buffer *out, double d)
{
    char text[JSON_DOUBLE_SIZE];

    if (isnan(d))
        buffer_add_text(out, "NaN");
    else if (isinf(d))
        buffer_add_text(out, d < 0 ? "-Infinity" : "Infinity");
    else
        buffer_add(out, text, json_format_double(d, text));
}

static void write_value(struct buffer *out, value v, struct json_style style, int level)
{
    if (level > VALUE_DEPTH_MAX) {
        buffer_add(out, "null", 4);
        return;
    }
    switch (v.kind) {
    case VALUE_BOOL:
        buffer_add_text(out, v.boolean ? "true" : "false");
        break;
    case VALUE_INT:
        write_integer(out, v.integer);
        break;
    case VALUE_TIMESPAN:
        write_float(out, (double)v.integer / 1e6);
        break;
    case VALUE_FLOAT:
        write_float(out, v.number);
        break;
    case VALUE_BIGINT: {
        char *digits = mpz_get_str(NULL, 10, v.bigint->number);

        buffer_add_text(out, digits);
        free(digits);
        break;
    }
    case VALUE_STRING:
        json_write_string(out, v.string->data, v.string->len, style.ascii);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        write_list(out, v, style, level);
        break;
    case VALUE_MAP:
    case VALUE_SET:
        write_map(out, v, style, level);
        break;
    case VALUE_DATETIME: {
        BUFFER_AUTO(text);

        datetime_format_iso(&text, v, 'T');
        json_write_string(out, text.data, text.len, style.ascii);
        break;
    }
    default:
        buffer_add(out, "null", 4);
    }
}

void json_write(struct buffer *out, value v, struct json_style style)
{
    write_value(out, v, style, 0);
}

char *json_text(value v)
{
    struct buffer out = BUFFER_INIT;

    json_write(&out, v, JSON_COMPACT);
    return buffer_take(&out);
}

size_t json_size(value v)
{
    BUFFER_AUTO(text);

    json_write(&text, v, JSON_COMPACT);
    return text.len;
}
