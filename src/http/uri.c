/* SPDX-License-Identifier: Apache-2.0 */
#include "http/uri.h"

#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/utf8.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t uri_decode(const char *s, size_t n, bool plus, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        char c = s[i];

        if (c == '%' && i + 2 < n && hex_digit(s[i + 1]) >= 0 && hex_digit(s[i + 2]) >= 0) {
            c = (char)(hex_digit(s[i + 1]) << 4 | hex_digit(s[i + 2]));
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        out[len++] = c;
    }
    out[len] = '\0';
    return len;
}

static bool is_clean(const char *s, size_t n)
{
    return !memchr(s, '\0', n) && utf8_valid(s, n);
}

int uri_path(struct pool *pool, const char *s, size_t n, char **ret_path, struct error *err)
{
    char *path = pool_alloc(pool, n + 1);
    size_t len = uri_decode(s, n, false, path);
    BUFFER_AUTO(shown);

    if (is_clean(path, len)) {
        *ret_path = path;
        return 0;
    }
    /* The message shows the bytes as Latin-1, as the clients of old know it. */
    for (size_t i = 0; i < len; i++)
        buffer_add_utf8(&shown, path[i] ? (unsigned char)path[i] : 0xfffd);
    return error_set(
        err, -EINVAL,
        "Failed to parse request path \"%s\". URL likely contains invalid or incorrectly URL encoded "
        "values.",
        buffer_text(&shown));
}

static int add_field(struct pool *pool, const char *s, size_t n, struct uri_field *field, struct error *err)
{
    const char *equals = memchr(s, '=', n);
    size_t n_name = equals ? (size_t)(equals - s) : n, len;

    field->name = pool_alloc(pool, n_name + 1);
    len = uri_decode(s, n_name, true, field->name);
    if (!is_clean(field->name, len))
        return error_set(err, -EINVAL, "A field name is not valid UTF-8.");
    if (!equals) {
        field->value = pool_alloc(pool, 1);
        return 0;
    }
    n -= n_name + 1;
    field->value = pool_alloc(pool, n + 1);
    len = uri_decode(equals + 1, n, true, field->value);
    if (!is_clean(field->value, len))
        return error_set(err, -EINVAL, "Field \"%s\" is not valid UTF-8.", field->name);
    return 0;
}

int uri_fields(struct pool *pool, const char *s, size_t n, struct uri_fields *ret, struct error *err)
{
    const char *end = s + n;
    struct uri_fields fields = { 0 };
    size_t room = 0;

    for (const char *at = s; at < end; at++)
        room += *at == '&';
    if (room >= URI_FIELDS_MAX)
        return error_set(err, -E2BIG, "More than %d fields.", URI_FIELDS_MAX);
    fields.items = pool_alloc(pool, (room + 1) * sizeof(*fields.items));
    while (s < end) {
        const char *stop = memchr(s, '&', (size_t)(end - s));

        if (!stop)
            stop = end;
        if (stop > s) {
            int r = add_field(pool, s, (size_t)(stop - s), &fields.items[fields.count], err);

            if (r < 0)
                return r;
            fields.count++;
        }
        s = stop + 1;
    }
    *ret = fields;
    return 0;
}

const char *uri_field(const struct uri_fields *fields, const char *name)
{
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->items[i].name, name) == 0)
            return fields->items[i].value;
    return NULL;
}

static const char *const secret_names[] = {
    "x-auth-token", "st2-api-key",  "x_auth_token", "st2_api_key", "token", "api_key",
    "apikey",       "access_token", "password",     "secret",      NULL,
};

static bool is_one_of(const char *name, size_t n, const char *const *names)
{
    for (; names && *names; names++)
        if (strlen(*names) == n && strncasecmp(*names, name, n) == 0)
            return true;
    return false;
}

bool uri_name_is_secret(const char *name, size_t n, const char *const *more_names)
{
    char plain[64];

    if (n >= sizeof(plain))
        return false;
    /* An escaped letter in the name must not get the value into the log. */
    n = uri_decode(name, n, true, plain);
    return is_one_of(plain, n, secret_names) || is_one_of(plain, n, more_names);
}

void uri_mask(struct buffer *out, const char *target, const char *const *more_names)
{
    const char *at = strchr(target, '?');

    if (!at) {
        buffer_add_text(out, target);
        return;
    }
    buffer_add(out, target, (size_t)(at + 1 - target));
    for (at++; *at;) {
        size_t n = strcspn(at, "&"), n_name = strcspn(at, "=&");

        if (n_name < n && uri_name_is_secret(at, n_name, more_names)) {
            buffer_add(out, at, n_name + 1);
            buffer_add_text(out, "********");
        } else {
            buffer_add(out, at, n);
        }
        at += n;
        if (*at == '&')
            buffer_add_char(out, *at++);
    }
}
