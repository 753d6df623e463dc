#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times pip's yaql, used as orquesta uses it, against bench-yaql on the same expressions, and prints the ratios.

usage: compare_yaql.py BENCH-YAQL    (needs: pip install yaql; with orquesta installed its evaluator is timed as well)
"""
import json
import subprocess
import sys
import time

import yaql
from yaql.language import utils

CONTEXT = {
    "x": 42,
    "s": "web-17",
    "d": {"a": {"b": 1}},
    "xs": list(range(100)),
    "recs": [{"id": i, "name": f"name-{i}"} for i in range(100)],
    "__state": {},
}


def make_context():
    def ctx(context, key=None):
        variables = context["__vars"]
        if key:
            return variables[key]
        return {k: v for k, v in variables.items() if not k.startswith("__")}

    root = yaql.create_context()
    root.register_function(ctx, name="ctx")
    return root


def rate(function):
    n, start = 0, time.perf_counter()
    while True:
        function()
        n += 1
        spent = time.perf_counter() - start
        if spent > 0.5:
            return n / spent


def main():
    engine, root = yaql.language.factory.YaqlFactory().create(), make_context()
    try:
        from orquesta.expressions.yql import YAQLEvaluator
    except ImportError:
        YAQLEvaluator = None
    lines = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True).stdout.splitlines()
    compiles = subprocess.run([sys.argv[1], "compile"], capture_output=True, text=True, check=True).stdout.splitlines()
    print(f"{'expression':<18} {'ours/s':>12} {'yaql/s':>10} {'ratio':>8} {'compile us':>11} {'yaql':>9} {'bytes':>6}")
    for line, compiled in zip(map(json.loads, lines), map(json.loads, compiles)):
        expression = engine(line["expression"])

        def evaluate():
            context = root.create_child_context()
            context["__vars"] = utils.convert_input_data(CONTEXT)
            return expression.evaluate(context=context)

        theirs = rate(evaluate)
        parse = rate(lambda: engine(line["expression"]))
        more = ""
        if YAQLEvaluator:
            text = f"<% {line['expression']} %>"
            more = f"  orquesta {rate(lambda: YAQLEvaluator.evaluate(text, CONTEXT)):.0f}/s"
        print(f"{line['name']:<18} {line['per_second']:>12.0f} {theirs:>10.0f} {line['per_second'] / theirs:>7.0f}x "
              f"{1e6 / compiled['per_second']:>11.2f} {1e6 / parse:>9.1f} {line['bytes']:>6}{more}")


main()
