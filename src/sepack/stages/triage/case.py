"""What a step of triage is given: the denials between two types, and whom it may ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sepack.model.base_policy import Answers
from sepack.model.rule import Rule

if TYPE_CHECKING:
    from sepack.model.base_policy import BasePolicy
    from sepack.model.denial import Denial
    from sepack.model.verdict import Verdict

NO_ANSWERS = Answers(access={}, labels={})
FILE_CLASSES = frozenset({"file", "dir", "lnk_file", "sock_file", "fifo_file", "chr_file", "blk_file"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whom triage asks. `policy` is None where no base policy is at hand, and `without` then says why.

    `answers` are to what `questions` asked. `declared` maps types that the repository's modules bring to the module.
    `ioctls` says that ioctl numbers are to be named one by one (allowxperm).
    """

    policy: BasePolicy | None
    without: str = ""
    answers: Answers = field(default_factory=lambda: NO_ANSWERS)
    declared: Mapping[str, str] = field(default_factory=dict)
    ioctls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Denials that share their two types, sorted by class and permission; never empty."""

    source: str
    target: str
    denials: tuple[Denial, ...]

    def by_class(self) -> Mapping[str, list[Denial]]:
        classes: defaultdict[str, list[Denial]] = defaultdict(list)
        for denial in self.denials:
            classes[denial.access.tclass].append(denial)
        return classes

    def paths(self) -> tuple[str, ...]:
        """Whole paths that are really known; a name, a pipe or a file that is gone is none."""
        return known_paths(self.denials)


Step = Callable[[Case, Asked], tuple[Sequence["Verdict"], Sequence["Denial"]]]
"""Gives verdicts for some of a case's denials, and the denials that it has nothing to say about."""


def cases(denials: Iterable[Denial]) -> list[Case]:
    """Sorted by types, whatever the order of `denials`."""
    pairs: defaultdict[tuple[str, str], list[Denial]] = defaultdict(list)
    for denial in denials:
        pairs[denial.access.source_type, denial.access.target_type].append(denial)
    return [
        Case(source=source, target=target, denials=tuple(sorted(group, key=lambda denial: denial.access)))
        for (source, target), group in sorted(pairs.items())
    ]


def known_paths(denials: Iterable[Denial]) -> tuple[str, ...]:
    found = {path for denial in denials for path in denial.evidence.paths.values}
    return tuple(sorted(path for path in found if path.startswith("/") and not path.endswith(" (deleted)")))


def permissions(denials: Iterable[Denial]) -> frozenset[str]:
    return frozenset(denial.access.permission for denial in denials)


def rule_of(denials: Sequence[Denial], commands: Iterable[int] = ()) -> Rule:
    """The rule that allows exactly `denials`, which share source, target and class."""
    access = denials[0].access
    return Rule.of(access.source_type, access.target_type, access.tclass, permissions(denials), commands)
