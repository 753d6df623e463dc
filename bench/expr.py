#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Expressions and templates beside Jinja2 and orquesta on Python, as one table: ./dev bench expr [--rounds N] [ROW...]

Both sides take turns within a row, the time of the processor is what is measured and the best of each counts, so that a busy
machine is busy for both. Templates are compiled beforehand on the Python side, by a bare jinja2.Environment; orquesta's
evaluators compile at each call, as they always do. What the templates give is compared byte by byte. The packages stand in a
virtual environment that is made in the build folder.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV = BUILD / "bench" / "venv"
PACKAGES = ("jinja2", "yaql", "orquesta")

VARIABLES = {
    "x": 5,
    "name": "report",
    "greeting": "Hello, %s!",
    "row": {"id": 7, "title": "a row", "owner": {"name": "Ada", "mail": "ada@example.org"}, "tags": ["a", "b", "c"]},
    "hosts": [f"web-{i}.example.org" for i in range(1000)],
    "users": [{"id": i, "name": f"user {i}", "mail": f"u{i}@example.org", "admin": i % 7 == 0} for i in range(1000)],
    "xs": list(range(100)),
    "owners": {f"host {i}": f"owner {i % 10}" for i in range(1000)},
    "tags": ["owner 1", "owner 3", "owner 5"],
    "__state": {},
}

# Each template is 10 KB: lines around a loop of 1,000, and in the loop as many lines of its kind as `share` of the 10 KB hold.
MACRO = "{% macro line(text, width=3) %}[{{ text }}:{{ width }}]{% endmacro %}\n"
OUTSIDE = "Section {n}: the report of {{{{ name }}}} for {{{{ row.owner.name }}}} goes on, as it does on every line.\n"
TEMPLATES = {
    "text and lookups": ("for x in range(1000)", 0.5, "Line {n} of item {{{{ x }}}} in {{{{ name }}}}: all of it is as it was.\n"),
    "attributes": ("for u in users", 0.3, "{{{{ u.id }}}} {{{{ u.name }}}} <{{{{ u.mail }}}}> of {{{{ row.owner.name }}}}, {n}\n"),
    "filters": ("for h in hosts", 0.15, "{{{{ h | upper }}}} {{{{ nope | default('-') }}}} {{{{ row.tags | join(', ') }}}} "
                                        "{{{{ greeting | format(h) }}}} {{{{ h | length }}}} {n}\n"),
    "conditions": ("for x in range(1000)", 0.3, "{{% if x > {n}0 %}}above{{% elif x == {n} and name %}}on{{% else %}}below"
                                               "{{% endif %}} {n}{{{{ ' even' if x % 2 == 0 else ' odd' }}}}\n"),
    "loop variables": ("for h in hosts", 0.3, "{{{{ loop.index }}}}/{{{{ loop.length }}}} {{{{ h }}}}"
                                              "{{% if not loop.last %}},{{% endif %}} {n}\n"),
    "arithmetic": ("for x in range(1000)", 0.2, "{{{{ x * {n} + 3 }}}} {{{{ x // 7 }}}} {{{{ (x - {n}) / 2 }}}} {{{{ x % 10 }}}}\n"),
    "nested loops": ("for u in users", 0.05, "{{% for t in row.tags %}}{{{{ u.name }}}}: {{{{ t }}}} {{% for k in [1, 2] %}}"
                                             "{{{{ k }}}},{{% endfor %}}{{% endfor %}} {n}\n"),
    "concatenation": ("for x in range(1000)", 0.2, "{{{{ name ~ '-' ~ x ~ '.example.org' }}}} {{{{ 'a' + name + 'z' }}}} {n}\n"),
    "sets and subscripts": ("for u in users", 0.2, "{{% set k = u['id'] %}}{{{{ xs[{n}] }}}} {{{{ u['name'] }}}} {{{{ k }}}}\n"),
    "one short line": ("for x in range(1000)", 0, "{{{{ x }}}}, "),
    "tests": ("for u in users", 0.2, "{{% if u.name is defined and u.id is divisibleby({n}) %}}{{{{ u.name }}}}{{% endif %}}"
                                    "{{{{ 'none' if nope is not defined }}}} {{% if u.mail is string %}}{n}{{% endif %}}\n"),
    "methods": ("for h in hosts", 0.15, "{{{{ h.upper() }}}} {{{{ h.split('.')[0] }}}} {{{{ h.replace('web', 'db') }}}} "
                                       "{{{{ name.startswith('re') }}}} {n}\n"),
    "macros": ("for u in users", 0.1, "{{{{ line(u.name, {n}) }}}} {{{{ line(u.mail, width={n}) }}}}\n"),
    "pairs of a dict": ("for k, v in owners.items()", 0.2, "{{{{ k }}}}={{{{ v }}}} {{% if v in tags %}}in{{% endif %}} {n}\n"),
    "numbers by filters": ("for x in range(1000)", 0.15, "{{{{ x | int + {n} }}}} {{{{ '%05d' | format(x) }}}} "
                                                       "{{{{ (x / 7) | round(2) }}}} {{{{ x | string | length }}}}\n"),
    "texts by filters": ("for h in hosts", 0.15, "{{{{ h | replace('web', 'db') }}}} {{{{ h | capitalize }}}} {{{{ h | trim }}}} "
                                               "{{{{ h | title }}}} {{{{ row.tags | first }}}} {n}\n"),
    "cycles": ("for h in hosts", 0.2, "<tr class={{{{ loop.cycle('odd', 'even') }}}}>{{{{ loop.revindex }}}} {{{{ h }}}}"
                                      "{{% if loop.first %}}!{{% endif %}} {n}</tr>\n"),
    "a bit of all": ("for x in range(1000)", 0.15, "line {n} of item {{{{ x }}}}: {{{{ x * {n} }}}} {{% if x > {n}0 %}}above"
                                                  "{{% else %}}below{{% endif %}} {{{{ name | upper }}}} {{{{ row.id }}}}\n"),
}
LARGE_AIM = 5

SMALL = {  # name: (text, evaluator of orquesta, aim)
    "<% ctx(x) %>": ("<% ctx(x) %>", "yaql", 200),
    "{{ ctx('x') }}": ("{{ ctx('x') }}", "jinja", 200),
    "where over 100": ("<% ctx(xs).where($ > 50) %>", "yaql", 200),
    "select over 100": ("{{ ctx('xs') | select('gt', 50) | list }}", "jinja", 50),
    "for and if over 100": ("{% for i in ctx('xs') %}{% if i > 50 %}{{ i }}, {% endif %}{% endfor %}", "jinja", 50),
}

COMPILED = {
    "compile jinja lookup": ("jinja", "ctx().name"),
    "compile jinja select": ("jinja", "ctx('xs') | select('gt', 50) | list"),
    "compile yaql lookup": ("yaql", "ctx().name"),
    "compile yaql where": ("yaql", "ctx(xs).where($ > 50)"),
}
COMPILE_US, COMPILED_BYTES = 5, 2048


def large(head, share, line):
    """10 KB of template: lines in front, and a loop with `share` of them (at least one) in it."""
    inside, outside = "", ""
    while not inside or len(inside) < share * 10_000:
        inside += line.format(n=inside.count("\n") + 1)
    while len(outside) + len(inside) < 10_000:
        outside += OUTSIDE.format(n=outside.count("\n") + 1)
    return f"{MACRO}{outside}{{% {head} %}}\n{inside}{{% endfor %}}\n"


def environment():
    """Runs this file again by the interpreter of a virtual environment with the packages; orquesta may be missing there."""
    python = VENV / "bin" / "python"
    if pathlib.Path(sys.prefix) == VENV:
        return
    if not (VENV / "ready").exists():
        print("Making a virtual environment with " + ", ".join(PACKAGES), file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        for package in PACKAGES:
            done = subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", package])
            if done.returncode != 0:
                print(f"{package} cannot be installed here; its rows are left out", file=sys.stderr)
        (VENV / "ready").touch()
    os.execv(python, [python, *sys.argv])


class Ours:
    def __init__(self):
        self.child = subprocess.Popen([BUILD / "bench" / "bench-expr"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.say(VARIABLES)

    def say(self, what):
        self.child.stdin.write(json.dumps(what) + "\n")
        self.child.stdin.flush()

    def ask(self, text, measure, mode="orquesta", ms=100):
        self.say({"text": text, "measure": measure, "mode": mode, "ms": ms})
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit(f"bench-expr ended at: {text[:200]}")
        return json.loads(line)


def rate(function, seconds=0.1):
    n, start = 0, time.process_time()
    while True:
        function()
        n += 1
        spent = time.process_time() - start
        if spent >= seconds:
            return n / spent


def side_by_side(rounds, ours, theirs):
    """The best of each, measured in turns; and what ours gave."""
    best, other, answer = 0, 0, None
    for _ in range(rounds):
        other = max(other, rate(theirs))
        answer = ours()
        best = max(best, answer["per_second"])
    return best, other, answer


class Table:
    WIDTHS = (24, 14, 14, 12, 10, 24)

    def __init__(self):
        self.short = 0
        self.line("measured", "ours", "theirs", "ratio", "aim", "")
        self.line(*("-" * width for width in self.WIDTHS[:-1]), "-----")

    def line(self, *cells):
        print("  ".join(str(cell).ljust(width) for cell, width in zip(cells, self.WIDTHS)).rstrip(), flush=True)

    def verdict(self, fine, note=""):
        self.short += not fine
        return ("ok" if fine else "short") + note

    def ratio(self, name, best, other, aim, note=""):
        self.line(name, f"{best:,.0f}/s", f"{other:,.0f}/s", f"{best / other:,.1f} x", f">= {aim} x",
                  self.verdict(best / other >= aim, note))

    def compiled(self, name, answer):
        microseconds, size = 1e6 / answer["per_second"], answer["bytes"]
        self.line(name, f"{microseconds:.2f} us", "", f"{size} bytes", f"< {COMPILE_US} us",
                  self.verdict(microseconds < COMPILE_US and size < COMPILED_BYTES, f", aim < {COMPILED_BYTES} bytes"))


def orquesta_evaluators():
    try:
        from orquesta.expressions.jinja import JinjaEvaluator
        from orquesta.expressions.yql import YAQLEvaluator
    except ImportError:
        return None
    return {"jinja": JinjaEvaluator, "yaql": YAQLEvaluator}


def small_rows(args, table, ours):
    evaluators = orquesta_evaluators()
    for name, (text, language, aim) in SMALL.items():
        if not args.wants(name):
            continue
        if not evaluators:
            table.line(name, "", "orquesta is not installed")
            continue
        evaluate = evaluators[language].evaluate
        best, other, answer = side_by_side(args.rounds, lambda: ours.ask(text, "evaluate"), lambda: evaluate(text, VARIABLES))
        same = answer["result"] == evaluate(text, VARIABLES)
        table.ratio(name, best, other, aim, "" if same else ", but the answers differ")


def large_rows(args, table, ours):
    import jinja2

    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
    for name, shape in TEMPLATES.items():
        if not args.wants(name):
            continue
        text = large(*shape)
        template = environment.from_string(text)
        best, other, answer = side_by_side(
            args.rounds, lambda: ours.ask(text, "evaluate", "template"), lambda: template.render(**VARIABLES))
        same = answer["result"] == template.render(**VARIABLES)
        table.ratio(f"10 KB: {name}", best, other, LARGE_AIM, "" if same else ", but the texts differ")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench expr", description="Expressions beside Jinja2 and orquesta.")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each side in a row (7)")
    parser.add_argument("names", nargs="*", help="rows whose name holds one of these")
    args = parser.parse_args()
    args.wants = lambda name: not args.names or any(word in name for word in args.names)
    environment()
    ours = Ours()
    print(f"load {os.getloadavg()[0]:.1f} before the start, Python {sys.version.split()[0]}")
    table = Table()
    small_rows(args, table, ours)
    for name, (language, text) in COMPILED.items():
        if args.wants(name):
            answers = [ours.ask(text, f"compile {language}") for _ in range(args.rounds)]
            table.compiled(name, max(answers, key=lambda answer: answer["per_second"]))
    large_rows(args, table, ours)
    print(f"load {os.getloadavg()[0]:.1f} at the end; {table.short} short of their aim")


if __name__ == "__main__":
    main()
