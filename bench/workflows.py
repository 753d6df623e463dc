#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How fast workflows go through a server: a chain of noop tasks, a wide task with items, many small workflows at once.

Usage: bench/workflows.py --api http://127.0.0.1:9101 --password PASSWORD [--chain 100] [--items 1000] [--many 200]

The server needs a pack named "examples" (packs/examples) that may be written to: definitions are made through the API and
deleted again.
"""
import argparse
import base64
import json
import time
import urllib.request

ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")


class Api:
    def __init__(self, base, user, password):
        self.base = base
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}
        token = self.call("POST", "/auth/v1/tokens", {})["token"]
        self.headers = {"Content-Type": "application/json", "X-Auth-Token": token}

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, headers=self.headers, method=method)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def define(self, name, text, parameters=None):
        try:
            self.call("DELETE", f"/v1/actions/examples.{name}", {"remove_files": True})
        except urllib.error.HTTPError:
            pass
        path = f"workflows/{name}.yaml"
        self.call("POST", "/v1/actions", {
            "name": name, "pack": "examples", "runner_type": "orquesta", "entry_point": path,
            "parameters": parameters or {}, "data_files": [{"file_path": path, "content": text}]})

    def start(self, action, parameters=None):
        return self.call("POST", "/v1/executions", {"action": action, "parameters": parameters or {}})["id"]

    def wait(self, execution):
        path = f"/v1/executions/{execution}?include_attributes=status"
        while True:
            document = self.call("GET", path)
            if document["status"] in ENDED:
                return document
            time.sleep(0.01)


def chain(n):
    lines = ["version: 1.0", "tasks:"]
    for i in range(n):
        lines += [f"  t{i}:", "    action: core.noop"]
        if i + 1 < n:
            lines += ["    next:", "      - when: <% succeeded() %>", f"        do: t{i + 1}"]
    return "\n".join(lines) + "\n"


ITEMS = """version: 1.0
input:
  - n
tasks:
  each:
    with: i in <% range(ctx(n)).toList() %>
    action: core.noop
"""


def report(label, n, seconds, status):
    print(f"{label}: {n} tasks in {seconds:.3f} s, {n / seconds:.0f} a second ({status})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--api", default="http://127.0.0.1:9101")
    parser.add_argument("--user", default="st2admin")
    parser.add_argument("--password", required=True)
    parser.add_argument("--chain", type=int, default=100)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--many", type=int, default=200)
    options = parser.parse_args()
    api = Api(options.api, options.user, options.password)
    api.define("bench_chain", chain(options.chain))
    api.define("bench_items", ITEMS, {"n": {"type": "integer"}})
    api.define("bench_small", chain(3))

    api.wait(api.start("examples.bench_chain"))
    begun = time.monotonic()
    document = api.wait(api.start("examples.bench_chain"))
    report("chain", options.chain, time.monotonic() - begun, document["status"])

    begun = time.monotonic()
    document = api.wait(api.start("examples.bench_items", {"n": options.items}))
    report("items", options.items, time.monotonic() - begun, document["status"])

    begun = time.monotonic()
    started = [api.start("examples.bench_small") for _ in range(options.many)]
    statuses = {api.wait(execution)["status"] for execution in started}
    report("many", options.many * 3, time.monotonic() - begun, ", ".join(sorted(statuses)))

    for name in ("bench_chain", "bench_items", "bench_small"):
        api.call("DELETE", f"/v1/actions/examples.{name}", {"remove_files": True})


if __name__ == "__main__":
    main()
