# SPDX-License-Identifier: Apache-2.0
"""The pack `examples`: every workflow has rehearsals that take each of its transitions, and runs on the server as it
rehearses: it ends the same way, with the same output, and its tasks end as they were told to."""

import subprocess

import pytest
from harness.client import FINISHED, eventually
from harness.examples import FOLDER, TESTS, WORKFLOWS, Example
from harness.server import BUILD


def fulmar(*arguments):
    return subprocess.run([str(BUILD / "fulmar"), *map(str, arguments)], capture_output=True, text=True, timeout=100)


def test_every_example_rehearses_and_the_rehearsals_take_every_transition():
    done = fulmar("workflow", "rehearse", "--all-transitions", *TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_example_is_rehearsed_registered_and_without_mistakes():
    rehearsed = {path.name.split(".")[0].split("-")[0] for path in TESTS}
    assert {path.stem for path in WORKFLOWS} == rehearsed
    assert {path.stem for path in WORKFLOWS} <= {path.stem for path in FOLDER.parent.glob("*.yaml")}
    done = fulmar("workflow", "inspect", *WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("test", TESTS, ids=lambda path: path.name.removesuffix(".test.yaml"))
def test_an_example_runs_on_the_server_as_it_rehearses(client, tmp_path, test):
    tmp_path.chmod(0o777)
    example = Example(test, tmp_path)
    example.prepare(client)
    execution = client.run(f"examples.{example.workflow}", example.inputs, wait=False)

    def ended():
        example.answer(client, execution["id"])
        return client.get(f"/v1/executions/{execution['id']}?include_attributes=status").json["status"] in FINISHED

    eventually(ended, timeout=60, what=f"the end of {example.name}")
    example.check(client, client.get(f"/v1/executions/{execution['id']}").json)


def test_an_example_that_is_paused_and_resumed_ends_as_it_rehearses(client, tmp_path):
    example = Example(FOLDER / "hold.test.yaml", tmp_path)
    execution = client.run("examples.hold", example.inputs, wait=False)
    client.wait(execution["id"], until=("running",))
    assert client.put(f"/v1/executions/{execution['id']}", {"status": "pausing"}).status == 200
    client.wait(execution["id"], until=("paused",))
    assert client.put(f"/v1/executions/{execution['id']}", {"status": "resuming"}).status == 200
    example.check(client, client.wait(execution["id"]))
