"""Denials that an allow cannot fix or need not: type enforcement lets them pass with the distribution's defaults."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sepack.model.base_policy import Why, WhyKind
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.questions import access_questions
from sepack.stages.triage.words import what, who

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.denial import Denial
    from sepack.stages.triage.case import Asked, Case

_KINDS = {
    WhyKind.CONSTRAINT: VerdictKind.CONSTRAINT,
    WhyKind.ROLE: VerdictKind.ROLE,
    WhyKind.BOUNDS: VerdictKind.BOUNDS,
}
_ADVICE = {
    VerdictKind.CONSTRAINT: "No rule helps: change the user, role or level of one side (chcon -l, semanage fcontext "
    "-r, the unit's SELinuxContext=), or let the domain have the attribute that the constraint names.",
    VerdictKind.ROLE: "No rule helps: the role has to be allowed the type (role … types …;), or another one be used.",
    VerdictKind.BOUNDS: "No rule helps: the parent domain (typebounds) lacks the access, and has to have it first.",
    VerdictKind.ALLOWED: "Why it may still be denied there: a boolean that was switched off (semanage boolean -l -C), "
    "a module that is disabled or replaced (semodule -lfull), or an older policy. Or the log is old.",
}


def judge(case: Case, asked: Asked) -> tuple[Sequence[Verdict], Sequence[Denial]]:
    policy = asked.policy
    if policy is None:
        return [], case.denials
    groups: defaultdict[tuple[str, VerdictKind, str], list[Denial]] = defaultdict(list)
    left: list[Denial] = []
    for denial in case.denials:
        access = denial.access
        if access.permission not in policy.grants(case.source, case.target, access.tclass).always:
            left.append(denial)
            continue
        obstacle = _obstacle(denial, asked)
        kind = _KINDS.get(obstacle.kind, VerdictKind.ALLOWED) if obstacle else VerdictKind.ALLOWED
        groups[access.tclass, kind, obstacle.text if obstacle else ""].append(denial)
    verdicts = [
        Verdict(denials=tuple(denials), kind=kind, reason=_reason(denials, kind, text, asked), advice=_ADVICE[kind])
        for (_, kind, text), denials in sorted(groups.items())
    ]
    return verdicts, left


def _obstacle(denial: Denial, asked: Asked) -> Why | None:
    """The first thing besides type enforcement that stops one of the pairs of contexts."""
    answers = (asked.answers.access.get(question) for question in access_questions(denial))
    return next((answer for answer in answers if answer is not None and answer.kind in _KINDS), None)


def _reason(denials: Sequence[Denial], kind: VerdictKind, text: str, asked: Asked) -> str:
    subject = f"{who(denials)} wanted to {what(denials)}"
    source, target = next((pair for denial in denials for pair in denial.evidence.contexts.values), ("", ""))
    if kind is VerdictKind.CONSTRAINT:
        words = f": {' '.join(text.split())}" if text else ""
        return f"{subject}: the rules allow it, and a constraint forbids it between {source} and {target}{words}"
    if kind is VerdictKind.ROLE:
        return f"{subject}: the rules allow it, and the role in {source} may not be in that type."
    if kind is VerdictKind.BOUNDS:
        return f"{subject}: the rules allow it, and the domain's bounds take it away."
    title = asked.policy.title if asked.policy is not None else ""
    return f"{subject}: {title} allows that, so there is nothing to add."
