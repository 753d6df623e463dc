/* SPDX-License-Identifier: Apache-2.0 */
/* YAQL 3.2 with orquesta's and StackStorm's functions (contract: yaql.md): one bare expression (without <% %>). Pure. */
#ifndef FULMAR_EXPR_YAQL_H
#define FULMAR_EXPR_YAQL_H

#include "expr/expr.h"

struct yaql; /* a compiled expression; immutable */

int yaql_compile(const char *text, size_t n, struct yaql **ret, struct error *err);
void yaql_free(struct yaql *yaql);
int yaql_evaluate(const struct yaql *yaql, const struct expr_context *context, value *ret, struct error *err);
/* Context paths read, as expr_variables wants them, a list of text in order of appearance. */
value yaql_paths(const struct yaql *yaql);

#endif
