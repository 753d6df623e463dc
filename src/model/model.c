/* SPDX-License-Identifier: Apache-2.0 */
/* The way of an object through its resource's table: fields, further checks, document. */
#include "model/model.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/model-internal.h"
#include "value/json.h"

static const struct model_resource *const resources[MODEL_KINDS] = {
    [MODEL_ACTION] = &model_resource_action,   [MODEL_ALIAS] = &model_resource_alias,
    [MODEL_PACK] = &model_resource_pack,       [MODEL_POLICY] = &model_resource_policy,
    [MODEL_RULE] = &model_resource_rule,       [MODEL_SENSOR] = &model_resource_sensor,
    [MODEL_TRIGGER] = &model_resource_trigger, [MODEL_TRIGGER_TYPE] = &model_resource_trigger_type,
};

const char *model_kind_text(enum model_kind kind)
{
    return resources[kind]->name;
}

const char *model_uid_prefix(enum model_kind kind)
{
    return resources[kind]->uid_prefix;
}

int model_check(enum model_kind kind, value object, struct model_path *path, struct error *err)
{
    return model_check_fields(resources[kind]->fields, resources[kind]->open, object, path, err);
}

static value document_of(const struct model_resource *resource, value object, enum model_source source,
                         const struct model_lookup *lookup)
{
    value document = model_fill_fields(resource->fields, object, source);

    model_complete_names(&document, resource->uid_prefix);
    if (resource->complete)
        resource->complete(&document, object, source, lookup);
    return document;
}

value model_document(enum model_kind kind, value object, enum model_source source)
{
    return document_of(resources[kind], object, source, NULL);
}

int model_accept(enum model_kind kind, value object, enum model_source source,
                 const struct model_lookup *lookup, value *ret_document, struct model_path *path,
                 struct error *err)
{
    static const struct model_lookup none;
    const struct model_resource *resource = resources[kind];
    int r;

    if (!lookup)
        lookup = &none;
    r = model_check(kind, object, path, err);
    if (r == 0 && resource->check)
        r = resource->check(object, lookup, path, err);
    if (r < 0)
        return r;
    *ret_document = document_of(resource, object, source, lookup);
    return 0;
}

/* ---- names ---- */

bool model_pack_ref_valid(const char *ref)
{
    return *ref && strspn(ref, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(ref);
}

bool model_pack_is_system(const char *ref)
{
    static const char *const names[] = { "chatops", "core", "packs", "linux" };

    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (strcmp(ref, names[i]) == 0)
            return true;
    return false;
}

value model_ref(const char *pack, const char *name)
{
    return value_textf("%s.%s", pack, name);
}

void model_complete_names(value *document, const char *uid_prefix)
{
    const char *pack = value_map_chars(*document, "pack"), *name = value_map_chars(*document, "name");

    if (!pack || !name)
        return;
    value ref = model_ref(pack, name), uid = value_textf("%s:%s:%s", uid_prefix, pack, name);

    value_map_put(document, "ref", ref);
    value_map_put(document, "uid", uid);
}

value model_trigger_uid(const char *pack, const char *name, value parameters)
{
    BUFFER_AUTO(text);
    BUFFER_AUTO(hex);
    struct json_style style = JSON_PYTHON_STYLE;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    style.sort_keys = true;
    if (value_is_map(parameters))
        json_write(&text, parameters, style);
    else
        buffer_add_text(&text, "{}");
    EVP_Digest(text.data, text.len, digest, &n, EVP_md5(), NULL);
    for (unsigned i = 0; i < n; i++)
        buffer_addf(&hex, "%02x", digest[i]);
    return value_textf("trigger:%s:%s:%s", pack, name, buffer_text(&hex));
}
