/* SPDX-License-Identifier: Apache-2.0 */
/* Three lanes: 64 bit integers while nothing overflows, GMP beyond that, doubles as soon as one operand is a float. */
#include "value/number.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "value/python.h"

static const char *const operator_texts[] = {
    [NUMBER_ADD] = "+",
    [NUMBER_SUBTRACT] = "-",
    [NUMBER_MULTIPLY] = "*",
    [NUMBER_DIVIDE] = "/",
    [NUMBER_FLOOR_DIVIDE] = "//",
    [NUMBER_MODULO] = "%",
    [NUMBER_POWER] = "** or pow()",
    [NUMBER_BIT_AND] = "&",
    [NUMBER_BIT_OR] = "|",
    [NUMBER_BIT_XOR] = "^",
    [NUMBER_SHIFT_LEFT] = "<<",
    [NUMBER_SHIFT_RIGHT] = ">>",
};

static bool is_whole(value v)
{
    return v.kind == VALUE_BOOL || value_is_integer(v);
}

static int64_t small(value v)
{
    return v.kind == VALUE_BOOL ? v.boolean : v.integer;
}

static int type_error(enum number_operator op, value a, value b, struct error *err)
{
    return error_set_kind(err, -EINVAL, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'",
                          operator_texts[op], python_type_name(a), python_type_name(b));
}

static int zero_division(struct error *err, const char *text)
{
    return error_set_kind(err, -EDOM, "ZeroDivisionError", "%s", text);
}

static int overflow(struct error *err, const char *text)
{
    return error_set_kind(err, -ERANGE, "OverflowError", "%s", text);
}

static int too_large(struct error *err)
{
    return error_set_kind(err, -ERANGE, "OverflowError", "integer result is larger than %d bits",
                          NUMBER_BITS_MAX);
}

/* ---- integers of any size ---- */

static void big_release(mpz_t *n)
{
    mpz_clear(*n);
}

/* GMP allocates nothing before a number is set. */
#define BIG_AUTO(name)                                \
    __attribute__((cleanup(big_release))) mpz_t name; \
    mpz_init(name)

static void big_set(mpz_t n, value v)
{
    if (v.kind == VALUE_BIGINT)
        mpz_set(n, v.bigint->number);
    else
        mpz_set_si(n, small(v));
}

static size_t big_bits(const mpz_t n)
{
    return mpz_sgn(n) ? mpz_sizeinbase(n, 2) : 0;
}

/* n * 2^-shift as the nearest double, halves to even; `sticky` says that something non-zero lies below n. */
static double big_scaled_to_double(const mpz_t n, long shift, bool sticky)
{
    long bits = (long)big_bits(n), top = bits - 1 - shift, precision = 53, drop;
    BIG_AUTO(kept);
    int half = 0;
    double d;

    if (!bits)
        return 0.0;
    if (top > 1024)
        return mpz_sgn(n) < 0 ? -INFINITY : INFINITY;
    if (top < -1022)
        precision -= -1022 - top;
    if (precision < 0)
        return mpz_sgn(n) < 0 ? -0.0 : 0.0;
    drop = bits - precision;
    mpz_abs(kept, n);
    if (drop > 0) {
        half = mpz_tstbit(kept, (mp_bitcnt_t)drop - 1);
        if (half) {
            sticky = sticky || mpz_scan1(kept, 0) < (mp_bitcnt_t)drop - 1;
            half = sticky || mpz_tstbit(kept, (mp_bitcnt_t)drop);
        }
        mpz_fdiv_q_2exp(kept, kept, (mp_bitcnt_t)drop);
        if (half)
            mpz_add_ui(kept, kept, 1);
    } else {
        drop = 0;
    }
    d = ldexp(mpz_get_d(kept), (int)(drop - shift));
    return mpz_sgn(n) < 0 ? -d : d;
}

static double big_to_double(const mpz_t n)
{
    return big_scaled_to_double(n, 0, false);
}

static double big_quotient(const mpz_t a, const mpz_t b)
{
    /* A quotient of at least 65 bits is enough for one rounding: the rest only says whether it is exact. */
    long shift = 66 - ((long)big_bits(a) - (long)big_bits(b));
    BIG_AUTO(top);
    BIG_AUTO(bottom);
    BIG_AUTO(rest);

    mpz_set(top, a);
    mpz_set(bottom, b);
    if (shift > 0)
        mpz_mul_2exp(top, top, (mp_bitcnt_t)shift);
    else
        mpz_mul_2exp(bottom, bottom, (mp_bitcnt_t)-shift);
    mpz_tdiv_qr(top, rest, top, bottom);
    return big_scaled_to_double(top, shift, mpz_sgn(rest) != 0);
}

static int big_power(const mpz_t base, const mpz_t exponent, value *ret, struct error *err)
{
    BIG_AUTO(result);
    double d, e;

    if (mpz_sgn(exponent) < 0) {
        if (!mpz_sgn(base))
            return zero_division(err, "0.0 cannot be raised to a negative power");
        d = big_to_double(base);
        e = big_to_double(exponent);
        if (isinf(d) || isinf(e))
            return overflow(err, "int too large to convert to float");
        *ret = value_float(pow(d, e));
        return 0;
    }
    if (mpz_cmpabs_ui(base, 1) <= 0) {
        if (mpz_sgn(exponent) && mpz_sgn(base) < 0)
            mpz_set_si(result, mpz_odd_p(exponent) ? -1 : 1);
        else
            mpz_set_si(result, mpz_sgn(exponent) ? mpz_sgn(base) : 1);
    } else {
        if (mpz_cmp_ui(exponent, NUMBER_BITS_MAX) > 0 ||
            (big_bits(base) - 1) * mpz_get_ui(exponent) > NUMBER_BITS_MAX)
            return too_large(err);
        mpz_pow_ui(result, base, mpz_get_ui(exponent));
        if (big_bits(result) > NUMBER_BITS_MAX)
            return too_large(err);
    }
    *ret = value_from_mpz(result);
    return 0;
}

static int big_shift(enum number_operator op, const mpz_t a, const mpz_t b, value *ret, struct error *err)
{
    BIG_AUTO(result);

    if (mpz_sgn(b) < 0)
        return error_set_kind(err, -EINVAL, "ValueError", "negative shift count");
    if (op == NUMBER_SHIFT_RIGHT) {
        if (mpz_cmp_ui(b, 2 * NUMBER_BITS_MAX) > 0)
            mpz_set_si(result, mpz_sgn(a) < 0 ? -1 : 0);
        else
            mpz_fdiv_q_2exp(result, a, mpz_get_ui(b));
    } else if (mpz_sgn(a)) {
        if (mpz_cmp_ui(b, NUMBER_BITS_MAX) > 0 || big_bits(a) + mpz_get_ui(b) > NUMBER_BITS_MAX)
            return too_large(err);
        mpz_mul_2exp(result, a, mpz_get_ui(b));
    }
    *ret = value_from_mpz(result);
    return 0;
}

static int big_operate(enum number_operator op, value left, value right, value *ret, struct error *err)
{
    BIG_AUTO(a);
    BIG_AUTO(b);
    BIG_AUTO(result);
    double d;

    big_set(a, left);
    big_set(b, right);
    switch (op) {
    case NUMBER_ADD:
        mpz_add(result, a, b);
        break;
    case NUMBER_SUBTRACT:
        mpz_sub(result, a, b);
        break;
    case NUMBER_MULTIPLY:
        if (big_bits(a) + big_bits(b) > NUMBER_BITS_MAX)
            return too_large(err);
        mpz_mul(result, a, b);
        break;
    case NUMBER_DIVIDE:
        if (!mpz_sgn(b))
            return zero_division(err, "division by zero");
        d = mpz_sgn(a) ? big_quotient(a, b) : copysign(0.0, mpz_sgn(b));
        if (isinf(d))
            return overflow(err, "integer division result too large for a float");
        *ret = value_float(d);
        return 0;
    case NUMBER_FLOOR_DIVIDE:
        if (!mpz_sgn(b))
            return zero_division(err, "integer division or modulo by zero");
        mpz_fdiv_q(result, a, b);
        break;
    case NUMBER_MODULO:
        if (!mpz_sgn(b))
            return zero_division(err, "integer modulo by zero");
        mpz_fdiv_r(result, a, b);
        break;
    case NUMBER_POWER:
        return big_power(a, b, ret, err);
    case NUMBER_BIT_AND:
        mpz_and(result, a, b);
        break;
    case NUMBER_BIT_OR:
        mpz_ior(result, a, b);
        break;
    case NUMBER_BIT_XOR:
        mpz_xor(result, a, b);
        break;
    case NUMBER_SHIFT_LEFT:
    case NUMBER_SHIFT_RIGHT:
        return big_shift(op, a, b, ret, err);
    }
    if (big_bits(result) > NUMBER_BITS_MAX)
        return too_large(err);
    *ret = value_from_mpz(result);
    return 0;
}

/* ---- the two quick lanes ---- */

/* True when the result fits 64 bits and was computed. */
static bool small_operate(enum number_operator op, int64_t a, int64_t b, value *ret)
{
    int64_t result, rest;

    switch (op) {
    case NUMBER_ADD:
        if (__builtin_add_overflow(a, b, &result))
            return false;
        break;
    case NUMBER_SUBTRACT:
        if (__builtin_sub_overflow(a, b, &result))
            return false;
        break;
    case NUMBER_MULTIPLY:
        if (__builtin_mul_overflow(a, b, &result))
            return false;
        break;
    case NUMBER_DIVIDE:
        if (!b || a > (1LL << 53) || a < -(1LL << 53) || b > (1LL << 53) || b < -(1LL << 53))
            return false;
        *ret = value_float((double)a / (double)b);
        return true;
    case NUMBER_FLOOR_DIVIDE:
    case NUMBER_MODULO:
        if (!b || (a == INT64_MIN && b == -1))
            return false;
        rest = a % b;
        if (op == NUMBER_MODULO)
            result = rest && (rest < 0) != (b < 0) ? rest + b : rest;
        else
            result = a / b - (rest && (rest < 0) != (b < 0));
        break;
    case NUMBER_BIT_AND:
        result = a & b;
        break;
    case NUMBER_BIT_OR:
        result = a | b;
        break;
    case NUMBER_BIT_XOR:
        result = a ^ b;
        break;
    default:
        return false;
    }
    *ret = value_int(result);
    return true;
}

static double float_modulo(double a, double b)
{
    double m = fmod(a, b);

    if (m == 0)
        return copysign(0.0, b);
    return (b < 0) != (m < 0) ? m + b : m;
}

static double float_floor_divide(double a, double b)
{
    double m = fmod(a, b), quotient = (a - m) / b, whole;

    if (m != 0 && (b < 0) != (m < 0))
        quotient -= 1.0;
    if (quotient == 0)
        return copysign(0.0, a / b);
    whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

static int float_power(double a, double b, value *ret, struct error *err)
{
    double result;

    if (a == 0 && b < 0)
        return zero_division(err, "0.0 cannot be raised to a negative power");
    if (a < 0 && isfinite(a) && isfinite(b) && b != floor(b))
        return error_set_kind(err, -EDOM, "ValueError",
                              "the result of a negative number raised to a fraction is complex");
    result = pow(a, b);
    if (isinf(result) && isfinite(a) && isfinite(b))
        return overflow(err, "(34, 'Numerical result out of range')");
    *ret = value_float(result);
    return 0;
}

static int float_operate(enum number_operator op, double a, double b, value *ret, struct error *err)
{
    switch (op) {
    case NUMBER_ADD:
        *ret = value_float(a + b);
        return 0;
    case NUMBER_SUBTRACT:
        *ret = value_float(a - b);
        return 0;
    case NUMBER_MULTIPLY:
        *ret = value_float(a * b);
        return 0;
    case NUMBER_DIVIDE:
        if (b == 0)
            return zero_division(err, "float division by zero");
        *ret = value_float(a / b);
        return 0;
    case NUMBER_FLOOR_DIVIDE:
        if (b == 0)
            return zero_division(err, "float floor division by zero");
        *ret = value_float(float_floor_divide(a, b));
        return 0;
    case NUMBER_MODULO:
        if (b == 0)
            return zero_division(err, "float modulo");
        *ret = value_float(float_modulo(a, b));
        return 0;
    default:
        return float_power(a, b, ret, err);
    }
}

static bool is_bit_operator(enum number_operator op)
{
    return op >= NUMBER_BIT_AND;
}

int number_operate(enum number_operator op, value a, value b, value *ret, struct error *err)
{
    double left, right;

    assert((size_t)op < ELEMENTS(operator_texts));
    if (is_whole(a) && is_whole(b)) {
        if (a.kind == VALUE_BOOL && b.kind == VALUE_BOOL && op >= NUMBER_BIT_AND && op <= NUMBER_BIT_XOR) {
            value v = VALUE_NOTHING;

            small_operate(op, a.boolean, b.boolean, &v);
            *ret = value_bool(v.integer);
            return 0;
        }
        if (a.kind != VALUE_BIGINT && b.kind != VALUE_BIGINT && small_operate(op, small(a), small(b), ret))
            return 0;
        return big_operate(op, a, b, ret, err);
    }
    if ((!is_whole(a) && a.kind != VALUE_FLOAT) || (!is_whole(b) && b.kind != VALUE_FLOAT) ||
        is_bit_operator(op))
        return type_error(op, a, b, err);
    if (!number_to_double(a, &left) || !number_to_double(b, &right))
        return overflow(err, "int too large to convert to float");
    return float_operate(op, left, right, ret, err);
}

int number_negate(value a, value *ret, struct error *err)
{
    if (a.kind == VALUE_FLOAT) {
        *ret = value_float(-a.number);
        return 0;
    }
    if (!is_whole(a))
        return error_set_kind(err, -EINVAL, "TypeError", "bad operand type for unary -: '%s'",
                              python_type_name(a));
    return number_operate(NUMBER_SUBTRACT, value_int(0), a, ret, err);
}

int number_absolute(value a, value *ret, struct error *err)
{
    if (a.kind == VALUE_FLOAT) {
        *ret = value_float(fabs(a.number));
        return 0;
    }
    if (!is_whole(a))
        return error_set_kind(err, -EINVAL, "TypeError", "bad operand type for abs(): '%s'",
                              python_type_name(a));
    if (a.kind == VALUE_BIGINT ? mpz_sgn(a.bigint->number) < 0 : small(a) < 0)
        return number_negate(a, ret, err);
    *ret = a.kind == VALUE_BOOL ? value_int(a.boolean) : value_ref(a);
    return 0;
}

/* ---- conversions ---- */

bool number_to_double(value v, double *ret)
{
    double d;

    switch (v.kind) {
    case VALUE_BOOL:
        *ret = v.boolean;
        return true;
    case VALUE_INT:
        *ret = (double)v.integer;
        return true;
    case VALUE_FLOAT:
        *ret = v.number;
        return true;
    case VALUE_BIGINT:
        d = big_to_double(v.bigint->number);
        if (isinf(d))
            return false;
        *ret = d;
        return true;
    default:
        return false;
    }
}

static int from_whole_double(double d, value *ret, struct error *err)
{
    BIG_AUTO(n);

    if (isnan(d))
        return error_set_kind(err, -EINVAL, "ValueError", "cannot convert float NaN to integer");
    if (isinf(d))
        return overflow(err, "cannot convert float infinity to integer");
    mpz_set_d(n, d);
    *ret = value_from_mpz(n);
    return 0;
}

int number_to_integer(value v, value *ret, struct error *err)
{
    if (v.kind == VALUE_FLOAT)
        return from_whole_double(trunc(v.number), ret, err);
    if (!is_whole(v))
        return error_set_kind(
            err, -EINVAL, "TypeError",
            "int() argument must be a string, a bytes-like object or a real number, not '%s'",
            python_type_name(v));
    *ret = v.kind == VALUE_BOOL ? value_int(v.boolean) : value_ref(v);
    return 0;
}

/* Rounds n to a multiple of 10^k, halves to even; `sticky`: there is a fraction behind n (of the same sign). */
static void big_round_to_tens(mpz_t n, unsigned long k, bool sticky)
{
    BIG_AUTO(unit);
    BIG_AUTO(rest);
    int sign = mpz_sgn(n), order;

    mpz_ui_pow_ui(unit, 10, k);
    mpz_abs(n, n);
    mpz_tdiv_qr(n, rest, n, unit);
    mpz_mul_2exp(rest, rest, 1);
    order = mpz_cmp(rest, unit);
    if (order > 0 || (order == 0 && (sticky || mpz_odd_p(n))))
        mpz_add_ui(n, n, 1);
    mpz_mul(n, n, unit);
    if (sign < 0)
        mpz_neg(n, n);
}

static int round_whole(value v, int64_t digits, value *ret)
{
    BIG_AUTO(n);

    if (digits >= 0) {
        *ret = v.kind == VALUE_BOOL ? value_int(v.boolean) : value_ref(v);
        return 0;
    }
    big_set(n, v);
    if ((uint64_t) - (digits + 1) > mpz_sizeinbase(n, 10)) {
        *ret = value_int(0);
        return 0;
    }
    big_round_to_tens(n, (unsigned long)-digits, false);
    *ret = value_from_mpz(n);
    return 0;
}

/* Where the digit behind the last one that stays is far from a half: then the double says what its exact decimal value would. */
static bool round_plainly(double d, int64_t digits, double *ret)
{
    static const double scales[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
    double scaled, whole;

    if (digits < 0 || digits >= (int64_t)ELEMENTS(scales) || !(fabs(d) < 1e9))
        return false;
    scaled = fabs(d) * scales[digits];
    whole = floor(scaled);
    if (whole > 1e11 || fabs(scaled - whole - 0.5) < 1e-4)
        return false;
    if (scaled - whole > 0.5)
        whole += 1;
    *ret = copysign(whole / scales[digits], d);
    return true;
}

static int round_float(double d, int64_t digits, value *ret, struct error *err)
{
    char text[700];
    double result;

    if (!isfinite(d) || digits > 323 || d == 0) {
        *ret = value_float(d);
        return 0;
    }
    if (digits < -308) {
        *ret = value_float(copysign(0.0, d));
        return 0;
    }
    if (round_plainly(d, digits, &result)) {
        *ret = value_float(result);
        return 0;
    }
    if (digits >= 0) {
        /* The C library prints the exact decimal value, halves to even, so this is the correctly rounded result. */
        snprintf(text, sizeof(text), "%.*f", (int)digits, d);
        result = strtod(text, NULL);
    } else {
        BIG_AUTO(n);

        mpz_set_d(n, trunc(d));
        big_round_to_tens(n, (unsigned long)-digits, d != trunc(d));
        result = copysign(big_to_double(n), d);
    }
    if (isinf(result))
        return overflow(err, "rounded value too large to represent");
    *ret = value_float(result);
    return 0;
}

int number_round(value v, bool has_digits, int64_t digits, value *ret, struct error *err)
{
    if (v.kind == VALUE_FLOAT)
        return has_digits ? round_float(v.number, digits, ret, err)
                          : from_whole_double(rint(v.number), ret, err);
    if (!is_whole(v))
        return error_set_kind(err, -EINVAL, "TypeError", "type %s doesn't define __round__ method",
                              python_type_name(v));
    return round_whole(v, has_digits ? digits : 0, ret);
}

/* ---- text ---- */

unsigned number_text_length(int64_t n)
{
    unsigned len = 1 + (n < 0);

    for (uint64_t size = n < 0 ? 0 - (uint64_t)n : (uint64_t)n; size >= 10; size /= 10)
        len++;
    return len;
}

void number_put_text(int64_t n, char *end)
{
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
        "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
        "8081828384858687888990919293949596979899";
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

    for (; rest >= 100; rest /= 100) {
        end -= 2;
        memcpy(end, &pairs[rest % 100 * 2], 2);
    }
    if (rest >= 10)
        *--end = (char)('0' + rest % 10);
    *--end = (char)('0' + (rest >= 10 ? rest / 10 : rest));
    if (n < 0)
        *--end = '-';
}
