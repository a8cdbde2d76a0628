"""Invoke's own command line, started sooner, is Invoke's own command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOW = "import sys; print([name in sys.modules for name in ('unittest.mock', 'importlib.metadata', 'asyncio', 'ssl')])"
STARTED = "from sepack.__main__ import _stand_ins\nwith _stand_ins():\n    import invoke\n"


def python(*arguments: str, home: Path = ROOT) -> str:
    done = subprocess.run(
        [sys.executable, "-P", *arguments], cwd=home, capture_output=True, text=True, check=True, env={**os.environ}
    )
    return done.stdout


@pytest.mark.parametrize("arguments", [["--version"], ["--list"], ["--help"], ["--help", "build"]])
def test_it_says_what_invoke_says(arguments: list[str]) -> None:
    assert python("-m", "sepack", *arguments) == python("-m", "invoke", *arguments)


def test_what_invoke_needs_for_tests_is_not_loaded() -> None:
    assert python("-c", STARTED + SHOW) == "[False, False, False, False]\n"


def test_what_stood_in_is_gone_afterwards() -> None:
    program = STARTED + "import unittest.mock, importlib.metadata\n"
    program += "print(unittest.mock.MagicMock.__name__, importlib.metadata.version('invoke') == invoke.__version__)"
    assert python("-c", program) == "MagicMock True\n"


def test_a_test_of_tasks_can_still_pretend() -> None:
    program = STARTED + "context = invoke.MockContext(run=invoke.Result('said'))\n"
    program += "print(context.run('x').stdout, context.run.called, type(context.run).__module__)"
    assert python("-c", program) == "said True unittest.mock\n"


def test_whoever_asks_for_more_in_between_gets_the_real_one() -> None:
    program = "from sepack.__main__ import _stand_ins\nwith _stand_ins():\n"
    program += "    from unittest.mock import MagicMock\n    from importlib.metadata import distribution\n"
    program += "print(MagicMock.__module__, distribution('invoke').name)"
    assert python("-c", program) == "unittest.mock invoke\n"


def test_a_file_of_settings_is_not_taken_for_invoke(tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("from sepack.tasks import ns\n\n__all__ = ['ns']\n")
    (tmp_path / "invoke.py").write_text('sepack = {"targets": "host"}\n')
    assert "Available tasks" in python("-m", "sepack", "--list", home=tmp_path)
