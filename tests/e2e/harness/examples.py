# SPDX-License-Identifier: Apache-2.0
"""The pack `examples`: its rehearsals, and what must be the same when its workflows run on a server."""

import json
import subprocess

import yaml

from .client import FINISHED, eventually
from .server import BUILD, ROOT

FOLDER = ROOT / "packs" / "examples" / "actions" / "workflows"
WORKFLOWS = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.endswith(".test.yaml"))
TESTS = sorted(FOLDER.glob("*.test.yaml"))


def rehearse(*tests):
    """What the rehearsals say of the tests, one for each: status, output, tasks ..."""
    command = [str(BUILD / "fulmar"), "workflow", "rehearse", "-j", "--base-path", str(FOLDER), *map(str, tests)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=100).stdout)


class Example:
    """One rehearsal to be run on a server: the same inputs, and answers where it asks."""

    def __init__(self, test, folder):
        self.name = test.name.removesuffix(".test.yaml")
        self.told = rehearse(test)[0]
        self.test = yaml.safe_load(test.read_text())
        self.workflow = self.test["workflow"].removesuffix(".yaml")
        # Files that workflows count in are this run's own.
        self.inputs = {name: value.replace("/tmp", str(folder)) if isinstance(value, str) else value
                       for name, value in self.test.get("inputs", {}).items()}

    def prepare(self, client):
        for key in ("disk_limit", "on_call"):
            client.delete(f"/v1/keys/{key}")
        for key, value in self.test.get("datastore", {}).items():
            assert client.put(f"/v1/keys/{key}", {"name": key, "value": value}).status == 200

    def answer(self, client, execution_id):
        """Inquiries get the response that the rehearsal mocks."""
        for child in children(client, execution_id):
            if child["status"] != "pending":
                continue
            task = child["context"]["orquesta"]["task_name"]
            mock = next(mock for mock in self.test["mock_action_executions"] if mock["task_id"] == task)
            reply = client.put(f"/v1/inquiries/{child['id']}", {"id": child["id"], "response": mock["result"]["response"]})
            assert reply.status == 200, reply

    def check(self, client, execution):
        check(client, execution, self.told)


def check(client, execution, told, interrupted=False):
    """The execution of a workflow came to what its rehearsal says. A rehearsal ends the tasks of a round together; when a task
    fails because it was interrupted, others that ran beside it may have led further before."""
    assert execution["status"] == told["status"], execution["result"]
    definitions = yaml.safe_load((FOLDER / f"{execution['action']['name']}.yaml").read_text())["tasks"]
    tasks = {(task["id"], task["route"]): task["status"] for task in told["tasks"]
             if "action" in definitions.get(task["id"], {})}
    ran = tasks_run(client, execution["id"])
    if interrupted and tasks.items() < ran.items():
        return
    assert ran == tasks
    assert execution["result"]["output"] == told["output"]


def as_test(client, execution, datastore):
    """The rehearsal in which the actions answer what they answered to this execution."""
    name, runs, mocks = execution["action"]["name"], {}, []
    metadata = yaml.safe_load((FOLDER.parent / f"{name}.yaml").read_text())
    defaults = {key: one["default"] for key, one in metadata["parameters"].items() if "default" in one}
    for child in children(client, execution["id"]):
        place = child["context"]["orquesta"]
        who = {"task_id": place["task_name"], "route": place["task_route"]}
        if "item_id" in place:
            who["item_id"] = place["item_id"]
        run = runs[str(who)] = runs.get(str(who), -1) + 1
        mocks.append({**who, "iter_id": run, "status": child["status"], "result": child.get("result")})
    return {"workflow": f"{name}.yaml", "inputs": {**defaults, **execution.get("parameters", {})}, "datastore": datastore,
            "mock_action_executions": mocks, "expected_task_sequence": []}


def children(client, execution_id):
    answer = client.get(f"/v1/executions?parent={execution_id}&limit=-1")
    assert answer.status == 200, answer
    return sorted(answer.json, key=lambda one: one["id"])


def all_ended(client, execution_id):
    return all(child["status"] in FINISHED for child in children(client, execution_id))


def tasks_run(client, execution_id):
    """{(task, route): status} of what ran: of several tries the last one, of several items whether all are well. A workflow that
    fails is over before what runs beside that."""
    runs = {}
    eventually(lambda: all_ended(client, execution_id), what="the end of all children")
    for child in children(client, execution_id):
        place = child["context"]["orquesta"]
        status = "failed" if child["status"] in ("timeout", "abandoned") else child["status"]
        runs.setdefault((place["task_name"], place["task_route"]), {})[place.get("item_id")] = status
    return {place: next((status for status in items.values() if status != "succeeded"), "succeeded")
            for place, items in runs.items()}
