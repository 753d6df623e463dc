/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/grid.h"
#include "value/json.h"
#include "value/python.h"
#include "value/yaml.h"

#define ID_WIDTH_MIN     26
#define COLUMN_WIDTH_MIN 5
#define STATUS_WIDTH     24 /* fits "succeeded (NNNNs elapsed)" */
#define WIDTH_FALLBACK   28
#define PROPERTY_WIDTH   20
#define VALUE_WIDTH      60

#define ORDER_DEFAULT "id name pack description"

static const struct json_style json_document = {
    .indent = 4, .sort_keys = true, .ascii = true, .spaced = true
};
static const struct json_style json_cell = { .indent = 4, .ascii = true, .spaced = true };

enum output_form output_form(const struct cli_args *args)
{
    return args_flag(args, "--json") ? OUTPUT_JSON : args_flag(args, "--yaml") ? OUTPUT_YAML : OUTPUT_TEXT;
}

char *output_unescaped(const char *text)
{
    BUFFER_AUTO(out);

    for (; *text; text++) {
        if (text[0] == '\\' && (text[1] == 'n' || text[1] == 'r' || text[1] == '"')) {
            text++;
            if (*text != 'r')
                buffer_add_char(&out, *text == 'n' ? '\n' : '"');
        } else if (*text != '\r') {
            buffer_add_char(&out, *text);
        }
    }
    return buffer_take(&out);
}

/* ---- documents ---- */

int output_document(enum output_form form, value document)
{
    BUFFER_AUTO(out);

    if (form == OUTPUT_JSON)
        json_write(&out, document, json_document);
    else
        yaml_write(&out, document, 4, YAML_SORT_KEYS | YAML_ASCII);
    puts(out.data);
    return 0;
}

static int document_one(const struct output *output, value entry, struct error *err)
{
    VALUE_AUTO(picked);
    int r = attributes_pick(entry, output->attributes, &picked, err);

    return r < 0 ? r : output_document(output->form, picked);
}

static int document_list(const struct output *output, value entries, struct error *err)
{
    VALUE_AUTO(list);

    list = value_list_new(value_list_count(entries));
    VALUE_LIST_EACH (i, entry, entries) {
        value picked;
        int r = attributes_pick(entry, output->attributes, &picked, err);

        if (r < 0)
            return r;
        value_list_append(&list, picked);
    }
    return output_document(output->form, list);
}

/* ---- cells ---- */

static char *cell_text(value v)
{
    BUFFER_AUTO(out);

    if (value_is_string(v))
        return output_unescaped(value_chars(v));
    python_str(&out, v);
    return buffer_take(&out);
}

static bool value_is_empty_container(value v)
{
    return (value_is_list(v) && value_list_count(v) == 0) || (value_is_map(v) && value_map_count(v) == 0);
}

/* Follows a dotted name; what is absent, null or empty reads "". Owned. */
static value dotted_value(value entry, const char *name)
{
    value v = entry;

    while (*name) {
        size_t len = strcspn(name, ".");

        v = value_map_get_n(v, name, len);
        if (value_is_null(v) || value_is_empty_container(v))
            return value_text("");
        if (value_is_string(v))
            break;
        name += len + (name[len] == '.');
    }
    return value_ref(v);
}

/* A column's value as it is before display: lists of texts become one text. Owned. */
static value column_value(value entry, const char *name)
{
    value v;
    BUFFER_AUTO(out);

    if (strchr(name, '.'))
        return dotted_value(entry, name);
    v = value_map_get(entry, name);
    if (!value_is_set(v) || (value_is_list(v) && value_list_count(v) == 0))
        return value_text("");
    if (!value_is_list(v) || !value_is_string(value_list_at(v, 0)))
        return value_ref(v);
    VALUE_LIST_EACH (i, item, v) {
        CLEANUP(freep)
        char *text = cell_text(item);

        buffer_addf(&out, "%s%s", i ? ", " : "", text);
    }
    return value_text(buffer_text(&out));
}

/* ---- lists ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The members of an object, sorted; a list. Owned. */
static value member_names(value entry)
{
    size_t n = value_map_count(entry);
    const char **names = xcalloc(n + 1, sizeof(char *));
    value list = value_list_new(n);
    size_t kept = 0;

    VALUE_MAP_EACH (i, entry) {
        const char *name = value_chars(value_map_key_at(entry, i));

        if (name && name[0] != '_')
            names[kept++] = name;
    }
    qsort(names, kept, sizeof(*names), compare_names);
    for (size_t i = 0; i < kept; i++)
        value_list_append(&list, value_text(names[i]));
    free(names);
    return list;
}

static size_t id_width(value entries)
{
    size_t width = ID_WIDTH_MIN;

    VALUE_LIST_EACH (i, entry, entries) {
        value id = value_map_get(entry, "id");
        size_t len = value_is_string(id) ? value_string_chars(id) : 0;

        width = len > width ? len : width;
    }
    return width;
}

/* Shares the terminal's width among the columns: ids and statuses get what they need, the last column pays
   for it. */
static void widths_share(const struct output *output, value entries, long *widths)
{
    long n = (long)value_list_count(output->attributes), columns = display_columns(), each, owed = 0;
    bool ids = n && value_text_is(value_list_at(output->attributes, 0), "id");
    long first = ids ? (long)id_width(entries) : 0;

    each = n ? (columns - first) / n : 0;
    for (long i = 0; i < n; i++) {
        value name = value_list_at(output->attributes, (size_t)i);

        if (i == 0) {
            widths[i] = ids ? first : each;
        } else if (value_text_is(name, "status")) {
            widths[i] = STATUS_WIDTH;
            owed += STATUS_WIDTH - each;
        } else if (i == n - 1 && owed) {
            widths[i] = each - owed > COLUMN_WIDTH_MIN ? each - owed : COLUMN_WIDTH_MIN;
        } else {
            widths[i] = each;
        }
    }
}

/* The greatest width of each column of `names`. */
static int column_widths(const struct output *output, value entries, value names, long *ret,
                         struct error *err)
{
    size_t n = value_list_count(names), n_shared = value_list_count(output->attributes);
    size_t n_given = value_list_count(output->widths);
    long *shared = xcalloc(n_shared + 1, sizeof(*shared));

    if (!n_given)
        widths_share(output, entries, shared);
    for (size_t i = 0; i < n; i++) {
        if (n_given)
            ret[i] = n_given == n   ? value_list_at(output->widths, i).integer
                     : n_given == 1 ? value_list_at(output->widths, 0).integer
                                    : WIDTH_FALLBACK;
        else
            ret[i] = n_shared == n ? shared[i] : n_shared == 1 ? shared[0] : WIDTH_FALLBACK;
    }
    free(shared);
    for (size_t i = 0; i < n; i++) {
        if (ret[i] <= 0 && n_given)
            return error_set(err, -EINVAL, "invalid width %ld (must be > 0)", ret[i]);
        ret[i] = ret[i] < 1 ? 1 : ret[i];
    }
    return 0;
}

static void list_row(const struct output *output, struct grid *table, value entry, value names)
{
    grid_row(table);
    VALUE_LIST_EACH (i, name, names) {
        const char *attribute = value_chars(name);
        CLEANUP(freep)
        char *text = NULL;
        VALUE_AUTO(plain);
        VALUE_AUTO(shown);

        plain = column_value(entry, attribute);
        shown = strchr(attribute, '.') ? value_ref(plain) : display_apply(output->display, attribute, plain);
        text = cell_text(shown);
        grid_cell(table, i, text);
    }
}

static int list_table(struct output *output, value entries, struct error *err)
{
    CLEANUP(grid_release)
    struct grid table = { 0 };
    CLEANUP(freep)
    long *widths = NULL;
    VALUE_AUTO(names);
    BUFFER_AUTO(out);
    int r;

    names = attributes_all(output->attributes) ? member_names(value_list_at(entries, 0))
                                               : value_ref(output->attributes);
    grid_init(&table, value_list_count(names));
    widths = xcalloc(value_list_count(names) + 1, sizeof(*widths));
    r = column_widths(output, entries, names, widths, err);
    if (r < 0)
        return r;
    VALUE_LIST_EACH (i, name, names)
        grid_column(&table, i, value_chars(name), (size_t)widths[i]);
    VALUE_LIST_EACH (i, entry, entries)
        list_row(output, &table, entry, names);
    grid_write(&table, &out);
    output->table_width = strcspn(out.data, "\n");
    puts(out.data);
    return 0;
}

int output_list(struct output *output, value entries, struct error *err)
{
    if (value_list_count(entries) == 0 && !output->always) {
        puts("No matching items found");
        return 0;
    }
    return output->form == OUTPUT_TEXT ? list_table(output, entries, err)
                                       : document_list(output, entries, err);
}

void output_note(const struct output *output, const char *things, int64_t limit)
{
    size_t n = strlen(things);
    BUFFER_AUTO(text);
    BUFFER_AUTO(out);

    if (limit <= 0)
        return;
    if (limit > 1)
        buffer_addf(&text, "Note: Only first %lld %s are", (long long)limit, things);
    else if (n > 3 && strcmp(things + n - 3, "ies") == 0)
        buffer_addf(&text, "Note: Only one %.*sy is", (int)n - 3, things);
    else
        buffer_addf(&text, "Note: Only one %.*s is", (int)n - 1, things);
    buffer_add_text(&text, " displayed. Use -n/--last flag for more results.");
    grid_note(&out, text.data, output->table_width);
    fflush(stdout);
    fprintf(stderr, "%s\n", out.data);
}

/* ---- property tables ---- */

static bool list_has(value list, value text)
{
    VALUE_LIST_EACH (i, item, list) {
        if (value_equal(item, text))
            return true;
    }
    return false;
}

/* The asked names with those of `order` first. Owned. */
static value property_names(const struct output *output, value entry)
{
    VALUE_AUTO(asked);
    VALUE_AUTO(first);
    value names = value_list_new(16);

    asked = attributes_all(output->attributes) ? member_names(entry) : value_ref(output->attributes);
    first = attributes_list(output->order ? output->order : ORDER_DEFAULT);
    VALUE_LIST_EACH (i, name, first) {
        if (list_has(asked, name) && !list_has(names, name))
            value_list_append(&names, value_ref(name));
    }
    VALUE_LIST_EACH (i, name, asked) {
        if (!list_has(first, name))
            value_list_append(&names, value_ref(name));
    }
    return names;
}

static char *property_text(const struct output *output, value entry, const char *name)
{
    VALUE_AUTO(plain);
    VALUE_AUTO(shown);
    BUFFER_AUTO(out);

    plain = dotted_value(entry, name);
    shown = display_apply(output->display, name, plain);
    if (!value_is_list(shown) && !value_is_map(shown))
        return cell_text(shown);
    json_write(&out, shown, json_cell);
    return output_unescaped(out.data);
}

int output_properties(const struct output *output, value entry, struct error *err)
{
    CLEANUP(grid_release)
    struct grid table = { 0 };
    VALUE_AUTO(names);
    BUFFER_AUTO(out);

    if (output->form != OUTPUT_TEXT)
        return document_one(output, entry, err);
    names = property_names(output, entry);
    grid_init(&table, 2);
    grid_column(&table, 0, "Property", PROPERTY_WIDTH);
    grid_column(&table, 1, "Value", VALUE_WIDTH);
    VALUE_LIST_EACH (i, name, names) {
        CLEANUP(freep)
        char *text = property_text(output, entry, value_chars(name));

        grid_row(&table);
        grid_cell(&table, 0, value_chars(name));
        grid_cell(&table, 1, text);
    }
    grid_write(&table, &out);
    puts(out.data);
    return 0;
}

/* ---- blocks ---- */

/* A text that shows an object or a list is printed as one. Takes and returns. */
static value block_literal(value v)
{
    const char *text = value_chars(v);
    size_t n = value_len(v);
    value literal = VALUE_NOTHING;

    if (!text || n < 2 || !strchr("{[", text[0]) || !strchr("}]", text[n - 1]))
        return v;
    if (python_literal(text, n, &literal, NULL) < 0)
        return v;
    if (!value_is_map(literal) && !value_is_list(literal)) {
        value_unref(literal);
        return v;
    }
    value_unref(v);
    return literal;
}

/* "\n\n" becomes "\n", from left to right. */
static void newlines_dedupe(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        buffer_add_char(out, *text);
        if (text[0] == '\n' && text[1] == '\n')
            text++;
    }
}

/* An object or a list as YAML below its name, indented. */
static value block_yaml(const char *name, value v)
{
    VALUE_AUTO(named);
    BUFFER_AUTO(yaml);
    BUFFER_AUTO(indented);
    BUFFER_AUTO(out);
    size_t skip = strlen(name) + 2;

    named = value_map_new(1);
    value_map_set_text(&named, name, value_ref(v));
    yaml_write(&yaml, named, 2, YAML_SORT_KEYS | YAML_ASCII | YAML_WIDE);
    while (yaml.len && yaml.data[yaml.len - 1] == '\n')
        yaml.data[--yaml.len] = '\0';
    buffer_add_char(&indented, '\n');
    for (const char *line = yaml.len > skip ? yaml.data + skip : ""; *line;) {
        size_t len = strcspn(line, "\n");

        buffer_addf(&indented, "%s%.*s", value_is_list(v) ? "  " : "", (int)len, line);
        line += len;
        if (*line)
            buffer_add_char(&indented, *line++);
    }
    newlines_dedupe(&out, indented.data);
    return value_text(buffer_text(&out));
}

static int block_add(const struct output *output, value entry, const char *name, struct buffer *out,
                     struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    VALUE_AUTO(v);
    int r = attribute_get(entry, name, &v, err);

    if (r < 0)
        return r;
    if (value_is_string(v)) {
        text = output_unescaped(value_chars(v));
        value_replace(&v, value_text(text));
    } else if (!value_is_set(v)) {
        v = value_null();
    }
    /* Shown twice, before and after objects become text, as users of zones and colours have come to know it. */
    value_replace(&v, display_apply(output->display, name, v));
    v = block_literal(v);
    if (value_is_map(v) || value_is_list(v))
        value_replace(&v, block_yaml(name, v));
    value_replace(&v, display_apply(output->display, name, v));

    if (out->len)
        buffer_add_char(out, '\n');
    display_coloured(out, name, COLOUR_BLUE);
    buffer_add_text(out, ": ");
    python_str(out, v);
    return 0;
}

static value schema_of(value v)
{
    value schema = value_map_new(4), inner = VALUE_NOTHING;

    VALUE_MAP_EACH (i, v) {
        value item = value_map_item_at(v, i);

        inner = value_map_new(2);
        value_map_put(&inner, "type", value_text(value_kind_name(item)));
        if (value_is_map(item))
            value_map_put(&inner, "parameters", schema_of(item));
        value_map_set(&schema, value_ref(value_map_key_at(v, i)), inner);
    }
    return schema;
}

static void schema_add(struct buffer *out, value entry)
{
    VALUE_AUTO(schema);
    BUFFER_AUTO(text);
    size_t width = 0;

    schema = value_map_new(1);
    value_map_put(&schema, "output_schema", schema_of(value_map_get(entry, "result")));
    buffer_add_text(&text, "Based on the action output the following inferred schema was built:\n\n");
    yaml_write(&text, schema, 2, YAML_SORT_KEYS | YAML_ASCII);
    for (const char *line = text.data; *line;
         line += strcspn(line, "\n") + (line[strcspn(line, "\n")] != '\0'))
        width = strcspn(line, "\n") > width ? strcspn(line, "\n") : width;
    buffer_add_text(out, "\n\n+");
    buffer_add_fill(out, '-', width + 2);
    buffer_add_text(out, "+\n");
    for (const char *line = text.data;; line++) {
        size_t len = strcspn(line, "\n");

        buffer_addf(out, "| %-*.*s |\n", (int)width, (int)len, line);
        line += len;
        if (!*line)
            break;
    }
    buffer_add_char(out, '+');
    buffer_add_fill(out, '-', width + 2);
    buffer_add_char(out, '+');
}

static int block_key(const struct output *output, value entry, struct error *err)
{
    value result = value_map_get(entry, "result");
    CLEANUP(freep)
    char *text = NULL;
    BUFFER_AUTO(shown);
    VALUE_AUTO(part);
    int r;

    if (!value_is_map(result)) {
        python_repr(&shown, value_is_set(result) ? result : value_null());
        return error_set(err, -EINVAL, "The result is not an object: %.200s", shown.data);
    }
    r = attribute_get(result, output->key, &part, err);
    if (r < 0)
        return r;
    python_str(&shown, value_is_set(part) ? part : value_null());
    text = output_unescaped(buffer_text(&shown));
    puts(text);
    return 0;
}

int output_blocks(const struct output *output, value entry, struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    BUFFER_AUTO(out);
    int r;

    if (output->form != OUTPUT_TEXT)
        return document_one(output, entry, err);
    if (output->key)
        return block_key(output, entry, err);
    VALUE_LIST_EACH (i, name, output->attributes) {
        r = block_add(output, entry, value_chars(name), &out, err);
        if (r < 0)
            return r;
    }
    if (!value_truth(value_path(entry, "action.output_schema"))) {
        if (output->with_schema)
            schema_add(&out, entry);
        else if (output->hint_schema)
            buffer_add_text(
                &out,
                "\n\n** This action does not have an output_schema. Run again with --with-schema to see a "
                "suggested schema.");
    }
    text = output_unescaped(buffer_text(&out));
    puts(text);
    return 0;
}
