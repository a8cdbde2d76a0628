"""A base policy in memory, written down in a few lines: passes the same contract as a real one."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sepack.model.base_policy import (
    AccessQuestion,
    Answers,
    BooleanState,
    Grants,
    PortRecord,
    Why,
    WhyKind,
)
from sepack.model.denial import SecurityContext
from sepack.model.rule import Rule, RuleSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sepack.model.base_policy import LabelQuestion, Question

DEFAULT_PORT_TYPES = frozenset({"reserved_port_t", "hi_reserved_port_t", "unreserved_port_t", "ephemeral_port_t"})
RULE = re.compile(r"(allow|dontaudit|allowxperm) ([\w.]+) ([\w.]+):(\w+)((?: [\w-]+)+)")


@dataclass(frozen=True, slots=True)
class FakeRule:
    kind: str
    source: str
    target: str
    tclass: str
    words: tuple[str, ...]
    when: str

    def active(self, booleans: Mapping[str, bool]) -> bool:
        expression = self.when.replace("&&", " and ").replace("||", " or ").replace("!", " not ").replace("^", "!=")
        return not expression or bool(eval(expression, {"__builtins__": {}}, dict(booleans)))


def rule(text: str, when: str = "") -> FakeRule:
    """`allow httpd_t self:process execmem`, without braces; `when` is an expression over booleans with && || ! ( ).

    `allowxperm a b:file 0x5401 0x5410-0x5420` has ioctl numbers and ranges of them.
    """
    found = RULE.fullmatch(text)
    assert found, text
    kind, source, target, tclass, words = found.groups()
    return FakeRule(kind, source, target, tclass, tuple(words.split()), when)


@dataclass
class FakeBasePolicy:
    """`types`: a type's attributes, as one string of words. `rules`: texts as `rule` takes them, or what it gives.

    `conditional`: expression over booleans → texts of the rules that it switches on. `classes`: a class's permissions,
    as one string; those that rules name are known without. `ports`: (protocol, low, high, type). `labels`: regular
    expression over whole paths → context, or None for <<none>>; the last that matches wins. `contexts` counts types as
    `file_context_types` does; what it says by default comes from `labels`. `answers` are given before anything is
    computed.
    """

    types: Mapping[str, str] = field(default_factory=dict)
    rules: Iterable[str | FakeRule] = ()
    conditional: Mapping[str, Iterable[str]] = field(default_factory=dict)
    booleans: Mapping[str, bool] = field(default_factory=dict)
    classes: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    permissive: frozenset[str] = frozenset()
    ports: Iterable[tuple[str, int, int, str]] = ()
    labels: Mapping[str, str | None] = field(default_factory=dict)
    contexts: Mapping[str, int] | None = None
    answers: Mapping[AccessQuestion, Why] = field(default_factory=dict)
    mls: bool = True
    digest: str = "fake"
    title: str = "a policy in memory"
    asked: list[Question] = field(default_factory=list)

    def __post_init__(self) -> None:
        plain = [each if isinstance(each, FakeRule) else rule(each) for each in self.rules]
        switched = [rule(text, when) for when, texts in self.conditional.items() for text in texts]
        self._rules = (*plain, *switched)

    def type(self, name: str) -> str | None:
        name = self.aliases.get(name, name)
        return name if name in self.types else None

    def attributes(self, type: str) -> frozenset[str]:  # noqa: A002 - the protocol's word
        return frozenset(self.types.get(self.aliases.get(type, type), "").split())

    def members(self, attribute: str) -> frozenset[str]:
        return frozenset(name for name, words in self.types.items() if attribute in words.split())

    def permissions(self, tclass: str) -> frozenset[str] | None:
        named = {word for each in self._of("allow", "dontaudit") if each.tclass == tclass for word in each.words}
        named |= set(self.classes.get(tclass, "").split())
        known = tclass in self.classes or any(each.tclass == tclass for each in self._rules)
        return frozenset(named) if known else None

    def is_permissive(self, domain: str) -> bool:
        return self.type(domain) in self.permissive

    def grants(self, source: str, target: str, tclass: str) -> Grants:
        always = self._words("allow", source, target, tclass, self.booleans)
        switched = {}
        for name, value in self.booleans.items():
            opened = self._words("allow", source, target, tclass, {**self.booleans, name: not value}) - always
            if opened:
                switched[BooleanState(name, not value)] = opened
        return Grants(always=always, switched=switched)

    def dontaudited(self, source: str, target: str, tclass: str) -> frozenset[str]:
        return self._words("dontaudit", source, target, tclass, self.booleans)

    def ioctl_commands(self, source: str, target: str, tclass: str) -> tuple[tuple[int, int], ...] | None:
        merged: list[tuple[int, int]] = []
        for text in sorted(self._words("allowxperm", source, target, tclass, self.booleans), key=_ends):
            low, high = _ends(text)
            if merged and low <= merged[-1][1] + 1:
                low, high = merged[-1][0], max(high, merged.pop()[1])
            merged.append((low, high))
        return tuple(merged) or None

    def targets(self, source: str, tclass: str, permissions: frozenset[str]) -> frozenset[str]:
        return frozenset(name for name in self.types if permissions <= self.grants(source, name, tclass).always)

    def boolean_default(self, name: str) -> bool | None:
        return self.booleans.get(name)

    def opened_by(self, boolean: BooleanState) -> int:
        return sum(
            len(each.words) * self._breadth(each.source) * self._breadth(each.target) for each in self._opened(boolean)
        )

    def rules_of(self, boolean: BooleanState) -> tuple[Rule, ...]:
        """As the real one's compiler does it, `self` of an attribute is a rule for each of its types."""
        found = [
            Rule.of(source, source if each.target == "self" else each.target, each.tclass, each.words)
            for each in self._opened(boolean)
            for source in (each.target == "self" and self.members(each.source)) or {each.source}
        ]
        return RuleSet.of(found).rules

    def _breadth(self, name: str) -> int:
        return len(self.members(name)) or 1

    def port(self, protocol: str, number: int) -> PortRecord | None:
        covering = [(high - low, low, high, kind) for name, low, high, kind in self.ports if name == protocol]
        for _, low, high, kind in sorted(covering):
            if low <= number <= high:
                specific = kind not in DEFAULT_PORT_TYPES
                return PortRecord(protocol=protocol, low=low, high=high, type=kind, specific=specific)
        return None

    def file_context_types(self) -> Mapping[str, int]:
        if self.contexts is not None:
            return self.contexts
        return Counter(context.split(":")[2] for context in self.labels.values() if context is not None)

    def ask(self, questions: Iterable[Question]) -> Answers:
        """What the distribution's own tools would say; role, bounds and constraints only by `answers`."""
        access, labels = {}, {}
        for question in questions:
            self.asked.append(question)
            if isinstance(question, AccessQuestion):
                access[question] = self.answers.get(question) or self._why(question)
            else:
                labels[question] = self._label(question)
        return Answers(access=access, labels=labels)

    def _why(self, question: AccessQuestion) -> Why:
        source, target = (SecurityContext.read(text) for text in (question.source, question.target))
        if source is None or self.type(source.type) is None:
            return Why(kind=WhyKind.BAD_SOURCE)
        if target is None or self.type(target.type) is None:
            return Why(kind=WhyKind.BAD_TARGET)
        known = self.permissions(question.tclass)
        if known is None:
            return Why(kind=WhyKind.BAD_CLASS)
        if question.permission not in known:
            return Why(kind=WhyKind.BAD_PERMISSION)
        granted = self.grants(source.type, target.type, question.tclass)
        if question.permission in granted.always:
            return Why(kind=WhyKind.ALLOWED)
        if booleans := sorted(state for state, added in granted.switched.items() if question.permission in added):
            return Why(kind=WhyKind.BOOLEAN, booleans=tuple(booleans))
        silent = question.permission in self.dontaudited(source.type, target.type, question.tclass)
        return Why(kind=WhyKind.DONTAUDIT if silent else WhyKind.TYPE_ENFORCEMENT)

    def _label(self, question: LabelQuestion) -> str | None:
        matching = [
            context for pattern, context in self.labels.items() if re.fullmatch(pattern, question.path, re.DOTALL)
        ]
        return matching[-1] if matching else None

    def _opened(self, boolean: BooleanState) -> list[FakeRule]:
        if self.booleans.get(boolean.name) is not (not boolean.value):
            return []
        flipped = {**self.booleans, boolean.name: boolean.value}
        return [each for each in self._of("allow") if each.active(flipped) and not each.active(self.booleans)]

    def _of(self, *kinds: str) -> list[FakeRule]:
        return [each for each in self._rules if each.kind in kinds]

    def _words(self, kind: str, source: str, target: str, tclass: str, booleans: Mapping[str, bool]) -> frozenset[str]:
        source_type, target_type = self.type(source), self.type(target)
        if source_type is None or target_type is None:
            return frozenset()
        sources = {source_type, *self.attributes(source_type)}
        targets = {target_type, *self.attributes(target_type), *(["self"] if source_type == target_type else [])}
        return frozenset(
            word
            for each in self._of(kind)
            if each.source in sources and each.target in targets and each.tclass == tclass and each.active(booleans)
            for word in each.words
        )


def _ends(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    return int(low, 16), int(high or low, 16)
