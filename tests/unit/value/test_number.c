/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "value/number.h"
#include "value/python.h"

/* What `a op b` shows as, or "Class: text". Operands and result are Python literals. */
static void assert_operation(enum number_operator op, const char *a, const char *b, const char *expected)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(shown);
    VALUE_AUTO(left);
    VALUE_AUTO(right);
    VALUE_AUTO(result);

    assert_int_equal(python_literal(a, strlen(a), &left, &err), 0);
    assert_int_equal(python_literal(b, strlen(b), &right, &err), 0);
    if (number_operate(op, left, right, &result, &err) < 0)
        buffer_addf(&shown, "%s: %s", err.kind, error_text(&err));
    else
        python_repr(&shown, result);
    assert_string_equal(buffer_text(&shown), expected);
}

TEST(integers_grow_past_64_bits)
{
    assert_operation(NUMBER_ADD, "9223372036854775807", "1", "9223372036854775808");
    assert_operation(NUMBER_SUBTRACT, "9223372036854775808", "1", "9223372036854775807");
    assert_operation(NUMBER_MULTIPLY, "-9223372036854775808", "-1", "9223372036854775808");
    assert_operation(NUMBER_POWER, "2", "100", "1267650600228229401496703205376");
    assert_operation(NUMBER_FLOOR_DIVIDE, "-9223372036854775808", "-1", "9223372036854775808");
}

TEST(division_is_pythons)
{
    assert_operation(NUMBER_DIVIDE, "6", "2", "3.0");
    assert_operation(NUMBER_FLOOR_DIVIDE, "-7", "2", "-4");
    assert_operation(NUMBER_MODULO, "-7", "3", "2");
    assert_operation(NUMBER_MODULO, "7.5", "-2", "-0.5");
    assert_operation(NUMBER_DIVIDE, "100000000000000000000", "3", "3.333333333333333e+19");
    assert_operation(NUMBER_DIVIDE, "1", "0", "ZeroDivisionError: division by zero");
    assert_operation(NUMBER_FLOOR_DIVIDE, "1", "0", "ZeroDivisionError: integer division or modulo by zero");
    assert_operation(NUMBER_MODULO, "1.0", "0", "ZeroDivisionError: float modulo");
}

TEST(powers_follow_the_signs)
{
    assert_operation(NUMBER_POWER, "2", "-1", "0.5");
    assert_operation(NUMBER_POWER, "0", "-1", "ZeroDivisionError: 0.0 cannot be raised to a negative power");
    assert_operation(NUMBER_POWER, "10.0", "400", "OverflowError: (34, 'Numerical result out of range')");
}

TEST(results_are_bounded)
{
    assert_operation(NUMBER_POWER, "10", "1000000000",
                     "OverflowError: integer result is larger than 65536 bits");
    assert_operation(NUMBER_SHIFT_LEFT, "1", "70000",
                     "OverflowError: integer result is larger than 65536 bits");
    assert_operation(NUMBER_SHIFT_RIGHT, "-5", "1", "-3");
    assert_operation(NUMBER_SHIFT_LEFT, "1", "-1", "ValueError: negative shift count");
}

TEST(other_types_are_refused)
{
    assert_operation(NUMBER_ADD, "1", "'a'", "TypeError: unsupported operand type(s) for +: 'int' and 'str'");
    assert_operation(NUMBER_BIT_AND, "1", "1.0",
                     "TypeError: unsupported operand type(s) for &: 'int' and 'float'");
    assert_operation(NUMBER_BIT_AND, "True", "False", "False");
    assert_operation(NUMBER_ADD, "True", "True", "2");
}

TEST(rounding_is_half_to_even_and_exact)
{
    static const struct {
        double number;
        bool has_digits;
        int digits;
        const char *expected;
    } cases[] = { { 2.675, true, 2, "2.67" }, { 0.5, false, 0, "0" },         { 1.5, false, 0, "2" },
                  { 2.5, true, 0, "2.0" },    { 1250.0, true, -2, "1200.0" }, { -0.4, true, 0, "-0.0" } };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        BUFFER_AUTO(shown);
        VALUE_AUTO(v);

        assert_int_equal(
            number_round(value_float(cases[i].number), cases[i].has_digits, cases[i].digits, &v, NULL), 0);
        python_repr(&shown, v);
        assert_string_equal(shown.data, cases[i].expected);
    }
}

static void assert_reads(bool is_float, const char *text, int base, const char *expected)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(shown);
    VALUE_AUTO(v);
    int r = is_float ? number_parse_float(text, strlen(text), &v, &err)
                     : number_parse_int(text, strlen(text), base, &v, &err);

    if (r < 0)
        buffer_addf(&shown, "%s: %s", err.kind, error_text(&err));
    else
        python_repr(&shown, v);
    assert_string_equal(buffer_text(&shown), expected);
}

TEST(integers_are_read_as_python_reads_them)
{
    assert_reads(false, " 1_000\n", 10, "1000");
    assert_reads(false, "0x1F", 16, "31");
    assert_reads(false, "0x1F", 0, "31");
    assert_reads(false, "\xd9\xa3", 10, "3"); /* an Arabic digit */
    assert_reads(false, "5__0", 10, "ValueError: invalid literal for int() with base 10: '5__0'");
    assert_reads(false, "", 10, "ValueError: invalid literal for int() with base 10: ''");
    assert_reads(false, "1", 1, "ValueError: int() base must be >= 2 and <= 36, or 0");
}

TEST(floats_are_read_as_python_reads_them)
{
    assert_reads(true, " .5 ", 0, "0.5");
    assert_reads(true, "-Infinity", 0, "-inf");
    assert_reads(true, "1_0.5e-1", 0, "1.05");
    assert_reads(true, "1e", 0, "ValueError: could not convert string to float: '1e'");
    assert_reads(true, "0x1p3", 0, "ValueError: could not convert string to float: '0x1p3'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_grow_past_64_bits),
        cmocka_unit_test(division_is_pythons),
        cmocka_unit_test(powers_follow_the_signs),
        cmocka_unit_test(results_are_bounded),
        cmocka_unit_test(other_types_are_refused),
        cmocka_unit_test(rounding_is_half_to_even_and_exact),
        cmocka_unit_test(integers_are_read_as_python_reads_them),
        cmocka_unit_test(floats_are_read_as_python_reads_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
