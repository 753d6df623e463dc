/* SPDX-License-Identifier: Apache-2.0 */
#include "http/form.h"

#include <string.h>

#include "base/mem.h"
#include "base/pool.h"
#include "base/utf8.h"
#include "http/uri.h"

#define BOUNDARY_MAX 200

static void add_field(value *form, const char *name, size_t n_name, value text)
{
    value key = value_text_n(name, n_name);
    value old = value_map_get_value(*form, key);
    value list = value_is_set(old) ? value_list_slice(old, 0, value_list_count(old)) : value_list_new(1);

    value_list_append(&list, text);
    value_map_set(form, key, list);
}

int form_read_urlencoded(const char *body, size_t n, value *ret, struct error *err)
{
    CLEANUP(pool_freep)
    struct pool *pool = pool_new();
    struct uri_fields fields;
    value form;
    int r;

    r = uri_fields(pool, body, n, &fields, err);
    if (r < 0)
        return r;
    form = value_map_new(fields.count);
    for (size_t i = 0; i < fields.count; i++)
        add_field(&form, fields.items[i].name, strlen(fields.items[i].name),
                  value_text(fields.items[i].value));
    *ret = form;
    return 0;
}

/* The value of `name` among "; name=value" or "; name=\"value\"" parameters, NULL when absent. */
static const char *find_parameter(const char *s, size_t n, const char *name, size_t *ret_n)
{
    size_t n_name = strlen(name);
    const char *end = s + n;

    while (s < end && (s = memchr(s, ';', (size_t)(end - s)))) {
        const char *stop;

        for (s++; s < end && (*s == ' ' || *s == '\t'); s++)
            ;
        if ((size_t)(end - s) <= n_name || strncasecmp(s, name, n_name) != 0 || s[n_name] != '=')
            continue;
        s += n_name + 1;
        if (s < end && *s == '"') {
            s++;
            stop = memchr(s, '"', (size_t)(end - s));
        } else {
            for (stop = s; stop < end && *stop != ';' && *stop != ' '; stop++)
                ;
        }
        *ret_n = (size_t)((stop ? stop : end) - s);
        return s;
    }
    return NULL;
}

/* A part's head: its field name from the Content-Disposition line. */
static const char *part_name(const char *head, size_t n, size_t *ret_n)
{
    static const char disposition[] = "content-disposition:";
    const char *end = head + n;

    while (head < end) {
        const char *line_end = memmem(head, (size_t)(end - head), "\r\n", 2);
        size_t len = (size_t)((line_end ? line_end : end) - head);

        if (len > sizeof(disposition) && strncasecmp(head, disposition, sizeof(disposition) - 1) == 0)
            return find_parameter(head, len, "name", ret_n);
        head += len + 2;
    }
    return NULL;
}

static int add_part(value *form, const char *part, size_t n, struct error *err)
{
    const char *body = memmem(part, n, "\r\n\r\n", 4), *name;
    size_t n_name, n_body;

    if (!body)
        return error_set(err, -EINVAL, "A part of the form has no end of its head.");
    name = part_name(part, (size_t)(body - part), &n_name);
    if (!name)
        return error_set(err, -EINVAL, "A part of the form has no name.");
    body += 4;
    n_body = n - (size_t)(body - part);
    if (!utf8_valid(name, n_name) || !utf8_valid(body, n_body))
        return error_set(err, -EINVAL, "A part of the form is not valid UTF-8.");
    add_field(form, name, n_name, value_text_n(body, n_body));
    return 0;
}

/* form: { "--" boundary CRLF part CRLF } "--" boundary "--" */
int form_read_multipart(const char *content_type, const char *body, size_t n, value *ret, struct error *err)
{
    VALUE_AUTO(form);
    size_t n_boundary, n_mark, parts = 0;
    const char *boundary = find_parameter(content_type, strlen(content_type), "boundary", &n_boundary);
    char mark[BOUNDARY_MAX + 4] = "\r\n--";
    const char *at, *end = body + n;

    if (!boundary || !n_boundary || n_boundary > BOUNDARY_MAX)
        return error_set(err, -EINVAL, "The form has no boundary.");
    memcpy(mark + 4, boundary, n_boundary);
    n_mark = n_boundary + 4;
    /* The first boundary may stand at the very beginning, without the line break. */
    if (n >= n_mark - 2 && memcmp(body, mark + 2, n_mark - 2) == 0)
        at = body + n_mark - 2;
    else if ((at = memmem(body, n, mark, n_mark)))
        at += n_mark;
    form = value_map_new(4);
    while (at && (size_t)(end - at) >= 2 && memcmp(at, "--", 2) != 0) {
        const char *stop;
        int r;

        if (memcmp(at, "\r\n", 2) != 0)
            break;
        at += 2;
        stop = memmem(at, (size_t)(end - at), mark, n_mark);
        if (!stop)
            break;
        if (++parts > URI_FIELDS_MAX)
            return error_set(err, -E2BIG, "More than %d fields.", URI_FIELDS_MAX);
        r = add_part(&form, at, (size_t)(stop - at), err);
        if (r < 0)
            return r;
        at = stop + n_mark;
    }
    if (!at || (size_t)(end - at) < 2 || memcmp(at, "--", 2) != 0)
        return error_set(err, -EINVAL, "The form ends too early.");
    *ret = value_take(&form);
    return 0;
}
