/* SPDX-License-Identifier: Apache-2.0 */
/* Defaults are filled through `properties` and `items`; not through patternProperties and the like, as StackStorm has it. */
#include "base/mem.h"
#include "value/schema-internal.h"

/* The property may be left out or has a default, and nothing is what it is then. */
static bool allows_null(value property)
{
    value required = value_map_get(property, "required");
    bool is_optional = !value_is_set(required) || !value_truth(required);

    return property.kind == VALUE_MAP && (is_optional || value_map_has(property, "default")) &&
           value_is_null(value_map_get(property, "default"));
}

bool schema_allows_null(value property)
{
    static const char *const others[] = { "enum", "not", "allOf", "anyOf", "oneOf", "$ref" };

    for (size_t i = 0; i < ELEMENTS(others); i++)
        if (value_map_has(property, others[i]))
            return false;
    return allows_null(property);
}

static value list_with(value list, value item)
{
    value longer = value_ref(list);

    value_list_append(&longer, item);
    return longer;
}

static bool names_null(value types)
{
    bool found = value_text_is(types, "null");

    VALUE_LIST_EACH (i, type, types) {
        found |= value_text_is(type, "null");
    }
    return found;
}

static void allow_null(value *property)
{
    static const char *const alternatives[] = { "anyOf", "oneOf" };
    value types = value_map_get(*property, "type");

    if (value_is_set(types) && !names_null(types)) {
        VALUE_AUTO(one);

        if (!value_is_list(types)) {
            one = value_list_new(2);
            value_list_append(&one, value_ref(types));
            types = one;
        }
        value_map_put(property, "type", list_with(types, value_text("null")));
    }
    for (size_t i = 0; i < ELEMENTS(alternatives); i++) {
        value list = value_map_get(*property, alternatives[i]), null;

        if (!value_is_list(list))
            continue;
        null = value_map_new(1);
        value_map_put(&null, "type", value_text("null"));
        value_map_set_text(property, alternatives[i], list_with(list, null));
    }
}

static value with_nulls(value schema, int level)
{
    value widened = value_ref(schema), properties = value_map_get(schema, "properties");
    value items = value_map_get(schema, "items");

    if (level > SCHEMA_DEPTH_MAX)
        return widened;
    if (properties.kind == VALUE_MAP && value_map_count(properties)) {
        value wider = value_map_new(value_map_count(properties));

        VALUE_MAP_EACH (i, properties) {
            value property = value_map_item_at(properties, i), inside = with_nulls(property, level + 1);

            if (allows_null(property))
                allow_null(&inside);
            value_map_set(&wider, value_ref(value_map_key_at(properties, i)), inside);
        }
        value_map_put(&widened, "properties", wider);
    }
    if (items.kind == VALUE_MAP)
        value_map_put(&widened, "items", with_nulls(items, level + 1));
    return widened;
}

value schema_with_nulls(value schema)
{
    return with_nulls(schema, 0);
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
