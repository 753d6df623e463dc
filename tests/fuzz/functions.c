/* SPDX-License-Identifier: Apache-2.0 */
/* Any function of the table on any arguments: the first byte chooses it, the rest is a JSON list, or else one text that is
   every argument. */
#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"
#include "expr/functions/functions.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fn_call call = { .yaql = size & 1 };
    value args[FN_ARGS_MAX] = { VALUE_NOTHING, VALUE_NOTHING, VALUE_NOTHING, VALUE_NOTHING };
    const struct fn *table, *fn;
    size_t count;
    VALUE_AUTO(list);
    VALUE_AUTO(result);
    ERROR_AUTO(err);

    if (size < 2 || size > 2048 || !utf8_valid((const char *)data + 1, size - 1))
        return 0;
    table = fn_table(&count);
    fn = &table[*data % count];
    if (json_read((const char *)data + 1, size - 1, JSON_PYTHON, &list, NULL) < 0 || !value_is_list(list)) {
        value_replace(&list, value_list_new(FN_ARGS_MAX));
        for (int i = 0; i < FN_ARGS_MAX; i++)
            value_list_append(&list, value_text_n((const char *)data + 1, size - 1));
    }
    if (value_list_count(list) < fn->min_args)
        return 0;
    for (size_t i = 0; i < fn->max_args; i++)
        args[i] = value_list_at(list, i);
    fn->function(&call, args, &result, &err);
    return 0;
}
