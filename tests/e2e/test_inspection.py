# SPDX-License-Identifier: Apache-2.0
"""Workflow definitions inspected over the API; the recorded scenarios cover what the findings are."""

from harness.pack import Pack

DEFINITION = """\
version: 1.0
tasks:
  first:
    action: core.nothing_such
    next:
      - when: <% ctx(missing) %>
        do: noop
"""


def inspect(client, query=""):
    answer = client.post(f"/v1/workflows/inspect{query}", raw=DEFINITION, headers={"Content-Type": "text/plain"})
    assert answer.status == 200, answer
    return answer.json


def test_findings_tell_line_and_column_when_asked(client):
    findings = {finding["type"]: finding for finding in inspect(client, "?positions=true")}
    assert (findings["content"]["line"], findings["content"]["column"]) == (4, 5)
    assert (findings["context"]["line"], findings["context"]["column"]) == (6, 15)


def test_findings_are_as_clients_know_them_otherwise(client):
    assert all("line" not in finding and "column" not in finding for finding in inspect(client))


def test_a_bad_choice_is_refused(client):
    answer = client.post("/v1/workflows/inspect?positions=maybe", raw=DEFINITION, headers={"Content-Type": "text/plain"})
    assert answer.status == 400 and "positions" in answer.json["faultstring"]


def test_registering_tells_the_mistakes_of_workflows_and_chains(new_server, tmp_path):
    pack = Pack(tmp_path / "packs", "mistaken")
    pack.workflow("flow", """\
        tasks:
          first:
            action: core.echo message=<% ctx(name) %>
            next:
              - do: secnod
    """)
    pack.workflow("sound", """\
        tasks:
          first:
            action: core.noop
    """)
    pack.write("actions/workflows/chain.yaml", "chain: [{name: a, ref: core.noop, on-success: b}]\n")
    pack.action("chain", "action-chain", "workflows/chain.yaml")
    server = new_server(packs=[tmp_path / "packs"]).start()
    assert 'flow.yaml:4:31: Variable "name" is referenced before assignment.' in server.log
    assert 'flow.yaml:6:9: The task "secnod" is not defined.' in server.log
    assert "chain.yaml: " in server.log and "sound.yaml" not in server.log
    assert server.client.get("/v1/actions/mistaken.flow").status == 200
