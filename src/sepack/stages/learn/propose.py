"""Verdicts × ledger × a person's word → Proposal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sepack.model.fix import Allow, Boolean, FileContext, Fix, Interface, PortLabel, RestoreLabel
from sepack.model.ledger import Answer, ItemKind, LedgerItem
from sepack.model.proposal import Change, Held, HeldBack, Proposal, Settled
from sepack.stages.learn.evidence import evidence_of, refreshed
from sepack.stages.learn.settled import is_declared, open_part

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sepack.model.denial import Denial
    from sepack.model.ledger import Item, Ledger
    from sepack.model.proposal import Word
    from sepack.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class _Open:
    """A fix that the ledger leaves open, of a verdict; `named` are the statements by which a person may mean it."""

    verdict: Verdict
    fix: Fix

    @property
    def statement(self) -> str:
        return self.fix.statement()

    @property
    def named(self) -> frozenset[str]:
        return frozenset({self.statement, self.verdict.statement})


def propose(
    module: str,
    verdicts: Sequence[Verdict],
    ledger: Ledger,
    word: Word,
    host: Callable[[str], str],
    declared: Sequence[Boolean | PortLabel] = (),
) -> Proposal:
    """What one module's ledger would gain. A pure function: the same verdicts in another order give the same.

    `word` holds statements as the fixes print them; those that fit nothing here are left for the caller to find.
    `host` turns a host's name into what may be written down. What module.toml switches and labels itself (`declared`)
    is settled.
    """
    open_fixes: list[_Open] = []
    settled: list[Settled] = []
    beyond: list[Verdict] = []
    for verdict in verdicts:
        fix = _chosen(verdict, word)
        if fix is None or isinstance(fix, RestoreLabel):
            beyond.append(verdict)
            continue
        if any(is_declared(fix, each) for each in declared):
            settled.append(Settled(verdict=verdict, items=()))
            continue
        left, items = _open_part(verdict, fix, ledger)
        if items:
            settled.append(Settled(verdict=verdict, items=items))
        if left is not None:
            open_fixes.append(_Open(verdict, left))
    held = [kept for each in open_fixes if (kept := _held(each, word)) is not None]
    waiting = {kept.statement for kept in held}
    changes = [
        *_new_items([each for each in open_fixes if each.statement not in waiting], word, host),
        *_answered_anew(ledger, settled, word, host),
    ]
    return Proposal(
        module=module,
        changes=tuple(sorted(changes, key=lambda change: (change.item.kind, change.item.statement))),
        held=tuple(sorted(held, key=lambda kept: kept.statement)),
        settled=tuple(sorted(settled, key=lambda each: each.verdict.statement)),
        beyond=tuple(beyond),
    )


def unmatched(proposals: Iterable[Proposal], word: Word) -> tuple[str, ...]:
    """The statements of `word` that no change took up."""
    taken: set[str] = set()
    for proposal in proposals:
        for change in proposal.changes:
            taken.add(change.item.statement)
            taken.update(verdict.statement for verdict in change.verdicts)
    return tuple(statement for statement in (*word.accept, *word.refuse) if statement not in taken)


def _chosen(verdict: Verdict, word: Word) -> Fix | None:
    """The verdict's own fix, unless a person named one of the alternatives."""
    named = {*word.accept, *word.refuse}
    if verdict.statement in named:
        return verdict.fix
    others = (*verdict.alternatives, *verdict.withheld)
    return next((other for other in others if other.statement() in named), verdict.fix)


def _open_part(verdict: Verdict, fix: Fix, ledger: Ledger) -> tuple[Fix | None, tuple[LedgerItem, ...]]:
    """As `open_part`; who accepted an alternative has answered the fix as well."""
    paths = _paths(verdict.denials)
    left, items = open_part(fix, paths, ledger)
    for other in verdict.alternatives if left is not None else ():
        remains, answering = open_part(other, paths, ledger)
        if remains is None and all(item.answer is Answer.ACCEPTED for item in answering):
            return None, (*items, *answering)
    return left, items


def _paths(denials: Iterable[Denial]) -> list[str]:
    return [path for denial in denials for path in denial.evidence.paths.values]


def _held(each: _Open, word: Word) -> HeldBack | None:
    """None where it may be written: nothing speaks against it, or a person has named it."""
    verdict = each.verdict
    if not each.named.isdisjoint((*word.accept, *word.refuse)):
        return None
    if verdict.guarded is not None:
        why, detail = Held.GUARDED, f"{verdict.guarded.guardrail}: {verdict.guarded.reason}"
    elif verdict.dontaudited:
        why, detail = Held.SILENCED, "only a log made with `semodule -DB` shows it, and it may be harmless noise"
    elif verdict.unchecked:
        why, detail = Held.UNCHECKED, verdict.unchecked
    else:
        return None
    return HeldBack(verdict=verdict, statement=each.statement, why=why, detail=detail)


def _new_items(open_fixes: Iterable[_Open], word: Word, host: Callable[[str], str]) -> list[Change]:
    """One change a statement, with the evidence of all verdicts that come to it."""
    same: defaultdict[str, list[_Open]] = defaultdict(list)
    for each in open_fixes:
        same[each.statement].append(each)
    return [_new_item(group, word, host) for group in same.values()]


def _new_item(group: Sequence[_Open], word: Word, host: Callable[[str], str]) -> Change:
    fix, verdicts = group[0].fix, tuple(each.verdict for each in group)
    named = frozenset().union(*(each.named for each in group))
    refused = not named.isdisjoint(word.refuse)
    spoken = refused or not named.isdisjoint(word.accept)
    denials = [denial for verdict in verdicts for denial in verdict.denials if _is_part_of(denial, fix)]
    item = LedgerItem(
        kind=_kind_of(fix),
        answer=Answer.REFUSED if refused else Answer.ACCEPTED,
        item=_item_of(fix),
        statement=fix.statement(),
        reason=word.reason if spoken and word.reason else min(verdict.reason for verdict in verdicts),
        by=word.by,
        when=word.when,
        expires=word.expires,
        evidence=evidence_of(denials, host),
    )
    return Change(item=item, verdicts=verdicts)


def _is_part_of(denial: Denial, fix: Fix) -> bool:
    """A rule that is half settled speaks of the other half only."""
    return not isinstance(fix, Allow) or denial.access.permission in fix.rule.permissions


def _answered_anew(
    ledger: Ledger, settled: Iterable[Settled], word: Word, host: Callable[[str], str]
) -> Iterable[Change]:
    """Items that a person now answers otherwise, and, with `refresh`, those for which the log has new evidence."""
    spoken = dict.fromkeys(word.accept, Answer.ACCEPTED)
    spoken |= dict.fromkeys(word.refuse, Answer.REFUSED)
    seen: defaultdict[str, list[Verdict]] = defaultdict(list)
    for each in settled:
        for item in each.items:
            seen[item.statement].append(each.verdict)
    for item in ledger.items:
        verdicts = tuple(seen.get(item.statement, ()))
        after = item
        if item.statement in spoken:
            after = replace(
                after,
                answer=spoken[item.statement],
                reason=word.reason or item.reason,
                by=word.by,
                when=word.when,
                expires=word.expires,
            )
        if word.refresh and verdicts:
            denials = [denial for verdict in verdicts for denial in verdict.denials]
            after = replace(after, evidence=refreshed(item.evidence, evidence_of(denials, host)))
        if after != item or item.statement in spoken:
            yield Change(item=after, before=item, verdicts=verdicts)


def _kind_of(fix: Fix) -> ItemKind:
    kinds: dict[type, ItemKind] = {
        Allow: ItemKind.RULE,
        Interface: ItemKind.INTERFACE,
        FileContext: ItemKind.FILE_CONTEXT,
        Boolean: ItemKind.BOOLEAN,
        PortLabel: ItemKind.PORT,
    }
    return kinds[type(fix)]


def _item_of(fix: Fix) -> Item:
    """What the ledger keeps of a fix: its meaning, without what else it opens or what would serve as well."""
    match fix:
        case Allow(rule=rule):
            return rule
        case FileContext(pattern=pattern, kind=kind, type=label):
            return FileContext(pattern=pattern, kind=kind, type=label)
        case Boolean(name=name, value=value):
            return Boolean(name=name, value=value, excess=0)
        case PortLabel(protocol=protocol, low=low, high=high, type=label):
            return PortLabel(protocol=protocol, low=low, high=high, type=label)
        case Interface(name=name, arguments=arguments):
            return Interface(name=name, arguments=arguments)
        case RestoreLabel():
            raise ValueError(fix)
