/* SPDX-License-Identifier: Apache-2.0 */
/* From the values of a config to what actions and sensors get: first templates and secrets, then defaults. The schema of a
   nested key is the one of `properties`, else what matching `patternProperties` add up to, else `additionalProperties`. */
#include <stdio.h>

#include "base/mem.h"
#include "packs/pack-internal.h"
#include "value/python.h"
#include "value/schema.h"

struct resolver {
    const char *pack;
    const struct pack_config_host *host;
    struct model_path key; /* dotted, of the value being looked at */
    struct error *err;
};

static int resolve(struct resolver *r, value definition, value v, value *ret);

static size_t enter(struct resolver *r, const char *name)
{
    size_t before = strlen(r->key.text);

    snprintf(r->key.text + before, sizeof(r->key.text) - before, "%s%s", before ? "." : "", name);
    return before;
}

/* ---- the schema of a part ---- */

/* Does the pattern of patternProperties match? Asked of the validator, which knows the dialect of the expressions. */
static bool pattern_matches(value pattern, value key)
{
    VALUE_AUTO(schema);
    value of_pattern = value_map_new(1);

    value_map_put(&of_pattern, "pattern", value_ref(pattern));
    schema = of_pattern;
    return schema_validate(schema, key, SCHEMA_DRAFT4, 0, NULL, NULL) == 0;
}

/* Owned; unset when the schema says nothing about the key. */
static value key_definition(value definition, value key)
{
    value of_key = value_map_get_value(value_map_get(definition, "properties"), key);
    value patterns = value_map_get(definition, "patternProperties"), merged = VALUE_NOTHING;

    if (value_is_set(of_key))
        return value_ref(of_key);
    VALUE_MAP_EACH (i, patterns) {
        if (!value_is_string(key) || !pattern_matches(value_map_key_at(patterns, i), key))
            continue;
        if (!value_is_set(merged))
            merged = value_map_new(4);
        value_map_update(&merged, value_map_item_at(patterns, i));
    }
    if (value_is_set(merged))
        return merged;
    of_key = value_map_get(definition, "additionalProperties");
    return value_is_map(of_key) ? value_ref(of_key) : VALUE_NOTHING;
}

/* Borrowed. */
static value item_definition(value definition, size_t i)
{
    value items = value_map_get(definition, "items"), more = value_map_get(definition, "additionalItems");

    if (value_is_map(items))
        return items;
    if (value_is_list(items) && i < value_list_count(items))
        return value_list_at(items, i);
    return value_is_map(more) ? more : VALUE_NOTHING;
}

/* ---- templates ---- */

static int fail_render(struct resolver *r, value template, const struct error *reason)
{
    return error_set_kind(
        r->err, -EINVAL, "RuntimeError",
        "Failed to render dynamic configuration value for key \"%s\" with value \"%s\" for pack \"%s\" config: "
        "<class '%s'> %s",
        r->key.text, value_chars(template), r->pack, reason->kind ? reason->kind : "ValueError",
        error_text(reason));
}

static int resolve_template(struct resolver *r, value definition, value template, value *ret)
{
    ERROR_AUTO(reason);
    VALUE_AUTO(text);
    int rc;

    rc = r->host->render(r->host->data, value_chars(template), value_len(template), &text, &reason);
    if (rc < 0)
        return fail_render(r, template, &reason);
    if (!value_is_string(text))
        value_replace(&text, python_str_value(text));
    if (value_len(text) == 0)
        *ret = value_null();
    else if (value_map_bool(definition, "secret", false))
        return r->host->decrypt(r->host->data, r->key.text, value_chars(text), value_len(text), ret, r->err);
    else
        *ret = value_take(&text);
    return 0;
}

static int resolve_map(struct resolver *r, value definition, value map, value *ret)
{
    VALUE_AUTO(made);

    made = value_map_new(value_map_count(map));
    VALUE_MAP_EACH (i, map) {
        value key = value_map_key_at(map, i), item = VALUE_NOTHING;
        VALUE_AUTO(of_key);
        size_t before = enter(r, value_is_string(key) ? value_chars(key) : "?");
        int rc;

        of_key = key_definition(definition, key);
        rc = resolve(r, of_key, value_map_item_at(map, i), &item);
        if (rc < 0)
            return rc;
        r->key.text[before] = '\0';
        value_map_set(&made, value_ref(key), item);
    }
    *ret = value_take(&made);
    return 0;
}

static int resolve_list(struct resolver *r, value definition, value list, value *ret)
{
    VALUE_AUTO(made);

    made = value_list_new(value_list_count(list));
    VALUE_LIST_EACH (i, item, list) {
        value resolved = VALUE_NOTHING;
        char index[24];
        size_t before;
        int rc;

        snprintf(index, sizeof(index), "%zu", i);
        before = enter(r, index);
        rc = resolve(r, item_definition(definition, i), item, &resolved);
        if (rc < 0)
            return rc;
        r->key.text[before] = '\0';
        value_list_append(&made, resolved);
    }
    *ret = value_take(&made);
    return 0;
}

static int resolve(struct resolver *r, value definition, value v, value *ret)
{
    if (value_is_map(v))
        return resolve_map(r, definition, v, ret);
    if (value_is_list(v))
        return resolve_list(r, definition, v, ret);
    if (value_is_string(v) && (strstr(value_chars(v), "{{") || strstr(value_chars(v), "{%")))
        return resolve_template(r, definition, v, ret);
    *ret = value_ref(v);
    return 0;
}

/* ---- defaults ---- */

static void fill_map(value definition, value *map);

static void fill_list(value definition, value *list)
{
    for (size_t i = 0; i < value_list_count(*list); i++) {
        value item = value_list_at(*list, i), of_item = item_definition(definition, i);

        if (!value_is_map(item) || !value_is_map(of_item))
            continue;
        item = value_ref(item);
        fill_map(of_item, &item);
        value_list_set(list, i, item);
    }
}

static bool has_any(value definition, const char *const *keys)
{
    for (; *keys; keys++)
        if (value_truth(value_map_get(definition, *keys)))
            return true;
    return false;
}

/* Objects and arrays whose insides are declared are there even when nobody has set them. */
static void fill_one(value definition, value key, value *map)
{
    static const char *const object_keys[] = { "properties", "patternProperties", "additionalProperties",
                                               NULL };
    static const char *const array_keys[] = { "items", "additionalItems", NULL };
    const char *type = value_map_chars(definition, "type");
    value given = value_map_get_value(*map, key), part, otherwise = value_map_get(definition, "default");

    if (!value_is_set(given) && value_is_set(otherwise)) {
        value_map_set(map, value_ref(key), value_ref(otherwise));
        given = value_map_get_value(*map, key);
    }
    if (type && strcmp(type, "object") == 0 && has_any(definition, object_keys)) {
        part = value_truth(given) && value_is_map(given) ? value_ref(given) : value_map_new(0);
        fill_map(definition, &part);
        value_map_set(map, value_ref(key), part);
    } else if (type && strcmp(type, "array") == 0 && has_any(definition, array_keys)) {
        part = value_truth(given) && value_is_list(given) ? value_ref(given) : value_list_new(0);
        fill_list(definition, &part);
        value_map_set(map, value_ref(key), part);
    }
}

static void fill_map(value definition, value *map)
{
    value properties = value_map_get(definition, "properties");
    VALUE_AUTO(given);

    VALUE_MAP_EACH (i, properties)
        fill_one(value_map_item_at(properties, i), value_map_key_at(properties, i), map);
    given = value_ref(*map);
    VALUE_MAP_EACH (i, given) {
        value key = value_map_key_at(given, i);
        VALUE_AUTO(of_key);

        if (value_is_set(value_map_get_value(properties, key)))
            continue;
        of_key = key_definition(definition, key);
        if (value_is_map(of_key))
            fill_one(of_key, key, map);
    }
}

int pack_config_resolve(const char *pack, value attributes, value values, const struct pack_config_host *host,
                        value *ret, struct error *err)
{
    struct resolver r = { .pack = pack, .host = host, .err = err };
    VALUE_AUTO(definition);
    VALUE_AUTO(resolved);
    int rc;

    definition = value_map_new(1);
    if (value_is_map(attributes))
        value_map_put(&definition, "properties", value_ref(attributes));
    resolved = value_map_new(0);
    if (value_is_map(values)) {
        value made = VALUE_NOTHING;

        rc = resolve_map(&r, definition, values, &made);
        if (rc < 0)
            return rc;
        value_replace(&resolved, made);
    }
    fill_map(definition, &resolved);
    *ret = value_take(&resolved);
    return 0;
}
