"""A rule prints as one statement and is read back as itself; sets of rules have an algebra."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.model.rule import Rule, RuleSet

names = st.from_regex(r"[a-z_][a-z0-9_.]{0,12}", fullmatch=True)
vectors = st.builds(Rule.of, names, names, names, st.lists(names, min_size=1, max_size=4))
ioctls = st.builds(
    Rule.of, names, names, names, st.just(["ioctl"]), st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=4)
)
rules = vectors | ioctls
sets = st.lists(rules, max_size=6).map(RuleSet.of)


@given(rules)
def test_a_printed_statement_is_read_as_the_same_rule(rule: Rule) -> None:
    again = Rule.read(rule.statement())
    assert again is not None
    assert again.statement() == rule.statement()
    assert again == rule


@given(sets, sets, sets)
def test_union_is_idempotent_commutative_and_associative(one: RuleSet, two: RuleSet, three: RuleSet) -> None:
    assert one | one == one
    assert one | two == two | one
    assert (one | two) | three == one | (two | three)


def test_a_domain_on_itself_is_self_and_white_space_does_not_matter() -> None:
    rule = Rule.of("httpd_t", "httpd_t", "process", ["execmem"])
    assert rule.statement() == "allow httpd_t self:process execmem;"
    assert Rule.read("allow  httpd_t self:process {execmem} ;") == rule


@pytest.mark.parametrize(
    "text",
    [
        "allow httpd_t self:process execmem",
        "allow { httpd_t init_t } self:process execmem;",
        "allow httpd_t ~init_t:file read;",
        "neverallow httpd_t init_t:file read;",
        "allow httpd_t init_t:file *;",
        "allow httpd_t init_t:file read; allow a b:c d;",
        "",
    ],
)
def test_anything_else_is_no_rule(text: str) -> None:
    assert Rule.read(text) is None
