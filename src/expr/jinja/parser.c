/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's core: tokens, failures, names and scopes, and the step that binds names to slots once all is known. */
#include "expr/jinja/parser-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "value/python.h"

/* ---- failures ---- */

static void fail(struct parser *p, int line, const char *kind, const char *format, va_list args)
{
    char *text = xvasprintf(format, args);

    if (p->err) {
        error_set_at(p->err, -EINVAL, line, 0, "%s", text);
        p->err->kind = kind;
    }
    free(text);
}

bool parser_fail(struct parser *p, int line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(p, line, "TemplateSyntaxError", format, args);
    va_end(args);
    return false;
}

bool parser_fail_kind(struct parser *p, int line, const char *kind, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail(p, line, kind, format, args);
    va_end(args);
    return false;
}

char *token_describe(const struct token *token)
{
    BUFFER_AUTO(out);

    if (token->type == TOKEN_NAME)
        python_repr_text(&out, token->text, token->len);
    else
        python_repr_text(&out, token_type_text(token->type), strlen(token_type_text(token->type)));
    return buffer_take(&out);
}

bool parser_enter(struct parser *p)
{
    if (++p->depth > NODE_DEPTH_MAX)
        return parser_fail(p, p->current.line, "template nested too deeply (limit %d)", NODE_DEPTH_MAX);
    return true;
}

void parser_leave(struct parser *p)
{
    p->depth--;
}

/* ---- tokens ---- */

static bool lex(struct parser *p, struct token *ret)
{
    bool first = !p->lexed_first;

    p->lexed_first = true;
    if (jinja_lexer_next(&p->lexer, ret, p->err) == 0)
        return true;
    if (p->err) {
        p->err->kind = "TemplateSyntaxError";
        if (first && p->lexer.bare) {
            char *text = xasprintf("%s\n  line %d", p->err->message, p->err->line);
            int line = p->err->line;

            error_set_at(p->err, -EINVAL, line, 0, "%s", text);
            p->err->kind = "TemplateSyntaxError";
            free(text);
        }
    }
    return false;
}

bool parser_advance(struct parser *p)
{
    p->last_end = p->current.end;
    if (p->has_ahead) {
        p->current = p->ahead;
        p->has_ahead = false;
        return true;
    }
    return lex(p, &p->current);
}

const struct token *parser_look(struct parser *p)
{
    static const struct token none = { .type = TOKEN_EOF, .text = "" };

    /* An error in the token behind is told when it becomes the current one. */
    if (!p->has_ahead) {
        struct lexer before = p->lexer;
        struct error *err = p->err;
        bool ok;

        p->err = NULL;
        ok = lex(p, &p->ahead);
        p->err = err;
        if (!ok) {
            p->lexer = before;
            return &none;
        }
        p->has_ahead = true;
    }
    return &p->ahead;
}

bool parser_is(const struct parser *p, enum token_type type)
{
    return p->current.type == type;
}

bool token_is_name(const struct token *token, const char *name)
{
    return token->type == TOKEN_NAME && strncmp(token->text, name, token->len) == 0 && !name[token->len];
}

bool parser_is_name(const struct parser *p, const char *name)
{
    return token_is_name(&p->current, name);
}

static bool unexpected(struct parser *p, const char *wanted)
{
    BUFFER_AUTO(expected);
    char *found;

    python_repr_text(&expected, wanted, strlen(wanted));
    if (parser_is(p, TOKEN_EOF))
        return parser_fail(p, p->current.line, "unexpected end of template, expected %s.", expected.data);
    found = token_describe(&p->current);
    parser_fail(p, p->current.line, "expected token %s, got %s", expected.data, found);
    free(found);
    return false;
}

bool parser_expect(struct parser *p, enum token_type type)
{
    return parser_is(p, type) ? parser_advance(p) : unexpected(p, token_type_text(type));
}

bool parser_expect_name(struct parser *p, const char *name)
{
    return parser_is_name(p, name) ? parser_advance(p) : unexpected(p, name);
}

bool parser_skip_name(struct parser *p, const char *name)
{
    return parser_is_name(p, name) && parser_advance(p);
}

/* ---- nodes, constants, names ---- */

void *node_new(struct parser *p, enum node_type type, size_t size, uint32_t start, int line)
{
    struct node *node = pool_alloc(p->jinja->pool, size);

    node->type = type;
    node->start = start;
    node->end = p->current.start;
    node->line = line;
    node->depth = 1;
    return node;
}

value parser_text(struct parser *p, const char *text, size_t n)
{
    struct jinja *jinja = p->jinja;
    value v;

    if (n < 64)
        for (size_t i = jinja->n_constants, tries = 0; i-- && tries < 64; tries++)
            if (jinja->constants[i]->len == n && memcmp(jinja->constants[i]->data, text, n) == 0)
                return (value){ .kind = VALUE_STRING, .string = jinja->constants[i] };
    v = value_text_n(text, n);
    GROW(jinja->constants, jinja->n_constants, jinja->n_constants_room);
    jinja->constants[jinja->n_constants++] = v.string;
    return v;
}

value parser_keep(struct parser *p, value v)
{
    struct jinja *jinja = p->jinja;

    if (v.kind < VALUE_COUNTED)
        return v;
    GROW(jinja->values, jinja->n_values, jinja->n_values_room);
    jinja->values[jinja->n_values++] = v;
    return v;
}

struct node *parser_name_node(struct parser *p, const struct token *token)
{
    struct node_name *node = node_new(p, NODE_NAME, sizeof(*node), token->start, token->line);

    node->name = parser_text(p, token->text, token->len);
    node->node.end = token->end;
    node->known = KNOWN_NAMES;
    GROW(p->names, p->n_names, p->n_names_room);
    p->names[p->n_names].node = node;
    p->names[p->n_names++].scope = p->scope;
    GROW(p->jinja->readers, p->jinja->n_readers, p->jinja->n_readers_room);
    p->jinja->readers[p->jinja->n_readers++] = &node->node;
    return &node->node;
}

void parser_reads(struct parser *p, const struct node *subject, struct node *whole)
{
    struct jinja *jinja = p->jinja;

    for (size_t i = jinja->n_readers, tries = 0; i-- > 0 && tries < 16; tries++) {
        if (jinja->readers[i] != subject)
            continue;
        if (whole)
            jinja->readers[i] = whole;
        else
            memmove(&jinja->readers[i], &jinja->readers[i + 1],
                    (--jinja->n_readers - i) * sizeof(jinja->readers[0]));
        return;
    }
}

int parser_store(struct parser *p, struct scope *scope, value name)
{
    struct scope_name *found;

    for (found = scope->names; found; found = found->next)
        if (value_equal(found->name, name))
            return found->slot;
    if (scope->function->function->n_slots >= NODE_SLOTS_MAX) {
        parser_fail(p, p->current.line, "too many variables (limit %d)", NODE_SLOTS_MAX);
        return -1;
    }
    found = pool_alloc(p->jinja->pool, sizeof(*found));
    found->name = name;
    found->slot = scope->function->function->n_slots++;
    found->next = scope->names;
    scope->names = found;
    return found->slot;
}

/* What only the frame of a macro knows: it is made when the body asks for it. */
static void macro_extra(struct node_macro *macro, struct scope *scope, value name, struct parser *p)
{
    static const struct {
        const char *name;
        size_t at;
    } extras[] = {
        { "caller", offsetof(struct node_macro, caller_slot) },
        { "varargs", offsetof(struct node_macro, varargs_slot) },
        { "kwargs", offsetof(struct node_macro, kwargs_slot) },
    };

    for (size_t i = 0; i < ELEMENTS(extras); i++) {
        int32_t *slot = (int32_t *)((char *)macro + extras[i].at);

        if (value_text_is(name, extras[i].name) && *slot < 0)
            *slot = parser_store(p, scope, name);
    }
}

/* Gives macros the slots of caller, varargs and kwargs their bodies read; before names are bound. */
static void find_extras(struct parser *p)
{
    for (size_t i = 0; i < p->n_names; i++) {
        struct scope *scope = p->names[i].scope;
        value name = p->names[i].node->name;

        if (!value_text_is(name, "caller") && !value_text_is(name, "varargs") &&
            !value_text_is(name, "kwargs"))
            continue;
        while (scope->parent && scope->parent->function == scope->function)
            scope = scope->parent;
        if (scope->function->macro && scope->function->macro->node.type != NODE_BLOCK)
            macro_extra(scope->function->macro, scope, name, p);
    }
}

#define NAME_SLOTS_MAX 64

static void bind_name(struct parser *p, struct node_name *node, struct scope *scope)
{
    struct slot_ref slots[NAME_SLOTS_MAX];
    size_t n = 0;

    for (; scope; scope = scope->parent)
        for (struct scope_name *name = scope->names; name && n < NAME_SLOTS_MAX; name = name->next)
            if (name->name.string == node->name.string || value_equal(name->name, node->name)) {
                slots[n].slot = name->slot;
                slots[n++].up =
                    scope->function->function->depth; /* the function's own depth, made relative below */
            }
    node->n_slots = (uint16_t)n;
    node->slots = n ? pool_alloc(p->jinja->pool, n * sizeof(slots[0])) : NULL;
    if (n)
        memcpy(node->slots, slots, n * sizeof(slots[0]));
}

/* The first few different names get a place each. */
static void find_known(struct parser *p)
{
    const struct value_string *known[KNOWN_NAMES];
    uint16_t n = 0;

    for (size_t i = 0; i < p->n_names; i++) {
        struct node_name *node = p->names[i].node;
        uint16_t at = 0;

        while (at < n && known[at] != node->name.string)
            at++;
        if (at == n && n < KNOWN_NAMES)
            known[n++] = node->name.string;
        node->known = at < n ? at : KNOWN_NAMES;
    }
}

static void bind_names(struct parser *p)
{
    find_extras(p);
    find_known(p);
    for (size_t i = 0; i < p->n_names; i++) {
        struct node_name *node = p->names[i].node;
        uint16_t depth = p->names[i].scope->function->function->depth;

        bind_name(p, node, p->names[i].scope);
        for (unsigned k = 0; k < node->n_slots; k++)
            node->slots[k].up = (uint16_t)(depth - node->slots[k].up);
        node->node.glance = !node->n_slots ? GLANCE_KNOWN : node->slots[0].up ? GLANCE_NONE : GLANCE_SLOT;
        node->slot = node->n_slots ? node->slots[0].slot : 0;
    }
}

int jinja_parse(struct jinja *jinja, struct error *err)
{
    struct parser p = { .jinja = jinja, .err = err };
    struct parse_function root = { .function = &jinja->function };
    struct scope scope = { .function = &root };
    ERROR_AUTO(own);

    if (!err)
        p.err = &own;
    p.scope = &scope;
    jinja_lexer_init(&p.lexer, jinja->source, jinja->source_len, jinja->expression,
                     jinja->flags & JINJA_TRIM_BLOCKS);
    if (lex(&p, &p.current)) {
        if (jinja->expression) {
            jinja->root = parse_expression(&p);
            if (jinja->root && !parser_is(&p, TOKEN_EOF)) {
                parser_fail(&p, p.current.line, "chunk after expression");
                jinja->root = NULL;
            }
        } else {
            jinja->root = (struct node *)parse_template(&p);
        }
    }
    if (jinja->root && !parser_faults_tell(&p))
        jinja->root = NULL;
    if (jinja->root)
        bind_names(&p);
    for (size_t i = 0; i < p.n_names; i++) {
        GROW(jinja->names, jinja->n_names, jinja->n_names_room);
        jinja->names[jinja->n_names++] = p.names[i].node;
    }
    free(p.faults);
    free(p.names);
    free(p.end_stack);
    free(p.tags);
    return jinja->root ? 0 : -EINVAL;
}
