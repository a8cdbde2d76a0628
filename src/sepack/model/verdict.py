"""What a denial is, and what fixes it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sepack.model.audit_log import Account
    from sepack.model.denial import Denial
    from sepack.model.fix import Fix


class VerdictKind(enum.StrEnum):
    """In the order in which triage asks. A fix belongs to those from LABEL on, conflicts excepted."""

    NOT_A_DENIAL = "not a denial"
    UNKNOWN = "unknown to the policy"
    CONSTRAINT = "constraint"
    ROLE = "role"
    BOUNDS = "bounds"
    NO_NEW_PRIVILEGES = "no new privileges"
    ALLOWED = "already allowed"
    RESTORE_LABEL = "restore label"
    FILE_CONTEXT = "file context"
    BOOLEAN = "boolean"
    PORT = "port"
    PORT_CONFLICT = "port conflict"
    INTERFACE = "interface"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """Why a fix may not be proposed: the guardrail's name and its reason, both from policy/guardrails.toml."""

    guardrail: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One verdict for denials that share a fix.

    `denials` share source type, target type and class, sorted by permission. `reason` is one sentence. `fix` is None
    where nothing that sepack writes helps; `advice` then says what can. `guarded` is set where a guardrail forbids the
    fix, and `withheld` are alternatives that one forbids. `dontaudited` says that the base policy keeps silent about
    one of the denials, so that only a session without dontaudit showed it: its fix needs an explicit word. `unchecked`
    says what could not be asked ("" where all was): no base policy at hand, for one.
    """

    denials: tuple[Denial, ...]
    kind: VerdictKind
    reason: str
    fix: Fix | None = None
    alternatives: tuple[Fix, ...] = ()
    advice: str = ""
    guarded: Guarded | None = None
    withheld: tuple[Fix, ...] = ()
    dontaudited: bool = False
    unchecked: str = ""

    @property
    def statement(self) -> str:
        """What a person accepts or refuses; "" where there is no fix."""
        return self.fix.statement() if self.fix is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Triage:
    """All verdicts on a log. `policy` says which base policy was asked, or why none was."""

    target: str
    policy: str
    verdicts: tuple[Verdict, ...]
    account: Account
    faults: Mapping[str, str]
    notes: tuple[str, ...] = ()
