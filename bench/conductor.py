#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Conducts the chain and the items of bench/conductor.c with the reference engine, as far as its cost allows.

usage: python3 -m venv /tmp/reference && /tmp/reference/bin/pip install orquesta && /tmp/reference/bin/python bench/conductor.py
"""
import collections
import collections.abc
import fractions
import math
import time

# The released engine and its libraries are older than current Pythons; these names moved.
fractions.gcd = math.gcd
for name in ("Mapping", "MutableMapping", "Sequence", "MutableSequence", "Set", "MutableSet", "Iterable", "Iterator",
             "Callable", "Hashable"):
    setattr(collections, name, getattr(collections.abc, name))

from orquesta import conducting, events  # noqa: E402
from orquesta.specs import native  # noqa: E402
from orquesta.utils import parameters  # noqa: E402

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
    begin = time.process_time()
    done = 0
    while True:
        tasks = conductor.get_next_tasks()
        for task in tasks:
            conductor.update_task_state(task["id"], task["route"], events.ActionExecutionEvent("running"))
            conductor.update_task_state(task["id"], task["route"], events.ActionExecutionEvent("succeeded", result=1))
        done += len(tasks)
        if not tasks:
            break
    seconds = time.process_time() - begin
    print("chain of %d: %.0f tasks/s, ended %s after %d" % (n, done / seconds, conductor.get_workflow_status(), done))


def items(n):
    text = ("version: 1.0\ninput: [list]\ntasks:\n  each:\n    with: <% ctx(list) %>\n"
            "    action: core.echo message=<% item() %>\n")
    conductor = start(text, {"list": list(range(n))})
    begin = time.process_time()
    conductor.get_next_tasks()
    print("with %d items: rendered in %.1f ms" % (n, (time.process_time() - begin) * 1e3))
    begin = time.process_time()
    for i in range(n):
        conductor.update_task_state("each", 0, events.TaskItemActionExecutionEvent(i, "running"))
    for i in range(n):
        conductor.update_task_state("each", 0, events.TaskItemActionExecutionEvent(i, "succeeded"))
        conductor.get_next_tasks()
    seconds = time.process_time() - begin
    print("with %d items: %.2f us an item from start to end" % (n, seconds * 1e6 / n))


for length in (10, 50, 100):
    chain(length)
items(50)
