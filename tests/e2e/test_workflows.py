# SPDX-License-Identifier: Apache-2.0
"""Workflows that wait, take too long, ask and fail, against the real server."""

import pytest

from harness.client import eventually
from harness.server import free_port
from test_children import gone


def register(client):
    answer = client.post("/v1/packs/register", {"packs": ["flows"], "types": ["all"]})
    assert answer.status == 200, answer


@pytest.fixture
def flows(server):
    if server.client.get("/v1/packs/flows").status != 200:
        register(server.client)
    return server.client


def lines_of(path):
    return path.read_text().split() if path.exists() else []


@pytest.fixture
def notes(tmp_path):
    """A file that commands may append to, whoever they run as."""
    path = tmp_path / "notes"
    path.touch()
    path.chmod(0o666)
    tmp_path.chmod(0o755)
    return path


def children_of(client, execution):
    children = client.get(f"/v1/executions/{execution['id']}/children").json
    return {child["context"]["orquesta"]["task_name"]: child for child in children if child["parent"] == execution["id"]}


def waits_of(client, execution):
    answer = client.get(f"/v1/executions/{execution['id']}/waits")
    assert answer.status == 200, answer
    return {wait.get("task"): wait for wait in answer.json}


def test_a_task_that_takes_too_long_is_ended_before_its_workflow_goes_on(flows, notes):
    done = flows.run("flows.limited", {"file": str(notes)})
    assert done["status"] == "succeeded", done["result"]
    assert done["result"]["output"]["said"] == 'Task "slow" ran longer than its timeout of 1 second.'
    slow = children_of(flows, done)["slow"]
    assert slow["status"] == "timeout" and slow["result"]["stdout"] == "early"
    assert lines_of(notes) == ["begun", "repaired"]
    assert gone("sleep 0.8181", timeout=2)


def test_a_workflow_that_takes_too_long_ends_with_all_below_it(flows, notes):
    done = flows.run("flows.limited_whole", {"file": str(notes)})
    assert done["status"] == "timeout", done
    assert [error["message"] for error in done["result"]["errors"]] == [
        "The workflow ran longer than its timeout of 1 second."
    ]
    below, ask = (children_of(flows, done)[name] for name in ("below", "ask"))
    assert below["status"] == ask["status"] == "canceled"
    assert {child["status"] for child in children_of(flows, below).values()} == {"canceled"}
    assert gone("sleep 61.8282")


def test_a_limit_outlives_a_sudden_death(new_server, packs):
    server = new_server(packs=[packs])
    server.start()
    register(server.client)
    execution = server.client.run("flows.limited_asking", wait=False)
    server.client.wait(execution["id"], until=("paused",))
    waits = waits_of(server.client, execution)
    assert waits[None]["reason"] == "is paused"
    assert waits["ask"]["reason"] == "waits for an answer of ann, bob" and waits["ask"]["since"] and waits["ask"]["until"]
    server.kill()
    server.port = server.client.port = free_port()
    server.start()
    done = server.client.wait(execution["id"])
    assert done["status"] == "succeeded"
    assert children_of(server.client, done)["ask"]["status"] == "timeout"
    assert eventually(lambda: children_of(server.client, done)["give_up"], what="what comes after it")


def test_a_workflow_tells_what_each_task_waits_for(flows):
    execution = flows.run("flows.waiting", wait=False)
    eventually(lambda: waits_of(flows, execution).get("items", {}).get("items", {}).get("ended") == 2
               and waits_of(flows, execution).get("tried", {}).get("retry", {}).get("tally") == 1, what="the third item")
    waits = waits_of(flows, execution)
    assert waits[None]["timeout_at"]
    assert waits["both"]["reason"] == "joins 2 of 2 tasks and waits for: slow"
    assert waits["slow"]["reason"] == "runs" and waits["slow"]["timeout_at"]
    assert waits["tried"]["reason"] == "waits to be tried again (1 of 3)" and waits["tried"]["until"]
    assert waits["later"]["reason"] == "is delayed" and waits["later"]["until"]
    assert waits["items"]["reason"] == "runs 1 of 4 items, 2 ended, at most 1 at a time"
    assert waits["items"]["executions"][0]["item"] == 2

    tasks = {task["task_name"]: task for task in flows.get(f"/v1/executions/{execution['id']}/tasks?open=1&results=1").json}
    assert [item and item["result"].get("stdout") for item in tasks["items"]["result"]["items"][:2]] == ["one", "two"]
    assert tasks["items"]["items_count"] == 4 and tasks["items"]["result"]["items"][2]["status"] == "running"
    assert tasks["tried"]["retry"]["tally"] == 1 and tasks["tried"]["retry"]["at"] > tasks["tried"]["start_timestamp"]

    flows.delete(f"/v1/executions/{execution['id']}")
    for child in children_of(flows, execution).values():
        if child["status"] == "running":
            flows.delete(f"/v1/executions/{child['id']}")
    done = flows.wait(execution["id"])
    assert done["status"] == "canceled" and waits_of(flows, done) == {}
    assert flows.get("/v1/executions/000000000000000000000000/waits").status == 404
