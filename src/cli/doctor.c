/* SPDX-License-Identifier: Apache-2.0 */
/* doctor: looks at a data directory without changing it, and says what was looked at and what is wrong. A check that finds
   the ground missing for those behind it ends the visit.

   To add a check: write its function, add its row to `checks`. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "auth/crypto.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "cli/data_dir.h"
#include "cli/output.h"
#include "store/store.h"

#define FREE_BYTES_MIN (64 << 20) /* below this the next burst of executions may find the disk full */

enum verdict { FINE, PROBLEM, PROBLEM_LAST };

struct visit {
    const char *directory;
    struct buffer finding; /* of the check that runs */
    value problems;        /* more of them than fit the finding: a list of text, or UNSET */
};

static enum verdict check_directory(struct visit *visit)
{
    struct stat st;

    buffer_add_text(&visit->finding, visit->directory);
    if (stat(visit->directory, &st) < 0) {
        buffer_addf(&visit->finding, ": %s; name the data directory with --data-dir", strerror(errno));
        return PROBLEM_LAST;
    }
    if (!S_ISDIR(st.st_mode)) {
        buffer_add_text(&visit->finding, " is no directory; name the data directory with --data-dir");
        return PROBLEM_LAST;
    }
    return FINE;
}

static enum verdict check_writable(struct visit *visit)
{
    static const char *const names[] = { "", "/fulmar.db", "/fulmar.db-wal", "/lock" };

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        CLEANUP(freep)
        char *path = xasprintf("%s%s", visit->directory, names[i]);

        if (access(path, W_OK) < 0 && errno != ENOENT) {
            buffer_addf(&visit->finding, "%s: %s; give the server's user write access", path,
                        strerror(errno));
            return PROBLEM;
        }
    }
    buffer_add_text(&visit->finding, "the directory and its files can be written");
    return FINE;
}

static enum verdict check_space(struct visit *visit)
{
    struct statvfs space;
    uint64_t bytes;

    if (statvfs(visit->directory, &space) < 0) {
        buffer_addf(&visit->finding, "cannot be told: %s", strerror(errno));
        return PROBLEM;
    }
    bytes = (uint64_t)space.f_bavail * space.f_frsize;
    buffer_addf(&visit->finding, "%" PRIu64 " MiB free", bytes >> 20);
    if (bytes >= FREE_BYTES_MIN)
        return FINE;
    buffer_add_text(&visit->finding, "; the disk is nearly full, make room");
    return PROBLEM;
}

/* The lock is tried and given back at once; a shared one, so that two visits do not see each other. */
static enum verdict check_lock(struct visit *visit)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/lock", visit->directory);
    CLEANUP(closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno != ENOENT) {
        buffer_addf(&visit->finding, "%s: %s", path, strerror(errno));
        return PROBLEM;
    }
    buffer_add_text(&visit->finding, fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0
                                         ? "running: the directory's lock is held"
                                         : "not running: the directory's lock is free");
    return FINE;
}

static enum verdict check_file(struct visit *visit)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/fulmar.db", visit->directory);
    struct stat st;

    if (stat(path, &st) < 0) {
        buffer_addf(&visit->finding, "%s: %s; no server has run here, or its store is gone: restore a backup",
                    path, strerror(errno));
        return PROBLEM_LAST;
    }
    if (!S_ISREG(st.st_mode)) {
        buffer_addf(&visit->finding, "%s is no file", path);
        return PROBLEM_LAST;
    }
    buffer_addf(&visit->finding, "%s, %lld bytes", path, (long long)st.st_size);
    return FINE;
}

static enum verdict check_schema(struct visit *visit)
{
    int64_t version, known;
    ERROR_AUTO(err);

    if (store_schema(visit->directory, &version, &known, &err) < 0) {
        buffer_add_text(&visit->finding, error_text(&err));
        return PROBLEM_LAST;
    }
    buffer_addf(&visit->finding, "version %" PRId64, version);
    if (version > known)
        buffer_addf(&visit->finding, "; this program knows %" PRId64 " at most: run the newer one", known);
    else if (version == 0)
        buffer_add_text(&visit->finding, "; the file is no store, or an empty one");
    else if (version < known)
        buffer_addf(&visit->finding, "; the next start brings it to version %" PRId64, known);
    return version > known || version == 0 ? PROBLEM : FINE;
}

static enum verdict check_integrity(struct visit *visit)
{
    ERROR_AUTO(err);

    if (store_check(visit->directory, &visit->problems, &err) < 0) {
        buffer_add_text(&visit->finding, error_text(&err));
        return PROBLEM;
    }
    if (value_list_count(visit->problems) == 0) {
        buffer_add_text(&visit->finding, "every page and index of the store is sound");
        return FINE;
    }
    buffer_addf(&visit->finding, "%zu problems in the store; restore a backup",
                value_list_count(visit->problems));
    return PROBLEM;
}

static enum verdict check_key(struct visit *visit)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/datastore_key.json", visit->directory);
    CLEANUP(crypto_key_freep)
    struct crypto_key *key = NULL;
    struct stat st;
    ERROR_AUTO(err);

    if (stat(path, &st) < 0 && errno == ENOENT) {
        buffer_add_text(&visit->finding, "none here; it is configured elsewhere or not made yet");
        return FINE;
    }
    if (crypto_key_load(path, &key, &err) < 0) {
        buffer_add_text(&visit->finding, error_text(&err));
        return PROBLEM;
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        buffer_addf(&visit->finding, "%s: others may read it; chmod 600", path);
        return PROBLEM;
    }
    buffer_add_text(&visit->finding, "can be read, and by its owner only");
    return FINE;
}

static const struct {
    const char *name;
    enum verdict (*look)(struct visit *visit);
} checks[] = {
    { "data directory", check_directory },
    { "write access", check_writable },
    { "disk", check_space },
    { "server", check_lock },
    { "datastore key", check_key },
    { "store", check_file },
    { "schema", check_schema },
    { "integrity", check_integrity },
};

/* What names files may hold any bytes. */
static value finding_value(const struct buffer *finding)
{
    value v = value_text_checked(buffer_text(finding), finding->len);

    return value_is_set(v) ? v : value_text("a name that is not UTF-8");
}

/* A list of {check, fine, finding, problems?}. */
static value visit_make(const char *directory, bool *ret_fine)
{
    value rows = value_list_new(ELEMENTS(checks));

    *ret_fine = true;
    for (size_t i = 0; i < ELEMENTS(checks); i++) {
        struct visit visit = { .directory = directory };
        enum verdict verdict = checks[i].look(&visit);
        value row = value_map_new(4);

        value_map_put(&row, "check", value_text(checks[i].name));
        value_map_put(&row, "fine", value_bool(verdict == FINE));
        value_map_put(&row, "finding", finding_value(&visit.finding));
        if (value_list_count(visit.problems))
            value_map_put(&row, "problems", value_ref(visit.problems));
        value_unref(visit.problems);
        buffer_release(&visit.finding);
        value_list_append(&rows, row);
        *ret_fine &= verdict == FINE;
        if (verdict == PROBLEM_LAST)
            break;
    }
    return rows;
}

static void rows_print(value rows, bool fine)
{
    size_t n_problems = 0;

    VALUE_LIST_EACH (i, row, rows) {
        bool good = value_map_bool(row, "fine", false);

        n_problems += !good;
        printf("%-8s %-15s %s\n", good ? "ok" : "PROBLEM", value_map_chars(row, "check"),
               value_map_chars(row, "finding"));
        VALUE_LIST_EACH (k, problem, value_map_get(row, "problems"))
            printf("%-24s %s\n", "", value_chars(problem));
    }
    if (fine)
        puts("no problems");
    else
        printf("%zu problem%s\n", n_problems, n_problems == 1 ? "" : "s");
}

static int doctor_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    VALUE_AUTO(rows);
    bool fine;
    int r = 0;

    rows = visit_make(data_dir(args), &fine);
    if (output_form(args) == OUTPUT_TEXT)
        rows_print(rows, fine);
    else
        r = output_document(output_form(args), rows);
    return r < 0 ? r : fine ? EXIT_DONE : EXIT_ERROR;
}

const struct cli_command command_doctor = {
    .name = "doctor",
    .help = "Look for problems in a server's data directory.",
    .options = (const struct cli_option *const[]){ options_help, options_format, options_data_dir, NULL },
    .run = doctor_run,
    .flags = COMMAND_NO_SIGNIN,
};
