/* SPDX-License-Identifier: Apache-2.0 */
/* Python's text operations, shared by filters and methods of str. All take plain strings. */
#ifndef FULMAR_EXPR_JINJA_TEXT_H
#define FULMAR_EXPR_JINJA_TEXT_H

#include "expr/jinja/engine.h"

enum text_case { TEXT_LOWER, TEXT_UPPER, TEXT_CASEFOLD, TEXT_TITLE, TEXT_CAPITALIZE, TEXT_SWAPCASE };

int text_case(struct ev *ev, enum text_case how, value text, value *ret);
/* The same, added to a buffer. */
int text_case_print(struct ev *ev, enum text_case how, value text, struct buffer *out);
/* Python's idea of white space. */
bool code_is_space(uint32_t code);
/* Letters, digits and underscore: \w. */
bool code_is_word(uint32_t code);
int filter_urlize(struct ev *ev, struct bound *bound, value *ret);
/* Without the characters of `chars` (unset or null: white space) at its ends. */
value text_strip(value text, value chars, bool left, bool right);
/* Lines; with `keep` their ends stay. */
int text_splitlines(struct ev *ev, value text, bool keep, value *ret);
/* width spaces (or `fill`) around, before or behind: Python's center, rjust, ljust. */
enum text_align { TEXT_LEFT, TEXT_RIGHT, TEXT_CENTER };
int text_pad(struct ev *ev, value text, int64_t width, value fill, enum text_align align, value *ret);
int text_replace(struct ev *ev, value text, value old, value new, int64_t count, value *ret);
/* textwrap.wrap joined by `between`; one line of text. */
int text_wrap(struct ev *ev, const char *line, size_t n, int64_t width, bool break_long, bool break_hyphens,
              value between, struct buffer *out);
/* Text as markup when `like` is. Takes text. */
value text_like(value like, value text);

#endif
