/* SPDX-License-Identifier: Apache-2.0 */
/* Rules. What a rule's trigger is called in the store is not decided here: documents hold the trigger's type and
   parameters. */
#include <stdio.h>

#include "model/model-internal.h"
#include "rules/criteria.h"

static const struct model_field type_fields[] = {
    { "ref", TYPE_STRING, FIELD_REQUIRED },
    { "parameters", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { 0 },
};

static const struct model_field trigger_fields[] = {
    { "type", TYPE_STRING, FIELD_REQUIRED },
    { "parameters", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "ref", TYPE_STRING | TYPE_NULL },
    { "description", TYPE_STRING | TYPE_NULL },
    { 0 },
};

static const struct model_field action_fields[] = {
    { "ref", TYPE_STRING, FIELD_REQUIRED },
    { "parameters", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "description", TYPE_STRING | TYPE_NULL },
    { 0 },
};

static const struct model_field fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "ref", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING, FIELD_REQUIRED },
    { "pack", TYPE_STRING | TYPE_NULL, .otherwise = "\"default\"" },
    { "description", TYPE_STRING | TYPE_NULL },
    { "type", TYPE_OBJECT | TYPE_NULL, .otherwise = "{\"ref\": \"standard\", \"parameters\": {}}",
      .fields = type_fields },
    { "trigger", TYPE_OBJECT, FIELD_REQUIRED, .fields = trigger_fields, .open = true },
    { "criteria", TYPE_OBJECT, .otherwise = "{}" },
    { "action", TYPE_OBJECT, FIELD_REQUIRED, .fields = action_fields },
    { "enabled", TYPE_BOOLEAN, .otherwise = "false" },
    { "context", TYPE_OBJECT | TYPE_NULL, .otherwise = "{}" },
    { "tags", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_types = TYPE_OBJECT,
      .item_fields = model_tag_fields, .items_open = true },
    { "metadata_file", TYPE_STRING | TYPE_NULL, .otherwise = "\"\"" },
    { 0 },
};

/* One by one, so that the path can name the criterion. */
static int check_criteria(value criteria, struct model_path *path, struct error *err)
{
    VALUE_MAP_EACH (i, criteria) {
        value key = value_map_key_at(criteria, i);
        VALUE_AUTO(one);
        int r;

        one = value_map_new(1);
        value_map_set(&one, value_ref(key), value_ref(value_map_item_at(criteria, i)));
        r = criteria_check(one, err);
        if (r == 0)
            continue;
        if (path)
            snprintf(path->text, sizeof(path->text), "criteria.%s",
                     value_is_string(key) ? value_chars(key) : "?");
        return r;
    }
    return 0;
}

static int check(value rule, const struct model_lookup *lookup, struct model_path *path, struct error *err)
{
    const char *type = value_map_chars(value_map_get(rule, "trigger"), "type");
    VALUE_AUTO(trigger_type);
    int r;

    r = check_criteria(value_map_get(rule, "criteria"), path, err);
    if (r < 0)
        return r;
    if (!lookup->trigger_type)
        return 0;
    trigger_type = lookup->trigger_type(lookup->data, type);
    if (!value_is_set(trigger_type))
        return model_fail(
            path, err, "trigger.type",
            "Trigger \"%s\" defined in the rule does not exist in system or it's missing required "
            "\"parameters\" attribute",
            type);
    r = model_check_trigger_parameters(trigger_type,
                                       value_map_get(value_map_get(rule, "trigger"), "parameters"), err);
    if (r < 0 && path)
        strcpy(path->text, "trigger.parameters");
    return r;
}

/* The parts that are objects get their defaults too, descriptions in them are not kept. */
static void complete(value *document, value object, enum model_source source,
                     const struct model_lookup *lookup)
{
    static const struct {
        const char *name;
        const struct model_field *fields;
    } parts[] = { { "type", type_fields }, { "trigger", trigger_fields }, { "action", action_fields } };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        value part = model_fill_fields(parts[i].fields, value_map_get(*document, parts[i].name), source);

        value_map_remove(&part, "description");
        value_map_set_text(document, parts[i].name, part);
    }
}

const struct model_resource model_resource_rule = {
    .kind = MODEL_RULE,
    .name = "rule",
    .uid_prefix = "rule",
    .fields = fields,
    .check = check,
    .complete = complete,
};
