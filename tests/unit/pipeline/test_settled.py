"""What was up to date is remembered for as long as nothing shows of any of its files."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from sepack import fingerprints
from sepack.model.module import Dialect, Module, SourceFile, SourceKind
from sepack.model.package import Manifest
from sepack.pipeline.settled import Settled
from sepack.workspace import Workspace

FACTS = ("0.1", "lowest")
PRIOR = Manifest(
    name="x",
    version="1",
    target="host",
    format=19,
    dialect=Dialect.PLAIN,
    toolchain="local",
    outputs={"x.te": "0", "x.pp": "1"},
    inputs={},
    tools={},
    templates=("base.te.j2",),
)
FILES = ("policy/x/x.te", "build/host/x/x.te", "build/host/x/x.pp", "build/host/x/manifest.json")


def module(*kinds: SourceKind) -> Module:
    files = [SourceFile(kind=kind, name=f"policy/x/x.{kind}", templated=False) for kind in kinds]
    return Module(name="x", directory=PurePosixPath("policy/x"), sources=tuple(files))


ONE = module(SourceKind.TE)


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """With files that count as old."""
    monkeypatch.setattr(fingerprints, "RACY_NS", -1)
    for name in FILES:
        write(tmp_path / name, name)
    return Workspace(tmp_path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def settle(workspace: Workspace, facts: tuple[str, ...] = FACTS) -> None:
    settled = Settled(workspace, "host", facts)
    settled.remember("x", settled.candidate(ONE, PRIOR, settled.manifest_look("x")))
    settled.save([ONE])


def holds(workspace: Workspace, what: Module = ONE, facts: tuple[str, ...] = FACTS) -> bool:
    return Settled(workspace, "host", facts).holds(what)


def test_nothing_is_known_at_first(workspace: Workspace) -> None:
    assert not holds(workspace)


def test_what_was_remembered_holds(workspace: Workspace) -> None:
    settle(workspace)
    assert holds(workspace)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_written_again_ends_it_though_size_and_mtime_are_the_same(
    workspace: Workspace, name: str
) -> None:
    settle(workspace)
    path = workspace / name
    before = path.stat()
    path.write_text(name.swapcase())
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not holds(workspace)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_gone_or_another_one_ends_it(workspace: Workspace, name: str) -> None:
    settle(workspace)
    (workspace / name).rename(workspace / "aside")
    assert not holds(workspace)
    write(workspace / name, name)
    assert not holds(workspace)


def test_a_template_that_is_new_ends_it(workspace: Workspace) -> None:
    """The repository's own comes before the one that came with sepack."""
    settle(workspace)
    write(workspace / "templates/base.te.j2", "")
    assert not holds(workspace)


def test_a_source_that_is_new_ends_it(workspace: Workspace) -> None:
    settle(workspace)
    assert not holds(workspace, module(SourceKind.TE, SourceKind.FC))


def test_other_facts_end_it(workspace: Workspace) -> None:
    settle(workspace)
    assert not holds(workspace, facts=("0.2", "lowest"))
    assert holds(workspace)


def test_a_young_file_is_not_relied_on(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprints, "RACY_NS", 10**12)
    settle(workspace)
    assert not holds(workspace)


def test_a_store_that_was_cut_short_is_as_good_as_none(workspace: Workspace) -> None:
    settle(workspace)
    store = workspace / workspace.settled("host")
    whole = store.read_bytes()
    for length in range(len(whole)):
        store.write_bytes(whole[:length])
        assert not holds(workspace)


def test_a_name_that_would_break_the_store_is_not_remembered(workspace: Workspace) -> None:
    settled = Settled(workspace, "host", FACTS)
    odd = Module(name="x", directory=PurePosixPath("policy/x"), declaration=PurePosixPath("policy/x/a\tb"))
    assert settled.candidate(odd, PRIOR, settled.manifest_look("x")) == ""


def test_a_store_that_cannot_be_written_is_no_matter(workspace: Workspace) -> None:
    write(workspace / "build/.cache", "a file where a folder should be")
    settle(workspace)
    assert not holds(workspace)
