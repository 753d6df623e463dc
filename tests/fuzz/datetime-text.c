/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdint.h>

#include "base/utf8.h"
#include "value/datetime_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    VALUE_AUTO(time);
    ERROR_AUTO(err);

    if (utf8_valid((const char *)data, size))
        datetime_parse_text((const char *)data, size, 1750000000000000LL, &time, &err);
    return 0;
}
