/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of fields at work: is an object what its table says, and what does it look like filled up. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "model/model-internal.h"
#include "value/json.h"
#include "value/python.h"

/* A finding that is kept until a better one comes. */
struct model_check {
    char path[MODEL_PATH_SIZE];
    size_t path_len;
    int level; /* keys in the path */
    char *message;
    int found_level;
    char found_path[MODEL_PATH_SIZE];
};

static void set_message(struct model_check *c, const char *format, va_list args)
{
    free(c->message);
    c->message = xvasprintf(format, args);
    c->found_level = c->level;
    strcpy(c->found_path, c->path);
}

static bool is_better(const struct model_check *c)
{
    return !c->message || c->level < c->found_level ||
           (c->level == c->found_level && strcmp(c->path, c->found_path) > 0);
}

void model_report(struct model_check *c, const char *format, ...)
{
    va_list args;

    if (!is_better(c))
        return;
    va_start(args, format);
    set_message(c, format, args);
    va_end(args);
}

/* Goes one step down; the length to come back to. */
static size_t enter(struct model_check *c, const char *key)
{
    size_t before = c->path_len, n = strlen(key);

    c->level++;
    if (before + n + 2 < sizeof(c->path)) {
        if (before)
            c->path[c->path_len++] = '.';
        memcpy(c->path + c->path_len, key, n + 1);
        c->path_len += n;
    }
    return before;
}

static void leave(struct model_check *c, size_t before)
{
    c->level--;
    c->path_len = before;
    c->path[before] = '\0';
}

static unsigned type_of(value v)
{
    switch (v.kind) {
    case VALUE_NULL:
        return TYPE_NULL;
    case VALUE_BOOL:
        return TYPE_BOOLEAN;
    case VALUE_INT:
    case VALUE_BIGINT:
        return TYPE_INTEGER | TYPE_NUMBER;
    case VALUE_FLOAT:
        return TYPE_NUMBER;
    case VALUE_STRING:
        return TYPE_STRING;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return TYPE_ARRAY;
    case VALUE_MAP:
        return TYPE_OBJECT;
    default:
        return 0;
    }
}

static void report_type(struct model_check *c, value v, unsigned types)
{
    static const char *const names[] = {
        "string", "object", "array", "boolean", "integer", "number", "null"
    };
    BUFFER_AUTO(text);

    python_repr(&text, v);
    buffer_add_text(&text, " is not of type ");
    for (size_t i = 0, n = 0; i < ELEMENTS(names); i++)
        if (types & 1u << i)
            buffer_addf(&text, "%s'%s'", n++ ? ", " : "", names[i]);
    model_report(c, "%s", buffer_text(&text));
}

static void check_object(struct model_check *c, const struct model_field *fields, bool open, value object);

static void check_items(struct model_check *c, const struct model_field *field, value list)
{
    VALUE_LIST_EACH (i, item, list) {
        char key[24];
        size_t before;

        snprintf(key, sizeof(key), "%zu", i);
        before = enter(c, key);
        if (field->item_types && !(type_of(item) & field->item_types))
            report_type(c, item, field->item_types);
        else if (field->item_fields)
            check_object(c, field->item_fields, field->items_open, item);
        else if (field->item_check)
            field->item_check(c, item);
        leave(c, before);
    }
}

static void check_value(struct model_check *c, const struct model_field *field, value v)
{
    if (field->types && !(type_of(v) & field->types)) {
        report_type(c, v, field->types);
        return;
    }
    if (field->fields && value_is_map(v))
        check_object(c, field->fields, field->open, v);
    if (value_is_list(v))
        check_items(c, field, v);
    if (field->check && !value_is_null(v))
        field->check(c, v);
}

static bool has_field(const struct model_field *fields, value key)
{
    for (; fields->name; fields++)
        if (value_text_is(key, fields->name))
            return true;
    return false;
}

/* A finding about the object that points to one of its keys (NULL: to none). */
__attribute__((format(printf, 3, 4))) static void report_at(struct model_check *c, const char *key,
                                                            const char *format, ...)
{
    size_t before;
    va_list args;

    if (!is_better(c))
        return;
    va_start(args, format);
    set_message(c, format, args);
    va_end(args);
    if (!key)
        return;
    before = enter(c, key);
    strcpy(c->found_path, c->path);
    leave(c, before);
}

static void check_unknown(struct model_check *c, const struct model_field *fields, value object)
{
    BUFFER_AUTO(text);
    const char *first = NULL;
    size_t n = 0;

    VALUE_MAP_EACH (i, object) {
        value key = value_map_key_at(object, i);

        if (has_field(fields, key))
            continue;
        if (n++)
            buffer_add_text(&text, ", ");
        else
            first = value_chars(key);
        python_repr(&text, key);
    }
    if (n)
        report_at(c, first, "Additional properties are not allowed (%s %s unexpected)", buffer_text(&text),
                  n > 1 ? "were" : "was");
}

static void check_object(struct model_check *c, const struct model_field *fields, bool open, value object)
{
    if (!open)
        check_unknown(c, fields, object);
    for (const struct model_field *field = fields; field->name; field++) {
        value v = value_map_get(object, field->name);
        size_t before = enter(c, field->name);

        if (value_is_set(v))
            check_value(c, field, v);
        else if (field->flags & FIELD_REQUIRED)
            model_report(c, "'%s' is a required property", field->name);
        leave(c, before);
    }
}

int model_fail(struct model_path *path, struct error *err, const char *where, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    error_set_kind(err, -EINVAL, "ValidationError", "%s", text);
    free(text);
    if (path)
        snprintf(path->text, sizeof(path->text), "%s", where);
    return -EINVAL;
}

int model_check_fields(const struct model_field *fields, bool open, value object, struct model_path *path,
                       struct error *err)
{
    struct model_check c = { 0 };
    int r = 0;

    if (!value_is_map(object))
        report_type(&c, object, TYPE_OBJECT);
    else
        check_object(&c, fields, open, object);
    if (c.message)
        r = model_fail(path, err, c.found_path, "%s", c.message);
    free(c.message);
    return r;
}

value model_json(const char *text)
{
    value v = VALUE_NOTHING;
    int r = json_read(text, strlen(text), 0, &v, NULL);

    if (r < 0)
        abort(); /* a table of the program is wrong */
    return v;
}

static value fill_value(const struct model_field *field, value v, enum model_source source)
{
    value list;

    if (!field->item_fields || !value_is_list(v))
        return value_ref(v);
    list = value_list_new(value_list_count(v));
    VALUE_LIST_EACH (i, item, v)
        value_list_append(&list, model_fill_fields(field->item_fields, item, source));
    return list;
}

value model_fill_fields(const struct model_field *fields, value object, enum model_source source)
{
    value filled = value_map_new(16);

    for (const struct model_field *field = fields; field->name; field++) {
        value v = value_map_get(object, field->name);

        if (field->flags & FIELD_COMPUTED)
            continue;
        if (!value_is_null(v))
            value_map_set_text(&filled, field->name, fill_value(field, v, source));
        else if (field->otherwise && !((field->flags & FIELD_FILE_ONLY) && source == MODEL_FROM_API))
            value_map_set_text(&filled, field->name, model_json(field->otherwise));
    }
    return filled;
}

const struct model_field model_tag_fields[] = {
    { "name", TYPE_STRING, .otherwise = "\"\"" },
    { "value", TYPE_STRING, .otherwise = "\"\"" },
    { 0 },
};
