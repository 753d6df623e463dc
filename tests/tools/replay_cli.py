#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Replays command line scenarios with a client against a running server and says what was not as expected.

usage: replay_cli.py --bin PATH [--api URL] [--user NAME] [--password TEXT] [--only WORD] [FILE_OR_FOLDER...]
"""

import argparse
import json
import pathlib
import sys
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness.cli_scenario import CliPlay  # noqa: E402
from harness.client import Client  # noqa: E402
from replay import scenario_files  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description="Replays command line scenarios against a running server.")
    parser.add_argument("--bin", required=True, help="the client")
    parser.add_argument("--api", default="http://127.0.0.1:9101")
    parser.add_argument("--user", default="st2admin")
    parser.add_argument("--password", default="")
    parser.add_argument("--only", default="", help="scenarios whose name has this word")
    parser.add_argument("--patience", type=float, default=1.0, help="stretches the limits of steps that wait")
    parser.add_argument("places", nargs="*", default=[HERE.parent / "golden" / "cli"])
    args = parser.parse_args()

    url = urllib.parse.urlsplit(args.api)
    client = Client((url.hostname, url.port or 80))
    client.sign_in(args.user, args.password)
    client.post("/v1/packs/register", {"packs": ["goldcli"], "types": ["all"]})
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="replay-cli.") as top:
        # Usage messages begin with the name of the program.
        st2 = pathlib.Path(top) / "st2"
        st2.symlink_to(pathlib.Path(args.bin).resolve())
        for path in scenario_files(args.places):
            scenario = json.loads(path.read_text())
            if args.only not in scenario["id"]:
                continue
            folder = pathlib.Path(top) / scenario["id"]
            folder.mkdir()
            problems = CliPlay(st2, client, args.user, args.password, scenario, folder, args.patience).go()
            passed += not problems
            failed += bool(problems)
            if problems:
                print("\n    ".join([f"{scenario['id']}: {len(problems)} differ", *problems]), flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
