# SPDX-License-Identifier: Apache-2.0
"""Plays API scenarios: requests in order, each answer held against what is expected.

The format is described in tests/golden/README.md.
"""

import base64
import http.client
import json
import socket
import threading
import time

from .client import Answer
from .matching import MISSING, Unknown, differences, fill_in, fits, pick

PREFIX = {"api": "", "auth": "/auth", "stream": "/stream"}
TROUBLE = (OSError, http.client.HTTPException)


def shorten(value, limit=400):
    text = value if isinstance(value, str) else repr(value) if value is MISSING else json.dumps(value)
    return text if len(text) <= limit else text[:limit] + "..."


def body_of(answer):
    """What an expectation of the body is held against: the JSON, or the text where there is none."""
    if answer.is_json:
        try:
            return answer.json
        except ValueError:
            pass
    return answer.text


class EventStream:
    """Server-sent events, read in the background until the stream ends or is closed."""

    def __init__(self, connection, response):
        self.connection, self.response = connection, response
        self.events, self.ended = [], False
        self.answer = Answer(response.status, response.getheaders(), b"")
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        fields = {}
        try:
            for line in iter(self.response.readline, b""):
                line = line.decode("utf-8", "replace").rstrip("\r\n")
                name, colon, text = line.partition(":")
                if colon and name:
                    text = text[1:] if text.startswith(" ") else text
                    fields[name] = fields[name] + "\n" + text if name in fields else text
                elif not line and fields:
                    self.deliver(fields)
                    fields = {}
        except (ValueError, AttributeError, *TROUBLE):
            pass
        self.ended = True

    def deliver(self, fields):
        try:
            fields["data"] = json.loads(fields.get("data", ""))
        except ValueError:
            pass
        self.events.append(fields)

    def close(self):
        try:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.connection.close()


class Play:
    """One pass over one scenario; `problems` holds a line for everything that was not as expected."""

    def __init__(self, client, user, password, scenario, patience=1.0):
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.client, self.scenario, self.patience = client, scenario, patience
        self.variables = {"token": client.token, "user": user, "password": password, "basic": basic}
        self.streams, self.problems = {}, []
        self.number = 0

    def problem(self, path, want, got):
        self.problems.append(f"step {self.number}: {path}: wanted {shorten(want)}, got {shorten(got)}")

    def go(self):
        self.clean_up()
        try:
            for need in self.scenario.get("needs", []):
                if not self.provide(need):
                    self.problems.append(f"the server has no {need}")
                    return self.problems
            for self.number, step in enumerate(self.scenario["steps"], 1):
                self.guarded(step)
        finally:
            for stream in self.streams.values():
                stream.close()
            self.clean_up()
        return self.problems

    def guarded(self, step):
        try:
            self.step(step)
        except (Unknown, *TROUBLE) as trouble:
            self.problem("request", "an answer", repr(trouble))

    def clean_up(self):
        for request in self.scenario.get("cleanup", []):
            try:
                self.send(fill_in(request, self.variables))
            except (Unknown, *TROUBLE):
                pass

    def provide(self, need):
        """A pack, or with a dot an action; a pack that is only on disk is registered."""
        kind = "actions" if "." in need else "packs"
        if self.client.get(f"/v1/{kind}/{need}").status == 200:
            return True
        if kind == "packs":
            self.client.post("/v1/packs/register", {"packs": [need], "types": ["all"]})
        return self.client.get(f"/v1/{kind}/{need}").status == 200

    def options(self, request):
        options = {"headers": request.get("headers"), "auth": request.get("auth", "token") == "token"}
        if "raw" in request:
            options["raw"] = request["raw"]
        elif "body" in request:
            options["raw"] = json.dumps(request["body"])
            options["headers"] = {"Content-Type": "application/json", **(options["headers"] or {})}
        return request["method"], PREFIX[request.get("service", "api")] + request["path"], options

    def send(self, request):
        method, path, options = self.options(request)
        return self.client.send(method, path, **options)

    def step(self, step):
        if "wait" in step:
            time.sleep(step["wait"])
        elif "events" in step:
            self.check_events(step)
        elif "stream" in step:
            method, path, options = self.options(fill_in(step["request"], self.variables))
            stream = self.streams[step["stream"]] = EventStream(*self.client.open(method, path, timeout=60, **options))
            self.check(step, stream.answer)
        else:
            request = fill_in(step["request"], self.variables)
            for _ in range(step.get("repeat", 1)):
                self.check(step, self.poll(request, step["until"]) if "until" in step else self.send(request))

    def deadline(self, until):
        return time.monotonic() + until.get("timeout", 30) * self.patience

    def poll(self, request, until):
        body = fill_in(until.get("body", {"$any": True}), self.variables)
        deadline = self.deadline(until)
        while True:
            answer = self.send(request)
            if answer.status == until.get("status", answer.status) and fits(body, body_of(answer)):
                return answer
            if time.monotonic() > deadline:
                self.problem("until", until, repr(answer))
                return answer
            time.sleep(0.05)

    def check_events(self, step):
        stream = self.streams[step["events"]]
        last = fill_in(step["until"]["event"], self.variables)
        deadline = self.deadline(step["until"])
        while not any(fits(last, event) for event in list(stream.events)):
            if stream.ended or time.monotonic() > deadline:
                self.problem("until", last, stream.events)
                break
            time.sleep(0.05)
        got = list(stream.events)
        if "only" in step:
            only = fill_in(step["only"], self.variables)
            got = [event for event in got if fits(only, event)]
        if "expect" in step:
            self.compare(fill_in(step["expect"]["list"], self.variables), got, "list")
        self.capture(step, got, None)

    def compare(self, want, got, path):
        for difference in differences(want, got, path):
            self.problem(*difference)

    def capture(self, step, body, answer):
        for name, path in step.get("capture", {}).items():
            header = path.startswith("header:")
            got = answer.header(path[len("header:"):]) if header else pick(body, path)
            if got is MISSING or got is None and header:
                self.problem(f"capture {name}", path, body)
            else:
                self.variables[name] = got

    def check(self, step, answer):
        self.capture(step, body_of(answer), answer)
        expect = fill_in(step.get("expect", {}), self.variables)
        statuses = expect.get("status", answer.status)
        if answer.status not in (statuses if isinstance(statuses, list) else [statuses]):
            self.problem("status", statuses, repr(answer))
            return
        for name, want in expect.get("headers", {}).items():
            self.check_header(name, want, answer.header(name))
        if "body" in expect:
            self.compare(expect["body"], body_of(answer), "body")
        if "text" in expect:
            self.compare(expect["text"], answer.text, "text")

    def check_header(self, name, want, got):
        if name.lower() == "content-type" and isinstance(want, str) and got is not None:
            want, got = want.lower().replace(" ", ""), got.lower().replace(" ", "")
        self.compare({"$absent": True} if want is None else want, MISSING if got is None else got, f"header {name}")
