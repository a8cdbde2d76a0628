"""Which constructs of the policy language need which module format, and where a text uses them.

checkmodule refuses to write what the format cannot hold but names neither the construct nor its line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sepack.formats.policy_text import without_comments
from sepack.frozen import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOWEST = 19

_XPERM = r"\b(?:allow|auditallow|dontaudit|neverallow)xperm\b"
_XPERM_RULE = re.compile(_XPERM)
_CONDITION = re.compile(r"\bif\s*\([^{;]*\)\s*\{")
_ELSE = re.compile(r"\s*else\s*\{")
_ATTRIBUTE = re.compile(r"\battribute\s+([^;]+);")
_MEMBERSHIP = re.compile(r"\btypeattribute\s+(\w+)\s+[^;]+;")


@frozen
class Construct:
    """A construct, the format it came with (libsepol's policydb module versions), and how to find its offset."""

    name: str
    format: int
    find: Callable[[str], int | None]


def _by(pattern: str) -> Callable[[str], int | None]:
    compiled = re.compile(pattern)

    def find(text: str) -> int | None:
        found = compiled.search(text)
        return found.end() if found else None

    return find


def _conditional_xperm(text: str) -> int | None:
    for found in _CONDITION.finditer(text):
        end = _block_end(text, found.end())
        other = _ELSE.match(text, end)
        if other:
            end = _block_end(text, other.end())
        rule = _XPERM_RULE.search(text, found.end(), end)
        if rule:
            return rule.end()
    return None


def _block_end(text: str, start: int) -> int:
    """The offset behind the brace that closes the block whose inside begins at `start`."""
    depth, position = 1, start
    while depth and position < len(text):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        position += 1
    return position


def _attribute_in_attribute(text: str) -> int | None:
    attributes = {name.strip() for names in _ATTRIBUTE.findall(text) for name in names.split(",")}
    return next((found.end() for found in _MEMBERSHIP.finditer(text) if found[1] in attributes), None)


CONSTRUCTS = (
    Construct(name="an attribute as member of an attribute", format=24, find=_attribute_in_attribute),
    Construct(name="neveraudit", format=23, find=_by(r"\bneveraudit\b")),
    Construct(
        name="an extended permission under a condition",
        format=22,
        find=_conditional_xperm,
    ),
    Construct(
        name="self as target of a type_transition", format=21, find=_by(r"\btype_transition\b[^;:]*\bself\b[^;:]*:")
    ),
    Construct(name="default_range … glblub", format=20, find=_by(r"\bglblub\b")),
    Construct(name="an extended permission (allowxperm …)", format=18, find=_by(_XPERM)),
)


@frozen
class Use:
    """A construct at a line (from 1) of the text that was searched."""

    construct: Construct
    line: int


def uses(text: str) -> Iterator[Use]:
    """The first use of each construct in expanded policy text, the newest construct first."""
    bare = without_comments(text)
    for construct in CONSTRUCTS:
        offset = construct.find(bare)
        if offset is not None:
            yield Use(construct=construct, line=bare.count("\n", 0, offset) + 1)


def newest_use(text: str) -> Use | None:
    return next(uses(text), None)
