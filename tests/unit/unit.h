/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka in its order, and short names for the usual checks. */
#ifndef FULMAR_UNIT_H
#define FULMAR_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "value/json.h"
#include "value/value.h"

#define TEST(name) static void name(void **state __attribute__((unused)))

/* A value from JSON text; the test fails when it cannot be read. Owned by the caller. */
static inline value from_json(const char *text)
{
    ERROR_AUTO(err);
    value v = VALUE_NOTHING;

    if (json_read(text, strlen(text), JSON_PYTHON, &v, &err) < 0)
        fail_msg("%s in %s", error_text(&err), text);
    return v;
}

/* Does the value print as this JSON? */
static inline void assert_json(value v, const char *expected)
{
    char *text = json_text(v);

    assert_string_equal(text, expected);
    free(text);
}

#endif
