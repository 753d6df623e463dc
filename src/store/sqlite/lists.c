/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of executions.

   The usual lists filter by action, status and time. For them the counts that are kept by block (executions.c) say how many
   rows fit, and in which block the page begins: only the blocks that the page touches are read, at most BLOCK_ROWS index
   entries each, wherever the page lies. Other filters (parent, rule, trigger instance ...) go through an index of their own
   and are counted by walking it. */
#include "sqlite-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"

struct condition {
    struct buffer sql;
    int64_t numbers[32]; /* what its question marks stand for */
    int n;
};

static void condition_add(struct condition *c, const char *sql, int64_t number)
{
    buffer_add_text(&c->sql, c->n ? " AND " : " WHERE ");
    buffer_add_text(&c->sql, sql);
    c->numbers[c->n++] = number;
}

static void condition_bind(const struct condition *c, sqlite3_stmt *statement)
{
    for (int i = 0; i < c->n; i++)
        sqlite3_bind_int64(statement, i + 1, c->numbers[i]);
}

/* A name that is not known fits nothing: -1 stands for it. */
static int64_t name_or_none(struct store_reader *reader, const char *name)
{
    int64_t number = sqlite_name_find(reader, name);

    return number ? number : -1;
}

static void condition_name(struct store_reader *reader, struct condition *c, const char *column,
                           const char *name)
{
    char sql[64];

    if (!name)
        return;
    if (!*name) {
        snprintf(sql, sizeof(sql), "%s IS NULL AND 0 = ?", column);
        condition_add(c, sql, 0);
        return;
    }
    snprintf(sql, sizeof(sql), "%s = ?", column);
    condition_add(c, sql, name_or_none(reader, name));
}

/* The first sequence number of which the start time is not before `us`; times ascend with the numbers. *ret_seq is past the
   last row when there is none. */
static int first_not_before(struct store_reader *reader, int64_t us, int64_t *ret_seq, struct error *err)
{
    sqlite3_stmt *statement = sqlite_statement(reader, STATEMENT_EXECUTION_FROM, err);
    int64_t low = 0, high = INT64_MAX; /* low is before, high is not */

    if (!statement)
        return -EIO;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        bool before = false;

        sqlite3_bind_int64(statement, 1, middle);
        if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int64(statement, 1) < us) {
            before = true;
            low = sqlite3_column_int64(statement, 0);
        }
        sqlite3_reset(statement);
        if (!before)
            high = middle;
    }
    *ret_seq = high;
    return 0;
}

/* A time filter as sequence numbers: low included, high not. */
static int time_bounds(struct store_reader *reader, const struct execution_filter *f, int64_t *ret_low,
                       int64_t *ret_high, struct error *err)
{
    int64_t from = f->after_us && f->after_us >= f->from_us ? f->after_us + 1 : f->from_us;
    int64_t to = f->before_us && (!f->to_us || f->before_us <= f->to_us) ? f->before_us
                 : f->to_us                                              ? f->to_us + 1
                                                                         : 0;
    int r = 0;

    *ret_low = 0;
    *ret_high = INT64_MAX;
    if (from)
        r = first_not_before(reader, from, ret_low, err);
    if (r == 0 && to)
        r = first_not_before(reader, to, ret_high, err);
    return r;
}

static bool by_blocks(const struct execution_filter *f)
{
    return !f->runner && !f->rule && !f->trigger && !f->trigger_type && !f->user && !f->top_level &&
           !f->parent && !f->instance && !f->trace && !f->n_ids && !f->no_ids;
}

static int page(struct store_reader *reader, sqlite3_stmt *statement, enum execution_columns columns,
                store_execution_callback *callback, void *data, int64_t *seen, struct error *err)
{
    int rc = SQLITE_DONE, r = 0;

    while (r == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct execution_row row;

        r = sqlite_execution_row(reader, statement, columns & EXECUTION_RESULT, &row, err);
        if (r < 0)
            break;
        r = callback(data, &row);
        execution_row_release(&row);
        (*seen)++;
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    return r;
}

/* ---- the general way ---- */

static void condition_ids(struct condition *c, const struct execution_filter *f)
{
    if (f->no_ids) {
        condition_add(c, "0 = ?", 1);
        return;
    }
    if (!f->n_ids)
        return;
    buffer_add_text(&c->sql, c->n ? " AND seq IN (" : " WHERE seq IN (");
    for (size_t i = 0; i < f->n_ids; i++)
        buffer_addf(&c->sql, "%s%lld", i ? "," : "", (long long)f->ids[i]);
    buffer_add_text(&c->sql, ") AND 0 = ?");
    c->numbers[c->n++] = 0;
}

static int list_plainly(struct store_reader *reader, const struct execution_filter *f,
                        enum execution_columns columns, store_execution_callback *callback, void *data,
                        int64_t *ret_total, struct error *err)
{
    struct condition c = { 0 };
    BUFFER_AUTO(sql);
    sqlite3_stmt *statement;
    int64_t seen = 0, low, high;
    int r;

    condition_name(reader, &c, "action", f->action);
    condition_name(reader, &c, "runner", f->runner);
    condition_name(reader, &c, "rule", f->rule);
    condition_name(reader, &c, "trigger", f->trigger);
    condition_name(reader, &c, "trigger_type", f->trigger_type);
    condition_name(reader, &c, "user", f->user);
    if (f->status >= 0)
        condition_add(&c, "status = ?", f->status);
    if (f->top_level)
        condition_add(&c, "parent IS NULL AND 0 = ?", 0);
    if (f->parent)
        condition_add(&c, "parent = ?", f->parent);
    if (f->instance)
        condition_add(&c, "instance = ?", f->instance);
    if (f->trace)
        condition_add(&c, "trace = ?", f->trace);
    condition_ids(&c, f);
    r = time_bounds(reader, f, &low, &high, err);
    if (r < 0) {
        buffer_release(&c.sql);
        return r;
    }
    if (low)
        condition_add(&c, "seq >= ?", low);
    if (high != INT64_MAX)
        condition_add(&c, "seq < ?", high);
    r = -EIO;

    buffer_addf(&sql, "SELECT count(*) FROM execution%s", buffer_text(&c.sql));
    statement = sqlite_prepare(reader, sql.data, err);
    if (statement) {
        condition_bind(&c, statement);
        r = sqlite3_step(statement) == SQLITE_ROW ? 0 : sqlite_failed(reader, err);
        if (r == 0)
            *ret_total = sqlite3_column_int64(statement, 0);
        sqlite3_finalize(statement);
    }
    if (r == 0) {
        buffer_clear(&sql);
        buffer_addf(&sql,
                    "SELECT " EXECUTION_COLUMNS
                    ", result FROM execution%s ORDER BY seq %s LIMIT %lld OFFSET %lld",
                    buffer_text(&c.sql), f->ascending ? "ASC" : "DESC",
                    (long long)(f->limit < 0 ? -1 : f->limit), (long long)f->offset);
        statement = sqlite_prepare(reader, sql.data, err);
        r = statement ? 0 : -EIO;
        if (statement) {
            condition_bind(&c, statement);
            r = page(reader, statement, columns, callback, data, &seen, err);
            sqlite3_finalize(statement);
        }
    }
    buffer_release(&c.sql);
    return r;
}

/* ---- by blocks ---- */

struct span {
    int64_t first, last; /* sequence numbers, both included */
    int64_t n;           /* rows that fit action and status */
    bool cut;            /* a time bound lies inside, so n is counted by walking */
};

struct spans {
    struct span *items;
    size_t n, room;
};

/* The blocks with rows that fit action and status, ascending, with their numbers of rows. */
static int read_spans(struct store_reader *reader, const struct execution_filter *f, int64_t action,
                      struct spans *ret, struct error *err)
{
    BUFFER_AUTO(sql);
    sqlite3_stmt *statement;
    int64_t low, high;
    int rc, r = time_bounds(reader, f, &low, &high, err);

    if (r < 0)
        return r;
    buffer_add_text(&sql,
                    "SELECT b.first, (SELECT first FROM execution_block WHERE block = b.block + 1), sum(t.n)"
                    " FROM execution_block b JOIN execution_tally t ON t.block = b.block WHERE 1");
    if (action)
        buffer_addf(&sql, " AND t.action = %lld", (long long)action);
    if (f->status >= 0)
        buffer_addf(&sql, " AND t.status = %d", f->status);
    buffer_add_text(&sql, " GROUP BY b.block ORDER BY b.block");
    statement = sqlite_prepare(reader, sql.data, err);
    if (!statement)
        return -EIO;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct span span = {
            .first = sqlite3_column_int64(statement, 0),
            .last = sqlite3_column_type(statement, 1) == SQLITE_NULL ? INT64_MAX
                                                                     : sqlite3_column_int64(statement, 1) - 1,
            .n = sqlite3_column_int64(statement, 2),
        };

        if (!span.n || span.last < low || span.first >= high)
            continue;
        span.cut = span.first < low || span.last >= high;
        if (span.first < low)
            span.first = low;
        if (span.last >= high)
            span.last = high - 1;
        GROW(ret->items, ret->n, ret->room);
        ret->items[ret->n++] = span;
    }
    if (rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_finalize(statement);
    return r;
}

static void span_condition(struct condition *c, const struct execution_filter *f, int64_t action,
                           const struct span *span, bool in_index)
{
    /* Naming every status lets an index be used with the block's bounds: the one on (action, status, seq), or for counting
       the one on (status, seq), whose entries are much smaller than rows. */
    if (action)
        condition_add(c, "action = ?", action);
    if (f->status >= 0)
        condition_add(c, "status = ?", f->status);
    else if (action || in_index)
        condition_add(c, "status IN (0,1,2,3,4,5,6,7,8,9,10,11,12,13) AND 0 = ?", 0);
    condition_add(c, "seq >= ?", span->first);
    condition_add(c, "seq <= ?", span->last);
}

static int count_span(struct store_reader *reader, const struct execution_filter *f, int64_t action,
                      struct span *span, struct error *err)
{
    struct condition c = { 0 };
    BUFFER_AUTO(sql);
    sqlite3_stmt *statement;
    int r = 0;

    span_condition(&c, f, action, span, true);
    buffer_addf(&sql, "SELECT count(*) FROM execution%s", buffer_text(&c.sql));
    buffer_release(&c.sql);
    statement = sqlite_prepare(reader, sql.data, err);
    if (!statement)
        return -EIO;
    condition_bind(&c, statement);
    if (sqlite3_step(statement) == SQLITE_ROW)
        span->n = sqlite3_column_int64(statement, 0);
    else
        r = sqlite_failed(reader, err);
    sqlite3_finalize(statement);
    return r;
}

static int read_span(struct store_reader *reader, const struct execution_filter *f, int64_t action,
                     const struct span *span, int64_t skip, int64_t limit, enum execution_columns columns,
                     store_execution_callback *callback, void *data, int64_t *seen, struct error *err)
{
    const char *order = f->ascending ? "ASC" : "DESC";
    struct condition c = { 0 };
    BUFFER_AUTO(sql);
    sqlite3_stmt *statement;
    int r;

    span_condition(&c, f, action, span, false);
    /* The inner query finds the page in the index alone; only its rows are then read. */
    buffer_addf(&sql,
                "SELECT " EXECUTION_COLUMNS
                ", result FROM execution WHERE seq IN (SELECT seq FROM execution%s"
                " ORDER BY seq %s LIMIT %lld OFFSET %lld) ORDER BY seq %s",
                buffer_text(&c.sql), order, (long long)limit, (long long)skip, order);
    buffer_release(&c.sql);
    statement = sqlite_prepare(reader, sql.data, err);
    if (!statement)
        return -EIO;
    condition_bind(&c, statement);
    r = page(reader, statement, columns, callback, data, seen, err);
    sqlite3_finalize(statement);
    return r;
}

static int list_by_blocks(struct store_reader *reader, const struct execution_filter *f,
                          enum execution_columns columns, store_execution_callback *callback, void *data,
                          int64_t *ret_total, struct error *err)
{
    int64_t action = f->action ? name_or_none(reader, f->action) : 0, skip = f->offset, left = f->limit,
            total = 0;
    struct spans spans = { 0 };
    int r = read_spans(reader, f, action, &spans, err);

    for (size_t i = 0; r == 0 && i < spans.n; i++) {
        if (spans.items[i].cut)
            r = count_span(reader, f, action, &spans.items[i], err);
        total += spans.items[i].n;
    }
    for (size_t i = 0; r == 0 && i < spans.n && left != 0; i++) {
        const struct span *span = &spans.items[f->ascending ? i : spans.n - 1 - i];
        int64_t seen = 0;

        if (span->n <= skip) {
            skip -= span->n;
            continue;
        }
        r = read_span(reader, f, action, span, skip, left, columns, callback, data, &seen, err);
        skip = 0;
        if (left > 0)
            left = left > seen ? left - seen : 0;
    }
    *ret_total = total;
    free(spans.items);
    return r;
}

int store_executions(struct store_reader *reader, const struct execution_filter *filter,
                     enum execution_columns columns, store_execution_callback *callback, void *data,
                     int64_t *ret_total, struct error *err)
{
    bool blocks = by_blocks(filter) && !(filter->action && !*filter->action);
    int r;

    /* One snapshot, so that counts and rows agree. */
    bool own = sqlite3_get_autocommit(reader->db);

    if (own && sqlite3_exec(reader->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        return sqlite_failed(reader, err);
    r = (blocks ? list_by_blocks : list_plainly)(reader, filter, columns, callback, data, ret_total, err);
    if (own)
        sqlite3_exec(reader->db, "COMMIT", NULL, NULL, NULL);
    return r;
}

int store_execution_filters(struct store_reader *reader, value *ret, struct error *err)
{
    static const struct {
        const char *name, *sql;
    } queries[] = {
        { "action", "SELECT DISTINCT action FROM execution_tally" },
        { "runner", "SELECT DISTINCT runner FROM execution" },
        { "rule", "SELECT DISTINCT rule FROM execution" },
        { "trigger", "SELECT DISTINCT trigger FROM execution" },
        { "trigger_type", "SELECT DISTINCT trigger_type FROM execution" },
        { "user", "SELECT DISTINCT user FROM execution" },
    };
    value filters = value_map_new(8);
    value statuses = value_list_new(0);
    struct store_figures figures;
    int r = store_figures(reader, &figures, err);

    for (int i = 0; r == 0 && i < EXECUTION_STATUSES; i++)
        if (figures.by_status[i])
            value_list_append(&statuses, value_text(execution_status_text((enum execution_status)i)));
    for (size_t i = 0; r == 0 && i < ELEMENTS(queries); i++) {
        sqlite3_stmt *s = sqlite_prepare(reader, queries[i].sql, err);
        value names = value_list_new(0);

        if (!s) {
            r = -EIO;
            value_unref(names);
            break;
        }
        while (sqlite3_step(s) == SQLITE_ROW) {
            const char *text = sqlite_name_text(reader, sqlite3_column_int64(s, 0));

            value_list_append(&names, text ? value_text(text) : value_null());
        }
        sqlite3_finalize(s);
        value_map_set_text(&filters, queries[i].name, names);
    }
    if (r < 0) {
        value_unref(filters);
        value_unref(statuses);
        return r;
    }
    value_map_set_text(&filters, "status", statuses);
    *ret = filters;
    return 0;
}
