"""Builds that are cut short from outside: by a signal, or by an output that takes no more."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.tools.building import INVOKE, environment

FULL = "the output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "words",
    [["build", "--force"], ["build", "--output", "json"], ["build", "--target", "el99", "--output", "json"], []],
    ids=" ".join,
)
def test_a_full_device_behind_the_output_ends_with_4_and_says_so(words: list[str], repository: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [INVOKE, *words],
            cwd=repository,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stderr) == (4, FULL)
    assert list((repository / "build/.cache/scratch").iterdir()) == []
