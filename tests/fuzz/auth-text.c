/* SPDX-License-Identifier: Apache-2.0 */
/* Basic headers, password files and their hashes. */
#include <stdint.h>
#include <string.h>

#include "auth/credentials.h"
#include "auth/htpasswd.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(freep)
    char *text = xstrndup((const char *)data, size);
    CLEANUP(freep)
    char *file = xmemdup(data, size);
    struct basic_credentials basic = { 0 };
    BUFFER_AUTO(out);
    ERROR_AUTO(err);

    basic_credentials_read(text, &basic);
    basic_credentials_release(&basic);
    htpasswd_verify(file, size, "ann", "secret");
    htpasswd_set(&out, file, size, text, "hash", &err);
    return 0;
}
