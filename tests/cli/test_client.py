# SPDX-License-Identifier: Apache-2.0
"""The client alone: what it asks a server, and how it prints what comes back."""

import json
import os
import pathlib
import pty
import stat
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from fake_server import FakeServer  # noqa: E402

PROGRAM = pathlib.Path(os.environ.get("FULMAR_BUILD", HERE.parents[1] / "build-test")) / "fulmar"
ID = "65ba1e3f0f4c8d1f2b3c4d5e"


def execution(status="succeeded", **more):
    document = {
        "id": ID, "status": status, "parameters": {"cmd": "date", "password": "open"}, "context": {"user": "st2admin"},
        "action": {"ref": "core.local", "runner_type": "local-shell-cmd"},
        "start_timestamp": "2024-01-31T12:00:00.123456Z", "end_timestamp": "2024-01-31T12:00:03.100000Z",
        "result": {"stdout": "first line\nsecond", "failed": False, "list": [1, None], "none": {}},
    }
    document.update(more)
    return document


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.close()


@pytest.fixture
def st2(server, tmp_path):
    link = tmp_path / "st2"
    link.symlink_to(PROGRAM)
    (tmp_path / "home").mkdir()

    def run(*words, stdin="", **environment):
        variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", "COLUMNS": "150",
                     "TERM": "dumb", "ST2_API_URL": server.url, "ST2_AUTH_URL": server.url, "ST2_STREAM_URL": server.url,
                     "ST2_AUTH_TOKEN": "secret"}
        variables.update(environment)
        done = subprocess.run([str(link), *words], cwd=tmp_path, input=stdin.encode(), capture_output=True, timeout=30,
                              env={name: text for name, text in variables.items() if text is not None})
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()  # text mode would lose carriage returns
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    run.home = tmp_path / "home"
    return run


def lines(done):
    return [line.rstrip() for line in done.stdout.splitlines()]


def test_lists_are_tables_that_wrap(server, st2):
    server.routes["GET", "/actions"] = [{"ref": "core.local", "pack": "core", "description": "word " * 12}]
    assert lines(st2("action", "list", "-w", "20")) == [
        "+------------+------+----------------------+",
        "| ref        | pack | description          |",
        "+------------+------+----------------------+",
        "| core.local | core | word word word word  |",
        "|            |      | word word word word  |",
        "|            |      | word word word word  |",
        "+------------+------+----------------------+",
    ]
    assert server.requests[0]["target"] == "/actions?include_attributes=ref%2Cpack%2Cdescription"
    assert server.requests[0]["headers"]["X-Auth-Token"] == "secret"


def test_documents_hold_what_was_asked_for(server, st2):
    server.routes["GET", "/executions/"] = [execution()]
    done = st2("execution", "list", "-a", "action.ref", "nothing", "result.list", "-j")
    assert json.loads(done.stdout) == [{"action": {"ref": "core.local"}, "result": {"list": [1, None]}}]
    done = st2("execution", "list", "-a", "action.ref", "id", "-y")
    assert done.stdout == "-   action:\n        ref: core.local\n    id: %s\n\n" % ID


def test_text_beyond_ascii_is_escaped_in_documents(server, st2):
    server.routes["GET", "/keys/k"] = {"name": "k", "value": "ö"}
    assert '"\\u00f6"' in st2("key", "get", "k", "-j").stdout
    assert '"\\xF6"' in st2("key", "get", "k", "-y").stdout
    assert "| ö " in st2("key", "get", "k").stdout


def test_executions_are_shown_in_blocks(server, st2):
    server.routes["GET", "/executions/" + ID] = execution(log=[])
    assert lines(st2("execution", "get", ID)) == [
        "id: " + ID,
        "action.ref: core.local",
        "context.user: st2admin",
        "parameters:",
        "  cmd: date",
        "  password: '********'",
        "status: succeeded (3s elapsed)",
        "start_timestamp: Wed, 31 Jan 2024 12:00:00 UTC",
        "end_timestamp: Wed, 31 Jan 2024 12:00:03 UTC",
        "log:",
        "  []",
        "result:",
        "  failed: false",
        "  list:",
        "  - 1",
        "  - null",
        "  none: {}",
        "  stdout: 'first line",
        "    second'",
    ]
    assert lines(st2("execution", "get", ID, "-k", "list")) == ["[1, None]"]


def test_run_waits_and_fails_with_the_action(server, st2):
    states = iter(["running", "running", "failed"])
    server.routes["GET", "/actions/core.local"] = {
        "ref": "core.local", "pack": "core", "name": "local", "runner_type": "local-shell-cmd", "parameters": {}}
    server.routes["GET", "/runnertypes/"] = [{"name": "local-shell-cmd", "runner_parameters": {"cmd": {"type": "string"}}}]
    server.routes["POST", "/executions"] = lambda request: execution("requested")
    server.routes["GET", "/executions/" + ID] = lambda request: execution(next(states))
    done = st2("run", "core.local", "echo", "a b", "c=d")
    assert done.returncode == 1
    assert lines(done)[0] == "..."
    assert "status: failed" in lines(done)
    posted = next(request for request in server.requests if request["method"] == "POST")
    assert json.loads(posted["body"]) == {"action": "core.local", "parameters": {"cmd": "echo a b c=d"}, "user": None}


def test_parameters_become_what_their_definitions_say(server, st2, tmp_path):
    definitions = {name: {"type": name} for name in ("string", "integer", "number", "boolean", "object", "array")}
    server.routes["GET", "/actions/p.a"] = {
        "ref": "p.a", "pack": "p", "name": "a", "runner_type": "noop", "parameters": definitions}
    server.routes["GET", "/runnertypes/"] = [{"name": "noop", "runner_parameters": {}}]
    server.routes["POST", "/executions"] = lambda request: execution(parameters=json.loads(request["body"])["parameters"])
    (tmp_path / "note.txt").write_text("from a file\n")

    def sent(*words):
        done = st2("run", "-j", "--attr", "parameters", "--", "p.a", *words)
        return json.loads(done.stdout)["parameters"] if done.returncode == 0 else done.stdout

    assert sent("string=1", "integer=-2", "number=3", "boolean=FALSE") == {
        "string": "1", "integer": -2, "number": 3.0, "boolean": False}
    assert sent("object=a=1,b,c=x") == {"object": {"a": "1", "c": "x"}}
    assert sent('object={"a": [1]}', "array=1") == {"object": {"a": [1]}, "array": [1]}
    assert sent("array=a, b", "array=[1]", "other=x") == {"array": ["a", "b", 1], "other": "x"}
    assert sent("@string=note.txt") == {"string": "from a file\n"}
    assert sent("integer=two") == "ERROR: invalid literal for int() with base 10: 'two'\n\n"
    assert sent("@string=nosuch") == "ERROR: File \"%s/nosuch\" doesn't exist\n\n" % tmp_path


def test_outputs_are_followed(server, st2):
    events = [{"id": ID, "status": "running", "context": {}},
              {"execution_id": ID, "output_type": "stdout", "data": "one\n", "timestamp": "T"},
              {"execution_id": "another", "output_type": "stdout", "data": "not ours\n", "timestamp": "T"},
              {"execution_id": ID, "output_type": "stderr", "data": "two\n", "timestamp": "T"},
              {"id": ID, "status": "succeeded", "context": {}}]
    server.routes["GET", "/executions/" + ID] = execution("running", children=[])
    server.routes["GET", "/stream"] = {"stream": "".join("event: x\ndata: %s\n\n" % json.dumps(e) for e in events)}
    done = st2("execution", "tail", ID, "--type", "stderr", "--include-metadata")
    assert lines(done) == ["Execution %s has started." % ID, "", "[T][stderr] two", "",
                           "Execution %s has completed (status=succeeded)." % ID]
    assert server.requests[-1]["query"]["x-auth-token"] == "secret"


def test_installing_a_pack_shows_its_stages(server, st2):
    def stage(status):
        return {"id": "task", "parent": ID, "status": status, "context": {"orquesta": {"task_name": "init_task"}}}

    events = [stage("scheduled"), stage("running"), stage("succeeded"), {"id": ID, "status": "succeeded"}]
    server.routes["POST", "/packs/index/search"] = {"name": "demo", "content": {"actions": {"count": 3}}}
    server.routes["POST", "/packs/install"] = {"execution_id": ID}
    server.routes["GET", "/stream"] = {"stream": "".join("event: x\ndata: %s\n\n" % json.dumps(e) for e in events)}
    server.routes["GET", "/executions/" + ID] = execution(
        result={"output": {"packs_list": ["demo"], "warning_list": ["Mind the gap."]}})
    server.routes["GET", "/packs/demo"] = {"ref": "demo", "name": "demo", "description": "d", "version": "1", "author": "a"}
    text = st2("pack", "install", "demo").stdout
    assert text.startswith('\nFor the "demo" pack, the following content will be registered:\n\nactions   |  3\n')
    assert "\n\t[     scheduled      ] init_task\r\t[      running       ] init_task\r\t[     succeeded      ]" in text
    assert text.endswith("| author      | a     |\n+-------------+-------+\nMind the gap.\n")


def test_errors_of_the_server_are_told(server, st2):
    server.routes["GET", "/rules/"] = (500, {"faultstring": "Internal Server Error"})
    done = st2("rule", "list", "-n", "3", "-a", "ref")
    assert done.returncode == 1
    assert lines(done) == [
        "ERROR: 500 Server Error: Internal Server Error",
        "MESSAGE: Internal Server Error for url: %s/rules/?include_attributes=ref&limit=3" % server.url, ""]


@pytest.mark.parametrize("answer", ["", "[", '"text"', "{}", "null", "[[[[", "\x00"])
def test_nonsense_from_the_server_does_no_harm(server, st2, answer):
    for method in ("GET", "POST", "PUT", "DELETE"):
        server.routes[method, "/*"] = answer
    for words in (["action", "list"], ["execution", "get", ID], ["run", "core.local", "x"], ["trace", "get", ID],
                  ["pack", "install", "x"], ["key", "set", "a", "b"], ["whoami"], ["execution", "tail"],
                  ["webhook", "list"], ["execution", "cancel", ID], ["inquiry", "respond", ID, "-r", "{}"],
                  ["action-alias", "test", "x"], ["rule", "enable", "x"], ["service-registry", "member", "list"]):
        assert st2(*words).returncode in (0, 1, 2)


def test_login_keeps_the_token_and_the_rest_of_the_config(server, st2):
    config = st2.home / ".st2" / "config"
    config.parent.mkdir()
    config.write_text("[cli]\ntimezone = UTC\n\n[credentials]\n; mine\nusername = old\npassword = old\n\n[api]\n")
    server.routes["POST", "/tokens"] = {"user": "ann", "token": "fresh", "expiry": "2999-01-01T00:00:00.000000Z"}
    server.routes["GET", "/actions"] = []
    done = st2("login", "ann", "-p", "pass", ST2_AUTH_TOKEN=None)
    assert lines(done)[0] == "Logged in as ann"
    assert config.read_text() == "[cli]\ntimezone = UTC\n\n[credentials]\nusername = ann\n; mine\n\n[api]\n"
    cached = st2.home / ".st2" / "token-ann"
    assert json.loads(cached.read_text())["token"] == "fresh"
    assert stat.S_IMODE(cached.stat().st_mode) == 0o660
    st2("action", "list", ST2_AUTH_TOKEN=None)
    assert server.requests[-1]["headers"]["X-Auth-Token"] == "fresh"


def test_a_corrupt_cached_token_is_named(server, st2):
    (st2.home / ".st2").mkdir()
    (st2.home / ".st2" / "config").write_text("[credentials]\nusername = ann\n")
    (st2.home / ".st2" / "token-ann").write_text("{")
    done = st2("action", "list", ST2_AUTH_TOKEN=None)
    assert done.returncode == 1
    assert lines(done)[0] == "Failed to authenticate with credentials provided in the config."
    assert "token-ann" in lines(done)[1]


def test_secrets_stay_out_of_debug_output(server, st2):
    server.routes["GET", "/actions"] = []
    done = st2("--debug", "action", "list")
    assert "X-Auth-Token: ********" in done.stdout and "secret" not in done.stdout


def test_inquiries_are_answered_in_a_form(server, st2):
    properties = {"approved": {"type": "boolean", "required": True}, "count": {"type": "integer", "default": 4},
                  "colour": {"type": "string", "enum": ["red", "green"]}, "tags": {"type": "array"}}
    server.routes["GET", "/inquiries/" + ID] = {"id": ID, "schema": {"type": "object", "properties": properties}}
    server.routes["PUT", "/inquiries/" + ID] = lambda request: json.loads(request["body"])
    done = st2("inquiry", "respond", ID, stdin="perhaps\nyes\n\n1\na, b\n")
    assert done.returncode == 0, done.stdout
    assert json.loads(server.requests[-1]["body"])["response"] == {
        "approved": True, "count": 4, "colour": "green", "tags": ["a", "b"]}


def test_every_command_has_a_help(st2):
    usage = st2("--help").stdout
    groups = usage[usage.index("{") + 1:usage.index("}")].split(",")
    for group in groups:
        text = st2(group, "--help").stdout
        assert text.startswith("usage: st2 " + group)
        if "{" in text.split("\n\n")[0]:
            for command in text[text.index("{") + 1:text.index("}")].split(","):
                done = st2(group, command, "--help")
                assert done.returncode == 0 and done.stdout.startswith("usage: st2 %s %s" % (group, command))


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_scripts_are_sound(st2, tmp_path, shell):
    script = tmp_path / "completion"
    script.write_text(st2("--print-completion", shell).stdout)
    if shell == "bash":
        check = "source %s; COMP_WORDS=(st2 execution c); COMP_CWORD=2; _st2; echo ${COMPREPLY[@]}" % script
        done = subprocess.run(["bash", "-c", check], capture_output=True, text=True, timeout=10)
        assert done.stdout.split() == ["cancel"], done.stderr
    assert "'execution list') words=" in script.read_text()


def test_a_terminal_gets_a_spinner_instead_of_dots(server, st2, tmp_path):
    states = iter(["running", "succeeded"])
    server.routes["GET", "/executions/" + ID] = lambda request: execution(next(states, "succeeded"))
    server.routes["GET", "/actions/core.local"] = {
        "ref": "core.local", "pack": "core", "name": "local", "runner_type": "local-shell-cmd", "parameters": {}}
    server.routes["GET", "/runnertypes/"] = [{"name": "local-shell-cmd", "runner_parameters": {}}]
    server.routes["POST", "/executions"] = lambda request: execution("requested")
    parent, child = pty.openpty()
    subprocess.run([str(tmp_path / "st2"), "run", "core.local", "date"], stdout=child, stdin=child, timeout=20, env={
        "HOME": str(tmp_path), "TERM": "xterm", "ST2_API_URL": server.url, "COLUMNS": "100"})
    os.close(child)
    text = os.read(parent, 65536).decode()
    os.close(parent)
    assert "running (0s)" in text and "\033[92msucceeded" in text


def test_what_is_piped_is_plain(st2):
    assert "\033[" not in st2("execution", "list", TERM="xterm").stdout
