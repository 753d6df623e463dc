# SPDX-License-Identifier: Apache-2.0
"""Each recorded command line scenario is one test. Those that do not pass are in known-failures.txt."""

import json

import pytest

from harness.cli_scenario import CliPlay
from harness.server import BUILD, PASSWORD, USER
from test_golden_api import patience, scenarios


@pytest.fixture(scope="module")
def st2(tmp_path_factory):
    """The client by the name its usage messages have to begin with."""
    link = tmp_path_factory.mktemp("bin") / "st2"
    link.symlink_to(BUILD / "fulmar")
    return link


@pytest.fixture(scope="module")
def registered(server):
    answer = server.client.post("/v1/packs/register", {"packs": ["goldcli"], "types": ["all"]})
    assert answer.status == 200, answer
    return server


@pytest.mark.parametrize("path", scenarios("cli"))
def test_scenario(registered, st2, tmp_path, path):
    scenario = json.loads(path.read_text())
    problems = CliPlay(st2, registered.client, USER, PASSWORD, scenario, tmp_path, patience("cli", path)).go()
    assert not problems, "\n".join(problems)
