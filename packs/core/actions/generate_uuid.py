# SPDX-License-Identifier: Apache-2.0
import uuid

from st2common.runners.base_action import Action

KINDS = {"uuid1": uuid.uuid1, "uuid4": uuid.uuid4}


class GenerateUUID(Action):
    def run(self, uuid_type="uuid4"):
        if uuid_type not in KINDS:
            raise ValueError(f"Unknown kind of UUID: {uuid_type}")
        return str(KINDS[uuid_type]())
