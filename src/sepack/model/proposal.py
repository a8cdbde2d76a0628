"""What `regenerate` would change in one module's ledger, and what it leaves to a person."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from sepack.model.audit_log import Account
    from sepack.model.denial import Denial
    from sepack.model.ledger import LedgerItem
    from sepack.model.verdict import Verdict


class Held(enum.StrEnum):
    """Why a fix is not written unless a person accepts its statement by name."""

    GUARDED = "a guardrail forbids it"
    SILENCED = "the base policy keeps silent about it"
    UNCHECKED = "it could not be checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What a person says about statements: `accept` and `refuse` hold them as they were typed.

    `by` and `when` go into the items, and so do `reason` (without one an accepted item takes its verdict's) and
    `expires`. `refresh` asks for the evidence of settled items to be brought up to date.
    """

    by: str
    when: dt.date
    accept: tuple[str, ...] = ()
    refuse: tuple[str, ...] = ()
    reason: str = ""
    expires: dt.date | None = None
    refresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One item to be written; `before` is the item whose place it takes, None for a new one."""

    item: LedgerItem
    before: LedgerItem | None = None
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """A fix that waits for a person's word, and why in `detail` (the guardrail's own reason, for one)."""

    verdict: Verdict
    statement: str
    why: Held
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the ledger has answered already; no `items` where the module's own declaration has."""

    verdict: Verdict
    items: tuple[LedgerItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """For one module, each tuple sorted by statement.

    `changes` is what `--apply` writes, `held` needs a person's word, `settled` has the ledger's answer. `beyond` are
    verdicts for which nothing that sepack writes helps, each with its advice.
    """

    module: str
    changes: tuple[Change, ...] = ()
    held: tuple[HeldBack, ...] = ()
    settled: tuple[Settled, ...] = ()
    beyond: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unowned:
    """A denial that no module's `domains` claims, or several do (`claimed_by`)."""

    denial: Denial
    claimed_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Regeneration:
    """All that one `regenerate` found. `policy` says which base policy was asked, or why none was.

    `account` and `faults` tell what became of the log's lines and what could not be read; `notes` are for a person.
    `written` are the ledgers that were written, empty where nothing was or was to be.
    """

    target: str
    policy: str
    proposals: tuple[Proposal, ...]
    unowned: tuple[Unowned, ...]
    account: Account
    faults: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    written: tuple[PurePosixPath, ...] = ()

    @property
    def has_changes(self) -> bool:
        return any(proposal.changes for proposal in self.proposals)

    @property
    def has_held(self) -> bool:
        return any(proposal.held for proposal in self.proposals)
