#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Workflows conducted without a server, beside orquesta on Python, as one table: ./dev bench conductor

The time of the processor is measured. orquesta conducts the same definitions as far as its cost allows: what it needs for each
task grows with the number of tasks, so its chains stop at 100 and its items at 50.
"""
import collections.abc
import fractions
import json
import math
import subprocess
import time

from expr import BUILD, Table, environment

THEIR_CHAINS, THEIR_ITEMS = (10, 100), 50
KEPT = ", rows taken out"
# Name of a row: the aim, and whether less is better.
AIMS = {f"chain of {n}": (100_000, False) for n in (10, 100, 1000, 10000)}
AIMS.update({f"chain of {n}{KEPT}": (20_000, False) for n in (10, 100, 1000, 10000)})
AIMS.update({"10000 items rendered": (50, True), "one of 10000 items, start to end": (10, True),
             "10 MB read by 100 tasks, held beside it": (50, True)})


def reference():
    """Their figures by the names of ours; empty when orquesta is not there."""
    # The released engine and its libraries are older than current Pythons; these names moved.
    fractions.gcd = math.gcd
    for name in ("Mapping", "MutableMapping", "Sequence", "MutableSequence", "Set", "MutableSet", "Iterable", "Iterator",
                 "Callable", "Hashable"):
        setattr(collections, name, getattr(collections.abc, name))
    try:
        from orquesta import conducting, events
        from orquesta.specs import native
        from orquesta.utils import parameters
    except ImportError as missing:
        print(f"orquesta is left out: {missing}")
        return {}
    for word in ("true", "false"):
        parameters.REGEX_INLINE_PARAMS = parameters.REGEX_INLINE_PARAMS.replace("(?i)" + word, "(?i:" + word + ")")

    def start(text, inputs=None):
        conductor = conducting.WorkflowConductor(native.WorkflowSpec(text), inputs=inputs)
        conductor.request_workflow_status("running")
        return conductor

    def chain(n):
        lines = ["version: 1.0", "tasks:"]
        for i in range(n - 1):
            lines.append("  t%d: {action: core.noop, next: [{when: '<%% succeeded() %%>', do: t%d}]}" % (i, i + 1))
        lines.append("  t%d: {action: core.noop}" % (n - 1))
        conductor = start("\n".join(lines))
        begin, done = time.process_time(), 0
        while tasks := conductor.get_next_tasks():
            for task in tasks:
                conductor.update_task_state(task["id"], task["route"], events.ActionExecutionEvent("running"))
                conductor.update_task_state(task["id"], task["route"], events.ActionExecutionEvent("succeeded", result=1))
            done += len(tasks)
        return done / (time.process_time() - begin)

    def items(n):
        text = ("version: 1.0\ninput: [list]\ntasks:\n  each:\n    with: <% ctx(list) %>\n"
                "    action: core.echo message=<% item() %>\n")
        conductor = start(text, {"list": list(range(n))})
        begin = time.process_time()
        conductor.get_next_tasks()
        rendered = time.process_time() - begin
        begin = time.process_time()
        for i in range(n):
            conductor.update_task_state("each", 0, events.TaskItemActionExecutionEvent(i, "running"))
        for i in range(n):
            conductor.update_task_state("each", 0, events.TaskItemActionExecutionEvent(i, "succeeded"))
            conductor.get_next_tasks()
        return rendered * 1e3, (time.process_time() - begin) * 1e6 / n

    theirs = {f"chain of {n}": chain(n) for n in THEIR_CHAINS}
    theirs["10000 items rendered"], theirs["one of 10000 items, start to end"] = items(THEIR_ITEMS)
    return theirs


class WideTable(Table):
    WIDTHS = (42, 20, 20, 10, 20, 24)


def main():
    environment()
    table = WideTable()
    theirs = reference()
    done = subprocess.run([BUILD / "bench" / "bench-conductor"], stdout=subprocess.PIPE, text=True, check=True)
    for line in done.stdout.splitlines():
        row = json.loads(line)
        name, ours, unit, other = row["name"], row["value"], row["unit"], theirs.get(row["name"])
        aim, less = AIMS.get(name, (None, False))
        ratio = (other / ours if less else ours / other) if other else None
        verdict = table.verdict(ours <= aim if less else ours >= aim) if aim else ""
        note = f", theirs with {THEIR_ITEMS}" if other and less else ""
        table.line(name, f"{ours:,.1f} {unit}", f"{other:,.1f} {unit}" if other else "", f"{ratio:,.0f} x" if ratio else "",
                   f"{'<' if less else '>='} {aim:,} {unit}" if aim else "", verdict + note)


if __name__ == "__main__":
    main()
