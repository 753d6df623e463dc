/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of files inside packs: nothing that a name says leads out of the pack. */
#include <stdlib.h>

#include "base/mem.h"
#include "packs/pack-internal.h"

/* Is it the shortest way to write a relative path: no empty part, no "." and no ".."? */
static bool is_plain(const char *path)
{
    if (!*path)
        return false;
    for (;;) {
        size_t n = strcspn(path, "/");

        if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        if (!path[n])
            return true;
        path += n + 1;
    }
}

/* Below the directory, with no way back up in it. */
static bool is_below(const char *path, const char *directory)
{
    size_t n = strlen(directory);

    return strncmp(path, directory, n) == 0 && path[n] == '/' && is_plain(path + n + 1);
}

int pack_entry_point(const char *pack_path, const char *folder, const char *entry_point, char **ret,
                     struct error *err)
{
    if (*entry_point == '/') {
        if (!is_below(entry_point, pack_path))
            return error_set_kind(err, -EINVAL, "ValueError",
                                  "Entry point file \"%s\" is located outside of the pack directory",
                                  entry_point);
        *ret = xstrdup(entry_point);
        return 0;
    }
    if (!is_plain(entry_point))
        return error_set_kind(
            err, -EINVAL, "ValueError",
            "Invalid file path: \"%s\". File path needs to be relative to the pack %s directory (%s/%s). For "
            "example \"my_action.py\".",
            entry_point, folder, pack_path, folder);
    *ret = xasprintf("%s/%s/%s", pack_path, folder, entry_point);
    return 0;
}

int pack_file_path(const char *pack_path, const char *file, char **ret, struct error *err)
{
    if (!is_plain(file))
        return error_set_kind(
            err, -EINVAL, "ValueError",
            "Invalid file path: \"%s\". File path needs to be relative to the pack directory (%s). For example "
            "\"my_action.py\".",
            file, pack_path);
    *ret = xasprintf("%s/%s", pack_path, file);
    return 0;
}
