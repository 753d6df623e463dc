# SPDX-License-Identifier: Apache-2.0
"""What workflows leave behind: outputs and errors, the datastore in their expressions, and whose pack is run."""

import json

import pytest

from harness.client import eventually
from harness.pack import Pack

GREET = """
input: {input}
vars: {vars}
output: [{{said: <% ctx(said) %>}}]
tasks:
  greet:
    action: core.echo message=<% ctx(name) %>
    next: [{{when: <% succeeded() %>, publish: [{{said: <% result().stdout %>}}]}}]
"""

NO_SUCH_PROPERTY = {
    "type": "error",
    "message": "YaqlEvaluationException: Unable to evaluate expression '<% abs(3).size %>'. "
               "NoFunctionRegisteredException: Unknown function \"#property#size\"",
}

GIVEN_BY_EXPRESSION = """
vars: [{all: {cmd: echo whole}}]
output: [{said: <% ctx(said) %>}]
tasks:
  run:
    action: core.local
    input: <% ctx(all) %>
    next: [{when: <% succeeded() %>, publish: [{said: <% result().stdout %>}]}]
"""

WRONG_SHAPE = """
tasks:
  run:
    action: core.local
    input: [{cmd: echo}]
"""

MENDED_THEN_FAILED = """
output: [{reached: <% ctx(reached) %>}]
tasks:
  broken:
    action: core.local cmd="exit 3"
    next: [{when: <% failed() %>, publish: [{reached: mending}], do: [mend, fail]}]
  mend:
    action: core.local cmd="exit 4"
"""

WANTS_TEXT = """
input: [name]
tasks:
  greet:
    action: core.echo message=<% ctx(name) %>
"""

DOTTED = """
vars: [{a.b: {c.d: deep}}]
output: [{of.host: "{{ ctx()['seen'] }}"}]
tasks:
  show:
    action: core.local
    input:
      cmd: |
        printf '%s' '{"host.example.com": "{{ ctx()["a.b"]["c.d"] }}"}'
    next: [{when: "{{ succeeded() }}", publish: [{seen: "{{ result().stdout['host.example.com'] }}"}]}]
"""

KEYS = """
input: [key, secret]
output: [{yaql: <% ctx(yaql) %>}, {jinja: <% ctx(jinja) %>}]
tasks:
  look:
    next:
      - publish:
          - yaql: <% st2kv(ctx(key), decrypt => ctx(secret)) %>
          - jinja: "{{ st2kv(ctx().key, decrypt=ctx().secret) }}"
"""

DEFAULTS = """
input: [otherwise]
output:
  - yaql: <% st2kv('system.nobody', default => ctx(otherwise)) %>
  - jinja: "{{ st2kv('system.nobody', default=ctx().otherwise) }}"
tasks:
  nothing:
    action: core.noop
"""


@pytest.fixture(scope="module")
def outcomes(server, packs):
    pack = Pack(packs, "outcomes")
    name = {"type": "string", "default": "Ada"}
    pack.workflow("greet", GREET.format(input="[name]", vars="[{said: null}]"), name=name)
    pack.workflow("bad_input", GREET.format(input='[{name: "<% abs(3).size %>"}]', vars="[{said: null}]"))
    pack.workflow("bad_vars", GREET.format(input="[name]", vars='[{said: "<% abs(3).size %>"}]'), name=name)
    pack.workflow("given_by_expression", GIVEN_BY_EXPRESSION)
    pack.workflow("wrong_shape", WRONG_SHAPE)
    pack.workflow("mended_then_failed", MENDED_THEN_FAILED)
    pack.workflow("wants_text", WANTS_TEXT, name={"type": "object"})
    pack.workflow("dotted", DOTTED)
    pack.workflow("keys", KEYS, key={"type": "string"}, secret={"type": "boolean", "default": False})
    pack.workflow("defaults", DEFAULTS, otherwise={})
    pack.register(server.client)
    return server.client


def run(client, workflow, expected="succeeded", **parameters):
    done = client.run(f"outcomes.{workflow}", parameters)
    assert done["status"] == expected, done["result"]
    return done["result"]


@pytest.mark.parametrize("workflow", ["bad_input", "bad_vars"])
def test_without_a_first_context_there_is_no_output_to_fail_too(outcomes, workflow):
    assert run(outcomes, workflow, "failed") == {"output": None, "errors": [NO_SUCH_PROPERTY]}


def test_inputs_that_an_expression_gives_are_known_when_it_runs(outcomes):
    assert run(outcomes, "given_by_expression") == {"output": {"said": "whole"}}


def test_inputs_of_a_wrong_shape_are_one_finding(outcomes):
    finding, = run(outcomes, "wrong_shape", "failed")["errors"]
    assert finding["type"] == "syntax" and finding["spec_path"] == "tasks.run.input"


def test_what_mends_runs_though_the_workflow_fails(outcomes):
    done = outcomes.run("outcomes.mended_then_failed")
    assert done["status"] == "failed"
    broken, fail = done["result"]["errors"]
    assert broken["task_id"] == "broken" and broken["result"]["return_code"] == 3
    assert fail["task_id"] == "fail" and "result" not in fail
    assert done["result"]["output"] == {"reached": "mending"}
    mending, = eventually(
        lambda: [child for child in outcomes.get(f"/v1/executions?parent={done['id']}").json
                 if child["context"]["orquesta"]["task_id"] == "mend"], what="the mending"
    )
    assert outcomes.wait(mending["id"])["status"] == "failed"


def test_a_value_of_a_wrong_type_fails_its_task(outcomes):
    result = run(outcomes, "wants_text", "failed", name={"x": "Ada"})
    assert result["errors"] == [{
        "type": "error", "task_id": "greet", "route": 0,
        "message": "ValueError: Value \"{'x': 'Ada'}\" must either be a string or None. Got \"dict\".",
    }]


def test_names_may_have_dots(outcomes):
    assert run(outcomes, "dotted") == {"output": {"of.host": "deep"}}


@pytest.mark.parametrize("repeated", [1, 6_000])
def test_texts_arrive_as_they_were_sent(outcomes, repeated):
    name = ("明月光 é " * repeated).strip()
    assert run(outcomes, "greet", name=name)["output"]["said"] == name


@pytest.mark.parametrize(("stored", "key", "secret"), [
    ({"name": "shared", "scope": "st2kv.system"}, "system.shared", False),
    ({"name": "hidden", "scope": "st2kv.system", "secret": True}, "system.hidden", True),
    ({"name": "own", "scope": "st2kv.user"}, "own", False),
    ({"name": "own", "scope": "st2kv.user"}, "user.own", False),
])
def test_expressions_read_the_datastore(outcomes, stored, key, secret):
    answer = outcomes.put(f"/v1/keys/{stored['name']}?scope={stored['scope']}", {"value": "kept", **stored})
    assert answer.status == 200, answer
    assert run(outcomes, "keys", key=key, secret=secret) == {"output": {"yaql": "kept", "jinja": "kept"}}


@pytest.mark.parametrize("key", ["system.alone", "alone", "user.alone"])
def test_a_key_that_is_not_there_is_named(outcomes, key):
    outcomes.put("/v1/keys/elsewhere", {"name": "elsewhere", "value": "of the system"})
    for missing in (key, "elsewhere"):
        errors = run(outcomes, "keys", "failed", key=missing)["errors"]
        name = missing.split(".")[-1]
        assert f'The key "{name}" does not exist in the StackStorm datastore.' in errors[0]["message"]


@pytest.mark.parametrize("otherwise", ["stone", "", None, 7])
def test_a_default_stands_for_a_key_that_is_not_there(outcomes, otherwise):
    assert run(outcomes, "defaults", otherwise=otherwise) == {"output": {"yaql": otherwise, "jinja": otherwise}}


def test_changes_of_keys_are_events_though_no_rule_listens(outcomes):
    def events(what):
        found = outcomes.get(f"/v1/triggerinstances?trigger=core.st2.key_value_pair.{what}&limit=1").json
        assert found[0]["status"] == "processed"
        return outcomes.get(f"/v1/triggerinstances/{found[0]['id']}").json["payload"]

    for value in ("first", "second"):
        assert outcomes.put("/v1/keys/told", {"name": "told", "value": value}).status == 200
    assert outcomes.delete("/v1/keys/told").status == 204
    assert events("create")["object"]["value"] == "first"
    assert events("update")["object"]["value"] == "second"
    change = events("value_change")
    assert (change["old_object"]["value"], change["new_object"]["value"]) == ("first", "second")
    assert events("delete")["object"]["name"] == "told"


GIVES = """
output: [{size: 7}, {token: abc}]
tasks:
  nothing:
    action: core.noop
"""


@pytest.mark.parametrize(("asked", "size", "expected"), [
    (True, "integer", "succeeded"), (True, "string", "failed"), (False, "string", "succeeded"),
])
def test_an_output_is_held_against_its_schema_when_that_is_asked_for(new_server, tmp_path, asked, size, expected):
    pack = Pack(tmp_path / "packs", "sized")
    pack.workflow("gives", GIVES)
    properties = {"size": {"type": size, "required": True}, "token": {"type": "string", "secret": True}}
    pack.describe_output("gives", {"type": "object", "properties": properties, "additionalProperties": False})
    pack.action("says", cmd={"default": "echo 7", "immutable": True})
    pack.describe_output("says", {"type": "object", "properties": {"size": {"type": "string"}}})
    server = new_server(packs=[tmp_path / "packs"], environment={"FULMAR_SYSTEM__VALIDATE_OUTPUT_SCHEMA": str(asked)})
    server.start()
    done = server.client.run("sized.gives")
    assert done["status"] == expected
    if expected == "succeeded":
        assert done["result"] == {"output": {"size": 7, "token": "********"}}
    else:
        assert done["result"]["error"].startswith("7 is not of type 'string'")
        assert "abc" not in done["result"]["error"]
        assert done["result"]["message"] == "Error validating output. See error output for more details."
    assert server.client.run("sized.says")["status"] == "succeeded"  # what a command prints is not described by a schema


def test_packs_made_to_be_replaced_give_way_and_others_do_not(new_server, tmp_path):
    for name in ("examples", "default", "core"):
        Pack(tmp_path / "packs", name).action("mine", cmd={"default": "echo mine", "immutable": True})
    server = new_server(packs=[tmp_path / "packs"])
    server.start()
    actions = server.client.get("/v1/actions?limit=100&include_attributes=ref").json
    refs = {action["ref"] for action in actions}
    assert {"examples.mine", "default.mine", "core.local"} <= refs
    assert "core.mine" not in refs and not [ref for ref in refs if ref.startswith("examples.") and ref != "examples.mine"]
    assert server.client.run("examples.mine")["result"]["stdout"] == "mine"
    assert json.loads(server.client.get("/v1/packs/examples").text)["description"] == "Made by a test."
