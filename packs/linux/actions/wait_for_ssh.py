# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import tempfile
import time

from st2common.runners.base_action import Action

ASKPASS = '#!/bin/sh\nprintf "%s\\n" "$WAIT_FOR_SSH_PASSWORD"\n'


class BusyWaitSSHAction(Action):
    """Logs in with the ssh command until that works; the password travels in the environment, never as an argument."""

    def run(self, hostname, port=22, username="stanley", password=None, keyfile=None, ssh_timeout=5, sleep_delay=20, retries=10):
        if not password and not keyfile:
            raise ValueError('Either "password" or "keyfile" must be given')
        reason = ""
        for attempt in range(max(retries, 1)):
            if attempt:
                time.sleep(sleep_delay)
            reason = self.log_in(self.command(hostname, port, username, keyfile, ssh_timeout), password, ssh_timeout)
            if reason is None:
                return True
            self.logger.info("Try %d: %s", attempt + 1, reason)
        raise RuntimeError(f"Exceeded max retries ({retries}): {reason}")

    @staticmethod
    def command(hostname, port, username, keyfile, ssh_timeout):
        command = ["ssh", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                   "-o", "NumberOfPasswordPrompts=1", "-o", f"ConnectTimeout={ssh_timeout}", "-p", str(port), "-l", username]
        if keyfile:
            command += ["-o", "IdentitiesOnly=yes", "-i", keyfile]
        return command + ["--", hostname, "true"]

    @staticmethod
    def log_in(command, password, ssh_timeout):
        """None when it worked, else why it did not."""
        environment = dict(os.environ)
        with tempfile.TemporaryDirectory(prefix="wait-for-ssh-") as directory:
            if password:
                askpass = os.path.join(directory, "askpass")
                with open(askpass, "w", encoding="ascii") as file:
                    file.write(ASKPASS)
                os.chmod(askpass, 0o700)
                environment.update(SSH_ASKPASS=askpass, SSH_ASKPASS_REQUIRE="force", WAIT_FOR_SSH_PASSWORD=password)
            else:
                command = command[:1] + ["-o", "BatchMode=yes"] + command[1:]
            try:
                done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      timeout=ssh_timeout + 30, check=False)
            except subprocess.TimeoutExpired:
                return "ssh did not answer in time"
        return None if done.returncode == 0 else done.stderr.strip() or f"ssh failed with {done.returncode}"
