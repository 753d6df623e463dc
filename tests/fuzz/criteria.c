/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON list [criteria, payload]: checked, compiled, judged. */
#include <stddef.h>
#include <stdint.h>

#include "rules/criteria.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct criteria *criteria = NULL;
    VALUE_AUTO(pair);
    VALUE_AUTO(judgements);
    ERROR_AUTO(err);

    if (size > 2048 || json_read((const char *)data, size, 0, &pair, NULL) < 0 || value_list_count(pair) < 2)
        return 0;
    criteria_check(value_list_at(pair, 0), &err);
    if (criteria_compile(value_list_at(pair, 0), &criteria, &err) < 0)
        return 0;
    criteria_judge(criteria, value_list_at(pair, 1), "p.r", "1", NULL, 1750000000000000LL, &judgements, &err);
    criteria_free(criteria);
    return 0;
}
