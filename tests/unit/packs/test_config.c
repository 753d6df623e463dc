/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "packs/pack.h"

/* "{{ x }}" becomes "<x>", "{{ none }}" the empty text; "{{ bad }}" fails. */
static int render(void *data, const char *text, size_t n, value *ret, struct error *err)
{
    if (strstr(text, "bad"))
        return error_set_kind(err, -EINVAL, "UndefinedError", "'bad' is undefined");
    *ret = strstr(text, "none") ? value_text("") : value_textf("<%.*s>", (int)n - 6, text + 3);
    return 0;
}

static int decrypt(void *data, const char *key, const char *text, size_t n, value *ret, struct error *err)
{
    *ret = value_textf("%s of %s", text, key);
    return 0;
}

static const struct pack_config_host host = { .render = render, .decrypt = decrypt };

static void assert_resolved(const char *attributes, const char *values, const char *expected)
{
    VALUE_AUTO(schema);
    VALUE_AUTO(given);
    VALUE_AUTO(config);
    ERROR_AUTO(err);

    schema = from_json(attributes);
    given = from_json(values);
    if (pack_config_resolve("p", schema, given, &host, &config, &err) < 0)
        fail_msg("%s", error_text(&err));
    assert_json(config, expected);
}

TEST(templates_are_rendered_and_secrets_decrypted)
{
    assert_resolved(
        "{\"a\": {}, \"s\": {\"secret\": true}, \"o\": {\"type\": \"object\", \"properties\": {\"p\": {\"secret\": true}}}}",
        "{\"a\": \"{{ x }}\", \"s\": \"{{ y }}\", \"o\": {\"p\": \"{{ z }}\", \"q\": [\"{{ n }}\", 1]}, \"u\": \"plain\"}",
        "{\"a\":\"<x>\",\"s\":\"<y> of s\",\"o\":{\"p\":\"<z> of o.p\",\"q\":[\"<n>\",1]},\"u\":\"plain\"}");
}

TEST(empty_text_becomes_null)
{
    assert_resolved("{\"a\": {\"default\": 1}}", "{\"a\": \"{{ none }}\"}", "{\"a\":null}");
}

TEST(defaults_are_filled_in_at_any_depth)
{
    assert_resolved(
        "{\"a\": {\"default\": 1}, \"o\": {\"type\": \"object\", \"properties\": {\"b\": {\"default\": \"{{ x }}\"}, \"c\": {}}}, "
        "\"l\": {\"type\": \"array\", \"items\": {\"type\": \"object\", \"properties\": {\"d\": {\"default\": 2}}}}, "
        "\"e\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}}, \"f\": {\"type\": \"object\"}}",
        "{\"l\": [{}, {\"d\": 5}]}",
        "{\"l\":[{\"d\":2},{\"d\":5}],\"a\":1,\"o\":{\"b\":\"{{ x }}\"},\"e\":[]}");
    assert_resolved(
        "{\"m\": {\"type\": \"object\", \"additionalProperties\": {\"type\": \"object\", \"properties\": {\"n\": "
        "{\"default\": 3}}}}}",
        "{\"m\": {\"k\": {}}}", "{\"m\":{\"k\":{\"n\":3}}}");
}

TEST(a_template_that_fails_names_its_key)
{
    VALUE_AUTO(given);
    VALUE_AUTO(config);
    ERROR_AUTO(err);

    given = from_json("{\"o\": {\"l\": [1, \"{{ bad }}\"]}}");
    assert_true(pack_config_resolve("p", VALUE_NOTHING, given, &host, &config, &err) < 0);
    assert_string_equal(error_text(&err),
                        "Failed to render dynamic configuration value for key \"o.l.1\" with value "
                        "\"{{ bad }}\" for pack \"p\" config: <class 'UndefinedError'> 'bad' is undefined");
}

static void assert_config(const char *values, const char *path, const char *message)
{
    struct model_path where;
    VALUE_AUTO(schema);
    VALUE_AUTO(given);
    ERROR_AUTO(err);

    schema = from_json(
        "{\"token\": {\"type\": \"string\", \"secret\": true, \"required\": true}, \"retries\": {\"type\": \"integer\", "
        "\"default\": 3}, \"endpoint\": {\"type\": \"object\", \"additionalProperties\": false, \"properties\": "
        "{\"host\": {\"type\": \"string\", \"required\": true}}}}");
    given = from_json(values);
    if (!message) {
        if (pack_check_config("p", "/c/p.yaml", schema, given, &where, &err) < 0)
            fail_msg("%s", error_text(&err));
        return;
    }
    assert_true(pack_check_config("p", "/c/p.yaml", schema, given, &where, &err) < 0);
    assert_string_equal(where.text, path);
    assert_string_equal(error_text(&err), message);
}

TEST(values_are_checked_against_the_schema)
{
    assert_config("{\"token\": \"t\", \"endpoint\": {\"host\": \"h\"}, \"other\": 1}", NULL, NULL);
    assert_config("{\"token\": \"t\", \"retries\": null}", NULL, NULL);
    assert_config(
        "{}", "token",
        "Failed validating attribute \"token\" in config for pack \"p\" (/c/p.yaml): 'token' is a required property");
    assert_config(
        "{\"token\": \"t\", \"retries\": \"many\"}", "retries",
        "Failed validating attribute \"retries\" in config for pack \"p\" (/c/p.yaml): 'many' is not of type 'integer'");
    assert_config(
        "{\"token\": \"t\", \"endpoint\": {\"host\": 5}}", "endpoint.host",
        "Failed validating attribute \"endpoint.host\" in config for pack \"p\" (/c/p.yaml): 5 is not of type 'string'");
    assert_config(
        "{\"token\": \"t\", \"endpoint\": {\"host\": \"h\", \"nosuch\": 1}}", "endpoint",
        "Failed validating attribute \"endpoint\" in config for pack \"p\" (/c/p.yaml): Additional properties are not "
        "allowed ('nosuch' was unexpected)");
}

TEST(secrets_must_not_be_decrypted_twice)
{
    struct model_path where;
    VALUE_AUTO(schema);
    VALUE_AUTO(given);
    ERROR_AUTO(err);

    schema = from_json("{\"token\": {\"type\": \"string\", \"secret\": true}}");
    given = from_json("{\"token\": \"{{ st2kv.system.t | decrypt_kv }}\"}");
    assert_true(pack_check_config("p", "/c/p.yaml", schema, given, &where, &err) < 0);
    assert_string_equal(where.text, "token");
    assert_non_null(strstr(error_text(&err), "automatically decrypted"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_are_rendered_and_secrets_decrypted),
        cmocka_unit_test(empty_text_becomes_null),
        cmocka_unit_test(defaults_are_filled_in_at_any_depth),
        cmocka_unit_test(a_template_that_fails_names_its_key),
        cmocka_unit_test(values_are_checked_against_the_schema),
        cmocka_unit_test(secrets_must_not_be_decrypted_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
