/* SPDX-License-Identifier: Apache-2.0 */
/* Methods and attributes of int and float. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "expr/jinja/engine.h"

static void to_mpz(value v, mpz_t ret)
{
    if (v.kind == VALUE_BIGINT)
        mpz_init_set(ret, v.bigint->number);
    else
        mpz_init_set_si(ret, v.integer);
}

static int int_bit_length(struct ev *ev, value self, struct bound *bound, value *ret)
{
    mpz_t n;

    to_mpz(self, n);
    *ret = value_int(mpz_sgn(n) ? (int64_t)mpz_sizeinbase(n, 2) : 0);
    mpz_clear(n);
    return 0;
}

static int int_bit_count(struct ev *ev, value self, struct bound *bound, value *ret)
{
    mpz_t n;

    to_mpz(self, n);
    mpz_abs(n, n);
    *ret = value_int((int64_t)mpz_popcount(n));
    mpz_clear(n);
    return 0;
}

/* An int as itself, a bool as the int it is. */
static int int_real(struct ev *ev, value self, struct bound *bound, value *ret)
{
    *ret = self.kind == VALUE_BOOL ? value_int(self.integer) : value_ref(self);
    return 0;
}

static int int_zero(struct ev *ev, value self, struct bound *bound, value *ret)
{
    *ret = self.kind == VALUE_FLOAT ? value_float(0) : value_int(0);
    return 0;
}

static int int_one(struct ev *ev, value self, struct bound *bound, value *ret)
{
    *ret = value_int(1);
    return 0;
}

static int int_ratio(struct ev *ev, value self, struct bound *bound, value *ret)
{
    value real;

    int_real(ev, self, bound, &real);
    *ret = value_tuple_new(2);
    value_list_append(ret, real);
    value_list_append(ret, value_int(1));
    return 0;
}

static int int_to_bytes(struct ev *ev, value self, struct bound *bound, value *ret)
{
    bool little = value_is_set(bound->args[1]) && value_text_is(text_of(bound->args[1]), "little"), negative,
         is_signed = false;
    int64_t length = 1;
    unsigned char *bytes;
    size_t count = 0;
    mpz_t n;

    if ((value_is_set(bound->args[0]) && ev_index_of(ev, bound->args[0], &length) < 0) ||
        (value_is_set(bound->args[2]) && ev_truth(ev, bound->args[2], &is_signed) < 0))
        return -1;
    if (length < 0)
        return ev_error(ev, "ValueError", "length argument must be non-negative");
    if (value_is_set(bound->args[1]) && !little && !value_text_is(text_of(bound->args[1]), "big"))
        return ev_error(ev, "ValueError", "byteorder must be either 'little' or 'big'");
    if (length > 65536)
        return ev_limit(ev, LIMIT_NUMBER, 65536);
    to_mpz(self, n);
    negative = mpz_sgn(n) < 0;
    if (negative && !is_signed) {
        mpz_clear(n);
        return ev_error(ev, "OverflowError", "can't convert negative int to unsigned");
    }
    if (negative) {
        mpz_t all;

        mpz_init(all);
        mpz_setbit(all, (mp_bitcnt_t)length * 8);
        mpz_add(n, n, all);
        mpz_clear(all);
    }
    if (mpz_sgn(n) < 0 ||
        (mpz_sgn(n) && mpz_sizeinbase(n, 2) > (size_t)length * 8 - (is_signed && !negative && length))) {
        mpz_clear(n);
        return ev_error(ev, "OverflowError", "int too big to convert");
    }
    bytes = xcalloc((size_t)length + 1, 1);
    if (mpz_sgn(n)) {
        size_t used = (mpz_sizeinbase(n, 2) + 7) / 8;

        mpz_export(little ? bytes : bytes + (size_t)length - used, &count, little ? -1 : 1, 1, 0, 0, n);
    }
    *ret = value_bytes(bytes, (size_t)length);
    free(bytes);
    mpz_clear(n);
    return 0;
}

static int float_is_integer(struct ev *ev, value self, struct bound *bound, value *ret)
{
    *ret = value_bool(isfinite(self.number) && floor(self.number) == self.number);
    return 0;
}

static int float_hex(struct ev *ev, value self, struct bound *bound, value *ret)
{
    double d = self.number;
    int exponent;
    uint64_t bits;

    if (!isfinite(d)) {
        *ret = value_text(isnan(d) ? "nan" : d < 0 ? "-inf" : "inf");
        return 0;
    }
    memcpy(&bits, &d, sizeof(bits));
    exponent = (int)(bits >> 52 & 0x7ff);
    if (d == 0)
        *ret = value_text(signbit(d) ? "-0x0.0p+0" : "0x0.0p+0");
    else
        *ret =
            value_textf("%s0x%d.%013llxp%+d", signbit(d) ? "-" : "", exponent != 0,
                        (unsigned long long)(bits & 0xfffffffffffffULL), exponent ? exponent - 1023 : -1022);
    return 0;
}

static int float_ratio(struct ev *ev, value self, struct bound *bound, value *ret)
{
    double mantissa;
    mpz_t up, down;
    int exponent;

    if (!isfinite(self.number))
        return ev_error(ev, isnan(self.number) ? "ValueError" : "OverflowError",
                        "cannot convert %s to integer ratio", isnan(self.number) ? "NaN" : "Infinity");
    mantissa = frexp(self.number, &exponent);
    mpz_init_set_d(up, ldexp(mantissa, 53));
    mpz_init_set_ui(down, 1);
    exponent -= 53;
    if (exponent > 0)
        mpz_mul_2exp(up, up, (mp_bitcnt_t)exponent);
    for (; exponent < 0 && mpz_even_p(up) && mpz_sgn(up); exponent++)
        mpz_tdiv_q_2exp(up, up, 1);
    if (exponent < 0 && mpz_sgn(up))
        mpz_mul_2exp(down, down, (mp_bitcnt_t)-exponent);
    *ret = value_tuple_new(2);
    value_list_append(ret, value_from_mpz(up));
    value_list_append(ret, value_from_mpz(down));
    mpz_clear(up);
    mpz_clear(down);
    return 0;
}

const struct method_row methods_number[] = {
    { "as_integer_ratio", METHOD_INT, int_ratio, 0, 0, 0, { 0 } },
    { "bit_count", METHOD_INT, int_bit_count, 0, 0, 0, { 0 } },
    { "bit_length", METHOD_INT, int_bit_length, 0, 0, 0, { 0 } },
    { "conjugate", METHOD_INT, int_real, 0, 0, 0, { 0 } },
    { "denominator", METHOD_INT, int_one, METHOD_PROPERTY, 0, 0, { 0 } },
    { "imag", METHOD_INT, int_zero, METHOD_PROPERTY, 0, 0, { 0 } },
    { "numerator", METHOD_INT, int_real, METHOD_PROPERTY, 0, 0, { 0 } },
    { "real", METHOD_INT, int_real, METHOD_PROPERTY, 0, 0, { 0 } },
    { "to_bytes", METHOD_INT, int_to_bytes, BUILTIN_NAMED, 0, 3, { "length", "byteorder", "signed" } },
    { "as_integer_ratio", METHOD_FLOAT, float_ratio, 0, 0, 0, { 0 } },
    { "conjugate", METHOD_FLOAT, int_real, 0, 0, 0, { 0 } },
    { "hex", METHOD_FLOAT, float_hex, 0, 0, 0, { 0 } },
    { "imag", METHOD_FLOAT, int_zero, METHOD_PROPERTY, 0, 0, { 0 } },
    { "is_integer", METHOD_FLOAT, float_is_integer, 0, 0, 0, { 0 } },
    { "real", METHOD_FLOAT, int_real, METHOD_PROPERTY, 0, 0, { 0 } },
    { 0 },
};
