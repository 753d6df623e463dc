/* SPDX-License-Identifier: Apache-2.0 */
/* /keys, the datastore (contract: rest-api.md 6, engine.md 8).

   A key is stored under "<scope>:<stored name>", the stored name of the user scope being "<user>:<name>". Secret values are
   stored as ciphertext and leave decrypted through shown() alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "auth/crypto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/datastore.h"
#include "engine/triggers.h"
#include "value/python.h"

#define SYSTEM_SCOPE "st2kv.system"
#define USER_SCOPE   "st2kv.user"
#define KEY_NAME_MAX 1024
#define TTL_MAX      INT64_C(3155760000) /* a hundred years */

/* ---- names ---- */

/* Which key is meant. */
struct key_name {
    bool of_user;
    char *stored; /* name with the user in front in user scope */
    char *ref;
};

static void key_name_release(struct key_name *name)
{
    free(name->stored);
    free(name->ref);
}

enum scope { SCOPE_SYSTEM, SCOPE_USER, SCOPE_ALL, SCOPE_UNKNOWN };

static enum scope scope_of(const char *text)
{
    static const struct {
        const char *text;
        enum scope scope;
    } scopes[] = {
        { "system", SCOPE_SYSTEM }, { SYSTEM_SCOPE, SCOPE_SYSTEM }, { "user", SCOPE_USER },
        { USER_SCOPE, SCOPE_USER }, { "all", SCOPE_ALL },
    };

    if (!text || !*text)
        return SCOPE_SYSTEM;
    for (size_t i = 0; i < ELEMENTS(scopes); i++)
        if (strcmp(text, scopes[i].text) == 0)
            return scopes[i].scope;
    return SCOPE_UNKNOWN;
}

static const char *long_prefix(const char *scope)
{
    return strncmp(scope, "st2kv.", 6) == 0 ? "" : "st2kv.";
}

/* Somebody else's keys are for administrators under RBAC alone. False: answered. */
static bool check_user(struct http_request *request, const char *user)
{
    if (!user || !*user || strcmp(user, api_caller(request)->user) == 0)
        return true;
    http_respond_fault(request, 403,
                       "\"user\" attribute can only be provided by admins when RBAC is enabled");
    return false;
}

static bool name_key(struct http_request *request, const char *scope, bool user_implied, struct key_name *ret)
{
    const char *name = http_variable(request, "name");
    enum scope kind = user_implied ? SCOPE_USER : scope_of(scope);

    if (kind == SCOPE_UNKNOWN) {
        http_respond_fault(
            request, 400,
            "Scope %s%s is not in allowed scopes list: ['system', 'user', 'st2kv.system', 'st2kv.user'].",
            long_prefix(scope), scope);
        return false;
    }
    if (strlen(name) > KEY_NAME_MAX) {
        http_respond_fault(request, 400, "The name of a key has at most %d bytes.", KEY_NAME_MAX);
        return false;
    }
    ret->of_user = kind == SCOPE_USER;
    ret->stored = ret->of_user ? xasprintf("%s:%s", api_caller(request)->user, name) : xstrdup(name);
    ret->ref = xasprintf("%s:%s", ret->of_user ? USER_SCOPE : SYSTEM_SCOPE, ret->stored);
    return true;
}

/* ---- answers ---- */

/* A stored key as clients see it, its value as it is stored. Owned. */
static value api_form(value key)
{
    static const char *const copied[] = { "id",    "uid",    "description",     "scope",
                                          "value", "secret", "expire_timestamp" };
    const char *name = value_map_chars(key, "name"), *colon;
    value document = value_map_new(10);

    for (size_t i = 0; i < ELEMENTS(copied); i++) {
        value item = value_map_get(key, copied[i]);

        if (!value_is_null(item))
            value_map_set_text(&document, copied[i], value_ref(item));
    }
    colon = value_text_is(value_map_get(key, "scope"), USER_SCOPE) ? strchr(name, ':') : NULL;
    value_map_put(&document, "name", value_text(colon ? colon + 1 : name));
    if (colon)
        value_map_put(&document, "user", value_text_n(name, (size_t)(colon - name)));
    value_map_put(&document, "encrypted", value_ref(value_map_get(key, "secret")));
    return document;
}

/* The one way out for plain secrets. */
static int shown(struct api *api, struct http_request *request, value key, bool decrypt, value *ret,
                 struct error *err)
{
    value document = api_form(key), plain;
    int r;

    if (decrypt && value_map_bool(key, "secret", false)) {
        r = datastore_decrypt(api->config.catalog, value_map_get(key, "value"), &plain, err);
        if (r < 0) {
            value_unref(document);
            return r;
        }
        value_map_put(&document, "value", plain);
        value_map_put(&document, "encrypted", value_bool(false));
        log_audit("User %s decrypted the value of key %s.", api_caller(request)->user,
                  value_map_chars(key, "uid"));
    }
    *ret = document;
    return 0;
}

static bool read_decrypt(struct http_request *request, bool *ret)
{
    ERROR_AUTO(err);

    if (http_query_bool(request, "decrypt", false, ret, &err) == 0)
        return true;
    http_respond_error(request, 400, &err);
    return false;
}

static void get_key(struct http_request *request, void *owner)
{
    const char *user = http_query(request, "user");
    struct key_name name = { 0 };
    struct api *api = owner;
    VALUE_AUTO(key);
    VALUE_AUTO(document);
    ERROR_AUTO(err);
    bool decrypt;

    if (!read_decrypt(request, &decrypt) || !check_user(request, user) ||
        !name_key(request, http_query(request, "scope"), user && *user, &name))
        return;
    key = catalog_by_ref(api->config.catalog, OBJECT_KEY, name.ref);
    if (!value_is_set(key) || datastore_expired(key, clock_now_us()))
        http_respond_fault(request, 404, "The key \"%s\" does not exist in the StackStorm datastore.",
                           name.stored);
    else if (shown(api, request, key, decrypt, &document, &err) < 0)
        http_respond_error(request, 400, &err);
    else
        http_respond_value(request, 200, document);
    key_name_release(&name);
}

/* ---- lists ---- */

struct key_filter {
    const char *prefix, *name, *user;
    value ids;
    bool of_user;
    int64_t now_us;
};

static bool fits(const struct key_filter *filter, value key)
{
    const char *stored = value_map_chars(key, "name"), *name = stored;
    bool of_user = value_text_is(value_map_get(key, "scope"), USER_SCOPE), found = !value_is_set(filter->ids);

    if (of_user != filter->of_user || datastore_expired(key, filter->now_us))
        return false;
    if (of_user) {
        size_t n = strlen(filter->user);

        if (strncmp(stored, filter->user, n) != 0 || stored[n] != ':')
            return false;
        name = stored + n + 1;
    }
    VALUE_LIST_EACH (i, id, filter->ids) {
        found |= value_equal(id, value_map_get(key, "id"));
    }
    return found && (!filter->prefix || strncmp(name, filter->prefix, strlen(filter->prefix)) == 0) &&
           (!filter->name || !*filter->name || strcmp(name, filter->name) == 0);
}

struct order {
    const char *member; /* NULL: as they were made */
    bool descending;
};

/* The first key of the list that is known. */
static struct order read_order(struct http_request *request)
{
    static const char *const members[] = { "name", "id", "scope" };
    struct order order = { NULL, false };
    VALUE_AUTO(wanted);

    wanted = http_query_list(request, "sort");
    VALUE_LIST_EACH (i, item, wanted) {
        const char *text = value_chars(item);
        bool sign = *text == '-' || *text == '+' || *text == ' ';

        for (size_t j = 0; !order.member && j < ELEMENTS(members); j++)
            if (strcmp(text + sign, members[j]) == 0)
                order = (struct order){ members[j], *text == '-' };
    }
    return order;
}

static int compare(const void *a, const void *b, void *data)
{
    const struct order *order = data;
    int r = 0;

    value_compare(value_map_get(*(const value *)a, order->member),
                  value_map_get(*(const value *)b, order->member), &r);
    return order->descending ? -r : r;
}

static int add_part(struct api *api, struct http_request *request, const struct key_filter *filter,
                    const struct page *page, bool decrypt, value *list, struct error *err)
{
    struct order order = read_order(request);
    int64_t from = page->offset, to;
    VALUE_AUTO(all);
    VALUE_AUTO(part);
    int r = 0;

    part = value_list_new(16);
    all = catalog_list(api->config.catalog, OBJECT_KEY);
    VALUE_LIST_EACH (i, key, all) {
        if (fits(filter, key))
            value_list_append(&part, value_ref(key));
    }
    if (order.member && value_list_count(part) > 1)
        qsort_r(part.list->items, part.list->count, sizeof(value), compare, &order);
    to = page->limit < 0 ? INT64_MAX : from + page->limit;
    for (int64_t i = from; r == 0 && i < to && i < (int64_t)value_list_count(part); i++) {
        value document;

        r = shown(api, request, value_list_at(part, (size_t)i), decrypt, &document, err);
        if (r == 0)
            value_list_append(list, document);
    }
    return r;
}

static void list_keys(struct http_request *request, void *owner)
{
    const char *user = http_query(request, "user"), *given = http_query(request, "scope");
    enum scope scope = user && *user ? SCOPE_USER : scope_of(given);
    struct key_filter filter = {
        .prefix = http_query(request, "prefix"),
        .name = http_query(request, "name"),
        .user = api_caller(request)->user,
        .now_us = clock_now_us(),
    };
    struct api *api = owner;
    struct page page;
    VALUE_AUTO(list);
    VALUE_AUTO(ids);
    ERROR_AUTO(err);
    bool decrypt;
    int r = 0;

    if (!read_decrypt(request, &decrypt) || !check_user(request, user))
        return;
    if (scope == SCOPE_UNKNOWN) {
        http_respond_fault(request, 400, "Invalid scope: %s%s", long_prefix(given), given);
        return;
    }
    if (!api_page(api, request, 100, &page))
        return;
    if (decrypt && scope != SCOPE_USER && !api_caller(request)->admin) {
        http_respond_fault(request, 403, "Decrypt option requires administrator access");
        return;
    }
    ids = http_query_list(request, "id");
    filter.ids = value_list_count(ids) ? ids : VALUE_NOTHING;
    list = value_list_new(16);
    if (scope != SCOPE_USER)
        r = add_part(api, request, &filter, &page, decrypt, &list, &err);
    filter.of_user = true;
    if (r == 0 && scope != SCOPE_SYSTEM)
        r = add_part(api, request, &filter, &page, decrypt, &list, &err);
    if (r < 0)
        http_respond_error(request, 400, &err);
    else
        http_respond_value(request, 200, list);
}

/* ---- triggers ---- */

/* Secrets do not leave by this way. */
static value trigger_form(value key)
{
    value document = api_form(key);

    if (value_map_bool(key, "secret", false))
        value_map_put(&document, "value", value_text("********"));
    return document;
}

static int tell(struct engine *engine, const char *what, value before, value after, struct error *err)
{
    CLEANUP(freep)
    char *trigger = xasprintf("core.st2.key_value_pair.%s", what);
    bool both = strcmp(what, "value_change") == 0;
    VALUE_AUTO(payload);
    int r;

    payload = value_map_new(2);
    if (both) {
        value_map_put(&payload, "old_object", trigger_form(before));
        value_map_put(&payload, "new_object", trigger_form(after));
    } else {
        value_map_put(&payload, "object", trigger_form(value_is_set(after) ? after : before));
    }
    r = trigger_dispatch(engine, trigger, payload, NULL, 0, NULL, err);
    return r > 0 ? 0 : r;
}

/* ---- changes ---- */

/* document: the key as it is to be stored. */
static int apply_put(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    const char *ref = value_map_chars(input->document, "ref");
    VALUE_AUTO(before);
    VALUE_AUTO(stored);
    bool there;
    int r;

    before = engine_object(engine, OBJECT_KEY, ref);
    there = value_is_set(before) && !datastore_expired(before, engine_now(engine));
    if (value_is_set(before))
        value_map_put(&input->document, "id", value_ref(value_map_get(before, "id")));
    r = engine_object_put(engine, OBJECT_KEY, ref, input->document, &stored, err);
    if (r == 0)
        r = tell(engine, there ? "update" : "create", before, stored, err);
    if (r == 0 && there && !value_equal(value_map_get(before, "value"), value_map_get(stored, "value")))
        r = tell(engine, "value_change", before, stored, err);
    if (r != 0)
        return r < 0 ? r : api_fault(input, 409, "The key was changed by somebody else; try again.");
    log_audit("KeyValuePair updated. KeyValuePair.id=%s", value_map_chars(stored, "id"));
    return api_answer(input, 200, api_form(stored));
}

/* text: the reference; document: the stored name, for the fault. */
static int apply_delete(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(before);
    bool there;
    int r;

    before = engine_object(engine, OBJECT_KEY, input->text);
    if (!value_is_set(before))
        return api_fault(input, 404, "The key \"%s\" does not exist in the StackStorm datastore.",
                         value_chars(input->document));
    there = !datastore_expired(before, engine_now(engine));
    r = engine_object_delete(engine, OBJECT_KEY, value_map_chars(before, "id"), err);
    if (r >= 0 && there)
        r = tell(engine, "delete", before, VALUE_NOTHING, err);
    if (r < 0)
        return r;
    if (!there)
        return api_fault(input, 404, "The key \"%s\" does not exist in the StackStorm datastore.",
                         value_chars(input->document));
    log_audit("KeyValuePair deleted. KeyValuePair.id=%s", value_map_chars(before, "id"));
    input->status = 204;
    return 0;
}

static const struct input_ops put_ops = { "key put", apply_put, api_input_done, false };
static const struct input_ops delete_ops = { "key delete", apply_delete, api_input_done, false };

static bool type_fits(enum value_kind kind, bool nullable, value item)
{
    return item.kind == kind || (nullable && item.kind == VALUE_NULL);
}

static bool check_body(struct http_request *request, value body)
{
    static const struct {
        const char *name, *type;
        enum value_kind kind;
        bool required, nullable;
    } members[] = {
        { "name", "string", VALUE_STRING, true, false },
        { "value", "string", VALUE_STRING, true, false },
        { "description", "string", VALUE_STRING, false, true },
        { "secret", "boolean", VALUE_BOOL, false, false },
        { "encrypted", "boolean", VALUE_BOOL, false, false },
        { "scope", "string", VALUE_STRING, false, true },
        { "user", "string", VALUE_STRING, false, true },
        { "ttl", "integer", VALUE_INT, false, false },
    };

    for (size_t i = 0; i < ELEMENTS(members); i++) {
        value item = value_map_get(body, members[i].name);
        BUFFER_AUTO(text);

        if (!value_is_set(item) && members[i].required) {
            http_respond_fault(request, 400, "'%s' is a required property", members[i].name);
            return false;
        }
        if (!value_is_set(item) || type_fits(members[i].kind, members[i].nullable, item))
            continue;
        python_repr(&text, item);
        http_respond_fault(request, 400, "%s is not of type '%s'", buffer_text(&text), members[i].type);
        return false;
    }
    if (value_map_int(body, "ttl", 0) > TTL_MAX) {
        http_respond_fault(request, 400, "ttl is at most %" PRId64 " seconds.", TTL_MAX);
        return false;
    }
    return true;
}

static bool no_key(struct api *api, struct http_request *request)
{
    const struct config *settings = api->config.settings;

    if (catalog_key(api->config.catalog))
        return false;
    http_respond_fault(request, 400,
                       "Crypto key not found in %s. Unable to encrypt / decrypt value for key %s.",
                       settings->encryption_key_path, http_variable(request, "name"));
    return true;
}

/* What is stored for the value: itself, its ciphertext, or the ciphertext that was given. False: answered. */
static bool stored_value(struct api *api, struct http_request *request, value body, value *ret,
                         bool *ret_secret)
{
    value given = value_map_get(body, "value");
    bool encrypted = value_map_bool(body, "encrypted", false);
    CLEANUP(freep)
    char *cipher = NULL;
    VALUE_AUTO(plain);
    ERROR_AUTO(err);

    *ret_secret = encrypted || value_map_bool(body, "secret", false);
    if (*ret_secret && no_key(api, request))
        return false;
    if (encrypted && !api_caller(request)->admin) {
        http_respond_fault(request, 403, "Pre-encrypted option requires administrator access");
        return false;
    }
    if (encrypted && datastore_decrypt(api->config.catalog, given, &plain, &err) < 0) {
        http_respond_fault(
            request, 400,
            "Failed to verify the integrity of the provided value for key \"%s\". Ensure that the value "
            "is encrypted with the correct key and not corrupted: %s",
            http_variable(request, "name"), error_text(&err));
        return false;
    }
    if (*ret_secret && !encrypted) {
        if (crypto_encrypt(catalog_key(api->config.catalog), value_chars(given), value_len(given), &cipher,
                           &err) < 0) {
            http_respond_error(request, 400, &err);
            return false;
        }
        *ret = value_text(cipher);
        return true;
    }
    *ret = value_ref(given);
    return true;
}

static void put_key(struct http_request *request, void *owner)
{
    struct key_name name = { 0 };
    struct api_input *input;
    VALUE_AUTO(body);
    value document, stored, description;
    int64_t ttl;
    bool secret;

    if (!api_body_object(request, &body) || !check_body(request, body) ||
        !check_user(request, value_map_chars(body, "user")))
        return;
    if (scope_of(value_map_chars(body, "scope")) == SCOPE_ALL) {
        http_respond_fault(request, 400, "Scope \"all\" is for lists; a key is in scope system or user.");
        return;
    }
    if (!name_key(request, value_map_chars(body, "scope"), false, &name))
        return;
    if (!stored_value(owner, request, body, &stored, &secret)) {
        key_name_release(&name);
        return;
    }
    document = value_map_new(9);
    description = value_map_get(body, "description");
    value_map_put(&document, "uid", value_textf("key_value_pair:%s", name.ref));
    value_map_put(&document, "ref", value_text(name.ref));
    value_map_put(&document, "name", value_text(name.stored));
    if (value_is_string(description))
        value_map_put(&document, "description", value_ref(description));
    value_map_put(&document, "scope", value_text(name.of_user ? USER_SCOPE : SYSTEM_SCOPE));
    value_map_put(&document, "value", stored);
    value_map_put(&document, "secret", value_bool(secret));
    ttl = value_map_int(body, "ttl", 0);
    if (ttl)
        value_map_put(&document, "expire_timestamp",
                      api_time_value(clock_now_us() + (ttl < 0 ? -1 : ttl) * 1000000));
    key_name_release(&name);
    input = api_input_new(owner, request, &put_ops);
    input->document = document;
    api_submit(input);
}

static void delete_key(struct http_request *request, void *owner)
{
    struct key_name name = { 0 };
    struct api_input *input;

    if (!check_user(request, http_query(request, "user")) ||
        !name_key(request, http_query(request, "scope"), false, &name))
        return;
    input = api_input_new(owner, request, &delete_ops);
    input->text = xstrdup(name.ref);
    input->document = value_text(name.stored);
    key_name_release(&name);
    api_submit(input);
}

/* ---- routes ---- */

static const struct http_parameter list_parameters[] = {
    { "prefix", HTTP_STRING },   { "scope", HTTP_STRING },   { "user", HTTP_STRING },
    { "decrypt", HTTP_BOOLEAN }, { "name", HTTP_STRING },    { "id", HTTP_LIST },
    { "limit", HTTP_INTEGER },   { "offset", HTTP_INTEGER }, { "sort", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter get_parameters[] = {
    { "scope", HTTP_STRING },
    { "user", HTTP_STRING },
    { "decrypt", HTTP_BOOLEAN },
    { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/keys", list_keys, 0, list_parameters, NULL },
    { "GET", HTTP_API, "/keys/{name}", get_key, 0, get_parameters, NULL },
    { "PUT", HTTP_API, "/keys/{name}", put_key, 0, no_parameters, NULL },
    { "DELETE", HTTP_API, "/keys/{name}", delete_key, 0, get_parameters, NULL },
};

const struct api_routes api_key_routes = { routes, ELEMENTS(routes) };
