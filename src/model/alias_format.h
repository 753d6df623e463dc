/* SPDX-License-Identifier: Apache-2.0 */
/* Formats of action aliases: "deploy {{app}} to {{env=staging}}" against what somebody typed (contract: chatops.md 2). Pure. */
#ifndef FULMAR_MODEL_ALIAS_FORMAT_H
#define FULMAR_MODEL_ALIAS_FORMAT_H

#include "base/error.h"
#include "value/value.h"

#define ALIAS_FORMAT_MAX  8192  /* bytes of a format */
#define ALIAS_COMMAND_MAX 32768 /* bytes of a command */
#define ALIAS_MATCHES_MAX 100   /* of one command, with match_multiple */

enum { ALIAS_NO_MATCH = 1 };

/* The parameters a command gives: a list of one map, with `multiple` of one map a match (perhaps none). Values are text, or
   null for groups that took no part. ALIAS_NO_MATCH and negative both fill err; negative: the format is no expression, or a
   limit was hit. */
int alias_format_extract(const char *format, const char *command, bool multiple, value *ret,
                         struct error *err);

/* The formats of an alias, one entry a representation: a list of {display, representation, multiple}; display is null when
   it is not shown. Owned. */
value alias_formats(value alias);

#endif
