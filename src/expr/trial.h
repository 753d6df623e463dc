/* SPDX-License-Identifier: Apache-2.0 */
/* Trying an expression out: one evaluation told in full, for the command line and for the API. Pure. */
#ifndef FULMAR_EXPR_TRIAL_H
#define FULMAR_EXPR_TRIAL_H

#include "expr/expr.h"

/* What a document made from one trial may count at most: bytes of text and 16 for each value. Parts of a value may be the
   same memory many times, so what evaluates within its limits may still be too large to be written. */
#define TRIAL_RESULT_MAX (16 << 20)
#define TRIAL_STEPS_MAX  (4 << 20)
#define TRIAL_STEP_MAX   (64 << 10)

/* "orquesta", "template", "template-lax"; -1 for other names. */
int expr_mode_from_name(const char *name);
/* "yaql", "jinja", or "none" for plain text. */
const char *expr_language(const char *text, size_t n, enum expr_mode mode);

/* *ret: {result, type, steps?}; `type` is JSON's name of the result's kind. With `explain` there are the steps {expression,
   value, line, column, partial?, times?}: of Jinja in the order in which values were found, of YAQL in order of place, with
   the first few values of what was evaluated many times (see yaql.h); a step whose value is too large has `omitted`: true instead
   of it. Owned. Negative with kind, text and position, as expr_evaluate fails. */
int expr_try(const char *text, size_t n, enum expr_mode mode, const struct expr_context *context,
             bool explain, value *ret, struct error *err);
/* What a failed trial says: {class, message, hint?, language, expression, line, column}. Owned. */
value expr_try_failure(const char *text, size_t n, enum expr_mode mode, const struct error *err);

#endif
