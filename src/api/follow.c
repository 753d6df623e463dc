/* SPDX-License-Identifier: Apache-2.0 */
/* Executions are found by their parents. The order is: what a workflow has begun is told before its end, and of each execution its
   start, its output, its end. */
#include "follow.h"

#include <stdlib.h>

#include "api-internal.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strmap.h"
#include "event_document.h"
#include "execution_document.h"
#include "value/json.h"

#define DEPTH_MAX 100 /* of workflows within workflows */
#define SLICE_MAX \
    (2 << 20) /* bytes told at a time; what is left over is told a second later, when the client has read */

/* Of looking: there is more to tell. */
enum { FOLLOW_MORE = 1 };

struct followed {
    int64_t seq;
    int64_t output_at; /* number of the last piece told */
    bool started, over, workflow;
};

struct follow {
    int64_t root;
    char *type;
    struct strmap by_seq; /* -> struct followed */
    const struct follow_world *world;
    struct buffer text;
    struct error err;
    size_t told; /* bytes, in this slice */
    bool gone;   /* the client takes no more */
};

struct follow *follow_new(int64_t execution, const char *type)
{
    struct follow *follow = xcalloc(1, sizeof(*follow));

    follow->root = execution;
    follow->type = type ? xstrdup(type) : NULL;
    return follow;
}

void follow_free(struct follow *follow)
{
    size_t at = 0;
    void *item;

    if (!follow)
        return;
    while (strmap_next(&follow->by_seq, &at, NULL, &item))
        free(item);
    strmap_release(&follow->by_seq);
    buffer_release(&follow->text);
    error_release(&follow->err);
    free(follow->type);
    free(follow);
}

static struct followed *find(struct follow *follow, int64_t seq)
{
    return strmap_get_n(&follow->by_seq, (const char *)&seq, sizeof(seq));
}

static struct followed *add(struct follow *follow, int64_t seq)
{
    struct followed *one = xcalloc(1, sizeof(*one));

    one->seq = seq;
    strmap_set_n(&follow->by_seq, (const char *)&seq, sizeof(seq), one);
    return one;
}

/* ---- telling ---- */

/* Takes the document. */
static void send_event(struct follow *follow, const char *name, value document)
{
    buffer_clear(&follow->text);
    buffer_addf(&follow->text, "event: %s\ndata: ", name);
    json_write(&follow->text, document, JSON_COMPACT);
    buffer_add_text(&follow->text, "\n\n");
    value_unref(document);
    follow->told += follow->text.len;
    follow->gone |= http_stream_send(follow->world->stream, follow->text.data, follow->text.len) != 0;
}

static void send_status(struct follow *follow, const struct execution_row *row, enum execution_status status)
{
    struct api *api = follow->world->api;
    value document = execution_document(api, row, !api->config.settings->mask_secrets);

    value_map_put(&document, "status", value_text(execution_status_text(status)));
    send_event(follow, "st2.execution__update", document);
}

struct piece {
    struct follow *follow;
    struct followed *one;
    struct engine_event event;
};

static int on_piece(void *data, int64_t number, int64_t at_us, const char *type, const char *text, size_t n)
{
    struct piece *piece = data;
    const struct follow_world *world = piece->follow->world;

    piece->event.seq = sequence_at(at_us) | (number & 0xFFFFFF);
    piece->event.at_us = at_us;
    piece->event.type = (char *)type;
    piece->event.text = (char *)text;
    piece->event.n = n;
    send_event(piece->follow, "st2.execution.output__create",
               event_document(world->api, world->reader, &piece->event, EVENT_AS_OUTPUT));
    piece->one->output_at = number;
    return piece->follow->gone || piece->follow->told > SLICE_MAX ? FOLLOW_MORE : 0;
}

static int send_output(struct follow *follow, struct followed *one, const struct execution_row *row)
{
    struct piece piece = { follow, one, { .kind = ENGINE_OUTPUT, .row = *row } };

    return store_outputs(follow->world->reader, one->seq, follow->type, one->output_at, on_piece, &piece,
                         &follow->err);
}

/* ---- looking ---- */

static int look(struct follow *follow, int64_t seq, int depth);

static int look_at_children(struct follow *follow, int64_t seq, int depth)
{
    CLEANUP(freep)
    int64_t *children = NULL;
    size_t n = 0;
    int r = store_execution_children(follow->world->reader, seq, &children, &n, &follow->err);

    for (size_t i = 0; r == 0 && i < n && !follow->gone; i++) {
        const struct followed *known = find(follow, children[i]);

        if (!known || !known->over)
            r = look(follow, children[i], depth + 1);
    }
    return r;
}

static bool has_started(const struct execution_row *row)
{
    for (int i = 0; i < row->n_log; i++)
        if (row->log[i].status == EXECUTION_RUNNING)
            return true;
    return false;
}

/* The row was read before its output: what was stored before the end is then all there is. */
static int tell(struct follow *follow, struct followed *one, const struct execution_row *row, int depth)
{
    bool completed = execution_status_completed(row->status);
    int r;

    if (!one->started && has_started(row)) {
        one->started = true;
        send_status(follow, row, EXECUTION_RUNNING);
    }
    r = send_output(follow, one, row);
    if (r == 0 && one->workflow && completed && depth < DEPTH_MAX)
        r = look_at_children(follow, one->seq, depth);
    if (r == 0 && completed) {
        one->over = true;
        send_status(follow, row, row->status);
    }
    return r;
}

static int look(struct follow *follow, int64_t seq, int depth)
{
    struct followed *one = find(follow, seq);
    struct execution_row row;
    bool first = !one;
    int r = store_execution_get(follow->world->reader, seq, 0, &row, &follow->err);

    if (r != 0)
        return r < 0 ? r : 0;
    if (first) {
        one = add(follow, seq);
        one->workflow = execution_is_workflow(row.runner);
    }
    if (!one->over)
        r = tell(follow, one, &row, depth);
    execution_row_release(&row);
    if (r == 0 && first && one->workflow && !one->over && depth < DEPTH_MAX)
        r = look_at_children(follow, seq, depth);
    return r;
}

/* What a bell that was not heard would have told. */
static int look_at_all(struct follow *follow)
{
    CLEANUP(freep)
    int64_t *workflows = xcalloc(follow->by_seq.count + 1, sizeof(int64_t));
    size_t at = 0, n = 0;
    void *item;
    int r = 0;

    while (strmap_next(&follow->by_seq, &at, NULL, &item)) {
        const struct followed *one = item;

        if (one->workflow && !one->over)
            workflows[n++] = one->seq;
    }
    for (size_t i = 0; r == 0 && i < n && !follow->gone; i++)
        r = look_at_children(follow, workflows[i], 1);
    return r == 0 && !follow->gone ? look(follow, follow->root, 0) : r;
}

bool follow_ring(struct follow *follow, const struct follow_world *world, int64_t execution, int64_t parent)
{
    static const char end[] = "event: EOF\ndata: ''\n\n";
    const struct followed *root;
    int r = 0;

    follow->world = world;
    follow->told = 0;
    if (!execution)
        r = look_at_all(follow);
    else if (find(follow, execution) || (parent && find(follow, parent)))
        r = look(follow, execution, 1);
    if (r < 0) {
        log_error("event streams: %s", error_text(&follow->err));
        return true;
    }
    root = find(follow, follow->root);
    if (root && root->over && !follow->gone)
        http_stream_send(world->stream, end, sizeof(end) - 1);
    return follow->gone || !root || root->over;
}
