# SPDX-License-Identifier: Apache-2.0
"""Holds a JSON value against an expectation in which matchers stand for what varies.

A matcher is an object with one key out of MATCHERS. Everything else is exact: each key must be there and no
other may be, arrays are in order, and 1 equals 1.0. The format is described in tests/golden/README.md.
"""

import re

MISSING = type("Missing", (), {"__repr__": lambda self: "(absent)", "__bool__": lambda self: False})()
TEXT_TYPES = {
    "objectid": r"[0-9a-f]{24}",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "token": r"[0-9a-f]{32}",
    "string": r".*",
}
PLACEHOLDER = re.compile(r"(\$?)\$\{(\w+)\}")


class Unknown(Exception):
    """A variable is used that nothing has captured."""


def fill_in(value, variables):
    """Replaces ${name} everywhere; a text that is only a placeholder takes the variable with its type."""
    if isinstance(value, dict):
        return {fill_in(key, variables): fill_in(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [fill_in(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def lookup(name):
        if name not in variables:
            raise Unknown(f"the variable {name} was never captured")
        return variables[name]

    alone = re.fullmatch(r"\$\{(\w+)\}", value)
    if alone:
        return lookup(alone.group(1))
    return PLACEHOLDER.sub(lambda m: m.group()[1:] if m.group(1) else str(lookup(m.group(2))), value)


def pick(value, path):
    """The part of `value` at a dotted path, or MISSING."""
    for part in path.split(".") if path not in ("", ".") else []:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and re.fullmatch(r"-?\d+", part) and -len(value) <= int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def has_type(name, got):
    if name in TEXT_TYPES:
        return isinstance(got, str) and re.fullmatch(TEXT_TYPES[name], got, re.S) is not None
    if name == "int":
        whole = isinstance(got, int) and not isinstance(got, bool)
        return whole or (isinstance(got, str) and re.fullmatch(r"-?\d+", got) is not None)
    if name == "number":
        return is_number(got)
    return isinstance(got, {"bool": bool, "object": dict, "array": list}[name])


def below(path, part):
    return f"{path}.{part}" if path else str(part)


class Differences(list):
    """(path, wanted, got) of each place where a value is not what was wanted."""

    def note(self, path, want, got):
        self.append((path, want, got))

    def compare(self, want, got, path=""):
        if isinstance(want, dict) and len(want) == 1 and next(iter(want)) in MATCHERS:
            (kind, argument), = want.items()
            MATCHERS[kind](self, argument, got, path)
        elif isinstance(want, dict) and isinstance(got, dict):
            for key in want:
                self.compare(want[key], got.get(key, MISSING), below(path, key))
            for key in got.keys() - want.keys():
                self.note(below(path, key), MISSING, got[key])
        elif isinstance(want, list) and isinstance(got, list):
            if len(want) != len(got):
                self.note(path, want, got)
            else:
                for i, item in enumerate(want):
                    self.compare(item, got[i], below(path, i))
        elif is_number(want) and is_number(got):
            if want != got:
                self.note(path, want, got)
        elif type(want) is not type(got) or want != got:
            self.note(path, want, got)
        return self

    def match_any(self, _, got, path):
        if got is MISSING:
            self.note(path, "anything", got)

    def match_absent(self, _, got, path):
        if got is not MISSING:
            self.note(path, MISSING, got)

    def match_type(self, name, got, path):
        if not has_type(name, got):
            self.note(path, f"a {name}", got)

    def match_re(self, pattern, got, path):
        if not isinstance(got, str) or re.fullmatch(pattern, got, re.S) is None:
            self.note(path, f"/{pattern}/", got)

    def match_subset(self, some, got, path):
        if not isinstance(got, dict):
            self.note(path, some, got)
            return
        for key, item in some.items():
            self.compare(item, got.get(key, MISSING), below(path, key))

    def match_items(self, items, got, path, exactly):
        if not isinstance(got, list):
            self.note(path, items, got)
            return
        rest = list(got)
        for i, item in enumerate(items):
            found = next((j for j, candidate in enumerate(rest) if fits(item, candidate)), None)
            if found is not None:
                del rest[found]
                continue
            nearest = min((differences(item, candidate, below(path, i)) for candidate in rest), key=len, default=None)
            if nearest and len(nearest) <= 6:
                self.extend(nearest)
            else:
                self.note(below(path, i), item, MISSING)
        if exactly and len(got) != len(items):
            self.note(path, f"{len(items)} items", got)

    def match_unordered(self, items, got, path):
        self.match_items(items, got, path, exactly=True)

    def match_contains(self, items, got, path):
        self.match_items(items, got, path, exactly=False)

    def match_sequence(self, items, got, path):
        if not isinstance(got, list):
            self.note(path, items, got)
            return
        left = list(items)
        for item in got:
            if left and fits(left[0], item):
                del left[0]
        if left:
            self.note(below(path, len(items) - len(left)), left[0], got)


MATCHERS = {
    "$any": Differences.match_any,
    "$absent": Differences.match_absent,
    "$type": Differences.match_type,
    "$re": Differences.match_re,
    "$subset": Differences.match_subset,
    "$unordered": Differences.match_unordered,
    "$contains": Differences.match_contains,
    "$sequence": Differences.match_sequence,
}


def differences(want, got, path=""):
    return Differences().compare(want, got, path)


def fits(want, got):
    return not differences(want, got)
