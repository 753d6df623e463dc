/* SPDX-License-Identifier: Apache-2.0 */
/* backup: the store's file, copied as it was at one moment. The copy is made under another name beside the wanted one and
   takes that name when it is complete, so a file with the wanted name is always a whole backup. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/commands.h"
#include "cli/data_dir.h"
#include "store/store.h"

static int sync_path(const char *path, int flags, struct error *err)
{
    CLEANUP(closep)
    int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return error_set(err, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

/* The file may hold secrets: nobody else reads it, from its first byte on. */
static int make_private(const char *path, struct error *err)
{
    CLEANUP(closep)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_set(err, -errno, "%s: %s", path, strerror(errno));
    return 0;
}

static int copy_take_name(const char *copy, const char *file, struct error *err)
{
    const char *slash = strrchr(file, '/');
    CLEANUP(freep)
    char *folder = slash ? xstrndup(file, (size_t)(slash - file) + 1) : xstrdup(".");
    int r = sync_path(copy, O_RDWR, err);

    /* link() refuses a name that is taken, which rename() does not. */
    if (r == 0 && link(copy, file) < 0)
        r = errno == EPERM && access(file, F_OK) < 0 && rename(copy, file) == 0
                ? 0
                : error_set(err, -errno, "%s: %s", file, strerror(errno));
    return r < 0 ? r : sync_path(folder, O_RDONLY | O_DIRECTORY, err);
}

static int backup_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *directory = data_dir(args), *file = args_operand(args, "file");
    CLEANUP(freep)
    char *copy = xasprintf("%s.%d.part", file, (int)getpid());
    int64_t version, known;
    struct stat st;
    int r = data_dir_check(directory, err);

    if (r < 0)
        return r;
    if (stat(file, &st) == 0)
        return error_set(err, -EEXIST, "\"%s\" is there already; a backup goes into a new file.", file);
    r = store_schema(directory, &version, &known, err); /* what cannot be read is told by its own name */
    if (r == 0)
        r = make_private(copy, err);
    if (r < 0)
        return r;
    r = store_backup(directory, copy, err);
    if (r == 0)
        r = copy_take_name(copy, file, err);
    unlink(copy);
    if (r < 0)
        return r;
    if (stat(file, &st) < 0)
        return error_set(err, -errno, "%s: %s", file, strerror(errno));
    printf("Copied the store of %s to %s (%lld bytes).\n", directory, file, (long long)st.st_size);
    printf(
        "The key of secret datastore values (%s/datastore_key.json unless configured) is not in it; keep it apart.\n",
        directory);
    return EXIT_DONE;
}

const struct cli_command command_backup = {
    .name = "backup",
    .help = "Copy a server's store into a new file, also while the server runs.",
    .options = (const struct cli_option *const[]){ options_help, options_data_dir, NULL },
    .operands = OPERANDS({ "file", OPERAND_ONE, "The new file." }),
    .run = backup_run,
    .flags = COMMAND_NO_SIGNIN,
};
