/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include <ctype.h>

#include "auth/api_key.h"
#include "auth/credentials.h"
#include "auth/throttle.h"
#include "auth/token.h"
#include "base/mem.h"

/* ---- what a request presents ---- */

static const char *member(void *data, const char *name)
{
    return value_map_chars(*(value *)data, name);
}

static const char *header(void *data, const char *name)
{
    return member((value *)data, name);
}

static const char *query(void *data, const char *name)
{
    return member((value *)data + 1, name);
}

static const char *cookie(void *data, const char *name)
{
    return member((value *)data + 2, name);
}

static void assert_found(const char *headers, const char *queries, const char *cookies,
                         enum credential_kind kind, const char *text)
{
    value sets[3] = { from_json(headers), from_json(queries), from_json(cookies) };
    struct credential_source source = { header, query, cookie, sets };
    struct credential found = credential_find(&source);

    assert_int_equal(found.kind, kind);
    if (text)
        assert_string_equal(found.text, text);
    for (int i = 0; i < 3; i++)
        value_unref(sets[i]);
}

TEST(the_first_credential_decides)
{
    const char *all_headers = "{\"X-Auth-Token\":\"a\",\"St2-Api-Key\":\"b\"}";
    const char *all_queries = "{\"x-auth-token\":\"c\",\"st2-api-key\":\"d\"}";

    assert_found("{}", "{}", "{}", CREDENTIAL_NONE, NULL);
    assert_found(all_headers, all_queries, "{\"auth-token\":\"e\"}", CREDENTIAL_TOKEN, "a");
    assert_found("{\"X-Auth-Token\":\"\",\"St2-Api-Key\":\"b\"}", all_queries, "{}", CREDENTIAL_API_KEY, "b");
    assert_found("{}", all_queries, "{\"auth-token\":\"e\"}", CREDENTIAL_TOKEN, "c");
    assert_found("{}", "{\"st2-api-key\":\"d\"}", "{\"auth-token\":\"e\"}", CREDENTIAL_API_KEY, "d");
    assert_found("{}", "{}", "{\"auth-token\":\"e\"}", CREDENTIAL_TOKEN, "e");
}

TEST(a_cookie_counts_as_header_and_is_not_set_again)
{
    struct credential by_cookie = { CREDENTIAL_TOKEN, CREDENTIAL_COOKIE, "x" };
    struct credential by_query = { CREDENTIAL_TOKEN, CREDENTIAL_QUERY, "x" };
    struct credential by_key = { CREDENTIAL_API_KEY, CREDENTIAL_HEADER, "x" };

    assert_string_equal(credential_location(&by_cookie), "header");
    assert_string_equal(credential_location(&by_query), "query");
    assert_false(credential_sets_cookie(&by_cookie));
    assert_true(credential_sets_cookie(&by_query));
    assert_false(credential_sets_cookie(&by_key));
    assert_string_equal(credential_method(&by_query), "authentication token");
}

TEST(the_cookie_is_built)
{
    BUFFER_AUTO(text);

    token_cookie(&text, "abc", 1700003600500000, 1700000000000000, true, SAME_SITE_LAX);
    assert_string_equal(
        text.data, "auth-token=abc; Max-Age=3600; Path=/; expires=Tue, 14-Nov-2023 23:13:20 GMT; secure; "
                   "HttpOnly; SameSite=lax");
    buffer_clear(&text);
    token_cookie(&text, "abc", 0, 1700000000000000, false, SAME_SITE_UNSET);
    assert_string_equal(text.data,
                        "auth-token=abc; Max-Age=0; Path=/; expires=Thu, 01-Jan-1970 00:00:00 GMT; HttpOnly");
    assert_int_equal(same_site_from_text("strict"), SAME_SITE_STRICT);
    assert_int_equal(same_site_from_text("Lax"), -1);
}

/* ---- Basic ---- */

static void assert_basic(const char *text, int outcome, const char *user, const char *password)
{
    struct basic_credentials basic = { 0 };

    assert_int_equal(basic_credentials_read(text, &basic), outcome);
    if (!outcome) {
        assert_string_equal(basic.user, user);
        assert_string_equal(basic.password, password);
    }
    basic_credentials_release(&basic);
}

TEST(basic_headers_are_read)
{
    assert_basic("Basic c3QyYWRtaW46d3Jvbmc=", 0, "st2admin", "wrong");
    assert_basic("basic  YTpiOmM=", 0, "a", "b:c");
    assert_basic("Basic YTo", 0, "a", "");
    assert_basic("Basic bm9jb2xvbg==", BASIC_MALFORMED, NULL, NULL);
    assert_basic("Basic OnB3", BASIC_MALFORMED, NULL, NULL);
    assert_basic("Basic !!!", BASIC_MALFORMED, NULL, NULL);
    assert_basic("Basic YTr/", BASIC_MALFORMED, NULL, NULL);
    assert_basic("Basic ", BASIC_MALFORMED, NULL, NULL);
    assert_basic("Bearer abc", BASIC_MISSING, NULL, NULL);
    assert_basic("", BASIC_MISSING, NULL, NULL);
    assert_basic(NULL, BASIC_MISSING, NULL, NULL);
}

static void assert_proxy_user(const char *headers, const char *expected)
{
    value sets[3] = { from_json(headers), VALUE_NOTHING, VALUE_NOTHING };
    struct credential_source source = { header, query, cookie, sets };
    CLEANUP(freep)
    char *user = proxy_user(&source);

    if (expected)
        assert_string_equal(user, expected);
    else
        assert_null(user);
    value_unref(sets[0]);
}

TEST(a_front_server_names_the_user)
{
    assert_proxy_user("{\"X-Forwarded-User\":\"ann\",\"Authorization\":\"Basic YTpiOmM=\"}", "ann");
    assert_proxy_user("{\"Authorization\":\"Basic YTpiOmM=\"}", "a");
    assert_proxy_user("{\"Authorization\":\"Basic !!!\"}", NULL);
    assert_proxy_user("{}", NULL);
}

/* ---- secrets ---- */

TEST(tokens_are_uuids_without_dashes)
{
    char a[TOKEN_SIZE], b[TOKEN_SIZE];

    token_make(a);
    token_make(b);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "0123456789abcdef"), 32);
    assert_int_equal(a[12], '4');
    assert_non_null(strchr("89ab", a[16]));
}

TEST(api_keys_are_letters_and_digits)
{
    char key[API_KEY_SIZE];

    api_key_make(key);
    assert_int_equal(strlen(key), 86);
    for (const char *s = key; *s; s++)
        assert_true(isalnum((unsigned char)*s));
}

TEST(api_keys_are_hashed_as_everywhere)
{
    char hash[API_KEY_HASH_SIZE];

    api_key_hash("abc", hash);
    assert_string_equal(hash, "3e5076021e2cb3dd90a045649478c8f858ff6803df789b950370870220099e9c"
                              "1b1e8be52f60e2dc56b2c6c7ead6c732f119e784d47f20711b79d78c032a3182");
}

/* ---- the brake ---- */

#define SECOND 1000000LL

static void fail_times(struct throttle *throttle, const char *user, const char *address, int times,
                       int64_t now_us)
{
    for (int i = 0; i < times; i++)
        throttle_failed(throttle, user, address, now_us);
}

TEST(guessing_becomes_slow_and_is_forgotten)
{
    struct throttle *throttle = throttle_new(100);

    fail_times(throttle, "ann", "10.0.0.1", 4, SECOND);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND), 0);
    fail_times(throttle, "ann", "10.0.0.1", 1, SECOND);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND), SECOND / 2);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.2", SECOND), 0);
    fail_times(throttle, "ann", "10.0.0.1", 3, SECOND);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND), 4 * SECOND);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", 5 * SECOND), 0);
    fail_times(throttle, "ann", "10.0.0.1", 1000, SECOND);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND), 60 * SECOND);
    assert_int_equal(throttle_wait_us(throttle, "bob", "10.0.0.1", SECOND), 60 * SECOND);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.2", SECOND), 5 * SECOND);
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", 1000 * SECOND), 0);
    throttle_free(throttle);
}

TEST(success_forgets_the_users_failures)
{
    struct throttle *throttle = throttle_new(100);

    fail_times(throttle, "ann", "10.0.0.1", 6, SECOND);
    assert_true(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND) > 0);
    throttle_succeeded(throttle, "ann", "10.0.0.1");
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND), 0);
    throttle_free(throttle);
}

TEST(success_makes_up_for_some_failures_of_the_address)
{
    struct throttle *throttle = throttle_new(100);

    for (int i = 0; i < 25; i++) {
        CLEANUP(freep)
        char *user = xasprintf("user%d", i);

        throttle_failed(throttle, user, "10.0.0.1", SECOND);
    }
    assert_true(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND) > 0);
    throttle_succeeded(throttle, "ann", "10.0.0.1");
    assert_int_equal(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND), 0);
    fail_times(throttle, "bob", "10.0.0.1", 5, SECOND);
    assert_true(throttle_wait_us(throttle, "ann", "10.0.0.1", SECOND) > 0);
    throttle_free(throttle);
}

TEST(many_names_do_not_grow_the_table)
{
    struct throttle *throttle = throttle_new(64);

    for (int i = 0; i < 10000; i++) {
        CLEANUP(freep)
        char *user = xasprintf("user%d", i);

        throttle_failed(throttle, user, "10.0.0.1", i * 1000);
    }
    assert_true(throttle_wait_us(throttle, "other", "10.0.0.1", 10 * SECOND) > 0);
    throttle_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_credential_decides),
        cmocka_unit_test(a_cookie_counts_as_header_and_is_not_set_again),
        cmocka_unit_test(the_cookie_is_built),
        cmocka_unit_test(basic_headers_are_read),
        cmocka_unit_test(a_front_server_names_the_user),
        cmocka_unit_test(tokens_are_uuids_without_dashes),
        cmocka_unit_test(api_keys_are_letters_and_digits),
        cmocka_unit_test(api_keys_are_hashed_as_everywhere),
        cmocka_unit_test(guessing_becomes_slow_and_is_forgotten),
        cmocka_unit_test(success_forgets_the_users_failures),
        cmocka_unit_test(success_makes_up_for_some_failures_of_the_address),
        cmocka_unit_test(many_names_do_not_grow_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
