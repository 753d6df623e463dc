/* SPDX-License-Identifier: Apache-2.0 */
/* Statements: what stands between {% and %}, and the bodies around. To add a tag: write its parser and its row in `tags`. */
#include "expr/jinja/parser-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"

struct gathered {
    struct node **items;
    uint32_t count, room;
};

static struct node_list *parse_body(struct parser *p, end_tags ends);

/* A body that is a scope of its own. */
static struct node_list *parse_inner(struct parser *p, end_tags ends)
{
    size_t n_faults = p->n_faults;
    struct node_list *body = parse_body(p, ends);

    parser_faults_settle(p, n_faults, true);
    return body;
}

/* ---- scopes ---- */

static void scope_open(struct parser *p, struct scope *scope, struct scope_range *range)
{
    *scope = (struct scope){ .parent = p->scope, .function = p->scope->function };
    range->first = scope->function->function->n_slots;
    p->scope = scope;
}

/* Names read in a scope are bound later, so scopes live in the pool. */
static struct scope *scope_new(struct parser *p, struct scope_range *range)
{
    struct scope *scope = pool_alloc(p->jinja->pool, sizeof(*scope));

    scope_open(p, scope, range);
    return scope;
}

static void scope_close(struct parser *p, struct scope *scope, struct scope_range *range)
{
    range->end = scope->function->function->n_slots;
    p->scope = scope->parent;
}

/* ---- failures that name the tags that are waited for ---- */

static void add_quoted(struct buffer *out, end_tags tags)
{
    for (size_t i = 0; tags[i]; i++)
        buffer_addf(out, "%s'%s'", i ? " or " : "", tags[i]);
}

static bool fail_unknown(struct parser *p, const char *name, size_t n, int line)
{
    BUFFER_AUTO(out);
    bool nested = false;

    if (name)
        buffer_addf(&out, "Encountered unknown tag '%.*s'.", (int)n, name);
    else
        buffer_add_text(&out, "Unexpected end of template.");
    for (size_t i = 0; i < p->n_end_stack && name; i++)
        for (end_tags tag = p->end_stack[i]; *tag; tag++)
            nested = nested || (strlen(*tag) == n && memcmp(*tag, name, n) == 0);
    if (p->n_end_stack) {
        buffer_add_text(
            &out, nested ? " You probably made a nesting mistake. Jinja is expecting this tag, but currently "
                           "looking for "
                         : " Jinja was looking for the following tags: ");
        add_quoted(&out, p->end_stack[p->n_end_stack - 1]);
        buffer_add_char(&out, '.');
    }
    if (p->n_tags)
        buffer_addf(&out, " The innermost block that needs to be closed is '%s'.",
                    value_chars(p->tags[p->n_tags - 1]));
    return parser_fail(p, line, "%s", out.data);
}

/* ---- targets ---- */

static bool can_assign(struct parser *p, const struct node *target)
{
    static const char *const type_names[] = {
        [NODE_CONST] = "const",        [NODE_LIST] = "list",       [NODE_DICT] = "dict",
        [NODE_CONDITION] = "condexpr", [NODE_CALL] = "call",       [NODE_FILTER] = "filter",
        [NODE_GETATTR] = "getattr",    [NODE_GETITEM] = "getitem", [NODE_NS_TARGET] = NULL,
    };
    const char *name = target->type < ELEMENTS(type_names) ? type_names[target->type] : NULL;

    return parser_fail(p, target->line, "can't assign to '%s'", name ? name : "expression");
}

/* Makes the names of a target slots of the scope. */
static bool store_target(struct parser *p, struct node *target)
{
    if (target->type == NODE_NS_TARGET)
        return true;
    if (target->type == NODE_TUPLE) {
        const struct node_list *tuple = (struct node_list *)target;

        for (uint32_t i = 0; i < tuple->count; i++)
            if (!store_target(p, tuple->items[i]))
                return false;
        return true;
    }
    if (target->type != NODE_NAME)
        return can_assign(p, target);
    struct node_name *name = (struct node_name *)target;
    int slot = parser_store(p, p->scope, name->name);

    if (slot < 0)
        return false;
    /* A target is written to this slot only; it is not among the names that are read. */
    name->n_slots = 1;
    name->slots = pool_alloc(p->jinja->pool, sizeof(name->slots[0]));
    name->slots[0].slot = (uint16_t)slot;
    return true;
}

/* A name of a target leaves the list of names that are read. */
static struct node *target_name(struct parser *p)
{
    struct token token = p->current;
    struct node_name *node;

    if (!parser_expect(p, TOKEN_NAME))
        return NULL;
    node = node_new(p, NODE_NAME, sizeof(*node), token.start, token.line);
    node->name = parser_text(p, token.text, token.len);
    node->node.end = token.end;
    return &node->node;
}

static bool is_word(const struct token *token)
{
    static const char *const words[] = { "true", "false", "none", "True", "False", "None" };

    for (size_t i = 0; i < ELEMENTS(words); i++)
        if (token_is_name(token, words[i]))
            return true;
    return false;
}

static struct node *target_primary(struct parser *p, bool with_namespace);

static struct node *target_tuple(struct parser *p, bool with_namespace, bool parentheses)
{
    struct gathered g = { 0 };
    uint32_t start = p->current.start;
    int line = p->current.line;
    bool is_tuple = false;
    struct node_list *list;
    struct node *item;
    char *found;

    for (;;) {
        if (g.count && !parser_expect(p, TOKEN_COMMA))
            goto failed;
        if (is_tuple_end(p))
            break;
        item = target_primary(p, with_namespace);
        if (!item)
            goto failed;
        GROW(g.items, g.count, g.room);
        g.items[g.count++] = item;
        if (!parser_is(p, TOKEN_COMMA))
            break;
        is_tuple = true;
    }
    if (!is_tuple && g.count) {
        item = g.items[0];
        free(g.items);
        return item;
    }
    if (!is_tuple && !parentheses) {
        found = token_describe(&p->current);
        parser_fail(p, p->current.line, "Expected an expression, got %s", found);
        free(found);
        goto failed;
    }
    list = node_new(p, NODE_TUPLE, sizeof(*list), start, line);
    list->count = g.count;
    list->items = pool_alloc(p->jinja->pool, (g.count + 1) * sizeof(g.items[0]));
    if (g.count)
        memcpy(list->items, g.items, g.count * sizeof(g.items[0]));
    free(g.items);
    return &list->node;
failed:
    free(g.items);
    return NULL;
}

static struct node *target_primary(struct parser *p, bool with_namespace)
{
    struct token token = p->current;
    struct node *inner;

    if (parser_is(p, TOKEN_LPAREN)) {
        if (!parser_enter(p) || !parser_advance(p) || !(inner = target_tuple(p, with_namespace, true)) ||
            !parser_expect(p, TOKEN_RPAREN))
            return NULL;
        parser_leave(p);
        return inner;
    }
    if (!parser_is(p, TOKEN_NAME) || is_word(&token)) {
        inner = parse_primary(p);
        return inner ? (can_assign(p, inner), NULL) : NULL;
    }
    if (with_namespace && parser_look(p)->type == TOKEN_DOT) {
        struct node_ns_target *target = node_new(p, NODE_NS_TARGET, sizeof(*target), token.start, token.line);

        /* Past the name and the dot. */
        if (!parser_advance(p))
            return NULL;
        if (!parser_advance(p))
            return NULL;
        target->name = parser_name_node(p, &token);
        target->attribute = parser_text(p, p->current.text, p->current.len);
        return parser_expect(p, TOKEN_NAME) ? &target->node : NULL;
    }
    return target_name(p);
}

static struct node *parse_target(struct parser *p, bool with_namespace)
{
    return target_tuple(p, with_namespace, false);
}

/* ---- the statements ---- */

static const char *const end_for[] = { "endfor", "else", NULL }, *const end_for_else[] = { "endfor", NULL };
static const char *const end_if[] = { "elif", "else", "endif", NULL }, *const end_if_else[] = { "endif",
                                                                                                NULL };
static const char *const end_set[] = { "endset", NULL }, *const end_macro[] = { "endmacro", NULL };
static const char *const end_call[] = { "endcall", NULL }, *const end_filter[] = { "endfilter", NULL };
static const char *const end_with[] = { "endwith", NULL }, *const end_block[] = { "endblock", NULL };
static const char *const end_autoescape[] = { "endautoescape", NULL };

/* Does the source of this range of names ask for `loop` in the scope itself? Found when names are bound; here the slot is
   made when the body mentions the name at all. */
static bool mentions(const struct parser *p, size_t from, const char *name)
{
    for (size_t i = from; i < p->n_names; i++)
        if (value_text_is(p->names[i].node->name, name))
            return true;
    return false;
}

/* Inside a loop, `loop` is not a name that can be set. */
static void refuse_loop(struct parser *p, const struct node *target)
{
    const struct node_list *tuple = (const struct node_list *)target;

    if (target->type == NODE_TUPLE)
        for (uint32_t i = 0; i < tuple->count; i++)
            refuse_loop(p, tuple->items[i]);
    if (p->n_loops && target->type == NODE_NAME &&
        value_text_is(((const struct node_name *)target)->name, "loop"))
        parser_fault(p, target->start, target->line, "TemplateAssertionError",
                     "Can't assign to special loop variable in for-loop target");
}

static struct node *statement_for(struct parser *p)
{
    struct node_for *node = node_new(p, NODE_FOR, sizeof(*node), p->current.start, p->current.line);
    struct scope *scope;
    struct scope *outer = p->scope;
    size_t first_name, n_faults;
    int slot;

    p->n_loops++;
    if (!parser_advance(p) || !(node->target = parse_target(p, false)) || !parser_expect_name(p, "in") ||
        !(node->iterable = parse_tuple(p, false)))
        return NULL;
    scope = scope_new(p, &node->scope);
    if (!store_target(p, node->target))
        return NULL;
    refuse_loop(p, node->target);
    n_faults = p->n_faults;
    if (parser_skip_name(p, "if") && !(node->test = parse_expression(p)))
        return NULL;
    parser_faults_settle(p, n_faults, true);
    node->recursive = parser_skip_name(p, "recursive");
    first_name = p->n_names;
    node->body = parse_inner(p, end_for);
    if (!node->body)
        return NULL;
    node->loop_slot = -1;
    if (node->recursive || mentions(p, first_name, "loop")) {
        slot = parser_store(p, scope, parser_text(p, "loop", 4));
        if (slot < 0)
            return NULL;
        node->loop_slot = slot;
    }
    scope_close(p, scope, &node->scope);
    p->scope = outer;
    if (parser_is_name(p, "else")) {
        scope = scope_new(p, &node->otherwise_scope);
        if (!parser_advance(p) || !(node->otherwise = parse_inner(p, end_for_else)))
            return NULL;
        scope_close(p, scope, &node->otherwise_scope);
    }
    p->n_loops--;
    return parser_advance(p) ? &node->node : NULL;
}

static struct node *statement_if(struct parser *p)
{
    struct node_if *first = NULL, *last = NULL;
    size_t n_faults = p->n_faults;

    for (;;) {
        struct node_if *node = node_new(p, NODE_IF, sizeof(*node), p->current.start, p->current.line);

        if (last)
            last->otherwise = &node->node;
        else
            first = node;
        last = node;
        if (!parser_advance(p) || !(node->test = parse_tuple(p, false)) ||
            !(node->body = parse_body(p, end_if)))
            return NULL;
        if (!parser_is_name(p, "elif"))
            break;
    }
    if (parser_is_name(p, "else")) {
        struct node_list *otherwise;

        if (!parser_advance(p) || !(otherwise = parse_body(p, end_if_else)))
            return NULL;
        last->otherwise = &otherwise->node;
    }
    parser_faults_settle(p, n_faults, false);
    return parser_advance(p) ? &first->node : NULL;
}

static struct node *statement_set(struct parser *p)
{
    uint32_t start = p->current.start;
    int line = p->current.line;
    struct node_set_block *block;
    struct node_set *set;
    struct scope *scope;
    struct node *target;
    size_t n_faults;

    if (!parser_advance(p) || !(target = parse_target(p, true)))
        return NULL;
    refuse_loop(p, target);
    n_faults = p->n_faults;
    if (parser_is(p, TOKEN_ASSIGN)) {
        set = node_new(p, NODE_SET, sizeof(*set), start, line);
        set->target = target;
        if (!parser_advance(p) || !(set->source = parse_tuple(p, true)) || !store_target(p, target))
            return NULL;
        return &set->node;
    }
    block = node_new(p, NODE_SET_BLOCK, sizeof(*block), start, line);
    block->target = target;
    if (parser_is(p, TOKEN_PIPE) && !(block->filter = parse_filter_chain(p, NULL, false)))
        return NULL;
    parser_faults_settle(p, n_faults, true);
    scope = scope_new(p, &block->scope);
    block->body = parse_inner(p, end_set);
    if (!block->body)
        return NULL;
    scope_close(p, scope, &block->scope);
    return store_target(p, target) && parser_advance(p) ? &block->node : NULL;
}

/* A new function: its names are bound to a frame of their own. */
static struct scope *function_open(struct parser *p, struct node_macro *macro, struct scope *parent)
{
    struct parse_function *function = pool_alloc(p->jinja->pool, sizeof(*function));
    struct scope *scope = pool_alloc(p->jinja->pool, sizeof(*scope));

    p->scope->function->function->captures = true;
    function->parent = parent->function;
    function->function = &macro->function;
    function->macro = macro;
    macro->function.depth = (uint16_t)(parent->function->function->depth + 1);
    macro->caller_slot = macro->varargs_slot = macro->kwargs_slot = -1;
    scope->parent = parent;
    scope->function = function;
    p->scope = scope;
    return scope;
}

/* "(" [ name [ "=" expression ] { "," name [ "=" expression ] } ] ")" */
static bool parse_signature(struct parser *p, struct node_macro *macro)
{
    struct gathered defaults = { 0 };
    value params[255];
    uint16_t slots[255];
    unsigned n = 0;
    bool ok = false;
    int slot;

    if (!parser_expect(p, TOKEN_LPAREN))
        return false;
    while (!parser_is(p, TOKEN_RPAREN)) {
        struct token token;
        struct node *initial;

        if (n && !parser_expect(p, TOKEN_COMMA))
            goto out;
        token = p->current;
        if (!parser_expect(p, TOKEN_NAME))
            goto out;
        if (n >= ELEMENTS(params)) {
            parser_fail(p, token.line, "too many parameters (limit 255)");
            goto out;
        }
        params[n] = parser_text(p, token.text, token.len);
        slot = parser_store(p, p->scope, params[n]);
        if (slot < 0)
            goto out;
        slots[n++] = (uint16_t)slot;
        if (value_text_is(params[n - 1], "caller")) {
            macro->explicit_caller = true;
            macro->caller_slot = slot;
        }
        if (parser_is(p, TOKEN_ASSIGN)) {
            if (!parser_advance(p) || !(initial = parse_expression(p)))
                goto out;
            GROW(defaults.items, defaults.count, defaults.room);
            defaults.items[defaults.count++] = initial;
        } else if (defaults.count) {
            parser_fail(p, token.line, "non-default argument follows default argument");
            goto out;
        }
    }
    macro->n_params = (uint16_t)n;
    macro->n_defaults = (uint16_t)defaults.count;
    if (n) {
        macro->params = pool_alloc(p->jinja->pool, n * sizeof(params[0]));
        memcpy(macro->params, params, n * sizeof(params[0]));
        macro->param_slots = pool_alloc(p->jinja->pool, n * sizeof(slots[0]));
        memcpy(macro->param_slots, slots, n * sizeof(slots[0]));
    }
    if (defaults.count) {
        macro->defaults = pool_alloc(p->jinja->pool, defaults.count * sizeof(defaults.items[0]));
        memcpy(macro->defaults, defaults.items, defaults.count * sizeof(defaults.items[0]));
    }
    ok = parser_expect(p, TOKEN_RPAREN);
out:
    free(defaults.items);
    return ok;
}

/* A macro that calls back has a caller, or a default for it. */
static void refuse_caller(struct parser *p, const struct node_macro *macro, size_t first_name)
{
    int required = macro->n_params - macro->n_defaults;

    for (int i = 0; i < required; i++)
        if (value_text_is(macro->params[i], "caller") && mentions(p, first_name, "caller"))
            parser_fault(
                p, macro->node.start, macro->node.line, "TemplateAssertionError",
                "When defining macros or call blocks the special \"caller\" argument must be omitted or "
                "be given a default.");
}

static struct node *statement_macro(struct parser *p)
{
    struct node_macro *macro = node_new(p, NODE_MACRO, sizeof(*macro), p->current.start, p->current.line);
    size_t n_faults = p->n_faults, first_name;
    struct scope *outer = p->scope;

    if (!parser_advance(p) || !(macro->target = target_name(p)))
        return NULL;
    macro->name = ((struct node_name *)macro->target)->name;
    if (!store_target(p, macro->target))
        return NULL;
    function_open(p, macro, outer);
    if (!parse_signature(p, macro))
        return NULL;
    parser_faults_settle(p, n_faults, true);
    first_name = p->n_names;
    macro->body = parse_inner(p, end_macro);
    if (!macro->body)
        return NULL;
    refuse_caller(p, macro, first_name);
    p->scope = outer;
    return parser_advance(p) ? &macro->node : NULL;
}

static struct node *statement_call(struct parser *p)
{
    struct node_macro *macro =
        node_new(p, NODE_CALL_BLOCK, sizeof(*macro), p->current.start, p->current.line);
    struct scope *outer = p->scope, *inner;
    size_t n_faults = p->n_faults, first_name;
    int line = p->current.line;

    if (!parser_advance(p))
        return NULL;
    inner = function_open(p, macro, outer);
    macro->name = parser_text(p, "caller", 6);
    if (parser_is(p, TOKEN_LPAREN) && !parse_signature(p, macro))
        return NULL;
    parser_faults_settle(p, n_faults, true);
    p->scope = outer;
    macro->target = parse_expression(p);
    if (!macro->target)
        return NULL;
    if (macro->target->type != NODE_CALL)
        return parser_fail(p, line, "expected call"), NULL;
    p->scope = inner;
    first_name = p->n_names;
    macro->body = parse_inner(p, end_call);
    if (!macro->body)
        return NULL;
    refuse_caller(p, macro, first_name);
    p->scope = outer;
    return parser_advance(p) ? &macro->node : NULL;
}

static struct node *statement_filter(struct parser *p)
{
    struct node_set_block *block =
        node_new(p, NODE_FILTER_BLOCK, sizeof(*block), p->current.start, p->current.line);
    size_t n_faults = p->n_faults;
    struct scope *scope;

    if (!parser_advance(p) || !(block->filter = parse_filter_chain(p, NULL, true)))
        return NULL;
    parser_faults_settle(p, n_faults, true);
    scope = scope_new(p, &block->scope);
    block->body = parse_inner(p, end_filter);
    if (!block->body)
        return NULL;
    scope_close(p, scope, &block->scope);
    return parser_advance(p) ? &block->node : NULL;
}

static struct node *statement_with(struct parser *p)
{
    struct node_with *with = node_new(p, NODE_WITH, sizeof(*with), p->current.start, p->current.line);
    struct gathered targets = { 0 }, sources = { 0 };
    struct node *target, *source, *ret = NULL;
    struct scope *scope;

    if (!parser_advance(p))
        return NULL;
    while (!parser_is(p, TOKEN_BLOCK_END)) {
        if ((targets.count && !parser_expect(p, TOKEN_COMMA)) || !(target = parse_target(p, false)) ||
            !parser_expect(p, TOKEN_ASSIGN) || !(source = parse_expression(p)))
            goto out;
        GROW(targets.items, targets.count, targets.room);
        targets.items[targets.count++] = target;
        GROW(sources.items, sources.count, sources.room);
        sources.items[sources.count++] = source;
    }
    scope = scope_new(p, &with->scope);
    with->count = targets.count;
    with->targets = pool_alloc(p->jinja->pool, (targets.count + 1) * sizeof(target));
    with->sources = pool_alloc(p->jinja->pool, (targets.count + 1) * sizeof(source));
    for (uint32_t i = 0; i < targets.count; i++) {
        with->targets[i] = targets.items[i];
        with->sources[i] = sources.items[i];
        if (!store_target(p, targets.items[i]))
            goto out;
    }
    with->body = parse_inner(p, end_with);
    if (!with->body)
        goto out;
    scope_close(p, scope, &with->scope);
    if (parser_advance(p))
        ret = &with->node;
out:
    free(targets.items);
    free(sources.items);
    return ret;
}

static struct node *statement_autoescape(struct parser *p)
{
    struct node_set_block *block =
        node_new(p, NODE_AUTOESCAPE, sizeof(*block), p->current.start, p->current.line);
    size_t n_faults = p->n_faults;
    struct scope *scope;

    if (!parser_advance(p) || !(block->filter = parse_expression(p)))
        return NULL;
    parser_faults_settle(p, n_faults, true);
    scope = scope_new(p, &block->scope);
    block->body = parse_inner(p, end_autoescape);
    if (!block->body)
        return NULL;
    scope_close(p, scope, &block->scope);
    return parser_advance(p) ? &block->node : NULL;
}

/* Blocks are looked for before anything else. */
static void defined_twice(struct parser *p, const struct node_macro *block)
{
    char *text = xasprintf("block '%s' defined twice", value_chars(block->name));

    parser_fault(p, 0, block->node.line, "TemplateAssertionError", text);
    free(text);
}

static bool is_blank(const struct node_list *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        const struct node_data *data = (const struct node_data *)body->items[i];

        if (data->node.type != NODE_DATA || !data->len || strspn(data->text, " \t\r\n\f\v") < data->len)
            return false;
    }
    return true;
}

static struct node *statement_block(struct parser *p)
{
    struct node_macro *block = node_new(p, NODE_BLOCK, sizeof(*block), p->current.start, p->current.line);
    struct scope *outer = p->scope, *seen = p->scope;
    struct token token;

    if (!parser_advance(p))
        return NULL;
    token = p->current;
    if (!parser_expect(p, TOKEN_NAME))
        return NULL;
    block->name = parser_text(p, token.text, token.len);
    if (parser_is(p, TOKEN_SUB))
        return parser_fail(p, token.line,
                           "Block names in Jinja have to be valid Python identifiers and may not contain "
                           "hyphens, use an underscore instead."),
               NULL;
    for (size_t i = 0; i < p->jinja->n_blocks; i++)
        if (value_equal(p->jinja->blocks[i]->name, block->name))
            defined_twice(p, block);
    /* A block sees what the top of the template sets, and what is around it only when it says so. */
    if (!parser_skip_name(p, "scoped"))
        while (seen->parent)
            seen = seen->parent;
    block->required = parser_is_name(p, "required");
    if (block->required && !parser_advance(p))
        return NULL;
    function_open(p, block, seen);
    block->level = (uint16_t)(outer->function->function->depth - seen->function->function->depth);
    GROW(p->jinja->blocks, p->jinja->n_blocks, p->jinja->n_blocks_room);
    p->jinja->blocks[p->jinja->n_blocks++] = block;
    block->body = parse_inner(p, end_block);
    if (!block->body)
        return NULL;
    if (block->required && !is_blank(block->body))
        return parser_fail(p, p->current.line, "Required blocks can only contain comments or whitespace"),
               NULL;
    p->scope = outer;
    if (!parser_advance(p))
        return NULL;
    if (parser_is(p, TOKEN_NAME) && p->current.len == token.len &&
        memcmp(p->current.text, token.text, token.len) == 0 && !parser_advance(p))
        return NULL;
    return &block->node;
}

static struct node *statement_print(struct parser *p)
{
    uint32_t start = p->current.start;
    int line = p->current.line;
    struct gathered g = { 0 };
    struct node_list *list;
    struct node_pair *print;
    struct node *item;

    if (!parser_advance(p))
        return NULL;
    while (!parser_is(p, TOKEN_BLOCK_END)) {
        if ((g.count && !parser_expect(p, TOKEN_COMMA)) || !(item = parse_expression(p))) {
            free(g.items);
            return NULL;
        }
        print = node_new(p, NODE_PRINT, sizeof(*print), item->start, item->line);
        print->a = item;
        GROW(g.items, g.count, g.room);
        g.items[g.count++] = &print->node;
    }
    list = node_new(p, NODE_LIST, sizeof(*list), start, line);
    list->count = g.count;
    list->items = pool_alloc(p->jinja->pool, (g.count + 1) * sizeof(item));
    if (g.count)
        memcpy(list->items, g.items, g.count * sizeof(item));
    free(g.items);
    return &list->node;
}

/* include, import, from, extends: there is nothing to load from; the rest of the tag is only read over. */
static struct node *statement_load(struct parser *p)
{
    struct node *node = node_new(p, NODE_NO_LOADER, sizeof(*node), p->current.start, p->current.line);

    if (!parser_advance(p) || !parse_expression(p))
        return NULL;
    while (!parser_is(p, TOKEN_BLOCK_END) && !parser_is(p, TOKEN_EOF))
        if (!parser_advance(p))
            return NULL;
    return node;
}

static const struct {
    const char *name;
    struct node *(*parse)(struct parser *p);
} tags[] = {
    { "for", statement_for },      { "if", statement_if },
    { "set", statement_set },      { "macro", statement_macro },
    { "call", statement_call },    { "filter", statement_filter },
    { "with", statement_with },    { "autoescape", statement_autoescape },
    { "block", statement_block },  { "print", statement_print },
    { "include", statement_load }, { "import", statement_load },
    { "from", statement_load },    { "extends", statement_load },
};

static struct node *parse_statement(struct parser *p)
{
    struct token token = p->current;
    struct node *node;

    if (!parser_is(p, TOKEN_NAME))
        return parser_fail(p, token.line, "tag name expected"), NULL;
    for (size_t i = 0; i < ELEMENTS(tags); i++) {
        if (!token_is_name(&token, tags[i].name))
            continue;
        if (!parser_enter(p))
            return NULL;
        GROW(p->tags, p->n_tags, p->n_tags_room);
        p->tags[p->n_tags++] = parser_text(p, token.text, token.len);
        node = tags[i].parse(p);
        p->n_tags--;
        parser_leave(p);
        return node;
    }
    fail_unknown(p, token.text, token.len, token.line);
    return NULL;
}

/* ---- bodies ---- */

static bool at_end_tag(const struct parser *p, end_tags ends)
{
    for (; ends && *ends; ends++)
        if (parser_is_name(p, *ends))
            return true;
    return false;
}

static struct node *data_node(struct parser *p)
{
    struct node_data *data = node_new(p, NODE_DATA, sizeof(*data), p->current.start, p->current.line);

    data->text = p->current.text;
    data->len = p->current.len;
    return parser_advance(p) ? &data->node : NULL;
}

static struct node *print_node(struct parser *p)
{
    struct node_pair *print = node_new(p, NODE_PRINT, sizeof(*print), p->current.start, p->current.line);

    if (!parser_advance(p) || !(print->a = parse_tuple(p, true)) || !parser_expect(p, TOKEN_VARIABLE_END))
        return NULL;
    print->node.start = print->a->start;
    print->node.end = print->a->end;
    return &print->node;
}

/* One piece of a body. *ret_end: the tag that ends the body was met; it is the current token then. */
static struct node *body_piece(struct parser *p, end_tags ends, bool *ret_end)
{
    struct node *node;

    *ret_end = false;
    if (parser_is(p, TOKEN_DATA))
        return data_node(p);
    if (parser_is(p, TOKEN_VARIABLE_BEGIN))
        return print_node(p);
    if (!parser_advance(p))
        return NULL;
    if (at_end_tag(p, ends)) {
        *ret_end = true;
        return NULL;
    }
    node = parse_statement(p);
    return node && parser_expect(p, TOKEN_BLOCK_END) ? node : NULL;
}

/* Everything up to one of the end tags (NULL: the end of the template). */
static struct node_list *body_pieces(struct parser *p, end_tags ends)
{
    struct node_list *list = node_new(p, NODE_LIST, sizeof(*list), p->current.start, p->current.line);
    struct gathered g = { 0 };
    bool end = false;

    while (!parser_is(p, TOKEN_EOF)) {
        struct node *node = body_piece(p, ends, &end);

        if (end)
            break;
        if (!node) {
            free(g.items);
            return NULL;
        }
        GROW(g.items, g.count, g.room);
        g.items[g.count++] = node;
    }
    list->count = g.count;
    list->items = pool_alloc(p->jinja->pool, (g.count + 1) * sizeof(g.items[0]));
    if (g.count)
        memcpy(list->items, g.items, g.count * sizeof(g.items[0]));
    free(g.items);
    return list;
}

static struct node_list *parse_body(struct parser *p, end_tags ends)
{
    struct node_list *list;

    if (parser_is(p, TOKEN_COLON) && !parser_advance(p))
        return NULL;
    if (!parser_expect(p, TOKEN_BLOCK_END))
        return NULL;
    GROW(p->end_stack, p->n_end_stack, p->n_end_stack_room);
    p->end_stack[p->n_end_stack++] = ends;
    list = body_pieces(p, ends);
    if (list && parser_is(p, TOKEN_EOF)) {
        fail_unknown(p, NULL, 0, p->current.line);
        list = NULL;
    }
    p->n_end_stack--;
    return list;
}

struct node_list *parse_template(struct parser *p)
{
    return body_pieces(p, NULL);
}
