# SPDX-License-Identifier: Apache-2.0
"""Plays command line scenarios: the client is run step by step, its output and exit code held against what is
expected. The format is described in tests/golden/README.md.
"""

import json
import os
import pathlib
import re
import subprocess
import time
import uuid

from .matching import Unknown
from .server import free_port

PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
LONGEST_STEP = 90
TYPES = {
    "null": type(None),
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "string": str,
    "array": list,
    "object": dict,
}
CONFIG = """[credentials]
username = ${user}
password = ${password}

[api]
url = ${api}

[auth]
url = ${auth}

[stream]
url = ${stream}
"""


class Variables(dict):
    def expand(self, text, for_pattern=False):
        def lookup(match):
            if match.group(1) not in self:
                raise Unknown(f"the variable {match.group(1)} was never captured")
            value = self[match.group(1)]
            return re.escape(value) if for_pattern else value

        return PLACEHOLDER.sub(lookup, text)

    def pattern(self, text, flags=0):
        return re.compile(self.expand(text, for_pattern=True), flags)


def match_lines(matchers, lines, variables):
    """None, or what the first line is that no reading of the matchers can place."""
    reach = {0}  # the numbers of lines that the matchers so far may have taken
    for matcher in matchers:
        if isinstance(matcher, dict) and matcher.get("many"):
            reach = set(range(min(reach), len(lines) + 1))
            continue
        if isinstance(matcher, str):
            text = variables.expand(matcher).rstrip()
            taken = {n + 1 for n in reach if n < len(lines) and lines[n] == text}
        elif matcher.get("any"):
            taken = {n + 1 for n in reach if n < len(lines)}
        else:
            pattern = variables.pattern(matcher["re"])
            taken = {n + 1 for n in reach if n < len(lines) and pattern.fullmatch(lines[n])}
        if not taken:
            place = max(reach)
            got = repr(lines[place]) if place < len(lines) else "the end"
            return f"line {place + 1}: wanted {matcher!r}, got {got}"
        reach = taken
    if len(lines) in reach:
        return None
    return f"line {max(reach) + 1}: wanted the end, got {lines[max(reach)]!r}"


def has_type(name, got):
    return isinstance(got, TYPES[name]) and (name in ("boolean", "null") or not isinstance(got, bool))


def match_value(want, got, variables, where="$"):
    """None, or where and how the value differs."""
    if isinstance(want, dict) and len(want) == 1:
        (key, argument), = want.items()
        if key == "$any":
            return None
        if key == "$type":
            names = argument if isinstance(argument, list) else [argument]
            return None if any(has_type(name, got) for name in names) else f"{where}: wanted {names}, got {got!r}"
        if key == "$re":
            good = isinstance(got, str) and variables.pattern(argument).search(got)
            return None if good else f"{where}: wanted /{argument}/, got {got!r}"
        if key == "$subset":
            return match_some(argument, got, variables, where)
    if isinstance(want, str):
        want = variables.expand(want)
    if isinstance(want, dict) and isinstance(got, dict):
        want = {variables.expand(key): item for key, item in want.items()}
        for key in sorted(want.keys() ^ got.keys()):
            return f"{where}.{key}: {'missing' if key in want else 'not expected'}"
        problems = (match_value(want[key], got[key], variables, f"{where}.{key}") for key in want)
        return next((problem for problem in problems if problem), None)
    if isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        problems = (match_value(w, g, variables, f"{where}[{i}]") for i, (w, g) in enumerate(zip(want, got)))
        return next((problem for problem in problems if problem), None)
    return None if type(want) is type(got) and want == got else f"{where}: wanted {want!r}, got {got!r}"


def match_some(want, got, variables, where):
    """Of an object the members named; of an array the elements named, each somewhere."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key, item in want.items():
            key = variables.expand(key)
            problem = match_value(item, got[key], variables, f"{where}.{key}") if key in got else f"{where}.{key}: missing"
            if problem:
                return problem
        return None
    if isinstance(want, list) and isinstance(got, list):
        for item in want:
            if all(match_value(item, other, variables) for other in got):
                return f"{where}: has no element like {item!r}"
        return None
    return f"{where}: wanted {want!r}, got {got!r}"


def documents_in(text):
    decoder, found, at = json.JSONDecoder(), [], 0
    while text[at:].strip():
        at += len(text[at:]) - len(text[at:].lstrip())
        document, at = decoder.raw_decode(text, at)
        found.append(document)
    return found


def match_output(want, text, variables):
    if isinstance(want, list):
        lines = [line.rstrip() for line in text.split("\n")]
        return match_lines(want, lines[:-1] if lines and not lines[-1] else lines, variables)
    try:
        found = documents_in(text)
    except ValueError as error:
        return f"not JSON ({error}): {text[:300]!r}"
    return match_value(want.get("documents", [want.get("json")]), found, variables)


class CliPlay:
    """One pass over one scenario in a home and working directory of its own."""

    def __init__(self, program, client, user, password, scenario, folder, patience=1.0):
        self.program, self.scenario, self.patience = program, scenario, patience
        self.home, self.work = pathlib.Path(folder) / "home", pathlib.Path(folder) / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.variables = Variables(
            api=client.url + "/v1", auth=client.url + "/auth", stream=client.url + "/stream/v1", user=user,
            password=password, token=client.token, home=str(self.home), work=str(self.work),
            tag=uuid.uuid4().hex[:6], dead=f"http://127.0.0.1:{free_port()}",
        )
        self.environment = self.make_environment(scenario.get("signin", "environment"))

    def make_environment(self, signin):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8", "COLUMNS": "150",
            "TERM": "dumb", "NO_PROXY": "127.0.0.1,localhost",
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
        }
        if signin == "config":
            folder = self.home / ".st2"
            folder.mkdir(mode=0o770)
            (folder / "config").write_text(self.variables.expand(CONFIG))
            (folder / "config").chmod(0o660)
            return environment
        for name in ("api", "auth", "stream"):
            environment[f"ST2_{name.upper()}_URL"] = self.variables[name]
        if signin == "environment":
            environment["ST2_AUTH_TOKEN"] = self.variables["token"]
        return environment

    def go(self):
        problems = []
        for number, step in enumerate(self.scenario["steps"], 1):
            try:
                found = self.settle(step)
            except Unknown as unknown:
                return problems + [f"step {number}: {unknown}"]
            problems += [f"step {number}: {' '.join(step['run'])}: {problem}" for problem in found]
        return problems

    def settle(self, step):
        """Runs a step, again and again where it has to wait for something, and says what is not as expected."""
        time.sleep(step.get("sleep", 0))
        deadline = time.monotonic() + step.get("retry", 0) * self.patience
        while True:
            code, out, err = self.run(step)
            problems = self.check(step["expect"], code, out, err)
            settled = "until" not in step or self.variables.pattern(step["until"]).search(out)
            if settled and not problems or time.monotonic() >= deadline:
                break
            time.sleep(0.25)
        for name, pattern in step.get("capture", {}).items():
            found = self.variables.pattern(pattern, re.M).search(out)
            if found:
                self.variables[name] = found.group(1)
            else:
                problems.append(f"nothing to capture for {name} in {out[:300]!r}")
        return problems

    def run(self, step):
        for name, text in step.get("files", {}).items():
            path = self.work / self.variables.expand(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.variables.expand(text))
        environment = dict(self.environment)
        for name, value in {**self.scenario.get("env", {}), **step.get("env", {})}.items():
            environment.pop(name, None)
            if value is not None:
                environment[name] = self.variables.expand(value)
        done = subprocess.run(
            [self.program, *map(self.variables.expand, step["run"])], capture_output=True, cwd=self.work,
            input=self.variables.expand(step.get("stdin", "")).encode(), env=environment, timeout=LONGEST_STEP,
        )
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def check(self, expect, code, out, err):
        problems = []
        if "exit" in expect and code != expect["exit"]:
            problems.append(f"exit code: wanted {expect['exit']}, got {code} ({err[:300]!r})")
        for name, text in (("stdout", out), ("stderr", err)):
            problem = match_output(expect[name], text, self.variables) if name in expect else None
            if problem:
                problems.append(f"{name}: {problem}")
        return problems
