/* SPDX-License-Identifier: Apache-2.0 */
/* A Python literal up to the first line break, and a format for it in both manners. What was read must read again as the same
   value. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "value/number.h"
#include "value/python.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_again(value v)
{
    BUFFER_AUTO(shown);
    BUFFER_AUTO(again);
    VALUE_AUTO(copy);

    python_repr(&shown, v);
    if (strstr(shown.data, "inf") || strstr(shown.data, "nan"))
        return;
    if (python_literal(shown.data, shown.len, &copy, NULL) < 0)
        abort();
    python_repr(&again, copy);
    if (strcmp(shown.data, again.data) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *rest = memchr(text, '\n', size);
    size_t n = rest ? (size_t)(rest - text) : size, len = size - n - (rest != NULL);
    BUFFER_AUTO(out);
    BUFFER_AUTO(formatted);
    VALUE_AUTO(v);
    VALUE_AUTO(number);
    ERROR_AUTO(err);

    if (size > 1024 || !utf8_valid(text, size))
        return 0;
    if (number_parse_float(text, n, &number, &err) < 0)
        number_parse_int(text, n, (int)(size % 37), &number, &err);
    if (python_literal(text, n, &v, &err) < 0)
        return 0;
    read_again(v);
    if (rest) {
        python_percent(rest + 1, len, v, 100000, &out, &err);
        python_format(v, rest + 1, len, 100000, &formatted, &err);
    }
    return 0;
}
