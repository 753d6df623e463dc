/* SPDX-License-Identifier: Apache-2.0 */
/* int(text, base) and float(text). The text is first brought to plain ASCII (Python reads the decimal digits of every
   script), then checked by the grammar, then read. */
#include "value/number.h"

#include <ctype.h>
#include <stdlib.h>
#include <unictype.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "value/json.h"
#include "value/python.h"

#define FLOAT_TEXT_MAX 100000

/* White space as str.isspace() has it. */
static bool is_space(uint32_t c)
{
    if (c < 128)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
           c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Strips white space and writes digits of all scripts as ASCII; other characters beyond ASCII become '?', which nothing
   accepts. */
static void to_ascii(struct buffer *out, const char *text, size_t n)
{
    const char *at = text, *end = text + n;
    size_t last = 0;

    buffer_reserve(out, n);
    while (at < end) {
        uint32_t c = utf8_next(&at);

        if (is_space(c)) {
            if (out->len)
                buffer_add_char(out, ' ');
            continue;
        }
        if (c >= 128) {
            int digit = uc_decimal_value(c);

            c = digit >= 0 ? '0' + (uint32_t)digit : '?';
        }
        buffer_add_char(out, c ? (char)c : '?');
        last = out->len;
    }
    out->len = last;
    if (out->data)
        out->data[last] = '\0';
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

static int prefix_base(const char *s)
{
    if (s[0] != '0')
        return 0;
    switch (s[1]) {
    case 'x':
    case 'X':
        return 16;
    case 'o':
    case 'O':
        return 8;
    case 'b':
    case 'B':
        return 2;
    default:
        return 0;
    }
}

/* Copies the digits without underscores; false when the grammar is broken. */
static bool collect_digits(const char *s, int base, struct buffer *out)
{
    bool after_digit = false;

    for (; *s; s++) {
        if (*s == '_') {
            if (!after_digit)
                return false;
            after_digit = false;
            continue;
        }
        if (digit_of(*s) >= base)
            return false;
        buffer_add_char(out, *s);
        after_digit = true;
    }
    return after_digit;
}

static int bad_int(const char *text, size_t n, int base, struct error *err)
{
    BUFFER_AUTO(shown);

    python_repr_text(&shown, text, n > 200 ? utf8_offset(text, n, 200) : n);
    return error_set_kind(err, -EINVAL, "ValueError", "invalid literal for int() with base %d: %s", base,
                          buffer_text(&shown));
}

static int check_digits(const char *digits, size_t n, int base, struct error *err)
{
    int bits = 1;

    if (base & (base - 1)) {
        if (n > JSON_DIGITS_MAX)
            return error_set_kind(
                err, -ERANGE, "ValueError",
                "Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; "
                "use sys.set_int_max_str_digits() to increase the limit",
                JSON_DIGITS_MAX, n);
        return 0;
    }
    while (1 << bits < base)
        bits++;
    while (n && *digits == '0') {
        digits++;
        n--;
    }
    if (n * (size_t)bits > NUMBER_BITS_MAX)
        return error_set_kind(err, -ERANGE, "OverflowError", "integer is larger than %d bits",
                              NUMBER_BITS_MAX);
    return 0;
}

int number_parse_int(const char *text, size_t n, int base, value *ret, struct error *err)
{
    BUFFER_AUTO(plain);
    BUFFER_AUTO(digits);
    const char *s;
    int actual = base, r;
    value v;

    if (base != 0 && (base < 2 || base > 36))
        return error_set_kind(err, -EINVAL, "ValueError", "int() base must be >= 2 and <= 36, or 0");
    to_ascii(&plain, text, n);
    s = buffer_text(&plain);
    if (strlen(s) != plain.len)
        return bad_int(text, n, base, err);
    if (*s == '-')
        buffer_add_char(&digits, '-');
    if (*s == '-' || *s == '+')
        s++;
    if (prefix_base(s) && (base == 0 || base == prefix_base(s))) {
        actual = prefix_base(s);
        s += 2;
        if (*s == '_')
            s++;
    } else if (base == 0) {
        actual = 10;
        /* Only zeros may start with a zero here. */
        if (*s == '0' && s[strspn(s, "0_")])
            return bad_int(text, n, base, err);
    }
    if (!collect_digits(s, actual, &digits))
        return bad_int(text, n, base, err);
    s = digits.data + (digits.data[0] == '-');
    r = check_digits(s, strlen(s), actual, err);
    if (r < 0)
        return r;
    v = value_int_from_text(digits.data, digits.len, actual);
    if (!value_is_set(v))
        return bad_int(text, n, base, err);
    *ret = v;
    return 0;
}

/* [sign] (digits [. digits] | . digits) [e [sign] digits], underscores between digits; or inf, infinity, nan. */
static bool collect_float(const char *s, struct buffer *out)
{
    bool digits = false, after_digit = false, point = false, exponent = false;

    if (*s == '+' || *s == '-')
        buffer_add_char(out, *s++);
    if (!strcasecmp(s, "inf") || !strcasecmp(s, "infinity") || !strcasecmp(s, "nan")) {
        buffer_add_text(out, s);
        return true;
    }
    for (; *s; s++) {
        if (isdigit((unsigned char)*s)) {
            digits = after_digit = true;
        } else if (*s == '_') {
            if (!after_digit || !isdigit((unsigned char)s[1]))
                return false;
            continue;
        } else if (*s == '.' && !point && !exponent) {
            point = true;
            after_digit = false;
        } else if ((*s == 'e' || *s == 'E') && !exponent && digits) {
            exponent = true;
            digits = after_digit = false;
            if (s[1] == '+' || s[1] == '-') {
                buffer_add_char(out, 'e');
                s++;
            }
        } else {
            return false;
        }
        buffer_add_char(out, *s);
    }
    return digits;
}

int number_parse_float(const char *text, size_t n, value *ret, struct error *err)
{
    BUFFER_AUTO(plain);
    BUFFER_AUTO(digits);
    BUFFER_AUTO(shown);

    if (n <= FLOAT_TEXT_MAX) {
        to_ascii(&plain, text, n);
        if (strlen(buffer_text(&plain)) == plain.len && collect_float(buffer_text(&plain), &digits)) {
            *ret = value_float(strtod(buffer_text(&digits), NULL));
            return 0;
        }
    }
    python_repr_text(&shown, text, n > 200 ? utf8_offset(text, n, 200) : n);
    return error_set_kind(err, -EINVAL, "ValueError", "could not convert string to float: %s",
                          buffer_text(&shown));
}
