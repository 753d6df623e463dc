/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/resource.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/attributes.h"

/* ---- options that many commands have ---- */

const struct cli_option options_help[] = {
    { .letter = "-h", .name = "--help", .help = "show this help message and exit", .flags = OPTION_HELP },
    OPTIONS_END,
};

const struct cli_option options_signin[] = {
    { .letter = "-t",
      .name = "--token",
      .kind = OPTION_TEXT,
      .help =
          "Access token for user authentication. Get ST2_AUTH_TOKEN from the environment variables by default." },
    { .name = "--api-key",
      .kind = OPTION_TEXT,
      .help = "Api Key for user authentication. Get ST2_API_KEY from the environment variables by default." },
    OPTIONS_END,
};

const struct cli_option options_format[] = {
    { .letter = "-j", .name = "--json", .help = "Print output in JSON format." },
    { .letter = "-y", .name = "--yaml", .help = "Print output in YAML format." },
    OPTIONS_END,
};

const struct cli_option options_columns[] = {
    { .letter = "-a",
      .name = "--attr",
      .kind = OPTION_TEXTS,
      .help = "List of attributes to include in the output. \"all\" will return all attributes." },
    { .letter = "-w", .name = "--width", .kind = OPTION_INTS, .help = "Set the width of columns in output." },
    OPTIONS_END,
};

const struct cli_option options_fields[] = {
    { .letter = "-a",
      .name = "--attr",
      .kind = OPTION_TEXTS,
      .help =
          "List of attributes to include in the output. \"all\" or unspecified will return all attributes." },
    OPTIONS_END,
};

const struct cli_option options_last[] = {
    { .letter = "-n",
      .name = "--last",
      .kind = OPTION_INT,
      .help = "List N most recent ones, 50 by default. Use -n -1 to fetch the full result set." },
    OPTIONS_END,
};

const struct cli_option options_pack[] = {
    { .letter = "-p",
      .name = "--pack",
      .kind = OPTION_TEXT,
      .help = "Only return resources belonging to the provided pack" },
    OPTIONS_END,
};

const struct cli_option options_period[] = {
    { .letter = "-tg",
      .name = "--timestamp-gt",
      .kind = OPTION_TEXT,
      .help = "Only return those with a timestamp greater than the one provided. Use time in the format "
              "\"2000-01-01T12:00:00.000Z\"." },
    { .letter = "-tl",
      .name = "--timestamp-lt",
      .kind = OPTION_TEXT,
      .help = "Only return those with a timestamp lower than the one provided. Use time in the format "
              "\"2000-01-01T12:00:00.000Z\"." },
    OPTIONS_END,
};

#define LAST_DEFAULT 50

/* ---- lists ---- */

value resource_list_attributes(const struct cli_args *args, const char *usual)
{
    value asked = args_value(args, "--attr");

    return value_is_set(asked) ? value_ref(asked) : attributes_list(usual);
}

void resource_filters_add(const struct list_filter *filters, const struct cli_args *args, struct buffer *path)
{
    for (; filters && filters->option; filters++) {
        const char *text = filters->fixed ? NULL : args_text(args, filters->option);

        if (filters->fixed && args_flag(args, filters->option))
            text = filters->fixed;
        client_query_add(path, filters->param, text ? text : filters->initial);
    }
}

void resource_include_add(value attributes, struct buffer *path)
{
    BUFFER_AUTO(names);

    if (attributes_all(attributes))
        return;
    VALUE_LIST_EACH (i, name, attributes)
        buffer_addf(&names, "%s%s", i ? "," : "", value_chars(name));
    client_query_add(path, "include_attributes", buffer_text(&names));
}

static void limit_add(const struct cli_args *args, struct buffer *path)
{
    int64_t last = LAST_DEFAULT;
    char number[24];

    args_int(args, "--last", &last);
    snprintf(number, sizeof(number), "%lld", (long long)last);
    client_query_add(path, "limit", number);
}

void resource_list_path(const struct list_spec *spec, const struct cli_args *args, value attributes,
                        struct buffer *out)
{
    BUFFER_AUTO(query);

    if (spec->flags & LIST_INCLUDE)
        resource_include_add(attributes, &query);
    if (spec->flags & LIST_LAST && !(spec->flags & LIST_LAST_AFTER))
        limit_add(args, &query);
    resource_filters_add(spec->filters, args, &query);
    if (spec->flags & LIST_LAST_AFTER)
        limit_add(args, &query);
    buffer_add_text(out, spec->resource->path);
    if (spec->flags & LIST_QUERY || (spec->flags & LIST_QUERY_FILTERED && query.len))
        buffer_add_char(out, '/');
    buffer_add_text(out, buffer_text(&query));
}

static value reversed(value list)
{
    value copy = value_list_slice(list, 0, value_list_count(list));

    value_list_reverse(&copy);
    return copy;
}

int resource_list_print(const struct list_spec *spec, const struct cli_args *args, value attributes,
                        value entries, int64_t total, struct error *err)
{
    enum output_form form = output_form(args);
    struct output output = { .form = form,
                             .attributes = attributes,
                             .widths = args_value(args, "--width"),
                             .display = spec->display };
    int64_t last = LAST_DEFAULT;
    VALUE_AUTO(ordered);
    int r;

    output.always =
        spec->flags & LIST_REVERSE || (spec->flags & LIST_REVERSE_DOCUMENT && form != OUTPUT_TEXT);
    ordered = output.always ? reversed(entries) : value_ref(entries);
    r = output_list(&output, ordered, err);
    if (r < 0 || !(spec->flags & LIST_LAST) || form != OUTPUT_TEXT)
        return r;
    args_int(args, "--last", &last);
    if (total > last)
        output_note(&output, spec->resource->plural, last);
    return 0;
}

int resource_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const struct list_spec *spec = args->command->data;
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    BUFFER_AUTO(path);
    int64_t total = -1;
    int r;

    attributes = resource_list_attributes(args, spec->attributes);
    resource_list_path(spec, args, attributes, &path);
    r = client_list(&cli->client, path.data, &entries, &total, err);
    if (r < 0 && cli->client.status == 404 && spec->flags & LIST_QUERY) {
        error_release(err);
        entries = value_list_new(0);
    } else if (r < 0) {
        return r;
    }
    return resource_list_print(spec, args, attributes, entries, total, err);
}

/* ---- single ones ---- */

void resource_item_path(const struct resource *resource, const char *id, struct buffer *out)
{
    buffer_addf(out, "%s/", resource->path);
    client_path_add(out, id);
}

void resource_item_print_absent(const struct resource *resource, const char *id)
{
    printf("%s \"%s\" is not found.\n\n", resource->display, id);
}

int resource_item_get(struct cli *cli, const char *path, value *ret, struct error *err)
{
    int r = client_get(&cli->client, path, ret, err);

    if (r == CLIENT_ABSENT)
        return RESOURCE_ABSENT;
    if (r < 0 && cli->client.status != 401 && cli->client.status != 403) {
        error_release(err);
        return RESOURCE_ABSENT;
    }
    return r;
}

int resource_items_get(struct cli *cli, const struct resource *resource, value ids, const char *query,
                       value *ret, struct error *err)
{
    VALUE_AUTO(items);

    items = value_list_new(value_list_count(ids));
    VALUE_LIST_EACH (i, id, ids) {
        BUFFER_AUTO(path);
        value item = VALUE_NOTHING;
        int r;

        resource_item_path(resource, value_chars(id), &path);
        buffer_add_text(&path, query);
        r = resource_item_get(cli, path.data, &item, err);
        if (r < 0)
            return r;
        if (r == 0) {
            value_list_append(&items, item);
            continue;
        }
        resource_item_print_absent(resource, value_chars(id));
        if (value_list_count(ids) == 1)
            return error_set(err, -ENOENT, "Resource %s not found.", value_chars(id));
    }
    *ret = value_take(&items);
    return 0;
}

int resource_get(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const struct get_spec *spec = args->command->data;
    struct output output = { .form = output_form(args), .order = spec->order };
    VALUE_AUTO(attributes);
    VALUE_AUTO(items);
    BUFFER_AUTO(query);
    int r;

    resource_filters_add(spec->filters, args, &query);
    r = resource_items_get(cli, spec->resource, args_operands(args, spec->operand), buffer_text(&query),
                           &items, err);
    if (r < 0)
        return r;
    attributes = resource_list_attributes(args, spec->attributes ? spec->attributes : "all");
    output.attributes = attributes;
    VALUE_LIST_EACH (i, item, items) {
        r = output_properties(&output, item, err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The only one of a name, VALUE_UNSET when there is none. */
static int item_by_name(struct cli *cli, const struct resource *resource, const char *name, value *ret,
                        struct error *err)
{
    VALUE_AUTO(found);
    BUFFER_AUTO(path);
    int r;

    buffer_addf(&path, "%s/", resource->path);
    client_query_add(&path, "name", name);
    r = client_list(&cli->client, path.data, &found, NULL, err);
    if (r < 0 && cli->client.status == 404) {
        error_release(err);
        return 0;
    }
    if (r < 0)
        return r;
    if (value_list_count(found) > 1)
        return error_set(err, -ENOTUNIQ, "More than one %s named \"%s\" are found.", resource->display, name);
    *ret = value_ref(value_list_at(found, 0));
    return 0;
}

int resource_item_find(struct cli *cli, const struct resource *resource, const char *id, bool absent,
                       value *ret, struct error *err)
{
    BUFFER_AUTO(path);
    int r;

    resource_item_path(resource, id, &path);
    if (resource->by_name) {
        r = item_by_name(cli, resource, id, ret, err);
        if (r < 0 || value_is_set(*ret))
            return r;
        r = resource_item_get(cli, path.data, ret, err);
    } else {
        r = client_get(&cli->client, path.data, ret, err);
    }
    if (r <= 0 || absent)
        return r;
    return error_set(err, -ENOENT, "Resource with id or %s \"%s\" doesn't exist.",
                     resource->by_name ? "name" : "reference", id);
}

int resource_item_print(const struct cli_args *args, value item, struct error *err)
{
    struct output output = { .form = output_form(args) };

    return output_properties(&output, item, err);
}

/* ---- changing them ---- */

/* An error of an operation: printed here, without the empty line. */
static int operation_failed(struct error *err)
{
    printf("ERROR: %s\n", error_text(err));
    error_release(err);
    return EXIT_USAGE;
}

int resource_create(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const struct item_spec *spec = args->command->data;
    VALUE_AUTO(data);
    VALUE_AUTO(made);
    int r = meta_file_read(args_operand(args, "file"), &data, err);

    if (r == 0 && !value_is_map(data))
        r = error_set(err, -EINVAL, "File \"%s\" does not hold an object.", args_operand(args, "file"));
    if (r == 0)
        r = client_json(&cli->client, "POST", spec->resource->path, data, &made, err);
    if (r == 0)
        r = resource_item_print(args, made, err);
    return r < 0 ? operation_failed(err) : r;
}

static int item_put(struct cli *cli, const struct cli_args *args, const struct resource *resource, value item,
                    struct error *err)
{
    VALUE_AUTO(changed);
    BUFFER_AUTO(path);
    const char *id = value_map_chars(item, "id");
    int r;

    resource_item_path(resource, id ? id : "", &path);
    r = client_json(&cli->client, "PUT", path.data, item, &changed, err);
    return r < 0 ? r : resource_item_print(args, changed, err);
}

/* The kind's name in the small letters of messages. */
static void display_lower(const struct resource *resource, struct buffer *out)
{
    for (const char *c = resource->display; *c; c++)
        buffer_add_char(out, *c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
}

int resource_update(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const struct item_spec *spec = args->command->data;
    VALUE_AUTO(item);
    VALUE_AUTO(data);
    value id;
    int r = resource_item_find(cli, spec->resource, args_operand(args, spec->operand), false, &item, err);

    if (r == 0)
        r = meta_file_read(args_operand(args, "file"), &data, err);
    if (r < 0)
        return r;
    if (!value_is_map(data))
        return error_set(err, -EINVAL, "File \"%s\" does not hold an object.", args_operand(args, "file"));
    id = value_map_get(item, "id");
    if (!value_truth(value_map_get(data, "id"))) {
        value_map_put(&data, "id", value_is_set(id) ? value_ref(id) : value_null());
    } else if (!value_equal(value_map_get(data, "id"), id)) {
        BUFFER_AUTO(name);

        display_lower(spec->resource, &name);
        return error_set(
            err, -EINVAL,
            "The value for the %s id in the JSON/YAML file does not match the ID provided in the command line "
            "arguments.",
            name.data);
    }
    return item_put(cli, args, spec->resource, data, err);
}

int resource_delete(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const struct item_spec *spec = args->command->data;
    const char *id = args_operand(args, spec->operand);
    VALUE_AUTO(item);
    BUFFER_AUTO(path);
    int r = resource_item_find(cli, spec->resource, id, true, &item, err);

    if (r == RESOURCE_ABSENT) {
        resource_item_print_absent(spec->resource, id);
        return EXIT_USAGE;
    }
    if (r < 0)
        return r;
    resource_item_path(spec->resource, value_map_chars(item, "id") ? value_map_chars(item, "id") : id, &path);
    r = client_json(&cli->client, "DELETE", path.data, VALUE_NOTHING, NULL, err);
    if (r < 0 && cli->client.status != 404)
        return r;
    error_release(err);
    printf("Resource with id \"%s\" has been successfully deleted.\n", id);
    return 0;
}

static int item_switch(struct cli *cli, const struct cli_args *args, bool enabled, struct error *err)
{
    const struct item_spec *spec = args->command->data;
    VALUE_AUTO(item);
    int r = resource_item_find(cli, spec->resource, args_operand(args, spec->operand), false, &item, err);

    if (r < 0)
        return r;
    value_map_remove(&item, "ref");
    value_map_put(&item, "enabled", value_bool(enabled));
    return item_put(cli, args, spec->resource, item, err);
}

int resource_enable(struct cli *cli, const struct cli_args *args, struct error *err)
{
    return item_switch(cli, args, true, err);
}

int resource_disable(struct cli *cli, const struct cli_args *args, struct error *err)
{
    return item_switch(cli, args, false, err);
}

int resource_clone(struct cli *cli, const struct cli_args *args, struct error *err)
{
    return error_set(err, -ENOSYS, "clone '%s' is not implemented.", cli->group->name);
}
