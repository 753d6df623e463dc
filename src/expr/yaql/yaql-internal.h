/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the YAQL engine share, and nobody else sees.

   How Python's kinds are held while an expression runs (the reference engine freezes its input, so lists are tuples):

       tuple        VALUE_LIST        literals, lists of the context, toList()
       list         VALUE_TUPLE       what the library builds as a Python list: split(), enumerate() pairs ...
       FrozenDict   VALUE_MAP         literals, maps of the context; keys that are tuples are VALUE_TUPLE inside a map
       dict         struct yaql_dict  what the library builds as a Python dict: toDict(), mergeWith() ...
       set          struct yaql_set   frozensets and the views keys() and items()
       iterator     struct lazy       single pass, and the few that can be walked again
       context      struct yaql_scope what let(), with(), unpack() and def() give to the right side of "->"
       regex        struct yaql_regex

   The swap of LIST and TUPLE costs nothing at the border: JSON arrays of the context are used as they are. */
#ifndef FULMAR_EXPR_YAQL_INTERNAL_H
#define FULMAR_EXPR_YAQL_INTERNAL_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/limit.h"
#include "base/mem.h"
#include "base/pool.h"
#include "expr/expr.h"
#include "expr/yaql/yaql.h"
#include "value/value.h"

/* ---- the tree ---- */

enum yaql_operator {
    OP_NONE,
    OP_DOT,
    OP_ELVIS,
    OP_INDEX,
    OP_LIST,
    OP_MAP,
    OP_PLUS,
    OP_NEGATE,
    OP_MATCH,
    OP_NOT_MATCH,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_MODULO,
    OP_ADD,
    OP_SUBTRACT,
    OP_GREATER,
    OP_LESS,
    OP_GREATER_EQUAL,
    OP_LESS_EQUAL,
    OP_NOT_EQUAL,
    OP_EQUAL,
    OP_IN,
    OP_NOT,
    OP_AND,
    OP_OR,
    OP_ARROW,
    OP_COUNT,
};

/* The name under which overloads of an operator are known: "#operator_+". */
extern const char *const yaql_operator_names[OP_COUNT];

enum node_kind {
    NODE_CONSTANT, /* `value` */
    NODE_KEYWORD,  /* a bare word; `value` is its text */
    NODE_VARIABLE, /* $name; `value` is the name without $, `index` its number when it is one ("$" is 1) */
    NODE_CALL,     /* name(args); `value` is the name */
    NODE_OPERATOR, /* `op` on args */
    NODE_WRAP,     /* (args[0]) */
    NODE_RULE,     /* args[0] => args[1] */
    NODE_SKIP,     /* an argument left out: f(,x) */
};

struct node {
    uint8_t kind, op;
    uint16_t n_args;
    uint32_t index;
    uint32_t number;     /* in the order of parsing */
    uint32_t start, end; /* bytes of the text */
    value value;
    const struct overloads *overloads; /* calls: what the library knows by that name */
    const struct node *args[];
};

struct yaql {
    struct pool *pool;
    const struct node *root;
    value *constants; /* owned by the tree, in the pool */
    size_t n_constants;
    uint32_t n_nodes;
    char *text;
};

/* ---- tokens ---- */

enum token_kind {
    TOKEN_END,
    TOKEN_CONSTANT, /* number, string, true, false, null */
    TOKEN_KEYWORD,
    TOKEN_VARIABLE,
    TOKEN_FUNCTION, /* a word with the parenthesis right behind it */
    TOKEN_OPERATOR, /* `op`; '[' and '{' are OP_INDEX and OP_MAP */
    TOKEN_MAPPING,  /* => */
    TOKEN_COMMA,
    TOKEN_CLOSE_PARENTHESIS,
    TOKEN_CLOSE_BRACKET,
    TOKEN_CLOSE_BRACE,
    TOKEN_OPEN_PARENTHESIS,
};

struct token {
    enum token_kind kind;
    enum yaql_operator op;
    value value;    /* owned: the constant, or the name as text */
    size_t at, len; /* bytes */
};

struct lexer {
    const char *text;
    size_t len, at;
};

/* Moves to the next token; the value of the old one is released. */
int lexer_next(struct lexer *lexer, struct token *token, struct error *err);
/* Position in code points. */
size_t lexer_position(const struct lexer *lexer, size_t at);
/* The text between the quotes of a literal, decoded. */
int lexer_unescape(const char *s, size_t n, struct buffer *out, struct error *err);

/* ---- evaluation ---- */

struct frame_name {
    const char *name; /* borrowed from `text` or the tree */
    size_t len;
    value item;              /* data, or */
    const struct node *body; /* a function made by def() */
    value text;              /* owned, keeps `name` */
};

/* A scope. Those of lambda calls live on the C stack and cost nothing; whoever keeps one for later (lazy sequences,
   contexts) calls frame_capture, which copies it and its parents to counted memory. A frame never changes once
   something can see it. */
struct frame {
    struct frame *parent;
    struct frame *captured; /* the counted copy of a frame on the stack, once there is one */
    uint32_t refs;          /* 0: on the stack */
    uint32_t n_args, n_names;
    const value *args; /* $1 ... */
    struct frame_name *names;
    struct evaluation *ev; /* of counted frames */
};

struct lazy;
struct explaining;

struct evaluation {
    const struct expr_context *context;
    struct expr_limits limits;
    struct error *err;
    uint64_t steps, next_check;
    uint32_t depth;
    const char *stack; /* where the C stack was at the start */
    int64_t bytes_before;
    int64_t object_bytes; /* of lazy sequences, scopes and sets */
    uint64_t bytes_out;   /* of results */
    value visible;        /* what ctx() shows */
    uint64_t random;
    bool has_functions;            /* def() was used */
    struct explaining *explaining; /* or NULL */
};

int yaql_fail(struct evaluation *ev, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells that a value came out that does not fit the limits. */
int yaql_check_text(struct evaluation *ev, size_t bytes);
int yaql_check_count(struct evaluation *ev, size_t items);
/* Called for every node and item. */
int yaql_slow_step(struct evaluation *ev);
static inline int yaql_step(struct evaluation *ev)
{
    if (unlikely(++ev->steps >= ev->next_check))
        return yaql_slow_step(ev);
    return 0;
}
/* Work beyond one step; noticed at the next one. */
static inline void yaql_charge(struct evaluation *ev, uint64_t steps)
{
    ev->steps += steps;
}
/* Guards recursion over values, which are not deeper than VALUE_DEPTH_MAX: only the stack is looked at. */
int yaql_enter_value(struct evaluation *ev);
/* Guards recursion in C: 0, or RecursionError. Pair with yaql_leave. */
int yaql_enter(struct evaluation *ev);
static inline void yaql_leave(struct evaluation *ev)
{
    ev->depth--;
}

int yaql_eval(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret);

/* explain.c: notes what a node came to; tells it all, in order of place, inner parts first. */
struct explaining *explaining_new(const struct yaql *yaql);
void explaining_free(struct explaining *explaining);
void explaining_note(struct explaining *explaining, const struct node *node, value v);
void explaining_tell(struct explaining *explaining, value *steps);
/* A walk through a watched sequence begins; an item of one; its end. */
void explaining_walk(value iterable, value walk);
void explaining_item(struct lazy *lazy, value item);
void explaining_end(struct lazy *lazy);

struct frame *frame_capture(struct evaluation *ev, struct frame *frame);
struct frame *frame_new(struct evaluation *ev, struct frame *parent);
struct frame *frame_ref(struct frame *frame);
void frame_unref(struct frame *frame);
/* Both copy: `item` is borrowed. Names "1", "2" ... in order become $1, $2 ... */
void frame_set(struct frame *frame, value name, value item);
void frame_append_arg(struct frame *frame, value item);
void frame_set_function(struct frame *frame, value name, const struct node *body);

/* An unevaluated argument. `frame` is borrowed unless closure_keep was called. */
struct closure {
    const struct node *node; /* NULL: `constant`, when it is set */
    struct frame *frame;
    value constant;
};
int closure_call(struct evaluation *ev, const struct closure *closure, const value *args, size_t n_args,
                 value *ret);
/* The same and its truth. */
int closure_test(struct evaluation *ev, const struct closure *closure, const value *args, size_t n_args,
                 bool *ret);
/* In a scope that was made for it. */
int closure_call_in(struct evaluation *ev, const struct closure *closure, struct frame *frame, value *ret);
static inline bool closure_given(const struct closure *closure)
{
    return closure->node || value_is_set(closure->constant);
}

/* ---- functions ---- */

enum param_type {
    T_ANY,
    T_NOT_NULL,
    T_NULL,
    T_STRING,
    T_STRING_N, /* ..._N: null as well */
    T_INT,      /* Python's int: true and false count */
    T_INT_N,
    T_INTEGER, /* not true and false */
    T_BOOL,
    T_BOOL_N,
    T_NUMBER,
    T_NUMBER_N,
    T_MAP,
    T_ITERABLE,
    T_ITERABLE_NO_SET,
    T_ITERATOR,
    T_SEQUENCE,
    T_SET,
    T_ITEMS, /* what items() gives */
    T_ORDERING,
    T_REGEX,
    T_DATETIME,
    T_TIMESPAN,
    T_TIMESPAN_N,
    T_CONTEXT,
    T_PAIR,   /* key => value, both evaluated */
    T_LAMBDA, /* from here on: not evaluated */
    T_RULE,   /* key => value as it stands */
};

enum param_flags {
    OPTIONAL = 1 << 0,
};

struct param {
    const char *name;
    uint8_t type;
    uint8_t flags;
};

enum function_flags {
    FUNCTION = 1 << 0,
    METHOD = 1 << 1,
    EXTENSION = FUNCTION | METHOD,
    NO_KWARGS = 1 << 2,  /* "=>" is an argument of its own */
    REST = 1 << 3,       /* more arguments, of type `rest` */
    NAMED_REST = 1 << 4, /* any named ones, of type T_ANY */
};

#define PARAMS_MAX 12

struct arg {
    value v;                 /* owned by the call */
    value key;               /* T_PAIR */
    const struct node *node; /* not evaluated */
};

struct named_arg {
    value text; /* the name, borrowed */
    struct arg arg;
};

struct call {
    struct evaluation *ev;
    struct frame *frame;
    const struct function *function;
    struct arg args[PARAMS_MAX]; /* as declared; nothing in it when the default is meant */
    struct arg *rest;
    size_t n_rest;
    struct named_arg *named;
    size_t n_named;
};

struct function {
    const char *name;
    unsigned flags;
    int (*call)(struct call *c, value *ret);
    const struct param *params; /* up to one without a name; NULL when there are none */
    uint8_t rest;               /* enum param_type */
    const void *data;           /* for functions that share an implementation */
};

#define PARAMS(...)        \
    (const struct param[]) \
    {                      \
        __VA_ARGS__,       \
        {                  \
            0              \
        }                  \
    }

struct overloads {
    const char *name;
    size_t count;
    const struct function **items;
};

/* The families, each ending with a row without a name. To add a function: write it in the file of its family and add
   its row there; a new family is also listed in library.c. */
extern const struct function yaql_system[], yaql_compare[], yaql_branching[], yaql_math[], yaql_strings[],
    yaql_regexes[], yaql_collections[], yaql_sets[], yaql_queries[], yaql_sequences[], yaql_ordering[],
    yaql_dates[], yaql_workflow[];

/* NULL when there are none. */
const struct overloads *library_find(const char *name, size_t n);
/* The hint of an error: the method (or function) that was probably meant. */
void library_suggest(const char *name, bool method, struct error *err);
const struct overloads *library_operator(enum yaql_operator op);

/* A call of `overloads` with expressions. `receiver` is VALUE_UNSET for functions. */
int yaql_call(struct evaluation *ev, struct frame *frame, const char *name, const struct overloads *overloads,
              value receiver, const struct node *const *args, size_t n_args, value *ret);
/* A call with values (borrowed). */
int yaql_call_values(struct evaluation *ev, struct frame *frame, const char *name,
                     const struct overloads *overloads, const value *args, size_t n_args, const value *names,
                     const value *named, size_t n_named, value *ret);
/* Do the constants among the arguments leave any overload? */
bool yaql_could_match(const struct overloads *overloads, const struct node *const *args, size_t n_args);
/* The binary operator on values, overloads included; + - < > as the library's own functions use them. */
int yaql_binary(struct evaluation *ev, struct frame *frame, enum yaql_operator op, value a, value b,
                value *ret);
/* x.name on a value. */
int yaql_attribute(struct evaluation *ev, value v, value name, value *ret);
int yaql_index(struct evaluation *ev, value v, value index, value *ret);

static inline bool arg_given(const struct call *c, size_t i)
{
    return value_is_set(c->args[i].v);
}
static inline int64_t arg_int(const struct call *c, size_t i, int64_t otherwise)
{
    value v = c->args[i].v;

    return v.kind == VALUE_INT || v.kind == VALUE_BOOL ? v.integer : otherwise;
}
/* Fails when the integer does not fit 64 bits. */
int arg_int_checked(struct call *c, size_t i, int64_t otherwise, int64_t *ret);
static inline bool arg_bool(const struct call *c, size_t i)
{
    return c->args[i].v.kind == VALUE_BOOL && c->args[i].v.integer;
}
static inline struct closure arg_closure(const struct call *c, size_t i)
{
    return (struct closure){ .node = c->args[i].node, .frame = c->frame, .constant = c->args[i].v };
}
static inline struct closure rest_closure(const struct call *c, size_t i)
{
    return (struct closure){ .node = c->rest[i].node, .frame = c->frame, .constant = c->rest[i].v };
}

/* ---- kinds of objects ---- */

struct yaql_object {
    struct value_object object;
    struct evaluation *ev;
    size_t size; /* counted in ev->object_bytes */
};

/* A hash table of values of any hashable kind, in order of insertion. */
struct table_entry {
    value item;
    uint64_t hash;
};
struct table {
    struct table_entry *entries;
    uint32_t count, room;
    uint32_t *index;
    uint32_t index_room;
};
void table_release(struct table *table);
/* After the entries were put into another order. */
void table_reindex(struct table *table);
/* The place of an equal item, or -1; fails (-2) with TypeError when it is not hashable. */
int64_t table_find(struct evaluation *ev, const struct table *table, value item);
/* 0 added, 1 was there (*ret_at its place), negative. `item` is borrowed. */
int table_add(struct evaluation *ev, struct table *table, value item, size_t *ret_at);

struct yaql_set {
    struct yaql_object base;
    struct table table;
    const char *view; /* "KeysView", "ItemsView": not a frozenset */
    value of;         /* the map a view was made of */
};
struct yaql_dict {
    struct yaql_object base;
    value map;
};
struct yaql_scope {
    struct yaql_object base;
    struct frame *frame;
};
struct pyregex;
struct yaql_regex {
    struct yaql_object base;
    struct pyregex *regex;
};

void *yaql_object_new(struct evaluation *ev, const struct value_object_ops *ops, size_t size);
void yaql_object_free(struct yaql_object *object);
void yaql_object_grow(struct yaql_object *object, size_t bytes);

extern const struct value_object_ops yaql_set_ops, yaql_dict_ops, yaql_scope_ops, yaql_regex_ops,
    yaql_lazy_ops;

static inline bool value_is_object(value v, const struct value_object_ops *ops)
{
    return v.kind == VALUE_OBJECT && v.object->ops == ops;
}
static inline bool yaql_is_set(value v)
{
    return value_is_object(v, &yaql_set_ops);
}
static inline struct yaql_set *yaql_set_of(value v)
{
    return (struct yaql_set *)v.object;
}
static inline bool yaql_is_map(value v)
{
    return v.kind == VALUE_MAP || value_is_object(v, &yaql_dict_ops);
}
/* The VALUE_MAP of either kind of map; borrowed. */
static inline value yaql_map_of(value v)
{
    return v.kind == VALUE_MAP ? v : ((struct yaql_dict *)v.object)->map;
}
static inline bool yaql_is_sequence(value v)
{
    return v.kind == VALUE_LIST || v.kind == VALUE_TUPLE;
}
bool yaql_is_iterable(value v);
bool yaql_is_iterator(value v);

value yaql_set_new(struct evaluation *ev);
static inline value yaql_set_value(struct yaql_set *set)
{
    return value_object(&set->base.object);
}
int yaql_set_insert(struct evaluation *ev, value set, value item);
/* Takes the map. */
value yaql_dict_new(struct evaluation *ev, value map);
/* Takes the frame. */
value yaql_scope_new(struct evaluation *ev, struct frame *frame);

/* What may stand as a key in a VALUE_MAP (tuples become VALUE_TUPLE), or TypeError; YAQL_NO_KEY for maps and sets, which
   have hashes but are not kept as keys. Owned. */
#define YAQL_NO_KEY 1
int yaql_key(struct evaluation *ev, value v, value *ret);
/* A key as the language shows it. Owned. */
value yaql_unkey(value key);
/* Sets an entry; `key` and `item` are borrowed. */
int yaql_map_put(struct evaluation *ev, value *map, value key, value item);
/* The item of a key (borrowed), VALUE_UNSET when it is absent. */
int yaql_map_find(struct evaluation *ev, value map, value key, value *ret);
int yaql_key_error(struct evaluation *ev, value map, value key);
/* Appends with the checks that a list the user grows needs. Takes `item`. */
int yaql_append(struct evaluation *ev, value *list, value item);

bool yaql_truth(value v);
bool yaql_equal(struct evaluation *ev, value a, value b);
/* Python's str() as the language's values have it: tuples in parentheses, None and True at the top. */
int yaql_python_str(struct evaluation *ev, value v, struct buffer *out);
/* The language's str(): null, true, false. Owned. */
int yaql_str(struct evaluation *ev, value v, value *ret);
/* Python's name of the type. */
const char *yaql_type_name(value v);
/* The value as it leaves the engine. Owned. */
int yaql_finalize(struct evaluation *ev, value v, value *ret);
/* A plain value (JSON, YAML) as dicts and lists of Python. Owned. */
value yaql_from_plain(struct evaluation *ev, value v);

/* ---- sequences ---- */

#define YAQL_END 1 /* outcome of ..._next: no more items */

struct lazy;
struct lazy_ops {
    const char *name; /* Python's name of the type, for messages */
    int (*next)(struct evaluation *ev, struct lazy *lazy, value *ret);
    /* Sequences that can be walked again give an iterator here; then `next` is NULL. */
    int (*iterate)(struct evaluation *ev, struct lazy *lazy, value *ret);
    int64_t (*length)(struct lazy *lazy); /* may be NULL */
};

/* Walks any iterable. */
struct cursor {
    value source; /* owned */
    size_t at;
};
int cursor_open(struct evaluation *ev, value iterable, struct cursor *cursor);
int cursor_next(struct evaluation *ev, struct cursor *cursor, value *ret);
void cursor_close(struct cursor *cursor);
#define CURSOR_AUTO(name) __attribute__((cleanup(cursor_close))) struct cursor name = { 0 }

/* One struct serves all lazy sequences; each uses of it what it needs. */
struct lazy {
    struct yaql_object base;
    const struct lazy_ops *ops;
    struct cursor source, other;
    struct closure f, g, h;
    const struct node **nodes; /* expressions evaluated in the frame of `f` */
    struct cursor *cursors;    /* more than two sources */
    size_t n_cursors, room_cursors;
    value v, w;
    int64_t n, m, i;
    struct table table;
    bool started, done;
    /* Explaining: what was asked of it so far, itself or through the first of its walks. */
    bool watched, walked, seen_all;
    size_t n_seen;
    value seen, watched_for;
};

struct lazy *lazy_new(struct evaluation *ev, const struct lazy_ops *ops);
static inline value lazy_value(struct lazy *lazy)
{
    return value_object(&lazy->base.object);
}
/* Keeps an argument for later. */
void closure_keep(struct evaluation *ev, struct closure *to, struct closure from);
/* Opens `iterable` as the source; the lazy sequence is dropped when that fails. */
int lazy_over(struct evaluation *ev, const struct lazy_ops *ops, value iterable, struct lazy **ret);
int lazy_next(struct evaluation *ev, struct lazy *lazy, value *ret);
/* An iterator over a list, under a Python name. Takes the list. */
value lazy_of_list(struct evaluation *ev, value list, const char *name);
/* All items as a tuple (VALUE_LIST). Owned; a list is only referred to. */
int yaql_to_list(struct evaluation *ev, value iterable, value *ret);
/* What concat() and + give. */
int yaql_chain(struct evaluation *ev, const value *parts, size_t n, value *ret);
/* An iterator that remembers what it gave and can be walked again; other iterables as they are. Owned. */
int yaql_memorize(struct evaluation *ev, value iterable, value *ret);
int yaql_union(struct evaluation *ev, value a, value b, value *ret);
bool yaql_is_ordering(value v);
bool yaql_is_items(value v);
/* Adds a source and opens it. */
int lazy_add_source(struct evaluation *ev, struct lazy *lazy, value iterable);

#endif
