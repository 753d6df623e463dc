# SPDX-License-Identifier: Apache-2.0
"""Checks what no compiler checks: licence lines, file sizes, leftovers, and that includes go downwards only."""

import os
import re
import sys

# The pure rooms and what each may include besides itself; rooms not named here may include any.
ROOMS = {
    "base": set(),
    "value": {"base"},
    "expr": {"base", "value"},
    "rules": {"base", "value", "expr"},
    "workflow": {"base", "value", "expr"},
    "chain": {"base", "value", "expr", "model"},
    "http": {"base", "value"},
}
MAX_LINES = 1000
SOURCE = (".c", ".h", ".py", ".sh")
FOLDERS = ("src", "tests", "bench", "tools", "python")


def source_files():
    for folder in FOLDERS:
        for where, _, names in os.walk(folder):
            if "fixtures" in where or "golden" in where.split(os.sep):
                continue
            for name in sorted(names):
                if name.endswith(SOURCE):
                    yield os.path.join(where, name)


def check_includes(path, text):
    parts = path.split(os.sep)
    if parts[0] != "src" or len(parts) < 3 or parts[1] not in ROOMS:
        return
    allowed = ROOMS[parts[1]] | {parts[1]}
    for match in re.finditer(r'^#include "([^"/]+)/', text, re.M):
        if match.group(1) not in allowed:
            line = text.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {parts[1]} includes {match.group(1)}, which is not below it"


def check(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if text and "SPDX-License-Identifier: Apache-2.0" not in text[:200]:
        yield f"{path}:1: no SPDX line at its head"
    lines = text.count("\n")
    if path.startswith("src") and lines > MAX_LINES:
        yield f"{path}: {lines} lines; split it by noun (at most {MAX_LINES})"
    for match in re.finditer("TO" + r"DO\b|FIX" + r"ME\b", text):
        line = text.count("\n", 0, match.start()) + 1
        yield f"{path}:{line}: {match.group()} left in"
    yield from check_includes(path, text)


def main():
    findings = [finding for path in source_files() for finding in check(path)]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
