/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "cli/cli-internal.h"

#define NAME_MAX_LEN 40

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Edits (insert, remove, replace, swap neighbours) from a to b. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t rows[3][NAME_MAX_LEN + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    if (n > NAME_MAX_LEN || m > NAME_MAX_LEN)
        return NAME_MAX_LEN;
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *oldest = before;

        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

const char *suggest_name(const char *typed, const char *const *names)
{
    const char *nearest = NULL;
    size_t least = strlen(typed) / 3 + 1;

    for (; *names; names++) {
        size_t distance = strncmp(*names, typed, strlen(typed)) == 0 ? 1 : edit_distance(typed, *names);

        if (distance < least || (!nearest && distance == least)) {
            nearest = *names;
            least = distance;
        }
    }
    return nearest;
}
