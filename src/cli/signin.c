/* SPDX-License-Identifier: Apache-2.0 */
/* Where the services are and who is calling. Tokens made with the password of the config file are kept in
   ~/.st2/token-<user> and used until shortly before they expire. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/cli-internal.h"
#include "value/datetime.h"
#include "value/json.h"

#define TOKEN_GRACE_SECONDS 15

/* ---- addresses ---- */

static const char *first_set(const char *a, const char *b, const char *c)
{
    return a && *a ? a : b && *b ? b : c;
}

static char *url_trimmed(const char *url)
{
    size_t n = strlen(url);

    while (n > 0 && url[n - 1] == '/')
        n--;
    return xstrndup(url, n);
}

/* One address: option, config file, environment, else "<base>:<port>[/<version>]". */
static char *service_url(const struct cli *cli, const char *option, const char *section, const char *variable,
                         int port, const char *version)
{
    CLEANUP(freep)
    char *initial = version ? xasprintf("%s:%d/%s", cli->client.base_url, port, version)
                            : xasprintf("%s:%d", cli->client.base_url, port);
    const char *url = first_set(args_text(&cli->root, option), cli_config_text(&cli->config, section, "url"),
                                getenv(variable));

    return url_trimmed(url && *url ? url : initial);
}

static bool word_in(const char *word, const char *const *words)
{
    for (; *words; words++) {
        if (strcasecmp(word, *words) == 0)
            return true;
    }
    return false;
}

/* A file, or yes or no. Without a value certificates are not checked. */
static int cacert_configure(struct cli *cli, struct error *err)
{
    static const char *const yes[] = { "true", "1", "t", "y", "yes", NULL };
    static const char *const no[] = { "false", "0", "f", "no", NULL };
    const char *cacert = first_set(args_text(&cli->root, "--cacert"),
                                   cli_config_text(&cli->config, "general", "cacert"), getenv("ST2_CACERT"));
    struct stat st;

    if (!cacert || !*cacert || word_in(cacert, no))
        return 0;
    cli->client.verify = true;
    if (word_in(cacert, yes))
        return 0;
    if (stat(cacert, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(err, -ENOENT, "CA cert file \"%s\" does not exist.", cacert);
    cli->client.cacert = xstrdup(cacert);
    return 0;
}

static int basic_auth_configure(struct cli *cli, struct error *err)
{
    const char *pair = first_set(args_text(&cli->root, "--basic-auth"),
                                 cli_config_text(&cli->config, "credentials", "basic_auth"), NULL);

    if (!pair)
        return 0;
    if (!strchr(pair, ':'))
        return error_set(err, -EINVAL,
                         "basic_auth config options needs to be in the username:password notation");
    cli->client.basic_auth = xstrdup(pair);
    return 0;
}

/* ---- tokens ---- */

static char *token_path(const struct cli *cli, const char *user)
{
    return xasprintf("%s/token-%s", cli->config.directory, user);
}

/* Sets *ret to the cached token, or leaves NULL when there is none that still holds. */
static int token_cache_read(const struct cli *cli, const char *user, char **ret, struct error *err)
{
    CLEANUP(freep)
    char *path = token_path(cli, user);
    CLEANUP(freep)
    char *text = NULL;
    ERROR_AUTO(reason);
    VALUE_AUTO(cached);
    struct stat st;
    size_t len;

    if (strchr(user, '/') || stat(path, &st) < 0 || access(path, R_OK) < 0)
        return 0;
    if (st.st_mode & 02)
        fprintf(
            stderr,
            "Permissions (0o%o) for cached token file \"%s\" are too permissive. Please restrict the permissions and "
            "make sure only your own user can read from or write to the file.\n",
            st.st_mode & 0777u, path);
    if (cli_file_read(path, &text, &len, &reason) < 0 || json_read(text, len, 0, &cached, &reason) < 0 ||
        !value_map_chars(cached, "token") || !value_map_has(cached, "expire_timestamp"))
        return error_set(
            err, -EBADMSG,
            "File \"%s\" with cached token is corrupted or invalid (%s). Please delete  this file", path,
            reason.message ? reason.message : "a member is missing");
    if (value_map_int(cached, "expire_timestamp", 0) - TOKEN_GRACE_SECONDS < clock_now_us() / 1000000)
        return 0;
    *ret = xstrdup(value_map_chars(cached, "token"));
    return 0;
}

int token_cache_write(const struct cli *cli, value token, struct error *err)
{
    const char *user = value_map_chars(token, "user"), *text = value_map_chars(token, "token");
    const char *expiry = value_map_chars(token, "expiry");
    CLEANUP(freep)
    char *path = NULL;
    CLEANUP(freep)
    char *json = NULL;
    CLEANUP(closep)
    int fd = -1;
    VALUE_AUTO(cached);
    VALUE_AUTO(time);

    if (!user || !text || !expiry || strchr(user, '/') ||
        datetime_parse_iso(expiry, strlen(expiry), &time, NULL) < 0)
        return error_set(err, -EPROTO, "The server's answer is no token");
    cli_config_make_directory(&cli->config);
    cached = value_map_new(2);
    value_map_put(&cached, "token", value_text(text));
    value_map_put(&cached, "expire_timestamp", value_int(datetime_utc_us(time) / 1000000));
    json = json_text(cached);
    path = token_path(cli, user);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    if (fd < 0 || write(fd, json, strlen(json)) != (ssize_t)strlen(json)) {
        fprintf(
            stderr,
            "Unable to write token to \"%s\" (%s). Subsequent requests won't use a cached token meaning they may be "
            "slower.\n",
            path, strerror(errno));
        return 0;
    }
    fchmod(fd, 0660);
    return 0;
}

int token_create(struct client *client, const char *user, const char *password, int64_t ttl, value *ret,
                 struct error *err)
{
    CLEANUP(reply_release)
    struct reply reply = { 0 };
    VALUE_AUTO(body);
    struct request request;
    int r;

    body = value_map_new(1);
    if (ttl)
        value_map_put(&body, "ttl", value_int(ttl));
    request = (struct request){ .url = client->auth_url,
                                .path = "/tokens",
                                .body = body,
                                .user = user,
                                .password = password ? password : "" };
    r = client_call(client, &request, &reply, err);
    if (r == 0)
        r = reply_check(&reply, err);
    return r < 0 ? r : reply_json(&reply, ret, err);
}

/* ---- credentials ---- */

static int config_signin(struct cli *cli, struct error *err)
{
    const char *user = cli_config_text(&cli->config, "credentials", "username");
    const char *password = cli_config_text(&cli->config, "credentials", "password");
    VALUE_AUTO(token);
    int r = 0;

    if (cli_config_flag(&cli->config, "cli", "cache_token"))
        r = token_cache_read(cli, user, &cli->client.token, err);
    if (r == 0 && !cli->client.token) {
        r = token_create(&cli->client, user, password, 0, &token, err);
        if (r < 0 && cli->client.status == 0) {
            fprintf(stderr, "Auth API server is not available, skipping authentication.\n");
            error_release(err);
            return 0;
        }
        if (r == 0)
            r = token_cache_write(cli, token, err);
        if (r == 0)
            cli->client.token = xstrdup(value_map_chars(token, "token"));
    }
    if (r < 0)
        puts("Failed to authenticate with credentials provided in the config.");
    return r;
}

int client_signin(struct cli *cli, const struct cli_args *args, struct error *err)
{
    if (cli->client.token || cli->client.api_key || !cli_config_text(&cli->config, "credentials", "username"))
        return 0;
    return config_signin(cli, err);
}

static int credentials_configure(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *token = first_set(args_text(args, "--token"), getenv("ST2_AUTH_TOKEN"), NULL);
    const char *api_key = first_set(args_text(args, "--api-key"), getenv("ST2_API_KEY"), NULL);

    if (token)
        cli->client.token = xstrdup(token);
    if (api_key)
        cli->client.api_key = xstrdup(api_key);
    if (token || api_key)
        return 0;
    if (cli_config_text(&cli->config, "credentials", "username") &&
        !(cli->command->flags & COMMAND_NO_SIGNIN))
        return config_signin(cli, err);
    api_key = cli_config_text(&cli->config, "credentials", "api_key");
    if (api_key)
        cli->client.api_key = xstrdup(api_key);
    return 0;
}

int client_configure(struct cli *cli, const struct cli_args *args, struct error *err)
{
    const char *base =
        first_set(args_text(&cli->root, "--url"), cli_config_text(&cli->config, "general", "base_url"),
                  getenv("ST2_BASE_URL"));
    const char *version =
        first_set(args_text(&cli->root, "--api-version"),
                  cli_config_text(&cli->config, "general", "api_version"), getenv("ST2_API_VERSION"));
    int r;

    version = version && *version ? version : "v1";
    cli->client.base_url = xstrdup(base && *base ? base : "http://127.0.0.1");
    cli->client.api_url = service_url(cli, "--api-url", "api", "ST2_API_URL", 9101, version);
    cli->client.auth_url = service_url(cli, "--auth-url", "auth", "ST2_AUTH_URL", 9100, NULL);
    cli->client.stream_url = service_url(cli, "--stream-url", "stream", "ST2_STREAM_URL", 9102, version);
    cli->client.debug = args_flag(&cli->root, "--debug") || cli_config_flag(&cli->config, "cli", "debug");
    r = cacert_configure(cli, err);
    if (r == 0)
        r = basic_auth_configure(cli, err);
    if (r == 0)
        r = credentials_configure(cli, args, err);
    return r;
}
