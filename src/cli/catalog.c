/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that only list, show and change things of one kind: policies, triggers, sensors, runners, timers,
   webhooks, roles. */
#include "cli/commands.h"
#include "cli/attributes.h"
#include "cli/resource.h"

/* The rows that kinds with files and switches share; `item` names kind and operand. */
#define CREATE_COMMAND(item, thing)                                                                     \
    {                                                                                                   \
        .name = "create", .help = "Create a new " thing ".", .options = COMMON_OPTIONS(),               \
        .operands = OPERANDS({ "file", .help = "JSON/YAML file containing the " thing " to create." }), \
        .run = resource_create, .data = &(item)                                                         \
    }
#define UPDATE_COMMAND(item, thing, id, what)                                                           \
    {                                                                                                   \
        .name = "update", .help = "Updating an existing " thing ".", .options = COMMON_OPTIONS(),       \
        .operands = OPERANDS({ id, .help = (what) },                                                    \
                             { "file", .help = "JSON/YAML file containing the " thing " to update." }), \
        .run = resource_update, .data = &(item)                                                         \
    }
#define ITEM_COMMAND(verb, about, call, item, id, what)                              \
    {                                                                                \
        .name = (verb), .help = (about), .options = COMMON_OPTIONS(),                \
        .operands = OPERANDS({ id, .help = (what) }), .run = (call), .data = &(item) \
    }
#define CLONE_COMMAND(thing)                                                            \
    {                                                                                   \
        .name = "clone", .help = "Clone a new " thing ".", .options = COMMON_OPTIONS(), \
        .run = resource_clone                                                           \
    }

#define REFERENCE(thing) "Reference or ID of the " thing "."
#define NAME(thing)      "Name or ID of the " thing "."

static const struct list_filter pack_filter[] = { { "--pack", "pack" }, { 0 } };

/* ---- policies ---- */

static const struct resource policy = { .display = "Policy", .plural = "policies", .path = "/policies" };
static const struct item_spec policy_item = { &policy, "ref-or-id" };
static const struct list_filter policy_filters[] = {
    { "--pack", "pack" }, { "--resource-ref", "resource_ref" }, { "--policy-type", "policy_type" }, { 0 }
};
static const struct list_spec policy_list = { .resource = &policy,
                                              .attributes = "ref resource_ref policy_type enabled",
                                              .filters = policy_filters,
                                              .flags = LIST_QUERY | LIST_INCLUDE };
static const struct get_spec policy_get = {
    .resource = &policy,
    .operand = "ref-or-id",
    .order = "id ref pack name description enabled resource_ref policy_type parameters",
};
static const struct cli_option policy_options[] = {
    { .letter = "-r",
      .name = "--resource-ref",
      .kind = OPTION_TEXT,
      .help = "Return policies for the resource ref." },
    { .letter = "-pt",
      .name = "--policy-type",
      .kind = OPTION_TEXT,
      .help = "Return policies of the policy type." },
    OPTIONS_END,
};

const struct cli_command command_policy_list =
    LIST_COMMAND(policy_list, "Get the list of policies.", options_columns, options_pack, policy_options);
const struct cli_command command_policy_get =
    GET_COMMAND(policy_get, "ref-or-id", "Get individual policy.", REFERENCE("policy"));
const struct cli_command command_policy_create = CREATE_COMMAND(policy_item, "policy");
const struct cli_command command_policy_update =
    UPDATE_COMMAND(policy_item, "policy", "ref-or-id", REFERENCE("policy"));
const struct cli_command command_policy_delete = ITEM_COMMAND(
    "delete", "Delete an existing policy.", resource_delete, policy_item, "ref-or-id", REFERENCE("policy"));
const struct cli_command command_policy_clone = CLONE_COMMAND("policy");

static const struct resource policy_type = { .display = "Policy type",
                                             .plural = "policy types",
                                             .path = "/policytypes" };
static const struct list_filter policy_type_filters[] = { { "--resource-type", "resource_type" }, { 0 } };
static const struct list_spec policy_type_list = { .resource = &policy_type,
                                                   .attributes = "id resource_type name description",
                                                   .filters = policy_type_filters,
                                                   .flags = LIST_QUERY_FILTERED };
static const struct get_spec policy_type_get = { .resource = &policy_type,
                                                 .operand = "ref-or-id",
                                                 .order = "id name description" };
static const struct cli_option policy_type_options[] = {
    { .letter = "-r",
      .name = "--resource-type",
      .kind = OPTION_TEXT,
      .help = "Return policy types for the resource type." },
    OPTIONS_END,
};

const struct cli_command command_policy_type_list =
    LIST_COMMAND(policy_type_list, "Get the list of policy types.", options_columns, policy_type_options);
const struct cli_command command_policy_type_get =
    GET_COMMAND(policy_type_get, "ref-or-id", "Get individual policy type.", REFERENCE("policy type"));

/* ---- triggers ---- */

static const struct resource trigger = { .display = "Trigger",
                                         .plural = "triggers",
                                         .path = "/triggertypes" };
static const struct resource trigger_specification = { .display = "Trigger Specification",
                                                       .plural = "trigger specifications",
                                                       .path = "/triggers" };
static const struct item_spec trigger_item = { &trigger, "ref-or-id" };
static const struct list_spec trigger_list = {
    .resource = &trigger, .attributes = "ref pack description", .filters = pack_filter, .flags = LIST_INCLUDE
};
static const struct get_spec trigger_get = {
    .resource = &trigger,
    .operand = "ref-or-id",
    .order = "id ref pack name description parameters_schema payload_schema",
};

const struct cli_command command_trigger_list =
    LIST_COMMAND(trigger_list, "Get the list of triggers.", options_columns, options_pack);
const struct cli_command command_trigger_get =
    GET_COMMAND(trigger_get, "ref-or-id", "Get individual trigger.", REFERENCE("trigger"));
const struct cli_command command_trigger_create = CREATE_COMMAND(trigger_item, "trigger");
const struct cli_command command_trigger_update =
    UPDATE_COMMAND(trigger_item, "trigger", "ref-or-id", REFERENCE("trigger"));
const struct cli_command command_trigger_delete =
    ITEM_COMMAND("delete", "Delete an existing trigger.", resource_delete, trigger_item, "ref-or-id",
                 REFERENCE("trigger"));
const struct cli_command command_trigger_clone = CLONE_COMMAND("trigger");

static int trigger_getspecs(struct cli *cli, const struct cli_args *args, struct error *err)
{
    static const struct list_spec spec = { .resource = &trigger_specification };
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    BUFFER_AUTO(path);
    int r;

    attributes = value_list_new(0);
    buffer_addf(&path, "%s/", trigger_specification.path);
    client_query_add(&path, "type", args_operand(args, "ref") ? args_operand(args, "ref") : "None");
    r = client_list(&cli->client, path.data, &entries, NULL, err);
    return r < 0 ? r : resource_list_print(&spec, args, attributes, entries, -1, err);
}

const struct cli_command command_trigger_getspecs = {
    .name = "getspecs",
    .help = "Return Trigger Specifications of a Trigger.",
    .options = COMMON_OPTIONS(),
    .operands =
        OPERANDS({ "ref", OPERAND_OPTIONAL, "Fully qualified name (pack.trigger_name) of the trigger." }),
    .run = trigger_getspecs,
};

/* ---- sensors ---- */

static const struct resource sensor = { .display = "Sensor",
                                        .plural = "sensortypes",
                                        .path = "/sensortypes" };
static const struct item_spec sensor_item = { &sensor, "ref-or-id" };
static const struct list_spec sensor_list = { .resource = &sensor,
                                              .attributes = "ref pack description enabled",
                                              .filters = pack_filter,
                                              .flags = LIST_INCLUDE };
static const struct get_spec sensor_get = {
    .resource = &sensor,
    .operand = "ref-or-id",
    .order = "id uid ref pack name enabled entry_point artifact_uri trigger_types",
};

const struct cli_command command_sensor_list =
    LIST_COMMAND(sensor_list, "Get the list of sensortypes.", options_columns, options_pack);
const struct cli_command command_sensor_get =
    GET_COMMAND(sensor_get, "ref-or-id", "Get individual sensor.", REFERENCE("sensor"));
const struct cli_command command_sensor_enable = ITEM_COMMAND(
    "enable", "Enable an existing sensor.", resource_enable, sensor_item, "ref-or-id", REFERENCE("sensor"));
const struct cli_command command_sensor_disable =
    ITEM_COMMAND("disable", "Disable an existing sensor.", resource_disable, sensor_item, "ref-or-id",
                 REFERENCE("sensor"));

/* ---- runners ---- */

static const struct resource runner = {
    .display = "Runner", .plural = "runners", .path = "/runnertypes", .by_name = true
};
static const struct item_spec runner_item = { &runner, "name-or-id" };
static const struct list_spec runner_list = { .resource = &runner,
                                              .attributes = "id name description",
                                              .flags = LIST_INCLUDE };
static const struct get_spec runner_get = { .resource = &runner,
                                            .operand = "name-or-id",
                                            .order = "id name description" };

const struct cli_command command_runner_list =
    LIST_COMMAND(runner_list, "Get the list of runners.", options_columns);
const struct cli_command command_runner_get =
    GET_COMMAND(runner_get, "name-or-id", "Get individual runner.", NAME("runner"));
const struct cli_command command_runner_enable = ITEM_COMMAND(
    "enable", "Enable an existing runner.", resource_enable, runner_item, "name-or-id", NAME("runner"));
const struct cli_command command_runner_disable = ITEM_COMMAND(
    "disable", "Disable an existing runner.", resource_disable, runner_item, "name-or-id", NAME("runner"));

/* ---- timers ---- */

static const struct resource timer = { .display = "Timer", .plural = "timers", .path = "/timers" };
static const struct list_filter timer_filters[] = { { "--timer-type", "timer_type" }, { 0 } };
static const struct list_spec timer_list = { .resource = &timer,
                                             .attributes = "id uid pack name type parameters",
                                             .filters = timer_filters,
                                             .flags = LIST_QUERY_FILTERED };
static const struct get_spec timer_get = { .resource = &timer,
                                           .operand = "name-or-id",
                                           .order = "type pack name description parameters" };
static const struct cli_option timer_options[] = {
    { .letter = "-ty",
      .name = "--timer-type",
      .kind = OPTION_TEXT,
      .help =
          "List timers type, example: 'core.st2.IntervalTimer', 'core.st2.DateTimer', 'core.st2.CronTimer'." },
    OPTIONS_END,
};

const struct cli_command command_timer_list =
    LIST_COMMAND(timer_list, "Get the list of timers.", options_columns, timer_options);
const struct cli_command command_timer_get =
    GET_COMMAND(timer_get, "name-or-id", "Get individual timer.", NAME("timer"));

/* ---- webhooks ---- */

static const struct resource webhook = { .display = "Webhook", .plural = "webhooks", .path = "/webhooks" };
static const struct list_spec webhook_list_spec = { .resource = &webhook,
                                                    .attributes = "url type description",
                                                    .filters = pack_filter };
static const struct get_spec webhook_get = { .resource = &webhook,
                                             .operand = "url",
                                             .order = "type description" };

static bool sorts_before(value a, value b)
{
    int order = 0;

    value_compare(value_map_get(a, "url"), value_map_get(b, "url"), &order);
    return order < 0;
}

/* Each hook with its "url" on top, in the order of these. */
static int webhook_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    VALUE_AUTO(hooks);
    BUFFER_AUTO(path);
    int r;

    attributes = resource_list_attributes(args, webhook_list_spec.attributes);
    resource_list_path(&webhook_list_spec, args, attributes, &path);
    r = client_list(&cli->client, path.data, &entries, NULL, err);
    if (r < 0)
        return r;
    hooks = value_list_new(value_list_count(entries));
    VALUE_LIST_EACH (i, entry, entries) {
        value hook = value_ref(entry), url = value_path(entry, "parameters.url");
        size_t at = value_list_count(hooks);

        if (!value_is_map(hook)) {
            value_unref(hook);
            continue;
        }
        value_map_put(&hook, "url", value_is_set(url) ? value_ref(url) : value_text(""));
        while (at > 0 && sorts_before(hook, value_list_at(hooks, at - 1)))
            at--;
        value_list_insert(&hooks, at, hook);
    }
    return resource_list_print(&webhook_list_spec, args, attributes, hooks, -1, err);
}

const struct cli_command command_webhook_list = {
    .name = "list",
    .help = "Get the list of webhooks.",
    .options = COMMON_OPTIONS(options_columns, options_pack),
    .run = webhook_list,
};
const struct cli_command command_webhook_get =
    GET_COMMAND(webhook_get, "url", "Get individual webhook.", "Url of the webhook.");

/* ---- roles ---- */

static const struct resource role = { .display = "Role", .plural = "roles", .path = "/rbac/roles" };
static const struct list_filter role_filters[] = { { "--system", "system", "True" }, { 0 } };
static const struct list_spec role_list = { .resource = &role,
                                            .attributes = "id name system description",
                                            .filters = role_filters,
                                            .flags = LIST_QUERY_FILTERED };
static const struct get_spec role_get = { .resource = &role,
                                          .operand = "id",
                                          .order = "id name system permission_grants" };
static const struct cli_option role_options[] = {
    { .letter = "-s", .name = "--system", .help = "Only display system roles." },
    OPTIONS_END,
};

const struct cli_command command_role_list =
    LIST_COMMAND(role_list, "Get the list of the roles.", role_options, options_columns);
const struct cli_command command_role_get =
    GET_COMMAND(role_get, "id", "Get individual role.", "Id of the role.");

static const struct resource role_assignment = { .display = "Role Assignment",
                                                 .plural = "role assignments",
                                                 .path = "/rbac/role_assignments" };
static const struct list_filter role_assignment_filters[] = { { "--role", "role" },
                                                              { "--user", "user" },
                                                              { "--source", "source" },
                                                              { "--remote", "remote", "True" },
                                                              { 0 } };
static const struct list_spec role_assignment_list = { .resource = &role_assignment,
                                                       .attributes =
                                                           "id role user is_remote source description",
                                                       .filters = role_assignment_filters,
                                                       .flags = LIST_QUERY_FILTERED };
static const struct get_spec role_assignment_get = { .resource = &role_assignment,
                                                     .operand = "id",
                                                     .order = "id role user is_remote description" };
static const struct cli_option role_assignment_options[] = {
    { .letter = "-r", .name = "--role", .kind = OPTION_TEXT, .help = "Role to filter on." },
    { .letter = "-u", .name = "--user", .kind = OPTION_TEXT, .help = "User to filter on." },
    { .letter = "-s", .name = "--source", .kind = OPTION_TEXT, .help = "Source to filter on." },
    { .name = "--remote", .help = "Only display remote role assignments." },
    OPTIONS_END,
};

const struct cli_command command_role_assignment_list = LIST_COMMAND(
    role_assignment_list, "Get the list of the role assignments.", role_assignment_options, options_columns);
const struct cli_command command_role_assignment_get =
    GET_COMMAND(role_assignment_get, "id", "Get individual role assignment.", "Id of the role assignment.");
