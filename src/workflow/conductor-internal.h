/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the conductor share, and nobody else. */
#ifndef FULMAR_WORKFLOW_CONDUCTOR_INTERNAL_H
#define FULMAR_WORKFLOW_CONDUCTOR_INTERNAL_H

#include "workflow/conductor.h"
#include "workflow/idmap.h"

/* Which contexts a task sees, as a shared tree: the first context alone, all that `left` has and one more, or all of
   `left` followed by all of `right`. The variables are merged when somebody asks, and the merges used last are kept. */
struct frame {
    uint32_t left, right;
    bool join;        /* right is a frame, else a context */
    value merged;     /* UNSET: not at hand */
    value owners;     /* map variable -> number of the context whose map the merged variable is; absent: 0 */
    uint64_t version; /* merged is right as long as this is the conductor's */
    uint32_t newer, older; /* list of frames with merged values, by last use */
};

struct link {
    uint32_t edge, entry;
};

struct links {
    struct link *items;
    uint32_t n, room;
};

/* One run of a task. */
struct entry {
    uint32_t task, route, frame;
    uint8_t status;
    bool term, has_retry, dirty;
    bool has_out;
    uint32_t out_edge, out_context;
    int64_t tally;
    value retry_count, retry_delay;
    struct links prev;
    uint8_t *next; /* one of NEXT_* for each edge out */
};
enum { NEXT_UNKNOWN, NEXT_FALSE, NEXT_TRUE };

/* The items of a staged task: statuses with counts, and what is rendered for those not yet handed out. */
struct items {
    uint32_t n;
    uint8_t *statuses;
    uint8_t *dirty;
    uint32_t counts[STATUS_COUNT];
    uint32_t first_unset; /* no item before it is unset */
    value actions;        /* list of what to run for each; UNSET: render again */
    value concurrency;
};

struct staged {
    uint32_t task, route, frame;
    bool ready, completed, run_on_fail, has_retry, dirty, items_dropped;
    value retry_delay;
    struct links prev;
    struct items *items;
    int64_t serial;
    struct staged *before, *after; /* in order of staging */
    struct staged *same;           /* a later one with the same task and route */
};

struct join {
    uint32_t task, route;
    uint32_t n_true, n_unknown;
    uint8_t *sources; /* NEXT_* of each distinct source */
};

struct log_entry {
    value v;
    uint64_t hash;
    int64_t id;
};

struct undo;

struct dirty {
    enum conductor_row_kind kind;
    int64_t key, sub;
};

struct conductor {
    const struct workflow_spec *spec;
    const struct workflow_graph *graph;
    value inputs, parent;
    struct conductor_environment environment;

    uint8_t status;
    bool started;
    value output, reruns;

    value *contexts;
    uint32_t n_contexts, contexts_room;
    struct frame *frames;
    uint32_t n_frames, frames_room;
    uint32_t newest_frame, oldest_frame, n_merged;
    uint64_t version;

    value *routes;
    uint32_t n_routes, routes_room;

    struct entry *entries;
    uint32_t n_entries, entries_room;
    struct idmap latest;           /* task and route -> entry + 1 */
    uint32_t counts[STATUS_COUNT]; /* of the latest entries */

    struct staged *first_staged, *last_staged;
    struct idmap staged_by_task, staged_by_serial;
    uint32_t n_ready; /* staged, ready and not completed */
    int64_t next_serial;

    struct join *joins;
    uint32_t n_joins, joins_room;
    struct idmap join_by_task;

    struct log_entry *errors;
    uint32_t n_errors, errors_room;
    struct idmap error_by_hash;
    int64_t next_error;

    /* The run of tasks as expressions see it; brought up to date when a context is made. */
    value view_entries, view_tasks, view_routes;
    uint32_t *view_stale, n_view_stale, view_stale_room;

    struct undo *undo;
    uint32_t n_undo, undo_room;
    bool in_step;

    struct dirty *dirty;
    uint32_t n_dirty, dirty_room;
    bool workflow_dirty;
};

static inline uint64_t pair_key(uint32_t task, uint32_t route)
{
    return (uint64_t)task << 32 | route;
}

/* ---- journal.c: undoing a refused step ---- */

enum undo_kind {
    UNDO_STATUS, /* of the workflow: number */
    UNDO_OUTPUT, /* held */
    UNDO_RERUNS, /* held */
    UNDO_STARTED,
    UNDO_CONTEXT_ADD,
    UNDO_CONTEXT, /* index, held */
    UNDO_FRAME_ADD,
    UNDO_ROUTE_ADD,
    UNDO_ENTRY_ADD,     /* number: the entry that was the latest before, + 1 */
    UNDO_ENTRY_STATUS,  /* index, number */
    UNDO_ENTRY_TERM,    /* index, number */
    UNDO_ENTRY_TALLY,   /* index, number */
    UNDO_ENTRY_NEXT,    /* index, slot, number */
    UNDO_ENTRY_OUT,     /* index, slot, number; has_out in `flag` */
    UNDO_STAGED_ADD,    /* staged */
    UNDO_STAGED_REMOVE, /* staged */
    UNDO_STAGED_SET,    /* staged, index: frame, number: flags */
    UNDO_STAGED_LINK,   /* staged, slot, number: entry; number -1: the link was added */
    UNDO_ITEM,          /* staged, index, number */
    UNDO_ITEMS,         /* staged, items: what it had before (NULL: none) */
    UNDO_JOIN_ADD,
    UNDO_JOIN, /* index, slot, number */
    UNDO_ERROR_ADD,
    UNDO_ERROR_REMOVE, /* index, held, number: id */
};
struct undo {
    enum undo_kind kind;
    uint32_t index, slot;
    bool flag;
    int64_t number;
    value held;
    struct staged *staged;
    struct items *items;
};
void step_begin(struct conductor *c);
/* Keeps what the step did when r >= 0, else takes it back; returns r. */
int step_end(struct conductor *c, int r);
/* Zeroed; to be filled. Never NULL. */
struct undo *undo_add(struct conductor *c, enum undo_kind kind);
void journal_release(struct conductor *c);

/* ---- contexts.c ---- */

/* Takes the map; what JSON cannot say of it is made so as far as possible. */
uint32_t context_add(struct conductor *c, value map);
uint32_t frame_add(struct conductor *c, uint32_t left, uint32_t right, bool join);
/* All that `left` has and then what `right` has beyond the first context. */
uint32_t frame_join(struct conductor *c, uint32_t left, uint32_t right);
/* The variables of a frame, merged; borrowed until the next call. */
value frame_variables(struct conductor *c, uint32_t frame);
/* The variables of several frames as the output sees them. Owned. */
value frames_variables(struct conductor *c, const uint32_t *frames, size_t n);
/* `right` over `left`, maps merged into maps. Owned. */
value merge_deep(value left, value right);
value json_normal(value v);
void frame_forget(struct conductor *c, uint32_t frame);
/* Sets a merged variable back in the context it came from. */
void context_set(struct conductor *c, uint32_t context, value map);

/* ---- entries.c ---- */

struct links links_copy(const struct links *links);
value view_state(struct conductor *c);
int64_t entry_latest(const struct conductor *c, uint32_t task, uint32_t route);
/* Negative when the retry of the task cannot be evaluated or there are too many entries. */
int entry_add(struct conductor *c, uint32_t task, uint32_t route, uint32_t frame, const struct links *prev,
              uint32_t *ret, struct error *err);
/* Copies the entry and the links; the entry's values are taken. */
int entry_insert(struct conductor *c, struct entry *entry, const struct links *prev, uint32_t *ret);
void entry_set_status(struct conductor *c, uint32_t entry, enum workflow_status status);
void entry_restore_status(struct conductor *c, uint32_t entry, enum workflow_status status);
void entry_set_term(struct conductor *c, uint32_t entry, bool term);
void entry_set_tally(struct conductor *c, uint32_t entry, int64_t tally);
void entry_set_next(struct conductor *c, uint32_t entry, uint32_t edge, bool satisfied);
void entry_set_out(struct conductor *c, uint32_t entry, uint32_t edge, uint32_t context);
void entry_drop_last(struct conductor *c, uint32_t latest_before);
void entry_release(struct entry *entry);
void entry_mark(struct conductor *c, uint32_t entry);
/* The latest entries of which statuses are there? */
bool entries_any(const struct conductor *c, uint32_t group);

enum inbound { INBOUND_SATISFIED, INBOUND_WAITING, INBOUND_UNREACHABLE };
enum inbound join_inbound(struct conductor *c, uint32_t task, uint32_t route);
void join_drop_last(struct conductor *c);
void join_restore(struct conductor *c, uint32_t join, uint32_t source, uint8_t state);

/* ---- staging.c ---- */

struct staged *staged_find(const struct conductor *c, uint32_t task, uint32_t route);
struct staged *staged_add(struct conductor *c, uint32_t task, uint32_t route, uint32_t frame,
                          const struct links *prev, bool ready);
/* Nothing happens when there is none, or an item of it is active. */
void staged_remove(struct conductor *c, uint32_t task, uint32_t route);
struct staged_flags {
    bool ready, completed, run_on_fail;
};
void staged_set(struct conductor *c, struct staged *staged, uint32_t frame, struct staged_flags flags);
void staged_add_link(struct conductor *c, struct staged *staged, uint32_t edge, uint32_t entry);
void staged_set_items(struct conductor *c, struct staged *staged, struct items *items);
void staged_unlink(struct conductor *c, struct staged *staged);
void staged_relink(struct conductor *c, struct staged *staged);
void staged_free(struct staged *staged);
void staged_mark(struct conductor *c, struct staged *staged);
struct items *items_new(uint32_t n);
void items_free(struct items *items);
uint32_t items_count(const struct items *items, uint32_t group);
void item_set(struct conductor *c, struct staged *staged, uint32_t item, enum workflow_status status);

/* ---- errorlog.c ---- */

struct log_place {
    const struct spec_task *task;  /* may be NULL */
    int64_t route;                 /* -1: none */
    const struct graph_edge *edge; /* may be NULL */
};
/* Takes the result. An entry equal to an earlier one is dropped. */
void log_error_entry(struct conductor *c, const char *message, struct log_place place, value result);
void log_error(struct conductor *c, const struct error *err, struct log_place place);
void log_remove(struct conductor *c, uint32_t index);
/* An entry without its hint. Owned. */
value log_entry_said(value entry);
void log_restore(struct conductor *c, uint32_t index, value v, int64_t id);
void log_drop_last(struct conductor *c);

void workflow_set_status(struct conductor *c, enum workflow_status status);
void workflow_set_output(struct conductor *c, value output);
void workflow_add_rerun(struct conductor *c, value indexes);
uint32_t route_add(struct conductor *c, value route);
void mark_dirty(struct conductor *c, enum conductor_row_kind kind, int64_t key, int64_t sub);

/* ---- evaluate.c ---- */

/* An evaluation context of a frame with the engine's own variables set; release with value_unref of ret->variables.
   `task` may be NULL: no current task. `result` is borrowed; UNSET leaves it out. */
void evaluation_begin(struct conductor *c, uint32_t frame, const struct spec_task *task, uint32_t route,
                      value result, struct expr_context *ret);
void evaluation_plain(struct conductor *c, value variables, struct expr_context *ret);

/* ---- bindings.c ---- */

/* Owned. Maps are merged where they come from. */
value terminal_variables(struct conductor *c);

/* ---- conductor.c ---- */

void workflow_mark(struct conductor *c);
int request_status(struct conductor *c, enum workflow_status status, struct error *err);
bool workflow_has_next(struct conductor *c, uint32_t task, uint32_t route);
int refuse(struct error *err, const char *class, const char *message);

#endif
