"""Every fault that policy/guardrails.toml can have, and what is said of it, side by side.

`SEPACK_WRITE_EXPECTED=1 pytest tests/golden/test_guardrails.py` writes what is said now; read the diff before you
commit.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sepack.catalog.guardrails import guardrails_from_text
from sepack.console.errors import error_text
from sepack.workspace import GUARDRAILS

CASES = sorted((Path(__file__).parent / "guardrails").glob("*.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_what_is_said_of_a_fault_is_what_was_agreed(case: Path) -> None:
    found, errors = guardrails_from_text(case.read_text(encoding="utf-8"), GUARDRAILS)
    said = "\n".join([*map(error_text, errors), f"and {len(found)} good ones: {', '.join(one.name for one in found)}"])
    expected = case.with_suffix(".txt")
    if os.environ.get("SEPACK_WRITE_EXPECTED"):
        expected.write_text(f"{said}\n", encoding="utf-8")
    assert f"{said}\n" == expected.read_text(encoding="utf-8")
