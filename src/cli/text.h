/* SPDX-License-Identifier: Apache-2.0 */
/* Text for terminals: widths, and wrapping as Python's textwrap does it. Pure. */
#ifndef FULMAR_CLI_TEXT_H
#define FULMAR_CLI_TEXT_H

#include <stddef.h>

#include "base/buffer.h"

/* Columns that valid UTF-8 takes, colour sequences not counted. */
size_t cli_text_columns(const char *text, size_t n);
/* Adds the text wrapped to `width` code points: lines joined by newlines, each begun by `indent` blanks (the
   first by `first_indent`), which count. White space of the text becomes blanks; words longer than a line are
   broken. */
void cli_text_wrap(struct buffer *out, const char *text, size_t n, size_t width, size_t first_indent,
                   size_t indent);

#endif
