/* SPDX-License-Identifier: Apache-2.0 */
/* One tree for each service. A node stands for a place in the path after some segments:

       (root) ── "rules" ──► [GET, POST] ── "views" ──► [GET]
                                         └─ {}       ──► [GET, PUT, DELETE]
                                         └─ rests: GET {ref:(?!views).*}

   Matching goes down the literal child first, then the variable child, then tries the rests, and steps back where no
   route of the method is found. Patterns are at most DEPTH_MAX segments long, so stepping back is bounded by 2^DEPTH_MAX
   even for the most unfortunate table. Names of variables belong to the route, as two routes may name one place
   differently. */
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strmap.h"

#define DEPTH_MAX ROUTER_VARIABLES_MAX

struct node {
    struct strmap literals; /* of struct node */
    struct node *variable;
    const struct http_route **routes; /* that end here */
    size_t n_routes, routes_room;
    const struct http_route **rests; /* whose last variable takes the rest from here */
    size_t n_rests, rests_room;
};

struct router {
    struct node *services[HTTP_SERVICES];
    const struct http_alias *aliases;
    size_t n_aliases;
};

static const char *const prefixes[HTTP_SERVICES] = {
    [HTTP_API] = "/api", [HTTP_AUTH] = "/auth", [HTTP_STREAM] = "/stream"
};

static void node_free(struct node *node)
{
    const char *key;
    void *item;
    size_t at = 0;

    if (!node)
        return;
    while (strmap_next(&node->literals, &at, &key, &item))
        node_free(item);
    strmap_release(&node->literals);
    node_free(node->variable);
    free(node->routes);
    free(node->rests);
    free(node);
}

void router_free(struct router *router)
{
    if (!router)
        return;
    for (size_t i = 0; i < HTTP_SERVICES; i++)
        node_free(router->services[i]);
    free(router);
}

void router_freep(struct router **router)
{
    router_free(*router);
}

static size_t segment_length(const char *s)
{
    return strcspn(s, "/");
}

/* A pattern's segment may hold slashes nowhere, so the end of "{name:.*}" is the end of the pattern. */
static bool is_rest(const char *segment, size_t n)
{
    return n > 5 && segment[0] == '{' && memcmp(segment + n - 4, ":.*}", 4) == 0;
}

static bool is_excluding_rest(const char *segment, size_t n)
{
    const char *colon = memchr(segment, ':', n);

    return n > 5 && segment[0] == '{' && colon && strncmp(colon, ":(?!", 4) == 0 &&
           memcmp(segment + n - 3, ".*}", 3) == 0;
}

static struct node *child_for(struct node *node, const char *segment, size_t n)
{
    struct node *child;

    if (segment[0] == '{') {
        if (!node->variable)
            node->variable = xcalloc(1, sizeof(*node));
        return node->variable;
    }
    child = strmap_get_n(&node->literals, segment, n);
    if (!child) {
        child = xcalloc(1, sizeof(*child));
        strmap_set_n(&node->literals, segment, n, child);
    }
    return child;
}

static int add_to_node(struct node *node, const struct http_route *route, struct error *err)
{
    for (size_t i = 0; i < node->n_routes; i++)
        if (strcmp(node->routes[i]->method, route->method) == 0)
            return error_set(err, -EEXIST, "Two routes for %s %s", route->method, route->path);
    GROW(node->routes, node->n_routes, node->routes_room);
    node->routes[node->n_routes++] = route;
    return 0;
}

static int add_route(struct router *router, const struct http_route *route, struct error *err)
{
    struct node *node = router->services[route->service];
    const char *s = route->path;
    size_t depth = 0;

    if (*s != '/' || !route->method || !route->handle)
        return error_set(err, -EINVAL, "Route \"%s\" is incomplete", route->path);
    s++;
    while (*s) {
        size_t n = segment_length(s);

        if (++depth > DEPTH_MAX)
            return error_set(err, -E2BIG, "Route \"%s\" has more than %d segments", route->path, DEPTH_MAX);
        if (is_rest(s, n) || is_excluding_rest(s, n)) {
            if (s[n])
                return error_set(err, -EINVAL, "Route \"%s\" goes on behind a rest", route->path);
            GROW(node->rests, node->n_rests, node->rests_room);
            node->rests[node->n_rests++] = route;
            return 0;
        }
        if (!n || (s[0] == '{') != (s[n - 1] == '}') || (s[0] == '{' && n < 3) || memchr(s, ':', n))
            return error_set(err, -EINVAL, "Route \"%s\" has an unreadable segment", route->path);
        node = child_for(node, s, n);
        s += n;
        if (*s == '/')
            s++;
    }
    return add_to_node(node, route, err);
}

int router_new(const struct http_route *routes, size_t n_routes, const struct http_alias *aliases,
               size_t n_aliases, struct router **ret_router, struct error *err)
{
    CLEANUP(router_freep)
    struct router *router = xcalloc(1, sizeof(*router));

    router->aliases = aliases;
    router->n_aliases = n_aliases;
    for (size_t i = 0; i < HTTP_SERVICES; i++)
        router->services[i] = xcalloc(1, sizeof(struct node));
    for (size_t i = 0; i < n_routes; i++) {
        int r = add_route(router, &routes[i], err);

        if (r < 0)
            return r;
    }
    *ret_router = take_ptr(&router);
    return 0;
}

/* What is being looked for, and the variable segments passed on the way down. */
struct search {
    const char *method;
    struct {
        const char *text;
        size_t n;
    } taken[ROUTER_VARIABLES_MAX];
    size_t n_taken;
};

static bool method_fits(const struct http_route *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (route->flags & HTTP_HEAD && strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

/* "{ref:(?!index)(?!views).*}": does the text begin with none of the words? */
static bool rest_fits(const struct http_route *route, const char *text)
{
    const char *s = strrchr(route->path, '{');

    while ((s = strstr(s, "(?!"))) {
        size_t n;

        s += 3;
        n = strcspn(s, ")");
        if (strncmp(text, s, n) == 0)
            return false;
    }
    return true;
}

static const struct http_route *find_rest(const struct node *node, struct search *search, const char *s,
                                          size_t n)
{
    for (size_t i = 0; i < node->n_rests; i++)
        if (method_fits(node->rests[i], search->method) && rest_fits(node->rests[i], s)) {
            search->taken[search->n_taken].text = s;
            search->taken[search->n_taken++].n = n;
            return node->rests[i];
        }
    return NULL;
}

/* `s` is what follows the slash, n bytes; NULL: the path ends at this node. */
static const struct http_route *find(const struct node *node, struct search *search, const char *s, size_t n)
{
    const struct http_route *route = NULL;
    const struct node *child;
    const char *next;
    size_t here;

    if (!s) {
        for (size_t i = 0; i < node->n_routes; i++)
            if (method_fits(node->routes[i], search->method))
                return node->routes[i];
        return NULL;
    }
    next = memchr(s, '/', n);
    here = next ? (size_t)(next - s) : n;
    child = strmap_get_n(&node->literals, s, here);
    if (child)
        route = find(child, search, next ? next + 1 : NULL, next ? n - here - 1 : 0);
    if (!route && node->variable && here) {
        size_t n_taken = search->n_taken;

        search->taken[search->n_taken].text = s;
        search->taken[search->n_taken++].n = here;
        route = find(node->variable, search, next ? next + 1 : NULL, next ? n - here - 1 : 0);
        if (!route)
            search->n_taken = n_taken;
    }
    return route || !n ? route : find_rest(node, search, s, n);
}

/* Pairs what was taken with the names in the pattern. */
static void name_variables(const struct http_route *route, const struct search *search,
                           struct router_match *ret)
{
    const char *s = route->path;

    ret->route = route;
    ret->n_variables = 0;
    while (ret->n_variables < search->n_taken && (s = strchr(s, '{'))) {
        struct router_variable *variable = &ret->variables[ret->n_variables];

        variable->name = ++s;
        variable->n_name = strcspn(s, ":}");
        variable->text = search->taken[ret->n_variables].text;
        variable->n = search->taken[ret->n_variables].n;
        ret->n_variables++;
    }
}

/* Looks up `path` ("/rules/x", n bytes) in one service, through the aliases of first segments. */
static bool match_service(const struct router *router, enum http_service service, const char *method,
                          const char *path, size_t n, struct router_match *ret)
{
    struct search search = { .method = method };
    const struct node *root = router->services[service];
    const struct http_route *route;

    if (n <= 1) {
        route = find(root, &search, NULL, 0);
    } else {
        const char *s = path + 1;
        size_t here = segment_length(s);

        n--;
        route = find(root, &search, s, n);
        for (size_t i = 0; !route && i < router->n_aliases; i++) {
            const struct http_alias *alias = &router->aliases[i];
            const struct node *child;

            if (strlen(alias->from) != here || memcmp(alias->from, s, here) != 0)
                continue;
            child = strmap_get(&root->literals, alias->to);
            if (child)
                route = find(child, &search, here < n ? s + here + 1 : NULL, here < n ? n - here - 1 : 0);
        }
    }
    if (route)
        name_variables(route, &search, ret);
    return route != NULL;
}

/* Takes the prefix off when the path is it or continues behind it with a slash. */
static bool take_prefix(const char *prefix, const char **path, size_t *n)
{
    size_t len = strlen(prefix);

    if (*n < len || memcmp(*path, prefix, len) != 0 || (*n > len && (*path)[len] != '/'))
        return false;
    *path += len;
    *n -= len;
    return true;
}

static const enum http_service versioned[] = { HTTP_API, HTTP_AUTH, HTTP_STREAM };

/* "/api/v1/x": the API, which also knows the stream service's paths as the proxies of old had it there. */
static bool match_prefixed(const struct router *router, const char *method, const char *path, size_t n,
                           struct router_match *ret)
{
    for (size_t i = 0; i < ELEMENTS(versioned); i++) {
        const char *rest = path;
        size_t len = n;

        if (!take_prefix(prefixes[versioned[i]], &rest, &len))
            continue;
        take_prefix("/v1", &rest, &len);
        if (match_service(router, versioned[i], method, rest, len, ret))
            return true;
        return versioned[i] == HTTP_API && match_service(router, HTTP_STREAM, method, rest, len, ret);
    }
    return false;
}

static bool match_bare(const struct router *router, enum http_service first, const char *method,
                       const char *path, size_t n, struct router_match *ret)
{
    const char *rest = path;
    size_t len = n;

    take_prefix("/v1", &rest, &len);
    if (first != HTTP_SITE && match_service(router, first, method, rest, len, ret))
        return true;
    for (size_t i = 0; i < ELEMENTS(versioned); i++)
        if (versioned[i] != first && match_service(router, versioned[i], method, rest, len, ret))
            return true;
    return match_service(router, HTTP_SITE, method, path, n, ret);
}

int router_match(const struct router *router, enum http_service first, const char *method, const char *path,
                 struct router_match *ret)
{
    size_t n = strlen(path);

    if (*path != '/')
        return ROUTER_UNKNOWN;
    if (n > 1 && path[n - 1] == '/')
        n--;
    if (match_prefixed(router, method, path, n, ret) || match_bare(router, first, method, path, n, ret))
        return 0;
    return ROUTER_UNKNOWN;
}
