/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the schema module only. */
#ifndef FULMAR_VALUE_SCHEMA_INTERNAL_H
#define FULMAR_VALUE_SCHEMA_INTERNAL_H

#include "value/schema.h"

#define SCHEMA_DEPTH_MAX 100     /* of schemas inside schemas, references counted */
#define SCHEMA_STEPS_MAX 5000000 /* keywords and items looked at in one validation */
#define SCHEMA_PATH_MAX  (2 * SCHEMA_DEPTH_MAX + 4)

/* `v` with the defaults of the schema's properties where they are missing or null. Owned. */
value schema_fill_defaults(value schema, value v);
/* The schema with null allowed for the properties that are optional or have a default, and whose default is null. Owned. */
value schema_with_nulls(value schema);
/* Is null fine for this property whatever else it says? False also where only schema_with_nulls() can tell. */
bool schema_allows_null(value property);

/* ---- violations (schema_report.c) ----
   A value may violate its schema in many places; one of them is told. A first pass numbers the violations and weighs them,
   a second one stops at the number that was chosen and writes its text. So the cost of a text is paid once, however many
   items of a list are wrong. */

/* The way to where the validation is: names and indexes. What is told inside of alternatives begins at `base`. */
struct schema_path {
    value steps[SCHEMA_PATH_MAX]; /* borrowed */
    size_t n, base;
};

/* The violations under one schema, of which one is kept. */
struct schema_choice {
    bool
        specific; /* keep the deepest one, as among alternatives; else the one that says that most is wrong */
    bool tied;    /* another one weighs as much as the kept one */
    int64_t n;    /* seen */
    int64_t chosen; /* the number of the violation to tell for the kept one */
    value *path;    /* of the kept one; its steps are borrowed */
    size_t n_path;
    bool weak, matches_type;
};

struct validation {
    value root; /* what "#" refers to */
    enum schema_dialect dialect;
    enum schema_flags flags;
    int depth;
    int64_t steps;
    struct error *err;
    struct schema_path path;        /* in the value */
    struct schema_path schema_path; /* in the schema, without the keyword that is being checked */
    struct schema_choice *choice;
    int64_t n_violations; /* they are numbered from 1 */
    int64_t telling;      /* the number to tell, 0 in the first pass */
};

/* What a keyword is checked with. */
struct keyword_call {
    struct validation *v;
    value schema; /* that the keyword stands in */
    value keyword;
    value rule; /* the keyword's value */
    value instance;
};

/* A violation was found, because of the violations of alternatives when `reasons` is given. True when it is the one to tell:
   then schema_tell() follows. */
bool schema_violated(const struct keyword_call *c, const struct schema_choice *reasons);
/* Fill the error: the message, and in its detail the parts of schema and value that do not agree. */
int schema_tell(const struct keyword_call *c, const char *message);
void schema_choice_release(struct schema_choice *choice);
/* Does the value have the type of this name? */
bool schema_has_type(value v, const char *type);

#endif
