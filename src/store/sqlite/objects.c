/* SPDX-License-Identifier: Apache-2.0 */
#include "sqlite-internal.h"

int store_object_put(struct store *store, enum object_kind kind, const char *id, const char *ref,
                     value document, struct error *err)
{
    sqlite3_stmt *statement = sqlite_statement(&store->reader, STATEMENT_OBJECT_PUT, err);
    int r;

    if (!statement)
        return -EIO;
    sqlite3_bind_int(statement, 1, (int)kind);
    sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC);
    sqlite3_bind_text(statement, 3, ref, -1, SQLITE_STATIC);
    sqlite_bind_json(statement, 4, document);
    r = sqlite_run(&store->reader, statement, err);
    return r == -EEXIST ? STORE_CONFLICT : r;
}

int store_object_delete(struct store *store, enum object_kind kind, const char *id, struct error *err)
{
    sqlite3_stmt *statement = sqlite_statement(&store->reader, STATEMENT_OBJECT_DELETE, err);
    int r;

    if (!statement)
        return -EIO;
    sqlite3_bind_int(statement, 1, (int)kind);
    sqlite3_bind_text(statement, 2, id, -1, SQLITE_STATIC);
    r = sqlite_run(&store->reader, statement, err);
    return r < 0 ? r : sqlite3_changes(store->reader.db) ? 0 : STORE_NOT_FOUND;
}

int store_objects(struct store_reader *reader, store_object_callback *callback, void *data, struct error *err)
{
    sqlite3_stmt *statement = sqlite_statement(reader, STATEMENT_OBJECTS, err);
    int rc = SQLITE_DONE, r = 0;

    if (!statement)
        return -EIO;
    while (r == 0 && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        value document = sqlite_column_json(statement, 3);

        r = callback(data, (enum object_kind)sqlite3_column_int(statement, 0),
                     (const char *)sqlite3_column_text(statement, 1),
                     (const char *)sqlite3_column_text(statement, 2), document);
        value_unref(document);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = sqlite_failed(reader, err);
    sqlite3_reset(statement);
    return r;
}
