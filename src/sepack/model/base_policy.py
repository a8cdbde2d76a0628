"""What a target's base policy can be asked, and the answers; `sepack.basepolicy` gives them from a real one."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sepack.model.rule import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Grants:
    """The permissions that allow rules give from one type to another for one class, attributes resolved.

    `always` holds those given with the distribution's defaults; `switched` what each boolean that is put to its other
    value would add to them by itself.
    """

    always: frozenset[str] = frozenset()
    switched: Mapping[BooleanState, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, order=True)
class BooleanState:
    """A boolean put to a value that is not its default."""

    name: str
    value: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PortRecord:
    """A port's label; `specific` is False where only a whole default range (unreserved, ephemeral, …) covers it."""

    protocol: str
    low: int
    high: int
    type: str
    specific: bool


class WhyKind(enum.StrEnum):
    """What the kernel's own logic (audit2why) says of one access between two full contexts."""

    ALLOWED = "allowed"
    DONTAUDIT = "dontaudit"
    TYPE_ENFORCEMENT = "type enforcement"
    BOOLEAN = "boolean"
    CONSTRAINT = "constraint"
    ROLE = "role"
    BOUNDS = "bounds"
    BAD_SOURCE = "bad source context"
    BAD_TARGET = "bad target context"
    BAD_CLASS = "bad class"
    BAD_PERMISSION = "bad permission"


@dataclass(frozen=True, slots=True, order=True)
class AccessQuestion:
    """One permission between two contexts, each a full `user:role:type[:level]`."""

    source: str
    target: str
    tclass: str
    permission: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """`booleans` are those that would allow it; `text` is the constraint's own."""

    kind: WhyKind
    booleans: tuple[BooleanState, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True, order=True)
class LabelQuestion:
    """The label that the policy's file contexts give a path; `kind` is an object class (file, dir, lnk_file, …)."""

    path: str
    kind: str


Question = AccessQuestion | LabelQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """`labels` hold a full context, or None where no file context matches."""

    access: Mapping[AccessQuestion, Why]
    labels: Mapping[LabelQuestion, str | None]


class BasePolicy(Protocol):
    """One linked policy, looked up from an index that was made once for its digest; nothing is run here."""

    @property
    def digest(self) -> str: ...

    @property
    def title(self) -> str:
        """Where it is from, for a person ("policy.33 of this host")."""
        ...

    @property
    def mls(self) -> bool: ...

    def type(self, name: str) -> str | None:
        """The type's own name (an alias resolved); None where the policy knows no such type. No attribute is one."""
        ...

    def attributes(self, type: str) -> frozenset[str]:  # noqa: A002 - the field's word
        """The attributes that a type has; empty for an unknown one."""
        ...

    def members(self, attribute: str) -> frozenset[str]:
        """The types that have an attribute; empty for an unknown one."""
        ...

    def permissions(self, tclass: str) -> frozenset[str] | None:
        """All permissions of a class, common ones included; None where there is no such class."""
        ...

    def is_permissive(self, domain: str) -> bool: ...

    def grants(self, source: str, target: str, tclass: str) -> Grants: ...

    def dontaudited(self, source: str, target: str, tclass: str) -> frozenset[str]:
        """The permissions whose denial the policy keeps silent about, with default booleans."""
        ...

    def ioctl_commands(self, source: str, target: str, tclass: str) -> tuple[tuple[int, int], ...] | None:
        """The ranges that allowxperm rules name, ends included; None where there are none (so all are allowed)."""
        ...

    def targets(self, source: str, tclass: str, permissions: frozenset[str]) -> frozenset[str]:
        """The types on which `source` has all of `permissions` of a class, with default booleans."""
        ...

    def boolean_default(self, name: str) -> bool | None:
        """None where there is no such boolean."""
        ...

    def opened_by(self, boolean: BooleanState) -> int:
        """How many accesses its rules add, attributes resolved: a measure to rank booleans by."""
        ...

    def rules_of(self, boolean: BooleanState) -> tuple[Rule, ...]:
        """The allow rules that it adds by itself, as the policy has them: between types or attributes. Sorted."""
        ...

    def port(self, protocol: str, number: int) -> PortRecord | None:
        """The record that the kernel takes: the policy's first one, so semanage's own, then the narrowest."""
        ...

    def file_context_types(self) -> Mapping[str, int]:
        """Type → how many file-context entries give it: a type that labels files at all is in it."""
        ...
