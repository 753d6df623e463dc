/* SPDX-License-Identifier: Apache-2.0 */
/* A path, up to the first line break, and the JSON it is looked up in. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/utf8.h"
#include "expr/functions/jsonpath.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *rest = memchr(text, '\n', size);
    size_t n = rest ? (size_t)(rest - text) : size;
    struct jsonpath *path = NULL;
    VALUE_AUTO(root);
    VALUE_AUTO(found);
    ERROR_AUTO(err);

    if (size > 4096 || !utf8_valid(text, n))
        return 0;
    if (!rest || json_read(rest + 1, size - n - 1, 0, &root, NULL) < 0)
        root = value_map_new(0);
    if (jsonpath_parse(text, n, &path, &err) == 0)
        jsonpath_find(path, root, &found, &err);
    jsonpath_free(path);
    return 0;
}
