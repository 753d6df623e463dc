/* SPDX-License-Identifier: Apache-2.0 */
/* What the expressions of a rehearsed workflow see beyond their variables. */
#include <string.h>

#include "base/mem.h"
#include "value/python.h"
#include "workflow/rehearsal-internal.h"

/* What st2kv() finds: the test's keys, "user.key" for those of the user. */
static int datastore_get(void *data, const char *scope, const char *key, bool decrypt, value *ret,
                         struct error *err)
{
    const struct rehearsal *rehearsal = data;
    BUFFER_AUTO(name);
    value found;

    if (strcmp(scope, "user") == 0)
        buffer_add_text(&name, "user.");
    buffer_add_text(&name, key);
    found = value_map_get(rehearsal->datastore, buffer_text(&name));
    *ret = value_is_set(found) ? python_str_value(found) : VALUE_NOTHING;
    return 0;
}

static value timestamp(const struct rehearsal *rehearsal)
{
    VALUE_AUTO(now);

    now = value_datetime_new(rehearsal->now_us, true, 0);
    return python_str_value(now);
}

/* What task() gives. There are no executions here, so what would be their ids are the task's name. */
static int task_get(void *data, const char *id, int64_t route, value *ret, struct error *err)
{
    static const char *const names[] = { "task_execution_id", "workflow_execution_id", "task_name",
                                         "task_id" };
    const struct rehearsal *rehearsal = data;
    BUFFER_AUTO(key);
    value answer;

    buffer_addf(&key, "%s.%lld", id, (long long)route);
    answer = value_map_get(rehearsal->answers, buffer_text(&key));
    if (!value_is_set(answer))
        return 0;
    *ret = value_ref(answer);
    for (size_t i = 0; i < ELEMENTS(names); i++)
        value_map_set_text(ret, names[i], value_text(id));
    value_map_put(ret, "route", value_int(route));
    return 0;
}

void rehearsal_set_environment(struct rehearsal *rehearsal)
{
    rehearsal->host = (struct expr_host){
        .datastore_get = datastore_get, .data = rehearsal, .task_get = task_get, .task_data = rehearsal
    };
    conductor_set_environment(
        rehearsal->conductor,
        &(struct conductor_environment){ .host = &rehearsal->host, .now_us = rehearsal->now_us });
}

/* {items: [{status, result} or null, ...]} with one item more. Takes the item; owned. */
static value with_item(value before, int64_t at, value item)
{
    value items = value_ref(value_map_get(before, "items")), result = value_map_new(1);

    if (!value_is_set(items))
        items = value_list_new((size_t)at + 1);
    while (value_list_count(items) <= (size_t)at)
        value_list_append(&items, value_null());
    value_list_set(&items, (size_t)at, item);
    value_map_put(&result, "items", items);
    return result;
}

void rehearsal_remember(struct rehearsal *rehearsal, const struct conductor_task *task, int64_t item,
                        const char *status, value result)
{
    value answer = value_map_new(10);
    BUFFER_AUTO(key);

    buffer_addf(&key, "%s.%u", task->id, task->route);
    value_map_put(&answer, "status", value_text(status));
    if (item < 0) {
        value_map_put(&answer, "result", value_ref(result));
    } else {
        value before = value_map_get(rehearsal->answers, buffer_text(&key)), one = value_map_new(2);

        value_map_put(&one, "status", value_text(status));
        value_map_put(&one, "result", value_ref(result));
        value_map_put(&answer, "result", with_item(value_map_get(before, "result"), item, one));
    }
    value_map_put(&answer, "start_timestamp", timestamp(rehearsal));
    value_map_put(&answer, "end_timestamp", timestamp(rehearsal));
    value_map_set_text(&rehearsal->answers, buffer_text(&key), answer);
}
