# SPDX-License-Identifier: Apache-2.0
import client

from st2common.runners.base_action import Action


class MatchAction(Action):
    def run(self, text):
        alias, representation = client.match(text)
        return {
            "alias": {key: alias.get(key) for key in ("name", "pack", "action_ref")},
            "representation": representation,
        }
