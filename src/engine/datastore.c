/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/datastore.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "value/datetime.h"

static bool expired(value document, int64_t now_us)
{
    const char *text = value_map_chars(document, "expire_timestamp");
    VALUE_AUTO(at);

    return text && datetime_parse_iso(text, strlen(text), &at, NULL) == 0 && datetime_utc_us(at) <= now_us;
}

static int get(void *data, const char *scope, const char *key, bool decrypt, value *ret, struct error *err)
{
    struct datastore_view *view = data;
    CLEANUP(freep) char *ref = NULL;
    VALUE_AUTO(document);

    if (strcmp(scope, "user") == 0)
        ref = xasprintf("st2kv.user:%s:%s", view->user ? view->user : "", key);
    else
        ref = xasprintf("st2kv.system:%s", key);
    document = catalog_by_ref(view->catalog, OBJECT_KEY, ref);
    if (!value_is_set(document) || expired(document, view->now_us)) {
        *ret = VALUE_NOTHING;
        return 0;
    }
    *ret = value_ref(value_map_get(document, "value"));
    return 0;
}

struct expr_host datastore_host(struct datastore_view *view)
{
    return (struct expr_host){ .datastore_get = get, .data = view };
}
