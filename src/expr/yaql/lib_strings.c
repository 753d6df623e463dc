/* SPDX-License-Identifier: Apache-2.0 */
/* Texts. Positions are code points, as in Python; texts of ASCII are reached without counting. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>
#include <unicase.h>
#include <unictype.h>

#include "base/utf8.h"

static const char *chars(const struct call *c, size_t i)
{
    return value_chars(c->args[i].v);
}

static size_t len(const struct call *c, size_t i)
{
    return value_len(c->args[i].v);
}

/* ---- code points and bytes ---- */

static size_t offset(value text, size_t code_point)
{
    size_t n = value_string_chars(text);

    if (n == value_len(text) || code_point == 0)
        return code_point < value_len(text) ? code_point : value_len(text);
    return code_point >= n ? value_len(text) : utf8_offset(value_chars(text), value_len(text), code_point);
}

static int64_t code_point_at(value text, size_t byte)
{
    if (value_string_chars(text) == value_len(text))
        return (int64_t)byte;
    return (int64_t)utf8_length(value_chars(text), byte);
}

/* An index as Python's slices take it: from the end when negative, clipped. */
static size_t clip(value text, int64_t at)
{
    int64_t n = (int64_t)value_string_chars(text);

    if (at < 0)
        at += n;
    return at < 0 ? 0 : at > n ? (size_t)n : (size_t)at;
}

static int64_t add_clipped(int64_t a, int64_t b)
{
    int64_t out;

    return __builtin_add_overflow(a, b, &out) ? (b > 0 ? INT64_MAX : INT64_MIN) : out;
}

/* An integer that only places something: far beyond everything when it is larger than 64 bits. */
static int64_t place(const struct call *c, size_t i, int64_t otherwise)
{
    value v = c->args[i].v;

    if (v.kind == VALUE_BIGINT)
        return mpz_sgn(v.bigint->number) > 0 ? INT64_MAX / 2 : INT64_MIN / 2;
    return arg_int(c, i, otherwise);
}

/* ---- joining ---- */

static int concat(struct call *c, value *ret)
{
    size_t n = 0, at = 0;
    char *data;
    int r;

    for (size_t i = 0; i < c->n_rest; i++)
        n += value_len(c->rest[i].v);
    yaql_charge(c->ev, n / 256);
    r = yaql_check_text(c->ev, n);
    if (r < 0)
        return r;
    *ret = value_string_new(n, &data);
    for (size_t i = 0; i < c->n_rest; i++) {
        memcpy(data + at, value_chars(c->rest[i].v), value_len(c->rest[i].v));
        at += value_len(c->rest[i].v);
    }
    return 0;
}

static int repeat(struct call *c, value text, value times, value *ret)
{
    uint64_t n = times.integer > 0 ? (uint64_t)times.integer : 0;
    size_t size = value_len(text);
    char *data;
    int r;

    if (times.kind == VALUE_BIGINT)
        return yaql_fail(c->ev, "OverflowError", "cannot fit 'int' into an index-sized integer");
    if (!size)
        n = 0;
    r = yaql_check_text(c->ev, n && n > UINT32_MAX / size ? SIZE_MAX : (size_t)n * size);
    if (r < 0)
        return r;
    yaql_charge(c->ev, n + (size_t)n * size / 256);
    *ret = value_string_new((size_t)n * size, &data);
    for (uint64_t i = 0; i < n; i++)
        memcpy(data + i * size, value_chars(text), size);
    return 0;
}

static int string_by_int(struct call *c, value *ret)
{
    return repeat(c, c->args[0].v, c->args[1].v, ret);
}

static int int_by_string(struct call *c, value *ret)
{
    return repeat(c, c->args[1].v, c->args[0].v, ret);
}

static int join_items(struct call *c, value items, value separator, value *ret)
{
    CURSOR_AUTO(cursor);
    BUFFER_AUTO(out);
    bool first = true;
    int r = cursor_open(c->ev, items, &cursor);

    while (r >= 0) {
        VALUE_AUTO(item);
        VALUE_AUTO(text);

        r = cursor_next(c->ev, &cursor, &item);
        if (r == YAQL_END)
            break;
        if (r >= 0)
            r = yaql_str(c->ev, item, &text);
        if (r < 0)
            break;
        if (!first)
            buffer_add(&out, value_chars(separator), value_len(separator));
        first = false;
        buffer_add(&out, value_chars(text), value_len(text));
        yaql_charge(c->ev, value_len(text) / 64);
        r = yaql_check_text(c->ev, out.len);
    }
    if (r < 0)
        return r;
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static int join(struct call *c, value *ret)
{
    return join_items(c, c->args[0].v, c->args[1].v, ret);
}

static int join_with(struct call *c, value *ret)
{
    return join_items(c, c->args[1].v, c->args[0].v, ret);
}

static int str(struct call *c, value *ret)
{
    return yaql_str(c->ev, c->args[0].v, ret);
}

/* ---- case ---- */

static int change_case(struct call *c,
                       uint8_t *(*change)(const uint8_t *, size_t, const char *, uninorm_t, uint8_t *,
                                          size_t *),
                       value *ret)
{
    size_t n = 0;
    uint8_t *text;
    int r = yaql_check_text(c->ev, len(c, 0) * 3);

    yaql_charge(c->ev, len(c, 0) / 2);
    if (r < 0)
        return r;
    text = change((const uint8_t *)chars(c, 0), len(c, 0), "", NULL, NULL, &n);
    if (!text && len(c, 0))
        return yaql_fail(c->ev, "MemoryError", "%s", "");
    *ret = value_text_n((const char *)text, n);
    free(text);
    return 0;
}

static int to_upper(struct call *c, value *ret)
{
    return change_case(c, u8_toupper, ret);
}

static int to_lower(struct call *c, value *ret)
{
    return change_case(c, u8_tolower, ret);
}

/* ---- trimming ---- */

/* Python's str.isspace() of one character. */
static bool is_space(uint32_t c)
{
    if (c < 128)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
    return c == 0x85 || uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Z);
}

static bool is_among(uint32_t c, value set)
{
    const char *at, *end;

    if (value_is_null(set))
        return is_space(c);
    at = value_chars(set);
    end = at + value_len(set);
    while (at < end)
        if (utf8_next(&at) == c)
            return true;
    return false;
}

enum trim { TRIM_LEFT = 1, TRIM_RIGHT = 2 };

static int trim_text(struct call *c, value text, value set, unsigned where, value *ret)
{
    const char *s = value_chars(text), *end = s + value_len(text);
    int r;

    /* Many characters to look among cost steps, as they cost time. */
    while (where & TRIM_LEFT && s < end) {
        const char *next = s;

        if (!is_among(utf8_next(&next), set))
            break;
        s = next;
        c->ev->steps += value_len(set) / 256;
    }
    while (where & TRIM_RIGHT && s < end) {
        const char *last = end - 1, *at;

        while (last > s && ((unsigned char)*last & 0xc0) == 0x80)
            last--;
        at = last;
        if (!is_among(utf8_next(&at), set))
            break;
        end = last;
        c->ev->steps += value_len(set) / 256;
    }
    r = yaql_slow_step(c->ev);
    if (r < 0)
        return r;
    *ret = value_text_n(s, (size_t)(end - s));
    return 0;
}

static int trim(struct call *c, value *ret)
{
    return trim_text(c, c->args[0].v, c->args[1].v, TRIM_LEFT | TRIM_RIGHT, ret);
}

static int trim_left(struct call *c, value *ret)
{
    return trim_text(c, c->args[0].v, c->args[1].v, TRIM_LEFT, ret);
}

static int trim_right(struct call *c, value *ret)
{
    return trim_text(c, c->args[0].v, c->args[1].v, TRIM_RIGHT, ret);
}

static int norm(struct call *c, value *ret)
{
    int r;

    if (value_is_null(c->args[0].v)) {
        *ret = value_null();
        return 0;
    }
    r = trim(c, ret);
    if (r >= 0 && !value_len(*ret))
        value_replace(ret, value_null());
    return r;
}

static int is_empty(struct call *c, value *ret)
{
    VALUE_AUTO(trimmed);
    int r = 0;

    if (value_is_null(c->args[0].v)) {
        *ret = value_bool(true);
        return 0;
    }
    if (!arg_given(c, 1) || arg_bool(c, 1))
        r = trim_text(c, c->args[0].v, c->args[2].v, TRIM_LEFT | TRIM_RIGHT, &trimmed);
    else
        trimmed = value_ref(c->args[0].v);
    *ret = value_bool(!value_len(trimmed));
    return r;
}

/* ---- splitting ---- */

static int add_part(struct call *c, value *list, const char *from, const char *to)
{
    yaql_charge(c->ev, 1);
    return yaql_append(c->ev, list, value_text_n(from, (size_t)(to - from)));
}

/* By runs of blanks. */
static int split_blanks(struct call *c, int64_t max, value *list)
{
    const char *s = chars(c, 0), *end = s + len(c, 0);

    for (;;) {
        const char *next = s, *from;
        int r;

        while (s < end && is_space(utf8_next(&next)))
            s = next;
        if (s >= end)
            return 0;
        if (max-- == 0)
            return add_part(c, list, s, end);
        for (from = next = s; s < end && !is_space(utf8_next(&next));)
            s = next;
        r = add_part(c, list, from, s);
        if (r < 0)
            return r;
    }
}

static int split_text(struct call *c, int64_t max, value *list)
{
    const char *s = chars(c, 0), *end = s + len(c, 0), *found;
    int r;

    if (!len(c, 1))
        return yaql_fail(c->ev, "ValueError", "empty separator");
    while (max-- != 0 && (found = memmem(s, (size_t)(end - s), chars(c, 1), len(c, 1)))) {
        r = add_part(c, list, s, found);
        if (r >= 0)
            r = yaql_step(c->ev);
        if (r < 0)
            return r;
        s = found + len(c, 1);
    }
    return add_part(c, list, s, end);
}

static int split(struct call *c, value *ret)
{
    VALUE_AUTO(list);
    int64_t max = place(c, 2, -1);
    int r;

    yaql_charge(c->ev, len(c, 0) / 64);
    list = value_tuple_new(0);
    r = value_is_null(c->args[1].v) ? split_blanks(c, max, &list) : split_text(c, max, &list);
    if (r >= 0)
        *ret = value_take(&list);
    return r;
}

#define COMPARED_MAX 65536 /* bytes that the plain search for the last place may compare */

/* The same search in the texts read backwards, in time that grows with their lengths only. */
static const char *find_last_slow(struct call *c, const char *s, const char *end, const char *what, size_t n)
{
    size_t size = (size_t)(end - s);
    char *back = xmalloc(size + n), *found;

    for (size_t i = 0; i < size; i++)
        back[i] = end[-1 - (ptrdiff_t)i];
    for (size_t i = 0; i < n; i++)
        back[size + i] = what[n - 1 - i];
    found = memmem(back, size, back + size, n);
    if (found)
        s = end - (found - back) - n;
    free(back);
    yaql_charge(c->ev, (size + n) / 16);
    return found ? s : NULL;
}

/* The last place of `what` that ends before `end`, or NULL. */
static const char *find_last(struct call *c, const char *s, const char *end, const char *what, size_t n)
{
    size_t compared = 0;

    if (!n || (size_t)(end - s) < n)
        return NULL;
    for (const char *at = end - n; at >= s; at--) {
        at = memrchr(s, what[0], (size_t)(at - s) + 1);
        if (!at)
            return NULL;
        if (memcmp(at, what, n) == 0)
            return at;
        compared += n;
        if (compared > COMPARED_MAX)
            return find_last_slow(c, s, at + n - 1, what, n);
    }
    return NULL;
}

static int right_split_text(struct call *c, int64_t max, value *list)
{
    const char *s = chars(c, 0), *end = s + len(c, 0), *found;
    int r;

    if (!len(c, 1))
        return yaql_fail(c->ev, "ValueError", "empty separator");
    while (max-- != 0 && (size_t)(end - s) >= len(c, 1) &&
           (found = find_last(c, s, end, chars(c, 1), len(c, 1)))) {
        r = add_part(c, list, found + len(c, 1), end);
        if (r >= 0)
            r = yaql_step(c->ev);
        if (r < 0)
            return r;
        end = found;
    }
    return add_part(c, list, s, end);
}

static const char *previous(const char *s, const char *at)
{
    do
        at--;
    while (at > s && ((unsigned char)*at & 0xc0) == 0x80);
    return at;
}

static bool space_before(const char *s, const char *at)
{
    const char *p = previous(s, at);

    return is_space(utf8_next(&p));
}

static int right_split_blanks(struct call *c, int64_t max, value *list)
{
    const char *s = chars(c, 0), *end = s + len(c, 0);

    for (;;) {
        const char *to;
        int r;

        while (end > s && space_before(s, end))
            end = previous(s, end);
        if (end == s)
            return 0;
        if (max-- == 0)
            return add_part(c, list, s, end);
        for (to = end; end > s && !space_before(s, end);)
            end = previous(s, end);
        r = add_part(c, list, end, to);
        if (r < 0)
            return r;
    }
}

static int right_split(struct call *c, value *ret)
{
    VALUE_AUTO(list);
    int64_t max = place(c, 2, -1);
    int r;

    yaql_charge(c->ev, len(c, 0) / 64);
    list = value_tuple_new(0);
    r = value_is_null(c->args[1].v) ? right_split_blanks(c, max, &list) : right_split_text(c, max, &list);
    if (r < 0)
        return r;
    value_list_reverse(&list);
    *ret = value_take(&list);
    return 0;
}

static int to_char_array(struct call *c, value *ret)
{
    VALUE_AUTO(list);
    const char *s = chars(c, 0), *end = s + len(c, 0);

    yaql_charge(c->ev, len(c, 0) / 2);
    list = value_list_new(0);
    while (s < end) {
        const char *from = s;
        int r;

        utf8_next(&s);
        r = add_part(c, &list, from, s);
        if (r < 0)
            return r;
    }
    *ret = value_take(&list);
    return 0;
}

/* ---- replacing ---- */

/* Before every character and at the end. */
static int replace_empty(struct call *c, value text, value new, int64_t count, struct buffer *out)
{
    const char *s = value_chars(text), *end = s + value_len(text);
    int r = 0;

    while (r >= 0 && count-- != 0) {
        const char *from = s;

        buffer_add(out, value_chars(new), value_len(new));
        if (s == end)
            return yaql_check_text(c->ev, out->len);
        utf8_next(&s);
        buffer_add(out, from, (size_t)(s - from));
        r = yaql_check_text(c->ev, out->len);
    }
    buffer_add(out, s, (size_t)(end - s));
    return r;
}

static int replace_in(struct call *c, value text, value old, value new, int64_t count, value *ret)
{
    BUFFER_AUTO(out);
    const char *s = value_chars(text), *end = s + value_len(text), *found;
    int r = 0;

    yaql_charge(c->ev, value_len(text) / 64);
    if (!value_len(old)) {
        r = replace_empty(c, text, new, count, &out);
    } else {
        while (r >= 0 && count-- != 0 &&
               (found = memmem(s, (size_t)(end - s), value_chars(old), value_len(old)))) {
            buffer_add(&out, s, (size_t)(found - s));
            buffer_add(&out, value_chars(new), value_len(new));
            s = found + value_len(old);
            r = yaql_step(c->ev);
            if (r >= 0)
                r = yaql_check_text(c->ev, out.len);
        }
        buffer_add(&out, s, (size_t)(end - s));
    }
    if (r < 0)
        return r;
    *ret = value_text_n(buffer_text(&out), out.len);
    return yaql_check_text(c->ev, out.len);
}

static int replace(struct call *c, value *ret)
{
    return replace_in(c, c->args[0].v, c->args[1].v, c->args[2].v, place(c, 3, -1), ret);
}

/* One pair after the other: what one put in, the next may replace. */
static int replace_with_dict(struct call *c, value *ret)
{
    VALUE_AUTO(text);
    value map = c->args[1].v;

    text = value_ref(c->args[0].v);
    VALUE_MAP_EACH (i, map) {
        VALUE_AUTO(key);
        VALUE_AUTO(old);
        VALUE_AUTO(new);
        value out;
        int r;

        key = yaql_unkey(value_map_key_at(map, i));
        c->ev->steps += value_len(text) / 256;
        r = yaql_slow_step(c->ev);
        if (r >= 0)
            r = yaql_str(c->ev, key, &old);
        if (r >= 0)
            r = yaql_str(c->ev, value_map_item_at(map, i), &new);
        if (r >= 0)
            r = replace_in(c, text, old, new, place(c, 2, -1), &out);
        if (r < 0)
            return r;
        value_replace(&text, out);
    }
    *ret = value_take(&text);
    return 0;
}

/* ---- parts and places ---- */

static int substring(struct call *c, value *ret)
{
    value text = c->args[0].v;
    int64_t from = place(c, 1, 0), n = place(c, 2, -1), count = (int64_t)value_string_chars(text);
    size_t start, stop;

    yaql_charge(c->ev, value_len(text) / 128);
    if (n < 0)
        n = count;
    if (from < 0)
        from += count;
    start = clip(text, from);
    stop = clip(text, add_clipped(from, n));
    start = offset(text, start);
    stop = offset(text, stop);
    *ret = stop > start ? value_text_n(value_chars(text) + start, stop - start) : value_text_n("", 0);
    return 0;
}

/* str.find and str.rfind between two code points, as Python clips them. */
static int find(struct call *c, int64_t from, int64_t to, bool last, value *ret)
{
    value text = c->args[0].v, what = c->args[1].v;
    size_t start, stop;
    const char *found, *s = value_chars(text);

    *ret = value_int(-1);
    yaql_charge(c->ev, (value_len(text) + value_len(what)) / 16);
    if (from > (int64_t)value_string_chars(text))
        return 0;
    start = offset(text, clip(text, from));
    stop = offset(text, clip(text, to));
    if (stop < start || stop - start < value_len(what))
        return 0;
    if (!value_len(what))
        found = s + (last ? stop : start);
    else if (last)
        found = find_last(c, s + start, s + stop, value_chars(what), value_len(what));
    else
        found = memmem(s + start, stop - start, value_chars(what), value_len(what));
    if (found)
        *ret = value_int(code_point_at(text, (size_t)(found - s)));
    return 0;
}

static int find_between(struct call *c, bool last, value *ret)
{
    int64_t n = (int64_t)value_string_chars(c->args[0].v), from = place(c, 2, 0), count = place(c, 3, -1);

    if (from < 0)
        from += n;
    if (count < 0)
        count = n - from;
    return find(c, from, add_clipped(from, count), last, ret);
}

static int index_of(struct call *c, value *ret)
{
    return find(c, place(c, 2, 0), INT64_MAX, false, ret);
}

static int index_of_between(struct call *c, value *ret)
{
    return find_between(c, false, ret);
}

static int last_index_of(struct call *c, value *ret)
{
    return find(c, place(c, 2, 0), INT64_MAX, true, ret);
}

static int last_index_of_between(struct call *c, value *ret)
{
    return find_between(c, true, ret);
}

static int string_len(struct call *c, value *ret)
{
    yaql_charge(c->ev, len(c, 0) / 256);
    *ret = value_int((int64_t)value_string_chars(c->args[0].v));
    return 0;
}

static int in_string(struct call *c, value *ret)
{
    *ret = value_bool(memmem(chars(c, 1), len(c, 1), chars(c, 0), len(c, 0)) != NULL);
    yaql_charge(c->ev, (len(c, 0) + len(c, 1)) / 16);
    return 0;
}

static int starts_with(struct call *c, value *ret)
{
    *ret = value_bool(false);
    for (size_t i = 0; i < c->n_rest; i++) {
        size_t n = value_len(c->rest[i].v);

        if (n <= len(c, 0) && memcmp(chars(c, 0), value_chars(c->rest[i].v), n) == 0)
            *ret = value_bool(true);
    }
    return 0;
}

static int ends_with(struct call *c, value *ret)
{
    *ret = value_bool(false);
    for (size_t i = 0; i < c->n_rest; i++) {
        size_t n = value_len(c->rest[i].v);

        if (n <= len(c, 0) && memcmp(chars(c, 0) + len(c, 0) - n, value_chars(c->rest[i].v), n) == 0)
            *ret = value_bool(true);
    }
    return 0;
}

static int is_string(struct call *c, value *ret)
{
    *ret = value_bool(value_is_string(c->args[0].v));
    return 0;
}

/* ---- characters ---- */

#define DIGITS      "0123456789"
#define LOWER       "abcdefghijklmnopqrstuvwxyz"
#define UPPER       "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define PUNCTUATION "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
#define WHITESPACE  " \t\n\r\v\f"

/* As the parameters stand in the row; NULL: Python has none of that name. */
static const struct {
    const char *name, *members;
} character_classes[] = {
    { "digits", DIGITS },
    { "hexdigits", DIGITS "abcdefABCDEF" },
    { "asciiLowercase", LOWER },
    { "asciiUppercase", UPPER },
    { "asciiLetters", LOWER UPPER },
    { "letters", NULL },
    { "octdigits", "01234567" },
    { "punctuation", PUNCTUATION },
    { "printable", DIGITS LOWER UPPER PUNCTUATION WHITESPACE },
    { "lowercase", NULL },
    { "uppercase", NULL },
    { "whitespace", WHITESPACE },
};

static int characters(struct call *c, value *ret)
{
    bool wanted[128] = { false };

    for (size_t i = 0; i < ELEMENTS(character_classes); i++) {
        if (!arg_bool(c, i))
            continue;
        if (!character_classes[i].members)
            return yaql_fail(c->ev, "AttributeError", "module 'string' has no attribute '%s'",
                             character_classes[i].name);
        for (const char *s = character_classes[i].members; *s; s++)
            wanted[(unsigned char)*s] = true;
    }
    *ret = value_list_new(0);
    for (size_t i = 0; i < sizeof(wanted); i++)
        if (wanted[i])
            value_list_append(ret, value_text_n((char[]){ (char)i }, 1));
    return 0;
}

#define STRING             \
    {                      \
        "string", T_STRING \
    }
#define SEPARATOR                         \
    {                                     \
        "separator", T_STRING_N, OPTIONAL \
    }
#define CHARS                         \
    {                                 \
        "chars", T_STRING_N, OPTIONAL \
    }
#define MAX_SPLITS                   \
    {                                \
        "maxSplits", T_INT, OPTIONAL \
    }
#define COUNT                    \
    {                            \
        "count", T_INT, OPTIONAL \
    }
#define FLAG(name)               \
    {                            \
        name, T_BOOL_N, OPTIONAL \
    }
#define FIND        PARAMS(STRING, { "sub", T_STRING }, { "start", T_INT, OPTIONAL })
#define FIND_LENGTH PARAMS(STRING, { "sub", T_STRING }, { "start", T_INT }, { "length", T_INT })

const struct function yaql_strings[] = {
    { "concat", FUNCTION | REST, concat, .rest = T_STRING },
    { "#operator_+", FUNCTION | REST, concat, .rest = T_STRING },
    { "#operator_*", FUNCTION, string_by_int, PARAMS({ "left", T_STRING }, { "right", T_INT }) },
    { "#operator_*", FUNCTION, int_by_string, PARAMS({ "left", T_INT }, { "right", T_STRING }) },
    { "#operator_in", FUNCTION, in_string, PARAMS({ "left", T_STRING }, { "right", T_STRING }) },
    { "join", METHOD, join, PARAMS({ "sequence", T_ITERABLE }, { "separator", T_STRING }) },
    { "join", METHOD, join_with, PARAMS({ "separator", T_STRING }, { "sequence", T_ITERABLE }) },
    { "str", FUNCTION, str, PARAMS({ "value", T_ANY }) },
    { "len", EXTENSION, string_len, PARAMS(STRING) },
    { "toUpper", METHOD, to_upper, PARAMS(STRING) },
    { "toLower", METHOD, to_lower, PARAMS(STRING) },
    { "trim", METHOD, trim, PARAMS(STRING, CHARS) },
    { "trimLeft", METHOD, trim_left, PARAMS(STRING, CHARS) },
    { "trimRight", METHOD, trim_right, PARAMS(STRING, CHARS) },
    { "norm", EXTENSION, norm, PARAMS({ "string", T_STRING_N }, CHARS) },
    { "isEmpty", EXTENSION, is_empty, PARAMS({ "string", T_STRING_N }, { "trim", T_BOOL, OPTIONAL }, CHARS) },
    { "split", METHOD, split, PARAMS(STRING, SEPARATOR, MAX_SPLITS) },
    { "rightSplit", METHOD, right_split, PARAMS(STRING, SEPARATOR, MAX_SPLITS) },
    { "toCharArray", METHOD, to_char_array, PARAMS(STRING) },
    { "replace", METHOD, replace, PARAMS(STRING, { "old", T_STRING }, { "new", T_STRING }, COUNT) },
    { "replace", METHOD, replace_with_dict, PARAMS(STRING, { "replacements", T_MAP }, COUNT) },
    { "substring", METHOD, substring, PARAMS(STRING, { "start", T_INT }, { "length", T_INT, OPTIONAL }) },
    { "indexOf", METHOD, index_of, FIND },
    { "indexOf", METHOD, index_of_between, FIND_LENGTH },
    { "lastIndexOf", METHOD, last_index_of, FIND },
    { "lastIndexOf", METHOD, last_index_of_between, FIND_LENGTH },
    { "startsWith", METHOD | REST, starts_with, PARAMS(STRING), .rest = T_STRING },
    { "endsWith", METHOD | REST, ends_with, PARAMS(STRING), .rest = T_STRING },
    { "isString", FUNCTION, is_string, PARAMS({ "arg", T_ANY }) },
    { "characters", FUNCTION, characters,
      PARAMS(FLAG("digits"), FLAG("hexdigits"), FLAG("asciiLowercase"), FLAG("asciiUppercase"),
             FLAG("asciiLetters"), FLAG("letters"), FLAG("octdigits"), FLAG("punctuation"), FLAG("printable"),
             FLAG("lowercase"), FLAG("uppercase"), FLAG("whitespace")) },
    { 0 },
};
