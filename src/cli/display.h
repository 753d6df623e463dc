/* SPDX-License-Identifier: Apache-2.0 */
/* How single attributes are shown to people: times in the user's zone, statuses with colour and elapsed
   seconds, parameters without their secrets. */
#ifndef FULMAR_CLI_DISPLAY_H
#define FULMAR_CLI_DISPLAY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "value/value.h"

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW, COLOUR_BLUE, COLOUR_BROWN, COLOUR_BOLD };

enum display_kind { DISPLAY_PLAIN, DISPLAY_TIME, DISPLAY_STATUS, DISPLAY_PARAMETERS };

/* Which attributes of a command are shown in a special way; ended by a row without name. */
struct display {
    const char *attribute;
    enum display_kind kind;
};

/* The rows for executions. */
extern const struct display display_execution[];

/* Whether colours are used (TERM is a known one, ST2_COLORIZE is not set) and the zone of times. Set once at
   the start; negative for an unknown zone. */
int display_setup(const char *zone_name, struct error *err);
bool display_colours(void);
void display_coloured(struct buffer *out, const char *text, enum colour colour);

/* `v` as the rows have it shown; owned. */
value display_apply(const struct display *rows, const char *attribute, value v);
/* An execution whose status says how long it runs or ran: "succeeded (3s elapsed)". Takes and returns. */
value display_elapsed(value execution);
bool display_is_completed(const char *status);

/* The width of the terminal: COLUMNS, else what the terminal says, else 150. */
int display_columns(void);

#endif
