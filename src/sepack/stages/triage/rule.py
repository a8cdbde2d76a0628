"""What is left: a rule that allows exactly what was denied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.fix import Allow
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.case import rule_of
from sepack.stages.triage.words import what, who

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.denial import Denial
    from sepack.model.rule import Rule
    from sepack.stages.triage.case import Asked, Case


def judge(case: Case, asked: Asked) -> tuple[Sequence[Verdict], Sequence[Denial]]:
    verdicts: list[Verdict] = []
    for denials in case.by_class().values():
        numbers = sorted({number for denial in denials for number in denial.evidence.ioctls.values})
        named = asked.ioctls and bool(numbers) and not any(denial.evidence.ioctls.more for denial in denials)
        verdicts.append(_verdict(denials, asked, rule_of(denials)))
        if named:
            ioctl = [denial for denial in denials if denial.access.permission == "ioctl"]
            if ioctl:
                verdicts.append(_verdict(ioctl, asked, rule_of(ioctl, numbers)))
    return verdicts, ()


def _verdict(denials: Sequence[Denial], asked: Asked, rule: Rule) -> Verdict:
    own = " to itself" if rule.source == rule.target else f" to what is labelled {rule.target}"
    return Verdict(
        denials=tuple(denials),
        kind=VerdictKind.RULE,
        reason=f"{who(denials)} wanted to {what(denials)}: no label and no boolean gives it that access{own}, so "
        "a rule of its own has to.",
        fix=Allow(rule=rule),
        unchecked=asked.without if asked.policy is None else "",
    )
