#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares our YAML with PyYAML.

compare.py PROGRAM CASES [SEED [COUNT]]   asks PROGRAM (the yaml-answers test program) and PyYAML about every case of the
                                          file and about COUNT random ones
compare.py --write CASES                  puts PyYAML's answers into the file

Exits with 77 (skipped) when python3-yaml is not there.
"""
import datetime
import json
import math
import random
import subprocess
import sys

try:
    import yaml
except ImportError:
    print("python3-yaml is not installed: only the committed answers are compared")
    sys.exit(77)

Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def tagged(v):
    if isinstance(v, dict):
        if all(isinstance(k, str) and not k.startswith("!") for k in v):
            return {k: tagged(x) for k, x in v.items()}
        return {"!map": [[tagged(k), tagged(x)] for k, x in v.items()]}
    if isinstance(v, list):
        return [tagged(x) for x in v]
    if isinstance(v, tuple):
        return {"!tuple": [tagged(x) for x in v]}
    if isinstance(v, (set, frozenset)):
        return {"!set": sorted((tagged(x) for x in v), key=json.dumps)}
    if isinstance(v, bytes):
        return {"!bytes": v.hex()}
    if isinstance(v, datetime.datetime):
        return {"!datetime": v.isoformat()}
    if isinstance(v, datetime.date):
        return {"!date": v.isoformat()}
    if isinstance(v, float) and not math.isfinite(v):
        return {"!float": repr(v)}
    return v


def untagged(v):
    if isinstance(v, list):
        return [untagged(x) for x in v]
    if not isinstance(v, dict):
        return v
    if len(v) == 1:
        (k, x), = v.items()
        made = {
            "!map": lambda: {untagged(a): untagged(b) for a, b in x},
            "!tuple": lambda: tuple(untagged(a) for a in x),
            "!set": lambda: set(untagged(a) for a in x),
            "!bytes": lambda: bytes.fromhex(x),
            "!datetime": lambda: datetime.datetime.fromisoformat(x),
            "!date": lambda: datetime.date.fromisoformat(x),
            "!float": lambda: float(x),
        }.get(k)
        if made:
            return made()
    return {k: untagged(x) for k, x in v.items()}


class Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def expected(case):
    if "yaml" in case:
        try:
            return {"value": tagged(yaml.load(case["yaml"], Loader))}
        except yaml.reader.ReaderError:
            return {"error": "ReaderError"}
        except yaml.YAMLError as e:
            return {"error": str(e)}
        except Exception as e:  # what the constructors let through: int(), datetime(), recursion
            return {"error": type(e).__name__}
    return {"text": yaml.dump(untagged(case["value"]), Dumper=Dumper, default_flow_style=False, indent=case.get("indent"),
                              sort_keys=case.get("sort", False), allow_unicode=not case.get("ascii", False))}


def normal(answer):
    """Sets have no order; errors that are no YAML errors have texts of our own."""
    if isinstance(answer, dict):
        if list(answer) == ["!set"]:
            return {"!set": sorted((normal(x) for x in answer["!set"]), key=json.dumps)}
        return {k: normal(x) for k, x in answer.items()}
    return [normal(x) for x in answer] if isinstance(answer, list) else answer


def same(case, ours, theirs):
    if "error" in theirs and "error" in ours:
        # Of two errors PyYAML may name the other one first: it fills inner collections later.
        later = ("unhashable key", "base64", "constructor for the tag", " is not ", "expected a")
        return "\n" not in theirs["error"] or theirs == ours or all(any(x in e["error"] for x in later) for e in (ours, theirs))
    return json.dumps(normal(ours)) == json.dumps(normal(theirs))


WORDS = ["a", "b c", "yes", "No", "~", "null", "12", "0o7", "017", "0x1F", "1_000", "1:30", "1:30.5", "2001-12-14", "1e3",
         "1.e+3", ".5", "-.inf", ".nan", "2001-12-14 21:59:43.10 -5", "<<", "=", "", "x: y", "- z", "# no", "é", "\u2028",
         "tail ", " head", "multi\nline", "multi\n\nline\n", "q'uote", 'd"q', "tab\t", "\x07", "😀", "a" * 90, "word " * 30,
         "{}", "[]", "!x", "&a", "*a", "|", ">", "%", "@", "`", "?", "? x", ":", "-", "---", "...", "--- a", "\u00a0", "\u0085",
         "a\n b", "a \nb", "\n", "1:2", "0:30", "+1", "-0", "190:20:30", "y", "n", "On", "ТЕСТ " * 25, "a'b\nc", "\ufeff", "x #y",
         "a,b", "[a", "a]", "http://x/y?z=1&b", "key: ", "trailing:", "C:\\x", "\"quoted\" " * 20, "\t" * 90, "0b101", "1.5e-7"]


def random_scalar(r):
    return r.choice([lambda: r.choice(WORDS), lambda: r.choice(WORDS) + r.choice(WORDS), lambda: r.randint(-10**r.randint(1, 25), 10**20),
                     lambda: r.random() * 10.0**r.randint(-30, 30), lambda: None, lambda: True, lambda: False,
                     lambda: "".join(r.choice(" \n'\"ab:#-é\t\u2029,?") for _ in range(r.randint(0, 120))),
                     lambda: datetime.date(2000 + r.randint(0, 30), 2, 3), lambda: bytes(r.randint(0, 255) for _ in range(r.randint(0, 130)))])()


def random_value(r, depth=0):
    kind = r.random()
    if depth > 4 or kind < 0.4:
        return random_scalar(r)
    if kind < 0.65:
        return [random_value(r, depth + 1) for _ in range(r.randint(0, 4))]
    if kind < 0.7:
        return {random_scalar(r) for _ in range(r.randint(0, 1))}
    keys = [random_scalar(r) for _ in range(r.randint(0, 4))]
    return {k: random_value(r, depth + 1) for k in keys}


def random_text(r):
    """Something like YAML, often broken."""
    text = yaml.dump(random_value(r), Dumper=Dumper, default_flow_style=r.choice([False, True, None]), allow_unicode=True)
    for _ in range(r.randint(0, 4)):
        at = r.randint(0, len(text))
        what = r.choice(["", "\n", " ", ":", "- ", "&a ", "*a", "!!int ", "!!str ", "!!set ", "!!float ", "!!binary ", "!!timestamp ", "<<: ",
                         "[", "]", "{", "}", ",", "#", "'", '"', "|\n", ">\n", "? ", "\t", "1", "0", ":", "!x ", "!!pairs ", "!!bool ",
                         "\\", "%", "---\n", "...\n", "_", ".", "e", "+", "-"])
        text = text[:at] + what + text[at + r.choice([0, 0, 1, 3]):]
    return text


def random_cases(seed, count):
    r = random.Random(seed)
    for i in range(count):
        if i % 3 == 0:
            yield {"value": tagged(random_value(r)), "indent": r.choice([2, 2, 4, 7]), "ascii": r.random() < 0.3, "sort": r.random() < 0.5}
        elif i % 3 == 1:
            yield {"yaml": random_text(r)}
        else:
            word = "".join(r.choice("0123456789_:.-+eExXbofFaT Zz") for _ in range(r.randint(1, 9)))
            yield {"yaml": r.choice(["%s", "a: %s", "- %s", "!!int '%s'", "!!float '%s'", "!!timestamp '%s'"]) % r.choice(
                [word, word, "20%02d-%d-%02d" % (r.randint(0, 99), r.randint(0, 13), r.randint(0, 32)) + word[:r.randint(0, 2)],
                 "2001-12-1%dT%d:%02d:59%s" % (r.randint(0, 9), r.randint(0, 25), r.randint(0, 60), word)])}


def main():
    if sys.argv[1] == "--write":
        cases = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
        with open(sys.argv[2], "w", encoding="utf-8") as f:
            for case in cases:
                case.pop("expect", None)
                f.write(json.dumps(dict(case, expect=expected(case)), ensure_ascii=False) + "\n")
        return 0
    cases = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
    cases += random_cases(int(sys.argv[3]) if len(sys.argv) > 3 else 1, int(sys.argv[4]) if len(sys.argv) > 4 else 1000)
    lines = "".join(json.dumps(c) + "\n" for c in cases)
    run = subprocess.run([sys.argv[1]], input=lines, stdout=subprocess.PIPE, check=True, text=True)
    answers = [json.loads(line) for line in run.stdout.split("\n") if line]
    bad = 0
    for case, ours in zip(cases, answers, strict=True):
        theirs = expected(case)
        if not same(case, ours, theirs):
            bad += 1
            if bad <= 10:
                print("case  ", json.dumps(case, ensure_ascii=False), "\nours  ", json.dumps(ours), "\nPyYAML", json.dumps(theirs), "\n")
    print("%d cases, %d differ" % (len(cases), bad))
    return 1 if bad else 0


sys.exit(main())
