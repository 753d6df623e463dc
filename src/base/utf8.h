/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing past U+10FFFF. */
#ifndef FULMAR_BASE_UTF8_H
#define FULMAR_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The offset of the first byte that is not valid, or n when all of it is. */
size_t utf8_valid_prefix(const char *s, size_t n);
bool utf8_valid(const char *s, size_t n);
/* The number of code points of valid text. */
size_t utf8_length(const char *s, size_t n);
/* Decode one code point of valid text at *at and move past it. */
uint32_t utf8_next(const char **at);
/* The byte offset of code point `index` in valid text (n when the text is shorter). */
size_t utf8_offset(const char *s, size_t n, size_t index);

#endif
