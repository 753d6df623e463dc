/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of executions, the counts kept of them, and their output.

   Counts: executions are cut into blocks of BLOCK_ROWS in order of their sequence numbers; for each block there is one
   number a pair of action and status. A list adds them up to learn how many rows fit a filter, and skips whole blocks to
   find an offset, so its cost does not grow with what is stored (lists.c). */
#include "sqlite-internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "value/json.h"

void execution_row_release(struct execution_row *row)
{
    value_unref(row->action);
    value_unref(row->runner);
    value_unref(row->rule);
    value_unref(row->trigger);
    value_unref(row->trigger_type);
    value_unref(row->parameters);
    value_unref(row->context);
    value_unref(row->more);
    value_unref(row->result);
    *row = (struct execution_row){ 0 };
}

/* ---- counts ---- */

int sqlite_tally_load(struct store *store, struct error *err)
{
    sqlite3_stmt *statement = sqlite_statement(&store->reader, STATEMENT_BLOCKS, err);
    sqlite3_stmt *count;
    int rc, r = 0;

    if (!statement)
        return -EIO;
    store->n_blocks = 0;
    store->rows_in_last_block = 0;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        GROW(store->blocks, store->n_blocks, store->blocks_room);
        store->blocks[store->n_blocks++].first = sqlite3_column_int64(statement, 0);
    }
    if (rc != SQLITE_DONE)
        r = sqlite_failed(&store->reader, err);
    sqlite3_reset(statement);
    if (r < 0 || !store->n_blocks)
        return r;
    count = sqlite_prepare(&store->reader, "SELECT sum(n) FROM execution_tally WHERE block = ?", err);
    if (!count)
        return -EIO;
    sqlite3_bind_int64(count, 1, (int64_t)store->n_blocks);
    if (sqlite3_step(count) == SQLITE_ROW)
        store->rows_in_last_block = sqlite3_column_int64(count, 0);
    else
        r = sqlite_failed(&store->reader, err);
    sqlite3_finalize(count);
    return r;
}

/* Blocks are numbered from 1. */
static int64_t block_of(const struct store *store, int64_t seq)
{
    size_t low = 0, high = store->n_blocks;

    while (low + 1 < high) {
        size_t middle = (low + high) / 2;

        if (store->blocks[middle].first <= seq)
            low = middle;
        else
            high = middle;
    }
    return (int64_t)low + 1;
}

static void tally(struct store *store, int64_t block, int64_t action, enum execution_status status,
                  int64_t delta)
{
    /* The last few changes are of the same block and actions more often than not. */
    for (size_t i = store->n_changes; i-- > 0 && store->n_changes - i <= 16;) {
        struct tally_change *change = &store->changes[i];

        if (change->block == block && change->action == action && change->status == (int)status) {
            change->delta += delta;
            return;
        }
    }
    GROW(store->changes, store->n_changes, store->changes_room);
    store->changes[store->n_changes++] =
        (struct tally_change){ .block = block, .action = action, .status = (int)status, .delta = delta };
}

static int tally_insert(struct store *store, int64_t seq, int64_t action, enum execution_status status,
                        struct error *err)
{
    sqlite3_stmt *statement;
    int r;

    if (!store->n_blocks || store->rows_in_last_block >= BLOCK_ROWS) {
        statement = sqlite_statement(&store->reader, STATEMENT_BLOCK_ADD, err);
        if (!statement)
            return -EIO;
        sqlite3_bind_int64(statement, 1, (int64_t)store->n_blocks + 1);
        sqlite3_bind_int64(statement, 2, seq);
        r = sqlite_run(&store->reader, statement, err);
        if (r < 0)
            return r;
        GROW(store->blocks, store->n_blocks, store->blocks_room);
        store->blocks[store->n_blocks++].first = seq;
        store->rows_in_last_block = 0;
    }
    store->rows_in_last_block++;
    tally(store, (int64_t)store->n_blocks, action, status, 1);
    return 0;
}

int sqlite_tally_write(struct store *store, struct error *err)
{
    sqlite3_stmt *statement;
    int r;

    for (size_t i = 0; i < store->n_changes; i++) {
        const struct tally_change *change = &store->changes[i];

        if (!change->delta)
            continue;
        statement = sqlite_statement(&store->reader, STATEMENT_TALLY_ADD, err);
        if (!statement)
            return -EIO;
        sqlite3_bind_int64(statement, 1, change->block);
        sqlite3_bind_int64(statement, 2, change->action);
        sqlite3_bind_int(statement, 3, change->status);
        sqlite3_bind_int64(statement, 4, change->delta);
        r = sqlite_run(&store->reader, statement, err);
        if (r < 0)
            return r;
    }
    store->n_changes = 0;
    return 0;
}

int store_figures(struct store_reader *reader, struct store_figures *ret, struct error *err)
{
    sqlite3_stmt *statement = sqlite_statement(reader, STATEMENT_TALLY_STATUS, err);

    int rc, r = 0;

    *ret = (struct store_figures){ 0 };
    if (!statement)
        return -EIO;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        int status = sqlite3_column_int(statement, 0);

        if (status >= 0 && status < EXECUTION_STATUSES)
            ret->by_status[status] = sqlite3_column_int64(statement, 1);
    }
    if (rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_reset(statement);
    return r;
}

/* ---- rows ---- */

/* The log is text, "status:microseconds" joined by spaces. */
static void bind_log(sqlite3_stmt *statement, int column, const struct execution_row *row)
{
    char text[EXECUTION_LOG_MAX * 24];
    size_t n = 0;

    for (int i = 0; i < row->n_log; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%d:%" PRId64, i ? " " : "",
                              (int)row->log[i].status, row->log[i].at_us);
    sqlite3_bind_text(statement, column, text, (int)n, SQLITE_TRANSIENT);
}

static void log_from_text(const char *text, struct execution_row *row)
{
    row->n_log = 0;
    while (text && *text && row->n_log < EXECUTION_LOG_MAX) {
        char *end;
        long status = strtol(text, &end, 10);

        if (*end != ':' || status < 0 || status >= EXECUTION_STATUSES)
            return;
        row->log[row->n_log].status = (enum execution_status)status;
        row->log[row->n_log++].at_us = strtoll(end + 1, &end, 10);
        text = *end == ' ' ? end + 1 : end;
    }
}

static int bind_result(struct store *store, const struct execution_row *row, struct error *err)
{
    sqlite3_stmt *statement;
    BUFFER_AUTO(text);

    if (!value_is_set(row->result))
        return 0;
    statement = sqlite_statement(&store->reader, STATEMENT_EXECUTION_RESULT, err);
    if (!statement)
        return -EIO;
    json_write(&text, row->result, JSON_COMPACT);
    sqlite3_bind_int64(statement, 1, row->seq);
    sqlite3_bind_int64(statement, 2, (int64_t)text.len);
    sqlite3_bind_text64(statement, 3, text.data, text.len, SQLITE_STATIC, SQLITE_UTF8);
    return sqlite_run(&store->reader, statement, err);
}

struct execution_numbers {
    int64_t action, runner, user, rule, trigger, trigger_type;
    int64_t action_content, runner_content, rule_content, trigger_content, trigger_type_content;
};

static int execution_numbers(struct store *store, const struct execution_row *row,
                             struct execution_numbers *ret, struct error *err)
{
    const struct {
        const char *name;
        int64_t *number;
    } names[] = {
        { value_map_chars(row->action, "ref"), &ret->action },
        { value_map_chars(row->runner, "name"), &ret->runner },
        { value_map_chars(row->context, "user"), &ret->user },
        { value_map_chars(row->rule, "name"), &ret->rule },
        { value_map_chars(row->trigger, "name"), &ret->trigger },
        { value_map_chars(row->trigger_type, "name"), &ret->trigger_type },
    };
    const struct {
        value document;
        int64_t *number;
    } contents[] = {
        { row->action, &ret->action_content },
        { row->runner, &ret->runner_content },
        { row->rule, &ret->rule_content },
        { row->trigger, &ret->trigger_content },
        { row->trigger_type, &ret->trigger_type_content },
    };
    int r = 0;

    for (size_t i = 0; r == 0 && i < ELEMENTS(names); i++)
        r = sqlite_name_number(store, names[i].name, names[i].number, err);
    for (size_t i = 0; r == 0 && i < ELEMENTS(contents); i++)
        r = sqlite_content_number(store, contents[i].document, contents[i].number, err);
    return r;
}

int store_execution_insert(struct store *store, const struct execution_row *row, struct error *err)
{
    struct execution_numbers n;
    sqlite3_stmt *s;
    BUFFER_AUTO(result);
    int r = execution_numbers(store, row, &n, err);

    if (r < 0)
        return r;
    r = tally_insert(store, row->seq, n.action, row->status, err);
    if (r < 0)
        return r;
    s = sqlite_statement(&store->reader, STATEMENT_EXECUTION_INSERT, err);
    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_int64(s, 2, row->version);
    sqlite3_bind_int64(s, 3, row->owner);
    sqlite3_bind_int64(s, 4, row->lease_us);
    sqlite3_bind_int(s, 5, (int)row->status);
    sqlite3_bind_int64(s, 6, n.action);
    sqlite3_bind_int64(s, 7, row->start_us);
    sqlite3_bind_int64(s, 8, row->end_us);
    sqlite_bind_number(s, 9, row->parent);
    sqlite_bind_number(s, 10, row->root);
    sqlite_bind_number(s, 11, row->instance);
    sqlite_bind_number(s, 12, row->trace);
    sqlite3_bind_int64(s, 13, row->due_us);
    sqlite3_bind_int64(s, 14, n.runner);
    sqlite_bind_number(s, 15, n.user);
    sqlite_bind_number(s, 16, n.rule);
    sqlite_bind_number(s, 17, n.trigger);
    sqlite_bind_number(s, 18, n.trigger_type);
    sqlite3_bind_int64(s, 19, n.action_content);
    sqlite3_bind_int64(s, 20, n.runner_content);
    sqlite_bind_number(s, 21, n.rule_content);
    sqlite_bind_number(s, 22, n.trigger_content);
    sqlite_bind_number(s, 23, n.trigger_type_content);
    bind_log(s, 24, row);
    sqlite_bind_json(s, 25, row->parameters);
    sqlite_bind_json(s, 26, row->context);
    sqlite_bind_json(s, 27, row->more);
    if (value_is_set(row->result)) {
        json_write(&result, row->result, JSON_COMPACT);
        sqlite3_bind_text64(s, 29, result.data, result.len, SQLITE_STATIC, SQLITE_UTF8);
    }
    sqlite3_bind_int64(s, 28, (int64_t)result.len);
    return sqlite_run(&store->reader, s, err);
}

int store_execution_update(struct store *store, struct execution_row *row, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(&store->reader, STATEMENT_EXECUTION_STATUS, err);
    int64_t block, action;
    int before = -1, rc, r = 0;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        before = sqlite3_column_int(s, 0);
    else if (rc != SQLITE_DONE)
        r = sqlite_failed(&store->reader, err);
    sqlite3_reset(s);
    if (before < 0)
        return r < 0 ? r : STORE_NOT_FOUND;
    s = sqlite_statement(&store->reader, STATEMENT_EXECUTION_UPDATE, err);
    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_int64(s, 2, row->version);
    sqlite3_bind_int64(s, 3, row->owner);
    sqlite3_bind_int64(s, 4, row->lease_us);
    sqlite3_bind_int(s, 5, (int)row->status);
    sqlite3_bind_int64(s, 6, row->start_us);
    sqlite3_bind_int64(s, 7, row->end_us);
    sqlite_bind_number(s, 8, row->trace);
    sqlite3_bind_int64(s, 9, row->due_us);
    bind_log(s, 10, row);
    sqlite_bind_json(s, 11, row->parameters);
    sqlite_bind_json(s, 12, row->context);
    sqlite_bind_json(s, 13, row->more);
    rc = sqlite3_step(s);
    action = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
    if (rc == SQLITE_DONE) {
        sqlite3_reset(s);
        sqlite3_clear_bindings(s);
        return STORE_CONFLICT;
    }
    rc = sqlite_run(&store->reader, s, err);
    if (rc < 0)
        return rc;
    row->version++;
    if (before != (int)row->status) {
        block = block_of(store, row->seq);
        tally(store, block, action, (enum execution_status)before, -1);
        tally(store, block, action, row->status, 1);
    }
    return bind_result(store, row, err);
}

int sqlite_execution_row(struct store_reader *reader, sqlite3_stmt *s, bool with_result,
                         struct execution_row *ret, struct error *err)
{
    *ret = (struct execution_row){
        .seq = sqlite3_column_int64(s, 0),
        .version = sqlite3_column_int64(s, 1),
        .owner = sqlite3_column_int64(s, 2),
        .lease_us = sqlite3_column_int64(s, 3),
        .status = (enum execution_status)sqlite3_column_int(s, 4),
        .start_us = sqlite3_column_int64(s, 5),
        .end_us = sqlite3_column_int64(s, 6),
        .parent = sqlite3_column_int64(s, 7),
        .root = sqlite3_column_int64(s, 8),
        .instance = sqlite3_column_int64(s, 9),
        .trace = sqlite3_column_int64(s, 10),
        .due_us = sqlite3_column_int64(s, 11),
        .action = sqlite_content(reader, sqlite3_column_int64(s, 12)),
        .runner = sqlite_content(reader, sqlite3_column_int64(s, 13)),
        .rule = sqlite_content(reader, sqlite3_column_int64(s, 14)),
        .trigger = sqlite_content(reader, sqlite3_column_int64(s, 15)),
        .trigger_type = sqlite_content(reader, sqlite3_column_int64(s, 16)),
        .parameters = sqlite_column_json(s, 17),
        .context = sqlite_column_json(s, 18),
        .more = sqlite_column_json(s, 19),
        .result_size = sqlite3_column_int64(s, 21),
        .result = with_result ? sqlite_column_json(s, EXECUTION_COLUMN_RESULT) : VALUE_NOTHING,
    };
    log_from_text((const char *)sqlite3_column_text(s, 20), ret);
    if (!value_is_set(ret->action)) {
        execution_row_release(ret);
        return error_set(err, -EIO,
                         "store: execution %" PRId64 " refers to an action document that is not there",
                         (int64_t)sqlite3_column_int64(s, 0));
    }
    return 0;
}

int store_execution_get(struct store_reader *reader, int64_t seq, enum execution_columns columns,
                        struct execution_row *ret, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, STATEMENT_EXECUTION_GET, err);
    int rc, r;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, seq);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        r = sqlite_execution_row(reader, s, columns & EXECUTION_RESULT, ret, err);
    else
        r = rc == SQLITE_DONE ? STORE_NOT_FOUND : sqlite_failed(reader, err);
    sqlite3_reset(s);
    return r;
}

int store_execution_last(struct store_reader *reader, int64_t *ret_seq, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, STATEMENT_EXECUTION_LAST, err);
    int r = STORE_NOT_FOUND;

    if (!s)
        return -EIO;
    if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL) {
        *ret_seq = sqlite3_column_int64(s, 0);
        r = 0;
    }
    sqlite3_reset(s);
    return r;
}

static int sequences(struct store_reader *reader, enum statement which, int64_t argument, int64_t **ret,
                     size_t *ret_n, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, which, err);
    int64_t *seqs = NULL;
    size_t n = 0, room = 0;
    int rc;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, argument);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        GROW(seqs, n, room);
        seqs[n++] = sqlite3_column_int64(s, 0);
    }
    sqlite3_reset(s);
    if (rc != SQLITE_DONE) {
        free(seqs);
        return sqlite_failed(reader, err);
    }
    *ret = seqs;
    *ret_n = n;
    return 0;
}

int store_executions_active(struct store_reader *reader, int64_t **ret, size_t *ret_n, struct error *err)
{
    return sequences(reader, STATEMENT_EXECUTIONS_ACTIVE, EXECUTION_FIRST_COMPLETED, ret, ret_n, err);
}

int store_execution_children(struct store_reader *reader, int64_t seq, int64_t **ret, size_t *ret_n,
                             struct error *err)
{
    return sequences(reader, STATEMENT_EXECUTION_CHILDREN, seq, ret, ret_n, err);
}

/* ---- output ---- */

int store_output_append(struct store *store, int64_t execution, int64_t at_us, const char *type,
                        const char *data, size_t n, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(&store->reader, STATEMENT_OUTPUT_NEXT, err);
    int64_t number = 1;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, execution);
    if (sqlite3_step(s) == SQLITE_ROW)
        number = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    s = sqlite_statement(&store->reader, STATEMENT_OUTPUT_ADD, err);
    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, execution);
    sqlite3_bind_int64(s, 2, number);
    sqlite3_bind_int64(s, 3, at_us);
    sqlite3_bind_text(s, 4, type, -1, SQLITE_STATIC);
    sqlite3_bind_text64(s, 5, data, n, SQLITE_STATIC, SQLITE_UTF8);
    return sqlite_run(&store->reader, s, err);
}

int store_outputs(struct store_reader *reader, int64_t execution, const char *type, int64_t after,
                  store_output_callback *callback, void *data, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, STATEMENT_OUTPUTS, err);
    int rc = SQLITE_DONE, r = 0;

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, execution);
    sqlite3_bind_int64(s, 2, after);
    if (type)
        sqlite3_bind_text(s, 3, type, -1, SQLITE_STATIC);
    while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW)
        r = callback(data, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1),
                     (const char *)sqlite3_column_text(s, 2), (const char *)sqlite3_column_text(s, 3),
                     (size_t)sqlite3_column_bytes(s, 3));
    if (r == 0 && rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return r;
}
