/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a definition apart. The checks here are those without which there is no object to inspect; everything else a
   definition may get wrong is left for inspection to list. */
#include "workflow/spec.h"

#include <stdlib.h>

#include "base/mem.h"
#include "value/python.h"
#include "value/yaml.h"
#include "workflow/shorthand.h"
#include "workflow/word.h"

static const char *const command_names[COMMANDS] = { "continue", "fail", "noop", "retry" };

const char *spec_command_name(enum spec_command command)
{
    return command_names[command];
}

enum spec_command spec_command_from_name(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(command_names[i], name) == 0)
            return (enum spec_command)i;
    return COMMAND_NONE;
}

int64_t workflow_spec_find(const struct workflow_spec *spec, const char *name)
{
    return (int64_t)(intptr_t)strmap_get(&spec->by_name, name) - 1;
}

/* ---- shapes ---- */

static int not_iterable(value v, struct error *err)
{
    return error_set_kind(err, -EINVAL, "TypeError", "argument of type '%s' is not iterable",
                          python_type_name(v));
}

static int no_attribute(value v, const char *name, struct error *err)
{
    return error_set_kind(err, -EINVAL, "AttributeError", "'%s' object has no attribute '%s'",
                          python_type_name(v), name);
}

/* Whether `v` can be one part of a definition that should be a mapping. */
static int check_mapping(value v, struct error *err)
{
    if (!value_truth(v))
        return error_set_kind(err, -EINVAL, "ValueError", "The spec cannot be type of None.");
    if (v.kind == VALUE_STRING)
        return error_set_kind(err, -EINVAL, "ValueError", "The spec is not type of json or yaml.");
    if (v.kind == VALUE_LIST)
        return no_attribute(v, "get", err);
    if (v.kind != VALUE_MAP)
        return no_attribute(v, "read", err);
    return 0;
}

/* A list in the place of a mapping is noticed only when something is looked up in it. */
static int check_part(value v, struct error *err)
{
    return v.kind == VALUE_LIST && value_truth(v) ? 0 : check_mapping(v, err);
}

static int check_transitions(value next, struct error *err)
{
    if (!value_truth(next))
        return 0;
    if (next.kind == VALUE_STRING)
        return error_set_kind(err, -EINVAL, "ValueError", "The spec is not type of json or yaml.");
    if (next.kind == VALUE_MAP)
        return error_set_kind(err, -EINVAL, "ValueError", "The spec is not type of list.");
    if (next.kind != VALUE_LIST)
        return no_attribute(next, "read", err);
    VALUE_LIST_EACH (i, item, next) {
        int r = check_part(item, err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int check_task(value name, value body, struct error *err)
{
    value with = value_map_get(body, "with"), retry = value_map_get(body, "retry");
    int r;

    if (name.kind != VALUE_STRING)
        return error_set_kind(err, -EINVAL, "TypeError", "expected string or bytes-like object, got '%s'",
                              python_type_name(name));
    if (!value_truth(body) || !word_is_name(value_chars(name), value_len(name)))
        return 0;
    r = check_mapping(body, err);
    if (r == 0 && value_truth(with))
        r = check_part(with, err);
    if (r == 0 && value_truth(retry))
        r = check_part(retry, err);
    return r < 0 ? r : check_transitions(value_map_get(body, "next"), err);
}

/* What passes the first look and still cannot be used. */
static int check_task_again(value name, value body, struct error *err)
{
    value next = value_map_get(body, "next");

    if (!value_truth(body))
        return no_attribute(body, "next", err);
    if (!word_is_name(value_chars(name), value_len(name)))
        return error_set_kind(err, -EINVAL, "AttributeError",
                              "'TaskMappingSpec' object has no attribute '%s'", value_chars(name));
    if (value_truth(value_map_get(body, "retry")) && value_is_list(value_map_get(body, "retry")))
        return no_attribute(value_map_get(body, "retry"), "get", err);
    VALUE_LIST_EACH (i, item, next)
        if (value_is_list(item))
            return no_attribute(item, "get", err);
    return 0;
}

/* The document with `with: <text>` written out as `with: {items: <text>}`. */
static int resolve_shorthand(value document, value *ret, struct error *err)
{
    value tasks = value_map_get(document, "tasks");
    VALUE_AUTO(resolved);

    if (tasks.kind != VALUE_MAP || value_map_count(tasks) == 0) {
        *ret = value_ref(document);
        return 0;
    }
    resolved = value_map_new(value_map_count(tasks));
    VALUE_MAP_EACH (i, tasks) {
        value body = value_ref(value_map_item_at(tasks, i));
        value with = value_map_get(body, "with");

        if (body.kind != VALUE_MAP && body.kind != VALUE_LIST && body.kind != VALUE_STRING) {
            not_iterable(body, err);
            value_unref(body);
            return -EINVAL;
        }
        if (with.kind == VALUE_STRING) {
            value items = value_map_new(1);

            value_map_put(&items, "items", value_ref(with));
            value_map_put(&body, "with", items);
        }
        value_map_set(&resolved, value_ref(value_map_key_at(tasks, i)), body);
    }
    *ret = value_ref(document);
    value_map_put(ret, "tasks", value_take(&resolved));
    return 0;
}

static int check_document(value document, struct error *err)
{
    if (document.kind == VALUE_NULL || document.kind == VALUE_BOOL || value_is_number(document) ||
        document.kind == VALUE_DATETIME)
        return not_iterable(document, err);
    return check_mapping(document, err);
}

static int check_tasks(value tasks, struct error *err)
{
    int r;

    if (tasks.kind == VALUE_LIST) /* an empty one, too */
        return no_attribute(tasks, "items", err);
    if (!value_truth(tasks))
        return 0; /* inspection tells */
    r = check_mapping(tasks, err);
    if (r < 0)
        return r;
    if (value_map_count(tasks) > SPEC_TASKS_MAX)
        return error_set_kind(err, -E2BIG, "ValueError", "The workflow has more than %d tasks.",
                              SPEC_TASKS_MAX);
    VALUE_MAP_EACH (i, tasks) {
        r = check_task(value_map_key_at(tasks, i), value_map_item_at(tasks, i), err);
        if (r < 0)
            return r;
    }
    VALUE_MAP_EACH (i, tasks) {
        r = check_task_again(value_map_key_at(tasks, i), value_map_item_at(tasks, i), err);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- parts ---- */

static value name_text(value name)
{
    return name.kind == VALUE_STRING ? value_ref(name) : python_str_value(name);
}

/* A template of a part that may be absent or null. */
static struct template *optional_template(value v)
{
    return value_is_null(v) ? NULL : template_new(v);
}

static void bindings_release(struct spec_bindings *bindings)
{
    for (size_t i = 0; i < bindings->n_items; i++) {
        value_unref(bindings->items[i].name);
        template_free(bindings->items[i].template);
    }
    free(bindings->items);
}

/* A list of names and one-key maps; what is neither is left out, inspection reports it. */
static struct spec_bindings bindings_load(value list)
{
    struct spec_bindings bindings = { 0 };

    bindings.items = xcalloc(value_list_count(list) + 1, sizeof(bindings.items[0]));
    VALUE_LIST_EACH (i, item, list) {
        struct spec_binding *binding = &bindings.items[bindings.n_items];

        if (item.kind == VALUE_STRING) {
            *binding = (struct spec_binding){ value_ref(item), template_new(value_null()) };
        } else if (item.kind == VALUE_MAP && value_map_count(item) > 0) {
            *binding = (struct spec_binding){ name_text(value_map_key_at(item, 0)),
                                              template_new(value_map_item_at(item, 0)) };
        } else {
            continue;
        }
        bindings.n_items++;
    }
    return bindings;
}

static void names_append(value *names, const char *at, size_t n)
{
    while (n && strchr(" \t\r\n\f\v", at[0]))
        at++, n--;
    while (n && strchr(" \t\r\n\f\v", at[n - 1]))
        n--;
    value_list_append(names, value_text_n(at, n));
}

/* What is no text names no task, but it is looked for by its text. */
static void name_load(value name, value *names, value *odd)
{
    if (name.kind != VALUE_STRING) {
        if (!value_is_set(*odd))
            *odd = value_list_new(1);
        value_list_append(odd, value_ref(name));
    }
    if (name.kind != VALUE_LIST && name.kind != VALUE_MAP)
        value_list_append(names, name_text(name));
}

static value names_load(value names, value *odd)
{
    value list = value_list_new(1);

    if (names.kind == VALUE_STRING && value_len(names) > 0) {
        const char *at = value_chars(names), *comma;

        for (; (comma = strchr(at, ',')); at = comma + 1)
            names_append(&list, at, (size_t)(comma - at));
        names_append(&list, at, strlen(at));
    }
    VALUE_LIST_EACH (i, item, names)
        name_load(item, &list, odd);
    if (names.kind == VALUE_MAP)
        VALUE_MAP_EACH (i, names)
            name_load(value_map_key_at(names, i), &list, odd);
    if (value_list_count(list) == 0)
        value_list_append(&list, VALUE_ATOM("continue"));
    return list;
}

static void transition_load(struct spec_transition *transition, value body, value *odd_names, value *odd_do)
{
    value publish = value_map_get(body, "publish"), when = value_map_get(body, "when"),
          names = value_map_get(body, "do");

    if (value_truth(when))
        transition->when = template_new(when);
    if (publish.kind == VALUE_STRING) {
        VALUE_AUTO(pairs);

        pairs = shorthand_parse(publish);
        transition->publish = bindings_load(pairs);
    } else {
        transition->publish = bindings_load(publish);
    }
    transition->names = names_load(names, odd_names);
    if (value_truth(names) && (value_is_number(names) || names.kind == VALUE_BOOL))
        value_replace(odd_do, value_ref(names));
}

static int action_load(struct spec_task *task, value body, struct error *err)
{
    value action = value_map_get(body, "action");
    const char *blank;

    task->input_value = shorthand_parse_map(action);
    if (value_is_set(task->input_value)) {
        blank = strchr(value_chars(action), ' ');
        if (!blank)
            return error_set_kind(err, -EINVAL, "ValueError",
                                  "The action \"%s\" of task \"%s\" has parameters but no name.",
                                  value_chars(action), task->name);
        task->action_value = value_text_n(value_chars(action), (size_t)(blank - value_chars(action)));
    } else {
        task->action_value = value_ref(action);
        task->input_value = value_ref(value_map_get(body, "input"));
    }
    task->action = optional_template(task->action_value);
    task->input = optional_template(task->input_value);
    return 0;
}

/* "a, b in <% list %>": names before the first " in ", the expression after it. */
static void items_load(struct spec_task *task, value with)
{
    value items = value_map_get(with, "items");
    const char *text = value_chars(items), *in;
    size_t n = value_len(items);

    task->has_items = true;
    task->items_are_list = value_is_list(with);
    task->concurrency = optional_template(value_map_get(with, "concurrency"));
    if (!text)
        return;
    in = strstr(text, " in ");
    if (in) {
        const char *at = text;

        task->item_keys = value_list_new(2);
        for (const char *stop; at <= in; at = stop + 1) {
            BUFFER_AUTO(name);

            for (stop = at; stop < in && *stop != ','; stop++)
                if (*stop != ' ')
                    buffer_add_char(&name, *stop);
            value_list_append(&task->item_keys, value_text(buffer_text(&name)));
        }
        n -= (size_t)(in + 4 - text);
        text = in + 4;
    }
    for (; n && strchr(" \t\r\n\f\v", text[0]); n--)
        text++;
    for (; n && strchr(" \t\r\n\f\v", text[n - 1]); n--)
        ;
    task->items_text = value_text_n(text, n);
    task->items = template_new(task->items_text);
}

static void join_load(struct spec_task *task, value join)
{
    task->has_join = !value_is_null(join);
    task->join_all = value_text_is(join, "all");
    if (join.kind == VALUE_INT || join.kind == VALUE_BOOL)
        task->join = join.kind == VALUE_INT ? join.integer : join.boolean;
    else if (join.kind == VALUE_FLOAT)
        task->join = (int64_t)join.number;
}

static int task_load(struct spec_task *task, value name, value body, enum spec_flags flags, struct error *err)
{
    value with = value_map_get(body, "with"), retry = value_map_get(body, "retry"),
          next = value_map_get(body, "next");
    int r;

    task->command = COMMAND_NONE;
    task->name_value = value_ref(name);
    task->name = value_chars(task->name_value);
    task->body = value_ref(body);
    r = action_load(task, body, err);
    if (r < 0)
        return r;
    if (!value_is_null(with))
        items_load(task, with);
    join_load(task, value_map_get(body, "join"));
    if (value_truth(value_map_get(body, "delay")))
        task->delay = template_new(value_map_get(body, "delay"));
    if (flags & SPEC_EXTENSIONS)
        task->timeout = optional_template(value_map_get(body, "timeout"));
    if (retry.kind == VALUE_MAP && value_map_count(retry) > 0) {
        task->has_retry = true;
        task->retry_when = optional_template(value_map_get(retry, "when"));
        task->retry_count = optional_template(value_map_get(retry, "count"));
        task->retry_delay = optional_template(value_map_get(retry, "delay"));
    }
    task->transitions = xcalloc(value_list_count(next) + 1, sizeof(task->transitions[0]));
    VALUE_LIST_EACH (i, item, next)
        transition_load(&task->transitions[task->n_transitions++], item, &task->odd_names, &task->odd_do);
    return 0;
}

/* A transition `do: retry` is no transition: it gives the task its retry. */
static void retry_command_load(struct spec_task *task)
{
    for (size_t i = 0; i < task->n_transitions; i++) {
        struct spec_transition *transition = &task->transitions[i];

        VALUE_LIST_EACH (k, name, transition->names) {
            VALUE_AUTO(when);

            if (!value_text_is(name, "retry"))
                continue;
            template_free(task->retry_when);
            template_free(task->retry_count);
            template_free(task->retry_delay);
            when = transition->when ? value_ref(template_source(transition->when))
                                    : value_text("<% completed() %>");
            task->has_retry = true;
            task->retry_when = template_new(when);
            task->retry_count = template_new(value_int(3));
            task->retry_delay = NULL;
            task->retry_command = true;
        }
    }
}

static void task_release(struct spec_task *task)
{
    struct template *templates[] = { task->action,     task->input,       task->delay,
                                     task->timeout,    task->items,       task->concurrency,
                                     task->retry_when, task->retry_count, task->retry_delay };

    for (size_t i = 0; i < ELEMENTS(templates); i++)
        template_free(templates[i]);
    for (size_t i = 0; i < task->n_transitions; i++) {
        template_free(task->transitions[i].when);
        bindings_release(&task->transitions[i].publish);
        value_unref(task->transitions[i].names);
    }
    free(task->transitions);
    value_unref(task->name_value);
    value_unref(task->body);
    value_unref(task->action_value);
    value_unref(task->input_value);
    value_unref(task->items_text);
    value_unref(task->odd_names);
    value_unref(task->odd_do);
    value_unref(task->item_keys);
}

/* ---- the whole ---- */

/* Counts how often each task is named; more than once and without a join makes it a split. */
static int mentions_count(struct workflow_spec *spec, struct error *err)
{
    size_t total = 0;

    for (size_t i = 0; i < spec->n_tasks; i++)
        for (size_t k = 0; k < spec->tasks[i].n_transitions; k++) {
            value names = spec->tasks[i].transitions[k].names;

            total += value_list_count(names);
            if (total > SPEC_TRANSITIONS_MAX)
                return error_set_kind(err, -E2BIG, "ValueError", "The workflow has more than %d transitions.",
                                      SPEC_TRANSITIONS_MAX);
            VALUE_LIST_EACH (j, name, names) {
                int64_t to = workflow_spec_find(spec, value_chars(name));

                if (to >= 0)
                    spec->tasks[to].n_mentions++;
            }
        }
    for (size_t i = 0; i < spec->n_tasks + COMMANDS; i++)
        spec->tasks[i].is_split = !spec->tasks[i].has_join && spec->tasks[i].n_mentions > 1;
    return 0;
}

/* Tarjan's strongly connected components, on a stack of its own: definitions may be chains of any length. */
struct cycles {
    struct workflow_spec *spec;
    uint32_t *order, *low, *stack, n_stack, next;
    struct cycles_frame {
        uint32_t task;
        size_t transition, name;
    } * frames;
    size_t n_frames;
    bool *on_stack;
};

static void cycles_enter(struct cycles *cycles, uint32_t task)
{
    cycles->order[task] = cycles->low[task] = ++cycles->next;
    cycles->stack[cycles->n_stack++] = task;
    cycles->on_stack[task] = true;
    cycles->frames[cycles->n_frames++] = (struct cycles_frame){ task, 0, 0 };
}

/* The next task that the one on top leads to; -1 when all were seen. */
static int64_t cycles_next(struct cycles *cycles, struct cycles_frame *frame)
{
    struct spec_task *task = &cycles->spec->tasks[frame->task];

    for (; frame->transition < task->n_transitions; frame->transition++, frame->name = 0) {
        value names = task->transitions[frame->transition].names;

        while (frame->name < value_list_count(names)) {
            int64_t to = workflow_spec_find(cycles->spec, value_chars(value_list_at(names, frame->name++)));

            if (to >= 0)
                return to;
        }
    }
    return -1;
}

static void cycles_leave(struct cycles *cycles, uint32_t task)
{
    uint32_t member, n = cycles->n_stack;
    bool alone;

    cycles->n_frames--;
    if (cycles->n_frames) {
        uint32_t parent = cycles->frames[cycles->n_frames - 1].task;

        if (cycles->low[task] < cycles->low[parent])
            cycles->low[parent] = cycles->low[task];
    }
    if (cycles->low[task] != cycles->order[task])
        return;
    while (cycles->stack[--n] != task)
        ;
    alone = n + 1 == cycles->n_stack;
    while (cycles->n_stack > n) {
        member = cycles->stack[--cycles->n_stack];
        cycles->on_stack[member] = false;
        if (!alone)
            cycles->spec->tasks[member].in_cycle = true;
    }
}

static void cycles_walk(struct cycles *cycles, uint32_t start)
{
    cycles_enter(cycles, start);
    while (cycles->n_frames) {
        struct cycles_frame *frame = &cycles->frames[cycles->n_frames - 1];
        int64_t to = cycles_next(cycles, frame);

        if (to < 0) {
            cycles_leave(cycles, frame->task);
        } else if (!cycles->order[to]) {
            cycles_enter(cycles, (uint32_t)to);
        } else if (cycles->on_stack[to]) {
            if (cycles->order[to] < cycles->low[frame->task])
                cycles->low[frame->task] = cycles->order[to];
            if (to == frame->task)
                cycles->spec->tasks[to].in_cycle = true;
        }
    }
}

static void cycles_find(struct workflow_spec *spec)
{
    size_t n = spec->n_tasks + COMMANDS;
    struct cycles cycles = { .spec = spec };

    cycles.order = xcalloc(n, sizeof(uint32_t));
    cycles.low = xcalloc(n, sizeof(uint32_t));
    cycles.stack = xcalloc(n, sizeof(uint32_t));
    cycles.on_stack = xcalloc(n, sizeof(bool));
    cycles.frames = xcalloc(n, sizeof(cycles.frames[0]));
    for (size_t i = 0; i < n; i++)
        if (!cycles.order[i])
            cycles_walk(&cycles, (uint32_t)i);
    free(cycles.order);
    free(cycles.low);
    free(cycles.stack);
    free(cycles.on_stack);
    free(cycles.frames);
}

static void commands_add(struct workflow_spec *spec)
{
    for (int i = 0; i < COMMANDS; i++) {
        struct spec_task *task = &spec->tasks[spec->n_tasks + (size_t)i];

        task->command = (enum spec_command)i;
        task->name = command_names[i];
        task->name_value = (value){ .kind = VALUE_STRING, .string = value_atom_make(command_names[i]) };
        strmap_set(&spec->by_name, task->name, (void *)(intptr_t)(spec->n_tasks + (size_t)i + 1));
    }
}

static int tasks_load(struct workflow_spec *spec, struct error *err)
{
    value tasks = value_map_get(spec->document, "tasks");
    size_t n = tasks.kind == VALUE_MAP ? value_map_count(tasks) : 0;

    spec->tasks = xcalloc(n + COMMANDS, sizeof(spec->tasks[0]));
    spec->has_tasks = n > 0;
    for (; spec->n_tasks < n; spec->n_tasks++) {
        struct spec_task *task = &spec->tasks[spec->n_tasks];
        int r = task_load(task, value_map_key_at(tasks, spec->n_tasks),
                          value_map_item_at(tasks, spec->n_tasks), spec->flags, err);

        if (r < 0) {
            task_release(task);
            memset(task, 0, sizeof(*task));
            return r;
        }
        strmap_set(&spec->by_name, task->name, (void *)(intptr_t)(spec->n_tasks + 1));
        retry_command_load(task);
    }
    commands_add(spec);
    return mentions_count(spec, err);
}

int workflow_spec_load(value document, enum spec_flags flags, struct workflow_spec **ret, struct error *err)
{
    CLEANUP(workflow_spec_freep)
    struct workflow_spec *spec = xcalloc(1, sizeof(*spec));
    int r;

    spec->flags = flags;
    r = check_document(document, err);
    if (r < 0)
        return r;
    r = resolve_shorthand(document, &spec->document, err);
    if (r < 0)
        return r;
    r = check_tasks(value_map_get(spec->document, "tasks"), err);
    if (r < 0)
        return r;
    spec->input = bindings_load(value_map_get(spec->document, "input"));
    spec->vars = bindings_load(value_map_get(spec->document, "vars"));
    spec->output = bindings_load(value_map_get(spec->document, "output"));
    if (flags & SPEC_EXTENSIONS)
        spec->timeout = optional_template(value_map_get(spec->document, "timeout"));
    r = tasks_load(spec, err);
    if (r < 0)
        return r;
    cycles_find(spec);
    *ret = take_ptr(&spec);
    return 0;
}

int workflow_spec_load_text(const char *text, size_t n, enum spec_flags flags, struct workflow_spec **ret,
                            struct error *err)
{
    VALUE_AUTO(document);
    ERROR_AUTO(reason);
    int r;

    if (n == 0)
        return error_set_kind(err, -EINVAL, "ValueError", "The spec cannot be type of None.");
    if (n > SPEC_TEXT_MAX)
        return error_set_kind(err, -E2BIG, "ValueError", "The definition is longer than %d bytes.",
                              SPEC_TEXT_MAX);
    r = yaml_read_with(text, n, YAML_UNIQUE_KEYS | YAML_NO_MERGE, &document, &reason);
    if (r < 0) {
        error_set_kind(err, r, "ValueError", "Failed to load workflow definition because %s.",
                       error_text(&reason));
        if (err) {
            err->line = reason.line;
            err->column = reason.column;
        }
        return r;
    }
    return workflow_spec_load(document, flags, ret, err);
}

void workflow_spec_free(struct workflow_spec *spec)
{
    if (!spec)
        return;
    if (spec->tasks)
        for (size_t i = 0; i < spec->n_tasks + COMMANDS; i++)
            task_release(&spec->tasks[i]);
    free(spec->tasks);
    bindings_release(&spec->input);
    bindings_release(&spec->vars);
    bindings_release(&spec->output);
    template_free(spec->timeout);
    strmap_release(&spec->by_name);
    value_unref(spec->document);
    free(spec);
}

void workflow_spec_freep(struct workflow_spec **spec)
{
    workflow_spec_free(*spec);
}
