/* SPDX-License-Identifier: Apache-2.0 */
/* /configs and /config_schemas (contract: rest-api.md 7.2). Values go to the file first and then to the store: registering the
   pack again reads the file, so the file is what lasts. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api-internal.h"
#include "base/log.h"
#include "base/mem.h"
#include "collection.h"
#include "engine/content.h"
#include "engine/registry.h"
#include "packs/pack.h"
#include "value/schema.h"
#include "value/yaml.h"

static const struct collection_filter by_id[] = { { "id", "id", FILTER_LIST }, { 0 } };

static value shape_config(struct api *api, struct http_request *request, value config, bool show_secrets)
{
    const char *pack = value_map_chars(config, "pack");
    VALUE_AUTO(schema);

    if (show_secrets)
        return config;
    schema = catalog_by_ref(api->config.catalog, OBJECT_CONFIG_SCHEMA, pack ? pack : "");
    if (value_is_set(schema))
        value_map_put(
            &config, "values",
            schema_mask_secrets(value_map_get(schema, "attributes"), value_map_get(config, "values")));
    return config;
}

static const struct collection configs = {
    .kind = OBJECT_CONFIG,
    .filters = by_id,
    .default_limit = 100,
    .sortable = true,
    .shape = shape_config,
    .not_found = "Unable to identify resource with pack_ref \"%s\".",
};
static const struct collection config_schemas = {
    .kind = OBJECT_CONFIG_SCHEMA,
    .filters = by_id,
    .default_limit = 100,
    .sortable = true,
    .not_found = "Unable to identify resource with pack_ref \"%s\".",
};

/* Configs have no names of their own. */
static void list_configs(struct http_request *request, void *owner)
{
    const char *name = http_query(request, "name");

    if (name && *name)
        http_respond_fault(request, 404, "Configs are not found by name; ask for /configs/%s.", name);
    else
        collection_list(request, owner);
}

/* ---- changes ---- */

struct change {
    struct api_input *input; /* text: the pack; document: {pack, values}; flag: secrets are shown */
    char *path;
};

/* document: {pack, values} */
static int apply_put(struct engine *engine, struct input *base, struct error *err)
{
    struct api_input *input = api_input_of(base);
    VALUE_AUTO(stored);
    int r = registry_put(engine, OBJECT_CONFIG, input->document, &stored, err);

    if (r != 0)
        return r < 0 ? r : api_fault(input, 409, "The config was changed by somebody else; try again.");
    log_audit("Config updated. Config.pack=%s", input->text);
    return api_answer(input, 200, shape_config(input->api, input->request, value_take(&stored), input->flag));
}

static const struct input_ops put_ops = { "config put", apply_put, api_input_done, false };

/* The file is there whole or not at all; it holds secrets. */
static int write_file(const char *path, const struct buffer *text, struct error *err)
{
    CLEANUP(freep)
    char *fresh = xasprintf("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640), code;

    if (fd >= 0 && write(fd, buffer_text(text), text->len) == (ssize_t)text->len && fsync(fd) == 0 &&
        rename(fresh, path) == 0) {
        close(fd);
        return 0;
    }
    code = errno;
    if (fd >= 0) {
        close(fd);
        unlink(fresh);
    }
    return error_set(err, -code, "%s cannot be written: %s", path, strerror(code));
}

/* In the worker pool: disks are slow. */
static void write_config(void *data)
{
    struct change *change = data;
    struct api_input *input = change->input;
    CLEANUP(freep)
    char *directory = xstrdup(change->path);
    BUFFER_AUTO(text);
    ERROR_AUTO(err);

    *strrchr(directory, '/') = '\0';
    mkdir(directory, 0750);
    yaml_write(&text, value_map_get(input->document, "values"), 4, 0);
    if (write_file(change->path, &text, &err) < 0) {
        log_error("%s", error_text(&err));
        input->status = 500;
        input->fault = xstrdup(error_text(&err));
        api_input_done(&input->input, 0, NULL);
    } else {
        engine_loop_post(input->api->config.loop, &input->input);
    }
    free(change->path);
    free(change);
}

static void put_config(struct http_request *request, void *owner)
{
    const char *pack = http_variable(request, "ref_or_id");
    struct model_path where;
    struct api *api = owner;
    struct change *change;
    CLEANUP(freep)
    char *path = NULL;
    VALUE_AUTO(body);
    VALUE_AUTO(schema);
    ERROR_AUTO(err);
    bool secrets;

    if (http_query_bool(request, "show_secrets", false, &secrets, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    if (!api_body_object(request, &body))
        return;
    schema = catalog_by_ref(api->config.catalog, OBJECT_CONFIG_SCHEMA, pack);
    /* Names of packs that have a schema hold nothing that leads out of the folder. */
    if (!value_is_set(schema) || !model_pack_ref_valid(pack)) {
        http_respond_fault(request, 404, "Unable to find the ConfigSchemaDB instance. {'pack': '%s'}", pack);
        return;
    }
    path = xasprintf("%s/configs/%s.yaml", content_base_path(api->config.content), pack);
    if (pack_check_config(pack, path, value_map_get(schema, "attributes"), body, &where, &err) < 0) {
        http_respond_error(request, 400, &err);
        return;
    }
    change = xcalloc(1, sizeof(*change));
    change->path = take_ptr(&path);
    change->input = api_input_new(api, request, &put_ops);
    change->input->text = xstrdup(pack);
    change->input->flag = (secrets && api_caller(request)->admin) || !api->config.settings->mask_secrets;
    change->input->document = value_map_new(2);
    value_map_put(&change->input->document, "pack", value_text(pack));
    value_map_put(&change->input->document, "values", value_take(&body));
    http_suspend(request);
    io_work(api->config.io, write_config, change);
}

/* ---- routes ---- */

static const struct http_parameter list_parameters[] = {
    { "limit", HTTP_INTEGER }, { "offset", HTTP_INTEGER },       { "sort", HTTP_STRING }, { "id", HTTP_LIST },
    { "name", HTTP_STRING },   { "show_secrets", HTTP_BOOLEAN }, { NULL, HTTP_STRING },
};
static const struct http_parameter no_parameters[] = { { NULL, HTTP_STRING } };

static const struct http_route routes[] = {
    { "GET", HTTP_API, "/configs", list_configs, 0, list_parameters, &configs },
    { "GET", HTTP_API, "/configs/{ref_or_id}", collection_get, 0, list_parameters, &configs },
    { "PUT", HTTP_API, "/configs/{ref_or_id}", put_config, 0, list_parameters, NULL },
    { "GET", HTTP_API, "/config_schemas", list_configs, 0, list_parameters, &config_schemas },
    { "GET", HTTP_API, "/config_schemas/{ref_or_id}", collection_get, 0, no_parameters, &config_schemas },
};

const struct api_routes api_config_routes = { routes, ELEMENTS(routes) };
