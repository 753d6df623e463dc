/* SPDX-License-Identifier: Apache-2.0 */
/* The pattern of a criterion: text with an expression in it is rendered each time, everything else is used as it is. */
#ifndef FULMAR_RULES_PATTERN_H
#define FULMAR_RULES_PATTERN_H

#include "base/error.h"
#include "expr/expr.h"
#include "value/value.h"

struct pattern;

/* Always gives a pattern: what is wrong with its template is told when it is rendered. */
struct pattern *pattern_new(value v);
void pattern_free(struct pattern *pattern);
/* The value itself; VALUE_UNSET when it has to be rendered. Borrowed. */
value pattern_literal(const struct pattern *pattern);
/* As it was written. Borrowed. */
value pattern_source(const struct pattern *pattern);
/* `name` is what the payload is called: "trigger", or "item" inside a search. */
int pattern_render(const struct pattern *pattern, const char *name, value payload,
                   const struct expr_host *host, int64_t now_us, value *ret, struct error *err);

#endif
