/* SPDX-License-Identifier: Apache-2.0 */
/* action: list, get, create, update, delete, clone, enable, disable; `action execute` is in run.c. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/resource.h"

static const struct resource action = { .display = "Action", .plural = "actions", .path = "/actions" };

static const struct list_filter pack_filter[] = { { "--pack", "pack" }, { 0 } };

static const struct list_spec list = {
    .resource = &action, .attributes = "ref pack description", .filters = pack_filter, .flags = LIST_INCLUDE
};

static const struct get_spec get = {
    .resource = &action,
    .operand = "ref-or-id",
    .order = "id uid ref pack name description enabled entry_point runner_type parameters",
};

static const struct item_spec item = { &action, "ref-or-id" };

#define REFERENCE "Reference or ID of the action."

const struct cli_command command_action_list =
    LIST_COMMAND(list, "Get the list of actions.", options_columns, options_pack);
const struct cli_command command_action_get =
    GET_COMMAND(get, "ref-or-id", "Get individual action.", REFERENCE);

const struct cli_command command_action_create = {
    .name = "create",
    .help = "Create a new action.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "file", .help = "JSON/YAML file containing the action to create." }),
    .run = resource_create,
    .data = &item,
};

const struct cli_command command_action_update = {
    .name = "update",
    .help = "Updating an existing action.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "ref-or-id", .help = REFERENCE },
                         { "file", .help = "JSON/YAML file containing the action to update." }),
    .run = resource_update,
    .data = &item,
};

const struct cli_command command_action_enable = {
    .name = "enable",
    .help = "Enable an existing action.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "ref-or-id", .help = REFERENCE }),
    .run = resource_enable,
    .data = &item,
};

const struct cli_command command_action_disable = {
    .name = "disable",
    .help = "Disable an existing action.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "ref-or-id", .help = REFERENCE }),
    .run = resource_disable,
    .data = &item,
};

/* ---- delete ---- */

static int action_delete(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *id = args_operand(args, "ref-or-id");
    VALUE_AUTO(found);
    VALUE_AUTO(body);
    BUFFER_AUTO(path);
    int r = resource_item_find(cli, &action, id, true, &found, err);

    if (r == RESOURCE_ABSENT) {
        resource_item_print_absent(&action, id);
        return EXIT_DONE;
    }
    if (r < 0)
        return r;
    body = value_map_new(1);
    value_map_put(&body, "remove_files", value_bool(args_flag(args, "--remove-files")));
    resource_item_path(&action, value_map_chars(found, "id") ? value_map_chars(found, "id") : id, &path);
    r = client_json(&cli->client, "DELETE", path.data, body, NULL, err);
    if (r < 0 && cli->client.status != 404)
        return r;
    error_release(err);
    printf("Resource with id \"%s\" has been successfully deleted.\n", id);
    return EXIT_DONE;
}

static const struct cli_option delete_options[] = {
    { .letter = "-r", .name = "--remove-files", .help = "Remove action files from disk." },
    OPTIONS_END,
};

const struct cli_command command_action_delete = {
    .name = "delete",
    .help = "Delete an existing action.",
    .options = COMMON_OPTIONS(delete_options),
    .operands = OPERANDS({ "ref-or-id", .help = REFERENCE }),
    .run = action_delete,
};

/* ---- clone ---- */

/* 1 when the user does not want to overwrite what is there. */
static int overwrite_ask(const struct cli_args *args, struct error *err)
{
    CLEANUP(freep)
    char *answer = NULL;
    int r;

    if (args_flag(args, "--force"))
        return 0;
    r = prompt_line("The destination action already exists. Do you want to overwrite? (y/n): ", &answer, err);
    if (r < 0)
        return r;
    return strcasecmp(answer, "y") != 0 && strcasecmp(answer, "yes") != 0;
}

static int clone_post(struct cli *cli, const struct cli_args *args, bool overwrite, struct error *err)
{
    VALUE_AUTO(body);
    VALUE_AUTO(made);
    BUFFER_AUTO(path);
    int r;

    body = value_map_new(3);
    value_map_put(&body, "dest_pack", value_text(args_operand(args, "dest-pack-name")));
    value_map_put(&body, "dest_action", value_text(args_operand(args, "dest-action-name")));
    value_map_put(&body, "overwrite", value_bool(overwrite));
    resource_item_path(&action, args_operand(args, "source-ref-or-id"), &path);
    buffer_add_text(&path, "/clone");
    r = client_json(&cli->client, "POST", path.data, body, &made, err);
    return r < 0 ? r : resource_item_print(args, made, err);
}

/* Like scripts expect it, whatever goes wrong is printed and does not count. */
static int action_clone(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *source = args_operand(args, "source-ref-or-id");
    CLEANUP(freep)
    char *target =
        xasprintf("%s.%s", args_operand(args, "dest-pack-name"), args_operand(args, "dest-action-name"));
    VALUE_AUTO(found);
    VALUE_AUTO(taken);
    bool overwrite = false;
    int r = resource_item_find(cli, &action, source, true, &found, err);

    if (r == RESOURCE_ABSENT) {
        resource_item_print_absent(&action, source);
        return EXIT_DONE;
    }
    if (r == 0) {
        r = resource_item_find(cli, &action, target, true, &taken, err);
        overwrite = r == 0;
        if (overwrite)
            r = overwrite_ask(args, err);
        else if (r == RESOURCE_ABSENT)
            r = 0;
        if (r == 1) {
            puts("Action is not cloned.");
            return EXIT_DONE;
        }
    }
    if (r == 0)
        r = clone_post(cli, args, overwrite, err);
    if (r < 0) {
        printf("ERROR: %s\n", error_text(err));
        error_release(err);
    }
    return EXIT_DONE;
}

static const struct cli_option clone_options[] = {
    { .letter = "-f", .name = "--force", .help = "Overwrite action files on disk if destination exists." },
    OPTIONS_END,
};

const struct cli_command command_action_clone = {
    .name = "clone",
    .help = "Clone a new action.",
    .options = COMMON_OPTIONS(clone_options),
    .operands =
        OPERANDS({ "source-ref-or-id", .help = REFERENCE }, { "dest-pack-name", .help = "Name of the pack." },
                 { "dest-action-name", .help = "Name of the action." }),
    .run = action_clone,
};
