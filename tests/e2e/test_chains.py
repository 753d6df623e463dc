# SPDX-License-Identifier: Apache-2.0
"""Action chains over the API, against the real server: made in a test, run, and looked at."""

import re
import textwrap
import time
import uuid

import pytest

from harness.client import FINISHED, eventually
from harness.server import ROOT, free_port


def word():
    return "c" + uuid.uuid4().hex[:8]


def make_action(client, runner, text, parameters=None, **more):
    """An action of the pack stories with a definition of its own; its reference is returned."""
    name = word()
    answer = client.post("/v1/actions", {
        "name": name, "pack": "stories", "runner_type": runner, "entry_point": f"chains/{name}.yaml",
        "parameters": parameters or {}, "data_files": [{"file_path": f"chains/{name}.yaml", "content": text}], **more,
    })
    assert answer.status == 201, answer
    return answer.json["ref"]


def make_chain(client, text, parameters=None, **more):
    return make_action(client, "action-chain", textwrap.dedent(text), parameters, **more)


def make_workflow(client, text, parameters=None):
    return make_action(client, "orquesta", textwrap.dedent(text), parameters)


@pytest.fixture
def stories(server):
    if server.client.get("/v1/packs/stories").status != 200:
        assert server.client.post("/v1/packs/register", {"packs": ["stories"], "types": ["all"]}).status == 200
    return server.client


@pytest.fixture
def notes(tmp_path):
    """A file that commands may append to, whoever they run as."""
    path = tmp_path / "notes"
    path.touch()
    path.chmod(0o666)
    tmp_path.chmod(0o755)
    return path


def lines_of(path):
    return path.read_text().split()


def names_and_states(execution):
    return [(task["name"], task["state"]) for task in execution["result"]["tasks"]]


def children_of(client, execution):
    return client.get(f"/v1/executions?parent={execution['id']}&sort_asc=True&limit=100").json


def status_of(client, execution):
    return client.get(f"/v1/executions/{execution['id']}").json["status"]


SLOW = """
    chain:
      - name: one
        ref: core.local
        parameters: {cmd: "echo one >> {{file}}; sleep 0.4"}
        publish: {said: "{{one.return_code | default('-')}}"}
        on-success: two
      - name: two
        ref: core.local
        parameters: {cmd: "echo two >> {{file}}; sleep 0.4"}
        on-success: three
      - name: three
        ref: core.local
        parameters: {cmd: "echo three{{said}} >> {{file}}"}
"""
FILE = {"file": {"type": "string", "required": True}}


def test_variables_published_values_and_contexts_reach_the_tasks(stories):
    assert stories.put("/v1/keys/greeting", {"name": "greeting", "value": "Hello"}).status == 200
    chain = make_chain(stories, """
        vars:
          mark: "{{st2kv.system.greeting}}!"
          list: [1, "{{who}}"]
        chain:
          - name: one
            ref: core.local
            parameters: {cmd: "echo {{system.greeting}} {{who}} {{mark}} {{list[1]}}", timeout: "{{5 + 1}}"}
            publish: {said: "{{one.stdout}}", all: {code: "{{one.return_code}}"}}
            on-success: two
          - name: two
            ref: core.echo
            parameters: {message: "{{said}} {{__results.one.return_code}} {{all.code}} {{action_context.parent.pack}}"}
        """, {"who": {"type": "string", "default": "you"}})
    done = stories.run(chain, {"who": "me"})
    assert done["status"] == "succeeded", done["result"]
    first, second = done["result"]["tasks"]
    assert first["result"]["stdout"] == "Hello me Hello! me"
    assert second["result"]["stdout"] == "Hello me Hello! me 0 0 stories"
    assert done["result"]["published"] == {"said": "Hello me Hello! me", "all": {"code": "0"}}
    assert first["id"] == first["name"] == "one" and first["workflow"] is None and first["state"] == "succeeded"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", first["created_at"])
    assert first["created_at"] <= first["updated_at"]

    one, two = children_of(stories, done)
    assert [one["id"], two["id"]] == [first["execution_id"], second["execution_id"]] == done["children"]
    assert one["liveaction"]["id"] == first["liveaction_id"]
    assert one["parameters"]["timeout"] == 6 and one["parent"] == done["id"]
    assert one["context"]["parent"] == {"execution_id": done["id"], "user": "st2admin", "pack": "stories"}
    assert one["context"]["chain"]["on_success"] == "two" and one["context"]["chain"]["parameters"]["timeout"] == "{{5 + 1}}"


def test_on_failure_repairs_and_the_last_task_decides(stories):
    chain = make_chain(stories, """
        chain:
          - {name: one, ref: core.local, parameters: {cmd: "exit 3"}, on-success: never, on-failure: repair}
          - {name: never, ref: core.noop}
          - {name: repair, ref: core.echo, parameters: {message: "code {{one.return_code}}"}}
        """)
    done = stories.run(chain)
    assert done["status"] == "succeeded"
    assert names_and_states(done) == [("one", "failed"), ("repair", "succeeded")]
    assert done["result"]["tasks"][1]["result"]["stdout"] == "code 3"


@pytest.mark.parametrize("parameters, state", [("{cmd: 'exit 1'}", "failed"), ("{cmd: 'sleep 9', timeout: 1}", "timeout")])
def test_a_task_that_fails_without_follower_fails_the_chain(stories, parameters, state):
    chain = make_chain(stories, f"""
        chain:
          - {{name: one, ref: core.local, parameters: {parameters}}}
        """)
    done = stories.run(chain)
    assert done["status"] == state
    assert names_and_states(done) == [("one", state)]


def test_a_chain_without_tasks_succeeds(stories):
    done = stories.run(make_chain(stories, "chain: []"))
    assert done["status"] == "succeeded" and done["result"] == {"tasks": [], "published": {}}


def test_published_values_may_stay_hidden(stories):
    chain = make_chain(stories, "chain: [{name: a, ref: core.noop, publish: {x: y}}]")
    assert stories.run(chain)["result"]["published"] == {"x": "y"}
    assert "published" not in stories.run(chain, {"display_published": False})["result"]


@pytest.mark.parametrize("text, reason", [
    ("chain: {}", '"chain" of the definition must be a list.'),
    ("chain: [{name: a, ref: core.noop, on-success: b}]",
     'Unable to find node with name "b" referenced in "on-success" in task "a".'),
    ("chain: [", "Failed to parse action chain definition from"),
])
def test_a_faulty_definition_fails_the_execution_and_names_the_place(stories, text, reason):
    chain = make_chain(stories, text)
    done = stories.run(chain)
    assert done["status"] == "failed" and "traceback" in done["result"]
    assert reason in done["result"]["error"] and chain.split(".")[1] in done["result"]["error"]
    assert children_of(stories, done) == []


def test_a_definition_that_is_not_there_is_told(stories, packs):
    chain = make_chain(stories, "chain: []")
    (packs / "stories" / "actions" / "chains" / f"{chain.split('.')[1]}.yaml").unlink()
    done = stories.run(chain)
    assert done["status"] == "failed" and "No such file or directory" in done["result"]["error"]


def test_a_missing_action_and_a_template_that_fails_end_the_chain_at_once(stories):
    for task in ("ref: core.nosuch", "ref: core.echo, parameters: {message: '{{nothing}}'}",
                 "ref: core.local, parameters: {cmd: x, timeout: soon}"):
        chain = make_chain(stories, f"""
            chain:
              - {{name: one, ref: core.noop, on-success: two}}
              - {{name: two, {task}, on-failure: three}}
              - {{name: three, ref: core.noop}}
            """)
        done = stories.run(chain)
        assert done["status"] == "failed"
        assert names_and_states(done) == [("one", "succeeded")]
        assert done["result"]["error"].startswith('Failed to run task "two"') and "traceback" in done["result"]


def test_a_refused_request_counts_as_a_failed_task(stories):
    chain = make_chain(stories, """
        chain:
          - {name: one, ref: core.echo, on-failure: two}
          - {name: two, ref: core.noop}
        """)
    done = stories.run(chain)
    assert done["status"] == "succeeded"
    refused = done["result"]["tasks"][0]
    assert refused["state"] == "failed" and refused["execution_id"] is None and refused["liveaction_id"] is None
    assert "message" in refused["result"]["error"]


def test_what_cannot_be_published_fails_the_chain_with_the_error_alone(stories):
    done = stories.run(make_chain(stories, "chain: [{name: a, ref: core.noop, publish: {x: '{{a.none}}'}}]"))
    assert done["status"] == "failed" and set(done["result"]) == {"error", "traceback"}
    assert "'dict object' has no attribute 'none'" in done["result"]["error"]


def test_notify_of_a_task_beats_that_of_the_chain_and_skip_notify_both(stories):
    chain = make_chain(stories, """
        chain:
          - {name: own, ref: core.noop, notify: {on-complete: {message: own}}, on-success: chains}
          - {name: chains, ref: core.noop, on-success: silent}
          - {name: silent, ref: core.noop, notify: {on-complete: {message: own}}}
        """, {"skip_notify": {"default": ["silent"]}}, notify={"on-complete": {"message": "chains"}})
    done = stories.run(chain)
    assert done["status"] == "succeeded", done["result"]
    notified = [child["liveaction"].get("notify", {}).get("on-complete", {}).get("message")
                for child in children_of(stories, done)]
    assert notified == ["own", "chains", None]


def test_a_chain_in_circles_ends_at_a_limit(stories):
    done = stories.run(make_chain(stories, """
        vars: {n: 0}
        chain:
          - {name: again, ref: core.noop, publish: {n: "{{n | int + 1}}"}, on-success: again}
        """), timeout=200)
    assert done["status"] == "failed" and "goes in circles" in done["result"]["error"]
    assert done["result"]["published"]["n"] == str(len(done["result"]["tasks"])) == "10000"


@pytest.mark.parametrize("runner, text", [
    ("action-chain", "chain: [{{name: a, ref: {0}}}]"),
    ("orquesta", "version: 1.0\ntasks: {{a: {{action: {0}}}}}"),
])
def test_what_starts_itself_ends_at_a_limit(stories, runner, text):
    ref = make_action(stories, runner, "")
    path = f"chains/{ref.split('.')[1]}.yaml"
    answer = stories.put(f"/v1/actions/{ref}", {
        "name": ref.split(".")[1], "pack": "stories", "runner_type": runner, "entry_point": path,
        "data_files": [{"file_path": path, "content": text.format(ref)}],
    })
    assert answer.status == 200, answer
    done = stories.run(ref)
    assert done["status"] == "failed"
    assert stories.get(f"/v1/executions?action={ref}&limit=1").header("X-Total-Count") == "51"
    deepest, = stories.get(f"/v1/executions?action={ref}&limit=1&include_attributes=result").json
    assert "50 deep" in str(deepest["result"])


# ---- the examples ----

def test_the_examples_do_what_they_say(stories):
    done = stories.run("examples.chain_greet", {"name": "moon"})
    assert done["status"] == "succeeded", done["result"]
    assert done["result"]["published"] == {"greeting": "Hello, moon!", "letters": "12"}


def test_the_example_in_circles_ends_when_its_command_succeeds_or_it_gives_up(stories, notes):
    cmd = f"echo again >> {notes}; [ $(wc -l < {notes}) -ge 3 ]"
    done = stories.run("examples.chain_until", {"cmd": cmd})
    assert done["status"] == "succeeded" and done["result"]["published"] == {"tried": "3"}
    done = stories.run("examples.chain_until", {"cmd": "false", "attempts": 2})
    assert done["status"] == "failed" and names_and_states(done)[-1] == ("wait", "failed")


def test_the_documentation_shows_the_examples_as_they_are():
    shown = dict(re.findall(r"^```yaml (\S+)\n(.*?)^```$", (ROOT / "docs" / "action-chains.md").read_text(), re.M | re.S))
    assert set(shown) == {"greet.yaml", "until.yaml"}
    for name, text in shown.items():
        assert text == (ROOT / "packs" / "examples" / "actions" / "chains" / name).read_text()


# ---- nested ----

def test_chains_within_chains_and_workflows_within_both(stories):
    inner = make_chain(stories, "chain: [{name: in, ref: core.echo, parameters: {message: '{{m}}'}, publish: {got: '{{in.stdout}}'}}]",
                       {"m": {"type": "string"}})
    flow = make_workflow(stories, f"""
        version: 1.0
        output:
          - got: <% ctx(got) %>
        tasks:
          chain:
            action: {inner} m="from the flow"
            next:
              - publish: got=<% result().published.got %>
        """)
    outer = make_chain(stories, f"""
        chain:
          - {{name: chain, ref: {inner}, parameters: {{m: deep}}, on-success: flow}}
          - {{name: flow, ref: {flow}, publish: {{got: "{{{{chain.published.got}}}} and {{{{flow.output.got}}}}"}}}}
        """)
    done = stories.run(outer)
    assert done["status"] == "succeeded", done["result"]
    assert done["result"]["published"] == {"got": "deep and from the flow"}
    assert names_and_states(done) == [("chain", "succeeded"), ("flow", "succeeded")]
    below = stories.get(f"/v1/executions/{done['id']}/children?depth=-1").json
    assert len(below) == 5
    grandchild = next(x for x in below if x["context"]["chain"]["name"] == "in" and x["context"]["parent"].get("chain"))
    assert grandchild["context"]["parent"]["chain"]["name"] == "chain"
    assert grandchild["context"]["parent"]["parent"]["execution_id"] == done["id"]


# ---- requests ----

def test_a_chain_pauses_after_its_task_and_goes_on_where_it_was(stories, notes):
    chain = make_chain(stories, SLOW, FILE)
    execution = stories.run(chain, {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    answer = stories.put(f"/v1/executions/{execution['id']}", {"status": "pausing"})
    assert answer.status == 200 and answer.json["status"] == "pausing", answer
    paused = stories.wait(execution["id"], until=("paused",))
    assert names_and_states(paused) == [("one", "succeeded")]
    assert paused["context"]["vars"] == {"said": "0"} and paused["context"]["paused_by"] == "st2admin"
    time.sleep(0.3)
    assert lines_of(notes) == ["one"]
    assert stories.put(f"/v1/executions/{execution['id']}", {"status": "resuming"}).json["status"] == "resuming"
    done = stories.wait(execution["id"])
    assert done["status"] == "succeeded" and lines_of(notes) == ["one", "two", "three0"]
    assert [entry["status"] for entry in done["log"]] == [
        "requested", "scheduled", "running", "pausing", "paused", "resuming", "running", "succeeded",
    ]


def test_pause_and_resume_reach_the_chains_below(stories, notes):
    inner = make_chain(stories, SLOW, FILE)
    outer = make_chain(stories, f"""
        chain:
          - {{name: a, ref: {inner}, parameters: {{file: "{{{{file}}}}"}}, on-success: b}}
          - {{name: b, ref: core.noop}}
        """, FILE)
    execution = stories.run(outer, {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    assert stories.put(f"/v1/executions/{execution['id']}", {"status": "paused"}).status == 200
    paused = stories.wait(execution["id"], until=("paused",))
    assert names_and_states(paused) == [("a", "paused")]
    child, = children_of(stories, execution)
    assert child["status"] == "paused"
    # What goes on below takes those above along.
    assert stories.put(f"/v1/executions/{child['id']}", {"status": "resuming"}).status == 200
    done = stories.wait(execution["id"])
    assert done["status"] == "succeeded" and lines_of(notes) == ["one", "two", "three0"]
    assert names_and_states(done) == [("a", "succeeded"), ("b", "succeeded")]


def test_pause_and_resume_reach_a_chain_below_a_workflow(stories, notes):
    inner = make_chain(stories, SLOW, FILE)
    flow = make_workflow(stories, f"""
        version: 1.0
        input: [file]
        tasks:
          a:
            action: {inner} file=<% ctx(file) %>
            next: [{{do: b}}]
          b:
            action: core.noop
        """, FILE)
    execution = stories.run(flow, {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    assert stories.put(f"/v1/executions/{execution['id']}", {"status": "paused"}).status == 200
    stories.wait(execution["id"], until=("paused",))
    assert [child["status"] for child in children_of(stories, execution)] == ["paused"]
    assert stories.put(f"/v1/executions/{execution['id']}", {"status": "resuming"}).status == 200
    assert stories.wait(execution["id"])["status"] == "succeeded"
    assert lines_of(notes) == ["one", "two", "three0"]


def test_a_canceled_chain_begins_nothing_more(stories, notes):
    chain = make_chain(stories, SLOW, FILE)
    execution = stories.run(chain, {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    assert stories.delete(f"/v1/executions/{execution['id']}").status == 200
    assert status_of(stories, execution) == "canceling"
    done = stories.wait(execution["id"])
    assert done["status"] == "canceled" and names_and_states(done) == [("one", "succeeded")]
    assert lines_of(notes) == ["one"]


def test_cancelation_goes_down_and_comes_up(stories, notes):
    inner = make_chain(stories, SLOW, FILE)
    outer = make_chain(stories, f"""
        chain:
          - name: a
            ref: {inner}
            parameters: {{file: "{{{{file}}}}"}}
            publish: {{got: "{{{{a.published.nothing}}}}"}}
            on-success: b
            on-failure: b
          - {{name: b, ref: core.noop}}
        """, FILE)
    for which in ("outer", "inner"):
        notes.write_text("")
        execution = stories.run(outer, {"file": str(notes)}, wait=False)
        eventually(lambda: lines_of(notes), what="the first task")
        child, = children_of(stories, execution)
        target = execution if which == "outer" else child
        assert stories.delete(f"/v1/executions/{target['id']}").status == 200
        done = stories.wait(execution["id"])
        assert done["status"] == "canceled" and names_and_states(done) == [("a", "canceled")]
        assert status_of(stories, child) == "canceled"
        assert lines_of(notes) == ["one"]


def test_a_paused_chain_can_be_canceled(stories, notes):
    execution = stories.run(make_chain(stories, SLOW, FILE), {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    assert stories.put(f"/v1/executions/{execution['id']}", {"status": "paused"}).status == 200
    stories.wait(execution["id"], until=("paused",))
    assert stories.delete(f"/v1/executions/{execution['id']}").status == 200
    assert stories.wait(execution["id"])["status"] == "canceled"
    assert lines_of(notes) == ["one"]


@pytest.fixture
def asking(stories):
    return make_chain(stories, """
        chain:
          - {name: ask, ref: core.ask, on-success: tell}
          - {name: tell, ref: core.echo, parameters: {message: "{{ask.response.continue}}"}}
        """)


def answer_question(client, parent):
    question, = children_of(client, parent)
    assert question["status"] == "pending"
    answer = client.put(f"/v1/inquiries/{question['id']}", {"id": question["id"], "response": {"continue": True}})
    assert answer.status == 200, answer


def test_a_question_pauses_the_chain_until_it_is_answered(stories, asking):
    execution = stories.run(asking, wait=False)
    paused = stories.wait(execution["id"], until=("paused",))
    assert names_and_states(paused) == [("ask", "pending")]
    # Resuming without an answer leads back.
    assert stories.put(f"/v1/executions/{execution['id']}", {"status": "resuming"}).status == 200
    stories.wait(execution["id"], until=("paused",))
    answer_question(stories, execution)
    done = stories.wait(execution["id"])
    assert done["status"] == "succeeded" and done["result"]["tasks"][1]["result"]["stdout"] == "True"


def test_a_question_below_pauses_the_root_and_its_answer_resumes_it(stories, asking):
    outer = make_chain(stories, f"chain: [{{name: a, ref: {asking}}}]")
    execution = stories.run(outer, wait=False)
    stories.wait(execution["id"], until=("paused",))
    child, = children_of(stories, execution)
    answer_question(stories, child)
    assert stories.wait(execution["id"])["status"] == "succeeded"


def test_a_chain_that_asks_can_be_canceled(stories, asking):
    execution = stories.run(asking, wait=False)
    stories.wait(execution["id"], until=("paused",))
    assert stories.delete(f"/v1/executions/{execution['id']}").status == 200
    done = stories.wait(execution["id"])
    assert done["status"] == "canceled" and names_and_states(done) == [("ask", "pending")]


def test_a_chain_can_be_run_again_but_not_from_a_task(stories):
    done = stories.run(make_chain(stories, "chain: [{name: a, ref: core.noop}]"))
    answer = stories.post(f"/v1/executions/{done['id']}/re_run", {})
    assert answer.status == 201 and stories.wait(answer.json["id"])["status"] == "succeeded"
    answer = stories.post(f"/v1/executions/{done['id']}/re_run", {"tasks": ["a"]})
    assert answer.status == 400 and "only supported for Orquesta" in answer.text


def test_a_chain_tells_what_it_waits_for(stories, asking, notes):
    execution = stories.run(make_chain(stories, SLOW, FILE), {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    wait, = stories.get(f"/v1/executions/{execution['id']}/waits").json
    assert wait["task"] == "one" and wait["status"] == "running" and wait["executions"][0]["id"]
    assert stories.wait(execution["id"])["status"] == "succeeded"
    assert stories.get(f"/v1/executions/{execution['id']}/waits").json == []
    execution = stories.run(asking, wait=False)
    stories.wait(execution["id"], until=("paused",))
    own, task = stories.get(f"/v1/executions/{execution['id']}/waits").json
    assert own["status"] == "paused" and task["reason"] == "waits for an answer of anybody"
    answer_question(stories, execution)
    assert stories.wait(execution["id"])["status"] == "succeeded"


def test_a_chain_that_outruns_the_timeout_of_its_task_is_ended_with_what_runs(stories, notes):
    chain = make_chain(stories, SLOW.replace("sleep 0.4", "sleep 30"), FILE)
    flow = make_workflow(stories, f"""
        version: 1.0
        input: [file]
        tasks:
          a:
            action: {chain} file=<% ctx(file) %>
            timeout: 1
        """, FILE)
    began = time.monotonic()
    done = stories.run(flow, {"file": str(notes)})
    assert done["status"] in ("timeout", "failed") and time.monotonic() - began < 20
    child, = children_of(stories, done)
    child = stories.get(f"/v1/executions/{child['id']}").json
    assert child["status"] == "timeout" and "timeout of 1 second" in child["result"]["error"]
    assert names_and_states(child) == [("one", "canceled")]
    assert lines_of(notes) == ["one"]


# ---- sudden death ----

@pytest.fixture
def mortal(new_server, packs):
    server = new_server(packs=[packs])
    server.start()
    assert server.client.post("/v1/packs/register", {"packs": ["stories"], "types": ["all"]}).status == 200
    return server


def die_and_rise(server):
    server.kill()
    server.port = server.client.port = free_port()
    server.start()


@pytest.mark.parametrize("moment", [0.0, 0.3, 0.6, 0.9])
def test_a_chain_outlives_a_sudden_death(mortal, notes, moment):
    """Killed while a task runs, that task is abandoned and the chain takes its way from there; nothing runs twice."""
    client = mortal.client
    chain = make_chain(client, SLOW.replace("on-success: three", "on-success: three\n        on-failure: three"), FILE)
    execution = client.run(chain, {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    time.sleep(moment)
    die_and_rise(mortal)
    done = client.wait(execution["id"])
    lines = lines_of(notes)
    assert len(lines) == len(set(lines)), f"a task ran twice: {lines}"
    states = names_and_states(done)
    assert done["status"] == ("failed" if states[-1][1] == "abandoned" else "succeeded"), done
    assert all(state in ("succeeded", "abandoned") for _, state in states)
    assert [name for name, _ in states] == ["one", "two", "three"][:len(states)]
    assert all(child["status"] in FINISHED for child in children_of(client, execution))


def test_a_paused_chain_outlives_a_sudden_death(mortal, notes):
    client = mortal.client
    execution = client.run(make_chain(client, SLOW, FILE), {"file": str(notes)}, wait=False)
    eventually(lambda: lines_of(notes), what="the first task")
    assert client.put(f"/v1/executions/{execution['id']}", {"status": "paused"}).status == 200
    client.wait(execution["id"], until=("paused",))
    die_and_rise(mortal)
    assert status_of(client, execution) == "paused"
    assert client.put(f"/v1/executions/{execution['id']}", {"status": "resuming"}).status == 200
    done = client.wait(execution["id"])
    assert done["status"] == "succeeded" and lines_of(notes) == ["one", "two", "three0"]
    assert names_and_states(done) == [("one", "succeeded"), ("two", "succeeded"), ("three", "succeeded")]


def test_a_question_outlives_a_sudden_death(mortal):
    client = mortal.client
    inner = make_chain(client, "chain: [{name: ask, ref: core.ask}]")
    outer = make_chain(client, f"chain: [{{name: a, ref: {inner}, on-success: b}}, {{name: b, ref: core.noop}}]")
    execution = client.run(outer, wait=False)
    client.wait(execution["id"], until=("paused",))
    die_and_rise(mortal)
    answer_question(client, children_of(client, execution)[0])
    assert client.wait(execution["id"])["status"] == "succeeded"


def test_chains_that_die_again_and_again_come_to_an_end(mortal, notes):
    """Many chains at once, the server killed under them: each ends, and no task ran twice."""
    client = mortal.client
    chain = make_chain(client, """
        chain:
          - {name: a, ref: core.local, parameters: {cmd: "echo {{n}}a >> {{file}}"}, on-success: b, on-failure: b}
          - {name: b, ref: core.noop, on-success: c}
          - {name: c, ref: core.local, parameters: {cmd: "echo {{n}}c >> {{file}}"}, on-success: d, on-failure: d}
          - {name: d, ref: core.local, parameters: {cmd: "echo {{n}}d >> {{file}}"}}
        """, {**FILE, "n": {"type": "integer"}})
    asked = []
    for round_number in range(4):
        for n in range(15):
            asked.append(client.run(chain, {"file": str(notes), "n": round_number * 15 + n}, wait=False))
        time.sleep(0.15 * round_number)
        die_and_rise(mortal)
    for execution in asked:
        done = client.wait(execution["id"], timeout=120)
        assert done["status"] in ("succeeded", "failed"), done
        assert [task["name"] for task in done["result"]["tasks"]] == ["a", "b", "c", "d"], done["result"]
    lines = lines_of(notes)
    assert len(lines) == len(set(lines)), "a task ran twice"
