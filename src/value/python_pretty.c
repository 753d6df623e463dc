/* SPDX-License-Identifier: Apache-2.0 */
/* pprint.pformat(): what does not fit into its line is spread, one item a line; long text is broken between its words.
   Mappings keep their order. Measuring stops as soon as a value is known not to fit, so the cost of a level is what it
   shows. */
#include <unictype.h>

#include "base/utf8.h"
#include "value/python.h"

#define INDENT_MAX 200 /* columns; what is nested deeper is shown in one line */

struct pretty {
    struct buffer *out;
    size_t end;   /* nothing is begun once the output is this long */
    int width;    /* columns of a line */
    bool stopped; /* something was left out */
};

/* Where something stands: the column it begins in, and how many columns behind it are taken. */
struct room {
    int column, behind;
};

/* ---- measuring ---- */

/* Is repr(v) surely wider than `budget` columns? What is left of the budget otherwise. */
static int narrow(value v, int budget)
{
    if (v.kind == VALUE_STRING)
        return v.string->len / 4 > (size_t)budget ? -1 : budget - 2;
    if (value_is_list(v)) {
        if (value_list_count(v) > (size_t)budget)
            return -1;
        for (size_t i = 0; budget >= 0 && i < value_list_count(v); i++)
            budget = narrow(value_list_at(v, i), budget - 1);
    } else if (v.kind == VALUE_MAP) {
        if (value_map_count(v) > (size_t)budget)
            return -1;
        for (size_t i = 0; budget >= 0 && i < value_map_count(v); i++) {
            budget = narrow(value_map_key_at(v, i), budget - 2);
            budget = budget < 0 ? budget : narrow(value_map_item_at(v, i), budget);
        }
    }
    return budget;
}

/* Write repr(v) when it fits into `columns`. */
static bool put_if_fits(struct pretty *p, value v, int columns)
{
    BUFFER_AUTO(shown);

    if (columns < 0 || narrow(v, columns) < 0)
        return false;
    python_repr(&shown, v);
    if (utf8_length(buffer_text(&shown), shown.len) > (size_t)columns)
        return false;
    buffer_add(p->out, shown.data, shown.len);
    return true;
}

static void new_line(struct pretty *p, int column)
{
    buffer_add_char(p->out, '\n');
    buffer_add_fill(p->out, ' ', (size_t)column);
}

/* ---- text ---- */

static bool is_space(uint32_t c)
{
    return uc_is_property_white_space(c) || (c >= 0x1c && c <= 0x1f);
}

/* The end of the line that begins at `at`, its line break included. */
static const char *line_end(const char *at, const char *end)
{
    while (at < end) {
        uint32_t c = utf8_next(&at);

        if (c == '\r')
            return at < end && *at == '\n' ? at + 1 : at;
        if ((c >= '\n' && c <= '\f') || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029)
            return at;
    }
    return end;
}

/* The end of a word and the blanks behind it. */
static const char *word_end(const char *at, const char *end)
{
    bool blanks = false;

    while (at < end) {
        const char *next = at;
        bool space = is_space(utf8_next(&next));

        if (blanks && !space)
            break;
        blanks = space;
        at = next;
    }
    return at;
}

static size_t repr_width(const char *text, size_t n)
{
    BUFFER_AUTO(shown);

    python_repr_text(&shown, text, n);
    return utf8_length(buffer_text(&shown), shown.len);
}

struct chunks {
    struct pretty *p;
    int column;
    size_t count;
};

static void put_chunk(struct chunks *chunks, const char *text, size_t n)
{
    if (chunks->p->out->len >= chunks->p->end) {
        chunks->p->stopped = true;
        return;
    }
    if (chunks->count++)
        new_line(chunks->p, chunks->column);
    python_repr_text(chunks->p->out, text, n);
}

/* One line that is too wide, in pieces of whole words. */
static void put_words(struct chunks *chunks, const char *line, const char *end, int columns, int last_columns)
{
    const char *from = line;

    for (const char *at = line; at < end && !chunks->p->stopped;) {
        const char *next = word_end(at, end);
        int room = next == end ? last_columns : columns;

        /* A piece many times as wide as its line is not measured to its end. */
        if (at > from && ((next - from) / 4 > room || (int)repr_width(from, (size_t)(next - from)) > room)) {
            put_chunk(chunks, from, (size_t)(at - from));
            from = at;
        }
        at = next;
    }
    put_chunk(chunks, from, (size_t)(end - from));
}

static void put_lines(struct chunks *chunks, value v, struct room room)
{
    const char *at = v.string->data, *end = at + v.string->len;
    int columns = chunks->p->width - room.column;

    while (at < end && !chunks->p->stopped) {
        const char *stop = line_end(at, end);
        int last = stop == end ? columns - room.behind : columns;

        if ((stop - at) / 4 <= last && (int)repr_width(at, (size_t)(stop - at)) <= last)
            put_chunk(chunks, at, (size_t)(stop - at));
        else
            put_words(chunks, at, stop, columns, last);
        at = stop;
    }
}

static void put_text(struct pretty *p, value v, struct room room, int level)
{
    struct chunks chunks = { .p = p, .column = room.column };
    size_t start = p->out->len;

    /* Alone, pieces stand in parentheses; a single piece stands without. */
    if (level == 1) {
        buffer_add_char(p->out, '(');
        chunks.column = ++room.column;
        room.behind++;
    }
    put_lines(&chunks, v, room);
    if (level != 1)
        return;
    if (chunks.count > 1) {
        buffer_add_char(p->out, ')');
    } else {
        memmove(p->out->data + start, p->out->data + start + 1, p->out->len - start - 1);
        p->out->data[--p->out->len] = '\0';
    }
}

/* ---- containers ---- */

static void put(struct pretty *p, value v, struct room room, int level);

static bool begin_item(struct pretty *p, size_t i, int column)
{
    if (p->stopped || p->out->len >= p->end) {
        p->stopped = true;
        return false;
    }
    if (i) {
        buffer_add_char(p->out, ',');
        new_line(p, column);
    }
    return true;
}

static void put_map(struct pretty *p, value v, struct room room, int level)
{
    size_t n = value_map_count(v);

    for (size_t i = 0; i < n && begin_item(p, i, room.column); i++) {
        size_t start = p->out->len;
        struct room inside = { room.column, i + 1 == n ? room.behind : 1 };

        python_repr(p->out, value_map_key_at(v, i));
        buffer_add_text(p->out, ": ");
        inside.column += (int)utf8_length(p->out->data + start, p->out->len - start);
        put(p, value_map_item_at(v, i), inside, level);
    }
}

static void put_list(struct pretty *p, value v, struct room room, int level)
{
    size_t n = value_list_count(v);

    for (size_t i = 0; i < n && begin_item(p, i, room.column); i++) {
        struct room inside = { room.column, i + 1 == n ? room.behind : 1 };

        put(p, value_list_at(v, i), inside, level);
    }
}

static void put(struct pretty *p, value v, struct room room, int level)
{
    struct room inside = { room.column + 1, room.behind + 1 };

    if (room.column <= INDENT_MAX && put_if_fits(p, v, p->width - room.column - room.behind))
        return;
    level++;
    if (room.column > INDENT_MAX) {
        python_repr(p->out, v);
    } else if (v.kind == VALUE_STRING && v.string->len) {
        put_text(p, v, room, level);
    } else if (v.kind == VALUE_MAP) {
        buffer_add_char(p->out, '{');
        put_map(p, v, inside, level);
        buffer_add_char(p->out, '}');
    } else if (v.kind == VALUE_LIST) {
        buffer_add_char(p->out, '[');
        put_list(p, v, inside, level);
        buffer_add_char(p->out, ']');
    } else {
        python_repr(p->out, v);
    }
}

void python_pretty(struct buffer *out, value v, int width, size_t limit)
{
    size_t start = out->len;
    struct pretty p = { .out = out, .end = start + limit, .width = width };

    put(&p, v, (struct room){ 0, 0 }, 0);
    if (out->len <= p.end && !p.stopped)
        return;
    if (out->len > p.end) {
        out->len = p.end;
        while (out->len > start && ((unsigned char)out->data[out->len] & 0xc0) == 0x80)
            out->len--;
    }
    buffer_add_text(out, "...");
}
