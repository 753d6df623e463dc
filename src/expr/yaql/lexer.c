/* SPDX-License-Identifier: Apache-2.0 */
/* Texts to tokens, one at a time: a lexical error behind a syntax error is never seen, as in the reference engine. */
#include "expr/yaql/yaql-internal.h"

#include <stdlib.h>
#include <unictype.h>
#include <uniname.h>

#include "base/utf8.h"
#include "value/json.h"

#define DIGITS_MAX 4300 /* as Python's int() has it */

static bool is_word(uint32_t c)
{
    if (c < 128)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_N);
}

static bool is_digit(uint32_t c)
{
    if (c < 128)
        return c >= '0' && c <= '9';
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Nd);
}

/* The code point at `at`, 0 at the end; *ret_len its bytes. */
static uint32_t peek(const struct lexer *lexer, size_t at, size_t *ret_len)
{
    const char *s = lexer->text + at;
    uint32_t c;

    if (at >= lexer->len) {
        *ret_len = 0;
        return 0;
    }
    c = utf8_next(&s);
    *ret_len = (size_t)(s - (lexer->text + at));
    return c;
}

static size_t skip_word(const struct lexer *lexer, size_t at)
{
    size_t n;

    while (is_word(peek(lexer, at, &n)) && n)
        at += n;
    return at;
}

static size_t skip_digits(const struct lexer *lexer, size_t at)
{
    while (at < lexer->len && lexer->text[at] >= '0' && lexer->text[at] <= '9')
        at++;
    return at;
}

size_t lexer_position(const struct lexer *lexer, size_t at)
{
    return utf8_length(lexer->text, at < lexer->len ? at : lexer->len);
}

static int illegal(const struct lexer *lexer, size_t at, struct error *err)
{
    size_t n;

    peek(lexer, at, &n);
    error_set_kind(err, -EINVAL, "YaqlLexicalException",
                   "Lexical error: illegal character '%.*s' at position %zu", (int)n, lexer->text + at,
                   lexer_position(lexer, at));
    if (err) {
        err->line = 1;
        err->column = (int)lexer_position(lexer, at) + 1;
    }
    return -EINVAL;
}

/* ---- strings ---- */

static int hex_digits(const char *s, size_t n, uint32_t *ret)
{
    uint32_t c = 0;

    for (size_t i = 0; i < n; i++) {
        char d = s[i];

        if (d >= '0' && d <= '9')
            c = c * 16 + (uint32_t)(d - '0');
        else if ((d | 32) >= 'a' && (d | 32) <= 'f')
            c = c * 16 + (uint32_t)((d | 32) - 'a' + 10);
        else
            return -EINVAL;
    }
    *ret = c;
    return 0;
}

static int bad_escape(const char *what, size_t end, struct error *err)
{
    return error_set_kind(err, -EINVAL, "UnicodeDecodeError",
                          "'unicodeescape' codec can't decode bytes in position 0-%zu: %s", end, what);
}

/* \xHH, \uHHHH, \UHHHHHHHH with s behind the letter; a short one is no escape (*ret_used 0). */
static int numeric_escape(const char *s, size_t n, struct buffer *out, size_t *ret_used, struct error *err)
{
    static const struct {
        char letter;
        size_t digits;
        const char *truncated;
    } forms[] = {
        { 'x', 2, "truncated \\xXX escape" },
        { 'u', 4, "truncated \\uXXXX escape" },
        { 'U', 8, "truncated \\UXXXXXXXX escape" },
    };
    uint32_t c;

    *ret_used = 0;
    for (size_t i = 0; i < ELEMENTS(forms); i++) {
        size_t digits = forms[i].digits;

        if (s[0] != forms[i].letter)
            continue;
        if (n < 1 + digits)
            return 0;
        if (hex_digits(s + 1, digits, &c) < 0)
            return bad_escape(forms[i].truncated, digits, err);
        if (c > 0x10ffff)
            return bad_escape("illegal Unicode character", digits + 1, err);
        if (c >= 0xd800 && c < 0xe000)
            return bad_escape("lone surrogates cannot be told in UTF-8", digits + 1, err);
        buffer_add_utf8(out, c);
        *ret_used = 1 + digits;
        return 0;
    }
    return 0;
}

static int named_escape(const char *s, size_t n, struct buffer *out, size_t *ret_used, struct error *err)
{
    const char *end = memchr(s, '}', n);
    char name[128];
    ucs4_t c;
    size_t len;

    *ret_used = 0;
    if (n < 4 || s[1] != '{' || !end || end == s + 2)
        return 0;
    len = (size_t)(end - s) - 2;
    if (len >= sizeof(name))
        return bad_escape("unknown Unicode character name", len + 3, err);
    memcpy(name, s + 2, len);
    name[len] = '\0';
    c = unicode_name_character(name);
    if (c == UNINAME_INVALID)
        return bad_escape("unknown Unicode character name", len + 3, err);
    buffer_add_utf8(out, c);
    *ret_used = len + 3;
    return 0;
}

/* One escape, `s` behind the backslash; *ret_used 0 when it is none. */
static int unescape_one(const char *s, size_t n, struct buffer *out, size_t *ret_used, struct error *err)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    const char *simple;

    if (s[0] == 'N')
        return named_escape(s, n, out, ret_used, err);
    if (s[0] == 'x' || s[0] == 'u' || s[0] == 'U')
        return numeric_escape(s, n, out, ret_used, err);
    if (s[0] >= '0' && s[0] <= '7') {
        uint32_t c = 0;
        size_t i = 0;

        while (i < 3 && i < n && s[i] >= '0' && s[i] <= '7')
            c = c * 8 + (uint32_t)(s[i++] - '0');
        buffer_add_utf8(out, c);
        *ret_used = i;
        return 0;
    }
    simple = s[0] ? strchr(from, s[0]) : NULL;
    *ret_used = simple ? 1 : 0;
    if (simple)
        buffer_add_char(out, to[simple - from]);
    return 0;
}

int lexer_unescape(const char *s, size_t n, struct buffer *out, struct error *err)
{
    for (size_t i = 0; i < n;) {
        size_t used = 0;
        int r;

        if (s[i] == '\\' && i + 1 < n) {
            r = unescape_one(s + i + 1, n - i - 1, out, &used, err);
            if (r < 0)
                return r;
            if (used) {
                i += used + 1;
                continue;
            }
        }
        buffer_add_char(out, s[i++]);
    }
    return 0;
}

/* `verbatim` with only \` as an escape. */
static void add_verbatim(struct buffer *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\' && i + 1 < n && s[i + 1] == '`')
            i++;
        buffer_add_char(out, s[i]);
    }
}

static int read_string(struct lexer *lexer, struct token *token, struct error *err)
{
    BUFFER_AUTO(out);
    char quote = lexer->text[lexer->at];
    size_t from = lexer->at + 1, at = from;
    bool plain = true;
    int r = 0;

    while (at < lexer->len && lexer->text[at] != quote) {
        if (lexer->text[at] == '\\') {
            plain = false;
            if (at + 1 >= lexer->len || lexer->text[at + 1] == '\n')
                return illegal(lexer, lexer->at, err);
            at++;
        }
        at++;
    }
    if (at >= lexer->len)
        return illegal(lexer, lexer->at, err);
    if (plain) {
        token->value = value_text_n(lexer->text + from, at - from);
    } else {
        if (quote == '`')
            add_verbatim(&out, lexer->text + from, at - from);
        else
            r = lexer_unescape(lexer->text + from, at - from, &out, err);
        if (r < 0)
            return r;
        token->value = value_text_n(buffer_text(&out), out.len);
    }
    token->kind = TOKEN_CONSTANT;
    lexer->at = at + 1;
    return 0;
}

/* ---- numbers and words ---- */

static int read_number(struct lexer *lexer, struct token *token, struct error *err)
{
    size_t from = lexer->at, whole = skip_digits(lexer, from), end = whole, n;
    char text[400];

    if (whole + 1 < lexer->len && lexer->text[whole] == '.' && skip_digits(lexer, whole + 1) > whole + 1)
        end = skip_digits(lexer, whole + 1);
    /* A number ends at a word border; "1.5x" is read as 1, '.', and then fails at "5x". */
    if (is_word(peek(lexer, end, &n)) && n)
        end = end > whole ? whole : from;
    if (end == from)
        return illegal(lexer, from, err);
    if (end == whole) {
        if (end - from > DIGITS_MAX)
            return error_set_kind(
                err, -EINVAL, "ValueError",
                "Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; use "
                "sys.set_int_max_str_digits() to increase the limit",
                DIGITS_MAX, end - from);
        token->value = value_int_from_text(lexer->text + from, end - from, 10);
    } else if (end - from < sizeof(text)) {
        memcpy(text, lexer->text + from, end - from);
        text[end - from] = '\0';
        token->value = value_float(strtod(text, NULL));
    } else {
        char *copy = xstrndup(lexer->text + from, end - from);

        token->value = value_float(strtod(copy, NULL));
        free(copy);
    }
    token->kind = TOKEN_CONSTANT;
    lexer->at = end;
    return 0;
}

static const struct {
    const char *word;
    enum yaql_operator op;
} word_operators[] = {
    { "and", OP_AND }, { "or", OP_OR }, { "not", OP_NOT }, { "in", OP_IN }, { "mod", OP_MODULO },
};

static bool word_is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

static int read_word(struct lexer *lexer, struct token *token, struct error *err)
{
    const char *s = lexer->text + lexer->at;
    size_t end = skip_word(lexer, lexer->at), n = end - lexer->at;

    if (end < lexer->len && lexer->text[end] == '(') {
        token->kind = TOKEN_FUNCTION;
        token->value = value_text_n(s, n);
        lexer->at = end + 1;
        return 0;
    }
    if (n >= 2 && s[0] == '_' && s[1] == '_')
        return illegal(lexer, lexer->at, err);
    lexer->at = end;
    if (word_is(s, n, "true") || word_is(s, n, "false")) {
        token->kind = TOKEN_CONSTANT;
        token->value = value_bool(s[0] == 't');
        return 0;
    }
    if (word_is(s, n, "null")) {
        token->kind = TOKEN_CONSTANT;
        token->value = value_null();
        return 0;
    }
    for (size_t i = 0; i < ELEMENTS(word_operators); i++) {
        if (word_is(s, n, word_operators[i].word)) {
            token->kind = TOKEN_OPERATOR;
            token->op = word_operators[i].op;
            return 0;
        }
    }
    token->kind = TOKEN_KEYWORD;
    token->value = value_text_n(s, n);
    return 0;
}

/* ---- signs ---- */

/* Longer ones first. */
static const struct {
    const char *sign;
    uint8_t kind, op;
} signs[] = {
    { "=>", TOKEN_MAPPING, 0 },
    { "->", TOKEN_OPERATOR, OP_ARROW },
    { "=~", TOKEN_OPERATOR, OP_MATCH },
    { "!~", TOKEN_OPERATOR, OP_NOT_MATCH },
    { ">=", TOKEN_OPERATOR, OP_GREATER_EQUAL },
    { "<=", TOKEN_OPERATOR, OP_LESS_EQUAL },
    { "!=", TOKEN_OPERATOR, OP_NOT_EQUAL },
    { "?.", TOKEN_OPERATOR, OP_ELVIS },
    { ".", TOKEN_OPERATOR, OP_DOT },
    { "[", TOKEN_OPERATOR, OP_INDEX },
    { "{", TOKEN_OPERATOR, OP_MAP },
    { "+", TOKEN_OPERATOR, OP_ADD },
    { "-", TOKEN_OPERATOR, OP_SUBTRACT },
    { "*", TOKEN_OPERATOR, OP_MULTIPLY },
    { "/", TOKEN_OPERATOR, OP_DIVIDE },
    { ">", TOKEN_OPERATOR, OP_GREATER },
    { "<", TOKEN_OPERATOR, OP_LESS },
    { "=", TOKEN_OPERATOR, OP_EQUAL },
    { "(", TOKEN_OPEN_PARENTHESIS, 0 },
    { ")", TOKEN_CLOSE_PARENTHESIS, 0 },
    { "]", TOKEN_CLOSE_BRACKET, 0 },
    { "}", TOKEN_CLOSE_BRACE, 0 },
    { ",", TOKEN_COMMA, 0 },
};

static int read_sign(struct lexer *lexer, struct token *token, struct error *err)
{
    for (size_t i = 0; i < ELEMENTS(signs); i++) {
        size_t n = strlen(signs[i].sign);

        if (lexer->len - lexer->at >= n && memcmp(lexer->text + lexer->at, signs[i].sign, n) == 0) {
            token->kind = signs[i].kind;
            token->op = signs[i].op;
            lexer->at += n;
            return 0;
        }
    }
    return illegal(lexer, lexer->at, err);
}

int lexer_next(struct lexer *lexer, struct token *token, struct error *err)
{
    uint32_t c;
    size_t n;
    int r;

    value_unref(token->value);
    token->value = VALUE_NOTHING;
    token->op = OP_NONE;
    while (lexer->at < lexer->len && strchr(" \t\r\n", lexer->text[lexer->at]) && lexer->text[lexer->at])
        lexer->at++;
    token->at = lexer->at;
    token->len = 0;
    c = peek(lexer, lexer->at, &n);
    if (!n) {
        token->kind = TOKEN_END;
        return 0;
    }
    if (c == '$') {
        lexer->at = skip_word(lexer, lexer->at + 1);
        token->kind = TOKEN_VARIABLE;
        token->value = value_text_n(lexer->text + token->at + 1, lexer->at - token->at - 1);
        r = 0;
    } else if (c >= '0' && c <= '9') {
        r = read_number(lexer, token, err);
    } else if (is_word(c) && !is_digit(c)) {
        r = read_word(lexer, token, err);
    } else if (c == '\'' || c == '"' || c == '`') {
        r = read_string(lexer, token, err);
    } else {
        r = read_sign(lexer, token, err);
    }
    token->len = lexer->at - token->at;
    return r;
}
