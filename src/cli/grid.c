/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/text.h"

void grid_init(struct grid *table, size_t n_columns)
{
    *table = (struct grid){ .n_columns = n_columns };
    table->headers = xcalloc(n_columns + 1, sizeof(char *));
    table->max_widths = xcalloc(n_columns + 1, sizeof(size_t));
}

void grid_release(struct grid *table)
{
    for (size_t i = 0; i < table->n_columns; i++)
        free(table->headers[i]);
    for (size_t i = 0; i < table->n_columns * table->n_rows; i++)
        free(table->cells[i]);
    free(table->headers);
    free(table->max_widths);
    free(table->cells);
}

void grid_column(struct grid *table, size_t column, const char *header, size_t max_width)
{
    free(table->headers[column]);
    table->headers[column] = xstrdup(header);
    table->max_widths[column] = max_width;
}

void grid_row(struct grid *table)
{
    if (table->n_rows == table->rows_room) {
        table->rows_room = table->rows_room ? table->rows_room * 2 : 16;
        table->cells = xreallocarray(table->cells, table->rows_room, (table->n_columns + 1) * sizeof(char *));
    }
    for (size_t i = 0; i < table->n_columns; i++)
        table->cells[table->n_rows * table->n_columns + i] = NULL;
    table->n_rows++;
}

void grid_cell(struct grid *table, size_t column, const char *text)
{
    char **cell = &table->cells[(table->n_rows - 1) * table->n_columns + column];

    free(*cell);
    *cell = xstrdup(text);
}

/* ---- layout ---- */

static const char *line_end(const char *line)
{
    const char *end = strchr(line, '\n');

    return end ? end : line + strlen(line);
}

/* Columns of the widest line. */
static size_t text_width(const char *text)
{
    size_t widest = 0;

    for (;;) {
        const char *end = line_end(text);
        size_t width = cli_text_columns(text, (size_t)(end - text));

        widest = width > widest ? width : widest;
        if (!*end)
            return widest;
        text = end + 1;
    }
}

static size_t column_width(const struct grid *table, size_t column)
{
    size_t width = text_width(table->headers[column]);

    for (size_t row = 0; row < table->n_rows; row++) {
        const char *cell = table->cells[row * table->n_columns + column];
        size_t wanted = cell ? text_width(cell) : 0;

        if (wanted > table->max_widths[column])
            wanted = table->max_widths[column];
        width = wanted > width ? wanted : width;
    }
    return width;
}

static void border_write(struct buffer *out, const size_t *widths, size_t n)
{
    buffer_add_char(out, '+');
    for (size_t i = 0; i < n; i++) {
        buffer_add_fill(out, '-', widths[i] + 2);
        buffer_add_char(out, '+');
    }
    if (n == 0)
        buffer_add_char(out, '+');
}

/* The cell with its long lines wrapped. Owned. */
static char *cell_wrapped(const char *cell, size_t width)
{
    BUFFER_AUTO(out);

    for (;;) {
        const char *end = line_end(cell);
        size_t len = (size_t)(end - cell);

        if (cli_text_columns(cell, len) > width)
            cli_text_wrap(&out, cell, len, width, 0, 0);
        else
            buffer_add(&out, cell, len);
        if (!*end)
            return buffer_take(&out);
        buffer_add_char(&out, '\n');
        cell = end + 1;
    }
}

/* One row of cells, each moved on by one line at a time until all are used up. */
static void row_write(struct buffer *out, char *const *cells, const size_t *widths, size_t n)
{
    char **wrapped = xcalloc(n + 1, sizeof(char *));
    const char **rest = xcalloc(n + 1, sizeof(char *));
    bool more = true;

    for (size_t i = 0; i < n; i++)
        rest[i] = wrapped[i] = cell_wrapped(cells[i] ? cells[i] : "", widths[i]);
    while (more) {
        more = false;
        buffer_add_char(out, '|');
        for (size_t i = 0; i < n; i++) {
            const char *end = rest[i] ? line_end(rest[i]) : NULL;
            size_t len = rest[i] ? (size_t)(end - rest[i]) : 0;
            size_t columns = rest[i] ? cli_text_columns(rest[i], len) : 0;

            buffer_add_char(out, ' ');
            buffer_add(out, rest[i] ? rest[i] : "", len);
            buffer_add_fill(out, ' ', widths[i] > columns ? widths[i] - columns + 1 : 1);
            buffer_add_char(out, '|');
            rest[i] = end && *end ? end + 1 : NULL;
            more |= rest[i] != NULL;
        }
        if (n == 0)
            buffer_add_char(out, '|');
        buffer_add_char(out, '\n');
    }
    for (size_t i = 0; i < n; i++)
        free(wrapped[i]);
    free(wrapped);
    free(rest);
}

void grid_write(const struct grid *table, struct buffer *out)
{
    size_t n = table->n_columns;
    size_t *widths = xcalloc(n + 1, sizeof(size_t));

    for (size_t i = 0; i < n; i++)
        widths[i] = column_width(table, i);
    border_write(out, widths, n);
    buffer_add_char(out, '\n');
    row_write(out, table->headers, widths, n);
    border_write(out, widths, n);
    buffer_add_char(out, '\n');
    for (size_t row = 0; row < table->n_rows; row++)
        row_write(out, table->cells + row * n, widths, n);
    border_write(out, widths, n);
    free(widths);
}

void grid_note(struct buffer *out, const char *text, size_t width)
{
    size_t columns = cli_text_columns(text, strlen(text)) + 4;
    size_t inner = (width > columns ? width : columns) - 2;

    for (int line = 0; line < 3; line++) {
        if (line == 1) {
            buffer_addf(out, "| %s", text);
            buffer_add_fill(out, ' ', inner + 3 - columns);
            buffer_add_text(out, "|\n");
            continue;
        }
        buffer_add_char(out, '+');
        buffer_add_fill(out, '-', inner);
        buffer_add_text(out, line ? "+" : "+\n");
    }
}
