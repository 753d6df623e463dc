/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of numbers and of values as a whole. */
#include "expr/jinja/engine.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"

static int filter_abs(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0];

    if (v.kind != VALUE_BOOL && !value_is_number(v))
        return ev_error(ev, "TypeError", "bad operand type for abs(): '%s'", ev_type_name(v));
    return number_absolute(v, ret, ev->err);
}

static int filter_attr(struct ev *ev, struct bound *bound, value *ret)
{
    value name = text_of(bound->args[1]);

    if (value_is_set(name))
        return ev_attribute(ev, bound->args[0], name, ret);
    if (is_undefined(bound->args[1]) && !((struct undefined *)bound->args[1].object)->lax)
        return undefined_raise(ev, bound->args[1]);
    return ev_error(ev, "TypeError", "attribute name must be string, not '%s'", ev_type_name(bound->args[1]));
}

/* What the filter gives, borrowed; unset after a failure. */
static value defaulted(struct ev *ev, const struct bound *bound)
{
    bool replace = is_undefined(bound->args[0]), boolean = false, yes = false;

    if (!replace && value_is_set(bound->args[2])) {
        if (ev_truth(ev, bound->args[2], &boolean) < 0)
            return VALUE_NOTHING;
        if (boolean && ev_truth(ev, bound->args[0], &yes) < 0)
            return VALUE_NOTHING;
        replace = boolean && !yes;
    }
    if (!replace)
        return bound->args[0];
    return value_is_set(bound->args[1]) ? bound->args[1] : VALUE_ATOM("");
}

static int filter_default(struct ev *ev, struct bound *bound, value *ret)
{
    *ret = value_ref(defaulted(ev, bound));
    return value_is_set(*ret) ? 0 : -1;
}

static int print_default(struct ev *ev, const struct bound *bound, struct buffer *out)
{
    value v = defaulted(ev, bound);

    return value_is_set(v) ? ev_str(ev, v, out) : -1;
}

static int filter_length(struct ev *ev, struct bound *bound, value *ret)
{
    int64_t n;

    if (ev_length(ev, bound->args[0], &n) < 0)
        return -1;
    *ret = value_int(n);
    return 0;
}

/* Python's float(v); failures that Python's filters catch give the outcome 1. */
static int to_float(struct ev *ev, value v, value *ret)
{
    value text = text_of(v);
    double d;
    ERROR_AUTO(err);

    if (value_is_set(text))
        return number_parse_float(value_chars(text), value_len(text), ret, &err) < 0;
    if (is_undefined(v))
        return undefined_raise(ev, v);
    if (v.kind != VALUE_BOOL && !value_is_number(v))
        return 1;
    if (!number_to_double(v, &d))
        return ev_error(ev, "OverflowError", "int too large to convert to float");
    *ret = value_float(d);
    return 0;
}

static int filter_float(struct ev *ev, struct bound *bound, value *ret)
{
    int r = to_float(ev, bound->args[0], ret);

    if (r > 0)
        *ret = value_is_set(bound->args[1]) ? value_ref(bound->args[1]) : value_float(0);
    return r < 0 ? -1 : 0;
}

static int filter_int(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0], text = text_of(v), d;
    value base_of = bound->args[2];
    int64_t base = 10;
    ERROR_AUTO(err);
    int r;

    if (v.kind == VALUE_INT) {
        *ret = v;
        return 0;
    }
    if (value_is_set(text)) {
        /* Digits past those of a machine's integer cost more the more there are; beyond 4300 none is read. */
        if (value_len(text) > 32 && ev_pay(ev, value_len(text) < 8192 ? value_len(text) / 8 : 1024) < 0)
            return -1;
        /* The base counts for texts only; one that is no number makes them go by way of float too. */
        if (base_of.kind == VALUE_INT || base_of.kind == VALUE_BOOL)
            base = base_of.kind == VALUE_INT ? base_of.integer : base_of.boolean;
        else if (value_is_set(base_of))
            base = 99;
        if (number_parse_int(value_chars(text), value_len(text), base > 36 || base < -1 ? 99 : (int)base, ret,
                             &err) == 0)
            return 0;
    } else if (v.kind == VALUE_BOOL || value_is_number(v)) {
        if (number_to_integer(v, ret, &err) == 0)
            return 0;
        if (err.kind && strcmp(err.kind, "OverflowError") == 0) {
            error_move(ev->err, &err);
            return -1;
        }
    }
    /* "3.7" is 3 by way of float */
    r = to_float(ev, v, &d);
    if (r < 0)
        return -1;
    error_release(&err);
    if (r == 0 && number_to_integer(d, ret, &err) == 0)
        return 0;
    *ret = value_is_set(bound->args[1]) ? value_ref(bound->args[1]) : value_int(0);
    return 0;
}

static int filter_filesizeformat(struct ev *ev, struct bound *bound, value *ret)
{
    static const char *const prefixes[][2] = {
        { "kB", "KiB" }, { "MB", "MiB" }, { "GB", "GiB" }, { "TB", "TiB" },
        { "PB", "PiB" }, { "EB", "EiB" }, { "ZB", "ZiB" }, { "YB", "YiB" },
    };
    bool binary = false;
    double bytes, base, unit;
    size_t i = 0;
    value v;
    int r;

    if (value_is_set(bound->args[1]) && ev_truth(ev, bound->args[1], &binary) < 0)
        return -1;
    r = to_float(ev, bound->args[0], &v);
    if (r < 0)
        return -1;
    if (r > 0) {
        BUFFER_AUTO(shown);

        if (!value_is_set(text_of(bound->args[0])))
            return ev_error(ev, "TypeError", "float() argument must be a string or a real number, not '%s'",
                            ev_type_name(bound->args[0]));
        ev_repr(ev, text_of(bound->args[0]), &shown);
        return ev_error(ev, "ValueError", "could not convert string to float: %s", shown.data);
    }
    bytes = v.number;
    base = binary ? 1024 : 1000;
    if (!isfinite(bytes))
        return ev_error(ev, isnan(bytes) ? "ValueError" : "OverflowError",
                        isnan(bytes) ? "cannot convert float NaN to integer"
                                     : "cannot convert float infinity to integer");
    if (bytes == 1) {
        *ret = value_text("1 Byte");
    } else if (bytes < base) {
        *ret = value_textf("%.0f Bytes", trunc(bytes));
    } else {
        unit = base * base;
        while (i + 1 < ELEMENTS(prefixes) && bytes >= unit) {
            unit *= base;
            i++;
        }
        *ret = value_textf("%.1f %s", base * bytes / unit, prefixes[i][binary]);
    }
    return 0;
}

static int round_by(struct ev *ev, value v, value precision, bool up, value *ret)
{
    VALUE_AUTO(factor);
    VALUE_AUTO(scaled);
    VALUE_AUTO(whole);
    double d;

    if (ev_binary(ev, NUMBER_POWER, value_int(10), precision, &factor) < 0)
        return -1;
    if (!value_is_number(v) && v.kind != VALUE_BOOL) {
        VALUE_AUTO(ignored);

        if (ev_binary(ev, NUMBER_MULTIPLY, v, factor, &ignored) < 0)
            return -1;
        return ev_error(ev, "TypeError", "must be real number, not %s", ev_type_name(v));
    }
    if (ev_binary(ev, NUMBER_MULTIPLY, v, factor, &scaled) < 0)
        return -1;
    if (scaled.kind == VALUE_FLOAT) {
        d = up ? ceil(scaled.number) : floor(scaled.number);
        if (number_to_integer(value_float(d), &whole, ev->err) < 0)
            return -1;
    } else {
        whole = value_ref(scaled);
    }
    return ev_binary(ev, NUMBER_DIVIDE, whole, factor, ret);
}

static int filter_round(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0], method = bound->args[2];
    int64_t precision = 0;
    bool common = !value_is_set(method) || value_text_is(method, "common");

    if (!common && !value_text_is(method, "ceil") && !value_text_is(method, "floor"))
        return ev_error(ev, "FilterArgumentError", "method must be common, ceil or floor");
    if (!common)
        return round_by(ev, v, value_is_set(bound->args[1]) ? bound->args[1] : value_int(0),
                        value_text_is(method, "ceil"), ret);
    if (v.kind != VALUE_BOOL && !value_is_number(v))
        return ev_error(ev, "TypeError", "type %s doesn't define __round__ method", ev_type_name(v));
    if (bound->args[1].kind == VALUE_NULL)
        return number_round(v, false, 0, ret, ev->err);
    if (value_is_set(bound->args[1]) && ev_index_of(ev, bound->args[1], &precision) < 0)
        return -1;
    return number_round(v, true, precision, ret, ev->err);
}

static int sorted_keys(struct ev *ev, value map, value *ret)
{
    VALUE_AUTO(keys);

    keys = value_list_new(value_map_count(map));
    VALUE_MAP_EACH (i, map) {
        value_list_append(&keys, value_ref(value_map_key_at(map, i)));
    }
    return ev_sort(ev, keys, false, ret);
}

/* Plain values only: objects have no JSON. Keys are sorted. */
int ev_json_value(struct ev *ev, value v, value *ret)
{
    VALUE_AUTO(copy);
    value item;

    if (ev_pay(ev, 1) < 0)
        return -1;
    if (is_object(v, &markup_ops)) {
        *ret = value_ref(text_of(v));
        return 0;
    }
    if (v.kind == VALUE_OBJECT || v.kind == VALUE_BYTES || v.kind == VALUE_SET || v.kind == VALUE_DATETIME ||
        v.kind == VALUE_TIMESPAN)
        return ev_error(ev, "TypeError", "Object of type %s is not JSON serializable", ev_type_name(v));
    if (value_is_list(v)) {
        copy = value_list_new(value_list_count(v));
        VALUE_LIST_EACH (i, each, v) {
            if (ev_json_value(ev, each, &item) < 0)
                return -1;
            value_list_append(&copy, item);
        }
    } else if (v.kind == VALUE_MAP) {
        VALUE_AUTO(keys);

        copy = value_map_new(value_map_count(v));
        if (sorted_keys(ev, v, &keys) < 0)
            return -1;
        VALUE_LIST_EACH (i, key, keys) {
            if (key.kind >= VALUE_LIST)
                return ev_error(ev, "TypeError", "keys must be str, int, float, bool or None, not %s",
                                ev_type_name(key));
            if (ev_json_value(ev, value_map_get_value(v, key), &item) < 0)
                return -1;
            value_map_set(&copy, value_ref(key), item);
        }
    } else {
        copy = value_ref(v);
    }
    *ret = value_take(&copy);
    return 0;
}

/* The text of one level of indentation; unset: all in one line. Scalars that are texts do not look at it. */
static int json_indent(struct ev *ev, value v, value indent, value *ret)
{
    if (value_is_null(indent) || value_is_set(text_of(v)))
        return 0;
    if (value_is_set(text_of(indent))) {
        *ret = value_ref(text_of(indent));
        return 0;
    }
    return ev_binary(ev, NUMBER_MULTIPLY, VALUE_ATOM(" "), indent, ret);
}

/* Written with one blank a level: a text inside has no line ends, so blanks behind one are levels. */
static int json_levels(struct ev *ev, const struct buffer *text, value indent, struct buffer *out)
{
    bool fresh = false;

    for (size_t i = 0; i < text->len; i++) {
        fresh = text->data[i] == '\n' || (fresh && text->data[i] == ' ');
        if (!fresh || text->data[i] == '\n')
            buffer_add_char(out, text->data[i]);
        else if (ev_add_text(ev, out, value_chars(indent), value_len(indent)) < 0)
            return -1;
    }
    return 0;
}

/* With what means something to HTML as escapes. */
static void json_escape(struct buffer *out, const struct buffer *text)
{
    for (size_t i = 0; i < text->len; i++) {
        char c = text->data[i];

        if (c == '<' || c == '>' || c == '&' || c == '\'')
            buffer_addf(out, "\\u%04x", c);
        else
            buffer_add_char(out, c);
    }
}

static int filter_tojson(struct ev *ev, struct bound *bound, value *ret)
{
    struct json_style style = { .indent = -1, .ascii = true, .spaced = true };
    BUFFER_AUTO(text);
    BUFFER_AUTO(indented);
    BUFFER_AUTO(out);
    VALUE_AUTO(plain);
    VALUE_AUTO(indent);

    if (json_indent(ev, bound->args[0], bound->args[1], &indent) < 0 ||
        ev_json_value(ev, bound->args[0], &plain) < 0)
        return -1;
    if (value_is_set(indent))
        style.indent = 1;
    json_write(&text, plain, style);
    if (value_is_set(indent) && json_levels(ev, &text, indent, &indented) < 0)
        return -1;
    json_escape(&out, value_is_set(indent) ? &indented : &text);
    if (ev_pay_text(ev, out.len) < 0)
        return -1;
    *ret = markup_new(value_text_n(buffer_text(&out), out.len));
    return 0;
}

/* ---- pprint ---- */

#define PPRINT_WIDTH 80

static int pretty(struct ev *ev, value v, size_t indent, size_t allowance, struct buffer *out);

static int pretty_text(struct ev *ev, value v, struct buffer *out)
{
    ev_repr(ev, v, out);
    return ev_pay(ev, 1);
}

/* Sorted where they can be. */
static int pprint_keys(struct ev *ev, value map, value *ret)
{
    struct error *err = ev->err;
    ERROR_AUTO(ignored);
    VALUE_AUTO(view);
    int r;

    ev->err = &ignored;
    r = sorted_keys(ev, map, ret);
    ev->err = err;
    if (r == 0)
        return 0;
    view = view_new(VIEW_KEYS, map);
    return ev_list(ev, view, ret);
}

/* Items one a line, where they do not fit into one line. */
static int pretty_items(struct ev *ev, value v, size_t indent, size_t allowance, struct buffer *out)
{
    bool map = v.kind == VALUE_MAP;
    size_t n = map ? value_map_count(v) : value_list_count(v);
    VALUE_AUTO(keys);

    if (map) {
        if (pprint_keys(ev, v, &keys) < 0)
            return -1;
    }
    buffer_add_char(out, map ? '{' : v.kind == VALUE_TUPLE ? '(' : '[');
    for (size_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        size_t at = indent + 1, line = out->len;

        if (i) {
            buffer_add_text(out, ",\n");
            buffer_add_fill(out, ' ', indent + 1);
            line = out->len;
        }
        if (map) {
            value key = value_list_at(keys, i);

            ev_repr(ev, key, out);
            buffer_add_text(out, ": ");
            at += out->len - line;
            if (pretty(ev, value_map_get_value(v, key), at, last ? allowance + 1 : 1, out) < 0)
                return -1;
        } else if (pretty(ev, value_list_at(v, i), at, last ? allowance + 1 : 1, out) < 0) {
            return -1;
        }
        if (ev_pay(ev, 1) < 0 || out->len > ev->limits.text)
            return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    }
    if (v.kind == VALUE_TUPLE && n == 1)
        buffer_add_char(out, ',');
    buffer_add_char(out, map ? '}' : v.kind == VALUE_TUPLE ? ')' : ']');
    return 0;
}

static int sorted_copy(struct ev *ev, value v, value *ret)
{
    VALUE_AUTO(copy);
    VALUE_AUTO(keys);
    value item;

    if (ev_pay(ev, 1) < 0)
        return -1;
    if (value_is_list(v)) {
        copy = v.kind == VALUE_TUPLE ? value_tuple_new(value_list_count(v))
                                     : value_list_new(value_list_count(v));
        VALUE_LIST_EACH (i, each, v) {
            if (sorted_copy(ev, each, &item) < 0)
                return -1;
            value_list_append(&copy, item);
        }
    } else if (v.kind == VALUE_MAP) {
        if (pprint_keys(ev, v, &keys) < 0)
            return -1;
        copy = value_map_new(value_map_count(v));
        VALUE_LIST_EACH (i, key, keys) {
            if (sorted_copy(ev, value_map_get_value(v, key), &item) < 0)
                return -1;
            value_map_set(&copy, value_ref(key), item);
        }
    } else {
        copy = value_ref(v);
    }
    *ret = value_take(&copy);
    return 0;
}

static int pretty(struct ev *ev, value v, size_t indent, size_t allowance, struct buffer *out)
{
    BUFFER_AUTO(line);

    if (pretty_text(ev, v, &line) < 0)
        return -1;
    if ((value_is_list(v) || v.kind == VALUE_MAP) && indent + line.len + allowance > PPRINT_WIDTH &&
        line.len > 2)
        return pretty_items(ev, v, indent, allowance, out);
    buffer_add(out, buffer_text(&line), line.len);
    return 0;
}

static int filter_pprint(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(sorted);
    BUFFER_AUTO(out);

    if (sorted_copy(ev, bound->args[0], &sorted) < 0 || pretty(ev, sorted, 0, 0, &out) < 0)
        return -1;
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

/* ---- StackStorm's own that need the outside ---- */

static int filter_decrypt_kv(struct ev *ev, struct bound *bound, value *ret)
{
    const struct expr_host *host = ev->context->host;
    VALUE_AUTO(text);

    if (is_object(bound->args[0], &datastore_ops)) {
        if (datastore_lookup(ev, bound->args[0], true, &text) < 0)
            return -1;
        if (!value_len(text))
            return ev_error(ev, "ValueError",
                            "Referenced datastore item \"%s\" doesn't exist or it contains an empty string",
                            value_is_set(datastore_key(bound->args[0]))
                                ? value_chars(datastore_key(bound->args[0]))
                                : "");
        *ret = value_take(&text);
        return 0;
    }
    if (ev_str_value(ev, bound->args[0], &text) < 0)
        return -1;
    if (!host || !host->decrypt)
        return ev_error(ev, "ValueError", "values cannot be decrypted here");
    return host->decrypt(host->data, value_chars(text), ret, ev->err) < 0 ? -1 : 0;
}

const struct builtin filters_value[] = {
    { "abs", "abs", filter_abs, BUILTIN_NATIVE, 1, 1, { "x" } },
    { "attr", "do_attr", filter_attr, BUILTIN_CONTEXT | BUILTIN_HIDDEN, 2, 2, { "obj", "name" } },
    { "count", "len", filter_length, BUILTIN_NATIVE, 1, 1, { "obj" } },
    { "d",
      "do_default",
      filter_default,
      0,
      1,
      3,
      { "value", "default_value", "boolean" },
      .print = print_default },
    { "decrypt_kv", "decrypt_kv", filter_decrypt_kv, BUILTIN_CONTEXT | BUILTIN_TEMPLATE, 1, 1, { "value" } },
    { "default",
      "do_default",
      filter_default,
      0,
      1,
      3,
      { "value", "default_value", "boolean" },
      .print = print_default },
    { "filesizeformat", "do_filesizeformat", filter_filesizeformat, 0, 1, 2, { "value", "binary" } },
    { "float", "do_float", filter_float, 0, 1, 2, { "value", "default" } },
    { "int", "do_int", filter_int, 0, 1, 3, { "value", "default", "base" } },
    { "length", "len", filter_length, BUILTIN_NATIVE, 1, 1, { "obj" } },
    { "pprint", "do_pprint", filter_pprint, 0, 1, 1, { "value" } },
    { "round", "do_round", filter_round, 0, 1, 3, { "value", "precision", "method" } },
    { "tojson", "do_tojson", filter_tojson, BUILTIN_HIDDEN, 1, 2, { "value", "indent" } },
    { 0 },
};
