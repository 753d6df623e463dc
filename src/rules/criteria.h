/* SPDX-License-Identifier: Apache-2.0 */
/* Rule criteria (contract: triggers-rules-sensors.md 5-7): a rule's criteria are compiled once and judged against trigger
   payloads. Pure: the datastore comes in through the expression context. */
#ifndef FULMAR_RULES_CRITERIA_H
#define FULMAR_RULES_CRITERIA_H

#include "base/error.h"
#include "expr/expr.h"
#include "value/value.h"

struct criteria; /* compiled; immutable, may be shared by threads */

/* The checks made when a rule is registered (operators known, pattern there ...), texts as StackStorm's. */
int criteria_check(value criteria, struct error *err);
/* Never fails for criteria that criteria_check took. Key syntax errors are kept and told when the rule is judged, as
   StackStorm does. */
int criteria_compile(value criteria, struct criteria **ret, struct error *err);
void criteria_free(struct criteria *criteria);

enum criteria_verdict {
    CRITERIA_MATCH,
    CRITERIA_NO_MATCH,
    CRITERIA_FAILED, /* no match, and `err` says why: a failed enforcement record is written with that text */
};

/* `rule_ref` and `instance_id` are for the texts of failures. `host` answers {{ st2kv.system.x }}; now_us is for timediff.
   *ret_judgements (may be NULL) gets one map a criterion: {key, operator, pattern, value, matched, error}. */
enum criteria_verdict criteria_judge(const struct criteria *criteria, value payload, const char *rule_ref,
                                     const char *instance_id, const struct expr_host *host, int64_t now_us,
                                     value *ret_judgements, struct error *err);

/* One operator on its own (any spelling); `condition` for search only. Positive 1: unknown operator. */
int criteria_operate(const char *operator, value v, value pattern, const char *condition, int64_t now_us,
                     bool *ret, struct error *err);

#endif
