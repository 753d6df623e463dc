/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/suggest.h"

#include <string.h>

void suggest_offer_keys(struct nearest *nearest, value map)
{
    if (map.kind != VALUE_MAP)
        return;
    VALUE_MAP_EACH (i, map) {
        value key = value_map_key_at(map, i);

        if (value_is_string(key) && strncmp(value_chars(key), "__", 2) != 0)
            nearest_offer(nearest, value_chars(key), value_len(key));
    }
}

void suggest_key(value map, const char *name, size_t n, struct error *err)
{
    struct nearest nearest = nearest_to(name, n);

    suggest_offer_keys(&nearest, map);
    nearest_hint(&nearest, err);
}
