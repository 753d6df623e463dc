# SPDX-License-Identifier: Apache-2.0
"""Each recorded API scenario is one test. Those that do not pass are in known-failures.txt, each with its reason."""

import json

import pytest

from conftest import known_failures
from harness.server import PASSWORD, ROOT, USER
from harness.scenario import Play

GOLDEN = ROOT / "tests" / "golden"


def scenarios(folder):
    return [pytest.param(path, id=path.stem) for path in sorted((GOLDEN / folder).rglob("*.json"))]


def patience(folder, path):
    """Slow machines get more time, and what is known to fail does not cost much of it."""
    return 0.1 if f"{folder}/{path.stem}" in known_failures() else 3


@pytest.mark.parametrize("path", scenarios("api"))
def test_scenario(server, path):
    problems = Play(server.client, USER, PASSWORD, json.loads(path.read_text()), patience("api", path)).go()
    assert not problems, "\n".join(problems)


def test_every_known_failure_is_a_scenario_or_a_test():
    for name in known_failures():
        folder, _, scenario = name.partition("/")
        if scenario:
            assert list((GOLDEN / folder).rglob(f"{scenario}.json")), name
        else:
            file, test = name.split("::")
            assert f"def {test.split('[')[0]}(" in (ROOT / "tests" / "e2e" / file).read_text(), name
