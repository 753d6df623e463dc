/* SPDX-License-Identifier: Apache-2.0 */
/* The methods and attributes of Python's str, list, dict, tuple, int and float, by name. */
#ifndef FULMAR_EXPR_JINJA_METHODS_H
#define FULMAR_EXPR_JINJA_METHODS_H

#include "expr/jinja/builtins.h"

struct actuals;
struct nearest;

enum method_type {
    METHOD_STR,
    METHOD_LIST,
    METHOD_TUPLE,
    METHOD_DICT,
    METHOD_INT,
    METHOD_FLOAT,
    METHOD_SET,
};

enum method_flags {
    METHOD_MUTATES = 1 << 8,
    METHOD_PROPERTY = 1 << 9, /* read without a call: 5 .real */
};

struct method_row {
    const char *name;
    enum method_type type;
    int (*function)(struct ev *ev, value self, struct bound *bound, value *ret);
    unsigned flags; /* enum method_flags and BUILTIN_VARARGS, BUILTIN_KWARGS, BUILTIN_NAMED */
    uint8_t min, n_params;
    const char *params[4];
    const char *full; /* "str.upper", made with the index */
};

/* The first of the rows of that name (rows of a name stand together), or NULL. */
const struct method_row *method_find(const char *name, size_t n);
/* The row of that name for a type, from the first one on; NULL when the type has none. */
const struct method_row *method_for(const struct method_row *rows, enum method_type type);
/* The names of a type's methods ("str") offered as suggestions. */
void method_offer(struct nearest *nearest, const char *type_name);
/* Does any method of that name change what it is called on? */
bool method_mutates(const struct method_row *rows);
int method_call(struct ev *ev, value self, const struct method_row *row, const struct actuals *actuals,
                value *ret);
/* The rows of the families, each closed by a row without a name. */
extern const struct method_row methods_str[], methods_text[], methods_container[], methods_number[];

#endif
