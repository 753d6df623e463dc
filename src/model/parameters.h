/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of an execution: rendering, casting, checking (contract: actions-and-runners.md 2, 4). Pure: documents and the
   expression context come in as arguments. */
#ifndef FULMAR_MODEL_PARAMETERS_H
#define FULMAR_MODEL_PARAMETERS_H

#include "base/error.h"
#include "expr/expr.h"
#include "value/value.h"

/* What parameters are rendered against. */
struct parameter_scope {
    value action, runner;         /* documents; their `parameters` and `runner_parameters` */
    value contexts;               /* map: action_context, config_context, trigger ... */
    const struct expr_host *host; /* answers st2kv */
    int64_t now_us;
};

/* What is stored in the execution: the given parameters rendered and cast, and templates among the defaults of what was not
   given. err's text is the answer to the client. */
int parameters_render_live(const struct parameter_scope *scope, value given, value *ret, struct error *err);
/* What the runner gets: stored parameters are plain values now; defaults are added and rendered. Every declared parameter of
   the action is there, null when unset; those that override a runner's belong to the runner's. */
int parameters_render_final(const struct parameter_scope *scope, value stored, value *ret_runner,
                            value *ret_action, struct error *err);
/* Schema of runner and action together, then immutable parameters. */
int parameters_check(value action, value runner, value given, struct error *err);
/* The definitions of both, the action's over the runner's. Owned. */
value parameters_merged(value action, value runner);
/* Text (and numbers) to the declared type of a definition; other types pass. Takes nothing. */
int parameter_cast(value definition, value v, value *ret, struct error *err);

#endif
