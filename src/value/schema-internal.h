/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the schema module only. */
#ifndef FULMAR_VALUE_SCHEMA_INTERNAL_H
#define FULMAR_VALUE_SCHEMA_INTERNAL_H

#include "value/schema.h"

#define SCHEMA_DEPTH_MAX 100     /* of schemas inside schemas, references counted */
#define SCHEMA_STEPS_MAX 5000000 /* keywords and items looked at in one validation */

/* `v` with the defaults of the schema's properties where they are missing or null. Owned. */
value schema_fill_defaults(value schema, value v);
/* May the property be null besides what it declares: it is optional or has a default, and its default is null. */
bool schema_allows_null(value property);

#endif
