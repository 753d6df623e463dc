# SPDX-License-Identifier: Apache-2.0
"""Where packs are, and what their names may be."""
import os
import re

SYSTEM_PACKS = ("chatops", "core", "linux", "packs")
DEFAULT_PATH = "/opt/stackstorm/packs"


def packs_path(given=None):
    """FULMAR_PACKS_DIR is set by a server that keeps its packs elsewhere."""
    return (os.environ.get("FULMAR_PACKS_DIR") or given or DEFAULT_PATH).rstrip("/")


def virtualenvs_path(given=None):
    return os.path.join(os.path.dirname(packs_path(given)), "virtualenvs")


def valid_name(name):
    return re.fullmatch("[a-z0-9_]+", name) is not None and name != "_global"


def pack_directory(name, given=None):
    if not valid_name(name):
        raise ValueError(f'Invalid pack name "{name}"')
    return os.path.join(packs_path(given), name)


def read_metadata(directory):
    """The mapping of pack.yaml; fails with a readable text when it cannot be used."""
    import yaml

    with open(os.path.join(directory, "pack.yaml"), encoding="utf-8") as file:
        metadata = yaml.safe_load(file)
    if not isinstance(metadata, dict):
        raise ValueError("pack.yaml is not a mapping")
    return metadata


def pack_ref(metadata):
    """A download has no directory name yet: the reference is written down, or the name is one."""
    ref = metadata.get("ref") or metadata.get("name") or ""
    if not valid_name(str(ref)):
        raise ValueError(
            f'Pack name "{ref}" contains invalid characters and "ref" attribute is not available. You either need to add '
            '"ref" attribute which contains only word characters to the pack metadata file or update name attribute to '
            "contain only word characters."
        )
    return str(ref)
