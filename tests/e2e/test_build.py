# SPDX-License-Identifier: Apache-2.0
"""What the release build promises: it is hardened, and needs nothing but the libraries it names."""

import os
import pathlib
import subprocess

import pytest

from harness.server import ROOT

RELEASE = pathlib.Path(os.environ.get("FULMAR_RELEASE", ROOT / "build"))
PROGRAMS = ["fulmard", "fulmar", "cases"]


def readelf(program, *what):
    return subprocess.run(["readelf", "-W", *what, program], check=True, capture_output=True, text=True).stdout


@pytest.fixture(params=PROGRAMS)
def program(request):
    path = RELEASE / request.param
    assert path.exists(), f"{path} was not built"
    return path


def test_loads_anywhere(program):
    assert "DYN (Position-Independent Executable file)" in readelf(program, "-h")


def test_relocations_are_read_only(program):
    assert "GNU_RELRO" in readelf(program, "-l")
    assert "BIND_NOW" in readelf(program, "-d") or "NOW" in readelf(program, "-d")


def test_stack_is_not_executable(program):
    stack = [line for line in readelf(program, "-l").splitlines() if "GNU_STACK" in line]
    assert stack and "RWE" not in stack[0]


def test_stack_is_protected(program):
    assert "__stack_chk_fail" in readelf(program, "--dyn-syms")


def test_fortified(program):
    assert "_chk" in readelf(program, "--dyn-syms").replace("__stack_chk_fail", "")


def test_says_its_version(program):
    if program.name == "cases":
        pytest.skip("speaks cases only")
    out = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10)
    assert out.returncode == 0 and out.stdout.strip()


def test_the_reference_of_the_settings_is_up_to_date():
    program = RELEASE / "fulmard"
    out = subprocess.run([program, "--print-config-reference"], capture_output=True, text=True, timeout=10, check=True)
    assert out.stdout == (ROOT / "docs" / "configuration.md").read_text(), "./dev docs writes it anew"
