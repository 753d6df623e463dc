# SPDX-License-Identifier: Apache-2.0
import os
import threading
import time

from st2reactor.sensor.base import Sensor

POLL_SECONDS = 0.5
READ_BYTES = 65536
LINE_BYTES_MAX = 1 << 20


class Tail:
    """New lines of one file, also when it is replaced or cut."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.rest = b""
        self.open(at_end=True)

    def open(self, at_end=False):
        try:
            self.file = open(self.path, "rb")
        except OSError:
            self.file = None
            return
        if at_end:
            self.file.seek(0, os.SEEK_END)
        self.rest = b""

    def close(self):
        if self.file:
            self.file.close()
            self.file = None

    def is_another(self):
        """Does the name lead to another file by now, or to a shorter one?"""
        try:
            there, ours = os.stat(self.path), os.fstat(self.file.fileno())
        except OSError:
            return True
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino) or there.st_size < self.file.tell()

    def lines(self):
        if self.file is None:
            self.open()
        while self.file:
            data = self.file.read(READ_BYTES)
            if not data:
                if self.is_another():
                    self.close()
                return
            parts = (self.rest + data).split(b"\n")
            self.rest = parts.pop()[-LINE_BYTES_MAX:]
            for line in parts:
                yield line.decode("utf-8", "replace").rstrip("\r")


class FileWatchSensor(Sensor):
    def __init__(self, sensor_service, config=None):
        super().__init__(sensor_service=sensor_service, config=config)
        self.log = sensor_service.get_logger(name=self.__class__.__name__)
        self.tails = {}
        self.lock = threading.Lock()
        self.stopped = False

    def setup(self):
        pass

    def run(self):
        while not self.stopped:
            with self.lock:
                tails = list(self.tails.items())
            for trigger, tail in tails:
                for line in tail.lines():
                    self.dispatch(trigger, tail.path, line)
            time.sleep(POLL_SECONDS)

    def dispatch(self, trigger, path, line):
        payload = {"file_path": path, "file_name": os.path.basename(path), "line": line}
        self.sensor_service.dispatch(trigger=trigger, payload=payload)

    def cleanup(self):
        self.stopped = True

    def add_trigger(self, trigger):
        path = trigger["parameters"].get("file_path")
        if not path:
            self.log.error('The trigger "%s" has no "file_path"', trigger.get("ref"))
            return
        with self.lock:
            self.tails[trigger["ref"]] = Tail(path)
        self.log.info('Watching "%s"', path)

    def update_trigger(self, trigger):
        self.remove_trigger(trigger)
        self.add_trigger(trigger)

    def remove_trigger(self, trigger):
        with self.lock:
            tail = self.tails.pop(trigger["ref"], None)
        if tail:
            tail.close()
