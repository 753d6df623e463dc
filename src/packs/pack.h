/* SPDX-License-Identifier: Apache-2.0 */
/* A pack as it stands on disk, turned into documents that are ready to be registered (model/model.h), and what is wrong
   with it: each problem names file, line, column and key, and one bad file does not stop the others. Knows no store; what
   objects refer to comes in through a lookup.

   Everything the author of a pack decides is bounded: sizes and numbers of files, depth of folders. */
#ifndef FULMAR_PACKS_PACK_H
#define FULMAR_PACKS_PACK_H

#include "base/error.h"
#include "model/model.h"
#include "value/value.h"

#define PACK_FILE_BYTES_MAX (4 << 20) /* of a metadata file */
#define PACK_FILES_MAX      50000     /* files of a pack, and entries of one folder */
#define PACK_DEPTH_MAX      32        /* folders below each other */
#define PACK_PROBLEMS_MAX   1000

enum pack_parts {
    PACK_TRIGGERS = 1 << MODEL_TRIGGER_TYPE,
    PACK_SENSORS = 1 << MODEL_SENSOR,
    PACK_ACTIONS = 1 << MODEL_ACTION,
    PACK_RULES = 1 << MODEL_RULE,
    PACK_ALIASES = 1 << MODEL_ALIAS,
    PACK_POLICIES = 1 << MODEL_POLICY,
    PACK_CONFIGS = 1 << MODEL_KINDS,
    PACK_EVERYTHING = (1 << (MODEL_KINDS + 1)) - 1,
};

struct pack_options {
    enum pack_parts parts;
    const char *base_path;             /* configs/ and overrides/ are below it; NULL: neither is read */
    const struct model_lookup *lookup; /* NULL: what is built in */
    bool unique_keys;                  /* duplicate keys are problems; registration lets the last one win */
};

struct pack_problem {
    const char *kind; /* "pack", "action", "config", "config schema" ... */
    char *file;       /* as the directory was given: absolute when that was */
    int line, column; /* 1-based; 0: the file as a whole */
    char *key;        /* dotted path; "" when it is not one key */
    char *message;
};

struct pack {
    char *name;                  /* of the directory: what its objects carry as `pack` */
    char *path;                  /* of the directory */
    value document;              /* the pack's record; unset when pack.yaml is missing or wrong */
    value config_schema;         /* {pack, attributes}; unset when there is none or it is wrong */
    value config;                /* {pack, values}: the raw values; unset likewise */
    value objects[MODEL_KINDS];  /* lists of documents, by kind; unset where no kind of file makes them */
    size_t n_files[MODEL_KINDS]; /* files that were accepted */
    size_t n_overridden[MODEL_KINDS]; /* objects whose `enabled` an override has changed */
    struct pack_problem *problems;
    size_t n_problems, problems_room;
    bool too_many_problems; /* more were found than are kept */
};

/* Negative only when the directory cannot be read at all; problems of its content are in the pack. */
int pack_read(const char *directory, const struct pack_options *options, struct pack **ret,
              struct error *err);
void pack_free(struct pack *pack);
void pack_freep(struct pack **pack);

/* `Failed to register action "<file>" from pack "<pack>": <message>`, owned. */
char *pack_problem_text(const struct pack *pack, const struct pack_problem *problem);

/* The packs below the base paths as a list of {name, path}, sorted by name; of one name the first path wins. */
int packs_list(const char *const *base_paths, size_t n, value *ret, struct error *err);

/* Only pack.yaml: the record as it would be registered. `use_directory_name` is false for downloads, which stand in a
   temporary directory. */
int pack_read_record(const char *directory, bool use_directory_name, value *ret, struct error *err);

/* ---- files ---- */

/* The absolute path of an entry point: `folder` is "actions" or "sensors". An absolute one must be below the pack. */
int pack_entry_point(const char *pack_path, const char *folder, const char *entry_point, char **ret,
                     struct error *err);
/* The absolute path of any file of a pack by its relative one. */
int pack_file_path(const char *pack_path, const char *file, char **ret, struct error *err);

/* ---- requirements ---- */

/* May this pack be installed on `version` ("3.10dev" counts as 3.10.0) and Python 3? */
int pack_check_requirements(value record, const char *version, struct error *err);
/* ">=3.0.0, <4.0.0" and the like; a negative answer: the expression cannot be read. */
int version_matches(const char *version, const char *expression, bool *ret, struct error *err);

/* ---- configs ---- */

/* Is {attribute: definition} a sound config schema? *path names the attribute. */
int pack_check_config_schema(const char *file, value attributes, struct model_path *path, struct error *err);
/* Are the values what the schema asks for? `file` is named in the message; *path is the attribute. */
int pack_check_config(const char *pack, const char *file, value attributes, value values,
                      struct model_path *path, struct error *err);

/* What an action or sensor gets as its config: the values, templates rendered, secrets decrypted, defaults filled in
   (packs.md 5.3). `attributes` and `values` may be unset. */
struct pack_config_host {
    /* Text of a template over the datastore; it failed: the class of the error is in err->kind. */
    int (*render)(void *data, const char *text, size_t n, value *ret, struct error *err);
    /* Clear text of a rendered secret; `key` is the dotted path, for the audit log. */
    int (*decrypt)(void *data, const char *key, const char *text, size_t n, value *ret, struct error *err);
    void *data;
};
int pack_config_resolve(const char *pack, value attributes, value values, const struct pack_config_host *host,
                        value *ret, struct error *err);

#endif
