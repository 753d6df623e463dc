/* SPDX-License-Identifier: Apache-2.0 */
/* String literals, with Python's escapes. */
#include "expr/jinja/parser-internal.h"

#include <string.h>

#include "base/buffer.h"

/* One Python escape behind the backslash at *at; the position moves behind it. */
static bool string_escape(struct parser *p, int line, const char **at, const char *end, struct buffer *out)
{
    static const char plain[] = "\\'\"abfnrtv", means[] = "\\'\"\a\b\f\n\r\t\v";
    char c = *(*at)++;
    const char *found = c ? strchr(plain, c) : NULL;
    unsigned code = 0;
    int digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;

    if (found) {
        buffer_add_char(out, means[found - plain]);
        return true;
    }
    if (c == '\n')
        return true;
    if (c >= '0' && c <= '7') {
        code = (unsigned)(c - '0');
        for (int i = 0; i < 2 && *at < end && **at >= '0' && **at <= '7'; i++)
            code = code * 8 + (unsigned)(*(*at)++ - '0');
        buffer_add_utf8(out, code);
        return true;
    }
    if (!digits) {
        buffer_add_char(out, '\\');
        buffer_add_char(out, c);
        return true;
    }
    for (int i = 0; i < digits; i++) {
        char h = *at < end ? **at : 0, low = (char)(h | 0x20);

        if (!((h >= '0' && h <= '9') || (low >= 'a' && low <= 'f')))
            return parser_fail(p, line, "truncated \\%c%s escape", c,
                               c == 'x'   ? "XX"
                               : c == 'u' ? "XXXX"
                                          : "XXXXXXXX");
        code = code * 16 + (unsigned)(h <= '9' ? h - '0' : low - 'a' + 10);
        (*at)++;
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return parser_fail(
            p, line, code > 0x10ffff ? "illegal Unicode character" : "surrogates are not allowed in text");
    buffer_add_utf8(out, code);
    return true;
}

bool parser_add_string(struct parser *p, const struct token *token, struct buffer *out)
{
    const char *at = token->text + 1, *end = token->text + token->len - 1;

    while (at < end) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));

        buffer_add(out, at, (size_t)((slash ? slash : end) - at));
        if (!slash)
            break;
        at = slash + 1;
        if (!string_escape(p, token->line, &at, end, out))
            return false;
    }
    return true;
}
