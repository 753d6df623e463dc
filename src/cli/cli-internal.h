/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share, and nobody else. */
#ifndef FULMAR_CLI_CLI_INTERNAL_H
#define FULMAR_CLI_CLI_INTERNAL_H

#include "cli/args.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/config.h"

struct cli {
    const char *program;                      /* the name the program was called by */
    const struct cli_group *group, *subgroup; /* where the command stands; NULL at the top */
    const struct cli_command *command;
    struct cli_args root;
    struct cli_config config;
    struct client client;
};

/* Option tables that many commands have. */
extern const struct cli_option options_help[];    /* -h */
extern const struct cli_option options_signin[];  /* -t, --api-key */
extern const struct cli_option options_format[];  /* -j, -y */
extern const struct cli_option options_columns[]; /* -a, -w of lists */
extern const struct cli_option options_fields[];  /* -a of get */
extern const struct cli_option options_last[];    /* -n */
extern const struct cli_option options_pack[];    /* -p */
extern const struct cli_option options_period[];  /* -tg, -tl */

/* -h, -t, --api-key, -j, -y and more tables, as the value of `options`. */
#define COMMON_OPTIONS(...) \
    ((const struct cli_option *const[]){ options_help, options_signin, options_format, ##__VA_ARGS__, NULL })
#define OPERANDS(...) ((const struct cli_operand[]){ __VA_ARGS__, { 0 } })
#define COMMANDS(...) ((const struct cli_command *const[]){ __VA_ARGS__, NULL })
#define OPTIONS_END \
    {               \
        0           \
    }

/* ---- help.c ---- */
/* "st2 action list" */
void help_program(const struct cli *cli, const struct cli_command *command, struct buffer *out);
void help_command_usage(const struct cli *cli, const struct cli_command *command, struct buffer *out);
void help_command(const struct cli *cli, const struct cli_command *command, struct buffer *out);
void help_group_usage(const struct cli *cli, const struct cli_group *path[2], struct buffer *out);
void help_group(const struct cli *cli, const struct cli_group *path[2], struct buffer *out);
void help_root_usage(const struct cli *cli, struct buffer *out);
/* `example` puts the friendlier usage of the bare program on top. */
void help_root(const struct cli *cli, bool example, struct buffer *out);
/* Prints usage and "<program>: error: <message>" on standard error; returns EXIT_USAGE. */
int usage_error(const struct cli *cli, const struct cli_command *command, const char *message);

/* ---- completion.c ---- */
/* The script for a shell; negative for an unknown one. */
int completion_script(const struct cli *cli, const char *shell, struct buffer *out, struct error *err);

/* ---- signin.c ---- */
/* Addresses and credentials from the command line, the config file and the environment, in this order. */
int client_configure(struct cli *cli, const struct cli_args *args, struct error *err);
/* For commands flagged COMMAND_NO_SIGNIN that talk to the server after all: signs in as the config file says. */
int client_signin(struct cli *cli, const struct cli_args *args, struct error *err);
/* A new token for user and password; *ret is the server's answer. */
int token_create(struct client *client, const char *user, const char *password, int64_t ttl, value *ret,
                 struct error *err);
/* Keeps a token in ~/.st2. */
int token_cache_write(const struct cli *cli, value token, struct error *err);

/* ---- terminal.c ---- */
/* One line from standard input, without its end, after a prompt on standard output. Negative at the end of
   input. */
int prompt_line(const char *prompt, char **ret, struct error *err);
/* The same without echo, from the terminal. */
int prompt_secret(const char *prompt, char **ret, struct error *err);
/* The contents of a file the user may edit in $EDITOR. */
int edit_text(const char *text, char **ret, struct error *err);

/* ---- meta.c ---- */
/* A JSON or YAML file by its ending. */
int meta_file_read(const char *path, value *ret, struct error *err);

#endif
