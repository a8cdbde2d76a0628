"""Ledgers at random, and one as a person has it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from sepack.model.fix import Boolean, FileContext, FileKind, Interface, PortLabel
from sepack.model.ledger import Answer, Denied, ItemKind, Ledger, LedgerEvidence, LedgerItem
from sepack.model.rule import Rule

if TYPE_CHECKING:
    from sepack.model.ledger import Item

names = st.from_regex(r"[a-z_][a-z0-9_.]{0,10}", fullmatch=True)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20).filter(str.strip)
days = st.dates(min_value=dt.date(2000, 1, 1), max_value=dt.date(2999, 1, 1))
some_texts = st.lists(texts, max_size=3).map(tuple)
ports = st.tuples(st.integers(1, 65535), st.integers(1, 65535)).map(sorted)

rules = st.builds(Rule.of, names, names, names, st.lists(names, min_size=1, max_size=3))
file_contexts = st.builds(
    FileContext,
    pattern=st.from_regex(r"(/|HOME_DIR/)[!-&(-_a-~]{1,12}", fullmatch=True),
    kind=st.sampled_from(FileKind),
    type=names,
)
booleans = st.builds(Boolean, name=names, value=st.booleans(), excess=st.just(0))
port_labels = st.builds(
    lambda protocol, ends, kind: PortLabel(protocol=protocol, low=ends[0], high=ends[1], type=kind),
    st.sampled_from(["tcp", "udp", "dccp", "sctp"]),
    ports,
    names,
)
interfaces = st.builds(
    lambda name, arguments: Interface(name=name, arguments=tuple(arguments)),
    st.from_regex(r"[a-z_]{1,10}", fullmatch=True),
    st.lists(names, min_size=1, max_size=2),
)
meanings = st.one_of(
    rules.map(lambda item: (ItemKind.RULE, item)),
    file_contexts.map(lambda item: (ItemKind.FILE_CONTEXT, item)),
    booleans.map(lambda item: (ItemKind.BOOLEAN, item)),
    port_labels.map(lambda item: (ItemKind.PORT, item)),
    interfaces.map(lambda item: (ItemKind.INTERFACE, item)),
)
contexts = st.builds("{}:{}:{}{}".format, names, names, names, st.sampled_from(["", ":s0", ":s0-s0:c0.c1023"]))
denied = st.builds(
    Denied,
    contexts,
    contexts,
    names,
    st.lists(names, min_size=1, max_size=2).map(tuple),
    some_texts,
    st.lists(st.integers(0, 65535), max_size=2).map(tuple),
)
evidence = st.builds(
    LedgerEvidence,
    lines=st.integers(0, 10**9),
    first_seen=st.none() | days,
    last_seen=st.none() | days,
    hosts=some_texts,
    commands=some_texts,
    executables=some_texts,
    sample=st.just("") | texts,
    denied=st.lists(denied, max_size=2).map(tuple),
)


def _item(meaning: tuple[ItemKind, Item], **values: object) -> LedgerItem:
    kind, item = meaning
    return LedgerItem(kind=kind, item=item, statement=item.statement(), **values)  # type: ignore[arg-type]


items = st.builds(
    _item,
    meanings,
    answer=st.sampled_from(Answer),
    reason=texts,
    by=texts,
    when=days,
    expires=st.none() | days,
    evidence=evidence,
)
ledgers = st.lists(items, max_size=5, unique_by=lambda item: item.statement).map(
    lambda found: Ledger(items=tuple(sorted(found, key=lambda item: (item.kind, item.statement))))
)
