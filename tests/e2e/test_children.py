# SPDX-License-Identifier: Apache-2.0
"""Whatever the child of an action does, the execution ends as it should and nothing of it is left behind."""

import pathlib
import time

import pytest


def run(client, cmd, **options):
    parameters = {"cmd": cmd, **options.pop("parameters", {})}
    return client.run("core.local", parameters, **options)


def processes_with(text):
    """Pids of the processes whose command line has this text; zombies have none."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if text.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def gone(text, timeout=10):
    deadline = time.monotonic() + timeout
    while processes_with(text):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_child_that_ignores_term_is_killed(client):
    start = time.monotonic()
    done = run(client, "trap '' TERM; while :; do sleep 0.7171; done", parameters={"timeout": 1})
    assert done["status"] == "timeout"
    assert time.monotonic() - start < 30
    assert gone("sleep 0.7171")


def test_a_timeout_ends_the_whole_family(client):
    done = run(client, "sh -c 'sleep 61.7272 & sleep 61.7272' & sleep 61.7272", parameters={"timeout": 1})
    assert done["status"] == "timeout"
    assert gone("sleep 61.7272")


def test_output_before_a_timeout_is_kept(client):
    done = run(client, "echo early; sleep 61.7474", parameters={"timeout": 1})
    assert done["result"]["stdout"] == "early"
    assert gone("sleep 61.7474")


def test_a_canceled_child_is_ended(client):
    execution = run(client, "trap '' TERM; while :; do sleep 0.7373; done", wait=False)
    client.wait(execution["id"], until=("running",))
    assert client.delete(f"/v1/executions/{execution['id']}").status == 200
    assert client.wait(execution["id"])["status"] == "canceled"
    assert gone("sleep 0.7373")


def test_a_daemon_that_lets_go_of_the_pipes_is_not_waited_for(client):
    start = time.monotonic()
    done = run(client, "setsid sleep 15.7575 >/dev/null 2>&1 </dev/null & echo started")
    assert done["status"] == "succeeded" and done["result"]["stdout"] == "started"
    assert time.monotonic() - start < 10


def test_a_child_that_forks_often_is_waited_for(client):
    done = run(client, "i=0; while [ $i -lt 200 ]; do (echo x) & i=$((i+1)); done; wait")
    assert done["status"] == "succeeded"
    assert done["result"]["stdout"].count("x") == 200


def test_a_flood_of_output_is_bounded(server):
    done = run(server.client, "head -c 300000000 /dev/zero | tr '\\0' x; echo end", timeout=120)
    assert done["status"] in ("succeeded", "failed")
    answer = server.client.get(f"/v1/executions/{done['id']}")
    assert len(answer.raw) < 64 << 20
    assert server.resident_kb() < 2 << 20
    assert server.client.run("core.noop")["status"] == "succeeded"


def test_closed_pipes_are_no_end(client):
    done = run(client, "exec >&- 2>&-; sleep 0.5; exit 3")
    assert done["status"] == "failed" and done["result"]["return_code"] == 3


def test_there_is_no_input(client):
    done = run(client, "cat; echo end $?")
    assert done["status"] == "succeeded" and done["result"]["stdout"] == "end 0"


@pytest.mark.parametrize("signal", ["KILL", "SEGV", "TERM"])
def test_a_child_that_kills_itself(client, signal):
    assert run(client, f"kill -{signal} $$; sleep 5")["status"] in ("failed", "timeout", "abandoned")


def test_output_that_is_no_text(client):
    done = run(client, "printf 'a\\377b\\000c'")
    assert done["status"] == "succeeded"
    assert done["result"]["stdout"].startswith("a")


def test_a_program_that_is_not_there(client):
    done = run(client, "/nonexistent/program")
    assert done["status"] == "failed" and done["result"]["return_code"] == 127


def test_a_folder_that_is_not_there(client):
    assert run(client, "true", parameters={"cwd": "/nonexistent"})["status"] == "failed"


def test_no_process_and_no_descriptor_is_left(server):
    """Fifty commands later the server holds as many descriptors as before, and no zombies."""
    folder = pathlib.Path(f"/proc/{server.process.pid}/fd")
    run(server.client, "true")
    before = len(list(folder.iterdir()))
    for i in range(50):
        run(server.client, f"echo {i}; exit $(({i} % 3))")
    assert len(list(folder.iterdir())) <= before + 8
    children = pathlib.Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    for child in children:
        assert ") Z " not in pathlib.Path(f"/proc/{child}/stat").read_text()
