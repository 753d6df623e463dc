/* SPDX-License-Identifier: Apache-2.0 */
#include "resource.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/registry.h"

/* ---- in the engine; document: as it is to be stored, text: the id of the one that is there ---- */

static const struct resource *resource_of(struct api_input *input)
{
    return http_route(input->request)->data;
}

static int conflict(struct api_input *input, value other)
{
    const char *uid = value_map_chars(input->document, "uid");

    value_replace(&input->extra, value_map_new(1));
    value_map_put(&input->extra, "conflict-id",
                  value_is_set(other) && !resource_of(input)->conflict_unnamed
                      ? value_ref(value_map_get(other, "id"))
                      : value_null());
    return api_fault(input, 409, "Tried to save duplicate unique keys (duplicate key error, uid: %s)",
                     uid ? uid : "");
}

/* Stores and answers; what was asked for is refused when anything stands in its way. */
static int store(struct engine *engine, struct api_input *input, enum resource_change change,
                 struct error *err)
{
    const struct resource *resource = resource_of(input);
    static const char *const verbs[] = { "created", "updated" };
    VALUE_AUTO(stored);
    ERROR_AUTO(reason);
    int r;

    if (resource->clashes && resource->clashes(engine, input->document))
        return conflict(input, VALUE_NOTHING);
    r = resource->put ? resource->put(engine, input->document, &stored, &reason)
                      : registry_put(engine, resource->collection.kind, input->document, &stored, &reason);
    if (r == 0 && resource->changed)
        r = resource->changed(engine, change, stored, &reason);
    if (r > 0)
        return api_fault(input, r == STORE_CONFLICT ? 409 : 400, "%s", error_text(&reason));
    if (r < 0) {
        error_move(err, &reason);
        return r;
    }
    log_audit("%s %s. %s.id=%s", resource->label, verbs[change], resource->label,
              value_map_chars(stored, "id"));
    if (input->flag)
        value_map_remove(&stored, "description");
    return api_answer(input, change == RESOURCE_CREATED ? 201 : 200, api_without_nulls(value_take(&stored)));
}

static int apply_create(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(other);

    other =
        engine_object(engine, resource_of(input)->collection.kind, value_map_chars(input->document, "ref"));
    if (value_is_set(other))
        return conflict(input, other);
    return store(engine, input, RESOURCE_CREATED, err);
}

static int gone(struct api_input *input)
{
    BUFFER_AUTO(text);
    const char *format = resource_of(input)->collection.not_found, *mark = strstr(format, "%s");

    buffer_add(&text, format, (size_t)(mark - format));
    buffer_add_text(&text, input->text);
    buffer_add_text(&text, mark + 2);
    return api_fault(input, 404, "%s", buffer_text(&text));
}

static int apply_replace(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    enum object_kind kind = resource_of(input)->collection.kind;
    VALUE_AUTO(old);
    VALUE_AUTO(other);
    value description;

    old = engine_object(engine, kind, input->text);
    if (!value_is_set(old))
        return gone(input);
    other = engine_object(engine, kind, value_map_chars(input->document, "ref"));
    if (value_is_set(other) && !value_equal(value_map_get(other, "id"), value_map_get(old, "id")))
        return conflict(input, other);
    value_map_put(&input->document, "id", value_ref(value_map_get(old, "id")));
    description = value_map_get(old, "description");
    if (value_is_null(value_map_get(input->document, "description")) && value_is_string(description)) {
        value_map_put(&input->document, "description", value_ref(description));
        input->flag = true;
    }
    return store(engine, input, RESOURCE_UPDATED, err);
}

static int apply_delete(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    const struct resource *resource = resource_of(input);
    VALUE_AUTO(old);
    int r;

    old = engine_object(engine, resource->collection.kind, input->text);
    if (!value_is_set(old))
        return gone(input);
    r = engine_object_delete(engine, resource->collection.kind, value_map_chars(old, "id"), err);
    if (r == 0 && resource->changed)
        r = resource->changed(engine, RESOURCE_DELETED, old, err);
    if (r < 0)
        return r;
    log_audit("%s deleted. %s.id=%s", resource->label, resource->label, value_map_chars(old, "id"));
    input->status = 204;
    return 0;
}

static const struct input_ops create_ops = { "create", apply_create, api_input_done, false };
static const struct input_ops replace_ops = { "replace", apply_replace, api_input_done, false };
static const struct input_ops delete_ops = { "delete", apply_delete, api_input_done, false };

/* ---- on HTTP threads ---- */

static value accept(struct api *api, struct http_request *request, const struct resource *resource,
                    value body)
{
    struct model_lookup lookup = registry_lookup(api->config.catalog);
    value document = VALUE_NOTHING;
    ERROR_AUTO(err);

    if (model_accept(resource->model, body, MODEL_FROM_API, &lookup, &document, NULL, &err) < 0)
        http_respond_error(request, 400, &err);
    return document;
}

/* What the server brings with it stays as it is. */
static bool is_fixed(struct http_request *request, value old)
{
    if (!value_text_is(value_map_get(old, "pack"), "core"))
        return false;
    http_respond_fault(request, 400, API_SYSTEM_PACK);
    return true;
}

void resource_create(struct http_request *request, void *owner)
{
    const struct resource *resource = http_route(request)->data;
    struct api_input *input;
    VALUE_AUTO(body);
    value document;

    if (!api_body_object(request, &body))
        return;
    document = accept(owner, request, resource, body);
    if (!value_is_set(document))
        return;
    input = api_input_new(owner, request, &create_ops);
    input->document = document;
    api_submit(input);
}

void resource_replace(struct http_request *request, void *owner)
{
    const struct resource *resource = http_route(request)->data;
    struct api_input *input;
    VALUE_AUTO(body);
    VALUE_AUTO(old);
    value document;

    if (!api_body_object(request, &body))
        return;
    old = collection_find(owner, request, &resource->collection);
    if (!value_is_set(old) || is_fixed(request, old))
        return;
    document = accept(owner, request, resource, body);
    if (!value_is_set(document))
        return;
    if (resource->put_by_id && !object_id_valid(http_variable(request, "ref_or_id"))) {
        http_respond_fault(request, 400, "ValidationError (%s:%s) (Invalid ObjectID: ['id'])",
                           resource->put_by_id, http_variable(request, "ref_or_id"));
        value_unref(document);
        return;
    }
    input = api_input_new(owner, request, &replace_ops);
    input->document = document;
    input->text = xstrdup(value_map_chars(old, "id"));
    api_submit(input);
}

void resource_delete(struct http_request *request, void *owner)
{
    const struct resource *resource = http_route(request)->data;
    struct api_input *input;
    VALUE_AUTO(old);

    old = collection_find(owner, request, &resource->collection);
    if (!value_is_set(old) || is_fixed(request, old))
        return;
    input = api_input_new(owner, request, &delete_ops);
    input->text = xstrdup(value_map_chars(old, "id"));
    api_submit(input);
}
