/* SPDX-License-Identifier: Apache-2.0 */
/* Tables with borders, laid out as PrettyTable does: left aligned, cells of several lines, columns bounded in
   width by wrapping, headers never wrapped. Pure. */
#ifndef FULMAR_CLI_GRID_H
#define FULMAR_CLI_GRID_H

#include <stddef.h>

#include "base/buffer.h"
#include "value/value.h"

struct grid {
    size_t n_columns, n_rows, rows_room;
    char **headers;
    size_t *max_widths;
    char **cells; /* row after row */
};

void grid_init(struct grid *table, size_t n_columns);
void grid_release(struct grid *table);
void grid_column(struct grid *table, size_t column, const char *header, size_t max_width);
/* Begins a row; its cells are then set from left to right. Text is copied. */
void grid_row(struct grid *table);
void grid_cell(struct grid *table, size_t column, const char *text);
/* Ends without a newline. */
void grid_write(const struct grid *table, struct buffer *out);
/* A box around one line of text, at least `width` columns wide. Ends without a newline. */
void grid_note(struct buffer *out, const char *text, size_t width);

#endif
