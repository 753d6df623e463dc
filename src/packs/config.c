/* SPDX-License-Identifier: Apache-2.0 */
/* Config schemas of packs and the configs operators write for them. */
#include <stdio.h>

#include "base/mem.h"
#include "packs/pack-internal.h"
#include "value/schema.h"

int pack_check_config_schema(const char *file, value attributes, struct model_path *path, struct error *err)
{
    int r;

    path->text[0] = '\0';
    if (value_is_null(attributes) || (value_is_map(attributes) && value_map_count(attributes) == 0))
        return error_set_kind(err, -EINVAL, "ValueError", "Config schema \"%s\" is empty and invalid.", file);
    if (!value_is_map(attributes))
        return error_set_kind(err, -EINVAL, "ValidationError", "Config schema \"%s\" is not a mapping", file);
    VALUE_MAP_EACH (i, attributes) {
        const char *name = value_chars(value_map_key_at(attributes, i));

        if (!name)
            return error_set_kind(err, -EINVAL, "ValidationError", "Names of attributes must be text");
        snprintf(path->text, sizeof(path->text), "%s", name);
        r = schema_check_parameter(name, value_map_item_at(attributes, i), err);
        if (r < 0)
            return r;
    }
    return 0;
}

#define CONFIG_FLAGS (SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL)

/* The values against one attribute alone. */
static int check_attribute(value key, value definition, value values, struct error *err)
{
    VALUE_AUTO(attributes);
    VALUE_AUTO(schema);
    VALUE_AUTO(one);
    value given = value_map_get_value(values, key);

    attributes = value_map_new(1);
    value_map_set(&attributes, value_ref(key), value_ref(definition));
    one = value_map_new(1);
    if (value_is_set(given))
        value_map_set(&one, value_ref(key), value_ref(given));
    schema = schema_of_parameters(attributes, true);
    return schema_validate(schema, one, SCHEMA_PARAMETERS, CONFIG_FLAGS, NULL, err);
}

/* The first attribute that fails, followed down through `properties`: *path grows to its dotted path. */
static int find_failure(value attributes, value values, struct model_path *path, struct error *err)
{
    VALUE_MAP_EACH (i, attributes) {
        value key = value_map_key_at(attributes, i), definition = value_map_item_at(attributes, i);
        size_t before = strlen(path->text);
        ERROR_AUTO(outer);

        if (check_attribute(key, definition, values, &outer) == 0)
            continue;
        snprintf(path->text + before, sizeof(path->text) - before, "%s%s", before ? "." : "",
                 value_chars(key));
        /* A key too many belongs to the attribute that has it. */
        if (strncmp(error_text(&outer), "Additional properties", 21) != 0 &&
            value_is_map(value_map_get_value(values, key)) &&
            value_is_map(value_map_get(definition, "properties")) &&
            find_failure(value_map_get(definition, "properties"), value_map_get_value(values, key), path,
                         err) < 0)
            return -EINVAL;
        error_move(err, &outer);
        return -EINVAL;
    }
    return 0;
}

/* Values of secret attributes are decrypted by themselves; doing it twice gives garbage. */
static int check_decrypt(value attributes, value values, struct model_path *path, struct error *err)
{
    VALUE_MAP_EACH (i, values) {
        value key = value_map_key_at(values, i);
        const char *text = value_chars(value_map_item_at(values, i));

        if (!text || !value_is_string(key) || !strstr(text, "decrypt_kv") ||
            (!strstr(text, "{{") && !strstr(text, "{%")) ||
            !value_map_bool(value_map_get_value(attributes, key), "secret", false))
            continue;
        snprintf(path->text, sizeof(path->text), "%s", value_chars(key));
        return error_set_kind(
            err, -EINVAL, "ValueError",
            "Values specified as \"secret: True\" in config schema are automatically decrypted by "
            "default. Use of \"decrypt_kv\" jinja filter is not allowed for such values. Please check the "
            "specified values in the config or the default values in the schema.");
    }
    return 0;
}

int pack_check_config(const char *pack, const char *file, value attributes, value values,
                      struct model_path *path, struct error *err)
{
    VALUE_AUTO(schema);
    int r;

    path->text[0] = '\0';
    schema = schema_of_parameters(attributes, true);
    r = schema_validate(schema, values, SCHEMA_PARAMETERS, CONFIG_FLAGS, NULL, err);
    if (r < 0) {
        ERROR_AUTO(found);

        if (find_failure(attributes, values, path, &found) < 0)
            error_move(err, &found);
        return error_prefix(err, r, "Failed validating attribute \"%s\" in config for pack \"%s\" (%s)",
                            path->text, pack, file);
    }
    return check_decrypt(attributes, values, path, err);
}

void pack_read_config_schema(struct pack *pack, enum yaml_read_flags flags)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/config.schema.yaml", pack->path);
    ERROR_AUTO(err);
    struct model_path where = { "" };
    struct pack_file file;
    int r;

    r = pack_file_read(path, flags, &file, &err);
    if (r == 0)
        r = pack_check_config_schema(path, file.content, &where, &err);
    if (r == 0) {
        pack->config_schema = value_map_new(2);
        value_map_put(&pack->config_schema, "pack", value_text(pack->name));
        value_map_put(&pack->config_schema, "attributes", value_take(&file.content));
    } else if (r < 0) {
        pack_add_problem(pack, "config schema", &file, where.text, &err);
    }
    pack_file_release(&file);
}

void pack_read_config(struct pack *pack, const char *base_path, enum yaml_read_flags flags)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/configs/%s.yaml", base_path, pack->name);
    ERROR_AUTO(err);
    struct model_path where = { "" };
    struct pack_file file;
    int r;

    r = pack_file_read(path, flags, &file, &err);
    if (r == 0 && value_is_null(file.content))
        value_replace(&file.content, value_map_new(0));
    if (r == 0 && !value_is_map(file.content))
        r = error_set(&err, -EINVAL, "The config of pack \"%s\" is not a mapping", pack->name);
    if (r == 0 && value_is_set(pack->config_schema))
        r = pack_check_config(pack->name, path, value_map_get(pack->config_schema, "attributes"),
                              file.content, &where, &err);
    if (r == 0) {
        pack->config = value_map_new(2);
        value_map_put(&pack->config, "pack", value_text(pack->name));
        value_map_put(&pack->config, "values", value_take(&file.content));
    } else if (r < 0) {
        pack_add_problem(pack, "config", &file, where.text, &err);
    }
    pack_file_release(&file);
}
