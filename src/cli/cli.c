/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/nearest.h"
#include "cli/cli-internal.h"
#include "cli/display.h"

#define GROUP_NAMES_MAX 64

const struct cli_option cli_root_options[] = {
    { .letter = "-h", .name = "--help", .help = "show this help message and exit", .flags = OPTION_HELP },
    { .name = "--version", .help = "show program's version number and exit" },
    { .name = "--url",
      .kind = OPTION_TEXT,
      .metavar = "BASE_URL",
      .help =
          "Base URL for the API servers. Assumes all servers use the same base URL and default ports are used. Get "
          "ST2_BASE_URL from the environment variables by default." },
    { .name = "--auth-url",
      .kind = OPTION_TEXT,
      .help =
          "URL for the authentication service. Get ST2_AUTH_URL from the environment variables by default." },
    { .name = "--api-url",
      .kind = OPTION_TEXT,
      .help = "URL for the API server. Get ST2_API_URL from the environment variables by default." },
    { .name = "--stream-url",
      .kind = OPTION_TEXT,
      .help = "URL for the stream endpoint. Get ST2_STREAM_URL from the environment variables by default." },
    { .name = "--api-version",
      .kind = OPTION_TEXT,
      .help = "API version to use. Get ST2_API_VERSION from the environment variables by default." },
    { .name = "--cacert",
      .kind = OPTION_TEXT,
      .help =
          "Path to the CA cert bundle for the SSL endpoints. Get ST2_CACERT from the environment variables by "
          "default. If this is not provided, then SSL cert will not be verified." },
    { .name = "--basic-auth",
      .kind = OPTION_TEXT,
      .help = "Optional additional basic auth credentials used to authenticate" },
    { .name = "--config-file", .kind = OPTION_TEXT, .help = "Path to the CLI config file" },
    { .name = "--print-config", .help = "Parse the config file and print the values" },
    { .name = "--skip-config", .help = "Don't parse and use the CLI config file" },
    { .name = "--debug", .help = "Enable debug mode" },
    { .name = "--print-completion",
      .kind = OPTION_TEXT,
      .metavar = "SHELL",
      .help = "Print the completion script for bash or zsh" },
    { .name = "--enable-profiler", .flags = OPTION_HIDDEN },
    OPTIONS_END,
};

static const struct cli_command root_command = {
    .name = "",
    .options = (const struct cli_option *const[]){ cli_root_options, NULL },
};

/* ---- finding the command ---- */

static const struct cli_group *group_find(const struct cli_group *groups, const char *name)
{
    for (; groups && groups->name; groups++) {
        if (strcmp(groups->name, name) == 0)
            return groups;
    }
    return NULL;
}

static const struct cli_command *command_find(const struct cli_command *const *commands, const char *name)
{
    for (; commands && *commands; commands++) {
        if (strcmp((*commands)->name, name) == 0)
            return *commands;
    }
    return NULL;
}

static int choice_wrong(const struct cli *cli, const struct cli_group *groups,
                        const struct cli_command *const *commands, const char *typed)
{
    const char *names[GROUP_NAMES_MAX + 1] = { 0 };
    const char *nearest;
    BUFFER_AUTO(message);
    size_t n = 0;

    for (const struct cli_command *const *c = commands; c && *c && n < GROUP_NAMES_MAX; c++)
        names[n++] = (*c)->name;
    for (; groups && groups->name && n < GROUP_NAMES_MAX; groups++)
        names[n++] = groups->name;
    buffer_add_text(&message, "argument ");
    if (cli->group) {
        for (size_t i = 0; i < n; i++)
            buffer_addf(&message, "%c%s", i ? ',' : '{', names[i]);
        buffer_add_char(&message, '}');
    } else {
        buffer_add_text(&message, "parser");
    }
    buffer_addf(&message, ": invalid choice: '%s' (choose from ", typed);
    for (size_t i = 0; i < n; i++)
        buffer_addf(&message, "%s'%s'", i ? ", " : "", names[i]);
    buffer_add_char(&message, ')');
    usage_error(cli, NULL, message.data);
    nearest = nearest_of(typed, names);
    if (nearest)
        fprintf(stderr, "\nDid you mean '%s'?\n", nearest);
    return EXIT_USAGE;
}

/* Steps into groups; EXIT_DONE with cli->command set, or an exit code with everything said. */
static int command_choose(struct cli *cli, char **words, int n_words, int *at)
{
    const struct cli_group *groups = cli_groups;
    const struct cli_command *const *commands = NULL;
    BUFFER_AUTO(help);

    while (*at < n_words) {
        const char *word = words[(*at)++];
        const struct cli_command *command = command_find(commands, word);
        const struct cli_group *group = group_find(groups, word);

        if (cli->group && (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)) {
            const struct cli_group *path[2] = { cli->group, cli->subgroup };

            help_group(cli, path, &help);
            fputs(help.data, stdout);
            cli->command = NULL;
            return EXIT_DONE;
        }
        if (command || (group && group->single)) {
            cli->command = command ? command : group->single;
            return EXIT_DONE;
        }
        if (!group)
            return choice_wrong(cli, groups, commands, word);
        if (cli->group)
            cli->subgroup = group;
        else
            cli->group = group;
        groups = group->groups;
        commands = group->commands;
    }
    if (!cli->group)
        return usage_error(cli, NULL, "the following arguments are required: parser");
    help_root(cli, false, &help);
    fputs(help.data, stdout);
    return EXIT_USAGE;
}

/* ---- running ---- */

static void version_print(const struct cli *cli)
{
    struct utsname system = { 0 };

    uname(&system);
    printf("%s %s, on %s %s\n", cli->program, FULMAR_VERSION, system.sysname, system.release);
}

static void settings_print(const struct cli *cli)
{
    const char *http = getenv("http_proxy"), *https = getenv("https_proxy");

    printf("CLI settings:\n----------------\nConfig file path: %s\nClient settings:\n----------------\n"
           "ST2_BASE_URL: %s\nST2_AUTH_URL: %s\nST2_API_URL: %s\nST2_STREAM_URL: %s\nST2_AUTH_TOKEN: %s\n\n"
           "Proxy settings:\n---------------\nHTTP_PROXY: %s\nHTTPS_PROXY: %s\n\n",
           cli->config.path, cli->client.base_url, cli->client.auth_url, cli->client.api_url,
           cli->client.stream_url, cli->client.token ? "********" : "None", http ? http : "",
           https ? https : "");
}

/* What is said about a locale that cannot show all text; its name tells, as in "de_DE.ISO-8859-1". */
static void locale_check(void)
{
    static const char *const variables[] = { "LC_ALL", "LC_CTYPE", "LANG" };
    const char *name = NULL, *codeset;

    for (size_t i = 0; i < ELEMENTS(variables) && !(name && *name); i++)
        name = getenv(variables[i]);
    codeset = name ? strchr(name, '.') : NULL;
    if (!codeset || strncasecmp(codeset + 1, "utf-8", 5) == 0 || strncasecmp(codeset + 1, "utf8", 4) == 0)
        return;
    fprintf(
        stderr,
        "WARNING - Locale %.*s with encoding %s which is not UTF-8 is used. This means that some functionality which "
        "relies on outputting unicode characters won't work. You are encouraged to use UTF-8 locale by setting LC_ALL "
        "environment variable to en_US.UTF-8 or similar.\n",
        (int)(codeset - name), name, codeset + 1);
}

static int config_load(struct cli *cli, struct error *err)
{
    const char *skip = getenv("ST2_CLI_SKIP_CONFIG");
    int r = cli_config_read(&cli->config, args_text(&cli->root, "--config-file"), err);

    if (r < 0) {
        fprintf(stderr, "%s\n", error_text(err));
        error_release(err);
        return EXIT_ERROR;
    }
    r = display_setup(value_map_chars(value_map_get(cli->config.values, "cli"), "timezone"), err);
    if (r < 0)
        return r;
    if (args_flag(&cli->root, "--skip-config") || (skip && atoi(skip) != 0)) {
        cli_config_release(&cli->config);
        cli_config_defaults(&cli->config);
    }
    return 0;
}

static int command_run(struct cli *cli, const struct cli_args *args)
{
    ERROR_AUTO(err);
    int r = config_load(cli, &err);

    locale_check();
    if (r == 0)
        r = client_configure(cli, args, &err);
    if (r == 0)
        r = cli->command->run(cli, args, &err);
    if (r < 0) {
        printf("ERROR: %s\n\n", error_text(&err));
        if (cli->client.debug)
            settings_print(cli);
        return EXIT_ERROR;
    }
    return r;
}

static int command_start(struct cli *cli, char **words, int n_words)
{
    struct cli_args args;
    ERROR_AUTO(err);
    BUFFER_AUTO(out);
    int exit_code;

    cli_args_init(&args, cli->command);
    if (cli_args_parse(&args, words, n_words, false, NULL, &err) != ARGS_OK) {
        exit_code = usage_error(cli, cli->command, error_text(&err));
    } else if (args.help) {
        help_command(cli, cli->command, &out);
        fputs(out.data, stdout);
        exit_code = EXIT_DONE;
    } else {
        value extras = cli->root.extras;

        value_list_extend(&extras, args.extras);
        cli->root.extras = extras;
        if (value_list_count(extras)) {
            buffer_add_text(&out, "unrecognized arguments:");
            VALUE_LIST_EACH (i, word, extras)
                buffer_addf(&out, " %s", value_chars(word));
            cli->group = cli->subgroup = NULL;
            exit_code = usage_error(cli, NULL, out.data);
        } else {
            exit_code = command_run(cli, &args);
        }
    }
    cli_args_release(&args);
    return exit_code;
}

static int config_show(struct cli *cli)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(out);

    if (cli_config_read(&cli->config, args_text(&cli->root, "--config-file"), &err) < 0) {
        fprintf(stderr, "%s\n", error_text(&err));
        return EXIT_ERROR;
    }
    cli_config_print(&cli->config, &out);
    fputs(out.data, stdout);
    return EXIT_PRINTED_CONFIG;
}

static int completion_show(const struct cli *cli, const char *shell)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(out);

    if (completion_script(cli, shell, &out, &err) < 0)
        return usage_error(cli, NULL, error_text(&err));
    fputs(out.data, stdout);
    return EXIT_DONE;
}

static int program_run(struct cli *cli, char **words, int n_words)
{
    ERROR_AUTO(err);
    BUFFER_AUTO(out);
    int at = 0, exit_code;

    if (n_words == 0) {
        help_root(cli, true, &out);
        fputs(out.data, stderr);
        return EXIT_USAGE;
    }
    if (cli_args_parse(&cli->root, words, n_words, true, &at, &err) != ARGS_OK)
        return usage_error(cli, NULL, error_text(&err));
    if (cli->root.help) {
        help_root(cli, false, &out);
        fputs(out.data, stdout);
        return EXIT_DONE;
    }
    if (args_flag(&cli->root, "--version")) {
        version_print(cli);
        return EXIT_DONE;
    }
    if (args_text(&cli->root, "--print-completion"))
        return completion_show(cli, args_text(&cli->root, "--print-completion"));
    if (args_flag(&cli->root, "--print-config"))
        return config_show(cli);
    exit_code = command_choose(cli, words, n_words, &at);
    if (exit_code != EXIT_DONE || !cli->command)
        return exit_code;
    return command_start(cli, words + at, n_words - at);
}

int cli_main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    struct cli cli = { .program = slash ? slash + 1 : argc > 0 && *argv[0] ? argv[0] : "fulmar" };
    int exit_code;

    signal(SIGPIPE, SIG_IGN);
    /* What a file or another program reads is plain. */
    if (!isatty(STDOUT_FILENO))
        setenv("ST2_COLORIZE", "no", 1);
    cli_args_init(&cli.root, &root_command);
    client_init(&cli.client);
    exit_code = program_run(&cli, argv + 1, argc > 0 ? argc - 1 : 0);
    client_release(&cli.client);
    cli_config_release(&cli.config);
    cli_args_release(&cli.root);
    if (fflush(stdout) != 0 && exit_code == EXIT_DONE)
        exit_code = EXIT_ERROR;
    return exit_code;
}
