# SPDX-License-Identifier: Apache-2.0
"""Workflows that wait, take too long, ask and fail, against the real server."""

import json
import re
import subprocess

import pytest

from harness.client import eventually
from harness.server import BUILD, free_port
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


def test_a_chain_that_takes_too_long_is_stopped_with_its_task(flows):
    execution = flows.run("flows.limited_chain", wait=False)
    chain = eventually(lambda: children_of(flows, execution).get("below"), what="the chain")
    eventually(lambda: waits_of(flows, chain).get("two"), what="its second task")
    assert waits_of(flows, execution)["below"]["timeout_at"]
    done = flows.wait(execution["id"])
    assert done["status"] == "succeeded", done
    chain = children_of(flows, done)["below"]
    assert chain["status"] == "timeout"
    assert chain["result"]["error"] == 'Task "below" ran longer than its timeout of 2 seconds.'
    assert [task["state"] for task in chain["result"]["tasks"]] == ["succeeded", "canceled"]
    assert gone("sleep 61.8484", timeout=2)


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


def follow(client, execution):
    """Everything the stream of one execution tells until it ends, as text."""
    connection, response = client.open("GET", f"/stream/v1/executions/{execution['id']}/follow", timeout=30)
    try:
        assert response.status == 200
        return response.read().decode()
    finally:
        connection.close()


def told(text):
    """Pairs: what was said, or who has which status."""
    for line in text.split("\n"):
        if line.startswith("data: {"):
            event = json.loads(line[6:])
            if "status" in event:
                yield event.get("context", {}).get("orquesta", {}).get("task_name"), event["status"]
            else:
                yield event["output_type"], event["data"]


@pytest.mark.parametrize("late", [False, True])
def test_a_workflow_can_be_followed_from_its_beginning(flows, late):
    execution = flows.run("flows.talking", wait=late)
    events = list(told(follow(flows, execution)))
    assert events[0] == (None, "running") and events[-1] == (None, "succeeded")
    without_progress = [event for event in events if event[0] != "output"]
    assert without_progress == [
        (None, "running"), ("first", "running"), ("stdout", "first says\n"), ("first", "succeeded"),
        ("second", "running"), ("deep", "running"), ("stdout", "deep says\n"), ("deep", "succeeded"),
        ("second", "succeeded"), (None, "succeeded"),
    ]


def test_progress_of_a_workflow_is_its_output(flows):
    done = flows.run("flows.talking")
    assert flows.get(f"/v1/executions/{done['id']}/output").text.splitlines() == [
        "flows.talking: running", "flows.talking: task first: running", "flows.talking: task first: succeeded",
        "flows.talking: task second: running", "flows.talking: task second: succeeded", "flows.talking: succeeded",
    ]


def cli(server, *words, code=0):
    environment = {
        "HOME": str(server.folder), "ST2_API_URL": f"{server.url}/v1", "ST2_STREAM_URL": f"{server.url}/stream/v1",
        "ST2_AUTH_TOKEN": server.client.token, "PATH": "/usr/bin:/bin", "COLUMNS": "200",
    }
    done = subprocess.run(
        [BUILD / "fulmar", *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == code, done
    return re.sub("[0-9a-f]{24}", "ID", done.stdout)


def test_tail_tells_of_children_by_the_names_of_their_tasks(flows, server):
    execution = flows.run("flows.talking", wait=False)
    lines = cli(server, "execution", "tail", execution["id"]).split("\n")
    wanted = [
        "Execution ID has started.", "flows.talking: running", "Child execution (task=first) ID has started.", "first says",
        "Child execution (task=first) ID has finished (status=succeeded).", "Child execution (task=deep) ID has started.",
        "deep says", "Child execution (task=second) ID has finished (status=succeeded).",
        "Execution ID has completed (status=succeeded).",
    ]
    assert [line for line in lines if line in wanted] == wanted


def test_get_shows_what_a_running_workflow_waits_for(flows, server):
    execution = flows.run("flows.limited_asking", wait=False)
    flows.wait(execution["id"], until=("paused",))
    shown = cli(server, "execution", "get", execution["id"])
    assert "waits for:" in shown and "waits for an answer of ann, bob" in shown
    assert "waits for:" not in cli(server, "execution", "get", execution["id"], "--json")
    flows.wait(execution["id"])
    assert "waits for:" not in cli(server, "execution", "get", execution["id"])


def say(path, line):
    with path.open("a") as file:
        file.write(line + "\n")


def test_single_items_run_again(flows, server, notes):
    done = flows.run("flows.flaky_items", {"file": str(notes)})
    assert done["status"] == "failed" and sorted(lines_of(notes)) == ["item0", "item1", "item2"]
    say(notes, "fixed")
    shown = cli(server, "execution", "re-run", done["id"], "--tasks", "each", "--items", "1", code=1)
    assert "status: failed" in shown
    assert sorted(lines_of(notes)) == ["fixed", "item0", "item1", "item1", "item2"]
    again = flows.get("/v1/executions?action=flows.flaky_items&limit=1").json[0]
    shown = cli(server, "execution", "re-run", again["id"], "--tasks", "each", "--no-reset", "each")
    assert "status: succeeded" in shown
    assert sorted(lines_of(notes)) == ["fixed", "item0", "item0", "item1", "item1", "item2", "item2"]


def test_a_deep_rerun_repeats_only_what_failed_below(flows, server, notes):
    done = flows.run("flows.calls_flaky", {"file": str(notes)})
    assert done["status"] == "failed"
    say(notes, "fixed")
    assert "status: succeeded" in cli(server, "execution", "re-run", done["id"], "--tasks", "below", "--deep")
    assert lines_of(notes) == ["one", "two", "fixed", "two"]


@pytest.mark.parametrize("body, message", [
    ({"tasks": ["each"], "items": {"other": [1]}}, 'The items of "other" must be numbers from 0'),
    ({"tasks": ["each"], "items": {"each": ["x"]}}, 'The items of "each" must be numbers from 0'),
    ({"tasks": ["each"], "items": [1]}, "items must be an object of tasks"),
])
def test_items_to_run_again_are_checked(flows, notes, body, message):
    done = flows.run("flows.flaky_items", {"file": str(notes)})
    answer = flows.post(f"/v1/executions/{done['id']}/re_run", body)
    assert answer.status == 400 and message in answer.json["faultstring"]


def test_following_late_loses_nothing_of_much_output(client):
    """More than a stream may hold back for a slow client, so it comes in slices."""
    done = client.run("core.local", {"cmd": "seq 1 900000"})
    events = list(told(follow(client, done)))
    assert events[0] == (None, "running") and events[-1] == (None, "succeeded")
    assert "".join(text for kind, text in events if kind == "stdout").split() == [str(n) for n in range(1, 900001)]
