/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser's two halves (expressions, statements) share. Functions return NULL after an error. */
#ifndef FULMAR_EXPR_JINJA_PARSER_INTERNAL_H
#define FULMAR_EXPR_JINJA_PARSER_INTERNAL_H

#include "expr/jinja/ast.h"
#include "expr/jinja/lexer.h"

struct scope_name {
    value name;
    uint16_t slot;
    struct scope_name *next;
};

struct scope {
    struct scope *parent;
    struct parse_function *function;
    struct scope_name *names;
};

struct parse_function {
    struct parse_function *parent;
    struct function *function;
    struct node_macro *macro; /* NULL for the root */
};

/* Texts of an end tag list: "elif", "else", "endif", NULL. */
typedef const char *const *end_tags;

struct parser {
    struct jinja *jinja;
    struct lexer lexer;
    struct token current, ahead;
    bool has_ahead;
    bool lexed_first;  /* an error of the very first token shows its line, as Jinja's does */
    uint32_t last_end; /* where the token before the current one ended */
    unsigned depth;
    struct scope *scope;
    struct {
        struct node_name *node;
        struct scope *scope;
    } * names;
    size_t n_names, n_names_room;
    end_tags *end_stack;
    size_t n_end_stack, n_end_stack_room;
    value *tags;
    size_t n_tags, n_tags_room;
    struct parse_fault *faults; /* in the order of the source */
    size_t n_faults, n_faults_room;
    unsigned n_loops; /* for statements around */
    struct error *err;
};

bool parser_advance(struct parser *p);
/* The token behind the current one. */
const struct token *parser_look(struct parser *p);
bool parser_is(const struct parser *p, enum token_type type);
bool parser_is_name(const struct parser *p, const char *name);
bool token_is_name(const struct token *token, const char *name);
/* Moves past a token of that type or fails with Jinja's text. */
bool parser_expect(struct parser *p, enum token_type type);
bool parser_expect_name(struct parser *p, const char *name);
bool parser_skip_name(struct parser *p, const char *name);
/* Always false, so that `return parser_fail(...), NULL` reads well. */
bool parser_fail(struct parser *p, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool parser_fail_kind(struct parser *p, int line, const char *kind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Faults that are told when all is parsed (parser-faults.c). `start` is where in the source they stand. */
void parser_fault(struct parser *p, uint32_t start, int line, const char *kind, const char *message);
/* Nobody knows the `what` ("filter", "test") of that name. The row to use in its place fails when it is called. */
const struct builtin *parser_fault_unknown(struct parser *p, const struct node *node, const char *what,
                                           const struct buffer *name);
/* The unknown names since there were `from` faults are faults for certain, or none until they are reached. */
void parser_faults_settle(struct parser *p, size_t from, bool certain);
/* The last step: fails with the first fault, if any. */
bool parser_faults_tell(struct parser *p);
/* The quoted description of a token as messages have it; owned. */
char *token_describe(const struct token *token);
bool parser_enter(struct parser *p);
void parser_leave(struct parser *p);

struct buffer;
/* What a string token means, added to a buffer. */
bool parser_add_string(struct parser *p, const struct token *token, struct buffer *out);
void *node_new(struct parser *p, enum node_type type, size_t size, uint32_t start, int line);
/* A text constant of the template: one value per text. Borrowed. */
value parser_text(struct parser *p, const char *text, size_t n);
value parser_keep(struct parser *p, value v);
struct node *parser_name_node(struct parser *p, const struct token *token);
/* The path that ended at `subject` ends at `whole` (NULL: is no path of its own). */
void parser_reads(struct parser *p, const struct node *subject, struct node *whole);
/* The slot of a name set in the current scope. */
int parser_store(struct parser *p, struct scope *scope, value name);

struct node *parse_expression(struct parser *p);
struct node *parse_or(struct parser *p);
/* Tuples without parentheses. */
struct node *parse_tuple(struct parser *p, bool conditional);
struct node *parse_primary(struct parser *p);
/* ".name", "[subscript]" and "(arguments)" behind an expression. */
struct node *parse_postfix(struct parser *p, struct node *node);
struct node *parser_call_node(struct parser *p, struct node *subject);
bool parse_arguments(struct parser *p, struct arguments *ret);
bool parser_constant_arguments(const struct arguments *arguments);
/* A node is complete: it ends before the current token, and is not too deep. */
struct node *parser_finish(struct parser *p, struct node *node);
/* A node of one or two parts; b may be NULL. */
struct node *parser_pair(struct parser *p, enum node_type type, struct node *a, struct node *b,
                         uint32_t start);
void parser_deepen_call(struct node_call *call);
/* Filters and tests behind an expression. */
struct node *parse_filters(struct parser *p, struct node *node);
/* Filters applied to `subject` (NULL in blocks); `inline_start`: the first filter stands without "|". */
struct node *parse_filter_chain(struct parser *p, struct node *subject, bool inline_start);
bool is_tuple_end(const struct parser *p);

struct node_list *parse_template(struct parser *p);

#endif
