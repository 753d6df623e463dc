/* SPDX-License-Identifier: Apache-2.0 */
/* Members of maps by their text, and paths through maps and lists. */
#include <stdlib.h>

#include "value/value.h"

const char *value_map_chars(value map, const char *key)
{
    value item = value_map_get(map, key);

    return item.kind == VALUE_STRING ? item.string->data : NULL;
}

int64_t value_map_int(value map, const char *key, int64_t otherwise)
{
    value item = value_map_get(map, key);

    return item.kind == VALUE_INT ? item.integer : otherwise;
}

bool value_map_bool(value map, const char *key, bool otherwise)
{
    value item = value_map_get(map, key);

    return item.kind == VALUE_BOOL ? item.boolean : otherwise;
}

value value_path(value v, const char *dotted)
{
    while (*dotted) {
        size_t n = strcspn(dotted, ".");

        if (v.kind == VALUE_MAP) {
            v = value_map_get_n(v, dotted, n);
        } else if (value_is_list(v) && n && strspn(dotted, "0123456789") >= n && n < 10) {
            v = value_list_at(v, strtoul(dotted, NULL, 10));
        } else {
            return VALUE_NOTHING;
        }
        dotted += n;
        if (*dotted == '.')
            dotted++;
    }
    return v;
}
