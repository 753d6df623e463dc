# SPDX-License-Identifier: Apache-2.0
"""The API, as the user the action runs for."""
import json
import os
import urllib.error
import urllib.request


def call(method, path, body=None, timeout=30):
    url = os.environ["ST2_ACTION_API_URL"].rstrip("/") + path
    headers = {"Content-Type": "application/json"}
    if os.environ.get("ST2_ACTION_AUTH_TOKEN"):
        headers["X-Auth-Token"] = os.environ["ST2_ACTION_AUTH_TOKEN"]
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RuntimeError(reason(error)) from error


def reason(error):
    text = error.read().decode(errors="replace")
    try:
        return json.loads(text)["faultstring"]
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}: {text}"


def match(command):
    found = call("POST", "/actionalias/match", {"command": command})
    return found["actionalias"], found["representation"]
