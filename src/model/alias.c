/* SPDX-License-Identifier: Apache-2.0 */
/* Action aliases. A format is a text, or an object with `display` and `representation`; other keys of it are kept. */
#include "model/model-internal.h"
#include "value/python.h"

/* Neither a text nor an object of the right shape. */
static bool format_valid(value format)
{
    value representation = value_map_get(format, "representation"),
          display = value_map_get(format, "display");

    if (value_is_string(format))
        return true;
    if (!value_is_map(format) || !(value_is_null(display) || value_is_string(display)))
        return false;
    if (value_is_list(representation)) {
        VALUE_LIST_EACH (i, item, representation) {
            if (!value_is_string(item))
                return false;
        }
        return true;
    }
    return value_is_null(representation) || value_is_string(representation);
}

static void check_format(struct model_check *c, value format)
{
    BUFFER_AUTO(text);

    if (format_valid(format))
        return;
    python_repr(&text, format);
    model_report(c, "%s is not valid under any of the given schemas", buffer_text(&text));
}

static const struct model_field ack_fields[] = {
    { "enabled", TYPE_BOOLEAN },
    { "format", TYPE_STRING | TYPE_NULL },
    { "extra", TYPE_OBJECT | TYPE_NULL },
    { "append_url", TYPE_BOOLEAN },
    { 0 },
};

static const struct model_field result_fields[] = {
    { "enabled", TYPE_BOOLEAN },
    { "format", TYPE_STRING | TYPE_NULL },
    { "extra", TYPE_OBJECT | TYPE_NULL },
    { 0 },
};

static const struct model_field fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "ref", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING, FIELD_REQUIRED },
    { "pack", TYPE_STRING, FIELD_REQUIRED },
    { "description", TYPE_STRING | TYPE_NULL },
    { "enabled", TYPE_BOOLEAN, .otherwise = "true" },
    { "action_ref", TYPE_STRING, FIELD_REQUIRED },
    { "formats", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_check = check_format },
    { "ack", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}", .fields = ack_fields },
    { "result", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}", .fields = result_fields },
    { "extra", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "immutable_parameters", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "metadata_file", TYPE_STRING | TYPE_NULL, .otherwise = "\"\"" },
    { 0 },
};

const struct model_resource model_resource_alias = {
    .kind = MODEL_ALIAS,
    .name = "alias",
    .uid_prefix = "action_alias",
    .fields = fields,
};
