# SPDX-License-Identifier: Apache-2.0
import os
import shutil

import places

from st2common.runners.base_action import Action


class UninstallPackAction(Action):
    def run(self, packs, abs_repo_base, delete_env=True):
        refused = sorted(set(packs) & set(places.SYSTEM_PACKS))
        if refused:
            raise ValueError(f"Uninstall includes an uninstallable pack - {', '.join(refused)}.")
        for pack in packs:
            self.remove(places.pack_directory(pack, abs_repo_base))
        for pack in packs if delete_env else []:
            self.remove(os.path.join(places.virtualenvs_path(abs_repo_base), pack))

    def remove(self, directory):
        if os.path.isdir(directory):
            self.logger.debug('Removing "%s"', directory)
            shutil.rmtree(directory)
