#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes what the fuzz targets begin with: the expressions, workflows and criteria of the tables of cases, and files of packs.

usage: seeds.py FOLDER        makes FOLDER/TARGET/...; what is there already stays
"""

import hashlib
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases"
TEXT_MAX = 4096


def rows(name):
    with open(CASES / name, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def attacks(name):
    """The attacks as they are written; one repetition of what they repeat is enough to begin with."""
    for line in (CASES / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def inside(text):
    """What stands between the delimiters of YAQL."""
    text = text.strip()
    return text[2:-2].strip() if text.startswith("<%") and text.endswith("%>") else text


def jinja():
    for name in ("jinja.jsonl", "jinja-templates.jsonl"):
        yield from (row["expr"] for row in rows(name))
    yield from attacks("jinja-attacks.txt")


def yaql():
    yield from (inside(row["expr"]) for row in rows("yaql.jsonl"))
    yield from (inside(line) for line in attacks("yaql-attacks.txt"))


def criteria():
    """[criteria, payload] as the target reads it."""
    for row in rows("rules.jsonl"):
        criterion = {"type": row["operator"], "pattern": row["pattern"]}
        if "condition" in row:
            criterion["condition"] = row["condition"]
        yield json.dumps([{"trigger.x": criterion}, {"x": row["value"]}])


def workflows():
    for name in ("conduct.jsonl", "inspect.jsonl", "graph.jsonl"):
        yield from (row["definition"] for row in rows(name) if isinstance(row["definition"], str))
    for path in sorted((ROOT / "packs").glob("*/actions/workflows/*.yaml")):
        yield path.read_text(encoding="utf-8")


def chains():
    for path in sorted((ROOT / "packs").glob("*/actions/chains/*.yaml")):
        yield path.read_text(encoding="utf-8")


def yaml():
    for path in sorted((ROOT / "packs").rglob("*.yaml")):
        yield path.read_text(encoding="utf-8")


SEEDS = {
    "jinja_evaluate": jinja, "jinja_parse": jinja,
    "yaql_evaluate": yaql, "yaql_parse": yaql,
    "chain": chains, "criteria": criteria, "workflow_spec": workflows, "yaml": yaml, "pack-metadata": yaml,
}


def write(folder, targets):
    for target in targets:
        place = folder / target
        place.mkdir(parents=True, exist_ok=True)
        for text in SEEDS.get(target, lambda: ())():
            data = text.encode()
            if len(data) <= TEXT_MAX:
                (place / hashlib.sha1(data).hexdigest()).write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    write(pathlib.Path(sys.argv[1]), SEEDS)
