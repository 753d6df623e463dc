/* SPDX-License-Identifier: Apache-2.0 */
/* /actions and their views (contract: rest-api.md 5.1). Files are written in the worker pool before the engine hears of the
   action, so a disk that is slow or full holds up nobody else. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api-internal.h"
#include "base/log.h"
#include "base/mem.h"
#include "collection.h"
#include "engine/registry.h"
#include "model/parameters.h"
#include "pack_files.h"
#include "value/yaml.h"

#define NOT_FOUND "Resource with a reference or id \"%s\" not found"

/* ---- reading ---- */

static value shape_overview(struct api *api, struct http_request *request, value action, bool show_secrets)
{
    const char *name = value_map_chars(action, "runner_type");
    VALUE_AUTO(runner);

    runner = catalog_by_ref(api->config.catalog, OBJECT_RUNNER_TYPE, name ? name : "");
    value_map_put(&action, "parameters", parameters_merged(action, runner));
    return action;
}

static const struct collection_filter filters[] = {
    { "id", "id", FILTER_LIST },
    { "name", "name", FILTER_TEXT },
    { "pack", "pack", FILTER_TEXT },
    { "tags", "tags", FILTER_TAG },
    { 0 },
};
static const char *const order[] = { "pack", "name", NULL };
static const char *const excludable[] = { "parameters", "notify", NULL };
static const char *const includable[] = { "id",          "ref",           "uid",
                                          "name",        "description",   "enabled",
                                          "runner_type", "entry_point",   "pack",
                                          "parameters",  "output_schema", "tags",
                                          "notify",      "metadata_file", NULL };

static const struct collection actions = {
    .kind = OBJECT_ACTION,
    .filters = filters,
    .order = order,
    .of_pack = true,
    .excludable = excludable,
    .includable = includable,
    .not_found = NOT_FOUND,
};
static const struct collection overviews = {
    .kind = OBJECT_ACTION,
    .filters = filters,
    .order = order,
    .of_pack = true,
    .excludable = excludable,
    .includable = includable,
    .shape = shape_overview,
    .not_found = NOT_FOUND,
};

static void get_parameters(struct http_request *request, void *owner)
{
    const char *ref = http_variable(request, "ref_or_id");
    struct api *api = owner;
    VALUE_AUTO(action);
    VALUE_AUTO(answer);
    value merged;

    action = catalog_get(api->config.catalog, OBJECT_ACTION, ref);
    if (!value_is_set(action)) {
        if (object_id_valid(ref))
            http_respond_fault(
                request, 404,
                "Database lookup for id=\"%s\" resulted in exception. Unable to find the ActionDB instance. "
                "{'id': '%s'}",
                ref, ref);
        else
            http_respond_fault(
                request, 404,
                "Database lookup for ref=\"%s\" resulted in exception. Referenced action \"%s\" doesnt exist",
                ref, ref);
        return;
    }
    action = shape_overview(api, request, value_take(&action), false);
    merged = value_ref(value_map_get(action, "parameters"));
    answer = value_map_new(1);
    value_map_put(&answer, "parameters", merged);
    http_respond_value(request, 200, answer);
}

static void get_entry_point(struct http_request *request, void *owner)
{
    const char *entry, *pack;
    struct api *api = owner;
    VALUE_AUTO(action);
    CLEANUP(freep)
    char *path = NULL;

    action = collection_find(api, request, &actions);
    if (!value_is_set(action))
        return;
    entry = value_map_chars(action, "entry_point");
    pack = value_map_chars(action, "pack");
    if (!entry || !*entry) {
        http_respond_fault(request, 404, "Action ref_or_id=%s has no entry_point to output",
                           http_variable(request, "ref_or_id"));
        return;
    }
    path = xasprintf("actions/%s", entry);
    pack_file_answer(api, request, pack ? pack : "", path);
}

/* ---- changing ---- */

enum job_kind { JOB_CREATE, JOB_REPLACE, JOB_DELETE, JOB_CLONE };

/* One change on its way: worker pool (files), engine, answer. */
struct job {
    struct input input;
    struct api *api;
    struct http_request *request;
    enum job_kind kind;
    value document; /* the action as it will be */
    value old;      /* the one it replaces, the one that goes, the clone's source */
    value files;    /* [{file_path, content}] */
    bool remove_files, overwrite;
    char *ref; /* of the path */
    unsigned status;
    value answer;
    char *fault;
    value conflict; /* id of the existing object */
};

static void job_free(struct job *job)
{
    value_unref(job->document);
    value_unref(job->old);
    value_unref(job->files);
    value_unref(job->answer);
    value_unref(job->conflict);
    free(job->ref);
    free(job->fault);
    free(job);
}

static int job_fault(struct job *job, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int job_fault(struct job *job, unsigned status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    free(job->fault);
    job->fault = xvasprintf(format, args);
    va_end(args);
    job->status = status;
    return 0;
}

static void job_answer(struct job *job)
{
    VALUE_AUTO(body);

    if (job->fault) {
        body = value_map_new(2);
        value_map_put(&body, "faultstring", value_text(job->fault));
        if (value_is_set(job->conflict))
            value_map_put(&body, "conflict-id", value_ref(job->conflict));
        http_respond_value(job->request, job->status, body);
    } else if (value_is_set(job->answer)) {
        http_respond_value(job->request, job->status, job->answer);
    } else {
        http_respond(job->request, job->status, NULL, "", 0);
    }
    job_free(job);
}

static void job_done(struct input *input, int r, const struct error *err)
{
    struct job *job = (struct job *)input;

    if (r < 0) {
        api_store_failed(job->request, r, err);
        job_free(job);
        return;
    }
    job_answer(job);
}

static int store_document(struct engine *engine, struct job *job, struct error *err)
{
    const char *ref = value_map_chars(job->document, "ref");
    VALUE_AUTO(other);
    value stored;
    int r;

    other = engine_object(engine, OBJECT_ACTION, ref);
    if (value_is_set(other) && !value_equal(value_map_get(other, "id"), value_map_get(job->document, "id"))) {
        job->conflict = value_ref(value_map_get(other, "id"));
        return job_fault(job, 409, "Tried to save duplicate unique keys (duplicate key error, uid: %s)",
                         value_map_chars(job->document, "uid"));
    }
    r = engine_object_put(engine, OBJECT_ACTION, ref, job->document, &stored, err);
    if (r == STORE_CONFLICT)
        return job_fault(job, 409, "Tried to save duplicate unique keys (duplicate key error, ref: %s)", ref);
    if (r < 0)
        return r;
    job->answer = api_without_nulls(stored);
    return 0;
}

static int job_apply(struct engine *engine, struct input *input, struct error *err)
{
    struct job *job = (struct job *)input;
    int r;

    if (job->kind == JOB_DELETE) {
        r = engine_object_delete(engine, OBJECT_ACTION, value_map_chars(job->old, "id"), err);
        job->status = 204;
        if (r == STORE_NOT_FOUND)
            return job_fault(job, 404, NOT_FOUND, job->ref);
        log_audit("Action deleted. Action.id=%s", value_map_chars(job->old, "id"));
        return r;
    }
    return store_document(engine, job, err);
}

static const struct input_ops job_ops = { "action change", job_apply, job_done, false };

/* In the worker pool: the files first. What cannot be written or removed ends the change. */
static void job_files(void *data)
{
    struct job *job = data;
    ERROR_AUTO(err);
    int r = 0;

    switch (job->kind) {
    case JOB_CREATE:
    case JOB_REPLACE:
        r = pack_files_write(job->api, value_map_chars(job->document, "pack"), job->files, &err);
        break;
    case JOB_DELETE:
        if (job->remove_files)
            r = pack_files_remove_action(job->api, job->old, &err);
        break;
    case JOB_CLONE:
        r = pack_files_clone_action(job->api, job->old, job->document, &err);
        break;
    }
    if (r < 0) {
        job_fault(job, r == -EINVAL ? 400 : 403, "%s", error_text(&err));
        job_answer(job);
        return;
    }
    engine_loop_post(job->api->config.loop, &job->input);
}

static struct job *job_new(struct api *api, struct http_request *request, enum job_kind kind)
{
    struct job *job = xcalloc(1, sizeof(*job));

    *job = (struct job){ .input.ops = &job_ops, .api = api, .request = request, .kind = kind, .status = 200 };
    return job;
}

static void job_submit(struct job *job)
{
    http_suspend(job->request);
    if (value_list_count(job->files) || job->remove_files || job->kind == JOB_CLONE)
        io_work(job->api->config.io, job_files, job);
    else
        engine_loop_post(job->api->config.loop, &job->input);
}

/* Takes data_files out of a body. False: answered. */
static bool take_files(struct http_request *request, value *body, value *ret)
{
    value files = value_map_get(*body, "data_files");

    if (value_is_set(files) && !value_is_list(files)) {
        http_respond_fault(request, 400, "data_files must be an array of {file_path, content}");
        return false;
    }
    VALUE_LIST_EACH (i, file, files) {
        if (!value_map_chars(file, "file_path") || !value_map_chars(file, "content")) {
            http_respond_fault(request, 400, "'%s' is a required property",
                               value_map_chars(file, "file_path") ? "content" : "file_path");
            return false;
        }
    }
    *ret = value_ref(files);
    value_map_remove(body, "data_files");
    return true;
}

/* Is the pack one whose content nobody changes? Answered then. */
static bool is_system_pack(struct http_request *request, const char *pack)
{
    if (!pack || strcmp(pack, "core") != 0)
        return false;
    http_respond_fault(request, 400, API_SYSTEM_PACK);
    return true;
}

/* What the original's schema defaults add to the output schema of an action that the API makes. */
static void add_schema_defaults(value *document)
{
    static const struct {
        const char *name;
        bool object;
    } defaults[] = {
        { "additionalItems", true }, { "items", true },      { "uniqueItems", false },
        { "required", false },       { "secret", false },    { "additionalProperties", true },
        { "definitions", true },     { "properties", true }, { "patternProperties", true },
        { "immutable", false },
    };
    value schema = value_map_get(*document, "output_schema");

    schema = value_is_map(schema) ? value_ref(schema) : value_map_new(10);
    for (size_t i = 0; i < ELEMENTS(defaults); i++)
        if (!value_map_has(schema, defaults[i].name))
            value_map_set_text(&schema, defaults[i].name,
                               defaults[i].object ? value_map_new(0) : value_bool(false));
    value_map_put(document, "output_schema", schema);
}

/* Of a tag only its name and value are kept, "" when missing. Takes the body. */
static value with_plain_tags(value body)
{
    value tags = value_map_get(body, "tags"), plain;

    if (!value_is_list(tags))
        return body;
    plain = value_list_new(value_list_count(tags));
    VALUE_LIST_EACH (i, tag, tags) {
        value one = value_map_new(2), name = value_map_get(tag, "name"), item = value_map_get(tag, "value");

        if (!value_is_map(tag)) {
            value_unref(one);
            value_list_append(&plain, value_ref(tag));
            continue;
        }
        value_map_put(&one, "name", value_is_set(name) ? value_ref(name) : value_text(""));
        value_map_put(&one, "value", value_is_set(item) ? value_ref(item) : value_text(""));
        value_list_append(&plain, one);
    }
    value_map_put(&body, "tags", plain);
    return body;
}

/* The checked document of a body, or an answer (unset). */
static value accept(struct api *api, struct http_request *request, value given)
{
    struct model_lookup lookup = registry_lookup(api->config.catalog);
    value document = VALUE_NOTHING;
    VALUE_AUTO(body);
    ERROR_AUTO(err);

    /* The specification of the route asks for a name before the model is looked at. */
    if (!value_map_has(given, "name")) {
        http_respond_fault(request, 400, "'name' is a required property");
        return VALUE_NOTHING;
    }
    body = with_plain_tags(value_ref(given));
    if (model_accept(MODEL_ACTION, body, MODEL_FROM_API, &lookup, &document, NULL, &err) < 0) {
        http_respond_error(request, 400, &err);
        return VALUE_NOTHING;
    }
    add_schema_defaults(&document);
    return document;
}

static void create_action(struct http_request *request, void *owner)
{
    struct job *job;
    VALUE_AUTO(body);
    VALUE_AUTO(files);
    value document;

    if (!api_body_object(request, &body) || !take_files(request, &body, &files) ||
        is_system_pack(request, value_map_chars(body, "pack")))
        return;
    document = accept(owner, request, body);
    if (!value_is_set(document))
        return;
    job = job_new(owner, request, JOB_CREATE);
    job->document = document;
    job->files = value_take(&files);
    job->status = 201;
    job_submit(job);
}

static void replace_action(struct http_request *request, void *owner)
{
    struct job *job;
    VALUE_AUTO(body);
    VALUE_AUTO(files);
    VALUE_AUTO(old);
    value document;

    if (!api_body_object(request, &body) || !take_files(request, &body, &files))
        return;
    old = collection_find(owner, request, &actions);
    if (!value_is_set(old) || is_system_pack(request, value_map_chars(old, "pack")))
        return;
    if (!value_map_chars(body, "pack"))
        value_map_put(&body, "pack", value_ref(value_map_get(old, "pack")));
    document = accept(owner, request, body);
    if (!value_is_set(document))
        return;
    value_map_put(&document, "id", value_ref(value_map_get(old, "id")));
    job = job_new(owner, request, JOB_REPLACE);
    job->document = document;
    job->files = value_take(&files);
    job_submit(job);
}

static void delete_action(struct http_request *request, void *owner)
{
    struct job *job;
    VALUE_AUTO(body);
    VALUE_AUTO(old);

    if (!api_body_object(request, &body))
        return;
    old = collection_find(owner, request, &actions);
    if (!value_is_set(old) || is_system_pack(request, value_map_chars(old, "pack")))
        return;
    job = job_new(owner, request, JOB_DELETE);
    job->old = value_take(&old);
    job->ref = xstrdup(http_variable(request, "ref_or_id"));
    job->remove_files = value_truth(value_map_get(body, "remove_files"));
    job_submit(job);
}

/* The source under its new name: entry point and metadata file keep their endings. */
static value cloned_document(value source, const char *pack, const char *name)
{
    const char *entry = value_map_chars(source, "entry_point"), *dot = entry ? strrchr(entry, '.') : NULL;
    const char *runner = value_map_chars(source, "runner_type");
    bool workflow = runner && (strcmp(runner, "orquesta") == 0 || strcmp(runner, "action-chain") == 0);
    value document = value_ref(source);

    value_map_remove(&document, "id");
    value_map_put(&document, "name", value_text(name));
    value_map_put(&document, "pack", value_text(pack));
    value_map_put(&document, "ref", model_ref(pack, name));
    value_map_put(&document, "uid", value_textf("action:%s:%s", pack, name));
    value_map_put(&document, "metadata_file", value_textf("actions/%s.yaml", name));
    if (entry && *entry)
        value_map_put(&document, "entry_point",
                      value_textf("%s%s%s", workflow ? "workflows/" : "", name, dot ? dot : ""));
    return document;
}

static void clone_action(struct http_request *request, void *owner)
{
    struct api *api = owner;
    const char *pack, *name;
    struct job *job;
    VALUE_AUTO(body);
    VALUE_AUTO(source);
    VALUE_AUTO(there);
    VALUE_AUTO(pack_document);
    value document;

    if (!api_body_object(request, &body))
        return;
    pack = value_map_chars(body, "dest_pack");
    name = value_map_chars(body, "dest_action");
    if (!pack || !name) {
        http_respond_fault(request, 400, "'%s' is a required property", pack ? "dest_action" : "dest_pack");
        return;
    }
    source = collection_find(api, request, &actions);
    if (!value_is_set(source))
        return;
    if (model_pack_is_system(pack)) {
        http_respond_fault(request, 400, API_SYSTEM_PACK);
        return;
    }
    pack_document = catalog_by_ref(api->config.catalog, OBJECT_PACK, pack);
    if (!value_is_set(pack_document)) {
        http_respond_fault(request, 400, "Destination pack '%s' doesn't exist", pack);
        return;
    }
    if (!*name || strchr(name, '/')) {
        http_respond_fault(request, 400, "\"%s\" is no name for an action", name);
        return;
    }
    document = cloned_document(source, pack, name);
    there = catalog_by_ref(api->config.catalog, OBJECT_ACTION, value_map_chars(document, "ref"));
    if (value_is_set(there) && !value_truth(value_map_get(body, "overwrite"))) {
        value_unref(document);
        http_respond_fault(request, 400, "The requested destination action already exists");
        return;
    }
    if (value_is_set(there))
        value_map_put(&document, "id", value_ref(value_map_get(there, "id")));
    job = job_new(api, request, JOB_CLONE);
    job->document = document;
    job->old = value_take(&source);
    job->status = 201;
    job_submit(job);
}

/* ---- routes ---- */

static const struct http_parameter list_parameters[] = {
    { "limit", HTTP_INTEGER },
    { "offset", HTTP_INTEGER },
    { "include_attributes", HTTP_LIST },
    { "exclude_attributes", HTTP_LIST },
    { "id", HTTP_LIST },
    { "name", HTTP_STRING },
    { "pack", HTTP_STRING },
    { "tags", HTTP_STRING },
    { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/actions", collection_list, 0, list_parameters, &actions },
    { "POST", HTTP_API, "/actions", create_action, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/actions/views/overview", collection_list, 0, list_parameters, &overviews },
    { "GET", HTTP_API, "/actions/views/overview/{ref_or_id}", collection_get, 0, no_parameters, &overviews },
    { "GET", HTTP_API, "/actions/views/parameters/{ref_or_id}", get_parameters, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/actions/views/entry_point/{ref_or_id}", get_entry_point, 0, no_parameters, NULL },
    { "GET", HTTP_API, "/actions/{ref_or_id}", collection_get, 0, no_parameters, &actions },
    { "PUT", HTTP_API, "/actions/{ref_or_id}", replace_action, 0, no_parameters, NULL },
    { "DELETE", HTTP_API, "/actions/{ref_or_id}", delete_action, 0, no_parameters, NULL },
    { "POST", HTTP_API, "/actions/{ref_or_id}/clone", clone_action, 0, no_parameters, NULL },
};

const struct api_routes api_action_routes = { routes, ELEMENTS(routes) };
