/* SPDX-License-Identifier: Apache-2.0 */
/* What to run now: every task that is staged and ready, with its action and input rendered. The items of a task are
   rendered once, when it is first on offer, and handed out as its concurrency allows. */
#include "workflow/conductor-internal.h"

#include <stdlib.h>

#include "base/limit.h"
#include "base/mem.h"
#include "value/python.h"

void conductor_tasks_release(struct conductor_tasks *tasks)
{
    for (size_t i = 0; i < tasks->n_items; i++) {
        value_unref(tasks->items[i].context);
        value_unref(tasks->items[i].actions);
        value_unref(tasks->items[i].delay);
        value_unref(tasks->items[i].concurrency);
        value_unref(tasks->items[i].timeout);
        value_unref(tasks->items[i].retry);
    }
    free(tasks->items);
    *tasks = (struct conductor_tasks){ 0 };
}

/* {action, input, item_id?} */
static int action_render(const struct spec_task *task, const struct expr_context *context, int64_t item,
                         value *ret, struct error *err)
{
    value action = VALUE_NOTHING, input = VALUE_NOTHING;
    int r;

    r = template_evaluate(task->action, context, &action, err);
    if (r < 0)
        return r;
    r = template_evaluate(task->input, context, &input, err);
    if (r < 0) {
        value_unref(action);
        return r;
    }
    *ret = value_map_new(3);
    value_map_put(ret, "action", action);
    value_map_put(ret, "input", input);
    if (item >= 0)
        value_map_put(ret, "item_id", value_int(item));
    return 0;
}

/* What item() gives: the item under its names where it has any. Owned. */
static value item_named(const struct spec_task *task, value item)
{
    size_t n_keys = value_list_count(task->item_keys);
    value named;

    if (!value_is_set(task->item_keys) || (!value_is_list(item) && n_keys > 1))
        return value_ref(item);
    named = value_map_new(n_keys);
    if (!value_is_list(item)) {
        value_map_set(&named, value_ref(value_list_at(task->item_keys, 0)), value_ref(item));
        return named;
    }
    for (size_t i = 0; i < n_keys && i < value_list_count(item); i++)
        value_map_set(&named, value_ref(value_list_at(task->item_keys, i)),
                      value_ref(value_list_at(item, i)));
    return named;
}

static int items_evaluate(const struct spec_task *task, const struct expr_context *context, value *ret,
                          struct error *err)
{
    int r;

    if (task->items_are_list)
        return refuse(err, "AttributeError", "'list' object has no attribute 'get'");
    if (!task->items)
        return refuse(err, "TypeError", "argument of type 'NoneType' is not iterable");
    r = template_evaluate(task->items, context, ret, err);
    if (r < 0)
        return r;
    if (ret->kind != VALUE_LIST) {
        value_replace(ret, VALUE_NOTHING);
        return error_set_kind(err, -EINVAL, "TypeError", "The value of \"%s\" is not type of list.",
                              value_chars(task->items_text));
    }
    if (value_list_count(*ret) > CONDUCTOR_ITEMS_MAX) {
        value_replace(ret, VALUE_NOTHING);
        return limit_exceeded(err, LIMIT_ITEMS, CONDUCTOR_ITEMS_MAX);
    }
    return 0;
}

static int items_render(const struct spec_task *task, const struct expr_context *context, value *ret,
                        struct error *err)
{
    struct expr_context own = *context;
    VALUE_AUTO(items);
    VALUE_AUTO(actions);
    int r = items_evaluate(task, context, &items, err);

    if (r < 0)
        return r;
    actions = value_list_new(value_list_count(items));
    own.variables = value_ref(context->variables);
    VALUE_LIST_EACH (i, item, items) {
        value action = VALUE_NOTHING;

        value_map_put(&own.variables, "__current_item", item_named(task, item));
        r = action_render(task, &own, (int64_t)i, &action, err);
        if (r < 0)
            break;
        value_list_append(&actions, action);
    }
    value_unref(own.variables);
    if (r < 0)
        return r;
    *ret = value_take(&actions);
    return 0;
}

static int delay_render(const struct spec_task *task, const struct staged *staged,
                        const struct expr_context *context, value *ret, struct error *err)
{
    int r = task->delay ? template_evaluate(task->delay, context, ret, err) : 0;

    if (r < 0)
        return r;
    if (task->delay && !value_is_integer(*ret) && ret->kind != VALUE_BOOL)
        return refuse(err, "TypeError", "The value of task delay is not type of integer.");
    if (staged->has_retry)
        value_replace(ret, value_ref(staged->retry_delay));
    return 0;
}

/* A limit below one counts as one; null is no limit. */
static int concurrency_normal(value *concurrency, struct error *err)
{
    int order;

    if (value_is_null(*concurrency))
        return 0;
    if (!value_is_number(*concurrency) && concurrency->kind != VALUE_BOOL)
        return error_set_kind(err, -EINVAL, "TypeError",
                              "'<=' not supported between instances of '%s' and 'int'",
                              python_type_name(*concurrency));
    if (value_compare(*concurrency, value_int(0), &order) == 0 && order <= 0)
        value_replace(concurrency, value_int(1));
    if (concurrency->kind == VALUE_FLOAT)
        return refuse(err, "TypeError", "slice indices must be integers or None or have an __index__ method");
    return 0;
}

/* How many items may be handed out beside the `active` ones. */
static int64_t items_available(value concurrency, uint32_t active)
{
    if (concurrency.kind == VALUE_INT)
        return concurrency.integer - (int64_t)active;
    if (concurrency.kind == VALUE_BOOL)
        return 1 - (int64_t)active;
    return INT64_MAX;
}

/* The actions of items that nobody runs yet, as many as may run now. Owned. */
static value items_offer(struct items *items, int64_t available)
{
    value offer = value_list_new(4);

    while (items->first_unset < items->n && items->statuses[items->first_unset] != STATUS_NULL)
        items->first_unset++;
    for (uint32_t i = items->first_unset; i < items->n && available > 0 && items->counts[STATUS_NULL]; i++) {
        if (items->statuses[i] != STATUS_NULL || i >= value_list_count(items->actions))
            continue;
        value_list_append(&offer, value_ref(value_list_at(items->actions, i)));
        available--;
        if (value_list_count(offer) == items->counts[STATUS_NULL])
            break;
    }
    return offer;
}

static int items_prepare(struct conductor *c, struct staged *staged, const struct spec_task *task,
                         struct error *err)
{
    struct expr_context context;
    VALUE_AUTO(actions);
    VALUE_AUTO(concurrency);
    int r;

    evaluation_begin(c, staged->frame, task, staged->route, VALUE_NOTHING, &context);
    r = items_render(task, &context, &actions, err);
    if (r == 0)
        r = template_evaluate(task->concurrency, &context, &concurrency, err);
    value_unref(context.variables);
    if (r < 0)
        return r;
    /* Items that are under way keep their number, whatever the list has become. */
    if (!staged->items || (staged->items->n == 0 && value_list_count(actions) > 0))
        staged_set_items(c, staged, items_new((uint32_t)value_list_count(actions)));
    r = concurrency_normal(&concurrency, err);
    if (r < 0)
        return r;
    value_replace(&staged->items->actions, value_take(&actions));
    value_replace(&staged->items->concurrency, value_take(&concurrency));
    return 0;
}

static int items_fill(struct conductor *c, struct staged *staged, const struct spec_task *task,
                      struct conductor_task *ret, struct error *err)
{
    int r;

    if (!staged->items || !value_is_set(staged->items->actions) || staged->items->n == 0) {
        r = items_prepare(c, staged, task, err);
        if (r < 0)
            return r;
    }
    ret->has_items = true;
    ret->items_count = staged->items->n;
    ret->concurrency = value_ref(staged->items->concurrency);
    ret->actions = items_offer(staged->items, items_available(staged->items->concurrency,
                                                              items_count(staged->items, STATUS_ACTIVE)));
    return 0;
}

/* Which try of the task this is going to be; unset for the first one. Owned. */
static value retry_state(const struct conductor *c, const struct staged *staged)
{
    int64_t latest = entry_latest(c, staged->task, staged->route);
    value retry;

    if (latest < 0 || c->entries[latest].status != STATUS_RETRYING)
        return VALUE_NOTHING;
    retry = value_map_new(2);
    value_map_put(&retry, "count", value_ref(c->entries[latest].retry_count));
    value_map_put(&retry, "tally", value_int(c->entries[latest].tally));
    return retry;
}

static int task_fill(struct conductor *c, struct staged *staged, struct conductor_task *ret,
                     struct error *err)
{
    const struct spec_task *task = &c->spec->tasks[staged->task];
    /* A rerun may stage a task that is staged already; both then see what the first one sees. */
    struct staged *first = staged_find(c, staged->task, staged->route);
    struct expr_context context;
    int r;

    *ret = (struct conductor_task){ .task = staged->task, .route = staged->route, .id = task->name };
    if (task->has_items) {
        r = items_fill(c, first, task, ret, err);
        /* Nothing to hand out now: the rest is not asked for. */
        if (r < 0 || (ret->items_count && value_list_count(ret->actions) == 0))
            return r;
    }
    evaluation_begin(c, first->frame, task, staged->route, VALUE_NOTHING, &context);
    r = 0;
    if (!task->has_items) {
        value action = VALUE_NOTHING;

        r = action_render(task, &context, -1, &action, err);
        if (r == 0) {
            ret->actions = value_list_new(1);
            value_list_append(&ret->actions, action);
        }
    }
    if (r == 0)
        r = delay_render(task, staged, &context, &ret->delay, err);
    if (r == 0 && task->timeout)
        r = template_evaluate(task->timeout, &context, &ret->timeout, err);
    value_unref(context.variables);
    if (r == 0) {
        ret->retry = retry_state(c, staged);
        ret->context = value_ref(frame_variables(c, first->frame));
    }
    return r;
}

static int compare_tasks(const void *a, const void *b)
{
    const struct conductor_task *x = a, *y = b;
    int order = strcmp(x->id, y->id);

    return order ? order : x->route < y->route ? -1 : x->route > y->route;
}

static bool any_cleans_up(const struct conductor *c)
{
    for (const struct staged *staged = c->first_staged; staged; staged = staged->after)
        if (staged->run_on_fail && staged->ready && !staged->completed)
            return true;
    return false;
}

static int next(struct conductor *c, struct conductor_tasks *tasks, struct error *err)
{
    bool only_clean_up = c->status == STATUS_FAILED && any_cleans_up(c), failed = false;
    size_t room = 0;

    if (!status_in(c->status, STATUS_GOING) && !only_clean_up)
        return 0;
    for (struct staged *staged = c->first_staged; staged; staged = staged->after) {
        struct conductor_task task;
        ERROR_AUTO(reason);

        if (!staged->ready || staged->completed || (only_clean_up && !staged->run_on_fail))
            continue;
        GROW(tasks->items, tasks->n_items, room);
        if (task_fill(c, staged, &task, &reason) < 0) {
            failed = true;
            log_error(c, &reason, (struct log_place){ &c->spec->tasks[staged->task], staged->route, NULL });
        }
        tasks->items[tasks->n_items++] = task;
        if (task.has_items && task.items_count && value_list_count(task.actions) == 0) {
            tasks->n_items--;
            value_unref(task.actions);
            value_unref(task.concurrency);
        }
    }
    if (failed) {
        conductor_tasks_release(tasks);
        return request_status(c, STATUS_FAILED, err);
    }
    if (tasks->n_items)
        qsort(tasks->items, tasks->n_items, sizeof(tasks->items[0]), compare_tasks);
    return 0;
}

int conductor_next(struct conductor *c, struct conductor_tasks *ret, struct error *err)
{
    struct conductor_tasks tasks = { 0 };
    int r;

    step_begin(c);
    r = step_end(c, next(c, &tasks, err));
    if (r < 0)
        conductor_tasks_release(&tasks);
    else
        *ret = tasks;
    return r;
}
