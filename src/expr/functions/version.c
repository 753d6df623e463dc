/* SPDX-License-Identifier: Apache-2.0 */
/* Semantic versions, as the Python library semver reads and compares them: major.minor.patch[-prerelease][+build]. The
   numbers may have any size; they are compared as text. */
#include <ctype.h>

#include "base/mem.h"
#include "expr/functions/functions-internal.h"
#include "value/number.h"
#include "value/python.h"

#define VERSION_TEXT_MAX 4096

struct span {
    const char *text;
    size_t n;
};

struct version {
    struct span numbers[3]; /* major, minor, patch */
    struct span prerelease; /* n 0: none */
};

static bool is_identifier_char(char c)
{
    return isalnum((unsigned char)c) || c == '-';
}

static bool is_numeric(struct span s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!isdigit((unsigned char)s.text[i]))
            return false;
    return s.n > 0;
}

/* Digits without a zero in front. */
static bool take_number(const char **at, const char *end, struct span *ret)
{
    const char *start = *at;

    while (*at < end && isdigit((unsigned char)**at))
        (*at)++;
    *ret = (struct span){ start, (size_t)(*at - start) };
    return ret->n && (*start != '0' || ret->n == 1);
}

/* identifier { "." identifier }; numbers in a prerelease have no zero in front. */
static bool take_identifiers(const char **at, const char *end, bool prerelease, struct span *ret)
{
    const char *start = *at;

    for (;;) {
        struct span one = { *at, 0 };

        while (*at < end && is_identifier_char(**at))
            (*at)++;
        one.n = (size_t)(*at - one.text);
        if (!one.n || (prerelease && is_numeric(one) && one.n > 1 && *one.text == '0'))
            return false;
        if (*at == end || **at != '.')
            break;
        (*at)++;
    }
    *ret = (struct span){ start, (size_t)(*at - start) };
    return true;
}

static bool take_char(const char **at, const char *end, char c)
{
    if (*at == end || **at != c)
        return false;
    (*at)++;
    return true;
}

static bool parse(const char *text, size_t n, struct version *ret)
{
    const char *at = text, *end = text + n;
    struct span build;

    *ret = (struct version){ 0 };
    if (n > VERSION_TEXT_MAX)
        return false;
    for (int i = 0; i < 3; i++)
        if ((i && !take_char(&at, end, '.')) || !take_number(&at, end, &ret->numbers[i]))
            return false;
    if (take_char(&at, end, '-') && !take_identifiers(&at, end, true, &ret->prerelease))
        return false;
    if (take_char(&at, end, '+') && !take_identifiers(&at, end, false, &build))
        return false;
    take_char(&at, end, '\n'); /* "$" of the library's pattern lets one pass */
    return at == end;
}

static int parse_span(struct span text, struct version *ret, struct error *err)
{
    if (parse(text.text, text.n, ret))
        return 0;
    return error_set_kind(err, -EINVAL, "ValueError", "%.*s is not valid SemVer string",
                          (int)(text.n < VERSION_TEXT_MAX ? text.n : VERSION_TEXT_MAX), text.text);
}

static int text_of(value v, struct span *ret, struct error *err)
{
    if (v.kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "not expecting type '<class '%s'>'",
                              python_type_name(v));
    *ret = (struct span){ v.string->data, v.string->len };
    return 0;
}

static int parse_value(value v, struct version *ret, struct error *err)
{
    struct span text = { 0 };
    int r = text_of(v, &text, err);

    return r < 0 ? r : parse_span(text, ret, err);
}

/* ---- comparing ---- */

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static int compare_numbers(struct span a, struct span b)
{
    if (a.n != b.n)
        return a.n < b.n ? -1 : 1;
    return sign(memcmp(a.text, b.text, a.n));
}

static int compare_identifiers(struct span a, struct span b)
{
    bool a_numeric = is_numeric(a), b_numeric = is_numeric(b);
    int order;

    if (a_numeric && b_numeric)
        return compare_numbers(a, b);
    if (a_numeric != b_numeric)
        return a_numeric ? -1 : 1;
    order = memcmp(a.text, b.text, a.n < b.n ? a.n : b.n);
    return order ? sign(order) : (a.n > b.n) - (a.n < b.n);
}

static struct span next_identifier(struct span *rest)
{
    const char *dot = memchr(rest->text, '.', rest->n);
    struct span one = { rest->text, dot ? (size_t)(dot - rest->text) : rest->n };

    rest->n -= one.n + (dot != NULL);
    rest->text += one.n + (dot != NULL);
    return one;
}

/* A version with a prerelease comes before the one without. */
static int compare_prereleases(struct span a, struct span b)
{
    if (!a.n || !b.n)
        return (b.n != 0) - (a.n != 0);
    while (a.n && b.n) {
        int order = compare_identifiers(next_identifier(&a), next_identifier(&b));

        if (order)
            return order;
    }
    return (a.n != 0) - (b.n != 0);
}

static int compare(const struct version *a, const struct version *b)
{
    for (int i = 0; i < 3; i++) {
        int order = compare_numbers(a->numbers[i], b->numbers[i]);

        if (order)
            return order;
    }
    return compare_prereleases(a->prerelease, b->prerelease);
}

static int compare_values(const value *args, int *ret, struct error *err)
{
    struct version a, b;
    int r = parse_value(args[0], &a, err);

    if (r == 0)
        r = parse_value(args[1], &b, err);
    if (r < 0)
        return r;
    *ret = compare(&a, &b);
    return 0;
}

int fn_version_compare(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    int order = 0, r = compare_values(args, &order, err);

    if (r < 0)
        return r;
    *ret = value_int(order);
    return 0;
}

static int order_is(const value *args, int wanted, value *ret, struct error *err)
{
    int order = 0, r = compare_values(args, &order, err);

    if (r < 0)
        return r;
    *ret = value_bool(order == wanted);
    return 0;
}

int fn_version_more_than(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return order_is(args, 1, ret, err);
}

int fn_version_less_than(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return order_is(args, -1, ret, err);
}

int fn_version_equal(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return order_is(args, 0, ret, err);
}

/* ---- matching ---- */

/* The longer operators come first; `orders` has a bit for each order that fits: less 1, equal 2, greater 4. */
static const struct {
    const char *text;
    unsigned orders;
} operators[] = { { ">=", 6 }, { "<=", 3 }, { "==", 2 }, { "!=", 5 }, { ">", 4 }, { "<", 1 } };

int fn_version_match(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    struct version a, b;
    struct span pattern = { 0 };
    unsigned orders = 0;
    BUFFER_AUTO(shown);
    int r;

    r = parse_value(args[0], &a, err);
    if (r == 0)
        r = text_of(args[1], &pattern, err);
    if (r < 0)
        return r;
    for (size_t i = 0; !orders && i < ELEMENTS(operators); i++) {
        size_t n = strlen(operators[i].text);

        if (pattern.n < n || memcmp(pattern.text, operators[i].text, n) != 0)
            continue;
        orders = operators[i].orders;
        pattern.text += n;
        pattern.n -= n;
    }
    if (!orders && pattern.n && isdigit((unsigned char)*pattern.text))
        orders = 2;
    if (!orders) {
        python_repr_text(&shown, pattern.text, pattern.n);
        return error_set_kind(
            err, -EINVAL, "ValueError",
            "match_expr parameter should be in format <op><ver>, where <op> is one of ['<', '>', "
            "'==', '<=', '>=', '!=']. You provided: %s",
            shown.data);
    }
    r = parse_span(pattern, &b, err);
    if (r < 0)
        return r;
    *ret = value_bool(orders >> (compare(&a, &b) + 1) & 1);
    return 0;
}

/* ---- changing ---- */

/* The next version in which number `which` is one more and those behind it are zero. */
static int bump(value v, int which, value *ret, struct error *err)
{
    struct version version;
    VALUE_AUTO(number);
    VALUE_AUTO(next);
    BUFFER_AUTO(out);
    int r;

    r = parse_value(v, &version, err);
    if (r < 0)
        return r;
    number = value_int_from_text(version.numbers[which].text, version.numbers[which].n, 10);
    r = number_operate(NUMBER_ADD, number, value_int(1), &next, err);
    if (r < 0)
        return r;
    for (int i = 0; i < 3; i++) {
        if (i)
            buffer_add_char(&out, '.');
        if (i < which)
            buffer_add(&out, version.numbers[i].text, version.numbers[i].n);
        else if (i == which)
            python_str(&out, next);
        else
            buffer_add_char(&out, '0');
    }
    *ret = value_text_n(out.data, out.len);
    return 0;
}

int fn_version_bump_major(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return bump(args[0], 0, ret, err);
}

int fn_version_bump_minor(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return bump(args[0], 1, ret, err);
}

int fn_version_bump_patch(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    return bump(args[0], 2, ret, err);
}

int fn_version_strip_patch(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    struct version version;
    int r = parse_value(args[0], &version, err);

    if (r < 0)
        return r;
    *ret = value_textf("%.*s.%.*s", (int)version.numbers[0].n, version.numbers[0].text,
                       (int)version.numbers[1].n, version.numbers[1].text);
    return 0;
}
