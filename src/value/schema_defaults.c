/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults are filled through `properties` and `items`; not through patternProperties and the like, as StackStorm has it. */
#include "value/schema-internal.h"

bool schema_allows_null(value property)
{
    bool is_optional = !value_truth(value_map_get(property, "required")) ||
                       !value_is_set(value_map_get(property, "required"));

    return property.kind == VALUE_MAP && (is_optional || value_map_has(property, "default")) &&
           value_is_null(value_map_get(property, "default"));
}

static value fill(value properties, value v, int level);

/* The value of one property with what is inside it filled. Owned. */
static value fill_inside(value property, value v, int level)
{
    value properties = value_map_get(property, "properties"), items = value_map_get(property, "items");

    if (v.kind == VALUE_MAP && properties.kind == VALUE_MAP)
        return fill(properties, v, level + 1);
    if (value_is_list(v) && items.kind == VALUE_MAP && value_map_get(items, "properties").kind == VALUE_MAP) {
        value list = value_list_new(value_list_count(v));

        for (size_t i = 0; i < value_list_count(v); i++)
            value_list_append(&list,
                              fill(value_map_get(items, "properties"), value_list_at(v, i), level + 1));
        return list;
    }
    return value_ref(v);
}

static value fill(value properties, value v, int level)
{
    value filled = value_ref(v);

    if (v.kind != VALUE_MAP || level > SCHEMA_DEPTH_MAX)
        return filled;
    VALUE_MAP_EACH (i, properties) {
        value key = value_map_key_at(properties, i), property = value_map_item_at(properties, i);
        value initial = value_map_get(property, "default"), given = value_map_get_value(filled, key);

        if (value_is_null(given) && value_is_set(initial)) {
            value_map_set(&filled, value_ref(key), value_ref(initial));
            given = initial;
        }
        if (value_is_set(given) && value_truth(given) && (given.kind == VALUE_MAP || value_is_list(given)))
            value_map_set(&filled, value_ref(key), fill_inside(property, given, level));
    }
    return filled;
}

value schema_fill_defaults(value schema, value v)
{
    value properties = value_map_get(schema, "properties");

    if (properties.kind != VALUE_MAP)
        return value_ref(v);
    return fill(properties, v, 0);
}
