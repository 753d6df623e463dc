/* SPDX-License-Identifier: Apache-2.0 */
/* Trigger types and triggers. */
#include "model/model-internal.h"

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
      .item_fields = model_tag_fields },
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
