/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the SQLite backend, and by nobody else. */
#ifndef FULMAR_STORE_SQLITE_INTERNAL_H
#define FULMAR_STORE_SQLITE_INTERNAL_H

#include <sqlite3.h>

#include "base/strmap.h"
#include "store/store.h"

/* Statements that are prepared once for each connection, by their place in the table of sqlite.c. */
enum statement {
    STATEMENT_BEGIN,
    STATEMENT_COMMIT,
    STATEMENT_ROLLBACK,
    STATEMENT_META_GET,
    STATEMENT_META_SET,
    STATEMENT_NAME_GET,
    STATEMENT_NAME_TEXT,
    STATEMENT_NAME_ADD,
    STATEMENT_CONTENT_GET,
    STATEMENT_CONTENT_FIND,
    STATEMENT_CONTENT_ADD,
    STATEMENT_OBJECT_PUT,
    STATEMENT_OBJECT_DELETE,
    STATEMENT_OBJECTS,
    STATEMENT_EXECUTION_INSERT,
    STATEMENT_EXECUTION_UPDATE,
    STATEMENT_EXECUTION_RESULT,
    STATEMENT_EXECUTION_STATUS,
    STATEMENT_EXECUTION_GET,
    STATEMENT_EXECUTION_LAST,
    STATEMENT_EXECUTION_FROM,
    STATEMENT_EXECUTIONS_ACTIVE,
    STATEMENT_EXECUTION_CHILDREN,
    STATEMENT_BLOCK_ADD,
    STATEMENT_BLOCKS,
    STATEMENT_TALLY_ADD,
    STATEMENT_TALLY_STATUS,
    STATEMENT_OUTPUT_NEXT,
    STATEMENT_OUTPUT_ADD,
    STATEMENT_OUTPUTS,
    STATEMENT_INSTANCE_INSERT,
    STATEMENT_INSTANCE_GET,
    STATEMENT_ENFORCEMENT_INSERT,
    STATEMENT_ENFORCEMENT_GET,
    STATEMENT_TRACE_INSERT,
    STATEMENT_TRACE_GET,
    STATEMENT_WORKFLOW_INSERT,
    STATEMENT_WORKFLOW_UPDATE,
    STATEMENT_WORKFLOW_GET,
    STATEMENT_WORKFLOW_OF,
    STATEMENT_STATE_PUT,
    STATEMENT_STATE_DELETE,
    STATEMENT_STATE_DELETE_ALL,
    STATEMENT_STATES,
    STATEMENT_TASK_INSERT,
    STATEMENT_TASK_UPDATE,
    STATEMENT_TASKS,
    STATEMENT_TASK_LATEST,
    STATEMENT_CHILD_PUT,
    STATEMENT_CHILDREN,
    STATEMENTS,
};

/* Whole documents that many executions share, by number; filled from the table `content`. */
struct content_cache {
    value *documents; /* by content number; VALUE_UNSET where not read */
    size_t room;
    size_t held;
};

struct store_reader {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    uint64_t id;
    struct content_cache contents;
    char **names; /* by name number; NULL where not read */
    size_t names_room;
    struct strmap name_numbers; /* text -> number */
};

/* A run of executions that counts are kept for, so that a list finds its place without walking there. */
struct block {
    int64_t first; /* sequence number */
};
#define BLOCK_ROWS 4096

struct tally_change {
    int64_t block, action;
    int status;
    int64_t delta;
};

struct store {
    struct store_reader reader; /* the write connection */
    char *directory, *path;
    bool in_transaction;
    struct block *blocks;
    size_t n_blocks, blocks_room;
    int64_t rows_in_last_block;
    struct tally_change *changes; /* of this transaction, written at commit */
    size_t n_changes, changes_room;
    struct strmap content_numbers; /* hash -> number, of what this process wrote or found */
    struct last_content {
        const void *document; /* a held document whose number is known: the usual case costs one comparison */
        value held;
        int64_t number;
    } last_contents[64];
};

/* The statement, ready to bind. NULL when it cannot be prepared; `err` is filled. */
sqlite3_stmt *sqlite_statement(struct store_reader *reader, enum statement statement, struct error *err);
/* Prepare a statement of the moment. */
sqlite3_stmt *sqlite_prepare(struct store_reader *reader, const char *sql, struct error *err);
/* Step to the end, then reset. 0 or negative. */
int sqlite_run(struct store_reader *reader, sqlite3_stmt *statement, struct error *err);
/* The errno-like code and text for what SQLite says. */
int sqlite_failed(struct store_reader *reader, struct error *err);

/* Binds a number; 0 stays NULL. */
static inline void sqlite_bind_number(sqlite3_stmt *statement, int column, int64_t number)
{
    if (number)
        sqlite3_bind_int64(statement, column, number);
}

void sqlite_bind_json(sqlite3_stmt *statement, int column, value v);
/* Unset for NULL. */
value sqlite_column_json(sqlite3_stmt *statement, int column);

/* Numbers of names and documents; 0 is none. Adding needs the writer. */
int sqlite_name_number(struct store *store, const char *name, int64_t *ret, struct error *err);
/* Without adding: 0 when the name is not known. */
int64_t sqlite_name_find(struct store_reader *reader, const char *name);
/* Borrowed; NULL for 0. */
const char *sqlite_name_text(struct store_reader *reader, int64_t number);
int sqlite_content_number(struct store *store, value document, int64_t *ret, struct error *err);
/* Owned; unset for 0. */
value sqlite_content(struct store_reader *reader, int64_t number);

/* Counting of executions (executions.c): told of each insert and change, written out before the commit. */
int sqlite_tally_load(struct store *store, struct error *err);
int sqlite_tally_write(struct store *store, struct error *err);

/* The columns every reading of an execution selects, in the order execution_from_row takes them. */
#define EXECUTION_COLUMNS                                                                                              \
    "seq, version, owner, lease_us, status, start_us, end_us, parent, root, instance, trace, due_us, "                 \
    "action_content, runner_content, rule_content, trigger_content, trigger_type_content, parameters, context, more, " \
    "log, result_size"
#define EXECUTION_COLUMN_RESULT 22
int sqlite_execution_row(struct store_reader *reader, sqlite3_stmt *statement, bool with_result,
                         struct execution_row *ret, struct error *err);

#endif
