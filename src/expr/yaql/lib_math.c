/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison with null, truth, and numbers. */
#include "expr/yaql/yaql-internal.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "value/number.h"

/* ---- comparison ---- */

enum order { LESS = 1 << 0, EQUAL = 1 << 1, GREATER = 1 << 2 };

/* `data` of the comparing functions: which outcomes of a comparison are true. */
static const unsigned less = LESS, less_equal = LESS | EQUAL, greater = GREATER,
                      greater_equal = GREATER | EQUAL;

static bool is_wanted(const struct call *c, int order)
{
    unsigned wanted = *(const unsigned *)c->function->data;

    return order < 0 ? wanted & LESS : order > 0 ? order == 1 && (wanted & GREATER) : wanted & EQUAL;
}

/* Null is less than everything else. */
static int compare_null(struct call *c, value *ret)
{
    bool left = value_is_null(c->args[0].v), right = value_is_null(c->args[1].v);

    *ret = value_bool(is_wanted(c, (int)right - (int)left));
    return 0;
}

static int compare(struct call *c, value *ret)
{
    int order = 0;

    value_compare(c->args[0].v, c->args[1].v, &order);
    *ret = value_bool(is_wanted(c, order));
    return 0;
}

static int is_boolean(struct call *c, value *ret)
{
    *ret = value_bool(c->args[0].v.kind == VALUE_BOOL);
    return 0;
}

static int to_bool(struct call *c, value *ret)
{
    *ret = value_bool(yaql_truth(c->args[0].v));
    return 0;
}

#define VALUE_PARAM PARAMS({ "value", T_ANY })
#define COMPARE_NULL(sign, order)                                                                         \
    { "#operator_" sign, FUNCTION, compare_null, PARAMS({ "left", T_NOT_NULL }, { "right", T_NULL }),     \
      .data = &order },                                                                                   \
        { "#operator_" sign, FUNCTION, compare_null, PARAMS({ "left", T_NULL }, { "right", T_NOT_NULL }), \
          .data = &order },                                                                               \
    {                                                                                                     \
        "#operator_" sign, FUNCTION, compare_null, PARAMS({ "left", T_NULL }, { "right", T_NULL }),       \
            .data = &order                                                                                \
    }
#define COMPARE(sign, type, order)                                                                        \
    {                                                                                                     \
        "#operator_" sign, FUNCTION, compare, PARAMS({ "left", type }, { "right", type }), .data = &order \
    }
#define COMPARE_ALL(type)                                                                   \
    COMPARE("<", type, less), COMPARE("<=", type, less_equal), COMPARE(">", type, greater), \
        COMPARE(">=", type, greater_equal)

const struct function yaql_compare[] = {
    COMPARE_NULL("<", less),
    COMPARE_NULL("<=", less_equal),
    COMPARE_NULL(">", greater),
    COMPARE_NULL(">=", greater_equal),
    COMPARE_ALL(T_NUMBER),
    COMPARE_ALL(T_STRING),
    COMPARE_ALL(T_DATETIME),
    COMPARE_ALL(T_TIMESPAN),
    { "bool", FUNCTION, to_bool, VALUE_PARAM },
    { "isBoolean", FUNCTION, is_boolean, PARAMS({ "value", T_ANY }) },
    { 0 },
};

/* ---- arithmetic ---- */

/* `data` of the arithmetic functions. */
static const enum number_operator op_add = NUMBER_ADD, op_subtract = NUMBER_SUBTRACT,
                                  op_multiply = NUMBER_MULTIPLY, op_modulo = NUMBER_MODULO,
                                  op_and = NUMBER_BIT_AND, op_or = NUMBER_BIT_OR, op_xor = NUMBER_BIT_XOR,
                                  op_left = NUMBER_SHIFT_LEFT, op_right = NUMBER_SHIFT_RIGHT;

/* Large numbers cost steps, as they cost time. */
static void charge_digits(struct call *c)
{
    size_t size[2] = { 1, 1 };

    for (size_t i = 0; i < 2; i++)
        if (c->args[i].v.kind == VALUE_BIGINT)
            size[i] = mpz_size(c->args[i].v.bigint->number);
    yaql_charge(c->ev, size[0] * size[1] / 128);
}

static int arithmetic(struct call *c, value *ret)
{
    charge_digits(c);
    return number_operate(*(const enum number_operator *)c->function->data, c->args[0].v, c->args[1].v, ret,
                          c->ev->err);
}

static int divide(struct call *c, value *ret)
{
    bool whole = value_is_integer(c->args[0].v) && value_is_integer(c->args[1].v);

    charge_digits(c);
    return number_operate(whole ? NUMBER_FLOOR_DIVIDE : NUMBER_DIVIDE, c->args[0].v, c->args[1].v, ret,
                          c->ev->err);
}

static int positive(struct call *c, value *ret)
{
    *ret = value_ref(c->args[0].v);
    return 0;
}

static int negative(struct call *c, value *ret)
{
    return number_negate(c->args[0].v, ret, c->ev->err);
}

static int absolute(struct call *c, value *ret)
{
    return number_absolute(c->args[0].v, ret, c->ev->err);
}

static int invert(struct call *c, value *ret)
{
    return number_operate(NUMBER_SUBTRACT, value_int(-1), c->args[0].v, ret, c->ev->err);
}

static int sign(struct call *c, value *ret)
{
    int order = 0;

    value_compare(c->args[0].v, value_int(0), &order);
    *ret = value_int(order == 2 ? 0 : order);
    return 0;
}

#define POWER_BITS 2048 /* of each number in pow(a, b, c) */

static int power_modulo(struct call *c, value *ret)
{
    value a = c->args[0].v, b = c->args[1].v, m = c->args[2].v;
    mpz_t n[3];
    const value from[3] = { a, b, m };
    int r = 0;

    if (!value_is_integer(a) || !value_is_integer(b) || !value_is_integer(m))
        return yaql_fail(c->ev, "TypeError",
                         "pow() 3rd argument not allowed unless all arguments are integers");
    if (m.kind == VALUE_INT && m.integer == 0)
        return yaql_fail(c->ev, "ValueError", "pow() 3rd argument cannot be 0");
    for (size_t i = 0; i < 3; i++) {
        if (from[i].kind == VALUE_INT)
            mpz_init_set_si(n[i], from[i].integer);
        else
            mpz_init_set(n[i], from[i].bigint->number);
    }
    if (mpz_sizeinbase(n[0], 2) > POWER_BITS || mpz_sizeinbase(n[1], 2) > POWER_BITS ||
        mpz_sizeinbase(n[2], 2) > POWER_BITS)
        r = yaql_fail(c->ev, "OverflowError", "numbers of more than %d bits in pow()", POWER_BITS);
    yaql_charge(c->ev, mpz_sizeinbase(n[2], 2) * mpz_sizeinbase(n[1], 2) / 64);
    if (r >= 0 && mpz_sgn(n[1]) < 0 && (mpz_invert(n[0], n[0], n[2]) == 0))
        r = yaql_fail(c->ev, "ValueError", "base is not invertible for the given modulus");
    if (r >= 0) {
        mpz_abs(n[1], n[1]);
        mpz_powm(n[0], n[0], n[1], n[2]);
        if (mpz_sgn(n[2]) < 0 && mpz_sgn(n[0]) > 0)
            mpz_add(n[0], n[0], n[2]);
        *ret = value_from_mpz(n[0]);
    }
    for (size_t i = 0; i < 3; i++)
        mpz_clear(n[i]);
    return r;
}

static int power(struct call *c, value *ret)
{
    if (arg_given(c, 2) && !value_is_null(c->args[2].v))
        return power_modulo(c, ret);
    yaql_charge(c->ev, 16);
    return number_operate(NUMBER_POWER, c->args[0].v, c->args[1].v, ret, c->ev->err);
}

static int round_number(struct call *c, value *ret)
{
    int64_t digits;
    int r = arg_int_checked(c, 1, 0, &digits);

    return r < 0 ? r : number_round(c->args[0].v, true, digits, ret, c->ev->err);
}

/* ---- conversion ---- */

static int not_a_number(struct call *c, value v, const char *function)
{
    return yaql_fail(c->ev, "TypeError", "%s() argument must be a string%s or a real number, not '%s'",
                     function, strcmp(function, "int") == 0 ? ", a bytes-like object" : "",
                     yaql_type_name(v));
}

static int to_int(struct call *c, value *ret)
{
    value v = c->args[0].v;

    if (value_is_null(v)) {
        *ret = value_int(0);
        return 0;
    }
    if (value_is_string(v))
        return number_parse_int(value_chars(v), value_len(v), 10, ret, c->ev->err);
    if (value_is_number(v) || v.kind == VALUE_BOOL)
        return number_to_integer(v, ret, c->ev->err);
    return not_a_number(c, v, "int");
}

static int to_float(struct call *c, value *ret)
{
    value v = c->args[0].v;
    double d;

    if (value_is_null(v)) {
        *ret = value_float(0);
        return 0;
    }
    if (value_is_string(v))
        return number_parse_float(value_chars(v), value_len(v), ret, c->ev->err);
    if (!value_is_number(v) && v.kind != VALUE_BOOL)
        return not_a_number(c, v, "float");
    if (!number_to_double(v, &d))
        return yaql_fail(c->ev, "OverflowError", "int too large to convert to float");
    *ret = value_float(d);
    return 0;
}

static int is_integer(struct call *c, value *ret)
{
    *ret = value_bool(value_is_integer(c->args[0].v));
    return 0;
}

static int is_number(struct call *c, value *ret)
{
    *ret = value_bool(value_is_number(c->args[0].v));
    return 0;
}

static int hex(struct call *c, value *ret)
{
    value v = c->args[0].v;
    char *digits;

    if (!value_is_integer(v))
        return yaql_fail(c->ev, "TypeError", "'%s' object cannot be interpreted as an integer",
                         yaql_type_name(v));
    if (v.kind == VALUE_INT) {
        uint64_t n = v.integer < 0 ? 0 - (uint64_t)v.integer : (uint64_t)v.integer;

        *ret = value_textf("%s0x%llx", v.integer < 0 ? "-" : "", (unsigned long long)n);
        return 0;
    }
    digits = mpz_get_str(NULL, 16, v.bigint->number);
    *ret = digits[0] == '-' ? value_textf("-0x%s", digits + 1) : value_textf("0x%s", digits);
    free(digits);
    return 0;
}

/* ---- chance ---- */

static uint64_t draw(struct evaluation *ev)
{
    ev->random += 0x9e3779b97f4a7c15ULL;
    return hash_mix(ev->random);
}

static int random_float(struct call *c, value *ret)
{
    *ret = value_float((double)(draw(c->ev) >> 11) * 0x1p-53);
    return 0;
}

static int random_between(struct call *c, value *ret)
{
    value from = c->args[0].v, to = c->args[1].v;
    uint64_t span;

    if ((from.kind != VALUE_INT && from.kind != VALUE_BOOL) ||
        (to.kind != VALUE_INT && to.kind != VALUE_BOOL))
        return yaql_fail(c->ev, "TypeError", "'%s' object cannot be interpreted as an integer",
                         yaql_type_name(value_is_integer(from) ? to : from));
    if (from.integer > to.integer)
        return yaql_fail(c->ev, "ValueError", "empty range for randrange() (%lld, %lld, %lld)",
                         (long long)from.integer, (long long)to.integer + 1,
                         (long long)to.integer + 1 - (long long)from.integer);
    span = (uint64_t)to.integer - (uint64_t)from.integer + 1;
    *ret = value_int((int64_t)((uint64_t)from.integer +
                               (span ? (uint64_t)(((__uint128_t)draw(c->ev) * span) >> 64) : draw(c->ev))));
    return 0;
}

/* max and min of two, by the operator >. */
static int pick(struct call *c, bool larger, value *ret)
{
    value v;
    bool second;
    int r = yaql_binary(c->ev, c->frame, OP_GREATER, c->args[1].v, c->args[0].v, &v);

    if (r < 0)
        return r;
    second = yaql_truth(v) == larger;
    value_unref(v);
    *ret = value_ref(c->args[second ? 1 : 0].v);
    return 0;
}

static int max_of_two(struct call *c, value *ret)
{
    return pick(c, true, ret);
}

static int min_of_two(struct call *c, value *ret)
{
    return pick(c, false, ret);
}

#define TWO(type) PARAMS({ "left", type }, { "right", type })
#define ONE(type) PARAMS({ "op", type })
#define BINARY(sign, op)                                                    \
    {                                                                       \
        "#operator_" sign, FUNCTION, arithmetic, TWO(T_NUMBER), .data = &op \
    }
#define SHIFT PARAMS({ "value", T_INT }, { "bitsNumber", T_INT })

const struct function yaql_math[] = {
    BINARY("+", op_add),
    BINARY("-", op_subtract),
    BINARY("*", op_multiply),
    BINARY("mod", op_modulo),
    { "#operator_/", FUNCTION, divide, TWO(T_NUMBER) },
    { "#unary_operator_+", FUNCTION, positive, ONE(T_NUMBER) },
    { "#unary_operator_-", FUNCTION, negative, ONE(T_NUMBER) },
    { "abs", FUNCTION, absolute, ONE(T_NUMBER) },
    { "sign", FUNCTION, sign, PARAMS({ "num", T_NUMBER }) },
    { "int", FUNCTION, to_int, VALUE_PARAM },
    { "float", FUNCTION, to_float, VALUE_PARAM },
    { "isInteger", FUNCTION, is_integer, VALUE_PARAM },
    { "isNumber", FUNCTION, is_number, VALUE_PARAM },
    { "hex", FUNCTION, hex, PARAMS({ "num", T_NUMBER_N }) },
    { "random", FUNCTION, random_float },
    { "random", FUNCTION, random_between, PARAMS({ "from", T_ANY }, { "to", T_ANY }) },
    { "bitwiseAnd", FUNCTION, arithmetic, TWO(T_INT), .data = &op_and },
    { "bitwiseOr", FUNCTION, arithmetic, TWO(T_INT), .data = &op_or },
    { "bitwiseXor", FUNCTION, arithmetic, TWO(T_INT), .data = &op_xor },
    { "bitwiseNot", FUNCTION, invert, PARAMS({ "arg", T_INT }) },
    { "shiftBitsLeft", FUNCTION, arithmetic, SHIFT, .data = &op_left },
    { "shiftBitsRight", FUNCTION, arithmetic, SHIFT, .data = &op_right },
    { "max", FUNCTION, max_of_two, PARAMS({ "a", T_ANY }, { "b", T_ANY }) },
    { "min", FUNCTION, min_of_two, PARAMS({ "a", T_ANY }, { "b", T_ANY }) },
    { "pow", FUNCTION, power, PARAMS({ "a", T_NUMBER }, { "b", T_NUMBER }, { "c", T_NUMBER_N, OPTIONAL }) },
    { "round", FUNCTION, round_number, PARAMS({ "number", T_NUMBER }, { "ndigits", T_INT, OPTIONAL }) },
    { 0 },
};
