# SPDX-License-Identifier: Apache-2.0
"""The front door itself: what it says it can do, it can."""

import re
import subprocess
import sys

from harness.server import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import tally  # noqa: E402


def dev(*arguments):
    return subprocess.run([ROOT / "dev", *arguments], capture_output=True, text=True, timeout=30)


def test_help_names_every_step():
    text = dev("help").stdout
    steps = re.findall(r"^cmd_(\w+)\(", (ROOT / "dev").read_text(), re.M)
    assert set(steps) >= {"run", "build", "test", "lint", "bench", "fuzz", "install", "help"}
    for step in steps:
        assert re.search(rf"^  {step}\b", text, re.M), step


def test_an_unknown_step_is_refused():
    answer = dev("fly")
    assert answer.returncode == 2
    assert "usage:" in answer.stderr


def test_a_crashed_test_program_counts_as_a_failure():
    entry = {"stdout": "[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n", "stderr": "", "result": "FAIL"}
    assert tally.count_program(entry) == (1, 1, 0)


def test_a_program_that_fails_after_its_tests_counts_as_a_failure():
    entry = {"stdout": "[ RUN      ] a\n[       OK ] a\n", "stderr": "", "result": "FAIL"}
    assert tally.count_program(entry) == (1, 1, 0)


def test_a_program_without_tests_counts_once():
    assert tally.count_program({"stdout": "", "result": "OK"}) == (1, 0, 0)
    assert tally.count_program({"stdout": "", "result": "TIMEOUT"}) == (0, 1, 0)


def test_nothing_run_is_a_failure(tmp_path):
    answer = subprocess.run([sys.executable, ROOT / "tools" / "tally.py", tmp_path, "unit"], capture_output=True, text=True)
    assert answer.returncode == 1
    assert answer.stdout.splitlines()[-1] == "0 passed, 1 failed"
