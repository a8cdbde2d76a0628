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
    """With `guarded` set to the first of `guardrails` that the fix meets, and `unchecked` to what could not be told.

    Alternatives that meet one go to `withheld`. Without a policy, and for a target that the policy does not know,
    attributes are names that nothing has, and a guardrail that depends on one is told in `unchecked`; of a source that
    is not known the worst is taken, that it has them all.
    """
    if verdict.fix is None:
        return verdict
    checker = _Checker(policy)
    met, unsure = checker.first(effect(verdict.fix, verdict.denials, policy), guardrails)
    withheld = [
        other
        for other in verdict.alternatives
        if checker.first(effect(other, verdict.denials, policy), guardrails)[0] is not None
    ]
    return replace(
        verdict,
        guarded=None if met is None else Guarded(guardrail=met.name, reason=met.reason),
        alternatives=tuple(other for other in verdict.alternatives if other not in withheld),
        withheld=(*verdict.withheld, *withheld),
        unchecked="; ".join(filter(None, (verdict.unchecked, _doubts(unsure) if met is None else ""))),
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

    def first(
        self, rules: Sequence[Rule], guardrails: Iterable[Guardrail]
    ) -> tuple[Guardrail | None, list[tuple[Guardrail, str]]]:
        """The first guardrail that a rule meets, and those that may be met, each with the target in doubt."""
        unsure: list[tuple[Guardrail, str]] = []
        for guardrail in guardrails:
            for rule in rules:
                met = self._meets(rule, guardrail.neverallow)
                if met:
                    return guardrail, unsure
                if met is None:
                    unsure.append((guardrail, rule.target))
        return None, unsure

    def _meets(self, rule: Rule, never: Neverallow) -> bool | None:
        if not never.concerns(rule.tclass, rule.permissions):
            return False
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

    def _types(self, symbol: str) -> frozenset[str]:
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
