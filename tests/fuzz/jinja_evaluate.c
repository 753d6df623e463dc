/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is evaluated in every mode against a small context, with small bounds. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "expr/expr.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char variables_json[] =
    "{\"i\": 7, \"f\": 2.5, \"s\": \"Hello W\\u00f6rld\", \"n\": null, \"t\": true, \"l\": [3, 1, 2], \"d\": {\"a\": 1, "
    "\"b\": {\"c\": [10]}}, \"r\": [{\"id\": 1, \"g\": \"x\"}, {\"id\": 2}], \"x\": \"{{ ctx().i }}\", "
    "\"big\": 123456789012345678901234567890}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct expr_limits limits = { .steps = 20000,
                                               .depth = 50,
                                               .memory = 4 << 20,
                                               .sequence = 10000,
                                               .text = 1 << 16,
                                               .regex_matches = 1000 };
    static value variables;
    struct expr_context context = { .limits = &limits, .random_seed = 1 };

    if (!value_is_set(variables) &&
        json_read(variables_json, strlen(variables_json), 0, &variables, NULL) < 0)
        __builtin_trap();
    context.variables = variables;
    for (enum expr_mode mode = EXPR_ORQUESTA; mode <= EXPR_TEMPLATE_LAX; mode++) {
        struct expr *expr = NULL;
        value v = VALUE_NOTHING;
        ERROR_AUTO(err);

        if (expr_compile((const char *)data, size, mode, &expr, &err) == 0 &&
            expr_evaluate(expr, &context, &v, &err) == 0)
            value_unref(v);
        expr_free(expr);
    }
    return 0;
}
