/* SPDX-License-Identifier: Apache-2.0 */
/* /packs (contract: rest-api.md 7.1). */
#include <stdlib.h>
#include <string.h>

#include "api-internal.h"
#include "base/mem.h"
#include "collection.h"
#include "engine/content.h"
#include "engine/registry.h"
#include "pack_files.h"
#include "value/python.h"

static const struct collection_filter pack_filters[] = {
    { "id", "id", FILTER_LIST },
    { "name", "name", FILTER_TEXT },
    { "ref", "ref", FILTER_TEXT },
    { 0 },
};
static const char *const by_ref[] = { "ref", NULL };

static const struct collection packs = {
    .kind = OBJECT_PACK,
    .filters = pack_filters,
    .order = by_ref,
    .default_limit = 100,
    .sortable = true,
    .not_found = "Resource with a ref or id \"%s\" not found",
};

static void get_files(struct http_request *request, void *owner)
{
    VALUE_AUTO(pack);
    VALUE_AUTO(files);

    pack = collection_find(owner, request, &packs);
    if (!value_is_set(pack))
        return;
    files = pack_files_content(pack);
    http_respond_value(request, 200, files);
}

static void get_file(struct http_request *request, void *owner)
{
    pack_file_answer(owner, request, http_variable(request, "ref_or_id"),
                     http_variable(request, "file_path"));
}

/* ---- registering ---- */

/* What is built in is registered at the start; it is only counted here. */
enum {
    BUILTIN_RUNNERS = 1 << 28,
    BUILTIN_RULE_TYPES = 1 << 29,
    BUILTIN_POLICY_TYPES = 1 << 30,
    EVERYTHING = PACK_EVERYTHING | BUILTIN_RUNNERS | BUILTIN_RULE_TYPES | BUILTIN_POLICY_TYPES,
};

static const struct {
    unsigned part;
    const char *count;
    value (*documents)(void);
} builtins[] = {
    { BUILTIN_RUNNERS, "runners", model_runner_types },
    { BUILTIN_RULE_TYPES, "rule_types", model_rule_types },
    { BUILTIN_POLICY_TYPES, "policy_types", model_policy_types },
};

static const struct {
    const char *singular, *plural;
    unsigned part;
} types[] = {
    { "all", "all", EVERYTHING },
    { "runner", "runner", BUILTIN_RUNNERS },
    { "action", "actions", PACK_ACTIONS | BUILTIN_RUNNERS },
    { "trigger", "triggers", PACK_TRIGGERS },
    { "sensor", "sensors", PACK_SENSORS | PACK_TRIGGERS },
    { "rule", "rules", PACK_RULES | BUILTIN_RULE_TYPES },
    { "rule_type", "rule_types", BUILTIN_RULE_TYPES },
    { "alias", "aliases", PACK_ALIASES },
    { "policy_type", "policy_types", BUILTIN_POLICY_TYPES },
    { "policy", "policies", PACK_POLICIES | BUILTIN_POLICY_TYPES },
    { "config", "configs", PACK_CONFIGS },
};

struct registration {
    struct api *api;
    struct http_request *request;
    value directories;
    unsigned parts;
    bool fail_on_failure;
};

static void run_registration(void *data)
{
    struct registration *registration = data;
    VALUE_AUTO(counts);
    VALUE_AUTO(problems);
    ERROR_AUTO(err);
    int r;

    counts = value_map_new(8);
    problems = value_list_new(0);
    for (size_t i = 0; i < ELEMENTS(builtins); i++) {
        VALUE_AUTO(documents);

        if (!(registration->parts & builtins[i].part))
            continue;
        documents = builtins[i].documents();
        value_map_set_text(&counts, builtins[i].count, value_int((int64_t)value_list_count(documents)));
    }
    r = content_register(registration->api->config.content, registration->directories,
                         registration->parts & PACK_EVERYTHING, &counts, &problems, &err);
    if (r < 0)
        api_store_failed(registration->request, r, &err);
    else if (registration->fail_on_failure && value_list_count(problems))
        http_respond_fault(registration->request, 400, "%s", value_chars(value_list_at(problems, 0)));
    else
        http_respond_value(registration->request, 200, counts);
    value_unref(registration->directories);
    free(registration);
}

/* "'x' is not one of ['all', ...]" */
static void unknown_type(struct http_request *request, value name)
{
    BUFFER_AUTO(text);

    python_repr(&text, name);
    buffer_add_text(&text, " is not one of [");
    for (size_t i = 0; i < ELEMENTS(types); i++) {
        buffer_addf(&text, "%s'%s'", i ? ", " : "", types[i].singular);
        if (strcmp(types[i].singular, types[i].plural) != 0)
            buffer_addf(&text, ", '%s'", types[i].plural);
    }
    buffer_add_text(&text, "]");
    http_respond_fault(request, 400, "%s", text.data);
}

/* A list, or nothing. False: answered. */
static bool is_list(struct http_request *request, value given)
{
    BUFFER_AUTO(text);

    if (value_is_null(given) || value_is_list(given))
        return true;
    python_repr(&text, given);
    http_respond_fault(request, 400, "%s is not of type 'array'", buffer_text(&text));
    return false;
}

/* False: answered. */
static bool wanted_parts(struct http_request *request, value names, unsigned *ret)
{
    if (!is_list(request, names))
        return false;
    *ret = value_list_count(names) ? 0 : EVERYTHING;
    VALUE_LIST_EACH (i, name, names) {
        bool known = false;

        for (size_t j = 0; j < ELEMENTS(types); j++)
            if (value_text_is(name, types[j].singular) || value_text_is(name, types[j].plural)) {
                *ret |= types[j].part;
                known = true;
            }
        if (!known) {
            unknown_type(request, name);
            return false;
        }
    }
    return true;
}

static bool wanted_directories(struct api *api, struct http_request *request, value names, value *ret)
{
    VALUE_AUTO(all);

    if (!is_list(request, names))
        return false;
    *ret = value_list_new(8);
    if (!value_list_count(names)) {
        all = content_pack_names(api->config.content);
        names = all;
    }
    VALUE_LIST_EACH (i, name, names) {
        const char *text = value_is_string(name) ? value_chars(name) : "?";
        CLEANUP(freep)
        char *path = value_is_string(name) ? content_find_pack(api->config.content, text) : NULL;

        if (!path) {
            http_respond_fault(request, 400,
                               "Pack \"%s\" not found on disk: Directory \"%s/packs/%s\" doesn't exist", text,
                               content_base_path(api->config.content), text);
            value_unref(*ret);
            return false;
        }
        value_list_append(ret, value_text(path));
    }
    return true;
}

static void register_packs(struct http_request *request, void *owner)
{
    struct registration *registration;
    struct api *api = owner;
    VALUE_AUTO(body);
    value directories;
    unsigned parts;

    if (!api_body_object(request, &body) || !wanted_parts(request, value_map_get(body, "types"), &parts) ||
        !wanted_directories(api, request, value_map_get(body, "packs"), &directories))
        return;
    registration = xcalloc(1, sizeof(*registration));
    *registration = (struct registration){
        .api = api,
        .request = request,
        .directories = directories,
        .parts = parts,
        .fail_on_failure = value_map_bool(body, "fail_on_failure", true),
    };
    http_suspend(request);
    io_work(api->config.io, run_registration, registration);
}

/* ---- routes ---- */

static const struct http_parameter list_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "sort", HTTP_STRING },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "id", HTTP_LIST },
    { "name", HTTP_STRING },
    { "ref", HTTP_STRING },
    { "show_secrets", HTTP_BOOLEAN },
    { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/packs", collection_list, 0, list_parameters, &packs },
    { "POST", HTTP_API, "/packs/register", register_packs, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/packs/views/files/{ref_or_id}", get_files, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/packs/views/file/{ref_or_id}/{file_path:.*}", get_file, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/packs/{ref_or_id:(?!index)(?!views).*}", collection_get, 0, no_parameters, &packs },
};

const struct api_routes api_pack_routes = { routes, ELEMENTS(routes) };
