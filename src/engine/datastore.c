/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/datastore.h"

#include <stdlib.h>
#include <string.h>

#include "auth/crypto.h"
#include "base/mem.h"
#include "value/datetime.h"

int datastore_decrypt(struct catalog *catalog, value ciphertext, value *ret, struct error *err)
{
    const struct crypto_key *key = catalog_key(catalog);
    BUFFER_AUTO(text);
    int r;

    if (!key)
        return error_set(err, -ENOENT, "Crypto key not found. Unable to decrypt the value.");
    r = crypto_decrypt(key, value_chars(ciphertext) ? value_chars(ciphertext) : "", value_len(ciphertext),
                       &text, err);
    if (r == 0)
        *ret = value_text_n(buffer_text(&text), text.len);
    return r;
}

bool datastore_expired(value document, int64_t now_us)
{
    const char *text = value_map_chars(document, "expire_timestamp");
    VALUE_AUTO(at);

    return text && datetime_parse_iso(text, strlen(text), &at, NULL) == 0 && datetime_utc_us(at) <= now_us;
}

static int get(void *data, const char *scope, const char *key, bool decrypt, value *ret, struct error *err)
{
    struct datastore_view *view = data;
    CLEANUP(freep)
    char *ref = NULL;
    VALUE_AUTO(document);

    if (strcmp(scope, "user") == 0)
        ref = xasprintf("st2kv.user:%s:%s", view->user ? view->user : "", key);
    else
        ref = xasprintf("st2kv.system:%s", key);
    document = catalog_by_ref(view->catalog, OBJECT_KEY, ref);
    if (!value_is_set(document) || datastore_expired(document, view->now_us)) {
        *ret = VALUE_NOTHING;
        return 0;
    }
    if (decrypt && value_map_bool(document, "secret", false))
        return datastore_decrypt(view->catalog, value_map_get(document, "value"), ret, err);
    *ret = value_ref(value_map_get(document, "value"));
    return 0;
}

static int decrypt_text(void *data, const char *ciphertext, value *ret, struct error *err)
{
    struct datastore_view *view = data;
    VALUE_AUTO(text);

    text = value_text(ciphertext);
    return datastore_decrypt(view->catalog, text, ret, err);
}

struct expr_host datastore_host(struct datastore_view *view)
{
    return (struct expr_host){ .datastore_get = get, .decrypt = decrypt_text, .data = view };
}
