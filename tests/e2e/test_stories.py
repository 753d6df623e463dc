# SPDX-License-Identifier: Apache-2.0
"""Stories from the event to its rest, over the API, against the real server."""

import threading
import time
import uuid

import pytest

from harness.client import FINISHED, Client, eventually
from harness.scenario import EventStream
from harness.server import PASSWORD, USER, free_port


def word():
    return "w" + uuid.uuid4().hex[:8]


def register(client):
    answer = client.post("/v1/packs/register", {"packs": ["stories"], "types": ["all"]})
    assert answer.status == 200, answer


@pytest.fixture
def stories(server):
    if server.client.get("/v1/packs/stories").status != 200:
        register(server.client)
    return server.client


def make_rule(client, trigger, action, parameters=None, criteria=None, **more):
    rule = {
        "name": word(), "pack": "default", "enabled": True, "trigger": trigger, "criteria": criteria or {},
        "action": {"ref": action, "parameters": parameters or {}}, **more,
    }
    answer = client.post("/v1/rules", rule)
    assert answer.status == 201, answer
    return answer.json


def webhook(url):
    return {"type": "core.st2.webhook", "parameters": {"url": url}}


def executions_of(client, rule):
    return client.get(f"/v1/executions?rule={rule['name']}&limit=100").json


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


def test_from_webhook_to_trace(client):
    hook = word()
    rule = make_rule(
        client, webhook(hook), "core.echo", {"message": "{{trigger.body.text}} there"},
        {"trigger.body.level": {"type": "gt", "pattern": 3}},
    )
    for level in (3, 4):
        answer = client.post(
            f"/v1/webhooks/{hook}", {"level": level, "text": "hi"}, headers={"St2-Trace-Tag": f"tag-{hook}-{level}"}
        )
        assert answer.status == 202, answer
    execution, = eventually(lambda: executions_of(client, rule), what="the execution")
    done = client.wait(execution["id"])
    assert done["status"] == "succeeded" and done["result"]["stdout"] == "hi there"
    assert done["rule"]["ref"] == rule["ref"]

    enforcement, = client.get(f"/v1/ruleenforcements?rule_ref={rule['ref']}").json
    assert enforcement["execution_id"] == execution["id"]
    instance = client.get(f"/v1/triggerinstances/{enforcement['trigger_instance_id']}").json
    assert instance["payload"]["body"] == {"level": 4, "text": "hi"}
    traces = client.get(f"/v1/traces?trace_tag=tag-{hook}-4").json
    assert [part["object_id"] for part in traces[0]["action_executions"]] == [execution["id"]]
    assert client.delete(f"/v1/rules/{rule['ref']}").status == 204
    assert client.post(f"/v1/webhooks/{hook}", {}).status == 404


def test_the_end_of_an_execution_is_an_event_without_its_secrets(client):
    cmd = f"echo {word()}"
    rule = make_rule(client, {"type": "core.st2.generic.actiontrigger"}, "core.noop",
                     criteria={"trigger.parameters.cmd": {"type": "eq", "pattern": cmd}})
    client.run("core.local", {"cmd": cmd, "sudo_password": "hush"})
    execution, = eventually(lambda: executions_of(client, rule), what="the execution")
    instance = client.get(f"/v1/executions/{execution['id']}?include_attributes=trigger_instance").json["trigger_instance"]
    assert instance["payload"]["parameters"] == {"cmd": cmd, "sudo_password": "********"}
    assert client.delete(f"/v1/rules/{rule['ref']}").status == 204


def test_an_interval_timer_fires_and_stops_with_its_rule(client):
    timer = {"type": "core.st2.IntervalTimer", "parameters": {"unit": "seconds", "delta": 1}}
    rule = make_rule(client, timer, "core.noop")
    eventually(lambda: len(executions_of(client, rule)) >= 2, timeout=15, what="two ticks")
    assert client.delete(f"/v1/rules/{rule['ref']}").status == 204
    count = len(executions_of(client, rule))
    time.sleep(2.5)
    assert len(executions_of(client, rule)) <= count + 1


def test_a_retry_policy_tries_until_it_works(stories, notes):
    first = stories.run("stories.flaky", {"file": str(notes)})
    assert first["status"] == "failed"
    eventually(lambda: len(lines_of(notes)) == 3, what="the third try")
    runs = eventually(
        lambda: [run for run in stories.get("/v1/executions?action=stories.flaky&status=succeeded").json], what="success"
    )
    assert runs


def test_a_concurrency_policy_holds_back(stories, notes):
    asked = [stories.run("stories.guarded", {"file": str(notes)}, wait=False) for _ in range(5)]
    for execution in asked:
        assert stories.wait(execution["id"], timeout=120)["status"] == "succeeded"
    running = most = 0
    for line in lines_of(notes):
        running += 1 if line == "begin" else -1
        most = max(most, running)
    assert most <= 2


def test_a_workflow_over_items(stories, notes):
    numbers = list(range(30))
    done = stories.run("stories.items", {"numbers": numbers, "file": str(notes)}, timeout=120)
    assert done["status"] == "succeeded", done["result"]
    assert done["result"]["output"]["said"] == [f"n{n}" for n in numbers]
    assert sorted(map(int, lines_of(notes))) == numbers


def test_workflows_within_workflows(stories):
    done = stories.run("stories.nested", {"numbers": [1, 2]}, timeout=120)
    assert done["status"] == "succeeded", done["result"]
    assert done["result"]["output"] == {"left": ["n1", "n2"], "right": ["n1", "n2"]}
    children = stories.get(f"/v1/executions/{done['id']}/children").json
    assert sorted(child["action"]["ref"] for child in children if child["parent"] == done["id"]) == [
        "core.noop", "core.noop", "stories.items", "stories.items",
    ]


def test_a_workflow_asks_for_the_runs_of_its_tasks(stories):
    done = stories.run("stories.told", {}, timeout=120)
    assert done["status"] == "succeeded", done["result"]
    output = done["result"]["output"]
    own = output["own"]
    assert (own["task_name"], own["task_id"], own["route"], own["status"]) == ("first", "first", 0, "succeeded")
    assert own["result"]["stdout"] == "one" and own["workflow_execution_id"] == done["context"]["workflow_execution"]
    assert own["start_timestamp"].startswith(done["start_timestamp"][:4]) and own["end_timestamp"].endswith("+00:00")
    children = stories.get(f"/v1/executions/{done['id']}/children").json
    first = next(child for child in children if child["context"]["orquesta"]["task_name"] == "first")
    assert own["task_execution_id"] == first["context"]["orquesta"]["task_execution_id"]
    assert [(item["status"], item["result"]["stdout"]) for item in output["each"]["result"]["items"]] == [
        ("succeeded", "a one"), ("succeeded", "b one"),
    ]
    assert output["said"] == ["a one", "b one"] and output["mine"] == "first" and output["jinja"] == "one"
    assert output["last"] == "succeeded"


def test_a_misspelt_name_is_told_what_was_meant(stories):
    done = stories.run("stories.misspelt", {}, timeout=120)
    assert done["status"] == "failed"
    one, two = done["result"]["errors"]
    assert one["hint"] == "Did you mean 'select'?" and "selct" in one["message"] and "hint" not in two
    assert two["message"].endswith('ExpressionEvaluationException: Unable to find task execution for "second".')


def test_canceling_a_workflow_ends_its_children(stories, notes):
    execution = stories.run("stories.slow_chain", {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    assert stories.delete(f"/v1/executions/{execution['id']}").status == 200
    assert stories.wait(execution["id"])["status"] == "canceled"
    for child in stories.get(f"/v1/executions/{execution['id']}/children").json:
        assert stories.wait(child["id"])["status"] in FINISHED
    assert "three" not in lines_of(notes)


def test_one_of_many_who_make_the_same_rule_wins(client):
    rule = {"name": word(), "pack": "default", "trigger": webhook(word()), "action": {"ref": "core.noop"}}
    statuses = []

    def make():
        other = Client((client.host, client.port))
        other.token = client.token
        statuses.append(other.post("/v1/rules", rule).status)

    threads = [threading.Thread(target=make) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] + [409] * 11


def test_the_stream_misses_nothing(client):
    """A hundred executions while a client listens: each begins once, ends once, and in this order."""
    stream = EventStream(*client.open("GET", "/stream/v1/stream", timeout=60))
    try:
        wanted = [client.run("core.noop", wait=False)["id"] for _ in range(100)]

        def ended():
            return {event["data"]["id"] for event in list(stream.events) if is_end(event)}

        def is_end(event):
            return event.get("event") == "st2.execution__update" and event["data"]["status"] in FINISHED

        eventually(lambda: ended() >= set(wanted), what="the end of all")
        for execution_id in wanted:
            of_this = [event for event in stream.events if isinstance(event.get("data"), dict)]
            of_this = [event for event in of_this if event["data"].get("id") == execution_id and "execution__" in event["event"]]
            assert of_this[0]["event"] == "st2.execution__create"
            assert [is_end(event) for event in of_this].count(True) == 1 and is_end(of_this[-1])
    finally:
        stream.close()


def test_what_was_declared_survives_a_restart(new_server):
    server = new_server()
    server.start()
    client, hook = server.client, word()
    rule = make_rule(client, webhook(hook), "core.noop")
    assert client.put("/v1/keys/plain", {"name": "plain", "value": "kept"}).status == 200
    key = client.post("/v1/apikeys", {"user": USER}).json["key"]
    done = client.run("core.local", {"cmd": "echo kept"})
    server.stop()

    server.port = client.port = free_port()
    server.start(sign_in=False)
    assert client.get(f"/v1/rules/{rule['ref']}").json == rule
    assert client.get("/v1/keys/plain").json["value"] == "kept"
    assert client.get(f"/v1/executions/{done['id']}").json == done
    assert client.post(f"/v1/webhooks/{hook}", {}, auth=False, headers={"St2-Api-Key": key}).status == 202
    execution, = eventually(lambda: executions_of(client, rule), what="the execution")
    assert client.wait(execution["id"])["status"] == "succeeded"
    client.sign_in(USER, PASSWORD)


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.6])
def test_a_workflow_outlives_a_sudden_death(new_server, packs, notes, moment):
    """Killed while a workflow runs: afterwards it goes on, or fails with a reason; it does not stay."""
    server = new_server(packs=[packs])
    server.start()
    register(server.client)
    execution = server.client.run("stories.slow_chain", {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    time.sleep(moment)
    server.kill()
    server.port = server.client.port = free_port()
    server.start()
    done = server.client.wait(execution["id"], timeout=60)
    lines = lines_of(notes)
    assert len(lines) == len(set(lines)), f"a task ran twice: {lines}"
    assert done["status"] == ("succeeded" if "three" in lines else "failed"), done
    children = server.client.get(f"/v1/executions/{execution['id']}/children").json
    assert children and all(child["status"] in FINISHED for child in children)
