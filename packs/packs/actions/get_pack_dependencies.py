# SPDX-License-Identifier: Apache-2.0
import os

import places
import repository

from st2common.runners.base_action import Action


class GetPackDependencies(Action):
    """What the downloaded packs need and is not there, and what is there or asked for in another version."""

    def run(self, packs_status, nested):
        if not packs_status or nested == 0:
            return {}
        self.wanted, self.conflicts = [], []
        for pack, status in packs_status.items():
            if "success" in status.lower():
                self.add(places.read_metadata(places.pack_directory(pack)).get("dependencies") or [])
        return {"dependency_list": self.wanted, "conflict_list": self.conflicts, "nested": nested - 1}

    def add(self, dependencies):
        for dependency in dependencies:
            source, version = repository.split(dependency)
            name = short_name(source)
            installed = installed_version(name)
            if installed:
                if version and not same(version, installed):
                    self.conflicts.append(dependency)
            elif any(short_name(repository.split(other)[0]) == name and repository.split(other)[1] != version
                     for other in self.wanted):
                self.conflicts.append(dependency)
            elif dependency not in self.wanted:
                self.wanted.append(dependency)


def short_name(source):
    name = source.rstrip("/").split("/")[-1]
    return name.split(".")[0] if ".git" in name else name


def same(one, other):
    return one.removeprefix("v") == other.removeprefix("v")


def installed_version(name):
    for candidate in (name, name.split("stackstorm-")[-1]):
        if places.valid_name(candidate) and os.path.isfile(os.path.join(places.pack_directory(candidate), "pack.yaml")):
            return str(places.read_metadata(places.pack_directory(candidate)).get("version"))
    return None
