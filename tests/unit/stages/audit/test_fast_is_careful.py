"""What is read at speed comes to exactly what reading line by line does: mixed, interleaved and damaged lines too."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.audit_log import made_lines
from sepack.stages.audit import run
from sepack.stages.audit.aggregate import aggregate, finish, merge_all
from sepack.stages.audit.join import WINDOW
from sepack.stages.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sepack.model.audit_log import Aggregation

DATA = Path(__file__).parents[3] / "data/audit"
REAL = (DATA / "enforcing-vm.log").read_bytes().splitlines()
ODD = (DATA / "odd-raw.log").read_bytes().splitlines()


class Careful(Reader):
    """Reads each line by itself."""

    def read(self, offset: int, data: bytes, end: int) -> None:
        self._read_lines(data.split(b"\n"), offset)
        self._settle(end)


def in_blocks(lines: list[bytes], dice: random.Random, start: int) -> Iterator[tuple[int, bytes, int]]:
    at = 0
    while at < len(lines):
        size = dice.choice((50, 700, 3000))
        data = b"\n".join(lines[at : at + size])
        yield start, data, start + len(data) + 1
        start, at = start + len(data) + 1, at + size


def carefully(lines: list[bytes]) -> Aggregation:
    reader = Careful("log", 0)
    data = b"\n".join(lines)
    reader.read(0, data, len(data) + 1)
    return finish(reader.result())


def quickly(lines: list[bytes], dice: random.Random) -> Aggregation:
    """In parts cut at any line, each in blocks of any size, merged in any order."""
    cuts = sorted(dice.sample(range(len(lines)), 2))
    parts, start = [], 0
    for begin, end in zip([0, *cuts], [*cuts, len(lines)], strict=True):
        blocks = list(in_blocks(lines[begin:end], dice, start))
        parts.append(aggregate(blocks, "log"))
        start = blocks[-1][2] if blocks else start
    dice.shuffle(parts)
    return merge_all(parts)


def damaged(line: bytes, dice: random.Random) -> bytes:
    letters = bytearray(line)
    for _ in range(dice.randrange(1, 4)):
        letters[dice.randrange(len(letters))] = dice.choice(b"\x00\xff \"'{}=:()a0\x1d/.7")
    return bytes(letters[: dice.choice((None, None, dice.randrange(1, len(letters))))])


def mixed(seed: int, *, damage: int, shuffle: int, odd: int) -> list[bytes]:
    """Made-up and real lines; of a thousand so many are damaged, moved a few lines away, or odd ones."""
    dice = random.Random(seed)
    made = made_lines(seed, levels=seed % 2 == 0)
    lines = [line for _ in range(5) for line in (*(next(made).encode() for _ in range(700)), *REAL)]
    for at in range(len(lines)):
        if dice.randrange(1000) < damage:
            lines[at] = damaged(lines[at], dice)
        if dice.randrange(1000) < odd:
            stamp = lines[at].partition(b"audit(")[2].partition(b")")[0] or b"1795416000.034:1001"
            lines[at] = dice.choice(ODD).replace(b"1795416000.034:1001", stamp)
        if dice.randrange(1000) < shuffle:
            other = min(len(lines) - 1, at + dice.choice((1, 2, 5, 60, 200)))
            lines[at], lines[other] = lines[other], lines[at]
    return lines


@pytest.mark.parametrize(
    ("seed", "damage", "shuffle", "odd"),
    [(1, 0, 0, 0), (2, 0, 0, 0), (3, 0, 80, 0), (4, 0, 400, 5), (5, 0, 20, 20), (6, 0, 5, 2)],
)
def test_raw_lines(seed: int, damage: int, shuffle: int, odd: int) -> None:
    lines = mixed(seed, damage=damage, shuffle=shuffle, odd=odd)
    careful = carefully(lines)
    assert careful.account.lines == len(lines)
    for turn in range(2):
        assert quickly(lines, random.Random(turn)) == careful


@pytest.mark.parametrize(("seed", "damage"), [(7, 1), (8, 3), (9, 50), (10, 1000)])
def test_damaged_lines(seed: int, damage: int) -> None:
    lines = [line.replace(b"\n", b" ") for line in mixed(seed, damage=damage, shuffle=10, odd=2)]
    careful = carefully(lines)
    assert careful.account.lines == len(lines)
    for turn in range(2):
        assert quickly(lines, random.Random(turn)) == careful


def test_most_is_read_at_speed() -> None:
    """Else the rest of this file says nothing."""
    made = made_lines(1)
    data = b"".join(b"\n" + next(made).encode() for _ in range(4000))
    found = run.find_looked_at(data)
    assert found
    from sepack.stages.audit.tally import Tally
    from sepack.stages.audit.usual import UsualDenials

    inner = [at for at in found if WINDOW < at < len(data) - WINDOW]
    assert len(UsualDenials(Tally).read(data, inner)) < len(inner) / 50
