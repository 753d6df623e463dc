/* SPDX-License-Identifier: Apache-2.0 */
#include "execution_document.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/inquiries.h"
#include "model/parameters.h"
#include "value/schema.h"

static const char *const fields[] = {
    "id",      "trigger",         "trigger_type",  "trigger_instance", "rule",
    "action",  "runner",          "liveaction",    "task_execution",   "workflow_execution",
    "status",  "start_timestamp", "end_timestamp", "web_url",          "parameters",
    "context", "result",          "result_size",   "parent",           "children",
    "log",     "delay",
};

static bool has_secrets(value definitions)
{
    VALUE_MAP_EACH (i, definitions) {
        value definition = value_map_item_at(definitions, i);

        if (value_map_bool(definition, "secret", false) || value_map_has(definition, "properties") ||
            value_map_has(definition, "items") || value_map_has(definition, "additionalProperties") ||
            value_map_has(definition, "patternProperties"))
            return true;
    }
    return false;
}

static value masked_parameters(const struct execution_row *row)
{
    value action = value_map_get(row->action, "parameters"),
          runner = value_map_get(row->runner, "runner_parameters");
    const char *ref = value_map_chars(row->action, "ref");
    VALUE_AUTO(merged);
    value masked;

    if (!value_map_count(row->parameters) || (!has_secrets(action) && !has_secrets(runner))) {
        masked = value_is_map(row->parameters) ? value_ref(row->parameters) : value_map_new(0);
    } else {
        merged = parameters_merged(row->action, row->runner);
        masked = schema_mask_secrets(merged, row->parameters);
    }
    if (ref && strcmp(ref, "st2.inquiry.respond") == 0 && value_map_has(masked, "response"))
        value_map_put(&masked, "response", value_text("********"));
    return masked;
}

static value masked_result(const struct execution_row *row)
{
    value schema = value_map_get(row->action, "output_schema"), masked, part;
    const char *key = value_map_chars(row->runner, "output_key");

    if (inquiry_is(row) && value_map_has(row->result, "response")) {
        masked = value_ref(row->result);
        part =
            schema_mask_output(value_map_get(row->result, "schema"), value_map_get(row->result, "response"));
        value_map_put(&masked, "response", part);
        return masked;
    }
    if (!value_map_count(schema) || !key || !value_map_has(row->result, key))
        return value_ref(row->result);
    masked = value_ref(row->result);
    part = schema_mask_output(schema, value_map_get(row->result, key));
    value_map_set_text(&masked, key, part);
    return masked;
}

static value log_document(const struct execution_row *row)
{
    value log = value_list_new((size_t)row->n_log);

    for (int i = 0; i < row->n_log; i++) {
        value entry = value_map_new(2);

        value_map_put(&entry, "timestamp", api_time_value(row->log[i].at_us));
        value_map_put(&entry, "status", value_text(execution_status_text(row->log[i].status)));
        value_list_append(&log, entry);
    }
    return log;
}

bool execution_is_workflow(value runner)
{
    const char *name = value_map_chars(runner, "name");

    return name && (strcmp(name, "orquesta") == 0 || strcmp(name, "action-chain") == 0);
}

static value liveaction_document(struct api *api, const struct execution_row *row, value parameters)
{
    value live = value_map_new(8), item;

    value_map_put(&live, "id", api_id_value(api, row->seq - 1));
    value_map_put(&live, "action", value_ref(value_map_get(row->action, "ref")));
    value_map_put(&live, "action_is_workflow", value_bool(execution_is_workflow(row->runner)));
    value_map_put(&live, "parameters", value_ref(parameters));
    item = value_map_get(row->more, "callback");
    value_map_put(&live, "callback", value_is_map(item) ? value_ref(item) : value_map_new(0));
    item = value_map_get(row->more, "runner_info");
    value_map_put(&live, "runner_info", value_is_map(item) ? value_ref(item) : value_map_new(0));
    item = value_map_get(row->more, "notify");
    if (value_is_set(item))
        value_map_put(&live, "notify", value_ref(item));
    return live;
}

#define PUT_TRUE(name, v)                          \
    do {                                           \
        value _item = (v);                         \
        if (value_truth(_item))                    \
            value_map_put(&document, name, _item); \
        else                                       \
            value_unref(_item);                    \
    } while (0)

value execution_document(struct api *api, const struct execution_row *row, bool show_secrets)
{
    value document = value_map_new(24), id = api_id_value(api, row->seq);
    VALUE_AUTO(parameters);

    parameters =
        show_secrets && value_is_map(row->parameters) ? value_ref(row->parameters) : masked_parameters(row);
    PUT_TRUE("trigger", value_ref(row->trigger));
    PUT_TRUE("trigger_type", value_ref(row->trigger_type));
    PUT_TRUE("rule", value_ref(row->rule));
    value_map_put(&document, "action", value_ref(row->action));
    value_map_put(&document, "runner", value_ref(row->runner));
    value_map_put(&document, "liveaction", liveaction_document(api, row, parameters));
    PUT_TRUE("workflow_execution", value_ref(value_map_get(row->more, "workflow_execution")));
    PUT_TRUE("task_execution", value_ref(value_map_get(row->more, "task_execution")));
    value_map_put(&document, "status", value_text(execution_status_text(row->status)));
    value_map_put(&document, "start_timestamp", api_time_value(row->start_us));
    if (row->end_us) {
        value_map_put(&document, "end_timestamp", api_time_value(row->end_us));
        value_map_put(&document, "elapsed_seconds", value_float((double)(row->end_us - row->start_us) / 1e6));
    }
    PUT_TRUE("parameters", value_ref(parameters));
    if (value_is_set(row->result))
        PUT_TRUE("result", show_secrets ? value_ref(row->result) : masked_result(row));
    PUT_TRUE("result_size", value_int(row->result_size));
    PUT_TRUE("context", value_ref(row->context));
    if (row->parent)
        value_map_put(&document, "parent", api_id_value(api, row->parent));
    value_map_put(&document, "log", log_document(row));
    PUT_TRUE("delay", value_ref(value_map_get(row->more, "delay")));
    value_map_put(
        &document, "web_url",
        value_textf("%s/#/history/%s/general", api->config.settings->webui_base_url, value_chars(id)));
    value_map_put(&document, "id", id);
    return document;
}

value instance_document(struct api *api, const struct instance_row *row)
{
    static const char *const statuses[] = { "pending", "processing", "processed", "processing_failed" };
    value document = value_map_new(5);

    value_map_put(&document, "trigger", value_text(row->trigger));
    value_map_put(&document, "occurrence_time", api_time_value(row->at_us));
    value_map_put(&document, "payload",
                  value_is_set(row->payload) ? value_ref(row->payload) : value_map_new(0));
    value_map_put(&document, "status", value_text(statuses[row->status & 3]));
    value_map_put(&document, "id", api_id_value(api, row->seq));
    return document;
}

int execution_document_complete(struct api *api, struct store_reader *reader, const struct execution_row *row,
                                value *document, struct error *err)
{
    struct instance_row instance;
    int64_t *children = NULL;
    size_t n = 0;
    int r;

    if (row->instance) {
        r = store_instance_get(reader, row->instance, &instance, err);
        if (r < 0)
            return r;
        if (r == 0) {
            value_map_put(document, "trigger_instance", instance_document(api, &instance));
            instance_row_release(&instance);
        }
    }
    if (!execution_is_workflow(row->runner))
        return 0;
    r = store_execution_children(reader, row->seq, &children, &n, err);
    if (r == 0 && n) {
        value ids = value_list_new(n);

        for (size_t i = 0; i < n; i++)
            value_list_append(&ids, api_id_value(api, children[i]));
        value_map_put(document, "children", ids);
    }
    free(children);
    return r;
}

bool execution_attributes_check(const struct attributes *attributes, const char **ret_bad, bool *ret_include)
{
    static const char *const excludable[] = { "result", "trigger_instance", "status" };

    *ret_include = true;
    VALUE_LIST_EACH (i, path, attributes->include) {
        const char *text = value_chars(path);
        size_t n = strcspn(text, ".");
        bool known = false;

        for (size_t j = 0; j < ELEMENTS(fields); j++)
            known |= strlen(fields[j]) == n && memcmp(fields[j], text, n) == 0;
        if (known && strncmp(text, "result.", 7) == 0) {
            *ret_bad = "Cannot resolve subfield or operator failed on the field result";
            return false;
        }
        if (!known) {
            *ret_bad = text;
            return false;
        }
    }
    *ret_include = false;
    VALUE_LIST_EACH (i, path, attributes->exclude) {
        bool known = false;

        for (size_t j = 0; j < ELEMENTS(excludable); j++)
            known |= value_text_is(path, excludable[j]);
        if (!known) {
            *ret_bad = value_chars(path);
            return false;
        }
    }
    return true;
}

/* Copies what stands at a dotted path of `from` to the same place of `to`. */
static void copy_path(value from, const char *path, value *to)
{
    size_t n = strcspn(path, ".");
    value item = value_map_get_n(from, path, n), inner;

    if (!value_is_set(item))
        return;
    if (!path[n] || !value_is_map(item)) {
        value_map_set(to, value_text_n(path, n), value_ref(item));
        return;
    }
    inner = value_map_get_n(*to, path, n);
    inner = value_is_map(inner) ? value_ref(inner) : value_map_new(2);
    copy_path(item, path + n + 1, &inner);
    value_map_set(to, value_text_n(path, n), inner);
}

value execution_document_select(const struct attributes *attributes, value document)
{
    /* Masking reads these, and whoever asks for a part of the action sees them too. */
    static const char *const with_action[] = { "action.ref", "action.uid", "action.pack", "action.parameters",
                                               "action.output_schema" };
    value out;

    if (!value_is_set(attributes->include)) {
        static const char *const always[] = { "id", NULL };

        return api_select(attributes, document, always);
    }
    out = value_map_new(8);
    VALUE_LIST_EACH (i, path, attributes->include) {
        const char *text = value_chars(path);

        /* A part of the context brings all of it. */
        copy_path(document, strncmp(text, "context.", 8) == 0 ? "context" : text, &out);
        if (strncmp(text, "action.", 7) == 0)
            for (size_t j = 0; j < ELEMENTS(with_action); j++)
                copy_path(document, with_action[j], &out);
        if (strncmp(text, "runner.", 7) == 0)
            copy_path(document, "runner.runner_parameters", &out);
    }
    value_map_put(&out, "id", value_ref(value_map_get(document, "id")));
    value_unref(document);
    return out;
}
