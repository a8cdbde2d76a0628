"""What has to be asked of the distribution's own tools before triage: what the rule index cannot decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.base_policy import AccessQuestion, LabelQuestion, Question
from sepack.stages.triage.case import FILE_CLASSES, known_paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sepack.model.base_policy import BasePolicy
    from sepack.model.denial import Denial

PAIRS = 4
"""How many pairs of contexts are asked about for one access: levels that dominate each other otherwise."""


def questions(denials: Iterable[Denial], policy: BasePolicy) -> list[Question]:
    """Sorted and without doubles.

    Type enforcement is decided from the index; only where it allows a denied access is the whole of the policy's logic
    asked (constraints, levels, roles, bounds). Labels are asked for each path that is known.
    """
    found: set[Question] = set()
    for denial in denials:
        access = denial.access
        granted = policy.grants(access.source_type, access.target_type, access.tclass).always
        if access.permission in granted:
            found.update(access_questions(denial))
        if access.tclass in FILE_CLASSES:
            found.update(LabelQuestion(path, access.tclass) for path in known_paths([denial]))
    return sorted(found, key=repr)


def access_questions(denial: Denial) -> list[AccessQuestion]:
    """One for each way in which the levels of source and target relate, at most PAIRS."""
    access = denial.access
    relations: dict[object, AccessQuestion] = {}
    for source, target in denial.evidence.contexts.values:
        relation = (source.user, source.role, target.user, target.role, _relation(source.level, target.level))
        question = AccessQuestion(str(source), str(target), access.tclass, access.permission)
        relations.setdefault(relation, question)
    return list(relations.values())[:PAIRS]


def _relation(source: str, target: str) -> tuple[bool, ...]:
    """How two level ranges lie to each other, as far as the shape of their text shows it without a policy."""
    source_low, _, source_high = source.partition("-")
    target_low, _, target_high = target.partition("-")
    lows, highs = _categories(source_low), _categories(target_low)
    source_top, target_top = _categories(source_high or source_low), _categories(target_high or target_low)
    return (
        lows >= highs,
        highs >= lows,
        source_top >= target_top,
        target_top >= source_top,
        source_top >= highs,
        target_top >= lows,
        source_low.partition(":")[0] == target_low.partition(":")[0],
    )


def _categories(level: str) -> frozenset[int]:
    """`s0:c0.c3,c7` → 0 1 2 3 7; what is no category is left out."""
    found: set[int] = set()
    for part in level.partition(":")[2].split(","):
        first, _, last = part.partition(".")
        if first[1:].isdecimal() and first.startswith("c"):
            low = int(first[1:])
            high = int(last[1:]) if last[1:].isdecimal() else low
            found.update(range(low, min(high, low + 1024) + 1))
    return frozenset(found)
