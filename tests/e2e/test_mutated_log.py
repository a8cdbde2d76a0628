"""A hundred thousand mutations of real lines: no traceback, each line accounted for, nothing found that none denied."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from sepack.pipeline.denials import read_denials
from sepack.workers.local import LocalWorkers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sepack.model.denial import Access

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

    read = read_denials([str(log)], LocalWorkers())

    assert read.account.lines == 100_000
    assert read.account.denials > 1000
    assert not unfounded(read.denials, log.read_bytes().split(b"\n"))


def unfounded(found: Iterable[Access], lines: Iterable[bytes]) -> list[Access]:
    """The accesses for which no line has "denied" and their four words; known without anything of the reader's."""
    by_source: dict[bytes, list[set[bytes]]] = defaultdict(list)
    sources = {access.source_type.encode() for access in found}
    for line in lines:
        words = set(re.findall(rb"[A-Za-z0-9_.-]+", line)) if b"denied" in line else set()
        for source in words & sources:
            by_source[source].append(words)
    return [
        access
        for access in found
        if not any(
            {access.target_type.encode(), access.tclass.encode(), access.permission.encode()} <= words
            for words in by_source[access.source_type.encode()]
        )
    ]
