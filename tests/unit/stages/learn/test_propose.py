"""What a ledger would gain: the laws, and what a person's word does."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.model.denial import Access, Denial, Evidence, SecurityContext, Smallest
from sepack.model.fix import Allow, Boolean, FileContext, FileKind, Fix, PortLabel, RestoreLabel
from sepack.model.ledger import Answer, Ledger
from sepack.model.proposal import Held, Proposal, Word
from sepack.model.rule import Rule
from sepack.model.verdict import Guarded, Verdict, VerdictKind
from sepack.stages.learn.evidence import as_it_is, hashed
from sepack.stages.learn.propose import propose, unmatched

TODAY = dt.date(2026, 11, 24)
NOBODY = Word(by="a person", when=TODAY)


def denial(source: str, target: str, tclass: str, permission: str, *paths: str, port: int | None = None) -> Denial:
    contexts = tuple(SecurityContext(user="system_u", role="system_r", type=each) for each in (source, target))
    return Denial(
        access=Access(source, target, tclass, permission),
        evidence=Evidence(
            lines=2,
            first=1_795_416_221_668,
            last=1_795_502_621_668,
            hosts=Smallest.of({"web1"}),
            commands=Smallest.of({"apache2"}),
            paths=Smallest.of(set(paths)),
            ports=Smallest.of({port} if port else set()),
            contexts=Smallest.of({(contexts[0], contexts[1])}),
        ),
    )


def rule_verdict(source: str, target: str, tclass: str, *permissions: str) -> Verdict:
    return Verdict(
        denials=tuple(denial(source, target, tclass, each) for each in sorted(permissions)),
        kind=VerdictKind.RULE,
        reason=f"{source} was refused {' '.join(sorted(permissions))}.",
        fix=Allow(rule=Rule.of(source, target, tclass, permissions)),
    )


def verdict(fix: Fix, *alternatives: Fix, of: Denial | None = None) -> Verdict:
    of = of or denial("httpd_t", "httpd_t", "process", "execmem")
    return Verdict(denials=(of,), kind=VerdictKind.BOOLEAN, reason="Because.", fix=fix, alternatives=alternatives)


def proposed(verdicts: list[Verdict], ledger: Ledger = Ledger(), word: Word = NOBODY) -> Proposal:  # noqa: B008 - frozen
    return propose("web", verdicts, ledger, word, as_it_is)


def applied(proposal: Proposal, ledger: Ledger = Ledger()) -> Ledger:  # noqa: B008 - frozen
    items = {item.statement: item for item in ledger.items}
    items |= {change.item.statement: change.item for change in proposal.changes}
    return Ledger(items=tuple(items.values()))


def statements(proposal: Proposal) -> list[str]:
    return [change.item.statement for change in proposal.changes]


fixes = st.one_of(
    st.builds(
        rule_verdict,
        st.sampled_from(["httpd_t", "app_t"]),
        st.sampled_from(["var_t", "app_t"]),
        st.sampled_from(["file", "dir"]),
        st.sampled_from(["read", "write", "open"]),
        st.sampled_from(["read", "getattr"]),
    ),
    st.sampled_from([Boolean(name="httpd_execmem", value=True, excess=1)]).map(verdict),
    st.sampled_from([PortLabel(protocol="tcp", low=80, high=81, type="http_port_t")]).map(verdict),
)


@given(st.lists(fixes, max_size=8))
def test_twice_is_once(verdicts: list[Verdict]) -> None:
    ledger = applied(proposed(verdicts))
    assert proposed(verdicts, ledger).changes == ()


@given(st.lists(fixes, max_size=6), st.randoms())
def test_the_order_of_verdicts_does_not_matter(verdicts: list[Verdict], random: object) -> None:
    shuffled = list(verdicts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert statements(proposed(verdicts)) == statements(proposed(shuffled))


@given(st.lists(fixes, max_size=6))
def test_no_rule_is_written_that_nothing_denied(verdicts: list[Verdict]) -> None:
    denied = {each.access for one in verdicts for each in one.denials}
    rules = [change.item.item for change in proposed(verdicts).changes if isinstance(change.item.item, Rule)]
    assert {access for rule in rules for access in rule.accesses} <= denied


def test_only_the_permissions_that_are_not_answered_yet_are_proposed() -> None:
    ledger = applied(proposed([rule_verdict("a_t", "b_t", "file", "read")]))
    again = proposed([rule_verdict("a_t", "b_t", "file", "read", "write")], ledger)
    assert statements(again) == ["allow a_t b_t:file write;"]
    assert again.changes[0].item.evidence.lines == 2
    assert [item.statement for item in again.settled[0].items] == ["allow a_t b_t:file read;"]


def test_an_item_says_who_when_why_and_on_what_evidence() -> None:
    change = proposed([rule_verdict("a_t", "b_t", "file", "read")], word=replace(NOBODY, by="Ada")).changes[0]
    assert (change.item.by, change.item.when, change.item.answer) == ("Ada", TODAY, Answer.ACCEPTED)
    evidence = change.item.evidence
    assert (evidence.lines, evidence.hosts, evidence.commands) == (2, ("web1",), ("apache2",))
    assert (evidence.first_seen, evidence.last_seen) == (dt.date(2026, 11, 23), dt.date(2026, 11, 24))
    assert evidence.sample == (
        'avc:  denied  { read } for comm="apache2" '
        "scontext=system_u:system_r:a_t tcontext=system_u:system_r:b_t tclass=file"
    )


@pytest.mark.parametrize(
    ("held", "why"),
    [
        ({"guarded": Guarded(guardrail="passwords", reason="They are secret.")}, Held.GUARDED),
        ({"dontaudited": True}, Held.SILENCED),
        ({"unchecked": "no base policy is at hand"}, Held.UNCHECKED),
    ],
)
def test_what_speaks_against_a_fix_holds_it_until_a_person_names_it(held: dict[str, object], why: Held) -> None:
    guarded = replace(rule_verdict("a_t", "shadow_t", "file", "read"), **held)  # type: ignore[arg-type]
    waiting = proposed([guarded])
    assert [kept.why for kept in waiting.held] == [why]
    assert waiting.changes == ()
    word = replace(NOBODY, accept=("allow a_t shadow_t:file read;",), reason="It is the login service.")
    spoken = proposed([guarded], word=word)
    assert spoken.held == ()
    assert [(each.item.answer, each.item.reason) for each in spoken.changes] == [
        (Answer.ACCEPTED, "It is the login service.")
    ]


def test_a_refused_denial_is_not_proposed_again() -> None:
    found = [rule_verdict("a_t", "b_t", "file", "read")]
    refusal = proposed(found, word=replace(NOBODY, refuse=("allow a_t b_t:file read;",), reason="No."))
    assert [change.item.answer for change in refusal.changes] == [Answer.REFUSED]
    again = proposed(found, applied(refusal))
    assert (again.changes, again.held) == ((), ())


def test_a_person_may_take_an_alternative_and_is_not_asked_again() -> None:
    rule = Allow(rule=Rule.of("httpd_t", "httpd_t", "process", ["execmem"]))
    found = [verdict(Boolean(name="httpd_execmem", value=True, excess=4), rule)]
    assert statements(proposed(found)) == ["boolean httpd_execmem on"]
    word = replace(NOBODY, accept=(rule.statement(),), reason="Only this.")
    taken = proposed(found, word=word)
    assert statements(taken) == [rule.statement()]
    assert unmatched([taken], word) == ()
    assert proposed(found, applied(taken)).changes == ()


def test_an_answer_can_be_changed() -> None:
    found = [rule_verdict("a_t", "b_t", "file", "read")]
    ledger = applied(proposed(found))
    word = replace(NOBODY, refuse=("allow a_t b_t:file read;",), reason="It was a mistake.")
    change = proposed(found, ledger, word).changes[0]
    assert change.before == ledger.items[0]
    assert (change.item.answer, change.item.reason) == (Answer.REFUSED, "It was a mistake.")


def test_a_statement_that_fits_nothing_is_told() -> None:
    word = replace(NOBODY, accept=("allow x_t y_t:file read;",))
    assert unmatched([proposed([rule_verdict("a_t", "b_t", "file", "read")], word=word)], word) == word.accept


def test_evidence_is_only_brought_up_to_date_when_asked_for() -> None:
    found = [rule_verdict("a_t", "b_t", "file", "read")]
    ledger = applied(proposed(found))
    other_host = replace(found[0].denials[0].evidence, hosts=Smallest.of({"web2"}), lines=7)
    newer = [replace(found[0], denials=(replace(found[0].denials[0], evidence=other_host),))]
    assert proposed(newer, ledger).changes == ()
    refreshed = proposed(newer, ledger, replace(NOBODY, refresh=True)).changes[0].item
    assert (refreshed.evidence.hosts, refreshed.evidence.lines) == (("web1", "web2"), 7)
    assert refreshed.by == ledger.items[0].by


def test_a_path_below_an_accepted_pattern_is_settled() -> None:
    tree = FileContext(pattern=r"/srv/x(/.*)?", kind=FileKind.ANY, type="httpd_sys_content_t")
    first = verdict(tree, of=denial("httpd_t", "var_t", "file", "read", "/srv/x/a"))
    ledger = applied(proposed([first]))
    exact = FileContext(pattern=r"/srv/x/b", kind=FileKind.FILE, type="httpd_sys_content_t")
    second = verdict(exact, of=denial("httpd_t", "var_t", "file", "read", "/srv/x/b"))
    assert proposed([second], ledger).changes == ()


def test_what_restorecon_mends_is_nothing_to_write() -> None:
    found = proposed([verdict(RestoreLabel(path="/srv/x", current="var_t", wanted="etc_t"))])
    assert (found.changes, len(found.beyond)) == ((), 1)


def test_hosts_can_be_hashed() -> None:
    change = propose("web", [rule_verdict("a_t", "b_t", "file", "read")], Ledger(), NOBODY, hashed).changes[0]
    (host,) = change.item.evidence.hosts
    assert host == hashed("web1")
    assert "web1" not in host


def test_what_the_module_s_declaration_switches_and_labels_is_settled() -> None:
    boolean = Boolean(name="httpd_execmem", value=True, excess=9)
    port = PortLabel(protocol="tcp", low=8443, high=8443, type="http_port_t")
    found = [verdict(boolean), verdict(port)]
    wide = PortLabel(protocol="tcp", low=8400, high=8500, type="http_port_t")
    declared = (Boolean(name="httpd_execmem", value=True, excess=0), wide)
    settled = propose("web", found, Ledger(), NOBODY, as_it_is, declared)
    assert (settled.changes, len(settled.settled)) == ((), 2)
    other = (Boolean(name="httpd_execmem", value=False, excess=0),)
    assert len(propose("web", found, Ledger(), NOBODY, as_it_is, other).changes) == 2
