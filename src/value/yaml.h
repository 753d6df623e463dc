/* SPDX-License-Identifier: Apache-2.0 */
/* YAML 1.1 as PyYAML's safe loader reads it: yes/no/on/off booleans, octal and sexagesimal numbers, timestamps, merge
   keys, anchors (with a limit on what they expand to), !!binary, !!set, !!omap; duplicate keys: the last one wins. */
#ifndef FULMAR_VALUE_YAML_H
#define FULMAR_VALUE_YAML_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

#define YAML_DEPTH_MAX 200
#define YAML_NODES_MAX 1000000 /* nodes of a document after its aliases are expanded */

/* Where the keys and items of a document stand, so that later checks can name the line; see yaml_position. */
struct yaml_positions;

/* One document; an empty text gives null. Negative with line and column on failure. */
int yaml_read(const char *text, size_t n, value *ret, struct error *err);
/* The same and keeps positions, to be freed by the caller. */
int yaml_read_positions(const char *text, size_t n, value *ret, struct yaml_positions **ret_positions, struct error *err);
void yaml_positions_free(struct yaml_positions *positions);
void yaml_positions_freep(struct yaml_positions **positions);
/* Position of the node at a dotted path as in value_path ("parameters.cmd.type"): the deepest part of the path that exists
   in the document. False only for an empty document. */
bool yaml_position(const struct yaml_positions *positions, const char *path, int *ret_line, int *ret_column);

enum yaml_write_flags {
    YAML_FLOW_AUTO = 0,         /* block style throughout, as yaml.safe_dump(default_flow_style=False) */
    YAML_SORT_KEYS = 1 << 0,
};
/* Block style text ending in a newline, laid out as PyYAML's safe_dump with allow_unicode does; indent 2..9. */
void yaml_write(struct buffer *out, value v, int indent, enum yaml_write_flags flags);

#endif
