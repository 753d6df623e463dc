#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The measures of bench/expr.c beside those of Jinja2 (pip install jinja2): compare_expr.py BENCH-EXPR-PROGRAM"""
import subprocess
import sys
import time

from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

ENV = SandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
VARIABLES = {"x": 5, "name": "report", "row": {"id": 7}, "xs": list(range(100))}


def ctx(key=None):
    return VARIABLES[key] if key else dict(VARIABLES)


def rate(function):
    n, start = 0, time.perf_counter()
    while time.perf_counter() - start < 0.5:
        function()
        n += 1
    return n / (time.perf_counter() - start)


def large():
    out = ""
    for part, start in enumerate(("{% set x = 5 %}\n", "{% for x in range(1000) %}\n")):
        out, i = out + start, 0
        while len(out) < (10000 if part else 8500):
            out += (f"line {i} of item {{{{ x }}}}: {{{{ x * {i + 1} }}}} {{% if x > {i * 10} %}}above{{% else %}}below"
                    "{% endif %} {{ name | upper }} {{ row.id }}\n")
            i += 1
    return out + "{% endfor %}\n"


def main():
    lookup = ENV.compile_expression("ctx('x')", undefined_to_none=False)
    select = ENV.compile_expression("ctx('xs') | select('gt', 50) | list", undefined_to_none=False)
    template = ENV.from_string("{{ name }}: {% for i in xs %}{{ i }}, {% endfor %}")
    big = ENV.from_string(large())
    python = {
        "lookup": rate(lambda: lookup(ctx=ctx)),
        "select": rate(lambda: select(ctx=ctx)),
        "template": rate(lambda: template.render(**VARIABLES)),
        "large": rate(lambda: big.render(**VARIABLES)),
        "compile": rate(lambda: ENV.compile_expression("ctx('xs') | select('gt', 50) | list")),
        "compile lookup": rate(lambda: ENV.compile_expression("ctx().name")),
    }
    for line in subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout.splitlines():
        name, rest = line.split(": ")
        ours = float(rest.split()[0])
        other = f"{python[name]:12,.0f}  {ours / python[name]:8.1f} times" if name in python else ""
        print(f"{name:16}{ours:14,.0f}/s{other}  {' '.join(rest.split()[1:])}")


main()
