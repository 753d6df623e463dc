/* SPDX-License-Identifier: Apache-2.0 */
/* The objects templates meet beside plain values: undefined, markup, ranges, views, bound methods, functions, namespaces. */
#include "expr/jinja/engine.h"

#include <stdlib.h>

#include "base/mem.h"
#include "expr/suggest.h"

/* Counted apart from value memory, which knows nothing of objects; per thread, as value_thread_bytes is. */
static _Thread_local int64_t thread_bytes;

int64_t object_thread_bytes(void)
{
    return thread_bytes;
}

void object_charge(int64_t bytes)
{
    thread_bytes += bytes;
}

void *object_new(const struct object_ops *ops, size_t size)
{
    struct value_object *object = xcalloc(1, size);

    object->header.refs = 1;
    object->ops = &ops->base;
    thread_bytes += (int64_t)size;
    return object;
}

void object_free(void *object, size_t size)
{
    thread_bytes -= (int64_t)size;
    free(object);
}

/* ---- undefined ---- */

static void undefined_free(struct value_object *object)
{
    struct undefined *undefined = (struct undefined *)object;

    value_unref(undefined->name);
    value_unref(undefined->hint);
    value_unref(undefined->of);
    object_free(undefined, sizeof(*undefined));
}

static bool never(const struct value_object *self)
{
    return false;
}

static int64_t no_items(const struct value_object *self)
{
    return 0;
}

static void undefined_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    buffer_add_text(out, "Undefined");
}

const struct object_ops undefined_ops = {
    .base = { "undefined", undefined_free },
    .type_name = "Undefined",
    .truth = never,
    .length = no_items,
    .repr = undefined_repr,
};

static struct undefined *undefined_new(struct ev *ev)
{
    struct undefined *undefined = object_new(&undefined_ops, sizeof(*undefined));

    undefined->lax = !ev->strict;
    undefined->kind = "UndefinedError";
    return undefined;
}

value undefined_name(struct ev *ev, value name)
{
    struct undefined *undefined = undefined_new(ev);

    undefined->name = value_ref(name);
    return value_object(&undefined->object);
}

value undefined_member(struct ev *ev, value holder, value name)
{
    struct undefined *undefined = undefined_new(ev);

    undefined->holder = holder.kind == VALUE_NULL ? "None" : ev_type_name(holder);
    if (holder.kind == VALUE_OBJECT && strchr(object_ops_of(holder)->type_name, '.'))
        undefined->holder = object_ops_of(holder)->type_name;
    if (holder.kind == VALUE_MAP && !ev->jinja->mutating) /* what may change could come to hold this */
        undefined->of = value_ref(holder);
    undefined->name = value_ref(name);
    return value_object(&undefined->object);
}

value undefined_hint(struct ev *ev, const char *kind, value hint)
{
    struct undefined *undefined = undefined_new(ev);

    undefined->kind = kind;
    undefined->hint = hint;
    return value_object(&undefined->object);
}

/* 'dict object', 'jinja2.utils.Namespace object', 'None' */
static void holder_text(const struct undefined *undefined, struct buffer *out)
{
    buffer_add_text(out, undefined->holder);
    if (strcmp(undefined->holder, "None") != 0)
        buffer_add_text(out, " object");
}

void undefined_suggest(struct ev *ev, value v)
{
    const struct undefined *undefined = (const struct undefined *)v.object;
    const struct jinja *jinja = ev->jinja;
    value name = text_of(undefined->name);
    struct nearest nearest;

    if (!value_is_string(name))
        return;
    nearest = nearest_to(value_chars(name), value_len(name));
    suggest_offer_keys(&nearest, undefined->of);
    if (undefined->holder) {
        method_offer(&nearest, undefined->holder);
    } else {
        for (size_t i = 0; i < jinja->n_names; i++)
            if (jinja->names[i]->n_slots)
                nearest_offer(&nearest, value_chars(jinja->names[i]->name), value_len(jinja->names[i]->name));
        if (!ev->orquesta)
            suggest_offer_keys(&nearest, ev->context->variables);
        global_offer(&nearest, jinja->flags);
    }
    nearest_hint(&nearest, ev->err);
}

int undefined_raise(struct ev *ev, value v)
{
    const struct undefined *undefined = (const struct undefined *)v.object;
    BUFFER_AUTO(text);

    if (value_is_set(undefined->hint)) {
        buffer_add_text(&text, value_chars(undefined->hint));
    } else if (!undefined->holder) {
        ev_repr(ev, undefined->name, &text);
        buffer_add_text(&text, " is undefined");
    } else if (value_is_string(text_of(undefined->name))) {
        BUFFER_AUTO(holder);

        holder_text(undefined, &holder);
        buffer_addf(&text, "'%s' has no attribute ", holder.data);
        ev_repr(ev, text_of(undefined->name), &text);
    } else {
        holder_text(undefined, &text);
        buffer_add_text(&text, " has no element ");
        ev_repr(ev, undefined->name, &text);
    }
    ev_error(ev, undefined->kind, "%.4000s", buffer_text(&text));
    undefined_suggest(ev, v);
    return -1;
}

/* ---- markup ---- */

static void markup_free(struct value_object *object)
{
    struct markup *markup = (struct markup *)object;

    value_unref(markup->text);
    object_free(markup, sizeof(*markup));
}

static bool markup_truth(const struct value_object *self)
{
    return value_len(((const struct markup *)self)->text) != 0;
}

static int64_t markup_length(const struct value_object *self)
{
    return (int64_t)value_string_chars(((const struct markup *)self)->text);
}

static void markup_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    buffer_add_text(out, "Markup(");
    python_repr(out, ((struct markup *)self)->text);
    buffer_add_char(out, ')');
}

const struct object_ops markup_ops = {
    .base = { "markup", markup_free },
    .type_name = "Markup",
    .truth = markup_truth,
    .length = markup_length,
    .repr = markup_repr,
};

value markup_new(value text)
{
    struct markup *markup = object_new(&markup_ops, sizeof(*markup));

    markup->text = text;
    return value_object(&markup->object);
}

value text_of(value v)
{
    if (v.kind == VALUE_STRING)
        return v;
    return is_object(v, &markup_ops) ? ((struct markup *)v.object)->text : VALUE_NOTHING;
}

/* ---- ranges ---- */

static void range_free(struct value_object *object)
{
    object_free(object, sizeof(struct range));
}

static int64_t range_length(const struct value_object *self)
{
    return ((const struct range *)self)->count;
}

static bool range_truth(const struct value_object *self)
{
    return range_length(self) != 0;
}

static int range_getattr(struct ev *ev, value self, value name, value *ret)
{
    const struct range *range = (const struct range *)self.object;

    if (value_text_is(name, "start"))
        *ret = value_int(range->start);
    else if (value_text_is(name, "stop"))
        *ret = value_int(range->stop);
    else if (value_text_is(name, "step"))
        *ret = value_int(range->step);
    return 0;
}

static void range_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    const struct range *range = (const struct range *)self;

    buffer_addf(out, "range(%lld, %lld", (long long)range->start, (long long)range->stop);
    if (range->step != 1)
        buffer_addf(out, ", %lld", (long long)range->step);
    buffer_add_char(out, ')');
}

const struct object_ops range_ops = {
    .base = { "range", range_free },
    .type_name = "range",
    .truth = range_truth,
    .length = range_length,
    .getattr = range_getattr,
    .repr = range_repr,
};

value range_new(int64_t start, int64_t stop, int64_t step)
{
    struct range *range = object_new(&range_ops, sizeof(*range));

    range->start = start;
    range->stop = stop;
    range->step = step;
    if (step > 0 && stop > start)
        range->count = (int64_t)(((uint64_t)stop - (uint64_t)start - 1) / (uint64_t)step + 1);
    else if (step < 0 && start > stop)
        range->count = (int64_t)(((uint64_t)start - (uint64_t)stop - 1) / (0 - (uint64_t)step) + 1);
    return value_object(&range->object);
}

int64_t range_at(const struct range *range, int64_t i)
{
    return (int64_t)((uint64_t)range->start + (uint64_t)i * (uint64_t)range->step);
}

/* ---- views of maps ---- */

static void view_free(struct value_object *object)
{
    value_unref(((struct view *)object)->map);
    object_free(object, sizeof(struct view));
}

static int64_t view_length(const struct value_object *self)
{
    return (int64_t)value_map_count(((const struct view *)self)->map);
}

static bool view_truth(const struct value_object *self)
{
    return view_length(self) != 0;
}

static void view_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    static const char *const names[] = { "dict_keys", "dict_values", "dict_items" };
    const struct view *view = (const struct view *)self;

    buffer_addf(out, "%s([", names[view->kind]);
    VALUE_MAP_EACH (i, view->map) {
        buffer_add_text(out, i ? ", " : "");
        buffer_add_text(out, view->kind == VIEW_ITEMS ? "(" : "");
        if (view->kind != VIEW_VALUES)
            ev_repr(ev, value_map_key_at(view->map, i), out);
        buffer_add_text(out, view->kind == VIEW_ITEMS ? ", " : "");
        if (view->kind != VIEW_KEYS)
            ev_repr(ev, value_map_item_at(view->map, i), out);
        buffer_add_text(out, view->kind == VIEW_ITEMS ? ")" : "");
    }
    buffer_add_text(out, "])");
}

const struct object_ops view_ops = {
    .base = { "view", view_free },
    .type_name = "dict_items",
    .truth = view_truth,
    .length = view_length,
    .repr = view_repr,
};

value view_new(enum view_kind kind, value map)
{
    struct view *view = object_new(&view_ops, sizeof(*view));

    view->kind = kind;
    view->map = value_ref(map);
    return value_object(&view->object);
}

/* ---- bound methods and functions ---- */

static void bound_method_free(struct value_object *object)
{
    value_unref(((struct bound_method *)object)->self);
    object_free(object, sizeof(struct bound_method));
}

static int bound_method_call(struct ev *ev, value self, const struct actuals *actuals, value *ret)
{
    const struct bound_method *method = (const struct bound_method *)self.object;

    return method_call(ev, method->self, method->row, actuals, ret);
}

static void bound_method_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    const struct bound_method *method = (const struct bound_method *)self;

    buffer_addf(out, "<built-in method %s of %s object>", method->row->name, ev_type_name(method->self));
}

const struct object_ops method_ops = {
    .base = { "method", bound_method_free },
    .type_name = "builtin_function_or_method",
    .call = bound_method_call,
    .repr = bound_method_repr,
};

value bound_method_new(value self, const struct method_row *row)
{
    struct bound_method *method = object_new(&method_ops, sizeof(*method));

    method->self = value_ref(self);
    method->row = row;
    return value_object(&method->object);
}

static void function_free(struct value_object *object)
{
    object_free(object, sizeof(struct function_object));
}

static int function_call(struct ev *ev, value self, const struct actuals *actuals, value *ret)
{
    const struct function_object *function = (const struct function_object *)self.object;

    if (function->fn)
        return fn_run(ev, function->fn, VALUE_NOTHING, actuals, ret);
    return builtin_call(ev, function->builtin, VALUE_NOTHING, actuals, ret);
}

static void function_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    const struct function_object *function = (const struct function_object *)self;

    buffer_addf(out, "<function %s>", function->fn ? function->fn->name : function->builtin->name);
}

const struct object_ops function_ops = {
    .base = { "function", function_free },
    .type_name = "function",
    .call = function_call,
    .repr = function_repr,
};

value function_new(const struct builtin *builtin, const struct fn *fn)
{
    struct function_object *function = object_new(&function_ops, sizeof(*function));

    function->builtin = builtin;
    function->fn = fn;
    return value_object(&function->object);
}

/* ---- namespaces ---- */

static void namespace_free(struct value_object *object)
{
    value_unref(((struct namespace *)object)->map);
    object_free(object, sizeof(struct namespace));
}

static int namespace_getattr(struct ev *ev, value self, value name, value *ret)
{
    *ret = value_ref(value_map_get_value(((struct namespace *)self.object)->map, name));
    return 0;
}

static void namespace_repr(struct ev *ev, struct value_object *self, struct buffer *out)
{
    buffer_add_text(out, "<Namespace ");
    ev_repr(ev, ((struct namespace *)self)->map, out);
    buffer_add_char(out, '>');
}

const struct object_ops namespace_ops = {
    .base = { "namespace", namespace_free },
    .type_name = "jinja2.utils.Namespace",
    .getattr = namespace_getattr,
    .repr = namespace_repr,
};
