#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the cases program over a case table and compares: compare_cases.py CASES-PROGRAM LANGUAGE TABLE.

Results must be equal (1, 1.0 and true are three things), errors of the same class; nine messages in ten worded alike."""
import json
import math
import subprocess
import sys


def same(want, got):
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, float) and isinstance(got, float):
        return math.isclose(want, got, rel_tol=1e-12, abs_tol=0.0) or want == got
    if type(want) is not type(got):
        return False
    if isinstance(want, dict):
        if want.keys() == {"$set"} == got.keys():
            return sorted(map(json.dumps, want["$set"])) == sorted(map(json.dumps, got["$set"]))
        return want.keys() == got.keys() and all(same(v, got[k]) for k, v in want.items())
    if isinstance(want, list):
        return len(want) == len(got) and all(map(same, want, got))
    return want == got


def main():
    program, language, table = sys.argv[1:]
    with open(table, encoding="utf-8") as f:
        lines = [line for line in f if line.strip()]
    run = subprocess.run([program, language], input="".join(lines), capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    failed = alike = errors = 0
    for line, got in zip(lines, answers, strict=True):
        want = json.loads(line)
        if "error" in want:
            ok = got.get("error", {}).get("class") == want["error"]["class"]
            errors += 1
            alike += ok and got["error"]["message"] == want["error"]["message"]
        else:
            ok = "result" in got and same(want["result"], got["result"])
        if not ok:
            failed += 1
            print(f"{want['expr']!r}\n  want {want.get('result', want.get('error'))!r}\n  got  {got!r}")
    print(f"{len(lines)} cases, {failed} failed, {alike} of {errors} messages alike")
    return 1 if failed or alike * 10 < errors * 9 else 0


sys.exit(main())
