#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a fuzz target that was built without a fuzzer over its seeds and over what was found once.

usage: replay.py PROGRAM TARGET
"""

import pathlib
import subprocess
import sys
import tempfile

import seeds


def main():
    program, target = sys.argv[1:]
    corpus = pathlib.Path(__file__).resolve().parent / "corpus" / target
    with tempfile.TemporaryDirectory() as folder:
        seeds.write(pathlib.Path(folder), [target])
        return subprocess.run([program, folder, *([corpus] if corpus.is_dir() else [])]).returncode


if __name__ == "__main__":
    sys.exit(main())
