/* SPDX-License-Identifier: Apache-2.0 */
/* JSON paths as the Python library jsonpath-rw reads and answers them: jsonpath_query and the keys of rule criteria. A path
   is parsed once and may be used by several threads. Pure. */
#ifndef FULMAR_EXPR_FUNCTIONS_JSONPATH_H
#define FULMAR_EXPR_FUNCTIONS_JSONPATH_H

#include "base/error.h"
#include "value/value.h"

#define JSONPATH_TEXT_MAX  8192    /* bytes of a path */
#define JSONPATH_VISIT_MAX 1000000 /* values that one query may visit */

struct jsonpath;

int jsonpath_parse(const char *text, size_t n, struct jsonpath **ret, struct error *err);
void jsonpath_free(struct jsonpath *path);
void jsonpath_freep(struct jsonpath **path);
/* All matches, in order, as a list. Owned. */
int jsonpath_find(const struct jsonpath *path, value root, value *ret, struct error *err);
/* The first match, VALUE_UNSET when there is none. Owned. */
int jsonpath_first(const struct jsonpath *path, value root, value *ret, struct error *err);

#endif
