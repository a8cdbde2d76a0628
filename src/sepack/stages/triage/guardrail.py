"""Holds every fix against the guardrails: a filter over what a fix does, whichever step proposed it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from sepack.model.base_policy import BooleanState
from sepack.model.fix import Allow, Boolean, FileContext, Interface, PortLabel, RestoreLabel
from sepack.model.rule import Rule, RuleSet
from sepack.model.verdict import Guarded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sepack.model.base_policy import BasePolicy
    from sepack.model.denial import Access, Denial
    from sepack.model.fix import Fix
    from sepack.model.guardrail import Guardrail
    from sepack.model.neverallow import NameSet, Neverallow
    from sepack.model.verdict import Verdict

RELABEL = "relabelto"


def guard(verdict: Verdict, policy: BasePolicy | None, guardrails: Sequence[Guardrail]) -> Verdict:
    """One verdict, held against the guardrails; who has many makes a Guard."""
    return Guard(policy, guardrails).hold(verdict)


class Guard:
    """Guardrails and a policy; what was looked up for one verdict serves the next ones."""

    def __init__(self, policy: BasePolicy | None, guardrails: Sequence[Guardrail]) -> None:
        self._policy = policy
        self._guardrails = tuple(guardrails)
        self._checker = _Checker(policy)
        self._concerned = cache(self._concerned_by)
        self._met_by = cache(self._meeting)

    def hold(self, verdict: Verdict) -> Verdict:
        """With `guarded` set to the first guardrail that the fix meets, and `unchecked` to what could not be told.

        Alternatives that meet one go to `withheld`. Without a policy, and for a target that the policy does not know,
        attributes are names that nothing has, and a guardrail that depends on one is told in `unchecked`; of a source
        that is not known the worst is taken, that it has them all.
        """
        if verdict.fix is None:
            return verdict
        met, unsure = self._first(effect(verdict.fix, verdict.denials, self._policy))
        withheld = [
            other
            for other in verdict.alternatives
            if self._first(effect(other, verdict.denials, self._policy))[0] is not None
        ]
        return replace(
            verdict,
            guarded=None if met is None else Guarded(guardrail=met.name, reason=met.reason),
            alternatives=tuple(other for other in verdict.alternatives if other not in withheld),
            withheld=(*verdict.withheld, *withheld),
            unchecked="; ".join(filter(None, (verdict.unchecked, _doubts(unsure) if met is None else ""))),
        )

    def _first(self, rules: Sequence[Rule]) -> tuple[Guardrail | None, list[tuple[Guardrail, str]]]:
        """The first guardrail that a rule meets, and those that may be met, each with the target in doubt."""
        first = len(self._guardrails)
        unsure: list[tuple[Guardrail, str]] = []
        for rule in rules:
            met, doubtful = self._met_by(rule)
            first = min(first, met)
            unsure += ((self._guardrails[number], rule.target) for number in doubtful)
        return (self._guardrails[first] if first < len(self._guardrails) else None), unsure

    def _meeting(self, rule: Rule) -> tuple[int, tuple[int, ...]]:
        """The number of the first guardrail that the rule meets (that of all where none), and those in doubt."""
        doubtful: list[int] = []
        for number in self._concerned(rule.tclass, rule.permissions):
            met = self._checker.meets(rule, self._guardrails[number].neverallow)
            if met:
                return number, tuple(doubtful)
            if met is None:
                doubtful.append(number)
        return len(self._guardrails), tuple(doubtful)

    def _concerned_by(self, tclass: str, permissions: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(
            number
            for number, guardrail in enumerate(self._guardrails)
            if guardrail.neverallow.concerns(tclass, permissions)
        )


def effect(fix: Fix, denials: Sequence[Denial], policy: BasePolicy | None) -> tuple[Rule, ...]:
    """What comes to be allowed, as rules; sources and targets are types, or attributes of the policy's own rules.

    A label lets the domain do with the new type what it was denied, and puts that type on files: a `relabelto` that
    a person carries out with restorecon, told as the domain's own.
    """
    denied = [denial.access for denial in denials]
    match fix:
        case Allow(rule=rule):
            return (rule,)
        case Interface(excess=excess):
            return _rules((*denied, *excess))
        case Boolean(name=name, value=value):
            opened = policy.rules_of(BooleanState(name, value)) if policy is not None else ()
            return (*_rules(denied), *opened)
        case FileContext(type=label):
            moved = [replace(access, target_type=label) for access in denied]
            return _rules((*moved, *(replace(access, permission=RELABEL) for access in moved)))
        case PortLabel(type=label):
            return _rules(replace(access, target_type=label) for access in denied)
        case RestoreLabel():
            return ()


def _rules(accesses: Iterable[Access]) -> tuple[Rule, ...]:
    found = (Rule.of(each.source_type, each.target_type, each.tclass, (each.permission,)) for each in accesses)
    return RuleSet.of(found).rules


class _Checker:
    def __init__(self, policy: BasePolicy | None) -> None:
        self._policy = policy
        self._called = cache(self._look_up)
        self._named = cache(self._resolve)
        self._types = cache(self._stand_for)

    def meets(self, rule: Rule, never: Neverallow) -> bool | None:
        """Whether a rule that the statement concerns is forbidden by it; None where that cannot be told."""
        # Of a source that is not known the worst is taken: what is denied something is a domain.
        sources = {name for name in self._types(rule.source) if self._has(never.source, name) is not False}
        if not sources:
            return False
        targets = self._types(rule.target)
        if never.itself and not targets.isdisjoint(sources):
            return True
        found = {self._has(never.target, target) for target in targets}
        return True if True in found else None if None in found else False

    def _has(self, names: NameSet, name: str) -> bool | None:
        called, complete = self._called(name)
        return self._named(names).has(called, complete=complete)

    def _stand_for(self, symbol: str) -> frozenset[str]:
        """The types that a rule's word stands for: those with that attribute, or itself."""
        members = self._policy.members(symbol) if self._policy is not None else frozenset[str]()
        return members or frozenset({symbol})

    def _look_up(self, name: str) -> tuple[frozenset[str], bool]:
        """All that a type is called, and whether that is all."""
        own = self._own(name)
        if own is None or self._policy is None:
            return frozenset({name}), False
        return frozenset({own, *self._policy.attributes(own)}), True

    def _resolve(self, names: NameSet) -> NameSet:
        """With the types' own names in the place of aliases."""
        own = {name: self._own(name) or name for name in names.names | names.but}
        return replace(
            names,
            names=frozenset(own[name] for name in names.names),
            but=frozenset(own[name] for name in names.but),
        )

    def _own(self, name: str) -> str | None:
        return self._policy.type(name) if self._policy is not None else None


def _doubts(unsure: Iterable[tuple[Guardrail, str]]) -> str:
    doubted: dict[str, set[str]] = {}
    for guardrail, target in unsure:
        doubted.setdefault(target, set()).add(guardrail.name)
    return "; ".join(
        f"which attributes {target} has, so whether the guardrail {', '.join(sorted(names))} is met"
        for target, names in sorted(doubted.items())
    )
