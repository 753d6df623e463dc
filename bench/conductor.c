/* SPDX-License-Identifier: Apache-2.0 */
/* How fast workflows are conducted, without a server and by the time of the processor. Prints a line of JSON for each
   measurement; bench/conductor.py puts the reference engine on Python beside them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "workflow/conductor.h"

#define ROUNDS 3

/* Time of this process on a processor: the machine may be busy with other things. */
static int64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct run {
    struct workflow_spec *spec;
    struct workflow_graph *graph;
    struct conductor *conductor;
};

static void fail(const char *what, const struct error *err)
{
    fprintf(stderr, "%s: %s\n", what, error_text(err));
    exit(1);
}

static void run_begin(struct run *run, const char *text, value inputs)
{
    ERROR_AUTO(err);

    if (workflow_spec_load_text(text, strlen(text), 0, &run->spec, &err) < 0)
        fail("load", &err);
    if (workflow_graph_new(run->spec, &run->graph, &err) < 0)
        fail("compose", &err);
    run->conductor = conductor_new(run->spec, run->graph, inputs, value_null());
    if (conductor_start(run->conductor, &err) < 0 || conductor_request(run->conductor, "running", &err) < 0)
        fail("start", &err);
}

static void run_end(struct run *run)
{
    conductor_free(run->conductor);
    workflow_graph_free(run->graph);
    workflow_spec_free(run->spec);
}

static void ignore_row(void *data, const struct conductor_row *row)
{
    ++*(size_t *)data;
}

static void tell(struct run *run, const struct conductor_task *task, const char *status, value result)
{
    struct conductor_event event = { .status = status, .result = result };
    ERROR_AUTO(err);

    if (conductor_task_event(run->conductor, task->id, task->route, &event, &err) < 0)
        fail(task->id, &err);
}

static void print(const char *name, double figure, const char *unit)
{
    printf("{\"name\": \"%s\", \"value\": %.4f, \"unit\": \"%s\"}\n", name, figure, unit);
    fflush(stdout);
}

/* Runs every task that is on offer until nothing is; returns how many. `kept`: the rows that each step changed are taken
   out, as a store would. */
static size_t run_tasks(struct run *run, value result, bool kept)
{
    size_t n = 0, n_rows = 0;

    for (;;) {
        struct conductor_tasks tasks = { 0 };
        ERROR_AUTO(err);

        if (conductor_next(run->conductor, &tasks, &err) < 0)
            fail("next", &err);
        for (size_t i = 0; i < tasks.n_items; i++)
            tell(run, &tasks.items[i], "running", value_null());
        for (size_t i = 0; i < tasks.n_items; i++)
            tell(run, &tasks.items[i], "succeeded", result);
        n += tasks.n_items;
        if (kept)
            conductor_changes(run->conductor, ignore_row, &n_rows);
        if (tasks.n_items == 0)
            break;
        conductor_tasks_release(&tasks);
    }
    if (conductor_status(run->conductor) != STATUS_SUCCEEDED) {
        fprintf(stderr, "a workflow ended %s\n", status_name(conductor_status(run->conductor)));
        exit(1);
    }
    return n;
}

static double tasks_a_second(const char *text, bool kept)
{
    double best = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct run run = { 0 };
        int64_t start;
        size_t done = 0, runs = 0;

        start = cpu_us();
        do {
            int64_t loading = cpu_us();

            run_begin(&run, text, value_null());
            start += cpu_us() - loading;
            done += run_tasks(&run, value_int(1), kept);
            loading = cpu_us();
            run_end(&run);
            start += cpu_us() - loading;
        } while (++runs < 1000 && cpu_us() - start < 50000);
        best = fmax(best, (double)done * 1e6 / (double)(cpu_us() - start));
    }
    return best;
}

static void chain(size_t n, bool publishes)
{
    BUFFER_AUTO(text);
    CLEANUP(freep)
    char *name = xasprintf("chain of %zu%s", n, publishes ? ", publishing" : "");
    CLEANUP(freep)
    char *kept = xasprintf("%s, rows taken out", name);

    buffer_add_text(&text, "version: 1.0\nvars: [{x: 0}]\ntasks:\n");
    for (size_t i = 0; i < n; i++)
        buffer_addf(&text,
                    i + 1 < n
                        ? "  t%zu: {action: core.noop, next: [{when: '<%% succeeded() %%>', %sdo: t%zu}]}\n"
                        : "  t%zu: {action: core.noop}\n",
                    i, publishes ? "publish: [{x: '<% ctx(x) + 1 %>'}], " : "", i + 1);
    print(name, tasks_a_second(text.data, false), "tasks/s");
    print(kept, tasks_a_second(text.data, true), "tasks/s");
}

static void item_tell(struct run *run, size_t item, const char *status)
{
    struct conductor_event event = { .status = status, .is_item = true, .item = (int64_t)item };
    ERROR_AUTO(err);

    if (conductor_task_event(run->conductor, "each", 0, &event, &err) < 0)
        fail("item", &err);
}

static void items(size_t n)
{
    static const char text[] = "version: 1.0\ninput: [list]\ntasks:\n  each:\n    with: <% ctx(list) %>\n"
                               "    action: core.echo message=<% item() %>\n";
    struct run run = { 0 };
    value inputs = value_map_new(1), list = value_list_new(n);
    struct conductor_tasks tasks = { 0 };
    int64_t start;
    size_t n_rows = 0;
    char name[60];
    ERROR_AUTO(err);

    for (size_t i = 0; i < n; i++)
        value_list_append(&list, value_int((int64_t)i));
    value_map_set_text(&inputs, "list", list);
    run_begin(&run, text, inputs);
    start = cpu_us();
    if (conductor_next(run.conductor, &tasks, &err) < 0)
        fail("next", &err);
    snprintf(name, sizeof(name), "%zu items rendered", n);
    print(name, (double)(cpu_us() - start) / 1e3, "ms");
    conductor_tasks_release(&tasks);
    start = cpu_us();
    for (size_t i = 0; i < n; i++)
        item_tell(&run, i, "running");
    conductor_changes(run.conductor, ignore_row, &n_rows);
    for (size_t i = 0; i < n; i++) {
        item_tell(&run, i, "succeeded");
        if (conductor_next(run.conductor, &tasks, &err) < 0)
            fail("next", &err);
        conductor_tasks_release(&tasks);
        conductor_changes(run.conductor, ignore_row, &n_rows);
    }
    snprintf(name, sizeof(name), "one of %zu items, start to end", n);
    print(name, (double)(cpu_us() - start) / (double)n, "us");
    run_end(&run);
    value_unref(inputs);
}

static void fan(size_t n, bool join)
{
    BUFFER_AUTO(text);
    CLEANUP(freep)
    char *name = xasprintf("fan of %zu%s", n, join ? " with a join" : "");

    buffer_add_text(&text, "version: 1.0\ntasks:\n  a:\n    action: core.noop\n    next:\n      - do: ");
    for (size_t i = 0; i < n; i++)
        buffer_addf(&text, "%sb%zu", i ? "," : "", i);
    for (size_t i = 0; i < n; i++)
        buffer_addf(&text, "\n  b%zu: {action: core.noop%s}", i,
                    join ? ", next: [{publish: [{x: 1}], do: j}]" : "");
    buffer_add_text(&text, join ? "\n  j: {join: all, action: core.noop}\n" : "\n");
    print(name, tasks_a_second(text.data, false), "tasks/s");
}

/* A large value published once is shared by all who read it. */
static void large(void)
{
    struct run run = { 0 };
    BUFFER_AUTO(text);
    value result = value_list_new(1000);
    int64_t before, peak;

    for (int i = 0; i < 1000; i++) {
        char *data;
        value chunk = value_string_new(10000, &data);

        memset(data, 'x', 10000);
        value_list_append(&result, chunk);
    }
    buffer_add_text(&text, "version: 1.0\ntasks:\n  a:\n    action: core.noop\n    next:\n"
                           "      - publish: [{big: '<% result() %>'}]\n        do: ");
    for (int i = 0; i < 100; i++)
        buffer_addf(&text, "%sb%d", i ? "," : "", i);
    for (int i = 0; i < 100; i++)
        buffer_addf(&text, "\n  b%d: {action: core.noop, input: {big: '<%% ctx(big) %%>'}}", i);
    before = value_thread_bytes();
    run_begin(&run, text.data, value_null());
    run_tasks(&run, result, true);
    peak = value_thread_bytes() - before;
    print("10 MB read by 100 tasks, held beside it", (double)peak / 1e6, "MB");
    run_end(&run);
    value_unref(result);
}

int main(void)
{
    static const size_t lengths[] = { 10, 100, 1000, 10000 };

    for (size_t i = 0; i < ELEMENTS(lengths); i++)
        chain(lengths[i], false);
    chain(10000, true);
    items(10000);
    fan(10000, false);
    fan(10000, true);
    large();
    return 0;
}
