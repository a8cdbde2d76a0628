"""What the tests of whole builds share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.building import FILES, copy, require_all, run_build, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def built_repository(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> Path:
    """The small repository, built; not to be changed."""
    require_all(require_tool)
    root = write(tmp_path_factory.mktemp("built") / "repository", FILES)
    done = run_build(root)
    assert set(done.built) == {"plain", "spool", "reader", "made"}, done.failed
    return root


@pytest.fixture
def repository(built_repository: Path, tmp_path: Path) -> Path:
    """A copy of it that is up to date."""
    return copy(built_repository, tmp_path / "repository")
