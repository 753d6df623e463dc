/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of str that tell what a text is made of, translate it, or fill it in (format). */
#include <stdlib.h>
#include <unictype.h>
#include <uninorm.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "expr/jinja/text.h"

/* ---- what a text is made of ---- */

static bool is_alpha(uint32_t code)
{
    return uc_is_general_category(code, UC_LETTER);
}

static bool is_decimal(uint32_t code)
{
    return uc_is_general_category(code, UC_DECIMAL_DIGIT_NUMBER);
}

static bool is_digit(uint32_t code)
{
    return uc_digit_value(code) >= 0;
}

static bool is_numeric(uint32_t code)
{
    return uc_numeric_value(code).denominator != 0;
}

static bool is_alnum(uint32_t code)
{
    return is_alpha(code) || is_decimal(code) || is_digit(code) || is_numeric(code);
}

static bool is_printable(uint32_t code)
{
    return code == ' ' || !uc_is_general_category(code, uc_general_category_or(UC_OTHER, UC_SEPARATOR));
}

static bool is_ascii(uint32_t code)
{
    return code < 128;
}

/* Do all characters pass? `empty` is the answer for "". */
static int all(struct ev *ev, value self, bool (*test)(uint32_t code), bool empty, value *ret)
{
    const char *at = value_chars(self), *end = at + value_len(self);
    bool yes = empty || at < end;

    if (ev_pay(ev, value_len(self) / 8 + 1) < 0)
        return -1;
    while (yes && at < end)
        yes = test(utf8_next(&at));
    *ret = value_bool(yes);
    return 0;
}

#define ALL_METHOD(name, test, empty)                                           \
    static int name(struct ev *ev, value self, struct bound *bound, value *ret) \
    {                                                                           \
        return all(ev, self, test, empty, ret);                                 \
    }

ALL_METHOD(str_isalnum, is_alnum, false)
ALL_METHOD(str_isalpha, is_alpha, false)
ALL_METHOD(str_isascii, is_ascii, true)
ALL_METHOD(str_isdecimal, is_decimal, false)
ALL_METHOD(str_isdigit, is_digit, false)
ALL_METHOD(str_isnumeric, is_numeric, false)
ALL_METHOD(str_isprintable, is_printable, true)
ALL_METHOD(str_isspace, code_is_space, false)

static int str_isidentifier(struct ev *ev, value self, struct bound *bound, value *ret)
{
    const char *at = value_chars(self), *end = at + value_len(self);
    bool yes = at < end, first = true;

    if (ev_pay(ev, value_len(self) / 8 + 1) < 0)
        return -1;
    for (; yes && at < end; first = false) {
        uint32_t code = utf8_next(&at);

        yes = code == '_' || (first ? uc_is_property_xid_start(code) : uc_is_property_xid_continue(code));
    }
    *ret = value_bool(yes);
    return 0;
}

static int cased(struct ev *ev, value self, bool upper, value *ret)
{
    const char *at = value_chars(self), *end = at + value_len(self);
    bool some = false, yes = true;

    if (ev_pay(ev, value_len(self) / 8 + 1) < 0)
        return -1;
    while (yes && at < end) {
        uint32_t code = utf8_next(&at);
        bool is_upper = uc_is_property_uppercase(code), is_lower = uc_is_property_lowercase(code);

        yes = !(upper ? is_lower : is_upper) && !uc_is_general_category(code, UC_TITLECASE_LETTER);
        some = some || is_upper || is_lower;
    }
    *ret = value_bool(yes && some);
    return 0;
}

static int str_isupper(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return cased(ev, self, true, ret);
}

static int str_islower(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return cased(ev, self, false, ret);
}

static int str_istitle(struct ev *ev, value self, struct bound *bound, value *ret)
{
    const char *at = value_chars(self), *end = at + value_len(self);
    bool some = false, inside = false, yes = true;

    if (ev_pay(ev, value_len(self) / 8 + 1) < 0)
        return -1;
    while (yes && at < end) {
        uint32_t code = utf8_next(&at);
        bool upper = uc_is_property_uppercase(code) || uc_is_general_category(code, UC_TITLECASE_LETTER);
        bool lower = uc_is_property_lowercase(code);

        yes = upper ? !inside : lower ? inside : true;
        inside = upper || lower;
        some = some || inside;
    }
    *ret = value_bool(yes && some);
    return 0;
}

/* ---- translating ---- */

static int code_point(struct ev *ev, value v, value *ret)
{
    value text = text_of(v);
    const char *at;

    if (value_is_integer(v)) {
        *ret = value_ref(v);
        return 0;
    }
    if (!value_is_set(text))
        return ev_error(ev, "TypeError", "keys in translate table must be strings or integers");
    if (value_string_chars(text) != 1)
        return ev_error(ev, "ValueError", "string keys in translate table must be of length 1");
    at = value_chars(text);
    *ret = value_int((int64_t)utf8_next(&at));
    return 0;
}

static int str_maketrans(struct ev *ev, value self, struct bound *bound, value *ret)
{
    value x = bound->args[0], y = text_of(bound->args[1]), z = text_of(bound->args[2]), from = text_of(x);
    VALUE_AUTO(map);
    value key;

    map = value_map_new(0);
    if (!value_is_set(bound->args[1])) {
        if (x.kind != VALUE_MAP)
            return ev_error(ev, "TypeError", "if you give only one argument to maketrans it must be a dict");
        VALUE_MAP_EACH (i, x) {
            if (code_point(ev, value_map_key_at(x, i), &key) < 0 || ev_pay(ev, 1) < 0)
                return -1;
            value_map_set(&map, key, value_ref(value_map_item_at(x, i)));
        }
        *ret = value_take(&map);
        return 0;
    }
    if (!value_is_set(from) || !value_is_set(y))
        return ev_error(ev, "TypeError", "maketrans() argument 2 must be str, not %s",
                        ev_type_name(bound->args[1]));
    if (value_string_chars(from) != value_string_chars(y))
        return ev_error(ev, "ValueError", "the first two maketrans arguments must have equal length");
    if (ev_pay(ev, value_len(from) + value_len(z)) < 0)
        return -1;
    for (const char *a = value_chars(from), *end = a + value_len(from), *b = value_chars(y); a < end;) {
        int64_t code = utf8_next(&a);

        value_map_set(&map, value_int(code), value_int(utf8_next(&b)));
    }
    for (const char *a = value_is_set(z) ? value_chars(z) : "", *end = a + value_len(z); a < end;)
        value_map_set(&map, value_int(utf8_next(&a)), value_null());
    *ret = value_take(&map);
    return 0;
}

static int str_translate(struct ev *ev, value self, struct bound *bound, value *ret)
{
    const char *at = value_chars(self), *end = at + value_len(self);
    value table = bound->args[0];
    BUFFER_AUTO(out);

    if (table.kind != VALUE_MAP)
        return ev_error(ev, "TypeError", "'%s' object is not subscriptable", ev_type_name(table));
    if (ev_pay(ev, value_len(self)) < 0)
        return -1;
    while (at < end) {
        const char *start = at;
        value to = value_map_get_value(table, value_int(utf8_next(&at))), text = text_of(to);

        if (!value_is_set(to)) {
            buffer_add(&out, start, (size_t)(at - start));
        } else if (value_is_set(text)) {
            if (ev_add_text(ev, &out, value_chars(text), value_len(text)) < 0)
                return -1;
        } else if (to.kind == VALUE_INT) {
            if (to.integer < 0 || to.integer > 0x10ffff || (to.integer >= 0xd800 && to.integer < 0xe000))
                return ev_error(ev, "ValueError", "character mapping must be in range(0x110000)");
            buffer_add_utf8(&out, (unsigned)to.integer);
        } else if (to.kind != VALUE_NULL) {
            return ev_error(ev, "TypeError", "character mapping must return integer, None or str");
        }
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

/* ---- format() ---- */

struct formatting {
    value args;        /* tuple */
    value named;       /* map */
    int64_t automatic; /* next number; -1: fields are numbered by hand */
    bool any_automatic;
};

static int format_text(struct ev *ev, struct formatting *f, const char *s, size_t n, unsigned depth,
                       struct buffer *out);

static bool all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return n > 0 && n < 18;
}

/* The argument a field starts with. */
static int field_first(struct ev *ev, struct formatting *f, const char *name, size_t n, value *ret)
{
    value found, key;

    if (all_digits(name, n)) {
        found = value_list_at(f->args, (size_t)atoll(name));
        if (!value_is_set(found))
            return ev_error(ev, "IndexError", "tuple index out of range");
    } else {
        found = value_map_get_n(f->named, name, n);
        if (!value_is_set(found)) {
            BUFFER_AUTO(shown);

            key = value_text_n(name, n);
            python_repr(&shown, key);
            value_unref(key);
            return ev_error(ev, "KeyError", "%s", shown.data);
        }
    }
    *ret = value_ref(found);
    return 0;
}

/* name { "." attribute | "[" index "]" } */
static int field_value(struct ev *ev, struct formatting *f, const char *s, size_t n, value *ret)
{
    size_t at = strcspn(s, ".[");
    VALUE_AUTO(v);

    if (at > n)
        at = n;
    if (field_first(ev, f, s, at, &v) < 0)
        return -1;
    while (at < n) {
        VALUE_AUTO(name);
        value next;
        size_t len;

        if (s[at] == '.') {
            len = strcspn(s + at + 1, ".[");
            if (at + 1 + len > n)
                len = n - at - 1;
            if (!len)
                return ev_error(ev, "ValueError", "Empty attribute in format string");
            name = value_text_n(s + at + 1, len);
            at += 1 + len;
            if (ev_getattr(ev, v, name, method_find(value_chars(name), value_len(name)), &next) < 0)
                return -1;
        } else if (s[at] == '[') {
            const char *close = memchr(s + at, ']', n - at);

            if (!close)
                return ev_error(ev, "ValueError", "Missing ']' in format string");
            len = (size_t)(close - (s + at)) - 1;
            if (!len)
                return ev_error(ev, "ValueError", "Empty attribute in format string");
            name = all_digits(s + at + 1, len) ? value_int_from_text(s + at + 1, len, 10)
                                               : value_text_n(s + at + 1, len);
            at += len + 2;
            if (ev_getitem(ev, v, name, &next) < 0)
                return -1;
        } else {
            return ev_error(ev, "ValueError", "Only '.' or '[' may follow ']' in format field specifier");
        }
        value_replace(&v, next);
    }
    *ret = value_take(&v);
    return 0;
}

static int convert(struct ev *ev, char how, value *v)
{
    BUFFER_AUTO(shown);

    if (!how)
        return 0;
    if (how != 's' && how != 'r' && how != 'a')
        return ev_error(ev, "ValueError", "Unknown conversion specifier %c", how);
    if (how == 's') {
        if (ev_str(ev, *v, &shown) < 0)
            return -1;
    } else {
        ev_repr(ev, *v, &shown);
    }
    if (ev_pay_text(ev, shown.len) < 0)
        return -1;
    if (how == 'a') {
        BUFFER_AUTO(plain);

        for (const char *at = buffer_text(&shown), *end = at + shown.len; at < end;) {
            uint32_t code = utf8_next(&at);

            if (code < 128)
                buffer_add_char(&plain, (char)code);
            else
                buffer_addf(&plain, code < 256 ? "\\x%02x" : code < 65536 ? "\\u%04x" : "\\U%08x", code);
        }
        value_replace(v, value_text_n(buffer_text(&plain), plain.len));
        return 0;
    }
    value_replace(v, value_text_n(buffer_text(&shown), shown.len));
    return 0;
}

static int format_value(struct ev *ev, value v, const struct buffer *spec, struct buffer *out)
{
    value text = text_of(v);

    if (!spec->len)
        return ev_str(ev, v, out);
    if (value_is_set(text))
        v = text;
    if (v.kind == VALUE_OBJECT)
        return ev_error(ev, "TypeError", "unsupported format string passed to %s.__format__",
                        ev_type_name(v));
    if (ev_pay_text(ev, value_len(v)) < 0)
        return -1;
    size_t before = out->len;

    if (python_format(v, buffer_text(spec), spec->len, ev->limits.text, out, ev->err) < 0)
        return -1;
    return ev_pay_text(ev, out->len - before);
}

/* What stands between "{" and "}": name [ "!" conversion ] [ ":" specification ] */
struct field {
    const char *name, *spec;
    size_t name_len, spec_len;
    char how;
};

/* The specification up to the brace that ends the field; braces inside are fields of its own. */
static int read_spec(struct ev *ev, const char **at, const char *end, struct field *ret)
{
    unsigned depth = 1;

    ret->spec = *at;
    for (; *at < end; ++*at) {
        if (**at == '{')
            depth++;
        else if (**at == '}' && --depth == 0) {
            ret->spec_len = (size_t)((*at)++ - ret->spec);
            return 0;
        }
    }
    return ev_error(ev, "ValueError", "unmatched '{' in format spec");
}

/* From behind the "{" to behind its "}". */
static int read_field(struct ev *ev, const char **at, const char *end, struct field *ret)
{
    const char *s = *at;
    char c = 0;

    *ret = (struct field){ .name = s };
    while (s < end && !strchr("}:!", c = *s)) {
        if (c == '{')
            return ev_error(ev, "ValueError", "unexpected '{' in field name");
        s++;
        while (c == '[' && s < end && *s != ']')
            s++;
    }
    if (s == end)
        return ev_error(ev, "ValueError", "expected '}' before end of string");
    ret->name_len = (size_t)(s++ - ret->name);
    if (c == '!') {
        if (s == end)
            return ev_error(ev, "ValueError", "end of string while looking for conversion specifier");
        ret->how = *s++;
        if (s < end && *s != '}' && *s != ':')
            return ev_error(ev, "ValueError", "expected ':' after conversion specifier");
        c = s < end ? *s++ : ':';
    }
    *at = s;
    return c == ':' ? read_spec(ev, at, end, ret) : 0;
}

static int format_field(struct ev *ev, struct formatting *f, const struct field *field, unsigned depth,
                        struct buffer *out)
{
    BUFFER_AUTO(spec);
    VALUE_AUTO(name);
    VALUE_AUTO(v);

    if (field->name_len == 0) {
        if (f->automatic < 0)
            return ev_error(ev, "ValueError",
                            "cannot switch from manual field specification to automatic field numbering");
        name = value_textf("%lld", (long long)f->automatic++);
        f->any_automatic = true;
    } else {
        name = value_text_n(field->name, field->name_len);
        /* "0.x" counts as a name: it may stand beside automatic fields. */
        if (all_digits(value_chars(name), value_len(name))) {
            if (f->any_automatic)
                return ev_error(ev, "ValueError",
                                "cannot switch from manual field specification to automatic field numbering");
            f->automatic = -1;
        }
    }
    if (field_value(ev, f, value_chars(name), value_len(name), &v) < 0 || convert(ev, field->how, &v) < 0)
        return -1;
    if (field->spec_len && format_text(ev, f, field->spec, field->spec_len, depth + 1, &spec) < 0)
        return -1;
    return format_value(ev, v, &spec, out);
}

static int format_text(struct ev *ev, struct formatting *f, const char *s, size_t n, unsigned depth,
                       struct buffer *out)
{
    const char *at = s, *end = s + n;

    if (depth > 1)
        return ev_error(ev, "ValueError", "Max string recursion exceeded");
    while (at < end) {
        char c = *at++;
        struct field field;

        if (ev_pay(ev, 1) < 0)
            return -1;
        if (c != '{' && c != '}') {
            if (ev_add_text(ev, out, at - 1, 1) < 0)
                return -1;
        } else if (at < end && *at == c) {
            buffer_add_char(out, *at++);
        } else if (c == '}' || at == end) {
            return ev_error(ev, "ValueError", "Single '%c' encountered in format string", c);
        } else if (read_field(ev, &at, end, &field) < 0 || format_field(ev, f, &field, depth, out) < 0) {
            return -1;
        }
    }
    return 0;
}

static int format(struct ev *ev, value self, value args, value named, value *ret)
{
    struct formatting f = { .args = args, .named = named };
    BUFFER_AUTO(out);

    if (format_text(ev, &f, value_chars(self), value_len(self), 0, &out) < 0)
        return -1;
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static int str_format(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return format(ev, self, bound->rest, bound->named, ret);
}

static int str_format_map(struct ev *ev, value self, struct bound *bound, value *ret)
{
    if (is_undefined(bound->args[0]))
        return undefined_raise(ev, bound->args[0]);
    return format(ev, self, VALUE_NOTHING, bound->args[0], ret);
}

const struct method_row methods_text[] = {
    { "format", METHOD_STR, str_format, BUILTIN_VARARGS | BUILTIN_KWARGS, 0, 0, { 0 } },
    { "format_map", METHOD_STR, str_format_map, 0, 1, 1, { "mapping" } },
    { "isalnum", METHOD_STR, str_isalnum, 0, 0, 0, { 0 } },
    { "isalpha", METHOD_STR, str_isalpha, 0, 0, 0, { 0 } },
    { "isascii", METHOD_STR, str_isascii, 0, 0, 0, { 0 } },
    { "isdecimal", METHOD_STR, str_isdecimal, 0, 0, 0, { 0 } },
    { "isdigit", METHOD_STR, str_isdigit, 0, 0, 0, { 0 } },
    { "isidentifier", METHOD_STR, str_isidentifier, 0, 0, 0, { 0 } },
    { "islower", METHOD_STR, str_islower, 0, 0, 0, { 0 } },
    { "isnumeric", METHOD_STR, str_isnumeric, 0, 0, 0, { 0 } },
    { "isprintable", METHOD_STR, str_isprintable, 0, 0, 0, { 0 } },
    { "isspace", METHOD_STR, str_isspace, 0, 0, 0, { 0 } },
    { "istitle", METHOD_STR, str_istitle, 0, 0, 0, { 0 } },
    { "isupper", METHOD_STR, str_isupper, 0, 0, 0, { 0 } },
    { "maketrans", METHOD_STR, str_maketrans, 0, 1, 3, { "x", "y", "z" } },
    { "translate", METHOD_STR, str_translate, 0, 1, 1, { "table" } },
    { 0 },
};
