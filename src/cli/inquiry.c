/* SPDX-License-Identifier: Apache-2.0 */
/* inquiry: questions of workflows. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/form.h"
#include "cli/resource.h"
#include "value/json.h"

static const struct resource inquiry = { .display = "Inquiry", .plural = "inquiries", .path = "/inquiries" };

static const struct list_spec list = { .resource = &inquiry,
                                       .attributes = "id roles users route ttl",
                                       .flags = LIST_QUERY | LIST_LAST | LIST_REVERSE };
static const struct get_spec get = { .resource = &inquiry,
                                     .operand = "id",
                                     .attributes = "id roles users route ttl schema",
                                     .order = "id name description" };

const struct cli_command command_inquiry_list =
    LIST_COMMAND(list, "Get the list of the 50 most recent inquiries.", options_last, options_columns);
const struct cli_command command_inquiry_get =
    GET_COMMAND(get, "id", "Get individual inquiry.", "Id of the inquiry.");

static int respond_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *id = args_operand(args, "id"), *text = args_text(args, "--response"), *answered;
    VALUE_AUTO(found);
    VALUE_AUTO(response);
    VALUE_AUTO(body);
    VALUE_AUTO(answer);
    BUFFER_AUTO(path);
    int r;

    resource_item_path(&inquiry, id, &path);
    r = resource_item_get(cli, path.data, &found, err);
    if (r == RESOURCE_ABSENT)
        return error_set(err, -ENOENT, "Resource with id \"%s\" doesn't exist.", id);
    if (r == 0 && text)
        r = json_read(text, strlen(text), JSON_PYTHON, &response, err);
    else if (r == 0)
        r = form_ask(value_path(found, "schema.properties"), &response, err);
    if (r < 0)
        return r;
    body = value_map_new(2);
    value_map_put(&body, "id", value_text(id));
    value_map_put(&body, "response", value_ref(response));
    r = client_json(&cli->client, "PUT", path.data, body, &answer, err);
    if (r < 0)
        return r;
    answered = value_map_chars(answer, "id");
    printf("\nResponse accepted for inquiry %s.\n", answered ? answered : id);
    return EXIT_DONE;
}

static const struct cli_option respond_options[] = {
    { .letter = "-r",
      .name = "--response",
      .kind = OPTION_TEXT,
      .help = "Entire response payload as JSON string (bypass interactive mode)" },
    OPTIONS_END,
};

const struct cli_command command_inquiry_respond = {
    .name = "respond",
    .help = "Respond to an inquiry.",
    .options = COMMON_OPTIONS(respond_options),
    .operands = OPERANDS({ "id", .help = "Inquiry ID" }),
    .run = respond_run,
};
