/* SPDX-License-Identifier: Apache-2.0 */
/* Flags, a pattern up to the first line break, and the text it is used on: every kind of use. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "value/pyregex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *pattern = (const char *)data + 1, *rest;
    struct pyregex *regex = NULL;
    VALUE_AUTO(found);
    VALUE_AUTO(parts);
    VALUE_AUTO(replaced);
    ERROR_AUTO(err);
    size_t n, len;

    if (size < 2 || size > 512 || !utf8_valid(pattern, size - 1))
        return 0;
    rest = memchr(pattern, '\n', size - 1);
    n = rest ? (size_t)(rest - pattern) : size - 1;
    if (pyregex_get(pattern, n, *data & 31, &regex, &err) < 0)
        return 0;
    rest = rest ? rest + 1 : pattern;
    len = (size_t)((const char *)data + size - rest);
    pyregex_findall(regex, rest, len, 2000, &found, &err);
    pyregex_split(regex, rest, len, 0, 2000, &parts, &err);
    pyregex_sub(regex, rest, len, rest, len, 0, 2000, 100000, &replaced, &err);
    pyregex_unref(regex);
    return 0;
}
