/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "auth/htpasswd.h"
#include "auth/password.h"
#include "base/mem.h"

static const struct {
    const char *password, *hash;
} known[] = {
    { "Hello world!", "$apr1$lZL6V/ci$4Ulby8V0WxWYeeuoOUJ3m0" },
    { "", "$apr1$x$tMwYqBfQwi3FYAr0aJc8M/" },
    { "a much longer password, with more than sixteen bytes é", "$apr1$12345678$BVw2pxp4pm4dZRiH4IVEa1" },
    { "Hello world!", "$1$abcdefgh$fzmjzFdo5nMtBG8gtud5e0" },
    { "Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5" },
    { "Hello world!",
      "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1" },
    { "U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" },
    { "U*U", "$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW" },
    { "Hello world!", "$2b$05$CCCCCCCCCCCCCCCCCCCCC.z6PrHbuSsMSSwIGFy1JGevQZf6CqJ1y" },
    { "Hello world!", "$y$j9T$aaaaaaaaaaaa$.CJFEjGwKKPCeI1Q1MWPo.PoHIMgsPnlY5EQu6z13j3" },
    { "Hello world!", "{SHA}00hq6RNueFa8QiEjhep5cJRHWAI=" },
    { "Hello world!", "abMbH7WsHr7wQ" },
};

TEST(known_hashes_of_each_kind_are_checked)
{
    for (size_t i = 0; i < ELEMENTS(known); i++) {
        if (password_verify(known[i].hash, known[i].password) != 0)
            fail_msg("%s does not fit %s", known[i].password, known[i].hash);
        assert_int_equal(password_verify(known[i].hash, "hello world!"), PASSWORD_WRONG);
    }
}

TEST(what_is_no_hash_is_unsupported)
{
    static const char *const hashes[] = { "",  "plain",        "$9$x$y",     "{SSHA}x", "*",
                                          "!", "$2y$05$short", "$y$jjj$x$y", "{PLAIN}x" };

    for (size_t i = 0; i < ELEMENTS(hashes); i++)
        assert_int_equal(password_verify(hashes[i], "plain"), PASSWORD_UNSUPPORTED);
}

TEST(hashes_of_absurd_cost_are_not_computed)
{
    assert_int_equal(password_verify("$6$rounds=999999999$saltstring$x", "x"), PASSWORD_UNSUPPORTED);
    assert_int_equal(password_verify("$2y$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "x"),
                     PASSWORD_UNSUPPORTED);
    assert_int_equal(password_verify("$y$jzT$aaaaaaaaaaaa$x", "x"), PASSWORD_UNSUPPORTED);
}

TEST(new_hashes_fit_and_differ)
{
    CLEANUP(freep)
    char *a = NULL;
    CLEANUP(freep)
    char *b = NULL;

    assert_int_equal(password_hash("secret", 4, &a, NULL), 0);
    assert_int_equal(password_hash("secret", 4, &b, NULL), 0);
    assert_string_not_equal(a, b);
    assert_int_equal(strncmp(a, "$2y$04$", 7), 0);
    assert_int_equal(password_verify(a, "secret"), 0);
    assert_int_equal(password_verify(a, "Secret"), PASSWORD_WRONG);
    assert_true(password_hash("secret", 3, &a, NULL) < 0);
}

static const char file[] = "# staff\n"
                           "\n"
                           "ann:{SHA}00hq6RNueFa8QiEjhep5cJRHWAI=\r\n"
                           "  \n"
                           "nonsense\n"
                           ":nobody\n"
                           "bob:$apr1$lZL6V/ci$4Ulby8V0WxWYeeuoOUJ3m0:a comment\n"
                           "#cy:{SHA}00hq6RNueFa8QiEjhep5cJRHWAI=\n"
                           "dan:unheard-of\n"
                           "ann:abMbH7WsHr7wQ";

static int verify(const char *user, const char *password)
{
    return htpasswd_verify(file, sizeof(file) - 1, user, password);
}

TEST(a_password_file_knows_its_users)
{
    assert_int_equal(verify("ann", "Hello world!"), 0);
    assert_int_equal(verify("bob", "Hello world!"), 0);
    assert_int_equal(verify("bob", "hello"), HTPASSWD_WRONG);
    assert_int_equal(verify("cy", "Hello world!"), HTPASSWD_UNKNOWN_USER);
    assert_int_equal(verify("#cy", "Hello world!"), HTPASSWD_UNKNOWN_USER);
    assert_int_equal(verify("", "Hello world!"), HTPASSWD_UNKNOWN_USER);
    assert_int_equal(verify("an", "Hello world!"), HTPASSWD_UNKNOWN_USER);
    assert_int_equal(verify("dan", "x"), HTPASSWD_UNSUPPORTED);
    assert_int_equal(htpasswd_verify("", 0, "ann", "x"), HTPASSWD_UNKNOWN_USER);
    assert_true(htpasswd_has(file, sizeof(file) - 1, "dan"));
}

static void assert_set(const char *before, const char *user, const char *hash, const char *after)
{
    BUFFER_AUTO(out);

    assert_int_equal(htpasswd_set(&out, before, strlen(before), user, hash, NULL), 0);
    assert_string_equal(buffer_text(&out), after);
}

TEST(setting_a_user_keeps_the_rest)
{
    BUFFER_AUTO(out);

    assert_set("", "ann", "H", "ann:H\n");
    assert_set("# c\nann:1\nbob:2", "ann", "3", "# c\nann:3\nbob:2\n");
    assert_set("ann:1\nbob:2\nann:4\n", "cy", "5", "ann:1\nbob:2\nann:4\ncy:5\n");
    assert_set("ann:1\nbob:2\nann:4\n", "ann", NULL, "bob:2\n");
    assert_true(htpasswd_set(&out, "", 0, "a:b", "H", NULL) < 0);
    assert_true(htpasswd_set(&out, "", 0, "a\nb", "H", NULL) < 0);
    assert_true(htpasswd_set(&out, "", 0, "", "H", NULL) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_hashes_of_each_kind_are_checked),
        cmocka_unit_test(what_is_no_hash_is_unsupported),
        cmocka_unit_test(hashes_of_absurd_cost_are_not_computed),
        cmocka_unit_test(new_hashes_fit_and_differ),
        cmocka_unit_test(a_password_file_knows_its_users),
        cmocka_unit_test(setting_a_user_keeps_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
