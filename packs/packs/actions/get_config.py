# SPDX-License-Identifier: Apache-2.0
import os

import places

from st2common.runners.base_action import Action


class GetPackConfigAction(Action):
    def run(self):
        return {"pack_group": os.environ.get("FULMAR_PACK_GROUP", "st2packs"), "pack_path": places.packs_path()}
