/* SPDX-License-Identifier: Apache-2.0 */
/* What the evaluator, its objects, filters, tests and methods share. Functions return 0, or -1 after ev_error.

   Values are Python's objects here: a list has one identity however many names it has. Values are shared with the world
   outside and immutable, so a template that names a mutating method works on private copies of what it reads from its
   context (see ev_context_value), and then ev_list_own and ev_map_own may change in place what everybody sees. */
#ifndef FULMAR_EXPR_JINJA_ENGINE_H
#define FULMAR_EXPR_JINJA_ENGINE_H

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/limit.h"
#include "base/mem.h"
#include "expr/functions/functions.h"
#include "expr/jinja/ast.h"
#include "expr/jinja/builtins.h"
#include "expr/jinja/methods.h"
#include "value/json.h"
#include "value/python.h"
#include "value/value.h"

struct frame {
    struct frame *up;   /* of the function around it */
    struct frame *next; /* in the list of kept or of free frames */
    uint16_t n_slots, room;
    bool captured; /* an object refers to it: it stays until the evaluation ends */
    value slots[];
};

struct ev {
    const struct jinja *jinja;
    const struct expr_context *context;
    struct expr_limits limits; /* all set */
    size_t text_max;           /* of a buffer: limits.text, and what stands in front of a string's text */
    struct error *err;         /* never NULL */
    const struct node *at;     /* what is being evaluated, for positions */
    struct frame *frame, *kept, *unused;
    struct buffer *out;
    /* What was found for the names of the context, functions and undefined ones too; owned. The last stays unset. */
    value known[KNOWN_NAMES + 1];
    value own_variables; /* private copies, in a template that mutates */
    value visible;       /* ctx(), once it was asked for */
    uint64_t slice;      /* steps that may be used before memory is looked at ... */
    uint64_t steps;      /* ... and those behind it; 0: a bound was hit */
    int64_t bytes_at_start;
    size_t depth_grown; /* what in-place changes have added to the depth of containers */
    uint64_t random;
    unsigned depth;
    bool strict, orquesta, autoescape;
    bool folding;     /* inside a constant expression */
    value *explained; /* where sub-expressions are told, or NULL */
};

/* Texts of a few bytes, copied without a call; n < 64. */
static inline void copy_short(char *to, const char *from, size_t n)
{
    if (n >= 16) {
        if (n > 32) {
            memcpy(to + 16, from + 16, 16);
            memcpy(to + n - 32, from + n - 32, 16);
        }
        memcpy(to, from, 16);
        memcpy(to + n - 16, from + n - 16, 16);
    } else if (n >= 8) {
        memcpy(to, from, 8);
        memcpy(to + n - 8, from + n - 8, 8);
    } else if (n >= 4) {
        memcpy(to, from, 4);
        memcpy(to + n - 4, from + n - 4, 4);
    } else if (n) {
        to[0] = from[0];
        to[n / 2] = from[n / 2];
        to[n - 1] = from[n - 1];
    }
}

/* ---- failing and bounds ---- */

int ev_error(struct ev *ev, const char *kind, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A bound was hit: one of base/limit.h. */
int ev_limit(struct ev *ev, const char *what, uint64_t limit);
/* Pays for n items or about 64 * n bytes of work; fails when the steps are used up or too much memory is held. */
int ev_pay_slow(struct ev *ev, uint64_t n);
/* Lets nothing more be paid. */
static inline void ev_stop(struct ev *ev)
{
    ev->slice = ev->steps = 0;
}
static inline int ev_pay(struct ev *ev, uint64_t n)
{
    if (likely(ev->slice >= n)) {
        ev->slice -= n;
        return 0;
    }
    return ev_pay_slow(ev, n);
}
/* Pays for every item of a tree, shared ones as often as they are met: before a walk that pays nothing itself. */
int ev_pay_tree(struct ev *ev, value v);
/* Checked before a text of n bytes, or a sequence of n items, is made. */
int ev_pay_text(struct ev *ev, size_t n);
/* Adds to a text that is being made. */
int ev_add_long_text(struct ev *ev, struct buffer *out, const char *text, size_t n);
static inline int ev_add_text(struct ev *ev, struct buffer *out, const char *text, size_t n)
{
    char *to;

    /* Below 64 bytes nothing is to be paid. */
    if (unlikely(n >= 64 || out->len + n >= out->room || out->len + n > ev->text_max))
        return ev_add_long_text(ev, out, text, n);
    to = out->data + out->len;
    copy_short(to, text, n);
    to[n] = '\0';
    out->len += n;
    return 0;
}
int ev_pay_items(struct ev *ev, size_t n);
int ev_enter(struct ev *ev);
static inline void ev_leave(struct ev *ev)
{
    ev->depth--;
}

/* ---- arguments of a call ---- */

#define ACTUALS_LOCAL 6

struct actuals {
    value *items; /* n positional, then n_named; owned */
    value *names; /* owned */
    unsigned n, n_named, room;
    value local[ACTUALS_LOCAL], local_names[ACTUALS_LOCAL];
};

void actuals_init(struct actuals *actuals);
void actuals_release(struct actuals *actuals);
int actuals_add(struct ev *ev, struct actuals *actuals, value item);                   /* takes */
int actuals_add_named(struct ev *ev, struct actuals *actuals, value name, value item); /* takes both */
#define ACTUALS_AUTO(name)                                         \
    __attribute__((cleanup(actuals_release))) struct actuals name; \
    actuals_init(&name)

/* ---- objects ---- */

struct iter;

struct object_ops {
    struct value_object_ops base; /* first, see value.h */
    const char *type_name;        /* Python's, for messages */
    /* All may be NULL. getattr leaves *ret unset when there is none. */
    bool (*truth)(const struct value_object *self);
    int64_t (*length)(const struct value_object *self); /* NULL or negative: it has none */
    int (*getattr)(struct ev *ev, value self, value name, value *ret);
    int (*call)(struct ev *ev, value self, const struct actuals *actuals, value *ret);
    int (*next)(struct ev *ev, value self, value *ret); /* iterators: unset at the end */
    void (*repr)(struct ev *ev, struct value_object *self, struct buffer *out);
};

extern const struct object_ops undefined_ops, markup_ops, range_ops, generator_ops, method_ops, function_ops,
    macro_ops, loop_ops, cycler_ops, joiner_ops, namespace_ops, view_ops, block_ops, self_ops, datastore_ops;

static inline bool is_object(value v, const struct object_ops *ops)
{
    return v.kind == VALUE_OBJECT && v.object->ops == &ops->base;
}
static inline const struct object_ops *object_ops_of(value v)
{
    return (const struct object_ops *)v.object->ops;
}
static inline bool is_undefined(value v)
{
    return is_object(v, &undefined_ops);
}
/* Zeroed, counted once; memory is accounted. object_free is what an ops' free ends with. */
void *object_new(const struct object_ops *ops, size_t size);
void object_free(void *object, size_t size);
/* Bytes of objects this thread holds. */
int64_t object_thread_bytes(void);
void object_charge(int64_t bytes);

struct undefined {
    struct value_object object;
    bool lax;
    const char *kind;   /* UndefinedError, or SecurityError */
    const char *holder; /* type of the object that lacks it, as messages name it; NULL: a bare name */
    value of;           /* the map that lacks it, for suggestions; may be unset */
    value name;         /* unset: `hint` is the whole message */
    value hint;
};

struct markup {
    struct value_object object;
    value text;
};

struct range {
    struct value_object object;
    int64_t start, stop, step, count;
};

struct bound_method {
    struct value_object object;
    value self;
    const struct method_row *row;
};

struct function_object {
    struct value_object object;
    const struct builtin *builtin; /* or fn */
    const struct fn *fn;
};

struct namespace
{
    struct value_object object;
    value map;
};

enum view_kind { VIEW_KEYS, VIEW_VALUES, VIEW_ITEMS };
struct view {
    struct value_object object;
    enum view_kind kind;
    value map;
};

value undefined_name(struct ev *ev, value name);
value undefined_member(struct ev *ev, value holder, value name); /* name: text or any subscript */
value undefined_hint(struct ev *ev, const char *kind, value hint);
/* Sets the hint of ev->err: the name that was probably meant. */
void undefined_suggest(struct ev *ev, value undefined);
/* Fails with the undefined's message, and with the name that was probably meant as its hint. */
int undefined_raise(struct ev *ev, value undefined);
value markup_new(value text); /* takes */
value view_new(enum view_kind kind, value map);
value range_new(int64_t start, int64_t stop, int64_t step);
int64_t range_at(const struct range *range, int64_t i);
value bound_method_new(value self, const struct method_row *row);
value function_new(const struct builtin *builtin, const struct fn *fn);
/* Text of a string or markup, borrowed; unset for everything else. */
value text_of(value v);

/* ---- walking ---- */

enum iter_kind { ITER_LIST, ITER_MAP, ITER_TEXT, ITER_BYTES, ITER_RANGE, ITER_OBJECT, ITER_EMPTY };

struct iter {
    enum iter_kind kind;
    value source; /* held */
    size_t at, count;
    bool reverse; /* lists and ranges */
};

/* Fails with "'int' object is not iterable". */
int iter_init(struct ev *ev, value v, struct iter *ret);
bool is_iterable(value v);
/* *ret is owned; unset at the end. */
int iter_next(struct ev *ev, struct iter *iter, value *ret);
/* The next entry of a map's view, borrowed; the key is unset at the end. */
int iter_next_pair(struct ev *ev, struct iter *iter, value *ret_key, value *ret_item);
void iter_release(struct iter *iter);
#define ITER_AUTO(name) __attribute__((cleanup(iter_release))) struct iter name = { .kind = ITER_EMPTY }
/* All items as a new list. */
int ev_list(struct ev *ev, value v, value *ret);

#define GENERATOR_ARGS 3

/* A lazy sequence: `step` gives the next item, unset at the end. Before the first one `begin` makes ready, when there is
   one: it sets `step`, or leaves it NULL where there is nothing to walk through. */
struct generator {
    struct value_object object;
    int (*begin)(struct ev *ev, struct generator *self);
    int (*step)(struct ev *ev, struct generator *self, value *ret);
    struct { /* how the filter was called, see struct bound */
        value args[GENERATOR_ARGS], rest, named;
    } called;
    struct iter source;
    const char *shown;             /* what its type is called: "generator", "list_reverseiterator" */
    const struct builtin *builtin; /* the filter or test that is applied, may be NULL */
    struct actuals actuals;        /* its arguments */
    value attribute;               /* list of the parts of a dotted attribute; unset: none */
    value otherwise;               /* default of an attribute */
    value state;
    int64_t numbers[2];
    bool flag;
};

struct generator *generator_new(int (*step)(struct ev *ev, struct generator *self, value *ret),
                                const char *shown);

/* ---- Python's operations ---- */

int ev_truth(struct ev *ev, value v, bool *ret);
int ev_equal(struct ev *ev, value a, value b, bool *ret);
/* COMPARE_LT ..; fails with "'<' not supported between instances of ..." */
/* COMPARE_EQ .. COMPARE_GTEQ; a table takes no decision. */
static inline bool ev_order_integers(enum compare_operator op, int64_t a, int64_t b)
{
    enum { LESS = 1, EQUAL = 2, GREATER = 4 };
    static const uint8_t accepted[] = {
        [COMPARE_EQ] = EQUAL,          [COMPARE_NE] = LESS | GREATER, [COMPARE_LT] = LESS,
        [COMPARE_LTEQ] = LESS | EQUAL, [COMPARE_GT] = GREATER,        [COMPARE_GTEQ] = GREATER | EQUAL,
    };

    return accepted[op] >> ((a >= b) + (a > b)) & 1;
}
/* The operations on integers that need no care: false when they do. */
static inline bool ev_binary_integers(enum number_operator op, int64_t a, int64_t b, int64_t *ret)
{
    switch (op) {
    case NUMBER_ADD:
        return !__builtin_add_overflow(a, b, ret);
    case NUMBER_SUBTRACT:
        return !__builtin_sub_overflow(a, b, ret);
    case NUMBER_MULTIPLY:
        return !__builtin_mul_overflow(a, b, ret);
    case NUMBER_FLOOR_DIVIDE:
    case NUMBER_MODULO:
        /* 32 bits divide in half the time; with a sign Python rounds as C does not. */
        if (a < 0 || b <= 0 || ((uint64_t)a | (uint64_t)b) >> 32)
            return false;
        if (op == NUMBER_MODULO && (b & (b - 1)) == 0)
            *ret = a & (b - 1);
        else
            *ret = op == NUMBER_MODULO ? (uint32_t)a % (uint32_t)b : (uint32_t)a / (uint32_t)b;
        return true;
    default:
        return false;
    }
}
int ev_order(struct ev *ev, enum compare_operator op, value a, value b, bool *ret);
int ev_contains(struct ev *ev, value container, value item, bool *ret);
int ev_compare(struct ev *ev, enum compare_operator op, value a, value b, bool *ret);
int ev_binary(struct ev *ev, enum number_operator op, value a, value b, value *ret);
int ev_length(struct ev *ev, value v, int64_t *ret);
int ev_getattr(struct ev *ev, value subject, value name, const struct method_row *methods, value *ret);
/* An attribute, never an item. */
int ev_attribute(struct ev *ev, value subject, value name, value *ret);
int ev_getitem(struct ev *ev, value subject, value key, value *ret);
int ev_slice(struct ev *ev, value subject, value start, value stop, value step, value *ret);
/* subject[index]; false when it is past an end. */
bool ev_index(value subject, int64_t index, value *ret);
/* A method of the subject's type by that name, or NULL. */
const struct method_row *ev_method_of(value subject, const struct method_row *rows);
int ev_call(struct ev *ev, value callee, const struct actuals *actuals, value *ret);
const char *ev_type_name(value v);
/* str(v), repr(v) added to a buffer. */
int ev_str(struct ev *ev, value v, struct buffer *out);
/* A bound that is hit here makes the next ev_pay fail. */
void ev_repr(struct ev *ev, value v, struct buffer *out);
int ev_str_value(struct ev *ev, value v, value *ret);
/* str(), with markup kept markup. */
int ev_soft_str(struct ev *ev, value v, value *ret);
/* Can it be a key? TypeError: unhashable type. */
int ev_hashable(struct ev *ev, value v);
int ev_map_set(struct ev *ev, value *map, value key, value item); /* takes key and item, also when it fails */
/* text % args added to a buffer; with `escape` as markup does it. */
int ev_percent(struct ev *ev, value text, value args, bool escape, struct buffer *out);
/* Like int(): an index from a bool or int; TypeError otherwise. Clamped to 64 bits. */
int ev_index_of(struct ev *ev, value v, int64_t *ret);

/* In-place change of a container that others may hold too; only while the template mutates. */
int ev_own(struct ev *ev, value container);
/* An item is about to be put into a container in place: refuses cycles and too much depth. */
int ev_may_hold(struct ev *ev, value container, value item);

/* Takes a variable of the context; *ret unset when there is none. */
int ev_context_value(struct ev *ev, value name, value *ret);
int ev_global(struct ev *ev, value name, value *ret);

/* ---- evaluating ---- */

int ev_eval(struct ev *ev, const struct node *node, value *ret);
/* Tells what an expression came to; only where ev->explained is set. */
void ev_explain(struct ev *ev, const struct node *node, value v);
/* A constant expression that is printed. */
int ev_eval_printed(struct ev *ev, const struct node *node, value *ret);
value ev_peek_part(struct ev *ev, const struct node *node, value *held);
/* A constant, or a variable that is at hand, borrowed; unset for everything else. Not while expressions are explained. */
static inline value ev_glance_plain(const struct ev *ev, const struct node *node)
{
    const struct node_name *name = (const struct node_name *)node;

    switch ((enum glance)node->glance) {
    case GLANCE_CONST:
        return ((const struct node_const *)node)->v;
    case GLANCE_SLOT:
        return ev->frame->slots[name->slot];
    case GLANCE_KNOWN:
        return ev->known[name->known];
    default:
        return VALUE_NOTHING;
    }
}
static inline value ev_glance(const struct ev *ev, const struct node *node)
{
    return likely(!ev->explained) ? ev_glance_plain(ev, node) : VALUE_NOTHING;
}
/* An integer that takes no work. */
static inline bool ev_integer_at_hand(const struct ev *ev, const struct node *node, int64_t *ret)
{
    const struct node_pair *pair = (const struct node_pair *)node;
    value v;

    if (node->glance == GLANCE_BINARY) {
        value left = ev_glance_plain(ev, pair->a), right = ev_glance_plain(ev, pair->b);

        return left.kind == VALUE_INT && right.kind == VALUE_INT &&
               ev_binary_integers((enum number_operator)node->op, left.integer, right.integer, ret);
    }
    v = ev_glance_plain(ev, node);
    *ret = v.integer;
    return v.kind == VALUE_INT;
}
/* A comparison of such integers: 1, 0, or negative when it is none. */
static inline int ev_test_at_hand(const struct ev *ev, const struct node *node)
{
    const struct node_compare *compare = (const struct node_compare *)node;
    int64_t left, right;

    if (node->glance != GLANCE_COMPARE || unlikely(ev->explained) ||
        !ev_integer_at_hand(ev, compare->left, &left) ||
        !ev_integer_at_hand(ev, compare->steps[0].right, &right))
        return -1;
    return ev_order_integers((enum compare_operator)node->op, left, right);
}
/* The value of an expression; unset after a failure. It is borrowed where something else holds it anyway (a constant, a
   variable, a part of one), and else kept in `held`, which is unset before and the caller's to unref. A borrowed value
   is good until something is called: see ev_peek_past. */
static inline value ev_peek(struct ev *ev, const struct node *node, value *held)
{
    value v = ev_glance(ev, node);

    return likely(value_is_set(v)) ? v : ev_peek_part(ev, node, held);
}
/* The same for a value that is used after `next` was evaluated. */
static inline value ev_peek_past(struct ev *ev, const struct node *node, const struct node *next, value *held)
{
    value v = ev_peek(ev, node, held);

    if (unlikely(next->calls) && !value_is_set(*held))
        *held = value_ref(v);
    return v;
}
/* Its truth: 1, 0, or negative after a failure. */
int ev_test(struct ev *ev, const struct node *node);
/* Adds its text to the output. */
int ev_print(struct ev *ev, const struct node *node);

/* Keeps the locals of one kind of node out of the frame that every kind goes through: it stays small, and so does the
   stack of a deep template. */
#define OUTLINE __attribute__((noinline))

/* Where in the source the error stands, unless it says so already. */
void ev_place(struct ev *ev);
int ev_name(struct ev *ev, const struct node_name *name, value *ret);
/* Borrowed, or in `held`. */
value ev_name_peek(struct ev *ev, const struct node_name *name, value *held);
int ev_arguments(struct ev *ev, const struct arguments *arguments, struct actuals *actuals);
/* A filter's own arguments, then the filter on `subject`. */
int ev_filter_on(struct ev *ev, const struct node_call *filter, value subject, value *ret);
void ev_scope_clear(struct ev *ev, struct scope_range range);

int ev_body(struct ev *ev, const struct node_list *body);
int ev_for_with(struct ev *ev, const struct node_for *node, value iterable, unsigned depth);
struct frame *frame_enter(struct ev *ev, const struct function *function, struct frame *up);
void frames_release(struct ev *ev);
void frame_leave(struct ev *ev, struct frame *frame, struct frame *before);
value macro_new(struct ev *ev, const struct node_macro *node);
int ev_block(struct ev *ev, const struct node_macro *block, struct frame *seen);
value cycler_new(value items);
value joiner_new(value separator);
/* The datastore, or (scope set) one of its scopes. */
value datastore_root(struct ev *ev, value scope);
int datastore_lookup(struct ev *ev, value self, bool decrypt, value *ret);
value datastore_key(value self); /* borrowed */
value loop_new(struct ev *ev, const struct node_for *node, value items, int64_t length, unsigned depth);
/* One of the loop's numbers; `field` is loop_field_find's. */
value loop_number(value loop, uint8_t field);
/* The loop object moves on to item i. */
void loop_set(value loop, int64_t index0, value previous, value next, bool last);

uint64_t ev_random(struct ev *ev);
/* A new sorted list. */
int ev_sort(struct ev *ev, value list, bool reverse, value *ret);
/* Entries of a mapping or of pairs, set over `map`. */
int dict_update(struct ev *ev, value *map, value from);
/* str.lower(), str.upper() of plain text. */
int text_lower(struct ev *ev, value text, value *ret);
int text_upper(struct ev *ev, value text, value *ret);
/* With & < > ' " as entities. */
void text_escape(struct buffer *out, value text);

/* Plain values only, markup as text: TypeError for what has no JSON. */
int ev_json_value(struct ev *ev, value v, value *ret);

/* Runs a builtin: `subject` (may be unset) is the first argument. */
int builtin_call(struct ev *ev, const struct builtin *builtin, value subject, const struct actuals *actuals,
                 value *ret);
/* A filter or test whose arguments need not be gathered first. */
int builtin_call_direct(struct ev *ev, const struct node_call *call, value subject, value *ret);
/* The same for one that prints, to the output. */
int builtin_print_direct(struct ev *ev, const struct node_call *call, value subject);
/* The same for StackStorm's functions. */
int fn_run(struct ev *ev, const struct fn *fn, value subject, const struct actuals *actuals, value *ret);
/* Applies a test. */
int test_call(struct ev *ev, const struct builtin *test, value subject, const struct actuals *actuals,
              bool *ret);

/* The values of the builtin's parameters, in the order of its row, unset where not given; borrowed from the caller's
   subject and actuals. builtin_bind fills all that the row has. */
struct bound {
    value rest;  /* varargs: a tuple, owned */
    value named; /* kwargs: a map, owned */
    value args[BUILTIN_PARAMS_MAX];
};
#define BOUND_AUTO(name)                                       \
    __attribute__((cleanup(bound_release))) struct bound name; \
    name.rest = name.named = VALUE_NOTHING
static inline void bound_release(struct bound *bound)
{
    value_unref(bound->rest);
    value_unref(bound->named);
}
int builtin_bind(struct ev *ev, const char *function, const char *const *params, unsigned n_params,
                 unsigned min, unsigned flags, value subject, const struct actuals *actuals,
                 struct bound *ret);

#endif
