/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of fields and what the files of this room share. For this room only. */
#ifndef FULMAR_MODEL_MODEL_INTERNAL_H
#define FULMAR_MODEL_MODEL_INTERNAL_H

#include "model/model.h"

enum model_types {
    TYPE_STRING = 1 << 0,
    TYPE_OBJECT = 1 << 1,
    TYPE_ARRAY = 1 << 2,
    TYPE_BOOLEAN = 1 << 3,
    TYPE_INTEGER = 1 << 4,
    TYPE_NUMBER = 1 << 5,
    TYPE_NULL = 1 << 6,
};

enum model_field_flags {
    FIELD_REQUIRED = 1 << 0,
    FIELD_COMPUTED = 1 << 1,  /* accepted and replaced: id, ref, uid */
    FIELD_FILE_ONLY = 1 << 2, /* the default only counts for objects of files */
};

struct model_check;

struct model_field {
    const char *name; /* NULL ends a table */
    unsigned types;   /* 0: anything */
    unsigned flags;
    const char *otherwise;            /* JSON; NULL: left out when it is not given */
    const struct model_field *fields; /* of an object: what it may hold */
    bool open;                        /* other keys are accepted too */
    /* What the types cannot say; reports through model_report. */
    void (*check)(struct model_check *check, value v);
    unsigned item_types; /* of an array's items */
    const struct model_field *item_fields;
    bool items_open; /* other keys of items are dropped rather than refused */
    void (*item_check)(struct model_check *check, value item);
};

struct model_resource {
    enum model_kind kind;
    const char *name;
    const char *uid_prefix;
    const struct model_field *fields;
    bool open;
    /* Checks beyond the fields; NULL: none. */
    int (*check)(value object, const struct model_lookup *lookup, struct model_path *path, struct error *err);
    /* Changes the document once its fields are there; NULL: pack, ref and uid as everywhere. */
    void (*complete)(value *document, value object, enum model_source source,
                     const struct model_lookup *lookup);
};

extern const struct model_resource model_resource_action;
extern const struct model_resource model_resource_alias;
extern const struct model_resource model_resource_pack;
extern const struct model_resource model_resource_policy;
extern const struct model_resource model_resource_rule;
extern const struct model_resource model_resource_sensor;
extern const struct model_resource model_resource_trigger;
extern const struct model_resource model_resource_trigger_type;

/* Tell that what the check looks at is wrong. Of all findings the one nearest to the root is told, as the validator of
   StackStorm does; among those of one level the last one in the order of their paths. */
void model_report(struct model_check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fill the error and, when `path` is not NULL, the path. */
int model_fail(struct model_path *path, struct error *err, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Is `object` what the table says? */
int model_check_fields(const struct model_field *fields, bool open, value object, struct model_path *path,
                       struct error *err);
/* The fields of `object` in the order of the table, with their defaults. */
value model_fill_fields(const struct model_field *fields, value object, enum model_source source);
/* ref and uid of the pack and name that are in the document. */
void model_complete_names(value *document, const char *uid_prefix);
/* JSON text of the program. */
value model_json(const char *text);

extern const struct model_field model_tag_fields[];

#endif
