/* SPDX-License-Identifier: Apache-2.0 */
/* What the facade's files share: compiled texts, and how the delimiters of both languages are found. */
#ifndef FULMAR_EXPR_INTERNAL_H
#define FULMAR_EXPR_INTERNAL_H

#include "expr/expr.h"
#include "expr/jinja/jinja.h"
#include "expr/yaql/yaql.h"

enum expr_kind {
    EXPR_KIND_LITERAL,  /* the text itself */
    EXPR_KIND_TEMPLATE, /* one Jinja template, rendered to text */
    EXPR_KIND_JINJA,    /* {{ }} parts between literal text */
    EXPR_KIND_YAQL,     /* <% %> parts */
    EXPR_KIND_RAW,      /* Jinja with raw blocks: evaluated piece by piece each time */
};

/* A stretch of a text: literal, or one expression. */
struct expr_part {
    uint32_t start, end; /* with its delimiters */
    bool expression;
    uint32_t same; /* the first part with the same expression: it is evaluated once */
    struct jinja *jinja;
    struct yaql *yaql;
    struct error failure; /* the expression does not compile; told when it is evaluated */
};

struct expr {
    uint32_t refs;
    enum expr_mode mode;
    enum expr_kind kind;
    value text;
    struct jinja *template; /* EXPR_KIND_TEMPLATE; NULL when it does not compile */
    struct error failure;
    struct expr_part *parts;
    size_t n_parts, n_parts_room;
    size_t bytes;
};

struct expr *expr_ref(struct expr *expr);
/* A compiled text; a text that does not compile keeps its failure. Owned. */
struct expr *expr_new(const char *text, size_t n, enum expr_mode mode);
/* From the cache. Owned (expr_free). */
struct expr *expr_cached(const char *text, size_t n, enum expr_mode mode);
/* The next "{{...}}" (open "{{", close "}}") that stands within one line, from `at` on; false when there is none. */
bool expr_find(const char *text, size_t n, size_t at, const char *open, const char *close, size_t *ret_start,
               size_t *ret_end);
/* Without delimiters and blanks, as orquesta strips them; `braces` are the characters that are stripped. */
void expr_strip(const char *text, size_t n, const char *braces, const char **ret_text, size_t *ret_n);
/* Takes what a value counts from *left: its text, and `each` for it and every value in it; false, as soon as that is known,
   when there is not enough. Parts of a value may be the same memory many times. */
bool expr_fits(value v, size_t each, size_t *left);
/* The failure of a compiled text or of its first part that has one; NULL when it is sound. */
const struct error *expr_failure(const struct expr *expr);

#endif
