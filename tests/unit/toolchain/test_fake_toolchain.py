from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.toolchain_contract import ToolchainContract, command, only
from tests.fakes.toolchain import FakeToolchain, Said

if TYPE_CHECKING:
    from pathlib import Path

    from sepack.model.command import Command
    from sepack.model.toolchain import Toolchain


class TestFakeToolchain(ToolchainContract):
    @pytest.fixture
    def toolchain(self, root: Path) -> Toolchain:
        return FakeToolchain(root)


def test_programs_are_functions_and_what_ran_is_remembered(tmp_path: Path) -> None:
    def checkmodule(asked: Command, root: Path) -> Said:
        (root / asked.argv[2]).write_bytes(b"module")
        return Said(stderr=b"warning\n")

    toolchain = FakeToolchain(tmp_path, {"checkmodule": checkmodule}, identity="image")
    asked = command("checkmodule", "-o", "x.mod")
    assert only(toolchain, asked).last.stderr == b"warning\n"
    assert (tmp_path / "x.mod").read_bytes() == b"module"
    assert toolchain.ran == [asked]
    assert toolchain.identity == "image"
