/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include <unistd.h>

#include "base/mem.h"
#include "packs/pack.h"

/* A pack of tests/packs, read with the operator's files of tests/packs/<base>. */
static struct pack *read_pack(const char *name, const char *base)
{
    CLEANUP(freep)
    char *directory = xasprintf("%s/tests/packs/%s", getenv("FULMAR_SOURCE_ROOT"), name);
    CLEANUP(freep)
    char *base_path = base ? xasprintf("%s/tests/packs/%s", getenv("FULMAR_SOURCE_ROOT"), base) : NULL;
    struct pack_options options = { .parts = PACK_EVERYTHING, .base_path = base_path };
    struct pack *pack = NULL;
    ERROR_AUTO(err);

    if (pack_read(directory, &options, &pack, &err) < 0)
        fail_msg("%s", error_text(&err));
    return pack;
}

struct expected_problem {
    const char *kind, *file;
    int line, column;
    const char *key, *message; /* how the message begins */
};

static void assert_problems(const struct pack *pack, const struct expected_problem *expected, size_t n)
{
    for (size_t i = 0; i < pack->n_problems; i++)
        if (i >= n)
            print_message("unexpected: %s: %s\n", pack->problems[i].file, pack->problems[i].message);
    for (size_t i = 0; i < pack->n_problems && i < n; i++) {
        const struct pack_problem *problem = &pack->problems[i];
        const struct expected_problem *want = &expected[i];
        size_t skip = strlen(problem->file) - strlen(want->file);

        print_message("%s:%d:%d [%s] %s\n", problem->file, problem->line, problem->column, problem->key,
                      problem->message);
        assert_string_equal(problem->kind, want->kind);
        assert_true(strlen(problem->file) > strlen(want->file));
        assert_string_equal(problem->file + skip, want->file);
        assert_int_equal(problem->line, want->line);
        assert_int_equal(problem->column, want->column);
        assert_string_equal(problem->key, want->key);
        assert_memory_equal(problem->message, want->message, strlen(want->message));
    }
    assert_int_equal(pack->n_problems, n);
}

static void assert_objects(const struct pack *pack, enum model_kind kind, const char *json)
{
    assert_json(pack->objects[kind], json);
}

TEST(a_good_pack_becomes_documents)
{
    CLEANUP(pack_freep)
    struct pack *pack = read_pack("good", "base");

    assert_problems(pack, NULL, 0);
    assert_string_equal(pack->name, "good");
    assert_string_equal(value_map_chars(pack->document, "ref"), "good");
    assert_string_equal(value_map_chars(pack->document, "uid"), "pack:good");
    assert_false(value_map_has(pack->document, "unknown"));
    assert_false(value_map_has(pack->document, "email"));
    assert_int_equal(value_list_count(value_map_get(pack->document, "files")), 11);
    assert_objects(
        pack, MODEL_TRIGGER_TYPE,
        "[{\"name\":\"tock\",\"pack\":\"good\",\"payload_schema\":{\"type\":\"object\"},\"parameters_schema\":{},"
        "\"tags\":[],\"metadata_file\":\"triggers/tock.yaml\",\"ref\":\"good.tock\",\"uid\":\"trigger_type:good:tock\"},"
        "{\"name\":\"tick\",\"pack\":\"good\",\"payload_schema\":{},\"parameters_schema\":{\"type\":\"object\"},"
        "\"tags\":[],\"metadata_file\":\"sensors/clock.yaml\",\"ref\":\"good.tick\",\"uid\":\"trigger_type:good:tick\"}]");
    assert_objects(
        pack, MODEL_RULE,
        "[{\"name\":\"rule\",\"pack\":\"good\",\"type\":{\"ref\":\"standard\",\"parameters\":{}},\"trigger\":{\"type\":"
        "\"good.tick\",\"parameters\":{}},\"criteria\":{},\"action\":{\"ref\":\"good.run\",\"parameters\":{}},"
        "\"enabled\":true,\"context\":{},\"tags\":[],\"metadata_file\":\"rules/rule.yaml\",\"ref\":\"good.rule\","
        "\"uid\":\"rule:good:rule\"}]");
    assert_objects(
        pack, MODEL_POLICY,
        "[{\"name\":\"policy\",\"pack\":\"good\",\"enabled\":true,\"resource_ref\":\"good.run\",\"policy_type\":"
        "\"action.concurrency\",\"parameters\":{\"threshold\":2,\"action\":\"delay\"},\"metadata_file\":"
        "\"policies/policy.yaml\",\"ref\":\"good.policy\",\"uid\":\"policy:good:policy\"}]");
    assert_int_equal(pack->n_files[MODEL_ACTION], 2);
    assert_int_equal(pack->n_files[MODEL_TRIGGER_TYPE], 1);
    assert_json(pack->config, "{\"pack\":\"good\",\"values\":{\"token\":\"secret\",\"extra\":1}}");
}

TEST(a_sensor_refers_to_its_trigger_types)
{
    CLEANUP(pack_freep)
    struct pack *pack = read_pack("good", NULL);
    CLEANUP(freep)
    char *uri = xasprintf("file://%s/sensors/inner/clock.py", pack->path);
    value sensor = value_list_at(pack->objects[MODEL_SENSOR], 0);

    assert_string_equal(value_map_chars(sensor, "uid"), "sensor_type:good:Clock");
    assert_string_equal(value_map_chars(sensor, "entry_point"), "sensors.inner.clock.Clock");
    assert_string_equal(value_map_chars(sensor, "artifact_uri"), uri);
    assert_json(value_map_get(sensor, "trigger_types"), "[\"good.tick\"]");
    assert_false(value_map_has(sensor, "class_name"));
}

TEST(overrides_switch_objects_on_and_off)
{
    CLEANUP(pack_freep)
    struct pack *pack = read_pack("good", "base");
    CLEANUP(pack_freep)
    struct pack *bare = read_pack("good", NULL);
    value quiet = value_list_at(pack->objects[MODEL_ACTION], 0),
          run = value_list_at(pack->objects[MODEL_ACTION], 1);

    assert_false(value_map_bool(quiet, "enabled", true));
    assert_true(value_map_bool(run, "enabled", false));
    assert_int_equal(pack->n_overridden[MODEL_ACTION], 0);
    assert_true(value_map_bool(value_list_at(pack->objects[MODEL_RULE], 0), "enabled", false));
    assert_false(value_map_bool(value_list_at(bare->objects[MODEL_RULE], 0), "enabled", true));
}

TEST(wrong_files_of_the_operator_are_problems_too)
{
    static const struct expected_problem problems[] = {
        { "sensor", "good/sensors/clock.yaml", 2, 1, "",
          "Override attempted with invalid default key disabled in pack good" },
        { "config", "bad_base/configs/good.yaml", 4, 3, "server.port",
          "Failed validating attribute \"server.port\" in config for pack \"good\" (" },
    };
    CLEANUP(pack_freep)
    struct pack *pack = read_pack("good", "bad_base");

    assert_problems(pack, problems, ELEMENTS(problems));
    assert_int_equal(pack->n_overridden[MODEL_ALIAS], 1);
    assert_false(value_map_bool(value_list_at(pack->objects[MODEL_ALIAS], 0), "enabled", true));
}

TEST(each_fault_of_a_broken_pack_is_named_with_its_place)
{
    static const struct expected_problem problems[] = {
        { "pack", "broken/pack.yaml", 4, 1, "version",
          "Pack version \"1.0\" doesn't follow a valid semver format." },
        { "config schema", "broken/config.schema.yaml", 5, 1, "colour",
          "'text' is not valid under any of the given schemas" },
        { "trigger", "triggers/a_name.yaml", 2, 1, "name", "['a'] is not of type 'string'" },
        { "sensor", "sensors/a_poll.yaml", 4, 1, "poll_interval",
          "Minimum possible poll_interval is 4 seconds" },
        { "sensor", "sensors/b_entry.yaml", 2, 1, "entry_point", "Sensor definition missing entry_point" },
        { "sensor", "sensors/c_trigger.yaml", 6, 5, "trigger_types.1.name", "'name' is a required property" },
        { "action", "actions/a_syntax.yaml", 4, 18, "",
          "while parsing a flow node\ndid not find expected node content\n" },
        { "action", "actions/b_unknown_key.yaml", 4, 1, "colour",
          "Additional properties are not allowed ('colour' was" },
        { "action", "actions/c_no_runner.yaml", 2, 1, "runner_type", "'runner_type' is a required property" },
        { "action", "actions/d_wrong_type.yaml", 4, 1, "enabled", "'maybe' is not of type 'boolean'" },
        { "action", "actions/e_unknown_runner.yaml", 4, 1, "runner_type",
          "RunnerType run-local is not found. If you" },
        { "action", "actions/f_bad_parameter.yaml", 7, 3, "parameters.second",
          "'text' is not valid under any of the given schemas" },
        { "action", "actions/g_override.yaml", 9, 5, "parameters.timeout.type",
          "The attribute \"type\" for the runner parameter \"timeout\" in action \"broken.override\" cannot be overridden." },
        { "action", "actions/h_immutable.yaml", 7, 3, "parameters.fixed",
          "Immutable param fixed requires a default value." },
        { "action", "actions/i_positions.yaml", 4, 1, "parameters",
          "Positions supplied [0, 2] for parameters are not contiguous." },
        { "action", "actions/j_other_pack.yaml", 3, 1, "pack",
          "Model is in pack \"broken\" but field \"pack\" is different: elsewhere" },
        { "action", "actions/k_notify.yaml", 7, 3, "notify.on-sunday",
          "Additional properties are not allowed ('on-sunday' was" },
        { "action", "actions/l_list.yaml", 2, 1, "", "The file does not hold a mapping" },
        { "action", "actions/m_empty.yaml", 0, 0, "", "The file does not hold a mapping" },
        { "rule", "rules/a_no_action.yaml", 2, 1, "action", "'action' is a required property" },
        { "rule", "rules/b_action_key.yaml", 7, 3, "action.params",
          "Additional properties are not allowed ('params' was" },
        { "rule", "rules/c_trigger_type.yaml", 3, 1, "trigger.type", "'type' is a required property" },
        { "rule", "rules/d_operator.yaml", 9, 3, "criteria.trigger.body.b",
          "For field: trigger.body.b, operator resembles not in list of allowed operators" },
        { "alias", "aliases/a_formats.yaml", 4, 1, "formats", "'say' is not of type 'array', 'null'" },
        { "alias", "aliases/b_format.yaml", 5, 5, "formats.0",
          "5 is not valid under any of the given schemas" },
        { "alias", "aliases/c_ack.yaml", 6, 3, "ack.enabled", "1 is not of type 'boolean'" },
        { "policy", "policies/a_type.yaml", 4, 1, "policy_type",
          "Referenced policy_type \"action.never\" doesnt exist" },
        { "policy", "policies/b_parameters.yaml", 5, 1, "parameters", "'many' is not of type 'integer'" },
    };
    CLEANUP(pack_freep)
    struct pack *pack = read_pack("broken", NULL);
    CLEANUP(freep)
    char *text = NULL;

    assert_problems(pack, problems, ELEMENTS(problems));
    assert_int_equal(pack->document.kind, VALUE_UNSET);
    assert_int_equal(value_list_count(pack->objects[MODEL_ACTION]), 1);
    assert_string_equal(value_map_chars(value_list_at(pack->objects[MODEL_ACTION], 0), "ref"), "broken.good");
    text = pack_problem_text(pack, &pack->problems[2]);
    assert_non_null(strstr(text, "Failed to register trigger \""));
    assert_non_null(
        strstr(text, "triggers/a_name.yaml\" from pack \"broken\": ['a'] is not of type 'string'"));
}

/* Each action has its file, scripts can be run. */
static void assert_entry_points(const struct pack *pack)
{
    VALUE_LIST_EACH (i, action, pack->objects[MODEL_ACTION]) {
        const char *entry_point = value_map_chars(action, "entry_point"),
                   *runner = value_map_chars(action, "runner_type");
        CLEANUP(freep)
        char *path = NULL;

        if (!*entry_point)
            continue;
        assert_int_equal(pack_entry_point(pack->path, "actions", entry_point, &path, NULL), 0);
        if (access(path, strstr(runner, "shell-script") ? X_OK : R_OK) != 0)
            fail_msg("%s", path);
    }
}

TEST(the_system_packs_are_sound)
{
    static const struct {
        const char *name;
        size_t n_actions, n_rules, n_aliases, n_sensors;
    } packs[] = {
        { "chatops", 6, 2, 0, 0 }, { "core", 16, 0, 0, 0 },  { "default", 0, 0, 0, 0 },
        { "linux", 19, 0, 0, 1 },  { "packs", 14, 0, 4, 0 },
    };

    for (size_t i = 0; i < ELEMENTS(packs); i++) {
        CLEANUP(freep)
        char *name = xasprintf("../../packs/%s", packs[i].name);
        CLEANUP(pack_freep)
        struct pack *pack = read_pack(name, NULL);

        assert_problems(pack, NULL, 0);
        assert_string_equal(value_map_chars(pack->document, "ref"), packs[i].name);
        assert_int_equal(value_list_count(pack->objects[MODEL_ACTION]), packs[i].n_actions);
        assert_int_equal(value_list_count(pack->objects[MODEL_RULE]), packs[i].n_rules);
        assert_int_equal(value_list_count(pack->objects[MODEL_ALIAS]), packs[i].n_aliases);
        assert_int_equal(value_list_count(pack->objects[MODEL_SENSOR]), packs[i].n_sensors);
        assert_entry_points(pack);
    }
}

TEST(a_missing_directory_is_an_error)
{
    struct pack_options options = { .parts = PACK_EVERYTHING };
    struct pack *pack = NULL;
    ERROR_AUTO(err);

    assert_int_equal(pack_read("/nonexistent/pack", &options, &pack, &err), -ENOENT);
    assert_string_equal(error_text(&err), "Directory \"/nonexistent/pack\" doesn't exist");
}

TEST(packs_are_listed_by_name)
{
    CLEANUP(freep)
    char *base = xasprintf("%s/tests/packs", getenv("FULMAR_SOURCE_ROOT"));
    const char *paths[] = { base, base };
    VALUE_AUTO(list);

    assert_int_equal(packs_list(paths, 2, &list, NULL), 0);
    assert_int_equal(value_list_count(list), 4);
    assert_string_equal(value_map_chars(value_list_at(list, 2), "name"), "broken");
}

TEST(version_expressions_compare_semantic_versions)
{
    static const struct {
        const char *version, *expression;
        int matches; /* -1: cannot be read */
    } cases[] = {
        { "3.10dev", ">=3.10.0", 1 },      { "3.10dev", ">3.10.0", 0 },
        { "3.9.1", ">=3.0.0, <4.0.0", 1 }, { "4.0.0", ">=3.0.0,<4.0.0", 0 },
        { "3.0.0-rc.1", "<3.0.0", 1 },     { "1.0.0-alpha.2", "<1.0.0-alpha.10", 1 },
        { "1.2.3", "1.2.3", 1 },           { "1.2.3", "!=1.2.3", 0 },
        { "1.2.3", "> 1.0.0", -1 },        { "1.2.3", "=1.2.3", -1 },
        { "1.2.3", "<<2.0.0", -1 },        { "1.2.3", "all", 1 },
        { "1.2.3+build", "==1.2.3", 1 },   { "10.0.0", ">9.9.9", 1 },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++) {
        bool matches = false;
        int r = version_matches(cases[i].version, cases[i].expression, &matches, NULL);

        assert_int_equal(r < 0 ? -1 : matches, cases[i].matches);
    }
}

TEST(a_pack_for_another_version_is_refused)
{
    ERROR_AUTO(err);
    VALUE_AUTO(record);

    record = from_json("{\"name\": \"x\", \"stackstorm_version\": \">=4.0.0\", \"python_versions\": []}");
    assert_true(pack_check_requirements(record, "3.10dev", &err) < 0);
    assert_string_equal(error_text(&err),
                        "Pack \"x\" requires StackStorm \">=4.0.0\", but current version is \"3.10.0\". You "
                        "can override this restriction by providing the \"force\" flag, but the pack is not "
                        "guaranteed to work.");
    value_replace(&record, from_json("{\"name\": \"x\", \"python_versions\": [\"2\"]}"));
    assert_true(pack_check_requirements(record, "3.10dev", &err) < 0);
    value_replace(&record, from_json("{\"name\": \"x\", \"python_versions\": [\"2\", \"3\"]}"));
    assert_int_equal(pack_check_requirements(record, "3.10dev", &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_pack_becomes_documents),
        cmocka_unit_test(a_sensor_refers_to_its_trigger_types),
        cmocka_unit_test(overrides_switch_objects_on_and_off),
        cmocka_unit_test(wrong_files_of_the_operator_are_problems_too),
        cmocka_unit_test(each_fault_of_a_broken_pack_is_named_with_its_place),
        cmocka_unit_test(the_system_packs_are_sound),
        cmocka_unit_test(a_missing_directory_is_an_error),
        cmocka_unit_test(packs_are_listed_by_name),
        cmocka_unit_test(version_expressions_compare_semantic_versions),
        cmocka_unit_test(a_pack_for_another_version_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
