# SPDX-License-Identifier: Apache-2.0
import os
import shutil
import subprocess
import sys

import places

from st2common.runners.base_action import Action

BASE_REQUIREMENTS = ["six>=1.9.0,<2.0"]


class SetupVirtualEnvironmentAction(Action):
    """One virtual environment a pack; packs of the system use the server's Python."""

    def run(self, packs=None, update=False, no_download=True):
        for pack in packs or []:
            self.set_up(pack, update)
        return f"Successfully set up virtualenv for the following packs: {', '.join(packs or [])}"

    def set_up(self, pack, update):
        directory = places.pack_directory(pack)
        environment = os.path.join(places.virtualenvs_path(), pack)
        if not os.path.isdir(directory):
            raise ValueError(f'Pack "{pack}" is not installed. Looked in: {places.packs_path()}')
        if pack in places.SYSTEM_PACKS:
            return
        if not update and os.path.isdir(environment):
            shutil.rmtree(environment)
        if not os.path.isdir(environment):
            self.call(f'Failed to create virtualenv in "{environment}"',
                      sys.executable, "-m", "venv", "--system-site-packages", environment)
        requirements = os.path.join(directory, "requirements.txt")
        if os.path.isfile(requirements):
            self.pip(environment, f'Failed to install requirement "{BASE_REQUIREMENTS[0]}"', *BASE_REQUIREMENTS)
            self.pip(environment, f'Failed to install requirements from "{requirements}"', "-U", "-r", requirements)

    def pip(self, environment, failure, *arguments):
        proxies = []
        for key in ("http_proxy", "https_proxy"):
            if self.config.get(key):
                proxies += ["--proxy", self.config[key]]
        if self.config.get("https_proxy") and self.config.get("proxy_ca_bundle_path"):
            proxies += ["--cert", self.config["proxy_ca_bundle_path"]]
        self.call(failure, os.path.join(environment, "bin", "pip"), *proxies, "install", *arguments)

    def call(self, failure, *command):
        variables = {key: item for key, item in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
        self.logger.debug("%s", done.stdout)
        if done.returncode != 0:
            raise RuntimeError(f"{failure}: {done.stdout}{done.stderr}")
