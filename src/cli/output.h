/* SPDX-License-Identifier: Apache-2.0 */
/* Printing what the server answered: tables, property tables, blocks, JSON, YAML. */
#ifndef FULMAR_CLI_OUTPUT_H
#define FULMAR_CLI_OUTPUT_H

#include "base/error.h"
#include "cli/args.h"
#include "cli/display.h"
#include "value/value.h"

enum output_form { OUTPUT_TEXT, OUTPUT_JSON, OUTPUT_YAML };

/* By -j and -y. */
enum output_form output_form(const struct cli_args *args);

struct output {
    enum output_form form;
    value attributes; /* list of names, borrowed; empty or with "all": every member */
    value widths;     /* lists: of columns, borrowed; VALUE_NOTHING for the terminal's */
    const struct display *display;
    const char
        *order;      /* property tables: names that stand first, separated by blanks; NULL: the usual ones */
    const char *key; /* blocks: print only this part of the result */
    bool with_schema, hint_schema; /* blocks: print or mention a schema made from the result */
    bool always;                   /* lists: print an empty one as such */
    size_t table_width;            /* filled by output_list */
};

/* Any value as JSON or YAML. */
int output_document(enum output_form form, value document);
/* Objects below each other, one row each. */
int output_list(struct output *output, value entries, struct error *err);
/* One object as a table of its members. */
int output_properties(const struct output *output, value entry, struct error *err);
/* One object as "name: value" blocks. */
int output_blocks(const struct output *output, value entry, struct error *err);
/* "Note: Only first N things are displayed", on standard error. */
void output_note(const struct output *output, const char *things, int64_t limit);

/* Text with the escapes of stored results undone, and without carriage returns. Owned. */
char *output_unescaped(const char *text);

#endif
