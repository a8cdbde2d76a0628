"""What a toolchain's own answers are understood to say, and when they are asked for again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.formats.tools import tools_from_json, tools_to_json
from sepack.model.target import FormatRange
from sepack.model.tools import NO_FORMATS, Tools
from sepack.toolchain.probe import header_signature, probe, recall, state_key
from sepack.workspace import Workspace
from tests.unit.answering import DEBIAN, EL8, Answering

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_a_whole_toolchain(workspace: Workspace) -> None:
    assert probe(Answering(DEBIAN), workspace) == Tools(
        missing=(),
        checkmodule_formats=FormatRange(oldest=4, newest=21),
        has_format_option=True,
        headers=True,
        header_signature="image-1",
        build_conf="TYPE ?= mcs\n",
        makefile="M4PARAM += x\n",
        versions={"checkpolicy": "3.4-1", "m4": "1.4.19-3"},
    )


def test_an_rpm_host_with_an_old_checkmodule_and_no_headers(workspace: Workspace) -> None:
    assert probe(Answering(EL8), workspace) == Tools(
        missing=("m4", "sefcontext_compile", "policy headers"),
        checkmodule_formats=FormatRange(oldest=4, newest=19),
        has_format_option=False,
        headers=False,
        header_signature="",
        build_conf="",
        makefile="",
        versions={"checkpolicy": "2.9-1.el8", "policycoreutils": "2.9-26.el8_10"},
    )


def test_rpm_is_not_asked_where_dpkg_answers(workspace: Workspace) -> None:
    toolchain = Answering(DEBIAN)
    probe(toolchain, workspace)
    assert not [line for line in toolchain.asked if line.startswith("rpm")]


def test_nothing_at_all(workspace: Workspace) -> None:
    tools = probe(Answering({}), workspace)
    assert tools.missing == ("m4", "checkmodule", "semodule_package", "sefcontext_compile", "policy headers")
    assert (tools.checkmodule_formats, tools.has_format_option, tools.headers) == (NO_FORMATS, False, False)
    assert tools.lacking(("checkmodule", "semodule_package")) == ("checkmodule", "semodule_package")
    assert tools.versions == {"tools": "image-1"}, "what no package manager knows is known by its state"


def test_headers_that_are_half_there_are_missing(workspace: Workspace) -> None:
    half = {key: value for key, value in DEBIAN.items() if not key.endswith("Makefile")}
    tools = probe(Answering(half), workspace)
    assert (tools.headers, tools.build_conf, tools.missing) == (False, "", ("policy headers",))


def test_what_was_found_is_remembered_for_the_same_identity(workspace: Workspace) -> None:
    first = probe(Answering(DEBIAN), workspace)
    again, other = Answering(EL8), Answering(EL8, identity="image/2")
    assert probe(again, workspace) == first
    assert again.asked == []
    assert recall("image-1", workspace) == first
    assert recall("image/2", workspace) is None
    assert probe(other, workspace) != first


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"schema": 1, "key": "image-1", "tools": {"missing": []}}'])
def test_a_memory_that_makes_no_sense_is_asked_again(workspace: Workspace, text: str) -> None:
    first = probe(Answering(DEBIAN), workspace)
    (workspace / workspace.probe("image-1")).write_text(text)
    assert recall("image-1", workspace) is None
    assert probe(Answering(DEBIAN), workspace) == first
    assert recall("image-1", workspace) == first


def test_a_place_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("a file where the directory belongs")
    assert probe(Answering(DEBIAN), Workspace(tmp_path)).headers
    assert [path.name for path in tmp_path.iterdir()] == ["build"]


def test_an_image_s_state_is_its_name() -> None:
    assert state_key("image-1") == "image-1"
    assert state_key("local") == state_key("local")


@pytest.fixture
def include(tmp_path: Path) -> Path:
    for name in ("kernel/kernel.if", "services/ntp.if", "support/misc_macros.spt"):
        path = tmp_path / "include" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "include/build.conf").write_text("TYPE ?= mcs\n")
    return tmp_path / "include"


def test_without_headers_there_is_no_signature(tmp_path: Path) -> None:
    assert header_signature(tmp_path / "include") == ""
    assert header_signature(tmp_path) == ""


@pytest.mark.parametrize("name", ["kernel/kernel.if", "support/misc_macros.spt", "build.conf"])
def test_a_changed_header_changes_the_signature(include: Path, name: str) -> None:
    before = header_signature(include)
    assert header_signature(PurePosixPath(include)) == before
    os.utime(include / name, ns=(1, 1))
    assert header_signature(include) != before


def test_a_header_more_or_less_changes_the_signature(include: Path) -> None:
    before = header_signature(include)
    (include / "apps").mkdir()
    (include / "apps/README").write_text("no header")
    assert header_signature(include) == before
    (include / "apps/git.if").write_text("")
    assert header_signature(include) != before
    (include / "apps/git.if").unlink()
    assert header_signature(include) == before


names = st.sampled_from(["m4", "checkmodule", "policy headers"])


@given(
    tools=st.builds(
        Tools,
        missing=st.lists(names).map(tuple),
        checkmodule_formats=st.builds(FormatRange, oldest=st.integers(), newest=st.integers()),
        has_format_option=st.booleans(),
        headers=st.booleans(),
        header_signature=st.text(),
        build_conf=st.text(),
        makefile=st.text(),
        versions=st.dictionaries(st.text(), st.text()),
    ),
    key=st.text(),
)
def test_what_is_saved_is_loaded_under_its_own_key_only(tools: Tools, key: str) -> None:
    text = tools_to_json(tools, key)
    assert tools_from_json(text, key) == tools
    assert tools_from_json(text, f"{key}.") is None
    assert tools_to_json(replace(tools, versions=dict(sorted(tools.versions.items()))), key) == text
