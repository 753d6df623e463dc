/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of a Jinja template, one at a time; whitespace control and raw blocks are settled here. */
#ifndef FULMAR_EXPR_JINJA_LEXER_H
#define FULMAR_EXPR_JINJA_LEXER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum token_type {
    TOKEN_EOF,
    TOKEN_DATA,
    TOKEN_VARIABLE_BEGIN,
    TOKEN_VARIABLE_END,
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_NAME,
    TOKEN_STRING,
    TOKEN_INTEGER,
    TOKEN_FLOAT,
    TOKEN_ADD, /* operators from here on */
    TOKEN_ASSIGN,
    TOKEN_COLON,
    TOKEN_COMMA,
    TOKEN_DIV,
    TOKEN_DOT,
    TOKEN_EQ,
    TOKEN_FLOORDIV,
    TOKEN_GT,
    TOKEN_GTEQ,
    TOKEN_LBRACE,
    TOKEN_LBRACKET,
    TOKEN_LPAREN,
    TOKEN_LT,
    TOKEN_LTEQ,
    TOKEN_MOD,
    TOKEN_MUL,
    TOKEN_NE,
    TOKEN_PIPE,
    TOKEN_POW,
    TOKEN_RBRACE,
    TOKEN_RBRACKET,
    TOKEN_RPAREN,
    TOKEN_SEMICOLON,
    TOKEN_SUB,
    TOKEN_TILDE,
};

struct token {
    enum token_type type;
    const char *text; /* into the source: the data, the name, the literal with its quotes */
    uint32_t len;
    uint32_t start, end; /* offsets of the whole token */
    int line;
};

enum lexer_state { LEXER_DATA, LEXER_VARIABLE, LEXER_BLOCK };

#define LEXER_NESTING_MAX 250

struct lexer {
    const char *source;
    size_t len, at;
    int line;
    enum lexer_state state;
    bool bare;               /* one expression without delimiters around it */
    bool trim;               /* trim_blocks and lstrip_blocks */
    bool line_starting;      /* the last token of data mode ended a line */
    enum token_type pending; /* a begin that follows the data just given; TOKEN_EOF: none */
    size_t pending_start, pending_end;
    bool pending_raw;
    unsigned n_open;
    char open[LEXER_NESTING_MAX]; /* closing brackets that are waited for */
};

/* `source` has "\n" line ends only and outlives the lexer. */
void jinja_lexer_init(struct lexer *lexer, const char *source, size_t len, bool bare, bool trim);
int jinja_lexer_next(struct lexer *lexer, struct token *ret, struct error *err);
/* As Jinja's messages name it: "end of print statement", "integer", "," */
const char *token_type_text(enum token_type type);

#endif
