/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies: the first line is the content type, the rest the body; and gzip, and Accept-Encoding. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "http/body.h"
#include "http/gzip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    CLEANUP(freep)
    char *type = xstrndup((const char *)data, end ? (size_t)(end - data) : 0);
    CLEANUP(freep)
    char *body = NULL;
    BUFFER_AUTO(plain);
    VALUE_AUTO(v);
    ERROR_AUTO(err);

    if (end) {
        size -= (size_t)(end + 1 - data);
        data = end + 1;
    }
    /* A copy without a NUL, so that reading past the end is seen. */
    body = xmemdup(data, size);
    body_read(type, body, size, &v, &err);
    gzip_unpack(&plain, body, size, 1 << 16, &err);
    gzip_accepted(type);
    return 0;
}
