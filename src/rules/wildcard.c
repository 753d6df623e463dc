/* SPDX-License-Identifier: Apache-2.0 */
/* Shell wildcards as Python's fnmatch has them. Of all stars only the last one is ever tried again, so a match takes at
   most text times pattern steps. */
#include "base/utf8.h"
#include "rules/operators.h"

/* The end of the class that opens at `open` ("["), or NULL when it is not closed and "[" means itself. */
static const char *class_end(const char *open, const char *end)
{
    const char *p = open + 1;

    if (p < end && *p == '!')
        p++;
    if (p < end && *p == ']')
        p++;
    while (p < end && *p != ']')
        p++;
    return p < end ? p : NULL;
}

static bool class_has(const char *p, const char *close, uint32_t c)
{
    bool negated = *p == '!', found = false;

    if (negated)
        p++;
    while (p < close) {
        uint32_t low = utf8_next(&p), high = low;

        if (p + 1 < close && *p == '-') {
            p++;
            high = utf8_next(&p);
        }
        found |= c >= low && c <= high; /* a range backwards holds nothing */
    }
    return found != negated;
}

/* Matches one character of the text against the pattern at *p, which is no star, and moves both on. */
static bool match_one(const char **text, const char **p, const char *end)
{
    const char *close = **p == '[' ? class_end(*p, end) : NULL;
    uint32_t c = utf8_next(text);
    bool has;

    if (close) {
        has = class_has(*p + 1, close, c);
        *p = close + 1;
        return has;
    }
    if (**p == '?') {
        (*p)++;
        return true;
    }
    return utf8_next(p) == c;
}

bool wildcard_match(const char *text, size_t n, const char *pattern, size_t pattern_len)
{
    const char *end = text + n, *pattern_end = pattern + pattern_len;
    const char *star = NULL, *star_text = NULL;

    while (text < end) {
        if (pattern < pattern_end && *pattern == '*') {
            star = ++pattern;
            star_text = text;
            continue;
        }
        if (pattern < pattern_end && match_one(&text, &pattern, pattern_end))
            continue;
        if (!star)
            return false;
        utf8_next(&star_text);
        text = star_text;
        pattern = star;
    }
    while (pattern < pattern_end && *pattern == '*')
        pattern++;
    return pattern == pattern_end;
}
