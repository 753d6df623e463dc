# SPDX-License-Identifier: Apache-2.0
"""The scenario formats mean what their description says."""

import pytest

from harness.cli_scenario import Variables, match_output
from harness.matching import MISSING, Unknown, differences, fill_in, fits, pick

FITS = [
    ({"a": 1}, {"a": 1.0}),
    ({"a": {"$any": True}}, {"a": None}),
    ({"a": {"$absent": True}}, {}),
    ({"$type": "objectid"}, "0123456789abcdef01234567"),
    ({"$type": "timestamp"}, "2024-01-31T12:00:00.000001Z"),
    ({"$type": "int"}, "-5"),
    ({"$re": "a.b"}, "a\nb"),
    ({"$subset": {"a": 1}}, {"a": 1, "b": 2}),
    ({"$unordered": [1, 2]}, [2, 1]),
    ({"$contains": [2]}, [1, 2, 3]),
    ({"$sequence": [1, 3]}, [1, 2, 3]),
]
DIFFERS = [
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": 1}, {}),
    ({"a": {"$any": True}}, {}),
    (1, True),
    (0, False),
    ("1", 1),
    ([1, 2], [2, 1]),
    ([1], [1, 1]),
    ({"$type": "objectid"}, "0123456789ABCDEF01234567"),
    ({"$type": "timestamp"}, "2024-01-31T12:00:00Z"),
    ({"$type": "number"}, True),
    ({"$re": "a"}, "ab"),
    ({"$unordered": [1, 2]}, [1, 2, 2]),
    ({"$contains": [1, 1]}, [1, 2]),
    ({"$sequence": [3, 1]}, [1, 2, 3]),
]


@pytest.mark.parametrize("want,got", FITS)
def test_fits(want, got):
    assert fits(want, got)


@pytest.mark.parametrize("want,got", DIFFERS)
def test_differs(want, got):
    assert not fits(want, got)


def test_differences_name_the_place():
    assert [path for path, _, _ in differences({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, "body")] == ["body.a.0.b"]


def test_variables_keep_their_type_when_alone():
    assert fill_in({"a": "${n}", "b": "no ${n}", "c": "$${n}"}, {"n": 5}) == {"a": 5, "b": "no 5", "c": "${n}"}
    with pytest.raises(Unknown):
        fill_in("${x}", {})


def test_pick_walks_lists_and_objects():
    assert pick({"a": [{"b": 1}]}, "a.-1.b") == 1
    assert pick({"a": []}, "a.0") is MISSING


@pytest.mark.parametrize(
    "want,text",
    [
        (["a", {"many": True}, "z"], "a\nb\nc\nz\n"),
        ([{"any": True}], "x  \n"),
        ([{"re": "n ${name}"}], "n a.b"),
        ([], ""),
        ({"json": {"a": {"$type": ["null", "integer"]}}}, '{"a": 1}'),
        ({"json": {"$subset": [{"a": 1}]}}, '[{"b": 2}, {"a": 1}]'),
        ({"documents": [1, 2]}, "1\n2\n"),
    ],
)
def test_output_matches(want, text):
    assert match_output(want, text, Variables(name="a.b")) is None


@pytest.mark.parametrize(
    "want,text",
    [
        (["a", {"many": True}, "z"], "a\nb\n"),
        (["a"], "a\nb\n"),
        ([{"re": "n ${name}"}], "n axb"),
        ({"json": {"a": {"$type": "integer"}}}, '{"a": true}'),
        ({"json": {}}, "{"),
    ],
)
def test_output_differs(want, text):
    assert match_output(want, text, Variables(name="a.b")) is not None
