# SPDX-License-Identifier: Apache-2.0
"""The player of API scenarios, held against a small server that answers as told."""

import http.server
import json
import threading

import pytest

from harness.client import Client
from harness.scenario import Play

EVENTS = (
    'event: first\ndata: {"n": 1}\n\n'
    ": a comment\n\n"
    'event: other\ndata: {"n": 2}\n\n'
    'event: last\ndata: {"n":\ndata: 3}\n\n'
)


class Handler(http.server.BaseHTTPRequestHandler):
    """/count answers how often it was asked, /echo the request, /events a stream; /packs/... knows no pack."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        kind = "application/json"
        if self.path.endswith("/count"):
            self.server.asked += 1
            status, text = 200, json.dumps({"n": self.server.asked})
        elif self.path.endswith("/events"):
            status, text, kind = 200, EVENTS, "text/event-stream"
        elif self.path.startswith("/v1/packs/"):
            status, text = 404, '{"faultstring": "no"}'
        else:
            token = self.headers.get("X-Auth-Token")
            status, text = 201, json.dumps({"method": self.command, "path": self.path, "body": body, "token": token})
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("X-Mark", "m1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_DELETE = answer


@pytest.fixture
def play():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = 0
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    client = Client(server.server_address)
    client.token = "t"

    def run(*steps, **more):
        return Play(client, "u", "p", {"id": "x", "area": "x", "steps": list(steps), **more}).go()

    yield run
    server.shutdown()
    server.server_close()


def get(path, **more):
    return {"method": "GET", "path": path, **more}


def test_an_answer_as_expected_is_no_problem(play):
    expect = {
        "status": 201,
        "headers": {"X-Mark": "m1", "X-None": None, "Content-Type": "application/json"},
        "body": {"method": "POST", "path": "/auth/a", "body": '{"k": 1}', "token": None},
    }
    request = {"method": "POST", "path": "/a", "service": "auth", "auth": "none", "body": {"k": 1}}
    assert play({"request": request, "expect": expect}) == []


@pytest.mark.parametrize(
    "expect",
    [
        {"status": 200},
        {"status": [200, 400]},
        {"headers": {"X-Mark": None}},
        {"headers": {"X-None": "x"}},
        {"headers": {"Content-Type": "text/plain"}},
        {"body": {}},
        {"text": "x"},
    ],
)
def test_every_other_answer_is_a_problem(play, expect):
    problems = play({"request": get("/a"), "expect": expect})
    assert problems and problems[0].startswith("step 1: ")


def test_what_was_captured_is_filled_in(play):
    steps = [
        {"request": get("/count"), "capture": {"n": "n", "mark": "header:X-Mark", "all": "."}},
        {"request": get("/${mark}"), "expect": {"body": {"$subset": {"path": "/m1", "token": "t"}}}},
        {"request": {"method": "POST", "path": "/a", "body": {"n": "${n}"}}, "expect": {"body": {"$subset": {"body": '{"n": 1}'}}}},
    ]
    assert play(*steps) == []
    assert "never captured" in play({"request": get("/${nothing}")})[0]
    assert "capture" in play({"request": get("/count"), "capture": {"x": "no.such.path"}})[0]


def test_until_waits_and_gives_up(play):
    waiting = {"request": get("/count"), "until": {"status": 200, "body": {"n": 4}}, "expect": {"body": {"n": 4}}}
    assert play(waiting) == []
    never = {"request": get("/count"), "until": {"body": {"n": -1}, "timeout": 0.2}}
    assert "until" in play(never)[0]


def test_repeat_sends_again(play):
    steps = [{"request": get("/count"), "repeat": 3}, {"request": get("/count"), "expect": {"body": {"n": 4}}}]
    assert play(*steps) == []


def test_events_are_read_to_the_last(play):
    opening = {"stream": "s", "request": get("/events"), "expect": {"status": 200}}
    last = {"event": {"event": "last", "data": {"n": 3}}, "timeout": 5}
    fine = {"events": "s", "until": last, "only": {"data": {"n": {"$type": "int"}}, "event": {"$re": "first|last"}}}
    assert play(opening, {**fine, "expect": {"list": [{"event": "first", "data": {"n": 1}}, last["event"]]}}) == []
    assert play(opening, {**fine, "expect": {"list": []}})
    assert play(opening, {"events": "s", "until": {"event": {"event": "none"}, "timeout": 0.2}})


def test_what_is_needed_and_missing_is_a_problem(play):
    assert play({"request": get("/a")}, needs=["nopack"]) == ["the server has no nopack"]


def test_clean_up_leaves_out_what_it_cannot_send(play):
    cleanup = [get("/count"), get("/${never}")]
    assert play({"request": get("/count"), "expect": {"body": {"n": 2}}}, cleanup=cleanup) == []
