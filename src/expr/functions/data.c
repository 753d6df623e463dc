/* SPDX-License-Identifier: Apache-2.0 */
/* JSON, YAML and JSON paths as functions. JSON is written with any separators, which is why there is a writer here. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/limit.h"
#include "expr/functions/functions-internal.h"
#include "expr/functions/jsonpath.h"
#include "value/json.h"
#include "value/python.h"
#include "value/yaml.h"

#define INDENT_MAX 1000
#define NONE_TEXT  "%*****__%NONE%__*****%"

/* ---- writing JSON as json.dumps does ---- */

struct writer {
    const struct fn_call *call;
    struct buffer *out;
    const char *item_separator, *key_separator;
    const char *indent; /* NULL: one line */
    size_t indent_count;
    bool sort_keys;
    struct error *err;
};

static int write(struct writer *w, value v, int level);

static int not_serializable(struct writer *w, const char *type)
{
    return error_set_kind(w->err, -EINVAL, "TypeError", "Object of type %s is not JSON serializable", type);
}

static void write_break(struct writer *w, int level)
{
    if (!w->indent)
        return;
    buffer_add_char(w->out, '\n');
    for (size_t i = 0; i < w->indent_count * (size_t)level; i++)
        buffer_add_text(w->out, w->indent);
}

static int write_key(struct writer *w, value key)
{
    BUFFER_AUTO(text);

    switch (key.kind) {
    case VALUE_STRING:
        json_write_string(w->out, key.string->data, key.string->len, true);
        return 0;
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
        json_write(&text, key, JSON_PYTHON_STYLE);
        json_write_string(w->out, text.data, text.len, true);
        return 0;
    default:
        return error_set_kind(w->err, -EINVAL, "TypeError",
                              "keys must be str, int, float, bool or None, not %s", python_type_name(key));
    }
}

static int check_level(struct writer *w, int level)
{
    if (level > VALUE_DEPTH_MAX)
        return limit_recursion(w->err, LIMIT_NESTING, VALUE_DEPTH_MAX);
    return fn_check_text(w->call, w->out->len, w->err);
}

static int write_list(struct writer *w, value v, int level)
{
    int r = 0;

    buffer_add_char(w->out, '[');
    for (size_t i = 0; r == 0 && i < value_list_count(v); i++) {
        if (i)
            buffer_add_text(w->out, w->item_separator);
        write_break(w, level + 1);
        r = write(w, value_list_at(v, i), level + 1);
    }
    if (value_list_count(v))
        write_break(w, level);
    buffer_add_char(w->out, ']');
    return r;
}

static int compare_keys(const void *a, const void *b, void *data)
{
    const struct value_map_entry *left = a, *right = b;
    value *unordered = data;
    int order = 0;

    if (value_compare(left->key, right->key, &order) != 0) {
        unordered[0] = left->key;
        unordered[1] = right->key;
        return 0;
    }
    return order == 2 ? 0 : order;
}

static int sorted_entries(struct writer *w, value v, struct value_map_entry **ret)
{
    size_t count = value_map_count(v);
    value unordered[2] = { VALUE_NOTHING, VALUE_NOTHING };
    struct value_map_entry *entries = xmemdup(v.map->entries, count * sizeof(*entries));

    qsort_r(entries, count, sizeof(*entries), compare_keys, unordered);
    if (value_is_set(unordered[0])) {
        free(entries);
        return error_set_kind(w->err, -EINVAL, "TypeError",
                              "'<' not supported between instances of '%s' and '%s'",
                              python_type_name(unordered[0]), python_type_name(unordered[1]));
    }
    *ret = entries;
    return 0;
}

static int write_map(struct writer *w, value v, int level)
{
    CLEANUP(freep)
    struct value_map_entry *sorted = NULL;
    size_t count = value_map_count(v);
    int r = 0;

    if (!count) {
        buffer_add_text(w->out, "{}");
        return 0;
    }
    if (w->sort_keys)
        r = sorted_entries(w, v, &sorted);
    buffer_add_char(w->out, '{');
    for (size_t i = 0; r == 0 && i < count; i++) {
        const struct value_map_entry *entry = sorted ? &sorted[i] : &v.map->entries[i];

        if (i)
            buffer_add_text(w->out, w->item_separator);
        write_break(w, level + 1);
        r = write_key(w, entry->key);
        if (r < 0)
            break;
        buffer_add_text(w->out, w->key_separator);
        r = write(w, entry->item, level + 1);
    }
    write_break(w, level);
    buffer_add_char(w->out, '}');
    return r;
}

static int write(struct writer *w, value v, int level)
{
    int r = check_level(w, level);

    if (r < 0)
        return r;
    switch (v.kind) {
    case VALUE_UNSET:
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIGINT:
    case VALUE_FLOAT:
    case VALUE_STRING:
        json_write(w->out, v, JSON_PYTHON_STYLE);
        return 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        if (!value_list_count(v)) {
            buffer_add_text(w->out, "[]");
            return 0;
        }
        return write_list(w, v, level);
    case VALUE_MAP:
        return write_map(w, v, level);
    case VALUE_DATETIME:
        return not_serializable(w, v.datetime->date_only ? "date" : "datetime");
    case VALUE_TIMESPAN:
        return not_serializable(w, "timedelta");
    default:
        return not_serializable(w, python_type_name(v));
    }
}

static int dump(const struct fn_call *call, value v, struct buffer *out, struct error *err)
{
    struct writer w = { .call = call, .out = out, .item_separator = ", ", .key_separator = ": ", .err = err };

    return write(&w, v, 0);
}

int fn_to_complex(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    BUFFER_AUTO(out);
    int r = dump(call, args[0], &out, err);

    if (r < 0)
        return r;
    *ret = value_text_n(out.data, out.len);
    return 0;
}

int fn_json_escape(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    size_t from = 0, to;
    BUFFER_AUTO(out);
    int r = dump(call, args[0], &out, err);

    if (r < 0)
        return r;
    to = out.len;
    while (from < to && out.data[from] == '"')
        from++;
    while (to > from && out.data[to - 1] == '"')
        to--;
    *ret = value_text_n(out.data + from, to - from);
    return 0;
}

/* The first map below a list: YAQL freezes those and no writer knows frozen maps. VALUE_UNSET: none. */
static value frozen_map(value v, bool in_list, int level)
{
    bool is_map = v.kind == VALUE_MAP;
    size_t count = is_map ? value_map_count(v) : value_list_count(v);

    if (is_map && in_list)
        return v;
    for (size_t i = 0; level <= VALUE_DEPTH_MAX && i < count; i++) {
        value item = is_map ? value_map_item_at(v, i) : value_list_at(v, i);
        value found = frozen_map(item, in_list || !is_map, level + 1);

        if (value_is_set(found))
            return found;
    }
    return VALUE_NOTHING;
}

static int read_indent(value indent, struct writer *w)
{
    int64_t n;

    if (value_is_null(indent))
        return 0;
    w->indent = " ";
    if (indent.kind == VALUE_STRING) {
        w->indent = indent.string->data;
        w->indent_count = 1;
        return 0;
    }
    if (indent.kind != VALUE_INT && indent.kind != VALUE_BOOL)
        return error_set_kind(w->err, -EINVAL, "TypeError", "can't multiply sequence by non-int of type '%s'",
                              python_type_name(indent));
    n = indent.kind == VALUE_BOOL ? indent.boolean : indent.integer;
    if (n > INDENT_MAX)
        return limit_exceeded(w->err, LIMIT_INDENT, INDENT_MAX);
    w->indent_count = n > 0 ? (size_t)n : 0;
    return 0;
}

static int read_separators(value separators, struct writer *w)
{
    if (value_is_null(separators))
        return 0;
    if (value_list_count(separators) != 2 || !value_is_string(value_list_at(separators, 0)) ||
        !value_is_string(value_list_at(separators, 1)))
        return error_set_kind(w->err, -EINVAL, "ValueError", "separators must be a pair of texts");
    w->item_separator = value_chars(value_list_at(separators, 0));
    w->key_separator = value_chars(value_list_at(separators, 1));
    return 0;
}

int fn_to_json_string(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    BUFFER_AUTO(out);
    struct writer w = { .call = call,
                        .out = &out,
                        .item_separator = ",",
                        .key_separator = ": ",
                        .sort_keys = value_truth(args[2]),
                        .err = err };
    int r;

    /* A separators argument of null means Python's own. */
    if (args[3].kind == VALUE_NULL)
        w.item_separator = value_is_null(args[1]) ? ", " : ",";
    r = read_indent(args[1], &w);
    if (r == 0)
        r = read_separators(args[3], &w);
    if (r == 0 && call->yaql && value_is_set(frozen_map(args[0], false, 0)))
        r = not_serializable(&w, "FrozenDict");
    if (r == 0)
        r = write(&w, args[0], 0);
    if (r == 0)
        r = fn_check_text(call, out.len, err);
    if (r < 0)
        return r;
    *ret = value_text_n(out.data, out.len);
    return 0;
}

/* ---- the other way, and YAML ---- */

int fn_from_json_string(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    ERROR_AUTO(problem);
    VALUE_AUTO(text);

    text = python_str_value(args[0]);
    if (json_read(text.string->data, text.string->len, 0, ret, &problem) == 0)
        return 0;
    return error_set_kind(err, -EINVAL, "JSONDecodeError", "%s: line %d column %d", error_text(&problem),
                          problem.line, problem.column);
}

int fn_from_yaml_string(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    ERROR_AUTO(problem);
    VALUE_AUTO(text);

    text = python_str_value(args[0]);
    if (yaml_read(text.string->data, text.string->len, ret, &problem) == 0)
        return 0;
    return error_set_kind(err, -EINVAL, problem.kind ? problem.kind : "ParserError", "%s, line %d, column %d",
                          error_text(&problem), problem.line, problem.column);
}

/* What PyYAML's safe dumper cannot represent. */
static int check_yaml(const struct fn_call *call, value v, struct error *err)
{
    VALUE_AUTO(shown);
    value frozen;

    frozen = call->yaql ? frozen_map(v, false, 0) : VALUE_NOTHING;
    if (!value_is_set(frozen) && v.kind == VALUE_OBJECT)
        frozen = v;
    if (!value_is_set(frozen))
        return 0;
    shown = python_repr_value(frozen);
    return error_set_kind(err, -EINVAL, "RepresenterError", "('cannot represent an object', %s)",
                          shown.string->data);
}

int fn_to_yaml_string(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    bool unicode = !value_is_set(args[2]) || value_truth(args[2]);
    int64_t indent = args[1].kind == VALUE_INT ? args[1].integer : 2;
    BUFFER_AUTO(out);
    int r = check_yaml(call, args[0], err);

    if (r < 0)
        return r;
    yaml_write(&out, value_is_set(args[0]) ? args[0] : value_null(),
               indent >= 2 && indent <= 9 ? (int)indent : 2, YAML_SORT_KEYS | (unicode ? 0 : YAML_ASCII));
    r = fn_check_text(call, out.len, err);
    if (r < 0)
        return r;
    *ret = value_text_n(buffer_text(&out), out.len);
    return 0;
}

int fn_jsonpath_query(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    CLEANUP(jsonpath_freep)
    struct jsonpath *path = NULL;
    VALUE_AUTO(found);
    int r;

    if (args[1].kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "expected string or bytes-like object, got '%s'",
                              python_type_name(args[1]));
    r = jsonpath_parse(args[1].string->data, args[1].string->len, &path, err);
    if (r == 0)
        r = jsonpath_find(path, args[0], &found, err);
    if (r < 0)
        return r;
    *ret = value_list_count(found) ? value_take(&found) : value_null();
    return 0;
}

int fn_use_none(const struct fn_call *call, const value *args, value *ret, struct error *err)
{
    *ret = value_is_null(args[0]) ? value_text(NONE_TEXT) : value_ref(args[0]);
    return 0;
}
