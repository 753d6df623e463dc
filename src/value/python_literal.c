/* SPDX-License-Identifier: Apache-2.0 */
/* ast.literal_eval: the literals of Python and nothing else. What is no Python at all is a SyntaxError; what is Python
   but no literal ("a", "f(x)", "1 + 1") is a ValueError. The reader is a recursive descent over

       tuple   = item { "," item } [","]
       item    = [ "+" | "-" ] number | text { text } | "(" [tuple] ")" | "[" ... "]" | "{" ... "}" | name         */
#include "value/python.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/number.h"

#define LITERAL_DEPTH_MAX 200
#define LITERAL_TEXT_MAX  (16u << 20)

struct reader {
    const char *text, *at, *end;
    int depth;    /* of values */
    int brackets; /* open: line ends are white space then */
    struct error *err;
};

static int syntax_error(struct reader *r, const char *text)
{
    int line = 1;

    if (r->text == r->end)
        line = 0;
    for (const char *p = r->text; p < r->at && p < r->end; p++)
        line += *p == '\n';
    error_set_kind(r->err, -EINVAL, "SyntaxError", "%s (<unknown>, line %d)", text, line);
    if (r->err)
        r->err->line = line;
    return -EINVAL;
}

static int malformed(struct reader *r, const char *what)
{
    return error_set_kind(r->err, -EINVAL, "ValueError",
                          "malformed node or string on line 1: <ast.%s object>", what);
}

static bool at_char(const struct reader *r, char c)
{
    return r->at < r->end && *r->at == c;
}

static bool starts(const struct reader *r, const char *text)
{
    size_t n = strlen(text);

    return (size_t)(r->end - r->at) >= n && memcmp(r->at, text, n) == 0;
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end) {
        if (*r->at == ' ' || *r->at == '\t' || *r->at == '\f')
            r->at++;
        else if (r->brackets && (*r->at == '\n' || *r->at == '\r'))
            r->at++;
        else if (starts(r, "\\\n"))
            r->at += 2;
        else if (*r->at == '#')
            while (r->at < r->end && *r->at != '\n')
                r->at++;
        else
            break;
    }
}

static int read_tuple(struct reader *r, char close, value *ret);
static int read_item(struct reader *r, value *ret);

/* ---- numbers ---- */

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 128;
}

static bool is_decimal(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)text[i]) && text[i] != '_')
            return false;
    return true;
}

static int read_number(struct reader *r, value *ret)
{
    const char *start = r->at;
    bool is_float = false, prefixed;
    size_t n;

    prefixed = *start == '0' && r->at + 1 < r->end && strchr("xXoObB", start[1]);
    while (r->at < r->end) {
        char c = *r->at;

        if (!prefixed && (c == '.' || c == 'e' || c == 'E'))
            is_float = true;
        else if (!prefixed && (c == '+' || c == '-') && (r->at[-1] == 'e' || r->at[-1] == 'E') &&
                 r->at > start)
            ;
        else if (!isalnum((unsigned char)c) && c != '_')
            break;
        r->at++;
    }
    n = (size_t)(r->at - start);
    if (r->at[-1] == 'j' || r->at[-1] == 'J')
        return malformed(r, "Constant");
    if (is_float ? number_parse_float(start, n, ret, NULL) < 0
                 : number_parse_int(start, n, 0, ret, NULL) < 0) {
        if (!is_float && !prefixed && *start == '0' && is_decimal(start, n))
            return syntax_error(
                r, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for "
                   "octal integers");
        return syntax_error(r, "invalid decimal literal");
    }
    return 0;
}

/* ---- text ---- */

static int read_hex(struct reader *r, int digits, uint32_t *ret)
{
    uint32_t c = 0;

    for (int i = 0; i < digits; i++, r->at++) {
        if (r->at >= r->end || !isxdigit((unsigned char)*r->at))
            return syntax_error(
                r, digits == 2 ? "(unicode error) 'unicodeescape' codec can't decode bytes: truncated "
                                 "\\xXX escape"
                               : "(unicode error) 'unicodeescape' codec can't decode bytes: truncated "
                                 "\\uXXXX escape");
        c = c * 16 + (uint32_t)(isdigit((unsigned char)*r->at) ? *r->at - '0'
                                                               : tolower((unsigned char)*r->at) - 'a' + 10);
    }
    *ret = c;
    return 0;
}

static const char *simple_escape(char c)
{
    static const struct {
        char letter;
        const char *text;
    } escapes[] = { { '\n', "" },  { '\\', "\\" }, { '\'', "'" }, { '"', "\"" }, { 'a', "\a" }, { 'b', "\b" },
                    { 'f', "\f" }, { 'n', "\n" },  { 'r', "\r" }, { 't', "\t" }, { 'v', "\v" } };

    for (size_t i = 0; i < ELEMENTS(escapes); i++)
        if (escapes[i].letter == c)
            return escapes[i].text;
    return NULL;
}

static void add_code(struct buffer *out, uint32_t c, bool bytes)
{
    if (bytes)
        buffer_add_char(out, (char)c);
    else
        buffer_add_utf8(out, c);
}

/* Behind the backslash. */
static int read_escape(struct reader *r, bool bytes, struct buffer *out)
{
    const char *simple;
    uint32_t c = 0;
    int digits, rc;

    if (r->at >= r->end)
        return syntax_error(r, "unterminated string literal");
    simple = simple_escape(*r->at);
    if (simple) {
        buffer_add_text(out, simple);
        r->at++;
        return 0;
    }
    if (*r->at >= '0' && *r->at <= '7') {
        for (int i = 0; i < 3 && r->at < r->end && *r->at >= '0' && *r->at <= '7'; i++)
            c = c * 8 + (uint32_t)(*r->at++ - '0');
        add_code(out, bytes ? c & 0xff : c, bytes);
        return 0;
    }
    digits = *r->at == 'x' ? 2 : bytes ? 0 : *r->at == 'u' ? 4 : *r->at == 'U' ? 8 : 0;
    if (!digits) {
        if (*r->at == 'N' && !bytes)
            return error_set_kind(r->err, -ENOTSUP, "ValueError",
                                  "named characters (\\N{...}) are not supported");
        buffer_add_char(out, '\\'); /* an unknown escape is kept */
        return 0;
    }
    r->at++;
    rc = read_hex(r, digits, &c);
    if (rc < 0)
        return rc;
    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return syntax_error(
            r, "(unicode error) 'unicodeescape' codec can't decode bytes: illegal Unicode character");
    add_code(out, c, bytes);
    return 0;
}

/* One literal; *ret_bytes says which kind it was. The text goes behind what `out` holds. */
static int read_text(struct reader *r, struct buffer *out, bool *ret_bytes)
{
    bool raw = false, bytes = false, triple;
    char quote;
    int rc;

    for (; *r->at != '\'' && *r->at != '"'; r->at++) {
        raw |= *r->at == 'r' || *r->at == 'R';
        bytes |= *r->at == 'b' || *r->at == 'B';
    }
    quote = *r->at;
    triple = r->end - r->at >= 3 && r->at[1] == quote && r->at[2] == quote;
    r->at += triple ? 3 : 1;
    *ret_bytes = bytes;
    for (;;) {
        if (r->at >= r->end || (!triple && *r->at == '\n'))
            return syntax_error(r, triple ? "unterminated triple-quoted string literal"
                                          : "unterminated string literal");
        if (*r->at == quote && (!triple || (r->end - r->at >= 3 && r->at[1] == quote && r->at[2] == quote))) {
            r->at += triple ? 3 : 1;
            return 0;
        }
        if (bytes && (unsigned char)*r->at >= 128)
            return syntax_error(r, "bytes can only contain ASCII literal characters");
        if (*r->at != '\\') {
            buffer_add_char(out, *r->at++);
            continue;
        }
        r->at++;
        if (raw) {
            buffer_add_char(out, '\\');
            if (r->at < r->end)
                buffer_add_char(out, *r->at++);
            continue;
        }
        rc = read_escape(r, bytes, out);
        if (rc < 0)
            return rc;
    }
}

/* Does a text literal (with its prefix) start here? *ret_formatted: an f-string. */
static bool at_text(const struct reader *r, bool *ret_formatted)
{
    const char *p = r->at;

    *ret_formatted = false;
    while (p < r->end && p - r->at < 2 && isalpha((unsigned char)*p)) {
        *ret_formatted |= *p == 'f' || *p == 'F';
        if (!strchr("rRbBuUfF", *p))
            return false;
        p++;
    }
    return p < r->end && (*p == '\'' || *p == '"');
}

static int read_texts(struct reader *r, value *ret)
{
    BUFFER_AUTO(out);
    bool bytes = false, more, formatted, first = true;
    int rc;

    while (at_text(r, &formatted)) {
        if (formatted)
            return malformed(r, "JoinedStr");
        rc = read_text(r, &out, &more);
        if (rc < 0)
            return rc;
        if (!first && more != bytes)
            return syntax_error(r, "cannot mix bytes and nonbytes literals");
        bytes = more;
        first = false;
        skip_space(r);
    }
    if (!bytes && memchr(buffer_text(&out), 0, out.len) == NULL && !utf8_valid(buffer_text(&out), out.len))
        return syntax_error(r, "invalid character in string literal");
    *ret = bytes ? value_bytes(buffer_text(&out), out.len) : value_text_n(buffer_text(&out), out.len);
    return 0;
}

/* ---- containers ---- */

static int read_braces(struct reader *r, value *ret)
{
    VALUE_AUTO(out);
    bool is_set = false;
    int rc;

    skip_space(r);
    out = value_map_new(4);
    while (!at_char(r, '}')) {
        VALUE_AUTO(key);
        VALUE_AUTO(item);
        uint64_t hash;

        rc = read_item(r, &key);
        if (rc < 0)
            return rc;
        skip_space(r);
        if (!value_map_count(out) && !at_char(r, ':')) {
            is_set = true;
            value_replace(&out, value_set_new(4));
        }
        if (at_char(r, ':') == is_set)
            return syntax_error(r, "invalid syntax");
        if (!value_hash(key, &hash))
            return error_set_kind(r->err, -EINVAL, "TypeError", "unhashable type: '%s'",
                                  python_type_name(key));
        if (!is_set) {
            r->at++;
            rc = read_item(r, &item);
            if (rc < 0)
                return rc;
            skip_space(r);
            value_map_set(&out, value_take(&key), value_take(&item));
        } else {
            value_set_add(&out, value_take(&key));
        }
        if (at_char(r, ','))
            r->at++;
        else if (!at_char(r, '}'))
            return syntax_error(r, r->at == r->end ? "'{' was never closed" : "invalid syntax");
        skip_space(r);
    }
    r->at++;
    *ret = value_take(&out);
    return 0;
}

static int read_bracket(struct reader *r, value *ret)
{
    char open = *r->at++;
    int rc;

    r->brackets++;
    if (open == '{')
        rc = read_braces(r, ret);
    else
        rc = read_tuple(r, open == '(' ? ')' : ']', ret);
    r->brackets--;
    return rc;
}

/* Items up to `close` (0: the end of the text). A parenthesised item without comma is the item itself. */
static int read_tuple(struct reader *r, char close, value *ret)
{
    VALUE_AUTO(out);
    bool comma = false;
    int rc;

    out = close == ']' ? value_list_new(0) : value_tuple_new(0);
    skip_space(r);
    while (close ? !at_char(r, close) : r->at < r->end) {
        VALUE_AUTO(item);

        if (r->at == r->end)
            return syntax_error(r, close == ']' ? "'[' was never closed" : "'(' was never closed");
        rc = read_item(r, &item);
        if (rc < 0)
            return rc;
        value_list_append(&out, value_take(&item));
        skip_space(r);
        comma = at_char(r, ',');
        if (comma)
            r->at++;
        else if (close && r->at == r->end)
            return syntax_error(r, close == ']' ? "'[' was never closed" : "'(' was never closed");
        else if (close ? !at_char(r, close) : r->at < r->end)
            return syntax_error(r, "invalid syntax");
        skip_space(r);
        if (!close && !comma)
            break;
    }
    if (close)
        r->at++;
    if (close != ']' && value_list_count(out) == 1 && !comma) {
        *ret = value_ref(value_list_at(out, 0));
        return 0;
    }
    *ret = value_take(&out);
    return 0;
}

/* ---- items ---- */

static int read_name(struct reader *r, value *ret)
{
    static const struct {
        const char *name;
        value v;
    } names[] = { { "None", { .kind = VALUE_NULL } },
                  { "True", { .kind = VALUE_BOOL, .integer = 1 } },
                  { "False", { .kind = VALUE_BOOL } } };
    static const char *const keywords[] = { "and", "as",       "assert", "break", "class",  "continue",
                                            "def", "del",      "elif",   "else",  "except", "finally",
                                            "for", "from",     "global", "if",    "import", "in",
                                            "is",  "nonlocal", "or",     "pass",  "raise",  "return",
                                            "try", "while",    "with" };
    const char *start = r->at;
    size_t n;

    while (r->at < r->end && is_name_char(*r->at))
        r->at++;
    n = (size_t)(r->at - start);
    for (size_t i = 0; i < ELEMENTS(names); i++) {
        if (strlen(names[i].name) == n && !memcmp(names[i].name, start, n)) {
            *ret = names[i].v;
            return 0;
        }
    }
    for (size_t i = 0; i < ELEMENTS(keywords); i++)
        if (strlen(keywords[i]) == n && !memcmp(keywords[i], start, n))
            return syntax_error(r, "invalid syntax");
    if (n == 3 && !memcmp(start, "set", 3) && starts(r, "()")) {
        r->at += 2;
        *ret = value_set_new(0);
        return 0;
    }
    /* Two names side by side are no Python; a name alone is, but is no literal. */
    skip_space(r);
    if (r->at < r->end &&
        (is_name_char(*r->at) || strchr("'\"!?$`{", *r->at) || (*r->at == '=' && !starts(r, "=="))))
        return syntax_error(r, "invalid syntax");
    return malformed(r, at_char(r, '(') ? "Call" : "Name");
}

static int read_signed(struct reader *r, value *ret)
{
    bool negative = *r->at == '-', twice;
    VALUE_AUTO(v);
    int rc;

    r->at++;
    skip_space(r);
    twice = at_char(r, '-') || at_char(r, '+');
    rc = read_item(r, &v);
    if (rc < 0)
        return rc;
    if (!value_is_number(v) || twice)
        return malformed(r, twice ? "UnaryOp" : "Constant");
    if (negative)
        return number_negate(v, ret, r->err);
    *ret = value_take(&v);
    return 0;
}

/* Is what follows an operator? Then the text is Python, but no literal. */
static bool at_operator(const struct reader *r)
{
    static const char *const words[] = { "and ", "or ", "in ", "is ", "if ", "not " };

    if (r->at == r->end)
        return false;
    if (strchr("+-*/%<>|&^@.([", *r->at) || starts(r, "==") || starts(r, "!="))
        return r->at + 1 < r->end;
    for (size_t i = 0; i < ELEMENTS(words); i++)
        if (starts(r, words[i]))
            return true;
    return false;
}

static int read_item(struct reader *r, value *ret)
{
    VALUE_AUTO(v);
    bool formatted;
    int rc;

    if (++r->depth > LITERAL_DEPTH_MAX) {
        r->depth--;
        return error_set_kind(r->err, -E2BIG, "SyntaxError", "too many nested parentheses");
    }
    skip_space(r);
    if (r->at == r->end)
        rc = syntax_error(r, "invalid syntax");
    else if (at_text(r, &formatted))
        rc = read_texts(r, &v);
    else if (isdigit((unsigned char)*r->at) ||
             (*r->at == '.' && r->at + 1 < r->end && isdigit((unsigned char)r->at[1])))
        rc = read_number(r, &v);
    else if (*r->at == '+' || *r->at == '-')
        rc = read_signed(r, &v);
    else if (*r->at == '(' || *r->at == '[' || *r->at == '{')
        rc = read_bracket(r, &v);
    else if (is_name_char(*r->at))
        rc = read_name(r, &v);
    else
        rc = syntax_error(r, "invalid syntax");
    r->depth--;
    if (rc < 0)
        return rc;
    skip_space(r);
    if (at_operator(r))
        return malformed(r, "BinOp");
    *ret = value_take(&v);
    return 0;
}

int python_literal(const char *text, size_t n, value *ret, struct error *err)
{
    struct reader r = { .text = text, .at = text, .end = text + n, .err = err };
    VALUE_AUTO(v);
    int rc;

    if (n > LITERAL_TEXT_MAX)
        return error_set_kind(err, -E2BIG, "ValueError", "the literal is longer than %u bytes",
                              LITERAL_TEXT_MAX);
    if (memchr(text, 0, n))
        return error_set_kind(err, -EINVAL, "ValueError", "source code string cannot contain null bytes");
    if (!utf8_valid(text, n))
        return error_set_kind(err, -EINVAL, "SyntaxError", "the text is not valid UTF-8");
    /* literal_eval strips blanks in front; line ends behind are fine. */
    while (r.at < r.end && (*r.at == ' ' || *r.at == '\t'))
        r.at++;
    while (r.at < r.end && (*r.at == '\n' || *r.at == '\r'))
        r.at++;
    while (r.end > r.at && isspace((unsigned char)r.end[-1]))
        r.end--;
    skip_space(&r);
    if (r.at == r.end)
        return syntax_error(&r, "invalid syntax");
    rc = read_tuple(&r, 0, &v);
    if (rc < 0)
        return rc;
    if (r.at < r.end)
        return syntax_error(&r, "invalid syntax");
    *ret = value_take(&v);
    return 0;
}
