/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the kind of object, the rest is its metadata file: it is refused with a text and a path, or its
   document has a reference. */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/model.h"
#include "packs/pack.h"
#include "value/json.h"
#include "value/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_config_schema(value attributes)
{
    struct model_path path;
    VALUE_AUTO(config);
    VALUE_AUTO(values);

    if (pack_check_config_schema("f", attributes, &path, NULL) < 0)
        return;
    values = value_map_new(0);
    pack_check_config("p", "f", attributes, attributes, &path, NULL);
    pack_config_resolve("p", attributes, values, NULL, &config, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(freep)
    char *text = NULL;
    struct model_path path = { "" };
    ERROR_AUTO(err);
    VALUE_AUTO(object);
    VALUE_AUTO(document);
    int kind = n ? data[0] % (MODEL_KINDS + 1) : 0;

    if (n == 0 || yaml_read((const char *)data + 1, n - 1, &object, NULL) < 0)
        return 0;
    if (kind == MODEL_KINDS) {
        check_config_schema(object);
        return 0;
    }
    if (model_accept(kind, object, n % 2 ? MODEL_FROM_API : MODEL_FROM_FILE, NULL, &document, &path, &err) <
        0) {
        if (!err.message)
            abort();
        return 0;
    }
    text = json_text(document);
    return 0;
}
