/* SPDX-License-Identifier: Apache-2.0 */
/* Connections, schema and the small tables everything refers to. One file, WAL, synchronous=FULL: a commit that returned is
   on disk. The schema's version stands in user_version; each step up is one entry of `migrations`, all pending ones run in
   one transaction. */
#include "sqlite-internal.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/object_id.h"
#include "value/json.h"

static const char *const migrations[] = {
    /* 1 */
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE name(number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE content(number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, document TEXT NOT NULL);"
    "CREATE TABLE object(kind INTEGER NOT NULL, id TEXT NOT NULL, ref TEXT NOT NULL, document TEXT NOT NULL,"
    " PRIMARY KEY(kind, id), UNIQUE(kind, ref)) WITHOUT ROWID;"
    "CREATE TABLE execution(seq INTEGER PRIMARY KEY, version INTEGER NOT NULL, owner INTEGER NOT NULL,"
    " lease_us INTEGER NOT NULL, status INTEGER NOT NULL, action INTEGER NOT NULL, start_us INTEGER NOT NULL,"
    " end_us INTEGER NOT NULL, parent INTEGER, root INTEGER, instance INTEGER, trace INTEGER, due_us INTEGER NOT NULL,"
    " runner INTEGER NOT NULL, user INTEGER, rule INTEGER, trigger INTEGER, trigger_type INTEGER,"
    " action_content INTEGER NOT NULL, runner_content INTEGER NOT NULL, rule_content INTEGER, trigger_content INTEGER,"
    " trigger_type_content INTEGER, log TEXT NOT NULL, parameters TEXT, context TEXT, more TEXT,"
    " result_size INTEGER NOT NULL, result TEXT);"
    "CREATE INDEX execution_action ON execution(action, status, seq);"
    "CREATE INDEX execution_status ON execution(status, seq);"
    "CREATE INDEX execution_trace ON execution(trace) WHERE trace IS NOT NULL;"
    "CREATE INDEX execution_parent ON execution(parent, seq) WHERE parent IS NOT NULL;"
    "CREATE INDEX execution_rule ON execution(rule, seq) WHERE rule IS NOT NULL;"
    "CREATE INDEX execution_instance ON execution(instance) WHERE instance IS NOT NULL;"
    "CREATE TABLE execution_block(block INTEGER PRIMARY KEY, first INTEGER NOT NULL);"
    "CREATE TABLE execution_tally(block INTEGER NOT NULL, action INTEGER NOT NULL, status INTEGER NOT NULL,"
    " n INTEGER NOT NULL, PRIMARY KEY(block, action, status)) WITHOUT ROWID;"
    "CREATE TABLE output(execution INTEGER NOT NULL, number INTEGER NOT NULL, at_us INTEGER NOT NULL,"
    " type TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY(execution, number)) WITHOUT ROWID;"
    "CREATE TABLE instance(seq INTEGER PRIMARY KEY, trigger INTEGER NOT NULL, status INTEGER NOT NULL,"
    " at_us INTEGER NOT NULL, trace INTEGER, payload TEXT);"
    "CREATE INDEX instance_trigger ON instance(trigger, seq);"
    "CREATE INDEX instance_trace ON instance(trace) WHERE trace IS NOT NULL;"
    "CREATE TABLE enforcement(seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, instance INTEGER, execution INTEGER,"
    " trace INTEGER, succeeded INTEGER NOT NULL, rule INTEGER NOT NULL, rule_id TEXT NOT NULL, failure TEXT);"
    "CREATE INDEX enforcement_rule ON enforcement(rule, seq);"
    "CREATE INDEX enforcement_instance ON enforcement(instance);"
    "CREATE INDEX enforcement_execution ON enforcement(execution) WHERE execution IS NOT NULL;"
    "CREATE TABLE trace(seq INTEGER PRIMARY KEY, tag TEXT NOT NULL, start_us INTEGER NOT NULL, named INTEGER);"
    "CREATE INDEX trace_tag ON trace(tag) WHERE named IS NOT NULL;",
    /* 2 */
    "CREATE TABLE workflow(seq INTEGER PRIMARY KEY, execution INTEGER NOT NULL UNIQUE, version INTEGER NOT NULL,"
    " status TEXT NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, definition INTEGER NOT NULL,"
    " inputs TEXT, context TEXT, more TEXT);"
    "CREATE TABLE workflow_state(workflow INTEGER NOT NULL, kind INTEGER NOT NULL, key INTEGER NOT NULL,"
    " sub INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY(workflow, kind, key, sub)) WITHOUT ROWID;"
    "CREATE TABLE task(seq INTEGER PRIMARY KEY, workflow INTEGER NOT NULL, name TEXT NOT NULL, route INTEGER NOT NULL,"
    " status TEXT NOT NULL, open INTEGER NOT NULL, start_us INTEGER NOT NULL, end_us INTEGER NOT NULL,"
    " items INTEGER NOT NULL, more TEXT);"
    "CREATE INDEX task_workflow ON task(workflow, open, seq);"
    "CREATE TABLE task_child(task INTEGER NOT NULL, item INTEGER NOT NULL, execution INTEGER NOT NULL,"
    " told TEXT, PRIMARY KEY(task, item)) WITHOUT ROWID;",
    /* 3 */
    "CREATE INDEX task_name ON task(workflow, name, route, seq);",
};

static const char *const statements[STATEMENTS] = {
    [STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
    [STATEMENT_COMMIT] = "COMMIT",
    [STATEMENT_ROLLBACK] = "ROLLBACK",
    [STATEMENT_META_GET] = "SELECT value FROM meta WHERE key = ?",
    [STATEMENT_META_SET] =
        "INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    [STATEMENT_NAME_GET] = "SELECT number FROM name WHERE text = ?",
    [STATEMENT_NAME_TEXT] = "SELECT text FROM name WHERE number = ?",
    [STATEMENT_NAME_ADD] = "INSERT INTO name(text) VALUES(?)",
    [STATEMENT_CONTENT_GET] = "SELECT document FROM content WHERE number = ?",
    [STATEMENT_CONTENT_FIND] = "SELECT number FROM content WHERE hash = ?",
    [STATEMENT_CONTENT_ADD] = "INSERT INTO content(hash, document) VALUES(?, ?)",
    [STATEMENT_OBJECT_PUT] =
        "INSERT INTO object(kind, id, ref, document) VALUES(?, ?, ?, ?)"
        " ON CONFLICT(kind, id) DO UPDATE SET ref = excluded.ref, document = excluded.document",
    [STATEMENT_OBJECT_DELETE] = "DELETE FROM object WHERE kind = ? AND id = ?",
    [STATEMENT_OBJECTS] = "SELECT kind, id, ref, document FROM object ORDER BY kind, id",
    [STATEMENT_EXECUTION_INSERT] =
        "INSERT INTO execution(seq, version, owner, lease_us, status, action, start_us, end_us, parent, root, instance,"
        " trace, due_us, runner, user, rule, trigger, trigger_type, action_content, runner_content, rule_content,"
        " trigger_content, trigger_type_content, log, parameters, context, more, result_size, result)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,"
        " ?23, ?24, ?25, ?26, ?27, ?28, ?29)",
    [STATEMENT_EXECUTION_UPDATE] =
        "UPDATE execution SET version = version + 1, owner = ?3, lease_us = ?4, status = ?5, start_us = ?6, end_us = ?7,"
        " trace = ?8, due_us = ?9, log = ?10, parameters = ?11, context = ?12, more = ?13 WHERE seq = ?1 AND version = ?2"
        " RETURNING action",
    [STATEMENT_EXECUTION_RESULT] = "UPDATE execution SET result_size = ?2, result = ?3 WHERE seq = ?1",
    [STATEMENT_EXECUTION_STATUS] = "SELECT status FROM execution WHERE seq = ?",
    [STATEMENT_EXECUTION_GET] = "SELECT " EXECUTION_COLUMNS ", result FROM execution WHERE seq = ?",
    [STATEMENT_EXECUTION_LAST] = "SELECT max(seq) FROM execution",
    [STATEMENT_EXECUTION_FROM] = "SELECT seq, start_us FROM execution WHERE seq >= ? ORDER BY seq LIMIT 1",
    [STATEMENT_EXECUTIONS_ACTIVE] = "SELECT seq FROM execution WHERE status < ? ORDER BY seq",
    [STATEMENT_EXECUTION_CHILDREN] = "SELECT seq FROM execution WHERE parent = ? ORDER BY seq",
    [STATEMENT_BLOCK_ADD] = "INSERT INTO execution_block(block, first) VALUES(?, ?)",
    [STATEMENT_BLOCKS] = "SELECT first FROM execution_block ORDER BY block",
    [STATEMENT_TALLY_ADD] = "INSERT INTO execution_tally(block, action, status, n) VALUES(?, ?, ?, ?)"
                            " ON CONFLICT(block, action, status) DO UPDATE SET n = n + excluded.n",
    [STATEMENT_TALLY_STATUS] = "SELECT status, sum(n) FROM execution_tally GROUP BY status",
    [STATEMENT_OUTPUT_NEXT] = "SELECT coalesce(max(number), 0) + 1 FROM output WHERE execution = ?",
    [STATEMENT_OUTPUT_ADD] = "INSERT INTO output(execution, number, at_us, type, data) VALUES(?, ?, ?, ?, ?)",
    [STATEMENT_OUTPUTS] = "SELECT number, at_us, type, data FROM output WHERE execution = ?1 AND number > ?2"
                          " AND (?3 IS NULL OR type = ?3) ORDER BY number",
    [STATEMENT_INSTANCE_INSERT] =
        "INSERT INTO instance(seq, trigger, status, at_us, trace, payload) VALUES(?, ?, ?, ?, ?, ?)",
    [STATEMENT_INSTANCE_GET] =
        "SELECT seq, trigger, status, at_us, trace, payload FROM instance WHERE seq = ?",
    [STATEMENT_ENFORCEMENT_INSERT] =
        "INSERT INTO enforcement(seq, at_us, instance, execution, trace, succeeded, rule, rule_id, failure)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_ENFORCEMENT_GET] =
        "SELECT seq, at_us, instance, execution, trace, succeeded, rule, rule_id, failure"
        " FROM enforcement WHERE seq = ?",
    [STATEMENT_TRACE_INSERT] = "INSERT INTO trace(seq, tag, start_us, named) VALUES(?, ?, ?, ?)",
    [STATEMENT_TRACE_GET] = "SELECT seq, tag, start_us FROM trace WHERE seq = ?",
    [STATEMENT_WORKFLOW_INSERT] =
        "INSERT INTO workflow(seq, execution, version, status, start_us, end_us, definition, inputs, context, more)"
        " VALUES(?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_WORKFLOW_UPDATE] =
        "UPDATE workflow SET version = version + 1, execution = ?3, status = ?4, end_us = ?5,"
        " more = ?6 WHERE seq = ?1 AND version = ?2",
    [STATEMENT_WORKFLOW_GET] =
        "SELECT seq, execution, version, status, start_us, end_us, definition, inputs, context, more"
        " FROM workflow WHERE seq = ?",
    [STATEMENT_WORKFLOW_OF] =
        "SELECT seq, execution, version, status, start_us, end_us, definition, inputs, context, more"
        " FROM workflow WHERE execution = ?",
    [STATEMENT_STATE_PUT] = "INSERT INTO workflow_state(workflow, kind, key, sub, data) VALUES(?, ?, ?, ?, ?)"
                            " ON CONFLICT(workflow, kind, key, sub) DO UPDATE SET data = excluded.data",
    [STATEMENT_STATE_DELETE] =
        "DELETE FROM workflow_state WHERE workflow = ? AND kind = ? AND key = ? AND sub = ?",
    [STATEMENT_STATE_DELETE_ALL] = "DELETE FROM workflow_state WHERE workflow = ? AND kind = ? AND key = ?",
    [STATEMENT_STATES] =
        "SELECT kind, key, sub, data FROM workflow_state WHERE workflow = ? ORDER BY kind, key, sub",
    [STATEMENT_TASK_INSERT] =
        "INSERT INTO task(seq, workflow, name, route, status, open, start_us, end_us, items, more)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STATEMENT_TASK_UPDATE] = "UPDATE task SET status = ?2, open = ?3, end_us = ?4, more = ?5 WHERE seq = ?1",
    [STATEMENT_TASKS] =
        "SELECT seq, workflow, name, route, status, open, start_us, end_us, items, more FROM task"
        " WHERE workflow = ?1 AND (?2 IS NULL OR open = ?2) ORDER BY seq",
    [STATEMENT_TASK_LATEST] =
        "SELECT seq, workflow, name, route, status, open, start_us, end_us, items, more FROM task"
        " WHERE workflow = ? AND name = ? AND route = ? ORDER BY seq DESC LIMIT 1",
    [STATEMENT_CHILD_PUT] =
        "INSERT INTO task_child(task, item, execution, told) VALUES(?, ?, ?, ?)"
        " ON CONFLICT(task, item) DO UPDATE SET execution = excluded.execution, told = excluded.told",
    [STATEMENT_CHILDREN] = "SELECT item, execution, told FROM task_child WHERE task = ? ORDER BY item",
};

/* ---- errors ---- */

static const struct {
    int sqlite, code;
    const char *advice;
} failures[] = {
    { SQLITE_FULL, -ENOSPC, "the disk is full; free some space, writes go on by themselves" },
    { SQLITE_IOERR, -EIO, "reading or writing failed; check the disk" },
    { SQLITE_READONLY, -EROFS,
      "the file or its directory is read-only; give the server's user write access" },
    { SQLITE_CANTOPEN, -EIO, "the file cannot be opened; check that the directory exists and is writable" },
    { SQLITE_CORRUPT, -EIO, "the file is damaged; restore a backup (see `fulmar doctor` for what is wrong)" },
    { SQLITE_NOTADB, -EIO, "the file is not a database; move it away or restore a backup" },
    { SQLITE_BUSY, -EBUSY, "another process holds it; stop the other server" },
    { SQLITE_LOCKED, -EBUSY, "another process holds it; stop the other server" },
    { SQLITE_CONSTRAINT, -EEXIST, "a unique key exists already" },
};

int sqlite_failed(struct store_reader *reader, struct error *err)
{
    int code = reader->db ? sqlite3_errcode(reader->db) & 0xFF : SQLITE_CANTOPEN;
    const char *what = reader->db ? sqlite3_errmsg(reader->db) : "out of memory";
    const char *file = reader->db ? sqlite3_db_filename(reader->db, "main") : "";

    /* A write that hits a file size limit or a full disk is told as an I/O error by some file systems. */
    if (code == SQLITE_IOERR && reader->db &&
        (sqlite3_system_errno(reader->db) == ENOSPC || sqlite3_system_errno(reader->db) == EFBIG ||
         sqlite3_system_errno(reader->db) == EDQUOT))
        code = SQLITE_FULL;
    for (size_t i = 0; i < ELEMENTS(failures); i++)
        if (failures[i].sqlite == code)
            return error_set(err, failures[i].code, "store %s: %s: %s", file, what, failures[i].advice);
    return error_set(err, -EIO, "store %s: %s", file, what);
}

/* ---- statements ---- */

sqlite3_stmt *sqlite_prepare(struct store_reader *reader, const char *sql, struct error *err)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v3(reader->db, sql, -1, 0, &statement, NULL) != SQLITE_OK) {
        sqlite_failed(reader, err);
        return NULL;
    }
    return statement;
}

sqlite3_stmt *sqlite_statement(struct store_reader *reader, enum statement which, struct error *err)
{
    if (!reader->statements[which] &&
        sqlite3_prepare_v3(reader->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                           &reader->statements[which], NULL) != SQLITE_OK) {
        sqlite_failed(reader, err);
        return NULL;
    }
    return reader->statements[which];
}

int sqlite_run(struct store_reader *reader, sqlite3_stmt *statement, struct error *err)
{
    int rc, result = 0;

    if (!statement)
        return -EIO;
    do
        rc = sqlite3_step(statement);
    while (rc == SQLITE_ROW);
    if (rc != SQLITE_DONE)
        result = sqlite_failed(reader, err);
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return result;
}

static void free_buffer(void *data)
{
    free(data);
}

void sqlite_bind_json(sqlite3_stmt *statement, int column, value v)
{
    struct buffer text = BUFFER_INIT;
    size_t n;

    if (!value_is_set(v))
        return; /* bindings are cleared: NULL */
    json_write(&text, v, JSON_COMPACT);
    n = text.len;
    sqlite3_bind_text64(statement, column, buffer_take(&text), n, free_buffer, SQLITE_UTF8);
}

value sqlite_column_json(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    value v = VALUE_NOTHING;

    /* What stands in the store was written from values, deeper ones than readers of requests take included. */
    if (text && json_read(text, (size_t)sqlite3_column_bytes(statement, column), JSON_PYTHON, &v, NULL) < 0)
        return VALUE_NOTHING;
    return v;
}

/* ---- names and contents ---- */

static void remember_name(struct store_reader *reader, const char *name, int64_t number)
{
    size_t room = reader->names_room;

    if ((size_t)number >= room) {
        room = (size_t)number * 2 + 16;
        reader->names = xreallocarray(reader->names, room, sizeof(char *));
        memset(reader->names + reader->names_room, 0, (room - reader->names_room) * sizeof(char *));
        reader->names_room = room;
    }
    if (!reader->names[number])
        reader->names[number] = xstrdup(name);
    strmap_set(&reader->name_numbers, name, (void *)(intptr_t)number);
}

int64_t sqlite_name_find(struct store_reader *reader, const char *name)
{
    int64_t number = (int64_t)(intptr_t)strmap_get(&reader->name_numbers, name);
    sqlite3_stmt *statement;

    if (number)
        return number;
    statement = sqlite_statement(reader, STATEMENT_NAME_GET, NULL);
    if (!statement)
        return 0;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    if (number)
        remember_name(reader, name, number);
    return number;
}

int sqlite_name_number(struct store *store, const char *name, int64_t *ret, struct error *err)
{
    int64_t number;
    sqlite3_stmt *statement;
    int r;

    if (!name || !*name) {
        *ret = 0;
        return 0;
    }
    number = sqlite_name_find(&store->reader, name);
    if (!number) {
        statement = sqlite_statement(&store->reader, STATEMENT_NAME_ADD, err);
        if (!statement)
            return -EIO;
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
        r = sqlite_run(&store->reader, statement, err);
        if (r < 0)
            return r;
        number = sqlite3_last_insert_rowid(store->reader.db);
        remember_name(&store->reader, name, number);
    }
    *ret = number;
    return 0;
}

const char *sqlite_name_text(struct store_reader *reader, int64_t number)
{
    sqlite3_stmt *statement;

    if (!number)
        return NULL;
    if ((size_t)number < reader->names_room && reader->names[number])
        return reader->names[number];
    statement = sqlite_statement(reader, STATEMENT_NAME_TEXT, NULL);
    if (!statement)
        return NULL;
    sqlite3_bind_int64(statement, 1, number);
    if (sqlite3_step(statement) == SQLITE_ROW)
        remember_name(reader, (const char *)sqlite3_column_text(statement, 0), number);
    sqlite3_reset(statement);
    return (size_t)number < reader->names_room ? reader->names[number] : NULL;
}

#define CONTENTS_MAX 4096 /* documents kept in memory by a connection */

value sqlite_content(struct store_reader *reader, int64_t number)
{
    struct content_cache *cache = &reader->contents;
    sqlite3_stmt *statement;
    value document = VALUE_NOTHING;

    if (number <= 0)
        return VALUE_NOTHING;
    if ((size_t)number < cache->room && value_is_set(cache->documents[number]))
        return value_ref(cache->documents[number]);
    statement = sqlite_statement(reader, STATEMENT_CONTENT_GET, NULL);
    if (!statement)
        return VALUE_NOTHING;
    sqlite3_bind_int64(statement, 1, number);
    if (sqlite3_step(statement) == SQLITE_ROW)
        document = sqlite_column_json(statement, 0);
    sqlite3_reset(statement);
    if (!value_is_set(document))
        return document;
    if (cache->held == CONTENTS_MAX) {
        for (size_t i = 0; i < cache->room; i++)
            value_replace(&cache->documents[i], VALUE_NOTHING);
        cache->held = 0;
    }
    if ((size_t)number >= cache->room) {
        size_t room = (size_t)number * 2 + 16;

        cache->documents = xreallocarray(cache->documents, room, sizeof(value));
        memset(cache->documents + cache->room, 0, (room - cache->room) * sizeof(value));
        cache->room = room;
    }
    cache->documents[number] = value_ref(document);
    cache->held++;
    return document;
}

static int content_add(struct store *store, const char *hash, const char *text, size_t n, int64_t *ret,
                       struct error *err)
{
    sqlite3_stmt *statement = sqlite_statement(&store->reader, STATEMENT_CONTENT_FIND, err);
    int r;

    if (!statement)
        return -EIO;
    *ret = 0;
    sqlite3_bind_blob(statement, 1, hash, 32, SQLITE_STATIC);
    if (sqlite3_step(statement) == SQLITE_ROW)
        *ret = sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    if (*ret)
        return 0;
    statement = sqlite_statement(&store->reader, STATEMENT_CONTENT_ADD, err);
    if (!statement)
        return -EIO;
    sqlite3_bind_blob(statement, 1, hash, 32, SQLITE_STATIC);
    sqlite3_bind_text64(statement, 2, text, n, SQLITE_STATIC, SQLITE_UTF8);
    r = sqlite_run(&store->reader, statement, err);
    if (r < 0)
        return r;
    *ret = sqlite3_last_insert_rowid(store->reader.db);
    return 0;
}

int sqlite_content_number(struct store *store, value document, int64_t *ret, struct error *err)
{
    struct last_content *last;
    unsigned char hash[32];
    BUFFER_AUTO(text);
    int r;

    if (document.kind != VALUE_MAP) {
        *ret = 0;
        return 0;
    }
    /* Documents of the catalog are the same memory from one execution to the next. */
    last = &store->last_contents[(uintptr_t)document.map / 64 % ELEMENTS(store->last_contents)];
    if (last->document == document.map) {
        *ret = last->number;
        return 0;
    }
    json_write(&text, document, JSON_COMPACT);
    if (!EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(), NULL))
        return error_set(err, -EIO, "SHA-256 is not to be had from the crypto library");
    *ret = (int64_t)(intptr_t)strmap_get_n(&store->content_numbers, (char *)hash, sizeof(hash));
    if (!*ret) {
        r = content_add(store, (char *)hash, text.data, text.len, ret, err);
        if (r < 0)
            return r;
    }
    value_replace(&last->held, value_ref(document));
    last->document = document.map;
    last->number = *ret;
    return 0;
}

/* What this transaction learned of names and contents may not be there any more. */
static void forget(struct store *store)
{
    struct store_reader *reader = &store->reader;

    for (size_t i = 0; i < ELEMENTS(store->last_contents); i++) {
        value_unref(store->last_contents[i].held);
        store->last_contents[i] = (struct last_content){ 0 };
    }
    strmap_release(&store->content_numbers);
    strmap_release(&reader->name_numbers);
    for (size_t i = 0; i < reader->names_room; i++)
        free(reader->names[i]);
    free(reader->names);
    reader->names = NULL;
    reader->names_room = 0;
    for (size_t i = 0; i < reader->contents.room; i++)
        value_unref(reader->contents.documents[i]);
    free(reader->contents.documents);
    reader->contents = (struct content_cache){ 0 };
}

/* ---- transactions ---- */

int store_begin(struct store *store, struct error *err)
{
    int r = sqlite_run(&store->reader, sqlite_statement(&store->reader, STATEMENT_BEGIN, err), err);

    if (r == 0)
        store->in_transaction = true;
    return r;
}

int store_commit(struct store *store, struct error *err)
{
    int r = sqlite_tally_write(store, err);

    if (r == 0)
        r = sqlite_run(&store->reader, sqlite_statement(&store->reader, STATEMENT_COMMIT, err), err);
    if (r < 0)
        store_rollback(store);
    store->in_transaction = false;
    return r;
}

void store_rollback(struct store *store)
{
    if (!store->in_transaction)
        return;
    if (!sqlite3_get_autocommit(store->reader.db))
        sqlite_run(&store->reader, sqlite_statement(&store->reader, STATEMENT_ROLLBACK, NULL), NULL);
    store->in_transaction = false;
    store->n_changes = 0;
    forget(store);
    sqlite_tally_load(store, NULL);
}

/* ---- opening ---- */

static int connect_file(struct store_reader *reader, const char *path, int flags, struct error *err)
{
    char *message = NULL;
    int r = 0;

    if (sqlite3_open_v2(path, &reader->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return sqlite_failed(reader, err);
    sqlite3_extended_result_codes(reader->db, 1);
    sqlite3_busy_timeout(reader->db, 2000);
    if (sqlite3_exec(
            reader->db,
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192;"
            "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=67108864; PRAGMA mmap_size=268435456",
            NULL, NULL, &message) != SQLITE_OK)
        r = sqlite_failed(reader, err);
    sqlite3_free(message);
    return r;
}

static int64_t pragma_number(struct store_reader *reader, const char *sql)
{
    sqlite3_stmt *statement = sqlite_prepare(reader, sql, NULL);
    int64_t number = -1;

    if (statement && sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static int migrate(struct store *store, struct error *err)
{
    int64_t version = pragma_number(&store->reader, "PRAGMA user_version");
    BUFFER_AUTO(sql);
    uint64_t id;

    if (version < 0)
        return sqlite_failed(&store->reader, err);
    if (version > (int64_t)ELEMENTS(migrations))
        return error_set(err, -EINVAL,
                         "store %s: it was written by a newer version (schema %lld, this one knows %zu); "
                         "run that version or restore a backup",
                         store->path, (long long)version, ELEMENTS(migrations));
    if (version == (int64_t)ELEMENTS(migrations))
        return 0;
    buffer_add_text(&sql, "BEGIN IMMEDIATE;");
    for (size_t i = (size_t)version; i < ELEMENTS(migrations); i++)
        buffer_add_text(&sql, migrations[i]);
    if (version == 0) {
        if (getrandom(&id, sizeof(id), 0) != sizeof(id))
            return error_set(err, -EIO, "no random numbers to be had from the system");
        buffer_addf(&sql, "INSERT INTO meta(key, value) VALUES('store', %lld);",
                    (long long)(id & 0xFFFFFFFFFFULL));
    }
    buffer_addf(&sql, "PRAGMA user_version=%zu; COMMIT", ELEMENTS(migrations));
    if (sqlite3_exec(store->reader.db, sql.data, NULL, NULL, NULL) != SQLITE_OK) {
        int r = sqlite_failed(&store->reader, err);

        sqlite3_exec(store->reader.db, "ROLLBACK", NULL, NULL, NULL);
        return r;
    }
    return 0;
}

static void reader_release(struct store_reader *reader)
{
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(reader->statements[i]);
    for (size_t i = 0; i < reader->contents.room; i++)
        value_unref(reader->contents.documents[i]);
    free(reader->contents.documents);
    for (size_t i = 0; i < reader->names_room; i++)
        free(reader->names[i]);
    free(reader->names);
    strmap_release(&reader->name_numbers);
    sqlite3_close(reader->db);
}

int store_open(const char *directory, enum store_open_flags flags, struct store **ret, struct error *err)
{
    struct store *store = xcalloc(1, sizeof(*store));
    struct stat info;
    int r;

    store->directory = xstrdup(directory);
    store->path = xasprintf("%s/fulmar.db", directory);
    if (!(flags & STORE_CREATE) && stat(store->path, &info) < 0) {
        r = error_set(err, -ENOENT, "store %s: no such file", store->path);
        store_close(store);
        return r;
    }
    r = connect_file(&store->reader, store->path,
                     SQLITE_OPEN_READWRITE | (flags & STORE_CREATE ? SQLITE_OPEN_CREATE : 0), err);
    if (r == 0 && sqlite3_db_readonly(store->reader.db, "main"))
        r = error_set(err, -EROFS, "store %s: the file is read-only; give the server's user write access",
                      store->path);
    if (r == 0)
        r = migrate(store, err);
    if (r == 0)
        r = sqlite_tally_load(store, err);
    if (r < 0) {
        store_close(store);
        return r;
    }
    store->reader.id = (uint64_t)pragma_number(&store->reader, "SELECT value FROM meta WHERE key = 'store'");
    *ret = store;
    return 0;
}

void store_close(struct store *store)
{
    if (!store)
        return;
    store_rollback(store);
    forget(store);
    reader_release(&store->reader);
    free(store->blocks);
    free(store->changes);
    free(store->directory);
    free(store->path);
    free(store);
}

int store_reader_open(struct store *store, struct store_reader **ret, struct error *err)
{
    struct store_reader *reader = xcalloc(1, sizeof(*reader));
    int r = connect_file(reader, store->path, SQLITE_OPEN_READWRITE, err);

    if (r == 0 && sqlite3_exec(reader->db, "PRAGMA query_only=1", NULL, NULL, NULL) != SQLITE_OK)
        r = sqlite_failed(reader, err);
    if (r < 0) {
        store_reader_close(reader);
        return r;
    }
    reader->id = store->reader.id;
    *ret = reader;
    return 0;
}

void store_reader_close(struct store_reader *reader)
{
    if (!reader)
        return;
    reader_release(reader);
    free(reader);
}

struct store_reader *store_as_reader(struct store *store)
{
    return &store->reader;
}

uint64_t store_id(const struct store_reader *reader)
{
    return reader->id;
}

int64_t store_last_sequence(struct store *store)
{
    static const char *const queries[] = {
        "SELECT coalesce(max(seq), 0) FROM execution",   "SELECT coalesce(max(seq), 0) FROM instance",
        "SELECT coalesce(max(seq), 0) FROM enforcement", "SELECT coalesce(max(seq), 0) FROM trace",
        "SELECT coalesce(max(seq), 0) FROM workflow",    "SELECT coalesce(max(seq), 0) FROM task",
    };
    int64_t last = 0, seq;
    sqlite3_stmt *statement;

    for (size_t i = 0; i < ELEMENTS(queries); i++) {
        seq = pragma_number(&store->reader, queries[i]);
        last = seq > last ? seq : last;
    }
    statement = sqlite_prepare(&store->reader, "SELECT max(id) FROM object", NULL);
    if (statement && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) &&
        object_id_parse(store->reader.id, (const char *)sqlite3_column_text(statement, 0), &seq))
        last = seq > last ? seq : last;
    sqlite3_finalize(statement);
    return last;
}

/* ---- tools ---- */

int store_backup(const char *directory, const char *file, struct error *err)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/fulmar.db", directory);
    struct store_reader from = { 0 }, to = { 0 };
    sqlite3_backup *backup;
    int r;

    if (sqlite3_open_v2(path, &from.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK) {
        r = sqlite_failed(&from, err);
    } else if (sqlite3_open_v2(file, &to.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK) {
        r = sqlite_failed(&to, err);
    } else {
        sqlite3_busy_timeout(from.db, 10000);
        backup = sqlite3_backup_init(to.db, "main", from.db, "main");
        /* All pages in one step: a consistent picture in WAL mode, without holding up the writer. */
        if (backup)
            sqlite3_backup_step(backup, -1);
        sqlite3_backup_finish(backup);
        r = sqlite3_errcode(to.db) == SQLITE_OK ? 0 : sqlite_failed(&to, err);
    }
    sqlite3_close(from.db);
    sqlite3_close(to.db);
    return r;
}

int store_check(const char *directory, value *ret_problems, struct error *err)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/fulmar.db", directory);
    struct store_reader reader = { 0 };
    sqlite3_stmt *statement = NULL;
    value problems = value_list_new(0);
    int r = 0, rc;

    if (sqlite3_open_v2(path, &reader.db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        !(statement = sqlite_prepare(&reader, "PRAGMA integrity_check(100)", err)))
        r = sqlite_failed(&reader, err);
    while (r == 0 && (rc = sqlite3_step(statement)) != SQLITE_DONE) {
        const char *text;

        if (rc != SQLITE_ROW) {
            r = sqlite_failed(&reader, err);
            break;
        }
        text = (const char *)sqlite3_column_text(statement, 0);
        if (strcmp(text, "ok") != 0)
            value_list_append(&problems, value_text(text));
    }
    sqlite3_finalize(statement);
    sqlite3_close(reader.db);
    if (r < 0) {
        value_unref(problems);
        return r;
    }
    *ret_problems = problems;
    return 0;
}

int store_schema(const char *directory, int64_t *ret_version, int64_t *ret_known, struct error *err)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/fulmar.db", directory);
    struct store_reader reader = { 0 };
    int64_t version = -1;
    int r = 0;

    if (sqlite3_open_v2(path, &reader.db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK)
        version = pragma_number(&reader, "PRAGMA user_version");
    if (version < 0)
        r = sqlite_failed(&reader, err);
    sqlite3_close(reader.db);
    if (r < 0)
        return r;
    *ret_version = version;
    *ret_known = ELEMENTS(migrations);
    return 0;
}
