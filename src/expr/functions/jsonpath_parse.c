/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a path. Operators from the loosest to the tightest: "..", ".", "|", "&", "where"; brackets behind anything apply
   to all of it ("a|b[0]" is (a|b)[0]).

       path    = operand { operator operand | "[" inside "]" }
       operand = name { "," name } | "*" | "$" | `this` | `parent` | "(" path ")" | "[" inside "]"
       inside  = number | [number] ":" [number] | "*" | name { "," name }                                          */
#include "expr/functions/jsonpath.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "expr/functions/jsonpath-internal.h"

#define NESTING_MAX 100

enum token_kind {
    TOKEN_END,
    TOKEN_CHAR,
    TOKEN_DOUBLEDOT,
    TOKEN_WHERE,
    TOKEN_ID,
    TOKEN_NUMBER,
    TOKEN_OPERATOR
};

struct token {
    enum token_kind kind;
    char c;
    struct buffer text; /* of names and numbers */
    size_t at;
    int line;
};

struct parser {
    const char *start, *at, *end;
    int line;
    size_t newline; /* offset of the last line break */
    struct token token;
    int nesting, nodes;
    struct jsonpath *path;
    struct error *err;
};

static int lexer_error(struct parser *p, const char *text)
{
    return error_set_kind(p->err, -EINVAL, "JsonPathLexerError", "%s", text);
}

static int unexpected_character(struct parser *p)
{
    size_t n = utf8_offset(p->at, (size_t)(p->end - p->at), 1);

    return error_set_kind(p->err, -EINVAL, "JsonPathLexerError",
                          "Error on line %d, col %zu: Unexpected character: %.*s ", p->line,
                          (size_t)(p->at - p->start) - p->newline, (int)n, p->at);
}

/* A quoted name behind its quote; a backslash takes the next character as it is. */
static int read_quoted(struct parser *p, char quote)
{
    for (;;) {
        if (p->at == p->end)
            return lexer_error(p, "Unexpected EOF in string literal or identifier");
        if (*p->at == quote)
            break;
        if (*p->at == '\\' && p->at + 1 < p->end)
            p->at++;
        buffer_add_char(&p->token.text, *p->at++);
    }
    p->token.at = (size_t)(p->at - p->start);
    p->at++;
    p->token.kind = quote == '`' ? TOKEN_OPERATOR : TOKEN_ID;
    return 0;
}

static bool begins_name(char c)
{
    return isalpha((unsigned char)c) || c == '_' || c == '@';
}

static int next_token(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')) {
        if (*p->at == '\n') {
            p->line++;
            p->newline = (size_t)(p->at - p->start);
        }
        p->at++;
    }
    buffer_clear(&p->token.text);
    p->token.at = (size_t)(p->at - p->start);
    p->token.line = p->line;
    if (p->at == p->end) {
        p->token.kind = TOKEN_END;
        return 0;
    }
    if (begins_name(*p->at)) {
        while (p->at < p->end && (begins_name(*p->at) || isdigit((unsigned char)*p->at) || *p->at == '-'))
            buffer_add_char(&p->token.text, *p->at++);
        p->token.kind = strcmp(p->token.text.data, "where") == 0 ? TOKEN_WHERE : TOKEN_ID;
        return 0;
    }
    if (isdigit((unsigned char)*p->at) ||
        (*p->at == '-' && p->at + 1 < p->end && isdigit((unsigned char)p->at[1]))) {
        do
            buffer_add_char(&p->token.text, *p->at++);
        while (p->at < p->end && isdigit((unsigned char)*p->at));
        p->token.kind = TOKEN_NUMBER;
        return 0;
    }
    if (*p->at == '\'' || *p->at == '"' || *p->at == '`')
        return read_quoted(p, *p->at++);
    if (p->end - p->at >= 2 && p->at[0] == '.' && p->at[1] == '.') {
        p->at += 2;
        buffer_add_text(&p->token.text, "..");
        p->token.kind = TOKEN_DOUBLEDOT;
        return 0;
    }
    if (!*p->at || !strchr("*.[]()$,:|&", *p->at))
        return unexpected_character(p);
    p->token.c = *p->at++;
    buffer_add_char(&p->token.text, p->token.c);
    p->token.kind = TOKEN_CHAR;
    return 0;
}

static int unexpected_token(struct parser *p)
{
    static const char *const names[] = { [TOKEN_DOUBLEDOT] = "DOUBLEDOT",
                                         [TOKEN_WHERE] = "WHERE",
                                         [TOKEN_ID] = "ID",
                                         [TOKEN_NUMBER] = "NUMBER",
                                         [TOKEN_OPERATOR] = "NAMED_OPERATOR" };
    const char *text = buffer_text(&p->token.text);

    if (p->token.kind == TOKEN_END)
        return error_set_kind(p->err, -EINVAL, "AttributeError", "Parse error: unexpected end of the path");
    return error_set_kind(p->err, -EINVAL, "Exception", "Parse error at %d:%zu near token %s (%s)",
                          p->token.line, p->token.at - p->newline, text,
                          p->token.kind == TOKEN_CHAR ? text : names[p->token.kind]);
}

static bool at_char(const struct parser *p, char c)
{
    return p->token.kind == TOKEN_CHAR && p->token.c == c;
}

static int expect_char(struct parser *p, char c)
{
    return at_char(p, c) ? next_token(p) : unexpected_token(p);
}

static int new_node(struct parser *p, enum jsonpath_kind kind, struct jsonpath_node **ret)
{
    if (p->nodes++ >= JSONPATH_NODES_MAX)
        return error_set_kind(p->err, -E2BIG, "Exception", "the path has more than %d parts",
                              JSONPATH_NODES_MAX);
    *ret = pool_alloc(p->path->pool, sizeof(**ret));
    (*ret)->kind = kind;
    return 0;
}

/* name { "," name } */
static int read_fields(struct parser *p, struct jsonpath_node **ret)
{
    struct jsonpath_node *node = NULL;
    value fields = value_list_new(1);
    int r;

    r = new_node(p, JSONPATH_FIELDS, &node);
    while (r == 0) {
        if (p->token.kind != TOKEN_ID) {
            r = unexpected_token(p);
            break;
        }
        if (value_list_count(fields) >= JSONPATH_NODES_MAX) {
            r = error_set_kind(p->err, -E2BIG, "Exception", "the path has more than %d parts",
                               JSONPATH_NODES_MAX);
            break;
        }
        value_list_append(&fields, value_text_n(buffer_text(&p->token.text), p->token.text.len));
        node->any_field |= strcmp(buffer_text(&p->token.text), "*") == 0;
        r = next_token(p);
        if (r < 0 || !at_char(p, ','))
            break;
        r = next_token(p);
    }
    value_list_append(&p->path->kept, fields);
    if (r < 0)
        return r;
    node->fields = fields;
    *ret = node;
    return 0;
}

static int64_t token_number(const struct parser *p)
{
    /* Far more than any list has items stands for all larger numbers. */
    return p->token.text.len > 15 ? (*p->token.text.data == '-' ? -INT32_MAX : INT32_MAX)
                                  : strtoll(p->token.text.data, NULL, 10);
}

/* Behind "[", up to and with "]". */
static int read_brackets(struct parser *p, struct jsonpath_node **ret)
{
    struct jsonpath_node *node = NULL;
    int r;

    if (p->token.kind == TOKEN_ID) {
        r = read_fields(p, &node);
    } else {
        r = new_node(p, JSONPATH_SLICE, &node);
        if (r == 0 && at_char(p, '*')) {
            r = next_token(p);
        } else if (r == 0) {
            if (p->token.kind == TOKEN_NUMBER) {
                node->index = token_number(p);
                node->has_start = true;
                r = next_token(p);
            }
            if (r == 0 && at_char(p, ':')) {
                r = next_token(p);
                if (r == 0 && p->token.kind == TOKEN_NUMBER) {
                    node->stop = token_number(p);
                    node->has_stop = true;
                    r = next_token(p);
                }
            } else if (r == 0 && node->has_start) {
                node->kind = JSONPATH_INDEX;
            } else if (r == 0) {
                r = unexpected_token(p);
            }
        }
    }
    if (r == 0)
        r = expect_char(p, ']');
    if (r < 0)
        return r;
    *ret = node;
    return 0;
}

static int read_path(struct parser *p, int level, struct jsonpath_node **ret);

static int read_parentheses(struct parser *p, struct jsonpath_node **ret)
{
    int r;

    if (p->nesting++ >= NESTING_MAX)
        return error_set_kind(p->err, -E2BIG, "Exception", "the path is nested deeper than %d", NESTING_MAX);
    r = next_token(p);
    if (r == 0)
        r = read_path(p, 0, ret);
    p->nesting--;
    return r < 0 ? r : expect_char(p, ')');
}

static int read_named(struct parser *p, struct jsonpath_node **ret)
{
    const char *name = buffer_text(&p->token.text);
    int r;

    if (strcmp(name, "this") != 0 && strcmp(name, "parent") != 0)
        return error_set_kind(p->err, -EINVAL, "Exception", "Unknown named operator `%s` at %d:%zu", name,
                              p->token.line, p->token.at);
    r = new_node(p, *name == 't' ? JSONPATH_THIS : JSONPATH_PARENT, ret);
    return r < 0 ? r : next_token(p);
}

static int read_operand(struct parser *p, struct jsonpath_node **ret)
{
    int r;

    if (p->token.kind == TOKEN_ID)
        return read_fields(p, ret);
    if (p->token.kind == TOKEN_OPERATOR)
        return read_named(p, ret);
    if (at_char(p, '('))
        return read_parentheses(p, ret);
    if (at_char(p, '[')) {
        r = next_token(p);
        return r < 0 ? r : read_brackets(p, ret);
    }
    if (!at_char(p, '$') && !at_char(p, '*'))
        return unexpected_token(p);
    r = new_node(p, at_char(p, '$') ? JSONPATH_ROOT : JSONPATH_FIELDS, ret);
    if (r < 0)
        return r;
    (*ret)->any_field = at_char(p, '*');
    return next_token(p);
}

/* The level of the operator at hand, 0 when there is none. */
static int operator_level(const struct parser *p, enum jsonpath_kind *ret)
{
    static const struct {
        enum token_kind token;
        char c;
        enum jsonpath_kind kind;
    } operators[] = { { TOKEN_DOUBLEDOT, 0, JSONPATH_DESCENDANTS },
                      { TOKEN_CHAR, '.', JSONPATH_CHILD },
                      { TOKEN_CHAR, '|', JSONPATH_UNION },
                      { TOKEN_CHAR, '&', JSONPATH_INTERSECT },
                      { TOKEN_WHERE, 0, JSONPATH_WHERE } };

    for (size_t i = 0; i < ELEMENTS(operators); i++) {
        if (p->token.kind != operators[i].token || (operators[i].c && p->token.c != operators[i].c))
            continue;
        *ret = operators[i].kind;
        return (int)i + 1;
    }
    return 0;
}

/* Operators that bind tighter than `level`. */
static int read_path(struct parser *p, int level, struct jsonpath_node **ret)
{
    struct jsonpath_node *left = NULL, *right = NULL, *node = NULL;
    enum jsonpath_kind kind = JSONPATH_CHILD;
    int r;

    r = read_operand(p, &left);
    while (r == 0) {
        int own = operator_level(p, &kind);
        bool brackets = at_char(p, '[') && level == 0;

        if (!brackets && (!own || own <= level))
            break;
        r = next_token(p);
        if (r == 0)
            r = brackets ? read_brackets(p, &right) : read_path(p, own, &right);
        if (r == 0)
            r = new_node(p, brackets ? JSONPATH_CHILD : kind, &node);
        if (r < 0)
            break;
        node->left = left;
        node->right = right;
        left = node;
    }
    if (r < 0)
        return r;
    *ret = left;
    return 0;
}

int jsonpath_parse(const char *text, size_t n, struct jsonpath **ret, struct error *err)
{
    CLEANUP(jsonpath_freep)
    struct jsonpath *path = NULL;
    struct parser p = { .start = text, .at = text, .end = text + n, .line = 1, .err = err };
    int r;

    if (n > JSONPATH_TEXT_MAX)
        return error_set_kind(err, -E2BIG, "Exception", "the path is longer than %d bytes",
                              JSONPATH_TEXT_MAX);
    path = xcalloc(1, sizeof(*path));
    path->pool = pool_new();
    path->kept = value_list_new(4);
    p.path = path;
    r = next_token(&p);
    if (r == 0)
        r = read_path(&p, 0, &path->node);
    if (r == 0 && p.token.kind != TOKEN_END)
        r = unexpected_token(&p);
    buffer_release(&p.token.text);
    if (r < 0)
        return r;
    *ret = take_ptr(&path);
    return 0;
}

void jsonpath_free(struct jsonpath *path)
{
    if (!path)
        return;
    pool_free(path->pool);
    value_unref(path->kept);
    free(path);
}

void jsonpath_freep(struct jsonpath **path)
{
    jsonpath_free(*path);
}
