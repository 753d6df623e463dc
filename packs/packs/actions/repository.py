# SPDX-License-Identifier: Apache-2.0
"""Where a pack comes from, and its git repository."""
import os
import re
import shutil
import subprocess

SEMVER = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")


def split(spec):
    """`name=version`: what stands before and behind the first separator."""
    source, _, version = spec.partition("=")
    return source, version or None


def resolve(spec, index):
    """The URL and the version; `index` looks a name up."""
    source, version = split(spec)
    if "/" not in source:
        entry = index(source)
        if not entry:
            raise ValueError(f'No record of the "{source}" pack in the index.')
        return entry["repo_url"], version or entry.get("version")
    if source.count("/") == 1 and "git@" not in source and not source.startswith(("file:", "/", ".")):
        return "https://github.com/" + source, version
    return source, version


def git(directory, *arguments, verify=True):
    environment = dict(os.environ, GIT_TERMINAL_PROMPT="0", GIT_ASKPASS="/bin/echo")
    if not verify:
        environment["GIT_SSL_NO_VERIFY"] = "true"
    done = subprocess.run(["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.strip() or f"git failed with {done.returncode}")
    return done.stdout.strip()


def fetch(url, version, target, verify=True):
    """Puts the wanted revision below `target`, as a work tree that can be used later."""
    if url.startswith("file://"):
        local = url[len("file://"):]
        if not os.path.isdir(local):
            raise ValueError(f'Local pack directory "{local}" doesn\'t exist')
        if not os.path.exists(os.path.join(local, ".git")):
            shutil.copytree(local, target, symlinks=True)
            return
    if url.startswith("-"):
        raise ValueError(f'"{url}" is not a repository')
    git(None, "clone", "--quiet", "--", url, target, verify=verify)
    check_out(url, version, target)


def check_out(url, version, target):
    if not version:
        return
    default = git(target, "rev-parse", "--abbrev-ref", "HEAD")
    if version == default:
        return
    candidates = ["origin/" + version, version] + (["v" + version] if SEMVER.fullmatch(version) else [])
    for candidate in candidates:
        commit = find_commit(target, candidate)
        if commit:
            git(target, "checkout", "--quiet", "-B", default if default != "HEAD" else "pack", commit)
            return
    raise ValueError(f'"{version}" is not a valid version, hash, tag or branch in {url}.{available(target)}')


def find_commit(target, name):
    try:
        return git(target, "rev-parse", "--verify", "--quiet", "--end-of-options", name + "^{commit}")
    except ValueError:
        return None


def available(target):
    tags = [tag[1:] for tag in git(target, "tag", "--list", "v*").split("\n") if SEMVER.fullmatch(tag[1:])]
    return f" Available versions are: {', '.join(tags)}." if tags else ""
