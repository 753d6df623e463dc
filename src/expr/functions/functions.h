/* SPDX-License-Identifier: Apache-2.0 */
/* StackStorm's own functions, shared by both expression languages: one table that says how each is called. An engine binds
   arguments by position and by name, converts nothing, and calls. Pure.

   To add a function: write it in the file of its family, add its prototype to functions-internal.h and its row to
   functions.c. */
#ifndef FULMAR_EXPR_FUNCTIONS_FUNCTIONS_H
#define FULMAR_EXPR_FUNCTIONS_FUNCTIONS_H

#include "base/error.h"
#include "expr/expr.h"
#include "value/value.h"

#define FN_ARGS_MAX 4

/* What a call is made with. */
struct fn_call {
    const struct expr_limits *limits; /* NULL: FN_TEXT_MAX and the default regex limit */
    bool yaql; /* maps inside lists cannot be serialised, as YAQL's frozen ones cannot */
};

#define FN_TEXT_MAX (16u << 20) /* bytes of a text that a function makes when the limits do not say */

enum fn_where {
    FN_TEMPLATE = 1 << 0, /* a filter of StackStorm's Jinja environment (parameters, rules, configs) */
    FN_ORQUESTA =
        1 << 1,       /* a function of workflow expressions: YAQL function, Jinja function and Jinja filter */
    FN_SLOW = 1 << 2, /* takes some ten nanoseconds for a byte that it reads or writes */
};

struct fn {
    const char *name;
    unsigned where;                     /* enum fn_where */
    uint8_t min_args, max_args;         /* the first is the piped value of a Jinja filter */
    const char *args[FN_ARGS_MAX];      /* names of the parameters in Jinja ("ignorecase", "sort_keys") */
    const char *yaql_args[FN_ARGS_MAX]; /* and in YAQL ("sortKeys") */
    /* `args` holds max_args values; those not given are VALUE_UNSET (the function knows its defaults). Failures carry Python's
       class in err->kind and Python's text. */
    int (*function)(const struct fn_call *call, const value *args, value *ret, struct error *err);
};

/* The steps that a call costs for a text of n bytes that goes in or comes out. */
static inline uint64_t fn_cost(const struct fn *fn, size_t n)
{
    return n / (fn->where & FN_SLOW ? 2 : 32);
}

/* NULL when there is none of that name. */
const struct fn *fn_find(const char *name, size_t n);
/* All of them; *ret_count rows. */
const struct fn *fn_table(size_t *ret_count);

/* The name that a key of st2kv() has in its scope: "system.a" and "user.a" name theirs, a bare key is the user's. */
const char *fn_datastore_name(const char *key, const char **ret_scope);

#endif
