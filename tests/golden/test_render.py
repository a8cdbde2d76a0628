"""Each folder of render/ is a module and what it becomes: `expected/<target>/` holds its texts, and `notes` if any.

A folder without a module.toml stands for the model module of that name in policy/.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sepack.catalog import load_modules
from sepack.stages.render import render
from sepack.targets import load_targets
from sepack.workspace import Workspace

CASES = Path(__file__).parent / "render"
REPOSITORY = Path(__file__).parents[2]
TARGETS = {**load_targets(), "without-levels": replace(load_targets()["el9"], mls=False)}
EXPECTED = sorted(CASES.glob("*/expected/*"))


def workspace_of(case: Path, root: Path) -> Workspace:
    """The case's module in a repository of its own, beside the templates it brings."""
    source = case if (case / "module.toml").is_file() else REPOSITORY / "policy" / case.name
    name = next(file.name.partition(".")[0] for file in case.glob("expected/*/*.te"))
    shutil.copytree(source, root / "policy" / name, ignore=shutil.ignore_patterns("expected", "templates"))
    if (case / "templates").is_dir():
        shutil.copytree(case / "templates", root / "templates")
    return Workspace(root)


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_a_module_becomes_the_texts_beside_it(tmp_path: Path, expected: Path) -> None:
    workspace = workspace_of(expected.parents[1], tmp_path)
    modules, problems = load_modules(workspace)
    assert not problems
    sources = render(modules[0], TARGETS[expected.name], workspace)
    texts = {f"{modules[0].name}.{text.kind}": text.text for text in sources.texts}
    if sources.notes:
        texts["notes"] = "".join(f"{note}\n" for note in sources.notes)
    assert texts == {file.name: file.read_text() for file in expected.iterdir()}


def test_there_are_cases() -> None:
    assert len(EXPECTED) >= 6
