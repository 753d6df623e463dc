/* SPDX-License-Identifier: Apache-2.0 */
/* Which overload a call means, as the reference engine finds it: first by number, names and constants of the arguments, then
   the arguments are evaluated (those that all remaining candidates take unevaluated are not), then by their types. Two that
   fit equally well are ambiguous. */
#include "expr/yaql/yaql-internal.h"
#include "expr/yaql/workflow.h"

#include <stdlib.h>

#define CANDIDATES_MAX 24
#define NO_SLOT        UINT16_MAX

/* One argument of a call: an expression, or already a value. */
struct source {
    value v, key;            /* owned when `owned` */
    const struct node *node; /* the expression; NULL for values */
    value name;              /* of a named argument, borrowed */
    bool owned;
};

struct binding {
    const struct function *function;
    uint16_t slots[PARAMS_MAX]; /* the source of each parameter */
    uint8_t n_params;
};

struct resolution {
    struct evaluation *ev;
    struct frame *frame;
    const char *name;
    value receiver;         /* VALUE_UNSET for functions */
    struct source *sources; /* those by position, then those by name */
    size_t n_positional, n_sources;
    struct binding candidates[CANDIDATES_MAX];
    size_t n_candidates;
};

/* ---- types ---- */

static bool is_int(value v)
{
    return value_is_integer(v) || v.kind == VALUE_BOOL;
}

static bool type_accepts(enum param_type type, value v)
{
    switch (type) {
    case T_ANY:
    case T_LAMBDA:
        return true;
    case T_NOT_NULL:
        return !value_is_null(v);
    case T_NULL:
        return value_is_null(v);
    case T_STRING_N:
        return value_is_string(v) || value_is_null(v);
    case T_STRING:
        return value_is_string(v);
    case T_INT_N:
        return is_int(v) || value_is_null(v);
    case T_INT:
        return is_int(v);
    case T_INTEGER:
        return value_is_integer(v);
    case T_BOOL_N:
        return v.kind == VALUE_BOOL || value_is_null(v);
    case T_BOOL:
        return v.kind == VALUE_BOOL;
    case T_NUMBER_N:
        return value_is_number(v) || value_is_null(v);
    case T_NUMBER:
        return value_is_number(v);
    case T_MAP:
        return yaql_is_map(v);
    case T_ITERABLE:
        return yaql_is_iterable(v);
    case T_ITERABLE_NO_SET:
        return yaql_is_iterable(v) && !yaql_is_set(v);
    case T_ITERATOR:
        return yaql_is_iterator(v);
    case T_SEQUENCE:
        return yaql_is_sequence(v);
    case T_SET:
        return yaql_is_set(v);
    case T_ITEMS:
        return yaql_is_items(v);
    case T_ORDERING:
        return yaql_is_ordering(v);
    case T_REGEX:
        return value_is_object(v, &yaql_regex_ops);
    case T_DATETIME:
        return v.kind == VALUE_DATETIME && !v.datetime->date_only;
    case T_TIMESPAN_N:
        return v.kind == VALUE_TIMESPAN || value_is_null(v);
    case T_TIMESPAN:
        return v.kind == VALUE_TIMESPAN;
    case T_CONTEXT:
        return value_is_object(v, &yaql_scope_ops);
    default:
        return false; /* T_PAIR and T_RULE are told by their node */
    }
}

/* Python's issubclass, without equality. */
static bool is_special(enum param_type a, enum param_type b)
{
    if (a == b || a == T_LAMBDA || b == T_LAMBDA || a == T_NUMBER || a == T_NUMBER_N || a == T_RULE ||
        a == T_PAIR)
        return false;
    if (b == T_ANY || b == T_NOT_NULL)
        return a != T_ANY && a != T_NOT_NULL;
    if (b == T_ITERABLE || b == T_ITERABLE_NO_SET)
        return a == T_SEQUENCE || a == T_SET || a == T_ITERATOR || a == T_ORDERING || a == T_MAP ||
               a == T_STRING || a == T_STRING_N;
    if (b == T_SEQUENCE)
        return a == T_STRING || a == T_STRING_N;
    return (b == T_INT || b == T_INT_N) && (a == T_BOOL || a == T_BOOL_N);
}

static bool is_constant(const struct node *node)
{
    return node->kind == NODE_CONSTANT || node->kind == NODE_KEYWORD;
}

/* Before anything is evaluated. */
static bool may_accept(enum param_type type, const struct source *source)
{
    const struct node *node = source->node;

    if (type == T_LAMBDA)
        return true;
    if (!node)
        return type_accepts(type, source->v);
    if (node->kind == NODE_RULE)
        return type == T_RULE || type == T_PAIR;
    if (type == T_RULE)
        return false;
    return is_constant(node) ? type_accepts(type, node->value) : true;
}

static bool accepts(enum param_type type, const struct source *source)
{
    if (type == T_LAMBDA)
        return true;
    if (source->node && source->node->kind == NODE_RULE)
        return type == T_RULE || type == T_PAIR;
    return type_accepts(type, source->v);
}

static bool is_skip(const struct source *source)
{
    return source->node && source->node->kind == NODE_SKIP;
}

/* ---- candidates ---- */

/* The type that a candidate gives to a source. */
static enum param_type type_of(const struct binding *binding, const struct resolution *res, size_t source)
{
    for (size_t i = 0; i < binding->n_params; i++)
        if (binding->slots[i] == source)
            return binding->function->params[i].type;
    return source < res->n_positional ? binding->function->rest : T_ANY;
}

static size_t find_named(const struct resolution *res, const char *name)
{
    for (size_t i = res->n_positional; i < res->n_sources; i++)
        if (value_text_is(res->sources[i].name, name))
            return i;
    return NO_SLOT;
}

/* Gives each parameter its source; false when the call does not fit. */
static bool bind(const struct resolution *res, const struct function *function, struct binding *binding)
{
    size_t n_named = 0, i;

    binding->function = function;
    for (i = 0; function->params && function->params[i].name; i++) {
        size_t named = find_named(res, function->params[i].name);

        binding->slots[i] = NO_SLOT;
        if (i < res->n_positional && !is_skip(&res->sources[i])) {
            if (named != NO_SLOT)
                return false;
            binding->slots[i] = (uint16_t)i;
        } else if (named != NO_SLOT) {
            binding->slots[i] = (uint16_t)named;
            n_named++;
        } else if (!(function->params[i].flags & OPTIONAL)) {
            return false;
        }
    }
    binding->n_params = (uint8_t)i;
    if (res->n_positional > i && !(function->flags & REST))
        return false;
    if (res->n_sources - res->n_positional > n_named && !(function->flags & NAMED_REST))
        return false;
    for (size_t s = 0; s < res->n_sources; s++) {
        if (is_skip(&res->sources[s])) {
            if (s >= i)
                return false;
            continue;
        }
        /* Named constants are not looked at before the call. */
        if (s < res->n_positional && !may_accept(type_of(binding, res, s), &res->sources[s]))
            return false;
    }
    return true;
}

static bool is_lazy(const struct binding *binding, const struct resolution *res, size_t source)
{
    return type_of(binding, res, source) >= T_LAMBDA;
}

static int fail_ambiguous(const struct resolution *res)
{
    BUFFER_AUTO(text);

    if (!value_is_set(res->receiver))
        return yaql_fail(res->ev, "AmbiguousFunctionException", "Ambiguous function \"%s\"", res->name);
    yaql_python_str(res->ev, res->receiver, &text);
    return yaql_fail(res->ev, "AmbiguousMethodException", "Ambiguous method \"%s\" for receiver %s",
                     res->name, buffer_text(&text));
}

static int fail_no_match(const struct resolution *res)
{
    BUFFER_AUTO(text);

    if (!value_is_set(res->receiver))
        return yaql_fail(res->ev, "NoMatchingFunctionException",
                         "No function \"%s\" matches supplied arguments", res->name);
    if (yaql_python_str(res->ev, res->receiver, &text) < 0)
        return -EINVAL;
    return yaql_fail(res->ev, "NoMatchingMethodException",
                     "No method \"%s\" for receiver %s matches supplied arguments", res->name,
                     buffer_text(&text));
}

static int fail_unknown(struct evaluation *ev, const char *name, value receiver)
{
    BUFFER_AUTO(text);

    if (!value_is_set(receiver))
        yaql_fail(ev, "NoFunctionRegisteredException", "Unknown function \"%s\"", name);
    else if (yaql_python_str(ev, receiver, &text) < 0)
        return -EINVAL;
    else
        yaql_fail(ev, "NoMethodRegisteredException", "Unknown method \"%s\" for receiver %s", name,
                  buffer_text(&text));
    library_suggest(name, value_is_set(receiver), ev->err);
    return -EINVAL;
}

/* Those that may fit; all must leave the same arguments unevaluated. */
static int find_candidates(struct resolution *res, const struct overloads *overloads)
{
    unsigned kind = value_is_set(res->receiver) ? METHOD : FUNCTION;

    for (size_t i = 0; i < overloads->count; i++) {
        struct binding *binding = &res->candidates[res->n_candidates];

        if (!(overloads->items[i]->flags & kind) || res->n_candidates == CANDIDATES_MAX)
            continue;
        if (!bind(res, overloads->items[i], binding))
            continue;
        for (size_t s = 0; s < res->n_sources && res->n_candidates; s++)
            if (is_lazy(binding, res, s) != is_lazy(&res->candidates[0], res, s))
                return fail_ambiguous(res);
        res->n_candidates++;
    }
    return res->n_candidates ? 0 : fail_no_match(res);
}

/* ---- arguments ---- */

static int evaluate_source(const struct resolution *res, struct source *source)
{
    const struct node *node = source->node;
    int r;

    if (!node || node->kind == NODE_SKIP)
        return 0;
    source->owned = true;
    if (node->kind == NODE_RULE) {
        r = yaql_eval(res->ev, node->args[0], res->frame, &source->key);
        return r < 0 ? r : yaql_eval(res->ev, node->args[1], res->frame, &source->v);
    }
    return yaql_eval(res->ev, node, res->frame, &source->v);
}

static int evaluate_sources(const struct resolution *res)
{
    for (size_t i = 0; i < res->n_sources; i++) {
        int r = is_lazy(&res->candidates[0], res, i) ? 0 : evaluate_source(res, &res->sources[i]);

        if (r < 0)
            return r;
    }
    return 0;
}

static bool fits(const struct resolution *res, const struct binding *binding)
{
    for (size_t i = 0; i < res->n_sources; i++)
        if (!is_skip(&res->sources[i]) && !accepts(type_of(binding, res, i), &res->sources[i]))
            return false;
    return true;
}

static bool is_specialization(const struct resolution *res, const struct binding *a, const struct binding *b)
{
    bool special = false;

    for (size_t i = 0; i < res->n_sources; i++) {
        enum param_type of_a = type_of(a, res, i), of_b = type_of(b, res, i);

        if (is_special(of_b, of_a))
            return false;
        special |= is_special(of_a, of_b);
    }
    return special;
}

static int choose(const struct resolution *res, const struct binding **ret)
{
    const struct binding *winner = NULL;

    for (size_t i = 0; i < res->n_candidates; i++) {
        const struct binding *binding = &res->candidates[i];

        if (!fits(res, binding))
            continue;
        if (winner) {
            if (is_specialization(res, winner, binding))
                continue;
            if (!is_specialization(res, binding, winner))
                return fail_ambiguous(res);
        }
        winner = binding;
    }
    if (!winner)
        return fail_no_match(res);
    *ret = winner;
    return 0;
}

/* ---- the call ---- */

/* Values as the implementations want them: plain maps, zoned times. Owned. */
static value convert(enum param_type type, value v)
{
    if (type == T_MAP)
        return value_ref(yaql_map_of(v));
    if (type == T_DATETIME && !v.datetime->aware)
        return value_datetime_new(v.datetime->us, true, 0);
    return value_ref(v);
}

static struct arg arg_of(enum param_type type, const struct source *source)
{
    struct arg arg = { 0 };

    if (type >= T_LAMBDA) {
        arg.node = source->node;
        if (!source->node)
            arg.v = value_ref(source->v);
        return arg;
    }
    arg.v = convert(type, source->v);
    if (type == T_PAIR)
        arg.key = value_ref(source->key);
    return arg;
}

static void release_arg(struct arg *arg)
{
    value_unref(arg->v);
    value_unref(arg->key);
}

static int invoke(const struct resolution *res, const struct binding *binding, value *ret)
{
    struct call c = { .ev = res->ev, .frame = res->frame, .function = binding->function };
    struct arg rest[8];
    struct named_arg named[4];
    size_t n_rest = res->n_positional > binding->n_params ? res->n_positional - binding->n_params : 0;
    size_t n_named = res->n_sources - res->n_positional;
    int r;

    for (size_t i = 0; i < binding->n_params; i++)
        if (binding->slots[i] != NO_SLOT)
            c.args[i] = arg_of(binding->function->params[i].type, &res->sources[binding->slots[i]]);
    c.rest = n_rest <= ELEMENTS(rest) ? rest : xreallocarray(NULL, n_rest, sizeof(*c.rest));
    for (size_t i = 0; i < n_rest; i++)
        c.rest[c.n_rest++] = arg_of(binding->function->rest, &res->sources[binding->n_params + i]);
    c.named = n_named <= ELEMENTS(named) ? named : xreallocarray(NULL, n_named, sizeof(*c.named));
    for (size_t i = res->n_positional; (binding->function->flags & NAMED_REST) && i < res->n_sources; i++) {
        bool taken = false;

        for (size_t p = 0; p < binding->n_params; p++)
            taken |= binding->slots[p] == i;
        if (!taken)
            c.named[c.n_named++] =
                (struct named_arg){ .text = res->sources[i].name, .arg = arg_of(T_ANY, &res->sources[i]) };
    }
    r = binding->function->call(&c, ret);
    for (size_t i = 0; i < binding->n_params; i++)
        release_arg(&c.args[i]);
    for (size_t i = 0; i < c.n_rest; i++)
        release_arg(&c.rest[i]);
    for (size_t i = 0; i < c.n_named; i++)
        release_arg(&c.named[i].arg);
    if (c.rest != rest)
        free(c.rest);
    if (c.named != named)
        free(c.named);
    return r < 0 ? r : 0;
}

static int resolve(struct resolution *res, const struct overloads *overloads, value *ret)
{
    const struct binding *binding = NULL;
    int r = find_candidates(res, overloads);

    if (r >= 0)
        r = evaluate_sources(res);
    if (r >= 0)
        r = choose(res, &binding);
    if (r >= 0)
        r = invoke(res, binding, ret);
    for (size_t i = 0; i < res->n_sources; i++) {
        if (res->sources[i].owned) {
            value_unref(res->sources[i].v);
            value_unref(res->sources[i].key);
        }
    }
    return r;
}

/* ---- functions made by def() ---- */

static const struct node *find_defined(struct frame *frame, const char *name, struct frame **ret_frame)
{
    size_t n = strlen(name);

    while (n > 1 && name[n - 1] == '_')
        n--;
    for (; frame; frame = frame->parent) {
        for (uint32_t i = frame->n_names; i-- > 0;) {
            const struct frame_name *f = &frame->names[i];

            if (f->body && f->len == n && memcmp(f->name, name, n) == 0) {
                *ret_frame = frame;
                return f->body;
            }
        }
    }
    return NULL;
}

/* All arguments are evaluated; they are $1 ... and the named ones $name. */
static int call_defined(struct resolution *res, const struct node *body, struct frame *parent, value *ret)
{
    size_t n = res->n_positional, n_names = res->n_sources - n;
    value *args = xcalloc(n + 1, sizeof(*args));
    struct frame_name *names = xcalloc(n_names + 1, sizeof(*names));
    struct frame frame = { .parent = parent, .args = args, .names = names };
    int r = 0;

    for (size_t i = 0; i < res->n_sources && r >= 0; i++) {
        struct source *source = &res->sources[i];

        r = is_skip(source) ? fail_no_match(res) : evaluate_source(res, source);
        if (r < 0)
            break;
        if (i < n)
            args[frame.n_args++] = source->v;
        else
            names[frame.n_names++] = (struct frame_name){ .name = value_chars(source->name),
                                                          .len = value_len(source->name),
                                                          .item = source->v };
    }
    if (r >= 0)
        r = yaql_enter(res->ev);
    if (r >= 0) {
        r = yaql_eval(res->ev, body, &frame, ret);
        yaql_leave(res->ev);
    }
    frame_unref(frame.captured);
    for (size_t i = 0; i < res->n_sources; i++)
        if (res->sources[i].owned)
            value_unref(res->sources[i].v);
    free(args);
    free(names);
    return r;
}

/* ---- the ways in ---- */

static bool has_kind(const struct overloads *overloads, unsigned kind, bool *ret_no_kwargs)
{
    for (size_t i = 0; overloads && i < overloads->count; i++) {
        if (overloads->items[i]->flags & kind) {
            *ret_no_kwargs = overloads->items[i]->flags & NO_KWARGS;
            return true;
        }
    }
    return false;
}

static void add_source(struct resolution *res, struct source source)
{
    res->sources[res->n_sources++] = source;
}

/* Puts those given by name behind those given by position. */
static int sort_sources(struct resolution *res, const struct node *const *args, size_t n_args, bool by_name)
{
    for (size_t i = 0; i < n_args; i++)
        if (!by_name || args[i]->kind != NODE_RULE)
            add_source(res, (struct source){ .node = args[i] });
    res->n_positional = res->n_sources;
    for (size_t i = 0; by_name && i < n_args; i++) {
        if (args[i]->kind != NODE_RULE)
            continue;
        if (args[i]->args[0]->kind != NODE_KEYWORD)
            return yaql_fail(res->ev, "MappingTranslationException",
                             "Cannot convert mapping to keyword argument");
        for (size_t k = res->n_positional; k < res->n_sources; k++)
            if (value_equal(res->sources[k].name, args[i]->args[0]->value))
                res->sources[k].node = args[i]->args[1];
        if (find_named(res, value_chars(args[i]->args[0]->value)) == NO_SLOT)
            add_source(res, (struct source){ .node = args[i]->args[1], .name = args[i]->args[0]->value });
    }
    return 0;
}

int yaql_call(struct evaluation *ev, struct frame *frame, const char *name, const struct overloads *overloads,
              value receiver, const struct node *const *args, size_t n_args, value *ret)
{
    struct source few[6];
    struct resolution res = { .ev = ev, .frame = frame, .name = name, .receiver = receiver };
    const struct node *body = NULL;
    struct frame *scope = NULL;
    bool no_kwargs = false, known;
    int r;

    if (unlikely(ev->has_functions) && !value_is_set(receiver))
        body = find_defined(frame, name, &scope);
    known = has_kind(overloads, value_is_set(receiver) ? METHOD : FUNCTION, &no_kwargs);
    if (!body && !known)
        return fail_unknown(ev, name, receiver);
    res.sources = n_args < ELEMENTS(few) ? few : xreallocarray(NULL, n_args + 1, sizeof(*res.sources));
    if (value_is_set(receiver))
        add_source(&res, (struct source){ .v = receiver });
    r = sort_sources(&res, args, n_args, body || !no_kwargs);
    if (r >= 0)
        r = body ? call_defined(&res, body, scope, ret) : resolve(&res, overloads, ret);
    if (res.sources != few)
        free(res.sources);
    return r;
}

int yaql_call_values(struct evaluation *ev, struct frame *frame, const char *name,
                     const struct overloads *overloads, const value *args, size_t n_args, const value *names,
                     const value *named, size_t n_named, value *ret)
{
    struct source few[6];
    struct resolution res = { .ev = ev, .frame = frame, .name = name };
    const struct node *body = NULL;
    struct frame *scope = NULL;
    bool no_kwargs;
    int r;

    if (unlikely(ev->has_functions))
        body = find_defined(frame, name, &scope);
    if (!body && !has_kind(overloads, FUNCTION, &no_kwargs))
        return fail_unknown(ev, name, VALUE_NOTHING);
    res.sources =
        n_args + n_named <= ELEMENTS(few) ? few : xreallocarray(NULL, n_args + n_named, sizeof(*res.sources));
    for (size_t i = 0; i < n_args; i++)
        add_source(&res, (struct source){ .v = args[i] });
    res.n_positional = n_args;
    for (size_t i = 0; i < n_named; i++)
        add_source(&res, (struct source){ .v = named[i], .name = names[i] });
    r = body ? call_defined(&res, body, scope, ret) : resolve(&res, overloads, ret);
    if (res.sources != few)
        free(res.sources);
    return r;
}

bool yaql_could_match(const struct overloads *overloads, const struct node *const *args, size_t n_args)
{
    struct source sources[2];
    struct resolution res = { .sources = sources };
    struct binding binding;

    for (size_t i = 0; i < n_args && i < ELEMENTS(sources); i++)
        add_source(&res, (struct source){ .node = args[i] });
    res.n_positional = res.n_sources;
    for (size_t i = 0; overloads && i < overloads->count; i++)
        if (bind(&res, overloads->items[i], &binding))
            return true;
    return false;
}

int arg_int_checked(struct call *c, size_t i, int64_t otherwise, int64_t *ret)
{
    if (c->args[i].v.kind == VALUE_BIGINT)
        return yaql_fail(c->ev, "OverflowError", "Python int too large to convert to C ssize_t");
    *ret = arg_int(c, i, otherwise);
    return 0;
}
