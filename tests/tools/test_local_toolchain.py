from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sepack.toolchain.local import LocalToolchain
from tests.contract.toolchain_contract import RealToolchainContract

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sepack.model.toolchain import Toolchain


class TestLocalToolchain(RealToolchainContract):
    @pytest.fixture
    def toolchain(self, root: Path) -> Iterator[Toolchain]:
        with LocalToolchain(root) as toolchain:
            yield toolchain
