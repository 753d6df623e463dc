/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/content.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "engine/content_mistakes.h"
#include "engine/registry.h"

#define PATHS_MAX 64

struct content {
    struct catalog *catalog;
    struct engine_loop *loop;
    char *paths[PATHS_MAX];
    size_t n_paths;
    bool has_system_packs; /* the first path is that of the packs that come with the server */
    char *base_path;
};

static bool is_directory(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void add_path(struct content *content, const char *path)
{
    CLEANUP(freep)
    char *real = realpath(path, NULL);

    if (!real || !is_directory(real) || content->n_paths == PATHS_MAX)
        return;
    content->paths[content->n_paths++] = take_ptr(&real);
}

/* The packs that come with the server: told, else beside the program, else where it was installed. */
static void add_system_packs(struct content *content, const struct config *config)
{
    static const char *const beside[] = { "../packs", "../share/fulmar/packs" };
    char program[PATH_MAX], path[PATH_MAX + 32];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);

    if (*config->system_packs_dir) {
        add_path(content, config->system_packs_dir);
        return;
    }
    if (n <= 0)
        return;
    program[n] = '\0';
    *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < ELEMENTS(beside); i++) {
        snprintf(path, sizeof(path), "%s/%s", program, beside[i]);
        if (is_directory(path)) {
            add_path(content, path);
            return;
        }
    }
}

struct content *content_new(const struct config *config, struct catalog *catalog, struct engine_loop *loop)
{
    struct content *content = xcalloc(1, sizeof(*content));
    CLEANUP(freep)
    char *own = xasprintf("%s/packs", config->data_dir);
    CLEANUP(freep)
    char *list = xstrdup(config->packs_base_paths);
    char *save = NULL;

    content->catalog = catalog;
    content->loop = loop;
    content->base_path = realpath(config->data_dir, NULL);
    if (!content->base_path)
        content->base_path = xstrdup(config->data_dir);
    mkdir(own, 0755);
    add_system_packs(content, config);
    content->has_system_packs = content->n_paths > 0;
    add_path(content, own);
    for (char *p = strtok_r(list, ":", &save); p; p = strtok_r(NULL, ":", &save))
        add_path(content, p);
    for (int i = 0; i < config->n_packs_dirs; i++) {
        if (!is_directory(config->packs_dirs[i]))
            log_warning("--packs-dir %s is no directory, ignoring", config->packs_dirs[i]);
        add_path(content, config->packs_dirs[i]);
    }
    return content;
}

void content_free(struct content *content)
{
    if (!content)
        return;
    for (size_t i = 0; i < content->n_paths; i++)
        free(content->paths[i]);
    free(content->base_path);
    free(content);
}

/* A pack that comes with the server wins over one of its name, because it is made for this server. Those that are there for
   people to fill or to try give way: who brings one of these names has a reason. */
static bool gives_way(const struct content *content, size_t path, const char *name)
{
    static const char *const names[] = { "default", "examples" };

    for (size_t i = 0; path == 0 && content->has_system_packs && i < ELEMENTS(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

char *content_find_pack(struct content *content, const char *name)
{
    CLEANUP(freep)
    char *fallback = NULL;

    if (!*name || strchr(name, '/') || *name == '.')
        return NULL;
    for (size_t i = 0; i < content->n_paths; i++) {
        CLEANUP(freep)
        char *path = xasprintf("%s/%s", content->paths[i], name);

        if (!is_directory(path))
            continue;
        if (!gives_way(content, i, name))
            return take_ptr(&path);
        fallback = take_ptr(&path);
    }
    return take_ptr(&fallback);
}

char *content_searched(struct content *content)
{
    struct buffer text = BUFFER_INIT;

    for (size_t i = 0; i < content->n_paths; i++)
        buffer_addf(&text, "%s%s", i ? ", " : "", content->paths[i]);
    return buffer_take(&text);
}

const char *content_base_path(struct content *content)
{
    return content->base_path;
}

static value found_packs(struct content *content)
{
    value found = VALUE_NOTHING;
    ERROR_AUTO(err);

    if (packs_list((const char *const *)content->paths, content->n_paths, &found, &err) < 0) {
        log_error("packs: %s", error_text(&err));
        return value_list_new(0);
    }
    return found;
}

value content_pack_names(struct content *content)
{
    VALUE_AUTO(found);
    value names = value_list_new(8);

    found = found_packs(content);
    VALUE_LIST_EACH (i, pack, found) {
        value_list_append(&names, value_ref(value_map_get(pack, "name")));
    }
    return names;
}

/* ---- registering ---- */

/* Whoever registers waits for the engine. */
struct register_input {
    struct input input;
    bool builtins;
    enum pack_parts parts;
    struct pack **packs;
    size_t n;
    value *problems, *counts;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool done;
    int r;
    struct error err;
};

static int apply_register(struct engine *engine, struct input *base, struct error *err)
{
    struct register_input *input = (struct register_input *)base;
    int r = input->builtins ? registry_builtins(engine, err) : 0;

    for (size_t i = 0; r == 0 && i < input->n; i++)
        r = registry_pack(engine, input->packs[i], input->parts, input->counts, input->problems, err);
    return r;
}

static void done_register(struct input *base, int r, const struct error *err)
{
    struct register_input *input = (struct register_input *)base;

    pthread_mutex_lock(&input->lock);
    input->done = true;
    input->r = r;
    if (r < 0)
        error_set(&input->err, r, "%s", err ? error_text(err) : "the server is stopping");
    pthread_cond_signal(&input->over);
    pthread_mutex_unlock(&input->lock);
}

static const struct input_ops register_ops = { "register", apply_register, done_register, false };

static int submit(struct content *content, struct register_input *input, struct error *err)
{
    input->input.ops = &register_ops;
    pthread_mutex_init(&input->lock, NULL);
    pthread_cond_init(&input->over, NULL);
    engine_loop_post(content->loop, &input->input);
    pthread_mutex_lock(&input->lock);
    while (!input->done)
        pthread_cond_wait(&input->over, &input->lock);
    pthread_mutex_unlock(&input->lock);
    pthread_mutex_destroy(&input->lock);
    pthread_cond_destroy(&input->over);
    if (input->r < 0)
        error_move(err, &input->err);
    error_release(&input->err);
    return input->r;
}

/* One pass over packs given by their directories. */
static int register_parts(struct content *content, value directories, enum pack_parts parts, value *counts,
                          value *problems, struct error *err)
{
    struct model_lookup lookup = registry_lookup(content->catalog);
    struct pack_options options = { .parts = parts, .base_path = content->base_path, .lookup = &lookup };
    struct register_input input = { .parts = parts, .problems = problems, .counts = counts };
    int r;

    input.packs = xcalloc(value_list_count(directories) + 1, sizeof(*input.packs));
    VALUE_LIST_EACH (i, directory, directories) {
        ERROR_AUTO(reason);

        if (pack_read(value_chars(directory), &options, &input.packs[input.n], &reason) < 0)
            value_list_append(problems, value_textf("%s: %s", value_chars(directory), error_text(&reason)));
        else
            input.n++;
    }
    r = submit(content, &input, err);
    for (size_t i = 0; i < input.n; i++) {
        if (r == 0 && (parts & PACK_ACTIONS))
            content_warn_of_mistakes(input.packs[i], content->catalog);
        pack_free(input.packs[i]);
    }
    free(input.packs);
    return r;
}

int content_register(struct content *content, value directories, enum pack_parts parts, value *counts,
                     value *problems, struct error *err)
{
    int r = 0;

    /* Rules name trigger types, of other packs too: those must be there first. */
    if (parts & ~(unsigned)PACK_RULES)
        r = register_parts(content, directories, parts & ~(unsigned)PACK_RULES, counts, problems, err);
    if (r == 0 && (parts & PACK_RULES))
        r = register_parts(content, directories, PACK_RULES, counts, problems, err);
    return r;
}

int content_register_at_start(struct content *content, struct error *err)
{
    struct register_input builtins = { .builtins = true };
    VALUE_AUTO(found);
    VALUE_AUTO(directories);
    VALUE_AUTO(counts);
    VALUE_AUTO(problems);
    int r = submit(content, &builtins, err);

    if (r < 0)
        return r;
    found = found_packs(content);
    directories = value_list_new(8);
    counts = value_map_new(8);
    problems = value_list_new(0);
    VALUE_LIST_EACH (i, entry, found) {
        CLEANUP(freep)
        char *path = content_find_pack(content, value_map_chars(entry, "name"));

        if (path)
            value_list_append(&directories, value_text(path));
    }
    r = content_register(content, directories, PACK_EVERYTHING, &counts, &problems, err);
    VALUE_LIST_EACH (i, problem, problems) {
        log_warning("%s", value_chars(problem));
    }
    return r;
}
