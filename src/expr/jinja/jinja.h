/* SPDX-License-Identifier: Apache-2.0 */
/* Jinja2 3.1 as StackStorm uses it (contract: jinja.md): lexer, parser and evaluator of one template. Pure. */
#ifndef FULMAR_EXPR_JINJA_H
#define FULMAR_EXPR_JINJA_H

#include "expr/expr.h"

enum jinja_flags {
    JINJA_STRICT = 1 << 0,      /* StrictUndefined */
    JINJA_TRIM_BLOCKS = 1 << 1, /* trim_blocks and lstrip_blocks, as StackStorm's environment has them */
    JINJA_ORQUESTA = 1 << 2,    /* orquesta's evaluator: ctx(), task_status() ... as functions */
};

struct jinja; /* a compiled template or expression; immutable */

int jinja_compile(const char *text, size_t n, enum jinja_flags flags, struct jinja **ret, struct error *err);
/* One bare expression (what stands between {{ and }}). */
int jinja_compile_expression(const char *text, size_t n, enum jinja_flags flags, struct jinja **ret,
                             struct error *err);
void jinja_free(struct jinja *jinja);
/* A template gives text, an expression its native value; lazy sequences become lists. */
/* Outcome of an expression that is undefined as a whole: *ret stays unset, `err` has a hint alone when a near name is there. */
#define JINJA_UNDEFINED 1
int jinja_evaluate(const struct jinja *jinja, const struct expr_context *context, value *ret,
                   struct error *err);
/* The same with a budget that several evaluations share: *steps_left (may be NULL) is what may be used and is lowered.
   With `explained`, a list, each sub-expression is told there: {expression, value, line, column}. */
int jinja_evaluate_within(const struct jinja *jinja, const struct expr_context *context, uint64_t *steps_left,
                          value *explained, value *ret, struct error *err);
/* Bytes it holds. */
size_t jinja_bytes(const struct jinja *jinja);
/* Names the template reads from its context and does not set itself (jinja2.meta.find_undeclared_variables), a list. */
value jinja_undeclared(const struct jinja *jinja);
/* The hint of an error about an unknown name in orquesta's evaluator: the function that was probably meant. */
void jinja_suggest_global(const char *name, struct error *err);
/* Context paths read, as expr_variables wants them (dotted, e.g. "ctx.x.y"), a list of text in order of appearance. */
value jinja_paths(const struct jinja *jinja);

#endif
