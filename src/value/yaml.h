/* SPDX-License-Identifier: Apache-2.0 */
/* YAML 1.1 as PyYAML's safe loader reads it and its safe dumper writes it. On libyaml's events; types, merge keys and
   positions are ours.

   Reading: yes/no/on/off booleans, octal (0777), binary, hexadecimal and sexagesimal numbers, timestamps, merge keys,
   anchors (with a limit on what they expand to; a value that contains itself is refused), !!binary (VALUE_BYTES), !!set
   (VALUE_SET), !!omap and !!pairs (lists of tuples of two), keys of any type that can be hashed. Unknown tags are errors.
   Of duplicate keys the last one wins unless YAML_UNIQUE_KEYS is given.

   Errors carry line and column; their text is the one PyYAML with libyaml prints for a text, which shows positions too. */
#ifndef FULMAR_VALUE_YAML_H
#define FULMAR_VALUE_YAML_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

#define YAML_DEPTH_MAX 200
#define YAML_NODES_MAX 1000000 /* nodes of a document after its aliases and merge keys are expanded */

enum yaml_read_flags {
    YAML_UNIQUE_KEYS = 1 << 0, /* `found duplicate key "k"` */
    YAML_NO_MERGE = 1 << 1,    /* "<<" is an unknown tag, as in workflow definitions */
};

/* Where the keys and items of a document stand, so that later checks can name the line; see yaml_position. */
struct yaml_positions;

/* One document; an empty text gives null. Negative with line and column on failure. */
int yaml_read(const char *text, size_t n, value *ret, struct error *err);
int yaml_read_with(const char *text, size_t n, enum yaml_read_flags flags, value *ret, struct error *err);
/* The same and keeps positions, to be freed by the caller. */
int yaml_read_positions(const char *text, size_t n, value *ret, struct yaml_positions **ret_positions,
                        struct error *err);
/* All choices at once: `name` stands in messages instead of "<unicode string>" when it is not NULL; ret_positions may be
   NULL. */
int yaml_read_named(const char *name, const char *text, size_t n, enum yaml_read_flags flags, value *ret,
                    struct yaml_positions **ret_positions, struct error *err);
void yaml_positions_free(struct yaml_positions *positions);
void yaml_positions_freep(struct yaml_positions **positions);
/* Position of a dotted path as in value_path ("parameters.cmd.type", "tasks.0"): of the key for what stands in a mapping,
   of the item in a sequence. When the path ends outside the document, the deepest part of it that exists counts. Keys that
   contain dots are found too. False only for an empty document. */
bool yaml_position(const struct yaml_positions *positions, const char *path, int *ret_line, int *ret_column);

enum yaml_write_flags {
    YAML_FLOW_AUTO = 0, /* block style throughout, as yaml.safe_dump(default_flow_style=False) */
    YAML_SORT_KEYS = 1 << 0,
    YAML_ASCII = 1 << 1, /* escapes for everything beyond ASCII, as allow_unicode=False */
    YAML_DOCUMENT_END =
        1 << 2,         /* "..." after a plain scalar that is the whole document, as safe_dump has it */
    YAML_WIDE = 1 << 3, /* lines are not folded at 80 columns */
};
/* Block style text ending in a newline, laid out as PyYAML's safe_dump with allow_unicode does; indent 2..9 (others: 2).
   Nothing is written as an alias. Timespans are written as seconds, objects as null. */
void yaml_write(struct buffer *out, value v, int indent, enum yaml_write_flags flags);

#endif
