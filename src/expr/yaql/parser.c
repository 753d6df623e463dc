/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens to a tree, by binding power. The tree lives in one pool with the constants it owns, and never changes. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "expr/yaql/workflow.h"
#include "value/json.h"

#define NESTING_MAX 200     /* parentheses, brackets and prefix operators within each other */
#define TEXT_MAX    1048576 /* bytes of an expression */
#define ARGS_MAX    60000

struct parser {
    struct lexer lexer;
    struct token token;
    struct yaql *yaql;
    struct error *err;
    unsigned depth;
    const struct node **stack; /* arguments of the calls being read */
    size_t n_stack, room_stack;
    size_t room_constants;
    size_t last_end; /* where the token before the current one ended */
};

const char *const yaql_operator_names[OP_COUNT] = {
    [OP_DOT] = "#operator_.",
    [OP_ELVIS] = "#operator_?.",
    [OP_INDEX] = "#indexer",
    [OP_LIST] = "#list",
    [OP_MAP] = "#map",
    [OP_PLUS] = "#unary_operator_+",
    [OP_NEGATE] = "#unary_operator_-",
    [OP_MATCH] = "#operator_=~",
    [OP_NOT_MATCH] = "#operator_!~",
    [OP_MULTIPLY] = "#operator_*",
    [OP_DIVIDE] = "#operator_/",
    [OP_MODULO] = "#operator_mod",
    [OP_ADD] = "#operator_+",
    [OP_SUBTRACT] = "#operator_-",
    [OP_GREATER] = "#operator_>",
    [OP_LESS] = "#operator_<",
    [OP_GREATER_EQUAL] = "#operator_>=",
    [OP_LESS_EQUAL] = "#operator_<=",
    [OP_NOT_EQUAL] = "*not_equal",
    [OP_EQUAL] = "*equal",
    [OP_IN] = "#operator_in",
    [OP_NOT] = "#unary_operator_not",
    [OP_AND] = "#operator_and",
    [OP_OR] = "#operator_or",
    [OP_ARROW] = "#operator_->",
};

/* How tightly a binary operator binds; 0: it is none. */
static const uint8_t binding[OP_COUNT] = {
    [OP_DOT] = 11,      [OP_ELVIS] = 11,        [OP_INDEX] = 10,     [OP_MATCH] = 8,
    [OP_NOT_MATCH] = 8, [OP_MULTIPLY] = 7,      [OP_DIVIDE] = 7,     [OP_MODULO] = 7,
    [OP_ADD] = 6,       [OP_SUBTRACT] = 6,      [OP_GREATER] = 5,    [OP_LESS] = 5,
    [OP_NOT_EQUAL] = 5, [OP_GREATER_EQUAL] = 5, [OP_LESS_EQUAL] = 5, [OP_EQUAL] = 5,
    [OP_IN] = 5,        [OP_AND] = 3,           [OP_OR] = 2,         [OP_ARROW] = 1,
};

#define BINDING_SIGN 9 /* unary + and - */
#define BINDING_NOT  4

static int parse(struct parser *p, unsigned above, const struct node **ret);

static int advance(struct parser *p)
{
    p->last_end = p->token.at + p->token.len;
    return lexer_next(&p->lexer, &p->token, p->err);
}

/* The token as the reference engine shows its value. */
static void add_token(const struct parser *p, struct buffer *out)
{
    const struct token *t = &p->token;
    char number[JSON_DOUBLE_SIZE];

    if (t->kind == TOKEN_CONSTANT && t->value.kind == VALUE_NULL) {
        buffer_add_text(out, "None");
    } else if (t->kind == TOKEN_CONSTANT && t->value.kind == VALUE_BOOL) {
        buffer_add_text(out, t->value.boolean ? "True" : "False");
    } else if (t->kind == TOKEN_CONSTANT && t->value.kind == VALUE_FLOAT) {
        json_format_double(t->value.number, number);
        buffer_add_text(out, number);
    } else if (t->kind == TOKEN_CONSTANT && t->value.kind == VALUE_INT) {
        buffer_addf(out, "%lld", (long long)t->value.integer);
    } else if (t->kind != TOKEN_VARIABLE && value_is_string(t->value)) {
        buffer_add(out, value_chars(t->value), value_len(t->value));
    } else {
        buffer_add(out, p->lexer.text + t->at, t->len);
    }
}

static int unexpected(struct parser *p)
{
    BUFFER_AUTO(text);
    size_t position;

    if (p->token.kind == TOKEN_END)
        return error_set_kind(p->err, -EINVAL, "YaqlGrammarException",
                              "Parse error: unexpected end of statement");
    add_token(p, &text);
    position = lexer_position(&p->lexer, p->token.at);
    error_set_kind(p->err, -EINVAL, "YaqlGrammarException",
                   "Parse error: unexpected '%s' at position %zu of expression '%s'", buffer_text(&text),
                   position, p->yaql->text);
    if (p->err) {
        p->err->line = 1;
        p->err->column = (int)position + 1;
    }
    return -EINVAL;
}

static int too_deep(struct parser *p)
{
    return limit_recursion(p->err, LIMIT_BRACKETS, NESTING_MAX);
}

/* ---- nodes ---- */

static struct node *node_new(struct parser *p, enum node_kind kind, size_t n_args)
{
    struct node *node = pool_alloc(p->yaql->pool, sizeof(*node) + n_args * sizeof(node->args[0]));

    node->number = p->yaql->n_nodes++;
    node->kind = (uint8_t)kind;
    node->n_args = (uint16_t)n_args;
    return node;
}

/* The tree takes the value over. */
static value keep(struct parser *p, value v)
{
    struct yaql *yaql = p->yaql;

    if (v.kind < VALUE_COUNTED)
        return v;
    if (yaql->n_constants == p->room_constants) {
        p->room_constants = p->room_constants ? p->room_constants * 2 : 4;
        yaql->constants = xreallocarray(yaql->constants, p->room_constants, sizeof(value));
    }
    yaql->constants[yaql->n_constants++] = v;
    return v;
}

static struct node *take_token(struct parser *p, enum node_kind kind)
{
    struct node *node = node_new(p, kind, 0);

    node->value = keep(p, value_take(&p->token.value));
    return node;
}

static struct node *node_of(struct parser *p, enum yaql_operator op, const struct node *a,
                            const struct node *b)
{
    struct node *node = node_new(p, NODE_OPERATOR, b ? 2 : 1);

    node->op = (uint8_t)op;
    node->args[0] = a;
    if (b)
        node->args[1] = b;
    return node;
}

/* "$" and "$1" are the first argument of a lambda. */
static uint32_t variable_index(value name)
{
    const char *s = value_chars(name);
    size_t n = value_len(name);

    if (!n)
        return 1;
    if (n > 6 || s[0] == '0' || strspn(s, "0123456789") != n)
        return 0;
    return (uint32_t)strtoul(s, NULL, 10);
}

/* ---- arguments ---- */

static void push(struct parser *p, const struct node *node)
{
    GROW(p->stack, p->n_stack, p->room_stack);
    p->stack[p->n_stack++] = node;
}

/* value [ "=>" value ] */
static int parse_arg(struct parser *p, bool may_name, bool *ret_named)
{
    const struct node *node;
    struct node *rule;
    int r = parse(p, 0, &node);

    if (r < 0)
        return r;
    if (p->token.kind != TOKEN_MAPPING) {
        if (*ret_named)
            return unexpected(p);
        push(p, node);
        return 0;
    }
    if (!may_name)
        return unexpected(p);
    r = advance(p);
    if (r < 0)
        return r;
    rule = node_new(p, NODE_RULE, 2);
    rule->args[0] = node;
    r = parse(p, 0, &rule->args[1]);
    if (r < 0)
        return r;
    *ret_named = true;
    push(p, rule);
    return 0;
}

/* Commas that leave arguments out; *ret_n how many there were. */
static int parse_skips(struct parser *p, size_t *ret_n)
{
    *ret_n = 0;
    while (p->token.kind == TOKEN_COMMA) {
        int r = advance(p);

        if (r < 0)
            return r;
        push(p, node_new(p, NODE_SKIP, 0));
        ++*ret_n;
    }
    return 0;
}

/* args: [ ","* value ( ","+ value )* [ "," value "=>" value ]* ]; the closing token is consumed. The arguments are left on
   the stack from *ret_from on. */
static int parse_args(struct parser *p, enum token_kind close, size_t *ret_from)
{
    bool named = false;
    size_t skips;
    int r;

    *ret_from = p->n_stack;
    if (p->token.kind == close)
        return advance(p);
    r = parse_skips(p, &skips);
    if (r < 0)
        return r;
    for (bool may_name = skips == 0;; may_name = skips <= 1) {
        r = parse_arg(p, may_name, &named);
        if (r < 0)
            return r;
        if (p->token.kind == close)
            break;
        if (p->token.kind != TOKEN_COMMA)
            return unexpected(p);
        r = advance(p);
        if (r < 0)
            return r;
        if (named && p->token.kind == TOKEN_COMMA)
            return unexpected(p);
        r = parse_skips(p, &skips);
        if (r < 0)
            return r;
        if (p->n_stack - *ret_from > ARGS_MAX)
            return limit_exceeded(p->err, LIMIT_ARGUMENTS, ARGS_MAX);
    }
    return advance(p);
}

/* A node of the arguments behind `from`, with `first` in front unless it is NULL. */
static struct node *node_of_args(struct parser *p, enum node_kind kind, const struct node *first, size_t from)
{
    size_t n = p->n_stack - from, at = first ? 1 : 0;
    struct node *node = node_new(p, kind, n + at);

    if (first)
        node->args[0] = first;
    if (n)
        memcpy(node->args + at, p->stack + from, n * sizeof(node->args[0]));
    p->n_stack = from;
    return node;
}

/* ---- values ---- */

static int parse_call(struct parser *p, const struct node **ret)
{
    struct node *node;
    value name = keep(p, value_take(&p->token.value));
    size_t from, n = value_len(name);
    int r = advance(p);

    if (r < 0)
        return r;
    r = parse_args(p, TOKEN_CLOSE_PARENTHESIS, &from);
    if (r < 0)
        return r;
    node = node_of_args(p, NODE_CALL, NULL, from);
    node->value = name;
    while (n > 1 && value_chars(name)[n - 1] == '_')
        n--;
    node->overloads = library_find(value_chars(name), n);
    node->op = value_text_is(name, "ctx") && node->n_args <= 1 ? CALL_CTX : 0;
    *ret = node;
    return 0;
}

static int parse_parenthesis(struct parser *p, const struct node **ret)
{
    struct node *node = node_new(p, NODE_WRAP, 1);
    int r = advance(p);

    if (r < 0)
        return r;
    r = parse(p, 0, &node->args[0]);
    if (r < 0)
        return r;
    if (p->token.kind != TOKEN_CLOSE_PARENTHESIS)
        return unexpected(p);
    *ret = node;
    return advance(p);
}

/* "[" args "]" or "{" args "}" */
static int parse_literal(struct parser *p, enum yaql_operator op, const struct node **ret)
{
    struct node *node;
    size_t from;
    int r = advance(p);

    if (r < 0)
        return r;
    r = parse_args(p, op == OP_LIST ? TOKEN_CLOSE_BRACKET : TOKEN_CLOSE_BRACE, &from);
    if (r < 0)
        return r;
    node = node_of_args(p, NODE_OPERATOR, NULL, from);
    node->op = (uint8_t)op;
    *ret = node;
    return 0;
}

static int parse_unary(struct parser *p, enum yaql_operator op, unsigned above, const struct node **ret)
{
    const struct node *operand;
    int r = advance(p);

    if (r < 0)
        return r;
    r = parse(p, above, &operand);
    if (r < 0)
        return r;
    *ret = node_of(p, op, operand, NULL);
    return 0;
}

static int parse_prefix(struct parser *p, const struct node **ret)
{
    struct node *node;

    switch (p->token.kind) {
    case TOKEN_CONSTANT:
    case TOKEN_KEYWORD:
        *ret = take_token(p, p->token.kind == TOKEN_KEYWORD ? NODE_KEYWORD : NODE_CONSTANT);
        return advance(p);
    case TOKEN_VARIABLE:
        node = take_token(p, NODE_VARIABLE);
        node->index = variable_index(node->value);
        *ret = node;
        return advance(p);
    case TOKEN_FUNCTION:
        return parse_call(p, ret);
    case TOKEN_OPEN_PARENTHESIS:
        return parse_parenthesis(p, ret);
    case TOKEN_OPERATOR:
        break;
    default:
        return unexpected(p);
    }
    switch (p->token.op) {
    case OP_INDEX:
        return parse_literal(p, OP_LIST, ret);
    case OP_MAP:
        return parse_literal(p, OP_MAP, ret);
    case OP_ADD:
        return parse_unary(p, OP_PLUS, BINDING_SIGN, ret);
    case OP_SUBTRACT:
        return parse_unary(p, OP_NEGATE, BINDING_SIGN, ret);
    case OP_NOT:
        return parse_unary(p, OP_NOT, BINDING_NOT, ret);
    default:
        return unexpected(p);
    }
}

/* value "[" args "]" */
static int parse_index(struct parser *p, const struct node **left)
{
    struct node *node;
    size_t from;
    int r = advance(p);

    if (r < 0)
        return r;
    r = parse_args(p, TOKEN_CLOSE_BRACKET, &from);
    if (r < 0)
        return r;
    node = node_of_args(p, NODE_OPERATOR, *left, from);
    node->op = OP_INDEX;
    *left = node;
    return 0;
}

/* Where a node stands that was just parsed: from `start` to what was read last. The tree is not handed out yet. */
static void place(struct parser *p, const struct node *node, size_t start)
{
    struct node *own = (struct node *)node;

    own->start = (uint32_t)start;
    own->end = (uint32_t)p->last_end;
}

/* A value and all operators behind it that bind more tightly than `above`. */
static int parse(struct parser *p, unsigned above, const struct node **ret)
{
    const struct node *left, *right;
    size_t start = p->token.at;
    int r;

    if (++p->depth > NESTING_MAX)
        return too_deep(p);
    r = parse_prefix(p, &left);
    if (r >= 0)
        place(p, left, start);
    while (r >= 0 && p->token.kind == TOKEN_OPERATOR && binding[p->token.op] > above) {
        enum yaql_operator op = p->token.op;

        if (op == OP_INDEX) {
            r = parse_index(p, &left);
            if (r >= 0)
                place(p, left, start);
            continue;
        }
        r = advance(p);
        if (r < 0)
            break;
        r = parse(p, op == OP_ARROW ? binding[op] - 1u : binding[op], &right);
        if (r < 0)
            break;
        left = node_of(p, op, left, right);
        place(p, left, start);
    }
    p->depth--;
    if (r < 0)
        return r;
    *ret = left;
    return 0;
}

int yaql_compile(const char *text, size_t n, struct yaql **ret, struct error *err)
{
    struct parser p = { .lexer = { .text = text, .len = n }, .err = err };
    struct yaql *yaql;
    int r;

    if (n > TEXT_MAX)
        return limit_exceeded(err, LIMIT_SOURCE, TEXT_MAX);
    if (!utf8_valid(text, n))
        return error_set_kind(err, -EINVAL, "UnicodeDecodeError", "The expression is not valid UTF-8");
    yaql = xcalloc(1, sizeof(*yaql));
    yaql->pool = pool_new();
    yaql->text = pool_strndup(yaql->pool, text, n);
    p.yaql = yaql;
    r = advance(&p);
    if (r >= 0)
        r = parse(&p, 0, &yaql->root);
    if (r >= 0 && p.token.kind != TOKEN_END)
        r = unexpected(&p);
    value_unref(p.token.value);
    free(p.stack);
    if (r < 0) {
        yaql_free(yaql);
        return r;
    }
    *ret = yaql;
    return 0;
}

void yaql_free(struct yaql *yaql)
{
    if (!yaql)
        return;
    for (size_t i = 0; i < yaql->n_constants; i++)
        value_unref(yaql->constants[i]);
    free(yaql->constants);
    pool_free(yaql->pool);
    free(yaql);
}

size_t yaql_size(const struct yaql *yaql)
{
    size_t size = sizeof(*yaql) + pool_used(yaql->pool) + yaql->n_constants * sizeof(value);

    for (size_t i = 0; i < yaql->n_constants; i++)
        size += sizeof(struct value_string) + value_len(yaql->constants[i]) + 1;
    return size;
}
