/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

/* The length of the sequence at s when it is valid, else 0. */
static size_t sequence(const unsigned char *s, size_t left)
{
    static const struct {
        unsigned char low, high; /* of the first byte */
        unsigned char second_low, second_high;
        unsigned char length;
    } forms[] = {
        { 0xC2, 0xDF, 0x80, 0xBF, 2 }, { 0xE0, 0xE0, 0xA0, 0xBF, 3 }, { 0xE1, 0xEC, 0x80, 0xBF, 3 },
        { 0xED, 0xED, 0x80, 0x9F, 3 }, { 0xEE, 0xEF, 0x80, 0xBF, 3 }, { 0xF0, 0xF0, 0x90, 0xBF, 4 },
        { 0xF1, 0xF3, 0x80, 0xBF, 4 }, { 0xF4, 0xF4, 0x80, 0x8F, 4 },
    };

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (s[0] < forms[i].low || s[0] > forms[i].high)
            continue;
        if (left < forms[i].length || s[1] < forms[i].second_low || s[1] > forms[i].second_high)
            return 0;
        for (size_t j = 2; j < forms[i].length; j++)
            if ((s[j] & 0xC0) != 0x80)
                return 0;
        return forms[i].length;
    }
    return 0;
}

size_t utf8_valid_prefix(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;

    while (at < n) {
        uint64_t word;
        size_t step;

        if (n - at >= 8) {
            memcpy(&word, s + at, 8);
            if (!(word & 0x8080808080808080ULL)) {
                at += 8;
                continue;
            }
        }
        if (s[at] < 0x80) {
            at++;
            continue;
        }
        step = sequence(s + at, n - at);
        if (!step)
            return at;
        at += step;
    }
    return n;
}

bool utf8_valid(const char *s, size_t n)
{
    return utf8_valid_prefix(s, n) == n;
}

size_t utf8_length(const char *s, size_t n)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += (s[i] & 0xC0) != 0x80;
    return count;
}

uint32_t utf8_next(const char **at)
{
    const unsigned char *s = (const unsigned char *)*at;

    if (s[0] < 0x80) {
        *at += 1;
        return s[0];
    }
    if (s[0] < 0xE0) {
        *at += 2;
        return (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
    }
    if (s[0] < 0xF0) {
        *at += 3;
        return (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 | (s[2] & 0x3F);
    }
    *at += 4;
    return (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 | (uint32_t)(s[2] & 0x3F) << 6 |
           (s[3] & 0x3F);
}

size_t utf8_offset(const char *s, size_t n, size_t index)
{
    size_t at = 0;

    while (at < n) {
        if (index == 0)
            return at;
        index--;
        at++;
        while (at < n && (s[at] & 0xC0) == 0x80)
            at++;
    }
    return n;
}
