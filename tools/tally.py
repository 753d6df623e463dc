# SPDX-License-Identifier: Apache-2.0
"""Sums up the results of the test suites: a word for each, then one closing line for all.

usage: tally.py RESULTS SUITE...     RESULTS holds unit.json (Meson's log) and e2e.xml (JUnit)
"""

import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree


def count_program(entry):
    """Counts the tests within one cmocka program; a program that says nothing counts as one test."""
    text = entry.get("stdout", "") + entry.get("stderr", "")
    started = len(re.findall(r"^\[ RUN      \] ", text, re.M))
    passed = len(re.findall(r"^\[       OK \] ", text, re.M))
    skipped = len(re.findall(r"^\[  SKIPPED \] \w+$", text, re.M))
    good = entry["result"] in ("OK", "EXPECTEDFAIL")
    if entry["result"] == "SKIP":
        return 0, 0, 1
    if started == 0:
        return int(good), int(not good), 0
    failed = max(0, started - passed - skipped)
    if not good and failed == 0:
        failed = 1
    if good:
        failed = 0
        passed = started - skipped
    return passed, failed, skipped


def count_unit(folder):
    """Counts what Meson ran."""
    totals = [0, 0, 0]
    with open(os.path.join(folder, "unit.json"), encoding="utf-8") as log:
        for line in log:
            for i, n in enumerate(count_program(json.loads(line))):
                totals[i] += n
    return totals


def count_e2e(folder):
    """Counts what pytest ran; a run that was interrupted or could not collect is a failure."""
    tree = ElementTree.parse(os.path.join(folder, "e2e.xml")).getroot()
    failed = skipped = total = 0
    for suite in tree.iter("testsuite"):
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    if failed == 0 and os.path.exists(os.path.join(folder, "e2e.status")):
        failed = 1
    return [max(0, total - failed - skipped), failed, skipped]


COUNTERS = {"unit": count_unit, "e2e": count_e2e}


def main():
    folder, suites = sys.argv[1], sys.argv[2:]
    passed = failed = 0
    for suite in suites:
        try:
            counts = COUNTERS[suite](folder)
        except (OSError, ValueError, ElementTree.ParseError) as error:
            print(f"{suite}: no result ({error})")
            counts = [0, 1, 0]
        print(f"{suite}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")
        passed += counts[0]
        failed += counts[1]
    if passed == 0 and failed == 0:
        print("Nothing ran.")
        failed = 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
