/* SPDX-License-Identifier: Apache-2.0 */
/* The command line client: groups of commands, each command a row with its options, operands and the function
   that runs it. Parsing, usage, help and completion are made from these tables.

   To add a command: write its file with a `const struct cli_command`, name it in commands.h and put it into a
   group (or at the top) in commands.c. */
#ifndef FULMAR_CLI_CLI_H
#define FULMAR_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "value/value.h"

struct cli;
struct cli_args;

enum cli_option_kind {
    OPTION_FLAG = 0,
    OPTION_TEXT,
    OPTION_INT,
    OPTION_TEXTS,     /* one or more words */
    OPTION_TEXTS_ANY, /* none or more words */
    OPTION_INTS,      /* one or more integers */
};

enum cli_option_flags {
    OPTION_REQUIRED = 1 << 0,
    OPTION_OWN_SECTION = 1 << 1, /* listed after the others in the help */
    OPTION_HELP =
        1 << 2, /* prints the help and ends; commands that explain something else have a plain flag */
    OPTION_HIDDEN = 1 << 3,
};

struct cli_option {
    const char *letter; /* "-n", also "-tg"; may be NULL */
    const char *name;   /* "--last": the option is asked for by this name */
    const char *alias;  /* a second spelling, or NULL */
    enum cli_option_kind kind;
    const char *metavar; /* NULL: from the name */
    const char *help;
    int exclusive;  /* options of one command with the same number exclude each other; 0: none */
    unsigned flags; /* enum cli_option_flags */
};

enum cli_operand_count {
    OPERAND_ONE = 0,
    OPERAND_OPTIONAL,
    OPERAND_ANY,
    OPERAND_SOME, /* at least one */
};

struct cli_operand {
    const char *name; /* as shown, and asked for */
    enum cli_operand_count count;
    const char *help;
};

enum cli_command_flags {
    COMMAND_NO_SIGNIN = 1 << 0, /* needs no token: auth, login, commands that work without a server */
};

/* Exit codes. A negative errno-like result with `err` filled prints "ERROR: ..." and becomes 1. */
enum cli_exit {
    EXIT_DONE = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2, /* usage errors, and operations that failed with their reason already printed */
    EXIT_PRINTED_CONFIG = 3,
};

struct cli_command {
    const char *name;
    const char *help;
    const struct cli_option *const
        *options; /* tables, each ended by a row without names; the list ended by NULL */
    const struct cli_operand *operands; /* ended by a row without name; may be NULL */
    /* Returns an exit code, or negative with `err` filled. */
    int (*run)(struct cli *cli, const struct cli_args *args, struct error *err);
    const void *data; /* what run() shared by several commands works on */
    unsigned flags;   /* enum cli_command_flags */
};

/* A group holds commands or further groups; at the top a group without `commands` is the command `single`. */
struct cli_group {
    const char *name;
    const char *help;
    const char *commands_help;
    const struct cli_command *const *commands; /* ended by NULL */
    const struct cli_group *groups;            /* ended by a row without name, or NULL */
    const struct cli_command *single;
};

/* Every top level entry, ended by a row without name. */
extern const struct cli_group cli_groups[];
/* The options of the program itself. */
extern const struct cli_option cli_root_options[];

/* The whole program; returns the exit code. */
int cli_main(int argc, char **argv);

#endif
