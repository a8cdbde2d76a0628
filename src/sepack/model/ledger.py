"""What was accepted or refused for a module, by whom and why."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    from sepack.errors import Location
    from sepack.model.fix import Boolean, FileContext, Interface, PortLabel
    from sepack.model.rule import Rule

    Item = Rule | FileContext | Boolean | PortLabel | Interface


class ItemKind(enum.StrEnum):
    RULE = "rule"
    INTERFACE = "interface"
    FILE_CONTEXT = "file_context"
    BOOLEAN = "boolean"
    PORT = "port"


class Answer(enum.StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, order=True)
class Denied:
    """What was asked and refused, with whole contexts: what `denials.replay` asks again.

    `permissions` are sorted. `paths` and `ports` are those that the fix's label is for.
    """

    source: str
    target: str
    tclass: str
    permissions: tuple[str, ...]
    paths: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEvidence:
    """What speaks for an item, as far as it belongs into git: no command lines, no secrets.

    `lines` is exact at the time it was written. `hosts` may be hashes. `sample` is one redacted line of the log.
    """

    lines: int = 0
    first_seen: dt.date | None = None
    last_seen: dt.date | None = None
    hosts: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    executables: tuple[str, ...] = ()
    sample: str = ""
    denied: tuple[Denied, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerItem:
    """`statement` is what a person types to speak of it, as the fix prints it; `item` is its meaning.

    `by` is who answered, `when` the day. An item that has `expires` behind it still counts, with a warning, unless the
    setting `expiry` is `error`. `where` is its place in ledger.toml, None before it is written.
    """

    kind: ItemKind
    answer: Answer
    item: Item
    statement: str
    reason: str
    by: str
    when: dt.date
    expires: dt.date | None = None
    evidence: LedgerEvidence = field(default_factory=LedgerEvidence)
    where: Location | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A module's items, sorted by kind and statement; no statement twice.

    `digest` is the SHA-256 of the file that they were read from, "" where they were not read from one.
    """

    items: tuple[LedgerItem, ...] = ()
    digest: str = field(default="", compare=False)

    def get(self, statement: str) -> LedgerItem | None:
        return next((item for item in self.items if item.statement == statement), None)

    @property
    def accepted(self) -> tuple[LedgerItem, ...]:
        return tuple(item for item in self.items if item.answer is Answer.ACCEPTED)
