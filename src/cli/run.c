/* SPDX-License-Identifier: Apache-2.0 */
/* run, action execute, execution re-run: starting executions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/execution.h"

#define EXCLUSIVE_DISPLAY 1

const struct cli_option options_execution[] = {
    { .name = "--with-schema", .help = "Show schema_ouput suggestion with action." },
    { .name = "--raw", .help = "Raw output, don't show sub-tasks for workflows." },
    { .name = "--show-tasks", .help = "Whether to show sub-tasks of an execution." },
    { .name = "--depth",
      .kind = OPTION_INT,
      .help = "Depth to which to show sub-tasks. By default all are shown." },
    { .letter = "-w", .name = "--width", .kind = OPTION_INTS, .help = "Set the width of columns in output." },
    { .name = "--attr",
      .kind = OPTION_TEXTS,
      .exclusive = EXCLUSIVE_DISPLAY,
      .help =
          "List of attributes to include in the output. \"all\" or unspecified will return all attributes." },
    { .letter = "-d",
      .name = "--detail",
      .exclusive = EXCLUSIVE_DISPLAY,
      .help = "Display full detail of the execution in table format." },
    { .letter = "-k",
      .name = "--key",
      .kind = OPTION_TEXT,
      .exclusive = EXCLUSIVE_DISPLAY,
      .help =
          "If result is type of JSON, then print specific key-value pair; dot notation for nested JSON is supported." },
    { .name = "--delay",
      .kind = OPTION_INT,
      .exclusive = EXCLUSIVE_DISPLAY,
      .help = "How long (in milliseconds) to delay the execution before scheduling." },
    { .name = "--tail",
      .exclusive = EXCLUSIVE_DISPLAY,
      .help = "Automatically start tailing new execution." },
    { .name = "--auto-dict",
      .exclusive = EXCLUSIVE_DISPLAY,
      .help = "Automatically convert list items to dictionaries when colons are detected." },
    OPTIONS_END,
};

/* These explain the action, not the command, so -h is a plain flag. */
static const struct cli_option options_action_help[] = {
    { .letter = "-h", .name = "--help", .help = "Print usage for the given action." },
    OPTIONS_END,
};

static const struct cli_option options_async[] = {
    { .letter = "-a", .name = "--async", .help = "Do not wait for action to finish." },
    { .letter = "-e",
      .name = "--inherit-env",
      .help =
          "Pass all the environment variables which are accessible to the CLI as \"env\" parameter to the action. Note: "
          "Only works with python, local and remote runners." },
    OPTIONS_END,
};

static const struct cli_option options_trace[] = {
    { .name = "--trace-tag",
      .alias = "--trace_tag",
      .kind = OPTION_TEXT,
      .help = "A trace tag string to track execution later." },
    { .name = "--trace-id", .kind = OPTION_TEXT, .help = "Existing trace id for this execution." },
    OPTIONS_END,
};

static const struct cli_option options_user[] = {
    { .letter = "-u",
      .name = "--user",
      .kind = OPTION_TEXT,
      .help = "User under which to run the action (admins only)." },
    OPTIONS_END,
};

static const struct resource action_resource = { .display = "Action",
                                                 .plural = "actions",
                                                 .path = "/actions" };

int cli_runner_fetch(struct cli *cli, value action, value *ret, struct error *err)
{
    const char *name = value_map_chars(action, "runner_type"), *action_name = value_map_chars(action, "name");
    VALUE_AUTO(found);
    BUFFER_AUTO(path);
    int r;

    buffer_add_text(&path, "/runnertypes/");
    client_query_add(&path, "name", name);
    r = client_list(&cli->client, path.data, &found, NULL, err);
    if (r < 0)
        return r;
    if (value_list_count(found) == 0)
        return error_set(err, -ENOENT, "Runner type \"%s\" for action \"%s\" cannot be found.",
                         name ? name : "", action_name ? action_name : "");
    *ret = value_ref(value_list_at(found, 0));
    return 0;
}

static int command_help_print(struct cli *cli, const struct cli_args *args)
{
    BUFFER_AUTO(out);

    help_command(cli, args->command, &out);
    fputs(out.data, stdout);
    return EXIT_DONE;
}

/* ---- what is sent ---- */

static value trace_context(const struct cli_args *args)
{
    const char *id = args_text(args, "--trace-id"), *tag = args_text(args, "--trace-tag");
    value trace = value_map_new(1), context = value_map_new(1);

    value_map_set_text(&trace, id && *id ? "id_" : "trace_tag", value_text(id && *id ? id : tag ? tag : ""));
    value_map_put(&context, "trace_context", trace);
    return context;
}

static int execution_create(struct cli *cli, const struct cli_args *args, value action, value parameters,
                            value *ret, struct error *err)
{
    const char *pack = value_map_chars(action, "pack"), *name = value_map_chars(action, "name");
    const char *user = args_text(args, "--user");
    VALUE_AUTO(body);
    int64_t delay = 0;

    body = value_map_new(6);
    value_map_put(&body, "action", value_textf("%s.%s", pack ? pack : "", name ? name : ""));
    value_map_put(&body, "parameters", value_ref(parameters));
    value_map_put(&body, "user", user ? value_text(user) : value_null());
    if (args_int(args, "--delay", &delay) && delay)
        value_map_put(&body, "delay", value_int(delay));
    if (args_text(args, "--trace-id") || args_text(args, "--trace-tag"))
        value_map_put(&body, "context", trace_context(args));
    return client_json(&cli->client, "POST", cli_execution_resource.path, body, ret, err);
}

/* What is said about a new execution; `wait` false: only how to get at it. */
static int started_print(struct cli *cli, const struct cli_args *args, bool wait, value execution,
                         struct error *err)
{
    const char *id = value_map_chars(execution, "id");
    int r;

    if (wait) {
        r = cli_execution_print(cli, args, execution, EXECUTION_ATTRIBUTES, err);
        if (r < 0)
            return r;
    } else {
        printf("To get the results, execute:\n %s execution get %s\n", cli->program, id);
        printf("\nTo view output in real-time, execute:\n %s execution tail %s\n", cli->program, id);
    }
    return value_text_is(value_map_get(execution, "status"), "failed") ? EXIT_ERROR : EXIT_DONE;
}

/* ---- run ---- */

static int run_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    bool wait = *(const bool *)args->command->data && !args_flag(args, "--async");
    const char *ref = args_operand(args, "ref-or-id");
    VALUE_AUTO(action);
    VALUE_AUTO(runner);
    VALUE_AUTO(parameters);
    VALUE_AUTO(execution);
    int r;

    if (args_flag(args, "--help"))
        return ref ? cli_action_help(cli, ref, err) : command_help_print(cli, args);
    if (!ref || !*ref)
        return usage_error(cli, args->command, "Missing action reference or id");
    r = resource_item_find(cli, &action_resource, ref, false, &action, err);
    if (r == 0)
        r = cli_runner_fetch(cli, action, &runner, err);
    if (r == 0)
        r = cli_run_parameters(args, action, runner, args_operands(args, "parameters"), &parameters, err);
    if (r == 0)
        r = execution_create(cli, args, action, parameters, &execution, err);
    if (r == 0)
        r = cli_execution_wait(cli, args, wait, false, &execution, err);
    return r < 0 ? r : started_print(cli, args, wait, execution, err);
}

static const bool waits = true, waits_not = false;

#define RUN_OPTIONS                                                                                     \
    ((const struct cli_option *const[]){ options_signin, options_format, options_action_help,           \
                                         options_execution, options_trace, options_async, options_user, \
                                         NULL })
#define RUN_OPERANDS                                                                                        \
    OPERANDS({ "ref-or-id", OPERAND_OPTIONAL, "Action reference (pack.action_name) or ID of the action." }, \
             { "parameters", OPERAND_ANY,                                                                   \
               "List of keyword args, positional args, and optional args for the action." })

const struct cli_command command_run = {
    .name = "run",
    .help = "Invoke an action manually.",
    .options = RUN_OPTIONS,
    .operands = RUN_OPERANDS,
    .run = run_run,
    .data = &waits,
};

const struct cli_command command_action_execute = {
    .name = "execute",
    .help = "Invoke an action manually.",
    .options = RUN_OPTIONS,
    .operands = RUN_OPERANDS,
    .run = run_run,
    .data = &waits_not,
};

/* ---- re-run ---- */

static bool list_has(value list, value text)
{
    VALUE_LIST_EACH (i, item, list) {
        if (value_equal(item, text))
            return true;
    }
    return false;
}

static value list_or_empty(value list)
{
    return value_is_list(list) ? value_ref(list) : value_list_new(0);
}

/* --items belongs to the one task that is named. Negative for anything else. */
static int items_add(const struct cli_args *args, value tasks, value *body, struct error *err)
{
    value items = args_value(args, "--items"), of_task;

    if (!value_list_count(items))
        return 0;
    if (value_list_count(tasks) != 1)
        return error_set(err, -EINVAL, "--items needs exactly one task in --tasks.");
    of_task = value_map_new(1);
    value_map_set(&of_task, value_ref(value_list_at(tasks, 0)), value_ref(items));
    value_map_put(body, "items", of_task);
    return 0;
}

/* {parameters, tasks, reset, delay, items?, deep?}: reset are the tasks without those that keep their state. */
static int re_run_body(const struct cli_args *args, value parameters, value *ret, struct error *err)
{
    value body = value_map_new(4), reset = value_list_new(4);
    VALUE_AUTO(tasks);
    VALUE_AUTO(kept);
    int64_t delay = 0;

    tasks = list_or_empty(args_value(args, "--tasks"));
    kept = list_or_empty(args_value(args, "--no-reset"));
    VALUE_LIST_EACH (i, task, kept) {
        if (!list_has(tasks, task)) {
            value_unref(body);
            value_unref(reset);
            return error_set(err, -EINVAL, "List of tasks to reset does not match the tasks to rerun.");
        }
    }
    VALUE_LIST_EACH (i, task, tasks) {
        if (!list_has(kept, task))
            value_list_append(&reset, value_ref(task));
    }
    args_int(args, "--delay", &delay);
    value_map_put(&body, "parameters", value_ref(parameters));
    value_map_put(&body, "tasks", value_ref(tasks));
    value_map_put(&body, "reset", reset);
    value_map_put(&body, "delay", value_int(delay));
    if (args_flag(args, "--deep"))
        value_map_put(&body, "deep", value_bool(true));
    if (items_add(args, tasks, &body, err) < 0) {
        value_unref(body);
        return -EINVAL;
    }
    *ret = body;
    return 0;
}

static int re_run_post(struct cli *cli, const struct cli_args *args, const char *id, value before, value *ret,
                       struct error *err)
{
    const char *ref = value_chars(value_path(before, "action.ref"));
    VALUE_AUTO(action);
    VALUE_AUTO(runner);
    VALUE_AUTO(parameters);
    VALUE_AUTO(body);
    BUFFER_AUTO(path);
    int r = resource_item_find(cli, &action_resource, ref ? ref : "", false, &action, err);

    if (r == 0)
        r = cli_runner_fetch(cli, action, &runner, err);
    if (r == 0)
        r = cli_run_parameters(args, action, runner, args_operands(args, "parameters"), &parameters, err);
    if (r == 0)
        r = re_run_body(args, parameters, &body, err);
    if (r < 0)
        return r;
    resource_item_path(&cli_execution_resource, id, &path);
    buffer_add_text(&path, "/re_run");
    return client_json(&cli->client, "POST", path.data, body, ret, err);
}

static int re_run_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    bool wait = !args_flag(args, "--async");
    const char *id = args_operand(args, "id");
    VALUE_AUTO(before);
    VALUE_AUTO(execution);
    BUFFER_AUTO(path);
    int r;

    if (!id && !args_flag(args, "--help"))
        return usage_error(cli, args->command, "Missing execution id");
    if (!id)
        return command_help_print(cli, args);
    resource_item_path(&cli_execution_resource, id, &path);
    r = client_get(&cli->client, path.data, &before, err);
    if (r == CLIENT_ABSENT)
        return error_set(err, -ENOENT, "Action execution with id \"%s\" cannot be found.", id);
    if (r == 0 && args_flag(args, "--help")) {
        const char *ref = value_chars(value_path(before, "action.ref"));

        return cli_action_help(cli, ref ? ref : "", err);
    }
    if (r == 0)
        r = re_run_post(cli, args, id, before, &execution, err);
    if (r == 0)
        r = cli_execution_wait(cli, args, wait, false, &execution, err);
    return r < 0 ? r : started_print(cli, args, wait, execution, err);
}

static const struct cli_option re_run_options[] = {
    { .name = "--tasks", .kind = OPTION_TEXTS_ANY, .help = "Name of the workflow tasks to re-run." },
    { .name = "--no-reset",
      .kind = OPTION_TEXTS_ANY,
      .help =
          "Name of the with-items tasks to not reset. This only applies to Orquesta workflows. By default, all "
          "iterations for with-items tasks is rerun. If no reset, only failed iterations are rerun." },
    { .name = "--items",
      .kind = OPTION_INTS,
      .help =
          "Numbers, from 0, of the items of the one task in --tasks that run again; the others keep their state." },
    { .name = "--deep",
      .help =
          "Go down into tasks that are workflows: they go on from what failed in them instead of beginning anew." },
    OPTIONS_END,
};

const struct cli_command command_execution_re_run = {
    .name = "re-run",
    .help = "Re-run a particular action.",
    .options =
        (const struct cli_option *const[]){ options_signin, options_format, re_run_options, options_async,
                                            options_action_help, options_execution, NULL },
    .operands = OPERANDS({ "id", OPERAND_OPTIONAL, "ID of action execution to re-run" },
                         { "parameters", OPERAND_ANY,
                           "List of keyword args, positional args, and optional args for the action." }),
    .run = re_run_run,
};
