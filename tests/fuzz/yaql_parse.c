/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an expression: compiled or refused. */
#include <stddef.h>
#include <stdint.h>

#include "expr/yaql/yaql.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ERROR_AUTO(err);
    struct yaql *yaql;

    if (yaql_compile((const char *)data, size, &yaql, &err) >= 0) {
        value_unref(yaql_paths(yaql));
        yaql_free(yaql);
    }
    return 0;
}
