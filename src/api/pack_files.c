/* SPDX-License-Identifier: Apache-2.0 */
#include "pack_files.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "engine/content.h"
#include "value/yaml.h"

/* The directory of a registered pack, else of one on disk. Owned; NULL when there is none. */
static char *pack_directory(struct api *api, const char *pack)
{
    const char *path;
    VALUE_AUTO(document);

    document = catalog_get(api->config.catalog, OBJECT_PACK, pack);
    path = value_map_chars(document, "path");
    if (path)
        return xstrdup(path);
    return content_find_pack(api->config.content, pack);
}

/* No "..", no absolute path, no empty segment. */
static bool stays_inside(const char *path)
{
    if (!*path || *path == '/' || strlen(path) >= PATH_MAX)
        return false;
    while (*path) {
        size_t n = strcspn(path, "/");

        if (n == 0 || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.'))
            return false;
        path += n;
        path += *path == '/';
    }
    return true;
}

/* The real path of a file below a directory, links resolved; NULL when it is not there or leads out. */
static char *resolve(const char *directory, const char *path)
{
    CLEANUP(freep)
    char *base = realpath(directory, NULL);
    CLEANUP(freep)
    char *joined = NULL;
    CLEANUP(freep)
    char *real = NULL;
    size_t n;

    if (!base || !stays_inside(path))
        return NULL;
    joined = xasprintf("%s/%s", base, path);
    real = realpath(joined, NULL);
    n = strlen(base);
    if (!real || strncmp(real, base, n) != 0 || real[n] != '/')
        return NULL;
    return take_ptr(&real);
}

static const char *content_type(const char *path)
{
    static const struct {
        const char *ending, *type;
    } types[] = {
        { ".yaml", "application/x-yaml" },
        { ".yml", "application/x-yaml" },
        { ".py", "text/x-python" },
        { ".sh", "application/x-sh" },
        { ".json", "application/json" },
        { ".md", "text/markdown" },
        { ".png", "image/png" },
        { ".svg", "image/svg+xml" },
        { ".jpg", "image/jpeg" },
        { ".gif", "image/gif" },
        { ".html", "text/html" },
        { ".css", "text/css" },
        { ".js", "text/javascript" },
        { ".txt", "text/plain" },
        { ".xml", "text/xml" },
        { ".csv", "text/csv" },
        { ".ps1", "text/plain" },
        { ".conf", "text/plain" },
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot && i < ELEMENTS(types); i++)
        if (strcmp(dot, types[i].ending) == 0)
            return types[i].type;
    return dot ? "application/octet-stream" : "text/plain";
}

void pack_file_answer(struct api *api, struct http_request *request, const char *pack, const char *path)
{
    CLEANUP(freep)
    char *directory = pack_directory(api, pack);
    CLEANUP(freep)
    char *real = NULL;
    CLEANUP(closep)
    int fd = -1;
    const char *none_match = http_request_header(request, "If-None-Match");
    const char *since = http_request_header(request, "If-Modified-Since");
    char tag[32], modified[64];
    struct stat info;
    struct tm time;

    if (!directory) {
        http_respond_fault(request, 404, "Resource with a ref or id \"%s\" not found", pack);
        return;
    }
    if (!stays_inside(path)) {
        http_respond_fault(request, 400, "Invalid file path: %s", path);
        return;
    }
    real = resolve(directory, path);
    if (real)
        fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode)) {
        http_respond_fault(request, 404, "File \"%s\" not found", path);
        return;
    }
    if (info.st_size > PACK_FILE_SHOWN_MAX) {
        http_respond_fault(request, 400, "File %s exceeds maximum allowed file size (%d bytes)", path,
                           PACK_FILE_SHOWN_MAX);
        return;
    }
    snprintf(tag, sizeof(tag), "%" PRId64, (int64_t)info.st_mtime);
    gmtime_r(&info.st_mtime, &time);
    strftime(modified, sizeof(modified), "%a, %d %b %Y %H:%M:%S GMT", &time);
    http_header(request, "ETag", tag);
    http_header(request, "Last-Modified", modified);
    if (none_match ? strcmp(none_match, tag) == 0 : since && strcmp(since, modified) == 0) {
        http_respond(request, 304, NULL, "", 0);
        return;
    }
    http_respond_file(request, 200, content_type(path), fd, (uint64_t)info.st_size);
    fd = -1;
}

/* ---- whole packs ---- */

static bool read_small(const char *path, struct buffer *out)
{
    CLEANUP(closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    ssize_t n;

    if (fd < 0 || fstat(fd, &info) < 0 || !S_ISREG(info.st_mode) || info.st_size > PACK_FILE_SHOWN_MAX)
        return false;
    buffer_reserve(out, (size_t)info.st_size);
    while ((n = read(fd, out->data + out->len, (size_t)info.st_size - out->len)) > 0)
        out->len += (size_t)n;
    out->data[out->len] = '\0';
    return n == 0;
}

static bool is_text(const struct buffer *content)
{
    return !memchr(content->data, 0, content->len) && utf8_valid(content->data, content->len) &&
           strncmp(content->data, "\xEF\xBB\xBF", 3) != 0;
}

value pack_files_content(value pack)
{
    const char *directory = value_map_chars(pack, "path");
    value files = value_list_new(16);

    VALUE_LIST_EACH (i, path, value_map_get(pack, "files")) {
        CLEANUP(freep)
        char *real = directory ? resolve(directory, value_chars(path)) : NULL;
        BUFFER_AUTO(content);
        value file;

        if (!real || !read_small(real, &content) || !is_text(&content))
            continue;
        file = value_map_new(2);
        value_map_put(&file, "file_path", value_ref(path));
        value_map_put(&file, "content", value_text_n(content.data, content.len));
        value_list_append(&files, file);
    }
    return files;
}

/* ---- writing ---- */

static void make_parents(char *path)
{
    for (char *p = path + 1; *p; p++)
        if (*p == '/') {
            *p = '\0';
            mkdir(path, 0755);
            *p = '/';
        }
}

static int write_file(const char *path, const char *text, size_t n, mode_t mode, struct error *err)
{
    CLEANUP(freep)
    char *copy = xstrdup(path);
    CLEANUP(freep)
    char *fresh = xasprintf("%s.new", path);
    int fd;

    make_parents(copy);
    fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0 || write(fd, text, n) != (ssize_t)n || fsync(fd) < 0 || rename(fresh, path) < 0) {
        int code = errno;

        if (fd >= 0)
            close(fd);
        unlink(fresh);
        return error_set(err, code == EINVAL ? -EIO : -code, "%s cannot be written: %s", path,
                         strerror(code));
    }
    close(fd);
    return 0;
}

int pack_files_write(struct api *api, const char *pack, value files, struct error *err)
{
    CLEANUP(freep)
    char *directory = pack_directory(api, pack);
    int r = 0;

    if (!directory)
        return error_set(err, -EINVAL,
                         "Content pack \"%s\" is not found or doesn't contain actions directory.", pack);
    VALUE_LIST_EACH (i, file, files) {
        const char *name = value_map_chars(file, "file_path");
        value content = value_map_get(file, "content");
        CLEANUP(freep)
        char *path = NULL;
        bool script;

        if (r < 0)
            break;
        if (strncmp(name, "actions/", 8) == 0)
            name += 8;
        if (!stays_inside(name))
            return error_set(err, -EINVAL, "Invalid file path: \"%s\" would leave the pack", name);
        path = xasprintf("%s/actions/%s", directory, name);
        script = value_len(content) > 2 && memcmp(value_chars(content), "#!", 2) == 0;
        r = write_file(path, value_chars(content), value_len(content), script ? 0755 : 0644, err);
    }
    return r;
}

static int remove_below(const char *directory, const char *path, struct error *err)
{
    CLEANUP(freep)
    char *full = NULL;

    if (!stays_inside(path))
        return 0;
    full = xasprintf("%s/%s", directory, path);
    if (unlink(full) < 0 && errno != ENOENT)
        return error_set(err, -errno, "%s cannot be removed: %s", full, strerror(errno));
    return 0;
}

int pack_files_remove_action(struct api *api, value action, struct error *err)
{
    const char *entry = value_map_chars(action, "entry_point"),
               *metadata = value_map_chars(action, "metadata_file");
    CLEANUP(freep)
    char *directory = pack_directory(api, value_map_chars(action, "pack"));
    CLEANUP(freep)
    char *path = entry && *entry ? xasprintf("actions/%s", entry) : NULL;
    int r = 0;

    if (directory && path)
        r = remove_below(directory, path, err);
    if (r == 0 && directory && metadata && *metadata)
        r = remove_below(directory, metadata, err);
    return r;
}

/* What stands in a metadata file: the members people write. */
static value metadata_of(value action)
{
    static const char *const names[] = { "name",        "description", "runner_type",
                                         "entry_point", "enabled",     "parameters",
                                         "notify",      "tags",        "output_schema" };
    value metadata = value_map_new(8);

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        value item = value_map_get(action, names[i]);

        if (value_is_set(item) && (item.kind == VALUE_BOOL || value_truth(item)))
            value_map_set_text(&metadata, names[i], value_ref(item));
    }
    return metadata;
}

int pack_files_clone_action(struct api *api, value source, value copy, struct error *err)
{
    const char *from_entry = value_map_chars(source, "entry_point"),
               *to_entry = value_map_chars(copy, "entry_point");
    CLEANUP(freep)
    char *from = pack_directory(api, value_map_chars(source, "pack"));
    CLEANUP(freep)
    char *to = pack_directory(api, value_map_chars(copy, "pack"));
    CLEANUP(freep)
    char *metadata_path = NULL;
    VALUE_AUTO(metadata);
    BUFFER_AUTO(text);
    int r = 0;

    if (!from || !to)
        return error_set(err, -EINVAL, "Destination pack '%s' doesn't exist", value_map_chars(copy, "pack"));
    if (from_entry && *from_entry) {
        CLEANUP(freep)
        char *inside = xasprintf("actions/%s", from_entry);
        CLEANUP(freep)
        char *source_path = resolve(from, inside);
        CLEANUP(freep)
        char *target_path = xasprintf("%s/actions/%s", to, to_entry);
        BUFFER_AUTO(content);

        if (!source_path || !read_small(source_path, &content))
            return error_set(err, -EINVAL, "The entry point %s/%s cannot be read", from, inside);
        r = write_file(target_path, content.data, content.len, access(source_path, X_OK) == 0 ? 0755 : 0644,
                       err);
    }
    if (r < 0)
        return r;
    metadata = metadata_of(copy);
    buffer_add_text(&text, "---\n");
    yaml_write(&text, metadata, 2, YAML_FLOW_AUTO);
    metadata_path = xasprintf("%s/%s", to, value_map_chars(copy, "metadata_file"));
    return write_file(metadata_path, text.data, text.len, 0644, err);
}
