/* SPDX-License-Identifier: Apache-2.0 */
/* The format specification mini-language: [[fill]align][sign][z][#][0][width][grouping][.precision][type]. */
#include "value/python.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limit.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "value/json.h"
#include "value/number.h"
#include "value/python-internal.h"

int python_too_long(size_t limit, struct error *err)
{
    return limit_exceeded(err, LIMIT_TEXT, limit);
}

/* ---- laying out ---- */

static void add_fill(struct buffer *out, uint32_t fill, int64_t n)
{
    if (fill < 128) {
        buffer_add_fill(out, (char)fill, (size_t)n);
        return;
    }
    while (n-- > 0)
        buffer_add_utf8(out, fill);
}

/* How the padding is shared: before and behind. */
static void share_padding(const struct python_spec *spec, char align, int64_t chars, int64_t *before,
                          int64_t *behind)
{
    int64_t pad = spec->width > chars ? spec->width - chars : 0;

    *before = align == '>' || align == '=' ? pad : align == '^' ? pad / 2 : 0;
    *behind = pad - *before;
}

int python_lay_text(struct buffer *out, const struct python_spec *spec, const char *text, size_t n,
                    size_t limit, struct error *err)
{
    size_t chars = utf8_length(text, n);
    int64_t before, behind;

    if (spec->precision >= 0 && (size_t)spec->precision < chars) {
        chars = (size_t)spec->precision;
        n = utf8_offset(text, n, chars);
    }
    share_padding(spec, spec->align ? spec->align : '<', (int64_t)chars, &before, &behind);
    if (out->len + n + (size_t)(before + behind) * 4 > limit)
        return python_too_long(limit, err);
    add_fill(out, spec->fill ? spec->fill : ' ', before);
    buffer_add(out, text, n);
    add_fill(out, spec->fill ? spec->fill : ' ', behind);
    return 0;
}

/* Digits with a separator every `every` digits counted from the right, at least `width` characters with zeros in front.
   A separator never stands first. */
static void add_grouped(struct buffer *out, const char *digits, size_t n, char separator, size_t every,
                        size_t width)
{
    size_t total = n;

    while (total + (total - 1) / every < width)
        total++;
    for (size_t i = 0; i < total; i++) {
        if (i && (total - i) % every == 0)
            buffer_add_char(out, separator);
        buffer_add_char(out, i < total - n ? '0' : digits[i - (total - n)]);
    }
}

struct number_parts {
    bool negative;
    const char *prefix;
    const char *digits; /* before the point */
    size_t n_digits;
    const char *rest; /* point, fraction, exponent, percent sign */
    size_t group_every;
};

static int lay_number(struct buffer *out, const struct python_spec *spec, const struct number_parts *parts,
                      size_t limit, struct error *err)
{
    uint32_t fill = spec->fill ? spec->fill : ' ';
    char align = spec->align ? spec->align : '>';
    char sign = parts->negative ? '-' : spec->sign == '+' || spec->sign == ' ' ? spec->sign : 0;
    size_t around = (sign != 0) + strlen(parts->prefix) + strlen(parts->rest), zeros = 0;
    const char *digits = parts->digits;
    size_t n_digits = parts->n_digits;
    BUFFER_AUTO(body);
    int64_t before, behind;

    if (spec->width > (int64_t)limit || out->len + parts->n_digits * 2 + around > limit)
        return python_too_long(limit, err);
    if (fill == '0' && align == '=' && spec->width > (int64_t)around)
        zeros = (size_t)spec->width - around;
    if (spec->group) {
        add_grouped(&body, parts->digits, parts->n_digits, spec->group, parts->group_every, zeros);
        digits = buffer_text(&body);
        n_digits = body.len;
        zeros = 0;
    }
    zeros = zeros > n_digits ? zeros - n_digits : 0;
    share_padding(spec, align, (int64_t)(around + zeros + n_digits), &before, &behind);
    if (out->len + zeros + n_digits + around + (size_t)(before + behind) * 4 > limit)
        return python_too_long(limit, err);
    if (align != '=')
        add_fill(out, fill, before);
    if (sign)
        buffer_add_char(out, sign);
    buffer_add_text(out, parts->prefix);
    if (align == '=')
        add_fill(out, fill, before);
    buffer_add_fill(out, '0', zeros);
    buffer_add(out, digits, n_digits);
    buffer_add_text(out, parts->rest);
    add_fill(out, fill, behind);
    return 0;
}

static char *integer_digits(value v, int base)
{
    mpz_t n;
    char *digits;

    if (v.kind == VALUE_BIGINT)
        return mpz_get_str(NULL, base, v.bigint->number);
    mpz_init_set_si(n, v.kind == VALUE_BOOL ? v.boolean : v.integer);
    digits = mpz_get_str(NULL, base, n);
    mpz_clear(n);
    return digits;
}

int python_lay_integer(struct buffer *out, const struct python_spec *spec, value v, size_t limit,
                       struct error *err)
{
    static const struct {
        char type;
        int base;
        const char *prefix;
    } types[] = { { 'b', 2, "0b" }, { 'o', 8, "0o" }, { 'x', 16, "0x" }, { 'X', -16, "0X" } };
    CLEANUP(freep)
    char *held = NULL;
    char *digits, small[24];
    struct number_parts parts = { .prefix = "", .rest = "", .group_every = 3 };
    int base = 10;

    for (size_t i = 0; i < ELEMENTS(types); i++) {
        if (spec->type != (uint32_t)types[i].type)
            continue;
        base = types[i].base;
        parts.prefix = spec->alternate ? types[i].prefix : "";
        parts.group_every = 4;
    }
    if (v.kind == VALUE_INT && base == 10) {
        digits = small + sizeof(small) - 1 - number_text_length(v.integer);
        small[sizeof(small) - 1] = '\0';
        number_put_text(v.integer, small + sizeof(small) - 1);
    } else {
        digits = held = integer_digits(v, base);
    }
    parts.negative = *digits == '-';
    parts.digits = digits + parts.negative;
    parts.n_digits = strlen(parts.digits);
    return lay_number(out, spec, &parts, limit, err);
}

/* "g" with at least one digit behind the point and the exponent form one digit earlier: how floats are shown when a
   precision is given without a type. */
static void general_with_point(struct buffer *out, double d, int precision, bool alternate)
{
    BUFFER_AUTO(digits);
    int exponent, n;
    char *s;

    buffer_addf(&digits, "%.*e", precision - 1, d);
    s = strchr(digits.data, 'e');
    exponent = atoi(s + 1);
    *s = '\0';
    if (digits.data[1] == '.')
        memmove(digits.data + 1, digits.data + 2, strlen(digits.data + 2) + 1);
    n = (int)strlen(digits.data);
    while (!alternate && n > 1 && digits.data[n - 1] == '0')
        n--;
    if (exponent < -4 || exponent + 1 > precision - 1) {
        buffer_add_char(out, digits.data[0]);
        if (n > 1 || alternate)
            buffer_addf(out, ".%.*s", n - 1, digits.data + 1);
        buffer_addf(out, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
        return;
    }
    if (exponent < 0) {
        buffer_addf(out, "0.%.*s%.*s", -exponent - 1, "0000", n, digits.data);
        return;
    }
    for (int i = 0; i <= exponent; i++)
        buffer_add_char(out, i < n ? digits.data[i] : '0');
    if (n > exponent + 1)
        buffer_addf(out, ".%.*s", n - exponent - 1, digits.data + exponent + 1);
    else
        buffer_add_text(out, ".0");
}

/* The text of a non-negative finite float. */
static void float_text(struct buffer *out, const struct python_spec *spec, double d)
{
    int precision = spec->precision < 0 ? 6 : (int)spec->precision;
    uint32_t type = spec->type == '%' ? 'f' : spec->type == 'n' ? 'g' : spec->type;
    char shortest[JSON_DOUBLE_SIZE], format[8];

    if (!type && spec->precision < 0) {
        buffer_add(out, shortest, json_format_double(d, shortest));
        if (spec->alternate && !memchr(shortest, '.', out->len)) {
            size_t whole = strcspn(shortest, "e");

            buffer_clear(out);
            buffer_addf(out, "%.*s.%s", (int)whole, shortest, shortest + whole);
        }
        return;
    }
    if (!type) {
        general_with_point(out, d, precision ? precision : 1, spec->alternate);
        return;
    }
    snprintf(format, sizeof(format), spec->alternate ? "%%#.*%c" : "%%.*%c", (char)type);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    buffer_addf(out, format, precision, d);
#pragma GCC diagnostic pop
}

int python_lay_float(struct buffer *out, const struct python_spec *spec, double d, size_t limit,
                     struct error *err)
{
    BUFFER_AUTO(text);
    BUFFER_AUTO(digits);
    struct number_parts parts = { .prefix = "", .rest = "", .group_every = 3 };

    if (spec->precision > (int64_t)limit / 2 || spec->precision > INT32_MAX / 2)
        return python_too_long(limit, err);
    if (spec->type == '%')
        d *= 100;
    parts.negative = signbit(d) && !isnan(d);
    if (!isfinite(d)) {
        bool upper = spec->type && isupper((int)spec->type);

        buffer_add_text(&text, isnan(d) ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf");
        parts.n_digits = 3;
    } else {
        float_text(&text, spec, fabs(d));
        parts.n_digits = strspn(text.data, "0123456789");
    }
    if (spec->type == '%')
        buffer_add_char(&text, '%');
    if (spec->positive_zero && parts.negative && strcspn(text.data, "123456789e") >= strcspn(text.data, "e"))
        parts.negative = false;
    buffer_add(&digits, text.data, parts.n_digits);
    parts.digits = digits.data;
    parts.rest = text.data + parts.n_digits;
    return lay_number(out, spec, &parts, limit, err);
}

/* ---- reading a specification ---- */

static bool is_align(uint32_t c)
{
    return c == '<' || c == '>' || c == '=' || c == '^';
}

static int bad_spec(const char *text, size_t n, value v, struct error *err)
{
    return error_set_kind(err, -EINVAL, "ValueError",
                          "Invalid format specifier '%.*s' for object of type '%s'", (int)n, text,
                          python_type_name(v));
}

static int read_number(const char **at, const char *end, int64_t *ret, struct error *err)
{
    int64_t n = -1;

    for (; *at < end && isdigit((unsigned char)**at); (*at)++) {
        n = (n < 0 ? 0 : n) * 10 + (**at - '0');
        if (n > INT32_MAX)
            return error_set_kind(err, -EINVAL, "ValueError", "Too many decimal digits in format string");
    }
    *ret = n;
    return 0;
}

static void read_fill_and_align(const char **at, const char *end, struct python_spec *spec)
{
    const char *next = *at;
    uint32_t first;

    if (*at == end)
        return;
    first = utf8_next(&next);
    if (next < end && is_align((unsigned char)*next)) {
        spec->fill = first ? first : ' ';
        spec->align = *next;
        *at = next + 1;
    } else if (is_align(first)) {
        spec->align = (char)first;
        *at = next;
    }
}

static bool take(const char **at, const char *end, char c)
{
    if (*at == end || **at != c)
        return false;
    (*at)++;
    return true;
}

static int read_grouping(const char **at, const char *end, struct python_spec *spec, struct error *err)
{
    if (take(at, end, ','))
        spec->group = ',';
    if (take(at, end, '_')) {
        if (spec->group)
            return error_set_kind(err, -EINVAL, "ValueError", "Cannot specify both ',' and '_'.");
        spec->group = '_';
    }
    if (spec->group == '_' && *at < end && **at == ',')
        return error_set_kind(err, -EINVAL, "ValueError", "Cannot specify both ',' and '_'.");
    return 0;
}

static int check_grouping(const struct python_spec *spec, uint32_t type, struct error *err)
{
    const char *allowed = spec->group == ',' ? "deEfFgG%" : "deEfFgG%boxX";

    if (!spec->group || (type < 128 && strchr(allowed, (int)type)))
        return 0;
    if (type > 32 && type < 128)
        return error_set_kind(err, -EINVAL, "ValueError", "Cannot specify '%c' with '%c'.", spec->group,
                              (char)type);
    return error_set_kind(err, -EINVAL, "ValueError", "Cannot specify '%c' with '\\x%x'.", spec->group, type);
}

static int read_spec(const char *text, size_t n, value v, bool numeric, struct python_spec *spec,
                     struct error *err)
{
    const char *at = text, *end = text + n;
    int r;

    *spec = (struct python_spec){ .width = -1, .precision = -1 };
    read_fill_and_align(&at, end, spec);
    if (at < end && (*at == '+' || *at == '-' || *at == ' '))
        spec->sign = *at++;
    spec->positive_zero = take(&at, end, 'z');
    spec->alternate = take(&at, end, '#');
    if (!spec->fill && take(&at, end, '0')) {
        spec->fill = '0';
        if (!spec->align && numeric)
            spec->align = '=';
    }
    r = read_number(&at, end, &spec->width, err);
    if (r < 0)
        return r;
    r = read_grouping(&at, end, spec, err);
    if (r < 0)
        return r;
    if (take(&at, end, '.')) {
        r = read_number(&at, end, &spec->precision, err);
        if (r < 0)
            return r;
        if (spec->precision < 0)
            return error_set_kind(err, -EINVAL, "ValueError", "Format specifier missing precision");
    }
    if (at < end)
        spec->type = utf8_next(&at);
    if (at < end)
        return bad_spec(text, n, v, err);
    return check_grouping(spec, spec->type ? spec->type : numeric ? 'd' : 's', err);
}

static int unknown_code(uint32_t code, value v, struct error *err)
{
    if (code > 32 && code < 128)
        return error_set_kind(err, -EINVAL, "ValueError", "Unknown format code '%c' for object of type '%s'",
                              (char)code, python_type_name(v));
    return error_set_kind(err, -EINVAL, "ValueError", "Unknown format code '\\x%x' for object of type '%s'",
                          code, python_type_name(v));
}

static int format_text(value v, const struct python_spec *spec, size_t limit, struct buffer *out,
                       struct error *err)
{
    const char *problem = NULL;

    if (spec->type && spec->type != 's')
        return unknown_code(spec->type, v, err);
    if (spec->sign)
        problem = spec->sign == ' ' ? "Space not allowed in string format specifier"
                                    : "Sign not allowed in string format specifier";
    else if (spec->positive_zero)
        problem = "Negative zero coercion (z) not allowed in string format specifier";
    else if (spec->alternate)
        problem = "Alternate form (#) not allowed in string format specifier";
    else if (spec->align == '=')
        problem = "'=' alignment not allowed in string format specifier";
    if (problem)
        return error_set_kind(err, -EINVAL, "ValueError", "%s", problem);
    return python_lay_text(out, spec, v.string->data, v.string->len, limit, err);
}

static int format_character(value v, struct python_spec spec, size_t limit, struct buffer *out,
                            struct error *err)
{
    BUFFER_AUTO(text);

    if (spec.sign)
        return error_set_kind(err, -EINVAL, "ValueError",
                              "Sign not allowed with integer format specifier 'c'");
    if (spec.alternate)
        return error_set_kind(err, -EINVAL, "ValueError",
                              "Alternate form (#) not allowed with integer format specifier 'c'");
    if (v.kind == VALUE_BIGINT || v.integer < 0 || v.integer > 0x10ffff ||
        (v.integer >= 0xd800 && v.integer < 0xe000))
        return error_set_kind(err, -ERANGE, "OverflowError", "%%c arg not in range(0x110000)");
    buffer_add_utf8(&text, (unsigned)v.integer);
    if (!spec.align || spec.align == '=')
        spec.align = '>';
    return python_lay_text(out, &spec, text.data, text.len, limit, err);
}

static int format_integer(value v, const struct python_spec *spec, size_t limit, struct buffer *out,
                          struct error *err)
{
    double d;

    if (spec->type && spec->type < 128 && strchr("eEfFgG%", (int)spec->type)) {
        if (!number_to_double(v, &d))
            return error_set_kind(err, -ERANGE, "OverflowError", "int too large to convert to float");
        return python_lay_float(out, spec, d, limit, err);
    }
    if (spec->type && (spec->type >= 128 || !strchr("bcdnoxX", (int)spec->type)))
        return unknown_code(spec->type, v, err);
    if (spec->precision >= 0)
        return error_set_kind(err, -EINVAL, "ValueError",
                              "Precision not allowed in integer format specifier");
    if (spec->positive_zero)
        return error_set_kind(err, -EINVAL, "ValueError",
                              "Negative zero coercion (z) not allowed in integer format specifier");
    if (spec->type == 'c')
        return format_character(v.kind == VALUE_BOOL ? value_int(v.boolean) : v, *spec, limit, out, err);
    return python_lay_integer(out, spec, v, limit, err);
}

int python_format(value v, const char *spec_text, size_t n, size_t limit, struct buffer *out,
                  struct error *err)
{
    bool numeric = v.kind == VALUE_BOOL || value_is_number(v);
    struct python_spec spec;
    int r;

    if (!n) {
        python_str(out, v);
        return out->len > limit ? python_too_long(limit, err) : 0;
    }
    if (!numeric && v.kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "unsupported format string passed to %s.__format__",
                              python_type_name(v));
    r = read_spec(spec_text, n, v, numeric, &spec, err);
    if (r < 0)
        return r;
    if (v.kind == VALUE_STRING)
        return format_text(v, &spec, limit, out, err);
    if (v.kind != VALUE_FLOAT)
        return format_integer(v, &spec, limit, out, err);
    if (spec.type && (spec.type >= 128 || !strchr("eEfFgGn%", (int)spec.type)))
        return unknown_code(spec.type, v, err);
    return python_lay_float(out, &spec, v.number, limit, err);
}
