/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a pack: the record first, then folder by folder, file by file. A later object of the same reference replaces the
   earlier one, as registering them in turn would. */
#include "packs/pack.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "packs/pack-internal.h"

/* The folders of a pack, in the order they are registered. */
static const struct folder {
    enum model_kind kind;
    const char *name; /* of the folder, and of the section in overrides */
    bool overridable;
    const char *named; /* the key that overrides go by */
} folders[] = {
    { MODEL_TRIGGER_TYPE, "triggers", false, "name" }, { MODEL_SENSOR, "sensors", true, "class_name" },
    { MODEL_ACTION, "actions", true, "name" },         { MODEL_RULE, "rules", true, "name" },
    { MODEL_ALIAS, "aliases", true, "name" },          { MODEL_POLICY, "policies", false, "name" },
};

struct reading {
    struct pack *pack;
    const struct pack_options *options;
    enum yaml_read_flags flags;
    struct pack_overrides overrides;
    struct model_lookup lookup; /* the caller's, but the pack's own trigger types come first */
    value places[MODEL_KINDS];  /* reference to place in the list */
};

/* ---- problems ---- */

void pack_add_problem(struct pack *pack, const char *kind, const struct pack_file *file, const char *where,
                      const struct error *err)
{
    struct pack_problem *problem;

    if (pack->n_problems == PACK_PROBLEMS_MAX) {
        pack->too_many_problems = true;
        return;
    }
    GROW(pack->problems, pack->n_problems, pack->problems_room);
    problem = &pack->problems[pack->n_problems++];
    *problem = (struct pack_problem){
        .kind = kind,
        .file = xstrdup(file->path),
        .line = err->line,
        .column = err->column,
        .key = xstrndup(where, utf8_valid_prefix(where, strlen(where))),
        .message = xstrdup(error_text(err)),
    };
    if (!problem->line)
        yaml_position(file->positions, where, &problem->line, &problem->column);
}

char *pack_problem_text(const struct pack *pack, const struct pack_problem *problem)
{
    if (strcmp(problem->kind, "pack") == 0 || strcmp(problem->kind, "config schema") == 0)
        return xasprintf("Failed to register pack \"%s\": %s", pack->name, problem->message);
    if (strcmp(problem->kind, "config") == 0)
        return xasprintf("Failed to register config \"%s\" for pack \"%s\": %s", problem->file, pack->name,
                         problem->message);
    return xasprintf("Failed to register %s \"%s\" from pack \"%s\": %s", problem->kind, problem->file,
                     pack->name, problem->message);
}

/* ---- pack.yaml ---- */

/* `ref` of the metadata, else the name of the directory, else `name`, whichever is a valid reference first. */
static int find_ref(value content, const char *directory_name, value *ret, struct error *err)
{
    const char *ref = value_map_chars(content, "ref"), *name = value_map_chars(content, "name");

    if (!value_truth(value_map_get(content, "ref")))
        ref = directory_name && model_pack_ref_valid(directory_name) ? directory_name
              : name && model_pack_ref_valid(name)                   ? name
                                                                     : NULL;
    else if (!ref)
        return 0; /* not a text: the check of the fields says so */
    if (!ref)
        return error_set_kind(
            err, -EINVAL, "ValueError",
            "Pack name \"%s\" contains invalid characters and \"ref\" attribute is not available. You "
            "either need to add \"ref\" attribute which contains only word characters to the pack metadata "
            "file or update name attribute to contain only word characters.",
            name ? name : "");
    if (strcmp(ref, "_global") == 0)
        return error_set_kind(err, -EINVAL, "ValueError", "Pack name \"_global\" is a reserved name");
    *ret = value_text(ref);
    return 0;
}

static int accept_record(const char *directory, const char *directory_name, value content, value *ret,
                         struct model_path *where, struct error *err)
{
    VALUE_AUTO(record);
    value ref = VALUE_NOTHING, files = VALUE_NOTHING;
    int r;

    if (!value_is_map(content))
        return error_set_kind(err, -EINVAL, "ValidationError", "pack.yaml is not a mapping");
    record = value_ref(content);
    r = find_ref(content, directory_name, &ref, err);
    if (r < 0) {
        strcpy(where->text, "name");
        return r;
    }
    if (value_is_set(ref))
        value_map_put(&record, "ref", ref);
    r = pack_all_files(directory, &files, err);
    if (r < 0)
        return r;
    value_map_put(&record, "files", files);
    value_map_put(&record, "path", value_text(directory));
    return model_accept(MODEL_PACK, record, MODEL_FROM_FILE, NULL, ret, where, err);
}

static int read_record(const char *directory, const char *directory_name, enum yaml_read_flags flags,
                       struct pack_file *file, value *ret, struct model_path *where, struct error *err)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/pack.yaml", directory);
    int r;

    r = pack_file_read(path, flags, file, err);
    if (r == PACK_NO_FILE)
        return error_set_kind(err, -ENOENT, "ValueError", "Pack \"%s\" is missing pack.yaml file",
                              directory_name ? directory_name : directory);
    return r < 0 ? r : accept_record(directory, directory_name, file->content, ret, where, err);
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

int pack_read_record(const char *directory, bool use_directory_name, value *ret, struct error *err)
{
    struct model_path where = { "" };
    struct pack_file file;
    int r;

    r = read_record(directory, use_directory_name ? last_part(directory) : NULL, 0, &file, ret, &where, err);
    pack_file_release(&file);
    return r;
}

static void read_pack_record(struct pack *pack, enum yaml_read_flags flags)
{
    struct model_path where = { "" };
    struct pack_file file;
    ERROR_AUTO(err);

    if (read_record(pack->path, pack->name, flags, &file, &pack->document, &where, &err) < 0)
        pack_add_problem(pack, "pack", &file, where.text, &err);
    pack_file_release(&file);
}

/* ---- objects ---- */

/* Takes the document; one of the same reference is replaced. */
static void put_object(struct reading *reading, enum model_kind kind, value document)
{
    value ref = value_map_get(document, "ref"), place = value_map_get_value(reading->places[kind], ref);
    value *list = &reading->pack->objects[kind];

    if (value_is_set(place)) {
        value_list_set(list, (size_t)place.integer, document);
        return;
    }
    value_map_set(&reading->places[kind], value_ref(ref), value_int((int64_t)value_list_count(*list)));
    value_list_append(list, document);
}

static value find_trigger_type(void *data, const char *ref)
{
    struct reading *reading = data;
    const struct model_lookup *outer = reading->options->lookup;
    value place = value_map_get(reading->places[MODEL_TRIGGER_TYPE], ref);

    if (value_is_set(place))
        return value_ref(value_list_at(reading->pack->objects[MODEL_TRIGGER_TYPE], (size_t)place.integer));
    return outer->trigger_type(outer->data, ref);
}

static value find_runner_type(void *data, const char *name)
{
    const struct model_lookup *outer = ((struct reading *)data)->options->lookup;

    return outer->runner_type(outer->data, name);
}

static value find_policy_type(void *data, const char *ref)
{
    const struct model_lookup *outer = ((struct reading *)data)->options->lookup;

    return outer->policy_type(outer->data, ref);
}

static void set_lookup(struct reading *reading)
{
    const struct model_lookup *outer = reading->options->lookup;

    if (!outer)
        return;
    reading->lookup = (struct model_lookup){
        .runner_type = outer->runner_type ? find_runner_type : NULL,
        .policy_type = outer->policy_type ? find_policy_type : NULL,
        .trigger_type = outer->trigger_type ? find_trigger_type : NULL,
        .data = reading,
    };
}

/* The pack of a file's object is its directory, whether it says so or not. */
static int set_pack(const struct pack *pack, value *object, struct model_path *where, struct error *err)
{
    value given = value_map_get(*object, "pack");

    if (value_truth(given) && !value_text_is(given, pack->name)) {
        strcpy(where->text, "pack");
        return error_set_kind(err, -EINVAL, "Exception",
                              "Model is in pack \"%s\" but field \"pack\" is different: %s", pack->name,
                              value_is_string(given) ? value_chars(given) : value_kind_name(given));
    }
    value_map_put(object, "pack", value_text(pack->name));
    return 0;
}

/* The trigger types that a sensor declares; they are its pack's. */
static int put_sensor_types(struct reading *reading, value sensor, struct model_path *where,
                            struct error *err)
{
    VALUE_LIST_EACH (i, declared, value_map_get(sensor, "trigger_types")) {
        VALUE_AUTO(type);
        value document = VALUE_NOTHING;
        int r;

        type = value_ref(declared);
        value_map_put(&type, "pack", value_text(reading->pack->name));
        value_map_put(&type, "metadata_file", value_ref(value_map_get(sensor, "metadata_file")));
        r = model_accept(MODEL_TRIGGER_TYPE, type, MODEL_FROM_FILE, &reading->lookup, &document, where, err);
        if (r < 0)
            return r;
        put_object(reading, MODEL_TRIGGER_TYPE, document);
    }
    return 0;
}

static int accept_object(struct reading *reading, const struct folder *folder, value *object,
                         bool *ret_overridden, struct model_path *where, struct error *err)
{
    struct pack *pack = reading->pack;
    value document = VALUE_NOTHING;
    int r;

    r = set_pack(pack, object, where, err);
    if (r == 0 && folder->overridable)
        r = pack_overrides_apply(&reading->overrides, folder->name, pack->name,
                                 value_map_chars(*object, folder->named), object, ret_overridden, err);
    if (r == 0 && folder->kind == MODEL_SENSOR && value_map_chars(*object, "entry_point"))
        value_map_put(
            object, "artifact_uri",
            value_textf("file://%s/sensors/%s", pack->path, value_map_chars(*object, "entry_point")));
    if (r == 0)
        r = model_accept(folder->kind, *object, MODEL_FROM_FILE, &reading->lookup, &document, where, err);
    if (r < 0)
        return r;
    put_object(reading, folder->kind, document);
    return folder->kind == MODEL_SENSOR ? put_sensor_types(reading, *object, where, err) : 0;
}

static int accept_file(struct reading *reading, const struct folder *folder, const char *name,
                       const struct pack_file *file, struct model_path *where, struct error *err)
{
    VALUE_AUTO(object);
    bool overridden = false;
    int r;

    if (!value_is_map(file->content))
        return error_set_kind(err, -EINVAL, "ValidationError", "The file does not hold a mapping");
    object = value_ref(file->content);
    value_map_put(&object, "metadata_file", value_textf("%s/%s", folder->name, name));
    r = accept_object(reading, folder, &object, &overridden, where, err);
    if (r < 0)
        return r;
    reading->pack->n_files[folder->kind]++;
    reading->pack->n_overridden[folder->kind] += overridden;
    return 0;
}

static void read_file(struct reading *reading, const struct folder *folder, const char *name)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/%s/%s", reading->pack->path, folder->name, name);
    struct model_path where = { "" };
    struct pack_file file;
    ERROR_AUTO(err);
    int r;

    r = pack_file_read(path, reading->flags, &file, &err);
    if (r == 0)
        r = accept_file(reading, folder, name, &file, &where, &err);
    if (r < 0)
        pack_add_problem(reading->pack, model_kind_text(folder->kind), &file, where.text, &err);
    pack_file_release(&file);
}

static bool is_skipped(const struct folder *folder, const char *name)
{
    return folder->kind == MODEL_ACTION &&
           (strcmp(name, "config.yaml") == 0 || strcmp(name, "config.yml") == 0);
}

static void read_folder(struct reading *reading, const struct folder *folder)
{
    CLEANUP(freep)
    char *path = xasprintf("%s/%s", reading->pack->path, folder->name);
    struct pack_file as_file = { .path = path };
    VALUE_AUTO(names);
    ERROR_AUTO(err);

    if (pack_metadata_files(path, &names, &err) < 0) {
        pack_add_problem(reading->pack, model_kind_text(folder->kind), &as_file, "", &err);
        return;
    }
    VALUE_LIST_EACH (i, name, names) {
        if (!is_skipped(folder, value_chars(name)))
            read_file(reading, folder, value_chars(name));
    }
}

/* ---- the whole ---- */

static struct pack *pack_new(const char *directory)
{
    struct pack *pack = xcalloc(1, sizeof(*pack));
    size_t n = strlen(directory);

    while (n > 1 && directory[n - 1] == '/')
        n--;
    pack->path = xstrndup(directory, n);
    pack->name = xstrdup(last_part(pack->path));
    for (size_t i = 0; i < ELEMENTS(folders); i++)
        pack->objects[folders[i].kind] = value_list_new(0);
    return pack;
}

int pack_read(const char *directory, const struct pack_options *options, struct pack **ret, struct error *err)
{
    CLEANUP(pack_freep)
    struct pack *pack = NULL;
    struct reading reading = { .options = options, .flags = options->unique_keys ? YAML_UNIQUE_KEYS : 0 };
    struct stat st;

    if (!utf8_valid(directory, strlen(directory)))
        return error_set(err, -EINVAL, "The name of a pack's directory is not valid UTF-8");
    if (stat(directory, &st) < 0 || !S_ISDIR(st.st_mode))
        return error_set(err, -ENOENT, "Directory \"%s\" doesn't exist", directory);
    reading.pack = pack = pack_new(directory);
    pack_overrides_read(&reading.overrides, options->base_path, pack->name);
    for (size_t i = 0; i < MODEL_KINDS; i++)
        reading.places[i] = value_map_new(0);
    set_lookup(&reading);
    read_pack_record(pack, reading.flags);
    pack_read_config_schema(pack, reading.flags);
    for (size_t i = 0; i < ELEMENTS(folders); i++)
        if (options->parts & 1u << folders[i].kind)
            read_folder(&reading, &folders[i]);
    if ((options->parts & PACK_CONFIGS) && options->base_path)
        pack_read_config(pack, options->base_path, reading.flags);
    for (size_t i = 0; i < MODEL_KINDS; i++)
        value_unref(reading.places[i]);
    pack_overrides_release(&reading.overrides);
    *ret = take_ptr(&pack);
    return 0;
}

void pack_free(struct pack *pack)
{
    if (!pack)
        return;
    for (size_t i = 0; i < pack->n_problems; i++) {
        free(pack->problems[i].file);
        free(pack->problems[i].key);
        free(pack->problems[i].message);
    }
    free(pack->problems);
    for (size_t i = 0; i < MODEL_KINDS; i++)
        value_unref(pack->objects[i]);
    value_unref(pack->document);
    value_unref(pack->config_schema);
    value_unref(pack->config);
    free(pack->name);
    free(pack->path);
    free(pack);
}

void pack_freep(struct pack **pack)
{
    pack_free(*pack);
}
