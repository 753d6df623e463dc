/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of text: most take anything and work on its str(). */
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "expr/jinja/text.h"

/* str() of the filtered value. */
static int subject(struct ev *ev, struct bound *bound, value *ret)
{
    if (is_object(bound->args[0], &markup_ops)) {
        *ret = value_ref(text_of(bound->args[0]));
        return 0;
    }
    return ev_str_value(ev, bound->args[0], ret);
}

static int flag(struct ev *ev, value v, bool otherwise, bool *ret)
{
    *ret = otherwise;
    return value_is_set(v) ? ev_truth(ev, v, ret) : 0;
}

static int number(struct ev *ev, value v, int64_t otherwise, int64_t *ret)
{
    *ret = otherwise;
    return value_is_set(v) ? ev_index_of(ev, v, ret) : 0;
}

/* What does not go through str() first has to be a text, or lacks the method. */
static int text_with(struct ev *ev, value v, const char *method, value *ret)
{
    *ret = text_of(v);
    if (value_is_set(*ret))
        return 0;
    if (is_undefined(v))
        return undefined_raise(ev, v);
    return ev_error(ev, "AttributeError", "'%s' object has no attribute '%s'", ev_type_name(v), method);
}

static int filter_case(struct ev *ev, struct bound *bound, enum text_case how, value *ret)
{
    VALUE_AUTO(text);

    if (subject(ev, bound, &text) < 0 || text_case(ev, how, text, ret) < 0)
        return -1;
    *ret = text_like(bound->args[0], *ret);
    return 0;
}

static int filter_upper(struct ev *ev, struct bound *bound, value *ret)
{
    return filter_case(ev, bound, TEXT_UPPER, ret);
}

static int filter_lower(struct ev *ev, struct bound *bound, value *ret)
{
    return filter_case(ev, bound, TEXT_LOWER, ret);
}

static int print_case(struct ev *ev, const struct bound *bound, enum text_case how, struct buffer *out)
{
    value text = text_of(bound->args[0]);
    VALUE_AUTO(held);

    if (!value_is_set(text)) {
        if (ev_str_value(ev, bound->args[0], &held) < 0)
            return -1;
        text = held;
    }
    return text_case_print(ev, how, text, out);
}

static int print_upper(struct ev *ev, const struct bound *bound, struct buffer *out)
{
    return print_case(ev, bound, TEXT_UPPER, out);
}

static int print_lower(struct ev *ev, const struct bound *bound, struct buffer *out)
{
    return print_case(ev, bound, TEXT_LOWER, out);
}

static int print_capitalize(struct ev *ev, const struct bound *bound, struct buffer *out)
{
    return print_case(ev, bound, TEXT_CAPITALIZE, out);
}

static int filter_capitalize(struct ev *ev, struct bound *bound, value *ret)
{
    return filter_case(ev, bound, TEXT_CAPITALIZE, ret);
}

static bool starts_words(uint32_t code)
{
    switch (code) {
    case '-':
    case '(':
    case '{':
    case '[':
    case '<':
        return true;
    default:
        return code_is_space(code);
    }
}

/* Of ASCII: no letter is more than one byte before or behind. */
static value title_ascii(value text)
{
    const char *s = value_chars(text);
    char *data;
    value title = value_string_new(value_len(text), &data);
    bool start = true;

    for (size_t i = 0; i < value_len(text); i++) {
        char c = s[i];

        if (c >= 'a' && c <= 'z' && start)
            c = (char)(c - 32);
        else if (c >= 'A' && c <= 'Z' && !start)
            c = (char)(c + 32);
        start = starts_words((unsigned char)c);
        data[i] = c;
    }
    return title;
}

/* Words start behind "-", white space and opening brackets; an apostrophe does not start one. */
static int filter_title(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    BUFFER_AUTO(out);
    const char *at, *end;

    if (subject(ev, bound, &text) < 0 || ev_pay_text(ev, value_len(text)) < 0)
        return -1;
    if (value_string_chars(text) == value_len(text)) {
        *ret = text_like(bound->args[0], title_ascii(text));
        return 0;
    }
    at = value_chars(text);
    end = at + value_len(text);
    while (at < end) {
        const char *start = at, *first, *next;
        VALUE_AUTO(head);
        VALUE_AUTO(tail);
        VALUE_AUTO(head_up);
        VALUE_AUTO(tail_low);

        if (starts_words(utf8_next(&at))) {
            buffer_add(&out, start, (size_t)(at - start));
            continue;
        }
        if (ev_pay(ev, 8) < 0) /* four texts for each word */
            return -1;
        first = next = at;
        while (at < end && !starts_words(utf8_next(&next)))
            at = next;
        head = value_text_n(start, (size_t)(first - start));
        tail = value_text_n(first, (size_t)(at - first));
        if (text_case(ev, TEXT_UPPER, head, &head_up) < 0 || text_case(ev, TEXT_LOWER, tail, &tail_low) < 0)
            return -1;
        buffer_add(&out, value_chars(head_up), value_len(head_up));
        buffer_add(&out, value_chars(tail_low), value_len(tail_low));
    }
    *ret = text_like(bound->args[0], value_text_n(buffer_text(&out), out.len));
    return 0;
}

static int filter_trim(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);

    if (subject(ev, bound, &text) < 0)
        return -1;
    if (!value_is_null(bound->args[1]) && !value_is_set(text_of(bound->args[1])))
        return ev_error(ev, "TypeError", "strip arg must be None or str");
    *ret = text_like(bound->args[0], text_strip(text, text_of(bound->args[1]), true, true));
    return 0;
}

static int filter_center(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    int64_t width;

    if (subject(ev, bound, &text) < 0 || number(ev, bound->args[1], 80, &width) < 0 ||
        text_pad(ev, text, width, VALUE_NOTHING, TEXT_CENTER, ret) < 0)
        return -1;
    *ret = text_like(bound->args[0], *ret);
    return 0;
}

static int filter_replace(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    VALUE_AUTO(old);
    VALUE_AUTO(new);
    int64_t count = -1;

    if (subject(ev, bound, &text) < 0 || ev_str_value(ev, bound->args[1], &old) < 0 ||
        ev_str_value(ev, bound->args[2], &new) < 0 ||
        (bound->args[3].kind != VALUE_NULL && number(ev, bound->args[3], -1, &count) < 0))
        return -1;
    if (text_replace(ev, text, old, new, count, ret) < 0)
        return -1;
    if (ev->autoescape)
        *ret = text_like(bound->args[0], *ret);
    return 0;
}

static int filter_string(struct ev *ev, struct bound *bound, value *ret)
{
    return ev_soft_str(ev, bound->args[0], ret);
}

/* The lengths a truncation goes by, each compared as Python does it. */
static int truncate_lengths(struct ev *ev, struct bound *bound, int64_t *ret_length, int64_t *ret_end,
                            int64_t *ret_leeway)
{
    value length = value_is_set(bound->args[1]) ? bound->args[1] : value_int(255);
    value leeway = value_is_null(bound->args[4]) ? value_int(5) : bound->args[4];
    bool enough;

    *ret_end = 3;
    if (value_is_set(bound->args[3]) && ev_length(ev, bound->args[3], ret_end) < 0)
        return -1;
    if (ev_order(ev, COMPARE_GTEQ, length, value_int(*ret_end), &enough) < 0 ||
        ev_index_of(ev, length, ret_length) < 0)
        return -1;
    if (!enough)
        return ev_error(ev, "AssertionError", "expected length >= %lld, got %lld", (long long)*ret_end,
                        (long long)*ret_length);
    if (ev_order(ev, COMPARE_GTEQ, leeway, value_int(0), &enough) < 0 ||
        ev_index_of(ev, leeway, ret_leeway) < 0)
        return -1;
    if (!enough)
        return ev_error(ev, "AssertionError", "expected leeway >= 0, got %lld", (long long)*ret_leeway);
    return 0;
}

static int filter_truncate(struct ev *ev, struct bound *bound, value *ret)
{
    value end = value_is_set(bound->args[3]) ? bound->args[3] : VALUE_ATOM("...");
    int64_t length, leeway, end_chars, n;
    VALUE_AUTO(kept);
    bool killwords;
    value text;

    if (truncate_lengths(ev, bound, &length, &end_chars, &leeway) < 0 ||
        ev_length(ev, bound->args[0], &n) < 0)
        return -1;
    if (n <= length || n - length <= leeway) {
        *ret = value_ref(bound->args[0]);
        return 0;
    }
    if (flag(ev, bound->args[2], false, &killwords) < 0 ||
        ev_slice(ev, bound->args[0], VALUE_NOTHING, value_int(length - end_chars), VALUE_NOTHING, &kept) < 0)
        return -1;
    if (!killwords) {
        const char *space;

        if (text_with(ev, bound->args[0], "rsplit", &text) < 0)
            return -1;
        space = memrchr(value_chars(kept), ' ', value_len(kept));
        if (space)
            value_replace(&kept, value_text_n(value_chars(kept), (size_t)(space - value_chars(kept))));
    }
    if (!value_is_set(text_of(kept)))
        return ev_binary(ev, NUMBER_ADD, kept, end, ret);
    value_replace(&kept, text_like(bound->args[0], value_ref(kept)));
    return ev_binary(ev, NUMBER_ADD, kept, end, ret);
}

/* The text between lines. */
static int wrap_string(struct ev *ev, value v, value *ret)
{
    *ret = VALUE_ATOM("\n");
    return value_is_null(v) ? 0 : text_with(ev, v, "join", ret);
}

static int filter_wordwrap(struct ev *ev, struct bound *bound, value *ret)
{
    value text, between, width_of = value_is_set(bound->args[1]) ? bound->args[1] : value_int(79);
    VALUE_AUTO(lines);
    BUFFER_AUTO(out);
    bool break_long, break_hyphens, none;
    int64_t width;

    if (wrap_string(ev, bound->args[3], &between) < 0 ||
        text_with(ev, bound->args[0], "splitlines", &text) < 0 ||
        text_splitlines(ev, text, false, &lines) < 0 || flag(ev, bound->args[2], true, &break_long) < 0 ||
        flag(ev, bound->args[4], true, &break_hyphens) < 0)
        return -1;
    VALUE_LIST_EACH (i, line, lines) {
        if (i && ev_add_text(ev, &out, value_chars(between), value_len(between)) < 0)
            return -1;
        if (ev_order(ev, COMPARE_LTEQ, width_of, value_int(0), &none) < 0 ||
            ev_index_of(ev, width_of, &width) < 0)
            return -1;
        if (text_wrap(ev, value_chars(line), value_len(line), width, break_long, break_hyphens, between,
                      &out) < 0)
            return -1;
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static int filter_wordcount(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    const char *at, *end;
    bool inside = false;
    int64_t n = 0;

    if (subject(ev, bound, &text) < 0 || ev_pay(ev, value_len(text) / 8) < 0)
        return -1;
    at = value_chars(text);
    for (end = at + value_len(text); at < end;) {
        bool word = code_is_word(utf8_next(&at));

        n += word && !inside;
        inside = word;
    }
    *ret = value_int(n);
    return 0;
}

/* Python adds a newline first, so that a newline at the end gives a last, empty line. */
static int indented(struct ev *ev, value v, value *ret)
{
    value text = text_of(v);

    if (value_is_set(text))
        return ev_binary(ev, NUMBER_ADD, text, VALUE_ATOM("\n"), ret);
    if (v.kind == VALUE_LIST || is_undefined(v))
        return text_with(ev, v, "splitlines", &text);
    if (v.kind == VALUE_TUPLE)
        return ev_error(ev, "TypeError", "can only concatenate tuple (not \"str\") to tuple");
    return ev_error(ev, "TypeError", "unsupported operand type(s) for +=: '%s' and 'str'", ev_type_name(v));
}

static int filter_indent(struct ev *ev, struct bound *bound, value *ret)
{
    value width = value_is_set(bound->args[1]) ? bound->args[1] : value_int(4);
    VALUE_AUTO(text);
    VALUE_AUTO(lines);
    VALUE_AUTO(by);
    BUFFER_AUTO(out);
    bool first, blank;

    if (value_is_set(text_of(width)))
        by = value_ref(text_of(width));
    else if (ev_binary(ev, NUMBER_MULTIPLY, VALUE_ATOM(" "), width, &by) < 0)
        return -1;
    if (indented(ev, bound->args[0], &text) < 0 || flag(ev, bound->args[2], false, &first) < 0 ||
        flag(ev, bound->args[3], false, &blank) < 0)
        return -1;
    if (text_splitlines(ev, text, false, &lines) < 0)
        return -1;
    VALUE_LIST_EACH (i, line, lines) {
        if (i)
            buffer_add_char(&out, '\n');
        if ((i ? blank || value_len(line) : first) &&
            ev_add_text(ev, &out, value_chars(by), value_len(by)) < 0)
            return -1;
        if (ev_add_text(ev, &out, value_chars(line), value_len(line)) < 0)
            return -1;
    }
    *ret = text_like(bound->args[0], value_text_n(buffer_text(&out), out.len));
    return 0;
}

static int filter_format(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    bool named = value_map_count(bound->named);

    if (named && value_list_count(bound->rest))
        return ev_error(ev, "FilterArgumentError",
                        "can't handle positional and keyword arguments at the same time");
    if (ev_soft_str(ev, bound->args[0], &text) < 0)
        return -1;
    return ev_binary(ev, NUMBER_MODULO, text, named ? bound->named : bound->rest, ret);
}

static int print_format(struct ev *ev, const struct bound *bound, struct buffer *out)
{
    value text = text_of(bound->args[0]);
    VALUE_AUTO(held);

    if (!value_is_set(text)) {
        if (ev_str_value(ev, bound->args[0], &held) < 0)
            return -1;
        text = held;
    }
    return ev_percent(ev, text, bound->rest, is_object(bound->args[0], &markup_ops), out);
}

/* ---- markup ---- */

static int filter_escape(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    BUFFER_AUTO(out);

    if (is_object(bound->args[0], &markup_ops)) {
        *ret = value_ref(bound->args[0]);
        return 0;
    }
    if (ev_str_value(ev, bound->args[0], &text) < 0 || ev_pay(ev, value_len(text) / 16) < 0)
        return -1;
    text_escape(&out, text);
    if (ev_pay_text(ev, out.len) < 0)
        return -1;
    *ret = markup_new(value_text_n(buffer_text(&out), out.len));
    return 0;
}

static int filter_forceescape(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    BUFFER_AUTO(out);

    if (subject(ev, bound, &text) < 0 || ev_pay_text(ev, value_len(text)) < 0)
        return -1;
    text_escape(&out, text);
    *ret = markup_new(value_text_n(buffer_text(&out), out.len));
    return 0;
}

static int filter_safe(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);

    if (subject(ev, bound, &text) < 0)
        return -1;
    *ret = markup_new(value_take(&text));
    return 0;
}

/* Without tags and comments, up to the first that does not end. */
static void without_tags(const char *at, size_t n, struct buffer *out)
{
    const char *end = at + n, *start, *stop;

    while ((start = memchr(at, '<', (size_t)(end - at)))) {
        bool comment = end - start >= 4 && memcmp(start, "<!--", 4) == 0;

        stop = comment ? memmem(start + 4, (size_t)(end - start) - 4, "-->", 3)
                       : memchr(start, '>', (size_t)(end - start));
        if (!stop)
            break;
        buffer_add(out, at, (size_t)(start - at));
        at = stop + (comment ? 3 : 1);
    }
    buffer_add(out, at, (size_t)(end - at));
}

static const struct {
    const char *name;
    unsigned code;
} entities[] = {
    { "amp", '&' },      { "lt", '<' },       { "gt", '>' },       { "quot", '"' },     { "apos", '\'' },
    { "nbsp", 0xa0 },    { "copy", 0xa9 },    { "reg", 0xae },     { "euro", 0x20ac },  { "hellip", 0x2026 },
    { "ndash", 0x2013 }, { "mdash", 0x2014 }, { "lsquo", 0x2018 }, { "rsquo", 0x2019 }, { "ldquo", 0x201c },
    { "rdquo", 0x201d }, { "laquo", 0xab },   { "raquo", 0xbb },   { "auml", 0xe4 },    { "ouml", 0xf6 },
    { "uuml", 0xfc },    { "Auml", 0xc4 },    { "Ouml", 0xd6 },    { "Uuml", 0xdc },    { "szlig", 0xdf },
    { "eacute", 0xe9 },  { "egrave", 0xe8 },  { "agrave", 0xe0 },  { "deg", 0xb0 },     { "times", 0xd7 },
    { "middot", 0xb7 },  { "bull", 0x2022 },  { "trade", 0x2122 }, { "sect", 0xa7 },    { "para", 0xb6 },
};

/* The length of the entity at `at` ("&...;"), 0 when it is none. */
static size_t entity(const char *at, struct buffer *out)
{
    const char *semicolon = strchr(at, ';');
    size_t n = semicolon ? (size_t)(semicolon - at) : 0;
    unsigned long code;
    char *stop;

    if (n < 2 || n > 12)
        return 0;
    if (at[1] == '#') {
        bool hex = at[2] == 'x' || at[2] == 'X';

        code = strtoul(at + (hex ? 3 : 2), &stop, hex ? 16 : 10);
        if (stop != semicolon)
            return 0;
        buffer_add_utf8(out, code && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) ? (unsigned)code
                                                                                          : 0xfffd);
        return n + 1;
    }
    for (size_t i = 0; i < ELEMENTS(entities); i++) {
        if (strlen(entities[i].name) == n - 1 && memcmp(entities[i].name, at + 1, n - 1) == 0) {
            buffer_add_utf8(out, entities[i].code);
            return n + 1;
        }
    }
    return 0;
}

static int filter_striptags(struct ev *ev, struct bound *bound, value *ret)
{
    VALUE_AUTO(text);
    BUFFER_AUTO(rest);
    BUFFER_AUTO(out);
    bool gap = false;

    if (subject(ev, bound, &text) < 0 || ev_pay(ev, value_len(text) / 8 + 1) < 0)
        return -1;
    without_tags(value_chars(text), value_len(text), &rest);
    for (const char *at = buffer_text(&rest), *end = at + rest.len; at < end;) {
        const char *next = at;
        size_t n;

        if (code_is_space(utf8_next(&next))) {
            gap = out.len;
            at = next;
            continue;
        }
        if (gap)
            buffer_add_char(&out, ' ');
        gap = false;
        n = *at == '&' ? entity(at, &out) : 0;
        if (!n)
            buffer_add(&out, at, (size_t)(next - at));
        at = n ? at + n : next;
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static int filter_xmlattr(struct ev *ev, struct bound *bound, value *ret)
{
    value map = bound->args[0];
    BUFFER_AUTO(out);
    bool space;

    if (is_undefined(map))
        return undefined_raise(ev, map);
    if (map.kind != VALUE_MAP)
        return ev_error(ev, "AttributeError", "'%s' object has no attribute 'items'", ev_type_name(map));
    if (flag(ev, bound->args[1], true, &space) < 0)
        return -1;
    VALUE_MAP_EACH (i, map) {
        value item = value_map_item_at(map, i);
        VALUE_AUTO(key);
        VALUE_AUTO(shown);

        if (item.kind == VALUE_NULL || is_undefined(item))
            continue;
        if (ev_str_value(ev, value_map_key_at(map, i), &key) < 0 || ev_str_value(ev, item, &shown) < 0 ||
            ev_pay_text(ev, value_len(shown) + out.len / 64) < 0)
            return -1;
        if (strpbrk(value_chars(key), " \t\n\v\f\r/>=")) {
            BUFFER_AUTO(quoted);

            python_repr(&quoted, key);
            return ev_error(ev, "ValueError", "Invalid character in attribute name: %s", quoted.data);
        }
        if (out.len || space)
            buffer_add_char(&out, ' ');
        text_escape(&out, key);
        buffer_add_text(&out, "=\"");
        text_escape(&out, shown);
        buffer_add_char(&out, '"');
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    if (ev->autoescape)
        *ret = markup_new(*ret);
    return 0;
}

/* ---- URLs ---- */

static int quote(struct ev *ev, value v, bool query, struct buffer *out)
{
    static const char digits[] = "0123456789ABCDEF";
    VALUE_AUTO(text);
    const char *s;

    if (ev_str_value(ev, v, &text) < 0 || ev_pay_text(ev, out->len / 64 + value_len(text) * 3) < 0 ||
        ev_pay(ev, value_len(text) / 8) < 0)
        return -1;
    s = value_chars(text);
    for (size_t i = 0; i < value_len(text); i++) {
        unsigned char c = (unsigned char)s[i];
        unsigned char low = c | 0x20;

        if ((low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || (c && strchr("_.-~", c)) ||
            (c == '/' && !query))
            buffer_add_char(out, (char)c);
        else if (c == ' ' && query)
            buffer_add_char(out, '+');
        else
            buffer_add(out, (const char[]){ '%', digits[c >> 4], digits[c & 15] }, 3);
    }
    return 0;
}

static int quote_pair(struct ev *ev, value pair, struct buffer *out)
{
    VALUE_AUTO(items);

    if (ev_list(ev, pair, &items) < 0)
        return -1;
    if (value_list_count(items) != 2)
        return ev_error(ev, "ValueError",
                        value_list_count(items) < 2 ? "not enough values to unpack (expected 2, got %zu)"
                                                    : "too many values to unpack (expected 2, got %zu)",
                        value_list_count(items));
    if (out->len)
        buffer_add_char(out, '&');
    if (quote(ev, value_list_at(items, 0), true, out) < 0)
        return -1;
    buffer_add_char(out, '=');
    return quote(ev, value_list_at(items, 1), true, out);
}

static int filter_urlencode(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0], text = text_of(v);
    VALUE_AUTO(view);
    ITER_AUTO(iter);
    BUFFER_AUTO(out);

    if (value_is_set(text) || !is_iterable(v)) {
        if (quote(ev, v, false, &out) < 0)
            return -1;
    } else {
        view = v.kind == VALUE_MAP ? view_new(VIEW_ITEMS, v) : value_ref(v);
        if (iter_init(ev, view, &iter) < 0)
            return -1;
        for (;;) {
            VALUE_AUTO(pair);

            if (iter_next(ev, &iter, &pair) < 0)
                return -1;
            if (!value_is_set(pair))
                break;
            if (quote_pair(ev, pair, &out) < 0)
                return -1;
        }
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

const struct builtin filters_text[] = {
    { "capitalize", "do_capitalize", filter_capitalize, 0, 1, 1, { "s" }, .print = print_capitalize },
    { "center", "do_center", filter_center, 0, 1, 2, { "value", "width" } },
    { "e", "escape", filter_escape, 0, 1, 1, { "s" } },
    { "escape", "escape", filter_escape, 0, 1, 1, { "s" } },
    { "forceescape", "do_forceescape", filter_forceescape, 0, 1, 1, { "value" } },
    { "format",
      "do_format",
      filter_format,
      BUILTIN_VARARGS | BUILTIN_KWARGS,
      1,
      1,
      { "value" },
      .print = print_format },
    { "indent", "do_indent", filter_indent, 0, 1, 4, { "s", "width", "first", "blank" } },
    { "lower", "do_lower", filter_lower, 0, 1, 1, { "s" }, .print = print_lower },
    { "replace", "do_replace", filter_replace, BUILTIN_HIDDEN, 3, 4, { "s", "old", "new", "count" } },
    { "safe", "do_mark_safe", filter_safe, 0, 1, 1, { "value" } },
    { "string", "soft_str", filter_string, 0, 1, 1, { "s" } },
    { "striptags", "do_striptags", filter_striptags, 0, 1, 1, { "value" } },
    { "title", "do_title", filter_title, 0, 1, 1, { "s" } },
    { "trim", "do_trim", filter_trim, 0, 1, 2, { "value", "chars" } },
    { "truncate",
      "do_truncate",
      filter_truncate,
      BUILTIN_HIDDEN,
      1,
      5,
      { "s", "length", "killwords", "end", "leeway" } },
    { "upper", "do_upper", filter_upper, 0, 1, 1, { "s" }, .print = print_upper },
    { "urlencode", "do_urlencode", filter_urlencode, 0, 1, 1, { "value" } },
    { "urlize",
      "do_urlize",
      filter_urlize,
      BUILTIN_HIDDEN,
      1,
      6,
      { "value", "trim_url_limit", "nofollow", "target", "rel", "extra_schemes" } },
    { "wordcount", "do_wordcount", filter_wordcount, 0, 1, 1, { "s" } },
    { "wordwrap",
      "do_wordwrap",
      filter_wordwrap,
      BUILTIN_HIDDEN,
      1,
      5,
      { "s", "width", "break_long_words", "wrapstring", "break_on_hyphens" } },
    { "xmlattr", "do_xmlattr", filter_xmlattr, BUILTIN_HIDDEN, 1, 2, { "d", "autospace" } },
    { 0 },
};
