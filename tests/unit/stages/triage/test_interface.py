"""An interface is offered in the place of rules only where all that it opens is known and little."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.model.denial import Access
from sepack.model.fix import Allow, Interface
from sepack.model.interface_call import InterfaceCall
from sepack.model.rule import Rule
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.case import Asked
from sepack.stages.triage.interface import MOST_EXCESS, accesses, offer
from sepack.stages.triage.order import triage
from tests.fakes.base_policy import FakeBasePolicy
from tests.unit.stages.triage.denied import denied

MANY = " ".join(f"p{number}" for number in range(MOST_EXCESS + 1))
POLICY = FakeBasePolicy(
    types={"httpd_t": "domain", "cert_t": "file_type", "usr_t": "file_type", "port_t": "port_type"},
    rules=["allow httpd_t usr_t:dir search"],
    classes={"file": f"read open getattr write {MANY}", "dir": "search getattr read", "tcp_socket": "name_connect"},
)


def call(name: str, *statements: str) -> InterfaceCall:
    rules = [Rule.read(f"allow {statement};") for statement in statements]
    assert all(rules)
    return InterfaceCall(name=name, arguments=("httpd_t",), rules=tuple(rule for rule in rules if rule))


def offered(texts: list[str], *calls: InterfaceCall) -> tuple[Verdict, ...]:
    """Of verdicts for these denials, with the same calls near each of their rules."""
    verdicts = triage([denied(text) for text in texts], Asked(policy=POLICY))
    return offer(verdicts, dict.fromkeys(accesses(verdicts), calls), POLICY)


READ = call("read_certs", "httpd_t cert_t:file { getattr open read }", "httpd_t cert_t:dir { getattr search }")
FILE = ["httpd_t cert_t:file read", "httpd_t cert_t:file open"]


def excess_of(verdict: Verdict) -> list[str]:
    assert isinstance(verdict.fix, Interface)
    return [f"{each.source_type} {each.target_type}:{each.tclass} {each.permission}" for each in verdict.fix.excess]


def test_an_interface_stands_in_for_a_rule_with_all_that_it_opens_listed() -> None:
    (found,) = offered(FILE, READ)
    assert (found.kind, found.statement) == (VerdictKind.INTERFACE, "read_certs(httpd_t)")
    assert excess_of(found) == [
        "httpd_t cert_t:dir getattr",
        "httpd_t cert_t:dir search",
        "httpd_t cert_t:file getattr",
    ]
    assert [each.statement() for each in found.alternatives] == ["allow httpd_t cert_t:file { open read };"]
    assert "and opens 3 more accesses." in found.reason


def test_one_call_for_several_classes_comes_before_one_for_each() -> None:
    search = call("search_certs", "httpd_t cert_t:dir search")
    (found,) = offered([*FILE, "httpd_t cert_t:dir search"], search, READ)
    assert found.statement == "read_certs(httpd_t)"
    assert excess_of(found) == ["httpd_t cert_t:dir getattr", "httpd_t cert_t:file getattr"]
    assert [each.access.tclass for each in found.denials] == ["dir", "file", "file"]


def test_what_no_call_gives_stays_a_rule() -> None:
    search = call("search_certs", "httpd_t cert_t:dir search")
    found = offered([*FILE, "httpd_t cert_t:dir search"], search)
    assert sorted(each.statement for each in found) == [
        "allow httpd_t cert_t:file { open read };",
        "search_certs(httpd_t)",
    ]
    assert "opens nothing else" in next(each.reason for each in found if each.kind is VerdictKind.INTERFACE)


def test_of_two_the_one_that_opens_least_wins_and_the_other_is_an_alternative() -> None:
    narrow = call("open_certs", "httpd_t cert_t:file { open read }")
    (found,) = offered(FILE, READ, narrow)
    assert found.statement == "open_certs(httpd_t)"
    assert next(each.statement() for each in found.alternatives) == "read_certs(httpd_t)"


def test_what_the_policy_allows_already_is_no_excess() -> None:
    (found,) = offered(FILE, call("x", "httpd_t cert_t:file { open read }", "httpd_t usr_t:dir search"))
    assert excess_of(found) == []


@pytest.mark.parametrize(
    "statement",
    [
        "httpd_t file_type:file read",
        "domain cert_t:file read",
        "httpd_t gone_t:file read",
        "httpd_t cert_t:gone read",
        "httpd_t cert_t:file gone",
        f"httpd_t cert_t:file {{ {MANY} }}",
        f"httpd_t usr_t:file {{ {MANY} }}",
    ],
)
def test_what_cannot_be_listed_or_is_too_much_is_not_offered(statement: str) -> None:
    (found,) = offered(FILE, call("x", "httpd_t cert_t:file { open read }", statement))
    assert found.kind is VerdictKind.RULE


def test_reading_is_not_answered_by_writing() -> None:
    writing = call("rw_certs", "httpd_t cert_t:file { open read write }")
    (found,) = offered(FILE, writing)
    assert found.kind is VerdictKind.RULE
    (found,) = offered(["httpd_t cert_t:file write"], writing)
    assert excess_of(found) == ["httpd_t cert_t:file open", "httpd_t cert_t:file read"]


def test_as_much_as_a_person_reads_is_offered() -> None:
    words = " ".join(MANY.split()[:MOST_EXCESS])
    (found,) = offered(FILE, call("x", f"httpd_t cert_t:file {{ open read {words} }}"))
    assert len(excess_of(found)) == MOST_EXCESS


def test_a_type_of_ones_own_is_known_where_it_was_denied() -> None:
    rule = Rule.of("shop_t", "cert_t", "file", ["read"])
    verdict = Verdict(
        denials=(denied("shop_t cert_t:file read"),), kind=VerdictKind.RULE, reason="", fix=Allow(rule=rule)
    )
    own = InterfaceCall(name="x", arguments=("shop_t",), rules=(rule,))
    (found,) = offer([verdict], {rule: (own,)}, POLICY)
    assert found.statement == "x(shop_t)"


def test_other_verdicts_and_their_order_stay_as_they_are() -> None:
    verdicts = triage(
        [denied("httpd_t usr_t:dir search"), *map(denied, FILE), denied("httpd_t port_t:tcp_socket name_connect")],
        Asked(policy=POLICY),
    )
    found = offer(verdicts, dict.fromkeys(accesses(verdicts), (READ,)), POLICY)
    assert [each.kind for each in found].count(VerdictKind.INTERFACE) == 1
    assert [each for each in found if each.kind is not VerdictKind.INTERFACE] == [
        each for each in verdicts if each.denials[0].access.target_type != "cert_t"
    ]


def test_single_ioctl_numbers_are_no_interface_s() -> None:
    verdicts = triage([denied("httpd_t cert_t:file ioctl", ioctls={0x5401})], Asked(policy=None, ioctls=True))
    assert [rule.commands for rule in accesses(verdicts)] == [()]
    assert len(verdicts) == 2


FLAGS = [("dontaudited", True), ("unchecked", "something")]


@pytest.mark.parametrize(("field", "value"), FLAGS)
def test_what_was_said_of_the_rule_is_said_of_the_interface(field: str, value: object) -> None:
    (verdict,) = triage(map(denied, FILE), Asked(policy=POLICY))
    (found,) = offer([replace(verdict, **{field: value})], {accesses([verdict])[0]: (READ,)}, POLICY)  # type: ignore[arg-type]
    assert getattr(found, field) == value


words = st.lists(st.sampled_from(["read", "getattr"]), min_size=1)
rules = st.builds(
    Rule.of, st.just("httpd_t"), st.sampled_from(["cert_t", "usr_t"]), st.sampled_from(["file", "dir"]), words
)
calls = st.lists(st.lists(rules, min_size=1, max_size=3), max_size=4).map(
    lambda lists: [
        InterfaceCall(name=f"c{number}", arguments=("httpd_t",), rules=tuple(each)) for number, each in enumerate(lists)
    ]
)
texts = st.lists(
    st.builds(
        lambda target, tclass, permission: f"httpd_t {target}:{tclass} {permission}",
        st.sampled_from(["cert_t", "usr_t"]),
        st.sampled_from(["file", "dir"]),
        st.sampled_from(["read", "getattr"]),
    ),
    min_size=1,
    max_size=6,
    unique=True,
)


@given(texts, calls)
def test_no_denial_is_lost_and_no_excess_is_hidden(texts: list[str], calls: list[InterfaceCall]) -> None:
    found = offered(texts, *calls)
    all_denied = {denied(text).access for text in texts}
    assert {each.access for verdict in found for each in verdict.denials} == all_denied
    by_name = {each.name: each for each in calls}
    for verdict in found:
        if isinstance(verdict.fix, Interface):
            given_by_it = {access for rule in by_name[verdict.fix.name].rules for access in rule.accesses}
            met = {each.access for each in verdict.denials}
            allowed = {Access("httpd_t", "usr_t", "dir", "search")}
            assert met.isdisjoint(verdict.fix.excess)
            assert met | set(verdict.fix.excess) == given_by_it - allowed
