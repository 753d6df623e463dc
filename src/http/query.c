/* SPDX-License-Identifier: Apache-2.0 */
#include "http/query.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "value/datetime.h"

static int not_of_type(const char *name, const char *type, struct error *err)
{
    return error_set(err, -EINVAL, "Parameter \"%s\" is not of type %s", name, type);
}

struct word {
    const char *text;
    bool meaning;
};

int query_read_bool(const char *name, const char *text, bool *ret, struct error *err)
{
    static const struct word words[] = {
        { "true", true },   { "1", true },  { "yes", true }, { "y", true },
        { "false", false }, { "0", false }, { "no", false }, { "n", false },
    };

    for (size_t i = 0; i < ELEMENTS(words); i++)
        if (strcasecmp(words[i].text, text) == 0) {
            *ret = words[i].meaning;
            return 0;
        }
    return not_of_type(name, "boolean", err);
}

int query_read_flag(const char *text, bool *ret, struct error *err)
{
    static const struct word words[] = {
        { "1", true },  { "true", true },   { "True", true },
        { "0", false }, { "false", false }, { "False", false },
    };

    for (size_t i = 0; i < ELEMENTS(words); i++)
        if (strcmp(words[i].text, text) == 0) {
            *ret = words[i].meaning;
            return 0;
        }
    return error_set(err, -EINVAL, "Invalid bool representation \"%s\" provided.", text);
}

int query_read_int(const char *name, const char *text, int64_t *ret, struct error *err)
{
    bool negative = *text == '-';
    int64_t n = 0;

    text += negative;
    if (!*text)
        return not_of_type(name, "integer", err);
    for (; *text; text++) {
        int digit = *text - '0';

        if (digit < 0 || digit > 9)
            return not_of_type(name, "integer", err);
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, digit, &n))
            n = INT64_MIN;
    }
    if (!negative)
        n = n == INT64_MIN ? INT64_MAX : -n;
    *ret = n;
    return 0;
}

/* Digits at a fixed place; -1 when there are others. */
static int digits(const char *s, size_t n)
{
    int number = 0;

    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i]))
            return -1;
        number = number * 10 + s[i] - '0';
    }
    return number;
}

/* time: date ("T" | " ") clock ["." 3 to 6 digits] ("Z" | "+00" | "+0000" | "+00:00") */
static bool read_time(const char *s, int64_t *ret)
{
    struct civil civil;
    size_t n = strlen(s), n_fraction = 0;

    if (n < 20 || s[4] != '-' || s[7] != '-' || (s[10] != 'T' && s[10] != ' ') || s[13] != ':' ||
        s[16] != ':')
        return false;
    civil = (struct civil){ digits(s, 4),
                            digits(s + 5, 2),
                            digits(s + 8, 2),
                            digits(s + 11, 2),
                            digits(s + 14, 2),
                            digits(s + 17, 2),
                            0 };
    s += 19;
    if (*s == '.') {
        n_fraction = strspn(++s, "0123456789");
        if (n_fraction < 3 || n_fraction > 6)
            return false;
        civil.microsecond = digits(s, n_fraction);
        for (size_t i = n_fraction; i < 6; i++)
            civil.microsecond *= 10;
        s += n_fraction;
    }
    if (strcmp(s, "Z") != 0 && strcmp(s, "+00") != 0 && strcmp(s, "+0000") != 0 && strcmp(s, "+00:00") != 0)
        return false;
    if (!civil_valid(&civil))
        return false;
    *ret = civil_to_us(&civil);
    return true;
}

int query_read_time(const char *name, const char *text, int64_t *ret, struct error *err)
{
    if (read_time(text, ret))
        return 0;
    return error_set(
        err, -EINVAL,
        "'%s' does not match '^\\\\d{4}\\\\-\\\\d{2}\\\\-\\\\d{2}(\\\\s|T)\\\\d{2}:\\\\d{2}:\\\\d{2}"
        "(\\\\.\\\\d{3,6})?(Z|\\\\+00|\\\\+0000|\\\\+00:00)$'",
        text);
}

value query_read_list(const char *text)
{
    value list = value_list_new(4);

    for (;;) {
        size_t n = strcspn(text, ",");

        if (n)
            value_list_append(&list, value_text_n(text, n));
        text += n;
        if (!*text)
            return list;
        text++;
    }
}

int query_check(const char *name, enum http_parameter_type type, const char *text, struct error *err)
{
    bool b;
    int64_t n;

    switch (type) {
    case HTTP_BOOLEAN:
        return query_read_bool(name, text, &b, err);
    case HTTP_INTEGER:
        return query_read_int(name, text, &n, err);
    case HTTP_TIMESTAMP:
        return query_read_time(name, text, &n, err);
    case HTTP_STRING:
    case HTTP_LIST:
        return 0;
    }
    return 0;
}

int http_query_bool(const struct http_request *request, const char *name, bool otherwise, bool *ret,
                    struct error *err)
{
    const char *text = http_query(request, name);

    *ret = otherwise;
    return text ? query_read_bool(name, text, ret, err) : 0;
}

int http_query_flag(const struct http_request *request, const char *name, bool otherwise, bool *ret,
                    struct error *err)
{
    const char *text = http_query(request, name);

    *ret = otherwise;
    return text ? query_read_flag(text, ret, err) : 0;
}

int http_query_int(const struct http_request *request, const char *name, int64_t otherwise, int64_t *ret,
                   struct error *err)
{
    const char *text = http_query(request, name);

    *ret = otherwise;
    return text ? query_read_int(name, text, ret, err) : 0;
}

int http_query_time(const struct http_request *request, const char *name, int64_t otherwise, int64_t *ret,
                    struct error *err)
{
    const char *text = http_query(request, name);

    *ret = otherwise;
    return text ? query_read_time(name, text, ret, err) : 0;
}

value http_query_list(const struct http_request *request, const char *name)
{
    const char *text = http_query(request, name);

    return text ? query_read_list(text) : VALUE_NOTHING;
}
