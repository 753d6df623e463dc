/* SPDX-License-Identifier: Apache-2.0 */
/* What a pack asks of the server: semantic versions and the expressions over them. */
#include <ctype.h>
#include <stdlib.h>

#include "base/mem.h"
#include "packs/pack-internal.h"

#define VERSION_CHARS_MAX 256

struct version {
    uint64_t numbers[3];
    const char *pre; /* after "-", up to "+" or the end; empty: a release */
    size_t pre_len;
};

/* number "." number "." number [ "-" pre ] [ "+" build ] */
static bool read_version(const char *text, struct version *ret)
{
    *ret = (struct version){ 0 };
    if (strlen(text) > VERSION_CHARS_MAX)
        return false;
    for (int i = 0; i < 3; i++) {
        char *end;

        if (!isdigit((unsigned char)*text))
            return false;
        ret->numbers[i] = strtoull(text, &end, 10);
        if (i < 2 && *end != '.')
            return false;
        text = end + (i < 2);
    }
    ret->pre = text;
    if (*text == '-') {
        ret->pre = text + 1;
        ret->pre_len = strcspn(ret->pre, "+");
        text = ret->pre + ret->pre_len;
    }
    return !*text || *text == '+';
}

/* Identifiers: numbers by size and below words, words by letters; fewer ones come first. */
static int compare_pre(const struct version *a, const struct version *b)
{
    const char *p = a->pre, *q = b->pre, *p_end = p + a->pre_len, *q_end = q + b->pre_len;

    if (!a->pre_len || !b->pre_len)
        return (!a->pre_len) - (!b->pre_len);
    while (p < p_end && q < q_end) {
        size_t n = strcspn(p, ".+"), m = strcspn(q, ".+");
        bool p_number = strspn(p, "0123456789") >= n, q_number = strspn(q, "0123456789") >= m;
        int order;

        if (p_number != q_number)
            return p_number ? -1 : 1;
        order = p_number && n != m ? (n < m ? -1 : 1) : memcmp(p, q, n < m ? n : m);
        if (order || n != m)
            return order ? order : n < m ? -1 : 1;
        p += n + 1;
        q += m + 1;
    }
    return (p < p_end) - (q < q_end);
}

static int compare_versions(const struct version *a, const struct version *b)
{
    for (int i = 0; i < 3; i++)
        if (a->numbers[i] != b->numbers[i])
            return a->numbers[i] < b->numbers[i] ? -1 : 1;
    return compare_pre(a, b);
}

/* One comparison: an operator and a version, no space between them. */
static int match_one(const struct version *version, const char *expression, bool *ret, struct error *err)
{
    static const struct {
        const char *text;
        bool less, equal, greater;
    } operators[] = {
        { ">=", false, true, true }, { "<=", true, true, false }, { "==", false, true, false },
        { "!=", true, false, true }, { ">", false, false, true }, { "<", true, false, false },
        { "", false, true, false },
    };
    struct version other;
    int order;

    for (size_t i = 0; i < ELEMENTS(operators); i++) {
        size_t n = strlen(operators[i].text);

        if (strncmp(expression, operators[i].text, n) != 0)
            continue;
        if (!read_version(expression + n, &other))
            break;
        order = compare_versions(version, &other);
        *ret = order < 0 ? operators[i].less : order > 0 ? operators[i].greater : operators[i].equal;
        return 0;
    }
    return error_set_kind(
        err, -EINVAL, "ValueError",
        "match_expr parameter should be in format <op><ver>, where <op> is one of ['<', '>', '==', '<=', "
        "'>=', '!=']. You provided: '%s'",
        expression);
}

/* "3.10dev" is 3.10.0. */
static char *complete_version(const char *text)
{
    const char *dev = strstr(text, "dev");

    return dev ? xasprintf("%.*s.0", (int)(dev - text), text) : xstrdup(text);
}

int version_matches(const char *text, const char *expression, bool *ret, struct error *err)
{
    CLEANUP(freep)
    char *full = complete_version(text);
    CLEANUP(freep)
    char *parts = xstrdup(expression);
    struct version version;
    char *rest = parts, *part;
    bool all = true, one;
    int r;

    if (strcmp(expression, "all") == 0) {
        *ret = true;
        return 0;
    }
    if (!read_version(full, &version))
        return error_set_kind(err, -EINVAL, "ValueError", "%s is not valid SemVer string", full);
    if (!strchr(parts, ','))
        return match_one(&version, parts, ret, err);
    while ((part = strsep(&rest, ","))) {
        size_t n;

        part += strspn(part, " \t\n");
        for (n = strlen(part); n && strchr(" \t\n", part[n - 1]); n--)
            ;
        part[n] = '\0';
        if (!n)
            continue;
        r = match_one(&version, part, &one, err);
        if (r < 0)
            return r;
        all = all && one;
    }
    *ret = all;
    return 0;
}

#define FORCE_HINT \
    "You can override this restriction by providing the \"force\" flag, but the pack is not guaranteed to work."

int pack_check_requirements(value record, const char *version, struct error *err)
{
    const char *name = value_map_chars(record, "name"),
               *needed = value_map_chars(record, "stackstorm_version");
    CLEANUP(freep)
    char *full = complete_version(version);
    value pythons = value_map_get(record, "python_versions");
    bool matches = true;
    int r = 0;

    if (needed && *needed)
        r = version_matches(full, needed, &matches, err);
    if (r < 0)
        return r;
    if (!matches)
        return error_set_kind(
            err, -EINVAL, "ValueError",
            "Pack \"%s\" requires StackStorm \"%s\", but current version is \"%s\". " FORCE_HINT, name,
            needed, full);
    if (value_list_count(pythons) == 1 && value_text_is(value_list_at(pythons, 0), "2"))
        return error_set_kind(
            err, -EINVAL, "ValueError",
            "Pack \"%s\" requires Python 2.x, but current Python version is \"3\". " FORCE_HINT, name);
    return 0;
}
