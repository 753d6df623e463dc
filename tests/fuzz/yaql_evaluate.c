/* SPDX-License-Identifier: Apache-2.0 */
/* Any expression on a small context, under narrow limits: a result or an error, and soon. */
#include <stddef.h>
#include <stdint.h>

#include "expr/yaql/yaql.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char variables[] =
        "{\"i\": 7, \"f\": 2.5, \"s\": \"Hello Wörld\", \"n\": null, \"l\": [3, 1, 2], \"d\": {\"a\": 1, "
        "\"b\": {\"c\": [1]}}, \"r\": [{\"id\": 1, \"g\": \"x\"}, {\"id\": 2, \"g\": \"y\"}], "
        "\"__current_task\": {\"id\": \"t\", \"route\": 0}}";
    static const struct expr_limits limits = { .steps = 20000,
                                               .depth = 60,
                                               .memory = 8u << 20,
                                               .sequence = 5000,
                                               .text = 1u << 20,
                                               .regex_matches = 5000 };
    ERROR_AUTO(err);
    VALUE_AUTO(context);
    VALUE_AUTO(result);
    struct yaql *yaql;
    struct expr_context c = { .limits = &limits, .now_us = INT64_C(1700000000000000) };

    if (size > 4096 || yaql_compile((const char *)data, size, &yaql, &err) < 0)
        return 0;
    json_read(variables, sizeof(variables) - 1, 0, &context, NULL);
    c.variables = context;
    yaql_evaluate(yaql, &c, &result, &err);
    yaql_free(yaql);
    return 0;
}
