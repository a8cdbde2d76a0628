"""An interface of the release's own in the place of rules, where all that it opens can be listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sepack.model.fix import Allow, Interface
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.case import rule_of
from sepack.stages.triage.words import what, who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sepack.model.base_policy import BasePolicy
    from sepack.model.denial import Access, Denial
    from sepack.model.interface_call import InterfaceCall
    from sepack.model.rule import Rule

MOST_EXCESS = 20
"""Accesses beyond those denied that an interface may open: what a person still reads line by line in a proposal."""
ALTERNATIVES = 3
# Where only reading was denied, a call that lets files be changed is more than another amount of the same.
_CHANGES = frozenset(
    "write append create unlink link rename setattr add_name remove_name rmdir reparent relabelto relabelfrom".split()
)
_CHANGED = frozenset({"file", "dir", "lnk_file", "chr_file", "blk_file"})


def accesses(verdicts: Iterable[Verdict]) -> tuple[Rule, ...]:
    """What the calls are to be looked for that `offer` takes: the rules that are left, sorted and without doubles."""
    return tuple(sorted({rule for verdict in verdicts if (rule := _plain_rule(verdict)) is not None}))


def offer(
    verdicts: Sequence[Verdict], calls: Mapping[Rule, Sequence[InterfaceCall]], policy: BasePolicy
) -> tuple[Verdict, ...]:
    """The verdicts with an interface in the place of rules between the same two types, where one is to be offered.

    For a module in the refpolicy dialect; `calls` are those near each of `accesses`.
    """
    pairs: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        rule = _plain_rule(verdict)
        if rule is not None and calls.get(rule):
            pairs.setdefault((rule.source, rule.target), []).append(verdict)
    instead: dict[int, Verdict | None] = {}
    for group in pairs.values():
        left = list(group)
        while left:
            near = {call: None for verdict in left for call in calls[_rule(verdict)]}
            found = interface_verdict(left, tuple(near), policy)
            if found is None:
                break
            met = [verdict for verdict in left if set(verdict.denials) <= set(found.denials)]
            left = [verdict for verdict in left if verdict not in met]
            instead |= {id(verdict): None for verdict in met}
            instead[id(met[0])] = found
    replaced = (instead.get(id(verdict), verdict) for verdict in verdicts)
    return tuple(verdict for verdict in replaced if verdict is not None)


@dataclass(frozen=True, slots=True)
class _Option:
    fix: Interface
    met: tuple[Verdict, ...]

    @property
    def rank(self) -> tuple[int, int, str]:
        """Best first: the one in the place of most rules, then the one that opens least."""
        return -len(self.met), len(self.fix.excess), self.fix.statement()


def interface_verdict(
    rules: Sequence[Verdict], candidates: Sequence[InterfaceCall], policy: BasePolicy
) -> Verdict | None:
    """The verdict for all of `rules` that one of the calls gives, or None where none is to be offered.

    `rules` are verdicts of kind RULE between the same two types, one a class. A call is offered where all that it opens
    is known, no more than MOST_EXCESS, and no change of files where only reading was denied. What these denials are
    about, and what the policy allows already, is no excess; what was denied elsewhere is: it has a verdict of its own.
    """
    options = [option for call in candidates if (option := _option(call, rules, policy)) is not None]
    if not options:
        return None
    best, *others = sorted(options, key=lambda option: option.rank)
    denials = tuple(sorted((each for verdict in best.met for each in verdict.denials), key=lambda each: each.access))
    alternatives = [other.fix for other in others if other.met == best.met][:ALTERNATIVES]
    return Verdict(
        denials=denials,
        kind=VerdictKind.INTERFACE,
        reason=_reason(denials, best.fix),
        fix=best.fix,
        alternatives=(*alternatives, *(Allow(rule=_rule(verdict)) for verdict in best.met)),
        dontaudited=any(verdict.dontaudited for verdict in best.met),
        unchecked="; ".join(dict.fromkeys(verdict.unchecked for verdict in best.met if verdict.unchecked)),
    )


def _option(call: InterfaceCall, rules: Iterable[Verdict], policy: BasePolicy) -> _Option | None:
    given = {access for rule in call.rules for access in rule.accesses}
    met = tuple(verdict for verdict in rules if given.issuperset(denial.access for denial in verdict.denials))
    denied = _denied(met)
    opened = excess(call, denied, policy) if met else None
    if opened is None or len(opened) > MOST_EXCESS or (_changes(opened) and not _changes(denied)):
        return None
    return _Option(Interface(name=call.name, arguments=call.arguments, excess=opened), met)


def excess(call: InterfaceCall, denied: frozenset[Access], policy: BasePolicy) -> tuple[Access, ...] | None:
    """All that a call opens beyond `denied` and what the policy allows, sorted.

    None where it cannot be listed: a rule is for an attribute, whose types may become more at any time, or names what
    the policy does not know, so that the call would not link.
    """
    ours = {name for access in denied for name in (access.source_type, access.target_type)}
    found: set[Access] = set()
    for rule in call.rules:
        known = policy.permissions(rule.tclass)
        if known is None or not known.issuperset(rule.permissions):
            return None
        if any(name not in ours and policy.type(name) is None for name in (rule.source, rule.target)):
            return None
        granted = policy.grants(rule.source, rule.target, rule.tclass).always
        found.update(access for access in rule.accesses if access.permission not in granted)
    return tuple(sorted(found - denied))


def _changes(accesses: Iterable[Access]) -> bool:
    return any(access.tclass in _CHANGED and access.permission in _CHANGES for access in accesses)


def _denied(verdicts: Iterable[Verdict]) -> frozenset[Access]:
    return frozenset(denial.access for verdict in verdicts for denial in verdict.denials)


def _plain_rule(verdict: Verdict) -> Rule | None:
    """The rule of a verdict that is about a whole access, not about single ioctl numbers."""
    if verdict.kind is not VerdictKind.RULE or not isinstance(verdict.fix, Allow) or verdict.fix.rule.commands:
        return None
    return verdict.fix.rule


def _rule(verdict: Verdict) -> Rule:
    return rule_of(verdict.denials)


def _reason(denials: Sequence[Denial], fix: Interface) -> str:
    more = f", and opens {len(fix.excess)} more accesses" if fix.excess else ", and it opens nothing else"
    return f"{who(denials)} wanted to {what(denials)}: the release's own {fix.name} is for that{more}."
