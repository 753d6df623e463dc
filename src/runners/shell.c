/* SPDX-License-Identifier: Apache-2.0 */
#include "runners/shell.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"
#include "value/python.h"

void shell_quote(struct buffer *out, const char *text, size_t n)
{
    static const char safe[] = "@%+=:,./-_";
    bool plain = n > 0;

    for (size_t i = 0; plain && i < n; i++)
        plain = isascii((unsigned char)text[i]) &&
                (isalnum((unsigned char)text[i]) || (text[i] && strchr(safe, text[i])));
    if (plain) {
        buffer_add(out, text, n);
        return;
    }
    buffer_add_char(out, '\'');
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\'')
            buffer_add_text(out, "'\"'\"'");
        else
            buffer_add_char(out, text[i]);
    }
    buffer_add_char(out, '\'');
}

static void add_quoted(struct buffer *out, const struct buffer *text)
{
    shell_quote(out, buffer_text(text), text->len);
}

/* Named: --name=value; true is the bare flag, false, null and "" are left out. */
static void add_named(struct buffer *out, const char *kwarg_op, value name, value item)
{
    BUFFER_AUTO(flag);
    BUFFER_AUTO(text);

    if (value_is_null(item) || (value_is_string(item) && !value_len(item)) ||
        (item.kind == VALUE_BOOL && !item.boolean))
        return;
    buffer_add_char(out, ' ');
    buffer_add_text(&flag, kwarg_op);
    buffer_add(&flag, value_chars(name), value_len(name));
    add_quoted(out, &flag);
    if (item.kind == VALUE_BOOL)
        return;
    python_str(&text, item);
    buffer_add_char(out, '=');
    add_quoted(out, &text);
}

/* Positional: text by the declared type. What is falsy and of no type that says otherwise becomes an empty word. */
static void positional_text(struct buffer *out, const char *type, value item)
{
    if (strcmp(type, "boolean") == 0) {
        buffer_add_text(out, value_is_null(item) ? "" : value_truth(item) ? "1" : "0");
    } else if (strcmp(type, "array") == 0) {
        for (size_t i = 0; i < value_list_count(item); i++) {
            if (i)
                buffer_add_char(out, ',');
            python_str(out, value_list_at(item, i));
        }
    } else if (strcmp(type, "object") == 0) {
        if (value_truth(item))
            json_write(out, item, JSON_PYTHON_STYLE);
    } else if (strcmp(type, "string") == 0 || strcmp(type, "number") == 0) {
        if (!value_is_null(item))
            python_str(out, item);
    } else if (strcmp(type, "null") != 0) {
        if (value_truth(item))
            python_str(out, item);
    }
}

struct positional {
    int64_t position;
    const char *type;
    value item;
};

static int compare_positions(const void *a, const void *b)
{
    int64_t left = ((const struct positional *)a)->position, right = ((const struct positional *)b)->position;

    return (left > right) - (left < right);
}

void shell_arguments(struct buffer *out, value definitions, value parameters, const char *kwarg_op)
{
    struct positional *positionals = NULL;
    size_t n = 0, room = 0;

    VALUE_MAP_EACH (i, parameters) {
        value name = value_map_key_at(parameters, i), item = value_map_item_at(parameters, i);
        value definition = value_map_get_value(definitions, name);
        value position = value_map_get(definition, "position");
        const char *type = value_map_chars(definition, "type");

        if (!value_is_number(position)) {
            add_named(out, kwarg_op, name, item);
            continue;
        }
        GROW(positionals, n, room);
        positionals[n++] = (struct positional){
            .position = position.kind == VALUE_FLOAT ? (int64_t)position.number : position.integer,
            .type = type ? type : "",
            .item = item,
        };
    }
    if (n)
        qsort(positionals, n, sizeof(*positionals), compare_positions);
    for (size_t i = 0; i < n; i++) {
        BUFFER_AUTO(text);

        positional_text(&text, positionals[i].type, positionals[i].item);
        buffer_add_char(out, ' ');
        add_quoted(out, &text);
    }
    free(positionals);
}

value shell_stream(const char *text, size_t n)
{
    value v;
    size_t at = 0;

    if (n && text[n - 1] == '\n')
        n--;
    if (n && text[n - 1] == '\r')
        n--;
    while (at < n && strchr(" \t\r\n", text[at]))
        at++;
    /* Only what may begin JSON is tried. */
    if (at < n && strchr("{[\"-0123456789tfnNI", text[at]) && json_read(text, n, JSON_PYTHON, &v, NULL) == 0)
        return v;
    return value_text_n(text ? text : "", n);
}
