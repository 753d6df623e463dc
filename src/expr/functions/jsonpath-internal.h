/* SPDX-License-Identifier: Apache-2.0 */
/* Between jsonpath.c (finding) and jsonpath_parse.c (reading) only. */
#ifndef FULMAR_EXPR_FUNCTIONS_JSONPATH_INTERNAL_H
#define FULMAR_EXPR_FUNCTIONS_JSONPATH_INTERNAL_H

#include "base/pool.h"
#include "value/value.h"

#define JSONPATH_NODES_MAX 1000

enum jsonpath_kind {
    JSONPATH_ROOT,
    JSONPATH_THIS,
    JSONPATH_PARENT,
    JSONPATH_FIELDS,
    JSONPATH_INDEX,
    JSONPATH_SLICE,
    JSONPATH_CHILD, /* from here on with left and right */
    JSONPATH_DESCENDANTS,
    JSONPATH_WHERE,
    JSONPATH_UNION,
    JSONPATH_INTERSECT,
};

struct jsonpath_node {
    enum jsonpath_kind kind;
    struct jsonpath_node *left, *right;
    value fields; /* texts; owned by the path's list of values */
    bool any_field;
    int64_t index; /* or where a slice starts */
    int64_t stop;
    bool has_start, has_stop;
};

struct jsonpath {
    struct pool *pool;
    struct jsonpath_node *node;
    value kept; /* a list that owns the fields of all nodes */
};

#endif
