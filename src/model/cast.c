/* SPDX-License-Identifier: Apache-2.0 */
#include "model/cast.h"

#include <ctype.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "model/parameters.h"
#include "value/json.h"
#include "value/number.h"
#include "value/python.h"

/* What the filter use_none writes for null. */
#define NONE_TEXT "%*****__%NONE%__*****%"

/* JSON first, then a Python literal. */
static int cast_container(value v, value *ret, struct error *err)
{
    if (!value_is_string(v)) {
        *ret = value_ref(v);
        return 0;
    }
    if (json_read(value_chars(v), value_len(v), JSON_PYTHON, ret, NULL) == 0)
        return 0;
    return python_literal(value_chars(v), value_len(v), ret, err);
}

static int cast_boolean(value v, value *ret, struct error *err)
{
    BUFFER_AUTO(text);

    if (!value_is_string(v)) {
        *ret = value_ref(v);
        return 0;
    }
    /* "true" and "TRUE" are read as True. */
    buffer_add(&text, value_chars(v), value_len(v));
    for (size_t i = 0; i < text.len; i++)
        text.data[i] =
            (char)(i == 0 ? toupper((unsigned char)text.data[i]) : tolower((unsigned char)text.data[i]));
    if (python_literal(buffer_text(&text), text.len, ret, err) < 0)
        return -EINVAL;
    if (ret->kind == VALUE_INT)
        *ret = value_bool(ret->integer != 0);
    return 0;
}

static int cast_integer(value v, value *ret, struct error *err)
{
    if (value_is_string(v))
        return number_parse_int(value_chars(v), value_len(v), 10, ret, err);
    if (v.kind == VALUE_BOOL || value_is_number(v))
        return number_to_integer(v, ret, err);
    return error_set(err, -EINVAL,
                     "int() argument must be a string, a bytes-like object or a real number, not '%s'",
                     python_type_name(v));
}

static int cast_number(value v, value *ret, struct error *err)
{
    double d;

    if (value_is_string(v))
        return number_parse_float(value_chars(v), value_len(v), ret, err);
    if (v.kind == VALUE_BOOL || value_is_number(v)) {
        if (!number_to_double(v, &d))
            return error_set(err, -EINVAL, "int too large to convert to float");
        *ret = value_float(d);
        return 0;
    }
    return error_set(err, -EINVAL, "float() argument must be a string or a real number, not '%s'",
                     python_type_name(v));
}

static int cast_string(value v, value *ret, struct error *err)
{
    BUFFER_AUTO(text);

    if (value_is_string(v)) {
        *ret = value_ref(v);
        return 0;
    }
    python_str(&text, v);
    return error_set(err, -EINVAL, "Value \"%s\" must either be a string or None. Got \"%s\".",
                     buffer_text(&text), python_type_name(v));
}

static const struct {
    const char *type;
    int (*cast)(value v, value *ret, struct error *err);
} casts[] = {
    { "array", cast_container }, { "object", cast_container }, { "boolean", cast_boolean },
    { "integer", cast_integer }, { "number", cast_number },    { "string", cast_string },
};

int cast_to_type(const char *type, value v, value *ret, struct error *err)
{
    if (value_is_null(v) || value_text_is(v, NONE_TEXT)) {
        *ret = value_null();
        return 0;
    }
    for (size_t i = 0; type && i < ELEMENTS(casts); i++)
        if (strcmp(type, casts[i].type) == 0)
            return casts[i].cast(v, ret, err);
    *ret = value_ref(v);
    return 0;
}

int parameter_cast(value definition, value v, value *ret, struct error *err)
{
    return cast_to_type(value_map_chars(definition, "type"), v, ret, err);
}
