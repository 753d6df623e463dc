/* SPDX-License-Identifier: Apache-2.0 */
#include "alias_match.h"

#include "model/alias_format.h"

void alias_match_release(struct alias_match *match)
{
    value_unref(match->alias);
    value_unref(match->display);
    value_unref(match->representation);
    *match = (struct alias_match){ .multiple = false };
}

/* How many formats of one sort fit; the last of them is *ret. A format that is broken fits nothing. */
static size_t try_all(struct api *api, const char *command, bool multiple, struct alias_match *ret)
{
    size_t n = 0;
    VALUE_AUTO(all);

    all = catalog_list(api->config.catalog, OBJECT_ALIAS);
    VALUE_LIST_EACH (i, alias, all) {
        VALUE_AUTO(formats);

        if (!value_map_bool(alias, "enabled", true))
            continue;
        formats = alias_formats(alias);
        VALUE_LIST_EACH (k, format, formats) {
            VALUE_AUTO(found);
            const char *text = value_map_chars(format, "representation");

            if (value_map_bool(format, "multiple", false) != multiple ||
                alias_format_extract(text, command, multiple, &found, NULL) != 0 || !value_list_count(found))
                continue;
            n++;
            alias_match_release(ret);
            *ret = (struct alias_match){
                .alias = value_ref(alias),
                .display = value_ref(value_map_get(format, "display")),
                .representation = value_ref(value_map_get(format, "representation")),
                .multiple = multiple,
            };
        }
    }
    return n;
}

bool alias_match_command(struct api *api, const char *command, struct alias_match *ret, struct error *err)
{
    struct alias_match match = { .multiple = false };
    size_t n;

    for (int multiple = 0; multiple < 2; multiple++) {
        n = try_all(api, command, multiple, &match);
        if (n == 1) {
            *ret = match;
            return true;
        }
        alias_match_release(&match);
        if (n) {
            error_set(err, 0, "Command '%s' matched more than 1 %spattern", command,
                      multiple ? "(multi) " : "");
            return false;
        }
    }
    error_set(err, 0, "Command '%s' matched no patterns", command);
    return false;
}
