# SPDX-License-Identifier: Apache-2.0
"""Expressions tried out over the API, alone and against executions."""

import pytest

from harness.client import FINISHED, eventually


def evaluate(client, expression, **more):
    return client.post("/v1/expressions/evaluate", {"expression": expression, **more})


@pytest.fixture
def execution(client):
    made = client.post("/v1/executions", {"action": "core.echo", "parameters": {"message": "hello"}})
    assert made.status == 201, made
    return eventually(lambda: ended(client, made.json["id"]))


def ended(client, ident):
    document = client.get(f"/v1/executions/{ident}").json
    return document if document["status"] in FINISHED else None


@pytest.mark.parametrize("expression, mode, result, kind", [
    ("<% ctx().a + 1 %>", "orquesta", 4, "integer"),
    ("{{ ctx().a + 1 }}", "orquesta", 4, "integer"),
    ("{{ a + 1 }}", "template", "4", "string"),
    ("{{ nothing }}", "template-lax", "", "string"),
    ("<% [1, null] %>", "orquesta", [1, None], "array"),
])
def test_an_expression_is_evaluated_against_a_context(client, expression, mode, result, kind):
    answer = evaluate(client, expression, mode=mode, context={"a": 3})
    assert answer.status == 200 and answer.json == {"result": result, "type": kind}


def test_each_part_is_explained(client):
    answer = evaluate(client, "{{ (a + 1) * 2 }}", mode="template", context={"a": 3}, explain=True)
    assert [step["value"] for step in answer.json["steps"] if step["expression"] == "a"] == [3]


def test_each_part_of_yaql_is_explained(client):
    answer = evaluate(client, "sum: <% ctx().a.select($ * 2).sum() %>", context={"a": [3, 4]}, explain=True)
    steps = {step["expression"]: step for step in answer.json["steps"]}
    assert steps["ctx().a"] == {"expression": "ctx().a", "value": [3, 4], "line": 1, "column": 9}
    assert [step["value"] for step in answer.json["steps"] if step["expression"] == "$ * 2"] == [6, 8]
    assert steps["ctx().a.select($ * 2)"]["value"] == [6, 8] and steps["ctx().a.select($ * 2).sum()"]["value"] == 14


@pytest.mark.parametrize("expression, mode, hint", [
    ("<% ctx().hots %>", "orquesta", "hosts"), ("{{ ctx().hots }}", "orquesta", "hosts"),
    ("{{ hosts | uper }}", "template", "upper"), ("<% toUpr(a) %>", "orquesta", None),
])
def test_misspelt_names_get_a_hint(client, expression, mode, hint):
    answer = evaluate(client, expression, mode=mode, context={"hosts": "a"})
    assert answer.status == 400
    assert answer.json.get("hint") == (f"Did you mean '{hint}'?" if hint else None)
    assert "Did you mean" not in answer.json["faultstring"]


def test_a_failure_names_its_class_and_place(client):
    answer = evaluate(client, "{{ a.b.c }}", mode="template", context={"a": {}})
    assert answer.status == 400
    assert answer.json["class"] == "UndefinedError" and answer.json["language"] == "jinja"
    assert answer.json["faultstring"] and answer.json["line"] == 1 and answer.json["column"] >= 1


@pytest.mark.parametrize("body", [
    {}, {"expression": 3}, {"expression": "x", "context": []}, {"expression": "x", "mode": "perl"},
    {"expression": "x", "mode": 1}, {"expression": "x", "explain": "yes"}, {"expression": "x", "execution": 1},
])
def test_bodies_that_make_no_sense_are_refused(client, body):
    answer = client.post("/v1/expressions/evaluate", body)
    assert answer.status == 400 and answer.json["faultstring"]


def test_limits_hold(client):
    answer = evaluate(client, "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}")
    assert answer.status == 400 and "limit" in answer.json["faultstring"]
    again = "<% let(x => [1,1,1,1,1,1,1,1]) " + "-> let(x => [$x,$x,$x,$x,$x,$x,$x,$x]) " * 12 + "-> $x %>"
    answer = evaluate(client, again, explain=True)
    assert answer.status == 400 and "memory" in answer.json["faultstring"].lower()


def test_an_execution_is_the_context(client, execution):
    ident = execution["id"]
    assert evaluate(client, "<% ctx().message + result().stdout %>", execution=ident).json["result"] == "hellohello"
    answer = evaluate(client, "{{ ctx.message }} {{ status }} {{ execution.action.ref }}", mode="template", execution=ident)
    assert answer.json["result"] == f"hello {execution['status']} core.echo"
    answer = evaluate(client, "<% ctx().message %>", execution=ident, context={"message": "other"})
    assert answer.json["result"] == "other"


def test_unknown_executions_are_not_found(client):
    assert evaluate(client, "x", execution="65ba1e3f0f4c8d1f2b3c4d5e").status == 404
    assert evaluate(client, "x", execution="../etc").status == 404


def test_the_datastore_is_not_at_hand(client):
    for expression in ["{{ st2kv('system.a') }}", "{{ 'x' | decrypt_kv }}", "<% st2kv('system.a', decrypt => true) %>"]:
        assert evaluate(client, expression).status == 400


def test_nobody_unknown_may_ask(client):
    assert client.post("/v1/expressions/evaluate", {"expression": "x"}, auth=False).status == 401


def test_secret_parameters_stay_masked(client, execution):
    action = {"name": "hush", "pack": "default", "runner_type": "noop", "enabled": True, "entry_point": "",
              "parameters": {"password": {"type": "string", "secret": True}}}
    assert client.post("/v1/actions", action).status in (201, 409)
    made = client.post("/v1/executions", {"action": "default.hush", "parameters": {"password": "open sesame"}})
    assert made.status == 201, made
    for expression, mode in [("<% ctx() %>", "orquesta"), ("{{ execution }} {{ ctx }} {{ password }}", "template")]:
        answer = evaluate(client, expression, mode=mode, execution=made.json["id"], explain=True)
        assert answer.status == 200 and "sesame" not in answer.text and "****" in answer.text
