/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of pyregex only. */
#ifndef FULMAR_VALUE_PYREGEX_INTERNAL_H
#define FULMAR_VALUE_PYREGEX_INTERNAL_H

#include "base/buffer.h"
#include "base/error.h"

#define PYREGEX_GROUPS_MAX 500
#define PYREGEX_DEPTH_MAX  100 /* nested groups */

struct pyregex_parsed {
    struct buffer out; /* the pattern for PCRE2 */
    unsigned flags;    /* with those the pattern sets itself */
    unsigned n_groups;
    char **names; /* n_groups of them, from group 1; NULL: no name */
};

int pyregex_parse(const char *pattern, size_t n, unsigned flags, struct pyregex_parsed *ret,
                  struct error *err);
void pyregex_parsed_release(struct pyregex_parsed *parsed);
/* Work beside searching that the budget of time pays for. */
void pyregex_spend(int64_t us);
#endif
