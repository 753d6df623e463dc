/* SPDX-License-Identifier: Apache-2.0 */
/* The node tree between libyaml's events and values. For the files yaml*.c of this room only. */
#ifndef FULMAR_VALUE_YAML_INTERNAL_H
#define FULMAR_VALUE_YAML_INTERNAL_H

#include "base/pool.h"
#include "value/yaml.h"

enum yaml_tag {
    YAML_TAG_STR,
    YAML_TAG_NULL,
    YAML_TAG_BOOL,
    YAML_TAG_INT,
    YAML_TAG_FLOAT,
    YAML_TAG_TIMESTAMP,
    YAML_TAG_BINARY,
    YAML_TAG_MERGE,
    YAML_TAG_VALUE,
    YAML_TAG_SEQ,
    YAML_TAG_MAP,
    YAML_TAG_OMAP,
    YAML_TAG_PAIRS,
    YAML_TAG_SET,
    YAML_TAG_OTHER, /* its text is in the node */
};

enum yaml_node_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_place {
    int line, column; /* 1-based */
};

struct yaml_node {
    enum yaml_node_kind kind : 8;
    enum yaml_tag tag : 8;
    bool composed;    /* false while its items are being read: an alias to it would contain itself */
    bool flattened;   /* its merge keys are resolved */
    bool shared;      /* reached by an alias or a merge key: `memo` keeps what it became */
    uint32_t n_items; /* of a mapping: keys and items in turn, twice the number of pairs */
    struct yaml_place at;
    uint32_t depth;
    uint64_t weight;  /* nodes below and this one, aliases expanded */
    const char *text; /* of a scalar; the text of an unknown tag comes from tag_text */
    size_t len;
    const char *tag_text;
    struct yaml_node **items;
    value memo;
    struct yaml_node *next_memo;
};

struct yaml_reader {
    const char *name;
    enum yaml_read_flags flags;
    struct pool *pool;
    struct yaml_node *memos; /* all nodes that hold a value */
    struct error *err;
};

/* Compose the one document of a text; *ret is NULL when there is none. */
int yaml_compose(struct yaml_reader *reader, const char *text, size_t n, struct yaml_node **ret);

/* Fill the error in PyYAML's form; `context` may be NULL, its place too. */
int yaml_fail(struct yaml_reader *reader, const char *context, const struct yaml_place *context_at,
              const struct yaml_place *at, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What a plain scalar is, by its text. */
enum yaml_tag yaml_resolve(const char *text, size_t n);
/* The value of a scalar node whose tag is not unknown. */
int yaml_construct_scalar(struct yaml_reader *reader, const struct yaml_node *node, value *ret);
const char *yaml_kind_name(const struct yaml_node *node);

#endif
