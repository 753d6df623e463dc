# SPDX-License-Identifier: Apache-2.0
import client

from st2common.runners.base_action import Action


class PackSearch(Action):
    def run(self, query):
        return client.call("POST", "/packs/index/search", {"query": query})
