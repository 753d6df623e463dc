# SPDX-License-Identifier: Apache-2.0
import fcntl
import hashlib
import os
import re
import shutil
import tempfile

import client
import places
import repository

from st2common.runners.base_action import Action

FORCE_HINT = 'You can override this restriction by providing the "force" flag, but the pack is not guaranteed to work.'


class DownloadPackAction(Action):
    """{reference: "Success." or "Failure : reason"}; fails when no pack could be had."""

    def run(self, packs, abs_repo_base, verifyssl=True, force=False, dependency_list=None):
        results, succeeded, url = {}, False, None
        for spec in dependency_list or packs:
            url = spec
            try:
                url, version = repository.resolve(spec, self.look_up)
                results[self.download(url, version, abs_repo_base, verifyssl, force)] = "Success."
                succeeded = True
            except (OSError, ValueError, RuntimeError) as error:
                results[spec] = f"Failure : {error}"
        if succeeded:
            return results
        errors = "\n".join(f" - {name}: {text}" for name, text in results.items())
        raise ValueError(f'The pack has not been downloaded from "{url}".\n\nErrors:\n{errors}')

    @staticmethod
    def look_up(name):
        return client.call("POST", "/packs/index/search", {"pack": name})

    def download(self, url, version, abs_repo_base, verify, force):
        base = places.packs_path(abs_repo_base)
        key = hashlib.sha256(url.encode()).hexdigest()
        with open(os.path.join(tempfile.gettempdir(), f"fulmar-pack-{key}.lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with tempfile.TemporaryDirectory(prefix="fulmar-pack-") as temporary:
                target = os.path.join(temporary, "pack")
                repository.fetch(url, version, target, verify)
                metadata = places.read_metadata(target)
                ref = places.pack_ref(metadata)
                if not force:
                    self.check_requirements(metadata)
                move(target, os.path.join(base, ref))
        return ref

    @staticmethod
    def check_requirements(metadata):
        server = client.call("GET", "/")["version"]
        wanted = metadata.get("stackstorm_version")
        if wanted and not fits(server, wanted):
            raise ValueError(f'Pack "{metadata["name"]}" requires StackStorm "{wanted}", but current version is '
                             f'"{complete(server)}". {FORCE_HINT}')
        if metadata.get("python_versions") == ["2"]:
            raise ValueError(f'Pack "{metadata["name"]}" requires Python 2.x, but current Python version is "3". {FORCE_HINT}')


def complete(version):
    return version.split("dev")[0] + ".0" if "dev" in version else version


def numbers(version):
    return tuple(int(part) for part in re.match(r"(\d+)\.(\d+)\.(\d+)", version).groups())


def fits(server, expression):
    """Each of the comma-separated comparisons holds."""
    have = numbers(complete(server))
    for part in (part.strip() for part in expression.split(",")):
        found = re.fullmatch(r"(>=|<=|>|<|==|!=)?(\d+\.\d+\.\d+\S*)", part)
        if not part:
            continue
        if not found:
            raise ValueError(f'"{part}" is not a comparison of versions')
        want = numbers(found.group(2))
        holds = {">=": have >= want, "<=": have <= want, ">": have > want, "<": have < want, "!=": have != want}
        if not holds.get(found.group(1), have == want):
            return False
    return True


def move(source, target):
    """Replaces what is there; what an operator had written into config.yaml stays."""
    old_config = os.path.join(target, "config.yaml")
    if os.path.isfile(old_config):
        shutil.copy2(old_config, os.path.join(source, "config.yaml"))
    if os.path.isdir(target):
        shutil.rmtree(target)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.move(source, target)
    for where, folders, files in os.walk(target):
        for name in folders + files:
            path = os.path.join(where, name)
            if not os.path.islink(path):
                os.chmod(path, 0o775)
    os.chmod(target, 0o775)
