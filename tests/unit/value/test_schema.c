/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "value/schema.h"

static void assert_valid(const char *schema_json, const char *json, enum schema_dialect dialect,
                         enum schema_flags flags, const char *expected)
{
    ERROR_AUTO(err);
    VALUE_AUTO(schema);
    VALUE_AUTO(v);
    int r;

    schema = from_json(schema_json);
    v = from_json(json);
    r = schema_validate(schema, v, dialect, flags, NULL, &err);
    if (!expected && r < 0)
        fail_msg("%s under %s: %s", json, schema_json, error_text(&err));
    if (!expected)
        return;
    if (r == 0)
        fail_msg("%s is valid under %s", json, schema_json);
    assert_string_equal(error_text(&err), expected);
}

TEST(messages_are_jsonschemas)
{
    static const struct {
        const char *schema, *v, *expected;
    } cases[] = {
        { "{\"type\": \"string\"}", "1", "1 is not of type 'string'" },
        { "{\"type\": [\"integer\", \"null\"]}", "\"x\"", "'x' is not of type 'integer', 'null'" },
        { "{\"type\": \"integer\"}", "true", "True is not of type 'integer'" },
        { "{\"type\": \"integer\"}", "1.0", "1.0 is not of type 'integer'" },
        { "{\"type\": \"number\"}", "1", NULL },
        { "{\"enum\": [1, \"a\"]}", "true", "True is not one of [1, 'a']" },
        { "{\"properties\": {}, \"additionalProperties\": false}", "{\"x\": 1}",
          "Additional properties are not allowed ('x' was unexpected)" },
        { "{\"properties\": {}, \"additionalProperties\": false}", "{\"y\": 1, \"x\": 1}",
          "Additional properties are not allowed ('x', 'y' were unexpected)" },
        { "{\"patternProperties\": {\"^a\": {}}, \"additionalProperties\": false}", "{\"x\": 1}",
          "'x' does not match any of the regexes: '^a'" },
        { "{\"required\": [\"a\"]}", "{}", "'a' is a required property" },
        { "{\"minimum\": 3}", "2", "2 is less than the minimum of 3" },
        { "{\"minimum\": 3, \"exclusiveMinimum\": true}", "3",
          "3 is less than or equal to the minimum of 3" },
        { "{\"maximum\": 3}", "4.5", "4.5 is greater than the maximum of 3" },
        { "{\"multipleOf\": 2}", "3", "3 is not a multiple of 2" },
        { "{\"minLength\": 1}", "\"\"", "'' should be non-empty" },
        { "{\"minLength\": 3}", "\"ab\"", "'ab' is too short" },
        { "{\"maxLength\": 1}", "\"\xc3\xa9\"", NULL },
        { "{\"pattern\": \"^[a-z]+$\"}", "\"A\"", "'A' does not match '^[a-z]+$'" },
        { "{\"uniqueItems\": true}", "[1, true]", NULL },
        { "{\"uniqueItems\": true}", "[1, 1.0]", "[1, 1.0] has non-unique elements" },
        { "{\"items\": [{}], \"additionalItems\": false}", "[1, 2]",
          "Additional items are not allowed (2 was unexpected)" },
        { "{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"null\"}]}", "1",
          "1 is not valid under any of the given schemas" },
        { "{\"oneOf\": [{\"minimum\": 1}, {\"minimum\": 2}]}", "3",
          "3 is valid under each of {'minimum': 2}, {'minimum': 1}" },
        { "{\"not\": {\"type\": \"integer\"}}", "3", "3 should not be valid under {'type': 'integer'}" },
        { "{\"dependencies\": {\"a\": [\"b\"]}}", "{\"a\": 1}", "'b' is a dependency of 'a'" },
        { "{\"definitions\": {\"x\": {\"type\": \"string\"}}, \"properties\": {\"a\": {\"$ref\": \"#/definitions/x\"}}}",
          "{\"a\": 1}", "1 is not of type 'string'" },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_valid(cases[i].schema, cases[i].v, SCHEMA_DRAFT4, 0, cases[i].expected);
}

#define SET(parameters) \
    "{\"type\": \"object\", \"properties\": {" parameters "}, \"additionalProperties\": false}"

TEST(parameters_are_required_one_by_one)
{
    assert_valid(SET("\"a\": {\"type\": \"string\", \"required\": true}"), "{}", SCHEMA_PARAMETERS, 0,
                 "'a' is a required property");
    assert_valid(SET("\"a\": {\"type\": \"object\", \"properties\": {\"b\": {\"required\": true}}}"),
                 "{\"a\": {}}", SCHEMA_PARAMETERS, 0, "'b' is a required property");
}

TEST(null_is_allowed_where_the_default_is_null)
{
    enum schema_flags flags = SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL;

    assert_valid(SET("\"a\": {\"type\": \"integer\"}"), "{\"a\": null}", SCHEMA_PARAMETERS, flags, NULL);
    assert_valid(SET("\"a\": {\"type\": \"integer\"}"), "{\"a\": \"many\"}", SCHEMA_PARAMETERS, flags,
                 "'many' is not of type 'integer', 'null'");
    assert_valid(SET("\"a\": {\"type\": \"string\", \"required\": true}"), "{\"a\": null}", SCHEMA_PARAMETERS,
                 flags, "None is not of type 'string'");
    assert_valid(SET("\"a\": {\"type\": \"string\", \"default\": \"x\"}"), "{\"a\": null}", SCHEMA_PARAMETERS,
                 flags, NULL);
    assert_valid(SET("\"a\": {\"enum\": [1]}"), "{\"a\": null}", SCHEMA_PARAMETERS, flags,
                 "None is not one of [1]");
}

TEST(defaults_are_filled_for_the_check)
{
    VALUE_AUTO(schema);
    VALUE_AUTO(v);
    VALUE_AUTO(filled);

    schema = from_json(SET(
        "\"a\": {\"type\": \"integer\", \"default\": 5, \"required\": true}, \"o\": {\"type\": \"object\", "
        "\"properties\": {\"x\": {\"default\": 1}}}, \"l\": {\"type\": \"array\", \"items\": {\"properties\": "
        "{\"y\": {\"default\": 2}}}}"));
    v = from_json("{\"o\": {\"z\": 0}, \"l\": [{\"y\": null}]}");
    assert_int_equal(schema_validate(schema, v, SCHEMA_PARAMETERS, SCHEMA_DEFAULTS, &filled, NULL), 0);
    assert_json(filled, "{\"o\":{\"z\":0,\"x\":1},\"l\":[{\"y\":2}],\"a\":5}");
    assert_json(v, "{\"o\":{\"z\":0},\"l\":[{\"y\":null}]}");
}

/* What is told at length. */
static void assert_told(const char *schema_json, const char *json, enum schema_flags flags,
                        const char *expected)
{
    ERROR_AUTO(err);
    VALUE_AUTO(schema);
    VALUE_AUTO(v);

    schema = from_json(schema_json);
    v = from_json(json);
    assert_true(schema_validate(schema, v, SCHEMA_PARAMETERS, flags, NULL, &err) < 0);
    assert_string_equal(error_detail(&err), expected);
}

TEST(a_refusal_shows_the_parts_that_do_not_agree)
{
    assert_told(SET("\"code\": {\"type\": \"integer\", \"description\": \"Exit code\", \"default\": 3, "
                    "\"minimum\": 1, \"maximum\": 99}"),
                "{\"code\": 500}", SCHEMA_DEFAULTS | SCHEMA_ALLOW_NULL,
                "500 is greater than the maximum of 99\n\n"
                "Failed validating 'maximum' in schema['properties']['code']:\n"
                "    {'type': 'integer',\n"
                "     'description': 'Exit code',\n"
                "     'default': 3,\n"
                "     'minimum': 1,\n"
                "     'maximum': 99}\n\n"
                "On instance['code']:\n"
                "    500");
    assert_told(SET("\"l\": {\"items\": {\"type\": \"string\"}, \"required\": true}"), "{\"l\": [\"a\", 1]}",
                0,
                "1 is not of type 'string'\n\n"
                "Failed validating 'type' in schema['properties']['l']['items']:\n"
                "    {'type': 'string'}\n\n"
                "On instance['l'][1]:\n"
                "    1");
}

TEST(what_is_missing_is_told_at_its_place)
{
    assert_told(
        "{\"type\": \"object\", \"properties\": {\"ok\": {\"type\": \"boolean\", \"required\": true}}}", "{}",
        0,
        "'ok' is a required property\n\n"
        "Failed validating 'required' in schema['properties']['ok']:\n"
        "    {'type': 'object',\n"
        "     'properties': {'ok': {'type': 'boolean', 'required': True}}}\n\n"
        "On instance['ok']:\n"
        "    {}");
}

TEST(null_that_would_be_allowed_shows_in_the_schema)
{
    assert_told(SET("\"a\": {\"type\": \"string\"}"), "{\"a\": 5}", SCHEMA_ALLOW_NULL,
                "5 is not of type 'string', 'null'\n\n"
                "Failed validating 'type' in schema['properties']['a']:\n"
                "    {'type': ['string', 'null']}\n\n"
                "On instance['a']:\n"
                "    5");
}

/* Of many violations one is told: the one nearest to the root, then the later place, then the plainer keyword. */
TEST(of_many_violations_the_widest_is_told)
{
    static const struct {
        const char *schema, *v, *expected;
    } cases[] = {
        { SET("\"a\": {\"type\": \"string\"}, \"b\": {\"type\": \"string\"}"), "{\"a\": 1, \"b\": 2}",
          "2 is not of type 'string'" },
        { SET("\"a\": {\"type\": \"string\", \"required\": true}"), "{\"x\": 1}",
          "Additional properties are not allowed ('x' was unexpected)" },
        { "{\"anyOf\": [{\"minimum\": 5}], \"maximum\": 1}", "2", "2 is greater than the maximum of 1" },
        { "{\"items\": {\"type\": \"string\"}, \"maxItems\": 1}", "[1, 2]", "[1, 2] is too long" },
        { "{\"type\": \"integer\", \"maximum\": 1, \"enum\": [1]}", "2",
          "2 is greater than the maximum of 1" },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_valid(cases[i].schema, cases[i].v, SCHEMA_PARAMETERS, 0, cases[i].expected);
}

TEST(alternatives_tell_what_came_nearest)
{
    const char *schema =
        "{\"anyOf\": [{\"type\": \"string\"}, {\"properties\": {\"n\": {\"type\": \"integer\"}}}]}";

    assert_valid(schema, "{\"n\": \"x\"}", SCHEMA_DRAFT4, 0, "'x' is not of type 'integer'");
    assert_valid(schema, "{\"n\": \"x\"}", SCHEMA_DRAFT4, SCHEMA_WHOLE_ALTERNATIVES,
                 "{'n': 'x'} is not valid under any of the given schemas");
    assert_told(schema, "{\"n\": \"x\"}", 0,
                "'x' is not of type 'integer'\n\n"
                "Failed validating 'type' in schema[1]['properties']['n']:\n"
                "    {'type': 'integer'}\n\n"
                "On instance['n']:\n"
                "    'x'");
    assert_valid("{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"integer\"}]}", "[]", SCHEMA_DRAFT4, 0,
                 "[] is not valid under any of the given schemas");
}

static void assert_definition(const char *json, const char *expected)
{
    ERROR_AUTO(err);
    VALUE_AUTO(v);
    int r;

    v = from_json(json);
    r = schema_check_parameters(v, &err);
    assert_string_equal(r < 0 ? error_text(&err) : "", expected);
}

TEST(definitions_are_checked_at_registration)
{
    assert_definition("{\"p\": {\"type\": \"string\", \"default\": 5, \"secret\": true, \"items\": {}}}", "");
    assert_definition("{\"p\": {}}", "");
    assert_definition("{\"p\": {\"type\": \"string\", \"colour\": \"red\"}}",
                      "Additional properties are not allowed ('colour' was unexpected)");
    assert_definition("{\"p\": {\"type\": \"text\"}}", "'text' is not valid under any of the given schemas");
    assert_definition("{\"p\": {\"type\": [\"string\", \"null\"]}}",
                      "['string', 'null'] is not valid under any of the given schemas");
    assert_definition("{\"p\": {\"type\": \"array\", \"items\": {\"type\": \"nosuch\"}}}",
                      "{'type': 'nosuch'} is not valid under any of the given schemas");
    assert_definition("{\"p\": \"string\"}", "'string' is not of type 'object'");
    assert_definition("{\"p\": {\"position\": -1}}", "-1 is less than the minimum of 0");
    assert_definition("{\"p\": {\"required\": \"yes\"}}", "'yes' is not of type 'boolean'");
    assert_definition("{\"p\": {\"enum\": []}}", "[] should be non-empty");
    assert_definition("{\"p\": {\"minLength\": -1}}", "-1 is less than the minimum of 0");
    assert_definition("{\"1 p\": {}}", "'1 p' does not match any of the regexes: '^\\\\w+$'");
    assert_definition("{\"p\": {\"position\": 0}, \"q\": {\"position\": 0}}",
                      "Parameters q and p have same position 0. Position values have to be unique.");
    assert_definition("{\"p\": {\"position\": 0}, \"q\": {\"position\": 2}}",
                      "Positions supplied [0, 2] for parameters are not contiguous.");
    assert_definition("{\"p\": {\"position\": 3}, \"q\": {\"position\": 2}}", "");
}

TEST(secrets_are_masked_at_any_depth)
{
    VALUE_AUTO(parameters);
    VALUE_AUTO(v);
    VALUE_AUTO(masked);

    parameters = from_json(
        "{\"pw\": {\"secret\": true}, \"o\": {\"type\": \"object\", \"properties\": {\"t\": {\"secret\": true}, "
        "\"n\": {}}}, \"l\": {\"type\": \"array\", \"items\": {\"properties\": {\"k\": {\"secret\": true}}}}, "
        "\"p\": {\"patternProperties\": {\"^s_\": {\"secret\": true}}}}");
    v = from_json(
        "{\"pw\": {\"a\": 1}, \"o\": {\"t\": 1, \"n\": 2}, \"l\": [{\"k\": 1, \"j\": 2}], \"p\": {\"s_a\": 1, \"b\": 2}, "
        "\"other\": 3}");
    masked = schema_mask_secrets(parameters, v);
    assert_json(
        masked,
        "{\"pw\":\"********\",\"o\":{\"t\":\"********\",\"n\":2},\"l\":[{\"k\":\"********\",\"j\":2}],\"p\":{\"s_a\":"
        "\"********\",\"b\":2},\"other\":3}");
}

TEST(outputs_are_masked_by_both_forms_of_schema)
{
    VALUE_AUTO(schema);
    VALUE_AUTO(old);
    VALUE_AUTO(v);
    VALUE_AUTO(a);
    VALUE_AUTO(b);

    schema = from_json(
        "{\"type\": \"object\", \"properties\": {\"x\": {\"secret\": true}}, \"additionalProperties\": {\"secret\": true}}");
    old = from_json("{\"x\": {\"type\": \"string\", \"secret\": true}}");
    v = from_json("{\"x\": 1, \"y\": 2}");
    a = schema_mask_output(schema, v);
    b = schema_mask_output(old, v);
    assert_json(a, "{\"x\":\"********\",\"y\":\"********\"}");
    assert_json(b, "{\"x\":\"********\",\"y\":2}");
}

TEST(endless_schemas_end)
{
    assert_valid("{\"$ref\": \"#\"}", "1", SCHEMA_DRAFT4, 0,
                 "maximum recursion depth exceeded (limit of 100 nested schemas)");
    assert_valid("{\"pattern\": \"(\"}", "\"x\"", SCHEMA_DRAFT4, 0,
                 "missing ), unterminated subpattern at position 0");
    assert_valid("{\"items\": 5}", "[1]", SCHEMA_DRAFT4, 0, "the schema is not valid: 'items' is malformed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_jsonschemas),
        cmocka_unit_test(parameters_are_required_one_by_one),
        cmocka_unit_test(null_is_allowed_where_the_default_is_null),
        cmocka_unit_test(defaults_are_filled_for_the_check),
        cmocka_unit_test(definitions_are_checked_at_registration),
        cmocka_unit_test(secrets_are_masked_at_any_depth),
        cmocka_unit_test(outputs_are_masked_by_both_forms_of_schema),
        cmocka_unit_test(endless_schemas_end),
        cmocka_unit_test(a_refusal_shows_the_parts_that_do_not_agree),
        cmocka_unit_test(what_is_missing_is_told_at_its_place),
        cmocka_unit_test(null_that_would_be_allowed_shows_in_the_schema),
        cmocka_unit_test(of_many_violations_the_widest_is_told),
        cmocka_unit_test(alternatives_tell_what_came_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
