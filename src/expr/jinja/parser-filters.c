/* SPDX-License-Identifier: Apache-2.0 */
/* Filters and tests behind an expression: "value | name(arguments) is name argument". */
#include "expr/jinja/builtins.h"
#include "expr/jinja/parser-internal.h"

/* Few positional arguments, none of which calls anything, of a filter or test that is ours. */
static bool direct_arguments(const struct node_call *call)
{
    const struct arguments *arguments = &call->arguments;

    for (int i = 0; i < arguments->n_args; i++)
        if (arguments->args[i]->calls)
            return false;
    return !arguments->star && !arguments->star_star && !arguments->n_named && !call->builtin->fn &&
           arguments->n_args <= DIRECT_ARGS_MAX && arguments->n_args + 1 >= call->builtin->min &&
           (arguments->n_args + 1 <= call->builtin->n_params || call->builtin->flags & BUILTIN_VARARGS);
}

/* "name.name": how filters and tests are named. */
static bool dotted_name(struct parser *p, struct buffer *out)
{
    struct token token = p->current;

    if (!parser_expect(p, TOKEN_NAME))
        return false;
    buffer_add(out, token.text, token.len);
    while (parser_is(p, TOKEN_DOT)) {
        token = *parser_look(p);
        if (!parser_advance(p) || !parser_expect(p, TOKEN_NAME))
            return false;
        buffer_add_char(out, '.');
        buffer_add(out, token.text, token.len);
    }
    return true;
}

static struct node *filter_node(struct parser *p, struct node *subject)
{
    uint32_t start = subject ? subject->start : p->current.start;
    struct node_call *filter = node_new(p, NODE_FILTER, sizeof(*filter), start, p->current.line);
    BUFFER_AUTO(name);

    filter->subject = subject;
    if (!dotted_name(p, &name))
        return NULL;
    if (parser_is(p, TOKEN_LPAREN) && !parse_arguments(p, &filter->arguments))
        return NULL;
    filter->builtin = filter_find(name.data, name.len, p->jinja->flags);
    if (!filter->builtin)
        filter->builtin = parser_fault_unknown(p, &filter->node, "filter", &name);
    filter->node.constant = subject && subject->constant && parser_constant_arguments(&filter->arguments) &&
                            !(filter->builtin->flags & BUILTIN_CONTEXT);
    parser_deepen_call(filter);
    filter->direct = direct_arguments(filter);
    return parser_finish(p, &filter->node);
}

struct node *parse_filter_chain(struct parser *p, struct node *subject, bool inline_start)
{
    unsigned n = 0;

    while (inline_start || parser_is(p, TOKEN_PIPE)) {
        if (!inline_start && !parser_advance(p))
            return NULL;
        inline_start = false;
        if (n++ > NODE_DEPTH_MAX * 2)
            return parser_fail(p, p->current.line, "too many filters in a row"), NULL;
        subject = filter_node(p, subject);
        if (!subject)
            return NULL;
    }
    return subject;
}

static bool starts_test_argument(const struct parser *p)
{
    switch (p->current.type) {
    case TOKEN_NAME:
        return !parser_is_name(p, "else") && !parser_is_name(p, "or") && !parser_is_name(p, "and");
    case TOKEN_STRING:
    case TOKEN_INTEGER:
    case TOKEN_FLOAT:
    case TOKEN_LBRACKET:
    case TOKEN_LBRACE:
        return true;
    default:
        return false;
    }
}

static struct node *test_node(struct parser *p, struct node *subject)
{
    struct node_call *test = node_new(p, NODE_TEST, sizeof(*test), subject->start, p->current.line);
    BUFFER_AUTO(name);
    bool negated = false;
    struct node *node;

    test->subject = subject;
    if (!parser_advance(p))
        return NULL;
    if (parser_is_name(p, "not")) {
        negated = true;
        if (!parser_advance(p))
            return NULL;
    }
    if (!dotted_name(p, &name))
        return NULL;
    if (parser_is(p, TOKEN_LPAREN)) {
        if (!parse_arguments(p, &test->arguments))
            return NULL;
    } else if (starts_test_argument(p)) {
        if (parser_is_name(p, "is"))
            return parser_fail(p, p->current.line, "You cannot chain multiple tests with is"), NULL;
        if (!parser_enter(p) || !(node = parse_primary(p)) || !(node = parse_postfix(p, node)))
            return NULL;
        parser_leave(p);
        test->arguments.n_args = 1;
        test->arguments.args = pool_alloc(p->jinja->pool, sizeof(node));
        test->arguments.args[0] = node;
    }
    test->builtin = test_find(name.data, name.len);
    if (!test->builtin)
        test->builtin = parser_fault_unknown(p, &test->node, "test", &name);
    parser_deepen_call(test);
    test->direct = direct_arguments(test);
    test->node.constant = subject->constant && parser_constant_arguments(&test->arguments) &&
                          !(test->builtin->flags & BUILTIN_CONTEXT);
    node = parser_finish(p, &test->node);
    return node && negated ? parser_pair(p, NODE_NOT, node, NULL, subject->start) : node;
}

struct node *parse_filters(struct parser *p, struct node *node)
{
    unsigned n = 0;

    while (node && n++ < NODE_DEPTH_MAX * 2) {
        if (parser_is(p, TOKEN_PIPE))
            node = parse_filter_chain(p, node, false);
        else if (parser_is_name(p, "is"))
            node = test_node(p, node);
        else if (parser_is(p, TOKEN_LPAREN))
            node = parser_call_node(p, node);
        else
            return node;
    }
    return node ? (parser_fail(p, p->current.line, "expression nested too deeply"), NULL) : NULL;
}
