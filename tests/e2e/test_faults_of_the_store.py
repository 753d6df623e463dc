# SPDX-License-Identifier: Apache-2.0
"""The disk is full, the file is damaged or not ours: a clear message, no crash, and nothing acknowledged is lost."""

import os
import pathlib
import socket
import subprocess

import pytest

from harness.client import eventually
from harness.server import free_port


def refuses_to_start(server, *words, timeout=60):
    """The process ends by itself, not by a signal, and its message has these words."""
    process = server.spawn()
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        server.kill()
        pytest.fail("it started all the same")
    assert 0 < code < 99, f"ended with {code}:\n{server.log[-3000:]}"
    for word in words:
        assert word in server.log, f"no {word!r} in:\n{server.log[-3000:]}"


@pytest.fixture
def mount():
    """Mounts for one test; skips where the kernel does not let us."""
    mounted = []

    def make(*arguments):
        done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")
        if arguments[-1] not in mounted:
            mounted.append(arguments[-1])

    yield make
    for place in reversed(mounted):
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_refuses_writes_and_serves_reads(new_server, mount):
    server = new_server()
    server.data.mkdir()
    mount("-t", "tmpfs", "-o", "size=64m", "none", server.data)
    server.start()
    client = server.client
    kept = client.run("core.noop")["id"]

    filler = server.data / "filler"
    free = os.statvfs(server.data)
    with open(filler, "wb") as file:
        file.write(b"x" * (free.f_bavail * free.f_bsize - 300_000))

    acknowledged, refusal = [kept], None
    big = "x" * 20_000
    for _ in range(2000):
        answer = client.post("/v1/executions", {"action": "core.echo", "parameters": {"message": big}})
        if answer.status != 201:
            refusal = answer
            break
        acknowledged.append(answer.json["id"])
    assert refusal is not None and refusal.status in (500, 503, 507), refusal
    assert refusal.json["faultstring"]
    assert server.alive()
    for execution_id in acknowledged:
        assert client.get(f"/v1/executions/{execution_id}").status == 200

    filler.unlink()
    eventually(lambda: client.post("/v1/executions", {"action": "core.noop"}).status == 201, what="a write")
    for execution_id in acknowledged:
        client.wait(execution_id)
    server.stop()
    server.start()
    for execution_id in acknowledged:
        assert client.get(f"/v1/executions/{execution_id}").status == 200
    server.stop()


def test_a_file_that_may_not_grow_refuses_writes(new_server):
    server = new_server(file_limit=16 << 20)
    server.start()
    client, big, refusal = server.client, "x" * 100_000, None
    for _ in range(1000):
        answer = client.post("/v1/executions", {"action": "core.echo", "parameters": {"message": big}})
        if answer.status != 201:
            refusal = answer
            break
    assert refusal is not None and refusal.status >= 500, refusal
    assert server.alive()
    assert client.get("/v1/actions?limit=1").status == 200


def store_file(server):
    return server.data / "fulmar.db"


def filled(server):
    """A server that ran, and was ended in good order."""
    server.start()
    for _ in range(20):
        server.client.run("core.noop")
    server.stop()
    assert store_file(server).exists()
    return server


def test_a_missing_store_is_made_anew(new_server):
    server = filled(new_server())
    for path in server.data.glob("fulmar.db*"):
        path.unlink()
    server.start()
    assert server.client.get("/v1/executions?limit=1").json == []


def test_a_store_that_is_no_store_is_refused(new_server):
    server = new_server()
    server.data.mkdir()
    store_file(server).write_bytes(b"this is not a database" * 1000)
    refuses_to_start(server, "fulmar.db")


def test_a_store_cut_short_is_refused_or_read(new_server):
    """Half of the file is gone: either it says so and ends, or it serves what is left without crashing."""
    server = filled(new_server())
    size = store_file(server).stat().st_size
    os.truncate(store_file(server), size // 2)
    process = server.spawn()
    eventually(lambda: process.poll() is not None or server.is_ready(), timeout=60, what="a decision")
    if process.poll() is not None:
        assert 0 < process.returncode < 99 and "fulmar.db" in server.log, server.log[-3000:]


@pytest.mark.parametrize("seed", range(3))
def test_damaged_pages_never_crash_it(new_server, seed):
    server = filled(new_server())
    data = bytearray(store_file(server).read_bytes())
    for place in range(4096 * (seed + 1), len(data), 4096 * 5):
        data[place : place + 64] = bytes((place * 7 + i * 31 + seed) % 256 for i in range(64))
    store_file(server).write_bytes(data)
    process = server.spawn()
    eventually(lambda: process.poll() is not None or server.is_ready(), timeout=60, what="a decision")
    if process.poll() is not None:
        assert 0 < process.returncode < 99 and "fulmar.db" in server.log, server.log[-3000:]
        return
    for path in ("/v1/executions?limit=100", "/v1/actions", "/v1/rules", "/v1/packs"):
        server.client.get(path)
    assert server.alive()


def test_a_read_only_store_is_refused(new_server, mount):
    server = filled(new_server())
    mount("--bind", server.data, server.data)
    mount("-o", "remount,bind,ro", server.data)
    refuses_to_start(server, str(server.data))


def test_a_data_directory_that_is_a_file_is_refused(new_server):
    server = new_server()
    server.data.write_text("not a folder")
    refuses_to_start(server, str(server.data))


def test_a_second_server_on_the_same_store_is_refused(new_server):
    first, second = new_server(), new_server()
    first.start()
    second.data = first.data
    refuses_to_start(second, str(first.data))
    assert first.client.run("core.noop")["status"] == "succeeded"


def test_a_port_in_use_is_refused(new_server):
    server = new_server()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        refuses_to_start(server, str(server.port))


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["--listen", "nonsense"], ["--listen", "127.0.0.1:99999"]])
def test_wrong_arguments_are_refused(new_server, arguments):
    refuses_to_start(new_server(arguments=arguments), arguments[-1].split(":")[-1])


def test_a_packs_folder_that_is_not_there_is_named(new_server):
    server = new_server(packs=[pathlib.Path("/nonexistent/packs")])
    process = server.spawn()
    eventually(lambda: process.poll() is not None or server.is_ready(), what="a decision")
    assert "/nonexistent/packs" in server.log


def test_the_end_in_good_order_is_quick(new_server):
    """Ended while a command runs: exit status 0, and after the next start the execution does not stay unfinished."""
    server = new_server()
    server.start()
    execution = server.client.run("core.local", {"cmd": "sleep 30.1919"}, wait=False)
    server.client.wait(execution["id"], until=("running",))
    assert server.stop() == 0, server.log[-3000:]
    server.port = server.client.port = free_port()
    server.start()
    assert server.client.wait(execution["id"], timeout=60)["status"] in ("abandoned", "failed", "succeeded", "canceled")
