/* SPDX-License-Identifier: Apache-2.0 */
/* Actions: their fields, and how their parameters may stand over those of their runner. */
#include <stdio.h>

#include "base/mem.h"
#include "model/model-internal.h"
#include "value/schema.h"

static const struct model_field notify_part_fields[] = {
    { "message", TYPE_STRING },
    { "data", TYPE_OBJECT },
    { "routes", TYPE_ARRAY },
    { "channels", TYPE_ARRAY },
    { 0 },
};

static const struct model_field notify_fields[] = {
    { "on-complete", TYPE_OBJECT, .fields = notify_part_fields },
    { "on-failure", TYPE_OBJECT, .fields = notify_part_fields },
    { "on-success", TYPE_OBJECT, .fields = notify_part_fields },
    { 0 },
};

/* Files that come with a request; whoever takes the request writes them. */
static const struct model_field data_file_fields[] = {
    { "file_path", TYPE_STRING, FIELD_REQUIRED },
    { "content", TYPE_STRING, FIELD_REQUIRED },
    { 0 },
};

static const struct model_field fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "ref", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING, FIELD_REQUIRED },
    { "description", TYPE_STRING },
    { "enabled", TYPE_BOOLEAN, .otherwise = "true" },
    { "runner_type", TYPE_STRING, FIELD_REQUIRED },
    { "entry_point", TYPE_STRING | TYPE_NULL, .otherwise = "\"\"" },
    { "pack", TYPE_STRING, .otherwise = "\"default\"" },
    { "parameters", TYPE_OBJECT, .otherwise = "{}" },
    { "output_schema", TYPE_OBJECT, .otherwise = "{}" },
    { "tags", TYPE_ARRAY, .otherwise = "[]", .item_types = TYPE_OBJECT, .item_fields = model_tag_fields,
      .items_open = true },
    { "notify", TYPE_OBJECT, .otherwise = "{}", .fields = notify_fields },
    { "data_files", TYPE_ARRAY, FIELD_COMPUTED, .item_types = TYPE_OBJECT, .item_fields = data_file_fields },
    { "metadata_file", TYPE_STRING | TYPE_NULL, .otherwise = "\"\"" },
    { 0 },
};

static bool overridable(value attribute)
{
    static const char *const names[] = { "default", "description", "enum", "immutable", "required" };

    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (value_text_is(attribute, names[i]))
            return true;
    return false;
}

/* One parameter that stands over one of the runner. */
static int check_override(value action, const char *name, value definition, value of_runner,
                          struct model_path *path, struct error *err)
{
    const char *pack = value_map_chars(action, "pack");
    char where[MODEL_PATH_SIZE];

    VALUE_MAP_EACH (i, definition) {
        value attribute = value_map_key_at(definition, i);

        if (!value_is_string(attribute) || overridable(attribute) ||
            value_equal(value_map_item_at(definition, i), value_map_get_value(of_runner, attribute)))
            continue;
        snprintf(where, sizeof(where), "parameters.%s.%s", name, value_chars(attribute));
        return model_fail(
            path, err, where,
            "The attribute \"%s\" for the runner parameter \"%s\" in action \"%s.%s\" cannot be overridden.",
            value_chars(attribute), name, pack ? pack : "default", value_map_chars(action, "name"));
    }
    return 0;
}

static int check_parameter(value action, const char *name, value definition, value of_runner,
                           struct model_path *path, struct error *err)
{
    char where[MODEL_PATH_SIZE];
    int r = 0;

    snprintf(where, sizeof(where), "parameters.%s", name);
    if (value_is_map(of_runner))
        r = check_override(action, name, definition, of_runner, path, err);
    if (r < 0 || !value_map_has(definition, "immutable"))
        return r;
    if (value_map_has(of_runner, "immutable"))
        return model_fail(path, err, where,
                          "Param %s is declared immutable in runner. Cannot override in action.", name);
    if (value_map_bool(definition, "immutable", false) && !value_map_has(definition, "default") &&
        !value_map_has(of_runner, "default"))
        return model_fail(path, err, where, "Immutable param %s requires a default value.", name);
    return 0;
}

/* Each definition by itself first, so that the path can name it. */
static int check_definitions(value parameters, struct model_path *path, struct error *err)
{
    int r;

    VALUE_MAP_EACH (i, parameters) {
        const char *name = value_chars(value_map_key_at(parameters, i));
        char where[MODEL_PATH_SIZE];

        snprintf(where, sizeof(where), "parameters.%s", name ? name : "");
        if (!name)
            return model_fail(path, err, "parameters", "expected string or bytes-like object");
        if (path)
            strcpy(path->text, where);
        r = schema_check_parameter(name, value_map_item_at(parameters, i), err);
        if (r < 0)
            return r;
    }
    if (path)
        strcpy(path->text, "parameters");
    return schema_check_parameters(parameters, err);
}

static int check(value action, const struct model_lookup *lookup, struct model_path *path, struct error *err)
{
    const char *runner_name = value_map_chars(action, "runner_type");
    value parameters = value_map_get(action, "parameters"), of_runner;
    VALUE_AUTO(runner);
    int r;

    r = check_definitions(parameters, path, err);
    if (r < 0)
        return r;
    runner = lookup->runner_type ? lookup->runner_type(lookup->data, runner_name)
                                 : model_builtin_runner_type(runner_name);
    if (!value_is_set(runner))
        return model_fail(
            path, err, "runner_type",
            "RunnerType %s is not found. If you are using old and deprecated runner name, you need to switch "
            "to a new one. For more information, please see "
            "https://docs.stackstorm.com/upgrade_notes.html#st2-v0-9",
            runner_name);
    of_runner = value_map_get(runner, "runner_parameters");
    VALUE_MAP_EACH (i, parameters) {
        value name = value_map_key_at(parameters, i);

        r = check_parameter(action, value_chars(name), value_map_item_at(parameters, i),
                            value_map_get_value(of_runner, name), path, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* Actions made through the API carry the defaults of the schema their output schema was checked with. */
static void complete_output_schema(value *document)
{
    static const char defaults[] =
        "{\"additionalItems\": {}, \"items\": {}, \"uniqueItems\": false, \"required\": false, \"secret\": false, "
        "\"additionalProperties\": {}, \"definitions\": {}, \"properties\": {}, \"patternProperties\": {}, "
        "\"immutable\": false}";
    value schema = model_json(defaults);

    value_map_update(&schema, value_map_get(*document, "output_schema"));
    value_map_put(document, "output_schema", schema);
}

static void complete_notify(value *document)
{
    value notify = value_map_get(*document, "notify"), completed;

    if (value_map_count(notify) == 0)
        return;
    completed = value_map_new(value_map_count(notify));
    VALUE_MAP_EACH (i, notify) {
        value part = value_ref(value_map_item_at(notify, i));

        if (!value_truth(value_map_get(part, "routes")) && !value_truth(value_map_get(part, "channels")))
            value_map_put(&part, "routes", model_json("[\"notify.default\"]"));
        value_map_set(&completed, value_ref(value_map_key_at(notify, i)), part);
    }
    value_map_put(document, "notify", completed);
}

static void complete(value *document, value object, enum model_source source,
                     const struct model_lookup *lookup)
{
    if (source == MODEL_FROM_API)
        complete_output_schema(document);
    complete_notify(document);
}

const struct model_resource model_resource_action = {
    .kind = MODEL_ACTION,
    .name = "action",
    .uid_prefix = "action",
    .fields = fields,
    .check = check,
    .complete = complete,
};
