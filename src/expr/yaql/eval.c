/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the tree. Operators on plain numbers and texts are answered here; everything else goes through the overloads of
   the library (resolve.c). Scopes are frames, those of lambdas on the C stack. */
#include "expr/yaql/yaql-internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "expr/yaql/workflow.h"
#include "value/number.h"
#include "value/pyregex.h"

#define STACK_MAX     (2u << 20) /* bytes of C stack that one evaluation may use; threads have eight megabytes */
#define STEPS_BETWEEN 128        /* looks at the memory */
#define STEPS_MAX     700000
#define DEPTH_MAX     150
#define MEMORY_MAX    (40u << 20)
#define ITEMS_MAX     200000
#define TEXT_MAX      (4u << 20)
#define MATCHES_MAX   200000
#define MESSAGE_MAX   10000 /* bytes of an error message */

/* ---- failing and limits ---- */

int yaql_fail(struct evaluation *ev, const char *kind, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = xvasprintf(format, args);
    va_end(args);
    if (strlen(text) > MESSAGE_MAX) {
        size_t n = MESSAGE_MAX;

        while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
            n--;
        memcpy(text + n, "...", 4);
    }
    error_set_kind(ev->err, -EINVAL, kind, "%s", text);
    free(text);
    return -EINVAL;
}

int yaql_check_text(struct evaluation *ev, size_t bytes)
{
    if (likely(bytes <= ev->limits.text))
        return 0;
    return limit_exceeded(ev->err, LIMIT_TEXT, ev->limits.text);
}

int yaql_check_count(struct evaluation *ev, size_t items)
{
    if (likely(items <= ev->limits.sequence))
        return 0;
    return limit_exceeded(ev->err, LIMIT_SEQUENCE, ev->limits.sequence);
}

int yaql_slow_step(struct evaluation *ev)
{
    int64_t held = value_thread_bytes() - ev->bytes_before + ev->object_bytes;

    ev->next_check = ev->steps + STEPS_BETWEEN;
    if (ev->steps > ev->limits.steps)
        return limit_exceeded(ev->err, LIMIT_STEPS, ev->limits.steps);
    if (held > (int64_t)ev->limits.memory)
        return limit_exceeded(ev->err, LIMIT_MEMORY, ev->limits.memory);
    return 0;
}

int yaql_enter_value(struct evaluation *ev)
{
    const char *here = __builtin_frame_address(0);
    size_t used = here < ev->stack ? (size_t)(ev->stack - here) : (size_t)(here - ev->stack);

    if (likely(used < STACK_MAX))
        return 0;
    return limit_recursion(ev->err, LIMIT_STACK, STACK_MAX);
}

int yaql_enter(struct evaluation *ev)
{
    if (unlikely(ev->depth >= ev->limits.depth))
        return limit_recursion(ev->err, LIMIT_DEPTH, ev->limits.depth);
    ev->depth++;
    if (unlikely(yaql_enter_value(ev) < 0)) {
        ev->depth--;
        return -EINVAL;
    }
    return 0;
}

/* ---- frames ---- */

struct frame *frame_new(struct evaluation *ev, struct frame *parent)
{
    struct frame *frame = xcalloc(1, sizeof(*frame));

    yaql_charge(ev, 4);
    frame->refs = 1;
    frame->ev = ev;
    frame->parent = frame_capture(ev, parent);
    ev->object_bytes += (int64_t)sizeof(*frame);
    return frame;
}

struct frame *frame_ref(struct frame *frame)
{
    if (frame)
        frame->refs++;
    return frame;
}

void frame_unref(struct frame *frame)
{
    struct frame *parent;

    for (; frame && --frame->refs == 0; frame = parent) {
        parent = frame->parent;
        for (uint32_t i = 0; i < frame->n_args; i++)
            value_unref(frame->args[i]);
        for (uint32_t i = 0; i < frame->n_names; i++) {
            value_unref(frame->names[i].item);
            value_unref(frame->names[i].text);
        }
        frame->ev->object_bytes -= (int64_t)(sizeof(*frame) + frame->n_args * sizeof(value) +
                                             frame->n_names * sizeof(struct frame_name));
        free((void *)frame->args);
        free(frame->names);
        free(frame);
    }
}

void frame_append_arg(struct frame *frame, value item)
{
    value *args = (value *)frame->args;

    if (!(frame->n_args & (frame->n_args - 1))) /* full at each power of two */
        args = xreallocarray(args, frame->n_args ? (size_t)frame->n_args * 2 : 1, sizeof(value));
    args[frame->n_args++] = value_ref(item);
    frame->args = args;
    frame->ev->object_bytes += (int64_t)sizeof(value);
}

static struct frame_name *add_name(struct frame *frame, value name)
{
    struct frame_name *to;

    if (!(frame->n_names & (frame->n_names - 1)))
        frame->names = xreallocarray(frame->names, frame->n_names ? (size_t)frame->n_names * 2 : 1,
                                     sizeof(*frame->names));
    frame->ev->object_bytes += (int64_t)sizeof(*frame->names);
    to = &frame->names[frame->n_names++];
    *to = (struct frame_name){ .text = value_ref(name), .name = value_chars(name), .len = value_len(name) };
    if (to->len && to->name[0] == '$') {
        to->name++;
        to->len--;
    }
    if (!to->len) {
        to->name = "1";
        to->len = 1;
    }
    return to;
}

void frame_set(struct frame *frame, value name, value item)
{
    add_name(frame, name)->item = value_ref(item);
}

void frame_set_function(struct frame *frame, value name, const struct node *body)
{
    add_name(frame, name)->body = body;
    frame->ev->has_functions = true;
}

struct frame *frame_capture(struct evaluation *ev, struct frame *frame)
{
    struct frame *copy;

    if (!frame)
        return NULL;
    if (frame->refs)
        return frame_ref(frame);
    if (frame->captured)
        return frame_ref(frame->captured);
    copy = frame_new(ev, frame->parent);
    for (uint32_t i = 0; i < frame->n_args; i++)
        frame_append_arg(copy, frame->args[i]);
    for (uint32_t i = 0; i < frame->n_names; i++) {
        VALUE_AUTO(text);

        text = value_text_n(frame->names[i].name, frame->names[i].len);
        frame_set(copy, text, frame->names[i].item);
    }
    frame->captured = copy; /* the stack frame keeps one reference until its call returns */
    return frame_ref(copy);
}

static inline void frame_done(struct frame *frame)
{
    if (unlikely(frame->captured))
        frame_unref(frame->captured);
}

/* $name: borrowed, VALUE_UNSET when no frame has it. */
static value lookup(const struct frame *frame, const struct node *node)
{
    for (; frame; frame = frame->parent) {
        if (node->index && node->index <= frame->n_args)
            return frame->args[node->index - 1];
        for (uint32_t i = frame->n_names; i-- > 0;) {
            const struct frame_name *name = &frame->names[i];

            if (name->body)
                continue;
            if (node->value.string->len == name->len &&
                memcmp(node->value.string->data, name->name, name->len) == 0)
                return name->item;
            if (node->index == 1 && name->len == 1 && name->name[0] == '1')
                return name->item;
        }
    }
    return VALUE_NOTHING;
}

/* ---- lambdas ---- */

int closure_call(struct evaluation *ev, const struct closure *closure, const value *args, size_t n_args,
                 value *ret)
{
    struct frame frame = { .parent = closure->frame, .args = args, .n_args = (uint32_t)n_args };
    int r;

    if (!closure->node) {
        if (value_is_null(closure->constant))
            return yaql_fail(ev, "TypeError", "'NoneType' object is not callable");
        *ret = value_ref(closure->constant);
        return 0;
    }
    r = yaql_enter(ev);
    if (r < 0)
        return r;
    r = yaql_eval(ev, closure->node, &frame, ret);
    frame_done(&frame);
    yaql_leave(ev);
    return r;
}

int closure_test(struct evaluation *ev, const struct closure *closure, const value *args, size_t n_args,
                 bool *ret)
{
    value v;
    int r = closure_call(ev, closure, args, n_args, &v);

    if (r < 0)
        return r;
    *ret = yaql_truth(v);
    value_unref(v);
    return 0;
}

int closure_call_in(struct evaluation *ev, const struct closure *closure, struct frame *frame, value *ret)
{
    struct closure inner = *closure;

    inner.frame = frame;
    return closure_call(ev, &inner, NULL, 0, ret);
}

/* ---- operators ---- */

static int no_match(struct evaluation *ev, enum yaql_operator op)
{
    return yaql_fail(ev, "NoMatchingFunctionException", "No function \"%s\" matches supplied arguments",
                     yaql_operator_names[op]);
}

static bool integer_fast(enum yaql_operator op, int64_t a, int64_t b, value *ret)
{
    int64_t out;

    switch (op) {
    case OP_ADD:
        if (__builtin_add_overflow(a, b, &out))
            return false;
        break;
    case OP_SUBTRACT:
        if (__builtin_sub_overflow(a, b, &out))
            return false;
        break;
    case OP_MULTIPLY:
        if (__builtin_mul_overflow(a, b, &out))
            return false;
        break;
    case OP_GREATER:
        *ret = value_bool(a > b);
        return true;
    case OP_LESS:
        *ret = value_bool(a < b);
        return true;
    case OP_GREATER_EQUAL:
        *ret = value_bool(a >= b);
        return true;
    case OP_LESS_EQUAL:
        *ret = value_bool(a <= b);
        return true;
    default:
        return false;
    }
    *ret = value_int(out);
    return true;
}

static bool float_fast(enum yaql_operator op, double a, double b, value *ret)
{
    switch (op) {
    case OP_ADD:
        *ret = value_float(a + b);
        return true;
    case OP_SUBTRACT:
        *ret = value_float(a - b);
        return true;
    case OP_MULTIPLY:
        *ret = value_float(a * b);
        return true;
    case OP_GREATER:
        *ret = value_bool(a > b);
        return true;
    case OP_LESS:
        *ret = value_bool(a < b);
        return true;
    case OP_GREATER_EQUAL:
        *ret = value_bool(a >= b);
        return true;
    case OP_LESS_EQUAL:
        *ret = value_bool(a <= b);
        return true;
    default:
        return false;
    }
}

int yaql_binary(struct evaluation *ev, struct frame *frame, enum yaql_operator op, value a, value b,
                value *ret)
{
    if (op == OP_EQUAL || op == OP_NOT_EQUAL) {
        yaql_charge(ev, value_len(a) / 1024);
        *ret = value_bool(yaql_equal(ev, a, b) == (op == OP_EQUAL));
        return 0;
    }
    if (a.kind == VALUE_INT && b.kind == VALUE_INT) {
        if (integer_fast(op, a.integer, b.integer, ret))
            return 0;
    } else if (a.kind == VALUE_FLOAT && b.kind == VALUE_FLOAT) {
        if (float_fast(op, a.number, b.number, ret))
            return 0;
    }
    return yaql_call_values(ev, frame, yaql_operator_names[op], library_operator(op), (value[]){ a, b }, 2,
                            NULL, NULL, 0, ret);
}

static int eval_logic(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    value left;
    int r = yaql_eval(ev, node->args[0], frame, &left);

    if (r < 0)
        return r;
    if (yaql_truth(left) == (node->op == OP_OR)) {
        *ret = left;
        return 0;
    }
    value_unref(left);
    return yaql_eval(ev, node->args[1], frame, ret);
}

static int eval_arrow(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    VALUE_AUTO(left);
    int r = yaql_eval(ev, node->args[0], frame, &left);

    if (r < 0)
        return r;
    if (!value_is_object(left, &yaql_scope_ops))
        return no_match(ev, OP_ARROW);
    return yaql_eval(ev, node->args[1], ((struct yaql_scope *)left.object)->frame, ret);
}

/* ---- x.name, x.f(), x[i] ---- */

static bool is_constant(const struct node *node)
{
    return node->kind == NODE_CONSTANT || node->kind == NODE_KEYWORD;
}

/* "ctx().name" without making what ctx() gives. */
static bool dot_context(struct evaluation *ev, const struct node *node, value *ret)
{
    const struct node *left = node->args[0], *right = node->args[1];
    value found;

    if (left->kind != NODE_CALL || left->op != CALL_CTX || left->n_args || right->kind != NODE_KEYWORD ||
        ev->has_functions || node->op != OP_DOT)
        return false;
    found = value_map_get_n(ev->context->variables, right->value.string->data, right->value.string->len);
    if (!value_is_set(found))
        return false;
    *ret = workflow_input(ev, found);
    return true;
}

static int eval_dot(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    const struct node *right = node->args[1];
    VALUE_AUTO(left);
    int r;

    if (dot_context(ev, node, ret))
        return 0;
    if (right->kind != NODE_CALL && right->kind != NODE_KEYWORD && node->op == OP_DOT)
        return no_match(ev, OP_DOT);
    r = yaql_eval(ev, node->args[0], frame, &left);
    if (r < 0)
        return r;
    if (node->op == OP_ELVIS && value_is_null(left)) {
        *ret = value_null();
        return 0;
    }
    if (right->kind == NODE_KEYWORD)
        return yaql_attribute(ev, left, right->value, ret);
    if (right->kind != NODE_CALL)
        return no_match(ev, OP_DOT);
    return yaql_call(ev, frame, value_chars(right->value), right->overloads, left, right->args, right->n_args,
                     ret);
}

/* `v` is the name. */
static int attribute_next(struct evaluation *ev, struct lazy *lazy, value *ret)
{
    value item;
    int r = cursor_next(ev, &lazy->source, &item);

    if (r != 0)
        return r;
    r = yaql_attribute(ev, item, lazy->v, ret);
    value_unref(item);
    return r;
}

static int property(struct evaluation *ev, value v, value name, value *ret)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "#property#%.60s", name.string->data);
    const struct overloads *overloads = value_len(name) < 60 ? library_find(text, (size_t)n) : NULL;

    if (!overloads)
        return yaql_fail(ev, "NoFunctionRegisteredException", "Unknown function \"#property#%s\"",
                         name.string->data);
    return yaql_call_values(ev, NULL, text, overloads, &v, 1, NULL, NULL, 0, ret);
}

int yaql_attribute(struct evaluation *ev, value v, value name, value *ret)
{
    static const struct lazy_ops ops = { .name = "map", .next = attribute_next };
    struct lazy *lazy;
    value found;
    int r;

    if (yaql_is_map(v)) {
        found = value_map_get_n(yaql_map_of(v), value_chars(name), value_len(name));
        if (!value_is_set(found))
            return yaql_key_error(ev, yaql_map_of(v), name);
        *ret = value_ref(found);
        return 0;
    }
    if (!yaql_is_iterable(v))
        return property(ev, v, name, ret);
    r = lazy_over(ev, &ops, v, &lazy);
    if (r < 0)
        return r;
    lazy->v = value_ref(name);
    *ret = lazy_value(lazy);
    return 0;
}

static int index_list(struct evaluation *ev, value list, value index, value *ret)
{
    int64_t at = index.integer, n = list.list->count;

    if (index.kind == VALUE_BIGINT)
        return yaql_fail(ev, "IndexError", "cannot fit 'int' into an index-sized integer");
    if (at < 0)
        at += n;
    if (at < 0 || at >= n)
        return yaql_fail(ev, "IndexError", "%s index out of range", yaql_type_name(list));
    *ret = value_ref(list.list->items[at]);
    return 0;
}

int yaql_index(struct evaluation *ev, value v, value index, value *ret)
{
    value found;
    int r;

    if (yaql_is_map(v)) {
        r = yaql_map_find(ev, yaql_map_of(v), index, &found);
        if (r < 0)
            return r;
        if (!value_is_set(found))
            return yaql_key_error(ev, yaql_map_of(v), index);
        *ret = value_ref(found);
        return 0;
    }
    if (yaql_is_sequence(v) && (value_is_integer(index) || index.kind == VALUE_BOOL))
        return index_list(ev, v, index, ret);
    return no_match(ev, OP_INDEX);
}

static int eval_index(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    VALUE_AUTO(v);
    VALUE_AUTO(index);
    int r;

    if (node->n_args != 2 || node->args[1]->kind == NODE_RULE || node->args[1]->kind == NODE_SKIP)
        return yaql_call(ev, frame, yaql_operator_names[OP_INDEX], library_operator(OP_INDEX), VALUE_NOTHING,
                         node->args, node->n_args, ret);
    r = yaql_eval(ev, node->args[0], frame, &v);
    if (r >= 0)
        r = yaql_eval(ev, node->args[1], frame, &index);
    return r < 0 ? r : yaql_index(ev, v, index, ret);
}

/* ---- the rest ---- */

static int eval_list(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    VALUE_AUTO(list);

    for (size_t i = 0; i < node->n_args; i++)
        if (node->args[i]->kind == NODE_RULE || node->args[i]->kind == NODE_SKIP)
            return no_match(ev, OP_LIST);
    list = value_list_new(node->n_args);
    for (size_t i = 0; i < node->n_args; i++) {
        value item;
        int r = yaql_eval(ev, node->args[i], frame, &item);

        if (r >= 0)
            r = yaql_append(ev, &list, item);
        if (r < 0)
            return r;
    }
    yaql_charge(ev, 2);
    *ret = value_take(&list);
    return 0;
}

static int eval_unary(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    VALUE_AUTO(v);
    int r = yaql_eval(ev, node->args[0], frame, &v);

    if (r < 0)
        return r;
    if (node->op == OP_NOT) {
        *ret = value_bool(!yaql_truth(v));
        return 0;
    }
    if (v.kind == VALUE_INT && v.integer != INT64_MIN) {
        *ret = value_int(node->op == OP_NEGATE ? -v.integer : v.integer);
        return 0;
    }
    return yaql_call_values(ev, frame, yaql_operator_names[node->op], library_operator(node->op), &v, 1, NULL,
                            NULL, 0, ret);
}

static int eval_binary(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    value a, b;
    int r = yaql_eval(ev, node->args[0], frame, &a);

    if (r >= 0) {
        r = yaql_eval(ev, node->args[1], frame, &b);
        if (r < 0)
            value_unref(a);
    }
    if (r < 0) {
        /* Constants that fit no overload are told before the other side is evaluated. */
        if ((is_constant(node->args[0]) || is_constant(node->args[1])) && node->op != OP_EQUAL &&
            node->op != OP_NOT_EQUAL && !yaql_could_match(library_operator(node->op), node->args, 2))
            return no_match(ev, node->op);
        return r;
    }
    r = yaql_binary(ev, frame, node->op, a, b, ret);
    value_unref(a);
    value_unref(b);
    return r;
}

static int eval_operator(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    switch (node->op) {
    case OP_DOT:
    case OP_ELVIS:
        return eval_dot(ev, node, frame, ret);
    case OP_INDEX:
        return eval_index(ev, node, frame, ret);
    case OP_LIST:
        return eval_list(ev, node, frame, ret);
    case OP_MAP:
        return yaql_call(ev, frame, yaql_operator_names[OP_MAP], library_operator(OP_MAP), VALUE_NOTHING,
                         node->args, node->n_args, ret);
    case OP_PLUS:
    case OP_NEGATE:
    case OP_NOT:
        return eval_unary(ev, node, frame, ret);
    case OP_AND:
    case OP_OR:
        return eval_logic(ev, node, frame, ret);
    case OP_ARROW:
        return eval_arrow(ev, node, frame, ret);
    default:
        return eval_binary(ev, node, frame, ret);
    }
}

static int eval_call(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    if (node->op == CALL_CTX && node->n_args == 1 && is_constant(node->args[0]) && !ev->has_functions &&
        value_is_string(node->args[0]->value))
        return workflow_variable(ev, node->args[0]->value, ret);
    return yaql_call(ev, frame, value_chars(node->value), node->overloads, VALUE_NOTHING, node->args,
                     node->n_args, ret);
}

static inline int eval_kind(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    value v;
    int r;

    switch (node->kind) {
    case NODE_CONSTANT:
    case NODE_KEYWORD:
        *ret = value_ref(node->value);
        return 0;
    case NODE_VARIABLE:
        v = lookup(frame, node);
        *ret = value_is_set(v) ? value_ref(v) : workflow_private(ev, node->value);
        return 0;
    case NODE_WRAP:
        r = yaql_enter_value(ev);
        return r < 0 ? r : yaql_eval(ev, node->args[0], frame, ret);
    case NODE_CALL:
        r = yaql_enter_value(ev);
        return r < 0 ? r : eval_call(ev, node, frame, ret);
    case NODE_OPERATOR:
        r = yaql_enter_value(ev);
        return r < 0 ? r : eval_operator(ev, node, frame, ret);
    default:
        return yaql_fail(ev, "MappingTranslationException", "Cannot convert mapping to keyword argument");
    }
}

int yaql_eval(struct evaluation *ev, const struct node *node, struct frame *frame, value *ret)
{
    int r = yaql_step(ev);

    if (likely(r >= 0))
        r = eval_kind(ev, node, frame, ret);
    if (unlikely(ev->explaining) && r >= 0)
        explaining_note(ev->explaining, node, *ret);
    return r;
}

/* ---- the way in ---- */

static void take_limits(struct expr_limits *limits, const struct expr_limits *from)
{
    static const struct expr_limits defaults = {
        .steps = STEPS_MAX,
        .depth = DEPTH_MAX,
        .memory = MEMORY_MAX,
        .sequence = ITEMS_MAX,
        .text = TEXT_MAX,
        .regex_matches = MATCHES_MAX,
    };

    if (!from) {
        *limits = defaults;
        return;
    }
    *limits = *from;
#define DEFAULT(member) limits->member = limits->member ? limits->member : defaults.member
    DEFAULT(steps);
    DEFAULT(depth);
    DEFAULT(memory);
    DEFAULT(sequence);
    DEFAULT(text);
    DEFAULT(regex_matches);
#undef DEFAULT
}

int yaql_evaluate(const struct yaql *yaql, const struct expr_context *context, value *ret, struct error *err)
{
    return yaql_explain(yaql, context, NULL, ret, err);
}

int yaql_explain(const struct yaql *yaql, const struct expr_context *context, value *steps, value *ret,
                 struct error *err)
{
    ERROR_AUTO(unheard); /* some functions look at the kind of an error, so there always is one */
    struct evaluation ev = {
        .context = context,
        .err = err ? err : &unheard,
        .stack = __builtin_frame_address(0),
        .bytes_before = value_thread_bytes(),
        .random = context->random_seed,
    };
    struct pyregex_budget outer;
    value v;
    int r;

    pyregex_budget_begin(&outer);
    take_limits(&ev.limits, context->limits);
    if (steps)
        ev.explaining = explaining_new(yaql);
    r = yaql_eval(&ev, yaql->root, NULL, &v);
    if (r >= 0) {
        VALUE_AUTO(result);

        r = yaql_finalize(&ev, v, &result);
        value_unref(v);
        if (r >= 0)
            r = yaql_slow_step(&ev); /* some walks are broken off without a word */
        if (r >= 0)
            *ret = value_take(&result);
    }
    if (steps) {
        explaining_tell(ev.explaining, steps);
        explaining_free(ev.explaining);
    }
    pyregex_budget_end(&outer);
    value_unref(ev.visible);
    return r < 0 ? r : 0;
}
