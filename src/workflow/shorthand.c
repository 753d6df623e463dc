/* SPDX-License-Identifier: Apache-2.0 */
#include "workflow/shorthand.h"

#include <stdlib.h>

#include <assert.h>
#include <pthread.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/mem.h"
#include "value/json.h"

#define SHORTHAND_MATCH_LIMIT 1000000

/* Longer forms come first: a fraction is tried before an integer. */
static const char pattern[] =
    "(\\w+)=("
    "\\[.*\\]\\s*|\"[^\"]*\"\\s*|'[^']*'\\s*|-?\\d*\\.\\d+|-?\\d+|(?i:true)|(?i:false)|null|"
    "<%.*?%>|\\{\\{.*?\\}\\})";

static pcre2_code *code;
static pthread_once_t code_once = PTHREAD_ONCE_INIT;

static void code_compile(void)
{
    int number;
    PCRE2_SIZE at;

    code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                         PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK, &number, &at, NULL);
    assert(code);
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static bool has_quoted(const char *s, size_t n, char quote)
{
    const char *first = memchr(s, quote, n);

    return first && memchr(first + 1, quote, n - (size_t)(first + 1 - s));
}

static value json_or_text(const char *s, size_t n)
{
    value v = VALUE_NOTHING;

    if (n == 4 && strncasecmp(s, "true", 4) == 0)
        return value_bool(true);
    if (n == 5 && strncasecmp(s, "false", 5) == 0)
        return value_bool(false);
    if (json_read(s, n, JSON_PYTHON, &v, NULL) == 0)
        return v;
    return value_text_n(s, n);
}

/* One layer of each kind of quotes is taken off; what had none, or looks like a map, is read as JSON where it is any. */
static value pair_value(const char *s, size_t n)
{
    bool quoted;

    while (n && is_blank(s[0]))
        s++, n--;
    while (n && is_blank(s[n - 1]))
        n--;
    quoted = has_quoted(s, n, '"') || has_quoted(s, n, '\'');
    for (const char *quote = "\"'"; *quote; quote++) {
        if (n && s[0] == *quote)
            s++, n--;
        if (n && s[n - 1] == *quote)
            n--;
    }
    if (n == 0 || (quoted && !(s[0] == '{' && s[n - 1] == '}')))
        return value_text_n(s, n);
    return json_or_text(s, n);
}

static value pairs_find(value text, bool as_map)
{
    pcre2_match_data *match;
    pcre2_match_context *limits;
    value pairs = as_map ? value_map_new(4) : value_list_new(4);
    size_t at = 0;

    if (!value_is_string(text) || !memchr(value_chars(text), '=', value_len(text)))
        return pairs;
    pthread_once(&code_once, code_compile);
    match = pcre2_match_data_create_from_pattern(code, NULL);
    limits = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(limits, SHORTHAND_MATCH_LIMIT);
    while (pcre2_match(code, (PCRE2_SPTR)value_chars(text), value_len(text), at, PCRE2_NO_UTF_CHECK, match,
                       limits) > 0) {
        PCRE2_SIZE *o = pcre2_get_ovector_pointer(match);
        value name = value_text_n(value_chars(text) + o[2], o[3] - o[2]);
        value item = pair_value(value_chars(text) + o[4], o[5] - o[4]);

        if (as_map) {
            value_map_set(&pairs, name, item);
        } else {
            value pair = value_map_new(1);

            value_map_set(&pair, name, item);
            value_list_append(&pairs, pair);
        }
        at = o[1];
    }
    pcre2_match_context_free(limits);
    pcre2_match_data_free(match);
    return pairs;
}

value shorthand_parse(value text)
{
    return pairs_find(text, false);
}

value shorthand_parse_map(value text)
{
    value map = pairs_find(text, true);

    if (value_map_count(map) > 0)
        return map;
    value_unref(map);
    return VALUE_NOTHING;
}
