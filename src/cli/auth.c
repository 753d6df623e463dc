/* SPDX-License-Identifier: Apache-2.0 */
/* auth, login, whoami. */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cli/attributes.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "value/python.h"

/* A token for the user of the command line; asks for the password when there is none. *ret_password is owned. */
static int token_ask(struct cli *cli, const struct cli_args *args, char **ret_password, value *ret,
                     struct error *err)
{
    const char *password = args_text(args, "--password");
    int64_t ttl = 0;
    int r;

    if (password && *password) {
        *ret_password = xstrdup(password);
    } else {
        r = prompt_secret("Password: ", ret_password, err);
        if (r < 0)
            return r;
    }
    args_int(args, "--ttl", &ttl);
    return token_create(&cli->client, args_operand(args, "username"), *ret_password, ttl, ret, err);
}

static int auth_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    struct output output = { .form = output_form(args) };
    CLEANUP(freep)
    char *password = NULL;
    VALUE_AUTO(attributes);
    VALUE_AUTO(token);
    int r = token_ask(cli, args, &password, &token, err);

    if (r < 0)
        return r;
    if (args_flag(args, "--only-token")) {
        puts(value_map_chars(token, "token") ? value_map_chars(token, "token") : "");
        return EXIT_DONE;
    }
    output.attributes = attributes = attributes_list("user token expiry");
    return output_properties(&output, token, err);
}

static const struct cli_option password_options[] = {
    { .letter = "-p",
      .name = "--password",
      .kind = OPTION_TEXT,
      .help = "Password for the user. If password is not provided, it will be prompted for." },
    { .letter = "-l",
      .name = "--ttl",
      .kind = OPTION_INT,
      .help = "The life span of the token in seconds. Max TTL configured by the admin supersedes this." },
    OPTIONS_END,
};

static const struct cli_option auth_options[] = {
    { .letter = "-t",
      .name = "--only-token",
      .help = "On successful authentication, print only token to the console." },
    OPTIONS_END,
};

#define PLAIN_OPTIONS(...) \
    ((const struct cli_option *const[]){ options_help, options_format, ##__VA_ARGS__, NULL })

const struct cli_command command_auth = {
    .name = "auth",
    .help = "Authenticate user and acquire access token.",
    .options = PLAIN_OPTIONS(password_options, auth_options),
    .operands = OPERANDS({ "username", .help = "Name of the user to authenticate." }),
    .run = auth_run,
    .flags = COMMAND_NO_SIGNIN,
};

/* ---- login ---- */

static int login_do(struct cli *cli, const struct cli_args *args, struct error *err)
{
    CLEANUP(freep)
    char *password = NULL;
    VALUE_AUTO(token);
    int r = token_ask(cli, args, &password, &token, err);

    if (r == 0)
        r = token_cache_write(cli, token, err);
    if (r < 0)
        return r;
    return cli_config_write_credentials(&cli->config, args_operand(args, "username"),
                                        args_flag(args, "--write-password") ? password : NULL, err);
}

static int login_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *user = args_operand(args, "username");
    int r = login_do(cli, args, err);

    if (r < 0)
        return error_prefix(err, r, "Failed to log in as %s", user);
    printf("Logged in as %s\n", user);
    if (!args_flag(args, "--write-password"))
        printf(
            "\nNote: You didn't use --write-password option so the password hasn't been stored in the client config and "
            "you will need to login again in 24 hours when the auth token expires.\n"
            "As an alternative, you can run %s login command with the \"--write-password\" flag, but keep it mind this "
            "will cause it to store the password in plain-text in the client config file (~/.st2/config).\n",
            cli->program);
    return EXIT_DONE;
}

static const struct cli_option login_options[] = {
    { .letter = "-w",
      .name = "--write-password",
      .help = "Write the password in plain text to the config file (default is to omit it)" },
    OPTIONS_END,
};

const struct cli_command command_login = {
    .name = "login",
    .help = "Authenticate user, acquire access token, and update CLI config directory",
    .options = PLAIN_OPTIONS(password_options, login_options),
    .operands = OPERANDS({ "username", .help = "Name of the user to authenticate." }),
    .run = login_run,
    .flags = COMMAND_NO_SIGNIN,
};

/* ---- whoami ---- */

static void text_print(const char *label, value v)
{
    BUFFER_AUTO(text);

    python_str(&text, value_is_set(v) ? v : value_null());
    printf("%s%s\n", label, buffer_text(&text));
}

static int whoami_run(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *method;
    VALUE_AUTO(user);
    int r = client_get(&cli->client, "/user", &user, err);

    if (r != 0 || !value_map_chars(user, "username")) {
        puts("Unable to retrieve currently logged-in user");
        if (cli->client.debug && r < 0)
            return r;
        error_release(err);
        return EXIT_DONE;
    }
    printf("Currently logged in as \"%s\".\n\n", value_map_chars(user, "username"));
    method = value_chars(value_path(user, "authentication.method"));
    text_print("Authentication method: ", value_path(user, "authentication.method"));
    if (method && strcmp(method, "authentication token") == 0)
        text_print("Authentication token expire time: ", value_path(user, "authentication.token_expire"));
    puts("\nRBAC:");
    text_print(" - Enabled: ", value_path(user, "rbac.enabled"));
    fputs(" - Roles: ", stdout);
    VALUE_LIST_EACH (i, role, value_path(user, "rbac.roles"))
        printf("%s%s", i ? ", " : "", value_chars(role) ? value_chars(role) : "");
    putchar('\n');
    return EXIT_DONE;
}

const struct cli_command command_whoami = {
    .name = "whoami",
    .help = "Display the currently authenticated user",
    .options = PLAIN_OPTIONS(),
    .run = whoami_run,
};
