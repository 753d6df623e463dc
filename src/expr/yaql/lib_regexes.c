/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions, on the Python reading of them in value/pyregex.h. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "value/pyregex.h"

static struct pyregex *regex_of(value v)
{
    return ((struct yaql_regex *)v.object)->regex;
}

static int regex(struct call *c, value *ret)
{
    unsigned flags = (arg_bool(c, 1) ? PYREGEX_IGNORECASE : 0) | (arg_bool(c, 2) ? PYREGEX_MULTILINE : 0) |
                     (arg_bool(c, 3) ? PYREGEX_DOTALL : 0);
    struct yaql_regex *object;
    struct pyregex *compiled;
    int r = pyregex_get(value_chars(c->args[0].v), value_len(c->args[0].v), flags, &compiled, c->ev->err);

    if (r < 0)
        return r;
    object = yaql_object_new(c->ev, &yaql_regex_ops, sizeof(*object));
    object->regex = compiled;
    *ret = value_object(&object->base.object);
    return 0;
}

/* ---- does it match? ---- */

static int test(struct call *c, const struct pyregex *compiled, value text, bool wanted, value *ret)
{
    bool found;
    int r;

    yaql_charge(c->ev, 4 + value_len(text) / 32);
    r = pyregex_test(compiled, value_chars(text), value_len(text), PYREGEX_SEARCH,
                     c->ev->limits.regex_matches, &found, c->ev->err);

    if (r == 0)
        *ret = value_bool(found == wanted);
    return r;
}

/* The pattern as a text. */
static int test_pattern(struct call *c, value pattern, value text, bool wanted, value *ret)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *compiled = NULL;
    int r = pyregex_get(value_chars(pattern), value_len(pattern), 0, &compiled, c->ev->err);

    return r < 0 ? r : test(c, compiled, text, wanted, ret);
}

static int regex_matches(struct call *c, value *ret)
{
    return test(c, regex_of(c->args[0].v), c->args[1].v, true, ret);
}

static int string_matches(struct call *c, value *ret)
{
    return test_pattern(c, c->args[1].v, c->args[0].v, true, ret);
}

static int operator_regex(struct call *c, value *ret)
{
    return test(c, regex_of(c->args[1].v), c->args[0].v, true, ret);
}

static int operator_not_regex(struct call *c, value *ret)
{
    return test(c, regex_of(c->args[1].v), c->args[0].v, false, ret);
}

static int operator_not_string(struct call *c, value *ret)
{
    return test_pattern(c, c->args[1].v, c->args[0].v, false, ret);
}

/* ---- what a selector sees of a match ---- */

static int64_t position(const struct pyregex_match *match, size_t byte)
{
    return (int64_t)utf8_length(match->text, byte);
}

/* {value, start, end} of a group. */
static value record(struct evaluation *ev, const struct pyregex_match *match, unsigned group)
{
    size_t start, end;
    bool there = pyregex_span(match, group, &start, &end);
    value map = value_map_new(3);

    value_map_put(&map, "value", pyregex_group(match, group));
    value_map_put(&map, "start", value_int(there ? position(match, start) : -1));
    value_map_put(&map, "end", value_int(there ? position(match, end) : -1));
    ev->steps += match->len / 1024;
    return yaql_dict_new(ev, map);
}

/* The reference engine trips over named groups: it takes their text for a pair. */
static int check_named(struct evaluation *ev, const struct pyregex_match *match)
{
    for (unsigned i = 1; i <= pyregex_groups(match->regex); i++) {
        VALUE_AUTO(text);
        size_t n;

        if (!pyregex_group_name(match->regex, i))
            continue;
        text = pyregex_group(match, i);
        if (value_is_null(text))
            return yaql_fail(ev, "TypeError", "cannot unpack non-iterable NoneType object");
        n = value_string_chars(text);
        if (n < 2)
            return yaql_fail(ev, "ValueError", "not enough values to unpack (expected 2, got %zu)", n);
        if (n > 2)
            return yaql_fail(ev, "ValueError", "too many values to unpack (expected 2)");
        return yaql_fail(ev, "IndexError", "no such group");
    }
    return 0;
}

static int select_match(struct evaluation *ev, const struct closure *selector,
                        const struct pyregex_match *match, value *ret)
{
    unsigned n = pyregex_groups(match->regex) + 1;
    value *records;
    int r = check_named(ev, match);

    if (r < 0)
        return r;
    records = xreallocarray(NULL, n, sizeof(*records));
    for (unsigned i = 0; i < n; i++)
        records[i] = record(ev, match, i);
    r = closure_call(ev, selector, records, n, ret);
    for (unsigned i = 0; i < n; i++)
        value_unref(records[i]);
    free(records);
    return r;
}

static int give_match(struct evaluation *ev, const struct closure *selector,
                      const struct pyregex_match *match, value *ret)
{
    if (closure_given(selector))
        return select_match(ev, selector, match, ret);
    *ret = pyregex_group(match, 0);
    return 0;
}

/* ---- search ---- */

static int search(struct call *c, value *ret)
{
    PYREGEX_MATCH_AUTO(match);
    struct closure selector = arg_closure(c, 2);
    value text = c->args[1].v;
    int r;

    yaql_charge(c->ev, 8 + value_len(text) / 32);
    r = pyregex_find(regex_of(c->args[0].v), value_chars(text), value_len(text), 0, PYREGEX_SEARCH, false,
                     c->ev->limits.regex_matches, &match, c->ev->err);

    if (r < 0)
        return r;
    if (r == PYREGEX_NO_MATCH) {
        *ret = value_null();
        return 0;
    }
    return give_match(c->ev, &selector, &match, ret);
}

/* `v` is the regex, `w` the text, `n` where to look from, `m` whether an empty match there does not count. */
static int search_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    PYREGEX_MATCH_AUTO(match);
    size_t start, end;
    int r;

    if ((size_t)lazy->n > value_len(lazy->w))
        return YAQL_END;
    yaql_charge(ev, 8);
    r = pyregex_find(regex_of(lazy->v), value_chars(lazy->w), value_len(lazy->w), (size_t)lazy->n,
                     PYREGEX_SEARCH, lazy->m, ev->limits.regex_matches, &match, ev->err);
    if (r < 0)
        return r;
    if (r == PYREGEX_NO_MATCH)
        return YAQL_END;
    pyregex_span(&match, 0, &start, &end);
    lazy->n = (int64_t)end;
    lazy->m = start == end;
    return give_match(ev, &lazy->f, &match, ret);
}

static int search_all(struct call *c, value *ret)
{
    static const struct lazy_ops ops = { .name = "generator", .next = search_next };
    struct lazy *lazy = lazy_new(c->ev, &ops);

    lazy->v = value_ref(c->args[0].v);
    lazy->w = value_ref(c->args[1].v);
    closure_keep(c->ev, &lazy->f, arg_closure(c, 2));
    *ret = lazy_value(lazy);
    return 0;
}

/* ---- split and replace ---- */

/* How many, where 0 means all; false when it is negative, which Python takes for none. */
static bool count_of(const struct call *c, size_t i, uint64_t *ret)
{
    value v = c->args[i].v;

    if (v.kind == VALUE_BIGINT) {
        *ret = 0;
        return mpz_sgn(v.bigint->number) > 0;
    }
    *ret = (uint64_t)arg_int(c, i, 0);
    return arg_int(c, i, 0) >= 0;
}

static int split_by(struct call *c, value re, value text, value *ret)
{
    VALUE_AUTO(parts);
    uint64_t max;
    int r;

    yaql_charge(c->ev, 8 + value_len(text) / 16);
    *ret = value_tuple_new(1);
    if (!count_of(c, 2, &max)) {
        value_list_append(ret, value_ref(text));
        return 0;
    }
    r = pyregex_split(regex_of(re), value_chars(text), value_len(text), max, c->ev->limits.regex_matches,
                      &parts, c->ev->err);
    if (r >= 0)
        r = yaql_check_count(c->ev, value_list_count(parts));
    if (r < 0) {
        value_unref(value_take(ret));
        return r;
    }
    value_list_extend(ret, parts);
    return 0;
}

static int regex_split(struct call *c, value *ret)
{
    return split_by(c, c->args[0].v, c->args[1].v, ret);
}

static int string_split(struct call *c, value *ret)
{
    return split_by(c, c->args[1].v, c->args[0].v, ret);
}

static int replace_in(struct call *c, value re, value text, value *ret)
{
    value by = c->args[2].v;
    uint64_t count;

    yaql_charge(c->ev, 8 + value_len(text) / 16);
    if (!count_of(c, 3, &count)) {
        *ret = value_ref(text);
        return 0;
    }
    return pyregex_sub(regex_of(re), value_chars(text), value_len(text), value_chars(by), value_len(by),
                       count, c->ev->limits.regex_matches, c->ev->limits.text, ret, c->ev->err);
}

static int regex_replace(struct call *c, value *ret)
{
    return replace_in(c, c->args[0].v, c->args[1].v, ret);
}

static int string_replace(struct call *c, value *ret)
{
    return replace_in(c, c->args[1].v, c->args[0].v, ret);
}

struct replacing {
    struct evaluation *ev;
    struct closure by;
    size_t n_parts, end; /* as Python joins them, for the message */
};

static int add_replacement(void *data, const struct pyregex_match *match, struct buffer *out,
                           struct error *err)
{
    struct replacing *replacing = data;
    VALUE_AUTO(text);
    size_t start, end;
    int r = select_match(replacing->ev, &replacing->by, match, &text);

    if (r < 0)
        return r;
    pyregex_span(match, 0, &start, &end);
    replacing->n_parts += start > replacing->end;
    replacing->end = end;
    if (value_is_null(text))
        return 0;
    if (!value_is_string(text))
        return yaql_fail(replacing->ev, "TypeError", "sequence item %zu: expected str instance, %s found",
                         replacing->n_parts, yaql_type_name(text));
    replacing->n_parts++;
    buffer_add(out, value_chars(text), value_len(text));
    return yaql_step(replacing->ev);
}

static int replace_by_in(struct call *c, value re, value text, value *ret)
{
    struct replacing replacing = { .ev = c->ev, .by = arg_closure(c, 2) };
    uint64_t count;

    yaql_charge(c->ev, 8 + value_len(text) / 16);
    if (!count_of(c, 3, &count)) {
        *ret = value_ref(text);
        return 0;
    }
    return pyregex_sub_by(regex_of(re), value_chars(text), value_len(text), count,
                          c->ev->limits.regex_matches, c->ev->limits.text, add_replacement, &replacing, ret,
                          c->ev->err);
}

static int regex_replace_by(struct call *c, value *ret)
{
    return replace_by_in(c, c->args[0].v, c->args[1].v, ret);
}

static int string_replace_by(struct call *c, value *ret)
{
    return replace_by_in(c, c->args[1].v, c->args[0].v, ret);
}

static int escape_regex(struct call *c, value *ret)
{
    BUFFER_AUTO(out);
    int r = yaql_check_text(c->ev, value_len(c->args[0].v) * 2);

    if (r < 0)
        return r;
    yaql_charge(c->ev, value_len(c->args[0].v) / 8);
    pyregex_escape(&out, value_chars(c->args[0].v), value_len(c->args[0].v));
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

static int is_regex(struct call *c, value *ret)
{
    *ret = value_bool(value_is_object(c->args[0].v, &yaql_regex_ops));
    return 0;
}

#define REGEXP            \
    {                     \
        "regexp", T_REGEX \
    }
#define STRING             \
    {                      \
        "string", T_STRING \
    }
#define SELECTOR                       \
    {                                  \
        "selector", T_LAMBDA, OPTIONAL \
    }
#define MAX_SPLIT                   \
    {                               \
        "maxSplit", T_INT, OPTIONAL \
    }
#define COUNT                    \
    {                            \
        "count", T_INT, OPTIONAL \
    }
#define FLAG(name)               \
    {                            \
        name, T_BOOL_N, OPTIONAL \
    }

const struct function yaql_regexes[] = {
    { "regex", FUNCTION, regex,
      PARAMS({ "pattern", T_STRING }, FLAG("ignoreCase"), FLAG("multiLine"), FLAG("dotAll")) },
    { "matches", METHOD, regex_matches, PARAMS(REGEXP, STRING) },
    { "matches", METHOD, string_matches, PARAMS(STRING, { "regexp", T_STRING }) },
    { "#operator_=~", FUNCTION, operator_regex, PARAMS(STRING, REGEXP) },
    { "#operator_=~", FUNCTION, string_matches, PARAMS(STRING, { "pattern", T_STRING }) },
    { "#operator_!~", FUNCTION, operator_not_regex, PARAMS(STRING, REGEXP) },
    { "#operator_!~", FUNCTION, operator_not_string, PARAMS(STRING, { "pattern", T_STRING }) },
    { "search", METHOD, search, PARAMS(REGEXP, STRING, SELECTOR) },
    { "searchAll", METHOD, search_all, PARAMS(REGEXP, STRING, SELECTOR) },
    { "split", METHOD, regex_split, PARAMS(REGEXP, STRING, MAX_SPLIT) },
    { "split", METHOD, string_split, PARAMS(STRING, REGEXP, MAX_SPLIT) },
    { "replace", METHOD, regex_replace, PARAMS(REGEXP, STRING, { "repl", T_STRING }, COUNT) },
    { "replace", METHOD, string_replace, PARAMS(STRING, REGEXP, { "repl", T_STRING }, COUNT) },
    { "replaceBy", METHOD, regex_replace_by, PARAMS(REGEXP, STRING, { "repl", T_LAMBDA }, COUNT) },
    { "replaceBy", METHOD, string_replace_by, PARAMS(STRING, REGEXP, { "repl", T_LAMBDA }, COUNT) },
    { "escapeRegex", FUNCTION, escape_regex, PARAMS(STRING) },
    { "isRegex", FUNCTION, is_regex, PARAMS({ "value", T_ANY }) },
    { 0 },
};
