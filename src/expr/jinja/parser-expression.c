/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, by recursive descent. Loosest first:

       expression = or { "if" or [ "else" expression ] }
       or         = and { "or" and }
       and        = not { "and" not }
       not        = "not" not | compare
       compare    = sum { ("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in") sum }
       sum        = concat { ("+" | "-") concat }
       concat     = product { "~" product }
       product    = power { ("*" | "/" | "//" | "%") power }
       power      = unary { "**" unary }
       unary      = ("-" | "+") unary-without-filters | primary postfix filters
       postfix    = { "." name | "[" subscript "]" | "(" arguments ")" }
       filters    = { "|" name arguments | "is" [ "not" ] name argument | "(" arguments ")" }                       */
#include "expr/jinja/parser-internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "expr/jinja/builtins.h"
#include "expr/jinja/methods.h"

static struct node *parse_unary(struct parser *p, bool with_filter);

struct node *parser_finish(struct parser *p, struct node *node)
{
    node->end = p->last_end;
    if (node->depth > NODE_CHAIN_MAX)
        return parser_fail(p, node->line, "expression nested too deeply (limit %d)", NODE_CHAIN_MAX), NULL;
    return node;
}

static void deepen(struct node *node, const struct node *part)
{
    if (!part)
        return;
    if (node->depth <= part->depth)
        node->depth = (uint16_t)(part->depth + 1);
    node->calls = node->calls || part->calls;
}

/* Pointers gathered while their number is not yet known. */
struct gathered {
    struct node **items;
    uint32_t count, room;
};

static void gather(struct gathered *g, struct node *node)
{
    GROW(g->items, g->count, g->room);
    g->items[g->count++] = node;
}

static struct node **gathered_take(struct parser *p, struct gathered *g)
{
    struct node **items = NULL;

    if (g->count) {
        items = pool_alloc(p->jinja->pool, g->count * sizeof(items[0]));
        memcpy(items, g->items, g->count * sizeof(items[0]));
    }
    free(g->items);
    g->items = NULL;
    return items;
}

static bool all_constant(struct node **items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (!items[i]->constant)
            return false;
    return true;
}

static struct node *list_node(struct parser *p, enum node_type type, struct gathered *g, uint32_t start,
                              int line)
{
    struct node_list *list = node_new(p, type, sizeof(*list), start, line);

    list->count = g->count;
    list->items = gathered_take(p, g);
    list->node.constant = all_constant(list->items, list->count);
    for (uint32_t i = 0; i < list->count; i++)
        deepen(&list->node, list->items[i]);
    return parser_finish(p, &list->node);
}

struct node *parser_pair(struct parser *p, enum node_type type, struct node *a, struct node *b,
                         uint32_t start)
{
    struct node_pair *pair = node_new(p, type, sizeof(*pair), start, a ? a->line : p->current.line);

    pair->a = a;
    pair->b = b;
    pair->node.constant = (!a || a->constant) && (!b || b->constant);
    deepen(&pair->node, a);
    deepen(&pair->node, b);
    return parser_finish(p, &pair->node);
}

static bool is_glanced(const struct node *node)
{
    return node->type == NODE_CONST || node->type == NODE_NAME;
}

static struct node *binary_node(struct parser *p, enum number_operator op, struct node *left,
                                struct node *right)
{
    struct node *node = parser_pair(p, NODE_BINARY, left, right, left->start);

    if (!node)
        return NULL;
    node->op = op;
    if (is_glanced(left) && is_glanced(right))
        node->glance = GLANCE_BINARY;
    return node;
}

/* ---- operators ---- */

struct node *parse_expression(struct parser *p)
{
    size_t n_faults = p->n_faults;
    struct node *left;

    if (!parser_enter(p))
        return NULL;
    left = parse_or(p);
    while (left && parser_is_name(p, "if")) {
        struct node *test, *otherwise = NULL;
        struct node_pair *condition;

        if (!parser_advance(p) || !(test = parse_or(p)))
            return NULL;
        if (parser_is_name(p, "else") && (!parser_advance(p) || !(otherwise = parse_expression(p))))
            return NULL;
        condition = node_new(p, NODE_CONDITION, sizeof(*condition), left->start, left->line);
        condition->a = test;
        condition->b = left;
        condition->c = otherwise;
        deepen(&condition->node, test);
        deepen(&condition->node, left);
        deepen(&condition->node, otherwise);
        condition->node.constant = otherwise && test->constant && left->constant && otherwise->constant;
        parser_faults_settle(p, n_faults, false);
        left = parser_finish(p, &condition->node);
    }
    parser_leave(p);
    return left;
}

static struct node *parse_not(struct parser *p);

static struct node *parse_and(struct parser *p)
{
    struct node *left = parse_not(p), *right;

    while (left && parser_is_name(p, "and")) {
        if (!parser_advance(p) || !(right = parse_not(p)))
            return NULL;
        left = parser_pair(p, NODE_AND, left, right, left->start);
    }
    return left;
}

struct node *parse_or(struct parser *p)
{
    struct node *left = parse_and(p), *right;

    while (left && parser_is_name(p, "or")) {
        if (!parser_advance(p) || !(right = parse_and(p)))
            return NULL;
        left = parser_pair(p, NODE_OR, left, right, left->start);
    }
    return left;
}

static struct node *parse_concat(struct parser *p);

static struct node *parse_sum(struct parser *p)
{
    struct node *left = parse_concat(p), *right;

    while (left && (parser_is(p, TOKEN_ADD) || parser_is(p, TOKEN_SUB))) {
        enum number_operator op = parser_is(p, TOKEN_ADD) ? NUMBER_ADD : NUMBER_SUBTRACT;

        if (!parser_advance(p) || !(right = parse_concat(p)))
            return NULL;
        left = binary_node(p, op, left, right);
    }
    return left;
}

/* The operator at the current token; false when there is none. Two tokens for "not in". */
static bool compare_operator(struct parser *p, enum compare_operator *ret_op, bool *ret_two)
{
    static const int8_t operators[] = {
        [TOKEN_EQ] = COMPARE_EQ + 1, [TOKEN_NE] = COMPARE_NE + 1,
        [TOKEN_LT] = COMPARE_LT + 1, [TOKEN_LTEQ] = COMPARE_LTEQ + 1,
        [TOKEN_GT] = COMPARE_GT + 1, [TOKEN_GTEQ] = COMPARE_GTEQ + 1,
        [TOKEN_TILDE] = 0,
    };

    *ret_two = false;
    if (operators[p->current.type]) {
        *ret_op = (enum compare_operator)(operators[p->current.type] - 1);
        return true;
    }
    if (parser_is_name(p, "in")) {
        *ret_op = COMPARE_IN;
        return true;
    }
    if (parser_is_name(p, "not") && token_is_name(parser_look(p), "in")) {
        *ret_op = COMPARE_NOT_IN;
        *ret_two = true;
        return true;
    }
    return false;
}

static struct node *parse_compare(struct parser *p)
{
    struct node *left = parse_sum(p);
    struct node_compare *compare;
    struct compare_step *steps = NULL;
    enum compare_operator op;
    uint32_t count = 0, room = 0;
    bool two;

    if (!left || !compare_operator(p, &op, &two))
        return left;
    compare = node_new(p, NODE_COMPARE, sizeof(*compare), left->start, left->line);
    compare->left = left;
    deepen(&compare->node, left);
    compare->node.constant = left->constant;
    while (compare_operator(p, &op, &two)) {
        struct node *right;

        if (!parser_advance(p) || (two && !parser_advance(p)) || !(right = parse_sum(p))) {
            free(steps);
            return NULL;
        }
        GROW(steps, count, room);
        steps[count++] = (struct compare_step){ op, right };
        compare->node.constant = compare->node.constant && right->constant;
        deepen(&compare->node, right);
    }
    compare->count = count;
    compare->steps = pool_alloc(p->jinja->pool, count * sizeof(steps[0]));
    memcpy(compare->steps, steps, count * sizeof(steps[0]));
    free(steps);
    compare->node.op = (uint8_t)compare->steps[0].op;
    if (count == 1 && compare->node.op <= COMPARE_GTEQ && !compare->node.constant)
        compare->node.glance = GLANCE_COMPARE;
    return parser_finish(p, &compare->node);
}

static struct node *parse_not(struct parser *p)
{
    uint32_t start = p->current.start;
    struct node *inner;

    if (!parser_is_name(p, "not"))
        return parse_compare(p);
    if (!parser_enter(p) || !parser_advance(p) || !(inner = parse_not(p)))
        return NULL;
    parser_leave(p);
    return parser_pair(p, NODE_NOT, inner, NULL, start);
}

static struct node *parse_power(struct parser *p)
{
    struct node *left = parse_unary(p, true), *right;

    while (left && parser_is(p, TOKEN_POW)) {
        if (!parser_advance(p) || !(right = parse_unary(p, true)))
            return NULL;
        left = binary_node(p, NUMBER_POWER, left, right);
    }
    return left;
}

static struct node *parse_product(struct parser *p)
{
    struct node *left = parse_power(p), *right;

    while (left) {
        enum number_operator op;

        switch (p->current.type) {
        case TOKEN_MUL:
            op = NUMBER_MULTIPLY;
            break;
        case TOKEN_DIV:
            op = NUMBER_DIVIDE;
            break;
        case TOKEN_FLOORDIV:
            op = NUMBER_FLOOR_DIVIDE;
            break;
        case TOKEN_MOD:
            op = NUMBER_MODULO;
            break;
        default:
            return left;
        }
        if (!parser_advance(p) || !(right = parse_power(p)))
            return NULL;
        left = binary_node(p, op, left, right);
    }
    return left;
}

static struct node *parse_concat(struct parser *p)
{
    struct node *first = parse_product(p), *part;
    struct gathered g = { 0 };

    if (!first || !parser_is(p, TOKEN_TILDE))
        return first;
    gather(&g, first);
    while (parser_is(p, TOKEN_TILDE)) {
        if (!parser_advance(p) || !(part = parse_product(p))) {
            free(g.items);
            return NULL;
        }
        gather(&g, part);
    }
    return list_node(p, NODE_CONCAT, &g, first->start, first->line);
}

/* ---- literals ---- */

static struct node *const_node(struct parser *p, value v, uint32_t start, int line)
{
    struct node_const *c = node_new(p, NODE_CONST, sizeof(*c), start, line);

    c->v = v;
    c->node.constant = true;
    /* A float may be infinite: see eval_constant. */
    c->node.glance = v.kind == VALUE_FLOAT ? GLANCE_NONE : GLANCE_CONST;
    return parser_finish(p, &c->node);
}

static struct node *string_node(struct parser *p)
{
    BUFFER_AUTO(text);
    uint32_t start = p->current.start;
    int line = p->current.line;

    while (parser_is(p, TOKEN_STRING))
        if (!parser_add_string(p, &p->current, &text) || !parser_advance(p))
            return NULL;
    return const_node(p, parser_text(p, buffer_text(&text), text.len), start, line);
}

static struct node *number_node(struct parser *p)
{
    struct token token = p->current;
    BUFFER_AUTO(digits);
    value v = VALUE_NOTHING;

    for (uint32_t i = 0; i < token.len; i++)
        if (token.text[i] != '_')
            buffer_add_char(&digits, token.text[i]);
    if (!parser_advance(p))
        return NULL;
    if (token.type == TOKEN_FLOAT) {
        v = value_float(strtod(digits.data, NULL));
    } else {
        char mark = digits.len > 2 ? (char)(digits.data[1] | 0x20) : 0;
        int base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
        size_t skip = base == 10 ? 0 : 2;

        if (base == 10 && digits.len > 4300)
            return parser_fail(p, token.line,
                               "Exceeds the limit (4300 digits) for integer string conversion"),
                   NULL;
        if (digits.len > 16400)
            return parser_fail(p, token.line, "integer literal too large"), NULL;
        v = value_int_from_text(digits.data + skip, digits.len - skip, base);
    }
    return const_node(p, parser_keep(p, v), token.start, token.line);
}

static struct node *word_node(struct parser *p)
{
    struct token token = p->current;
    static const struct {
        const char *name;
        value v;
    } words[] = {
        { "true", { .kind = VALUE_BOOL, .integer = 1 } },
        { "True", { .kind = VALUE_BOOL, .integer = 1 } },
        { "false", { .kind = VALUE_BOOL, .integer = 0 } },
        { "False", { .kind = VALUE_BOOL, .integer = 0 } },
        { "none", { .kind = VALUE_NULL } },
        { "None", { .kind = VALUE_NULL } },
    };

    if (!parser_advance(p))
        return NULL;
    if (token.len == 4 || token.len == 5)
        for (size_t i = 0; i < ELEMENTS(words); i++)
            if (token_is_name(&token, words[i].name))
                return const_node(p, words[i].v, token.start, token.line);
    return parser_name_node(p, &token);
}

static struct node *sequence_node(struct parser *p)
{
    uint32_t start = p->current.start;
    int line = p->current.line;
    struct gathered g = { 0 };
    struct node *item;

    if (!parser_advance(p))
        return NULL;
    while (!parser_is(p, TOKEN_RBRACKET)) {
        if (g.count && !parser_expect(p, TOKEN_COMMA))
            goto failed;
        if (parser_is(p, TOKEN_RBRACKET))
            break;
        item = parse_expression(p);
        if (!item)
            goto failed;
        gather(&g, item);
    }
    if (!parser_expect(p, TOKEN_RBRACKET))
        goto failed;
    return list_node(p, NODE_LIST, &g, start, line);
failed:
    free(g.items);
    return NULL;
}

static struct node *dict_node(struct parser *p)
{
    uint32_t start = p->current.start;
    int line = p->current.line;
    struct gathered g = { 0 };
    struct node *key, *item;

    if (!parser_advance(p))
        return NULL;
    while (!parser_is(p, TOKEN_RBRACE)) {
        if (g.count && !parser_expect(p, TOKEN_COMMA))
            goto failed;
        if (parser_is(p, TOKEN_RBRACE))
            break;
        if (!(key = parse_expression(p)) || !parser_expect(p, TOKEN_COLON) || !(item = parse_expression(p)))
            goto failed;
        gather(&g, key);
        gather(&g, item);
    }
    if (!parser_expect(p, TOKEN_RBRACE))
        goto failed;
    return list_node(p, NODE_DICT, &g, start, line);
failed:
    free(g.items);
    return NULL;
}

/* No word ends a tuple: "for x, in y" names a second variable "in", as it does for Jinja. */
bool is_tuple_end(const struct parser *p)
{
    return parser_is(p, TOKEN_VARIABLE_END) || parser_is(p, TOKEN_BLOCK_END) || parser_is(p, TOKEN_RPAREN);
}

static struct node *tuple(struct parser *p, bool conditional, bool parentheses, uint32_t start)
{
    struct gathered g = { 0 };
    int line = p->current.line;
    bool is_tuple = false;
    struct node *item;
    char *found;

    for (;;) {
        if (g.count && !parser_expect(p, TOKEN_COMMA))
            goto failed;
        if (is_tuple_end(p))
            break;
        item = conditional ? parse_expression(p) : parse_or(p);
        if (!item)
            goto failed;
        gather(&g, item);
        if (!parser_is(p, TOKEN_COMMA))
            break;
        is_tuple = true;
    }
    if (is_tuple || (parentheses && !g.count))
        return list_node(p, NODE_TUPLE, &g, start, line);
    if (g.count) {
        item = g.items[0];
        free(g.items);
        return item;
    }
    found = token_describe(&p->current);
    parser_fail(p, p->current.line, "Expected an expression, got %s", found);
    free(found);
failed:
    free(g.items);
    return NULL;
}

struct node *parse_tuple(struct parser *p, bool conditional)
{
    return tuple(p, conditional, false, p->current.start);
}

struct node *parse_primary(struct parser *p)
{
    struct node *inner;
    char *found;

    switch (p->current.type) {
    case TOKEN_NAME:
        return word_node(p);
    case TOKEN_STRING:
        return string_node(p);
    case TOKEN_INTEGER:
    case TOKEN_FLOAT:
        return number_node(p);
    case TOKEN_LPAREN: {
        uint32_t start = p->current.start;

        if (!parser_enter(p) || !parser_advance(p) || !(inner = tuple(p, true, true, start)) ||
            !parser_expect(p, TOKEN_RPAREN))
            return NULL;
        parser_leave(p);
        return inner->type == NODE_TUPLE ? parser_finish(p, inner) : inner;
    }
    case TOKEN_LBRACKET:
        return sequence_node(p);
    case TOKEN_LBRACE:
        return dict_node(p);
    default:
        found = token_describe(&p->current);
        parser_fail(p, p->current.line, "unexpected %s", found);
        free(found);
        return NULL;
    }
}

/* ---- postfix ---- */

struct argument_lists {
    struct gathered args, named;
    value *names;
    uint32_t n_names, names_room;
};

static void repeated_keyword(struct parser *p, const struct argument_lists *lists, value name)
{
    char *text;

    for (uint32_t i = 0; i < lists->n_names; i++) {
        if (!value_equal(lists->names[i], name))
            continue;
        text = xasprintf("keyword argument repeated: %s", value_chars(name));
        parser_fault(p, p->current.start, p->current.line, "SyntaxError", text);
        free(text);
        return;
    }
}

static bool argument(struct parser *p, struct arguments *ret, struct argument_lists *lists)
{
    bool star = parser_is(p, TOKEN_MUL), star_star = parser_is(p, TOKEN_POW);
    int line = p->current.line;
    struct node *item;

    if ((star || star_star) && !parser_advance(p))
        return false;
    if (star || star_star) {
        if (ret->star_star || (star && ret->star))
            return parser_fail(p, line, "invalid syntax for function call expression");
        item = parse_expression(p);
        *(star ? &ret->star : &ret->star_star) = item;
        return item;
    }
    if (parser_is(p, TOKEN_NAME) && parser_look(p)->type == TOKEN_ASSIGN) {
        value name = parser_text(p, p->current.text, p->current.len);

        if (ret->star_star)
            return parser_fail(p, line, "invalid syntax for function call expression");
        /* Past the name and the equals sign. */
        if (!parser_advance(p))
            return false;
        if (!parser_advance(p) || !(item = parse_expression(p)))
            return false;
        gather(&lists->named, item);
        repeated_keyword(p, lists, name);
        GROW(lists->names, lists->n_names, lists->names_room);
        lists->names[lists->n_names++] = name;
        return true;
    }
    if (ret->star || ret->star_star || lists->named.count)
        return parser_fail(p, line, "invalid syntax for function call expression");
    item = parse_expression(p);
    if (item)
        gather(&lists->args, item);
    return item;
}

/* "(" [ argument { "," argument } [ "," ] ] ")" */
bool parse_arguments(struct parser *p, struct arguments *ret)
{
    struct argument_lists lists = { 0 };
    bool comma = false, ok = false;

    if (!parser_expect(p, TOKEN_LPAREN))
        return false;
    while (!parser_is(p, TOKEN_RPAREN)) {
        if (comma && !parser_expect(p, TOKEN_COMMA))
            goto out;
        if (comma && parser_is(p, TOKEN_RPAREN))
            break;
        if (!argument(p, ret, &lists))
            goto out;
        comma = true;
    }
    if (lists.args.count + lists.named.count > 255) {
        parser_fail(p, p->current.line, "too many arguments (limit 255)");
        goto out;
    }
    if (!parser_expect(p, TOKEN_RPAREN))
        goto out;
    ret->n_args = (uint16_t)lists.args.count;
    ret->n_named = (uint16_t)lists.named.count;
    for (uint32_t i = 0; i < lists.named.count; i++)
        gather(&lists.args, lists.named.items[i]);
    ret->args = gathered_take(p, &lists.args);
    if (lists.n_names) {
        ret->names = pool_alloc(p->jinja->pool, lists.n_names * sizeof(value));
        memcpy(ret->names, lists.names, lists.n_names * sizeof(value));
    }
    ok = true;
out:
    free(lists.args.items);
    free(lists.named.items);
    free(lists.names);
    return ok;
}

void parser_deepen_call(struct node_call *call)
{
    const struct arguments *arguments = &call->arguments;

    deepen(&call->node, call->subject);
    for (int i = 0; i < arguments->n_args + arguments->n_named; i++)
        deepen(&call->node, arguments->args[i]);
    deepen(&call->node, arguments->star);
    deepen(&call->node, arguments->star_star);
}

bool parser_constant_arguments(const struct arguments *arguments)
{
    return !arguments->star && !arguments->star_star &&
           all_constant(arguments->args, (uint32_t)arguments->n_args + arguments->n_named);
}

struct node *parser_call_node(struct parser *p, struct node *subject)
{
    struct node_call *call = node_new(p, NODE_CALL, sizeof(*call), subject->start, p->current.line);

    call->subject = subject;
    call->node.calls = true;
    if (!parse_arguments(p, &call->arguments))
        return NULL;
    parser_deepen_call(call);
    if (subject->type == NODE_NAME && value_text_is(((struct node_name *)subject)->name, "ctx")) {
        parser_reads(p, subject, &call->node);
        if (call->arguments.n_args && call->arguments.args[0]->type == NODE_NAME)
            parser_reads(p, call->arguments.args[0], NULL);
    }
    return parser_finish(p, &call->node);
}

static struct node *attribute_node(struct parser *p, struct node *subject, value name)
{
    struct node_attr *attr = node_new(p, NODE_GETATTR, sizeof(*attr), subject->start, p->current.line);

    attr->subject = subject;
    attr->name = name;
    attr->methods = method_find(value_chars(name), value_len(name));
    attr->loop_field = loop_field_find(name);
    deepen(&attr->node, subject);
    parser_reads(p, subject, &attr->node);
    return parser_finish(p, &attr->node);
}

/* One part of a subscript: an expression, or a slice with any of its three parts missing. */
static struct node *subscribed(struct parser *p)
{
    uint32_t start = p->current.start;
    struct node *parts[3] = { NULL, NULL, NULL };
    struct node_pair *slice;

    if (!parser_is(p, TOKEN_COLON)) {
        parts[0] = parse_expression(p);
        if (!parts[0] || !parser_is(p, TOKEN_COLON))
            return parts[0];
    }
    for (int i = 1; i < 3 && parser_is(p, TOKEN_COLON); i++) {
        if (!parser_advance(p))
            return NULL;
        if (!parser_is(p, TOKEN_COLON) && !parser_is(p, TOKEN_RBRACKET) && !parser_is(p, TOKEN_COMMA) &&
            !(parts[i] = parse_expression(p)))
            return NULL;
    }
    slice = node_new(p, NODE_SLICE, sizeof(*slice), start, p->current.line);
    slice->a = parts[0];
    slice->b = parts[1];
    slice->c = parts[2];
    slice->node.constant = true;
    for (int i = 0; i < 3; i++) {
        deepen(&slice->node, parts[i]);
        slice->node.constant = slice->node.constant && (!parts[i] || parts[i]->constant);
    }
    return parser_finish(p, &slice->node);
}

static struct node *item_node(struct parser *p, struct node *subject, struct node *key)
{
    struct node *node = parser_pair(p, NODE_GETITEM, subject, key, subject->start);

    if (node && key->type == NODE_CONST)
        parser_reads(p, subject, node);
    return node;
}

static struct node *subscript_node(struct parser *p, struct node *subject)
{
    struct gathered g = { 0 };
    struct node *part;

    if (!parser_advance(p))
        return NULL;
    while (!parser_is(p, TOKEN_RBRACKET)) {
        if ((g.count && !parser_expect(p, TOKEN_COMMA)) || !(part = subscribed(p))) {
            free(g.items);
            return NULL;
        }
        gather(&g, part);
    }
    if (!parser_expect(p, TOKEN_RBRACKET)) {
        free(g.items);
        return NULL;
    }
    if (g.count == 1) {
        part = g.items[0];
        free(g.items);
    } else {
        part = list_node(p, NODE_TUPLE, &g, subject->start, subject->line);
    }
    if (!part)
        return NULL;
    if (part->type == NODE_CONST && value_is_string(((struct node_const *)part)->v)) {
        const struct node_const *text = (struct node_const *)part;
        const struct method_row *row = method_find(value_chars(text->v), value_len(text->v));

        if (row && method_mutates(row))
            p->jinja->mutating = true;
    }
    return item_node(p, subject, part);
}

static struct node *dot_node(struct parser *p, struct node *subject)
{
    struct token token;
    struct node *index;

    if (!parser_advance(p))
        return NULL;
    token = p->current;
    if (!parser_advance(p))
        return NULL;
    if (token.type == TOKEN_NAME) {
        struct node_attr *attr =
            (struct node_attr *)attribute_node(p, subject, parser_text(p, token.text, token.len));

        if (attr && attr->methods && method_mutates(attr->methods))
            p->jinja->mutating = true;
        return (struct node *)attr;
    }
    if (token.type != TOKEN_INTEGER)
        return parser_fail(p, token.line, "expected name or number"), NULL;
    index =
        const_node(p, parser_keep(p, value_int_from_text(token.text, token.len < 18 ? token.len : 18, 10)),
                   token.start, token.line);
    return parser_pair(p, NODE_GETITEM, subject, index, subject->start);
}

struct node *parse_postfix(struct parser *p, struct node *node)
{
    unsigned n = 0;

    while (node && n++ < NODE_DEPTH_MAX * 4) {
        if (parser_is(p, TOKEN_DOT))
            node = dot_node(p, node);
        else if (parser_is(p, TOKEN_LBRACKET))
            node = subscript_node(p, node);
        else if (parser_is(p, TOKEN_LPAREN))
            node = parser_call_node(p, node);
        else
            return node;
    }
    return node ? (parser_fail(p, p->current.line, "expression nested too deeply"), NULL) : NULL;
}

static struct node *parse_unary(struct parser *p, bool with_filter)
{
    uint32_t start = p->current.start;
    struct node *node;

    if (parser_is(p, TOKEN_SUB) || parser_is(p, TOKEN_ADD)) {
        enum node_type type = parser_is(p, TOKEN_SUB) ? NODE_NEGATE : NODE_POSITIVE;

        if (!parser_enter(p) || !parser_advance(p) || !(node = parse_unary(p, false)))
            return NULL;
        parser_leave(p);
        node = parser_pair(p, type, node, NULL, start);
    } else {
        node = parse_primary(p);
        node = node ? parse_postfix(p, node) : NULL;
        return node && with_filter ? parse_filters(p, node) : node;
    }
    return with_filter ? parse_filters(p, node) : node;
}
