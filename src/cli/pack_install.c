/* SPDX-License-Identifier: Apache-2.0 */
/* pack install and remove: the server runs a workflow for them, whose tasks are shown as they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/execution.h"

#define STAGE_WIDTH     20
#define PACK_ATTRIBUTES "ref name description version author"

static const struct resource pack = { .display = "Pack", .plural = "packs", .path = "/packs" };

/* ---- stages ---- */

struct stages {
    const char *id; /* of the workflow */
    bool quiet, begun;
    value last; /* the newest state of anything */
};

/* A status in the middle of its column. */
static void stage_print(const char *lead, const char *status, const char *name)
{
    VALUE_AUTO(plain);
    VALUE_AUTO(shown);
    size_t len = strlen(status), pad = len < STAGE_WIDTH ? STAGE_WIDTH - len : 0;

    plain = value_text(status);
    shown = display_apply(display_execution, "status", plain);
    printf("%s\t[%*s%s%*s] %s", lead, (int)(pad / 2), "", value_chars(shown), (int)(pad - pad / 2), "", name);
    fflush(stdout);
}

static bool stages_event(void *data, value event)
{
    struct stages *stages = data;
    const char *id = value_map_chars(event, "id"), *status = value_map_chars(event, "status");
    const char *parent = value_map_chars(event, "parent"), *name;

    if (!id || !status)
        return false;
    value_replace(&stages->last, value_ref(event));
    if (strcmp(id, stages->id) == 0 && display_is_completed(status))
        return true;
    if (stages->quiet || !parent || strcmp(parent, stages->id) != 0)
        return false;
    name = value_chars(value_path(event, "context.orquesta.task_name"));
    if (!name)
        name = value_chars(value_path(event, "context.chain.name"));
    if (strcmp(status, "scheduled") == 0)
        stage_print("\n", status, name ? name : "");
    else if (strcmp(status, "running") == 0 || display_is_completed(status))
        stage_print("\r", status, name ? name : "");
    stages->begun = true;
    return false;
}

/* Follows the workflow to its end; *ret is its final state. EXIT_ERROR when it failed, with everything
   printed. */
static int workflow_follow(struct cli *cli, const struct cli_args *args, const char *id, value *ret,
                           struct error *err)
{
    struct stages stages = { .id = id, .quiet = output_form(args) != OUTPUT_TEXT };
    int r;

    r = client_stream(&cli->client, "st2.execution__create,st2.execution__update", id, stages_event, &stages,
                      err);
    if (stages.begun)
        fputs("\n\n", stdout);
    value_unref(stages.last);
    if (r == 0)
        r = cli_execution_fetch(cli, id, ret, err);
    if (r < 0)
        return r;
    if (!value_text_is(value_map_get(*ret, "status"), "failed"))
        return 0;
    r = cli_execution_print_depth(cli, args, *ret, EXECUTION_ATTRIBUTES, 1, err);
    return r < 0 ? r : EXIT_ERROR;
}

static int workflow_start(struct cli *cli, const struct cli_args *args, const char *path, value body,
                          value *ret, struct error *err)
{
    VALUE_AUTO(answer);
    const char *id;
    int r = client_json(&cli->client, "POST", path, body, &answer, err);

    if (r < 0)
        return r;
    id = value_map_chars(answer, "execution_id");
    if (!id)
        return error_set(err, -EPROTO, "Server did not create instance.");
    return workflow_follow(cli, args, id, ret, err);
}

/* ---- what is printed at the end ---- */

static bool list_names(value names, value entry)
{
    VALUE_LIST_EACH (i, name, names) {
        if (value_equal(name, value_map_get(entry, "name")) || value_equal(name, value_map_get(entry, "ref")))
            return true;
    }
    return false;
}

static value packs_named(value all, value names)
{
    value packs = value_list_new(4);

    VALUE_LIST_EACH (i, entry, all) {
        if (list_names(names, entry))
            value_list_append(&packs, value_ref(entry));
    }
    return packs;
}

/* One pack as a table of its members, several as a list. */
static int packs_print(const struct cli_args *args, value packs, bool one, struct error *err)
{
    struct output output = { .form = output_form(args),
                             .widths = args_value(args, "--width"),
                             .order = EXECUTION_ATTRIBUTES };
    VALUE_AUTO(attributes);

    output.attributes = attributes = resource_list_attributes(args, PACK_ATTRIBUTES);
    if (!one || value_list_count(packs) == 0)
        return output_list(&output, packs, err);
    return output_properties(&output, value_list_at(packs, 0), err);
}

/* ---- install ---- */

static const char *const content_kinds[] = { "actions", "rules", "sensors", "aliases", "triggers" };

/* What the index says the packs will bring; packs from elsewhere are passed over in silence. */
static void content_print(struct cli *cli, value packs)
{
    int64_t counts[ELEMENTS(content_kinds)] = { 0 };
    bool any = false;

    VALUE_LIST_EACH (i, name, packs) {
        ERROR_AUTO(ignored);
        VALUE_AUTO(body);
        VALUE_AUTO(found);

        if (strncmp(value_chars(name), "file://", 7) == 0)
            return;
        body = value_map_new(1);
        value_map_put(&body, "pack", value_ref(name));
        if (client_json(&cli->client, "POST", "/packs/index/search", body, &found, &ignored) < 0)
            continue;
        any |= value_truth(value_map_get(found, "content"));
        for (size_t k = 0; k < ELEMENTS(content_kinds); k++)
            counts[k] +=
                value_map_int(value_map_get(value_map_get(found, "content"), content_kinds[k]), "count", 0);
    }
    if (!any)
        return;
    printf("\nFor the \"");
    VALUE_LIST_EACH (i, name, packs)
        printf("%s%s", i ? ", " : "", value_chars(name));
    printf("\" %s, the following content will be registered:\n\n",
           value_list_count(packs) == 1 ? "pack" : "packs");
    for (size_t k = 0; k < ELEMENTS(content_kinds); k++)
        printf("%-10s|  %lld\n", content_kinds[k], (long long)counts[k]);
    puts("\nInstallation may take a while for packs with many items.");
}

/* The packs of these names: one is asked for by its name, more are looked for in the list. *ret is owned. */
static int packs_fetch(struct cli *cli, value names, value *ret, struct error *err)
{
    const char *only = value_list_count(names) == 1 ? value_chars(value_list_at(names, 0)) : NULL;
    VALUE_AUTO(found);
    BUFFER_AUTO(path);
    int r;

    if (!only) {
        r = client_list(&cli->client, pack.path, &found, NULL, err);
        if (r == 0)
            *ret = packs_named(found, names);
        return r;
    }
    resource_item_path(&pack, only, &path);
    r = client_get(&cli->client, path.data, &found, err);
    if (r < 0)
        return r;
    *ret = value_list_new(1);
    if (r == 0)
        value_list_append(ret, value_take(&found));
    return 0;
}

static int installed_print(struct cli *cli, const struct cli_args *args, value execution, struct error *err)
{
    value names = value_path(execution, "result.output.packs_list");
    VALUE_AUTO(packs);
    int r = packs_fetch(cli, names, &packs, err);

    if (r == 0)
        r = packs_print(args, packs, value_list_count(names) == 1, err);
    if (r < 0)
        return r;
    VALUE_LIST_EACH (i, warning, value_path(execution, "result.output.warning_list")) {
        if (value_is_string(warning))
            puts(value_chars(warning));
    }
    return r;
}

static int pack_install(struct cli *cli, const struct cli_args *args, struct error *err)
{
    value packs = args_operands(args, "pack");
    VALUE_AUTO(body);
    VALUE_AUTO(execution);
    int r;

    if (output_form(args) == OUTPUT_TEXT)
        content_print(cli, packs);
    body = value_map_new(3);
    value_map_put(&body, "packs", value_ref(packs));
    value_map_put(&body, "force", value_bool(args_flag(args, "--force")));
    value_map_put(&body, "skip_dependencies", value_bool(args_flag(args, "--skip-dependencies")));
    r = workflow_start(cli, args, "/packs/install", body, &execution, err);
    return r ? r : installed_print(cli, args, execution, err);
}

static const struct cli_option display_options[] = {
    { .letter = "-w", .name = "--width", .kind = OPTION_INTS, .help = "Set the width of columns in output." },
    { .name = "--attr",
      .kind = OPTION_TEXTS,
      .exclusive = 1,
      .help =
          "List of attributes to include in the output. \"all\" or unspecified will return all attributes." },
    { .letter = "-d",
      .name = "--detail",
      .exclusive = 1,
      .help = "Display full detail of the execution in table format." },
    OPTIONS_END,
};

static const struct cli_option install_options[] = {
    { .name = "--force", .help = "Force pack installation." },
    { .name = "--skip-dependencies", .help = "Skip pack dependency installation." },
    OPTIONS_END,
};

const struct cli_command command_pack_install = {
    .name = "install",
    .help = "Install new packs.",
    .options = COMMON_OPTIONS(display_options, install_options),
    .operands = OPERANDS({ "pack", OPERAND_SOME, "Name of the packs in Exchange, or a git repo URL." }),
    .run = pack_install,
};

/* ---- remove ---- */

static int pack_remove(struct cli *cli, const struct cli_args *args, struct error *err)
{
    value names = args_operands(args, "pack");
    VALUE_AUTO(before);
    VALUE_AUTO(after);
    VALUE_AUTO(body);
    VALUE_AUTO(execution);
    VALUE_AUTO(removed);
    VALUE_AUTO(left);
    int r = client_list(&cli->client, pack.path, &before, NULL, err);

    if (r < 0)
        return r;
    body = value_map_new(1);
    value_map_put(&body, "packs", value_ref(names));
    r = workflow_start(cli, args, "/packs/uninstall", body, &execution, err);
    if (r == 0)
        r = client_list(&cli->client, pack.path, &after, NULL, err);
    if (r != 0)
        return r;
    left = packs_named(after, names);
    if (value_list_count(left))
        return EXIT_USAGE;
    removed = packs_named(before, names);
    return packs_print(args, removed, value_list_count(names) == 1, err);
}

const struct cli_command command_pack_remove = {
    .name = "remove",
    .help = "Remove packs.",
    .options = COMMON_OPTIONS(display_options),
    .operands = OPERANDS({ "pack", OPERAND_SOME, "Name of the packs to remove." }),
    .run = pack_remove,
};
