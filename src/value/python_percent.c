/* SPDX-License-Identifier: Apache-2.0 */
/* "%" formatting: %[(key)][flags][width][.precision][length]type. */
#include "value/python.h"

#include <ctype.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/number.h"
#include "value/python-internal.h"

#define KEY_DEPTH_MAX 100 /* parentheses inside a key */

struct percent {
    const char *start, *at, *end;
    value args;
    value one;   /* the only argument: args when it is no tuple, or what the last key led to */
    size_t next; /* of a tuple */
    bool is_tuple, taken;
    size_t limit;
    struct buffer *out;
    struct error *err;
};

static int incomplete(struct percent *p)
{
    return error_set_kind(p->err, -EINVAL, "ValueError", "incomplete format");
}

static int next_argument(struct percent *p, value *ret)
{
    if (p->is_tuple && p->next < value_list_count(p->args)) {
        *ret = value_list_at(p->args, p->next++);
        return 0;
    }
    if (!p->is_tuple && !p->taken) {
        p->taken = true;
        *ret = p->one;
        return 0;
    }
    return error_set_kind(p->err, -EINVAL, "TypeError", "not enough arguments for format string");
}

/* What Python calls a mapping here: whatever can be subscripted, but tuples and text. */
static bool takes_keys(value v)
{
    return v.kind == VALUE_MAP || v.kind == VALUE_LIST || v.kind == VALUE_BYTES;
}

static int read_key(struct percent *p)
{
    const char *key = p->at;
    BUFFER_AUTO(shown);
    int depth = 1;
    size_t n;

    if (!takes_keys(p->args))
        return error_set_kind(p->err, -EINVAL, "TypeError", "format requires a mapping");
    for (; p->at < p->end && depth > 0 && depth < KEY_DEPTH_MAX; p->at++)
        depth += *p->at == '(' ? 1 : *p->at == ')' ? -1 : 0;
    if (depth > 0)
        return error_set_kind(p->err, -EINVAL, "ValueError", "incomplete format key");
    n = (size_t)(p->at - key) - 1;
    if (p->args.kind != VALUE_MAP)
        return error_set_kind(p->err, -EINVAL, "TypeError", "%s indices must be integers or slices, not str",
                              p->args.kind == VALUE_LIST ? "list" : "byte");
    p->one = value_map_get_n(p->args, key, n);
    p->taken = false; /* once per key; a "*" takes it too */
    if (value_is_set(p->one))
        return 0;
    python_repr_text(&shown, key, n);
    return error_set_kind(p->err, -ENOENT, "KeyError", "%s", buffer_text(&shown));
}

/* A width or precision: digits or "*". -1: none. */
static int read_size(struct percent *p, const char *what, int64_t *ret)
{
    int64_t n = -1;
    value v;
    int r;

    if (p->at < p->end && *p->at == '*') {
        p->at++;
        r = next_argument(p, &v);
        if (r < 0)
            return r;
        if (v.kind == VALUE_BIGINT)
            return error_set_kind(p->err, -ERANGE, "OverflowError", "Python int too large to convert to C %s",
                                  *what == 'w' ? "ssize_t" : "int");
        if (v.kind != VALUE_INT && v.kind != VALUE_BOOL)
            return error_set_kind(p->err, -EINVAL, "TypeError", "* wants int");
        n = v.kind == VALUE_BOOL ? v.boolean : v.integer;
        if (n > INT32_MAX || n < -INT32_MAX)
            return error_set_kind(p->err, -ERANGE, "OverflowError",
                                  "Python int too large to convert to C int");
        *ret = n;
        return 1;
    }
    for (; p->at < p->end && isdigit((unsigned char)*p->at); p->at++) {
        n = (n < 0 ? 0 : n) * 10 + (*p->at - '0');
        if (n > INT32_MAX)
            return error_set_kind(p->err, -EINVAL, "ValueError", "%s too big", what);
    }
    *ret = n;
    return 0;
}

struct percent_flags {
    bool left, zero, blank, plus;
};

static int read_directive(struct percent *p, struct python_spec *spec, struct percent_flags *flags)
{
    int r;

    *spec = (struct python_spec){ .width = -1, .precision = -1 };
    *flags = (struct percent_flags){ false };
    if (p->at < p->end && *p->at == '(') {
        p->at++;
        r = read_key(p);
        if (r < 0)
            return r;
    }
    for (; p->at < p->end && *p->at && strchr("-+ #0", *p->at); p->at++) {
        flags->left |= *p->at == '-';
        flags->plus |= *p->at == '+';
        flags->blank |= *p->at == ' ';
        flags->zero |= *p->at == '0';
        spec->alternate |= *p->at == '#';
    }
    r = read_size(p, "width", &spec->width);
    if (r < 0)
        return r;
    if (r > 0 && spec->width < 0) {
        flags->left = true;
        spec->width = -spec->width;
    }
    if (p->at < p->end && *p->at == '.') {
        p->at++;
        r = read_size(p, "precision", &spec->precision);
        if (r < 0)
            return r;
        if (spec->precision < 0)
            spec->precision = 0;
    }
    if (p->at < p->end && (*p->at == 'h' || *p->at == 'l' || *p->at == 'L'))
        p->at++;
    if (p->at == p->end)
        return incomplete(p);
    spec->type = utf8_next(&p->at);
    return 0;
}

static int put_text(struct percent *p, struct python_spec *spec, value v)
{
    BUFFER_AUTO(text);

    if (spec->type == 's')
        python_str(&text, v);
    else
        python_repr(&text, v);
    if (spec->type == 'a') {
        BUFFER_AUTO(ascii);

        for (const char *at = buffer_text(&text), *end = at + text.len; at < end;) {
            uint32_t c = utf8_next(&at);

            if (c < 128)
                buffer_add_char(&ascii, (char)c);
            else
                buffer_addf(&ascii, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
        }
        return python_lay_text(p->out, spec, buffer_text(&ascii), ascii.len, p->limit, p->err);
    }
    return python_lay_text(p->out, spec, buffer_text(&text), text.len, p->limit, p->err);
}

static int put_character(struct percent *p, struct python_spec *spec, value v)
{
    BUFFER_AUTO(text);

    spec->precision = -1;
    if (v.kind == VALUE_STRING && value_string_chars(v) == 1)
        return python_lay_text(p->out, spec, v.string->data, v.string->len, p->limit, p->err);
    if (v.kind == VALUE_BOOL)
        v = value_int(v.boolean);
    if (!value_is_integer(v))
        return error_set_kind(p->err, -EINVAL, "TypeError", "%%c requires int or char");
    if (v.kind == VALUE_BIGINT || v.integer < 0 || v.integer > 0x10ffff ||
        (v.integer >= 0xd800 && v.integer < 0xe000))
        return error_set_kind(p->err, -ERANGE, "OverflowError", "%%c arg not in range(0x110000)");
    buffer_add_utf8(&text, (unsigned)v.integer);
    return python_lay_text(p->out, spec, text.data, text.len, p->limit, p->err);
}

static int put_integer(struct percent *p, struct python_spec *spec, value v)
{
    struct python_spec inner = {
        .width = -1, .precision = -1, .type = spec->type, .alternate = spec->alternate
    };
    bool decimal = spec->type == 'd' || spec->type == 'i' || spec->type == 'u';
    VALUE_AUTO(whole);
    BUFFER_AUTO(digits);
    int r;

    if (!value_is_number(v) && v.kind != VALUE_BOOL)
        return error_set_kind(p->err, -EINVAL, "TypeError", "%%%c format: %s is required, not %s",
                              (char)spec->type, decimal ? "a real number" : "an integer",
                              python_type_name(v));
    if (!decimal && v.kind == VALUE_FLOAT)
        return error_set_kind(p->err, -EINVAL, "TypeError", "%%%c format: an integer is required, not float",
                              (char)spec->type);
    r = number_to_integer(v, &whole, p->err);
    if (r < 0)
        return r;
    if (spec->precision >= 0) {
        /* The precision is a least number of digits: lay them out with zeros behind sign and prefix first. */
        if (spec->precision > (int64_t)p->limit)
            return python_too_long(p->limit, p->err);
        r = python_lay_integer(&digits, &inner, whole, p->limit, p->err);
        if (r < 0)
            return r;
        inner.width = spec->precision + (*digits.data == '-') +
                      (spec->alternate && strchr("oxX", (int)spec->type) ? 2 : 0);
        inner.fill = '0';
        inner.align = '=';
        inner.sign = spec->sign;
        inner.width += inner.sign && *digits.data != '-';
        buffer_clear(&digits);
        r = python_lay_integer(&digits, &inner, whole, p->limit, p->err);
        if (r < 0)
            return r;
        if (spec->align != '=') {
            spec->precision = -1;
            if (!spec->align)
                spec->align = '>';
            return python_lay_text(p->out, spec, digits.data, digits.len, p->limit, p->err);
        }
        if (spec->width < (int64_t)digits.len)
            spec->width = (int64_t)digits.len;
        spec->precision = -1;
    }
    return python_lay_integer(p->out, spec, whole, p->limit, p->err);
}

static int put_float(struct percent *p, struct python_spec *spec, value v)
{
    double d;

    if (!value_is_number(v) && v.kind != VALUE_BOOL)
        return error_set_kind(p->err, -EINVAL, "TypeError", "must be real number, not %s",
                              python_type_name(v));
    if (!number_to_double(v, &d))
        return error_set_kind(p->err, -ERANGE, "OverflowError", "int too large to convert to float");
    if (spec->precision < 0)
        spec->precision = 6;
    return python_lay_float(p->out, spec, d, p->limit, p->err);
}

static int put_directive(struct percent *p)
{
    struct python_spec spec;
    struct percent_flags flags;
    const char *start = p->at;
    bool number;
    value v;
    int r;

    r = read_directive(p, &spec, &flags);
    if (r < 0)
        return r;
    if (spec.type == '%' && p->at - start == 1) {
        buffer_add_char(p->out, '%');
        return 0;
    }
    r = next_argument(p, &v);
    if (r < 0)
        return r;
    if (spec.type >= 128 || !strchr("srcadiuoxXeEfFgG", (int)spec.type) || !spec.type) {
        bool plain = spec.type > 32 && spec.type < 127;

        return error_set_kind(
            p->err, -EINVAL, "ValueError", "unsupported format character '%c' (0x%x) at index %zu",
            plain ? (char)spec.type : '?', spec.type, utf8_length(p->start, (size_t)(p->at - p->start)) - 1);
    }
    number = !strchr("srac", (int)spec.type);
    spec.sign = !number ? 0 : flags.plus ? '+' : flags.blank ? ' ' : 0;
    spec.align = flags.left ? '<' : flags.zero && number ? '=' : '>';
    spec.fill = flags.zero && number && !flags.left ? '0' : ' ';
    if (spec.type == 's' && v.kind == VALUE_STRING && spec.width < 0 && spec.precision < 0) {
        buffer_add(p->out, v.string->data, v.string->len);
        return p->out->len > p->limit ? python_too_long(p->limit, p->err) : 0;
    }
    if (spec.type == 'c')
        return put_character(p, &spec, v);
    if (!number)
        return put_text(p, &spec, v);
    return strchr("diuoxX", (int)spec.type) ? put_integer(p, &spec, v) : put_float(p, &spec, v);
}

int python_percent(const char *format, size_t n, value args, size_t limit, struct buffer *out,
                   struct error *err)
{
    struct percent p = {
        .start = format,
        .at = format,
        .end = format + n,
        .args = args,
        .one = args,
        .is_tuple = args.kind == VALUE_TUPLE,
        .limit = limit,
        .out = out,
        .err = err,
    };
    bool left;
    int r;

    while (p.at < p.end) {
        const char *stop = memchr(p.at, '%', (size_t)(p.end - p.at));
        size_t len = (size_t)((stop ? stop : p.end) - p.at);

        buffer_add(out, p.at, len);
        p.at += len;
        if (out->len > limit)
            return python_too_long(limit, err);
        if (!stop)
            break;
        p.at++;
        r = put_directive(&p);
        if (r < 0)
            return r;
    }
    left = p.is_tuple ? p.next < value_list_count(args) : !p.taken && !takes_keys(args);
    if (left)
        return error_set_kind(err, -EINVAL, "TypeError",
                              "not all arguments converted during string formatting");
    return 0;
}
