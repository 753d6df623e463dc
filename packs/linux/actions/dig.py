# SPDX-License-Identifier: Apache-2.0
import random
import subprocess

from st2common.runners.base_action import Action


class DigAction(Action):
    """The lines of dig's answer."""

    def run(self, hostname, nameserver=None, queryopts="short", querytype="A", rand=False, count=0):
        lines = self.ask(self.command(hostname, nameserver, queryopts, querytype))
        if rand:
            random.shuffle(lines)
        return lines[:count] if count > 0 else lines

    @staticmethod
    def command(hostname, nameserver, queryopts, querytype):
        command = ["dig"]
        if nameserver:
            command.append("@" + nameserver)
        command += ["-q", hostname, "-t", querytype]
        command += ["+" + option.strip() for option in (queryopts or "").split(",") if option.strip()]
        return command

    @staticmethod
    def ask(command):
        try:
            answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        except FileNotFoundError as error:
            raise RuntimeError("dig is not installed on this machine") from error
        if answer.returncode != 0:
            raise RuntimeError(answer.stderr.strip() or answer.stdout.strip() or f"dig failed with {answer.returncode}")
        return [line for line in answer.stdout.split("\n") if line]
