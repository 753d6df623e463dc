/* SPDX-License-Identifier: Apache-2.0 */
/* Python's arithmetic on bool, int of any size and float. Pure. Results that would not fit NUMBER_BITS_MAX fail before
   they are computed. */
#ifndef FULMAR_VALUE_NUMBER_H
#define FULMAR_VALUE_NUMBER_H

#include "base/error.h"
#include "value/value.h"

#define NUMBER_BITS_MAX 65536

enum number_operator {
    NUMBER_ADD,
    NUMBER_SUBTRACT,
    NUMBER_MULTIPLY,
    NUMBER_DIVIDE, /* "/": always float */
    NUMBER_FLOOR_DIVIDE,
    NUMBER_MODULO, /* sign of the divisor */
    NUMBER_POWER,
    NUMBER_BIT_AND,
    NUMBER_BIT_OR,
    NUMBER_BIT_XOR,
    NUMBER_SHIFT_LEFT,
    NUMBER_SHIFT_RIGHT,
};

/* Both operands must be bool, int or float (bit operations: no floats); err->kind is Python's class
   (ZeroDivisionError, OverflowError, TypeError, ValueError) and the text Python's. */
int number_operate(enum number_operator op, value a, value b, value *ret, struct error *err);
int number_negate(value a, value *ret, struct error *err);
int number_absolute(value a, value *ret, struct error *err);
/* Nearest double; false when it overflows. */
bool number_to_double(value v, double *ret);
/* Truncates towards zero like int(); fails for NaN and infinities. */
int number_to_integer(value v, value *ret, struct error *err);
/* round(x, ndigits): half to even, correct for decimal digits as Python's; *ret is a float for floats, an int for ints;
   without ndigits (has_digits false) an int. */
int number_round(value v, bool has_digits, int64_t digits, value *ret, struct error *err);
/* Bytes of an integer's text, its sign included, and that text, written in front of `end`. */
unsigned number_text_length(int64_t n);
void number_put_text(int64_t n, char *end);
/* int(text, base) and float(text) as Python reads them (white space, underscores, signs; "nan", "inf"). */
int number_parse_int(const char *text, size_t n, int base, value *ret, struct error *err);
int number_parse_float(const char *text, size_t n, value *ret, struct error *err);

#endif
