# SPDX-License-Identifier: Apache-2.0
"""The tour of the README works word for word: its `sh` blocks, run one after the other in one shell."""

import os
import re
import socket
import subprocess

import pytest

from harness.client import eventually
from harness.server import BUILD, PASSWORD, ROOT, USUAL_PORT

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
    server.port = server.client.port = USUAL_PORT
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

    # One shell takes the whole tour; in the middle it waits, as a reader takes longer than a machine to go on.
    pause = "touch paused; until [ -e go-on ]; do sleep 0.1; done\n"
    script = "set -eu\n" + "\necho\n".join([*before, pause, *after_webhook])
    output = place / "output"
    with open(output, "w") as out:
        tour = subprocess.Popen(["sh", "-c", script], stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=place, env=environment)
    eventually(lambda: (place / "paused").exists() or tour.poll() is not None, 120, what="the middle of the tour")
    if tour.poll() is None:
        client = tour_server.client
        eventually(lambda: client.get("/v1/executions?action=core.echo&status=succeeded").json, what="the greeting")
    (place / "go-on").touch()
    assert tour.wait(120) == 0, f"{output.read_text()}\n{tour_server.log[-4000:]}"
    text = output.read_text()
    assert "hello from" in text
    assert "Hello, Ada!" in text
    assert "default.greet" in text
    assert not (place / "greet.yaml").exists()


@pytest.mark.parametrize("path", sorted(ROOT.glob("docs/**/*.md")) + [ROOT / "README.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / target).exists(), target
