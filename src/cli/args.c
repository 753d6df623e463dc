/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "value/python.h"

#define WORDS_MAX 100000

/* What a word is, decided before anything is consumed. */
enum word_kind { WORD_OPERAND, WORD_OPTION, WORD_SEPARATOR };

struct parser {
    struct cli_args *args;
    char *const *words;
    int n_words;
    enum word_kind *kinds;
    const struct cli_operand *operand; /* the next one to be filled */
    const struct cli_option **given;   /* in order, for the check of exclusive ones */
    int n_given, given_room;
    bool operands_begun;
    struct error *err;
};

void cli_args_init(struct cli_args *args, const struct cli_command *command)
{
    *args = (struct cli_args){ .command = command,
                               .options = value_map_new(8),
                               .operands = value_map_new(4),
                               .extras = value_list_new(0) };
}

void cli_args_release(struct cli_args *args)
{
    value_unref(args->options);
    value_unref(args->operands);
    value_unref(args->extras);
}

void cli_option_label(const struct cli_option *option, struct buffer *out)
{
    if (option->letter)
        buffer_addf(out, "%s/", option->letter);
    buffer_add_text(out, option->name);
    if (option->alias)
        buffer_addf(out, "/%s", option->alias);
}

void cli_option_metavar(const struct cli_option *option, struct buffer *out)
{
    if (option->metavar) {
        buffer_add_text(out, option->metavar);
        return;
    }
    for (const char *c = option->name + strspn(option->name, "-"); *c; c++)
        buffer_add_char(out, *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
}

/* ---- what is an option ---- */

static bool looks_like_number(const char *word)
{
    char *end;

    if (word[0] != '-' || !(word[1] == '.' || (word[1] >= '0' && word[1] <= '9')))
        return false;
    strtod(word, &end);
    return *end == '\0';
}

/* Finds the option a word names. *ret_attached is the text behind "=" or behind a letter, or NULL. */
static enum args_outcome option_find(struct parser *p, const char *word, const struct cli_option **ret,
                                     const char **ret_attached)
{
    const char *equals = strchr(word, '=');
    size_t len = equals ? (size_t)(equals - word) : strlen(word);
    const struct cli_option *found = NULL;
    BUFFER_AUTO(candidates);
    int n_found = 0;

    *ret = NULL;
    *ret_attached = equals ? equals + 1 : NULL;
    CLI_OPTIONS_EACH(option, p->args->command)
    {
        const char *names[] = { option->letter, option->name, option->alias };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
            if (names[i] && strlen(names[i]) == len && memcmp(names[i], word, len) == 0) {
                *ret = option;
                return ARGS_OK;
            }
        }
    }
    CLI_OPTIONS_EACH(option, p->args->command)
    {
        const char *names[] = { option->name, option->alias };

        for (size_t i = 0; i < ELEMENTS(names); i++) {
            if (names[i] && len > 2 && strncmp(names[i], word, len) == 0 && option->name[1] == '-') {
                buffer_addf(&candidates, "%s%s", n_found ? ", " : "", names[i]);
                n_found++;
                found = option;
            }
        }
        if (option->letter && word[1] != '-' && strncmp(option->letter, word, 2) == 0 && !option->letter[2]) {
            found = option;
            n_found = 1;
            *ret_attached = word + 2;
            break;
        }
    }
    if (n_found > 1) {
        error_set(p->err, -EINVAL, "ambiguous option: %.*s could match %s", (int)len, word,
                  buffer_text(&candidates));
        return ARGS_WRONG;
    }
    *ret = found;
    return ARGS_OK;
}

static enum word_kind word_classify(struct parser *p, const char *word)
{
    const struct cli_option *option;
    const char *attached;
    ERROR_AUTO(ignored);
    struct error *err = p->err;
    enum args_outcome outcome;

    if (word[0] != '-' || word[1] == '\0')
        return WORD_OPERAND;
    p->err = &ignored;
    outcome = option_find(p, word, &option, &attached);
    p->err = err;
    if (outcome == ARGS_WRONG || option)
        return WORD_OPTION;
    return looks_like_number(word) || strchr(word, ' ') ? WORD_OPERAND : WORD_OPTION;
}

static void words_classify(struct parser *p)
{
    bool ended = false;

    for (int i = 0; i < p->n_words; i++) {
        if (ended)
            p->kinds[i] = WORD_OPERAND;
        else if (strcmp(p->words[i], "--") == 0) {
            p->kinds[i] = WORD_SEPARATOR;
            ended = true;
        } else {
            p->kinds[i] = word_classify(p, p->words[i]);
        }
    }
}

/* ---- options ---- */

static enum args_outcome option_wrong(struct parser *p, const struct cli_option *option, const char *reason)
{
    BUFFER_AUTO(label);

    cli_option_label(option, &label);
    error_set(p->err, -EINVAL, "argument %s: %s", buffer_text(&label), reason);
    return ARGS_WRONG;
}

static enum args_outcome option_exclusive_check(struct parser *p, const struct cli_option *option)
{
    for (int i = 0; i < p->n_given; i++) {
        if (option->exclusive && p->given[i] != option && p->given[i]->exclusive == option->exclusive) {
            BUFFER_AUTO(reason);

            buffer_add_text(&reason, "not allowed with argument ");
            cli_option_label(p->given[i], &reason);
            return option_wrong(p, option, buffer_text(&reason));
        }
    }
    GROW(p->given, p->n_given, p->given_room);
    p->given[p->n_given++] = option;
    return ARGS_OK;
}

static enum args_outcome word_to_int(struct parser *p, const struct cli_option *option, const char *word,
                                     value *ret)
{
    BUFFER_AUTO(reason);
    char *end;
    long long number;

    errno = 0;
    number = strtoll(word, &end, 10);
    if (*word && !*end && !errno) {
        *ret = value_int(number);
        return ARGS_OK;
    }
    buffer_add_text(&reason, "invalid int value: ");
    python_repr_text(&reason, word, strlen(word));
    return option_wrong(p, option, buffer_text(&reason));
}

static bool option_takes_many(const struct cli_option *option)
{
    return option->kind == OPTION_TEXTS || option->kind == OPTION_TEXTS_ANY || option->kind == OPTION_INTS;
}

/* The words of an option: `attached`, or those that follow at *at. */
static enum args_outcome option_store(struct parser *p, const struct cli_option *option, const char *attached,
                                      int *at)
{
    bool is_int = option->kind == OPTION_INT || option->kind == OPTION_INTS;
    bool many = option_takes_many(option);
    VALUE_AUTO(list);
    int n = 0;

    if (option_exclusive_check(p, option) != ARGS_OK)
        return ARGS_WRONG;
    if (option->kind == OPTION_FLAG) {
        if (option->flags & OPTION_HELP)
            p->args->help = true;
        value_map_set_text(&p->args->options, option->name, value_bool(true));
        return ARGS_OK;
    }

    list = value_list_new(1);
    for (;;) {
        const char *word = attached;
        value v;

        if (!attached) {
            if (*at >= p->n_words || p->kinds[*at] != WORD_OPERAND)
                break;
            word = p->words[(*at)++];
        }
        if (is_int && word_to_int(p, option, word, &v) != ARGS_OK)
            return ARGS_WRONG;
        value_list_append(&list, is_int ? v : value_text(word));
        n++;
        if (attached || !many)
            break;
    }
    if (n == 0 && option->kind != OPTION_TEXTS_ANY)
        return option_wrong(p, option, many ? "expected at least one argument" : "expected one argument");
    value_map_set_text(&p->args->options, option->name, value_ref(many ? list : value_list_at(list, 0)));
    return ARGS_OK;
}

static enum args_outcome attached_refuse(struct parser *p, const struct cli_option *option,
                                         const char *attached)
{
    BUFFER_AUTO(reason);

    buffer_add_text(&reason, "ignored explicit argument ");
    python_repr_text(&reason, attached, strlen(attached));
    return option_wrong(p, option, buffer_text(&reason));
}

/* One word that names an option, perhaps several letters joined ("-jn5"). */
static enum args_outcome option_consume(struct parser *p, int *at)
{
    CLEANUP(freep)
    char *joined = NULL;
    const struct cli_option *option, *before = NULL;
    const char *word = p->words[(*at)++], *attached;

    for (;;) {
        char *rest;

        if (option_find(p, word, &option, &attached) != ARGS_OK)
            return ARGS_WRONG;
        if (!option && before)
            return attached_refuse(p, before, word + 1);
        if (!option) {
            value_list_append(&p->args->extras, value_text(word));
            return ARGS_OK;
        }
        if (option->kind != OPTION_FLAG || !attached)
            return option_store(p, option, attached, at);
        if (word[1] == '-')
            return attached_refuse(p, option, attached);
        if (option_store(p, option, NULL, at) != ARGS_OK)
            return ARGS_WRONG;
        rest = xasprintf("-%s", attached);
        free(joined);
        word = joined = rest;
        before = option;
    }
}

/* ---- operands ---- */

static int operand_min(const struct cli_operand *operand)
{
    return operand->count == OPERAND_ONE || operand->count == OPERAND_SOME;
}

static bool operand_is_list(const struct cli_operand *operand)
{
    return operand->count == OPERAND_ANY || operand->count == OPERAND_SOME;
}

/* How many words from `at` on belong to operands, the separator among them. */
static int operands_run(const struct parser *p, int at, int *ret_n)
{
    int end = at;

    *ret_n = 0;
    for (; end < p->n_words && p->kinds[end] != WORD_OPTION; end++)
        *ret_n += p->kinds[end] == WORD_OPERAND;
    return end;
}

/* Gives the words of one run to as many of the coming operands as they can satisfy; returns where it stopped.
   An operand that may be empty is settled here even when nothing is left for it. */
static int operands_consume(struct parser *p, int at)
{
    int available, needed = 0, n_operands = 0;

    operands_run(p, at, &available);
    for (const struct cli_operand *o = p->operand; o && o->name; o++) {
        if (needed + operand_min(o) > available)
            break;
        needed += operand_min(o);
        n_operands++;
    }
    for (; n_operands > 0; n_operands--, p->operand++) {
        int take = operand_min(p->operand);
        value list = value_list_new(1);

        needed -= take;
        if (operand_is_list(p->operand))
            take = available - needed;
        else if (p->operand->count == OPERAND_OPTIONAL && available - needed > 0)
            take = 1;
        available -= take;
        while (take > 0) {
            if (p->kinds[at] == WORD_OPERAND) {
                value_list_append(&list, value_text(p->words[at]));
                take--;
            }
            at++;
        }
        if (operand_is_list(p->operand)) {
            value_map_set_text(&p->args->operands, p->operand->name, list);
        } else {
            if (value_list_count(list))
                value_map_set_text(&p->args->operands, p->operand->name, value_ref(value_list_at(list, 0)));
            value_unref(list);
        }
    }
    while (at < p->n_words && p->kinds[at] == WORD_SEPARATOR)
        at++;
    return at;
}

static enum args_outcome required_check(struct parser *p)
{
    BUFFER_AUTO(missing);

    CLI_OPTIONS_EACH(option, p->args->command)
    {
        if ((option->flags & OPTION_REQUIRED) && !value_map_has(p->args->options, option->name)) {
            buffer_add_text(&missing, missing.len ? ", " : "");
            cli_option_label(option, &missing);
        }
    }
    for (const struct cli_operand *o = p->operand; o && o->name; o++) {
        if (operand_min(o))
            buffer_addf(&missing, "%s%s", missing.len ? ", " : "", o->name);
    }
    if (!missing.len)
        return ARGS_OK;
    error_set(p->err, -EINVAL, "the following arguments are required: %s", missing.data);
    return ARGS_WRONG;
}

static int extras_take(struct parser *p, int at, int end)
{
    for (; at < end; at++)
        value_list_append(&p->args->extras, value_text(p->words[at]));
    return at;
}

static enum args_outcome words_consume(struct parser *p, bool stop_at_operand, int *at)
{
    int last_option = -1;

    for (int i = 0; i < p->n_words; i++) {
        if (p->kinds[i] == WORD_OPTION)
            last_option = i;
    }
    while (*at <= last_option) {
        if (p->kinds[*at] != WORD_OPTION) {
            int n, end = operands_run(p, *at, &n);

            if (stop_at_operand)
                return ARGS_OK;
            *at = operands_consume(p, *at);
            *at = extras_take(p, *at, end);
            continue;
        }
        if (option_consume(p, at) != ARGS_OK)
            return ARGS_WRONG;
        if (p->args->help)
            return ARGS_OK;
    }
    if (stop_at_operand)
        return ARGS_OK;
    *at = operands_consume(p, *at);
    *at = extras_take(p, *at, p->n_words);
    return required_check(p);
}

enum args_outcome cli_args_parse(struct cli_args *args, char *const *words, int n_words, bool stop_at_operand,
                                 int *ret_used, struct error *err)
{
    struct parser p = {
        .args = args, .words = words, .n_words = n_words, .operand = args->command->operands, .err = err
    };
    enum args_outcome outcome;
    int at = 0;

    if (n_words > WORDS_MAX) {
        error_set(err, -E2BIG, "too many arguments");
        return ARGS_WRONG;
    }
    for (int i = 0; i < n_words; i++) {
        if (!utf8_valid(words[i], strlen(words[i]))) {
            error_set(err, -EILSEQ, "argument %d is not valid UTF-8", i + 1);
            return ARGS_WRONG;
        }
    }
    p.kinds = xcalloc((size_t)n_words + 1, sizeof(*p.kinds));
    words_classify(&p);
    outcome = words_consume(&p, stop_at_operand, &at);
    if (ret_used)
        *ret_used = at;
    free(p.kinds);
    free(p.given);
    return outcome;
}

/* ---- asking ---- */

value args_value(const struct cli_args *args, const char *name)
{
    return value_map_get(args->options, name);
}

bool args_flag(const struct cli_args *args, const char *name)
{
    return value_is_set(args_value(args, name));
}

const char *args_text(const struct cli_args *args, const char *name)
{
    return value_chars(args_value(args, name));
}

bool args_int(const struct cli_args *args, const char *name, int64_t *ret)
{
    value v = args_value(args, name);

    if (v.kind != VALUE_INT)
        return false;
    *ret = v.integer;
    return true;
}

const char *args_operand(const struct cli_args *args, const char *name)
{
    return value_chars(value_map_get(args->operands, name));
}

value args_operands(const struct cli_args *args, const char *name)
{
    return value_map_get(args->operands, name);
}
