"""What every task shares: the options that override settings, and how a task ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from sepack.errors import ExitCode
from sepack.settings import DEFAULTS
from sepack.tasks.verb import Run, verb

if TYPE_CHECKING:
    from pathlib import Path

    from sepack.settings import Settings


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """What Invoke gives a task, in an empty repository."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "tasks.py").touch()
    monkeypatch.chdir(tmp_path)
    return Context(Config(overrides={"sepack": dict(DEFAULTS)}))


def settings_with(context: Context, module_format: str) -> Settings:
    seen: list[Settings] = []

    def body(run: Run) -> None:
        seen.append(run.settings)

    verb("module_format")(body)(context, module_format=module_format)
    return seen[0]


@pytest.mark.parametrize(("typed", "meant"), [("", None), ("4", 4), ("21", 21)])
def test_a_module_format_is_read_as_the_setting_is(typed: str, meant: int | None, context: Context) -> None:
    assert settings_with(context, typed).module_format == meant


@pytest.mark.parametrize("typed", ["x", "0", "3", "-1", "1.5", "19x"])
def test_a_module_format_that_is_none_is_refused_by_the_option_s_name(typed: str, context: Context) -> None:
    with pytest.raises(Exit) as caught:
        settings_with(context, typed)

    assert caught.value.code == ExitCode.DECLARATION
    assert f"--module-format: module_format is '{typed}'; it takes a whole number" in str(caught.value.message)
