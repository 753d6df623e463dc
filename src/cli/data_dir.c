/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/data_dir.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"

const struct cli_option options_data_dir[] = {
    { .name = "--data-dir",
      .kind = OPTION_TEXT,
      .metavar = "DIR",
      .help = "The server's data directory. Without it FULMAR_DATA_DIR counts, then ./.data." },
    { 0 },
};

const char *data_dir(const struct cli_args *args)
{
    const char *named = args_text(args, "--data-dir"), *variable = getenv("FULMAR_DATA_DIR");

    return named ? named : variable && *variable ? variable : ".data";
}

int data_dir_check(const char *directory, struct error *err)
{
    CLEANUP(freep)
    char *file = xasprintf("%s/fulmar.db", directory);
    struct stat st;

    if (stat(directory, &st) < 0)
        return error_set(err, -errno,
                         "The data directory \"%s\" cannot be used: %s. Name another one with --data-dir.",
                         directory, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return error_set(err, -ENOTDIR, "\"%s\" is no directory. Name the data directory with --data-dir.",
                         directory);
    if (stat(file, &st) < 0)
        return error_set(err, -errno,
                         "There is no store in \"%s\" (%s: %s). Name the data directory with --data-dir.",
                         directory, file, strerror(errno));
    return 0;
}
