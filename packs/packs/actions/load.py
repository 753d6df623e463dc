# SPDX-License-Identifier: Apache-2.0
import client

from st2common.runners.base_action import Action


class RegisterPackAction(Action):
    """Dependencies come last in the list and are registered first."""

    def run(self, register="all", packs=None, timeout=300):
        types = ["all"] if register == "all" else register.split(",")
        body = {"types": types, "packs": list(reversed(packs or []))}
        return client.call("POST", "/packs/register", body, timeout=timeout)
