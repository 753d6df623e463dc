/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/htpasswd.h"

#include <string.h>

#include "auth/password.h"
#include "base/mem.h"

#define HASH_MAX 512

struct line {
    const char *text; /* the whole line without its end */
    size_t n;
    const char *user; /* NULL: a comment or unreadable */
    size_t n_user;
    const char *hash;
    size_t n_hash;
};

/* line: user ":" hash [":" anything], white space around it ignored */
static bool next_line(const char **at, const char *end, struct line *line)
{
    const char *stop, *colon, *last;

    if (*at >= end)
        return false;
    stop = memchr(*at, '\n', (size_t)(end - *at));
    *line = (struct line){ .text = *at, .n = (size_t)((stop ? stop : end) - *at) };
    *at = stop ? stop + 1 : end;
    last = line->text + line->n;
    while (last > line->text && strchr(" \t\r", last[-1]))
        last--;
    colon = memchr(line->text, ':', (size_t)(last - line->text));
    if (!colon || colon == line->text || line->text[0] == '#')
        return true;
    line->user = line->text;
    line->n_user = (size_t)(colon - line->text);
    line->hash = colon + 1;
    line->n_hash = (size_t)(last - line->hash);
    colon = memchr(line->hash, ':', line->n_hash);
    if (colon)
        line->n_hash = (size_t)(colon - line->hash);
    return true;
}

static bool is_for(const struct line *line, const char *user)
{
    return line->user && line->n_user == strlen(user) && memcmp(line->user, user, line->n_user) == 0;
}

static bool find(const char *file, size_t n, const char *user, struct line *ret)
{
    const char *at = file;

    while (next_line(&at, file + n, ret))
        if (is_for(ret, user))
            return true;
    return false;
}

static int check_line(const struct line *line, const char *password)
{
    char hash[HASH_MAX + 1];

    if (line->n_hash > HASH_MAX || memchr(line->hash, '\0', line->n_hash))
        return PASSWORD_UNSUPPORTED;
    memcpy(hash, line->hash, line->n_hash);
    hash[line->n_hash] = '\0';
    return password_verify(hash, password);
}

bool htpasswd_has(const char *file, size_t n, const char *user)
{
    struct line line;

    return find(file, n, user, &line);
}

int htpasswd_verify(const char *file, size_t n, const char *user, const char *password)
{
    const char *at = file;
    struct line line;

    if (find(file, n, user, &line)) {
        int r = check_line(&line, password);

        return r == PASSWORD_WRONG ? HTPASSWD_WRONG : r == PASSWORD_UNSUPPORTED ? HTPASSWD_UNSUPPORTED : 0;
    }
    /* The time it takes must not tell that the user is unknown: somebody else's hash is checked for nothing. */
    while (next_line(&at, file + n, &line))
        if (line.user) {
            check_line(&line, password);
            break;
        }
    return HTPASSWD_UNKNOWN_USER;
}

static int check_user(const char *user, struct error *err)
{
    size_t n = strlen(user);

    if (!n || n > HTPASSWD_USER_MAX)
        return error_set(err, -EINVAL, "A user name has 1 to %d bytes.", HTPASSWD_USER_MAX);
    if (user[0] == '#')
        return error_set(err, -EINVAL, "A user name cannot begin with \"#\".");
    for (const char *s = user; *s; s++)
        if (*s == ':' || (unsigned char)*s < ' ' || *s == 127)
            return error_set(err, -EINVAL, "A user name cannot contain colons or control characters.");
    return 0;
}

static void add_line(struct buffer *out, const char *user, const char *hash)
{
    if (hash)
        buffer_addf(out, "%s:%s\n", user, hash);
}

int htpasswd_set(struct buffer *out, const char *file, size_t n, const char *user, const char *hash,
                 struct error *err)
{
    const char *at = file;
    bool written = false;
    struct line line;
    int r;

    r = check_user(user, err);
    if (r < 0)
        return r;
    while (next_line(&at, file + n, &line)) {
        if (!is_for(&line, user)) {
            buffer_add(out, line.text, line.n);
            buffer_add_char(out, '\n');
        } else if (!written) {
            add_line(out, user, hash);
            written = true;
        }
    }
    if (!written)
        add_line(out, user, hash);
    return 0;
}
