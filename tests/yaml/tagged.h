/* SPDX-License-Identifier: Apache-2.0 */
/* YAML values as JSON that keeps their types: {"!bytes": base64}, {"!set": [...]}, {"!tuple": [...]}, {"!date": text},
   {"!datetime": text}, {"!float": "nan"}, and {"!map": [[key, item], ...]} for maps with keys that are no text. */
#ifndef FULMAR_TESTS_YAML_TAGGED_H
#define FULMAR_TESTS_YAML_TAGGED_H

#include <math.h>
#include <stdio.h>

#include "base/buffer.h"
#include "value/datetime.h"
#include "value/value.h"

static value tagged_from_value(value v);
static value value_from_tagged(value v);

static inline value tagged_list(value v)
{
    value list = value_list_new(value_list_count(v));

    VALUE_LIST_EACH (i, item, v)
        value_list_append(&list, tagged_from_value(item));
    return list;
}

static inline value tagged_one(const char *tag, value content)
{
    value map = value_map_new(1);

    value_map_set_text(&map, tag, content);
    return map;
}

static inline value tagged_map(value v)
{
    value map = value_map_new(value_map_count(v)), pairs = value_list_new(value_map_count(v));
    bool plain = true;

    VALUE_MAP_EACH (i, v) {
        value key = value_map_key_at(v, i), item = tagged_from_value(value_map_item_at(v, i)),
              pair = value_list_new(2);

        plain = plain && value_is_string(key) && value_chars(key)[0] != '!';
        value_list_append(&pair, tagged_from_value(key));
        value_list_append(&pair, value_ref(item));
        value_list_append(&pairs, pair);
        if (plain)
            value_map_set(&map, value_ref(key), item);
        else
            value_unref(item);
    }
    if (plain) {
        value_unref(pairs);
        return map;
    }
    value_unref(map);
    return tagged_one("!map", pairs);
}

static inline value tagged_bytes(value v)
{
    BUFFER_AUTO(hex);

    for (size_t i = 0; i < value_len(v); i++)
        buffer_addf(&hex, "%02x", (unsigned char)value_chars(v)[i]);
    return tagged_one("!bytes", value_text(buffer_text(&hex)));
}

static inline value tagged_from_value(value v)
{
    BUFFER_AUTO(text);
    value keys;

    switch (v.kind) {
    case VALUE_LIST:
        return tagged_list(v);
    case VALUE_TUPLE:
        return tagged_one("!tuple", tagged_list(v));
    case VALUE_MAP:
        return tagged_map(v);
    case VALUE_SET:
        keys = value_list_new(0);
        VALUE_MAP_EACH (i, v)
            value_list_append(&keys, tagged_from_value(value_map_key_at(v, i)));
        return tagged_one("!set", keys);
    case VALUE_BYTES:
        return tagged_bytes(v);
    case VALUE_DATETIME:
        datetime_format_iso(&text, v, 'T');
        return tagged_one(v.datetime->date_only ? "!date" : "!datetime", value_text(buffer_text(&text)));
    case VALUE_FLOAT:
        if (isnan(v.number) || isinf(v.number))
            return tagged_one("!float", value_text(isnan(v.number) ? "nan" : v.number < 0 ? "-inf" : "inf"));
        return v;
    default:
        return value_ref(v);
    }
}

static inline value untagged_bytes(const char *hex)
{
    BUFFER_AUTO(data);
    unsigned byte;

    for (; hex[0] && hex[1] && sscanf(hex, "%2x", &byte) == 1; hex += 2)
        buffer_add_char(&data, (char)byte);
    return value_bytes(buffer_text(&data), data.len);
}

static inline value untagged_time(const char *text, bool date_only)
{
    value v = value_null();

    datetime_parse_iso(text, strlen(text), &v, NULL);
    if (!date_only)
        return v;
    value date = value_date_new(v.datetime->us);
    value_unref(v);
    return date;
}

static inline value untagged_one(const char *tag, value content)
{
    value v;

    if (strcmp(tag, "!bytes") == 0)
        return untagged_bytes(value_chars(content));
    if (strcmp(tag, "!float") == 0)
        return value_float(strtod(value_chars(content), NULL));
    if (strcmp(tag, "!date") == 0 || strcmp(tag, "!datetime") == 0)
        return untagged_time(value_chars(content), strcmp(tag, "!date") == 0);
    if (strcmp(tag, "!tuple") == 0) {
        v = value_tuple_new(value_list_count(content));
        VALUE_LIST_EACH (i, item, content)
            value_list_append(&v, value_from_tagged(item));
        return v;
    }
    v = strcmp(tag, "!set") == 0 ? value_set_new(0) : value_map_new(0);
    VALUE_LIST_EACH (i, item, content) {
        if (v.kind == VALUE_SET)
            value_set_add(&v, value_from_tagged(item));
        else
            value_map_set(&v, value_from_tagged(value_list_at(item, 0)),
                          value_from_tagged(value_list_at(item, 1)));
    }
    return v;
}

static inline value value_from_tagged(value v)
{
    value made;

    if (v.kind == VALUE_LIST) {
        made = value_list_new(value_list_count(v));
        VALUE_LIST_EACH (i, item, v)
            value_list_append(&made, value_from_tagged(item));
        return made;
    }
    if (v.kind != VALUE_MAP)
        return value_ref(v);
    if (value_map_count(v) == 1 && value_chars(value_map_key_at(v, 0))[0] == '!')
        return untagged_one(value_chars(value_map_key_at(v, 0)), value_map_item_at(v, 0));
    made = value_map_new(value_map_count(v));
    VALUE_MAP_EACH (i, v)
        value_map_set(&made, value_ref(value_map_key_at(v, i)), value_from_tagged(value_map_item_at(v, i)));
    return made;
}

/* What this implementation answers to a case: {"yaml": text} is read, {"value": tagged, "indent", "sort", "ascii"} is
   written. The answer is {"value": tagged}, {"error": text} or {"text": text}. */
static inline value yaml_answer(value case_)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(text);
    value yaml = value_map_get(case_, "yaml"), v = VALUE_NOTHING, answer;
    enum yaml_write_flags flags = YAML_DOCUMENT_END;

    if (value_is_string(yaml)) {
        if (yaml_read_named(NULL, value_chars(yaml), value_len(yaml),
                            value_map_bool(case_, "unique", false) ? YAML_UNIQUE_KEYS : 0, &v, NULL,
                            &err) < 0)
            return tagged_one("error", value_text(error_text(&err)));
        answer = tagged_one("value", tagged_from_value(v));
        value_unref(v);
        return answer;
    }
    flags |= value_map_bool(case_, "sort", false) ? YAML_SORT_KEYS : 0;
    flags |= value_map_bool(case_, "ascii", false) ? YAML_ASCII : 0;
    v = value_from_tagged(value_map_get(case_, "value"));
    yaml_write(&text, v, (int)value_map_int(case_, "indent", 2), flags);
    value_unref(v);
    return tagged_one("text", value_text(buffer_text(&text)));
}

#endif
