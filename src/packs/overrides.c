/* SPDX-License-Identifier: Apache-2.0 */
/* Overrides: files of the operator that switch objects of packs on and off without editing the packs.

       actions:                # or sensors, rules, aliases
         defaults:
           enabled: false
         exceptions:           # not in _global.yaml
           name_of_an_action:
             enabled: true

   Global defaults, then the pack's defaults, then its exceptions; the later wins. `enabled` is the only key. */
#include <stdlib.h>

#include "base/mem.h"
#include "packs/pack-internal.h"

static void read_one(struct pack_overrides *overrides, const char *base_path, const char *name, value *ret)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/overrides/%s.yaml", base_path, name);
    ERROR_AUTO(err);
    struct pack_file file;
    int r;

    r = pack_file_read(path, 0, &file, &err);
    if (r == 0)
        *ret = value_take(&file.content);
    else if (r < 0 && !overrides->error)
        overrides->error = xasprintf("Cannot use the overrides of \"%s\": %s", path, error_text(&err));
    pack_file_release(&file);
}

void pack_overrides_read(struct pack_overrides *overrides, const char *base_path, const char *pack)
{
    *overrides = (struct pack_overrides){ 0 };
    if (!base_path)
        return;
    read_one(overrides, base_path, "_global", &overrides->global);
    read_one(overrides, base_path, pack, &overrides->of_pack);
}

void pack_overrides_release(struct pack_overrides *overrides)
{
    value_unref(overrides->global);
    value_unref(overrides->of_pack);
    free(overrides->error);
}

/* Takes the values of one map; `what` is "default" or "exceptions". */
static int apply_map(value map, const char *what, const char *pack, value *resource, struct error *err)
{
    VALUE_MAP_EACH (i, map) {
        value key = value_map_key_at(map, i);

        if (!value_text_is(key, "enabled"))
            return error_set_kind(err, -EINVAL, "ValueError",
                                  "Override attempted with invalid %s key %s in pack %s", what,
                                  value_is_string(key) ? value_chars(key) : value_kind_name(key), pack);
        value_map_put(resource, "enabled", value_ref(value_map_item_at(map, i)));
    }
    return 0;
}

int pack_overrides_apply(const struct pack_overrides *overrides, const char *section, const char *pack,
                         const char *name, value *resource, bool *ret_changed, struct error *err)
{
    value global = value_map_get(overrides->global, section),
          of_pack = value_map_get(overrides->of_pack, section);
    VALUE_AUTO(before);
    value after;
    int r;

    if (overrides->error)
        return error_set(err, -EINVAL, "%s", overrides->error);
    before = value_is_null(value_map_get(*resource, "enabled"))
                 ? value_bool(true)
                 : value_ref(value_map_get(*resource, "enabled"));
    r = apply_map(value_map_get(global, "defaults"), "default", "_global", resource, err);
    if (r == 0)
        r = apply_map(value_map_get(of_pack, "defaults"), "default", pack, resource, err);
    if (r == 0 && name)
        r = apply_map(value_map_get(value_map_get(of_pack, "exceptions"), name), "exceptions", pack, resource,
                      err);
    if (r < 0)
        return r;
    after = value_map_get(*resource, "enabled");
    *ret_changed = value_is_set(after) && !value_equal(before, after);
    return 0;
}
