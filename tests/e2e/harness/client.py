# SPDX-License-Identifier: Apache-2.0
"""A small HTTP client: one connection a request, answers with their JSON read. Standard library only."""

import base64
import http.client
import json
import socket
import time
import urllib.parse

FINISHED = ("succeeded", "failed", "timeout", "canceled", "abandoned")
SAFE = "/?&=%:,.+~*'()!$@;[]|<>"


class Answer:
    """One response: `status`, `headers` (pairs), `raw` bytes, `text`, and `json` where the type says so."""

    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def text(self):
        return self.raw.decode("utf-8", "replace")

    @property
    def is_json(self):
        return "json" in (self.header("Content-Type") or "")

    @property
    def json(self):
        return json.loads(self.text)

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    def __repr__(self):
        return f"{self.status} {self.text[:500]}"


class Client:
    """Talks to one server. `token` or `api_key` is sent with every request once there is one."""

    def __init__(self, address, timeout=30):
        self.host, self.port = address
        self.timeout = timeout
        self.token = None

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def open(self, method, path, body=None, headers=None, raw=None, auth=True, timeout=None):
        """Sends a request and returns the connection and its response, the body not yet read."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout or self.timeout)
        sent = {"Accept": "*/*"}
        if auth and self.token:
            sent["X-Auth-Token"] = self.token
        data = raw.encode() if isinstance(raw, str) else raw
        if data is None and body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        connection.request(method, urllib.parse.quote(path, safe=SAFE), data, sent)
        return connection, connection.getresponse()

    def send(self, method, path, body=None, **options):
        connection, response = self.open(method, path, body, **options)
        try:
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.send("POST", path, {} if body is None and "raw" not in options else body, **options)

    def put(self, path, body, **options):
        return self.send("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.send("DELETE", path, **options)

    def sign_in(self, user, password):
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        answer = self.post("/auth/v1/tokens", {}, auth=False, headers={"Authorization": "Basic " + basic})
        assert answer.status == 201, f"signing in: {answer}"
        self.token = answer.json["token"]
        return answer.json

    def run(self, action, parameters=None, wait=True, timeout=60, **fields):
        """Asks for an execution, and by default waits for its end; the execution is returned."""
        answer = self.post("/v1/executions", {"action": action, "parameters": parameters or {}, **fields})
        assert answer.status == 201, f"running {action}: {answer}"
        return self.wait(answer.json["id"], timeout=timeout) if wait else answer.json

    def wait(self, execution_id, until=FINISHED, timeout=60):
        """Waits until an execution has one of the statuses named."""
        deadline = time.monotonic() + timeout
        while True:
            answer = self.get(f"/v1/executions/{execution_id}")
            assert answer.status == 200, f"execution {execution_id}: {answer}"
            if answer.json["status"] in until:
                return answer.json
            assert time.monotonic() < deadline, f"execution {execution_id} is still {answer.json['status']}"
            time.sleep(0.02)

    def raw_exchange(self, data, close=False, timeout=10):
        """Sends bytes as they are and returns the bytes that come back until the server closes or falls silent."""
        with socket.create_connection((self.host, self.port), timeout) as connection:
            connection.settimeout(timeout)
            received = b""
            try:
                connection.sendall(data)
                if close:
                    connection.shutdown(socket.SHUT_WR)
                while True:
                    chunk = connection.recv(65536)
                    if not chunk:
                        break
                    received += chunk
            except OSError:
                pass  # the server has had enough, or says no more
            return received


def eventually(check, timeout=30, interval=0.05, what="it"):
    """Repeats `check` until it returns something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come about within {timeout} s"
        time.sleep(interval)
