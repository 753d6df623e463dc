# SPDX-License-Identifier: Apache-2.0
"""One fulmard process on a free port of 127.0.0.1, with a data directory of its own."""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import time

from .client import Client

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("FULMAR_BUILD", ROOT / "build-test"))
USER = "st2admin"
PASSWORD = "tests-only"
USUAL_PORT = 9101  # served when nothing else is asked for, together with 9100 and 9102
# What a sanitizer writes when it found something; no test passes with such a line in the log.
ALARMS = ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """`start` returns when the server is ready; `stop` ends it by its pid. The log is kept in `log_path`."""

    def __init__(self, folder, packs=(), arguments=(), environment=None, file_limit=None, program=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.packs, self.arguments = list(packs), list(arguments)
        self.environment, self.file_limit = dict(environment or {}), file_limit
        self.program = program or BUILD / "fulmard"
        self.log_path = self.folder / "fulmard.log"
        self.process = None
        self.port = free_port()
        self.client = Client(("127.0.0.1", self.port))

    @property
    def url(self):
        return self.client.url

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def command(self):
        command = [str(self.program), "--data-dir", str(self.data)]
        if self.port != USUAL_PORT:
            command += ["--listen", f"127.0.0.1:{self.port}"]
        for pack in self.packs:
            command += ["--packs-dir", str(pack)]
        return command + self.arguments

    def limit(self):
        if self.file_limit is not None:
            # Writing past the limit answers EFBIG instead of ending the process.
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_limit, self.file_limit))

    def spawn(self):
        """Starts the process and does not wait for it to be ready."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "FULMAR_ADMIN_PASSWORD": PASSWORD,
            "FULMAR_ACTIONRUNNER__SHUTDOWN_WAIT": "1",
            **{name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")},
            **self.environment,
        }
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                cwd=self.folder, preexec_fn=self.limit, start_new_session=True,
            )
        return self.process

    def start(self, timeout=60, sign_in=True):
        self.spawn()
        deadline = time.monotonic() + timeout
        while not self.is_ready():
            code = self.process.poll()
            assert code is None, f"fulmard ended with {code} while starting:\n{self.log[-4000:]}"
            assert time.monotonic() < deadline, f"fulmard is not ready after {timeout} s:\n{self.log[-4000:]}"
            time.sleep(0.01)
        if sign_in:
            self.client.sign_in(USER, PASSWORD)
        return self

    def is_ready(self):
        try:
            return self.client.get("/readyz", auth=False, timeout=5).status == 200
        except OSError:
            return False

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """Ends the process at once, as a power cut would; its children are left to themselves."""
        if self.alive():
            self.process.kill()
        if self.process:
            self.process.wait()

    def stop(self, timeout=60):
        """Ends the process in good order and returns its exit status."""
        if self.process is None:
            return None
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"fulmard did not end within {timeout} s of SIGTERM:\n{self.log[-4000:]}")

    def alarms(self):
        return [line for line in self.log.splitlines() if any(alarm in line for alarm in ALARMS)]

    def resident_kb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0
