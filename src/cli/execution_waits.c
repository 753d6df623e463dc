/* SPDX-License-Identifier: Apache-2.0 */
/* What a workflow under way waits for, as a table below what `execution get` shows. Servers that cannot tell are not asked
   twice: the table is left out. */
#include <stdio.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/execution.h"

static const struct display waits_display[] = { { "since", DISPLAY_TIME }, { "until", DISPLAY_TIME }, { 0 } };

static value text_or_null(value v, const char *name)
{
    value member = value_map_get(v, name);

    return value_is_set(member) ? value_ref(member) : value_null();
}

static value wait_row(value wait, value task)
{
    static const char *const copied[] = { "status", "reason", "since", "until" };
    value row = value_map_new(5);

    value_map_put(&row, "task", task);
    for (size_t i = 0; i < ELEMENTS(copied); i++)
        value_map_set_text(&row, copied[i], text_or_null(wait, copied[i]));
    if (!value_map_has(wait, "until") && value_map_has(wait, "timeout_at"))
        value_map_set_text(&row, "until", value_ref(value_map_get(wait, "timeout_at")));
    return row;
}

/* "task", or "task (route 2)" */
static value task_label(value wait)
{
    const char *name = value_map_chars(wait, "task");
    int64_t route = value_map_int(wait, "route", 0);

    if (!name)
        return value_text("(the workflow)");
    return route ? value_textf("%s (route %lld)", name, (long long)route) : value_text(name);
}

/* Items that run need no row of their own; those that wait do. */
static void items_add(value *rows, value wait)
{
    VALUE_LIST_EACH (i, execution, value_map_get(wait, "executions")) {
        if (value_map_has(execution, "item") && !value_text_is(value_map_get(execution, "status"), "running"))
            value_list_append(
                rows, wait_row(execution,
                               value_textf("  item %lld", (long long)value_map_int(execution, "item", 0))));
    }
}

static value rows_of(value waits)
{
    value rows = value_list_new(value_list_count(waits));

    VALUE_LIST_EACH (i, wait, waits) {
        value_list_append(&rows, wait_row(wait, task_label(wait)));
        items_add(&rows, wait);
    }
    return rows;
}

int cli_execution_waits_print(struct cli *cli, const char *id, struct error *err)
{
    CLEANUP(reply_release)
    struct reply reply = { 0 };
    struct request request = { 0 };
    struct output output = { .display = waits_display };
    VALUE_AUTO(waits);
    VALUE_AUTO(rows);
    VALUE_AUTO(columns);
    BUFFER_AUTO(path);
    int r;

    resource_item_path(&cli_execution_resource, id, &path);
    buffer_add_text(&path, "/waits");
    request.path = path.data;
    r = client_call(&cli->client, &request, &reply, err);
    if (r < 0)
        return r;
    if (reply.status != 200)
        return 0;
    r = reply_json(&reply, &waits, err);
    if (r < 0 || !value_list_count(waits))
        return r;
    rows = rows_of(waits);
    output.attributes = columns = attributes_list("task status reason since until");
    puts("\nwaits for:");
    return output_list(&output, rows, err);
}
