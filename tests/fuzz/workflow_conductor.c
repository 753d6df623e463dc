/* SPDX-License-Identifier: Apache-2.0 */
/* Random graphs under random events. After each step: what was refused changed nothing, the rows that were told make the
   same workflow again, and it still ends when everything that runs is ended. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "value/json.h"
#include "workflow/conductor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct input {
    const uint8_t *data;
    size_t n;
};

static unsigned take(struct input *input, unsigned below)
{
    if (input->n == 0)
        return 0;
    input->n--;
    return *input->data++ % below;
}

#define TASKS 6

static void task_write(struct input *input, struct buffer *out, unsigned number)
{
    static const char *const extras[] = { "",
                                          "",
                                          ", join: all",
                                          ", join: 1",
                                          ", join: 2",
                                          ", with: {items: '<% [1, 2, 3] %>', concurrency: 2}",
                                          ", with: '<% ctx(l) %>'",
                                          ", retry: {count: 2}",
                                          ", retry: {when: '<% failed() %>', count: 1, delay: 1}" };
    static const char *const whens[] = { "", "when: '<% succeeded() %>', ", "when: '<% failed() %>', ",
                                         "when: '<% ctx(x) < 3 %>', ", "when: '<% nonsense( %>', " };
    static const char *const publishes[] = { "", "publish: [{x: '<% ctx(x) + 1 %>'}], ",
                                             "publish: [{d: {k1: {a: 1}}}], ",
                                             "publish: [{d: {k1: {b: 2}, k2: 3}}], ", "publish: [{d: 5}], " };
    static const char *const commands[] = { "noop", "fail", "continue", "retry" };
    unsigned n_transitions = take(input, 4);

    buffer_addf(out, "  t%u: {action: a.b%s, next: [", number, extras[take(input, ELEMENTS(extras))]);
    for (unsigned i = 0; i < n_transitions; i++) {
        unsigned to = take(input, TASKS + ELEMENTS(commands));

        buffer_addf(out, "%s{%s%sdo: ", i ? ", " : "", whens[take(input, ELEMENTS(whens))],
                    publishes[take(input, ELEMENTS(publishes))]);
        if (to < TASKS)
            buffer_addf(out, "t%u}", to);
        else
            buffer_addf(out, "%s}", commands[to - TASKS]);
    }
    buffer_add_text(out, "]}\n");
}

/* ---- rows ---- */

struct rows {
    value kinds[ROW_ERROR + 1];
};

static void row_keep(void *data, const struct conductor_row *row)
{
    value *kept = &((struct rows *)data)->kinds[row->kind];
    value key = value_textf("%lld.%lld", (long long)row->key, (long long)row->sub);

    if (!value_is_set(*kept))
        *kept = value_map_new(8);
    if (value_is_set(row->data))
        value_map_set(kept, value_ref(key), value_ref(row->data));
    else
        value_map_remove_value(kept, key);
    value_unref(key);
}

static int compare_rows(const void *a, const void *b)
{
    const struct conductor_row *x = a, *y = b;

    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->sub < y->sub ? -1 : x->sub > y->sub;
}

/* Items of staged tasks that are gone, or that lost their items, are not loaded. */
static bool row_lives(const struct rows *rows, const struct conductor_row *row)
{
    char key[48];
    value staged;

    if (row->kind != ROW_ITEM)
        return true;
    snprintf(key, sizeof(key), "%lld.0", (long long)row->key);
    staged = value_map_get(rows->kinds[ROW_STAGED], key);
    return value_map_int(staged, "items", -1) > row->sub;
}

static void rows_load(const struct rows *rows, struct conductor *conductor)
{
    for (int kind = 0; kind <= ROW_ERROR; kind++) {
        struct conductor_row *sorted = xcalloc(value_map_count(rows->kinds[kind]) + 1, sizeof(*sorted));
        size_t n = 0;

        VALUE_MAP_EACH (i, rows->kinds[kind]) {
            long long key, sub;

            sscanf(value_chars(value_map_key_at(rows->kinds[kind], i)), "%lld.%lld", &key, &sub);
            sorted[n] = (struct conductor_row){ (enum conductor_row_kind)kind, key, sub,
                                                value_map_item_at(rows->kinds[kind], i) };
            n += row_lives(rows, &sorted[n]);
        }
        qsort(sorted, n, sizeof(*sorted), compare_rows);
        for (size_t i = 0; i < n; i++) {
            ERROR_AUTO(err);
            int r = conductor_load_row(conductor, &sorted[i], &err);

            assert(r == 0);
        }
        free(sorted);
    }
}

/* ---- steps ---- */

struct play {
    struct input input;
    struct workflow_spec *spec;
    struct workflow_graph *graph;
    struct conductor *conductor;
    struct rows rows;
    struct offer {
        char task[8];
        int64_t route;
        bool has_items;
    } offers[8]; /* what was handed out last: events about it go further than any others */
    unsigned n_offers;
};

static char *report_text(const struct conductor *conductor)
{
    value report = conductor_report(conductor);
    char *text = json_text(report);

    value_unref(report);
    return text;
}

static int event_step(struct play *play, struct error *err)
{
    static const char *const statuses[] = { "running", "running",   "succeeded", "succeeded",
                                            "failed",  "pending",   "paused",    "canceled",
                                            "timeout", "abandoned", "requested" };
    struct offer offer = { .route = 0 };
    struct conductor_event event = { .status = statuses[take(&play->input, ELEMENTS(statuses))],
                                     .result = value_int(1) };

    if (play->n_offers && take(&play->input, 8)) {
        offer = play->offers[take(&play->input, play->n_offers)];
        event.is_item = offer.has_items;
    } else {
        offer.route = take(&play->input, 3);
        snprintf(offer.task, sizeof(offer.task), "t%u", take(&play->input, TASKS));
        event.is_item = take(&play->input, 3) == 0;
    }
    event.item = event.is_item ? take(&play->input, 4) : 0;
    return conductor_task_event(play->conductor, offer.task, offer.route, &event, err);
}

static int rerun_step(struct play *play, struct error *err)
{
    char task[8];
    struct conductor_rerun request = { task, take(&play->input, 2), take(&play->input, 2) };

    snprintf(task, sizeof(task), "t%u", take(&play->input, TASKS));
    return conductor_rerun(play->conductor, &request, take(&play->input, 2), err);
}

static int next_step(struct play *play, struct error *err)
{
    struct conductor_tasks tasks = { 0 };
    int r = conductor_next(play->conductor, &tasks, err);

    for (size_t i = 0; i < tasks.n_items; i++) {
        struct offer *offer = &play->offers[i % ELEMENTS(play->offers)];

        snprintf(offer->task, sizeof(offer->task), "%.7s", tasks.items[i].id);
        offer->route = tasks.items[i].route;
        offer->has_items = tasks.items[i].has_items;
        play->n_offers = (unsigned)(i < ELEMENTS(play->offers) ? i + 1 : ELEMENTS(play->offers));
    }
    conductor_tasks_release(&tasks);
    return r;
}

static int step(struct play *play, struct error *err)
{
    static const char *const requests[] = { "running", "paused",  "resuming", "canceled",
                                            "failed",  "pausing", "canceling" };

    switch (take(&play->input, 10)) {
    case 0:
        return conductor_request(play->conductor, requests[take(&play->input, ELEMENTS(requests))], err);
    case 1:
        return rerun_step(play, err);
    case 2:
        return conductor_render_output(play->conductor, err);
    case 3:
    case 4:
        return next_step(play, err);
    default:
        return event_step(play, err);
    }
}

static void check_saved(struct play *play, const char *now)
{
    struct conductor *fresh = conductor_new(play->spec, play->graph, value_null(), value_null());
    char *again;

    conductor_changes(play->conductor, row_keep, &play->rows);
    rows_load(&play->rows, fresh);
    again = report_text(fresh);
    assert(strcmp(now, again) == 0);
    free(again);
    /* Going on with the copy proves that it has everything. */
    conductor_free(play->conductor);
    play->conductor = fresh;
}

/* The document that it is saved as makes the same workflow, too. */
static void check_document(const struct play *play)
{
    struct conductor *fresh = conductor_new(play->spec, play->graph, value_null(), value_null());
    value saved = conductor_save(play->conductor), again;
    char *text = json_text(saved), *text_again;
    ERROR_AUTO(err);
    int r;

    value_unref(saved);
    r = json_read(text, strlen(text), 0, &saved, &err);
    assert(r == 0);
    r = conductor_restore(fresh, saved, &err);
    assert(r == 0);
    again = conductor_save(fresh);
    text_again = json_text(again);
    assert(strcmp(text, text_again) == 0);
    free(text);
    free(text_again);
    value_unref(saved);
    value_unref(again);
    conductor_free(fresh);
}

static void play_steps(struct play *play)
{
    for (int i = 0; i < 80 && play->input.n; i++) {
        char *before = report_text(play->conductor), *after;
        ERROR_AUTO(err);
        VALUE_AUTO(waits);
        int r = step(play, &err);

        after = report_text(play->conductor);
        if (r < 0)
            assert(err.kind && strcmp(before, after) == 0);
        check_saved(play, after);
        waits = conductor_waits(play->conductor);
        free(before);
        free(after);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct play play = { .input = { data, n } };
    BUFFER_AUTO(text);
    ERROR_AUTO(err);
    int r;

    buffer_add_text(&text, "version: 1.0\nvars: [{x: 0}, {l: [1, 2]}, {d: {k1: {z: 0}}}]\ntasks:\n");
    for (unsigned i = 0; i < TASKS; i++)
        task_write(&play.input, &text, i);
    buffer_add_text(&text, "output: [{x: '<% ctx(x) %>'}, {d: '<% ctx(d) %>'}]\n");
    r = workflow_spec_load_text(text.data, text.len, 0, &play.spec, &err);
    assert(r == 0);
    r = workflow_graph_new(play.spec, &play.graph, &err);
    assert(r == 0);
    play.conductor = conductor_new(play.spec, play.graph, value_null(), value_null());
    r = conductor_start(play.conductor, &err);
    assert(r == 0);
    conductor_request(play.conductor, "running", NULL);
    play_steps(&play);
    check_document(&play);
    conductor_free(play.conductor);
    for (int kind = 0; kind <= ROW_ERROR; kind++)
        value_unref(play.rows.kinds[kind]);
    workflow_graph_free(play.graph);
    workflow_spec_free(play.spec);
    return 0;
}
