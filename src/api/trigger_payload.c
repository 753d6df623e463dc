/* SPDX-License-Identifier: Apache-2.0 */
#include "trigger_payload.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/schema.h"

struct headers {
    value as_sent, lower;
};

static bool hidden(const char *name)
{
    static const char *const names[] = { "St2-Api-Key", "X-Auth-Token", "Cookie", "Authorization",
                                         "St2-Trace-Tag" };

    for (size_t i = 0; i < ELEMENTS(names); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return false;
}

/* Names as a WSGI server passes them: X-Github-Event, whatever their case on the wire. */
static void add_header(struct headers *headers, const char *name, const char *text)
{
    char title[128], lower[128];
    size_t n = strlen(name);
    bool begins = true;

    if (n >= sizeof(title) || hidden(name) || !utf8_valid(text, strlen(text)))
        return;
    for (size_t i = 0; i <= n; i++) {
        lower[i] = (char)tolower((unsigned char)name[i]);
        title[i] = begins ? (char)toupper((unsigned char)name[i]) : lower[i];
        begins = name[i] == '-';
    }
    value_map_set_text(&headers->as_sent, title, value_text(text));
    value_map_set_text(&headers->lower, lower, value_text(text));
}

value trigger_payload_of_request(struct http_request *request, value body)
{
    struct headers headers = { value_map_new(8), value_map_new(8) };
    value payload = value_map_new(3);
    size_t n;
    const struct http_field *fields = http_request_headers(request, &n);

    for (size_t i = 0; i < n; i++)
        add_header(&headers, fields[i].name, fields[i].value);
    value_map_put(&payload, "headers", headers.as_sent);
    value_map_put(&payload, "headers_lower", headers.lower);
    value_map_put(&payload, "body", value_ref(body));
    return payload;
}

int trigger_payload_check(struct catalog *catalog, const char *trigger_ref, value payload, struct error *err)
{
    VALUE_AUTO(trigger);
    VALUE_AUTO(type);
    const char *type_ref;
    value schema;

    trigger = catalog_by_ref(catalog, OBJECT_TRIGGER, trigger_ref);
    type_ref = value_map_chars(trigger, "type");
    type = catalog_by_ref(catalog, OBJECT_TRIGGER_TYPE, type_ref ? type_ref : trigger_ref);
    if (!value_is_set(type))
        return error_set(err, -ENOENT, "Trigger type with reference \"%s\" doesn't exist in the database",
                         trigger_ref);
    if (!value_is_set(trigger))
        return error_set(err, -ENOENT, "Trigger type \"%s\" needs parameters; name one of its triggers",
                         trigger_ref);
    schema = value_map_get(type, "payload_schema");
    if (!value_map_count(schema))
        return 0;
    return schema_validate(schema, payload, SCHEMA_PARAMETERS, SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL, NULL,
                           err);
}
