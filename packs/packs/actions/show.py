# SPDX-License-Identifier: Apache-2.0
import client

from st2common.runners.base_action import Action


class PackShow(Action):
    def run(self, pack):
        return {"pack": client.call("POST", "/packs/index/search", {"pack": pack}) or None}
