/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: they set variables and add to ev->out. */
#include "expr/jinja/engine.h"

static int assign(struct ev *ev, const struct node *target, value v);

static int namespace_of(struct ev *ev, const struct node_ns_target *target, value *ret)
{
    if (ev_name(ev, (const struct node_name *)target->name, ret) < 0)
        return -1;
    ev->at = &target->node;
    return is_object(*ret, &namespace_ops)
               ? 0
               : ev_error(ev, "TemplateRuntimeError", "cannot assign attribute on non-namespace object");
}

static int assign_attribute(struct ev *ev, const struct node_ns_target *target, value v)
{
    struct namespace *namespace;
    VALUE_AUTO(space);

    if (namespace_of(ev, target, &space) < 0)
        return -1;
    namespace = (struct namespace *)space.object;
    if (ev_may_hold(ev, space, v) < 0)
        return -1;
    value_map_set(&namespace->map, value_ref(target->attribute), value_ref(v));
    space.object->header.depth = namespace->map.header->depth;
    return 0;
}

/* As many items as targets. */
static int assign_items(struct ev *ev, const struct node_list *tuple, value items)
{
    if (ev_pay(ev, tuple->count) < 0)
        return -1;
    for (uint32_t i = 0; i < tuple->count; i++)
        if (assign(ev, tuple->items[i], value_ref(items.list->items[i])) < 0)
            return -1;
    return 0;
}

/* Its array of items stays out of the frames of loops. */
static __attribute__((noinline)) int assign_tuple(struct ev *ev, const struct node_list *tuple, value held)
{
    ITER_AUTO(iter);

    if (value_is_list(held) && value_list_count(held) == tuple->count)
        return assign_items(ev, tuple, held);
    if (!is_iterable(held))
        return ev_error(ev, "TypeError", "cannot unpack non-iterable %s object", ev_type_name(held));
    if (iter_init(ev, held, &iter) < 0)
        return -1;
    value items[256], extra;
    uint32_t n = 0;
    int r = tuple->count > ELEMENTS(items) ? ev_limit(ev, LIMIT_ARGUMENTS, ELEMENTS(items)) : 0;

    while (r == 0 && n < tuple->count) {
        r = iter_next(ev, &iter, &items[n]);
        if (r == 0 && !value_is_set(items[n]))
            r = ev_error(ev, "ValueError", "not enough values to unpack (expected %u, got %u)", tuple->count,
                         n);
        else
            n++;
    }
    if (r == 0 && (r = iter_next(ev, &iter, &extra)) == 0 && value_is_set(extra)) {
        value_unref(extra);
        r = ev_error(ev, "ValueError", "too many values to unpack (expected %u)", tuple->count);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (r == 0)
            r = assign(ev, tuple->items[i], items[i]);
        else
            value_unref(items[i]);
    }
    return r;
}

/* Assigns to a name, a tuple of targets or a namespace's attribute; takes `v`. */
static int assign(struct ev *ev, const struct node *target, value v)
{
    int r;

    if (target->type == NODE_NAME) {
        value_replace(&ev->frame->slots[((const struct node_name *)target)->slots[0].slot], v);
        return 0;
    }
    r = target->type == NODE_NS_TARGET ? assign_attribute(ev, (const struct node_ns_target *)target, v)
                                       : assign_tuple(ev, (const struct node_list *)target, v);
    value_unref(v);
    return r;
}

static OUTLINE int print_escaped(struct ev *ev, value v)
{
    VALUE_AUTO(text);
    BUFFER_AUTO(escaped);

    if (ev_str_value(ev, v, &text) < 0 || ev_pay(ev, value_len(text) / 16) < 0)
        return -1;
    text_escape(&escaped, text);
    return ev_add_text(ev, ev->out, buffer_text(&escaped), escaped.len);
}

/* Any expression: its value, then its text. */
static OUTLINE int print_value(struct ev *ev, const struct node *node)
{
    VALUE_AUTO(held);
    value v;

    /* A constant that is printed is folded to its text. */
    if (unlikely(node->constant)) {
        v = ev_eval_printed(ev, node, &held) < 0 ? VALUE_NOTHING : held;
    } else {
        v = ev_peek(ev, node, &held);
    }
    if (!value_is_set(v))
        return -1;
    ev->at = node;
    if (unlikely(ev->autoescape && !is_object(v, &markup_ops) && !value_is_number(v)))
        return print_escaped(ev, v);
    return ev_str(ev, v, ev->out);
}

/* The parts of a concatenation one by one. */
static OUTLINE int print_parts(struct ev *ev, const struct node_list *node)
{
    for (uint32_t i = 0; i < node->count; i++)
        if (ev_print(ev, node->items[i]) < 0)
            return -1;
    return ev_pay(ev, 1);
}

/* A sum of texts, one by one; 1: it is none, and nothing was printed. */
static int print_sum(struct ev *ev, const struct node *node)
{
    const struct node_pair *pair = (const struct node_pair *)node;
    bool sum = node->type == NODE_BINARY && node->op == NUMBER_ADD;
    size_t before = ev->out->len;
    VALUE_AUTO(held);
    value v;
    int r = sum ? print_sum(ev, pair->a) : 0;

    if (r != 0)
        return r;
    v = ev_peek(ev, sum ? pair->b : node, &held);
    if (v.kind == VALUE_STRING)
        return ev_add_text(ev, ev->out, value_chars(v), value_len(v));
    ev->out->len = before;
    return value_is_set(v) ? 1 : -1;
}

/* A filter whose text need not be made first. */
static OUTLINE int print_filter(struct ev *ev, const struct node_call *filter)
{
    VALUE_AUTO(held);
    value subject = ev_peek(ev, filter->subject, &held);

    return value_is_set(subject) ? builtin_print_direct(ev, filter, subject) : -1;
}

/* Whatever is not at hand. */
static OUTLINE int print_part(struct ev *ev, const struct node *node)
{
    const struct node_pair *pair = (const struct node_pair *)node;
    const struct node_call *filter = (const struct node_call *)node;
    int yes, r;

    if (unlikely(ev->autoescape || ev->explained || node->constant))
        return print_value(ev, node);
    switch ((enum node_type)node->type) {
    case NODE_CONDITION:
        if (!pair->c)
            break;
        yes = ev_test_at_hand(ev, pair->a);
        if (yes < 0)
            yes = ev_test(ev, pair->a);
        return yes < 0 || ev_pay(ev, 1) < 0 ? -1 : ev_print(ev, yes ? pair->b : pair->c);
    case NODE_CONCAT:
        return print_parts(ev, (const struct node_list *)node);
    case NODE_FILTER:
        if (!filter->direct || !filter->builtin->print)
            break;
        return print_filter(ev, filter);
    case NODE_BINARY:
        if (node->op != NUMBER_ADD || node->calls)
            break;
        r = print_sum(ev, node);
        if (r > 0)
            break;
        return r;
    default:
        break;
    }
    return print_value(ev, node);
}

int ev_print(struct ev *ev, const struct node *node)
{
    value v = ev_glance(ev, node);

    if (!value_is_set(v) || unlikely(ev->autoescape))
        return print_part(ev, node);
    if (v.kind == VALUE_STRING)
        return ev_add_text(ev, ev->out, value_chars(v), value_len(v));
    ev->at = node;
    return ev_str(ev, v, ev->out);
}

/* Runs a body whose output is kept: text, or markup where output is escaped. */
static int capture(struct ev *ev, const struct node_list *body, value *ret)
{
    BUFFER_AUTO(out);
    struct buffer *before = ev->out;
    int r;

    value_text_begin(&out);
    ev->out = &out;
    r = ev_body(ev, body);
    ev->out = before;
    if (r < 0)
        return -1;
    *ret = value_text_end(&out);
    if (ev->autoescape)
        *ret = markup_new(*ret);
    return 0;
}

static __attribute__((noinline)) int apply_filters(struct ev *ev, const struct node *filter, value *text)
{
    const struct node_call *chain[NODE_DEPTH_MAX * 2 + 4];
    int n = 0;

    for (const struct node *at = filter; at; at = ((const struct node_call *)at)->subject)
        chain[n++] = (const struct node_call *)at;
    while (n) {
        value filtered;

        if (ev_filter_on(ev, chain[--n], *text, &filtered) < 0)
            return -1;
        value_replace(text, filtered);
    }
    return 0;
}

/* The attribute a block sets is an item for Python, which most values do not take. Maps would, but are left alone. */
static int holds_items(struct ev *ev, const struct node_ns_target *target)
{
    VALUE_AUTO(space);

    if (ev_name(ev, (const struct node_name *)target->name, &space) < 0)
        return -1;
    ev->at = &target->node;
    return is_object(space, &namespace_ops) || space.kind == VALUE_MAP
               ? 0
               : ev_error(ev, "TypeError", "'%s' object does not support item assignment",
                          ev_type_name(space));
}

static OUTLINE int run_set_block(struct ev *ev, const struct node_set_block *node)
{
    VALUE_AUTO(text);

    ev_scope_clear(ev, node->scope);
    if (capture(ev, node->body, &text) < 0 || (node->filter && apply_filters(ev, node->filter, &text) < 0))
        return -1;
    if (node->target->type == NODE_NS_TARGET && holds_items(ev, (struct node_ns_target *)node->target) < 0)
        return -1;
    return assign(ev, node->target, value_take(&text));
}

static OUTLINE int run_filter_block(struct ev *ev, const struct node_set_block *node)
{
    VALUE_AUTO(text);

    ev_scope_clear(ev, node->scope);
    if (capture(ev, node->body, &text) < 0 || apply_filters(ev, node->filter, &text) < 0)
        return -1;
    if (!value_is_set(text_of(text)))
        return ev_error(ev, "TypeError", "sequence item 0: expected str instance, %s found",
                        ev_type_name(text));
    return ev_str(ev, text, ev->out);
}

static OUTLINE int run_with(struct ev *ev, const struct node_with *node)
{
    VALUE_AUTO(sources);

    sources = value_list_new(node->count);
    for (uint32_t i = 0; i < node->count; i++) {
        value v;

        if (ev_eval(ev, node->sources[i], &v) < 0)
            return -1;
        value_list_append(&sources, v);
    }
    ev_scope_clear(ev, node->scope);
    for (uint32_t i = 0; i < node->count; i++)
        if (assign(ev, node->targets[i], value_ref(value_list_at(sources, i))) < 0)
            return -1;
    return ev_body(ev, node->body);
}

static OUTLINE int run_autoescape(struct ev *ev, const struct node_set_block *node)
{
    VALUE_AUTO(v);
    bool before = ev->autoescape, yes;
    int r;

    if (ev_eval(ev, node->filter, &v) < 0 || ev_truth(ev, v, &yes) < 0)
        return -1;
    ev_scope_clear(ev, node->scope);
    ev->autoescape = yes;
    r = ev_body(ev, node->body);
    ev->autoescape = before;
    return r;
}

static OUTLINE int run_call_block(struct ev *ev, const struct node_macro *node)
{
    const struct node_call *call = (const struct node_call *)node->target;
    VALUE_AUTO(callee);
    VALUE_AUTO(text);
    ACTUALS_AUTO(actuals);

    if (ev_eval(ev, call->subject, &callee) < 0 || ev_arguments(ev, &call->arguments, &actuals) < 0 ||
        actuals_add_named(ev, &actuals, value_ref(VALUE_ATOM("caller")), macro_new(ev, node)) < 0)
        return -1;
    ev->at = &node->node;
    if (ev_call(ev, callee, &actuals, &text) < 0)
        return -1;
    return ev_str(ev, text, ev->out);
}

/* The branch that is taken; NULL: none, with *ret_failed where a test failed. */
static inline const struct node_list *branch(struct ev *ev, const struct node_if *node, bool *ret_failed)
{
    for (;;) {
        int yes = ev_test_at_hand(ev, node->test);

        if (yes < 0)
            yes = ev_test(ev, node->test);
        *ret_failed = yes < 0;
        if (yes)
            return yes < 0 ? NULL : node->body;
        if (!node->otherwise || node->otherwise->type != NODE_IF)
            return (const struct node_list *)node->otherwise;
        node = (const struct node_if *)node->otherwise;
        if (ev_pay(ev, 1) < 0) {
            *ret_failed = true;
            return NULL;
        }
    }
}

/* The items of a loop with a test that pass it. */
static int for_filtered(struct ev *ev, const struct node_for *node, value iterable, value *ret)
{
    ITER_AUTO(iter);
    VALUE_AUTO(list);
    value each;

    if (iter_init(ev, iterable, &iter) < 0)
        return -1;
    list = value_list_new(0);
    for (;;) {
        int yes;

        if (iter_next(ev, &iter, &each) < 0)
            return -1;
        if (!value_is_set(each))
            break;
        value_list_append(&list, each);
        ev_scope_clear(ev, node->scope);
        if (assign(ev, node->target, value_ref(each)) < 0 || (yes = ev_test(ev, node->test)) < 0)
            return -1;
        if (!yes)
            value_list_remove(&list, value_list_count(list) - 1);
    }
    *ret = value_take(&list);
    return 0;
}

/* The variables of a turn: those of the one before are forgotten. */
static int begin_turn(struct ev *ev, const struct node_for *node, value each)
{
    struct scope_range scope = node->scope;

    if (scope.end - scope.first > 1 || node->target->type != NODE_NAME)
        ev_scope_clear(ev, scope);
    return assign(ev, node->target, each);
}

/* "for key, item in map.items()": no tuples are made. */
static bool walks_pairs(const struct node_for *node, const struct iter *iter)
{
    const struct node_list *pair = (const struct node_list *)node->target;

    return iter->kind == ITER_MAP && is_object(iter->source, &view_ops) &&
           ((const struct view *)iter->source.object)->kind == VIEW_ITEMS &&
           node->target->type == NODE_TUPLE && pair->count == 2;
}

static int for_pairs(struct ev *ev, const struct node_for *node, struct iter *iter, bool *ret_any)
{
    const struct node_list *pair = (const struct node_list *)node->target;
    value key, item;

    for (*ret_any = false;; *ret_any = true) {
        if (iter_next_pair(ev, iter, &key, &item) < 0)
            return -1;
        if (!value_is_set(key))
            return 0;
        ev_scope_clear(ev, node->scope);
        if (assign(ev, pair->items[0], value_ref(key)) < 0 ||
            assign(ev, pair->items[1], value_ref(item)) < 0 || ev_body(ev, node->body) < 0)
            return -1;
    }
}

static int for_plain(struct ev *ev, const struct node_for *node, value items, bool *ret_any)
{
    ITER_AUTO(iter);
    value each;

    if (iter_init(ev, items, &iter) < 0)
        return -1;
    if (walks_pairs(node, &iter))
        return for_pairs(ev, node, &iter, ret_any);
    for (*ret_any = false;; *ret_any = true) {
        if (iter_next(ev, &iter, &each) < 0)
            return -1;
        if (!value_is_set(each))
            return 0;
        if (begin_turn(ev, node, each) < 0 || ev_body(ev, node->body) < 0)
            return -1;
    }
}

/* A loop whose body asks for `loop` walks a list, so that the next item is known. */
static int for_with_loop(struct ev *ev, const struct node_for *node, value items, unsigned depth,
                         bool *ret_any)
{
    VALUE_AUTO(loop);
    VALUE_AUTO(previous);
    VALUE_AUTO(current);

    loop = loop_new(ev, node, items, -1, depth);
    for (size_t i = 0; i < value_list_count(items); i++) {
        value_replace(&previous, value_take(&current));
        current = value_ref(value_list_at(items, i));
        loop_set(loop, (int64_t)i, previous, value_list_at(items, i + 1), i + 1 == value_list_count(items));
        ev_scope_clear(ev, node->scope);
        value_replace(&ev->frame->slots[node->loop_slot], value_ref(loop));
        if (ev_pay(ev, 1) < 0 || assign(ev, node->target, value_ref(current)) < 0 ||
            ev_body(ev, node->body) < 0)
            return -1;
        *ret_any = true;
    }
    return 0;
}

int ev_for_with(struct ev *ev, const struct node_for *node, value iterable, unsigned depth)
{
    VALUE_AUTO(items);
    bool any = false;

    if (node->test) {
        if (for_filtered(ev, node, iterable, &items) < 0)
            return -1;
    } else if (node->loop_slot >= 0 && !value_is_list(iterable)) {
        if (!is_iterable(iterable))
            return ev_error(ev, "TypeError", "'%s' object is not iterable", ev_type_name(iterable));
        if (ev_list(ev, iterable, &items) < 0)
            return -1;
    } else {
        items = value_ref(iterable);
    }
    if (node->loop_slot >= 0 ? for_with_loop(ev, node, items, depth, &any) < 0
                             : for_plain(ev, node, items, &any) < 0)
        return -1;
    ev_scope_clear(ev, node->scope);
    if (any || !node->otherwise)
        return 0;
    ev_scope_clear(ev, node->otherwise_scope);
    return ev_body(ev, node->otherwise);
}

static OUTLINE int run_for(struct ev *ev, const struct node_for *node)
{
    VALUE_AUTO(iterable);

    if (ev_eval(ev, node->iterable, &iterable) < 0)
        return -1;
    ev->at = &node->node;
    return ev_for_with(ev, node, iterable, 1);
}

int ev_block(struct ev *ev, const struct node_macro *block, struct frame *seen)
{
    struct frame *before = ev->frame, *frame = frame_enter(ev, &block->function, seen);
    int r;

    if (ev_enter(ev) < 0)
        return frame_leave(ev, frame, before), -1;
    r = ev_body(ev, block->body);
    ev_leave(ev);
    frame_leave(ev, frame, before);
    return r;
}

static OUTLINE int run_block(struct ev *ev, const struct node_macro *block)
{
    struct frame *seen = ev->frame;

    if (block->required) {
        ev->at = &block->node;
        return ev_error(ev, "TemplateRuntimeError", "Required block '%s' not found",
                        value_chars(block->name));
    }
    for (unsigned i = 0; i < block->level; i++)
        seen = seen->up;
    return ev_block(ev, block, seen);
}

/* What attributes are set of has to be a namespace, before anything is worked out. */
static int are_namespaces(struct ev *ev, const struct node *target)
{
    const struct node_list *tuple = (const struct node_list *)target;
    VALUE_AUTO(space);

    for (uint32_t i = 0; target->type == NODE_TUPLE && i < tuple->count; i++)
        if (are_namespaces(ev, tuple->items[i]) < 0)
            return -1;
    return target->type == NODE_NS_TARGET ? namespace_of(ev, (const struct node_ns_target *)target, &space)
                                          : 0;
}

static int run_set(struct ev *ev, const struct node_set *node)
{
    value v;

    if ((node->target->type != NODE_NAME && are_namespaces(ev, node->target) < 0) ||
        ev_eval(ev, node->source, &v) < 0)
        return -1;
    ev->at = &node->node;
    return assign(ev, node->target, v);
}

static int run_statement(struct ev *ev, const struct node *node)
{
    switch ((enum node_type)node->type) {
    case NODE_LIST:
        return ev_body(ev, (const struct node_list *)node);
    case NODE_FOR:
        return run_for(ev, (const struct node_for *)node);
    case NODE_SET:
        return run_set(ev, (const struct node_set *)node);
    case NODE_SET_BLOCK:
        return run_set_block(ev, (const struct node_set_block *)node);
    case NODE_MACRO:
        return assign(ev, ((const struct node_macro *)node)->target,
                      macro_new(ev, (const struct node_macro *)node));
    case NODE_CALL_BLOCK:
        return run_call_block(ev, (const struct node_macro *)node);
    case NODE_FILTER_BLOCK:
        return run_filter_block(ev, (const struct node_set_block *)node);
    case NODE_WITH:
        return run_with(ev, (const struct node_with *)node);
    case NODE_AUTOESCAPE:
        return run_autoescape(ev, (const struct node_set_block *)node);
    case NODE_BLOCK:
        return run_block(ev, (const struct node_macro *)node);
    default:
        ev->at = node;
        return ev_error(ev, "TypeError", "no loader for this environment specified");
    }
}

static inline int print_data(struct ev *ev, const struct node_data *data)
{
    struct buffer *out = ev->out;
    char *to;

    /* Short texts are copied with what is behind them, which takes no decisions. */
    if (unlikely(data->len > DATA_PAD || out->len + DATA_PAD >= out->room ||
                 out->len + data->len > ev->text_max))
        return ev_add_text(ev, out, data->text, data->len);
    to = out->data + out->len;
    memcpy(to, data->text, DATA_PAD);
    to[data->len] = '\0';
    out->len += data->len;
    return 0;
}

static inline int run_if(struct ev *ev, const struct node_if *node)
{
    bool failed;
    const struct node_list *body = branch(ev, node, &failed);

    if (!body)
        return failed ? -1 : 0;
    return body->count == 1 && body->items[0]->type == NODE_DATA
               ? print_data(ev, (const struct node_data *)body->items[0])
               : ev_body(ev, body);
}

static int run_body(struct ev *ev, const struct node_list *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const struct node *node = body->items[i];
        int r;

        switch ((enum node_type)node->type) {
        case NODE_DATA:
            r = print_data(ev, (const struct node_data *)node);
            break;
        case NODE_PRINT:
            r = ev_print(ev, ((const struct node_pair *)node)->a);
            break;
        case NODE_IF:
            r = run_if(ev, (const struct node_if *)node);
            break;
        default:
            r = run_statement(ev, node);
        }
        if (unlikely(r < 0))
            return -1;
    }
    return 0;
}

int ev_body(struct ev *ev, const struct node_list *body)
{
    if (likely(ev_pay(ev, body->count) == 0 && run_body(ev, body) == 0))
        return 0;
    if (!ev->err->line)
        ev_place(ev);
    return -1;
}
