"""A fix is held against the guardrails by what it does, whatever kind it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.model.denial import Access
from sepack.model.fix import Allow, Boolean, FileContext, FileKind, Interface, PortLabel, RestoreLabel
from sepack.model.guardrail import Guardrail
from sepack.model.neverallow import Neverallow
from sepack.model.rule import Rule
from sepack.model.verdict import Guarded, Verdict, VerdictKind
from sepack.stages.triage.guardrail import effect, guard
from tests.fakes.base_policy import FakeBasePolicy
from tests.unit.stages.triage.denied import denied

POLICY = FakeBasePolicy(
    types={
        "httpd_t": "domain daemon",
        "login_t": "domain can_read_shadow",
        "sysadm_t": "domain unconfined",
        "shadow_t": "file_type",
        "content_t": "file_type",
        "tool_exec_t": "file_type exec_type",
        "secret_port_t": "port_type",
    },
    aliases={"apache_t": "httpd_t", "old_shadow_t": "shadow_t"},
    conditional={
        "web_all": ["allow httpd_t file_type:file read"],
        "trace": ["allow daemon self:process ptrace"],
        "harmless": ["allow httpd_t content_t:file write"],
    },
    booleans={"web_all": False, "trace": False, "harmless": False},
)


def guardrail(neverallow: str, name: str = "secrets") -> Guardrail:
    return Guardrail(name=name, reason=f"Because of {name}.", neverallow=Neverallow.read(neverallow))


def verdict(fix: object, *texts: str, alternatives: tuple[object, ...] = (), unchecked: str = "") -> Verdict:
    return Verdict(
        denials=tuple(denied(text) for text in texts or ("httpd_t content_t:file read",)),
        kind=VerdictKind.RULE,
        reason="Because.",
        fix=fix,  # type: ignore[arg-type]
        alternatives=alternatives,  # type: ignore[arg-type]
        unchecked=unchecked,
    )


def allowing(statement: str) -> Allow:
    rule = Rule.read(statement)
    assert rule
    return Allow(rule=rule)


def is_met(fix: object, neverallow: str, policy: FakeBasePolicy | None = POLICY, text: str = "") -> bool:
    texts = (text,) if text else ()
    return guard(verdict(fix, *texts), policy, [guardrail(neverallow)]).guarded is not None


TO_PROGRAMS = "neverallow * exec_type:file relabelto;"
SHADOW = "neverallow { domain -can_read_shadow } shadow_t:file { read write };"


@pytest.mark.parametrize(
    ("statement", "neverallow", "met"),
    [
        ("allow httpd_t shadow_t:file read;", SHADOW, True),
        ("allow httpd_t shadow_t:file { getattr read };", SHADOW, True),
        ("allow httpd_t shadow_t:file getattr;", SHADOW, False),
        ("allow httpd_t shadow_t:dir read;", SHADOW, False),
        ("allow httpd_t content_t:file read;", SHADOW, False),
        ("allow login_t shadow_t:file read;", SHADOW, False),
        ("allow apache_t old_shadow_t:file read;", SHADOW, True),
        ("allow httpd_t shadow_t:file read;", "neverallow apache_t old_shadow_t:file read;", True),
        ("allow httpd_t self:process ptrace;", "neverallow * self:process ptrace;", True),
        ("allow httpd_t login_t:process ptrace;", "neverallow * self:process ptrace;", False),
        ("allow apache_t httpd_t:process ptrace;", "neverallow * self:process ptrace;", False),
        ("allow httpd_t sysadm_t:process transition;", "neverallow ~unconfined unconfined:process *;", True),
        ("allow sysadm_t httpd_t:process transition;", "neverallow ~unconfined unconfined:process *;", False),
        ("allow httpd_t content_t:file entrypoint;", "neverallow * ~exec_type:file entrypoint;", True),
        ("allow httpd_t tool_exec_t:file entrypoint;", "neverallow * ~exec_type:file entrypoint;", False),
        ("allowxperm httpd_t shadow_t:file ioctl 0x5401;", "neverallow * shadow_t:file ioctl;", True),
    ],
)
def test_a_rule_is_what_it_allows(statement: str, neverallow: str, met: bool) -> None:
    assert is_met(allowing(statement), neverallow) is met


@pytest.mark.parametrize(
    ("fix", "neverallow", "met"),
    [
        (
            Interface(name="x", arguments=("httpd_t",), excess=(Access("httpd_t", "shadow_t", "file", "read"),)),
            SHADOW,
            True,
        ),
        (
            Interface(name="x", arguments=("httpd_t",), excess=(Access("httpd_t", "file_type", "file", "read"),)),
            SHADOW,
            True,
        ),
        (Interface(name="x", arguments=("httpd_t",)), SHADOW, False),
        (Interface(name="x", arguments=("httpd_t",)), "neverallow * content_t:file read;", True),
        (Boolean(name="web_all", value=True, excess=1), SHADOW, True),
        (Boolean(name="web_all", value=False, excess=1), SHADOW, False),
        (Boolean(name="harmless", value=True, excess=1), SHADOW, False),
        (Boolean(name="gone", value=True, excess=1), "neverallow * content_t:file read;", True),
        (Boolean(name="trace", value=True, excess=1), "neverallow * self:process ptrace;", True),
        (Boolean(name="trace", value=True, excess=1), "neverallow login_t self:process ptrace;", False),
        (FileContext(pattern="/x", kind=FileKind.FILE, type="shadow_t"), SHADOW, True),
        (FileContext(pattern="/x", kind=FileKind.FILE, type="content_t"), SHADOW, False),
        (FileContext(pattern="/x", kind=FileKind.FILE, type="tool_exec_t"), TO_PROGRAMS, True),
        (FileContext(pattern="/x", kind=FileKind.FILE, type="content_t"), TO_PROGRAMS, False),
        (RestoreLabel(path="/etc/shadow", current="content_t", wanted="shadow_t"), SHADOW, False),
    ],
)
def test_every_other_fix_is_what_it_lets_happen(fix: object, neverallow: str, met: bool) -> None:
    assert is_met(fix, neverallow) is met


def test_a_port_is_bound_or_connected_to_by_its_new_label() -> None:
    fix = PortLabel(protocol="tcp", low=8001, high=8001, type="secret_port_t")
    for permission, met in (("name_bind", True), ("name_connect", False)):
        text = f"httpd_t unreserved_port_t:tcp_socket {permission}"
        assert is_met(fix, "neverallow * secret_port_t:tcp_socket name_bind;", text=text) is met


def test_the_first_in_the_files_order_is_told_with_its_reason() -> None:
    rails = [guardrail("neverallow * x_t:file read;", "other"), guardrail(SHADOW, "one"), guardrail(SHADOW, "two")]
    found = guard(verdict(allowing("allow httpd_t shadow_t:file read;")), POLICY, rails)
    assert found.guarded == Guarded(guardrail="one", reason="Because of one.")
    assert found.statement == "allow httpd_t shadow_t:file read;"


def test_alternatives_that_meet_one_are_taken_away_and_kept_aside() -> None:
    good, bad = Boolean(name="harmless", value=True, excess=1), Boolean(name="web_all", value=True, excess=1)
    given = verdict(allowing("allow httpd_t content_t:file read;"), alternatives=(bad, good))
    found = guard(given, POLICY, [guardrail(SHADOW)])
    assert (found.guarded, found.alternatives, found.withheld) == (None, (good,), (bad,))
    assert guard(found, POLICY, [guardrail(SHADOW)]) == found


def test_a_verdict_without_a_fix_and_no_guardrails_change_nothing() -> None:
    for each, rails in ((verdict(None), [guardrail(SHADOW)]), (verdict(allowing("allow a_t b_t:file read;")), [])):
        assert guard(each, POLICY, rails) == each


OWN = "allow shop_t shop_data_t:file { read entrypoint relabelto };"


@pytest.mark.parametrize("policy", [None, POLICY])
def test_of_a_source_that_is_not_known_the_worst_is_taken(policy: FakeBasePolicy | None) -> None:
    assert is_met(allowing("allow shop_t shadow_t:file read;"), SHADOW, policy)
    assert is_met(allowing("allow shop_t shadow_t:file read;"), "neverallow daemon shadow_t:file read;", policy)
    assert not is_met(allowing("allow shop_t shadow_t:file read;"), "neverallow httpd_t shadow_t:file read;", policy)


@pytest.mark.parametrize("policy", [None, POLICY])
def test_a_target_whose_attributes_are_not_known_is_said(policy: FakeBasePolicy | None) -> None:
    rails = [
        guardrail("neverallow * ~exec_type:file entrypoint;", "entry"),
        guardrail("neverallow * exec_type:file relabelto;", "relabelling"),
        guardrail("neverallow * shadow_t:file read;", "passwords"),
        guardrail("neverallow * exec_type:dir relabelto;", "directories"),
    ]
    found = guard(verdict(allowing(OWN), unchecked="no base policy"), policy, rails)
    assert found.guarded is None
    assert found.unchecked == (
        "no base policy; which attributes shop_data_t has, so whether the guardrail entry, relabelling is met"
    )


def test_where_one_is_met_anyhow_doubts_about_others_are_not_told() -> None:
    rails = [guardrail("neverallow * exec_type:file relabelto;"), guardrail("neverallow * shop_data_t:file read;")]
    found = guard(verdict(allowing(OWN)), None, rails)
    assert found.guarded
    assert found.unchecked == ""


words = st.sampled_from(["httpd_t", "login_t", "shadow_t", "content_t", "tool_exec_t", "new_t"])
statements = st.builds(
    lambda source, target, permissions: Allow(rule=Rule.of(source, target, "file", permissions)),
    words,
    words,
    st.lists(st.sampled_from(["read", "write", "execute"]), min_size=1),
)


@given(statements, statements)
def test_a_wider_rule_meets_all_that_a_narrower_one_does(one: Allow, other: Allow) -> None:
    wider = Allow(
        rule=Rule.of(one.rule.source, one.rule.target, "file", (*one.rule.permissions, *other.rule.permissions))
    )
    for policy in (None, POLICY):
        assert not is_met(one, SHADOW, policy) or is_met(wider, SHADOW, policy)


def test_a_label_is_an_effect_on_the_new_type_alone() -> None:
    fix = FileContext(pattern="/x", kind=FileKind.FILE, type="shadow_t")
    denials = [denied("httpd_t content_t:file read"), denied("httpd_t content_t:dir search")]
    assert [rule.statement() for rule in effect(fix, denials, POLICY)] == [
        "allow httpd_t shadow_t:dir { relabelto search };",
        "allow httpd_t shadow_t:file { read relabelto };",
    ]
