"""README's session is what the tool prints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
NOT_CLONED = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "build", "dist")


@pytest.fixture
def clone(tmp_path: Path, require_tool: Callable[[str], str]) -> Path:
    for tool in ("m4", "checkmodule", "semodule_package", "sefcontext_compile"):
        require_tool(tool)
    place = tmp_path / "clone"
    shutil.copytree(ROOT, place, ignore=NOT_CLONED, symlinks=True)
    return place


def session() -> list[tuple[str, str]]:
    """Each command of README's first example, and what it prints there."""
    block = re.search(r"```console\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert block
    parts = re.split(r"^\$ (.*)\n", block[1], flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def normalised(text: str) -> list[str]:
    """Without what differs from run to run: seconds, this host's name, and which of two modules was ready first."""
    text = re.sub(r"\d+\.\d s\b", "N s", text)
    lines = re.sub(r"^host \(.*\):", "host (…):", text, flags=re.MULTILINE).splitlines()
    built = iter(sorted(line for line in lines if line.startswith("built ")))
    return [next(built) if line.startswith("built ") else line for line in lines]


def test_the_session_of_the_readme_is_what_is_printed(clone: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("INVOKE_")}
    env["PYTHONPATH"] = str(clone / "src")
    for command, shown in session():
        program, *arguments = command.split()
        assert program == "./inv"
        argv = [sys.executable, "-m", "invoke", *arguments]
        done = subprocess.run(argv, cwd=clone, env=env, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert normalised(done.stdout) == normalised(shown), command
