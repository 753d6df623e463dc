# SPDX-License-Identifier: Apache-2.0
"""Workflow definitions inspected over the API; the recorded scenarios cover what the findings are."""

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
