/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "model/model.h"

static void assert_accepted(enum model_kind kind, enum model_source source, const char *object,
                            const char *document)
{
    VALUE_AUTO(given);
    VALUE_AUTO(made);
    ERROR_AUTO(err);

    given = from_json(object);
    if (model_accept(kind, given, source, NULL, &made, NULL, &err) < 0)
        fail_msg("%s: %s", object, error_text(&err));
    assert_json(made, document);
}

static void assert_refused(enum model_kind kind, const char *object, const char *path, const char *message)
{
    struct model_path where = { "" };
    VALUE_AUTO(given);
    VALUE_AUTO(made);
    ERROR_AUTO(err);

    given = from_json(object);
    if (model_accept(kind, given, MODEL_FROM_API, NULL, &made, &where, &err) == 0)
        fail_msg("accepted: %s", object);
    assert_string_equal(error_text(&err), message);
    assert_string_equal(where.text, path);
}

TEST(short_objects_are_filled_up)
{
    assert_accepted(
        MODEL_ACTION, MODEL_FROM_FILE, "{\"name\": \"a\", \"runner_type\": \"noop\", \"pack\": \"p\"}",
        "{\"name\":\"a\",\"enabled\":true,\"runner_type\":\"noop\",\"entry_point\":\"\",\"pack\":\"p\",\"parameters\":{},"
        "\"output_schema\":{},\"tags\":[],\"notify\":{},\"metadata_file\":\"\",\"ref\":\"p.a\",\"uid\":\"action:p:a\"}");
    assert_accepted(
        MODEL_RULE, MODEL_FROM_API,
        "{\"name\": \"r\", \"trigger\": {\"type\": \"core.st2.webhook\"}, \"action\": {\"ref\": \"core.noop\"}}",
        "{\"name\":\"r\",\"pack\":\"default\",\"type\":{\"ref\":\"standard\",\"parameters\":{}},\"trigger\":{\"type\":"
        "\"core.st2.webhook\",\"parameters\":{}},\"criteria\":{},\"action\":{\"ref\":\"core.noop\",\"parameters\":{}},"
        "\"enabled\":false,\"context\":{},\"tags\":[],\"metadata_file\":\"\",\"ref\":\"default.r\",\"uid\":"
        "\"rule:default:r\"}");
    assert_accepted(
        MODEL_TRIGGER_TYPE, MODEL_FROM_API, "{\"id\": null, \"name\": \"t.x\", \"pack\": \"p\"}",
        "{\"name\":\"t.x\",\"pack\":\"p\",\"payload_schema\":{},\"parameters_schema\":{},\"tags\":[],\"ref\":\"p.t.x\","
        "\"uid\":\"trigger_type:p:t.x\"}");
    assert_accepted(
        MODEL_TRIGGER, MODEL_FROM_API,
        "{\"name\": \"one\", \"pack\": \"p\", \"type\": \"p.t\", \"parameters\": {\"k\": \"v\", \"a\": [1, 2.5]}}",
        "{\"name\":\"one\",\"pack\":\"p\",\"type\":\"p.t\",\"parameters\":{\"k\":\"v\",\"a\":[1,2.5]},\"ref\":\"p.one\","
        "\"uid\":\"trigger:p:one:ccca7b301a4ff983c9c995fa709be781\"}");
    assert_accepted(
        MODEL_POLICY, MODEL_FROM_API,
        "{\"name\": \"p\", \"pack\": \"x\", \"resource_ref\": \"a.b\", \"policy_type\": \"action.concurrency\", "
        "\"parameters\": {\"threshold\": 2}}",
        "{\"name\":\"p\",\"pack\":\"x\",\"enabled\":true,\"resource_ref\":\"a.b\",\"policy_type\":\"action.concurrency\","
        "\"parameters\":{\"threshold\":2,\"action\":\"delay\"},\"metadata_file\":\"\",\"ref\":\"x.p\",\"uid\":"
        "\"policy:x:p\"}");
}

TEST(actions_of_the_api_carry_the_defaults_of_the_output_schema)
{
    VALUE_AUTO(given);
    VALUE_AUTO(made);

    given =
        from_json("{\"name\": \"a\", \"runner_type\": \"noop\", \"output_schema\": {\"type\": \"object\"}}");
    assert_int_equal(model_accept(MODEL_ACTION, given, MODEL_FROM_API, NULL, &made, NULL, NULL), 0);
    assert_string_equal(value_map_chars(value_map_get(made, "output_schema"), "type"), "object");
    assert_int_equal(value_map_count(value_map_get(made, "output_schema")), 11);
    assert_string_equal(value_map_chars(made, "pack"), "default");
}

TEST(refusals_of_fields_are_worded_as_stackstorm_does)
{
    assert_refused(MODEL_ACTION, "{\"runner_type\": \"noop\"}", "name", "'name' is a required property");
    assert_refused(MODEL_ACTION, "{\"name\": \"a\"}", "runner_type", "'runner_type' is a required property");
    assert_refused(MODEL_ACTION, "{\"name\": 7, \"runner_type\": \"noop\"}", "name",
                   "7 is not of type 'string'");
    assert_refused(MODEL_ACTION, "{\"name\": \"a\", \"runner_type\": \"noop\", \"description\": null}",
                   "description", "None is not of type 'string'");
    assert_refused(MODEL_ACTION, "{\"name\": \"a\", \"runner_type\": \"noop\", \"a\": 1, \"b\": 2}", "a",
                   "Additional properties are not allowed ('a', 'b' were unexpected)");
    assert_refused(
        MODEL_ACTION,
        "{\"name\": \"a\", \"runner_type\": \"noop\", \"notify\": {\"on-complete\": {\"channel\": 1}}}",
        "notify.on-complete.channel", "Additional properties are not allowed ('channel' was unexpected)");
    assert_refused(MODEL_ALIAS, "{}", "pack", "'pack' is a required property");
    assert_refused(MODEL_ALIAS,
                   "{\"name\": \"a\", \"pack\": \"p\", \"action_ref\": \"a.b\", \"formats\": \"x\"}",
                   "formats", "'x' is not of type 'array', 'null'");
    assert_refused(MODEL_RULE, "{}", "trigger", "'trigger' is a required property");
    assert_refused(MODEL_RULE, "{\"name\": \"r\", \"trigger\": {}, \"action\": {\"ref\": \"a.b\"}}",
                   "trigger.type", "'type' is a required property");
    assert_refused(
        MODEL_RULE,
        "{\"name\": \"r\", \"trigger\": {\"type\": \"a.b\"}, \"action\": {\"ref\": \"a.b\"}, \"criteria\": [1]}",
        "criteria", "[1] is not of type 'object'");
    assert_refused(MODEL_POLICY, "{\"name\": \"p\"}", "resource_ref",
                   "'resource_ref' is a required property");
    assert_refused(
        MODEL_PACK,
        "{\"name\": \"p\", \"ref\": \"a-b\", \"description\": \"\", \"version\": \"1.0.0\", \"author\": \"\", "
        "\"email\": null}",
        "ref",
        "Pack ref / name can only contain valid word characters (a-z, 0-9 and _), dashes are not allowed.");
    assert_refused(MODEL_SENSOR, "[]", "", "[] is not of type 'object'");
}

TEST(parameters_stand_over_those_of_the_runner_within_limits)
{
    assert_refused(
        MODEL_ACTION,
        "{\"name\": \"a\", \"pack\": \"p\", \"runner_type\": \"local-shell-cmd\", \"parameters\": {\"timeout\": "
        "{\"type\": \"string\"}}}",
        "parameters.timeout.type",
        "The attribute \"type\" for the runner parameter \"timeout\" in action \"p.a\" cannot be overridden.");
    assert_refused(
        MODEL_ACTION,
        "{\"name\": \"a\", \"runner_type\": \"remote-shell-cmd\", \"parameters\": {\"parallel\": {\"immutable\": true}}}",
        "parameters.parallel", "Param parallel is declared immutable in runner. Cannot override in action.");
    assert_refused(
        MODEL_ACTION,
        "{\"name\": \"a\", \"runner_type\": \"noop\", \"parameters\": {\"p\": {\"type\": \"string\", \"immutable\": "
        "true}}}",
        "parameters.p", "Immutable param p requires a default value.");
    assert_refused(MODEL_ACTION,
                   "{\"name\": \"a\", \"runner_type\": \"noop\", \"parameters\": {\"p\": {\"colour\": 1}}}",
                   "parameters.p", "Additional properties are not allowed ('colour' was unexpected)");
}

static value no_trigger_type(void *data, const char *ref)
{
    return VALUE_NOTHING;
}

TEST(a_rule_needs_its_trigger_type_when_that_can_be_looked_up)
{
    struct model_lookup lookup = { .trigger_type = no_trigger_type };
    struct model_path where;
    VALUE_AUTO(given);
    VALUE_AUTO(made);
    ERROR_AUTO(err);

    given =
        from_json("{\"name\": \"r\", \"trigger\": {\"type\": \"no.such\"}, \"action\": {\"ref\": \"a.b\"}}");
    assert_true(model_accept(MODEL_RULE, given, MODEL_FROM_API, &lookup, &made, &where, &err) < 0);
    assert_string_equal(error_text(&err),
                        "Trigger \"no.such\" defined in the rule does not exist in system or it's missing "
                        "required \"parameters\" attribute");
}

static value internal_trigger_type(void *data, const char *ref)
{
    VALUE_AUTO(types);

    types = model_internal_trigger_types(true);
    VALUE_LIST_EACH (i, type, types) {
        if (value_text_is(value_map_get(type, "ref"), ref))
            return value_ref(type);
    }
    return VALUE_NOTHING;
}

TEST(parameters_of_triggers_are_checked_by_their_type)
{
    static const char *const cases[][3] = {
        { "IntervalTimer", "{\"unit\": \"fortnights\", \"delta\": 1}",
          "'fortnights' is not one of ['weeks', 'days', 'hours', 'minutes', 'seconds']" },
        { "IntervalTimer", "{\"unit\": \"seconds\"}", "'delta' is a required property" },
        { "CronTimer", "{\"minute\": \"99x\"}", "Unrecognized expression \"99x\" for field \"minute\"" },
        { "webhook", "{}", "'url' is a required property" },
        { "CronTimer", "{\"minute\": \"*/30\", \"hour\": 4, \"timezone\": \"UTC\"}", NULL },
        { "DateTimer", "{\"date\": \"2099-01-01T00:00:00Z\"}", NULL },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        char ref[64];
        VALUE_AUTO(type);
        VALUE_AUTO(parameters);
        ERROR_AUTO(err);
        int r;

        snprintf(ref, sizeof(ref), "core.st2.%s", cases[i][0]);
        type = internal_trigger_type(NULL, ref);
        parameters = from_json(cases[i][1]);
        r = model_check_trigger_parameters(type, parameters, &err);
        assert_int_equal(r < 0, cases[i][2] != NULL);
        if (r < 0)
            assert_memory_equal(error_text(&err), cases[i][2], strlen(cases[i][2]));
    }
}

TEST(payloads_are_checked_by_the_trigger_type)
{
    VALUE_AUTO(payload);
    VALUE_AUTO(type);
    ERROR_AUTO(err);

    payload = from_json("{}");
    assert_true(model_check_trigger_payload(VALUE_NOTHING, "nosuch.trigger", payload, &err) < 0);
    assert_string_equal(
        error_text(&err),
        "Trigger payload validation failed and validation is enabled, not dispatching a trigger "
        "\"nosuch.trigger\" ({}): Trigger type with reference \"nosuch.trigger\" doesn't exist in the "
        "database");
    type = internal_trigger_type(NULL, "core.st2.IntervalTimer");
    value_replace(&payload,
                  from_json("{\"executed_at\": \"2024-01-01 00:00:00+00:00\", \"schedule\": null}"));
    assert_int_equal(model_check_trigger_payload(type, "core.x", payload, &err), 0);
}

TEST(built_in_types_are_complete)
{
    VALUE_AUTO(runners);
    VALUE_AUTO(policies);
    VALUE_AUTO(triggers);
    VALUE_AUTO(fewer);
    VALUE_AUTO(python);
    VALUE_AUTO(none);

    runners = model_runner_types();
    policies = model_policy_types();
    triggers = model_internal_trigger_types(true);
    fewer = model_internal_trigger_types(false);
    assert_int_equal(value_list_count(runners), 15);
    assert_int_equal(value_list_count(policies), 3);
    assert_int_equal(value_list_count(triggers), 14);
    assert_int_equal(value_list_count(fewer), 13);
    python = model_builtin_runner_type("python_script");
    assert_string_equal(value_map_chars(python, "name"), "python-script");
    none = model_builtin_runner_type("python");
    assert_int_equal(none.kind, VALUE_UNSET);
    assert_string_equal(value_map_chars(value_list_at(triggers, 0), "uid"),
                        "trigger_type:core:st2.generic.actiontrigger");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_objects_are_filled_up),
        cmocka_unit_test(actions_of_the_api_carry_the_defaults_of_the_output_schema),
        cmocka_unit_test(refusals_of_fields_are_worded_as_stackstorm_does),
        cmocka_unit_test(parameters_stand_over_those_of_the_runner_within_limits),
        cmocka_unit_test(a_rule_needs_its_trigger_type_when_that_can_be_looked_up),
        cmocka_unit_test(parameters_of_triggers_are_checked_by_their_type),
        cmocka_unit_test(payloads_are_checked_by_the_trigger_type),
        cmocka_unit_test(built_in_types_are_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
