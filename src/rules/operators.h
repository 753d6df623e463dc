/* SPDX-License-Identifier: Apache-2.0 */
/* The operators of rule criteria, one row each; `search`, which needs criteria of its own, is in criteria.c. Pure. */
#ifndef FULMAR_RULES_OPERATORS_H
#define FULMAR_RULES_OPERATORS_H

#include "base/error.h"
#include "value/value.h"

struct pyregex;

struct operands {
    value v;                     /* null when the key led nowhere */
    value pattern;               /* rendered */
    const struct pyregex *regex; /* of the pattern, when it was compiled before; may be NULL */
    int64_t now_us;
};

struct rule_operator {
    const char *names[2];
    bool null_pattern;    /* a null pattern is judged; with the others it is no match */
    bool takes_regex;     /* the pattern is a regular expression with regex_flags */
    unsigned regex_flags; /* enum pyregex_flags */
    /* NULL: search. Failures are Python's: the class in err->kind and the text. */
    int (*operate)(const struct rule_operator *self, const struct operands *o, bool *ret, struct error *err);
    int variant; /* what rows that share a function differ in */
    bool negated;
};

/* Any case; NULL when there is none. */
const struct rule_operator *rule_operator_find(const char *name);
/* The hint of an error: the operator that was probably meant. */
void rule_operator_suggest(const char *name, struct error *err);
const struct rule_operator *rule_operator_table(size_t *ret_count);

/* fnmatch: "*", "?", "[seq]", "[!seq]" over the whole text. */
bool wildcard_match(const char *text, size_t n, const char *pattern, size_t pattern_len);

#endif
