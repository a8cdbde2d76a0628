"""Aggregating a log is merging the aggregations of its parts, cut at any line, in any order; no line is lost."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from sepack.stages.audit.aggregate import aggregate, finish, merge, merge_all

if TYPE_CHECKING:
    from sepack.model.audit_log import Aggregation

REAL = (Path(__file__).parents[3] / "data/audit/enforcing-vm.log").read_bytes().splitlines()


def part(lines: list[bytes], start: int) -> Aggregation:
    data = b"\n".join(lines)
    return aggregate([(start, data, start + len(data) + 1)] if lines else [], "log")


@given(
    st.lists(st.sampled_from(REAL), max_size=60),
    st.lists(st.integers(0, 60), max_size=5),
    st.randoms(use_true_random=False),
)
def test_parts_in_any_order_come_to_the_same_as_the_whole(
    lines: list[bytes], cuts: list[int], dice: random.Random
) -> None:
    bounds = [0, *sorted(min(cut, len(lines)) for cut in cuts), len(lines)]
    offsets = [sum(len(line) + 1 for line in lines[:bound]) for bound in bounds]
    parts = [part(lines[a:b], at) for a, b, at in zip(bounds, bounds[1:], offsets, strict=False)]
    dice.shuffle(parts)

    assert merge_all(parts) == finish(part(lines, 0))


def test_long_plain_blocks_cut_anywhere_come_to_the_same() -> None:
    lines = REAL * 30
    whole = finish(part(lines, 0))
    dice = random.Random(3)
    for _ in range(3):
        cut = dice.randrange(len(lines))
        at = sum(len(line) + 1 for line in lines[:cut])
        assert finish(merge(part(lines[cut:], at), part(lines[:cut], 0))) == whole


def test_mutated_lines_are_all_accounted_for_and_give_no_new_permission() -> None:
    dice = random.Random(11)
    lines = []
    for _ in range(10_000):
        line = bytearray(dice.choice(REAL))
        for _ in range(dice.randrange(4)):
            line[dice.randrange(len(line))] = dice.choice(b"\x00\xff \"'{}=:()a0") if line else 0
        lines.append(bytes(line).replace(b"\n", b""))

    assert finish(part(lines, 0)).account.lines == len(lines)
