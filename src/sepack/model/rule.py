"""Access-vector rules: how one is printed and read, and the algebra of sets of them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.model.denial import Access

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_NAME = r"[A-Za-z_][A-Za-z0-9_.-]*"
_VECTOR = re.compile(rf"allow ({_NAME}) ({_NAME}):({_NAME}) (?:({_NAME})|\{{((?: {_NAME})+) \}});", re.ASCII)
_IOCTL = re.compile(
    rf"allowxperm ({_NAME}) ({_NAME}):({_NAME}) ioctl (?:(0x[0-9a-f]{{1,4}})|\{{((?: 0x[0-9a-f]{{1,4}})+) \}});",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """An `allow`, or an `allowxperm … ioctl` where `commands` is not empty.

    `commands` are 16-bit ioctl numbers, and `permissions` is then ("ioctl",). Both are sorted and without doubles: make
    a rule with `of`.
    """

    source: str
    target: str
    tclass: str
    permissions: tuple[str, ...]
    commands: tuple[int, ...] = ()

    @classmethod
    def of(
        cls, source: str, target: str, tclass: str, permissions: Iterable[str], commands: Iterable[int] = ()
    ) -> Rule:
        return cls(source, target, tclass, tuple(sorted(set(permissions))), tuple(sorted(set(commands))))

    @classmethod
    def read(cls, statement: str) -> Rule | None:
        """The rule that `statement()` prints as this, whatever the white space; None where it is no such statement."""
        text = " ".join(statement.replace("{", " { ").replace("}", " } ").split()).replace(" ;", ";")
        if found := _VECTOR.fullmatch(text):
            source, target, tclass, one, many = found.groups()
            return cls.of(source, source if target == "self" else target, tclass, (one or many).split())
        if found := _IOCTL.fullmatch(text):
            source, target, tclass, one, many = found.groups()
            commands = [int(each, 16) for each in (one or many).split()]
            return cls.of(source, source if target == "self" else target, tclass, ("ioctl",), commands)
        return None

    def statement(self) -> str:
        """As policy text; a domain's access to itself reads `self`, one permission stands without braces."""
        target = "self" if self.source == self.target else self.target
        if self.commands:
            return f"allowxperm {self.source} {target}:{self.tclass} ioctl {_set(f'{n:#06x}' for n in self.commands)};"
        return f"allow {self.source} {target}:{self.tclass} {_set(self.permissions)};"

    @property
    def accesses(self) -> tuple[Access, ...]:
        return tuple(Access(self.source, self.target, self.tclass, each) for each in self.permissions)


def _set(words: Iterable[str]) -> str:
    listed = list(words)
    return listed[0] if len(listed) == 1 else f"{{ {' '.join(listed)} }}"


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules, one for each (source, target, class, with or without ioctl numbers), sorted: make one with `of`."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> RuleSet:
        permissions: defaultdict[tuple[str, str, str, bool], set[str]] = defaultdict(set)
        commands: defaultdict[tuple[str, str, str, bool], set[int]] = defaultdict(set)
        for rule in rules:
            key = (rule.source, rule.target, rule.tclass, bool(rule.commands))
            permissions[key].update(rule.permissions)
            commands[key].update(rule.commands)
        return cls(tuple(sorted(Rule.of(*key[:3], permissions[key], commands[key]) for key in permissions)))

    def __or__(self, other: RuleSet) -> RuleSet:
        return RuleSet.of((*self.rules, *other.rules))

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules)

    def __len__(self) -> int:
        return len(self.rules)
