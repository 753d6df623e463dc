/* SPDX-License-Identifier: Apache-2.0 */
/* Sensors. A file declares a class and its trigger types; the document refers to the types only. */
#include "base/mem.h"
#include "model/model-internal.h"
#include "value/number.h"

#define POLL_INTERVAL_MIN 4

static const struct model_field declared_type_fields[] = {
    { "name", TYPE_STRING, FIELD_REQUIRED },
    { "pack", TYPE_STRING | TYPE_NULL },
    { "description", TYPE_STRING | TYPE_NULL },
    { "payload_schema", TYPE_OBJECT | TYPE_NULL },
    { "parameters_schema", TYPE_OBJECT | TYPE_NULL },
    { "tags", TYPE_ARRAY | TYPE_NULL, .item_types = TYPE_OBJECT, .item_fields = model_tag_fields,
      .items_open = true },
    { 0 },
};

static const struct model_field fields[] = {
    { "id", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "ref", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "uid", TYPE_STRING | TYPE_NULL, FIELD_COMPUTED },
    { "name", TYPE_STRING | TYPE_NULL },
    { "class_name", TYPE_STRING, FIELD_REQUIRED },
    { "pack", TYPE_STRING | TYPE_NULL },
    { "description", TYPE_STRING | TYPE_NULL },
    { "artifact_uri", TYPE_STRING | TYPE_NULL },
    { "entry_point", TYPE_STRING | TYPE_NULL },
    { "enabled", TYPE_BOOLEAN, .otherwise = "true" },
    { "trigger_types", TYPE_ARRAY | TYPE_NULL, .otherwise = "[]", .item_types = TYPE_OBJECT,
      .item_fields = declared_type_fields },
    { "poll_interval", TYPE_NUMBER | TYPE_NULL },
    { "metadata_file", TYPE_STRING | TYPE_NULL, .otherwise = "\"\"" },
    { 0 },
};

static int check(value sensor, const struct model_lookup *lookup, struct model_path *path, struct error *err)
{
    double interval;

    if (!value_truth(value_map_get(sensor, "entry_point")))
        return model_fail(path, err, "entry_point", "Sensor definition missing entry_point");
    if (number_to_double(value_map_get(sensor, "poll_interval"), &interval) && interval < POLL_INTERVAL_MIN)
        return model_fail(path, err, "poll_interval", "Minimum possible poll_interval is %d seconds",
                          POLL_INTERVAL_MIN);
    return 0;
}

/* sensors/dir/file.py and Class make sensors.dir.file.Class */
static value module_path(const char *entry_point, const char *class_name)
{
    size_t n = strlen(entry_point);
    char *module = xstrdup(entry_point);
    value path;

    if (n > 3 && strcmp(module + n - 3, ".py") == 0)
        module[n - 3] = '\0';
    for (char *p = module; *p; p++)
        if (*p == '/')
            *p = '.';
    path = value_textf("sensors.%s.%s", module, class_name);
    freep(&module);
    return path;
}

static void complete(value *document, value object, enum model_source source,
                     const struct model_lookup *lookup)
{
    value class_name = value_ref(value_map_get(*document, "class_name")), types = value_list_new(0);
    const char *pack = value_map_chars(*document, "pack"),
               *entry_point = value_map_chars(object, "entry_point");

    value_map_put(document, "name", class_name);
    value_map_remove(document, "class_name");
    model_complete_names(document, "sensor_type");
    if (entry_point)
        value_map_put(document, "entry_point", module_path(entry_point, value_map_chars(*document, "name")));
    VALUE_LIST_EACH (i, type, value_map_get(object, "trigger_types")) {
        if (pack && value_map_chars(type, "name"))
            value_list_append(&types, model_ref(pack, value_map_chars(type, "name")));
    }
    value_map_put(document, "trigger_types", types);
}

const struct model_resource model_resource_sensor = {
    .kind = MODEL_SENSOR,
    .name = "sensor",
    .uid_prefix = "sensor_type",
    .fields = fields,
    .check = check,
    .complete = complete,
};
