# SPDX-License-Identifier: Apache-2.0
import time

import client

from st2common.runners.base_action import Action

ON_ITS_WAY = ("requested", "scheduled", "delayed", "running", "canceling", "pausing", "resuming")


class ExecuteAction(Action):
    def run(self, text, source_channel=None, user=None):
        alias, representation = client.match(text)
        made = client.call("POST", "/aliasexecution", {
            "name": alias["name"],
            "format": representation,
            "command": text,
            "user": user or "",
            "source_channel": source_channel or "",
            "notification_channel": None,
            "notification_route": None,
        })
        execution = made["execution"]
        while execution["status"] in ON_ITS_WAY:
            time.sleep(1)
            execution = client.call("GET", "/executions/" + execution["id"])
        return execution["id"]
