/* SPDX-License-Identifier: Apache-2.0 */
/* Tables with borders, laid out as PrettyTable does: left aligned, cells of several lines, columns bounded in width by
   wrapping, headers never wrapped. Pure. */
#ifndef FULMAR_CLI_TABLE_H
#define FULMAR_CLI_TABLE_H

#include <stddef.h>

#include "base/buffer.h"
#include "value/value.h"

struct table {
    size_t n_columns, n_rows, rows_room;
    char **headers;
    size_t *max_widths;
    char **cells; /* row after row */
};

void table_init(struct table *table, size_t n_columns);
void table_release(struct table *table);
void table_column(struct table *table, size_t column, const char *header, size_t max_width);
/* Begins a row; its cells are then set from left to right. Text is copied. */
void table_row(struct table *table);
void table_cell(struct table *table, size_t column, const char *text);
/* Ends without a newline. */
void table_write(const struct table *table, struct buffer *out);
/* A box around one line of text, at least `width` columns wide. Ends without a newline. */
void table_note(struct buffer *out, const char *text, size_t width);

#endif
