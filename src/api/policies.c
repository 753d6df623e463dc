/* SPDX-License-Identifier: Apache-2.0 */
/* /policies (contract: rest-api.md 8.4). What policies do is in the engine. */
#include "resource.h"

static const struct collection_filter filters[] = { { "name", "name", FILTER_TEXT },
                                                    { "pack", "pack", FILTER_TEXT },
                                                    { 0 } };
static const char *const by_pack_and_name[] = { "pack", "name", NULL };

/* One policy of a type for a resource. */
static bool clashes(struct engine *engine, value document)
{
    VALUE_AUTO(all);

    all = catalog_list(engine_configuration(engine)->catalog, OBJECT_POLICY);
    VALUE_LIST_EACH (i, other, all) {
        VALUE_AUTO(now);

        if (!value_equal(value_map_get(other, "policy_type"), value_map_get(document, "policy_type")) ||
            !value_equal(value_map_get(other, "resource_ref"), value_map_get(document, "resource_ref")) ||
            value_equal(value_map_get(other, "id"), value_map_get(document, "id")))
            continue;
        /* This very batch may have removed it. */
        now = engine_object(engine, OBJECT_POLICY, value_map_chars(other, "id"));
        if (value_is_set(now))
            return true;
    }
    return false;
}

static const struct resource policies = {
    .collection = {
        .kind = OBJECT_POLICY, .filters = filters, .order = by_pack_and_name, .default_limit = 100, .of_pack = true,
        .not_found = "Resource with a reference or id \"%s\" not found",
    },
    .model = MODEL_POLICY,
    .label = "Policy",
    .clashes = clashes,
};

static const struct http_parameter list_parameters[] = {
    { "pack", HTTP_STRING },
    { "name", HTTP_STRING },
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/policies", collection_list, 0, list_parameters, &policies },
    { "POST", HTTP_API, "/policies", resource_create, 0, no_parameters, &policies },
    { "GET", HTTP_API, "/policies/{ref_or_id}", collection_get, 0, no_parameters, &policies },
    { "PUT", HTTP_API, "/policies/{ref_or_id}", resource_replace, 0, no_parameters, &policies },
    { "DELETE", HTTP_API, "/policies/{ref_or_id}", resource_delete, 0, no_parameters, &policies },
};

const struct api_routes api_policy_routes = { routes, sizeof(routes) / sizeof(routes[0]) };
