/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include <pthread.h>

#include "base/mem.h"
#include "value/pyregex.h"

static struct pyregex *get(const char *pattern, unsigned flags)
{
    struct pyregex *regex = NULL;
    ERROR_AUTO(err);

    if (pyregex_get(pattern, strlen(pattern), flags, &regex, &err) < 0)
        fail_msg("%s: %s", pattern, error_text(&err));
    return regex;
}

static void assert_match(const char *pattern, unsigned flags, const char *text, enum pyregex_anchor anchor,
                         bool expected)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get(pattern, flags);
    bool matches = !expected;

    assert_int_equal(pyregex_test(regex, text, strlen(text), anchor, 0, &matches, NULL), 0);
    if (matches != expected)
        fail_msg("%s against %s", pattern, text);
}

TEST(what_differs_from_pcre_follows_python)
{
    assert_match("\\d", 0, "\xd9\xa3", PYREGEX_SEARCH, true); /* an Arabic digit */
    assert_match("(?a)\\d", 0, "\xd9\xa3", PYREGEX_SEARCH, false);
    assert_match("\\s", 0, "\x1c", PYREGEX_SEARCH, true);
    assert_match("a\\Z", 0, "a\n", PYREGEX_SEARCH, false);
    assert_match("a$", 0, "a\n", PYREGEX_SEARCH, true);
    assert_match("\\v", 0, "\n", PYREGEX_SEARCH, false);
    assert_match("a{,2}b", 0, "aab", PYREGEX_FULLMATCH, true);
    assert_match("[[:alpha:]]", 0, "a", PYREGEX_SEARCH, false);
    assert_match("(?P<n>a)(?P=n)", 0, "aa", PYREGEX_FULLMATCH, true);
    assert_match("^b", PYREGEX_MULTILINE, "a\nb", PYREGEX_SEARCH, true);
    assert_match("a . b # c", PYREGEX_VERBOSE, "axb", PYREGEX_FULLMATCH, true);
    assert_match("b", 0, "ab", PYREGEX_MATCH, false);
}

static void assert_error(const char *pattern, const char *expected)
{
    struct pyregex *regex = NULL;
    ERROR_AUTO(err);

    assert_true(pyregex_get(pattern, strlen(pattern), 0, &regex, &err) < 0);
    assert_string_equal(err.kind, "error");
    assert_string_equal(error_text(&err), expected);
}

TEST(errors_are_pythons_with_their_positions)
{
    assert_error("(", "missing ), unterminated subpattern at position 0");
    assert_error("a)", "unbalanced parenthesis at position 1");
    assert_error("[a", "unterminated character set at position 0");
    assert_error("\xc3\xa9*+*", "multiple repeat at position 3");
    assert_error("*a", "nothing to repeat at position 0");
    assert_error("\\q", "bad escape \\q at position 0");
    assert_error("[z-a]", "bad character range z-a at position 1");
    assert_error("a(?i)", "global flags not at the start of the expression at position 1");
    assert_error("(?<=a+)b", "look-behind requires fixed-width pattern");
    assert_error("(?P<n>a)(?P<n>b)", "redefinition of group name 'n' as group 2; was group 1 at position 12");
    assert_error("(a)\\2", "invalid group reference 2 at position 4");
    assert_error("a\nb(", "missing ), unterminated subpattern at position 3 (line 2, column 2)");
    assert_error("(*VERB)", "nothing to repeat at position 1");
}

static void assert_sub(const char *pattern, const char *template, const char *text, const char *expected)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get(pattern, 0);
    ERROR_AUTO(err);
    VALUE_AUTO(result);

    if (pyregex_sub(regex, text, strlen(text), template, strlen(template), 0, 0, 1000, &result, &err) < 0)
        assert_string_equal(error_text(&err), expected);
    else
        assert_string_equal(value_chars(result), expected);
}

TEST(substitution_templates)
{
    assert_sub("(a)(b)?", "<\\1|\\2>", "ab a", "<a|b> <a|>");
    assert_sub("(?P<x>\\d)", "\\g<x>\\g<0>", "a1", "a11");
    assert_sub("x*", "-", "axb", "-a--b-");
    assert_sub("a", "\\n\\.", "a", "\n\\.");
    assert_sub("a", "\\q", "a", "bad escape \\q at position 0");
    assert_sub("a", "\\1", "a", "invalid group reference 1 at position 1");
    assert_sub("a", "\\g<n>", "a", "unknown group name 'n'");
}

TEST(split_and_findall)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get("(,)|;", 0);
    CLEANUP(pyregex_unrefp)
    struct pyregex *empty = get("x*", 0);
    VALUE_AUTO(parts);
    VALUE_AUTO(found);
    VALUE_AUTO(all);

    pyregex_split(regex, "a,b;c", 5, 0, 0, &parts, NULL);
    assert_json(parts, "[\"a\",\",\",\"b\",null,\"c\"]");
    pyregex_findall(regex, "a,b;c", 5, 0, &found, NULL);
    assert_json(found, "[\",\",\"\"]");
    pyregex_findall(empty, "axxb", 4, 0, &all, NULL);
    assert_json(all, "[\"\",\"xx\",\"\",\"\"]");
}

TEST(catastrophic_patterns_stop)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get("(a+)+$", 0);
    char text[64];
    bool matches;
    ERROR_AUTO(err);

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = '!';
    assert_true(pyregex_test(regex, text, sizeof(text), PYREGEX_SEARCH, 0, &matches, &err) < 0);
    assert_string_equal(err.kind, "LimitExceeded");
}

/* Each starting point stays within the match limit, all of them together do not stay within anything. */
TEST(many_starting_points_share_one_budget)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get("(a|a)*[bc]", 0);
    size_t n = 170000;
    char *text = xmalloc(n);
    bool matches;
    ERROR_AUTO(err);

    for (size_t i = 0; i < n; i++)
        text[i] = i % 17 == 16 ? ' ' : 'a';
    assert_true(pyregex_test(regex, text, n, PYREGEX_SEARCH, 0, &matches, &err) < 0);
    assert_non_null(strstr(error_text(&err), "microseconds of regular expressions"));
    free(text);
}

TEST(searches_of_one_evaluation_share_one_budget)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get("(a|a)*[bc]", 0);
    struct pyregex_budget outer;
    int r = 0, i;
    bool matches;
    ERROR_AUTO(err);

    pyregex_budget_begin(&outer);
    for (i = 0; i < 1000 && r == 0; i++)
        r = pyregex_test(regex, "aaaaaaaaaaaaaaa", 15, PYREGEX_SEARCH, 0, &matches, &err);
    pyregex_budget_end(&outer);
    assert_true(r < 0 && i > 1);
    assert_int_equal(pyregex_test(regex, "aaaaaaaaaaaaaaa", 15, PYREGEX_SEARCH, 0, &matches, &err), 0);
}

/* What needs many backtracks from one starting point is found, window or not. */
TEST(hard_starting_points_are_given_the_whole_limit)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get("(x|y)*z(?<=xz)", 0);
    size_t n = 30000;
    char *text = xmalloc(n);
    PYREGEX_MATCH_AUTO(match);
    ERROR_AUTO(err);
    size_t start, end;

    memset(text, ' ', n);
    memset(text + 20000, 'x', 5000);
    text[25000] = 'z';
    assert_int_equal(pyregex_find(regex, text, n, 0, PYREGEX_SEARCH, false, 0, &match, &err), 0);
    assert_true(pyregex_span(&match, 0, &start, &end));
    assert_int_equal(start, 20000);
    assert_int_equal(end, 25001);
    free(text);
}

TEST(long_texts_are_searched_in_bounded_time)
{
    CLEANUP(pyregex_unrefp)
    struct pyregex *regex = get("(?=[a-z]*\\d)", 0);
    size_t n = 900000; /* within the match limit of each starting point */
    char *text = xmalloc(n);
    bool matches = false;
    ERROR_AUTO(err);

    memset(text, 'a', n);
    text[n - 1] = '1';
    assert_int_equal(pyregex_test(regex, text, n, PYREGEX_SEARCH, 0, &matches, &err), 0);
    assert_true(matches);
    text[n - 1] = 'a';
    assert_true(pyregex_test(regex, text, n, PYREGEX_SEARCH, 0, &matches, &err) < 0);
    assert_string_equal(error_text(&err), "exceeds the limit of 29000 microseconds of regular expressions");
    memcpy(text + n - 4, "word", 4);
    pyregex_unref(regex);
    regex = get("w\\w+d$", 0);
    assert_int_equal(pyregex_test(regex, text, n, PYREGEX_SEARCH, 0, &matches, &err), 0);
    assert_true(matches);
    free(text);
}

TEST(deep_patterns_are_refused)
{
    char deep[2001];
    struct pyregex *regex = NULL;

    memset(deep, '(', 1000);
    memset(deep + 1000, ')', 1000);
    deep[2000] = '\0';
    assert_true(pyregex_get(deep, 2000, 0, &regex, NULL) < 0);
}

static void *use_cache(void *data)
{
    for (int i = 0; i < 3000; i++) {
        char pattern[20];
        struct pyregex *regex;
        bool matches = false;

        snprintf(pattern, sizeof(pattern), "x%d", i % 1500);
        regex = get(pattern, 0);
        pyregex_test(regex, pattern, strlen(pattern), PYREGEX_FULLMATCH, 0, &matches, NULL);
        pyregex_unref(regex);
        if (!matches)
            return data;
    }
    return NULL;
}

TEST(the_cache_is_shared_and_bounded)
{
    pthread_t threads[2];
    void *failed;

    for (size_t i = 0; i < ELEMENTS(threads); i++)
        pthread_create(&threads[i], NULL, use_cache, &threads);
    for (size_t i = 0; i < ELEMENTS(threads); i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_differs_from_pcre_follows_python),
        cmocka_unit_test(errors_are_pythons_with_their_positions),
        cmocka_unit_test(substitution_templates),
        cmocka_unit_test(split_and_findall),
        cmocka_unit_test(catastrophic_patterns_stop),
        cmocka_unit_test(many_starting_points_share_one_budget),
        cmocka_unit_test(searches_of_one_evaluation_share_one_budget),
        cmocka_unit_test(hard_starting_points_are_given_the_whole_limit),
        cmocka_unit_test(long_texts_are_searched_in_bounded_time),
        cmocka_unit_test(deep_patterns_are_refused),
        cmocka_unit_test(the_cache_is_shared_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
