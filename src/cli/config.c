/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/config.h"

#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "value/python.h"

#define FILE_SIZE_MAX (256u << 20)

enum key_kind { KEY_TEXT, KEY_FLAG };

static const struct {
    const char *section, *key;
    enum key_kind kind;
    const char *initial;
} keys[] = {
    { "general", "base_url", KEY_TEXT, NULL },
    { "general", "api_version", KEY_TEXT, NULL },
    { "general", "cacert", KEY_TEXT, NULL },
    { "general", "silence_ssl_warnings", KEY_FLAG, "false" },
    { "general", "silence_schema_output", KEY_FLAG, "true" },
    { "cli", "debug", KEY_FLAG, "false" },
    { "cli", "cache_token", KEY_FLAG, "true" },
    { "cli", "timezone", KEY_TEXT, "UTC" },
    { "credentials", "username", KEY_TEXT, NULL },
    { "credentials", "password", KEY_TEXT, NULL },
    { "credentials", "api_key", KEY_TEXT, NULL },
    { "credentials", "basic_auth", KEY_TEXT, NULL },
    { "api", "url", KEY_TEXT, NULL },
    { "auth", "url", KEY_TEXT, NULL },
    { "stream", "url", KEY_TEXT, NULL },
};

static const struct {
    const char *text;
    bool flag;
} flag_words[] = {
    { "1", true },  { "yes", true }, { "true", true },   { "on", true },
    { "0", false }, { "no", false }, { "false", false }, { "off", false },
};

/* ---- files ---- */

char *cli_path_absolute(const char *path)
{
    const char *home = getenv("HOME");
    CLEANUP(freep)
    char *joined = NULL;
    CLEANUP(freep)
    char *cwd = NULL;
    BUFFER_AUTO(out);

    if (path[0] == '~' && (path[1] == '/' || !path[1]) && home) {
        joined = xasprintf("%s%s", home, path + 1);
    } else if (path[0] != '/') {
        cwd = getcwd(NULL, 0);
        joined = xasprintf("%s/%s", cwd ? cwd : "", path);
    } else {
        joined = xstrdup(path);
    }
    /* "." and ".." go without looking at the file system, as Python's normpath() does it */
    for (char *at = joined, *part; (part = strsep(&at, "/"));) {
        if (!*part || strcmp(part, ".") == 0)
            continue;
        if (strcmp(part, "..") == 0) {
            while (out.len && out.data[--out.len] != '/')
                ;
            if (out.data)
                out.data[out.len] = '\0';
            continue;
        }
        buffer_addf(&out, "/%s", part);
    }
    if (!out.len)
        buffer_add_char(&out, '/');
    return buffer_take(&out);
}

int cli_file_read(const char *path, char **ret, size_t *ret_len, struct error *err)
{
    CLEANUP(closep)
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    BUFFER_AUTO(out);
    ssize_t n;

    if (fd < 0)
        return error_set(err, -errno, "[Errno %d] %s: '%s'", errno, strerror(errno), path);
    for (;;) {
        buffer_reserve(&out, 65536);
        n = read(fd, out.data + out.len, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, -errno, "[Errno %d] %s: '%s'", errno, strerror(errno), path);
        if (n == 0)
            break;
        out.len += (size_t)n;
        if (out.len > FILE_SIZE_MAX)
            return error_set(err, -EFBIG, "File \"%s\" is too large.", path);
    }
    *ret_len = out.len;
    buffer_add_char(&out, '\0');
    *ret = buffer_take(&out);
    return 0;
}

/* ---- reading ---- */

struct reading {
    struct cli_config *config;
    struct error *err;
    int result;
};

static int flag_read(const char *text, bool *ret)
{
    for (size_t i = 0; i < ELEMENTS(flag_words); i++) {
        if (strcasecmp(text, flag_words[i].text) == 0) {
            *ret = flag_words[i].flag;
            return 0;
        }
    }
    return -EINVAL;
}

/* value.section[key] = item; takes item. */
static void config_set(struct cli_config *config, const char *section, const char *key, value item)
{
    value entries = value_ref(value_map_get(config->values, section));

    if (!value_is_map(entries))
        entries = value_map_new(4);
    value_map_set_text(&entries, key, item);
    value_map_set_text(&config->values, section, entries);
}

/* inih's callback: 1 to go on, 0 to stop. */
static int config_entry(void *data, const char *section, const char *key, const char *text)
{
    struct reading *reading = data;
    bool flag;

    for (size_t i = 0; i < ELEMENTS(keys); i++) {
        if (strcmp(keys[i].section, section) != 0 || strcasecmp(keys[i].key, key) != 0)
            continue;
        if (!utf8_valid(text, strlen(text))) {
            reading->result =
                error_set(reading->err, -EINVAL, "The value of %s.%s is not valid UTF-8", section, key);
            return 0;
        }
        if (keys[i].kind == KEY_TEXT) {
            config_set(reading->config, section, keys[i].key, value_text(text));
        } else if (flag_read(text, &flag) == 0) {
            config_set(reading->config, section, keys[i].key, value_bool(flag));
        } else {
            reading->result = error_set(reading->err, -EINVAL, "Not a boolean: %s", text);
            return 0;
        }
    }
    return 1;
}

static int config_parse(struct cli_config *config, struct error *err)
{
    struct reading reading = { .config = config, .err = err };
    CLEANUP(freep)
    char *text = NULL;
    size_t len;
    int r;

    if (access(config->path, F_OK) < 0)
        return 0;
    r = cli_file_read(config->path, &text, &len, err);
    if (r < 0)
        return r;
    r = ini_parse_string(text, config_entry, &reading);
    if (reading.result < 0)
        return reading.result;
    if (r > 0)
        return error_set(err, -EINVAL, "Source contains parsing errors: '%s' [line %2d]", config->path, r);
    return 0;
}

void cli_config_defaults(struct cli_config *config)
{
    bool flag;

    *config = (struct cli_config){ .values = value_map_new(8) };
    for (size_t i = 0; i < ELEMENTS(keys); i++) {
        value initial = value_null();

        if (keys[i].initial && keys[i].kind == KEY_FLAG && flag_read(keys[i].initial, &flag) == 0)
            initial = value_bool(flag);
        else if (keys[i].initial)
            initial = value_text(keys[i].initial);
        config_set(config, keys[i].section, keys[i].key, initial);
    }
    config->directory = cli_path_absolute("~/.st2");
    config->path = cli_path_absolute("~/.st2/config");
}

int cli_config_read(struct cli_config *config, const char *file, struct error *err)
{
    const char *named = getenv("ST2_CONFIG_FILE");
    CLEANUP(freep)
    char *usual = NULL;
    struct stat st;

    cli_config_defaults(config);
    usual = take_ptr(&config->path);
    if (!file || !*file)
        file = named && *named ? named : usual;
    config->path = cli_path_absolute(file);
    if (strcmp(config->path, usual) != 0 && (stat(config->path, &st) < 0 || !S_ISREG(st.st_mode)))
        return error_set(err, -ENOENT, "Config \"%s\" not found", config->path);
    return config_parse(config, err);
}

void cli_config_release(struct cli_config *config)
{
    free(config->path);
    free(config->directory);
    value_unref(config->values);
}

static value config_value(const struct cli_config *config, const char *section, const char *key)
{
    return value_map_get(value_map_get(config->values, section), key);
}

const char *cli_config_text(const struct cli_config *config, const char *section, const char *key)
{
    const char *text = value_chars(config_value(config, section, key));

    return text && *text ? text : NULL;
}

bool cli_config_flag(const struct cli_config *config, const char *section, const char *key)
{
    return value_truth(config_value(config, section, key));
}

void cli_config_print(const struct cli_config *config, struct buffer *out)
{
    const char *section = "";

    for (size_t i = 0; i < ELEMENTS(keys); i++) {
        if (strcmp(section, keys[i].section) != 0)
            buffer_addf(out, "[%s]\n", section = keys[i].section);
        buffer_addf(out, "%s = ", keys[i].key);
        python_str(out, config_value(config, keys[i].section, keys[i].key));
        buffer_add_char(out, '\n');
    }
}

/* ---- writing ---- */

void cli_config_make_directory(const struct cli_config *config)
{
    if (mkdir(config->directory, 02770) == 0 && chmod(config->directory, 02770) < 0)
        return; /* the bit is a convenience */
}

static bool line_sets(const char *line, const char *key)
{
    size_t len = strlen(key);

    line += strspn(line, " \t");
    if (strncasecmp(line, key, len) != 0)
        return false;
    line += len + strspn(line + len, " \t");
    return *line == '=' || *line == ':';
}

static void credentials_add(struct buffer *out, const char *user, const char *password)
{
    buffer_addf(out, "username = %s\n", user);
    if (password)
        buffer_addf(out, "password = %s\n", password);
}

/* The text of the file with its credentials replaced; `text` is cut into lines. */
static void credentials_replace(struct buffer *out, char *text, const char *user, const char *password)
{
    bool inside = false, done = false;

    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        if (!rest && !*line)
            break;
        if (*line == '[')
            inside = strncmp(line, "[credentials]", 13) == 0;
        if (inside && (line_sets(line, "username") || line_sets(line, "password")))
            continue;
        buffer_addf(out, "%s\n", line);
        if (inside && *line == '[' && !done) {
            credentials_add(out, user, password);
            done = true;
        }
    }
    if (!done) {
        buffer_addf(out, "%s[credentials]\n", out->len ? "\n" : "");
        credentials_add(out, user, password);
    }
}

int cli_config_write_credentials(const struct cli_config *config, const char *user, const char *password,
                                 struct error *err)
{
    bool existed = access(config->path, F_OK) == 0;
    CLEANUP(freep)
    char *text = NULL;
    CLEANUP(closep)
    int fd = -1;
    BUFFER_AUTO(out);
    size_t len;
    int r;

    if (existed && (r = cli_file_read(config->path, &text, &len, err)) < 0)
        return r;
    if (strpbrk(user, "\r\n") || (password && strpbrk(password, "\r\n")))
        return error_set(err, -EINVAL, "A line break cannot be written to \"%s\"", config->path);
    credentials_replace(&out, text ? text : (text = xstrdup("")), user, password);
    cli_config_make_directory(config);
    fd = open(config->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0660);
    if (fd < 0 || write(fd, out.data, out.len) != (ssize_t)out.len)
        return error_set(err, -errno, "[Errno %d] %s: '%s'", errno, strerror(errno), config->path);
    if (!existed)
        fchmod(fd, 0660);
    return 0;
}
