# SPDX-License-Identifier: Apache-2.0
"""Who may answer a question, and what becomes of one that nobody answers."""

import sqlite3
import time

from harness.server import USER, free_port

ANSWER = {"continue": True}


def ask(client, **parameters):
    execution = client.run("core.ask", parameters, wait=False)
    return client.wait(execution["id"], until=("pending",))["id"]


def answer(client, inquiry, user=None):
    headers = {}
    if user:
        key = client.post("/v1/apikeys", {"user": user}).json["key"]
        headers["St2-Api-Key"] = key
    return client.put(f"/v1/inquiries/{inquiry}", {"id": inquiry, "response": ANSWER}, auth=not user, headers=headers)


def test_anybody_answers_when_nobody_is_named(client):
    assert answer(client, ask(client), user="ann").status == 200


def test_only_those_who_are_named_answer(client):
    inquiry = ask(client, users=["bob", "ann"])
    refused = answer(client, inquiry)
    assert refused.status == 403
    assert refused.json["faultstring"] == f'User "{USER}" does not have permission to respond to inquiry "{inquiry}".'
    assert client.get(f"/v1/executions/{inquiry}").json["status"] == "pending"
    assert answer(client, inquiry, user="bob").json == {"id": inquiry, "response": ANSWER}
    late = answer(client, inquiry, user="ann")
    assert late.status == 400 and late.json["faultstring"] == f'Inquiry "{inquiry}" has already been responded to.'


def test_without_rbac_everybody_has_every_role(client):
    inquiry = ask(client, roles=["operator"])
    assert client.get(f"/v1/inquiries/{inquiry}").json["roles"] == ["operator"]
    assert answer(client, inquiry, user="ann").status == 200
    inquiry = ask(client, roles=["operator"], users=["bob"])
    assert answer(client, inquiry, user="ann").status == 403
    assert answer(client, inquiry, user="bob").status == 200


def test_a_question_times_out_although_the_server_was_down_then(new_server):
    server = new_server()
    server.start()
    inquiry = ask(server.client, ttl=1)
    kept = ask(server.client, ttl=0)
    server.kill()
    # A minute goes by.
    with sqlite3.connect(server.data / "fulmar.db") as db:
        changed = db.execute("UPDATE execution SET due_us = due_us - 60000000 WHERE due_us > 0")
        assert changed.rowcount == 1
    db.close()
    server.port = server.client.port = free_port()
    server.start()
    assert server.client.wait(inquiry)["status"] == "timeout"
    refused = answer(server.client, inquiry)
    assert refused.status == 400
    assert refused.json["faultstring"] == f'Inquiry "{inquiry}" timed out and cannot be responded to.'
    time.sleep(0.5)
    assert server.client.get(f"/v1/executions/{kept}").json["status"] == "pending"
