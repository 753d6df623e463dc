/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"

#include "base/mem.h"
#include "chain/spec.h"

static struct chain_spec *load(const char *text)
{
    struct chain_spec *spec = NULL;
    ERROR_AUTO(err);

    if (chain_spec_load("c.yaml", text, strlen(text), &spec, &err) < 0)
        fail_msg("%s", error_text(&err));
    return spec;
}

static void assert_refused(const char *text, const char *reason)
{
    struct chain_spec *spec = NULL;
    ERROR_AUTO(err);

    assert_true(chain_spec_load("c.yaml", text, strlen(text), &spec, &err) < 0);
    assert_null(spec);
    assert_string_equal(error_text(&err), reason);
}

static void assert_start(const char *text, const char *name)
{
    struct chain_spec *spec = load(text);

    assert_string_equal(spec->start, name);
    chain_spec_unref(spec);
}

TEST(a_chain_is_read_with_its_tasks)
{
    struct chain_spec *spec =
        load("vars: {mark: '?'}\n"
             "chain:\n"
             "  - {name: one, ref: core.echo, parameters: {message: hi}, on-success: two}\n"
             "  - {name: two, ref: core.noop, publish: {said: '{{one.stdout}}'}}\n"
             "default: one\n");

    assert_int_equal(spec->n_nodes, 2);
    assert_string_equal(spec->start, "one");
    assert_json(spec->vars, "{\"mark\":\"?\"}");
    assert_json(spec->nodes[0].document,
                "{\"name\":\"one\",\"ref\":\"core.echo\",\"params\":null,\"parameters\":{\"message\":\"hi\"},"
                "\"on_success\":\"two\",\"on_failure\":null,\"publish\":null,\"notify\":null}");
    assert_int_equal(chain_spec_find(spec, "two"), 1);
    assert_true(chain_spec_find(spec, "three") == CHAIN_NODE_NONE);
    chain_spec_unref(spec);
}

TEST(the_first_task_that_follows_no_other_one_is_the_start)
{
    assert_start("chain:\n  - {name: b, ref: a.b}\n  - {name: a, ref: a.b, on-success: b}\n", "a");
    assert_start("chain:\n  - {name: b, ref: a.b, on-failure: a}\n  - {name: a, ref: a.b, on-success: b}\n",
                 "b");
    assert_start("default: ''\nchain:\n  - {name: b, ref: a.b}\n", "b");
}

TEST(a_chain_without_tasks_has_no_start)
{
    struct chain_spec *spec = load("chain: []\n");

    assert_null(spec->start);
    chain_spec_unref(spec);
}

TEST(the_old_name_of_parameters_is_read)
{
    struct chain_spec *spec = load("chain:\n  - {name: a, ref: a.b, params: {x: 1}}\n");

    assert_json(spec->nodes[0].parameters, "{\"x\":1}");
    chain_spec_unref(spec);
}

TEST(both_names_of_parameters_are_refused)
{
    assert_refused(
        "chain:\n  - {name: a, ref: a.b, params: {x: 1}, parameters: {x: 1}}\n",
        "The task \"a\" has \"params\" and \"parameters\": keep the second. (action chain \"c.yaml\", line 2)");
}

TEST(unknown_keys_are_refused_of_the_definition_and_of_the_first_task)
{
    struct chain_spec *spec;

    assert_refused("chain: []\nauthor: me\n",
                   "Unknown keys in the definition: \"author\". (action chain \"c.yaml\", line 1)");
    assert_refused("chain:\n  - {name: a, ref: a.b, retry: 1}\n",
                   "Unknown keys in the task \"a\": \"retry\". (action chain \"c.yaml\", line 2)");
    spec = load("chain:\n  - {name: a, ref: a.b}\n  - {name: b, ref: a.b, retry: 1}\n");
    chain_spec_unref(spec);
}

TEST(names_of_tasks_must_exist)
{
    assert_refused(
        "chain:\n  - name: a\n    ref: a.b\n    on-success: z\n",
        "Unable to find node with name \"z\" referenced in \"on-success\" in task \"a\". (action chain "
        "\"c.yaml\", line 4)");
    assert_refused(
        "chain:\n  - name: a\n    ref: a.b\n    on-failure: z\n",
        "Unable to find node with name \"z\" referenced in \"on-failure\" in task \"a\". (action chain "
        "\"c.yaml\", line 4)");
    assert_refused(
        "chain:\n  - {name: a, ref: a.b}\ndefault: z\n",
        "Unable to find node with name \"z\" referenced in \"default\". (action chain \"c.yaml\", line 3)");
}

TEST(names_with_templates_are_not_looked_at)
{
    struct chain_spec *spec = load("chain:\n  - {name: a, ref: a.b, on-success: '{{next}}'}\n");

    assert_string_equal(spec->nodes[0].on_success, "{{next}}");
    chain_spec_unref(spec);
}

TEST(what_has_the_wrong_type_is_named_with_its_line)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        { "- a\n",
          "The definition must be a mapping with \"chain\", its list of tasks. (action chain \"c.yaml\", "
          "line 1)" },
        { "vars: {}\n", "\"chain\" is missing in the definition. (action chain \"c.yaml\", line 1)" },
        { "chain: {}\n", "\"chain\" of the definition must be a list. (action chain \"c.yaml\", line 1)" },
        { "chain:\n  - a\n",
          "A task must be a mapping with \"name\" and \"ref\". (action chain \"c.yaml\", line 2)" },
        { "chain:\n  - {ref: a.b}\n", "\"name\" is missing in a task. (action chain \"c.yaml\", line 2)" },
        { "chain:\n  - {name: a}\n",
          "\"ref\" is missing in the task \"a\". (action chain \"c.yaml\", line 2)" },
        { "chain:\n  - name: a\n    ref: a.b\n    publish: [x]\n",
          "\"publish\" of the task \"a\" must be a mapping. (action chain \"c.yaml\", line 4)" },
        { "chain:\n  - name: a\n    ref: a.b\n    notify: {on-end: {}}\n",
          "Unknown keys in \"notify\" of the task \"a\": \"on-end\". (action chain \"c.yaml\", line 4)" },
        { "chain: []\nvars: {a b: 1}\n",
          "\"a b\" cannot be the name of a variable: letters, digits and _ only. "
          "(action chain \"c.yaml\", line 2)" },
    };

    for (size_t i = 0; i < ELEMENTS(cases); i++)
        assert_refused(cases[i].text, cases[i].reason);
}

TEST(text_that_is_no_yaml_is_refused_with_its_file)
{
    struct chain_spec *spec = NULL;
    ERROR_AUTO(err);

    assert_true(chain_spec_load("c.yaml", "chain: [", 8, &spec, &err) < 0);
    assert_non_null(strstr(error_text(&err), "Failed to parse action chain definition from \"c.yaml\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_is_read_with_its_tasks),
        cmocka_unit_test(the_first_task_that_follows_no_other_one_is_the_start),
        cmocka_unit_test(a_chain_without_tasks_has_no_start),
        cmocka_unit_test(the_old_name_of_parameters_is_read),
        cmocka_unit_test(both_names_of_parameters_are_refused),
        cmocka_unit_test(unknown_keys_are_refused_of_the_definition_and_of_the_first_task),
        cmocka_unit_test(names_of_tasks_must_exist),
        cmocka_unit_test(names_with_templates_are_not_looked_at),
        cmocka_unit_test(what_has_the_wrong_type_is_named_with_its_line),
        cmocka_unit_test(text_that_is_no_yaml_is_refused_with_its_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
