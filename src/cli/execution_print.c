/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/strmap.h"
#include "cli/attributes.h"
#include "cli/execution.h"

static const char *const workflow_runners[] = { "action-chain", "orquesta" };

bool cli_execution_is_workflow(value execution)
{
    const char *runner = value_chars(value_path(execution, "action.runner_type"));

    for (size_t i = 0; runner && i < ELEMENTS(workflow_runners); i++) {
        if (strcmp(runner, workflow_runners[i]) == 0)
            return true;
    }
    return false;
}

/* ---- tasks ---- */

static const char *task_name(value execution)
{
    const char *name = value_chars(value_path(execution, "context.chain.name"));

    return name ? name : value_chars(value_path(execution, "context.orquesta.task_name"));
}

static bool has_children(value execution)
{
    return value_list_count(value_map_get(execution, "children")) > 0;
}

/* How deep below the root an execution stands, found by its parents; `parents` maps ids to parents' ids. */
static size_t task_depth(const struct strmap *parents, value execution, const char *root)
{
    const char *parent = value_map_chars(execution, "parent");
    size_t depth = 0;

    while (parent && strcmp(parent, root) != 0 && depth < 100) {
        parent = strmap_get(parents, parent);
        depth += parent != NULL;
    }
    return depth;
}

static value task_row(value child, bool marked, size_t depth)
{
    value row = value_map_new(8);
    const char *id = value_map_chars(child, "id"), *name = task_name(child);
    static const char *const copied[] = { "status", "start_timestamp", "end_timestamp" };

    value_map_put(&row, "id",
                  value_textf("%*s%s%s", (int)depth, "",
                              !marked               ? ""
                              : has_children(child) ? "+ "
                                                    : "  ",
                              id ? id : ""));
    value_map_put(&row, "task", name ? value_text(name) : value_null());
    value_map_put(&row, "action",
                  value_is_set(value_path(child, "action.ref")) ? value_ref(value_path(child, "action.ref"))
                                                                : value_null());
    for (size_t i = 0; i < ELEMENTS(copied); i++) {
        value v = value_map_get(child, copied[i]);

        value_map_set_text(&row, copied[i], value_is_set(v) ? value_ref(v) : value_null());
    }
    return row;
}

/* The rows of the task table: sub-workflows marked, each level indented by one blank. Owned. */
static value task_rows(value children, const char *root)
{
    struct strmap parents = STRMAP_INIT;
    value rows = value_list_new(value_list_count(children));
    bool marked = false;

    VALUE_LIST_EACH (i, child, children) {
        const char *id = value_map_chars(child, "id"), *parent = value_map_chars(child, "parent");

        marked |= has_children(child);
        if (id && parent)
            strmap_set(&parents, id, (void *)(uintptr_t)parent);
    }
    VALUE_LIST_EACH (i, child, children)
        value_list_append(&rows, display_elapsed(task_row(child, marked, task_depth(&parents, child, root))));
    strmap_release(&parents);
    return rows;
}

static int children_fetch(struct cli *cli, const char *id, int64_t depth, value *ret, struct error *err)
{
    BUFFER_AUTO(path);
    char number[24];

    resource_item_path(&cli_execution_resource, id, &path);
    buffer_add_text(&path, "/children/");
    snprintf(number, sizeof(number), "%lld", (long long)depth);
    client_query_add(&path, "depth", number);
    return client_list(&cli->client, path.data, ret, NULL, err);
}

/* ---- the root of a workflow ---- */

static void names_insert(value *names, const char *after, const char *const *more)
{
    size_t at = 0;

    VALUE_LIST_EACH (i, name, *names) {
        if (value_text_is(name, after))
            at = i + 1;
    }
    for (; *more; more++, at++)
        value_list_insert(names, at, value_text(*more));
}

static value member_or_null(value v, const char *name)
{
    value member = value_map_get(v, name);

    return value_is_set(member) ? value_ref(member) : value_null();
}

/* A failed workflow shows its error and traceback, its own or those of the last task. */
static void error_insert(value *execution, value *names, value last_task)
{
    value result = value_map_get(*execution, "result"), source = result;
    value error = value_map_get(result, "error");
    bool of_task = false;

    if (value_is_set(result) && !value_is_map(result)) {
        value_map_put(execution, "error", value_text("See result"));
        value_map_put(execution, "traceback", value_text("See result"));
    } else {
        if (!value_truth(error)) {
            of_task = true;
            source = value_map_get(last_task, "result");
            error = value_map_get(source, "error");
            if (!value_truth(error))
                error = value_map_get(source, "stderr");
        }
        if (!value_truth(error))
            return;
        value_map_put(execution, "traceback", member_or_null(source, "traceback"));
        value_map_put(execution, "error", value_ref(error));
    }
    value_map_put(execution, "result", value_text("See error and traceback."));
    if (of_task) {
        value_map_put(execution, "failed_on", member_or_null(last_task, "name"));
        names_insert(names, "status", (const char *const[]){ "error", "traceback", "failed_on", NULL });
    } else {
        names_insert(names, "status", (const char *const[]){ "error", "traceback", NULL });
    }
}

/* What is shown of the root, and in which order. Changes *execution; *ret is owned. */
static value root_names(value *execution)
{
    VALUE_AUTO(tasks);
    VALUE_AUTO(last);
    value names = attributes_list("id action.ref parameters status start_timestamp end_timestamp log");

    tasks = value_ref(value_path(*execution, "result.tasks"));
    if (value_list_count(tasks))
        last = value_ref(value_list_at(tasks, value_list_count(tasks) - 1));
    if (value_text_is(value_map_get(*execution, "status"), "failed"))
        error_insert(execution, &names, last);
    if (!value_is_set(last)) {
        value_list_append(&names, value_text("result"));
    } else if (value_truth(value_map_get(last, "result"))) {
        value_map_put(execution, "result_task", member_or_null(last, "name"));
        value_map_put(execution, "result", value_ref(value_map_get(last, "result")));
        names_insert(&names, "status", (const char *const[]){ "result_task", "result", NULL });
    }
    return names;
}

static int workflow_print(struct cli *cli, const struct cli_args *args, value execution, int64_t depth,
                          struct error *err)
{
    enum output_form form = output_form(args);
    const char *id = value_map_chars(execution, "id");
    struct output root_output = { .form = form == OUTPUT_JSON ? OUTPUT_JSON : OUTPUT_TEXT,
                                  .display = display_execution };
    struct output task_output = { .form = form,
                                  .widths = args_value(args, "--width"),
                                  .display = display_execution };
    VALUE_AUTO(root);
    VALUE_AUTO(names);
    VALUE_AUTO(columns);
    VALUE_AUTO(children);
    VALUE_AUTO(rows);
    int r = children_fetch(cli, id ? id : "", depth, &children, err);

    if (r < 0)
        return r;
    root = value_ref(execution);
    root_output.attributes = names = root_names(&root);
    r = output_blocks(&root_output, root, err);
    if (r < 0 || value_list_count(children) == 0)
        return r;
    rows = task_rows(children, id);
    task_output.attributes = columns = attributes_list("id status task action start_timestamp");
    return output_list(&task_output, rows, err);
}

/* ---- one execution ---- */

static int single_print(struct cli *cli, const struct cli_args *args, value execution, const char *usual,
                        struct error *err)
{
    struct output output = {
        .form = output_form(args),
        .display = display_execution,
        .order = usual,
        .key = args_text(args, "--key"),
        .with_schema = args_flag(args, "--with-schema"),
        .hint_schema = !cli_config_flag(&cli->config, "general", "silence_schema_output"),
    };
    bool detail = args_flag(args, "--detail");
    VALUE_AUTO(attributes);

    if (detail) {
        output.order = "id name pack description";
        attributes = attributes_list(usual);
    } else if (output.key) {
        attributes = value_list_new(1);
        value_list_append(&attributes, value_textf("result.%s", output.key));
    } else {
        attributes = resource_list_attributes(args, usual);
    }
    output.attributes = attributes;
    return detail ? output_properties(&output, execution, err) : output_blocks(&output, execution, err);
}

int cli_execution_print_depth(struct cli *cli, const struct cli_args *args, value execution,
                              const char *usual, int depth, struct error *err)
{
    bool tasks = args_flag(args, "--show-tasks"), workflow = cli_execution_is_workflow(execution);

    if (tasks && !workflow)
        return error_set(err, -EINVAL, "--show-tasks option can only be used with workflow actions");
    if (!args_flag(args, "--raw") && !args_flag(args, "--detail") && workflow)
        return workflow_print(cli, args, execution, depth, err);
    return single_print(cli, args, execution, usual, err);
}

int cli_execution_print(struct cli *cli, const struct cli_args *args, value execution, const char *usual,
                        struct error *err)
{
    int64_t depth = -1;

    args_int(args, "--depth", &depth);
    return cli_execution_print_depth(cli, args, execution, usual, (int)depth, err);
}
