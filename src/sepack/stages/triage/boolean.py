"""A boolean of the policy's own that opens what was denied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.fix import Allow, Boolean
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.case import permissions, rule_of
from sepack.stages.triage.words import what, who

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.base_policy import BasePolicy, BooleanState
    from sepack.model.denial import Denial
    from sepack.stages.triage.case import Asked, Case

_LEAST_STEM = 3


def judge(case: Case, asked: Asked) -> tuple[Sequence[Verdict], Sequence[Denial]]:
    policy = asked.policy
    if policy is None:
        return [], case.denials
    verdicts: list[Verdict] = []
    left: list[Denial] = []
    for tclass, denials in case.by_class().items():
        wanted = permissions(denials)
        switched = policy.grants(case.source, case.target, tclass).switched
        useful = [state for state, opened in switched.items() if opened & wanted]
        while useful:
            # The one that opens most of what is left; of those, the narrowest.
            best = min(useful, key=lambda state: (-len(switched[state] & wanted), rank(state, case.source, policy)))
            met = [denial for denial in denials if denial.access.permission in switched[best] & wanted]
            others = [state for state in useful if state != best and switched[state] >= permissions(met)]
            others.sort(key=lambda state: rank(state, case.source, policy))
            verdicts.append(_verdict(met, best, others, policy))
            wanted -= switched[best]
            useful = [state for state in useful if switched[state] & wanted]
        left += [denial for denial in denials if denial.access.permission in wanted]
    return verdicts, left


def rank(state: BooleanState, source: str, policy: BasePolicy) -> tuple[bool, int, str]:
    """Best first: one of the domain's own by its name, then the one that opens least."""
    return (not shares_stem(state.name, source), policy.opened_by(state), state.name)


def shares_stem(name: str, domain: str) -> bool:
    """`httpd_can_sendmail` and `httpd_t`; `http_port_t` too, as the shorter stem begins the longer."""
    one, other = name.partition("_")[0], domain.removesuffix("_t").partition("_")[0]
    shorter = min(len(one), len(other))
    return shorter >= _LEAST_STEM and one[:shorter] == other[:shorter]


def _verdict(
    denials: Sequence[Denial], best: BooleanState, others: Sequence[BooleanState], policy: BasePolicy
) -> Verdict:
    wider = tuple(_fix(state, denials, policy) for state in others)
    fix = _fix(best, denials, policy, tuple(other.name for other in wider))
    position = "on" if best.value else "off"
    return Verdict(
        denials=tuple(denials),
        kind=VerdictKind.BOOLEAN,
        reason=f"{who(denials)} wanted to {what(denials)}: the policy has a boolean for that, {best.name}, "
        f"and it has to be {position}.",
        fix=fix,
        alternatives=(*wider, Allow(rule=rule_of(denials))),
    )


def _fix(state: BooleanState, denials: Sequence[Denial], policy: BasePolicy, wider: tuple[str, ...] = ()) -> Boolean:
    excess = max(0, policy.opened_by(state) - len(denials))
    return Boolean(name=state.name, value=state.value, excess=excess, alternatives=wider)
