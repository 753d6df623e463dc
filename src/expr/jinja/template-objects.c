/* SPDX-License-Identifier: Apache-2.0 */
/* The objects that belong to a template's run: macros, loops, cyclers, joiners, blocks as functions, the datastore. */
#include "expr/jinja/engine.h"

#include <stdlib.h>

#include "base/mem.h"

/* ---- macros ---- */

struct macro {
    struct value_object object;
    const struct node_macro *node;
    struct frame *frame; /* where it was made; kept until the evaluation ends */
};

static void macro_free(struct value_object *object)
{
    object_free(object, sizeof(struct macro));
}

value macro_new(struct ev *ev, const struct node_macro *node)
{
    struct macro *macro = object_new(&macro_ops, sizeof(*macro));

    macro->node = node;
    macro->frame = ev->frame;
    for (struct frame *frame = ev->frame; frame; frame = frame->up)
        frame->captured = true;
    return value_object(&macro->object);
}

/* A keyword argument, removed from those that are left; unset when it was not given. */
static value take_named(const struct actuals *actuals, bool *used, value name)
{
    for (unsigned i = 0; i < actuals->n_named; i++) {
        if (used[i] || !value_equal(actuals->names[i], name))
            continue;
        used[i] = true;
        return value_ref(actuals->items[actuals->n + i]);
    }
    return VALUE_NOTHING;
}

static int bind_extras(struct ev *ev, const struct node_macro *node, const struct actuals *actuals,
                       bool *used, struct frame *frame)
{
    const char *name = value_chars(node->name);
    value kwargs = VALUE_NOTHING;

    if (node->caller_slot >= 0 && !node->explicit_caller) {
        value caller = take_named(actuals, used, VALUE_ATOM("caller"));

        if (!value_is_set(caller))
            caller = undefined_hint(ev, "UndefinedError", value_text("No caller defined"));
        frame->slots[node->caller_slot] = caller;
    }
    if (node->kwargs_slot >= 0)
        kwargs = value_map_new(0);
    for (unsigned i = 0; i < actuals->n_named; i++) {
        if (used[i])
            continue;
        if (node->kwargs_slot < 0)
            return ev_error(ev, "TypeError", "macro '%s' takes no keyword argument '%s'", name,
                            value_chars(actuals->names[i]));
        value_map_set(&kwargs, value_ref(actuals->names[i]), value_ref(actuals->items[actuals->n + i]));
    }
    if (node->kwargs_slot >= 0)
        frame->slots[node->kwargs_slot] = kwargs;
    if (node->varargs_slot >= 0) {
        value rest = value_tuple_new(0);

        for (unsigned i = node->n_params; i < actuals->n; i++)
            value_list_append(&rest, value_ref(actuals->items[i]));
        frame->slots[node->varargs_slot] = rest;
    } else if (actuals->n > node->n_params) {
        return ev_error(ev, "TypeError", "macro '%s' takes not more than %u argument(s)", name,
                        node->n_params);
    }
    return 0;
}

static int bind_parameters(struct ev *ev, const struct node_macro *node, const struct actuals *actuals,
                           struct frame *frame)
{
    bool used[256] = { false };
    unsigned first_default = node->n_params - node->n_defaults;

    if (actuals->n_named > ELEMENTS(used))
        return ev_limit(ev, LIMIT_ARGUMENTS, ELEMENTS(used));
    for (unsigned i = 0; i < node->n_params; i++) {
        value v = i < actuals->n ? value_ref(actuals->items[i]) : take_named(actuals, used, node->params[i]);

        frame->slots[node->param_slots[i]] = v;
    }
    if (bind_extras(ev, node, actuals, used, frame) < 0)
        return -1;
    for (unsigned i = 0; i < node->n_params; i++) {
        value *slot = &frame->slots[node->param_slots[i]];
        value v;

        if (value_is_set(*slot))
            continue;
        if (i >= first_default) {
            if (ev_eval(ev, node->defaults[i - first_default], &v) < 0)
                return -1;
        } else {
            v = undefined_hint(ev, "UndefinedError",
                               value_textf("parameter '%s' was not provided", value_chars(node->params[i])));
        }
        value_replace(slot, v);
    }
    return 0;
}

static int macro_call(struct ev *ev, value self, const struct actuals *actuals, value *ret)
{
    const struct macro *macro = (const struct macro *)self.object;
    struct buffer *before_out = ev->out;
    struct frame *before = ev->frame, *frame;
    BUFFER_AUTO(out);
    int r;

    frame = frame_enter(ev, &macro->node->function, macro->frame);
    value_text_begin(&out);
    ev->out = &out;
    r = bind_parameters(ev, macro->node, actuals, frame);
    if (r == 0)
        r = ev_body(ev, macro->node->body);
    ev->out = before_out;
    frame_leave(ev, frame, before);
    if (r < 0)
        return -1;
    *ret = value_text_end(&out);
    if (ev->autoescape)
        *ret = markup_new(*ret);
    return 0;
}

static int macro_getattr(struct ev *ev, value self, value name, value *ret)
{
    const struct node_macro *node = ((const struct macro *)self.object)->node;

    if (value_text_is(name, "name")) {
        *ret = node->node.type == NODE_CALL_BLOCK ? value_null() : value_ref(node->name);
    } else if (value_text_is(name, "arguments")) {
        *ret = value_tuple_new(node->n_params);
        for (unsigned i = 0; i < node->n_params; i++)
            value_list_append(ret, value_ref(node->params[i]));
    } else if (value_text_is(name, "catch_kwargs")) {
        *ret = value_bool(node->kwargs_slot >= 0);
    } else if (value_text_is(name, "catch_varargs")) {
        *ret = value_bool(node->varargs_slot >= 0);
    } else if (value_text_is(name, "caller")) {
        *ret = value_bool(node->caller_slot >= 0);
    }
    return 0;
}

static void macro_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    const struct node_macro *node = ((const struct macro *)self)->node;

    if (node->node.type == NODE_CALL_BLOCK)
        buffer_add_text(out, "<Macro anonymous>");
    else
        buffer_addf(out, "<Macro '%s'>", value_chars(node->name));
}

const struct object_ops macro_ops = {
    .base = { "macro", macro_free },
    .type_name = "jinja2.runtime.Macro",
    .getattr = macro_getattr,
    .call = macro_call,
    .repr = macro_repr,
};

/* ---- loops ---- */

struct loop {
    struct value_object object;
    const struct node_for *node;
    struct frame *frame;
    value items, previous, next, changed;
    int64_t index0;
    unsigned depth;
    bool last;
};

static void loop_free(struct value_object *object)
{
    struct loop *loop = (struct loop *)object;

    value_unref(loop->items);
    value_unref(loop->previous);
    value_unref(loop->next);
    value_unref(loop->changed);
    object_free(loop, sizeof(*loop));
}

value loop_new(struct ev *ev, const struct node_for *node, value items, int64_t length, unsigned depth)
{
    struct loop *loop = object_new(&loop_ops, sizeof(*loop));

    loop->node = node;
    loop->frame = ev->frame;
    loop->items = value_ref(items);
    loop->depth = depth;
    if (node->recursive)
        for (struct frame *frame = ev->frame; frame; frame = frame->up)
            frame->captured = true;
    return value_object(&loop->object);
}

void loop_set(value v, int64_t index0, value previous, value next, bool last)
{
    struct loop *loop = (struct loop *)v.object;

    loop->index0 = index0;
    loop->last = last;
    value_replace(&loop->previous, value_ref(previous));
    value_replace(&loop->next, value_ref(next));
}

/* loop(items): the body once more for other items, in a scope of its own. */
static int loop_call(struct ev *ev, value self, const struct actuals *actuals, value *ret)
{
    const struct loop *loop = (const struct loop *)self.object;
    struct frame *before = ev->frame;
    struct buffer *before_out = ev->out;
    struct scope_range range = loop->node->scope;
    BUFFER_AUTO(out);
    value *saved;
    int r;

    if (!loop->node->recursive)
        return ev_error(ev, "TypeError",
                        "The loop must have the 'recursive' marker to be called recursively.");
    if (actuals->n + actuals->n_named != 1)
        return ev_error(ev, "TypeError",
                        "LoopContext.__call__() takes 2 positional arguments but %u were given",
                        actuals->n + actuals->n_named + 1);
    saved = xreallocarray(NULL, (size_t)(range.end - range.first) + 1, sizeof(value));
    ev->frame = loop->frame;
    for (unsigned i = range.first; i < range.end; i++)
        saved[i - range.first] = value_take(&ev->frame->slots[i]);
    value_text_begin(&out);
    ev->out = &out;
    r = ev_for_with(ev, loop->node, actuals->items[0], loop->depth + 1);
    ev->out = before_out;
    for (unsigned i = range.first; i < range.end; i++)
        value_replace(&ev->frame->slots[i], saved[i - range.first]);
    ev->frame = before;
    free(saved);
    if (r < 0)
        return -1;
    *ret = value_text_end(&out);
    if (ev->autoescape)
        *ret = markup_new(*ret);
    return 0;
}

static int loop_cycle(struct ev *ev, struct bound *bound, value *ret)
{
    const struct loop *loop = (const struct loop *)bound->args[0].object;
    size_t n = value_list_count(bound->rest);

    if (!n)
        return ev_error(ev, "TypeError", "no items for cycling given");
    *ret = value_ref(value_list_at(bound->rest, (size_t)loop->index0 % n));
    return 0;
}

static int loop_changed(struct ev *ev, struct bound *bound, value *ret)
{
    struct loop *loop = (struct loop *)bound->args[0].object;
    bool same = false;

    if (value_is_set(loop->changed) && ev_equal(ev, loop->changed, bound->rest, &same) < 0)
        return -1;
    if (!same)
        value_replace(&loop->changed, value_ref(bound->rest));
    *ret = value_bool(!same);
    return 0;
}

/* A method of an object that is called with the object in front. */
struct object_method {
    struct value_object object;
    value self;
    const struct builtin *builtin;
};

static void object_method_free(struct value_object *object)
{
    value_unref(((struct object_method *)object)->self);
    object_free(object, sizeof(struct object_method));
}

static int object_method_call(struct ev *ev, value self, const struct actuals *actuals, value *ret)
{
    const struct object_method *method = (const struct object_method *)self.object;

    return builtin_call(ev, method->builtin, method->self, actuals, ret);
}

static const struct object_ops object_method_ops = {
    .base = { "method", object_method_free },
    .type_name = "method",
    .call = object_method_call,
};

static value object_method_new(value self, const struct builtin *builtin)
{
    struct object_method *method = object_new(&object_method_ops, sizeof(*method));

    method->self = value_ref(self);
    method->builtin = builtin;
    return value_object(&method->object);
}

static const struct builtin cycle_method = {
    "cycle",  "LoopContext.cycle", loop_cycle,          .flags = BUILTIN_VARARGS,
    .min = 1, .n_params = 1,       .params = { "self" }
};
static const struct builtin changed_method = {
    "changed", "LoopContext.changed", loop_changed,        .flags = BUILTIN_VARARGS,
    .min = 1,  .n_params = 1,         .params = { "self" }
};

enum loop_field {
    LOOP_NONE,
    LOOP_INDEX,
    LOOP_INDEX0,
    LOOP_REVINDEX,
    LOOP_REVINDEX0,
    LOOP_LENGTH,
    LOOP_DEPTH,
    LOOP_DEPTH0,
    LOOP_FIRST,
    LOOP_LAST,
    LOOP_FIELDS
};

uint8_t loop_field_find(value name)
{
    static const char *const names[LOOP_FIELDS] = {
        [LOOP_INDEX] = "index",         [LOOP_INDEX0] = "index0", [LOOP_REVINDEX] = "revindex",
        [LOOP_REVINDEX0] = "revindex0", [LOOP_LENGTH] = "length", [LOOP_DEPTH] = "depth",
        [LOOP_DEPTH0] = "depth0",       [LOOP_FIRST] = "first",   [LOOP_LAST] = "last",
    };

    for (unsigned i = LOOP_NONE + 1; i < LOOP_FIELDS; i++)
        if (value_text_is(name, names[i]))
            return (uint8_t)i;
    return LOOP_NONE;
}

value loop_number(value v, uint8_t field)
{
    const struct loop *loop = (const struct loop *)v.object;
    int64_t length = (int64_t)value_list_count(loop->items), i = loop->index0;

    switch ((enum loop_field)field) {
    case LOOP_INDEX:
        return value_int(i + 1);
    case LOOP_INDEX0:
        return value_int(i);
    case LOOP_REVINDEX:
        return value_int(length - i);
    case LOOP_REVINDEX0:
        return value_int(length - i - 1);
    case LOOP_LENGTH:
        return value_int(length);
    case LOOP_DEPTH:
        return value_int(loop->depth);
    case LOOP_DEPTH0:
        return value_int((int64_t)loop->depth - 1);
    case LOOP_FIRST:
        return value_bool(i == 0);
    default:
        return value_bool(i + 1 == length);
    }
}

static int loop_getattr(struct ev *ev, value self, value name, value *ret)
{
    const struct loop *loop = (const struct loop *)self.object;
    uint8_t field = loop_field_find(name);

    if (field)
        *ret = loop_number(self, field);
    else if (value_text_is(name, "previtem"))
        *ret = value_is_set(loop->previous)
                   ? value_ref(loop->previous)
                   : undefined_hint(ev, "UndefinedError", value_text("there is no previous item"));
    else if (value_text_is(name, "nextitem"))
        *ret = value_is_set(loop->next)
                   ? value_ref(loop->next)
                   : undefined_hint(ev, "UndefinedError", value_text("there is no next item"));
    else if (value_text_is(name, "cycle"))
        *ret = object_method_new(self, &cycle_method);
    else if (value_text_is(name, "changed"))
        *ret = object_method_new(self, &changed_method);
    return 0;
}

static int64_t loop_length(const struct value_object *self)
{
    return (int64_t)value_list_count(((const struct loop *)self)->items);
}

static void loop_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    const struct loop *loop = (const struct loop *)self;

    buffer_addf(out, "<LoopContext %lld/%zu>", (long long)loop->index0 + 1, value_list_count(loop->items));
}

const struct object_ops loop_ops = {
    .base = { "loop", loop_free },
    .type_name = "jinja2.runtime.LoopContext",
    .length = loop_length,
    .getattr = loop_getattr,
    .call = loop_call,
    .repr = loop_repr,
};

/* ---- cycler and joiner ---- */

struct cycler {
    struct value_object object;
    value items;
    size_t at;
};

static void cycler_free(struct value_object *object)
{
    value_unref(((struct cycler *)object)->items);
    object_free(object, sizeof(struct cycler));
}

static value cycler_current(const struct cycler *cycler)
{
    return value_ref(value_list_at(cycler->items, cycler->at));
}

static int cycler_next(struct ev *ev, struct bound *bound, value *ret)
{
    struct cycler *cycler = (struct cycler *)bound->args[0].object;

    *ret = cycler_current(cycler);
    cycler->at = (cycler->at + 1) % value_list_count(cycler->items);
    return 0;
}

static int cycler_reset(struct ev *ev, struct bound *bound, value *ret)
{
    ((struct cycler *)bound->args[0].object)->at = 0;
    *ret = value_null();
    return 0;
}

static const struct builtin next_method = { "next",   "Cycler.next", cycler_next,
                                            .min = 1, .n_params = 1, .params = { "self" } };
static const struct builtin reset_method = { "reset",  "Cycler.reset", cycler_reset,
                                             .min = 1, .n_params = 1,  .params = { "self" } };

static int cycler_getattr(struct ev *ev, value self, value name, value *ret)
{
    const struct cycler *cycler = (const struct cycler *)self.object;

    if (value_text_is(name, "current"))
        *ret = cycler_current(cycler);
    else if (value_text_is(name, "next"))
        *ret = object_method_new(self, &next_method);
    else if (value_text_is(name, "reset"))
        *ret = object_method_new(self, &reset_method);
    else if (value_text_is(name, "items"))
        *ret = value_ref(cycler->items);
    else if (value_text_is(name, "pos"))
        *ret = value_int((int64_t)cycler->at);
    return 0;
}

const struct object_ops cycler_ops = {
    .base = { "cycler", cycler_free },
    .type_name = "jinja2.utils.Cycler",
    .getattr = cycler_getattr,
};

value cycler_new(value items)
{
    struct cycler *cycler = object_new(&cycler_ops, sizeof(*cycler));

    cycler->items = value_ref(items);
    return value_object(&cycler->object);
}

struct joiner {
    struct value_object object;
    value separator;
    bool used;
};

static void joiner_free(struct value_object *object)
{
    value_unref(((struct joiner *)object)->separator);
    object_free(object, sizeof(struct joiner));
}

static int joiner_call(struct ev *ev, value self, const struct actuals *actuals, value *ret)
{
    struct joiner *joiner = (struct joiner *)self.object;

    *ret = joiner->used ? value_ref(joiner->separator) : value_text("");
    joiner->used = true;
    return 0;
}

static int joiner_getattr(struct ev *ev, value self, value name, value *ret)
{
    const struct joiner *joiner = (const struct joiner *)self.object;

    if (value_text_is(name, "sep"))
        *ret = value_ref(joiner->separator);
    else if (value_text_is(name, "used"))
        *ret = value_bool(joiner->used);
    return 0;
}

const struct object_ops joiner_ops = {
    .base = { "joiner", joiner_free },
    .type_name = "jinja2.utils.Joiner",
    .getattr = joiner_getattr,
    .call = joiner_call,
};

value joiner_new(value separator)
{
    struct joiner *joiner = object_new(&joiner_ops, sizeof(*joiner));

    joiner->separator = value_ref(separator);
    return value_object(&joiner->object);
}

/* ---- self: the template's blocks as functions ---- */

static void self_free(struct value_object *object)
{
    object_free(object, sizeof(*object));
}

struct block_function {
    struct value_object object;
    const struct node_macro *block;
};

static void block_free(struct value_object *object)
{
    object_free(object, sizeof(struct block_function));
}

static int block_call(struct ev *ev, value self, const struct actuals *actuals, value *ret)
{
    struct buffer *before = ev->out;
    struct frame *root = ev->frame;
    BUFFER_AUTO(out);
    int r;

    while (root->up)
        root = root->up;
    value_text_begin(&out);
    ev->out = &out;
    r = ev_block(ev, ((struct block_function *)self.object)->block, root);
    ev->out = before;
    if (r < 0)
        return -1;
    *ret = value_text_end(&out);
    if (ev->autoescape)
        *ret = markup_new(*ret);
    return 0;
}

const struct object_ops block_ops = {
    .base = { "block", block_free },
    .type_name = "jinja2.runtime.BlockReference",
    .call = block_call,
};

static int self_getattr(struct ev *ev, value self, value name, value *ret)
{
    for (size_t i = 0; i < ev->jinja->n_blocks; i++) {
        const struct node_macro *block = ev->jinja->blocks[i];

        if (value_equal(block->name, name) && block->function.depth == 1) {
            struct block_function *function = object_new(&block_ops, sizeof(*function));

            function->block = block;
            *ret = value_object(&function->object);
        }
    }
    return 0;
}

const struct object_ops self_ops = {
    .base = { "self", self_free },
    .type_name = "jinja2.runtime.TemplateReference",
    .getattr = self_getattr,
};

/* ---- the datastore: st2kv.system.a.b, looked up when it is printed ---- */

struct datastore {
    struct value_object object;
    value scope; /* unset at the root */
    value key;
};

static void datastore_free(struct value_object *object)
{
    struct datastore *datastore = (struct datastore *)object;

    value_unref(datastore->scope);
    value_unref(datastore->key);
    object_free(datastore, sizeof(*datastore));
}

value datastore_root(struct ev *ev, value scope)
{
    struct datastore *datastore = object_new(&datastore_ops, sizeof(*datastore));

    datastore->scope = value_ref(scope);
    return value_object(&datastore->object);
}

/* The text of an item, "" when there is none. */
int datastore_lookup(struct ev *ev, value self, bool decrypt, value *ret)
{
    const struct datastore *datastore = (const struct datastore *)self.object;
    const struct expr_host *host = ev->context->host;
    value found = VALUE_NOTHING;

    if (!value_is_set(datastore->key)) {
        *ret = value_text("");
        return 0;
    }
    if (!host || !host->datastore_get)
        return ev_error(ev, "ValueError", "the datastore cannot be read from here");
    if (host->datastore_get(host->data, value_chars(datastore->scope), value_chars(datastore->key), decrypt,
                            &found, ev->err) < 0)
        return -1;
    *ret = value_is_set(found) ? found : value_text("");
    return 0;
}

value datastore_key(value self)
{
    return ((struct datastore *)self.object)->key;
}

static int datastore_getattr(struct ev *ev, value self, value name, value *ret)
{
    const struct datastore *from = (const struct datastore *)self.object;
    struct datastore *datastore = object_new(&datastore_ops, sizeof(*datastore));

    if (!value_is_set(from->scope)) {
        datastore->scope = value_ref(name);
    } else {
        datastore->scope = value_ref(from->scope);
        datastore->key = value_is_set(from->key)
                             ? value_textf("%s.%s", value_chars(from->key), value_chars(name))
                             : value_ref(name);
    }
    *ret = value_object(&datastore->object);
    return 0;
}

static void datastore_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    VALUE_AUTO(text);

    if (datastore_lookup(ev, value_object(self), false, &text) < 0) {
        ev_stop(ev);
        return;
    }
    buffer_add(out, value_chars(text), value_len(text));
}

const struct object_ops datastore_ops = {
    .base = { "datastore", datastore_free },
    .type_name = "KeyValueLookup",
    .getattr = datastore_getattr,
    .repr = datastore_repr,
};
