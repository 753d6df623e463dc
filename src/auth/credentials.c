/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/credentials.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>

#include "base/mem.h"
#include "base/utf8.h"

#define COOKIE_NAME "auth-token"

/* In the order in which they decide. */
static const struct {
    enum credential_place place;
    const char *name;
    enum credential_kind kind;
} presented[] = {
    { CREDENTIAL_HEADER, "X-Auth-Token", CREDENTIAL_TOKEN },
    { CREDENTIAL_HEADER, "St2-Api-Key", CREDENTIAL_API_KEY },
    { CREDENTIAL_QUERY, "x-auth-token", CREDENTIAL_TOKEN },
    { CREDENTIAL_QUERY, "st2-api-key", CREDENTIAL_API_KEY },
    { CREDENTIAL_COOKIE, COOKIE_NAME, CREDENTIAL_TOKEN },
};

static const char *look(const struct credential_source *source, enum credential_place place, const char *name)
{
    switch (place) {
    case CREDENTIAL_HEADER:
        return source->header(source->data, name);
    case CREDENTIAL_QUERY:
        return source->query(source->data, name);
    case CREDENTIAL_COOKIE:
        return source->cookie(source->data, name);
    }
    return NULL;
}

struct credential credential_find(const struct credential_source *source)
{
    for (size_t i = 0; i < ELEMENTS(presented); i++) {
        const char *text = look(source, presented[i].place, presented[i].name);

        if (text && *text)
            return (struct credential){ presented[i].kind, presented[i].place, text };
    }
    return (struct credential){ CREDENTIAL_NONE };
}

const char *credential_method(const struct credential *credential)
{
    static const char *const methods[] = {
        [CREDENTIAL_NONE] = "",
        [CREDENTIAL_TOKEN] = "authentication token",
        [CREDENTIAL_API_KEY] = "API key",
    };

    return methods[credential->kind];
}

const char *credential_location(const struct credential *credential)
{
    return credential->place == CREDENTIAL_QUERY ? "query" : "header";
}

bool credential_sets_cookie(const struct credential *credential)
{
    return credential->kind == CREDENTIAL_TOKEN && credential->place != CREDENTIAL_COOKIE;
}

static const struct {
    const char *setting, *attribute;
} same_sites[] = {
    [SAME_SITE_LAX] = { "lax", "; SameSite=lax" },
    [SAME_SITE_STRICT] = { "strict", "; SameSite=strict" },
    [SAME_SITE_NONE] = { "none", "; SameSite=none" },
    [SAME_SITE_UNSET] = { "unset", "" },
};

int same_site_from_text(const char *text)
{
    for (size_t i = 0; i < ELEMENTS(same_sites); i++)
        if (strcmp(same_sites[i].setting, text) == 0)
            return (int)i;
    return -1;
}

void token_cookie(struct buffer *out, const char *token, int64_t expiry_us, int64_t now_us, bool secure,
                  enum same_site same_site)
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    int64_t left = expiry_us > now_us ? (expiry_us - now_us) / 1000000 : 0;
    time_t seconds = (time_t)(expiry_us / 1000000);
    struct tm at = { 0 };

    gmtime_r(&seconds, &at);
    buffer_addf(out,
                COOKIE_NAME
                "=%s; Max-Age=%lld; Path=/; expires=%s, %02d-%s-%04d %02d:%02d:%02d GMT%s; HttpOnly%s",
                token, (long long)left, days[at.tm_wday], at.tm_mday, months[at.tm_mon], at.tm_year + 1900,
                at.tm_hour, at.tm_min, at.tm_sec, secure ? "; secure" : "", same_sites[same_site].attribute);
}

/* ---- Basic authentication ---- */

static int base64_digit(char c)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

/* Into `out`, which has room for three quarters of n; -1 when it is no base 64. Padding may be missing. */
static ssize_t decode_base64(const char *s, size_t n, char *out)
{
    unsigned bits = 0;
    int n_bits = 0;
    size_t len = 0;

    while (n && s[n - 1] == '=')
        n--;
    if (n % 4 == 1)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int digit = base64_digit(s[i]);

        if (digit < 0)
            return -1;
        bits = bits << 6 | (unsigned)digit;
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            out[len++] = (char)(bits >> n_bits);
        }
    }
    return (ssize_t)len;
}

static int split(const char *text, size_t n, struct basic_credentials *ret)
{
    const char *colon = memchr(text, ':', n);

    if (!colon || colon == text || memchr(text, '\0', n) || !utf8_valid(text, n))
        return BASIC_MALFORMED;
    ret->user = xstrndup(text, (size_t)(colon - text));
    ret->password = xstrndup(colon + 1, n - (size_t)(colon + 1 - text));
    return 0;
}

int basic_credentials_read(const char *header, struct basic_credentials *ret)
{
    char text[BASIC_HEADER_MAX];
    ssize_t len;
    size_t n;
    int r;

    if (!header || !*header)
        return BASIC_MISSING;
    if (strncasecmp(header, "Basic ", 6) != 0)
        return BASIC_MISSING;
    header += 6 + strspn(header + 6, " ");
    n = strlen(header);
    while (n && (header[n - 1] == ' ' || header[n - 1] == '\t'))
        n--;
    if (n > BASIC_HEADER_MAX)
        return BASIC_MALFORMED;
    len = decode_base64(header, n, text);
    r = len < 0 ? BASIC_MALFORMED : split(text, (size_t)len, ret);
    OPENSSL_cleanse(text, sizeof(text));
    return r;
}

char *proxy_user(const struct credential_source *source)
{
    const char *name = source->header(source->data, "X-Forwarded-User");
    struct basic_credentials basic = { 0 };
    char *user = NULL;

    if (name && *name)
        return xstrdup(name);
    if (basic_credentials_read(source->header(source->data, "Authorization"), &basic) == 0)
        user = take_ptr(&basic.user);
    basic_credentials_release(&basic);
    return user;
}

void basic_credentials_release(struct basic_credentials *credentials)
{
    if (credentials->password)
        OPENSSL_cleanse(credentials->password, strlen(credentials->password));
    free(credentials->user);
    free(credentials->password);
    *credentials = (struct basic_credentials){ 0 };
}
