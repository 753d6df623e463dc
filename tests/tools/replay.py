#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays API scenarios against a running server and says what was not as expected.

usage: replay.py [--api URL] [--user NAME] [--password TEXT] [--only WORD] [--quiet] [FILE_OR_FOLDER...]
"""

import argparse
import json
import pathlib
import sys
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness.client import Client  # noqa: E402
from harness.scenario import Play  # noqa: E402


def scenario_files(places):
    for place in places:
        path = pathlib.Path(place)
        yield from sorted(path.rglob("*.json")) if path.is_dir() else [path]


def main():
    parser = argparse.ArgumentParser(description="Replays API scenarios against a running server.")
    parser.add_argument("--api", default="http://127.0.0.1:9101")
    parser.add_argument("--user", default="st2admin")
    parser.add_argument("--password", default="")
    parser.add_argument("--only", default="", help="scenarios whose name has this word")
    parser.add_argument("--patience", type=float, default=1.0, help="stretches the limits of polling steps")
    parser.add_argument("--quiet", action="store_true", help="one line for each failed scenario")
    parser.add_argument("places", nargs="*", default=[HERE.parent / "golden" / "api"])
    args = parser.parse_args()

    url = urllib.parse.urlsplit(args.api)
    client = Client((url.hostname, url.port or 80))
    client.sign_in(args.user, args.password)
    passed = failed = 0
    for path in scenario_files(args.places):
        scenario = json.loads(path.read_text())
        if args.only not in scenario["id"]:
            continue
        problems = Play(client, args.user, args.password, scenario, args.patience).go()
        passed += not problems
        failed += bool(problems)
        if problems:
            print(f"{scenario['area']}/{scenario['id']}: {len(problems)} differ")
            if not args.quiet:
                print("\n".join("    " + problem for problem in problems))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
