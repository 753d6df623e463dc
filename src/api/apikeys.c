/* SPDX-License-Identifier: Apache-2.0 */
/* /apikeys (contract: rest-api.md 8.6). A key is told once, when it is made; its hash is its reference. */
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "auth/api_key.h"
#include "base/log.h"
#include "base/mem.h"
#include "collection.h"
#include "value/python.h"

static value shape(struct api *api, struct http_request *request, value key, bool show_secrets)
{
    if (!show_secrets) {
        value_map_put(&key, "key_hash", value_text("********"));
        value_map_put(&key, "uid", value_text("********"));
    }
    return key;
}

static const struct collection keys = {
    .kind = OBJECT_API_KEY,
    .default_limit = 50,
    .shape = shape,
    .not_found = "ApiKey matching %s for reference and id not found.",
};

/* By id, or by the key itself. Owned; unset when there is none. */
static value find_key(struct api *api, const char *id_or_key)
{
    char hash[API_KEY_HASH_SIZE];
    value key = catalog_by_id(api->config.catalog, OBJECT_API_KEY, id_or_key);

    if (value_is_set(key))
        return key;
    api_key_hash(id_or_key, hash);
    return catalog_by_ref(api->config.catalog, OBJECT_API_KEY, hash);
}

static void get_key(struct http_request *request, void *owner)
{
    const char *id = http_variable(request, "id_or_key");
    struct api *api = owner;
    VALUE_AUTO(key);
    VALUE_AUTO(shown);
    ERROR_AUTO(err);
    bool secrets;

    if (http_query_bool(request, "show_secrets", false, &secrets, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    key = find_key(api, id);
    if (!value_is_set(key)) {
        http_respond_fault(request, 404, keys.not_found, id);
        return;
    }
    shown = shape(api, request, value_ref(key), (secrets && api_caller(request)->admin));
    http_respond_value(request, 200, shown);
}

static bool check_body(struct http_request *request, value body)
{
    static const struct {
        const char *name;
        enum value_kind kind;
        const char *type; /* NULL: computed, not checked */
    } members[] = {
        { "id", VALUE_STRING, NULL },         { "uid", VALUE_STRING, NULL },
        { "user", VALUE_STRING, "string" },   { "key_hash", VALUE_STRING, "string" },
        { "key", VALUE_STRING, NULL },        { "metadata", VALUE_MAP, "object" },
        { "created_at", VALUE_STRING, NULL }, { "enabled", VALUE_BOOL, "boolean" },
    };

    VALUE_MAP_EACH (i, body) {
        value name = value_map_key_at(body, i), item = value_map_item_at(body, i);
        BUFFER_AUTO(shown);
        size_t j = 0;

        while (j < ELEMENTS(members) && !value_text_is(name, members[j].name))
            j++;
        if (j == ELEMENTS(members)) {
            http_respond_fault(request, 400, "Additional properties are not allowed ('%s' was unexpected)",
                               value_chars(name));
            return false;
        }
        if (!members[j].type || value_is_null(item) || item.kind == members[j].kind)
            continue;
        python_repr(&shown, item);
        http_respond_fault(request, 400, "%s is not of type '%s'", buffer_text(&shown), members[j].type);
        return false;
    }
    return true;
}

/* ---- changes ---- */

/* document: the key as it will be; text: the key itself, told in the answer. */
static int apply_create(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    const char *hash = value_map_chars(input->document, "key_hash");
    VALUE_AUTO(stored);
    value answer;
    int r;

    value_map_put(&input->document, "created_at", api_time_value(engine_now(engine)));
    r = engine_object_put(engine, OBJECT_API_KEY, hash, input->document, &stored, err);
    if (r == STORE_CONFLICT) {
        input->extra = value_map_new(1);
        value_map_put(&input->extra, "conflict-id", value_null());
        return api_fault(input, 409, "Tried to save duplicate unique keys (key_hash)");
    }
    if (r < 0)
        return r;
    answer = value_ref(stored);
    value_map_remove(&answer, "key_hash");
    value_map_put(&answer, "key", input->text ? value_text(input->text) : value_null());
    log_audit("ApiKey created. ApiKey.id=%s", value_map_chars(stored, "id"));
    return api_answer(input, 201, answer);
}

static int apply_replace(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(key);
    value stored;
    int r;

    key = engine_object(engine, OBJECT_API_KEY, input->text);
    if (!value_is_set(key))
        return api_fault(input, 404, "ApiKey with key or id=%s not found.", input->text);
    value_map_update(&key, input->document);
    value_map_put(&key, "created_at", api_time_value(engine_now(engine)));
    r = engine_object_put(engine, OBJECT_API_KEY, value_map_chars(key, "key_hash"), key, &stored, err);
    if (r < 0)
        return r;
    value_map_put(&stored, "uid", value_text("api_key:"));
    log_audit("API Key updated. ApiKey.id=%s.", value_map_chars(stored, "id"));
    return api_answer(input, 200, stored);
}

static int apply_delete(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(key);
    int r;

    key = engine_object(engine, OBJECT_API_KEY, input->text);
    if (!value_is_set(key))
        return api_fault(input, 404, "ApiKey with key or id=%s not found.", input->text);
    r = engine_object_delete(engine, OBJECT_API_KEY, value_map_chars(key, "id"), err);
    input->status = 204;
    log_audit("ApiKey deleted. ApiKey.id=%s", value_map_chars(key, "id"));
    return r < 0 ? r : 0;
}

static const struct input_ops create_ops = { "api key create", apply_create, api_input_done, false };
static const struct input_ops replace_ops = { "api key replace", apply_replace, api_input_done, false };
static const struct input_ops delete_ops = { "api key delete", apply_delete, api_input_done, false };

static void create_key(struct http_request *request, void *owner)
{
    char key[API_KEY_SIZE], hash[API_KEY_HASH_SIZE];
    const char *given, *user;
    struct api_input *input;
    VALUE_AUTO(body);
    value document, metadata;

    if (!api_body_object(request, &body) || !check_body(request, body))
        return;
    given = value_map_chars(body, "key_hash");
    user = value_map_chars(body, "user");
    metadata = value_map_get(body, "metadata");
    if (!given) {
        api_key_make(key);
        api_key_hash(key, hash);
    }
    document = value_map_new(8);
    value_map_put(&document, "uid", value_textf("api_key:%s", given ? given : hash));
    value_map_put(&document, "user", value_text(user && *user ? user : api_caller(request)->user));
    value_map_put(&document, "key_hash", value_text(given ? given : hash));
    value_map_put(&document, "metadata", value_is_map(metadata) ? value_ref(metadata) : value_map_new(0));
    value_map_put(&document, "created_at", value_null());
    value_map_put(&document, "enabled", value_bool(value_map_bool(body, "enabled", true)));
    input = api_input_new(owner, request, &create_ops);
    input->document = document;
    input->text = given ? NULL : xstrdup(key);
    api_submit(input);
}

static void replace_key(struct http_request *request, void *owner)
{
    const char *id = http_variable(request, "id_or_key"), *hash;
    struct api_input *input;
    VALUE_AUTO(body);
    VALUE_AUTO(key);
    value document, metadata;

    if (!api_body_object(request, &body) || !check_body(request, body))
        return;
    key = find_key(owner, id);
    if (!value_is_set(key)) {
        http_respond_fault(request, 404, "ApiKey with key or id=%s not found.", id);
        return;
    }
    hash = value_map_chars(body, "key_hash");
    /* Clients send back what they were shown, the mask included. */
    if (hash && strcmp(hash, "********") != 0 && strcmp(hash, value_map_chars(key, "key_hash")) != 0) {
        http_respond_fault(request, 400, "Update of key_hash is not allowed.");
        return;
    }
    metadata = value_map_get(body, "metadata");
    document = value_map_new(4);
    if (value_map_chars(body, "user"))
        value_map_put(&document, "user", value_ref(value_map_get(body, "user")));
    value_map_put(&document, "metadata", value_is_map(metadata) ? value_ref(metadata) : value_map_new(0));
    value_map_put(&document, "enabled", value_bool(value_map_bool(body, "enabled", true)));
    input = api_input_new(owner, request, &replace_ops);
    input->document = document;
    input->text = xstrdup(value_map_chars(key, "id"));
    api_submit(input);
}

static void delete_key(struct http_request *request, void *owner)
{
    const char *id = http_variable(request, "id_or_key");
    struct api_input *input;
    VALUE_AUTO(key);

    key = find_key(owner, id);
    if (!value_is_set(key)) {
        http_respond_fault(request, 404, "ApiKey with key or id=%s not found.", id);
        return;
    }
    input = api_input_new(owner, request, &delete_ops);
    input->text = xstrdup(value_map_chars(key, "id"));
    api_submit(input);
}

static const struct http_parameter list_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "show_secrets", HTTP_BOOLEAN },
    { NULL, HTTP_STRING },
};
static const struct http_parameter one_parameters[] = { { "show_secrets", HTTP_BOOLEAN },
                                                        { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/apikeys", collection_list, 0, list_parameters, &keys },
    { "POST", HTTP_API, "/apikeys", create_key, 0, one_parameters, NULL },
    { "GET", HTTP_API, "/apikeys/{id_or_key}", get_key, 0, one_parameters, NULL },
    { "PUT", HTTP_API, "/apikeys/{id_or_key}", replace_key, 0, one_parameters, NULL },
    { "DELETE", HTTP_API, "/apikeys/{id_or_key}", delete_key, 0, one_parameters, NULL },
};

const struct api_routes api_apikey_routes = { routes, ELEMENTS(routes) };
