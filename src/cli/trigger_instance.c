/* SPDX-License-Identifier: Apache-2.0 */
/* trigger-instance: events that came in. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/resource.h"

static const struct resource trigger_instance = { .display = "Trigger Instance",
                                                  .plural = "triggerinstances",
                                                  .path = "/triggerinstances" };

static const struct list_filter filters[] = {
    { "--trigger", "trigger" },
    { "--timestamp-gt", "timestamp_gt" },
    { "--timestamp-lt", "timestamp_lt" },
    { "--status", "status" },
    { 0 },
};

static const struct display list_display[] = { { "occurrence_time", DISPLAY_TIME }, { 0 } };

static const struct list_spec list = {
    .resource = &trigger_instance,
    .attributes = "id trigger occurrence_time status",
    .filters = filters,
    .flags = LIST_QUERY | LIST_INCLUDE | LIST_LAST | LIST_REVERSE,
    .display = list_display,
};

static const struct get_spec get = { .resource = &trigger_instance,
                                     .operand = "id",
                                     .order = "id trigger occurrence_time payload" };

static const struct cli_option list_options[] = {
    { .name = "--trigger",
      .kind = OPTION_TEXT,
      .help = "Trigger reference to filter the list.",
      .flags = OPTION_OWN_SECTION },
    OPTIONS_END,
};

static const struct cli_option status_options[] = {
    { .name = "--status",
      .kind = OPTION_TEXT,
      .flags = OPTION_OWN_SECTION,
      .help = "Can be pending, processing, processed or processing_failed." },
    OPTIONS_END,
};

const struct cli_command command_trigger_instance_list =
    LIST_COMMAND(list, "Get the list of the 50 most recent triggerinstances.", options_last, list_options,
                 options_period, status_options, options_columns);
const struct cli_command command_trigger_instance_get =
    GET_COMMAND(get, "id", "Get individual trigger instance.", "Id of the trigger instance.");

static int re_emit_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *id = args_operand(args, "id"), *message;
    VALUE_AUTO(answer);
    BUFFER_AUTO(path);
    int r;

    resource_item_path(&trigger_instance, id ? id : "None", &path);
    buffer_add_text(&path, "/re_emit");
    r = client_json(&cli->client, "POST", path.data, value_null(), &answer, err);
    if (r < 0)
        return r;
    message = value_map_chars(answer, "message");
    if (message)
        puts(message);
    return EXIT_DONE;
}

const struct cli_command command_trigger_instance_re_emit = {
    .name = "re-emit",
    .help = "Re-emit a particular trigger instance.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "id", OPERAND_OPTIONAL, "ID of trigger instance to re-emit." }),
    .run = re_emit_run,
};
