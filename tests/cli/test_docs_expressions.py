# SPDX-License-Identifier: Apache-2.0
"""docs/expressions.md: its examples are right, and it names every function, filter and test there is."""

import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("FULMAR_BUILD", ROOT / "build-test")) / "fulmar"
PAGE = (ROOT / "docs" / "expressions.md").read_text()
EXAMPLE = re.compile(r"^  - `(.*)` -> `(.*)`( \(in a template\))?$", re.M)
VARIABLES = re.search(r"```yaml\n(.*?)```", PAGE, re.S).group(1)

# The task that the page speaks of, as the engine hands it to expressions.
TASK = """\
__current_task: {id: check, route: 0, result: {stdout: hi, code: 0}}
__current_item: {host: web1, port: 80}
__state:
  tasks: {check__r0: 0}
  sequence: [{id: check, route: 0, status: succeeded}]
  routes: [[]]
"""


def sections():
    return [(part.splitlines()[0], EXAMPLE.findall(part)) for part in re.split(r"^##+ ", PAGE, flags=re.M)[1:]
            if EXAMPLE.search(part)]


@pytest.mark.parametrize("examples", [pytest.param(examples, id=title) for title, examples in sections()])
def test_examples_are_right(tmp_path, examples):
    context = tmp_path / "context.yaml"
    context.write_text(VARIABLES + TASK)
    for expression, value, template in examples:
        done = subprocess.run([str(PROGRAM), "expr", expression, "-j", "-c", str(context), "-m",
                               "template" if template else "orquesta"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (expression, done.stdout, done.stderr)
        assert json.loads(done.stdout) == json.loads(value), expression


def names(pattern, folder, row):
    found = set()
    for file in (ROOT / "src" / "expr" / folder).glob(pattern):
        found.update(re.findall(row, file.read_text(), re.M))
    return found


@pytest.mark.parametrize("pattern, folder, row", [
    ("lib_*.c", "yaql", r'\{\s*"(\w+)",\s*(?:FUNCTION|METHOD|EXTENSION)\b'),
    ("filters-*.c", "jinja", r'^    \{ "(\w+)", "\w+", filter_'),
    ("tests.c", "jinja", r'^    (?:\{|ONE\(|TWO\()\s*"(\w+)", "'),
    ("functions.c", "functions", r'^    \{ "(\w+)", '),
])
def test_nothing_is_left_out(pattern, folder, row):
    there = names(pattern, folder, row)
    told = set(re.findall(r"^- \*\*(\w+)\*\*", PAGE, re.M))
    assert len(there) > 20 and there <= told, sorted(there - told)
