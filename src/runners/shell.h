/* SPDX-License-Identifier: Apache-2.0 */
/* What the shell-like runners share (contract: actions-and-runners.md 8.2, 8.3, 9.1). */
#ifndef FULMAR_RUNNERS_SHELL_H
#define FULMAR_RUNNERS_SHELL_H

#include "base/buffer.h"
#include "runners/runner.h"

/* A word that a POSIX shell reads back as the text (Python's shlex.quote). */
void shell_quote(struct buffer *out, const char *text, size_t n);
/* Arguments of a script, each with a space in front: named ones in order, then the positional ones. */
void shell_arguments(struct buffer *out, value action_definition, value parameters, const char *kwarg_op);
/* A stream as results show it: one line end stripped; JSON becomes the value it says. Owned. */
value shell_stream(const char *text, size_t n);

#endif
