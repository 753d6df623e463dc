/* SPDX-License-Identifier: Apache-2.0 */
/* Regular expressions as Python's `re` understands them, run by PCRE2: the pattern is parsed and checked as Python does (its
   errors, with their positions) and written anew for PCRE2. \d \w \s \b know Unicode. Compiled patterns are immutable,
   counted and cached; every search has a match limit and a budget of time, so none can hang. Offsets are bytes. Subjects
   must be valid UTF-8. */
#ifndef FULMAR_VALUE_PYREGEX_H
#define FULMAR_VALUE_PYREGEX_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

#define PYREGEX_PATTERN_MAX 65536    /* bytes of a pattern */
#define PYREGEX_MATCH_LIMIT 1000000u /* backtracks per starting point when the caller gives 0 */

enum pyregex_flags {
    PYREGEX_IGNORECASE = 1 << 0,
    PYREGEX_MULTILINE = 1 << 1,
    PYREGEX_DOTALL = 1 << 2,
    PYREGEX_VERBOSE = 1 << 3,
    PYREGEX_ASCII = 1 << 4,
};

struct pyregex;

/* All searches of this thread between _begin and _end share one budget of time: what evaluates expressions brackets each
   evaluation; within another bracket nothing changes. Outside each search has its own. */
struct pyregex_budget {
    bool shared;
    size_t longest; /* bytes of the longest text */
    int64_t spent_us;
};
void pyregex_budget_begin(struct pyregex_budget *outer);
void pyregex_budget_end(const struct pyregex_budget *outer);

/* From the cache or compiled. Owned (pyregex_unref). err->kind is "error", Python's class, and the text Python's:
   "missing ), unterminated subpattern at position 0". */
int pyregex_get(const char *pattern, size_t n, unsigned flags, struct pyregex **ret, struct error *err);
struct pyregex *pyregex_ref(struct pyregex *regex);
void pyregex_unref(struct pyregex *regex);
void pyregex_unrefp(struct pyregex **regex);

/* The pattern as it was given. */
value pyregex_pattern(const struct pyregex *regex);
unsigned pyregex_flags_of(const struct pyregex *regex);
/* Number of groups without the whole match; the name of a group (1..), NULL when it has none. */
unsigned pyregex_groups(const struct pyregex *regex);
const char *pyregex_group_name(const struct pyregex *regex, unsigned group);
/* The group of that name, 0 when there is none. */
unsigned pyregex_group_number(const struct pyregex *regex, const char *name, size_t n);

enum pyregex_anchor {
    PYREGEX_SEARCH,    /* re.search */
    PYREGEX_MATCH,     /* re.match */
    PYREGEX_FULLMATCH, /* re.fullmatch */
};

#define PYREGEX_NO_MATCH 1 /* outcome */

/* Does the pattern match? Also the cheapest call when only this is asked. `limit` 0 takes PYREGEX_MATCH_LIMIT. */
int pyregex_test(const struct pyregex *regex, const char *text, size_t n, enum pyregex_anchor anchor,
                 uint32_t limit, bool *ret, struct error *err);

/* One match: spans in bytes. */
struct pyregex_match {
    const struct pyregex *regex;
    const char *text; /* borrowed subject */
    size_t len;
    void *data; /* PCRE2's match data */
};
#define PYREGEX_MATCH_AUTO(name) \
    __attribute__((cleanup(pyregex_match_release))) struct pyregex_match name = { 0 }

/* Looks from byte `from` on (look-behind sees what is before it). 0, PYREGEX_NO_MATCH, or negative. *match is
   initialised by the first call and may be reused; with must_advance an empty match at `from` does not count. */
int pyregex_find(const struct pyregex *regex, const char *text, size_t n, size_t from,
                 enum pyregex_anchor anchor, bool must_advance, uint32_t limit, struct pyregex_match *match,
                 struct error *err);
void pyregex_match_release(struct pyregex_match *match);
/* False when the group took no part in the match. */
bool pyregex_span(const struct pyregex_match *match, unsigned group, size_t *ret_start, size_t *ret_end);
/* Text of a group, null when it took no part. Owned. */
value pyregex_group(const struct pyregex_match *match, unsigned group);

/* Walk through all matches as finditer does:
       struct pyregex_walk walk = { .regex = r, .text = s, .len = n };
       while ((r = pyregex_walk_next(&walk, &err)) == 0) ... walk.match ...
       pyregex_walk_release(&walk);                                            */
struct pyregex_walk {
    const struct pyregex *regex;
    const char *text;
    size_t len;
    uint32_t limit;
    size_t at;
    bool must_advance, done;
    struct pyregex_match match;
};
int pyregex_walk_next(struct pyregex_walk *walk,
                      struct error *err); /* 0, PYREGEX_NO_MATCH at the end, negative */
void pyregex_walk_release(struct pyregex_walk *walk);

/* re.sub with a template ("\1", "\g<name>"); count 0 means all. Fails when the result passes max_bytes. */
int pyregex_sub(const struct pyregex *regex, const char *text, size_t n, const char *template,
                size_t template_len, uint64_t count, uint32_t limit, size_t max_bytes, value *ret,
                struct error *err);
/* re.sub with a function that adds what stands for a match. */
int pyregex_sub_by(const struct pyregex *regex, const char *text, size_t n, uint64_t count, uint32_t limit,
                   size_t max_bytes,
                   int (*by)(void *data, const struct pyregex_match *match, struct buffer *out,
                             struct error *err),
                   void *data, value *ret, struct error *err);
/* re.split: a list of texts, groups included (null for those without part); max_split 0 means all. */
int pyregex_split(const struct pyregex *regex, const char *text, size_t n, uint64_t max_split, uint32_t limit,
                  value *ret, struct error *err);
/* re.findall: whole matches, or the group, or tuples of groups. */
int pyregex_findall(const struct pyregex *regex, const char *text, size_t n, uint32_t limit, value *ret,
                    struct error *err);
/* re.escape. */
void pyregex_escape(struct buffer *out, const char *text, size_t n);
/* The pattern as it is written for PCRE2; for tests. Owned. */
int pyregex_translate(const char *pattern, size_t n, unsigned flags, struct buffer *out, struct error *err);

#endif
