#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the release build against yardsticks taken in the same run, and prints a table.

usage: ./dev bench [--stored N] [--seconds S] [--data FOLDER] [--json FILE] [NAME...]

Without names everything is measured. Nothing here decides a test: figures differ from machine to machine, ratios less.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from harness.client import eventually  # noqa: E402
from harness.server import Server  # noqa: E402
import workflows  # noqa: E402

BUILD = ROOT / "build"
EXECUTIONS = "/v1/executions"
NOOP = json.dumps({"action": "core.noop"})
LOCAL = json.dumps({"action": "core.local", "parameters": {"cmd": "true"}})
OPEN_STATUSES = ("requested", "scheduled", "running")
RULES = 100


def tool(name, *arguments):
    done = subprocess.run([BUILD / "bench" / f"bench-{name}", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{name}: {done.stderr.strip()}")
    return json.loads(done.stdout)


class Table:
    """Rows as they come; each is printed at once."""

    WIDTHS = (56, 16, 30, 9, 18)

    def __init__(self):
        self.rows = []

    def head(self):
        self.line("measured", "value", "yardstick", "ratio", "aim")
        self.line(*("-" * width for width in self.WIDTHS))

    def line(self, *cells):
        print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, self.WIDTHS)).rstrip(), flush=True)

    def row(self, name, value, unit, yardstick=None, yardstick_name="", aim=""):
        ratio = value / yardstick if yardstick else None
        self.rows.append({"name": name, "value": value, "unit": unit, "yardstick": yardstick, "ratio": ratio, "aim": aim})
        text = f"{value:,.0f} {unit}" if value >= 100 else f"{value:,.2f} {unit}"
        against = f"{yardstick:,.0f} {yardstick_name}" if yardstick else ""
        self.line(name, text, against, f"{ratio:.2f} x" if ratio else "", aim)


class Sampler:
    """Notes the resident memory of a server every so often, in the background."""

    def __init__(self, server, interval):
        self.server, self.interval, self.samples = server, interval, []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.done.wait(self.interval):
            self.samples.append((time.monotonic(), self.server.resident_kb()))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder, self.table = args, folder, Table()
        self.commits = None
        self.noop_rate = None
        self.counter = 0

    def server(self, name=None):
        self.counter += 1
        folder = self.folder / (name or f"server{self.counter}")
        folder.mkdir(exist_ok=True)
        return Server(folder, program=BUILD / "fulmard")

    def started(self, name=None):
        return self.server(name).start()

    def load(self, server, *arguments, method="POST", body="", paths=(EXECUTIONS,)):
        options = ["-m", method, "-H", f"X-Auth-Token: {server.client.token}"]
        if body:
            options += ["-H", "Content-Type: application/json", "-b", body]
        figures = tool("load", *arguments, *options, "127.0.0.1", server.port, *paths)
        if figures["refused"]:
            raise RuntimeError(f"{figures['refused']} requests were refused, the first with {figures['first_refusal']}")
        return figures

    def sampler(self, server):
        return Sampler(server, 0.01)

    def count(self, server, query):
        return int(server.client.get(f"{EXECUTIONS}?limit=1&{query}").header("X-Total-Count"))

    def settle(self, server, timeout=600):
        """Waits until nothing is unfinished."""
        for status in OPEN_STATUSES * 2:
            eventually(lambda: self.count(server, f"status={status}") == 0, timeout, 0.01, f"no execution {status}")

    def durable_commits(self):
        """Taken next to each measurement, so that a noisy machine is noisy for both."""
        rate = tool("commits", self.folder, 3)
        self.commits = max(self.commits or 0, rate)
        return rate

    def finished_rate(self, server, *arguments, **options):
        """Requests answered and executions finished, by the time the last of them was finished."""
        before = self.count(server, "status=succeeded")
        start = time.monotonic()
        figures = self.load(server, *arguments, **options)
        eventually(lambda: self.count(server, "status=succeeded") - before >= figures["requests"], 600, 0.005, "the end")
        return figures["requests"] / (time.monotonic() - start), figures

    def noop(self):
        """core.noop by REST: each execution durable and finished."""
        for connections in (16, 64):
            server = self.started()
            self.load(server, "-c", 4, "-n", 500, body=NOOP)
            commits = self.durable_commits()
            rate, figures = self.finished_rate(server, "-c", connections, "-d", self.args.seconds, body=NOOP)
            if connections == 16:
                self.noop_rate = rate
            aim = ">= 2 x, 15,000/s" if connections == 16 else ""
            self.table.row(f"core.noop, {connections} connections, durable and finished", rate, "/s", commits, "commits/s", aim)
            self.table.row(f"  answered within, p99 ({connections})", figures["p99_ms"], "ms")
            server.stop()

    def webhook(self):
        """A webhook, a hundred rules of which one matches, and what it starts."""
        server = self.started()
        for i in range(RULES):
            rule = {
                "name": f"bench{i}", "pack": "default", "enabled": True,
                "trigger": {"type": "core.st2.webhook", "parameters": {"url": "bench"}},
                "criteria": {"trigger.body.n": {"type": "equals", "pattern": i}},
                "action": {"ref": "core.noop"},
            }
            answer = server.client.post("/v1/rules", rule)
            assert answer.status == 201, answer
        body, path = json.dumps({"n": RULES // 2}), "/v1/webhooks/bench"
        self.finished_rate(server, "-c", 4, "-n", 500, body=body, paths=[path])
        rate, _ = self.finished_rate(server, "-c", 16, "-d", self.args.seconds, body=body, paths=[path])
        self.table.row(f"webhook -> {RULES} rules, one fits -> core.noop", rate, "/s", self.noop_rate, "core.noop/s", ">= 0.60 x")
        server.stop()

    def local(self):
        """core.local `true` beside a bare loop that only spawns and waits."""
        server = self.started()
        self.finished_rate(server, "-c", 16, "-n", 200, body=LOCAL)
        spawns = tool("spawns", 3000, 16)
        rate, _ = self.finished_rate(server, "-c", 16, "-n", 3000, body=LOCAL)
        spawns = (spawns + tool("spawns", 3000, 16)) / 2
        self.table.row("core.local true, 16 at a time", rate, "/s", spawns, "spawns/s", ">= 0.80 x")
        server.stop()

    def latency(self):
        """On an idle server, one event at a time: from sending the webhook to the first line of the child."""
        server = self.started()
        stamps = self.folder / "stamps"
        stamps.touch()
        stamps.chmod(0o666)
        command = f"exec {BUILD / 'bench' / 'bench-stamp'} {stamps} {{{{trigger.body.mark}}}}"
        rule = {
            "name": "stamp", "pack": "default", "enabled": True,
            "trigger": {"type": "core.st2.webhook", "parameters": {"url": "stamp"}},
            "action": {"ref": "core.local", "parameters": {"cmd": command}},
        }
        assert server.client.post("/v1/rules", rule).status == 201
        sent = {}
        for i in range(220):
            sent[f"m{i}"] = time.time_ns()
            assert server.client.post("/v1/webhooks/stamp", {"mark": f"m{i}"}).status in (200, 202)
            eventually(lambda: len(stamps.read_text().splitlines()) > i, 20, 0.002, "the child")
            time.sleep(0.01)
        taken = []
        for line in stamps.read_text().splitlines()[20:]:
            mark, at = line.split()
            taken.append((int(at) - sent[mark]) / 1e6)
        taken.sort()
        self.table.row("webhook sent -> child started, p50", taken[len(taken) // 2], "ms", aim="< 5 ms")
        self.table.row("webhook sent -> child started, p99", taken[int(len(taken) * 0.99)], "ms", aim="< 20 ms")
        server.stop()

    def idle(self):
        """Start to the first answered request, on an empty store and on one that is there; memory at rest."""
        for name in ("empty store", "again"):
            server = self.server("idle")
            start = time.monotonic()
            server.spawn()
            while not server.is_ready():
                time.sleep(0.0005)
            took = (time.monotonic() - start) * 1000
            self.table.row(f"start to first answer, {name}", took, "ms", aim="< 100 ms" if name == "again" else "")
            if name == "again":
                time.sleep(3)
                self.table.row("memory at rest", server.resident_kb() / 1024, "MB", aim="< 30 MB")
            server.stop()

    def soak(self):
        """Stores many executions through the front door and watches the memory; the lists are then asked of that store."""
        server = self.started("soak")
        stored = self.count(server, "")
        left, curve = max(0, self.args.stored - stored), []
        step = max(1000, left // 10)
        with Sampler(server, 0.5) as sampler:
            while left > 0:
                figures = self.load(server, "-c", 16, "-n", min(step, left), body=NOOP)
                left -= figures["requests"]
                curve.append((self.args.stored - left, server.resident_kb() / 1024, figures["rate"]))
            self.settle(server)
        if curve:
            print(f"  memory while {self.args.stored:,} executions pass:")
            for at, megabytes, rate in curve:
                print(f"  {at:>12,}  {megabytes:>7.1f} MB  {rate:>9,.0f} /s  {'#' * int(megabytes)}", flush=True)
            self.table.row("memory after the first tenth", curve[0][1], "MB")
            self.table.row("memory after the last tenth", curve[-1][1], "MB", curve[0][1], "MB after the first", "flat")
            peak = max(kb for _, kb in sampler.samples) if sampler.samples else 0
            self.table.row("memory at its highest", peak / 1024, "MB")
            disk = sum(path.stat().st_size for path in server.data.rglob("*") if path.is_file())
            self.table.row("disk for each execution", disk / self.args.stored, "bytes")
        server.stop()

    def lists(self):
        """Pages of fifty out of the many, from the first to the last, plain and by each kind of filter."""
        server = self.started("soak")
        stored = self.count(server, "")
        oldest = server.client.get(f"{EXECUTIONS}?limit=1&sort_asc=True").json[0]["start_timestamp"]
        newest = server.client.get(f"{EXECUTIONS}?limit=1&sort_desc=True").json[0]["start_timestamp"]
        filters = {
            "no filter": "",
            "action": "&action=core.noop",
            "status": "&status=succeeded",
            "time": f"&timestamp_gt={oldest}",
            "time range": f"&timestamp={oldest}..{newest}",
            "action and status": "&action=core.noop&status=succeeded",
            "as the CLI asks": "&exclude_attributes=result,trigger_instance",
        }
        for name, query in filters.items():
            worst = 0
            for offset in (0, stored // 10, stored // 2, max(0, stored - 50)):
                path = f"{EXECUTIONS}?limit=50&offset={offset}{query}"
                figures = self.load(server, "-c", 1, "-n", 200, method="GET", paths=[path])
                worst = max(worst, figures["p95_ms"])
            self.table.row(f"50 of {stored:,}: {name}, worst p95 of 4 offsets", worst, "ms", aim="< 20 ms")
        server.stop()

    def reads(self):
        """How many answers a second the API gives when nothing is written."""
        server = self.started()
        figures = self.load(server, "-c", 16, "-d", self.args.seconds, method="GET", paths=["/v1/actions/core.local"])
        self.table.row("GET one action, 16 connections", figures["rate"], "/s")
        server.stop()


    def workflows(self):
        """Workflows: rates, the time between tasks, items, nesting, a large context."""
        workflows.measure(self)


MEASURES = ("idle", "noop", "webhook", "local", "latency", "reads", "workflows", "soak", "lists")


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} x {model}, Linux {os.uname().release}, load {load:.1f} before the start"


def main():
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures the release build.")
    parser.add_argument("--stored", type=int, default=100_000, help="executions for soak and lists (100000)")
    parser.add_argument("--seconds", type=float, default=8, help="length of a measurement of throughput (8)")
    parser.add_argument("--data", help="folder for the stores; kept, so that lists can be asked again")
    parser.add_argument("--json", help="file for the figures")
    parser.add_argument("names", nargs="*", help=", ".join(MEASURES))
    args = parser.parse_args()
    unknown = set(args.names) - set(MEASURES)
    if unknown:
        parser.error(f"no such measure: {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")

    folder = pathlib.Path(args.data or tempfile.mkdtemp(prefix="fulmar-bench.", dir=BUILD))
    folder.mkdir(exist_ok=True)
    bench = Bench(args, folder)
    print(machine())
    bench.table.head()
    failed = 0
    try:
        for name in args.names or MEASURES:
            try:
                getattr(bench, name)()
            except (AssertionError, OSError, RuntimeError, ValueError) as trouble:
                failed += 1
                print(f"{name}: {trouble}", flush=True)
        if args.json:
            pathlib.Path(args.json).write_text(json.dumps({"machine": machine(), "rows": bench.table.rows}, indent=2))
    finally:
        if not args.data:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
