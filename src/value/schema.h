/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schema draft 4 as StackStorm uses it: the parameter dialect of actions-and-runners.md 2 (boolean `required` on a
   property, `secret`, `immutable`, `position`, "any" types, null allowed where the default is null), and plain draft 4.
   Messages are worded as Python's jsonschema words them. Pure; depth and regex work are bounded. */
#ifndef FULMAR_VALUE_SCHEMA_H
#define FULMAR_VALUE_SCHEMA_H

#include "base/error.h"
#include "value/value.h"

enum schema_dialect {
    SCHEMA_DRAFT4,     /* `required` is a list of names */
    SCHEMA_PARAMETERS, /* `required` is a boolean on each property, at any depth (draft 3 style) */
};

enum schema_flags {
    SCHEMA_DEFAULTS = 1 << 0, /* fill defaults for missing or null properties before checking */
    /* null is allowed where the property is optional or has a default, and the default is null */
    SCHEMA_ALLOW_NULL = 1 << 1,
    /* where no alternative of anyOf or oneOf holds, tell that, whatever the alternatives say */
    SCHEMA_WHOLE_ALTERNATIVES = 1 << 2,
};

/* Check `v`; *ret (may be NULL) gets the copy with defaults filled in. Negative with the message of the violation that
   says most, err->kind "ValidationError"; its detail shows the parts of the schema and of the value that do not agree. */
int schema_validate(value schema, value v, enum schema_dialect dialect, enum schema_flags flags, value *ret,
                    struct error *err);
/* Is `schema` a parameter definition as an action may declare (known keywords only, sound types)? `name` is used in the
   message. */
int schema_check_parameter(const char *name, value schema, struct error *err);
/* A whole set of parameters {name: definition}: names, each definition, positions unique and contiguous, immutables. */
int schema_check_parameters(value parameters, struct error *err);
/* {type: object, properties: parameters, additionalProperties: false} for the set. Owned. */
value schema_of_parameters(value parameters, bool allow_additional);
/* `v` with everything that the parameters declare secret replaced by "********" (recursive). Owned. */
value schema_mask_secrets(value parameters, value v);
/* The same for an output schema ({type: object, properties...} or the old property map). Owned. */
value schema_mask_output(value output_schema, value v);

#endif
