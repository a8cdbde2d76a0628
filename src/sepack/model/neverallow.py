"""`neverallow` statements: how one is read and printed, and what it speaks of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterable

_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*|\S", re.ASCII)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_SELF = "self"
# What the reference policy's types, and no attribute of it, end in.
_TYPE = "_t"


class NeverallowSyntaxError(ValueError):
    """`offset` counts characters of the statement, from 0; the text says what is wrong there."""

    def __init__(self, offset: int, said: str) -> None:
        super().__init__(said)
        self.offset = offset


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSet:
    """`names` without those in `but`; `every` stands for all there are, and `others` turns it round (`~`).

    In the place of a target, `self` may be among `names`.
    """

    names: frozenset[str] = frozenset()
    but: frozenset[str] = frozenset()
    every: bool = False
    others: bool = False

    def __str__(self) -> str:
        if self.every:
            return "*"
        words = [*sorted(self.names), *(f"-{name}" for name in sorted(self.but))]
        text = words[0] if len(words) == 1 else f"{{ {' '.join(words)} }}"
        return f"~{text}" if self.others else text

    def has(self, called: frozenset[str], *, complete: bool = True) -> bool | None:
        """Whether what is `called` so (a type by its own name and those of its attributes) is in here.

        None where that depends on an attribute and `called` is not `complete`.
        """
        if self.every:
            return True
        within = _meets(self.names, called, complete=complete)
        without = _meets(self.but, called, complete=complete)
        found: bool | None
        if within is False or without is True:
            found = False
        elif within is None or without is None:
            found = None
        else:
            found = True
        return found if found is None or not self.others else not found


def _meets(names: frozenset[str], called: frozenset[str], *, complete: bool) -> bool | None:
    if not names.isdisjoint(called):
        return True
    return None if not complete and any(not name.endswith(_TYPE) for name in names - {_SELF}) else False


@dataclass(frozen=True, slots=True, kw_only=True)
class Neverallow:
    """What no rule may allow: make one with `read`."""

    source: NameSet
    target: NameSet
    classes: NameSet
    permissions: NameSet

    @property
    def itself(self) -> bool:
        """Whether it is about a source's access to itself."""
        return _SELF in self.target.names

    def statement(self) -> str:
        return f"neverallow {self.source} {self.target}:{self.classes} {self.permissions};"

    def concerns(self, tclass: str, permissions: Iterable[str]) -> bool:
        """Whether it is about one of these permissions of a class, whoever has it on whatever."""
        if not self.classes.has(frozenset({tclass})):
            return False
        return any(self.permissions.has(frozenset({each})) for each in permissions)

    @classmethod
    def read(cls, statement: str) -> Neverallow:
        """One statement of policy text, as checkmodule takes it. Raises NeverallowSyntaxError."""
        return _Reader(statement).neverallow()


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = [(found.start(), found[0]) for found in _TOKEN.finditer(text)]
        self._end = len(text.rstrip())
        self._at = 0

    def neverallow(self) -> Neverallow:
        if self._next != "neverallow":
            self._refuse("a guardrail's statement begins with the word neverallow")
        self._at += 1
        source = self._set("the source: a type, an attribute, * or a set of them in { }", takes_away=True)
        target = self._set("the target: a type, an attribute, self, * or a set of them in { }", takes_away=True)
        self._take(":", "a colon and the class")
        classes = self._set("the class, or a set of them in { }", turns=False)
        permissions = self._set("a permission, * or a set of them in { }")
        self._take(";", "a semicolon")
        if self._at < len(self._tokens):
            self._refuse("a guardrail is one statement: another one is a guardrail of its own")
        found = Neverallow(source=source, target=target, classes=classes, permissions=permissions)
        self._require_sense(found)
        return found

    @property
    def _next(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _refuse(self, said: str, at: int | None = None) -> NoReturn:
        at = self._at if at is None else at
        raise NeverallowSyntaxError(self._tokens[at][0] if at < len(self._tokens) else self._end, said)

    def _take(self, token: str, wanted: str) -> None:
        if self._next != token:
            self._refuse(f"here should be {wanted}")
        self._at += 1

    def _set(self, wanted: str, *, takes_away: bool = False, turns: bool = True) -> NameSet:
        """`turns` says whether * and ~ have a meaning, `takes_away` whether - has one."""
        start = self._at
        if self._next in ("*", "~") and not turns:
            self._refuse(f"{self._next} has no meaning for classes: name them")
        if self._next == "*":
            self._at += 1
            return NameSet(every=True)
        others = self._next == "~"
        self._at += others
        names, but = self._braced(takes_away=takes_away) if self._next == "{" else self._bare(wanted, takes_away)
        if not names:
            self._refuse("this set names nothing", start)
        return NameSet(names=frozenset(names), but=frozenset(but), others=others)

    def _bare(self, wanted: str, takes_away: bool) -> tuple[list[str], list[str]]:
        if not _NAME.fullmatch(self._next):
            self._refuse(f"here should be {wanted}")
        names, but = [self._next], []
        self._at += 1
        if takes_away and self._next == "-":
            self._at += 1
            but.append(self._name())
        return names, but

    def _braced(self, *, takes_away: bool) -> tuple[list[str], list[str]]:
        opened = self._at
        names: list[str] = []
        but: list[str] = []
        depth = 0
        while depth or self._at == opened:
            if self._next == "":
                self._refuse("this { is not closed", opened)
            if self._next in ("{", "}"):
                depth += 1 if self._next == "{" else -1
                self._at += 1
            elif self._next == "-" and takes_away:
                self._at += 1
                but.append(self._name())
            else:
                names.append(self._name())
        return names, but

    def _name(self) -> str:
        name = self._next
        if not _NAME.fullmatch(name):
            self._refuse(f"here should be a name, not {name!r}" if name else "here should be a name")
        self._at += 1
        return name

    def _require_sense(self, found: Neverallow) -> None:
        places = [at for at, (_, token) in enumerate(self._tokens) if token == _SELF]
        if not places:
            return
        if _SELF in found.source.names | found.source.but:
            self._refuse("self stands for the source, so it can only be a target", places[0])
        if found.target.others or _SELF in found.target.but:
            self._refuse("self can be named, neither taken away nor turned round", places[0])
