/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <ini.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum option_type { OPTION_TEXT, OPTION_BOOLEAN, OPTION_INTEGER };

struct option {
    const char *section, *name;
    enum option_type type;
    size_t place;
    const char *initial;
    int64_t low, high; /* of integers */
    const char *help;
};

#define TEXT(field)    OPTION_TEXT, offsetof(struct config, field)
#define BOOLEAN(field) OPTION_BOOLEAN, offsetof(struct config, field)
#define INTEGER(field) OPTION_INTEGER, offsetof(struct config, field)

/* To add a setting: a member of struct config, a row here, and `./dev docs` for the reference. */
static const struct option options[] = {
    { "actionrunner", "actions_pool_size", INTEGER(actions_pool_size), "60", 1, 10000,
      "Child processes at a time; further executions wait in order." },
    { "actionrunner", "output_limit", INTEGER(output_limit), "10485760", 1024, 1073741824,
      "Bytes kept of each output stream of an action; what is beyond is counted and told in the result." },
    { "actionrunner", "shutdown_wait", INTEGER(shutdown_wait_s), "30", 0, 86400,
      "Seconds a stopping server waits for running actions before it ends them." },
    { "actionrunner", "stream_output", BOOLEAN(stream_output), "true", 0, 0,
      "Record output while an action runs, not only when it has ended." },
    { "api", "allow_origin", TEXT(allow_origin), "http://127.0.0.1:3000", 0, 0,
      "Origins browsers may call from, comma separated; * allows all." },
    { "api", "auth_cookie_same_site", TEXT(cookie_same_site), "lax", 0, 0,
      "SameSite of the sign-in cookie: lax, strict, none or unset." },
    { "api", "auth_cookie_secure", BOOLEAN(cookie_secure), "true", 0, 0,
      "Mark the sign-in cookie as secure." },
    { "api", "body_limit", INTEGER(body_limit), "20971520", 1024, 1073741824,
      "Bytes of a request's body at most." },
    { "api", "mask_secrets", BOOLEAN(mask_secrets), "true", 0, 0, "Show secret parameters as ********." },
    { "api", "max_page_size", INTEGER(max_page_size), "100", 1, 100000,
      "Largest page of a list for callers who are not administrators." },
    { "api", "threads", INTEGER(http_threads), "2", 1, 64, "Threads that serve requests." },
    { "auth", "api_url", TEXT(auth_api_url), "", 0, 0,
      "Public base URL of the API; told to clients in X-API-URL and to actions. Empty: the address listened on." },
    { "auth", "backend_file", TEXT(auth_backend_file), "", 0, 0,
      "htpasswd file of the users who may sign in. Empty: htpasswd in the data directory." },
    { "auth", "enable", BOOLEAN(auth_enable), "true", 0, 0,
      "Ask for a token or an API key. Without, every caller is the system user." },
    { "auth", "token_ttl", INTEGER(token_ttl), "86400", 1, 315360000, "Seconds a token lives at most." },
    { "content", "packs_base_paths", TEXT(packs_base_paths), "", 0, 0,
      "Directories of packs, separated by colons, besides packs in the data directory." },
    { "content", "system_packs_base_path", TEXT(system_packs_dir), "", 0, 0,
      "Directory of the packs that come with the server. Empty: found beside the program." },
    { "keyvalue", "encryption_key_path", TEXT(encryption_key_path), "", 0, 0,
      "Key file for secret datastore values. Empty: datastore_key.json in the data directory, made at the first start." },
    { "log", "access", BOOLEAN(access_log), "false", 0, 0, "A line for each request." },
    { "log", "level", TEXT(log_level), "info", 0, 0, "debug, info, warning, error or audit." },
    { "ssl", "cert", TEXT(tls_cert), "", 0, 0, "Certificate chain (PEM); with it the listeners speak TLS." },
    { "ssl", "key", TEXT(tls_key), "", 0, 0, "Private key of the certificate (PEM)." },
    { "system", "validate_output_schema", BOOLEAN(validate_output), "false", 0, 0,
      "What succeeds but does not follow the output schema of its action fails." },
    { "system", "validate_trigger_parameters", BOOLEAN(validate_trigger_parameters), "true", 0, 0,
      "Check a rule's trigger parameters against the trigger type's schema." },
    { "system", "validate_trigger_payload", BOOLEAN(validate_trigger_payload), "true", 0, 0,
      "Check payloads against the trigger type's schema; what does not fit is not dispatched." },
    { "system_user", "user", TEXT(system_user), "", 0, 0,
      "User that local commands run as and that rules act for. Empty: the server's own user." },
    { "webui", "webui_base_url", TEXT(webui_base_url), "http://127.0.0.1:9101", 0, 0,
      "Base of links to the web UI." },
};

static const char *const true_words[] = { "true", "1", "yes", "on" };
static const char *const false_words[] = { "false", "0", "no", "off" };

static bool one_of(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static int set(struct config *config, const struct option *option, const char *text, const char *where,
               struct error *err)
{
    void *place = (char *)config + option->place;
    char *end;
    long long number;

    switch (option->type) {
    case OPTION_TEXT:
        free(*(char **)place);
        *(char **)place = xstrdup(text);
        return 0;
    case OPTION_BOOLEAN:
        if (!one_of(text, true_words, ELEMENTS(true_words)) &&
            !one_of(text, false_words, ELEMENTS(false_words)))
            return error_set(err, -EINVAL, "%s: [%s] %s: \"%s\" is neither true nor false", where,
                             option->section, option->name, text);
        *(bool *)place = one_of(text, true_words, ELEMENTS(true_words));
        return 0;
    case OPTION_INTEGER:
        errno = 0;
        number = strtoll(text, &end, 10);
        if (errno || end == text || *end || number < option->low || number > option->high)
            return error_set(err, -EINVAL, "%s: [%s] %s: \"%s\" is no number from %lld to %lld", where,
                             option->section, option->name, text, (long long)option->low,
                             (long long)option->high);
        *(int64_t *)place = number;
        return 0;
    }
    return 0;
}

struct reading {
    struct config *config;
    const char *file;
    struct error *err;
    int r;
};

static int on_option(void *user, const char *section, const char *name, const char *text)
{
    struct reading *reading = user;

    for (size_t i = 0; i < ELEMENTS(options); i++)
        if (strcmp(section, options[i].section) == 0 && strcmp(name, options[i].name) == 0) {
            reading->r = set(reading->config, &options[i], text, reading->file, reading->err);
            return reading->r == 0;
        }
    return 1; /* a StackStorm file has many that mean nothing here */
}

static int read_environment(struct config *config, struct error *err)
{
    static const char *const prefixes[] = { "ST2", "FULMAR" };
    int r;

    for (size_t i = 0; i < ELEMENTS(options); i++)
        for (size_t j = 0; j < ELEMENTS(prefixes); j++) {
            char name[128];
            const char *text;

            snprintf(name, sizeof(name), "%s_%s__%s", prefixes[j], options[i].section, options[i].name);
            for (char *p = name; *p; p++)
                if (*p >= 'a' && *p <= 'z')
                    *p = (char)(*p - 'a' + 'A');
            text = getenv(name);
            if (!text)
                continue;
            r = set(config, &options[i], text, name, err);
            if (r < 0)
                return r;
        }
    return 0;
}

int config_load(const char *file, struct config *ret, struct error *err)
{
    struct config config = { 0 };
    struct reading reading = { .config = &config, .file = file, .err = err };
    int r = 0, line;

    for (size_t i = 0; i < ELEMENTS(options); i++)
        set(&config, &options[i], options[i].initial, "default", NULL);
    if (file) {
        line = ini_parse(file, on_option, &reading);
        r = reading.r;
        if (r == 0 && line < 0)
            r = error_set(err, -ENOENT, "%s: the configuration file cannot be read", file);
        else if (r == 0 && line > 0)
            r = error_set_at(err, -EINVAL, line, 1, "%s: line %d is neither a [section] nor name = value",
                             file, line);
    }
    if (r == 0)
        r = read_environment(&config, err);
    if (r < 0) {
        config_release(&config);
        return r;
    }
    *ret = config;
    return 0;
}

void config_release(struct config *config)
{
    for (size_t i = 0; i < ELEMENTS(options); i++)
        if (options[i].type == OPTION_TEXT)
            free(*(char **)((char *)config + options[i].place));
    for (int i = 0; i < config->n_listen; i++)
        free(config->listen[i]);
    for (int i = 0; i < config->n_packs_dirs; i++)
        free(config->packs_dirs[i]);
    free(config->data_dir);
    *config = (struct config){ 0 };
}

void config_print_reference(void)
{
    const char *section = "";

    puts("# Configuration\n");
    puts(
        "Settings come from `--config-file FILE` (INI), and from the environment as `FULMAR_SECTION__OPTION` (or\n"
        "`ST2_SECTION__OPTION`), which wins. Options a file has beyond these are left alone, so a `st2.conf` can be given as it is.\n"
        "This page is made by `fulmard --print-config-reference`.");
    for (size_t i = 0; i < ELEMENTS(options); i++) {
        const struct option *o = &options[i];

        if (strcmp(section, o->section) != 0) {
            section = o->section;
            printf("\n## [%s]\n\n| Option | Default | Meaning |\n|---|---|---|\n", section);
        }
        printf("| `%s` | %s%s%s | %s |\n", o->name, *o->initial ? "`" : "",
               *o->initial ? o->initial : "(empty)", *o->initial ? "`" : "", o->help);
    }
}
