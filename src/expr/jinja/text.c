/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/jinja/text.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>

#include "base/mem.h"
#include "base/utf8.h"

value text_like(value like, value text)
{
    return is_object(like, &markup_ops) ? markup_new(text) : text;
}

/* ---- case ---- */

static bool is_ascii(value text)
{
    return value_string_chars(text) == value_len(text);
}

static char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char ascii_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static bool ascii_letter(char c)
{
    char low = ascii_lower(c);

    return low >= 'a' && low <= 'z';
}

static void ascii_case(enum text_case how, const char *s, size_t n, char *out)
{
    bool inside = false;

    /* Loops of their own: the compiler makes them take many bytes at a time. */
    for (size_t i = 0; i < n && (how == TEXT_LOWER || how == TEXT_CASEFOLD); i++)
        out[i] = ascii_lower(s[i]);
    for (size_t i = 0; i < n && how == TEXT_UPPER; i++)
        out[i] = ascii_upper(s[i]);
    for (size_t i = 0; i < n; i++) {
        switch (how) {
        case TEXT_LOWER:
        case TEXT_CASEFOLD:
        case TEXT_UPPER:
            return;
        case TEXT_TITLE:
            out[i] = inside ? ascii_lower(s[i]) : ascii_upper(s[i]);
            inside = ascii_letter(s[i]);
            break;
        case TEXT_CAPITALIZE:
            out[i] = i ? ascii_lower(s[i]) : ascii_upper(s[i]);
            break;
        case TEXT_SWAPCASE:
            out[i] = s[i] >= 'a' && s[i] <= 'z' ? ascii_upper(s[i]) : ascii_lower(s[i]);
            break;
        }
    }
}

/* Full mappings of a piece of text, with their special cases ("ß" to "SS"). */
static void add_mapped(struct buffer *out, enum text_case how, const char *s, size_t n)
{
    uint8_t *(*map)(const uint8_t *, size_t, const char *, uninorm_t, uint8_t *, size_t *) =
        how == TEXT_LOWER   ? u8_tolower
        : how == TEXT_UPPER ? u8_toupper
        : how == TEXT_TITLE ? u8_totitle
                            : u8_casefold;
    size_t len = 0;
    uint8_t *mapped = map((const uint8_t *)s, n, "", NULL, NULL, &len);

    if (mapped)
        buffer_add(out, mapped, len);
    free(mapped);
}

static bool is_cased(uint32_t code)
{
    return uc_is_property_cased(code);
}

static void unicode_case(enum text_case how, const char *s, size_t n, struct buffer *out)
{
    const char *at = s, *start;
    bool inside = false;

    if (how == TEXT_LOWER || how == TEXT_UPPER || how == TEXT_CASEFOLD) {
        add_mapped(out, how, s, n);
        return;
    }
    if (how == TEXT_CAPITALIZE) {
        utf8_next(&at);
        add_mapped(out, TEXT_TITLE, s, (size_t)(at - s));
        add_mapped(out, TEXT_LOWER, at, n - (size_t)(at - s));
        return;
    }
    while (at < s + n) {
        uint32_t code;
        enum text_case each;

        start = at;
        code = utf8_next(&at);
        if (how == TEXT_TITLE)
            each = inside ? TEXT_LOWER : TEXT_TITLE;
        else
            each = uc_is_property_lowercase(code) ? TEXT_UPPER : TEXT_LOWER;
        inside = is_cased(code);
        add_mapped(out, each, start, (size_t)(at - start));
    }
}

int text_case(struct ev *ev, enum text_case how, value text, value *ret)
{
    size_t n = value_len(text);
    BUFFER_AUTO(out);
    char *data;

    if (ev_pay_text(ev, n) < 0 || ev_pay(ev, n / 32) < 0)
        return -1;
    if (is_ascii(text)) {
        *ret = value_string_new(n, &data);
        ascii_case(how, value_chars(text), n, data);
        return 0;
    }
    if (ev_pay(ev, n / 4) < 0)
        return -1;
    unicode_case(how, value_chars(text), n, &out);
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

int text_case_print(struct ev *ev, enum text_case how, value text, struct buffer *out)
{
    size_t n = value_len(text);

    if (ev_pay_text(ev, n) < 0)
        return -1;
    if (out->len + n > ev->text_max)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    if (!is_ascii(text)) {
        unicode_case(how, value_chars(text), n, out);
        return ev_pay(ev, n / 4);
    }
    buffer_reserve(out, n);
    ascii_case(how, value_chars(text), n, out->data + out->len);
    out->len += n;
    out->data[out->len] = '\0';
    return 0;
}

int text_lower(struct ev *ev, value text, value *ret)
{
    return text_case(ev, TEXT_LOWER, text, ret);
}

int text_upper(struct ev *ev, value text, value *ret)
{
    return text_case(ev, TEXT_UPPER, text, ret);
}

/* ---- white space, stripping, lines ---- */

bool code_is_space(uint32_t code)
{
    return (code >= 9 && code <= 13) || (code >= 0x1c && code <= 0x20) || code == 0x85 || code == 0xa0 ||
           code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
           code == 0x202f || code == 0x205f || code == 0x3000;
}

bool code_is_word(uint32_t code)
{
    return code == '_' || uc_is_general_category(code, UC_LETTER) || uc_is_general_category(code, UC_NUMBER);
}

static bool strips(value chars, const char *s, size_t n)
{
    const char *at = s;

    if (value_is_string(chars))
        return memmem(value_chars(chars), value_len(chars), s, n);
    return code_is_space(utf8_next(&at));
}

value text_strip(value text, value chars, bool left, bool right)
{
    const char *start = value_chars(text), *end = start + value_len(text);

    while (left && start < end) {
        const char *next = start;

        utf8_next(&next);
        if (!strips(chars, start, (size_t)(next - start)))
            break;
        start = next;
    }
    while (right && end > start) {
        const char *before = end - 1;

        while ((*before & 0xc0) == 0x80)
            before--;
        if (!strips(chars, before, (size_t)(end - before)))
            break;
        end = before;
    }
    return value_text_n(start, (size_t)(end - start));
}

static bool is_line_end(uint32_t code)
{
    return (code >= 10 && code <= 13) || (code >= 0x1c && code <= 0x1e) || code == 0x85 || code == 0x2028 ||
           code == 0x2029;
}

int text_splitlines(struct ev *ev, value text, bool keep, value *ret)
{
    const char *at = value_chars(text), *end = at + value_len(text), *line = at;
    VALUE_AUTO(lines);

    lines = value_list_new(0);
    if (ev_pay(ev, value_len(text) / 8 + 1) < 0)
        return -1;
    while (at < end) {
        const char *before = at;
        uint32_t code = utf8_next(&at);

        if (!is_line_end(code))
            continue;
        if (code == '\r' && at < end && *at == '\n')
            at++;
        value_list_append(&lines, value_text_n(line, (size_t)((keep ? at : before) - line)));
        line = at;
        if (ev_pay(ev, 2) < 0)
            return -1;
        if (value_list_count(lines) > ev->limits.sequence)
            return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    }
    if (line < end)
        value_list_append(&lines, value_text_n(line, (size_t)(end - line)));
    *ret = value_take(&lines);
    return 0;
}

/* ---- padding and replacing ---- */

int text_pad(struct ev *ev, value text, int64_t width, value fill, enum text_align align, value *ret)
{
    int64_t n = (int64_t)value_string_chars(text), pad = width - n, before;
    const char *with = value_is_string(fill) ? value_chars(fill) : " ";
    size_t with_len = value_is_string(fill) ? value_len(fill) : 1;
    char *data;

    if (value_is_string(fill) && value_string_chars(fill) != 1)
        return ev_error(ev, "TypeError", "The fill character must be exactly one character long");
    if (pad <= 0) {
        *ret = value_ref(text);
        return 0;
    }
    if (pad > (int64_t)ev->limits.text || ev_pay_text(ev, value_len(text) + (size_t)pad * with_len) < 0)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    /* Python's center puts the odd one left when the width is odd. */
    before = align == TEXT_LEFT ? 0 : align == TEXT_RIGHT ? pad : pad / 2 + (pad & width & 1);
    *ret = value_string_new(value_len(text) + (size_t)pad * with_len, &data);
    if (with_len == 1) {
        memset(data, *with, (size_t)before);
        memcpy(data + before, value_chars(text), value_len(text));
        memset(data + (size_t)before + value_len(text), *with, (size_t)(pad - before));
        return 0;
    }
    for (int64_t i = 0; i < before; i++, data += with_len)
        memcpy(data, with, with_len);
    memcpy(data, value_chars(text), value_len(text));
    data += value_len(text);
    for (int64_t i = before; i < pad; i++, data += with_len)
        memcpy(data, with, with_len);
    return 0;
}

/* Between all characters, as replacing "" does. */
static int replace_nothing(struct ev *ev, value text, value new, int64_t count, value *ret)
{
    const char *at = value_chars(text), *end = at + value_len(text);
    BUFFER_AUTO(out);

    while (count-- != 0) {
        const char *start = at;

        if (ev_add_text(ev, &out, value_chars(new), value_len(new)) < 0 || ev_pay(ev, 1) < 0)
            return -1;
        if (at >= end)
            break;
        utf8_next(&at);
        buffer_add(&out, start, (size_t)(at - start));
    }
    buffer_add(&out, at, (size_t)(end - at));
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

int text_replace(struct ev *ev, value text, value old, value new, int64_t count, value *ret)
{
    const char *at = value_chars(text), *end = at + value_len(text), *found;
    BUFFER_AUTO(out);

    if (ev_pay_text(ev, value_len(text)) < 0)
        return -1;
    if (!value_len(old))
        return replace_nothing(ev, text, new, count, ret);
    while (count-- != 0 && (found = memmem(at, (size_t)(end - at), value_chars(old), value_len(old)))) {
        buffer_add(&out, at, (size_t)(found - at));
        if (ev_add_text(ev, &out, value_chars(new), value_len(new)) < 0 || ev_pay(ev, 1) < 0)
            return -1;
        at = found + value_len(old);
    }
    if (at == value_chars(text)) {
        *ret = value_ref(text);
        return 0;
    }
    if (ev_add_text(ev, &out, at, (size_t)(end - at)) < 0)
        return -1;
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

/* ---- wrapping, as Python's textwrap does it ---- */

struct chunk {
    const char *text;
    size_t n, chars;
    bool space;
};

static bool is_wrap_code(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A line as its characters, each with its place; one more at the end. */
struct letters {
    uint32_t *codes;
    size_t *at;
    size_t n;
};

static void letters_init(struct letters *l, const char *line, size_t len)
{
    l->codes = xreallocarray(NULL, len + 1, sizeof(l->codes[0]));
    l->at = xreallocarray(NULL, len + 1, sizeof(l->at[0]));
    l->n = 0;
    for (const char *at = line; at < line + len;) {
        l->at[l->n] = (size_t)(at - line);
        l->codes[l->n++] = utf8_next(&at);
    }
    l->at[l->n] = len;
    l->codes[l->n] = 0;
}

static void letters_release(struct letters *l)
{
    free(l->codes);
    free(l->at);
}

static bool is_letter(const struct letters *l, size_t i)
{
    return i < l->n && code_is_word(l->codes[i]) &&
           !uc_is_general_category(l->codes[i], UC_DECIMAL_DIGIT_NUMBER);
}

static bool is_word_or_stop(const struct letters *l, size_t i)
{
    return code_is_word(l->codes[i]) ||
           (l->codes[i] < 128 && l->codes[i] && strchr("!\"'&.,?", (int)l->codes[i]));
}

/* Two dashes or more from i on, behind a word and before one: where they end, or i. */
static size_t dashes(const struct letters *l, size_t i)
{
    size_t end = i;

    while (end < l->n && l->codes[end] == '-')
        end++;
    return i && end - i >= 2 && end < l->n && is_word_or_stop(l, i - 1) && code_is_word(l->codes[end]) ? end
                                                                                                       : i;
}

/* Is the hyphen at i a place to break? Behind it are two letters, maybe hyphenated; before it two letters, or a letter, a
   hyphen and a letter. */
static bool breaks_after_hyphen(const struct letters *l, size_t i)
{
    if (l->codes[i] != '-' || !is_letter(l, i + 1) || !is_letter(l, i + 2 + (l->codes[i + 2] == '-')))
        return false;
    if (i >= 2 && is_letter(l, i - 1) && is_letter(l, i - 2))
        return true;
    return i >= 3 && is_letter(l, i - 3) && l->codes[i - 2] == '-' && is_word_or_stop(l, i - 1);
}

/* Where the piece that starts at i ends: blanks, dashes between words, a word or a part of one. */
static size_t piece_end(const struct letters *l, size_t i, bool hyphens)
{
    bool space = is_wrap_code(l->codes[i]);
    size_t k = i + 1;

    if (!space && hyphens && dashes(l, i) > i)
        return dashes(l, i);
    for (; k < l->n && is_wrap_code(l->codes[k]) == space; k++) {
        if (space || !hyphens || l->codes[k] != '-')
            continue;
        if (breaks_after_hyphen(l, k))
            return k + 1;
        if (l->codes[k - 1] != '-' && dashes(l, k) > k)
            return k;
    }
    return k;
}

static size_t split_chunks(const char *line, size_t len, bool hyphens, struct chunk **ret)
{
    struct chunk *chunks = NULL;
    size_t n = 0, room = 0;
    struct letters l;

    letters_init(&l, line, len);
    for (size_t i = 0, end; i < l.n; i = end) {
        end = piece_end(&l, i, hyphens);
        GROW(chunks, n, room);
        chunks[n++] =
            (struct chunk){ line + l.at[i], l.at[end] - l.at[i], end - i, is_wrap_code(l.codes[i]) };
    }
    letters_release(&l);
    *ret = chunks;
    return n;
}

/* Cuts `room` characters off the front of a chunk that is longer than a line; after a hyphen where one is allowed. */
static size_t cut(struct chunk *chunk, size_t room, bool hyphens)
{
    size_t n = utf8_offset(chunk->text, chunk->n, room);

    if (hyphens && chunk->chars > room) {
        for (size_t k = n; k > 1; k--) {
            if (chunk->text[k - 1] != '-')
                continue;
            for (size_t i = 0; i < k - 1; i++)
                if (chunk->text[i] != '-')
                    return k;
            break;
        }
    }
    return n;
}

int text_wrap(struct ev *ev, const char *line, size_t len, int64_t width, bool break_long, bool break_hyphens,
              value between, struct buffer *out)
{
    struct chunk *chunks;
    size_t n, i = 0, lines = 0;
    int r = 0;

    if (width <= 0)
        return ev_error(ev, "ValueError", "invalid width %lld (must be > 0)", (long long)width);
    if (ev_pay(ev, len / 4 + 1) < 0)
        return -1;
    n = split_chunks(line, len, break_hyphens, &chunks);
    while (i < n && r == 0) {
        size_t used = 0, first, last, cut_bytes = 0;

        if (chunks[i].space && lines)
            i++;
        if (i >= n)
            break;
        for (first = last = i; last < n && used + chunks[last].chars <= (size_t)width; last++)
            used += chunks[last].chars;
        bool full = false;

        if (last < n && chunks[last].chars > (size_t)width) {
            /* A line that is full already takes nothing of the long word, and keeps its last blank. */
            full = break_long && used == (size_t)width;
            if (break_long && !full)
                cut_bytes = cut(&chunks[last], (size_t)width - used, break_hyphens);
            else if (last == first)
                last++;
        }
        i = last;
        if (!cut_bytes && !full && last > first && chunks[last - 1].space)
            last--;
        if (last == first && !cut_bytes)
            continue;
        if (lines++)
            r = ev_add_text(ev, out, value_chars(between), value_len(between));
        for (size_t k = first; k < last && r == 0; k++)
            r = ev_add_text(ev, out, chunks[k].text, chunks[k].n);
        if (cut_bytes && r == 0) {
            r = ev_add_text(ev, out, chunks[i].text, cut_bytes);
            chunks[i].chars -= utf8_length(chunks[i].text, cut_bytes);
            chunks[i].text += cut_bytes;
            chunks[i].n -= cut_bytes;
        }
        if (r == 0)
            r = ev_pay(ev, 4);
    }
    free(chunks);
    return r;
}
