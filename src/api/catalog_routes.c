/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds that are only read, or of which only `enabled` is changed: runner types, sensors, policy types, timers (contract:
   rest-api.md 8.4). */
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"
#include "collection.h"
#include "engine/registry.h"

static const struct collection_filter by_name[] = {
    { "id", "id", FILTER_LIST },
    { "name", "name", FILTER_LIST },
    { 0 },
};
static const struct collection_filter sensor_filters[] = {
    { "id", "id", FILTER_LIST },
    { "name", "name", FILTER_TEXT },
    { "pack", "pack", FILTER_TEXT },
    { "enabled", "enabled", FILTER_BOOLEAN },
    { 0 },
};
static const struct collection_filter policy_type_filters[] = {
    { "id", "id", FILTER_LIST },
    { "name", "name", FILTER_LIST },
    { "resource_type", "resource_type", FILTER_TEXT },
    { 0 },
};
static const char *const order_name[] = { "name", NULL };
static const char *const order_policy_type[] = { "resource_type", "name", NULL };

static bool triggers_of_sensor(struct api *api, struct http_request *request, value sensor)
{
    const char *wanted = http_query(request, "trigger");

    if (!wanted || !*wanted)
        return true;
    VALUE_LIST_EACH (i, ref, value_map_get(sensor, "trigger_types")) {
        if (value_text_is(ref, wanted))
            return true;
    }
    return false;
}

static bool is_timer(struct api *api, struct http_request *request, value trigger)
{
    static const char *const types[] = { "core.st2.IntervalTimer", "core.st2.DateTimer",
                                         "core.st2.CronTimer" };
    const char *wanted = http_query(request, "timer_type"), *own = value_map_chars(trigger, "type");

    for (size_t i = 0; own && i < ELEMENTS(types); i++)
        if (strcmp(own, types[i]) == 0)
            return !wanted || !*wanted || strcmp(own, wanted) == 0;
    return false;
}

static const struct collection runner_types = {
    .kind = OBJECT_RUNNER_TYPE,
    .filters = by_name,
    .order = order_name,
    .default_limit = 100,
    .sortable = true,
    .not_found = "Resource with a name or id \"%s\" not found",
};
static const struct collection sensors = {
    .kind = OBJECT_SENSOR,
    .filters = sensor_filters,
    .of_pack = true,
    .belongs = triggers_of_sensor,
    .not_found = "Resource with a reference or id \"%s\" not found",
};
static const struct collection policy_types = {
    .kind = OBJECT_POLICY_TYPE,
    .filters = policy_type_filters,
    .order = order_policy_type,
    .default_limit = 100,
    .sortable = true,
    .of_pack = true,
    .not_found = "PolicyType with a reference of id \"%s\" not found.",
};
static const struct collection timers = {
    .kind = OBJECT_TRIGGER,
    .bare = true,
    .belongs = is_timer,
    .not_found = "Resource with a reference or id \"%s\" not found",
};

static void list_timers(struct http_request *request, void *owner)
{
    const char *wanted = http_query(request, "timer_type");

    if (wanted && *wanted && strcmp(wanted, "core.st2.IntervalTimer") != 0 &&
        strcmp(wanted, "core.st2.DateTimer") != 0 && strcmp(wanted, "core.st2.CronTimer") != 0) {
        http_respond_fault(request, 400,
                           "Timer type %s not in supported types - ('core.st2.IntervalTimer', "
                           "'core.st2.DateTimer', 'core.st2.CronTimer').",
                           wanted);
        return;
    }
    collection_list(request, owner);
}

/* ---- enabling ---- */

/* text: the reference; number: the kind; flag: enabled. */
static int apply_enable(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    enum object_kind kind = (enum object_kind)input->number;
    VALUE_AUTO(document);
    value stored;
    int r;

    document = engine_object(engine, kind, input->text);
    if (!value_is_set(document))
        return api_fault(input, 404, "Resource \"%s\" not found", input->text);
    value_map_put(&document, "enabled", value_bool(input->flag));
    r = registry_put(engine, kind, document, &stored, err);
    if (r != 0)
        return r < 0 ? r : api_fault(input, 409, "The object was changed by somebody else; try again.");
    return api_answer(input, 200, api_without_nulls(stored));
}

static const struct input_ops enable_ops = { "enable", apply_enable, api_input_done, false };

static void enable(struct http_request *request, void *owner)
{
    const struct collection *collection = http_route(request)->data;
    struct api_input *input;
    VALUE_AUTO(body);
    VALUE_AUTO(document);
    const char *pack;
    value enabled;

    if (!api_body_object(request, &body))
        return;
    document = collection_find(owner, request, collection);
    if (!value_is_set(document))
        return;
    enabled = value_map_get(body, "enabled");
    if (collection->kind == OBJECT_RUNNER_TYPE &&
        (!value_map_has(body, "id") || enabled.kind != VALUE_BOOL)) {
        http_respond_fault(request, 400, "'%s' is a required property",
                           value_map_has(body, "id") ? "enabled" : "id");
        return;
    }
    if (value_is_set(enabled) && enabled.kind != VALUE_BOOL) {
        http_respond_fault(request, 400, "enabled must be true or false");
        return;
    }
    pack = value_map_chars(document, "pack");
    if (pack && strcmp(pack, "core") == 0) {
        http_respond_fault(request, 400, API_SYSTEM_PACK);
        return;
    }
    input = api_input_new(owner, request, &enable_ops);
    input->text = xstrdup(value_map_chars(document, "id"));
    input->number = (int)collection->kind;
    input->flag = value_truth(enabled);
    api_submit(input);
}

/* ---- routes ---- */

static const struct http_parameter page_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "sort", HTTP_STRING },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "id", HTTP_LIST },
    { "name", HTTP_LIST },
    { "resource_type", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter sensor_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "id", HTTP_LIST },
    { "name", HTTP_STRING },
    { "pack", HTTP_STRING },
    { "trigger", HTTP_STRING },
    { "enabled", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter timer_parameters[] = { { "timer_type", HTTP_STRING },
                                                          { NULL, HTTP_STRING } };
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/runnertypes", collection_list, 0, page_parameters, &runner_types },
    { "GET", HTTP_API, "/runnertypes/{ref_or_id}", collection_get, 0, no_parameters, &runner_types },
    { "PUT", HTTP_API, "/runnertypes/{ref_or_id}", enable, 0, no_parameters, &runner_types },
    { "GET", HTTP_API, "/sensortypes", collection_list, 0, sensor_parameters, &sensors },
    { "GET", HTTP_API, "/sensortypes/{ref_or_id}", collection_get, 0, no_parameters, &sensors },
    { "PUT", HTTP_API, "/sensortypes/{ref_or_id}", enable, 0, no_parameters, &sensors },
    { "GET", HTTP_API, "/policytypes", collection_list, 0, page_parameters, &policy_types },
    { "GET", HTTP_API, "/policytypes/{ref_or_id}", collection_get, 0, no_parameters, &policy_types },
    { "GET", HTTP_API, "/timers", list_timers, 0, timer_parameters, &timers },
    { "GET", HTTP_API, "/timers/{ref_or_id}", collection_get, 0, no_parameters, &timers },
};

const struct api_routes api_collection_routes = { routes, ELEMENTS(routes) };
