/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders of packs, within bounds. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "packs/pack-internal.h"

int pack_text_read(const char *path, struct buffer *text, struct error *err)
{
    CLEANUP(closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    ssize_t n;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return PACK_NO_FILE;
    if (fd < 0 || fstat(fd, &st) < 0)
        return error_set(err, -EIO, "Cannot read \"%s\": %s", path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, -EINVAL, "\"%s\" is not a file", path);
    for (;;) {
        buffer_reserve(text, 65536);
        n = read(fd, text->data + text->len, 65536);
        if (n < 0)
            return error_set(err, -EIO, "Cannot read \"%s\": %s", path, strerror(errno));
        if (n == 0)
            break;
        text->len += (size_t)n;
        text->data[text->len] = '\0';
        if (text->len > PACK_FILE_BYTES_MAX)
            return error_set(err, -EFBIG, "\"%s\" is larger than %d bytes", path, PACK_FILE_BYTES_MAX);
    }
    return 0;
}

int pack_file_read(const char *path, enum yaml_read_flags flags, struct pack_file *file, struct error *err)
{
    BUFFER_AUTO(text);
    int r;

    *file = (struct pack_file){ .path = xstrdup(path) };
    r = pack_text_read(path, &text, err);
    if (r != 0)
        return r;
    return yaml_read_named(path, buffer_text(&text), text.len, flags, &file->content, &file->positions, err);
}

void pack_file_release(struct pack_file *file)
{
    free(file->path);
    value_unref(file->content);
    yaml_positions_free(file->positions);
    *file = (struct pack_file){ 0 };
}

static bool ends_in(const char *name, const char *end)
{
    size_t n = strlen(name), m = strlen(end);

    return n > m && strcmp(name + n - m, end) == 0;
}

static void closedirp(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(value_chars(*(const value *)a), value_chars(*(const value *)b));
}

/* Sorts a list of texts that nobody else holds. */
static void sort_texts(value list)
{
    if (value_list_count(list) > 1)
        qsort(list.list->items, value_list_count(list), sizeof(value), compare_texts);
}

int pack_metadata_files(const char *directory, value *ret, struct error *err)
{
    CLEANUP(closedirp)
    DIR *dir = opendir(directory);
    VALUE_AUTO(names);
    struct dirent *entry;

    if (!dir && errno != ENOENT && errno != ENOTDIR)
        return error_set(err, -EIO, "Cannot read the directory \"%s\": %s", directory, strerror(errno));
    names = value_list_new(0);
    while (dir && (entry = readdir(dir))) {
        value name;

        if (entry->d_name[0] == '.' || (!ends_in(entry->d_name, ".yaml") && !ends_in(entry->d_name, ".yml")))
            continue;
        name = value_text_checked(entry->d_name, strlen(entry->d_name));
        if (value_is_set(name))
            value_list_append(&names, name);
        if (value_list_count(names) > PACK_FILES_MAX)
            return error_set(err, -E2BIG, "\"%s\" holds more than %d files", directory, PACK_FILES_MAX);
    }
    sort_texts(names);
    *ret = value_take(&names);
    return 0;
}

/* Adds the files below directory/prefix; symbolic links to folders are not followed. */
static int add_files(const char *directory, const char *prefix, int depth, value *files, struct error *err)
{
    CLEANUP(freep)
    char *path = *prefix ? xasprintf("%s/%s", directory, prefix) : xstrdup(directory);
    CLEANUP(closedirp)
    DIR *dir = opendir(path);
    struct dirent *entry;
    int r = 0;

    if (!dir)
        return error_set(err, -EIO, "Cannot read the directory \"%s\": %s", path, strerror(errno));
    if (depth > PACK_DEPTH_MAX)
        return error_set(err, -E2BIG, "The folders of \"%s\" are nested deeper than %d levels", directory,
                         PACK_DEPTH_MAX);
    while (r == 0 && (entry = readdir(dir))) {
        CLEANUP(freep)
        char *inner = *prefix ? xasprintf("%s/%s", prefix, entry->d_name) : xstrdup(entry->d_name);
        CLEANUP(freep)
        char *full = xasprintf("%s/%s", directory, inner);
        struct stat st;
        value name;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            strcmp(entry->d_name, ".git") == 0 || ends_in(entry->d_name, ".pyc") || lstat(full, &st) < 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            r = add_files(directory, inner, depth + 1, files, err);
            continue;
        }
        name = value_text_checked(inner, strlen(inner));
        if (value_is_set(name))
            value_list_append(files, name);
        if (value_list_count(*files) > PACK_FILES_MAX)
            return error_set(err, -E2BIG, "\"%s\" holds more than %d files", directory, PACK_FILES_MAX);
    }
    return r;
}

int pack_all_files(const char *directory, value *ret, struct error *err)
{
    VALUE_AUTO(files);
    int r;

    files = value_list_new(0);
    r = add_files(directory, "", 0, &files, err);
    if (r < 0)
        return r;
    sort_texts(files);
    *ret = value_take(&files);
    return 0;
}

static bool is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int add_packs(const char *base, value *found, struct error *err)
{
    CLEANUP(closedirp)
    DIR *dir = opendir(base);
    struct dirent *entry;

    if (!dir)
        return error_set(err, -ENOENT, "Directory \"%s\" doesn't exist", base);
    while ((entry = readdir(dir))) {
        CLEANUP(freep)
        char *path = xasprintf("%s/%s", base, entry->d_name);
        value name = value_text_checked(entry->d_name, strlen(entry->d_name));

        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "__pycache__") != 0 && value_is_set(name) &&
            utf8_valid(path, strlen(path)) && is_directory(path) && !value_map_has(*found, entry->d_name))
            value_map_set(found, value_ref(name), value_text(path));
        value_unref(name);
        if (value_map_count(*found) > PACK_FILES_MAX)
            return error_set(err, -E2BIG, "\"%s\" holds more than %d packs", base, PACK_FILES_MAX);
    }
    return 0;
}

int packs_list(const char *const *base_paths, size_t n, value *ret, struct error *err)
{
    VALUE_AUTO(found);
    VALUE_AUTO(names);
    int r;

    found = value_map_new(0);
    names = value_list_new(0);
    for (size_t i = 0; i < n; i++) {
        r = add_packs(base_paths[i], &found, err);
        if (r < 0)
            return r;
    }
    VALUE_MAP_EACH (i, found)
        value_list_append(&names, value_ref(value_map_key_at(found, i)));
    sort_texts(names);
    *ret = value_list_new(value_list_count(names));
    VALUE_LIST_EACH (i, name, names) {
        value map = value_map_new(2);

        value_map_put(&map, "name", value_ref(name));
        value_map_put(&map, "path", value_ref(value_map_get_value(found, name)));
        value_list_append(ret, map);
    }
    return 0;
}
