# SPDX-License-Identifier: Apache-2.0
"""Commands that need no server: backup, doctor, expr, workflow graph and rehearse."""

import fcntl
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import xml.etree.ElementTree

import pytest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = pathlib.Path(os.environ.get("FULMAR_BUILD", HERE.parents[1] / "build-test")) / "fulmar"

WORKFLOW = """\
version: 1.0
input: [n]
vars: [{out: null}]
tasks:
  first:
    action: core.local cmd="x"
    next:
      - when: <% succeeded() %>
        publish: [{out: <% result().stdout %>}]
        do: second
      - when: <% failed() %>
        do: fail
  second:
    action: core.noop
output:
  - out: <% ctx().out %>
  - n: <% ctx().n %>
"""

REHEARSAL = """\
workflow: flow.yaml
inputs: {n: 3}
expected_task_sequence: [first, second]
mock_action_executions:
  - {task_id: first, result: {stdout: hi}}
expected_output: {out: hi, n: 3}
"""


@pytest.fixture
def fulmar(tmp_path):
    (tmp_path / "home").mkdir()

    def run(*words, stdin="", **environment):
        variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8", "COLUMNS": "150",
                     "TERM": "dumb", **environment}
        done = subprocess.run([str(PROGRAM), *map(str, words)], cwd=tmp_path, input=stdin, capture_output=True, text=True,
                              timeout=60, env=variables)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def data(tmp_path):
    """A data directory whose store has the right version and one row."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = sqlite3.connect(folder / "fulmar.db")
    store.executescript("CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID; INSERT INTO meta VALUES('a', 'b');"
                        "PRAGMA user_version=1")
    store.close()
    (folder / "lock").touch()
    return folder


def rows(store):
    with sqlite3.connect(store) as connection:
        return connection.execute("SELECT key, value FROM meta").fetchall()


# ---- backup ----

def test_a_backup_is_a_whole_store_that_only_its_owner_reads(fulmar, data, tmp_path):
    done = fulmar("backup", "copy.db", "--data-dir", data)
    assert done.returncode == 0, done.stdout
    assert rows(tmp_path / "copy.db") == [("a", "b")]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db", "data", "home"]


def test_the_data_directory_comes_from_the_environment_too(fulmar, data, tmp_path):
    assert fulmar("backup", "copy.db", FULMAR_DATA_DIR=str(data)).returncode == 0
    data.rename(tmp_path / ".data")
    assert fulmar("backup", "other.db").returncode == 0


def test_a_backup_overwrites_nothing(fulmar, data, tmp_path):
    (tmp_path / "copy.db").write_text("precious")
    done = fulmar("backup", "copy.db", "--data-dir", data)
    assert done.returncode == 1 and "is there already" in done.stdout
    assert (tmp_path / "copy.db").read_text() == "precious"


@pytest.mark.parametrize("spoil, reason", [
    (lambda data: (data / "fulmar.db").unlink(), "There is no store in"),
    (lambda data: (data / "fulmar.db").write_bytes(b"no store " * 1000), "data/fulmar.db: file is not a database"),
])
def test_a_backup_of_nothing_leaves_nothing(fulmar, data, tmp_path, spoil, reason):
    spoil(data)
    done = fulmar("backup", "copy.db", "--data-dir", data)
    assert done.returncode == 1 and reason in done.stdout
    assert not list(tmp_path.glob("copy*"))


# ---- doctor ----

def visit(fulmar, data):
    done = fulmar("doctor", "--data-dir", data, "-j")
    return done.returncode, {row["check"]: row for row in json.loads(done.stdout)}


def test_a_sound_directory_has_no_problems(fulmar, data):
    done = fulmar("doctor", "--data-dir", data)
    assert done.returncode == 0 and done.stdout.endswith("no problems\n")
    code, checks = visit(fulmar, data)
    assert code == 0 and all(row["fine"] for row in checks.values())
    assert checks["schema"]["finding"].startswith("version ")
    assert checks["server"]["finding"].startswith("not running")


def test_a_held_lock_is_told_and_no_problem(fulmar, data):
    with open(data / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, checks = visit(fulmar, data)
    assert code == 0 and checks["server"]["finding"].startswith("running")


@pytest.mark.parametrize("version, words", [(99, "version 99; this program knows"), (0, "is no store")])
def test_other_schemas_are_problems(fulmar, data, version, words):
    store = sqlite3.connect(data / "fulmar.db")
    store.execute(f"PRAGMA user_version={version}")
    store.close()
    code, checks = visit(fulmar, data)
    assert code == 1 and not checks["schema"]["fine"] and words in checks["schema"]["finding"]


def test_damage_is_found(fulmar, data):
    store = sqlite3.connect(data / "fulmar.db")
    store.execute("CREATE TABLE big(text)")
    store.executemany("INSERT INTO big VALUES(?)", [("x" * 500,)] * 200)
    store.commit()
    store.close()
    with open(data / "fulmar.db", "r+b") as file:
        file.seek(4096 * 5)
        file.write(b"\xaa" * 8192)
    code, checks = visit(fulmar, data)
    assert code == 1 and not checks["integrity"]["fine"]


def test_a_key_that_others_may_read_is_a_problem(fulmar, data):
    (data / "datastore_key.json").write_text("{}")
    code, checks = visit(fulmar, data)
    assert code == 1 and not checks["datastore key"]["fine"]


def test_a_directory_that_is_not_there_ends_the_visit(fulmar, tmp_path):
    code, checks = visit(fulmar, tmp_path / "nowhere")
    assert code == 1 and list(checks) == ["data directory"]


# ---- expr ----

@pytest.mark.parametrize("words, printed", [
    (["<% ctx().names.select($.toUpper()) %>", "-j"], ["ADA", "BOB"]),
    (["{{ ctx().n + 1 }}", "-j"], 4),
    (["{{ n + 1 }}", "--mode", "template", "-j"], "4"),
    (["{{ missing }}", "--mode", "template-lax", "-j"], ""),
    (["plain", "-j"], "plain"),
])
def test_expressions_are_evaluated(fulmar, tmp_path, words, printed):
    (tmp_path / "c.yaml").write_text("names: [ada, bob]\nn: 3\n")
    done = fulmar("expr", *words, "--context", "c.yaml")
    assert done.returncode == 0 and json.loads(done.stdout) == printed


def test_text_is_printed_as_it_is_and_the_context_may_come_in(fulmar):
    done = fulmar("expr", "<% ctx().who %>", "--context", "-", stdin='{\t"who": "a \\"b\\"\\nc"}')
    assert done.stdout == 'a "b"\nc\n'


@pytest.mark.parametrize("text, mode, failure", [
    ("<% 1 + %>", "orquesta", {"class": "YaqlGrammarException", "language": "yaql"}),
    ("a\n {{ nope.x }}", "template", {"class": "UndefinedError", "language": "jinja", "line": 2}),
])
def test_failures_say_where_and_what(fulmar, text, mode, failure):
    done = fulmar("expr", text, "--mode", mode, "-j")
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["expression"] == text and failure.items() <= told.items()
    assert {"line", "column", "message"} <= told.keys()
    plain = fulmar("expr", text, "--mode", mode)
    assert plain.returncode == 1 and plain.stdout == ""
    assert f"ERROR: {failure['class']}: " in plain.stderr and "column: " in plain.stderr


def test_explaining_shows_the_parts(fulmar):
    done = fulmar("expr", "{{ (n + 1) * 2 }}", "-m", "template", "-x", "-c", "-", "-j", stdin="n: 3")
    steps = {step["expression"]: step["value"] for step in json.loads(done.stdout)["steps"]}
    assert steps["n"] == 3 and 4 in steps.values() and 8 in steps.values()
    assert "| expression" in fulmar("expr", "<% 1 + 1 %>", "-x").stdout


@pytest.mark.parametrize("context, reason", [("[1]", "is no mapping"), ("{a: [", "cannot be read")])
def test_contexts_that_are_none_are_refused(fulmar, context, reason):
    done = fulmar("expr", "x", "-c", "-", stdin=context)
    assert done.returncode == 1 and reason in done.stdout


# ---- workflows ----

@pytest.fixture
def flow(tmp_path):
    (tmp_path / "flow.yaml").write_text(WORKFLOW)
    (tmp_path / "good.yaml").write_text(REHEARSAL)
    (tmp_path / "bad.yaml").write_text(REHEARSAL.replace("{out: hi", "{out: 'a <b>'"))
    return tmp_path / "flow.yaml"


@pytest.mark.parametrize("words, first, edge", [
    ([], "flowchart TD", '-->|"'), (["--format", "mermaid"], "flowchart TD", '-->|"'),
    (["--format", "dot"], "digraph", 'label="<% succeeded() %>"'),
])
def test_graphs_are_drawn(fulmar, flow, words, first, edge):
    done = fulmar("workflow", "graph", flow, *words)
    assert done.returncode == 0 and done.stdout.startswith(first) and edge in done.stdout


def test_unknown_formats_and_files_are_refused(fulmar, flow):
    assert "There is no format" in fulmar("workflow", "graph", flow, "--format", "png").stdout
    assert fulmar("workflow", "graph", "nowhere.yaml").returncode == 1


def test_a_rehearsal_that_fits_passes(fulmar, flow):
    done = fulmar("workflow", "rehearse", "good.yaml")
    assert done.returncode == 0
    assert "passed  good.yaml  (2 tasks, 1 of 2 transitions taken)" in done.stdout
    assert fulmar("workflow", "rehearse", "good.yaml", "--base-path", "home").returncode == 1


def test_differences_and_errors_fail_and_reach_junit(fulmar, flow, tmp_path):
    (tmp_path / "odd.yaml").write_text("inputs: {}")
    done = fulmar("workflow", "rehearse", "good.yaml", "bad.yaml", "odd.yaml", "--junit", "out.xml")
    assert done.returncode == 1 and "The actual workflow output " in done.stdout
    suite = xml.etree.ElementTree.parse(tmp_path / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    cases = {case.get("name"): [part.tag for part in case] for case in suite}
    assert cases == {"good.yaml": [], "bad.yaml": ["failure"], "odd.yaml": ["error"]}
    assert "a <b>" in suite.find("testcase/failure").get("message")


def test_mocks_may_take_their_result_from_a_file(fulmar, flow, tmp_path):
    (tmp_path / "good.yaml").write_text(REHEARSAL.replace("result: {stdout: hi}", "result_path: result.json"))
    assert "does not exist" in fulmar("workflow", "rehearse", "good.yaml").stdout
    (tmp_path / "result.json").write_text('{"stdout": "hi"}')
    assert fulmar("workflow", "rehearse", "good.yaml").returncode == 0


def test_differences_name_the_line_of_the_test_that_expects_something_else(fulmar, flow, tmp_path):
    done = fulmar("workflow", "rehearse", "bad.yaml")
    line = 1 + [text.split(":")[0] for text in (tmp_path / "bad.yaml").read_text().splitlines()].index("expected_output")
    assert f"    bad.yaml:{line}: The actual workflow output " in done.stdout
    (tmp_path / "odd.yaml").write_text(
        "workflow: flow.yaml\nexpected_task_sequence: []\nmock_action_executions:\n  - task_id: nobody\n")
    done = fulmar("workflow", "rehearse", "odd.yaml")
    assert done.returncode == 1 and '    odd.yaml:4: The mock action execution 0 is for task "nobody"' in done.stdout


def test_a_folder_stands_for_the_tests_in_it(fulmar, flow, tmp_path):
    for name in ("bad.test.yaml", "good.test.yaml"):
        (tmp_path / name.replace(".test", "")).rename(tmp_path / name)
    done = fulmar("workflow", "rehearse", ".")
    assert [line.split()[:2] for line in done.stdout.splitlines() if line[:6] in ("passed", "FAILED")] == [
        ["FAILED", "./bad.test.yaml"], ["passed", "./good.test.yaml"]]
    assert "There are no tests in home." in fulmar("workflow", "rehearse", "home").stdout
    assert 'The test spec "nowhere" does not exist.' in fulmar("workflow", "rehearse", "nowhere").stdout


def test_transitions_that_no_test_takes_are_told_and_may_fail(fulmar, flow, tmp_path):
    done = fulmar("workflow", "rehearse", "good.yaml")
    assert done.returncode == 0
    assert re.search(r"^flow.yaml:\d+: no test takes the transition from \w+ to \w+, when <% .* %>$", done.stdout, re.M)
    assert fulmar("workflow", "rehearse", "good.yaml", "--all-transitions").returncode == 1
    (tmp_path / "other.yaml").write_text(
        "workflow: flow.yaml\nmock_action_executions: [{task_id: first, status: failed}]\n"
        "expected_task_sequence: [first, fail]\nexpected_workflow_status: failed\n")
    assert fulmar("workflow", "rehearse", "good.yaml", "other.yaml", "--all-transitions").returncode == 0


FAILING = """\
version: 1.0
tasks:
  a:
    action: core.noop
    next:
      - when: <% succeeded() %>
        publish: said=<% result() %>
        do: b
  b:
    action: core.noop
output:
  - said: <% ctx(said) %>
"""


def test_a_rehearsal_begins_in_a_saved_state_and_runs_again_what_failed(fulmar, tmp_path):
    (tmp_path / "failing.yaml").write_text(FAILING)
    (tmp_path / "fails.yaml").write_text(
        "workflow: failing.yaml\nmock_action_executions: [{task_id: a, result: hi}, {task_id: b, status: failed}]\n"
        "expected_task_sequence: [a, b]\nexpected_workflow_status: failed\n")
    assert fulmar("workflow", "rehearse", "fails.yaml", "--save-state", "state.json").returncode == 0
    for more in ("", "rerun_tasks: [{task_id: b}]\n", "workflow: failing.yaml\n"):
        (tmp_path / "again.yaml").write_text(
            more + "workflow_state: state.json\nexpected_task_sequence: [a, b, b]\nexpected_errors: []\n"
            "expected_output: {said: hi}\n")
        done = fulmar("workflow", "rehearse", "again.yaml")
        assert done.returncode == 0, done.stdout
    (tmp_path / "again.yaml").write_text(
        "workflow_state: state.json\nrerun_tasks: [{task_id: z}]\nexpected_task_sequence: []\n")
    assert "isn't rerunnable: z|0" in fulmar("workflow", "rehearse", "again.yaml").stdout
    (tmp_path / "state.json").write_text((tmp_path / "state.json").read_text().replace('"route"', '"rout"'))
    done = fulmar("workflow", "rehearse", "again.yaml")
    assert done.returncode == 1 and "workflow_state: the saved workflow has a bad row: entry 0" in done.stdout


MISTAKEN = """\
version: 1.0
tasks:
  first:
    action: core.echo message=<% ctx(name) %>
    next:
      - do: secnod
"""


def test_findings_of_an_inspected_file_name_line_and_column(fulmar, tmp_path):
    (tmp_path / "flow.yaml").write_text(WORKFLOW)
    (tmp_path / "mistaken.yaml").write_text(MISTAKEN)
    done = fulmar("workflow", "inspect", "flow.yaml")
    assert (done.returncode, done.stdout) == (0, "No errors found in workflow definition.\n")
    done = fulmar("workflow", "inspect", "flow.yaml", "mistaken.yaml")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        'mistaken.yaml:4:31: Variable "name" is referenced before assignment. (context, tasks.first.input)',
        'mistaken.yaml:6:9: The task "secnod" is not defined. (semantic, tasks.first.next[0].do)',
    ]


def test_names_that_lead_nowhere_are_hinted_at(fulmar, tmp_path):
    (tmp_path / "flow.yaml").write_text(
        "version: 1.0\nvars:\n  - hosts: [a]\ntasks:\n  first:\n    action: core.noop\n    next:\n      - publish:\n"
        "          - one: <% ctx().hosts.selct($) %>\n          - two: \"{{ ctx('hosts') | uper }}\"\n")
    done = fulmar("workflow", "inspect", "flow.yaml")
    assert (done.returncode, done.stdout) == (0, "No errors found in workflow definition.\n")
    assert done.stderr.splitlines() == [
        "flow.yaml:9:18: hint: Unknown method \"selct\". Did you mean 'select'? (tasks.first.next[0].publish[0].one)",
        "flow.yaml:10:19: hint: No filter named 'uper'. Did you mean 'upper'? (tasks.first.next[0].publish[1].two)",
    ]


def test_a_file_that_cannot_be_inspected_is_named(fulmar, tmp_path):
    (tmp_path / "broken.yaml").write_text("tasks: [")
    done = fulmar("workflow", "inspect", "broken.yaml")
    assert done.returncode == 1 and "broken.yaml: Failed to load workflow definition" in done.stdout
    assert fulmar("workflow", "inspect", "absent.yaml").returncode == 1
