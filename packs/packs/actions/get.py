# SPDX-License-Identifier: Apache-2.0
import os

import places
import repository

from st2common.runners.base_action import Action


class GetInstalledAction(Action):
    def run(self, pack, branch="master"):
        directory = places.pack_directory(pack)
        if not os.path.isfile(os.path.join(directory, "pack.yaml")):
            return {"pack": None, "git_status": None}
        return {"pack": places.read_metadata(directory), "git_status": self.status(directory, branch)}

    @staticmethod
    def status(directory, branch):
        if not os.path.exists(os.path.join(directory, ".git")):
            return None
        lines = ["Status:", "", repository.git(directory, "status", "--short", "--branch"), "", "Remotes:", ""]
        lines.append(repository.git(directory, "remote", "--verbose"))
        if repository.find_commit(directory, "origin/" + branch):
            behind, ahead = repository.git(directory, "rev-list", "--left-right", "--count", f"origin/{branch}...HEAD").split()
            lines += ["", f"Ahead {ahead}, behind {behind} commits of origin/{branch}."]
        return "\n".join(lines)
