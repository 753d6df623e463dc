/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit.h"

#include "base/error.h"

int limit_exceeded(struct error *err, const char *name, uint64_t most)
{
    return error_set_kind(err, -E2BIG, LIMIT_KIND, "exceeds the limit of %llu %s", (unsigned long long)most,
                          name);
}

int limit_recursion(struct error *err, const char *name, uint64_t most)
{
    return error_set_kind(err, -E2BIG, "RecursionError",
                          "maximum recursion depth exceeded (limit of %llu %s)", (unsigned long long)most,
                          name);
}
