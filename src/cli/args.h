/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the words of a command line against a command's tables, with the rules of Python's argparse, since
   scripts rely on them: long options may be shortened, options and operands mix, an operand list that may be
   empty is settled at the first operand, "--" ends the options, words left over are the program's to refuse. */
#ifndef FULMAR_CLI_ARGS_H
#define FULMAR_CLI_ARGS_H

#include "base/buffer.h"
#include "base/error.h"
#include "cli/cli.h"

struct cli_args {
    const struct cli_command *command;
    value options;  /* map: option name -> true, text, integer or list */
    value operands; /* map: operand name -> text or list */
    value extras;   /* list: words nobody wanted */
    bool help;      /* -h was given and has the meaning of "print the help" */
};

enum args_outcome {
    ARGS_OK = 0,
    ARGS_WRONG = 1, /* `err` says what, without the name of the program */
};

void cli_args_init(struct cli_args *args, const struct cli_command *command);
void cli_args_release(struct cli_args *args);
/* With `stop_at_operand` the words from the first operand on are not looked at; *ret_used counts those that
   were. */
enum args_outcome cli_args_parse(struct cli_args *args, char *const *words, int n_words, bool stop_at_operand,
                                 int *ret_used, struct error *err);

bool args_flag(const struct cli_args *args, const char *name);
/* NULL when absent. */
const char *args_text(const struct cli_args *args, const char *name);
bool args_int(const struct cli_args *args, const char *name, int64_t *ret);
/* VALUE_UNSET when absent; borrowed. */
value args_value(const struct cli_args *args, const char *name);
const char *args_operand(const struct cli_args *args, const char *name);
/* A list, perhaps empty; borrowed. */
value args_operands(const struct cli_args *args, const char *name);

/* "-n/--last" as messages name it. */
void cli_option_label(const struct cli_option *option, struct buffer *out);
/* LAST: the metavar, or the name in upper case. */
void cli_option_metavar(const struct cli_option *option, struct buffer *out);

/* Walk the options of a command: CLI_OPTIONS_EACH(option, command). */
#define CLI_OPTIONS_EACH(option, command)                                                          \
    for (const struct cli_option *const *_table = (command)->options; _table && *_table; _table++) \
        for (const struct cli_option *option = *_table; option->name; option++)

#endif
