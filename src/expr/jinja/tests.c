/* SPDX-License-Identifier: Apache-2.0 */
/* Tests: "x is even". */
#include <unictype.h>

#include "base/utf8.h"
#include "expr/jinja/text.h"

static int yes(value *ret, bool answer)
{
    *ret = value_bool(answer);
    return 0;
}

static int test_boolean(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, bound->args[0].kind == VALUE_BOOL);
}

static int test_callable(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0];

    return yes(ret, v.kind == VALUE_OBJECT && (object_ops_of(v)->call || is_undefined(v)));
}

static int test_defined(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, !is_undefined(bound->args[0]));
}

static int test_undefined(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, is_undefined(bound->args[0]));
}

static int remainder_is(struct ev *ev, value v, value divisor, int64_t wanted, value *ret)
{
    VALUE_AUTO(rest);
    bool equal;

    if (ev_binary(ev, NUMBER_MODULO, v, divisor, &rest) < 0 ||
        ev_equal(ev, rest, value_int(wanted), &equal) < 0)
        return -1;
    return yes(ret, equal);
}

static int test_divisibleby(struct ev *ev, struct bound *bound, value *ret)
{
    return remainder_is(ev, bound->args[0], bound->args[1], 0, ret);
}

static int test_even(struct ev *ev, struct bound *bound, value *ret)
{
    return remainder_is(ev, bound->args[0], value_int(2), 0, ret);
}

static int test_odd(struct ev *ev, struct bound *bound, value *ret)
{
    return remainder_is(ev, bound->args[0], value_int(2), 1, ret);
}

static int test_escaped(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, is_object(bound->args[0], &markup_ops));
}

static int test_false(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, bound->args[0].kind == VALUE_BOOL && !bound->args[0].boolean);
}

static int test_true(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, bound->args[0].kind == VALUE_BOOL && bound->args[0].boolean);
}

static int test_filter(struct ev *ev, struct bound *bound, value *ret)
{
    value text = text_of(bound->args[0]);

    if (ev_hashable(ev, bound->args[0]) < 0)
        return -1;
    return yes(ret, value_is_set(text) && filter_find(value_chars(text), value_len(text), ev->jinja->flags));
}

static int test_test(struct ev *ev, struct bound *bound, value *ret)
{
    value text = text_of(bound->args[0]);

    if (ev_hashable(ev, bound->args[0]) < 0)
        return -1;
    return yes(ret, value_is_set(text) && test_find(value_chars(text), value_len(text)));
}

static int test_float(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, bound->args[0].kind == VALUE_FLOAT);
}

static int test_integer(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, value_is_integer(bound->args[0]));
}

static int test_number(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, value_is_number(bound->args[0]) || bound->args[0].kind == VALUE_BOOL);
}

static int test_none(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, bound->args[0].kind == VALUE_NULL);
}

static int test_string(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, value_is_set(text_of(bound->args[0])));
}

static int test_mapping(struct ev *ev, struct bound *bound, value *ret)
{
    return yes(ret, bound->args[0].kind == VALUE_MAP);
}

static int test_iterable(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0];

    if (is_undefined(v) && !((struct undefined *)v.object)->lax)
        return undefined_raise(ev, v);
    return yes(ret, is_iterable(v) || is_object(v, &loop_ops));
}

static int test_sequence(struct ev *ev, struct bound *bound, value *ret)
{
    value v = bound->args[0];

    if (is_undefined(v))
        return yes(ret, ((struct undefined *)v.object)->lax);
    return yes(ret, value_is_set(text_of(v)) || value_is_list(v) || v.kind == VALUE_MAP ||
                        is_object(v, &range_ops) || v.kind == VALUE_BYTES);
}

static int test_sameas(struct ev *ev, struct bound *bound, value *ret)
{
    value a = bound->args[0], b = bound->args[1];

    if (a.kind != b.kind)
        return yes(ret, false);
    switch (a.kind) {
    case VALUE_NULL:
        return yes(ret, true);
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_FLOAT:
    case VALUE_STRING:
    case VALUE_BIGINT:
        return yes(ret, value_equal(a, b));
    default:
        return yes(ret, a.object == b.object);
    }
}

/* str.isupper() and str.islower(): some cased character, and none of the other case. */
static int cased(struct ev *ev, value v, bool upper, value *ret)
{
    VALUE_AUTO(text);
    const char *at, *end;
    bool some = false;

    if (ev_str_value(ev, v, &text) < 0 || ev_pay(ev, value_len(text) / 8) < 0)
        return -1;
    at = value_chars(text);
    for (end = at + value_len(text); at < end;) {
        uint32_t code = utf8_next(&at);
        bool is_upper = uc_is_property_uppercase(code), is_lower = uc_is_property_lowercase(code);

        if ((upper ? is_lower : is_upper) || uc_is_general_category(code, UC_TITLECASE_LETTER))
            return yes(ret, false);
        some = some || is_upper || is_lower;
    }
    return yes(ret, some);
}

static int test_lower(struct ev *ev, struct bound *bound, value *ret)
{
    return cased(ev, bound->args[0], false, ret);
}

static int test_upper(struct ev *ev, struct bound *bound, value *ret)
{
    return cased(ev, bound->args[0], true, ret);
}

static int compare(struct ev *ev, struct bound *bound, enum compare_operator op, value *ret)
{
    bool answer;

    if (ev_compare(ev, op, bound->args[0], bound->args[1], &answer) < 0)
        return -1;
    return yes(ret, answer);
}

static int test_eq(struct ev *ev, struct bound *bound, value *ret)
{
    return compare(ev, bound, COMPARE_EQ, ret);
}

static int test_ne(struct ev *ev, struct bound *bound, value *ret)
{
    return compare(ev, bound, COMPARE_NE, ret);
}

static int test_lt(struct ev *ev, struct bound *bound, value *ret)
{
    return compare(ev, bound, COMPARE_LT, ret);
}

static int test_le(struct ev *ev, struct bound *bound, value *ret)
{
    return compare(ev, bound, COMPARE_LTEQ, ret);
}

static int test_gt(struct ev *ev, struct bound *bound, value *ret)
{
    return compare(ev, bound, COMPARE_GT, ret);
}

static int test_ge(struct ev *ev, struct bound *bound, value *ret)
{
    return compare(ev, bound, COMPARE_GTEQ, ret);
}

static int test_in(struct ev *ev, struct bound *bound, value *ret)
{
    return compare(ev, bound, COMPARE_IN, ret);
}

#define ONE(name, python, function)      \
    {                                    \
        name, python, function, 0, 1, 1, \
        {                                \
            "value"                      \
        }                                \
    }
#define TWO(name, python, function, op)                                                         \
    {                                                                                           \
        name, python, function, BUILTIN_NATIVE, 2, 2, { "a", "b" }, .compare = 1 + COMPARE_##op \
    }

const struct builtin jinja_tests[] = {
    ONE("boolean", "test_boolean", test_boolean),
    { "callable", "callable", test_callable, BUILTIN_NATIVE, 1, 1, { "obj" } },
    ONE("defined", "test_defined", test_defined),
    { "divisibleby", "test_divisibleby", test_divisibleby, 0, 2, 2, { "value", "num" } },
    TWO("eq", "eq", test_eq, EQ),
    TWO("equalto", "eq", test_eq, EQ),
    TWO("==", "eq", test_eq, EQ),
    ONE("escaped", "test_escaped", test_escaped),
    ONE("even", "test_even", test_even),
    ONE("false", "test_false", test_false),
    { "filter", "test_filter", test_filter, BUILTIN_CONTEXT | BUILTIN_HIDDEN, 1, 1, { "value" } },
    ONE("float", "test_float", test_float),
    TWO("ge", "ge", test_ge, GTEQ),
    TWO(">=", "ge", test_ge, GTEQ),
    TWO("gt", "gt", test_gt, GT),
    TWO("greaterthan", "gt", test_gt, GT),
    TWO(">", "gt", test_gt, GT),
    { "in", "test_in", test_in, 0, 2, 2, { "value", "seq" } },
    ONE("integer", "test_integer", test_integer),
    ONE("iterable", "test_iterable", test_iterable),
    TWO("le", "le", test_le, LTEQ),
    TWO("<=", "le", test_le, LTEQ),
    ONE("lower", "test_lower", test_lower),
    TWO("lt", "lt", test_lt, LT),
    TWO("lessthan", "lt", test_lt, LT),
    TWO("<", "lt", test_lt, LT),
    ONE("mapping", "test_mapping", test_mapping),
    TWO("ne", "ne", test_ne, NE),
    TWO("!=", "ne", test_ne, NE),
    ONE("none", "test_none", test_none),
    ONE("number", "test_number", test_number),
    ONE("odd", "test_odd", test_odd),
    { "sameas", "test_sameas", test_sameas, 0, 2, 2, { "value", "other" } },
    ONE("sequence", "test_sequence", test_sequence),
    ONE("string", "test_string", test_string),
    { "test", "test_test", test_test, BUILTIN_CONTEXT | BUILTIN_HIDDEN, 1, 1, { "value" } },
    ONE("true", "test_true", test_true),
    ONE("undefined", "test_undefined", test_undefined),
    ONE("upper", "test_upper", test_upper),
    { 0 },
};
