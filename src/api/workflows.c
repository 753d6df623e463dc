/* SPDX-License-Identifier: Apache-2.0 */
/* /workflows/inspect (contract: orquesta.md 2): what the language finds, and what only the server knows of the actions. */
#include "api-internal.h"
#include "base/mem.h"
#include "engine/definitions.h"
#include "workflow/inspect.h"

static void inspect(struct http_request *request, void *owner)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    struct api *api = owner;
    size_t n;
    const char *text = http_body(request, &n);
    VALUE_AUTO(context);
    VALUE_AUTO(list);
    ERROR_AUTO(err);
    value findings;
    bool positions;

    if (http_query_bool(request, "positions", false, &positions, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (workflow_spec_load_text(text ? text : "", text ? n : 0, SPEC_EXTENSIONS, &spec, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    context = value_map_new(1);
    value_map_put(&context, "st2", value_map_new(0));
    if (workflow_inspect(spec, context, &findings, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    list = workflow_inspection_list(findings, definition_content_findings(spec, api->config.catalog));
    if (positions)
        value_replace(&list, workflow_inspection_placed(list, text, n));
    http_respond_value(request, 200, list);
}

static const struct http_parameter parameters[] = {
    { "positions", HTTP_BOOLEAN }, /* with the line and column of each finding */
    { NULL, HTTP_STRING },
};

static const struct http_route routes[] = {
    { "POST", HTTP_API, "/workflows/inspect", inspect, 0, parameters, NULL },
};

const struct api_routes api_workflow_routes = { routes, ELEMENTS(routes) };
