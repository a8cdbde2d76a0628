"""Denials that the policy cannot speak about: a type, a class, a permission or a context that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.base_policy import WhyKind
from sepack.model.names import near_names
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.questions import access_questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.base_policy import BasePolicy
    from sepack.model.denial import Denial
    from sepack.stages.triage.case import Asked, Case

_UNLABELLED = frozenset({"unlabeled_t", "file_t"})
_OLD_POLICY = "The log is of a host with another policy, or of a module that is not in this one: name its target."


def judge(case: Case, asked: Asked) -> tuple[Sequence[Verdict], Sequence[Denial]]:
    policy = asked.policy
    if policy is None:
        return [], case.denials
    missing = [name for name in dict.fromkeys((case.source, case.target)) if not _is_known(name, asked, policy)]
    if missing:
        named = " and ".join(missing)
        reason = f"{policy.title} has no type {named}, so it cannot say who may use it."
        return [_unknown(case.denials, reason, _OLD_POLICY)], ()
    verdicts: list[Verdict] = []
    left: list[Denial] = []
    for tclass, denials in case.by_class().items():
        known = policy.permissions(tclass)
        odd = [denial for denial in denials if known is None or denial.access.permission not in known]
        if odd:
            verdicts.append(_unknown(odd, _odd_words(policy, tclass, odd), _OLD_POLICY))
        left += [denial for denial in denials if denial not in odd]
    bad, left = _bad_contexts(left, asked)
    return [*verdicts, *bad], left


def _is_known(name: str, asked: Asked, policy: BasePolicy) -> bool:
    return name in asked.declared or policy.type(name) is not None


def _odd_words(policy: BasePolicy, tclass: str, odd: Sequence[Denial]) -> str:
    if policy.permissions(tclass) is None:
        return f"{policy.title} has no class {tclass}."
    names = sorted(denial.access.permission for denial in odd)
    near = [close for name in names for close in near_names(name, policy.permissions(tclass) or ())]
    known = f" (it knows {', '.join(near[:3])})" if near else ""
    return f"{policy.title} has no permission {' and '.join(names)} in the class {tclass}{known}."


def _bad_contexts(denials: Sequence[Denial], asked: Asked) -> tuple[list[Verdict], list[Denial]]:
    """Users, roles and levels that do not go together in this policy, and labels that the kernel could not map."""
    verdicts: list[Verdict] = []
    left: list[Denial] = []
    for denial in denials:
        answers = [asked.answers.access.get(question) for question in access_questions(denial)]
        bad = [each for each in answers if each and each.kind in {WhyKind.BAD_SOURCE, WhyKind.BAD_TARGET}]
        raw = denial.evidence.raw_contexts.values
        if raw and denial.access.target_type in _UNLABELLED:
            reason = f"The kernel did not know the label {raw[0]}: the policy that brought it is not loaded there."
            advice = "Load the module that brings the type, then run restorecon."
            verdicts.append(_unknown([denial], reason, advice))
        elif bad and len(bad) == len(answers):
            which = "source" if bad[0].kind is WhyKind.BAD_SOURCE else "target"
            source, target = denial.evidence.contexts.values[0]
            context = source if which == "source" else target
            reason = f"The {which} context {context} is none in this policy: user, role, type and level do not fit."
            verdicts.append(_unknown([denial], reason, _OLD_POLICY))
        else:
            left.append(denial)
    return verdicts, left


def _unknown(denials: Sequence[Denial], reason: str, advice: str) -> Verdict:
    return Verdict(denials=tuple(denials), kind=VerdictKind.UNKNOWN, reason=reason, advice=advice)
