/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick of durable work: how many transactions of one insert each SQLite commits to this disk in a second, one
   after the other, in the journal mode the server uses and with every commit synced.

       commits FOLDER SECONDS [SIZE] */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(sqlite3 *db, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_DONE || rc == SQLITE_ROW)
        return;
    fprintf(stderr, "commits: %s\n", sqlite3_errmsg(db));
    exit(1);
}

int main(int argc, char **argv)
{
    char path[4096], *row;
    size_t size = argc > 3 ? strtoul(argv[3], NULL, 10) : 500;
    sqlite3 *db;
    sqlite3_stmt *insert;
    double start, seconds;
    long n = 0;

    if (argc < 3 || size > 1 << 20) {
        fprintf(stderr, "usage: commits FOLDER SECONDS [SIZE]\n");
        return 2;
    }
    snprintf(path, sizeof(path), "%s/commits.db", argv[1]);
    seconds = strtod(argv[2], NULL);
    row = malloc(size + 1);
    if (!row)
        return 1;
    memset(row, 'x', size);
    row[size] = '\0';

    check(NULL, sqlite3_open(path, &db));
    check(db, sqlite3_exec(db,
                           "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                           "CREATE TABLE t (id INTEGER PRIMARY KEY, status INTEGER, document TEXT)",
                           NULL, NULL, NULL));
    check(db, sqlite3_prepare_v2(db, "INSERT INTO t (status, document) VALUES (1, ?)", -1, &insert, NULL));
    check(db, sqlite3_bind_text(insert, 1, row, (int)size, SQLITE_STATIC));
    start = now();
    do {
        check(db, sqlite3_step(insert));
        check(db, sqlite3_reset(insert));
        n++;
    } while (now() - start < seconds);
    printf("%.1f\n", (double)n / (now() - start));
    sqlite3_finalize(insert);
    sqlite3_close(db);
    free(row);
    unlink(path);
    return 0;
}
