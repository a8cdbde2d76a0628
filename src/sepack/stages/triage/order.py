"""Asks the kinds of verdict in their order; what one has nothing to say about goes on to the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage import allowed, boolean, known, label, port, rule
from sepack.stages.triage.case import Case, cases
from sepack.stages.triage.words import who

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sepack.model.denial import Denial
    from sepack.stages.triage.case import Asked, Step

STEPS: tuple[Step, ...] = (known.judge, allowed.judge, label.judge, boolean.judge, port.judge, rule.judge)
NO_NEW_PRIVILEGES = "security_bounded_transition"
COMPUTE = "security_compute_sid"


def triage(denials: Iterable[Denial], asked: Asked, steps: Sequence[Step] = STEPS) -> tuple[Verdict, ...]:
    """Verdicts that speak of every denial at least once, sorted; the order of `denials` is no matter.

    A denial is in several verdicts where it is about several paths or ports.
    """
    found: list[Verdict] = []
    for case in cases(denials):
        left: Sequence[Denial] = case.denials
        for step in steps:
            if not left:
                break
            verdicts, left = step(Case(source=case.source, target=case.target, denials=tuple(left)), asked)
            found += [_flagged(verdict, asked) for verdict in verdicts]
    return tuple(sorted(found, key=_place))


def triage_errors(errors: Iterable[Denial]) -> tuple[Verdict, ...]:
    """Verdicts for SELINUX_ERR records, whose permission is the kernel's operation."""
    return tuple(_of_error(error) for error in sorted(errors, key=lambda error: error.access))


def _place(verdict: Verdict) -> tuple[object, ...]:
    first = verdict.denials[0].access
    kinds = list(VerdictKind)
    return (first.source_type, kinds.index(verdict.kind), first.target_type, first.tclass, verdict.statement, first)


def _flagged(verdict: Verdict, asked: Asked) -> Verdict:
    """With the flag of what the base keeps silent about, whatever the fix."""
    policy = asked.policy
    if policy is None:
        return verdict
    silent = any(
        denial.access.permission
        in policy.dontaudited(denial.access.source_type, denial.access.target_type, denial.access.tclass)
        for denial in verdict.denials
    )
    return replace(verdict, dontaudited=True) if silent else verdict


def _of_error(error: Denial) -> Verdict:
    access = error.access
    if access.permission == NO_NEW_PRIVILEGES:
        return Verdict(
            denials=(error,),
            kind=VerdictKind.NO_NEW_PRIVILEGES,
            reason=f"{who([error])} was to become {access.target_type} and stayed what it was: NoNewPrivileges (or a "
            "nosuid mount) lets nobody gain a domain by running a program.",
            advice=f"Give it `allow {access.source_type} {access.target_type}:process2 nnp_transition;` in the "
            "module's text (nosuid_transition for a mount), or take NoNewPrivileges= out of the unit.",
        )
    if access.permission == COMPUTE:
        return Verdict(
            denials=(error,),
            kind=VerdictKind.ROLE,
            reason=f"{who([error])} was to become {access.target_type}, and user, role and type do not fit together.",
            advice="Let the role have the type (role … types …;), or start it from a unit of the system.",
        )
    return Verdict(
        denials=(error,),
        kind=VerdictKind.NOT_A_DENIAL,
        reason=f"The kernel reports {access.permission} between {access.source_type} and {access.target_type}.",
        advice="It is no denial; look at the lines around it in the log.",
    )
