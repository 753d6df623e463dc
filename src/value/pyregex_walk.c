/* SPDX-License-Identifier: Apache-2.0 */
/* What is made of many searches: finditer, sub, split, findall; and escaping. */
#include "value/pyregex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limit.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "value/pyregex-internal.h"
#include "value/python.h"

#define ITEMS_MAX 1000000 /* of a list that is made here, groups counted */

int pyregex_walk_next(struct pyregex_walk *walk, struct error *err)
{
    size_t start = 0, end = 0;
    int r;

    if (walk->done)
        return PYREGEX_NO_MATCH;
    r = pyregex_find(walk->regex, walk->text, walk->len, walk->at, PYREGEX_SEARCH, walk->must_advance,
                     walk->limit, &walk->match, err);
    if (r != 0) {
        walk->done = true;
        return r;
    }
    pyregex_span(&walk->match, 0, &start, &end);
    walk->must_advance = start == end;
    walk->at = end;
    return 0;
}

void pyregex_walk_release(struct pyregex_walk *walk)
{
    pyregex_match_release(&walk->match);
}

/* ---- replacement templates ---- */

struct piece {
    size_t start, len; /* literal text in `text` of the template */
    int group;         /* -1: literal */
};

struct template
{
    const struct pyregex *regex;
    const char *start, *at, *end;
    struct buffer text;
    struct piece *pieces;
    size_t count, room;
    struct error *err;
};

static void template_release(struct template *t)
{
    buffer_release(&t->text);
    free(t->pieces);
}

static int template_error(struct template *t, const char *where, const char *text)
{
    return error_set_kind(t->err, -EINVAL, "error", "%s at position %zu", text,
                          utf8_length(t->start, (size_t)(where - t->start)));
}

static void add_literal(struct template *t, const char *text, size_t n)
{
    struct piece *last = t->count ? &t->pieces[t->count - 1] : NULL;

    if (!last || last->group >= 0) {
        GROW(t->pieces, t->count, t->room);
        t->pieces[t->count++] = (struct piece){ .start = t->text.len, .group = -1 };
        last = &t->pieces[t->count - 1];
    }
    buffer_add(&t->text, text, n);
    last->len += n;
}

static void add_code(struct template *t, uint32_t c)
{
    BUFFER_AUTO(text);

    buffer_add_utf8(&text, c);
    add_literal(t, text.data, text.len);
}

static int add_group(struct template *t, unsigned group, const char *where)
{
    char text[60];

    if (group > pyregex_groups(t->regex)) {
        snprintf(text, sizeof(text), "invalid group reference %u", group);
        return template_error(t, where, text);
    }
    GROW(t->pieces, t->count, t->room);
    t->pieces[t->count++] = (struct piece){ .group = (int)group };
    return 0;
}

/* "\g<name>" behind the g. */
static int read_named(struct template *t)
{
    const char *name, *close;
    BUFFER_AUTO(shown);
    unsigned group;
    size_t n;

    if (t->at == t->end || *t->at != '<')
        return template_error(t, t->at, "missing <");
    name = ++t->at;
    close = memchr(name, '>', (size_t)(t->end - name));
    if (name == t->end || close == name)
        return template_error(t, name, "missing group name");
    if (!close)
        return template_error(t, name, "missing >, unterminated name");
    n = (size_t)(close - name);
    t->at = close + 1;
    if (strspn(name, "0123456789") >= n)
        return add_group(t, n < 6 ? (unsigned)strtoul(name, NULL, 10) : 999999, name);
    group = pyregex_group_number(t->regex, name, n);
    if (group)
        return add_group(t, group, name);
    python_repr_text(&shown, name, n);
    if (isalpha((unsigned char)*name) || *name == '_' || (unsigned char)*name >= 128)
        return error_set_kind(t->err, -EINVAL, "IndexError", "unknown group name %s", shown.data);
    buffer_clear(&shown);
    buffer_add_text(&shown, "bad character in group name ");
    python_repr_text(&shown, name, n);
    return template_error(t, name, shown.data);
}

static bool is_octal(const struct template *t, const char *p)
{
    return p < t->end && *p >= '0' && *p <= '7';
}

/* Digits behind a backslash at `escape`: an octal number or a group. */
static int read_digits(struct template *t, const char *escape)
{
    const char *p = escape + 1;
    unsigned n = 0;
    int digits = 1;

    if (*p == '0')
        digits = is_octal(t, p + 1) ? (is_octal(t, p + 2) ? 3 : 2) : 1;
    else if (is_octal(t, p) && is_octal(t, p + 1) && is_octal(t, p + 2))
        digits = 3;
    else if (p + 1 < t->end && isdigit((unsigned char)p[1])) {
        t->at = p + 2;
        return add_group(t, (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0'), escape + 1);
    } else {
        t->at = p + 1;
        return add_group(t, (unsigned)(*p - '0'), escape + 1);
    }
    for (int i = 0; i < digits; i++)
        n = n * 8 + (unsigned)(p[i] - '0');
    t->at = p + digits;
    if (n > 0377) {
        char text[60];

        snprintf(text, sizeof(text), "octal escape value \\%.*s outside of range 0-0o377", digits, p);
        return template_error(t, escape, text);
    }
    add_code(t, n);
    return 0;
}

static int read_escape(struct template *t)
{
    static const char letters[] = "abfnrtv\\", codes[] = "\a\b\f\n\r\t\v\\";
    const char *escape = t->at++, *found;
    char text[40];

    if (t->at == t->end)
        return template_error(t, escape, "bad escape (end of pattern)");
    if (*t->at == 'g') {
        t->at++;
        return read_named(t);
    }
    if (isdigit((unsigned char)*t->at))
        return read_digits(t, escape);
    found = *t->at ? strchr(letters, *t->at) : NULL;
    if (found) {
        add_literal(t, &codes[found - letters], 1);
        t->at++;
        return 0;
    }
    if (isalpha((unsigned char)*t->at)) {
        snprintf(text, sizeof(text), "bad escape \\%c", *t->at);
        return template_error(t, escape, text);
    }
    add_literal(t, "\\", 1);
    return 0;
}

static int template_parse(struct template *t)
{
    int r;

    while (t->at < t->end) {
        const char *stop = memchr(t->at, '\\', (size_t)(t->end - t->at));
        size_t n = (size_t)((stop ? stop : t->end) - t->at);

        if (n)
            add_literal(t, t->at, n);
        t->at += n;
        if (!stop)
            break;
        r = read_escape(t);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- substitution ---- */

#define PIECES_A_US 100 /* pieces of a template that are put in a microsecond */

static int too_long(size_t limit, struct error *err)
{
    return limit_exceeded(err, LIMIT_TEXT, limit);
}

static int put_template(void *data, const struct pyregex_match *match, struct buffer *out, struct error *err)
{
    const struct template *t = data;

    pyregex_spend((int64_t)t->count / PIECES_A_US);
    for (size_t i = 0; i < t->count; i++) {
        const struct piece *piece = &t->pieces[i];
        size_t start, end;

        if (piece->group < 0)
            buffer_add(out, t->text.data + piece->start, piece->len);
        else if (pyregex_span(match, (unsigned)piece->group, &start, &end))
            buffer_add(out, match->text + start, end - start);
    }
    return 0;
}

int pyregex_sub_by(const struct pyregex *regex, const char *text, size_t n, uint64_t count, uint32_t limit,
                   size_t max_bytes,
                   int (*by)(void *data, const struct pyregex_match *match, struct buffer *out,
                             struct error *err),
                   void *data, value *ret, struct error *err)
{
    CLEANUP(pyregex_walk_release)
    struct pyregex_walk walk = { .regex = regex, .text = text, .len = n, .limit = limit };
    size_t start = 0, end = 0, last = 0;
    uint64_t done = 0;
    BUFFER_AUTO(out);
    int r = 0;

    while ((!count || done < count) && (r = pyregex_walk_next(&walk, err)) == 0) {
        pyregex_span(&walk.match, 0, &start, &end);
        buffer_add(&out, text + last, start - last);
        r = by(data, &walk.match, &out, err);
        if (r < 0)
            return r;
        if (out.len > max_bytes)
            return too_long(max_bytes, err);
        last = end;
        done++;
    }
    if (r < 0)
        return r;
    buffer_add(&out, text + last, n - last);
    if (out.len > max_bytes)
        return too_long(max_bytes, err);
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

int pyregex_sub(const struct pyregex *regex, const char *text, size_t n, const char *template,
                size_t template_len, uint64_t count, uint32_t limit, size_t max_bytes, value *ret,
                struct error *err)
{
    CLEANUP(template_release)
    struct template t = {
        .regex = regex,
        .start = template,
        .at = template,
        .end = template + template_len,
        .err = err,
    };
    int r;

    r = template_parse(&t);
    if (r < 0)
        return r;
    return pyregex_sub_by(regex, text, n, count, limit, max_bytes, put_template, &t, ret, err);
}

/* ---- lists ---- */

static int too_many(struct error *err)
{
    return limit_exceeded(err, LIMIT_SEQUENCE, ITEMS_MAX);
}

int pyregex_split(const struct pyregex *regex, const char *text, size_t n, uint64_t max_split, uint32_t limit,
                  value *ret, struct error *err)
{
    CLEANUP(pyregex_walk_release)
    struct pyregex_walk walk = { .regex = regex, .text = text, .len = n, .limit = limit };
    size_t start = 0, end = 0, last = 0;
    uint64_t done = 0;
    VALUE_AUTO(list);
    int r = 0;

    list = value_list_new(8);
    while ((!max_split || done < max_split) && (r = pyregex_walk_next(&walk, err)) == 0) {
        pyregex_span(&walk.match, 0, &start, &end);
        value_list_append(&list, value_text_n(text + last, start - last));
        for (unsigned i = 1; i <= pyregex_groups(regex); i++)
            value_list_append(&list, pyregex_group(&walk.match, i));
        if (value_list_count(list) > ITEMS_MAX)
            return too_many(err);
        last = end;
        done++;
    }
    if (r < 0)
        return r;
    value_list_append(&list, value_text_n(text + last, n - last));
    *ret = value_take(&list);
    return 0;
}

/* What findall gives for a match; groups without part are empty. */
static value found(const struct pyregex_match *match, unsigned n_groups)
{
    value tuple, group;

    if (n_groups == 0)
        return pyregex_group(match, 0);
    if (n_groups == 1) {
        group = pyregex_group(match, 1);
        return value_is_null(group) ? value_text("") : group;
    }
    tuple = value_tuple_new(n_groups);
    for (unsigned i = 1; i <= n_groups; i++) {
        group = pyregex_group(match, i);
        value_list_append(&tuple, value_is_null(group) ? value_text("") : group);
    }
    return tuple;
}

int pyregex_findall(const struct pyregex *regex, const char *text, size_t n, uint32_t limit, value *ret,
                    struct error *err)
{
    CLEANUP(pyregex_walk_release)
    struct pyregex_walk walk = { .regex = regex, .text = text, .len = n, .limit = limit };
    unsigned n_groups = pyregex_groups(regex);
    VALUE_AUTO(list);
    int r;

    list = value_list_new(0);
    while ((r = pyregex_walk_next(&walk, err)) == 0) {
        value_list_append(&list, found(&walk.match, n_groups));
        if (value_list_count(list) * (n_groups + 1) > ITEMS_MAX)
            return too_many(err);
    }
    if (r < 0)
        return r;
    *ret = value_take(&list);
    return 0;
}

void pyregex_escape(struct buffer *out, const char *text, size_t n)
{
    static const char special[] = "()[]{}?*+-|^$\\.&~# \t\n\r\v\f";

    for (size_t i = 0; i < n; i++) {
        if (text[i] && strchr(special, text[i]))
            buffer_add_char(out, '\\');
        buffer_add_char(out, text[i]);
    }
}
