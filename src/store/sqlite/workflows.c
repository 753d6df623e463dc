/* SPDX-License-Identifier: Apache-2.0 */
/* Workflows, the rows of their conductors, their tasks and who carries those out. */
#include "sqlite-internal.h"

#include <stdlib.h>

#include "base/mem.h"

void workflow_row_release(struct workflow_row *row)
{
    value_unref(row->definition);
    value_unref(row->inputs);
    value_unref(row->context);
    value_unref(row->more);
    *row = (struct workflow_row){ 0 };
}

void task_row_release(struct task_row *row)
{
    free(row->name);
    free(row->status);
    value_unref(row->more);
    *row = (struct task_row){ 0 };
}

/* ---- workflows ---- */

int store_workflow_insert(struct store *store, const struct workflow_row *row, struct error *err)
{
    sqlite3_stmt *s;
    int64_t definition;
    int r = sqlite_content_number(store, row->definition, &definition, err);

    if (r < 0)
        return r;
    s = sqlite_statement(&store->reader, STATEMENT_WORKFLOW_INSERT, err);
    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_int64(s, 2, row->execution);
    sqlite3_bind_text(s, 3, row->status, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, row->start_us);
    sqlite3_bind_int64(s, 5, row->end_us);
    sqlite3_bind_int64(s, 6, definition);
    sqlite_bind_json(s, 7, row->inputs);
    sqlite_bind_json(s, 8, row->context);
    sqlite_bind_json(s, 9, row->more);
    return sqlite_run(&store->reader, s, err);
}

int store_workflow_update(struct store *store, struct workflow_row *row, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(&store->reader, STATEMENT_WORKFLOW_UPDATE, err);
    int r;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_int64(s, 2, row->version);
    sqlite3_bind_int64(s, 3, row->execution);
    sqlite3_bind_text(s, 4, row->status, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, row->end_us);
    sqlite_bind_json(s, 6, row->more);
    r = sqlite_run(&store->reader, s, err);
    if (r < 0)
        return r;
    if (!sqlite3_changes(store->reader.db))
        return STORE_CONFLICT;
    row->version++;
    return 0;
}

static int workflow_read(struct store_reader *reader, enum statement which, int64_t number,
                         struct workflow_row *ret, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, which, err);
    int rc, r = 0;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, number);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        *ret = (struct workflow_row){
            .seq = sqlite3_column_int64(s, 0),
            .execution = sqlite3_column_int64(s, 1),
            .version = sqlite3_column_int64(s, 2),
            .status = "",
            .start_us = sqlite3_column_int64(s, 4),
            .end_us = sqlite3_column_int64(s, 5),
            .definition = sqlite_content(reader, sqlite3_column_int64(s, 6)),
            .inputs = sqlite_column_json(s, 7),
            .context = sqlite_column_json(s, 8),
            .more = sqlite_column_json(s, 9),
        };
    } else {
        r = rc == SQLITE_DONE ? STORE_NOT_FOUND : sqlite_failed(reader, err);
    }
    sqlite3_reset(s);
    return r;
}

int store_workflow_get(struct store_reader *reader, int64_t seq, struct workflow_row *ret, struct error *err)
{
    return workflow_read(reader, STATEMENT_WORKFLOW_GET, seq, ret, err);
}

int store_workflow_of_execution(struct store_reader *reader, int64_t execution, struct workflow_row *ret,
                                struct error *err)
{
    return workflow_read(reader, STATEMENT_WORKFLOW_OF, execution, ret, err);
}

/* ---- the conductor's rows ---- */

int store_workflow_state_put(struct store *store, int64_t workflow, int kind, int64_t key, int64_t sub,
                             value data, struct error *err)
{
    bool gone = !value_is_set(data), all = gone && sub < 0;
    enum statement which = all    ? STATEMENT_STATE_DELETE_ALL
                           : gone ? STATEMENT_STATE_DELETE
                                  : STATEMENT_STATE_PUT;
    sqlite3_stmt *s = sqlite_statement(&store->reader, which, err);

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, workflow);
    sqlite3_bind_int(s, 2, kind);
    sqlite3_bind_int64(s, 3, key);
    if (!all)
        sqlite3_bind_int64(s, 4, sub);
    if (!gone)
        sqlite_bind_json(s, 5, data);
    return sqlite_run(&store->reader, s, err);
}

int store_workflow_states(struct store_reader *reader, int64_t workflow,
                          store_workflow_state_callback *callback, void *data, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, STATEMENT_STATES, err);
    int rc = SQLITE_DONE, r = 0;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, workflow);
    while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        value state = sqlite_column_json(s, 3);

        r = callback(data, sqlite3_column_int(s, 0), sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2),
                     state);
        value_unref(state);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_reset(s);
    return r;
}

/* ---- tasks ---- */

int store_task_insert(struct store *store, const struct task_row *row, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(&store->reader, STATEMENT_TASK_INSERT, err);

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_int64(s, 2, row->workflow);
    sqlite3_bind_text(s, 3, row->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, row->route);
    sqlite3_bind_text(s, 5, row->status, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 6, row->open);
    sqlite3_bind_int64(s, 7, row->start_us);
    sqlite3_bind_int64(s, 8, row->end_us);
    sqlite3_bind_int64(s, 9, row->items);
    sqlite_bind_json(s, 10, row->more);
    return sqlite_run(&store->reader, s, err);
}

int store_task_update(struct store *store, const struct task_row *row, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(&store->reader, STATEMENT_TASK_UPDATE, err);

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_text(s, 2, row->status, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 3, row->open);
    sqlite3_bind_int64(s, 4, row->end_us);
    sqlite_bind_json(s, 5, row->more);
    return sqlite_run(&store->reader, s, err);
}

static char *column_dup(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);

    return xstrdup(text ? text : "");
}

static struct task_row task_of_row(sqlite3_stmt *s)
{
    return (struct task_row){
        .seq = sqlite3_column_int64(s, 0),
        .workflow = sqlite3_column_int64(s, 1),
        .name = column_dup(s, 2),
        .route = sqlite3_column_int64(s, 3),
        .status = column_dup(s, 4),
        .open = sqlite3_column_int(s, 5),
        .start_us = sqlite3_column_int64(s, 6),
        .end_us = sqlite3_column_int64(s, 7),
        .items = sqlite3_column_int64(s, 8),
        .more = sqlite_column_json(s, 9),
    };
}

int store_task_latest(struct store_reader *reader, int64_t workflow, const char *name, int64_t route,
                      struct task_row *ret, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, STATEMENT_TASK_LATEST, err);
    int rc, r = 0;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, workflow);
    sqlite3_bind_text(s, 2, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, route);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = task_of_row(s);
    else
        r = rc == SQLITE_DONE ? STORE_NOT_FOUND : sqlite_failed(reader, err);
    sqlite3_reset(s);
    return r;
}

int store_tasks(struct store_reader *reader, int64_t workflow, bool only_open, store_task_callback *callback,
                void *data, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, STATEMENT_TASKS, err);
    int rc = SQLITE_DONE, r = 0;

    if (!s)
        return -EIO;
    sqlite3_clear_bindings(s);
    sqlite3_bind_int64(s, 1, workflow);
    if (only_open)
        sqlite3_bind_int(s, 2, 1);
    while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct task_row row = task_of_row(s);

        r = callback(data, &row);
        task_row_release(&row);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_reset(s);
    return r;
}

int store_task_child_put(struct store *store, int64_t task, int64_t item, int64_t execution, const char *told,
                         struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(&store->reader, STATEMENT_CHILD_PUT, err);

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, task);
    sqlite3_bind_int64(s, 2, item);
    sqlite3_bind_int64(s, 3, execution);
    if (told)
        sqlite3_bind_text(s, 4, told, -1, SQLITE_STATIC);
    return sqlite_run(&store->reader, s, err);
}

int store_task_children(struct store_reader *reader, int64_t task, store_task_child_callback *callback,
                        void *data, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, STATEMENT_CHILDREN, err);
    int rc = SQLITE_DONE, r = 0;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, task);
    while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW)
        r = callback(data, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
                     (const char *)sqlite3_column_text(s, 2));
    if (r == 0 && rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_reset(s);
    return r;
}
