/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is compiled as a template and as an expression, and inspected. */
#include <stddef.h>
#include <stdint.h>

#include "expr/expr.h"
#include "expr/jinja/jinja.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum jinja_flags flags[] = { 0, JINJA_STRICT | JINJA_TRIM_BLOCKS,
                                              JINJA_STRICT | JINJA_ORQUESTA };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        struct jinja *jinja = NULL;
        ERROR_AUTO(err);

        if (jinja_compile((const char *)data, size, flags[i], &jinja, &err) == 0) {
            value_unref(jinja_undeclared(jinja));
            value_unref(jinja_paths(jinja));
        }
        jinja_free(jinja);
        jinja = NULL;
        if (jinja_compile_expression((const char *)data, size, flags[i], &jinja, &err) == 0)
            value_unref(jinja_paths(jinja));
        jinja_free(jinja);
    }
    value_unref(expr_inspect((const char *)data, size, EXPR_ORQUESTA));
    return 0;
}
