"""Whether a base policy is at hand, and the reasons and remedies where none is; real ones are in tests/tools."""

from __future__ import annotations

import json
import sqlite3
import sys
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from sepack.basepolicy.dump_program import SCHEMA, TABLES
from sepack.model.base_policy import AccessQuestion, WhyKind
from sepack.model.build import Chosen
from sepack.pipeline.base_policy import LinkedPolicy, NoBasePolicy, linked, open_base_policy
from sepack.pipeline.session import Session
from sepack.settings import Settings
from sepack.targets import HostFacts, load_targets
from sepack.toolchain.errors import NoEngineError
from sepack.workspace import Workspace
from tests.fakes.toolchain import FakeToolchain, Said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

    from sepack.model.command import Command
    from sepack.model.toolchain import Toolchain

SCRATCH = PurePosixPath("scratch")
QUESTION = AccessQuestion("u:r:a_t:s0", "u:r:a_t:s0", "file", "read")


def python3(command: Command, root: Path) -> Said:
    """An index of nothing but one type, and the same answer to everything."""
    out = root / command.argv[-1]
    if command.argv[2].endswith("ask_program.py"):
        asked = json.loads((root / command.argv[-2]).read_text())
        out.write_text(json.dumps({"access": [["allowed", [], ""]] * len(asked["access"]), "labels": []}))
        return Said()
    facts = {"schema": str(SCHEMA), "order": sys.byteorder, "digest": "d", "policy": "policy.33", "mls": "1"}
    base = sqlite3.connect(out)
    base.executescript(TABLES)
    base.executemany("INSERT INTO fact VALUES (?, ?)", facts.items())
    base.execute("INSERT INTO type VALUES ('a_t', 'a_t', ?, 0)", (b"\1\0\0\0",))
    base.commit()
    base.close()
    return Said()


def lacking(problem: str, said: str = "its words") -> Mapping[str, object]:
    line = json.dumps({"problem": problem, "said": said}).encode()
    return {"python3": lambda _command, _root: Said(line, exit_code=3)}


def session(root: Path, toolchain: Toolchain, **changes: str) -> Session:
    (root / SCRATCH).mkdir(parents=True)
    target = replace(load_targets()["el9"], policy_type=changes.get("policy_type", "targeted"))
    return Session(
        workspace=Workspace(root),
        settings=Settings(targets=("el9",), install="never"),
        host=HostFacts(package_manager="apt"),
        target=target,
        toolchain=toolchain,
        chosen=Chosen(target=target, toolchain="container", reason="a test"),
        foreign_headers=changes.get("foreign_headers", ""),
        say=lambda _: None,
    )


def without(root: Path, toolchain: Toolchain, **changes: str) -> NoBasePolicy:
    found = open_base_policy(session(root, toolchain, **changes), SCRATCH)
    assert isinstance(found, NoBasePolicy)
    return found


def test_a_policy_in_an_image_is_indexed_once_and_asked_once(tmp_path: Path) -> None:
    toolchain = FakeToolchain(tmp_path, {"python3": python3}, identity="sepack-toolchain:el9-1")
    running = session(tmp_path, toolchain)
    open_base_policy(running, SCRATCH)
    found = open_base_policy(running, SCRATCH)
    assert isinstance(found, LinkedPolicy)
    assert len(toolchain.ran) == 1
    assert found.index.title == "policy.33 of Enterprise Linux 9"
    assert found.index.type("a_t") == "a_t"
    for _ in range(2):
        assert found.ask([QUESTION]).access[QUESTION].kind is WhyKind.ALLOWED
    assert len(toolchain.ran) == 2
    assert toolchain.ran[-1].argv[3:5] == (
        "/etc/selinux/targeted/policy/policy.33",
        "/etc/selinux/targeted/contexts/files/file_contexts",
    )


def test_another_image_has_another_policy(tmp_path: Path) -> None:
    for number in (1, 2):
        toolchain = FakeToolchain(tmp_path, {"python3": python3}, identity=f"image-{number}")
        (tmp_path / SCRATCH).exists() and (tmp_path / SCRATCH).rename(tmp_path / "before")
        assert isinstance(open_base_policy(session(tmp_path, toolchain), SCRATCH), LinkedPolicy)
        assert len(toolchain.ran) == 1


@pytest.mark.parametrize(
    ("problem", "reason", "package"),
    [
        ("no policy", "no policy is installed", "selinux-policy-targeted"),
        ("no setools", "the policy cannot be read without setools for python3", "python3-setools"),
        ("unreadable", "the policy cannot be read", ""),
    ],
)
def test_what_an_image_lacks_is_said_with_its_package(tmp_path: Path, problem: str, reason: str, package: str) -> None:
    found = without(tmp_path, FakeToolchain(tmp_path, lacking(problem)))  # type: ignore[arg-type]
    assert (found.reason, found.details) == (reason, ("its words",))
    assert found.hint == (
        f"The Dockerfile's package step says what is in there; {package} brings it." if package else ""
    )


def test_a_place_without_python_is_said(tmp_path: Path) -> None:
    assert without(tmp_path, FakeToolchain(tmp_path)).reason == "there is no python3 to read the policy with"


def test_a_host_without_a_policy_is_said_and_nothing_runs(tmp_path: Path) -> None:
    toolchain = FakeToolchain(tmp_path, {"python3": python3}, identity="local")
    found = without(tmp_path, toolchain, policy_type=str(tmp_path / "nowhere"))
    assert found.reason == "no policy is installed"
    assert found.details == (f"{tmp_path}/nowhere/policy: No such file or directory",)
    assert found.hint == "Type: sudo apt-get -q -y --no-install-recommends install selinux-policy-default"
    assert toolchain.ran == []


def test_what_a_host_lacks_and_may_not_be_installed_is_said(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    (etc / "policy").mkdir(parents=True)
    (etc / "policy/policy.33").touch()
    toolchain = FakeToolchain(tmp_path, lacking("no setools"), identity="local")  # type: ignore[arg-type]
    found = without(tmp_path, toolchain, policy_type=str(etc))
    assert found.reason == "setools is missing, and the setting install forbids to install anything"
    assert found.hint == "Type: sudo apt-get -q -y --no-install-recommends install python3-setools"


def test_another_releases_policy_does_not_serve(tmp_path: Path) -> None:
    toolchain = FakeToolchain(tmp_path, {"python3": python3})
    found = without(tmp_path, toolchain, foreign_headers="this host is debian12, and no engine answers")
    assert found.reason == (
        "there is no policy of Enterprise Linux 9 here: this host is debian12, and no engine answers"
    )
    assert toolchain.ran == []


class NoEngine(FakeToolchain):
    def __enter__(self) -> Self:
        raise NoEngineError(["/var/run/docker.sock"])


def test_no_engine_no_policy(tmp_path: Path) -> None:
    assert without(tmp_path, NoEngine(tmp_path)).reason == "No container engine answers."


def test_a_store_that_cannot_be_copied_leaves_the_base(tmp_path: Path) -> None:
    def mkdir(command: Command, root: Path) -> Said:
        for place in command.argv[4:]:
            (root / place).mkdir(parents=True)
        return Said()

    def copy(command: Command, _root: Path) -> Said:
        return Said(stderr=f"cp: cannot open '{command.argv[-2]}': Permission denied\n".encode(), exit_code=1)

    toolchain = FakeToolchain(tmp_path, {"python3": python3, "mkdir": mkdir, "cp": copy})
    found = linked(session(tmp_path, toolchain), SCRATCH, [], booleans={"a": True})
    assert isinstance(found, LinkedPolicy)
    assert found.notes == ("the base policy answers alone, because the store of loaded modules cannot be copied",)
    assert found.index.type("a_t") == "a_t"
