# SPDX-License-Identifier: Apache-2.0
"""The server is killed at random moments under load, again and again, on one store. What must hold:

- every execution that was acknowledged is there;
- no command ran twice, and what succeeded ran once;
- none stays unfinished once the server is back.

FULMAR_KILLS says how often (20), FULMAR_SEED repeats a run.
"""

import collections
import os
import random
import threading
import time

from harness.client import FINISHED, Client, eventually
from harness.server import free_port

KILLS = int(os.environ.get("FULMAR_KILLS", "20"))
SEED = int(os.environ.get("FULMAR_SEED", "1"))
CLIENTS = 4


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
            except (OSError, ValueError, EOFError):
                return
            except Exception as error:
                # A response that broke off halfway: not acknowledged.
                if type(error).__module__ == "http.client":
                    return
                raise
            if answer.status == 201:
                self.acknowledged[answer.json["id"]] = mark

    def start(self):
        for thread in self.threads:
            thread.start()

    def join(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()


def unfinished(client):
    left = 0
    for status in ("requested", "scheduled", "delayed", "running", "canceling", "pausing", "resuming"):
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
