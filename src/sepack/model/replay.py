"""What a denial of the ledger comes to when it is asked again, offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sepack.model.base_policy import AccessQuestion, Why
    from sepack.model.ledger import LedgerItem


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One question of one item. `about` is the path or the port whose label was looked up anew, "" where none was.

    `question` is what was asked, with that label. `expected` is whether it comes to what the item says: allowed where
    it was accepted, denied where it was refused.
    """

    module: str
    item: LedgerItem
    question: AccessQuestion
    about: str
    answer: Why
    expected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """All questions, in the ledgers' order. `policy` says what was asked; `unasked` are items without evidence."""

    target: str
    policy: str
    replayed: tuple[Replayed, ...]
    unasked: tuple[tuple[str, LedgerItem], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> tuple[Replayed, ...]:
        return tuple(each for each in self.replayed if not each.expected)
