/* SPDX-License-Identifier: Apache-2.0 */
/* rule and rule-enforcement. */
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/resource.h"

static const struct resource rule = { .display = "Rule", .plural = "rules", .path = "/rules" };
static const struct item_spec rule_item = { &rule, "ref-or-id" };

static const struct list_filter rule_filters[] = {
    { "--pack", "pack" },
    { "--action", "action" },
    { "--trigger", "trigger" },
    { "--enabled", "enabled", "True" },
    { "--disabled", "enabled", "False" },
    { 0 },
};

static const struct list_spec rule_list_spec = {
    .resource = &rule,
    .attributes = "ref pack description enabled",
    .filters = rule_filters,
    .flags = LIST_QUERY | LIST_INCLUDE | LIST_LAST,
};

static const struct list_spec rule_list_iftt = {
    .resource = &rule,
    .attributes = "ref trigger.ref action.ref enabled",
    .filters = rule_filters,
    .flags = LIST_QUERY | LIST_INCLUDE | LIST_LAST,
};

/* As resource_list(), with --iftt choosing the columns whatever -a says. */
static int rule_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
    bool iftt = args_flag(args, "--iftt");
    const struct list_spec *spec = iftt ? &rule_list_iftt : &rule_list_spec;
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    BUFFER_AUTO(path);
    int64_t total = -1;
    int r;

    attributes = iftt ? attributes_list(spec->attributes) : resource_list_attributes(args, spec->attributes);
    resource_list_path(spec, args, attributes, &path);
    r = client_list(&cli->client, path.data, &entries, &total, err);
    return r < 0 ? r : resource_list_print(spec, args, attributes, entries, total, err);
}

static const struct cli_option rule_list_options[] = {
    { .name = "--iftt", .help = "Show trigger and action in display list." },
    { .letter = "-p",
      .name = "--pack",
      .kind = OPTION_TEXT,
      .help = "Only return resources belonging to the provided pack" },
    { .letter = "-c",
      .name = "--action",
      .kind = OPTION_TEXT,
      .help = "Action reference to filter the list.",
      .flags = OPTION_OWN_SECTION },
    { .letter = "-g",
      .name = "--trigger",
      .kind = OPTION_TEXT,
      .help = "Trigger type reference to filter the list.",
      .flags = OPTION_OWN_SECTION },
    { .name = "--enabled", .help = "Show rules that are enabled.", .exclusive = 1 },
    { .name = "--disabled", .help = "Show rules that are disabled.", .exclusive = 1 },
    OPTIONS_END,
};

const struct cli_command command_rule_list = {
    .name = "list",
    .help = "Get the list of the 50 most recent rules.",
    .options = COMMON_OPTIONS(options_columns, options_last, rule_list_options),
    .run = rule_list,
};

static const struct get_spec rule_get = {
    .resource = &rule,
    .operand = "ref-or-id",
    .order = "id uid ref pack name description enabled action criteria tags trigger type",
};

#define REFERENCE "Reference or ID of the rule."

const struct cli_command command_rule_get =
    GET_COMMAND(rule_get, "ref-or-id", "Get individual rule.", REFERENCE);

const struct cli_command command_rule_create = {
    .name = "create",
    .help = "Create a new rule.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "file", .help = "JSON/YAML file containing the rule to create." }),
    .run = resource_create,
    .data = &rule_item,
};

const struct cli_command command_rule_update = {
    .name = "update",
    .help = "Updating an existing rule.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "ref-or-id", .help = REFERENCE },
                         { "file", .help = "JSON/YAML file containing the rule to update." }),
    .run = resource_update,
    .data = &rule_item,
};

#define RULE_COMMAND(verb, about, call)                                                             \
    {                                                                                               \
        .name = (verb), .help = (about), .options = COMMON_OPTIONS(),                               \
        .operands = OPERANDS({ "ref-or-id", .help = REFERENCE }), .run = (call), .data = &rule_item \
    }

const struct cli_command command_rule_delete =
    RULE_COMMAND("delete", "Delete an existing rule.", resource_delete);
const struct cli_command command_rule_enable =
    RULE_COMMAND("enable", "Enable an existing rule.", resource_enable);
const struct cli_command command_rule_disable =
    RULE_COMMAND("disable", "Disable an existing rule.", resource_disable);

const struct cli_command command_rule_clone = {
    .name = "clone", .help = "Clone a new rule.", .options = COMMON_OPTIONS(), .run = resource_clone
};

/* ---- enforcements ---- */

static const struct resource enforcement = {
    .display = "Rule Enforcement", .plural = "rule enforcements", .path = "/ruleenforcements", .by_name = true
};
static const struct item_spec enforcement_item = { &enforcement, "name-or-id" };

static const struct list_filter enforcement_filters[] = {
    { "--trigger-instance", "trigger_instance" },
    { "--execution", "execution" },
    { "--rule", "rule_ref" },
    { "--timestamp-gt", "enforced_at_gt" },
    { "--timestamp-lt", "enforced_at_lt" },
    { 0 },
};

static const struct list_spec enforcement_list = {
    .resource = &enforcement,
    .attributes = "id rule.ref trigger_instance_id execution_id enforced_at",
    .filters = enforcement_filters,
    .flags = LIST_QUERY | LIST_LAST | LIST_REVERSE_DOCUMENT,
};

static const struct get_spec enforcement_get = {
    .resource = &enforcement,
    .operand = "id",
    .attributes = "id rule.ref trigger_instance_id execution_id failure_reason enforced_at",
    .order = "id rule.ref trigger_instance_id execution_id failure_reason enforced_at",
};

static const struct cli_option enforcement_options[] = {
    { .name = "--trigger-instance",
      .kind = OPTION_TEXT,
      .help = "Trigger instance id to filter the list.",
      .flags = OPTION_OWN_SECTION },
    { .name = "--execution",
      .kind = OPTION_TEXT,
      .help = "Execution id to filter the list.",
      .flags = OPTION_OWN_SECTION },
    { .name = "--rule",
      .kind = OPTION_TEXT,
      .help = "Rule ref to filter the list.",
      .flags = OPTION_OWN_SECTION },
    OPTIONS_END,
};

const struct cli_command command_enforcement_list =
    LIST_COMMAND(enforcement_list, "Get the list of the 50 most recent rule enforcements.", options_last,
                 enforcement_options, options_period, options_columns);
const struct cli_command command_enforcement_get =
    GET_COMMAND(enforcement_get, "id", "Get individual rule enforcement.", "Id of the rule enforcement.");

const struct cli_command command_enforcement_create = {
    .name = "create",
    .help = "Create a new rule enforcement.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "file", .help = "JSON/YAML file containing the rule enforcement to create." }),
    .run = resource_create,
    .data = &enforcement_item,
};

const struct cli_command command_enforcement_update = {
    .name = "update",
    .help = "Updating an existing rule enforcement.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "name-or-id", .help = "Name or ID of the rule enforcement." },
                         { "file", .help = "JSON/YAML file containing the rule enforcement to update." }),
    .run = resource_update,
    .data = &enforcement_item,
};

const struct cli_command command_enforcement_delete = {
    .name = "delete",
    .help = "Delete an existing rule enforcement.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "name-or-id", .help = "Name or ID of the rule enforcement." }),
    .run = resource_delete,
    .data = &enforcement_item,
};

const struct cli_command command_enforcement_clone = { .name = "clone",
                                                       .help = "Clone a new rule enforcement.",
                                                       .options = COMMON_OPTIONS(),
                                                       .run = resource_clone };
