# SPDX-License-Identifier: Apache-2.0
"""Fixtures: `server` is shared by a file's tests, `new_server` makes servers that a test may break."""

import pathlib
import re
import shutil
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness.server import ROOT, Server  # noqa: E402

FIXTURES = [ROOT / "tests" / "golden" / "fixtures", ROOT / "tests" / "e2e" / "packs"]


KNOWN = pathlib.Path(__file__).parent / "known-failures.txt"


def known_failures():
    """Name: reason. Every line has both."""
    lines = [line for line in KNOWN.read_text().splitlines() if line and not line.startswith("#")]
    known = dict(line.split(" ", 1) for line in lines)
    assert len(known) == len(lines), "a test is listed twice"
    return known


def name_of(item):
    """As the list of known failures calls a test: api/SCENARIO, cli/SCENARIO, or FILE::TEST."""
    name = item.nodeid.split("/")[-1]
    scenario = re.fullmatch(r"test_golden_(api|cli)\.py::test_scenario\[(.*)\]", name)
    return f"{scenario.group(1)}/{scenario.group(2)}" if scenario else name


def pytest_collection_modifyitems(items):
    """A test that is listed must fail, so the list stays true; one that depends on the place (its reason says so) may."""
    known = known_failures()
    for item in items:
        reason = known.get(name_of(item))
        if reason:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=not reason.startswith("depends on the place")))


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the log of each server it used."""
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for value in item.funcargs.values():
            if isinstance(value, Server):
                report.sections.append(("log of fulmard", value.log[-6000:]))


def check_quiet(server):
    alarms = server.alarms()
    assert not alarms, "the sanitizers found something:\n" + "\n".join(alarms) + "\n" + server.log[-6000:]


@pytest.fixture(scope="session")
def packs(tmp_path_factory):
    """A packs folder of the run's own, with the fixture packs in it; tests may write there."""
    folder = tmp_path_factory.mktemp("packs")
    for pack in (pack for fixtures in FIXTURES for pack in fixtures.iterdir()):
        shutil.copytree(pack, folder / pack.name)
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, packs):
    running = Server(tmp_path_factory.mktemp("server"), packs=[packs])
    running.start()
    yield running
    running.stop()
    check_quiet(running)


@pytest.fixture
def client(server):
    return server.client


@pytest.fixture
def new_server(tmp_path):
    """Makes servers (not yet started) that are ended with the test, each in a folder of its own."""
    made = []

    def make(**options):
        folder = tmp_path / f"server{len(made)}"
        folder.mkdir()
        made.append(Server(folder, **options))
        return made[-1]

    yield make
    for running in made:
        if running.alive():
            running.stop()
    for running in made:
        check_quiet(running)
