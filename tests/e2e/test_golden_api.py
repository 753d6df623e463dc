# SPDX-License-Identifier: Apache-2.0
"""Each recorded API scenario is one test. Those not expected to pass are listed, with the reason, in the file
tests/golden/known-differences.txt; one that is listed and passes all the same is a failure too, so the list stays true."""

import json

import pytest

from harness.server import PASSWORD, ROOT, USER
from harness.scenario import Play

GOLDEN = ROOT / "tests" / "golden"


def known_differences():
    known = {}
    for line in (GOLDEN / "known-differences.txt").read_text().splitlines():
        name, _, reason = line.partition(" ")
        if name and not name.startswith("#"):
            assert reason.strip(), f"{name} is listed without a reason"
            known[name] = reason.strip()
    return known


KNOWN = known_differences()


def cases(folder):
    for path in sorted((GOLDEN / folder).rglob("*.json")):
        name = f"{folder}/{path.stem}"
        marks = [pytest.mark.xfail(reason=KNOWN[name], strict=True)] if name in KNOWN else []
        yield pytest.param(path, id=path.stem, marks=marks)


@pytest.mark.parametrize("path", list(cases("api")))
def test_scenario(server, path):
    problems = Play(server.client, USER, PASSWORD, json.loads(path.read_text()), patience=3).go()
    assert not problems, "\n".join(problems)


def test_every_known_difference_is_a_scenario():
    there = {f"{folder}/{path.stem}" for folder in ("api", "cli") for path in (GOLDEN / folder).rglob("*.json")}
    assert set(KNOWN) <= there, set(KNOWN) - there
