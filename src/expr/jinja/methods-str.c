/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of str that search, split, join, pad and change case. Those that ask what a text is made of, and format(), are in
   methods-text.c. Offsets in Python are characters, in here bytes. */
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "expr/jinja/text.h"

static int need_text(struct ev *ev, value v, const char *message, value *ret)
{
    *ret = text_of(v);
    if (value_is_set(*ret))
        return 0;
    if (is_undefined(v))
        return undefined_raise(ev, v);
    return ev_error(ev, "TypeError", message, ev_type_name(v));
}

/* ---- case ---- */

#define CASE_METHOD(name, how)                                                  \
    static int name(struct ev *ev, value self, struct bound *bound, value *ret) \
    {                                                                           \
        return text_case(ev, how, self, ret);                                   \
    }

CASE_METHOD(str_lower, TEXT_LOWER)
CASE_METHOD(str_upper, TEXT_UPPER)
CASE_METHOD(str_casefold, TEXT_CASEFOLD)
CASE_METHOD(str_title, TEXT_TITLE)
CASE_METHOD(str_capitalize, TEXT_CAPITALIZE)
CASE_METHOD(str_swapcase, TEXT_SWAPCASE)

/* ---- padding and stripping ---- */

static int pad(struct ev *ev, value self, struct bound *bound, enum text_align align, value *ret)
{
    int64_t width;
    value fill = VALUE_NOTHING;

    if (ev_index_of(ev, bound->args[0], &width) < 0 ||
        (value_is_set(bound->args[1]) &&
         need_text(ev, bound->args[1], "The fill character must be a unicode character, not %s", &fill) < 0))
        return -1;
    return text_pad(ev, self, width, fill, align, ret);
}

static int str_center(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return pad(ev, self, bound, TEXT_CENTER, ret);
}

static int str_ljust(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return pad(ev, self, bound, TEXT_LEFT, ret);
}

static int str_rjust(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return pad(ev, self, bound, TEXT_RIGHT, ret);
}

static int str_zfill(struct ev *ev, value self, struct bound *bound, value *ret)
{
    VALUE_AUTO(zero);
    VALUE_AUTO(digits);
    const char *s = value_chars(self);
    bool sign = *s == '-' || *s == '+';
    int64_t width;
    char *data;

    if (ev_index_of(ev, bound->args[0], &width) < 0)
        return -1;
    zero = value_text("0");
    digits = value_text_n(s + sign, value_len(self) - sign);
    if (!sign)
        return text_pad(ev, self, width, zero, TEXT_RIGHT, ret);
    VALUE_AUTO(padded);

    if (text_pad(ev, digits, width - 1, zero, TEXT_RIGHT, &padded) < 0)
        return -1;
    *ret = value_string_new(value_len(padded) + 1, &data);
    data[0] = *s;
    memcpy(data + 1, value_chars(padded), value_len(padded));
    return 0;
}

static int strip(struct ev *ev, value self, struct bound *bound, bool left, bool right, value *ret)
{
    value chars = VALUE_NOTHING;

    if (!value_is_null(bound->args[0]) &&
        need_text(ev, bound->args[0], "strip arg must be None or str, not %s", &chars) < 0)
        return -1;
    if (ev_pay(ev, (value_len(chars) / 64 + 1) * (value_len(self) / 16 + 1)) < 0)
        return -1;
    *ret = text_strip(self, chars, left, right);
    return 0;
}

static int str_strip(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return strip(ev, self, bound, true, true, ret);
}

static int str_lstrip(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return strip(ev, self, bound, true, false, ret);
}

static int str_rstrip(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return strip(ev, self, bound, false, true, ret);
}

static bool starts(value self, value part)
{
    return value_len(self) >= value_len(part) &&
           memcmp(value_chars(self), value_chars(part), value_len(part)) == 0;
}

static bool ends(value self, value part)
{
    return value_len(self) >= value_len(part) && memcmp(value_chars(self) + value_len(self) - value_len(part),
                                                        value_chars(part), value_len(part)) == 0;
}

static int str_removeprefix(struct ev *ev, value self, struct bound *bound, value *ret)
{
    value part;

    if (need_text(ev, bound->args[0], "removeprefix() argument must be str, not %s", &part) < 0)
        return -1;
    *ret = starts(self, part)
               ? value_text_n(value_chars(self) + value_len(part), value_len(self) - value_len(part))
               : value_ref(self);
    return 0;
}

static int str_removesuffix(struct ev *ev, value self, struct bound *bound, value *ret)
{
    value part;

    if (need_text(ev, bound->args[0], "removesuffix() argument must be str, not %s", &part) < 0)
        return -1;
    *ret = ends(self, part) ? value_text_n(value_chars(self), value_len(self) - value_len(part))
                            : value_ref(self);
    return 0;
}

static int str_expandtabs(struct ev *ev, value self, struct bound *bound, value *ret)
{
    const char *at = value_chars(self), *end = at + value_len(self);
    int64_t size = 8, column = 0;
    BUFFER_AUTO(out);

    if (value_is_set(bound->args[0]) && ev_index_of(ev, bound->args[0], &size) < 0)
        return -1;
    if (size > (int64_t)ev->limits.text)
        return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
    while (at < end) {
        const char *start = at;
        uint32_t code = utf8_next(&at);

        if (code == '\t') {
            int64_t n = size > 0 ? size - column % size : 0;

            if (ev_pay_text(ev, out.len / 64 + (size_t)n) < 0 || out.len + (size_t)n > ev->limits.text)
                return ev_limit(ev, LIMIT_TEXT, ev->limits.text);
            buffer_add_fill(&out, ' ', (size_t)n);
            column += n;
            continue;
        }
        column = code == '\n' || code == '\r' ? 0 : column + 1;
        buffer_add(&out, start, (size_t)(at - start));
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return ev_pay_text(ev, out.len);
}

/* ---- searching ---- */

/* The part [start:end) that find and its kin look at, in bytes; false when it is empty by its bounds. */
static int part_bounds(struct ev *ev, value self, value start, value end, size_t *ret_from, size_t *ret_to,
                       bool *ret_valid)
{
    int64_t n = (int64_t)value_string_chars(self), from = 0, to = n;

    if ((!value_is_null(start) && ev_index_of(ev, start, &from) < 0) ||
        (!value_is_null(end) && ev_index_of(ev, end, &to) < 0))
        return -1;
    from = from < -n ? 0 : from < 0 ? from + n : from;
    to = to < -n ? 0 : to < 0 ? to + n : to > n ? n : to;
    *ret_valid = from <= to && from <= n;
    if (*ret_valid) {
        *ret_from = utf8_offset(value_chars(self), value_len(self), (size_t)from);
        *ret_to = utf8_offset(value_chars(self), value_len(self), (size_t)to);
    }
    return 0;
}

static const char *find_last(const char *s, size_t n, const char *part, size_t len)
{
    for (size_t at = n >= len ? n - len + 1 : 0; at-- > 0;)
        if (memcmp(s + at, part, len) == 0)
            return s + at;
    return NULL;
}

/* From the front a search is linear, with more to do for long parts; from the back every place may cost the length of what
   is looked for. */
static int pay_search(struct ev *ev, value self, value part, bool last)
{
    size_t n = value_len(self), len = value_len(part);

    return ev_pay(ev, last ? (n / 8 + 1) * (len / 128 + 1) : n / (len < 32 ? 64 : 8) + 1);
}

static int search(struct ev *ev, value self, struct bound *bound, bool last, bool must, value *ret)
{
    size_t from = 0, to = 0;
    const char *found = NULL;
    bool valid;
    value part;

    if (need_text(ev, bound->args[0], "must be str, not %s", &part) < 0 ||
        part_bounds(ev, self, bound->args[1], bound->args[2], &from, &to, &valid) < 0 ||
        pay_search(ev, self, part, last) < 0)
        return -1;
    if (valid && last)
        found = find_last(value_chars(self) + from, to - from, value_chars(part), value_len(part));
    else if (valid)
        found = memmem(value_chars(self) + from, to - from, value_chars(part), value_len(part));
    if (!found && must)
        return ev_error(ev, "ValueError", "substring not found");
    *ret =
        value_int(found ? (int64_t)utf8_length(value_chars(self), (size_t)(found - value_chars(self))) : -1);
    return 0;
}

static int str_find(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return search(ev, self, bound, false, false, ret);
}

static int str_rfind(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return search(ev, self, bound, true, false, ret);
}

static int str_index(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return search(ev, self, bound, false, true, ret);
}

static int str_rindex(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return search(ev, self, bound, true, true, ret);
}

static int str_count(struct ev *ev, value self, struct bound *bound, value *ret)
{
    const char *at, *end, *found;
    size_t from = 0, to = 0;
    int64_t n = 0;
    bool valid;
    value part;

    if (need_text(ev, bound->args[0], "must be str, not %s", &part) < 0 ||
        part_bounds(ev, self, bound->args[1], bound->args[2], &from, &to, &valid) < 0 ||
        ev_pay(ev, value_len(self) / 16 + 1) < 0)
        return -1;
    at = value_chars(self) + from;
    end = value_chars(self) + to;
    if (valid && !value_len(part))
        n = (int64_t)utf8_length(at, to - from) + 1;
    while (valid && value_len(part) &&
           (found = memmem(at, (size_t)(end - at), value_chars(part), value_len(part)))) {
        n++;
        at = found + value_len(part);
    }
    *ret = value_int(n);
    return 0;
}

static int affix(struct ev *ev, value self, struct bound *bound, bool at_end, value *ret)
{
    value wanted = bound->args[0], part;
    VALUE_AUTO(piece);
    size_t from = 0, to = 0;
    bool valid, yes = false;

    if (part_bounds(ev, self, bound->args[1], bound->args[2], &from, &to, &valid) < 0)
        return -1;
    piece = valid ? value_text_n(value_chars(self) + from, to - from) : VALUE_NOTHING;
    if (wanted.kind != VALUE_TUPLE) {
        if (need_text(ev, wanted,
                      at_end ? "endswith first arg must be str or a tuple of str, not %s"
                             : "startswith first arg must be str or a tuple of str, not %s",
                      &part) < 0)
            return -1;
        yes = valid && (at_end ? ends(piece, part) : starts(piece, part));
    }
    for (size_t i = 0; wanted.kind == VALUE_TUPLE && i < value_list_count(wanted) && !yes; i++) {
        if (need_text(ev, value_list_at(wanted, i),
                      at_end ? "tuple for endswith must only contain str, not %s"
                             : "tuple for startswith must only contain str, not %s",
                      &part) < 0)
            return -1;
        yes = valid && (at_end ? ends(piece, part) : starts(piece, part));
    }
    *ret = value_bool(yes);
    return 0;
}

static int str_startswith(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return affix(ev, self, bound, false, ret);
}

static int str_endswith(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return affix(ev, self, bound, true, ret);
}

static int str_replace(struct ev *ev, value self, struct bound *bound, value *ret)
{
    int64_t count = -1;
    value old, new;

    if (need_text(ev, bound->args[0], "replace() argument 1 must be str, not %s", &old) < 0 ||
        need_text(ev, bound->args[1], "replace() argument 2 must be str, not %s", &new) < 0 ||
        (value_is_set(bound->args[2]) && ev_index_of(ev, bound->args[2], &count) < 0))
        return -1;
    return text_replace(ev, self, old, new, count, ret);
}

/* ---- splitting and joining ---- */

static int add_piece(struct ev *ev, value *list, const char *from, const char *to)
{
    value_list_append(list, value_text_n(from, (size_t)(to - from)));
    if (value_list_count(*list) > ev->limits.sequence)
        return ev_limit(ev, LIMIT_SEQUENCE, ev->limits.sequence);
    return ev_pay(ev, 2);
}

static const char *step_back(const char *at)
{
    for (at--; (*at & 0xc0) == 0x80; at--)
        ;
    return at;
}

static bool space_at(const char *at)
{
    return code_is_space(utf8_next(&at));
}

static int split_space(struct ev *ev, value self, int64_t most, value *list)
{
    const char *at = value_chars(self), *end = at + value_len(self), *start;

    for (;;) {
        while (at < end && space_at(at))
            utf8_next(&at);
        if (at >= end)
            return 0;
        start = at;
        if (most-- == 0) {
            while (end > at && space_at(step_back(end)))
                end = step_back(end);
            return add_piece(ev, list, start, end);
        }
        while (at < end && !space_at(at))
            utf8_next(&at);
        if (add_piece(ev, list, start, at) < 0)
            return -1;
    }
}

/* From the right; the pieces come in reverse. */
static int rsplit_space(struct ev *ev, value self, int64_t most, value *list)
{
    const char *start = value_chars(self), *end = start + value_len(self), *piece_end;

    for (;;) {
        while (end > start && space_at(step_back(end)))
            end = step_back(end);
        if (end <= start)
            return 0;
        piece_end = end;
        if (most-- == 0) {
            while (start < end && space_at(start))
                utf8_next(&start);
            return add_piece(ev, list, start, end);
        }
        while (end > start && !space_at(step_back(end)))
            end = step_back(end);
        if (add_piece(ev, list, end, piece_end) < 0)
            return -1;
    }
}

static int split_text(struct ev *ev, value self, value by, int64_t most, value *list)
{
    const char *at = value_chars(self), *end = at + value_len(self), *found;

    while (most-- != 0 && (found = memmem(at, (size_t)(end - at), value_chars(by), value_len(by)))) {
        if (add_piece(ev, list, at, found) < 0)
            return -1;
        at = found + value_len(by);
    }
    return add_piece(ev, list, at, end);
}

static int rsplit_text(struct ev *ev, value self, value by, int64_t most, value *list)
{
    const char *start = value_chars(self), *end = start + value_len(self), *found;

    while (most-- != 0 && (found = find_last(start, (size_t)(end - start), value_chars(by), value_len(by)))) {
        if (add_piece(ev, list, found + value_len(by), end) < 0)
            return -1;
        end = found;
    }
    return add_piece(ev, list, start, end);
}

static int split(struct ev *ev, value self, struct bound *bound, bool right, value *ret)
{
    VALUE_AUTO(list);
    int64_t most = -1;
    value by = VALUE_NOTHING;
    int r;

    if ((!value_is_null(bound->args[0]) &&
         need_text(ev, bound->args[0], "must be str or None, not %s", &by) < 0) ||
        (value_is_set(bound->args[1]) && ev_index_of(ev, bound->args[1], &most) < 0) ||
        pay_search(ev, self, by, right) < 0)
        return -1;
    if (value_is_set(by) && !value_len(by))
        return ev_error(ev, "ValueError", "empty separator");
    list = value_list_new(0);
    if (value_is_set(by))
        r = right ? rsplit_text(ev, self, by, most, &list) : split_text(ev, self, by, most, &list);
    else
        r = right ? rsplit_space(ev, self, most, &list) : split_space(ev, self, most, &list);
    if (r < 0)
        return -1;
    if (right)
        value_list_reverse(&list);
    *ret = value_take(&list);
    return 0;
}

static int str_split(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return split(ev, self, bound, false, ret);
}

static int str_rsplit(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return split(ev, self, bound, true, ret);
}

static int partition(struct ev *ev, value self, struct bound *bound, bool last, value *ret)
{
    const char *s = value_chars(self), *end = s + value_len(self), *found;
    value by;

    if (need_text(ev, bound->args[0], "must be str, not %s", &by) < 0 || pay_search(ev, self, by, last) < 0)
        return -1;
    if (!value_len(by))
        return ev_error(ev, "ValueError", "empty separator");
    found = last ? find_last(s, value_len(self), value_chars(by), value_len(by))
                 : memmem(s, value_len(self), value_chars(by), value_len(by));
    *ret = value_tuple_new(3);
    if (!found && last) {
        value_list_append(ret, value_text(""));
        value_list_append(ret, value_text(""));
        value_list_append(ret, value_ref(self));
    } else {
        value_list_append(ret, value_text_n(s, (size_t)((found ? found : end) - s)));
        value_list_append(ret, found ? value_ref(by) : value_text(""));
        found = found ? found + value_len(by) : end;
        value_list_append(ret, value_text_n(found, (size_t)(end - found)));
    }
    return 0;
}

static int str_partition(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return partition(ev, self, bound, false, ret);
}

static int str_rpartition(struct ev *ev, value self, struct bound *bound, value *ret)
{
    return partition(ev, self, bound, true, ret);
}

static int str_splitlines(struct ev *ev, value self, struct bound *bound, value *ret)
{
    bool keep = false;

    if (value_is_set(bound->args[0]) && ev_truth(ev, bound->args[0], &keep) < 0)
        return -1;
    return text_splitlines(ev, self, keep, ret);
}

static int str_join(struct ev *ev, value self, struct bound *bound, value *ret)
{
    VALUE_AUTO(items);
    BUFFER_AUTO(out);

    if (!is_iterable(bound->args[0]))
        return ev_error(ev, "TypeError", "can only join an iterable");
    if (ev_list(ev, bound->args[0], &items) < 0)
        return -1;
    VALUE_LIST_EACH (i, each, items) {
        value text = text_of(each);

        if (!value_is_set(text))
            return is_undefined(each)
                       ? undefined_raise(ev, each)
                       : ev_error(ev, "TypeError", "sequence item %zu: expected str instance, %s found", i,
                                  ev_type_name(each));
        if ((i && ev_add_text(ev, &out, value_chars(self), value_len(self)) < 0) ||
            ev_add_text(ev, &out, value_chars(text), value_len(text)) < 0 || ev_pay(ev, 1) < 0)
            return -1;
    }
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static int str_encode(struct ev *ev, value self, struct bound *bound, value *ret)
{
    VALUE_AUTO(name);

    if (value_is_set(bound->args[0])) {
        value given;

        if (need_text(ev, bound->args[0], "encode() argument 'encoding' must be str, not %s", &given) < 0 ||
            text_case(ev, TEXT_LOWER, given, &name) < 0)
            return -1;
    }
    if (value_is_set(name) && !value_text_is(name, "utf-8") && !value_text_is(name, "utf8") &&
        !(value_text_is(name, "ascii") && value_string_chars(self) == value_len(self)))
        return ev_error(ev, "LookupError", "unknown encoding: %.100s", value_chars(name));
    *ret = value_bytes(value_chars(self), value_len(self));
    return 0;
}

const struct method_row methods_str[] = {
    { "capitalize", METHOD_STR, str_capitalize, 0, 0, 0, { 0 } },
    { "casefold", METHOD_STR, str_casefold, 0, 0, 0, { 0 } },
    { "center", METHOD_STR, str_center, 0, 1, 2, { "width", "fillchar" } },
    { "count", METHOD_STR, str_count, 0, 1, 3, { "sub", "start", "end" } },
    { "encode", METHOD_STR, str_encode, BUILTIN_NAMED, 0, 2, { "encoding", "errors" } },
    { "endswith", METHOD_STR, str_endswith, 0, 1, 3, { "suffix", "start", "end" } },
    { "expandtabs", METHOD_STR, str_expandtabs, BUILTIN_NAMED, 0, 1, { "tabsize" } },
    { "find", METHOD_STR, str_find, 0, 1, 3, { "sub", "start", "end" } },
    { "index", METHOD_STR, str_index, 0, 1, 3, { "sub", "start", "end" } },
    { "join", METHOD_STR, str_join, 0, 1, 1, { "iterable" } },
    { "ljust", METHOD_STR, str_ljust, 0, 1, 2, { "width", "fillchar" } },
    { "lower", METHOD_STR, str_lower, 0, 0, 0, { 0 } },
    { "lstrip", METHOD_STR, str_lstrip, 0, 0, 1, { "chars" } },
    { "partition", METHOD_STR, str_partition, 0, 1, 1, { "sep" } },
    { "removeprefix", METHOD_STR, str_removeprefix, 0, 1, 1, { "prefix" } },
    { "removesuffix", METHOD_STR, str_removesuffix, 0, 1, 1, { "suffix" } },
    { "replace", METHOD_STR, str_replace, 0, 2, 3, { "old", "new", "count" } },
    { "rfind", METHOD_STR, str_rfind, 0, 1, 3, { "sub", "start", "end" } },
    { "rindex", METHOD_STR, str_rindex, 0, 1, 3, { "sub", "start", "end" } },
    { "rjust", METHOD_STR, str_rjust, 0, 1, 2, { "width", "fillchar" } },
    { "rpartition", METHOD_STR, str_rpartition, 0, 1, 1, { "sep" } },
    { "rsplit", METHOD_STR, str_rsplit, BUILTIN_NAMED, 0, 2, { "sep", "maxsplit" } },
    { "rstrip", METHOD_STR, str_rstrip, 0, 0, 1, { "chars" } },
    { "split", METHOD_STR, str_split, BUILTIN_NAMED, 0, 2, { "sep", "maxsplit" } },
    { "splitlines", METHOD_STR, str_splitlines, BUILTIN_NAMED, 0, 1, { "keepends" } },
    { "startswith", METHOD_STR, str_startswith, 0, 1, 3, { "prefix", "start", "end" } },
    { "strip", METHOD_STR, str_strip, 0, 0, 1, { "chars" } },
    { "swapcase", METHOD_STR, str_swapcase, 0, 0, 0, { 0 } },
    { "title", METHOD_STR, str_title, 0, 0, 0, { 0 } },
    { "upper", METHOD_STR, str_upper, 0, 0, 0, { 0 } },
    { "zfill", METHOD_STR, str_zfill, 0, 1, 1, { "width" } },
    { 0 },
};
