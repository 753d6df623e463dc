/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text in the layout of PyYAML's safe_dump: block style, empty collections in flow style, plain scalars where they
   read back as what they are, single quotes otherwise, double quotes where only they can say it, folding at 80 columns. The
   state kept between writes (column, was the last thing white space, was it indentation) is the one its emitter keeps,
   because every line break depends on it. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/datetime.h"
#include "value/json.h"
#include "value/yaml-internal.h"

#define WIDTH          80
#define SIMPLE_KEY_MAX 128 /* characters of a key and its tag on the line of its item */

struct writer {
    struct buffer *out;
    enum yaml_write_flags flags;
    size_t width; /* lines are folded past this column */
    int best_indent;
    int indent; /* -1: none yet */
    size_t column;
    bool whitespace, indention;
};

/* What is about to be written as one scalar: its text as code points and what the text allows. */
struct scalar {
    uint32_t *chars;
    size_t n;
    const char *tag;            /* short form, for length and where it must be written */
    bool plain_tag, quoted_tag; /* the tag goes without saying in plain style, in quotes */
    bool literal;
    bool empty, multiline, allow_plain, allow_single_quoted, allow_block;
};

enum context { CONTEXT_OTHER, CONTEXT_MAPPING, CONTEXT_KEY };

/* ---- the stream ---- */

static void put_char(struct writer *w, uint32_t c)
{
    if (c < 0x80)
        buffer_add_char(w->out, (char)c);
    else
        buffer_add_utf8(w->out, c);
}

static void put_chars(struct writer *w, const uint32_t *chars, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_char(w, chars[i]);
    w->column += n;
}

static void put_indicator(struct writer *w, const char *text, bool need_whitespace, bool whitespace,
                          bool indention)
{
    size_t n = strlen(text);

    if (!w->whitespace && need_whitespace) {
        buffer_add_char(w->out, ' ');
        w->column++;
    }
    w->whitespace = whitespace;
    w->indention = w->indention && indention;
    w->column += n;
    buffer_add(w->out, text, n);
}

static void put_break(struct writer *w, uint32_t c)
{
    w->whitespace = w->indention = true;
    w->column = 0;
    put_char(w, c);
}

static void put_indent(struct writer *w)
{
    size_t indent = w->indent < 0 ? 0 : (size_t)w->indent;

    if (!w->indention || w->column > indent || (w->column == indent && !w->whitespace))
        put_break(w, '\n');
    if (w->column < indent) {
        w->whitespace = true;
        buffer_add_fill(w->out, ' ', indent - w->column);
        w->column = indent;
    }
}

/* ---- what a text allows ---- */

static bool is_break(uint32_t c)
{
    return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029;
}

static bool is_white(uint32_t c)
{
    return c == 0 || c == ' ' || c == '\t' || c == '\r' || is_break(c);
}

static bool is_one_of(uint32_t c, const char *set)
{
    return c && c < 0x80 && strchr(set, (int)c);
}

static bool is_printable(uint32_t c, bool ascii)
{
    if (c == '\n' || (c >= 0x20 && c <= 0x7E))
        return true;
    if (ascii || c == 0xFEFF)
        return false;
    return c == 0x85 || (c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
           (c >= 0x10000 && c < 0x10FFFF);
}

/* Does the text hold an indicator that means something in a plain scalar of block style? */
static bool has_indicators(const struct scalar *s)
{
    if (s->n >= 3 && ((s->chars[0] == '-' && s->chars[1] == '-' && s->chars[2] == '-') ||
                      (s->chars[0] == '.' && s->chars[1] == '.' && s->chars[2] == '.')))
        return true;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t c = s->chars[i];
        bool followed = i + 1 >= s->n || is_white(s->chars[i + 1]);

        if (i == 0 && (is_one_of(c, "#,[]{}&*!|>'\"%@`") || (is_one_of(c, "?:-") && followed)))
            return true;
        if (i > 0 && ((c == ':' && followed) || (c == '#' && is_white(s->chars[i - 1]))))
            return true;
    }
    return false;
}

static void analyze(struct scalar *s, bool ascii)
{
    bool special = false, break_space = false, space_break = false, edges, trailing_space;

    s->empty = s->n == 0;
    s->allow_plain = s->allow_single_quoted = true;
    if (s->empty)
        return;
    for (size_t i = 0; i < s->n; i++) {
        uint32_t c = s->chars[i], before = i ? s->chars[i - 1] : 'x';

        s->multiline |= is_break(c);
        special |= !is_printable(c, ascii);
        break_space |= c == ' ' && is_break(before);
        space_break |= is_break(c) && before == ' ';
    }
    trailing_space = s->chars[s->n - 1] == ' ';
    edges = s->chars[0] == ' ' || is_break(s->chars[0]) || trailing_space || is_break(s->chars[s->n - 1]);
    s->allow_block = !trailing_space && !space_break && !special;
    s->allow_single_quoted = !break_space && !space_break && !special;
    s->allow_plain = s->allow_single_quoted && !edges && !s->multiline && !has_indicators(s);
}

/* ---- styles ---- */

static void write_plain(struct writer *w, const struct scalar *s, bool split)
{
    size_t start = 0;

    if (s->empty)
        return;
    if (!w->whitespace)
        put_chars(w, (const uint32_t[]){ ' ' }, 1);
    w->whitespace = w->indention = false;
    while (start < s->n) {
        size_t end = start;
        bool spaces = s->chars[start] == ' ';

        while (end < s->n && (s->chars[end] == ' ') == spaces)
            end++;
        if (spaces && end == start + 1 && w->column > w->width && split) {
            put_indent(w);
            w->whitespace = w->indention = false;
        } else {
            put_chars(w, s->chars + start, end - start);
        }
        start = end;
    }
}

/* A run of line breaks; the first one of a folded style is written twice when it is a plain line feed. */
static void write_breaks(struct writer *w, const struct scalar *s, size_t start, size_t end, bool doubled)
{
    if (doubled && s->chars[start] == '\n')
        put_break(w, '\n');
    for (size_t i = start; i < end; i++)
        put_break(w, s->chars[i]);
}

static void write_single_quoted(struct writer *w, const struct scalar *s, bool split)
{
    size_t start = 0;

    put_indicator(w, "'", true, false, false);
    while (start < s->n) {
        size_t end = start;

        if (s->chars[start] == ' ') {
            while (end < s->n && s->chars[end] == ' ')
                end++;
            if (end == start + 1 && w->column > w->width && split && start != 0 && end != s->n)
                put_indent(w);
            else
                put_chars(w, s->chars + start, end - start);
        } else if (is_break(s->chars[start])) {
            while (end < s->n && is_break(s->chars[end]))
                end++;
            write_breaks(w, s, start, end, true);
            put_indent(w);
        } else if (s->chars[start] == '\'') {
            put_chars(w, (const uint32_t[]){ '\'', '\'' }, 2);
            end++;
        } else {
            while (end < s->n && s->chars[end] != ' ' && s->chars[end] != '\'' && !is_break(s->chars[end]))
                end++;
            put_chars(w, s->chars + start, end - start);
        }
        start = end;
    }
    put_indicator(w, "'", false, false, false);
}

static void write_escape(struct writer *w, uint32_t c)
{
    static const struct {
        uint32_t c;
        char name;
    } escapes[] = {
        { 0, '0' },     { 7, 'a' },    { 8, 'b' },    { 9, 't' },      { 10, 'n' },
        { 11, 'v' },    { 12, 'f' },   { 13, 'r' },   { 0x1B, 'e' },   { '"', '"' },
        { '\\', '\\' }, { 0x85, 'N' }, { 0xA0, '_' }, { 0x2028, 'L' }, { 0x2029, 'P' },
    };
    size_t before = w->out->len;

    for (size_t i = 0; i < ELEMENTS(escapes); i++) {
        if (escapes[i].c == c) {
            buffer_addf(w->out, "\\%c", escapes[i].name);
            w->column += 2;
            return;
        }
    }
    buffer_addf(w->out, c <= 0xFF ? "\\x%02X" : c <= 0xFFFF ? "\\u%04X" : "\\U%08X", c);
    w->column += w->out->len - before;
}

static bool stands_for_itself(uint32_t c, bool ascii)
{
    if (c == '"' || c == '\\' || c == 0x85 || c == 0x2028 || c == 0x2029 || c == 0xFEFF)
        return false;
    return (c >= 0x20 && c <= 0x7E) ||
           (!ascii && ((c >= 0xA0 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD)));
}

static void write_double_quoted(struct writer *w, const struct scalar *s, bool split)
{
    bool ascii = w->flags & YAML_ASCII;
    size_t start = 0;

    put_indicator(w, "\"", true, false, false);
    for (size_t end = 0; end <= s->n; end++) {
        bool escape = end < s->n && !stands_for_itself(s->chars[end], ascii);

        if (end == s->n || escape) {
            put_chars(w, s->chars + start, end - start);
            start = end;
            if (escape) {
                write_escape(w, s->chars[end]);
                start = end + 1;
            }
        }
        if (end > 0 && end + 1 < s->n && (s->chars[end] == ' ' || start >= end) && split &&
            (ptrdiff_t)w->column + (ptrdiff_t)end - (ptrdiff_t)start > (ptrdiff_t)w->width) {
            if (start < end) {
                put_chars(w, s->chars + start, end - start);
                start = end;
            }
            put_chars(w, (const uint32_t[]){ '\\' }, 1);
            put_indent(w);
            w->whitespace = w->indention = false;
            if (s->chars[start] == ' ')
                put_chars(w, (const uint32_t[]){ '\\' }, 1);
        }
    }
    put_indicator(w, "\"", false, false, false);
}

static void write_literal(struct writer *w, const struct scalar *s)
{
    char head[8] = "|";
    size_t start = 0, n = 1;

    if (s->chars[0] == ' ' || is_break(s->chars[0]))
        head[n++] = (char)('0' + w->best_indent);
    if (!is_break(s->chars[s->n - 1]))
        head[n++] = '-';
    else if (s->n == 1 || is_break(s->chars[s->n - 2]))
        head[n++] = '+';
    put_indicator(w, head, true, false, false);
    put_break(w, '\n');
    while (start < s->n) {
        size_t end = start;

        if (is_break(s->chars[start])) {
            while (end < s->n && is_break(s->chars[end]))
                end++;
            write_breaks(w, s, start, end, false);
        } else {
            put_indent(w);
            while (end < s->n && !is_break(s->chars[end]))
                end++;
            put_chars(w, s->chars + start, end - start);
            if (end == s->n)
                put_break(w, '\n');
        }
        start = end;
    }
}

static void write_scalar(struct writer *w, const struct scalar *s, enum context context)
{
    bool key = context == CONTEXT_KEY, plain, literal;
    int indent = w->indent;

    plain = s->plain_tag && !s->literal && s->allow_plain && !(key && (s->empty || s->multiline));
    literal = s->literal && !key && s->allow_block;
    if (!(plain ? s->plain_tag : s->quoted_tag))
        put_indicator(w, s->tag, true, false, false);
    w->indent = indent < 0 ? w->best_indent : indent + w->best_indent;
    if (plain)
        write_plain(w, s, !key);
    else if (literal)
        write_literal(w, s);
    else if (!s->literal && s->allow_single_quoted && !(key && s->multiline))
        write_single_quoted(w, s, !key);
    else
        write_double_quoted(w, s, !key);
    w->indent = indent;
}

/* ---- values as scalars ---- */

static void add_float(struct buffer *out, double d)
{
    char text[JSON_DOUBLE_SIZE];
    size_t n = json_format_double(d, text);
    const char *e = memchr(text, 'e', n);

    if (isnan(d) || isinf(d)) {
        buffer_add_text(out, isnan(d) ? ".nan" : d < 0 ? "-.inf" : ".inf");
    } else if (e && !memchr(text, '.', n)) {
        buffer_add(out, text, (size_t)(e - text));
        buffer_addf(out, ".0%s", e);
    } else {
        buffer_add(out, text, n);
    }
}

/* Base 64 in lines of 76, as Python's encodebytes. */
static void add_base64(struct buffer *out, const unsigned char *data, size_t n)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        unsigned bits = (unsigned)data[i] << 16 | (left > 1 ? (unsigned)data[i + 1] << 8 : 0) |
                        (left > 2 ? data[i + 2] : 0u);

        buffer_add_char(out, letters[bits >> 18]);
        buffer_add_char(out, letters[bits >> 12 & 63]);
        buffer_add_char(out, left > 1 ? letters[bits >> 6 & 63] : '=');
        buffer_add_char(out, left > 2 ? letters[bits & 63] : '=');
        if (i % 57 == 54 || left <= 3)
            buffer_add_char(out, '\n');
    }
}

/* The text of a scalar value and its tag. */
static enum yaml_tag scalar_text(struct buffer *out, value v, const char **ret_tag)
{
    switch (v.kind) {
    case VALUE_STRING:
        buffer_add(out, v.string->data, v.string->len);
        *ret_tag = "!!str";
        return YAML_TAG_STR;
    case VALUE_BOOL:
        buffer_add_text(out, v.boolean ? "true" : "false");
        *ret_tag = "!!bool";
        return YAML_TAG_BOOL;
    case VALUE_INT:
    case VALUE_BIGINT:
        json_write(out, v, JSON_COMPACT);
        *ret_tag = "!!int";
        return YAML_TAG_INT;
    case VALUE_FLOAT:
    case VALUE_TIMESPAN:
        add_float(out, v.kind == VALUE_FLOAT ? v.number : (double)v.integer / 1e6);
        *ret_tag = "!!float";
        return YAML_TAG_FLOAT;
    case VALUE_DATETIME:
        datetime_format_iso(out, v, ' ');
        *ret_tag = "!!timestamp";
        return YAML_TAG_TIMESTAMP;
    case VALUE_BYTES:
        add_base64(out, (const unsigned char *)v.string->data, v.string->len);
        *ret_tag = "!!binary";
        return YAML_TAG_BINARY;
    default:
        buffer_add_text(out, "null");
        *ret_tag = "!!null";
        return YAML_TAG_NULL;
    }
}

static void scalar_init(struct scalar *s, value v, bool ascii)
{
    BUFFER_AUTO(text);
    enum yaml_tag tag;
    const char *at, *end;

    *s = (struct scalar){ 0 };
    tag = scalar_text(&text, v, &s->tag);
    s->plain_tag = yaml_resolve(buffer_text(&text), text.len) == tag;
    s->quoted_tag = tag == YAML_TAG_STR;
    s->literal = tag == YAML_TAG_BINARY;
    s->chars = xreallocarray(NULL, text.len + 1, sizeof(*s->chars));
    at = buffer_text(&text);
    end = at + text.len;
    while (at < end)
        s->chars[s->n++] = (unsigned char)*at < 0x80 ? (uint32_t)*at++ : utf8_next(&at);
    analyze(s, ascii);
}

/* ---- nodes ---- */

static void write_node(struct writer *w, value v, enum context context, int level);

static bool is_collection(value v)
{
    return value_is_list(v) || v.kind == VALUE_MAP || v.kind == VALUE_SET;
}

static size_t collection_count(value v)
{
    return value_is_list(v) ? value_list_count(v) : value_map_count(v);
}

static void write_sequence(struct writer *w, value list, enum context context, int level)
{
    bool indentless = context == CONTEXT_MAPPING && !w->indention;
    int indent = w->indent;

    w->indent = indent < 0 ? 0 : indentless ? indent : indent + w->best_indent;
    VALUE_LIST_EACH (i, item, list) {
        put_indent(w);
        put_indicator(w, "-", true, false, true);
        write_node(w, item, CONTEXT_OTHER, level + 1);
    }
    w->indent = indent;
}

struct order {
    value map;
    bool failed; /* keys without an order between them: they stay as they are */
};

static int compare_keys(const void *a, const void *b, void *context)
{
    struct order *order = context;
    int r = 0;

    if (value_compare(value_map_key_at(order->map, *(const uint32_t *)a),
                      value_map_key_at(order->map, *(const uint32_t *)b), &r) != 0 ||
        r == 2)
        order->failed = true;
    return order->failed ? 0 : r;
}

/* The entries in the order they are written; owned. */
static uint32_t *key_order(value map, bool sorted)
{
    size_t n = value_map_count(map);
    uint32_t *order = xreallocarray(NULL, n, sizeof(*order));
    struct order context = { .map = map };

    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    if (!sorted)
        return order;
    qsort_r(order, n, sizeof(*order), compare_keys, &context);
    for (uint32_t i = 0; i < n && context.failed; i++)
        order[i] = i;
    return order;
}

/* Keys that are long, empty, span lines or hold something are written after a "?". */
static bool write_key(struct writer *w, value key, int level)
{
    struct scalar s;
    bool simple;

    put_indent(w);
    if (is_collection(key)) {
        simple = collection_count(key) == 0;
    } else {
        scalar_init(&s, key, w->flags & YAML_ASCII);
        simple = s.n + strlen(s.tag) < SIMPLE_KEY_MAX && !s.empty && !s.multiline;
        if (simple)
            write_scalar(w, &s, CONTEXT_KEY);
        free(s.chars);
        if (simple)
            return true;
    }
    if (!simple)
        put_indicator(w, "?", true, false, true);
    write_node(w, key, simple ? CONTEXT_KEY : CONTEXT_MAPPING, level + 1);
    return simple;
}

static void write_mapping(struct writer *w, value map, int level)
{
    uint32_t *order = key_order(map, w->flags & YAML_SORT_KEYS);
    int indent = w->indent;

    w->indent = indent < 0 ? 0 : indent + w->best_indent;
    VALUE_MAP_EACH (i, map) {
        if (write_key(w, value_map_key_at(map, order[i]), level)) {
            put_indicator(w, ":", false, false, false);
        } else {
            put_indent(w);
            put_indicator(w, ":", true, false, true);
        }
        write_node(w, map.kind == VALUE_SET ? value_null() : value_map_item_at(map, order[i]),
                   CONTEXT_MAPPING, level + 1);
    }
    w->indent = indent;
    free(order);
}

static void write_node(struct writer *w, value v, enum context context, int level)
{
    struct scalar s;

    if (level > VALUE_DEPTH_MAX)
        v = value_null();
    if (!is_collection(v)) {
        scalar_init(&s, v, w->flags & YAML_ASCII);
        write_scalar(w, &s, context);
        free(s.chars);
        return;
    }
    if (v.kind == VALUE_SET)
        put_indicator(w, "!!set", true, false, false);
    if (collection_count(v) == 0) {
        put_indicator(w, value_is_list(v) ? "[" : "{", true, true, false);
        put_indicator(w, value_is_list(v) ? "]" : "}", false, false, false);
    } else if (value_is_list(v)) {
        write_sequence(w, v, context, level);
    } else {
        write_mapping(w, v, level);
    }
}

/* Only a plain scalar leaves open whether the document goes on. */
static bool is_plain_root(value v, bool ascii)
{
    struct scalar s;
    bool plain;

    if (is_collection(v))
        return false;
    scalar_init(&s, v, ascii);
    plain = s.plain_tag && s.allow_plain;
    free(s.chars);
    return plain;
}

void yaml_write(struct buffer *out, value v, int indent, enum yaml_write_flags flags)
{
    struct writer w = {
        .out = out,
        .flags = flags,
        .width = flags & YAML_WIDE ? PTRDIFF_MAX : WIDTH,
        .best_indent = indent >= 2 && indent <= 9 ? indent : 2,
        .indent = -1,
        .whitespace = true,
        .indention = true,
    };

    write_node(&w, v, CONTEXT_OTHER, 0);
    put_indent(&w);
    if ((flags & YAML_DOCUMENT_END) && is_plain_root(v, flags & YAML_ASCII))
        buffer_add_text(out, "...\n");
}
