# SPDX-License-Identifier: Apache-2.0
"""The tour of the README works word for word: its `sh` blocks, run one after the other in one shell."""

import os
import re
import socket
import subprocess

import pytest

from harness.client import eventually
from harness.server import BUILD, PASSWORD, ROOT

README = (ROOT / "README.md").read_text()


def blocks():
    return re.findall(r"^```sh\n(.*?)^```$", README, re.M | re.S)


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def tour_server(new_server):
    """The tour names the usual ports, so they must be free here."""
    if not all(is_free(port) for port in (9100, 9101, 9102)):
        pytest.skip("something listens on ports 9100 to 9102")
    server = new_server()
    server.port = server.client.port = 9101
    return server.start()


@pytest.fixture
def place(tmp_path):
    """A folder that looks like the one the tour is taken in."""
    folder = tmp_path / "fulmar"
    (folder / ".data").mkdir(parents=True)
    (folder / ".data" / "admin-password").write_text(PASSWORD)
    (folder / "build").symlink_to(BUILD)
    return folder


def test_the_tour(tour_server, place):
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(place), "LANG": "C.UTF-8", "TERM": "dumb",
        **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
    }
    before, after_webhook = [], []
    for block in blocks():
        (after_webhook if after_webhook or "trigger-instance" in block else before).append(block)
    assert before and after_webhook

    def shell(commands):
        script = "set -eu\n" + "\necho\n".join(commands) + "\nset > .environment\n"
        if (place / ".environment").exists():
            script = "KEY=$(sed -n \"s/^KEY=['\\\"]*\\([^'\\\"]*\\)['\\\"]*$/\\1/p\" .environment)\nPATH=$PWD/build:$PATH\n" + script
        done = subprocess.run(["sh"], input=script, capture_output=True, text=True, cwd=place, env=environment, timeout=120)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}\n{tour_server.log[-4000:]}"
        return done.stdout

    first = shell(before)
    assert "hello from" in first
    # A reader takes longer than a machine to come to the next block.
    client = tour_server.client
    eventually(lambda: client.get("/v1/executions?action=core.echo&status=succeeded").json, what="the greeting")
    second = shell(after_webhook)
    assert "Hello, Ada!" in second
    assert "default.greet" in second
    assert not (place / "greet.yaml").exists()


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target
