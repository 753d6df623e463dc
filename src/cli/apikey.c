/* SPDX-License-Identifier: Apache-2.0 */
/* apikey: keys that stand for a user. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/resource.h"
#include "value/json.h"

static const struct resource apikey = {
    .display = "API Key", .plural = "api keys", .path = "/apikeys", .by_name = false
};
static const struct item_spec item = { &apikey, "key-or-id" };

#define KEY_OR_ID "Key or id of the api key."

/* ---- list, get, delete, switches ---- */

static const struct list_filter list_filters[] = { { "--show-secrets", "show_secrets", "True" },
                                                   { "--user", "user" },
                                                   { 0 } };
static const struct list_spec list = { .resource = &apikey,
                                       .attributes = "id user metadata",
                                       .filters = list_filters };

static int apikey_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    BUFFER_AUTO(path);
    int r;

    attributes = args_flag(args, "--detail") ? attributes_list("all")
                                             : resource_list_attributes(args, list.attributes);
    resource_list_path(&list, args, attributes, &path);
    r = client_list(&cli->client, path.data, &entries, NULL, err);
    return r < 0 ? r : resource_list_print(&list, args, attributes, entries, -1, err);
}

static const struct cli_option list_options[] = {
    { .letter = "-u",
      .name = "--user",
      .kind = OPTION_TEXT,
      .help = "Only return ApiKeys belonging to the provided user" },
    { .letter = "-d", .name = "--detail", .help = "Full list of attributes." },
    { .name = "--show-secrets", .help = "Show the hashes of the keys." },
    OPTIONS_END,
};

const struct cli_command command_apikey_list = {
    .name = "list",
    .help = "Get the list of api keys.",
    .options = COMMON_OPTIONS(options_columns, list_options),
    .run = apikey_list,
};

static const struct get_spec get = { .resource = &apikey,
                                     .operand = "key-or-id",
                                     .order = "id user metadata" };

const struct cli_command command_apikey_get =
    GET_COMMAND(get, "key-or-id", "Get individual api key.", KEY_OR_ID);

#define APIKEY_COMMAND(verb, about, call)                                                      \
    {                                                                                          \
        .name = (verb), .help = (about), .options = COMMON_OPTIONS(),                          \
        .operands = OPERANDS({ "key-or-id", .help = KEY_OR_ID }), .run = (call), .data = &item \
    }

const struct cli_command command_apikey_enable =
    APIKEY_COMMAND("enable", "Enable an existing api key.", resource_enable);
const struct cli_command command_apikey_disable =
    APIKEY_COMMAND("disable", "Disable an existing api key.", resource_disable);

const struct cli_command command_apikey_clone = {
    .name = "clone", .help = "Clone a new api key.", .options = COMMON_OPTIONS(), .run = resource_clone
};

static int apikey_delete(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *id = args_operand(args, "key-or-id");
    VALUE_AUTO(found);
    BUFFER_AUTO(path);
    int r;

    resource_item_path(&apikey, id, &path);
    r = resource_item_get(cli, path.data, &found, err);
    if (r == RESOURCE_ABSENT)
        return error_set(err, -ENOENT, "Resource with id \"%s\" doesn't exist.", id);
    if (r == 0) {
        buffer_clear(&path);
        resource_item_path(&apikey, value_map_chars(found, "id") ? value_map_chars(found, "id") : id, &path);
        r = client_json(&cli->client, "DELETE", path.data, VALUE_NOTHING, NULL, err);
    }
    if (r < 0 && cli->client.status != 404)
        return r;
    error_release(err);
    printf("Resource with id \"%s\" has been successfully deleted.\n", id);
    return EXIT_DONE;
}

const struct cli_command command_apikey_delete =
    APIKEY_COMMAND("delete", "Delete an existing api key.", apikey_delete);

/* ---- create ---- */

static int apikey_create(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *user = args_text(args, "--user"), *text = args_text(args, "--metadata");
    VALUE_AUTO(metadata);
    VALUE_AUTO(body);
    VALUE_AUTO(made);
    int r;

    if (text && json_read(text, strlen(text), JSON_PYTHON, &metadata, err) < 0) {
        CLEANUP(freep)
        char *message = xasprintf("argument -m/--metadata: invalid loads value: '%s'", text);

        error_release(err);
        return usage_error(cli, args->command, message);
    }
    body = value_map_new(2);
    if (user && *user)
        value_map_put(&body, "user", value_text(user));
    if (value_truth(metadata))
        value_map_put(&body, "metadata", value_ref(metadata));
    r = client_json(&cli->client, "POST", apikey.path, body, &made, err);
    if (r < 0) {
        printf("ERROR: %s\n", error_text(err));
        error_release(err);
        return EXIT_USAGE;
    }
    if (!args_flag(args, "--only-key"))
        return resource_item_print(args, made, err);
    puts(value_map_chars(made, "key") ? value_map_chars(made, "key") : "");
    return EXIT_DONE;
}

static const struct cli_option create_options[] = {
    { .letter = "-u", .name = "--user", .kind = OPTION_TEXT, .help = "User for which to create API Keys." },
    { .letter = "-m",
      .name = "--metadata",
      .kind = OPTION_TEXT,
      .help = "Optional metadata to associate with the API Keys." },
    { .letter = "-k", .name = "--only-key", .help = "Only print API Key to the console on creation." },
    OPTIONS_END,
};

const struct cli_command command_apikey_create = {
    .name = "create",
    .help = "Create a new api key.",
    .options = COMMON_OPTIONS(create_options),
    .run = apikey_create,
};

/* ---- load ---- */

/* The members of an entry that count; fails when one is missing. *ret is owned. */
static int apikey_of_entry(value entry, value *ret, struct error *err)
{
    static const struct {
        const char *name;
        bool required;
    } members[] = { { "user", true }, { "key_hash", true }, { "metadata" }, { "enabled" }, { "id" } };
    value data = value_map_new(ELEMENTS(members));

    value_map_put(&data, "metadata", value_map_new(0));
    value_map_put(&data, "enabled", value_bool(false));
    for (size_t i = 0; i < ELEMENTS(members); i++) {
        value member = value_map_get(entry, members[i].name);

        if (value_is_set(member)) {
            value_map_set_text(&data, members[i].name, value_ref(member));
        } else if (members[i].required) {
            value_unref(data);
            return error_set(err, -EINVAL, "'%s'", members[i].name);
        }
    }
    *ret = data;
    return 0;
}

static int apikey_store(struct cli *cli, value data, value *ret, struct error *err)
{
    const char *id = value_map_chars(data, "id");
    BUFFER_AUTO(path);
    int r = -ENOENT;

    if (id) {
        resource_item_path(&apikey, id, &path);
        r = client_json(&cli->client, "PUT", path.data, data, ret, err);
        if (r == 0 || cli->client.status != 404)
            return r;
        error_release(err);
    }
    return client_json(&cli->client, "POST", apikey.path, data, ret, err);
}

static int apikey_load(struct cli *cli, const struct cli_args *args, struct error *err)
{
    struct output output = { .form = output_form(args), .widths = args_value(args, "--width") };
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    VALUE_AUTO(stored);
    int r = meta_file_read(args_operand(args, "file"), &entries, err);

    if (r < 0)
        return r;
    if (!value_truth(entries)) {
        printf("No api key found in %s.\n", args_operand(args, "file"));
        return EXIT_DONE;
    }
    if (value_is_map(entries)) {
        value single = value_list_new(1);

        value_list_append(&single, value_take(&entries));
        entries = single;
    }
    stored = value_list_new(value_list_count(entries));
    VALUE_LIST_EACH (i, entry, entries) {
        value result = VALUE_NOTHING;
        VALUE_AUTO(data);

        r = apikey_of_entry(entry, &data, err);
        if (r == 0)
            r = apikey_store(cli, data, &result, err);
        if (r < 0)
            return r;
        value_list_append(&stored, result);
    }
    output.attributes = attributes = attributes_list(list.attributes);
    return output_list(&output, stored, err);
}

static const struct cli_option load_options[] = {
    { .letter = "-w", .name = "--width", .kind = OPTION_INTS, .help = "Set the width of columns in output." },
    OPTIONS_END,
};

const struct cli_command command_apikey_load = {
    .name = "load",
    .help = "Load api key from a file.",
    .options = COMMON_OPTIONS(load_options),
    .operands = OPERANDS({ "file", .help = "JSON/YAML file containing the api key(s) to load." }),
    .run = apikey_load,
};
