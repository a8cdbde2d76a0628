"""What was read of an audit log: every line accounted for, denials, and the events still open at its cuts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sepack.model.denial import Access, Denial, Evidence, Smallest

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, order=True)
class Sample:
    """A line that was not understood: `offset` counts bytes of the uncompressed source; `text` is its beginning."""

    source: str
    offset: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where each line read went; a line that is only partly understood is not understood."""

    denials: int = 0
    granted: int = 0
    other: int = 0
    not_understood: Mapping[str, int] = field(default_factory=dict)
    samples: Smallest[Sample] = field(default_factory=Smallest)

    @property
    def lines(self) -> int:
        return self.denials + self.granted + self.other + self.lines_not_understood

    @property
    def lines_not_understood(self) -> int:
        return sum(self.not_understood.values())

    def __or__(self, other: Account) -> Account:
        reasons = dict(self.not_understood)
        for reason, lines in other.not_understood.items():
            reasons[reason] = reasons.get(reason, 0) + lines
        return Account(
            denials=self.denials + other.denials,
            granted=self.granted + other.granted,
            other=self.other + other.other,
            not_understood=reasons,
            samples=self.samples | other.samples,
        )


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """What the vector cache's message said, levels left out: one line may deny several permissions at once."""

    granted: bool
    source_type: str
    target_type: str
    tclass: str
    permissions: tuple[str, ...]

    @property
    def accesses(self) -> tuple[Access, ...]:
        return tuple(Access(self.source_type, self.target_type, self.tclass, each) for each in self.permissions)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A record that waits for others of its event: `key` is its node and serial, `offset` where its line begins.

    A denial has its signature, and `text` is its fields; a SYSCALL, PATH or CWD record is its text, from `type=` on.
    """

    offset: int
    key: bytes
    signature: Signature | None
    text: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A run of bytes of one source that has been read, and the records near its ends, which may miss others."""

    start: int
    end: int
    open: tuple[AuditRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """What a part of the logs comes to.

    `errors` are SELINUX_ERR records, with the operation in the permission's place. `faults` say what could not be
    read at all, by source.
    """

    account: Account = field(default_factory=Account)
    denials: Mapping[Access, Denial] = field(default_factory=dict)
    granted: Mapping[Access, Denial] = field(default_factory=dict)
    errors: Mapping[Access, Denial] = field(default_factory=dict)
    segments: Mapping[str, tuple[Segment, ...]] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)


def merge_denials(one: Mapping[Access, Denial], other: Mapping[Access, Denial]) -> dict[Access, Denial]:
    merged = dict(one)
    for access, denial in other.items():
        known = merged.get(access)
        merged[access] = known | denial if known else denial
    return merged


def add_evidence(denials: dict[Access, Denial], access: Access, evidence: Evidence) -> None:
    known = denials.get(access)
    denials[access] = Denial(access=access, evidence=known.evidence | evidence if known else evidence)
