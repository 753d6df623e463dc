/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON list [schema, value]: validated in both dialects, checked as parameters, masked. */
#include <stddef.h>
#include <stdint.h>

#include "value/json.h"
#include "value/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VALUE_AUTO(pair);
    VALUE_AUTO(filled);
    VALUE_AUTO(masked);
    ERROR_AUTO(err);
    value schema, v;

    if (size > 4096 || json_read((const char *)data, size, 0, &pair, NULL) < 0)
        return 0;
    schema = value_list_at(pair, 0);
    v = value_list_at(pair, 1);
    if (!value_is_set(v))
        return 0;
    schema_validate(schema, v, SCHEMA_DRAFT4, 0, NULL, &err);
    schema_validate(schema, v, SCHEMA_PARAMETERS, SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL, &filled, &err);
    schema_check_parameters(schema, &err);
    masked = schema_mask_output(schema, v);
    return 0;
}
