/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of filters, tests and global functions. To add one: write its function, and its row in the table of its file. */
#ifndef FULMAR_EXPR_JINJA_BUILTINS_H
#define FULMAR_EXPR_JINJA_BUILTINS_H

#include "expr/jinja/jinja.h"

struct ev;
struct error;
struct nearest;
struct bound;
struct buffer;

#define BUILTIN_PARAMS_MAX 8
#define DIRECT_ARGS_MAX    3 /* see node_call.direct */

enum builtin_flags {
    BUILTIN_CONTEXT = 1 << 0, /* depends on more than its arguments: never folded */
    BUILTIN_VARARGS = 1 << 1,
    BUILTIN_KWARGS = 1 << 2,
    BUILTIN_ORQUESTA = 1 << 3, /* only in orquesta's evaluator */
    BUILTIN_TEMPLATE = 1 << 4, /* only in StackStorm's environment */
    BUILTIN_NATIVE =
        1 << 5, /* a function of Python's core, which words wrong counts of arguments its own way */
    BUILTIN_HIDDEN = 1 << 6, /* Python's takes the environment first, and counts it */
};

struct builtin {
    const char *name;
    const char *python; /* the name of the Python function, for messages about arguments */
    int (*function)(struct ev *ev, struct bound *bound, value *ret);
    unsigned flags;
    uint8_t min, n_params;
    const char *params[BUILTIN_PARAMS_MAX]; /* the first is the filtered value */
    const struct fn *fn;                    /* StackStorm's: called through its own table */
    int8_t compare;                         /* tests that only compare: 1 + enum compare_operator */
    /* Filters that give text: adds str() of the result where it is wanted, without making it first, and keeps
       nothing of what is bound; may be NULL. */
    int (*print)(struct ev *ev, const struct bound *bound, struct buffer *out);
};

/* NULL when there is none. */
const struct builtin *filter_find(const char *name, size_t n, enum jinja_flags flags);
const struct builtin *test_find(const char *name, size_t n);
const struct builtin *global_find(const char *name, size_t n, enum jinja_flags flags);
/* The hint of an error: the name of the same kind ("filter", "test") that was probably meant. */
void builtin_suggest(struct error *err, const char *what, const char *name, enum jinja_flags flags);
/* The names of global functions, offered as suggestions. */
void global_offer(struct nearest *nearest, enum jinja_flags flags);

/* The loop's number of that name ("index", "length" ...), for loop_number; 0: there is none. */
uint8_t loop_field_find(value name);

extern const struct builtin filters_text[], filters_sequence[], filters_lazy[], filters_value[],
    jinja_tests[], jinja_globals[], orquesta_functions[];

#endif
