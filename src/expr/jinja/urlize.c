/* SPDX-License-Identifier: Apache-2.0 */
/* urlize: links around what looks like an address. */
#include <stdlib.h>

#include "base/mem.h"
#include "expr/functions/pyregex.h"
#include "expr/jinja/text.h"

static const char http_pattern[] =
    "((https?://|www\\.)(([\\w%-]+\\.)+)?([a-z]{2,63}|xn--[\\w%]{2,59})"
    "|([\\w%-]{2,63}\\.)+(com|net|int|edu|gov|org|info|mil)"
    "|(https?://)((([\\d]{1,3})(\\.[\\d]{1,3}){3})|(\\[([\\da-f]{0,4}:){2}([\\da-f]{0,4}:?){1,6}])))"
    "(?::[\\d]{1,5})?(?:[/?#]\\S*)?$";
static const char email_pattern[] = "^\\S+@\\w[\\w.-]*\\.\\w+$";

struct linking {
    struct ev *ev;
    struct pyregex *http, *email;
    struct buffer attributes; /* ' rel="..." target="..."' */
    int64_t limit;            /* characters shown of an address, -1: all */
    value schemes;
    struct buffer *out;
};

static bool matches(struct linking *l, const struct pyregex *regex, const char *s, size_t n)
{
    bool yes = false;

    return pyregex_test(regex, s, n, PYREGEX_MATCH, l->ev->limits.regex_matches, &yes, NULL) == 0 && yes;
}

static bool begins(const char *s, size_t n, const char *with)
{
    return n >= strlen(with) && memcmp(s, with, strlen(with)) == 0;
}

static void add_link(struct linking *l, const char *prefix, const char *s, size_t n, size_t shown_from,
                     bool attributes)
{
    VALUE_AUTO(shown);
    size_t chars;

    shown = value_text_n(s + shown_from, n - shown_from);
    chars = value_string_chars(shown);
    buffer_addf(l->out, "<a href=\"%s%.*s\"", prefix, (int)n, s);
    if (attributes)
        buffer_add(l->out, buffer_text(&l->attributes), l->attributes.len);
    buffer_add_char(l->out, '>');
    if (attributes && l->limit >= 0 && chars > (size_t)l->limit) {
        value cut;

        if (ev_slice(l->ev, shown, VALUE_NOTHING, value_int(l->limit), VALUE_NOTHING, &cut) == 0) {
            buffer_addf(l->out, "%s...", value_chars(cut));
            value_unref(cut);
        }
    } else {
        buffer_add(l->out, value_chars(shown), value_len(shown));
    }
    buffer_add_text(l->out, "</a>");
}

static void add_middle(struct linking *l, const char *s, size_t n)
{
    if (matches(l, l->http, s, n)) {
        add_link(l, begins(s, n, "https://") || begins(s, n, "http://") ? "" : "https://", s, n, 0, true);
        return;
    }
    if (begins(s, n, "mailto:") && matches(l, l->email, s + 7, n - 7)) {
        add_link(l, "", s, n, 7, false);
        return;
    }
    if (memchr(s, '@', n) && !begins(s, n, "www.") && !memchr(s, ':', n) && matches(l, l->email, s, n)) {
        add_link(l, "mailto:", s, n, 0, false);
        return;
    }
    VALUE_LIST_EACH (i, scheme, l->schemes) {
        value text = text_of(scheme);

        if (value_is_set(text) && n > value_len(text) && begins(s, n, value_chars(text))) {
            int64_t limit = l->limit;

            l->limit = -1;
            add_link(l, "", s, n, 0, true);
            l->limit = limit;
            return;
        }
    }
    buffer_add(l->out, s, n);
}

static size_t lead(const char *s, size_t n)
{
    size_t at = 0;

    for (;;) {
        if (at < n && (s[at] == '(' || s[at] == '<'))
            at++;
        else if (n - at >= 4 && memcmp(s + at, "&lt;", 4) == 0)
            at += 4;
        else
            return at;
    }
}

static size_t tail(const char *s, size_t n)
{
    for (;;) {
        if (n && strchr(")>.,\n", s[n - 1]))
            n--;
        else if (n >= 4 && memcmp(s + n - 4, "&gt;", 4) == 0)
            n -= 4;
        else
            return n;
    }
}

static size_t occurrences(const char *s, size_t n, const char *part)
{
    size_t count = 0, len = strlen(part);
    const char *end = s + n;

    while ((s = memmem(s, (size_t)(end - s), part, len))) {
        count++;
        s += len;
    }
    return count;
}

/* Brackets that open inside the address take their closing ones back from behind it. */
static size_t balance(const char *s, size_t middle, size_t n)
{
    static const char *const pairs[][2] = { { "(", ")" }, { "<", ">" }, { "&lt;", "&gt;" } };

    for (size_t i = 0; i < ELEMENTS(pairs); i++) {
        size_t opened = occurrences(s, middle, pairs[i][0]),
               behind = occurrences(s + middle, n - middle, pairs[i][1]);

        if (opened <= occurrences(s, middle, pairs[i][1]))
            continue;
        for (size_t k = 0; k < opened && k < behind; k++) {
            const char *close = memmem(s + middle, n - middle, pairs[i][1], strlen(pairs[i][1]));

            if (close)
                middle = (size_t)(close - s) + strlen(pairs[i][1]);
        }
    }
    return middle;
}

static void add_word(struct linking *l, const char *s, size_t n)
{
    size_t head = lead(s, n), end = balance(s + head, tail(s + head, n - head), n - head);

    buffer_add(l->out, s, head);
    add_middle(l, s + head, end);
    buffer_add(l->out, s + head + end, n - head - end);
}

/* rel="..." of the words given, nofollow and noopener, sorted and each once. */
static int add_rel(struct linking *l, value rel, bool nofollow)
{
    const char *words[66];
    size_t n = 0;
    char *copy = xstrdup(value_is_set(text_of(rel)) ? value_chars(text_of(rel)) : ""), *save = NULL;

    words[n++] = "noopener";
    if (nofollow)
        words[n++] = "nofollow";
    for (char *word = strtok_r(copy, " \t\n", &save); word && n < 64; word = strtok_r(NULL, " \t\n", &save)) {
        bool known = false;

        for (size_t i = 0; i < n; i++)
            known = known || strcmp(words[i], word) == 0;
        if (!known)
            words[n++] = word;
    }
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k > 0 && strcmp(words[k - 1], words[k]) > 0; k--) {
            const char *swap = words[k];

            words[k] = words[k - 1];
            words[k - 1] = swap;
        }
    buffer_add_text(&l->attributes, " rel=\"");
    for (size_t i = 0; i < n; i++) {
        VALUE_AUTO(word);

        word = value_text(words[i]);
        buffer_add_text(&l->attributes, i ? " " : "");
        text_escape(&l->attributes, word);
    }
    buffer_add_char(&l->attributes, '"');
    free(copy);
    return 0;
}

static int link_words(struct linking *l, value text)
{
    BUFFER_AUTO(escaped);
    const char *at, *end;

    text_escape(&escaped, text);
    at = buffer_text(&escaped);
    end = at + escaped.len;
    while (at < end) {
        const char *start = at;

        while (at < end && !code_is_space((unsigned char)*at))
            at++;
        if (ev_pay(l->ev, (uint64_t)(at - start) / 2 + 20) < 0)
            return -1;
        if (at > start)
            add_word(l, start, (size_t)(at - start));
        start = at;
        while (at < end && code_is_space((unsigned char)*at))
            at++;
        buffer_add(l->out, start, (size_t)(at - start));
        if (l->out->len > l->ev->limits.text)
            return ev_limit(l->ev, LIMIT_TEXT, l->ev->limits.text);
    }
    return 0;
}

int filter_urlize(struct ev *ev, struct bound *bound, value *ret)
{
    BUFFER_AUTO(out);
    struct linking l = { .ev = ev, .out = &out, .limit = -1, .schemes = bound->args[5] };
    VALUE_AUTO(text);
    bool nofollow = false;
    int r;

    if (ev_str_value(ev, bound->args[0], &text) < 0 ||
        (!value_is_null(bound->args[1]) && ev_index_of(ev, bound->args[1], &l.limit) < 0) ||
        (value_is_set(bound->args[2]) && ev_truth(ev, bound->args[2], &nofollow) < 0) ||
        pyregex_get(http_pattern, sizeof(http_pattern) - 1, PYREGEX_IGNORECASE, &l.http, ev->err) < 0)
        return -1;
    if (pyregex_get(email_pattern, sizeof(email_pattern) - 1, 0, &l.email, ev->err) < 0) {
        pyregex_unref(l.http);
        return -1;
    }
    r = add_rel(&l, bound->args[4], nofollow);
    if (value_is_set(text_of(bound->args[3]))) {
        buffer_add_text(&l.attributes, " target=\"");
        text_escape(&l.attributes, text_of(bound->args[3]));
        buffer_add_char(&l.attributes, '"');
    }
    if (r == 0)
        r = link_words(&l, text);
    if (r == 0) {
        *ret = value_text_n(buffer_text(&out), out.len);
        if (ev->autoescape)
            *ret = markup_new(*ret);
    }
    buffer_release(&l.attributes);
    pyregex_unref(l.http);
    pyregex_unref(l.email);
    return r;
}
