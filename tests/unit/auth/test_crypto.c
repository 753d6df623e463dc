/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "auth/crypto.h"

/* A fixed key, and what was encrypted with it elsewhere. */
static const char key_text[] =
    "{\"hmacKey\": {\"hmacKeyString\": \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\", \"size\": 256}, "
    "\"aesKeyString\": \"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8\", \"mode\": \"CBC\", \"size\": 256}";

static struct crypto_key *fixed_key(void)
{
    struct crypto_key *key = NULL;

    assert_int_equal(crypto_key_parse(key_text, strlen(key_text), &key, NULL), 0);
    return key;
}

TEST(what_is_encrypted_is_decrypted)
{
    static const char *const texts[] = { "", "x", "fifteen letters", "sixteen letters.",
                                         "ü\xe2\x82\xac and \n more than a block" };
    struct crypto_key *key = fixed_key();

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        BUFFER_AUTO(plain);
        char *cipher = NULL;

        assert_int_equal(crypto_encrypt(key, texts[i], strlen(texts[i]), &cipher, NULL), 0);
        assert_memory_equal(cipher, "3030303030", 10);
        assert_int_equal(crypto_decrypt(key, cipher, strlen(cipher), &plain, NULL), 0);
        assert_string_equal(buffer_text(&plain), texts[i]);
        free(cipher);
    }
    crypto_key_free(key);
}

TEST(a_ciphertext_made_elsewhere_is_read)
{
    static const char cipher[] =
        "30303030306465666768696A6B6C6D6E6F7071727390EE136477AC09E0D56C2129F753D2AAC4FABC6C5C767EFF41B2649B76850B858A5FDE52651CD97CAF31F85001401A74E0E73636";
    struct crypto_key *key = fixed_key();
    BUFFER_AUTO(plain);

    assert_int_equal(crypto_decrypt(key, cipher, strlen(cipher), &plain, NULL), 0);
    assert_string_equal(buffer_text(&plain), "hush, it is a secret");
    crypto_key_free(key);
}

TEST(any_changed_byte_is_noticed)
{
    struct crypto_key *key = fixed_key();
    char *cipher = NULL;
    size_t n;

    assert_int_equal(crypto_encrypt(key, "secret", 6, &cipher, NULL), 0);
    n = strlen(cipher);
    for (size_t i = 0; i < n; i++) {
        char before = cipher[i];
        BUFFER_AUTO(plain);

        cipher[i] = before == '0' ? '1' : '0';
        assert_true(crypto_decrypt(key, cipher, n, &plain, NULL) < 0);
        cipher[i] = before;
    }
    for (size_t i = 0; i < n; i++) {
        BUFFER_AUTO(plain);

        assert_true(crypto_decrypt(key, cipher, i, &plain, NULL) < 0);
    }
    free(cipher);
    crypto_key_free(key);
}

TEST(a_made_key_can_be_read)
{
    struct crypto_key *key = NULL;
    char *text = NULL;

    assert_int_equal(crypto_key_make(&text, NULL), 0);
    assert_int_equal(crypto_key_parse(text, strlen(text), &key, NULL), 0);
    crypto_key_free(key);
    free(text);
}

TEST(broken_keys_are_refused)
{
    static const char *const texts[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"mode\": \"CBC\"}",
        "{\"mode\": \"ECB\", \"aesKeyString\": \"\"}",
        "{\"mode\": \"CBC\", \"aesKeyString\": \"AAAA\", \"hmacKey\": {\"hmacKeyString\": \"AAAA\"}}",
        "{\"mode\": \"CBC\", \"aesKeyString\": 5, \"hmacKey\": 7}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct crypto_key *key = NULL;

        assert_true(crypto_key_parse(texts[i], strlen(texts[i]), &key, NULL) < 0);
        assert_null(key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encrypted_is_decrypted),
        cmocka_unit_test(a_ciphertext_made_elsewhere_is_read),
        cmocka_unit_test(any_changed_byte_is_noticed),
        cmocka_unit_test(a_made_key_can_be_read),
        cmocka_unit_test(broken_keys_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
