/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include <string.h>

#include "base/mem.h"
#include "http/form.h"
#include "http/http.h"
#include "value/json.h"

static int read_json(const char *content_type, const char *body, size_t n, value *ret, struct error *err)
{
    if (n == 0) {
        *ret = value_map_new(0);
        return 0;
    }
    return json_read(body, n, JSON_PYTHON, ret, err);
}

static int read_text(const char *content_type, const char *body, size_t n, value *ret, struct error *err)
{
    value text = value_text_checked(body, n);

    if (!value_is_set(text))
        return error_set(err, -EINVAL, "The text is not valid UTF-8.");
    *ret = text;
    return 0;
}

static int read_urlencoded(const char *content_type, const char *body, size_t n, value *ret,
                           struct error *err)
{
    return form_read_urlencoded(body, n, ret, err);
}

static const struct {
    const char *type;
    int (*read)(const char *content_type, const char *body, size_t n, value *ret, struct error *err);
} readers[] = {
    { "application/json", read_json },
    { "text/plain", read_text },
    { "application/x-www-form-urlencoded", read_urlencoded },
    { "multipart/form-data", form_read_multipart },
};

int body_read(const char *content_type, const char *body, size_t n, value *ret, struct error *err)
{
    size_t n_type;

    if (!content_type || !*content_type)
        content_type = HTTP_JSON;
    n_type = strcspn(content_type, "; \t");
    for (size_t i = 0; i < ELEMENTS(readers); i++)
        if (strlen(readers[i].type) == n_type && strncasecmp(readers[i].type, content_type, n_type) == 0) {
            int r = readers[i].read(content_type, body, n, ret, err);

            return r < 0 ? error_prefix(err, r, "Failed to parse request body") : 0;
        }
    return error_set(err, -EINVAL, "Failed to parse request body: Unsupported Content-Type: \"%.*s\"",
                     (int)n_type, content_type);
}

int http_body_value(const struct http_request *request, value *ret, struct error *err)
{
    size_t n;
    const char *body = http_body(request, &n);

    return body_read(http_request_header(request, "Content-Type"), body, n, ret, err);
}
