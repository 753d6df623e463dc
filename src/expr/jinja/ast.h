/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a compiled template: made by the parser, immutable afterwards, read by the evaluator. Shared by the files of
   src/expr/jinja/ only. Everything lies in the template's pool, except constant values, which the template lists.

   Variables. A template is a set of functions (its root, each macro, call block and block), each with its frame of
   slots. A scope (loop body, with, ...) owns a range of slots of its function, cleared when the scope is entered. A name
   knows the slots of all scopes around it that ever set it, innermost first; the first that is set at run time counts,
   and when none is, the name is looked up in the context. */
#ifndef FULMAR_EXPR_JINJA_AST_H
#define FULMAR_EXPR_JINJA_AST_H

#include "base/pool.h"
#include "expr/jinja/jinja.h"
#include "value/number.h"

struct builtin;
struct method_row;

enum node_type {
    NODE_CONST,
    NODE_NAME,
    NODE_LIST,
    NODE_TUPLE,
    NODE_DICT, /* items: key, value, key, value ... */
    NODE_CONDITION,
    NODE_OR,
    NODE_AND,
    NODE_NOT,
    NODE_COMPARE,
    NODE_BINARY,
    NODE_CONCAT,
    NODE_NEGATE,
    NODE_POSITIVE,
    NODE_CALL,
    NODE_GETATTR,
    NODE_GETITEM,
    NODE_SLICE,
    NODE_FILTER,
    NODE_TEST,
    NODE_DATA, /* statements from here on */
    NODE_PRINT,
    NODE_FOR,
    NODE_IF,
    NODE_SET,
    NODE_SET_BLOCK,
    NODE_MACRO,
    NODE_CALL_BLOCK,
    NODE_FILTER_BLOCK,
    NODE_WITH,
    NODE_AUTOESCAPE,
    NODE_BLOCK,
    NODE_NO_LOADER,
    NODE_NS_TARGET, /* only as a target of set */
};

/* How an expression is seen without being evaluated. */
enum glance {
    GLANCE_NONE,
    GLANCE_CONST,
    GLANCE_SLOT,  /* a variable of the function's own, once it is set */
    GLANCE_KNOWN, /* a name of the context, once it was looked up */
    /* For integers only, the next two; see ev_integer_at_hand and ev_test_at_hand. */
    GLANCE_BINARY,  /* an operation on two of the above */
    GLANCE_COMPARE, /* of two of the above */
};

struct node {
    uint8_t type;   /* enum node_type */
    uint8_t op;     /* NODE_BINARY: enum number_operator */
    bool constant;  /* made of constants only: Jinja folds it when compiling */
    bool calls;     /* something in it is called: template code may run, and containers may be changed */
    uint8_t glance; /* enum glance: where its value is at hand */
    uint16_t depth; /* 1 + the deepest part of an expression */
    int line;
    uint32_t start, end; /* offsets in the source */
};

struct node_list {
    struct node node;
    uint32_t count;
    struct node **items;
};

struct node_const {
    struct node node;
    value v;
};

struct slot_ref {
    uint16_t up; /* functions outwards */
    uint16_t slot;
};

#define KNOWN_NAMES 16 /* names of the context that an evaluation looks up once only */

struct node_name {
    struct node node;
    uint16_t n_slots;
    uint16_t known; /* its place among those; KNOWN_NAMES: none */
    uint16_t slot;  /* the first of its slots */
    value name;
    struct slot_ref *slots;
};

struct node_pair { /* NOT, NEGATE, POSITIVE use `a` only */
    struct node node;
    struct node *a, *b,
        *c; /* CONDITION: test, then, else (may be NULL); SLICE: start, stop, step (may be NULL) */
};

enum compare_operator {
    COMPARE_EQ,
    COMPARE_NE,
    COMPARE_LT,
    COMPARE_LTEQ,
    COMPARE_GT,
    COMPARE_GTEQ,
    COMPARE_IN,
    COMPARE_NOT_IN
};

struct node_compare {
    struct node node;
    uint32_t count;
    struct node *left;
    struct compare_step {
        enum compare_operator op;
        struct node *right;
    } * steps;
};

struct arguments {
    uint16_t n_args, n_named;
    struct node **args; /* positional, then named */
    value *names;
    struct node *star, *star_star; /* may be NULL */
};

struct node_call { /* CALL, FILTER, TEST */
    struct node node;
    struct node *subject;          /* NULL in a filter block's filter chain */
    const struct builtin *builtin; /* FILTER, TEST */
    bool direct; /* its arguments are plain enough to be bound without being gathered first */
    struct arguments arguments;
};

struct node_attr {
    struct node node;
    struct node *subject;
    value name;
    const struct method_row *methods; /* the first row of that name, NULL when no type has such a method */
    uint8_t loop_field;               /* the loop's number of that name, see loop_number; 0: none */
};

struct scope_range {
    uint16_t first, end;
};

struct function {
    uint16_t n_slots;
    uint16_t depth; /* functions around it */
    bool captures;  /* another function is made inside it */
};

struct node_data {
    struct node node;
    const char *text; /* in the source, so DATA_PAD bytes can be read whatever its length */
    uint32_t len;
};

struct node_for {
    struct node node;
    struct node *target, *iterable, *test; /* test may be NULL */
    struct node_list *body, *otherwise;    /* otherwise may be NULL */
    struct scope_range scope, otherwise_scope;
    int32_t loop_slot; /* slot of `loop`, -1 when nobody asks for it */
    bool recursive;
};

struct node_if {
    struct node node;
    struct node *test;
    struct node_list *body;
    struct node *otherwise; /* another NODE_IF, a NODE_LIST of statements, or NULL */
};

struct node_set {
    struct node node;
    struct node *target, *source;
};

struct
    node_set_block { /* also FILTER_BLOCK (no target), AUTOESCAPE (filter is the expression), WITH's body */
    struct node node;
    struct node *target, *filter; /* filter may be NULL; its innermost subject is NULL */
    struct node_list *body;
    struct scope_range scope;
};

struct node_with {
    struct node node;
    uint32_t count;
    struct node **targets, **sources;
    struct node_list *body;
    struct scope_range scope;
};

struct node_macro { /* MACRO, CALL_BLOCK, BLOCK */
    struct node node;
    struct function function;
    value name;
    uint16_t n_params, n_defaults; /* the last n_defaults parameters have one */
    value *params;
    uint16_t *param_slots;
    struct node **defaults;
    int32_t caller_slot, varargs_slot, kwargs_slot; /* -1: not used */
    bool explicit_caller;
    bool required;  /* BLOCK: another template would have to fill it */
    uint16_t level; /* BLOCK: functions outwards from the place it stands to the frame it sees */
    struct node_list *body;
    struct node *target; /* MACRO: its name as a target; CALL_BLOCK: the call */
};

struct node_ns_target {
    struct node node;
    struct node *name;
    value attribute;
};

struct jinja {
    struct pool *pool;
    const char *source; /* line ends normalised, in the pool */
    size_t source_len;
    enum jinja_flags flags;
    bool expression;
    bool mutating;     /* names a method that changes its list or dict */
    struct node *root; /* an expression, or a NODE_LIST of statements */
    struct function function;
    struct node_name **names;
    size_t n_names, n_names_room;
    struct node **readers; /* the outermost node of each path that starts at a name: what ctx().x.y reads */
    size_t n_readers, n_readers_room;
    struct node_macro **blocks;
    size_t n_blocks, n_blocks_room;
    struct value_string **constants; /* owned texts, each once */
    size_t n_constants, n_constants_room;
    value *values; /* other owned constants */
    size_t n_values, n_values_room;
};

#define DATA_PAD       32         /* bytes behind the source */
#define NODE_DEPTH_MAX 120        /* nesting of expressions and statements */
#define NODE_CHAIN_MAX 1000       /* depth of an expression's tree, chains of operators included */
#define NODE_SLOTS_MAX 4096       /* variables of one function */
#define TEMPLATE_MAX   (1u << 20) /* bytes of a template */

/* Parse jinja->source; the pool exists. err->kind is TemplateSyntaxError or TemplateAssertionError. */
int jinja_parse(struct jinja *jinja, struct error *err);
/* An expression of a node's source text, borrowed. */
static inline const char *node_text(const struct jinja *jinja, const struct node *node, size_t *ret_len)
{
    *ret_len = node->end - node->start;
    return jinja->source + node->start;
}

#endif
