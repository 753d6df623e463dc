/* SPDX-License-Identifier: Apache-2.0 */
/* pack: list, get, show, search, register, config; installing and removing are in pack_install.c. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/form.h"
#include "cli/resource.h"
#include "value/yaml.h"

static const struct resource pack = { .display = "Pack", .plural = "packs", .path = "/packs" };

static const struct list_spec list = { .resource = &pack,
                                       .attributes = "ref name description version author",
                                       .flags = LIST_INCLUDE };
static const struct get_spec get = {
    .resource = &pack,
    .operand = "ref",
    .attributes = "name version author email keywords description",
    .order = "name version author email keywords description",
};

const struct cli_command command_pack_list = LIST_COMMAND(list, "Get the list of packs.", options_columns);
const struct cli_command command_pack_get =
    GET_COMMAND(get, "ref", "Get information about an installed pack.", "Reference or ID of the pack.");

/* ---- the index ---- */

static int index_search(struct cli *cli, const char *member, const char *text, value *ret, struct error *err)
{
    VALUE_AUTO(body);

    body = value_map_new(1);
    value_map_set_text(&body, member, value_text(text));
    return client_json(&cli->client, "POST", "/packs/index/search", body, ret, err);
}

/* The reason of what did not work, without an empty line. */
static int operation_failed(struct error *err)
{
    printf("ERROR: %s\n", error_text(err));
    error_release(err);
    return EXIT_USAGE;
}

static int pack_show(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(found);
    int r = index_search(cli, "pack", args_operand(args, "pack"), &found, err);

    if (r < 0)
        return operation_failed(err);
    if (!value_truth(found)) {
        puts("No matching items found");
        return EXIT_DONE;
    }
    return resource_item_print(args, found, err);
}

const struct cli_command command_pack_show = {
    .name = "show",
    .help = "Get information about an available pack from the index.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "pack", .help = "Name of the pack to show." }),
    .run = pack_show,
};

static int pack_search(struct cli *cli, const struct cli_args *args, struct error *err)
{
    struct output output = { .form = output_form(args), .widths = args_value(args, "--width") };
    VALUE_AUTO(attributes);
    VALUE_AUTO(found);
    int r = index_search(cli, "query", args_operand(args, "query"), &found, err);

    if (r < 0)
        return r;
    output.attributes = attributes = resource_list_attributes(args, "name description version author");
    return output_list(&output, found, err);
}

const struct cli_command command_pack_search = {
    .name = "search",
    .help = "Search the index for a pack with any attribute matching the query.",
    .options = COMMON_OPTIONS(options_columns),
    .operands = OPERANDS({ "query", .help = "Search query." }),
    .run = pack_search,
};

/* ---- register ---- */

static int pack_register(struct cli *cli, const struct cli_args *args, struct error *err)
{
    value packs = args_operands(args, "pack"), types = args_value(args, "--types");
    VALUE_AUTO(body);
    VALUE_AUTO(counts);
    int r;

    body = value_map_new(2);
    if (value_list_count(types))
        value_map_put(&body, "types", value_ref(types));
    if (value_list_count(packs))
        value_map_put(&body, "packs", value_ref(packs));
    r = client_json(&cli->client, "POST", "/packs/register", body, &counts, err);
    return r < 0 ? operation_failed(err) : resource_item_print(args, counts, err);
}

static const struct cli_option register_options[] = {
    { .name = "--types", .kind = OPTION_TEXTS, .help = "Types of content to register." },
    OPTIONS_END,
};

const struct cli_command command_pack_register = {
    .name = "register",
    .help = "Register pack(s): sync all file changes with DB.",
    .options = COMMON_OPTIONS(register_options),
    .operands = OPERANDS({ "pack", OPERAND_ANY, "Name of the pack(s) to register." }),
    .run = pack_register,
};

/* ---- config ---- */

/* Lets the user look at what was answered, and change it. */
static int config_preview(value *config, struct error *err)
{
    CLEANUP(freep)
    char *edited = NULL;
    BUFFER_AUTO(text);
    value changed = VALUE_NOTHING;
    int r;

    yaml_write(&text, *config, 4, YAML_SORT_KEYS);
    r = edit_text(text.data, &edited, err);
    if (r == 0)
        r = yaml_read(edited, strlen(edited), &changed, err);
    if (r == 0)
        value_replace(config, changed);
    return r;
}

/* EXIT_USAGE when the user did not want to save. */
static int config_ask(struct cli *cli, const struct cli_args *args, value *ret, struct error *err)
{
    const char *name = args_operand(args, "name");
    VALUE_AUTO(schema);
    VALUE_AUTO(config);
    BUFFER_AUTO(path);
    bool yes;
    int r;

    buffer_add_text(&path, "/config_schemas/");
    client_path_add(&path, name);
    r = client_get(&cli->client, path.data, &schema, err);
    if (r == CLIENT_ABSENT)
        return error_set(err, -ENOENT, "Pack \"%s\" doesn't exist or doesn't have a config schema defined.",
                         name);
    if (r == 0)
        r = form_ask(value_map_get(schema, "attributes"), &config, err);
    if (r == 0)
        r = form_confirm("---\nDo you want to preview the config in an editor before saving?",
                         "Secrets will be shown in plain text.", &yes, err);
    if (r == 0 && yes)
        r = config_preview(&config, err);
    if (r == 0)
        r = form_confirm("---\nDo you want me to save it?", NULL, &yes, err);
    if (r < 0)
        return r;
    if (!yes)
        return EXIT_USAGE;
    *ret = value_take(&config);
    return 0;
}

static int pack_config(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(config);
    VALUE_AUTO(saved);
    BUFFER_AUTO(path);
    int r = config_ask(cli, args, &config, err);

    if (r > 0)
        return r;
    if (r == 0) {
        buffer_add_text(&path, "/configs/");
        client_path_add(&path, args_operand(args, "name"));
        r = client_json(&cli->client, "PUT", path.data, config, &saved, err);
    }
    return r < 0 ? operation_failed(err) : resource_item_print(args, saved, err);
}

const struct cli_command command_pack_config = {
    .name = "config",
    .help = "Configure a pack based on config schema.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "name", .help = "Name of the pack(s) to configure." }),
    .run = pack_config,
};
