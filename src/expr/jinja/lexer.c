/* SPDX-License-Identifier: Apache-2.0 */
/* In data mode everything up to the next delimiter is one token; a begin delimiter that ends the data is kept pending and
   given next. In variable and block mode the usual tokens; an end delimiter counts only when brackets are balanced.

       whitespace control    {%- strips all white space before, -%} all behind, {%+ and +%} keep what trimming would remove
       trim_blocks           the newline right behind a block or comment goes away
       lstrip_blocks         blanks between the start of a line and a block or comment go away                             */
#include "expr/jinja/lexer.h"

#include <string.h>
#include <unictype.h>

#include "base/buffer.h"
#include "base/utf8.h"
#include "value/python.h"

static const char *const type_texts[] = {
    [TOKEN_EOF] = "end of template",
    [TOKEN_DATA] = "template data / text",
    [TOKEN_VARIABLE_BEGIN] = "begin of print statement",
    [TOKEN_VARIABLE_END] = "end of print statement",
    [TOKEN_BLOCK_BEGIN] = "begin of statement block",
    [TOKEN_BLOCK_END] = "end of statement block",
    [TOKEN_NAME] = "name",
    [TOKEN_STRING] = "string",
    [TOKEN_INTEGER] = "integer",
    [TOKEN_FLOAT] = "float",
    [TOKEN_ADD] = "+",
    [TOKEN_ASSIGN] = "=",
    [TOKEN_COLON] = ":",
    [TOKEN_COMMA] = ",",
    [TOKEN_DIV] = "/",
    [TOKEN_DOT] = ".",
    [TOKEN_EQ] = "==",
    [TOKEN_FLOORDIV] = "//",
    [TOKEN_GT] = ">",
    [TOKEN_GTEQ] = ">=",
    [TOKEN_LBRACE] = "{",
    [TOKEN_LBRACKET] = "[",
    [TOKEN_LPAREN] = "(",
    [TOKEN_LT] = "<",
    [TOKEN_LTEQ] = "<=",
    [TOKEN_MOD] = "%",
    [TOKEN_MUL] = "*",
    [TOKEN_NE] = "!=",
    [TOKEN_PIPE] = "|",
    [TOKEN_POW] = "**",
    [TOKEN_RBRACE] = "}",
    [TOKEN_RBRACKET] = "]",
    [TOKEN_RPAREN] = ")",
    [TOKEN_SEMICOLON] = ";",
    [TOKEN_SUB] = "-",
    [TOKEN_TILDE] = "~",
};

const char *token_type_text(enum token_type type)
{
    return type_texts[type];
}

void jinja_lexer_init(struct lexer *lexer, const char *source, size_t len, bool bare, bool trim)
{
    lexer->source = source;
    lexer->len = len;
    lexer->at = 0;
    lexer->line = 1;
    lexer->state = bare ? LEXER_VARIABLE : LEXER_DATA;
    lexer->bare = bare;
    lexer->trim = trim;
    lexer->line_starting = true;
    lexer->pending = TOKEN_EOF;
    lexer->pending_raw = false;
    lexer->n_open = 0;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_space(const struct lexer *lexer, size_t at)
{
    while (at < lexer->len && is_space(lexer->source[at]))
        at++;
    return at;
}

static void count_lines(struct lexer *lexer, size_t from, size_t to)
{
    for (const char *at = lexer->source + from, *end = lexer->source + to; at < end; at++) {
        at = memchr(at, '\n', (size_t)(end - at));
        if (!at)
            return;
        lexer->line++;
    }
}

static bool at_text(const struct lexer *lexer, size_t at, const char *text)
{
    size_t n = strlen(text);

    return lexer->len - at >= n && memcmp(lexer->source + at, text, n) == 0;
}

/* "{%" sign blanks `word` blanks "%}" as raw blocks are written: the offset behind it, 0 when this is something else.
   `ends` tells that the end of a raw block is looked for, where the newline behind is trimmed. */
static size_t raw_tag(const struct lexer *lexer, size_t at, const char *word, bool ends)
{
    at += 2;
    if (at < lexer->len && (lexer->source[at] == '-' || lexer->source[at] == '+'))
        at++;
    at = skip_space(lexer, at);
    if (!at_text(lexer, at, word))
        return 0;
    at = skip_space(lexer, at + strlen(word));
    if (at_text(lexer, at, "-%}"))
        return skip_space(lexer, at + 3);
    if (ends && at_text(lexer, at, "+%}"))
        return at + 3;
    if (!at_text(lexer, at, "%}"))
        return 0;
    at += 2;
    return ends && lexer->trim && at_text(lexer, at, "\n") ? at + 1 : at;
}

/* How much of the data source[from, to) stays when a tag with this sign follows. */
static size_t strip_before(const struct lexer *lexer, size_t from, size_t to, char sign, bool block)
{
    size_t at = to;

    if (sign == '-') {
        while (at > from && is_space(lexer->source[at - 1]))
            at--;
        return at;
    }
    if (sign == '+' || !block || !lexer->trim)
        return to;
    while (at > from && lexer->source[at - 1] != '\n' && is_space(lexer->source[at - 1]))
        at--;
    return at > from ? (lexer->source[at - 1] == '\n' ? at : to) : lexer->line_starting ? at : to;
}

static int data_token(struct lexer *lexer, size_t from, size_t to, struct token *ret)
{
    *ret = (struct token){ TOKEN_DATA,     lexer->source + from, (uint32_t)(to - from),
                           (uint32_t)from, (uint32_t)to,         lexer->line };
    return 0;
}

/* From behind "{% raw %}" to "{% endraw %}": its data. */
static int raw_data(struct lexer *lexer, struct token *ret, struct error *err)
{
    size_t from = lexer->at, end;

    if (from >= lexer->len) /* nothing behind the tag: nobody misses its end */
        return data_token(lexer, from, from, ret);
    for (size_t at = from; at < lexer->len; at++) {
        const char *brace = memmem(lexer->source + at, lexer->len - at, "{%", 2);

        if (!brace)
            break;
        at = (size_t)(brace - lexer->source);
        end = raw_tag(lexer, at, "endraw", true);
        if (!end)
            continue;
        data_token(lexer, from, strip_before(lexer, from, at, lexer->source[at + 2], true), ret);
        count_lines(lexer, from, end);
        lexer->at = end;
        lexer->line_starting = lexer->source[end - 1] == '\n';
        return 0;
    }
    return error_set_at(err, -EINVAL, lexer->line, 0, "Missing end of raw directive");
}

/* Behind "{#": the offset behind the comment's end, 0 when it has none. */
static size_t comment_end(const struct lexer *lexer, size_t at)
{
    for (; at + 1 < lexer->len; at++) {
        const char *mark = memmem(lexer->source + at, lexer->len - at, "#}", 2);
        size_t end;
        char sign;

        if (!mark)
            return 0;
        end = (size_t)(mark - lexer->source);
        sign = end > at ? lexer->source[end - 1] : 0;
        if (sign == '-')
            return skip_space(lexer, end + 2);
        return sign != '+' && lexer->trim && at_text(lexer, end + 2, "\n") ? end + 3 : end + 2;
    }
    return 0;
}

static int begin_token(struct lexer *lexer, struct token *ret)
{
    enum token_type type = lexer->pending;

    *ret = (struct token){ type,
                           lexer->source + lexer->pending_start,
                           2,
                           (uint32_t)lexer->pending_start,
                           (uint32_t)lexer->pending_end,
                           lexer->line };
    lexer->state = type == TOKEN_VARIABLE_BEGIN ? LEXER_VARIABLE : LEXER_BLOCK;
    lexer->pending = TOKEN_EOF;
    return 0;
}

/* What follows the data that ends at `at`, where "{{", "{%" or "{#" stands. */
static int open_tag(struct lexer *lexer, size_t at, struct error *err)
{
    char kind = lexer->source[at + 1], sign = at + 2 < lexer->len ? lexer->source[at + 2] : 0;
    size_t end, begin = at + 2 + (sign == '-' || sign == '+');

    if (kind == '#') {
        end = begin < lexer->len ? comment_end(lexer, begin) : lexer->len; /* nobody misses the end there */
        if (!end)
            return error_set_at(err, -EINVAL, lexer->line, 0, "Missing end of comment tag");
        count_lines(lexer, at, end);
        lexer->at = end;
        lexer->line_starting = lexer->source[end - 1] == '\n';
        return 0;
    }
    if (kind == '%' && (end = raw_tag(lexer, at, "raw", false))) {
        count_lines(lexer, at, end);
        lexer->at = end;
        lexer->line_starting = lexer->source[end - 1] == '\n';
        lexer->pending_raw = true;
        return 0;
    }
    lexer->at = begin;
    lexer->pending = kind == '{' ? TOKEN_VARIABLE_BEGIN : TOKEN_BLOCK_BEGIN;
    lexer->pending_start = at;
    lexer->pending_end = begin;
    return 0;
}

static int next_data(struct lexer *lexer, struct token *ret, struct error *err)
{
    for (;;) {
        size_t from = lexer->at, at, keep;
        const char *brace;
        int line = lexer->line, r;

        if (lexer->pending_raw) {
            lexer->pending_raw = false;
            r = raw_data(lexer, ret, err);
            if (r < 0 || ret->len)
                return r;
            continue;
        }
        if (lexer->pending != TOKEN_EOF)
            return begin_token(lexer, ret);
        if (from >= lexer->len) {
            *ret = (struct token){
                TOKEN_EOF,  lexer->source + lexer->len, 0, (uint32_t)lexer->len, (uint32_t)lexer->len,
                lexer->line
            };
            return 0;
        }
        for (at = from;; at++) {
            brace = at < lexer->len ? memchr(lexer->source + at, '{', lexer->len - at) : NULL;
            if (!brace || (size_t)(brace - lexer->source) + 1 >= lexer->len)
                break;
            at = (size_t)(brace - lexer->source);
            if (brace[1] == '{' || brace[1] == '%' || brace[1] == '#')
                break;
        }
        if (!brace || (size_t)(brace - lexer->source) + 1 >= lexer->len) {
            data_token(lexer, from, lexer->len, ret);
            count_lines(lexer, from, lexer->len);
            lexer->at = lexer->len;
            return 0;
        }
        keep = strip_before(lexer, from, at, at + 2 < lexer->len ? brace[2] : 0, brace[1] != '{');
        count_lines(lexer, from, at);
        r = open_tag(lexer, at, err);
        if (r < 0)
            return r;
        if (keep > from) {
            data_token(lexer, from, keep, ret);
            ret->line = line;
            return 0;
        }
    }
}

static int close_tag(struct lexer *lexer, size_t end, enum token_type type, struct token *ret)
{
    size_t start = lexer->at;

    *ret = (struct token){
        type, lexer->source + start, (uint32_t)(end - start), (uint32_t)start, (uint32_t)end, lexer->line
    };
    count_lines(lexer, start, end);
    lexer->at = end;
    lexer->line_starting = lexer->source[end - 1] == '\n';
    lexer->state = LEXER_DATA;
    return 0;
}

/* The offset behind an end delimiter at `at`, 0 when there is none. */
static size_t end_delimiter(const struct lexer *lexer, size_t at)
{
    if (lexer->bare || lexer->n_open)
        return 0;
    if (lexer->state == LEXER_VARIABLE) {
        if (at_text(lexer, at, "-}}"))
            return skip_space(lexer, at + 3);
        return at_text(lexer, at, "}}") ? at + 2 : 0;
    }
    if (at_text(lexer, at, "-%}"))
        return skip_space(lexer, at + 3);
    if (at_text(lexer, at, "+%}"))
        return at + 3;
    if (!at_text(lexer, at, "%}"))
        return 0;
    return lexer->trim && at_text(lexer, at + 2, "\n") ? at + 3 : at + 2;
}

/* Digits with single underscores between them. */
static size_t digits(const struct lexer *lexer, size_t at)
{
    const char *s = lexer->source;

    if (at >= lexer->len || !is_digit(s[at]))
        return at;
    while (at < lexer->len &&
           (is_digit(s[at]) || (s[at] == '_' && at + 1 < lexer->len && is_digit(s[at + 1]))))
        at++;
    return at;
}

static size_t radix_digits(const struct lexer *lexer, size_t at, int base)
{
    size_t from = at;

    for (; at < lexer->len; at++) {
        char c = lexer->source[at], low = (char)(c | 0x20);
        int digit = is_digit(c) ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : 99;

        if (c == '_' && at + 1 < lexer->len) {
            char next = lexer->source[at + 1], next_low = (char)(next | 0x20);
            int d = is_digit(next)                       ? next - '0'
                    : next_low >= 'a' && next_low <= 'f' ? next_low - 'a' + 10
                                                         : 99;

            if (d < base)
                continue;
        }
        if (digit >= base)
            break;
    }
    return at > from ? at : 0;
}

static size_t float_end(const struct lexer *lexer, size_t at)
{
    const char *s = lexer->source;
    size_t end = digits(lexer, at), part = 0;

    if (at > 0 && s[at - 1] == '.')
        return 0;
    if (end < lexer->len && s[end] == '.' && digits(lexer, end + 1) > end + 1)
        part = end = digits(lexer, end + 1);
    if (end < lexer->len && (s[end] | 0x20) == 'e') {
        size_t exponent = end + 1;

        if (exponent < lexer->len && (s[exponent] == '+' || s[exponent] == '-'))
            exponent++;
        if (digits(lexer, exponent) > exponent)
            return digits(lexer, exponent);
    }
    return part;
}

static size_t integer_end(const struct lexer *lexer, size_t at)
{
    const char *s = lexer->source;
    size_t end = 0;

    if (s[at] != '0')
        return digits(lexer, at);
    if (at + 1 < lexer->len) {
        char mark = (char)(s[at + 1] | 0x20);

        if (mark == 'x' || mark == 'o' || mark == 'b')
            end = radix_digits(lexer, at + 2, mark == 'x' ? 16 : mark == 'o' ? 8 : 2);
    }
    if (end)
        return end;
    for (at++; at < lexer->len; at++)
        if (s[at] != '0' && !(s[at] == '_' && at + 1 < lexer->len && s[at + 1] == '0'))
            break;
    return at;
}

static size_t string_end(const struct lexer *lexer, size_t at)
{
    char quote = lexer->source[at];

    for (at++; at < lexer->len; at++) {
        if (lexer->source[at] == '\\')
            at++;
        else if (lexer->source[at] == quote)
            return at + 1;
    }
    return 0;
}

static size_t name_end(const struct lexer *lexer, size_t at)
{
    while (at < lexer->len) {
        unsigned char c = (unsigned char)lexer->source[at];
        const char *next = lexer->source + at;

        if (c < 0x80) {
            if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !is_digit((char)c) && c != '_')
                break;
            at++;
            continue;
        }
        uint32_t code = utf8_next(&next);

        if (!uc_is_property_xid_continue(code) && !uc_is_general_category(code, UC_NUMBER))
            break;
        at = (size_t)(next - lexer->source);
    }
    return at;
}

static enum token_type operator_at(const struct lexer *lexer, size_t at, size_t *ret_len)
{
    static const char pairs[][3] = { "//", "**", "==", "!=", ">=", "<=" };
    static const uint8_t pair_types[] = { TOKEN_FLOORDIV, TOKEN_POW,  TOKEN_EQ,
                                          TOKEN_NE,       TOKEN_GTEQ, TOKEN_LTEQ };
    static const uint8_t singles[128] = {
        ['+'] = TOKEN_ADD,      ['='] = TOKEN_ASSIGN,    [':'] = TOKEN_COLON,  [','] = TOKEN_COMMA,
        ['/'] = TOKEN_DIV,      ['.'] = TOKEN_DOT,       ['>'] = TOKEN_GT,     ['{'] = TOKEN_LBRACE,
        ['['] = TOKEN_LBRACKET, ['('] = TOKEN_LPAREN,    ['<'] = TOKEN_LT,     ['%'] = TOKEN_MOD,
        ['*'] = TOKEN_MUL,      ['|'] = TOKEN_PIPE,      ['}'] = TOKEN_RBRACE, [']'] = TOKEN_RBRACKET,
        [')'] = TOKEN_RPAREN,   [';'] = TOKEN_SEMICOLON, ['-'] = TOKEN_SUB,    ['~'] = TOKEN_TILDE,
    };
    unsigned char c = (unsigned char)lexer->source[at];

    for (size_t i = 0; i < sizeof(pair_types); i++) {
        if (at_text(lexer, at, pairs[i])) {
            *ret_len = 2;
            return pair_types[i];
        }
    }
    *ret_len = 1;
    return c < 128 ? singles[c] : TOKEN_EOF;
}

static int balance(struct lexer *lexer, char c, struct error *err)
{
    char closing = c == '(' ? ')' : c == '[' ? ']' : c == '{' ? '}' : 0;

    if (closing) {
        if (lexer->n_open >= LEXER_NESTING_MAX)
            return error_set_at(err, -EINVAL, lexer->line, 0, "too many nested brackets (limit %d)",
                                LEXER_NESTING_MAX);
        lexer->open[lexer->n_open++] = closing;
        return 0;
    }
    if (c != ')' && c != ']' && c != '}')
        return 0;
    if (!lexer->n_open)
        return error_set_at(err, -EINVAL, lexer->line, 0, "unexpected '%c'", c);
    if (lexer->open[--lexer->n_open] != c)
        return error_set_at(err, -EINVAL, lexer->line, 0, "unexpected '%c', expected '%c'", c,
                            lexer->open[lexer->n_open]);
    return 0;
}

static int unexpected_char(const struct lexer *lexer, size_t at, struct error *err)
{
    BUFFER_AUTO(shown);
    const char *next = lexer->source + at;

    utf8_next(&next);
    python_repr_text(&shown, lexer->source + at, (size_t)(next - lexer->source) - at);
    return error_set_at(err, -EINVAL, lexer->line, 0, "unexpected char %s at %zu", shown.data,
                        utf8_length(lexer->source, at));
}

int jinja_lexer_next(struct lexer *lexer, struct token *ret, struct error *err)
{
    size_t start, end, space;
    enum token_type type;
    int line;
    char c;

    if (lexer->state == LEXER_DATA)
        return next_data(lexer, ret, err);
    space = skip_space(lexer, lexer->at);
    count_lines(lexer, lexer->at, space);
    lexer->at = start = space;
    line = lexer->line;
    if (start >= lexer->len) {
        *ret = (struct token){ TOKEN_EOF, lexer->source + start, 0, (uint32_t)start, (uint32_t)start, line };
        return 0;
    }
    end = end_delimiter(lexer, start);
    if (end)
        return close_tag(lexer, end, lexer->state == LEXER_VARIABLE ? TOKEN_VARIABLE_END : TOKEN_BLOCK_END,
                         ret);
    c = lexer->source[start];
    type = TOKEN_EOF;
    if (is_digit(c)) {
        end = float_end(lexer, start);
        type = end ? TOKEN_FLOAT : TOKEN_INTEGER;
        if (!end)
            end = integer_end(lexer, start);
    } else if (c == '\'' || c == '"') {
        end = string_end(lexer, start);
        type = end ? TOKEN_STRING : TOKEN_EOF;
        if (end)
            count_lines(lexer, start, end);
    } else if ((end = name_end(lexer, start)) > start) {
        type = TOKEN_NAME;
    } else if ((type = operator_at(lexer, start, &end)) != TOKEN_EOF) {
        end += start;
        if (balance(lexer, c, err) < 0)
            return -EINVAL;
    }
    if (type == TOKEN_EOF)
        return unexpected_char(lexer, start, err);
    lexer->at = end;
    *ret =
        (struct token){ type, lexer->source + start, (uint32_t)(end - start), (uint32_t)start, (uint32_t)end,
                        line };
    return 0;
}
