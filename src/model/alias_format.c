/* SPDX-License-Identifier: Apache-2.0 */
/* A format becomes a regular expression, as do the pairs at the end of a command:

       run {{cmd}} on {{hosts=localhost}}       the format
       ^\s*run ["']?(?P<cmd>...)["']? on(?: ["']?(?P<hosts>...)["']?)?\s*$

   All that stands outside of the braces is part of the expression as it is. */
#include "model/alias_format.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/mem.h"
#include "value/pyregex.h"

#define MATCH_LIMIT 200000

/* key=value: the value is quoted, in braces, or a word. */
#define PAIR "(?:^|\\s+)\\s*(\\S+?)\\s*=(\"\"|''|\".+?\"|'.+?'|\\{.+?\\}|\\S+)"
static const char pair[] = PAIR, pairs_at_end[] = ".*?((?:" PAIR "\\s*)*)$";

/* What a parameter takes: what is in quotes, what is in braces, else as little as possible. */
static const char group_body[] = "(?:(?<=').+?(?=')|(?<=\").+?(?=\")|\\{.+?\\}|.+?)";

/* A parameter of the format that has a default. */
struct optional {
    char *name, *otherwise;
};

struct reading {
    struct optional *optionals;
    size_t n_optionals, optionals_room;
    value pairs;           /* map of text */
    struct buffer command; /* without the pairs, a space on each side */
};

static void reading_release(struct reading *reading)
{
    for (size_t i = 0; i < reading->n_optionals; i++) {
        free(reading->optionals[i].name);
        free(reading->optionals[i].otherwise);
    }
    free(reading->optionals);
    value_unref(reading->pairs);
    buffer_release(&reading->command);
}

/* ---- the pairs at the end ---- */

/* Quotes go, braces stay. */
static value unquoted(const char *text, size_t n)
{
    if (n >= 2 && (*text == '"' || *text == '\'') && text[n - 1] == *text)
        return value_text_n(text + 1, n - 2);
    return value_text_n(text, n);
}

static int read_pairs(struct reading *reading, const char *text, size_t n, struct error *err)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    struct pyregex_walk walk = { .text = text, .len = n, .limit = MATCH_LIMIT };
    int r = pyregex_get(pair, strlen(pair), PYREGEX_DOTALL, &regex, err);

    walk.regex = regex;
    while (r == 0 && (r = pyregex_walk_next(&walk, err)) == 0) {
        size_t key, key_end, start, end;

        pyregex_span(&walk.match, 1, &key, &key_end);
        pyregex_span(&walk.match, 2, &start, &end);
        value_map_set(&reading->pairs, value_text_n(text + key, key_end - key),
                      unquoted(text + start, end - start));
    }
    pyregex_walk_release(&walk);
    return r < 0 ? r : 0;
}

/* The cut text goes wherever it occurs. */
static void cut(struct buffer *out, const char *text, size_t n, const char *what, size_t what_n)
{
    buffer_add_char(out, ' ');
    for (size_t at = 0; at < n;) {
        if (what_n && at + what_n <= n && memcmp(text + at, what, what_n) == 0) {
            at += what_n;
        } else {
            buffer_add_char(out, text[at]);
            at++;
        }
    }
    buffer_add_char(out, ' ');
}

static int take_pairs(struct reading *reading, const char *command, struct error *err)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    size_t n = strlen(command), start = 0, end = 0;
    PYREGEX_MATCH_AUTO(match);
    int r;

    reading->pairs = value_map_new(2);
    if (strchr(command, '=')) {
        r = pyregex_get(pairs_at_end, strlen(pairs_at_end), PYREGEX_DOTALL, &regex, err);
        if (r == 0)
            r = pyregex_find(regex, command, n, 0, PYREGEX_MATCH, false, MATCH_LIMIT, &match, err);
        if (r < 0)
            return r;
        if (r == 0 && pyregex_span(&match, 1, &start, &end) && end > start) {
            r = read_pairs(reading, command + start, end - start, err);
            if (r < 0)
                return r;
        }
    }
    cut(&reading->command, command, n, command + start, end - start);
    return 0;
}

/* ---- the format ---- */

static const char *skip_space(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* Behind "}}" after white space, or NULL. */
static const char *closing(const char *p)
{
    p = skip_space(p);
    return p[0] == '}' && p[1] == '}' ? p + 2 : NULL;
}

/* A default in quotes or braces that closes the parameter: *ret is the text without quotes. */
static const char *enclosed_default(const char *p, char **ret)
{
    char open = *p, close = open == '{' ? '}' : open;
    bool brace = open == '{';

    if (open != '"' && open != '\'' && !brace)
        return NULL;
    for (const char *q = strchr(p + 1, close); q; q = strchr(q + 1, close)) {
        const char *end = closing(q + 1);

        if (end && (!brace || q > p + 1)) {
            *ret = brace ? xstrndup(p, (size_t)(q + 1 - p)) : xstrndup(p + 1, (size_t)(q - p - 1));
            return end;
        }
    }
    return NULL;
}

static const char *bare_default(const char *p, char **ret)
{
    for (const char *q = p + 1; *p && q[-1]; q++) {
        const char *end = closing(q);

        if (end) {
            *ret = xstrndup(p, (size_t)(q - p));
            return end;
        }
    }
    return NULL;
}

/* "{{ name }}" or "{{ name = default }}" at p: what is behind it, or NULL when it is neither. */
static const char *read_parameter(const char *p, char **ret_name, char **ret_default)
{
    const char *name = skip_space(p + 2), *end, *behind;
    size_t n = 0;

    while (name[n] && !isspace((unsigned char)name[n]) && name[n] != '=' &&
           !(name[n] == '}' && name[n + 1] == '}'))
        n++;
    if (!n)
        return NULL;
    end = skip_space(name + n);
    *ret_default = NULL;
    if (*end == '=') {
        const char *given = skip_space(end + 1);

        behind = enclosed_default(given, ret_default);
        if (!behind)
            behind = bare_default(given, ret_default);
    } else {
        behind = closing(end);
    }
    if (behind)
        *ret_name = xstrndup(name, n);
    return behind;
}

/* White space in front of a parameter belongs to it. */
static void add_parameter(struct buffer *out, size_t space, const char *name, bool optional)
{
    CLEANUP(freep)
    char *before = xstrndup(out->data ? out->data + out->len - space : "", space);

    out->len -= space;
    buffer_addf(out, "%s%s[\"']?(?P<%s>%s)[\"']?%s", optional ? "(?:" : "", before, name, group_body,
                optional ? ")?" : "");
}

static void translate(struct reading *reading, const char *format, struct buffer *out)
{
    size_t space = 0;

    for (const char *p = format; *p;) {
        char *name = NULL, *otherwise = NULL;
        const char *behind = p[0] == '{' && p[1] == '{' ? read_parameter(p, &name, &otherwise) : NULL;

        if (!behind) {
            space = isspace((unsigned char)*p) ? space + 1 : 0;
            buffer_add_char(out, *p++);
            continue;
        }
        add_parameter(out, space, name, otherwise != NULL);
        space = 0;
        p = behind;
        if (otherwise) {
            GROW(reading->optionals, reading->n_optionals, reading->optionals_room);
            reading->optionals[reading->n_optionals++] = (struct optional){ name, otherwise };
        } else {
            free(name);
        }
    }
}

/* ---- anchors ---- */

struct anchors {
    char sign;   /* ^ or $ */
    char escape; /* A or Z */
};

static const char *class_end(const char *p)
{
    p++;
    if (*p == '^')
        p++;
    if (*p == ']')
        p++;
    for (; *p && *p != ']'; p++)
        if (*p == '\\' && p[1])
            p++;
    return *p ? p + 1 : p;
}

static bool repeated(const char *p)
{
    return *p == '*' || *p == '+' || *p == '?' || (*p == '{' && isdigit((unsigned char)p[1]));
}

/* Where the body of the group that opens at p begins; *ret_looked says whether anchors in it count. */
static const char *group_begin(const char *p, bool *ret_looked)
{
    *ret_looked = true;
    if (p[1] != '?')
        return p + 1;
    if (p[2] == ':')
        return p + 3;
    if (p[2] == 'P' && p[3] == '<') {
        const char *end = strchr(p, '>');

        return end ? end + 1 : p + 1;
    }
    *ret_looked = false;
    return p + 2;
}

/* Reads alternatives up to ")" or the end. An anchor counts where the alternatives are one, or stands in the second of them;
   in groups too, unless they are repeated or look around. The depth is bounded by the compiled expression. */
static const char *find_anchor(const char *p, const struct anchors *anchors, bool *ret_found)
{
    bool first = false, second = false;
    int alternative = 0;

    while (*p && *p != ')') {
        bool found = false;

        if (*p == '|') {
            alternative++;
            p++;
            continue;
        }
        if (*p == '(') {
            bool looked;
            const char *body = group_begin(p, &looked);

            p = find_anchor(body, anchors, &found);
            if (*p == ')')
                p++;
            found = found && looked && !repeated(p);
        } else if (*p == '[') {
            p = class_end(p);
        } else if (*p == '\\' && p[1]) {
            found = p[1] == anchors->escape && !repeated(p + 2);
            p += 2;
        } else {
            found = *p == anchors->sign && !repeated(p + 1);
            p++;
        }
        first |= found && alternative == 0;
        second |= found && alternative == 1;
    }
    *ret_found = alternative ? second : first;
    return p;
}

static bool has_anchor(const char *expression, char sign, char escape)
{
    const struct anchors anchors = { sign, escape };
    bool found = false;

    find_anchor(expression, &anchors, &found);
    return found;
}

static int compile(struct reading *reading, const char *format, struct pyregex **ret, struct error *err)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *plain = NULL;
    BUFFER_AUTO(body);
    BUFFER_AUTO(whole);
    int r;

    translate(reading, format, &body);
    /* Compiled as it is first: what is no expression, or nested too deep, ends here. */
    r = pyregex_get(buffer_text(&body), body.len, PYREGEX_DOTALL, &plain, err);
    if (r < 0)
        return error_prefix(err, r, "Format string \"%s\" is invalid", format);
    if (!has_anchor(buffer_text(&body), '^', 'A'))
        buffer_add_text(&whole, "^\\s*");
    buffer_add(&whole, buffer_text(&body), body.len);
    if (!has_anchor(buffer_text(&body), '$', 'Z'))
        buffer_add_text(&whole, "\\s*$");
    return pyregex_get(whole.data ? whole.data : "", whole.len, PYREGEX_DOTALL, ret, err);
}

/* ---- results ---- */

static bool blank(const struct buffer *text)
{
    return !*skip_space(buffer_text(text));
}

static int collect(const struct reading *reading, const char *format, const struct pyregex_match *match,
                   value *list, struct error *err)
{
    value map = value_map_new(4);
    bool any = false;

    for (unsigned i = 1; i <= pyregex_groups(match->regex); i++)
        if (pyregex_group_name(match->regex, i))
            value_map_set_text(&map, pyregex_group_name(match->regex, i), pyregex_group(match, i));
    for (size_t i = 0; i < reading->n_optionals; i++)
        if (!value_truth(value_map_get(map, reading->optionals[i].name)))
            value_map_set_text(&map, reading->optionals[i].name, value_text(reading->optionals[i].otherwise));
    value_map_update(&map, reading->pairs);
    VALUE_MAP_EACH (i, map) {
        any |= value_truth(value_map_item_at(map, i));
    }
    if (*format && !any && blank(&reading->command)) {
        value_unref(map);
        return error_set(err, ALIAS_NO_MATCH, "No value supplied and no default value found.");
    }
    value_list_append(list, map);
    return 0;
}

static int match_all(const struct reading *reading, const char *format, const struct pyregex *regex,
                     bool multiple, value *list, struct error *err)
{
    struct pyregex_walk walk = { .regex = regex,
                                 .text = buffer_text(&reading->command),
                                 .len = reading->command.len,
                                 .limit = MATCH_LIMIT };
    int r = 0;

    while (r == 0 && value_list_count(*list) < (multiple ? ALIAS_MATCHES_MAX : 1)) {
        r = pyregex_walk_next(&walk, err);
        if (r == 0)
            r = collect(reading, format, &walk.match, list, err);
        else if (r == PYREGEX_NO_MATCH)
            break;
    }
    pyregex_walk_release(&walk);
    return r;
}

int alias_format_extract(const char *format, const char *command, bool multiple, value *ret,
                         struct error *err)
{
    CLEANUP(reading_release)
    struct reading reading = { 0 };
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = NULL;
    VALUE_AUTO(list);
    int r;

    if (strlen(format) > ALIAS_FORMAT_MAX)
        return error_set(err, -E2BIG, "A format has at most %d bytes.", ALIAS_FORMAT_MAX);
    if (strlen(command) > ALIAS_COMMAND_MAX)
        return error_set(err, -E2BIG, "A command has at most %d bytes.", ALIAS_COMMAND_MAX);
    r = take_pairs(&reading, command, err);
    if (r == 0)
        r = compile(&reading, format, &regex, err);
    list = value_list_new(1);
    if (r == 0)
        r = match_all(&reading, format, regex, multiple, &list, err);
    if (r < 0)
        return r;
    if (value_list_count(list) || (multiple && r == PYREGEX_NO_MATCH)) {
        *ret = value_take(&list);
        return 0;
    }
    if (r == ALIAS_NO_MATCH && err && err->message)
        return r;
    return error_set(err, ALIAS_NO_MATCH, "Command \"%s\" doesn't match format string \"%s\"", command,
                     format);
}

/* ---- the formats of an alias ---- */

static void add_format(value *list, value display, value representation, bool multiple)
{
    value one = value_map_new(3);

    value_map_put(&one, "display", value_is_string(display) ? value_ref(display) : value_null());
    value_map_put(&one, "representation",
                  value_is_string(representation) ? value_ref(representation) : value_text(""));
    value_map_put(&one, "multiple", value_bool(multiple));
    value_list_append(list, one);
}

value alias_formats(value alias)
{
    value list = value_list_new(4);

    VALUE_LIST_EACH (i, format, value_map_get(alias, "formats")) {
        value display = value_map_get(format, "display"),
              representation = value_map_get(format, "representation");
        bool multiple = value_truth(value_map_get(format, "match_multiple"));

        if (value_is_string(format))
            add_format(&list, format, format, false);
        else if (!value_is_list(representation))
            add_format(&list, display, representation, multiple);
        VALUE_LIST_EACH (k, one, representation) {
            add_format(&list, display, one, multiple);
        }
    }
    return list;
}
