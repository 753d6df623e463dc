/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nearest.h"

#include <string.h>

#include "base/error.h"

#define NAME_MAX_LEN 40
#define OFFERS_MAX   2000 /* a context may have a hundred thousand keys, and an error must not cost a second */

static unsigned char folded(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;

    return least < c ? least : c;
}

/* Edits (insert, remove, replace, swap neighbours) from a to b, upper and lower case being the same. */
static size_t edit_distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t rows[3][NAME_MAX_LEN + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *oldest = before;
        unsigned char c = folded(a[i - 1]);

        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            unsigned char d = folded(b[j - 1]);

            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (c != d));
            if (i > 1 && j > 1 && c == folded(b[j - 2]) && folded(a[i - 2]) == d &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

struct nearest nearest_to(const char *typed, size_t n)
{
    return (struct nearest){ .typed = typed, .typed_len = n, .least = n / 3 + 1 };
}

void nearest_offer(struct nearest *nearest, const char *name, size_t n)
{
    size_t typed_len = nearest->typed_len;
    size_t apart = n > typed_len ? n - typed_len : typed_len - n, distance = apart;
    bool begins = typed_len && n > typed_len && memcmp(name, nearest->typed, typed_len) == 0;

    if (++nearest->offers > OFFERS_MAX || !n || !typed_len || n > NAME_MAX_LEN || typed_len > NAME_MAX_LEN)
        return;
    if (begins)
        distance = 1;
    else if (apart <= nearest->least)
        distance = edit_distance(nearest->typed, typed_len, name, n);
    /* A name in which nothing is left of what was typed is another name. */
    if (distance >= n || (!begins && distance >= typed_len))
        return;
    if (distance < nearest->least || (!nearest->name && distance == nearest->least)) {
        nearest->name = name;
        nearest->name_len = n;
        nearest->least = distance;
    }
}

const char *nearest_of(const char *typed, const char *const *names)
{
    struct nearest nearest = nearest_to(typed, strlen(typed));

    for (; *names; names++)
        nearest_offer(&nearest, *names, strlen(*names));
    return nearest.name;
}

void nearest_hint(const struct nearest *nearest, struct error *err)
{
    if (nearest->name)
        error_hint(err, "Did you mean '%.*s'?", (int)nearest->name_len, nearest->name);
}
