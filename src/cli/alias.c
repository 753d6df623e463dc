/* SPDX-License-Identifier: Apache-2.0 */
/* action-alias: commands for people in a chat. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/execution.h"
#include "value/python.h"

static const struct resource alias = {
    .display = "Action Alias", .plural = "action aliases", .path = "/actionalias", .by_name = true
};
static const struct item_spec item = { &alias, "name-or-id" };
static const struct list_filter list_filters[] = { { "--pack", "pack" }, { 0 } };
static const struct list_spec list = { .resource = &alias,
                                       .attributes = "ref pack description enabled",
                                       .filters = list_filters,
                                       .flags = LIST_INCLUDE };
static const struct get_spec get = {
    .resource = &alias,
    .operand = "ref-or-id",
    .order = "id ref pack name description enabled action_ref formats",
};

#define NAME "Name or ID of the action alias."

const struct cli_command command_alias_list =
    LIST_COMMAND(list, "Get the list of action aliases.", options_columns, options_pack);
const struct cli_command command_alias_get =
    GET_COMMAND(get, "ref-or-id", "Get individual action alias.", "Reference or ID of the action alias.");

const struct cli_command command_alias_create = {
    .name = "create",
    .help = "Create a new action alias.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "file", .help = "JSON/YAML file containing the action alias to create." }),
    .run = resource_create,
    .data = &item,
};

const struct cli_command command_alias_update = {
    .name = "update",
    .help = "Updating an existing action alias.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "name-or-id", .help = NAME },
                         { "file", .help = "JSON/YAML file containing the action alias to update." }),
    .run = resource_update,
    .data = &item,
};

const struct cli_command command_alias_delete = {
    .name = "delete",
    .help = "Delete an existing action alias.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "name-or-id", .help = NAME }),
    .run = resource_delete,
    .data = &item,
};

const struct cli_command command_alias_clone = {
    .name = "clone", .help = "Clone a new action alias.", .options = COMMON_OPTIONS(), .run = resource_clone
};

/* ---- match ---- */

static int alias_match(struct cli *cli, const struct cli_args *args, struct error *err)
{
    struct output output = { .form = output_form(args), .widths = args_value(args, "--width") };
    VALUE_AUTO(attributes);
    VALUE_AUTO(body);
    VALUE_AUTO(answer);
    VALUE_AUTO(matches);
    value match;
    int r;

    body = value_map_new(1);
    value_map_put(&body, "command", value_text(args_operand(args, "command")));
    r = client_json(&cli->client, "POST", "/actionalias/match", body, &answer, err);
    if (r < 0)
        return r;
    match = value_map_get(answer, "actionalias");
    matches = value_list_new(1);
    if (value_is_map(match))
        value_list_append(&matches, value_ref(match));
    output.attributes = attributes = resource_list_attributes(args, "name description");
    return output_list(&output, matches, err);
}

const struct cli_command command_alias_match = {
    .name = "match",
    .help = "Get the action alias that match the command text.",
    .options = COMMON_OPTIONS(options_columns),
    .operands = OPERANDS({ "command", .help = "Get the action alias that match the command text." }),
    .run = alias_match,
};

/* ---- execute, test ---- */

/* What the server started for a command: {"actionalias", "execution", ...}. */
static int match_and_execute(struct cli *cli, const struct cli_args *args, value *ret, struct error *err)
{
    const char *user = args_text(args, "--user");
    VALUE_AUTO(body);
    VALUE_AUTO(answer);
    value result;
    int r;

    body = value_map_new(3);
    value_map_put(&body, "command", value_text(args_operand(args, "command")));
    value_map_put(&body, "user", value_text(user ? user : ""));
    value_map_put(&body, "source_channel", value_text("cli"));
    r = client_json(&cli->client, "POST", "/aliasexecution/match_and_execute", body, &answer, err);
    if (r < 0)
        return r;
    result = value_list_at(value_map_get(answer, "results"), 0);
    if (!value_map_chars(value_map_get(result, "execution"), "id"))
        return error_set(err, -EPROTO, "The server's answer holds no execution");
    *ret = value_ref(result);
    return 0;
}

static int alias_execute(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(result);
    const char *ref;
    int r = match_and_execute(cli, args, &result, err);

    if (r < 0)
        return r;
    ref = value_chars(value_path(result, "actionalias.ref"));
    printf("Matching Action-alias: '%s'\nTo get the results, execute:\n %s execution get %s\n",
           ref ? ref : "", cli->program, value_chars(value_path(result, "execution.id")));
    return EXIT_DONE;
}

static const struct cli_option user_options[] = {
    { .letter = "-u",
      .name = "--user",
      .kind = OPTION_TEXT,
      .help = "User under which to run the action (admins only)." },
    OPTIONS_END,
};

#define COMMAND_TEXT "Execute the command text by finding a matching action alias."

const struct cli_command command_alias_execute = {
    .name = "execute",
    .help = COMMAND_TEXT,
    .options = COMMON_OPTIONS(user_options),
    .operands = OPERANDS({ "command", .help = COMMAND_TEXT }),
    .run = alias_execute,
};

/* Says that it runs, and waits. */
static int test_wait(struct cli *cli, const struct cli_args *args, bool fresh, value *execution,
                     struct error *err)
{
    printf("Execution (%s) has been started, waiting for it to finish...\n\n",
           value_map_chars(*execution, "id"));
    fflush(stdout);
    return cli_execution_wait(cli, args, !args_flag(args, "--async"), fresh, execution, err);
}

static int format_start(struct cli *cli, const struct cli_args *args, const char *id, value *ret,
                        struct error *err)
{
    const char *user = args_text(args, "--user");
    VALUE_AUTO(body);
    value parameters = value_map_new(1);
    int r;

    body = value_map_new(3);
    value_map_put(&parameters, "execution_id", value_text(id));
    value_map_put(&body, "action", value_text("chatops.format_execution_result"));
    value_map_put(&body, "parameters", parameters);
    value_map_put(&body, "user", value_text(user ? user : ""));
    r = client_json(&cli->client, "POST", cli_execution_resource.path, body, ret, err);
    if (r == 0 && !value_map_chars(*ret, "id"))
        return error_set(err, -EPROTO, "The server's answer is no execution");
    return r;
}

static int alias_test(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(result);
    VALUE_AUTO(execution);
    VALUE_AUTO(formatted);
    BUFFER_AUTO(message);
    value shown;
    int r;

    puts("Triggering execution via action alias\n");
    fflush(stdout);
    r = match_and_execute(cli, args, &result, err);
    if (r < 0)
        return r;
    execution = value_ref(value_map_get(result, "execution"));
    r = test_wait(cli, args, false, &execution, err);
    if (r < 0)
        return r;
    printf("\nExecution (%s) has finished, rendering result...\n\n", value_map_chars(execution, "id"));
    r = format_start(cli, args, value_map_chars(execution, "id"), &formatted, err);
    if (r == 0)
        r = test_wait(cli, args, true, &formatted, err);
    if (r < 0)
        return r;
    shown = value_path(formatted, "result.result.message");
    if (!value_is_set(shown))
        return error_set(err, -ENODATA, "Action chatops.format_execution_result gave no message");
    python_str(&message, shown);
    puts("\nFormatted ChatOps result message\n");
    puts("================================================================================");
    puts(buffer_text(&message));
    puts("================================================================================\n");
    return EXIT_DONE;
}

static const struct cli_option async_options[] = {
    { .letter = "-a", .name = "--async", .help = "Do not wait for action to finish." },
    OPTIONS_END,
};

const struct cli_command command_alias_test = {
    .name = "test",
    .help = "Execute the command text by finding a matching action alias and format the result.",
    .options = COMMON_OPTIONS(user_options, options_execution, async_options),
    .operands = OPERANDS({ "command", .help = COMMAND_TEXT }),
    .run = alias_test,
};
