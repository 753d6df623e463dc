/* SPDX-License-Identifier: Apache-2.0 */
/* /triggertypes and /triggers (contract: rest-api.md 8.3, triggers-rules-sensors.md 1). */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/registry.h"
#include "resource.h"

/* ---- trigger types ---- */

/* The trigger of the same name goes with its type. */
static int type_changed(struct engine *engine, enum resource_change change, value document, struct error *err)
{
    const char *ref = value_map_chars(document, "ref");
    VALUE_AUTO(shadow);
    int r;

    if (change != RESOURCE_DELETED)
        return 0;
    shadow = engine_object(engine, OBJECT_TRIGGER, ref ? ref : "");
    if (!value_is_set(shadow) || value_map_count(value_map_get(shadow, "parameters")))
        return 0;
    r = engine_object_delete(engine, OBJECT_TRIGGER, value_map_chars(shadow, "id"), err);
    return r < 0 ? r : 0;
}

static const struct collection_filter type_filters[] = {
    { "id", "id", FILTER_LIST },
    { "name", "name", FILTER_LIST },
    { "pack", "pack", FILTER_TEXT },
    { 0 },
};
static const char *const by_ref[] = { "ref", NULL };

static const struct resource types = {
    .collection = {
        .kind = OBJECT_TRIGGER_TYPE, .filters = type_filters, .order = by_ref, .default_limit = 100, .sortable = true,
        .of_pack = true, .not_found = "Resource with a reference or id \"%s\" not found",
    },
    .model = MODEL_TRIGGER_TYPE,
    .label = "TriggerType",
    .put = registry_put_trigger_type,
    .changed = type_changed,
};

/* ---- triggers: by id only ---- */

static const struct collection triggers = {
    .kind = OBJECT_TRIGGER,
    .bare = true,
    .by_id_only = true,
    .not_found = "Unable to find the TriggerDB instance. {'id': '%s'}",
};

/* Where no id can be, none is looked for. */
static bool id_possible(struct http_request *request)
{
    if (object_id_valid(http_variable(request, "ref_or_id")))
        return true;
    http_respond_fault(request, 404, "Unhandled exception");
    return false;
}

static void get_trigger(struct http_request *request, void *owner)
{
    if (id_possible(request))
        collection_get(request, owner);
}

static value trigger_of_body(struct api *api, struct http_request *request, value body)
{
    static const char *const needed[] = { "name", "pack", "type" };
    struct model_lookup lookup = registry_lookup(api->config.catalog);
    value document = VALUE_NOTHING;
    ERROR_AUTO(err);

    for (size_t i = 0; i < ELEMENTS(needed); i++)
        if (!value_map_chars(body, needed[i])) {
            http_respond_fault(request, 400, "'%s' is a required property", needed[i]);
            return VALUE_NOTHING;
        }
    if (model_accept(MODEL_TRIGGER, body, MODEL_FROM_API, &lookup, &document, NULL, &err) < 0)
        http_respond_error(request, 400, &err);
    return document;
}

/* One that is there already is the answer. */
static int apply_create(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    value stored = engine_object(engine, OBJECT_TRIGGER, value_map_chars(input->document, "ref"));
    int r;

    if (!value_is_set(stored)) {
        r = registry_put(engine, OBJECT_TRIGGER, input->document, &stored, err);
        if (r != 0)
            return r < 0 ? r : api_fault(input, 409, "Tried to save duplicate unique keys");
        log_audit("Trigger created. Trigger.id=%s", value_map_chars(stored, "id"));
    }
    return api_answer(input, 201, api_without_nulls(stored));
}

static int gone(struct api_input *input)
{
    return api_fault(input, 404, "Unable to find the TriggerDB instance. {'id': '%s'}", input->text);
}

static int apply_replace(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(old);
    value stored;
    int r;

    old = engine_object(engine, OBJECT_TRIGGER, input->text);
    if (!value_is_set(old))
        return gone(input);
    value_map_put(&input->document, "id", value_ref(value_map_get(old, "id")));
    r = registry_put(engine, OBJECT_TRIGGER, input->document, &stored, err);
    if (r != 0)
        return r < 0 ? r : api_fault(input, 409, "Tried to save duplicate unique keys");
    log_audit("Trigger updated. Trigger.id=%s", input->text);
    return api_answer(input, 200, api_without_nulls(stored));
}

static int apply_delete(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(old);
    int r;

    old = engine_object(engine, OBJECT_TRIGGER, input->text);
    if (!value_is_set(old))
        return gone(input);
    r = engine_object_delete(engine, OBJECT_TRIGGER, input->text, err);
    if (r < 0)
        return r;
    log_audit("Trigger deleted. Trigger.id=%s", input->text);
    input->status = 204;
    return 0;
}

static const struct input_ops create_ops = { "trigger create", apply_create, api_input_done, false };
static const struct input_ops replace_ops = { "trigger replace", apply_replace, api_input_done, false };
static const struct input_ops delete_ops = { "trigger delete", apply_delete, api_input_done, false };

static void create_trigger(struct http_request *request, void *owner)
{
    struct api_input *input;
    VALUE_AUTO(body);
    value document;

    if (!api_body_object(request, &body))
        return;
    document = trigger_of_body(owner, request, body);
    if (!value_is_set(document))
        return;
    input = api_input_new(owner, request, &create_ops);
    input->document = document;
    api_submit(input);
}

static void replace_trigger(struct http_request *request, void *owner)
{
    struct api_input *input;
    VALUE_AUTO(body);
    value document;

    if (!id_possible(request) || !api_body_object(request, &body))
        return;
    document = trigger_of_body(owner, request, body);
    if (!value_is_set(document))
        return;
    input = api_input_new(owner, request, &replace_ops);
    input->document = document;
    input->text = xstrdup(http_variable(request, "ref_or_id"));
    api_submit(input);
}

static void delete_trigger(struct http_request *request, void *owner)
{
    struct api_input *input;

    if (!id_possible(request))
        return;
    input = api_input_new(owner, request, &delete_ops);
    input->text = xstrdup(http_variable(request, "ref_or_id"));
    api_submit(input);
}

/* ---- routes ---- */

static const struct http_parameter type_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "sort", HTTP_STRING },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "id", HTTP_LIST },
    { "name", HTTP_LIST },
    { "pack", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/triggertypes", collection_list, 0, type_parameters, &types },
    { "POST", HTTP_API, "/triggertypes", resource_create, 0, no_parameters, &types },
    { "GET", HTTP_API, "/triggertypes/{ref_or_id}", collection_get, 0, no_parameters, &types },
    { "PUT", HTTP_API, "/triggertypes/{ref_or_id}", resource_replace, 0, no_parameters, &types },
    { "DELETE", HTTP_API, "/triggertypes/{ref_or_id}", resource_delete, 0, no_parameters, &types },
    { "GET", HTTP_API, "/triggers", collection_list, 0, no_parameters, &triggers },
    { "POST", HTTP_API, "/triggers", create_trigger, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/triggers/{ref_or_id}", get_trigger, 0, no_parameters, &triggers },
    { "PUT", HTTP_API, "/triggers/{ref_or_id}", replace_trigger, 0, no_parameters, NULL },
    { "DELETE", HTTP_API, "/triggers/{ref_or_id}", delete_trigger, 0, no_parameters, NULL },
};

const struct api_routes api_trigger_routes = { routes, ELEMENTS(routes) };
