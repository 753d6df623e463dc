/* SPDX-License-Identifier: Apache-2.0 */
/* Each property is asked in the way of its type; an answer that does not fit is asked for again, an empty one
   means the default. Objects are forms within the form. */
#include "cli/form.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/cli-internal.h"
#include "value/number.h"
#include "value/python.h"

#define FORM_DEPTH_MAX 20
#define ATTEMPTS_MAX   100 /* of one question, so that input without end ends */

static const char *const yes_words[] = { "1", "y", "yes", "true", NULL };
static const char *const no_words[] = { "0", "n", "no", "nope", "nah", "false", NULL };

static int form_fill(value properties, const char *prefix, int depth, value *ret, struct error *err);

static bool word_in(const char *word, const char *const *words)
{
    for (; *words; words++) {
        if (strcasecmp(word, *words) == 0)
            return true;
    }
    return false;
}

/* ---- readers: how a type is asked for and what its answer becomes ---- */

/* 0 with *ret owned, or negative with the reason why the answer does not fit. */
typedef int reader_fn(value schema, const char *answer, value *ret, struct error *err);

static int read_string(value schema, const char *answer, value *ret, struct error *err)
{
    *ret = value_text(answer);
    return 0;
}

static int read_boolean(value schema, const char *answer, value *ret, struct error *err)
{
    bool yes = word_in(answer, yes_words);

    if (!yes && !word_in(answer, no_words))
        return error_set(err, -EINVAL,
                         "Does not look like boolean. Pick from [y, n, yes, no, true, false, 1, 0]");
    *ret = value_bool(yes);
    return 0;
}

static int read_integer(value schema, const char *answer, value *ret, struct error *err)
{
    return number_parse_int(answer, strlen(answer), 10, ret, err);
}

static int read_number(value schema, const char *answer, value *ret, struct error *err)
{
    return number_parse_float(answer, strlen(answer), ret, err);
}

/* The number of a choice. */
static int read_choice(value schema, const char *answer, value *ret, struct error *err)
{
    value choices = value_map_get(schema, "enum");
    char *end;
    unsigned long index;

    if (!isdigit((unsigned char)*answer))
        return error_set(err, -EINVAL, "Not a number");
    index = strtoul(answer, &end, 10);
    if (*end)
        return error_set(err, -EINVAL, "Not a number");
    if (index >= value_list_count(choices))
        return error_set(err, -EINVAL, "Out of bounds");
    *ret = value_ref(value_list_at(choices, index));
    return 0;
}

static const struct {
    const char *type, *hint;
    reader_fn *read;
} types[] = {
    { "boolean", " (boolean)", read_boolean },
    { "number", " (float)", read_number },
    { "integer", " (integer)", read_integer },
};

static reader_fn *reader_of(value schema, const char **ret_hint)
{
    const char *type = value_map_chars(schema, "type");

    *ret_hint = "";
    if (value_list_count(value_map_get(schema, "enum")))
        return read_choice;
    for (size_t i = 0; type && i < ELEMENTS(types); i++) {
        if (strcmp(type, types[i].type) == 0) {
            *ret_hint = types[i].hint;
            return types[i].read;
        }
    }
    if (value_map_bool(schema, "secret", false))
        *ret_hint = " (secret)";
    return read_string;
}

/* Words between commas, each read by the items' schema. */
static int read_list(value schema, const char *answer, value *ret, struct error *err)
{
    value items = value_map_get(schema, "items");
    CLEANUP(freep)
    char *words = xstrdup(answer);
    const char *hint;
    reader_fn *read = reader_of(items, &hint);
    VALUE_AUTO(list);

    list = value_list_new(4);
    for (char *rest = words, *word; (word = strsep(&rest, ","));) {
        value item = VALUE_NOTHING;
        size_t n;

        word += strspn(word, " ");
        for (n = strlen(word); n > 0 && word[n - 1] == ' '; n--)
            word[n - 1] = '\0';
        if (!*word)
            continue;
        if (read(items, word, &item, err) < 0)
            return -EINVAL;
        value_list_append(&list, item);
    }
    *ret = value_take(&list);
    return 0;
}

/* ---- questions ---- */

static void choices_add(struct buffer *prompt, value choices)
{
    size_t n = value_list_count(choices);

    buffer_add_text(prompt, ": ");
    VALUE_LIST_EACH (i, choice, choices) {
        buffer_addf(prompt, "\n %zu - ", i);
        python_str(prompt, choice);
    }
    buffer_add_text(prompt, "\nChoose from ");
    for (size_t i = 0; i < n && i < 3; i++)
        buffer_addf(prompt, "%s%zu", i ? ", " : "", i);
    buffer_add_text(prompt, n > 3 ? "..." : "");
}

static void default_add(struct buffer *prompt, value schema, value choices)
{
    value initial = value_map_get(schema, "default");

    if (!value_is_set(initial)) {
        buffer_add_text(prompt, value_list_count(choices) ? ": " : "");
        return;
    }
    buffer_add_text(prompt, " [");
    if (value_list_count(choices)) {
        VALUE_LIST_EACH (i, choice, choices) {
            if (value_equal(choice, initial))
                buffer_addf(prompt, "%zu", i);
        }
    } else if (initial.kind == VALUE_BOOL) {
        buffer_add_char(prompt, initial.boolean ? 'y' : 'n');
    } else if (value_is_list(initial)) {
        VALUE_LIST_EACH (i, item, initial) {
            buffer_add_text(prompt, i ? "," : "");
            python_str(prompt, item);
        }
    } else {
        python_str(prompt, initial);
    }
    buffer_add_char(prompt, ']');
}

static void prompt_make(struct buffer *prompt, const char *name, const char *hint, value schema,
                        value choices)
{
    const char *description = value_map_chars(schema, "description");

    if (description && isatty(STDOUT_FILENO))
        buffer_addf(prompt, "\033[2m%s\033[0m\n", description);
    buffer_addf(prompt, "%s%s", name, hint);
    if (value_list_count(choices))
        choices_add(prompt, choices);
    default_add(prompt, schema, choices);
    if (!prompt->len || prompt->data[prompt->len - 1] != ' ')
        buffer_add_text(prompt, ": ");
}

static int question_ask(const char *name, value schema, value *ret, struct error *err)
{
    bool many = value_text_is(value_map_get(schema, "type"), "array");
    value choices = value_map_get(many ? value_map_get(schema, "items") : schema, "enum");
    value initial = value_map_get(schema, "default");
    const char *hint;
    reader_fn *read = reader_of(schema, &hint);
    BUFFER_AUTO(prompt);

    if (many) {
        hint = value_list_count(choices) ? "" : " (comma-separated list)";
        read = read_list;
    }
    prompt_make(&prompt, name, hint, schema, choices);
    for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        CLEANUP(freep)
        char *answer = NULL;
        ERROR_AUTO(reason);
        int r = value_map_bool(schema, "secret", false) ? prompt_secret(prompt.data, &answer, err)
                                                        : prompt_line(prompt.data, &answer, err);

        if (r < 0)
            return r;
        if (!*answer && (value_is_set(initial) || !value_map_bool(schema, "required", false))) {
            *ret = value_is_set(initial) ? value_ref(initial) : value_null();
            return 0;
        }
        if (read(schema, answer, ret, &reason) == 0)
            return 0;
        printf("%s\n", error_text(&reason));
    }
    return error_set(err, -EINVAL, "No fitting answer was given for \"%s\"", name);
}

int form_confirm(const char *question, const char *description, bool *ret, struct error *err)
{
    CLEANUP(freep)
    char *answer = NULL;
    CLEANUP(freep)
    char *prompt =
        xasprintf("%s%s%s [y]: ", question, description ? "\n" : "", description ? description : "");
    int r = prompt_line(prompt, &answer, err);

    if (r == 0)
        *ret = !*answer || strcasecmp(answer, "y") == 0 || strcasecmp(answer, "yes") == 0;
    return r;
}

/* ---- forms ---- */

/* Objects until no more are wanted. */
static int objects_ask(const char *name, value schema, int depth, value *ret, struct error *err)
{
    CLEANUP(freep)
    char *question = xasprintf("~~~ Would you like to add another item to  \"%s\" array / list?", name);
    VALUE_AUTO(list);
    bool more = true;

    list = value_list_new(4);
    while (more) {
        CLEANUP(freep)
        char *prefix = xasprintf("%s[%zu].", name, value_list_count(list));
        value object = VALUE_NOTHING;
        int r = form_fill(value_path(schema, "items.properties"), prefix, depth + 1, &object, err);

        if (r < 0)
            return r;
        value_list_append(&list, object);
        r = form_confirm(question, NULL, &more, err);
        if (r < 0)
            return r;
    }
    *ret = value_take(&list);
    return 0;
}

static int property_ask(const char *name, value schema, int depth, value *ret, struct error *err)
{
    bool has_enum = value_list_count(value_map_get(schema, "enum")) > 0;
    value type = value_map_get(schema, "type");

    if (value_text_is(type, "object") && !has_enum) {
        CLEANUP(freep)
        char *prefix = xasprintf("%s.", name);

        return form_fill(value_map_get(schema, "properties"), prefix, depth + 1, ret, err);
    }
    if (value_text_is(type, "array") && value_text_is(value_path(schema, "items.type"), "object"))
        return objects_ask(name, schema, depth, ret, err);
    return question_ask(name, schema, ret, err);
}

static int form_fill(value properties, const char *prefix, int depth, value *ret, struct error *err)
{
    VALUE_AUTO(answers);

    if (depth > FORM_DEPTH_MAX)
        return error_set(err, -E2BIG, "The schema is nested too deeply");
    answers = value_map_new(value_map_count(properties));
    VALUE_MAP_EACH (i, properties) {
        value key = value_map_key_at(properties, i), answer = VALUE_NOTHING;
        CLEANUP(freep)
        char *name = xasprintf("%s%s", prefix, value_chars(key) ? value_chars(key) : "");
        int r = property_ask(name, value_map_item_at(properties, i), depth, &answer, err);

        if (r < 0)
            return r;
        value_map_set(&answers, value_ref(key), answer);
    }
    *ret = value_take(&answers);
    return 0;
}

int form_ask(value properties, value *ret, struct error *err)
{
    return form_fill(properties, "", 0, ret, err);
}
