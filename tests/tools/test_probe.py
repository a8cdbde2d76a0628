"""What this host's own tools say is understood."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from sepack.targets import read_host, release_of, settle, target
from sepack.toolchain.local import LocalToolchain
from sepack.toolchain.probe import HEADERS, header_signature, probe, recall, state_key
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sepack.model.command import ChainOutcome, Command


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_this_host_holds_all_compile_tools(workspace: Workspace) -> None:
    tools = probe(LocalToolchain(workspace.root), workspace)
    assert tools.missing == ()
    assert tools.headers
    assert tools.header_signature == header_signature(HEADERS) != ""
    assert "TYPE" in tools.build_conf
    assert "M4PARAM" in tools.makefile
    assert {"checkpolicy", "m4"} <= set(tools.versions)
    assert all(version[0].isdigit() for version in tools.versions.values())
    assert 19 in tools.checkmodule_formats


class Untouchable(LocalToolchain):
    def run(self, chains: Sequence[Sequence[Command]]) -> Iterator[ChainOutcome]:
        raise AssertionError(chains)


def test_the_second_time_nothing_is_run(workspace: Workspace) -> None:
    first = probe(LocalToolchain(workspace.root), workspace)
    assert probe(Untouchable(workspace.root), workspace) == first == recall("local", workspace)


def test_a_tool_that_goes_away_or_is_another_is_noticed(tmp_path: Path) -> None:
    program = shutil.which("checkmodule")
    assert program
    (tmp_path / "checkmodule").symlink_to(program)
    assert state_key("local", str(tmp_path)) != state_key("local")
    before = state_key("local", str(tmp_path))
    assert state_key("local", str(tmp_path)) == before
    (tmp_path / "checkmodule").unlink()
    shutil.copy(program, tmp_path / "checkmodule")
    assert state_key("local", str(tmp_path)) != before


def test_this_host_s_target_reads_what_its_checkmodule_makes(workspace: Workspace) -> None:
    facts = read_host()
    tools = probe(LocalToolchain(workspace.root), workspace)
    settled = settle(target("host", facts), tools.checkmodule_formats)
    assert settled.release == release_of(facts)
    assert settled.formats.newest <= tools.checkmodule_formats.newest
