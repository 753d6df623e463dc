/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#define PCRE2_CODE_UNIT_WIDTH 8

#include <assert.h>
#include <pcre2.h>
#include <pthread.h>
#include <stdbool.h>
#include <uniwidth.h>

#include "base/mem.h"
#include "base/utf8.h"

/* Where a line may be broken: white space, words, hyphenated words, dashes between words. */
static const char chunk_pattern[] =
    "[ \\t\\n\\x0b\\f\\r]+"
    "|(?<=[\\w!\"'&.,?])-{2,}(?=\\w)"
    "|[^ \\t\\n\\x0b\\f\\r]+?(?:"
    "-(?:(?<=[^\\d\\W]{2}-)|(?<=[^\\d\\W]-[\\w!\"'&.,?]-))(?=[^\\d\\W]-?[^\\d\\W])"
    "|(?=[ \\t\\n\\x0b\\f\\r]|\\z)"
    "|(?<=[\\w!\"'&.,?])(?=-{2,}\\w))";

static pcre2_code *chunk_code;

static void chunk_code_make(void)
{
    int number;
    PCRE2_SIZE offset;

    chunk_code = pcre2_compile((PCRE2_SPTR)chunk_pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP,
                               &number, &offset, NULL);
    assert(chunk_code);
}

/* The length of a colour sequence at s, or 0. */
static size_t colour_length(const char *s, size_t n)
{
    size_t i = 2;

    if (n < 3 || s[0] != '\033' || s[1] != '[')
        return 0;
    while (i < n && (s[i] == ';' || (s[i] >= '0' && s[i] <= '9')))
        i++;
    return i < n && s[i] == 'm' ? i + 1 : 0;
}

size_t cli_text_columns(const char *text, size_t n)
{
    const char *at = text, *end = text + n;
    size_t columns = 0;

    while (at < end) {
        size_t colour = colour_length(at, (size_t)(end - at));
        int width;

        if (colour) {
            at += colour;
            continue;
        }
        width = uc_width(utf8_next(&at), "UTF-8");
        columns += width > 0 ? (size_t)width : 0;
    }
    return columns;
}

struct chunk {
    const char *text;
    size_t len, n_chars;
};

struct chunks {
    struct chunk *items;
    size_t count, room;
};

static void chunks_add(struct chunks *chunks, const char *text, size_t len)
{
    GROW(chunks->items, chunks->count, chunks->room);
    chunks->items[chunks->count++] = (struct chunk){ text, len, utf8_length(text, len) };
}

static void chunks_split(struct chunks *chunks, const char *text, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pcre2_match_data *data;
    size_t at = 0;

    pthread_once(&once, chunk_code_make);
    data = pcre2_match_data_create_from_pattern(chunk_code, NULL);
    while (at < n) {
        PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
        int r = pcre2_match(chunk_code, (PCRE2_SPTR)text, n, at, PCRE2_NO_UTF_CHECK, data, NULL);

        if (r < 0 || ends[1] <= at) {
            chunks_add(chunks, text + at, n - at); /* match limit reached: what is left is one word */
            break;
        }
        chunks_add(chunks, text + at, ends[1] - at);
        at = ends[1];
    }
    pcre2_match_data_free(data);
}

static bool chunk_is_blank(const struct chunk *chunk)
{
    return chunk->len == 0 || chunk->text[0] == ' ';
}

/* How many characters of a too long word fit: up to the last hyphen within `room`, else `room`. */
static size_t chunk_break(const struct chunk *chunk, size_t room)
{
    const char *at = chunk->text, *end = chunk->text + chunk->len;
    size_t after_hyphen = 0;
    bool solid = false;

    for (size_t i = 0; i < room && at < end; i++) {
        if (*at == '-' && solid)
            after_hyphen = i + 1;
        solid |= *at != '-';
        utf8_next(&at);
    }
    return after_hyphen ? after_hyphen : room;
}

void cli_text_wrap(struct buffer *out, const char *text, size_t n, size_t width, size_t first_indent,
                   size_t indent)
{
    CLEANUP(freep)
    char *blank = xstrndup(text, n);
    struct chunks chunks = { 0 };
    size_t i = 0;
    bool first = true;

    for (size_t k = 0; k < n; k++) {
        if (blank[k] >= '\t' && blank[k] <= '\r')
            blank[k] = ' ';
    }
    chunks_split(&chunks, blank, n);
    while (i < chunks.count) {
        size_t lead = first ? first_indent : indent, room = width > lead ? width - lead : 1;
        size_t begin, used = 0, end;
        struct chunk part = { 0 };

        if (!first && chunk_is_blank(&chunks.items[i]))
            i++;
        for (begin = i; i < chunks.count && used + chunks.items[i].n_chars <= room; i++)
            used += chunks.items[i].n_chars;
        if (i < chunks.count && chunks.items[i].n_chars > room && (used < room || i == begin)) {
            size_t fits = chunk_break(&chunks.items[i], used < room ? room - used : 1);

            part = chunks.items[i];
            part.len = utf8_offset(part.text, part.len, fits);
            chunks.items[i].text += part.len;
            chunks.items[i].len -= part.len;
            chunks.items[i].n_chars -= fits;
        }
        end = i;
        if (!part.len && end > begin && chunk_is_blank(&chunks.items[end - 1]))
            end--;
        if (begin == end && !part.len)
            continue;
        if (!first)
            buffer_add_char(out, '\n');
        buffer_add_fill(out, ' ', lead);
        for (size_t k = begin; k < end; k++)
            buffer_add(out, chunks.items[k].text, chunks.items[k].len);
        buffer_add(out, part.text ? part.text : "", part.len);
        first = false;
    }
    free(chunks.items);
}
