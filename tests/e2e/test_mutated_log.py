"""A hundred thousand mutations of real lines: no traceback, and no line unaccounted for."""

from __future__ import annotations

import random
from pathlib import Path

from sepack.pipeline.denials import read_denials
from sepack.workers.local import LocalWorkers

LINES = (Path(__file__).parents[1] / "data/audit/enforcing-vm.log").read_bytes().splitlines()


def test_mutations_are_all_accounted_for(tmp_path: Path) -> None:
    dice = random.Random(17)
    log = tmp_path / "audit.log"
    with log.open("wb") as file:
        for _ in range(100_000):
            line = bytearray(dice.choice(LINES))
            for _ in range(dice.randrange(5)):
                line[dice.randrange(len(line))] = dice.choice(b"\x00\xff \"'{}=:()a0")
            file.write(line[: dice.choice((None, None, dice.randrange(1, len(line))))] + b"\n")

    assert read_denials([str(log)], LocalWorkers()).account.lines == 100_000
