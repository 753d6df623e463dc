/* SPDX-License-Identifier: Apache-2.0 */
/* What the schema allows and yet makes no workflow. */
#include "workflow/inspect-internal.h"

#include <stdlib.h>

#include "base/mem.h"
#include "value/python.h"

static void task_finding(value *findings, const char *task, const char *spec_tail, const char *schema_tail,
                         const char *message)
{
    BUFFER_AUTO(spec_path);
    BUFFER_AUTO(schema_path);

    if (value_list_count(*findings) >= INSPECT_FINDINGS_MAX)
        return;
    buffer_addf(&spec_path, "tasks.%s%s", task, spec_tail);
    buffer_addf(&schema_path, PATH_TASK "%s", schema_tail);
    finding_add(findings, message, buffer_text(&spec_path), buffer_text(&schema_path));
}

static void find_reserved(const struct workflow_spec *spec, value *findings)
{
    for (size_t i = 0; i < spec->n_tasks; i++) {
        BUFFER_AUTO(message);

        if (spec_command_from_name(spec->tasks[i].name) == COMMAND_NONE)
            continue;
        buffer_addf(&message, "The task name \"%s\" is reserved with special function.", spec->tasks[i].name);
        task_finding(findings, spec->tasks[i].name, "", "", buffer_text(&message));
    }
}

static void find_actionless(const struct workflow_spec *spec, value *findings)
{
    for (size_t i = 0; i < spec->n_tasks; i++)
        if (spec->tasks[i].has_items && !value_truth(spec->tasks[i].action_value))
            task_finding(findings, spec->tasks[i].name, "", "",
                         "The action property is required for with items task.");
}

/* ---- walking from the start tasks ---- */

struct queue {
    uint32_t *items;
    size_t first, n, room;
};

static void queue_add(struct queue *queue, uint32_t item)
{
    GROW(queue->items, queue->n, queue->room);
    queue->items[queue->n++] = item;
}

static int compare_names(const void *a, const void *b, void *spec)
{
    const struct spec_task *tasks = ((const struct workflow_spec *)spec)->tasks;

    return strcmp(tasks[*(const uint32_t *)a].name, tasks[*(const uint32_t *)b].name);
}

/* Is nobody's target; in the order of names. */
static void queue_starts(struct queue *queue, const struct workflow_spec *spec)
{
    for (size_t i = 0; i < spec->n_tasks; i++) {
        int64_t found = workflow_spec_find(spec, spec->tasks[i].name);

        if (found >= 0 && spec->tasks[found].n_mentions == 0)
            queue_add(queue, (uint32_t)i);
    }
    if (queue->n)
        qsort_r(queue->items, queue->n, sizeof(queue->items[0]), compare_names, (void *)spec);
}

static int compare_values(const void *a, const void *b)
{
    return strcmp(value_chars(*(const value *)a), value_chars(*(const value *)b));
}

/* All names that the transitions of a task lead to. Owned. */
static value targets_sorted(const struct spec_task *task)
{
    value names = value_list_new(4);

    for (size_t i = 0; i < task->n_transitions; i++)
        VALUE_LIST_EACH (k, name, task->transitions[i].names)
            value_list_append(&names, value_ref(name));
    if (value_list_count(names) > 1)
        qsort(names.list->items, value_list_count(names), sizeof(value), compare_values);
    return names;
}

static void undefined_finding(value *findings, const struct spec_task *task, size_t transition, value name)
{
    BUFFER_AUTO(tail);
    BUFFER_AUTO(message);

    buffer_addf(&tail, ".next[%zu].do", transition);
    buffer_addf(&message, "The task \"%s\" is not defined.", value_chars(name));
    task_finding(findings, task->name, buffer_text(&tail), ".properties.next.items.properties.do",
                 buffer_text(&message));
}

/* A task that several others lead to before it is looked at is looked at as often, and so are its mistakes told. */
static void find_undefined(const struct workflow_spec *spec, value *findings)
{
    struct queue queue = { 0 };
    bool *seen = xcalloc(spec->n_tasks + COMMANDS, sizeof(bool));

    queue_starts(&queue, spec);
    while (queue.first < queue.n) {
        uint32_t number = queue.items[queue.first++];
        const struct spec_task *task = &spec->tasks[number];

        if (seen[number] && queue.first > INSPECT_VISITS_MAX)
            continue;
        seen[number] = true;
        for (size_t i = 0; i < task->n_transitions; i++)
            VALUE_LIST_EACH (k, name, task->transitions[i].names) {
                int64_t to = workflow_spec_find(spec, value_chars(name));

                if (to < 0)
                    undefined_finding(findings, task, i, name);
                else if (!seen[to] && spec->tasks[to].command == COMMAND_NONE &&
                         (queue.n - queue.first) < INSPECT_VISITS_MAX)
                    queue_add(&queue, (uint32_t)to);
            }
    }
    free(queue.items);
    free(seen);
}

/* ---- joins below splits ---- */

/* Looking for a way from a task back to itself fails at a task that is not defined, unless the way is found before. Only
   definitions that name such tasks are looked at. */
static int check_cycle(const struct workflow_spec *spec, uint32_t start, struct error *err)
{
    struct queue queue = { 0 };
    bool *seen = xcalloc(spec->n_tasks + COMMANDS, sizeof(bool)), found = false;
    int r = 0;

    queue_add(&queue, start);
    while (queue.first < queue.n && r == 0 && !found) {
        const struct spec_task *task = &spec->tasks[queue.items[queue.first++]];
        VALUE_AUTO(names);

        names = targets_sorted(task);
        VALUE_LIST_EACH (i, name, names) {
            int64_t to = workflow_spec_find(spec, value_chars(name));

            if (to < 0)
                r = error_set_kind(err, -EINVAL, "KeyError", "'%s'", value_chars(name));
            found = found || to == start;
            if (to < 0 || found)
                break;
            if (!seen[to])
                queue_add(&queue, (uint32_t)to);
            seen[to] = true;
        }
    }
    free(queue.items);
    free(seen);
    return r;
}

/* Which split tasks were passed on the way to a task, as bits; several visits at one distance are made at once. */
struct splits {
    const struct workflow_spec *spec;
    size_t words;
    uint64_t *passed;     /* of each task, all visits together */
    uint64_t *now, *next; /* of each task, the visits at this distance */
    bool *is_next, *seen;
    struct error *err;
    bool checks_cycles, failed;
    bool *walked;  /* of each name in a `do`, in the order of the definition: did the walk go there? */
    size_t *first; /* of each task, where its names begin in `walked` */
};

static bool bits_add(uint64_t *to, const uint64_t *from, size_t words)
{
    bool more = false;

    for (size_t i = 0; i < words; i++) {
        more = more || (from[i] & ~to[i]);
        to[i] |= from[i];
    }
    return more;
}

static void splits_check(struct splits *splits, uint32_t number)
{
    if (splits->checks_cycles && !splits->failed && check_cycle(splits->spec, number, splits->err) < 0)
        splits->failed = true;
}

struct mention {
    const char *name;
    size_t at; /* in splits->walked */
};

static int compare_mentions(const void *a, const void *b)
{
    const struct mention *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : x->at < y->at ? -1 : 1;
}

/* Every name in the transitions of a task, by name: the order in which they are walked. */
static struct mention *mentions_sorted(const struct splits *splits, uint32_t number, size_t *ret_n)
{
    const struct spec_task *task = &splits->spec->tasks[number];
    struct mention *mentions = NULL;
    size_t n = 0, room = 0;

    for (size_t i = 0; i < task->n_transitions; i++)
        VALUE_LIST_EACH (k, name, task->transitions[i].names) {
            GROW(mentions, n, room);
            mentions[n] = (struct mention){ value_chars(name), splits->first[number] + n };
            n++;
        }
    if (n > 1)
        qsort(mentions, n, sizeof(*mentions), compare_mentions);
    *ret_n = n;
    return mentions;
}

static void splits_go(struct splits *splits, const uint64_t *bits, const struct mention *mention, bool more,
                      struct queue *later)
{
    int64_t to = workflow_spec_find(splits->spec, mention->name);

    if (to >= 0 && splits->seen[to])
        splits_check(splits, (uint32_t)to);
    if (to < 0 || splits->spec->tasks[to].command != COMMAND_NONE ||
        (splits->seen[to] && splits->spec->tasks[to].in_cycle))
        return;
    splits->walked[mention->at] = true;
    /* A visit that brings nothing new brings nothing new further on. */
    if (!more)
        return;
    bits_add(splits->next + (size_t)to * splits->words, bits, splits->words);
    if (!splits->is_next[to])
        queue_add(later, (uint32_t)to);
    splits->is_next[to] = true;
}

static void splits_visit(struct splits *splits, uint32_t number, struct queue *later)
{
    const struct spec_task *task = &splits->spec->tasks[number];
    size_t words = splits->words, n;
    uint64_t *bits = splits->now + number * words;
    struct mention *mentions = mentions_sorted(splits, number, &n);
    bool more = !splits->seen[number];

    if (task->is_split)
        splits_check(splits, number);
    if (task->is_split && !task->in_cycle)
        bits[number / 64] |= 1ull << number % 64;
    splits->seen[number] = true;
    more |= bits_add(splits->passed + number * words, bits, words);
    for (size_t i = 0; i < n; i++)
        splits_go(splits, bits, &mentions[i], more, later);
    memset(bits, 0, words * sizeof(*bits));
    free(mentions);
}

static void splits_walk(struct splits *splits)
{
    struct queue now = { 0 }, later = { 0 };

    queue_starts(&now, splits->spec);
    while (now.n) {
        struct queue swap;
        uint64_t *bits = splits->now;

        for (size_t i = 0; i < now.n; i++)
            splits_visit(splits, now.items[i], &later);
        for (size_t i = 0; i < later.n; i++)
            splits->is_next[later.items[i]] = false;
        splits->now = splits->next;
        splits->next = bits;
        swap = now;
        now = later;
        later = swap;
        later.n = 0;
    }
    free(now.items);
    free(later.items);
}

static bool names_undefined(const struct workflow_spec *spec)
{
    for (size_t i = 0; i < spec->n_tasks; i++)
        for (size_t k = 0; k < spec->tasks[i].n_transitions; k++)
            VALUE_LIST_EACH (j, name, spec->tasks[i].transitions[k].names)
                if (workflow_spec_find(spec, value_chars(name)) < 0)
                    return true;
    return false;
}

static void splits_init(struct splits *splits, const struct workflow_spec *spec, struct error *err)
{
    size_t n = spec->n_tasks + COMMANDS, mentions = 0;

    *splits = (struct splits){ .spec = spec, .words = (n + 63) / 64, .err = err };
    splits->first = xcalloc(n, sizeof(size_t));
    for (size_t i = 0; i < n; i++) {
        splits->first[i] = mentions;
        for (size_t k = 0; k < spec->tasks[i].n_transitions; k++)
            mentions += value_list_count(spec->tasks[i].transitions[k].names);
    }
    splits->checks_cycles = names_undefined(spec);
    splits->passed = xcalloc(n * splits->words, sizeof(uint64_t));
    splits->now = xcalloc(n * splits->words, sizeof(uint64_t));
    splits->next = xcalloc(n * splits->words, sizeof(uint64_t));
    splits->is_next = xcalloc(n, sizeof(bool));
    splits->seen = xcalloc(n, sizeof(bool));
    splits->walked = xcalloc(mentions + 1, sizeof(bool));
}

static void splits_release(struct splits *splits)
{
    free(splits->first);
    free(splits->passed);
    free(splits->now);
    free(splits->next);
    free(splits->is_next);
    free(splits->seen);
    free(splits->walked);
}

static void unreachable_finding(value *findings, const char *task)
{
    BUFFER_AUTO(message);

    buffer_addf(
        &message,
        "The join task \"%s\" is unreachable. A join task is determined to be unreachable if there are nested "
        "forks from multi-referenced tasks that join on the said task. This is ambiguous to the workflow engine "
        "because it does not know at which level should the join occurs.",
        task);
    task_finding(findings, task, "", "", buffer_text(&message));
}

/* A join must have passed the same splits as each task that leads to it. */
static int find_unreachable(const struct workflow_spec *spec, value *findings, struct error *err)
{
    struct splits splits;
    bool *told = xcalloc(spec->n_tasks + COMMANDS, sizeof(bool));

    splits_init(&splits, spec, err);
    splits_walk(&splits);
    for (size_t from = 0, mention = 0; from < spec->n_tasks; from++)
        for (size_t i = 0; i < spec->tasks[from].n_transitions; i++)
            VALUE_LIST_EACH (k, name, spec->tasks[from].transitions[i].names) {
                int64_t to = workflow_spec_find(spec, value_chars(name));

                if (!splits.walked[mention++] || told[to] || !spec->tasks[to].has_join ||
                    memcmp(splits.passed + from * splits.words, splits.passed + (size_t)to * splits.words,
                           splits.words * sizeof(uint64_t)) == 0)
                    continue;
                told[to] = true;
                unreachable_finding(findings, spec->tasks[to].name);
            }
    free(told);
    splits_release(&splits);
    return splits.failed ? -EINVAL : 0;
}

/* Names that are no text cannot be put in order beside others, nor looked up when they are lists or maps. */
static int check_odd_names(const struct workflow_spec *spec, struct error *err)
{
    for (size_t i = 0; i < spec->n_tasks; i++) {
        const struct spec_task *task = &spec->tasks[i];
        size_t n = 0, n_numbers = 0;
        uint64_t hash;

        if (value_is_set(task->odd_do))
            return error_set_kind(err, -EINVAL, "TypeError", "'%s' object is not iterable",
                                  python_type_name(task->odd_do));
        for (size_t k = 0; k < task->n_transitions; k++)
            n += value_list_count(task->transitions[k].names);
        VALUE_LIST_EACH (k, name, task->odd_names)
            n_numbers += value_is_number(name) || name.kind == VALUE_BOOL;
        VALUE_LIST_EACH (k, name, task->odd_names) {
            if (n > 1 && n_numbers < n)
                return error_set_kind(err, -EINVAL, "TypeError",
                                      "'<' not supported between instances of '%s' and 'str'",
                                      python_type_name(name));
            if (!value_hash(name, &hash))
                return error_set_kind(err, -EINVAL, "TypeError", "unhashable type: '%s'",
                                      python_type_name(name));
        }
    }
    return 0;
}

int inspect_semantics(const struct workflow_spec *spec, value *findings, struct error *err)
{
    struct queue starts = { 0 };
    int r = check_odd_names(spec, err);

    if (r < 0 || !spec->has_tasks)
        return r;
    find_reserved(spec, findings);
    queue_starts(&starts, spec);
    if (starts.n == 0)
        finding_add(
            findings,
            "Unable to identify any tasks to start the workflow. If the workflow has a loop, please add a task that "
            "serves as an entry point (or lead) into the loop.",
            "tasks", "properties.tasks");
    free(starts.items);
    find_undefined(spec, findings);
    r = find_unreachable(spec, findings, err);
    find_actionless(spec, findings);
    return r;
}
