# SPDX-License-Identifier: Apache-2.0
"""Workflows that are paused, resumed, canceled, answered and run again, alone and within each other."""

import uuid

import pytest

from harness.client import FINISHED, eventually
from harness.pack import Pack

ANYTHING = {"type": "string"}
NUMBER = {"type": "integer"}

HOLD = """
input: [gate]
tasks:
  hold:
    action: core.local cmd="while [ -e <% ctx(gate) %> ]; do sleep 0.05; done"
    next: [{when: <% succeeded() %>, do: after}]
  after:
    action: core.noop
"""

AROUND_ONE = """
input: [gate]
tasks:
  inner:
    action: control.hold gate=<% ctx(gate) %>
    next: [{when: <% succeeded() %>, do: after}]
  after:
    action: core.noop
"""

AROUND_TWO = """
input: [left, right]
tasks:
  left:
    action: control.hold gate=<% ctx(left) %>
    next: [{when: <% succeeded() %>, do: both}]
  right:
    action: control.hold gate=<% ctx(right) %>
    next: [{when: <% succeeded() %>, do: both}]
  both:
    join: all
    action: core.noop
"""

GATES = """
input: [gates, at_once]
tasks:
  hold:
    with: {items: gate in <% ctx(gates) %>, concurrency: <% ctx(at_once) %>}
    action: core.local cmd="while [ -e <% item(gate) %> ]; do sleep 0.05; done"
    next: [{when: <% succeeded() %>, do: after}]
  after:
    action: core.noop
"""

AROUND_NOTHING = """
tasks:
  none:
    action: control.gates gates=[] at_once=2
    next: [{when: <% succeeded() %>, do: after}]
  after:
    action: core.noop
"""

LATE = """
tasks:
  late:
    delay: 300
    action: core.noop
"""

QUESTION = """
    action: core.ask
    input:
      schema: {type: object, properties: {ok: {type: boolean, required: true}}}
"""

ASK = f"""
output: [{{ok: <% ctx(ok) %>}}]
tasks:
  question:{QUESTION}
    next: [{{when: <% succeeded() %>, publish: [{{ok: <% result().response.ok %>}}]}}]
"""

ASK_AFTER = f"""
tasks:
  first:{QUESTION}
    next: [{{when: <% succeeded() %>, do: second}}]
  second:{QUESTION}
"""

ASK_BESIDE = f"""
tasks:
  first:{QUESTION}
    next: [{{when: <% succeeded() %>, do: both}}]
  second:{QUESTION}
    next: [{{when: <% succeeded() %>, do: both}}]
  both:
    join: all
    action: core.noop
"""

ASK_EACH = f"""
output: [{{said: <% ctx(said) %>}}]
tasks:
  each:
    with: <% [1, 2, 3] %>{QUESTION}
    next: [{{when: <% succeeded() %>, publish: [{{said: <% result().select($.response.ok) %>}}]}}]
"""

ASK_DEEPER = """
tasks:
  outer:
    action: control.ask_below
    next: [{when: <% succeeded() %>, do: after}]
  after:
    action: core.noop
"""

ASK_BELOW = """
output: [{ok: <% ctx(ok) %>}]
tasks:
  inner:
    action: control.ask
    next: [{when: <% succeeded() %>, publish: [{ok: <% result().output.ok %>}]}]
"""

CHECK = """
input: [file]
tasks:
  one:
    action: core.noop
    next: [{when: <% succeeded() %>, do: two}]
  two:
    action: core.local cmd="exit $(cat <% ctx(file) %>)"
    next: [{when: <% succeeded() %>, do: three}]
  three:
    action: core.noop
"""

CHECK_EACH = """
input: [file]
tasks:
  each:
    with: <% range(0, 4) %>
    action: core.local cmd="exit $(( $(cat <% ctx(file) %>) * <% item() %> % 2 ))"
"""

CHECK_BELOW = """
input: [file]
tasks:
  inner:
    action: control.check file=<% ctx(file) %>
    next: [{when: <% succeeded() %>, do: after}]
  after:
    action: core.noop
"""


@pytest.fixture(scope="module")
def control(server, packs):
    pack = Pack(packs, "control")
    pack.workflow("hold", HOLD, gate=ANYTHING)
    pack.workflow("around_one", AROUND_ONE, gate=ANYTHING)
    pack.workflow("around_two", AROUND_TWO, left=ANYTHING, right=ANYTHING)
    pack.workflow("gates", GATES, gates={"type": "array"}, at_once=NUMBER)
    pack.workflow("around_nothing", AROUND_NOTHING)
    pack.workflow("late", LATE)
    pack.workflow("ask", ASK)
    pack.workflow("ask_after", ASK_AFTER)
    pack.workflow("ask_beside", ASK_BESIDE)
    pack.workflow("ask_below", ASK_BELOW)
    pack.workflow("ask_deeper", ASK_DEEPER)
    pack.workflow("ask_each", ASK_EACH)
    pack.workflow("check", CHECK, file=ANYTHING)
    pack.workflow("check_each", CHECK_EACH, file=ANYTHING)
    pack.workflow("check_below", CHECK_BELOW, file=ANYTHING)
    pack.register(server.client)
    return Control(server.client)


class Control:
    """What a person does to executions, and sees of them."""

    def __init__(self, client):
        self.client = client

    def run(self, workflow, **parameters):
        return self.client.run(f"control.{workflow}", parameters, wait=False)["id"]

    def tasks(self, execution, task):
        children = self.client.get(f"/v1/executions?parent={execution}&limit=100").json
        return [child for child in children if child["context"]["orquesta"]["task_name"] == task]

    def task(self, execution, task, status="running", count=1):
        """The ids of the task's executions, once there are so many and all have the status."""
        def found():
            children = self.tasks(execution, task)
            return len(children) == count and all(child["status"] == status for child in children) and children

        ids = [child["id"] for child in eventually(found, what=f"{count} x {task} {status}")]
        return ids[0] if count == 1 else ids

    def become(self, **of_ids):
        """Statuses with the executions that come to have them."""
        for status, ids in of_ids.items():
            for execution in ids if isinstance(ids, (list, tuple)) else [ids]:
                done = self.client.wait(execution, until=(status, *FINISHED))
                assert done["status"] == status, done

    def status(self, execution):
        return self.client.get(f"/v1/executions/{execution}").json["status"]

    def ask(self, execution, status):
        answer = self.client.put(f"/v1/executions/{execution}", {"status": status})
        assert answer.status == 200, answer

    def pause(self, execution):
        self.ask(execution, "pausing")

    def resume(self, execution):
        self.ask(execution, "resuming")

    def cancel(self, execution):
        assert self.client.delete(f"/v1/executions/{execution}").status == 200

    def answer(self, inquiry, ok=True):
        answer = self.client.put(f"/v1/inquiries/{inquiry}", {"id": inquiry, "response": {"ok": ok}})
        assert answer.status == 200, answer

    def again(self, execution, **options):
        answer = self.client.post(f"/v1/executions/{execution}/re_run", {"parameters": {}, **options})
        assert answer.status == 201, answer
        assert answer.json["id"] != execution
        return answer.json["id"]

    def workflow_of(self, execution):
        return self.client.get(f"/v1/executions/{execution}").json["context"]["workflow_execution"]


@pytest.fixture
def gate(tmp_path):
    """Makes files that tasks wait for to go away; what is left goes with the test."""
    made = []

    def make():
        made.append(tmp_path / uuid.uuid4().hex)
        made[-1].touch()
        return made[-1]

    tmp_path.chmod(0o755)
    yield make
    for path in made:
        path.unlink(missing_ok=True)


def two_workflows(control, left, right):
    execution = control.run("around_two", left=str(left), right=str(right))
    return execution, control.task(execution, "left"), control.task(execution, "right")


# ---- pause and resume ----

def test_a_pause_lets_what_runs_finish_and_starts_nothing(control, gate):
    file = gate()
    execution = control.run("hold", gate=str(file))
    control.task(execution, "hold")
    control.pause(execution)
    control.become(pausing=execution)
    file.unlink()
    control.become(paused=execution)
    assert control.tasks(execution, "after") == []
    control.resume(execution)
    control.become(succeeded=execution)


def test_a_pause_goes_down_and_so_does_the_resume(control, gate):
    left, right = gate(), gate()
    execution, one, two = two_workflows(control, left, right)
    control.pause(execution)
    control.become(pausing=[execution, one, two])
    left.unlink()
    control.become(paused=one)
    assert control.status(two) == control.status(execution) == "pausing"
    right.unlink()
    control.become(paused=[two, execution])
    control.resume(execution)
    control.become(succeeded=[one, two, execution])


def test_a_paused_child_pauses_its_parent_when_nothing_else_runs(control, gate):
    left, right = gate(), gate()
    execution, one, two = two_workflows(control, left, right)
    control.pause(one)
    left.unlink()
    control.become(paused=one)
    assert control.status(two) == control.status(execution) == "running"
    right.unlink()
    control.become(succeeded=two, paused=execution)
    assert control.status(one) == "paused"
    control.resume(one)
    control.become(succeeded=[one, execution])


def test_a_child_is_resumed_while_its_parent_runs_on(control, gate):
    left, right = gate(), gate()
    execution, one, two = two_workflows(control, left, right)
    control.pause(one)
    left.unlink()
    control.become(paused=one)
    control.resume(one)
    control.become(succeeded=one)
    assert control.status(two) == control.status(execution) == "running"
    right.unlink()
    control.become(succeeded=[two, execution])


def both_paused(control, gate):
    left, right = gate(), gate()
    execution, one, two = two_workflows(control, left, right)
    control.pause(one)
    control.pause(two)
    control.become(pausing=[one, two])
    assert control.status(execution) == "running"
    left.unlink()
    right.unlink()
    control.become(paused=[one, two, execution])
    return execution, one, two


def test_children_that_paused_are_resumed_one_by_one(control, gate):
    execution, one, two = both_paused(control, gate)
    control.resume(one)
    control.become(succeeded=one)
    assert control.status(two) == control.status(execution) == "paused"
    control.resume(two)
    control.become(succeeded=[two, execution])


def test_children_that_paused_are_resumed_by_their_parent(control, gate):
    execution, one, two = both_paused(control, gate)
    control.resume(execution)
    control.become(succeeded=[one, two, execution])


def test_a_pause_lets_running_items_finish_and_the_resume_starts_the_rest(control, gate):
    files = [gate() for _ in range(4)]
    execution = control.run("gates", gates=list(map(str, files)), at_once=2)
    control.task(execution, "hold", count=2)
    control.pause(execution)
    control.become(pausing=execution)
    for file in files[:2]:
        file.unlink()
    control.become(paused=execution)
    control.task(execution, "hold", "succeeded", count=2)
    control.resume(execution)
    for file in files[2:]:
        file.unlink()
    control.become(succeeded=execution)
    control.task(execution, "hold", "succeeded", count=4)


# ---- cancel ----

def test_a_cancel_waits_for_what_runs(control, gate):
    file = gate()
    execution = control.run("hold", gate=str(file))
    child = control.task(execution, "hold")
    control.cancel(execution)
    control.become(canceling=execution)
    file.unlink()
    control.become(canceled=execution, succeeded=child)
    assert control.tasks(execution, "after") == []


def test_canceling_a_task_cancels_its_workflow(control, gate):
    execution = control.run("hold", gate=str(gate()))
    child = control.task(execution, "hold")
    control.cancel(child)
    control.become(canceled=[child, execution])


@pytest.mark.parametrize("asked", ["the parent", "the child"])
def test_a_cancel_reaches_parent_and_children(control, gate, asked):
    left, right = gate(), gate()
    execution, one, two = two_workflows(control, left, right)
    control.cancel(execution if asked == "the parent" else one)
    control.become(canceling=[execution, one, two])
    left.unlink()
    right.unlink()
    control.become(canceled=[one, two, execution])


@pytest.mark.parametrize("asked", ["the workflow", "the task"])
def test_a_task_that_waits_for_its_time_is_canceled_at_once(control, asked):
    execution = control.run("late")
    child = control.task(execution, "late", "delayed")
    control.cancel(execution if asked == "the workflow" else child)
    control.become(canceled=[execution, child])


def test_a_cancel_lets_running_items_finish_and_starts_no_more(control, gate):
    files = [gate() for _ in range(4)]
    execution = control.run("gates", gates=list(map(str, files)), at_once=2)
    control.task(execution, "hold", count=2)
    control.cancel(execution)
    control.become(canceling=execution)
    for file in files[:2]:
        file.unlink()
    control.become(canceled=execution)
    control.task(execution, "hold", "succeeded", count=2)


def test_a_paused_workflow_with_a_question_is_canceled(control):
    execution = control.run("ask_below")
    control.become(paused=execution)
    control.cancel(execution)
    control.become(canceled=execution)


# ---- items ----

def test_items_run_so_many_at_once(control, gate):
    files = [gate() for _ in range(5)]
    execution = control.run("gates", gates=list(map(str, files)), at_once=2)
    for begun, ended in ((2, files[:2]), (4, files[2:4]), (5, files[4:])):
        eventually(lambda: len(control.tasks(execution, "hold")) == begun, what=f"{begun} items")
        for file in ended:
            file.unlink()
    control.become(succeeded=execution)


def test_a_child_without_items_is_over_at_once(control):
    control.become(succeeded=control.run("around_nothing"))


# ---- questions ----

def test_an_answer_lets_the_workflow_go_on(control):
    execution = control.run("ask")
    control.become(paused=execution)
    control.answer(control.task(execution, "question", "pending"))
    control.become(succeeded=execution)
    assert control.client.get(f"/v1/executions/{execution}").json["result"] == {"output": {"ok": True}}


def test_one_question_after_the_other(control):
    execution = control.run("ask_after")
    control.answer(control.task(execution, "first", "pending"))
    control.answer(control.task(execution, "second", "pending"))
    control.become(succeeded=execution)


def test_two_questions_beside_each_other(control):
    execution = control.run("ask_beside")
    control.become(paused=execution)
    control.answer(control.task(execution, "first", "pending"))
    control.become(paused=execution)
    assert control.tasks(execution, "both") == []
    control.answer(control.task(execution, "second", "pending"))
    control.become(succeeded=execution)


def test_an_answer_below_wakes_the_workflows_above(control):
    execution = control.run("ask_below")
    control.become(paused=execution)
    inner = control.task(execution, "inner", "paused")
    control.answer(control.task(inner, "question", "pending"), ok=False)
    control.become(succeeded=[inner, execution])
    assert control.client.get(f"/v1/executions/{execution}").json["result"] == {"output": {"ok": False}}


def test_an_answer_wakes_workflows_at_any_height(control):
    execution = control.run("ask_deeper")
    control.become(paused=execution)
    outer = control.task(execution, "outer", "paused")
    inner = control.task(outer, "inner", "paused")
    control.answer(control.task(inner, "question", "pending"))
    control.become(succeeded=[inner, outer, execution])


def test_items_that_are_questions_are_answered_in_any_order(control):
    execution = control.run("ask_each")
    control.become(paused=execution)
    first, second, third = control.task(execution, "each", "pending", count=3)
    control.answer(second, ok=False)
    control.become(paused=execution, succeeded=second)
    control.answer(third)
    control.become(paused=execution, succeeded=third)
    control.answer(first)
    control.become(succeeded=execution)
    said = control.client.get(f"/v1/executions/{execution}").json["result"]["output"]["said"]
    assert sorted(said) == [False, True, True]


# ---- running again ----

@pytest.fixture
def failed(control, tmp_path):
    """Runs a workflow that fails, then mends what it failed of."""
    tmp_path.chmod(0o755)
    file = tmp_path / "verdict"

    def run(workflow, verdict="1"):
        file.write_text(verdict)
        execution = control.run(workflow, file=str(file))
        control.become(**{"succeeded" if verdict == "0" else "failed": execution})
        file.write_text("0")
        return execution

    return run


def test_the_whole_workflow_again_is_another_workflow(control, failed):
    first = failed("check")
    second = control.again(first)
    control.become(succeeded=second)
    assert control.workflow_of(second) != control.workflow_of(first)
    control.task(second, "one", "succeeded")


@pytest.mark.parametrize("verdict", ["1", "0"])
def test_a_task_again_goes_on_in_the_same_workflow(control, failed, verdict):
    first = failed("check", verdict)
    second = control.again(first, tasks=["two"])
    control.become(succeeded=second)
    assert control.workflow_of(second) == control.workflow_of(first)
    assert control.tasks(second, "one") == []
    control.task(second, "two", "succeeded")
    control.task(second, "three", "succeeded")


def test_a_task_with_items_again_runs_all_items_or_those_that_failed(control, failed):
    for reset, count in ((["each"], 4), ([], 2)):
        second = control.again(failed("check_each"), tasks=["each"], reset=reset)
        control.become(succeeded=second)
        control.task(second, "each", "succeeded", count=count)


def test_a_task_that_is_a_workflow_again_begins_it_anew(control, failed):
    first = failed("check_below")
    second = control.again(first, tasks=["inner"])
    control.become(succeeded=second)
    inner = control.task(second, "inner", "succeeded")
    assert control.workflow_of(inner) != control.workflow_of(control.task(first, "inner", "failed"))
    control.task(second, "after", "succeeded")


def test_a_task_nobody_knows_is_named(control, failed):
    second = control.again(failed("check"), tasks=["two", "tow"])
    control.become(failed=second)
    errors = control.client.get(f"/v1/executions/{second}").json["result"]["errors"]
    assert errors[0]["message"] == "Unable to rerun workflow because one or more tasks is not found: tow"
