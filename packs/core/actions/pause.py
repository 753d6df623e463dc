# SPDX-License-Identifier: Apache-2.0
import time
from random import randint

from st2common.runners.base_action import Action


class PauseAction(Action):
    """Waits and tells how many seconds it was."""

    def run(self, max_pause, random=False):
        seconds = self.pick(max_pause) if random else max_pause
        time.sleep(max(seconds, 0))
        return seconds

    @staticmethod
    def pick(most):
        return randint(0, max(most, 0))
