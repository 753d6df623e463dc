# SPDX-License-Identifier: Apache-2.0
"""Workflows through a server, durable at each step. A part of `./dev bench`; the definitions are written to a pack of their own."""

import json
import time

from harness.client import eventually

ENDED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
CHAIN, SMALL, WIDE, READERS = 100, 10, 40, 100
ITEMS = (100, 1_000, 10_000)
MEGABYTE = 1 << 20
CONTEXT, PART, LINE = 10 * MEGABYTE, 2 * MEGABYTE, "0123456789abcdef" * 8


def sequence(count):
    """Tasks one after the other."""
    lines = ["tasks:"]
    for i in range(count):
        lines += [f"  t{i}:", "    action: core.noop"]
        if i + 1 < count:
            lines += ["    next:", "      - when: <% succeeded() %>", f"        do: t{i + 1}"]
    return lines


def parallel(count, action):
    """Tasks side by side, joined by one."""
    lines = ["tasks:"]
    for i in range(count):
        lines += [f"  t{i}:", f"    action: {action}", "    next:", "      - do: end"]
    return lines + ["  end:", "    join: all", "    action: core.noop"]


def readers(count):
    """One task publishes much, in parts as large as one expression may make; many tasks read it."""
    parts = [f"part{i}" for i in range(CONTEXT // PART)]
    lines = ["vars:", "  - length: 0", "tasks:", "  publish:", "    action: core.noop", "    next:", "      - publish:"]
    lines += [f"          - {part}: <% '{LINE}' * {PART // len(LINE)} %>" for part in parts]
    lines += ["        do: fan", "  fan:", "    action: core.noop", "    next:", "      - do:"]
    lines += [f"          - t{i}" for i in range(count)]
    lengths = " + ".join(f"ctx({part}).len()" for part in parts)
    for i in range(count):
        lines += [f"  t{i}:", "    action: core.noop", "    next:", f"      - publish: length=<% {lengths} %>"]
    return lines + ["output:", "  - length: <% ctx(length) %>"]


WORKFLOWS = {
    "chain": sequence(CHAIN),
    "small": sequence(SMALL),
    "items": ["input:", "  - n", "tasks:", "  each:", "    with: i in <% range(ctx(n)).toList() %>", "    action: core.noop"],
    "wide": parallel(WIDE, 'core.local cmd="/bin/true"'),
    "wide_noop": parallel(WIDE, "core.noop"),
    "inner": ["tasks:", "  last:", "    action: core.noop"],
    "middle": ["tasks:", "  inner:", "    action: bench.inner"],
    "outer": ["tasks:", "  middle:", "    action: bench.middle"],
    "readers": readers(READERS),
}
PARAMETERS = {"items": {"n": {"type": "integer"}}}


def write_pack(folder):
    """A folder of packs with the pack `bench` in it."""
    workflows = folder / "packs" / "bench" / "actions" / "workflows"
    workflows.mkdir(parents=True, exist_ok=True)
    pack = {"name": "bench", "version": "1.0.0", "author": "bench", "email": "bench@example.com", "description": "Measured workflows."}
    (workflows.parent.parent / "pack.yaml").write_text(json.dumps(pack))
    for name, lines in WORKFLOWS.items():
        action = {"name": name, "runner_type": "orquesta", "entry_point": f"workflows/{name}.yaml", "enabled": True,
                  "parameters": PARAMETERS.get(name, {})}
        (workflows.parent / f"{name}.yaml").write_text(json.dumps(action))
        (workflows / f"{name}.yaml").write_text("\n".join(["version: 1.0", *lines]) + "\n")
    return folder / "packs"


class Workflows:
    def __init__(self, server):
        self.client = server.client
        self.server = server

    def start(self, name, **parameters):
        answer = self.client.post("/v1/executions", {"action": f"bench.{name}", "parameters": parameters})
        assert answer.status == 201, answer
        return answer.json["id"]

    def run(self, name, **parameters):
        """The milliseconds from sending the request to seeing the end."""
        begun = time.monotonic()
        execution = self.start(name, **parameters)
        found = {}

        def ended():
            found.update(self.client.get(f"/v1/executions/{execution}?include_attributes=status").json)
            return found["status"] in ENDED

        eventually(ended, 300, 0.0005, f"the end of {name}")
        assert found["status"] == "succeeded", f"bench.{name} {execution}: {found['status']}"
        return (time.monotonic() - begun) * 1e3

    def best(self, name, times=5, **parameters):
        return min(self.run(name, **parameters) for _ in range(times))

    def median(self, name, times=15, **parameters):
        return sorted(self.run(name, **parameters) for _ in range(times))[times // 2]


def measure(bench):
    """All of it; rows go to the table of `bench`."""
    server = bench.server("workflows")
    server.packs = [write_pack(bench.folder)]
    server.start()
    flows, row = Workflows(server), bench.table.row
    measure_many(bench, server)

    row(f"chain of {CHAIN} noops: from one task to the next, p50", flows.median("chain") / CHAIN, "ms", aim="< 1 ms")

    first = None
    for count in ITEMS:
        each = flows.best("items", 3, n=count) * 1e3 / count
        row(f"with {count:,} noop items, each", each, "us", first, f"us of {ITEMS[0]}", "< 1.20 x" if first else "")
        first = first or each

    row(f"{WIDE} parallel `true`, the whole workflow", flows.best("wide"), "ms", aim="< 200 ms")
    row(f"{WIDE} parallel noops: the engine's own share", flows.best("wide_noop"), "ms", aim="< 20 ms")
    row("nested three deep", flows.best("outer"), "ms", aim="< 10 ms")

    server.stop()
    server.start()
    before = server.resident_kb()
    with bench.sampler(server) as sampler:
        flows.run("readers")
    peak = (max(kb for _, kb in sampler.samples) - before) / 1024
    row(f"10 MB published once, read by {READERS} tasks: memory", peak, "MB", CONTEXT / MEGABYTE, "MB", "< 5 x")
    server.stop()


def measure_many(bench, server):
    """Many workflows at once: tasks finished in a second, beside single durable commits."""
    body = json.dumps({"action": "bench.small"})
    bench.load(server, "-c", 4, "-n", 50, body=body)
    bench.settle(server)
    commits = bench.durable_commits()
    before, start = bench.count(server, "status=succeeded"), time.monotonic()
    figures = bench.load(server, "-c", 64, "-d", bench.args.seconds, body=body)
    wanted = figures["requests"] * (SMALL + 1)
    eventually(lambda: bench.count(server, "status=succeeded") - before >= wanted, 600, 0.01, "the end of the workflows")
    rate = figures["requests"] * SMALL / (time.monotonic() - start)
    bench.table.row(f"tasks of workflows of {SMALL} noops, 64 connections", rate, "/s", commits, "commits/s", ">= 10,000/s")
