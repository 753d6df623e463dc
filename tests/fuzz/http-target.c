/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets: path, routing, query, masking. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "http/query.h"
#include "http/router.h"
#include "http/uri.h"

static void nothing(struct http_request *request, void *owner)
{
}

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/", nothing },
    { "GET", HTTP_API, "/a/{x}", nothing },
    { "GET", HTTP_API, "/a/b", nothing },
    { "GET", HTTP_API, "/a/{x}/c/{y}", nothing },
    { "GET", HTTP_API, "/{x}/{y}/{z}", nothing },
    { "GET", HTTP_API, "/p/{x:(?!index)(?!views).*}", nothing },
    { "GET", HTTP_STREAM, "/{x:.*}", nothing },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(router_freep)
    struct router *router = NULL;
    CLEANUP(pool_freep)
    struct pool *pool = pool_new();
    CLEANUP(freep)
    char *target = xstrndup((const char *)data, size);
    size_t n_path = strcspn(target, "?");
    struct router_match match;
    struct uri_fields fields;
    BUFFER_AUTO(masked);
    ERROR_AUTO(err);
    char *path;

    if (router_new(routes, ELEMENTS(routes), NULL, 0, &router, NULL) < 0)
        abort();
    if (uri_path(pool, target, n_path, &path, &err) == 0)
        router_match(router, HTTP_API, "GET", path, &match);
    if (uri_fields(pool, (const char *)data, size, &fields, &err) == 0)
        for (size_t i = 0; i < fields.count; i++) {
            value_unref(query_read_list(fields.items[i].value));
            for (int type = HTTP_STRING; type <= HTTP_TIMESTAMP; type++)
                query_check("x", (enum http_parameter_type)type, fields.items[i].value, &err);
        }
    uri_mask(&masked, target, NULL);
    return 0;
}
