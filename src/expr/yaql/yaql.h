/* SPDX-License-Identifier: Apache-2.0 */
/* YAQL 3.2 with orquesta's and StackStorm's functions (contract: yaql.md): one bare expression (without <% %>). Pure.

   Failures carry the reference engine's class in err->kind and its own words in the text: "YaqlGrammarException",
   "NoMatchingFunctionException", "ZeroDivisionError" ... A missing key is "KeyError" with the key as Python shows it ('name',
   quotes included). Who wraps them for workflows strips the quotes as orquesta does. */
#ifndef FULMAR_EXPR_YAQL_H
#define FULMAR_EXPR_YAQL_H

#include "expr/expr.h"

struct yaql; /* a compiled expression; immutable, may be used by several threads */

int yaql_compile(const char *text, size_t n, struct yaql **ret, struct error *err);
void yaql_free(struct yaql *yaql);
/* The result is plain: maps, lists, sets, numbers, text, datetimes and timespans. */
int yaql_evaluate(const struct yaql *yaql, const struct expr_context *context, value *ret, struct error *err);
/* The same; with a list `steps` each part of the expression is told there: {expression, value, line, column}, in order of
   place, inner parts first. A part that was evaluated for each of many items has a few of its values there, the last with
   `times`, all there were; `partial`: true stands with a value of which only a part is shown, as with lazy sequences what
   was asked of them. */
int yaql_explain(const struct yaql *yaql, const struct expr_context *context, value *steps, value *ret,
                 struct error *err);
/* Context paths read ("ctx.name.member"), as expr_variables wants them, a list of text in order of appearance. */
value yaql_paths(const struct yaql *yaql);
/* Calls `tell` for each function or method that the library does not have, with the error that evaluating it would give;
   nothing in an expression that defines functions itself. */
void yaql_unknown(const struct yaql *yaql, void (*tell)(void *data, const struct error *err), void *data);
/* Bytes that a compiled expression holds. */
size_t yaql_size(const struct yaql *yaql);

#endif
