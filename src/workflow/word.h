/* SPDX-License-Identifier: Apache-2.0 */
/* What the definition language calls a word: letters and digits of any script, and the underscore. */
#ifndef FULMAR_WORKFLOW_WORD_H
#define FULMAR_WORKFLOW_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool word_is_char(uint32_t code_point);
/* One or more word characters and nothing else but one newline at the end, which the language's pattern lets through. */
bool word_is_name(const char *text, size_t n);

#endif
