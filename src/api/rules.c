/* SPDX-License-Identifier: Apache-2.0 */
/* /rules and /ruletypes (contract: rest-api.md 8.1). */
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "base/log.h"
#include "base/mem.h"
#include "collection.h"
#include "engine/registry.h"
#include "model/parameters.h"
#include "value/schema.h"

/* What the rule hands to its action is masked as the action's own parameters are. Takes the document. */
static value masked(struct api *api, value rule, bool show_secrets)
{
    const char *ref = value_map_chars(value_map_get(rule, "action"), "ref"), *runner_name;
    VALUE_AUTO(action);
    VALUE_AUTO(runner);
    VALUE_AUTO(definitions);
    value part;

    if (show_secrets || !ref || !value_map_count(value_map_get(value_map_get(rule, "action"), "parameters")))
        return rule;
    action = catalog_by_ref(api->config.catalog, OBJECT_ACTION, ref);
    if (!value_is_set(action))
        return rule;
    runner_name = value_map_chars(action, "runner_type");
    runner = catalog_by_ref(api->config.catalog, OBJECT_RUNNER_TYPE, runner_name ? runner_name : "");
    definitions = parameters_merged(action, runner);
    part = value_ref(value_map_get(rule, "action"));
    value_map_put(&part, "parameters", schema_mask_secrets(definitions, value_map_get(part, "parameters")));
    value_map_put(&rule, "action", part);
    return rule;
}

static value shape_rule(struct api *api, struct http_request *request, value document, bool show_secrets)
{
    return masked(api, document, show_secrets);
}

/* Views carry the descriptions of trigger and action. */
static value shape_view(struct api *api, struct http_request *request, value rule, bool show_secrets)
{
    static const struct {
        const char *part, *by;
        enum object_kind kind;
    } parts[] = { { "trigger", "type", OBJECT_TRIGGER_TYPE }, { "action", "ref", OBJECT_ACTION } };

    for (size_t i = 0; i < ELEMENTS(parts); i++) {
        value part = value_ref(value_map_get(rule, parts[i].part)), description;
        const char *ref = value_map_chars(part, parts[i].by);
        VALUE_AUTO(other);

        other = catalog_by_ref(api->config.catalog, parts[i].kind, ref ? ref : "");
        description = value_map_get(other, "description");
        value_map_put(&part, "description",
                      value_is_string(description) ? value_ref(description) : value_text(""));
        value_map_set_text(&rule, parts[i].part, part);
    }
    return masked(api, rule, show_secrets);
}

/* ---- changes ---- */

static value rule_of_body(struct api *api, struct http_request *request, value body)
{
    struct model_lookup lookup = registry_lookup(api->config.catalog);
    value document = VALUE_NOTHING, context;
    ERROR_AUTO(err);

    if (model_accept(MODEL_RULE, body, MODEL_FROM_API, &lookup, &document, NULL, &err) < 0) {
        http_respond_error(request, 400, &err);
        return VALUE_NOTHING;
    }
    context = value_map_new(1);
    value_map_put(&context, "user", value_text(api_caller(request)->user));
    value_map_put(&document, "context", context);
    return document;
}

static int conflict(struct api_input *input, value other)
{
    value_replace(&input->extra, value_map_new(1));
    value_map_put(&input->extra, "conflict-id", value_ref(value_map_get(other, "id")));
    return api_fault(input, 409, "Tried to save duplicate unique keys (duplicate key error, uid: %s)",
                     value_map_chars(input->document, "uid") ? value_map_chars(input->document, "uid") : "");
}

static int apply_create(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(other);
    value stored;
    ERROR_AUTO(reason);
    int r;

    other = engine_object(engine, OBJECT_RULE, value_map_chars(input->document, "ref"));
    if (value_is_set(other))
        return conflict(input, other);
    r = registry_put_rule(engine, input->document, VALUE_NOTHING, &stored, &reason);
    if (r > 0)
        return api_fault(input, 400, "%s", error_text(&reason));
    if (r < 0) {
        error_move(err, &reason);
        return r;
    }
    log_audit("Rule created. Rule.id=%s", value_map_chars(stored, "id"));
    return api_answer(input, 201, stored);
}

static int apply_replace(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(old);
    VALUE_AUTO(other);
    value stored;
    ERROR_AUTO(reason);
    int r;

    old = engine_object(engine, OBJECT_RULE, input->text);
    if (!value_is_set(old))
        return api_fault(input, 404, "Resource with a reference or id \"%s\" not found", input->text);
    value_map_put(&input->document, "id", value_ref(value_map_get(old, "id")));
    other = engine_object(engine, OBJECT_RULE, value_map_chars(input->document, "ref"));
    if (value_is_set(other) && !value_equal(value_map_get(other, "id"), value_map_get(old, "id")))
        return conflict(input, other);
    r = registry_put_rule(engine, input->document, old, &stored, &reason);
    if (r > 0)
        return api_fault(input, 400, "%s", error_text(&reason));
    if (r < 0) {
        error_move(err, &reason);
        return r;
    }
    log_audit("Rule updated. Rule.id=%s", value_map_chars(stored, "id"));
    return api_answer(input, 200, stored);
}

static int apply_delete(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(old);
    int r;

    old = engine_object(engine, OBJECT_RULE, input->text);
    if (!value_is_set(old))
        return api_fault(input, 404, "Resource with a reference or id \"%s\" not found", input->text);
    r = registry_delete_rule(engine, old, err);
    input->status = 204;
    log_audit("Rule deleted. Rule.id=%s", value_map_chars(old, "id"));
    return r < 0 ? r : 0;
}

static const struct input_ops create_ops = { "rule create", apply_create, api_input_done, false };
static const struct input_ops replace_ops = { "rule replace", apply_replace, api_input_done, false };
static const struct input_ops delete_ops = { "rule delete", apply_delete, api_input_done, false };

static void create_rule(struct http_request *request, void *owner)
{
    struct api_input *input;
    VALUE_AUTO(body);
    value document;

    if (!api_body_object(request, &body))
        return;
    document = rule_of_body(owner, request, body);
    if (!value_is_set(document))
        return;
    input = api_input_new(owner, request, &create_ops);
    input->document = document;
    api_submit(input);
}

static void replace_rule(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *ref = http_variable(request, "rule_ref_or_id");
    struct api_input *input;
    VALUE_AUTO(body);
    VALUE_AUTO(old);
    value document;

    if (!api_body_object(request, &body))
        return;
    old = catalog_get(api->config.catalog, OBJECT_RULE, ref);
    if (!value_is_set(old)) {
        http_respond_fault(request, 404, "Resource with a reference or id \"%s\" not found", ref);
        return;
    }
    document = rule_of_body(api, request, body);
    if (!value_is_set(document))
        return;
    if (!object_id_valid(ref)) {
        http_respond_fault(request, 400, "ValidationError (RuleDB:%s) (Invalid ObjectID: ['id'])", ref);
        value_unref(document);
        return;
    }
    input = api_input_new(api, request, &replace_ops);
    input->document = document;
    input->text = xstrdup(ref);
    api_submit(input);
}

static void delete_rule(struct http_request *request, void *owner)
{
    struct api_input *input = api_input_new(owner, request, &delete_ops);

    input->text = xstrdup(http_variable(request, "rule_ref_or_id"));
    api_submit(input);
}

/* ---- routes ---- */

static const struct collection_filter filters[] = {
    { "id", "id", FILTER_LIST },
    { "name", "name", FILTER_TEXT },
    { "pack", "pack", FILTER_TEXT },
    { "action", "action.ref", FILTER_TEXT },
    { "trigger", "trigger.ref", FILTER_TEXT },
    { "enabled", "enabled", FILTER_BOOLEAN },
    { 0 },
};
static const char *const by_pack_and_name[] = { "pack", "name", NULL };

static const struct collection rules = {
    .kind = OBJECT_RULE,
    .filters = filters,
    .order = by_pack_and_name,
    .shape = shape_rule,
    .of_pack = true,
    .not_found = "Resource with a reference or id \"%s\" not found",
};
static const struct collection views = {
    .kind = OBJECT_RULE,
    .filters = filters,
    .order = by_pack_and_name,
    .shape = shape_view,
    .of_pack = true,
    .not_found = "Resource with a reference or id \"%s\" not found",
};
static const struct collection types = {
    .kind = OBJECT_RULE_TYPE,
    .bare = true,
    .not_found = "Unable to find the RuleTypeDB instance. {'id': '%s'}",
};

static const struct http_parameter list_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "id", HTTP_LIST },
    { "name", HTTP_STRING },
    { "pack", HTTP_STRING },
    { "action", HTTP_STRING },
    { "trigger", HTTP_STRING },
    { "enabled", HTTP_STRING },
    { "show_secrets", HTTP_BOOLEAN },
    { NULL, HTTP_STRING },
};
static const struct http_parameter get_parameters[] = { { "show_secrets", HTTP_BOOLEAN },
                                                        { NULL, HTTP_STRING } };
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/rules", collection_list, 0, list_parameters, &rules },
    { "POST", HTTP_API, "/rules", create_rule, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/rules/views", collection_list, 0, list_parameters, &views },
    { "GET", HTTP_API, "/rules/views/{ref_or_id}", collection_get, 0, get_parameters, &views },
    { "GET", HTTP_API, "/rules/{ref_or_id:(?!views).*}", collection_get, 0, get_parameters, &rules },
    { "PUT", HTTP_API, "/rules/{rule_ref_or_id}", replace_rule, 0, no_parameters, NULL },
    { "DELETE", HTTP_API, "/rules/{rule_ref_or_id}", delete_rule, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/ruletypes", collection_list, 0, no_parameters, &types },
    { "GET", HTTP_API, "/ruletypes/{ref_or_id}", collection_get, 0, no_parameters, &types },
};

const struct api_routes api_rule_routes = { routes, ELEMENTS(routes) };
