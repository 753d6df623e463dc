/* SPDX-License-Identifier: Apache-2.0 */
/* Usage lines and help texts, made from the tables and laid out as argparse does it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli-internal.h"
#include "cli/display.h"
#include "cli/text.h"

#define HELP_COLUMN_MAX 24
#define HELP_COLUMN_MIN 14 /* behind "-h, --help" */

static const char description[] = "Event-driven automation: run actions, write rules, follow workflows.";

static size_t help_width(void)
{
    int columns = display_columns();

    return columns > 22 ? (size_t)columns - 2 : 20;
}

/* ---- usage ---- */

/* The pieces of a usage line, each kept whole. */
struct parts {
    char **items;
    int count, room;
};

static void parts_add(struct parts *parts, char *item)
{
    GROW(parts->items, parts->count, parts->room);
    parts->items[parts->count++] = item;
}

static void parts_release(struct parts *parts)
{
    for (int i = 0; i < parts->count; i++)
        free(parts->items[i]);
    free(parts->items);
}

static void words_add(const struct cli_option *option, const char *name, struct buffer *out)
{
    BUFFER_AUTO(metavar);

    buffer_add_text(out, name);
    if (option->kind == OPTION_FLAG)
        return;
    cli_option_metavar(option, &metavar);
    if (option->kind == OPTION_TEXTS || option->kind == OPTION_INTS)
        buffer_addf(out, " %s [%s ...]", metavar.data, metavar.data);
    else if (option->kind == OPTION_TEXTS_ANY)
        buffer_addf(out, " [%s ...]", metavar.data);
    else
        buffer_addf(out, " %s", metavar.data);
}

static const char *option_short(const struct cli_option *option)
{
    return option->letter ? option->letter : option->name;
}

/* "[-e | --encrypted]" of all options that exclude each other with the first of them. */
static char *exclusive_part(const struct cli_command *command, const struct cli_option *first)
{
    BUFFER_AUTO(out);

    CLI_OPTIONS_EACH(option, command)
    {
        if (option->exclusive == first->exclusive) {
            buffer_add_text(&out, out.len ? " | " : "[");
            words_add(option, option_short(option), &out);
        }
    }
    buffer_add_char(&out, ']');
    return buffer_take(&out);
}

static void option_parts(const struct cli_command *command, struct parts *parts)
{
    int done = 0; /* exclusive sets are numbered upwards within a command */

    CLI_OPTIONS_EACH(option, command)
    {
        BUFFER_AUTO(out);
        bool required = option->flags & OPTION_REQUIRED;

        if (option->flags & OPTION_HIDDEN || (option->exclusive && option->exclusive <= done))
            continue;
        if (option->exclusive) {
            done = option->exclusive;
            parts_add(parts, exclusive_part(command, option));
            continue;
        }
        buffer_add_text(&out, required ? "" : "[");
        words_add(option, option_short(option), &out);
        buffer_add_text(&out, required ? "" : "]");
        parts_add(parts, buffer_take(&out));
    }
}

static void operand_parts(const struct cli_operand *operand, struct parts *parts)
{
    for (; operand && operand->name; operand++) {
        if (operand->count == OPERAND_ONE || operand->count == OPERAND_SOME)
            parts_add(parts, xstrdup(operand->name));
        if (operand->count == OPERAND_OPTIONAL)
            parts_add(parts, xasprintf("[%s]", operand->name));
        else if (operand->count != OPERAND_ONE)
            parts_add(parts, xasprintf("[%s ...]", operand->name));
    }
}

/* Fills lines with parts; *at is the column reached, `indent` where new lines begin. */
static void parts_fill(struct buffer *out, const struct parts *parts, size_t indent, size_t *at)
{
    for (int i = 0; i < parts->count; i++) {
        size_t len = strlen(parts->items[i]);

        if (*at > indent && *at + len + 1 > help_width() + 1) {
            buffer_add_char(out, '\n');
            buffer_add_fill(out, ' ', indent);
            *at = indent;
        } else if (i > 0 || *at > indent) {
            buffer_add_char(out, ' ');
            *at += 1;
        }
        buffer_add_text(out, parts->items[i]);
        *at += len;
    }
}

static size_t parts_len(const struct parts *parts)
{
    size_t len = 0;

    for (int i = 0; i < parts->count; i++)
        len += strlen(parts->items[i]) + 1;
    return len;
}

/* "usage: PROGRAM OPTIONS OPERANDS", the operands on lines of their own when it does not fit on one. */
static void usage_write(struct buffer *out, const char *program, const struct parts *options,
                        const struct parts *operands)
{
    static const char prefix[] = "usage: ";
    size_t head = sizeof(prefix) - 1 + strlen(program);
    size_t indent = head + 1, at = head;

    buffer_addf(out, "%s%s", prefix, program);
    if (head + parts_len(options) + parts_len(operands) > help_width()) {
        if (head * 4 > help_width() * 3)
            indent = sizeof(prefix) - 1;
        if (options->count) {
            buffer_add_char(out, ' ');
            at++;
            parts_fill(out, options, indent, &at);
        }
        if (operands->count) {
            buffer_add_char(out, '\n');
            buffer_add_fill(out, ' ', indent);
            at = indent;
            parts_fill(out, operands, indent, &at);
        }
    } else {
        for (int i = 0; i < options->count; i++)
            buffer_addf(out, " %s", options->items[i]);
        for (int i = 0; i < operands->count; i++)
            buffer_addf(out, " %s", operands->items[i]);
    }
    buffer_add_char(out, '\n');
}

/* ---- sections ---- */

/* One row: the words, then the text from `column` on. */
static void row_write(struct buffer *out, size_t column, size_t indent, const char *words, const char *text)
{
    size_t begin = out->len;

    buffer_add_fill(out, ' ', indent);
    buffer_add_text(out, words);
    if (text && *text) {
        size_t used = out->len - begin;
        size_t width = help_width() > column + 11 ? help_width() : column + 11;
        BUFFER_AUTO(wrapped);

        cli_text_wrap(&wrapped, text, strlen(text), width, column, column);
        if (used + 2 > column)
            buffer_addf(out, "\n%s", buffer_text(&wrapped));
        else
            buffer_addf(out, "%s", buffer_text(&wrapped) + used);
    }
    buffer_add_char(out, '\n');
}

static void option_words(struct buffer *out, const struct cli_option *option)
{
    const char *names[] = { option->letter, option->name, option->alias };

    for (size_t i = 0; i < ELEMENTS(names); i++) {
        if (!names[i])
            continue;
        buffer_add_text(out, out->len ? ", " : "");
        words_add(option, names[i], out);
    }
}

static size_t wider(size_t column, size_t used)
{
    size_t wanted = used + 2 < HELP_COLUMN_MAX ? used + 2 : HELP_COLUMN_MAX;

    return wanted > column ? wanted : column;
}

/* Where the texts begin: behind the longest words, within a limit. */
static size_t options_column(const struct cli_command *command)
{
    size_t column = 0;

    CLI_OPTIONS_EACH(option, command)
    {
        BUFFER_AUTO(words);

        if (option->flags & OPTION_HIDDEN)
            continue;
        option_words(&words, option);
        column = wider(column, words.len + 2);
    }
    for (const struct cli_operand *o = command->operands; o && o->name; o++)
        column = wider(column, strlen(o->name) + 2);
    return column;
}

static void options_write(struct buffer *out, size_t column, const struct cli_command *command,
                          bool own_section)
{
    bool any = false;

    CLI_OPTIONS_EACH(option, command)
    {
        bool own = option->flags & OPTION_OWN_SECTION;
        BUFFER_AUTO(words);

        if (own != own_section || option->flags & OPTION_HIDDEN)
            continue;
        if (!any)
            buffer_add_text(out, own_section ? "\n" : "\noptions:\n");
        any = true;
        option_words(&words, option);
        row_write(out, column, 2, buffer_text(&words), option->help);
    }
}

static void description_write(struct buffer *out, const char *text)
{
    buffer_add_char(out, '\n');
    cli_text_wrap(out, text, strlen(text), help_width(), 0, 0);
    buffer_add_char(out, '\n');
}

/* ---- commands ---- */

void help_program(const struct cli *cli, const struct cli_command *command, struct buffer *out)
{
    buffer_add_text(out, cli->program);
    if (cli->group)
        buffer_addf(out, " %s", cli->group->name);
    if (cli->subgroup)
        buffer_addf(out, " %s", cli->subgroup->name);
    if (command)
        buffer_addf(out, " %s", command->name);
}

void help_command_usage(const struct cli *cli, const struct cli_command *command, struct buffer *out)
{
    CLEANUP(parts_release)
    struct parts options = { 0 };
    CLEANUP(parts_release)
    struct parts operands = { 0 };
    BUFFER_AUTO(program);

    help_program(cli, command, &program);
    option_parts(command, &options);
    operand_parts(command->operands, &operands);
    usage_write(out, buffer_text(&program), &options, &operands);
}

void help_command(const struct cli *cli, const struct cli_command *command, struct buffer *out)
{
    size_t column = options_column(command);

    help_command_usage(cli, command, out);
    description_write(out, command->help);
    if (command->operands && command->operands->name)
        buffer_add_text(out, "\npositional arguments:\n");
    for (const struct cli_operand *o = command->operands; o && o->name; o++)
        row_write(out, column, 2, o->name, o->help);
    options_write(out, column, command, false);
    options_write(out, column, command, true);
}

/* ---- groups ---- */

static char *choices_part(const struct cli_group *groups, const struct cli_command *const *commands)
{
    BUFFER_AUTO(out);

    for (; commands && *commands; commands++)
        buffer_addf(&out, "%c%s", out.len ? ',' : '{', (*commands)->name);
    for (; groups && groups->name; groups++)
        buffer_addf(&out, "%c%s", out.len ? ',' : '{', groups->name);
    buffer_add_char(&out, '}');
    return buffer_take(&out);
}

/* Returns the column that the options below are to use. */
static size_t choices_write(struct buffer *out, const struct cli_group *groups,
                            const struct cli_command *const *commands, const char *help)
{
    CLEANUP(freep)
    char *choices = choices_part(groups, commands);
    size_t column = wider(HELP_COLUMN_MIN, strlen(choices) + 2);

    for (const struct cli_command *const *c = commands; c && *c; c++)
        column = wider(column, strlen((*c)->name) + 4);
    buffer_add_text(out, "\npositional arguments:\n");
    row_write(out, column, 2, choices, help);
    for (; commands && *commands; commands++)
        row_write(out, column, 4, (*commands)->name, (*commands)->help);
    for (; groups && groups->name; groups++)
        row_write(out, column, 4, groups->name, groups->help);
    return column;
}

static void group_program(const struct cli *cli, const struct cli_group *path[2], struct buffer *out)
{
    buffer_addf(out, "%s %s", cli->program, path[0]->name);
    if (path[1])
        buffer_addf(out, " %s", path[1]->name);
}

static const struct cli_command group_options = {
    .options = (const struct cli_option *const[]){ options_help, NULL },
};

void help_group_usage(const struct cli *cli, const struct cli_group *path[2], struct buffer *out)
{
    const struct cli_group *group = path[1] ? path[1] : path[0];
    CLEANUP(parts_release)
    struct parts options = { 0 };
    CLEANUP(parts_release)
    struct parts operands = { 0 };
    BUFFER_AUTO(program);

    group_program(cli, path, &program);
    parts_add(&options, xstrdup("[-h]"));
    parts_add(&operands, choices_part(group->groups, group->commands));
    parts_add(&operands, xstrdup("..."));
    usage_write(out, buffer_text(&program), &options, &operands);
}

void help_group(const struct cli *cli, const struct cli_group *path[2], struct buffer *out)
{
    const struct cli_group *group = path[1] ? path[1] : path[0];
    size_t column;

    help_group_usage(cli, path, out);
    description_write(out, group->help);
    column = choices_write(out, group->groups, group->commands, group->commands_help);
    options_write(out, column, &group_options, false);
}

/* ---- the program ---- */

static const struct cli_command root_command = {
    .options = (const struct cli_option *const[]){ cli_root_options, NULL },
};

void help_root_usage(const struct cli *cli, struct buffer *out)
{
    CLEANUP(parts_release)
    struct parts options = { 0 };
    CLEANUP(parts_release)
    struct parts operands = { 0 };

    option_parts(&root_command, &options);
    parts_add(&operands, choices_part(cli_groups, NULL));
    parts_add(&operands, xstrdup("..."));
    usage_write(out, cli->program, &options, &operands);
}

void help_root(const struct cli *cli, bool example, struct buffer *out)
{
    size_t column;

    if (example)
        buffer_addf(out,
                    "usage: Usage: %s [options] <command> <sub command> [options]\n\nFor example:\n\n"
                    "    %s action list --pack=st2\n    %s run core.local cmd=date\n"
                    "    %s --debug run core.local cmd=date\n",
                    cli->program, cli->program, cli->program, cli->program);
    else
        help_root_usage(cli, out);
    description_write(out, description);
    column = choices_write(out, cli_groups, NULL, NULL);
    options_write(out, column, &root_command, false);
}

int usage_error(const struct cli *cli, const struct cli_command *command, const char *message)
{
    BUFFER_AUTO(out);

    if (command) {
        help_command_usage(cli, command, &out);
        help_program(cli, command, &out);
    } else if (cli->group) {
        const struct cli_group *path[2] = { cli->group, cli->subgroup };

        help_group_usage(cli, path, &out);
        help_program(cli, NULL, &out);
    } else {
        help_root_usage(cli, &out);
        buffer_add_text(&out, cli->program);
    }
    buffer_addf(&out, ": error: %s\n", message);
    fflush(stdout);
    fputs(out.data, stderr);
    return EXIT_USAGE;
}
