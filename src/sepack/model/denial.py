"""A denial with its evidence: bounded values that merge in any order."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from typing import Any, Generic, TypeVar

KEPT = 10
"""How many of each kind of evidence are kept: the smallest ones, so that merging in any order keeps the same."""

Value = TypeVar("Value", bound=Any)

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]{0,254}"
_CONTEXT = re.compile(rf"({_NAME}):({_NAME}):({_NAME})(?::([A-Za-z0-9_.,:-]{{1,4096}}))?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class SecurityContext:
    """Who a process or an object is to SELinux; `level` is "" where the context has three parts."""

    user: str
    role: str
    type: str
    level: str = ""

    @classmethod
    def read(cls, text: str) -> SecurityContext | None:
        """`user:role:type[:level]`; None where a part is no identifier, so that nothing else passes further on."""
        found = _CONTEXT.fullmatch(text)
        if not found:
            return None
        user, role, kind, level = found.groups(default="")
        return cls(user=user, role=role, type=kind, level=level)

    def __str__(self) -> str:
        return ":".join(part for part in (self.user, self.role, self.type, self.level) if part)


@dataclass(frozen=True, slots=True)
class Smallest(Generic[Value]):
    """The `KEPT` smallest of all values met, in order, and whether there were more."""

    values: tuple[Value, ...] = ()
    more: bool = False

    def __or__(self, other: Smallest[Value]) -> Smallest[Value]:
        if self == other:
            return self
        return Smallest.of({*self.values, *other.values}, more=self.more or other.more)

    @classmethod
    def of(cls, values: set[Value], *, more: bool = False) -> Smallest[Value]:
        return cls(tuple(sorted(values)[:KEPT]), more or len(values) > KEPT)

    def __str__(self) -> str:
        """The values side by side, "more than n" beyond the cap."""
        listed = ", ".join(str(value) for value in self.values)
        return f"{listed} (more than {len(self.values)})" if self.more else listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the log shows for one access.

    `lines` is exact. `first` and `last` are milliseconds since 1970, None where no line had an absolute time.
    `enforcing` and `permissive` count the lines that said so, `failed` and `succeeded` those whose system call is in
    the log. `paths` are known whole, from `path=` or the PATH records of the event; `names` are last parts of paths
    (`name=`), which alone are no path, and what is none (`pipe:[7]`). `devices` hold the objects (`vda1`);
    `ports` are those bound or connected to; `contexts` are pairs of source and target, levels included;
    `raw_contexts` are those that the kernel could not map.
    """

    lines: int = 0
    first: int | None = None
    last: int | None = None
    enforcing: int = 0
    permissive: int = 0
    failed: int = 0
    succeeded: int = 0
    hosts: Smallest[str] = field(default_factory=Smallest)
    commands: Smallest[str] = field(default_factory=Smallest)
    executables: Smallest[str] = field(default_factory=Smallest)
    paths: Smallest[str] = field(default_factory=Smallest)
    names: Smallest[str] = field(default_factory=Smallest)
    devices: Smallest[str] = field(default_factory=Smallest)
    ports: Smallest[int] = field(default_factory=Smallest)
    ioctls: Smallest[int] = field(default_factory=Smallest)
    contexts: Smallest[tuple[SecurityContext, SecurityContext]] = field(default_factory=Smallest)
    raw_contexts: Smallest[str] = field(default_factory=Smallest)

    def __or__(self, other: Evidence) -> Evidence:
        """Both together: counts add up, times widen. Associative and commutative; `Evidence()` changes nothing."""
        merged: dict[str, Any] = {
            name: getattr(self, name) + getattr(other, name)
            if name in _COUNTS
            else getattr(self, name) | getattr(other, name)
            for name in _MERGED
        }
        firsts = [time for time in (self.first, other.first) if time is not None]
        lasts = [time for time in (self.last, other.last) if time is not None]
        return Evidence(first=min(firsts, default=None), last=max(lasts, default=None), **merged)


_COUNTS = frozenset({"lines", "enforcing", "permissive", "failed", "succeeded"})
_MERGED = tuple(each.name for each in fields(Evidence) if each.name not in {"first", "last"})


@dataclass(frozen=True, slots=True, order=True)
class Access:
    """One permission of one class between two types; all four are identifiers."""

    source_type: str
    target_type: str
    tclass: str
    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """One access that was denied, with its evidence; what was granted and logged has the same shape."""

    access: Access
    evidence: Evidence

    def __or__(self, other: Denial) -> Denial:
        """The same access seen by two parts of a log."""
        return replace(self, evidence=self.evidence | other.evidence)
