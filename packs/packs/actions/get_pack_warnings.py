# SPDX-License-Identifier: Apache-2.0
import places

from st2common.runners.base_action import Action


class GetPackWarnings(Action):
    def run(self, packs_status):
        if not packs_status:
            return {}
        return {"warning_list": [
            f"DEPRECATION WARNING: Pack {pack} only supports Python 2.x. Python 2 support has been removed since st2 v3.4.0. "
            "Please update your packs to work with Python 3.x"
            for pack, status in packs_status.items()
            if "success" in status.lower()
            and places.read_metadata(places.pack_directory(pack)).get("python_versions") == ["2"]
        ]}
