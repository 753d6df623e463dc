# SPDX-License-Identifier: Apache-2.0
"""The server is killed at random moments under load, again and again, on one store. What must hold:

- every execution that was acknowledged is there;
- no command ran twice, and what succeeded ran once;
- none stays unfinished once the server is back.

The same with workflows: the examples run while the server is killed, and what comes of each is what its rehearsal says, given
what its actions answered. An action that ran while the server died has the answer "abandoned", whatever it did.

FULMAR_KILLS says how often (20, with workflows 8), FULMAR_SEED repeats a run.
"""

import collections
import http.client
import json
import os
import random
import threading
import time

from harness.client import FINISHED, Client, eventually
from harness.examples import TESTS, Example, as_test, check, rehearse
from harness.server import free_port

KILLS = int(os.environ.get("FULMAR_KILLS", "20"))
SEED = int(os.environ.get("FULMAR_SEED", "1"))
WORKFLOW_KILLS = int(os.environ.get("FULMAR_KILLS", "8"))
CLIENTS = 4
# What a client sees when the server dies: an answer that breaks off halfway acknowledges nothing.
BROKEN = (OSError, ValueError, EOFError, http.client.HTTPException)


class Load:
    """Clients that ask for executions until they are told to stop or the server is gone."""

    def __init__(self, address, token, ran_file, round_number):
        self.address, self.token, self.ran_file, self.round = address, token, ran_file, round_number
        self.acknowledged = {}  # execution id: what it writes when it runs, or None
        self.stopped = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(n,)) for n in range(CLIENTS)]

    def ask(self, number):
        client = Client(self.address, timeout=10)
        client.token = self.token
        count = 0
        while not self.stopped.is_set():
            count += 1
            mark = f"{self.round}-{number}-{count}" if count % 3 else None
            body = {"action": "core.noop"}
            if mark:
                body = {"action": "core.local", "parameters": {"cmd": f"echo {mark} >> {self.ran_file}"}}
            try:
                answer = client.post("/v1/executions", body)
            except BROKEN:
                return
            if answer.status == 201:
                self.acknowledged[answer.json["id"]] = mark

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


ON_THEIR_WAY = ("requested", "scheduled", "delayed", "running", "canceling", "pausing", "resuming")


def unfinished(client, statuses=ON_THEIR_WAY):
    left = 0
    for status in statuses:
        left += int(client.get(f"/v1/executions?status={status}&limit=1").header("X-Total-Count"))
    return left


def test_nothing_acknowledged_is_lost_and_nothing_runs_twice(new_server, tmp_path):
    chance = random.Random(SEED)
    ran_file = tmp_path / "ran"
    ran_file.touch()
    ran_file.chmod(0o666)
    server = new_server()
    server.start()
    acknowledged = {}
    for round_number in range(KILLS):
        load = Load((server.client.host, server.port), server.client.token, ran_file, round_number)
        load.start()
        time.sleep(chance.uniform(0.02, 0.6))
        server.kill()
        load.join()
        acknowledged.update(load.acknowledged)
        server.port = server.client.port = free_port()
        server.start()

    eventually(lambda: unfinished(server.client) == 0, timeout=120, what="the end of all executions")
    ran = collections.Counter(ran_file.read_text().split())
    twice = {mark: n for mark, n in ran.items() if n > 1}
    assert not twice, f"ran more than once: {twice}"

    assert len(acknowledged) > KILLS
    for execution_id, mark in acknowledged.items():
        answer = server.client.get(f"/v1/executions/{execution_id}")
        assert answer.status == 200, f"{execution_id} was acknowledged and is gone"
        status = answer.json["status"]
        assert status in FINISHED, f"{execution_id} is {status}"
        if mark and status == "succeeded":
            assert ran[mark] == 1, f"{execution_id} succeeded without running"
        if not mark:
            assert status == "succeeded", f"{execution_id}, which does nothing, is {status}"


DATASTORE = {"disk_limit": "90"}


class Workflows:
    """Asks for examples, all of them in an order drawn by chance, until it is told to stop or the server is gone."""

    def __init__(self, client, examples, chance, acknowledged):
        self.client, self.acknowledged = client, acknowledged
        self.examples = chance.sample(examples, len(examples))
        self.thread = threading.Thread(target=self.ask)
        self.thread.start()

    def ask(self):
        try:
            for example in self.examples:
                body = {"action": f"examples.{example.workflow}", "parameters": example.inputs}
                answer = self.client.post("/v1/executions", body)
                if answer.status == 201:
                    self.acknowledged[answer.json["id"]] = example
                time.sleep(0.01)
        except BROKEN:
            pass


def answer_inquiries(client):
    """Half of those who are asked say yes."""
    for inquiry in client.get("/v1/inquiries?limit=-1").json:
        body = {"id": inquiry["id"], "response": {"approved": int(inquiry["id"], 16) % 2 == 0}}
        assert client.put(f"/v1/inquiries/{inquiry['id']}", body).status == 200


def example_runs(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    folder.chmod(0o777)
    tmp_path.chmod(0o755)
    return [Example(test, folder) for test in TESTS]


def check_by_rehearsal(client, executions, folder):
    """Every workflow, those below others too, came to what its rehearsal with the same answers comes to."""
    files, interrupted = [], set()
    for execution in executions:
        test = as_test(client, execution, DATASTORE)
        files.append(folder / f"{execution['id']}.test.yaml")
        files[-1].write_text(json.dumps(test))
        if any(mock["status"] == "abandoned" for mock in test["mock_action_executions"]):
            interrupted.add(execution["id"])
    for start in range(0, len(files), 500):
        for execution, told in zip(executions[start:start + 500], rehearse(*files[start:start + 500])):
            try:
                check(client, execution, told, interrupted=execution["id"] in interrupted)
            except AssertionError as error:
                what = f"{execution['id']} ({execution['action']['ref']})"
                raise AssertionError(f"{what} ended otherwise than it rehearses: {error}\n{execution}\n{told}") from error
    return len(interrupted)


def workflows_of(client):
    found, offset = [], 0
    while True:
        page = client.get(f"/v1/executions?runner=orquesta&limit=100&offset={offset}&sort_asc=1").json
        found += page
        offset += 100
        if not page:
            return found


def test_workflows_that_a_death_interrupts_come_to_what_they_rehearse(new_server, tmp_path):
    chance = random.Random(SEED)
    examples = example_runs(tmp_path)
    server = new_server()
    server.start()
    for key, text in DATASTORE.items():
        assert server.client.put(f"/v1/keys/{key}", {"name": key, "value": text}).status == 200
    acknowledged = {}
    for _ in range(WORKFLOW_KILLS):
        load = Workflows(server.client, examples, chance, acknowledged)
        time.sleep(chance.uniform(0.02, 0.8))
        server.kill()
        load.thread.join()
        server.port = server.client.port = free_port()
        server.start()
        answer_inquiries(server.client)

    def all_over():
        answer_inquiries(server.client)
        return unfinished(server.client, (*ON_THEIR_WAY, "pending", "paused")) == 0

    eventually(all_over, timeout=180, what="the end of all workflows")
    executions = workflows_of(server.client)
    known = {execution["id"]: execution for execution in executions}
    lost = [execution_id for execution_id in acknowledged if execution_id not in known]
    assert not lost, f"acknowledged and gone: {lost}"
    open_ones = {one["id"]: one["status"] for one in executions if one["status"] not in FINISHED}
    assert not open_ones, f"neither over nor on their way: {open_ones}"
    interrupted = check_by_rehearsal(server.client, executions, tmp_path)
    whole = sum(execution["status"] == acknowledged[execution["id"]].told["status"]
                for execution in executions if execution["id"] in acknowledged)
    print(f"{WORKFLOW_KILLS} kills, {len(executions)} workflows, {len(acknowledged)} acknowledged, "
          f"{interrupted} with an action that was cut off, {whole} ended as if nothing had happened")
    assert whole > 0
