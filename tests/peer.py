"""refpolicy built beside by the devel Makefile and by sepack, for the tests that compare the two."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from benchmarks.compile import SOURCE, lay_out
from sepack.model.build import Built, Failed
from sepack.pipeline.build import BuildRequest, build
from sepack.settings import Settings
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAKE_FORMAT = 21  # what checkmodule 3.4 writes when it is not told otherwise, and the Makefile does not tell
BROKEN = "zabbix"
FAULTS = ("optional_policy(`\n", "no_such_interface(zabbix_t)\n", "allow zabbix_t self {\n")


@dataclass(frozen=True, slots=True)
class Beside:
    """The Makefile's packages by module, and a repository with the same sources."""

    made: dict[str, bytes]
    repository: Path


def make_beside(home: Path, require_tool: Callable[[str], str], every: int) -> Beside:
    """All that `every`-th of the modules and BROKEN become under the devel Makefile, in `home`."""
    for tool in ("make", "m4", "checkmodule", "semodule_package", "zstd"):
        require_tool(tool)
    if not SOURCE.is_file():
        pytest.skip("there is no selinux-policy-src here")
    flat, repository = lay_out(home, (".te", ".fc"))
    names = sorted(path.stem for path in flat.glob("*.te"))
    for name in set(names) - {*names[::every], BROKEN}:
        shutil.rmtree(repository / "policy" / name)
        for suffix in (".te", ".fc"):
            (flat / f"{name}{suffix}").unlink(missing_ok=True)
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    # The parallel devel Makefile needs its one shared file first: each job would write it.
    for goal in ("tmp/all_interfaces.conf", "all"):
        command = ["make", "-s", jobs, "-f", "/usr/share/selinux/devel/Makefile", goal]
        subprocess.run(command, cwd=flat, check=True, capture_output=True)
    made = {path.stem: path.read_bytes() for path in flat.glob("*.pp")}
    shutil.rmtree(flat)
    return Beside(made, repository)


def build_all(repository: Path) -> tuple[dict[str, bytes], dict[str, Failed]]:
    """(packages by module, failures by module)."""
    settings = Settings(targets=("host",), toolchain="local", install="never", module_format=MAKE_FORMAT)
    packages: dict[str, bytes] = {}
    failures: dict[str, Failed] = {}
    for event in build(Workspace(repository), settings, BuildRequest(force=True), lambda _: None):
        if isinstance(event, Built):
            packages[event.module] = (repository / event.package.path).read_bytes()
        elif isinstance(event, Failed):
            failures[event.module] = event
    return packages, failures


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def build_with_fault(beside: Beside, fault: str) -> tuple[dict[str, bytes], dict[str, Failed]]:
    """What `build_all` gives while BROKEN ends with `fault`."""
    source = beside.repository / "policy" / BROKEN / f"{BROKEN}.te"
    before = source.read_text()
    source.write_text(before + fault)
    try:
        return build_all(beside.repository)
    finally:
        source.write_text(before)


def check_fault(beside: Beside, fault: str) -> None:
    """BROKEN fails alone and at its own file; all others are what the Makefile makes."""
    packages, failures = build_with_fault(beside, fault)
    assert list(failures) == [BROKEN]
    assert all(error.where and error.where.path.name == f"{BROKEN}.te" for error in failures[BROKEN].errors)
    assert len(packages) == len(beside.made) - 1
    assert differing(packages, {name: data for name, data in beside.made.items() if name != BROKEN}) == []


def check_all(beside: Beside, count: int) -> None:
    packages, failures = build_all(beside.repository)
    assert not failures
    assert len(packages) == len(beside.made) == count
    assert differing(packages, beside.made) == []
