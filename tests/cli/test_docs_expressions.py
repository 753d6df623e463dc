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
    ("orquesta.c", "jinja", r'^    \{ "(\w+)", "\w+", fn_'),
    ("globals.c", "jinja", r'^    \{ "(\w+)",\s*"\w+",'),
])
def test_nothing_is_left_out(pattern, folder, row):
    there = names(pattern, folder, row)
    told = set(re.findall(r"^- \*\*(\w+)\*\*", PAGE, re.M))
    assert len(there) > 5 and there <= told, sorted(there - told)


def test_every_entry_has_an_example():
    """But for those that only the server can answer."""
    without = set(re.findall(r"^- \*\*(\w+)\*\*.*\n(?!  - `)", PAGE, re.M))
    assert without == {"st2kv", "decrypt_kv", "task"}


def test_every_limit_is_named():
    header = (ROOT / "src" / "base" / "limit.h").read_text()
    section = PAGE.split("## Limits")[1].split("\n## ")[0]
    names_of_limits = set(re.findall(r'^#define LIMIT_(?!KIND)\w+\s+"(.+)"$', header, re.M))
    assert len(names_of_limits) > 15 and not [name for name in names_of_limits if name not in section]
