/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/functions/functions-internal.h"
#include "base/mem.h"
#include "value/number.h"
#include "value/python.h"

/* From the first unit that is not zero, all smaller ones are named; years have 365 days. */
static value whole_seconds(int64_t seconds)
{
    static const struct {
        int64_t seconds;
        char letter;
    } units[] = { { 365 * 86400, 'y' }, { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
    BUFFER_AUTO(out);

    for (size_t i = 0; i < ELEMENTS(units); i++) {
        if (out.len || seconds >= units[i].seconds)
            buffer_addf(&out, "%lld%c", (long long)(seconds / units[i].seconds), units[i].letter);
        seconds %= units[i].seconds;
    }
    return value_text_n(out.data, out.len);
}

int fn_to_human_time_from_seconds(const struct fn_call *call, const value *args, value *ret,
                                  struct error *err)
{
    VALUE_AUTO(rounded);
    BUFFER_AUTO(text);
    double d;
    int r;

    if (!value_is_number(args[0]) && args[0].kind != VALUE_BOOL)
        return error_set_kind(err, -EINVAL, "AssertionError", "%s", "");
    if (!number_to_double(args[0], &d))
        return error_set_kind(err, -ERANGE, "OverflowError", "Python int too large to convert to C int");
    if (d == 0) {
        *ret = value_text("0s");
        return 0;
    }
    if (d < 1) {
        python_str(&text, args[0]);
        buffer_add_text(&text, "\xce\xbcs");
        *ret = value_text_n(text.data, text.len);
        return 0;
    }
    r = number_round(args[0], false, 0, &rounded, err);
    if (r < 0)
        return r;
    if (rounded.kind != VALUE_INT)
        return error_set_kind(err, -ERANGE, "OverflowError", "Python int too large to convert to C int");
    *ret = whole_seconds(rounded.integer);
    return 0;
}
