"""Every fault an author can make, in one build: what is said of it lies beside it as expected.txt.

`SEPACK_WRITE_EXPECTED=1 pytest tests/golden/test_faults.py` writes what is said now; read the diff before you commit.
"""

from __future__ import annotations

import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sepack.console.build import BuildText
from sepack.console.screen import Screen
from sepack.model.build import Built, Failed, Notice
from sepack.pipeline.build import BuildRequest, build
from sepack.settings import Settings
from sepack.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.model.build import BuildEvent

HERE = Path(__file__).parent / "faults"
MODULES = sorted(path.name for path in (HERE / "policy").iterdir())


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory, require_tool: Callable[[str], str]) -> dict[str, list[BuildEvent]]:
    """Of one build of all modules, by module."""
    for tool in ("m4", "checkmodule", "semodule_package", "sefcontext_compile"):
        require_tool(tool)
    root = tmp_path_factory.mktemp("faults") / "repository"
    shutil.copytree(HERE, root)
    settings = Settings(targets=("host",), toolchain="local", install="never")
    found: dict[str, list[BuildEvent]] = {}
    for event in build(Workspace(root), settings, BuildRequest(), lambda _: None):
        if isinstance(event, Built | Failed | Notice):
            found.setdefault(event.module, []).append(event)
    return found


def said(events: list[BuildEvent]) -> str:
    stream = io.StringIO()
    BuildText(Screen(stream), "./inv", dry_run=False).show(events)
    return stream.getvalue()


@pytest.mark.parametrize("module", MODULES)
def test_what_is_said_of_a_fault_is_what_was_agreed(module: str, events: dict[str, list[BuildEvent]]) -> None:
    expected = HERE / "policy" / module / "expected.txt"
    text = said(events[module])
    if os.environ.get("SEPACK_WRITE_EXPECTED"):
        expected.write_text(text)
    assert text == expected.read_text()


def test_the_good_modules_are_built_all_the_same(events: dict[str, list[BuildEvent]]) -> None:
    built = {name for name, of_it in events.items() if any(isinstance(event, Built) for event in of_it)}
    assert built == {"good", "self-transition"}
