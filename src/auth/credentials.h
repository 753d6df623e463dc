/* SPDX-License-Identifier: Apache-2.0 */
/* What a request presents to say who it is from (auth-and-stream.md 1), and the cookie that an answer gives back. Pure:
   whether a credential is good is for the store to say. */
#ifndef FULMAR_AUTH_CREDENTIALS_H
#define FULMAR_AUTH_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

/* Where credentials are looked for; each gives NULL when there is none of that name. */
struct credential_source {
    const char *(*header)(void *data, const char *name);
    const char *(*query)(void *data, const char *name);
    const char *(*cookie)(void *data, const char *name);
    void *data;
};

enum credential_kind { CREDENTIAL_NONE, CREDENTIAL_TOKEN, CREDENTIAL_API_KEY };
enum credential_place { CREDENTIAL_HEADER, CREDENTIAL_QUERY, CREDENTIAL_COOKIE };

struct credential {
    enum credential_kind kind;
    enum credential_place place;
    const char *text; /* the source's */
};

/* The first one that is present and not empty decides, also when a later one would be better. */
struct credential credential_find(const struct credential_source *source);
/* As `authentication.method` and `authentication.location` of GET /user tell it: a cookie counts as a header. */
const char *credential_method(const struct credential *credential);
const char *credential_location(const struct credential *credential);
/* Is the answer to set the cookie? Tokens in a header or the query only. */
bool credential_sets_cookie(const struct credential *credential);

enum same_site { SAME_SITE_LAX, SAME_SITE_STRICT, SAME_SITE_NONE, SAME_SITE_UNSET };

/* Of the setting api.auth_cookie_same_site; -1 for an unknown word. */
int same_site_from_text(const char *text);
/* The text of Set-Cookie for a token. `none` without `secure` is refused where settings are read. */
void token_cookie(struct buffer *out, const char *token, int64_t expiry_us, int64_t now_us, bool secure,
                  enum same_site same_site);

/* ---- Basic authentication ---- */

struct basic_credentials {
    char *user, *password; /* owned */
};

#define BASIC_HEADER_MAX 8192

/* Outcomes. */
enum { BASIC_MISSING = 1, BASIC_MALFORMED };

/* From the Authorization header (may be NULL). The password may hold colons; both are valid UTF-8. */
int basic_credentials_read(const char *header, struct basic_credentials *ret);
/* Proxy mode: the user whom the front server names in X-Forwarded-User, else the user of a Basic header, whose password
   is not looked at. Owned; NULL when nobody is named. */
char *proxy_user(const struct credential_source *source);
/* Wipes the password. */
void basic_credentials_release(struct basic_credentials *credentials);

#endif
