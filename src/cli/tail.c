/* SPDX-License-Identifier: Apache-2.0 */
/* Following the output of an execution, from its beginning where the server can tell it, else from now on. What belongs to it is known by ids: its own, and those of executions
   whose parent is known already. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strmap.h"
#include "cli/commands.h"
#include "cli/execution.h"

struct tail {
    const char *id;   /* of the execution that is followed */
    bool is_child;    /* it is itself a task */
    const char *type; /* NULL: any */
    bool metadata;
    struct strmap ids;
};

static const char *event_task(value event)
{
    const char *name = value_chars(value_path(event, "context.orquesta.task_name"));

    if (!name)
        name = value_chars(value_path(event, "context.chain.name"));
    return name ? name : "unknown";
}

/* A change of an execution; true when there is nothing more to follow. */
static bool tail_change(struct tail *tail, value event, const char *status)
{
    const char *id = value_map_chars(event, "id");
    const char *parent = value_chars(value_path(event, "context.parent.execution_id"));
    bool completed = display_is_completed(status), running = strcmp(status, "running") == 0;

    if (!id || !strmap_get(&tail->ids, parent && !tail->is_child ? parent : id))
        return false;
    strmap_set(&tail->ids, id, tail);
    if (parent && running) {
        printf("Child execution (task=%s) %s has started.\n\n", event_task(event), id);
    } else if (parent && completed) {
        printf("\nChild execution (task=%s) %s has finished (status=%s).\n", event_task(event), id, status);
        return tail->is_child;
    } else if (running && value_list_count(value_map_get(event, "children")) == 0) {
        printf("Execution %s has started.\n\n", tail->id);
    } else if (completed) {
        printf("\nExecution %s has completed (status=%s).\n", tail->id, status);
        return true;
    }
    return false;
}

static void tail_output(struct tail *tail, value event)
{
    const char *id = value_map_chars(event, "execution_id"), *type = value_map_chars(event, "output_type");
    const char *text = value_map_chars(event, "data"), *time = value_map_chars(event, "timestamp");

    if (!id || !text || !strmap_get(&tail->ids, id))
        return;
    if (tail->type && strcmp(tail->type, "all") != 0 && (!type || strcmp(tail->type, type) != 0))
        return;
    if (tail->metadata)
        printf("[%s][%s] ", time ? time : "", type ? type : "");
    fputs(text, stdout);
}

static bool tail_event(void *data, value event)
{
    struct tail *tail = data;
    const char *status = value_map_chars(event, "status");
    bool ended = false;

    if (status)
        ended = tail_change(tail, event, status);
    else
        tail_output(tail, event);
    fflush(stdout);
    return ended;
}

static int output_print(struct cli *cli, const char *id, const char *type, const char *status,
                        struct error *err)
{
    CLEANUP(reply_release)
    struct reply reply = { 0 };
    struct request request = { 0 };
    BUFFER_AUTO(path);
    int r;

    resource_item_path(&cli_execution_resource, id, &path);
    buffer_add_text(&path, "/output");
    client_query_add(&path, "output_type", type);
    request.path = path.data;
    r = client_call(&cli->client, &request, &reply, err);
    if (r == 0)
        r = reply_check(&reply, err);
    if (r < 0)
        return r;
    fwrite(buffer_text(&reply.text), 1, reply.text.len, stdout);
    printf("\nExecution %s has completed (status=%s).\n", id, status);
    return 0;
}

int cli_execution_tail(struct cli *cli, value execution, const char *type, bool metadata, struct error *err)
{
    const char *status = value_map_chars(execution, "status");
    struct tail tail = { .id = value_map_chars(execution, "id"), .type = type, .metadata = metadata };
    VALUE_AUTO(newer);
    BUFFER_AUTO(path);
    int r;

    if (!tail.id || !status)
        return error_set(err, -EPROTO, "The server's answer is no execution");
    if (display_is_completed(status))
        return output_print(cli, tail.id, type, status, err);

    resource_item_path(&cli_execution_resource, tail.id, &path);
    client_query_add(&path, "include_attributes", "id,children");
    r = client_json(&cli->client, NULL, path.data, VALUE_NOTHING, &newer, err);
    if (r < 0)
        return r;
    tail.is_child = value_truth(value_map_get(execution, "parent")) ||
                    value_truth(value_path(execution, "context.parent.execution_id"));
    strmap_set(&tail.ids, tail.id, &tail);
    VALUE_LIST_EACH (i, child, value_map_get(newer, "children")) {
        if (value_is_string(child))
            strmap_set(&tail.ids, value_chars(child), &tail);
    }
    r = client_follow(&cli->client, tail.id, tail_event, &tail, err);
    if (r == CLIENT_ABSENT)
        r = client_stream(&cli->client, "st2.execution__update,st2.execution.output__create", tail.id,
                          tail_event, &tail, err);
    strmap_release(&tail.ids);
    return r;
}

/* ---- the command ---- */

static int tail_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *id = args_operand(args, "id");
    VALUE_AUTO(found);
    VALUE_AUTO(execution);
    BUFFER_AUTO(path);
    int r;

    if (!id || strcmp(id, "last") == 0) {
        buffer_addf(&path, "%s/?limit=1", cli_execution_resource.path);
        r = client_list(&cli->client, path.data, &found, NULL, err);
        if (r == 0 && value_list_count(found) == 0) {
            puts("No executions found in db.");
            return EXIT_DONE;
        }
        execution = value_ref(value_list_at(found, 0));
    } else {
        resource_item_path(&cli_execution_resource, id, &path);
        r = client_get(&cli->client, path.data, &execution, err);
        if (r == CLIENT_ABSENT)
            return error_set(err, -ENOENT, "Execution  with id %s not found.", id);
    }
    if (r < 0)
        return r;
    return cli_execution_tail(cli, execution, args_text(args, "--type"),
                              args_flag(args, "--include-metadata"), err);
}

static const struct cli_option tail_options[] = {
    { .name = "--type",
      .kind = OPTION_TEXT,
      .metavar = "OUTPUT_TYPE",
      .help = "Type of output to tail for. If not provided, defaults to all." },
    { .name = "--include-metadata", .help = "Include metadata (timestamp, output type) with the output." },
    OPTIONS_END,
};

const struct cli_command command_execution_tail = {
    .name = "tail",
    .help = "Tail output of a particular execution.",
    .options = COMMON_OPTIONS(tail_options),
    .operands = OPERANDS({ "id", OPERAND_OPTIONAL, "ID of action execution to tail." }),
    .run = tail_run,
};
