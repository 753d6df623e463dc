/* SPDX-License-Identifier: Apache-2.0 */
/* A value of a definition with the expressions in it compiled once: texts in lists and maps, keys too. */
#ifndef FULMAR_WORKFLOW_TEMPLATE_H
#define FULMAR_WORKFLOW_TEMPLATE_H

#include "base/error.h"
#include "expr/expr.h"
#include "value/value.h"

struct template;

/* Never fails: a text that does not compile keeps its error for whoever evaluates it. */
struct template *template_new(value v);
void template_free(struct template *template);
/* The value as it was written; borrowed. */
value template_source(const struct template *template);
/* True when evaluating gives the source itself. */
bool template_is_literal(const struct template *template);
int template_evaluate(const struct template *template, const struct expr_context *context, value *ret,
                      struct error *err);

#endif
