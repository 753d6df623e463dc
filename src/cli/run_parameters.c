/* SPDX-License-Identifier: Apache-2.0 */
/* From words of the command line to the parameters of an action. The type of a parameter's definition, the
   runner's before the action's, decides how its text is read. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/execution.h"
#include "value/json.h"
#include "value/number.h"
#include "value/python.h"

/* Variables of the caller that --inherit-env leaves out, in small or in capital letters. */
static const char *const own_variables[] = {
    "pwd",       "mail",    "username",   "user",    "path",           "home",
    "ps1",       "shell",   "pythonpath", "ssh_tty", "ssh_connection", "lang",
    "ls_colors", "logname", "oldpwd",     "term",    "xdg_session_id",
};

struct reading {
    const struct cli_args *args;
    value action, runner; /* the definitions of parameters */
    struct error *err;
};

static int text_convert(const struct reading *reading, value definition, const char *text, value *ret);

/* ---- one type each ---- */

static int read_string(const struct reading *reading, value definition, const char *text, value *ret)
{
    *ret = value_text(text);
    return 0;
}

static int read_integer(const struct reading *reading, value definition, const char *text, value *ret)
{
    return number_parse_int(text, strlen(text), 10, ret, reading->err);
}

static int read_number(const struct reading *reading, value definition, const char *text, value *ret)
{
    return number_parse_float(text, strlen(text), ret, reading->err);
}

/* "true", "FALSE": capitalized and read as Python would. */
static int read_boolean(const struct reading *reading, value definition, const char *text, value *ret)
{
    CLEANUP(freep)
    char *word = xstrdup(text);

    for (char *c = word; *c; c++)
        *c = (char)(c == word ? toupper((unsigned char)*c) : tolower((unsigned char)*c));
    return python_literal(word, strlen(word), ret, reading->err);
}

/* JSON, or "k=v,k=v". */
static int read_object(const struct reading *reading, value definition, const char *text, value *ret)
{
    value map;

    if (*text == '{')
        return json_read(text, strlen(text), JSON_PYTHON, ret, reading->err);
    map = value_map_new(4);
    while (*text) {
        size_t len = strcspn(text, ",");
        const char *equals = memchr(text, '=', len);

        if (equals) {
            VALUE_AUTO(key);

            key = value_text_n(text, (size_t)(equals - text));
            value_map_set(&map, value_ref(key), value_text_n(equals + 1, len - (size_t)(equals + 1 - text)));
        }
        text += len + (text[len] == ',');
    }
    *ret = map;
    return 0;
}

static value words_split(const char *text)
{
    value list = value_list_new(4);

    for (;;) {
        size_t len = strcspn(text, ","), begin = 0, end = len;

        while (begin < end && isspace((unsigned char)text[begin]))
            begin++;
        while (end > begin && isspace((unsigned char)text[end - 1]))
            end--;
        value_list_append(&list, value_text_n(text + begin, end - begin));
        if (!text[len])
            return list;
        text += len + 1;
    }
}

/* [{k: v, ...}] from "k:v" elements, when all of them are. *ret stays when they are not. */
static int elements_to_object(const struct reading *reading, value definition, value elements, value *ret)
{
    value properties = value_map_get(definition, "properties"), list;
    VALUE_AUTO(object);

    object = value_map_new(4);
    VALUE_LIST_EACH (i, element, elements) {
        const char *text = value_chars(element), *colon = text ? strchr(text, ':') : NULL;
        CLEANUP(freep)
        char *key = NULL;
        value item = VALUE_NOTHING;
        int r;

        if (!colon)
            return 0;
        if (strchr(colon + 1, ':'))
            return error_set(reading->err, -EINVAL, "too many values to unpack (expected 2)");
        key = xstrndup(text, (size_t)(colon - text));
        r = text_convert(reading, value_map_get(properties, key), colon + 1, &item);
        if (r < 0)
            return r;
        value_map_set_text(&object, key, item);
    }
    list = value_list_new(1);
    value_list_append(&list, value_take(&object));
    value_replace(ret, list);
    return 0;
}

/* A lone integer, JSON, or words between commas. */
static int read_array(const struct reading *reading, value definition, const char *text, value *ret)
{
    VALUE_AUTO(list);
    value number = VALUE_NOTHING;
    int r = 0;

    if (number_parse_int(text, strlen(text), 10, &number, NULL) == 0) {
        list = value_list_new(1);
        value_list_append(&list, number);
    } else if (json_read(text, strlen(text), JSON_PYTHON, &list, NULL) < 0) {
        list = words_split(text);
    }
    if (args_flag(reading->args, "--auto-dict") && value_list_count(list))
        r = elements_to_object(reading, definition, list, &list);
    if (r == 0)
        *ret = value_take(&list);
    return r;
}

static const struct {
    const char *type;
    int (*read)(const struct reading *reading, value definition, const char *text, value *ret);
} types[] = {
    { "array", read_array },   { "boolean", read_boolean }, { "integer", read_integer },
    { "number", read_number }, { "object", read_object },   { "string", read_string },
};

static int text_convert(const struct reading *reading, value definition, const char *text, value *ret)
{
    const char *type = value_map_chars(definition, "type");

    for (size_t i = 0; type && i < ELEMENTS(types); i++) {
        if (strcmp(type, types[i].type) == 0)
            return types[i].read(reading, definition, text, ret);
    }
    *ret = value_text(text);
    return 0;
}

/* ---- words ---- */

static value definition_of(const struct reading *reading, const char *name)
{
    value definition = value_map_get(reading->runner, name);

    return value_is_set(definition) ? definition : value_map_get(reading->action, name);
}

/* "@name=path": the content of a file. */
static int read_file(const struct reading *reading, const char *name, const char *path_text, bool is_http,
                     value *ret)
{
    CLEANUP(freep)
    char *path = cli_path_absolute(path_text);
    CLEANUP(freep)
    char *text = NULL;
    struct stat st;
    size_t len;
    value v;
    int r;

    if (stat(path, &st) < 0)
        return error_set(reading->err, -ENOENT, "File \"%s\" doesn't exist", path);
    if (!S_ISREG(st.st_mode))
        return error_set(reading->err, -EINVAL, "\"%s\" is not a file", path);
    r = cli_file_read(path, &text, &len, reading->err);
    if (r < 0)
        return r;
    v = value_text_checked(text, len);
    if (!value_is_set(v))
        return error_set(reading->err, -EILSEQ, "\"%s\" is not valid UTF-8", path);
    value_map_set_text(ret, is_http ? "file_content" : name, v);
    if (is_http && !value_map_has(*ret, "file_name"))
        value_map_put(ret, "file_name", value_text(strrchr(path, '/') + 1));
    return 0;
}

static int read_pair(const struct reading *reading, const char *name, const char *text, value *ret)
{
    value definition = definition_of(reading, name), v = VALUE_NOTHING, before;
    int r = text_convert(reading, definition, text, &v);

    if (r < 0)
        return r;
    before = value_map_get(*ret, name);
    if (value_text_is(value_map_get(definition, "type"), "array") && value_is_list(before) &&
        value_is_list(v)) {
        value joined = value_ref(before);

        value_list_extend(&joined, v);
        value_unref(v);
        v = joined;
    }
    value_map_set_text(ret, name, v);
    return 0;
}

/* The rest of the words is a command line. */
static value words_join(value words, size_t from)
{
    BUFFER_AUTO(out);

    for (size_t i = from; i < value_list_count(words); i++)
        buffer_addf(&out, "%s%s", i > from ? " " : "", value_chars(value_list_at(words, i)));
    return value_text(buffer_text(&out));
}

static bool is_own_variable(const char *name, size_t len)
{
    for (size_t i = 0; i < ELEMENTS(own_variables); i++) {
        if (strlen(own_variables[i]) == len && strncasecmp(own_variables[i], name, len) == 0)
            return true;
    }
    return false;
}

static value environment_of_caller(void)
{
    value map = value_map_new(32);

    for (char **entry = environ; *entry; entry++) {
        size_t len = strcspn(*entry, "=");
        value text = value_text_checked(*entry + len + 1, (*entry)[len] ? strlen(*entry + len + 1) : 0);
        value name = value_text_checked(*entry, len);

        if (is_own_variable(*entry, len) || !value_is_set(text) || !value_is_set(name)) {
            value_unref(text);
            value_unref(name);
            continue;
        }
        value_map_set(&map, name, text);
    }
    return map;
}

int cli_run_parameters(const struct cli_args *args, value action, value runner, value words, value *ret,
                       struct error *err)
{
    struct reading reading = { .args = args,
                               .action = value_map_get(action, "parameters"),
                               .runner = value_map_get(runner, "runner_parameters"),
                               .err = err };
    const char *ref = value_map_chars(action, "ref");
    bool is_http = ref && strcmp(ref, "core.http") == 0;
    VALUE_AUTO(parameters);

    parameters = value_map_new(8);
    if (args_flag(args, "--inherit-env"))
        value_map_put(&parameters, "env", environment_of_caller());
    VALUE_LIST_EACH (i, word, words) {
        const char *text = value_chars(word), *equals = strchr(text, '=');
        CLEANUP(freep)
        char *name = equals ? xstrndup(text, (size_t)(equals - text)) : NULL;
        int r;

        if (!equals) {
            value_map_put(&parameters, "cmd", words_join(words, i));
            break;
        }
        if (*name == '@')
            r = read_file(&reading, name + 1, equals + 1, is_http, &parameters);
        else
            r = read_pair(&reading, name, equals + 1, &parameters);
        if (r < 0)
            return r;
    }
    if (is_http && value_map_has(parameters, "file_content") && !value_map_has(parameters, "method"))
        value_map_put(&parameters, "method", value_text("POST"));
    *ret = value_take(&parameters);
    return 0;
}
