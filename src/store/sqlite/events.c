/* SPDX-License-Identifier: Apache-2.0 */
/* Trigger instances, rule enforcements, traces. What a trace holds is not written down a second time: executions, instances
   and enforcements name their trace. */
#include "sqlite-internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/object_id.h"

void instance_row_release(struct instance_row *row)
{
    free(row->trigger);
    value_unref(row->payload);
    *row = (struct instance_row){ 0 };
}

void enforcement_row_release(struct enforcement_row *row)
{
    free(row->rule_ref);
    free(row->rule_id);
    free(row->failure);
    *row = (struct enforcement_row){ 0 };
}

void trace_row_release(struct trace_row *row)
{
    free(row->tag);
    *row = (struct trace_row){ 0 };
}

/* ---- writing ---- */

int store_instance_insert(struct store *store, const struct instance_row *row, struct error *err)
{
    sqlite3_stmt *s;
    int64_t trigger;
    int r = sqlite_name_number(store, row->trigger, &trigger, err);

    if (r < 0)
        return r;
    s = sqlite_statement(&store->reader, STATEMENT_INSTANCE_INSERT, err);
    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_int64(s, 2, trigger);
    sqlite3_bind_int(s, 3, row->status);
    sqlite3_bind_int64(s, 4, row->at_us);
    sqlite_bind_number(s, 5, row->trace);
    sqlite_bind_json(s, 6, row->payload);
    return sqlite_run(&store->reader, s, err);
}

int store_enforcement_insert(struct store *store, const struct enforcement_row *row, struct error *err)
{
    sqlite3_stmt *s;
    int64_t rule;
    int r = sqlite_name_number(store, row->rule_ref, &rule, err);

    if (r < 0)
        return r;
    s = sqlite_statement(&store->reader, STATEMENT_ENFORCEMENT_INSERT, err);
    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, row->seq);
    sqlite3_bind_int64(s, 2, row->at_us);
    sqlite_bind_number(s, 3, row->instance);
    sqlite_bind_number(s, 4, row->execution);
    sqlite_bind_number(s, 5, row->trace);
    sqlite3_bind_int(s, 6, row->succeeded);
    sqlite3_bind_int64(s, 7, rule);
    sqlite3_bind_text(s, 8, row->rule_id, -1, SQLITE_STATIC);
    if (row->failure)
        sqlite3_bind_text(s, 9, row->failure, -1, SQLITE_STATIC);
    return sqlite_run(&store->reader, s, err);
}

/* Tags that the server makes end in the id of what began the trace, made one or two numbers before it (triggers.c,
   executions.c). Such a trace is found by its number; only tags that people chose stand in the index, whose entries are all
   over the place. Returns how many candidates there are. */
static int derived_traces(uint64_t store, const char *tag, int64_t ret[2])
{
    size_t n = strlen(tag);
    int64_t seq;

    if (n < 24 || !object_id_parse(store, tag + n - 24, &seq))
        return 0;
    ret[0] = seq + 1;
    ret[1] = seq + 2;
    return 2;
}

int store_trace_insert(struct store *store, int64_t seq, const char *tag, int64_t start_us, struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(&store->reader, STATEMENT_TRACE_INSERT, err);
    int64_t derived[2];

    if (!s)
        return -EIO;
    sqlite3_bind_int64(s, 1, seq);
    sqlite3_bind_text(s, 2, tag, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, start_us);
    if (!derived_traces(store->reader.id, tag, derived) || (seq != derived[0] && seq != derived[1]))
        sqlite3_bind_int(s, 4, 1);
    return sqlite_run(&store->reader, s, err);
}

/* ---- reading ---- */

static char *column_dup(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);

    return text ? xstrdup(text) : NULL;
}

static char *name_dup(struct store_reader *reader, int64_t number)
{
    const char *text = sqlite_name_text(reader, number);

    return xstrdup(text ? text : "");
}

static void instance_from_row(struct store_reader *reader, sqlite3_stmt *s, struct instance_row *ret)
{
    *ret = (struct instance_row){
        .seq = sqlite3_column_int64(s, 0),
        .trigger = name_dup(reader, sqlite3_column_int64(s, 1)),
        .status = sqlite3_column_int(s, 2),
        .at_us = sqlite3_column_int64(s, 3),
        .trace = sqlite3_column_int64(s, 4),
        .payload = sqlite_column_json(s, 5),
    };
}

static void enforcement_from_row(struct store_reader *reader, sqlite3_stmt *s, struct enforcement_row *ret)
{
    *ret = (struct enforcement_row){
        .seq = sqlite3_column_int64(s, 0),
        .at_us = sqlite3_column_int64(s, 1),
        .instance = sqlite3_column_int64(s, 2),
        .execution = sqlite3_column_int64(s, 3),
        .trace = sqlite3_column_int64(s, 4),
        .succeeded = sqlite3_column_int(s, 5),
        .rule_ref = name_dup(reader, sqlite3_column_int64(s, 6)),
        .rule_id = column_dup(s, 7),
        .failure = column_dup(s, 8),
    };
}

static void trace_from_row(sqlite3_stmt *s, struct trace_row *ret)
{
    *ret = (struct trace_row){
        .seq = sqlite3_column_int64(s, 0),
        .tag = column_dup(s, 1),
        .start_us = sqlite3_column_int64(s, 2),
    };
}

/* A statement that stands on the one row with this number; NULL: *ret_r says why. */
static sqlite3_stmt *one(struct store_reader *reader, enum statement which, int64_t seq, int *ret_r,
                         struct error *err)
{
    sqlite3_stmt *s = sqlite_statement(reader, which, err);
    int rc;

    *ret_r = -EIO;
    if (!s)
        return NULL;
    sqlite3_bind_int64(s, 1, seq);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        return s;
    *ret_r = rc == SQLITE_DONE ? STORE_NOT_FOUND : sqlite_failed(reader, err);
    sqlite3_reset(s);
    return NULL;
}

int store_instance_get(struct store_reader *reader, int64_t seq, struct instance_row *ret, struct error *err)
{
    int r;
    sqlite3_stmt *s = one(reader, STATEMENT_INSTANCE_GET, seq, &r, err);

    if (!s)
        return r;
    instance_from_row(reader, s, ret);
    sqlite3_reset(s);
    return 0;
}

int store_enforcement_get(struct store_reader *reader, int64_t seq, struct enforcement_row *ret,
                          struct error *err)
{
    int r;
    sqlite3_stmt *s = one(reader, STATEMENT_ENFORCEMENT_GET, seq, &r, err);

    if (!s)
        return r;
    enforcement_from_row(reader, s, ret);
    sqlite3_reset(s);
    return 0;
}

int store_trace_get(struct store_reader *reader, int64_t seq, struct trace_row *ret, struct error *err)
{
    int r;
    sqlite3_stmt *s = one(reader, STATEMENT_TRACE_GET, seq, &r, err);

    if (!s)
        return r;
    trace_from_row(s, ret);
    sqlite3_reset(s);
    return 0;
}

/* ---- lists ---- */

struct query {
    struct buffer where;
    int n;
};

static void query_and(struct query *q, const char *sql)
{
    buffer_add_text(&q->where, q->n++ ? " AND " : " WHERE ");
    buffer_add_text(&q->where, sql);
}

static void query_number(struct query *q, const char *format, int64_t number)
{
    char sql[256];

    snprintf(sql, sizeof(sql), format, (long long)number);
    query_and(q, sql);
}

static void query_common(struct query *q, const struct event_filter *f)
{
    if (f->no_ids)
        query_and(q, "0");
    if (f->n_ids) {
        query_and(q, "seq IN (");
        for (size_t i = 0; i < f->n_ids; i++)
            buffer_addf(&q->where, "%s%lld", i ? "," : "", (long long)f->ids[i]);
        buffer_add_char(&q->where, ')');
    }
}

static void query_times(struct query *q, const struct event_filter *f)
{
    if (f->after_us) {
        query_number(q, "at_us > %lld", f->after_us);
        query_number(q, "seq >= %lld", sequence_at(f->after_us));
    }
    if (f->before_us) {
        query_number(q, "at_us < %lld", f->before_us);
        query_number(q, "seq < %lld", sequence_at(f->before_us + 60000000));
    }
}

/* Counts, then a statement over the page. Texts are bound in order. */
static sqlite3_stmt *query_open(struct store_reader *reader, struct query *q, const char *columns,
                                const char *table, const struct event_filter *f, const char *text,
                                int64_t *ret_total, struct error *err)
{
    BUFFER_AUTO(sql);
    sqlite3_stmt *s;

    buffer_addf(&sql, "SELECT count(*) FROM %s%s", table, buffer_text(&q->where));
    s = sqlite_prepare(reader, sql.data, err);
    if (s) {
        if (text)
            sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
        if (sqlite3_step(s) == SQLITE_ROW)
            *ret_total = sqlite3_column_int64(s, 0);
        sqlite3_finalize(s);
        buffer_clear(&sql);
        buffer_addf(&sql, "SELECT %s FROM %s%s ORDER BY seq %s LIMIT %lld OFFSET %lld", columns, table,
                    buffer_text(&q->where), f->ascending ? "ASC" : "DESC",
                    (long long)(f->limit < 0 ? -1 : f->limit), (long long)f->offset);
        s = sqlite_prepare(reader, sql.data, err);
        if (s && text)
            sqlite3_bind_text(s, 1, text, -1, SQLITE_STATIC);
    }
    buffer_release(&q->where);
    return s;
}

static int query_close(struct store_reader *reader, sqlite3_stmt *s, int rc, int r, struct error *err)
{
    if (r == 0 && rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_finalize(s);
    return r;
}

int store_instances(struct store_reader *reader, const struct event_filter *f,
                    store_instance_callback *callback, void *data, int64_t *ret_total, struct error *err)
{
    struct query q = { 0 };
    sqlite3_stmt *s;
    int rc = SQLITE_DONE, r = 0;

    query_common(&q, f);
    query_times(&q, f);
    if (f->trace)
        query_number(&q, "trace = %lld", f->trace);
    if (f->n_triggers) {
        query_and(&q, "trigger IN (0");
        for (size_t i = 0; i < f->n_triggers; i++)
            buffer_addf(&q.where, ",%lld", (long long)sqlite_name_find(reader, f->triggers[i]));
        buffer_add_char(&q.where, ')');
    }
    s = query_open(reader, &q, "seq, trigger, status, at_us, trace, payload", "instance", f, NULL, ret_total,
                   err);
    if (!s)
        return -EIO;
    while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct instance_row row;

        instance_from_row(reader, s, &row);
        r = callback(data, &row);
        instance_row_release(&row);
    }
    return query_close(reader, s, rc, r, err);
}

int store_enforcements(struct store_reader *reader, const struct event_filter *f,
                       store_enforcement_callback *callback, void *data, int64_t *ret_total,
                       struct error *err)
{
    struct query q = { 0 };
    sqlite3_stmt *s;
    int rc = SQLITE_DONE, r = 0;

    query_common(&q, f);
    query_times(&q, f);
    if (f->rule_ref)
        query_number(&q, "rule = %lld", sqlite_name_find(reader, f->rule_ref));
    if (f->rule_id)
        query_and(&q, "rule_id = ?1");
    if (f->execution)
        query_number(&q, "execution = %lld", f->execution);
    if (f->instance)
        query_number(&q, "instance = %lld", f->instance);
    if (f->trace) {
        /* Rules are met by the trace's instances, which have an index of their own. */
        query_number(&q, "instance IN (SELECT seq FROM instance WHERE trace = %lld)", f->trace);
        query_number(&q, "trace = %lld", f->trace);
    }
    s = query_open(reader, &q, "seq, at_us, instance, execution, trace, succeeded, rule, rule_id, failure",
                   "enforcement", f, f->rule_id, ret_total, err);
    if (!s)
        return -EIO;
    while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct enforcement_row row;

        enforcement_from_row(reader, s, &row);
        r = callback(data, &row);
        enforcement_row_release(&row);
    }
    return query_close(reader, s, rc, r, err);
}

int store_traces(struct store_reader *reader, const struct event_filter *f, store_trace_callback *callback,
                 void *data, int64_t *ret_total, struct error *err)
{
    struct query q = { 0 };
    sqlite3_stmt *s;
    int rc = SQLITE_DONE, r = 0;

    query_common(&q, f);
    if (f->tag) {
        int64_t derived[2] = { 0, 0 };

        derived_traces(reader->id, f->tag, derived);
        query_and(&q, "tag = ?1 AND (named IS NOT NULL OR seq IN (");
        buffer_addf(&q.where, "%lld,%lld))", (long long)derived[0], (long long)derived[1]);
    }
    if (f->execution)
        query_number(&q, "seq = (SELECT trace FROM execution WHERE seq = %lld)", f->execution);
    if (f->instance)
        query_number(&q, "seq = (SELECT trace FROM instance WHERE seq = %lld)", f->instance);
    if (f->rule)
        query_number(&q, "seq IN (SELECT trace FROM enforcement WHERE rule = %lld)",
                     sqlite_name_find(reader, f->rule));
    s = query_open(reader, &q, "seq, tag, start_us", "trace", f, f->tag, ret_total, err);
    if (!s)
        return -EIO;
    while (r == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct trace_row row;

        trace_from_row(s, &row);
        r = callback(data, &row);
        trace_row_release(&row);
    }
    return query_close(reader, s, rc, r, err);
}
