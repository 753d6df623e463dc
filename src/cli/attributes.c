/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attributes.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "expr/functions/jsonpath.h"

/* name ("." name)*, names of letters, digits, "-" and "_" */
static bool path_is_simple(const char *path)
{
    bool in_name = false;

    for (; *path; path++) {
        if (*path == '.') {
            if (!in_name)
                return false;
            in_name = false;
        } else if (isalnum((unsigned char)*path) || *path == '-' || *path == '_') {
            in_name = true;
        } else {
            return false;
        }
    }
    return in_name;
}

int attribute_get(value doc, const char *path, value *ret, struct error *err)
{
    *ret = VALUE_NOTHING;
    if (!path_is_simple(path)) {
        CLEANUP(jsonpath_freep)
        struct jsonpath *compiled = NULL;
        int r = jsonpath_parse(path, strlen(path), &compiled, err);

        return r < 0 ? r : jsonpath_first(compiled, doc, ret, err);
    }
    for (;;) {
        size_t len = strcspn(path, ".");

        doc = value_is_map(doc) ? value_map_get_n(doc, path, len) : VALUE_NOTHING;
        if (!path[len] || !value_is_set(doc))
            break;
        path += len + 1;
    }
    *ret = value_ref(doc);
    return 0;
}

/* doc with `item` at the dotted path, maps made on the way. Takes item. */
static void picked_set(value *doc, const char *path, value item)
{
    const char *dot = strchr(path, '.');
    value key, inner;

    if (!dot) {
        value_map_set_text(doc, path, item);
        return;
    }
    key = value_text_n(path, (size_t)(dot - path));
    inner = value_ref(value_map_get_value(*doc, key));
    if (!value_is_map(inner)) {
        value_unref(inner);
        inner = value_map_new(1);
    }
    picked_set(&inner, dot + 1, item);
    value_map_set(doc, key, inner);
}

bool attributes_all(value names)
{
    VALUE_LIST_EACH (i, name, names) {
        if (value_text_is(name, "all"))
            return true;
    }
    return value_list_count(names) == 0;
}

int attributes_pick(value doc, value names, value *ret, struct error *err)
{
    VALUE_AUTO(picked);

    picked = value_map_new(8);
    if (attributes_all(names)) {
        VALUE_MAP_EACH (i, doc) {
            if (!value_is_null(value_map_item_at(doc, i)))
                value_map_set(&picked, value_ref(value_map_key_at(doc, i)),
                              value_ref(value_map_item_at(doc, i)));
        }
        *ret = value_take(&picked);
        return 0;
    }
    VALUE_LIST_EACH (i, name, names) {
        VALUE_AUTO(item);
        int r = attribute_get(doc, value_chars(name), &item, err);

        if (r < 0)
            return r;
        if (!value_is_null(item))
            picked_set(&picked, value_chars(name), value_take(&item));
    }
    *ret = value_take(&picked);
    return 0;
}

value attributes_list(const char *words)
{
    value list = value_list_new(8);

    while (*words) {
        size_t len = strcspn(words, " ");

        if (len)
            value_list_append(&list, value_text_n(words, len));
        words += len + (words[len] == ' ');
    }
    return list;
}
