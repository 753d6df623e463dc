/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. For this room only. */
#ifndef FULMAR_PACKS_PACK_INTERNAL_H
#define FULMAR_PACKS_PACK_INTERNAL_H

#include "base/buffer.h"
#include "packs/pack.h"
#include "value/yaml.h"

/* A metadata file that was read. */
struct pack_file {
    char *path;
    value content;
    struct yaml_positions *positions;
};

#define PACK_NO_FILE 1 /* an outcome of pack_file_read */

/* Read and parse; PACK_NO_FILE when there is none. */
int pack_file_read(const char *path, enum yaml_read_flags flags, struct pack_file *file, struct error *err);
void pack_file_release(struct pack_file *file);

/* Text of a file, bounded. PACK_NO_FILE when there is none. */
int pack_text_read(const char *path, struct buffer *text, struct error *err);

/* Names of the regular files of a directory that end in .yaml or .yml, sorted; an empty list when there is no directory. */
int pack_metadata_files(const char *directory, value *ret, struct error *err);
/* Relative paths of all files of a pack but *.pyc and .git. */
int pack_all_files(const char *directory, value *ret, struct error *err);

/* `where` is a dotted path in the file, "" the whole; a position in `err` wins. */
void pack_add_problem(struct pack *pack, const char *kind, const struct pack_file *file, const char *where,
                      const struct error *err);

/* overrides/_global.yaml and overrides/<pack>.yaml. */
struct pack_overrides {
    value global, of_pack; /* unset when there is no such file */
    char *error;           /* a file that cannot be read fails every object it could change */
};

void pack_overrides_read(struct pack_overrides *overrides, const char *base_path, const char *pack);
void pack_overrides_release(struct pack_overrides *overrides);
/* Sets `enabled` of a resource of the section ("actions"); *ret_changed when that differs from what was there. */
int pack_overrides_apply(const struct pack_overrides *overrides, const char *section, const char *pack,
                         const char *name, value *resource, bool *ret_changed, struct error *err);

/* config.schema.yaml and configs/<pack>.yaml. */
void pack_read_config_schema(struct pack *pack, enum yaml_read_flags flags);
void pack_read_config(struct pack *pack, const char *base_path, enum yaml_read_flags flags);

#endif
