# SPDX-License-Identifier: Apache-2.0
import json
import os
import urllib.error
import urllib.request

from st2common.runners.base_action import Action


class InjectTriggerAction(Action):
    """Posts to the generic webhook, which dispatches the trigger."""

    def run(self, trigger=None, trigger_name=None, payload=None, trace_tag=None):
        if trigger and trigger_name:
            raise ValueError('"trigger" and "trigger_name" are the same parameter: give one of them')
        trigger = trigger or trigger_name
        if not trigger:
            raise ValueError('"trigger" is missing')
        self.logger.debug('Dispatching the trigger "%s"', trigger)
        return self.post({"trigger": trigger, "payload": payload or {}}, trace_tag)

    @staticmethod
    def post(body, trace_tag):
        headers = {"Content-Type": "application/json"}
        if os.environ.get("ST2_ACTION_AUTH_TOKEN"):
            headers["X-Auth-Token"] = os.environ["ST2_ACTION_AUTH_TOKEN"]
        if trace_tag:
            headers["St2-Trace-Tag"] = trace_tag
        url = os.environ["ST2_ACTION_API_URL"].rstrip("/") + "/webhooks/st2"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"The trigger was refused: {error.read().decode(errors='replace')}") from error
