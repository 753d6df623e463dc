/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for the time of a test, in memory when the system has such a place: commits cost nothing there. */
#ifndef FULMAR_UNIT_SCRATCH_H
#define FULMAR_UNIT_SCRATCH_H

#include <dirent.h>
#include <unistd.h>

#include "base/mem.h"

static inline char *scratch_new(void)
{
    char *path = xasprintf("%s/fulmar-test-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");

    if (!mkdtemp(path))
        fail_msg("no directory %s", path);
    return path;
}

static inline void scratch_clear(const char *path)
{
    DIR *directory = opendir(path);

    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char *file = xasprintf("%s/%s", path, entry->d_name);

        unlink(file);
        free(file);
    }
    if (directory)
        closedir(directory);
}

/* Frees the path too. */
static inline void scratch_free(char *path)
{
    scratch_clear(path);
    rmdir(path);
    free(path);
}

#endif
