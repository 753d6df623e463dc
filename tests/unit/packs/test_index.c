/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "packs/index.h"
#include "packs/pack.h"

#define ANSWER(url_, text_)                                \
    {                                                      \
        .url = url_, .text = text_, .n = sizeof(text_) - 1 \
    }

static const struct pack_index_answer answers[] = {
    ANSWER(
        "a",
        "{\"packs\": {\"aws\": {\"name\": \"aws\", \"version\": \"2.0.0\", \"repo_url\": \"https://x/aws\"}}}"),
    ANSWER("b", "[]"),
    ANSWER("c", "{}"),
    ANSWER("d", "<html>"),
    { .url = "e", .failure = "Connection refused" },
    ANSWER(
        "f",
        "{\"packs\": {\"aws\": {\"name\": \"aws\", \"version\": \"1.0.0\"}, \"mail\": {\"description\": \"Sends mail by "
        "AWS\", \"email\": \"git@x\"}, \"cloud\": {\"keywords\": [\"aws\"], \"name\": \"cloud\"}}}"),
};

TEST(of_several_indexes_the_first_wins)
{
    VALUE_AUTO(merged);
    VALUE_AUTO(health);

    assert_int_equal(pack_index_merge(answers, ELEMENTS(answers), false, &merged, NULL), 0);
    assert_string_equal(value_map_chars(value_path(merged, "index.aws"), "version"), "2.0.0");
    health = pack_index_health(merged);
    assert_int_equal(value_map_int(value_path(health, "indexes"), "count", 0), 6);
    assert_int_equal(value_map_int(value_path(health, "indexes"), "valid", 0), 2);
    assert_json(value_path(health, "indexes.errors"), "{\"unresponsive\":1,\"malformed\":2,\"empty\":1}");
    assert_json(value_path(health, "packs"), "{\"count\":3}");
}

TEST(no_index_at_all_is_an_error)
{
    VALUE_AUTO(merged);
    ERROR_AUTO(err);

    assert_true(pack_index_merge(answers + 4, 1, false, &merged, &err) < 0);
    assert_memory_equal(error_text(&err), "No results from the index(es): tried e.\nStatus: [", 48);
    assert_int_equal(pack_index_merge(answers + 4, 1, true, &merged, NULL), 0);
}

TEST(names_are_found_before_keywords_and_the_rest)
{
    VALUE_AUTO(merged);
    VALUE_AUTO(found);
    VALUE_AUTO(exact);

    assert_int_equal(pack_index_merge(answers, ELEMENTS(answers), false, &merged, NULL), 0);
    found = pack_index_search(value_map_get(merged, "index"), "AWS", true);
    assert_int_equal(value_list_count(found), 3);
    assert_string_equal(value_map_chars(value_list_at(found, 0), "name"), "aws");
    assert_string_equal(value_map_chars(value_list_at(found, 1), "name"), "cloud");
    exact = pack_index_search(value_map_get(merged, "index"), "git@x", false);
    assert_int_equal(value_list_count(exact), 0);
}

TEST(specifications_of_packs_lead_to_repositories)
{
    static const struct {
        const char *spec, *url, *version;
    } cases[] = {
        { "aws", "https://x/aws", "2.0.0" },
        { "aws=1.5.0", "https://x/aws", "1.5.0" },
        { "me/pack=master", "https://github.com/me/pack", "master" },
        { "git@host:me/pack.git", "git@host:me/pack.git", NULL },
        { "file:///srv/pack", "file:///srv/pack", NULL },
        { "https://host/me/pack.git=v1", "https://host/me/pack.git", "v1" },
    };
    VALUE_AUTO(merged);
    ERROR_AUTO(err);
    char *none = NULL;

    assert_int_equal(pack_index_merge(answers, 1, false, &merged, NULL), 0);
    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        CLEANUP(freep)
        char *url = NULL;
        CLEANUP(freep)
        char *version = NULL;

        assert_int_equal(
            pack_index_resolve(value_map_get(merged, "index"), cases[i].spec, &url, &version, NULL), 0);
        assert_string_equal(url, cases[i].url);
        assert_string_equal(version ? version : "", cases[i].version ? cases[i].version : "");
    }
    assert_true(pack_index_resolve(value_map_get(merged, "index"), "nosuch", &none, &none, &err) < 0);
    assert_string_equal(error_text(&err), "No record of the \"nosuch\" pack in the index.");
}

TEST(paths_cannot_leave_the_pack)
{
    static const struct {
        const char *entry_point, *path; /* NULL: refused */
    } cases[] = {
        { "run.py", "/p/x/actions/run.py" },
        { "lib/run.py", "/p/x/actions/lib/run.py" },
        { "/p/x/actions/run.py", "/p/x/actions/run.py" },
        { "../y/run.py", NULL },
        { "./run.py", NULL },
        { "a//b", NULL },
        { "a/../b", NULL },
        { "", NULL },
        { "/p/y/run.py", NULL },
        { "/p/x/../y/run.py", NULL },
        { "/p/x", NULL },
        { "a/", NULL },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        CLEANUP(freep)
        char *path = NULL;
        int r = pack_entry_point("/p/x", "actions", cases[i].entry_point, &path, NULL);

        assert_int_equal(r < 0, cases[i].path == NULL);
        if (r == 0)
            assert_string_equal(path, cases[i].path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_several_indexes_the_first_wins),
        cmocka_unit_test(no_index_at_all_is_an_error),
        cmocka_unit_test(names_are_found_before_keywords_and_the_rest),
        cmocka_unit_test(specifications_of_packs_lead_to_repositories),
        cmocka_unit_test(paths_cannot_leave_the_pack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
