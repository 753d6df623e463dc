# SPDX-License-Identifier: Apache-2.0
"""The pack `examples`: its rehearsals, and what must be the same when its workflows run on a server."""

import json
import subprocess

import yaml

from .client import FINISHED
from .server import BUILD, ROOT

FOLDER = ROOT / "packs" / "examples" / "actions" / "workflows"
WORKFLOWS = sorted(path for path in FOLDER.glob("*.yaml") if not path.name.endswith(".test.yaml"))
TESTS = sorted(FOLDER.glob("*.test.yaml"))


def rehearse(test):
    """What the rehearsal says of one test: status, output, tasks ..."""
    done = subprocess.run([str(BUILD / "fulmar"), "workflow", "rehearse", "-j", str(test)], capture_output=True, text=True,
                          timeout=60)
    return json.loads(done.stdout)[0]


class Example:
    """One rehearsal to be run on a server: the same inputs, and answers where it asks."""

    def __init__(self, test, folder):
        self.name = test.name.removesuffix(".test.yaml")
        self.told = rehearse(test)
        self.test = yaml.safe_load(test.read_text())
        self.workflow = self.test["workflow"].removesuffix(".yaml")
        self.definition = yaml.safe_load((FOLDER / self.test["workflow"]).read_text())
        # Files that workflows count in are this run's own.
        self.inputs = {name: value.replace("/tmp", str(folder)) if isinstance(value, str) else value
                       for name, value in self.test.get("inputs", {}).items()}

    def prepare(self, client):
        for key in ("disk_limit", "on_call"):
            client.delete(f"/v1/keys/{key}")
        for key, value in self.test.get("datastore", {}).items():
            assert client.put(f"/v1/keys/{key}", {"name": key, "value": value}).status == 200

    def answer(self, client, execution_id):
        """Inquiries get the response that the rehearsal mocks. False while none waits."""
        answered = False
        for child in children(client, execution_id):
            if child["status"] != "pending":
                continue
            task = child["context"]["orquesta"]["task_name"]
            mock = next(mock for mock in self.test["mock_action_executions"] if mock["task_id"] == task)
            reply = client.put(f"/v1/inquiries/{child['id']}", {"id": child["id"], "response": mock["result"]["response"]})
            assert reply.status == 200, reply
            answered = True
        return answered

    def tasks(self):
        """{(task, route): status} as rehearsed, of the tasks that run an action; the last run of each counts."""
        return {(task["id"], task["route"]): task["status"] for task in self.told["tasks"]
                if "action" in (self.definition["tasks"].get(task["id"]) or {})}

    def check(self, client, execution):
        assert execution["status"] == self.told["status"], execution["result"]
        assert execution["result"]["output"] == self.told["output"]
        assert tasks_run(client, execution["id"]) == self.tasks()


def children(client, execution_id):
    answer = client.get(f"/v1/executions?parent={execution_id}&limit=-1&sort_asc=1")
    assert answer.status == 200, answer
    return answer.json


def tasks_run(client, execution_id):
    """{(task, route): status} of what ran: of several tries the last one, of several items whether all are well."""
    runs = {}
    for child in sorted(children(client, execution_id), key=lambda one: one["id"]):
        place = child["context"]["orquesta"]
        assert child["status"] in FINISHED, f"{child['id']} ({place['task_name']}) is {child['status']}"
        status = "failed" if child["status"] in ("timeout", "abandoned") else child["status"]
        runs.setdefault((place["task_name"], place["task_route"]), {})[place.get("item_id")] = status
    return {place: next((status for status in items.values() if status != "succeeded"), "succeeded")
            for place, items in runs.items()}
