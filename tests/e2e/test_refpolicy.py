"""All 384 modules of refpolicy beside the devel Makefile: the same bytes, one broken on purpose, 383 the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.peer import FAULTS, Beside, check_all, check_fault, make_beside

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> Beside:
    return make_beside(tmp_path_factory.mktemp("peer"), require_tool, every=1)


def test_every_package_is_byte_for_byte_the_makefiles(beside: Beside) -> None:
    check_all(beside, 384)


@pytest.mark.parametrize("fault", FAULTS[:2])
def test_one_broken_module_fails_alone(beside: Beside, fault: str) -> None:
    check_fault(beside, fault)
