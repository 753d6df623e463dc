# SPDX-License-Identifier: Apache-2.0
"""docs/workflows.md: each workflow it shows inspects well and rehearses as it says."""

import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("FULMAR_BUILD", ROOT / "build-test")) / "fulmar"
FILES = dict(re.findall(r"^```yaml (\S+)\n(.*?)^```$", (ROOT / "docs" / "workflows.md").read_text(), re.M | re.S))
TESTS = sorted(name for name in FILES if name.endswith(".test.yaml"))
WORKFLOWS = sorted(set(FILES) - set(TESTS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("docs")
    for name, text in FILES.items():
        (place / name).write_text(text)
    return place


def fulmar(folder, *arguments):
    return subprocess.run([str(PROGRAM), *arguments], cwd=folder, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", TESTS)
def test_a_rehearsal_of_the_guide_passes(folder, name):
    done = fulmar(folder, "workflow", "rehearse", name)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_of_the_guide_is_rehearsed_and_can_be_drawn(folder, name):
    assert any(f"workflow: {name}\n" in FILES[test] for test in TESTS)
    done = fulmar(folder, "workflow", "graph", name)
    mistaken = any("expected_inspection_errors" in FILES[test] for test in TESTS if f"workflow: {name}\n" in FILES[test])
    assert done.returncode == (1 if mistaken else 0) and done.stdout.strip(), done.stdout + done.stderr
