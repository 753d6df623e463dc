/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/operators.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicase.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "value/pyregex.h"
#include "value/datetime.h"
#include "value/datetime_text.h"
#include "value/number.h"
#include "value/python.h"

static int type_error(struct error *err, const char *format, const char *type)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return error_set_kind(err, -EINVAL, "TypeError", format, type);
#pragma GCC diagnostic pop
}

static int no_attribute(struct error *err, value v, const char *name)
{
    return error_set_kind(err, -EINVAL, "AttributeError", "'%s' object has no attribute '%s'",
                          python_type_name(v), name);
}

/* ---- equality and order ---- */

static int operate_equals(const struct rule_operator *self, const struct operands *o, bool *ret,
                          struct error *err)
{
    *ret = value_equal(o->v, o->pattern) != self->negated;
    return 0;
}

static int operate_order(const struct rule_operator *self, const struct operands *o, bool *ret,
                         struct error *err)
{
    int order = 0;

    if (value_compare(o->v, o->pattern, &order) != 0)
        return error_set_kind(
            err, -EINVAL, "TypeError", "'%c' not supported between instances of '%s' and '%s'",
            self->variant < 0 ? '<' : '>', python_type_name(o->v), python_type_name(o->pattern));
    *ret = order == self->variant;
    return 0;
}

static int operate_exists(const struct rule_operator *self, const struct operands *o, bool *ret,
                          struct error *err)
{
    *ret = value_is_null(o->v) == self->negated;
    return 0;
}

/* ---- text without regard to case ---- */

static bool is_ascii(value text)
{
    for (size_t i = 0; i < text.string->len; i++)
        if ((unsigned char)text.string->data[i] >= 128)
            return false;
    return true;
}

/* str.lower(). Owned. */
static value lower(value text)
{
    size_t n = 0;
    uint8_t *folded;
    char *data;
    value v;

    if (is_ascii(text)) {
        v = value_string_new(text.string->len, &data);
        for (size_t i = 0; i < text.string->len; i++)
            data[i] = (char)tolower((unsigned char)text.string->data[i]);
        return v;
    }
    folded = u8_tolower((const uint8_t *)text.string->data, text.string->len, NULL, NULL, NULL, &n);
    v = folded ? value_text_n((const char *)folded, n) : value_ref(text);
    free(folded);
    return v;
}

/* ---- containing ---- */

/* Python's `item in container`. */
static int contains(value container, value item, bool *ret, struct error *err)
{
    uint64_t hash;

    switch (container.kind) {
    case VALUE_STRING:
        if (item.kind != VALUE_STRING)
            return type_error(err, "'in <string>' requires string as left operand, not %s",
                              python_type_name(item));
        *ret = memmem(container.string->data, container.string->len, item.string->data, item.string->len) !=
               NULL;
        return 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        *ret = false;
        for (size_t i = 0; !*ret && i < value_list_count(container); i++)
            *ret = value_equal(value_list_at(container, i), item);
        return 0;
    case VALUE_MAP:
    case VALUE_SET:
        if (!value_hash(item, &hash))
            return type_error(err, "unhashable type: '%s'", python_type_name(item));
        *ret = value_is_set(value_map_get_value(container, item));
        return 0;
    default:
        return type_error(err, "argument of type '%s' is not iterable", python_type_name(container));
    }
}

static int operate_contains(const struct rule_operator *self, const struct operands *o, bool *ret,
                            struct error *err)
{
    int r = contains(o->v, o->pattern, ret, err);

    if (r == 0)
        *ret = *ret != self->negated;
    return r;
}

static int operate_inside(const struct rule_operator *self, const struct operands *o, bool *ret,
                          struct error *err)
{
    int r = contains(o->pattern, o->v, ret, err);

    if (r == 0)
        *ret = *ret != self->negated;
    return r;
}

/* ---- parts of texts ---- */

enum text_part { PART_ALL, PART_ANYWHERE, PART_START, PART_END };

static bool has_part(value v, value part, enum text_part where)
{
    size_t n = v.string->len, m = part.string->len;

    switch (where) {
    case PART_ALL:
        return n == m && memcmp(v.string->data, part.string->data, n) == 0;
    case PART_ANYWHERE:
        return memmem(v.string->data, n, part.string->data, m) != NULL;
    case PART_START:
        return n >= m && memcmp(v.string->data, part.string->data, m) == 0;
    default:
        return n >= m && memcmp(v.string->data + n - m, part.string->data, m) == 0;
    }
}

static int operate_start_or_end(const struct rule_operator *self, const struct operands *o, bool *ret,
                                struct error *err)
{
    const char *method = self->variant == PART_START ? "startswith" : "endswith";

    if (o->v.kind != VALUE_STRING)
        return no_attribute(err, o->v, method);
    if (o->pattern.kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "%s first arg must be str or a tuple of str, not %s",
                              method, python_type_name(o->pattern));
    *ret = has_part(o->v, o->pattern, (enum text_part)self->variant);
    return 0;
}

static int operate_caseless(const struct rule_operator *self, const struct operands *o, bool *ret,
                            struct error *err)
{
    VALUE_AUTO(v);
    VALUE_AUTO(pattern);

    if (o->v.kind != VALUE_STRING)
        return no_attribute(err, o->v, "lower");
    if (o->pattern.kind != VALUE_STRING)
        return no_attribute(err, o->pattern, "lower");
    v = lower(o->v);
    pattern = lower(o->pattern);
    *ret = has_part(v, pattern, (enum text_part)self->variant) != self->negated;
    return 0;
}

/* ---- patterns ---- */

static int operate_regex(const struct rule_operator *self, const struct operands *o, bool *ret,
                         struct error *err)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *own = NULL;
    const struct pyregex *regex = o->regex;
    int r;

    if (!regex) {
        if (o->pattern.kind != VALUE_STRING)
            return error_set_kind(err, -EINVAL, "TypeError",
                                  "first argument must be string or compiled pattern");
        r = pyregex_get(o->pattern.string->data, o->pattern.string->len, self->regex_flags, &own, err);
        if (r < 0)
            return r;
        regex = own;
    }
    if (o->v.kind != VALUE_STRING)
        return type_error(err, "expected string or bytes-like object, got '%s'", python_type_name(o->v));
    return pyregex_test(regex, o->v.string->data, o->v.string->len, (enum pyregex_anchor)self->variant, 0,
                        ret, err);
}

static int operate_wildcard(const struct rule_operator *self, const struct operands *o, bool *ret,
                            struct error *err)
{
    value wrong = o->v.kind != VALUE_STRING ? o->v : o->pattern;

    if (wrong.kind != VALUE_STRING)
        return type_error(err, "expected str, bytes or os.PathLike object, not %s", python_type_name(wrong));
    *ret =
        wildcard_match(o->v.string->data, o->v.string->len, o->pattern.string->data, o->pattern.string->len);
    return 0;
}

/* ---- times ---- */

/* float(pattern). */
static int seconds_of(value v, double *ret, struct error *err)
{
    VALUE_AUTO(number);
    int r;

    if (v.kind == VALUE_STRING) {
        r = number_parse_float(v.string->data, v.string->len, &number, err);
        if (r < 0)
            return r;
        *ret = number.number;
        return 0;
    }
    if (value_is_number(v) || v.kind == VALUE_BOOL) {
        if (number_to_double(v, ret))
            return 0;
        return error_set_kind(err, -ERANGE, "OverflowError", "int too large to convert to float");
    }
    return type_error(err, "float() argument must be a string or a real number, not '%s'",
                      python_type_name(v));
}

static int operate_timediff(const struct rule_operator *self, const struct operands *o, bool *ret,
                            struct error *err)
{
    double seconds, difference;
    VALUE_AUTO(text);
    VALUE_AUTO(time);
    int r;

    text = python_str_value(o->v);
    r = datetime_parse_text(text.string->data, text.string->len, o->now_us, &time, err);
    if (r < 0)
        return r;
    r = seconds_of(o->pattern, &seconds, err);
    if (r < 0)
        return r;
    difference = (double)(o->now_us - datetime_utc_us(time)) / 1e6;
    *ret = self->variant < 0 ? difference < seconds : difference > seconds;
    return 0;
}

/* ---- the table ---- */

/* clang-format off */
static const struct rule_operator table[] = {
    { { "matchwildcard" }, .operate = operate_wildcard },
    { { "matchregex" }, .takes_regex = true, .regex_flags = PYREGEX_DOTALL, .operate = operate_regex, .variant = PYREGEX_MATCH },
    { { "regex" }, .takes_regex = true, .operate = operate_regex, .variant = PYREGEX_SEARCH },
    { { "iregex" }, .takes_regex = true, .regex_flags = PYREGEX_IGNORECASE, .operate = operate_regex, .variant = PYREGEX_SEARCH },
    { { "equals", "eq" }, .operate = operate_equals },
    { { "nequals", "neq" }, .null_pattern = true, .operate = operate_equals, .negated = true },
    { { "iequals", "ieq" }, .operate = operate_caseless, .variant = PART_ALL },
    { { "contains" }, .operate = operate_contains },
    { { "icontains" }, .operate = operate_caseless, .variant = PART_ANYWHERE },
    { { "ncontains" }, .operate = operate_contains, .negated = true },
    { { "incontains" }, .operate = operate_caseless, .variant = PART_ANYWHERE, .negated = true },
    { { "startswith" }, .operate = operate_start_or_end, .variant = PART_START },
    { { "istartswith" }, .operate = operate_caseless, .variant = PART_START },
    { { "endswith" }, .operate = operate_start_or_end, .variant = PART_END },
    { { "iendswith" }, .operate = operate_caseless, .variant = PART_END },
    { { "lessthan", "lt" }, .operate = operate_order, .variant = -1 },
    { { "greaterthan", "gt" }, .operate = operate_order, .variant = 1 },
    { { "timediff_lt", "td_lt" }, .operate = operate_timediff, .variant = -1 },
    { { "timediff_gt", "td_gt" }, .operate = operate_timediff, .variant = 1 },
    { { "exists" }, .null_pattern = true, .operate = operate_exists },
    { { "nexists" }, .null_pattern = true, .operate = operate_exists, .negated = true },
    { { "inside", "in" }, .operate = operate_inside },
    { { "ninside", "nin" }, .operate = operate_inside, .negated = true },
    { { "search" } },
};
/* clang-format on */

const struct rule_operator *rule_operator_find(const char *name)
{
    for (size_t i = 0; i < ELEMENTS(table); i++)
        for (size_t k = 0; k < ELEMENTS(table[i].names) && table[i].names[k]; k++)
            if (strcasecmp(table[i].names[k], name) == 0)
                return &table[i];
    return NULL;
}

void rule_operator_suggest(const char *name, struct error *err)
{
    struct nearest nearest = nearest_to(name, strlen(name));

    for (size_t i = 0; i < ELEMENTS(table); i++)
        for (size_t k = 0; k < ELEMENTS(table[i].names) && table[i].names[k]; k++)
            nearest_offer(&nearest, table[i].names[k], strlen(table[i].names[k]));
    nearest_hint(&nearest, err);
}

const struct rule_operator *rule_operator_table(size_t *ret_count)
{
    *ret_count = ELEMENTS(table);
    return table;
}
