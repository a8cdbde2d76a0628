"""What of a denial's evidence goes into git: counts, days and names, a line made of checked parts, no secrets."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import TYPE_CHECKING

from sepack.model.ledger import Denied, LedgerEvidence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sepack.model.denial import Denial

_KEPT = 10
_HASH_LENGTH = 12


def as_it_is(host: str) -> str:
    return host


def hashed(host: str) -> str:
    """Tells hosts apart without naming them; who knows a host's name can still find it."""
    return "#" + hashlib.sha256(host.encode()).hexdigest()[:_HASH_LENGTH]


def evidence_of(denials: Sequence[Denial], host: Callable[[str], str]) -> LedgerEvidence:
    """One evidence for all of `denials`, which share a fix. Times become days, in UTC."""
    found = [denial.evidence for denial in denials]
    firsts = [each.first for each in found if each.first is not None]
    lasts = [each.last for each in found if each.last is not None]
    return LedgerEvidence(
        lines=sum(each.lines for each in found),
        first_seen=_day(min(firsts)) if firsts else None,
        last_seen=_day(max(lasts)) if lasts else None,
        hosts=_smallest(host(name) for each in found for name in each.hosts.values),
        commands=_smallest(name for each in found for name in each.commands.values),
        executables=_smallest(name for each in found for name in each.executables.values),
        sample=_sample(min(denials, key=lambda denial: denial.access)) if denials else "",
        denied=_denied(denials),
    )


def refreshed(old: LedgerEvidence, new: LedgerEvidence) -> LedgerEvidence:
    """`old` with what a newer log shows: days widen, names add up, the lines are the newer log's."""
    firsts = [day for day in (old.first_seen, new.first_seen) if day is not None]
    lasts = [day for day in (old.last_seen, new.last_seen) if day is not None]
    return LedgerEvidence(
        lines=new.lines,
        first_seen=min(firsts, default=None),
        last_seen=max(lasts, default=None),
        hosts=_smallest((*old.hosts, *new.hosts)),
        commands=_smallest((*old.commands, *new.commands)),
        executables=_smallest((*old.executables, *new.executables)),
        sample=new.sample or old.sample,
        denied=tuple(sorted({*old.denied, *new.denied})),
    )


def _day(milliseconds: int) -> dt.date:
    return dt.datetime.fromtimestamp(milliseconds / 1000, tz=dt.UTC).date()


def _smallest(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values))[:_KEPT])


def _denied(denials: Iterable[Denial]) -> tuple[Denied, ...]:
    """One for each pair of contexts and class, so that a replay can ask exactly what was asked."""
    permissions: dict[tuple[str, str, str], set[str]] = {}
    paths: dict[tuple[str, str, str], set[str]] = {}
    ports: dict[tuple[str, str, str], set[int]] = {}
    for denial in denials:
        for source, target in denial.evidence.contexts.values:
            key = (str(source), str(target), denial.access.tclass)
            permissions.setdefault(key, set()).add(denial.access.permission)
            paths.setdefault(key, set()).update(denial.evidence.paths.values)
            ports.setdefault(key, set()).update(denial.evidence.ports.values)
    return tuple(
        Denied(
            *key,
            permissions=tuple(sorted(permissions[key])),
            paths=tuple(sorted(paths[key])[:_KEPT]),
            ports=tuple(sorted(ports[key])[:_KEPT]),
        )
        for key in sorted(permissions)
    )


def _sample(denial: Denial) -> str:
    """A line as the log has it, put together from what was checked: no process's arguments, numbers or users."""
    access, evidence = denial.access, denial.evidence
    words = [f"avc:  denied  {{ {access.permission} }} for"]
    for name, kept in (("comm", evidence.commands), ("path", evidence.paths), ("name", evidence.names)):
        if kept.values and not (name == "name" and evidence.paths.values):
            words.append(f'{name}="{kept.values[0]}"')
    if evidence.ports.values:
        words.append(f"port={evidence.ports.values[0]}")
    if evidence.contexts.values:
        source, target = evidence.contexts.values[0]
        words += [f"scontext={source}", f"tcontext={target}"]
    return " ".join([*words, f"tclass={access.tclass}"])
