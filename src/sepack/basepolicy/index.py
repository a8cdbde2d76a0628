"""The index of one policy: answers from a read-only SQLite file that dump_program.py wrote."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from sys import byteorder
from typing import TYPE_CHECKING, Final

from sepack.basepolicy.dump_program import ALLOW, DONTAUDIT, SCHEMA, UNCONDITIONAL, XPERM
from sepack.model.base_policy import BooleanState, Grants, PortRecord
from sepack.model.rule import Rule, RuleSet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Rules = Mapping[int, list[tuple[int, int, int]]]

# What the reference policy calls the ranges that hold every port no service has named.
DEFAULT_PORT_TYPES: Final = frozenset(
    {"port_t", "reserved_port_t", "hi_reserved_port_t", "unreserved_port_t", "ephemeral_port_t"}
)
HEADER = 100  # bytes; the page size at 16 and the number of pages at 28, big-endian: sqlite.org/fileformat2.html


@dataclass(frozen=True, slots=True)
class _Conditional:
    """Whether it holds with default booleans, and what it becomes when one of its booleans is flipped."""

    active: bool
    flipped: Mapping[BooleanState, bool]
    granted: Mapping[bool, int]

    def opens(self, branch: bool, state: BooleanState) -> bool:
        """Whether the rules of a branch come to hold by that one flip."""
        return self.active is not branch and self.flipped.get(state) is branch


def open_index(path: Path, whose: str) -> PolicyIndex | None:
    """None where there is none that this version wrote to its end; `whose` policy it is goes into the title."""
    try:
        with path.open("rb") as file:
            header = file.read(HEADER)
        size = int.from_bytes(header[16:18], "big") * int.from_bytes(header[28:32], "big")
        if size == 0 or path.stat().st_size != size:
            return None
        base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
        facts: dict[str, str] = dict(base.execute("SELECT name, value FROM fact"))
    except (OSError, sqlite3.Error):
        return None
    if facts.get("schema") != str(SCHEMA) or facts.get("order") != byteorder:
        base.close()
        return None
    return PolicyIndex(base, facts, f"{facts['policy']} of {whose}")


class PolicyIndex:
    """Fulfils BasePolicy. What was looked up once is remembered: a log asks for the same few pairs again and again."""

    def __init__(self, base: sqlite3.Connection, facts: Mapping[str, str], title: str) -> None:
        self._base = base
        self.digest = facts["digest"]
        self.title = title
        self.file_name = facts["policy"]
        self.mls = facts["mls"] == "1"
        # Bound here, so that what is remembered ends with the index.
        self._type = cache(self._find_type)
        self._class = cache(self._find_class)
        self._rules = cache(self._find_rules)
        self._names_of = cache(self._name_permissions)
        self._members = cache(self._find_members)
        self._having = cache(self._find_having)
        self._granted = cache(self._find_grants)
        self._silent = cache(self._find_silent)
        self._commands = cache(self._find_commands)
        self._targets = cache(self._find_targets)
        self._opened = cache(self._find_opened)
        self._rules_of = cache(self._find_rules_of)
        self._port = cache(self._find_port)

    def close(self) -> None:
        self._base.close()

    def type(self, name: str) -> str | None:
        found = self._type(name)
        return found[0] if found else None

    def attributes(self, type: str) -> frozenset[str]:  # noqa: A002 - the protocol's word
        found = self._type(type)
        return frozenset(self._symbols[number][0] for number in found[1][1:]) if found else frozenset()

    def members(self, attribute: str) -> frozenset[str]:
        return self._having(attribute)

    def permissions(self, tclass: str) -> frozenset[str] | None:
        found = self._class(tclass)
        return frozenset(found[1]) if found else None

    def is_permissive(self, domain: str) -> bool:
        found = self._type(domain)
        return bool(found and found[2])

    def grants(self, source: str, target: str, tclass: str) -> Grants:
        return self._granted(source, target, tclass)

    def dontaudited(self, source: str, target: str, tclass: str) -> frozenset[str]:
        return self._silent(source, target, tclass)

    def ioctl_commands(self, source: str, target: str, tclass: str) -> tuple[tuple[int, int], ...] | None:
        return self._commands(source, target, tclass)

    def targets(self, source: str, tclass: str, permissions: frozenset[str]) -> frozenset[str]:
        return self._targets(source, tclass, permissions)

    def boolean_default(self, name: str) -> bool | None:
        return self._booleans.get(name)

    def opened_by(self, boolean: BooleanState) -> int:
        return self._opened(boolean)

    def rules_of(self, boolean: BooleanState) -> tuple[Rule, ...]:
        return self._rules_of(boolean)

    def port(self, protocol: str, number: int) -> PortRecord | None:
        return self._port(protocol, number)

    def file_context_types(self) -> Mapping[str, int]:
        return self._file_context_types

    @cached_property
    def _file_context_types(self) -> Mapping[str, int]:
        return dict(self._base.execute("SELECT type, entries FROM file_context"))

    @cached_property
    def _booleans(self) -> Mapping[str, bool]:
        return {name: bool(state) for name, state in self._base.execute("SELECT name, state FROM boolean")}

    @cached_property
    def _symbols(self) -> Mapping[int, tuple[str, bool]]:
        rows = self._base.execute("SELECT id, name, is_type FROM symbol")
        return {number: (name, bool(is_type)) for number, name, is_type in rows}

    @cached_property
    def _conditionals(self) -> Mapping[int, _Conditional]:
        rows = self._base.execute("SELECT id, active, flips, when_true, when_false FROM conditional")
        return {
            number: _Conditional(
                active=bool(active),
                flipped={BooleanState(name, value): becomes for name, value, becomes in json.loads(flips)},
                granted={True: when_true, False: when_false},
            )
            for number, active, flips, when_true, when_false in rows
        }

    def _find_type(self, name: str) -> tuple[str, tuple[int, ...], bool] | None:
        """Its own name, its number followed by those of its attributes, and whether it is permissive."""
        row = self._base.execute("SELECT own, kin, permissive FROM type WHERE name = ?", (name,)).fetchone()
        return (row[0], tuple(array("I", row[1])), bool(row[2])) if row else None

    def _find_class(self, name: str) -> tuple[int, tuple[str, ...]] | None:
        row = self._base.execute("SELECT id, permissions FROM class WHERE name = ?", (name,)).fetchone()
        return (row[0], tuple(row[1].split())) if row else None

    def _find_having(self, attribute: str) -> frozenset[str]:
        row = self._base.execute("SELECT id FROM symbol WHERE name = ? AND NOT is_type", (attribute,)).fetchone()
        return frozenset(self._symbols[number][0] for number in self._members(row[0])) if row else frozenset()

    def _find_members(self, number: int) -> frozenset[int]:
        """The types that a symbol stands for: a type for itself, an attribute for those that have it."""
        name, is_type = self._symbols[number]
        if is_type:
            return frozenset({number})
        row = self._base.execute("SELECT members FROM attribute WHERE name = ?", (name,)).fetchone()
        return frozenset(array("I", row[0]))

    def _find_rules(self, source: str, tclass: str, kind: int) -> Rules:
        """All rules of a source, its attributes' included, by the symbol of their target; three numbers each."""
        found, klass = self._type(source), self._class(tclass)
        if not found or not klass:
            return {}
        sources = ", ".join(map(str, found[1]))  # numbers: no text of anybody's is in there
        query = f"SELECT rules FROM av WHERE class = ? AND kind = ? AND source IN ({sources})"  # noqa: S608
        rules: defaultdict[int, list[tuple[int, int, int]]] = defaultdict(list)
        for (packed,) in self._base.execute(query, (klass[0], kind)):
            numbers = iter(array("I", packed))
            for target, one, other, condition in zip(numbers, numbers, numbers, numbers, strict=True):
                rules[target].append((one, other, condition))
        return rules

    def _between(self, source: str, target: str, tclass: str, kind: int) -> Iterator[tuple[int, int, int]]:
        rules, found = self._rules(source, tclass, kind), self._type(target)
        for symbol in found[1] if rules and found else ():
            yield from rules.get(symbol, ())

    def _is_active(self, condition: int) -> bool:
        """`condition` is a rule's: twice the conditional's number, plus one in its true branch."""
        return condition == UNCONDITIONAL or self._conditionals[condition >> 1].active is bool(condition & 1)

    def _name_permissions(self, tclass: str, mask: int) -> frozenset[str]:
        found = self._class(tclass)
        return frozenset(name for bit, name in enumerate(found[1] if found else ()) if mask >> bit & 1)

    def _find_grants(self, source: str, target: str, tclass: str) -> Grants:
        always = 0
        waiting = []
        for mask, _, condition in self._between(source, target, tclass, ALLOW):
            if self._is_active(condition):
                always |= mask
            else:
                waiting.append((mask, condition))
        switched: defaultdict[BooleanState, int] = defaultdict(int)
        for mask, condition in waiting:
            conditional = self._conditionals[condition >> 1]
            for state in conditional.flipped:
                if mask & ~always and conditional.opens(bool(condition & 1), state):
                    switched[state] |= mask & ~always
        return Grants(
            always=self._names_of(tclass, always),
            switched={state: self._names_of(tclass, switched[state]) for state in sorted(switched)},
        )

    def _find_silent(self, source: str, target: str, tclass: str) -> frozenset[str]:
        silent = 0
        for mask, _, condition in self._between(source, target, tclass, DONTAUDIT):
            if self._is_active(condition):
                silent |= mask
        return self._names_of(tclass, silent)

    def _find_commands(self, source: str, target: str, tclass: str) -> tuple[tuple[int, int], ...] | None:
        named = self._between(source, target, tclass, XPERM)
        merged: list[tuple[int, int]] = []
        for low, high in sorted((low, high) for low, high, condition in named if self._is_active(condition)):
            if merged and low <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(merged[-1][1], high)
            else:
                merged.append((low, high))
        return tuple(merged) or None

    def _find_targets(self, source: str, tclass: str, permissions: frozenset[str]) -> frozenset[str]:
        if not permissions:
            return frozenset(name for name, is_type in self._symbols.values() if is_type)
        found = self._class(tclass)
        if not found or not permissions <= set(found[1]):
            return frozenset()
        having: dict[int, set[int]] = {bit: set() for bit, name in enumerate(found[1]) if name in permissions}
        for symbol, rules in self._rules(source, tclass, ALLOW).items():
            mask = 0
            for each, _, condition in rules:
                mask |= each if self._is_active(condition) else 0
            for bit, types in having.items():
                if mask >> bit & 1:
                    types.update(self._members(symbol))
        return frozenset(self._symbols[number][0] for number in set.intersection(*having.values()))

    def _find_opened(self, boolean: BooleanState) -> int:
        return sum(
            conditional.granted[branch]
            for conditional in self._conditionals.values()
            for branch in (True, False)
            if conditional.opens(branch, boolean)
        )

    def _find_rules_of(self, boolean: BooleanState) -> tuple[Rule, ...]:
        opening = [
            2 * number + branch
            for number, conditional in self._conditionals.items()
            for branch in (True, False)
            if conditional.opens(branch, boolean)
        ]
        return RuleSet.of(rule for condition in opening for rule in self._conditional_rules.get(condition, ())).rules

    @cached_property
    def _conditional_rules(self) -> Mapping[int, list[Rule]]:
        """By condition and branch; all rows are looked through once."""
        names = dict(self._base.execute("SELECT id, name FROM class"))
        found: defaultdict[int, list[Rule]] = defaultdict(list)
        for source, number, packed in self._base.execute(
            "SELECT source, class, rules FROM av WHERE kind = ?", (ALLOW,)
        ):
            numbers = array("I", packed)
            conditions = numbers[3::4]
            if conditions.count(UNCONDITIONAL) == len(conditions):
                continue
            for target, mask, condition in zip(numbers[0::4], numbers[1::4], conditions, strict=True):
                if condition != UNCONDITIONAL:
                    granted = self._names_of(names[number], mask)
                    rule = Rule.of(self._symbols[source][0], self._symbols[target][0], names[number], granted)
                    found[condition].append(rule)
        return found

    def _find_port(self, protocol: str, number: int) -> PortRecord | None:
        query = "SELECT low, high, type FROM port WHERE protocol = ? AND low <= ? AND high >= ? ORDER BY sequence"
        row = self._base.execute(query, (protocol, number, number)).fetchone()
        if row is None:
            return None
        low, high, kind = row
        specific = kind not in DEFAULT_PORT_TYPES
        return PortRecord(protocol=protocol, low=low, high=high, type=kind, specific=specific)
