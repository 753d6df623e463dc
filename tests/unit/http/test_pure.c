/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the room that need no connection: routing, decoding, forms, compression, query types. */
#include "../unit.h"

#include "base/mem.h"
#include "base/pool.h"
#include "http/body.h"
#include "http/form.h"
#include "http/gzip.h"
#include "http/query.h"
#include "http/router.h"
#include "http/uri.h"

/* ---- routing ---- */

static void nothing(struct http_request *request, void *owner)
{
}

#define ROUTE(method, service, path)   \
    {                                  \
        method, service, path, nothing \
    }

static const struct http_route routes[] = {
    ROUTE("GET", HTTP_API, "/actionalias/{ref_or_id:(?!match)(?!help).*}"),
    ROUTE("PUT", HTTP_API, "/actionalias/{ref_or_id}"),
    ROUTE("POST", HTTP_API, "/actionalias/match"),
    ROUTE("GET", HTTP_API, "/actionalias/help"),
    ROUTE("GET", HTTP_API, "/packs/{ref_or_id:(?!index)(?!views).*}"),
    ROUTE("GET", HTTP_API, "/packs/index"),
    ROUTE("GET", HTTP_API, "/packs/views/file/{ref_or_id}/{file_path:.*}"),
    ROUTE("POST", HTTP_API, "/webhooks/{hook:.*}"),
    ROUTE("GET", HTTP_API, "/webhooks/{url}"),
    ROUTE("GET", HTTP_API, "/ruleenforcements/{id}"),
    ROUTE("GET", HTTP_API, "/ruleenforcements/views"),
    ROUTE("GET", HTTP_API, "/ruleenforcements/views/{id}"),
    ROUTE("GET", HTTP_API, "/executions/{id}"),
    ROUTE("GET", HTTP_API, "/executions/{id}/attribute/{attribute}"),
    ROUTE("GET", HTTP_API, "/executions/views/filters"),
    ROUTE("GET", HTTP_STREAM, "/stream"),
    ROUTE("GET", HTTP_AUTH, "/sso"),
    ROUTE("GET", HTTP_SITE, "/metrics"),
    ROUTE("GET", HTTP_SITE, "/ui/{file:.*}"),
};

static const struct http_alias aliases[] = { { "actionexecutions", "executions" } };

/* "pattern name=text ...", or "" for none. */
static void assert_route(const char *method, const char *path, const char *expected)
{
    CLEANUP(router_freep)
    struct router *router = NULL;
    struct router_match match;
    BUFFER_AUTO(found);

    assert_int_equal(router_new(routes, ELEMENTS(routes), aliases, ELEMENTS(aliases), &router, NULL), 0);
    if (router_match(router, HTTP_API, method, path, &match) == 0) {
        buffer_add_text(&found, match.route->path);
        for (size_t i = 0; i < match.n_variables; i++)
            buffer_addf(&found, " %.*s=%.*s", (int)match.variables[i].n_name, match.variables[i].name,
                        (int)match.variables[i].n, match.variables[i].text);
    }
    assert_string_equal(buffer_text(&found), expected);
}

TEST(patterns_exclude_and_take_rests)
{
    assert_route("GET", "/v1/actionalias/a.b", "/actionalias/{ref_or_id:(?!match)(?!help).*} ref_or_id=a.b");
    assert_route("GET", "/v1/actionalias/a/b", "/actionalias/{ref_or_id:(?!match)(?!help).*} ref_or_id=a/b");
    assert_route("GET", "/v1/actionalias/matching", "");
    assert_route("GET", "/v1/actionalias/help", "/actionalias/help");
    assert_route("GET", "/v1/actionalias/helper", "");
    assert_route("PUT", "/v1/actionalias/match", "/actionalias/{ref_or_id} ref_or_id=match");
    assert_route("PUT", "/v1/actionalias/a/b", "");
    assert_route("GET", "/packs/index", "/packs/index");
    assert_route("GET", "/packs/viewsaurus", "");
    assert_route("GET", "/packs/", "");
    assert_route("GET", "/packs/views/file/core/actions/a.yaml",
                 "/packs/views/file/{ref_or_id}/{file_path:.*} ref_or_id=core file_path=actions/a.yaml");
    assert_route("POST", "/webhooks/a/b/c", "/webhooks/{hook:.*} hook=a/b/c");
    assert_route("POST", "/webhooks", "");
    assert_route("GET", "/webhooks/a", "/webhooks/{url} url=a");
    assert_route("GET", "/webhooks/a/b", "");
}

TEST(literals_win_over_variables_and_aliases_are_followed)
{
    assert_route("GET", "/ruleenforcements/views", "/ruleenforcements/views");
    assert_route("GET", "/ruleenforcements/views/5", "/ruleenforcements/views/{id} id=5");
    assert_route("GET", "/ruleenforcements/5", "/ruleenforcements/{id} id=5");
    assert_route("GET", "/executions/views", "/executions/{id} id=views");
    assert_route("GET", "/v1/actionexecutions/5/attribute/result",
                 "/executions/{id}/attribute/{attribute} id=5 attribute=result");
    assert_route("GET", "/api/v1/actionexecutions/views/filters/", "/executions/views/filters");
    assert_route("GET", "/executions/5/attribute", "");
    assert_route("GET", "/executions//attribute/x", "");
}

TEST(prefixes_name_services)
{
    assert_route("GET", "/stream", "/stream");
    assert_route("GET", "/stream/stream", "/stream");
    assert_route("GET", "/stream/v1/stream", "/stream");
    assert_route("GET", "/api/stream", "/stream");
    assert_route("GET", "/api/v1/stream", "/stream");
    assert_route("GET", "/auth/sso", "/sso");
    assert_route("GET", "/auth/v1/executions/1", "");
    assert_route("GET", "/api/sso", "");
    assert_route("GET", "/apis/sso", "");
    assert_route("GET", "/metrics", "/metrics");
    assert_route("GET", "/v1/metrics", "");
    assert_route("GET", "/ui/js/app.js", "/ui/{file:.*} file=js/app.js");
    assert_route("GET", "*", "");
}

TEST(bad_tables_are_refused)
{
    static const struct http_route bad[] = {
        ROUTE("GET", HTTP_API, "rules"),       ROUTE("GET", HTTP_API, "/rules//x"),
        ROUTE("GET", HTTP_API, "/{a:.*}/b"),   ROUTE("GET", HTTP_API, "/{a"),
        ROUTE("GET", HTTP_API, "/{a:[0-9]+}"), ROUTE("GET", HTTP_API, "/a/b/c/d/e/f/g/h/i"),
    };
    static const struct http_route twice[] = { ROUTE("GET", HTTP_API, "/a/{b}"),
                                               ROUTE("GET", HTTP_API, "/a/{c}") };
    struct router *router;

    for (size_t i = 0; i < ELEMENTS(bad); i++)
        assert_true(router_new(&bad[i], 1, NULL, 0, &router, NULL) < 0);
    assert_true(router_new(twice, 2, NULL, 0, &router, NULL) < 0);
}

/* ---- targets ---- */

TEST(fields_are_decoded)
{
    CLEANUP(pool_freep)
    struct pool *pool = pool_new();
    struct uri_fields fields;
    const char *query = "a=1&b=x+y%2B&&c&a=2&%64=%25&=e&x%zz=%";

    assert_int_equal(uri_fields(pool, query, strlen(query), &fields, NULL), 0);
    assert_int_equal(fields.count, 7);
    assert_string_equal(uri_field(&fields, "a"), "1");
    assert_string_equal(uri_field(&fields, "b"), "x y+");
    assert_string_equal(uri_field(&fields, "c"), "");
    assert_string_equal(uri_field(&fields, "d"), "%");
    assert_string_equal(uri_field(&fields, "x%zz"), "%");
    assert_null(uri_field(&fields, "e"));
}

TEST(too_many_fields_are_refused)
{
    CLEANUP(pool_freep)
    struct pool *pool = pool_new();
    struct uri_fields fields;
    BUFFER_AUTO(query);

    buffer_add_fill(&query, '&', 5000);
    assert_true(uri_fields(pool, query.data, query.len, &fields, NULL) < 0);
}

static void assert_masked(const char *target, const char *expected)
{
    static const char *const more[] = { "pin", NULL };
    BUFFER_AUTO(masked);

    uri_mask(&masked, target, more);
    assert_string_equal(buffer_text(&masked), expected);
}

TEST(secrets_in_the_query_are_masked)
{
    assert_masked("/a", "/a");
    assert_masked("/a?", "/a?");
    assert_masked("/a?b=c&x-auth-token=s3cret&d", "/a?b=c&x-auth-token=********&d");
    assert_masked("/a?%73t2-api-key=s3cret&PIN=1", "/a?%73t2-api-key=********&PIN=********");
    assert_masked("/a?x-auth-token", "/a?x-auth-token");
}

/* ---- forms ---- */

static void assert_form(const char *body, const char *expected)
{
    VALUE_AUTO(form);

    assert_int_equal(form_read_multipart("multipart/form-data; charset=x; boundary=\"a b\"", body,
                                         strlen(body), &form, NULL),
                     0);
    assert_json(form, expected);
}

static void assert_no_form(const char *type, const char *body)
{
    value form;

    assert_true(form_read_multipart(type, body, strlen(body), &form, NULL) < 0);
}

TEST(multipart_forms_are_read)
{
    assert_form("--a b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--a b\r\nX: y\r\n"
                "content-disposition: form-data; filename=f; name=x\r\n\r\n\r\n--a b--\r\n",
                "{\"x\":[\"1\",\"\"]}");
    assert_form("preamble\r\n--a b\r\nContent-Disposition: form-data; name=\"y\"\r\n\r\n--a\r\n--a b--",
                "{\"y\":[\"--a\"]}");
    assert_form("--a b--", "{}");
    assert_no_form("multipart/form-data", "--a--");
    assert_no_form("multipart/form-data; boundary=a", "");
    assert_no_form("multipart/form-data; boundary=a",
                   "--a\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1");
    assert_no_form("multipart/form-data; boundary=a", "--a\r\nX: y\r\n\r\n1\r\n--a--");
    assert_no_form("multipart/form-data; boundary=a", "--a\r\nname\r\n--a--");
    assert_no_form("multipart/form-data; boundary=a",
                   "--a\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n1\r\n--a--");
}

TEST(bodies_without_a_type_are_json)
{
    ERROR_AUTO(err);
    VALUE_AUTO(body);
    value other;

    assert_int_equal(body_read(NULL, "[1]", 3, &body, &err), 0);
    assert_json(body, "[1]");
    assert_true(body_read("application/x-yaml; charset=x", "a: 1", 4, &other, &err) < 0);
    assert_string_equal(error_text(&err),
                        "Failed to parse request body: Unsupported Content-Type: \"application/x-yaml\"");
    assert_true(body_read("", "\xef\xbb\xbf{}", 5, &other, &err) < 0);
    assert_true(body_read("text/plain", "\xff", 1, &other, &err) < 0);
}

/* ---- compression ---- */

static void assert_packed_in_pieces(const struct buffer *plain)
{
    struct gzip_packer *packer = gzip_packer_new(xmemdup(buffer_text(plain), plain->len + 1), plain->len, 1);
    BUFFER_AUTO(packed);
    BUFFER_AUTO(again);
    char piece[1000];
    size_t n;

    while ((n = gzip_packer_read(packer, piece, sizeof(piece))))
        buffer_add(&packed, piece, n);
    gzip_packer_free(packer);
    assert_int_equal(gzip_unpack(&again, packed.data, packed.len, plain->len, NULL), 0);
    assert_int_equal(again.len, plain->len);
    assert_memory_equal(buffer_text(&again), buffer_text(plain), plain->len);
}

TEST(compression_goes_there_and_back)
{
    static const size_t sizes[] = { 0, 1, 1000, 5000, 70000, 3000000 };

    for (size_t i = 0; i < ELEMENTS(sizes); i++) {
        BUFFER_AUTO(plain);
        BUFFER_AUTO(packed);
        BUFFER_AUTO(again);
        unsigned noise = 1;

        for (size_t j = 0; j < sizes[i]; j++) {
            noise = noise * 1103515245 + 12345;
            buffer_add_char(&plain, (char)(j % 3 ? 'a' : noise >> 16));
        }
        gzip_pack(&packed, plain.data, plain.len, 1);
        assert_int_equal(gzip_unpack(&again, packed.data, packed.len, sizes[i], NULL), 0);
        assert_int_equal(again.len, plain.len);
        assert_memory_equal(buffer_text(&again), buffer_text(&plain), plain.len);
        assert_packed_in_pieces(&plain);
        buffer_clear(&again);
        assert_true(gzip_unpack(&again, packed.data, packed.len - 1, sizes[i], NULL) < 0);
        if (sizes[i]) {
            buffer_clear(&again);
            assert_int_equal(gzip_unpack(&again, packed.data, packed.len, sizes[i] - 1, NULL), -E2BIG);
        }
    }
}

TEST(broken_compression_is_refused)
{
    BUFFER_AUTO(out);

    assert_int_equal(gzip_unpack(&out, "", 0, 100, NULL), -EINVAL);
    assert_int_equal(gzip_unpack(&out, "not gzip at all", 15, 100, NULL), -EINVAL);
}

TEST(gzip_is_taken_when_offered)
{
    assert_true(gzip_accepted("gzip"));
    assert_true(gzip_accepted("deflate, GZIP ; q=0.5"));
    assert_true(gzip_accepted("*"));
    assert_false(gzip_accepted("gzip;q=0"));
    assert_false(gzip_accepted("gzip; q=0.000, deflate"));
    assert_false(gzip_accepted("x-gzip, br"));
    assert_false(gzip_accepted(""));
}

/* ---- query types ---- */

TEST(integers_of_any_size_are_taken)
{
    int64_t n;

    assert_int_equal(query_read_int("x", "-0012", &n, NULL), 0);
    assert_int_equal(n, -12);
    assert_int_equal(query_read_int("x", "9223372036854775807", &n, NULL), 0);
    assert_true(n == INT64_MAX);
    assert_int_equal(query_read_int("x", "99999999999999999999999", &n, NULL), 0);
    assert_true(n == INT64_MAX);
    assert_int_equal(query_read_int("x", "-99999999999999999999999", &n, NULL), 0);
    assert_true(n == INT64_MIN);
    assert_true(query_read_int("x", "-", &n, NULL) < 0);
    assert_true(query_read_int("x", "0x1", &n, NULL) < 0);
}

TEST(flags_have_few_words)
{
    ERROR_AUTO(err);
    bool flag = false;

    assert_int_equal(query_read_flag("True", &flag, NULL), 0);
    assert_true(flag);
    assert_int_equal(query_read_flag("0", &flag, NULL), 0);
    assert_false(flag);
    assert_true(query_read_flag("maybe", &flag, &err) < 0);
    assert_string_equal(error_text(&err), "Invalid bool representation \"maybe\" provided.");
}

static void assert_time(const char *text, int64_t expected)
{
    int64_t us;

    assert_int_equal(query_read_time("t", text, &us, NULL), 0);
    assert_true(us == expected);
}

TEST(times_are_utc)
{
    static const char *const bad[] = { "",
                                       "2024-01-31",
                                       "2024-01-31T12:00:00",
                                       "2024-01-31T12:00:00+01:00",
                                       "2024-02-31T12:00:00Z",
                                       "2024-01-31T12:00:00.12Z",
                                       "2024-01-31T12:00:00.1234567Z",
                                       "2024-01-31T12:00:00Zx",
                                       "2024-01-3aT12:00:00Z" };
    ERROR_AUTO(err);
    int64_t us;

    assert_time("2024-01-31T12:00:00Z", 1706702400000000);
    assert_time("2024-01-31 12:00:00.123+00", 1706702400123000);
    assert_time("2024-01-31T12:00:00.123456+0000", 1706702400123456);
    for (size_t i = 0; i < ELEMENTS(bad); i++)
        assert_true(query_read_time("t", bad[i], &us, NULL) < 0);
    assert_true(query_read_time("t", "x", &us, &err) < 0);
    assert_string_equal(
        error_text(&err),
        "'x' does not match '^\\\\d{4}\\\\-\\\\d{2}\\\\-\\\\d{2}(\\\\s|T)\\\\d{2}:\\\\d{2}:\\\\d{2}"
        "(\\\\.\\\\d{3,6})?(Z|\\\\+00|\\\\+0000|\\\\+00:00)$'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_exclude_and_take_rests),
        cmocka_unit_test(literals_win_over_variables_and_aliases_are_followed),
        cmocka_unit_test(prefixes_name_services),
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(fields_are_decoded),
        cmocka_unit_test(too_many_fields_are_refused),
        cmocka_unit_test(secrets_in_the_query_are_masked),
        cmocka_unit_test(multipart_forms_are_read),
        cmocka_unit_test(bodies_without_a_type_are_json),
        cmocka_unit_test(compression_goes_there_and_back),
        cmocka_unit_test(broken_compression_is_refused),
        cmocka_unit_test(gzip_is_taken_when_offered),
        cmocka_unit_test(integers_of_any_size_are_taken),
        cmocka_unit_test(flags_have_few_words),
        cmocka_unit_test(times_are_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
