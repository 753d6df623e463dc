/* SPDX-License-Identifier: Apache-2.0 */
/* key: values kept in the server's store. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/resource.h"
#include "value/json.h"

static const struct resource key = { .display = "Key Value Pair",
                                     .plural = "key value pairs",
                                     .path = "/keys" };

/* ---- list, get ---- */

static const struct list_filter list_filters[] = {
    { "--decrypt", "decrypt", "true", "false" },
    { "--scope", "scope", .initial = "all" },
    { "--user", "user" },
    { "--prefix", "prefix" },
    { 0 },
};

static const struct display key_display[] = { { "expire_timestamp", DISPLAY_TIME }, { 0 } };

static const struct list_spec list = {
    .resource = &key,
    .attributes = "name value secret encrypted scope user expire_timestamp",
    .filters = list_filters,
    .flags = LIST_QUERY | LIST_LAST | LIST_LAST_AFTER | LIST_REVERSE_DOCUMENT,
    .display = key_display,
};

static const struct cli_option list_options[] = {
    { .name = "--prefix",
      .kind = OPTION_TEXT,
      .help = "Only return values with names starting with the provided prefix." },
    { .letter = "-d", .name = "--decrypt", .help = "Decrypt secrets and displays plain text." },
    { .letter = "-s",
      .name = "--scope",
      .kind = OPTION_TEXT,
      .help = "Scope item is under. Example: \"user\"." },
    { .letter = "-u",
      .name = "--user",
      .kind = OPTION_TEXT,
      .help = "User for user scoped items (admin only)." },
    OPTIONS_END,
};

const struct cli_command command_key_list = LIST_COMMAND(
    list, "Get the list of the 50 most recent key value pairs.", options_columns, list_options, options_last);

static const struct list_filter get_filters[] = {
    { "--decrypt", "decrypt", "true", "false" },
    { "--scope", "scope", .initial = "system" },
    { 0 },
};

static const struct get_spec get = {
    .resource = &key,
    .operand = "name",
    .attributes = "name value secret encrypted scope expire_timestamp",
    .order = "id name description",
    .filters = get_filters,
};

static const struct cli_option get_options[] = {
    { .letter = "-d", .name = "--decrypt", .help = "Decrypt secret if encrypted and show plain text." },
    { .letter = "-s",
      .name = "--scope",
      .kind = OPTION_TEXT,
      .help = "Scope item is under. Example: \"user\"." },
    OPTIONS_END,
};

const struct cli_command command_key_get =
    GET_COMMAND(get, "name", "Get individual key value pair.", "Name of the key value pair.", get_options);

const struct cli_command command_key_clone = {
    .name = "clone", .help = "Clone a new key value pair.", .options = COMMON_OPTIONS(), .run = resource_clone
};

/* ---- set ---- */

static int key_put(struct cli *cli, value pair, value *ret, struct error *err)
{
    BUFFER_AUTO(path);

    resource_item_path(&key, value_map_chars(pair, "name"), &path);
    return client_json(&cli->client, "PUT", path.data, pair, ret, err);
}

static int key_set(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *text = args_operand(args, "value"), *scope = args_text(args, "--scope"),
               *user = args_text(args, "--user");
    struct output output = { .form = output_form(args) };
    CLEANUP(freep)
    char *typed = NULL;
    VALUE_AUTO(attributes);
    VALUE_AUTO(pair);
    VALUE_AUTO(answer);
    int64_t ttl = 0;
    int r;

    if (!text || !*text) {
        r = prompt_line("Please insert value for key: ", &typed, err);
        if (r < 0)
            return r;
        text = typed;
    }
    pair = value_map_new(8);
    value_map_put(&pair, "name", value_text(args_operand(args, "name")));
    value_map_put(&pair, "scope", value_text(scope ? scope : "system"));
    value_map_put(&pair, "user", user ? value_text(user) : value_null());
    value_map_put(&pair, "value", value_text(text));
    if (args_flag(args, "--encrypt"))
        value_map_put(&pair, "secret", value_bool(true));
    if (args_flag(args, "--encrypted"))
        value_map_put(&pair, "encrypted", value_bool(true));
    if (args_int(args, "--ttl", &ttl) && ttl)
        value_map_put(&pair, "ttl", value_int(ttl));
    r = key_put(cli, pair, &answer, err);
    if (r < 0)
        return r;
    output.attributes = attributes = attributes_list("name value scope expire_timestamp");
    return output_properties(&output, answer, err);
}

static const struct cli_option scope_options[] = {
    { .letter = "-s",
      .name = "--scope",
      .kind = OPTION_TEXT,
      .help = "Specify the scope under which you want to place the item." },
    { .letter = "-u",
      .name = "--user",
      .kind = OPTION_TEXT,
      .help = "User for user scoped items (admin only)." },
    OPTIONS_END,
};

static const struct cli_option set_options[] = {
    { .letter = "-e", .name = "--encrypt", .help = "Encrypt value before saving.", .exclusive = 1 },
    { .name = "--encrypted",
      .exclusive = 1,
      .help =
          "Value provided is already encrypted with the instance crypto key and should be stored as-is." },
    { .letter = "-l", .name = "--ttl", .kind = OPTION_INT, .help = "TTL (in seconds) for this value." },
    OPTIONS_END,
};

const struct cli_command command_key_set = {
    .name = "set",
    .help = "Set an existing key value pair.",
    .options = COMMON_OPTIONS(set_options, scope_options),
    .operands = OPERANDS({ "name", .help = "Name of the key value pair." },
                         { "value", OPERAND_OPTIONAL, "Value paired with the key." }),
    .run = key_set,
};

/* ---- delete ---- */

static int key_delete(struct cli *cli, const struct cli_args *args, struct error *err)
{
    static const struct list_filter filters[] = { { "--scope", "scope", .initial = "system" },
                                                  { "--user", "user" },
                                                  { 0 } };
    const char *name = args_operand(args, "name");
    VALUE_AUTO(found);
    BUFFER_AUTO(path);
    int r;

    resource_item_path(&key, name, &path);
    resource_filters_add(filters, args, &path);
    r = resource_item_get(cli, path.data, &found, err);
    if (r == RESOURCE_ABSENT) {
        resource_item_print_absent(&key, name);
        return EXIT_USAGE;
    }
    if (r == 0)
        r = client_json(&cli->client, "DELETE", path.data, VALUE_NOTHING, NULL, err);
    if (r < 0 && cli->client.status != 404)
        return r;
    error_release(err);
    printf("Resource with id \"%s\" has been successfully deleted.\n", name);
    return EXIT_DONE;
}

const struct cli_command command_key_delete = {
    .name = "delete",
    .help = "Delete an existing key value pair.",
    .options = COMMON_OPTIONS(scope_options),
    .operands = OPERANDS({ "name", .help = "Name of the key value pair." }),
    .run = key_delete,
};

static int key_delete_by_prefix(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(found);
    BUFFER_AUTO(path);
    BUFFER_AUTO(names);
    int r;

    buffer_add_text(&path, key.path);
    client_query_add(&path, "prefix", args_text(args, "--prefix"));
    r = client_list(&cli->client, path.data, &found, NULL, err);
    if (r < 0)
        return r;
    VALUE_LIST_EACH (i, pair, found) {
        const char *name = value_map_chars(pair, "name");
        BUFFER_AUTO(item);

        resource_item_path(&key, name ? name : "", &item);
        r = client_json(&cli->client, "DELETE", item.data, VALUE_NOTHING, NULL, err);
        if (r < 0 && cli->client.status != 404)
            return r;
        error_release(err);
        buffer_addf(&names, "%s%s", i ? ", " : "", name ? name : "");
    }
    printf("Deleted %zu keys\nDeleted key ids: %s\n", value_list_count(found), buffer_text(&names));
    return EXIT_DONE;
}

static const struct cli_option prefix_options[] = {
    { .letter = "-p",
      .name = "--prefix",
      .kind = OPTION_TEXT,
      .flags = OPTION_REQUIRED,
      .help = "Name prefix (e.g. twitter.TwitterSensor:)" },
    OPTIONS_END,
};

const struct cli_command command_key_delete_by_prefix = {
    .name = "delete_by_prefix",
    .help = "Delete key value pairs which match the provided prefix",
    .options = COMMON_OPTIONS(prefix_options),
    .run = key_delete_by_prefix,
};

/* ---- load ---- */

/* What one entry of the file asks to be stored. *ret is owned. */
static int pair_of_entry(const struct cli_args *args, value entry, value *ret, struct error *err)
{
    static const char *const optional[] = { "user", "encrypted", "secret", "ttl" };
    const char *name = value_map_chars(entry, "name");
    value text = value_map_get(entry, "value"), scope = value_map_get(entry, "scope"), pair;

    if (!name)
        return error_set(err, -EINVAL, "'name'");
    if (!value_is_set(text))
        return error_set(err, -EINVAL, "'value'");
    if (!value_is_string(text) && !args_flag(args, "--convert"))
        return error_set(
            err, -EINVAL,
            "Item '%s' has a value that is not a string. Either pass in the -c/--convert option to convert "
            "non-string types to JSON strings automatically, or convert the data to a string in the file",
            name);
    pair = value_map_new(8);
    value_map_put(&pair, "name", value_text(name));
    if (value_is_string(text)) {
        value_map_put(&pair, "value", value_ref(text));
    } else {
        BUFFER_AUTO(json);

        json_write(&json, text, JSON_PYTHON_STYLE);
        value_map_put(&pair, "value", value_text(json.data));
    }
    value_map_put(&pair, "scope", value_is_set(scope) ? value_ref(scope) : value_text("system"));
    for (size_t i = 0; i < ELEMENTS(optional); i++) {
        if (value_truth(value_map_get(entry, optional[i])))
            value_map_set_text(&pair, optional[i], value_ref(value_map_get(entry, optional[i])));
    }
    *ret = pair;
    return 0;
}

static int key_load(struct cli *cli, const struct cli_args *args, struct error *err)
{
    CLEANUP(freep)
    char *file = cli_path_absolute(args_operand(args, "file"));
    struct output output = { .form = output_form(args) };
    VALUE_AUTO(attributes);
    VALUE_AUTO(data);
    VALUE_AUTO(pairs);
    int r = meta_file_read(file, &data, err);

    if (r < 0)
        return r;
    if (value_is_map(data)) {
        value single = value_list_new(1);

        value_list_append(&single, value_take(&data));
        data = single;
    }
    pairs = value_list_new(value_list_count(data));
    VALUE_LIST_EACH (i, entry, data) {
        value pair = VALUE_NOTHING;

        r = pair_of_entry(args, entry, &pair, err);
        if (r < 0)
            return r;
        value_list_append(&pairs, pair);
        r = key_put(cli, pair, NULL, err);
        if (r < 0)
            return r;
    }
    output.attributes = attributes = attributes_list("name value secret scope user ttl");
    return output_list(&output, pairs, err);
}

static const struct cli_option load_options[] = {
    { .letter = "-c",
      .name = "--convert",
      .help =
          "Convert non-string types (hash, array, boolean, int, float) to a JSON string before loading it into the "
          "datastore." },
    OPTIONS_END,
};

const struct cli_command command_key_load = {
    .name = "load",
    .help = "Load a list of key value pairs from file.",
    .options = COMMON_OPTIONS(load_options),
    .operands = OPERANDS({ "file", .help = "JSON/YAML file containing the key value pairs(s) to load" }),
    .run = key_load,
};
