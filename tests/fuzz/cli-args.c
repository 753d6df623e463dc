/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, one word a line, against the tables of real commands; and the same bytes as text in a table. */
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/args.h"
#include "cli/commands.h"
#include "cli/grid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct cli_command *const commands[] = { &command_run, &command_execution_list,
                                                      &command_trace_get, &command_key_set };

static void parse(const char *text)
{
    CLEANUP(freep)
    char *copy = xstrdup(text);
    char *words[64];
    int n = 0;

    for (char *rest = copy, *word; n < 64 && (word = strsep(&rest, "\n"));)
        words[n++] = word;
    for (size_t i = 0; i < ELEMENTS(commands); i++) {
        struct cli_args args;
        ERROR_AUTO(err);

        cli_args_init(&args, commands[i]);
        cli_args_parse(&args, words, n, false, NULL, &err);
        cli_args_release(&args);
    }
}

static void draw(const char *text, size_t width)
{
    struct grid grid;
    BUFFER_AUTO(out);

    grid_init(&grid, 1);
    grid_column(&grid, 0, "text", width);
    grid_row(&grid);
    grid_cell(&grid, 0, text);
    grid_write(&grid, &out);
    grid_release(&grid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(freep)
    char *text = NULL;

    if (size < 1 || size > 4096)
        return 0;
    text = xstrndup((const char *)data + 1, size - 1);
    parse(text);
    if (utf8_valid(text, strlen(text)))
        draw(text, 1 + data[0] % 40);
    return 0;
}
