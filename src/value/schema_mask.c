/* SPDX-License-Identifier: Apache-2.0 */
#include "value/schema.h"

#include "base/mem.h"
#include "value/pyregex.h"
#include "value/schema-internal.h"

#define MASK "********"

static value mask(value schema, value v, int level);

static bool key_matches(value pattern, value key)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    bool matches = false;

    if (pattern.kind != VALUE_STRING || key.kind != VALUE_STRING ||
        pyregex_get(pattern.string->data, pattern.string->len, 0, &regex, NULL) < 0)
        return false;
    /* What cannot be decided counts as a match: rather too much is masked. */
    return pyregex_test(regex, key.string->data, key.string->len, PYREGEX_SEARCH, 0, &matches, NULL) < 0 ||
           matches;
}

/* One entry of an object: by its own property, else by each pattern that matches, else as an additional one. */
static value mask_entry(value schema, value key, value item, int level)
{
    value patterns = value_map_get(schema, "patternProperties");
    value property = value_map_get_value(value_map_get(schema, "properties"), key);
    value masked = value_ref(item);
    bool known = value_is_set(property);

    if (known)
        value_replace(&masked, mask(property, masked, level));
    VALUE_MAP_EACH (i, patterns) {
        if (!key_matches(value_map_key_at(patterns, i), key))
            continue;
        known = true;
        value_replace(&masked, mask(value_map_item_at(patterns, i), masked, level));
    }
    if (!known)
        value_replace(&masked, mask(value_map_get(schema, "additionalProperties"), masked, level));
    return masked;
}

static value mask_map(value schema, value v, int level)
{
    value masked = value_ref(v);

    VALUE_MAP_EACH (i, v) {
        value key = value_map_key_at(v, i);

        value_map_set(&masked, value_ref(key), mask_entry(schema, key, value_map_item_at(v, i), level));
    }
    return masked;
}

static value mask_list(value schema, value v, int level)
{
    value items = value_map_get(schema, "items"), list = value_list_new(value_list_count(v));

    for (size_t i = 0; i < value_list_count(v); i++) {
        value one = items;

        if (value_is_list(items))
            one = i < value_list_count(items) ? value_list_at(items, i)
                                              : value_map_get(schema, "additionalItems");
        value_list_append(&list, mask(one, value_list_at(v, i), level));
    }
    return list;
}

/* Could anything inside be secret? Saves copying what is not. */
static bool has_parts(value schema)
{
    static const char *const parts[] = { "properties", "patternProperties", "additionalProperties", "items",
                                         "additionalItems" };

    for (size_t i = 0; i < ELEMENTS(parts); i++) {
        value part = value_map_get(schema, parts[i]);

        if (part.kind == VALUE_MAP || value_is_list(part))
            return true;
    }
    return false;
}

static value mask(value schema, value v, int level)
{
    if (schema.kind != VALUE_MAP)
        return value_ref(v);
    if (value_is_set(value_map_get(schema, "secret")) && value_truth(value_map_get(schema, "secret")))
        return value_text(MASK);
    if (level > SCHEMA_DEPTH_MAX)
        return value_text(MASK);
    if (v.kind == VALUE_MAP && has_parts(schema))
        return mask_map(schema, v, level + 1);
    if (value_is_list(v) && has_parts(schema))
        return mask_list(schema, v, level + 1);
    return value_ref(v);
}

value schema_mask_secrets(value parameters, value v)
{
    value schema, masked;

    if (v.kind != VALUE_MAP || parameters.kind != VALUE_MAP)
        return value_ref(v);
    schema = value_map_new(1);
    value_map_put(&schema, "properties", value_ref(parameters));
    masked = mask_map(schema, v, 0);
    value_unref(schema);
    return masked;
}

value schema_mask_output(value output_schema, value v)
{
    value type = value_map_get(output_schema, "type");

    /* In the old form a property may be called "type": its definition is a mapping. */
    if (value_is_set(type) && type.kind != VALUE_MAP)
        return mask(output_schema, v, 0);
    return schema_mask_secrets(output_schema, v);
}
