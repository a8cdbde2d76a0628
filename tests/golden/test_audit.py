"""Each shape a log comes in: input and what is read of it, side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sepack.console.denials import denials_as_json
from sepack.pipeline.denials import read_denials
from sepack.workers.local import LocalWorkers

CASES = sorted(path.parent for path in Path(__file__).parent.glob("audit/*/input.log"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_read_of_a_shape(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(case)
    read = denials_as_json(read_denials(["input.log"], LocalWorkers(1)))
    assert read == json.loads((case / "expected.json").read_text(encoding="utf-8"))
