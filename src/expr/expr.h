/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions: one way in to both languages. A text is compiled once and evaluated against a context as often as wanted;
   a compiled text is immutable and may be used by several threads at the same time. Pure: no clock, no I/O, no
   globals; what an expression may see comes in through struct expr_context. Text that an expression gives is evaluated
   again in EXPR_ORQUESTA, as orquesta does it, within the same bounds; never in the other modes. */
#ifndef FULMAR_EXPR_EXPR_H
#define FULMAR_EXPR_EXPR_H

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

/* How a text is read. */
enum expr_mode {
    EXPR_ORQUESTA, /* <% yaql %> and {{ jinja }} / {% jinja %} as orquesta evaluates them (contract: orquesta.md 5-6):
                           a text that is exactly one expression gives the native value, a mix gives text */
    EXPR_TEMPLATE, /* a Jinja template in StackStorm's environment, strict undefined, rendered to text (jinja.md) */
    EXPR_TEMPLATE_LAX, /* the same with lax undefined */
};

/* Bounds of one evaluation; each is told by name when it is hit. 0 takes the default of expr_limits_default. */
struct expr_limits {
    uint64_t steps;         /* AST nodes and items visited */
    uint32_t depth;         /* nested calls, macros, recursion */
    uint64_t memory;        /* bytes of values held at a time */
    uint64_t sequence;      /* items of a range or of any list that is made */
    uint64_t text;          /* bytes of any text that is made, the result included */
    uint32_t regex_matches; /* PCRE2 match limit of one search */
};
extern const struct expr_limits expr_limits_default;

/* What the languages ask of the outside; NULL members answer with a clear error. */
struct expr_host {
    /* A datastore lookup: scope "system" or "user", key as written ("a.b"). *ret is text (decrypted on request), or
       VALUE_UNSET when the key does not exist. */
    int (*datastore_get)(void *data, const char *scope, const char *key, bool decrypt, value *ret,
                         struct error *err);
    /* Decrypt a ciphertext of this server (filter decrypt_kv). */
    int (*decrypt)(void *data, const char *ciphertext, value *ret, struct error *err);
    void *data;
    /* The latest run of a task of the workflow that is being conducted, on a route: {task_execution_id,
       workflow_execution_id, task_name, task_id, route, result, status, start_timestamp, end_timestamp}; VALUE_UNSET when it
       never ran there. */
    int (*task_get)(void *data, const char *id, int64_t route, value *ret, struct error *err);
    void *task_data;
};

struct expr_context {
    value variables; /* a map; orquesta's own keys (__state, __current_task, __current_item) included */
    const struct expr_host *host;     /* may be NULL */
    const struct expr_limits *limits; /* NULL: the defaults */
    int64_t now_us;                   /* what now() says; UTC */
    uint64_t random_seed;             /* what random() starts from */
    const char *const *
        lazy_roots; /* NULL-terminated names that are resolved through the host: "st2kv", and "system" for one of
                        its scopes; may be NULL */
};

struct expr; /* a compiled text */

/* Errors: err->kind is the class that clients see (YaqlGrammarException, UndefinedError ...), the text is worded as in the
   contract, err->line/column point into the text. */
int expr_compile(const char *text, size_t n, enum expr_mode mode, struct expr **ret, struct error *err);
void expr_free(struct expr *expr);
void expr_freep(struct expr **expr);
/* True when the text has no expression in it: evaluating gives the text itself. */
bool expr_is_literal(const struct expr *expr);
int expr_evaluate(const struct expr *expr, const struct expr_context *context, value *ret, struct error *err);

/* Compile (through the cache) and evaluate a text; for values: strings in lists and maps (keys too, as orquesta has it) are
   evaluated, everything else is returned as it is. */
int expr_evaluate_text(const char *text, size_t n, enum expr_mode mode, const struct expr_context *context,
                       value *ret, struct error *err);
int expr_evaluate_value(value v, enum expr_mode mode, const struct expr_context *context, value *ret,
                        struct error *err);
/* Does the text hold an expression of that mode at all? Cheap. */
bool expr_has_expression(const char *text, size_t n, enum expr_mode mode);

/* The context paths a text reads, for inspection and for explaining: a list of maps {language: "yaql"|"jinja",
   expression: text, variable: dotted path or name}, in order. Owned. */
int expr_variables(const struct expr *expr, value *ret, struct error *err);
/* Every expression of a text that does not compile, as orquesta's inspection lists them: a list of maps {language,
   expression, message}. Owned; empty when the text is sound. */
value expr_inspect(const char *text, size_t n, enum expr_mode mode);
/* What a sound text will stumble over when it is evaluated: filters, tests, functions and methods that nobody knows, and
   variables that are not among `names` (the keys of a map) but near one of them. A list of maps {language, expression,
   message (without a full stop), hint?}. Owned. */
value expr_advise(const char *text, size_t n, enum expr_mode mode, value names);
/* Evaluate and tell each sub-expression: *ret_steps is a list of maps {expression, value, line, column}. */
int expr_explain(const struct expr *expr, const struct expr_context *context, value *ret, value *ret_steps,
                 struct error *err);

/* The cache that expr_evaluate_text and expr_evaluate_value use: by content and mode, least recently used goes first,
   bounded in bytes; shared by all threads. */
void expr_cache_limit(size_t bytes);
void expr_cache_clear(void);

#endif
