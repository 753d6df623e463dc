# SPDX-License-Identifier: Apache-2.0
"""A server that answers what the client asks with canned documents, for tests of the client alone.

Routes are (method, path) pairs; a path ending in "*" matches what begins with it. Every request is kept in `requests`.
"""

import http.server
import json
import threading
import urllib.parse


class FakeServer:
    def __init__(self, routes=None):
        self.routes = dict(routes or {})
        self.requests = []
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode() if length else ""
                parts = urllib.parse.urlsplit(self.path)
                fake.requests.append(
                    {"method": self.command, "path": parts.path, "query": dict(urllib.parse.parse_qsl(parts.query)),
                     "target": self.path, "headers": dict(self.headers), "body": body})
                status, headers, text = fake.find(self.command, parts.path, fake.requests[-1])
                data = text.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def find(self, method, path, request):
        route = self.routes.get((method, path))
        if route is None:
            for (wanted, prefix), candidate in self.routes.items():
                if wanted == method and prefix.endswith("*") and path.startswith(prefix[:-1]):
                    route = candidate
                    break
        if callable(route):
            route = route(request)
        if route is None:
            return 404, {"Content-Type": "application/json"}, json.dumps({"faultstring": "Not here: %s" % path})
        status, headers = 200, {"Content-Type": "application/json"}
        if isinstance(route, tuple):
            status, route = route[0], route[1]
        if isinstance(route, dict) and "stream" in route:
            return status, {"Content-Type": "text/event-stream"}, route["stream"]
        if isinstance(route, list):
            headers["X-Total-Count"] = str(len(route))
        return status, headers, route if isinstance(route, str) else json.dumps(route)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
