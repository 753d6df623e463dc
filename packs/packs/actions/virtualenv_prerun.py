# SPDX-License-Identifier: Apache-2.0
from st2common.runners.base_action import Action


class PacksTransformationAction(Action):
    def run(self, packs_status=None, packs_list=None):
        done = [pack for pack, status in (packs_status or {}).items() if "success" in status.lower()]
        return list(packs_list or []) + done
