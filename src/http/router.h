/* SPDX-License-Identifier: Apache-2.0 */
/* From a method and a decoded path to a route: a tree of segments for each service. Pure; read-only once made, so any
   number of threads may ask it. */
#ifndef FULMAR_HTTP_ROUTER_H
#define FULMAR_HTTP_ROUTER_H

#include "http/http.h"

struct router;

#define ROUTER_VARIABLES_MAX 8

struct router_match {
    const struct http_route *route;
    size_t n_variables;
    struct router_variable {
        const char *name; /* into the pattern, n_name bytes */
        const char *text; /* into the path, n bytes */
        size_t n_name, n;
    } variables[ROUTER_VARIABLES_MAX];
};

/* Routes and aliases are kept by reference. Negative for a pattern that cannot be read or stands there twice. */
int router_new(const struct http_route *routes, size_t n_routes, const struct http_alias *aliases,
               size_t n_aliases, struct router **ret_router, struct error *err);
void router_free(struct router *router);
void router_freep(struct router **router);

enum { ROUTER_UNKNOWN = 1 };
/* The prefixes of http.h's `enum http_service` are taken off; one trailing slash is ignored. */
int router_match(const struct router *router, enum http_service first, const char *method, const char *path,
                 struct router_match *ret);

#endif
