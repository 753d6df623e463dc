/* SPDX-License-Identifier: Apache-2.0 */
/* Trigger types and triggers. */
#include "base/mem.h"
#include "model/model-internal.h"
#include "value/cron.h"
#include "value/python.h"
#include "value/schema.h"

static const struct model_field type_fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "ref", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING, FIELD_REQUIRED },
    { "pack", TYPE_STRING | TYPE_NULL },
    { "description", TYPE_STRING | TYPE_NULL },
    { "payload_schema", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "parameters_schema", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "tags", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_types = TYPE_OBJECT,
      .item_fields = model_tag_fields, .items_open = true },
    { "metadata_file", TYPE_STRING | TYPE_NULL },
    { 0 },
};

const struct model_resource model_resource_trigger_type = {
    .kind = MODEL_TRIGGER_TYPE,
    .name = "trigger",
    .uid_prefix = "trigger_type",
    .fields = type_fields,
};

static const struct model_field trigger_fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "ref", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING | TYPE_NULL },
    { "pack", TYPE_STRING | TYPE_NULL },
    { "type", TYPE_STRING, FIELD_REQUIRED },
    { "parameters", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "description", TYPE_STRING | TYPE_NULL },
    { 0 },
};

static void complete_trigger(value *document, value object, enum model_source source,
                             const struct model_lookup *lookup)
{
    const char *pack = value_map_chars(*document, "pack"), *name = value_map_chars(*document, "name");

    if (pack && name)
        value_map_put(document, "uid", model_trigger_uid(pack, name, value_map_get(*document, "parameters")));
}

const struct model_resource model_resource_trigger = {
    .kind = MODEL_TRIGGER,
    .name = "trigger",
    .uid_prefix = "trigger",
    .fields = trigger_fields,
    .complete = complete_trigger,
};

/* ---- what a type says about its triggers and their instances ---- */

static int check_schema(value schema, value v, struct error *err)
{
    VALUE_AUTO(given);

    if (value_map_count(schema) == 0)
        return 0;
    given = value_is_null(v) ? value_map_new(0) : value_ref(v);
    return schema_validate(schema, given, SCHEMA_PARAMETERS, SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL, NULL, err);
}

int model_check_trigger_parameters(value trigger_type, value parameters, struct error *err)
{
    CLEANUP(cron_freep)
    struct cron *cron = NULL;
    int r = check_schema(value_map_get(trigger_type, "parameters_schema"), parameters, err);

    if (r == 0 && value_text_is(value_map_get(trigger_type, "ref"), "core.st2.CronTimer"))
        r = cron_new(parameters, &cron, err);
    return r;
}

int model_check_trigger_payload(value trigger_type, const char *ref, value payload, struct error *err)
{
    ERROR_AUTO(reason);
    BUFFER_AUTO(shown);
    int r = 0;

    if (value_is_set(trigger_type))
        r = check_schema(value_map_get(trigger_type, "payload_schema"), payload, &reason);
    else
        r = error_set(&reason, -ENOENT, "Trigger type with reference \"%s\" doesn't exist in the database",
                      ref);
    if (r == 0)
        return 0;
    python_str(&shown, payload);
    return error_set_kind(
        err, r, "ValueError",
        "Trigger payload validation failed and validation is enabled, not dispatching a trigger \"%s\" (%s): %s",
        ref, buffer_text(&shown), error_text(&reason));
}
