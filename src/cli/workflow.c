/* SPDX-License-Identifier: Apache-2.0 */
/* workflow inspect; and the registry of services. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/resource.h"
#include "value/yaml.h"
#include "workflow/inspect.h"

#define PACKS_DIR "/opt/stackstorm/packs"

/* ---- inspect ---- */

/* Where the definition of a registered action stands on this machine. Owned. */
static int action_file(struct cli *cli, const char *ref, char **ret, struct error *err)
{
    const char *pack, *entry_point;
    VALUE_AUTO(action);
    BUFFER_AUTO(path);
    int r;

    buffer_add_text(&path, "/actions/");
    client_path_add(&path, ref ? ref : "None");
    r = client_get(&cli->client, path.data, &action, err);
    if (r < 0)
        return r;
    pack = value_map_chars(action, "pack");
    entry_point = value_map_chars(action, "entry_point");
    if (r == CLIENT_ABSENT || !pack || !entry_point)
        return error_set(err, -ENOENT, "Unable to identify action \"%s\".", ref ? ref : "None");
    *ret = xasprintf(PACKS_DIR "/%s/actions/%s", pack, entry_point);
    return 0;
}

static int definition_read(struct cli *cli, const struct cli_args *args, char **ret, struct error *err)
{
    CLEANUP(freep)
    char *file = args_text(args, "--file") ? xstrdup(args_text(args, "--file")) : NULL;
    struct stat st;
    size_t len;

    if (!file) {
        int r = action_file(cli, args_text(args, "--action"), &file, err);

        if (r < 0)
            return r;
    }
    if (stat(file, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(err, -ENOENT, "File \"%s\" does not exist on local system.", file);
    return cli_file_read(file, ret, &len, err);
}

/* Names that lead nowhere, on the standard error: beside the findings, not among them, since scripts read those. */
static void hints_print(const struct workflow_spec *spec, const char *file, const char *text, size_t n)
{
    VALUE_AUTO(hints);
    VALUE_AUTO(placed);

    hints = workflow_hints(spec);
    placed = workflow_inspection_placed(hints, text, n);
    VALUE_LIST_EACH (i, hint, placed) {
        const char *suggestion = value_map_chars(hint, "hint");

        if (file)
            fprintf(stderr, "%s:", file);
        fprintf(stderr, "%lld:%lld: hint: %s.%s%s (%s)\n", (long long)value_map_int(hint, "line", 1),
                (long long)value_map_int(hint, "column", 1), value_map_chars(hint, "message"),
                suggestion ? " " : "", suggestion ? suggestion : "", value_map_chars(hint, "spec_path"));
    }
}

/* Without a server: "FILE:LINE:COLUMN: MESSAGE" for each finding, as compilers tell theirs. */
static int file_inspect(const char *file, bool *ret_clean, struct error *err)
{
    CLEANUP(freep)
    char *text = NULL;
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    VALUE_AUTO(context);
    VALUE_AUTO(list);
    VALUE_AUTO(placed);
    value findings;
    size_t n;
    int r;

    r = cli_file_read(file, &text, &n, err);
    if (r < 0)
        return r;
    context = value_map_new(1);
    value_map_put(&context, "st2", value_map_new(0));
    r = workflow_spec_load_text(text, n, SPEC_EXTENSIONS, &spec, err);
    if (r == 0)
        r = workflow_inspect(spec, context, &findings, err);
    if (r < 0)
        return error_prefix(err, r, "%s", file);
    list = workflow_inspection_list(findings, VALUE_NOTHING);
    placed = workflow_inspection_placed(list, text, n);
    VALUE_LIST_EACH (i, finding, placed) {
        const char *path = value_map_chars(finding, "spec_path");

        printf("%s:%lld:%lld: %s (%s%s%s)\n", file, (long long)value_map_int(finding, "line", 1),
               (long long)value_map_int(finding, "column", 1), value_map_chars(finding, "message"),
               value_map_chars(finding, "type"), path ? ", " : "", path ? path : "");
    }
    hints_print(spec, file, text, n);
    *ret_clean = value_list_count(list) == 0;
    return 0;
}

static int files_inspect(value files, struct error *err)
{
    bool all_clean = true;

    VALUE_LIST_EACH (i, file, files) {
        bool clean = false;
        int r = file_inspect(value_chars(file), &clean, err);

        if (r < 0)
            return r;
        all_clean &= clean;
    }
    if (all_clean)
        puts("No errors found in workflow definition.");
    return all_clean ? EXIT_DONE : EXIT_ERROR;
}

static int inspect_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    value files = args_operands(args, "files");
    CLEANUP(reply_release)
    struct reply reply = { 0 };
    CLEANUP(freep)
    char *text = NULL;
    struct request request;
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = NULL;
    VALUE_AUTO(errors);
    BUFFER_AUTO(out);
    int r;

    if (value_list_count(files) > 0)
        return files_inspect(files, err);
    r = client_signin(cli, args, err);
    if (r == 0)
        r = definition_read(cli, args, &text, err);
    if (r < 0)
        return r;
    request = (struct request){ .method = "POST", .path = "/workflows/inspect", .text = text };
    r = client_call(&cli->client, &request, &reply, err);
    if (r == 0)
        r = reply_check(&reply, err);
    if (r == 0)
        r = reply_json(&reply, &errors, err);
    if (r < 0)
        return r;
    if (!value_is_list(errors))
        return error_set(err, -EPROTO, "The inspection result is not type of list: %s",
                         buffer_text(&reply.text));
    if (workflow_spec_load_text(text, strlen(text), 0, &spec, NULL) == 0)
        hints_print(spec, NULL, text, strlen(text));
    if (value_list_count(errors) == 0) {
        puts("No errors found in workflow definition.");
        return EXIT_DONE;
    }
    yaml_write(&out, errors, 2, YAML_SORT_KEYS);
    puts(out.data);
    return EXIT_DONE;
}

static const struct cli_option inspect_options[] = {
    { .name = "--file",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help = "Local file path to the workflow definition." },
    { .name = "--action",
      .kind = OPTION_TEXT,
      .exclusive = 1,
      .help =
          "Reference name for the registered action. This option works only if the file referenced by the entry point "
          "is installed locally under /opt/stackstorm/packs." },
    OPTIONS_END,
};

const struct cli_command command_workflow_inspect = {
    .name = "inspect",
    .help = "Inspect workflow definition and return the list of errors if any.",
    .options = (const struct cli_option *const[]){ options_help, inspect_options, NULL },
    .operands =
        OPERANDS({ "files", OPERAND_ANY,
                   "Workflow definitions, inspected without a server: each finding with its line and column, "
                   "exit status 1 when there are any." }),
    .run = inspect_run,
    .flags = COMMAND_NO_SIGNIN,
};

/* ---- service-registry ---- */

static int groups_fetch(struct cli *cli, value *ret, struct error *err)
{
    VALUE_AUTO(answer);
    value rows;
    int r = client_json(&cli->client, NULL, "/service_registry/groups", VALUE_NOTHING, &answer, err);

    if (r < 0)
        return r;
    rows = value_list_new(4);
    VALUE_LIST_EACH (i, group, value_map_get(answer, "groups")) {
        value row = value_map_new(1);

        value_map_put(&row, "group_id", value_ref(group));
        value_list_append(&rows, row);
    }
    *ret = rows;
    return 0;
}

static int members_fetch(struct cli *cli, const char *group, value *rows, struct error *err)
{
    VALUE_AUTO(answer);
    BUFFER_AUTO(path);
    int r;

    buffer_add_text(&path, "/service_registry/groups/");
    client_path_add(&path, group);
    buffer_add_text(&path, "/members");
    r = client_json(&cli->client, NULL, path.data, VALUE_NOTHING, &answer, err);
    if (r < 0)
        return r;
    VALUE_LIST_EACH (i, member, value_map_get(answer, "members")) {
        value row = value_map_new(3);

        value_map_put(&row, "group_id", value_text(group));
        value_map_put(&row, "member_id", value_ref(value_map_get(member, "member_id")));
        value_map_put(&row, "capabilities", value_ref(value_map_get(member, "capabilities")));
        value_list_append(rows, row);
    }
    return 0;
}

static int rows_print(const struct cli_args *args, const char *usual, value rows, struct error *err)
{
    struct output output = { .form = output_form(args), .widths = args_value(args, "--width") };
    VALUE_AUTO(attributes);

    output.attributes = attributes = resource_list_attributes(args, usual);
    return output_list(&output, rows, err);
}

static int groups_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(rows);
    int r = groups_fetch(cli, &rows, err);

    return r < 0 ? r : rows_print(args, "group_id", rows, err);
}

static int members_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *only = args_text(args, "--group-id");
    VALUE_AUTO(groups);
    VALUE_AUTO(rows);
    int r = 0;

    rows = value_list_new(4);
    if (only)
        r = members_fetch(cli, only, &rows, err);
    else
        r = groups_fetch(cli, &groups, err);
    for (size_t i = 0; r == 0 && i < value_list_count(groups); i++) {
        const char *group = value_map_chars(value_list_at(groups, i), "group_id");

        r = members_fetch(cli, group ? group : "", &rows, err);
    }
    return r < 0 ? r : rows_print(args, "group_id member_id capabilities", rows, err);
}

static const struct cli_option members_options[] = {
    { .name = "--group-id",
      .kind = OPTION_TEXT,
      .help = "If provided only retrieve members for the specified group." },
    OPTIONS_END,
};

const struct cli_command command_registry_groups = {
    .name = "list",
    .help = "Get the list of groups.",
    .options = COMMON_OPTIONS(options_columns),
    .run = groups_run,
};

const struct cli_command command_registry_members = {
    .name = "list",
    .help = "Get the list of group members.",
    .options = COMMON_OPTIONS(options_columns, members_options),
    .run = members_run,
};
