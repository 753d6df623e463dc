/* SPDX-License-Identifier: Apache-2.0 */
/* execution: list, get, cancel, pause, resume; `re-run` is in run.c, `tail` in tail.c. */
#include "cli/execution.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"

const struct resource cli_execution_resource = { .display = "Action Execution",
                                                 .plural = "action executions",
                                                 .path = "/executions" };

/* ---- list ---- */

static const struct list_filter list_filters[] = {
    { "--action", "action" },
    { "--status", "status" },
    { "--user", "user" },
    { "--trigger_instance", "trigger_instance" },
    { "--timestamp-gt", "timestamp_gt" },
    { "--timestamp-lt", "timestamp_lt" },
    { 0 },
};

static const struct list_spec list = {
    .resource = &cli_execution_resource,
    .attributes = "id action.ref context.user status start_timestamp end_timestamp",
    .filters = list_filters,
    .flags = LIST_QUERY | LIST_LAST | LIST_REVERSE,
    .display = display_execution,
};

/* When any of them has children, their ids are marked and the others indented. Owned. */
static value workflows_mark(value entries)
{
    value marked = value_list_new(value_list_count(entries));
    bool any = false;

    VALUE_LIST_EACH (i, entry, entries)
        any |= value_truth(value_map_get(entry, "children"));
    VALUE_LIST_EACH (i, entry, entries) {
        value copy = value_ref(entry);
        const char *id = value_map_chars(entry, "id");

        if (any && id)
            value_map_put(
                &copy, "id",
                value_textf("%s%s", value_truth(value_map_get(entry, "children")) ? "+ " : "  ", id));
        value_list_append(&marked, copy);
    }
    return marked;
}

static value elapsed_all(value entries)
{
    value shown = value_list_new(value_list_count(entries));

    VALUE_LIST_EACH (i, entry, entries)
        value_list_append(&shown, value_is_map(entry) ? display_elapsed(value_ref(entry)) : value_ref(entry));
    return shown;
}

static int execution_list(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *sort = args_text(args, "--sort");
    VALUE_AUTO(attributes);
    VALUE_AUTO(entries);
    VALUE_AUTO(marked);
    BUFFER_AUTO(path);
    int64_t total = -1;
    int r;

    attributes = resource_list_attributes(args, list.attributes);
    resource_list_path(&list, args, attributes, &path);
    if (!args_flag(args, "--showall"))
        client_query_add(&path, "parent", "null");
    if (sort && (strcmp(sort, "asc") == 0 || strcmp(sort, "ascending") == 0))
        client_query_add(&path, "sort_asc", "True");
    else if (!sort || strcmp(sort, "desc") == 0 || strcmp(sort, "descending") == 0)
        client_query_add(&path, "sort_desc", "True");
    resource_include_add(attributes, &path);
    r = client_list(&cli->client, path.data, &entries, &total, err);
    if (r < 0)
        return r;
    marked = workflows_mark(entries);
    if (output_form(args) == OUTPUT_TEXT)
        value_replace(&marked, elapsed_all(marked));
    return resource_list_print(&list, args, attributes, marked, total, err);
}

static const struct cli_option list_options[] = {
    { .letter = "-s",
      .name = "--sort",
      .kind = OPTION_TEXT,
      .metavar = "SORT_ORDER",
      .help =
          "Sort action executions by start timestamp, asc|ascending (earliest first) or desc|descending (latest "
          "first)" },
    { .name = "--action",
      .kind = OPTION_TEXT,
      .help = "Action reference to filter the list.",
      .flags = OPTION_OWN_SECTION },
    { .name = "--status",
      .kind = OPTION_TEXT,
      .flags = OPTION_OWN_SECTION,
      .help =
          "Only return executions with the provided status. Possible values are 'succeeded', 'running', 'scheduled', "
          "'paused', 'failed', 'canceling' or 'canceled'." },
    { .name = "--user",
      .kind = OPTION_TEXT,
      .help = "Only return executions created by the provided user.",
      .flags = OPTION_OWN_SECTION },
    { .name = "--trigger_instance",
      .kind = OPTION_TEXT,
      .help = "Trigger instance id to filter the list.",
      .flags = OPTION_OWN_SECTION },
    OPTIONS_END,
};

static const struct cli_option showall_options[] = {
    { .letter = "-l", .name = "--showall", .help = "Also list the executions of workflow tasks." },
    OPTIONS_END,
};

const struct cli_command command_execution_list = {
    .name = "list",
    .help = "Get the list of the 50 most recent action executions.",
    .options = COMMON_OPTIONS(options_last, list_options, options_period, showall_options, options_columns),
    .run = execution_list,
};

/* ---- get ---- */

static void get_query(const struct cli_args *args, value attributes, struct buffer *query)
{
    VALUE_AUTO(included);

    if (args_flag(args, "--exclude-result")) {
        client_query_add(query, "exclude_attributes", "result");
        return;
    }
    if (attributes_all(attributes))
        return;
    included = attributes_list("action.ref action.runner_type start_timestamp end_timestamp log");
    value_list_extend(&included, attributes);
    resource_include_add(included, query);
}

/* Of a workflow that is not over, for a person. */
static bool shows_waits(const struct cli_args *args, value execution)
{
    const char *status = value_map_chars(execution, "status");

    return output_form(args) == OUTPUT_TEXT && !args_flag(args, "--raw") && !args_flag(args, "--detail") &&
           cli_execution_is_workflow(execution) && status && !display_is_completed(status) &&
           value_map_chars(execution, "id");
}

static int execution_get(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(attributes);
    VALUE_AUTO(items);
    BUFFER_AUTO(query);
    int r;

    attributes = resource_list_attributes(args, EXECUTION_ATTRIBUTES_GET);
    get_query(args, attributes, &query);
    r = resource_items_get(cli, &cli_execution_resource, args_operands(args, "id"), buffer_text(&query),
                           &items, err);
    if (r < 0)
        return r;
    VALUE_LIST_EACH (i, item, items) {
        VALUE_AUTO(shown);

        shown = output_form(args) == OUTPUT_TEXT ? display_elapsed(value_ref(item)) : value_ref(item);
        r = cli_execution_print(cli, args, shown, EXECUTION_ATTRIBUTES_GET, err);
        if (r == 0 && shows_waits(args, item))
            r = cli_execution_waits_print(cli, value_map_chars(item, "id"), err);
        if (r < 0)
            return r;
    }
    return EXIT_DONE;
}

static const struct cli_option get_options[] = {
    { .letter = "-x", .name = "--exclude-result", .help = "Don't retrieve and display the result field" },
    OPTIONS_END,
};

const struct cli_command command_execution_get = {
    .name = "get",
    .help = "Get individual action execution.",
    .options = COMMON_OPTIONS(get_options, options_execution),
    .operands = OPERANDS({ "id", OPERAND_SOME, "ID of the action execution." }),
    .run = execution_get,
};

/* ---- cancel ---- */

static int execution_cancel_one(struct cli *cli, const char *id, struct error *err)
{
    CLEANUP(reply_release)
    struct reply reply = { 0 };
    struct request request = { .method = "DELETE" };
    VALUE_AUTO(answer);
    BUFFER_AUTO(path);
    const char *fault;
    int r;

    resource_item_path(&cli_execution_resource, id, &path);
    request.path = path.data;
    r = client_call(&cli->client, &request, &reply, err);
    if (r < 0)
        return r;
    if (reply.status != 404) {
        r = reply_check(&reply, err);
        if (r < 0)
            return r;
    }
    if (reply.text.len && reply_json(&reply, &answer, err) < 0)
        error_release(err);
    fault = value_map_chars(answer, "faultstring");
    if (fault)
        puts(fault);
    else
        printf("action execution with id %s canceled.\n", id);
    return 0;
}

static int execution_cancel(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_LIST_EACH (i, id, args_operands(args, "ids")) {
        int r = execution_cancel_one(cli, value_chars(id), err);

        if (r < 0)
            return r;
    }
    return EXIT_DONE;
}

const struct cli_command command_execution_cancel = {
    .name = "cancel",
    .help = "Cancel action executions.",
    .options = COMMON_OPTIONS(),
    .operands = OPERANDS({ "ids", OPERAND_SOME, "IDs of the action executions to cancel." }),
    .run = execution_cancel,
};

/* ---- pause, resume ---- */

/* Puts the status that the command's data names, then prints what came of it. */
static int execution_put_status(struct cli *cli, const struct cli_args *args, struct error *err)
{
    value ids = args_operands(args, "ids");
    VALUE_AUTO(body);
    VALUE_AUTO(changed);

    body = value_map_new(1);
    value_map_put(&body, "status", value_text(args->command->data));
    changed = value_list_new(value_list_count(ids));
    VALUE_LIST_EACH (i, id, ids) {
        value execution = VALUE_NOTHING;
        BUFFER_AUTO(path);
        int r;

        resource_item_path(&cli_execution_resource, value_chars(id), &path);
        r = client_json(&cli->client, "PUT", path.data, body, &execution, err);
        if (r < 0)
            return r;
        value_list_append(&changed, execution);
    }
    VALUE_LIST_EACH (i, execution, changed) {
        VALUE_AUTO(shown);
        int r;

        shown =
            output_form(args) == OUTPUT_TEXT ? display_elapsed(value_ref(execution)) : value_ref(execution);
        r = cli_execution_print(cli, args, shown, EXECUTION_ATTRIBUTES, err);
        if (r < 0)
            return r;
    }
    return EXIT_DONE;
}

const struct cli_command command_execution_pause = {
    .name = "pause",
    .help = "Pause action executions (workflow executions only).",
    .options = COMMON_OPTIONS(options_execution),
    .operands = OPERANDS({ "ids", OPERAND_SOME, "ID of action execution to pause." }),
    .run = execution_put_status,
    .data = "pausing",
};

const struct cli_command command_execution_resume = {
    .name = "resume",
    .help = "Resume action executions (workflow executions only).",
    .options = COMMON_OPTIONS(options_execution),
    .operands = OPERANDS({ "ids", OPERAND_SOME, "ID of action execution to resume." }),
    .run = execution_put_status,
    .data = "resuming",
};
